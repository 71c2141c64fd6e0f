"""Products with weights of few bits; torch and jax get what their users would have there: the weights in float32."""

import numpy as np

from cases.base import Case, jitted, normal, plain

GROUP = 64


def codes(rows, columns, bits):
    """Packed codes, scales and offsets of a random matrix, as cotan and mlx store them."""
    rng = np.random.default_rng(1)
    words = rng.integers(0, 2**32, (rows, columns * bits // 32), dtype=np.uint32)
    scales = rng.uniform(0.5, 1.5, (rows, columns // GROUP)).astype(np.float32) / 2**bits
    return words, scales, -scales * 2 ** (bits - 1)


def unpacked(words, scales, biases, bits):
    """The matrix that the codes stand for."""
    shifts = np.arange(0, 32, bits, dtype=np.uint32)
    numbers = (words[..., None] >> shifts & (2**bits - 1)).reshape(len(words), -1, GROUP)
    return (numbers * scales[..., None] + biases[..., None]).astype(np.float32).reshape(len(words), -1)


def product(m, n, k, bits, transpose=True):
    """A product of m rows with a quantised matrix of n x k."""

    def packed(peer, x, words, scales, biases, dense):
        mx = peer.lib
        args = {"transpose": transpose, "group_size": GROUP, "bits": bits}
        return lambda: mx.quantized_matmul(x, words, scales, biases, **args)

    def data():
        parts = codes(n, k, bits)
        return normal(m, k if transpose else n), *parts, unpacked(*parts, bits)

    dense = lambda lib, x, words, scales, biases, dense: x @ (dense.T if transpose else dense)
    calls = dict.fromkeys(("cotan", "mlx"), packed) | {"torch": plain(dense), "jax": jitted(dense)}
    name = f"{bits}-bit {m} x {k} x {n}" + ("" if transpose else " not transposed")
    weights = n * k * bits / 8 + 8 * n * k / GROUP
    limits = {"bytes": weights} if m == 1 else {"flops": 2 * m * n * k}
    return Case(name, data, calls, 1e-2, note="torch, jax: the weights in float32", **limits)


CASES = [
    product(1, 4096, 4096, 4),
    product(1, 4096, 4096, 8),
    product(1, 4096, 4096, 4, transpose=False),
    product(16, 4096, 4096, 4),
    product(256, 2048, 2048, 4),
]
