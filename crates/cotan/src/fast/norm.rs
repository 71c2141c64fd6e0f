//! Norms of the last axis.

use cotan_kernels::DType;

use super::{expect_float, number, wide};
use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::{add, astype, mean, multiply, rsqrt, square, subtract};

/// `x / sqrt(mean(x^2) + eps) * weight` over the last axis (Zhang, Sennrich, "Root mean square layer normalization",
/// 2019), in the type that `x` and `weight` promote to.
///
/// # Errors
/// When `x` is not floating or has no axes, or the weight is not as long as its last axis.
///
/// ```
/// use cotan::{Array, fast};
/// let x = Array::from_slice(&[3.0f32, 3.0], &[2])?;
/// assert_eq!(fast::rms_norm(&x, None, 0.0)?.to_vec::<f32>()?, [1.0, 1.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn rms_norm(x: &Array, weight: Option<&Array>, eps: f64) -> Result<Array> {
    let dtype = check("rms_norm", x, [weight, None])?;
    let x = astype(x, wide(dtype))?;
    let power = mean(&square(&x)?, Some(&[-1]), true)?;
    let scaled = multiply(&x, &rsqrt(&add(&power, &number(eps, x.dtype()))?)?)?;
    affine(&scaled, [weight, None], dtype)
}

/// `(x - mean(x)) / sqrt(var(x) + eps) * weight + bias` over the last axis (Ba, Kiros, Hinton, "Layer normalization",
/// 2016), in the type that all promote to.
///
/// # Errors
/// When `x` is not floating or has no axes, or the weight or the bias is not as long as its last axis.
pub fn layer_norm(x: &Array, weight: Option<&Array>, bias: Option<&Array>, eps: f64) -> Result<Array> {
    let dtype = check("layer_norm", x, [weight, bias])?;
    let x = astype(x, wide(dtype))?;
    let centred = subtract(&x, &mean(&x, Some(&[-1]), true)?)?;
    let var = mean(&square(&centred)?, Some(&[-1]), true)?;
    let scaled = multiply(&centred, &rsqrt(&add(&var, &number(eps, x.dtype()))?)?)?;
    affine(&scaled, [weight, bias], dtype)
}

/// The type of the result, once the operands have been checked.
fn check(op: &'static str, x: &Array, affine: [Option<&Array>; 2]) -> Result<DType> {
    expect_float(op, x.dtype())?;
    let Some(&size) = x.shape().last() else { return Err(Error::value(op, "needs an array with axes")) };
    let mut dtype = x.dtype();
    for (name, array) in ["weight", "bias"].into_iter().zip(affine) {
        let Some(array) = array else { continue };
        if array.shape() != [size] {
            let message = format!("the {name} must have shape ({size},), got {}", tuple(array.shape()));
            return Err(Error::value(op, message));
        }
        dtype = dtype.promote(array.dtype());
    }
    expect_float(op, dtype)?;
    Ok(dtype)
}

fn affine(x: &Array, [weight, bias]: [Option<&Array>; 2], dtype: DType) -> Result<Array> {
    let as_wide = |array: &Array| astype(array, x.dtype());
    let scaled = weight.map_or(Ok(x.clone()), |weight| multiply(x, &as_wide(weight)?))?;
    let shifted = bias.map_or(Ok(scaled.clone()), |bias| add(&scaled, &as_wide(bias)?))?;
    astype(&shifted, dtype)
}
