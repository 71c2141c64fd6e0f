//! Inverse trigonometric functions.

use super::poly;
use crate::simd::isa::Isa;
use std::f64::consts::{FRAC_PI_2, PI};

/// What rounding took from pi/2.
const FRAC_PI_2_LOW: f64 = 6.123233995736766e-17;

/// `(asin(w) - w) / w` as a function of `w^2` in `0..=0.25`.
#[inline(always)]
fn asin_poly<I: Isa>(z: f64) -> f64 {
    z * poly::<I, 13>(
        z,
        [
            0.1666666666666676,
            0.07499999999970867,
            0.04464285717455937,
            0.030381942709939623,
            0.022372214933962416,
            0.017351612884603275,
            0.013980810971389434,
            0.01139898489079697,
            0.010779871868289314,
            0.003707763532081903,
            0.02170432555229706,
            -0.020994858928895577,
            0.03262611178414555,
        ],
    )
}

#[inline(always)]
pub fn asin<I: Isa>(x: f64) -> f64 {
    let a = x.abs();
    let near = a <= 0.5;
    // Above a half: asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)).
    let z = if near { a * a } else { I::fma64(a, -0.5, 0.5) };
    let w = if near { a } else { z.sqrt() };
    let p = I::fma64(w, asin_poly::<I>(z), w);
    (if near { p } else { I::fma64(p, -2.0, FRAC_PI_2_LOW) + FRAC_PI_2 }).copysign(x)
}

#[inline(always)]
pub fn acos<I: Isa>(x: f64) -> f64 {
    let a = x.abs();
    let near = a <= 0.5;
    let z = if near { a * a } else { I::fma64(a, -0.5, 0.5) };
    let w = if near { x } else { z.sqrt() };
    let p = I::fma64(w, asin_poly::<I>(z), w);
    let far = if x < 0.0 { I::fma64(p, -2.0, 2.0 * FRAC_PI_2_LOW) + PI } else { 2.0 * p };
    if near { (FRAC_PI_2_LOW - p) + FRAC_PI_2 } else { far }
}

/// `atan(q)` for `q` in `0..=1`.
#[inline(always)]
fn atan_poly<I: Isa>(q: f64) -> f64 {
    let z = q * q;
    let c = [
        -0.3333333333333307,
        0.19999999999951756,
        -0.1428571428258855,
        0.1111111100735493,
        -0.09090907008003227,
        0.07692279891000552,
        -0.06666404438129865,
        0.058805298846729526,
        -0.052535270812955864,
        0.047223492737180406,
        -0.042192457555029254,
        0.036643201134804834,
        -0.0299058087635479,
        0.021987149042429332,
        -0.013902640588944897,
        0.00719792575897647,
        -0.002885627889651036,
        0.0008315652318609962,
        -0.00015221219870193814,
        1.3230091772371405e-05,
    ];
    I::fma64(q, z * poly::<I, 20>(z, c), q)
}

#[inline(always)]
pub fn atan<I: Isa>(x: f64) -> f64 {
    let a = x.abs();
    let near = a <= 1.0;
    let p = atan_poly::<I>(if near { a } else { 1.0 / a });
    (if near { p } else { (FRAC_PI_2_LOW - p) + FRAC_PI_2 }).copysign(x)
}

#[inline(always)]
pub fn atan2<I: Isa>(y: f64, x: f64) -> f64 {
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
    let p = I::fma64(quarters, FRAC_PI_2_LOW, p) + quarters * FRAC_PI_2;
    let unordered = x.is_nan() || y.is_nan();
    (if unordered { f64::NAN } else { p }).copysign(y)
}
