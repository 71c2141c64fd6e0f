"""Layers whose parameters are spread over the processes of a group: tensor parallelism by rows and columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Self

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.nn.layers.fully_sharded import FullyShardedModule, fully_shard
from cotan.nn.layers.linear import Linear
from cotan.nn.layers.quantized import QuantizedLinear, _Quantized
from cotan.utils import tree_map_with_path

__all__ = [
    "AllToShardedLinear",
    "FullyShardedModule",
    "QuantizedAllToShardedLinear",
    "QuantizedShardedToAllLinear",
    "ShardedToAllLinear",
    "fully_shard",
    "shard_inplace",
    "shard_linear",
    "sum_gradients",
]

Segments = int | list[int] | list[float]
Split = int | tuple[int, Segments]
Sharding = Callable[[str, mx.array], Split | None]


@lru_cache(maxsize=32)
def sum_gradients(group: mx.distributed.Group) -> Callable[[mx.array], mx.array]:
    """Make a function that returns its argument, and whose gradient is summed over ``group``.

    It stands where a value that every process has enters work that is shared out: each process then knows a part
    of the gradient only.

    >>> nn.layers.distributed.sum_gradients(mx.distributed.init())(mx.array([1.0, 2.0]))
    array([1, 2], dtype=float32)
    """
    if group.size() == 1:
        return lambda x: x

    @mx.custom_function
    def identity(x: mx.array) -> mx.array:
        return x

    @identity.vjp
    def sum_cotangents(x: mx.array, cotangent: mx.array, _: mx.array) -> mx.array:
        return mx.distributed.all_sum(cotangent, group=group)

    return identity


# ---------------------------------------------------------------- which part a process gets


def _all_to_sharded(segments: Segments) -> Sharding:
    """Split what makes outputs: rows of matrices, elements of biases."""
    return lambda path, weight: (max(weight.ndim - 2, 0), segments)


def _sharded_to_all(segments: Segments) -> Sharding:
    """Split what reads inputs: columns of matrices. Every process has the whole bias."""
    return lambda path, weight: None if path.endswith("bias") else (-1, segments)


def _sharding(name: str, segments: Segments) -> Sharding:
    if name == "all-to-sharded":
        return _all_to_sharded(segments)
    if name == "sharded-to-all":
        return _sharded_to_all(segments)
    raise ValueError(f"sharding must be 'all-to-sharded' or 'sharded-to-all', not {name!r}")


def _segments(x: mx.array, segments: Segments, axis: int) -> list[mx.array]:
    """Cut an axis into equal parts, if ``segments`` is a number, or at places, if it is a list of indices or of
    fractions of the length."""
    if isinstance(segments, int):
        return mx.split(x, segments, axis)
    length = x.shape[axis]
    places = [place if isinstance(place, int) else int(place * length) for place in segments]
    ends = [place + length if place < 0 else place for place in places]
    if ends != sorted(ends):
        raise ValueError(f"segments must end one after another, not at {segments} of an axis of {length}")
    return mx.split(x, places, axis)


def _part(x: mx.array, split: Split | None, group: mx.distributed.Group) -> mx.array:
    """What this process keeps of ``x``: its share of every segment."""
    if split is None:
        return x
    axis, segments = split if isinstance(split, tuple) else (split, 1)
    if not isinstance(axis, int) or not isinstance(segments, (int, list, tuple)):
        raise ValueError(f"a sharding must give an axis, an axis and segments, or None, not {split!r}")
    shares = [mx.split(segment, group.size(), axis)[group.rank()] for segment in _segments(x, segments, axis)]
    return mx.contiguous(mx.concatenate(shares, axis))


def _shard(parameters: dict[str, Any], sharding: Sharding, group: mx.distributed.Group) -> dict[str, Any]:
    return tree_map_with_path(lambda path, weight: _part(weight, sharding(path, weight), group), parameters)


def shard_inplace(
    module: Module,
    sharding: str | Sharding,
    *,
    segments: Segments = 1,
    group: mx.distributed.Group | None = None,
) -> None:
    """Keep this process's part of every parameter of ``module``, in place.

    ``sharding`` is ``"all-to-sharded"``, ``"sharded-to-all"`` or a function of the path and the parameter that
    returns the axis to split, the axis and the segments, or None for a parameter to keep whole. A matrix may be
    several in one, such as those of queries, keys and values: ``segments`` is their number, or a list of the
    places where one ends, as indices or as fractions of the axis, and each is split by itself. An axis that cannot
    be split evenly is a ``ValueError``. The module must know by itself what it has to communicate.

    >>> layer = nn.Linear(4, 6)
    >>> nn.layers.distributed.shard_inplace(layer, "all-to-sharded", segments=3)
    >>> layer.weight.shape
    (6, 4)
    """
    chosen = _sharding(sharding, segments) if isinstance(sharding, str) else sharding
    module.update(_shard(module.parameters(), chosen, group or mx.distributed.init()))


def shard_linear(
    module: Module, sharding: str, *, segments: Segments = 1, group: mx.distributed.Group | None = None
) -> Module:
    """Make a layer that has this process's part of a :class:`Linear` or :class:`QuantizedLinear` and communicates.

    With ``"all-to-sharded"`` every process has the whole input and computes a part of the output; with
    ``"sharded-to-all"`` it has a part of the input, and all get the whole output. One after the other they need a
    single exchange. See :func:`shard_inplace` for ``segments``.

    >>> nn.layers.distributed.shard_linear(nn.Linear(4, 2), "all-to-sharded")
    AllToShardedLinear(input_dims=4, output_dims=2, bias=True)
    """
    _sharding(sharding, segments)  # refuses other names
    to_sharded = sharding == "all-to-sharded"
    if isinstance(module, Linear):
        plain = AllToShardedLinear if to_sharded else ShardedToAllLinear
        return plain.from_linear(module, segments=segments, group=group)
    if isinstance(module, QuantizedLinear):
        quantized = QuantizedAllToShardedLinear if to_sharded else QuantizedShardedToAllLinear
        return quantized.from_quantized_linear(module, segments=segments, group=group)
    raise ValueError(f"shard_linear: only linear and quantised linear layers can be sharded, not {module!r}")


# ---------------------------------------------------------------- the layers


def _share(name: str, parameter: str, size: int, group: mx.distributed.Group) -> int:
    if size % group.size() != 0:
        raise ValueError(f"{name}: {parameter} of {size} cannot be split evenly over {group.size()} processes")
    return size // group.size()


class AllToShardedLinear(Module):
    """:class:`Linear` whose outputs are spread over the processes: each has all inputs and some rows of the matrix.

    The gradient of the input is summed over the processes. ``output_dims`` counts all outputs and must be a
    multiple of the number of processes (``ValueError``).

    >>> nn.AllToShardedLinear(4, 2)(mx.ones((1, 4))).shape
    (1, 2)
    """

    def __init__(
        self, input_dims: int, output_dims: int, bias: bool = True, group: mx.distributed.Group | None = None
    ) -> None:
        super().__init__()
        self.group = group or mx.distributed.init()
        rows = _share("AllToShardedLinear", "output_dims", output_dims, self.group)
        limit = math.sqrt(1.0 / input_dims)
        self.weight = mx.random.uniform(-limit, limit, (rows, input_dims))
        if bias:
            self.bias = mx.random.uniform(-limit, limit, (rows,))

    @classmethod
    def from_linear(
        cls, linear_layer: Module, *, segments: Segments = 1, group: mx.distributed.Group | None = None
    ) -> Self:
        """Take this process's rows of a :class:`Linear`; see :func:`shard_inplace` for ``segments``.

        >>> nn.AllToShardedLinear.from_linear(nn.Linear(4, 2, bias=False))
        AllToShardedLinear(input_dims=4, output_dims=2, bias=False)
        """
        group = group or mx.distributed.init()
        output_dims, input_dims = linear_layer.weight.shape
        layer = cls(input_dims, output_dims, "bias" in linear_layer, group)
        layer.update(_shard(linear_layer.parameters(), _all_to_sharded(segments), group))
        return layer

    def _extra_repr(self) -> str:
        rows, input_dims = self.weight.shape
        return f"input_dims={input_dims}, output_dims={rows * self.group.size()}, bias={'bias' in self}"

    def __call__(self, x: mx.array) -> mx.array:
        x = sum_gradients(self.group)(x)
        if "bias" in self:
            return mx.addmm(self["bias"], x, self["weight"].T)
        return x @ self["weight"].T


class ShardedToAllLinear(Module):
    """:class:`Linear` whose inputs are spread over the processes: each has some columns of the matrix.

    The products are summed over the processes, so that all have the whole output. ``input_dims`` counts all inputs
    and must be a multiple of the number of processes (``ValueError``).

    >>> nn.ShardedToAllLinear(4, 2)(mx.ones((1, 4))).shape
    (1, 2)
    """

    def __init__(
        self, input_dims: int, output_dims: int, bias: bool = True, group: mx.distributed.Group | None = None
    ) -> None:
        super().__init__()
        self.group = group or mx.distributed.init()
        columns = _share("ShardedToAllLinear", "input_dims", input_dims, self.group)
        limit = math.sqrt(1.0 / input_dims)
        self.weight = mx.random.uniform(-limit, limit, (output_dims, columns))
        if bias:
            self.bias = mx.random.uniform(-limit, limit, (output_dims,))

    @classmethod
    def from_linear(
        cls, linear_layer: Module, *, segments: Segments = 1, group: mx.distributed.Group | None = None
    ) -> Self:
        """Take this process's columns of a :class:`Linear`; see :func:`shard_inplace` for ``segments``.

        >>> nn.ShardedToAllLinear.from_linear(nn.Linear(4, 2, bias=False))
        ShardedToAllLinear(input_dims=4, output_dims=2, bias=False)
        """
        group = group or mx.distributed.init()
        output_dims, input_dims = linear_layer.weight.shape
        layer = cls(input_dims, output_dims, "bias" in linear_layer, group)
        layer.update(_shard(linear_layer.parameters(), _sharded_to_all(segments), group))
        return layer

    def _extra_repr(self) -> str:
        output_dims, columns = self.weight.shape
        return f"input_dims={columns * self.group.size()}, output_dims={output_dims}, bias={'bias' in self}"

    def __call__(self, x: mx.array) -> mx.array:
        y = mx.distributed.all_sum(x @ self["weight"].T, group=self.group)
        return y + self["bias"] if "bias" in self else y


class _QuantizedSharded(_Quantized):
    """What the quantised forms share: their parameters start, and stay, frozen."""

    def __init__(
        self, shape: tuple[int, int], bias: bool, coding: tuple[int, int, str], group: mx.distributed.Group, fan_in: int
    ) -> None:
        super().__init__(*coding)
        self.group = group
        limit = math.sqrt(1.0 / fan_in)
        self._store(mx.random.uniform(-limit, limit, shape))
        if bias:
            self.bias = mx.zeros((shape[0],))
        self.freeze()

    def unfreeze(self, *args: Any, **kwargs: Any) -> None:
        """Like :meth:`Module.unfreeze`, but the parameters of this layer stay frozen, and the result is ``None``.

        >>> layer = nn.QuantizedAllToShardedLinear(64, 8)
        >>> layer.unfreeze()
        >>> layer.trainable_parameters()
        {}
        """
        super().unfreeze(*args, **kwargs)
        self.freeze(recurse=False)


class QuantizedAllToShardedLinear(_QuantizedSharded):
    """:class:`AllToShardedLinear` with a quantised matrix, which is never trained.

    >>> nn.QuantizedAllToShardedLinear(64, 8)(mx.ones((1, 64))).shape
    (1, 8)
    """

    unfreeze = _QuantizedSharded.unfreeze  # the class itself has it in MLX

    def __init__(
        self,
        input_dims: int,
        output_dims: int,
        bias: bool = True,
        group_size: int = 64,
        bits: int = 4,
        mode: str = "affine",
        group: mx.distributed.Group | None = None,
    ) -> None:
        group = group or mx.distributed.init()
        rows = _share("QuantizedAllToShardedLinear", "output_dims", output_dims, group)
        super().__init__((rows, input_dims), bias, (group_size, bits, mode), group, input_dims)

    @classmethod
    def from_quantized_linear(
        cls, quantized_linear_layer: Module, *, segments: Segments = 1, group: mx.distributed.Group | None = None
    ) -> Self:
        """Take this process's rows of a :class:`QuantizedLinear`; see :func:`shard_inplace` for ``segments``.

        >>> nn.QuantizedAllToShardedLinear.from_quantized_linear(nn.QuantizedLinear(64, 8, bits=8))
        QuantizedAllToShardedLinear(input_dims=64, output_dims=8, bias=True, group_size=64, bits=8, mode=affine)
        """
        group = group or mx.distributed.init()
        old = quantized_linear_layer
        shape = old._columns(), old.weight.shape[0]
        layer = cls(*shape, "bias" in old, old.group_size, old.bits, old.mode, group)
        layer.update(_shard(old.parameters(), _all_to_sharded(segments), group))
        return layer

    def _extra_repr(self) -> str:
        sizes = f"input_dims={self._columns()}, output_dims={self.weight.shape[0] * self.group.size()}"
        return f"{sizes}, bias={'bias' in self}, {self._coding_repr()}"

    def __call__(self, x: mx.array) -> mx.array:
        y = self._project(sum_gradients(self.group)(x))
        return y + self["bias"] if "bias" in self else y


class QuantizedShardedToAllLinear(_QuantizedSharded):
    """:class:`ShardedToAllLinear` with a quantised matrix, which is never trained.

    >>> nn.QuantizedShardedToAllLinear(64, 8)(mx.ones((1, 64))).shape
    (1, 8)
    """

    unfreeze = _QuantizedSharded.unfreeze  # the class itself has it in MLX

    def __init__(
        self,
        input_dims: int,
        output_dims: int,
        bias: bool = True,
        group_size: int = 64,
        bits: int = 4,
        mode: str = "affine",
        group: mx.distributed.Group | None = None,
    ) -> None:
        group = group or mx.distributed.init()
        columns = _share("QuantizedShardedToAllLinear", "input_dims", input_dims, group)
        super().__init__((output_dims, columns), bias, (group_size, bits, mode), group, input_dims)

    @classmethod
    def from_quantized_linear(
        cls, quantized_linear_layer: Module, *, segments: Segments = 1, group: mx.distributed.Group | None = None
    ) -> Self:
        """Take this process's columns of a :class:`QuantizedLinear`; see :func:`shard_inplace` for ``segments``.

        >>> nn.QuantizedShardedToAllLinear.from_quantized_linear(nn.QuantizedLinear(64, 8, bits=8))
        QuantizedShardedToAllLinear(input_dims=64, output_dims=8, bias=True, group_size=64, bits=8, mode=affine)
        """
        group = group or mx.distributed.init()
        old = quantized_linear_layer
        shape = old._columns(), old.weight.shape[0]
        layer = cls(*shape, "bias" in old, old.group_size, old.bits, old.mode, group)
        layer.update(_shard(old.parameters(), _sharded_to_all(segments), group))
        return layer

    def _extra_repr(self) -> str:
        sizes = f"input_dims={self._columns() * self.group.size()}, output_dims={self.weight.shape[0]}"
        return f"{sizes}, bias={'bias' in self}, {self._coding_repr()}"

    def __call__(self, x: mx.array) -> mx.array:
        y = mx.distributed.all_sum(self._project(x), group=self.group)
        return y + self["bias"] if "bias" in self else y
