//! Counting and finding elements that are not zero.

use smallvec::SmallVec;

use crate::arith::Number;
use crate::error::KernelError;
use crate::simd::{Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{DType, pool, with_dtype};

/// Elements whose count is taken at a time.
const BLOCK: usize = 16 * 1024;
/// Indices collected at a time.
const PIECE: usize = 1024;

/// How many elements are not zero.
///
/// # Errors
/// When there is no memory.
pub fn count_true(mask: &Tensor) -> Result<usize, KernelError> {
    let mask = mask.to_row_major()?;
    with_dtype!(mask.dtype(), T => Ok(counts::<T>(mask.as_slice().unwrap_or_default()).iter().sum()))
}

/// Where the elements that are not zero lie: one tensor of indices (`u32`) for each axis, in row-major order.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When an axis has more elements than `u32` counts.
///
/// ```
/// use cotan_kernels::{Tensor, sort::nonzero};
/// let mask = Tensor::from_slice(&[0u8, 1, 1, 0], &[2, 2])?;
/// let places: Vec<Vec<u32>> = nonzero(&mask)?.iter().map(|axis| axis.to_vec()).collect();
/// assert_eq!(places, [[0, 1], [1, 0]]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn nonzero(mask: &Tensor) -> Result<Vec<Tensor>, KernelError> {
    let mask = mask.to_row_major()?;
    let shape = mask.shape();
    assert!(shape.iter().all(|&size| u32::try_from(size).is_ok()), "nonzero of shape {shape:?}");
    with_dtype!(mask.dtype(), T => {
        let values = mask.as_slice::<T>().unwrap_or_default();
        let mut starts = counts(values);
        let mut total = 0;
        for start in &mut starts {
            total += std::mem::replace(start, total);
        }
        let mut outs = shape.iter().map(|_| Output::new(DType::U32, &[total])).collect::<Result<Vec<_>, _>>()?;
        let to: Vec<Shared<u32>> = outs.iter_mut().map(|out| Shared(out.slice_mut().as_mut_ptr())).collect();
        pool::parallel_for(starts.len(), 2 * values.len() as u64, &|block| {
            let end = values.len().min((block + 1) * BLOCK);
            let found = starts.get(block + 1).copied().unwrap_or(total) - starts[block];
            if found > 0 {
                // SAFETY: the counts say how many indices this block writes, and each block has places of its own.
                unsafe { write_indices(&values[..end], block * BLOCK, shape, &to, starts[block]) };
            }
        });
        Ok(outs.into_iter().map(Output::finish).collect())
    })
}

struct Count<'a, T>(&'a [T]);

impl<T: Number> Kernel for Count<'_, T> {
    type Output = usize;
    #[inline(always)]
    fn run<I: Isa>(self) -> usize {
        // Short sums fit into 16 bits, which vectorise better than words.
        self.0.chunks(4096).map(|c| usize::from(c.iter().map(|x| u16::from(x.is_true())).sum::<u16>())).sum()
    }
}

fn counts<T: Number>(values: &[T]) -> Vec<usize> {
    let mut counts = vec![0; values.len().div_ceil(BLOCK)];
    let to = Shared(counts.as_mut_ptr());
    pool::parallel_for(counts.len(), values.len() as u64 / 4, &|block| {
        let values = &values[block * BLOCK..values.len().min((block + 1) * BLOCK)];
        // SAFETY: one count per block.
        unsafe { *to.get().add(block) = dispatch(Count(values)) };
    });
    counts
}

/// Writes the indices of what is true in `values[start..]`, of a row-major tensor of `shape`, from place `at` on.
///
/// # Safety
/// There are as many places.
unsafe fn write_indices<T: Number>(values: &[T], start: usize, shape: &[usize], to: &[Shared<u32>], mut at: usize) {
    let Some((&inner, outer)) = shape.split_last() else { return };
    let mut index: SmallVec<[u32; 6]> = SmallVec::from_elem(0, outer.len());
    let mut found = [0u32; PIECE];
    let mut begin = start;
    while begin < values.len() {
        let (mut row, column) = (begin / inner, begin % inner);
        let end = values.len().min(begin - column + inner).min(begin + PIECE);
        for (axis, &size) in outer.iter().enumerate().rev() {
            index[axis] = (row % size) as u32;
            row /= size;
        }
        let mut count = 0;
        // Every place is noted and overwritten by the next unless it counts: a branch would be mispredicted half of the time.
        for (i, value) in (column as u32..).zip(&values[begin..end]) {
            found[count.min(PIECE - 1)] = i;
            count += usize::from(value.is_true());
        }
        // SAFETY: the caller counted.
        unsafe {
            for (axis, &index) in index.iter().enumerate() {
                std::slice::from_raw_parts_mut(to[axis].get().add(at), count).fill(index);
            }
            std::ptr::copy_nonoverlapping(found.as_ptr(), to[outer.len()].get().add(at), count);
        }
        at += count;
        begin = end;
    }
}
