"""Convolutions. Inputs have the channels last, weights have the output channels first."""

from __future__ import annotations

import math
from collections.abc import Callable

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.nn.layers.functional import convolve, per_axis


class _Convolution(Module):
    """What all convolutions share: the parameters, the call and the ``repr``.

    A subclass names the operation, and the attributes that are its further arguments in their order.
    """

    _operation: Callable = staticmethod(convolve)
    _options: tuple[str, ...] = ("stride", "padding", "dilation", "groups")

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: tuple[int, ...], groups: int, bias: bool
    ) -> None:
        super().__init__()
        if in_channels % groups != 0:
            name = type(self).__name__
            raise ValueError(f"{name}: {in_channels} input channels cannot be split into {groups} equal groups")
        limit = math.sqrt(1.0 / (in_channels // groups * math.prod(kernel_size)))
        self.weight = mx.random.uniform(-limit, limit, (out_channels, *kernel_size, in_channels // groups))
        if bias:
            self.bias = mx.zeros((out_channels,))

    def _extra_repr(self) -> str:
        out_channels, *kernel_size, in_channels = self.weight.shape
        in_channels *= self.groups if "groups" in self._options else 1
        kernel = kernel_size[0] if len(kernel_size) == 1 else tuple(kernel_size)
        options = "".join(f"{name}={getattr(self, name)}, " for name in self._options)
        return f"{in_channels}, {out_channels}, kernel_size={kernel}, {options}bias={'bias' in self}"

    def __call__(self, x: mx.array) -> mx.array:
        y = self._operation(x, self["weight"], *(getattr(self, name) for name in self._options))
        return y + self["bias"] if "bias" in self else y


class Conv1d(_Convolution):
    r"""Convolution of sequences: ``(N, L, in_channels)`` to ``(N, L', out_channels)``.

    ``weight`` of shape ``(out_channels, kernel_size, in_channels / groups)`` starts uniform within :math:`\pm
    1 / \sqrt{\text{inputs of one output}}`, ``bias`` of shape ``(out_channels,)`` at zero. Both channel
    numbers must be multiples of ``groups`` (``ValueError`` for the inputs).

    >>> nn.Conv1d(3, 8, kernel_size=5, padding=2)(mx.zeros((2, 10, 3))).shape
    (2, 10, 8)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, (kernel_size,), groups, bias)
        self.padding = padding
        self.stride = stride
        self.dilation = dilation
        self.groups = groups


class Conv2d(_Convolution):
    r"""Convolution of images: ``(N, H, W, in_channels)`` to ``(N, H', W', out_channels)``.

    ``weight`` of shape ``(out_channels, *kernel_size, in_channels / groups)`` starts uniform within
    :math:`\pm 1 / \sqrt{\text{inputs of one output}}`, ``bias`` of shape ``(out_channels,)`` at zero. Sizes
    are one number for both axes or a pair. Both channel numbers must be multiples of ``groups``
    (``ValueError`` for the inputs).

    >>> nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)(mx.zeros((2, 10, 12, 3))).shape
    (2, 5, 6, 8)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple,
        stride: int | tuple = 1,
        padding: int | tuple = 0,
        dilation: int | tuple = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, per_axis(kernel_size, 2), groups, bias)
        self.padding = per_axis(padding, 2)
        self.stride = per_axis(stride, 2)
        self.dilation = dilation
        self.groups = groups


class Conv3d(_Convolution):
    r"""Convolution of volumes: ``(N, D, H, W, in_channels)`` to ``(N, D', H', W', out_channels)``.

    ``weight`` of shape ``(out_channels, *kernel_size, in_channels)`` starts uniform within :math:`\pm 1 /
    \sqrt{\text{inputs of one output}}`, ``bias`` of shape ``(out_channels,)`` at zero. Sizes are one number
    for all axes or a triple.

    >>> nn.Conv3d(3, 8, kernel_size=3)(mx.zeros((2, 4, 6, 8, 3))).shape
    (2, 2, 4, 6, 8)
    """

    _options = ("stride", "padding", "dilation")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple,
        stride: int | tuple = 1,
        padding: int | tuple = 0,
        dilation: int | tuple = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, per_axis(kernel_size, 3), 1, bias)
        self.padding = per_axis(padding, 3)
        self.stride = per_axis(stride, 3)
        self.dilation = dilation
