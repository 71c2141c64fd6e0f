"""Whole trainings: a stored run goes on as if never interrupted, and a compiled step trains like a plain one."""

import cotan.core as mx
import numpy as np
import pytest
from cotan import nn, optimizers, utils
from helpers import host

OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.05),
    "SGD with momentum": lambda: optimizers.SGD(0.05, 0.9, 0.1, nesterov=True),
    "RMSprop": lambda: optimizers.RMSprop(0.01),
    "Adagrad": lambda: optimizers.Adagrad(0.1),
    "AdaDelta": lambda: optimizers.AdaDelta(1.0),
    "Adam with a schedule": lambda: optimizers.Adam(optimizers.cosine_decay(0.05, 8)),
    "Adam with correction": lambda: optimizers.Adam(0.02, bias_correction=True),
    "AdamW": lambda: optimizers.AdamW(0.02),
    "Adamax": lambda: optimizers.Adamax(0.02),
    "Lion": lambda: optimizers.Lion(0.01),
    "Adafactor": lambda: optimizers.Adafactor(beta_1=0.9),
    "Adafactor with a rate": lambda: optimizers.Adafactor(0.05, relative_step=False),
    "Muon": lambda: optimizers.Muon(0.02),
    "several": lambda: optimizers.MultiOptimizer(
        [optimizers.AdamW(0.02), optimizers.SGD(optimizers.linear_schedule(0.1, 0.0, 10), 0.9)],
        [lambda path, x: x.ndim == 2],
    ),
}
STEPS, HALF = 8, 3
some = pytest.mark.parametrize("name", OPTIMIZERS)


class Network(nn.Module):
    """A little of everything: a list, a dict, running statistics, dropout."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 8), nn.BatchNorm(8), nn.Dropout(0.25)]
        self.heads = {"a": nn.Linear(8, 2), "b": nn.Linear(8, 2, bias=False)}

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.heads["a"](mx.tanh(x)) + self.heads["b"](x)


def make(name, seed=0):
    mx.random.seed(seed)
    model, optimizer = Network(), OPTIMIZERS[name]()
    optimizer.init(model.trainable_parameters())
    mx.eval(model.parameters())
    return model, optimizer


def make_step(model, optimizer):
    loss_and_gradients = nn.value_and_grad(model, lambda x: mx.square(model(x) - x[:, :2]).mean())

    def step(x):
        value, gradients = loss_and_gradients(x)
        gradients, _ = optimizers.clip_grad_norm(gradients, 2.0)
        optimizer.update(model, gradients)
        return value

    return step


def batch(number):
    return mx.array(np.random.default_rng(number).standard_normal((16, 4)).astype(np.float32))


def run(step, numbers):
    losses = []
    for number in numbers:
        mx.random.seed(number)
        losses.append(step(batch(number)).item())
    return losses


def values(tree):
    return {name: host(x) for name, x in utils.tree_flatten(tree)}


def assert_equal(ours, theirs, **tolerance):
    ours, theirs = values(ours), values(theirs)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_allclose(value, theirs[name], err_msg=name, **tolerance)


@some
@pytest.mark.parametrize("extension", ["npz", "safetensors"])
def test_a_run_resumed_from_files_is_the_run_that_never_stopped(name, extension, in_tmp):
    straight = make(name)
    want = run(make_step(*straight), range(STEPS))

    model, optimizer = make(name)
    run(make_step(model, optimizer), range(HALF))
    model.save_weights(f"model.{extension}")
    state = utils.tree_flatten(optimizer.state, destination={})
    if extension == "npz":
        mx.savez("state.npz", **state)
    else:
        mx.save_safetensors("state.safetensors", state)

    resumed, other = make(name, seed=99)
    resumed.load_weights(f"model.{extension}")
    other.state = utils.tree_unflatten(mx.load(f"state.{extension}"))
    assert run(make_step(resumed, other), range(HALF, STEPS)) == want[HALF:]
    assert_equal(resumed.parameters(), straight[0].parameters(), rtol=0)
    assert_equal(other.state, straight[1].state, rtol=0)


@some
def test_a_compiled_step_trains_like_a_plain_one(name):
    plain, compiled = make(name), make(name)
    want = run(make_step(*plain), range(STEPS))
    state = [compiled[0].state, compiled[1].state, mx.random.state]
    got = run(mx.compile(make_step(*compiled), inputs=state, outputs=state), range(STEPS))
    np.testing.assert_allclose(got, want, rtol=1e-3)
    assert_equal(compiled[0].parameters(), plain[0].parameters(), rtol=1e-3, atol=1e-4)
    assert_equal(compiled[1].state, plain[1].state, rtol=1e-3, atol=1e-4)


@pytest.mark.cotan_only
def test_layers_are_made_without_computing_anything():
    before = mx.get_active_memory()
    layers = [
        nn.Linear(2**14, 2**14),
        nn.Embedding(2**16, 2**12),
        nn.Conv2d(2**10, 2**10, 16),
        nn.LSTM(2**13, 2**13),
        nn.TransformerEncoder(8, 2**12, 8),
        nn.QuantizedLinear(2**14, 2**14),
        nn.BatchNorm(2**26),
    ]
    half = nn.Linear(2**14, 2**14)
    half.set_dtype(mx.float16)
    half.to_quantized()
    optimizers.Adam(0.1).init(layers[0].parameters())
    assert repr(layers)
    assert mx.get_active_memory() - before < 2**20
