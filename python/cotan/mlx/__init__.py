"""Runs programs written for MLX unchanged: while installed, ``import mlx.core`` and its kind give cotan's modules.

``python -m cotan.mlx script.py`` installs and runs a script; ``cotan.mlx.install()`` does so from within a program.
"""

from __future__ import annotations

import sys
from types import ModuleType

import cotan.core as mx

from .finder import MLX_VERSION, Finder

__all__ = ["MLX_VERSION", "install", "installed", "uninstall"]

_finder: Finder | None = None
_replaced: dict[str, ModuleType] = {}
_own_version = mx.__version__


def install() -> None:
    """Let ``import mlx.core``, ``mlx.nn`` and every other module of MLX give cotan's module of that name.

    The modules are cotan's own, not copies, so arrays and layers of both names are the same. They come first even where
    MLX itself is installed, and take the place of modules of MLX that were imported before; what holds those already
    keeps them.

    Until :func:`uninstall`, ``mx.__version__`` and the version of the package ``mlx`` that ``importlib.metadata`` knows
    are those of the MLX that cotan follows, and element types print as ``mlx.core.float32`` and so on, as programs look
    for that. Installing twice is installing once.

    >>> import cotan.mlx
    >>> cotan.mlx.install()
    >>> import mlx.core
    >>> mlx.core is cotan.core
    True
    >>> cotan.mlx.uninstall()
    """
    global _finder
    if _finder is not None:
        return
    _replaced.update(_take_modules())
    _finder = Finder()
    sys.meta_path.insert(0, _finder)
    mx.__version__ = MLX_VERSION
    mx._name_dtypes_as_in_mlx(True)


def uninstall() -> None:
    """Undo :func:`install`: ``import mlx.core`` finds what it found before. Modules already imported stay as they are.

    >>> import cotan.mlx
    >>> cotan.mlx.uninstall()
    >>> cotan.mlx.installed()
    False
    """
    global _finder
    if _finder is None:
        return
    sys.meta_path.remove(_finder)
    _finder = None
    _take_modules()
    sys.modules.update(_replaced)
    _replaced.clear()
    mx.__version__ = _own_version
    mx._name_dtypes_as_in_mlx(False)


def installed() -> bool:
    """Whether :func:`install` is in force.

    >>> import cotan.mlx
    >>> cotan.mlx.installed()
    False
    """
    return _finder is not None


def _take_modules() -> dict[str, ModuleType]:
    """Remove what is imported as ``mlx`` or below it, and return it."""
    names = [name for name in sys.modules if name == "mlx" or name.startswith("mlx.")]
    return {name: sys.modules.pop(name) for name in names}
