//! Dilated inputs without their zeros: results whose windows meet the same part of the kernel are a convolution each.

use smallvec::{SmallVec, smallvec};

use super::{Number, Window, undilated};
use crate::error::KernelError;
use crate::layout::{Shape, Strides};
use crate::region::write_region;
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
) -> Result<Tensor, KernelError> {
    let axes = shape.len() - 2;
    // Whether there is memory for the result is known before its places are counted.
    let mut out = Output::new(T::DTYPE, shape)?;
    let phases: Vec<Vec<Phase>> =
        (0..axes).map(|i| of_axis(input.shape()[i + 1], kernel.shape()[i + 1], shape[i + 1], window, i)).collect();
    out.slice_mut::<T>().fill(T::default());
    if phases.iter().any(Vec::is_empty) {
        return Ok(out.finish());
    }
    let mut at: SmallVec<[usize; 4]> = smallvec![0; axes];
    loop {
        let chosen: SmallVec<[Phase; 4]> = at.iter().zip(&phases).map(|(&at, phases)| phases[at]).collect();
        write::<T>(input, kernel, window.groups, &chosen, &mut out)?;
        let Some(axis) = (0..axes).rev().find(|&axis| at[axis] + 1 < phases[axis].len()) else { break };
        at[axis] += 1;
        at[axis + 1..].fill(0);
    }
    Ok(out.finish())
}

/// Computes the places of the result that one choice of phases gives.
fn write<T: Number>(
    input: &Tensor,
    kernel: &Tensor,
    groups: usize,
    phases: &[Phase],
    out: &mut Output,
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
    let result = undilated::<T>(input, &part, &window, &shape)?;
    let steps: Strides = with_ends(1, &|phase| phase.period, 1).iter().map(|&step| step as isize).collect();
    write_region(&result, out, &with_ends(0, &|phase| phase.first, 0), &steps);
    Ok(())
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
