//! Mathematical functions of `f64`, built as those of `f32` are.

mod arc;
mod double;
mod erf;
mod exp;
mod hyperbolic;
mod log;
mod pow;
mod round;
mod trig;

pub use arc::{acos, asin, atan, atan2};
pub use erf::{erf, erfinv};
pub use exp::{exp, exp2, expm1, sigmoid};
pub use hyperbolic::{acosh, asinh, atanh, cosh, sinh, tanh};
pub use log::{log, log1p, log2, log10, logaddexp};
pub use pow::pow;
pub use round::{abs, ceil, copysign, floor, floor_div, is_near_divisor, remainder, remainder_near, rint, trunc};
pub(super) use trig::sine_cosine_of_f32;
pub use trig::{cos, cos_near, is_near_angle, sin, sin_near, tan, tan_near};

use super::isa::Isa;

/// Adding it to a number below `2^51` in magnitude leaves the nearest integer in the low bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// The value of a polynomial whose coefficients start with the constant.
#[inline(always)]
fn poly<I: Isa, const N: usize>(x: f64, c: [f64; N]) -> f64 {
    let mut value = c[N - 1];
    for i in (0..N - 1).rev() {
        value = I::fma64(value, x, c[i]);
    }
    value
}

#[inline(always)]
pub fn sqrt<I: Isa>(x: f64) -> f64 {
    x.sqrt()
}

#[inline(always)]
pub fn rsqrt<I: Isa>(x: f64) -> f64 {
    1.0 / x.sqrt()
}
