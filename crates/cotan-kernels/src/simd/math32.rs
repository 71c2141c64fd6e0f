//! Mathematical functions of `f32`.

use super::isa::Isa;

#[inline(always)]
pub fn exp<I: Isa>(x: f32) -> f32 {
    x.exp()
}

#[inline(always)]
pub fn exp2<I: Isa>(x: f32) -> f32 {
    x.exp2()
}

#[inline(always)]
pub fn expm1<I: Isa>(x: f32) -> f32 {
    x.exp_m1()
}

#[inline(always)]
pub fn log<I: Isa>(x: f32) -> f32 {
    x.ln()
}

#[inline(always)]
pub fn log2<I: Isa>(x: f32) -> f32 {
    x.log2()
}

#[inline(always)]
pub fn log10<I: Isa>(x: f32) -> f32 {
    x.log10()
}

#[inline(always)]
pub fn log1p<I: Isa>(x: f32) -> f32 {
    x.ln_1p()
}

#[inline(always)]
pub fn sin<I: Isa>(x: f32) -> f32 {
    x.sin()
}

#[inline(always)]
pub fn cos<I: Isa>(x: f32) -> f32 {
    x.cos()
}

#[inline(always)]
pub fn tan<I: Isa>(x: f32) -> f32 {
    x.tan()
}

#[inline(always)]
pub fn asin<I: Isa>(x: f32) -> f32 {
    x.asin()
}

#[inline(always)]
pub fn acos<I: Isa>(x: f32) -> f32 {
    x.acos()
}

#[inline(always)]
pub fn atan<I: Isa>(x: f32) -> f32 {
    x.atan()
}

#[inline(always)]
pub fn sinh<I: Isa>(x: f32) -> f32 {
    x.sinh()
}

#[inline(always)]
pub fn cosh<I: Isa>(x: f32) -> f32 {
    x.cosh()
}

#[inline(always)]
pub fn tanh<I: Isa>(x: f32) -> f32 {
    x.tanh()
}

#[inline(always)]
pub fn asinh<I: Isa>(x: f32) -> f32 {
    x.asinh()
}

#[inline(always)]
pub fn acosh<I: Isa>(x: f32) -> f32 {
    x.acosh()
}

#[inline(always)]
pub fn atanh<I: Isa>(x: f32) -> f32 {
    x.atanh()
}

#[inline(always)]
pub fn erf<I: Isa>(x: f32) -> f32 {
    crate::simd::math64::erf::<I>(f64::from(x)) as f32
}

#[inline(always)]
pub fn erfinv<I: Isa>(x: f32) -> f32 {
    crate::simd::math64::erfinv::<I>(f64::from(x)) as f32
}

#[inline(always)]
pub fn sigmoid<I: Isa>(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[inline(always)]
pub fn rsqrt<I: Isa>(x: f32) -> f32 {
    1.0 / x.sqrt()
}

#[inline(always)]
pub fn sqrt<I: Isa>(x: f32) -> f32 {
    x.sqrt()
}

#[inline(always)]
pub fn floor<I: Isa>(x: f32) -> f32 {
    x.floor()
}

#[inline(always)]
pub fn ceil<I: Isa>(x: f32) -> f32 {
    x.ceil()
}

#[inline(always)]
pub fn trunc<I: Isa>(x: f32) -> f32 {
    x.trunc()
}

#[inline(always)]
pub fn rint<I: Isa>(x: f32) -> f32 {
    x.round_ties_even()
}

#[inline(always)]
pub fn abs<I: Isa>(x: f32) -> f32 {
    x.abs()
}

#[inline(always)]
pub fn atan2<I: Isa>(y: f32, x: f32) -> f32 {
    y.atan2(x)
}

#[inline(always)]
pub fn pow<I: Isa>(x: f32, y: f32) -> f32 {
    x.powf(y)
}

#[inline(always)]
pub fn copysign<I: Isa>(x: f32, sign: f32) -> f32 {
    x.copysign(sign)
}

#[inline(always)]
pub fn logaddexp<I: Isa>(a: f32, b: f32) -> f32 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    // Equal infinities have no difference.
    if high == low { high + f32::ln(2.0) } else { high + (low - high).exp().ln_1p() + (a + b) * 0.0 }
}

#[inline(always)]
pub fn remainder<I: Isa>(a: f32, b: f32) -> f32 {
    let r = a % b;
    if r != 0.0 && (r < 0.0) != (b < 0.0) { r + b } else { r }
}

#[inline(always)]
pub fn floor_div<I: Isa>(a: f32, b: f32) -> f32 {
    (a / b).floor()
}
