"""Rows of the ops along axes: reductions, softmax, scans, sorts."""

import cotan.core as mx
import numpy as np
from helpers import ALL, COMPLEX, FLOATS, INTS

from op_table.spec import (
    CUBE,
    LINEAR,
    OTHER,
    REAL,
    REALS,
    SMOOTH,
    SQUARE,
    STEP,
    VECTOR,
    Op,
    Operand,
    boolean,
    counting,
    fixed,
    floating,
    index,
    indices,
    real_floating,
    same,
    widened,
)


def reduction(name, ref, operand=CUBE, dtypes=ALL, result=same, axes=(None, 1, (0, 2), -1), call=None, **facts):
    """A row an axis choice, and one that keeps the reduced axes."""
    call = call or getattr(mx, name)

    def one(axis, keep):
        return Op(
            name,
            lambda x: call(x, axis=axis, keepdims=keep),
            lambda x: ref(x, axis=axis, keepdims=keep),
            (operand,),
            dtypes,
            result,
            label=f"{axis}{'-keepdims' if keep else ''}".replace(" ", ""),
            **facts,
        )

    return [one(axis, False) for axis in axes] + [one(1, True), one(None, True)]


def logsumexp(x, axis, keepdims):
    """log(sum(exp(x))), as written."""
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def wide_sum(x, axis, keepdims):
    """NumPy's sum in the dtype the op promises."""
    d = widened(str(x.dtype))
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=d)


def wide_prod(x, axis, keepdims):
    """NumPy's product in the dtype the op promises."""
    d = widened(str(x.dtype))
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=d)


SOFT_AXES = (None, 1, (0, 2), -1)

REDUCTIONS = [
    *reduction("all", np.all, result=boolean, **STEP),
    *reduction("any", np.any, result=boolean, **STEP),
    *reduction("argmax", np.argmax, result=index, axes=(None, 1, -1), **STEP),
    *reduction("argmin", np.argmin, result=index, axes=(None, 1, -1), **STEP),
    *reduction("count_nonzero", np.count_nonzero, result=fixed("int32"), **STEP),
    *reduction("logsumexp", logsumexp, dtypes=REALS, result=floating),
    *reduction("max", np.max, dtypes=REALS),
    *reduction("mean", np.mean, result=floating, **LINEAR),
    *reduction("median", np.median, dtypes=REALS, result=floating),
    *reduction("min", np.min, dtypes=REALS),
    *reduction("prod", wide_prod, result=widened, loose=4, **SMOOTH),
    *reduction(
        "quantile",
        lambda x, **how: np.quantile(x.astype(floating(str(x.dtype))), 0.3, **how),
        dtypes=REALS,
        result=floating,
        call=lambda x, **how: mx.quantile(x, 0.3, **how),
    ),
    *reduction("std", np.std, result=real_floating, loose=4),
    *reduction("sum", wide_sum, result=widened, **LINEAR),
    *reduction("var", np.var, result=real_floating, loose=4),
    Op(
        "max",
        mx.max,
        lambda z: z.ravel()[np.lexsort((z.imag.ravel(), z.real.ravel()))[-1]],
        (REAL,),
        COMPLEX,
        label="complex",
        **STEP,
    ),
    Op(
        "var",
        lambda x: mx.var(x, axis=0, ddof=1),
        lambda x: np.var(x, axis=0, ddof=1),
        (REAL,),
        FLOATS,
        label="ddof",
        loose=4,
    ),
    Op(
        "std",
        lambda x: mx.std(x, axis=0, ddof=1),
        lambda x: np.std(x, axis=0, ddof=1),
        (REAL,),
        FLOATS,
        label="ddof",
        loose=4,
    ),
    Op(
        "minmax",
        lambda x: mx.minmax(x, axis=1),
        lambda x: (np.min(x, axis=1), np.max(x, axis=1)),
        (REAL,),
        REALS,
    ),
    Op(
        "trace",
        lambda x: mx.trace(x, 1),
        lambda x: np.trace(x, 1, dtype=widened(str(x.dtype))),
        (SQUARE,),
        result=widened,
        **LINEAR,
    ),
]


def softmax(x, axis):
    """exp(x) over its sum, as written."""
    e = np.exp(x)
    return e / np.sum(e, axis=axis, keepdims=True)


def soft(axis, precise=False):
    """A softmax row."""
    return Op(
        "softmax",
        lambda x: mx.softmax(x, axis=axis, precise=precise),
        lambda x: softmax(x, axis),
        (CUBE,),
        REALS,
        floating,
        label=f"{axis}{'-precise' if precise else ''}".replace(" ", ""),
    )


SOFT = [soft(axis) for axis in SOFT_AXES] + [soft(-1, precise=True)]


def scan(name, ref, identity, operand=REAL, dtypes=ALL, result=same, covers=(), **facts):
    """Rows of a scan: along each axis, flattened, reversed, and exclusive (shifted by the identity)."""
    call = getattr(mx, name, None)

    def model(x, axis, reverse, inclusive):
        if axis is None:
            x, axis = x.ravel(), 0
        if reverse:
            return np.flip(model(np.flip(x, axis), axis, False, inclusive), axis)
        out = ref(x, axis)
        if inclusive:
            return out
        first = np.full_like(np.take(out, [0], axis), identity(out.dtype))
        return np.concatenate([first, np.delete(out, -1, axis)], axis)

    def one(axis, reverse, inclusive):
        label = f"{axis}{'-reverse' if reverse else ''}{'' if inclusive else '-exclusive'}"
        return Op(
            name,
            lambda x: call(x, axis=axis, reverse=reverse, inclusive=inclusive),
            lambda x: model(x, axis, reverse, inclusive),
            (operand,),
            dtypes,
            result,
            label=label,
            covers=covers,
            **facts,
        )

    choices = [(None, False, True), (0, False, True), (-1, True, True), (1, False, False), (0, True, False)]
    return [one(*choice) for choice in choices]


def lowest(d):
    """The identity of max."""
    return -np.inf if d.kind == "f" else False if d.kind == "b" else np.iinfo(d).min


def highest(d):
    """The identity of min."""
    return np.inf if d.kind == "f" else True if d.kind == "b" else np.iinfo(d).max


def cumsum(x, axis):
    """NumPy's scan in the dtype the op promises."""
    return np.cumsum(x, axis, dtype=counting(str(x.dtype)))


def cumprod(x, axis):
    """NumPy's scan in the operand's dtype."""
    return np.cumprod(x, axis, dtype=x.dtype)


SCANS = [
    *scan("cumsum", cumsum, lambda d: 0, result=counting, covers=("cumulative_sum",), **LINEAR),
    *scan("cumprod", cumprod, lambda d: 1, covers=("cumulative_prod",), loose=4, **SMOOTH),
    *scan("cummax", np.maximum.accumulate, lowest, dtypes=REALS),
    *scan("cummin", np.minimum.accumulate, highest, dtypes=REALS),
    *scan("logcumsumexp", np.logaddexp.accumulate, lambda d: -np.inf, dtypes=REALS, result=floating, loose=4),
    Op("diff", mx.diff, np.diff, (REAL,), INTS + FLOATS + COMPLEX, **LINEAR),
    Op(
        "diff",
        lambda x: mx.diff(x, n=2, axis=0),
        lambda x: np.diff(x, n=2, axis=0),
        (SQUARE,),
        INTS + FLOATS,
        label="twice",
        **LINEAR,
    ),
]


def top(x, k, axis):
    """The k largest in ascending order."""
    return np.take(np.sort(x, axis), np.arange(x.shape[axis] - k, x.shape[axis]), axis)


SORTS = [
    Op("sort", lambda x: mx.sort(x), lambda x: np.sort(x), label="last", dtypes=ALL),
    Op("sort", lambda x: mx.sort(x, axis=0), lambda x: np.sort(x, axis=0), (CUBE,), label="first", dtypes=REALS),
    Op("sort", lambda x: mx.sort(x, axis=None), lambda x: np.sort(x, axis=None), label="flat", dtypes=REALS),
    Op("argsort", lambda x: mx.argsort(x), lambda x: np.argsort(x, kind="stable"), result=index, label="last", **STEP),
    Op(
        "argsort",
        lambda x: mx.argsort(x, axis=0),
        lambda x: np.argsort(x, 0, kind="stable"),
        (CUBE,),
        result=index,
        label="first",
        **STEP,
    ),
    Op(
        "partition",
        lambda x: mx.sort(mx.partition(x, 2, axis=-1)[..., :3]),
        lambda x: np.sort(x)[..., :3],
        (Operand((2, 5)),),
        REALS,
    ),
    Op(
        "argpartition",
        lambda x: mx.sort(mx.take_along_axis(x, mx.argpartition(x, -2, axis=-1), axis=-1)[..., -2:]),
        lambda x: np.sort(x)[..., -2:],
        (Operand((2, 5)),),
        REALS,
    ),
    Op("topk", lambda x: mx.sort(mx.topk(x, 2)), lambda x: top(x, 2, -1), (REAL,), REALS, label="last"),
    Op(
        "topk",
        lambda x: mx.sort(mx.topk(x, 2, axis=0), axis=0),
        lambda x: top(x, 2, 0),
        (SQUARE,),
        REALS,
        label="first",
    ),
    Op(
        "searchsorted",
        lambda s, v: mx.searchsorted(mx.sort(s), v),
        lambda s, v: np.searchsorted(np.sort(s), v),
        (VECTOR, OTHER),
        REALS,
        index,
        smooth=False,
        batched=False,
    ),
    Op(
        "searchsorted",
        lambda s, v: mx.searchsorted(mx.sort(s), v, side="right"),
        lambda s, v: np.searchsorted(np.sort(s), v, side="right"),
        (VECTOR, OTHER),
        REALS,
        index,
        label="right",
        smooth=False,
        batched=False,
    ),
    Op("unique", lambda x: mx.unique(x, 5), np.unique, (VECTOR,), FLOATS, smooth=None, batched=False),
    Op(
        "bincount",
        lambda x: mx.bincount(mx.abs(x), length=4),
        lambda x: np.bincount(np.abs(x), minlength=4)[:4],
        (Operand((9,)),),
        INTS,
        fixed("int32"),
        smooth=False,
    ),
    Op(
        "bincount",
        lambda x, w: mx.bincount(x, w, length=6),
        lambda x, w: np.bincount(x, w, minlength=6),
        (indices((9,), 6), Operand((9,))),
        FLOATS,
        label="weights",
    ),
    Op(
        "histogram",
        lambda x: mx.histogram(x, bins=5, range=(-1.5, 1.5))[0],
        lambda x: np.histogram(x, bins=5, range=(-1.5, 1.5))[0],
        (Operand((4, 5)),),
        ("float32", "float64"),
        fixed("int32"),
        smooth=False,
    ),
    Op(
        "histogram",
        lambda x, w: mx.histogram(x, mx.array([-1.0, 0.25, 0.75], dtype=x.dtype), weights=w, density=True)[0],
        lambda x, w: np.histogram(x, np.array([-1.0, 0.25, 0.75]), weights=w, density=True)[0],
        (Operand((4, 5)), Operand((4, 5), 0.2, 1.8)),
        ("float32", "float64"),
        label="density",
    ),
]
