//! From codes to values in registers.

use super::scales::fp8;
use crate::gemm::{Plain, Vector};
use crate::simd::{Level, level};

/// What the codes of a matrix are, as a type.
pub(super) trait Coding: Copy + 'static {
    const BITS: usize;
    const KIND: Kind;
}

/// How a code becomes a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Whole,
    Fp4,
    Fp8,
}

/// Whole numbers.
#[derive(Clone, Copy)]
pub(super) struct Whole<const BITS: usize>;
/// Floats E2M1.
#[derive(Clone, Copy)]
pub(super) struct Fp4;
/// Floats E4M3.
#[derive(Clone, Copy)]
pub(super) struct Fp8;

impl<const BITS: usize> Coding for Whole<BITS> {
    const BITS: usize = BITS;
    const KIND: Kind = Kind::Whole;
}

impl Coding for Fp4 {
    const BITS: usize = 4;
    const KIND: Kind = Kind::Fp4;
}

impl Coding for Fp8 {
    const BITS: usize = 8;
    const KIND: Kind = Kind::Fp8;
}

/// The values of E2M1 codes.
pub(super) static FP4: [f32; 16] =
    [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0];

/// A register that codes are decoded into.
///
/// # Safety
/// As for [`Vector`]. Lanes times bits is a whole number of bytes, and `values` reads so many.
pub(super) unsafe trait Unpack: Vector<Real = f32> {
    /// The place in a run of [`Vector::LANES`] codes of the one that `values` puts into a lane.
    #[inline(always)]
    fn place<C: Coding>(lane: usize) -> usize {
        lane
    }

    /// What `values` needs to know about a group.
    unsafe fn group<C: Coding>(scale: f32, bias: f32) -> [Self; 2];

    /// The values of a run of codes; `scale * number + bias`, rounded after each step.
    unsafe fn values<C: Coding>(from: *const u8, group: [Self; 2]) -> Self;

    /// `values`, in the order of the codes.
    #[inline(always)]
    unsafe fn in_order<C: Coding>(from: *const u8, group: [Self; 2]) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::values::<C>(from, group) }
    }
}

// SAFETY: needs no instruction set; eight codes have as many bytes as a code has bits.
unsafe impl Unpack for Plain<f32, 8> {
    #[inline(always)]
    unsafe fn group<C: Coding>(scale: f32, bias: f32) -> [Self; 2] {
        // SAFETY: needs no instruction set.
        unsafe { [Self::splat(scale), Self::splat(bias)] }
    }

    #[inline(always)]
    unsafe fn values<C: Coding>(from: *const u8, [scale, bias]: [Self; 2]) -> Self {
        let string = read_string::<C>(from);
        let numbers: [f32; 8] = std::array::from_fn(|i| {
            let code = (string >> (i * C::BITS)) as u32 & ((1 << C::BITS) - 1);
            match C::KIND {
                Kind::Whole => code as i32 as f32,
                Kind::Fp4 => FP4[code as usize & 15],
                Kind::Fp8 => fp8(code as u8),
            }
        });
        // SAFETY: needs no instruction set; there are eight numbers.
        unsafe {
            let scaled = Self::load(numbers.as_ptr()).mul(scale);
            if C::KIND == Kind::Whole { scaled.mul_add(Self::splat(1.0), bias) } else { scaled }
        }
    }
}

/// Eight codes as one string of bits.
#[inline(always)]
pub(super) fn read_string<C: Coding>(from: *const u8) -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the caller reads eight codes from here, which have so many bytes.
    unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), C::BITS) };
    u64::from_le_bytes(bytes)
}

/// Work that is compiled for each register.
pub(super) trait Work {
    /// # Safety
    /// As for [`Vector`].
    unsafe fn run<V: Unpack>(self);
}

/// Runs work with the registers of this machine.
#[inline]
pub(super) fn run<W: Work>(work: W) {
    run_at(level(), work);
}

/// Runs work with the registers of a level, or with plain ones where the machine lacks it.
#[inline]
pub(super) fn run_at<W: Work>(level: Level, work: W) {
    #[cfg(target_arch = "x86_64")]
    {
        use super::x86::{avx2, avx512};
        if level == Level::Avx512 && level.is_available() {
            // SAFETY: `is_available` has found the features.
            return unsafe { avx512(work) };
        }
        if level == Level::Avx2 && level.is_available() {
            // SAFETY: as above.
            return unsafe { avx2(work) };
        }
    }
    let _ = level;
    // SAFETY: these registers need no instruction set.
    unsafe { work.run::<Plain<f32, 8>>() };
}
