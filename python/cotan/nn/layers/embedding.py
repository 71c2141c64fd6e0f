"""Tables of learned vectors."""

from __future__ import annotations

import math

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.nn.layers.quantized import QuantizedEmbedding


class Embedding(Module):
    r"""Look up vectors by number: indices of any shape become ``(*shape, dims)``.

    ``weight`` of shape ``(num_embeddings, dims)`` starts normal with standard deviation
    :math:`1 / \sqrt{\text{dims}}`.

    >>> nn.Embedding(10, 4)(mx.array([[1, 2, 1]])).shape
    (1, 3, 4)
    """

    def __init__(self, num_embeddings: int, dims: int) -> None:
        super().__init__()
        self.weight = mx.random.normal((num_embeddings, dims), scale=math.sqrt(1.0 / dims))

    def _extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"

    def __call__(self, x: mx.array) -> mx.array:
        return self["weight"][x]

    def as_linear(self, x: mx.array) -> mx.array:
        """Use the table as a matrix: a score for every entry, as in an output layer that shares its weights.

        >>> nn.Embedding(10, 4).as_linear(mx.ones((2, 4))).shape
        (2, 10)
        """
        return x @ self["weight"].T

    def to_quantized(
        self,
        group_size: int | None = None,
        bits: int | None = None,
        mode: str = "affine",
        quantize_input: bool = False,
    ) -> QuantizedEmbedding:
        """Make the quantised form of this layer; the arguments are those of :func:`quantize`.

        There is no input to quantise: ``quantize_input`` is a ``ValueError``.

        >>> nn.Embedding(10, 64).to_quantized(bits=8)
        QuantizedEmbedding(10, 64, group_size=64, bits=8, mode=affine)
        """
        if quantize_input:
            raise ValueError("Embedding: the input is a number of a row, which cannot be quantised")
        return QuantizedEmbedding.from_embedding(self, group_size, bits, mode)
