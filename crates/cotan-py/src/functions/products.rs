//! Products of vectors, matrices and tensors.

use cotan::ops;
use pyo3::prelude::*;

use super::{add_functions, on};
use crate::args::Axes;
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Result, type_error};
use crate::operand::ArrayArg;

/// The matrix product over the last axis of `a` and the second to last of `b`; the axes before those broadcast.
///
/// An array with one axis is a row on the left, a column on the right, and that axis is not in the result. Types
/// promote; integer products are exact but wrap. ValueError for arrays without axes and sizes that don't fit.
///
/// >>> import cotan.core as mx
/// >>> mx.matmul(mx.array([[1.0, 2.0], [3.0, 4.0]]), mx.array([1.0, -1.0]))
/// array([-1, -1], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, b, /, *, stream = None))]
fn matmul(a: ArrayArg, b: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::matmul(&a.0, &b.0))
}

/// `alpha * (a @ b) + beta * c`, where `c` broadcasts to the product. ValueError when shapes don't fit.
///
/// >>> import cotan.core as mx
/// >>> mx.addmm(mx.array([1.0]), mx.ones((2, 3)), mx.ones((3, 2)), alpha=2.0)
/// array([[7, 7],
///        [7, 7]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (c, a, b, /, alpha = 1.0, beta = 1.0, *, stream = None))]
fn addmm(c: ArrayArg, a: ArrayArg, b: ArrayArg, alpha: f64, beta: f64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::addmm(&c.0, &a.0, &b.0, alpha, beta))
}

/// Sums of products over the last axes of both; the plain product when one has no axes.
///
/// ValueError when the last axes differ in size.
///
/// >>> import cotan.core as mx
/// >>> mx.inner(mx.array([1, 2]), mx.array([3, 4]))
/// array(11, dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, b, /, *, stream = None))]
fn inner(a: ArrayArg, b: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::inner(&a.0, &b.0))
}

/// The product of every element of `a` with every element of `b`, as a matrix.
///
/// >>> import cotan.core as mx
/// >>> mx.outer(mx.array([1, 2]), mx.array([3, 4]))
/// array([[3, 4],
///        [6, 8]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, b, /, *, stream = None))]
fn outer(a: ArrayArg, b: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::outer(&a.0, &b.0))
}

/// The Kronecker product: `a` with each element replaced by its product with `b`.
///
/// >>> import cotan.core as mx
/// >>> mx.kron(mx.array([1, 10]), mx.array([1, 2]))
/// array([1, 2, 10, 20], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, b, *, stream = None))]
fn kron(a: ArrayArg, b: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::kron(&a.0, &b.0))
}

/// Which axes are summed over.
#[cfg_attr(false, python("int | Sequence[_Axes]"))]
enum Summed {
    Count(i64),
    Pairs(Vec<i64>, Vec<i64>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Summed {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(count) = object.extract::<i64>() {
            return Ok(Summed::Count(count));
        }
        let sides: Option<Vec<Axes>> =
            object.try_iter().ok().and_then(|items| items.map(|item| item?.extract()).collect::<PyResult<_>>().ok());
        match sides.map(<[Axes; 2]>::try_from) {
            Some(Ok([a, b])) => Ok(Summed::Pairs(a.0, b.0)),
            Some(Err(_)) | None => {
                let message = "tensordot: axes is a number of axes, or a list of those of a and a list of those of b";
                Err(type_error(message).into())
            }
        }
    }
}

/// Sums of products over axes of `a` and axes of `b`; the result has the other axes of `a`, then those of `b`.
///
/// `axes` is how many: the last ones of `a` with the first ones of `b`; or a list of two lists, the axes of `a` and of
/// `b` in pairs. IndexError for an axis that doesn't exist, ValueError when paired axes differ in size.
///
/// >>> import cotan.core as mx
/// >>> mx.tensordot(mx.ones((2, 3, 4)), mx.ones((3, 4, 5)), axes=2).shape
/// (2, 5)
#[pyfunction]
#[pyo3(
    signature = (a, b, /, axes = Summed::Count(2), *, stream = None),
    text_signature = "(a, b, /, axes=2, *, stream=None)"
)]
fn tensordot(a: ArrayArg, b: ArrayArg, axes: Summed, stream: Option<StreamArg>) -> Result<PyArray> {
    match axes {
        Summed::Count(count) => on(stream, ops::tensordot_count(&a.0, &b.0, count)),
        Summed::Pairs(of_a, of_b) => on(stream, ops::tensordot(&a.0, &b.0, &of_a, &of_b)),
    }
}

/// Sums of products along an axis of both, the elements of `a` conjugated; the other axes broadcast.
///
/// IndexError for an axis that doesn't exist, ValueError when the axes differ in size.
///
/// >>> import cotan.core as mx
/// >>> mx.vecdot(mx.array([1, 2]), mx.array([3, 4]))
/// array(11, dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, b, /, *, axis = -1, stream = None), text_signature = "(a, b, /, *, axis=-1, stream=None)")]
fn vecdot(a: ArrayArg, b: ArrayArg, axis: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::vecdot(&a.0, &b.0, axis))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; matmul, addmm, inner, outer, kron, tensordot, vecdot);
    Ok(())
}
