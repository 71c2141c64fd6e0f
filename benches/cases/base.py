"""What a case is, and short forms for the ways in which the libraries are called."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

LAZY = ("cotan", "mlx")


@dataclass
class Case:
    """`data()` makes NumPy arrays; `calls[name](peer, *arrays)` gives a function without arguments to time."""

    name: str
    data: Callable
    calls: dict
    tolerance: float = 1e-4
    note: str = ""
    evaluate: bool = True  # False: only building the call is timed
    bytes: float = 0  # what has to be moved, for the share of the memory's bandwidth
    flops: float = 0  # what has to be computed, for the share of the machine's peak
    flops16: float = 0  # the same in bfloat16
    agree: bool = True  # False: results are random numbers
    compare: Callable = lambda result: result  # the part of a result that has to agree
    checks: int = 1  # calls that have to agree; more than one for steps of a training
    precise: bool = False  # True: float64, which jax has to be told
    family: str = field(default="", compare=False)


def plain(f):
    """`f(lib, *arrays)` called as it is."""
    return lambda peer, *arrays: lambda: f(peer.lib, *arrays)


def jitted(f):
    """`f(jax, *arrays)` compiled."""

    def prepare(peer, *arrays):
        compiled = peer.lib.jit(lambda *xs: f(peer.lib, *xs))
        return lambda: compiled(*arrays)

    return prepare


def every(f):
    """The same expression in each library; f(lib, *arrays) where lib names functions as NumPy does."""
    calls = dict.fromkeys((*LAZY, "torch", "numpy"), plain(f))
    return calls | {"jax": jitted(lambda jax, *arrays: f(jax.numpy, *arrays))}


def each(lazy=None, torch=None, jax=None, numpy=None):
    """An expression for each library: for cotan and mlx, torch, jax (compiled) and numpy."""
    calls = dict.fromkeys(LAZY, plain(lazy)) if lazy else {}
    calls |= {"torch": plain(torch)} if torch else {}
    calls |= {"jax": jitted(jax)} if jax else {}
    return calls | ({"numpy": plain(numpy)} if numpy else {})


def normal(*shape, seed=0):
    """Reproducible float32 data."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def square():
    """A large matrix."""
    return (normal(4096, 4096),)


def integers(high, *shape, seed=0):
    """Reproducible int32 data in [0, high)."""
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.int32)


def in_dtype(peer, name, *arrays):
    """The arrays converted to a type, before anything is timed."""
    if peer.name == "torch":
        return [array.to(getattr(peer.lib, name)) for array in arrays]
    dtype = name if peer.name == "jax" else getattr(peer.lib, name)
    return [peer.wait(array.astype(dtype)) for array in arrays]
