//! Hyperbolic functions and their inverses.

use super::exp::half_exp;
use super::log::log1p_finite;
use super::poly;
use crate::simd::isa::Isa;
use std::f64::consts::LN_2;

/// From here on `sqrt(a^2 + 1)` equals `a`, and the square could overflow.
const LARGE: f64 = 1e18;

#[inline(always)]
pub fn tanh<I: Isa>(x: f64) -> f64 {
    let a = x.abs();
    let z = a * a;
    let p = poly::<I, 12>(
        z,
        [
            -0.33333333333333315,
            0.1333333333332993,
            -0.05396825396612263,
            0.021869488469783892,
            -0.008863234322214824,
            0.003592114043154675,
            -0.0014557259717860164,
            0.0005894510370602693,
            -0.00023700761524499182,
            9.154818933408062e-05,
            -3.017431225147669e-05,
            6.035780601782836e-06,
        ],
    );
    let near = I::fma64(a, z * p, a);
    // 1 - 2 / (exp(2a) + 1); beyond twenty the result rounds to one.
    let e = half_exp::<I>(2.0 * if a > 20.0 { 20.0 } else { a });
    let far = 1.0 - 1.0 / (e + 0.5);
    (if a < 0.625 { near } else { far }).copysign(x)
}

/// `exp(a) / 2`, infinite where it overflows.
#[inline(always)]
fn growth<I: Isa>(a: f64) -> f64 {
    half_exp::<I>(if a > 711.0 { 711.0 } else { a })
}

#[inline(always)]
pub fn sinh<I: Isa>(x: f64) -> f64 {
    let a = x.abs();
    let z = a * a;
    let p = poly::<I, 7>(
        z,
        [
            0.16666666666666669,
            0.00833333333333297,
            0.0001984126984153126,
            2.7557319130344088e-06,
            2.5052126863862455e-08,
            1.6056999787590921e-10,
            7.765922744740129e-13,
        ],
    );
    let near = I::fma64(a, z * p, a);
    let e = growth::<I>(a);
    (if a < 1.0 { near } else { e - 0.25 / e }).copysign(x)
}

#[inline(always)]
pub fn cosh<I: Isa>(x: f64) -> f64 {
    let e = growth::<I>(x.abs());
    e + 0.25 / e
}

#[inline(always)]
pub fn asinh<I: Isa>(x: f64) -> f64 {
    let a = x.abs();
    let large = a > LARGE;
    let z = a * a;
    let shift = if large { a } else { a + z / (1.0 + (z + 1.0).sqrt()) };
    let value = log1p_finite::<I>(shift) + if large { LN_2 } else { 0.0 };
    (if a < f64::INFINITY { value } else { a }).copysign(x)
}

#[inline(always)]
pub fn acosh<I: Isa>(x: f64) -> f64 {
    let t = x - 1.0;
    let large = x > LARGE;
    let shift = if large { x } else { t + I::fma64(t, t, 2.0 * t).sqrt() };
    let value = log1p_finite::<I>(shift) + if large { LN_2 } else { 0.0 };
    let value = if x < f64::INFINITY { value } else { x };
    if x < 1.0 { f64::NAN } else { value }
}

#[inline(always)]
pub fn atanh<I: Isa>(x: f64) -> f64 {
    let a = x.abs();
    let value = 0.5 * log1p_finite::<I>(2.0 * a / (1.0 - a));
    let value = if a == 1.0 { f64::INFINITY } else { value };
    (if a <= 1.0 { value } else { f64::NAN }).copysign(x)
}
