"""The transformer of the examples that write: a decoder with rotary positions, gated networks and a cache."""

import math
from collections.abc import Sequence

import cotan.core as mx
from cotan import nn

CONTEXT = 64  # how many positions a position sees, itself included


class Cache:
    """Keys and values of the last CONTEXT positions, in one layer: training knows no further look back."""

    def __init__(self) -> None:
        self.arrays: list[mx.array] = []
        self.length = 0

    def attend(self, queries: mx.array, keys: mx.array, values: mx.array, scale: float) -> mx.array:
        """Add positions to the cache, and let them look back at everything in it."""
        self.length += keys.shape[2]
        self.arrays = append(self.arrays, [keys, values])
        return mx.fast.scaled_dot_product_attention(queries, *self.arrays, scale=scale, mask="causal")


def append(old: list[mx.array], new: list[mx.array]) -> list[mx.array]:
    """Arrays (batch, heads, length, ...) joined along their lengths, of which the end is kept."""
    return [mx.concatenate(pair, axis=2)[:, :, -CONTEXT:] for pair in zip(old, new, strict=True)] if old else new


class Attention(nn.Module):
    """Causal attention in several heads, with rotary positions."""

    def __init__(self, dims: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(dims, dims, bias=False) for _ in range(4))
        self.rope = nn.RoPE(dims // heads)

    def __call__(self, x: mx.array, cache: Cache) -> mx.array:
        split = [
            mx.unflatten(layer(x), -1, (self.heads, -1)).swapaxes(1, 2) for layer in (self.query, self.key, self.value)
        ]
        queries, keys = (self.rope(part, offset=cache.length) for part in split[:2])
        mixed = cache.attend(queries, keys, split[2], scale=1 / math.sqrt(keys.shape[-1]))
        return self.out(mixed.swapaxes(1, 2).flatten(-2))


class Block(nn.Module):
    """Attention, then a gated network at each position; both add to what passes by."""

    def __init__(self, dims: int, heads: int) -> None:
        super().__init__()
        self.attention, self.norm1, self.norm2 = Attention(dims, heads), nn.RMSNorm(dims), nn.RMSNorm(dims)
        self.gate, self.up, self.down = nn.Linear(dims, 2 * dims), nn.Linear(dims, 2 * dims), nn.Linear(2 * dims, dims)

    def __call__(self, x: mx.array, cache: Cache) -> mx.array:
        x = x + self.attention(self.norm1(x), cache)
        y = self.norm2(x)
        return x + self.down(nn.silu(self.gate(y)) * self.up(y))


class LanguageModel(nn.Module):
    """Tokens (batch, length) in, a score for every possible next token out."""

    def __init__(self, vocabulary: int, dims: int = 128, layers: int = 3, heads: int = 4) -> None:
        super().__init__()
        self.sizes = {"vocabulary": vocabulary, "dims": dims, "layers": layers, "heads": heads}
        self.embedding = nn.Embedding(vocabulary, dims)
        self.blocks = [Block(dims, heads) for _ in range(layers)]
        self.norm = nn.RMSNorm(dims)

    def __call__(self, tokens: mx.array, caches: Sequence[Cache] | None = None) -> mx.array:
        x = self.embedding(tokens)
        for block, cache in zip(self.blocks, caches or [Cache() for _ in self.blocks], strict=True):
            x = block(x, cache)
        return self.embedding.as_linear(self.norm(x))
