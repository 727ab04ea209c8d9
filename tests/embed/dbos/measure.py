"""What passes take in DBOS: one line of JSON, as `../measure` wants it."""

import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

from wasmtime.component import Variant

import durable
from binding import Connector
from task import digest

HERE = pathlib.Path(__file__).parent
TARGET = HERE.parents[2] / "target"
WASM = TARGET / "wasm32-unknown-unknown/component"
PROGRAM = os.environ.get("ATSYNC", TARGET / "debug/atsync")
COMPONENT = os.environ.get("ATSYNC_COMPONENT", WASM / "atsync_plugin.wasm")
PROBE = os.environ.get("ATSYNC_PROBE", WASM / "atsync_probe.wasm")
VARIANTS, TURNS, SYNC = 100_000, 2_000, Variant("sync")


def sandbox():
    """The simulated services with a large catalogue and nothing that makes a client wait."""
    options = "sandbox --json --shopify-port 0 --joor-port 0 --locations 3 --bulk-ms 0 --credits 1000000"
    limits = f"--cost-limit 1000000 --cost-per-second 1000000 --variants {VARIANTS}"
    started = subprocess.Popen([PROGRAM, *f"{options} {limits}".split()], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    given = tomllib.loads(json.loads(started.stdout.readline())["configuration"])["connection"]["sandbox"]
    for service in given["services"].values():
        del service["private_addresses"]
    settings = given["settings"] | {"full_read_hours": 24, "lookback_s": 10, "joor": {"credits": 1_000_000}}
    return started, settings, given["services"]


def ms_of(work):
    began = time.monotonic()
    return work(), (time.monotonic() - began) * 1000


def counts(outcome):
    return json.loads(outcome.report)["counts"]


def full_read(connection, hours):
    """The time of a sync that has to read all stock, as the setting is another one."""
    connection.settings = connection.settings | {"full_read_hours": hours}
    outcome, ms = ms_of(lambda: connection.run(SYNC))
    assert counts(outcome)["variants_read"] == VARIANTS, outcome.report
    return ms


def start(task):
    """The time from nothing to the first byte of the first request."""
    with socket.create_server(("127.0.0.1", 0)) as shop, tempfile.TemporaryDirectory() as folder:
        services = task["services"] | {"shopify": task["services"]["shopify"] | {"url": "http://127.0.0.1:%d" % shop.getsockname()[1]}}
        given = json.dumps(task | {"services": services, "state": folder}).encode()

        def first_byte():
            process.stdin.write(given)
            process.stdin.close()
            with shop.accept()[0] as request:
                request.recv(1)

        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "task.py"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        first_byte()
        ms = (time.monotonic() - began) * 1000
        process.kill()
        process.wait()
        return ms


def glue():
    """Lines of the host's own files, without empty ones and comments."""
    lines = (HERE / "durable.py").read_text().splitlines() + (HERE / "embed.py").read_text().splitlines()
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))


def measured(folder):
    connector, probe = Connector(COMPONENT), Connector(PROBE)
    process, settings, services = sandbox()
    try:
        effects = []
        connection = durable.Connection(connector, "sandbox", settings, services, folder, effects.append)
        script = {"repeat": TURNS, "turns": [{"ask": [{"load": ["k"]}]}]}
        secrets = {
            service.name: {"url": "http://127.0.0.1:9"} | {key: "-" for way in service.auth for key in way.payload.secrets}
            for service in probe.instance()("manifest.describe").services
        }
        cheap = durable.Connection(probe, "probe", {"script": json.dumps(script)}, secrets, folder)
        durable.launch(folder, digest(COMPONENT))
        while any(counts(connection.run(SYNC)).get(name) for name in ("rows_published", "variants_read")):
            pass
        del effects[:]
        reads = [full_read(connection, hours) for hours in (25, 26, 27)]
        _, overhead_ms = ms_of(lambda: cheap.run(SYNC))
        task = {"component": COMPONENT, "connection": "sandbox", "settings": settings, "services": services, "mode": {"tag": "sync"}}
        return {
            "name": "DBOS", "lines_of_glue": glue(), "start_ms": round(statistics.median(start(task) for _ in range(5))),
            "full_read_ms": round(statistics.median(reads)), "effects": len(effects) // 3,
            "overhead_us_per_effect": round(overhead_ms * 1000 / TURNS), "sha256": digest(COMPONENT),
        }
    finally:
        process.terminate()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as state:
        print(json.dumps(measured(state)), flush=True)
        os._exit(0)
