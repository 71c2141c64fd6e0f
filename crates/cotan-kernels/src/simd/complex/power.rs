//! Logarithms, roots, quotients and powers of a complex number.

use super::{Wide, elementary, math64};
use crate::simd::isa::Isa;
use std::f64::consts::{LOG2_E, LOG10_E};

/// Half the logarithm of `square`, where `less` is `square - 1` without its cancellation.
#[inline(always)]
fn half_log<I: Isa>(square: f64, less: f64) -> f64 {
    0.5 * if square < 0.5 { math64::log::<I>(square) } else { math64::log1p::<I>(less) }
}

#[inline(always)]
pub(super) fn log<I: Isa>(z: Wide) -> Wide {
    let (a, b) = (z.re.abs(), z.im.abs());
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let re = half_log::<I>(high * high + low * low, (high - 1.0) * (high + 1.0) + low * low);
    let re = if z.is_infinite() { f64::INFINITY } else { re };
    Wide::new(re, math64::atan2::<I>(z.im, z.re))
}

#[inline(always)]
pub(super) fn log2<I: Isa>(z: Wide) -> Wide {
    log::<I>(z).times(LOG2_E)
}

#[inline(always)]
pub(super) fn log10<I: Isa>(z: Wide) -> Wide {
    log::<I>(z).times(LOG10_E)
}

#[inline(always)]
pub(super) fn log1p<I: Isa>(z: Wide) -> Wide {
    let next = z.re + 1.0;
    let side = z.im * z.im;
    let re = half_log::<I>(next * next + side, z.re * (2.0 + z.re) + side);
    let re = if z.is_infinite() { f64::INFINITY } else { re };
    Wide::new(re, math64::atan2::<I>(z.im, next))
}

#[inline(always)]
pub(super) fn sqrt<I: Isa>(z: Wide) -> Wide {
    let t = ((z.re.abs() + z.abs()) * 0.5).sqrt();
    let other = z.im / (2.0 * t);
    let left = z.re < 0.0;
    let re = if left { other.abs() } else { t };
    let im = if left { t.copysign(z.im) } else { other };
    let zero = z.is_zero();
    let edge = zero || z.im.is_infinite();
    let re = if edge { f64::INFINITY } else { re };
    Wide::new(if zero { 0.0 } else { re }, if edge { z.im } else { im })
}

#[inline(always)]
pub(super) fn rsqrt<I: Isa>(z: Wide) -> Wide {
    div::<I>(Wide::new(1.0, 0.0), sqrt::<I>(z))
}

/// Smith, "Algorithm 116: Complex division" (1962).
#[inline(always)]
pub(super) fn div<I: Isa>(a: Wide, b: Wide) -> Wide {
    let upright = b.re.abs() < b.im.abs();
    let (high, low) = if upright { (b.im, b.re) } else { (b.re, b.im) };
    let ratio = low / high;
    let scale = high + low * ratio;
    let re = if upright { I::fma64(a.re, ratio, a.im) } else { I::fma64(a.im, ratio, a.re) } / scale;
    let im = if upright { I::fma64(a.im, ratio, -a.re) } else { I::fma64(-a.re, ratio, a.im) } / scale;
    let zero = b.is_zero();
    let nothing = b.re.abs();
    Wide::new(if zero { a.re / nothing } else { re }, if zero { a.im / nothing } else { im })
}

#[inline(always)]
pub(super) fn pow<I: Isa>(z: Wide, w: Wide) -> Wide {
    let l = log::<I>(z);
    // An angle beyond 2^24 turns by a radian or more when a part changes by half a unit in its last place.
    let value = elementary::exp::<I>(Wide::new(w.re * l.re - w.im * l.im, w.re * l.im + w.im * l.re));
    let one = w.is_zero();
    let vanishes = z.is_zero() && w.re > 0.0;
    let edge = one || vanishes;
    let limit = if one { 1.0 } else { 0.0 };
    Wide::new(if edge { limit } else { value.re }, if edge { 0.0 } else { value.im })
}
