"""Rows of indexing: reads, updates, gathers and scatters."""

import cotan.core as mx
import numpy as np
from helpers import FLOATS, INTS

from op_table.shapes import shaped
from op_table.spec import CUBE, NUMERIC, REAL, SMOOTH, SQUARE, Op, Operand, distinct_indices, indices


def put(x, i, v):
    """put_along_axis over axis 1."""
    out = x.copy()
    np.put_along_axis(out, i, v, 1)
    return out


def window(x, start, size):
    """The part of a matrix that begins at `start`."""
    r, c = start
    return x[r : r + size[0], c : c + size[1]]


def updated(x, u, start):
    """x with u written at `start`."""
    out = x.copy()
    window(out, start, u.shape)[...] = u
    return out


def at(method):
    """A scatter row: duplicates count, every one."""
    ufunc = {
        "add": np.add,
        "subtract": np.subtract,
        "multiply": np.multiply,
        "divide": np.true_divide,
        "maximum": np.maximum,
        "minimum": np.minimum,
    }[method]

    def ref(x, i, v):
        out = x.copy()
        ufunc.at(out, i, v)
        return out

    dtypes = FLOATS if method == "divide" else INTS + FLOATS if method in ("maximum", "minimum") else NUMERIC
    values = Operand((4, 3), 0.63, 1.71, (1, 3))
    smooth = {} if method in ("maximum", "minimum") else SMOOTH
    facts = {"loose": 4} | smooth
    return Op(
        "array.at",
        lambda x, i, v: getattr(x.at[i], method)(v),
        ref,
        (REAL, indices((4,), 2), values),
        dtypes,
        label=method,
        **facts,
    )


def assign(key):
    """x[key] = v, as a function of x and v."""

    def call(x, v):
        x = x * 1 if x.dtype != mx.bool_ else mx.array(x)
        x[key] = v
        return x

    def ref(x, v):
        x = x.copy()
        x[key] = v
        return x

    return call, ref


def setitem(label, key, shape):
    """A row for assignment through a constant key."""
    call, ref = assign(key)
    return shaped("array.__setitem__", call, ref, (SQUARE, Operand(shape)), label)


def set_along(x, i, v):
    """x[i] = v with an index array."""
    x = x * 1
    x[i] = v
    return x


def set_along_ref(x, i, v):
    """x[i] = v with an index array."""
    x = x.copy()
    x[i] = v
    return x


INDEXING = [
    shaped(
        "take",
        lambda x, i: mx.take(x, i, axis=1),
        lambda x, i: np.take(x, i, axis=1),
        (REAL, indices((2, 2), 3, -3)),
        "axis",
    ),
    shaped("take", mx.take, np.take, (REAL, indices((4,), 6)), "flat"),
    shaped(
        "take_along_axis",
        lambda x, i: mx.take_along_axis(x, i, axis=1),
        lambda x, i: np.take_along_axis(x, i, axis=1),
        (REAL, indices((2, 4), 3, -3)),
    ),
    shaped(
        "put_along_axis",
        lambda x, i, v: mx.put_along_axis(x, i, v, axis=1),
        put,
        (REAL, distinct_indices((2, 2), 3), Operand((2, 2))),
    ),
    shaped(
        "slice",
        lambda x, s: mx.slice(x, s, (0, 1), (2, 2)),
        lambda x, s: window(x, s, (2, 2)),
        (SQUARE, indices((2,), 2)),
    ),
    shaped(
        "slice_update",
        lambda x, u, s: mx.slice_update(x, u, s, (0, 1)),
        updated,
        (SQUARE, Operand((2, 2)), indices((2,), 2)),
    ),
    shaped("array.__getitem__", lambda x: x[1, :, ::-1], lambda x: x[1, :, ::-1], (CUBE,), "slices"),
    shaped("array.__getitem__", lambda x: x[..., None, 1:], lambda x: x[..., None, 1:], (CUBE,), "newaxis"),
    shaped("array.__getitem__", lambda x, i: x[i], lambda x, i: x[i], (REAL, indices((4,), 2, -2)), "array"),
    shaped(
        "array.__getitem__",
        lambda x, i, j: x[i, :, j],
        lambda x, i, j: x[i, :, j],
        (CUBE, indices((2, 1), 2), indices((3,), 2)),
        "mixed",
    ),
    setitem("int", 1, (3,)),
    setitem("slices", (slice(None, None, -2), slice(1, None)), (2, 2)),
    setitem("broadcast", (Ellipsis, 0), ()),
    shaped(
        "array.__setitem__",
        set_along,
        set_along_ref,
        (SQUARE, distinct_indices((2,), 3), REAL),
        "array",
        dtypes=NUMERIC,
    ),
    *map(at, ("add", "subtract", "multiply", "divide", "maximum", "minimum")),
]
