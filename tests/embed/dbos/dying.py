"""A pass by a task whose process kills itself on the way, for the tests.

`die` in the task says where: `{"after": 12}`, when twelve steps of the pass are journaled;
`{"within": 2}`, when its second change was carried out and its answer not yet journaled.
"""

import json
import os
import signal
import sys

import embed  # noqa: F401
import task
from host import Host


def countdown(number):
    """A function that dies when it is called for the `number`th time."""

    def count(*_):
        nonlocal number
        number -= 1
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


class DyingHost(Host):
    """Dies before anybody learns what became of a change."""

    count_change = countdown(0)

    def _perform(self, effect, ledger, may_change):
        answer = super()._perform(effect, ledger, may_change)
        if effect.tag == "http" and effect.payload.changes:
            DyingHost.count_change()
        return answer


if __name__ == "__main__":
    given = json.load(sys.stdin)
    DyingHost.count_change = countdown(given["die"].get("within", 0))
    task.perform(given, DyingHost, countdown(given["die"].get("after", 0)))
    sys.exit("the pass was over before the place to die")
