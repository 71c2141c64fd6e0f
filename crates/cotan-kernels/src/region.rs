//! Writes a tensor into a strided region of another, over or into what is there.

use crate::arith::{Arith, Number};
use crate::copy::copy_run;
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{DType, layout, pool, with_dtype};

/// How an update combines with what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ScatterMode {
    /// The update replaces it; of several updates to one place the last in row-major order.
    Set,
    /// The sum; integers wrap, truth values combine by "or".
    Add,
    /// The product; integers wrap, truth values combine by "and".
    Prod,
    /// The larger one, NaN if either is.
    Max,
    /// The smaller one, NaN if either is.
    Min,
}

/// Writes `source` to the places `starts[axis] + index[axis] * steps[axis]` of `out`.
///
/// # Panics
/// When the types differ or a place lies outside `out`.
///
/// ```
/// use cotan_kernels::{DType, Output, Tensor, region::write_region};
/// let mut out = Output::new(DType::I32, &[4])?;
/// out.slice_mut::<i32>().fill(0);
/// write_region(&Tensor::from_slice(&[7, 8], &[2])?, &mut out, &[3], &[-2]);
/// assert_eq!(out.finish().to_vec::<i32>(), [0, 8, 0, 7]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn write_region(source: &Tensor, out: &mut Output, starts: &[usize], steps: &[isize]) {
    let Some((walk, from, to)) = prepare(source, out, starts, steps) else { return };
    let size = source.dtype().size();
    let [step, to_step] = walk.inner();
    let total = source.len();
    pool::parallel_chunks(total, 16 * 1024, 0.05 * size as f32, &|range| {
        walk.runs(range.start, range.len(), |[offset, to_offset], n| {
            // SAFETY: `prepare` checked that all places lie in `out`; each is written once.
            unsafe {
                let from = from.get().cast_const().offset(offset * size as isize);
                let to = to.get().offset(to_offset * size as isize);
                if to_step == 1 {
                    copy_run(from, step, to, n, size);
                } else {
                    with_dtype!(size_class(size), T => {
                        for i in 0..n as isize {
                            *to.cast::<T>().offset(i * to_step) = *from.cast::<T>().offset(i * step);
                        }
                    });
                }
            }
        });
    });
}

/// Combines `source` with the elements of `out` at the places `starts[axis] + index[axis] * steps[axis]`.
///
/// # Panics
/// When the types differ or a place lies outside `out`.
pub fn update_region(mode: ScatterMode, source: &Tensor, out: &mut Output, starts: &[usize], steps: &[isize]) {
    if mode == ScatterMode::Set {
        return write_region(source, out, starts, steps);
    }
    let Some((walk, from, to)) = prepare(source, out, starts, steps) else { return };
    let total = source.len();
    pool::parallel_chunks(total, 16 * 1024, 0.5, &|range| {
        with_dtype!(source.dtype(), T => combine_runs::<T>(mode, &walk, range, from.get().cast(), to.get().cast()));
    });
}

/// The joint walk over source and region, and where both begin; `None` when there is nothing to write.
fn prepare(
    source: &Tensor,
    out: &mut Output,
    starts: &[usize],
    steps: &[isize],
) -> Option<(Walk<2>, Shared<u8>, Shared<u8>)> {
    assert_eq!(source.dtype(), out.dtype(), "region: the types differ");
    assert!(
        source.shape().len() == out.shape().len() && starts.len() == steps.len() && starts.len() == out.shape().len()
    );
    if source.is_empty() {
        return None;
    }
    let row_major = layout::row_major(out.shape());
    let mut strides = layout::Strides::new();
    let mut offset = 0;
    for axis in 0..starts.len() {
        let (size, last) = (out.shape()[axis], source.shape()[axis] - 1);
        let end = isize::try_from(last).ok().and_then(|last| last.checked_mul(steps[axis]));
        let end = end.and_then(|reach| starts[axis].checked_add_signed(reach));
        assert!(
            starts[axis] < size && end.is_some_and(|end| end < size),
            "the region leaves axis {axis} of size {size}"
        );
        assert!(last == 0 || steps[axis] != 0, "the places of a region differ");
        offset += starts[axis] * row_major[axis] as usize;
        strides.push(row_major[axis] * steps[axis]);
    }
    let walk = Walk::new(source.shape(), [source.strides(), &strides]);
    let to = out.ptr().wrapping_add(offset * out.dtype().size());
    Some((walk, Shared(source.ptr()), Shared(to)))
}

/// Some type of this size, for moving elements that are not looked at.
pub(crate) fn size_class(size: usize) -> DType {
    match size {
        1 => DType::U8,
        2 => DType::U16,
        4 => DType::U32,
        // Its alignment is four, which complex numbers have.
        _ => DType::C64,
    }
}

fn combine_runs<T: Number>(
    mode: ScatterMode,
    walk: &Walk<2>,
    range: std::ops::Range<usize>,
    from: *const T,
    to: *mut T,
) {
    let [step, to_step] = walk.inner();
    walk.runs(range.start, range.len(), |[offset, to_offset], n| {
        for i in 0..n as isize {
            // SAFETY: `prepare` checked that all places lie in `out`; each is written once.
            unsafe { combine(mode, &mut *to.offset(to_offset + i * to_step), *from.offset(offset + i * step)) };
        }
    });
}

/// Combines one update with what is at `to`.
#[inline(always)]
pub(crate) fn combine<T: Number>(mode: ScatterMode, to: &mut T, update: T) {
    *to = match mode {
        ScatterMode::Set => update,
        ScatterMode::Add => T::narrow(to.widen().add(update.widen())),
        ScatterMode::Prod => T::narrow(to.widen().mul(update.widen())),
        ScatterMode::Max => T::narrow(to.widen().max(update.widen())),
        ScatterMode::Min => T::narrow(to.widen().min(update.widen())),
    };
}
