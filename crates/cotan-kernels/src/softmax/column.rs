//! Rows that lie side by side: each vector holds the same place of several rows.

use std::ops::Range;

use super::row::{LogTotal, Sum};
use crate::arith::{Arith, Number};
use crate::error::{Failure, KernelError};
use crate::lanes::Scratch;
use crate::memory::AllocError;
use crate::pool;
use crate::simd::{Float, Isa, Kernel, dispatch};
use crate::walk::Shared;

/// Columns taken at a time.
const WIDE: usize = 64;
/// Columns taken at a time when there are so many rows that a wide strip would leave the second-level cache.
const NARROW: usize = 16;
const MANY_ROWS: usize = 8192;
/// Rows whose sum is kept in the rows' own precision; the sum of such sums is in double precision.
const BLOCK: usize = 32;

/// Neighbouring columns, copied together: a row's length is often a power of two, and then its columns would evict each
/// other from the cache.
struct Strip<'a, W, const N: usize> {
    rows: &'a mut [[W; N]],
    columns: Range<usize>,
}

/// Loads strips of `(outer, n, inner)` one after the other and hands each over with its group.
fn for_each_strip<T: Number<Wide: Float>, const N: usize>(
    source: &[T],
    [outer, n, inner]: [usize; 3],
    run: impl Fn(Strip<T::Wide, N>, usize) + Sync,
) -> Result<(), KernelError> {
    let strips = inner.div_ceil(N);
    let failure = Failure::default();
    let work = |range: Range<usize>| -> Result<(), AllocError> {
        let mut scratch = Scratch::<T::Wide>::new(n * N)?;
        for index in range {
            let (group, start) = (index / strips, index % strips * N);
            let columns = start..inner.min(start + N);
            let (rows, _) = scratch.as_chunks_mut::<N>();
            for (row, source) in rows.iter_mut().zip(source[group * n * inner..].chunks_exact(inner)) {
                let source = &source[columns.clone()];
                if let Ok(source) = <&[T; N]>::try_from(source) {
                    *row = source.map(T::widen);
                } else {
                    // Places beyond the last column are computed and dropped.
                    *row = [<T::Wide as Arith>::ZERO; N];
                    for (to, value) in row.iter_mut().zip(source) {
                        *to = value.widen();
                    }
                }
            }
            run(Strip { rows, columns }, group);
        }
        Ok(())
    };
    pool::parallel_chunks(outer * strips, 1, (2 * n * N) as f32, &|range| {
        let start = range.start;
        if let Err(error) = work(range) {
            failure.set(start, error);
        }
    });
    failure.into_result()
}

impl<W: Arith + Float, const N: usize> Strip<'_, W, N> {
    /// The largest element of each column.
    #[inline(always)]
    fn tops(&self) -> [W; N] {
        let mut tops = [W::LOWEST; N];
        for row in self.rows.iter() {
            for (top, &value) in tops.iter_mut().zip(row) {
                *top = Arith::max(*top, value);
            }
        }
        tops
    }

    /// Replaces each value by `exp(value - top)`; gives the sum of each column.
    #[inline(always)]
    fn exponentials<I: Isa>(&mut self, tops: &[W; N]) -> [f64; N] {
        let mut totals = [0.0f64; N];
        for block in self.rows.chunks_mut(BLOCK) {
            let mut sums = [<W as Arith>::ZERO; N];
            for row in block {
                for ((value, &top), sum) in row.iter_mut().zip(tops).zip(&mut sums) {
                    *value = Float::exp::<I>(*value - top);
                    *sum = Arith::add(*sum, *value);
                }
            }
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total += sum.to_f64();
            }
        }
        totals
    }
}

/// Softmax along the middle axis.
pub(super) fn softmax<T: Number<Wide: Float>>(
    source: &[T],
    out: &mut [T],
    sizes: [usize; 3],
) -> Result<(), KernelError> {
    let (out, [_, n, inner]) = (Shared(out.as_mut_ptr()), sizes);
    let at = |group: usize, columns: &Range<usize>| Shared(out.get().wrapping_add(group * n * inner + columns.start));
    if n < MANY_ROWS {
        for_each_strip::<T, WIDE>(source, sizes, |strip, group| {
            dispatch(Softmax { out: at(group, &strip.columns), inner, strip });
        })
    } else {
        for_each_strip::<T, NARROW>(source, sizes, |strip, group| {
            dispatch(Softmax { out: at(group, &strip.columns), inner, strip });
        })
    }
}

struct Softmax<'a, T: Number, const N: usize> {
    strip: Strip<'a, T::Wide, N>,
    /// The strip's first element of the output.
    out: Shared<T>,
    inner: usize,
}

impl<T: Number<Wide: Float>, const N: usize> Kernel for Softmax<'_, T, N> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(mut self) {
        let tops = self.strip.tops();
        let scales = self.strip.exponentials::<I>(&tops).map(|total| T::Wide::from_f64(1.0 / total));
        for (i, row) in self.strip.rows.iter().enumerate() {
            let mut values = [T::default(); N];
            for ((value, &exp), &scale) in values.iter_mut().zip(row).zip(&scales) {
                *value = T::narrow(Arith::mul(exp, scale));
            }
            // SAFETY: the output has the source's layout, and no other task writes these columns.
            unsafe {
                let to = self.out.get().add(i * self.inner);
                std::ptr::copy_nonoverlapping(values.as_ptr(), to, self.strip.columns.len());
            }
        }
    }
}

/// The logarithm of the sum of exponentials along the middle axis; `out` has `outer * inner` elements.
pub(super) fn logsumexp<T: Number<Wide: Float>>(
    source: &[T],
    out: &mut [T],
    sizes: [usize; 3],
) -> Result<(), KernelError> {
    if sizes[1] < MANY_ROWS {
        log_strips::<T, WIDE>(source, out, sizes)
    } else {
        log_strips::<T, NARROW>(source, out, sizes)
    }
}

fn log_strips<T: Number<Wide: Float>, const N: usize>(
    source: &[T],
    out: &mut [T],
    sizes: [usize; 3],
) -> Result<(), KernelError> {
    let out = Shared(out.as_mut_ptr());
    for_each_strip::<T, N>(source, sizes, |strip, group| {
        let (start, n) = (group * sizes[2] + strip.columns.start, strip.columns.len());
        // SAFETY: no other task writes the results of these columns.
        let out = unsafe { std::slice::from_raw_parts_mut(out.get().add(start), n) };
        dispatch(Logarithms::<T, N> { strip, out });
    })
}

struct Logarithms<'a, T: Number, const N: usize> {
    strip: Strip<'a, T::Wide, N>,
    out: &'a mut [T],
}

impl<T: Number<Wide: Float>, const N: usize> Kernel for Logarithms<'_, T, N> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(mut self) {
        let tops = self.strip.tops();
        let totals = self.strip.exponentials::<I>(&tops);
        for ((out, &top), &total) in self.out.iter_mut().zip(&tops).zip(&totals) {
            *out = T::narrow(LogTotal(Sum { top, total }).run::<I>());
        }
    }
}
