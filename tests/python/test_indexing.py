"""Reading, writing and `.at` against NumPy over random index expressions, and the errors of wrong ones."""

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_same, dtype_name, host
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPES = [(), (5,), (3, 4), (2, 3, 4), (1, 4, 1, 2), (0, 3), (3, 0)]


def sample(shape, dtype=np.int32):
    return np.asarray(np.arange(int(np.prod(shape))).reshape(shape) * 7 % 31, dtype)


def to_ours(key):
    """The key with index arrays as arrays of ours."""
    if isinstance(key, tuple):
        return tuple(map(to_ours, key))
    return mx.array(key) if isinstance(key, np.ndarray) else key


# ---------------------------------------------------------------- random expressions


@st.composite
def slices(draw, n):
    bound = st.none() | st.integers(-n - 2, n + 2)
    step = draw(st.none() | st.sampled_from([-3, -2, -1, 1, 2, 3]))
    return slice(draw(bound), draw(bound), step)


@st.composite
def keys(draw, shape, arrays=True, unique=False):
    """An index for `shape`; all its index arrays broadcast together. `unique`: no position is named twice."""
    common = draw(st.sampled_from([(), (2,), (3,), (2, 1), (2, 3)]))
    key, n_arrays = [], 0
    for n in shape[: draw(st.integers(0, len(shape)))]:
        kinds = ["slice", "slice"] + (["int"] if n else []) + (["array"] if arrays and n else [])
        kind = draw(st.sampled_from(kinds))
        if kind == "slice":
            key.append(draw(slices(n)))
        elif kind == "int":
            key.append(draw(st.integers(-n, n - 1)))
        elif unique:
            if n_arrays == 0:
                picked = draw(st.permutations(range(n)))[: draw(st.integers(1, n))]
                key.append(np.array(picked, np.int32))
            else:
                key.append(draw(st.integers(0, n - 1)))
            n_arrays += 1
        else:
            size = int(np.prod(common))
            values = draw(st.lists(st.integers(-n, n - 1), min_size=size, max_size=size))
            dtype = draw(st.sampled_from([np.int32, np.int64, np.int8]))
            key.append(np.array(values, dtype).reshape(common))
            n_arrays += 1
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), Ellipsis)
    key = tuple(key)
    return key[0] if len(key) == 1 and draw(st.booleans()) else key


def fits(array, key):
    """Whether what stands behind an ellipsis fits the axes it lands on."""
    try:
        array[key]
    except IndexError:
        return False
    return True


@st.composite
def cases(draw, **kinds):
    shape = draw(st.sampled_from(SHAPES))
    n = sample(shape)
    key = draw(keys(shape, **kinds).filter(lambda key: fits(n, key)))
    return n, key


@given(cases())
@settings(max_examples=400, deadline=None)
def test_reading_equals_numpy(case):
    n, key = case
    assert_same(mx.array(n)[to_ours(key)], n[key], "int32")


@given(cases(unique=True), st.booleans())
@settings(max_examples=300, deadline=None)
def test_writing_equals_numpy(case, whole):
    n, key = case
    a = mx.array(n)
    target = n[key]
    value = sample(target.shape) + 100 if whole else np.int32(-7)
    a[to_ours(key)] = mx.array(value)
    want = n.copy()
    want[key] = value
    assert_same(a, want, "int32")


@pytest.mark.parametrize("shape", [(3, 1), (1, 4), (4,), (1,), ()])
def test_written_values_broadcast_to_the_selection(shape):
    n = sample((5, 4))
    a, value = mx.array(n), sample(shape) + 50
    key = (slice(None, None, 2), slice(None))
    a[key] = mx.array(value)
    n[key] = value
    assert_same(a, n)


UFUNCS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "divide": np.divide,
}


@given(cases(), st.sampled_from(sorted(UFUNCS)))
@settings(max_examples=300, deadline=None)
def test_at_counts_every_duplicate_as_numpy_does(case, method):
    n, key = case
    n = n.astype(np.float32)
    value = (sample(n[key].shape) % 3 + 1).astype(np.float32)
    a = mx.array(n)
    got = getattr(a.at[to_ours(key)], method)(mx.array(value))
    want = n.copy()
    UFUNCS[method].at(want, key, value)
    np.testing.assert_allclose(host(got), want, rtol=1e-5)
    assert_same(a, n)


@given(cases(unique=True))
@settings(max_examples=100, deadline=None)
def test_the_gradient_of_reading_puts_ones_back(case):
    n, key = case
    x = mx.array(n.astype(np.float32))
    slope = mx.grad(lambda x: x[to_ours(key)].sum())(x)
    want = np.zeros(n.shape, np.float32)
    want[key] = 1
    assert_same(slope, want)


@given(cases(unique=True))
@settings(max_examples=100, deadline=None)
def test_the_gradient_of_writing_is_zero_where_it_was_written(case):
    n, key = case

    def f(x, v):
        x = x * 1
        x[to_ours(key)] = v
        return (x * 3).sum()

    v = np.zeros(n[key].shape, np.float32)
    slope, of_value = mx.grad(f, argnums=(0, 1))(mx.array(n.astype(np.float32)), mx.array(v))
    want = np.full(n.shape, 3, np.float32)
    want[key] = 0
    assert_same(slope, want)
    assert_same(of_value, np.full(v.shape, 3))


# ---------------------------------------------------------------- masks


@pytest.mark.cotan_only
class TestMasks:
    """Boolean arrays select entries, alone or beside other indices, to read, write and update."""

    @given(st.data())
    @settings(max_examples=150, deadline=None)
    def test_reading_and_writing_equal_numpy(self, data):
        shape = data.draw(st.sampled_from([(5,), (3, 4), (2, 3, 4)]))
        n = sample(shape)
        axes = data.draw(st.integers(1, len(shape)))
        bits = data.draw(st.lists(st.booleans(), min_size=n.size, max_size=n.size))
        mask = np.array(bits).reshape(shape)[(...,) + (0,) * (len(shape) - axes)]
        a = mx.array(n)
        assert_same(a[mx.array(mask)], n[mask], "int32")
        a[mx.array(mask)] = 99
        n[mask] = 99
        assert_same(a, n)

    @pytest.mark.parametrize("kind", [mx.array, np.asarray, np.ndarray.tolist])
    def test_every_kind_of_mask_is_taken(self, kind):
        n = sample((2, 3))
        mask = n % 2 == 0
        a = mx.array(n)
        assert_same(a[kind(mask)], n[mask])
        a[kind(mask)] = 0
        n[mask] = 0
        assert_same(a, n)

    def test_a_mask_mixes_with_other_indices(self):
        n = sample((2, 3, 4))
        a, mask = mx.array(n), np.array([True, False, True])
        assert_same(a[:, mx.array(mask)], n[:, mask])
        assert_same(a[1, mx.array(mask), ::2], n[1, mask, ::2])
        assert_same(a[..., mx.array([True, False, False, True])], n[..., [0, 3]])
        a[0, mx.array(mask)] = -1
        n[0, mask] = -1
        assert_same(a, n)

    def test_a_mask_takes_augmented_assignment_and_at(self):
        n = sample((3, 4))
        a, mask = mx.array(n), n > 10
        a[mx.array(mask)] += 5
        n[mask] += 5
        assert_same(a, n)
        assert_same(a.at[mx.array(mask)].add(1), n + mask)

    def test_a_mask_of_another_shape_is_refused(self):
        a = mx.zeros((2, 3))
        for mask in (mx.array([True, False, True]), mx.ones((2, 1), mx.bool_), mx.ones((2, 3, 1), mx.bool_)):
            with pytest.raises((IndexError, ValueError)):
                a[mask]
            with pytest.raises((IndexError, ValueError)):
                a[mask] = 1


MASK = np.array([[True, False, True], [False, True, False]])


@pytest.mark.parametrize("kind", [mx.array, np.asarray, np.ndarray.tolist])
def test_a_mask_assigns_one_value_or_one_a_cell(kind):
    a = mx.zeros((2, 3), mx.int32)
    a[kind(MASK)] = 5
    assert_same(a, MASK * 5)
    a[kind(MASK)] = mx.array([1, 2, 3])
    assert_same(a, [[1, 0, 2], [0, 3, 0]])


def test_a_mask_over_leading_axes_assigns_rows():
    rows = mx.array([False, True])
    for value, want in ((mx.array([1, 2, 3]), [1, 2, 3]), (mx.array([[4, 5, 6]]), [4, 5, 6])):
        a = mx.zeros((2, 3), mx.int32)
        a[rows] = value
        assert_same(a, [[0, 0, 0], want])


def test_a_scalar_mask_covers_everything_or_nothing():
    a = mx.zeros((2, 3))
    a[False] = 1
    assert_same(a, np.zeros((2, 3)))
    a[mx.array(True)] = 2
    assert_same(a, np.full((2, 3), 2))


def test_too_few_values_for_a_mask_raise_when_evaluated():
    def assign(a):
        a[mx.array(MASK)] = mx.array([1.0, 2.0])
        mx.eval(a)

    with pytest.raises((RuntimeError, ValueError)):
        assign(mx.zeros((2, 3)))


# ---------------------------------------------------------------- values written


def test_written_values_are_cast_to_the_dtype_of_the_array():
    a = mx.zeros((3,), mx.int32)
    a[:] = mx.array([1.7, -2.2, 3.9])
    assert_same(a, [1, -2, 3], "int32")
    a[0] = 1j
    a[1] = True
    a[2] = np.float64(4.9)
    assert_same(a, [0, 1, 4], "int32")


def test_leading_axes_of_one_are_dropped_from_a_value():
    a = mx.zeros((2, 3))
    a[...] = mx.ones((1, 1, 2, 3))
    assert_same(a, np.ones((2, 3)))


@pytest.mark.parametrize(
    "value",
    [mx.ones((2, 2, 3)), mx.array([1.0, 2.0]), [1, 2, 3], (1,), "a", {}],
    ids=["larger", "unlike", "list", "tuple", "str", "dict"],
)
def test_values_that_do_not_fit_are_refused(value):
    a = mx.zeros((2, 3))
    with pytest.raises(ValueError):
        a[:] = value
    assert_same(a, np.zeros((2, 3)))


def test_an_int_that_does_not_fit_the_dtype_is_refused():
    a = mx.zeros((2,), mx.uint8)
    with pytest.raises(ValueError):
        a[0] = 300
    with pytest.raises(TypeError):
        a[0] = None


def test_the_right_side_is_read_before_the_write():
    a = mx.arange(5)
    a[1:] = a[:-1]
    assert_same(a, [0, 0, 1, 2, 3])
    a[::-1] = a
    assert_same(a, [3, 2, 1, 0, 0])
    a[0], a[4] = a[4], a[0]
    assert_same(a, [0, 2, 1, 0, 3])


def test_reads_and_shapes_are_values_not_views():
    a = mx.array([[1, 2], [3, 4]])
    rows, flat, same = a[0], a.reshape(-1), a[...]
    rows[0] = flat[1] = same[1, 1] = 99
    a[0][0] = 99
    assert_same(a, [[1, 2], [3, 4]])
    assert same is not a


def test_empty_and_outside_slices_write_nothing():
    a = mx.arange(3)
    a[5:9] = 7
    a[2:1] = 7
    assert_same(a, [0, 1, 2])


def test_updates_inside_a_transform_do_not_leak():
    def f(x):
        x[0] = 10.0
        x += 1
        return x.sum()

    x = mx.array([1.0, 2.0])
    assert_same(mx.grad(f)(x), [0, 1])
    assert_same(x, [1, 2])


@pytest.mark.cotan_only
def test_under_vmap_a_constant_index_updates_every_example():
    def f(x):
        x[0] = 5.0
        return x.at[1].add(1.0)

    x = mx.zeros((3, 2))
    assert_same(mx.vmap(f)(x), [[5, 1]] * 3)
    assert_same(x, np.zeros((3, 2)))


@pytest.mark.cotan_only
def test_integer_division_at_an_index_is_a_quotient():
    assert_same(mx.array([4, 9]).at[mx.array([0, 1])].divide(2), [2, 4], "int32")


# ---------------------------------------------------------------- errors

WRONG = {
    "float": 1.0,
    "string": "a",
    "range": range(2),
    "float array": mx.array([1.0]),
    "array bound": slice(mx.array(1), None),
    "float bound": slice(1.5, None),
    "two ellipses": (..., ...),
    "too many": (0, 0, 0),
    "arrays that differ": ([0, 1], [0, 1, 2]),
}


@pytest.mark.parametrize("key", WRONG.values(), ids=WRONG)
def test_wrong_indices_are_refused(key):
    a = mx.zeros((2, 3))
    for use in (lambda: a[key], lambda: a.at[key].add(1), lambda: a.__setitem__(key, 1)):
        with pytest.raises((ValueError, IndexError, TypeError)):
            use()


def test_an_array_without_axes_takes_no_int():
    a = mx.array(1)
    with pytest.raises((ValueError, IndexError)):
        a[0]
    assert_same(a[...], 1)
    assert_same(a[None], [1])
    a[()] = 5
    assert_same(a, 5)


@pytest.mark.cotan_only
def test_a_step_of_zero_is_refused():
    a = mx.arange(3)
    with pytest.raises(ValueError):
        a[::0]
    with pytest.raises(ValueError):
        a[::0] = 1


def test_entries_are_not_deleted():
    a = mx.arange(3)
    with pytest.raises((AttributeError, TypeError)):
        del a[0]


def test_at_needs_an_index():
    with pytest.raises(ValueError):
        mx.zeros((2,)).at.add(1)


# ---------------------------------------------------------------- functions


def test_take_drops_the_axis_for_an_int_and_reshapes_it_for_an_array():
    n = sample((2, 3, 4))
    a = mx.array(n)
    assert_same(mx.take(a, 1, axis=1), n[:, 1])
    assert_same(mx.take(a, mx.array([[0, -1]]), axis=-1), n[..., [[0, -1]]])
    assert_same(mx.take(a, mx.array([5, 23])), n.ravel()[[5, 23]])
    for bad in (-1, 3):
        with pytest.raises((ValueError, IndexError)):
            mx.take(a, bad, axis=1)
    with pytest.raises(TypeError):
        mx.take(a, [0, 1])


def test_put_along_axis_leaves_its_operand():
    a = mx.array([[1, 2], [3, 4]])
    assert_same(mx.put_along_axis(a, mx.array([0, 3]), mx.array([8, 9])), [[8, 2], [3, 9]])
    assert_same(a, [[1, 2], [3, 4]])


def test_take_along_axis_needs_as_many_axes():
    with pytest.raises(ValueError):
        mx.take_along_axis(mx.zeros((2, 2)), mx.array([0, 1]), axis=1)


def test_slice_sizes_cover_all_axes_and_fit():
    a = mx.zeros((3, 4))
    for size in ((2,), (4, 1)):
        with pytest.raises(ValueError):
            mx.slice(a, mx.array([0]), (0,), size)


@pytest.mark.cotan_only
def test_slices_that_start_outside_are_moved_inside():
    a = mx.arange(5)
    assert_same(mx.slice(a, mx.array([9]), (0,), (2,)), [3, 4])
    assert_same(mx.slice(a, mx.array([-9]), (0,), (2,)), [0, 1])


@pytest.mark.cotan_only
@pytest.mark.parametrize("shape", [(0,), (5,), (2, 3), (2, 0, 3), (2, 3, 2)])
def test_nonzero_equals_numpy(shape):
    n = sample(shape) % 3
    found = mx.nonzero(mx.array(n))
    for x, want in zip(found, np.nonzero(n), strict=True):
        assert_same(x, want)
        assert dtype_name(x) in ("int32", "uint32", "int64")
    mask = mx.array(n) != 0
    assert_same(mx.array(n)[found], n[n != 0])
    for x, want in zip(mx.where(mask), np.nonzero(n), strict=True):
        assert_same(x, want)
