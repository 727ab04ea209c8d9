"""A small host for atsync's component: a pass from its job to its outcome.

Blocking and one effect at a time, which the contract allows. What each effect asks of a host
stands in wit/README.md; ../node is the same with effects side by side.
"""

import json
import sqlite3
import time
import urllib.parse

import httpx
from wasmtime.component import Variant

from binding import failed, record, taken
from exchange import Failed, Service, read_lines
from ledger import Ledger

WAIT_MS_MAX = 60_000


def now():
    return time.time_ns() // 1_000_000


class Host:
    """One connection: its settings, its services with their secrets, and its ledger."""

    def __init__(self, connector, name, settings, services, ledger=":memory:"):
        """`services` holds `url`, maybe `token_url`, and secrets by the manifest's service names;
        `ledger` is a file."""
        self._connector, self._name, self._settings = connector, name, json.dumps(settings)
        self.description = connector.instance()("manifest.describe")
        self._services = {s.name: Service(s, services.get(s.name, {})) for s in self.description.services}
        self.ledger = Ledger(ledger)

    def run(self, mode, hints=()):
        """Runs one pass: `Variant("sync")`, `Variant("ask", record(name=…, arguments=…))` and so on.

        Gives its outcome, or raises the `Fault` it ended with. One pass at a time.
        """
        may_change = mode.tag in ("sync", "act")
        if not may_change:
            self.ledger.begin()
        try:
            return self._turns(mode, hints, may_change)
        finally:
            if not may_change:
                self.ledger.drop()

    def _turns(self, mode, hints, may_change):
        call, at = self._connector.instance(), now()
        job = record(connection=self._name, settings=self._settings, mode=mode, hints=list(hints), now=at)
        turn = taken(call("reconcile.start", job))
        while turn.tag == "waiting":
            requests = turn.payload.requests
            if not requests or len({request.id for request in requests}) < len(requests):
                raise RuntimeError("The component waits for nothing, or gave one id to two requests.")
            completions = []
            for request in requests:
                answer = self.perform(request.effect, may_change)
                at = max(at, now())
                completions.append(record(id=request.id, at=at, answer=answer))
            turn = taken(call("reconcile.resume", completions))
        return turn.payload

    def perform(self, effect, may_change):
        """The answer to one effect, which may be why there is none."""
        try:
            return self._perform(effect.tag, effect.payload, may_change)
        except Failed as error:
            return failed(*error.args)
        except httpx.TimeoutException:
            return failed("timed-out")
        except (httpx.HTTPError, sqlite3.Error) as error:
            return failed("unreachable", str(error))

    def _perform(self, tag, what, may_change):
        match tag:
            case "http" if what.service not in self._services:
                raise Failed("refused", f'there is no service "{what.service}"')
            case "http" if what.changes and not may_change:
                raise Failed("refused", "this pass changes nothing")
            case "http":
                return self._services[what.service].exchange(what)
            case "read-lines" if not self._may_download(what.url):
                raise Failed("refused", "a download from a host that nobody named")
            case "read-lines":
                return read_lines(what)
            case "load":
                return Variant("loaded", self.ledger.load(what))
            case "scan":
                return Variant("scanned", self.ledger.scan(what))
            case "commit":
                return Variant("committed", self.ledger.commit(what))
            case "wait-until" if what - now() > WAIT_MS_MAX:
                raise Failed("refused", f"a wait of more than {WAIT_MS_MAX} ms")
            case "wait-until":
                while now() < what:
                    time.sleep((what - now()) / 1000)
                return Variant("woke")

    def _may_download(self, url):
        """From the services' own hosts, and from those that the manifest names."""
        there = urllib.parse.urlsplit(url)
        own = any(urllib.parse.urlsplit(service.url)[:2] == there[:2] for service in self._services.values())
        names = {there.hostname, "*." + str(there.hostname).partition(".")[2]}
        return own or (there.scheme == "https" and not names.isdisjoint(self.description.download_hosts))
