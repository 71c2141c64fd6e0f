//! Exponentials: `exp`, `exp2`, `expm1` and the logistic function.

use super::{MAGIC, poly, power_of_two};
use crate::simd::isa::Isa;
use std::f32::consts::{LN_2, LOG2_E};

// ln 2 in two parts; the first has 10 bits, so that its product with an exponent is exact.
pub(super) const LN2_HIGH: f32 = 0.693_359_4;
pub(super) const LN2_LOW: f32 = -2.121_944_4e-4;

/// Splits `x` into `n ln 2 + r` with `r` in `-0.347..=0.347`, for `x` within `-200..=200`.
#[inline(always)]
fn reduce<I: Isa>(x: f32) -> (i32, f32) {
    let shifted = I::fma32(x, LOG2_E, MAGIC);
    let n = shifted - MAGIC;
    let r = I::fma32(n, -LN2_LOW, I::fma32(n, -LN2_HIGH, x));
    (shifted.to_bits().wrapping_sub(MAGIC.to_bits()) as i32, r)
}

/// `2^n` times `p`, rounded once also where the result is subnormal, for `n` in `-252..=254`.
#[inline(always)]
fn scale(p: f32, n: i32) -> f32 {
    let half = n >> 1;
    p * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

#[inline(always)]
fn clamp(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// `exp(r)` for `r` in `-0.347..=0.347`.
#[inline(always)]
fn exp_poly<I: Isa>(r: f32) -> f32 {
    poly::<I, 7>(r, [1.0, 1.0, 0.499_999_88, 0.166_665_17, 0.041_669_644, 0.008_369_14, 0.001_374_631_5])
}

#[inline(always)]
pub fn exp<I: Isa>(x: f32) -> f32 {
    let (n, r) = reduce::<I>(clamp(x, -105.0, 89.0));
    scale(exp_poly::<I>(r), n)
}

/// `exp(x) / 2` for `x` in `-80..=90`.
#[inline(always)]
pub(super) fn half_exp<I: Isa>(x: f32) -> f32 {
    let (n, r) = reduce::<I>(x);
    scale(exp_poly::<I>(r), n.wrapping_sub(1))
}

/// `exp(x) / 2` for `x` in `-80..=88`.
#[inline(always)]
pub(super) fn half_exp_moderate<I: Isa>(x: f32) -> f32 {
    let (n, r) = reduce::<I>(x);
    exp_poly::<I>(r) * power_of_two(n.wrapping_sub(1))
}

#[inline(always)]
pub fn exp2<I: Isa>(x: f32) -> f32 {
    let x = clamp(x, -151.0, 129.0);
    let shifted = x + MAGIC;
    exp2_split::<I>(shifted.to_bits().wrapping_sub(MAGIC.to_bits()) as i32, x - (shifted - MAGIC))
}

/// `2^(n + r)` for `r` in `-0.5..=0.5`.
#[inline(always)]
pub(super) fn exp2_split<I: Isa>(n: i32, r: f32) -> f32 {
    const C: [f32; 7] = [1.0, LN_2, 0.240_226_45, 0.055_503_59, 0.009_618_839, 0.001_339_135_3, 1.523_925_2e-4];
    scale(poly::<I, 7>(r, C), n)
}

#[inline(always)]
pub fn expm1<I: Isa>(x: f32) -> f32 {
    let (n, r) = reduce::<I>(clamp(x, -18.0, 89.0));
    let q = poly::<I, 5>(r, [0.499_999_97, 0.166_665_42, 0.041_667_5, 0.008_366_742, 0.001_386_521_7]);
    let m1 = I::fma32(r * r, q, r);
    // Half of `2^n` is finite for every `n` up to 128.
    let half = power_of_two(n.wrapping_sub(1));
    let far = 2.0 * I::fma32(half, m1, half - 0.5);
    // Halving would lose the last bit of a subnormal.
    (if n == 0 { m1 } else { far }).copysign(x)
}

#[inline(always)]
pub fn sigmoid<I: Isa>(x: f32) -> f32 {
    let e = exp::<I>(-x.abs());
    let sum = 1.0 + e;
    // What the sum lost, for the quotient to make up for.
    let lost = e - (sum - 1.0);
    let value = (if x < 0.0 { e } else { 1.0 }) / sum;
    I::fma32(value, -lost, value)
}
