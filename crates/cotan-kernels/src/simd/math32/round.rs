//! Rounding to integers, division with a floor, and signs.

use crate::simd::isa::Isa;

#[inline(always)]
pub fn abs<I: Isa>(x: f32) -> f32 {
    x.abs()
}

#[inline(always)]
pub fn copysign<I: Isa>(x: f32, sign: f32) -> f32 {
    x.copysign(sign)
}

#[inline(always)]
pub fn rint<I: Isa>(x: f32) -> f32 {
    // From 2^23 on every number is an integer; below, the sum has no room for a fraction.
    const LIMIT: f32 = 8_388_608.0;
    if I::FMA {
        return x.round_ties_even();
    }
    // Baseline x86-64 has no rounding instruction.
    let a = x.abs();
    (if a < LIMIT { (a + LIMIT) - LIMIT } else { a }).copysign(x)
}

#[inline(always)]
pub fn floor<I: Isa>(x: f32) -> f32 {
    if I::FMA {
        return x.floor();
    }
    let near = rint::<I>(x);
    if near > x { near - 1.0 } else { near }
}

#[inline(always)]
pub fn ceil<I: Isa>(x: f32) -> f32 {
    if I::FMA {
        return x.ceil();
    }
    let near = rint::<I>(x);
    (if near < x { near + 1.0 } else { near }).copysign(x)
}

#[inline(always)]
pub fn trunc<I: Isa>(x: f32) -> f32 {
    if I::FMA {
        return x.trunc();
    }
    floor::<I>(x.abs()).copysign(x)
}

#[inline(always)]
pub fn floor_div<I: Isa>(a: f32, b: f32) -> f32 {
    floor::<I>(a / b)
}

/// Moves what a truncating division leaves to the divisor's sign; zero takes the divisor's sign, too.
#[inline(always)]
fn to_divisor_sign(r: f32, b: f32) -> f32 {
    if r == 0.0 {
        return r.copysign(b);
    }
    if (r < 0.0) == (b < 0.0) { r } else { r + b }
}

#[inline(always)]
pub fn remainder<I: Isa>(a: f32, b: f32) -> f32 {
    to_divisor_sign(a % b, b)
}

/// Whether [`remainder_near`] is exact: the quotient has few enough bits.
#[inline(always)]
pub fn is_near_divisor<I: Isa>(a: f32, b: f32) -> bool {
    let far_apart = a.abs() >= b.abs() * 4_194_304.0;
    // Also true for NaN, which comes out of every formula.
    !far_apart && b.abs() != f32::INFINITY
}

/// [`remainder`] where [`is_near_divisor`].
#[inline(always)]
pub fn remainder_near<I: Isa>(a: f32, b: f32) -> f32 {
    // In f64 the product of a 24-bit quotient with the divisor is exact, and so is the difference.
    let (dividend, divisor) = (f64::from(a.abs()), f64::from(b.abs()));
    let quotient = f64::from(trunc::<I>((dividend / divisor) as f32));
    let r = dividend - quotient * divisor;
    // Rounding can have made the quotient one too large.
    let r = if r < 0.0 { r + divisor } else { r };
    to_divisor_sign((r as f32).copysign(a), b)
}
