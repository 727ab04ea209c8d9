"""atsync's component as a command under the wasmtime command line, over real HTTP.

    ATSYNC              the program, for `atsync sandbox`; default target/debug/atsync
    ATSYNC_COMPONENT    the component; default target/wasm32-unknown-unknown/component/atsync_plugin.wasm
    ATSYNC_WASI_DRIVER  the driver; default atsync_wasi_driver.wasm beside it
    WASMTIME            the runtime; default the one of requirements.txt, in target/tools/wasi
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

from stock import COMPONENT, TARGET, arguments, compose

PROGRAM = os.environ.get("ATSYNC", TARGET / "debug/atsync")
RELEASED = re.compile(r"wasi:(cli|clocks|filesystem|http|io)/[a-z-]+@0\.2\.\d+")
RUN_S_MAX = 120


def get(url, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers or {})) as answer:
        return json.load(answer)


def temporary(case):
    folder = tempfile.TemporaryDirectory()
    case.addCleanup(folder.cleanup)
    return pathlib.Path(folder.name)


class CommandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.command = pathlib.Path(folder.name, "atsync-command.wasm")
        cls.imports = compose(COMPONENT, cls.command)

    def setUp(self):
        options = ["sandbox", "--shopify-port", "0", "--joor-port", "0", "--bulk-ms", "100", "--json"]
        sandbox = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(sandbox.stdout.close)
        self.addCleanup(sandbox.wait)
        self.addCleanup(sandbox.terminate)
        told = json.loads(sandbox.stdout.readline())
        self.shopify, self.joor = told["shopify_url"], told["joor_url"]
        self.settings = told["configuration"]
        self.token = re.search(r'^token = "(shp.*)"', self.settings, re.MULTILINE)[1]
        self.folder = temporary(self)
        self.write(self.settings)

    def write(self, settings):
        (self.folder / "atsync.toml").write_text(settings)

    def started(self, *words, options=()):
        command = arguments(self.command, self.folder, *words, options=options)
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run_command(self, *words, options=()):
        """What a run came to: exit code, the line for machines, the words for people."""
        with self.started(*words, options=options) as process:
            out, err = process.communicate(timeout=RUN_S_MAX)
        self.assertNotIn(self.token, out + err)
        return process.returncode, json.loads(out or "{}"), err

    def sync(self):
        code, told, err = self.run_command("atsync.toml")
        self.assertEqual((code, told["outcome"]["verdict"]), (0, "done"), err)
        return told["outcome"]["report"]

    def ats(self, sku):
        """What JOOR shows of a SKU, whose UPC is its variant id."""
        query = f'{{ productVariants(first: 1, query: "sku:{sku}") {{ nodes {{ id }} }} }}'
        headers = {"content-type": "application/json", "x-shopify-access-token": self.token}
        found = get(f"{self.shopify}/admin/api/2026-10/graphql.json", {"query": query}, headers)
        upc = found["data"]["productVariants"]["nodes"][0]["id"].split("/")[-1]
        query = urllib.parse.urlencode({"upc": upc, "warehouse": "Default"})
        return get(f"{self.joor}/sandbox/joor/ats?{query}")["ats"]

    def sell(self, units):
        sale = {"variant": "LIN-SND-S", "location": "Paris", "units": units}
        get(f"{self.shopify}/sandbox/shop/sell", sale)

    def test_the_command_holds_the_component_unchanged_and_imports_released_wasi_alone(self):
        component = COMPONENT.read_bytes()
        print(f"component sha256 {hashlib.sha256(component).hexdigest()}")
        self.assertIn(component, self.command.read_bytes())
        self.assertIn("wasi:http/outgoing-handler", "".join(self.imports))
        strangers = [name for name in self.imports if not RELEASED.fullmatch(name)]
        self.assertEqual(strangers, [])

    def test_a_sync_and_a_sale_show_on_joor(self):
        self.sync()
        self.assertEqual([self.ats(sku) for sku in ("LIN-SND-S", "LIN-INK-L", "WRP-RST-M")], [16, 0, 0])
        self.assertEqual(self.ats("TOT-NAT"), "made-to-order")
        self.sell(5)
        self.assertEqual(self.sync()["counts"]["rows_published"], 1)
        self.assertEqual(self.ats("LIN-SND-S"), 11)

    def test_a_killed_run_is_followed_by_a_good_one(self):
        with self.started("atsync.toml") as killed:
            # Its first word is of its first work.
            self.assertTrue(killed.stderr.readline())
            killed.kill()
        self.sync()
        self.assertEqual(self.ats("LIN-SND-S"), 16)

    def test_half_a_commit_is_dropped_and_a_damaged_ledger_named(self):
        self.sync()
        ledger = self.folder / "sandbox.ledger"
        whole = ledger.read_bytes()
        ledger.write_bytes(whole[:-7])
        self.sell(5)
        self.sync()
        self.assertEqual(self.ats("LIN-SND-S"), 11)
        ledger.write_bytes(b"x" + whole)
        code, told, err = self.run_command("atsync.toml")
        self.assertEqual((code, list(told)), (1, ["broken"]))
        self.assertIn("error[ledger-damaged]: Line 1 of the ledger sandbox.ledger", err)

    def test_a_plan_changes_nothing(self):
        code, told, _ = self.run_command("atsync.toml", "plan")
        self.assertEqual((code, told["outcome"]["report"]["kind"]), (0, "plan"))
        self.assertFalse((self.folder / "sandbox.ledger").exists())
        self.assertIsNone(self.ats("LIN-SND-S"))

    def test_a_question_is_answered_with_its_working(self):
        self.sync()
        _, told, _ = self.run_command("atsync.toml", "ask", "explain", '{"sku": "LIN-SND-S"}')
        self.assertEqual(told["outcome"]["report"]["data"]["skus"][0]["rows"][0]["value"], "16")

    def test_a_secret_comes_from_the_environment(self):
        self.write(self.settings.replace(f'"{self.token}"', '{ env = "SHOP_TOKEN" }'))
        code, _, err = self.run_command("atsync.toml")
        self.assertEqual(code, 2)
        self.assertIn("error[secret-missing]: The secret `token` is not where", err)
        code, _, err = self.run_command("atsync.toml", options=["--env", f"SHOP_TOKEN={self.token}"])
        self.assertEqual(code, 0, err)

    def test_a_refused_setting_is_named(self):
        self.write(re.sub(r"(?m)^(\[connection\.sandbox\.settings\])$", r"\1\ninterval_s = 1", self.settings))
        code, told, err = self.run_command("atsync.toml")
        self.assertEqual((code, told["fault"]["kind"]), (2, "permanent-settings"))
        self.assertIn("/interval_s: ", err)

    def test_wrong_usage_is_answered_with_the_usage(self):
        for words in [(), ("atsync.toml", "sing"), ("--help",)]:
            code, _, err = self.run_command(*words)
            self.assertEqual(code, 2, words)
            self.assertIn("Write FILE [sync | plan", err)

    def test_a_file_that_is_not_there_is_named(self):
        code, _, err = self.run_command("other.toml")
        self.assertEqual(code, 2)
        self.assertIn("error[settings-unreadable]: The file other.toml cannot be read", err)


if __name__ == "__main__":
    unittest.main()
