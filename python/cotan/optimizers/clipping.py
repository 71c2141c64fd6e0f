"""Limits on the size of gradients."""

from __future__ import annotations

from typing import Any

import cotan.core as mx
from cotan.nn.gradients import scale_to_norm, sum_of_squares


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
    norm = mx.sqrt(sum_of_squares(grads))
    return scale_to_norm(grads, norm, max_norm), norm
