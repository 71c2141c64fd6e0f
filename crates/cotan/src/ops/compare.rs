//! Tests of elements and comparisons with a tolerance, composed of other operations.

use cotan_kernels::{DType, Kind, Scalar};

use super::follow::constant_like;
use super::{
    abs, add, all, astype, equal, greater, imag, less_equal, logical_and, logical_not, logical_or, maximum, minimum,
    multiply, not_equal, real, same_dtype, subtract, where_, zeros,
};
use crate::array::Array;
use crate::error::{Error, Result};

fn infinity(a: &Array, value: f64) -> Array {
    Array::full(&[], Scalar::new(value).cast(a.dtype()))
}

fn falses(a: &Array) -> Array {
    constant_like(a, Scalar::zero(DType::Bool))
}

/// Applies a test to a real array, or to both parts of a complex one.
fn either(a: &Array, test: impl Fn(&Array) -> Result<Array>) -> Result<Array> {
    match a.dtype().kind() {
        Kind::Complex => logical_or(&test(&real(a)?)?, &test(&imag(a)?)?),
        Kind::Float => test(a),
        Kind::Bool | Kind::Unsigned | Kind::Signed => Ok(falses(a)),
    }
}

/// True where NaN (or a part of a complex number is).
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn isnan(a: &Array) -> Result<Array> {
    either(a, |a| not_equal(a, a))
}

/// True where infinite (or a part of a complex number is).
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn isinf(a: &Array) -> Result<Array> {
    either(a, |a| equal(&abs(a)?, &infinity(a, f64::INFINITY)))
}

/// True where neither infinite nor NaN.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn isfinite(a: &Array) -> Result<Array> {
    logical_not(&logical_or(&isnan(a)?, &isinf(a)?)?)
}

/// True where positive infinity.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn isposinf(a: &Array) -> Result<Array> {
    if a.dtype().is_inexact() { equal(a, &infinity(a, f64::INFINITY)) } else { Ok(falses(a)) }
}

/// True where negative infinity.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn isneginf(a: &Array) -> Result<Array> {
    if a.dtype().is_inexact() { equal(a, &infinity(a, f64::NEG_INFINITY)) } else { Ok(falses(a)) }
}

/// True where `|a - b| <= atol + rtol * |b|`; equal infinities are close, NaNs only with `equal_nan`.
///
/// # Errors
/// When the shapes don't broadcast.
pub fn isclose(a: &Array, b: &Array, rtol: f64, atol: f64, equal_nan: bool) -> Result<Array> {
    let (a, b) = same_dtype(a, b)?;
    let (a, b) = if a.dtype().is_inexact() { (a, b) } else { (astype(&a, DType::F32)?, astype(&b, DType::F32)?) };
    let number = |x: &Array, value: f64| Array::full(&[], Scalar::new(value).cast(x.dtype()));
    let size = abs(&b)?;
    let bound = add(&number(&size, atol), &multiply(&number(&size, rtol), &size)?)?;
    let near =
        logical_and(&less_equal(&abs(&subtract(&a, &b)?)?, &bound)?, &logical_and(&isfinite(&a)?, &isfinite(&b)?)?)?;
    let close = logical_or(&near, &equal(&a, &b)?)?;
    if equal_nan { logical_or(&close, &logical_and(&isnan(&a)?, &isnan(&b)?)?) } else { Ok(close) }
}

/// Whether all elements are close, as [`isclose`] has it.
///
/// # Errors
/// When the shapes don't broadcast.
pub fn allclose(a: &Array, b: &Array, rtol: f64, atol: f64, equal_nan: bool) -> Result<Array> {
    all(&isclose(a, b, rtol, atol, equal_nan)?, None, false)
}

/// Whether the arrays have the same shape and elements, after promotion.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn array_equal(a: &Array, b: &Array, equal_nan: bool) -> Result<Array> {
    if a.shape() != b.shape() {
        return Ok(zeros(&[], DType::Bool));
    }
    let (a, b) = same_dtype(a, b)?;
    let mut same = equal(&a, &b)?;
    if equal_nan {
        same = logical_or(&same, &logical_and(&isnan(&a)?, &isnan(&b)?)?)?;
    }
    all(&same, None, false)
}

/// `a` limited to `low..=high`, in the promoted type; `high` wins where the bounds cross, and NaN wins over both.
///
/// # Errors
/// When both bounds are missing, or the shapes don't broadcast.
pub fn clip(a: &Array, low: Option<&Array>, high: Option<&Array>) -> Result<Array> {
    if low.is_none() && high.is_none() {
        return Err(Error::value("clip", "needs at least one bound"));
    }
    let mut clipped = a.clone();
    // The array is the first operand: at a bound the whole derivative goes to the bound.
    if let Some(low) = low {
        clipped = maximum(&clipped, low)?;
    }
    if let Some(high) = high {
        clipped = minimum(&clipped, high)?;
    }
    Ok(clipped)
}

/// NaN replaced by `nan`, infinities by `posinf` and `neginf` (by default the largest and smallest finite values).
///
/// # Errors
/// When the array is complex.
pub fn nan_to_num(a: &Array, nan: f64, posinf: Option<f64>, neginf: Option<f64>) -> Result<Array> {
    let dtype = a.dtype();
    let largest = match dtype.kind() {
        Kind::Complex => return Err(Error::DType { op: "nan_to_num", dtype, expected: "a real type" }),
        Kind::Bool | Kind::Unsigned | Kind::Signed => return Ok(a.clone()),
        Kind::Float => largest_finite(dtype),
    };
    let number = |value: f64| Array::full(&[], Scalar::new(value).cast(dtype));
    let a = where_(&isnan(a)?, &number(nan), a)?;
    let a = where_(&greater(&a, &number(largest))?, &number(posinf.unwrap_or(largest)), &a)?;
    where_(&isneginf(&a)?, &number(neginf.unwrap_or(-largest)), &a)
}

/// The largest finite value of a real floating type.
#[must_use]
pub fn largest_finite(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 65504.0,
        DType::Bf16 => f64::from(cotan_kernels::bf16::MAX),
        DType::F32 => f64::from(f32::MAX),
        _ => f64::MAX,
    }
}
