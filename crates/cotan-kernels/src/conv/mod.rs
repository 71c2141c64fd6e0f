//! Convolutions of tensors with the channels last, over any number of spatial axes.

mod depthwise;
mod kernel;
mod phases;
#[cfg(test)]
mod tests;
mod windows;

use std::ops::Range;

use smallvec::SmallVec;

use crate::error::KernelError;
use crate::gemm::Stored;
use crate::layout::{self, Shape, Strides};
use crate::tensor::{Output, Tensor};
use crate::{Complex32, DType, Element};
use kernel::Convolved;

/// How a kernel moves over its input; every list has an entry for each spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Distance between the places where the kernel is applied.
    pub stride: Shape,
    /// Zeros before the input; negative numbers skip elements. Past its end the input is zero as far as needed.
    pub low: Strides,
    /// Distance between neighbours of the kernel.
    pub kernel_dilation: Shape,
    /// Distance between neighbours of the input.
    pub input_dilation: Shape,
    /// Groups of channels that don't meet.
    pub groups: usize,
    /// Turns the kernel around along every spatial axis.
    pub flip: bool,
}

/// Elements that convolutions are computed in.
trait Number: Element + Stored<Real: Convolved> {}
impl Number for f32 {}
impl Number for f64 {}
impl Number for Complex32 {}

/// Sums of products of a `(C_out, *kernel, C_in / groups)` kernel with windows of a `(N, *space, C_in)` input:
/// `(N, *space, C_out)` with `space` as the sizes of the result.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the types differ or are neither `f32`, `f64` nor complex, or shapes and lists don't fit each other.
///
/// ```
/// use cotan_kernels::{Tensor, conv::{Window, convolve}};
/// use smallvec::smallvec;
/// let input = Tensor::from_slice(&[1.0f32, 2.0, 3.0], &[1, 3, 1])?;
/// let kernel = Tensor::from_slice(&[1.0f32, 10.0], &[1, 2, 1])?;
/// let one = smallvec![1];
/// let window =
///     Window { stride: one.clone(), low: smallvec![0], kernel_dilation: one.clone(), input_dilation: one, groups: 1, flip: false };
/// assert_eq!(convolve(&input, &kernel, &window, &[2])?.to_vec::<f32>(), [21.0, 32.0]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn convolve(input: &Tensor, kernel: &Tensor, window: &Window, space: &[usize]) -> Result<Tensor, KernelError> {
    check(input, kernel, window, space);
    let flipped = if window.flip { turn(kernel) } else { kernel.clone() };
    match input.dtype() {
        DType::F32 => run::<f32>(input, &flipped, window, space),
        DType::F64 => run::<f64>(input, &flipped, window, space),
        DType::C64 => run::<Complex32>(input, &flipped, window, space),
        other @ (DType::Bool
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64
        | DType::I8
        | DType::I16
        | DType::I32
        | DType::I64
        | DType::F16
        | DType::Bf16) => panic!("convolution of {other}"),
    }
}

fn check(input: &Tensor, kernel: &Tensor, window: &Window, space: &[usize]) {
    let (rank, groups) = (space.len() + 2, window.groups);
    assert_eq!(input.dtype(), kernel.dtype(), "convolution: the types differ");
    assert!(input.shape().len() == rank && kernel.shape().len() == rank, "convolution: the ranks differ");
    let lists = [&window.stride, &window.kernel_dilation, &window.input_dilation];
    assert!(lists.iter().all(|list| list.len() == space.len() && !list.contains(&0)), "convolution: {window:?}");
    assert_eq!(window.low.len(), space.len(), "convolution: {window:?}");
    let fits = groups > 0
        && kernel.shape()[0].is_multiple_of(groups)
        && kernel.shape()[rank - 1].checked_mul(groups) == Some(input.shape()[rank - 1]);
    assert!(fits, "convolution: {:?} with {:?} in {groups} groups", input.shape(), kernel.shape());
}

/// The kernel turned around along its spatial axes. A view.
fn turn(kernel: &Tensor) -> Tensor {
    let rank = kernel.shape().len();
    let spatial = |axis: usize| axis > 0 && axis < rank - 1;
    let starts: Shape =
        (0..rank).map(|axis| if spatial(axis) { kernel.shape()[axis].saturating_sub(1) } else { 0 }).collect();
    let steps: Strides = (0..rank).map(|axis| if spatial(axis) { -1 } else { 1 }).collect();
    kernel.slice(&starts, &steps, kernel.shape())
}

fn run<T: Number>(input: &Tensor, kernel: &Tensor, window: &Window, space: &[usize]) -> Result<Tensor, KernelError> {
    let batch = input.shape()[0];
    let channels = kernel.shape()[0];
    let shape: Shape = [batch].into_iter().chain(space.iter().copied()).chain([channels]).collect();
    let dilated = window.input_dilation.iter().zip(&input.shape()[1..]).any(|(&step, &size)| step > 1 && size > 1);
    if input.is_empty() || kernel.is_empty() || layout::len(&shape) == 0 {
        let mut out = Output::new(T::DTYPE, &shape)?;
        out.slice_mut::<T>().fill(T::default());
        return Ok(out.finish());
    }
    let mut out = Output::new(T::DTYPE, &shape)?;
    if dilated {
        phases::run::<T>(input, kernel, window, &shape, &mut out)?;
    } else {
        let place = Place::whole(&mut out);
        undilated::<T>(input, kernel, window, &shape, &place)?;
    }
    Ok(out.finish())
}

/// The convolution of an input that is not dilated, for a result of this shape.
fn undilated<T: Number>(
    input: &Tensor,
    kernel: &Tensor,
    window: &Window,
    shape: &[usize],
    out: &Place<T>,
) -> Result<(), KernelError> {
    let kernel = kernel.to_row_major()?;
    let input = channels_together(input)?;
    let plan = Plan::new(&input, &kernel, window, shape);
    if plan.channels == 1 && plan.outputs == 1 && T::PARTS == 1 {
        depthwise::run::<T>(&plan, &input, &kernel, out)
    } else {
        windows::run::<T>(&plan, &input, &kernel, out)
    }
}

/// Where a result goes: its channels lie next to each other.
struct Place<T> {
    first: *mut T,
    /// Distance in memory along the batch and the spatial axes.
    strides: Strides,
}

// SAFETY: the memory is borrowed for the whole convolution, and tasks write disjoint parts of it.
unsafe impl<T: Send> Sync for Place<T> {}

impl<T: Element> Place<T> {
    fn whole(out: &mut Output) -> Place<T> {
        let mut strides = layout::row_major(out.shape());
        strides.pop();
        Place { first: out.slice_mut::<T>().as_mut_ptr(), strides }
    }

    /// The rows of a span.
    fn rows(&self, span: &Span) -> impl Iterator<Item = *mut T> {
        let step = self.strides[span.index.len() - 1];
        let first: isize = span.index.iter().zip(&self.strides).map(|(&at, &stride)| at as isize * stride).sum();
        let first = self.first.wrapping_offset(first);
        (0..span.count).map(move |i| first.wrapping_offset(i as isize * step))
    }
}

/// The input with the channels of a place next to each other.
fn channels_together(input: &Tensor) -> Result<Tensor, KernelError> {
    let last = input.shape().len() - 1;
    let together = input.shape()[last] == 1 || input.strides()[last] == 1;
    Ok(if together { input.clone() } else { input.to_row_major()? })
}

/// The sizes of an undilated convolution and where its elements lie.
struct Plan {
    /// Sizes of the spatial axes of the result, with those of the batch in front.
    rows: Shape,
    sizes: SmallVec<[Axis; 4]>,
    batch_stride: isize,
    groups: usize,
    /// Channels of a group in the input and in the result.
    channels: usize,
    outputs: usize,
}

/// One spatial axis.
#[derive(Clone, Copy)]
struct Axis {
    /// Size of the input and of the kernel.
    input: usize,
    kernel: usize,
    /// Position of the first window in the input, how far windows are apart, and neighbours within one.
    first: isize,
    step: isize,
    dilation: isize,
    /// Distance in memory.
    stride: isize,
}

impl Plan {
    fn new(input: &Tensor, kernel: &Tensor, window: &Window, shape: &[usize]) -> Plan {
        let last = shape.len() - 1;
        let axis = |i: usize| Axis {
            input: input.shape()[i + 1],
            kernel: kernel.shape()[i + 1],
            first: -window.low[i],
            step: window.stride[i] as isize,
            dilation: window.kernel_dilation[i] as isize,
            stride: input.strides()[i + 1],
        };
        Plan {
            rows: shape[..last].into(),
            sizes: (0..last - 1).map(axis).collect(),
            batch_stride: input.strides()[0],
            groups: window.groups,
            channels: kernel.shape()[last],
            outputs: shape[last] / window.groups,
        }
    }

    /// Elements of the kernel for one pair of channels.
    fn taps(&self) -> usize {
        self.sizes.iter().map(|axis| axis.kernel).product()
    }
}

/// Neighbouring rows of the result along the last spatial axis.
struct Span {
    /// The first of them: example and place along each spatial axis.
    index: SmallVec<[usize; 5]>,
    count: usize,
    /// Where the windows start along the other spatial axes.
    starts: SmallVec<[isize; 4]>,
}

impl Plan {
    /// Rows from `first` on, each line of the result a span.
    fn spans(&self, first: usize, count: usize) -> Vec<Span> {
        let axes = self.sizes.len();
        let width = self.rows[axes];
        let mut spans = Vec::with_capacity(count / width + 2);
        let mut row = first;
        while row < first + count {
            let mut rest = row;
            let mut index: SmallVec<[usize; 5]> = SmallVec::from_elem(0, axes + 1);
            for (at, &size) in index[1..].iter_mut().zip(&self.rows[1..]).rev() {
                *at = rest % size;
                rest /= size;
            }
            index[0] = rest;
            let place = |(axis, &at): (&Axis, &usize)| axis.first + at as isize * axis.step;
            let starts = self.sizes[..axes - 1].iter().zip(&index[1..]).map(place).collect();
            let count = (width - index[axes]).min(first + count - row);
            spans.push(Span { index, count, starts });
            row += count;
        }
        spans
    }
}

impl Axis {
    /// The windows, of so many, in which a part of the kernel lies inside of the input.
    fn inside(&self, part: Range<usize>, windows: usize) -> Range<usize> {
        let reach = |tap: usize| self.first + tap as isize * self.dilation;
        // How many windows begin so low that a place of the kernel lies before a place of the input.
        let before = |tap: usize, place: isize| {
            (-(reach(tap) - place).div_euclid(self.step)).clamp(0, windows as isize) as usize
        };
        let start = before(part.start, 0);
        start..before(part.end - 1, self.input as isize).max(start)
    }

    /// The elements of the kernel that meet the input when it starts at `start`.
    fn valid(&self, start: isize) -> Range<usize> {
        // Rounds up; both numbers may be negative.
        let reach = |distance: isize| -(-distance).div_euclid(self.dilation);
        let (low, high) = (reach(-start).max(0), reach(self.input as isize - start));
        let high = (high.max(0) as usize).min(self.kernel);
        (low as usize).min(high)..high
    }
}
