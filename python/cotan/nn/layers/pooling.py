"""Pooling layers: the maximum or the mean over windows. Inputs have the channels last."""

from __future__ import annotations

import math

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.nn.layers.functional import sliding_windows


class _Pool(Module):
    """What the pooling layers share: sizes, padding and windows. A subclass says how a window is reduced."""

    _spatial_axes: int

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
    ) -> None:
        super().__init__()
        self._kernel_size = self._sizes("kernel_size", kernel_size, at_least=1)
        self._stride = self._kernel_size if stride is None else self._sizes("stride", stride, at_least=1)
        self._padding = self._sizes("padding", padding, at_least=0)

    def _sizes(self, name: str, value: int | tuple[int, ...], at_least: int) -> tuple[int, ...]:
        count = self._spatial_axes
        sizes = (value,) * count if isinstance(value, int) else value
        if (
            not isinstance(sizes, (tuple, list))
            or len(sizes) != count
            or not all(isinstance(size, int) and size >= at_least for size in sizes)
        ):
            raise ValueError(
                f"{type(self).__name__}: {name} must be an integer, or {count} of them, at least {at_least}; "
                f"got {value!r}"
            )
        return tuple(sizes)

    def _extra_repr(self) -> str:
        return f"kernel_size={self._kernel_size}, stride={self._stride}, padding={self._padding}"

    def __call__(self, x: mx.array) -> mx.array:
        if x.ndim != self._spatial_axes + 2:
            raise ValueError(
                f"{type(self).__name__}: the input has shape {x.shape}, expected a batch axis, "
                f"{self._spatial_axes} spatial and a channel axis"
            )
        if any(self._padding):
            widths = [(0, 0), *((p, p) for p in self._padding), (0, 0)]
            x = mx.pad(x, widths, constant_values=self._padding_value(x.dtype))
        if self._kernel_size == self._stride:
            return self._reduce(*_tiles(x, self._kernel_size))
        windows = sliding_windows(x, self._kernel_size, self._stride)
        inside = range(1 + self._spatial_axes, 1 + 2 * self._spatial_axes)
        return self._reduce(windows, tuple(inside))

    def _padding_value(self, dtype: mx.Dtype) -> float:
        raise NotImplementedError

    def _reduce(self, windows: mx.array, axes: tuple[int, ...]) -> mx.array:
        raise NotImplementedError


class _MaxPool(_Pool):
    def _padding_value(self, dtype: mx.Dtype) -> float:
        return -math.inf if mx.issubdtype(dtype, mx.floating) else mx.iinfo(dtype).min

    def _reduce(self, windows: mx.array, axes: tuple[int, ...]) -> mx.array:
        return mx.max(windows, axes)


class _AvgPool(_Pool):
    def _padding_value(self, dtype: mx.Dtype) -> float:
        return 0

    def _reduce(self, windows: mx.array, axes: tuple[int, ...]) -> mx.array:
        return mx.mean(windows, axes)


class MaxPool1d(_MaxPool):
    """Maximum over windows of sequences: ``(N, L, C)`` to ``(N, L', C)``.

    ``stride`` is ``kernel_size`` unless given; the ends are padded with ``padding`` values below all others.
    A window that does not fit is dropped.

    >>> nn.MaxPool1d(2)(mx.array([[[1.0], [3.0], [2.0], [5.0]]])).squeeze()
    array([3, 5], dtype=float32)
    """

    _spatial_axes = 1


class MaxPool2d(_MaxPool):
    """Maximum over windows of images: ``(N, H, W, C)`` to ``(N, H', W', C)``.

    Sizes are one number for both axes or a pair. ``stride`` is ``kernel_size`` unless given; the borders are
    padded with values below all others. A window that does not fit is dropped.

    >>> nn.MaxPool2d(2)(mx.arange(16.0).reshape(1, 4, 4, 1)).squeeze()
    array([[5, 7],
           [13, 15]], dtype=float32)
    """

    _spatial_axes = 2


class MaxPool3d(_MaxPool):
    """Maximum over windows of volumes: ``(N, D, H, W, C)`` to ``(N, D', H', W', C)``.

    Sizes are one number for all axes or a triple. ``stride`` is ``kernel_size`` unless given; the borders are
    padded with values below all others. A window that does not fit is dropped.

    >>> nn.MaxPool3d(2)(mx.zeros((1, 4, 6, 8, 3))).shape
    (1, 2, 3, 4, 3)
    """

    _spatial_axes = 3


class AvgPool1d(_AvgPool):
    """Mean over windows of sequences: ``(N, L, C)`` to ``(N, L', C)``.

    ``stride`` is ``kernel_size`` unless given; the ends are padded with ``padding`` zeros, which count in the
    mean. A window that does not fit is dropped.

    >>> nn.AvgPool1d(2)(mx.array([[[1.0], [3.0], [2.0], [5.0]]])).squeeze()
    array([2, 3.5], dtype=float32)
    """

    _spatial_axes = 1


class AvgPool2d(_AvgPool):
    """Mean over windows of images: ``(N, H, W, C)`` to ``(N, H', W', C)``.

    Sizes are one number for both axes or a pair. ``stride`` is ``kernel_size`` unless given; the borders are
    padded with zeros, which count in the mean. A window that does not fit is dropped.

    >>> nn.AvgPool2d(2)(mx.arange(16.0).reshape(1, 4, 4, 1)).squeeze()
    array([[2.5, 4.5],
           [10.5, 12.5]], dtype=float32)
    """

    _spatial_axes = 2


class AvgPool3d(_AvgPool):
    """Mean over windows of volumes: ``(N, D, H, W, C)`` to ``(N, D', H', W', C)``.

    Sizes are one number for all axes or a triple. ``stride`` is ``kernel_size`` unless given; the borders are
    padded with zeros, which count in the mean. A window that does not fit is dropped.

    >>> nn.AvgPool3d(2)(mx.zeros((1, 4, 6, 8, 3))).shape
    (1, 2, 3, 4, 3)
    """

    _spatial_axes = 3


def _tiles(x: mx.array, kernel: tuple[int, ...]) -> tuple[mx.array, tuple[int, ...]]:
    """Windows that touch but do not overlap, which need no copy, and the axes within a window."""
    counts = [size // k for size, k in zip(x.shape[1:-1], kernel, strict=True)]
    inside = tuple(slice(count * k) for count, k in zip(counts, kernel, strict=True))
    split = [n for pair in zip(counts, kernel, strict=True) for n in pair]
    tiles = x[(slice(None), *inside)].reshape(x.shape[0], *split, x.shape[-1])
    return tiles, tuple(range(2, 2 + 2 * len(kernel), 2))
