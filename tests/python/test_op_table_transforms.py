"""Laws of transforms of transforms, of precision and of compilation, for every row of the op table."""

import cotan.core as mx
import numpy as np
import pytest
from helpers import COMPLEX, FLOATS, TOLERANCE, device, dtype_name, host
from op_table import TABLE
from test_op_table import (
    SMOOTH,
    SMOOTH_BATCHED,
    arrays,
    assert_stacked,
    batched_operands,
    directions,
    over_free,
    smooth_dtype,
)


def cases(table, dtypes):
    """The rows in those of the dtypes that `dtypes(op)` gives."""
    return pytest.mark.parametrize(
        ("op", "dtype"), [pytest.param(op, d, id=f"{op.id}-{d}") for op in table for d in dtypes(op)]
    )


def smooth_dtypes(op):
    """The dtypes in which a row promises derivatives."""
    floats = [d for d in FLOATS if d in op.dtypes and op.smooth]
    return floats + [d for d in COMPLEX if d in op.dtypes and op.complex_smooth]


def in_dtype(op, dtype, salt="slopes"):
    """Operands of a dtype, and the same values in float64."""
    operands = arrays(op, op.sample(dtype, salt), dtype)
    wide = [device(host(x), "float64") if i in op.free else x for i, x in enumerate(operands)]
    return operands, wide


def assert_near(got, want, tolerance):
    for x, w in zip(got, want, strict=True):
        w = host(w)
        scale = max(1.0, float(np.max(np.abs(w), initial=0)))
        np.testing.assert_allclose(host(x), w, rtol=tolerance, atol=tolerance * scale)


def assert_identical(got, want):
    for x, w in zip(got, want, strict=True):
        assert dtype_name(x) == dtype_name(w)
        np.testing.assert_array_equal(host(x), host(w))


# ---------------------------------------------------------------- precision


@cases(SMOOTH, lambda op: [d for d in smooth_dtypes(op)[:-1] if d != "float64" and "float64" in op.dtypes])
def test_derivatives_in_a_narrow_dtype_are_those_in_float64(op, dtype):
    operands, wide = in_dtype(op, dtype)
    call, free = over_free(op, operands)
    wide_call, wide_free = over_free(op, wide)
    tolerance = 40 * TOLERANCE[dtype] * max(1, op.loose)
    tangents = directions(op, free, dtype, "direction")
    widened = [device(host(t), "float64") for t in tangents]
    assert_near(mx.jvp(call, free, tangents)[1], mx.jvp(wide_call, wide_free, widened)[1], tolerance)
    cotangents = directions(op, call(*free), dtype, "cotangent")
    widened = [device(host(c), dtype_name(x)) for c, x in zip(cotangents, wide_call(*wide_free), strict=True)]
    assert_near(mx.vjp(call, free, cotangents)[1], mx.vjp(wide_call, wide_free, widened)[1], tolerance)


# ---------------------------------------------------------------- transforms of transforms


@cases(SMOOTH_BATCHED, lambda op: [smooth_dtype(op), *(["complex64"] if "complex64" in smooth_dtypes(op) else [])])
def test_vmap_of_jvp_and_jvp_of_vmap_agree_with_the_loop(op, dtype):
    axes = tuple(0 if i in op.free else None for i in range(len(op.operands)))
    whole, examples = batched_operands(op, dtype, axes)
    tangents = [directions(op, over_free(op, e)[1], dtype, f"direction{i}") for i, e in enumerate(examples)]
    loop = []
    for example, direction in zip(examples, tangents, strict=True):
        call, free = over_free(op, example)
        loop.append(mx.jvp(call, free, direction)[1])
    stacked = [mx.stack(list(ts)) for ts in zip(*tangents, strict=True)]
    tolerance = 1e-10 if dtype == "float64" else 20 * TOLERANCE[dtype]

    def pushed(*xs):
        operands, direction = xs[: len(whole)], xs[len(whole) :]
        call, free = over_free(op, operands)
        return mx.jvp(call, free, list(direction))[1]

    in_axes = (*axes, *[0] * len(stacked))
    assert_stacked(mx.vmap(pushed, in_axes=in_axes)(*whole, *stacked), loop, 0, tolerance)

    def mapped(*xs):
        full = list(whole)
        for i, x in zip(op.free, xs, strict=True):
            full[i] = x
        return mx.vmap(op.outputs, in_axes=axes if len(axes) > 1 else axes[0])(*full)

    _, free = over_free(op, whole)
    assert_stacked(mx.jvp(mapped, free, stacked)[1], loop, 0, tolerance)


# ---------------------------------------------------------------- compilation


@cases([op for op in TABLE if op.operands], lambda op: op.dtypes)
def test_a_compiled_row_gives_the_same_bits(op, dtype):
    operands = arrays(op, op.sample(dtype, "compiled"), dtype)
    assert_identical(mx.compile(op.outputs)(*operands), op.outputs(*operands))


@cases([op for op in TABLE if op.smooth], smooth_dtypes)
def test_compiled_derivatives_have_the_same_bits(op, dtype):
    call, free = over_free(op, arrays(op, op.sample(dtype, "compiled"), dtype))
    tangents = directions(op, free, dtype, "direction")
    cotangents = directions(op, call(*free), dtype, "cotangent")

    def pulled(*xs):
        return mx.vjp(call, list(xs), cotangents)[1]

    def pushed(*xs):
        return mx.jvp(call, list(xs), tangents)[1]

    assert_identical(mx.compile(pulled)(*free), pulled(*free))
    assert_identical(mx.compile(pushed)(*free), pushed(*free))
