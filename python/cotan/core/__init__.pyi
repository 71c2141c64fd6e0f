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
from . import linalg as linalg
from . import fft as fft
from . import fast as fast
from . import distributed as distributed
from . import metal as metal
from . import cuda as cuda

__all__ = [
    "ArrayAt",
    "ArrayIterator",
    "ArrayLike",
    "Device",
    "DeviceType",
    "Drawing",
    "Dtype",
    "DtypeCategory",
    "FunctionExporter",
    "NanCheck",
    "PrintOptions",
    "Profile",
    "Stream",
    "StreamContext",
    "ThreadLocalStream",
    "__array_namespace_info__",
    "__version__",
    "_name_dtypes_as_in_mlx",
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
    "axis_index",
    "bartlett",
    "bfloat16",
    "bincount",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "blackman",
    "block_masked_mm",
    "bool_",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "can_cast",
    "ceil",
    "check_grads",
    "checkpoint",
    "clear_cache",
    "clear_streams",
    "clip",
    "compile",
    "complex64",
    "complexfloating",
    "concat",
    "concatenate",
    "cond",
    "conj",
    "conjugate",
    "contiguous",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_general",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "convolve",
    "cos",
    "cosh",
    "count_nonzero",
    "cpu",
    "cuda",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "custom_function",
    "debug_nans",
    "default_device",
    "default_stream",
    "degrees",
    "depends",
    "dequantize",
    "device_count",
    "device_info",
    "diag",
    "diagonal",
    "diff",
    "disable_compile",
    "distributed",
    "divide",
    "divmod",
    "draw",
    "draw_graph",
    "drawing_function",
    "e",
    "einsum",
    "einsum_path",
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
    "export_function",
    "export_to_dot",
    "exporter",
    "eye",
    "fast",
    "fft",
    "finfo",
    "flatten",
    "flip",
    "float16",
    "float32",
    "float64",
    "floating",
    "floor",
    "floor_divide",
    "fori_loop",
    "from_dlpack",
    "from_fp8",
    "full",
    "full_like",
    "gather_mm",
    "gather_qmm",
    "gather_qqmm",
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
    "hadamard_transform",
    "hamming",
    "hanning",
    "hessian",
    "histogram",
    "hvp",
    "identity",
    "iinfo",
    "imag",
    "import_function",
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
    "jacfwd",
    "jacrev",
    "jvp",
    "kron",
    "left_shift",
    "less",
    "less_equal",
    "linalg",
    "linearize",
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
    "matrix_norm",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "median",
    "meshgrid",
    "metal",
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
    "pmax",
    "pmean",
    "pmin",
    "positive",
    "pow",
    "power",
    "printoptions",
    "prod",
    "profile",
    "psum",
    "put_along_axis",
    "qqmm",
    "quantile",
    "quantize",
    "quantized_matmul",
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
    "rot90",
    "round",
    "rsqrt",
    "save",
    "save_gguf",
    "save_safetensors",
    "savez",
    "savez_compressed",
    "scan",
    "searchsorted",
    "segmented_mm",
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
    "switch",
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
    "while_loop",
    "zeros",
    "zeros_like",
]

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
    def dtypes(
        self,
        device: _Device | None = None,
        kind: str | Dtype | tuple[str | Dtype, ...] | None = None,
    ) -> dict[str, Any]:
        """The standard's element types by name, or those of a kind, as `isdtype` understands it."""

__version__: str
@final
class Dtype:
    """The type of an array's elements, such as `float32`.

    >>> import cotan.core as mx
    >>> mx.float32, mx.float32 == mx.array(1.0).dtype
    (cotan.core.float32, True)
    """
    @property
    def size(self) -> int:
        """Bytes per element.

        >>> mx.bfloat16.size
        2
        """
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class DtypeCategory:
    """Sets of element types, as `issubdtype` understands them.

    >>> import cotan.core as mx
    >>> mx.issubdtype(mx.int8, mx.integer)
    True
    """
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
    def value(self) -> int:
        """The number of the category.

        >>> mx.floating.value
        1
        """
    @property
    def name(self) -> str:
        """The name of the category.

        >>> mx.floating.name
        'floating'
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class finfo:
    """Limits of a floating type.

    >>> import cotan.core as mx
    >>> mx.finfo(mx.float16)
    finfo(min=-65504, max=65504, dtype=float16)
    """
    def __new__(cls, arg: Dtype) -> Self: ...
    @property
    def bits(self) -> int:
        """Bits per element.

        >>> mx.finfo(mx.float16).bits
        16
        """
    @property
    def max(self) -> float:
        """The largest finite number.

        >>> mx.finfo(mx.float16).max
        65504.0
        """
    @property
    def min(self) -> float:
        """The smallest finite number.

        >>> mx.finfo(mx.float16).min
        -65504.0
        """
    @property
    def eps(self) -> float:
        """The distance from 1 to the next larger number.

        >>> mx.finfo(mx.float16).eps
        0.0009765625
        """
    @property
    def smallest_normal(self) -> float:
        """The smallest positive number of full precision.

        >>> mx.finfo(mx.float16).smallest_normal
        6.103515625e-05
        """
    @property
    def dtype(self) -> Dtype:
        """The floating type; that of the parts of a complex one.

        >>> mx.finfo(mx.complex64).dtype
        cotan.core.float32
        """
    def __repr__(self) -> str: ...

@final
class iinfo:
    """Limits of an integer type.

    >>> import cotan.core as mx
    >>> mx.iinfo(mx.int8)
    iinfo(min=-128, max=127, dtype=int8)
    """
    def __new__(cls, arg: Dtype) -> Self: ...
    @property
    def max(self) -> int:
        """The largest number.

        >>> mx.iinfo(mx.int8).max
        127
        """
    @property
    def min(self) -> int:
        """The smallest number.

        >>> mx.iinfo(mx.int8).min
        -128
        """
    @property
    def dtype(self) -> Dtype:
        """The integer type.

        >>> mx.iinfo(mx.int8).dtype
        cotan.core.int8
        """
    def __repr__(self) -> str: ...

def _name_dtypes_as_in_mlx(yes: bool, /) -> None:
    """What `cotan.mlx` calls: whether element types print as MLX's."""

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
    """True when a type is of a kind of the Python array API standard, or of one of several.

    >>> import cotan.core as mx
    >>> mx.isdtype(mx.uint8, "integral"), mx.isdtype(mx.uint8, ("bool", mx.int8))
    (True, False)
    """

def result_type(*arrays_and_dtypes: array | Dtype) -> Dtype:
    """The type that arrays and types promote to.

    >>> import cotan.core as mx
    >>> mx.result_type(mx.int8, mx.uint8), mx.result_type(mx.array(1), mx.float16)
    (cotan.core.int16, cotan.core.float16)
    """

def can_cast(from_: array | Dtype, to: Dtype) -> bool:
    """True when combining `from_` with the type `to` gives `to`.

    >>> import cotan.core as mx
    >>> mx.can_cast(mx.int8, mx.float32), mx.can_cast(mx.float32, mx.int8)
    (True, False)
    """

@final
class PrintOptions:
    """Options of printing; `precision` is the number of decimals, -1 for six significant digits.

    >>> import cotan.core as mx
    >>> mx.PrintOptions(precision=3)
    PrintOptions(precision=3)
    """
    @property
    def precision(self) -> int:
        """The number of decimals, -1 for six significant digits.

        >>> mx.PrintOptions(precision=3).precision
        3
        """
    @precision.setter
    def precision(self, value: int) -> None: ...
    def __new__(cls, precision: int = -1) -> Self: ...
    def __repr__(self) -> str: ...

def get_printoptions() -> PrintOptions:
    """The options in force.

    >>> import cotan.core as mx
    >>> mx.get_printoptions()
    PrintOptions(precision=-1)
    """

def set_printoptions(precision: int = -1) -> None:
    """Prints floats and complex numbers with `precision` decimals from now on; a negative number restores the default.

    >>> import cotan.core as mx
    >>> mx.set_printoptions(precision=2)
    >>> mx.array(2 / 3)
    array(0.67, dtype=float32)
    >>> mx.set_printoptions()
    """

def printoptions(precision: int = -1) -> _PrintOptionsContext:
    """A `with` block in which floats print with `precision` decimals.

    >>> import cotan.core as mx
    >>> with mx.printoptions(precision=2):
    ...     print(mx.array(2 / 3))
    array(0.67, dtype=float32)
    """

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
    def __init__(self, val: _Nested, dtype: Dtype | None = None) -> None: ...
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
    def astype(self, dtype: Dtype, stream: _Stream | None = None) -> array:
        """The elements converted to another type.

        >>> mx.array([1.7, -1.7]).astype(mx.int32)
        array([1, -1], dtype=int32)
        """
    def view(self, dtype: Dtype, *, stream: _Stream | None = None) -> array:
        """The bytes of the elements read as another type.

        >>> mx.array([1.0]).view(mx.uint32)
        array([1065353216], dtype=uint32)
        """
    def reshape(self, *shape: _Axes, stream: _Stream | None = None) -> array:
        """The same elements under another shape; one size may be -1.

        >>> mx.arange(6).reshape(2, -1)
        array([[0, 1, 2],
               [3, 4, 5]], dtype=int32)
        """
    def transpose(self, *axes: _Axes | None, stream: _Stream | None = None) -> array:
        """The array with its axes in the given order, by default reversed.

        >>> mx.zeros((2, 3, 4)).transpose(2, 0, 1).shape
        (4, 2, 3)
        """
    def flatten(self, start_axis: int = 0, end_axis: int = -1, *, stream: _Stream | None = None) -> array:
        """Axes `start_axis` to `end_axis` joined into one.

        >>> mx.zeros((2, 3, 4)).flatten(1).shape
        (2, 12)
        """
    def squeeze(self, axis: _Axes | None = None, *, stream: _Stream | None = None) -> array:
        """Without the axes of size one, or without those that are named.

        >>> mx.zeros((1, 2, 1)).squeeze(0).shape
        (2, 1)
        """
    def moveaxis(self, source: int, destination: int, *, stream: _Stream | None = None) -> array:
        """One axis moved to another place.

        >>> mx.zeros((2, 3, 4)).moveaxis(0, 2).shape
        (3, 4, 2)
        """
    def swapaxes(self, axis1: int, axis2: int, *, stream: _Stream | None = None) -> array:
        """Two axes exchanged.

        >>> mx.zeros((2, 3, 4)).swapaxes(0, 2).shape
        (4, 3, 2)
        """
    def round(self, decimals: int = 0, *, stream: _Stream | None = None) -> array:
        """Rounded to `decimals` places, ties to even.

        >>> mx.array([0.125, 2.5]).round(1)
        array([0.1, 2.5], dtype=float32)
        """
    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1, stream: _Stream | None = None) -> array:
        """The diagonal of two axes, as a last axis.

        >>> mx.array([[1, 2], [3, 4]]).diagonal()
        array([1, 4], dtype=int32)
        """
    def diag(self, k: int = 0, *, stream: _Stream | None = None) -> array:
        """The diagonal of a matrix, or the matrix with this diagonal.

        >>> mx.array([1, 2]).diag()
        array([[1, 0],
               [0, 2]], dtype=int32)
        """
    def abs(self, *, stream: _Stream | None = None) -> array:
        """The magnitude.

        >>> mx.array([-1, 2]).abs()
        array([1, 2], dtype=int32)
        """
    def square(self, *, stream: _Stream | None = None) -> array:
        """`x * x`.

        >>> mx.array([-1, 2]).square()
        array([1, 4], dtype=int32)
        """
    def sqrt(self, *, stream: _Stream | None = None) -> array:
        """The square root.

        >>> mx.array([4.0, 9.0]).sqrt()
        array([2, 3], dtype=float32)
        """
    def rsqrt(self, *, stream: _Stream | None = None) -> array:
        """One over the square root.

        >>> mx.array([4.0, 16.0]).rsqrt()
        array([0.5, 0.25], dtype=float32)
        """
    def reciprocal(self, *, stream: _Stream | None = None) -> array:
        """`1 / x`.

        >>> mx.array([2.0, 4.0]).reciprocal()
        array([0.5, 0.25], dtype=float32)
        """
    def exp(self, *, stream: _Stream | None = None) -> array:
        """e to the power of x.

        >>> mx.array([0.0, 1.0]).exp()
        array([1, 2.71828], dtype=float32)
        """
    def log(self, *, stream: _Stream | None = None) -> array:
        """The natural logarithm.

        >>> mx.array([1.0, mx.e]).log()
        array([0, 1], dtype=float32)
        """
    def log2(self, *, stream: _Stream | None = None) -> array:
        """The logarithm to base 2.

        >>> mx.array([1.0, 8.0]).log2()
        array([0, 3], dtype=float32)
        """
    def log10(self, *, stream: _Stream | None = None) -> array:
        """The logarithm to base 10.

        >>> mx.array([1.0, 100.0]).log10()
        array([0, 2], dtype=float32)
        """
    def log1p(self, *, stream: _Stream | None = None) -> array:
        """`log(1 + x)`, accurate near zero.

        >>> mx.array([0.0, 1e-7]).log1p()
        array([0, 1e-07], dtype=float32)
        """
    def sin(self, *, stream: _Stream | None = None) -> array:
        """The sine.

        >>> mx.array([0.0, mx.pi / 2]).sin()
        array([0, 1], dtype=float32)
        """
    def cos(self, *, stream: _Stream | None = None) -> array:
        """The cosine.

        >>> mx.array([0.0, mx.pi]).cos()
        array([1, -1], dtype=float32)
        """
    def conj(self, *, stream: _Stream | None = None) -> array:
        """The complex conjugate.

        >>> mx.array([1 + 2j]).conj()
        array([1-2j], dtype=complex64)
        """
    def sum(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The sum over some or all axes.

        >>> mx.array([[1, 2], [3, 4]]).sum(axis=0)
        array([4, 6], dtype=int32)
        """
    def prod(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The product over some or all axes.

        >>> mx.array([[1, 2], [3, 4]]).prod(axis=1)
        array([2, 12], dtype=int32)
        """
    def min(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The smallest element over some or all axes.

        >>> mx.array([[1, 2], [3, 4]]).min(axis=1)
        array([1, 3], dtype=int32)
        """
    def max(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The largest element over some or all axes.

        >>> mx.array([[1, 2], [3, 4]]).max()
        array(4, dtype=int32)
        """
    def all(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """Whether all elements are true.

        >>> mx.array([[1, 0], [2, 3]]).all(axis=1)
        array([False, True], dtype=bool)
        """
    def any(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """Whether any element is true.

        >>> mx.array([0, 0, 1]).any()
        array(True, dtype=bool)
        """
    def mean(self, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The mean over some or all axes.

        >>> mx.array([[1, 2], [3, 4]]).mean(axis=1)
        array([1.5, 3.5], dtype=float32)
        """
    def logsumexp(
        self,
        axis: _Axes | None = None,
        keepdims: bool = False,
        *,
        stream: _Stream | None = None,
    ) -> array:
        """`log(sum(exp(x)))` without overflow.

        >>> mx.array([1000.0, 1000.0]).logsumexp()
        array(1000.69, dtype=float32)
        """
    def cumsum(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """Sums of the elements so far.

        >>> mx.array([1, 2, 3]).cumsum()
        array([1, 3, 6], dtype=int32)
        """
    def cumprod(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """Products of the elements so far.

        >>> mx.array([1, 2, 3]).cumprod(reverse=True)
        array([6, 6, 3], dtype=int32)
        """
    def cummax(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """The largest element so far.

        >>> mx.array([1, 3, 2]).cummax()
        array([1, 3, 3], dtype=int32)
        """
    def cummin(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """The smallest element so far.

        >>> mx.array([2, 3, 1]).cummin()
        array([2, 2, 1], dtype=int32)
        """
    def logcumsumexp(
        self,
        axis: int | None = None,
        *,
        reverse: bool = False,
        inclusive: bool = True,
        stream: _Stream | None = None,
    ) -> array:
        """`logsumexp` of the elements so far.

        >>> mx.array([0.0, 0.0]).logcumsumexp()
        array([0, 0.693147], dtype=float32)
        """
    def argmax(self, axis: int | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The position of the largest element.

        >>> mx.array([1, 3, 2]).argmax()
        array(1, dtype=uint32)
        """
    def argmin(self, axis: int | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
        """The position of the smallest element.

        >>> mx.array([2, 3, 1]).argmin()
        array(2, dtype=uint32)
        """
    def var(
        self,
        axis: _Axes | None = None,
        keepdims: bool = False,
        ddof: int = 0,
        *,
        correction: int | None = None,
        stream: _Stream | None = None,
    ) -> array:
        """The variance; the divisor is the number of elements less `ddof` (also called `correction`).

        >>> mx.array([1.0, 3.0]).var(), mx.array([1.0, 3.0]).var(ddof=1)
        (array(1, dtype=float32), array(2, dtype=float32))
        """
    def std(
        self,
        axis: _Axes | None = None,
        keepdims: bool = False,
        ddof: int = 0,
        *,
        correction: int | None = None,
        stream: _Stream | None = None,
    ) -> array:
        """The standard deviation; the divisor is the number of elements less `ddof` (also called `correction`).

        >>> mx.array([1.0, 3.0]).std()
        array(1, dtype=float32)
        """
    def split(
        self,
        indices_or_sections: int | Sequence[int],
        axis: int = 0,
        *,
        stream: _Stream | None = None,
    ) -> list[array]:
        """Parts along an axis: that many equal ones, or cut at the given places.

        >>> mx.arange(4).split([1])
        [array([0], dtype=int32), array([1, 2, 3], dtype=int32)]
        """
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __getstate__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: tuple[Sequence[int], str, bytes] | tuple[NDArray[Any], int], /) -> None: ...
    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes.

        >>> mx.zeros((2, 3)).shape
        (2, 3)
        """
    @property
    def ndim(self) -> int:
        """Number of axes.

        >>> mx.zeros((2, 3)).ndim
        2
        """
    @property
    def size(self) -> int:
        """Number of elements.

        >>> mx.zeros((2, 3)).size
        6
        """
    @property
    def itemsize(self) -> int:
        """Bytes per element.

        >>> mx.zeros((2, 3)).itemsize
        4
        """
    @property
    def nbytes(self) -> int:
        """Bytes of all elements.

        >>> mx.zeros((2, 3), mx.float16).nbytes
        12
        """
    @property
    def dtype(self) -> Dtype:
        """Type of the elements.

        >>> mx.array([1, 2]).dtype
        cotan.core.int32
        """
    @property
    def real(self) -> array:
        """The real part.

        >>> mx.array([1 + 2j]).real
        array([1], dtype=float32)
        """
    @property
    def imag(self) -> array:
        """The imaginary part; zeros for a real array.

        >>> mx.array([1 + 2j]).imag
        array([2], dtype=float32)
        """
    @property
    def T(self) -> array:
        """The array with its axes in reverse order.

        >>> mx.zeros((2, 3, 4)).T.shape
        (4, 3, 2)
        """
    @property
    def mT(self) -> array:
        """The array with its last two axes exchanged.

        >>> mx.zeros((2, 3, 4)).mT.shape
        (2, 4, 3)
        """
    @property
    def at(self) -> ArrayAt:
        """Indexed updates that return a new array: `x.at[index].add(value)`.

        >>> mx.array([1, 2, 3]).at[0].add(10)
        array([11, 2, 3], dtype=int32)
        """
    def item(self) -> Any:
        """The value of an array with one element.

        >>> mx.array([2.5]).item()
        2.5
        """
    def tolist(self) -> Any:
        """The elements as nested lists; without axes, the element itself.

        >>> mx.array([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
        """

@final
class ArrayIterator:
    """Walks over the first axis of the value that an array had when the walk began.

    >>> import cotan.core as mx
    >>> [row.item() for row in mx.array([1, 2])]
    [1, 2]
    """
    def __iter__(self) -> Self: ...
    def __next__(self) -> array: ...

def _unpickle(shape: Sequence[int], dtype: str, bytes: bytes) -> array:
    """What a pickle of an array calls."""

@final
class ArrayLike:
    """The name for whatever `array` accepts, in type annotations.

    >>> import cotan.core as mx
    >>> mx.array(mx.ArrayLike([1, 2]))
    array([1, 2], dtype=int32)
    """
    def __new__(cls, arg: _Nested) -> Self: ...
    def __mlx_array__(self) -> array: ...

def asarray(a: _Nested, dtype: Dtype | None = None, *, copy: bool | None = None) -> array:
    """An array of `a`, which may be anything `array` accepts. Memory of other libraries is never shared: `copy=False`
    raises ValueError where a copy would be needed.

    >>> import cotan.core as mx
    >>> x = mx.array([1, 2])
    >>> mx.asarray(x, copy=False)
    array([1, 2], dtype=int32)
    """

def from_dlpack(x: _SupportsDLPack, /, *, copy: bool | None = None) -> array:
    """A copy of an array that another library offers through DLPack.

    >>> import cotan.core as mx
    >>> import numpy as np
    >>> mx.from_dlpack(np.array([1, 2], dtype=np.int32))
    array([1, 2], dtype=int32)
    """

@final
class ArrayAt:
    """An array, and the places of it that an update will change.

    >>> import cotan.core as mx
    >>> mx.zeros((3,)).at[mx.array([0, 0, 2])].add(1)
    array([2, 0, 1], dtype=float32)
    """
    def __getitem__(self, indices: _Index, /) -> ArrayAt: ...
    def add(self, value: _Operand) -> array:
        """The array with `value` added at the places, once for each time that a place is named.

        >>> mx.array([1, 2, 3]).at[mx.array([0, 0])].add(10)
        array([21, 2, 3], dtype=int32)
        """
    def subtract(self, value: _Operand) -> array:
        """The array with `value` subtracted at the places.

        >>> mx.array([1, 2, 3]).at[1:].subtract(1)
        array([1, 1, 2], dtype=int32)
        """
    def multiply(self, value: _Operand) -> array:
        """The array with the places multiplied by `value`.

        >>> mx.array([1, 2, 3]).at[1:].multiply(2)
        array([1, 4, 6], dtype=int32)
        """
    def divide(self, value: _Operand) -> array:
        """The array with the places divided by `value`.

        >>> mx.array([1.0, 2.0, 3.0]).at[1].divide(2)
        array([1, 1, 3], dtype=float32)
        """
    def maximum(self, value: _Operand) -> array:
        """The array with the places raised to at least `value`.

        >>> mx.array([1, 2, 3]).at[:].maximum(2)
        array([2, 2, 3], dtype=int32)
        """
    def minimum(self, value: _Operand) -> array:
        """The array with the places lowered to at most `value`.

        >>> mx.array([1, 2, 3]).at[:].minimum(2)
        array([1, 2, 2], dtype=int32)
        """

@final
class DeviceType:
    """The sorts of device. Only `cpu` is available.

    >>> import cotan.core as mx
    >>> mx.cpu == mx.DeviceType.cpu
    True
    """
    cpu: ClassVar[DeviceType]
    gpu: ClassVar[DeviceType]
    def __int__(self) -> int: ...
    @property
    def name(self) -> str:
        """The name of the sort.

        >>> mx.cpu.name
        'cpu'
        """
    @property
    def value(self) -> int:
        """The number of the sort.

        >>> mx.cpu.value
        0
        """
    def __eq__(self, other: object, /) -> bool: ...
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
        """The sort of device.

        >>> mx.default_device().type == mx.cpu
        True
        """
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Stream:
    """A sequence of operations on a device. Operations of different streams may overlap.

    >>> import cotan.core as mx
    >>> mx.new_stream(mx.cpu) == mx.new_stream(mx.cpu)
    False
    """
    @property
    def device(self) -> Device:
        """The device that it belongs to.

        >>> mx.new_stream(mx.cpu).device
        Device(cpu, 0)
        """
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class ThreadLocalStream:
    """A handle that stands for a stream of its own in every thread.

    >>> import cotan.core as mx
    >>> handle = mx.new_thread_local_stream(mx.cpu)
    >>> mx.add(1, 2, stream=handle)
    array(3, dtype=int32)
    """
    @property
    def device(self) -> Device:
        """The device that it belongs to.

        >>> mx.new_thread_local_stream(mx.cpu).device
        Device(cpu, 0)
        """
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class StreamContext:
    """A `with` block in which a stream is the default one.

    >>> import cotan.core as mx
    >>> with mx.StreamContext(mx.cpu):
    ...     x = mx.ones((2,)) + 1
    """
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
    """The device that operations use when nothing else is said.

    >>> import cotan.core as mx
    >>> mx.default_device()
    Device(cpu, 0)
    """

def set_default_device(device: _Device) -> None:
    """Makes `device` the default. ValueError when it is not available.

    >>> import cotan.core as mx
    >>> mx.set_default_device(mx.cpu)
    """

def default_stream(device: _Device) -> Stream:
    """This thread's default stream on `device`. ValueError when the device is not available.

    >>> import cotan.core as mx
    >>> mx.default_stream(mx.cpu) == mx.default_stream(mx.cpu)
    True
    """

def set_default_stream(stream: Stream) -> None:
    """Makes `stream` this thread's default on its device.

    >>> import cotan.core as mx
    >>> mx.set_default_stream(mx.new_stream(mx.cpu))
    """

def new_stream(device: _Device) -> Stream:
    """A new stream on `device`. ValueError when the device is not available.

    >>> import cotan.core as mx
    >>> s = mx.new_stream(mx.cpu)
    >>> mx.add(1, 2, stream=s)
    array(3, dtype=int32)
    """

def new_thread_unsafe_stream(device: _Device) -> Stream:
    """A new stream on `device` for use by any thread. ValueError when the device is not available.

    >>> import cotan.core as mx
    >>> s = mx.new_thread_unsafe_stream(mx.cpu)
    >>> mx.add(1, 2, stream=s)
    array(3, dtype=int32)
    """

def new_thread_local_stream(device: _Device) -> ThreadLocalStream:
    """A handle that stands for a new stream on `device` in every thread. ValueError when the device is not available.

    >>> import cotan.core as mx
    >>> s = mx.new_thread_local_stream(mx.cpu)
    >>> mx.add(1, 2, stream=s)
    array(3, dtype=int32)
    """

def clear_streams() -> None:
    """Forgets this thread's streams: the default and those behind thread-local handles are new ones from now on.

    >>> import cotan.core as mx
    >>> before = mx.default_stream(mx.cpu)
    >>> mx.clear_streams()
    >>> mx.default_stream(mx.cpu) == before
    False
    """

def synchronize(stream: _Stream | None = None) -> None:
    """Waits for the work of a stream. Evaluation returns when its work is done, so there is never any left.

    >>> import cotan.core as mx
    >>> mx.synchronize()
    """

def device_count(device_type: DeviceType) -> int:
    """How many devices of a sort there are.

    >>> import cotan.core as mx
    >>> mx.device_count(mx.cpu), mx.device_count(mx.gpu)
    (1, 0)
    """

def is_available(device: _Device) -> bool:
    """True when `device` can be used.

    >>> import cotan.core as mx
    >>> mx.is_available(mx.cpu), mx.is_available(mx.gpu)
    (True, False)
    """

def device_info(d: _Device | None = None) -> dict[str, str]:
    """What is known about a device (the default one if none is given): `architecture` and `device_name`.

    A device that is not available has no entries.

    >>> import cotan.core as mx
    >>> sorted(mx.device_info())
    ['architecture', 'device_name']
    """

def get_active_memory() -> int:
    """Bytes of the arrays that are in use.

    >>> import cotan.core as mx
    >>> x = mx.zeros((1024,))
    >>> mx.eval(x)
    >>> mx.get_active_memory() >= x.nbytes
    True
    """

def get_peak_memory() -> int:
    """The most bytes that were in use at once since the start or the last `reset_peak_memory()`.

    >>> import cotan.core as mx
    >>> mx.get_peak_memory() >= mx.get_active_memory()
    True
    """

def reset_peak_memory() -> None:
    """Starts `get_peak_memory()` anew from what is in use now.

    >>> import cotan.core as mx
    >>> former = mx.get_peak_memory()
    >>> mx.reset_peak_memory()
    >>> mx.get_peak_memory() <= former
    True
    """

def get_cache_memory() -> int:
    """Bytes that are kept for new arrays.

    >>> import cotan.core as mx
    >>> mx.get_cache_memory() >= 0
    True
    """

def clear_cache() -> None:
    """Gives the memory that is kept for new arrays back to the system.

    >>> import cotan.core as mx
    >>> mx.clear_cache()
    >>> mx.get_cache_memory()
    0
    """

def get_memory_limit() -> int:
    """The bytes in use and in the cache from which on the cache is given up before more is taken from the system.

    >>> import cotan.core as mx
    >>> mx.get_memory_limit() > 0
    True
    """

def set_memory_limit(limit: int) -> int:
    """Changes the memory limit, in bytes, and returns the former one. Arrays that are in use may exceed it.

    >>> import cotan.core as mx
    >>> former = mx.set_memory_limit(1 << 30)
    >>> mx.set_memory_limit(former)
    1073741824
    """

def set_cache_limit(limit: int) -> int:
    """Changes how many bytes may be kept for new arrays, and returns the former limit. 0 keeps nothing.

    >>> import cotan.core as mx
    >>> former = mx.set_cache_limit(0)
    >>> mx.set_cache_limit(former)
    0
    """

def set_wired_limit(limit: int) -> int:
    """Returns 0: only memory of GPUs is wired, so on the CPU the limit stays 0 whatever is asked for.

    >>> import cotan.core as mx
    >>> mx.set_wired_limit(1 << 20)
    0
    """

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
    """The angle in radians with this cosine. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.arccos(mx.array([1.0, 0.0]))
    array([0, 1.5708], dtype=float32)
    """

def arccosh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The inverse hyperbolic cosine. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.arccosh(mx.array([1.0, 2.0]))
    array([0, 1.31696], dtype=float32)
    """

def arcsin(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The angle in radians with this sine. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.arcsin(mx.array([0.0, 1.0]))
    array([0, 1.5708], dtype=float32)
    """

def arcsinh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The inverse hyperbolic sine. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.arcsinh(mx.array([0.0, 1.0]))
    array([0, 0.881374], dtype=float32)
    """

def arctan(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The angle in radians with this tangent. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.arctan(mx.array([0.0, 1.0]))
    array([0, 0.785398], dtype=float32)
    """

def arctanh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The inverse hyperbolic tangent. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.arctanh(mx.array([0.0, 0.5]))
    array([0, 0.549306], dtype=float32)
    """

def ceil(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The smallest integer not below each element, in the element's type. ValueError for complex numbers.

    >>> import cotan.core as mx
    >>> mx.ceil(mx.array([1.2, -1.2]))
    array([2, -1], dtype=float32)
    """

def cos(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The cosine of an angle in radians. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.cos(mx.array([0.0, mx.pi]))
    array([1, -1], dtype=float32)
    """

def cosh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The hyperbolic cosine. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.cosh(mx.array([0.0, 1.0]))
    array([1, 1.54308], dtype=float32)
    """

def degrees(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """Radians as degrees. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.degrees(mx.array([0.0, mx.pi]))
    array([0, 180], dtype=float32)
    """

def erf(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The error function. Integers give float32; ValueError for complex numbers.

    >>> import cotan.core as mx
    >>> mx.erf(mx.array([0.0, 1.0]))
    array([0, 0.842701], dtype=float32)
    """

def erfinv(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The inverse of the error function: infinite at -1 and 1, NaN outside. ValueError for complex numbers.

    >>> import cotan.core as mx
    >>> mx.erfinv(mx.array([0.0, 0.5, 1.0]))
    array([0, 0.476936, inf], dtype=float32)
    """

def exp(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """e to the power of each element. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.exp(mx.array([0.0, 1.0]))
    array([1, 2.71828], dtype=float32)
    """

def expm1(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`exp(a) - 1`, accurate near zero. Integers give float32; ValueError for complex numbers.

    >>> import cotan.core as mx
    >>> mx.expm1(mx.array([0.0, 1e-7]))
    array([0, 1e-07], dtype=float32)
    """

def floor(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The largest integer not above each element, in the element's type. ValueError for complex numbers.

    >>> import cotan.core as mx
    >>> mx.floor(mx.array([1.2, -1.2]))
    array([1, -2], dtype=float32)
    """

def imag(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The imaginary part of each element; zeros for real arrays.

    >>> import cotan.core as mx
    >>> mx.imag(mx.array([1 + 2j]))
    array([2], dtype=float32)
    """

def log(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The natural logarithm. Integers give float32; 0 gives -inf and negative numbers NaN.

    >>> import cotan.core as mx
    >>> mx.log(mx.array([1.0, mx.e, 0.0]))
    array([0, 1, -inf], dtype=float32)
    """

def log10(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The logarithm to base 10. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.log10(mx.array([1.0, 100.0]))
    array([0, 2], dtype=float32)
    """

def log1p(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`log(1 + a)`, accurate near zero. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.log1p(mx.array([0.0, 1e-7]))
    array([0, 1e-07], dtype=float32)
    """

def log2(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The logarithm to base 2. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.log2(mx.array([1.0, 8.0]))
    array([0, 3], dtype=float32)
    """

def logical_not(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """True where an element is zero or false.

    >>> import cotan.core as mx
    >>> mx.logical_not(mx.array([0, 2]))
    array([True, False], dtype=bool)
    """

def negative(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`-a`. Unsigned integers wrap; ValueError for bools.

    >>> import cotan.core as mx
    >>> mx.negative(mx.array([1, -2]))
    array([-1, 2], dtype=int32)
    """

def radians(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """Degrees as radians. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.radians(mx.array([0.0, 180.0]))
    array([0, 3.14159], dtype=float32)
    """

def real(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The real part of each element.

    >>> import cotan.core as mx
    >>> mx.real(mx.array([1 + 2j]))
    array([1], dtype=float32)
    """

def reciprocal(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`1 / a`. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.reciprocal(mx.array([2, 4]))
    array([0.5, 0.25], dtype=float32)
    """

def rsqrt(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """One over the square root. Integers give float32; 0 gives inf.

    >>> import cotan.core as mx
    >>> mx.rsqrt(mx.array([4.0, 0.0]))
    array([0.5, inf], dtype=float32)
    """

def sigmoid(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The logistic function `1 / (1 + exp(-a))`. Integers give float32; ValueError for complex numbers.

    >>> import cotan.core as mx
    >>> mx.sigmoid(mx.array([0.0, 2.0]))
    array([0.5, 0.880797], dtype=float32)
    """

def sign(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """-1, 0 or 1 by the sign of each element; 0 for NaN, and `z / |z|` for complex numbers.

    >>> import cotan.core as mx
    >>> mx.sign(mx.array([-2.0, 0.0, 3.0]))
    array([-1, 0, 1], dtype=float32)
    """

def sin(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The sine of an angle in radians. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.sin(mx.array([0.0, mx.pi / 2]))
    array([0, 1], dtype=float32)
    """

def sinh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The hyperbolic sine. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.sinh(mx.array([0.0, 1.0]))
    array([0, 1.1752], dtype=float32)
    """

def sqrt(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The square root. Integers give float32; negative real numbers give NaN.

    >>> import cotan.core as mx
    >>> mx.sqrt(mx.array([4.0, -1.0]))
    array([2, nan], dtype=float32)
    """

def square(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`a * a`.

    >>> import cotan.core as mx
    >>> mx.square(mx.array([2, -3]))
    array([4, 9], dtype=int32)
    """

def tan(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The tangent of an angle in radians. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.tan(mx.array([0.0, mx.pi / 4]))
    array([0, 1], dtype=float32)
    """

def tanh(a: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The hyperbolic tangent. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.tanh(mx.array([0.0, 1.0]))
    array([0, 0.761594], dtype=float32)
    """

def bitwise_invert(a: _Operand, stream: _Stream | None = None) -> array:
    """All bits of each integer flipped; for bools, the negation. ValueError for floating and complex types.

    >>> import cotan.core as mx
    >>> mx.bitwise_invert(mx.array([0, 1, -1]))
    array([-1, -2, 0], dtype=int32)
    """

def isfinite(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element is neither infinite nor NaN.

    >>> import cotan.core as mx
    >>> mx.isfinite(mx.array([1.0, mx.inf, mx.nan]))
    array([True, False, False], dtype=bool)
    """

def isinf(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element, or a part of a complex one, is infinite.

    >>> import cotan.core as mx
    >>> mx.isinf(mx.array([1.0, mx.inf, mx.nan]))
    array([False, True, False], dtype=bool)
    """

def isnan(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element, or a part of a complex one, is NaN.

    >>> import cotan.core as mx
    >>> mx.isnan(mx.array([1.0, mx.inf, mx.nan]))
    array([False, False, True], dtype=bool)
    """

def isneginf(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element is negative infinity.

    >>> import cotan.core as mx
    >>> mx.isneginf(mx.array([mx.inf, -mx.inf]))
    array([False, True], dtype=bool)
    """

def isposinf(a: _Operand, stream: _Stream | None = None) -> array:
    """True where an element is positive infinity.

    >>> import cotan.core as mx
    >>> mx.isposinf(mx.array([mx.inf, -mx.inf]))
    array([True, False], dtype=bool)
    """

def conj(a: _Operand, *, stream: _Stream | None = None) -> array:
    """The complex conjugate of each element.

    >>> import cotan.core as mx
    >>> mx.conj(mx.array([1 + 2j]))
    array([1-2j], dtype=complex64)
    """

def stop_gradient(a: _Array, /, *, stream: _Stream | None = None) -> array:
    """The array as it is, but constant for derivatives: none flows through it.

    >>> import cotan.core as mx
    >>> mx.grad(lambda x: x * mx.stop_gradient(x))(mx.array(3.0))
    array(3, dtype=float32)
    """

def trunc(a: _Array, /, *, stream: _Stream | None = None) -> array:
    """The integer part of each element, in the element's type. ValueError for complex numbers.

    >>> import cotan.core as mx
    >>> mx.trunc(mx.array([1.7, -1.7]))
    array([1, -1], dtype=float32)
    """

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
    """The quotient of two arrays, which broadcast and promote. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.divide(mx.array([1, 2]), 4)
    array([0.25, 0.5], dtype=float32)
    """

def equal(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where the elements of two arrays, which broadcast and promote, are equal.

    >>> import cotan.core as mx
    >>> mx.equal(mx.array([1, 2]), 2)
    array([False, True], dtype=bool)
    """

def floor_divide(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The quotient rounded down, as `//` has it. An integer divided by 0 gives 0; complex numbers are not rounded.

    >>> import cotan.core as mx
    >>> mx.floor_divide(mx.array([7, -7]), 2)
    array([3, -4], dtype=int32)
    """

def greater(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where `a > b`; the operands broadcast and promote. Complex numbers are ordered by real, then imaginary part.

    >>> import cotan.core as mx
    >>> mx.greater(mx.array([1, 2, 3]), 2)
    array([False, False, True], dtype=bool)
    """

def greater_equal(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where `a >= b`; the operands broadcast and promote.

    >>> import cotan.core as mx
    >>> mx.greater_equal(mx.array([1, 2, 3]), 2)
    array([False, True, True], dtype=bool)
    """

def less(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where `a < b`; the operands broadcast and promote. Complex numbers are ordered by real, then imaginary part.

    >>> import cotan.core as mx
    >>> mx.less(mx.array([1, 2, 3]), 2)
    array([True, False, False], dtype=bool)
    """

def less_equal(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where `a <= b`; the operands broadcast and promote.

    >>> import cotan.core as mx
    >>> mx.less_equal(mx.array([1, 2, 3]), 2)
    array([True, True, False], dtype=bool)
    """

def multiply(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The product of two arrays, which broadcast and promote. Integers wrap; the product of bools is "and".

    >>> import cotan.core as mx
    >>> mx.multiply(mx.array([[1], [2]]), mx.array([3, 4]))
    array([[3, 4],
           [6, 8]], dtype=int32)
    """

def not_equal(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """True where the elements of two arrays, which broadcast and promote, differ. NaN differs from everything.

    >>> import cotan.core as mx
    >>> mx.not_equal(mx.array([1.0, mx.nan]), mx.array([1.0, mx.nan]))
    array([False, True], dtype=bool)
    """

def remainder(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """What `floor_divide` leaves, with the sign of the divisor. An integer by 0 gives the dividend.

    >>> import cotan.core as mx
    >>> mx.remainder(mx.array([7, -7]), 3)
    array([1, 2], dtype=int32)
    """

def subtract(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The difference of two arrays, which broadcast and promote. Integers wrap.

    >>> import cotan.core as mx
    >>> mx.subtract(mx.array([1, 2]), mx.array([0.5, 0.5]))
    array([0.5, 1.5], dtype=float32)
    """

def bitwise_and(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits that are set in both integers, or "and" of bools. RuntimeError for floating and complex types.

    >>> import cotan.core as mx
    >>> mx.bitwise_and(mx.array([12, 10]), 6)
    array([4, 2], dtype=int32)
    """

def bitwise_or(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits that are set in either integer, or "or" of bools. RuntimeError for floating and complex types.

    >>> import cotan.core as mx
    >>> mx.bitwise_or(mx.array([12, 10]), 6)
    array([14, 14], dtype=int32)
    """

def bitwise_xor(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits that are set in one of both integers only. RuntimeError for floating and complex types.

    >>> import cotan.core as mx
    >>> mx.bitwise_xor(mx.array([12, 10]), 6)
    array([10, 12], dtype=int32)
    """

def left_shift(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits of `a` moved up by `b` places; bools become uint8. RuntimeError for floating and complex types.

    >>> import cotan.core as mx
    >>> mx.left_shift(mx.array([1, 3]), 2)
    array([4, 12], dtype=int32)
    """

def right_shift(a: _Operand, b: _Operand, stream: _Stream | None = None) -> array:
    """The bits of `a` moved down by `b` places, keeping the sign; bools become uint8. RuntimeError for floating and
    complex types.

    >>> import cotan.core as mx
    >>> mx.right_shift(mx.array([8, -8]), 2)
    array([2, -2], dtype=int32)
    """

def arctan2(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The angle in radians of the point with ordinate `a` and abscissa `b`, between -pi and pi. ValueError for complex
    numbers.

    >>> import cotan.core as mx
    >>> mx.arctan2(mx.array([1.0, -1.0]), mx.array([1.0, -1.0]))
    array([0.785398, -2.35619], dtype=float32)
    """

def logaddexp(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`log(exp(a) + exp(b))` without overflow.

    >>> import cotan.core as mx
    >>> mx.logaddexp(mx.array([0.0, 1000.0]), mx.array([0.0, 1000.0]))
    array([0.693147, 1000.69], dtype=float32)
    """

def logical_and(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """True where both operands are true; they broadcast.

    >>> import cotan.core as mx
    >>> mx.logical_and(mx.array([True, False]), mx.array([1, 1]))
    array([True, False], dtype=bool)
    """

def logical_or(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """True where either operand is true; they broadcast.

    >>> import cotan.core as mx
    >>> mx.logical_or(mx.array([True, False]), mx.array([0, 0]))
    array([True, False], dtype=bool)
    """

def logical_xor(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """True where one operand is true and the other is not; they broadcast.

    >>> import cotan.core as mx
    >>> mx.logical_xor(mx.array([True, False]), mx.array([True, True]))
    array([False, True], dtype=bool)
    """

def maximum(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The larger of two elements, NaN if either is NaN; the operands broadcast and promote.

    >>> import cotan.core as mx
    >>> mx.maximum(mx.array([1.0, -2.0]), 0)
    array([1, 0], dtype=float32)
    """

def minimum(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """The smaller of two elements, NaN if either is NaN; the operands broadcast and promote.

    >>> import cotan.core as mx
    >>> mx.minimum(mx.array([1.0, -2.0]), 0)
    array([0, -2], dtype=float32)
    """

def power(a: _Operand, b: _Operand, /, *, stream: _Stream | None = None) -> array:
    """`a` to the power of `b`; the operands broadcast and promote. Integers wrap.

    >>> import cotan.core as mx
    >>> mx.power(mx.array([2, 3]), 2)
    array([4, 9], dtype=int32)
    """

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

    >>> import cotan.core as mx
    >>> mx.view(mx.array([1.0]), mx.uint32)
    array([1065353216], dtype=uint32)
    """

def positive(a: _Array, /, *, stream: _Stream | None = None) -> array:
    """The array as it is.

    >>> import cotan.core as mx
    >>> mx.positive(mx.array([1, -2]))
    array([1, -2], dtype=int32)
    """

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

    >>> import cotan.core as mx
    >>> mx.nan_to_num(mx.array([mx.nan, mx.inf, 1.0]), posinf=9.0)
    array([0, 9, 1], dtype=float32)
    """

def to_fp8(x: _Array, *, stream: _Stream | None = None) -> array:
    """The values as 8-bit floats (OCP e4m3) in uint8: rounded to nearest even, saturating at ±448, NaN as the largest.

    ValueError unless the array is of a real floating type.

    >>> import cotan.core as mx
    >>> mx.to_fp8(mx.array([1.0, 1000.0]))
    array([56, 126], dtype=uint8)
    """

def from_fp8(x: _Array, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """The numbers that 8-bit floats (OCP e4m3) in a uint8 array stand for, as `dtype` (bfloat16 by default).

    ValueError unless the array is uint8.

    >>> import cotan.core as mx
    >>> mx.from_fp8(mx.to_fp8(mx.array([1.06, 1000.0])), mx.float32)
    array([1, 448], dtype=float32)
    """

def divmod(a: _Operand, b: _Operand, stream: _Stream | None = None) -> list[array]:
    """The list of `floor_divide(a, b)` and `remainder(a, b)`.

    >>> import cotan.core as mx
    >>> mx.divmod(mx.array([7, -7]), 2)
    [array([3, -4], dtype=int32), array([1, 1], dtype=int32)]
    """

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
    """True where `|a - b| <= atol + rtol * |b|`. Equal infinities are close; NaNs are with `equal_nan` only.

    >>> import cotan.core as mx
    >>> mx.isclose(mx.array([1.0, 2.0]), mx.array([1.000001, 2.1]))
    array([True, False], dtype=bool)
    """

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
    """Whether all elements of two arrays, which broadcast, are close in the sense of `isclose`. An array without axes.

    >>> import cotan.core as mx
    >>> mx.allclose(mx.array([1.0, 2.0]), mx.array([1.000001, 2.0]))
    array(True, dtype=bool)
    """

def array_equal(a: _Operand, b: _Operand, equal_nan: bool = False, stream: _Stream | None = None) -> array:
    """Whether two arrays have the same shape and, after promotion, the same elements. An array without axes.

    >>> import cotan.core as mx
    >>> mx.array_equal(mx.array([1, 2]), mx.array([1.0, 2.0]))
    array(True, dtype=bool)
    """

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

    >>> import cotan.core as mx
    >>> mx.all(mx.array([[1, 0], [2, 3]]), axis=1)
    array([False, True], dtype=bool)

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def any(a: _Array, /, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
    """Whether any element is true. False for no elements.

    >>> import cotan.core as mx
    >>> mx.any(mx.array([[1, 0], [0, 0]]), axis=1)
    array([True, False], dtype=bool)

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

    >>> import cotan.core as mx
    >>> mx.logsumexp(mx.array([1000.0, 1000.0]))
    array(1000.69, dtype=float32)

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def max(a: _Array, /, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
    """The largest element, NaN if any is. ValueError for no elements.

    >>> import cotan.core as mx
    >>> mx.max(mx.array([[1, 2], [4, 3]]), axis=1)
    array([2, 4], dtype=int32)

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

    >>> import cotan.core as mx
    >>> mx.median(mx.array([1, 5, 2, 4]))
    array(3, dtype=float32)

    `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
    IndexError for an axis that doesn't exist, ValueError for one that is given twice.
    """

def min(a: _Array, /, axis: _Axes | None = None, keepdims: bool = False, *, stream: _Stream | None = None) -> array:
    """The smallest element, NaN if any is. ValueError for no elements.

    >>> import cotan.core as mx
    >>> mx.min(mx.array([[1, 2], [4, 3]]), axis=0)
    array([1, 2], dtype=int32)

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

    >>> import cotan.core as mx
    >>> mx.prod(mx.array([[1, 2], [4, 3]]), axis=0)
    array([4, 6], dtype=int32)

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

    >>> import cotan.core as mx
    >>> mx.count_nonzero(mx.array([[1, 0], [2, 3]]), axis=1)
    array([1, 2], dtype=int32)
    """

def quantile(
    a: _Array,
    /,
    q: float | Sequence[float],
    axis: _Axes | None = None,
    keepdims: bool = False,
    *,
    method: str = "linear",
    stream: _Stream | None = None,
) -> array:
    """The numbers that a share `q`, from 0 to 1, of the elements does not exceed, NaN if any element is.

    `q` is a number, or several, which are axis 0 of the result. Between two elements `method` decides: `"linear"`, `"lower"`,
    `"higher"`, `"midpoint"` or `"nearest"`. Integers give float32. `axis` is an int, a tuple or list of ints, or None for
    all axes; with `keepdims` they stay, with size 1. IndexError for an axis that doesn't exist, ValueError for one that is
    given twice, for no elements, another method, and `q` out of range.

    >>> import cotan.core as mx
    >>> mx.quantile(mx.array([3.0, 1.0, 2.0]), [0.25, 0.5])
    array([1.5, 2], dtype=float32)
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

    >>> import cotan.core as mx
    >>> mx.std(mx.array([1.0, 3.0])), mx.std(mx.array([1.0, 3.0]), ddof=1)
    (array(1, dtype=float32), array(1.41421, dtype=float32))

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

    >>> import cotan.core as mx
    >>> mx.var(mx.array([1.0, 3.0])), mx.var(mx.array([1.0, 3.0]), ddof=1)
    (array(1, dtype=float32), array(2, dtype=float32))

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

    >>> import cotan.core as mx
    >>> mx.argmax(mx.array([[1, 2], [4, 3]]), axis=1)
    array([1, 0], dtype=uint32)

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

    >>> import cotan.core as mx
    >>> mx.argmin(mx.array([3, 1, 1]))
    array(1, dtype=uint32)

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

    >>> import cotan.core as mx
    >>> mx.trace(mx.array([[1, 2], [3, 4]]))
    array(5, dtype=int32)
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

    >>> import cotan.core as mx
    >>> mx.cummax(mx.array([1, 3, 2]))
    array([1, 3, 3], dtype=int32)

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

    >>> import cotan.core as mx
    >>> mx.cummin(mx.array([3, 1, 2]))
    array([3, 1, 1], dtype=int32)

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

    >>> import cotan.core as mx
    >>> mx.logcumsumexp(mx.array([0.0, 0.0, 0.0]))
    array([0, 0.693147, 1.09861], dtype=float32)

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

    >>> import cotan.core as mx
    >>> mx.cumprod(mx.array([1, 2, 3]), reverse=True)
    array([6, 6, 3], dtype=int32)

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
    step: int | float | Dtype | None = None,
    dtype: Dtype | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """arange(start, stop, step=None, dtype=None, *, stream=None)
    arange(stop, step=None, dtype=None, *, stream=None)

    Values from `start` (0 by default) up to but not including `stop`, `step` (1 by default) apart.

    Two numbers are `start` and `stop`, but `stop` and `step` before a type. Ints give int32, or int64 where a bound needs it, and floats float32, unless
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
    """Ones in a shape (an int or a sequence of ints), float32 by default. ValueError for negative sizes.

    >>> import cotan.core as mx
    >>> mx.ones(3)
    array([1, 1, 1], dtype=float32)
    """

def zeros_like(a: _Array, /, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """Zeros in the shape of `a`, and of its type unless `dtype` is given.

    >>> import cotan.core as mx
    >>> mx.zeros_like(mx.array([1, 2]))
    array([0, 0], dtype=int32)
    """

def ones_like(a: _Array, /, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """Ones in the shape of `a`, and of its type unless `dtype` is given.

    >>> import cotan.core as mx
    >>> mx.ones_like(mx.array([1.5, 2.5]))
    array([1, 1], dtype=float32)
    """

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
    """`vals` everywhere in the shape of `a`, in its type unless `dtype` is given. ValueError when it doesn't broadcast.

    >>> import cotan.core as mx
    >>> mx.full_like(mx.array([1, 2]), 7)
    array([7, 7], dtype=int32)
    """

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

    >>> import cotan.core as mx
    >>> mx.eye(2, 3, k=1)
    array([[0, 1, 0],
           [0, 0, 1]], dtype=float32)
    """

def identity(n: int, dtype: Dtype | None = None, *, stream: _Stream | None = None) -> array:
    """The `n` by `n` identity matrix, float32 by default. ValueError when `n` is negative.

    >>> import cotan.core as mx
    >>> mx.identity(2, mx.int32)
    array([[1, 0],
           [0, 1]], dtype=int32)
    """

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

    >>> import cotan.core as mx
    >>> mx.tri(2, 3)
    array([[1, 0, 0],
           [1, 1, 0]], dtype=float32)
    """

def tril(x: _Array, k: int = 0, *, stream: _Stream | None = None) -> array:
    """`x` with zeros above the `k`-th diagonal of its last two axes. ValueError for fewer than two axes.

    >>> import cotan.core as mx
    >>> mx.tril(mx.array([[1, 2], [3, 4]]))
    array([[1, 0],
           [3, 4]], dtype=int32)
    """

def triu(x: _Array, k: int = 0, *, stream: _Stream | None = None) -> array:
    """`x` with zeros below the `k`-th diagonal of its last two axes. ValueError for fewer than two axes.

    >>> import cotan.core as mx
    >>> mx.triu(mx.array([[1, 2], [3, 4]]))
    array([[1, 2],
           [0, 4]], dtype=int32)
    """

def diag(a: _Array, /, k: int = 0, *, stream: _Stream | None = None) -> array:
    """The matrix with the elements of a one-dimensional array on its `k`-th diagonal, or that diagonal of a matrix.

    ValueError for any other number of axes.

    >>> import cotan.core as mx
    >>> mx.diag(mx.array([1, 2]))
    array([[1, 0],
           [0, 2]], dtype=int32)
    """

def meshgrid(
    *arrays: _Array,
    sparse: bool | None = False,
    indexing: str | None = "xy",
    stream: _Stream | None = None,
) -> tuple[array, ...]:
    """Coordinates over the grid that flattened arrays span, as a tuple with an array per input.

    With `indexing="xy"` the first input runs along the second axis, with `"ij"` along the first. With `sparse` each array
    keeps size 1 along the axes of the others. ValueError for another `indexing` and for inputs with more axes.

    >>> import cotan.core as mx
    >>> mx.meshgrid(mx.array([1, 2]), mx.array([3, 4]))
    (array([[1, 2],
           [1, 2]], dtype=int32), array([[3, 3],
           [4, 4]], dtype=int32))
    """

def bartlett(M: int, *, stream: _Stream | None = None) -> array:
    """The triangular window that starts and ends with zero.

    >>> import cotan.core as mx
    >>> mx.bartlett(5)
    array([0, 0.5, 1, 0.5, 0], dtype=float32)

    It has `M` values of float32: none when `M` is below 1, and a single 1 when it is 1.
    """

def blackman(M: int, *, stream: _Stream | None = None) -> array:
    """The Blackman window: two cosine terms.

    >>> import cotan.core as mx
    >>> mx.blackman(5)[1:4]
    array([0.34, 1, 0.34], dtype=float32)

    It has `M` values of float32: none when `M` is below 1, and a single 1 when it is 1.
    """

def hamming(M: int, *, stream: _Stream | None = None) -> array:
    """The Hamming window: a raised cosine on a pedestal.

    >>> import cotan.core as mx
    >>> mx.hamming(5)
    array([0.08, 0.54, 1, 0.54, 0.08], dtype=float32)

    It has `M` values of float32: none when `M` is below 1, and a single 1 when it is 1.
    """

def hanning(M: int, *, stream: _Stream | None = None) -> array:
    """The Hann window: a raised cosine.

    >>> import cotan.core as mx
    >>> mx.hanning(5)
    array([0, 0.5, 1, 0.5, 0], dtype=float32)

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
    """Axes `start_axis` to `end_axis` joined into one. A start before the first axis and an end after the last mean those,
    and an array without axes gets one.

    ValueError when the first axis comes after the last.

    >>> import cotan.core as mx
    >>> mx.flatten(mx.zeros((2, 3, 4)), 1).shape
    (2, 12)
    """

def unflatten(a: _Array, /, axis: int, shape: Sequence[int], *, stream: _Stream | None = None) -> array:
    """One axis taken apart into axes of the sizes in `shape`, of which one may be -1.

    IndexError for an axis that doesn't exist, ValueError when the sizes don't multiply to that of the axis.

    >>> import cotan.core as mx
    >>> mx.unflatten(mx.zeros((2, 6)), 1, (2, -1)).shape
    (2, 2, 3)
    """

def squeeze(a: _Array, /, axis: _Axes | None = None, *, stream: _Stream | None = None) -> array:
    """The array without the axes named, or without all axes of size 1.

    IndexError for an axis that doesn't exist, ValueError for one that is longer or given twice.

    >>> import cotan.core as mx
    >>> mx.squeeze(mx.zeros((1, 2, 1))).shape
    (2,)
    """

def expand_dims(a: _Array, /, axis: _Axes, *, stream: _Stream | None = None) -> array:
    """The array with new axes of size 1 at `axis`, an int or several, which count as axes of the result.

    IndexError for an axis that the result can't have, ValueError for one that is given twice.

    >>> import cotan.core as mx
    >>> mx.expand_dims(mx.zeros((2, 3)), (0, -1)).shape
    (1, 2, 3, 1)
    """

def transpose(a: _Array, /, axes: Sequence[int] | None = None, *, stream: _Stream | None = None) -> array:
    """The axes in the order of `axes`, by default reversed: axis `i` of the result is axis `axes[i]` of `a`.

    IndexError for an axis that doesn't exist, ValueError unless each is named once.

    >>> import cotan.core as mx
    >>> mx.transpose(mx.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """

def matrix_transpose(a: _Array, /, *, stream: _Stream | None = None) -> array:
    """The last two axes exchanged. ValueError for fewer than two axes.

    >>> import cotan.core as mx
    >>> mx.matrix_transpose(mx.array([[1, 2], [3, 4]]))
    array([[1, 3],
           [2, 4]], dtype=int32)
    """

def moveaxis(a: _Array, /, source: int, destination: int, *, stream: _Stream | None = None) -> array:
    """Axis `source` moved to `destination`, the others in their order. IndexError for an axis that doesn't exist.

    >>> import cotan.core as mx
    >>> mx.moveaxis(mx.zeros((2, 3, 4)), 0, 2).shape
    (3, 4, 2)
    """

def swapaxes(a: _Array, /, axis1: int, axis2: int, *, stream: _Stream | None = None) -> array:
    """Two axes exchanged. IndexError for an axis that doesn't exist.

    >>> import cotan.core as mx
    >>> mx.swapaxes(mx.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """

def broadcast_to(a: _Operand, /, shape: Sequence[int], *, stream: _Stream | None = None) -> array:
    """The array repeated along axes of size 1 and along new leading axes, so that it has this shape. A view.

    ValueError when the shape doesn't allow it.

    >>> import cotan.core as mx
    >>> mx.broadcast_to(mx.array([1, 2]), (2, 2))
    array([[1, 2],
           [1, 2]], dtype=int32)
    """

def broadcast_arrays(*arrays: _Array, stream: _Stream | None = None) -> list[array]:
    """The list of all arrays, each broadcast to the shape of all of them. ValueError when the shapes don't broadcast.

    >>> import cotan.core as mx
    >>> [x.shape for x in mx.broadcast_arrays(mx.zeros((2, 1)), mx.zeros((3,)))]
    [(2, 3), (2, 3)]
    """

def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that all shapes broadcast to. ValueError when there is none, or no shape is given.

    >>> import cotan.core as mx
    >>> mx.broadcast_shapes((2, 1), (3,))
    (2, 3)
    """

def repeat(array: _Array, repeats: int, axis: int | None = None, *, stream: _Stream | None = None) -> array:
    """Each element `repeats` times in a row along `axis`; without an axis, of the flattened array.

    IndexError for an axis that doesn't exist, ValueError when `repeats` is negative.

    >>> import cotan.core as mx
    >>> mx.repeat(mx.array([1, 2]), 2)
    array([1, 1, 2, 2], dtype=int32)
    """

def tile(a: _Array, reps: int | Sequence[int], /, *, stream: _Stream | None = None) -> array:
    """The whole array so many times along each axis: an int for the last axis, or a sequence for the last axes.

    ValueError when a number is negative.

    >>> import cotan.core as mx
    >>> mx.tile(mx.array([1, 2]), (2, 2))
    array([[1, 2, 1, 2],
           [1, 2, 1, 2]], dtype=int32)
    """

def roll(a: _Array, /, shift: _Axes, axis: _Axes | None = None, *, stream: _Stream | None = None) -> array:
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

    >>> import cotan.core as mx
    >>> mx.flip(mx.array([1, 2, 3]))
    array([3, 2, 1], dtype=int32)
    """

def rot90(a: _Array, /, k: int = 1, axes: tuple[int, int] = ..., *, stream: _Stream | None = None) -> array:
    """The array turned by `k` right angles in the plane of two axes, from the first towards the second.

    A negative `k` turns the other way. IndexError for an axis that doesn't exist, ValueError for twice the same.

    >>> import cotan.core as mx
    >>> mx.rot90(mx.array([[1, 2], [3, 4]]))
    array([[2, 4],
           [1, 3]], dtype=int32)
    """

def diagonal(a: _Array, offset: int = 0, axis1: int = 0, axis2: int = 1, stream: _Stream | None = None) -> array:
    """The elements of the `offset`-th diagonal of the matrices in axes `axis1` and `axis2`, as a new last axis. A view.

    IndexError for an axis that doesn't exist, ValueError for fewer than two axes or twice the same.

    >>> import cotan.core as mx
    >>> mx.diagonal(mx.array([[1, 2], [3, 4]]), offset=1)
    array([2], dtype=int32)
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

    >>> import cotan.core as mx
    >>> mx.as_strided(mx.arange(4), (3, 2), (1, 1))
    array([[0, 1],
           [1, 2],
           [2, 3]], dtype=int32)
    """

def contiguous(a: _Array, /, allow_col_major: bool = False, *, stream: _Stream | None = None) -> array:
    """The same array with its elements in row-major order in memory, or in column-major order if that is allowed and they are.

    >>> import cotan.core as mx
    >>> mx.contiguous(mx.array([[1, 2], [3, 4]]).T)
    array([[1, 3],
           [2, 4]], dtype=int32)
    """

@overload
def atleast_1d(ary: _Array, /, *, stream: _Stream | None = None) -> array:
    """The arrays with at least one axis.

    >>> import cotan.core as mx
    >>> mx.atleast_1d(mx.array(1))
    array([1], dtype=int32)

    One array gives an array, several give a list of arrays.
    """
@overload
def atleast_1d(ary0: _Array, ary1: _Array, /, *arys: _Array, stream: _Stream | None = None) -> list[array]: ...

@overload
def atleast_2d(ary: _Array, /, *, stream: _Stream | None = None) -> array:
    """The arrays with at least two axes: `()` becomes `(1, 1)` and `(n,)` becomes `(1, n)`.

    >>> import cotan.core as mx
    >>> mx.atleast_2d(mx.array([1, 2]))
    array([[1, 2]], dtype=int32)

    One array gives an array, several give a list of arrays.
    """
@overload
def atleast_2d(ary0: _Array, ary1: _Array, /, *arys: _Array, stream: _Stream | None = None) -> list[array]: ...

@overload
def atleast_3d(ary: _Array, /, *, stream: _Stream | None = None) -> array:
    """The arrays with at least three axes: `(n,)` becomes `(1, n, 1)` and `(m, n)` becomes `(m, n, 1)`.

    >>> import cotan.core as mx
    >>> mx.atleast_3d(mx.array([1, 2])).shape
    (1, 2, 1)

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

    >>> import cotan.core as mx
    >>> mx.stack([mx.array([1, 2]), mx.array([3, 4])], axis=1)
    array([[1, 3],
           [2, 4]], dtype=int32)
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
    """The tuple of slices along `axis`, without that axis. IndexError for an axis that doesn't exist.

    >>> import cotan.core as mx
    >>> mx.unstack(mx.array([[1, 2], [3, 4]]))
    (array([1, 2], dtype=int32), array([3, 4], dtype=int32))
    """

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

    >>> import cotan.core as mx
    >>> mx.put_along_axis(mx.zeros((2, 2)), mx.array([[1], [0]]), mx.array(5.0), axis=1)
    array([[0, 5],
           [5, 0]], dtype=float32)
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

    >>> import cotan.core as mx
    >>> mx.slice(mx.arange(6), mx.array([2]), (0,), (3,))
    array([2, 3, 4], dtype=int32)
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

    >>> import cotan.core as mx
    >>> mx.slice_update(mx.zeros((4,)), mx.ones((2,)), mx.array([1]), (0,))
    array([0, 1, 1, 0], dtype=float32)
    """

@overload
def depends(inputs: _Array, dependencies: _Array | Sequence[_Array]) -> array:
    """The inputs, an array or a list of arrays, each of which is evaluated after all of `dependencies`.

    >>> import cotan.core as mx
    >>> mx.depends(mx.array([1, 2]), mx.array(3))
    array([1, 2], dtype=int32)
    """
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

    >>> import cotan.core as mx
    >>> mx.argpartition(mx.array([30, 10, 20]), 0)[0]
    array(1, dtype=uint32)

    A negative `kth` counts from the end. When `axis` is None the array is flattened first. IndexError for an axis
    that doesn't exist, ValueError for a `kth` out of range.
    """

def partition(a: _Array, /, kth: int, axis: int | None = -1, *, stream: _Stream | None = None) -> array:
    """The elements along `axis`, with the one that sorting puts at `kth` there, no larger one before it and no smaller
    one after it.

    >>> import cotan.core as mx
    >>> mx.partition(mx.array([30, 10, 20]), 0)[0]
    array(10, dtype=int32)

    A negative `kth` counts from the end. When `axis` is None the array is flattened first. IndexError for an axis
    that doesn't exist, ValueError for a `kth` out of range.
    """

def topk(a: _Array, /, k: int, axis: int | None = -1, *, stream: _Stream | None = None) -> array:
    """The `k` largest elements along `axis`, in ascending order; NaN counts as largest.

    When `axis` is None the array is flattened first. IndexError for an axis that doesn't exist, ValueError when there are
    not `k` elements.

    >>> import cotan.core as mx
    >>> mx.topk(mx.array([3, 1, 4, 2]), 2)
    array([3, 4], dtype=int32)
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

def bincount(
    x: _Array,
    /,
    weights: _Array | None = None,
    minlength: int = 0,
    *,
    length: int | None = None,
    stream: _Stream | None = None,
) -> array:
    """How often each integer from 0 on occurs, as int32; with `weights`, the sum of those of its places.

    The result has `length` elements, and integers outside it are not counted. Without a `length` it has a place for the
    largest element, and at least `minlength`: that evaluates `x`, as a shape can't depend on values that aren't known yet.
    ValueError when `x` is not of integers, `weights` has another shape, and, without a length, for a negative element or
    inside a transform.

    >>> import cotan.core as mx
    >>> mx.bincount(mx.array([0, 2, 2]), length=4)
    array([1, 0, 2, 0], dtype=int32)
    """

def histogram(
    a: _Array,
    /,
    bins: int | _Array = 10,
    range: tuple[float, float] | None = None,
    weights: _Array | None = None,
    density: bool = False,
    *,
    stream: _Stream | None = None,
) -> tuple[array, array]:
    """How many elements each bin has, as int32, and the edges of the bins: a tuple of two arrays.

    `bins` is a number of bins of equal width from the smallest to the largest element, or within `range=(low, high)`; or an
    array of ascending edges. A bin has its lower edge and not its upper one, but for the last, which has both; elements in
    no bin, and NaN, are left out; without a `range` no element may be NaN or infinite, or the edges are NaN. A `range` is for
    a number of bins only. `weights` are summed in place of ones; with `density` the integral over all bins is 1.
    ValueError for complex numbers, no bins, limits that don't ascend and weights of another shape.

    >>> import cotan.core as mx
    >>> mx.histogram(mx.array([0.0, 1.0, 1.5, 4.0]), bins=2)
    (array([3, 1], dtype=int32), array([0, 2, 4], dtype=float32))
    """

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
    """`alpha * (a @ b) + beta * c`, where `c` broadcasts to the product. ValueError when shapes don't fit.

    >>> import cotan.core as mx
    >>> mx.addmm(mx.array([1.0]), mx.ones((2, 3)), mx.ones((3, 2)), alpha=2.0)
    array([[7, 7],
           [7, 7]], dtype=float32)
    """

def inner(a: _Array, b: _Array, /, *, stream: _Stream | None = None) -> array:
    """Sums of products over the last axes of both; the plain product when one has no axes.

    ValueError when the last axes differ in size.

    >>> import cotan.core as mx
    >>> mx.inner(mx.array([1, 2]), mx.array([3, 4]))
    array(11, dtype=int32)
    """

def outer(a: _Array, b: _Array, /, *, stream: _Stream | None = None) -> array:
    """The product of every element of `a` with every element of `b`, as a matrix.

    >>> import cotan.core as mx
    >>> mx.outer(mx.array([1, 2]), mx.array([3, 4]))
    array([[3, 4],
           [6, 8]], dtype=int32)
    """

def kron(a: _Array, b: _Array, *, stream: _Stream | None = None) -> array:
    """The Kronecker product: `a` with each element replaced by its product with `b`.

    >>> import cotan.core as mx
    >>> mx.kron(mx.array([1, 10]), mx.array([1, 2]))
    array([1, 2, 10, 20], dtype=int32)
    """

def tensordot(a: _Array, b: _Array, /, axes: int | Sequence[_Axes] = 2, *, stream: _Stream | None = None) -> array:
    """Sums of products over axes of `a` and axes of `b`; the result has the other axes of `a`, then those of `b`.

    `axes` is how many: the last ones of `a` with the first ones of `b`; or a list of two lists, the axes of `a` and of
    `b` in pairs. IndexError for an axis that doesn't exist, ValueError when paired axes differ in size.

    >>> import cotan.core as mx
    >>> mx.tensordot(mx.ones((2, 3, 4)), mx.ones((3, 4, 5)), axes=2).shape
    (2, 5)
    """

def vecdot(a: _Array, b: _Array, /, *, axis: int = -1, stream: _Stream | None = None) -> array:
    """Sums of products along an axis of both, the elements of `a` conjugated; the other axes broadcast.

    IndexError for an axis that doesn't exist, ValueError when the axes differ in size.

    >>> import cotan.core as mx
    >>> mx.vecdot(mx.array([1, 2]), mx.array([3, 4]))
    array(11, dtype=int32)
    """

def conv1d(
    input: _Array,
    weight: _Array,
    /,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    stream: _Stream | None = None,
) -> array:
    """The cross-correlation of sequences `(N, L, C_in)` with a kernel `(C_out, K, C_in / groups)`: `(N, L', C_out)`.

    `padding` zeros are put at both ends (negative: cut off), windows are `stride` apart, and neighbours of the kernel
    `dilation`. Both channel numbers are multiples of `groups`, which don't meet. ValueError for integers and for
    shapes that don't fit.

    >>> import cotan.core as mx
    >>> x = mx.array([1.0, 2.0, 4.0]).reshape(1, 3, 1)
    >>> mx.conv1d(x, mx.array([-1.0, 1.0]).reshape(1, 2, 1)).squeeze()
    array([1, 2], dtype=float32)
    """

def conv2d(
    input: _Array,
    weight: _Array,
    /,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    stream: _Stream | None = None,
) -> array:
    """The cross-correlation of images `(N, H, W, C_in)` with a kernel `(C_out, *K, C_in / groups)`: `(N, H', W', C_out)`.

    `padding` zeros are put at all sides (negative: cut off), windows are `stride` apart, and neighbours of the kernel
    `dilation`; each is an int or a pair. Both channel numbers are multiples of `groups`, which don't meet. TypeError for
    another number of ints, ValueError for integer arrays and for shapes that don't fit.

    >>> import cotan.core as mx
    >>> mx.conv2d(mx.ones((1, 5, 6, 3)), mx.ones((8, 2, 3, 3)), stride=(1, 2), padding=(0, 1)).shape
    (1, 4, 3, 8)
    """

def conv3d(
    input: _Array,
    weight: _Array,
    /,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    stream: _Stream | None = None,
) -> array:
    """The cross-correlation of volumes `(N, D, H, W, C_in)` with a kernel `(C_out, *K, C_in / groups)`:
    `(N, D', H', W', C_out)`.

    `padding` zeros are put at all sides (negative: cut off), windows are `stride` apart, and neighbours of the kernel
    `dilation`; each is an int or a triple. Both channel numbers are multiples of `groups`, which don't meet. TypeError
    for another number of ints, ValueError for integer arrays and for shapes that don't fit.

    >>> import cotan.core as mx
    >>> mx.conv3d(mx.ones((1, 3, 4, 5, 2)), mx.ones((6, 2, 2, 2, 2))).shape
    (1, 2, 3, 4, 6)
    """

def conv_general(
    input: _Array,
    weight: _Array,
    /,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | Sequence[Sequence[int]] = 0,
    kernel_dilation: int | Sequence[int] = 1,
    input_dilation: int | Sequence[int] = 1,
    groups: int = 1,
    flip: bool = False,
    *,
    stream: _Stream | None = None,
) -> array:
    """The cross-correlation of `(N, *space, C_in)` with a kernel `(C_out, *kernel, C_in / groups)` over any spatial axes.

    Sizes are an int for all axes or a sequence. `padding` is the same at both ends, or a pair of sequences for the beginning
    and the end; negative numbers cut off. `input_dilation` puts zeros between the elements of the input, `kernel_dilation`
    between those of the kernel, which `flip` turns around. ValueError for integer arrays and for shapes that don't fit.

    >>> import cotan.core as mx
    >>> x, kernel = mx.array([1.0, 2.0]).reshape(1, 2, 1), mx.array([1.0, 10.0]).reshape(1, 2, 1)
    >>> mx.conv_general(x, kernel, padding=([1], [0]), input_dilation=2, flip=True).squeeze()
    array([1, 10, 2], dtype=float32)
    """

def conv_transpose1d(
    input: _Array,
    weight: _Array,
    /,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    *,
    stream: _Stream | None = None,
) -> array:
    """The transposed convolution of sequences `(N, L, C_in)` with a kernel `(C_out, K, C_in / groups)`.

    Every element lays the kernel down, scaled by itself, `stride` further for each place; `padding` elements are cut
    off at both ends. The result has `(L - 1) * stride - 2 * padding + dilation * (K - 1) + output_padding + 1` places.
    ValueError for integer arrays and for shapes that don't fit.

    >>> import cotan.core as mx
    >>> x = mx.array([1.0, 2.0]).reshape(1, 2, 1)
    >>> mx.conv_transpose1d(x, mx.array([1.0, 10.0]).reshape(1, 2, 1), stride=2).squeeze()
    array([1, 10, 2, 20], dtype=float32)
    """

def conv_transpose2d(
    input: _Array,
    weight: _Array,
    /,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    *,
    stream: _Stream | None = None,
) -> array:
    """The transposed convolution of images `(N, H, W, C_in)` with a kernel `(C_out, *K, C_in / groups)`.

    Every element lays the kernel down, scaled by itself, `stride` further for each place; `padding` elements are cut
    off at all sides, and an axis has `(L - 1) * stride - 2 * padding + dilation * (K - 1) + output_padding + 1` places
    in the result. Sizes are an int or a pair. TypeError for another number of ints, ValueError for integer arrays and
    for shapes that don't fit.

    >>> import cotan.core as mx
    >>> mx.conv_transpose2d(mx.ones((1, 4, 4, 2)), mx.ones((4, 3, 3, 1)), stride=2, groups=2).shape
    (1, 9, 9, 4)
    """

def conv_transpose3d(
    input: _Array,
    weight: _Array,
    /,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    *,
    stream: _Stream | None = None,
) -> array:
    """The transposed convolution of volumes `(N, D, H, W, C_in)` with a kernel `(C_out, *K, C_in / groups)`.

    Every element lays the kernel down, scaled by itself, `stride` further for each place; `padding` elements are cut
    off at all sides, and an axis has `(L - 1) * stride - 2 * padding + dilation * (K - 1) + output_padding + 1` places
    in the result. Sizes are an int or a triple. TypeError for another number of ints, ValueError for integer arrays and
    for shapes that don't fit.

    >>> import cotan.core as mx
    >>> mx.conv_transpose3d(mx.ones((1, 2, 3, 4, 2)), mx.ones((5, 2, 2, 2, 2)), stride=2).shape
    (1, 4, 6, 8, 5)
    """

def convolve(a: _Array, v: _Array, /, mode: str = "full", *, stream: _Stream | None = None) -> array:
    """The convolution of two vectors: all of it (`"full"`), as long as the longer one and centred (`"same"`), or only sums in
    which the shorter vector lies within the longer one (`"valid"`).

    ValueError for other modes, arrays that are no vectors or have no elements, and when the longer one holds integers.

    >>> import cotan.core as mx
    >>> mx.convolve(mx.array([1.0, 2.0, 3.0]), mx.array([0.0, 1.0, 0.5]))
    array([0, 1, 2.5, 4, 1.5], dtype=float32)
    """

def einsum(subscripts: str, *operands: _Array, stream: _Stream | None = None) -> array:
    """Sums of products of elements, over the indices that the result doesn't have, in Einstein's notation.

    `subscripts` has a letter for every axis of every operand, the operands parted by commas, then `->` and the letters
    of the result. Without the arrow the result has the letters that stand once, in order, capitals first. A letter that
    repeats at one operand runs over its diagonal; `...` stands for further axes, which broadcast; blanks don't matter.

    Types promote; where something is summed, bools and small integers add up in 32 bits. The operands are multiplied in
    the order of `einsum_path`. ValueError when the subscripts are malformed or don't fit the operands.

    >>> import cotan.core as mx
    >>> a = mx.array([[1, 2], [3, 4]])
    >>> mx.einsum("ij,jk", a, a)
    array([[7, 10],
           [15, 22]], dtype=int32)
    >>> mx.einsum("ii->i", a)
    array([1, 4], dtype=int32)
    """

def einsum_path(subscripts: str, *operands: _Array) -> tuple[list[Any], str]:
    """The order in which `einsum` multiplies its operands: a list of steps and a text that says what the order saves.

    A step is a tuple of places in the list of operands. These leave the list, and their product joins its end. Each step
    takes the pair that frees most elements, unless the cheapest order of up to eight operands costs less than half.
    ValueError as for `einsum`.

    >>> import cotan.core as mx
    >>> mx.einsum_path("ij,jk,kl->il", mx.ones((2, 3)), mx.ones((3, 4)), mx.ones((4, 5)))[0]
    [(1, 2), (0, 1)]
    """

def gather_mm(
    a: _Array,
    b: _Array,
    /,
    lhs_indices: _Array | None = None,
    rhs_indices: _Array | None = None,
    *,
    sorted_indices: bool = False,
    stream: _Stream | None = None,
) -> array:
    """Products of matrices that indices choose out of the batch axes of `a` and `b`, numbered in row-major order.

    The indices broadcast together, and the result has their shape, then that of a product. Without indices the matrices
    of an operand are taken in order. Products in a row that share their right factor are computed as one, so sorted
    indices are fast; `sorted_indices` promises them, and changes no result.

    ValueError when sizes don't fit or indices are not integers, IndexError for an index out of range when evaluated.

    >>> import cotan.core as mx
    >>> a, b = mx.ones((5, 2, 3)), mx.ones((4, 3, 6))
    >>> mx.gather_mm(a, b, lhs_indices=mx.array([0, 4, 1]), rhs_indices=mx.array([3, 3, 0])).shape
    (3, 2, 6)
    """

def segmented_mm(a: _Array, b: _Array, /, segments: _Array, *, stream: _Stream | None = None) -> array:
    """Products over segments of the inner axis: `a[:, start:stop] @ b[start:stop]` for every pair in `segments`.

    `a` is a matrix of (M, K), `b` of (K, N), `segments` are integers of shape (..., 2); the result has shape (..., M, N).
    ValueError when shapes don't fit; IndexError for bounds outside of the inner axis, and RuntimeError for a segment that
    ends before it starts, when evaluated.

    >>> import cotan.core as mx
    >>> mx.segmented_mm(mx.ones((1, 10)), mx.ones((10, 1)), mx.array([[0, 4], [4, 10]])).reshape(-1)
    array([4, 6], dtype=float32)
    """

def block_masked_mm(
    a: _Array,
    b: _Array,
    /,
    block_size: int = 64,
    mask_out: _Array | None = None,
    mask_lhs: _Array | None = None,
    mask_rhs: _Array | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """The matrix product with masks over square blocks of the result, of `a` and of `b`.

    A mask has an element for every block of `block_size` rows and columns, the last ones possibly cut, after axes that
    broadcast. Where one of bools is False the block is zero; other masks multiply. ValueError when a mask doesn't fit or
    the block size is not positive.

    >>> import cotan.core as mx
    >>> a = mx.ones((4, 4))
    >>> mx.block_masked_mm(a, a, 2, mask_out=mx.array([[True, False], [False, True]]))
    array([[4, 4, 0, 0],
           [4, 4, 0, 0],
           [0, 0, 4, 4],
           [0, 0, 4, 4]], dtype=float32)
    """

def hadamard_transform(a: _Array, scale: float | None = None, stream: _Stream | None = None) -> array:
    """The last axis times a Hadamard matrix of its size n, times `scale`, 1 / sqrt(n) by default.

    n is a power of two times 1, 12, 20 or 28, else ValueError; the array must not be empty. Integers give float32.

    >>> import cotan.core as mx
    >>> mx.hadamard_transform(mx.array([1.0, 2.0, 3.0, 4.0]))
    array([5, -1, -2, 0], dtype=float32)
    """

def quantize(
    w: _Array,
    /,
    group_size: int | None = None,
    bits: int | None = None,
    mode: str = "affine",
    *,
    global_scale: _Array | None = None,
    stream: _Stream | None = None,
) -> list[array]:
    """Codes of few bits for the elements of `w`, with a scale for every group of `group_size` in a row.

    Returns a list: the codes, packed in words of uint32 as one little-endian string of bits a row; the scales; and for mode
    "affine" the biases. An element is about scale * code + bias, with groups of 32, 64 (default) or 128 and 1, 2, 3, 4
    (default), 5, 6 or 8 bits. The codes of the other modes are floats times a scale: "mxfp4" and "mxfp8" have groups of 32 and
    powers of two as scales, "nvfp4" has groups of 16 and 8-bit floats, and may have a `global_scale` of float32.

    ValueError when `w` is not floating, has fewer than two axes or rows of no multiple of the group size, and for sizes
    that a mode doesn't have.

    >>> import cotan.core as mx
    >>> mx.quantize(mx.arange(32.0).reshape(1, 32), group_size=32, bits=2)
    [array([[2863312895, 349525]], dtype=uint32), array([[-10.3333]], dtype=float32), array([[31]], dtype=float32)]
    """

def dequantize(
    w: _Array,
    /,
    scales: _Array,
    biases: _Array | None = None,
    group_size: int | None = None,
    bits: int | None = None,
    mode: str = "affine",
    global_scale: _Array | None = None,
    dtype: Dtype | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """The values of a quantised matrix: the inverse of `quantize`, but for its rounding.

    They have the type `dtype`, by default that of the scales and biases, or bfloat16 for modes other than "affine".
    ValueError when the parts don't fit together or to the mode.

    >>> import cotan.core as mx
    >>> w = mx.arange(32.0).reshape(1, 32)
    >>> mx.dequantize(*mx.quantize(w, 32, 8), 32, 8)[0, ::8]
    array([0, 8.02353, 16.0471, 23.949], dtype=float32)
    """

def quantized_matmul(
    x: _Array,
    w: _Array,
    /,
    scales: _Array,
    biases: _Array | None = None,
    transpose: bool = True,
    group_size: int | None = None,
    bits: int | None = None,
    mode: str = "affine",
    *,
    stream: _Stream | None = None,
) -> array:
    """`x @ w.T`, or `x @ w` unless `transpose`, for a quantised `w`; the axes before the last two broadcast.

    The result has the type that x, the scales and the biases promote to. It can be differentiated by these, but not by the
    codes (RuntimeError). ValueError when the parts don't fit together or to the mode.

    >>> import cotan.core as mx
    >>> w = mx.quantize(mx.ones((8, 64)))
    >>> mx.quantized_matmul(mx.ones((2, 64)), *w).shape
    (2, 8)
    """

def gather_qmm(
    x: _Array,
    w: _Array,
    /,
    scales: _Array,
    biases: _Array | None = None,
    lhs_indices: _Array | None = None,
    rhs_indices: _Array | None = None,
    transpose: bool = True,
    group_size: int | None = None,
    bits: int | None = None,
    mode: str = "affine",
    global_scale: _Array | None = None,
    *,
    sorted_indices: bool = False,
    stream: _Stream | None = None,
) -> array:
    """`gather_mm` with quantised matrices: products of matrices that indices choose out of the batch axes of `x` and `w`.

    A `global_scale` of mode "nvfp4" has an element for every matrix of `w`. `sorted_indices` promises sorted indices, and
    changes no result. Errors as of `quantized_matmul` and `gather_mm`.

    >>> import cotan.core as mx
    >>> experts = mx.quantize(mx.ones((4, 8, 64)))
    >>> mx.gather_qmm(mx.ones((3, 1, 64)), *experts, rhs_indices=mx.array([0, 3, 3])).shape
    (3, 1, 8)
    """

def qqmm(
    x: _Array,
    w: _Array,
    scales: _Array | None = None,
    group_size: int | None = None,
    bits: int | None = None,
    mode: str = "nvfp4",
    global_scale_x: _Array | None = None,
    global_scale_w: _Array | None = None,
    *,
    stream: _Stream | None = None,
) -> array:
    """`x @ w.T` where `x` is quantised first, and `w` too unless it comes quantised, with its scales.

    The modes are those of `quantize` but "affine", which is a RuntimeError. `w` is a matrix. Mode "nvfp4" takes global
    scales, of both operands or of none. It can't be differentiated (RuntimeError). ValueError when shapes don't fit.

    >>> import cotan.core as mx
    >>> mx.qqmm(mx.ones((2, 64)), mx.ones((8, 64)), mode="mxfp8")[0, 0]
    array(64, dtype=float32)
    """

def gather_qqmm(
    x: _Array,
    w: _Array,
    /,
    scales: _Array | None = None,
    lhs_indices: _Array | None = None,
    rhs_indices: _Array | None = None,
    group_size: int | None = None,
    bits: int | None = None,
    mode: str = "nvfp4",
    global_scale_x: _Array | None = None,
    global_scale_w: _Array | None = None,
    *,
    sorted_indices: bool = False,
    stream: _Stream | None = None,
) -> array:
    """`qqmm` of matrices that indices choose out of the batch axes of `x` and `w`, as `gather_mm` does.

    Global scales have an element for every matrix of their operand. Errors as of `qqmm` and `gather_mm`.

    >>> import cotan.core as mx
    >>> mx.gather_qqmm(mx.ones((3, 1, 64)), mx.ones((4, 8, 64)), rhs_indices=mx.array([0, 3, 3])).shape
    (3, 1, 8)
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
    """Like `eval`, but a failure surfaces where the array is used next.

    >>> import cotan.core as mx
    >>> x = mx.ones((2,)) + 1
    >>> mx.async_eval(x)
    >>> x
    array([2, 2], dtype=float32)
    """

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

def vmap(
    fun: Callable[_P, _R],
    in_axes: _MapAxes = 0,
    out_axes: _MapAxes = 0,
    axis_name: str | None = None,
    axis_size: int | None = None,
) -> Callable[_P, _R]:
    """A function that applies `fun`, which sees one example, to all examples along an axis of each argument.

    `in_axes` is an int for all arguments or a tuple with an entry for each: an int, `None` for an argument that all
    examples share, or containers like the argument's. `out_axes` says where the mapped axis goes in the results.

    >>> import cotan.core as mx
    >>> mx.vmap(lambda x, y: x @ y, in_axes=(0, None))(mx.ones((3, 2)), mx.ones((2,)))
    array([2, 2, 2], dtype=float32)

    Arrays in keyword arguments are mapped along their first axis; other objects there are passed on. `axis_size` says how
    many examples there are when no argument does. Inside, `psum` and others combine all examples by the `axis_name`.

    >>> centre = lambda x: x - mx.pmean(x, "batch")
    >>> mx.vmap(centre, axis_name="batch")(mx.array([1.0, 2.0, 6.0]))
    array([-2, -1, 3], dtype=float32)
    """

def psum(x: _R, axis_name: str) -> _R:
    """The sum of `x`, an array or nested containers of arrays, over all examples of the `vmap` with that name.

    Every example gets the sum. In reverse mode inside the `vmap` the cotangents of all examples are summed likewise.

    >>> import cotan.core as mx
    >>> mx.vmap(lambda x: x / mx.psum(x, "i"), axis_name="i")(mx.array([1.0, 3.0]))
    array([0.25, 0.75], dtype=float32)
    """

def pmean(x: _R, axis_name: str) -> _R:
    """The mean of `x`, an array or nested containers of arrays, over all examples of the `vmap` with that name.

    >>> import cotan.core as mx
    >>> mx.vmap(lambda x: x - mx.pmean(x, "i"), axis_name="i")(mx.array([1.0, 3.0]))
    array([-1, 1], dtype=float32)
    """

def pmax(x: _R, axis_name: str) -> _R:
    """The largest `x` of all examples of the `vmap` with that name, element by element.

    >>> import cotan.core as mx
    >>> mx.vmap(lambda x: x - mx.pmax(x, "i"), axis_name="i")(mx.array([1.0, 3.0]))
    array([-2, 0], dtype=float32)
    """

def pmin(x: _R, axis_name: str) -> _R:
    """The smallest `x` of all examples of the `vmap` with that name, element by element.

    >>> import cotan.core as mx
    >>> mx.vmap(lambda x: x - mx.pmin(x, "i"), axis_name="i")(mx.array([1.0, 3.0]))
    array([0, 2], dtype=float32)
    """

def axis_index(axis_name: str) -> array:
    """The number of the example along the `vmap` with that name, an int32 scalar.

    >>> import cotan.core as mx
    >>> mx.vmap(lambda x: x * mx.axis_index("i"), axis_name="i")(mx.array([5, 5, 5]))
    array([0, 5, 10], dtype=int32)
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
        """Registers `f(primals, cotangents, outputs)`, which returns cotangents like the primals.

        >>> square = mx.custom_function(mx.square)
        >>> square = square.vjp(lambda primals, cotangents, outputs: cotangents * 100)
        >>> mx.grad(square)(mx.array(3.0))
        array(100, dtype=float32)
        """
    def jvp(self, f: Callable[..., Any]) -> custom_function[_P, _R]:
        """Registers `f(primals, tangents)`, which returns tangents like the outputs.

        >>> square = mx.custom_function(mx.square)
        >>> square = square.jvp(lambda primals, tangents: tangents * 100)
        >>> mx.jvp(square, [mx.array(3.0)], [mx.array(1.0)])[1]
        [array(100, dtype=float32)]
        """
    def vmap(self, f: Callable[..., Any]) -> custom_function[_P, _R]:
        """Registers `f(inputs, axes)`, which returns the outputs and their axes.

        >>> square = mx.custom_function(mx.square)
        >>> square = square.vmap(lambda inputs, axes: (inputs * 100, axes))
        >>> mx.vmap(square)(mx.array([1.0, 2.0]))
        array([100, 200], dtype=float32)
        """
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...

def checkpoint(fun: Callable[_P, _R]) -> Callable[_P, _R]:
    """A function like `fun` whose intermediate values are not kept for the backward pass but computed again there.

    Arguments and results may be nested lists, tuples and dicts of arrays.

    >>> import cotan.core as mx
    >>> mx.grad(mx.checkpoint(lambda x: mx.exp(mx.sin(x))))(mx.array(0.0))
    array(1, dtype=float32)
    """

def compile(
    fun: Callable[_P, _R],
    inputs: Any = None,
    outputs: Any = None,
    shapeless: bool = False,
) -> Callable[_P, _R]:
    """A function that is recorded once and replayed without running its Python code again.

    It is recorded anew for arguments of other shapes, types or constants; with `shapeless`, only for other types and
    numbers of axes. Arguments are arrays and constants (int, float, bool, str, None), nested in lists, tuples and dicts.
    Anything else the function reads is frozen when it is recorded, unless `inputs` names the containers of arrays that
    it reads, and `outputs` those that it changes; so are sizes that Python code reads, such as `x.size`. Inside, arrays have no values: `item()` or `if x > 0` raise ValueError.

    The compiled functions of one function share their recordings. The 128 most recently used ones are kept:
    `cache_info()`, `cache_size()` and `cache_clear()` show and clear them, and `cache_limit` can be set.
    `disable_compile()`, or `COTAN_DISABLE_COMPILE` or `MLX_DISABLE_COMPILE` in the environment, run the Python code on
    every call.

    >>> import cotan.core as mx
    >>> line = mx.compile(lambda x, slope: x * slope + 1)
    >>> line(mx.array(3.0), 2), line(mx.array(4.0), 2)
    (array(7, dtype=float32), array(9, dtype=float32))
    >>> line.cache_info()
    CacheInfo(hits=1, misses=1, maxsize=128, currsize=1)
    """

def disable_compile() -> None:
    """Makes compiled functions run their Python code on every call, until `enable_compile`.

    >>> import cotan.core as mx
    >>> calls = []
    >>> counted = mx.compile(lambda x: calls.append(1) or x + 1)
    >>> mx.disable_compile()
    >>> _ = counted(mx.array(1)), counted(mx.array(1))
    >>> mx.enable_compile()
    >>> len(calls)
    2
    """

def enable_compile() -> None:
    """Undoes `disable_compile`, and what the environment said.

    >>> import cotan.core as mx
    >>> mx.enable_compile()
    """

def scan(
    f: Callable[[_C, Any], tuple[_C, _R]],
    init: _C,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    checkpoint: bool | int | None = None,
) -> tuple[_C, _R]:
    """Applies `f(carry, x)`, which returns `(carry, y)`, to one slice of `xs` after another.

    Returns the last carry and all `y`, stacked along a new first axis. `xs` is scanned along the first axis of its
    arrays; without it `length` says how many steps there are, and `x` is None. Carry, `xs` and `y` may be nested lists,
    tuples and dicts of arrays; a carry keeps its structure, shapes and types (else ValueError names the leaf). With
    `reverse` the steps go from the last slice to the first.

    `f` runs once, on arrays without values (random numbers without a key are the same in every step: carry a key and
    `split` it), and the graph has the same size for any number of steps. In reverse mode
    every step stores its carry, and computes the rest of its values anew. `checkpoint=k` stores every k-th carry only
    and computes those between anew; `True` chooses the square root of the number of steps.

    >>> import cotan.core as mx
    >>> mx.scan(lambda total, x: (total + x, total * x), mx.array(0.0), mx.array([1.0, 2.0, 3.0]))
    (array(6, dtype=float32), array([0, 2, 9], dtype=float32))
    """

def while_loop(cond_fun: Callable[[_C], array | bool], body_fun: Callable[[_C], _C], init: _C) -> _C:
    """Applies `body_fun(carry)` as long as `cond_fun(carry)`, a scalar, is true, and returns the last carry.

    Both functions run once, on arrays without values. The carry may be nested lists, tuples and dicts of arrays and
    keeps its structure, shapes and types. Under `vmap` the loop goes on until every example is done. Forward mode works;
    reverse mode raises ValueError, as the number of steps is not known: use `scan`, or `fori_loop` with int bounds.

    >>> import cotan.core as mx
    >>> mx.while_loop(lambda x: x < 100, lambda x: x * 3, mx.array(2))
    array(162, dtype=int32)
    """

def fori_loop(
    lower: int | array,
    upper: int | array,
    body_fun: Callable[[array, _C], _C],
    init: _C,
    checkpoint: bool | int | None = None,
) -> _C:
    """Applies `body_fun(i, carry)` for `i` from `lower` up to, and without, `upper`, and returns the last carry.

    `i` is an integer scalar array. With ints as bounds the loop is a `scan`, which has a reverse mode (`checkpoint` as
    there); with integer scalar arrays it is a `while_loop`, which has none.

    >>> import cotan.core as mx
    >>> mx.fori_loop(1, 5, lambda i, x: x * i, mx.array(1))
    array(24, dtype=int32)
    """

def cond(pred: array | bool, true_fun: Callable[..., _R], false_fun: Callable[..., _R], *operands: Any) -> _R:
    """Evaluates `true_fun(*operands)` if `pred`, a scalar, is true, else `false_fun(*operands)`.

    Both functions run once, on arrays without values, and must return the same structure, shapes and types; one of them
    is evaluated. Where `vmap` maps the predicate, both are evaluated and each example gets its own.

    >>> import cotan.core as mx
    >>> x = mx.array(3.0)
    >>> mx.cond(x > 0, lambda x: x * 2, lambda x: -x, x)
    array(6, dtype=float32)
    """

def switch(index: array | int, branches: Sequence[Callable[..., _R]], *operands: Any) -> _R:
    """Evaluates `branches[index](*operands)`; an index out of range means the first or the last branch.

    As with `cond`, every branch runs once on arrays without values, and one of them is evaluated.

    >>> import cotan.core as mx
    >>> mx.switch(mx.array(1), [mx.sin, mx.square, mx.abs], mx.array(3.0))
    array(9, dtype=float32)
    """

def jacfwd(fun: Callable[_P, Any], argnums: int | Sequence[int] | None = None) -> Callable[_P, Any]:
    """A function that computes the Jacobian of `fun` by forward mode.

    Each array of the result is replaced by what is nested like the chosen arguments (`argnums`, an int or several; by
    default the first), whose arrays have the result's shape followed by the argument's. `fun` runs once. Best where
    results are larger than arguments; see `jacrev`.

    >>> import cotan.core as mx
    >>> mx.jacfwd(lambda x: x * x)(mx.array([1.0, 2.0]))
    array([[2, 0],
           [0, 4]], dtype=float32)
    """

def jacrev(fun: Callable[_P, Any], argnums: int | Sequence[int] | None = None) -> Callable[_P, Any]:
    """Like `jacfwd`, by reverse mode: best where arguments are larger than results.

    >>> import cotan.core as mx
    >>> mx.jacrev(lambda x: mx.cumsum(x))(mx.array([1.0, 2.0]))
    array([[1, 0],
           [1, 1]], dtype=float32)
    """

def hessian(fun: Callable[_P, Any], argnums: int | Sequence[int] | None = None) -> Callable[_P, Any]:
    """A function that computes the second derivatives of `fun`: `jacfwd` of `jacrev`.

    >>> import cotan.core as mx
    >>> mx.hessian(lambda x: x[0] * x[1])(mx.array([1.0, 2.0]))
    array([[0, 1],
           [1, 0]], dtype=float32)
    """

def hvp(fun: Callable[..., array], primals: Any, tangents: Any) -> Any:
    """The Hessian of `fun`, which returns a scalar, at `primals`, times `tangents`; the Hessian itself is never built.

    Both are lists or tuples with an entry per argument, and so is the result.

    >>> import cotan.core as mx
    >>> mx.hvp(lambda x: (x ** 3).sum(), [mx.array([1.0, 2.0])], [mx.array([1.0, 1.0])])
    [array([6, 12], dtype=float32)]
    """

def linearize(fun: Callable[..., _R], *primals: Any) -> tuple[_R, Callable[..., _R]]:
    """Calls `fun` and returns `(result, f_jvp)`: `f_jvp` takes a tangent per argument and gives the tangent of the result,
    without calling `fun` again.

    >>> import cotan.core as mx
    >>> y, f_jvp = mx.linearize(mx.sin, mx.array(0.0))
    >>> f_jvp(mx.array(2.0))
    array(2, dtype=float32)
    """

def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] | None = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Raises AssertionError if derivatives of `f` at `args` (a list or tuple with an entry per argument) are wrong.

    `jvp` ("fwd") is compared with central differences along random directions, `vjp` ("rev") with the transpose of `jvp`,
    and so on for the derivatives up to `order`. The message names the argument, the direction, what was expected and what
    was got. Tolerances and the step `eps` default to what the least precise type among the arguments allows.

    >>> import cotan.core as mx
    >>> mx.check_grads(lambda x: mx.sin(x).sum(), [mx.array([0.5, 1.0])])
    """

from cotan.core.linalg import norm as matrix_norm
def save(file: _File, arr: _Array) -> None:
    """Saves one array to an npy file.

    `file` is a path, which gets the extension `.npy` unless it has it, or an open binary file. RuntimeError when it
    can't be written.

    >>> import cotan.core as mx
    >>> mx.save("x", mx.array([1, 2, 3]))
    >>> mx.load("x.npy")
    array([1, 2, 3], dtype=int32)
    """

def savez(file: _File, *args: _Array, **kwargs: _Array) -> None:
    """Saves arrays to an npz file, which is a zip archive: keyword arguments under their names, others as `arr_0` and so on.

    `file` is a path, which gets the extension `.npz` unless it has it, or an open binary file. ValueError when two arrays
    have the same name, RuntimeError when the file can't be written.

    >>> import cotan.core as mx
    >>> mx.savez("all", mx.array(1), named=mx.array(2))
    >>> sorted(mx.load("all.npz"))
    ['arr_0', 'named']
    """

def savez_compressed(file: _File, *args: _Array, **kwargs: _Array) -> None:
    """Saves arrays as `savez` does, compressed.

    >>> import cotan.core as mx
    >>> mx.savez_compressed("small", zeros=mx.zeros((100,)))
    >>> mx.load("small.npz")["zeros"].shape
    (100,)
    """

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

    >>> import cotan.core as mx
    >>> mx.save_gguf("weights", {"w": mx.array([1.0, 2.0])}, {"epoch": "3"})
    >>> mx.load("weights.gguf", return_metadata=True)
    ({'w': array([1, 2], dtype=float32)}, {'epoch': '3'})
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

@final
class NanCheck:
    """Checks what is evaluated for NaN; made by `debug_nans()`.

    >>> import cotan.core as mx
    >>> with mx.debug_nans() as check:
    ...     mx.eval(mx.log(mx.array([1.0])))
    """
    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: Any) -> None: ...

@final
class Profile:
    """What ran in a `profile()` context, while it is open and afterwards.

    `print(p)` shows a table with a row per kernel.

    >>> import cotan.core as mx
    >>> with mx.profile() as p:
    ...     mx.eval(mx.exp(mx.array([1.0])))
    >>> p.rows[0]["kernel"]
    'exp'
    """
    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: Any) -> None: ...
    def __str__(self) -> str: ...
    def __repr__(self) -> str: ...
    @property
    def rows(self) -> list[Any]:
        """A dict per kernel, the most expensive first: `kernel`, `calls`, `total_seconds`, `mean_seconds`, `share` (of the
        time of all kernels), `bytes_read`, `bytes_written`, `gb_per_second`, `flops` and `gflops_per_second` (None where
        they are not known).

        >>> with mx.profile() as p:
        ...     mx.eval(mx.exp(mx.array([1.0])))
        >>> p.rows[0]["calls"]
        1
        """
    def trace_json(self) -> str:
        """The runs as JSON in the Trace Event Format, as `save` writes it.

        >>> with mx.profile() as p:
        ...     mx.eval(mx.exp(mx.array([1.0])))
        >>> "exp" in p.trace_json()
        True
        """
    def save(self, path: str | PathLike[str]) -> None:
        """Writes the runs to a file that Perfetto (ui.perfetto.dev) and chrome://tracing show on a time line.

        >>> with mx.profile() as p:
        ...     mx.eval(mx.exp(mx.array([1.0])))
        >>> p.save("trace.json")
        """

def debug_nans(*, inf: bool = False, all_threads: bool = False) -> NanCheck:
    """A context in which an operation that makes NaN raises FloatingPointError, naming the operation and its line.

    With `inf=True` infinities count too. The context is that of the thread which enters it; `all_threads=True` checks the
    evaluations of every thread. Operations remember the line outside cotan's own code that called them, also inside
    `grad`, `vmap` and `compile`. Inputs that hold NaN from the start are not an error: RuntimeWarning tells of each once.

    >>> import cotan.core as mx
    >>> with mx.debug_nans():
    ...     mx.eval(mx.log(mx.array([1.0, -1.0])))
    Traceback (most recent call last):
        ...
    FloatingPointError: log: made the first NaN: element (1,) of its float32 (2,) result, from float32 (2,) with -1.0 there; at ...
    """

def profile() -> Profile:
    """A context that times every kernel which runs inside it, on any thread.

    A kernel is a group of operations that run in one pass, such as `multiply+add+tanh`. Arrays are lazy: evaluate inside
    the context what is to be measured. `print(p)` shows a table, `p.rows` gives its data, and `p.save("trace.json")`
    writes a file for Perfetto.

    >>> import cotan.core as mx
    >>> x = mx.array([1.0, 2.0])
    >>> with mx.profile() as p:
    ...     mx.eval(mx.tanh(x * 2 + 1))
    >>> [(row["kernel"], row["calls"], row["bytes_read"]) for row in p.rows]
    [('multiply+add+tanh', 1, 8)]
    """

@final
class Drawing:
    """A graph of calls that can be printed, drawn and saved.

    `print(d)` has a line per call, and a bracket in front of the calls that run in one kernel. Notebooks show the picture.

    >>> import cotan.core as mx
    >>> mx.draw_graph(mx.array([1.0]) + 1)
    inputs  %0: float32 (1,)
      %1: float32 (1,) = add %0 1.0
    return %1
    1 call in 1 kernel
    """
    def __str__(self) -> str: ...
    def __repr__(self) -> str: ...
    @property
    def calls(self) -> int:
        """How many calls there are, without constants that others compute for themselves.

        >>> mx.draw_graph(mx.exp(-mx.array([1.0]))).calls
        2
        """
    @property
    def kernels(self) -> int:
        """How many kernels they run in.

        >>> mx.draw_graph(mx.exp(-mx.array([1.0]))).kernels
        1
        """
    def text(self) -> str:
        """All lines of the text; `print` shows the first 1000 calls.

        >>> "negative" in mx.draw_graph(-mx.array([1.0])).text()
        True
        """
    def dot(self) -> str:
        """The graph in the language of Graphviz, with a cluster per kernel.

        >>> mx.draw_graph(-mx.array([1.0])).dot().startswith("digraph")
        True
        """
    def svg(self) -> str:
        """The graph as an SVG picture; of more than 400 calls it shows the first, with a note.

        >>> mx.draw_graph(-mx.array([1.0])).svg().startswith("<svg")
        True
        """
    def _repr_svg_(self) -> str: ...
    def _repr_html_(self) -> str: ...
    def save(self, path: str | PathLike[str]) -> None:
        """Writes a file in the form that its name asks for: .svg, .html, .dot, .gv or .txt.

        ValueError for other names, OSError when the file can't be written.

        >>> mx.draw_graph(-mx.array([1.0])).save("graph.svg")
        """

@final
class drawing_function:
    """A function that draws what another one does with its arguments.

    >>> import cotan.core as mx
    >>> mx.draw(mx.exp)(mx.array([1.0])).calls
    1
    """
    def __call__(self, *args: Any, **kwargs: Any) -> Drawing: ...

def draw(fun: Callable[..., Any]) -> drawing_function:
    """A function that returns a `Drawing` of what `fun` does with its arguments: every operation with shapes and types, and
    which of them run together in one kernel.

    Arguments may hold arrays in nested lists, tuples and dicts, and keep their values, so `fun` may read them. It may be
    any function of arrays, also one that `grad`, `vmap` or `compile` made.

    >>> import cotan.core as mx
    >>> print(mx.draw(lambda x: mx.tanh(x * 2 + 1).sum())(mx.ones((2, 3))))
    inputs  %0: float32 (2, 3)  x
    ┌ %1: float32 (2, 3) = multiply %0 2.0
    │ %2: float32 (2, 3) = add %1 1.0
    │ %3: float32 (2, 3) = tanh %2
    └ %4: float32 (1, 1) = sum %3 axes=[0, 1]
      %5: float32 () = reshape %4
    return %5
    5 calls in 2 kernels
    """

def draw_graph(*args: Any) -> Drawing:
    """A `Drawing` of what evaluating all arrays in the arguments would compute.

    Arrays may be nested in lists, tuples and dicts. What is evaluated already is an input.

    >>> import cotan.core as mx
    >>> x = mx.array([1.0, 2.0])
    >>> print(mx.draw_graph(mx.exp(-x)))
    inputs  %0: float32 (2,)
    ┌ %1: float32 (2,) = negative %0
    └ %2: float32 (2,) = exp %1
    return %2
    2 calls in 1 kernel
    """

@final
class FunctionExporter:
    """Stores one function for several kinds of arguments: each call adds a kind, and `close()` writes the file.

    As a context manager it is closed at the end of the block, unless the block failed.

    >>> import cotan.core as mx
    >>> export = mx.exporter("double.cotan", lambda x: x * 2)
    >>> export(mx.array(1.0)), export(mx.array([1.0, 2.0])), export.close()
    (None, None, None)
    >>> mx.import_function("double.cotan")(mx.array([3.0, 4.0]))
    (array([6, 8], dtype=float32),)
    """
    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Adds what the function does to such arguments. RuntimeError once the exporter is closed."""
    def close(self) -> None:
        """Writes the file. Closing once more does nothing.

        >>> export = mx.exporter("double.cotan", lambda x: x * 2)
        >>> export(mx.array(1.0))
        >>> export.close()
        """
    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: Any = None, exc_value: Any = None, traceback: Any = None, /) -> None: ...

def export_function(
    file_or_callback: Any,
    fun: Any,
    *args: Any,
    shapeless: bool = False,
    metadata: str | None = None,
    **kwargs: Any,
) -> None:
    """Stores a function in a file, as what it does to arrays like the examples `args` and `kwargs`.

    The examples are arrays, positional or by keyword, or one tuple or list of arrays and one dict of them. The function
    returns an array, or a list or tuple of arrays. Arrays that it encloses are stored with it: their elements if they were
    computed, else how to compute them. With `shapeless` the stored function takes arrays of any shapes with as many axes.
    `metadata` is a string to store beside it. ValueError for other arguments or results, and for operations that a file
    can't hold (those of `custom_function`); RuntimeError when the file can't be written.

    With a function in place of the path nothing is written: it is called with one dict for each part of the graph.

    >>> import cotan.core as mx
    >>> mx.export_function("halve.cotan", lambda x: x / 2, mx.array([1.0, 2.0]))
    >>> halve = mx.import_function("halve.cotan")
    >>> halve(mx.array([4.0, 6.0]))
    (array([2, 3], dtype=float32),)
    """

def exporter(
    file: str | PathLike[str],
    fun: Any,
    *,
    shapeless: bool = False,
    metadata: str | None = None,
) -> FunctionExporter:
    """A context manager that stores a function for several kinds of arguments in one file.

    >>> import cotan.core as mx
    >>> def scale(x, y=None):
    ...     return x * 2 if y is None else x * y
    >>> with mx.exporter("scale.cotan", scale) as export:
    ...     export(mx.array(1.0))
    ...     export(mx.array(1.0), y=mx.array(1.0))
    >>> stored = mx.import_function("scale.cotan")
    >>> stored(mx.array(3.0)), stored(mx.array(3.0), y=mx.array(5.0))
    ((array(6, dtype=float32),), (array(15, dtype=float32),))
    """

def import_function(file: str | PathLike[str], return_metadata: bool = False) -> Any:
    """The function that a file holds, and with `return_metadata` also the string that was stored beside it.

    It takes arrays as positional or keyword arguments, or as one tuple or list and one dict, and always returns a tuple
    of arrays. ValueError unless they have the types and shapes (the numbers of axes, if it was exported `shapeless`) of
    one of the examples it was exported with; RuntimeError when the file is not there or not whole. It can be transformed
    and compiled like any other function.

    >>> import cotan.core as mx
    >>> mx.export_function("cube.cotan", lambda x: x**3, mx.array(2.0), metadata="x to the third")
    >>> cube, about = mx.import_function("cube.cotan", return_metadata=True)
    >>> mx.grad(lambda x: cube(x)[0])(mx.array(2.0)), about
    (array(12, dtype=float32), 'x to the third')
    """

def export_to_dot(file: Any, *args: Any, **kwargs: Any) -> None:
    """Draws what is still to be computed for some arrays, in the language of Graphviz.

    `file` is a path or an open text file. Arrays may be nested in lists, tuples and dicts; those given by keyword are
    drawn under these names, and the others as A, B and so on.

    >>> import io
    >>> import cotan.core as mx
    >>> x = mx.array([1.0, 2.0])
    >>> drawing = io.StringIO()
    >>> mx.export_to_dot(drawing, mx.exp(x), x=x)
    >>> "Exp" in drawing.getvalue()
    True
    """
