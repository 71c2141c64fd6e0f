//! Activations, element by element but for the softmax.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::array::Array;
use crate::error::Result;
use crate::ops::elementwise::number;
use crate::ops::{self, erf, expm1, greater, logaddexp, logsumexp, sigmoid, square, subtract, tanh, where_};

/// Negative numbers become zero.
///
/// # Errors
/// None today; the signature is that of every operation.
///
/// ```
/// use cotan::{Array, nn};
/// let x = Array::from_slice(&[-1.0f32, 2.0], &[2])?;
/// assert_eq!(nn::relu(&x)?.to_vec::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn relu(x: &Array) -> Result<Array> {
    ops::maximum(x, &number(x, 0.0))
}

/// Negative numbers times `slope`.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn leaky_relu(x: &Array, slope: f64) -> Result<Array> {
    where_(&greater(x, &number(x, 0.0))?, x, &(x * slope))
}

/// `x` times the probability that a normal number is below it (Hendrycks, Gimpel, "Gaussian error linear units", 2016).
///
/// # Errors
/// When `x` is complex.
pub fn gelu(x: &Array) -> Result<Array> {
    Ok(x * (erf(&(x * FRAC_1_SQRT_2))? + 1.0) * 0.5)
}

/// [`gelu`] by a formula with `tanh`, as in many published models.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn gelu_approx(x: &Array) -> Result<Array> {
    let inner = (x + x * square(x)? * 0.044_715) * (2.0 / PI).sqrt();
    Ok(x * (tanh(&inner)? + 1.0) * 0.5)
}

/// `x * sigmoid(x)`, also known as swish.
///
/// # Errors
/// When `x` is complex.
pub fn silu(x: &Array) -> Result<Array> {
    Ok(x * sigmoid(x)?)
}

/// `log(1 + exp(x))`.
///
/// # Errors
/// When `x` is complex.
pub fn softplus(x: &Array) -> Result<Array> {
    logaddexp(x, &number(x, 0.0))
}

/// `alpha * (exp(x) - 1)` for negative numbers (Clevert et al., 2015).
///
/// # Errors
/// When `x` is complex.
pub fn elu(x: &Array, alpha: f64) -> Result<Array> {
    // The other branch must not overflow, or its slope would be NaN.
    let low = ops::minimum(x, &number(x, 0.0))?;
    where_(&greater(x, &number(x, 0.0))?, x, &(expm1(&low)? * alpha))
}

/// `x * tanh(softplus(x))` (Misra, 2019).
///
/// # Errors
/// When `x` is complex.
pub fn mish(x: &Array) -> Result<Array> {
    Ok(x * tanh(&softplus(x)?)?)
}

/// The gated linear unit: the first half along `axis` times the sigmoid of the second (Dauphin et al., 2016).
///
/// # Errors
/// When there is no such axis, or its size is odd.
pub fn glu(x: &Array, axis: i64) -> Result<Array> {
    let halves = ops::split(x, ops::Sections::Equal(2), axis)?;
    Ok(&halves[0] * sigmoid(&halves[1])?)
}

/// `exp(x) / sum(exp(x))` along `axis`.
///
/// # Errors
/// When there is no such axis.
pub fn softmax(x: &Array, axis: i64) -> Result<Array> {
    ops::softmax(x, Some(&[axis]), false)
}

/// The logarithm of [`softmax`], without overflow.
///
/// # Errors
/// When there is no such axis, or it has no elements.
///
/// ```
/// use cotan::{Array, nn, ops};
/// let x = Array::from_slice(&[0.0f32, 0.0], &[2])?;
/// assert_eq!(ops::exp(&nn::log_softmax(&x, 0)?)?.to_vec::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn log_softmax(x: &Array, axis: i64) -> Result<Array> {
    subtract(x, &logsumexp(x, Some(&[axis]), true)?)
}
