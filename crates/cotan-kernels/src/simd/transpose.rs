//! Transposing a band of a matrix, block by block.

use super::isa::{Isa, Kernel, dispatch};
use super::prefetch;

/// Rows and columns of a block.
pub const SIDE: usize = 16;

/// A part of a matrix and where its transpose goes: `to[r * to_step + c] = from[c * from_step + r]`.
#[derive(Clone, Copy, Debug)]
pub struct Band<T> {
    /// The first element to read.
    pub from: *const T,
    /// From one column of the result to the next.
    pub from_step: isize,
    /// The first element to write.
    pub to: *mut T,
    /// From one row of the result to the next.
    pub to_step: isize,
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result.
    pub columns: usize,
}

/// Transposes a band. As its lines are read across, it is best if its rows are a cache line or two.
///
/// # Safety
/// All elements can be read and all places written, and the two don't overlap.
pub unsafe fn transpose<T: Copy>(band: Band<T>) {
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == size_of::<f32>() && super::level() == super::Level::Avx512 {
        let Band { from, from_step, to, to_step, rows, columns } = band;
        let band = Band { from: from.cast(), from_step, to: to.cast(), to_step, rows, columns };
        // SAFETY: the level is one that the machine has; the rest is promised by the caller, and elements are only moved.
        unsafe { x86::transpose(band) };
        return;
    }
    dispatch(band);
}

impl<T: Copy> Kernel for Band<T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        // SAFETY: promised to `transpose`.
        unsafe { self.each_block(|from, to| block(from, self.from_step, to, self.to_step)) };
    }
}

impl<T: Copy> Band<T> {
    /// Calls `block(from, to)` for whole blocks, and moves what is left one by one.
    ///
    /// # Safety
    /// As [`transpose`].
    #[inline(always)]
    unsafe fn each_block(self, block: impl Fn(*const T, *mut T)) {
        let (whole_rows, whole_columns) = (self.rows / SIDE * SIDE, self.columns / SIDE * SIDE);
        for column in (0..whole_columns).step_by(SIDE) {
            let from = self.from.wrapping_offset(column as isize * self.from_step);
            for next in SIDE..2 * SIDE {
                let line = from.wrapping_offset(next as isize * self.from_step);
                prefetch(line.cast(), self.rows * size_of::<T>());
            }
            for row in (0..whole_rows).step_by(SIDE) {
                let to = self.to.wrapping_offset(row as isize * self.to_step + column as isize);
                block(from.wrapping_add(row), to);
            }
        }
        for row in 0..self.rows {
            let first = if row < whole_rows { whole_columns } else { 0 };
            for column in first..self.columns {
                // SAFETY: promised by the caller.
                unsafe {
                    *self.to.offset(row as isize * self.to_step + column as isize) =
                        *self.from.offset(column as isize * self.from_step + row as isize);
                }
            }
        }
    }
}

/// One block by way of the stack, where its lines don't compete for places in the cache.
///
/// # Safety
/// As [`transpose`], for `SIDE` rows and columns.
#[inline(always)]
unsafe fn block<T: Copy>(from: *const T, from_step: isize, to: *mut T, to_step: isize) {
    // SAFETY: promised by the caller.
    unsafe {
        let lines: [[T; SIDE]; SIDE] =
            std::array::from_fn(|column| from.offset(column as isize * from_step).cast::<[T; SIDE]>().read());
        for row in 0..SIDE {
            let line: [T; SIDE] = lines.each_ref().map(|line| line[row]);
            to.offset(row as isize * to_step).cast::<[T; SIDE]>().write(line);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Band, SIDE};

    /// # Safety
    /// As [`super::transpose`].
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn transpose(band: Band<f32>) {
        let (from_step, to_step) = (band.from_step, band.to_step);
        // SAFETY: promised by the caller.
        unsafe { band.each_block(|from, to| block(from, from_step, to, to_step)) };
    }

    /// One block in registers: pairs of lines are interleaved by ones, by twos, by fours and by eights.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn block(from: *const f32, from_step: isize, to: *mut f32, to_step: isize) {
        // SAFETY: `each_block` gives whole blocks of the band.
        let lines: [__m512; SIDE] =
            std::array::from_fn(|i| unsafe { _mm512_loadu_ps(from.offset(i as isize * from_step)) });
        let mut ones = lines;
        for i in (0..SIDE).step_by(2) {
            ones[i] = _mm512_unpacklo_ps(lines[i], lines[i + 1]);
            ones[i + 1] = _mm512_unpackhi_ps(lines[i], lines[i + 1]);
        }
        let mut twos = ones;
        for i in (0..SIDE).step_by(4) {
            let [a, b, c, d] = std::array::from_fn(|k| _mm512_castps_pd(ones[i + k]));
            twos[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
            twos[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
            twos[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
            twos[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
        }
        let mut fours = twos;
        for i in 0..4 {
            fours[i] = _mm512_shuffle_f32x4::<0x88>(twos[i], twos[i + 4]);
            fours[i + 4] = _mm512_shuffle_f32x4::<0xdd>(twos[i], twos[i + 4]);
            fours[i + 8] = _mm512_shuffle_f32x4::<0x88>(twos[i + 8], twos[i + 12]);
            fours[i + 12] = _mm512_shuffle_f32x4::<0xdd>(twos[i + 8], twos[i + 12]);
        }
        for i in 0..SIDE / 2 {
            let low = _mm512_shuffle_f32x4::<0x88>(fours[i], fours[i + 8]);
            let high = _mm512_shuffle_f32x4::<0xdd>(fours[i], fours[i + 8]);
            // SAFETY: as above.
            unsafe {
                _mm512_storeu_ps(to.offset(i as isize * to_step), low);
                _mm512_storeu_ps(to.offset((i + SIDE / 2) as isize * to_step), high);
            }
        }
    }
}
