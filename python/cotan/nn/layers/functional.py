"""The computations behind several layers, composed of array operations that the engine fuses."""

from __future__ import annotations

import math

import cotan.core as mx


def standardize(x: mx.array, axes: int | tuple[int, ...], eps: float) -> mx.array:
    """Shift and scale to mean 0 and variance 1 over ``axes``.

    >>> standardize(mx.array([1.0, 3.0]), 0, eps=1e-5)
    array([-0.999995, 0.999995], dtype=float32)
    """
    mean = mx.mean(x, axis=axes, keepdims=True)
    var = mx.var(x, axis=axes, keepdims=True)
    return (x - mean) * mx.rsqrt(var + eps)


def per_axis(size: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One size for each of ``axes`` spatial axes, from one number for all or a sequence (``ValueError`` for another
    length).

    >>> per_axis(3, 2)
    (3, 3)
    """
    sizes = (size,) * axes if isinstance(size, int) else tuple(size)
    if len(sizes) != axes:
        raise ValueError(f"expected one size for each of {axes} axes, or one for all, not {size!r}")
    return sizes


def sliding_windows(x: mx.array, kernel: tuple[int, ...], stride: tuple[int, ...]) -> mx.array:
    """Windows of ``(N, *space, C)`` as a view ``(N, *counts, *kernel, C)``; what does not fit at the end is dropped.

    >>> sliding_windows(mx.arange(4).reshape(1, 4, 1), (2,), (1,)).squeeze()
    array([[0, 1],
           [1, 2],
           [2, 3]], dtype=int32)
    """
    batch, *space, channels = x.shape
    counts = [max((size - k) // s + 1, 0) for size, k, s in zip(space, kernel, stride, strict=True)]
    first, *steps, last = (math.prod(x.shape[axis + 1 :]) for axis in range(x.ndim))
    between = [step * s for step, s in zip(steps, stride, strict=True)]
    return mx.as_strided(x, (batch, *counts, *kernel, channels), (first, *between, *steps, last))
