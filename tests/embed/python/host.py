"""A small host for atsync's component: a pass from its job to its outcome.

Blocking and one effect at a time, which the contract allows. What each effect asks of a host
stands in wit/README.md; ../node is the same with effects side by side.

The binding hands records out as objects whose attributes keep their dashes (`next-run`). Every
variant that a pass meets comes and goes as a `Variant` with `tag` and `payload`; one whose cases
have different types, such as the result of `policy.availability`, comes as the bare value.
"""

import json
import time

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Variant

from exchange import Service, failed, read_lines, record

WAIT_MS_MAX = 60_000


def now():
    return time.time_ns() // 1_000_000


class Fault(Exception):
    """Why a pass ended without an outcome."""

    def __init__(self, fault):
        super().__init__(f"{fault.payload.message} {fault.payload.fix}")
        self.kind, self.code = fault.tag, fault.payload.code


class Connector:
    """The component, compiled once; each instance drives one pass."""

    def __init__(self, path):
        self._engine = Engine()
        self._component = Component.from_file(self._engine, path)

    def instance(self):
        """The exported functions of a fresh instance, by `interface.function`."""
        store = Store(self._engine)
        instance = Linker(self._engine).instantiate(store, self._component)

        def call(name, *arguments):
            interface, function = name.split(".")
            at = instance.get_export_index(store, f"atsync:connector/{interface}@1.0.0")
            return instance.get_func(store, instance.get_export_index(store, function, at))(store, *arguments)

        return call


class Host:
    """One connection: its settings, its services with their secrets, and its ledger."""

    def __init__(self, connector, name, settings, services):
        """`services` holds `url`, maybe `token_url`, and secrets by the manifest's service names."""
        self._connector, self._name, self._settings = connector, name, settings
        self.description = connector.instance()("manifest.describe")
        self._services = {s.name: Service(s, services.get(s.name, {})) for s in self.description.services}
        self.ledger = {}

    def run(self, mode, hints=()):
        """Runs one pass: `Variant("sync")`, `Variant("ask", record(name=…, arguments=…))` and so on.

        Gives its outcome, or raises the `Fault` it ended with. One pass at a time.
        """
        call = self._connector.instance()
        may_change = mode.tag in ("sync", "act")
        # A dry run works on a copy of the ledger, which is dropped with it.
        ledger = self.ledger if may_change else dict(self.ledger)
        latest, settings = now(), json.dumps(self._settings)
        job = record(connection=self._name, settings=settings, mode=mode, hints=list(hints), now=latest)
        turn = taken(call("reconcile.start", job))
        while turn.tag == "waiting":
            completions = []
            for request in turn.payload.requests:
                answer = self._perform(request.effect, ledger, may_change)
                latest = max(latest, now())
                completions.append(record(id=request.id, at=latest, answer=answer))
            turn = taken(call("reconcile.resume", completions))
        return turn.payload

    def _perform(self, effect, ledger, may_change):
        what = effect.payload
        match effect.tag:
            case "http":
                return self._http(what, may_change)
            case "read-lines" if not any(service.owns(what.url) for service in self._services.values()):
                # A host for real shops also takes those that the manifest names.
                return failed("refused", "a download from a host that is no service's")
            case "read-lines":
                return read_lines(what.url, what.offset, getattr(what, "max-bytes"))
            case "load":
                return Variant("loaded", [ledger.get(key) for key in what])
            case "scan":
                return Variant("scanned", scan(ledger, what))
            case "commit":
                for write in what:
                    if write.value is None:
                        ledger.pop(write.key, None)
                    else:
                        ledger[write.key] = write.value
                return Variant("committed")
            case "wait-until":
                return wait_until(what)
            case _:
                return failed("unsupported")

    def _http(self, request, may_change):
        service = self._services.get(request.service)
        if service is None:
            return failed("refused", f'there is no service "{request.service}"')
        if not may_change and (request.changes or request.method in ("put", "patch", "delete")):
            return failed("refused", "this pass changes nothing")
        return service.exchange(request)


def taken(result):
    """The turn in a result, or its fault raised."""
    if result.tag == "err":
        raise Fault(result.payload)
    return result.payload


def scan(ledger, what):
    """A page of keys in byte order."""
    keys = sorted((key for key in ledger if key.startswith(what.prefix)), key=str.encode)
    if what.after is not None:
        keys = [key for key in keys if key.encode() > what.after.encode()]
    return [record(key=key, value=ledger[key]) for key in keys[: what.limit]]


def wait_until(at):
    """Answered when the time has come, never early."""
    if at - now() > WAIT_MS_MAX:
        return failed("refused", f"a wait of more than {WAIT_MS_MAX} ms")
    while now() < at:
        time.sleep((at - now()) / 1000)
    return Variant("woke")
