//! Logarithms.

use super::exp::{LN2_HIGH, LN2_LOW, exp};
use super::poly;
use crate::simd::isa::Isa;
use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

/// The bits of `sqrt(1/2)`, where the mantissa's range starts.
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;

/// The exponent that leaves a mantissa in `sqrt(1/2)..sqrt(2)`, plus 1024, for a positive normal number's bits.
#[inline(always)]
fn biased_exponent(bits: u64) -> u64 {
    // The bias serves AVX2, which shifts 64-bit integers only without their sign.
    bits.wrapping_sub(SQRT_HALF).wrapping_add(1024 << 52) >> 52
}

/// The number that a biased exponent stands for.
#[inline(always)]
fn unbiased(e: u64) -> f64 {
    // Below the bits of 2^52 an integer is its own value.
    f64::from_bits(e | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1024.0)
}

/// Splits a positive number into `2^e (1 + f)` with `f` in `-0.293..=0.415`.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, f64) {
    let subnormal = x < f64::MIN_POSITIVE;
    let bits = (if subnormal { x * 18_014_398_509_481_984.0 } else { x }).to_bits();
    let e = biased_exponent(bits);
    let f = f64::from_bits(bits.wrapping_sub(e.wrapping_sub(1024) << 52)) - 1.0;
    (unbiased(e) - if subnormal { 54.0 } else { 0.0 }, f)
}

/// `log(1 + f)` for `f` in `-0.293..=0.415`.
#[inline(always)]
fn log_poly<I: Isa>(f: f64) -> f64 {
    let c = [
        0.3333333333333314,
        -0.24999999999987974,
        0.2000000000006685,
        -0.1666666666982665,
        0.142857142800716,
        -0.12499999691362475,
        0.11111111148409238,
        -0.1000001521031667,
        0.09090923910075688,
        -0.08332913429128763,
        0.076915300744464,
        -0.07149441247392378,
        0.06684588100442652,
        -0.061966635801627167,
        0.05668371195918355,
        -0.05677845728425463,
        0.06503556906813705,
        -0.05981620225530654,
        0.02614976330836224,
    ];
    let square = f * f;
    I::fma64(square, I::fma64(f, poly::<I, 19>(f, c), -0.5), f)
}

/// `value` where the logarithm of `x` is ordinary, and else the limit or NaN.
#[inline(always)]
fn special(x: f64, value: f64) -> f64 {
    let value = if x < f64::INFINITY { value } else { x };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    if x < 0.0 { f64::NAN } else { value }
}

#[inline(always)]
pub fn log<I: Isa>(x: f64) -> f64 {
    let (e, f) = split(x);
    special(x, I::fma64(e, LN2_HIGH, I::fma64(e, LN2_LOW, log_poly::<I>(f))))
}

#[inline(always)]
pub fn log2<I: Isa>(x: f64) -> f64 {
    const LOW: f64 = 2.0355273740931033e-17;
    let (e, f) = split(x);
    let y = log_poly::<I>(f);
    special(x, e + I::fma64(y, LOG2_E, y * LOW))
}

#[inline(always)]
pub fn log10<I: Isa>(x: f64) -> f64 {
    // log10(2) in two parts; the first has 40 bits, so that its product with an exponent is exact.
    const TWO_HIGH: f64 = 0.30102999566361177;
    const TWO_LOW: f64 = 3.694239077158931e-13;
    const LOW: f64 = 1.098319650216765e-17;
    let (e, f) = split(x);
    let y = log_poly::<I>(f);
    let small = I::fma64(e, TWO_LOW, y * LOW);
    special(x, I::fma64(e, TWO_HIGH, I::fma64(y, LOG10_E, small)))
}

/// `log(1 + x)` for finite `x` above -1.
#[inline(always)]
pub(super) fn log1p_finite<I: Isa>(x: f64) -> f64 {
    let e = biased_exponent((1.0 + x).to_bits());
    // `2^-e (1 + x) - 1` with one rounding: both products are exact. A quarter of `x` keeps `2^(2 - e)` normal.
    let down = f64::from_bits(2049u64.wrapping_sub(e) << 52);
    let f = I::fma64(x * 0.25, down, down * 0.25 - 1.0);
    let e = unbiased(e);
    let value = I::fma64(e, LN2_HIGH, I::fma64(e, LN2_LOW, log_poly::<I>(f)));
    if x.abs() < 1e-30 { x } else { value }
}

#[inline(always)]
pub fn log1p<I: Isa>(x: f64) -> f64 {
    let value = if x < f64::INFINITY { log1p_finite::<I>(x) } else { x };
    let value = if x == -1.0 { f64::NEG_INFINITY } else { value };
    if x < -1.0 { f64::NAN } else { value }
}

#[inline(always)]
pub fn logaddexp<I: Isa>(a: f64, b: f64) -> f64 {
    let high = if a > b { a } else { b };
    // Equal infinities have no difference.
    let gap = if a == b { 0.0 } else { (a - b).abs() };
    let rest = if a == b { LN_2 } else { log1p_finite::<I>(exp::<I>(-gap)) };
    high + rest
}
