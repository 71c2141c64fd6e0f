"""Layers under transforms: compiled, mapped over examples, in every precision, and stored as functions."""

import cotan.core as mx
import numpy as np
import pytest
from cotan import nn, utils
from helpers import assert_close, dtype_name, host
from test_nn_layers import LAYERS, call

MORE = {
    "QuantizedLinear": (lambda: nn.QuantizedLinear(64, 4), [np.ones((2, 64), np.float32)], (2, 4)),
    "QuantizedEmbedding": (lambda: nn.QuantizedEmbedding(6, 64), [np.array([[1, 5], [0, 1]])], (2, 2, 64)),
    "Upsample nearest": (lambda: nn.Upsample(1.5), [np.ones((2, 4, 6, 3), np.float32)], (2, 6, 9, 3)),
    "Upsample cubic": (lambda: nn.Upsample(2, "cubic"), [np.ones((2, 4, 3), np.float32)], (2, 8, 3)),
}
ALL = {**LAYERS, **MORE}
names = pytest.mark.parametrize("name", ALL)

# Whose answer for one example depends on the others.
ACROSS_EXAMPLES = {"BatchNorm"}
# What has numbers of its own, in float32, that are no parameters.
IN_FLOAT32 = {"SinusoidalPositionalEncoding", "Upsample", "Upsample cubic"}
# What answers for any number of examples after one recording; others write sizes of the first call down.
SHAPELESS = ["Linear", "Embedding", "Sequential", "LayerNorm", "RMSNorm", "PReLU", "QuantizedLinear", "Dropout"]


def build(name):
    make, arguments, _ = ALL[name]
    mx.random.seed(0)
    layer = make().eval()
    mx.eval(layer.parameters())
    return layer, [mx.array(x) if isinstance(x, np.ndarray) else x for x in arguments]


def outputs(result):
    return result if isinstance(result, (tuple, list)) else [result]


def assert_all_close(got, want, **tolerance):
    for a, b in zip(outputs(got), outputs(want), strict=True):
        assert_close(a, host(b), **tolerance)


def weigh(result):
    """A number that depends on every element in its own way."""
    return sum((y * mx.cos(mx.arange(y.size)).reshape(y.shape)).sum() for y in outputs(result))


@names
def test_a_compiled_layer_answers_like_the_plain_one(name):
    layer, arguments = build(name)
    assert_all_close(mx.compile(layer)(*arguments), layer(*arguments), rtol=1e-5, atol=1e-6)


@names
def test_a_compiled_gradient_is_the_plain_one(name):
    layer, arguments = build(name)
    layer.train()
    if not utils.tree_flatten(layer.trainable_parameters()):
        return
    gradients = nn.value_and_grad(layer, lambda *xs: weigh(layer(*xs)))
    mx.random.seed(1)
    _, want = gradients(*arguments)
    mx.random.seed(1)
    state = [layer.state, mx.random.state]
    _, got = mx.compile(gradients, inputs=state, outputs=state)(*arguments)
    for (_, a), (_, b) in zip(utils.tree_flatten(got), utils.tree_flatten(want), strict=True):
        assert_close(a, host(b), rtol=1e-4, atol=1e-5)


@pytest.mark.cotan_only
@pytest.mark.parametrize("name", SHAPELESS)
def test_one_recording_without_shapes_serves_any_number_of_examples(name):
    layer, arguments = build(name)
    compiled = mx.compile(layer, shapeless=True)
    for count in (2, 5, 1):
        x = mx.concatenate([arguments[0]] * 3)[:count]
        assert_all_close(compiled(x), layer(x), rtol=1e-5, atol=1e-6)


@pytest.mark.cotan_only
@pytest.mark.parametrize("name", [name for name in ALL if name not in ACROSS_EXAMPLES])
def test_mapping_a_layer_over_examples_is_calling_it_for_each(name):
    layer, arguments = build(name)
    missing = [x for x in arguments if x is None]
    stacked = [mx.stack([x, x[..., ::-1], x]) for x in arguments if x is not None]
    got = mx.vmap(lambda *xs: layer(*xs, *missing))(*stacked)
    each = [outputs(layer(*(x[i] for x in stacked), *missing)) for i in range(3)]
    assert_all_close(got, [mx.stack(ys) for ys in zip(*each, strict=True)], rtol=1e-4, atol=1e-5)


@pytest.mark.cotan_only
@pytest.mark.parametrize("name", ["Linear", "Conv2d", "LayerNorm", "GroupNorm", "LSTM", "MultiHeadAttention"])
def test_gradients_of_single_examples_come_from_mapping_the_gradient(name):
    layer, arguments = build(name)

    def loss(parameters, *xs):
        layer.update(parameters)
        return weigh(layer(*xs))

    own = layer.trainable_parameters()
    stacked = [mx.stack([x, 2 * x]) for x in arguments]
    got = mx.vmap(mx.grad(loss), in_axes=(None, *[0] * len(stacked)))(own, *stacked)
    layer.update(own)
    for i in range(2):
        want = mx.grad(loss)(own, *[x[i] for x in stacked])
        layer.update(own)
        for (_, a), (_, b) in zip(utils.tree_flatten(got), utils.tree_flatten(want), strict=True):
            assert_close(a[i], host(b), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in ALL if name not in IN_FLOAT32])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_layer_of_half_precision_stays_there(name, dtype):
    layer, arguments = build(name)
    want = host(call(layer, ALL[name][1]))
    layer.set_dtype(getattr(mx, dtype))
    halves = [x.astype(getattr(mx, dtype)) if x is not None and x.dtype == mx.float32 else x for x in arguments]
    got = outputs(layer(*halves))[0]
    assert dtype_name(got) == dtype
    assert_close(got.astype(mx.float32), want, rtol=0.1, atol=0.1)


@pytest.mark.cotan_only
@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("Quantized")])
def test_a_layer_of_double_precision_stays_there(name):
    layer, arguments = build(name)
    want = host(call(layer, ALL[name][1]))
    layer.set_dtype(mx.float64)
    doubles = [x.astype(mx.float64) if x is not None and x.dtype == mx.float32 else x for x in arguments]
    got = outputs(layer(*doubles))[0]
    assert dtype_name(got) == "float64"
    assert_close(got, want, rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
@names
def test_a_stored_layer_answers_like_the_layer(name, in_tmp):
    layer, arguments = build(name)
    arrays = [x for x in arguments if x is not None]
    missing = [x for x in arguments if x is None]
    mx.export_function("layer.fun", lambda *xs: layer(*xs, *missing), *arrays)
    got = mx.import_function("layer.fun")(*arrays)
    assert_all_close(got, layer(*arguments), rtol=1e-5, atol=1e-6)
