//! The real floating point types behind one trait, for scalar code that is written once for both.

use super::isa::Isa;
use super::{math32, math64};
use crate::Element;
use num_traits::{Bounded, NumAssignOps, NumOps, One, Zero};
use std::ops::Neg;

/// `f32` or `f64`, with the mathematical functions that vectorise.
///
/// Special values follow C's libm (IEEE 754-2019, section 9.2). On a concrete type call a function as
/// `Float::exp::<I>(x)`, because `x.exp()` names the standard library's own.
pub trait Float: Element + PartialOrd + NumOps + NumAssignOps + Neg<Output = Self> + Zero + One + Bounded {
    /// Positive infinity.
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;

    /// The nearest value to `x`.
    #[must_use]
    fn from_f64(x: f64) -> Self;
    /// The value, widened.
    #[must_use]
    fn to_f64(self) -> f64;
    /// e to the power of x.
    #[must_use]
    fn exp<I: Isa>(self) -> Self;
    /// 2 to the power of x.
    #[must_use]
    fn exp2<I: Isa>(self) -> Self;
    /// `exp(x) - 1`, accurate near zero.
    #[must_use]
    fn expm1<I: Isa>(self) -> Self;
    /// The natural logarithm.
    #[must_use]
    fn log<I: Isa>(self) -> Self;
    /// The logarithm to base 2.
    #[must_use]
    fn log2<I: Isa>(self) -> Self;
    /// The logarithm to base 10.
    #[must_use]
    fn log10<I: Isa>(self) -> Self;
    /// `log(1 + x)`, accurate near zero.
    #[must_use]
    fn log1p<I: Isa>(self) -> Self;
    /// The sine of an angle in radians.
    #[must_use]
    fn sin<I: Isa>(self) -> Self;
    /// The cosine of an angle in radians.
    #[must_use]
    fn cos<I: Isa>(self) -> Self;
    /// The tangent of an angle in radians.
    #[must_use]
    fn tan<I: Isa>(self) -> Self;
    /// The angle in `-pi/2..=pi/2` with this sine.
    #[must_use]
    fn asin<I: Isa>(self) -> Self;
    /// The angle in `0..=pi` with this cosine.
    #[must_use]
    fn acos<I: Isa>(self) -> Self;
    /// The angle in `-pi/2..=pi/2` with this tangent.
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
    /// The inverse hyperbolic sine.
    #[must_use]
    fn asinh<I: Isa>(self) -> Self;
    /// The inverse hyperbolic cosine.
    #[must_use]
    fn acosh<I: Isa>(self) -> Self;
    /// The inverse hyperbolic tangent.
    #[must_use]
    fn atanh<I: Isa>(self) -> Self;
    /// The error function.
    #[must_use]
    fn erf<I: Isa>(self) -> Self;
    /// The inverse of the error function; infinite at -1 and 1, NaN outside.
    #[must_use]
    fn erfinv<I: Isa>(self) -> Self;
    /// `1 / (1 + exp(-x))`.
    #[must_use]
    fn sigmoid<I: Isa>(self) -> Self;
    /// `1 / sqrt(x)`.
    #[must_use]
    fn rsqrt<I: Isa>(self) -> Self;
    /// The square root.
    #[must_use]
    fn sqrt<I: Isa>(self) -> Self;
    /// The largest integer not above x.
    #[must_use]
    fn floor<I: Isa>(self) -> Self;
    /// The smallest integer not below x.
    #[must_use]
    fn ceil<I: Isa>(self) -> Self;
    /// The integer part.
    #[must_use]
    fn trunc<I: Isa>(self) -> Self;
    /// The nearest integer, ties to even.
    #[must_use]
    fn rint<I: Isa>(self) -> Self;
    /// The magnitude.
    #[must_use]
    fn abs<I: Isa>(self) -> Self;
    /// The angle of the point `(x, y)`, in `-pi..=pi`, called on y.
    #[must_use]
    fn atan2<I: Isa>(self, x: Self) -> Self;
    /// `self` to the power of `exponent`.
    #[must_use]
    fn pow<I: Isa>(self, exponent: Self) -> Self;
    /// `log(exp(self) + exp(other))` without overflow.
    #[must_use]
    fn logaddexp<I: Isa>(self, other: Self) -> Self;
    /// What is left of dividing as often as a whole number; it has the divisor's sign, as in Python. Exact.
    #[must_use]
    fn remainder<I: Isa>(self, divisor: Self) -> Self;
    /// The largest integer not above the rounded quotient `self / divisor`.
    #[must_use]
    fn floor_div<I: Isa>(self, divisor: Self) -> Self;
    /// The magnitude of `self` with the sign of `sign`.
    #[must_use]
    fn copysign<I: Isa>(self, sign: Self) -> Self;

    /// Whether the cheap `sin_near`, `cos_near` and `tan_near` are accurate for this angle.
    #[must_use]
    fn is_near_angle<I: Isa>(self) -> bool;
    /// The sine where [`Float::is_near_angle`].
    #[must_use]
    fn sin_near<I: Isa>(self) -> Self;
    /// The cosine where [`Float::is_near_angle`].
    #[must_use]
    fn cos_near<I: Isa>(self) -> Self;
    /// The tangent where [`Float::is_near_angle`].
    #[must_use]
    fn tan_near<I: Isa>(self) -> Self;
    /// Whether the cheap `remainder_near` is exact for this division.
    #[must_use]
    fn is_near_divisor<I: Isa>(self, divisor: Self) -> bool;
    /// The remainder where [`Float::is_near_divisor`].
    #[must_use]
    fn remainder_near<I: Isa>(self, divisor: Self) -> Self;
}

macro_rules! float {
    ($T:ident, $math:ident) => {
        impl Float for $T {
            const INFINITY: Self = $T::INFINITY;
            const NAN: Self = $T::NAN;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $T
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            float!(@unary $math exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh
                acosh atanh erf erfinv sigmoid rsqrt sqrt floor ceil trunc rint abs sin_near cos_near tan_near);
            float!(@binary $math atan2 pow logaddexp remainder floor_div copysign
                remainder_near);
            #[inline(always)]
            fn is_near_angle<I: Isa>(self) -> bool {
                $math::is_near_angle::<I>(self)
            }
            #[inline(always)]
            fn is_near_divisor<I: Isa>(self, divisor: Self) -> bool {
                $math::is_near_divisor::<I>(self, divisor)
            }
        }
    };
    (@unary $math:ident $($name:ident)*) => {
        $(
            #[inline(always)]
            fn $name<I: Isa>(self) -> Self {
                $math::$name::<I>(self)
            }
        )*
    };
    (@binary $math:ident $($name:ident)*) => {
        $(
            #[inline(always)]
            fn $name<I: Isa>(self, other: Self) -> Self {
                $math::$name::<I>(self, other)
            }
        )*
    };
}
float!(f32, math32);
float!(f64, math64);
