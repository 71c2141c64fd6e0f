"""Steps of training with Adam: a batch, its loss, the gradients and the new weights."""

import math

import numpy as np

from cases.base import Case, integers, normal
from cases.models import STEPS


def drawn(shapes):
    """Weights by name: random ones, scaled by what they sum over; biases are zero and scales of norms one."""
    weights = {}
    for seed, (name, shape) in enumerate(shapes.items()):
        if "norm" in name and name.endswith("weight"):
            weights[name] = np.ones(shape, np.float32)
        elif name.endswith("bias"):
            weights[name] = np.zeros(shape, np.float32)
        else:
            weights[name] = normal(*shape, seed=seed) / np.float32(math.sqrt(math.prod(shape[1:])))
    return weights


def linear(name, inputs, outputs):
    """The shapes of a linear layer."""
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm(name, width):
    """The shapes of a layer normalisation."""
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def mlp():
    """A batch of 256 images as rows."""
    shapes = linear("layers.0", 784, 512) | linear("layers.1", 512, 256) | linear("layers.2", 256, 10)
    return drawn(shapes), normal(256, 784), integers(10, 256)


def convnet():
    """A batch of 64 small images."""
    shapes = linear("head", 128, 10)
    for i, (inputs, outputs) in enumerate(((3, 32), (32, 64), (64, 128))):
        shapes |= {f"convs.{i}.weight": (outputs, 3, 3, inputs), f"convs.{i}.bias": (outputs,)}
    return drawn(shapes), normal(64, 32, 32, 3), integers(10, 64)


def transformer(words=1000, width=256, places=128, depth=4):
    """A batch of eight texts."""
    shapes = {"words.weight": (words, width), "places.weight": (places, width)}
    for name in (f"blocks.{i}" for i in range(depth)):
        shapes |= norm(f"{name}.norm1", width) | norm(f"{name}.norm2", width)
        shapes |= linear(f"{name}.mix", width, 3 * width) | linear(f"{name}.out", width, width)
        shapes |= linear(f"{name}.up", width, 4 * width) | linear(f"{name}.down", 4 * width, width)
    shapes |= norm("norm", width) | linear("head", width, words)
    text = integers(words, 8, places + 1)
    return drawn(shapes), text[:, :-1].copy(), text[:, 1:].copy()


def lstm():
    """A batch of 32 sequences of 64 steps."""
    shapes = {"lstm.Wx": (512, 64), "lstm.Wh": (512, 128), "lstm.bias": (512,)} | linear("head", 128, 10)
    return drawn(shapes), normal(32, 64, 64), integers(10, 32)


def case(name, kind, data, flops):
    """A training; the losses of three steps have to agree."""

    def prepared(peer, weights, x, y):
        return STEPS[peer.name](peer, kind, weights, x, y)

    return Case(name, data, dict.fromkeys(STEPS, prepared), 2e-3, checks=3, evaluate=False, flops=flops)


CONV_FLOPS = 64 * (32 * 32 * 9 * 3 * 32 + 16 * 16 * 9 * 32 * 64 + 8 * 8 * 9 * 64 * 128)
LM_FLOPS = 8 * 128 * (4 * (12 * 256**2 + 128 * 256) + 256 * 1000)

CASES = [
    case("train MLP 784-512-256-10, batch 256", "mlp", mlp, 6 * 256 * (784 * 512 + 512 * 256 + 2560)),
    case("train convnet, 64 images 32 x 32", "convnet", convnet, 6 * CONV_FLOPS),
    case("train transformer LM, 4 x 256, 8 x 128 words", "transformer", transformer, 6 * LM_FLOPS),
    case("train LSTM 128, 32 x 64 steps", "lstm", lstm, 6 * 32 * 64 * 192 * 512),
]
