//! Products with quantised matrices.

use cotan_kernels::DType;

use super::float::GLOBAL;
use super::matmul::{has_kernels, inputs, result_dtype};
use super::{
    QuantFormat, QuantMode, Quantized, QuantizedGather, QuantizedMatmul, check, expect_global, single_scale, values,
};
use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::elementwise::number;
use crate::ops::indexed_matmul::{index_or_all, stack};
use crate::ops::{
    astype, divide, expand_dims, expect_indices, flat, gather_mm, matmul, multiply, reshape, same_shape, squeezed,
    swapaxes, take,
};

/// Which matrices a product takes from batch axes; all in order where there is no index.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuantIndices<'a> {
    /// Of the left operand.
    pub lhs: Option<&'a Array>,
    /// Of the quantised one.
    pub rhs: Option<&'a Array>,
}

/// `x @ w^T`, or `x @ w` unless `transpose`, for a quantised `w`, in the type that `x`, the scales and the biases promote
/// to. It is computed in `float32` or wider.
///
/// # Errors
/// When the parts of `w` don't fit together or to the format, `x` is not real or has no axes, or inner sizes differ.
///
/// ```
/// use cotan::{DType, ops, ops::{QuantFormat, QuantMode}};
/// let format = QuantFormat::new(QuantMode::Affine, None, None)?;
/// let w = ops::quantize(&ops::ones(&[3, 64], DType::F32), format, None)?;
/// let y = ops::quantized_matmul(&ops::ones(&[2, 64], DType::F32), &w, true, format)?;
/// assert_eq!(y.to_vec::<f32>()?, [64.0; 6]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn quantized_matmul(x: &Array, w: &Quantized, transpose: bool, format: QuantFormat) -> Result<Array> {
    const OP: &str = "quantized_matmul";
    let dtype = result_dtype(OP, x, check(OP, w, format)?, format)?;
    if x.ndim() == 0 || w.packed.ndim() < 2 {
        let (x, w) = (tuple(x.shape()), tuple(w.packed.shape()));
        return Err(Error::value(OP, format!("needs an array with axes and a matrix, got shapes {x} and {w}")));
    }
    if !has_kernels(dtype) {
        let w = oriented(&values(w, format, None)?, transpose)?;
        return matmul(&astype(x, dtype)?, &astype(&w, dtype)?);
    }
    let (x, w) = (floating(x, dtype)?, float_parts(w, dtype)?);
    if x.ndim() > 1 {
        return Array::apply(QuantizedMatmul { format, transpose }, inputs(&x, &w));
    }
    let product = Array::apply(QuantizedMatmul { format, transpose }, inputs(&expand_dims(&x, &[0])?, &w))?;
    squeezed(&product, &[product.ndim() - 2])
}

/// Integers as floats.
fn floating(x: &Array, dtype: DType) -> Result<Array> {
    if x.dtype().is_float() { Ok(x.clone()) } else { astype(x, dtype) }
}

/// Scales and biases of which one may be integers as floats.
pub(super) fn float_parts(w: &Quantized, dtype: DType) -> Result<Quantized> {
    let Some(biases) = &w.biases else { return Ok(w.clone()) };
    let (scales, biases) = (floating(&w.scales, dtype)?, floating(biases, dtype)?);
    Ok(Quantized { packed: w.packed.clone(), scales, biases: Some(biases) })
}

/// [`gather_mm`] of `x` with quantised matrices. A global scale of `nvfp4` has an element for each of them.
///
/// # Errors
/// As [`quantized_matmul`] and [`gather_mm`].
pub fn gather_qmm(
    x: &Array,
    w: &Quantized,
    indices: QuantIndices,
    transpose: bool,
    format: QuantFormat,
    global_scale: Option<&Array>,
) -> Result<Array> {
    const OP: &str = "gather_qmm";
    if x.ndim() < 2 {
        return Err(Error::value(OP, format!("needs matrices, got shape {}", tuple(x.shape()))));
    }
    let dtype = result_dtype(OP, x, check(OP, w, format)?, format)?;
    if w.packed.ndim() < 2 {
        return Err(Error::value(OP, format!("needs quantised matrices, got shape {}", tuple(w.packed.shape()))));
    }
    let global = global_scale.map(|scale| scale_each(OP, scale, &w.packed, format)).transpose()?;
    if !has_kernels(dtype) {
        let w = oriented(&values(w, format, global.as_ref())?, transpose)?;
        return gather_mm(&astype(x, dtype)?, &astype(&w, dtype)?, indices.lhs, indices.rhs);
    }
    let (x, w) = (floating(x, dtype)?, float_parts(w, dtype)?);
    let op = QuantizedGather { format, transpose };
    let Some(global) = global else { return chosen_products(op, &x, &w, indices) };
    // A matrix has one global scale, so that its products may be scaled instead.
    let product = chosen_products(op, &astype(&x, DType::F32)?, &w, indices)?;
    let unit = divide(&global, &number(&global, GLOBAL))?;
    let scales = reshape(&unit, &w.packed.shape()[..w.packed.ndim() - 2])?;
    let scales = match indices.rhs {
        Some(rhs) => take(&flat(&scales)?, rhs, None)?,
        None => scales,
    };
    let scales = reshape(&scales, &[scales.shape(), &[1, 1]].concat())?;
    astype(&multiply(&product, &scales)?, dtype)
}

/// Products of matrices that indices choose, or of all in order.
fn chosen_products(op: QuantizedGather, x: &Array, w: &Quantized, indices: QuantIndices) -> Result<Array> {
    let (i, j) = (index_or_all(indices.lhs, x)?, index_or_all(indices.rhs, &w.packed)?);
    expect_indices("gather_qmm", &[i.clone(), j.clone()])?;
    let indices = same_shape("gather_qmm", &[i, j])?;
    let flat = |index: &Array| reshape(&astype(index, DType::I64)?, &[1, index.size()]);
    let parts = Quantized {
        packed: stack(&w.packed)?,
        scales: stack(&w.scales)?,
        biases: w.biases.as_ref().map(stack).transpose()?,
    };
    let product = op.of(&stack(x)?, &parts, &flat(&indices[0])?, &flat(&indices[1])?)?;
    reshape(&product, &[indices[0].shape(), &product.shape()[2..]].concat())
}

/// What a quantised left operand is multiplied by: quantised with these scales, or to be quantised.
fn right_operand(
    op: &'static str,
    w: &Array,
    scales: Option<&Array>,
    format: QuantFormat,
    global: Option<&Array>,
) -> Result<Quantized> {
    match (scales, w.dtype() == DType::U32) {
        (Some(scales), true) => Ok(Quantized { packed: w.clone(), scales: scales.clone(), biases: None }),
        (None, false) => super::quantize_with(w, format, global),
        (Some(_), false) | (None, true) => {
            Err(Error::value(op, "scales belong to a quantised operand: give both or neither"))
        }
    }
}

/// The values that quantisation leaves. The global scale may have an element for each matrix.
fn rounded(x: &Array, format: QuantFormat, global: Option<&Array>) -> Result<Array> {
    let rows = reshape(x, &[&vec![1; 2usize.saturating_sub(x.ndim())], x.shape()].concat())?;
    let quantized = super::quantize_with(&rows, format, global)?;
    reshape(&values(&quantized, format, global)?, x.shape())
}

/// `x @ w^T` where `x` is quantised first, and `w` too unless it comes quantised with its scales. For `nvfp4` there may be
/// a global scale of each.
///
/// # Errors
/// For the affine mode ([`Error::Runtime`]); when `x` is not floating or has no axes, `w` is not a matrix, parts don't
/// fit, or only one global scale is given.
pub fn qqmm(
    x: &Array,
    w: &Array,
    scales: Option<&Array>,
    format: QuantFormat,
    global_scales: [Option<&Array>; 2],
) -> Result<Array> {
    const OP: &str = "qqmm";
    expect_both_quantizable(OP, x, format, global_scales)?;
    if w.ndim() != 2 || x.ndim() == 0 {
        let (x, w) = (tuple(x.shape()), tuple(w.shape()));
        return Err(Error::value(OP, format!("needs an array with axes and a matrix, got shapes {x} and {w}")));
    }
    let single = |scale: Option<&Array>| scale.map(|scale| single_scale(OP, scale, format)).transpose();
    let [of_x, of_w] = [single(global_scales[0])?, single(global_scales[1])?];
    let dtype = product_dtype(x, w);
    let right = right_operand(OP, w, scales, format, of_w.as_ref())?;
    let product = quantized_matmul(&rounded(x, format, of_x.as_ref())?, &right, true, format)?;
    let Some(global) = of_w else { return astype(&product, dtype) };
    astype(&multiply(&product, &divide(&global, &number(&global, GLOBAL))?)?, dtype)
}

/// [`qqmm`] of matrices chosen from batch axes, as [`gather_mm`] chooses them. Global scales have an element for each
/// matrix of their operand.
///
/// # Errors
/// As [`qqmm`] and [`gather_mm`].
pub fn gather_qqmm(
    x: &Array,
    w: &Array,
    scales: Option<&Array>,
    indices: QuantIndices,
    format: QuantFormat,
    global_scales: [Option<&Array>; 2],
) -> Result<Array> {
    const OP: &str = "gather_qqmm";
    expect_both_quantizable(OP, x, format, global_scales)?;
    if x.ndim() < 2 || w.ndim() < 2 {
        let (x, w) = (tuple(x.shape()), tuple(w.shape()));
        return Err(Error::value(OP, format!("needs matrices, got shapes {x} and {w}")));
    }
    let each = |scale: Option<&Array>, of: &Array| scale.map(|scale| scale_each(OP, scale, of, format)).transpose();
    let [of_x, of_w] = [each(global_scales[0], x)?, each(global_scales[1], w)?];
    let right = right_operand(OP, w, scales, format, of_w.as_ref())?;
    let left = rounded(x, format, of_x.as_ref())?;
    astype(&gather_qmm(&left, &right, indices, true, format, global_scales[1])?, product_dtype(x, w))
}

fn oriented(w: &Array, transpose: bool) -> Result<Array> {
    if transpose { swapaxes(w, -1, -2) } else { Ok(w.clone()) }
}

fn product_dtype(x: &Array, w: &Array) -> DType {
    if w.dtype().is_float() { x.dtype().promote(w.dtype()) } else { x.dtype() }
}

fn expect_both_quantizable(
    op: &'static str,
    x: &Array,
    format: QuantFormat,
    global_scales: [Option<&Array>; 2],
) -> Result<()> {
    if format.mode == QuantMode::Affine {
        return Err(Error::Runtime { op, message: "the affine mode can't quantise both operands".into() });
    }
    if !x.dtype().is_float() {
        return Err(Error::DType { op, dtype: x.dtype(), expected: "a real floating type" });
    }
    if global_scales[0].is_some() != global_scales[1].is_some() {
        return Err(Error::value(op, "give the global scales of both operands or of none"));
    }
    Ok(())
}

/// Global scales, one for each matrix, with axes that broadcast to groups.
fn scale_each(op: &'static str, scale: &Array, matrices: &Array, format: QuantFormat) -> Result<Array> {
    expect_global(op, scale, format)?;
    let batch = &matrices.shape()[..matrices.ndim().saturating_sub(2)];
    if scale.shape() != batch {
        let (given, batch) = (tuple(scale.shape()), tuple(batch));
        return Err(Error::value(op, format!("global scales need the batch shape {batch}, got {given}")));
    }
    reshape(scale, &[batch, &[1, 1, 1]].concat())
}
