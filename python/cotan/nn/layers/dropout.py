"""Dropout: random zeros in training (Srivastava et al., JMLR 15, 2014)."""

from __future__ import annotations

import cotan.core as mx
from cotan.nn.layers.base import Module


class _Dropout(Module):
    """What the dropout layers share: the probability, and the scaling that keeps the mean."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"{type(self).__name__}: the probability p must be in [0, 1), not {p}")
        super().__init__()
        self._p = p

    def _extra_repr(self) -> str:
        return f"p={self._p}"

    def _drop(self, x: mx.array, mask_shape: tuple[int, ...]) -> mx.array:
        """Zero ``x`` where a mask of ``mask_shape``, which broadcasts to its shape, says so."""
        if self._p == 0 or not self.training:
            return x
        keep = 1 - self._p
        return mx.where(mx.random.bernoulli(keep, mask_shape), x * (1 / keep), 0)

    def _check_rank(self, x: mx.array, ranks: tuple[int, int], layout: str) -> None:
        if x.ndim not in ranks:
            raise ValueError(f"{type(self).__name__}: the input has shape {x.shape}, expected {layout}")


class Dropout(_Dropout):
    """Zero each element with probability ``p`` in training and scale the others by ``1 / (1 - p)``.

    In evaluation mode, or with ``p = 0``, the input is returned. ``p`` outside [0, 1) is a ``ValueError``.

    >>> nn.Dropout(0.25)
    Dropout(p=0.25)
    >>> nn.Dropout(0.5).eval()(mx.ones((3,)))
    array([1, 1, 1], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return self._drop(x, x.shape)


class Dropout2d(_Dropout):
    """Zero whole channels of images with probability ``p``; input ``(H, W, C)`` or ``(N, H, W, C)``.

    See Tompson et al., *Efficient object localization using convolutional networks*, CVPR 2015.

    >>> y = nn.Dropout2d(0.5)(mx.ones((2, 8, 8, 3)))
    >>> mx.array_equal(y.min(axis=(1, 2)), y.max(axis=(1, 2))).item()
    True
    """

    def __call__(self, x: mx.array) -> mx.array:
        self._check_rank(x, (3, 4), "(H, W, C) or (N, H, W, C)")
        return self._drop(x, (*x.shape[:-3], 1, 1, x.shape[-1]))


class Dropout3d(_Dropout):
    """Zero whole channels of volumes with probability ``p``; input ``(D, H, W, C)`` or ``(N, D, H, W, C)``.

    >>> y = nn.Dropout3d(0.5)(mx.ones((2, 4, 4, 4, 3)))
    >>> mx.array_equal(y.min(axis=(1, 2, 3)), y.max(axis=(1, 2, 3))).item()
    True
    """

    def __call__(self, x: mx.array) -> mx.array:
        self._check_rank(x, (4, 5), "(D, H, W, C) or (N, D, H, W, C)")
        return self._drop(x, (*x.shape[:-4], 1, 1, 1, x.shape[-1]))
