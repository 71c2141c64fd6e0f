//! Conversions between `f32` and the two 16-bit floating point types, in integer arithmetic that vectorises.
//!
//! The `half` crate asks the processor for its conversion instructions at every call, which keeps a loop scalar.

use crate::{Element, bf16, f16};

/// A 16-bit floating point type.
pub trait Half: Element {
    /// The same value as `f32`; a NaN stays a NaN.
    #[must_use]
    fn widen(self) -> f32;
    /// The nearest value, ties to even; too large values become infinite.
    #[must_use]
    fn narrow(x: f32) -> Self;
}

const SIGN: u32 = 0x8000_0000;
const INFINITY: u32 = 0x7f80_0000;

impl Half for f16 {
    #[inline(always)]
    fn widen(self) -> f32 {
        let bits = u32::from(self.to_bits());
        let magnitude = (bits & 0x7fff) << 13;
        // Moves the exponent's bias from 15 to 127, and makes subnormal numbers normal.
        let scaled = (f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23)).to_bits();
        let special = bits & 0x7c00 == 0x7c00;
        f32::from_bits((if special { magnitude | INFINITY } else { scaled }) | (bits << 16 & SIGN))
    }

    #[inline(always)]
    fn narrow(x: f32) -> Self {
        let sign = x.to_bits() & SIGN;
        let magnitude = x.to_bits() ^ sign;
        // Changes the bias and rounds; a carry moves on to the next exponent, at last to infinity.
        let normal = magnitude.wrapping_sub(112 << 23).wrapping_add(0xfff + (magnitude >> 13 & 1)) >> 13;
        // The sum with a half shifts out what a subnormal f16 has no bits for, and rounds.
        let subnormal = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
        let value = if magnitude < 113 << 23 { subnormal } else { normal };
        // From 2^16 on.
        let value = if magnitude >= 143 << 23 { 0x7c00 } else { value };
        let value = if magnitude > INFINITY { 0x7e00 | (magnitude >> 13 & 0x3ff) } else { value };
        f16::from_bits((value | sign >> 16) as u16)
    }
}

impl Half for bf16 {
    #[inline(always)]
    fn widen(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    #[inline(always)]
    fn narrow(x: f32) -> Self {
        let bits = x.to_bits();
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
        let quiet = bits | 0x0040_0000;
        bf16::from_bits(((if x.is_nan() { quiet } else { rounded }) >> 16) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: f32, b: f32) -> bool {
        a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
    }

    #[test]
    fn every_half_widens_to_its_value() {
        for bits in 0..=u16::MAX {
            let (f, b) = (f16::from_bits(bits), bf16::from_bits(bits));
            assert!(same(f.widen(), f.to_f32()), "{bits:04x}");
            assert!(same(b.widen(), b.to_f32()), "{bits:04x}");
        }
    }

    #[test]
    fn narrowing_rounds_to_the_nearest_even() {
        let near_halves = (0..=u16::MAX).flat_map(|bits| {
            let value = f16::from_bits(bits).to_f32().to_bits();
            [value.wrapping_sub(1), value, value + 1, value + 0x0fff, value + 0x1000, value + 0x1001]
        });
        for bits in (0..=u32::MAX).step_by(4099).chain(near_halves) {
            let x = f32::from_bits(bits);
            let (f, b) = (f16::narrow(x), bf16::narrow(x));
            assert!(same(f.to_f32(), f16::from_f32(x).to_f32()), "{x:e}: {f}");
            assert!(same(b.to_f32(), bf16::from_f32(x).to_f32()), "{x:e}: {b}");
        }
    }
}
