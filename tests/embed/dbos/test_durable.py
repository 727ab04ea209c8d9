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

from dbos import DBOS
from wasmtime.component import Variant

import durable
from binding import Connector

HERE = pathlib.Path(__file__).parent
TARGET = HERE.parents[2] / "target"
PROGRAM = os.environ.get("ATSYNC", TARGET / "debug/atsync")
COMPONENT = os.environ.get("ATSYNC_COMPONENT", TARGET / "wasm32-unknown-unknown/component/atsync_plugin.wasm")
# Of the small catalogue: LIN-SND-S, of which Paris has twelve and Lyon four.
UPC = "51111189479730"
# A process starts for each of these.
EFFECTS_A_LIFE = 5


def setUpModule():
    print(f"component sha256 {hashlib.sha256(pathlib.Path(COMPONENT).read_bytes()).hexdigest()}")


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
        services = given["services"]
        for service in services.values():
            # For atsync's own host, which reaches no such address otherwise.
            del service["private_addresses"]
        self.folder = folder.name
        self.task = {
            "component": str(COMPONENT), "state": self.folder, "connection": "sandbox",
            "settings": given["settings"], "services": services, "mode": {"tag": "sync"},
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
            if not name.endswith((" auth", "access_token"))
        }

    def orders(self):
        return self.lever("shop/orders")

    def ats(self):
        query = urllib.parse.urlencode({"upc": UPC, "warehouse": "Default"})
        return self.lever(f"joor/ats?{query}")["ats"]

    def effects(self):
        """How many effects the journal holds of the latest pass."""
        with sqlite3.connect(f"{self.folder}/journal.db") as journal:
            latest = "SELECT workflow_uuid FROM workflow_status ORDER BY created_at DESC LIMIT 1"
            names = "('job', 'begin', 'DBOS.sleep')"
            query = f"SELECT count(*) FROM operation_outputs WHERE workflow_uuid = ({latest}) AND function_name NOT IN {names}"
            return journal.execute(query).fetchone()[0]


class DurableTest(unittest.TestCase):
    def test_a_pass_that_is_killed_again_and_again_calls_nothing_twice(self):
        calm, hunted = Brand(self).busy(), Brand(self).busy()
        self.assertEqual(calm.live()["report"]["counts"]["rows_published"], 1)
        deaths = 0
        while hunted.die(die={"after": (deaths + 1) * EFFECTS_A_LIFE}, resume=True):
            deaths += 1
        effects = calm.effects()
        self.assertEqual((hunted.effects(), deaths), (effects, effects // EFFECTS_A_LIFE))
        self.assertEqual(hunted.calls(), calm.calls())
        self.assertEqual((len(hunted.orders()), hunted.ats()), (1, 9))
        print(f"killed {deaths} times in a pass of {effects} effects; no call was made twice")

    def test_a_change_whose_answer_died_with_the_process_is_looked_up_and_not_sent_again(self):
        for change, operation in [(1, "OrderDefinition"), (2, "OrderCreate")]:
            brand = Brand(self).busy()
            self.assertTrue(brand.die(die={"within": change}), operation)
            self.assertEqual(brand.calls()[f"shopify {operation}"], 1, operation)
            for resume in (True, False):
                self.assertEqual(brand.live(resume=resume)["verdict"], "done", operation)
            self.assertEqual(brand.calls()["shopify OrderCreate"], 1, operation)
            self.assertEqual((len(brand.orders()), brand.ats()), (1, 9), operation)

    def test_another_component_drops_the_pass_and_begins_the_next(self):
        brand = Brand(self).busy()
        self.assertTrue(brand.die(die={"after": 30}))
        other = pathlib.Path(brand.folder, "other.wasm")
        # The same component with other bytes: an empty custom section at its end.
        other.write_bytes(pathlib.Path(COMPONENT).read_bytes() + b"\x00\x02\x01x")
        self.assertEqual(brand.live(component=str(other))["verdict"], "done")
        self.assertEqual((len(brand.orders()), brand.ats()), (1, 9))

    def test_a_followed_sync_leaves_the_next_one_in_the_queue(self):
        task = Brand(self).task
        connection = durable.Connection(
            Connector(COMPONENT), "sandbox", task["settings"], task["services"], task["state"]
        )
        durable.launch(task["state"], "any")
        self.addCleanup(DBOS.destroy)
        first = connection.begin(Variant("sync"), follow=True)
        self.assertEqual(durable.outcome(first.get_result()).verdict, "done")
        [following] = connection.active()
        self.assertEqual(following.get_status().status, "DELAYED")


if __name__ == "__main__":
    unittest.main()
