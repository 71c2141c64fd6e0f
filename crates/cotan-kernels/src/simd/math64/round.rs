//! Rounding to integers, division with a floor, and signs.

use crate::simd::isa::Isa;

#[inline(always)]
pub fn abs<I: Isa>(x: f64) -> f64 {
    x.abs()
}

#[inline(always)]
pub fn copysign<I: Isa>(x: f64, sign: f64) -> f64 {
    x.copysign(sign)
}

#[inline(always)]
pub fn rint<I: Isa>(x: f64) -> f64 {
    // From 2^52 on every number is an integer; below, the sum has no room for a fraction.
    const LIMIT: f64 = 4_503_599_627_370_496.0;
    if I::FMA {
        return x.round_ties_even();
    }
    // Baseline x86-64 has no rounding instruction.
    let a = x.abs();
    (if a < LIMIT { (a + LIMIT) - LIMIT } else { a }).copysign(x)
}

#[inline(always)]
pub fn floor<I: Isa>(x: f64) -> f64 {
    if I::FMA {
        return x.floor();
    }
    let near = rint::<I>(x);
    if near > x { near - 1.0 } else { near }
}

#[inline(always)]
pub fn ceil<I: Isa>(x: f64) -> f64 {
    if I::FMA {
        return x.ceil();
    }
    let near = rint::<I>(x);
    (if near < x { near + 1.0 } else { near }).copysign(x)
}

#[inline(always)]
pub fn trunc<I: Isa>(x: f64) -> f64 {
    if I::FMA {
        return x.trunc();
    }
    floor::<I>(x.abs()).copysign(x)
}

#[inline(always)]
pub fn floor_div<I: Isa>(a: f64, b: f64) -> f64 {
    floor::<I>(a / b)
}

/// Moves what a truncating division leaves to the divisor's sign; zero takes the divisor's sign, too.
#[inline(always)]
fn to_divisor_sign(r: f64, b: f64) -> f64 {
    if r == 0.0 {
        return r.copysign(b);
    }
    if (r < 0.0) == (b < 0.0) { r } else { r + b }
}

#[inline(always)]
pub fn remainder<I: Isa>(a: f64, b: f64) -> f64 {
    to_divisor_sign(a % b, b)
}

/// Whether [`remainder_near`] is exact: the quotient has few enough bits.
#[inline(always)]
pub fn is_near_divisor<I: Isa>(a: f64, b: f64) -> bool {
    let far_apart = a.abs() >= b.abs() * 2_251_799_813_685_248.0;
    // Also true for NaN, which comes out of every formula.
    I::FMA && !far_apart && b.abs() != f64::INFINITY
}

/// [`remainder`] where [`is_near_divisor`].
#[inline(always)]
pub fn remainder_near<I: Isa>(a: f64, b: f64) -> f64 {
    let (dividend, divisor) = (a.abs(), b.abs());
    let quotient = trunc::<I>(dividend / divisor);
    // What is left fits into an f64, so that the fused operation is exact.
    let r = I::fma64(-quotient, divisor, dividend);
    // Rounding can have made the quotient one too large.
    let r = if r < 0.0 { r + divisor } else { r };
    to_divisor_sign(r.copysign(a), b)
}
