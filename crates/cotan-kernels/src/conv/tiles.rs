//! Convolutions as matrix products: windows are gathered into the rows of small matrices, which bounds the memory.
//!
//! Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing" (2006).

use std::ops::Range;

use super::{Axis, Number, Plan};
use crate::error::{Failure, KernelError};
use crate::gemm::{GemmError, MatRef, Size, matmul};
use crate::lanes::Scratch;
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{layout, pool};

/// Bytes of gathered windows at a time.
const TILE: usize = 4 << 20;
/// Elements of a window that are gathered at a time.
const DEPTH: usize = 4096;
/// Fewest windows at a time, so that a product is worth reading the kernel for.
const FEWEST: usize = 32;

pub fn run<T: Number>(plan: &Plan, input: &Tensor, kernel: &Tensor, out: &mut Output) -> Result<(), KernelError> {
    let (data, offset) = input.span::<T>().expect("the type was dispatched on");
    let kernel = kernel.as_slice::<T>().expect("row-major");
    if let Some(matrix) = pointwise::<T>(plan, input)? {
        let (rows, channels) = (matrix.shape()[0], plan.channels);
        let (data, offset) = matrix.span::<T>().expect("the same type");
        let left = MatRef { data, offset, row_stride: matrix.strides()[0], col_stride: matrix.strides()[1] };
        let right = MatRef { data: kernel, offset: 0, row_stride: 1, col_stride: channels as isize };
        let size = Size { m: rows, n: plan.outputs, k: channels };
        return matmul(size, left, right, out.slice_mut(), 1.0, 0.0).map_err(|error| out_of_memory(&error));
    }
    let tiles = Tiles::new(plan, data, offset, kernel);
    let tasks = tiles.blocks * plan.groups;
    let width = plan.groups * plan.outputs;
    let to = Shared(out.slice_mut::<T>().as_mut_ptr());
    let failure = Failure::default();
    let task = |task: usize| {
        if let Err(error) = tiles.task(task % tiles.blocks, task / tiles.blocks, to, width) {
            failure.set(task, error);
        }
    };
    if tasks < 2 * pool::threads() {
        // Gathering and multiplying each use all threads.
        (0..tasks).for_each(task);
    } else {
        let work = [layout::len(&plan.rows), plan.taps(), plan.channels, width].into_iter();
        let work = work.fold(1u64, |product, size| product.saturating_mul(size as u64));
        pool::parallel_for(tasks, work / 16, &task);
    }
    failure.into_result()
}

/// The input as a matrix with a row for each place, when windows are single places in order.
fn pointwise<T: Number>(plan: &Plan, input: &Tensor) -> Result<Option<Tensor>, KernelError> {
    let single = |(axis, &size): (&Axis, &usize)| {
        axis.kernel == 1 && axis.first == 0 && axis.input == size && (axis.step == 1 || size == 1)
    };
    if plan.groups > 1 || !plan.sizes.iter().zip(&plan.rows[1..]).all(single) {
        return Ok(None);
    }
    Ok(Some(input.reshape(&[layout::len(&plan.rows), plan.channels])?))
}

fn out_of_memory(error: &GemmError) -> KernelError {
    match error {
        GemmError::Alloc(error) => (*error).into(),
        GemmError::Bounds { .. } | GemmError::Output { .. } | GemmError::Batch { .. } => {
            unreachable!("convolution: {error}")
        }
    }
}

/// The rows of the result cut into blocks, and the windows of a block into pieces of whole taps.
struct Tiles<'a, T> {
    plan: &'a Plan,
    data: &'a [T],
    offset: usize,
    kernel: &'a [T],
    rows: usize,
    taps: usize,
    block: usize,
    blocks: usize,
    piece: usize,
    /// For each place of the kernel along all spatial axes but the last: how far it is from the first along each axis.
    outer: Vec<isize>,
}

impl<'a, T: Number> Tiles<'a, T> {
    fn new(plan: &'a Plan, data: &'a [T], offset: usize, kernel: &'a [T]) -> Tiles<'a, T> {
        let (rows, taps) = (layout::len(&plan.rows), plan.taps());
        let piece = (DEPTH / plan.channels).clamp(1, taps);
        let block = (TILE / (piece * plan.channels * size_of::<T>())).max(FEWEST).min(rows);
        let (lines, _) = plan.sizes.split_at(plan.sizes.len() - 1);
        let sizes: layout::Shape = lines.iter().map(|axis| axis.kernel).collect();
        let mut outer = vec![0; layout::len(&sizes) * lines.len()];
        for (line, places) in outer.chunks_exact_mut(lines.len().max(1)).enumerate() {
            let mut rest = line;
            for (i, axis) in lines.iter().enumerate().rev() {
                places[i] = (rest % axis.kernel) as isize * axis.dilation;
                rest /= axis.kernel;
            }
        }
        let blocks = rows.div_ceil(block);
        Tiles { plan, data, offset, kernel, rows, taps, block, blocks, piece, outer }
    }

    /// One block of rows of one group of the result.
    fn task(&self, block: usize, group: usize, to: Shared<T>, width: usize) -> Result<(), KernelError> {
        let (channels, n) = (self.plan.channels, self.plan.outputs);
        let first = block * self.block;
        let m = self.block.min(self.rows - first);
        let mut windows = Scratch::<T>::new(m * self.piece.min(self.taps) * channels)?;
        let mut sums = Scratch::<T>::new(if width == n { 0 } else { m * n })?;
        let sums = if width == n {
            // SAFETY: `m` rows of the result from `first` on, which belong to this task.
            unsafe { std::slice::from_raw_parts_mut(to.get().add(first * n), m * n) }
        } else {
            &mut sums[..]
        };
        for start in (0..self.taps).step_by(self.piece) {
            let taps = start..self.taps.min(start + self.piece);
            let k = taps.len() * channels;
            self.gather(first, group, taps, &mut windows[..m * k]);
            let left = MatRef { data: &windows[..m * k], offset: 0, row_stride: k as isize, col_stride: 1 };
            let whole = self.taps * channels;
            let offset = group * n * whole + start * channels;
            let right = MatRef { data: self.kernel, offset, row_stride: 1, col_stride: whole as isize };
            let beta = if start == 0 { 0.0 } else { 1.0 };
            matmul(Size { m, n, k }, left, right, sums, 1.0, beta).map_err(|error| out_of_memory(&error))?;
        }
        if width != n {
            for (row, sums) in sums.chunks_exact(n).enumerate() {
                // SAFETY: the columns of this group in a row of the result, which belong to this task.
                let out = unsafe { std::slice::from_raw_parts_mut(to.get().add((first + row) * width + group * n), n) };
                out.copy_from_slice(sums);
            }
        }
        Ok(())
    }

    /// Writes some taps of the windows of rows from `first` on, a row each.
    fn gather(&self, first: usize, group: usize, taps: Range<usize>, to: &mut [T]) {
        let k = taps.len() * self.plan.channels;
        let rows = to.len() / k;
        let to = Shared(to.as_mut_ptr());
        pool::parallel_chunks(rows, 1, k as f32 / 4.0, &|range| {
            for row in range {
                // SAFETY: `row` is below the number of rows of length `k`, and each is written by one task.
                let to = unsafe { std::slice::from_raw_parts_mut(to.get().add(row * k), k) };
                self.gather_row(first + row, group, taps.clone(), to);
            }
        });
    }

    fn gather_row(&self, row: usize, group: usize, taps: Range<usize>, to: &mut [T]) {
        let channels = self.plan.channels;
        let (example, starts) = self.plan.window(row);
        let base = self.offset as isize + example as isize * self.plan.batch_stride + (group * channels) as isize;
        let last = self.plan.sizes[starts.len() - 1];
        let start = starts[starts.len() - 1];
        let valid = last.valid(start);
        let (mut tap, mut rest) = (taps.start, to);
        while tap < taps.end {
            let line = tap / last.kernel;
            let columns = tap % last.kernel..last.kernel.min(taps.end - line * last.kernel);
            let (piece, next) = rest.split_at_mut(columns.len() * channels);
            match self.line(line, &starts) {
                Some(offset) => {
                    let low = valid.start.clamp(columns.start, columns.end);
                    let high = valid.end.clamp(low, columns.end);
                    let (before, middle) = piece.split_at_mut((low - columns.start) * channels);
                    let (middle, after) = middle.split_at_mut((high - low) * channels);
                    before.fill(T::default());
                    after.fill(T::default());
                    if low < high {
                        let place = start + low as isize * last.dilation;
                        self.copy(base + offset + place * last.stride, last.dilation * last.stride, middle);
                    }
                }
                None => piece.fill(T::default()),
            }
            (tap, rest) = (tap + columns.len(), next);
        }
    }

    /// Where a line of the kernel along the last spatial axis lies in the input, unless outside.
    fn line(&self, line: usize, starts: &[isize]) -> Option<isize> {
        let axes = starts.len() - 1;
        let places = &self.outer[line * axes..][..axes];
        let mut offset = 0;
        for ((axis, &place), &start) in self.plan.sizes.iter().zip(places).zip(starts) {
            let at = start + place;
            if at < 0 || at >= axis.input as isize {
                return None;
            }
            offset += at * axis.stride;
        }
        Some(offset)
    }

    /// Copies the channels of places that lie `step` apart from `from` on.
    #[inline]
    fn copy(&self, from: isize, step: isize, to: &mut [T]) {
        let channels = self.plan.channels;
        if step == channels as isize || to.len() == channels {
            to.copy_from_slice(&self.data[from as usize..][..to.len()]);
            return;
        }
        for (i, to) in to.chunks_exact_mut(channels).enumerate() {
            let from = (from + i as isize * step) as usize;
            let from = &self.data[from..from + channels];
            if channels < 16 {
                // Shorter than the call that copies.
                to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
            } else {
                to.copy_from_slice(from);
            }
        }
    }
}
