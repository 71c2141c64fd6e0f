//! Convolutions in which every input channel has its own kernels: plain sums over the taps.

use std::ops::Range;

use smallvec::SmallVec;

use super::{Number, Plan};
use crate::error::KernelError;
use crate::simd::{Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{layout, pool};

/// Channels summed side by side, in registers.
const WIDE: usize = 64;

pub fn run<T: Number>(plan: &Plan, input: &Tensor, kernel: &Tensor, out: &mut Output) -> Result<(), KernelError> {
    let (data, offset) = input.span::<T>().expect("the type was dispatched on");
    let (taps, width) = (plan.taps(), plan.groups * plan.outputs);
    // One row of all channels for each tap.
    let kernel = kernel.reshape(&[width, taps])?.permute(&[1, 0]).to_row_major()?;
    let kernel = kernel.as_slice::<T>().expect("row-major");
    let to = Shared(out.slice_mut::<T>().as_mut_ptr());
    let rows = layout::len(&plan.rows);
    let line = Line::new(plan);
    pool::parallel_chunks(rows, 1, (taps * width) as f32 / 4.0, &|range| {
        let mut meets: Vec<(usize, usize)> = Vec::new();
        let first = range.start;
        for row in range {
            if row > first && line.continues(row) {
                meets.iter_mut().for_each(|(_, place)| *place = place.wrapping_add_signed(line.step));
            } else {
                meets.clear();
                collect(plan, row, offset, &mut meets);
            }
            // SAFETY: each row of the result is written by one task.
            let out = unsafe { std::slice::from_raw_parts_mut(to.get().add(row * width), width) };
            dispatch(Row { meets: &meets, data, kernel, out, multiplier: plan.outputs });
        }
    });
    Ok(())
}

/// The places along the last spatial axis. Windows inside of the input meet it alike, each a step further than the one before.
struct Line {
    length: usize,
    inside: Range<usize>,
    /// Distance of their places in memory.
    step: isize,
}

impl Line {
    fn new(plan: &Plan) -> Line {
        let length = plan.rows[plan.rows.len() - 1];
        let Some(axis) = plan.sizes.last() else { return Line { length, inside: 0..0, step: 0 } };
        let whole = |place: &usize| axis.valid(axis.first + *place as isize * axis.step) == (0..axis.kernel);
        let start = (0..length).find(whole).unwrap_or(length);
        let end = start + (start..length).take_while(whole).count();
        Line { length, inside: start..end, step: axis.step * axis.stride }
    }

    /// Whether the window of a row and that of the row before it lie inside of the input along this axis, in the same line.
    fn continues(&self, row: usize) -> bool {
        let place = row % self.length;
        place > self.inside.start && self.inside.contains(&place)
    }
}

/// The taps of a row's window that meet the input, each with the place of the input it meets.
fn collect(plan: &Plan, row: usize, offset: usize, meets: &mut Vec<(usize, usize)>) {
    let (example, starts) = plan.window(row);
    let base = offset as isize + example as isize * plan.batch_stride;
    let ranges: SmallVec<[_; 4]> = plan.sizes.iter().zip(&starts).map(|(axis, &start)| axis.valid(start)).collect();
    if ranges.iter().any(Range::is_empty) {
        return;
    }
    let mut at: SmallVec<[usize; 4]> = ranges.iter().map(|range| range.start).collect();
    loop {
        let (mut tap, mut place) = (0, base);
        for ((axis, &k), &start) in plan.sizes.iter().zip(&at).zip(&starts) {
            tap = tap * axis.kernel + k;
            place += (start + k as isize * axis.dilation) * axis.stride;
        }
        meets.push((tap, place as usize));
        let Some(axis) = (0..at.len()).rev().find(|&axis| at[axis] + 1 < ranges[axis].end) else { return };
        at[axis] += 1;
        for (at, range) in at[axis + 1..].iter_mut().zip(&ranges[axis + 1..]) {
            *at = range.start;
        }
    }
}

/// The channels of one place of the result.
struct Row<'a, T> {
    meets: &'a [(usize, usize)],
    data: &'a [T],
    kernel: &'a [T],
    out: &'a mut [T],
    /// Outputs of each input channel.
    multiplier: usize,
}

impl<T: Number> Kernel for Row<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Row { meets, data, kernel, out, multiplier } = self;
        let width = out.len();
        if multiplier > 1 {
            out.fill(T::default());
            for &(tap, place) in meets {
                let inputs = &data[place..place + width / multiplier];
                let weights = &kernel[tap * width..][..width];
                let pairs = out.chunks_exact_mut(multiplier).zip(weights.chunks_exact(multiplier)).zip(inputs);
                for ((out, weights), &x) in pairs {
                    out.iter_mut().zip(weights).for_each(|(out, &w)| *out = *out + x * w);
                }
            }
            return;
        }
        let (blocks, tail) = out.as_chunks_mut::<WIDE>();
        for (i, out) in blocks.iter_mut().enumerate() {
            let mut sums = [T::default(); WIDE];
            for &(tap, place) in meets {
                let inputs: &[T; WIDE] = data[place + i * WIDE..].first_chunk().expect("the channels of a place");
                let weights: &[T; WIDE] = kernel[tap * width + i * WIDE..].first_chunk().expect("a row of the kernel");
                for ((sum, &x), &w) in sums.iter_mut().zip(inputs).zip(weights) {
                    *sum = *sum + x * w;
                }
            }
            *out = sums;
        }
        let done = width - tail.len();
        tail.fill(T::default());
        for &(tap, place) in meets {
            let (inputs, weights) = (&data[place + done..place + width], &kernel[tap * width + done..][..tail.len()]);
            tail.iter_mut().zip(inputs).zip(weights).for_each(|((out, &x), &w)| *out = *out + x * w);
        }
    }
}
