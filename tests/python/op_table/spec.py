"""What a row of the table is made of: operands, result dtypes, facts."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from helpers import ALL, BOOL, COMPLEX, FLOATS, INTS

# ---------------------------------------------------------------- operands


@dataclass(frozen=True)
class Operand:
    """Samples of one operand: distinct values, evenly spread over (low, high) and off integers, halves and zero."""

    shape: tuple[int, ...] = (2, 3)
    low: float = -1.9
    high: float = 1.8
    ints: tuple[int, int] = (-5, 6)

    def sample(self, rng, dtype, batch=()):
        """Values of `dtype` as NumPy holds them (float64 for halves), with the `batch` axes in front."""
        shape = (*batch, *self.shape)
        n = math.prod(shape)
        if dtype == "bool":
            return rng.random(shape) < 0.5
        if dtype in INTS:
            low = max(self.ints[0], 0) if dtype.startswith("u") else self.ints[0]
            return rng.integers(low, self.ints[1], shape, endpoint=True).astype(dtype)
        if dtype in COMPLEX:
            return (self._spread(rng, n) + 1j * self._spread(rng, n)).reshape(shape).astype(np.complex64)
        return self._spread(rng, n).reshape(shape)

    def _spread(self, rng, n):
        steps = (rng.permutation(n) + 0.2 + 0.6 * rng.random(n)) / max(n, 1)
        values = self.low + (self.high - self.low) * steps
        near = np.abs(values * 2 - np.round(values * 2)) < 0.02
        return values + np.where(near, 0.03, 0.0)


@dataclass(frozen=True)
class Fixed:
    """An operand that is never perturbed: indices, conditions, keys. `draw(rng, shape)` gives its values."""

    draw: Callable
    shape: tuple[int, ...]
    dtype: str

    def sample(self, rng, dtype, batch=()):
        """Values of the operand's own dtype, whatever dtype the row runs in."""
        return np.asarray(self.draw(rng, (*batch, *self.shape))).astype(self.dtype)


def indices(shape, high, low=0, dtype="int32"):
    """Indices in [low, high)."""
    return Fixed(lambda rng, s: rng.integers(low, high, s), shape, dtype)


def distinct_indices(shape, high):
    """Indices in [0, high), without repetition along the last axis."""

    def draw(rng, s):
        return rng.permuted(np.broadcast_to(np.arange(high), (*s[:-1], high)), axis=-1)[..., : s[-1]]

    return Fixed(draw, shape, "uint32")


def mask(shape=(2, 3)):
    """A condition."""
    return Fixed(lambda rng, s: rng.random(s) < 0.5, shape, "bool")


REAL = Operand()
POSITIVE = Operand(low=0.2, high=2.4, ints=(1, 7))
UNIT = Operand(low=-0.85, high=0.9, ints=(0, 0))
OVER_ONE = Operand(low=1.15, high=3.1, ints=(1, 5))
DIVISOR = Operand(low=0.73, high=2.61, ints=(1, 5))
EXPONENT = Operand(low=-1.3, high=2.2, ints=(0, 3))
SHIFT = Operand(ints=(0, 6))
OTHER = Operand(low=-1.7, high=2.05)
VECTOR = Operand(shape=(5,))
SQUARE = Operand(shape=(3, 3))
CUBE = Operand(shape=(2, 3, 2))


# ---------------------------------------------------------------- result dtypes


def same(d):
    """The operand's dtype."""
    return d


def boolean(_):
    """Always bool."""
    return "bool"


def index(_):
    """Always uint32."""
    return "uint32"


def floating(d):
    """Floats and complex stay, everything else becomes float32."""
    return d if d in FLOATS + COMPLEX else "float32"


def real_floating(d):
    """As `floating`, and complex becomes float32."""
    return "float32" if d in COMPLEX else floating(d)


def real_part(d):
    """Complex becomes float32."""
    return "float32" if d in COMPLEX else d


def widened(d):
    """Small integers and bool sum in 32 bits of their own signedness."""
    if d in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if d in ("uint8", "uint16") else d


def counting(d):
    """cumsum: bool counts in int32, integers keep their width."""
    return "int32" if d == "bool" else d


def fixed(name):
    """Always the dtype called `name`."""
    return lambda _: name


# ---------------------------------------------------------------- rows


@dataclass(frozen=True)
class Op:
    """A row: `call` over arrays, `ref` over NumPy arrays, one sampler an operand, and what holds for the op."""

    name: str
    call: Callable
    ref: Callable | None
    operands: tuple = (REAL,)
    dtypes: tuple[str, ...] = ALL
    result: Callable = same
    label: str = ""
    smooth: bool | None = True  # has derivatives; False: they are zero; None: nothing is promised
    complex_smooth: bool = False
    linear: bool = False  # central differences are exact with any step
    loose: float = 1.0  # multiplies the tolerance of comparison with NumPy
    batched: bool = True
    covers: tuple[str, ...] = field(default=())  # further public names that are the same function

    @property
    def id(self):
        """What pytest calls the row."""
        return f"{self.name}-{self.label}" if self.label else self.name

    def rng(self, salt=""):
        """A generator that depends on nothing but the row."""
        return np.random.default_rng(zlib.crc32(f"{self.id}{salt}".encode()))

    def sample(self, dtype, salt="", batch=None):
        """One NumPy array an operand; `batch[i]` puts that many examples in front of operand i."""
        rng = self.rng(salt)
        batch = batch or [()] * len(self.operands)
        return [o.sample(rng, dtype, b) for o, b in zip(self.operands, batch, strict=True)]

    def outputs(self, *arrays):
        """The results of the call, always a list."""
        out = self.call(*arrays)
        return list(out) if isinstance(out, list | tuple) else [out]

    @property
    def free(self):
        """Positions of the operands that derivatives are taken in."""
        return [i for i, o in enumerate(self.operands) if isinstance(o, Operand)]


NUMERIC = INTS + FLOATS + COMPLEX
REALS = BOOL + INTS + FLOATS

# Sets of facts about derivatives.
SMOOTH = {"complex_smooth": True}
STEP = {"smooth": False}
LINEAR = {"linear": True, "complex_smooth": True}
