"""Train 32 networks at once by `vmap` over their parameters, and see where they disagree.

A deep ensemble (Lakshminarayanan et al., arXiv:1612.01474): each network says how noisy the data are; where networks
differ, the data leave something open. Run it with: python examples/python/ensemble.py --members 32
"""

from functools import partial
from typing import Any

import cotan.core as mx
import numpy as np
from common import option_parser, parse, positive, run, save_picture
from cotan import nn, optimizers, utils

Parameters = dict[str, Any]


class Network(nn.Module):
    """A number in; mean and logarithm of the variance of another number out."""

    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        self.layers = [nn.Linear(1, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 2)]

    def __call__(self, x: mx.array) -> tuple[mx.array, mx.array]:
        x = x[:, None]
        for layer in self.layers[:-1]:
            x = mx.tanh(layer(x))
        x = self.layers[-1](x)
        return x[:, 0], x[:, 1]


def make_data(count: int) -> tuple[mx.array, mx.array]:
    """A sine whose noise grows to the right, seen everywhere but in a gap."""
    x = mx.random.uniform(-3, 1, (count,))
    x = mx.where(x > -1, x + 1.5, x)
    noise = 0.05 + 0.08 * (x + 3)
    return x, truth(x) + noise * mx.random.normal((count,))


def truth(x: mx.array) -> mx.array:
    return mx.sin(2 * x) + 0.3 * x


def apply(parameters: Parameters, x: mx.array) -> tuple[mx.array, mx.array]:
    """What a network with these parameters says."""
    network = Network()
    network.update(parameters)
    return network(x)


def loss_fn(parameters: Parameters, x: mx.array, y: mx.array) -> mx.array:
    """Negative log-likelihood of one network's data, up to a constant."""
    mean, log_variance = apply(parameters, x)
    return 0.5 * mx.mean(mx.square(y - mean) * mx.exp(-log_variance) + log_variance)


def stack(members: int) -> Parameters:
    """The parameters of so many fresh networks: one tree, whose arrays have an axis for the networks in front."""
    networks = [Network().parameters() for _ in range(members)]
    return utils.tree_map(lambda *arrays: mx.stack(arrays), *networks)


def train(parameters: Parameters, x: mx.array, y: mx.array, steps: int) -> tuple[Parameters, list[float]]:
    """Fit every network to its own rows of `x` and `y`; returns the parameters and the mean loss of each step."""
    optimizer = optimizers.Adam(optimizers.cosine_decay(1e-2, max(1, steps)))
    optimizer.init(parameters)
    ensemble = {"parameters": parameters}
    state = [ensemble, optimizer.state]
    loss_and_grad = mx.vmap(mx.value_and_grad(loss_fn))

    @partial(mx.compile, inputs=state, outputs=state)
    def step() -> mx.array:
        losses, gradients = loss_and_grad(ensemble["parameters"], x, y)
        # Adam looks at each number alone, so it needn't know that these are many networks.
        ensemble["parameters"] = optimizer.apply_gradients(gradients, ensemble["parameters"])
        return mx.mean(losses)

    losses = run(step, state, steps)
    return ensemble["parameters"], losses


def predict(parameters: Parameters, x: mx.array) -> tuple[mx.array, mx.array, mx.array]:
    """The mean of every network, and the variances of the data and of the networks' opinions."""
    means, log_variances = mx.vmap(apply, in_axes=(0, None))(parameters, x)
    return means, mx.exp(log_variances).mean(axis=0), mx.var(means, axis=0)


def draw(figure: Any, parameters: Parameters, x: mx.array, y: mx.array) -> None:
    """Data, networks, and bands of two standard deviations for both kinds of uncertainty."""
    line = mx.linspace(-4, 3.5, 400)
    means, noise, doubt = predict(parameters, line)
    places, mean = np.array(line), np.array(means.mean(axis=0))
    bands = {"data and networks": noise + doubt, "networks": doubt}
    left, right = figure.subplots(1, 2, sharey=True)
    for (name, variance), colour in zip(bands.items(), ("C0", "C1"), strict=True):
        width = 2 * np.sqrt(np.array(variance))
        left.fill_between(places, mean - width, mean + width, color=colour, alpha=0.3, label=f"2 sd: {name}", lw=0)
    left.plot(places, mean, color="C3", label="mean of the ensemble")
    right.plot(places, np.array(means).T, color="C0", alpha=0.35, lw=0.8)
    for axes in (left, right):
        axes.plot(places, np.array(truth(line)), "k--", lw=1, label="truth without noise")
        axes.plot(np.array(x), np.array(y), "k.", ms=3, label="data")
        axes.set(xlabel="x", ylim=(-4, 4))
    left.set(title="What the ensemble knows, and what not", ylabel="y")
    left.legend(fontsize=8, loc="lower right")
    right.set(title=f"Its {len(means)} networks")


def main() -> None:
    parser = option_parser("Train an ensemble of networks in one step each.", steps=1000)
    parser.add_argument("--members", type=positive, default=32, help="networks in the ensemble")
    arguments = parse(parser)
    x, y = make_data(200)
    # Each network sees its own draw, with replacement, of the data.
    rows = mx.random.randint(0, len(x), (arguments.members, len(x)))
    parameters, losses = train(stack(arguments.members), x[rows], y[rows], arguments.steps)
    mx.save_safetensors(str(arguments.out / "ensemble.safetensors"), dict(utils.tree_flatten(parameters)))
    _, noise, doubt = predict(parameters, mx.array([-2.0, -0.25, 1.5]))
    print(f"loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last")
    for place, *spread in zip(("left", "gap", "right"), mx.sqrt(noise).tolist(), mx.sqrt(doubt).tolist(), strict=True):
        print(f"{place:>5}: noise of the data {spread[0]:.2f}, disagreement of the networks {spread[1]:.2f}")
    save_picture(arguments.out / "ensemble.png", (12, 4.5), draw, parameters, x, y)


if __name__ == "__main__":
    main()
