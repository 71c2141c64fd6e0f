"""Linear algebra in float64 and float32: systems, factorisations, eigenvalues and singular values."""

import numpy as np

from cases.base import Case, every, normal

SIDE = 512


def well_conditioned(count=()):
    """A matrix (or many) with a diagonal that dominates, in float64."""
    n = 16 if count else SIDE
    return normal(*count, n, n).astype(np.float64) + n * np.eye(n)


def symmetric(n):
    """A symmetric matrix in float64."""
    a = normal(n, n).astype(np.float64)
    return a + a.T


def positive(n):
    """A symmetric positive definite matrix in float64."""
    a = normal(n, n).astype(np.float64)
    return a @ a.T / n + np.eye(n)


def case(name, data, f, flops=0.0, compare=lambda result: result):
    """A case in float64 where every library has the same names."""
    return Case(name, data, every(f), 1e-6, precise=True, compare=compare, flops=flops)


CASES = [
    case(
        f"solve {SIDE} float64",
        lambda: (well_conditioned(), normal(SIDE, 16).astype(np.float64)),
        lambda lib, a, b: lib.linalg.solve(a, b),
    ),
    case(
        "solve 1000 x 16 float64",
        lambda: (well_conditioned((1000,)), normal(1000, 16, 1).astype(np.float64)),
        lambda lib, a, b: lib.linalg.solve(a, b),
    ),
    Case(
        f"solve {SIDE} float32",
        lambda: (well_conditioned().astype(np.float32), normal(SIDE, 16)),
        every(lambda lib, a, b: lib.linalg.solve(a, b)),
        1e-3,
    ),
    case(f"inv {SIDE} float64", lambda: (well_conditioned(),), lambda lib, a: lib.linalg.inv(a)),
    case(f"cholesky {SIDE} float64", lambda: (positive(SIDE),), lambda lib, a: lib.linalg.cholesky(a)),
    case(
        f"qr {SIDE} float64",
        lambda: (well_conditioned(),),
        lambda lib, a: list(lib.linalg.qr(a)),
        compare=lambda qr: [np.abs(qr[1])],  # signs of rows are free
    ),
    case(
        "eigh 256 float64",
        lambda: (symmetric(256),),
        lambda lib, a: list(lib.linalg.eigh(a)),
        compare=lambda pair: pair[:1],  # so are signs of vectors
    ),
    case(
        "svd 256 float64",
        lambda: (normal(256, 256).astype(np.float64),),
        lambda lib, a: list(lib.linalg.svd(a)),
        compare=lambda parts: parts[1:2],
    ),
]
