"""atsync's component in Python against the simulated Shopify and JOOR, over real HTTP.

    ATSYNC            the program, for `atsync sandbox`; default target/debug/atsync
    ATSYNC_COMPONENT  the component; default target/wasm32-unknown-unknown/component/atsync_plugin.wasm
"""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import tomllib
import unittest

import httpx
from wasmtime.component import Variant

from binding import Connector, Fault, record
from host import Host

TARGET = pathlib.Path(__file__).parents[3] / "target"
PROGRAM = os.environ.get("ATSYNC", TARGET / "debug/atsync")
COMPONENT = os.environ.get("ATSYNC_COMPONENT", TARGET / "wasm32-unknown-unknown/component/atsync_plugin.wasm")
SYNC = Variant("sync")


def post(url, body, headers=None):
    return httpx.post(url, json=body, headers=headers).raise_for_status().json()


class PassTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print("component sha256", hashlib.sha256(pathlib.Path(COMPONENT).read_bytes()).hexdigest())
        cls.connector = Connector(COMPONENT)

    def setUp(self):
        options = ["sandbox", "--shopify-port", "0", "--joor-port", "0", "--bulk-ms", "100", "--json"]
        sandbox = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(sandbox.stdout.close)
        self.addCleanup(sandbox.wait)
        self.addCleanup(sandbox.terminate)
        told = json.loads(sandbox.stdout.readline())
        self.shopify, self.joor = told["shopify_url"], told["joor_url"]
        given = tomllib.loads(told["configuration"])["connection"]["sandbox"]
        self.settings, self.services = given["settings"], given["services"]
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.ledger = f"{folder.name}/ledger.db"
        self.host = self.connected()

    def connected(self, **changed):
        """A host of the sandbox's shop, on the ledger of this test."""
        return Host(self.connector, "sandbox", {**self.settings, **changed}, self.services, self.ledger)

    def ats(self, sku):
        """What JOOR shows of a SKU, whose UPC is its variant id."""
        query = f'{{ productVariants(first: 1, query: "sku:{sku}") {{ nodes {{ id }} }} }}'
        headers = {"x-shopify-access-token": self.services["shopify"]["token"]}
        found = post(f"{self.shopify}/admin/api/2026-10/graphql.json", {"query": query}, headers)
        upc = found["data"]["productVariants"]["nodes"][0]["id"].split("/")[-1]
        shown = httpx.get(f"{self.joor}/sandbox/joor/ats", params={"upc": upc, "warehouse": "Default"})
        return shown.raise_for_status().json()["ats"]

    def test_a_sync_and_a_sale_show_on_joor(self):
        outcome = self.host.run(SYNC)
        self.assertEqual(outcome.verdict, "done", outcome.report)
        self.assertEqual([self.ats(sku) for sku in ("LIN-SND-S", "LIN-INK-L", "WRP-RST-M")], [16, 0, 0])
        self.assertEqual(self.ats("TOT-NAT"), "made-to-order")
        post(f"{self.shopify}/sandbox/shop/sell", {"variant": "LIN-SND-S", "location": "Paris", "units": 5})
        # Another host on the same file: what was committed outlives the first one.
        counts = json.loads(self.connected().run(SYNC).report)["counts"]
        self.assertEqual(counts["rows_published"], 1)
        self.assertEqual(self.ats("LIN-SND-S"), 11)

    def test_a_plan_changes_nothing(self):
        outcome = self.host.run(Variant("plan"))
        self.assertEqual(outcome.verdict, "done", outcome.report)
        self.assertEqual(self.host.ledger.scan("", "", 9), [])
        self.assertIsNone(self.ats("LIN-SND-S"))

    def test_a_question_is_answered_with_its_working(self):
        self.host.run(SYNC)
        call = record(name="explain", arguments=json.dumps({"sku": "LIN-SND-S"}))
        report = json.loads(self.host.run(Variant("ask", call)).report)
        self.assertEqual(report["data"]["skus"][0]["rows"][0]["value"], "16")

    def test_refused_settings_are_a_fault(self):
        with self.assertRaises(Fault) as raised:
            self.connected(interval_s=1).run(SYNC)
        self.assertEqual(raised.exception.kind, "permanent-settings")

    def test_the_manifest_and_the_settings_are_read_without_a_pass(self):
        call = self.connector.instance()
        self.assertEqual(call("manifest.describe").name, "atsync")
        self.assertEqual(call("manifest.check-settings", json.dumps(self.settings)), [])
        [finding] = call("manifest.check-settings", json.dumps({**self.settings, "interval_s": 1}))
        self.assertEqual((finding.severity, finding.path), ("error", "/interval_s"))

    def test_policy_answers_without_a_pass(self):
        item = record(
            style="1", sku="LIN-SND-S", tags=[], linesheets=[],
            tracked=True, continue_selling=False, on_sale=True,
        )
        levels = [
            record(location=location, quantity=Variant("available", units), incoming=[])
            for location, units in [("Paris", 12), ("Lyon", 4)]
        ]
        claims = [record(order="7", location="Paris", units=3)]
        call = self.connector.instance()
        answer = call("policy.availability", json.dumps(self.settings), item, levels, claims)
        [row] = answer.rows
        self.assertEqual((row.warehouse, row.value.tag, row.value.payload), ("Default", "units", 13))


if __name__ == "__main__":
    unittest.main()
