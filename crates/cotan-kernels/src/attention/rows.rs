//! The loops over rows of scores and of what they weigh.

use std::ops::Range;

use super::mask::Masks;
use super::{Results, Scored};
use crate::arith::{Arith, Number};
use crate::simd::{Float, Isa, Kernel, dispatch};

/// Independent partial sums, enough for two of the widest vectors of `f32`; rows of scores have whole groups of so many.
pub(super) const LANES: usize = 32;

/// All lanes as one, neighbours last: a chain of so many would take longer than what they stand for.
#[inline(always)]
fn fold<W: Copy>(mut lanes: [W; LANES], join: impl Fn(W, W) -> W) -> W {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = join(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// A block of scores: `width` apart are the rows, which are those of one pair.
pub(super) struct Block<'a, W> {
    pub scores: &'a mut [W],
    pub width: usize,
    pub rows: Range<usize>,
    pub keys: Range<usize>,
    /// Number of the first head of the pair, and queries of a head.
    pub first_head: usize,
    pub queries: usize,
}

impl<W> Block<'_, W> {
    /// The head and the query of a row of the block.
    #[inline(always)]
    pub fn place(&self, row: usize) -> (usize, usize) {
        let row = self.rows.start + row;
        (self.first_head + row / self.queries, row % self.queries)
    }

    /// The queries of its rows; all of them if the rows are those of several heads.
    pub fn queries(&self) -> Range<usize> {
        queries(&self.rows, self.queries)
    }
}

/// The queries of some rows; all of them if the rows are those of several heads.
pub(super) fn queries(rows: &Range<usize>, queries: usize) -> Range<usize> {
    let (first, last) = (rows.start / queries, (rows.end - 1) / queries);
    if first == last { rows.start - first * queries..rows.end - first * queries } else { 0..queries }
}

/// Copies a row into the type that is computed in, times a factor.
pub(super) struct Widen<'a, T: Number> {
    pub from: &'a [T],
    pub to: &'a mut [T::Wide],
    pub factor: T::Wide,
}

impl<T: Number<Wide: Float>> Kernel for Widen<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        self.to.iter_mut().zip(self.from).for_each(|(to, from)| *to = from.widen() * self.factor);
    }
}

/// What is known of the softmax of some rows after some blocks of their scores.
pub(super) struct Running<'a, W> {
    /// The largest score of each row.
    pub top: &'a mut [W],
    /// The sums of `exp(score - top)`.
    pub total: &'a mut [f64],
    /// The sums of values weighed with those, a row of `outputs` each.
    pub mixed: &'a mut [W],
    pub outputs: usize,
}

impl<W: Float + Arith> Running<'_, W> {
    /// Before the first block: only the sinks of the rows' heads, where there are any.
    pub fn start(&mut self, sink: impl Fn(usize) -> Option<W>) {
        for (row, (top, total)) in self.top.iter_mut().zip(self.total.iter_mut()).enumerate() {
            *top = sink(row).unwrap_or(W::LOWEST);
            *total = if *top == W::LOWEST { 0.0 } else { 1.0 };
        }
    }
}

/// Takes a block of scores into the softmax, and leaves their weights in their place.
pub(super) struct Online<'a, 'b, 'c, W> {
    pub block: &'a mut Block<'b, W>,
    pub running: &'a mut Running<'c, W>,
}

impl<W: Float + Arith> Kernel for Online<'_, '_, '_, W> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Online { block, running } = self;
        let (width, keys) = (block.width, block.keys.len());
        let rows = running.top.iter_mut().zip(running.total.iter_mut());
        for (row, (top, total)) in rows.enumerate() {
            let scores = &mut block.scores[row * width..][..keys.next_multiple_of(LANES)];
            scores[keys..].fill(W::LOWEST);
            let (chunks, _) = scores.as_chunks_mut::<LANES>();
            let mut tops = [*top; LANES];
            for chunk in chunks.iter() {
                for (top, &score) in tops.iter_mut().zip(chunk) {
                    *top = Arith::max(*top, score);
                }
            }
            let now = fold(tops, Arith::max);
            // Where all scores are negative infinities, their differences would be NaN before the last block tells.
            let reference = if now == W::LOWEST { <W as Arith>::ZERO } else { now };
            let mut sums = [<W as Arith>::ZERO; LANES];
            for chunk in chunks {
                for (sum, score) in sums.iter_mut().zip(chunk) {
                    *score = Float::exp::<I>(*score - reference);
                    *sum += *score;
                }
            }
            let kept = Float::exp::<I>(*top - reference);
            *total = *total * kept.to_f64() + fold(sums, |a, b| a + b).to_f64();
            *top = now;
            if kept != <W as Arith>::ONE {
                let mixed = &mut running.mixed[row * running.outputs..][..running.outputs];
                mixed.iter_mut().for_each(|mixed| *mixed *= kept);
            }
        }
    }
}

/// Writes the results of rows once all scores have been taken in; `first` is the number of the first row of all.
pub(super) struct Finish<'a, 'b, T: Scored> {
    pub running: &'a Running<'b, T::W>,
    pub first: usize,
    pub to: Results<T>,
}

impl<T: Scored> Kernel for Finish<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Finish { running, first, to } = self;
        let (outputs, count) = (running.outputs, running.top.len());
        // SAFETY: the results have a row and two numbers for each row of all, and only this task writes those of its rows.
        let (out, stats) = unsafe {
            (
                std::slice::from_raw_parts_mut(to.out.get().add(first * outputs), count * outputs),
                std::slice::from_raw_parts_mut(to.stats.get().add(first * 2), count * 2),
            )
        };
        for row in 0..count {
            let inverse = <T::W as Float>::from_f64(1.0 / running.total[row]);
            (stats[2 * row], stats[2 * row + 1]) = (running.top[row], inverse);
            let mixed = &running.mixed[row * outputs..][..outputs];
            let out = &mut out[row * outputs..][..outputs];
            out.iter_mut().zip(mixed).for_each(|(out, &mixed)| *out = T::narrow(mixed * inverse));
        }
    }
}

/// From a block of scores and the products of cotangents with values: weights, and the gradients of the scores.
pub(super) struct Slopes<'a, 'b, W> {
    pub block: &'a mut Block<'b, W>,
    /// Rows as those of the block.
    pub slopes: &'a mut [W],
    /// The largest score of each row, and the inverse of the sum of its exponentials.
    pub stats: &'a [W],
    /// The product of each row of the result with its cotangent.
    pub slope: &'a [W],
    pub masks: &'a Masks<'a, W>,
}

impl<W: Float + Arith> Kernel for Slopes<'_, '_, W> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Slopes { block, slopes, stats, slope, masks } = self;
        let (width, keys, hidden) = (block.width, block.keys.clone(), masks.covers(block));
        for (row, &slope) in slope.iter().enumerate() {
            let (top, inverse) = (stats[2 * row], stats[2 * row + 1]);
            let scores = &mut block.scores[row * width..][..keys.len()];
            let slopes = &mut slopes[row * width..][..keys.len()];
            for (score, gradient) in scores.iter_mut().zip(slopes.iter_mut()) {
                *score = Float::exp::<I>(*score - top) * inverse;
                *gradient = *score * (*gradient - slope);
            }
            if hidden {
                // A query that sees no key has weights all the same.
                masks.for_hidden(block.place(row), &keys, slopes, <W as Arith>::ZERO);
            }
        }
    }
}

/// The product of two rows.
pub(super) fn dot<T: Scored>(a: &[T::W], b: &[T]) -> f64 {
    dispatch(Dot { a, b })
}

struct Dot<'a, T: Number> {
    a: &'a [T::Wide],
    b: &'a [T],
}

impl<T: Number<Wide: Float>> Kernel for Dot<'_, T> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self) -> f64 {
        let mut sums = [<T::Wide as Arith>::ZERO; LANES];
        let ((a, a_rest), (b, b_rest)) = (self.a.as_chunks::<LANES>(), self.b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for i in 0..LANES {
                sums[i] += a[i] * b[i].widen();
            }
        }
        for ((sum, &a), &b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
            *sum += a * b.widen();
        }
        fold(sums, |a, b| a + b).to_f64()
    }
}
