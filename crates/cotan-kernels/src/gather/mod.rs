//! Reading and updating places that index tensors name.

mod axis;
mod bins;
mod index;
mod scatter;

pub use crate::region::ScatterMode;
pub use axis::{gather_axis, scatter_axis};
pub use scatter::scatter;

use std::ops::Range;

use crate::copy::copy_run;
use crate::error::{Failure, KernelError};
use crate::layout::Shape;
use crate::region::size_class;
use crate::simd::prefetch;
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{layout, pool, with_dtype};
use index::Indices;

/// Indices read at a time.
const BATCH: usize = 256;
/// How many blocks ahead memory is asked for.
const AHEAD: usize = 6;

/// For every place of the index tensors a block of `slice_sizes` elements that begins at the indices along `axes` and at
/// zero elsewhere; the result has the shape of the indices followed by `slice_sizes`.
///
/// Negative indices count from the end. `slice_sizes` is one along `axes`.
///
/// # Errors
/// An index out of range, or no memory.
///
/// # Panics
/// When the index tensors are not integers of one shape, or a block does not fit into the source.
///
/// ```
/// use cotan_kernels::{Tensor, gather::gather};
/// let table = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], &[3, 2])?;
/// let rows = Tensor::from_slice(&[2i32, -3], &[2])?;
/// let picked = gather(&table, &[rows], &[0], &[1, 2])?;
/// assert_eq!((picked.shape(), picked.to_vec::<f32>()), ([2, 1, 2].as_slice(), vec![5.0, 6.0, 1.0, 2.0]));
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn gather(
    source: &Tensor,
    indices: &[Tensor],
    axes: &[usize],
    slice_sizes: &[usize],
) -> Result<Tensor, KernelError> {
    check_blocks(source.shape(), axes, slice_sizes);
    let at = Indices::new(indices, axes, source.shape(), source.strides());
    let shape: Shape = at.shape().iter().chain(slice_sizes).copied().collect();
    let mut out = Output::new(source.dtype(), &shape)?;
    let count = layout::len(at.shape());
    let block = Walk::new(slice_sizes, [source.strides()]);
    let block_len = layout::len(slice_sizes);
    let size = source.dtype().size();
    let job = Gather { from: Shared(source.ptr()), to: Shared(out.ptr()), at, block, block_len, size };
    let failure = Failure::default();
    // Blocks of nothing are still looked up, so that wrong indices are errors.
    let per_index = block_len.max(1);
    let cost = 0.05 * size as f32 + 3.0 / per_index as f32;
    pool::parallel_chunks(count * per_index, 4096, cost, &|range| {
        if let Err((place, error)) = job.run(range) {
            failure.set(place, error);
        }
    });
    failure.into_result()?;
    Ok(out.finish())
}

fn check_blocks(shape: &[usize], axes: &[usize], slice_sizes: &[usize]) {
    assert_eq!(shape.len(), slice_sizes.len(), "one slice size per axis");
    for (axis, (&size, &slice)) in shape.iter().zip(slice_sizes).enumerate() {
        let fits = if axes.contains(&axis) { slice == 1 } else { slice <= size };
        assert!(fits, "a slice of {slice} along axis {axis} of size {size}");
    }
}

struct Gather<'a> {
    from: Shared<u8>,
    to: Shared<u8>,
    at: Indices<'a>,
    block: Walk<1>,
    block_len: usize,
    size: usize,
}

impl Gather<'_> {
    /// Fills elements `range` of the output (or only checks indices, where blocks are empty).
    fn run(&self, range: Range<usize>) -> Result<(), (usize, KernelError)> {
        let per_index = self.block_len.max(1);
        let mut offsets = [0isize; BATCH];
        let (first, end) = (range.start / per_index, range.end.div_ceil(per_index));
        for start in (first..end).step_by(BATCH) {
            let offsets = &mut offsets[..BATCH.min(end - start)];
            self.at.offsets(start, offsets)?;
            // SAFETY: the offsets were checked, blocks fit from there (`check_blocks`), and `range` is this task's own.
            unsafe {
                if self.block_len == 1 {
                    self.elements(start, offsets);
                } else if self.block_len > 1 {
                    self.blocks(start, offsets, &range);
                }
            }
        }
        Ok(())
    }

    /// # Safety
    /// All offsets lie in the source, and the output has these places.
    unsafe fn elements(&self, start: usize, offsets: &[isize]) {
        with_dtype!(size_class(self.size), T => {
            let (from, to) = (self.from.get().cast::<T>(), self.to.get().cast::<T>());
            for (i, &offset) in offsets.iter().enumerate() {
                // SAFETY: promised by the caller.
                unsafe { *to.add(start + i) = *from.offset(offset) };
            }
        });
    }

    /// # Safety
    /// Blocks at all offsets lie in the source, and the output has the elements of `range`.
    unsafe fn blocks(&self, start: usize, offsets: &[isize], range: &Range<usize>) {
        let step = self.block.inner()[0];
        let bytes = self.block_len * self.size;
        let source = |offset: isize| self.from.get().wrapping_offset(offset * self.size as isize);
        for (i, &offset) in offsets.iter().enumerate() {
            if let Some(&next) = offsets.get(i + AHEAD) {
                prefetch(source(next), bytes.min(256));
            }
            let block = (start + i) * self.block_len;
            let (low, high) = (range.start.max(block) - block, range.end.min(block + self.block_len) - block);
            let mut to = self.to.get().wrapping_add((block + low) * self.size);
            self.block.runs(low, high - low, |[within], n| {
                // SAFETY: promised by the caller.
                unsafe { copy_run(source(offset + within), step, to, n, self.size) };
                to = to.wrapping_add(n * self.size);
            });
        }
    }
}
