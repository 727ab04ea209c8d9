"""A host behind its adapter, as a case sees it: passes of the probe, one at a time."""

import json
import os
import signal
import subprocess
import tempfile
import time

from services import Services

# Longer than any pass of a case; a host that takes it hangs.
PASS_S_MAX = 90


class Red(Exception):
    """The host does not honour what the case is about."""


def same(got, wanted, what="the answer"):
    if got != wanted:
        raise Red(f"{what} is {shown(got)} and not {shown(wanted)}")


def shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"


class Host:
    """An embedding: its folder, and what `kit.json` says of it."""

    def __init__(self, folder, component):
        self.folder, self.component = folder, component
        self.about = json.loads((folder / "kit.json").read_text())
        self.name, self.journals = self.about["name"], self.about["journals"]

    def start(self, task):
        """Its adapter with a task, as a process group of its own."""
        adapter = subprocess.Popen(
            ["./adapter"], cwd=self.folder, start_new_session=True, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        adapter.stdin.write(json.dumps(task))
        adapter.stdin.close()
        adapter.stdin = None
        return adapter


class Kit:
    """What one case has of one host: services, a state folder, and passes over both."""

    def __init__(self, host):
        self.host, self.services = host, Services()
        self._folder = tempfile.TemporaryDirectory(prefix="atsync-kit-", ignore_cleanup_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.services.close()
        self._folder.cleanup()

    def ask(self, *effects, **task):
        """The answers to effects that are asked for in one turn."""
        return self.turns({"ask": effects}, **task).answers

    def turns(self, *turns, end=None, **task):
        """A pass over these turns."""
        script = {"turns": turns} | ({"end": end} if end else {})
        return self.run(script, **task)

    def run(self, script, **task):
        return self._told(*self._finished(self.host.start(self._task(script, **task))))

    def killed(self, event, *turns, after_s=0, **task):
        """A pass that is killed as soon as `event` has happened, or so much later."""
        adapter = self.host.start(self._task({"turns": turns}, **task))
        try:
            begun = time.monotonic()
            while not event.wait(0.05):
                if adapter.poll() is not None or time.monotonic() - begun > PASS_S_MAX:
                    raise Red("the pass did not come to the place where it is killed")
            # Nothing is waited for: the moment itself is what differs from round to round.
            self.services.closed.wait(after_s)
        finally:
            _kill(adapter)
            adapter.communicate()

    def _task(self, script, mode="sync", hints=(), resume=False, services=None, settings=None):
        task = {
            "component": str(self.host.component), "state": self._folder.name, "connection": "kit",
            "settings": settings or {"script": json.dumps(script)},
            "services": services or self.services.given(),
            "mode": {"tag": mode} if isinstance(mode, str) else mode, "hints": list(hints),
        }
        return task | ({"resume": True} if resume else {})

    def _finished(self, adapter):
        try:
            out, err = adapter.communicate(timeout=PASS_S_MAX)
        except subprocess.TimeoutExpired:
            _kill(adapter)
            _, err = adapter.communicate()
            raise Red(f"no end after {PASS_S_MAX} s; {err[-300:]}") from None
        if adapter.returncode or not out.strip():
            raise Red(f"the adapter failed with exit code {adapter.returncode}: {(err or out)[-600:].strip()}")
        return out, err

    def _told(self, out, err):
        for secret in self.services.secrets():
            if secret in out or secret in err:
                raise Red("a secret is shown")
        if self.services.stray:
            raise Red(f"it went where nobody may go: {self.services.stray[0]}")
        return Told(json.loads(out.strip().splitlines()[-1]))


class Told:
    """What an adapter told of one pass."""

    def __init__(self, told):
        self.told = told

    @property
    def outcome(self):
        if "outcome" not in self.told:
            raise Red(f"the pass has no outcome: {shown(self.told)}")
        return self.told["outcome"]

    @property
    def fault(self):
        if "fault" not in self.told:
            raise Red(f"the pass ended without a fault: {shown(self.told)}")
        return self.told["fault"]

    @property
    def broken(self):
        if "broken" not in self.told:
            raise Red(f"the host did not end the pass: {shown(self.told)}")
        return self.told["broken"]

    @property
    def job(self):
        return self.outcome["report"]["data"]["job"]

    @property
    def completions(self):
        """In the order in which they were given."""
        return self.outcome["report"]["data"]["completions"]

    @property
    def answers(self):
        """In the order in which they were asked for."""
        return [completion["answer"] for completion in sorted(self.completions, key=lambda one: one["id"])]


def _kill(adapter):
    """Ends an adapter of ours and all that it started."""
    try:
        os.killpg(adapter.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
