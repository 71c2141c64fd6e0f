//! Powers. The logarithm is taken to about 70 bits, since its error grows with the exponent.

use super::double::{Double, product, quick_sum};
use super::exp::{clamp, exp_sum};
use super::log::split;
use super::poly;
use super::round::rint;
use crate::simd::isa::Isa;

/// `log(x)` for positive finite `x`: with `s = f / (2 + f)`, `log(1 + f) = 2 s + 2/3 s^3 + s^5 q(s^2)`.
#[inline(always)]
fn log_double<I: Isa>(x: f64) -> Double {
    const LN2: Double = Double { high: 0.6931471803691238, low: 1.9082149292705877e-10 };
    const TWO_THIRDS: Double = Double { high: 0.6666666666666666, low: 3.700743415417188e-17 };
    let (e, f) = split(x);
    let divisor = quick_sum(2.0, f);
    let inverse = 1.0 / divisor.high;
    let s = f * inverse;
    let back = product::<I>(s, divisor.high);
    let s = quick_sum(s, (((f - back.high) - back.low) - s * divisor.low) * inverse);
    let z = s.times::<I>(s);
    let cube = s.times::<I>(z);
    let q = poly::<I, 8>(
        z.high,
        [
            0.4,
            0.2857142857142937,
            0.22222222221654733,
            0.1818181833565416,
            0.15384594934597917,
            0.13334806212100603,
            0.11706195689881364,
            0.11723603622905411,
        ],
    );
    let rest = z.high * q;
    let third = cube.times::<I>(TWO_THIRDS);
    let third = quick_sum(third.high, I::fma64(cube.high, rest, third.low));
    let log = Double { high: 2.0 * s.high, low: 2.0 * s.low }.plus(third);
    // The first product is exact: 11 bits by 32.
    let whole = quick_sum(e * LN2.high, e * LN2.low);
    if e == 0.0 { log } else { whole.plus(log) }
}

#[inline(always)]
pub fn pow<I: Isa>(x: f64, y: f64) -> f64 {
    let a = x.abs();
    // Beyond 2^64 every base but one over- or underflows, and the split of a factor must not.
    let exponent = clamp(y, -1.8e19, 1.8e19);
    let log = log_double::<I>(a);
    let t = product::<I>(exponent, log.high);
    // Where the power over- or underflows, the low part is no longer tiny.
    let low = if t.high.abs() < 1000.0 { I::fma64(exponent, log.low, t.low) } else { 0.0 };
    // Everything to the power of zero and one to any power are one, NaN included.
    let one = y == 0.0 || a == 1.0;
    let value = exp_sum::<I>(if one { 0.0 } else { t.high }, if one { 0.0 } else { low });
    // Zero and infinity have no finite logarithm.
    let limit = if (a == 0.0) == (y < 0.0) { f64::INFINITY } else { 0.0 };
    let edge = (a == 0.0 || a == f64::INFINITY) && !one;
    let value = if edge && !y.is_nan() { limit } else { value };
    let value = if a.is_nan() && y != 0.0 { a } else { value };
    let integer = rint::<I>(y) == y;
    let odd = integer && rint::<I>(y * 0.5) != y * 0.5;
    let value = if odd { value.copysign(x) } else { value };
    let undefined = x < 0.0 && x > f64::NEG_INFINITY && !integer;
    if undefined { f64::NAN } else { value }
}
