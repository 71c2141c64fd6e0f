//! Mathematical functions of complex numbers, computed in `f64` from parts in `f32`.
//!
//! In `f64` squares of parts neither overflow nor underflow and products are exact, so that textbook formulas hold.

mod arc;
mod elementary;
#[expect(clippy::extra_unused_type_parameters, reason = "all functions have the shape of `ComplexMath`'s methods")]
mod power;

use super::isa::Isa;
use super::{math32, math64};
use crate::Complex32;

/// Functions of a complex number, under the names that [`Float`](super::Float) uses.
///
/// Branch cuts and limits are NumPy's (those of C99, annex G). On a concrete type call a function as
/// `ComplexMath::exp::<I>(z)`, because `z.exp()` names num-complex's own.
pub trait ComplexMath: Copy {
    /// e to the power of z.
    #[must_use]
    fn exp<I: Isa>(self) -> Self;
    /// `exp(z) - 1`, accurate near zero.
    #[must_use]
    fn expm1<I: Isa>(self) -> Self;
    /// The natural logarithm, cut along the negative real axis.
    #[must_use]
    fn log<I: Isa>(self) -> Self;
    /// The logarithm to base 2.
    #[must_use]
    fn log2<I: Isa>(self) -> Self;
    /// The logarithm to base 10.
    #[must_use]
    fn log10<I: Isa>(self) -> Self;
    /// `log(1 + z)`, accurate near zero.
    #[must_use]
    fn log1p<I: Isa>(self) -> Self;
    /// The square root in the right half plane, cut along the negative real axis.
    #[must_use]
    fn sqrt<I: Isa>(self) -> Self;
    /// `1 / sqrt(z)`.
    #[must_use]
    fn rsqrt<I: Isa>(self) -> Self;
    /// The sine.
    #[must_use]
    fn sin<I: Isa>(self) -> Self;
    /// The cosine.
    #[must_use]
    fn cos<I: Isa>(self) -> Self;
    /// The tangent.
    #[must_use]
    fn tan<I: Isa>(self) -> Self;
    /// The inverse sine, cut outside `-1..=1` on the real axis.
    #[must_use]
    fn asin<I: Isa>(self) -> Self;
    /// The inverse cosine, cut outside `-1..=1` on the real axis.
    #[must_use]
    fn acos<I: Isa>(self) -> Self;
    /// The inverse tangent, cut outside `-i..=i` on the imaginary axis.
    #[must_use]
    fn atan<I: Isa>(self) -> Self;
    /// The hyperbolic sine.
    #[must_use]
    fn sinh<I: Isa>(self) -> Self;
    /// The hyperbolic cosine.
    #[must_use]
    fn cosh<I: Isa>(self) -> Self;
    /// The hyperbolic tangent.
    #[must_use]
    fn tanh<I: Isa>(self) -> Self;
    /// The inverse hyperbolic sine, cut outside `-i..=i` on the imaginary axis.
    #[must_use]
    fn asinh<I: Isa>(self) -> Self;
    /// The inverse hyperbolic cosine, cut below 1 on the real axis.
    #[must_use]
    fn acosh<I: Isa>(self) -> Self;
    /// The inverse hyperbolic tangent, cut outside `-1..=1` on the real axis.
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
    /// The product by its definition in `f32`.
    #[must_use]
    fn mul<I: Isa>(self, other: Self) -> Self;
    /// The quotient; dividing by zero divides both parts.
    #[must_use]
    fn div<I: Isa>(self, other: Self) -> Self;
    /// `exp(exponent * log(z))`; one where the exponent is zero.
    #[must_use]
    fn pow<I: Isa>(self, exponent: Self) -> Self;
}

/// A complex number in `f64`.
#[derive(Clone, Copy)]
struct Wide {
    re: f64,
    im: f64,
}

impl Wide {
    #[inline(always)]
    fn new(re: f64, im: f64) -> Wide {
        Wide { re, im }
    }

    #[inline(always)]
    fn of(z: Complex32) -> Wide {
        Wide { re: f64::from(z.re), im: f64::from(z.im) }
    }

    #[inline(always)]
    fn narrow(self) -> Complex32 {
        Complex32::new(self.re as f32, self.im as f32)
    }

    /// Real and imaginary part exchanged: turns a function of `iz` into its hyperbolic partner.
    #[inline(always)]
    fn swap(self) -> Wide {
        Wide { re: self.im, im: self.re }
    }

    #[inline(always)]
    fn is_infinite(self) -> bool {
        self.re.is_infinite() || self.im.is_infinite()
    }

    /// The magnitude; infinite if a part is, even beside NaN.
    #[inline(always)]
    fn abs(self) -> f64 {
        let value = (self.re * self.re + self.im * self.im).sqrt();
        if self.is_infinite() { f64::INFINITY } else { value }
    }

    #[inline(always)]
    fn times(self, factor: f64) -> Wide {
        Wide { re: self.re * factor, im: self.im * factor }
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self.re == 0.0 && self.im == 0.0
    }
}

macro_rules! wide {
    ($($name:ident: $($path:ident)::+;)*) => {
        $(
            #[inline(always)]
            fn $name<I: Isa>(self) -> Self {
                $($path)::+::<I>(Wide::of(self)).narrow()
            }
        )*
    };
}

macro_rules! swapped {
    ($($name:ident: $($path:ident)::+;)*) => {
        $(
            #[inline(always)]
            fn $name<I: Isa>(self) -> Self {
                $($path)::+::<I>(Wide::of(self).swap()).swap().narrow()
            }
        )*
    };
}

impl ComplexMath for Complex32 {
    wide! {
        exp: elementary::exp;
        expm1: elementary::expm1;
        log: power::log;
        log2: power::log2;
        log10: power::log10;
        log1p: power::log1p;
        sqrt: power::sqrt;
        rsqrt: power::rsqrt;
        sin: elementary::sin;
        cos: elementary::cos;
        tan: elementary::tan;
        asin: arc::asin;
        acos: arc::acos;
        acosh: arc::acosh;
        atanh: arc::atanh;
    }
    // sinh(z) = -i sin(iz), and so on; the functions are odd, which leaves an exchange of the parts.
    swapped! {
        sinh: elementary::sin;
        tanh: elementary::tan;
        asinh: arc::asin;
        atan: arc::atanh;
    }

    #[inline(always)]
    fn cosh<I: Isa>(self) -> Self {
        // cosh(z) = cos(iz).
        elementary::cos::<I>(Wide::of(Complex32::new(-self.im, self.re))).narrow()
    }

    #[inline(always)]
    fn abs<I: Isa>(self) -> f32 {
        Wide::of(self).abs() as f32
    }

    #[inline(always)]
    fn arg<I: Isa>(self) -> f32 {
        math32::atan2::<I>(self.im, self.re)
    }

    #[inline(always)]
    fn sign<I: Isa>(self) -> Self {
        let z = Wide::of(self);
        let zero = z.is_zero();
        let unit = z.times(1.0 / z.abs()).narrow();
        Complex32::new(if zero { 0.0 } else { unit.re }, if zero { 0.0 } else { unit.im })
    }

    #[inline(always)]
    fn mul<I: Isa>(self, other: Self) -> Self {
        Complex32::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }

    #[inline(always)]
    fn div<I: Isa>(self, other: Self) -> Self {
        power::div::<I>(Wide::of(self), Wide::of(other)).narrow()
    }

    #[inline(always)]
    fn pow<I: Isa>(self, exponent: Self) -> Self {
        power::pow::<I>(Wide::of(self), Wide::of(exponent)).narrow()
    }
}

/// Sine and cosine of an angle.
#[inline(always)]
fn sine_cosine<I: Isa>(angle: f64) -> (f64, f64) {
    math64::sine_cosine_of_f32::<I>(angle)
}
