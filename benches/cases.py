"""What is timed: each case makes its data once and gives, for every library that can do it, a call to time."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BIG = 10_000_000
SIDE = 4096


@dataclass
class Case:
    """`data()` makes NumPy arrays; `calls[name](peer, *arrays)` gives a function without arguments to time."""

    name: str
    data: Callable
    calls: dict
    tolerance: float = 1e-4
    note: str = ""
    evaluate: bool = True  # False: only building the call is timed


def every(f):
    """The same expression in each library; f(lib, *arrays) where lib names functions as NumPy does."""

    def plain(peer, *arrays):
        return lambda: f(peer.lib, *arrays)

    def jit(peer, *arrays):
        compiled = peer.lib.jit(lambda *xs: f(peer.lib.numpy, *xs))
        return lambda: compiled(*arrays)

    return {"cotan": plain, "mlx": plain, "torch": plain, "numpy": plain, "jax": jit}


def normal(*shape):
    """Reproducible float32 data."""
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


# ---------------------------------------------------------------- elementwise


def gelu(lib, x):
    """The tanh form of the GELU (Hendrycks and Gimpel, 2016)."""
    return 0.5 * x * (1 + lib.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


ELEMENTWISE = [
    Case("add 1e7", lambda: (normal(BIG), normal(BIG)), every(lambda lib, x, y: x + y)),
    Case("exp 1e7", lambda: (normal(BIG),), every(lambda lib, x: lib.exp(x))),
    Case("gelu chain 1e7", lambda: (normal(BIG),), every(gelu)),
]


# ---------------------------------------------------------------- reductions


def softmax_numpy(lib, x):
    """Softmax of rows."""
    e = lib.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_jax(peer, x):
    """Softmax of rows, compiled."""
    f = peer.lib.jit(lambda x: peer.lib.nn.softmax(x, axis=-1))
    return lambda: f(x)


SOFTMAX = every(softmax_numpy) | {
    "cotan": lambda peer, x: lambda: peer.lib.softmax(x, axis=-1),
    "mlx": lambda peer, x: lambda: peer.lib.softmax(x, axis=-1),
    "torch": lambda peer, x: lambda: peer.lib.softmax(x, dim=-1),
    "jax": softmax_jax,
}

REDUCTIONS = [
    Case("softmax rows 4096", lambda: (normal(SIDE, SIDE),), SOFTMAX, 1e-5),
    *(
        Case(f"sum axis {axis} 4096", lambda: (normal(SIDE, SIDE),), every(lambda lib, x, axis=axis: x.sum(axis)), 1e-2)
        for axis in (0, 1)
    ),
    Case("sum all 4096", lambda: (normal(SIDE, SIDE),), every(lambda lib, x: x.sum()), 1e-1),
]


# ---------------------------------------------------------------- products


def matmul(n):
    """A square product in float32."""
    return Case(f"matmul {n}", lambda: (normal(n, n), normal(n, n).T.copy()), every(lambda lib, a, b: a @ b), 1e-2)


def halves(peer, a, b):
    """A square product in bfloat16."""
    lib = peer.lib
    if peer.name == "torch":
        a, b = a.to(lib.bfloat16), b.to(lib.bfloat16)
    elif peer.name == "jax":
        a, b = a.astype("bfloat16"), b.astype("bfloat16")
        f = lib.jit(lambda a, b: a @ b)
        return lambda: f(a, b)
    else:
        a, b = a.astype(lib.bfloat16), b.astype(lib.bfloat16)
        lib.eval(a, b)
    return lambda: a @ b


PRODUCTS = [
    *map(matmul, (256, 1024, 2048)),
    Case("matmul 1024 bf16", matmul(1024).data, dict.fromkeys(("cotan", "mlx", "torch", "jax"), halves), 1.0),
]


# ---------------------------------------------------------------- overhead

SMALL = lambda: (normal(10), normal(10))

OVERHEAD = [
    Case("a + b, small: call", SMALL, every(lambda lib, a, b: a + b), evaluate=False, note="lazy libraries only build"),
    Case("a + b, small: value", SMALL, every(lambda lib, a, b: a + b)),
    Case("20 small ops: value", SMALL, every(lambda lib, a, b: _chain(a, b))),
]


def _chain(a, b):
    """Twenty dependent small operations."""
    for _ in range(10):
        a = (a + b) * 0.5
    return a


# ---------------------------------------------------------------- learning

LAYERS = (784, 512, 256, 10)
RATE = 0.1


def mlp_data():
    """A batch of 256, its labels, and the weights of three layers."""
    rng = np.random.default_rng(1)
    weights = [(rng.standard_normal((i, o)) / math.sqrt(i)).astype(np.float32) for i, o in itertools.pairwise(LAYERS)]
    return normal(256, LAYERS[0]), rng.integers(0, 10, 256).astype(np.int32), *weights


def mlp_lazy(peer, x, y, *weights):
    """One step of gradient descent in cotan or mlx."""
    mx = peer.lib

    def loss(ws):
        h = x
        for w in ws[:-1]:
            h = mx.maximum(h @ w, 0)
        logits = h @ ws[-1]
        picked = mx.take_along_axis(logits, y[:, None], axis=-1)[:, 0]
        return mx.mean(mx.logsumexp(logits, axis=-1) - picked)

    step = mx.value_and_grad(loss)

    def run():
        value, grads = step(list(weights))
        return [value, *(w - RATE * g for w, g in zip(weights, grads, strict=True))]

    return run


def mlp_torch(peer, x, y, *weights):
    """One step of gradient descent in torch."""
    torch = peer.lib
    labels = y.long()
    leaves = [w.clone().requires_grad_() for w in weights]

    def run():
        h = x
        for w in leaves[:-1]:
            h = torch.relu(h @ w)
        value = torch.nn.functional.cross_entropy(h @ leaves[-1], labels)
        grads = torch.autograd.grad(value, leaves)
        with torch.no_grad():
            return [value, *(w - RATE * g for w, g in zip(leaves, grads, strict=True))]

    return run


def mlp_jax(peer, x, y, *weights):
    """One step of gradient descent in jax, compiled."""
    jax = peer.lib
    jnp = jax.numpy

    def loss(ws):
        h = x
        for w in ws[:-1]:
            h = jnp.maximum(h @ w, 0)
        logits = h @ ws[-1]
        picked = jnp.take_along_axis(logits, y[:, None], axis=-1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(logits, axis=-1) - picked)

    @jax.jit
    def step(ws):
        value, grads = jax.value_and_grad(loss)(ws)
        return [value, *(w - RATE * g for w, g in zip(ws, grads, strict=True))]

    return lambda: step(list(weights))


LEARNING = [
    Case(
        "MLP step 784-512-256-10",
        mlp_data,
        {"cotan": mlp_lazy, "mlx": mlp_lazy, "torch": mlp_torch, "jax": mlp_jax},
        1e-3,
    )
]


# ---------------------------------------------------------------- vmap


def vmap_lazy(peer, xs, ys):
    """vmap over the columns of one and the rows of the other."""
    f = peer.lib.vmap(lambda x, y: x + y, in_axes=(1, 0))
    return lambda: f(xs, ys)


def vmap_jax(peer, xs, ys):
    """The same in jax, compiled."""
    f = peer.lib.jit(peer.lib.vmap(lambda x, y: x + y, in_axes=(1, 0)))
    return lambda: f(xs, ys)


def vmap_torch(peer, xs, ys):
    """The same in torch."""
    f = peer.lib.vmap(lambda x, y: x + y, in_dims=(1, 0))
    return lambda: f(xs, ys)


def loop(peer, xs, ys):
    """What vmap replaces: a Python loop over the examples."""
    return lambda: [xs[:, i] + ys[i] for i in range(xs.shape[1])]


def by_hand(peer, xs, ys):
    """What one would write without vmap."""
    return lambda: xs.T + ys


COLUMNS = lambda: (normal(SIDE, 100), normal(100, SIDE))

VMAP = [
    Case(
        "vmap add 4096 x 100",
        COLUMNS,
        {"cotan": vmap_lazy, "mlx": vmap_lazy, "jax": vmap_jax, "torch": vmap_torch, "numpy": by_hand},
        note="numpy: xs.T + ys",
    ),
    Case("the same as a loop", COLUMNS, dict.fromkeys(("cotan", "mlx", "torch", "numpy"), loop)),
]

CASES = [*ELEMENTWISE, *REDUCTIONS, *PRODUCTS, *OVERHEAD, *LEARNING, *VMAP]
