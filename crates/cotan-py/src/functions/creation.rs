//! New arrays.

use cotan::{Array, DType, Scalar, ops};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::arguments::{arrays, count};
use super::{SizesOrSize, add_functions, alias, made_on, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::{Result, type_error, value_error};
use crate::operand::{ArrayArg, Elementwise, Number, Operand, number};

/// Integers up to this size are exact as doubles.
const EXACT: u64 = 1 << 53;

fn dtype_or(dtype: Option<PyDtype>, default: DType) -> DType {
    dtype.map_or(default, |dtype| dtype.0)
}

/// A bound or the step of a range.
#[cfg_attr(false, python("int | float"))]
#[derive(Clone, Copy)]
enum Limit {
    Int(i64),
    Float(f64),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Limit {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match number(&object)? {
            Some(Number::Int(value)) => Ok(Limit::Int(value)),
            Some(Number::Float(value)) => Ok(Limit::Float(value)),
            Some(Number::Bool(_)) => Err(value_error("arange: expected an int or a float, got a bool").into()),
            Some(Number::Complex(..)) | None => {
                let name = object.get_type().name()?;
                Err(type_error(format!("arange: expected an int or a float, got {name}")).into())
            }
        }
    }
}

impl Limit {
    fn float(self) -> f64 {
        match self {
            Limit::Int(value) => value as f64,
            Limit::Float(value) => value,
        }
    }
}

/// The third argument of a range: its step, or its type after the stop and the step.
#[cfg_attr(false, python("float | Dtype"))]
enum StepOrDtype {
    Step(Limit),
    Dtype(PyDtype),
}

impl<'a, 'py> FromPyObject<'a, 'py> for StepOrDtype {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<PyDtype>() {
            Ok(dtype) => Ok(StepOrDtype::Dtype(dtype)),
            Err(_) => object.extract().map(StepOrDtype::Step),
        }
    }
}

/// arange(start, stop, step=None, dtype=None, *, stream=None)
/// arange(stop, step=None, dtype=None, *, stream=None)
///
/// Values from `start` (0 by default) up to but not including `stop`, `step` (1 by default) apart.
///
/// Two numbers are `start` and `stop`, but `stop` and `step` before a type. Ints give int32, or int64 where a bound needs it, and floats float32, unless
/// `dtype` says otherwise. ValueError for a step of 0, bounds that are not finite, and `dtype=bool_`.
///
/// >>> import cotan.core as mx
/// >>> mx.arange(3), mx.arange(1, 2, 0.25)
/// (array([0, 1, 2], dtype=int32), array([1, 1.25, 1.5, 1.75], dtype=float32))
#[pyfunction]
// Python can't spell two signatures in one, so the documentation has both.
#[pyo3(signature = (start = None, stop = None, step = None, dtype = None, *, stream = None), text_signature = None)]
fn arange(
    start: Option<Limit>,
    stop: Option<Limit>,
    step: Option<StepOrDtype>,
    dtype: Option<PyDtype>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let (start, stop, step, dtype) = match (step, dtype) {
        (Some(StepOrDtype::Dtype(_)), Some(_)) => return Err(type_error("arange: dtype is given twice")),
        (Some(StepOrDtype::Dtype(dtype)), None) => (None, start, stop, Some(dtype)),
        (Some(StepOrDtype::Step(step)), dtype) => (start, stop, Some(step), dtype),
        (None, dtype) => (start, stop, None, dtype),
    };
    let (start, stop) = match (start, stop) {
        (Some(start), Some(stop)) => (start, stop),
        (Some(stop), None) | (None, Some(stop)) => (Limit::Int(0), stop),
        (None, None) => return Err(type_error("arange: missing the argument stop")),
    };
    let step = step.unwrap_or(Limit::Int(1));
    if let (Limit::Int(start), Limit::Int(stop), Limit::Int(step)) = (start, stop, step) {
        let narrow = [start, stop, step].iter().all(|&value| i32::try_from(value).is_ok());
        let dtype = dtype_or(dtype, if narrow { DType::I32 } else { DType::I64 });
        return on(stream, range_of_ints(start, stop, step, dtype));
    }
    on(stream, ops::arange(start.float(), stop.float(), step.float(), dtype_or(dtype, DType::F32)))
}

/// A range whose bounds need not be exact as doubles.
fn range_of_ints(start: i64, stop: i64, step: i64, dtype: DType) -> cotan::Result<Array> {
    let exact = [start, stop, step].iter().all(|value| value.unsigned_abs() <= EXACT);
    if exact || step == 0 {
        return ops::arange(start as f64, stop as f64, step as f64, dtype);
    }
    let (span, pace) = (i128::from(stop) - i128::from(start), i128::from(step));
    let len = (span.abs() + pace.abs() - 1) / pace.abs();
    let len = if span.signum() == pace.signum() { len } else { 0 };
    let places = ops::arange(0.0, len as f64, 1.0, DType::I64)?;
    let constant = |value: i64| Array::full(&[], Scalar::new(value));
    ops::astype(&ops::add(&ops::multiply(&places, &constant(step))?, &constant(start))?, dtype)
}

/// `num` evenly spaced values from `start` to `stop`, which is the last one if `endpoint`, else what would follow.
///
/// The bounds may be arrays with one element, which are evaluated. The type is `dtype`, float32 by default; an integer
/// type truncates. ValueError when `num` is negative.
///
/// >>> import cotan.core as mx
/// >>> mx.linspace(0, 1, 5)
/// array([0, 0.25, 0.5, 0.75, 1], dtype=float32)
#[pyfunction]
#[pyo3(
    signature = (start, stop, num = None, endpoint = true, dtype = None, stream = None),
    text_signature = "(start, stop, num=50, endpoint=True, dtype=None, stream=None)"
)]
fn linspace(
    py: Python<'_>,
    start: Elementwise,
    stop: Elementwise,
    num: Option<i64>,
    endpoint: bool,
    dtype: Option<PyDtype>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let num = count("linspace", "num", num.unwrap_or(50))?;
    let value = |bound: Elementwise| {
        if let Operand::Number(Number::Float(value)) = bound.0 {
            return Ok(value);
        }
        let array = ops::astype(&bound.array(), DType::F64)?;
        py.detach(|| array.item::<f64>())
    };
    on(stream, ops::linspace(value(start)?, value(stop)?, num, endpoint, dtype_or(dtype, DType::F32)))
}

/// Zeros in a shape (an int or a sequence of ints), float32 by default. ValueError for negative sizes.
///
/// >>> import cotan.core as mx
/// >>> mx.zeros((2, 2), mx.int8)
/// array([[0, 0],
///        [0, 0]], dtype=int8)
#[pyfunction]
#[pyo3(signature = (shape, dtype = None, *, stream = None))]
fn zeros(shape: SizesOrSize, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> PyArray {
    made_on(stream, ops::zeros(&shape.0, dtype_or(dtype, DType::F32)))
}

/// Ones in a shape (an int or a sequence of ints), float32 by default. ValueError for negative sizes.
///
/// >>> import cotan.core as mx
/// >>> mx.ones(3)
/// array([1, 1, 1], dtype=float32)
#[pyfunction]
#[pyo3(signature = (shape, dtype = None, *, stream = None))]
fn ones(shape: SizesOrSize, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> PyArray {
    made_on(stream, ops::ones(&shape.0, dtype_or(dtype, DType::F32)))
}

/// Zeros in the shape of `a`, and of its type unless `dtype` is given.
///
/// >>> import cotan.core as mx
/// >>> mx.zeros_like(mx.array([1, 2]))
/// array([0, 0], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, dtype = None, *, stream = None))]
fn zeros_like(a: ArrayArg, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> PyArray {
    made_on(stream, ops::zeros(a.0.shape(), dtype_or(dtype, a.0.dtype())))
}

/// Ones in the shape of `a`, and of its type unless `dtype` is given.
///
/// >>> import cotan.core as mx
/// >>> mx.ones_like(mx.array([1.5, 2.5]))
/// array([1, 1], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, /, dtype = None, *, stream = None))]
fn ones_like(a: ArrayArg, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> PyArray {
    made_on(stream, ops::ones(a.0.shape(), dtype_or(dtype, a.0.dtype())))
}

/// `vals`, a number or an array that broadcasts to the shape, everywhere; of its own type unless `dtype` is given.
///
/// ValueError when it doesn't broadcast, or an int doesn't fit the type.
///
/// >>> import cotan.core as mx
/// >>> mx.full((2, 2), mx.array([1, 2]))
/// array([[1, 2],
///        [1, 2]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (shape, vals, dtype = None, *, stream = None))]
fn full(shape: SizesOrSize, vals: Elementwise, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, filled(&shape.0, vals.0, dtype.map(|dtype| dtype.0)))
}

/// `vals` everywhere in the shape of `a`, in its type unless `dtype` is given. ValueError when it doesn't broadcast.
///
/// >>> import cotan.core as mx
/// >>> mx.full_like(mx.array([1, 2]), 7)
/// array([7, 7], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, vals, dtype = None, *, stream = None))]
fn full_like(a: ArrayArg, vals: Elementwise, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, filled(a.0.shape(), vals.0, Some(dtype_or(dtype, a.0.dtype()))))
}

fn filled(shape: &[usize], value: Operand, dtype: Option<DType>) -> Result<Array> {
    match (value, dtype) {
        (Operand::Number(number), dtype) => {
            let dtype = dtype.unwrap_or(number.dtype());
            // Refuses an int that the type can't hold.
            number.beside(dtype)?;
            Ok(Array::full(shape, number.scalar(dtype)))
        }
        (value, Some(dtype)) => Ok(ops::full(shape, &value.stored_in(dtype)?, None)?),
        (value, None) => Ok(ops::full(shape, &value.array(), None)?),
    }
}

/// Ones on the `k`-th diagonal of an `n` by `m` (`n` by default) matrix of zeros, float32 by default.
///
/// ValueError when a size is negative.
///
/// >>> import cotan.core as mx
/// >>> mx.eye(2, 3, k=1)
/// array([[0, 1, 0],
///        [0, 0, 1]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (n, m = None, k = 0, dtype = None, *, stream = None))]
fn eye(n: i64, m: Option<i64>, k: i64, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> Result<PyArray> {
    let (rows, columns) = (count("eye", "n", n)?, count("eye", "m", m.unwrap_or(n))?);
    on(stream, ops::eye(rows, columns, k, dtype_or(dtype, DType::F32)))
}

/// The `n` by `n` identity matrix, float32 by default. ValueError when `n` is negative.
///
/// >>> import cotan.core as mx
/// >>> mx.identity(2, mx.int32)
/// array([[1, 0],
///        [0, 1]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (n, dtype = None, *, stream = None))]
fn identity(n: i64, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::identity(count("identity", "n", n)?, dtype_or(dtype, DType::F32)))
}

/// Ones on and below the `k`-th diagonal of an `n` by `m` (`n` by default) matrix of zeros, float32 by default.
///
/// ValueError when a size is negative.
///
/// >>> import cotan.core as mx
/// >>> mx.tri(2, 3)
/// array([[1, 0, 0],
///        [1, 1, 0]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (n, m = None, k = 0, dtype = None, *, stream = None))]
fn tri(n: i64, m: Option<i64>, k: i64, dtype: Option<PyDtype>, stream: Option<StreamArg>) -> Result<PyArray> {
    let (rows, columns) = (count("tri", "n", n)?, count("tri", "m", m.unwrap_or(n))?);
    on(stream, ops::tri(rows, columns, k, dtype_or(dtype, DType::F32)))
}

/// `x` with zeros above the `k`-th diagonal of its last two axes. ValueError for fewer than two axes.
///
/// >>> import cotan.core as mx
/// >>> mx.tril(mx.array([[1, 2], [3, 4]]))
/// array([[1, 0],
///        [3, 4]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (x, k = 0, *, stream = None))]
fn tril(x: ArrayArg, k: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::tril(&x.0, k))
}

/// `x` with zeros below the `k`-th diagonal of its last two axes. ValueError for fewer than two axes.
///
/// >>> import cotan.core as mx
/// >>> mx.triu(mx.array([[1, 2], [3, 4]]))
/// array([[1, 2],
///        [0, 4]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (x, k = 0, *, stream = None))]
fn triu(x: ArrayArg, k: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::triu(&x.0, k))
}

/// The matrix with the elements of a one-dimensional array on its `k`-th diagonal, or that diagonal of a matrix.
///
/// ValueError for any other number of axes.
///
/// >>> import cotan.core as mx
/// >>> mx.diag(mx.array([1, 2]))
/// array([[1, 0],
///        [0, 2]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, k = 0, *, stream = None))]
fn diag(a: ArrayArg, k: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::diag(&a.0, k))
}

/// Coordinates over the grid that one-dimensional arrays span, as a tuple with an array per input.
///
/// With `indexing="xy"` the first input runs along the second axis, with `"ij"` along the first. With `sparse` each array
/// keeps size 1 along the axes of the others. ValueError for another `indexing` and for inputs with more axes.
///
/// >>> import cotan.core as mx
/// >>> mx.meshgrid(mx.array([1, 2]), mx.array([3, 4]))
/// (array([[1, 2],
///        [1, 2]], dtype=int32), array([[3, 3],
///        [4, 4]], dtype=int32))
#[pyfunction]
#[pyo3(
    signature = (*arrays: "_Array", sparse = None, indexing = None, stream = None) -> "tuple[array, ...]",
    text_signature = "(*arrays, sparse=False, indexing='xy', stream=None)"
)]
fn meshgrid<'py>(
    arrays: &Bound<'py, PyTuple>,
    sparse: Option<bool>,
    indexing: Option<&str>,
    stream: Option<StreamArg>,
) -> Result<Bound<'py, PyTuple>> {
    let order = match indexing.unwrap_or("xy") {
        "xy" => ops::GridOrder::Xy,
        "ij" => ops::GridOrder::Ij,
        other => return Err(value_error(format!("meshgrid: indexing is \"xy\" or \"ij\", got {other:?}"))),
    };
    let inputs = self::arrays(arrays.iter().map(Ok))?;
    let grid = super::all_on(stream, ops::meshgrid(&inputs, sparse.unwrap_or(false), order))?;
    Ok(PyTuple::new(arrays.py(), grid)?)
}

/// Declares window functions: a name, which is also that of the operation, a line.
macro_rules! windows {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// It has `M` values of float32: none when `M` is below 1, and a single 1 when it is 1.
            #[allow(non_snake_case)]
            #[pyfunction]
            #[pyo3(signature = (M, *, stream = None))]
            fn $name(M: i64, stream: Option<StreamArg>) -> Result<PyArray> {
                on(stream, ops::$name(usize::try_from(M).unwrap_or(0)))
            }
        )*

        fn register_windows(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add_functions!(module; $($name),*);
            Ok(())
        }
    };
}
windows! {
    /// The triangular window that starts and ends with zero.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.bartlett(5)
    /// array([0, 0.5, 1, 0.5, 0], dtype=float32)
    bartlett;
    /// The Blackman window: two cosine terms.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.blackman(5)[1:4]
    /// array([0.34, 1, 0.34], dtype=float32)
    blackman;
    /// The Hamming window: a raised cosine on a pedestal.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.hamming(5)
    /// array([0.08, 0.54, 1, 0.54, 0.08], dtype=float32)
    hamming;
    /// The Hann window: a raised cosine.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.hanning(5)
    /// array([0, 0.5, 1, 0.5, 0], dtype=float32)
    hanning;
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module;
        arange, linspace, zeros, ones, zeros_like, ones_like, full, full_like, eye, identity, tri, tril, triu, diag,
        meshgrid,
    );
    register_windows(module)?;
    alias(module, &[("empty", "zeros"), ("empty_like", "zeros_like")])
}
