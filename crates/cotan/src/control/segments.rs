//! A loop in segments, so that the way back stores one carry per segment and computes those between anew.
//!
//! Griewank and Walther, Evaluating Derivatives (2nd ed., SIAM 2008), chapter 12, with two levels.

use super::body::Body;
use super::scan::{Loop, NAME, Parts};
use crate::array::Array;
use crate::error::Result;
use crate::ops::{concatenate, reshape, slice_axis};

/// How many steps share one stored carry when a loop is differentiated in reverse mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Segment {
    /// Every step stores its carry.
    #[default]
    One,
    /// The square root of the number of steps, so that memory grows like it too.
    Sqrt,
    /// This many steps.
    Steps(usize),
}

impl Segment {
    fn steps(self, length: usize) -> usize {
        match self {
            Segment::One => 1,
            Segment::Sqrt => length.isqrt(),
            Segment::Steps(steps) => steps,
        }
    }
}

/// Runs a loop over `inputs`.
pub(super) fn run(whole: Loop, inputs: &[Array], segment: Segment) -> Result<Vec<Array>> {
    let steps = segment.steps(whole.length);
    if steps <= 1 || whole.length <= steps {
        return whole.of(inputs);
    }
    let (count, rest) = (whole.length / steps, whole.length % steps);
    let of = whole.parts(inputs);
    // The short segment comes last in the order of the steps.
    let (long, short) = if whole.reverse { (rest, 0) } else { (0, count * steps) };
    let cut = |x: &Array, start: usize, size: usize| slice_axis(x, 0, start, 1, size);
    let split = |x: &Array| {
        let long = cut(x, long, count * steps)?;
        reshape(&long, &[&[count, steps], &x.shape()[1..]].concat())
    };
    let xs: Vec<Array> = of.xs.iter().map(split).collect::<Result<_>>()?;
    let mut outputs = nested(&whole, of.consts, of.carry, &xs, (count, steps))?;
    let mut results = outputs.split_off(whole.carries);
    for result in &mut results {
        *result = reshape(result, &[&[count * steps], &result.shape()[2..]].concat())?;
    }
    if rest == 0 {
        return Ok([outputs, results].concat());
    }
    let xs: Vec<Array> = of.xs.iter().map(|x| cut(x, short, rest)).collect::<Result<_>>()?;
    let mut outputs = Loop { length: rest, ..whole.clone() }.of(&[of.consts, &outputs, &xs].concat())?;
    let last = outputs.split_off(whole.carries);
    let join = |(result, last): (Array, Array)| {
        let parts = if whole.reverse { [last, result] } else { [result, last] };
        concatenate(&parts, Some(0))
    };
    let results: Vec<Array> = results.into_iter().zip(last).map(join).collect::<Result<_>>()?;
    Ok([outputs, results].concat())
}

/// A loop over segments, whose body is a loop over the steps of one.
fn nested(
    whole: &Loop,
    consts: &[Array],
    carry: &[Array],
    xs: &[Array],
    (count, steps): (usize, usize),
) -> Result<Vec<Array>> {
    let inner = Loop { length: steps, ..whole.clone() };
    let specs = Loop::step_specs(&Parts { consts, carry, xs });
    let (body, lifted) = Body::record(NAME, &specs, |leaves| inner.of(leaves))?;
    let outer = Loop { body, consts: lifted.len() + consts.len(), length: count, ..whole.clone() };
    outer.of(&[&lifted, consts, carry, xs].concat())
}
