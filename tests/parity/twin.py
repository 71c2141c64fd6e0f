"""The op table bound to one package after another in a single process: cotan, MLX, and JAX behind MLX's names."""

import importlib
import sys
import types
from pathlib import Path

PYTHON_TESTS = Path(__file__).resolve().parents[1] / "python"
REBOUND = ("cotan", "helpers", "op_table")


class MissingError(Exception):
    """A name that this package lacks was called."""


class Hole:
    """A name that a package lacks, or a name in it: raises `MissingError` when called."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Hole(f"{self._name}.{name}")

    def __call__(self, *args, **kwargs):
        """Raise."""
        raise MissingError(self._name)


class Lenient(types.ModuleType):
    """A module with a hole for every name it lacks."""

    def __init__(self, inner):
        super().__init__(inner.__name__)
        self.__dict__.update(vars(inner))
        for name, value in vars(inner).items():
            if isinstance(value, types.ModuleType) and value.__name__.startswith(inner.__name__):
                self.__dict__[name] = Lenient(value)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Hole(f"{self.__name__}.{name}")


class Side:
    """One package: its core module, and the op table and helpers as they read when `cotan.core` is that module."""

    def __init__(self, name, core):
        self.name = name
        self.mx = core
        self.helpers, self.table = self._import_table()
        self.rows = {op.id: op for op in self.table.TABLE}

    def _import_table(self):
        def rebound():
            return [name for name in sys.modules if name.split(".")[0] in REBOUND]

        kept = {name: sys.modules.pop(name) for name in rebound()}
        package = types.ModuleType("cotan")
        package.core = Lenient(self.mx)
        package.__path__ = []
        sys.modules |= {"cotan": package, "cotan.core": package.core}
        sys.path.insert(0, str(PYTHON_TESTS))
        try:
            return importlib.import_module("helpers"), importlib.import_module("op_table")
        finally:
            sys.path.remove(str(PYTHON_TESTS))
            for name in rebound():
                del sys.modules[name]
            sys.modules.update(kept)

    def operands(self, op, values, dtype):
        """A row's operands as arrays of this package."""
        return [self.helpers.device(v, getattr(o, "dtype", dtype)) for o, v in zip(op.operands, values, strict=True)]


OURS = Side("cotan", importlib.import_module("cotan.core"))
THEIRS = Side("mlx", importlib.import_module("mlx.core"))
