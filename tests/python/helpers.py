"""What several test modules share: dtypes by name, arrays to and from NumPy, comparison of values and dtypes."""

import cotan.core as mx
import numpy as np

BOOL = ("bool",)
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
SIGNED = ("int8", "int16", "int32", "int64")
FLOATS = ("float16", "bfloat16", "float32", "float64")
COMPLEX = ("complex64",)
INTS = UNSIGNED + SIGNED
ALL = BOOL + INTS + FLOATS + COMPLEX

# Relative (and, near zero, absolute) error that a result of one op may show in each dtype.
TOLERANCE = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 4e-6, "float64": 1e-12, "complex64": 1e-5}


def mx_dtype(name):
    """The Dtype called `name` (NumPy's names; `bool` stands for `bool_`)."""
    return mx.bool_ if name == "bool" else getattr(mx, name)


def dtype_name(x):
    """The short name of an array's or a Dtype's element type."""
    return str(getattr(x, "dtype", x)).rpartition(".")[2]


def device(values, dtype):
    """An array of `dtype` from NumPy values, exact for every dtype (float64 included)."""
    values = np.asarray(values)
    if dtype in ("float16", "bfloat16"):
        return mx.array(values.astype(np.float32)).astype(mx_dtype(dtype))
    return mx.array(values.astype(dtype), mx_dtype(dtype))


def host(x):
    """The values of an array in NumPy; bfloat16, which NumPy lacks, is widened."""
    if dtype_name(x) == "bfloat16":
        x = x.astype(mx.float32)
    return np.array(x)


def assert_same(x, values, dtype=None):
    """Exactly these values in exactly this shape, and this dtype if one is given."""
    got = host(x)
    want = np.asarray(values)
    assert got.shape == want.shape, f"shape {got.shape}, expected {want.shape}"
    np.testing.assert_array_equal(got, want)
    if dtype is not None:
        assert dtype_name(x) == dtype


def assert_close(x, values, dtype=None, rtol=1e-5, atol=1e-6):
    """These values within a tolerance, in exactly this shape, and this dtype if one is given."""
    got = host(x)
    want = np.asarray(values)
    assert got.shape == want.shape, f"shape {got.shape}, expected {want.shape}"
    np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)
    if dtype is not None:
        assert dtype_name(x) == dtype
