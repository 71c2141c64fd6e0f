//! Large products of bfloat16 on processors that add two products to a sum at once.
//!
//! Two neighbours along the inner axis lie in one lane, so packed operands look like those of `f32` with half the depth.
//! The instruction (VDPBF16PS) rounds to nearest at most once for each product, like the other kernels, but takes subnormal
//! numbers for zeros and gives none.

use std::arch::x86_64::*;
use std::sync::OnceLock;

use super::blocked::{self, Out};
use super::kernel::{Kernels, PACKED, Step, Tile, table, tile};
use super::pack::{Stored, View};
use super::vector::Real;
use super::x86::F32x16;
use super::{Coefs, Size};
use crate::bf16;
use crate::memory::AllocError;
use crate::simd::{Level, level, prefetch};

/// Whether this machine has the instruction, and may use it.
fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| level() == Level::Avx512 && is_x86_feature_detected!("avx512bf16"))
}

/// `out = alpha * a @ b + beta * out`.
///
/// # Safety
/// As for [`blocked::product`].
pub unsafe fn product(
    size: Size,
    a: View<bf16>,
    b: View<bf16>,
    out: Out<f32>,
    coefs: Coefs<f32>,
) -> Result<(), AllocError> {
    // SAFETY: the caller's promise; `Paired` is a `bf16` in memory.
    unsafe {
        if available() {
            blocked::product(size, paired(a), paired(b), out, coefs)
        } else {
            blocked::product(size, a, b, out, coefs)
        }
    }
}

fn paired(view: View<bf16>) -> View<Paired> {
    View { ptr: view.ptr.cast(), row: view.row, col: view.col }
}

/// A number that is packed with its neighbour along the inner axis.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
struct Paired(bf16);

struct Pairs;

impl Step<F32x16> for Pairs {
    #[inline(always)]
    unsafe fn step(a: F32x16, b: F32x16, sum: F32x16) -> F32x16 {
        // SAFETY: the instruction set, by the caller's promise; a lane of either type has 32 bits.
        unsafe {
            let [a, b] = [a, b].map(|pairs| std::mem::transmute::<__m512, __m512bh>(pairs.0));
            F32x16(_mm512_dpbf16_ps(sum.0, a, b))
        }
    }
}

mod avx512 {
    use super::*;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma,f16c")]
    pub unsafe fn packed<const M: usize, const N: usize>(t: &Tile<f32>) {
        // SAFETY: the caller's promises are the same.
        unsafe { tile::<F32x16, f32, M, N, PACKED, Pairs>(t) }
    }

    /// Puts the elements of two rows side by side in the lanes of one.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    pub unsafe fn interleave(rows: [*const bf16; 2], cols: usize, width: usize, to: *mut f32) {
        for i in (0..cols).step_by(16) {
            let mask = |n: usize| if n >= 16 { u16::MAX } else { (1 << n) - 1 };
            // SAFETY: reads below `cols`, writes below `width`.
            unsafe {
                let read = mask(cols - i);
                let [low, high] =
                    rows.map(|row| _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(read, row.wrapping_add(i).cast())));
                let pairs = _mm512_or_si512(low, _mm512_slli_epi32::<16>(high));
                _mm512_mask_storeu_epi32(to.add(i).cast(), mask(width - i), pairs);
            }
        }
    }
}

/// Rows ahead that a copy asks for.
const AHEAD: isize = 8;

/// Writes elements (2 o, i) and (2 o + 1, i) of `from` to `to[o * width + i]`, with zeros for what isn't there.
///
/// # Safety
/// `from` has `depth` rows and `inner <= width` columns, `width` is `inner` or the next multiple of the lanes; `to` has
/// room for half of `depth`, rounded up, times `width`.
unsafe fn pack(from: View<Paired>, depth: usize, inner: usize, width: usize, to: *mut f32) {
    let from = View { ptr: from.ptr.cast::<bf16>(), row: from.row, col: from.col };
    let pairs = depth.div_ceil(2);
    // SAFETY: reads stay below `depth` and `inner`, writes below `pairs` and `width`; the kernels are this machine's.
    unsafe {
        if from.col == 1 {
            let zeros = [bf16::ZERO; 32];
            for o in 0..pairs {
                let row = from.at(2 * o, 0);
                for ahead in [AHEAD, AHEAD + 1] {
                    prefetch(row.wrapping_offset(ahead * from.row).cast(), 2 * inner);
                }
                if 2 * o + 1 < depth {
                    avx512::interleave([row, from.at(2 * o + 1, 0)], inner, width, to.add(o * width));
                } else {
                    for start in (0..inner).step_by(zeros.len()) {
                        let len = zeros.len().min(inner - start);
                        let padded = if start + len == inner { width - start } else { len };
                        let to = to.add(o * width + start);
                        avx512::interleave([row.add(start), zeros.as_ptr()], len, padded, to);
                    }
                }
            }
            return;
        }
        for o in 0..pairs {
            std::slice::from_raw_parts_mut(to.add(o * width + inner), width - inner).fill(0.0);
        }
        // Where columns are contiguous, the words of four of them are transposed four at a time.
        let fours = if from.row == 1 { [depth / 8 * 4, inner / 4 * 4] } else { [0; 2] };
        for i in (0..fours[1]).step_by(4) {
            for o in (0..fours[0]).step_by(4) {
                let words = [0, 1, 2, 3].map(|j| from.at(2 * o, i + j).cast::<f32>());
                f32::transpose4(words, to.add(o * width + i), width);
            }
        }
        for o in 0..pairs {
            for i in if o < fours[0] { fours[1] } else { 0 }..inner {
                let low = *from.at(2 * o, i);
                let high = if 2 * o + 1 < depth { *from.at(2 * o + 1, i) } else { bf16::ZERO };
                let bits = u32::from(low.to_bits()) | u32::from(high.to_bits()) << 16;
                *to.add(o * width + i) = f32::from_bits(bits);
            }
        }
    }
}

impl Stored for Paired {
    type Real = f32;
    const PARTS: usize = 1;
    const TERMS: usize = 2;

    fn packed_kernels() -> &'static Kernels<f32> {
        static KERNELS: Kernels<f32> =
            Kernels { lanes: 16, packed: table!(avx512::packed, [], [1 2 3 4 5 6 7 8 9 10 11 12], [1 2]), direct: &[] };
        &KERNELS
    }

    unsafe fn pack_left(from: View<Paired>, rows: usize, depth: usize, to: *mut f32) {
        // SAFETY: the caller's promise, with the roles of rows and columns exchanged.
        unsafe { pack(from.transposed(), depth, rows, rows, to) }
    }

    unsafe fn pack_right(from: View<Paired>, depth: usize, cols: usize, width: usize, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { pack(from, depth, cols, width, to) }
    }
}
