"""Activations, losses and initialisers against the formulas in NumPy."""

import math

import cotan.core as mx
import numpy as np
import pytest
from cotan import nn
from helpers import assert_close, assert_same, dtype_name, host

X = np.array([-100.0, -7.0, -3.0, -1.5, -0.5, -1e-3, 1e-3, 0.3, 0.5, 1.0, 2.5, 3.0, 6.5, 100.0], np.float32)
ERF = np.vectorize(math.erf)


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def softplus(x):
    return np.logaddexp(x, 0)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def tanh_gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


# name: (formula in NumPy, module, further arguments)
ACTIVATIONS = {
    "relu": (lambda x: np.maximum(x, 0), nn.ReLU, {}),
    "relu2": (lambda x: np.maximum(x, 0) ** 2, nn.ReLU2, {}),
    "relu6": (lambda x: np.clip(x, 0, 6), nn.ReLU6, {}),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.3 * x), nn.LeakyReLU, {"negative_slope": 0.3}),
    "elu": (lambda x: elu(x, 0.7), nn.ELU, {"alpha": 0.7}),
    "celu": (lambda x: np.maximum(x, 0) + 0.7 * np.expm1(np.minimum(x, 0) / 0.7), nn.CELU, {"alpha": 0.7}),
    "selu": (lambda x: 1.0507 * elu(x, 1.67326), nn.SELU, {}),
    "gelu": (lambda x: x * (1 + ERF(x / math.sqrt(2))) / 2, nn.GELU, {}),
    "gelu_approx": (tanh_gelu, lambda: nn.GELU("tanh"), {}),
    "gelu_fast_approx": (lambda x: x * sigmoid(1.702 * x), lambda: nn.GELU("fast"), {}),
    "sigmoid": (sigmoid, nn.Sigmoid, {}),
    "log_sigmoid": (lambda x: -softplus(-x), nn.LogSigmoid, {}),
    "softplus": (softplus, nn.Softplus, {}),
    "silu": (lambda x: x * sigmoid(x), nn.SiLU, {}),
    "mish": (lambda x: x * np.tanh(softplus(x)), nn.Mish, {}),
    "hardswish": (lambda x: x * np.clip(x + 3, 0, 6) / 6, nn.Hardswish, {}),
    "tanh": (np.tanh, nn.Tanh, {}),
    "hard_tanh": (lambda x: np.clip(x, -1, 1), nn.HardTanh, {}),
    "hard_shrink": (lambda x: np.where(abs(x) > 0.7, x, 0), nn.HardShrink, {"lambd": 0.7}),
    "softshrink": (lambda x: np.sign(x) * np.maximum(abs(x) - 0.7, 0), nn.Softshrink, {"lambd": 0.7}),
    "softsign": (lambda x: x / (1 + abs(x)), nn.Softsign, {}),
    "step": (lambda x: (x >= 0.5).astype(np.int32), nn.Step, {"threshold": 0.5}),
    "softmax": (softmax, nn.Softmax, {}),
    "softmin": (lambda x: softmax(-x), nn.Softmin, {}),
    "log_softmax": (lambda x: x - x.max() - np.log(np.exp(x - x.max()).sum()), nn.LogSoftmax, {}),
    "glu": (lambda x: x[:7] * sigmoid(x[7:]), nn.GLU, {}),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_follows_its_formula_as_function_and_as_module(name):
    formula, module, arguments = ACTIVATIONS[name]
    want = formula(X.astype(np.float64))
    assert_close(getattr(nn, name)(mx.array(X), **arguments), want, rtol=2e-5, atol=2e-6)
    assert_close(module(**arguments)(mx.array(X)), want, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n != "step"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_an_activation_keeps_half_precision(name, dtype):
    x = mx.array(X[2:-1]).astype(getattr(mx, dtype))[: 10 if name == "glu" else None]
    assert dtype_name(getattr(nn, name)(x)) == dtype


KINKS = {"relu", "relu2", "relu6", "step", "hardswish", "hard_tanh", "hard_shrink", "softshrink"}
OVERFLOWING = {"elu", "selu"}  # elsewhere their slope at 100 is not a number


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.cotan_only] * (n in OVERFLOWING)) for n in ACTIVATIONS if n not in KINKS],
)
def test_the_slope_of_an_activation_is_finite_and_that_of_its_formula(name):
    formula, _, arguments = ACTIVATIONS[name]
    weights = np.linspace(-1, 1, 7 if name == "glu" else len(X))

    def weighed(x):
        return mx.sum(getattr(nn, name)(x, **arguments) * mx.array(weights.astype(np.float32)))

    got = host(mx.grad(weighed)(mx.array(X)))
    step = 1e-5 * np.eye(len(X))
    want = [((formula(X + h) - formula(X - h)) * weights).sum() / 2e-5 for h in step]
    np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-4)


@pytest.mark.cotan_only
def test_exponential_units_are_smooth_at_zero():
    for unit in (nn.elu, nn.celu):
        assert mx.grad(unit)(mx.array(0.0)).item() == 1


def test_prelu_takes_a_slope_for_each_feature():
    x = mx.array([[-1.0, -1.0], [2.0, -2.0]])
    assert_same(nn.prelu(x, mx.array([0.5, 0.25])), [[-0.5, -0.25], [2, -0.5]])
    assert_same(nn.PReLU(2, init=0.5)(x), [[-0.5, -0.5], [2, -1]])


def test_integers_stay_integers_where_no_fraction_arises():
    assert_same(nn.relu(mx.array([-1, 2])), [0, 2], "int32")


def test_gelu_knows_its_approximations():
    x = mx.array(X)
    assert_same(nn.GELU("precise")(x), host(nn.gelu_approx(x)))
    with pytest.raises(ValueError):
        nn.GELU("rough")


# ---------------------------------------------------------------- losses

RNG = np.random.default_rng(0)
A, B, C = RNG.normal(size=(3, 4, 5)).astype(np.float32)
SIGNS = np.sign(C)
INDICES = np.array([0, 4, 2, 2])
P, Q = softmax(B), softmax(C)
VARIANCES = abs(C) + 0.1
LOGP = np.log(P)
LSE = np.log(np.exp(A).sum(-1))
SCORE = A[np.arange(4), INDICES]


def huber(d, limit):
    return np.where(abs(d) <= limit, d**2 / 2, limit * (abs(d) - limit / 2))


def triplet(anchor, positive, negative):
    near = np.sqrt(((anchor - positive) ** 2).sum(-1) + 1e-6)
    far = np.sqrt(((anchor - negative) ** 2).sum(-1) + 1e-6)
    return np.maximum(near - far + 1, 0)


# (loss, arguments, further arguments, value of each element)
LOSSES = [
    ("cross_entropy", (A, INDICES), {}, LSE - SCORE),
    ("cross_entropy", (A, P), {}, LSE - (P * A).sum(-1)),
    ("cross_entropy", (A.T, INDICES), {"axis": 0}, LSE - SCORE),
    ("cross_entropy", (A.T, P.T), {"axis": 0}, LSE - (P * A).sum(-1)),
    ("cross_entropy", (A, INDICES), {"label_smoothing": 0.2}, LSE - 0.8 * SCORE - 0.2 * A.mean(-1)),
    ("cross_entropy", (A, INDICES, VARIANCES[:, 0]), {}, VARIANCES[:, 0] * (LSE - SCORE)),
    ("binary_cross_entropy", (A, Q), {}, softplus(A) - A * Q),
    ("binary_cross_entropy", (A, Q, VARIANCES), {}, VARIANCES * (softplus(A) - A * Q)),
    ("binary_cross_entropy", (P, Q), {"with_logits": False}, -Q * np.log(P) - (1 - Q) * np.log(1 - P)),
    ("l1_loss", (A, B), {}, abs(A - B)),
    ("mse_loss", (A, B), {}, (A - B) ** 2),
    ("smooth_l1_loss", (A, B), {"beta": 0.7}, huber(A - B, 0.7) / 0.7),
    ("huber_loss", (A, B), {"delta": 0.7}, huber(A - B, 0.7)),
    ("log_cosh_loss", (A, B), {}, np.log(np.cosh(A - B))),
    ("hinge_loss", (A, SIGNS), {}, np.maximum(1 - A * SIGNS, 0)),
    ("nll_loss", (LOGP, INDICES), {}, -LOGP[np.arange(4), INDICES]),
    ("nll_loss", (LOGP.T, INDICES), {"axis": 0}, -LOGP[np.arange(4), INDICES]),
    ("kl_div_loss", (np.log(Q), LOGP), {}, (P * np.log(P / Q)).sum(-1)),
    ("gaussian_nll_loss", (A, B, VARIANCES), {}, (np.log(VARIANCES) + (A - B) ** 2 / VARIANCES) / 2),
    (
        "gaussian_nll_loss",
        (A, B, VARIANCES),
        {"full": True, "eps": 0.5},
        (np.log(np.maximum(VARIANCES, 0.5)) + (A - B) ** 2 / np.maximum(VARIANCES, 0.5) + math.log(2 * math.pi)) / 2,
    ),
    ("margin_ranking_loss", (A, B, SIGNS), {"margin": 0.3}, np.maximum(-SIGNS * (A - B) + 0.3, 0)),
    ("triplet_loss", (A, B, C), {}, triplet(A, B, C)),
    (
        "cosine_similarity_loss",
        (A, B),
        {},
        (A * B).sum(1) / (np.linalg.norm(A, axis=1) * np.linalg.norm(B, axis=1)),
    ),
]
MEAN_BY_DEFAULT = {"binary_cross_entropy", "l1_loss", "mse_loss", "gaussian_nll_loss", "smooth_l1_loss"}


@pytest.mark.parametrize(("name", "arguments", "options", "want"), LOSSES)
def test_a_loss_follows_its_formula_and_its_reduction(name, arguments, options, want):
    loss = getattr(nn.losses, name)
    arguments = [mx.array(x.astype(np.float32) if x.dtype.kind == "f" else x) for x in arguments]
    reductions = {"none": want, "mean": want.mean(), "sum": want.sum()}
    for reduction, value in reductions.items():
        assert_close(loss(*arguments, **options, reduction=reduction), value, "float32", rtol=1e-4, atol=1e-5)
    default = "mean" if name in MEAN_BY_DEFAULT else "none"
    assert_close(loss(*arguments, **options), reductions[default], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"reduction|mean"):
        loss(*arguments, **options, reduction="median")


def test_the_gradient_of_cross_entropy_is_the_difference_of_distributions():
    for targets, distribution in ((INDICES, np.eye(5)[INDICES]), (P, P)):
        gradient = mx.grad(lambda x, t=targets: nn.losses.cross_entropy(x, mx.array(t), reduction="sum"))(mx.array(A))
        assert_close(gradient, softmax(A) - distribution, atol=1e-5)


def test_cross_entropy_stays_finite_for_large_logits():
    logits = mx.array([[1e4, -1e4], [3e4, 3e4]])
    assert_close(nn.losses.cross_entropy(logits, mx.array([0, 1])), [0, math.log(2)], atol=2e-3)
    assert_close(nn.losses.binary_cross_entropy(mx.array([200.0, -200.0]), mx.array([1.0, 0.0])), 0)
    impossible = nn.losses.binary_cross_entropy(mx.array([0.0, 1.0]), mx.array([1.0, 0.0]), with_logits=False)
    assert_same(impossible, 100)


MISMATCHES = [
    ("cross_entropy", (A, INDICES[:2])),
    ("cross_entropy", (A, P[:, :2])),
    ("cross_entropy", (A, INDICES, A)),
    ("binary_cross_entropy", (A, P[0])),
    ("binary_cross_entropy", (A, P, A[0])),
    ("l1_loss", (A, B[0])),
    ("mse_loss", (A, B[0])),
    ("smooth_l1_loss", (A, B[0])),
    ("gaussian_nll_loss", (A, B[0], VARIANCES)),
    ("gaussian_nll_loss", (A, B, VARIANCES[0])),
    ("margin_ranking_loss", (A, B[0], SIGNS)),
    ("margin_ranking_loss", (A, B, SIGNS[0])),
]


@pytest.mark.parametrize(("name", "arguments"), MISMATCHES)
def test_a_loss_refuses_shapes_that_differ(name, arguments):
    with pytest.raises(ValueError):
        getattr(nn.losses, name)(*map(mx.array, arguments))


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_label_smoothing_is_a_share(smoothing):
    with pytest.raises(ValueError, match="smoothing"):
        nn.losses.cross_entropy(mx.array(A), mx.array(INDICES), label_smoothing=smoothing)


# ---------------------------------------------------------------- initialisers


def drawn(initializer, shape, *arguments):
    mx.random.seed(0)
    return host(initializer(mx.zeros(shape), *arguments))


def test_fixed_initialisers_give_their_values():
    assert_same(nn.init.constant(0.5)(mx.zeros((2, 3))), np.full((2, 3), 0.5), "float32")
    assert_same(nn.init.identity(mx.float16)(mx.zeros((3, 3))), np.eye(3), "float16")


SHAPE = (64, 3, 5, 32)
FAN_IN, FAN_OUT = 32 * 15, 64 * 15
SPREADS = {
    "normal": (nn.init.normal(2.0, 0.3), (), 2.0, 0.3),
    "uniform": (nn.init.uniform(-1, 3), (), 1.0, 4 / math.sqrt(12)),
    "glorot_normal": (nn.init.glorot_normal(), (3.0,), 0, 3 * math.sqrt(2 / (FAN_IN + FAN_OUT))),
    "glorot_uniform": (nn.init.glorot_uniform(), (), 0, math.sqrt(2 / (FAN_IN + FAN_OUT))),
    "he_normal": (nn.init.he_normal(), ("fan_out", 2.0), 0, 2 / math.sqrt(FAN_OUT)),
    "he_uniform": (nn.init.he_uniform(), (), 0, 1 / math.sqrt(FAN_IN)),
}


@pytest.mark.parametrize("name", SPREADS)
def test_a_random_initialiser_has_its_mean_and_spread(name):
    initializer, arguments, mean, spread = SPREADS[name]
    values = drawn(initializer, SHAPE, *arguments)
    assert values.shape == SHAPE
    assert abs(values.mean() - mean) < 0.03 * spread
    assert abs(values.std() - spread) < 0.02 * spread
    if "uniform" in name:
        assert abs(values - mean).max() <= spread * math.sqrt(3) * (1 + 1e-6)


@pytest.mark.parametrize("name", ["glorot_normal", "glorot_uniform", "he_normal", "he_uniform"])
def test_a_fan_needs_two_axes(name):
    assert dtype_name(getattr(nn.init, name)(mx.float16)(mx.zeros((2, 3)))) == "float16"
    with pytest.raises(ValueError):
        getattr(nn.init, name)()(mx.zeros((3,)))


def test_sparse_zeroes_the_same_share_of_every_row():
    values = drawn(nn.init.sparse(0.3), (20, 10))
    assert ((values == 0).sum(1) == 3).all()
    assert len({tuple(row) for row in values == 0}) > 1


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    q = drawn(nn.init.orthogonal(2.0), shape) / 2
    gram = q @ q.T if shape[0] <= shape[1] else q.T @ q
    np.testing.assert_allclose(gram, np.eye(3), atol=1e-5)


def test_matrix_initialisers_refuse_other_shapes():
    for initializer, shape in (
        (nn.init.identity(), (2, 3)),
        (nn.init.sparse(0.5), (2,)),
        (nn.init.orthogonal(), (2, 2, 2)),
    ):
        with pytest.raises(ValueError):
            initializer(mx.zeros(shape))
    with pytest.raises(ValueError):
        nn.init.he_normal()(mx.zeros((2, 3)), mode="fan")
