//! Elementwise functions with options, and choices between elements.

use cotan::{DType, ops};
use pyo3::prelude::*;

use super::{add_functions, all_on, made_on, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::{Result, type_error};
use crate::operand::{ArrayArg, Elementwise, pair};

/// The elements converted to another type: floats are truncated towards zero, integers wrap, bool is `!= 0`.
///
/// >>> import cotan.core as mx
/// >>> mx.astype(mx.array([1.7, -1.7]), mx.int32)
/// array([1, -1], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, dtype, /, *, stream = None))]
fn astype(a: ArrayArg, dtype: PyDtype, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::astype(&a.0, dtype.0))
}

/// The bytes of the elements read as another type; the last axis scales by the ratio of the sizes.
///
/// ValueError when its bytes don't divide into elements of that type.
///
/// >>> import cotan.core as mx
/// >>> mx.view(mx.array([1.0]), mx.uint32)
/// array([1065353216], dtype=uint32)
#[pyfunction]
#[pyo3(signature = (a, dtype, stream = None))]
fn view(a: Elementwise, dtype: PyDtype, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::view(&a.array(), dtype.0))
}

/// The array as it is.
///
/// >>> import cotan.core as mx
/// >>> mx.positive(mx.array([1, -2]))
/// array([1, -2], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, *, stream = None))]
fn positive(a: ArrayArg, stream: Option<StreamArg>) -> PyArray {
    made_on(stream, a.0)
}

/// Each element rounded to `decimals` places (negative: to tens, hundreds, ...), ties to even, in the element's type.
///
/// >>> import cotan.core as mx
/// >>> mx.round(mx.array([0.5, 1.5, 2.5]))
/// array([0, 2, 2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, /, decimals = 0, stream = None))]
fn round(a: Elementwise, decimals: i32, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::round(&a.array(), decimals))
}

/// NaN replaced by `nan`, infinities by `posinf` and `neginf` (by default the largest and smallest finite numbers of the
/// type). ValueError for complex numbers.
///
/// >>> import cotan.core as mx
/// >>> mx.nan_to_num(mx.array([mx.nan, mx.inf, 1.0]), posinf=9.0)
/// array([0, 9, 1], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, nan = 0.0, posinf = None, neginf = None, *, stream = None))]
fn nan_to_num(
    a: Elementwise,
    nan: f64,
    posinf: Option<f64>,
    neginf: Option<f64>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, ops::nan_to_num(&a.array(), nan, posinf, neginf))
}

/// The values as 8-bit floats (OCP e4m3) in uint8: rounded to nearest even, saturating at ±448, NaN as the largest.
///
/// ValueError unless the array is of a real floating type.
///
/// >>> import cotan.core as mx
/// >>> mx.to_fp8(mx.array([1.0, 1000.0]))
/// array([56, 126], dtype=uint8)
#[pyfunction]
#[pyo3(signature = (x, *, stream = None))]
fn to_fp8(x: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::to_fp8(&x.0))
}

/// The numbers that 8-bit floats (OCP e4m3) in a uint8 array stand for, as `dtype` (bfloat16 by default).
///
/// ValueError unless the array is uint8.
///
/// >>> import cotan.core as mx
/// >>> mx.from_fp8(mx.to_fp8(mx.array([1.06, 1000.0])), mx.float32)
/// array([1, 448], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x, dtype = None, *, stream = None))]
fn from_fp8(x: ArrayArg, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::from_fp8(&x.0, dtype.map_or(DType::Bf16, |dtype| dtype.0)))
}

/// The list of `floor_divide(a, b)` and `remainder(a, b)`.
///
/// >>> import cotan.core as mx
/// >>> mx.divmod(mx.array([7, -7]), 2)
/// [array([3, -4], dtype=int32), array([1, 1], dtype=int32)]
#[pyfunction]
#[pyo3(signature = (a, b, stream = None))]
fn divmod(a: Elementwise, b: Elementwise, stream: Option<StreamArg>) -> Result<Vec<PyArray>> {
    let (a, b) = pair(a.0, b.0)?;
    all_on(stream, ops::divmod(&a, &b))
}

/// Elements limited to `a_min..a_max`; either bound may be None. Where the bounds cross `a_max` wins; NaN stays.
///
/// ValueError when both bounds are None.
///
/// >>> import cotan.core as mx
/// >>> mx.clip(mx.array([-1.0, 0.5, 7.0]), 0, 1)
/// array([0, 0.5, 1], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, /, a_min, a_max, *, stream = None))]
fn clip(
    a: ArrayArg,
    a_min: Option<Elementwise>,
    a_max: Option<Elementwise>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let bound = |bound: Option<Elementwise>| bound.map(|bound| bound.0.beside(a.0.dtype())).transpose();
    let (low, high) = (bound(a_min)?, bound(a_max)?);
    on(stream, ops::clip(&a.0, low.as_ref(), high.as_ref()))
}

/// True where `|a - b| <= atol + rtol * |b|`. Equal infinities are close; NaNs are with `equal_nan` only.
///
/// >>> import cotan.core as mx
/// >>> mx.isclose(mx.array([1.0, 2.0]), mx.array([1.000001, 2.1]))
/// array([True, False], dtype=bool)
#[pyfunction]
#[pyo3(signature = (a, b, /, rtol = 1e-5, atol = 1e-8, *, equal_nan = false, stream = None))]
fn isclose(
    a: ArrayArg,
    b: ArrayArg,
    rtol: f64,
    atol: f64,
    equal_nan: bool,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, ops::isclose(&a.0, &b.0, rtol, atol, equal_nan))
}

/// Whether all elements of two arrays, which broadcast, are close in the sense of `isclose`. An array without axes.
///
/// >>> import cotan.core as mx
/// >>> mx.allclose(mx.array([1.0, 2.0]), mx.array([1.000001, 2.0]))
/// array(True, dtype=bool)
#[pyfunction]
#[pyo3(signature = (a, b, /, rtol = 1e-5, atol = 1e-8, *, equal_nan = false, stream = None))]
fn allclose(
    a: ArrayArg,
    b: ArrayArg,
    rtol: f64,
    atol: f64,
    equal_nan: bool,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, ops::allclose(&a.0, &b.0, rtol, atol, equal_nan))
}

/// Whether two arrays have the same shape and, after promotion, the same elements. An array without axes.
///
/// >>> import cotan.core as mx
/// >>> mx.array_equal(mx.array([1, 2]), mx.array([1.0, 2.0]))
/// array(True, dtype=bool)
#[pyfunction]
#[pyo3(signature = (a, b, equal_nan = false, stream = None))]
fn array_equal(a: Elementwise, b: Elementwise, equal_nan: bool, stream: Option<StreamArg>) -> Result<PyArray> {
    let (a, b) = pair(a.0, b.0)?;
    on(stream, ops::array_equal(&a, &b, equal_nan))
}

/// Elements of `x` where `condition` is true and of `y` elsewhere; all three broadcast, `x` and `y` promote.
///
/// With a condition alone it is `nonzero(condition)`.
///
/// >>> import cotan.core as mx
/// >>> mx.where(mx.array([True, False]), mx.array([1, 2]), 0)
/// array([1, 0], dtype=int32)
#[pyfunction(name = "where")]
#[cfg_attr(
    false,
    python(
        "def where(condition: _Operand, x: _Operand, y: _Operand, /, *, stream: _Stream | None = None) -> array",
        "def where(condition: _Operand, x: None = None, y: None = None, /, *, stream: _Stream | None = None) \
                -> tuple[array, ...]",
    )
)]
#[pyo3(signature = (condition, x = None, y = None, /, *, stream = None))]
fn where_<'py>(
    py: Python<'py>,
    condition: Elementwise,
    x: Option<Elementwise>,
    y: Option<Elementwise>,
    stream: Option<StreamArg>,
) -> Result<Bound<'py, PyAny>> {
    match (x, y) {
        (Some(x), Some(y)) => {
            let (x, y) = pair(x.0, y.0)?;
            let chosen = on(stream, ops::where_(&condition.array(), &x, &y))?;
            Ok(Bound::new(py, chosen)?.into_any())
        }
        (None, None) => Ok(super::indexing::places(py, &condition.array(), stream)?.into_any()),
        (Some(_), None) | (None, Some(_)) => {
            Err(type_error("where: takes a condition, or a condition and two choices"))
        }
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module;
        astype, view, positive, round, nan_to_num, to_fp8, from_fp8, divmod, clip, isclose, allclose, array_equal, where_,
    );
    Ok(())
}
