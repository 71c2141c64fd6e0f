"""Reductions, softmax, norms and losses."""

from cases.base import Case, each, every, normal, square

SIDE = 4096
SQUARE = 4 * SIDE**2


def softmax_numpy(np, x):
    """Softmax of rows."""
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cross_entropy_lazy(mx, x):
    """The mean negative log likelihood of class 0."""
    return mx.mean(mx.logsumexp(x, axis=-1) - x[:, 0])


def rms(lib, x):
    """Root mean square of rows, as one writes it."""
    return x / lib.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)


CASES = [
    *(
        Case(f"sum axis {axis} 4096", square, every(lambda lib, x, axis=axis: x.sum(axis)), 1e-2, bytes=SQUARE)
        for axis in (0, 1)
    ),
    Case("sum all 4096", square, every(lambda lib, x: x.sum()), 1e-1, bytes=SQUARE),
    Case(
        "var axis 1 4096",
        square,
        each(
            lazy=lambda mx, x: mx.var(x, axis=1),
            torch=lambda torch, x: torch.var(x, dim=1, correction=0),
            jax=lambda jax, x: jax.numpy.var(x, axis=1),
            numpy=lambda np, x: np.var(x, axis=1),
        ),
        bytes=SQUARE,
    ),
    Case("argmax axis 1 4096", square, every(lambda lib, x: x.argmax(1)), bytes=SQUARE),
    Case(
        "softmax rows 4096",
        square,
        each(
            lazy=lambda mx, x: mx.softmax(x, axis=-1),
            torch=lambda torch, x: torch.softmax(x, -1),
            jax=lambda jax, x: jax.nn.softmax(x, axis=-1),
            numpy=softmax_numpy,
        ),
        1e-5,
        bytes=2 * SQUARE,
    ),
    Case(
        "cross entropy 4096 x 4096",
        square,
        each(
            lazy=cross_entropy_lazy,
            torch=lambda torch, x: torch.nn.functional.cross_entropy(x, torch.zeros(SIDE, dtype=torch.int64)),
            jax=lambda jax, x: (jax.nn.logsumexp(x, axis=-1) - x[:, 0]).mean(),
        ),
        bytes=SQUARE,
    ),
    Case(
        "layer norm 4096",
        lambda: (normal(SIDE, SIDE), normal(SIDE), normal(SIDE, seed=1)),
        each(
            lazy=lambda mx, x, w, b: mx.fast.layer_norm(x, w, b, 1e-5),
            torch=lambda torch, x, w, b: torch.nn.functional.layer_norm(x, (SIDE,), w, b, 1e-5),
            jax=lambda jax, x, w, b: (
                (x - x.mean(-1, keepdims=True)) / jax.numpy.sqrt(x.var(-1, keepdims=True) + 1e-5) * w + b
            ),
        ),
        1e-3,
        bytes=2 * SQUARE,
    ),
    Case(
        "RMS norm 4096",
        square,
        every(rms)
        | each(
            lazy=lambda mx, x: mx.fast.rms_norm(x, None, 1e-5),
            torch=lambda torch, x: torch.nn.functional.rms_norm(x, (SIDE,), eps=1e-5),
        ),
        1e-3,
        bytes=2 * SQUARE,
    ),
]
