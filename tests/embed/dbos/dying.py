"""A pass by a task whose process kills itself on the way, for the tests.

`die` in the task says where: `{"after": 12}`, when twelve effects of the pass are journaled;
`{"within": 2}`, when its second change was carried out and the answer is not yet journaled.
"""

import json
import os
import signal
import sys

import durable
import task


def countdown(number):
    """A function that kills the process when it is called for the `number`th time."""

    def count(_):
        nonlocal number
        number -= 1
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


given = json.load(sys.stdin)
change_is_over = countdown(given["die"].get("within", 0))


class DyingHost(durable.Host):
    """Dies before anybody learns what became of a change."""

    def perform(self, effect, ledger):
        answer = super().perform(effect, ledger)
        if effect.tag == "http" and effect.payload.changes:
            change_is_over(effect)
        return answer


durable.Host = DyingHost
task.answer(given, countdown(given["die"].get("after", 0)))
print("The pass was over before the place to die.", flush=True)
os._exit(1)
