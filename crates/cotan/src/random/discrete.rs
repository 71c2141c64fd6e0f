//! Random integers, choices and orders.

use cotan_kernels::{DType, layout};

use super::{bits, expect_fit, given_or_next, gumbel, number, uniform};
use crate::array::{Array, Shape};
use crate::error::{Error, Result};
use crate::ops::expect_fixed;
use crate::ops::{add, argmax, argsort, astype, cumsum, exp, expand_dims, floor, less, max, maximum};
use crate::ops::{minimum, multiply, normalize_axis, reshape, searchsorted, subtract, sum, take};

/// What [`categorical`] draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples<'a> {
    /// One sample of each distribution.
    One,
    /// So many samples of each distribution, along a new last axis.
    Count(usize),
    /// Samples in this shape, to which the shape of the distributions broadcasts.
    Shape(&'a [usize]),
}

/// Integers from `low` up to but not including `high`, as `dtype`; `low` where there are none.
///
/// They are scaled `float32` numbers, so ranges over 2²⁴ have gaps.
///
/// # Errors
/// When the bounds don't broadcast to `shape`, `dtype` is not an integer type, or `key` is not a key.
pub fn randint(low: &Array, high: &Array, shape: &[usize], dtype: DType, key: Option<&Array>) -> Result<Array> {
    const OP: &str = "randint";
    if dtype.is_inexact() {
        return Err(Error::DType { op: OP, dtype, expected: "an integer type" });
    }
    expect_fit(OP, &[low, high], shape)?;
    let (low, high) = (astype(low, DType::I64)?, astype(high, DType::I64)?);
    let values = floor(&uniform(&low, &high, shape, DType::F32, key)?)?;
    let last = subtract(&high, &number(DType::I64, 1.0))?;
    astype(&maximum(&minimum(&astype(&values, DType::I64)?, &last)?, &low)?, dtype)
}

/// `true` with probability `p`; the default shape is that of `p`.
///
/// # Errors
/// When `p` is not of a floating type or doesn't broadcast to `shape`, or `key` is not a key.
pub fn bernoulli(p: &Array, shape: Option<&[usize]>, key: Option<&Array>) -> Result<Array> {
    const OP: &str = "bernoulli";
    if !p.dtype().is_float() {
        return Err(Error::DType { op: OP, dtype: p.dtype(), expected: "a probability of a floating type" });
    }
    let shape = shape.unwrap_or(p.shape());
    expect_fit(OP, &[p], shape)?;
    let words = astype(&bits(shape, 32, Some(&given_or_next(OP, key)?))?, DType::F32)?;
    // The next float above 2^32: a probability of one is above every word.
    less(&words, &multiply(p, &number(DType::F32, 4_294_967_808.0))?)
}

/// Positions along `axis`, as `uint32`, with probabilities proportional to the exponentials of `logits`.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when the shape of the distributions doesn't broadcast to that of the
/// samples, the axis is empty, or `key` is not a key.
pub fn categorical(logits: &Array, axis: i64, samples: Samples, key: Option<&Array>) -> Result<Array> {
    const OP: &str = "categorical";
    expect_fixed(OP, logits)?;
    let axis = normalize_axis(OP, axis, logits.ndim())?;
    let n = logits.shape()[axis];
    let mut rows = Shape::from_slice(logits.shape());
    rows.remove(axis);
    let key = given_or_next(OP, key)?;
    let (logits, shape, axis) = match samples {
        Samples::One => (logits.clone(), rows, axis),
        Samples::Count(count) => {
            rows.push(count);
            (expand_dims(logits, &[-1])?, rows, axis)
        }
        Samples::Shape(shape) => {
            if layout::broadcast(&rows, shape).as_deref() != Some(shape) {
                return Err(Error::Broadcast { op: OP, left: rows, right: shape.into() });
            }
            (logits.clone(), shape.into(), shape.len() + axis - rows.len())
        }
    };
    if logits.size() == n && n > 0 && !shape.is_empty() {
        return by_distribution(&reshape(&logits, &[n])?, &shape, &key);
    }
    let mut noise = shape;
    noise.insert(axis, n);
    let scores = add(&logits, &gumbel(&noise, DType::F32, Some(&key))?)?;
    argmax(&scores, Some(axis as i64), false)
}

/// Many samples of one distribution: uniform numbers looked up in its running total.
fn by_distribution(logits: &Array, shape: &[usize], key: &Array) -> Result<Array> {
    let logits = if logits.dtype().is_inexact() { logits.clone() } else { astype(logits, DType::F32)? };
    let weights = exp(&subtract(&logits, &max(&logits, None, true)?)?)?;
    let before = cumsum(&weights, Some(0), false, false)?;
    let unit = uniform(&number(DType::F32, 0.0), &number(DType::F32, 1.0), shape, DType::F32, Some(key))?;
    let place = searchsorted(&before, &multiply(&unit, &sum(&weights, None, false)?)?, true)?;
    subtract(&place, &number(DType::U32, 1.0))
}

/// The numbers `0..n` in random order, as `uint32`.
///
/// # Errors
/// When `n` is negative or more than `uint32` counts, or `key` is not a key.
pub fn permutation_of(n: i64, key: Option<&Array>) -> Result<Array> {
    const OP: &str = "permutation";
    let Ok(count) = u32::try_from(n) else {
        return Err(Error::value(OP, format!("can permute between 0 and 2^32 - 1 numbers, got {n}")));
    };
    argsort(&bits(&[count as usize], 32, Some(&given_or_next(OP, key)?))?, Some(0))
}

/// The entries of `a` along `axis` in random order; each entry stays whole.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis, [`Error::Value`] when `key` is not a key.
pub fn permutation(a: &Array, axis: i64, key: Option<&Array>) -> Result<Array> {
    let axis = normalize_axis("permutation", axis, a.ndim())?;
    let order = permutation_of(a.shape()[axis] as i64, key)?;
    take(a, &order, Some(axis as i64))
}
