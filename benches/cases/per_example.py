"""vmap: what it costs beside a program without it, and gradients of every example."""

import math
from itertools import pairwise

from cases.base import Case, integers, normal

LAYERS = (128, 128, 10)
BATCH = 128


def columns():
    """Columns and rows to add."""
    return normal(4096, 100), normal(100, 4096, seed=1)


def lazy_add(peer, xs, ys):
    """vmap over the columns of one and the rows of the other."""
    f = peer.lib.vmap(lambda x, y: x + y, in_axes=(1, 0))
    return lambda: f(xs, ys)


def jax_add(peer, xs, ys):
    """The same in jax, compiled."""
    f = peer.lib.jit(peer.lib.vmap(lambda x, y: x + y, in_axes=(1, 0)))
    return lambda: f(xs, ys)


def torch_add(peer, xs, ys):
    """The same in torch."""
    f = peer.lib.vmap(lambda x, y: x + y, in_dims=(1, 0))
    return lambda: f(xs, ys)


def by_hand(peer, xs, ys):
    """What one would write without vmap."""
    return lambda: xs.T + ys


def loop(peer, xs, ys):
    """A Python loop over the examples."""
    return lambda: [xs[:, i] + ys[i] for i in range(xs.shape[1])]


def classifier():
    """Examples, their labels and the weights of a small network."""
    weights = [normal(i, o, seed=i) / math.sqrt(i) for i, o in pairwise(LAYERS)]
    return normal(BATCH, LAYERS[0]), integers(10, BATCH), *weights


def loss(lib, logsumexp, x, y, weights):
    """Cross entropy of one example; `lib` names functions as NumPy does."""
    for w in weights[:-1]:
        x = lib.tanh(x @ w)
    logits = x @ weights[-1]
    return logsumexp(logits) - (logits * (lib.arange(LAYERS[-1]) == y)).sum()


def lazy_gradients(peer, x, y, *weights):
    """Gradients of every example in cotan and mlx, compiled."""
    mx = peer.lib
    grad = mx.grad(lambda ws, x, y: loss(mx, mx.logsumexp, x, y, ws))
    f = mx.compile(mx.vmap(grad, in_axes=(None, 0, 0)))
    return lambda: f(list(weights), x, y)


def jax_gradients(peer, x, y, *weights):
    """The same in jax."""
    jax = peer.lib
    grad = jax.grad(lambda ws, x, y: loss(jax.numpy, jax.nn.logsumexp, x, y, ws))
    f = jax.jit(jax.vmap(grad, in_axes=(None, 0, 0)))
    return lambda: f(list(weights), x, y)


def torch_gradients(peer, x, y, *weights):
    """The same in torch."""
    torch = peer.lib
    grad = torch.func.grad(lambda ws, x, y: loss(torch, lambda z: torch.logsumexp(z, 0), x, y, ws))
    f = torch.vmap(grad, in_dims=(None, 0, 0))
    return lambda: list(f(weights, x, y))


def curvature_data():
    """A point and a matrix."""
    return normal(64), normal(64, 64, seed=1) / 8


def energy(lib, x, a):
    """A function with a full matrix of second derivatives."""
    return (lib.tanh(a @ x) ** 2).sum()


def jax_hessian(peer, x, a):
    """Second derivatives in jax, compiled."""
    f = peer.lib.jit(peer.lib.hessian(lambda x: energy(peer.lib.numpy, x, a)))
    return lambda: f(x)


def torch_hessian(peer, x, a):
    """Second derivatives in torch."""
    f = peer.lib.func.hessian(lambda x: energy(peer.lib, x, a))
    return lambda: f(x)


def lazy_hessian(peer, x, a):
    """Second derivatives in cotan; mlx has the parts: gradients of every component of the gradient."""
    mx = peer.lib
    f = lambda x: energy(mx, x, a)
    if peer.name == "cotan":
        hessian = mx.compile(mx.hessian(f))
    else:
        rows = mx.eye(len(x))
        pull = lambda x, row: mx.vjp(mx.grad(f), [x], [row])[1][0]
        hessian = mx.compile(lambda x: mx.vmap(pull, in_axes=(None, 0))(x, rows))
    return lambda: hessian(x)


CASES = [
    Case(
        "vmap add 4096 x 100",
        columns,
        {"cotan": lazy_add, "mlx": lazy_add, "jax": jax_add, "torch": torch_add, "numpy": by_hand},
        note="numpy: xs.T + ys",
        bytes=12 * 4096 * 100,
    ),
    Case("the same as a loop", columns, dict.fromkeys(("cotan", "mlx", "torch", "numpy"), loop)),
    Case(
        f"gradients of {BATCH} examples",
        classifier,
        {"cotan": lazy_gradients, "mlx": lazy_gradients, "jax": jax_gradients, "torch": torch_gradients},
        1e-3,
        bytes=4 * BATCH * sum(i * o for i, o in pairwise(LAYERS)),
    ),
    Case(
        "Hessian of 64 variables",
        curvature_data,
        {"cotan": lazy_hessian, "mlx": lazy_hessian, "jax": jax_hessian, "torch": torch_hessian},
        1e-3,
    ),
]
