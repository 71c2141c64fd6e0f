//! Logarithms.

use super::exp::{LN2_HIGH, LN2_LOW, exp};
use super::{poly, power_of_two};
use crate::simd::isa::Isa;
use std::f32::consts::{LN_2, LOG2_E, LOG10_E};

/// The bits of `sqrt(1/2)`, where the mantissa's range starts.
const SQRT_HALF: u32 = 0x3f35_04f3;

/// The exponent that leaves a mantissa in `sqrt(1/2)..sqrt(2)`, for a positive normal number's bits.
#[inline(always)]
fn exponent(bits: u32) -> i32 {
    (bits.wrapping_sub(SQRT_HALF) as i32) >> 23
}

/// Splits a positive number into `2^e (1 + f)` with `f` in `-0.293..=0.415`.
#[inline(always)]
fn split(x: f32) -> (f32, f32) {
    let subnormal = x < f32::MIN_POSITIVE;
    let bits = (if subnormal { x * 8_388_608.0 } else { x }).to_bits();
    let e = exponent(bits);
    let f = f32::from_bits(bits.wrapping_sub((e as u32) << 23)) - 1.0;
    (e as f32 - if subnormal { 23.0 } else { 0.0 }, f)
}

/// `log(1 + f)` for `f` in `-0.293..=0.415`.
#[inline(always)]
fn log_poly<I: Isa>(f: f32) -> f32 {
    let c = [
        0.333_333_8,
        -0.250_008_43,
        0.199_986_68,
        -0.166_208_91,
        0.142_442_44,
        -0.132_199_14,
        0.125_378_41,
        -0.072_358_996,
    ];
    let square = f * f;
    I::fma32(square, I::fma32(f, poly::<I, 8>(f, c), -0.5), f)
}

/// `value` where the logarithm of `x` is ordinary, and else the limit or NaN.
#[inline(always)]
fn special(x: f32, value: f32) -> f32 {
    let value = if x < f32::INFINITY { value } else { x };
    let value = if x == 0.0 { f32::NEG_INFINITY } else { value };
    if x < 0.0 { f32::NAN } else { value }
}

#[inline(always)]
pub fn log<I: Isa>(x: f32) -> f32 {
    let (e, f) = split(x);
    let value = I::fma32(e, LN2_HIGH, I::fma32(e, LN2_LOW, log_poly::<I>(f)));
    special(x, value)
}

#[inline(always)]
pub fn log2<I: Isa>(x: f32) -> f32 {
    const LOW: f32 = 1.925_963e-8;
    let (e, f) = split(x);
    let y = log_poly::<I>(f);
    special(x, e + I::fma32(y, LOG2_E, y * LOW))
}

#[inline(always)]
pub fn log10<I: Isa>(x: f32) -> f32 {
    // log10(2) in two parts; the first has 12 bits, so that its product with an exponent is exact.
    const TWO_HIGH: f32 = 0.301_025_4;
    const TWO_LOW: f32 = 4.605_039e-6;
    const LOW: f32 = -1.010_305e-8;
    let (e, f) = split(x);
    let y = log_poly::<I>(f);
    let small = I::fma32(e, TWO_LOW, y * LOW);
    special(x, I::fma32(e, TWO_HIGH, I::fma32(y, LOG10_E, small)))
}

/// `log(1 + x)` for finite `x` above -1.
#[inline(always)]
pub(super) fn log1p_finite<I: Isa>(x: f32) -> f32 {
    let e = exponent((1.0 + x).to_bits());
    // `2^-e (1 + x) - 1` with one rounding: both products are exact. A quarter of `x` keeps `2^(2 - e)` normal.
    let down = power_of_two(2i32.wrapping_sub(e));
    let f = I::fma32(x * 0.25, down, down * 0.25 - 1.0);
    let e = e as f32;
    let value = I::fma32(e, LN2_HIGH, I::fma32(e, LN2_LOW, log_poly::<I>(f)));
    if x.abs() < 1e-20 { x } else { value }
}

#[inline(always)]
pub fn log1p<I: Isa>(x: f32) -> f32 {
    let value = if x < f32::INFINITY { log1p_finite::<I>(x) } else { x };
    let value = if x == -1.0 { f32::NEG_INFINITY } else { value };
    if x < -1.0 { f32::NAN } else { value }
}

#[inline(always)]
pub fn logaddexp<I: Isa>(a: f32, b: f32) -> f32 {
    let high = if a > b { a } else { b };
    // Equal infinities have no difference.
    let gap = if a == b { 0.0 } else { (a - b).abs() };
    let rest = if a == b { LN_2 } else { log1p_finite::<I>(exp::<I>(-gap)) };
    high + rest
}
