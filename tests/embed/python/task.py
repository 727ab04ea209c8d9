"""Tasks of the host kit on standard input, what came of each on standard output."""

import functools
import json
import sys

from wasmtime import Trap, WasmtimeError
from wasmtime.component import Variant

from binding import Connector, Fault, record
from host import Host

connector = functools.cache(Connector)


def answer(task):
    given = (task[key] for key in ("connection", "settings", "services"))
    host = Host(connector(task["component"]), *given, f"{task['state']}/ledger.db")
    tag, val = task["mode"]["tag"], task["mode"].get("val")
    mode = Variant(tag, record(**val)) if val else Variant(tag)
    try:
        outcome = host.run(mode, [record(**hint) for hint in task["hints"]])
    except Fault as fault:
        problem = fault.problem
        return {"fault": {"kind": fault.kind, "code": problem.code, "message": problem.message, "fix": problem.fix}}
    except (Trap, WasmtimeError, RuntimeError) as error:
        return {"broken": str(error)}
    return {"outcome": {"verdict": outcome.verdict, "next_run": outcome.next_run, "report": json.loads(outcome.report)}}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
