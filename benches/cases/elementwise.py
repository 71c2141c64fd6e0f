"""Elementwise functions, chains that fuse, and copies."""

import math

from cases.base import Case, each, every, normal

BIG = 10_000_000


def gelu(lib, x):
    """The tanh form of the GELU (Hendrycks and Gimpel, 2016)."""
    return 0.5 * x * (1 + lib.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def adam(lib, w, g, m, v):
    """A step of Adam."""
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    return [w - 0.001 * m / (lib.sqrt(v) + 1e-8), m, v]


def one():
    """A large vector."""
    return (normal(BIG),)


def two():
    """Two large vectors."""
    return normal(BIG), normal(BIG, seed=1)


CASES = [
    Case("add 1e7", two, every(lambda lib, x, y: x + y), bytes=12 * BIG),
    Case("exp 1e7", one, every(lambda lib, x: lib.exp(x)), bytes=8 * BIG),
    Case("sin 1e7", one, every(lambda lib, x: lib.sin(x)), bytes=8 * BIG),
    Case("gelu chain 1e7", one, every(gelu), bytes=8 * BIG),
    Case("where, compare 1e7", two, every(lambda lib, x, y: lib.where(x > y, x * 2, y - 1)), bytes=12 * BIG),
    Case(
        "Adam step 4e6",
        lambda: (normal(4_000_000), normal(4_000_000, seed=1), normal(4_000_000, seed=2), normal(4_000_000) ** 2),
        every(adam),
        bytes=7 * 16_000_000,
    ),
    Case(
        "broadcast row and column 4096",
        lambda: (normal(4096, 4096), normal(4096), normal(4096, 1)),
        every(lambda lib, x, row, column: (x - row) * column),
        bytes=8 * 4096**2,
    ),
    Case(
        "transpose copy 4096",
        lambda: (normal(4096, 4096),),
        each(
            lazy=lambda mx, x: mx.contiguous(x.T),
            torch=lambda torch, x: x.T.contiguous(),
            jax=lambda jax, x: x.T + 0,
            numpy=lambda np, x: np.ascontiguousarray(x.T),
        ),
        bytes=8 * 4096**2,
    ),
    Case(
        "concatenate 2 x 5e6",
        lambda: (normal(BIG // 2), normal(BIG // 2, seed=1)),
        every(lambda lib, x, y: lib.concatenate([x, y])),
        bytes=8 * BIG,
    ),
]
