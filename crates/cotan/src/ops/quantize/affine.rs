//! Codes that are whole numbers.

use cotan_kernels::DType;

use super::wide;
use crate::array::Array;
use crate::error::Result;
use crate::ops::elementwise::number;
use crate::ops::where_;
use crate::ops::{
    abs, add, astype, clip, divide, equal, greater, max, maximum, min, multiply, negative, rint, subtract,
};

/// Scales below this are as good as a group without extent.
const SMALLEST: f64 = 1e-7;

/// Codes, and a scale and a bias for every group; all keep the axes of the groups.
pub(super) fn quantize(groups: &Array, bits: usize) -> Result<(Array, Array, Option<Array>)> {
    let most = number(groups, f64::from((1u32 << bits) - 1));
    let (low, high) = (min(groups, Some(&[-1]), true)?, max(groups, Some(&[-1]), true)?);
    let (extent, smallest) = (subtract(&high, &low)?, number(groups, SMALLEST));
    let (scale, bias) = if bits == 1 {
        (maximum(&extent, &smallest)?, low)
    } else {
        // The end of larger magnitude is exact, and zero lies close to a code.
        let below = greater(&abs(&low)?, &abs(&high)?)?;
        let step = maximum(&divide(&extent, &most)?, &smallest)?;
        let step = where_(&below, &step, &negative(&step)?)?;
        let edge = where_(&below, &low, &high)?;
        let steps = rint(&divide(&edge, &step)?)?;
        let zero = number(groups, 0.0);
        let none = equal(&steps, &zero)?;
        let counted = where_(&none, &number(groups, 1.0), &steps)?;
        (where_(&none, &step, &divide(&edge, &counted)?)?, where_(&none, &zero, &edge)?)
    };
    let places = rint(&divide(&subtract(groups, &bias)?, &scale)?)?;
    let codes = clip(&places, Some(&number(groups, 0.0)), Some(&most))?;
    Ok((astype(&codes, DType::U8)?, scale, Some(bias)))
}

/// `scale * code + bias`.
pub(super) fn values(codes: &Array, scales: &Array, biases: &Array) -> Result<Array> {
    let dtype = wide(scales.dtype().promote(biases.dtype()));
    let product = multiply(&astype(codes, dtype)?, &astype(scales, dtype)?)?;
    add(&product, &astype(biases, dtype)?)
}
