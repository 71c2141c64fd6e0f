//! Sine, cosine and tangent.
//!
//! An angle is reduced to `r = x - n pi / 2`. Near zero three parts of pi do it (Cody and
//! Waite); the `_near` functions know only that way. Far away the multiples of two are dropped from a table of
//! `2^k / pi` before they are multiplied (Payne and Hanek, "Radian reduction for trigonometric functions", 1983).

use super::{MAGIC, poly};
use crate::simd::isa::Isa;
use crate::simd::two_over_pi::bits;
use std::f32::consts::{FRAC_2_PI, FRAC_PI_2};
use std::f64::consts;

/// Adding it to an `f64` below `2^51` in magnitude leaves the nearest integer in the low bits.
const MAGIC64: f64 = 6_755_399_441_055_744.0;

// pi in two parts; the first has 28 bits, so that its product with a 24-bit integer is exact.
const PI_HIGH: f64 = 3.141592651605606;
const PI_LOW: f64 = 1.984187159361081e-09;

/// `2^k / pi` modulo 2 for `k` from 0 on, in two parts of 29 bits and a rest: products with 24 bits are exact.
static POWERS_OVER_PI: [[f64; 3]; 105] = {
    let mut table = [[0.0; 3]; 105];
    let mut k = 0;
    while k < 105 {
        // Bit i of 2/pi has the weight 2^(k - 1 - i) here; the first one kept has the weight one.
        let start = k as i32 - 1;
        let unit = 1.0 / (1u64 << 28) as f64;
        table[k][0] = bits(start, 29) as f64 * unit;
        table[k][1] = bits(start + 29, 29) as f64 * (unit * unit * 0.5);
        table[k][2] = bits(start + 58, 48) as f64 * (unit * unit * unit * (1.0 / (1u64 << 21) as f64));
        k += 1;
    }
    table
};

/// Whether the `_near` functions are accurate at `x`.
#[inline(always)]
pub fn is_near_angle<I: Isa>(x: f32) -> bool {
    // Also true for NaN, which comes out of every formula.
    let far = x.abs() > 131_072.0;
    !far
}

/// `a - n pi / 2` and the low bits of the integer `n`, for `a` in `0..=131072`.
#[inline(always)]
fn reduce_near<I: Isa>(a: f32) -> (f32, u32) {
    if !I::FMA {
        let (r, n) = reduce_near_wide::<I>(f64::from(a));
        return (r as f32, n as u32);
    }
    let shifted = I::fma32(a, FRAC_2_PI, MAGIC);
    let n = shifted - MAGIC;
    let r = I::fma32(n, -FRAC_PI_2, a);
    let r = I::fma32(n, 4.371_139e-8, r);
    (I::fma32(n, 1.715_124_5e-15, r), shifted.to_bits())
}

/// As [`reduce_near`], for `a` in `0..=2^24`.
#[inline(always)]
fn reduce_near_wide<I: Isa>(a: f64) -> (f64, u64) {
    let shifted = I::fma64(a, consts::FRAC_2_PI, MAGIC64);
    let n = shifted - MAGIC64;
    ((a - n * (PI_HIGH * 0.5)) - n * (PI_LOW * 0.5), shifted.to_bits())
}

/// As [`reduce_near`], for any finite `a`.
#[inline(always)]
fn reduce<I: Isa>(a: f32) -> (f32, u32) {
    let (r, n) = reduce_wide::<I>(f64::from(a));
    (r as f32, n as u32)
}

/// As [`reduce`], with 30 significant bits or more, for an `a` that is an `f32` or its half.
#[inline(always)]
pub(in crate::simd) fn reduce_wide<I: Isa>(a: f64) -> (f64, u64) {
    const FIRST: u32 = 150;
    let (near, near_n) = reduce_near_wide::<I>(a);
    let a = a as f32;
    let exponent = a.to_bits() >> 23;
    let far = exponent >= FIRST;
    // Bounded on both sides, which also keeps the index within the table for infinities and NaN.
    let row = if far { exponent - FIRST } else { 0 }.min(104);
    let [high, middle, low] = POWERS_OVER_PI[row as usize];
    let mantissa = f64::from(f32::from_bits((a.to_bits() & 0x007f_ffff) | 0x4b00_0000));
    let turns = mantissa * high;
    let turns = turns - 2.0 * ((turns * 0.5 + MAGIC64) - MAGIC64);
    let part = mantissa * middle;
    let shifted = (turns + part) * 2.0 + MAGIC64;
    let rest = (turns - (shifted - MAGIC64) * 0.5) + part + mantissa * low;
    let (r, n) = if far { (rest * consts::PI, shifted.to_bits()) } else { (near, near_n) };
    // Infinity times zero is NaN.
    (r + f64::from(a * 0.0), n)
}

/// The sine and the cosine of `r` in `-0.8..=0.8`.
#[inline(always)]
fn sine_cosine<I: Isa>(r: f32) -> (f32, f32) {
    let z = r * r;
    let s = I::fma32(r, z * poly::<I, 3>(z, [-0.166_666_64, 0.008_332_676, -1.957_346_2e-4]), r);
    let c = poly::<I, 3>(z, [0.041_666_664, -0.001_388_823, 2.453_337_2e-5]);
    (s, I::fma32(z * z, c, I::fma32(z, -0.5, 1.0)))
}

#[inline(always)]
fn negate_where(x: f32, sign: u32) -> f32 {
    f32::from_bits(x.to_bits() ^ (sign & 0x8000_0000))
}

/// The sine of `r + n pi / 2`, negated where the top bit of `sign` is set.
#[inline(always)]
fn sine_of_quadrant<I: Isa>(r: f32, n: u32, sign: u32) -> f32 {
    let (s, c) = sine_cosine::<I>(r);
    negate_where(if n & 1 == 0 { s } else { c }, (n << 30) ^ sign)
}

/// The tangent of `r + n pi / 2`, negated where the top bit of `sign` is set.
#[inline(always)]
fn tangent_of_quadrant<I: Isa>(r: f32, n: u32, sign: u32) -> f32 {
    let (s, c) = sine_cosine::<I>(r);
    let odd = n & 1 == 1;
    negate_where(if odd { -c } else { s } / if odd { s } else { c }, sign)
}

#[inline(always)]
pub fn sin_near<I: Isa>(x: f32) -> f32 {
    let (r, n) = reduce_near::<I>(x.abs());
    sine_of_quadrant::<I>(r, n, x.to_bits())
}

#[inline(always)]
pub fn sin<I: Isa>(x: f32) -> f32 {
    let (r, n) = reduce::<I>(x.abs());
    sine_of_quadrant::<I>(r, n, x.to_bits())
}

// cos(x) = sin(x + pi/2).
#[inline(always)]
pub fn cos_near<I: Isa>(x: f32) -> f32 {
    let (r, n) = reduce_near::<I>(x.abs());
    sine_of_quadrant::<I>(r, n.wrapping_add(1), 0)
}

#[inline(always)]
pub fn cos<I: Isa>(x: f32) -> f32 {
    let (r, n) = reduce::<I>(x.abs());
    sine_of_quadrant::<I>(r, n.wrapping_add(1), 0)
}

#[inline(always)]
pub fn tan_near<I: Isa>(x: f32) -> f32 {
    let (r, n) = reduce_near::<I>(x.abs());
    tangent_of_quadrant::<I>(r, n, x.to_bits())
}

#[inline(always)]
pub fn tan<I: Isa>(x: f32) -> f32 {
    let (r, n) = reduce::<I>(x.abs());
    tangent_of_quadrant::<I>(r, n, x.to_bits())
}
