//! Products of chosen matrices, of parts of matrices, and with Hadamard matrices.

use cotan::ops::{self, BlockMasks};
use pyo3::prelude::*;

use super::{add_functions, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Result, value_error};
use crate::operand::ArrayArg;

/// Products of matrices that indices choose out of the batch axes of `a` and `b`, numbered in row-major order.
///
/// The indices broadcast together, and the result has their shape, then that of a product. Without indices the matrices
/// of an operand are taken in order. Products in a row that share their right factor are computed as one, so sorted
/// indices are fast; `sorted_indices` promises them, and changes no result.
///
/// ValueError when sizes don't fit or indices are not integers, IndexError for an index out of range when evaluated.
///
/// >>> import cotan.core as mx
/// >>> a, b = mx.ones((5, 2, 3)), mx.ones((4, 3, 6))
/// >>> mx.gather_mm(a, b, lhs_indices=mx.array([0, 4, 1]), rhs_indices=mx.array([3, 3, 0])).shape
/// (3, 2, 6)
#[pyfunction]
#[pyo3(signature = (a, b, /, lhs_indices = None, rhs_indices = None, *, sorted_indices = false, stream = None))]
fn gather_mm(
    a: ArrayArg,
    b: ArrayArg,
    lhs_indices: Option<ArrayArg>,
    rhs_indices: Option<ArrayArg>,
    sorted_indices: bool,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    // Runs of equal indices are found in any case.
    let _ = sorted_indices;
    let [lhs, rhs] = [&lhs_indices, &rhs_indices].map(|index| index.as_ref().map(|index| &index.0));
    on(stream, ops::gather_mm(&a.0, &b.0, lhs, rhs))
}

/// Products over segments of the inner axis: `a[:, start:stop] @ b[start:stop]` for every pair in `segments`.
///
/// `a` is a matrix of (M, K), `b` of (K, N), `segments` are integers of shape (..., 2); the result has shape (..., M, N).
/// ValueError when shapes don't fit; IndexError for bounds outside of the inner axis, and RuntimeError for a segment that
/// ends before it starts, when evaluated.
///
/// >>> import cotan.core as mx
/// >>> mx.segmented_mm(mx.ones((1, 10)), mx.ones((10, 1)), mx.array([[0, 4], [4, 10]])).reshape(-1)
/// array([4, 6], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, b, /, segments, *, stream = None))]
fn segmented_mm(a: ArrayArg, b: ArrayArg, segments: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::segmented_mm(&a.0, &b.0, &segments.0))
}

/// The matrix product with masks over square blocks of the result, of `a` and of `b`.
///
/// A mask has an element for every block of `block_size` rows and columns, the last ones possibly cut, after axes that
/// broadcast. Where one of bools is False the block is zero; other masks multiply. ValueError when a mask doesn't fit or
/// the block size is not positive.
///
/// >>> import cotan.core as mx
/// >>> a = mx.ones((4, 4))
/// >>> mx.block_masked_mm(a, a, 2, mask_out=mx.array([[True, False], [False, True]]))
/// array([[4, 4, 0, 0],
///        [4, 4, 0, 0],
///        [0, 0, 4, 4],
///        [0, 0, 4, 4]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, b, /, block_size = 64, mask_out = None, mask_lhs = None, mask_rhs = None, *, stream = None))]
fn block_masked_mm(
    a: ArrayArg,
    b: ArrayArg,
    block_size: i64,
    mask_out: Option<ArrayArg>,
    mask_lhs: Option<ArrayArg>,
    mask_rhs: Option<ArrayArg>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let Ok(block_size) = usize::try_from(block_size) else {
        return Err(value_error(format!("block_masked_mm: block_size must be positive, got {block_size}")));
    };
    let [out, lhs, rhs] = [&mask_out, &mask_lhs, &mask_rhs].map(|mask| mask.as_ref().map(|mask| &mask.0));
    on(stream, ops::block_masked_mm(&a.0, &b.0, block_size, BlockMasks { out, lhs, rhs }))
}

/// The last axis times a Hadamard matrix of its size n, times `scale`, 1 / sqrt(n) by default.
///
/// n is a power of two times 1, 12, 20 or 28, else ValueError; the array must not be empty. Integers give float32.
///
/// >>> import cotan.core as mx
/// >>> mx.hadamard_transform(mx.array([1.0, 2.0, 3.0, 4.0]))
/// array([5, -1, -2, 0], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, scale = None, stream = None))]
fn hadamard_transform(a: ArrayArg, scale: Option<f64>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::hadamard_transform(&a.0, scale))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; gather_mm, segmented_mm, block_masked_mm, hadamard_transform);
    Ok(())
}
