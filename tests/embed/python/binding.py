"""The component by the `wasmtime` package, and all that its binding makes peculiar.

A record comes as an object whose attributes keep their dashes (`next-run`); here they can be
read with underscores, too. A variant that a pass meets comes and goes as a `Variant` with `tag`
and `payload`, a `result` as one with the tags `ok` and `err`. One whose cases have different
types, such as the result of `policy.availability`, comes as the bare value.
"""

from wasmtime import Config, Engine, Store
from wasmtime.component import Component, Linker, Record, Variant


def dashed(self, name):
    """A field by its name with underscores; only asked where there is no attribute of that name."""
    try:
        return self.__dict__[name.replace("_", "-")]
    except KeyError:
        raise AttributeError(name) from None


Record.__getattr__ = dashed


def record(**fields):
    """A record of the contract; `max_bytes` is `max-bytes` there."""
    made = Record()
    made.__dict__.update({name.replace("_", "-"): value for name, value in fields.items()})
    return made


def failed(tag, *text):
    """An answer that says why there is none."""
    return Variant("failed", Variant(tag, *text))


class Fault(Exception):
    """Why a pass ended without an outcome; a `permanent-…` one lasts until somebody changes something."""

    def __init__(self, fault):
        super().__init__(f"{fault.payload.message} {fault.payload.fix}")
        self.kind, self.problem = fault.tag, fault.payload


class Connector:
    """The component, compiled once; each instance drives one pass."""

    def __init__(self, path):
        config = Config()
        # Compiled code is kept for the next process.
        config.cache = True
        self._engine = Engine(config)
        self._component = Component.from_file(self._engine, str(path))

    def instance(self):
        """The exported functions of a fresh instance, as `call("reconcile.start", job)`."""
        store = Store(self._engine)
        instance = Linker(self._engine).instantiate(store, self._component)

        def call(name, *arguments):
            interface, function = name.split(".")
            at = instance.get_export_index(store, f"atsync:connector/{interface}@1.0.0")
            return instance.get_func(store, instance.get_export_index(store, function, at))(store, *arguments)

        return call
