"""Normalisation layers: to mean 0 and variance 1 over chosen axes, then through a learned affine map."""

from __future__ import annotations

import math
from typing import Any

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.nn.layers.functional import standardize


class LayerNorm(Module):
    """Normalise over the last axis (Ba et al., arXiv:1607.06450).

    With ``affine`` there is a ``weight`` of ones and, with ``bias`` too, a ``bias`` of zeros, both of shape
    ``(dims,)``. ``eps`` is added to the variance and must be positive (``ValueError``).

    >>> nn.LayerNorm(2)(mx.array([[1.0, 3.0]]))
    array([[-0.999995, 0.999995]], dtype=float32)
    """

    def __init__(self, dims: int, eps: float = 1e-5, affine: bool = True, bias: bool = True) -> None:
        _check_eps("LayerNorm", eps)
        super().__init__()
        if affine:
            self.weight = mx.ones((dims,))
            if bias:
                self.bias = mx.zeros((dims,))
        self.eps = eps
        self.dims = dims

    def _extra_repr(self) -> str:
        return f"{self.dims}, eps={self.eps}, affine={'weight' in self}"

    def __call__(self, x: mx.array) -> mx.array:
        return mx.fast.layer_norm(x, self.get("weight"), self.get("bias"), self.eps)


class RMSNorm(Module):
    """Divide by the root mean square of the last axis (Zhang and Sennrich, arXiv:1910.07467).

    ``weight``, of shape ``(dims,)``, starts at one. ``eps`` is added to the mean square and must be positive
    (``ValueError``).

    >>> nn.RMSNorm(2)(mx.array([[3.0, 3.0]]))
    array([[0.999999, 0.999999]], dtype=float32)
    """

    def __init__(self, dims: int, eps: float = 1e-5) -> None:
        _check_eps("RMSNorm", eps)
        super().__init__()
        self.weight = mx.ones((dims,))
        self.eps = eps

    def _extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, eps={self.eps}"

    def __call__(self, x: mx.array) -> mx.array:
        return mx.fast.rms_norm(x, self["weight"], self.eps)


class GroupNorm(Module):
    """Normalise each example over groups of channels and all of space (Wu and He, arXiv:1803.08494).

    Input ``(N, ..., dims)``. Channel ``c`` belongs to group ``c mod num_groups``, or, when
    ``pytorch_compatible`` is True, the groups are blocks of consecutive channels. With ``affine`` there are
    ``weight`` and ``bias`` of shape ``(dims,)``. ``eps`` must be positive, and ``dims`` a multiple of
    ``num_groups`` for blocks (``ValueError``).

    >>> nn.GroupNorm(2, 4)(mx.array([[0.0, 5.0, 2.0, 9.0]]))
    array([[-0.999995, -0.999999, 0.999995, 0.999999]], dtype=float32)
    """

    def __init__(
        self,
        num_groups: int,
        dims: int,
        eps: float = 1e-5,
        affine: bool = True,
        pytorch_compatible: bool = False,
    ) -> None:
        _check_eps("GroupNorm", eps)
        if num_groups <= 0 or dims % num_groups != 0:
            raise ValueError(f"GroupNorm: {dims} channels cannot be split into {num_groups} equal groups")
        super().__init__()
        if affine:
            self.bias = mx.zeros((dims,))
            self.weight = mx.ones((dims,))
        self.num_groups = num_groups
        self.dims = dims
        self.eps = eps
        self.pytorch_compatible = pytorch_compatible

    def _extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.dims}, eps={self.eps}, "
            f"affine={'weight' in self}, pytorch_compatible={self.pytorch_compatible}"
        )

    def __call__(self, x: mx.array) -> mx.array:
        if x.ndim < 2:
            raise ValueError(f"GroupNorm: the input has shape {x.shape}, expected (N, ..., C)")
        x = self._normalize_blocks(x) if self.pytorch_compatible else self._normalize_interleaved(x)
        return self["weight"] * x + self["bias"] if "weight" in self else x

    def _normalize_interleaved(self, x: mx.array) -> mx.array:
        groups = x.reshape(x.shape[0], -1, self.num_groups)
        return standardize(groups, 1, self.eps).reshape(x.shape)

    def _normalize_blocks(self, x: mx.array) -> mx.array:
        size = x.shape[-1] // self.num_groups
        groups = x.reshape(x.shape[0], -1, self.num_groups, size)
        return standardize(groups, (1, 3), self.eps).reshape(x.shape)


class InstanceNorm(Module):
    """Normalise each channel of each example over space (Ulyanov et al., arXiv:1607.08022).

    Input ``(N, ..., dims)`` with at least three axes (``ValueError``). With ``affine`` there are ``weight``
    and ``bias`` of shape ``(dims,)``. ``eps`` must be positive (``ValueError``).

    >>> nn.InstanceNorm(1)(mx.array([[[1.0], [3.0]]])).squeeze()
    array([-0.999995, 0.999995], dtype=float32)
    """

    def __init__(self, dims: int, eps: float = 1e-5, affine: bool = False) -> None:
        _check_eps("InstanceNorm", eps)
        super().__init__()
        if affine:
            self.weight = mx.ones((dims,))
            self.bias = mx.zeros((dims,))
        self.dims = dims
        self.eps = eps

    def _extra_repr(self) -> str:
        return f"{self.dims}, eps={self.eps}, affine={'weight' in self}"

    def __call__(self, x: mx.array) -> mx.array:
        if x.ndim < 3:
            raise ValueError(
                f"InstanceNorm: the input has shape {x.shape}, expected (N, ..., C) with three axes or more"
            )
        x = standardize(x, tuple(range(1, x.ndim - 1)), self.eps)
        return self["weight"] * x + self["bias"] if "weight" in self else x


class BatchNorm(Module):
    """Normalise each channel over the batch and all of space (Ioffe and Szegedy, arXiv:1502.03167).

    Input ``(N, C)``, ``(N, L, C)`` or ``(N, H, W, C)``. In training the statistics are those of the batch,
    which needs more than one value for each channel (``ValueError``), and with ``track_running_stats`` they
    are mixed into ``running_mean`` and ``running_var`` with the share ``momentum``, the variance in its
    unbiased form. In evaluation mode the running statistics are used. They are never trainable. With
    ``affine`` there are ``weight`` and ``bias``.

    >>> norm = nn.BatchNorm(1)
    >>> norm(mx.array([[1.0], [3.0]])).squeeze()
    array([-0.999995, 0.999995], dtype=float32)
    >>> norm.running_mean
    array([0.2], dtype=float32)
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        _check_eps("BatchNorm", eps)
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = mx.ones((num_features,))
            self.bias = mx.zeros((num_features,))
        if track_running_stats:
            self.running_mean = mx.zeros((num_features,))
            self.running_var = mx.ones((num_features,))
            self._freeze_running_stats()

    def unfreeze(self, *args: Any, **kwargs: Any) -> None:
        """Like :meth:`Module.unfreeze`, but the running statistics stay frozen, and the result is ``None``.

        >>> norm = nn.BatchNorm(2)
        >>> norm.unfreeze()
        >>> list(norm.trainable_parameters())
        ['weight', 'bias']
        """
        super().unfreeze(*args, **kwargs)
        self._freeze_running_stats()

    def _freeze_running_stats(self) -> None:
        self.freeze(keys=["running_mean", "running_var"], recurse=False)

    def _extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={'weight' in self}, track_running_stats={self.track_running_stats}"
        )

    def __call__(self, x: mx.array) -> mx.array:
        if not 2 <= x.ndim <= 4:
            raise ValueError(f"BatchNorm: the input has shape {x.shape}, expected (N, ..., C) with two to four axes")
        if self.training or not self.track_running_stats:
            mean, var = self._batch_statistics(x)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean) * mx.rsqrt(var + self.eps)
        return self["weight"] * x + self["bias"] if "weight" in self else x

    def _batch_statistics(self, x: mx.array) -> tuple[mx.array, mx.array]:
        """Mean and biased variance of each channel; updates the running statistics in training."""
        count = math.prod(x.shape[:-1])
        if self.training and count <= 1:
            raise ValueError(f"BatchNorm: training needs more than one value for each channel, got shape {x.shape}")
        axes = tuple(range(x.ndim - 1))
        mean, var = mx.mean(x, axis=axes), mx.var(x, axis=axes)
        if self.training and self.track_running_stats:
            share = self.momentum
            unbiased = var * (count / (count - 1))
            self.running_mean = (1 - share) * self.running_mean + share * mean
            self.running_var = (1 - share) * self.running_var + share * unbiased
        return mean, var


def _check_eps(name: str, eps: float) -> None:
    if eps <= 0:
        raise ValueError(f"{name}: eps must be positive, not {eps}")
