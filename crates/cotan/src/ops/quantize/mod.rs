//! Quantised matrices: codes of few bits with a scale for every group of elements in a row.

mod affine;
mod encode;
mod float;
mod format;
mod gather;
mod matmul;
mod pack;
mod products;

pub use encode::{Dequantize, Quantize};
pub use format::{QuantFormat, QuantMode};
pub use gather::QuantizedGather;
pub use matmul::QuantizedMatmul;
pub use pack::{PackBits, UnpackBits};
pub use products::{QuantIndices, gather_qmm, gather_qqmm, qqmm, quantized_matmul};

use cotan_kernels::DType;
use smallvec::smallvec;

use super::{astype, reshape};
use crate::array::Array;
use crate::error::{Error, Result, tuple};

const OP: &str = "quantize";

/// A matrix in a quantised format.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// The codes: words of `uint32`.
    pub packed: Array,
    /// A scale for every group.
    pub scales: Array,
    /// A bias for every group of an affine format.
    pub biases: Option<Array>,
}

/// Quantises the rows of `w`.
///
/// Element `i` of a row of codes lies in the bits from `i * bits` on of its words, read as one little-endian string. In
/// the affine mode the end of each group with the larger magnitude is exact. `global_scale`, a single `float32` of
/// `nvfp4`, is the magnitude that the largest code with the largest scale stands for.
///
/// # Errors
/// When `w` is not floating, has fewer than two axes, or its last axis is not a multiple of the group size; for a global
/// scale of another mode, type or shape.
///
/// ```
/// use cotan::{ops, ops::{QuantFormat, QuantMode}, DType};
/// let format = QuantFormat::new(QuantMode::Affine, None, None)?;
/// let q = ops::quantize(&ops::ones(&[4, 256], DType::F32), format, None)?;
/// assert_eq!((q.packed.shape(), q.scales.shape()), (&[4usize, 32][..], &[4usize, 4][..]));
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn quantize(w: &Array, format: QuantFormat, global_scale: Option<&Array>) -> Result<Quantized> {
    let global = global_scale.map(|scale| single_scale(OP, scale, format)).transpose()?;
    quantize_with(w, format, global.as_ref())
}

/// [`quantize`] with a global scale that broadcasts to groups.
fn quantize_with(w: &Array, format: QuantFormat, global: Option<&Array>) -> Result<Quantized> {
    expect_rows(w, format)?;
    let single = global.is_none_or(|global| global.ndim() == 0);
    if single && matmul::has_kernels(w.dtype()) {
        let inputs = std::iter::once(w).chain(global).cloned().collect();
        let mut parts = Array::apply_all(Quantize { format }, inputs)?.into_iter();
        let mut next = || parts.next().expect("words and scales");
        return Ok(Quantized { packed: next(), scales: next(), biases: parts.next() });
    }
    let (codes, scales, biases) = compose(w, format, global)?;
    let packed = Array::apply(PackBits { bits: format.bits }, smallvec![reshape(&codes, w.shape())?])?;
    Ok(Quantized { packed, scales, biases })
}

/// Refuses what can't be quantised.
fn expect_rows(w: &Array, format: QuantFormat) -> Result<()> {
    if !w.dtype().is_float() {
        return Err(Error::DType { op: OP, dtype: w.dtype(), expected: "a real floating type" });
    }
    let columns = w.shape().last().copied().unwrap_or(0);
    if w.ndim() < 2 || columns % format.group_size != 0 {
        let (shape, group) = (tuple(w.shape()), format.group_size);
        let message = format!("needs a matrix with rows of a multiple of {group} elements, got shape {shape}");
        return Err(Error::value(OP, message));
    }
    Ok(())
}

/// Codes in their groups, scales and biases, composed of operations.
fn compose(w: &Array, format: QuantFormat, global: Option<&Array>) -> Result<(Array, Array, Option<Array>)> {
    let columns = w.shape()[w.ndim() - 1];
    let groups = split_groups(&astype(w, wide(w.dtype()))?, format.group_size)?;
    let (codes, scales, biases) = match format.mode {
        QuantMode::Affine => affine::quantize(&groups, format.bits)?,
        QuantMode::Mxfp4 | QuantMode::Mxfp8 | QuantMode::Nvfp4 => {
            let (codes, scales) = float::quantize(&groups, format.mode, global)?;
            (codes, scales, None)
        }
    };
    let of_groups = |x: Array| {
        let shape = [&w.shape()[..w.ndim() - 1], &[columns / format.group_size]].concat();
        astype(&reshape(&x, &shape)?, format.scale_dtype().unwrap_or(w.dtype()))
    };
    Ok((codes, of_groups(scales)?, biases.map(of_groups).transpose()?))
}

/// The values of a quantised matrix, in `dtype`: by default that of the scales and biases, or `bfloat16` for float modes.
///
/// # Errors
/// When the parts don't fit together or to the format, or `dtype` is not floating.
pub fn dequantize(
    w: &Quantized,
    format: QuantFormat,
    global_scale: Option<&Array>,
    dtype: Option<DType>,
) -> Result<Array> {
    const OP: &str = "dequantize";
    let own = check(OP, w, format)?;
    if w.packed.ndim() < 2 {
        return Err(Error::value(OP, format!("needs a matrix, got shape {}", tuple(w.packed.shape()))));
    }
    let dtype = dtype.unwrap_or(own);
    if !dtype.is_float() {
        return Err(Error::DType { op: OP, dtype, expected: "a real floating type" });
    }
    let global = global_scale.map(|scale| single_scale(OP, scale, format)).transpose()?;
    if global.is_some() {
        return astype(&values(w, format, global.as_ref())?, dtype);
    }
    if matmul::has_kernels(dtype) && matmul::has_kernels(own) {
        return Dequantize { format, dtype }.of(&products::float_parts(w, own)?);
    }
    astype(&values(w, format, None)?, dtype)
}

/// The values in single precision or wider, of parts that have been checked; the global scale broadcasts to groups.
fn values(w: &Quantized, format: QuantFormat, global: Option<&Array>) -> Result<Array> {
    let narrow = |part: &Array| matmul::has_kernels(part.dtype());
    if global.is_none() && w.biases.as_ref().is_none_or(|biases| narrow(biases) && narrow(&w.scales)) {
        return Dequantize { format, dtype: DType::F32 }.of(w);
    }
    let codes = Array::apply(UnpackBits { bits: format.bits }, smallvec![w.packed.clone()])?;
    let shape = codes.shape().to_vec();
    let codes = split_groups(&codes, format.group_size)?;
    let of_groups = |x: &Array| reshape(x, &[x.shape(), &[1]].concat());
    let groups = match (format.mode, &w.biases) {
        (QuantMode::Affine, Some(biases)) => affine::values(&codes, &of_groups(&w.scales)?, &of_groups(biases)?)?,
        (mode, _) => float::values(&codes, &of_groups(&w.scales)?, mode, global)?,
    };
    reshape(&groups, &shape)
}

/// The type of values when none is asked for, once the parts have been checked.
fn check(op: &'static str, w: &Quantized, format: QuantFormat) -> Result<DType> {
    let fail = |message: String| Err(Error::value(op, message));
    if w.packed.dtype() != DType::U32 {
        return Err(Error::DType { op, dtype: w.packed.dtype(), expected: "codes in words of uint32" });
    }
    let Some((&words, rows)) = w.packed.shape().split_last() else {
        return fail("needs a matrix, got an array without axes".into());
    };
    let (bits, group) = (format.bits, format.group_size);
    // Bits that can't be counted are those of no elements: one of the rows' axes is empty.
    let whole = words.checked_mul(32).filter(|all| all % (bits * group) == 0);
    let expected = whole.map(|all| [rows, &[all / bits / group]].concat());
    for (name, part) in [("scales", Some(&w.scales)), ("biases", w.biases.as_ref())] {
        if let Some(part) = part.filter(|part| expected.as_deref() != Some(part.shape())) {
            let (packed, given) = (tuple(w.packed.shape()), tuple(part.shape()));
            let format = format!("groups of {group} codes of {bits} bits");
            return fail(format!("{name} of shape {given} don't fit words of shape {packed} with {format}"));
        }
    }
    match (format.scale_dtype(), &w.biases) {
        (None, None) => fail("the affine mode needs biases".into()),
        (Some(_), Some(_)) => fail(format!("{} has no biases", format.mode.name())),
        (Some(dtype), None) if w.scales.dtype() != dtype => {
            Err(Error::DType { op, dtype: w.scales.dtype(), expected: "scales of uint8" })
        }
        (Some(_), None) => Ok(DType::Bf16),
        (None, Some(biases)) => {
            let dtype = w.scales.dtype().promote(biases.dtype());
            if dtype.is_float() {
                return Ok(dtype);
            }
            Err(Error::DType { op, dtype, expected: "scales and biases of a real floating type" })
        }
    }
}

/// A global scale for a whole matrix.
fn single_scale(op: &'static str, scale: &Array, format: QuantFormat) -> Result<Array> {
    expect_global(op, scale, format)?;
    if scale.size() != 1 {
        return Err(Error::value(op, format!("a global scale is one number, got shape {}", tuple(scale.shape()))));
    }
    reshape(scale, &[])
}

fn expect_global(op: &'static str, scale: &Array, format: QuantFormat) -> Result<()> {
    if format.mode != QuantMode::Nvfp4 {
        return Err(Error::value(op, format!("only nvfp4 has a global scale, the mode is {}", format.mode.name())));
    }
    if scale.dtype() != DType::F32 {
        return Err(Error::DType { op, dtype: scale.dtype(), expected: "a global scale of float32" });
    }
    Ok(())
}

/// The last axis as groups.
fn split_groups(x: &Array, group: usize) -> Result<Array> {
    let (&columns, rows) = x.shape().split_last().expect("a matrix has axes");
    reshape(x, &[rows, &[columns / group, group]].concat())
}

/// The type to compute in.
fn wide(dtype: DType) -> DType {
    if dtype == DType::F64 { DType::F64 } else { DType::F32 }
}
