"""The finder behind ``import mlx``: gives cotan's modules under MLX's names, and the version of MLX they follow."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from types import ModuleType
from typing import Any

MLX_VERSION = "0.32.4"
"""The release of MLX whose public interface cotan follows."""


def _counterpart(name: str) -> str:
    """Name of cotan's module for a module below ``mlx``."""
    return "cotan" + name.removeprefix("mlx")


def _find(name: str) -> ModuleSpec | None:
    """Where cotan's module of that name is; this package has no counterpart in MLX."""
    if name.split(".")[1] == "mlx":
        return None
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError:  # a name below a module that is no package
        return None


class _Namespace(Loader):
    """Makes the package ``mlx`` itself, which holds nothing but its modules."""

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is."""


class _Alias(Loader):
    """Hands out a module of cotan under another name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Import cotan's module. Import stores the alias's spec in it, so keep its own for `exec_module`."""
        module = importlib.import_module(_counterpart(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back, and its compiled submodules, which no finder finds, their other names."""
        spec = module.__spec__
        assert spec is not None
        module.__spec__ = spec.loader_state
        if not hasattr(module, "__path__"):
            prefix = module.__name__ + "."
            below = {k.removeprefix(prefix): v for k, v in list(sys.modules.items()) if k.startswith(prefix)}
            sys.modules.update({f"{spec.name}.{name}": value for name, value in below.items()})


class _Mlx(Distribution):
    """What `importlib.metadata` says of MLX."""

    def read_text(self, filename: str) -> str | None:
        """The one file of metadata there is."""
        return f"Metadata-Version: 2.1\nName: mlx\nVersion: {MLX_VERSION}\n" if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        """Refuse: there are no files."""
        raise FileNotFoundError(f"cotan stands in for mlx, which has no file {path}")


_EVERYTHING = DistributionFinder.Context()


class Finder(DistributionFinder):
    """Finds the package `mlx`, its modules and its version."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for `mlx` and each of its modules that cotan has; an error for others, lest a later finder look."""
        if fullname == "mlx":
            return ModuleSpec(fullname, _Namespace(), is_package=True)
        if not fullname.startswith("mlx."):
            return None
        found = _find(_counterpart(fullname))
        if found is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: cotan stands in for mlx and has no {_counterpart(fullname)}",
                name=fullname,
            )
        return ModuleSpec(
            fullname, _Alias(), origin=found.origin, is_package=found.submodule_search_locations is not None
        )

    def find_distributions(self, context: DistributionFinder.Context = _EVERYTHING) -> Iterable[Distribution]:
        """The description of `mlx`, where that or everything is asked for."""
        return [_Mlx()] if context.name is None or context.name.lower() == "mlx" else []
