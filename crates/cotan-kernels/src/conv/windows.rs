//! Convolutions as matrix products whose left factor is never made: rows of it are read where the windows lie.
//!
//! Dukhan, "The indirect convolution algorithm" (2019).

use std::ops::Range;

use super::kernel::{Convolved, Kernels, ROWS, Windows};
use super::{Axis, Number, Place, Plan, Span};
use crate::error::{Failure, KernelError};
use crate::gemm::{Pieces, View, cost_ns};
use crate::lanes::Scratch;
use crate::tensor::Tensor;
use crate::walk::Shared;
use crate::{layout, pool};

/// Reals of a window that are summed before the sum is added to the result: bounds the error, and fits the cache.
const DEPTH: usize = 384;
/// Most rows of a task, and bytes of input that they should not exceed by much.
const BLOCK: usize = 192;
const BYTES: usize = 256 << 10;
/// Channels from which on every place of a window is read on its own. Fewer are read together with their neighbours.
const WIDE: usize = 32;

pub fn run<T: Number>(plan: &Plan, input: &Tensor, kernel: &Tensor, out: &Place<T>) -> Result<(), KernelError> {
    let (data, offset) = input.span::<T>().expect("the type was dispatched on");
    let kernel = kernel.as_slice::<T>().expect("row-major");
    let source = Source::new(plan, data[offset..].as_ptr());
    let right = Right::pack(plan, source.lines * source.run, kernel)?;
    let rows = layout::len(&plan.rows);
    let most = (BYTES / (plan.channels * size_of::<T>())).clamp(8 * ROWS, BLOCK);
    let wanted = 4 * pool::threads();
    let blocks = Pieces::new(rows, most.min(rows.div_ceil(wanted).max(4 * ROWS)));
    let shares = wanted.div_ceil(blocks.count * plan.groups).min(right.panels.count);
    let shares = Pieces { n: right.panels.count, count: shares };
    let failure = Failure::default();
    let work = rows * right.depth * plan.outputs * plan.groups * T::PARTS;
    pool::parallel_for(blocks.count * plan.groups * shares.count, cost_ns::<T::Real>(work), &|task| {
        let (block, rest) = (task % blocks.count, task / blocks.count);
        let (group, share) = (rest % plan.groups, rest / plan.groups);
        let panels = shares.start(share)..shares.start(share) + shares.len(share);
        let spans = plan.spans(blocks.start(block), blocks.len(block));
        let task_windows = Task { source: &source, right: &right, spans, group };
        if let Err(error) = task_windows.run(panels, out) {
            failure.set(task, error);
        }
    });
    failure.into_result()
}

/// The kernels of all groups as right factors, packed for the micro-kernels: panels of a few vectors of outputs.
struct Right<R: 'static> {
    kernels: &'static Kernels<R>,
    packed: Scratch<R>,
    /// Vectors in all panels of a group.
    panels: Pieces,
    /// Reals of a window.
    depth: usize,
    /// Reals of a row of the result in a group.
    width: usize,
}

impl<R: Convolved> Right<R> {
    fn pack<T: Number<Real = R>>(plan: &Plan, depth: usize, kernel: &[T]) -> Result<Right<R>, KernelError> {
        let kernels = R::convolving();
        let width = plan.outputs * T::PARTS;
        let panels = Pieces::new(width.div_ceil(kernels.lanes), kernels.windows.len());
        let mut right = Right {
            kernels,
            packed: Scratch::new(plan.groups * panels.n * kernels.lanes * depth * T::PARTS)?,
            panels,
            depth: depth * T::PARTS,
            width,
        };
        let to = Shared(right.packed.as_mut_ptr());
        let pieces = Pieces::new(depth, DEPTH);
        let tasks = plan.groups * panels.count * pieces.count;
        pool::parallel_for(tasks, (plan.groups * width * right.depth / 2) as u64, &|task| {
            let (piece, rest) = (task % pieces.count, task / pieces.count);
            let (panel, group) = (rest % panels.count, rest / panels.count);
            let (start, first) = (pieces.start(piece), panels.start(panel) * kernels.lanes / T::PARTS);
            let lanes = panels.len(panel) * kernels.lanes;
            let columns = plan.outputs.min(first + lanes / T::PARTS) - first;
            let from = kernel[(group * plan.outputs + first) * depth + start..].as_ptr();
            // SAFETY: `columns` rows of the kernel from `start` on; each task has its own part of the scratch.
            unsafe {
                let to = to.get().add(right.at(group, panel) + start * T::PARTS * lanes);
                T::pack_right(View { ptr: from, row: 1, col: depth as isize }, pieces.len(piece), columns, lanes, to);
            }
        });
        Ok(right)
    }

    /// Where a panel begins.
    fn at(&self, group: usize, panel: usize) -> usize {
        (group * self.panels.n + self.panels.start(panel)) * self.kernels.lanes * self.depth
    }
}

/// The input, and how windows lie in it: some lines, in each of which the elements of a window lie in order.
struct Source<'a, T> {
    plan: &'a Plan,
    data: *const T,
    last: Axis,
    /// Lines of a window and elements of each.
    lines: usize,
    run: usize,
    /// Places of the kernel along the last axis that a line joins.
    joined: usize,
    /// For each place of the kernel along the other axes: how far it is from the first along each.
    outer: Vec<isize>,
    /// For each line with the same place along those axes, windows along the last axis whose part of it is inside.
    inside: Vec<Range<usize>>,
    zeros: Vec<T>,
}

// SAFETY: the data are borrowed for the whole convolution, and only read.
unsafe impl<T: Sync> Sync for Source<'_, T> {}

impl<'a, T: Number> Source<'a, T> {
    fn new(plan: &'a Plan, data: *const T) -> Source<'a, T> {
        let (lines, last) = (&plan.sizes[..plan.sizes.len() - 1], plan.sizes[plan.sizes.len() - 1]);
        let windows = plan.rows[plan.rows.len() - 1];
        let in_order = last.dilation == 1 && last.stride == plan.channels as isize;
        let joins = in_order && (plan.channels < WIDE || last.inside(0..last.kernel, windows) == (0..windows));
        let joined = if joins { last.kernel } else { 1 };
        let inside = (0..last.kernel / joined).map(|tap| last.inside(tap..tap + joined, windows)).collect();
        let sizes: layout::Shape = lines.iter().map(|axis| axis.kernel).collect();
        let mut outer = vec![0; layout::len(&sizes) * lines.len()];
        for (line, places) in outer.chunks_exact_mut(lines.len().max(1)).enumerate() {
            let mut rest = line;
            for (i, axis) in lines.iter().enumerate().rev() {
                places[i] = (rest % axis.kernel) as isize * axis.dilation;
                rest /= axis.kernel;
            }
        }
        let (lines, run) = (plan.taps() / joined, joined * plan.channels);
        let zeros = vec![T::default(); run.min(DEPTH)];
        Source { plan, data, last, lines, run, joined, outer, inside, zeros }
    }

    /// Where the first element of a line along the last spatial axis lies, unless outside of the input.
    fn line(&self, line: usize, span: &Span) -> Option<*const T> {
        let axes = self.plan.sizes.len() - 1;
        let places = &self.outer[line / self.inside.len() * axes..][..axes];
        let mut offset = span.index[0] as isize * self.plan.batch_stride;
        for ((axis, &place), &start) in self.plan.sizes.iter().zip(places).zip(&span.starts) {
            let at = start + place;
            if at < 0 || at >= axis.input as isize {
                return None;
            }
            offset += at * axis.stride;
        }
        Some(self.data.wrapping_offset(offset))
    }

    /// Lines and elements of them that are summed at a time.
    fn parts(&self) -> impl Iterator<Item = Part> {
        let depth = DEPTH / T::PARTS;
        let runs = Pieces::new(self.run, depth);
        let lines = Pieces::new(self.lines, depth / runs.len(0));
        (0..lines.count).flat_map(move |i| {
            (0..runs.count).map(move |j| Part {
                lines: lines.start(i)..lines.start(i) + lines.len(i),
                run: runs.start(j)..runs.start(j) + runs.len(j),
            })
        })
    }
}

/// Some lines of windows, and some elements of those.
struct Part {
    lines: Range<usize>,
    run: Range<usize>,
}

/// Some windows in one group of channels.
struct Task<'a, T: Number> {
    source: &'a Source<'a, T>,
    right: &'a Right<T::Real>,
    spans: Vec<Span>,
    group: usize,
}

impl<T: Number> Task<'_, T> {
    fn run(&self, panels: Range<usize>, out: &Place<T>) -> Result<(), KernelError> {
        let Task { source, right, ref spans, group } = *self;
        let rows = spans.iter().map(|span| span.count).sum();
        let tiles = Pieces::new(rows, ROWS);
        let outs: Vec<*mut T::Real> = spans.iter().flat_map(|span| out.rows(span)).map(<*mut T>::cast).collect();
        let most = source.parts().map(|part| part.lines.len() * part.run.len()).max().unwrap_or(0);
        let mut edges = Scratch::<T>::new(if source.joined > 1 { rows * most } else { 0 })?;
        let mut left = Vec::new();
        for part in source.parts() {
            self.aim(&part, rows, &mut left, &mut edges);
            let from = (part.lines.start * source.run + part.run.start) * T::PARTS;
            for panel in panels.clone() {
                let vectors = right.panels.len(panel);
                let (first, lanes) = (right.panels.start(panel) * right.kernels.lanes, vectors * right.kernels.lanes);
                let last = right.width.min(first + lanes) - first - (vectors - 1) * right.kernels.lanes;
                for tile in 0..tiles.count {
                    let block = Windows {
                        left: left[tiles.start(tile)..].as_ptr(),
                        apart: rows,
                        lines: part.lines.len(),
                        run: part.run.len() * T::PARTS,
                        right: right.packed[right.at(group, panel) + from * lanes..].as_ptr(),
                        out: outs[tiles.start(tile)..].as_ptr(),
                        col: group * right.width + first,
                        last,
                        add: from > 0,
                    };
                    // SAFETY: `aim` has set a pointer for each row and line, from which the run can be read; each task
                    // writes its own rows and columns of the result; the kernel is for these vectors and rows.
                    unsafe { right.kernels.windows[vectors - 1][tiles.len(tile) - 1](&block) };
                }
            }
        }
        Ok(())
    }

    /// Sets where each row begins in each line of a part. Parts of windows outside of the input are read from zeros, or
    /// those that reach over its edge from copies.
    fn aim(&self, part: &Part, rows: usize, left: &mut Vec<*const T::Real>, mut edges: &mut [T]) {
        let (source, last) = (self.source, self.source.last);
        left.clear();
        for line in part.lines.clone() {
            let tap = line % source.inside.len();
            let (inside, reach) = (&source.inside[tap], tap as isize * last.dilation + last.first);
            for span in &self.spans {
                let zeros = source.zeros.as_ptr().cast::<T::Real>();
                let Some(from) = source.line(line, span) else {
                    left.extend(std::iter::repeat_n(zeros, span.count));
                    continue;
                };
                let from = from.wrapping_add(self.group * source.plan.channels);
                let first = span.index[source.plan.sizes.len()];
                let places = first..first + span.count;
                let inner = inside.start.clamp(places.start, places.end)..inside.end.clamp(places.start, places.end);
                let inner = inner.start..inner.end.max(inner.start);
                let mut edge = |place: usize| {
                    if source.joined == 1 {
                        return zeros;
                    }
                    let (copy, rest) = std::mem::take(&mut edges).split_at_mut(part.run.len());
                    edges = rest;
                    source.copy(from, reach + place as isize * last.step, &part.run, copy);
                    copy.as_ptr().cast::<T::Real>()
                };
                left.extend((places.start..inner.start).map(&mut edge));
                let first = (reach + inner.start as isize * last.step) * last.stride + part.run.start as isize;
                let (mut at, step) = (from.wrapping_offset(first), last.step * last.stride);
                left.extend(inner.clone().map(|_| {
                    let here = at.cast::<T::Real>();
                    at = at.wrapping_offset(step);
                    here
                }));
                left.extend((inner.end..places.end).map(edge));
            }
        }
        debug_assert_eq!(left.len(), rows * part.lines.len());
    }
}

impl<T: Number> Source<'_, T> {
    /// Copies a part of a joined line that begins at `start`, with zeros outside of the input.
    fn copy(&self, from: *const T, start: isize, run: &Range<usize>, to: &mut [T]) {
        let channels = self.plan.channels;
        let valid = self.last.valid(start);
        let low = (valid.start * channels).clamp(run.start, run.end);
        let high = (valid.end * channels).clamp(low, run.end);
        to[..low - run.start].fill(T::default());
        to[high - run.start..].fill(T::default());
        // SAFETY: these elements of the line lie in the input, next to each other.
        let from = unsafe {
            std::slice::from_raw_parts(from.wrapping_offset(start * channels as isize).wrapping_add(low), high - low)
        };
        to[low - run.start..high - run.start].copy_from_slice(from);
    }
}
