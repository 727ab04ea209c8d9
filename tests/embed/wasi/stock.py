"""The component as a command, under a stock runtime: joined with the driver, and run."""

import hashlib
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BUILT = TARGET / "wasm32-unknown-unknown/component"
COMPONENT = pathlib.Path(os.environ.get("ATSYNC_COMPONENT", BUILT / "atsync_plugin.wasm"))
DRIVER = pathlib.Path(os.environ.get("ATSYNC_WASI_DRIVER", BUILT / "atsync_wasi_driver.wasm"))
WASMTIME = os.environ.get("WASMTIME", ROOT / "target/tools/wasi/bin/wasmtime")


def compose(component, command):
    """Joins a connector with the driver. Gives the names that the command imports."""
    join = [TARGET / "debug/atsync-compose", DRIVER, component, command]
    return subprocess.run(join, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def compiled(component):
    """A connector as a command, compiled for this machine; kept from run to run."""
    parts = hashlib.sha256(DRIVER.read_bytes() + pathlib.Path(component).read_bytes())
    kept = TARGET / "wasi" / f"{parts.hexdigest()}.cwasm"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            command, beside = pathlib.Path(folder, "command.wasm"), pathlib.Path(folder, "command.cwasm")
            compose(component, command)
            subprocess.run([WASMTIME, "compile", "-W", "epoch-interruption", command, "-o", beside], check=True)
            # Several may do this at once; each file is whole.
            beside.rename(kept)
    return kept


def arguments(command, folder, *words, options=()):
    """How a command is run over the settings and the ledger in `folder`."""
    return [WASMTIME, "run", "-S", "http", "--dir", f"{folder}::/", *options, command, *words]
