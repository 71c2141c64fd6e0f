//! Losses, one for each element or example: take their mean to train.

use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::elementwise::number;
use crate::ops::{abs, clip, less, log, logaddexp, multiply, square, subtract, where_};

pub use crate::fast::cross_entropy;

/// The difference, of arrays of one shape: broadcasting would compare each element with several.
fn difference(op: &'static str, predictions: &Array, targets: &Array) -> Result<Array> {
    if predictions.shape() != targets.shape() {
        let (left, right) = (tuple(predictions.shape()), tuple(targets.shape()));
        return Err(Error::value(op, format!("predictions of shape {left} for targets of shape {right}")));
    }
    subtract(predictions, targets)
}

/// Squared differences.
///
/// # Errors
/// When the shapes differ.
///
/// ```
/// use cotan::{Array, nn};
/// let loss = nn::mse(&Array::scalar(3.0f32), &Array::scalar(1.0f32))?;
/// assert_eq!(loss.item::<f32>()?, 4.0);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn mse(predictions: &Array, targets: &Array) -> Result<Array> {
    square(&difference("mse", predictions, targets)?)
}

/// Absolute differences.
///
/// # Errors
/// When the shapes differ.
pub fn l1(predictions: &Array, targets: &Array) -> Result<Array> {
    abs(&difference("l1", predictions, targets)?)
}

/// Half the squared difference where it is below `delta`, and from there on straight lines (Huber, 1964).
///
/// # Errors
/// When the shapes differ.
pub fn huber(predictions: &Array, targets: &Array, delta: f64) -> Result<Array> {
    let difference = difference("huber", predictions, targets)?;
    let size = abs(&difference)?;
    where_(&less(&size, &number(&size, delta))?, &(square(&difference)? * 0.5), &((size - 0.5 * delta) * delta))
}

/// The cross entropy of probabilities `targets` and the sigmoid of `logits`.
///
/// # Errors
/// When the shapes differ.
pub fn binary_cross_entropy(logits: &Array, targets: &Array) -> Result<Array> {
    difference("binary_cross_entropy", logits, targets)?;
    Ok(logaddexp(logits, &number(logits, 0.0))? - multiply(logits, targets)?)
}

/// The divergence of distributions over the last axis from their predictions, both given by logarithms: `sum(exp(targets) *
/// (targets - predictions))`.
///
/// # Errors
/// When the shapes differ, or have no axes.
pub fn kl_div(predictions: &Array, targets: &Array) -> Result<Array> {
    let difference = difference("kl_div", predictions, targets)?;
    (targets.exp()? * -difference).sum(Some(&[-1]), false)
}

/// The angle between vectors along `axis`: the product of their directions, of lengths at least `eps`.
///
/// # Errors
/// When the shapes differ, or have no such axis.
pub fn cosine_similarity(a: &Array, b: &Array, axis: i64, eps: f64) -> Result<Array> {
    difference("cosine_similarity", a, b)?;
    let length = |x: &Array| square(x)?.sum(Some(&[axis]), false)?.sqrt();
    let lengths = multiply(&length(a)?, &length(b)?)?;
    Ok(multiply(a, b)?.sum(Some(&[axis]), false)? / lengths.maximum(&number(&lengths, eps))?)
}

/// The negative log likelihood of counts `targets` at rates `predictions`, but for a constant.
///
/// # Errors
/// When the shapes differ.
pub fn poisson(predictions: &Array, targets: &Array) -> Result<Array> {
    difference("poisson", predictions, targets)?;
    let least = number(predictions, 1e-8);
    Ok(predictions - multiply(targets, &log(&clip(predictions, Some(&least), None)?)?)?)
}
