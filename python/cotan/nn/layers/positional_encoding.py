"""Ways to tell a sequence model where its inputs stand."""

from __future__ import annotations

import math

import cotan.core as mx
from cotan.nn.layers.base import Module


class RoPE(Module):
    """Rotary position: turn pairs of features by an angle that grows with the position (Su et al.,
    arXiv:2104.09864).

    Input ``(B, ..., L, D)``; of the ``D`` features the first ``dims`` are turned. ``traditional`` pairs
    neighbouring features, otherwise a feature of the first half goes with one of the second half. ``base``
    sets the angular frequencies, ``scale`` multiplies the positions, and ``offset`` is the position of the
    first element.

    >>> nn.RoPE(4)(mx.ones((1, 8, 4)), offset=2).shape
    (1, 8, 4)
    """

    def __init__(self, dims: int, traditional: bool = False, base: float = 10000, scale: float = 1.0) -> None:
        super().__init__()
        self.dims = dims
        self.traditional = traditional
        self.base = base
        self.scale = scale

    def _extra_repr(self) -> str:
        return f"{self.dims}, traditional={self.traditional}"

    def __call__(self, x: mx.array, offset: int | mx.array = 0) -> mx.array:
        return mx.fast.rope(x, self.dims, traditional=self.traditional, base=self.base, scale=self.scale, offset=offset)


class SinusoidalPositionalEncoding(Module):
    r"""Encode positions as sines and cosines of ``dims / 2`` frequencies each (Vaswani et al.,
    arXiv:1706.03762).

    The frequencies are spaced evenly in the logarithm, from ``max_freq`` down to ``min_freq``, per radian or,
    with ``full_turns``, per turn. ``scale`` multiplies the result, by default with :math:`\sqrt{2 /
    \text{dims}}`. ``cos_first`` puts the cosines before the sines. Positions of any shape become ``(*shape,
    dims)``. ``dims`` must be even and positive (``ValueError``).

    >>> nn.SinusoidalPositionalEncoding(4)(mx.array([0.0]))
    array([[0, 0, 0.707107, 0.707107]], dtype=float32)
    """

    def __init__(
        self,
        dims: int,
        min_freq: float = 0.0001,
        max_freq: float = 1,
        scale: float | None = None,
        cos_first: bool = False,
        full_turns: bool = False,
    ) -> None:
        if dims <= 0 or dims % 2 != 0:
            raise ValueError(f"SinusoidalPositionalEncoding: dims must be even and positive, not {dims}")
        super().__init__()
        count = dims // 2
        fall = mx.arange(count) / max(count - 1, 1) * math.log(min_freq / max_freq)
        # The underscore keeps the frequencies out of the parameters.
        self._sigmas = mx.exp(fall) * (max_freq * (2 * math.pi if full_turns else 1))
        self.scale = math.sqrt(2 / dims) if scale is None else scale
        self.cos_first = cos_first

    def __call__(self, x: mx.array) -> mx.array:
        angles = x[..., None] * self._sigmas
        waves = [mx.sin(angles), mx.cos(angles)]
        if self.cos_first:
            waves.reverse()
        return self.scale * mx.concatenate(waves, axis=-1)


class ALiBi(Module):
    """Attention with linear biases: scores fall with the distance between query and key, with a slope that
    differs from head to head (Press et al., arXiv:2108.12409).

    The call adds the biases, and the additive ``mask`` if given, to scores of shape ``(B, heads, L, K)``;
    ``offset`` is the position of the first query.

    >>> nn.ALiBi()(mx.zeros((1, 1, 2, 2)))
    array([[[[0, -0.00390625],
             [-0.00390625, 0]]]], dtype=float32)
    """

    @staticmethod
    def create_alibi_matrix(
        q_sequence_length: int,
        k_sequence_length: int,
        num_heads: int,
        offset: int = 0,
        dtype: mx.Dtype = mx.float32,
    ) -> mx.array:
        """Biases of shape ``(1, num_heads, q_sequence_length - offset, k_sequence_length)``.

        >>> nn.ALiBi.create_alibi_matrix(1, 3, num_heads=1)
        array([[[[0, -0.00390625, -0.0078125]]]], dtype=float32)
        """
        queries = mx.arange(offset, q_sequence_length)
        keys = mx.arange(k_sequence_length)
        distance = mx.abs(queries[:, None] - keys[None])
        return (-distance[None, None] * ALiBi.create_alibi_slope(num_heads)).astype(dtype)

    @staticmethod
    def create_alibi_slope(num_heads: int, dtype: mx.Dtype = mx.float32) -> mx.array:
        """Slopes of shape ``(num_heads, 1, 1)``: powers of one number, and every second power of its root for
        what is beyond a power of two.

        >>> nn.ALiBi.create_alibi_slope(4).squeeze()
        array([0.25, 0.0625, 0.015625, 0.00390625], dtype=float32)
        """
        regular = 2 ** int(math.log2(num_heads))
        slopes = [2 ** (-8 * k / regular) for k in range(1, regular + 1)]
        slopes += [2 ** (-8 * (k - 0.5) / regular) for k in range(1, num_heads - regular + 1)]
        return mx.array(slopes, dtype=dtype)[:, None, None]

    def __call__(self, attention_scores: mx.array, offset: int = 0, mask: mx.array | None = None) -> mx.array:
        _, num_heads, queries, keys = attention_scores.shape
        bias = self.create_alibi_matrix(queries + offset, keys, num_heads, offset, attention_scores.dtype)
        return attention_scores + (bias if mask is None else bias + mask)
