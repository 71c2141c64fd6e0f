//! Convolutions in which every channel has its own kernel: plain sums over the taps, a register of channels at a time.

use std::ops::Range;

use smallvec::SmallVec;

use super::kernel::{Convolved, Dots, ROWS, Taps};
use super::{Axis, Number, Place, Plan, Span};
use crate::error::KernelError;
use crate::gemm::Pieces;
use crate::lanes::Scratch;
use crate::tensor::Tensor;
use crate::{layout, pool};

/// Neighbouring places of few channels are computed like one place of many: so many, if the channels don't fill registers.
const FOLDED: usize = 48;
/// Reals in the largest register.
const LANES: usize = 16;
/// Kernels of one channel that are so long along the last axis are summed along it.
const LONG: usize = 32;

pub fn run<T: Number>(plan: &Plan, input: &Tensor, kernel: &Tensor, out: &Place<T>) -> Result<(), KernelError> {
    let (data, offset) = input.span::<T>().expect("the type was dispatched on");
    let kernel = kernel.as_slice::<T>().expect("row-major");
    let problem = Problem::new(plan, data, offset, kernel, out)?;
    let cost = (plan.taps() * plan.groups) as f32 / 16.0;
    pool::parallel_chunks(layout::len(&plan.rows), 1, cost, &|range| {
        plan.spans(range.start, range.len()).iter().for_each(|span| problem.span(span));
    });
    Ok(())
}

struct Problem<'a, T: Number> {
    plan: &'a Plan,
    data: &'a [T],
    offset: usize,
    kernel: &'a [T],
    out: &'a Place<T>,
    last: Axis,
    /// A row for each tap: the weights of all channels, `fold` times.
    weights: Scratch<T>,
    fold: usize,
    /// Whether a single channel's lines are summed along the last axis, those that reach over an edge or all of them.
    along: Along,
    /// Places along the last axis whose windows lie inside of the input.
    inside: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Along {
    Never,
    Edges,
    Always,
}

/// A line of the kernel along the last spatial axis: its number, and where that line of the input begins.
type Line = (usize, isize);

impl<'a, T: Number> Problem<'a, T> {
    fn new(
        plan: &'a Plan,
        data: &'a [T],
        offset: usize,
        kernel: &'a [T],
        out: &'a Place<T>,
    ) -> Result<Problem<'a, T>, KernelError> {
        let (last, channels, taps) = (plan.sizes[plan.sizes.len() - 1], plan.groups, plan.taps());
        let in_order = last.dilation == 1 && last.stride == 1;
        let along = match (channels == 1 && in_order, last.kernel >= LONG) {
            (true, true) => Along::Always,
            (true, false) => Along::Edges,
            (false, _) => Along::Never,
        };
        let apart = [last.step * last.stride, out.strides[plan.sizes.len()]];
        let fold = match () {
            () if apart != [channels as isize; 2] || along == Along::Always => 1,
            () if LANES.is_multiple_of(channels) => LANES / channels,
            () => (FOLDED / channels).max(1),
        };
        let mut weights = Scratch::new(taps * fold * channels)?;
        for (tap, row) in weights.chunks_exact_mut(fold * channels).enumerate() {
            for (channel, weight) in row.iter_mut().enumerate() {
                *weight = kernel[channel % channels * taps + tap];
            }
        }
        let inside = last.inside(0..last.kernel, plan.rows[plan.rows.len() - 1]);
        Ok(Problem { plan, data, offset, kernel, out, last, weights, fold, along, inside })
    }

    /// Computes neighbouring places of the result.
    fn span(&self, span: &Span) {
        let lines = self.lines(span);
        let first = span.index[self.plan.sizes.len()];
        let end = first + span.count;
        let low = self.inside.start.clamp(first, end);
        let high = self.inside.end.clamp(low, end);
        let out = self.out.rows(span).next().unwrap_or(self.out.first);
        let at = |place: usize| out.wrapping_offset((place - first) as isize * self.out.strides[span.index.len() - 1]);
        let mut meets = Vec::new();
        for place in (first..low).chain(high..end) {
            self.edge(&lines, place, &mut meets, at(place));
        }
        if low == high {
            return;
        }
        if self.along == Along::Always {
            let tiles = Pieces::new(high - low, ROWS);
            for tile in 0..tiles.count {
                let place = low + tiles.start(tile);
                self.dots(&lines, place, tiles.len(tile), &mut meets, at(place));
            }
            return;
        }
        self.meet(&lines, low, &mut meets);
        let folds = Pieces::new((high - low) / self.fold, ROWS);
        for tile in 0..folds.count {
            let place = folds.start(tile) * self.fold;
            self.taps(&meets, place, folds.len(tile), self.fold, at(low + place));
        }
        let rest = (high - low) % self.fold;
        if rest > 0 {
            self.taps(&meets, high - low - rest, 1, rest, at(high - rest));
        }
    }

    /// The lines of the kernel that meet the input.
    fn lines(&self, span: &Span) -> SmallVec<[Line; 8]> {
        let axes = &self.plan.sizes[..self.plan.sizes.len() - 1];
        let base = self.offset as isize + span.index[0] as isize * self.plan.batch_stride;
        let mut lines: SmallVec<[Line; 8]> = SmallVec::from_elem((0, base), 1);
        for (axis, &start) in axes.iter().zip(&span.starts) {
            let taps = axis.valid(start);
            let of = |(line, from): Line| {
                taps.clone().map(move |tap| {
                    (line * axis.kernel + tap, from + (start + tap as isize * axis.dilation) * axis.stride)
                })
            };
            lines = lines.into_iter().flat_map(of).collect();
        }
        lines
    }

    /// Where the window of a place begins along the last axis.
    fn start(&self, place: usize) -> isize {
        self.last.first + place as isize * self.last.step
    }

    /// Lists the taps of the window of a place that meet the input: where its weights lie, and the channels that it meets.
    fn meet(&self, lines: &[Line], place: usize, meets: &mut Vec<[usize; 2]>) {
        let (width, start) = (self.fold * self.plan.groups, self.start(place));
        meets.clear();
        for &(line, from) in lines {
            meets.extend(self.last.valid(start).map(|tap| {
                let at = from + (start + tap as isize * self.last.dilation) * self.last.stride;
                [(line * self.last.kernel + tap) * width, at as usize]
            }));
        }
    }

    /// Computes a place whose window may reach over the edge.
    fn edge(&self, lines: &[Line], place: usize, meets: &mut Vec<[usize; 2]>, out: *mut T) {
        if self.along == Along::Never {
            self.meet(lines, place, meets);
            self.taps(meets, 0, 1, 1, out);
        } else {
            self.dots(lines, place, 1, meets, out);
        }
    }

    /// Computes `rows` times `fold` places that lie `place` behind the one that `meets` are for.
    fn taps(&self, meets: &[[usize; 2]], place: usize, rows: usize, fold: usize, out: *mut T) {
        let (place, step) = (place as isize * self.last.step, fold as isize * self.last.step);
        let (data, to) = (self.data.as_ptr(), self.out.strides[self.plan.sizes.len()]);
        let block = Taps {
            meets,
            data: data.wrapping_offset(place * self.last.stride).cast::<T::Real>(),
            weights: self.weights.as_ptr().cast::<T::Real>(),
            width: fold * self.plan.groups,
            step: step * self.last.stride,
            out: out.cast::<T::Real>(),
            out_step: fold as isize * to,
        };
        // SAFETY: the windows of all places lie in the input, whose channels lie next to each other; the places of the
        // result belong to this task; there is a weight for each channel of as many places.
        unsafe { T::Real::convolving().taps[rows - 1](&block) };
    }

    /// Computes `rows` places of a single channel by sums along the lines.
    fn dots(&self, lines: &[Line], place: usize, rows: usize, meets: &mut Vec<[usize; 2]>, out: *mut T) {
        let start = self.start(place);
        let taps = self.last.valid(start);
        meets.clear();
        meets.extend(lines.iter().map(|&(line, from)| {
            [line * self.last.kernel + taps.start, (from + start + taps.start as isize) as usize]
        }));
        let block = Dots {
            meets,
            data: self.data.as_ptr().cast::<T::Real>(),
            weights: self.kernel.as_ptr().cast::<T::Real>(),
            run: taps.len(),
            step: self.last.step,
            out: out.cast::<T::Real>(),
            out_step: self.out.strides[self.plan.sizes.len()],
        };
        // SAFETY: the taps of these lines meet the input at all places, which belong to this task.
        unsafe { T::Real::convolving().dots[rows - 1](&block) };
    }
}
