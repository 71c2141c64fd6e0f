"""What vmap takes beyond MLX: keyword arguments, a number of examples, and reductions over a named axis."""

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, assert_same, dtype_name, host

pytestmark = pytest.mark.cotan_only

X = mx.array([[1.0, -2.0], [0.5, 3.0], [-1.0, 0.25]])


def named(f, **options):
    return mx.vmap(f, axis_name="i", **options)


# ---------------------------------------------------------------- keywords and sizes


def test_keyword_arguments_are_mapped_along_their_first_axis():
    f = lambda x, *, scale, shift=None: x * scale["s"] + (0 if shift is None else shift)
    assert_same(mx.vmap(f)(X, scale={"s": mx.array([1.0, 2.0, 3.0])}), host(X) * np.array([[1], [2], [3]]))
    assert_same(mx.vmap(f, in_axes=1)(X, scale={"s": mx.array([1.0, 2.0])}), (host(X) * [1, 2]).T)
    assert_same(mx.vmap(f, in_axes=(None,))(X, scale={"s": mx.array([1.0, 2.0])})[1], host(X) * 2)


def test_other_objects_in_keywords_are_passed_on():
    f = lambda x, *, mode, n: x * n if mode == "times" else x
    assert_same(mx.vmap(f)(X, mode="times", n=2), host(X) * 2)


def test_keywords_must_have_as_many_examples():
    with pytest.raises(ValueError, match="sizes 3 and 2"):
        mx.vmap(lambda x, k: x * k)(X, k=mx.ones((2,)))
    with pytest.raises(IndexError):
        mx.vmap(lambda x, k: x * k)(X, k=mx.array(1.0))


def test_axis_size_repeats_what_no_argument_maps():
    assert_same(mx.vmap(lambda: mx.array([1, 2]), axis_size=3)(), [[1, 2]] * 3)
    assert_same(mx.vmap(lambda x: x * 2, in_axes=(None,), axis_size=2)(mx.array(3.0)), [6, 6])
    assert_same(mx.vmap(lambda x: x * 2, axis_size=3)(X), host(X) * 2)
    assert mx.vmap(lambda: mx.ones((2,)), axis_size=0)().shape == (0, 2)
    for call in (lambda: mx.vmap(lambda x: x, axis_size=2)(X), lambda: mx.vmap(lambda x: x, axis_size=-1)(X)):
        with pytest.raises(ValueError, match="size"):
            call()


# ---------------------------------------------------------------- collectives

COLLECTIVES = {"psum": np.sum, "pmean": np.mean, "pmax": np.max, "pmin": np.min}


@pytest.mark.parametrize("name", COLLECTIVES)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_collective_reduces_the_mapped_axis(name, axis):
    collective = getattr(mx, name)
    got = named(lambda x: collective(x, "i"), in_axes=axis)(X)
    want = COLLECTIVES[name](host(X), axis=axis)
    assert_close(got, np.stack([want] * X.shape[axis]))


@pytest.mark.parametrize("name", COLLECTIVES)
def test_what_all_examples_share_counts_once_an_example(name):
    got = named(lambda x: x * 0 + getattr(mx, name)(mx.array(2.0), "i"))(mx.ones((3,)))
    assert_same(got, [6 if name == "psum" else 2] * 3)


def test_containers_and_types():
    pair = named(lambda x: mx.psum({"a": x, "b": (x.astype(mx.int32), x > 0)}, "i"))(X)
    assert dtype_name(pair["b"][0]) == "int32"
    assert_same(pair["b"][1][0], [2, 2], "int32")
    assert dtype_name(named(lambda x: mx.pmean(x, "i"))(mx.array([1, 2]))) == "float32"
    assert_same(named(lambda x: mx.psum(x, "i"))(mx.array([100, 100], mx.int8)).astype(mx.int32), [-56, -56])


def test_axis_index_numbers_the_examples():
    assert_same(named(lambda x: mx.axis_index("i"))(X), [0, 1, 2], "int32")
    assert_same(mx.vmap(lambda: mx.axis_index("i") * 2, axis_name="i", axis_size=4)(), [0, 2, 4, 6])


def test_names_of_nested_vmaps_are_kept_apart():
    f = lambda x: mx.psum(x, "i") + 10 * mx.psum(x, "j") + 100 * mx.psum(mx.psum(x, "i"), "j") + mx.axis_index("j")
    got = mx.vmap(mx.vmap(f, axis_name="j"), axis_name="i")(X)
    x = host(X)
    assert_close(got, x.sum(0, keepdims=True) + 10 * x.sum(1, keepdims=True) + 100 * x.sum() + np.arange(2))
    inner = mx.vmap(mx.vmap(lambda x: mx.psum(x, "i"), axis_name="i"), axis_name="i")(X)
    assert_close(inner, np.repeat(x.sum(1, keepdims=True), 2, 1))  # the innermost of that name


SMOOTH = {
    "psum": lambda x: mx.sin(x) * mx.psum(x * x, "i"),
    "pmean": lambda x: (x - mx.pmean(x, "i")) ** 2,
    "pmax": lambda x: x * mx.pmax(x, "i"),
    "pmin": lambda x: mx.exp(x) * mx.pmin(x * x, "i"),
}
PLAIN = {
    "psum": lambda x: mx.sin(x) * (x * x).sum(0, keepdims=True),
    "pmean": lambda x: (x - x.mean(0, keepdims=True)) ** 2,
    "pmax": lambda x: x * x.max(0, keepdims=True),
    "pmin": lambda x: mx.exp(x) * (x * x).min(0, keepdims=True),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_around_and_inside_are_those_of_the_reduction(name):
    f, g = SMOOTH[name], PLAIN[name]
    loss = lambda f: lambda x: (f(x) * mx.cos(x)).sum()
    want = mx.grad(loss(g))(X)
    assert_close(mx.grad(loss(named(f)))(X), host(want), rtol=1e-4)
    # Inside, the gradient of an example's loss counts what it does to the losses of all.
    assert_close(named(mx.grad(loss(f)))(X), host(want), rtol=1e-4)
    t = mx.array([[0.3, 1.0], [-1.0, 0.5], [0.2, 0.1]])
    want = mx.jvp(g, [X], [t])[1][0]
    assert_close(mx.jvp(named(f), [X], [t])[1][0], host(want), rtol=1e-4)
    assert_close(named(lambda x, t: mx.jvp(f, [x], [t])[1][0])(X, t), host(want), rtol=1e-4)
    second = lambda f: lambda x: (mx.grad(loss(f))(x) ** 2).sum()
    assert_close(mx.grad(second(named(f)))(X), host(mx.grad(second(g))(X)), rtol=1e-3, atol=1e-4)


def test_collectives_in_loops_branches_and_compiled_functions():
    f = lambda x: mx.scan(lambda c, _: (c - 0.5 * mx.pmean(c, "i"), mx.psum(c, "i")), x, length=3)
    carry, sums = named(f)(mx.array([1.0, 2.0, 3.0]))
    assert_close(carry, [-0.75, 0.25, 1.25])
    assert_close(sums, [[6, 3, 1.5]] * 3)
    g = lambda x: mx.cond(mx.psum(x, "i") > 0, lambda x: x * mx.psum(x, "i"), lambda x: x, x)
    assert_close(named(g)(mx.array([1.0, 2.0])), [3, 6])
    h = lambda x: mx.while_loop(lambda c: mx.pmax(c, "i") > 1, lambda c: c * 0.5, x)
    assert_close(named(h)(mx.array([8.0, 1.0])), [1, 0.125])
    assert_close(mx.compile(named(lambda x: x / mx.psum(x, "i")))(mx.array([1.0, 3.0])), [0.25, 0.75])


def test_a_name_that_no_vmap_has_is_an_error():
    with pytest.raises(ValueError, match=r"axis_name=.k.*names here: .i."):
        named(lambda x: mx.psum(x, "k"))(X)
    for call in (lambda: mx.psum(X, "i"), lambda: mx.axis_index("i")):
        with pytest.raises(ValueError, match="names here: none"):
            call()
    with pytest.raises(ZeroDivisionError):
        named(lambda x: 1 / 0)(X)
    with pytest.raises(ValueError, match="names here: none"):
        mx.psum(X, "i")  # the name went with the exception
