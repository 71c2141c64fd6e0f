//! Decoding in the registers of x86-64.

use std::arch::x86_64::*;

use super::decode::{Coding, FP4, Kind, Unpack, Work, read_string};
use crate::gemm::{F32x8, F32x16};

#[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,lzcnt")]
pub(super) fn avx2<W: Work>(work: W) {
    // SAFETY: this function is compiled for the registers, and whoever calls it has them.
    unsafe { work.run::<F32x8>() }
}

#[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,lzcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd")]
pub(super) fn avx512<W: Work>(work: W) {
    // SAFETY: this function is compiled for the registers, and whoever calls it has them.
    unsafe { work.run::<F32x16>() }
}

/// Exponent bias of single precision over that of E4M3, as a factor.
const REBIAS: f32 = f32::from_bits((120 + 127) << 23);
/// Fields of an E4M3 code in their places in single precision.
const FIELDS: i32 = 0x87f0_0000_u32 as i32;
/// The largest magnitude in these fields, which is NaN.
const NAN: i32 = 0x07f0_0000;

/// How sixteen codes that straddle bytes get into lanes: which two bytes a lane takes, and how far they are shifted.
struct Straddling<const BITS: usize>;

impl<const BITS: usize> Straddling<BITS> {
    const BYTES: [u8; 64] = {
        let mut bytes = [0x80; 64];
        let mut lane = 0;
        while lane < 16 {
            let first = lane * BITS / 8;
            bytes[4 * lane] = first as u8;
            if first + 1 < 2 * BITS {
                bytes[4 * lane + 1] = first as u8 + 1;
            }
            lane += 1;
        }
        bytes
    };
    const SHIFTS: [i32; 16] = {
        let mut shifts = [0; 16];
        let mut lane = 0;
        while lane < 16 {
            shifts[lane] = (lane * BITS % 8) as i32;
            lane += 1;
        }
        shifts
    };
}

/// A code in the low bits of each lane, maybe with others above it; codes of four bits in the order of `place`.
///
/// # Safety
/// AVX-512, and sixteen codes from `from` on.
#[inline(always)]
unsafe fn spread<C: Coding>(from: *const u8) -> __m512i {
    let steps = |step: i32, from: i32| std::array::from_fn::<i32, 16, _>(|lane| from + step * lane as i32);
    // SAFETY: the caller's promise; the masked load reads the bytes of sixteen codes.
    unsafe {
        let load = |lanes: &[i32; 16]| _mm512_loadu_si512(lanes.as_ptr().cast());
        match C::BITS {
            1 => {
                let string = i32::from(from.cast::<u16>().read_unaligned());
                _mm512_srlv_epi32(_mm512_set1_epi32(string), load(&steps(1, 0)))
            }
            2 => _mm512_srlv_epi32(_mm512_set1_epi32(from.cast::<i32>().read_unaligned()), load(&steps(2, 0))),
            4 => {
                let pairs = std::array::from_fn::<i32, 16, _>(|lane| 4 * (lane as i32 / 2));
                _mm512_srlv_epi32(_mm512_set1_epi64(from.cast::<i64>().read_unaligned()), load(&pairs))
            }
            8 => _mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast())),
            3 => straddling::<3>(from),
            5 => straddling::<5>(from),
            _ => straddling::<6>(from),
        }
    }
}

/// # Safety
/// As for [`spread`].
#[inline(always)]
unsafe fn straddling<const BITS: usize>(from: *const u8) -> __m512i {
    // SAFETY: the caller's promise; the mask covers the bytes of sixteen codes.
    unsafe {
        let bytes = _mm_maskz_loadu_epi8(((1u32 << (2 * BITS)) - 1) as u16, from.cast());
        let places = _mm512_loadu_si512(Straddling::<BITS>::BYTES.as_ptr().cast());
        let shifts = _mm512_loadu_si512(Straddling::<BITS>::SHIFTS.as_ptr().cast());
        _mm512_srlv_epi32(_mm512_shuffle_epi8(_mm512_broadcast_i32x4(bytes), places), shifts)
    }
}

// SAFETY: plain uses of the instruction set that callers promise to have, on memory they answer for.
unsafe impl Unpack for F32x16 {
    #[inline(always)]
    fn place<C: Coding>(lane: usize) -> usize {
        // Two words are repeated side by side, and each shifted eight times.
        if C::BITS == 4 { lane % 2 * 8 + lane / 2 } else { lane }
    }

    /// Codes of few bits are looked up in tables of the values, so that neither masks nor conversions are needed.
    #[inline(always)]
    unsafe fn group<C: Coding>(scale: f32, bias: f32) -> [Self; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let [scales, biases] = [_mm512_set1_ps(scale), _mm512_set1_ps(bias)];
            let table = |first: usize| {
                let most = (1usize << C::BITS) - 1;
                let numbers: [f32; 16] = std::array::from_fn(|lane| ((first + lane) & most) as f32);
                F32x16(_mm512_add_ps(_mm512_mul_ps(_mm512_loadu_ps(numbers.as_ptr()), scales), biases))
            };
            match (C::KIND, C::BITS) {
                (Kind::Whole, 1..=4) => [table(0); 2],
                (Kind::Whole, 5) => [table(0), table(16)],
                (Kind::Whole, _) | (Kind::Fp8, _) => [F32x16(scales), F32x16(biases)],
                (Kind::Fp4, _) => [F32x16(_mm512_mul_ps(_mm512_loadu_ps(FP4.as_ptr()), scales)); 2],
            }
        }
    }

    #[inline(always)]
    unsafe fn values<C: Coding>(from: *const u8, [first, second]: [Self; 2]) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            F32x16(match (C::KIND, C::BITS) {
                (Kind::Whole, 1..=4) | (Kind::Fp4, _) => _mm512_permutexvar_ps(spread::<C>(from), first.0),
                (Kind::Whole, 5) => _mm512_permutex2var_ps(first.0, spread::<C>(from), second.0),
                (Kind::Whole, _) => {
                    let codes = spread::<C>(from);
                    let codes = if C::BITS == 8 { codes } else { _mm512_and_si512(codes, _mm512_set1_epi32(63)) };
                    _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(codes), first.0), second.0)
                }
                (Kind::Fp8, _) => {
                    let codes = _mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast()));
                    let fields = _mm512_and_si512(_mm512_slli_epi32::<20>(codes), _mm512_set1_epi32(FIELDS));
                    let nan = _mm512_set1_epi32(NAN);
                    let is_nan = _mm512_cmpeq_epi32_mask(_mm512_and_si512(fields, nan), nan);
                    let numbers = _mm512_mul_ps(_mm512_castsi512_ps(fields), _mm512_set1_ps(REBIAS));
                    let numbers = _mm512_mask_blend_ps(is_nan, numbers, _mm512_set1_ps(f32::NAN));
                    _mm512_mul_ps(numbers, first.0)
                }
            })
        }
    }

    #[inline(always)]
    unsafe fn in_order<C: Coding>(from: *const u8, group: [Self; 2]) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let values = Self::values::<C>(from, group);
            if C::BITS != 4 {
                return values;
            }
            let lanes = std::array::from_fn::<i32, 16, _>(|place| place as i32 % 8 * 2 + place as i32 / 8);
            F32x16(_mm512_permutexvar_ps(_mm512_loadu_si512(lanes.as_ptr().cast()), values.0))
        }
    }
}

// SAFETY: plain uses of the instruction set that callers promise to have, on memory they answer for.
unsafe impl Unpack for F32x8 {
    #[inline(always)]
    unsafe fn group<C: Coding>(scale: f32, bias: f32) -> [Self; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let [scales, biases] = [_mm256_set1_ps(scale), _mm256_set1_ps(bias)];
            match C::KIND {
                Kind::Whole | Kind::Fp8 => [F32x8(scales), F32x8(biases)],
                // Magnitudes alone: the table has room for eight.
                Kind::Fp4 => [F32x8(_mm256_mul_ps(_mm256_loadu_ps(FP4.as_ptr()), scales)); 2],
            }
        }
    }

    #[inline(always)]
    unsafe fn values<C: Coding>(from: *const u8, [first, second]: [Self; 2]) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            if C::KIND == Kind::Fp8 {
                let codes = _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast()));
                let fields = _mm256_and_si256(_mm256_slli_epi32::<20>(codes), _mm256_set1_epi32(FIELDS));
                let nan = _mm256_set1_epi32(NAN);
                let is_nan = _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(fields, nan), nan));
                let numbers = _mm256_mul_ps(_mm256_castsi256_ps(fields), _mm256_set1_ps(REBIAS));
                return F32x8(_mm256_mul_ps(_mm256_or_ps(numbers, is_nan), first.0));
            }
            let codes = if C::BITS == 8 {
                _mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))
            } else {
                // Four codes have at most 24 bits, so each half of the string serves four lanes.
                let string = read_string::<C>(from);
                let halves = [string as i32, (string >> (4 * C::BITS)) as i32].map(|half| _mm_set1_epi32(half));
                let shifts: [i32; 8] = std::array::from_fn(|lane| (lane % 4 * C::BITS) as i32);
                _mm256_srlv_epi32(_mm256_set_m128i(halves[1], halves[0]), _mm256_loadu_si256(shifts.as_ptr().cast()))
            };
            if C::KIND == Kind::Fp4 {
                // The lookup takes the low three bits; the fourth is the sign.
                let magnitudes = _mm256_permutevar8x32_ps(first.0, codes);
                let signs = _mm256_and_si256(_mm256_slli_epi32::<28>(codes), _mm256_set1_epi32(i32::MIN));
                return F32x8(_mm256_xor_ps(magnitudes, _mm256_castsi256_ps(signs)));
            }
            let codes = _mm256_and_si256(codes, _mm256_set1_epi32((1 << C::BITS) - 1));
            F32x8(_mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(codes), first.0), second.0))
        }
    }
}
