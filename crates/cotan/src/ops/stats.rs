//! Statistics: composed of reductions.

use cotan_kernels::DType;

use super::follow::{count, squeezed};
use super::{astype, conj, divide, expect_elements, keep, max, min, multiply, not_equal, real, reduced_axes, sqrt};
use super::{square, subtract, sum, zeros};
use crate::array::Array;
use crate::error::Result;
use cotan_kernels::reduce::ReduceOp;

/// The mean over `axes` (all axes when `None`), NaN of nothing; integers give `float32`, and halves add up in `float32`.
///
/// # Errors
/// When an axis doesn't exist or is given twice.
pub fn mean(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    let axes = reduced_axes("mean", axes, a.ndim())?;
    finish(a, &mean_kept(&single(a)?, &axes)?, &axes, keepdims)
}

/// The variance over `axes` (all axes when `None`): the mean of squared distances to the mean, with `n - ddof` in place
/// of the count `n`, and infinite when `ddof >= n`. That of complex numbers is real.
///
/// # Errors
/// When an axis doesn't exist or is given twice.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// assert_eq!(ops::var(&x, None, false, 1)?.item::<f32>()?, 1.0);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn var(a: &Array, axes: Option<&[i64]>, keepdims: bool, ddof: i64) -> Result<Array> {
    let axes = reduced_axes("var", axes, a.ndim())?;
    finish(a, &var_kept(a, &axes, ddof)?, &axes, keepdims)
}

/// The standard deviation: the square root of [`var`].
///
/// # Errors
/// When an axis doesn't exist or is given twice.
pub fn std(a: &Array, axes: Option<&[i64]>, keepdims: bool, ddof: i64) -> Result<Array> {
    let axes = reduced_axes("std", axes, a.ndim())?;
    finish(a, &sqrt(&var_kept(a, &axes, ddof)?)?, &axes, keepdims)
}

/// How many elements over `axes` (all axes when `None`) are not zero, as `int32`.
///
/// # Errors
/// When an axis doesn't exist or is given twice.
pub fn count_nonzero(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    reduced_axes("count_nonzero", axes, a.ndim())?;
    sum(&not_equal(a, &zeros(&[], a.dtype()))?, axes, keepdims)
}

/// The smallest and the largest element over `axes` (all axes when `None`).
///
/// # Errors
/// When an axis doesn't exist or is given twice, or there would be no element to choose from.
pub fn minmax(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<(Array, Array)> {
    let axes = reduced_axes("minmax", axes, a.ndim())?;
    expect_elements("minmax", a.shape(), &axes)?;
    let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
    Ok((min(a, Some(&axes), keepdims)?, max(a, Some(&axes), keepdims)?))
}

/// Halves and integers in single precision.
fn single(a: &Array) -> Result<Array> {
    if matches!(a.dtype(), DType::F64 | DType::C64) { Ok(a.clone()) } else { astype(a, DType::F32) }
}

/// Back in the type of `a`, or in the real type of its parts, without `axes` unless they are kept.
fn finish(a: &Array, kept: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    let kept = if a.dtype().is_float() { astype(kept, a.dtype())? } else { kept.clone() };
    if keepdims { Ok(kept) } else { squeezed(&kept, axes) }
}

fn mean_kept(a: &Array, axes: &[usize]) -> Result<Array> {
    divide(&keep(ReduceOp::Sum, a, axes)?, &count(a, axes, 0, a.dtype())?)
}

fn var_kept(a: &Array, axes: &[usize], ddof: i64) -> Result<Array> {
    let a = single(a)?;
    let distance = subtract(&a, &mean_kept(&a, axes)?)?;
    let squares =
        if a.dtype() == DType::C64 { real(&multiply(&distance, &conj(&distance)?)?)? } else { square(&distance)? };
    let count = count(&a, axes, ddof, squares.dtype())?;
    divide(&keep(ReduceOp::Sum, &squares, axes)?, &count)
}
