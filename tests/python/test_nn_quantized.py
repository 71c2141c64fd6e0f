"""Quantised layers: they compute with the decoded matrix, and replace layers of a model."""

import copy
import pickle

import cotan.core as mx
import pytest
from cotan import nn, optimizers, utils
from helpers import assert_close, assert_same, dtype_name, host

CODINGS = [
    {},
    {"group_size": 32, "bits": 2},
    {"group_size": 128, "bits": 3},
    {"bits": 8},
    {"mode": "mxfp4"},
    {"mode": "mxfp8"},
    {"mode": "nvfp4"},
]
codings = pytest.mark.parametrize("coding", CODINGS, ids=str)


def used(layer):
    return {"group_size": layer.group_size, "bits": layer.bits, "mode": layer.mode}


def decoded(layer):
    return mx.dequantize(layer.weight, layer.scales, layer.get("biases"), **used(layer), dtype=mx.float32)


@codings
@pytest.mark.parametrize("bias", [True, False])
def test_a_quantised_linear_layer_multiplies_by_the_decoded_matrix(coding, bias):
    layer = nn.Linear(128, 16, bias=bias)
    quantised = layer.to_quantized(**coding)
    x = mx.random.normal((3, 128))
    want = x @ decoded(quantised).T
    assert_close(quantised(x), host(want + layer.bias if bias else want), rtol=1e-4, atol=1e-4)
    for name, x in zip(("weight", "scales", "biases"), mx.quantize(layer.weight, **coding), strict=False):
        assert_same(quantised[name], host(x))


@codings
def test_a_quantised_embedding_decodes_rows(coding):
    layer = nn.Embedding(10, 128).to_quantized(**coding)
    rows = mx.array([[1, 9], [0, 1]])
    assert_close(layer(rows).astype(mx.float32), host(decoded(layer)[rows]), rtol=1e-2)
    assert dtype_name(layer(rows)) == ("float32" if layer.mode == "affine" else "bfloat16")
    assert_same(layer(mx.array(9)), host(layer(rows)[0, 1]))
    assert layer(mx.zeros((2, 0), mx.int32)).shape == (2, 0, 128)
    x = mx.random.normal((3, 128))
    assert_close(layer.as_linear(x), host(x @ decoded(layer).T), rtol=1e-4, atol=1e-4)


@codings
def test_a_fresh_quantised_layer_is_that_of_a_fresh_layer(coding):
    for plain, quantised in ((nn.Linear, nn.QuantizedLinear), (nn.Embedding, nn.QuantizedEmbedding)):
        mx.random.seed(7)
        want = plain(16, 128) if plain is nn.Embedding else plain(128, 16, bias=False)
        mx.random.seed(7)
        got = quantised(16, 128, **coding) if plain is nn.Embedding else quantised(128, 16, **coding)
        assert_same(got.weight, host(want.to_quantized(**coding).weight))
        assert got.trainable_parameters() == {}


def test_a_carried_over_bias_trains_and_the_codes_do_not():
    layer = nn.Linear(64, 8).to_quantized()
    assert list(layer.trainable_parameters()) == ["bias"]
    _, gradients = nn.value_and_grad(layer, lambda x: layer(x).sum())(mx.ones((2, 64)))
    assert_same(gradients["bias"], [2] * 8)
    assert list(nn.Linear(64, 8, bias=False).to_quantized().trainable_parameters()) == []


def test_gradients_pass_through_a_quantised_layer():
    layer = nn.Linear(64, 8).to_quantized()
    gradient = mx.grad(lambda x: layer(x).sum())(mx.ones((2, 64)))
    assert_close(gradient, [host(decoded(layer).sum(0))] * 2, rtol=1e-4, atol=1e-5)


def test_modes_and_sizes_are_checked():
    for make in (
        lambda: nn.QuantizedLinear(64, 8, mode="nope"),
        lambda: nn.QuantizedEmbedding(8, 64, mode="nope"),
        lambda: nn.QQLinear(64, 8, mode="nope"),
        lambda: nn.QuantizedLinear(60, 8),
        lambda: nn.QuantizedLinear(64, 8, bits=7),
        lambda: nn.Linear(64, 8, bias=False).to_quantized(quantize_input=True),
        lambda: nn.Linear(64, 8, bias=False).to_quantized(mode="mxfp4", quantize_input=True),
        lambda: nn.Embedding(8, 64).to_quantized(mode="nvfp4", quantize_input=True),
    ):
        with pytest.raises(ValueError):
            make()
    with pytest.raises(NotImplementedError, match="bias"):
        nn.Linear(64, 8).to_quantized(mode="nvfp4", quantize_input=True)


# ---------------------------------------------------------------- quantised inputs


@pytest.mark.cotan_only
@pytest.mark.parametrize("mode", ["nvfp4", "mxfp8"])
def test_products_of_quantised_inputs_are_those_of_what_the_codes_stand_for(mode):
    layer = nn.Linear(64, 8, bias=False).to_quantized(mode=mode, quantize_input=True)
    x = mx.random.normal((3, 64))

    def rounded(a):
        return mx.dequantize(*mx.quantize(a, mode=mode), mode=mode, dtype=mx.float32)

    want = host(rounded(x) @ rounded(layer.weight).T)
    assert_close(layer(x), want, rtol=1e-4, atol=1e-4)
    assert_close(layer.eval()(x), want, rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
@pytest.mark.parametrize("mode", ["nvfp4", "mxfp8"])
@pytest.mark.parametrize("shape", [(64,), (3, 64), (2, 3, 64)], ids=str)
def test_gradients_pass_the_rounding_unchanged(mode, shape):
    layer = nn.Linear(64, 8, bias=False).to_quantized(mode=mode, quantize_input=True)
    x, g = mx.random.normal(shape), mx.random.normal((*shape[:-1], 8))

    def loss(x, weight):
        layer.update({"weight": weight})
        return (layer(x) * g).sum()

    weight = layer.weight
    to_x, to_weight = mx.grad(loss, argnums=(0, 1))(x, weight)
    want_x, want_weight = mx.grad(lambda x, w: (x @ w.T * g).sum(), argnums=(0, 1))(x, weight)
    assert_close(to_x, host(want_x), rtol=1e-4, atol=1e-4)
    assert_close(to_weight, host(want_weight), rtol=1e-4, atol=1e-4)
    layer.update({"weight": weight}).eval()
    to_x = mx.grad(lambda x: (layer(x) * g).sum())(x)
    assert_close(
        to_x, host(g @ mx.dequantize(layer.weight, layer.scales, mode=mode, dtype=mx.float32)), rtol=1e-4, atol=1e-4
    )


@pytest.mark.cotan_only
@pytest.mark.parametrize(
    "wrap", [lambda step, state: step, lambda s, state: mx.compile(s, inputs=state, outputs=state)]
)
def test_a_network_of_quantised_products_learns(wrap):
    mx.random.seed(0)
    model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 1, bias=False))
    nn.quantize(model, mode="mxfp8", quantize_input=True, class_predicate=lambda path, m: path == "layers.2")
    optimizer = optimizers.Adam(1e-2)
    optimizer.init(model.trainable_parameters())
    x = mx.random.normal((64, 4))
    loss_and_gradients = nn.value_and_grad(model, lambda: mx.square(model(x)[:, 0] - x[:, 0] * x[:, 1]).mean())

    def step():
        value, gradients = loss_and_gradients()
        optimizer.update(model, gradients)
        return value

    step = wrap(step, [model.state, optimizer.state])
    losses = [step().item() for _ in range(60)]
    assert losses[-1] < 0.2 * losses[0]


def test_evaluation_packs_the_matrix_and_training_unpacks_it():
    layer = nn.QQLinear(64, 8)
    weight = layer.weight
    assert list(layer.trainable_parameters()) == ["weight"]
    assert list(layer.eval()) == ["weight", "scales"]
    packed = layer.weight
    layer.eval()
    layer.quantize()
    assert layer.weight is packed
    assert list(layer.train()) == ["weight"]
    layer.dequantize()
    assert dtype_name(layer.weight) == "bfloat16"
    q, scales = mx.quantize(weight, mode="nvfp4")
    assert_same(layer.weight.astype(mx.float32), host(mx.dequantize(q, scales, mode="nvfp4").astype(mx.float32)))


# ---------------------------------------------------------------- whole models


def make_model():
    return nn.Sequential(nn.Embedding(10, 64), nn.Sequential(nn.Linear(64, 64), nn.ReLU()), nn.Conv1d(64, 64, 1))


def kinds(model):
    return [type(m).__name__ for _, m in utils.tree_flatten(model.leaf_modules(), is_leaf=nn.Module.is_module)]


def test_all_that_can_be_quantised_is():
    model = make_model()
    assert nn.quantize(model, bits=8) is None
    assert kinds(model) == ["QuantizedEmbedding", "QuantizedLinear", "ReLU", "Conv1d"]
    assert (model.layers[0].bits, model.layers[0].group_size) == (8, 64)
    again = model.layers[0]
    nn.quantize(model)
    assert model.layers[0] is again


def test_a_predicate_chooses_layers_and_their_coding():
    model, seen = make_model(), []

    def choose(path, module):
        seen.append(path)
        return {"layers.0": {"mode": "mxfp4"}, "layers.1.layers.0": True}.get(path, False)

    nn.quantize(model, 32, 2, class_predicate=choose)
    assert seen == ["layers.0", "layers.1.layers.0", "layers.1.layers.1", "layers.2"]
    assert used(model.layers[0]) == {"group_size": 32, "bits": 4, "mode": "mxfp4"}
    assert used(model.layers[1].layers[0]) == {"group_size": 32, "bits": 2, "mode": "affine"}


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (ValueError, {"class_predicate": lambda path, module: True}),
        (ValueError, {"class_predicate": lambda path, module: "yes"}),
        (TypeError, {"class_predicate": lambda path, module: path == "layers.0" and {"nope": 1}}),
        (ValueError, {"mode": "nope"}),
        (ValueError, {"group_size": 48}),
        (ValueError, {"quantize_input": True}),
        (NotImplementedError, {"mode": "nvfp4", "quantize_input": True}),
    ],
)
def test_after_an_error_the_model_is_what_it_was(error, arguments):
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
    with pytest.raises(error):
        nn.quantize(model, **arguments)
    assert kinds(model) == ["Linear", "ReLU"]


def test_layers_of_others_get_the_arguments_they_know():
    class Own(nn.Module):
        def to_quantized(self, group_size, bits, mode):
            return nn.Identity()

    model = nn.Sequential(Own())
    nn.quantize(model)
    assert kinds(model) == ["Identity"]


@pytest.mark.parametrize("extension", ["npz", "safetensors"])
def test_quantised_models_can_be_saved_loaded_and_copied(extension, in_tmp):
    models = [make_model(), make_model()]
    for model in models:
        nn.quantize(model, mode="mxfp8")
    models[0].save_weights(f"weights.{extension}")
    models[1].load_weights(f"weights.{extension}")
    x = mx.array([[1, 2, 3]])
    want = host(models[0](x))
    for model in (models[1], copy.deepcopy(models[0]), pickle.loads(pickle.dumps(models[0]))):
        assert_same(model(x), want)


@pytest.mark.parametrize("mode", ["affine", "mxfp4"])
def test_a_compiled_quantised_model_answers_like_the_plain_one(mode):
    model = make_model()
    nn.quantize(model, mode=mode)
    x = mx.array([[1, 2, 3]])
    assert_close(mx.compile(model)(x), host(model(x)), rtol=1e-3, atol=1e-4)
