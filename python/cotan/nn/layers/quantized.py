"""Layers whose matrices are stored as codes of a few bits, and the function that puts them into a model."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, Self

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.utils import tree_map_with_path

# The group size and the number of bits that each mode has unless told otherwise.
_DEFAULTS = {"affine": (64, 4), "mxfp4": (32, 4), "mxfp8": (32, 8), "nvfp4": (16, 4)}
_INPUT_MODES = ("nvfp4", "mxfp8")


class _Quantized(Module):
    """How a matrix is quantised, and the arrays that stand for it: ``weight``, ``scales`` and maybe ``biases``."""

    def __init__(self, group_size: int | None, bits: int | None, mode: str) -> None:
        if mode not in _DEFAULTS:
            raise ValueError(f"{type(self).__name__}: mode must be one of {', '.join(_DEFAULTS)}, not {mode!r}")
        super().__init__()
        default_size, default_bits = _DEFAULTS[mode]
        self.group_size = group_size or default_size
        self.bits = bits or default_bits
        self.mode = mode

    def _store(self, matrix: mx.array) -> None:
        """Quantise ``matrix`` and keep the result, frozen: steps on codes make no sense."""
        self.weight, self.scales, *biases = mx.quantize(matrix, **self._coding())
        self.biases = biases[0] if biases else None
        self.freeze(keys=[name for name in ("weight", "scales", "biases") if name in self], recurse=False)

    def _coding(self) -> dict[str, Any]:
        return {"group_size": self.group_size, "bits": self.bits, "mode": self.mode}

    def _columns(self) -> int:
        """The length of a row before it was packed into words of 32 bits."""
        return self.weight.shape[-1] * 32 // self.bits

    def _coding_repr(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self._coding().items())

    def _project(self, x: mx.array) -> mx.array:
        """Multiply by the transpose of the matrix."""
        return mx.quantized_matmul(
            x, self["weight"], self["scales"], self.get("biases"), transpose=True, **self._coding()
        )


class QuantizedLinear(_Quantized):
    r"""Affine map of the last axis, as :class:`Linear`, whose matrix is quantised.

    ``weight`` holds the codes, in words of uint32; with ``scales`` and, in mode ``"affine"``, ``biases`` they stand
    for a matrix of shape ``(output_dims, input_dims)`` (:func:`cotan.core.quantize`, which also says what the modes
    are). All parameters start frozen. ``input_dims`` must be a multiple of the group size (``ValueError``).

    >>> layer = nn.QuantizedLinear(64, 8)
    >>> layer
    QuantizedLinear(input_dims=64, output_dims=8, bias=True, group_size=64, bits=4, mode=affine)
    >>> layer(mx.ones((5, 64))).shape
    (5, 8)
    """

    def __init__(
        self,
        input_dims: int,
        output_dims: int,
        bias: bool = True,
        group_size: int | None = None,
        bits: int | None = None,
        mode: str = "affine",
    ) -> None:
        super().__init__(group_size, bits, mode)
        limit = math.sqrt(1.0 / input_dims)
        self._store(mx.random.uniform(-limit, limit, (output_dims, input_dims)))
        if bias:
            self.bias = mx.zeros((output_dims,))
        self.freeze()

    @classmethod
    def from_linear(
        cls, linear_layer: Module, group_size: int | None = None, bits: int | None = None, mode: str = "affine"
    ) -> Self:
        """Quantise the matrix of a :class:`Linear`; its bias is kept as it is, and stays trainable.

        >>> layer = nn.Linear(64, 8)
        >>> x = mx.ones((1, 64))
        >>> mx.abs(nn.QuantizedLinear.from_linear(layer, bits=8)(x) - layer(x)).max().item() < 0.1
        True
        """
        output_dims, input_dims = linear_layer.weight.shape
        layer = cls(input_dims, output_dims, False, group_size, bits, mode)
        layer._store(linear_layer.weight)
        if "bias" in linear_layer:
            layer.bias = linear_layer.bias
        return layer

    def _extra_repr(self) -> str:
        sizes = f"input_dims={self._columns()}, output_dims={self.weight.shape[0]}"
        return f"{sizes}, bias={'bias' in self}, {self._coding_repr()}"

    def __call__(self, x: mx.array) -> mx.array:
        y = self._project(x)
        return y + self["bias"] if "bias" in self else y


class QuantizedEmbedding(_Quantized):
    """Look up vectors by number, as :class:`Embedding`, in a quantised table.

    Only the rows asked for are decoded: in mode ``"affine"`` to the dtype of the ``scales``, in the others to
    bfloat16. All parameters start frozen. ``dims`` must be a multiple of the group size (``ValueError``).

    >>> nn.QuantizedEmbedding(10, 64, mode="mxfp4")
    QuantizedEmbedding(10, 64, group_size=32, bits=4, mode=mxfp4)
    >>> nn.QuantizedEmbedding(10, 64)(mx.array([[1, 2, 1]])).shape
    (1, 3, 64)
    """

    def __init__(
        self,
        num_embeddings: int,
        dims: int,
        group_size: int | None = None,
        bits: int | None = None,
        mode: str = "affine",
    ) -> None:
        super().__init__(group_size, bits, mode)
        self.num_embeddings = num_embeddings
        self.dims = dims
        self._store(mx.random.normal((num_embeddings, dims), scale=math.sqrt(1.0 / dims)))

    @classmethod
    def from_embedding(
        cls, embedding_layer: Module, group_size: int | None = None, bits: int | None = None, mode: str = "affine"
    ) -> Self:
        """Quantise the table of an :class:`Embedding`.

        >>> nn.QuantizedEmbedding.from_embedding(nn.Embedding(10, 64), bits=8)
        QuantizedEmbedding(10, 64, group_size=64, bits=8, mode=affine)
        """
        num_embeddings, dims = embedding_layer.weight.shape
        layer = cls(num_embeddings, dims, group_size, bits, mode)
        layer._store(embedding_layer.weight)
        return layer

    def _extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.dims}, {self._coding_repr()}"

    def __call__(self, x: mx.array) -> mx.array:
        rows = x.reshape(-1)  # a single number, too, chooses a matrix of rows
        biases = self["biases"][rows] if "biases" in self else None
        values = mx.dequantize(self["weight"][rows], self["scales"][rows], biases, **self._coding())
        return values.reshape(*x.shape, values.shape[-1])

    def as_linear(self, x: mx.array) -> mx.array:
        """Use the table as a matrix: a score for every entry, as in an output layer that shares its weights.

        >>> nn.QuantizedEmbedding(10, 64).as_linear(mx.ones((2, 64))).shape
        (2, 10)
        """
        return self._project(x)


class QQLinear(_Quantized):
    r"""Linear map without a bias whose input is quantised too, so that the product is one of small codes.

    In training mode ``weight`` is the matrix itself, of shape ``(output_dims, input_dims)``, which is trainable and
    quantised anew in every call; in evaluation mode it holds codes, with ``scales``. The products exist for the modes
    ``"nvfp4"`` and ``"mxfp8"``. Rounding has no slope, so gradients pass it as if it weren't there (the
    straight-through estimator of Bengio et al., arXiv:1308.3432).

    >>> layer = nn.QQLinear(64, 8)
    >>> layer
    QQLinear(input_dims=64, output_dims=8, group_size=16, bits=4, mode=nvfp4)
    >>> layer(mx.ones((5, 64))).shape
    (5, 8)
    >>> list(layer), list(layer.eval())
    (['weight'], ['weight', 'scales'])
    """

    def __init__(
        self,
        input_dims: int,
        output_dims: int,
        group_size: int | None = None,
        bits: int | None = None,
        mode: str = "nvfp4",
    ) -> None:
        super().__init__(group_size, bits, mode)
        limit = math.sqrt(1.0 / input_dims)
        self.weight = mx.random.uniform(-limit, limit, (output_dims, input_dims))
        self._quantized = False

    @classmethod
    def from_linear(
        cls, linear_layer: Module, group_size: int | None = None, bits: int | None = None, mode: str = "nvfp4"
    ) -> Self:
        """Take over the matrix of a :class:`Linear` without a bias (``NotImplementedError`` if there is one).

        >>> nn.QQLinear.from_linear(nn.Linear(64, 8, bias=False), mode="mxfp8")
        QQLinear(input_dims=64, output_dims=8, group_size=32, bits=8, mode=mxfp8)
        """
        if "bias" in linear_layer:
            raise NotImplementedError("QQLinear has no bias: make the layer with bias=False")
        output_dims, input_dims = linear_layer.weight.shape
        layer = cls(input_dims, output_dims, group_size, bits, mode)
        layer.weight = linear_layer.weight
        return layer.train(linear_layer.training)

    def quantize(self) -> None:
        """Store the matrix as codes and scales, if it isn't; :meth:`Module.eval` does it.

        >>> layer = nn.QQLinear(64, 8)
        >>> layer.quantize()
        >>> layer.weight.shape
        (8, 8)
        """
        if not self._quantized:
            self.weight, self.scales = mx.quantize(self.weight, **self._coding())
            self._quantized = True

    def dequantize(self) -> None:
        """Turn codes and scales into a matrix of bfloat16 again; :meth:`Module.train` does it.

        >>> layer = nn.QQLinear(64, 8).eval()
        >>> layer.dequantize()
        >>> layer.weight.shape
        (8, 64)
        """
        if self._quantized:
            self.weight = mx.dequantize(self.weight, self.scales, **self._coding())
            del self.scales
            self._quantized = False

    def _set_training_mode(self, mode: bool) -> None:
        super()._set_training_mode(mode)
        if mode:
            self.dequantize()
        else:
            self.quantize()

    def _extra_repr(self) -> str:
        input_dims = self._columns() if self._quantized else self.weight.shape[-1]
        return f"input_dims={input_dims}, output_dims={self.weight.shape[0]}, {self._coding_repr()}"

    def __call__(self, x: mx.array) -> mx.array:
        product = _straight_through_product(self.group_size, self.bits, self.mode)
        return product(x, self["weight"], *([self["scales"]] if self._quantized else []))


@cache
def _straight_through_product(group_size: int, bits: int, mode: str) -> Callable[..., mx.array]:
    """``qqmm`` of an input, a matrix and maybe its scales, differentiated as the product of what it rounds."""
    coding: dict[str, Any] = {"group_size": group_size, "bits": bits, "mode": mode}

    @mx.custom_function
    def product(x: mx.array, weight: mx.array, *scales: mx.array) -> mx.array:
        return mx.qqmm(x, weight, scales[0] if scales else None, **coding)

    @product.vjp
    def pull(primals: list[mx.array], cotangent: mx.array, _: mx.array) -> list[mx.array]:
        x, weight, *scales = primals
        if scales:
            to_x = mx.quantized_matmul(cotangent, weight, scales[0], transpose=False, **coding)
            return [to_x.astype(x.dtype), mx.zeros_like(weight), mx.zeros_like(scales[0])]
        rows = cotangent.reshape(-1, weight.shape[0])
        to_weight = rows.T @ x.reshape(-1, weight.shape[1])
        return [(cotangent @ weight).astype(x.dtype), to_weight.astype(weight.dtype)]

    return product


def quantize(
    model: Module,
    group_size: int | None = None,
    bits: int | None = None,
    *,
    mode: str = "affine",
    quantize_input: bool = False,
    class_predicate: Callable[[str, Module], bool | dict[str, Any]] | None = None,
) -> None:
    """Replace layers of ``model``, in place, by quantised ones.

    Every descendant without children that has a method ``to_quantized`` is replaced by what that returns.
    ``class_predicate(path, module)`` chooses among them: False leaves a module alone, a dict has the arguments for
    its ``to_quantized``, to be used instead of those given here. ``ValueError`` for True where the module cannot be
    quantised, and for anything else. ``quantize_input`` makes layers that quantise their inputs too, in modes
    ``"nvfp4"`` and ``"mxfp8"`` (:class:`QQLinear`). After an error the model is what it was.

    >>> model = nn.Sequential(nn.Embedding(10, 64), nn.Linear(64, 10))
    >>> nn.quantize(model, bits=8, class_predicate=lambda path, module: isinstance(module, nn.Embedding))
    >>> model
    Sequential(
      (layers.0): QuantizedEmbedding(10, 64, group_size=64, bits=8, mode=affine)
      (layers.1): Linear(input_dims=64, output_dims=10, bias=True)
    )
    """
    arguments: dict[str, Any] = {"group_size": group_size, "bits": bits, "mode": mode}
    if quantize_input:  # only then: layers of other packages may not know the parameter
        arguments["quantize_input"] = True
    choose = class_predicate or (lambda path, module: hasattr(module, "to_quantized"))

    def replace(path: str, module: Any) -> Any:
        choice = choose(path, module) if isinstance(module, Module) else False
        if not choice:
            return module
        if not hasattr(module, "to_quantized"):
            raise ValueError(f"quantize: {path!r}, of type {type(module).__name__}, has no method to_quantized")
        if not isinstance(choice, (bool, dict)):
            raise ValueError(f"quantize: class_predicate must return a bool or a dict, not {choice!r}")
        return module.to_quantized(**(choice if isinstance(choice, dict) else arguments))

    leaves = model.leaf_modules()
    model.update_modules(tree_map_with_path(replace, leaves, is_leaf=Module.is_module))


def check_input_mode(name: str, mode: str) -> None:
    """Refuse the modes in which inputs cannot be quantised.

    >>> check_input_mode("Linear", "nvfp4")
    """
    if mode not in _INPUT_MODES:
        raise ValueError(f"{name}: inputs can be quantised in modes {' and '.join(_INPUT_MODES)}, not in {mode!r}")
