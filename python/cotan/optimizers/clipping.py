"""Limits on the size of gradients."""

from __future__ import annotations

from typing import Any

import cotan.core as mx
from cotan.utils import tree_map, tree_reduce


def clip_grad_norm(grads: Any, max_norm: float) -> tuple[Any, mx.array]:
    r"""Scale all gradients so that their common norm is at most ``max_norm``; return them and the norm
    before.

    The norm is the root of the sum of all squares, at least in float32; the scale is
    :math:`\min(\text{max\_norm} / (\text{norm} + 10^{-6}), 1)`. The gradients keep their dtypes. A negative
    ``max_norm`` is a ``ValueError``.

    >>> optim.clip_grad_norm({"w": mx.array([3.0, 4.0])}, max_norm=1.0)
    ({'w': array([0.6, 0.8], dtype=float32)}, array(5, dtype=float32))
    """
    if max_norm < 0:
        raise ValueError(f"clip_grad_norm: max_norm must not be negative, not {max_norm}")
    norm = mx.sqrt(tree_reduce(lambda total, g: total + _sum_of_squares(g), grads, mx.array(0.0)))
    scale = mx.minimum(max_norm / (norm + 1e-6), 1.0)

    def clip(gradient: mx.array) -> mx.array:
        scaled = gradient * scale
        return scaled.astype(gradient.dtype) if mx.issubdtype(gradient.dtype, mx.inexact) else scaled

    return tree_map(clip, grads), norm


def _sum_of_squares(x: mx.array) -> mx.array:
    size = mx.abs(x)
    if size.dtype != mx.float64:
        size = size.astype(mx.float32)  # the squares of half precision numbers above 255 overflow
    return mx.square(size).sum()
