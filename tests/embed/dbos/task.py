"""Tasks of the host kit on standard input, what came of each on standard output."""

import hashlib
import json
import os
import pathlib
import sys

from wasmtime import Trap, WasmtimeError
from wasmtime.component import Variant

import durable
from binding import Connector, Fault, record


def answer(task, observe=lambda _: None):
    """Runs the pass of a task, or carries on the one that was cut off."""
    connector = Connector(task["component"])
    name, settings, services = task["connection"], task["settings"], task["services"]
    connection = durable.Connection(connector, name, settings, services, task["state"], observe)
    durable.launch(task["state"], digest(task["component"]))
    tag, val = task["mode"]["tag"], task["mode"].get("val")
    mode = Variant(tag, record(**val)) if val else Variant(tag)
    cut_off = connection.active() if task.get("resume") else []
    try:
        if cut_off:
            outcome = durable.outcome(cut_off[0].get_result(polling_interval_sec=0.05))
        else:
            outcome = connection.run(mode, [record(**hint) for hint in task.get("hints", [])])
    except Fault as fault:
        problem = fault.problem
        return {"fault": {"kind": fault.kind, "code": problem.code, "message": problem.message, "fix": problem.fix}}
    except (durable.Broken, Trap, WasmtimeError, RuntimeError) as error:
        return {"broken": str(error)}
    return {"outcome": {"verdict": outcome.verdict, "next_run": outcome.next_run, "report": json.loads(outcome.report)}}


def digest(file):
    return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()


def main():
    for line in sys.stdin:
        # A process has one DBOS, on one folder: each task gets a copy of this one, which has
        # imported everything.
        if not os.fork():
            print(json.dumps(answer(json.loads(line))), flush=True)
            # What counts is written; DBOS's threads would look for more work.
            os._exit(0)
        if os.wait()[1]:
            sys.exit(1)


if __name__ == "__main__":
    main()
