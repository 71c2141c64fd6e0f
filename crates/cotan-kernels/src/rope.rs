//! Rotary positions: pairs of features turned by angles that grow with the row's number.

use std::ops::Range;

use crate::arith::{Arith, Number};
use crate::error::{Failure, KernelError};
use crate::lanes::Scratch;
use crate::layout;
use crate::memory::AllocError;
use crate::norm::with_float;
use crate::simd::{Float, Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{DType, bf16, f16, pool};

/// Positions whose sines and cosines are computed together.
const POSITIONS: usize = 16;
/// Most rows of one position that a task takes.
const ROWS: usize = 64;

/// Which features [`rope`] turns, and by how much.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// How many features, from the first on: an even number.
    pub dims: usize,
    /// Pairs are neighbours, else half of `dims` apart.
    pub traditional: bool,
    /// Turns the other way round.
    pub inverse: bool,
    /// Multiplies positions.
    pub scale: f64,
    /// By how much pairs turn for each position.
    pub speeds: Speeds<'a>,
}

/// How fast the angle of each pair grows with the position.
#[derive(Clone, Copy, Debug)]
pub enum Speeds<'a> {
    /// Pair `j` of `p` turns by `base^(-j / p)` for each position.
    Base(f64),
    /// Each pair turns by the inverse of its value, of the type that is computed in.
    Periods(&'a Tensor),
}

/// Turns pairs of features, the last axis, by angles for the rows along the axis before it. Halves are computed in single
/// precision.
///
/// The position of the first row is 0 plus an offset, of which there is one for each index of as many axes in front as
/// `offsets` has; those of size one are repeated.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the type is not floating or the shapes don't fit.
pub fn rope(x: &Tensor, offsets: &Tensor, turn: Turn) -> Result<Tensor, KernelError> {
    with_float!(x.dtype(), T => turn_as::<T>(x, offsets, turn))
}

fn turn_as<T: Number<Wide: Float>>(x: &Tensor, offsets: &Tensor, turn: Turn) -> Result<Tensor, KernelError> {
    let mut out = Output::new(T::DTYPE, x.shape())?;
    if x.is_empty() {
        return Ok(out.finish());
    }
    let rank = x.shape().len();
    let x = if x.strides()[rank - 1] == 1 { x.clone() } else { x.to_row_major()? };
    let (lead, steps) = (if offsets.len() == 1 { 0 } else { offsets.shape().len() }, x.shape()[rank - 2]);
    let starts = starts::<T::Wide>(offsets, &x.shape()[..lead]);
    let middle = layout::len(&x.shape()[lead..rank - 2]);
    let row_major = layout::row_major(x.shape());
    let walk = |axes: Range<usize>| Walk::new(&x.shape()[axes.clone()], [&x.strides()[axes.clone()], &row_major[axes]]);
    let job = Job::<T> {
        examples: walk(0..lead),
        rows: walk(lead..rank - 2),
        stride: x.strides()[rank - 2],
        features: x.shape()[rank - 1],
        speeds: speeds(turn)?,
        turn,
        to: Shared(out.slice_mut::<T>().as_mut_ptr()),
        x: &x,
    };
    let (chunks, groups) = (steps.div_ceil(POSITIONS), middle.div_ceil(ROWS));
    let failure = Failure::default();
    let cost = x.len() as f32 * 0.5 / (starts.len() * chunks * groups) as f32;
    pool::parallel_chunks(starts.len() * chunks * groups, 1, cost, &|range| {
        for index in range {
            let (example, chunk, group) = (index / groups / chunks, index / groups % chunks, index % groups);
            let steps = chunk * POSITIONS..steps.min((chunk + 1) * POSITIONS);
            let rows = group * ROWS..middle.min((group + 1) * ROWS);
            if let Err(error) = job.run(example, starts[example], steps, rows) {
                failure.set(index, error);
            }
        }
    });
    failure.into_result()?;
    Ok(out.finish())
}

/// The offset of each example.
fn starts<W: Float>(offsets: &Tensor, lead: &[usize]) -> Vec<W> {
    use crate::cast::CastTo;
    let each = if lead.is_empty() { offsets.clone() } else { offsets.broadcast_to(lead) };
    crate::with_dtype!(each.dtype(), S => {
        each.to_vec::<S>().into_iter().map(|start| W::from_f64(CastTo::<f64>::cast_to(start))).collect()
    })
}

/// What multiplies a position to give the angle of each pair, or divides it.
enum Factors<W> {
    Times(Vec<W>),
    Over(Vec<W>),
}

fn speeds<W: Float>(turn: Turn) -> Result<Factors<W>, AllocError> {
    let pairs = turn.dims / 2;
    Ok(match turn.speeds {
        Speeds::Periods(periods) => Factors::Over(periods.to_vec()),
        Speeds::Base(base) => {
            let step = W::from_f64(-base.ln() / pairs as f64);
            Factors::Times(dispatch(Powers((0..pairs).map(|pair| W::from_f64(pair as f64) * step).collect())))
        }
    })
}

/// The exponentials of a list.
struct Powers<W>(Vec<W>);

impl<W: Float> Kernel for Powers<W> {
    type Output = Vec<W>;
    #[inline(always)]
    fn run<I: Isa>(mut self) -> Vec<W> {
        self.0.iter_mut().for_each(|value| *value = Float::exp::<I>(*value));
        self.0
    }
}

/// What all tasks share.
struct Job<'a, T: Number> {
    x: &'a Tensor,
    /// Offsets of the source and of the result, over the axes that have positions of their own and those that share them.
    examples: Walk<2>,
    rows: Walk<2>,
    /// Distance between positions in the source.
    stride: isize,
    features: usize,
    speeds: Factors<T::Wide>,
    turn: Turn<'a>,
    to: Shared<T>,
}

impl<T: Number<Wide: Float>> Job<'_, T> {
    fn run(&self, example: usize, start: T::Wide, steps: Range<usize>, rows: Range<usize>) -> Result<(), AllocError> {
        let pairs = self.turn.dims / 2;
        let mut table = Scratch::<T::Wide>::new(2 * steps.len() * pairs)?;
        let (cos, sin) = table.split_at_mut(steps.len() * pairs);
        dispatch(Angles { start, steps: steps.clone(), factors: &self.speeds, turn: self.turn, cos, sin });
        let (span, base) = self.x.span::<T>().expect("the type was dispatched on");
        let at =
            |walk: &Walk<2>, index: usize| walk.strides.each_ref().map(|s| layout::offset_of(index, &walk.shape, s));
        let [from, to] = at(&self.examples, example);
        for row in rows {
            let [more, more_to] = at(&self.rows, row);
            let first = steps.start;
            let start = base as isize + from + more + first as isize * self.stride;
            let end = to + more_to + (first * self.features) as isize;
            // SAFETY: the positions of one row lie in order in the result, and only this task writes them.
            let out = unsafe { std::slice::from_raw_parts_mut(self.to.get().offset(end), steps.len() * self.features) };
            let traditional = self.turn.traditional;
            dispatch(Rows {
                span,
                start,
                stride: self.stride,
                features: self.features,
                traditional,
                cos,
                sin,
                pairs,
                out,
            });
        }
        Ok(())
    }
}

/// Fills tables of cosines and sines.
struct Angles<'a, W> {
    start: W,
    steps: Range<usize>,
    factors: &'a Factors<W>,
    turn: Turn<'a>,
    cos: &'a mut [W],
    sin: &'a mut [W],
}

impl<W: Float + Arith> Kernel for Angles<'_, W> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let pairs = self.turn.dims / 2;
        let scale = W::from_f64(self.turn.scale);
        for (step, (cos, sin)) in self.steps.zip(self.cos.chunks_exact_mut(pairs).zip(self.sin.chunks_exact_mut(pairs)))
        {
            let position = (W::from_f64(step as f64) + self.start) * scale;
            match self.factors {
                Factors::Times(speeds) => {
                    cos.iter_mut().zip(speeds).for_each(|(angle, &speed)| *angle = position * speed);
                }
                Factors::Over(periods) => {
                    cos.iter_mut().zip(periods).for_each(|(angle, &period)| *angle = position / period);
                }
            }
            if self.turn.inverse {
                cos.iter_mut().for_each(|angle| *angle = -*angle);
            }
            let mut near = true;
            cos.iter().for_each(|angle| near &= angle.is_near_angle::<I>());
            let angles = cos.iter_mut().zip(sin);
            if near {
                angles.for_each(|(angle, sin)| (*sin, *angle) = (angle.sin_near::<I>(), angle.cos_near::<I>()));
            } else {
                angles.for_each(|(angle, sin)| (*sin, *angle) = (Float::sin::<I>(*angle), Float::cos::<I>(*angle)));
            }
        }
    }
}

/// Turns the features of rows at consecutive positions.
struct Rows<'a, T: Number> {
    span: &'a [T],
    /// Where the first of them lies.
    start: isize,
    stride: isize,
    features: usize,
    traditional: bool,
    cos: &'a [T::Wide],
    sin: &'a [T::Wide],
    pairs: usize,
    out: &'a mut [T],
}

impl<T: Number<Wide: Float>> Kernel for Rows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Rows { span, start, stride, features, pairs, .. } = self;
        let tables = self.cos.chunks_exact(pairs).zip(self.sin.chunks_exact(pairs));
        for (step, (out, (cos, sin))) in self.out.chunks_exact_mut(features).zip(tables).enumerate() {
            let x = &span[(start + step as isize * stride) as usize..][..features];
            let (x, rest) = x.split_at(2 * pairs);
            let (out, rest_out) = out.split_at_mut(2 * pairs);
            rest_out.copy_from_slice(rest);
            if self.traditional {
                let pairs = out.as_chunks_mut::<2>().0.iter_mut().zip(x.as_chunks::<2>().0);
                for ((out, x), (&cos, &sin)) in pairs.zip(cos.iter().zip(sin)) {
                    let [a, b] = x.map(T::widen);
                    *out = [T::narrow(a * cos - b * sin), T::narrow(a * sin + b * cos)];
                }
                continue;
            }
            let ((x, y), (out_x, out_y)) = (x.split_at(pairs), out.split_at_mut(pairs));
            for (j, (out_x, out_y)) in out_x.iter_mut().zip(out_y).enumerate() {
                let (a, b) = (x[j].widen(), y[j].widen());
                *out_x = T::narrow(a * cos[j] - b * sin[j]);
                *out_y = T::narrow(a * sin[j] + b * cos[j]);
            }
        }
    }
}
