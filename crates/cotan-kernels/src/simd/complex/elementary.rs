//! Exponential and trigonometric functions of a complex number.

use super::{Wide, math64, sine_cosine};
use crate::simd::isa::Isa;

/// `factor * growth` where a zero factor stays zero beside an infinite growth.
#[inline(always)]
fn grow(factor: f64, growth: f64) -> f64 {
    if factor == 0.0 { factor * 1f64.copysign(growth) } else { factor * growth }
}

#[inline(always)]
pub(super) fn exp<I: Isa>(z: Wide) -> Wide {
    let growth = math64::exp::<I>(z.re);
    let (s, c) = sine_cosine::<I>(z.im);
    // Nothing is left to turn: the angle doesn't matter.
    let vanished = z.re == f64::NEG_INFINITY && !z.im.is_finite();
    let value = Wide::new(grow(c, growth), grow(s, growth));
    let re = if vanished { 0.0 } else { value.re };
    let im = if vanished { 0.0 } else { value.im };
    let re = if z.re == f64::INFINITY && !z.im.is_finite() { f64::INFINITY } else { re };
    Wide::new(re, if z.im == 0.0 { z.im } else { im })
}

#[inline(always)]
pub(super) fn expm1<I: Isa>(z: Wide) -> Wide {
    let growth = math64::expm1::<I>(z.re);
    let (s, c) = sine_cosine::<I>(z.im * 0.5);
    // cos(y) - 1 = -2 sin(y/2)^2, which does not cancel near zero.
    let less = -2.0 * s * s;
    let re = grow(1.0 + less, growth) + less;
    let im = grow(2.0 * s * c, math64::exp::<I>(z.re));
    Wide::new(re, if z.im == 0.0 { z.im } else { im })
}

#[inline(always)]
pub(super) fn sin<I: Isa>(z: Wide) -> Wide {
    let (s, c) = sine_cosine::<I>(z.re);
    let re = if z.re == 0.0 { z.re } else { s * math64::cosh::<I>(z.im) };
    Wide::new(re, grow_small(c, math64::sinh::<I>(z.im)))
}

/// `factor * value` where a zero value stays zero beside an undefined factor.
#[inline(always)]
fn grow_small(factor: f64, value: f64) -> f64 {
    if value == 0.0 { if factor < 0.0 { -value } else { value } } else { factor * value }
}

#[inline(always)]
pub(super) fn cos<I: Isa>(z: Wide) -> Wide {
    let (s, c) = sine_cosine::<I>(z.re);
    let im = grow(if z.re == 0.0 { z.re } else { s }, math64::sinh::<I>(z.im));
    let im = if z.im == 0.0 && !z.re.is_finite() { z.im } else { im };
    Wide::new(c * math64::cosh::<I>(z.im), -im)
}

#[inline(always)]
pub(super) fn tan<I: Isa>(z: Wide) -> Wide {
    let (s, c) = sine_cosine::<I>(z.re);
    let t = if z.re == 0.0 { z.re } else { s / c };
    let th = math64::tanh::<I>(z.im);
    let growth = math64::cosh::<I>(z.im);
    // With t = tan(x) and h = tanh(y): (t sech(y)^2 + i h (1 + t^2)) / (1 + t^2 h^2).
    let square = t * t;
    let scale = 1.0 / (1.0 + square * th * th);
    let re = t / growth / growth * scale;
    // At infinity the angle doesn't matter.
    let far = z.im.is_infinite();
    let im = if far { th } else { th * (1.0 + square) * scale };
    Wide::new(if far && !re.is_finite() { 0.0 } else { re }, if z.im == 0.0 { z.im } else { im })
}
