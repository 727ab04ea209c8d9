"""The kit finds fault: a host that says the same to everything is red in every case."""

import os
import pathlib
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PARROT = """#!/bin/sh
cat >/dev/null
echo '{"outcome": {"verdict": "done", "next_run": 1, "report": {"data": {"job": {}, "completions": []}}}}'
"""


class KitTest(unittest.TestCase):
    def test_a_host_that_says_the_same_to_everything_is_red_in_every_case(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "kit.json").write_text('{ "name": "Parrot", "journals": false }')
            adapter = pathlib.Path(folder, "adapter")
            adapter.write_text(PARROT)
            adapter.chmod(0o755)
            # It needs no probe: the parrot runs nothing.
            environment = os.environ | {"ATSYNC_PROBE": str(adapter)}
            ran = subprocess.run([HERE / "run", folder], stdout=subprocess.PIPE, text=True, env=environment, check=False)
        self.assertEqual(ran.returncode, 1, ran.stdout)
        self.assertIn("\n0 passed, ", ran.stdout)


if __name__ == "__main__":
    unittest.main()
