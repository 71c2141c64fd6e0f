//! Reading and updating along one axis, with an index for every lane.

use super::index::{Index, checked, with_index};
use super::scatter::in_single;
use crate::arith::Number;
use crate::error::{Failure, KernelError};
use crate::layout::{Shape, Strides};
use crate::region::{ScatterMode, combine, size_class};
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{Element, layout, pool, with_dtype};

/// `out[.., i, ..] = source[.., indices[.., i, ..], ..]` with the index at `axis`; the result has the indices' shape.
///
/// Negative indices count from the end. The shapes are equal but for `axis`.
///
/// # Errors
/// An index out of range, or no memory.
///
/// # Panics
/// When the indices are not integers or the shapes don't fit together.
///
/// ```
/// use cotan_kernels::{Tensor, gather::gather_axis};
/// let source = Tensor::from_slice(&[1i32, 2, 3, 4], &[2, 2])?;
/// let indices = Tensor::from_slice(&[1u32, 0], &[2, 1])?;
/// assert_eq!(gather_axis(&source, &indices, 1)?.to_vec::<i32>(), [2, 3]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn gather_axis(source: &Tensor, indices: &Tensor, axis: usize) -> Result<Tensor, KernelError> {
    check_shapes(source.shape(), indices.shape(), axis);
    let mut out = Output::new(source.dtype(), indices.shape())?;
    let mut strides = Strides::from_slice(source.strides());
    let along = Along { axis, size: source.shape()[axis], stride: std::mem::take(&mut strides[axis]) };
    let walk = Walk::new(indices.shape(), [indices.strides(), &strides, &layout::row_major(indices.shape())]);
    let failure = Failure::default();
    let to = Shared(out.ptr());
    pool::parallel_chunks(indices.len(), 4096, 1.5, &|range| {
        let (start, n) = (range.start, range.len());
        let result = with_index!(indices.dtype(), J => with_dtype!(size_class(source.dtype().size()), T => {
            read::<T, J>(&walk, start, n, source.ptr().cast(), indices.ptr().cast(), to.get().cast(), along)
        }));
        if let Err((place, error)) = result {
            failure.set(place, error);
        }
    });
    failure.into_result()?;
    Ok(out.finish())
}

fn check_shapes(source: &[usize], indices: &[usize], axis: usize) {
    let equal = (0..source.len()).all(|i| i == axis || source[i] == indices[i]);
    assert!(source.len() == indices.len() && equal, "shapes {source:?} and {indices:?} along axis {axis}");
}

/// The axis that is indexed.
#[derive(Clone, Copy)]
struct Along {
    axis: usize,
    size: usize,
    stride: isize,
}

impl Along {
    /// The offset of an index.
    #[inline(always)]
    fn offset(self, index: i64) -> Result<isize, KernelError> {
        match checked(index, self.size) {
            Some(place) => Ok(place as isize * self.stride),
            None => Err(KernelError::Index { index, size: self.size, axis: self.axis }),
        }
    }
}

fn read<T: Element, J: Index>(
    walk: &Walk<3>,
    start: usize,
    n: usize,
    source: *const T,
    indices: *const J,
    out: *mut T,
    along: Along,
) -> Result<(), (usize, KernelError)> {
    let [index_step, source_step, out_step] = walk.inner();
    let (mut wrong, mut done) = (Ok(()), start);
    walk.runs(start, n, |[index_at, source_at, out_at], n| {
        for i in 0..n as isize {
            // SAFETY: the walk stays within the indices and the output, and checked offsets within the source.
            unsafe {
                match along.offset((*indices.offset(index_at + i * index_step)).index()) {
                    Ok(offset) => {
                        *out.offset(out_at + i * out_step) = *source.offset(source_at + i * source_step + offset);
                    }
                    Err(error) if wrong.is_ok() => wrong = Err((done + i as usize, error)),
                    Err(_) => {}
                }
            }
        }
        done += n;
    });
    wrong
}

/// A copy of `source` in which `updates[.., i, ..]` is combined with the element at `[.., indices[.., i, ..], ..]`, the
/// index at `axis`.
///
/// Negative indices count from the end. Updates of a lane combine in order, so with `Set` the last one stays. Sums
/// and products of halves accumulate in single precision.
///
/// # Errors
/// An index out of range, or no memory.
///
/// # Panics
/// When the indices are not integers, or shapes or types don't fit together.
pub fn scatter_axis(
    mode: ScatterMode,
    source: &Tensor,
    indices: &Tensor,
    updates: &Tensor,
    axis: usize,
) -> Result<Tensor, KernelError> {
    check_shapes(source.shape(), indices.shape(), axis);
    assert_eq!(source.dtype(), updates.dtype(), "scatter_axis: the types differ");
    assert_eq!(indices.shape(), updates.shape(), "scatter_axis: one update per index");
    in_single(mode, source, updates, |source, updates| {
        let mut out = Output::new(source.dtype(), source.shape())?;
        crate::copy::copy_into(source, out.bytes_mut());
        with_dtype!(source.dtype(), T => {
            with_index!(indices.dtype(), J => update::<T, J>(mode, &mut out, indices, updates, axis))
        })?;
        Ok(out.finish())
    })
}

fn update<T: Number, J: Index>(
    mode: ScatterMode,
    out: &mut Output,
    indices: &Tensor,
    updates: &Tensor,
    axis: usize,
) -> Result<(), KernelError> {
    let strides = layout::row_major(out.shape());
    let along = Along { axis, size: out.shape()[axis], stride: strides[axis] };
    let mut lanes = Shape::from_slice(indices.shape());
    let m = std::mem::replace(&mut lanes[axis], 1);
    let walk = Walk::new(&lanes, [indices.strides(), updates.strides(), &strides]);
    let [index_lane, update_lane, out_lane] = walk.inner();
    let (index_step, update_step) = (indices.strides()[axis], updates.strides()[axis]);
    let (index_at, update_at) = (Shared(indices.ptr().cast::<J>()), Shared(updates.ptr().cast::<T>()));
    let to = Shared(out.slice_mut::<T>().as_mut_ptr());
    let failure = Failure::default();
    if m == 0 {
        return Ok(());
    }
    pool::parallel_chunks(layout::len(&lanes), 1, 2.0 * m as f32, &|range| {
        let mut place = range.start;
        walk.runs(range.start, range.len(), |[index, update, to_lane], n| {
            for lane in 0..n as isize {
                for j in 0..m as isize {
                    // SAFETY: the walk stays within indices and updates, checked offsets within the output, and lanes don't
                    // share places.
                    unsafe {
                        let index = *index_at.get().offset(index + lane * index_lane + j * index_step);
                        match along.offset(index.index()) {
                            Ok(offset) => combine(
                                mode,
                                to.get().offset(to_lane + lane * out_lane + offset),
                                *update_at.get().offset(update + lane * update_lane + j * update_step),
                            ),
                            Err(error) => failure.set(place, error),
                        }
                    }
                }
                place += 1;
            }
        });
    });
    failure.into_result()
}
