"""grad, vjp, jvp, vmap: their contracts, compositions and errors, and what evaluates when."""

import functools
import gc
import inspect
import math
import weakref

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, assert_same, dtype_name, host
from hypothesis import given, settings
from hypothesis import strategies as st

A, B = mx.array(2.0), mx.array(3.0)


def product(x, y):
    """x times y."""
    return x * y


# ---------------------------------------------------------------- grad


def test_argnums_decide_the_form_of_the_gradient():
    assert_same(mx.grad(product)(A, B), 3)
    assert_same(mx.grad(product, argnums=(1,))(A, B), 2)
    for argnums in ((0, 1), [1, 0]):  # whatever the order of asking, the gradients come by position
        first, second = mx.grad(product, argnums=argnums)(A, B)
        assert_same(first, 3)
        assert_same(second, 2)


def test_argnames_add_a_dictionary():
    positional, named = mx.grad(product, argnames="y")(A, y=B)
    assert positional is None
    assert_same(named["y"], 2)
    positional, named = mx.grad(product, argnums=0, argnames=["y"])(A, y=B)
    assert_same(positional, 3)
    assert_same(named["y"], 2)
    value, (positional, named) = mx.value_and_grad(product, argnums=0, argnames=["y"])(A, y=B)
    assert_same(value, 6)
    assert_same(positional, 3)


def test_auxiliary_results_pass_through():
    (loss, more, word), slope = mx.value_and_grad(lambda x: (x * x, x + 1, "aux"))(A)
    assert_same(loss, 4)
    assert_same(more, 3)
    assert word == "aux"
    assert_same(slope, 4)


def test_unused_arguments_get_zeros_and_other_objects_pass():
    assert_same(mx.grad(lambda x: mx.array(3.0))(A), 0)
    assert_same(mx.grad(lambda x, k: x * k["n"])(A, {"n": 3, "s": "text"}), 3)
    unused = mx.grad(lambda p: p["a"] * 2)({"a": A, "b": mx.ones((2,), mx.float16)})
    assert_same(unused["b"], [0, 0], "float16")


def test_integer_arguments_have_integer_gradients():
    assert_same(mx.grad(lambda x: x * x)(mx.array(3)), 6, "int32")
    assert_same(mx.grad(lambda x: (x.astype(mx.int32) * 2).astype(mx.float32))(mx.array(1.5)), 2, "float32")


@pytest.mark.parametrize(
    "f",
    [lambda x: x > 1, mx.argmax, mx.sign, mx.floor, mx.round, lambda x: x // 2, mx.stop_gradient],
    ids=["greater", "argmax", "sign", "floor", "round", "floor_divide", "stop_gradient"],
)
def test_steps_have_no_slope(f):
    assert_same(mx.grad(lambda x: f(x).astype(mx.float32).sum() + (x * x).sum())(mx.array([1.5])), [3])


BAD_GRADS = {
    "python scalar": (lambda: mx.grad(lambda x: x * x)(3.0)),
    "vector loss": (lambda: mx.grad(lambda x: x * x)(mx.array([1.0, 2.0]))),
    "loss of one axis": (lambda: mx.grad(lambda x: x * 1.0)(mx.array([1.0]))),
    "tuple from grad": (lambda: mx.grad(lambda x: (x * x, x))(A)),
    "list from value_and_grad": (lambda: mx.value_and_grad(lambda x: [x * x, x])(A)),
    "number": (lambda: mx.grad(lambda x: 3.0)(A)),
    "nothing": (lambda: mx.grad(lambda x: None)(A)),
    "negative argnum": (lambda: mx.grad(product, argnums=-1)(A, B)),
    "argnum too large": (lambda: mx.grad(product, argnums=2)(A, B)),
    "argnum twice": (lambda: mx.grad(product, argnums=(0, 0))(A, B)),
    "no argnums": (lambda: mx.grad(product, argnums=())(A, B)),
    "argname passed by position": (lambda: mx.grad(product, argnames="y")(A, B)),
    "leaf that is no array": (lambda: mx.grad(lambda p: p["a"])({"a": A, "n": 3})),
    "tree without arrays": (lambda: mx.grad(lambda p: mx.array(1.0))({})),
}


@pytest.mark.parametrize("call", BAD_GRADS.values(), ids=BAD_GRADS)
def test_the_contract_of_grad_is_checked(call):
    with pytest.raises(ValueError):
        call()


@pytest.mark.parametrize("transform", [mx.grad, mx.value_and_grad, mx.vmap])
def test_only_callables_are_transformed(transform):
    with pytest.raises(TypeError):
        transform(3)


@pytest.mark.parametrize("transform", [mx.grad, mx.value_and_grad, mx.vmap])
def test_a_transformed_function_looks_like_its_original(transform):
    wrapped = transform(product)
    assert wrapped.__name__ == "product"
    assert wrapped.__doc__ == product.__doc__
    assert list(inspect.signature(wrapped).parameters) == ["x", "y"]


def test_an_exception_of_the_function_passes_through_and_leaves_no_trace():
    class StrangeError(Exception):
        pass

    def f(x):
        raise StrangeError

    for transform in (mx.grad, mx.vmap, mx.value_and_grad):
        with pytest.raises(StrangeError):
            transform(f)(mx.array([1.0]))
    assert_same(mx.grad(lambda x: x * x)(A), 4)


def test_callables_of_every_kind_are_taken():
    class Square:
        def __call__(self, x):
            return x * x

        def method(self, x):
            return x * x

    for f in (Square(), Square().method, functools.partial(product, mx.array(2.0))):
        assert_same(mx.grad(f)(A), 4 if not isinstance(f, functools.partial) else 2)


SUBGRADIENTS = {
    "maximum of equals": (lambda x: mx.maximum(x, 0), 0.0, 0.0),
    "minimum of equals": (lambda x: mx.minimum(x, 1.0), 1.0, 0.0),
    "abs at zero": (mx.abs, 0.0, 0.0),
    "sqrt at zero": (mx.sqrt, 0.0, math.inf),
    "square at zero": (lambda x: x**2, 0.0, 0.0),
    "clip at its bound": (lambda x: mx.clip(x, 0, 1), 1.0, 0.0),
    "clip beyond its bound": (lambda x: mx.clip(x, 0, 1), 2.0, 0.0),
    "remainder by x": (lambda x: mx.remainder(5.0, x), 3.0, -1.0),
}


@pytest.mark.parametrize(("f", "at", "slope"), SUBGRADIENTS.values(), ids=SUBGRADIENTS)
def test_slopes_at_kinks(f, at, slope):
    assert_same(mx.grad(f)(mx.array(at)), slope)


def test_tied_extremes_share_the_gradient():
    assert_same(mx.grad(mx.max)(mx.array([1.0, 3.0, 3.0])), [0, 0.5, 0.5])
    assert_same(mx.grad(mx.min)(mx.array([1.0, 1.0, 1.0, 1.0])), [0.25] * 4)


@pytest.mark.parametrize("zeros", [(0,), (0, 2), ()])
def test_the_slope_of_a_product_is_exact_around_zeros(zeros):
    n = np.array([2.0, 3.0, 5.0])
    n[list(zeros)] = 0
    want = [np.prod(np.delete(n, i)) for i in range(3)]
    assert_same(mx.grad(mx.prod)(mx.array(n)), want)
    scans = mx.grad(lambda x: mx.cumprod(x)[-1])(mx.array(n))
    assert_same(scans, want)


def test_selected_elements_take_the_whole_gradient():
    x = mx.array([3.0, 1.0, 2.0])
    assert_same(mx.grad(lambda x: mx.sort(x)[0])(x), [0, 1, 0])
    assert_same(mx.grad(mx.median)(x), [0, 0, 1])
    assert_same(mx.grad(lambda x: mx.topk(x, 1).sum())(x), [1, 0, 0])
    assert_same(mx.grad(lambda x: mx.cummax(x)[-1])(x), [1, 0, 0])


def test_complex_gradients_are_conjugates():
    z = mx.array(1 + 1j)
    assert_close(mx.grad(lambda z: z * z)(z), 2 - 2j, "complex64")
    assert_close(mx.grad(mx.abs)(z), (1 + 1j) / math.sqrt(2), rtol=1e-5)


def test_gradients_add_up_over_repeated_use():
    x = mx.array([3.0])
    assert_same(mx.grad(lambda x: x[0] + mx.stop_gradient(x[0]) * x[0])(x), [4])
    assert_same(mx.grad(lambda x: x[mx.array([0, 0])].sum())(mx.array([1.0, 2.0])), [2, 0])


@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16, mx.complex64])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("rows", [1, 3, 200])
def test_a_matrix_that_many_steps_read_gets_the_sum_of_what_copies_of_it_get(rows, transposed, dtype):
    steps = 5
    weight = mx.random.normal((40, 30), key=mx.random.key(0)).astype(dtype)
    xs = mx.random.normal((steps, rows, 30 if transposed else 40), key=mx.random.key(1)).astype(dtype)

    def loss(*weights):
        outputs = [x @ (w.T if transposed else w) for x, w in zip(xs, weights, strict=True)]
        return mx.sum(mx.square(mx.abs(sum(outputs))))

    shared = mx.grad(lambda w: loss(*[w] * steps))
    copies = mx.grad(loss, argnums=list(range(steps)))(*[weight] * steps)
    expected = sum(copy.astype(mx.complex64) for copy in copies)
    tolerance = 0.02 if dtype == mx.bfloat16 else 1e-5
    for gradient in (shared(weight), mx.compile(shared)(weight)):
        assert gradient.dtype == dtype
        error = mx.abs(gradient.astype(mx.complex64) - expected).max() / mx.abs(expected).max()
        assert error.item() < tolerance


def test_perturbations_of_nested_derivatives_are_kept_apart():
    def outer(x):
        inner = mx.grad(lambda y: x + y)(mx.array(1.0))  # 1, whatever x is
        return x * inner

    assert_same(mx.grad(outer)(mx.array(5.0)), 1)
    assert_same(mx.grad(lambda x: mx.grad(lambda y: x * y * y)(x))(mx.array(3.0)), 12)
    captured = mx.array(3.0)
    assert_same(mx.grad(lambda x: x * captured)(captured), 3)


def test_in_place_updates_differentiate_to_any_order():
    def f(x):
        y = x * x
        y[0] = x[1] * x[1] * x[1]
        y += x
        return y.sum()

    x = mx.array([1.0, 2.0])
    assert_same(mx.grad(f)(x), [1, 17])
    assert_same(mx.grad(lambda x: mx.grad(f)(x).sum())(x), [0, 14])


def test_values_may_be_read_inside_grad_and_kept():
    seen = []

    def f(x):
        y = x * x
        seen.append(y.item())
        mx.eval(y)
        return y * x

    assert_same(mx.grad(f)(A), 12)
    assert_same(mx.grad(mx.grad(f))(A), 12)
    assert seen[0] == 4


# ---------------------------------------------------------------- vjp and jvp


def test_results_are_always_lists():
    outputs, pulled = mx.vjp(product, [A, B], [mx.array(1.0)])
    assert [v.item() for v in outputs] == [6]
    assert [v.item() for v in pulled] == [3, 2]
    outputs, pushed = mx.jvp(lambda x, y: (x * y, x + y), (A, B), [mx.array(1.0), mx.array(0.0)])
    assert [v.item() for v in outputs] == [6, 5]
    assert [v.item() for v in pushed] == [3, 1]
    assert type(outputs) is type(pushed) is list


BAD_PAIRS = {
    "cotangent of another shape": lambda: mx.vjp(lambda x: x * 2, [mx.ones(2)], [mx.array(1.0)]),
    "too few cotangents": lambda: mx.vjp(lambda x: x * 2, [A], []),
    "tangent of another shape": lambda: mx.jvp(mx.sin, [mx.ones(2)], [mx.array(1.0)]),
    "too few tangents": lambda: mx.jvp(mx.sin, [A], []),
}


@pytest.mark.parametrize("call", BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_cotangents_and_tangents_must_match(call):
    with pytest.raises(ValueError):
        call()


def test_primals_are_a_sequence():
    for transform in (mx.vjp, mx.jvp):
        with pytest.raises(TypeError):
            transform(mx.sin, A, A)


# ---------------------------------------------------------------- vmap

V = mx.array([1, 2])


def test_axes_may_be_shared_negative_or_moved():
    assert_same(mx.vmap(lambda x, y: x + y, in_axes=(0, None))(V, mx.array([3, 4])), [[4, 5], [5, 6]])
    assert_same(mx.vmap(mx.sum, in_axes=-1)(mx.ones((2, 3))), [2, 2, 2])
    assert mx.vmap(lambda x: x, in_axes=1, out_axes=-1)(mx.zeros((2, 3, 4))).shape == (2, 4, 3)
    assert_same(mx.vmap(mx.sum, in_axes=(1,))(mx.ones((2, 3))), [2, 2, 2])


def test_trees_go_in_and_come_out():
    def f(p, q):
        return [p["a"] + p["b"] + q[0], {"s": q[1]}]

    total, rest = mx.vmap(f, in_axes=({"a": 0, "b": None}, (1, 0)), out_axes=[0, {"s": 1}])(
        {"a": V, "b": mx.array(10)}, (mx.array([[100, 200]]).reshape(1, 2), mx.array([[5, 6, 7], [8, 9, 10]]))
    )
    assert_same(total, [[111], [212]])
    assert_same(rest["s"], [[5, 8], [6, 9], [7, 10]])


def test_one_argument_takes_the_prefix_of_its_own_tree():
    f = lambda p: p["a"] + p["b"]
    tree = {"a": V, "b": mx.array(10)}
    assert_same(mx.vmap(f, in_axes={"a": 0, "b": None})(tree), [11, 12])
    with pytest.raises(ValueError):
        mx.vmap(f, in_axes=({"a": 0, "b": None},))(tree)
    assert_same(mx.vmap(lambda p: p[0] + p[1], in_axes=(0, None))((V, mx.array(5))), [6, 7])


def test_outputs_that_depend_on_nothing_mapped_are_repeated():
    assert_same(mx.vmap(lambda x: mx.array(5))(V), [5, 5])


BAD_MAPS = {
    "sizes that differ": (ValueError, lambda: mx.vmap(product)(V, mx.array([1, 2, 3]))),
    "axis out of range": (IndexError, lambda: mx.vmap(lambda x: x, in_axes=3)(V)),
    "no axis to map": (IndexError, lambda: mx.vmap(lambda x: x)(mx.array(1.0))),
    "axes as a list": (ValueError, lambda: mx.vmap(product, in_axes=[0, 0])(V, V)),
    "too many axes": (ValueError, lambda: mx.vmap(product, in_axes=(0, 0, 0))(V, V)),
    "nothing mapped": (ValueError, lambda: mx.vmap(product, in_axes=(None, None))(V, V)),
    "axes of None": (TypeError, lambda: mx.vmap(lambda x: x, in_axes=None)(V)),
    "python scalar": (ValueError, lambda: mx.vmap(product)(V, 3)),
    "number returned": (ValueError, lambda: mx.vmap(lambda x: 3)(V)),
    "item": (ValueError, lambda: mx.vmap(lambda x: x.item())(mx.array([1.0, 2.0]))),
    "eval": (ValueError, lambda: mx.vmap(lambda x: mx.eval(x) or x)(mx.array([1.0, 2.0]))),
    "branch": (ValueError, lambda: mx.vmap(lambda x: x if x > 0 else -x)(mx.array([1.0, 2.0]))),
    "numpy": (ValueError, lambda: mx.vmap(lambda x: mx.array(np.array(x)))(mx.array([1.0, 2.0]))),
}


@pytest.mark.parametrize(("error", "call"), BAD_MAPS.values(), ids=BAD_MAPS)
def test_the_contract_of_vmap_is_checked(error, call):
    with pytest.raises(error):
        call()


@pytest.mark.cotan_only
@pytest.mark.parametrize("name", ["item", "eval", "branch", "numpy"])
def test_evaluating_inside_vmap_names_vmap(name):
    with pytest.raises(ValueError, match="vmap"):
        BAD_MAPS[name][1]()


def test_random_numbers_are_shared_unless_keys_are_mapped():
    rows = mx.vmap(lambda x: x * 0 + mx.random.uniform(shape=(2,)))(mx.zeros((3, 2)))
    assert_same(rows[0], host(rows[1]))
    keys = mx.random.split(mx.random.key(0), 3)
    each = mx.vmap(lambda k: mx.random.uniform(shape=(4,), key=k))(keys)
    for i in range(3):
        assert_same(each[i], host(mx.random.uniform(shape=(4,), key=keys[i])))


# ---------------------------------------------------------------- compositions


def network(p, x):
    h = mx.tanh(x @ p["w"] + p["b"])
    return mx.logsumexp(h * h, axis=-1).sum() + mx.softmax(h, axis=-1)[..., 0].sum()


def parameters():
    return {"w": mx.array([[0.3, -0.2], [0.5, 0.1], [-0.4, 0.7]]), "b": mx.array([0.1, -0.3])}


def test_gradients_per_example_are_those_of_each_example_alone():
    p, xs = parameters(), mx.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.0]])
    each = mx.vmap(mx.grad(network), in_axes=(None, 0))(p, xs)
    for i in range(2):
        alone = mx.grad(network)(p, xs[i])
        for k in p:
            assert_close(each[k][i], host(alone[k]))
    together = mx.grad(network)(p, xs)
    for k in p:
        assert_close(each[k].sum(0), host(together[k]))


def test_a_hessian_is_the_same_built_four_ways():
    def f(x):
        return mx.sin(x[0]) * x[1] ** 3 + mx.exp(x[0] * x[2]) + mx.sum(mx.square(x))

    x = mx.array([0.3, -0.7, 0.2])
    eye = mx.eye(3)
    slope = mx.grad(f)
    push = lambda v: mx.jvp(slope, [x], [v])[1][0]
    pull = lambda v: mx.vjp(slope, [x], [v])[1][0]
    forward = lambda v: mx.grad(lambda x: mx.jvp(f, [x], [v])[1][0])(x)
    loops = [mx.stack([h(eye[i]) for i in range(3)]) for h in (push, pull, forward)]
    maps = [mx.vmap(h)(eye) for h in (push, pull, forward)]
    n = host(x).astype(np.float64)
    e = np.exp(n[0] * n[2])
    want = np.diag([2.0, 2, 2])
    want[0, 0] += -np.sin(n[0]) * n[1] ** 3 + n[2] ** 2 * e
    want[0, 1] = want[1, 0] = np.cos(n[0]) * 3 * n[1] ** 2
    want[1, 1] += np.sin(n[0]) * 6 * n[1]
    want[0, 2] = want[2, 0] = e * (1 + n[0] * n[2])
    want[2, 2] += n[0] ** 2 * e
    for h in (*loops, *maps):
        assert_close(h, want, rtol=1e-4, atol=1e-5)


WRAPPERS = {
    "grad": lambda f: mx.grad(f),
    "jvp": lambda f: lambda x: mx.jvp(f, [x], [mx.ones_like(x)])[1][0],
    "vjp": lambda f: lambda x: mx.vjp(f, [x], [mx.ones_like(x)])[1][0],
    "vmap": lambda f: lambda x: mx.vmap(f)(mx.stack([x, x]))[1],
}


@given(st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_transforms_nest_in_any_order_and_depth(names):
    f, slopes = (lambda x: mx.exp(2 * x)), 0
    for name in names:
        f = WRAPPERS[name](f)
        slopes += name != "vmap"
    assert_close(f(mx.array(0.25)), 2.0**slopes * math.exp(0.5), rtol=1e-5)


def test_a_forward_derivative_of_a_vmap_of_a_gradient():
    f = lambda w, x: mx.sum(mx.sin(w * x))
    each = lambda w: mx.vmap(mx.grad(f), in_axes=(None, 0))(w, mx.array([[1.0, 2.0], [3.0, 4.0]]))
    w = mx.array([0.1, 0.2])
    pushed = mx.jvp(each, [w], [mx.array([1.0, 0.0])])[1][0]
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    want = -np.sin(host(w) * x) * x * x * [1, 0]
    assert_close(pushed, want)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64"])
def test_gradients_keep_the_dtype_of_what_they_belong_to(dtype):
    x = mx.ones((2,)).astype(getattr(mx, dtype))
    y = mx.ones((2,))
    grads = mx.grad(lambda x, y: mx.real((x * y).sum().astype(mx.complex64)), argnums=(0, 1))(x, y)
    assert [dtype_name(g) for g in grads] == [dtype, "float32"]


# ---------------------------------------------------------------- what evaluates


def evaluated(x):
    try:
        mx.get_array_buffer_size(x)
    except ValueError:
        return False
    return True


def test_data_is_born_evaluated_and_results_are_not():
    assert evaluated(mx.array([1, 2]))
    assert evaluated(mx.array(np.ones(3)))
    for lazy in (mx.zeros((2,)), mx.arange(3), mx.array([1]) + 1, mx.random.uniform(shape=(2,))):
        assert not evaluated(lazy)
        mx.eval(lazy)
        assert evaluated(lazy)


def test_asking_about_an_array_does_not_evaluate_it():
    x = mx.ones((3,)) + 1
    _ = [x[0], list(x), x.astype(mx.int32), x == x, len(x), hash(x), x.shape, x.nbytes, mx.array(x), x.view(mx.int32)]
    y = mx.array(x)
    y += 1
    y[0] = 3
    assert not evaluated(x)
    assert not evaluated(y)


def test_evaluating_a_result_keeps_what_someone_holds():
    x = mx.ones((3,)) + 1
    y = mx.exp(x) * 2
    mx.eval(y)
    assert evaluated(x)
    assert_same(x, [2, 2, 2])


def test_eval_takes_trees_and_ignores_the_rest():
    x, y = mx.ones((2,)) + 1, mx.ones((2,)) * 3
    assert mx.eval(1, "a", None, object(), [x], {"k": (y, 3)}) is None
    assert evaluated(x)
    assert evaluated(y)
    z = mx.ones((2,)) + 5
    mx.async_eval([z])
    assert_same(z, [6, 6])


# ---------------------------------------------------------------- devices and memory


def test_the_cpu_is_the_device():
    assert mx.default_device() == mx.cpu == mx.Device(mx.cpu)
    assert mx.Device(mx.cpu) != mx.Device(mx.cpu, 1)
    assert mx.Device(mx.cpu) != "cpu"
    assert repr(mx.default_device()) == "Device(cpu, 0)"
    assert mx.is_available(mx.cpu)
    assert mx.device_count(mx.cpu) == 1
    assert {"architecture", "device_name"} <= set(mx.device_info())


def test_a_stream_is_current_inside_its_block():
    before, s = mx.default_stream(mx.cpu), mx.new_stream(mx.cpu)
    assert s != before
    with mx.stream(s):
        assert mx.default_stream(mx.cpu) == s
        x = mx.ones((2,)) + 1
    assert mx.default_stream(mx.cpu) == before
    assert_same(x, [2, 2])
    with mx.stream(mx.cpu):
        assert mx.default_device() == mx.cpu
    mx.synchronize()
    mx.synchronize(s)


@pytest.mark.cotan_only
def test_there_is_no_gpu():
    assert not mx.is_available(mx.gpu)
    assert mx.device_count(mx.gpu) == 0
    for use in (
        lambda: mx.set_default_device(mx.gpu),
        lambda: mx.new_stream(mx.gpu),
        lambda: mx.zeros(1, stream=mx.gpu),
    ):
        with pytest.raises(ValueError):
            use()


def test_memory_is_counted_and_given_back():
    mx.clear_cache()
    assert mx.get_cache_memory() == 0
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    x = mx.ones((256, 1024)) + 1
    mx.eval(x)
    assert mx.get_active_memory() - before >= x.nbytes
    assert mx.get_peak_memory() >= mx.get_active_memory()
    assert mx.get_array_buffer_size([x, {"again": x}], x) == mx.get_array_buffer_size(x) >= x.nbytes
    del x
    assert mx.get_active_memory() == before
    assert mx.get_array_buffer_size() == 0


def test_limits_return_what_they_replace():
    for setter in (mx.set_memory_limit, mx.set_cache_limit):
        old = setter(10**9)
        assert setter(old) == 10**9
        for bad in (-1, 1.5):
            with pytest.raises(TypeError):
                setter(bad)


def test_provenance_ends_with_the_outermost_trace():
    def step(w):
        return mx.grad(lambda w: mx.sum(w * w))(w)

    w = mx.ones((1024, 256))
    mx.eval(w)
    before = mx.get_active_memory()
    for _ in range(20):
        w = w - 0.1 * step(w)
        mx.eval(w)
    assert mx.get_active_memory() <= before + w.nbytes


@pytest.mark.cotan_only
def test_checkpoints_keep_a_fraction_of_what_a_gradient_would_keep():
    def layer(x):
        for _ in range(4):
            x = mx.exp(mx.sin(x)) * x
        return x

    def peak(layer):
        def loss(x):
            for _ in range(12):
                x = layer(x)
            return x.sum()

        x = mx.ones((1 << 16,))
        mx.eval(x)
        before = mx.get_active_memory()
        mx.reset_peak_memory()
        mx.eval(mx.grad(loss)(x))
        return mx.get_peak_memory() - before

    assert peak(mx.checkpoint(layer)) < peak(layer) / 3


@pytest.mark.cotan_only
@pytest.mark.parametrize("transform", [mx.grad, mx.value_and_grad, mx.vmap, mx.compile, mx.checkpoint, mx.jacfwd])
def test_an_object_that_holds_a_transform_of_its_own_method_is_collected(transform):
    class Model:
        def loss(self, x):
            return x

    model = Model()
    model.step = transform(model.loss)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("wrap", [mx.grad, mx.vmap, mx.compile, mx.jacfwd, mx.checkpoint, mx.custom_function])
def test_the_collector_may_run_while_a_wrapper_is_made(wrap):
    before, made = gc.get_threshold(), [{} for _ in range(200)]  # the dicts that Python keeps for use are used up
    gc.set_threshold(1)
    try:
        made.extend(wrap(lambda x: x * 2) for _ in range(200))
    finally:
        gc.set_threshold(*before)
    assert len(made) == 400
