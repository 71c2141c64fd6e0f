"""Laws that every row of the op table obeys, in every dtype it names."""

import itertools

import cotan.core as mx
import numpy as np
import pytest
from helpers import COMPLEX, FLOATS, TOLERANCE, device, dtype_name, host
from op_table import TABLE
from op_table.spec import Operand

SMOOTH = [op for op in TABLE if op.smooth and set(op.dtypes) & set(FLOATS)]
COMPLEX_SMOOTH = [op for op in TABLE if op.complex_smooth and "complex64" in op.dtypes]
BATCHED = [op for op in TABLE if op.batched]
SMOOTH_BATCHED = [op for op in SMOOTH if op.batched]


def rows(table):
    return pytest.mark.parametrize("op", table, ids=lambda op: op.id)


def arrays(op, values, dtype):
    """The operands as arrays: free ones in the row's dtype, the others in their own."""
    return [device(v, dtype if isinstance(o, Operand) else o.dtype) for o, v in zip(op.operands, values, strict=True)]


def over_free(op, operands):
    """The row as a function of its free operands alone, and those operands."""

    def call(*free):
        full = list(operands)
        for i, x in zip(op.free, free, strict=True):
            full[i] = x
        return op.outputs(*full)

    return call, [operands[i] for i in op.free]


def directions(op, like, dtype, salt):
    """Random arrays with the shapes of `like`."""
    rng = op.rng(salt)
    out = []
    for x in like:
        u = rng.standard_normal(x.shape)
        if dtype_name(x) in COMPLEX:
            u = u + 1j * rng.standard_normal(x.shape)
        out.append(device(u, dtype_name(x)))
    return out


def dot(a, b):
    """The real inner product of two lists of arrays."""
    return sum(float(np.sum(np.real(np.conj(host(x).astype(complex)) * host(y)))) for x, y in zip(a, b, strict=True))


def moved(free, step, direction):
    """The operands, moved along a direction."""
    return [device(host(x) + step * host(u), dtype_name(x)) for x, u in zip(free, direction, strict=True)]


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(("op", "dtype"), [pytest.param(op, d, id=f"{op.id}-{d}") for op in TABLE for d in op.dtypes])
def test_a_row_equals_numpy_in_values_shape_and_dtype(op, dtype):
    operands = arrays(op, op.sample(dtype, "values"), dtype)
    results = op.outputs(*operands)
    want_dtype = op.result(dtype)
    inexact = want_dtype in FLOATS + COMPLEX
    seen = [host(x) for x in operands]
    if inexact:  # NumPy works wide, so that its own rounding is none of ours
        wide = [i for i, o in enumerate(op.operands) if isinstance(o, Operand)]
        seen = [
            v.astype(np.complex128 if v.dtype.kind == "c" else np.float64) if i in wide else v
            for i, v in enumerate(seen)
        ]
    with np.errstate(all="ignore"):
        want = op.ref(*seen)
    want = list(want) if isinstance(want, list | tuple) else [want]
    assert len(results) == len(want)
    for x, w in zip(results, want, strict=True):
        assert dtype_name(x) == want_dtype
        assert x.shape == np.shape(w)
        if inexact:
            tolerance = TOLERANCE[want_dtype] * op.loose
            np.testing.assert_allclose(host(x), w, rtol=tolerance, atol=tolerance)
        else:
            np.testing.assert_array_equal(host(x), np.asarray(w).astype(host(x).dtype))


# ---------------------------------------------------------------- derivatives


def smooth_dtype(op):
    """The widest float dtype of the row."""
    return "float64" if "float64" in op.dtypes else "float32"


def step_and_tolerance(op, dtype):
    """How far to move for a central difference, and how well it then tells a slope."""
    if op.linear:
        return 0.5, 20 * max(TOLERANCE[d] for d in (dtype, op.result(dtype)))
    return (4e-3, 5e-3) if dtype in COMPLEX else (1e-5, 2e-7)


def difference(call, free, direction, step):
    """The central difference of the call along a direction, one NumPy array an output."""
    ahead = call(*moved(free, step, direction))
    behind = call(*moved(free, -step, direction))
    slopes = []
    for a, b in zip(map(host, ahead), map(host, behind), strict=True):
        with np.errstate(invalid="ignore"):  # the same infinity on both sides is a constant
            slopes.append(np.where(a == b, 0, a.astype(complex) - b) / (2 * step))
    return slopes


def check_derivatives(op, dtype):
    step, tolerance = step_and_tolerance(op, dtype)
    operands = arrays(op, op.sample(dtype, "slopes"), dtype)
    call, free = over_free(op, operands)
    direction = directions(op, free, dtype, "direction")
    slope = difference(call, free, direction, step)

    outputs, tangents = mx.jvp(call, free, direction)
    for x, t, s in zip(outputs, tangents, slope, strict=True):
        assert t.shape == x.shape
        assert dtype_name(t) == dtype_name(x)
        np.testing.assert_allclose(host(t), s, rtol=tolerance, atol=tolerance)

    cotangents = directions(op, outputs, dtype, "cotangent")
    again, pulled = mx.vjp(call, free, cotangents)
    for x, y in zip(outputs, again, strict=True):
        np.testing.assert_array_equal(host(x), host(y))
    for x, g in zip(free, pulled, strict=True):
        assert g.shape == x.shape
        assert dtype_name(g) == dtype_name(x)
    forward = dot(cotangents, tangents)
    assert dot(pulled, direction) == pytest.approx(forward, rel=tolerance, abs=tolerance)


@rows(SMOOTH)
def test_jvp_is_the_central_difference_and_vjp_its_transpose(op):
    check_derivatives(op, smooth_dtype(op))


@rows(COMPLEX_SMOOTH)
def test_complex_derivatives_are_those_of_the_real_and_imaginary_parts(op):
    check_derivatives(op, "complex64")


@rows([op for op in TABLE if op.smooth is False and "float32" in op.dtypes and op.result("float32") in FLOATS])
def test_a_row_without_slope_has_zero_derivatives(op):
    call, free = over_free(op, arrays(op, op.sample("float32", "flat"), "float32"))
    outputs, tangents = mx.jvp(call, free, directions(op, free, "float32", "direction"))
    cotangents = directions(op, outputs, "float32", "cotangent")
    _, pulled = mx.vjp(call, free, cotangents)
    for t in [*tangents, *pulled]:
        assert not host(t).any()


@rows(SMOOTH)
def test_second_derivatives_are_the_differences_of_the_first(op):
    dtype = smooth_dtype(op)
    call, free = over_free(op, arrays(op, op.sample(dtype, "slopes"), dtype))
    cotangents = directions(op, call(*free), dtype, "cotangent")
    direction, probe = (directions(op, free, dtype, salt) for salt in ("direction", "probe"))

    def pulled(*xs):
        return mx.vjp(call, list(xs), cotangents)[1]

    def probed(*xs):
        return sum(mx.sum(g * p) for g, p in zip(pulled(*xs), probe, strict=True))

    step, tolerance = step_and_tolerance(op, dtype)
    tolerance *= 25
    slope = difference(pulled, free, direction, step)
    for t, s in zip(mx.jvp(pulled, free, direction)[1], slope, strict=True):
        np.testing.assert_allclose(host(t), s, rtol=tolerance, atol=tolerance)
    expected = sum(float(np.sum(host(p) * np.real(s))) for p, s in zip(probe, slope, strict=True))
    second = mx.grad(probed, argnums=list(range(len(free))))(*free)
    second = second if isinstance(second, tuple) else (second,)
    assert dot(second, direction) == pytest.approx(expected, rel=tolerance, abs=tolerance)


# ---------------------------------------------------------------- vmap

BATCH = 3


def axis_choices(op):
    """Every combination of mapped axes, at least one mapped; None means the operand is shared."""
    choices = []
    for operand in op.operands:
        n = len(operand.shape)
        axes = [None, 0, n, -1] if len(op.operands) < 3 else [None, 0, n]
        choices.append(list(dict.fromkeys(a for a in axes if n or a in (None, 0))))
    return [c for c in itertools.product(*choices) if any(a is not None for a in c)]


def batched_operands(op, dtype, axes):
    """The operands with a batch axis where `axes` says, and each example's own operands."""
    values = op.sample(dtype, "batch", [() if a is None else (BATCH,) for a in axes])
    kinds = [dtype if isinstance(o, Operand) else o.dtype for o in op.operands]
    whole = [device(v if a is None else np.moveaxis(v, 0, a), k) for v, a, k in zip(values, axes, kinds, strict=True)]
    examples = [
        [device(v if a is None else v[i], k) for v, a, k in zip(values, axes, kinds, strict=True)] for i in range(BATCH)
    ]
    return whole, examples


def assert_stacked(got, examples, out_axis, tolerance):
    for k, x in enumerate(got):
        want = np.stack([host(e[k]) for e in examples], axis=out_axis)
        np.testing.assert_allclose(host(x), want, rtol=tolerance, atol=tolerance)


def batch_dtype(op):
    return next(d for d in ("float32", "int32", *op.dtypes) if d in op.dtypes)


@rows([op for op in BATCHED if op.operands])
def test_vmap_is_loop_and_stack_for_every_choice_of_axes(op):
    dtype = batch_dtype(op)
    tolerance = 2e-5 if dtype in FLOATS else 0
    for n, axes in enumerate(axis_choices(op)):
        whole, examples = batched_operands(op, dtype, axes)
        out_axis = -1 if n % 2 else 0
        in_axes = axes if len(axes) > 1 else axes[0]
        got = mx.vmap(op.outputs, in_axes=in_axes, out_axes=out_axis)(*whole)
        assert_stacked(got, [op.outputs(*e) for e in examples], out_axis, tolerance)


@rows(SMOOTH_BATCHED)
def test_vmap_of_vjp_and_vjp_of_vmap_agree_with_the_loop(op):
    dtype = smooth_dtype(op)
    axes = tuple(0 if i in op.free else None for i in range(len(op.operands)))
    whole, examples = batched_operands(op, dtype, axes)
    cotangents = directions(op, op.outputs(*examples[0]), dtype, "cotangent")

    def pulled(*operands):
        call, free = over_free(op, operands)
        return mx.vjp(call, free, cotangents)[1]

    loop = [pulled(*e) for e in examples]
    in_axes = axes if len(axes) > 1 else axes[0]
    assert_stacked(mx.vmap(pulled, in_axes=in_axes)(*whole), loop, 0, 1e-10)

    _, free = over_free(op, whole)

    def mapped(*xs):
        full = list(whole)
        for i, x in zip(op.free, xs, strict=True):
            full[i] = x
        return mx.vmap(op.outputs, in_axes=in_axes)(*full)

    stacked = [mx.stack([c] * BATCH) for c in cotangents]
    assert_stacked(mx.vjp(mapped, free, stacked)[1], loop, 0, 1e-10)
