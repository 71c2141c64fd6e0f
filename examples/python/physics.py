"""Solve Burgers' equation, u_t + u u_x = v u_xx, with a network that never sees a solution, only the equation.

Training removes the residual of the equation (Raissi et al., arXiv:1711.10561). Derivatives in space and time are `jvp`
of the network, written for one point; `vmap` takes many points, and `grad` goes through all of it. A `scan` then moves
particles along the flow. Run it with: python examples/python/physics.py --steps 2000
"""

from functools import partial
from typing import Any

import cotan.core as mx
import numpy as np
from common import draw_losses, option_parser, parse, run, save_picture
from cotan import nn, optimizers

VISCOSITY, POINTS = 0.02, 1_000


class Solution(nn.Module):
    """u(x, t) on [-1, 1] x [0, 1], from -sin(pi x) at the start, with zero at both ends, whatever the weights."""

    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        self.layers = [nn.Linear(2, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 1)]

    def __call__(self, x: mx.array, t: mx.array) -> mx.array:
        """At one point: both arguments and the result are numbers."""
        y = mx.stack([x, 2 * t - 1])
        for layer in self.layers[:-1]:
            y = mx.tanh(layer(y))
        return -mx.sin(mx.pi * x) + t * (1 - x * x) * self.layers[-1](y)[0]


def residual(u: Solution, x: mx.array, t: mx.array) -> mx.array:
    """What is missing to Burgers' equation at a point."""
    one = mx.ones_like(x)

    def value_and_slope(x: mx.array) -> list[mx.array]:
        (value,), (slope,) = mx.jvp(lambda x: u(x, t), [x], [one])
        return [value, slope]

    # Forward mode over forward mode: the tangent of a slope is a curvature.
    (value, u_x), (_, u_xx) = mx.jvp(value_and_slope, [x], [one])
    _, (u_t,) = mx.jvp(lambda t: u(x, t), [t], [one])
    return u_t + value * u_x - VISCOSITY * u_xx


def loss_fn(u: Solution, x: mx.array, t: mx.array) -> mx.array:
    """Mean square of the residual over many points."""
    return mx.mean(mx.square(mx.vmap(partial(residual, u))(x, t)))


def train(u: Solution, steps: int) -> list[float]:
    """Fit the equation at other points in each step; returns the loss of each step."""
    optimizer = optimizers.Adam(optimizers.cosine_decay(5e-3, max(1, steps)))
    optimizer.init(u.trainable_parameters())
    state = [u.state, optimizer.state, mx.random.state]
    loss_and_grad = nn.value_and_grad(u, loss_fn)

    @partial(mx.compile, inputs=state, outputs=state)
    def step() -> mx.array:
        loss, gradients = loss_and_grad(u, mx.random.uniform(-1, 1, (POINTS,)), mx.random.uniform(0, 1, (POINTS,)))
        optimizer.update(u, gradients)
        return loss

    return run(step, state, steps)


def exact(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The solution by the Cole-Hopf transform: a quotient of two Gaussian integrals, done by quadrature."""
    nodes, weights = np.polynomial.hermite.hermgauss(100)
    y = x[..., None] - np.sqrt(4 * VISCOSITY * t)[..., None] * nodes
    heat = weights * np.exp(-np.cos(np.pi * y) / (2 * np.pi * VISCOSITY))
    return -np.sum(np.sin(np.pi * y) * heat, axis=-1) / np.sum(heat, axis=-1)


def carry_along(u: Solution, starts: mx.array, steps: int = 100) -> mx.array:
    """Paths (steps, particles) of what moves with the flow, dx/dt = u(x, t), by the classical Runge-Kutta rule."""
    size = 1 / steps
    flow = mx.vmap(u, in_axes=(0, None))

    def step(x: mx.array, t: mx.array) -> tuple[mx.array, mx.array]:
        a = flow(x, t)
        b = flow(x + size / 2 * a, t + size / 2)
        c = flow(x + size / 2 * b, t + size / 2)
        d = flow(x + size * c, t + size)
        x = x + size / 6 * (a + 2 * b + 2 * c + d)
        return x, x

    _, paths = mx.scan(step, starts, mx.arange(steps) * size)
    return mx.concatenate([starts[None], paths])


def on_grid(u: Solution, x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """What the network says for all pairs of a place and a time, a row for each time."""
    rows = mx.vmap(mx.vmap(u, in_axes=(0, None)), in_axes=(None, 0))
    return np.array(rows(mx.array(x.astype(np.float32)), mx.array(t.astype(np.float32))))


def draw(figure: Any, u: Solution, losses: list[float]) -> None:
    """The solution with particles in it, cuts through it beside the exact solution, and the training."""
    plane, cuts, curve = figure.subplots(1, 3, width_ratios=[1.2, 1.2, 0.9])
    x, t = np.linspace(-1, 1, 201), np.linspace(0, 1, 101)
    image = plane.imshow(on_grid(u, x, t).T, extent=(0, 1, -1, 1), origin="lower", aspect="auto", cmap="RdBu_r")
    figure.colorbar(image, ax=plane, label="u")
    plane.plot(t, np.array(carry_along(u, mx.linspace(-0.9, 0.9, 13))), color="black", lw=0.8, alpha=0.7)
    plane.set(xlabel="t", ylabel="x", title="The network's solution, and paths in its flow")
    for i, time in enumerate((0.0, 0.25, 0.5, 1.0)):
        times = np.array([time])
        cuts.plot(x, on_grid(u, x, times)[0], color=f"C{i}", lw=3, alpha=0.5, label=f"t = {time}")
        cuts.plot(x, exact(x, times), "k--", lw=1, label=None if i else "exact")
    cuts.set(xlabel="x", ylabel="u", title="A sine steepens into a front")
    cuts.legend()
    draw_losses(curve, losses)
    curve.set(ylabel="mean squared residual", yscale="log", title="Training")


def main() -> None:
    arguments = parse(option_parser("Solve Burgers' equation with a network.", steps=2000))
    u = Solution()
    losses = train(u, arguments.steps)
    u.save_weights(arguments.out / "physics.safetensors")
    x, t = np.linspace(-1, 1, 101), np.linspace(0, 1, 51)
    truth = exact(x[None], t[:, None])
    error = np.linalg.norm(on_grid(u, x, t) - truth) / np.linalg.norm(truth)
    print(f"loss {losses[0]:.2e} at first, {losses[-1]:.2e} at last")
    print(f"relative error of the solution {error:.2%}")
    save_picture(arguments.out / "physics.png", (15, 4.5), draw, u, losses)


if __name__ == "__main__":
    main()
