"""Edges of the ops that the table's laws don't reach: special values, empty arrays, forms of arguments, errors."""

import cotan.core as mx
import numpy as np
import pytest
from helpers import FLOATS, INTS, assert_close, assert_same, dtype_name, host, mx_dtype

INF, NAN = float("inf"), float("nan")
X = mx.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

# ---------------------------------------------------------------- special values

REAL_FLOATS = ("float32", "float64")
SPECIAL = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e-42, 3e38, 0.5, 2.0]


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize(
    "name",
    ["abs", "ceil", "cos", "cosh", "exp", "expm1", "floor", "isfinite", "isinf", "isnan", "log", "log10", "log1p",
     "log2", "arctan", "arcsinh", "arctanh", "arcsin", "negative", "reciprocal", "round", "sin", "sinh", "sqrt",
     "square", "tan", "tanh", "trunc", "degrees", "radians", "isposinf", "isneginf", "logical_not"],
)  # fmt: skip
def test_special_values_go_where_numpy_sends_them(name, dtype):
    n = np.array(SPECIAL, dtype)
    if name in ("sin", "cos", "tan"):
        n = np.where(np.abs(n) == np.array(3e38, dtype), np.array(100.0, dtype), n)
    with np.errstate(all="ignore"):
        wide = getattr(np, name)(n.astype(np.float64))
        want = wide.astype(dtype) if wide.dtype == np.float64 else wide
    got = host(getattr(mx, name)(mx.array(n, mx_dtype(dtype))))
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=0)
    zeros = (want == 0) & (np.abs(n) != np.abs(n[7]))
    if wide.dtype == np.float64:
        np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(want[zeros]))


@pytest.mark.cotan_only
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_huge_angles_are_reduced_exactly(name):
    for dtype in REAL_FLOATS:
        n = np.array([1e5, 1e8, -3e20, 3e38, 2.0**100, 12345678.9], dtype)
        want = getattr(np, name)(n.astype(np.float64))
        assert_close(getattr(mx, name)(mx.array(n, mx_dtype(dtype))), want, rtol=1e-6, atol=1e-7)


@pytest.mark.cotan_only
@pytest.mark.parametrize(
    "name", ["exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan",
             "arcsinh", "sqrt", "reciprocal"],
)  # fmt: skip
def test_doubles_are_accurate_to_two_units_in_the_last_place(name):
    rng = np.random.default_rng(0)
    n = np.abs(rng.normal(size=2000) * 4) + 1e-3
    got = host(getattr(mx, name)(mx.array(n, mx.float64)))
    np.testing.assert_array_max_ulp(got, getattr(np, name)(n), 4)  # NumPy's own error included


@pytest.mark.cotan_only
@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos", "tanh", "expm1", "log1p"])
def test_floats_are_accurate_to_two_units_in_the_last_place(name):
    rng = np.random.default_rng(1)
    n = np.abs(rng.normal(size=20_000) * 4).astype(np.float32) + np.float32(1e-3)
    want = getattr(np, name)(n.astype(np.float64))
    got = host(getattr(mx, name)(mx.array(n))).astype(np.float64)
    ulp = np.spacing(np.abs(want).astype(np.float32)).astype(np.float64)
    assert np.max(np.abs(got - want) / ulp) <= 2


def test_nan_is_contagious_and_sorts_last():
    a, b = mx.array([1.0, NAN]), mx.array([NAN, 2.0])
    for f in (mx.maximum, mx.minimum, mx.logaddexp):
        assert np.isnan(host(f(a, b))).all()
    for f in (mx.max, mx.min, mx.sum, mx.prod):
        assert np.isnan(f(a).item())
    assert_same(mx.sort(mx.array([NAN, 1.0, -INF, INF, NAN, 0.0])), [-INF, 0, 1, INF, NAN, NAN])
    assert_same(mx.sign(mx.array([-2.0, 0.0, NAN])), [-1, 0, 0])
    assert_same(mx.clip(mx.array([NAN, 1.0]), 0, 2), [NAN, 1])
    assert_same(mx.where(mx.array([NAN, 0.0]), 1, 0), [1, 0])


def test_closeness_and_equality():
    a = mx.array([1.0, NAN, INF])
    assert_same(mx.isclose(a, a), [True, False, True])
    assert_same(mx.isclose(a, a, equal_nan=True), [True, True, True])
    assert mx.allclose(mx.array([1, 2]), mx.array([[1, 2], [1, 2]])).item()
    assert not mx.array_equal(mx.array([1, 2]), mx.array([[1, 2]])).item()
    assert mx.array_equal(mx.array([1, 2]), mx.array([1.0, 2.0])).item()
    assert mx.array_equal(mx.array([NAN]), mx.array([NAN]), equal_nan=True).item()


def test_nan_to_num_replaces_with_what_is_asked():
    assert_same(mx.nan_to_num(mx.array([NAN, INF], mx.float16)), [0, 65504], "float16")
    assert_same(mx.nan_to_num(mx.array([NAN, INF, -INF]), nan=1, posinf=2, neginf=3), [1, 2, 3])


def test_rounding_goes_to_even_in_every_place():
    assert_same(mx.round(mx.array([0.5, 1.5, 2.5, -0.5])), [0, 2, 2, -0.0])
    assert_same(mx.round(mx.array([15, 25, 35]), -1), [20, 20, 40], "int32")
    assert_same(mx.round(mx.array([1.5 + 2.5j])), [2 + 2j])


def test_infinities_in_soft_reductions():
    assert np.isnan(host(mx.softmax(mx.array([-INF, -INF])))).all()
    assert_same(mx.softmax(mx.array([-INF, 0.0])), [0, 1])
    assert mx.logsumexp(mx.array([-INF, -INF])).item() == -INF
    assert mx.logsumexp(mx.array([INF, 1.0])).item() == INF
    assert_close(mx.logsumexp(mx.array([1000.0, 1000.0])), 1000 + np.log(2))
    assert_close(mx.softmax(mx.array([1e4, 1e4])), [0.5, 0.5])
    assert_same(mx.logaddexp(mx.array([-INF, INF]), mx.array([-INF, INF])), [-INF, INF])


def test_softmax_without_axis_covers_the_whole_array():
    assert_close(mx.softmax(mx.ones((2, 2))), np.full((2, 2), 0.25))


# ---------------------------------------------------------------- reductions


def test_axes_are_ints_sequences_or_nothing():
    assert_same(mx.sum(X, axis=(0, 1)), 21)
    assert_same(mx.sum(X, axis=[-1]), [6, 15])
    assert_same(mx.sum(X, axis=()), host(X))
    assert_same(mx.sum(X, np.int64(0)), [5, 7, 9])
    assert_same(mx.sum(X, 0, True), [[5, 7, 9]])
    for bad in (2, -3, (0, 5)):
        with pytest.raises(IndexError):
            mx.sum(X, axis=bad)
    with pytest.raises(IndexError):
        mx.sum(mx.array(3.0), axis=0)
    with pytest.raises(ValueError):
        mx.sum(X, axis=(0, 0))
    for bad in (1.0, "0"):
        with pytest.raises(TypeError):
            mx.sum(X, axis=bad)
    with pytest.raises(TypeError):
        mx.argmax(X, axis=(0, 1))


def test_empty_reductions_have_an_identity_or_raise():
    empty = mx.zeros((0,))
    assert_same(mx.sum(empty), 0)
    assert_same(mx.prod(empty), 1)
    assert_same(mx.all(empty), True)
    assert_same(mx.any(empty), False)
    assert np.isnan(mx.mean(empty).item())
    for f in (mx.max, mx.min, mx.argmax, mx.argmin, mx.logsumexp):
        with pytest.raises(ValueError):
            f(empty)
    assert mx.sum(mx.zeros((0, 3)), axis=0).tolist() == [0, 0, 0]
    assert mx.max(mx.zeros((0, 3)), axis=1).shape == (0,)


def test_variance_divides_by_what_remains():
    x = mx.array([1.0, 2.0, 3.0])
    assert_same(mx.var(x, ddof=1), 1)
    assert_same(mx.std(x, correction=1), 1)
    assert_same(x.var(ddof=3), INF)
    assert_same(x.var(ddof=5), INF)
    assert_same(mx.var(mx.array([1 + 1j, 2])), 0.5, "float32")


def test_small_integers_sum_wide():
    assert_same(mx.sum(mx.array([200, 100], mx.uint8)), 300, "uint32")
    assert_same(mx.sum(mx.ones((300,), mx.bool_)), 300, "int32")
    assert_same(mx.cumsum(mx.array([200, 100], mx.uint8)), [200, 44], "uint8")


@pytest.mark.cotan_only
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_accumulate_wide(dtype):
    ones = mx.ones((5000,), mx_dtype(dtype))
    assert_same(mx.mean(mx.ones((70_000,), mx_dtype(dtype))), 1, dtype)
    assert mx.sum(ones).item() == float(mx.array(5000.0).astype(mx_dtype(dtype)).item())
    assert_same(ones.reshape(50, 100).sum(0).max(), 50)


@pytest.mark.cotan_only
def test_the_mean_of_large_integers_does_not_wrap():
    assert_close(mx.mean(mx.array([2**31 - 1, 2**31 - 1])), 2.0**31, "float32")


@pytest.mark.parametrize("shape", [(1,), (7,), (1000,), (3, 1000), (1000, 3), (17, 33, 65), (2, 1, 4099)])
@pytest.mark.parametrize("name", ["sum", "max", "argmin", "logsumexp", "mean"])
def test_reductions_of_awkward_sizes(name, shape):
    n = np.random.default_rng(3).normal(size=shape)
    x = mx.array(n.astype(np.float32))
    n = host(x).astype(np.float64)
    for axis in (None, *range(len(shape))):
        got = getattr(mx, name)(x, axis=axis)
        want = np.log(np.exp(n).sum(axis)) if name == "logsumexp" else getattr(np, name)(n, axis)
        assert_close(got, want, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("shape", [(1,), (7,), (1000,), (3, 1000), (1000, 3), (17, 33, 65)])
def test_fused_chains_of_awkward_sizes(shape):
    n = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    x = mx.array(n)
    y = mx.exp(-x * x) + mx.where(x > 0, x, mx.sin(x)) * 2
    want = np.exp(-n * n) + np.where(n > 0, n, np.sin(n)) * 2
    assert_close(y, want, rtol=1e-5, atol=1e-5)
    assert_close(y.T + 1, want.T + 1, rtol=1e-5, atol=1e-5)
    assert_close(y.sum(), want.astype(np.float64).sum(), rtol=1e-4, atol=1e-3)
    assert_close(
        (y - y.mean(axis=-1, keepdims=True))[..., ::-1],
        (want - want.mean(-1, keepdims=True))[..., ::-1],
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize(
    ("axes", "shape"),
    [((0, -1), (24,)), ((1, 9), (2, 12)), ((-9, 1), (6, 4)), ((2, 2), (2, 3, 4)), ((-2, -1), (2, 12))],
)
def test_flatten_joins_the_axes_that_there_are(axes, shape):
    assert mx.flatten(mx.zeros((2, 3, 4)), *axes).shape == shape


@pytest.mark.parametrize("axes", [(2, 1), (3, 3), (5, 6), (-1, -2), (0, -5)])
def test_flatten_refuses_a_start_after_the_end_and_a_range_without_axes(axes):
    with pytest.raises(ValueError, match="flatten"):
        mx.flatten(mx.zeros((2, 3, 4)), *axes)


# ---------------------------------------------------------------- scans and sorts


def test_scans_flatten_without_axis_and_start_from_their_identity():
    assert_same(mx.cumsum(X), [1, 3, 6, 10, 15, 21])
    assert_same(mx.cumsum(mx.array(5)), [5])
    assert_same(mx.cummax(mx.array([1, 2, 3]), inclusive=False), [-(2**31), 1, 2])
    assert_same(mx.cummin(mx.array([1.0, 2.0]), inclusive=False), [INF, 1])
    assert_same(mx.cumsum(mx.array([1, 2]), dtype=mx.float32), [1, 3], "float32")


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 1000, 4099])
@pytest.mark.parametrize("dtype", ["int32", "float32", "uint8", "float16", "int64", "bool"])
def test_sorting_is_stable_at_every_size(n, dtype):
    v = np.random.default_rng(n).integers(0, 50, n).astype(dtype)
    x = mx.array(v)
    assert_same(mx.sort(x), np.sort(v), dtype)
    assert_same(mx.argsort(x), np.argsort(v, kind="stable"), "uint32")
    k = n // 2
    parted = host(mx.partition(x, k))
    assert parted[k] == np.sort(v)[k]
    assert (parted[:k] <= parted[k]).all()
    assert (parted[k:] >= parted[k]).all()


def test_sorting_errors():
    with pytest.raises(IndexError):
        mx.sort(mx.array(3))
    for call in (
        lambda: mx.topk(mx.array([5, 1]), 3),
        lambda: mx.partition(mx.array([5, 1]), 2),
        lambda: mx.searchsorted(mx.zeros((2, 2)), mx.array([1.0])),
        lambda: mx.searchsorted(mx.zeros((2,)), mx.array([1.0]), side="middle"),
        lambda: mx.unique(mx.array([1]), -1),
        lambda: mx.diff(mx.array([1, 4]), n=-1),
    ):
        with pytest.raises(ValueError):
            call()
    for call in (lambda: mx.unique(mx.array([1, 2])), lambda: mx.searchsorted(mx.array([1, 2]), 2)):
        with pytest.raises(TypeError):
            call()


def test_unique_pads_to_the_size_asked_for():
    x = mx.array([2, 1, 2, 3])
    assert_same(mx.unique(x, 5), [1, 2, 3, 1, 1])
    assert_same(mx.unique(x, 5, fill_value=-1), [1, 2, 3, -1, -1])
    values, first, inverse, counts = mx.unique(x, 3, return_index=True, return_inverse=True, return_counts=True)
    assert_same(values, [1, 2, 3])
    assert_same(first, [1, 0, 3], "uint32")
    assert_same(inverse, [1, 0, 1, 2], "uint32")
    assert_same(counts, [1, 2, 1], "int32")


# ---------------------------------------------------------------- creation


def test_arange_chooses_its_dtype_by_its_bounds():
    assert dtype_name(mx.arange(3)) == "int32"
    assert dtype_name(mx.arange(2**31, 2**31 + 2)) == "int64"
    assert dtype_name(mx.arange(0, 3.0)) == "float32"
    assert_same(mx.arange(stop=3), [0, 1, 2])
    assert_same(mx.arange(1, 4, step=2), [1, 3])
    assert_same(mx.arange(1, None, 2), [0])
    assert_same(mx.arange(5, 0), np.zeros(0), "int32")
    assert_same(mx.arange(0.5, 3, dtype=mx.int32), [0, 1, 2])


CREATION_ERRORS = {
    "step of zero": (ValueError, lambda: mx.arange(0, 10, 0)),
    "endless": (ValueError, lambda: mx.arange(0, INF)),
    "not a number": (ValueError, lambda: mx.arange(NAN)),
    "range of bools": (ValueError, lambda: mx.arange(3, dtype=mx.bool_)),
    "range of an array": (TypeError, lambda: mx.arange(mx.array(3))),
    "negative axis": (ValueError, lambda: mx.zeros((2, -1))),
    "negative identity": (ValueError, lambda: mx.eye(-1)),
    "negative count": (ValueError, lambda: mx.linspace(0, 1, -1)),
    "triangle of a vector": (ValueError, lambda: mx.tril(mx.ones(3))),
    "diagonal of a cube": (ValueError, lambda: mx.diag(mx.zeros((2, 2, 2)))),
    "indexing of meshgrid": (ValueError, lambda: mx.meshgrid(mx.array([1]), indexing="yx")),
    "full that does not fit": (ValueError, lambda: mx.full((2,), mx.array([1, 2, 3]))),
    "shape of floats": ((TypeError, RuntimeError), lambda: mx.zeros(2.0)),
}


@pytest.mark.parametrize(("error", "call"), CREATION_ERRORS.values(), ids=CREATION_ERRORS)
def test_wrong_requests_to_create_are_refused(error, call):
    with pytest.raises(error):
        call()


def test_small_windows_and_linspaces():
    assert_same(mx.hanning(1), [1])
    assert_same(mx.hanning(0), np.zeros(0))
    assert_same(mx.linspace(0, 1, 1), [0])
    assert_same(mx.linspace(0, 10, 3, dtype=mx.int32), [0, 5, 10], "int32")
    assert mx.full_like(mx.array([1, 2]), 2.7).tolist() == [2, 2]


# ---------------------------------------------------------------- shapes

SHAPE_ERRORS = {
    "reshape to another size": (ValueError, lambda: mx.reshape(X, (4, -1))),
    "two unknown axes": (ValueError, lambda: mx.reshape(X, (-1, -1))),
    "reshape to an int": (TypeError, lambda: mx.reshape(X, 6)),
    "squeeze of a long axis": (ValueError, lambda: mx.squeeze(X, 1)),
    "squeeze outside": (IndexError, lambda: mx.squeeze(X, 5)),
    "expand twice": (ValueError, lambda: mx.expand_dims(X, (0, 0))),
    "too few axes": (ValueError, lambda: mx.transpose(X, (0,))),
    "repeated axes": (ValueError, lambda: mx.transpose(X, (0, 0))),
    "axes outside": (IndexError, lambda: mx.transpose(X, (0, 2))),
    "flatten backwards": (ValueError, lambda: mx.flatten(mx.zeros((2, 3, 4)), 2, 1)),
    "unflatten to another size": (ValueError, lambda: mx.unflatten(X, 1, (2, 2))),
    "broadcast to unknown": (ValueError, lambda: mx.broadcast_to(mx.array([1, 2]), (-1, 2))),
    "broadcast to fewer axes": (ValueError, lambda: mx.broadcast_to(mx.zeros((2, 1)), (2,))),
    "broadcast of nothing": (ValueError, lambda: mx.zeros((0,)) + mx.zeros((2,))),
    "concatenate nothing": (ValueError, lambda: mx.concatenate([])),
    "concatenate scalars": (IndexError, lambda: mx.concatenate([mx.array(1), mx.array(2)])),
    "concatenate unlike": (ValueError, lambda: mx.concatenate([X, mx.zeros((2, 2))])),
    "stack unlike": (ValueError, lambda: mx.stack([X, X.T])),
    "stack nothing": (ValueError, lambda: mx.stack([])),
    "uneven split": (ValueError, lambda: mx.split(mx.arange(6), 4)),
    "split into none": (ValueError, lambda: mx.split(mx.arange(6), 0)),
    "negative padding": (ValueError, lambda: mx.pad(X, -1)),
    "padding per axis": (ValueError, lambda: mx.pad(X, [(1, 1), (1, 1), (1, 1)])),
    "negative repeats": (ValueError, lambda: mx.repeat(X, -1)),
    "view that does not divide": (ValueError, lambda: mx.view(mx.array([1, 2, 3], mx.int8), mx.int16)),
    "inner sizes": (ValueError, lambda: X @ X),
    "product of scalars": (ValueError, lambda: mx.matmul(mx.array(1.0), mx.array(2.0))),
    "batches that differ": (ValueError, lambda: mx.matmul(mx.zeros((2, 3, 3)), mx.zeros((4, 3, 3)))),
    "no bounds": (ValueError, lambda: mx.clip(X, None, None)),
}


@pytest.mark.parametrize(("error", "call"), SHAPE_ERRORS.values(), ids=SHAPE_ERRORS)
def test_shapes_that_do_not_fit_are_refused_where_they_are_written(error, call):
    with pytest.raises(error):
        call()


def test_empty_arrays_go_through_shape_functions():
    assert mx.zeros((0, 3)).reshape(3, -1).shape == (3, 0)
    assert mx.zeros((0, 3)).T.shape == (3, 0)
    assert mx.concatenate([mx.zeros((0, 2)), mx.ones((1, 2))]).shape == (1, 2)
    assert (mx.zeros((2, 0)) + mx.zeros((1,))).shape == (2, 0)
    assert (mx.zeros((2, 0)) @ mx.zeros((0, 3))).tolist() == [[0, 0, 0]] * 2


def test_containers_of_results():
    assert type(mx.split(mx.arange(4), 2)) is list
    assert type(mx.unstack(X)) is tuple
    assert type(mx.meshgrid(X[0])) is tuple
    assert type(mx.broadcast_arrays(X, X[0])) is list
    assert type(mx.divmod(X, 2.0)) is list
    assert type(mx.minmax(X)) is tuple
    assert type(mx.atleast_1d(X)) is mx.array
    assert type(mx.atleast_1d(X, X)) is list
    assert mx.broadcast_shapes((2, 1), (3,)) == (2, 3)


def test_padding_reflects_as_often_as_it_takes():
    x = mx.array([1, 2, 3])
    assert_same(mx.pad(x, 5, "reflect"), np.pad([1, 2, 3], 5, "reflect"))
    assert_same(mx.pad(x, 7, "symmetric"), np.pad([1, 2, 3], 7, "symmetric"))
    assert_same(mx.pad(x, (1, 2)), [0, 1, 2, 3, 0, 0])


# ---------------------------------------------------------------- products


@pytest.mark.parametrize("dtype", [*FLOATS, "complex64"])
@pytest.mark.parametrize(
    ("m", "k", "n"),
    [(1, 1, 1), (1, 64, 33), (33, 64, 1), (7, 5, 3), (64, 64, 64), (65, 130, 97), (4, 1000, 4), (3, 0, 2)],
)
def test_matrix_products_of_awkward_sizes_and_layouts(dtype, m, k, n):
    rng = np.random.default_rng(m + k + n)
    a, b = rng.normal(size=(m, k)), rng.normal(size=(k, n))
    if dtype == "complex64":
        a, b = a + 1j * a[::-1], b - 2j * b
    to = lambda v: mx.array(v.astype(np.complex64 if dtype == "complex64" else np.float32)).astype(mx_dtype(dtype))
    x, y = to(a), to(b)
    tolerance = {"float16": 2e-3, "bfloat16": 2e-2}.get(dtype, 1e-5) * np.sqrt(max(k, 1)) * 2
    want = host(x).astype(complex) @ host(y).astype(complex)
    for left in (x, to(a.T).T, mx.concatenate([x, x], axis=1)[:, :k] if k else x):
        for right in (y, to(b.T).T):
            got = left @ right
            assert dtype_name(got) == dtype
            np.testing.assert_allclose(host(got).astype(complex), want, rtol=tolerance, atol=tolerance)


@pytest.mark.cotan_only
@pytest.mark.parametrize("dtype", INTS)
def test_integer_matrix_products_are_exact(dtype):
    a, b = np.arange(6).reshape(2, 3), np.arange(12).reshape(3, 4)
    got = mx.array(a).astype(mx_dtype(dtype)) @ mx.array(b).astype(mx_dtype(dtype))
    assert_same(got, a @ b, dtype)


def test_histograms_agree_with_numpy_on_limits_edges_and_empty_input():
    x = np.array([0.0, 0.5, 1.0, 1.0, 2.5, 3.0, np.nan, 7.0], dtype="float32")
    for how in ({"bins": 3, "range": (0.0, 3.0)}, {"bins": [0.0, 1.0, 2.0, 3.0]}, {"bins": 1, "range": (2.0, 2.0)}):
        mine = {**how, "bins": mx.array(how["bins"]) if isinstance(how["bins"], list) else how["bins"]}
        counts, edges = mx.histogram(mx.array(x), **mine)
        wanted, at = np.histogram(x, **how)
        assert counts.tolist() == wanted.tolist()
        np.testing.assert_allclose(np.array(edges), at)
    counts, edges = mx.histogram(mx.zeros((0,)), bins=2)
    assert counts.tolist() == [0, 0]
    assert edges.tolist() == [0.0, 0.5, 1.0]
    assert mx.histogram(mx.full((3,), 4.0), bins=2)[1].tolist() == [3.5, 4.0, 4.5]
    for bad in (
        {"bins": 0},
        {"bins": -3},
        {"range": (2.0, 1.0)},
        {"range": (0.0, mx.inf)},
        {"weights": mx.zeros((2,))},
    ):
        with pytest.raises(ValueError, match="histogram"):
            mx.histogram(mx.zeros((3,)), **bad)


def test_counts_of_integers_have_the_length_asked_for_or_that_of_the_largest():
    x = mx.array([1, 4, 1, -2])
    assert mx.bincount(x, length=3).tolist() == [0, 2, 0]
    assert mx.bincount(x[:3]).tolist() == [0, 2, 0, 0, 1]
    assert mx.bincount(x[:3], minlength=7).tolist() == [0, 2, 0, 0, 1, 0, 0]
    assert mx.bincount(mx.zeros((0,), dtype=mx.int32)).tolist() == []
    assert mx.vmap(lambda row: mx.bincount(row, length=2))(mx.array([[0, 1], [1, 1]])).tolist() == [[1, 1], [0, 2]]
    for bad in (lambda: mx.bincount(x), lambda: mx.bincount(x, length=-1), lambda: mx.compile(mx.bincount)(x[:3])):
        with pytest.raises(ValueError):
            bad()
    with pytest.raises(ValueError, match="too many"):
        mx.bincount(x, length=2**40)


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles_between_elements_follow_the_method(method):
    x = np.random.default_rng(3).normal(size=(3, 8)).astype("float32")
    for q in (0.0, 0.3, 0.5, 1.0, [0.1, 0.9]):
        mine = mx.quantile(mx.array(x), q, axis=1, method=method)
        np.testing.assert_allclose(np.array(mine), np.quantile(x, q, axis=1, method=method), rtol=1e-5)
    for dtype in (mx.float16, mx.float32):
        same = mx.full((7,), 0.1, dtype)
        assert (mx.quantile(same, np.linspace(0, 1, 50).tolist(), method=method) == same[0]).all().item()
    for q, shape in ((mx.array([0.5]), (1,)), (np.array([0.5, 0.6]), (2,)), (mx.array(0.5), ()), (np.float32(0.5), ())):
        assert mx.quantile(mx.array(x), q, method=method).shape == shape
    for bad in (lambda a: mx.quantile(a, 1.5), lambda a: mx.quantile(a, []), lambda a: mx.quantile(a, 0.5, method="x")):
        with pytest.raises(ValueError, match="quantile"):
            bad(mx.array(x))
