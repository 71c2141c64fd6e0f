//! Mathematical functions of `f32`.
//!
//! Polynomials are minimax fits whose coefficients are rounded to `f32` (Brisebarre and Chevillard, "Efficient
//! polynomial L-infinity approximations", ARITH 2007). Argument reductions follow Muller, "Elementary Functions"
//! (3rd edition, 2016). Constants are split so that products with small integers are exact without a fused
//! multiply-add, too.

mod arc;
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
pub(super) use trig::reduce_wide;
pub use trig::{cos, cos_near, is_near_angle, sin, sin_near, tan, tan_near};

use super::isa::Isa;

/// Adding it to a number below `2^22` in magnitude leaves the nearest integer in the low bits.
const MAGIC: f32 = 12_582_912.0;

/// The value of a polynomial whose coefficients start with the constant.
#[inline(always)]
fn poly<I: Isa, const N: usize>(x: f32, c: [f32; N]) -> f32 {
    let mut value = c[N - 1];
    for i in (0..N - 1).rev() {
        value = I::fma32(value, x, c[i]);
    }
    value
}

/// Two to the power of `n`, for `n` in `-126..=127`.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

#[inline(always)]
pub fn sqrt<I: Isa>(x: f32) -> f32 {
    x.sqrt()
}

#[inline(always)]
pub fn rsqrt<I: Isa>(x: f32) -> f32 {
    1.0 / x.sqrt()
}
