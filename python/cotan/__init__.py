"""Lazy arrays and composable function transforms for the CPU: see `cotan.core`, `cotan.nn` and `cotan.optimizers`."""

import reprlib
from typing import Any

_repr_array = reprlib.Repr.repr_array


def _repr_any_array(self: reprlib.Repr, x: Any, level: int) -> str:
    """Print our arrays as they print themselves: reprlib takes every type named `array` for `array.array`."""
    return repr(x) if type(x).__module__ == "cotan.core" else _repr_array(self, x, level)


reprlib.Repr.repr_array = _repr_any_array  # type: ignore[method-assign]
