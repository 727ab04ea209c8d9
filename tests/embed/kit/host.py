"""A host behind its adapter, as a case sees it: passes of the probe, one at a time."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time

from services import Services

# Longer than any pass of a case; a host that takes it hangs.
PASS_S_MAX = 90
# How long an adapter may take to end when there are no more tasks.
END_S_MAX = 20


class Red(Exception):
    """The host does not honour what the case is about."""


def same(got, wanted, what="the answer"):
    if got != wanted:
        raise Red(f"{what} is {shown(got)} and not {shown(wanted)}")


def shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"


class Host:
    """An embedding: its folder, what `kit.json` says of it, and the processes of its adapter."""

    def __init__(self, folder, component):
        self.folder, self.component = folder, component
        self.about = json.loads((folder / "kit.json").read_text())
        self.name, self.journals = self.about["name"], self.about["journals"]
        self._waiting = []

    def answer(self, task):
        """The answer to a task, and what was written to standard error meanwhile."""
        return self._meet(lambda adapter: adapter.answer(task))

    def kill(self, task, event, after_s):
        """Kills a process with this task as soon as `event` has happened, or so much later."""
        self._meet(lambda adapter: adapter.kill_at(task, event, after_s))

    def _meet(self, act):
        """What `act` gives with a process that waits for a task, or else with a new one."""
        # Where a process serves one task and ends, the one that waits may be gone.
        with contextlib.suppress(IndexError, Ended):
            return self._use(self._waiting.pop(), act)
        return self._use(Adapter(self.folder), act)

    def _use(self, adapter, act):
        given = act(adapter)
        if adapter.runs():
            self._waiting.append(adapter)
        return given

    def close(self):
        """Ends the processes that wait for a task."""
        for adapter in self._waiting:
            adapter.end()


class Ended(Red):
    """The adapter ended in peace, and did nothing with its task."""


class Adapter:
    """A process of an adapter, and all that it starts: tasks go in, answers come out."""

    def __init__(self, folder):
        self._errors, self._errors_seen = tempfile.TemporaryFile(), 0
        self._process = subprocess.Popen(
            ["./adapter"], cwd=folder, start_new_session=True, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )
        self._answers = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with self._process.stdout as lines:
            for line in lines:
                self._answers.put(line)
        self._answers.put("")

    def answer(self, task):
        """The answer to a task, and what was written to standard error meanwhile."""
        self._give(task)
        try:
            line = self._answers.get(timeout=PASS_S_MAX)
        except queue.Empty:
            self.kill()
            raise Red(f"no end after {PASS_S_MAX} s; {self._errors_since()[-300:]}") from None
        if not line:
            self._raise()
        return line, self._errors_since()

    def kill_at(self, task, event, after_s):
        """Kills it with a task in hand, as soon as `event` has happened, or so much later."""
        self._give(task)
        begun = time.monotonic()
        while not event.wait(0.05):
            over = not self._answers.empty()
            if over and not self._answers.get():
                self._raise()
            if over or time.monotonic() - begun > PASS_S_MAX:
                self.kill()
                raise Red("the pass did not come to the place where it is killed")
        # Nothing is waited for: the moment itself is what differs from round to round.
        time.sleep(after_s)
        self.kill()

    def _give(self, task):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()

    def _raise(self):
        """Says how it ended, where it should not have."""
        if code := self.end():
            raise Red(f"the adapter failed with exit code {code}: {self._errors_since()[-600:].strip()}")
        raise Ended("the adapter ended without an answer")

    def _errors_since(self):
        """What was written to standard error since this was asked for."""
        length = os.fstat(self._errors.fileno()).st_size
        told = os.pread(self._errors.fileno(), length - self._errors_seen, self._errors_seen)
        self._errors_seen = length
        return told.decode(errors="replace")

    def runs(self):
        return self._process.poll() is None

    def end(self):
        """Says that there are no more tasks. Gives the exit code."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S_MAX)
        return self.kill()

    def kill(self):
        """Ends it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()


class Kit:
    """What one case has of one host: services, a state folder, and passes over both."""

    def __init__(self, host):
        self.host, self.services = host, Services()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

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
        return self._told(*self.host.answer(self._task(script, **task)))

    def killed(self, event, *turns, after_s=0, **task):
        """A pass that is killed as soon as `event` has happened, or so much later."""
        self.host.kill(self._task({"turns": turns}, **task), event, after_s)

    def _task(self, script, mode="sync", hints=(), resume=False, services=None, settings=None):
        task = {
            "component": str(self.host.component), "state": self._folder.name, "connection": "kit",
            "settings": settings or {"script": json.dumps(script)},
            "services": services or self.services.given(),
            "mode": {"tag": mode} if isinstance(mode, str) else mode, "hints": list(hints),
        }
        return task | ({"resume": True} if resume else {})

    def _told(self, out, err):
        for secret in self.services.secrets():
            if secret in out or secret in err:
                raise Red("a secret is shown")
        if self.services.stray:
            raise Red(f"it went where nobody may go: {self.services.stray[0]}")
        return Told(json.loads(out))


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
