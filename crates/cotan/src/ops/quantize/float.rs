//! Codes that are floats of four or eight bits.

use cotan_kernels::DType;

use super::QuantMode;
use crate::array::Array;
use crate::error::Result;
use crate::ops::elementwise::number;
use crate::ops::{abs, add, astype, bitwise_and, bitwise_or, ceil, clip, divide, equal, from_fp8, greater, left_shift};
use crate::ops::{less, log2, logical_and, max, multiply, to_fp8, view, where_, zeros_like};

/// The largest E2M1 and E4M3 magnitudes.
const LARGEST: [f64; 2] = [6.0, 448.0];
/// What a global scale is divided by: the magnitude of the largest code with the largest scale.
pub(super) const GLOBAL: f64 = LARGEST[0] * LARGEST[1];
/// The exponent bias of E8M0.
const BIAS: f64 = 127.0;
/// Half way between E2M1 magnitudes.
const HALF_WAYS: [f64; 7] = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0];

fn is_wide(mode: QuantMode) -> bool {
    mode == QuantMode::Mxfp8
}

/// Codes and a scale for every group; both keep the axes of the groups.
pub(super) fn quantize(groups: &Array, mode: QuantMode, global: Option<&Array>) -> Result<(Array, Array)> {
    let most = max(&abs(groups)?, Some(&[-1]), true)?;
    let largest = LARGEST[usize::from(is_wide(mode))];
    let scales = match (mode, global) {
        (QuantMode::Nvfp4, Some(global)) => {
            let unit = divide(&number(&most, LARGEST[1]), &astype(global, most.dtype())?)?;
            to_fp8(&multiply(&most, &unit)?)?
        }
        (QuantMode::Nvfp4, None) => to_fp8(&divide(&most, &number(&most, largest))?)?,
        _ => exponents(&divide(&most, &number(&most, largest))?)?,
    };
    let factors = astype(&decode_scales(&scales, mode, global)?, groups.dtype())?;
    // A group of zeros, or of what is too small for a scale, has only zeros.
    let nothing = equal(&factors, &zeros_like(&factors))?;
    let scaled = divide(groups, &where_(&nothing, &number(&factors, 1.0), &factors)?)?;
    let scaled = where_(&nothing, &zeros_like(&scaled), &scaled)?;
    Ok((if is_wide(mode) { to_fp8(&scaled)? } else { to_fp4(&scaled)? }, scales))
}

/// The E8M0 codes of the smallest powers of two that are not below some numbers; 1 for 0.
fn exponents(x: &Array) -> Result<Array> {
    let powers = add(&ceil(&log2(x)?)?, &number(x, BIAS))?;
    let codes = clip(&powers, Some(&number(x, 0.0)), Some(&number(x, 254.0)))?;
    let codes = where_(&equal(x, &number(x, 0.0))?, &number(x, BIAS), &codes)?;
    astype(&codes, DType::U8)
}

/// E2M1 codes: the nearest magnitude, the smaller of two. What rounds to zero has no sign.
fn to_fp4(x: &Array) -> Result<Array> {
    let magnitude = abs(x)?;
    let mut codes = Array::scalar(0u8);
    for half_way in HALF_WAYS {
        codes = add(&codes, &astype(&greater(&magnitude, &number(x, half_way))?, DType::U8)?)?;
    }
    let negative = logical_and(&less(x, &number(x, 0.0))?, &greater(&codes, &Array::scalar(0u8))?)?;
    bitwise_or(&codes, &where_(&negative, &Array::scalar(8u8), &Array::scalar(0u8))?)
}

/// The values of E2M1 codes in `float32`: those of E4M3 codes with the same bits, whose exponent bias is 6 more.
fn from_fp4(codes: &Array) -> Result<Array> {
    let shifted = |mask: u8, by: u8| left_shift(&bitwise_and(codes, &Array::scalar(mask))?, &Array::scalar(by));
    let wide = from_fp8(&bitwise_or(&shifted(7, 2)?, &shifted(8, 4)?)?, DType::F32)?;
    multiply(&wide, &Array::scalar(64.0f32))
}

/// What scales stand for, in `float32`.
fn decode_scales(scales: &Array, mode: QuantMode, global: Option<&Array>) -> Result<Array> {
    if mode == QuantMode::Nvfp4 {
        let values = from_fp8(scales, DType::F32)?;
        let Some(global) = global else { return Ok(values) };
        let unit = divide(global, &Array::scalar(GLOBAL as f32))?;
        return multiply(&values, &unit);
    }
    // An exponent field of zero stands for 2^-126, so that 2^-127 is a subnormal number of its own.
    let bits = left_shift(&astype(scales, DType::U32)?, &Array::scalar(23u32))?;
    let smallest = equal(scales, &Array::scalar(0u8))?;
    view(&where_(&smallest, &Array::scalar(1u32 << 22), &bits)?, DType::F32)
}

/// `code * scale` in `float32`.
pub(super) fn values(codes: &Array, scales: &Array, mode: QuantMode, global: Option<&Array>) -> Result<Array> {
    let factors = decode_scales(scales, mode, global)?;
    let values = if is_wide(mode) { from_fp8(codes, DType::F32)? } else { from_fp4(codes)? };
    multiply(&values, &factors)
}
