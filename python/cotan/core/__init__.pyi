# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""Lazy arrays, operations on them, and transforms of functions of them."""

import builtins
import sys
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from types import EllipsisType, ModuleType
from typing import Any, BinaryIO, ClassVar, Generic, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, final, overload
import numpy
from numpy.typing import NDArray
from typing_extensions import Buffer, Self, disjoint_base
from . import random as random

__all__ = [
    "ArrayAt",
    "ArrayIterator",
    "ArrayLike",
    "Device",
    "DeviceType",
    "Dtype",
    "DtypeCategory",
    "PrintOptions",
    "Stream",
    "StreamContext",
    "ThreadLocalStream",
    "__array_namespace_info__",
    "__version__",
    "_unpickle",
    "abs",
    "acos",
    "acosh",
    "add",
    "addmm",
    "all",
    "allclose",
    "any",
    "arange",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "array",
    "array_equal",
    "as_strided",
    "asarray",
    "asin",
    "asinh",
    "astype",
    "async_eval",
    "atan",
    "atan2",
    "atanh",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "bartlett",
    "bfloat16",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "blackman",
    "bool_",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "can_cast",
    "ceil",
    "checkpoint",
    "clear_cache",
    "clear_streams",
    "clip",
    "compile",
    "complex64",
    "complexfloating",
    "concat",
    "concatenate",
    "conj",
    "conjugate",
    "contiguous",
    "cos",
    "cosh",
    "count_nonzero",
    "cpu",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "custom_function",
    "default_device",
    "default_stream",
    "degrees",
    "depends",
    "device_count",
    "device_info",
    "diag",
    "diagonal",
    "diff",
    "disable_compile",
    "divide",
    "divmod",
    "e",
    "empty",
    "empty_like",
    "enable_compile",
    "equal",
    "erf",
    "erfinv",
    "euler_gamma",
    "eval",
    "exp",
    "expand_dims",
    "expm1",
    "eye",
    "finfo",
    "flatten",
    "flip",
    "float16",
    "float32",
    "float64",
    "floating",
    "floor",
    "floor_divide",
    "from_dlpack",
    "from_fp8",
    "full",
    "full_like",
    "generic",
    "get_active_memory",
    "get_array_buffer_size",
    "get_cache_memory",
    "get_memory_limit",
    "get_peak_memory",
    "get_printoptions",
    "gpu",
    "grad",
    "greater",
    "greater_equal",
    "hamming",
    "hanning",
    "identity",
    "iinfo",
    "imag",
    "inexact",
    "inf",
    "inner",
    "int16",
    "int32",
    "int64",
    "int8",
    "integer",
    "is_available",
    "isclose",
    "isdtype",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "issubdtype",
    "jvp",
    "kron",
    "left_shift",
    "less",
    "less_equal",
    "linspace",
    "load",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logcumsumexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "median",
    "meshgrid",
    "min",
    "minimum",
    "minmax",
    "moveaxis",
    "multiply",
    "nan",
    "nan_to_num",
    "negative",
    "new_stream",
    "new_thread_local_stream",
    "new_thread_unsafe_stream",
    "newaxis",
    "nonzero",
    "not_equal",
    "number",
    "ones",
    "ones_like",
    "outer",
    "pad",
    "partition",
    "permute_dims",
    "pi",
    "positive",
    "pow",
    "power",
    "printoptions",
    "prod",
    "put_along_axis",
    "radians",
    "random",
    "real",
    "reciprocal",
    "remainder",
    "repeat",
    "reset_peak_memory",
    "reshape",
    "result_type",
    "right_shift",
    "roll",
    "round",
    "rsqrt",
    "save",
    "save_gguf",
    "save_safetensors",
    "savez",
    "savez_compressed",
    "searchsorted",
    "set_cache_limit",
    "set_default_device",
    "set_default_stream",
    "set_memory_limit",
    "set_printoptions",
    "set_wired_limit",
    "sigmoid",
    "sign",
    "signedinteger",
    "sin",
    "sinh",
    "slice",
    "slice_update",
    "softmax",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "stream",
    "subtract",
    "sum",
    "swapaxes",
    "synchronize",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "to_fp8",
    "topk",
    "trace",
    "transpose",
    "tri",
    "tril",
    "triu",
    "trunc",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "unflatten",
    "unique",
    "unsignedinteger",
    "unstack",
    "value_and_grad",
    "var",
    "vecdot",
    "view",
    "vjp",
    "vmap",
    "where",
    "zeros",
    "zeros_like",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")

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

@final
class _PrintOptionsContext:
    """Sets print options within a `with` block."""
    def __enter__(self) -> None: ...
    def __exit__(self, *_args: Any) -> None: ...

@final
class _ArrayNamespaceInfo:
    """Answers the questions of the Python array API about this module."""
    def capabilities(self) -> dict[str, Any]:
        """What the module can do that is optional in the standard."""
    def default_device(self) -> Device:
        """The device on which arrays are made."""
    def devices(self) -> list[Device]:
        """The devices that there are."""
    def default_dtypes(self, device: _Device | None = None) -> dict[str, Any]:
        """The types that functions choose when they are not told one."""
    def dtypes(self, device: _Device | None = None, kind: Any = None) -> dict[str, Any]:
        """The standard's element types by name, or those of a kind, as `isdtype` understands it."""

__version__: str
@final
class Dtype:
    """The type of an array's elements, such as `float32`."""
    @property
    def size(self) -> int:
        """Bytes per element."""
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class DtypeCategory:
    """Sets of element types, as `issubdtype` understands them."""
    complexfloating: ClassVar[DtypeCategory]
    floating: ClassVar[DtypeCategory]
    inexact: ClassVar[DtypeCategory]
    signedinteger: ClassVar[DtypeCategory]
    unsignedinteger: ClassVar[DtypeCategory]
    integer: ClassVar[DtypeCategory]
    number: ClassVar[DtypeCategory]
    generic: ClassVar[DtypeCategory]
    def __int__(self) -> int: ...
    @property
    def value(self) -> int: ...
    @property
    def name(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class finfo:
    """Limits of a floating type."""
    def __new__(cls, arg: Dtype) -> Self: ...
    @property
    def bits(self) -> int: ...
    @property
    def max(self) -> float: ...
    @property
    def min(self) -> float: ...
    @property
    def eps(self) -> float: ...
    @property
    def smallest_normal(self) -> float: ...
    @property
    def dtype(self) -> Dtype: ...
    def __repr__(self) -> str: ...

@final
class iinfo:
    """Limits of an integer type."""
    def __new__(cls, arg: Dtype) -> Self: ...
    @property
    def max(self) -> int: ...
    @property
    def min(self) -> int: ...
    @property
    def dtype(self) -> Dtype: ...
    def __repr__(self) -> str: ...

bool_: Dtype
uint8: Dtype
uint16: Dtype
uint32: Dtype
uint64: Dtype
int8: Dtype
int16: Dtype
int32: Dtype
int64: Dtype
float16: Dtype
bfloat16: Dtype
float32: Dtype
float64: Dtype
complex64: Dtype
complexfloating: DtypeCategory
floating: DtypeCategory
inexact: DtypeCategory
signedinteger: DtypeCategory
unsignedinteger: DtypeCategory
integer: DtypeCategory
number: DtypeCategory
generic: DtypeCategory
def issubdtype(arg1: Dtype | DtypeCategory, arg2: Dtype | DtypeCategory) -> bool:
    """True when `arg1` is the type `arg2` or lies within the category `arg2`.

    >>> import cotan.core as mx
    >>> mx.issubdtype(mx.float16, mx.floating)
    True
    """

def isdtype(dtype: Dtype, kind: str | Dtype | tuple[str | Dtype, ...]) -> bool:
    """True when a type is of a kind of the Python array API standard, or of one of several."""

def result_type(*arrays_and_dtypes: array | Dtype) -> Dtype:
    """The type that arrays and types promote to."""

def can_cast(from_: array | Dtype, to: Dtype) -> bool:
    """True when combining `from_` with the type `to` gives `to`."""

@final
class PrintOptions:
    """Options of printing; `precision` is the number of decimals, -1 for six significant digits."""
    @property
    def precision(self) -> int: ...
    @precision.setter
    def precision(self, value: int) -> None: ...
    def __new__(cls, precision: int = -1) -> Self: ...
    def __repr__(self) -> str: ...

def get_printoptions() -> PrintOptions:
    """The options in force."""

def set_printoptions(precision: int = -1) -> None:
    """Prints floats and complex numbers with `precision` decimals from now on; a negative number restores the default."""

def printoptions(precision: int = -1) -> _PrintOptionsContext:
    """A `with` block in which floats print with `precision` decimals."""

@disjoint_base
class array:
    """A lazy n-dimensional array.

    Operations on it record what to compute; reading it, printing it or `eval` computes it. Assignments such as
    `x[0] = 1` and `x += 1` change the value that this object stands for, and no other array.

    >>> import cotan.core as mx
    >>> x = mx.array([1.0, 2.0, 3.0])
    >>> x * 2
    array([2, 4, 6], dtype=float32)
    """
    if sys.version_info >= (3, 12):
        def __buffer__(self, flags: int, /) -> memoryview: ...
    def __add__(self, other: _Operand, /) -> array: ...
    def __radd__(self, other: _Operand, /) -> array: ...
    def __iadd__(self, other: _Operand, /) -> Self: ...
    def __sub__(self, other: _Operand, /) -> array: ...
    def __rsub__(self, other: _Operand, /) -> array: ...
    def __isub__(self, other: _Operand, /) -> Self: ...
    def __mul__(self, other: _Operand, /) -> array: ...
    def __rmul__(self, other: _Operand, /) -> array: ...
    def __imul__(self, other: _Operand, /) -> Self: ...
    def __floordiv__(self, other: _Operand, /) -> array: ...
    def __rfloordiv__(self, other: _Operand, /) -> array: ...
    def __ifloordiv__(self, other: _Operand, /) -> Self: ...
    def __mod__(self, other: _Operand, /) -> array: ...
    def __rmod__(self, other: _Operand, /) -> array: ...
    def __imod__(self, other: _Operand, /) -> Self: ...
    def __and__(self, other: _Operand, /) -> array: ...
    def __rand__(self, other: _Operand, /) -> array: ...
    def __iand__(self, other: _Operand, /) -> Self: ...
    def __or__(self, other: _Operand, /) -> array: ...
    def __ror__(self, other: _Operand, /) -> array: ...
    def __ior__(self, other: _Operand, /) -> Self: ...
    def __xor__(self, other: _Operand, /) -> array: ...
    def __rxor__(self, other: _Operand, /) -> array: ...
    def __ixor__(self, other: _Operand, /) -> Self: ...
    def __lshift__(self, other: _Operand, /) -> array: ...
    def __rlshift__(self, other: _Operand, /) -> array: ...
    def __ilshift__(self, other: _Operand, /) -> Self: ...
    def __rshift__(self, other: _Operand, /) -> array: ...
    def __rrshift__(self, other: _Operand, /) -> array: ...
    def __irshift__(self, other: _Operand, /) -> Self: ...
    def __new__(cls, val: _Nested, dtype: Dtype | None = None) -> Self: ...
    def __truediv__(self, other: _Operand, /) -> array: ...
    def __rtruediv__(self, other: _Operand, /) -> array: ...
    def __div__(self, other: _Operand, /) -> array: ...
    def __rdiv__(self, other: _Operand, /) -> array: ...
    def __itruediv__(self, other: _Operand, /) -> Self: ...
    def __pow__(self, other: _Operand, modulo: None = None, /) -> array: ...
    def __rpow__(self, other: _Operand, modulo: None = None, /) -> array: ...
    def __ipow__(self, other: _Operand, /) -> Self: ...  # type: ignore[misc]
    def __matmul__(self, other: _Operand, /) -> array: ...
    def __imatmul__(self, other: _Operand, /) -> Self: ...
    def __divmod__(self, other: _Operand, /) -> tuple[array, array]: ...
    def __neg__(self) -> array: ...
    def __pos__(self) -> array: ...
    def __invert__(self) -> array: ...
    def __abs__(self) -> array: ...
    def __eq__(self, other: object, /) -> array: ...  # type: ignore[override]
    def __ne__(self, other: object, /) -> array: ...  # type: ignore[override]
    def __lt__(self, other: _Operand, /) -> array: ...
    def __le__(self, other: _Operand, /) -> array: ...
    def __gt__(self, other: _Operand, /) -> array: ...
    def __ge__(self, other: _Operand, /) -> array: ...
    def __hash__(self) -> int: ...
    def __repr__(self) -> str: ...
    def __bool__(self) -> bool: ...
    def __int__(self) -> int: ...
    def __float__(self) -> float: ...
    def __complex__(self) -> complex: ...
    def __index__(self) -> int: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> ArrayIterator: ...
    def __format__(self, spec: str, /) -> str: ...
    def __bytes__(self) -> bytes: ...
    def __getitem__(self, index: _Index, /) -> array: ...
    def __setitem__(self, index: _Index, value: _Operand, /) -> None: ...
    def __delitem__(self, _index: Any, /) -> None: ...
    def __copy__(self) -> array: ...
    def __deepcopy__(self, memo: Any, /) -> array: ...
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """A NumPy array that shares this array's memory, unless `dtype` or `copy` ask for another."""
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A DLPack capsule that shares this array's memory."""
    def __dlpack_device__(self) -> tuple[int, int]: ...
    def __array_namespace__(self, api_version: str | None = None) -> ModuleType: ...
    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
    @property
    def ndim(self) -> int:
        """Number of axes."""
    @property
    def size(self) -> int:
        """Number of elements."""
    @property
    def itemsize(self) -> int:
        """Bytes per element."""
    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
    @property
    def dtype(self) -> Dtype:
        """Type of the elements."""
    @property
    def real(self) -> array:
        """The real part."""
    @property
    def imag(self) -> array:
        """The imaginary part; zeros for a real array."""
    @property
    def T(self) -> array:
        """The array with its axes in reverse order."""
    @property
    def mT(self) -> array:
        """The array with its last two axes exchanged."""
    @property
    def at(self) -> ArrayAt:
        """Indexed updates that return a new array: `x.at[index].add(value)`."""
    def item(self) -> Any:
        """The value of an array with one element."""
    def tolist(self) -> Any:
        """The elements as nested lists; without axes, the element itself."""
    def astype(self, dtype: Dtype, stream: _Stream | None = None) -> array:
        """The elements converted to another type."""
    def view(self, dtype: Dtype, *, stream: _Stream | None = None) -> array:
        """The bytes of the elements read as another type."""
    def reshape(self, *shape: _Axes, stream: _Stream | None = None) -> array:
        """The same elements under another shape; one size may be -1."""
    def transpose(self, *axes: _Axes | None, stream: _Stream | None = None) -> array:
        """The array with its axes in the given order, by default reversed."""
    def flatten(self, start_axis: int = 0, end_axis: int = -1, *, stream: _Stream | None = None) -> array:
        """Axes `start_axis` to `end_axis` joined into one."""
    def squeeze(self, axis: _Axes | None = None, *, stream: _Stream | None = None) -> array:
        """Without the axes of size one, or without those that are named."""
    def moveaxis(self, source: int, destination: int, *, stream: _Stream | None = None) -> array:
        """One axis moved to another place."""
    def swapaxes(self, axis1: int, axis2: int, *, stream: _Stream | None = None) -> array:
        """Two axes exchanged."""
    def round(self, decimals: int = 0, *, stream: _Stream | None = None) -> array:
        """Rounded to `decimals` places, ties to even."""
    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1, stream: _Stream | None = None) -> array:
        """The diagonal of two axes, as a last axis."""
    def diag(self, k: int = 0, *, stream: _Stream | None = None) -> array:
        """The diagonal of a matrix, or the matrix with this diagonal."""
    def abs(self, *, stream: _Stream | None = None) -> array:
        """The magnitude."""
    def square(self, *, stream: _Stream | None = None) -> array:
        """`x * x`."""
    def sqrt(self, *, stream: _Stream | None = None) -> array:
        """The square root."""
    def rsqrt(self, *, stream: _Stream | None = None) -> array:
        """One over the square root."""
    def reciprocal(self, *, stream: _Stream | None = None) -> array:
        """`1 / x`."""
    def exp(self, *, stream: _Stream | None = None) -> array:
        """e to the power of x."""
    def log(self, *, stream: _Stream | None = None) -> array:
        """The natural logarithm."""
    def log2(self, *, stream: _Stream | None = None) -> array:
        """The logarithm to base 2."""
    def log10(self, *, stream: _Stream | None = None) -> array:
        """The logarithm to base 10."""
    def log1p(self, *, stream: _Stream | None = None) -> array:
        """`log(1 + x)`, accurate near zero."""
    def sin(self, *, stream: _Stream | None = None) -> array:
        """The sine."""
    def cos(self, *, stream: _Stream | None = None) -> array:
        """The cosine."""
    def conj(self, *, stream: _Stream | None = None) -> array:
        """The complex conjugate."""
    def sum(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The sum over some or all axes."""
    def prod(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The product over some or all axes."""
    def min(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The smallest element over some or all axes."""
    def max(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The largest element over some or all axes."""
    def all(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """Whether all elements are true."""
    def any(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """Whether any element is true."""
    def mean(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The mean over some or all axes."""
    def logsumexp(
        self,
        axis: _Axes | None = None,
        keepdims: bool = False,
        *,
        stream: _Stream | None = None,
    ) -> array:
        """`log(sum(exp(x)))` without overflow."""
    def cumsum(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """Sums of the elements so far."""
    def cumprod(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """Products of the elements so far."""
    def cummax(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """The largest element so far."""
    def cummin(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """The smallest element so far."""
    def logcumsumexp(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """`logsumexp` of the elements so far."""
    def argmax(self, axis: int | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The position of the largest element."""
    def argmin(self, axis: int | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The position of the smallest element."""
    def var(
        self,
        axis: _Axes | None = None,
        keepdims: bool = False,
        ddof: int = 0,
        *,
        correction: int | None = None,
        stream: _Stream | None = None,
    ) -> array:
        """The variance; the divisor is the number of elements less `ddof` (also called `correction`)."""
    def std(
        self,
        axis: _Axes | None = None,
        keepdims: bool = False,
        ddof: int = 0,
        *,
        correction: int | None = None,
        stream: _Stream | None = None,
    ) -> array:
        """The standard deviation; the divisor is the number of elements less `ddof` (also called `correction`)."""
    def split(
        self,
        indices_or_sections: int | Sequence[int],
        axis: int = 0,
        *,
        stream: _Stream | None = None,
    ) -> list[array]:
        """Parts along an axis: that many equal ones, or cut at the given places."""
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __getstate__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: tuple[Sequence[int], str, bytes], /) -> None: ...

@final
class ArrayIterator:
    """Walks over the first axis of the value that an array had when the walk began."""
    def __iter__(self) -> Self: ...
    def __next__(self) -> array: ...

def _unpickle(shape: Sequence[int], dtype: str, bytes: bytes) -> array:
    """What a pickle of an array calls."""

@final
class ArrayLike:
    """The name for whatever `array` accepts, in type annotations."""
    def __new__(cls, arg: _Nested) -> Self: ...
    def __mlx_array__(self) -> array: ...

def asarray(a: _Nested, dtype: Dtype | None = None, *, copy: bool | None = None) -> array:
    """An array of `a`, which may be anything `array` accepts. Memory of other libraries is never shared: `copy=False`
    raises ValueError where a copy would be needed.
    """

def from_dlpack(x: _SupportsDLPack, /, *, copy: bool | None = None) -> array:
    """A copy of an array that another library offers through DLPack."""

@final
class ArrayAt:
    """An array, and the places of it that an update will change."""
    def __getitem__(self, indices: _Index, /) -> ArrayAt: ...
    def add(self, value: _Operand) -> array:
        """The array with `value` added at the places, once for each time that a place is named."""
    def subtract(self, value: _Operand) -> array:
        """The array with `value` subtracted at the places."""
    def multiply(self, value: _Operand) -> array:
        """The array with the places multiplied by `value`."""
    def divide(self, value: _Operand) -> array:
        """The array with the places divided by `value`."""
    def maximum(self, value: _Operand) -> array:
        """The array with the places raised to at least `value`."""
    def minimum(self, value: _Operand) -> array:
        """The array with the places lowered to at most `value`."""

@final
class DeviceType:
    """The sorts of device. Only `cpu` is available."""
    cpu: ClassVar[DeviceType]
    gpu: ClassVar[DeviceType]
    def __int__(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...
    def __eq__(self, other: Any, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]:
        """What a pickle calls: `getattr(DeviceType, name)`."""

@final
class Device:
    """A device, by its sort and its number among the devices of that sort.

    >>> import cotan.core as mx
    >>> mx.Device(mx.cpu) == mx.cpu
    True
    """
    def __new__(cls, type: DeviceType, index: int = 0) -> Self: ...
    @property
    def type(self) -> DeviceType:
        """The sort of device."""
    def __repr__(self) -> str: ...
    def __eq__(self, other: Any, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Stream:
    """A sequence of operations on a device. Operations of different streams may overlap."""
    @property
    def device(self) -> Device:
        """The device that it belongs to."""
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class ThreadLocalStream:
    """A handle that stands for a stream of its own in every thread."""
    @property
    def device(self) -> Device:
        """The device that it belongs to."""
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class StreamContext:
    """A `with` block in which a stream is the default one."""
    def __new__(cls, s: _Stream) -> Self: ...
    def __enter__(self) -> None: ...
    def __exit__(self, exc_type: Any = None, exc_value: Any = None, traceback: Any = None, /) -> None:
        """Makes the former stream the default again, whatever ended the block."""

cpu: DeviceType
gpu: DeviceType
def stream(s: _Stream) -> StreamContext:
    """A `with` block in which `s`, or the default stream of a device, is the default stream.

    >>> import cotan.core as mx
    >>> with mx.stream(mx.new_stream(mx.cpu)):
    ...     x = mx.ones((2,)) + 1
    """

def default_device() -> Device:
    """The device that operations use when nothing else is said."""

def set_default_device(device: _Device) -> None:
    """Makes `device` the default. ValueError when it is not available."""

def default_stream(device: _Device) -> Stream:
    """This thread's default stream on `device`. ValueError when the device is not available."""

def set_default_stream(stream: Stream) -> None:
    """Makes `stream` this thread's default on its device."""

def new_stream(device: _Device) -> Stream:
    """A new stream on `device`. ValueError when the device is not available."""

def new_thread_unsafe_stream(device: _Device) -> Stream:
    """A new stream on `device` for use by any thread. ValueError when the device is not available."""

def new_thread_local_stream(device: _Device) -> ThreadLocalStream:
    """A handle that stands for a new stream on `device` in every thread. ValueError when the device is not available."""

def clear_streams() -> None:
    """Forgets this thread's streams: the default and those behind thread-local handles are new ones from now on."""

def synchronize(stream: _Stream | None = None) -> None:
    """Waits for the work of a stream. Evaluation returns when its work is done, so there is never any left."""

def device_count(device_type: DeviceType) -> int:
    """How many devices of a sort there are."""

def is_available(device: _Device) -> bool:
    """True when `device` can be used.

    >>> import cotan.core as mx
    >>> mx.is_available(mx.cpu), mx.is_available(mx.gpu)
    (True, False)
    """

def device_info(d: _Device | None = None) -> dict[str, str]:
    """What is known about a device (the default one if none is given): `architecture` and `device_name`.

    A device that is not available has no entries.
    """

def get_active_memory() -> int:
    """Bytes of the arrays that are in use."""

def get_peak_memory() -> int:
    """The most bytes that were in use at once since the start or the last `reset_peak_memory()`."""

def reset_peak_memory() -> None:
    """Starts `get_peak_memory()` anew from what is in use now."""

def get_cache_memory() -> int:
    """Bytes that are kept for new arrays."""

def clear_cache() -> None:
    """Gives the memory that is kept for new arrays back to the system.

    >>> import cotan.core as mx
    >>> mx.clear_cache()
    >>> mx.get_cache_memory()
    0
    """

def get_memory_limit() -> int:
    """The bytes in use and in the cache from which on the cache is given up before more is taken from the system."""

def set_memory_limit(limit: int) -> int:
    """Changes the memory limit, in bytes, and returns the former one. Arrays that are in use may exceed it."""

def set_cache_limit(limit: int) -> int:
    """Changes how many bytes may be kept for new arrays, and returns the former limit. 0 keeps nothing."""

def set_wired_limit(limit: int) -> int:
    """Returns 0: only memory of GPUs is wired, so on the CPU the limit stays 0 whatever is asked for."""

def get_array_buffer_size(*args: Any) -> int:
    """Bytes of the memory behind the arrays in trees of lists, tuples and dicts; memory that arrays share counts once.

    Other leaves are ignored. ValueError for an array that is not evaluated.

    >>> import cotan.core as mx
    >>> x = mx.array([1.0, 2.0])
    >>> mx.get_array_buffer_size(x) == mx.get_array_buffer_size([x, {"again": x}])
    True
    """

pi: float
e: float
euler_gamma: float
inf: float
nan: float
newaxis: None
def abs(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The magnitude of each element; real for complex numbers.

    >>> import cotan.core as mx
    >>> mx.abs(mx.array([-1, 2]))
    array([1, 2], dtype=int32)
    """

def arccos(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The angle in radians with this cosine. Integers give float32."""

def arccosh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The inverse hyperbolic cosine. Integers give float32."""

def arcsin(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The angle in radians with this sine. Integers give float32."""

def arcsinh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The inverse hyperbolic sine. Integers give float32."""

def arctan(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The angle in radians with this tangent. Integers give float32."""

def arctanh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The inverse hyperbolic tangent. Integers give float32."""

def ceil(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The smallest integer not below each element, in the element's type. ValueError for complex numbers."""

def cos(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The cosine of an angle in radians. Integers give float32."""

def cosh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The hyperbolic cosine. Integers give float32."""

def degrees(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """Radians as degrees. Integers give float32."""

def erf(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The error function. Integers give float32; ValueError for complex numbers."""

def erfinv(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The inverse of the error function: infinite at -1 and 1, NaN outside. ValueError for complex numbers."""

def exp(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """e to the power of each element. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.exp(mx.array([0.0, 1.0]))
    array([1, 2.71828], dtype=float32)
    """

def expm1(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`exp(a) - 1`, accurate near zero. Integers give float32; ValueError for complex numbers."""

def floor(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The largest integer not above each element, in the element's type. ValueError for complex numbers."""

def imag(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The imaginary part of each element; zeros for real arrays."""

def log(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The natural logarithm. Integers give float32; 0 gives -inf and negative numbers NaN."""

def log10(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The logarithm to base 10. Integers give float32."""

def log1p(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`log(1 + a)`, accurate near zero. Integers give float32."""

def log2(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The logarithm to base 2. Integers give float32."""

def logical_not(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """True where an element is zero or false."""

def negative(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`-a`. Unsigned integers wrap; ValueError for bools."""

def radians(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """Degrees as radians. Integers give float32."""

def real(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The real part of each element."""

def reciprocal(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`1 / a`. Integers give float32."""

def rsqrt(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """One over the square root. Integers give float32; 0 gives inf."""

def sigmoid(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The logistic function `1 / (1 + exp(-a))`. Integers give float32; ValueError for complex numbers.

    >>> import cotan.core as mx
    >>> mx.sigmoid(mx.array([0.0, 2.0]))
    array([0.5, 0.880797], dtype=float32)
    """

def sign(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """-1, 0 or 1 by the sign of each element; 0 for NaN, and `z / |z|` for complex numbers."""

def sin(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The sine of an angle in radians. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.sin(mx.array([0.0, mx.pi / 2]))
    array([0, 1], dtype=float32)
    """

def sinh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The hyperbolic sine. Integers give float32."""

def sqrt(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The square root. Integers give float32; negative real numbers give NaN."""

def square(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`a * a`."""

def tan(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The tangent of an angle in radians. Integers give float32."""

def tanh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The hyperbolic tangent. Integers give float32."""

def bitwise_invert(a: _Operand, stream: _Stream | None = None) -> array:
    """All bits of each integer flipped; for bools, the negation. ValueError for floating and complex types."""

def isfinite(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element is neither infinite nor NaN."""

def isinf(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element, or a part of a complex one, is infinite."""

def isnan(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element, or a part of a complex one, is NaN."""

def isneginf(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element is negative infinity."""

def isposinf(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element is positive infinity."""

def conj(a: _Operand, *, stream: _Stream | None = None) -> array:
    """The complex conjugate of each element."""

def stop_gradient(a: _Array, /, *, stream: _Stream | None = None) -> array:
    """The array as it is, but constant for derivatives: none flows through it.

    >>> import cotan.core as mx
    >>> mx.grad(lambda x: x * mx.stop_gradient(x))(mx.array(3.0))
    array(3, dtype=float32)
    """

def trunc(a: _Array, /, *, stream: _Stream | None = None) -> array:
    """The integer part of each element, in the element's type. ValueError for complex numbers."""

acos = arccos
acosh = arccosh
asin = arcsin
asinh = arcsinh
atan = arctan
atanh = arctanh
conjugate = conj
def add(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The sum of two arrays, which broadcast and promote. Integers wrap; the sum of bools is "or".

    >>> import cotan.core as mx
    >>> mx.add(mx.array([1, 2]), 0.5)
    array([1.5, 2.5], dtype=float32)
    """

def divide(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The quotient of two arrays, which broadcast and promote. Integers give float32."""

def equal(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where the elements of two arrays, which broadcast and promote, are equal."""

def floor_divide(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The quotient rounded down, as `//` has it. An integer divided by 0 gives 0; complex numbers are not rounded."""

def greater(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where `a > b`; the operands broadcast and promote. Complex numbers are ordered by real, then imaginary part."""

def greater_equal(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where `a >= b`; the operands broadcast and promote."""

def less(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where `a < b`; the operands broadcast and promote. Complex numbers are ordered by real, then imaginary part."""

def less_equal(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where `a <= b`; the operands broadcast and promote."""

def multiply(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The product of two arrays, which broadcast and promote. Integers wrap; the product of bools is "and"."""

def not_equal(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where the elements of two arrays, which broadcast and promote, differ. NaN differs from everything."""

def remainder(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """What `floor_divide` leaves, with the sign of the divisor. An integer by 0 gives the dividend.

    >>> import cotan.core as mx
    >>> mx.remainder(mx.array([7, -7]), 3)
    array([1, 2], dtype=int32)
    """

def subtract(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The difference of two arrays, which broadcast and promote. Integers wrap."""

def bitwise_and(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits that are set in both integers, or "and" of bools. RuntimeError for floating and complex types."""

def bitwise_or(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits that are set in either integer, or "or" of bools. RuntimeError for floating and complex types."""

def bitwise_xor(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits that are set in one of both integers only. RuntimeError for floating and complex types."""

def left_shift(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits of `a` moved up by `b` places; bools become uint8. RuntimeError for floating and complex types."""

def right_shift(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits of `a` moved down by `b` places, keeping the sign; bools become uint8. RuntimeError for floating and
    complex types.
    """

def arctan2(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The angle in radians of the point with ordinate `a` and abscissa `b`, between -pi and pi. ValueError for complex
    numbers.
    """

def logaddexp(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`log(exp(a) + exp(b))` without overflow."""

def logical_and(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """True where both operands are true; they broadcast."""

def logical_or(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """True where either operand is true; they broadcast."""

def logical_xor(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """True where one operand is true and the other is not; they broadcast."""

def maximum(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The larger of two elements, NaN if either is NaN; the operands broadcast and promote.

    >>> import cotan.core as mx
    >>> mx.maximum(mx.array([1.0, -2.0]), 0)
    array([1, 0], dtype=float32)
    """

def minimum(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The smaller of two elements, NaN if either is NaN; the operands broadcast and promote."""

def power(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`a` to the power of `b`; the operands broadcast and promote. Integers wrap."""

atan2 = arctan2
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift
pow = power
def astype(a: _Array, dtype: Dtype, /, *, stream: _Stream | None = None) -> array:
    """The elements converted to another type: floats are truncated towards zero, integers wrap, bool is `!= 0`.

    >>> import cotan.core as mx
    >>> mx.astype(mx.array([1.7, -1.7]), mx.int32)
    array([1, -1], dtype=int32)
    """

def view(a: _Operand, dtype: Dtype, stream: _Stream | None = None) -> array:
    """The bytes of the elements read as another type; the last axis scales by the ratio of the sizes.

    ValueError when its bytes don't divide into elements of that type.
    """

def positive(a: _Array, /, *, stream: _Stream | None = None) -> array:
    """The array as it is."""

def round(a: _Operand, /, decimals: int = 0, stream: _Stream | None = None) -> array:
    """Each element rounded to `decimals` places (negative: to tens, hundreds, ...), ties to even, in the element's type.

    >>> import cotan.core as mx
    >>> mx.round(mx.array([0.5, 1.5, 2.5]))
    array([0, 2, 2], dtype=float32)
    """

def nan_to_num(
    a: _Operand,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """NaN replaced by `nan`, infinities by `posinf` and `neginf` (by default the largest and smallest finite numbers of the
    type). ValueError for complex numbers.
    """

def to_fp8(x: _Array, *, stream: _Stream | None = None) -> array:
    """The values as 8-bit floats (OCP e4m3) in uint8: rounded to nearest even, saturating at ±448, NaN as the largest.

    ValueError unless the array is of a real floating type.
    """

def from_fp8(x: _Array, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """The numbers that 8-bit floats (OCP e4m3) in a uint8 array stand for, as `dtype` (bfloat16 by default).

    ValueError unless the array is uint8.
    """

def divmod(a: _Operand, b: _Operand, stream: _Stream | None = None) -> list[array]:
    """The list of `floor_divide(a, b)` and `remainder(a, b)`."""

def clip(a: _Array, /, a_min: _Operand | None, a_max: _Operand | None, *, stream: _Stream | None = None) -> array:
    """Elements limited to `a_min..a_max`; either bound may be None. Where the bounds cross `a_max` wins; NaN stays.

    ValueError when both bounds are None.

    >>> import cotan.core as mx
    >>> mx.clip(mx.array([-1.0, 0.5, 7.0]), 0, 1)
    array([0, 0.5, 1], dtype=float32)
    """

def isclose(
    a: _Array,
    b: _Array,
    /,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    *,
    equal_nan: bool = False,
    stream: _Stream | None = None,
) -> array:
    """True where `|a - b| <= atol + rtol * |b|`. Equal infinities are close; NaNs are with `equal_nan` only."""

def allclose(
    a: _Array,
    b: _Array,
    /,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    *,
    equal_nan: bool = False,
    stream: _Stream | None = None,
) -> array:
    """Whether all elements of two arrays, which broadcast, are close in the sense of `isclose`. An array without axes."""

def array_equal(a: _Operand, b: _Operand, equal_nan: bool = False, stream: _Stream | None = None) -> array:
    """Whether two arrays have the same shape and, after promotion, the same elements. An array without axes."""

@overload
def where(condition: _Operand, x: _Operand, y: _Operand, /, *, stream: _Stream | None = None) -> array:
    """Elements of `x` where `condition` is true and of `y` elsewhere; all three broadcast, `x` and `y` promote.

    With a condition alone it is `nonzero(condition)`.

    >>> import cotan.core as mx
    >>> mx.where(mx.array([True, False]), mx.array([1, 2]), 0)
    array([1, 0], dtype=int32)
    """
@overload
def where(
    condition: _Operand,
    x: None = None,
    y: None = None,
    /,
    *,
    stream: _Stream | None = None,
) -> tuple[array, ...]: ...

def all(a: _Array, /, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
    """Whether all elements are true. True for no elements.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def any(a: _Array, /, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
    """Whether any element is true. False for no elements.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def logsumexp(
    a: _Array,
    /,
    axis: _Axes | None = None,
    keepdims: bool = False,
    *,
    stream: _Stream | None = None,
) -> array:
    """`log(sum(exp(a)))` without overflow. Integers give float32; ValueError for no elements.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def max(a: _Array, /, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
    """The largest element, NaN if any is. ValueError for no elements.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def mean(
    a: _Array,
    /,
    axis: _Axes | None = None,
    keepdims: bool = False,
    *,
    stream: _Stream | None = None,
) -> array:
    """The mean, NaN of no elements. Integers give float32; halves add up in float32.

    >>> import cotan.core as mx
    >>> mx.mean(mx.array([[1, 2], [3, 4]]), axis=0)
    array([2, 3], dtype=float32)

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def median(
    a: _Array,
    /,
    axis: _Axes | None = None,
    keepdims: bool = False,
    *,
    stream: _Stream | None = None,
) -> array:
    """The middle element, or the mean of the two middle ones, NaN if any element is. Integers give float32; ValueError
    for no elements.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def min(a: _Array, /, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
    """The smallest element, NaN if any is. ValueError for no elements.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def prod(
    a: _Array,
    /,
    axis: _Axes | None = None,
    keepdims: bool = False,
    *,
    stream: _Stream | None = None,
) -> array:
    """The product, 1 of no elements. Small integers and bools multiply in 32 bits.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def sum(a: _Array, /, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
    """The sum, 0 of no elements. Small integers and bools add up in 32 bits.

    >>> import cotan.core as mx
    >>> mx.sum(mx.array([[1.0, 2.0], [3.0, 4.0]]), axis=1, keepdims=True)
    array([[3],
           [7]], dtype=float32)

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def count_nonzero(
    a: _Array,
    /,
    *,
    axis: _Axes | None = None,
    keepdims: bool = False,
    stream: _Stream | None = None,
) -> array:
    """How many elements are not zero, as int32.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    """

def minmax(
    a: _Array,
    /,
    axis: _Axes | None = None,
    keepdims: bool = False,
    *,
    stream: _Stream | None = None,
) -> tuple[array, array]:
    """The smallest and the largest element, as a tuple of two arrays. ValueError for no elements.

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.

    >>> import cotan.core as mx
    >>> mx.minmax(mx.array([3, 1, 2]))
    (array(1, dtype=int32), array(3, dtype=int32))
    """

def std(
    a: _Array,
    /,
    axis: _Axes | None = None,
    keepdims: bool = False,
    ddof: int = 0,
    *,
    correction: int | None = None,
    stream: _Stream | None = None,
) -> array:
    """The standard deviation.

    The divisor is the number of elements less `ddof`, of which `correction` is another name; the result is
    infinite where that is not positive. `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay,
    with size 1.
    """

def var(
    a: _Array,
    /,
    axis: _Axes | None = None,
    keepdims: bool = False,
    ddof: int = 0,
    *,
    correction: int | None = None,
    stream: _Stream | None = None,
) -> array:
    """The variance.

    The divisor is the number of elements less `ddof`, of which `correction` is another name; the result is
    infinite where that is not positive. `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay,
    with size 1.
    """

def argmax(
    a: _Array,
    /,
    axis: int | None = None,
    keepdims: bool = False,
    *,
    stream: _Stream | None = None,
) -> array:
    """The position of the largest element, as uint32.

    The position is along `axis`, or in the flattened array when that is None. Of equal elements the first
    counts, and NaN counts before all numbers. ValueError for no elements.
    """

def argmin(
    a: _Array,
    /,
    axis: int | None = None,
    keepdims: bool = False,
    *,
    stream: _Stream | None = None,
) -> array:
    """The position of the smallest element, as uint32.

    The position is along `axis`, or in the flattened array when that is None. Of equal elements the first
    counts, and NaN counts before all numbers. ValueError for no elements.
    """

def softmax(
    a: _Array,
    /,
    axis: _Axes | None = None,
    *,
    precise: bool = False,
    stream: _Stream | None = None,
) -> array:
    """Exponentials divided by their sum over `axis`: an int, a tuple or list of ints, or None for the whole array.

    Integers give float32. Sums of halves add up in float32, with or without `precise`.

    >>> import cotan.core as mx
    >>> mx.softmax(mx.array([0.0, 0.0]))
    array([0.5, 0.5], dtype=float32)
    """

def trace(
    a: _Array,
    /,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Dtype | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """The sum over the `offset`-th diagonal of the matrices in axes `axis1` and `axis2`, computed in `dtype` if that is given.

    IndexError for an axis that doesn't exist, ValueError for fewer than two axes.
    """

def cummax(
    a: _Array,
    /,
    axis: int | None = None,
    *,
    reverse: bool = False,
    inclusive: bool = True,
    stream: _Stream | None = None,
) -> array:
    """The largest of the elements so far, NaN after a NaN.

    It runs along `axis`, or over the flattened array when that is None; with `reverse` from the end, and
    without `inclusive` over the elements before each one only. IndexError for an axis that doesn't exist.
    """

def cummin(
    a: _Array,
    /,
    axis: int | None = None,
    *,
    reverse: bool = False,
    inclusive: bool = True,
    stream: _Stream | None = None,
) -> array:
    """The smallest of the elements so far, NaN after a NaN.

    It runs along `axis`, or over the flattened array when that is None; with `reverse` from the end, and
    without `inclusive` over the elements before each one only. IndexError for an axis that doesn't exist.
    """

def logcumsumexp(
    a: _Array,
    /,
    axis: int | None = None,
    *,
    reverse: bool = False,
    inclusive: bool = True,
    stream: _Stream | None = None,
) -> array:
    """`logsumexp` of the elements so far. Integers give float32.

    It runs along `axis`, or over the flattened array when that is None; with `reverse` from the end, and
    without `inclusive` over the elements before each one only. IndexError for an axis that doesn't exist.
    """

def cumprod(
    a: _Array,
    /,
    axis: int | None = None,
    *,
    reverse: bool = False,
    inclusive: bool = True,
    dtype: Dtype | None = None,
    stream: _Stream | None = None,
) -> array:
    """The products of the elements so far. Integers wrap.

    It runs along `axis`, or over the flattened array when that is None; with `reverse` from the end, and
    without `inclusive` over the elements before each one only. With `dtype` the elements are converted first.
    IndexError for an axis that doesn't exist.
    """

def cumsum(
    a: _Array,
    /,
    axis: int | None = None,
    *,
    reverse: bool = False,
    inclusive: bool = True,
    dtype: Dtype | None = None,
    stream: _Stream | None = None,
) -> array:
    """The sums of the elements so far. Integers wrap; bools add up in int32.

    >>> import cotan.core as mx
    >>> mx.cumsum(mx.array([1, 2, 3]))
    array([1, 3, 6], dtype=int32)

    It runs along `axis`, or over the flattened array when that is None; with `reverse` from the end, and
    without `inclusive` over the elements before each one only. With `dtype` the elements are converted first.
    IndexError for an axis that doesn't exist.
    """

def diff(a: _Array, /, n: int = 1, axis: int = -1, *, stream: _Stream | None = None) -> array:
    """Differences between neighbours along `axis`, taken `n` times; for bools, whether neighbours differ.

    ValueError when `n` is negative, IndexError for an axis that doesn't exist.

    >>> import cotan.core as mx
    >>> mx.diff(mx.array([1, 4, 9]))
    array([3, 5], dtype=int32)
    """

cumulative_prod = cumprod
cumulative_sum = cumsum
def arange(
    start: int | float | None = None,
    stop: int | float | None = None,
    step: int | float | None = None,
    dtype: Dtype | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """Values from `start` (0 by default) up to but not including `stop`, `step` (1 by default) apart.

    `arange(stop)` is `arange(0, stop)`. Ints give int32, or int64 where a bound needs it, and floats float32, unless
    `dtype` says otherwise. ValueError for a step of 0, bounds that are not finite, and `dtype=bool_`.

    >>> import cotan.core as mx
    >>> mx.arange(3), mx.arange(1, 2, 0.25)
    (array([0, 1, 2], dtype=int32), array([1, 1.25, 1.5, 1.75], dtype=float32))
    """

def linspace(
    start: _Operand,
    stop: _Operand,
    num: int | None = 50,
    endpoint: bool = True,
    dtype: Dtype | None = None,
    stream: _Stream | None = None,
) -> array:
    """`num` evenly spaced values from `start` to `stop`, which is the last one if `endpoint`, else what would follow.

    The bounds may be arrays with one element, which are evaluated. The type is `dtype`, float32 by default; an integer
    type truncates. ValueError when `num` is negative.

    >>> import cotan.core as mx
    >>> mx.linspace(0, 1, 5)
    array([0, 0.25, 0.5, 0.75, 1], dtype=float32)
    """

def zeros(shape: int | Sequence[int], dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """Zeros in a shape (an int or a sequence of ints), float32 by default. ValueError for negative sizes.

    >>> import cotan.core as mx
    >>> mx.zeros((2, 2), mx.int8)
    array([[0, 0],
           [0, 0]], dtype=int8)
    """

def ones(shape: int | Sequence[int], dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """Ones in a shape (an int or a sequence of ints), float32 by default. ValueError for negative sizes."""

def zeros_like(a: _Array, /, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """Zeros in the shape of `a`, and of its type unless `dtype` is given."""

def ones_like(a: _Array, /, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """Ones in the shape of `a`, and of its type unless `dtype` is given."""

def full(
    shape: int | Sequence[int],
    vals: _Operand,
    dtype: Dtype | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """`vals`, a number or an array that broadcasts to the shape, everywhere; of its own type unless `dtype` is given.

    ValueError when it doesn't broadcast, or an int doesn't fit the type.

    >>> import cotan.core as mx
    >>> mx.full((2, 2), mx.array([1, 2]))
    array([[1, 2],
           [1, 2]], dtype=int32)
    """

def full_like(a: _Array, vals: _Operand, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """`vals` everywhere in the shape of `a`, in its type unless `dtype` is given. ValueError when it doesn't broadcast."""

def eye(
    n: int,
    m: int | None = None,
    k: int = 0,
    dtype: Dtype | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """Ones on the `k`-th diagonal of an `n` by `m` (`n` by default) matrix of zeros, float32 by default.

    ValueError when a size is negative.
    """

def identity(n: int, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """The `n` by `n` identity matrix, float32 by default. ValueError when `n` is negative."""

def tri(
    n: int,
    m: int | None = None,
    k: int = 0,
    dtype: Dtype | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """Ones on and below the `k`-th diagonal of an `n` by `m` (`n` by default) matrix of zeros, float32 by default.

    ValueError when a size is negative.
    """

def tril(x: _Array, k: int = 0, *, stream: _Stream | None = None) -> array:
    """`x` with zeros above the `k`-th diagonal of its last two axes. ValueError for fewer than two axes."""

def triu(x: _Array, k: int = 0, *, stream: _Stream | None = None) -> array:
    """`x` with zeros below the `k`-th diagonal of its last two axes. ValueError for fewer than two axes."""

def diag(a: _Array, /, k: int = 0, *, stream: _Stream | None = None) -> array:
    """The matrix with the elements of a one-dimensional array on its `k`-th diagonal, or that diagonal of a matrix.

    ValueError for any other number of axes.
    """

def meshgrid(
    *arrays: _Array,
    sparse: bool | None = False,
    indexing: str | None = "xy",
    stream: _Stream | None = None,
) -> tuple[array, ...]:
    """Coordinates over the grid that one-dimensional arrays span, as a tuple with an array per input.

    With `indexing="xy"` the first input runs along the second axis, with `"ij"` along the first. With `sparse` each array
    keeps size 1 along the axes of the others. ValueError for another `indexing` and for inputs with more axes.
    """

def bartlett(M: int, *, stream: _Stream | None = None) -> array:
    """The triangular window that starts and ends with zero.

    It has `M` values of float32: none when `M` is below 1, and a single 1 when it is 1.
    """

def blackman(M: int, *, stream: _Stream | None = None) -> array:
    """The Blackman window: two cosine terms.

    It has `M` values of float32: none when `M` is below 1, and a single 1 when it is 1.
    """

def hamming(M: int, *, stream: _Stream | None = None) -> array:
    """The Hamming window: a raised cosine on a pedestal.

    It has `M` values of float32: none when `M` is below 1, and a single 1 when it is 1.
    """

def hanning(M: int, *, stream: _Stream | None = None) -> array:
    """The Hann window: a raised cosine.

    It has `M` values of float32: none when `M` is below 1, and a single 1 when it is 1.
    """

empty = zeros
empty_like = zeros_like
def reshape(a: _Array, /, shape: Sequence[int], *, stream: _Stream | None = None) -> array:
    """The elements in row-major order under another shape, in which one size may be -1 for whatever fits.

    ValueError when the sizes don't fit the number of elements.

    >>> import cotan.core as mx
    >>> mx.reshape(mx.arange(6), (2, -1))
    array([[0, 1, 2],
           [3, 4, 5]], dtype=int32)
    """

def flatten(a: _Array, /, start_axis: int = 0, end_axis: int = -1, *, stream: _Stream | None = None) -> array:
    """Axes `start_axis` to `end_axis` joined into one. Axes out of range mean the nearest one; an array without axes gets one.

    ValueError when the first axis comes after the last.
    """

def unflatten(a: _Array, /, axis: int, shape: Sequence[int], *, stream: _Stream | None = None) -> array:
    """One axis taken apart into axes of the sizes in `shape`, of which one may be -1.

    IndexError for an axis that doesn't exist, ValueError when the sizes don't multiply to that of the axis.
    """

def squeeze(a: _Array, /, axis: _Axes | None = None, *, stream: _Stream | None = None) -> array:
    """The array without the axes named, or without all axes of size 1.

    IndexError for an axis that doesn't exist, ValueError for one that is longer or given twice.
    """

def expand_dims(a: _Array, /, axis: _Axes, *, stream: _Stream | None = None) -> array:
    """The array with new axes of size 1 at `axis`, an int or several, which count as axes of the result.

    IndexError for an axis that the result can't have, ValueError for one that is given twice.
    """

def transpose(a: _Array, /, axes: Sequence[int] | None = None, *, stream: _Stream | None = None) -> array:
    """The axes in the order of `axes`, by default reversed: axis `i` of the result is axis `axes[i]` of `a`.

    IndexError for an axis that doesn't exist, ValueError unless each is named once.

    >>> import cotan.core as mx
    >>> mx.transpose(mx.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """

def matrix_transpose(a: _Array, /, *, stream: _Stream | None = None) -> array:
    """The last two axes exchanged. ValueError for fewer than two axes."""

def moveaxis(a: _Array, /, source: int, destination: int, *, stream: _Stream | None = None) -> array:
    """Axis `source` moved to `destination`, the others in their order. IndexError for an axis that doesn't exist."""

def swapaxes(a: _Array, /, axis1: int, axis2: int, *, stream: _Stream | None = None) -> array:
    """Two axes exchanged. IndexError for an axis that doesn't exist."""

def broadcast_to(a: _Operand, /, shape: Sequence[int], *, stream: _Stream | None = None) -> array:
    """The array repeated along axes of size 1 and along new leading axes, so that it has this shape. A view.

    ValueError when the shape doesn't allow it.
    """

def broadcast_arrays(*arrays: _Array, stream: _Stream | None = None) -> list[array]:
    """The list of all arrays, each broadcast to the shape of all of them. ValueError when the shapes don't broadcast."""

def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that all shapes broadcast to. ValueError when there is none, or no shape is given.

    >>> import cotan.core as mx
    >>> mx.broadcast_shapes((2, 1), (3,))
    (2, 3)
    """

def repeat(array: _Array, repeats: int, axis: int | None = None, *, stream: _Stream | None = None) -> array:
    """Each element `repeats` times in a row along `axis`; without an axis, of the flattened array.

    IndexError for an axis that doesn't exist, ValueError when `repeats` is negative.
    """

def tile(a: _Array, reps: int | Sequence[int], /, *, stream: _Stream | None = None) -> array:
    """The whole array so many times along each axis: an int for the last axis, or a sequence for the last axes.

    ValueError when a number is negative.
    """

def roll(a: _Array, shift: _Axes, axis: _Axes | None = None, /, *, stream: _Stream | None = None) -> array:
    """The elements moved by `shift` places along `axis`, those that fall off the end coming in at the front.

    Several shifts and axes pair up. Without an axis the flattened array is rotated, and several shifts add up.
    IndexError for an axis that doesn't exist, ValueError when shifts and axes don't pair up.

    >>> import cotan.core as mx
    >>> mx.roll(mx.arange(5), 2)
    array([3, 4, 0, 1, 2], dtype=int32)
    """

def flip(a: _Array, /, axis: _Axes | None = None, *, stream: _Stream | None = None) -> array:
    """The elements in reverse order along some axes, by default all. A view.

    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def diagonal(a: _Array, offset: int = 0, axis1: int = 0, axis2: int = 1, stream: _Stream | None = None) -> array:
    """The elements of the `offset`-th diagonal of the matrices in axes `axis1` and `axis2`, as a new last axis. A view.

    IndexError for an axis that doesn't exist, ValueError for fewer than two axes or twice the same.
    """

def as_strided(
    a: _Array,
    /,
    shape: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
    offset: int = 0,
    *,
    stream: _Stream | None = None,
) -> array:
    """Elements `offset + i * strides[0] + j * strides[1] + ...` of the row-major order of `a`, for `(i, j, ...)` in `shape`.

    Without `shape` it is that of `a`, without `strides` they are row-major. ValueError when an element lies outside.
    """

def contiguous(a: _Array, /, allow_col_major: bool = False, *, stream: _Stream | None = None) -> array:
    """The same array with its elements in row-major order in memory, or in column-major order if that is allowed and they are."""

@overload
def atleast_1d(ary: _Array, /, *, stream: _Stream | None = None) -> array:
    """The arrays with at least one axis.

    One array gives an array, several give a list of arrays.
    """
@overload
def atleast_1d(ary0: _Array, ary1: _Array, /, *arys: _Array, stream: _Stream | None = None) -> list[array]: ...

@overload
def atleast_2d(ary: _Array, /, *, stream: _Stream | None = None) -> array:
    """The arrays with at least two axes: `()` becomes `(1, 1)` and `(n,)` becomes `(1, n)`.

    One array gives an array, several give a list of arrays.
    """
@overload
def atleast_2d(ary0: _Array, ary1: _Array, /, *arys: _Array, stream: _Stream | None = None) -> list[array]: ...

@overload
def atleast_3d(ary: _Array, /, *, stream: _Stream | None = None) -> array:
    """The arrays with at least three axes: `(n,)` becomes `(1, n, 1)` and `(m, n)` becomes `(m, n, 1)`.

    One array gives an array, several give a list of arrays.
    """
@overload
def atleast_3d(ary0: _Array, ary1: _Array, /, *arys: _Array, stream: _Stream | None = None) -> list[array]: ...

permute_dims = transpose
def concatenate(arrays: Sequence[_Array] | array, axis: int | None = 0, *, stream: _Stream | None = None) -> array:
    """The arrays one after another along `axis`, or flattened first when that is None. Types promote.

    IndexError for an axis that doesn't exist, ValueError when there is no array or other axes differ in size.

    >>> import cotan.core as mx
    >>> mx.concatenate([mx.array([1, 2]), mx.array([0.5])])
    array([1, 2, 0.5], dtype=float32)
    """

def stack(arrays: Sequence[_Array] | array, axis: int | None = 0, *, stream: _Stream | None = None) -> array:
    """The arrays, all of one shape, along a new axis of the result (the first when that is None). Types promote.

    IndexError for an axis that the result can't have, ValueError when there is no array or shapes differ.
    """

def split(
    a: _Array,
    /,
    indices_or_sections: int | Sequence[int],
    axis: int = 0,
    *,
    stream: _Stream | None = None,
) -> list[array]:
    """The list of parts along `axis`: so many equal ones, or cut at the places in a sequence. Views.

    IndexError for an axis that doesn't exist, ValueError when the number of parts doesn't divide its size.

    >>> import cotan.core as mx
    >>> mx.split(mx.arange(4), [1])
    [array([0], dtype=int32), array([1, 2, 3], dtype=int32)]
    """

def unstack(x: _Array, /, *, axis: int = 0, stream: _Stream | None = None) -> tuple[array, ...]:
    """The tuple of slices along `axis`, without that axis. IndexError for an axis that doesn't exist."""

def pad(
    a: _Array,
    pad_width: int | Sequence[int] | Sequence[Sequence[int]],
    mode: str = "constant",
    constant_values: _Operand | None = 0,
    *,
    stream: _Stream | None = None,
) -> array:
    """The array with places added before and after each axis.

    `pad_width` is an int, a pair `(before, after)` for all axes, or a list with a pair for each axis. The new places hold
    `constant_values` in the mode "constant", the nearest element in the mode "edge", and the reflection without or with
    its edge in the modes "reflect" and "symmetric". ValueError for another mode, negative widths, or a wrong number of
    pairs.

    >>> import cotan.core as mx
    >>> mx.pad(mx.array([1, 2, 3]), (2, 1), mode="reflect")
    array([3, 2, 1, 2, 3, 2], dtype=int32)
    """

concat = concatenate
def nonzero(a: _Array, /, *, stream: _Stream | None = None) -> tuple[array, ...]:
    """The positions where `a` is not zero, as a tuple with an array of int64 for each axis, in row-major order.

    It evaluates `a`, whose values decide how many positions there are. ValueError for an array without axes, and
    within `vmap` and `compile`.

    >>> import cotan.core as mx
    >>> mx.nonzero(mx.array([0, 5, 0, 7]))
    (array([1, 3], dtype=int64),)
    """

def take(a: _Array, /, indices: int | _Array, axis: int | None = None, *, stream: _Stream | None = None) -> array:
    """The elements at `indices` (an int or an array of integers) along `axis`, or of the flattened array.

    The shape of the indices takes the place of the axis; negative indices count from the end. IndexError for an axis
    that doesn't exist, and for an index out of range.

    >>> import cotan.core as mx
    >>> mx.take(mx.array([10, 20, 30]), mx.array([2, 0]))
    array([30, 10], dtype=int32)
    """

def take_along_axis(
    a: _Array,
    /,
    indices: _Array,
    axis: int | None = -1,
    *,
    stream: _Stream | None = None,
) -> array:
    """The elements at `indices` along `axis`, one for every place of the result; the other axes broadcast.

    When `axis` is None the array is flattened first. IndexError for an axis that doesn't exist; ValueError when the
    numbers of axes differ or shapes don't broadcast.

    >>> import cotan.core as mx
    >>> mx.take_along_axis(mx.array([[1, 2], [3, 4]]), mx.array([[1], [0]]))
    array([[2],
           [3]], dtype=int32)
    """

def put_along_axis(
    a: _Array,
    /,
    indices: _Array,
    values: _Array,
    axis: int | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """`a` with `values` put at `indices` along `axis`; indices and values broadcast to the other axes.

    When `axis` is None, positions count in the flattened array. IndexError for an axis that doesn't exist; ValueError
    when the numbers of axes differ or shapes don't broadcast.
    """

def slice(
    a: _Array,
    start_indices: _Array,
    axes: Sequence[int],
    slice_size: Sequence[int],
    *,
    stream: _Stream | None = None,
) -> array:
    """`slice_size[i]` elements of every axis `i`, from the positions in `start_indices` along `axes` and from 0 along others.

    The start is an array, so it may be computed; from a start too far out, the slice is moved inside. ValueError when
    the sizes don't fit the array or the start doesn't have an integer for each of `axes`.
    """

def slice_update(
    a: _Array,
    update: _Array,
    start_indices: _Array,
    axes: Sequence[int],
    *,
    stream: _Stream | None = None,
) -> array:
    """`a` with `update` written over it, from the positions in `start_indices` along `axes` and from 0 along others.

    The start is an array, so it may be computed; what would leave the array is dropped. ValueError when `update` has
    another number of axes or the start doesn't have an integer for each of `axes`.
    """

@overload
def depends(inputs: _Array, dependencies: _Array | Sequence[_Array]) -> array:
    """The inputs, an array or a list of arrays, each of which is evaluated after all of `dependencies`."""
@overload
def depends(inputs: Sequence[_Array], dependencies: _Array | Sequence[_Array]) -> list[array]: ...

def argsort(a: _Array, /, axis: int | None = -1, *, stream: _Stream | None = None) -> array:
    """The positions, as uint32, that sort the elements along `axis`.

    >>> import cotan.core as mx
    >>> mx.argsort(mx.array([30, 10, 20]))
    array([1, 2, 0], dtype=uint32)

    The order is ascending, stable, with NaN last; complex numbers are ordered by real, then imaginary part.
    When `axis` is None the array is flattened first. IndexError for an axis that doesn't exist.
    """

def sort(a: _Array, /, axis: int | None = -1, *, stream: _Stream | None = None) -> array:
    """The elements along `axis` in order.

    >>> import cotan.core as mx
    >>> mx.sort(mx.array([3.0, mx.nan, 1.0]))
    array([1, 3, nan], dtype=float32)

    The order is ascending, stable, with NaN last; complex numbers are ordered by real, then imaginary part.
    When `axis` is None the array is flattened first. IndexError for an axis that doesn't exist.
    """

def argpartition(a: _Array, /, kth: int, axis: int | None = -1, *, stream: _Stream | None = None) -> array:
    """The positions, as uint32, that put the elements along `axis` in the order of `partition`.

    A negative `kth` counts from the end. When `axis` is None the array is flattened first. IndexError for an axis
    that doesn't exist, ValueError for a `kth` out of range.
    """

def partition(a: _Array, /, kth: int, axis: int | None = -1, *, stream: _Stream | None = None) -> array:
    """The elements along `axis`, with the one that sorting puts at `kth` there, no larger one before it and no smaller
    one after it.

    A negative `kth` counts from the end. When `axis` is None the array is flattened first. IndexError for an axis
    that doesn't exist, ValueError for a `kth` out of range.
    """

def topk(a: _Array, /, k: int, axis: int | None = -1, *, stream: _Stream | None = None) -> array:
    """The `k` largest elements along `axis`, in ascending order; NaN counts as largest.

    When `axis` is None the array is flattened first. IndexError for an axis that doesn't exist, ValueError when there are
    not `k` elements.
    """

def searchsorted(
    sorted_sequence: _Array,
    values: _Array,
    /,
    side: str = "left",
    *,
    stream: _Stream | None = None,
) -> array:
    """For each of `values` the position, as uint32, at which it would keep a sorted sequence in order.

    With `side="left"` that is before equal elements, with `"right"` after them. ValueError for another side, and when the
    sequence doesn't have one axis.

    >>> import cotan.core as mx
    >>> mx.searchsorted(mx.array([1, 3, 3, 5]), mx.array([3, 6]))
    array([1, 4], dtype=uint32)
    """

@overload
def unique(
    a: _Array,
    /,
    size: int,
    return_index: Literal[False] = False,
    return_inverse: Literal[False] = False,
    return_counts: Literal[False] = False,
    fill_value: _Operand | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """The distinct elements, ascending, in an array of exactly `size` places; NaNs stay separate.

    Places left over hold `fill_value`, by default the smallest element. Asked for more, it gives a tuple: the values,
    then where each first occurs in the flattened array (uint32), for each element of `a` the position of its value
    (uint32), and how often each value occurs (int32, 0 for places left over). ValueError when `size` is negative, or
    nothing can fill the places of an empty array.

    >>> import cotan.core as mx
    >>> mx.unique(mx.array([2, 1, 2]), 2, return_counts=True)
    (array([1, 2], dtype=int32), array([1, 2], dtype=int32))
    """
@overload
def unique(
    a: _Array,
    /,
    size: int,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    fill_value: _Operand | None = None,
    *,
    stream: _Stream | None = None,
) -> array | tuple[array, ...]: ...

def matmul(a: _Array, b: _Array, /, *, stream: _Stream | None = None) -> array:
    """The matrix product over the last axis of `a` and the second to last of `b`; the axes before those broadcast.

    An array with one axis is a row on the left, a column on the right, and that axis is not in the result. Types
    promote; integer products are exact but wrap. ValueError for arrays without axes and sizes that don't fit.

    >>> import cotan.core as mx
    >>> mx.matmul(mx.array([[1.0, 2.0], [3.0, 4.0]]), mx.array([1.0, -1.0]))
    array([-1, -1], dtype=float32)
    """

def addmm(
    c: _Array,
    a: _Array,
    b: _Array,
    /,
    alpha: float = 1.0,
    beta: float = 1.0,
    *,
    stream: _Stream | None = None,
) -> array:
    """`alpha * (a @ b) + beta * c`, where `c` broadcasts to the product. ValueError when shapes don't fit."""

def inner(a: _Array, b: _Array, /, *, stream: _Stream | None = None) -> array:
    """Sums of products over the last axes of both; the plain product when one has no axes.

    ValueError when the last axes differ in size.
    """

def outer(a: _Array, b: _Array, /, *, stream: _Stream | None = None) -> array:
    """The product of every element of `a` with every element of `b`, as a matrix.

    >>> import cotan.core as mx
    >>> mx.outer(mx.array([1, 2]), mx.array([3, 4]))
    array([[3, 4],
           [6, 8]], dtype=int32)
    """

def kron(a: _Array, b: _Array, *, stream: _Stream | None = None) -> array:
    """The Kronecker product: `a` with each element replaced by its product with `b`."""

def tensordot(a: _Array, b: _Array, /, axes: int | Sequence[_Axes] = 2, *, stream: _Stream | None = None) -> array:
    """Sums of products over axes of `a` and axes of `b`; the result has the other axes of `a`, then those of `b`.

    `axes` is how many: the last ones of `a` with the first ones of `b`; or a list of two lists, the axes of `a` and of
    `b` in pairs. IndexError for an axis that doesn't exist, ValueError when paired axes differ in size.
    """

def vecdot(a: _Array, b: _Array, /, *, axis: int = -1, stream: _Stream | None = None) -> array:
    """Sums of products along an axis of both, the elements of `a` conjugated; the other axes broadcast.

    IndexError for an axis that doesn't exist, ValueError when the axes differ in size.

    >>> import cotan.core as mx
    >>> mx.vecdot(mx.array([1, 2]), mx.array([3, 4]))
    array(11, dtype=int32)
    """

def __array_namespace_info__() -> _ArrayNamespaceInfo:
    """An object that tells of the module's devices, element types and capabilities, as the Python array API has it."""

def eval(*args: Any) -> None:
    """Computes all arrays in the arguments, which may be nested in lists, tuples and dicts; anything else is ignored.

    >>> import cotan.core as mx
    >>> x = mx.ones((2,)) + 1
    >>> mx.eval(x, {"more": [x * 2]})
    >>> x
    array([2, 2], dtype=float32)
    """

def async_eval(*args: Any) -> None:
    """Like `eval`, but a failure surfaces where the array is used next."""

def grad(
    fun: Callable[_P, array],
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
) -> Callable[_P, Any]:
    """A function that computes the gradient of `fun`, which returns a scalar array.

    `argnums` (an int or several) and `argnames` say with respect to which arguments, by default the first. Arguments
    may be nested lists, tuples and dicts of arrays, and so is the gradient.

    >>> import cotan.core as mx
    >>> mx.grad(mx.sin)(mx.array(0.0))
    array(1, dtype=float32)
    """

def value_and_grad(
    fun: Callable[_P, _R],
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
) -> Callable[_P, tuple[_R, Any]]:
    """A function that computes the value of `fun` and its gradient. `fun` returns a scalar array, or a tuple that begins
    with one; the rest of the tuple is passed through.

    >>> import cotan.core as mx
    >>> mx.value_and_grad(lambda x: x * x)(mx.array(3.0))
    (array(9, dtype=float32), array(6, dtype=float32))
    """

def vjp(
    fun: Callable[..., array | Sequence[array]],
    primals: Sequence[array],
    cotangents: Sequence[array],
) -> tuple[list[array], list[array]]:
    """Calls `fun` on a list of primals and pulls cotangents of its outputs back: `(outputs, cotangents of the primals)`.

    >>> import cotan.core as mx
    >>> mx.vjp(lambda x, y: x * y, [mx.array(2.0), mx.array(3.0)], [mx.array(1.0)])[1]
    [array(3, dtype=float32), array(2, dtype=float32)]
    """

def jvp(
    fun: Callable[..., array | Sequence[array]],
    primals: Sequence[array],
    tangents: Sequence[array],
) -> tuple[list[array], list[array]]:
    """Calls `fun` on a list of primals and pushes tangents through: `(outputs, tangents of the outputs)`.

    >>> import cotan.core as mx
    >>> mx.jvp(mx.sin, [mx.array(0.0)], [mx.array(2.0)])[1]
    [array(2, dtype=float32)]
    """

def vmap(fun: Callable[_P, _R], in_axes: _MapAxes = 0, out_axes: _MapAxes = 0) -> Callable[_P, _R]:
    """A function that applies `fun`, which sees one example, to all examples along an axis of each argument.

    `in_axes` is an int for all arguments or a tuple with an entry for each: an int, `None` for an argument that all
    examples share, or containers like the argument's. `out_axes` says where the mapped axis goes in the results.

    >>> import cotan.core as mx
    >>> mx.vmap(lambda x, y: x @ y, in_axes=(0, None))(mx.ones((3, 2)), mx.ones((2,)))
    array([2, 2, 2], dtype=float32)
    """

@final
class custom_function(Generic[_P, _R]):
    """A function whose derivative and vmap rules can be replaced, for use as a decorator.

    >>> import cotan.core as mx
    >>> @mx.custom_function
    ... def double(x):
    ...     return x * 2
    >>> @double.vjp
    ... def double_vjp(primals, cotangents, outputs):
    ...     return cotangents * 10
    >>> mx.grad(double)(mx.array(1.0))
    array(10, dtype=float32)
    """
    def __new__(cls, f: Callable[_P, _R]) -> Self: ...
    def vjp(self, f: Callable[..., Any]) -> custom_function[_P, _R]:
        """Registers `f(primals, cotangents, outputs)`, which returns cotangents like the primals."""
    def jvp(self, f: Callable[..., Any]) -> custom_function[_P, _R]:
        """Registers `f(primals, tangents)`, which returns tangents like the outputs."""
    def vmap(self, f: Callable[..., Any]) -> custom_function[_P, _R]:
        """Registers `f(inputs, axes)`, which returns the outputs and their axes."""
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...

def checkpoint(fun: Callable[_P, _R]) -> Callable[_P, _R]:
    """A function like `fun` whose intermediate values are not kept for the backward pass but computed again there.

    Arguments and results may be nested lists, tuples and dicts of arrays.
    """

def compile(
    fun: Callable[_P, _R],
    inputs: Any = None,
    outputs: Any = None,
    shapeless: bool = False,
) -> Callable[_P, _R]:
    """A function that is recorded once and replayed without running its Python code again.

    It is recorded anew for arguments of other shapes, types or constants. `inputs` and `outputs` name containers of
    arrays that the function reads and changes besides its arguments. Inside, arrays have no values: `item()` or
    `if x > 0` raise ValueError.

    >>> import cotan.core as mx
    >>> mx.compile(lambda x: x * 2 + 1)(mx.array(3.0))
    array(7, dtype=float32)
    """

def disable_compile() -> None:
    """Makes compiled functions run their Python code on every call, until `enable_compile`."""

def enable_compile() -> None:
    """Undoes `disable_compile`."""

def save(file: _File, arr: _Array) -> None:
    """Saves one array to an npy file.

    `file` is a path, which gets the extension `.npy` unless it has it, or an open binary file. RuntimeError when it
    can't be written.
    """

def savez(file: _File, *args: _Array, **kwargs: _Array) -> None:
    """Saves arrays to an npz file, which is a zip archive: keyword arguments under their names, others as `arr_0` and so on.

    `file` is a path, which gets the extension `.npz` unless it has it, or an open binary file. ValueError when two arrays
    have the same name, RuntimeError when the file can't be written.
    """

def savez_compressed(file: _File, *args: _Array, **kwargs: _Array) -> None:
    """Saves arrays as `savez` does, compressed."""

def save_safetensors(file: _File, arrays: dict[str, array], metadata: dict[str, str] | None = None) -> None:
    """Saves a dict of arrays, with an optional dict of strings as metadata, to a safetensors file.

    `file` is a path, which gets the extension `.safetensors` unless it has it, or an open binary file. RuntimeError for
    float64 arrays, which the format lacks, and when the file can't be written; ValueError for metadata of other types.

    >>> import cotan.core as mx
    >>> mx.save_safetensors("weights", {"w": mx.array([1.0, 2.0])}, {"epoch": "3"})
    >>> mx.load("weights.safetensors", return_metadata=True)
    ({'w': array([1, 2], dtype=float32)}, {'epoch': '3'})
    """

def save_gguf(
    file: str | PathLike[str],
    arrays: dict[str, array],
    metadata: Mapping[str, str | list[str] | array] | None = None,
) -> None:
    """Saves a dict of arrays and a dict of metadata (strings, lists of strings, arrays of at most one axis) to a gguf file.

    `file` is a path, which gets the extension `.gguf` unless it has it. The arrays are float16, float32, int8, int16 or
    int32: RuntimeError for others, for other metadata, and when the file can't be written.
    """

@overload
def load(
    file: _File,
    /,
    format: str | None = None,
    return_metadata: Literal[False] = False,
    *,
    stream: _Stream | None = None,
) -> array | dict[str, array]:
    """Loads arrays from a file: one from npy, a dict of them from npz, safetensors and gguf.

    `file` is a path or an open binary file (not for gguf); `format` is the name of one of the formats, by default the
    last extension of the file's name. With `return_metadata` the result is a tuple of the dict and the metadata, which
    safetensors and gguf files have. The elements are read when they are needed.

    ValueError for an unknown format, RuntimeError for a file that is missing or damaged.

    >>> import cotan.core as mx
    >>> mx.save("x.npy", mx.array([1, 2, 3]))
    >>> mx.load("x.npy")
    array([1, 2, 3], dtype=int32)
    """
@overload
def load(
    file: _File,
    /,
    format: str | None = None,
    *,
    return_metadata: Literal[True],
    stream: _Stream | None = None,
) -> tuple[dict[str, array], dict[str, Any]]: ...
@overload
def load(
    file: _File,
    /,
    format: str | None,
    return_metadata: Literal[True],
    *,
    stream: _Stream | None = None,
) -> tuple[dict[str, array], dict[str, Any]]: ...
