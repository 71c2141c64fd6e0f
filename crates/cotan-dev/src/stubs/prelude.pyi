import builtins
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from types import EllipsisType, ModuleType
from typing import Any, BinaryIO, ClassVar, Generic, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, final, overload

import numpy
from numpy.typing import NDArray
from typing_extensions import Buffer, Self, disjoint_base

_P = ParamSpec("_P")
_R = TypeVar("_R")
# What a loop carries from step to step.
_C = TypeVar("_C")

class _SupportsArray(Protocol):
    def __mlx_array__(self) -> array: ...

class _SupportsDLPack(Protocol):
    def __dlpack__(self) -> Any: ...

_Scalar: TypeAlias = bool | int | float | complex
# What stands for an array of its own.
_Array: TypeAlias = array | _SupportsArray
# What operators and elementwise functions take: a number adapts to the other operand.
_Operand: TypeAlias = array | _Scalar | _SupportsArray | NDArray[Any] | numpy.generic[Any] | Buffer | _SupportsDLPack
# What arrays are made of.
_Nested: TypeAlias = _Operand | Sequence[_Nested]
_Axes: TypeAlias = int | Sequence[int]
_IndexEntry: TypeAlias = int | builtins.slice[Any, Any, Any] | EllipsisType | array | list[Any] | Buffer | None
_Index: TypeAlias = _IndexEntry | tuple[_IndexEntry, ...]
_Device: TypeAlias = Device | DeviceType
_Stream: TypeAlias = Stream | ThreadLocalStream | Device | DeviceType
# Axes for arrays, or for containers of arrays.
_MapAxes: TypeAlias = int | Sequence[_MapAxes] | Mapping[Any, _MapAxes] | None
_File: TypeAlias = str | PathLike[str] | BinaryIO
