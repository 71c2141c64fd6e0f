"""Rows of linear algebra: decompositions by what does not depend on the choice of factors."""

import cotan.core as mx
import numpy as np
from helpers import ALL, COMPLEX, FLOATS, INTS

from op_table.spec import REALS, STEP, Op, Operand, fixed, floating, real_floating

L = mx.linalg
REAL_FIELD = ("float32", "float64")
FIELD = (*REAL_FIELD, *COMPLEX)


class Steady(Operand):
    """Square matrices with a heavy diagonal: far from singular, with distinct eigenvalues and pivots in place."""

    def sample(self, rng, dtype, batch=()):
        """Values as `Operand` has them, made small, plus 2, 3, ... on the diagonal."""
        values = super().sample(rng, dtype, batch)
        return (0.2 * values + np.diag(2.0 + np.arange(self.shape[-1]))).astype(values.dtype)


SQUARE = Steady((4, 4))
STACK = Steady((2, 3, 3))
SHAPES = {"square": SQUARE, "stack": STACK, "tall": Operand((5, 3)), "wide": Operand((3, 5))}
COLUMNS = Operand((4, 2), low=-1.7, high=2.05)
VECTOR = Operand((4,), low=-1.7, high=2.05)


def row(name, call, ref, operands, label="", dtypes=FIELD, **facts):
    """A row with the tolerance of an algorithm of many steps."""
    facts = {"loose": 20, "complex_smooth": "complex64" in dtypes, **facts}
    return Op(f"linalg.{name}", call, ref, operands, dtypes, label=label, **facts)


def adjoint(x):
    """The conjugate transpose in either library."""
    return mx.conj(mx.swapaxes(x, -1, -2)) if isinstance(x, mx.array) else np.conj(np.swapaxes(x, -1, -2))


def between(left, values, right):
    """left @ diag(values) @ right."""
    return (left * values[..., None, :]) @ right


# ---------------------------------------------------------------- what signs and phases don't change


def qr_facts(lib, q, r):
    """The factors with a positive diagonal."""
    signs = lib.sign(lib.real(lib.diagonal(r, 0, -2, -1)))
    return q * signs[..., None, :], r * signs[..., :, None]


def svd_facts(lib, u, s, v):
    """Functions of a decomposition that don't depend on the signs of singular vectors."""
    k = s.shape[-1]
    u, v = u[..., :, :k], v[..., :k, :]
    return between(u, lib.exp(-s), v), between(u, lib.sin(s), adjoint(u)), between(adjoint(v), lib.cos(s), v)


def rest_facts(u, s, v):
    """The projections on singular vectors that no value belongs to."""
    k = s.shape[-1]
    u, v = u[..., :, k:], v[..., k:, :]
    return u @ adjoint(u), adjoint(v) @ v


def eigh_facts(lib, w, v):
    """A function of a matrix by its eigenvalues, and one that tells the values apart by position."""
    weights = lib.exp(w * 0.3)
    return between(v, weights, adjoint(v)), v[..., :, :2] @ adjoint(v[..., :, :2])


def eig_facts(lib, inverse, w, v):
    """Functions of eigenvalues in any order: an exponential of the matrix, and what the lengths of vectors enter."""
    weights = lib.exp(w * 0.3)
    return between(v, weights, inverse(v)), between(v, weights, adjoint(v)), lib.sum(w * weights, axis=-1)


def np_lu(x):
    """Both factors in one matrix and the order of rows, by elimination."""
    if x.ndim > 2:
        return tuple(np.stack(part) for part in zip(*map(np_lu, x), strict=True))
    a, order = x.copy(), np.arange(len(x))
    for i in range(min(x.shape)):
        p = i + np.argmax(np.abs(a[i:, i]))
        a[[i, p]], order[[i, p]] = a[[p, i]], order[[p, i]]
        a[i + 1 :, i] /= a[i, i]
        a[i + 1 :, i + 1 :] -= np.outer(a[i + 1 :, i], a[i, i + 1 :])
    return a, order


def np_factors(x):
    """The factors of a[order]."""
    packed, k = np_lu(x)[0], min(x.shape[-2:])
    return np.tril(packed, -1)[..., :k] + np.eye(x.shape[-2], k), np.triu(packed)[..., :k, :]


def np_solve(a, b):
    """NumPy's solution for a vector or matrices."""
    return np.linalg.solve(a, b[..., None])[..., 0] if b.ndim == 1 else np.linalg.solve(a, b)


# ---------------------------------------------------------------- rows


def of_shape(label, operand):
    """Rows of what takes matrices of any shape."""
    x = (operand,)
    thin = f"{label}-thin"
    values = {"result": real_floating, "loose": 20}
    order = {"result": fixed("uint32"), **STEP_ONLY}
    return [
        row("qr", L.qr, lambda x: tuple(np.linalg.qr(x)), x, label, REAL_FIELD, loose=40),
        row(
            "qr",
            lambda x: qr_facts(mx, *L.qr(x)),
            lambda x: qr_facts(np, *np.linalg.qr(x)),
            x,
            f"{label}-complex",
            COMPLEX,
            loose=40,
        ),
        row("lu", lambda x: L.lu(x)[1:], np_factors, x, label),
        row("lu", lambda x: L.lu(x)[0], lambda x: np.argsort(np_lu(x)[1]), x, f"{label}-order", REAL_FIELD, **order),
        row("lu_factor", lambda x: L.lu_factor(x)[0], lambda x: np_lu(x)[0], x, label),
        row("pinv", L.pinv, np.linalg.pinv, x, label, loose=40),
        row("svd", lambda x: L.svd(x, False), lambda x: np.linalg.svd(x, compute_uv=False), x, f"{label}-s", **values),
        row("svd", lambda x: svd_facts(mx, *L.svd(x)), lambda x: svd_facts(np, *np.linalg.svd(x)), x, label),
        row(
            "svd",
            lambda x: svd_facts(mx, *L.svd(x, full_matrices=False)),
            lambda x: svd_facts(np, *np.linalg.svd(x)),
            x,
            thin,
        ),
        row("svd", lambda x: L.svd(x)[1], lambda x: np.linalg.svd(x)[1], x, f"{label}-values", **values),
    ]


STEP_ONLY = {**STEP, "complex_smooth": False}
DECOMPOSITIONS = [
    *(r for label, operand in SHAPES.items() for r in of_shape(label, operand)),
    *(
        row("svd", lambda x: rest_facts(*L.svd(x)), lambda x: rest_facts(*np.linalg.svd(x)), (SHAPES[k],), f"{k}-rest")
        for k in ("tall", "wide")
    ),
    *(
        r
        for label, operand in (("square", SQUARE), ("stack", STACK))
        for r in (
            row("cholesky", L.cholesky, np.linalg.cholesky, (operand,), label),
            row(
                "cholesky",
                lambda x: L.cholesky(x, upper=True),
                lambda x: adjoint(np.linalg.cholesky(adjoint(x))),
                (operand,),
                f"{label}-upper",
            ),
            row(
                "eigh",
                lambda x: eigh_facts(mx, *L.eigh(x)),
                lambda x: eigh_facts(np, *np.linalg.eigh(x)),
                (operand,),
                label,
            ),
            row(
                "eigh",
                lambda x: eigh_facts(mx, *L.eigh(x, "U")),
                lambda x: eigh_facts(np, *np.linalg.eigh(x, "U")),
                (operand,),
                f"{label}-upper",
            ),
            row("eigvalsh", L.eigvalsh, np.linalg.eigvalsh, (operand,), label, result=real_floating),
            row(
                "eig",
                lambda x: eig_facts(mx, L.inv, *L.eig(x)),
                lambda x: eig_facts(np, np.linalg.inv, *np.linalg.eig(x)),
                (operand,),
                label,
                result=fixed("complex64"),
                smooth=None,
            ),
            row(
                "eigvals",
                lambda x: mx.sum(mx.exp(0.3 * L.eigvals(x)), axis=-1),
                lambda x: np.sum(np.exp(0.3 * np.linalg.eigvals(x)), axis=-1),
                (operand,),
                label,
                result=fixed("complex64"),
                smooth=None,
            ),
        )
    ),
]

EQUATIONS = [
    row("inv", L.inv, np.linalg.inv, (SQUARE,)),
    row("inv", L.inv, np.linalg.inv, (STACK,), "stack"),
    row("tri_inv", L.tri_inv, lambda x: np.linalg.inv(np.tril(x)), (SQUARE,)),
    row("tri_inv", lambda x: L.tri_inv(x, True), lambda x: np.linalg.inv(np.triu(x)), (STACK,), "upper"),
    row("cholesky_inv", L.cholesky_inv, lambda x: np.linalg.inv(np.tril(x) @ adjoint(np.tril(x))), (SQUARE,)),
    row(
        "cholesky_inv",
        lambda x: L.cholesky_inv(x, upper=True),
        lambda x: np.linalg.inv(adjoint(np.triu(x)) @ np.triu(x)),
        (STACK,),
        "upper",
    ),
    row("solve", L.solve, np_solve, (SQUARE, VECTOR), "vector"),
    row("solve", L.solve, np_solve, (SQUARE, COLUMNS), "columns"),
    row("solve", L.solve, np_solve, (STACK, Operand((3, 2))), "shared-side"),
    row("solve", L.solve, np_solve, (Steady((3, 3)), Operand((2, 3, 1))), "shared-matrix"),
    row("solve_triangular", L.solve_triangular, lambda a, b: np_solve(np.tril(a), b), (SQUARE, VECTOR), "vector"),
    row(
        "solve_triangular",
        lambda a, b: L.solve_triangular(a, b, upper=True),
        lambda a, b: np_solve(np.triu(a), b),
        (STACK, Operand((3, 2))),
        "upper",
    ),
    row(
        "solve_triangular",
        L.solve_triangular,
        lambda a, b: np_solve(np.tril(a), b),
        (Steady((3, 3)), Operand((2, 3, 1))),
        "shared-matrix",
    ),
]

NUMBERS = [
    row("det", L.det, np.linalg.det, (Operand((3, 3)),), dtypes=REALS + COMPLEX, result=floating, loose=200),
    row("det", L.det, np.linalg.det, (STACK,), "stack", FLOATS + COMPLEX, result=floating, loose=200),
    row("slogdet", L.slogdet, np.linalg.slogdet, (Operand((3, 3)),), dtypes=("float32", "float64")),
    row("slogdet", L.slogdet, np.linalg.slogdet, (STACK,), "stack", ("float32", "float64")),
    row("slogdet", lambda x: L.slogdet(x)[0], lambda x: np.linalg.slogdet(x)[0], (STACK,), "complex-sign", COMPLEX),
    row(
        "slogdet",
        lambda x: L.slogdet(x)[1],
        lambda x: np.linalg.slogdet(x)[1],
        (STACK,),
        "complex-size",
        COMPLEX,
        result=real_floating,
    ),
    row(
        "matrix_rank",
        L.matrix_rank,
        np.linalg.matrix_rank,
        (Operand((2, 3, 5)),),
        result=fixed("int32"),
        **STEP_ONLY,
    ),
    row("matrix_power", lambda x: L.matrix_power(x, 5), lambda x: np.linalg.matrix_power(x, 5), (SQUARE,), loose=200),
    row("matrix_power", lambda x: L.matrix_power(x, -2), lambda x: np.linalg.matrix_power(x, -2), (STACK,), "negative"),
    row(
        "matrix_power",
        lambda x: L.matrix_power(x, 3),
        lambda x: np.linalg.matrix_power(x, 3),
        (Operand((2, 2)),),
        "whole",
        INTS,
        smooth=None,
    ),
    row(
        "matrix_power",
        lambda x: L.matrix_power(x, 0),
        lambda x: np.linalg.matrix_power(x, 0),
        (STACK,),
        "zero",
        **STEP_ONLY,
    ),
]


def norms(label, operand, ords, axis, dtypes=FIELD, **facts):
    """Rows of norms over axes."""
    return [
        row(
            "norm",
            lambda x, o=o: L.norm(x, o, axis),
            lambda x, o=o: np.linalg.norm(x, o, axis),
            (operand,),
            f"{label}-{o}",
            dtypes,
            result=real_floating,
            **(STEP_ONLY if o == 0 else {}),
            **facts,
        )
        for o in ords
    ]


NORMS = [
    row(
        "norm", L.norm, np.linalg.norm, (Operand((2, 3, 2)),), dtypes=ALL, result=real_floating, covers=("matrix_norm",)
    ),
    row(
        "norm",
        lambda x: L.norm(x, keepdims=True),
        lambda x: np.linalg.norm(x, keepdims=True),
        (Operand((2, 3)),),
        "keepdims",
        result=real_floating,
    ),
    *norms("vector", Operand((4, 3)), (0, 1, 2, 3, 0.5, -1, np.inf, -np.inf, None), 0, FLOATS + COMPLEX),
    *norms("matrix", Operand((3, 5, 2)), ("fro", 1, -1, np.inf, -np.inf, 2, -2, "nuc", None), (0, 1)),
    *norms("transposed", Operand((3, 5, 2)), (1, -1, np.inf, -np.inf, 2, "nuc"), (-1, 0)),
]


def crossed(label, a, b, dtypes=INTS + FLOATS + COMPLEX, axis=-1):
    """A row of cross products, where NumPy is given the third elements."""

    def padded(x):
        x = np.moveaxis(x, axis, -1)
        return np.concatenate([x, np.zeros_like(x[..., :1])], -1) if x.shape[-1] == 2 else x

    return row(
        "cross",
        lambda x, y: L.cross(x, y, axis),
        lambda x, y: np.moveaxis(np.cross(padded(x), padded(y)), -1, axis),
        (Operand(a), Operand(b, low=-1.7, high=2.05)),
        label,
        dtypes,
    )


CROSS = [
    crossed("vectors", (3,), (3,)),
    crossed("broadcast", (2, 3), (4, 1, 3), FLOATS),
    crossed("plane", (2,), (2, 2), FLOATS),
    crossed("mixed", (4, 2), (1, 3), FLOATS),
    crossed("axis", (3, 4), (3, 4), FLOATS, axis=0),
]

LINALG = [*DECOMPOSITIONS, *EQUATIONS, *NUMBERS, *NORMS, *CROSS]
