//! Quantised matrices and products with them.

use cotan::ops::{self, QuantFormat, QuantIndices, QuantMode, Quantized};
use cotan::{Array, DType};
use pyo3::prelude::*;

use super::{add_functions, all_on, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::Result;
use crate::operand::ArrayArg;

fn optional(array: &Option<ArrayArg>) -> Option<&Array> {
    array.as_ref().map(|array| &array.0)
}

fn format(mode: &str, group_size: Option<i64>, bits: Option<i64>) -> Result<QuantFormat> {
    Ok(QuantFormat::new(QuantMode::named(mode)?, group_size, bits)?)
}

fn quantized(packed: ArrayArg, scales: ArrayArg, biases: Option<ArrayArg>) -> Quantized {
    Quantized { packed: packed.0, scales: scales.0, biases: biases.map(|biases| biases.0) }
}

/// Codes of few bits for the elements of `w`, with a scale for every group of `group_size` in a row.
///
/// Returns a list: the codes, packed in words of uint32 as one little-endian string of bits a row; the scales; and for mode
/// "affine" the biases. An element is about scale * code + bias, with groups of 32, 64 (default) or 128 and 1, 2, 3, 4
/// (default), 5, 6 or 8 bits. The codes of the other modes are floats times a scale: "mxfp4" and "mxfp8" have groups of 32 and
/// powers of two as scales, "nvfp4" has groups of 16 and 8-bit floats, and may have a `global_scale` of float32.
///
/// ValueError when `w` is not floating, has fewer than two axes or rows of no multiple of the group size, and for sizes
/// that a mode doesn't have.
///
/// >>> import cotan.core as mx
/// >>> mx.quantize(mx.arange(32.0).reshape(1, 32), group_size=32, bits=2)
/// [array([[2863312895, 349525]], dtype=uint32), array([[-10.3333]], dtype=float32), array([[31]], dtype=float32)]
#[pyfunction]
#[pyo3(signature = (w, /, group_size = None, bits = None, mode = "affine", *, global_scale = None, stream = None))]
fn quantize(
    w: ArrayArg,
    group_size: Option<i64>,
    bits: Option<i64>,
    mode: &str,
    global_scale: Option<ArrayArg>,
    stream: Option<StreamArg>,
) -> Result<Vec<PyArray>> {
    let result = ops::quantize(&w.0, format(mode, group_size, bits)?, optional(&global_scale));
    all_on(stream, result.map(|w| [Some(w.packed), Some(w.scales), w.biases].into_iter().flatten()))
}

/// The values of a quantised matrix: the inverse of `quantize`, but for its rounding.
///
/// They have the type `dtype`, by default that of the scales and biases, or bfloat16 for modes other than "affine".
/// ValueError when the parts don't fit together or to the mode.
///
/// >>> import cotan.core as mx
/// >>> w = mx.arange(32.0).reshape(1, 32)
/// >>> mx.dequantize(*mx.quantize(w, 32, 8), 32, 8)[0, ::8]
/// array([0, 8.02353, 16.0471, 23.949], dtype=float32)
#[pyfunction]
#[pyo3(signature = (
    w, /, scales, biases = None, group_size = None, bits = None, mode = "affine", global_scale = None, dtype = None, *,
    stream = None,
))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn dequantize(
    w: ArrayArg,
    scales: ArrayArg,
    biases: Option<ArrayArg>,
    group_size: Option<i64>,
    bits: Option<i64>,
    mode: &str,
    global_scale: Option<ArrayArg>,
    dtype: Option<PyDtype>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let dtype: Option<DType> = dtype.map(|dtype| dtype.0);
    let w = quantized(w, scales, biases);
    on(stream, ops::dequantize(&w, format(mode, group_size, bits)?, optional(&global_scale), dtype))
}

/// `x @ w.T`, or `x @ w` unless `transpose`, for a quantised `w`; the axes before the last two broadcast.
///
/// The result has the type that x, the scales and the biases promote to. It can be differentiated by these, but not by the
/// codes (RuntimeError). ValueError when the parts don't fit together or to the mode.
///
/// >>> import cotan.core as mx
/// >>> w = mx.quantize(mx.ones((8, 64)))
/// >>> mx.quantized_matmul(mx.ones((2, 64)), *w).shape
/// (2, 8)
#[pyfunction]
#[pyo3(signature = (
    x, w, /, scales, biases = None, transpose = true, group_size = None, bits = None, mode = "affine", *, stream = None,
))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn quantized_matmul(
    x: ArrayArg,
    w: ArrayArg,
    scales: ArrayArg,
    biases: Option<ArrayArg>,
    transpose: bool,
    group_size: Option<i64>,
    bits: Option<i64>,
    mode: &str,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let format = format(mode, group_size, bits)?;
    on(stream, ops::quantized_matmul(&x.0, &quantized(w, scales, biases), transpose, format))
}

/// `gather_mm` with quantised matrices: products of matrices that indices choose out of the batch axes of `x` and `w`.
///
/// A `global_scale` of mode "nvfp4" has an element for every matrix of `w`. `sorted_indices` promises sorted indices, and
/// changes no result. Errors as of `quantized_matmul` and `gather_mm`.
///
/// >>> import cotan.core as mx
/// >>> experts = mx.quantize(mx.ones((4, 8, 64)))
/// >>> mx.gather_qmm(mx.ones((3, 1, 64)), *experts, rhs_indices=mx.array([0, 3, 3])).shape
/// (3, 1, 8)
#[pyfunction]
#[pyo3(signature = (
    x, w, /, scales, biases = None, lhs_indices = None, rhs_indices = None, transpose = true, group_size = None,
    bits = None, mode = "affine", global_scale = None, *, sorted_indices = false, stream = None,
))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn gather_qmm(
    x: ArrayArg,
    w: ArrayArg,
    scales: ArrayArg,
    biases: Option<ArrayArg>,
    lhs_indices: Option<ArrayArg>,
    rhs_indices: Option<ArrayArg>,
    transpose: bool,
    group_size: Option<i64>,
    bits: Option<i64>,
    mode: &str,
    global_scale: Option<ArrayArg>,
    sorted_indices: bool,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    // Runs of equal indices are found in any case.
    let _ = sorted_indices;
    let indices = QuantIndices { lhs: optional(&lhs_indices), rhs: optional(&rhs_indices) };
    let format = format(mode, group_size, bits)?;
    let w = quantized(w, scales, biases);
    on(stream, ops::gather_qmm(&x.0, &w, indices, transpose, format, optional(&global_scale)))
}

/// `x @ w.T` where `x` is quantised first, and `w` too unless it comes quantised, with its scales.
///
/// The modes are those of `quantize` but "affine", which is a RuntimeError. `w` is a matrix. Mode "nvfp4" takes global
/// scales, of both operands or of none. It can't be differentiated (RuntimeError). ValueError when shapes don't fit.
///
/// >>> import cotan.core as mx
/// >>> mx.qqmm(mx.ones((2, 64)), mx.ones((8, 64)), mode="mxfp8")[0, 0]
/// array(64, dtype=float32)
#[pyfunction]
#[pyo3(signature = (
    x, w, scales = None, group_size = None, bits = None, mode = "nvfp4", global_scale_x = None, global_scale_w = None, *,
    stream = None,
))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn qqmm(
    x: ArrayArg,
    w: ArrayArg,
    scales: Option<ArrayArg>,
    group_size: Option<i64>,
    bits: Option<i64>,
    mode: &str,
    global_scale_x: Option<ArrayArg>,
    global_scale_w: Option<ArrayArg>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let global = [optional(&global_scale_x), optional(&global_scale_w)];
    on(stream, ops::qqmm(&x.0, &w.0, optional(&scales), format(mode, group_size, bits)?, global))
}

/// `qqmm` of matrices that indices choose out of the batch axes of `x` and `w`, as `gather_mm` does.
///
/// Global scales have an element for every matrix of their operand. Errors as of `qqmm` and `gather_mm`.
///
/// >>> import cotan.core as mx
/// >>> mx.gather_qqmm(mx.ones((3, 1, 64)), mx.ones((4, 8, 64)), rhs_indices=mx.array([0, 3, 3])).shape
/// (3, 1, 8)
#[pyfunction]
#[pyo3(signature = (
    x, w, /, scales = None, lhs_indices = None, rhs_indices = None, group_size = None, bits = None, mode = "nvfp4",
    global_scale_x = None, global_scale_w = None, *, sorted_indices = false, stream = None,
))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn gather_qqmm(
    x: ArrayArg,
    w: ArrayArg,
    scales: Option<ArrayArg>,
    lhs_indices: Option<ArrayArg>,
    rhs_indices: Option<ArrayArg>,
    group_size: Option<i64>,
    bits: Option<i64>,
    mode: &str,
    global_scale_x: Option<ArrayArg>,
    global_scale_w: Option<ArrayArg>,
    sorted_indices: bool,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    // Runs of equal indices are found in any case.
    let _ = sorted_indices;
    let indices = QuantIndices { lhs: optional(&lhs_indices), rhs: optional(&rhs_indices) };
    let global = [optional(&global_scale_x), optional(&global_scale_w)];
    let format = format(mode, group_size, bits)?;
    on(stream, ops::gather_qqmm(&x.0, &w.0, optional(&scales), indices, format, global))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; quantize, dequantize, quantized_matmul, gather_qmm, qqmm, gather_qqmm);
    Ok(())
}
