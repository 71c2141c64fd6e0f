//! The frequencies that elements of a transform stand for, and shifts that put zero in the middle.

use cotan_kernels::{DType, Scalar};

use crate::array::Array;
use crate::error::{Error, Result};
use crate::ops::{arange, astype, concatenate, multiply, normalize_axis, roll};

/// The frequency of each element of a transform of `n` samples `d` apart: zero, the positive ones, the negative ones.
///
/// # Errors
/// When `n` is not positive or `d` is zero.
///
/// ```
/// let f = cotan::fft::fftfreq(4, 0.5)?;
/// assert_eq!(f.to_vec::<f32>()?, [0.0, 0.5, -1.0, -0.5]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn fftfreq(n: i64, d: f64) -> Result<Array> {
    let unit = unit("fftfreq", n, d)?;
    let (half, end) = ((n / 2) as f64, ((n - 1) / 2 + 1) as f64);
    let counts = concatenate(&[arange(0.0, end, 1.0, DType::F64)?, arange(-half, 0.0, 1.0, DType::F64)?], Some(0))?;
    times(&counts, unit)
}

/// The frequency of each element of a transform of `n` real samples `d` apart: zero and the positive ones.
///
/// # Errors
/// When `n` is not positive or `d` is zero.
pub fn rfftfreq(n: i64, d: f64) -> Result<Array> {
    let unit = unit("rfftfreq", n, d)?;
    times(&arange(0.0, (n / 2 + 1) as f64, 1.0, DType::F64)?, unit)
}

/// The lowest frequency.
fn unit(op: &'static str, n: i64, d: f64) -> Result<f64> {
    if n <= 0 || d == 0.0 {
        let message = format!("needs a positive number of samples that are apart, got {n} at a distance of {d}");
        return Err(Error::value(op, message));
    }
    Ok(1.0 / (n as f64 * d))
}

fn times(counts: &Array, unit: f64) -> Result<Array> {
    astype(&multiply(counts, &Array::full(&[], Scalar::new(unit)))?, DType::F32)
}

/// Moves the element of frequency zero to the middle of `axes`, all of them when `None`.
///
/// # Errors
/// [`Error::Axis`] when an axis doesn't exist.
pub fn fftshift(a: &Array, axes: Option<&[i64]>) -> Result<Array> {
    shift("fftshift", a, axes, |n| n / 2)
}

/// Moves the element in the middle of `axes` to their start: the inverse of [`fftshift`].
///
/// # Errors
/// [`Error::Axis`] when an axis doesn't exist.
pub fn ifftshift(a: &Array, axes: Option<&[i64]>) -> Result<Array> {
    shift("ifftshift", a, axes, |n| -(n / 2))
}

fn shift(op: &'static str, a: &Array, axes: Option<&[i64]>, by: impl Fn(i64) -> i64) -> Result<Array> {
    let all: Vec<i64> = (0..a.ndim() as i64).collect();
    axes.unwrap_or(&all).iter().try_fold(a.clone(), |a, &axis| {
        let axis = normalize_axis(op, axis, a.ndim())?;
        let distance = by(a.shape()[axis] as i64);
        roll(&a, &[distance], Some(&[axis as i64]))
    })
}
