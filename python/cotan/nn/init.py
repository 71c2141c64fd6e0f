"""Initialisers: each returns a function that makes an array of the shape of its argument."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import cotan.core as mx

__all__ = [
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "normal",
    "orthogonal",
    "sparse",
    "uniform",
]

Initializer = Callable[[mx.array], mx.array]
Fan = Literal["fan_in", "fan_out"]


def constant(value: float, dtype: mx.Dtype = mx.float32) -> Initializer:
    """Every element is ``value``.

    >>> nn.init.constant(0.5)(mx.zeros((2,)))
    array([0.5, 0.5], dtype=float32)
    """
    return lambda a: mx.full(a.shape, value, dtype=dtype)


def normal(mean: float = 0.0, std: float = 1.0, dtype: mx.Dtype = mx.float32) -> Initializer:
    """Normal distribution.

    >>> nn.init.normal(std=0.02)(mx.zeros((2, 3))).shape
    (2, 3)
    """
    return lambda a: mx.random.normal(a.shape, dtype=dtype, loc=mean, scale=std)


def uniform(low: float = 0.0, high: float = 1.0, dtype: mx.Dtype = mx.float32) -> Initializer:
    """Uniform distribution on [low, high).

    >>> nn.init.uniform(-1, 1)(mx.zeros((2, 3))).shape
    (2, 3)
    """
    return lambda a: mx.random.uniform(low, high, a.shape, dtype=dtype)


def identity(dtype: mx.Dtype = mx.float32) -> Initializer:
    """The identity matrix; anything but a square matrix is a ``ValueError``.

    >>> nn.init.identity()(mx.zeros((2, 2)))
    array([[1, 0],
           [0, 1]], dtype=float32)
    """

    def initializer(a: mx.array) -> mx.array:
        if a.ndim != 2 or a.shape[0] != a.shape[1]:
            raise ValueError(f"identity: expected a square matrix, not shape {a.shape}")
        return mx.eye(a.shape[0], dtype=dtype)

    return initializer


def glorot_normal(dtype: mx.Dtype = mx.float32) -> Callable[[mx.array, float], mx.array]:
    r"""Normal with standard deviation :math:`\gamma \sqrt{2 / (\text{fan\_in} + \text{fan\_out})}`, where the
    gain :math:`\gamma` is a second argument, by default 1 (Glorot and Bengio, AISTATS 2010).

    >>> nn.init.glorot_normal()(mx.zeros((4, 3)), gain=2.0).shape
    (4, 3)
    """

    def initializer(a: mx.array, gain: float = 1.0) -> mx.array:
        fan_in, fan_out = _fans(a)
        return mx.random.normal(a.shape, dtype=dtype, scale=gain * math.sqrt(2.0 / (fan_in + fan_out)))

    return initializer


def glorot_uniform(dtype: mx.Dtype = mx.float32) -> Callable[[mx.array, float], mx.array]:
    r"""Uniform within :math:`\pm \gamma \sqrt{6 / (\text{fan\_in} + \text{fan\_out})}`, where the gain
    :math:`\gamma` is a second argument, by default 1 (Glorot and Bengio, AISTATS 2010).

    >>> nn.init.glorot_uniform()(mx.zeros((3, 3))).abs().max().item() <= 1.0
    True
    """

    def initializer(a: mx.array, gain: float = 1.0) -> mx.array:
        fan_in, fan_out = _fans(a)
        limit = gain * math.sqrt(6.0 / (fan_in + fan_out))
        return mx.random.uniform(-limit, limit, a.shape, dtype=dtype)

    return initializer


def he_normal(dtype: mx.Dtype = mx.float32) -> Callable[[mx.array, Fan, float], mx.array]:
    r"""Normal with standard deviation :math:`\gamma / \sqrt{\text{fan}}` (He et al., arXiv:1502.01852).

    The mode, ``"fan_in"`` or ``"fan_out"``, and the gain :math:`\gamma` are further arguments, by default
    ``"fan_in"`` and 1.

    >>> nn.init.he_normal()(mx.zeros((4, 3)), mode="fan_out", gain=2**0.5).shape
    (4, 3)
    """

    def initializer(a: mx.array, mode: Fan = "fan_in", gain: float = 1.0) -> mx.array:
        return mx.random.normal(a.shape, dtype=dtype, scale=gain / math.sqrt(_fan(a, mode)))

    return initializer


def he_uniform(dtype: mx.Dtype = mx.float32) -> Callable[[mx.array, Fan, float], mx.array]:
    r"""Uniform within :math:`\pm \gamma \sqrt{3 / \text{fan}}` (He et al., arXiv:1502.01852).

    The mode, ``"fan_in"`` or ``"fan_out"``, and the gain :math:`\gamma` are further arguments, by default
    ``"fan_in"`` and 1.

    >>> nn.init.he_uniform()(mx.zeros((4, 3))).abs().max().item() <= 1.0
    True
    """

    def initializer(a: mx.array, mode: Fan = "fan_in", gain: float = 1.0) -> mx.array:
        limit = gain * math.sqrt(3.0 / _fan(a, mode))
        return mx.random.uniform(-limit, limit, a.shape, dtype=dtype)

    return initializer


def sparse(sparsity: float, mean: float = 0.0, std: float = 1.0, dtype: mx.Dtype = mx.float32) -> Initializer:
    """Normal matrix with a share ``sparsity`` of each row, rounded up, set to zero at random places.

    Anything but a matrix is a ``ValueError``.

    >>> (nn.init.sparse(0.5)(mx.zeros((4, 3))) == 0).sum(axis=1)
    array([2, 2, 2, 2], dtype=int32)
    """

    def initializer(a: mx.array) -> mx.array:
        if a.ndim != 2:
            raise ValueError(f"sparse: expected a matrix, not shape {a.shape}")
        rows, columns = a.shape
        zeros = math.ceil(sparsity * columns)
        order = mx.argsort(mx.random.uniform(shape=a.shape), axis=1)
        weights = mx.random.normal(a.shape, dtype=dtype, loc=mean, scale=std)
        weights[mx.arange(rows).reshape(rows, 1), order[:, :zeros]] = 0
        return weights

    return initializer


def orthogonal(gain: float = 1.0, dtype: mx.Dtype = mx.float32) -> Initializer:
    """Random matrix with orthonormal rows or columns, whichever are fewer, times ``gain`` (Saxe et al.,
    arXiv:1312.6120); uniform over such matrices (Mezzadri, Notices of the AMS 54, 2007).

    Anything but a matrix is a ``ValueError``.

    >>> w = nn.init.orthogonal(gain=2**0.5)(mx.zeros((2, 5)))
    >>> mx.allclose(w @ w.T, 2 * mx.eye(2), atol=1e-5).item()
    True
    """

    def initializer(a: mx.array) -> mx.array:
        if a.ndim != 2:
            raise ValueError(f"orthogonal: expected a matrix, not shape {a.shape}")
        rows, columns = a.shape
        size = max(rows, columns)
        q, r = mx.linalg.qr(mx.random.normal((size, size)))
        q = q * mx.sign(mx.diag(r))  # the signs make the factorisation, and so the distribution, unique
        return (gain * q[:rows, :columns]).astype(dtype)

    return initializer


def _fans(a: mx.array) -> tuple[int, int]:
    """Number of inputs and outputs of a weight: the last and the first axis, times those in between."""
    if a.ndim < 2:
        raise ValueError(f"the fan of a weight needs at least two axes, not shape {a.shape}")
    receptive_field = math.prod(a.shape[1:-1])
    return a.shape[-1] * receptive_field, a.shape[0] * receptive_field


def _fan(a: mx.array, mode: Fan) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', not {mode!r}")
    fan_in, fan_out = _fans(a)
    return fan_in if mode == "fan_in" else fan_out
