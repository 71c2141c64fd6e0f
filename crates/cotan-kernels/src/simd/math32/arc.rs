//! Inverse trigonometric functions.

use super::poly;
use crate::simd::isa::Isa;
use std::f32::consts::{FRAC_PI_2, PI};

/// What rounding took from pi/2.
const FRAC_PI_2_LOW: f32 = -4.371_139e-8;

/// `(asin(w) - w) / w` as a function of `w^2` in `0..=0.25`.
#[inline(always)]
fn asin_poly<I: Isa>(z: f32) -> f32 {
    z * poly::<I, 5>(z, [0.166_667_52, 0.074_953_1, 0.045_469_02, 0.024_185_503, 0.042_157_013])
}

#[inline(always)]
pub fn asin<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let near = a <= 0.5;
    // Above a half: asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)).
    let z = if near { a * a } else { I::fma32(a, -0.5, 0.5) };
    let w = if near { a } else { z.sqrt() };
    let p = I::fma32(w, asin_poly::<I>(z), w);
    (if near { p } else { I::fma32(p, -2.0, FRAC_PI_2_LOW) + FRAC_PI_2 }).copysign(x)
}

#[inline(always)]
pub fn acos<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let near = a <= 0.5;
    let z = if near { a * a } else { I::fma32(a, -0.5, 0.5) };
    let w = if near { x } else { z.sqrt() };
    let p = I::fma32(w, asin_poly::<I>(z), w);
    let far = if x < 0.0 { I::fma32(p, -2.0, 2.0 * FRAC_PI_2_LOW) + PI } else { 2.0 * p };
    if near { (FRAC_PI_2_LOW - p) + FRAC_PI_2 } else { far }
}

/// `atan(q)` for `q` in `0..=1`.
#[inline(always)]
fn atan_poly<I: Isa>(q: f32) -> f32 {
    let z = q * q;
    let c = [
        -0.333_333,
        0.199_985_36,
        -0.142_641_26,
        0.109_516_546,
        -0.084_020_56,
        0.057_935_8,
        -0.031_157_766,
        0.010_904_537,
        -0.001_791_502,
    ];
    I::fma32(q, z * poly::<I, 9>(z, c), q)
}

#[inline(always)]
pub fn atan<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let near = a <= 1.0;
    let p = atan_poly::<I>(if near { a } else { 1.0 / a });
    (if near { p } else { (FRAC_PI_2_LOW - p) + FRAC_PI_2 }).copysign(x)
}

#[inline(always)]
pub fn atan2<I: Isa>(y: f32, x: f32) -> f32 {
    let (height, width) = (y.abs(), x.abs());
    let steep = height > width;
    let (low, high) = if steep { (width, height) } else { (height, width) };
    // Zero over zero counts as zero, infinity over infinity as one.
    let q = if low == high { 1.0 } else { low / high };
    let q = if high == 0.0 { 0.0 } else { q };
    let p = atan_poly::<I>(q);
    // Measured from the nearest half axis: 0, pi/2 or pi.
    let left = x.is_sign_negative();
    let quarters = if left { 2.0 } else { 0.0 };
    let quarters = if steep { 1.0 } else { quarters };
    let p = if steep != left { -p } else { p };
    let p = I::fma32(quarters, FRAC_PI_2_LOW, p) + quarters * FRAC_PI_2;
    let unordered = x.is_nan() || y.is_nan();
    (if unordered { f32::NAN } else { p }).copysign(y)
}
