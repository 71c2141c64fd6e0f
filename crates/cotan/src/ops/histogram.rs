//! Counting: how often integers occur, and how many numbers fall between edges.

use cotan_kernels::{DType, Scalar};

use super::elementwise::number;
use super::follow::{expect_fixed, flat};
use super::{
    ScatterMode, add, astype, concatenate, diff, divide, equal, greater_equal, inexact, less_equal, linspace,
    logical_and, logical_not, max, min, multiply, put_along_axis, reshape, searchsorted, slice_axis, subtract, sum,
    where_, zeros, zeros_like,
};
use crate::array::Array;
use crate::error::{Error, Result, tuple};

/// The most counters there can be: positions among them are `uint32`.
const MOST: usize = u32::MAX as usize - 1;

/// Where the bins of a [`histogram`] are.
#[derive(Clone, Copy, Debug)]
pub enum Bins<'a> {
    /// This many of equal width, from the smallest to the largest element or between these limits.
    Equal(usize, Option<(f64, f64)>),
    /// Between each of these ascending numbers and the next.
    Edges(&'a Array),
}

/// How often each integer from 0 to `length - 1` occurs among the elements of `x`, as `int32`; with weights, the sum of
/// those of its places, in their type. Other integers are not counted.
///
/// # Errors
/// When `x` has no integers, or weights of another shape.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[0, 2, 2, 5], &[4])?;
/// assert_eq!(ops::bincount(&x, None, 3)?.to_vec::<i32>()?, [1, 0, 2]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn bincount(x: &Array, weights: Option<&Array>, length: usize) -> Result<Array> {
    const OP: &str = "bincount";
    if !x.dtype().is_integer() && x.dtype() != DType::Bool {
        return Err(Error::DType { op: OP, dtype: x.dtype(), expected: "integers" });
    }
    if length > MOST {
        return Err(Error::value(OP, format!("{length} counters are too many, {MOST} is the limit")));
    }
    let x = astype(x, DType::I64)?;
    let (first, end) = (number(&x, 0.0), number(&x, length as f64));
    let inside = logical_and(&greater_equal(&x, &first)?, &logical_not(&greater_equal(&x, &end)?)?)?;
    tally(OP, &where_(&inside, &x, &end)?, weights, length)
}

/// The length that [`bincount`] needs to count every element of `x`: the largest one plus one. Evaluates `x`.
///
/// # Errors
/// When an element is negative or too large, or `x` can't be evaluated, as when a transform is tracing it.
pub fn bincount_length(x: &Array) -> Result<usize> {
    const OP: &str = "bincount";
    if x.size() == 0 {
        return Ok(0);
    }
    let x = astype(x, DType::I64)?;
    let (least, most) = (min(&x, None, false)?.item::<i64>()?, max(&x, None, false)?.item::<i64>()?);
    if least < 0 || most >= MOST as i64 {
        let wrong = if least < 0 { least } else { most };
        return Err(Error::value(OP, format!("counts integers from 0 to {}, got {wrong}", MOST - 1)));
    }
    Ok(most as usize + 1)
}

/// How many elements of `a` each bin has, as `int32`, and the edges of the bins, in the type of `a` or `float32`.
///
/// A bin has its lower edge and not its upper one, but for the last, which has both. With weights it is the sum of those
/// of its elements, in their type; with `density` it is divided by the width of the bin and the sum over all bins.
/// Elements in no bin, and NaN, are left out; without limits, no element may be NaN or infinite, or the edges are NaN. Bins between elements that are all equal are a unit wide in all.
///
/// # Errors
/// When there is no bin, `a` is complex, the edges don't have one axis, or weights have another shape.
pub fn histogram(a: &Array, bins: Bins, weights: Option<&Array>, density: bool) -> Result<(Array, Array)> {
    const OP: &str = "histogram";
    if a.dtype() == DType::C64 {
        return Err(Error::DType { op: OP, dtype: a.dtype(), expected: "real numbers" });
    }
    expect_fixed(OP, a)?;
    let a = inexact(a)?;
    let edges = match bins {
        Bins::Edges(edges) => astype(edges, a.dtype())?,
        Bins::Equal(bins, limits) => equal_bins(OP, &a, bins, limits)?,
    };
    if edges.ndim() != 1 || !(2..=MOST).contains(&edges.size()) {
        let shape = tuple(edges.shape());
        return Err(Error::value(OP, format!("edges have one axis and at least two elements, got shape {shape}")));
    }
    let bins = edges.size() - 1;
    let last = slice_axis(&edges, 0, bins, 1, 1)?;
    // The last edge belongs to the last bin, and what is below the first one or above the last one to none.
    let above = astype(&searchsorted(&edges, &a, true)?, DType::I64)?;
    let place = subtract(&above, &number(&above, 1.0))?;
    let place = where_(&equal(&a, &last)?, &number(&place, bins as f64 - 1.0), &place)?;
    let inside = logical_and(&greater_equal(&a, &slice_axis(&edges, 0, 0, 1, 1)?)?, &less_equal(&a, &last)?)?;
    let counts = tally(OP, &where_(&inside, &place, &number(&place, bins as f64))?, weights, bins)?;
    if !density {
        return Ok((counts, edges));
    }
    let width = diff(&edges, 1, 0)?;
    let share = divide(&astype(&counts, edges.dtype())?, &astype(&sum(&counts, None, false)?, edges.dtype())?)?;
    Ok((divide(&share, &width)?, edges))
}

fn equal_bins(op: &'static str, a: &Array, bins: usize, limits: Option<(f64, f64)>) -> Result<Array> {
    if !(1..MOST).contains(&bins) {
        return Err(Error::value(op, format!("bins is between 1 and {}, got {bins}", MOST - 1)));
    }
    let (low, high) = match limits {
        Some((low, high)) if !(low.is_finite() && high.is_finite() && low <= high) => {
            return Err(Error::value(op, format!("limits are finite and ascending, got ({low}, {high})")));
        }
        Some((low, high)) => (number(a, low), number(a, high)),
        None if a.size() == 0 => (number(a, 0.0), number(a, 1.0)),
        None => (min(a, None, false)?, max(a, None, false)?),
    };
    // Limits that are equal move apart by one.
    let half = number(a, 0.5);
    let same = equal(&low, &high)?;
    let start = where_(&same, &subtract(&low, &half)?, &low)?;
    let end = where_(&same, &add(&high, &half)?, &high)?;
    let part = linspace(0.0, 1.0, bins + 1, true, a.dtype())?;
    // Shares are added, not the difference: that of two large limits could overflow.
    let rest = subtract(&number(a, 1.0), &part)?;
    let inner = add(&multiply(&start, &rest)?, &multiply(&end, &part)?)?;
    // The last edge is the limit itself, free of rounding.
    concatenate(&[slice_axis(&inner, 0, 0, 1, bins)?, reshape(&end, &[1])?], Some(0))
}

/// The sum of weights (ones, as `int32`) per position; what lies at `length` is dropped.
fn tally(op: &'static str, places: &Array, weights: Option<&Array>, length: usize) -> Result<Array> {
    let weights = match weights {
        None => {
            let one = Array::full(&[], Scalar::new(1.0).cast(DType::I32));
            add(&astype(&zeros_like(places), DType::I32)?, &one)?
        }
        Some(weights) if weights.shape() == places.shape() => weights.clone(),
        Some(weights) => {
            let (own, wanted) = (tuple(weights.shape()), tuple(places.shape()));
            return Err(Error::value(op, format!("weights of shape {own} for elements of shape {wanted}")));
        }
    };
    let dtype = if weights.dtype() == DType::Bool { DType::I32 } else { weights.dtype() };
    let sums = zeros(&[length + 1], dtype);
    let all = put_along_axis(&sums, &flat(places)?, &flat(&weights)?, Some(0), ScatterMode::Add)?;
    slice_axis(&all, 0, 0, 1, length)
}
