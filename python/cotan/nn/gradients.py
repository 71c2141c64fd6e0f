"""The common norm of a tree of gradients, and how to limit it."""

from __future__ import annotations

from typing import Any

import cotan.core as mx
from cotan.utils import tree_map, tree_reduce


def sum_of_squares(gradients: Any) -> mx.array:
    """The sum of the squared sizes of all elements of a tree, at least in float32.

    >>> sum_of_squares({"w": mx.array([3.0, 4.0])})
    array(25, dtype=float32)
    """
    return tree_reduce(lambda total, gradient: total + _squares(gradient), gradients, mx.array(0.0))


def _squares(x: mx.array) -> mx.array:
    size = mx.abs(x)
    if size.dtype != mx.float64:
        size = size.astype(mx.float32)  # the squares of half precision numbers above 255 overflow
    return mx.square(size).sum()


def scale_to_norm(gradients: Any, norm: mx.array, max_norm: float) -> Any:
    """Scale gradients, whose norm is given, so that it becomes ``max_norm`` or less; they keep their dtypes.

    >>> scale_to_norm([mx.array([3.0, 4.0])], mx.array(5.0), 1.0)
    [array([0.6, 0.8], dtype=float32)]
    """
    scale = mx.minimum(max_norm / (norm + 1e-6), 1.0)

    def clip(gradient: mx.array) -> mx.array:
        scaled = gradient * scale
        return scaled.astype(gradient.dtype) if mx.issubdtype(gradient.dtype, mx.inexact) else scaled

    return tree_map(clip, gradients)
