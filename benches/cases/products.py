"""Matrix products: sizes, types, layouts, batches, and what is fused to them."""

import numpy as np

from cases.base import Case, each, every, in_dtype, normal


def matmul(m, n, k):
    """A product in float32."""
    name = f"matmul {n}" if m == n == k else f"matmul {m} x {k} x {n}"
    data = lambda: (normal(m, k), normal(k, n, seed=1))
    return Case(name, data, every(lambda lib, a, b: a @ b), 1e-2, flops=2 * m * n * k)


def halves(name):
    """A square product in a type of 16 bits."""

    def lazy(peer, a, b):
        a, b = in_dtype(peer, name, a, b)
        return lambda: a @ b

    def jax(peer, a, b):
        a, b = in_dtype(peer, name, a, b)
        f = peer.lib.jit(lambda a, b: a @ b)
        return lambda: f(a, b)

    calls = dict.fromkeys(("cotan", "mlx", "torch"), lazy) | {"jax": jax}
    limit = {"flops16" if name == "bfloat16" else "flops": 2 * 1024**3}
    return Case(f"matmul 1024 {name}", lambda: (normal(1024, 1024), normal(1024, 1024, seed=1)), calls, 1.0, **limit)


def batched(count, n):
    """Many small products."""
    data = lambda: (normal(count, n, n), normal(count, n, n, seed=1))
    return Case(f"batched matmul {count} x {n}", data, every(lambda lib, a, b: a @ b), 1e-3, flops=2 * count * n**3)


def gelu(lib, x):
    """The erf form of the GELU."""
    return 0.5 * x * (1 + lib.erf(x * 0.5**0.5))


CASES = [
    *(matmul(n, n, n) for n in (64, 256, 1024, 2048)),
    matmul(1, 4096, 4096),
    matmul(16, 4096, 4096),
    matmul(4096, 64, 64),
    Case(
        "matmul 1024 transposed",
        lambda: (normal(1024, 1024), normal(1024, 1024, seed=1)),
        every(lambda lib, a, b: a.T @ b.T),
        1e-2,
        flops=2 * 1024**3,
    ),
    Case(
        "matmul 512 float64",
        lambda: tuple(x.astype(np.float64) for x in (normal(512, 512), normal(512, 512, seed=1))),
        every(lambda lib, a, b: a @ b),
        1e-6,
        precise=True,
    ),
    halves("bfloat16"),
    halves("float16"),
    batched(1000, 16),
    batched(64, 128),
    Case(
        "linear, bias, GELU 512 x 1024 x 1024",
        lambda: (normal(512, 1024), normal(1024, 1024, seed=1) / 32, normal(1024, seed=2)),
        each(
            lazy=lambda mx, x, w, b: gelu(mx, mx.addmm(b, x, w)),
            torch=lambda torch, x, w, b: torch.nn.functional.gelu(torch.addmm(b, x, w)),
            jax=lambda jax, x, w, b: jax.nn.gelu(x @ w + b, approximate=False),
        ),
        1e-3,
        flops=2 * 512 * 1024**2,
    ),
    Case(
        "einsum bhid,bhjd->bhij",
        lambda: (normal(8, 8, 128, 64), normal(8, 8, 128, 64, seed=1)),
        every(lambda lib, a, b: lib.einsum("bhid,bhjd->bhij", a, b)),
        1e-3,
        flops=2 * 64 * 128 * 128 * 64,
    ),
]
