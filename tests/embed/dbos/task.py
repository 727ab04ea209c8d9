"""One pass by a task, as the host kit tells it: JSON on standard input, and on standard output."""

import hashlib
import json
import os
import pathlib
import sys

import embed  # noqa: F401
import durable
from exchange import record
from host import Connector, Fault, Host
from wasmtime.component import Variant


def call_or_none(mode):
    return record(**mode["val"]) if "val" in mode else None


def perform(task, host_type=Host, observe=lambda _: None):
    """Runs the pass of a task, or carries on the one that was cut off; gives what the kit is told."""
    connector = Connector(task["component"])
    name, settings = task["connection"], task["settings"]
    host = host_type(connector, name, settings, task["services"])
    connection = durable.Connection(connector, host, task["state"], name, settings, observe)
    version = hashlib.sha256(pathlib.Path(task["component"]).read_bytes()).hexdigest()
    durable.launch(task["state"], version)
    mode = Variant(task["mode"]["tag"], call_or_none(task["mode"]))
    hints = [record(**hint) for hint in task.get("hints", [])]
    cut_off = connection.waiting() if task.get("resume") else []
    try:
        outcome = durable.told(cut_off[0].get_result()) if cut_off else connection.run(mode, hints)
    except Fault as fault:
        return {"fault": {"kind": fault.kind, "code": fault.code, "message": fault.message, "fix": fault.fix}}
    except durable.Broken as broken:
        return {"broken": str(broken)}
    report = json.loads(outcome.report)
    return {"outcome": {"verdict": outcome.verdict, "next_run": getattr(outcome, "next-run"), "report": report}}


if __name__ == "__main__":
    print(json.dumps(perform(json.load(sys.stdin))), flush=True)
    # DBOS's threads have nothing left to do, and what counts is written.
    os._exit(0)
