"""Layers that are a matrix product."""

from __future__ import annotations

import math
from typing import Any

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.nn.layers.quantized import QQLinear, QuantizedLinear, check_input_mode


class Identity(Module):
    """Return the input; accepts any arguments, so that it can stand in for another layer.

    >>> nn.Identity(3, bias=False)(mx.array([1.0, 2.0]))
    array([1, 2], dtype=float32)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def __call__(self, x: mx.array) -> mx.array:
        return x


class Linear(Module):
    r"""Affine map of the last axis: :math:`y = x W^\top + b`, from ``(..., input_dims)`` to ``(...,
    output_dims)``.

    ``weight`` of shape ``(output_dims, input_dims)`` and, unless ``bias`` is False, ``bias`` of shape
    ``(output_dims,)`` start uniform within :math:`\pm 1 / \sqrt{\text{input\_dims}}`.

    >>> nn.Linear(2, 3)(mx.zeros((5, 2))).shape
    (5, 3)
    """

    def __init__(self, input_dims: int, output_dims: int, bias: bool = True) -> None:
        super().__init__()
        limit = math.sqrt(1.0 / input_dims)
        self.weight = mx.random.uniform(-limit, limit, (output_dims, input_dims))
        if bias:
            self.bias = mx.random.uniform(-limit, limit, (output_dims,))

    def _extra_repr(self) -> str:
        output_dims, input_dims = self.weight.shape
        return f"input_dims={input_dims}, output_dims={output_dims}, bias={'bias' in self}"

    def __call__(self, x: mx.array) -> mx.array:
        if "bias" in self:
            return mx.addmm(self["bias"], x, self["weight"].T)
        return x @ self["weight"].T

    def to_quantized(
        self,
        group_size: int | None = None,
        bits: int | None = None,
        mode: str = "affine",
        quantize_input: bool = False,
    ) -> QuantizedLinear | QQLinear:
        """Make the quantised form of this layer; the arguments are those of :func:`quantize`.

        With ``quantize_input`` it is a :class:`QQLinear`, for which ``mode`` must be ``"nvfp4"`` or ``"mxfp8"``
        (``ValueError``) and this layer have no bias (``NotImplementedError``).

        >>> nn.Linear(64, 8).to_quantized(bits=8)
        QuantizedLinear(input_dims=64, output_dims=8, bias=True, group_size=64, bits=8, mode=affine)
        """
        if not quantize_input:
            return QuantizedLinear.from_linear(self, group_size, bits, mode)
        check_input_mode("Linear", mode)
        return QQLinear.from_linear(self, group_size, bits, mode)


class Bilinear(Module):
    r"""Form linear in each of two inputs: :math:`y_k = x_1^\top W_k x_2 + b_k`.

    The inputs have shapes ``(..., input1_dims)`` and ``(..., input2_dims)``, the result ``(...,
    output_dims)``. ``weight`` of shape ``(output_dims, input2_dims, input1_dims)`` and ``bias`` of shape
    ``(output_dims,)`` start uniform within :math:`\pm 1 / \sqrt{\text{input1\_dims}}`.

    >>> nn.Bilinear(2, 3, 4)(mx.ones((5, 2)), mx.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(self, input1_dims: int, input2_dims: int, output_dims: int, bias: bool = True) -> None:
        super().__init__()
        limit = math.sqrt(1.0 / input1_dims)
        self.weight = mx.random.uniform(-limit, limit, (output_dims, input2_dims, input1_dims))
        if bias:
            self.bias = mx.random.uniform(-limit, limit, (output_dims,))

    def _extra_repr(self) -> str:
        output_dims, input2_dims, input1_dims = self.weight.shape
        sizes = f"input1_dims={input1_dims}, input2_dims={input2_dims}, output_dims={output_dims}"
        return f"{sizes}, bias={'bias' in self}"

    def __call__(self, x1: mx.array, x2: mx.array) -> mx.array:
        batch = x1.shape[:-1]
        output_dims, input2_dims, input1_dims = self.weight.shape
        x1 = x1.reshape(-1, input1_dims)
        x2 = x2.reshape(-1, 1, input2_dims)
        # Contract x1 first: one plain product gives (rows, input2_dims, output_dims).
        y = x1 @ self.weight.reshape(output_dims * input2_dims, input1_dims).T
        y = y.reshape(-1, output_dims, input2_dims).swapaxes(-2, -1)
        y = (x2 @ y).reshape(*batch, output_dims)
        return y + self.bias if "bias" in self else y
