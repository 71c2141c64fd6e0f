//! Exponentials: `exp`, `exp2`, `expm1` and the logistic function.

use super::{MAGIC, poly};
use crate::simd::isa::Isa;
use std::f64::consts::{LN_2, LOG2_E};

// ln 2 in two parts; the first has 32 bits, so that its product with an exponent is exact.
pub(super) const LN2_HIGH: f64 = 0.6931471803691238;
pub(super) const LN2_LOW: f64 = 1.9082149292705877e-10;

/// An integer exponent, as the bits that [`MAGIC`] leaves.
#[derive(Clone, Copy)]
pub(super) struct Exponent(u64);

impl Exponent {
    /// The nearest integer to `x` and its value.
    #[inline(always)]
    pub(super) fn nearest(shifted: f64) -> (Exponent, f64) {
        (Exponent(shifted.to_bits().wrapping_sub(MAGIC.to_bits())), shifted - MAGIC)
    }

    /// `2^n` times `p`, rounded once also where the result is subnormal, for `n` in `-2044..=2046`.
    #[inline(always)]
    pub(super) fn scale(self, p: f64) -> f64 {
        // Biased, because AVX2 shifts 64-bit integers only without their sign.
        let biased = self.0.wrapping_add(2048);
        let half = biased >> 1;
        let first = f64::from_bits(half.wrapping_sub(1) << 52);
        let second = f64::from_bits(biased.wrapping_sub(half).wrapping_sub(1) << 52);
        p * first * second
    }

    /// Two to the power of `n - 1`, for `n` in `-1021..=1024`.
    #[inline(always)]
    fn half_power(self) -> f64 {
        f64::from_bits(self.0.wrapping_add(1022) << 52)
    }
}

/// Splits `x` into `n ln 2 + r` with `r` in `-0.347..=0.347`, for `x` within `-1400..=1400`.
#[inline(always)]
fn reduce<I: Isa>(x: f64) -> (Exponent, f64) {
    let (exponent, n) = Exponent::nearest(I::fma64(x, LOG2_E, MAGIC));
    (exponent, I::fma64(n, -LN2_LOW, I::fma64(n, -LN2_HIGH, x)))
}

#[inline(always)]
pub(super) fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// `exp(r)` for `r` in `-0.347..=0.347`.
#[inline(always)]
fn exp_poly<I: Isa>(r: f64) -> f64 {
    poly::<I, 12>(
        r,
        [
            1.0,
            1.0,
            0.5000000000000011,
            0.16666666666666424,
            0.04166666666652703,
            0.008333333333487045,
            0.0013888888944319617,
            0.00019841269522497746,
            2.480149247489616e-05,
            2.755757224585228e-06,
            2.7630447786551996e-07,
            2.500451040348518e-08,
        ],
    )
}

#[inline(always)]
pub fn exp<I: Isa>(x: f64) -> f64 {
    let (n, r) = reduce::<I>(clamp(x, -746.0, 710.0));
    n.scale(exp_poly::<I>(r))
}

/// `exp(x + low)` for a `low` that is tiny beside `x`.
#[inline(always)]
pub(super) fn exp_sum<I: Isa>(x: f64, low: f64) -> f64 {
    let (n, r) = reduce::<I>(clamp(x, -746.0, 710.0));
    n.scale(exp_poly::<I>(r + low))
}

/// `exp(x) / 2` for `x` in `0..=711`.
#[inline(always)]
pub(super) fn half_exp<I: Isa>(x: f64) -> f64 {
    let (n, r) = reduce::<I>(x);
    Exponent(n.0.wrapping_sub(1)).scale(exp_poly::<I>(r))
}

#[inline(always)]
pub fn exp2<I: Isa>(x: f64) -> f64 {
    let x = clamp(x, -1076.0, 1025.0);
    let (exponent, n) = Exponent::nearest(x + MAGIC);
    exponent.scale(exp_poly::<I>((x - n) * LN_2))
}

#[inline(always)]
pub fn expm1<I: Isa>(x: f64) -> f64 {
    let (n, r) = reduce::<I>(clamp(x, -38.0, 710.0));
    let q = poly::<I, 11>(
        r,
        [
            0.5,
            0.16666666666666677,
            0.04166666666666661,
            0.008333333333321468,
            0.00138888888889238,
            0.00019841269886462974,
            2.4801587237488385e-05,
            2.7557243922526116e-06,
            2.7557353010531083e-07,
            2.510912359663184e-08,
            2.0889429993348493e-09,
        ],
    );
    let m1 = I::fma64(r * r, q, r);
    // Half of `2^n` is finite for every `n` up to 1024.
    let half = n.half_power();
    let far = 2.0 * I::fma64(half, m1, half - 0.5);
    // Halving would lose the last bit of a subnormal.
    (if half == 0.5 { m1 } else { far }).copysign(x)
}

#[inline(always)]
pub fn sigmoid<I: Isa>(x: f64) -> f64 {
    let e = exp::<I>(-x.abs());
    let sum = 1.0 + e;
    // What the sum lost, for the quotient to make up for.
    let lost = e - (sum - 1.0);
    let value = (if x < 0.0 { e } else { 1.0 }) / sum;
    I::fma64(value, -lost, value)
}
