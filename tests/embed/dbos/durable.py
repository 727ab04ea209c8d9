"""atsync's component in DBOS: a pass is a workflow, and each of its effects is a step of it.

DBOS journals what each step came to. After a crash it calls the workflow again, in another
process: the steps that are journaled give their recorded completions, in the groups in which
they came, so a fresh instance makes the same turns; the first step that is not journaled is
carried out, and the pass goes on from there.

Only a pass that may change something is worth that. A dry run is simply run again.
"""

import json
import uuid

from dbos import DBOS, DBOSConfiguredInstance, SQLAlchemyDatasource
from wasmtime import Trap, WasmtimeError
from wasmtime.component import Variant

import embed  # noqa: F401
import ledger
from exchange import failed, record
from host import WAIT_MS_MAX, Fault, now

QUEUE = "passes"
WAITING = ["PENDING", "ENQUEUED", "DELAYED"]
RETRY_MS = 60_000
"""After a pass that gave no time for the next one."""


class Broken(Exception):
    """A pass that trapped, or broke the contract; the ledger is as its last commit left it."""


def launch(folder, version):
    """Starts DBOS on `folder`; passes that a crash cut off go on at once.

    Call it once, after the connections are made. `version` tells components apart: a pass is
    carried on by the bytes that began it. One that others began is dropped.
    """
    ledger.prepare(f"{folder}/journal.db")
    config = {"name": "atsync", "system_database_url": f"sqlite:///{folder}/journal.db"}
    DBOS(config={**config, "application_version": version, "log_level": "ERROR"})
    DBOS.launch()
    begun = DBOS.list_workflows(status="PENDING", load_input=False)
    DBOS.cancel_workflows([one.workflow_id for one in begun if one.app_version != version])
    # One pass of a connection at a time, whichever process runs it.
    DBOS.register_queue(QUEUE, partition_concurrency=1, polling_interval_sec=0.1)


@DBOS.dbos_class()
class Connection(DBOSConfiguredInstance):
    """A connection whose passes outlive the process."""

    def __init__(self, connector, host, folder, name, settings, observe=lambda _: None):
        """`host` carries out what is no matter of the ledger. `observe` is called after each step."""
        super().__init__(name)
        self._connector, self._host, self._observe = connector, host, observe
        self._name, self._settings = name, json.dumps(settings)
        self._file = f"{folder}/ledger.db"
        ledger.prepare(self._file, ledger.TABLE)
        self._source = SQLAlchemyDatasource.create(f"sqlite:///{self._file}")

    def run(self, mode, hints=()):
        """Runs one pass. Gives its outcome, or raises the `Fault` or `Broken` it ended with."""
        if mode.tag in ("sync", "act"):
            return told(self.begin(mode, hints).get_result(polling_interval_sec=0.05))
        sql = ledger.scratch(self._file)
        return told(self._drive(self._job(mode, hints), lambda effect, _: self._dry(sql, effect)))

    def begin(self, mode, hints=(), follow=False, after_ms=0):
        """Puts a pass into the queue, where it survives everything; gives DBOS's handle.

        With `follow`, it leaves the next sync there when it ends, and so on.
        """
        options = {
            "queue_name": QUEUE, "queue_partition_key": self._name,
            "workflow_name": Connection.workflow.__qualname__,
            "class_name": Connection.__qualname__, "instance_name": self._name,
        }
        delay = {"delay_seconds": after_ms / 1000} if after_ms > 0 else {}
        return DBOS.enqueue_workflow_with_options(options | delay, mode, list(hints), follow)

    def waiting(self):
        """The passes that run or wait, the oldest first, as DBOS's handles."""
        found = DBOS.list_workflows(status=WAITING, queue_name=QUEUE, load_input=False)
        return [DBOS.retrieve_workflow(one.workflow_id) for one in found if one.config_name == self._name]

    @DBOS.workflow()
    def workflow(self, mode, hints, follow):
        """A pass. All that it does not compute from journaled answers is a step."""
        execution = uuid.uuid4().hex
        job = DBOS.run_step({"name": "job"}, self._job, mode, hints)
        try:
            result = self._drive(job, lambda *effect: self._step(execution, *effect))
        except (Broken, Trap, WasmtimeError) as error:
            result = Variant("broken", str(error))
        if follow and not lasting(result):
            next_run = getattr(result.payload, "next-run", now() + RETRY_MS)
            self.begin(Variant("sync"), follow=True, after_ms=next_run - now())
        return result

    def _job(self, mode, hints):
        return record(connection=self._name, settings=self._settings, mode=mode, hints=list(hints), now=now())

    def _drive(self, job, perform):
        """The loop of the contract: turns, and the completions of each turn as one group."""
        call, latest = self._connector.instance(), job.now
        result = call("reconcile.start", job)
        while result.tag == "ok" and result.payload.tag == "waiting":
            requests = result.payload.payload.requests
            if not requests or len({request.id for request in requests}) < len(requests):
                raise Broken("The component waits for nothing, or gave one id to two requests.")
            group = []
            for request in requests:
                at, answer = perform(request.effect, latest)
                latest = max(latest, at)
                group.append(record(id=request.id, at=latest, answer=answer))
            result = call("reconcile.resume", group)
        return Variant("ok", result.payload.payload) if result.tag == "ok" else result

    def _step(self, execution, effect, latest):
        """One effect, journaled: when it was answered, and the answer."""
        name, what = {"name": effect.tag}, effect.payload
        if effect.tag in ledger.EFFECTS:
            # Its journal stands in the ledger's own file: both are written, or neither.
            done = self._source.run_tx_step(name, self._stored, effect)
        elif effect.tag == "http" and what.changes:
            # What another execution began may have been carried out. Finding that out is the
            # component's part; sending it again is not for the engine to decide.
            begun = DBOS.run_step({"name": "begin"}, lambda: execution)
            done = DBOS.run_step(name, self._sent if begun == execution else self._lost, effect)
        else:
            if effect.tag == "wait-until" and 0 < what - latest <= WAIT_MS_MAX:
                DBOS.sleep((what - latest) / 1000)
            done = DBOS.run_step(name, self._sent, effect)
        self._observe(effect)
        return done

    def _stored(self, effect):
        sql = self._source.sql_session().connection().connection.driver_connection
        return now(), ledger.answer(sql, self._name, effect)

    def _sent(self, effect, may_change=True):
        answer = self._host._perform(effect, None, may_change)
        return now(), answer

    def _lost(self, _):
        return now(), failed("unreachable", "the process ended before it wrote the answer down")

    def _dry(self, sql, effect):
        if effect.tag in ledger.EFFECTS:
            return now(), ledger.answer(sql, self._name, effect)
        return self._sent(effect, may_change=False)


def told(result):
    """The outcome in what a workflow gave, or what it ended with raised."""
    if result.tag == "broken":
        raise Broken(result.payload)
    if result.tag == "err":
        raise Fault(result.payload)
    return result.payload


def lasting(result):
    """Whether it is a fault that lasts until somebody changes something."""
    return result.tag == "err" and result.payload.tag.startswith("permanent")
