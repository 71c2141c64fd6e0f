"""Attention of a transformer: whole prompts, one more word, shared keys."""

from cases.base import Case, each, normal


def attention(name, q, k, causal=False):
    """Attention of shapes (batch, heads, places, features)."""
    scale = q[-1] ** -0.5
    grouped = q[1] != k[1]
    share = 0.5 if causal else 1.0
    flops = share * 4 * q[0] * q[1] * q[2] * k[2] * q[3]

    def torch(torch, q, k, v):
        f = torch.nn.functional.scaled_dot_product_attention
        return f(q, k, v, is_causal=causal, scale=scale, enable_gqa=grouped)

    def jax(jax, q, k, v):
        turn = lambda x: x.transpose(0, 2, 1, 3)
        return turn(jax.nn.dot_product_attention(turn(q), turn(k), turn(v), scale=scale, is_causal=causal))

    mask = "causal" if causal else None
    lazy = lambda mx, q, k, v: mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask=mask)
    data = lambda: (normal(*q), normal(*k, seed=1), normal(*k, seed=2))
    reads = 8 * k[0] * k[1] * k[2] * k[3] if q[2] == 1 else 0
    return Case(name, data, each(lazy, torch, jax), 1e-3, bytes=reads, flops=0 if reads else flops)


def gradient(name, shape):
    """The gradient of causal attention with respect to all three inputs."""
    scale = shape[-1] ** -0.5

    def lazy(mx, q, k, v):
        loss = lambda q, k, v: mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask="causal").sum()
        return list(mx.grad(loss, argnums=(0, 1, 2))(q, k, v))

    def torch(torch, q, k, v):
        leaves = [x.detach().requires_grad_() for x in (q, k, v)]
        y = torch.nn.functional.scaled_dot_product_attention(*leaves, is_causal=True, scale=scale)
        return list(torch.autograd.grad(y.sum(), leaves))

    def jax(jax, q, k, v):
        turn = lambda x: x.transpose(0, 2, 1, 3)
        loss = lambda *xs: jax.nn.dot_product_attention(*map(turn, xs), scale=scale, is_causal=True).sum()
        return list(jax.grad(loss, argnums=(0, 1, 2))(q, k, v))

    data = lambda: (normal(*shape), normal(*shape, seed=1), normal(*shape, seed=2))
    return Case(
        name, data, each(lazy, torch, jax), 1e-2, flops=0.5 * 14 * shape[0] * shape[1] * shape[2] ** 2 * shape[3]
    )


CASES = [
    attention("attention 8 heads, 1024 places", (1, 8, 1024, 64), (1, 8, 1024, 64)),
    attention("attention causal, 8 heads, 1024 places", (1, 8, 1024, 64), (1, 8, 1024, 64), causal=True),
    attention("attention grouped 32 / 8, 512 places", (1, 32, 512, 64), (1, 8, 512, 64), causal=True),
    attention("attention decode, 32 / 8 heads, cache 4096", (1, 32, 1, 128), (1, 8, 4096, 128)),
    gradient("attention gradient, 8 heads, 512 places", (1, 8, 512, 64)),
]
