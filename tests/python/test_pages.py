"""What the introductory pages on transforms, indexing, lazy evaluation, conversion and files promise, as sentences."""

import io
import timeit

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, assert_same, dtype_name, host

# ---------------------------------------------------------------- transforms


def test_the_derivative_of_sine_is_cosine():
    slope = mx.grad(mx.sin)
    assert_close(slope(mx.array(mx.pi)), -1, "float32")
    assert_close(slope(mx.array(mx.pi)), host(mx.cos(mx.array(mx.pi))))


def test_derivatives_nest_to_any_order():
    f, x = mx.sin, mx.array(mx.pi / 2)
    for expected in (1, 0, -1, 0, 1, 0, -1):
        assert_close(f(x), expected, atol=1e-6)
        f = mx.grad(f)


@pytest.fixture
def line():
    """A slope that is wrong by one, with two points of the true line."""
    return mx.array(1.0), mx.array([0.5, -0.5]), mx.array([1.5, -1.5])


def squared_error(w, x, y):
    return mx.mean(mx.square(w * x - y))


def test_grad_differentiates_in_the_first_argument_unless_told(line):
    assert_close(mx.grad(squared_error)(*line), -1, "float32")
    assert_close(mx.grad(squared_error, argnums=1)(*line), [-1, 1], "float32")


def test_value_and_grad_gives_the_loss_as_well(line):
    loss, slope = mx.value_and_grad(squared_error)(*line)
    assert_close(loss, 1, "float32")
    assert_close(slope, -1, "float32")


def test_gradients_keep_the_tree_of_the_parameters(line):
    def loss(params, x, y):
        return squared_error(params["weight"], x, y - params["bias"])

    grads = mx.grad(loss)({"weight": mx.array(1.0), "bias": mx.array(0.0)}, *line[1:])
    assert list(grads) == ["weight", "bias"]
    assert_close(grads["weight"], -1)
    assert_close(grads["bias"], 0)


@pytest.mark.parametrize("container", [list, tuple])
def test_gradients_flow_through_nested_containers(container):
    def loss(tree):
        (a, b), rest = tree
        return a * b + rest["c"].sum()

    tree = container([container([mx.array(2.0), mx.array(5.0)]), {"c": mx.ones((2,))}])
    grads = mx.grad(loss)(tree)
    assert type(grads) is container
    assert type(grads[0]) is container
    assert_same(grads[0][0], 5)
    assert_same(grads[0][1], 2)
    assert_same(grads[1]["c"], [1, 1])


def test_stop_gradient_cuts_a_path():
    slope = mx.grad(lambda x: x * mx.stop_gradient(x))
    assert_same(slope(mx.array(3.0)), 3)


def add_columns_to_rows(xs, ys):
    return [xs[i] + ys[:, i] for i in range(xs.shape[0])]


def test_vmap_over_the_second_axis_of_one_and_the_first_of_the_other():
    xs, ys = mx.random.uniform(shape=(40, 10)), mx.random.uniform(shape=(10, 40))
    add = mx.vmap(lambda x, y: x + y, in_axes=(1, 0))
    assert_same(add(xs, ys), host(xs.T + ys))
    turned = mx.vmap(lambda x, y: x + y, in_axes=(1, 0), out_axes=1)
    assert_same(turned(xs, ys), host((xs.T + ys).T))


@pytest.mark.slow
def test_vmap_beats_the_loop_it_replaces():
    xs, ys = mx.random.uniform(shape=(4096, 100)), mx.random.uniform(shape=(100, 4096))
    add = mx.vmap(lambda x, y: x + y, in_axes=(1, 0))
    mx.eval(xs, ys)
    loop = min(timeit.repeat(lambda: mx.eval(add_columns_to_rows(xs, ys)), number=1, repeat=5))
    mapped = min(timeit.repeat(lambda: mx.eval(add(xs, ys)), number=1, repeat=5))
    assert mapped < loop


# ---------------------------------------------------------------- indexing


def test_ints_and_slices_select():
    a = mx.arange(10)
    assert_same(a[3], 3, "int32")
    assert_same(a[-2], 8)
    assert_same(a[2:8:2], [2, 4, 6])


def test_an_ellipsis_stands_for_all_other_axes():
    a = mx.arange(8).reshape(2, 2, 2)
    for key in ((slice(None), slice(None), 0), (..., 0)):
        assert_same(a[key], [[0, 2], [4, 6]], "int32")


def test_none_makes_a_new_axis():
    a = mx.arange(8)
    assert a.shape == (8,)
    assert a[None].shape == (1, 8)


def test_an_array_selects_by_position():
    assert_same(mx.arange(10)[mx.array([5, 7])], [5, 7], "int32")


def test_kinds_of_index_mix_as_in_numpy():
    n = np.arange(60).reshape(3, 4, 5)
    a, i = mx.array(n), [2, 0]
    assert_same(a[mx.array(i), ..., 1:4:2], n[i, ..., 1:4:2])
    assert_same(a[:, None, mx.array(i), -1], n[:, None, i, -1])


def test_writing_through_an_index_changes_the_array_and_all_its_names():
    a = mx.array([1, 2, 3])
    b = a
    b[2] = 0
    assert_same(b, [1, 2, 0], "int32")
    assert_same(a, [1, 2, 0], "int32")


def test_gradients_see_in_place_updates():
    def fun(x, i):
        x[i] = 2.0
        return x.sum()

    x = mx.array([1.0, 2.0, 3.0])
    assert_same(mx.grad(fun)(x, mx.array([1])), [1, 0, 1], "float32")
    assert_same(x, [1, 2, 3])


@pytest.mark.cotan_only
class TestWhatThePagesRuleOut:
    """Masks, shapes that depend on values, and bounds checks."""

    def test_a_mask_reads_the_selected_entries(self):
        n = np.arange(12).reshape(3, 4) - 5
        a = mx.array(n)
        assert_same(a[a > 0], n[n > 0])
        rows = mx.array([True, False, True])
        assert_same(a[rows], n[[0, 2]])
        assert_same(a[:, mx.array([False, True, True, False])], n[:, 1:3])

    def test_a_mask_writes_the_selected_entries(self):
        n = np.arange(12.0).reshape(3, 4)
        a = mx.array(n)
        a[a > 5] = -1
        n[n > 5] = -1
        assert_same(a, n)
        a[a < 0] += 10
        n[n < 0] += 10
        assert_same(a, n)

    def test_nonzero_lists_positions_one_array_an_axis(self):
        n = np.array([[3, 0, 0], [0, 4, 5]])
        found = mx.nonzero(mx.array(n))
        assert len(found) == 2
        for x, want in zip(found, np.nonzero(n), strict=True):
            assert_same(x, want)

    def test_where_of_one_argument_is_nonzero(self):
        mask = mx.array([False, True, True])
        (found,) = mx.where(mask)
        assert_same(found, [1, 2])

    @pytest.mark.parametrize("index", [10, -11, 2**40])
    def test_an_int_out_of_range_raises_where_it_is_written(self, index):
        a = mx.arange(10)
        with pytest.raises(IndexError):
            a[index]
        with pytest.raises(IndexError):
            a[index] = 0
        with pytest.raises(IndexError):
            mx.zeros((2, 10))[1, index]

    @pytest.mark.parametrize("bad", [3, -4])
    def test_an_index_array_out_of_range_raises_at_the_latest_when_evaluated(self, bad):
        a, i = mx.zeros((3,)), mx.array([0, bad])

        def write():
            b = a * 1
            b[i] = 1.0
            return b

        uses = (lambda: a[i], write, lambda: a.at[i].add(1.0), lambda: mx.take(a, i), lambda: mx.take_along_axis(a, i))
        for use in uses:
            with pytest.raises(IndexError):
                mx.eval(use())
        assert_same(a, [0, 0, 0])

    @pytest.mark.parametrize("use", [lambda x: x[x > 0], lambda x: mx.nonzero(x), lambda x: mx.where(x > 0)])
    def test_under_vmap_a_shape_that_depends_on_values_is_refused_by_name(self, use):
        with pytest.raises(ValueError, match="vmap"):
            mx.vmap(use)(mx.ones((2, 3)))

    @pytest.mark.parametrize("use", [lambda x: x[x > 0], lambda x: mx.nonzero(x), lambda x: mx.where(x > 0)])
    def test_under_compile_a_shape_that_depends_on_values_is_refused_by_name(self, use):
        if not hasattr(mx, "compile"):
            pytest.fail("cotan.core has no compile")
        with pytest.raises(ValueError, match="compile"):
            mx.compile(use)(mx.ones((2, 3)))

    def test_gradients_flow_through_masks(self):
        x = mx.array([1.0, -2.0, 3.0])
        assert_same(mx.grad(lambda x: mx.square(x[x > 0]).sum())(x), [2, 0, 6])


# ---------------------------------------------------------------- lazy evaluation


def test_building_costs_no_evaluation():
    huge = mx.zeros((1 << 20, 1 << 14))  # 64 GiB, were it ever computed
    halves = huge.astype(mx.float16)
    kept, _unused = mx.ones((2,)) + 1, halves + 1
    assert halves.shape == (1 << 20, 1 << 14)
    assert_same(kept, [2, 2])


def test_a_training_loop_evaluates_once_a_step():
    w, x = mx.zeros((3,)), mx.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]])
    y = mx.array([3.0, 2.0])
    step = mx.value_and_grad(lambda w: mx.mean(mx.square(x @ w - y)))
    losses = []
    for _ in range(200):
        loss, slope = step(w)
        w = w - 0.2 * slope
        mx.eval(loss, w)
        losses.append(loss.item())
    assert losses[-1] < 1e-6 < losses[0]
    assert_close(x @ w, host(y), rtol=1e-3)


def test_evaluating_again_changes_nothing():
    x = mx.arange(3) * 2
    for _ in range(3):
        assert mx.eval(x, [x, {"x": x}]) is None
    assert_same(x, [0, 2, 4])


@pytest.mark.parametrize(
    "use",
    [print, repr, str, memoryview, np.array, lambda x: x[0].item(), lambda x: mx.save(io.BytesIO(), x), list, bool],
    ids=["print", "repr", "str", "memoryview", "numpy", "item", "save", "list", "bool"],
)
def test_reading_a_value_evaluates_it(use, capsys):
    use(mx.ones((1,)) * 3)


def test_values_may_steer_python():
    def fun(x):
        if x > 0:
            return x * x
        return -x

    assert_same(fun(mx.array(3.0)), 9)
    assert_same(mx.grad(fun)(mx.array(3.0)), 6)
    assert_same(mx.grad(fun)(mx.array(-3.0)), -1)


# ---------------------------------------------------------------- conversion


def test_numpy_takes_a_copy_and_gives_one():
    a = mx.arange(3)
    b = np.array(a)
    b[0] = 7
    c = mx.array(b)
    b[1] = 9
    assert_same(a, [0, 1, 2])
    assert_same(c, [7, 1, 2], "int32")


def test_a_numpy_view_owns_nothing_and_writes_through():
    a = mx.arange(3)
    view = np.array(a, copy=False)
    assert not view.flags.owndata
    view[0] = 1
    assert a[0].item() == 1


def test_gradients_do_not_see_writes_through_a_view():
    def f(x):
        view = np.array(x, copy=False)
        view[:] *= view
        return x.sum()

    y, slope = mx.value_and_grad(f)(mx.array([3.0]))
    assert y.item() == 9
    assert slope.item() == 1


def test_bfloat16_goes_to_numpy_through_a_wider_float():
    a = mx.array([1.5, -2.0], mx.bfloat16)
    np.testing.assert_array_equal(np.array(a.astype(mx.float32)), [1.5, -2.0])


@pytest.mark.cotan_only
def test_bfloat16_goes_to_numpy_as_itself_where_ml_dtypes_is_installed():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    n = np.array(mx.array([1.5, -2.0], mx.bfloat16))
    assert n.dtype == ml_dtypes.bfloat16
    assert dtype_name(mx.array(n)) == "bfloat16"
    np.testing.assert_array_equal(n.astype(np.float32), [1.5, -2.0])


def test_a_memoryview_shows_type_and_shape():
    m = memoryview(mx.arange(6, dtype=mx.int16).reshape(2, 3))
    assert (m.format, m.shape, m.itemsize) == ("h", (2, 3), 2)
    assert m.tolist() == [[0, 1, 2], [3, 4, 5]]


# ---------------------------------------------------------------- files


def test_save_adds_the_extension_and_load_reads_it_back(in_tmp):
    mx.save("array", mx.array([1.0]))
    assert [p.name for p in in_tmp.iterdir()] == ["array.npy"]
    assert_same(mx.load("array.npy"), [1], "float32")


def test_savez_names_what_has_no_name(in_tmp):
    mx.savez("arrays", mx.array([1.0]), b=mx.array([2.0]))
    found = mx.load("arrays.npz")
    assert sorted(found) == ["arr_0", "b"]
    assert_same(found["arr_0"], [1], "float32")
    assert_same(found["b"], [2], "float32")


@pytest.mark.parametrize(("save", "extension"), [("save_safetensors", "safetensors"), ("save_gguf", "gguf")])
def test_dictionaries_of_arrays_round_trip(in_tmp, save, extension):
    getattr(mx, save)("arrays", {"a": mx.array([1.0]), "b": mx.array([[2.0, 3.0]])})
    found = mx.load(f"arrays.{extension}")
    assert sorted(found) == ["a", "b"]
    assert_same(found["a"], [1], "float32")
    assert_same(found["b"], [[2, 3]], "float32")
