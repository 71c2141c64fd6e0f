//! Rows that lie side by side: each vector holds the same place of several rows.

use std::ops::Range;

use super::row::{LogTotal, Sum};
use crate::arith::{Arith, Number};
use crate::pool;
use crate::simd::{Float, Isa, Kernel, dispatch};
use crate::walk::Shared;

/// Most columns taken at a time: a strip of thousands of rows should stay in the second-level cache.
const WIDE: usize = 64;

/// Neighbouring columns of `source`, which is `rows` rows of `inner` elements.
struct Strip<'a, T> {
    source: &'a [T],
    inner: usize,
    columns: Range<usize>,
}

/// Cuts `(outer, n, inner)` into strips and hands over each with the place of its first element.
fn for_each_strip<T: Number>(source: &[T], [outer, n, inner]: [usize; 3], run: impl Fn(Strip<T>, usize) + Sync) {
    let strips = inner.div_ceil(WIDE);
    let group_len = n * inner;
    pool::parallel_for(outer * strips, 2 * source.len() as u64, &|index| {
        let (group, start) = (index / strips, index % strips * WIDE);
        let columns = start..inner.min(start + WIDE);
        let source = &source[group * group_len..(group + 1) * group_len];
        run(Strip { source, inner, columns }, group);
    });
}

impl<T: Number<Wide: Float>> Strip<'_, T> {
    fn rows(&self) -> impl Iterator<Item = &[T]> {
        self.source.chunks_exact(self.inner).map(|row| &row[self.columns.clone()])
    }

    /// The largest element of each column.
    #[inline(always)]
    fn tops(&self) -> [T::Wide; WIDE] {
        let mut tops = [T::Wide::LOWEST; WIDE];
        for row in self.rows() {
            for (top, value) in tops.iter_mut().zip(row) {
                *top = Arith::max(*top, value.widen());
            }
        }
        tops
    }
}

/// Softmax along the middle axis.
pub(super) fn softmax<T: Number<Wide: Float>>(source: &[T], out: &mut [T], sizes: [usize; 3]) {
    let out = Shared(out.as_mut_ptr());
    for_each_strip(source, sizes, |strip, group| {
        let first = group * sizes[1] * sizes[2] + strip.columns.start;
        dispatch(Exponentials { out: Shared(out.get().wrapping_add(first)), strip });
    });
}

struct Exponentials<'a, T> {
    strip: Strip<'a, T>,
    /// The strip's first element of the output.
    out: Shared<T>,
}

impl<T: Number<Wide: Float>> Kernel for Exponentials<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Exponentials { strip, out } = self;
        let (tops, mut totals) = (strip.tops(), [0.0f64; WIDE]);
        // SAFETY: the output has the source's layout, and no other task writes these columns.
        let row_out =
            |i: usize| unsafe { std::slice::from_raw_parts_mut(out.get().add(i * strip.inner), strip.columns.len()) };
        for (i, row) in strip.rows().enumerate() {
            for (((&value, out), &top), total) in row.iter().zip(row_out(i)).zip(&tops).zip(&mut totals) {
                let exp = Float::exp::<I>(value.widen() - top);
                *out = T::narrow(exp);
                *total += exp.to_f64();
            }
        }
        let scales = totals.map(|total| T::Wide::from_f64(1.0 / total));
        // Halves would be rounded twice, so their exponentials are computed again.
        let exact = size_of::<T>() == size_of::<T::Wide>();
        for (i, row) in strip.rows().enumerate() {
            for (((&value, out), &top), &scale) in row.iter().zip(row_out(i)).zip(&tops).zip(&scales) {
                let exp = if exact { out.widen() } else { Float::exp::<I>(value.widen() - top) };
                *out = T::narrow(Arith::mul(exp, scale));
            }
        }
    }
}

/// The logarithm of the sum of exponentials along the middle axis; `out` has `outer * inner` elements.
pub(super) fn logsumexp<T: Number<Wide: Float>>(source: &[T], out: &mut [T], sizes: [usize; 3]) {
    let out = Shared(out.as_mut_ptr());
    for_each_strip(source, sizes, |strip, group| {
        let (start, n) = (group * sizes[2] + strip.columns.start, strip.columns.len());
        // SAFETY: no other task writes the results of these columns.
        let out = unsafe { std::slice::from_raw_parts_mut(out.get().add(start), n) };
        dispatch(Logarithms { strip, out });
    });
}

struct Logarithms<'a, T> {
    strip: Strip<'a, T>,
    out: &'a mut [T],
}

impl<T: Number<Wide: Float>> Kernel for Logarithms<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let (tops, mut totals) = (self.strip.tops(), [0.0f64; WIDE]);
        for row in self.strip.rows() {
            for ((&value, &top), total) in row.iter().zip(&tops).zip(&mut totals) {
                *total += Float::exp::<I>(value.widen() - top).to_f64();
            }
        }
        for ((out, &top), &total) in self.out.iter_mut().zip(&tops).zip(&totals) {
            *out = T::narrow(LogTotal(Sum { top, total }).run::<I>());
        }
    }
}
