//! Reading and updating along one axis, with an index for every lane.

use std::ops::Range;
use std::slice::from_ref;

use super::BATCH;
use super::index::Indices;
use super::scatter::{in_single, read_offsets};
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
    let axes = [axis];
    let at = Indices::new(from_ref(indices), &axes, source.shape(), source.strides());
    let mut strides = Strides::from_slice(source.strides());
    strides[axis] = 0;
    let walk = Walk::new(indices.shape(), [&strides]);
    let failure = Failure::default();
    let (from, to) = (Shared(source.ptr()), Shared(out.ptr()));
    pool::parallel_chunks(indices.len(), 4096, 1.5, &|range| {
        let result = with_dtype!(size_class(source.dtype().size()), T => {
            read::<T>(&at, &walk, range, from.get().cast(), to.get().cast())
        });
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

fn read<T: Element>(
    at: &Indices,
    walk: &Walk<1>,
    range: Range<usize>,
    source: *const T,
    out: *mut T,
) -> Result<(), (usize, KernelError)> {
    let mut offsets = [0isize; BATCH];
    let [step] = walk.inner();
    for start in range.clone().step_by(BATCH) {
        let offsets = &mut offsets[..BATCH.min(range.end - start)];
        at.offsets(start, offsets)?;
        let mut done = 0;
        walk.runs(start, offsets.len(), |[base], n| {
            for i in 0..n {
                // SAFETY: the walk with a checked offset stays within the source, and `range` within the output.
                unsafe { *out.add(start + done + i) = *source.offset(base + i as isize * step + offsets[done + i]) };
            }
            done += n;
        });
    }
    Ok(())
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
    let (axes, strides) = ([axis], layout::row_major(source.shape()));
    let offsets = read_offsets(&Indices::new(from_ref(indices), &axes, source.shape(), &strides))?;
    in_single(mode, source, updates, |source, updates| {
        let mut out = Output::new(source.dtype(), source.shape())?;
        crate::copy::copy_into(source, out.bytes_mut());
        if !offsets.is_empty() {
            with_dtype!(source.dtype(), T => update::<T>(mode, &mut out, &offsets, updates, axis));
        }
        Ok(out.finish())
    })
}

fn update<T: Number>(mode: ScatterMode, out: &mut Output, offsets: &[isize], updates: &Tensor, axis: usize) {
    // Once per mode, so that it is not looked up per element.
    match mode {
        ScatterMode::Set => {
            update_lanes::<T>(|to, value| combine(ScatterMode::Set, to, value), out, offsets, updates, axis);
        }
        ScatterMode::Add => {
            update_lanes::<T>(|to, value| combine(ScatterMode::Add, to, value), out, offsets, updates, axis);
        }
        ScatterMode::Prod => {
            update_lanes::<T>(|to, value| combine(ScatterMode::Prod, to, value), out, offsets, updates, axis);
        }
        ScatterMode::Max => {
            update_lanes::<T>(|to, value| combine(ScatterMode::Max, to, value), out, offsets, updates, axis);
        }
        ScatterMode::Min => {
            update_lanes::<T>(|to, value| combine(ScatterMode::Min, to, value), out, offsets, updates, axis);
        }
    }
}

/// Lanes along the axis share no places, so tasks take lanes.
fn update_lanes<T: Number>(
    combine: impl Fn(&mut T, T) + Sync,
    out: &mut Output,
    offsets: &[isize],
    updates: &Tensor,
    axis: usize,
) {
    let mut lanes = Shape::from_slice(updates.shape());
    let m = std::mem::replace(&mut lanes[axis], 1);
    let (in_order, strides) = (layout::row_major(updates.shape()), layout::row_major(out.shape()));
    let walk = Walk::new(&lanes, [&in_order, updates.strides(), &strides]);
    let [offset_lane, update_lane, out_lane] = walk.inner();
    let (offset_step, update_step) = (in_order[axis], updates.strides()[axis]);
    let (from, to) = (Shared(updates.ptr().cast::<T>()), Shared(out.slice_mut::<T>().as_mut_ptr()));
    pool::parallel_chunks(layout::len(&lanes), 1, 2.0 * m as f32, &|range| {
        walk.runs(range.start, range.len(), |[offset_at, update_at, to_lane], n| {
            for lane in 0..n as isize {
                for j in 0..m as isize {
                    let offset = offsets[(offset_at + lane * offset_lane + j * offset_step) as usize];
                    // SAFETY: the walk stays within the updates, a checked offset within the output.
                    unsafe {
                        let update = *from.get().offset(update_at + lane * update_lane + j * update_step);
                        combine(&mut *to.get().offset(to_lane + lane * out_lane + offset), update);
                    }
                }
            }
        });
    });
}
