"""Networks that start from the same weights and see the same data train alike in both packages."""

import numpy as np
import pytest
from test_nn import MODULES, flat
from twin import OURS, THEIRS

STEPS = 50
BATCH = 16
TOLERANCE = 1e-4

OPTIMIZERS = """
SGD(0.05, momentum=0.9, weight_decay=1e-3)
Adam(1e-3)
AdamW(2e-3, weight_decay=0.05, bias_correction=True)
Adafactor()
Muon(2e-3)
Lion(1e-4)
""".strip().splitlines()


def mlp(side):
    nn = MODULES[side]["nn"]
    model = nn.Sequential(
        nn.Linear(12, 32), nn.GELU(), nn.LayerNorm(32), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 3)
    )
    return model, (BATCH, 12)


def conv_net(side):
    nn = MODULES[side]["nn"]
    model = nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1, bias=False),  # the gradient of a bias before BatchNorm is nothing but rounding
        nn.BatchNorm(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3),
        nn.GroupNorm(2, 8),
        nn.SiLU(),
        nn.AvgPool2d(2),
        lambda x: x.flatten(1),
        nn.Linear(8, 3),
    )
    return model, (BATCH, 8, 8, 2)


def transformer(side):
    nn = MODULES[side]["nn"]

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.inputs = nn.Linear(6, 16)
            self.positions = nn.SinusoidalPositionalEncoding(16)
            self.encoder = nn.TransformerEncoder(2, 16, 4, 32)
            self.outputs = nn.Linear(16, 3)

        def __call__(self, x):
            mask = nn.MultiHeadAttention.create_additive_causal_mask(x.shape[1])
            x = self.inputs(x) + self.positions(side.mx.arange(x.shape[1]))
            return self.outputs(self.encoder(x, mask).mean(1))

    return Classifier(), (BATCH, 5, 6)


NETWORKS = {"mlp": mlp, "conv net": conv_net, "transformer": transformer}


def start(side, network, optimizer):
    """A network, its optimizer, and the shape of its inputs."""
    side.mx.random.seed(0)
    model, shape = NETWORKS[network](side)
    side.mx.eval(model.parameters())
    optimizer = eval(f"optimizers.{optimizer}", MODULES[side])
    optimizer.init(model.trainable_parameters())
    return model, optimizer, shape


def train(side, model, optimizer, shape, steps=range(STEPS), wrap=None):
    """Losses of all steps, and the parameters at the end."""
    mx, nn = side.mx, MODULES[side]["nn"]

    def loss(x, y):
        return nn.losses.cross_entropy(model(x), y, reduction="mean")

    loss_and_gradients = nn.value_and_grad(model, loss)

    def step(x, y):
        value, gradients = loss_and_gradients(x, y)
        optimizer.update(model, gradients)
        return value

    state = [model.state, optimizer.state]
    step = wrap(step, state) if wrap else step
    losses = []
    for number in steps:
        x = np.random.default_rng(number).standard_normal(shape).astype(np.float32)
        y = x.reshape(BATCH, -1)[:, :3].argmax(1)
        losses.append(step(mx.array(x), mx.array(y)))
        mx.eval(losses[-1], state)
    return [value.item() for value in losses], {k: np.array(v) for k, v in flat(side, model.parameters())}


def assert_alike(ours, theirs):
    np.testing.assert_allclose(ours[0], theirs[0], rtol=TOLERANCE, atol=TOLERANCE)
    assert list(ours[1]) == list(theirs[1])
    for name, value in ours[1].items():
        np.testing.assert_allclose(value, theirs[1][name], rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


def compiled(step, state):
    return OURS.mx.compile(step, inputs=state, outputs=state)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_trains_alike_in_both_packages(network, optimizer):
    theirs = train(THEIRS, *start(THEIRS, network, optimizer))
    assert_alike(train(OURS, *start(OURS, network, optimizer)), theirs)
    assert_alike(train(OURS, *start(OURS, network, optimizer), wrap=compiled), theirs)


@pytest.mark.parametrize("extension", ["npz", "safetensors"])
@pytest.mark.parametrize(("first", "second"), [(OURS, THEIRS), (THEIRS, OURS)], ids=["to MLX", "from MLX"])
def test_the_other_package_goes_on_from_files(first, second, extension, tmp_path):
    optimizer, half = "AdamW(1e-3)", STEPS // 2
    straight = start(first, "transformer", optimizer)
    train(first, *straight, range(half))
    straight[0].save_weights(str(tmp_path / f"model.{extension}"))
    state = dict(flat(first, straight[1].state))
    if extension == "npz":
        first.mx.savez(str(tmp_path / "state.npz"), **state)
    else:
        first.mx.save_safetensors(str(tmp_path / "state.safetensors"), state)
    want = train(first, *straight, range(half, STEPS))

    model, other, shape = start(second, "transformer", optimizer)
    model.load_weights(str(tmp_path / f"model.{extension}"))
    loaded = second.mx.load(str(tmp_path / f"state.{extension}"))
    other.state = MODULES[second]["utils"].tree_unflatten(list(loaded.items()))
    assert_alike(train(second, model, other, shape, range(half, STEPS)), want)


@pytest.mark.parametrize("mode", ["affine", "mxfp4", "mxfp8", "nvfp4"])
@pytest.mark.parametrize(("first", "second"), [(OURS, THEIRS), (THEIRS, OURS)], ids=["to MLX", "from MLX"])
def test_quantised_models_answer_alike_in_the_other_package(first, second, mode, tmp_path):
    answers = []
    for side in (first, second):
        nn = MODULES[side]["nn"]
        model = nn.Sequential(nn.Embedding(20, 64), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 32, bias=False))
        nn.quantize(model, mode=mode)
        if side is first:
            model.save_weights(str(tmp_path / "model.safetensors"))
        else:
            model.load_weights(str(tmp_path / "model.safetensors"))
        answers.append(side.helpers.host(model(side.mx.arange(20)).astype(side.mx.float32)))
    np.testing.assert_allclose(*answers, rtol=2e-2, atol=2e-2)
