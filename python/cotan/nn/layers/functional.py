"""The computations behind several layers, composed of array operations that the engine fuses."""

from __future__ import annotations

import math

import cotan.core as mx


def layer_norm(x: mx.array, weight: mx.array | None, bias: mx.array | None, eps: float) -> mx.array:
    """Shift and scale the last axis to mean 0 and variance 1, in float32 or wider, then apply an affine map.

    >>> layer_norm(mx.array([[1.0, 3.0]]), None, None, eps=1e-5)
    array([[-0.999995, 0.999995]], dtype=float32)
    """
    x = standardize(_widen(x), -1, eps).astype(x.dtype)
    if weight is not None:
        x = x * weight
    return x if bias is None else x + bias


def rms_norm(x: mx.array, weight: mx.array | None, eps: float) -> mx.array:
    """Divide the last axis by its root mean square, computed in float32 or wider, then scale it.

    >>> rms_norm(mx.array([[3.0, 3.0]]), None, eps=1e-5)
    array([[0.999999, 0.999999]], dtype=float32)
    """
    wide = _widen(x)
    x = (wide * mx.rsqrt(mx.mean(mx.square(wide), axis=-1, keepdims=True) + eps)).astype(x.dtype)
    return x if weight is None else x * weight


def standardize(x: mx.array, axes: int | tuple[int, ...], eps: float) -> mx.array:
    """Shift and scale to mean 0 and variance 1 over ``axes``.

    >>> standardize(mx.array([1.0, 3.0]), 0, eps=1e-5)
    array([-0.999995, 0.999995], dtype=float32)
    """
    mean = mx.mean(x, axis=axes, keepdims=True)
    var = mx.var(x, axis=axes, keepdims=True)
    return (x - mean) * mx.rsqrt(var + eps)


def rope(x: mx.array, dims: int, traditional: bool, base: float, scale: float, offset: int | mx.array) -> mx.array:
    r"""Turn pairs of features of ``(B, ..., L, D)`` by the angle :math:`(l + \text{offset}) \cdot \text{scale} \cdot
    \text{base}^{-2j/\text{dims}}` for position ``l`` and pair ``j`` (Su et al., arXiv:2104.09864).

    Pairs are neighbours if ``traditional``, else features half of ``dims`` apart; features beyond ``dims`` stay.
    ``offset`` is one number, or one for each example.

    >>> rope(mx.array([[[1.0, 0.0]]]), 2, False, 10000, 1.0, offset=1)
    array([[[0.540302, 0.841471]]], dtype=float32)
    """
    if x.ndim < 3 or dims % 2 != 0 or dims > x.shape[-1]:
        raise ValueError(f"rope: cannot turn {dims} features of an input of shape {x.shape}, expected (B, ..., L, D)")
    if isinstance(offset, mx.array) and offset.ndim == 1:
        offset = offset.reshape(-1, *[1] * (x.ndim - 2))
    positions = (mx.arange(x.shape[-2]) + offset) * scale
    angles = positions[..., None] * mx.exp(mx.arange(0, dims, 2) * (-math.log(base) / dims))
    cos, sin = mx.cos(angles), mx.sin(angles)
    turned, rest = x[..., :dims], x[..., dims:]
    if traditional:
        first, second = turned[..., 0::2], turned[..., 1::2]
        pairs = mx.stack([first * cos - second * sin, first * sin + second * cos], axis=-1)
        turned = pairs.flatten(-2, -1)
    else:
        first, second = mx.split(turned, 2, axis=-1)
        turned = mx.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)
    return mx.concatenate([turned.astype(x.dtype), rest], axis=-1)


def attention(queries: mx.array, keys: mx.array, values: mx.array, mask: mx.array | str | None) -> mx.array:
    r"""Scaled dot-product attention :math:`\text{softmax}(Q K^\top / \sqrt{D} + \text{mask}) V` over the last two axes.

    ``mask`` is additive, or boolean with True where attention is allowed, or ``"causal"``, which lets the last query
    see all keys and each earlier one a key less.

    >>> attention(mx.zeros((1, 1, 2)), mx.zeros((1, 2, 2)), mx.array([[[1.0], [3.0]]]), None)
    array([[[2]]], dtype=float32)
    """
    scores = (queries * math.sqrt(1 / queries.shape[-1])) @ keys.swapaxes(-1, -2)
    bias = _named_mask(mask, *scores.shape[-2:]) if isinstance(mask, str) else mask
    if bias is not None and bias.dtype == mx.bool_:
        scores = mx.where(bias, scores, mx.finfo(scores.dtype).min)
    elif bias is not None:
        scores = scores + bias
    return mx.softmax(scores, axis=-1, precise=True) @ values


def per_axis(size: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One size for each of ``axes`` spatial axes, from one number for all or a sequence.

    >>> per_axis(3, 2)
    (3, 3)
    """
    return (size,) * axes if isinstance(size, int) else tuple(size[:axes])


def sliding_windows(
    x: mx.array, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...] | None = None
) -> mx.array:
    """Windows of ``(N, *space, C)`` as a view ``(N, *counts, *kernel, C)``; what does not fit at the end is dropped.

    >>> sliding_windows(mx.arange(4).reshape(1, 4, 1), (2,), (1,)).squeeze()
    array([[0, 1],
           [1, 2],
           [2, 3]], dtype=int32)
    """
    batch, *space, channels = x.shape
    dilation = dilation or (1,) * len(kernel)
    reaches = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    counts = [max((size - r) // s + 1, 0) for size, r, s in zip(space, reaches, stride, strict=True)]
    first, *steps, last = (math.prod(x.shape[axis + 1 :]) for axis in range(x.ndim))
    between = [step * s for step, s in zip(steps, stride, strict=True)]
    within = [step * d for step, d in zip(steps, dilation, strict=True)]
    return mx.as_strided(x, (batch, *counts, *kernel, channels), (first, *between, *within, last))


def convolve(
    x: mx.array,
    weight: mx.array,
    stride: int | tuple,
    padding: int | tuple,
    dilation: int | tuple,
    groups: int = 1,
) -> mx.array:
    """Cross-correlate ``(N, *space, C)`` with ``(O, *kernel, C / groups)``, as one matrix product over all windows.

    >>> convolve(mx.ones((1, 4, 1)), mx.ones((1, 3, 1)), 1, 1, 1).squeeze()
    array([2, 3, 3, 2], dtype=float32)
    """
    if x.ndim != weight.ndim or x.shape[-1] != weight.shape[-1] * groups:
        raise ValueError(
            f"convolution: an input of shape {x.shape} does not fit a weight of shape {weight.shape} in {groups} groups"
        )
    outputs, *kernel, channels = weight.shape
    axes = len(kernel)
    if padding != 0:
        x = mx.pad(x, [(0, 0), *((p, p) for p in per_axis(padding, axes)), (0, 0)])
    windows = sliding_windows(x, tuple(kernel), per_axis(stride, axes), per_axis(dilation, axes))
    space, cells = windows.shape[: axes + 1], math.prod(kernel)
    # (groups, windows, cells * channels) times (groups, cells * channels, outputs).
    rows = windows.reshape(-1, cells, groups, channels).transpose(2, 0, 1, 3).reshape(groups, -1, cells * channels)
    columns = weight.reshape(groups, outputs // groups, cells * channels).swapaxes(1, 2)
    return (rows @ columns).swapaxes(0, 1).reshape(*space, outputs)


def convolve_transposed(
    x: mx.array,
    weight: mx.array,
    stride: int | tuple,
    padding: int | tuple,
    dilation: int | tuple,
    output_padding: int | tuple,
) -> mx.array:
    """The adjoint of :func:`convolve`: a convolution of the input with zeros between its samples.

    >>> convolve_transposed(mx.array([[[1.0], [2.0]]]), mx.ones((1, 3, 1)), 2, 0, 1, 0).squeeze()
    array([1, 1, 3, 2, 2], dtype=float32)
    """
    axes = weight.ndim - 2
    if x.ndim != weight.ndim or x.shape[-1] != weight.shape[-1]:
        raise ValueError(f"convolution: an input of shape {x.shape} does not fit a weight of shape {weight.shape}")
    sizes = (per_axis(size, axes) for size in (stride, padding, dilation, output_padding))
    for axis, s, p, d, extra in zip(range(1, axes + 1), *sizes, strict=True):
        margin = d * (weight.shape[axis] - 1) - p
        x = _spread(x, axis, s)
        x = _pad_or_crop(x, axis, margin, margin + extra)
    flipped = weight[(slice(None), *[slice(None, None, -1)] * axes)]
    return convolve(x, flipped, 1, 0, dilation)


def _named_mask(name: str, queries: int, keys: int) -> mx.array:
    if name != "causal":
        raise ValueError(f"attention: mask must be an array or 'causal', not {name!r}")
    return mx.arange(keys) <= mx.arange(keys - queries, keys)[:, None]


def _widen(x: mx.array) -> mx.array:
    return x if x.dtype == mx.float64 else x.astype(mx.float32)


def _spread(x: mx.array, axis: int, stride: int) -> mx.array:
    """Put ``stride - 1`` zeros between neighbours along an axis."""
    if stride == 1:
        return x
    widths = [(0, 0)] * (x.ndim + 1)
    widths[axis + 1] = (0, stride - 1)
    spread = mx.pad(mx.expand_dims(x, axis + 1), widths).flatten(axis, axis + 1)
    return _pad_or_crop(spread, axis, 0, 1 - stride)


def _pad_or_crop(x: mx.array, axis: int, before: int, after: int) -> mx.array:
    """Add zeros at the ends of an axis, or take samples away where the number is negative."""
    kept = slice(max(-before, 0), x.shape[axis] - max(-after, 0))
    widths = [(0, 0)] * x.ndim
    widths[axis] = (max(before, 0), max(after, 0))
    return mx.pad(x[(slice(None),) * axis + (kept,)], widths)
