//! Numbers as unevaluated sums of two `f64` (Dekker, "A floating-point technique for extending the available
//! precision", 1971).

use crate::simd::isa::Isa;

/// A number of about 106 bits: `high` is the nearest `f64`, `low` what is missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Double {
    pub high: f64,
    pub low: f64,
}

/// The exact sum of two numbers of which the first is not smaller in magnitude.
#[inline(always)]
pub(super) fn quick_sum(a: f64, b: f64) -> Double {
    let high = a + b;
    Double { high, low: b - (high - a) }
}

/// The exact product, unless it overflows (without fused multiply-add: above `2^996` in a factor).
#[inline(always)]
pub(super) fn product<I: Isa>(a: f64, b: f64) -> Double {
    let high = a * b;
    if I::FMA {
        return Double { high, low: I::fma64(a, b, -high) };
    }
    let (a_high, a_low) = halves(a);
    let (b_high, b_low) = halves(b);
    let low = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low;
    Double { high, low }
}

/// Splits a number into two of 26 bits each (Veltkamp).
#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    let scaled = x * 134_217_729.0;
    let high = scaled - (scaled - x);
    (high, x - high)
}

impl Double {
    /// The product, with a relative error of about `2^-103`.
    #[inline(always)]
    pub(super) fn times<I: Isa>(self, other: Double) -> Double {
        let p = product::<I>(self.high, other.high);
        let cross = I::fma64(self.high, other.low, self.low * other.high);
        quick_sum(p.high, p.low + cross)
    }

    /// The sum, where `other` is not larger in magnitude.
    #[inline(always)]
    pub(super) fn plus(self, other: Double) -> Double {
        let s = quick_sum(self.high, other.high);
        quick_sum(s.high, s.low + (self.low + other.low))
    }
}
