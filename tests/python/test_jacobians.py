"""Jacobians, Hessians, linearisation and check_grads: equal to what grad, vjp and jvp give a direction at a time."""

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, assert_same, dtype_name, host

pytestmark = pytest.mark.cotan_only

X = mx.array([[0.5, -1.0, 2.0], [0.3, 0.7, -0.2]])
Y = mx.array([1.0, -0.5, 0.25])


def f(x, y):
    """From (2, 3) and (3,) to (2, 3)."""
    return mx.sin(x * y) + (x * x).sum(axis=1, keepdims=True) * y


def jacobian_a_tangent_at_a_time(f, args, which):
    """Columns by jvp."""
    x, columns = args[which], []
    for i in range(x.size):
        tangents = [mx.zeros_like(a) for a in args]
        tangents[which] = mx.zeros((x.size,)).at[i].add(1).reshape(x.shape).astype(x.dtype)
        columns.append(host(mx.jvp(f, args, tangents)[1][0]))
    out = columns[0].shape
    return np.stack(columns, -1).reshape(out + x.shape)


@pytest.mark.parametrize("jacobian", [mx.jacfwd, mx.jacrev])
def test_a_jacobian_is_its_columns(jacobian):
    for which in (0, 1):
        want = jacobian_a_tangent_at_a_time(f, (X, Y), which)
        assert_close(jacobian(f, argnums=which)(X, Y), want)
    both = jacobian(f, argnums=(0, 1))(X, Y)
    assert isinstance(both, tuple)
    assert [b.shape for b in both] == [(2, 3, 2, 3), (2, 3, 3)]


@pytest.mark.parametrize("jacobian", [mx.jacfwd, mx.jacrev])
def test_results_and_arguments_may_be_nested(jacobian):
    def g(p, scale):
        return {"sum": p["a"].sum() * scale, "pair": (p["a"] * p["b"], [p["b"][0]])}

    p = {"a": mx.array([1.0, 2.0]), "b": mx.array([3.0, 4.0])}
    j = jacobian(g)(p, scale=mx.array(2.0))
    assert_same(j["sum"]["a"], [2, 2])
    assert_same(j["sum"]["b"], [0, 0])
    assert_same(j["pair"][0]["a"], [[3, 0], [0, 4]])
    assert_same(j["pair"][0]["b"], [[1, 0], [0, 2]])
    assert_same(j["pair"][1][0]["b"], [1, 0])


@pytest.mark.parametrize("jacobian", [mx.jacfwd, mx.jacrev])
def test_the_function_runs_once(jacobian):
    calls = []

    def g(x, y):
        calls.append(1)
        return f(x, y)

    mx.eval(jacobian(g, argnums=(0, 1))(X, Y))
    assert len(calls) == 1


@pytest.mark.parametrize("jacobian", [mx.jacfwd, mx.jacrev])
def test_values_may_be_read_inside(jacobian):
    g = lambda x: x * x if x.sum().item() > 0 else -x
    assert_same(jacobian(g)(mx.array([1.0, 2.0])), [[2, 0], [0, 4]])


@pytest.mark.parametrize("jacobian", [mx.jacfwd, mx.jacrev])
def test_empty_and_constant_results(jacobian):
    assert jacobian(lambda x: x * 2)(mx.zeros((0, 3))).shape == (0, 3, 0, 3)
    assert_same(jacobian(lambda x: mx.ones((2,)))(mx.zeros((3,))), np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_both_modes_agree_in_every_type(dtype):
    x = Y.astype(getattr(mx, dtype)) * (1 + 2j if dtype == "complex64" else 1)
    forward, reverse = mx.jacfwd(mx.cumprod)(x), mx.jacrev(mx.cumprod)(x)
    assert dtype_name(forward) == dtype_name(reverse) == dtype
    assert_close(forward, host(reverse), rtol=1e-2 if dtype == "float16" else 1e-5)


def test_a_mix_of_real_and_complex_has_no_complex_jacobian():
    z = mx.array([1 + 1j])
    for call in (
        lambda: mx.jacfwd(mx.abs)(z),
        lambda: mx.jacrev(mx.abs)(z),
        lambda: mx.jacrev(lambda x: x * z)(mx.array([1.0])),
    ):
        with pytest.raises(ValueError, match="complex"):
            call()
    assert_close(mx.jacfwd(lambda x: x * z)(mx.array([1.0])), [[1 + 1j]])


def test_a_hessian_is_symmetric_and_its_products_are_hvps():
    loss = lambda x, y: (f(x, y) ** 2).sum()
    h = mx.hessian(loss)(X, Y)
    assert h.shape == (2, 3, 2, 3)
    matrix = host(h).reshape(6, 6)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-4, atol=1e-4)
    v = mx.cos(mx.arange(6.0)).reshape(2, 3)
    product = mx.hvp(lambda x: loss(x, Y), [X], [v])
    assert_close(product[0], (matrix @ host(v).reshape(6)).reshape(2, 3), rtol=1e-4, atol=1e-4)
    blocks = mx.hessian(loss, argnums=(0, 1))(X, Y)
    assert [[b.shape for b in row] for row in blocks] == [[(2, 3, 2, 3), (2, 3, 3)], [(3, 2, 3), (3, 3)]]
    assert_close(mx.moveaxis(blocks[1][0], 0, -1), host(blocks[0][1]), rtol=1e-4, atol=1e-4)


def test_hvp_takes_nested_arguments():
    loss = lambda p, s: (p["w"] ** 3).sum() * s
    primals = [{"w": mx.array([1.0, 2.0])}, mx.array(2.0)]
    product = mx.hvp(loss, primals, [{"w": mx.array([1.0, 0.0])}, mx.array(1.0)])
    assert_same(product[0]["w"], [12 + 3, 12])
    assert_same(product[1], 3)


def test_linearize_gives_the_jvp_and_runs_the_function_once():
    calls = []

    def g(x, y):
        calls.append(1)
        return {"r": f(x, y)}

    value, linear = mx.linearize(g, X, Y)
    assert_close(value["r"], host(f(X, Y)))
    for seed in range(3):
        tangents = [mx.random.normal(a.shape, key=mx.random.key(seed)) for a in (X, Y)]
        assert_close(linear(*tangents)["r"], host(mx.jvp(f, [X, Y], tangents)[1][0]), rtol=1e-5, atol=1e-5)
    assert len(calls) == 1
    zero = linear(mx.zeros_like(X), mx.zeros_like(Y))
    assert_same(zero["r"], np.zeros((2, 3)))


def test_a_linearized_function_is_a_function():
    _, linear = mx.linearize(lambda x: x**3, mx.array([1.0, 2.0]))
    assert_same(mx.vmap(linear)(mx.array([[1.0, 1.0], [2.0, 0.0]])), [[3, 12], [6, 0]])
    assert_same(mx.grad(lambda t: linear(t).sum())(mx.ones((2,))), [3, 12])
    slope = mx.grad(lambda x: mx.linearize(lambda x: x**3, x)[1](mx.array(1.0)))
    assert_same(slope(mx.array(2.0)), 12)
    assert_same(mx.compile(linear)(mx.ones((2,))), [3, 12])


@pytest.mark.parametrize("wrap", [mx.compile, mx.vmap, mx.checkpoint])
def test_jacobians_combine_with_other_transforms(wrap):
    g = lambda y: mx.sin(y) * y.sum()
    several = mx.stack([Y, Y * 2]) if wrap is mx.vmap else Y
    want = host(mx.jacfwd(g)(Y))
    for jacobian in (mx.jacfwd, mx.jacrev):
        got = wrap(jacobian(g))(several)
        assert_close(got[0] if wrap is mx.vmap else got, want)
    if wrap is not mx.vmap:
        assert_close(mx.jacrev(wrap(g))(Y), want)


def test_jacobians_of_loops():
    g = lambda y: mx.scan(lambda c, x: (mx.sin(c) * x, c + x), mx.array(0.5), y)[1]
    want = jacobian_a_tangent_at_a_time(g, (Y,), 0)
    assert_close(mx.jacfwd(g)(Y), want)
    assert_close(mx.jacrev(g)(Y), want)
    assert mx.hessian(lambda y: g(y).sum())(Y).shape == (3, 3)


# ---------------------------------------------------------------- check_grads


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
@pytest.mark.parametrize("name", ["sin", "product", "scan", "gather"])
def test_right_derivatives_pass(name, dtype):
    x = (Y * (1 + 0.5j) if dtype == "complex64" else Y).astype(getattr(mx, dtype))
    g = {
        "sin": lambda x: mx.sin(x),
        "product": lambda x: {"r": [x * x[::-1], (x**3).sum()]},
        "scan": lambda x: mx.scan(lambda c, x: (c * x + x, c), mx.ones((), x.dtype), x)[1],
        "gather": lambda x: x[mx.array([0, 2, 2])] * x.sum(),
    }[name]
    mx.check_grads(g, [x])
    mx.check_grads(g, (x,), order=3, modes=("fwd",))
    mx.check_grads(g, (x,), order=1, modes=["rev"])


def wrong(vjp=None, jvp=None):
    rule = mx.custom_function(lambda x, y: x * y)
    if vjp:
        rule.vjp(vjp)
    if jvp:
        rule.jvp(jvp)
    return rule


def test_wrong_derivatives_are_named():
    args = [mx.array([1.0, 2.0]), mx.array([3.0, 4.0])]
    g = wrong(vjp=lambda primals, cotangent, _: (cotangent * primals[1], cotangent * primals[0] * 2))
    with pytest.raises(AssertionError, match=r"args\[1\].*vjp.*argument 1 along.*expected .* got"):
        mx.check_grads(g, args)
    g = wrong(jvp=lambda primals, tangents: tangents[0] * primals[1] * 3 + tangents[1] * primals[0])
    with pytest.raises(AssertionError, match=r"args\[0\].*jvp.*argument 0.*output 0, element .*expected"):
        mx.check_grads(g, args)
    mx.check_grads(lambda x, y: x * y, args)
    # Right at first order only.
    right_once = mx.custom_function(lambda x: mx.sin(x))
    right_once.vjp(lambda x, cotangent, _: cotangent * mx.stop_gradient(mx.cos(x)))
    mx.check_grads(right_once, args[:1], order=1)
    with pytest.raises(AssertionError, match="of vjp"):
        mx.check_grads(right_once, args[:1], order=2)


BAD = {
    "no function": (TypeError, lambda: mx.jacfwd(3)),
    "no such argument": (ValueError, lambda: mx.jacrev(f, argnums=5)(X, Y)),
    "a result that is no array": (TypeError, lambda: mx.jacfwd(lambda x: "text")(X)),
    "hvp of a vector": (ValueError, lambda: mx.hvp(lambda x: x * 2, [Y], [Y])),
    "hvp without a list": (TypeError, lambda: mx.hvp(lambda x: x.sum(), Y, Y)),
    "tangent of another shape": (ValueError, lambda: mx.hvp(lambda x: x.sum(), [Y], [X])),
    "linear function of too few": (ValueError, lambda: mx.linearize(f, X, Y)[1](X)),
    "linear function of another shape": (ValueError, lambda: mx.linearize(f, X, Y)[1](Y, Y)),
    "unknown mode": (ValueError, lambda: mx.check_grads(f, [X, Y], modes=("up",))),
    "no mode": (ValueError, lambda: mx.check_grads(f, [X, Y], modes=())),
}


@pytest.mark.parametrize(("kind", "call"), BAD.values(), ids=BAD)
def test_errors_say_what_is_wrong(kind, call):
    with pytest.raises(kind):
        call()
