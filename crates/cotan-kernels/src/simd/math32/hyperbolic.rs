//! Hyperbolic functions and their inverses.

use super::exp::{half_exp, half_exp_moderate};
use super::log::log1p_finite;
use super::poly;
use crate::simd::isa::Isa;
use std::f32::consts::LN_2;

/// From here on `sqrt(a^2 + 1)` equals `a`, and the square could overflow.
const LARGE: f32 = 1e9;

#[inline(always)]
pub fn tanh<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let p = poly::<I, 5>(z, [-0.333_332_78, 0.133_313_24, -0.053_729_53, 0.020_604_875, -0.005_665_723_7]);
    let near = I::fma32(a, z * p, a);
    // 1 - 2 / (exp(2a) + 1); beyond ten the result rounds to one.
    let e = half_exp_moderate::<I>(2.0 * if a > 10.0 { 10.0 } else { a });
    let far = 1.0 - 1.0 / (e + 0.5);
    (if a < 0.625 { near } else { far }).copysign(x)
}

/// `exp(a) / 2`, infinite where it overflows.
#[inline(always)]
fn growth<I: Isa>(a: f32) -> f32 {
    half_exp::<I>(if a > 90.0 { 90.0 } else { a })
}

#[inline(always)]
pub fn sinh<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let p = poly::<I, 4>(z, [0.166_666_67, 0.008_333_315, 1.984_166_6e-4, 2.789_984e-6]);
    let near = I::fma32(a, z * p, a);
    let e = growth::<I>(a);
    (if a < 1.0 { near } else { e - 0.25 / e }).copysign(x)
}

#[inline(always)]
pub fn cosh<I: Isa>(x: f32) -> f32 {
    let e = growth::<I>(x.abs());
    e + 0.25 / e
}

#[inline(always)]
pub fn asinh<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let large = a > LARGE;
    let z = a * a;
    let shift = if large { a } else { a + z / (1.0 + (z + 1.0).sqrt()) };
    let value = log1p_finite::<I>(shift) + if large { LN_2 } else { 0.0 };
    (if a < f32::INFINITY { value } else { a }).copysign(x)
}

#[inline(always)]
pub fn acosh<I: Isa>(x: f32) -> f32 {
    let t = x - 1.0;
    let large = x > LARGE;
    let shift = if large { x } else { t + I::fma32(t, t, 2.0 * t).sqrt() };
    let value = log1p_finite::<I>(shift) + if large { LN_2 } else { 0.0 };
    let value = if x < f32::INFINITY { value } else { x };
    if x < 1.0 { f32::NAN } else { value }
}

#[inline(always)]
pub fn atanh<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let value = 0.5 * log1p_finite::<I>(2.0 * a / (1.0 - a));
    let value = if a == 1.0 { f32::INFINITY } else { value };
    (if a <= 1.0 { value } else { f32::NAN }).copysign(x)
}
