//! Reductions over axes.

use cotan::ops::{self, Interpolation};
use pyo3::prelude::*;

use super::{add_functions, made_on, on};
use crate::args::{Axes, axes};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::{Result, value_error};
use crate::operand::ArrayArg;

/// Declares reductions over some or all axes: a name, which is also that of the operation, a line.
macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
            /// IndexError for an axis that doesn't exist, ValueError for one that is given twice.
            #[pyfunction]
            #[pyo3(signature = (a, /, axis = None, keepdims = false, *, stream = None))]
            fn $name(a: ArrayArg, axis: Option<Axes>, keepdims: bool, stream: Option<StreamArg>) -> Result<PyArray> {
                on(stream, ops::$name(&a.0, axes(&axis), keepdims))
            }
        )*

        fn register_reductions(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add_functions!(module; $($name),*);
            Ok(())
        }
    };
}

reductions! {
    /// Whether all elements are true. True for no elements.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.all(mx.array([[1, 0], [2, 3]]), axis=1)
    /// array([False, True], dtype=bool)
    all;
    /// Whether any element is true. False for no elements.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.any(mx.array([[1, 0], [0, 0]]), axis=1)
    /// array([True, False], dtype=bool)
    any;
    /// `log(sum(exp(a)))` without overflow. Integers give float32; ValueError for no elements.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.logsumexp(mx.array([1000.0, 1000.0]))
    /// array(1000.69, dtype=float32)
    logsumexp;
    /// The largest element, NaN if any is. ValueError for no elements.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.max(mx.array([[1, 2], [4, 3]]), axis=1)
    /// array([2, 4], dtype=int32)
    max;
    /// The mean, NaN of no elements. Integers give float32; halves add up in float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.mean(mx.array([[1, 2], [3, 4]]), axis=0)
    /// array([2, 3], dtype=float32)
    mean;
    /// The middle element, or the mean of the two middle ones, NaN if any element is. Integers give float32; ValueError
    /// for no elements.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.median(mx.array([1, 5, 2, 4]))
    /// array(3, dtype=float32)
    median;
    /// The smallest element, NaN if any is. ValueError for no elements.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.min(mx.array([[1, 2], [4, 3]]), axis=0)
    /// array([1, 2], dtype=int32)
    min;
    /// The product, 1 of no elements. Small integers and bools multiply in 32 bits.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.prod(mx.array([[1, 2], [4, 3]]), axis=0)
    /// array([4, 6], dtype=int32)
    prod;
    /// The sum, 0 of no elements. Small integers and bools add up in 32 bits.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sum(mx.array([[1.0, 2.0], [3.0, 4.0]]), axis=1, keepdims=True)
    /// array([[3],
    ///        [7]], dtype=float32)
    sum;
}

/// How many elements are not zero, as int32.
///
/// `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
///
/// >>> import cotan.core as mx
/// >>> mx.count_nonzero(mx.array([[1, 0], [2, 3]]), axis=1)
/// array([1, 2], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, *, axis = None, keepdims = false, stream = None))]
fn count_nonzero(a: ArrayArg, axis: Option<Axes>, keepdims: bool, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::count_nonzero(&a.0, axes(&axis), keepdims))
}

/// The smallest and the largest element, as a tuple of two arrays. ValueError for no elements.
///
/// `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay, with size 1.
///
/// >>> import cotan.core as mx
/// >>> mx.minmax(mx.array([3, 1, 2]))
/// (array(1, dtype=int32), array(3, dtype=int32))
#[pyfunction]
#[pyo3(signature = (a, /, axis = None, keepdims = false, *, stream = None))]
fn minmax(a: ArrayArg, axis: Option<Axes>, keepdims: bool, stream: Option<StreamArg>) -> Result<(PyArray, PyArray)> {
    let (min, max) = ops::minmax(&a.0, axes(&axis), keepdims)?;
    Ok((PyArray::new(min), made_on(stream, max)))
}

/// Declares the spread of the elements around their mean.
macro_rules! spreads {
    ($($(#[$doc:meta])* $function:ident $name:literal $op:path;)*) => {
        $(
            $(#[$doc])*
            ///
            /// The divisor is the number of elements less `ddof`, of which `correction` is another name; the result is
            /// infinite where that is not positive. `axis` is an int, a tuple or list of ints, or None for all axes; with `keepdims` they stay,
            /// with size 1.
            #[pyfunction(name = $name)]
            #[pyo3(signature = (a, /, axis = None, keepdims = false, ddof = 0, *, correction = None, stream = None))]
            fn $function(
                a: ArrayArg,
                axis: Option<Axes>,
                keepdims: bool,
                ddof: i64,
                correction: Option<i64>,
                stream: Option<StreamArg>,
            ) -> Result<PyArray> {
                on(stream, $op(&a.0, axes(&axis), keepdims, correction.unwrap_or(ddof)))
            }
        )*
    };
}
spreads! {
    /// The standard deviation.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.std(mx.array([1.0, 3.0])), mx.std(mx.array([1.0, 3.0]), ddof=1)
    /// (array(1, dtype=float32), array(1.41421, dtype=float32))
    standard_deviation "std" ops::std;
    /// The variance.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.var(mx.array([1.0, 3.0])), mx.var(mx.array([1.0, 3.0]), ddof=1)
    /// (array(1, dtype=float32), array(2, dtype=float32))
    variance "var" ops::var;
}

/// Declares functions that find the position of one element.
macro_rules! positions {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// The position is along `axis`, or in the flattened array when that is None. Of equal elements the first
            /// counts, and NaN counts before all numbers. ValueError for no elements.
            #[pyfunction]
            #[pyo3(signature = (a, /, axis = None, keepdims = false, *, stream = None))]
            fn $name(a: ArrayArg, axis: Option<i64>, keepdims: bool, stream: Option<StreamArg>) -> Result<PyArray> {
                on(stream, ops::$name(&a.0, axis, keepdims))
            }
        )*
    };
}
positions! {
    /// The position of the largest element, as uint32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.argmax(mx.array([[1, 2], [4, 3]]), axis=1)
    /// array([1, 0], dtype=uint32)
    argmax;
    /// The position of the smallest element, as uint32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.argmin(mx.array([3, 1, 1]))
    /// array(1, dtype=uint32)
    argmin;
}

/// Exponentials divided by their sum over `axis`: an int, a tuple or list of ints, or None for the whole array.
///
/// Integers give float32. Sums of halves add up in float32, with or without `precise`.
///
/// >>> import cotan.core as mx
/// >>> mx.softmax(mx.array([0.0, 0.0]))
/// array([0.5, 0.5], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, /, axis = None, *, precise = false, stream = None))]
fn softmax(a: ArrayArg, axis: Option<Axes>, precise: bool, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::softmax(&a.0, axes(&axis), precise))
}

/// The sum over the `offset`-th diagonal of the matrices in axes `axis1` and `axis2`, computed in `dtype` if that is given.
///
/// IndexError for an axis that doesn't exist, ValueError for fewer than two axes.
///
/// >>> import cotan.core as mx
/// >>> mx.trace(mx.array([[1, 2], [3, 4]]))
/// array(5, dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, offset = 0, axis1 = 0, axis2 = 1, dtype = None, *, stream = None))]
fn trace(
    a: ArrayArg,
    offset: i64,
    axis1: i64,
    axis2: i64,
    dtype: Option<PyDtype>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, ops::trace(&a.0, offset, axis1, axis2, dtype.map(|dtype| dtype.0)))
}

/// The numbers that a share `q`, from 0 to 1, of the elements does not exceed, NaN if any element is.
///
/// `q` is a number, or several, which are axis 0 of the result. Between two elements `method` decides: `"linear"`, `"lower"`,
/// `"higher"`, `"midpoint"` or `"nearest"`. Integers give float32. `axis` is an int, a tuple or list of ints, or None for
/// all axes; with `keepdims` they stay, with size 1. IndexError for an axis that doesn't exist, ValueError for one that is
/// given twice, for no elements, another method, and `q` out of range.
///
/// >>> import cotan.core as mx
/// >>> mx.quantile(mx.array([3.0, 1.0, 2.0]), [0.25, 0.5])
/// array([1.5, 2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, /, q, axis = None, keepdims = false, *, method = "linear", stream = None))]
fn quantile(
    a: ArrayArg,
    q: Shares,
    axis: Option<Axes>,
    keepdims: bool,
    method: &str,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let interpolation = match method {
        "linear" => Interpolation::Linear,
        "lower" => Interpolation::Lower,
        "higher" => Interpolation::Higher,
        "midpoint" => Interpolation::Midpoint,
        "nearest" => Interpolation::Nearest,
        other => {
            let known = "\"linear\", \"lower\", \"higher\", \"midpoint\" or \"nearest\"";
            return Err(value_error(format!("quantile: method is {known}, got {other:?}")));
        }
    };
    let found = ops::quantile(&a.0, &q.values, axes(&axis), keepdims, interpolation)?;
    on(stream, if q.single { ops::squeeze(&found, Some(&[0])) } else { Ok(found) })
}

/// One number or several.
#[cfg_attr(false, python("float | Sequence[float]"))]
struct Shares {
    values: Vec<f64>,
    single: bool,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Shares {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        // An array of one number would pass for a number.
        match object.len() {
            Ok(_) => Ok(Shares { values: object.extract()?, single: false }),
            Err(_) => Ok(Shares { values: vec![object.extract()?], single: true }),
        }
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    register_reductions(module)?;
    add_functions!(module; count_nonzero, quantile, minmax, standard_deviation, variance, argmax, argmin, softmax, trace);
    Ok(())
}
