"""Transposed convolutions: the adjoints of convolutions, which enlarge where those shrink."""

from __future__ import annotations

import cotan.core as mx
from cotan.nn.layers.convolution import _Convolution
from cotan.nn.layers.functional import per_axis


class _TransposedConvolution(_Convolution):
    _options = ("stride", "padding", "dilation", "output_padding")


class ConvTranspose1d(_TransposedConvolution):
    r"""Transposed convolution of sequences: ``(N, L, in_channels)`` to ``(N, L', out_channels)``.

    ``weight`` of shape ``(out_channels, kernel_size, in_channels)`` starts uniform within :math:`\pm 1 /
    \sqrt{\text{in\_channels} \cdot \text{kernel\_size}}`, ``bias`` of shape ``(out_channels,)`` at zero.
    ``output_padding`` lengthens the output at its end, where a stride leaves the length open.

    >>> nn.ConvTranspose1d(3, 8, kernel_size=4, stride=2)(mx.zeros((2, 10, 3))).shape
    (2, 22, 8)
    """

    _operation = staticmethod(mx.conv_transpose1d)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        output_padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, (kernel_size,), 1, bias)
        self.padding = padding
        self.stride = stride
        self.dilation = dilation
        self.output_padding = output_padding


class ConvTranspose2d(_TransposedConvolution):
    r"""Transposed convolution of images: ``(N, H, W, in_channels)`` to
    ``(N, H', W', out_channels)``.

    ``weight`` of shape ``(out_channels, *kernel_size, in_channels)`` starts uniform within :math:`\pm 1 /
    \sqrt{\text{in\_channels} \cdot \text{kernel volume}}`, ``bias`` of shape ``(out_channels,)`` at zero.
    Sizes are one number for both axes or a pair.

    >>> nn.ConvTranspose2d(3, 8, kernel_size=4, stride=2, padding=1)(mx.zeros((2, 5, 6, 3))).shape
    (2, 10, 12, 8)
    """

    _operation = staticmethod(mx.conv_transpose2d)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        output_padding: int | tuple[int, ...] = 0,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, per_axis(kernel_size, 2), 1, bias)
        self.padding = per_axis(padding, 2)
        self.stride = per_axis(stride, 2)
        self.dilation = dilation
        self.output_padding = per_axis(output_padding, 2)


class ConvTranspose3d(_TransposedConvolution):
    r"""Transposed convolution of volumes: ``(N, D, H, W, in_channels)`` to
    ``(N, D', H', W', out_channels)``.

    ``weight`` of shape ``(out_channels, *kernel_size, in_channels)`` starts uniform within :math:`\pm 1 /
    \sqrt{\text{in\_channels} \cdot \text{kernel volume}}`, ``bias`` of shape ``(out_channels,)`` at zero.
    Sizes are one number for all axes or a triple.

    >>> nn.ConvTranspose3d(3, 8, kernel_size=2, stride=2)(mx.zeros((2, 2, 3, 4, 3))).shape
    (2, 4, 6, 8, 8)
    """

    _operation = staticmethod(mx.conv_transpose3d)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        output_padding: int | tuple[int, ...] = 0,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, per_axis(kernel_size, 3), 1, bias)
        self.padding = per_axis(padding, 3)
        self.stride = per_axis(stride, 3)
        self.dilation = dilation
        self.output_padding = per_axis(output_padding, 3)
