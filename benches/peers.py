"""The libraries that are compared: how to import each, hand it data, wait for its results and take them back."""

import importlib
import os
from dataclasses import dataclass
from typing import Any


@dataclass
class Peer:
    """A library ready for use; `lib` is what cases call."""

    name: str
    version: str
    lib: Any

    def give(self, array):
        """A NumPy array as an array of this library."""
        return array

    def give_all(self, data):
        """A NumPy array, or a dict of them, for this library."""
        return {k: self.give(v) for k, v in data.items()} if isinstance(data, dict) else self.give(data)

    def precise(self, wanted):
        """Allow or forbid float64."""

    def wait(self, result):
        """Return once everything in the result (nested lists, tuples and dicts) is computed."""
        return result

    def take(self, result):
        """The result as NumPy arrays, in the same nesting."""
        import numpy as np

        if isinstance(result, dict):
            return {k: self.take(v) for k, v in result.items()}
        if isinstance(result, list | tuple):
            return [self.take(v) for v in result]
        return np.array(result if isinstance(result, int | float) else self.widen(result))

    def widen(self, array):
        """An array whose element type NumPy has."""
        return array


class Lazy(Peer):
    """cotan, and mlx, whose interface is the same."""

    def give(self, array):
        # Without a type, float64 becomes float32.
        x = self.lib.array(array, self.lib.float64 if array.dtype == "float64" else None)
        self.lib.eval(x)
        return x

    def wait(self, result):
        self.lib.eval(result)
        return result

    def widen(self, array):
        return array.astype(self.lib.float32) if array.dtype == self.lib.bfloat16 else array


class Torch(Peer):
    """Eager torch; it is done when it returns."""

    def give(self, array):
        return self.lib.from_numpy(array.copy())

    def widen(self, array):
        array = array.detach().resolve_conj()
        return array.float() if array.dtype == self.lib.bfloat16 else array


class Jax(Peer):
    """jax; cases compile what they time with jax.jit."""

    def give(self, array):
        return self.wait(self.lib.numpy.array(array))

    def precise(self, wanted):
        self.lib.config.update("jax_enable_x64", wanted)

    def wait(self, result):
        return self.lib.block_until_ready(result)

    def widen(self, array):
        return array.astype("float32") if array.dtype == "bfloat16" else array


KINDS = {
    "cotan": (Lazy, "cotan.core"),
    "torch": (Torch, "torch"),
    "jax": (Jax, "jax"),
    "numpy": (Peer, "numpy"),
    "mlx": (Lazy, "mlx.core"),
}


def pin(threads):
    """Give every library the same cores; must come before any of them is imported."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for variable in ("OMP", "MKL", "OPENBLAS", "COTAN"):
        os.environ[f"{variable}_NUM_THREADS"] = str(threads)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")


def load(names, threads):
    """The named libraries that can be imported, and the reasons of those that cannot."""
    found, missing = [], {}
    for name in names:
        kind, module = KINDS[name]
        try:
            lib = importlib.import_module(module)
        except (ImportError, OSError, ValueError) as e:
            missing[name] = str(e).splitlines()[0]
            continue
        if name == "torch":
            lib.set_num_threads(threads)
        if name == "mlx":
            lib.set_default_device(lib.cpu)
        found.append(kind(name, str(getattr(lib, "__version__", "?")), lib))
    return found, missing
