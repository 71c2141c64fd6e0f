//! Applies a function to every lane of a tensor along one axis, whatever the strides.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::copy::copy_run;
use crate::error::{Failure, KernelError};
use crate::memory::{AllocError, Block};
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{Element, layout, pool};

/// Plain data: any bytes are a value.
///
/// # Safety
/// As it says.
pub(crate) unsafe trait Plain: Copy + Send + Sync {}
// SAFETY: every bit pattern of an element is valid.
unsafe impl<T: Element> Plain for T {}
// SAFETY: an integer.
unsafe impl Plain for isize {}
// SAFETY: two numbers.
unsafe impl Plain for num_complex::Complex<f64> {}
// SAFETY: two numbers.
unsafe impl Plain for [f32; 2] {}

/// Scratch memory seen as a slice; what it holds at first is unspecified.
pub(crate) struct Scratch<T> {
    block: Block,
    len: usize,
    marker: PhantomData<T>,
}

impl<T: Plain> Scratch<T> {
    pub fn new(len: usize) -> Result<Scratch<T>, AllocError> {
        let bytes = len.checked_mul(size_of::<T>()).ok_or(AllocError { bytes: usize::MAX })?;
        Ok(Scratch { block: Block::alloc(bytes)?, len, marker: PhantomData })
    }
}

impl<T: Plain> Deref for Scratch<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: the block was made for `len` elements, is readable, and any bytes are values.
        unsafe { std::slice::from_raw_parts(self.block.ptr().cast_const().cast(), self.len) }
    }
}

impl<T: Plain> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and the block is owned alone.
        unsafe { std::slice::from_raw_parts_mut(self.block.ptr().cast(), self.len) }
    }
}

/// Calls `lane(state, input, output)` for all lanes of `source` along `axis`, in parallel over lanes.
///
/// The output has the shape of the source but for its size along `axis`. `state` is what `init` makes for each task.
pub(crate) fn map_lanes<T: Element, U: Element, S>(
    source: &Tensor,
    axis: usize,
    out: &mut Output,
    cost_ns: f32,
    init: impl Fn() -> Result<S, AllocError> + Sync,
    lane: impl Fn(&mut S, &[T], &mut [U]) + Sync,
) -> Result<(), KernelError> {
    let (n, m) = (source.shape()[axis], out.shape()[axis]);
    // Without elements there may still be any number of lanes.
    if out.shape().contains(&0) {
        return Ok(());
    }
    let mut shape = layout::Shape::from_slice(source.shape());
    shape[axis] = 1;
    let row_major = layout::row_major(out.shape());
    let walk = Walk::new(&shape, [source.strides(), &row_major]);
    let (stride, out_stride) = (source.strides()[axis], row_major[axis]);
    let (direct, out_direct) = (stride == 1 || n <= 1, out_stride == 1 || m <= 1);
    let (from, to) = (Shared(source.ptr().cast::<T>()), Shared(out.slice_mut::<U>().as_mut_ptr()));
    let failure = Failure::default();
    let work = |range: std::ops::Range<usize>| -> Result<(), AllocError> {
        let mut state = init()?;
        let mut input = Scratch::<T>::new(if direct { 0 } else { n })?;
        let mut output = Scratch::<U>::new(if out_direct { 0 } else { m })?;
        let [step, out_step] = walk.inner();
        walk.runs(range.start, range.len(), |[offset, out_offset], count| {
            for i in 0..count as isize {
                // SAFETY: lanes of the source lie in its buffer, lanes of the output in its; each is visited once.
                unsafe {
                    let from = from.get().cast_const().offset(offset + i * step);
                    let to = to.get().offset(out_offset + i * out_step);
                    let input = if direct {
                        std::slice::from_raw_parts(from, n)
                    } else {
                        copy_run(from.cast(), stride, input.as_mut_ptr().cast(), n, size_of::<T>());
                        &input[..]
                    };
                    if out_direct {
                        lane(&mut state, input, std::slice::from_raw_parts_mut(to, m));
                    } else {
                        lane(&mut state, input, &mut output);
                        for (j, &value) in output.iter().enumerate() {
                            *to.offset(j as isize * out_stride) = value;
                        }
                    }
                }
            }
        });
        Ok(())
    };
    pool::parallel_chunks(layout::len(&shape), 1, cost_ns * n.max(m) as f32, &|range| {
        let start = range.start;
        if let Err(error) = work(range) {
            failure.set(start, error);
        }
    });
    failure.into_result()
}
