//! The cross entropy of classes.

use super::{expect_float, wide};
use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::{astype, expand_dims, logsumexp, reshape, subtract, take_along_axis};

/// `logsumexp(logits) - logits[target]` over the last axis: the negative logarithm of the target's probability, in
/// `float32`, or in `float64` for such logits.
///
/// # Errors
/// When the logits are not floating or have no classes, or the targets are not integers in the shape of the logits
/// without their last axis. A target out of range is an error when the result is evaluated.
///
/// ```
/// use cotan::{Array, fast};
/// let logits = Array::from_slice(&[0.0f32, 0.0], &[1, 2])?;
/// let target = Array::from_slice(&[1i32], &[1])?;
/// assert_eq!(fast::cross_entropy(&logits, &target)?.to_vec::<f32>()?, [2f32.ln()]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn cross_entropy(logits: &Array, targets: &Array) -> Result<Array> {
    const OP: &str = "cross_entropy";
    expect_float(OP, logits.dtype())?;
    let Some((classes, shape)) = logits.shape().split_last().filter(|(classes, _)| **classes > 0) else {
        return Err(Error::value(OP, format!("logits of shape {} have no classes", tuple(logits.shape()))));
    };
    if !targets.dtype().is_integer() {
        return Err(Error::DType { op: OP, dtype: targets.dtype(), expected: "integers that number the classes" });
    }
    if targets.shape() != shape {
        let (given, expected) = (tuple(targets.shape()), tuple(shape));
        let message = format!("targets of shape {given} for {classes} classes must have shape {expected}");
        return Err(Error::value(OP, message));
    }
    let logits = astype(logits, wide(logits.dtype()))?;
    let chosen = reshape(&take_along_axis(&logits, &expand_dims(targets, &[-1])?, Some(-1))?, shape)?;
    subtract(&logsumexp(&logits, Some(&[-1]), false)?, &chosen)
}
