"""Attention and the transformer (Vaswani et al., arXiv:1706.03762)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cotan.core as mx
from cotan.nn.layers.activation_functions import relu
from cotan.nn.layers.base import Module
from cotan.nn.layers.dropout import Dropout
from cotan.nn.layers.linear import Linear
from cotan.nn.layers.normalization import LayerNorm
from cotan.nn.utils import checkpoint as checkpointed


class MultiHeadAttention(Module):
    """Scaled dot-product attention in ``num_heads`` subspaces, between learned projections.

    Queries ``(B, L, D)``, keys and values ``(B, K, D)``; the result is ``(B, L, value_output_dims)``. All
    dimensions are ``dims`` unless given. ``mask`` is additive, or boolean with True where attention is
    allowed, and broadcasts to ``(B, num_heads, L, K)``. ``dims`` must be a multiple of ``num_heads``
    (``ValueError``).

    >>> attention = nn.MultiHeadAttention(8, num_heads=2)
    >>> x = mx.ones((1, 5, 8))
    >>> attention(x, x, x, mask=attention.create_additive_causal_mask(5)).shape
    (1, 5, 8)
    """

    def __init__(
        self,
        dims: int,
        num_heads: int,
        query_input_dims: int | None = None,
        key_input_dims: int | None = None,
        value_input_dims: int | None = None,
        value_dims: int | None = None,
        value_output_dims: int | None = None,
        bias: bool = False,
    ) -> None:
        super().__init__()
        if dims % num_heads != 0:
            raise ValueError(f"MultiHeadAttention: {dims} dimensions cannot be split into {num_heads} equal heads")
        query_input_dims = query_input_dims or dims
        key_input_dims = key_input_dims or dims
        value_input_dims = value_input_dims or key_input_dims
        value_dims = value_dims or dims
        value_output_dims = value_output_dims or dims
        self.num_heads = num_heads
        self.query_proj = Linear(query_input_dims, dims, bias=bias)
        self.key_proj = Linear(key_input_dims, dims, bias=bias)
        self.value_proj = Linear(value_input_dims, value_dims, bias=bias)
        self.out_proj = Linear(value_dims, value_output_dims, bias=bias)

    def __call__(
        self, queries: mx.array, keys: mx.array, values: mx.array, mask: mx.array | str | None = None
    ) -> mx.array:
        queries = self._split_heads(self.query_proj(queries))
        keys = self._split_heads(self.key_proj(keys))
        values = self._split_heads(self.value_proj(values))
        scale = math.sqrt(1 / queries.shape[-1])
        mixed = mx.fast.scaled_dot_product_attention(queries, keys, values, scale=scale, mask=mask)
        return self.out_proj(mixed.swapaxes(1, 2).flatten(-2, -1))

    def _split_heads(self, x: mx.array) -> mx.array:
        """From ``(B, L, D)`` to ``(B, heads, L, D / heads)``."""
        return mx.unflatten(x, -1, (self.num_heads, -1)).swapaxes(1, 2)

    @staticmethod
    def create_additive_causal_mask(N: int, dtype: mx.Dtype = mx.float32) -> mx.array:  # noqa: N803
        """Mask ``(N, N)`` that hides what comes later: the lowest finite number above the diagonal, zero
        elsewhere.

        >>> (nn.MultiHeadAttention.create_additive_causal_mask(2) < 0)
        array([[False, True],
               [False, False]], dtype=bool)
        """
        positions = mx.arange(N)
        later = positions[:, None] < positions[None]
        return later.astype(dtype) * mx.finfo(dtype).min


class TransformerEncoderLayer(Module):
    """Self-attention and a two-layer network, each with dropout, layer normalisation and a shortcut around
    it.

    The normalisation comes first, or, with ``norm_first`` False, after the shortcut. ``mlp_dims`` is four
    times ``dims`` unless given.

    >>> nn.TransformerEncoderLayer(8, num_heads=2)(mx.ones((1, 5, 8)), mask=None).shape
    (1, 5, 8)
    """

    def __init__(
        self,
        dims: int,
        num_heads: int,
        mlp_dims: int | None = None,
        dropout: float = 0.0,
        activation: Callable[[Any], Any] = relu,
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        mlp_dims = mlp_dims or 4 * dims
        self.attention = MultiHeadAttention(dims, num_heads)
        self.ln1 = LayerNorm(dims)
        self.ln2 = LayerNorm(dims)
        self.linear1 = Linear(dims, mlp_dims)
        self.linear2 = Linear(mlp_dims, dims)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = activation
        self.norm_first = norm_first

    def __call__(self, x: mx.array, mask: mx.array | str | None) -> mx.array:
        def attend(y: mx.array) -> mx.array:
            return self.dropout1(self.attention(y, y, y, mask))

        x = _residual(x, attend, self.ln1, self.norm_first)
        return _residual(x, lambda y: _mlp(self, y, self.dropout2), self.ln2, self.norm_first)


class TransformerEncoder(Module):
    """A stack of ``num_layers`` :class:`TransformerEncoderLayer` with a layer normalisation at the end.

    ``checkpoint`` saves memory in training: the layers compute their intermediate values a second time for
    the gradient (:func:`cotan.nn.utils.checkpoint`).

    >>> nn.TransformerEncoder(2, dims=8, num_heads=2)(mx.ones((1, 5, 8)), mask=None).shape
    (1, 5, 8)
    """

    def __init__(
        self,
        num_layers: int,
        dims: int,
        num_heads: int,
        mlp_dims: int | None = None,
        dropout: float = 0.0,
        activation: Callable[[Any], Any] = relu,
        norm_first: bool = True,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        self.layers = [
            TransformerEncoderLayer(dims, num_heads, mlp_dims, dropout, activation, norm_first)
            for _ in range(num_layers)
        ]
        self.ln = LayerNorm(dims)
        self.checkpoint = checkpoint

    def __call__(self, x: mx.array, mask: mx.array | str | None) -> mx.array:
        for layer in self.layers:
            x = (checkpointed(layer) if self.checkpoint else layer)(x, mask)
        return self.ln(x)


class TransformerDecoderLayer(Module):
    """Self-attention, attention to a memory, and a two-layer network, each with dropout, layer normalisation
    and a shortcut around it.

    The normalisation comes first, or, with ``norm_first`` False, after the shortcut. ``mlp_dims`` is four
    times ``dims`` unless given.

    >>> layer = nn.TransformerDecoderLayer(8, num_heads=2)
    >>> layer(mx.ones((1, 5, 8)), mx.ones((1, 3, 8)), x_mask=None, memory_mask=None).shape
    (1, 5, 8)
    """

    def __init__(
        self,
        dims: int,
        num_heads: int,
        mlp_dims: int | None = None,
        dropout: float = 0.0,
        activation: Callable[[Any], Any] = relu,
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        mlp_dims = mlp_dims or 4 * dims
        self.self_attention = MultiHeadAttention(dims, num_heads)
        self.cross_attention = MultiHeadAttention(dims, num_heads)
        self.ln1 = LayerNorm(dims)
        self.ln2 = LayerNorm(dims)
        self.ln3 = LayerNorm(dims)
        self.linear1 = Linear(dims, mlp_dims)
        self.linear2 = Linear(mlp_dims, dims)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = activation
        self.norm_first = norm_first

    def __call__(
        self,
        x: mx.array,
        memory: mx.array,
        x_mask: mx.array | str | None,
        memory_mask: mx.array | str | None,
    ) -> mx.array:
        def attend(y: mx.array) -> mx.array:
            return self.dropout1(self.self_attention(y, y, y, x_mask))

        def attend_to_memory(y: mx.array) -> mx.array:
            return self.dropout2(self.cross_attention(y, memory, memory, memory_mask))

        x = _residual(x, attend, self.ln1, self.norm_first)
        x = _residual(x, attend_to_memory, self.ln2, self.norm_first)
        return _residual(x, lambda y: _mlp(self, y, self.dropout3), self.ln3, self.norm_first)


class TransformerDecoder(Module):
    """A stack of ``num_layers`` :class:`TransformerDecoderLayer` with a layer normalisation at the end.

    ``checkpoint`` saves memory in training: the layers compute their intermediate values a second time for
    the gradient (:func:`cotan.nn.utils.checkpoint`).

    >>> decoder = nn.TransformerDecoder(2, dims=8, num_heads=2)
    >>> decoder(mx.ones((1, 5, 8)), mx.ones((1, 3, 8)), x_mask=None, memory_mask=None).shape
    (1, 5, 8)
    """

    def __init__(
        self,
        num_layers: int,
        dims: int,
        num_heads: int,
        mlp_dims: int | None = None,
        dropout: float = 0.0,
        activation: Callable[[Any], Any] = relu,
        norm_first: bool = True,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        self.layers = [
            TransformerDecoderLayer(dims, num_heads, mlp_dims, dropout, activation, norm_first)
            for _ in range(num_layers)
        ]
        self.ln = LayerNorm(dims)
        self.checkpoint = checkpoint

    def __call__(
        self,
        x: mx.array,
        memory: mx.array,
        x_mask: mx.array | str | None,
        memory_mask: mx.array | str | None,
    ) -> mx.array:
        for layer in self.layers:
            x = (checkpointed(layer) if self.checkpoint else layer)(x, memory, x_mask, memory_mask)
        return self.ln(x)


class Transformer(Module):
    """Encoder and decoder: the encoded ``src`` is the memory that the decoder of ``tgt`` attends to.

    Sequences are ``(B, L, dims)``. ``custom_encoder`` and ``custom_decoder`` replace the stacks, with the
    same arguments. See :class:`TransformerEncoder` for the other parameters.

    >>> model = nn.Transformer(dims=8, num_heads=2, num_encoder_layers=1, num_decoder_layers=1)
    >>> model(mx.ones((1, 3, 8)), mx.ones((1, 5, 8)), src_mask=None, tgt_mask=None, memory_mask=None).shape
    (1, 5, 8)
    """

    def __init__(
        self,
        dims: int = 512,
        num_heads: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        mlp_dims: int | None = None,
        dropout: float = 0.0,
        activation: Callable[[Any], Any] = relu,
        custom_encoder: Any | None = None,
        custom_decoder: Any | None = None,
        norm_first: bool = True,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        shape = (dims, num_heads, mlp_dims, dropout, activation, norm_first, checkpoint)
        # `is None`, as a module without parameters is falsy.
        self.encoder = TransformerEncoder(num_encoder_layers, *shape) if custom_encoder is None else custom_encoder
        self.decoder = TransformerDecoder(num_decoder_layers, *shape) if custom_decoder is None else custom_decoder

    def __call__(
        self,
        src: mx.array,
        tgt: mx.array,
        src_mask: mx.array | str | None,
        tgt_mask: mx.array | str | None,
        memory_mask: mx.array | str | None,
    ) -> mx.array:
        memory = self.encoder(src, src_mask)
        return self.decoder(tgt, memory, tgt_mask, memory_mask)


def _residual(x: mx.array, sublayer: Callable[[mx.array], mx.array], norm: LayerNorm, norm_first: bool) -> mx.array:
    return x + sublayer(norm(x)) if norm_first else norm(x + sublayer(x))


def _mlp(layer: Module, x: mx.array, dropout: Dropout) -> mx.array:
    return layer.linear2(dropout(layer.activation(layer.linear1(x))))
