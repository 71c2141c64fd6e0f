"""Families of ops agree with NumPy on random shapes, dtypes, axes and views, empty ones among them."""

import contextlib
import math
import warnings

import cotan.core as mx
import numpy as np
import pytest
from helpers import ALL, COMPLEX, FLOATS, INTS, TOLERANCE, device, dtype_name, host
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from op_table import BINARY, UNARY
from op_table.spec import Operand, counting, floating, real_floating, same, widened

pytestmark = pytest.mark.cotan_only

# The same examples in every run, so that a failure of CI is a failure here.
FIXED = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
SEEDS = st.integers(0, 2**32 - 1)
EVERY = Operand(low=-2.9, high=3.1)


def examples(count):
    """Settings with a number of examples."""
    return settings(FIXED, max_examples=count)


# ---------------------------------------------------------------- arrays and views of them


def reverse(axis):
    """Negative strides along an axis."""
    key = (*[slice(None)] * axis, slice(None, None, -1))
    return (lambda x: x[key]), (lambda x: x[key])


def skip(axis):
    """Every second element along an axis."""
    key = (*[slice(None)] * axis, slice(None, None, 2))
    return (lambda x: x[key]), (lambda x: x[key])


def turned(order):
    """Axes in another order."""
    return (lambda x: np.transpose(x, order)), (lambda x: mx.transpose(x, order))


def spread(axis, size):
    """An axis of `size` along which nothing changes."""

    def shape(x):
        return (*x.shape[:axis], size, *x.shape[axis:])

    return (
        lambda x: np.broadcast_to(np.expand_dims(x, axis), shape(x)),
        lambda x: mx.broadcast_to(mx.expand_dims(x, axis), shape(x)),
    )


@st.composite
def view(draw, ndim):
    """A view of an array with `ndim` axes, for NumPy and for cotan, with as many axes or one more."""
    kind = draw(st.sampled_from(["none", "reverse", "skip", "turned", "spread"]))
    if kind == "none" or (not ndim and kind != "spread"):
        return (lambda x: x), (lambda x: x)
    if kind == "turned":
        return turned(draw(st.permutations(range(ndim))))
    if kind == "spread":
        return spread(draw(st.integers(0, ndim)), draw(st.integers(0, 3)))
    return (reverse if kind == "reverse" else skip)(draw(st.integers(0, ndim - 1)))


def sampled(operand, shape, dtype, seed):
    """NumPy values and the array with the same values."""
    rng = np.random.default_rng(seed)
    x = device(Operand(shape, operand.low, operand.high, operand.ints).sample(rng, dtype), dtype)
    return host(x), x


@st.composite
def arrays(draw, dtypes=ALL, shapes=SHAPES, operand=EVERY):
    """A view of an array, in NumPy and in cotan."""
    shape, dtype = draw(shapes), draw(st.sampled_from(dtypes))
    n, x = sampled(operand, shape, dtype, draw(SEEDS))
    f, g = draw(view(len(shape)))
    return f(n), g(x)


def wide(n, result):
    """NumPy's operand, where the result is inexact in a precision whose rounding is none of ours."""
    if result not in TOLERANCE:
        return n
    return n.astype(np.complex128 if n.dtype.kind == "c" else np.float64)


@contextlib.contextmanager
def quiet():
    """NumPy's remarks about empty slices and overflow are none of ours."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def assert_like(x, want, dtype, loose=1.0):
    """Values, shape and dtype."""
    want = np.asarray(want)
    assert dtype_name(x) == dtype
    assert x.shape == want.shape
    if dtype in TOLERANCE:
        tolerance = TOLERANCE[dtype] * loose
        np.testing.assert_allclose(host(x), want, rtol=tolerance, atol=tolerance)
    else:
        np.testing.assert_array_equal(host(x), want.astype(host(x).dtype))


def assert_moved(x, want, like):
    """The elements of an array, moved."""
    assert_like(x, want, dtype_name(like), 0)


# ---------------------------------------------------------------- elementwise


@examples(600)
@given(st.data())
def test_functions_of_one_operand(data):
    op = data.draw(st.sampled_from([op for op in UNARY if op.label != "decimals"]))  # halves scale to ties
    n, x = data.draw(arrays(op.dtypes, operand=op.operands[0]))
    result = op.result(dtype_name(x))
    with quiet():
        want = op.ref(wide(n, result)) if n.size else n
    assert_like(op.call(x), want, result, op.loose)


@examples(600)
@given(st.data())
def test_functions_of_two_operands_broadcast(data):
    op = data.draw(st.sampled_from([op for op in BINARY if len(op.operands) == 2]))
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=4)).input_shapes
    dtype, seed = data.draw(st.sampled_from(op.dtypes)), data.draw(SEEDS)
    if op.name in ("array_equal", "allclose"):
        shapes = (shapes[0], shapes[0])
    pairs = [sampled(o, s, dtype, seed + i) for i, (o, s) in enumerate(zip(op.operands, shapes, strict=True))]
    if data.draw(st.booleans()):  # broadcasting goes from the end, so a view must keep the axes in place
        pairs = [(n[::-1], x[::-1]) if n.ndim == 4 else (n, x) for n, x in pairs]
    with quiet():
        want = op.ref(*(wide(n, op.result(dtype)) for n, _ in pairs))
    want = want if isinstance(want, tuple) else (want,)
    for x, w in zip(op.outputs(*(x for _, x in pairs)), want, strict=True):
        assert_like(x, w, op.result(dtype), op.loose)


STEPS = [
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: mx.tanh(x) - y,
    lambda x, y: mx.where(x > y, x, mx.sin(y)),
    lambda x, y: mx.maximum(x, -y),
    lambda x, y: mx.sum(x, axis=-1, keepdims=True) + y,
    lambda x, y: mx.exp(-mx.abs(x)) * y,
]


@examples(200)
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=8), st.sampled_from(FLOATS), st.integers(0, 5), SEEDS)
def test_fusion_changes_no_bit(steps, dtype, side, seed):
    _, start = sampled(EVERY, (3, side), dtype, seed)
    _, y = sampled(EVERY, (1, side), dtype, seed + 1)
    lazy = eager = start
    for step in steps:
        lazy, eager = step(lazy, y), step(eager, y)
        mx.eval(eager)
    np.testing.assert_array_equal(host(lazy), host(eager))


# ---------------------------------------------------------------- along axes

REDUCTIONS = {
    "sum": (np.sum, widened, ALL),
    "prod": (np.prod, widened, ALL),
    "mean": (np.mean, floating, ALL),
    "var": (np.var, real_floating, ALL),
    "std": (np.std, real_floating, ALL),
    "all": (np.all, lambda d: "bool", ALL),
    "any": (np.any, lambda d: "bool", ALL),
    "max": (np.max, same, INTS + FLOATS),
    "min": (np.min, same, INTS + FLOATS),
    "median": (np.median, floating, INTS + FLOATS),
    "argmax": (np.argmax, lambda d: "uint32", INTS + FLOATS),
    "argmin": (np.argmin, lambda d: "uint32", INTS + FLOATS),
}
NEEDS_ELEMENTS = ("max", "min", "median", "argmax", "argmin")


@examples(600)
@given(st.data())
def test_reductions_over_any_axes(data):
    name = data.draw(st.sampled_from(sorted(REDUCTIONS)))
    ref, result, dtypes = REDUCTIONS[name]
    n, x = data.draw(arrays(dtypes, operand=Operand(low=-1.5, high=1.6, ints=(-2, 3))))
    axes = [st.none()] + ([st.integers(-n.ndim, n.ndim - 1)] if n.ndim else [])
    if not name.startswith("arg"):
        axes.append(hnp.valid_tuple_axes(n.ndim, min_size=1) if n.ndim else st.just(()))
    axis, keepdims = data.draw(st.one_of(axes)), data.draw(st.booleans())
    over = range(n.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    if name in NEEDS_ELEMENTS and 0 in [n.shape[a] for a in over]:
        if n.size == 0 and math.prod(np.delete(n.shape, [a % n.ndim for a in over])) != 0:
            with pytest.raises(ValueError, match=name):
                getattr(mx, name)(x, axis=axis, keepdims=keepdims)
        return
    if name == "median" and not n.size:  # NumPy can't
        assert getattr(mx, name)(x, axis=axis, keepdims=keepdims).size == 0
        return
    dtype = result(dtype_name(x))
    values = wide(n, dtype)
    options = {"dtype": dtype} if name in ("sum", "prod") and dtype not in TOLERANCE else {}
    with quiet():
        want = ref(values, axis=axis, keepdims=keepdims, **options)
    assert_like(getattr(mx, name)(x, axis=axis, keepdims=keepdims), want, dtype, 8)


SCANS = {"cumsum": np.cumsum, "cumprod": np.cumprod, "cummax": np.maximum.accumulate, "cummin": np.minimum.accumulate}


@examples(300)
@given(st.data())
def test_scans_along_any_axis_in_both_directions(data):
    name = data.draw(st.sampled_from(sorted(SCANS)))
    n, x = data.draw(arrays(INTS + FLOATS, operand=Operand(low=-1.2, high=1.3, ints=(-2, 2))))
    axis = data.draw(st.one_of(st.none(), *([st.integers(-n.ndim, n.ndim - 1)] if n.ndim else [])))
    backward = data.draw(st.booleans())
    dtype = counting(dtype_name(x))
    values, along = (wide(n, dtype), axis) if axis is not None else (wide(n, dtype).ravel(), 0)
    values = np.flip(values, along) if backward else values
    options = {"dtype": values.dtype} if name in ("cumsum", "cumprod") else {}
    want = SCANS[name](values, axis=along, **options)
    want = np.flip(want, along) if backward else want
    assert_like(getattr(mx, name)(x, axis=axis, reverse=backward), want, dtype, 8)


@examples(300)
@given(st.data())
def test_sorts_along_any_axis(data):
    n, x = data.draw(arrays(INTS + FLOATS, operand=Operand(low=-2, high=2, ints=(0, 3))))
    if not n.ndim:
        return
    axis = data.draw(st.integers(-n.ndim, n.ndim - 1))
    assert_moved(mx.sort(x, axis=axis), np.sort(n, axis=axis), x)
    assert_like(mx.argsort(x, axis=axis), np.argsort(n, axis=axis, kind="stable"), "uint32")
    if n.shape[axis]:
        kth = data.draw(st.integers(0, n.shape[axis] - 1))
        got = np.sort(np.take(host(mx.partition(x, kth, axis=axis)), range(kth + 1), axis), axis)
        np.testing.assert_array_equal(got, np.take(np.sort(n, axis), range(kth + 1), axis))


# ---------------------------------------------------------------- shapes


def axis_of(data, n, extra=0):
    """An axis, from the front or from the end."""
    return data.draw(st.integers(-n.ndim - extra, n.ndim + extra - 1))


def factors(data, size):
    """A shape of so many elements, with one axis left to infer."""
    shape = []
    while size > 1 and len(shape) < 4:
        divisor = data.draw(st.sampled_from([d for d in range(1, size + 1) if size % d == 0]))
        shape.append(divisor)
        size //= divisor
    shape.append(size)
    if size:
        shape[data.draw(st.integers(0, len(shape) - 1))] = -1
    return tuple(shape)


def moves(data, n):
    """One call for both packages: its name and arguments."""
    options = {
        "reshape": lambda: (factors(data, n.size),),
        "transpose": lambda: (data.draw(st.permutations(range(n.ndim))),),
        "expand_dims": lambda: (axis_of(data, n, 1),),
        "atleast_2d": lambda: (),
        "tile": lambda: (data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=4)),),
    }
    if n.ndim:
        options |= {
            "moveaxis": lambda: (axis_of(data, n), axis_of(data, n)),
            "swapaxes": lambda: (axis_of(data, n), axis_of(data, n)),
            "flip": lambda: (data.draw(st.one_of(st.none(), hnp.valid_tuple_axes(n.ndim))),),
            "roll": lambda: (data.draw(st.integers(-9, 9)), data.draw(st.one_of(st.none(), st.just(axis_of(data, n))))),
            "repeat": lambda: (data.draw(st.integers(0, 3)), axis_of(data, n)),
            "squeeze": lambda: (tuple(i for i, s in enumerate(n.shape) if s == 1),),
            "pad": lambda: (
                data.draw(st.lists(st.tuples(*[st.integers(0, 2)] * 2), min_size=n.ndim, max_size=n.ndim)),
            ),
            "broadcast_to": lambda: ((2, *n.shape),),
        }
    if n.ndim > 1:
        options |= {"tril": lambda: (data.draw(st.integers(-4, 4)),), "triu": lambda: (data.draw(st.integers(-4, 4)),)}
    name = data.draw(st.sampled_from(sorted(options)))
    return name, options[name]()


@examples(600)
@given(st.data())
def test_shape_operations_move_the_same_elements(data):
    n, x = data.draw(arrays())
    name, args = moves(data, n)
    assert_moved(getattr(mx, name)(x, *args), getattr(np, name)(n, *args), x)


@examples(300)
@given(st.data())
def test_joining_and_splitting(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    dtype, seed = data.draw(st.sampled_from(ALL)), data.draw(SEEDS)
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    shapes = [(*shape[: axis % len(shape)], size, *shape[axis % len(shape) + 1 :]) for size in sizes]
    parts = [sampled(EVERY, s, dtype, seed + i) for i, s in enumerate(shapes)]
    whole = np.concatenate([n for n, _ in parts], axis)
    joined = mx.concatenate([x for _, x in parts], axis=axis)
    assert_moved(joined, whole, parts[0][1])
    places = sorted(data.draw(st.lists(st.integers(0, whole.shape[axis]), max_size=3)))
    for x, n in zip(mx.split(joined, places, axis=axis), np.split(whole, places, axis), strict=True):
        assert_moved(x, n, joined)
    assert_moved(mx.stack([joined, joined], axis=axis), np.stack([whole, whole], axis), joined)


# ---------------------------------------------------------------- indexing


@st.composite
def keys(draw, shape):
    """An index: basic, of integer arrays, or a mask."""
    kind = draw(st.sampled_from(["basic", "arrays", "mask"] if shape and 0 not in shape else ["basic"]))
    if kind == "basic":
        return draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=7))
    if kind == "mask":
        rng = np.random.default_rng(draw(SEEDS))
        return rng.random(shape[: draw(st.integers(1, len(shape)))]) < 0.5
    result = hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=3)
    return draw(hnp.integer_array_indices(shape, result_shape=result, dtype=np.int32))


@examples(600)
@given(st.data())
def test_reading_by_any_index(data):
    n, x = data.draw(arrays())
    key = data.draw(keys(n.shape))
    assert_moved(x[key], n[key], x)


@examples(400)
@given(st.data())
def test_writing_by_any_index(data):
    n, x = data.draw(arrays())
    key = data.draw(keys(n.shape))
    value = data.draw(st.integers(0, 1))
    n = n.copy()
    n[key] = value
    x[key] = value
    assert_moved(x, n, x)


@examples(300)
@given(st.data())
def test_taking_along_an_axis(data):
    n, x = data.draw(arrays())
    if not n.ndim or 0 in n.shape:
        return
    axis = data.draw(st.integers(-n.ndim, n.ndim - 1))
    side = n.shape[axis]
    result = hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)
    index = data.draw(hnp.arrays(np.int32, result, elements=st.integers(-side, side - 1)))
    assert_moved(mx.take(x, mx.array(index), axis=axis), np.take(n, index, axis), x)
    order = np.argsort(n if dtype_name(x) not in COMPLEX else n.real, axis)
    assert_moved(
        mx.take_along_axis(x, mx.array(order.astype(np.int32)), axis=axis), np.take_along_axis(n, order, axis), x
    )


# ---------------------------------------------------------------- products


@examples(400)
@given(st.data())
def test_matrix_products_broadcast(data):
    form = hnp.mutually_broadcastable_shapes(signature="(m?,n),(n,p?)->(m?,p?)", max_dims=2, min_side=0, max_side=5)
    dtype, seed = data.draw(st.sampled_from(FLOATS + COMPLEX)), data.draw(SEEDS)
    shapes = data.draw(form).input_shapes
    (a, x), (b, y) = (sampled(EVERY, s, dtype, seed + i) for i, s in enumerate(shapes))
    if data.draw(st.booleans()) and a.ndim > 1:  # the same matrix, stored by columns
        x = mx.swapaxes(mx.contiguous(mx.swapaxes(x, -1, -2)), -1, -2)
    assert_like(x @ y, wide(a, dtype) @ wide(b, dtype), dtype, 16)


@examples(300)
@given(st.data())
def test_einsum_of_random_subscripts(data):
    size = {c: data.draw(st.integers(0, 3)) for c in "abcd"}
    letters = st.lists(st.sampled_from("abcd"), max_size=3, unique=True)
    inputs = data.draw(st.lists(letters, min_size=1, max_size=3))
    used = sorted({c for i in inputs for c in i})
    output = data.draw(st.lists(st.sampled_from(used), unique=True)) if used else []
    text = ",".join(map("".join, inputs)) + "->" + "".join(output)
    dtype, seed = data.draw(st.sampled_from(("float32", "float64", "complex64"))), data.draw(SEEDS)
    pairs = [sampled(EVERY, tuple(size[c] for c in i), dtype, seed + k) for k, i in enumerate(inputs)]
    want = np.einsum(text, *(wide(n, dtype) for n, _ in pairs))
    assert_like(mx.einsum(text, *(x for _, x in pairs)), want, dtype, 32)
