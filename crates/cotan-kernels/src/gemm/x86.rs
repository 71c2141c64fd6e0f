//! The vector registers of x86-64: 256 bits with AVX2 and FMA, 512 bits with AVX-512.

use std::arch::x86_64::*;

use super::vector::{Load, Vector};
use crate::{bf16, f16};

/// The first half is all ones, the second zero: eight lanes from `16 - n` on cover `n` lanes.
static MASK32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
static MASK64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

macro_rules! register {
    ($name:ident, $inner:ty, $R:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $fma:ident, $mul:ident,
     |$from:ident, $n:ident| $load_part:expr, |$v:ident, $to:ident, $m:ident| $store_part:expr, |$s:ident| $sum:expr) => {
        #[derive(Clone, Copy)]
        pub struct $name(pub $inner);

        // SAFETY: plain uses of the instruction set that callers promise to have, on memory they answer for.
        unsafe impl Vector for $name {
            type Real = $R;
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn splat(x: $R) -> Self {
                // SAFETY: the instruction set, by the caller's promise.
                unsafe { $name($splat(x)) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $R) -> Self {
                // SAFETY: instruction set and memory, by the caller's promise.
                unsafe { $name($load(from)) }
            }
            #[inline(always)]
            unsafe fn load_part($from: *const $R, $n: usize) -> Self {
                // SAFETY: instruction set and the first `n` lanes of memory, by the caller's promise.
                unsafe { $name($load_part) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $R) {
                // SAFETY: instruction set and memory, by the caller's promise.
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            unsafe fn store_part(self, $to: *mut $R, $m: usize) {
                let $v = self.0;
                // SAFETY: instruction set and the first `n` lanes of memory, by the caller's promise.
                unsafe { $store_part }
            }
            #[inline(always)]
            unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                // SAFETY: the instruction set, by the caller's promise.
                unsafe { $name($fma(self.0, b.0, c.0)) }
            }
            #[inline(always)]
            unsafe fn mul(self, b: Self) -> Self {
                // SAFETY: the instruction set, by the caller's promise.
                unsafe { $name($mul(self.0, b.0)) }
            }
            #[inline(always)]
            unsafe fn sum(self) -> $R {
                let $s = self.0;
                // SAFETY: the instruction set, by the caller's promise.
                unsafe { $sum }
            }
        }
    };
}

register!(
    F32x16,
    __m512,
    f32,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps,
    _mm512_mul_ps,
    |from, n| _mm512_maskz_loadu_ps(((1u32 << n) - 1) as u16, from),
    |v, to, n| _mm512_mask_storeu_ps(to, ((1u32 << n) - 1) as u16, v),
    |v| _mm512_reduce_add_ps(v)
);
register!(
    F64x8,
    __m512d,
    f64,
    8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_fmadd_pd,
    _mm512_mul_pd,
    |from, n| _mm512_maskz_loadu_pd(((1u32 << n) - 1) as u8, from),
    |v, to, n| _mm512_mask_storeu_pd(to, ((1u32 << n) - 1) as u8, v),
    |v| _mm512_reduce_add_pd(v)
);
register!(
    F32x8,
    __m256,
    f32,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps,
    _mm256_mul_ps,
    |from, n| _mm256_maskload_ps(from, mask32(n)),
    |v, to, n| _mm256_maskstore_ps(to, mask32(n), v),
    |v| {
        let half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
        let pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
        _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)))
    }
);
register!(
    F64x4,
    __m256d,
    f64,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_fmadd_pd,
    _mm256_mul_pd,
    |from, n| _mm256_maskload_pd(from, mask64(n)),
    |v, to, n| _mm256_maskstore_pd(to, mask64(n), v),
    |v| {
        let half = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
        _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)))
    }
);

#[inline(always)]
unsafe fn mask32(n: usize) -> __m256i {
    // SAFETY: `n < 8`, so the eight lanes lie within the table.
    unsafe { _mm256_loadu_si256(MASK32.as_ptr().add(8 - n).cast()) }
}

#[inline(always)]
unsafe fn mask64(n: usize) -> __m256i {
    // SAFETY: `n < 4`, so the four lanes lie within the table.
    unsafe { _mm256_loadu_si256(MASK64.as_ptr().add(4 - n).cast()) }
}

/// Copies `n < 16` halves to where all lanes of a register can be read; the others are zero.
#[inline(always)]
unsafe fn padded<S>(from: *const S, n: usize) -> [u16; 16] {
    let mut lanes = [0; 16];
    // SAFETY: `n` elements of two bytes by the caller's promise, and at most sixteen.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u16>(), lanes.as_mut_ptr(), n) };
    lanes
}

macro_rules! widen {
    ($name:ident, $S:ty, |$from:ident| $body:expr) => {
        // SAFETY: reads as many elements as the register has lanes.
        unsafe impl Load<$S> for $name {
            #[inline(always)]
            unsafe fn widen(from: *const $S) -> Self {
                let $from = from.cast();
                // SAFETY: instruction set and memory, by the caller's promise.
                unsafe { $name($body) }
            }
            #[inline(always)]
            unsafe fn widen_part(from: *const $S, n: usize) -> Self {
                // SAFETY: instruction set and `n` elements by the caller's promise; the copy has sixteen.
                unsafe { <Self as Load<$S>>::widen(padded(from, n).as_ptr().cast()) }
            }
        }
    };
}

widen!(F32x16, f16, |from| _mm512_cvtph_ps(_mm256_loadu_si256(from)));
widen!(F32x16, bf16, |from| {
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(from))))
});
widen!(F32x8, f16, |from| _mm256_cvtph_ps(_mm_loadu_si128(from)));
widen!(F32x8, bf16, |from| {
    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(from))))
});
