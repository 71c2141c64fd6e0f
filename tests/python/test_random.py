"""Random numbers: the generator against an independent model, the distributions built on it, keys and state."""

import threading

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, assert_same, dtype_name, host
from hypothesis import given, settings
from hypothesis import strategies as st

LOW32 = 0xFFFFFFFF


def threefry(key, x0, x1):
    """Threefry-2x32 of 20 rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3; SC 2011)."""
    ks = [*map(int, key), int(key[0]) ^ int(key[1]) ^ 0x1BD11BDA]
    x0, x1 = (x0 + ks[0]) & LOW32, (x1 + ks[1]) & LOW32
    for i in range(5):
        for r in ((13, 15, 26, 6), (17, 29, 16, 24))[i % 2]:
            x0 = (x0 + x1) & LOW32
            x1 = x0 ^ (((x1 << r) | (x1 >> (32 - r))) & LOW32)
        x0 = (x0 + ks[(i + 1) % 3]) & LOW32
        x1 = (x1 + ks[(i + 2) % 3] + i + 1) & LOW32
    return x0, x1


def words(key, n):
    """n words: counter i is hashed with its partner half the way on, an odd middle one with zero."""
    half, odd = divmod(n, 2)
    pairs = [threefry(key, i, i + half + odd) for i in range(half)]
    middle = [threefry(key, half, 0)[0]] if odd else []
    return np.array([p[0] for p in pairs] + middle + [p[1] for p in pairs], np.uint32)


def uniforms(key, n, low=0.0, high=1.0):
    """Uniform numbers in float32 from n words."""
    u = np.minimum(words(key, n).astype(np.float32) / np.float32(2**32 - 1), np.float32(1 - 2.0**-24))
    return (np.float32(high) - np.float32(low)) * u + np.float32(low)


KEYS = [(0, 0), (0, 42), (7, 9), (2**32 - 1, 123456789)]
COUNTS = [1, 2, 3, 4, 5, 12, 101]


def key_of(pair):
    return mx.array(np.array(pair, np.uint32))


def test_the_model_agrees_with_the_published_vectors():
    assert threefry((0, 0), 0, 0) == (0x6B200159, 0x99BA4EFE)
    assert threefry((LOW32, LOW32), LOW32, LOW32) == (0x1CB996FC, 0xBB002BE7)


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("n", COUNTS)
class TestWords:
    """Everything made from the generator's words by exact arithmetic is exact."""

    def test_split_is_the_words_themselves(self, key, n):
        assert_same(mx.random.split(key_of(key), n), words(key, 2 * n).reshape(n, 2), "uint32")

    def test_uniform(self, key, n):
        assert_same(mx.random.uniform(shape=(n,), key=key_of(key)), uniforms(key, n), "float32")
        scaled = mx.random.uniform(-2, 3, (n,), key=key_of(key))
        np.testing.assert_array_max_ulp(host(scaled), uniforms(key, n, -2, 3), 1)

    def test_bernoulli(self, key, n):
        bound = np.float32(0.3) * np.nextafter(np.float32(2**32 - 1), np.float32(np.inf))
        assert_same(mx.random.bernoulli(0.3, (n,), key=key_of(key)), words(key, n).astype(np.float32) < bound, "bool")

    def test_randint(self, key, n):
        want = np.clip(np.floor(uniforms(key, n, -5, 9)), -5, 8)
        assert_same(mx.random.randint(-5, 9, (n,), key=key_of(key)), want, "int32")

    def test_permutation(self, key, n):
        order = np.argsort(words(key, n), kind="stable")
        assert_same(mx.random.permutation(n, key=key_of(key)), order, "uint32")
        table = np.arange(2 * n).reshape(n, 2)
        assert_same(mx.random.permutation(mx.array(table), key=key_of(key)), table[order])

    def test_a_shape_is_filled_row_by_row(self, key, n):
        assert_same(mx.random.uniform(shape=(2, n), key=key_of(key)), uniforms(key, 2 * n).reshape(2, n))


def test_halves_round_the_same_uniforms():
    u = uniforms((0, 0), 12)
    assert_same(mx.random.uniform(shape=(12,), dtype=mx.float16, key=key_of((0, 0))), u.astype(np.float16), "float16")
    halves = mx.random.uniform(shape=(12,), dtype=mx.bfloat16, key=key_of((0, 0)))
    assert_same(halves, host(mx.array(u).astype(mx.bfloat16)), "bfloat16")


def test_a_seed_is_split_into_two_words():
    assert_same(mx.random.key(2**40 + 5), [256, 5], "uint32")
    assert_same(mx.random.key(2**64 - 1), [LOW32, LOW32])
    for bad in (-1, 2**64, 1.5):
        with pytest.raises(TypeError):
            mx.random.key(bad)


# ---------------------------------------------------------------- derived distributions


def test_gumbel_and_laplace_are_functions_of_uniforms():
    key = key_of((0, 0))
    u = mx.random.uniform(shape=(101,), key=key)
    assert_close(mx.random.gumbel((101,), key=key), host(-mx.log(-mx.log(u))), rtol=1e-5)
    v = mx.random.uniform(float(np.nextafter(np.float32(-1), np.float32(0))), 1, (101,), key=key)
    want = np.sign(host(v)) * np.log1p(-np.abs(host(v).astype(np.float64)))
    assert_close(mx.random.laplace((101,), loc=1.0, scale=2.0, key=key), 1 + 2 * want, rtol=1e-4, atol=1e-4)


def test_normal_is_the_inverse_error_function_of_uniforms():
    key = key_of((0, 0))
    v = mx.random.uniform(float(np.nextafter(np.float32(-1), np.float32(0))), 1, (101,), key=key)
    want = np.sqrt(2) * host(mx.erfinv(v)).astype(np.float64)
    assert_close(mx.random.normal((101,), key=key), want, rtol=1e-4, atol=1e-4)
    scaled = mx.random.normal((101,), loc=mx.array(2.0), scale=0.5, key=key)
    assert_close(scaled, 2 + 0.5 * want, rtol=1e-4, atol=1e-4)


def test_the_first_normals_are_the_documented_ones():
    want = [1.1901637, -1.0996886, 0.44367874, 0.59847, -0.3918953, 0.6926199]
    assert_close(mx.random.normal((12,), key=mx.random.key(0))[:6], want, rtol=1e-4)


def test_one_distribution_is_sampled_by_its_inverse():
    logits = np.float32([0.1, -0.3, 0.7, 0.2])
    weights = np.exp(logits - logits.max())
    edges = np.concatenate([[0], np.cumsum(weights)[:-1]]).astype(np.float32)
    for n in COUNTS:
        want = np.searchsorted(edges, uniforms((0, 42), n) * weights.sum(), side="right") - 1
        assert_same(mx.random.categorical(mx.array(logits), num_samples=n, key=key_of((0, 42))), want, "uint32")


def test_several_distributions_are_sampled_by_the_gumbel_maximum():
    key, logits = key_of((0, 0)), mx.array(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4))
    want = np.argmax(host(logits + mx.random.gumbel((3, 4), key=key)), axis=-1)
    assert_same(mx.random.categorical(logits, key=key), want, "uint32")


def test_truncated_normals_stay_inside():
    x = mx.random.truncated_normal(mx.array([-1.0, 2.0]), mx.array([0.5, 2.5]), (1000, 2), key=mx.random.key(3))
    low, high = host(x.min(0)), host(x.max(0))
    assert (low >= [-1, 2]).all()
    assert (high <= [0.5, 2.5]).all()
    assert abs(float(host(x)[:, 0].mean()) + 0.2) < 0.1


@pytest.mark.cotan_only
@pytest.mark.parametrize(
    "draw",
    [
        lambda k: mx.random.uniform(shape=(1000,), dtype=mx.float64, key=k),
        lambda k: mx.random.normal((1000,), mx.float64, key=k),
        lambda k: mx.random.truncated_normal(-1, 1, (1000,), mx.float64, key=k),
        lambda k: mx.random.gumbel((1000,), mx.float64, key=k),
        lambda k: mx.random.laplace((1000,), mx.float64, key=k),
        lambda k: mx.random.multivariate_normal(mx.zeros((2,)), mx.eye(2), (500,), mx.float64, key=k),
    ],
    ids=["uniform", "normal", "truncated_normal", "gumbel", "laplace", "multivariate_normal"],
)
def test_doubles_are_drawn_with_more_bits_than_single_precision_has(draw):
    x = draw(mx.random.key(3))
    assert x.dtype == mx.float64
    assert np.isfinite(host(x)).all()
    assert (host(x) != host(x).astype(np.float32)).mean() > 0.99


N = 20_000
MOMENTS = {
    "uniform doubles": (lambda k: mx.random.uniform(-1, 3, (N,), mx.float64, key=k), 1, 4 / np.sqrt(12)),
    "gumbel doubles": (lambda k: mx.random.gumbel((N,), mx.float64, key=k), np.euler_gamma, np.pi / np.sqrt(6)),
    "laplace doubles": (lambda k: mx.random.laplace((N,), mx.float64, key=k), 0, np.sqrt(2)),
    "uniform": (lambda k: mx.random.uniform(-1, 3, (N,), key=k), 1, 4 / np.sqrt(12)),
    "normal": (lambda k: mx.random.normal((N,), key=k), 0, 1),
    "normal of doubles": (lambda k: mx.random.normal((N,), mx.float64, key=k), 0, 1),
    "laplace": (lambda k: mx.random.laplace((N,), key=k), 0, np.sqrt(2)),
    "gumbel": (lambda k: mx.random.gumbel((N,), key=k), np.euler_gamma, np.pi / np.sqrt(6)),
    "bernoulli": (lambda k: mx.random.bernoulli(0.25, (N,), key=k).astype(mx.float32), 0.25, np.sqrt(3) / 4),
    "randint": (lambda k: mx.random.randint(0, 10, (N,), key=k).astype(mx.float32), 4.5, np.sqrt(99 / 12)),
}


@pytest.mark.parametrize(("draw", "mean", "deviation"), MOMENTS.values(), ids=MOMENTS)
def test_means_and_deviations_are_right(draw, mean, deviation):
    x = host(draw(mx.random.key(11))).astype(np.float64)
    assert x.mean() == pytest.approx(mean, abs=5 * deviation / np.sqrt(N))
    assert x.std() == pytest.approx(deviation, rel=0.05)


# ---------------------------------------------------------------- state


def test_a_draw_without_key_takes_one_step_of_the_state():
    mx.random.seed(5)
    draws = [mx.random.uniform().item() for _ in range(3)]
    key = mx.random.key(5)
    for draw in draws:
        key, sub = mx.random.split(key)
        assert draw == mx.random.uniform(key=sub).item()
    assert_same(mx.random.state[0], host(key))
    assert len(mx.random.state) == 1


def test_a_seed_repeats_the_numbers():
    def draw(seed):
        mx.random.seed(seed)
        return [mx.random.normal((3,)).tolist(), mx.random.permutation(5).tolist(), mx.random.randint(0, 99).item()]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_every_thread_has_a_state_of_its_own():
    mx.random.seed(1)
    expected = mx.random.uniform().item()
    found = []

    def draw():
        mx.random.seed(1)
        found.append(mx.random.uniform().item())

    mx.random.seed(1)
    worker = threading.Thread(target=draw)
    worker.start()
    worker.join()
    assert found == [expected]
    assert mx.random.uniform().item() == expected


@given(st.integers(0, 2**64 - 1), st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_children_of_a_key_differ(seed, n):
    children = {tuple(k) for k in mx.random.split(mx.random.key(seed), n).tolist()}
    assert len(children) == n


# ---------------------------------------------------------------- shapes and errors


def test_shapes_follow_the_parameters():
    low, high = mx.array([0.0, 10.0]), mx.array([1.0, 20.0])
    assert mx.random.uniform(low, high, (3, 2)).shape == (3, 2)
    assert mx.random.bernoulli(mx.array([0.0, 1.0])).tolist() == [False, True]
    assert mx.random.truncated_normal(low, high).shape == (2,)
    logits = mx.zeros((2, 4))
    assert mx.random.categorical(logits, num_samples=3).shape == (2, 3)
    assert mx.random.categorical(logits, shape=(3, 2)).shape == (3, 2)
    assert mx.random.categorical(logits, axis=0).shape == (4,)
    assert mx.random.normal((2, 0)).shape == (2, 0)
    assert dtype_name(mx.random.uniform(dtype=None)) == "float32"
    assert_same(mx.random.randint(5, 2, (3,)), [5, 5, 5])


ERRORS = {
    "shape smaller than the bounds": (ValueError, lambda: mx.random.uniform(mx.zeros(2), mx.ones(2))),
    "integer probability": (ValueError, lambda: mx.random.bernoulli(1, (3,))),
    "samples and shape": (ValueError, lambda: mx.random.categorical(mx.zeros((2, 4)), shape=(3, 2), num_samples=2)),
    "axis": (IndexError, lambda: mx.random.categorical(mx.zeros((2, 4)), axis=5)),
    "no axis": (IndexError, lambda: mx.random.categorical(mx.array(1.0))),
    "integer uniform": (ValueError, lambda: mx.random.uniform(shape=(2,), dtype=mx.int32)),
    "float randint": (ValueError, lambda: mx.random.randint(0, 5, (3,), mx.float32)),
    "negative permutation": (ValueError, lambda: mx.random.permutation(-1)),
    "key dtype": (ValueError, lambda: mx.random.uniform(key=mx.array([0, 0]))),
    "key shape": (ValueError, lambda: mx.random.split(mx.zeros((2, 2), mx.uint32))),
    "shape as int": (TypeError, lambda: mx.random.uniform(shape=5)),
    "unknown name": (AttributeError, lambda: mx.random.foo),
}


@pytest.mark.parametrize(("error", "call"), ERRORS.values(), ids=ERRORS)
def test_wrong_requests_are_refused(error, call):
    with pytest.raises(error):
        call()
