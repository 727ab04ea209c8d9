"""A pass whose process is killed goes on in the next one: the component in DBOS, over real HTTP.

    ATSYNC            the program, for `atsync sandbox`; default target/debug/atsync
    ATSYNC_COMPONENT  the component; default target/wasm32-unknown-unknown/component/atsync_plugin.wasm
"""

import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
import unittest
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).parent
TARGET = HERE.parents[2] / "target"
PROGRAM = os.environ.get("ATSYNC", TARGET / "debug/atsync")
COMPONENT = os.environ.get("ATSYNC_COMPONENT", TARGET / "wasm32-unknown-unknown/component/atsync_plugin.wasm")
# Of the small catalogue: LIN-SND-S, of which Paris has twelve and Lyon four.
UPC = "51111189479730"
# A process starts for each of them; a prime, so that deaths fall on steps of every kind.
STEPS_A_LIFE = 3


def setUpModule():
    print(f"component {hashlib.sha256(pathlib.Path(COMPONENT).read_bytes()).hexdigest()}")


class Brand:
    """A shop and a JOOR account, and the folder of the process that keeps them in step."""

    def __init__(self, test):
        options = ["sandbox", "--shopify-port", "0", "--joor-port", "0", "--bulk-ms", "100", "--json"]
        sandbox = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        folder = tempfile.TemporaryDirectory()
        for end in (folder.cleanup, sandbox.stdout.close, sandbox.wait, sandbox.terminate):
            test.addCleanup(end)
        told = json.loads(sandbox.stdout.readline())
        self.url = told["shopify_url"]
        given = tomllib.loads(told["configuration"])["connection"]["sandbox"]
        self.folder = folder.name
        self.task = {
            "component": str(COMPONENT), "state": self.folder, "connection": "sandbox",
            "settings": given["settings"], "services": given["services"], "mode": {"tag": "sync"},
        }

    def lever(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/sandbox/{path}", data) as answer:
            return json.load(answer)

    def live(self, **more):
        """One process from its start to the end of a pass. Gives what the pass came to."""
        done = self._process("task.py", more)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout.splitlines()[-1])["outcome"]

    def die(self, **more):
        """One process until it is killed. False where the pass was over before."""
        done = self._process("dying.py", more)
        assert done.returncode in (-signal.SIGKILL, 1), done.stderr.decode()
        return done.returncode == -signal.SIGKILL

    def _process(self, script, more):
        given = json.dumps(self.task | more).encode()
        return subprocess.run([sys.executable, script], cwd=HERE, input=given, capture_output=True)

    def busy(self):
        """In step, and then an order on JOOR and a sale in Paris that no pass has seen."""
        assert self.live()["verdict"] == "done"
        line = {"upc": UPC, "units": 2, "price": "45.00"}
        self.lever("joor/place-order", {"linesheet": "480001", "approved": True, "lines": [line]})
        self.lever("shop/sell", {"variant": "LIN-SND-S", "location": "Paris", "units": 5})
        self.calls_before = self._calls()
        return self

    def calls(self):
        """How often each operation was called since it was busy, on both sides."""
        return {name: count - self.calls_before.get(name, 0) for name, count in self._calls().items()}

    def _calls(self):
        counters = self.lever("counters")
        # Each process gets a token of its own.
        return {
            f"{side} {name}": operation["requests"]
            for side in ("shopify", "joor")
            for name, operation in counters[side]["operations"].items()
            if not name.endswith(("/auth/", "/access_token"))
        }

    def orders(self):
        return self.lever("shop/orders")

    def ats(self):
        query = urllib.parse.urlencode({"upc": UPC, "warehouse": "Default"})
        return self.lever(f"joor/ats?{query}")["ats"]

    def steps(self):
        """How many steps the journal holds of its latest pass."""
        with sqlite3.connect(f"{self.folder}/journal.db") as journal:
            latest = "SELECT workflow_uuid FROM workflow_status ORDER BY created_at DESC LIMIT 1"
            names = "('job', 'begin', 'DBOS.sleep')"
            query = f"SELECT count(*) FROM operation_outputs WHERE workflow_uuid = ({latest}) AND function_name NOT IN {names}"
            return journal.execute(query).fetchone()[0]


class DurableTest(unittest.TestCase):
    def test_a_pass_that_is_killed_again_and_again_calls_nothing_twice(self):
        calm, hunted = Brand(self).busy(), Brand(self).busy()
        calm.live()
        deaths = 0
        while hunted.die(die={"after": (deaths + 1) * STEPS_A_LIFE}, resume=True):
            deaths += 1
        self.assertEqual(deaths, calm.steps() // STEPS_A_LIFE)
        self.assertEqual(hunted.steps(), calm.steps())
        self.assertEqual(hunted.calls(), calm.calls())
        self.assertEqual((len(hunted.orders()), hunted.ats()), (len(calm.orders()), calm.ats()))
        self.assertEqual((len(calm.orders()), calm.ats()), (1, 9))
        print(f"killed {deaths} times in a pass of {calm.steps()} effects; nothing was called twice")


if __name__ == "__main__":
    unittest.main()
