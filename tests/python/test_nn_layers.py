"""Layers against models in NumPy, and laws that every layer obeys."""

import copy
import math

import cotan.core as mx
import numpy as np
import pytest
from cotan import nn, utils
from helpers import assert_close, assert_same, dtype_name, host

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def weights(module):
    return {name: host(x).astype(np.float64) for name, x in utils.tree_flatten(module.parameters())}


# name: (layer, arguments of a call, shape of the result)
LAYERS = {
    "Linear": (lambda: nn.Linear(3, 4), [normal(2, 5, 3)], (2, 5, 4)),
    "Bilinear": (lambda: nn.Bilinear(3, 2, 4), [normal(5, 3), normal(5, 2)], (5, 4)),
    "Embedding": (lambda: nn.Embedding(6, 4), [np.array([[1, 5], [0, 1]])], (2, 2, 4)),
    "Sequential": (lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.tanh), [normal(2, 3)], (2, 4)),
    "Conv1d": (lambda: nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), [normal(2, 9, 4)], (2, 5, 6)),
    "Conv2d": (lambda: nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), 2), [normal(2, 9, 8, 4)], (2, 4, 6, 6)),
    "Conv3d": (lambda: nn.Conv3d(2, 3, 2), [normal(1, 3, 4, 5, 2)], (1, 2, 3, 4, 3)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(4, 6, 3, 2), [normal(2, 5, 4)], (2, 11, 6)),
    "ConvTranspose2d": (
        lambda: nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=(1, 0)),
        [normal(2, 5, 4, 4)],
        (2, 10, 7, 6),
    ),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(2, 3, 2, 2), [normal(1, 2, 3, 2, 2)], (1, 4, 6, 4, 3)),
    "MaxPool1d": (lambda: nn.MaxPool1d(3, 2, 1), [normal(2, 7, 3)], (2, 4, 3)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), [normal(2, 7, 8, 3)], (2, 3, 4, 3)),
    "MaxPool3d": (lambda: nn.MaxPool3d(2, 1), [normal(1, 3, 4, 5, 2)], (1, 2, 3, 4, 2)),
    "AvgPool1d": (lambda: nn.AvgPool1d(3), [normal(2, 7, 3)], (2, 2, 3)),
    "AvgPool2d": (lambda: nn.AvgPool2d((3, 2), (2, 1), (1, 0)), [normal(2, 7, 8, 3)], (2, 4, 7, 3)),
    "AvgPool3d": (lambda: nn.AvgPool3d(2), [normal(1, 4, 4, 5, 2)], (1, 2, 2, 2, 2)),
    "LayerNorm": (lambda: nn.LayerNorm(4), [normal(2, 3, 4)], (2, 3, 4)),
    "RMSNorm": (lambda: nn.RMSNorm(4), [normal(2, 3, 4)], (2, 3, 4)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), [normal(2, 3, 4)], (2, 3, 4)),
    "InstanceNorm": (lambda: nn.InstanceNorm(4, affine=True), [normal(2, 3, 4)], (2, 3, 4)),
    "BatchNorm": (lambda: nn.BatchNorm(4), [normal(2, 3, 4)], (2, 3, 4)),
    "RNN": (lambda: nn.RNN(3, 5), [normal(2, 4, 3)], (2, 4, 5)),
    "GRU": (lambda: nn.GRU(3, 5), [normal(4, 3)], (4, 5)),
    "LSTM": (lambda: nn.LSTM(3, 5), [normal(2, 4, 3)], (2, 4, 5)),
    "MultiHeadAttention": (lambda: nn.MultiHeadAttention(8, 2, bias=True), [normal(2, 5, 8)] * 3, (2, 5, 8)),
    "TransformerEncoder": (lambda: nn.TransformerEncoder(2, 8, 2), [normal(2, 5, 8), None], (2, 5, 8)),
    "TransformerDecoder": (
        lambda: nn.TransformerDecoder(1, 8, 2, norm_first=False),
        [normal(2, 5, 8), normal(2, 3, 8), None, None],
        (2, 5, 8),
    ),
    "Transformer": (
        lambda: nn.Transformer(8, 2, 1, 1, dropout=0.1),
        [normal(2, 3, 8), normal(2, 5, 8), None, None, None],
        (2, 5, 8),
    ),
    "RoPE": (lambda: nn.RoPE(6), [normal(2, 5, 8)], (2, 5, 8)),
    "SinusoidalPositionalEncoding": (lambda: nn.SinusoidalPositionalEncoding(6), [normal(2, 5)], (2, 5, 6)),
    "ALiBi": (lambda: nn.ALiBi(), [normal(1, 4, 3, 5)], (1, 4, 3, 5)),
    "Upsample": (lambda: nn.Upsample(1.5, "linear"), [normal(2, 4, 6, 3)], (2, 6, 9, 3)),
    "Dropout": (lambda: nn.Dropout(0.5), [normal(2, 3)], (2, 3)),
    "PReLU": (lambda: nn.PReLU(3), [normal(2, 3)], (2, 3)),
}


def call(layer, arguments):
    result = layer(*(mx.array(x) if isinstance(x, np.ndarray) else x for x in arguments))
    return result[0] if isinstance(result, tuple) else result


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_gives_its_shape_and_a_gradient_to_every_trainable_parameter(name):
    make, arguments, shape = LAYERS[name]
    mx.random.seed(0)
    layer = make()
    assert call(layer, arguments).shape == shape

    def loss():
        y = call(layer, arguments)
        return mx.sum(y * mx.cos(mx.arange(y.size)).reshape(y.shape))

    if not utils.tree_flatten(layer.trainable_parameters()):
        return
    _, gradients = nn.value_and_grad(layer, loss)()
    for parameter, gradient in utils.tree_flatten(gradients):
        # A shift of all keys moves every score of a query alike, and softmax does not see it.
        assert host(gradient).any() != parameter.endswith("key_proj.bias") or abs(host(gradient)).max() < 1e-5, (
            parameter
        )


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_determined_by_its_parameters(name):
    make, arguments, _ = LAYERS[name]
    layer, other = make().eval(), make().eval()
    other.load_weights(utils.tree_flatten(layer.parameters()))
    want = host(call(layer, arguments))
    assert_same(call(other, arguments), want)


@pytest.mark.cotan_only
@pytest.mark.parametrize("name", LAYERS)
def test_a_copy_of_a_layer_does_the_same(name):
    make, arguments, _ = LAYERS[name]
    layer = make().eval()
    duplicate = copy.deepcopy(layer)
    assert repr(duplicate) == repr(layer)
    assert_same(call(duplicate, arguments), host(call(layer, arguments)))


# ---------------------------------------------------------------- starting values

LIMITS = {
    "Linear": (lambda: nn.Linear(100, 50), {"weight": 0.1, "bias": 0.1}),
    "Bilinear": (lambda: nn.Bilinear(100, 3, 50), {"weight": 0.1, "bias": 0.1}),
    "Conv2d": (lambda: nn.Conv2d(8, 50, (5, 5), groups=2), {"weight": 0.1, "bias": 0}),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(20, 50, 5), {"weight": 0.1, "bias": 0}),
    "RNN": (lambda: nn.RNN(50, 100), {"Wxh": 0.1, "Whh": 0.1, "bias": 0.1}),
    "GRU": (lambda: nn.GRU(50, 100), {"Wx": 0.1, "Wh": 0.1, "b": 0.1, "bhn": 0.1}),
    "LSTM": (lambda: nn.LSTM(50, 100), {"Wx": 0.1, "Wh": 0.1, "bias": 0.1}),
}


@pytest.mark.parametrize("name", LIMITS)
def test_parameters_start_uniform_within_their_limit(name):
    make, limits = LIMITS[name]
    mx.random.seed(0)
    values = weights(make())
    assert list(values) == list(limits)
    for parameter, limit in limits.items():
        assert abs(values[parameter]).max() <= limit
        assert abs(values[parameter]).max() >= 0.9 * limit


def test_embeddings_start_normal():
    mx.random.seed(0)
    assert abs(weights(nn.Embedding(200, 100))["weight"].std() - 0.1) < 0.005


# ---------------------------------------------------------------- linear maps and tables


def test_linear_layers_multiply_with_the_transposed_weight():
    layer, x = nn.Linear(3, 4), normal(2, 3)
    w = weights(layer)
    assert_close(layer(mx.array(x)), x @ w["weight"].T + w["bias"])
    assert_close(layer(mx.array(x[0])), x[0] @ w["weight"].T + w["bias"])
    bare = nn.Linear(3, 4, bias=False)
    assert "bias" not in bare
    assert_close(bare(mx.array(x)), x @ weights(bare)["weight"].T)


def test_bilinear_is_linear_in_each_input():
    layer, x, y = nn.Bilinear(3, 2, 4), normal(5, 3), normal(5, 2)
    w = weights(layer)
    want = np.einsum("ni,kji,nj->nk", x, w["weight"], y) + w["bias"]
    assert_close(layer(mx.array(x), mx.array(y)), want, atol=1e-5)


def test_an_embedding_looks_up_rows_and_scores_against_them():
    table = nn.Embedding(6, 4)
    w = weights(table)["weight"]
    assert_close(table(mx.array([[5, 0]])), w[[[5, 0]]])
    x = normal(2, 4)
    assert_close(table.as_linear(mx.array(x)), x @ w.T)


# ---------------------------------------------------------------- dropout


@pytest.mark.parametrize(
    ("layer", "shape", "shared"),
    [(nn.Dropout, (50, 60), ()), (nn.Dropout2d, (40, 5, 5, 60), (1, 2)), (nn.Dropout3d, (40, 2, 3, 2, 60), (1, 2, 3))],
)
def test_dropout_zeroes_a_share_and_keeps_the_mean(layer, shape, shared):
    mx.random.seed(0)
    x = mx.ones(shape)
    y = host(layer(0.2)(x))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1.25)}
    assert abs((y == 0).mean() - 0.2) < 0.03
    if shared:
        assert (y.min(shared) == y.max(shared)).all()
    assert_same(layer(0.2).eval()(x), host(x))
    assert_same(layer(0)(x), host(x))


def test_dropout_keeps_half_precision():
    assert dtype_name(nn.Dropout(0.5)(mx.ones((3,), mx.float16))) == "float16"


def test_dropout_refuses_bad_probabilities_and_ranks():
    for p in (-0.1, 1.0):
        with pytest.raises(ValueError):
            nn.Dropout(p)
    for layer, rank in ((nn.Dropout2d, 2), (nn.Dropout2d, 5), (nn.Dropout3d, 3)):
        with pytest.raises(ValueError):
            layer(0.5)(mx.ones((2,) * rank))


# ---------------------------------------------------------------- normalisation


def standardized(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def interleaved(x, groups):
    return standardized(x.reshape(len(x), -1, groups), 1).reshape(x.shape)


def in_blocks(x, groups):
    parts = x.reshape(len(x), -1, groups, x.shape[-1] // groups)
    return standardized(parts, (1, 3)).reshape(x.shape)


NORMS = {
    "LayerNorm": (lambda: nn.LayerNorm(4), lambda x: standardized(x, -1)),
    "RMSNorm": (lambda: nn.RMSNorm(4), lambda x: x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), lambda x: interleaved(x, 2)),
    "GroupNorm in blocks": (lambda: nn.GroupNorm(2, 4, pytorch_compatible=True), lambda x: in_blocks(x, 2)),
    "InstanceNorm": (lambda: nn.InstanceNorm(4, affine=True), lambda x: standardized(x, tuple(range(1, x.ndim - 1)))),
    "BatchNorm": (lambda: nn.BatchNorm(4), lambda x: standardized(x, tuple(range(x.ndim - 1)))),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("shape", [(3, 5, 4), (2, 3, 5, 4)])
def test_a_norm_standardises_its_axes_and_applies_its_affine_map(name, shape):
    make, model = NORMS[name]
    layer, x = make(), 3 * normal(*shape) + 1
    assert_close(layer(mx.array(x)), model(x), rtol=1e-4, atol=1e-5)
    scale, shift = normal(4), normal(4)
    layer.weight = mx.array(scale)
    if "bias" in layer:
        layer.bias = mx.array(shift)
    want = model(x) * scale + (shift if "bias" in layer else 0)
    assert_close(layer(mx.array(x)), want, rtol=1e-4, atol=1e-5)


def test_batch_norm_tracks_statistics_in_training_and_uses_them_in_evaluation():
    norm, x = nn.BatchNorm(4, momentum=0.3), 3 * normal(6, 5, 4) + 1
    mean, var = np.zeros(4), np.ones(4)
    for _ in range(3):
        norm(mx.array(x))
        mean = 0.7 * mean + 0.3 * x.mean((0, 1))
        var = 0.7 * var + 0.3 * x.var((0, 1), ddof=1)
    assert_close(norm.running_mean, mean, rtol=1e-4)
    assert_close(norm.running_var, var, rtol=1e-4)
    assert_close(norm.eval()(mx.array(x)), (x - mean) / np.sqrt(var + 1e-5), rtol=1e-4, atol=1e-5)
    assert_close(norm.running_mean, mean, rtol=1e-4)
    assert list(norm.trainable_parameters()) == ["weight", "bias"]


def test_batch_norm_without_running_statistics_uses_the_batch_always():
    norm, x = nn.BatchNorm(4, affine=False, track_running_stats=False), normal(6, 4)
    assert norm.parameters() == {}
    for mode in (True, False):
        assert_close(norm.train(mode)(mx.array(x)), standardized(x, 0), rtol=1e-4, atol=1e-5)


def test_norms_refuse_what_they_cannot_normalise():
    for make in (nn.LayerNorm, nn.RMSNorm, nn.InstanceNorm, nn.BatchNorm, lambda d, eps: nn.GroupNorm(2, d, eps)):
        with pytest.raises(ValueError):
            make(4, eps=0)
    for layer, shape in (
        (nn.BatchNorm(4), (4,)),
        (nn.BatchNorm(4), (1, 4)),
        (nn.BatchNorm(4), (2,) * 4 + (4,)),
        (nn.InstanceNorm(4), (2, 4)),
    ):
        with pytest.raises(ValueError):
            layer(mx.ones(shape))
    with pytest.raises(ValueError):
        nn.GroupNorm(3, 4)


# ---------------------------------------------------------------- sequences


def rnn(w, x, h):
    return np.tanh(x @ w["Wxh"].T + w["bias"] + h @ w["Whh"].T)


def gru(w, x, h):
    xr, xz, xn = np.split(x @ w["Wx"].T + w["b"], 3, -1)
    hr, hz, hn = np.split(h @ w["Wh"].T, 3, -1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + r * (hn + w["bhn"])) + z * h


@pytest.mark.parametrize(("make", "step"), [(nn.RNN, rnn), (nn.GRU, gru)])
@pytest.mark.parametrize("batch", [(), (2,), (3, 2)])
def test_a_recurrent_layer_repeats_its_step(make, step, batch):
    layer, x, start = make(3, 5), normal(*batch, 4, 3), normal(*batch, 5)
    w = weights(layer)
    for initial in (np.zeros((*batch, 5)), start):
        h, states = initial, []
        for t in range(4):
            h = step(w, x[..., t, :], h)
            states.append(h)
        hidden = mx.array(start) if initial is start else None
        assert_close(layer(mx.array(x), hidden), np.stack(states, -2), rtol=1e-4, atol=1e-5)


def test_an_lstm_returns_hidden_and_cell_states():
    layer, x = nn.LSTM(3, 5), normal(2, 4, 3)
    w = weights(layer)
    for h, c in ((np.zeros((2, 5)), np.zeros((2, 5))), (normal(2, 5), normal(2, 5))):
        initial = [mx.array(h), mx.array(c)] if h.any() else []
        hidden, cell = [], []
        for t in range(4):
            i, f, g, o = np.split(x[:, t] @ w["Wx"].T + h @ w["Wh"].T + w["bias"], 4, -1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            hidden.append(h)
            cell.append(c)
        got = layer(mx.array(x), *initial)
        assert_close(got[0], np.stack(hidden, 1), rtol=1e-4, atol=1e-5)
        assert_close(got[1], np.stack(cell, 1), rtol=1e-4, atol=1e-5)


def test_an_rnn_takes_another_nonlinearity():
    layer = nn.RNN(3, 5, bias=False, nonlinearity=nn.relu)
    assert host(layer(mx.array(normal(4, 3)))).min() >= 0
    with pytest.raises(ValueError):
        nn.RNN(3, 5, nonlinearity="tanh")


# ---------------------------------------------------------------- attention and positions


def test_attention_is_a_weighted_mean_in_each_head():
    layer = nn.MultiHeadAttention(8, 2, key_input_dims=3, value_input_dims=4, value_dims=6, value_output_dims=5)
    q, k, v, mask = normal(2, 5, 8), normal(2, 7, 3), normal(2, 7, 4), normal(5, 7)
    w = weights(layer)

    def heads(x, name):
        y = x @ w[f"{name}_proj.weight"].T
        return y.reshape(*y.shape[:2], 2, -1).swapaxes(1, 2)

    scores = heads(q, "query") @ heads(k, "key").swapaxes(-1, -2) / math.sqrt(4) + mask
    share = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    mixed = (share @ heads(v, "value")).swapaxes(1, 2).reshape(2, 5, 6)
    got = layer(*map(mx.array, (q, k, v)), mx.array(mask))
    assert_close(got, mixed @ w["out_proj.weight"].T, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError):
        nn.MultiHeadAttention(8, 3)


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_causal_mask_hides_the_future(norm_first):
    mask = nn.MultiHeadAttention.create_additive_causal_mask(5)
    assert (host(mask) == np.triu(np.full((5, 5), np.finfo(np.float32).min), 1)).all()
    encoder = nn.TransformerEncoder(2, 8, 2, norm_first=norm_first)
    x = normal(1, 5, 8)
    changed = x.copy()
    changed[:, 3:] = normal(1, 2, 8)
    before, after = (host(encoder(mx.array(z), mask)) for z in (x, changed))
    np.testing.assert_allclose(before[:, :3], after[:, :3], atol=1e-5)
    assert abs(before[:, 3:] - after[:, 3:]).max() > 1e-2


@pytest.mark.parametrize("norm_first", [True, False])
def test_an_encoder_without_mask_commutes_with_permutations(norm_first):
    encoder = nn.TransformerEncoder(1, 8, 2, norm_first=norm_first)
    x, order = normal(2, 5, 8), [3, 1, 0, 4, 2]
    assert_close(encoder(mx.array(x[:, order]), None), host(encoder(mx.array(x), None))[:, order], atol=1e-5)


def test_checkpoints_change_neither_values_nor_gradients_of_a_transformer():
    results = []
    for checkpoint in (False, True):
        mx.random.seed(0)
        model = nn.Transformer(8, 2, 1, 1, checkpoint=checkpoint)
        mx.random.seed(1)
        source, target = mx.random.normal((1, 3, 8)), mx.random.normal((1, 5, 8))
        results.append(
            nn.value_and_grad(model, lambda m=model, s=source, t=target: mx.square(m(s, t, None, None, None)).sum())()
        )
    for (_, a), (_, b) in zip(*map(utils.tree_flatten, results), strict=True):
        assert_close(a, host(b), rtol=1e-4, atol=1e-4)


def test_a_transformer_takes_its_own_encoder_and_decoder():
    model = nn.Transformer(
        8, 2, 1, 1, custom_encoder=lambda src, mask: src, custom_decoder=lambda tgt, memory, *_: memory
    )
    x = normal(1, 3, 8)
    assert_same(model(mx.array(x), mx.array(x), None, None, None), x)


def test_rope_keeps_lengths_and_depends_on_distances_only():
    rope, q, k = nn.RoPE(8), mx.array(normal(1, 1, 8)), mx.array(normal(1, 1, 8))
    assert_close(mx.sum(mx.square(rope(q, offset=7))), host(mx.sum(mx.square(q))))
    products = [mx.sum(rope(q, offset=p + 3) * rope(k, offset=p)).item() for p in (0, 5, 11)]
    np.testing.assert_allclose(products, products[0], rtol=1e-4)


def test_sinusoids_span_the_frequencies():
    x = normal(3)
    sigmas = np.exp(np.linspace(0, math.log(1e-4), 3))
    waves = [np.sin(x[:, None] * sigmas), np.cos(x[:, None] * sigmas)]
    make = nn.SinusoidalPositionalEncoding
    assert_close(make(6)(mx.array(x)), math.sqrt(1 / 3) * np.concatenate(waves, -1), atol=1e-4)
    assert_close(make(6, scale=1.0, cos_first=True)(mx.array(x)), np.concatenate(waves[::-1], -1), atol=1e-4)
    assert_close(make(2, full_turns=True)(mx.array([0.5])), [[0, -1]], atol=1e-5)
    for dims in (5, 0):
        with pytest.raises(ValueError):
            make(dims)


def test_alibi_subtracts_distance_times_slope():
    for heads, slopes in ((2, [2**-4, 2**-8]), (3, [2**-4, 2**-8, 2**-2])):
        distance = abs(np.arange(3)[:, None] + 2 - np.arange(5))
        want = -distance * np.array(slopes)[:, None, None]
        scores = normal(1, heads, 3, 5)
        assert_close(nn.ALiBi()(mx.array(scores), offset=2), scores + want)
        mask = normal(3, 5)
        assert_close(nn.ALiBi()(mx.array(scores), 2, mx.array(mask)), scores + want + mask)
