"""Laws of norms, rotary positions and attention, which are computed in one pass but stand for compositions."""

import itertools

import cotan.core as mx
import numpy as np
import pytest
from helpers import device, host

F = mx.fast
RNG = np.random.default_rng(7)


def normal(*shape, dtype="float64"):
    """Random numbers of a dtype."""
    return device(RNG.normal(size=shape), dtype)


def assert_near(got, want, tolerance):
    got, want = host(got), host(want)
    assert got.shape == want.shape
    scale = max(0.3, float(np.max(np.abs(want), initial=0)))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


def attended(q, k, v, mask=None, sinks=None, scale=0.3):
    """Attention of other operations."""
    heads = q.shape[1] // k.shape[1]
    k, v = mx.repeat(k, heads, 1), mx.repeat(v, heads, 1)
    s = scale * q @ k.swapaxes(-1, -2)
    rows, keys = s.shape[-2:]
    if isinstance(mask, str):
        mask = mx.arange(keys) <= mx.arange(rows)[:, None] + keys - rows
    if mask is not None:
        s = mx.where(mask, s, -1e30) if mask.dtype == mx.bool_ else s + mask.astype(s.dtype)
    if sinks is not None:
        s = mx.concatenate([mx.broadcast_to(sinks[:, None, None], (*s.shape[:-1], 1)).astype(s.dtype), s], -1)
    p = mx.softmax(s, -1)
    return (p if sinks is None else p[..., 1:]) @ v


def fused(q, k, v, mask=None, sinks=None, scale=0.3):
    return F.scaled_dot_product_attention(q, k, v, scale=scale, mask=mask, sinks=sinks)


def bools(*shape, p=0.5):
    return mx.array(RNG.random(shape) < p)


# (B, H, Lq, Lk, D, E, heads that share keys): few rows, many rows, several blocks of both, parts of long keys.
SIZES = [
    (1, 4, 2, 3, 3, 2, 2),
    (2, 2, 1, 17, 8, 8, 1),
    (1, 2, 130, 400, 20, 33, 1),
    (2, 6, 33, 65, 16, 16, 2),
    (1, 4, 5, 2200, 8, 4, 4),
    (1, 2, 120, 20, 7, 5, 2),
]
MASKS = {
    "none": lambda b, h, rows, keys: None,
    "causal": lambda b, h, rows, keys: "causal",
    "bools": lambda b, h, rows, keys: bools(rows, keys),
    "keys": lambda b, h, rows, keys: bools(b, 1, 1, keys, p=0.7),
    "nothing": lambda b, h, rows, keys: bools(rows, keys) & bools(rows, 1),
    "numbers": lambda b, h, rows, keys: normal(h, rows, keys, dtype="float32").astype(mx.float16),
    "columns": lambda b, h, rows, keys: normal(keys, rows, dtype="float32").astype(mx.float16).T,
}
TOLERANCE = {"float64": 1e-10, "float32": 3e-5, "float16": 1e-2, "bfloat16": 8e-2}


@pytest.mark.cotan_only
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_attention_and_its_gradients_are_those_of_the_composition(sizes, mask, dtype):
    b, h, rows, keys, features, outputs, share = sizes
    q = normal(b, h, rows, features, dtype=dtype)
    k, v = (normal(b, h // share, keys, n, dtype=dtype) for n in (features, outputs))
    mask = MASKS[mask](b, h, rows, keys)
    if dtype == "bfloat16" and getattr(mask, "dtype", None) == mx.float16:
        mask = mask.astype(mx.bfloat16)
    cotangent = normal(b, h, rows, outputs, dtype=dtype)
    for sinks in ([], [normal(h, dtype=dtype)]):
        operands = [q, k, v, *sinks]
        wide = [x.astype(mx.float64) for x in operands]

        def call(f, q, k, v, *sinks, mask=mask):
            return [f(q, k, v, mask, *sinks)]

        got = mx.vjp(lambda *xs: call(fused, *xs), operands, [cotangent])
        want = mx.vjp(lambda *xs: call(attended, *xs), wide, [cotangent.astype(mx.float64)])
        for x, y in zip(got[0] + got[1], want[0] + want[1], strict=True):
            assert_near(x, y, TOLERANCE[dtype])


def strided(x):
    """The same values, neither in order nor without gaps."""
    wide = mx.concatenate([x, x], -2).swapaxes(1, 2)
    return mx.contiguous(wide).swapaxes(1, 2)[..., : x.shape[-2], :]


@pytest.mark.parametrize("rows", [1, 70])
def test_attention_takes_keys_and_values_as_they_lie(rows):
    q, k, v = normal(2, 4, rows, 8), normal(2, 2, 90, 8), normal(2, 2, 90, 6)
    want = attended(q, k, v)
    assert_near(fused(strided(q), strided(k), strided(v)), want, 1e-10)
    columns = [mx.contiguous(x.swapaxes(-1, -2)).swapaxes(-1, -2) for x in (q, k, v)]
    assert_near(fused(*columns), want, 1e-10)
    assert_near(fused(q[..., ::-1], k[..., ::-1], v), want, 1e-10)
    assert_near(fused(q, k[..., ::-1, :], v[..., ::-1, :]), want, 1e-10)


@pytest.mark.parametrize(("rows", "keys"), [(0, 3), (3, 0), (0, 0)])
def test_attention_without_queries_or_keys_is_empty_or_zero(rows, keys):
    q, k, v = normal(1, 2, rows, 4, dtype="float32"), normal(1, 2, keys, 4, dtype="float32"), mx.zeros((1, 2, keys, 5))
    out, grads = mx.vjp(lambda *xs: [fused(*xs)], [q, k, v], [mx.ones((1, 2, rows, 5))])
    np.testing.assert_array_equal(host(out[0]), np.zeros((1, 2, rows, 5)))
    for x, grad in zip((q, k, v), grads, strict=True):
        np.testing.assert_array_equal(host(grad), np.zeros(x.shape))


@pytest.mark.cotan_only
@pytest.mark.parametrize(("features", "outputs"), [(0, 3), (3, 0)])
@pytest.mark.parametrize("rows", [2, 60])
def test_features_and_outputs_may_be_none(rows, features, outputs):
    q, k, v = normal(1, 2, rows, features), normal(1, 2, 50, features), normal(1, 2, 50, outputs)
    out, grads = mx.vjp(lambda *xs: [fused(*xs)], [q, k, v], [mx.ones((1, 2, rows, outputs), dtype=mx.float64)])
    assert_near(out[0], mx.broadcast_to(v.mean(-2, keepdims=True), (1, 2, rows, outputs)), 1e-10)
    assert [grad.shape for grad in grads] == [q.shape, k.shape, v.shape]
    mx.eval(grads)


@pytest.mark.parametrize("rows", [2, 60])
def test_rows_of_negative_infinities_give_nan_and_infinite_masks_hide(rows):
    q, k, v = (normal(1, 2, n, 4, dtype="float32") for n in (rows, 300, 300))
    assert np.isnan(host(fused(q, k, v, mx.full((rows, 300), -float("inf"))))).all()
    hidden = mx.where(mx.arange(300) < 250, -float("inf"), 0.0)
    assert_near(fused(q, k, v, hidden), fused(q, k[:, :, 250:], v[:, :, 250:]), 1e-5)


def heads(*lead):
    return [normal(*lead, *shape) for shape in ((1, 4, 3, 6), (1, 2, 5, 6), (1, 2, 5, 3))]


@pytest.mark.parametrize("shared", [*itertools.product((True, False), repeat=3)])
def test_attention_of_many_examples_is_that_of_each(shared):
    stacked, single = heads(4), heads()
    operands = [one if share else many for one, many, share in zip(single, stacked, shared, strict=True)]
    operands += [bools(4, 1, 3, 5), normal(4, 4)]
    axes = (*(None if share else 0 for share in shared), 0, 0)
    got = mx.vmap(fused, in_axes=axes)(*operands)
    each = [[x if a is None else x[i] for x, a in zip(operands, axes, strict=True)] for i in range(4)]
    assert_near(got, mx.stack([fused(*xs) for xs in each]), 1e-10)

    def slopes(*xs):
        return mx.grad(lambda *xs: (fused(*xs) ** 2).sum(), argnums=(0, 1, 2, 4))(*xs)

    for many, some in zip(
        mx.vmap(slopes, in_axes=axes)(*operands), zip(*[slopes(*xs) for xs in each], strict=True), strict=True
    ):
        assert_near(many, mx.stack(some), 1e-10)


def test_masks_and_sinks_that_examples_share_stay_shared():
    q, k, v = heads(4)
    for mask, sinks in ((bools(3, 5), None), (normal(3, 5), normal(4)), ("causal", normal(4))):
        got = mx.vmap(lambda q, k, v, m=mask, s=sinks: fused(q, k, v, m, s))(q, k, v)
        assert_near(got, mx.stack([fused(q[i], k[i], v[i], mask, sinks) for i in range(4)]), 1e-10)


def test_an_added_mask_has_its_gradient():
    q, k, v = heads()
    for shape in ((3, 5), (5,), (1, 4, 3, 1)):
        mask = normal(*shape)
        got, want = (mx.grad(lambda m, f=f: (f(q, k, v, m) ** 2).sum())(mask) for f in (fused, attended))
        assert_near(got, want, 1e-10)


def test_attention_has_derivatives_of_second_order_in_all_modes():
    q, k, v = heads()
    sinks = normal(4)

    def loss(f):
        return lambda q, s: (f(q, k, v, "causal", s) ** 2).sum()

    for argument in (0, 1):
        got, want = (mx.hessian(loss(f), argnums=argument)(q, sinks) for f in (fused, attended))
        assert_near(got, want, 1e-9)
    tangents = [normal(*x.shape) for x in (q, k, v)]
    got, want = (
        mx.jvp(lambda q, k, v, f=f: [f(q, k, v, "causal")], [q, k, v], tangents)[1][0] for f in (fused, attended)
    )
    assert_near(got, want, 1e-10)


@pytest.mark.cotan_only
def test_compiled_for_all_shapes_they_follow_the_shapes():
    def network(x, w):
        y = F.rope(F.rms_norm(x, w, 1e-5), 4, traditional=False, base=100.0, scale=1.0, offset=2)
        return F.layer_norm(fused(y, y, y, "causal", None), w, w, 1e-5)

    def loss(x, w):
        return (network(x, w) ** 3).sum()

    compiled, slopes = mx.compile(network, shapeless=True), mx.compile(mx.grad(loss, argnums=(0, 1)), shapeless=True)
    w = normal(4)
    for shape in ((1, 2, 3, 4), (2, 1, 50, 4), (1, 3, 1, 4)):
        x = normal(*shape)
        assert_near(compiled(x, w), network(x, w), 1e-12)
        for got, want in zip(slopes(x, w), mx.grad(loss, argnums=(0, 1))(x, w), strict=True):
            assert_near(got, want, 1e-12)


@pytest.mark.cotan_only
def test_the_memory_of_attention_grows_with_the_length():
    def peak(f, *xs):
        mx.eval(f(*xs))
        mx.reset_peak_memory()
        before = mx.get_active_memory()
        mx.eval(f(*xs))
        return mx.get_peak_memory() - before

    slopes = mx.grad(lambda *xs: fused(*xs, "causal").sum(), argnums=(0, 1, 2))
    for f in (lambda *xs: fused(*xs, "causal"), slopes):
        short, long = (peak(f, *[normal(1, 2, n, 16, dtype="float32") for _ in range(3)]) for n in (1024, 4096))
        assert long < 5 * short + (1 << 20)
        assert long < 2 * 4096 * 4096


@pytest.mark.cotan_only
def test_gradients_of_attention_are_the_same_every_time():
    q, k, v = (normal(3, 4, n, 8, dtype="float32") for n in (40, 500, 500))
    slopes = mx.grad(lambda q, k, v: (fused(q, k, v) ** 2).sum(), argnums=(0, 1, 2))
    for x, y in zip(slopes(q, k, v), slopes(q, k, v), strict=True):
        np.testing.assert_array_equal(host(x), host(y))


# ---------------------------------------------------------------- norms


def normalized(x, centre):
    x = x - x.mean(-1, keepdims=True) if centre else x
    return x * mx.rsqrt((x * x).mean(-1, keepdims=True) + 1e-3)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 1100), (1,), (4, 33), (0, 4), (200, 7), (5000, 3)], ids=str)
def test_norms_and_their_gradients_are_those_of_the_composition(shape, dtype):
    if dtype == "float64" and mx.__name__ != "cotan.core":
        pytest.skip("computed in float32 there")
    x, w, b = normal(*shape, dtype=dtype), normal(shape[-1], dtype=dtype), normal(shape[-1], dtype=dtype)
    cotangent = normal(*shape, dtype=dtype)
    wide = [a.astype(mx.float64) for a in (x, w, b)]
    pairs = [
        (lambda x, w, b: F.layer_norm(x, w, b, 1e-3), lambda x, w, b: normalized(x, True) * w + b),
        (lambda x, w, b: F.layer_norm(x, None, b, 1e-3) * w, lambda x, w, b: (normalized(x, True) + b) * w),
        (lambda x, w, b: F.rms_norm(x, w, 1e-3) + b, lambda x, w, b: normalized(x, False) * w + b),
    ]
    for f, g in pairs:
        got = mx.vjp(lambda *xs, f=f: [f(*xs)], [x, w, b], [cotangent])
        want = mx.vjp(lambda *xs, g=g: [g(*xs)], wide, [cotangent.astype(mx.float64)])
        for a, c in zip(got[0] + got[1], want[0] + want[1], strict=True):
            assert_near(a, c, TOLERANCE[dtype])


def test_norms_with_a_weight_for_each_example():
    x, w = normal(4, 3, 6), normal(4, 6)
    slopes = mx.grad(lambda x, w: (F.layer_norm(x, w, w, 1e-3) ** 3).sum(), argnums=(0, 1))
    for many, some in zip(
        mx.vmap(slopes)(x, w), zip(*[slopes(x[i], w[i]) for i in range(4)], strict=True), strict=True
    ):
        assert_near(many, mx.stack(some), 1e-10)
    twice = mx.vmap(mx.vmap(slopes, in_axes=(0, None)))(x, w)
    assert_near(twice[1], mx.stack([mx.stack([slopes(x[i, j], w[i])[1] for j in range(3)]) for i in range(4)]), 1e-10)


def test_norms_and_positions_of_strided_rows_are_those_of_a_copy():
    x = normal(3, 6, 8)
    for view in (x.swapaxes(0, 1), x.swapaxes(-1, -2), x[:, ::-2], x[..., ::-1]):
        copy = mx.contiguous(view)
        for f in (
            lambda a: F.rms_norm(a, None, 1e-5),
            lambda a: F.layer_norm(a, None, None, 1e-5),
            lambda a: F.rope(a, 4, traditional=True, base=100.0, scale=1.0, offset=1),
        ):
            np.testing.assert_array_equal(host(f(view)), host(f(copy)))


# ---------------------------------------------------------------- positions


@pytest.mark.parametrize("traditional", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 8), (2, 3, 40, 16), (2, 70, 5, 6), (0, 3, 4)], ids=str)
def test_turning_back_gives_the_rows(shape, traditional):
    x, offset = normal(*shape), mx.arange(shape[0]) if shape[0] else 0

    def turn(a):
        return F.rope(a, 4, traditional=traditional, base=100.0, scale=0.5, offset=offset)

    turned, back = mx.vjp(lambda a: [turn(a)], [x], [turn(x)])
    assert_near(back[0], x, 1e-10)
    assert_near((turned[0] ** 2).sum(-1), (x**2).sum(-1), 1e-10)


def test_positions_of_many_examples_are_those_of_each():
    x, offsets, freqs = (
        normal(4, 2, 3, 8),
        mx.array([1, 5, 2, 9]),
        mx.array([[1.0, 2.0, 3.0, 4.0]] * 4) + mx.arange(4)[:, None],
    )

    def turn(a, offset, freqs):
        return F.rope(a, 8, traditional=False, base=None, scale=1.0, offset=offset, freqs=freqs)

    for axes in ((0, 0, None), (0, None, 0), (None, 0, None), (0, 0, 0)):
        xs = [x, offsets, freqs]
        xs = [y if axis == 0 else y[0] for y, axis in zip(xs, axes, strict=True)]
        each = [turn(*[y[i] if axis == 0 else y for y, axis in zip(xs, axes, strict=True)]) for i in range(4)]
        assert_near(mx.vmap(turn, in_axes=axes)(*xs), mx.stack(each), 1e-6)
