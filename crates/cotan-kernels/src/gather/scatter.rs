//! Updates at places that index tensors name.

use std::ops::Range;

use super::index::Indices;
use super::{BATCH, bins, check_blocks};
use crate::arith::Number;
use crate::cast::cast_tile;
use crate::error::{Failure, KernelError};
use crate::fused::{Operand, Program};
use crate::lanes::Scratch;
use crate::region::{ScatterMode, combine};
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{DType, layout, pool, with_dtype};

/// Bytes of a result that stays in the second-level cache, so that threads need not split it, for which each would have to
/// look at all indices.
const NEAR: usize = 1 << 20;
/// Shortest part of a block that a task takes.
const PART: usize = 64;

/// A copy of `source` in which `updates` (of the shape of the indices followed by the block's shape) are combined with the
/// blocks that begin at the indices along `axes` and at zero elsewhere.
///
/// Negative indices count from the end. Updates combine in row-major order, so with `Set` the last one to a place
/// stays. Sums and products of halves accumulate in single precision.
///
/// # Errors
/// An index out of range, or no memory.
///
/// # Panics
/// When the index tensors are not integers of one shape, or shapes or types don't fit together.
pub fn scatter(
    mode: ScatterMode,
    source: &Tensor,
    indices: &[Tensor],
    updates: &Tensor,
    axes: &[usize],
) -> Result<Tensor, KernelError> {
    assert_eq!(source.dtype(), updates.dtype(), "scatter: the types differ");
    in_single(mode, source, updates, |source, updates| scatter_plain(mode, source, indices, updates, axes))
}

/// Runs sums and products of halves in single precision.
pub(super) fn in_single(
    mode: ScatterMode,
    source: &Tensor,
    updates: &Tensor,
    run: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor, KernelError>,
) -> Result<Tensor, KernelError> {
    let dtype = source.dtype();
    let halves = matches!(dtype, DType::F16 | DType::Bf16);
    if !halves || !matches!(mode, ScatterMode::Add | ScatterMode::Prod) {
        return run(source, updates);
    }
    convert(&run(&convert(source, DType::F32)?, &convert(updates, DType::F32)?)?, dtype)
}

fn convert(tensor: &Tensor, dtype: DType) -> Result<Tensor, KernelError> {
    let mut program = Program::new();
    let value = program.input(tensor.dtype());
    let value = program.apply(cast_tile(tensor.dtype(), dtype), &[value]);
    program.output(value);
    let mut out = [Output::new(dtype, tensor.shape())?];
    program.run(tensor.shape(), &[Operand::Tensor(tensor.clone())], &mut out)?;
    let [out] = out;
    Ok(out.finish())
}

fn scatter_plain(
    mode: ScatterMode,
    source: &Tensor,
    indices: &[Tensor],
    updates: &Tensor,
    axes: &[usize],
) -> Result<Tensor, KernelError> {
    let strides = layout::row_major(source.shape());
    let at = Indices::new(indices, axes, source.shape(), &strides);
    let (lead, slice_sizes) = updates.shape().split_at(at.shape().len());
    assert_eq!(lead, at.shape(), "scatter: updates of shape {:?} for indices of {:?}", updates.shape(), at.shape());
    check_blocks(source.shape(), axes, slice_sizes);
    let block_len = layout::len(slice_sizes);
    if block_len == 1 && stays_near(source, updates.len()) {
        let (updates, mut out) = (updates.to_row_major()?, copied(source)?);
        with_dtype!(source.dtype(), T => {
            let updates = updates.as_slice::<T>().expect("just made row-major");
            bins::update(mode, out.slice_mut::<T>(), &at, updates)
        })?;
        return Ok(out.finish());
    }
    let offsets = read_offsets(&at)?;
    let (updates, mut out) = (updates.to_row_major()?, copied(source)?);
    let block = Walk::new(slice_sizes, [&strides]);
    if block_len == 0 || offsets.is_empty() {
        return Ok(out.finish());
    }
    with_dtype!(source.dtype(), T => {
        let to = Shared(out.slice_mut::<T>().as_mut_ptr());
        let updates = updates.as_slice::<T>().expect("just made row-major");
        let job = Scatter { mode, offsets: &offsets, updates, block, block_len, to };
        job.run(layout::len(source.shape()));
    });
    Ok(out.finish())
}

/// Whether single updates go to a small tensor, or are too few for threads.
fn stays_near(source: &Tensor, updates: usize) -> bool {
    source.len() * source.dtype().size() <= NEAR || updates < 32 * 1024 || pool::threads() == 1
}

/// What the updates combine with.
fn copied(source: &Tensor) -> Result<Output, KernelError> {
    let mut out = Output::new(source.dtype(), source.shape())?;
    crate::copy::copy_into(source, out.bytes_mut());
    Ok(out)
}

/// All offsets, before anything is written.
pub(super) fn read_offsets(at: &Indices) -> Result<Scratch<isize>, KernelError> {
    let count = layout::len(at.shape());
    let mut offsets = Scratch::<isize>::new(count)?;
    let to = Shared(offsets.as_mut_ptr());
    let failure = Failure::default();
    pool::parallel_chunks(count, BATCH, 2.0, &|range| {
        // SAFETY: each task fills its own range.
        let out = unsafe { std::slice::from_raw_parts_mut(to.get().add(range.start), range.len()) };
        if let Err((place, error)) = at.offsets(range.start, out) {
            failure.set(place, error);
        }
    });
    failure.into_result()?;
    Ok(offsets)
}

struct Scatter<'a, T> {
    mode: ScatterMode,
    offsets: &'a [isize],
    updates: &'a [T],
    block: Walk<1>,
    block_len: usize,
    to: Shared<T>,
}

impl<T: Number> Scatter<'_, T> {
    /// Every task walks all indices in order and applies what falls into its own part of the output: a part of each block
    /// where blocks are long, else the blocks that begin in one range. So the outcome is that of one thread.
    fn run(&self, len: usize) {
        let cost = (self.updates.len() as f32 * 1.5) as u64 + 2 * self.offsets.len() as u64;
        let threads = pool::threads();
        let all = 0..len as isize;
        if self.block_len >= 2 * PART {
            let parts = (self.block_len / PART).min(2 * threads);
            let cut = |i: usize| i * self.block_len / parts;
            pool::parallel_for(parts, cost, &|i| self.part(cut(i)..cut(i + 1), all.clone()));
        } else if cost < 100_000 || threads == 1 {
            self.part(0..self.block_len, all);
        } else {
            let cut = |i: usize| (i as u128 * len as u128 / threads as u128) as isize;
            pool::parallel_for(threads, cost, &|i| self.part(0..self.block_len, cut(i)..cut(i + 1)));
        }
    }

    fn part(&self, within: Range<usize>, begin: Range<isize>) {
        match self.mode {
            ScatterMode::Set => self.walk(within, begin, ScatterMode::Set),
            ScatterMode::Add => self.walk(within, begin, ScatterMode::Add),
            ScatterMode::Prod => self.walk(within, begin, ScatterMode::Prod),
            ScatterMode::Max => self.walk(within, begin, ScatterMode::Max),
            ScatterMode::Min => self.walk(within, begin, ScatterMode::Min),
        }
    }

    /// Inlined once per mode, so that the mode is not looked up per element.
    #[inline(always)]
    fn walk(&self, within: Range<usize>, begin: Range<isize>, mode: ScatterMode) {
        let step = self.block.inner()[0];
        for (&offset, updates) in self.offsets.iter().zip(self.updates.chunks_exact(self.block_len)) {
            if !begin.contains(&offset) {
                continue;
            }
            if self.block_len == 1 {
                // SAFETY: the offset was checked, and no other task writes blocks of this range.
                unsafe { combine(mode, &mut *self.to.get().offset(offset), updates[0]) };
                continue;
            }
            let updates = &updates[within.clone()];
            if self.block.shape.len() == 1 && step == 1 {
                // SAFETY: as below; updates are another tensor's memory.
                let to = unsafe {
                    std::slice::from_raw_parts_mut(self.to.get().offset(offset).add(within.start), within.len())
                };
                for (to, &update) in to.iter_mut().zip(updates) {
                    combine(mode, to, update);
                }
                continue;
            }
            let mut updates = updates.iter();
            self.block.runs(within.start, within.len(), |[start], n| {
                for (i, &update) in (0..n as isize).zip(&mut updates) {
                    // SAFETY: the offset was checked, blocks fit (`check_blocks`), and these places are this task's own.
                    unsafe { combine(mode, &mut *self.to.get().offset(offset + start + i * step), update) };
                }
            });
        }
    }
}
