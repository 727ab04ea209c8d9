"""The kit finds fault, and serves adapters of both kinds: for many tasks, and for one."""

import os
import pathlib
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SAME = '{"outcome": {"verdict": "done", "next_run": 1, "report": {"data": {"job": {}, "completions": []}}}}'
# Runs nothing, and says the same to everything.
PARROT = f"""#!/bin/sh
read -r task
echo '{SAME}'
"""
# Says the same again and again, and which process it is.
LASTING = f"""#!/bin/sh
echo $$ >>started
while read -r task; do
    echo '{SAME}'
done
"""
# Believes that nobody reads its standard error.
TELLTALE = f"""#!/bin/sh
while read -r task; do
    echo "$task" >&2
    echo '{SAME}'
done
"""


class KitTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def asked(self, script):
        """What the kit prints about an adapter; it is red."""
        (self.folder / "kit.json").write_text('{ "name": "Parrot", "journals": false }')
        adapter = self.folder / "adapter"
        adapter.write_text(script)
        adapter.chmod(0o755)
        # It needs no probe: the parrot runs nothing.
        environment = os.environ | {"ATSYNC_PROBE": str(adapter)}
        ran = subprocess.run([HERE / "run", self.folder], stdout=subprocess.PIPE, text=True, env=environment, check=False)
        self.assertEqual(ran.returncode, 1, ran.stdout)
        return ran.stdout

    def test_a_host_that_says_the_same_to_everything_is_red_in_every_case(self):
        self.assertIn("\n0 passed, ", self.asked(PARROT))

    def test_an_adapter_that_lasts_is_started_anew_only_where_it_is_killed(self):
        self.assertIn("\n0 passed, ", self.asked(LASTING))
        started = (self.folder / "started").read_text().splitlines()
        # The first, one for the slow case beside it, and one after each pass that was to be killed.
        self.assertLess(len(started), 8)

    def test_a_secret_on_standard_error_is_seen(self):
        self.assertIn("a secret is shown", self.asked(TELLTALE))


if __name__ == "__main__":
    unittest.main()
