//! Sine, cosine and tangent.
//!
//! An angle is reduced to `r = x - n pi / 2`, as a sum of two numbers. Near zero parts of pi/2 do it (Cody and
//! Waite); the `_near` functions know only that way. Far away the multiples of four in `x * 2/pi` are dropped before
//! they are multiplied (Payne and Hanek, "Radian reduction for trigonometric functions", 1983).

use super::{MAGIC, poly};
use crate::simd::isa::Isa;
use crate::simd::math32::reduce_wide;
use crate::simd::two_over_pi::bits;
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// What rounding took from pi/2, and then from that.
const FRAC_PI_2_LOW: f64 = 6.123233995736766e-17;
const FRAC_PI_2_LOWER: f64 = -1.4973849048591698e-33;

/// Whether the `_near` functions are accurate at `x`.
#[inline(always)]
pub fn is_near_angle<I: Isa>(x: f64) -> bool {
    // Also true for NaN, which comes out of every formula.
    let far = x.abs() > 1e6;
    !far
}

/// An angle `r + low` in `-pi/4..=pi/4` (or barely outside) and how many quarter turns were taken from it.
type Reduced = (f64, f64, u64);

/// Reduces `a` in `0..=1e6`.
#[inline(always)]
fn reduce_near<I: Isa>(a: f64) -> Reduced {
    let shifted = I::fma64(a, FRAC_2_PI, MAGIC);
    let n = shifted - MAGIC;
    let (first, second, rest) = if I::FMA {
        let second = n * FRAC_PI_2_LOW;
        let lost = I::fma64(n, FRAC_PI_2_LOW, -second);
        (I::fma64(n, -FRAC_PI_2, a), second, I::fma64(n, FRAC_PI_2_LOWER, lost))
    } else {
        // Parts of 33 bits: their products with 20 bits are exact.
        let rest = n * 2.0222662487111665e-21 + n * 8.4784276603689e-32;
        (a - n * 1.5707963267341256, n * 6.077100506303966e-11, rest)
    };
    // `first` is exact, and so is what rounding takes from the difference.
    let r = first - second;
    (r, ((first - r) - second) - rest, shifted.to_bits())
}

/// Reduces any `a` above 1e6.
#[cold]
#[inline(never)]
fn reduce_far(a: f64) -> Reduced {
    if a.is_infinite() {
        return (f64::NAN, 0.0, 0);
    }
    let mantissa = u128::from(a.to_bits() & 0x000f_ffff_ffff_ffff | 0x0010_0000_0000_0000);
    let exponent = (a.to_bits() >> 52) as i32 - 1075;
    // The first digit of 2/pi that counts has the weight two after the product with 2^exponent.
    let window = [0, 64, 128].map(|skip| u128::from(bits(exponent - 1 + skip, 64)));
    let low = window[2] * mantissa;
    let middle = window[1] * mantissa + (low >> 64);
    let high = (window[0] * mantissa).wrapping_add(middle >> 64) << 64 | (middle & u128::from(u64::MAX));
    // Two bits of quarter turns, then a fraction that is read as signed: in -1/2..1/2.
    let fraction = (high << 2) as i128;
    let n = (high >> 126) as u64 + u64::from(fraction < 0);
    let unit = 1.0 / (1u128 << 127) as f64 * 0.5;
    let first = fraction as f64;
    let second = (fraction - first as i128) as f64 * unit;
    let first = first * unit;
    let r = first * FRAC_PI_2;
    let low = first.mul_add(FRAC_PI_2, -r) + (first * FRAC_PI_2_LOW + second * FRAC_PI_2);
    (r, low, n)
}

/// Reduces any non-negative `a`.
#[inline(always)]
fn reduce<I: Isa>(a: f64) -> Reduced {
    if is_near_angle::<I>(a) { reduce_near::<I>(a) } else { reduce_far(a) }
}

/// The sine and the cosine of `r + low`.
#[inline(always)]
fn sine_cosine<I: Isa>(r: f64, low: f64) -> (f64, f64) {
    let z = r * r;
    let half = 0.5 * z;
    let p = poly::<I, 6>(
        z,
        [
            -0.1666666666666663,
            0.008333333333321898,
            -0.00019841269829431722,
            2.7557313570498283e-06,
            -2.5050740180718963e-08,
            1.589580555011871e-10,
        ],
    );
    let s = r + I::fma64(r * z, p, low * (1.0 - half));
    let q = poly::<I, 6>(
        z,
        [
            0.041666666666666595,
            -0.0013888888888873322,
            2.4801587288980358e-05,
            -2.7557314208521055e-07,
            2.087570398210434e-09,
            -1.13586646156194e-11,
        ],
    );
    let w = 1.0 - half;
    let c = w + (((1.0 - w) - half) + I::fma64(z * z, q, -r * low));
    (s, c)
}

#[inline(always)]
fn negate_where(x: f64, sign: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ (sign & 0x8000_0000_0000_0000))
}

/// The sine after adding back the quarter turns, negated where the top bit of `sign` is set.
#[inline(always)]
fn sine_of_quadrant<I: Isa>((r, low, n): Reduced, sign: u64) -> f64 {
    let (s, c) = sine_cosine::<I>(r, low);
    negate_where(if n & 1 == 0 { s } else { c }, (n << 62) ^ sign)
}

/// The tangent after adding back the quarter turns, negated where the top bit of `sign` is set.
#[inline(always)]
fn tangent_of_quadrant<I: Isa>((r, low, n): Reduced, sign: u64) -> f64 {
    let (s, c) = sine_cosine::<I>(r, low);
    let odd = n & 1 == 1;
    negate_where(if odd { -c } else { s } / if odd { s } else { c }, sign)
}

/// Sine and cosine without a branch, to 30 bits or more where the angle is an `f32`, its half, or below `2^24`.
#[inline(always)]
pub(in crate::simd) fn sine_cosine_of_f32<I: Isa>(x: f64) -> (f64, f64) {
    let (r, n) = reduce_wide::<I>(x.abs());
    let (s, c) = sine_cosine::<I>(r, 0.0);
    let (first, second) = if n & 1 == 0 { (s, c) } else { (c, s) };
    (negate_where(first, (n << 62) ^ x.to_bits()), negate_where(second, n.wrapping_add(1) << 62))
}

// cos(x) = sin(x + pi/2).
#[inline(always)]
fn quarter_more((r, low, n): Reduced) -> Reduced {
    (r, low, n.wrapping_add(1))
}

#[inline(always)]
pub fn sin_near<I: Isa>(x: f64) -> f64 {
    sine_of_quadrant::<I>(reduce_near::<I>(x.abs()), x.to_bits())
}

#[inline(always)]
pub fn sin<I: Isa>(x: f64) -> f64 {
    sine_of_quadrant::<I>(reduce::<I>(x.abs()), x.to_bits())
}

#[inline(always)]
pub fn cos_near<I: Isa>(x: f64) -> f64 {
    sine_of_quadrant::<I>(quarter_more(reduce_near::<I>(x.abs())), 0)
}

#[inline(always)]
pub fn cos<I: Isa>(x: f64) -> f64 {
    sine_of_quadrant::<I>(quarter_more(reduce::<I>(x.abs())), 0)
}

#[inline(always)]
pub fn tan_near<I: Isa>(x: f64) -> f64 {
    tangent_of_quadrant::<I>(reduce_near::<I>(x.abs()), x.to_bits())
}

#[inline(always)]
pub fn tan<I: Isa>(x: f64) -> f64 {
    tangent_of_quadrant::<I>(reduce::<I>(x.abs()), x.to_bits())
}
