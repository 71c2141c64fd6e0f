"""Running sums, sorts and selections."""

from cases.base import Case, each, normal, square

SIDE = 4096


def running_sum(axis):
    """A running sum along an axis of a large matrix."""
    calls = each(
        lazy=lambda mx, x: mx.cumsum(x, axis=axis),
        torch=lambda torch, x: torch.cumsum(x, axis),
        jax=lambda jax, x: jax.numpy.cumsum(x, axis=axis),
        numpy=lambda np, x: np.cumsum(x, axis=axis),
    )
    return Case(f"cumsum axis {axis} {SIDE}", square, calls, 1e-2, bytes=8 * SIDE**2)


def million():
    """A million numbers."""
    return (normal(1_000_000),)


CASES = [
    running_sum(0),
    running_sum(1),
    Case(
        "sort 1e6",
        million,
        each(
            lazy=lambda mx, x: mx.sort(x),
            torch=lambda torch, x: torch.sort(x)[0],
            jax=lambda jax, x: jax.numpy.sort(x),
            numpy=lambda np, x: np.sort(x),
        ),
    ),
    Case(
        "argsort rows 1000 x 1000",
        lambda: (normal(1000, 1000),),
        each(
            lazy=lambda mx, x: mx.argsort(x, axis=-1),
            torch=lambda torch, x: torch.argsort(x, dim=-1),
            jax=lambda jax, x: jax.numpy.argsort(x, axis=-1),
            numpy=lambda np, x: np.argsort(x, axis=-1),
        ),
        compare=lambda orders: [orders[0].sum()],  # equal numbers may come in either order
    ),
    Case(
        "top 10 of 1e6",
        million,
        each(
            lazy=lambda mx, x: mx.sort(mx.topk(x, 10)),
            torch=lambda torch, x: torch.topk(x, 10)[0].flip(0),
            jax=lambda jax, x: jax.lax.top_k(x, 10)[0][::-1],
            numpy=lambda np, x: np.sort(np.partition(x, -10)[-10:]),
        ),
        bytes=4e6,
    ),
]
