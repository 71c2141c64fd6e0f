//! The values of a quantised matrix.

use super::decode::{Coding, Unpack, Work, run};
use super::panels::{Round, decode_run};
use super::{Rounded, Weights, with_coding, with_rounded};
use crate::walk::Shared;
use crate::{DType, Element, bf16, f16, pool};

/// Writes the values of a matrix to `out`, in row-major order: `scale * number + bias` in single precision, rounded once
/// to `f32`, `f16` or `bf16`.
///
/// # Panics
/// When `out` doesn't have an element for every code, or has another type.
pub fn dequantize<T: Element>(w: &Weights<'_>, out: &mut [T]) {
    assert_eq!(out.len(), w.rows * w.columns, "dequantize: elements of the result");
    if out.is_empty() {
        return;
    }
    with_rounded!(T::DTYPE, D => {
        let to = Shared(out.as_mut_ptr().cast::<D>());
        // Groups of all rows, one after another.
        pool::parallel_chunks(w.rows * w.groups(), 1, w.group as f32 / 8.0, &|range| {
            let len = range.len() * w.group;
            // SAFETY: `T` is this type, as its DTYPE says; ranges of groups don't overlap.
            let out = unsafe { std::slice::from_raw_parts_mut(to.get().add(range.start * w.group), len) };
            write(w, range.start, out);
        });
    });
}

/// Values on their way to half precision.
const BUFFER: usize = 2048;

/// Writes the groups from `first` on.
fn write<D: Rounded>(w: &Weights<'_>, first: usize, out: &mut [D]) {
    if D::DTYPE == DType::F32 {
        // SAFETY: the same type.
        return run(Decode { w, first, out: unsafe { &mut *(out as *mut [D] as *mut [f32]) } });
    }
    let mut buffer = [0.0f32; BUFFER];
    let count = BUFFER / w.group;
    for (i, out) in out.chunks_mut(count * w.group).enumerate() {
        let values = &mut buffer[..out.len()];
        run(Decode { w, first: first + i * count, out: values });
        run(Round { sums: values, out });
    }
}

/// The groups from some on.
struct Decode<'a> {
    w: &'a Weights<'a>,
    first: usize,
    out: &'a mut [f32],
}

impl Work for Decode<'_> {
    #[inline(always)]
    unsafe fn run<V: Unpack>(mut self) {
        // SAFETY: the caller's promise.
        with_coding!(self.w, C => unsafe { self.decode::<V, C>() });
    }
}

impl Decode<'_> {
    /// # Safety
    /// As for [`Work::run`].
    #[inline(always)]
    unsafe fn decode<V: Unpack, C: Coding>(&mut self) {
        let (groups, group) = (self.w.groups(), self.w.group);
        for (i, out) in self.out.chunks_exact_mut(group).enumerate() {
            let (row, column) = ((self.first + i) / groups, (self.first + i) % groups * group);
            // SAFETY: a group of the matrix, which the output has room for.
            unsafe { decode_run::<V, C>(self.w, row, column, group, out.as_mut_ptr()) };
        }
    }
}
