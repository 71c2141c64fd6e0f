//! Dilated inputs without their zeros: results whose windows meet the same part of the kernel are a convolution each.

use smallvec::{SmallVec, smallvec};

use super::{Number, Place, Window, undilated};
use crate::error::KernelError;
use crate::layout::{Shape, Strides};
use crate::tensor::{Output, Tensor};

/// The places `first, first + period, ...` along one axis of the result.
#[derive(Clone, Copy)]
struct Phase {
    first: usize,
    /// How many places of the result there are.
    count: usize,
    period: usize,
    /// The part of the kernel that meets elements of the input and not the zeros between.
    tap: usize,
    tap_step: usize,
    taps: usize,
    /// The convolution over that axis, in which the input is not dilated.
    low: isize,
    stride: usize,
    dilation: usize,
}

pub fn run<T: Number>(
    input: &Tensor,
    kernel: &Tensor,
    window: &Window,
    shape: &[usize],
    out: &mut Output,
) -> Result<(), KernelError> {
    let axes = shape.len() - 2;
    let phases: Vec<Vec<Phase>> =
        (0..axes).map(|i| of_axis(input.shape()[i + 1], kernel.shape()[i + 1], shape[i + 1], window, i)).collect();
    let covered =
        |(phases, &size): (&Vec<Phase>, &usize)| phases.iter().map(|phase| phase.count).sum::<usize>() == size;
    if !phases.iter().zip(&shape[1..]).all(covered) {
        out.slice_mut::<T>().fill(T::default());
    }
    if phases.iter().any(Vec::is_empty) {
        return Ok(());
    }
    let whole = Place::whole(out);
    let mut at: SmallVec<[usize; 4]> = smallvec![0; axes];
    loop {
        let chosen: SmallVec<[Phase; 4]> = at.iter().zip(&phases).map(|(&at, phases)| phases[at]).collect();
        write::<T>(input, kernel, window.groups, &chosen, &whole)?;
        let Some(axis) = (0..axes).rev().find(|&axis| at[axis] + 1 < phases[axis].len()) else { return Ok(()) };
        at[axis] += 1;
        at[axis + 1..].fill(0);
    }
}

/// Computes the places of the result that one choice of phases gives.
fn write<T: Number>(
    input: &Tensor,
    kernel: &Tensor,
    groups: usize,
    phases: &[Phase],
    out: &Place<T>,
) -> Result<(), KernelError> {
    let with_ends = |first: usize, each: &dyn Fn(&Phase) -> usize, last: usize| -> Shape {
        [first].into_iter().chain(phases.iter().map(each)).chain([last]).collect()
    };
    let [outputs, channels] = [kernel.shape()[0], kernel.shape()[phases.len() + 1]];
    let steps: Strides = with_ends(1, &|phase| phase.tap_step, 1).iter().map(|&step| step as isize).collect();
    let part =
        kernel.slice(&with_ends(0, &|phase| phase.tap, 0), &steps, &with_ends(outputs, &|phase| phase.taps, channels));
    let window = Window {
        stride: phases.iter().map(|phase| phase.stride).collect(),
        low: phases.iter().map(|phase| phase.low).collect(),
        kernel_dilation: phases.iter().map(|phase| phase.dilation).collect(),
        input_dilation: smallvec![1; phases.len()],
        groups,
        flip: false,
    };
    let shape = with_ends(input.shape()[0], &|phase| phase.count, outputs);
    let mut place = Place { first: out.first, strides: out.strides.clone() };
    for (stride, phase) in place.strides[1..].iter_mut().zip(phases) {
        place.first = place.first.wrapping_offset(phase.first as isize * *stride);
        *stride *= phase.period as isize;
    }
    undilated::<T>(input, &part, &window, &shape, &place)
}

/// The phases of one axis in which the kernel meets elements of the input at all.
fn of_axis(input: usize, kernel: usize, output: usize, window: &Window, i: usize) -> Vec<Phase> {
    let gap = if input > 1 { window.input_dilation[i] } else { 1 };
    let (stride, dilation, low) = (window.stride[i], window.kernel_dilation[i], window.low[i]);
    let (period, tap_step) = (gap / gcd(gap, stride), gap / gcd(gap, dilation));
    let place =
        |first: usize, tap: usize| first as i128 * stride as i128 - low as i128 + tap as i128 * dilation as i128;
    (0..period.min(output))
        .filter_map(|first| {
            let tap = (0..tap_step.min(kernel)).find(|&tap| place(first, tap).rem_euclid(gap as i128) == 0)?;
            Some(Phase {
                first,
                count: (output - first).div_ceil(period),
                period,
                tap,
                tap_step,
                taps: (kernel - tap).div_ceil(tap_step),
                low: -place(first, tap).div_euclid(gap as i128) as isize,
                stride: stride / gcd(gap, stride),
                dilation: dilation / gcd(gap, dilation),
            })
        })
        .collect()
}

fn gcd(mut a: usize, mut b: usize) -> usize {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
