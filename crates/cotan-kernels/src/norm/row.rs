//! The loops over the elements of a row.

use std::ops::Range;

use super::{FEW_ROWS, Norm, Rows};
use crate::arith::{Arith, Number};
use crate::lanes::Scratch;
use crate::simd::{Float, Isa, Kernel};

/// Independent partial sums, enough for two of the widest vectors of `f32`.
const LANES: usize = 32;
/// Elements whose sum is kept in the row's own precision; the sum of such sums is in double precision.
const BLOCK: usize = 1024;

/// The sum of `term` over the elements of a row.
#[inline(always)]
fn sum<T: Copy, W: Arith + Float>(values: &[T], term: impl Fn(T) -> W) -> f64 {
    let mut total = 0.0;
    for block in values.chunks(BLOCK) {
        let mut lanes = [<W as Arith>::ZERO; LANES];
        let (chunks, rest) = block.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane += term(value);
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(rest) {
            *lane += term(value);
        }
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] += lanes[i + width];
            }
            width /= 2;
        }
        total += lanes[0].to_f64();
    }
    total
}

/// The sum of the products of two rows.
#[inline(always)]
fn dot<W: Arith + Float>(a: &[W], b: &[W]) -> f64 {
    let mut total = 0.0;
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        let mut lanes = [<W as Arith>::ZERO; LANES];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for i in 0..LANES {
                lanes[i] += a[i] * b[i];
            }
        }
        for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
            *lane += a * b;
        }
        total += sum(&lanes, |lane| lane);
    }
    total
}

/// What a row is shifted and scaled by.
#[derive(Clone, Copy)]
struct Moments<W> {
    mean: W,
    scale: W,
}

impl<W: Arith + Float> Moments<W> {
    #[inline(always)]
    fn of<T: Number<Wide = W>>(values: &[T], norm: Norm) -> Moments<W> {
        let n = values.len() as f64;
        let mean = if norm.centre { W::from_f64(sum(values, T::widen) / n) } else { <W as Arith>::ZERO };
        let square = |value: T| {
            let value = value.widen() - mean;
            value * value
        };
        // As the row's type has it, so that a tiny number is none where it can't be told from none.
        let power = W::from_f64(sum(values, square) / n) + W::from_f64(norm.eps);
        Moments { mean, scale: W::from_f64(1.0 / power.to_f64().sqrt()) }
    }
}

/// The norms of a range of rows.
pub(super) struct Forward<'a, T: Number> {
    pub x: &'a Rows,
    pub weight: Option<&'a [T::Wide]>,
    pub bias: Option<&'a [T::Wide]>,
    pub norm: Norm,
    /// Rows that share weights.
    pub rows: usize,
    pub range: Range<usize>,
    pub out: &'a mut [T],
}

impl<T: Number<Wide: Float>> Kernel for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let n = self.x.n;
        for (index, out) in self.range.zip(self.out.chunks_exact_mut(n)) {
            let values = self.x.row::<T>(index);
            let Moments { mean, scale } = Moments::of(values, self.norm);
            let example = index / self.rows * n;
            let [weight, bias] = [self.weight, self.bias].map(|row| row.map(|row| &row[example..example + n]));
            let values = out.iter_mut().zip(values.iter().map(|value| (value.widen() - mean) * scale));
            match (weight, bias) {
                (None, None) => values.for_each(|(out, x)| *out = T::narrow(x)),
                (Some(w), None) => values.zip(w).for_each(|((out, x), &w)| *out = T::narrow(x * w)),
                (None, Some(b)) => values.zip(b).for_each(|((out, x), &b)| *out = T::narrow(x + b)),
                (Some(w), Some(b)) => {
                    values.zip(w).zip(b).for_each(|(((out, x), &w), &b)| *out = T::narrow(x * w + b));
                }
            }
        }
    }
}

/// The gradients of a range of rows that share weights.
pub(super) struct Backward<'a, T: Number> {
    pub x: &'a Rows,
    pub cotangent: &'a Rows,
    pub weight: Option<&'a [T::Wide]>,
    pub norm: Norm,
    pub range: Range<usize>,
    pub out: &'a mut [T],
    /// Takes the gradients of weights, then those of biases.
    pub sums: Option<&'a mut [T::Wide]>,
    /// Room for four rows.
    pub scratch: Scratch<T::Wide>,
}

impl<T: Number<Wide: Float>> Kernel for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(mut self) {
        let n = self.x.n;
        let zero = <T::Wide as Arith>::ZERO;
        let (rows, few) = self.scratch.split_at_mut(2 * n);
        let (hat, scaled) = rows.split_at_mut(n);
        if let Some(sums) = &mut self.sums {
            sums.fill(zero);
        }
        let last = self.range.end;
        for (step, (index, out)) in self.range.zip(self.out.chunks_exact_mut(n)).enumerate() {
            let (values, cotangent) = (self.x.row::<T>(index), self.cotangent.row::<T>(index));
            let Moments { mean, scale } = Moments::of(values, self.norm);
            hat.iter_mut().zip(values).for_each(|(hat, value)| *hat = (value.widen() - mean) * scale);
            match self.weight {
                None => scaled.iter_mut().zip(cotangent).for_each(|(scaled, g)| *scaled = g.widen()),
                Some(weight) => scaled
                    .iter_mut()
                    .zip(cotangent)
                    .zip(weight)
                    .for_each(|((scaled, g), &weight)| *scaled = g.widen() * weight),
            }
            let slope = T::Wide::from_f64(dot(hat, scaled) / n as f64);
            let shift = match self.norm.centre {
                true => T::Wide::from_f64(sum(scaled, |g| g) / n as f64),
                false => zero,
            };
            for ((out, &hat), &g) in out.iter_mut().zip(hat.iter()).zip(scaled.iter()) {
                *out = T::narrow((g - shift - hat * slope) * scale);
            }
            let Some(sums) = &mut self.sums else { continue };
            if step % FEW_ROWS == 0 {
                few.fill(zero);
            }
            let (weights, biases) = few.split_at_mut(n);
            for (((weight, bias), g), &hat) in weights.iter_mut().zip(biases).zip(cotangent).zip(hat.iter()) {
                *weight += g.widen() * hat;
                *bias += g.widen();
            }
            if step % FEW_ROWS == FEW_ROWS - 1 || index + 1 == last {
                sums.iter_mut().zip(few.iter()).for_each(|(sum, &few)| *sum += few);
            }
        }
    }
}
