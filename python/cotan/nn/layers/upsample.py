"""Resampling of space. Inputs are ``(N, ..., C)``; every axis in between gets a scale factor of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import cotan.core as mx
from cotan.nn.layers.base import Module


class Upsample(Module):
    """Resize the spatial axes of ``(N, ..., C)`` by ``scale_factor``: one number, or one for each axis.

    An axis of length ``n`` becomes ``int(scale * n)`` long. ``mode`` is ``"nearest"``, ``"linear"`` or
    ``"cubic"``; the latter two along one axis after the other. With ``align_corners`` the first and last
    samples stay where they are; otherwise the middle does. ``antialias`` widens the kernel when shrinking; it
    needs ``"linear"`` or ``"cubic"`` without ``align_corners`` (``ValueError``).

    >>> nn.Upsample(2)(mx.array([[[1.0], [2.0]]])).squeeze()
    array([1, 1, 2, 2], dtype=float32)
    >>> nn.Upsample(2, mode="linear")(mx.array([[[0.0], [4.0]]])).squeeze()
    array([0, 1, 3, 4], dtype=float32)
    """

    def __init__(
        self,
        scale_factor: float | tuple[float, ...],
        mode: Literal["nearest", "linear", "cubic"] = "nearest",
        align_corners: bool = False,
        antialias: bool = False,
    ) -> None:
        if mode not in ("nearest", "linear", "cubic"):
            raise ValueError(f"Upsample: mode must be 'nearest', 'linear' or 'cubic', not {mode!r}")
        if antialias and (mode == "nearest" or align_corners):
            raise ValueError("Upsample: antialias needs mode 'linear' or 'cubic' and align_corners=False")
        super().__init__()
        self.scale_factor: float | tuple[float, ...]
        if isinstance(scale_factor, (tuple, list)):
            self.scale_factor = tuple(map(float, scale_factor))
        else:
            self.scale_factor = float(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.antialias = antialias

    def _extra_repr(self) -> str:
        text = f"scale_factor={self.scale_factor}, mode={self.mode!r}, align_corners={self.align_corners}"
        return f"{text}, antialias=True" if self.antialias else text

    def __call__(self, x: mx.array) -> mx.array:
        if x.ndim < 3:
            raise ValueError(f"Upsample: the input has shape {x.shape}, expected (N, ..., C) with three axes or more")
        scales = self.scale_factor
        if not isinstance(scales, tuple):
            scales = (scales,) * (x.ndim - 2)
        if self.mode == "nearest":
            return upsample_nearest(x, scales)
        upsample = upsample_linear if self.mode == "linear" else upsample_cubic
        return upsample(x, scales, self.align_corners, self.antialias)


def upsample_nearest(x: mx.array, scale_factor: tuple[float, ...]) -> mx.array:
    """Resize by repeating, or leaving out, samples; see :class:`Upsample`.

    >>> upsample_nearest(mx.array([[[1.0], [2.0]]]), (2,)).squeeze()
    array([1, 1, 2, 2], dtype=float32)
    """
    for axis, scale in _spatial_axes(x, scale_factor):
        size, new_size = x.shape[axis], _new_size(x, axis, scale)
        if new_size == size:
            continue
        if new_size % size == 0:
            x = mx.repeat(x, new_size // size, axis)
            continue
        places = mx.arange(new_size, dtype=mx.float32)
        ratio = size / new_size
        # Enlarging takes the sample nearest to the middle, shrinking the first of each group.
        nearest = mx.round((places + 0.5) * ratio - 0.5) if new_size > size else mx.floor(places * ratio)
        x = mx.take(x, mx.clip(nearest, 0, size - 1).astype(mx.uint32), axis)
    return x


def upsample_linear(
    x: mx.array, scale_factor: tuple[float, ...], align_corners: bool = False, antialias: bool = False
) -> mx.array:
    """Resize by linear interpolation; see :class:`Upsample`.

    >>> upsample_linear(mx.array([[[0.0], [4.0]]]), (1.5,), align_corners=True).squeeze()
    array([0, 2, 4], dtype=float32)
    """
    return _interpolate(x, scale_factor, _triangle, 1, align_corners, antialias)


def upsample_cubic(
    x: mx.array, scale_factor: tuple[float, ...], align_corners: bool = False, antialias: bool = False
) -> mx.array:
    """Resize by cubic convolution; see :class:`Upsample`.

    The kernel is that of Keys (IEEE Trans. ASSP 29, 1981) with slope -0.75, or -0.5 with ``antialias``.

    >>> upsample_cubic(mx.array([[[0.0], [4.0]]]), (1.5,), align_corners=True).squeeze()
    array([0, 2, 4], dtype=float32)
    """
    kernel = _keys(-0.5 if antialias else -0.75)
    return _interpolate(x, scale_factor, kernel, 2, align_corners, antialias)


Kernel = Callable[[mx.array], mx.array]


def _triangle(distance: mx.array) -> mx.array:
    return mx.maximum(1 - mx.abs(distance), 0)


def _keys(slope: float) -> Kernel:
    """Piecewise cubic on [-2, 2] whose slope at distance one is given."""

    def kernel(distance: mx.array) -> mx.array:
        d = mx.abs(distance)
        near = ((slope + 2) * d - (slope + 3)) * d * d + 1
        far = slope * (((d - 5) * d + 8) * d - 4)
        return mx.where(d <= 1, near, mx.where(d < 2, far, 0))

    return kernel


def _interpolate(
    x: mx.array, scale_factor: tuple[float, ...], kernel: Kernel, radius: int, align_corners: bool, antialias: bool
) -> mx.array:
    """Apply a kernel of the given radius along one spatial axis after the other."""
    for axis, scale in _spatial_axes(x, scale_factor):
        size, new_size = x.shape[axis], _new_size(x, axis, scale)
        positions = _positions(size, new_size, scale, align_corners)
        stretch = max(1 / scale, 1.0) if antialias else 1.0
        taps = 2 * math.ceil(radius * stretch) + (1 if antialias else 0)
        first = mx.floor(positions) - (taps - 1) // 2
        samples = first[:, None] + mx.arange(taps)
        weights = kernel((samples - positions[:, None]) / stretch)
        if antialias:
            # Samples beyond the border have no part; otherwise they repeat the last one.
            weights = mx.where((samples >= 0) & (samples < size), weights, 0)
            weights = weights / weights.sum(axis=1, keepdims=True)
        samples = mx.clip(samples, 0, size - 1).astype(mx.uint32)
        gathered = mx.take(x, samples, axis)
        weights = weights.reshape(weights.shape + (1,) * (x.ndim - axis - 1))
        x = mx.sum(gathered * weights, axis=axis + 1)
    return x


def _positions(size: int, new_size: int, scale: float, align_corners: bool) -> mx.array:
    """Where the new samples lie in the coordinates of the old ones."""
    places = mx.arange(new_size, dtype=mx.float32)
    if align_corners:
        return places * ((size - 1) / max(new_size - 1, 1))
    return (places - (new_size - 1) / 2) / scale + (size - 1) / 2


def _spatial_axes(x: mx.array, scale_factor: tuple[float, ...]) -> list[tuple[int, float]]:
    if len(scale_factor) != x.ndim - 2:
        raise ValueError(
            f"upsample: {len(scale_factor)} scale factors for an input of shape {x.shape}; each of the "
            f"{x.ndim - 2} axes between the first and the last needs one"
        )
    return list(enumerate(scale_factor, start=1))


def _new_size(x: mx.array, axis: int, scale: float) -> int:
    new_size = int(scale * x.shape[axis])
    if new_size <= 0:
        raise ValueError(f"upsample: axis {axis} of length {x.shape[axis]} would vanish with the scale factor {scale}")
    return new_size
