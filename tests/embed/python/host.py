"""A small host for atsync's component: a pass from its job to its outcome.

Blocking and one effect at a time, which the contract allows. What each effect asks of a host
stands in wit/README.md; ../node is the same with effects side by side.
"""

import json
import sqlite3
import time

import httpx
from wasmtime.component import Variant

from binding import Fault, failed, record
from exchange import Failed, Service, allow, read_lines
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
        call, at = self._connector.instance(), now()
        # A dry run works on a copy of the ledger, which is dropped with it.
        ledger = self.ledger if mode.tag in ("sync", "act") else self.ledger.copy()
        job = record(connection=self._name, settings=self._settings, mode=mode, hints=list(hints), now=at)
        result = call("reconcile.start", job)
        while result.tag == "ok" and result.payload.tag == "waiting":
            requests = result.payload.payload.requests
            if not requests or len({request.id for request in requests}) < len(requests):
                raise RuntimeError("The component waits for nothing, or gave one id to two requests.")
            completions = []
            for request in requests:
                answer = self.perform(request.effect, ledger)
                at = max(at, now())
                completions.append(record(id=request.id, at=at, answer=answer))
            result = call("reconcile.resume", completions)
        if result.tag == "err":
            raise Fault(result.payload)
        return result.payload.payload

    def perform(self, effect, ledger):
        """The answer to one effect, which may be why there is none."""
        try:
            return self._perform(effect.tag, effect.payload, ledger)
        except Failed as why:
            return failed(*why.args)
        except httpx.TimeoutException:
            return failed("timed-out")
        except UnicodeDecodeError:
            return failed("refused", "the file is not UTF-8")
        except (httpx.HTTPError, httpx.InvalidURL, sqlite3.Error) as error:
            return failed("unreachable", str(error))

    def _perform(self, tag, what, ledger):
        match tag:
            case "http":
                allow(what.service in self._services, f'there is no service "{what.service}"')
                allow(ledger is self.ledger or not what.changes, "this pass changes nothing")
                return self._services[what.service].exchange(what)
            case "read-lines":
                allow(self._may_download(httpx.URL(what.url)), "a download from a host that nobody named")
                return read_lines(what.url, what.offset, what.max_bytes)
            case "load": return Variant("loaded", ledger.load(what))
            case "scan": return Variant("scanned", ledger.scan(what.prefix, what.after or "", what.limit))
            case "commit": return Variant("committed", ledger.commit(what))
            case "wait-until":
                allow(what - now() <= WAIT_MS_MAX, f"a wait of more than {WAIT_MS_MAX} ms")
                while now() < what:
                    time.sleep((what - now()) / 1000)
                return Variant("woke")

    def _may_download(self, url):
        """From the services' own hosts, and from those that the manifest names."""
        own = any((url.scheme, url.netloc) == (one.url.scheme, one.url.netloc) for one in self._services.values())
        names = {url.host, "*." + url.host.partition(".")[2]}
        return own or (url.scheme == "https" and not names.isdisjoint(self.description.download_hosts))
