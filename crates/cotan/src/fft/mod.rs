//! Discrete Fourier transforms, in single precision: everything is converted to `complex64` or `float32` first.
//!
//! ```
//! use cotan::fft::{Norm, fft, ifft};
//! let x = cotan::Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[4])?;
//! let y = ifft(&fft(&x, None, -1, Norm::Backward)?, None, -1, Norm::Backward)?;
//! assert!(cotan::ops::allclose(&x, &y, 1e-5, 1e-6, false)?.item::<cotan::Bool>()?.get());
//! # Ok::<(), cotan::Error>(())
//! ```

mod frequencies;
mod short_time;

use cotan_kernels::{DType, Scalar};

use crate::array::{Array, Shape};
use crate::error::{Error, Result};
use crate::ops::{self, Fourier, HalfFourier, RealFourier, astype, normalize_axes, normalize_axis};

pub use frequencies::{fftfreq, fftshift, ifftshift, rfftfreq};
pub use short_time::{Frames, frame_size, istft, stft};

/// Which way is divided by the number of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// The inverse.
    Backward,
    /// Both, by its square root: lengths of vectors stay.
    Ortho,
    /// The forward transform.
    Forward,
}

impl Norm {
    /// The factor of a transform over `n` elements.
    fn factor(self, n: f64, inverse: bool) -> f64 {
        match (self, inverse) {
            (Norm::Ortho, _) => 1.0 / n.sqrt(),
            (Norm::Backward, true) | (Norm::Forward, false) => 1.0 / n,
            (Norm::Backward, false) | (Norm::Forward, true) => 1.0,
        }
    }

    /// The norm that makes the forward transform divide by what this makes the inverse divide by.
    fn swapped(self) -> Norm {
        match self {
            Norm::Backward => Norm::Forward,
            Norm::Ortho => Norm::Ortho,
            Norm::Forward => Norm::Backward,
        }
    }
}

/// The transform along `axis`: `y[k] = sum of x[j] * exp(-2 pi i j k / n)`.
///
/// With `n` the axis is first cut or filled up with zeros to that size.
///
/// # Errors
/// [`Error::Axis`] when the axis doesn't exist, [`Error::Value`] when `n` is not positive.
pub fn fft(a: &Array, n: Option<i64>, axis: i64, norm: Norm) -> Result<Array> {
    along(Kind::Forward, a, n, axis, norm)
}

/// The inverse of [`fft`].
///
/// # Errors
/// As for [`fft`].
pub fn ifft(a: &Array, n: Option<i64>, axis: i64, norm: Norm) -> Result<Array> {
    along(Kind::Inverse, a, n, axis, norm)
}

/// The first `n / 2 + 1` elements of [`fft`] of the real parts; the others are their conjugates.
///
/// # Errors
/// As for [`fft`].
///
/// ```
/// use cotan::{Array, Complex32, fft::{Norm, rfft}};
/// let y = rfft(&Array::from_slice(&[1.0f32, 2.0], &[2])?, None, -1, Norm::Backward)?;
/// assert_eq!(y.to_vec::<Complex32>()?, [Complex32::new(3.0, 0.0), Complex32::new(-1.0, 0.0)]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn rfft(a: &Array, n: Option<i64>, axis: i64, norm: Norm) -> Result<Array> {
    along(Kind::Real, a, n, axis, norm)
}

/// The inverse of [`rfft`], with `n` as the size of the result; by default the even one, `2 * (size - 1)`.
///
/// # Errors
/// As for [`fft`].
pub fn irfft(a: &Array, n: Option<i64>, axis: i64, norm: Norm) -> Result<Array> {
    along(Kind::InverseReal, a, n, axis, norm)
}

/// The real transform of a signal that equals its conjugate reversed, of which `a` is the first half along `axis`.
///
/// # Errors
/// As for [`fft`].
pub fn hfft(a: &Array, n: Option<i64>, axis: i64, norm: Norm) -> Result<Array> {
    irfft(&ops::conj(a)?, n, axis, norm.swapped())
}

/// The inverse of [`hfft`].
///
/// # Errors
/// As for [`fft`].
pub fn ihfft(a: &Array, n: Option<i64>, axis: i64, norm: Norm) -> Result<Array> {
    ops::conj(&rfft(a, n, axis, norm.swapped())?)
}

/// [`fft`] over several axes, all of them when `axes` is `None`, with `s` as their sizes.
///
/// # Errors
/// As for [`fft`], and when there are no axes, one is given twice, or `s` is given without axes or has another length.
pub fn fftn(a: &Array, s: Option<&[i64]>, axes: Option<&[i64]>, norm: Norm) -> Result<Array> {
    over(Kind::Forward, a, s, axes, norm)
}

/// The inverse of [`fftn`].
///
/// # Errors
/// As for [`fftn`].
pub fn ifftn(a: &Array, s: Option<&[i64]>, axes: Option<&[i64]>, norm: Norm) -> Result<Array> {
    over(Kind::Inverse, a, s, axes, norm)
}

/// [`rfft`] along the last of several axes, then [`fft`] along the others.
///
/// # Errors
/// As for [`fftn`].
pub fn rfftn(a: &Array, s: Option<&[i64]>, axes: Option<&[i64]>, norm: Norm) -> Result<Array> {
    over(Kind::Real, a, s, axes, norm)
}

/// The inverse of [`rfftn`].
///
/// # Errors
/// As for [`fftn`].
pub fn irfftn(a: &Array, s: Option<&[i64]>, axes: Option<&[i64]>, norm: Norm) -> Result<Array> {
    over(Kind::InverseReal, a, s, axes, norm)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Forward,
    Inverse,
    Real,
    InverseReal,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Forward => "fft",
            Kind::Inverse => "ifft",
            Kind::Real => "rfft",
            Kind::InverseReal => "irfft",
        }
    }

    fn inverse(self) -> bool {
        matches!(self, Kind::Inverse | Kind::InverseReal)
    }

    /// The size of an axis of the real or complex signal, as asked for or by default; the last axis is the halved one.
    fn size(self, given: Option<i64>, found: usize, last: bool) -> Result<usize> {
        let default = match self {
            Kind::InverseReal if last => 2 * (found as i64 - 1),
            Kind::Forward | Kind::Inverse | Kind::Real | Kind::InverseReal => found as i64,
        };
        if given.is_none() && default == 0 && found == 1 {
            let message = "one element is half of no signal unless n says how long it is, such as n=1";
            return Err(Error::value(self.name(), message));
        }
        let n = given.unwrap_or(default);
        match usize::try_from(n) {
            Ok(n) if n > 0 => Ok(n),
            Ok(_) | Err(_) => Err(Error::value(self.name(), format!("needs a positive number of elements, got {n}"))),
        }
    }
}

fn along(kind: Kind, a: &Array, n: Option<i64>, axis: i64, norm: Norm) -> Result<Array> {
    let axis = normalize_axis(kind.name(), axis, a.ndim())?;
    let n = kind.size(n, a.shape()[axis], true)?;
    transform(kind, a, &[(axis, n)], norm)
}

fn over(kind: Kind, a: &Array, s: Option<&[i64]>, axes: Option<&[i64]>, norm: Norm) -> Result<Array> {
    let op = kind.name();
    let axes: Shape = match (axes, s) {
        (Some(axes), _) => normalize_axes(op, axes, a.ndim())?,
        (None, Some(_)) => return Err(Error::value(op, "sizes need the axes that they are for")),
        (None, None) if a.ndim() == 0 => return Err(Error::value(op, "needs an array with axes")),
        (None, None) => (0..a.ndim()).collect(),
    };
    if let Some(s) = s.filter(|s| s.len() != axes.len()) {
        return Err(Error::value(op, format!("{} sizes were given for {} axes", s.len(), axes.len())));
    }
    let size =
        |(i, &axis): (usize, &usize)| Ok((axis, kind.size(s.map(|s| s[i]), a.shape()[axis], i + 1 == axes.len())?));
    let sizes = axes.iter().enumerate().map(size).collect::<Result<Vec<_>>>()?;
    if sizes.is_empty() { Ok(a.clone()) } else { transform(kind, a, &sizes, norm) }
}

/// Transforms along axes, each with the size of the signal there.
fn transform(kind: Kind, a: &Array, sizes: &[(usize, usize)], norm: Norm) -> Result<Array> {
    let n: f64 = sizes.iter().map(|&(_, n)| n as f64).product();
    let (&(last, size), others) = sizes.split_last().expect("at least one axis");
    let sized = sizes.iter().try_fold(a.clone(), |a, &(axis, n)| {
        let n = if kind == Kind::InverseReal && axis == last { n / 2 + 1 } else { n };
        resize(kind.name(), &a, axis, n)
    })?;
    let all = |inverse: bool, a: Array, axes: &[(usize, usize)]| {
        axes.iter().rev().try_fold(a, |a, &(axis, _)| Fourier { axis, inverse }.of(&a))
    };
    let result = match kind {
        Kind::Forward | Kind::Inverse => all(kind.inverse(), sized, sizes)?,
        Kind::Real => all(false, RealFourier { axis: last }.of(&sized)?, others)?,
        Kind::InverseReal => HalfFourier { axis: last, n: size }.of(&all(true, sized, others)?)?,
    };
    scale(&result, norm.factor(n, kind.inverse()))
}

/// The product with a real number.
fn scale(a: &Array, factor: f64) -> Result<Array> {
    if factor == 1.0 {
        return Ok(a.clone());
    }
    ops::multiply(a, &Array::full(&[], Scalar::new(factor).cast(DType::F32)))
}

/// An axis cut or filled up with zeros.
fn resize(op: &'static str, a: &Array, axis: usize, n: usize) -> Result<Array> {
    let size = a.shape()[axis];
    if n <= size {
        return if n == size { Ok(a.clone()) } else { ops::slice_axis(a, axis, 0, 1, n) };
    }
    let mut widths = vec![(0, 0); a.ndim()];
    let more = i64::try_from(n - size).map_err(|_| Error::value(op, format!("{n} elements are too many")))?;
    widths[axis] = (0, more);
    let zero = astype(&Array::scalar(0.0f32), a.dtype())?;
    ops::pad(a, ops::PadWidth::PerAxis(&widths), &ops::PadMode::Constant(zero))
}
