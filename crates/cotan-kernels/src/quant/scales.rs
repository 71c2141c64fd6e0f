//! What the codes of a group are scaled by, or moved by, in the form in which it is stored.

use crate::simd::Half;
use crate::{DType, Tensor, bf16, f16};

/// Scales or biases of all groups of a matrix.
#[derive(Clone, Copy, Debug)]
pub enum Scales<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Half precision.
    F16(&'a [f16]),
    /// Half precision with the exponents of single precision.
    Bf16(&'a [bf16]),
    /// Powers of two: `2^(code - 127)`, as E8M0 of the OCP "Microscaling formats" (2023), whose NaN is infinity here.
    Power(&'a [u8]),
    /// 8-bit floats: E4M3 of the OCP "8-bit Floating Point Specification" (2023).
    Fp8(&'a [u8]),
}

impl<'a> Scales<'a> {
    /// The elements of a row-major tensor of floats. `None` for other layouts and types.
    #[must_use]
    pub fn floats(tensor: &'a Tensor) -> Option<Scales<'a>> {
        match tensor.dtype() {
            DType::F32 => tensor.as_slice().map(Scales::F32),
            DType::F16 => tensor.as_slice().map(Scales::F16),
            DType::Bf16 => tensor.as_slice().map(Scales::Bf16),
            _ => None,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Scales::F32(values) => values.len(),
            Scales::F16(values) => values.len(),
            Scales::Bf16(values) => values.len(),
            Scales::Power(codes) | Scales::Fp8(codes) => codes.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    #[inline(always)]
    pub(super) fn get(&self, place: usize) -> f32 {
        match self {
            Scales::F32(values) => values[place],
            Scales::F16(values) => values[place].widen(),
            Scales::Bf16(values) => values[place].widen(),
            Scales::Power(codes) => power(codes[place]),
            Scales::Fp8(codes) => fp8(codes[place]),
        }
    }

    /// Writes those from `start` on to every second element of `out`, from `lane` on.
    #[inline(always)]
    pub(super) fn fill(&self, start: usize, lane: usize, out: &mut [[f32; 2]]) {
        macro_rules! each {
            ($values:expr, $convert:expr) => {
                out.iter_mut().zip(&$values[start..]).for_each(|(out, &value)| out[lane] = $convert(value))
            };
        }
        match self {
            Scales::F32(values) => each!(values, |value| value),
            Scales::F16(values) => each!(values, Half::widen),
            Scales::Bf16(values) => each!(values, Half::widen),
            Scales::Power(codes) => each!(codes, power),
            Scales::Fp8(codes) => each!(codes, fp8),
        }
    }
}

/// The value of an E8M0 code.
#[inline(always)]
pub(super) fn power(code: u8) -> f32 {
    // An exponent field of zero stands for 2^-126, so that 2^-127 is a subnormal number of its own.
    f32::from_bits(if code == 0 { 1 << 22 } else { u32::from(code) << 23 })
}

/// The E4M3 code of the nearest value, ties to even. NaN and what is too large become the largest value.
#[inline(always)]
#[must_use]
pub fn fp8_code(x: f32) -> u8 {
    let sign = ((x.to_bits() >> 24) & 0x80) as u8;
    let x = f32::from_bits(x.to_bits() & 0x7fff_ffff);
    if x.is_nan() {
        return 0x7e;
    }
    // From here on values round past 448.
    if x >= 464.0 {
        return sign | 0x7e;
    }
    // Below 2^-6 the spacing is fixed; adding and taking away 2^14 rounds to multiples of 2^-9.
    if x < 0.015_625 {
        return sign | ((x + 16384.0).to_bits() - 16384f32.to_bits()) as u8;
    }
    let bits = x.to_bits();
    let rounded = bits + 0x7_ffff + ((bits >> 20) & 1);
    sign | ((rounded >> 20) - (120 << 3)) as u8
}

/// The value of an E4M3 code.
#[inline(always)]
#[must_use]
pub fn fp8(code: u8) -> f32 {
    let magnitude = u32::from(code & 0x7f);
    // The fields in their places make a number whose exponent is biased by 120 more.
    let value = f32::from_bits(magnitude << 20) * f32::from_bits((120 + 127) << 23);
    let value = if magnitude == 0x7f { f32::NAN } else { value };
    f32::from_bits(value.to_bits() | u32::from(code & 0x80) << 24)
}
