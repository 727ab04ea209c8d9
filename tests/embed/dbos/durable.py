"""atsync's component in DBOS: a pass is a workflow, and each of its effects is a step of it.

DBOS journals what each step came to. After a crash it calls the workflow again, in another
process: the steps that are journaled give their recorded answers, in the groups in which they
were given, so a fresh instance makes the same turns; the first step that is not journaled is
carried out, and the pass goes on from there. What the effects are is the matter of the host in
../python.

Only a pass that may change something is worth that. A dry run is simply run again.
"""

import json
import sqlite3
import uuid

from dbos import DBOS, DBOSConfiguredInstance, SQLAlchemyDatasource
from wasmtime import Trap, WasmtimeError
from wasmtime.component import Variant

import embed  # noqa: F401
from binding import Fault, failed, record
from host import WAIT_MS_MAX, Host, now
from ledger import Ledger

QUEUE = "passes"
ACTIVE = ["PENDING", "ENQUEUED", "DELAYED"]
# After a pass that gave no time for the next one.
RETRY_MS = 60_000


class Broken(Exception):
    """A pass that trapped or broke the contract; the ledger is as its last commit left it."""


def launch(folder, version):
    """Starts DBOS on `folder`; passes that a crash cut off go on at once.

    Call it once, after the connections are made. `version` tells components apart: a pass is
    carried on by the bytes that began it, and dropped where there are others now.
    """
    journal = f"{folder}/journal.db"
    # So that a step waits for the disk once.
    sqlite3.connect(journal).execute("PRAGMA journal_mode = WAL")
    DBOS(config={
        "name": "atsync", "system_database_url": f"sqlite:///{journal}",
        "application_version": version, "log_level": "ERROR",
    })
    DBOS.launch()
    begun = DBOS.list_workflows(status="PENDING", load_input=False)
    DBOS.cancel_workflows([one.workflow_id for one in begun if one.app_version != version])
    # One pass of a connection at a time, whichever process runs it.
    DBOS.register_queue(QUEUE, partition_concurrency=1, polling_interval_sec=0.1)


class BoundLedger(Ledger):
    """The ledger within a transaction that somebody else began."""

    def __init__(self, database):
        self._database = database


@DBOS.dbos_class()
class Connection(DBOSConfiguredInstance):
    """A connection whose passes outlive the process."""

    def __init__(self, connector, name, settings, services, folder, observe=lambda _: None):
        """As of a `Host`, with the ledger in `folder`. `observe` is called with each effect that is over."""
        super().__init__(name)
        ledger = f"{folder}/ledger.db"
        self.host = Host(connector, name, settings, services, ledger)
        self._connector, self._name, self._settings = connector, name, json.dumps(settings)
        self._source = SQLAlchemyDatasource.create(f"sqlite:///{ledger}")
        self._observe = observe

    def run(self, mode, hints=()):
        """Runs one pass. Gives its outcome, or raises the `Fault` or `Broken` it ended with."""
        if mode.tag not in ("sync", "act"):
            return self.host.run(mode, hints)
        return outcome(self.begin(mode, hints).get_result(polling_interval_sec=0.05))

    def begin(self, mode, hints=(), follow=False, after_ms=0):
        """Puts a pass into the queue, where it survives everything; gives DBOS's handle.

        With `follow`, the pass leaves the next sync there, and so on.
        """
        options = {
            "queue_name": QUEUE, "queue_partition_key": self._name,
            "workflow_name": Connection.durable_pass.__qualname__,
            "class_name": Connection.__qualname__, "instance_name": self._name,
        }
        delay = {"delay_seconds": after_ms / 1000} if after_ms > 0 else {}
        return DBOS.enqueue_workflow_with_options(options | delay, mode, list(hints), follow)

    def active(self):
        """The passes that run or wait, the oldest first, as DBOS's handles."""
        found = DBOS.list_workflows(status=ACTIVE, queue_name=QUEUE, load_input=False)
        return [DBOS.retrieve_workflow(one.workflow_id) for one in found if one.config_name == self._name]

    @DBOS.workflow()
    def durable_pass(self, mode, hints, follow):
        """A pass; all that it does not compute from recorded answers is a step."""
        execution = uuid.uuid4().hex
        job = DBOS.run_step({"name": "job"}, self._job, mode, hints)
        try:
            result = self._turns(job, execution)
        except (Broken, Trap, WasmtimeError) as error:
            result = Variant("broken", str(error))
        if follow and not (result.tag == "err" and result.payload.tag.startswith("permanent")):
            next_run = result.payload.next_run if result.tag == "ok" else now() + RETRY_MS
            self.begin(Variant("sync"), follow=True, after_ms=next_run - now())
        return result

    def _job(self, mode, hints):
        return record(connection=self._name, settings=self._settings, mode=mode, hints=hints, now=now())

    def _turns(self, job, execution):
        """The loop of the contract. The answers to one turn are one group, now and in a replay."""
        call, at = self._connector.instance(), job.now
        result = call("reconcile.start", job)
        while result.tag == "ok" and result.payload.tag == "waiting":
            requests = result.payload.payload.requests
            if not requests or len({request.id for request in requests}) < len(requests):
                raise Broken("The component waits for nothing, or gave one id to two requests.")
            group = []
            for request in requests:
                answered, answer = self._step(request.effect, at, execution)
                at = max(at, answered)
                group.append(record(id=request.id, at=at, answer=answer))
            result = call("reconcile.resume", group)
        return Variant("ok", result.payload.payload) if result.tag == "ok" else result

    def _step(self, effect, at, execution):
        """One effect as a step: when it was answered, and the answer."""
        name, what = {"name": effect.tag}, effect.payload
        if effect.tag == "commit":
            # Its journal stands in the ledger's own file: both are written, or neither.
            done = self._source.run_tx_step(name, self._answer_within, effect)
        elif effect.tag == "http" and what.changes:
            # What another execution began may have been carried out. Finding that out is the
            # component's part; sending it again is not for the engine to decide.
            begun = DBOS.run_step({"name": "begin"}, lambda: execution)
            done = DBOS.run_step(name, self._answer if begun == execution else self._lost, effect)
        else:
            if effect.tag == "wait-until" and 0 < what - at <= WAIT_MS_MAX:
                DBOS.sleep((what - at) / 1000)
            done = DBOS.run_step(name, self._answer, effect)
        self._observe(effect)
        return done

    def _answer(self, effect):
        answer = self.host.perform(effect, self.host.ledger)
        return now(), answer

    def _answer_within(self, effect):
        database = self._source.sql_session().connection().connection.driver_connection
        answer = self.host.perform(effect, BoundLedger(database))
        return now(), answer

    def _lost(self, _):
        return now(), failed("unreachable", "the process ended before it wrote the answer down")


def outcome(result):
    """What a workflow gave: its outcome, or what it ended with raised."""
    if result.tag == "broken":
        raise Broken(result.payload)
    if result.tag == "err":
        raise Fault(result.payload)
    return result.payload
