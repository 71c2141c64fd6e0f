//! Mathematical functions of complex numbers.

use super::isa::Isa;
use crate::Complex32;
use num_complex::Complex64;

/// Functions of a complex number, under the names that [`Float`](super::Float) uses.
///
/// Branch cuts are NumPy's. On a concrete type call a function as `ComplexMath::exp::<I>(z)`, because `z.exp()`
/// names num-complex's own.
pub trait ComplexMath: Copy {
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn exp<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn expm1<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn log<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn log2<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn log10<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn log1p<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn sqrt<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn rsqrt<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn sin<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn cos<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn tan<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn asin<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn acos<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn atan<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn sinh<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn cosh<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn tanh<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn asinh<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn acosh<I: Isa>(self) -> Self;
    /// As the function of the same name in [`Float`](super::Float).
    #[must_use]
    fn atanh<I: Isa>(self) -> Self;
    /// The magnitude.
    #[must_use]
    fn abs<I: Isa>(self) -> f32;
    /// The angle, in `-pi..=pi`.
    #[must_use]
    fn arg<I: Isa>(self) -> f32;
    /// `z / |z|`, and zero at zero.
    #[must_use]
    fn sign<I: Isa>(self) -> Self;
    /// The product.
    #[must_use]
    fn mul<I: Isa>(self, other: Self) -> Self;
    /// The quotient, without overflow of intermediate values.
    #[must_use]
    fn div<I: Isa>(self, other: Self) -> Self;
    /// `self` to the power of `exponent`.
    #[must_use]
    fn pow<I: Isa>(self, exponent: Self) -> Self;
}

#[inline(always)]
fn wide(z: Complex32) -> Complex64 {
    Complex64::new(f64::from(z.re), f64::from(z.im))
}

#[inline(always)]
fn narrow(z: Complex64) -> Complex32 {
    Complex32::new(z.re as f32, z.im as f32)
}

impl ComplexMath for Complex32 {
    #[inline(always)]
    fn exp<I: Isa>(self) -> Self {
        narrow(wide(self).exp())
    }
    #[inline(always)]
    fn expm1<I: Isa>(self) -> Self {
        narrow(wide(self).exp() - 1.0)
    }
    #[inline(always)]
    fn log<I: Isa>(self) -> Self {
        narrow(wide(self).ln())
    }
    #[inline(always)]
    fn log2<I: Isa>(self) -> Self {
        narrow(wide(self).ln() / std::f64::consts::LN_2)
    }
    #[inline(always)]
    fn log10<I: Isa>(self) -> Self {
        narrow(wide(self).ln() / std::f64::consts::LN_10)
    }
    #[inline(always)]
    fn log1p<I: Isa>(self) -> Self {
        narrow((wide(self) + 1.0).ln())
    }
    #[inline(always)]
    fn sqrt<I: Isa>(self) -> Self {
        narrow(wide(self).sqrt())
    }
    #[inline(always)]
    fn rsqrt<I: Isa>(self) -> Self {
        narrow(1.0 / wide(self).sqrt())
    }
    #[inline(always)]
    fn sin<I: Isa>(self) -> Self {
        narrow(wide(self).sin())
    }
    #[inline(always)]
    fn cos<I: Isa>(self) -> Self {
        narrow(wide(self).cos())
    }
    #[inline(always)]
    fn tan<I: Isa>(self) -> Self {
        narrow(wide(self).tan())
    }
    #[inline(always)]
    fn asin<I: Isa>(self) -> Self {
        narrow(wide(self).asin())
    }
    #[inline(always)]
    fn acos<I: Isa>(self) -> Self {
        narrow(wide(self).acos())
    }
    #[inline(always)]
    fn atan<I: Isa>(self) -> Self {
        narrow(wide(self).atan())
    }
    #[inline(always)]
    fn sinh<I: Isa>(self) -> Self {
        narrow(wide(self).sinh())
    }
    #[inline(always)]
    fn cosh<I: Isa>(self) -> Self {
        narrow(wide(self).cosh())
    }
    #[inline(always)]
    fn tanh<I: Isa>(self) -> Self {
        narrow(wide(self).tanh())
    }
    #[inline(always)]
    fn asinh<I: Isa>(self) -> Self {
        narrow(wide(self).asinh())
    }
    #[inline(always)]
    fn acosh<I: Isa>(self) -> Self {
        narrow(wide(self).acosh())
    }
    #[inline(always)]
    fn atanh<I: Isa>(self) -> Self {
        narrow(wide(self).atanh())
    }
    #[inline(always)]
    fn abs<I: Isa>(self) -> f32 {
        wide(self).norm() as f32
    }
    #[inline(always)]
    fn arg<I: Isa>(self) -> f32 {
        wide(self).arg() as f32
    }
    #[inline(always)]
    fn sign<I: Isa>(self) -> Self {
        if self == Complex32::ZERO { self } else { narrow(wide(self) / wide(self).norm()) }
    }
    #[inline(always)]
    fn mul<I: Isa>(self, other: Self) -> Self {
        self * other
    }
    #[inline(always)]
    fn div<I: Isa>(self, other: Self) -> Self {
        narrow(wide(self) / wide(other))
    }
    #[inline(always)]
    fn pow<I: Isa>(self, exponent: Self) -> Self {
        narrow(wide(self).powc(wide(exponent)))
    }
}
