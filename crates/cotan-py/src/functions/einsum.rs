//! Index sums.

use cotan::ops;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::arguments::arrays;
use super::{add_functions, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::Result;

/// Sums of products of elements, over the indices that the result doesn't have, in Einstein's notation.
///
/// `subscripts` has a letter for every axis of every operand, the operands parted by commas, then `->` and the letters
/// of the result. Without the arrow the result has the letters that stand once, in order, capitals first. A letter that
/// repeats at one operand runs over its diagonal; `...` stands for further axes, which broadcast; blanks don't matter.
///
/// Types promote; where something is summed, bools and small integers add up in 32 bits. The operands are multiplied in
/// the order of `einsum_path`. ValueError when the subscripts are malformed or don't fit the operands.
///
/// >>> import cotan.core as mx
/// >>> a = mx.array([[1, 2], [3, 4]])
/// >>> mx.einsum("ij,jk", a, a)
/// array([[7, 10],
///        [15, 22]], dtype=int32)
/// >>> mx.einsum("ii->i", a)
/// array([1, 4], dtype=int32)
#[pyfunction]
#[pyo3(signature = (subscripts, *operands: "_Array", stream = None))]
fn einsum(subscripts: &str, operands: &Bound<'_, PyTuple>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::einsum(subscripts, &arrays(operands.iter().map(Ok))?))
}

/// The order in which `einsum` multiplies its operands: a list of steps and a text that says what the order saves.
///
/// A step is a tuple of places in the list of operands. These leave the list, and their product joins its end. Each step
/// takes the pair that frees most elements, unless the cheapest order of up to eight operands costs less than half.
/// ValueError as for `einsum`.
///
/// >>> import cotan.core as mx
/// >>> mx.einsum_path("ij,jk,kl->il", mx.ones((2, 3)), mx.ones((3, 4)), mx.ones((4, 5)))[0]
/// [(1, 2), (0, 1)]
#[pyfunction]
#[pyo3(signature = (subscripts, *operands: "_Array"))]
fn einsum_path<'py>(
    py: Python<'py>,
    subscripts: &str,
    operands: &Bound<'py, PyTuple>,
) -> Result<(Bound<'py, PyList>, String)> {
    let path = ops::einsum_path(subscripts, &arrays(operands.iter().map(Ok))?)?;
    let steps = path.steps.iter().map(|step| PyTuple::new(py, step)).collect::<PyResult<Vec<_>>>()?;
    Ok((PyList::new(py, steps)?, path.to_string()))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; einsum, einsum_path);
    Ok(())
}
