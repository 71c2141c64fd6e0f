//! Masks of blocks of scores.

use std::ops::Range;

use num_traits::Bounded;

use super::Mask;
use super::operands::starts;
use super::rows::Block;
use crate::arith::Arith;
use crate::layout;
use crate::memory::AllocError;
use crate::simd::{Float, Isa, Kernel, dispatch};
use crate::tensor::Tensor;
use crate::{Bool, DType, Element};

/// What every query of every head may see.
pub(super) enum Masks<'a, W> {
    All,
    /// How many more keys than queries there are.
    Causal(isize),
    Seen(Scores<'a, Bool>),
    Added(Scores<'a, W>),
}

/// Numbers in the places of scores, whatever their strides.
pub(super) struct Scores<'a, S> {
    span: &'a [S],
    starts: Vec<isize>,
    row: isize,
    column: isize,
}

impl<'a, S: Element> Scores<'a, S> {
    fn new(tensor: &'a Tensor, scores: &[usize]) -> Result<Scores<'a, S>, AllocError> {
        let lead = scores.len() - 2;
        let (span, base) = tensor.span::<S>().expect("the mask has the type of the scores");
        let strides = layout::broadcast_strides(tensor.shape(), tensor.strides(), scores);
        let starts = starts(base, &scores[..lead], &strides[..lead])?;
        Ok(Scores { span, starts, row: strides[lead], column: strides[lead + 1] })
    }

    /// Calls `each` with the place and the number of the keys `keys` for one query.
    #[inline(always)]
    fn for_each(&self, (head, query): (usize, usize), keys: &Range<usize>, mut each: impl FnMut(usize, S)) {
        let start = self.starts[head] + query as isize * self.row + keys.start as isize * self.column;
        if self.column == 1 {
            let row = &self.span[start as usize..][..keys.len()];
            row.iter().enumerate().for_each(|(place, &value)| each(place, value));
            return;
        }
        for place in 0..keys.len() {
            each(place, self.span[(start + place as isize * self.column) as usize]);
        }
    }
}

impl<'a, W: Element> Masks<'a, W> {
    pub fn new(mask: Mask<'a>, scores: &[usize]) -> Result<Masks<'a, W>, AllocError> {
        Ok(match mask {
            Mask::All => Masks::All,
            Mask::Causal => Masks::Causal(scores[scores.len() - 1] as isize - scores[scores.len() - 2] as isize),
            Mask::Array(mask) if mask.dtype() == DType::Bool => Masks::Seen(Scores::new(mask, scores)?),
            Mask::Array(mask) => Masks::Added(Scores::new(mask, scores)?),
        })
    }

    /// The keys that some of these queries need: all of them for a query that may see none.
    pub fn reach(&self, queries: Range<usize>, keys: usize) -> usize {
        match self {
            Masks::Causal(shift) if queries.start as isize + shift >= 0 => {
                keys.min((queries.end as isize + shift) as usize)
            }
            Masks::Causal(_) | Masks::All | Masks::Seen(_) | Masks::Added(_) => keys,
        }
    }
}

impl<W: Float + Arith> Masks<'_, W> {
    /// Whether none of these queries has a weight for any of these keys.
    pub fn hides(&self, queries: &Range<usize>, keys: &Range<usize>) -> bool {
        self.reach(queries.clone(), keys.end) <= keys.start
    }

    /// Masks a block of scores.
    pub fn apply(&self, block: &mut Block<W>) {
        if self.covers(block) {
            dispatch(Apply { masks: self, block });
        }
    }

    /// Whether there is something to do for a block.
    pub fn covers(&self, block: &Block<W>) -> bool {
        match self {
            Masks::All => false,
            Masks::Causal(shift) => block.queries().start as isize + shift < block.keys.end as isize - 1,
            Masks::Seen(_) | Masks::Added(_) => true,
        }
    }

    /// Calls `each` with the places of the scores that a query has none of.
    #[inline(always)]
    pub fn for_hidden(&self, place: (usize, usize), keys: &Range<usize>, scores: &mut [W], value: W) {
        match self {
            Masks::All | Masks::Added(_) => {}
            Masks::Causal(shift) => {
                let seen = (place.1 as isize + shift + 1 - keys.start as isize).clamp(0, keys.len() as isize);
                scores[seen as usize..keys.len()].fill(value);
            }
            Masks::Seen(seen) => {
                seen.for_each(place, keys, |i, seen| scores[i] = if seen.get() { scores[i] } else { value });
            }
        }
    }
}

struct Apply<'a, 'b, W> {
    masks: &'a Masks<'a, W>,
    block: &'a mut Block<'b, W>,
}

impl<W: Float + Arith> Kernel for Apply<'_, '_, W> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Apply { masks, block } = self;
        // A finite number, so that a row that sees no key has a softmax.
        let lowest = -<W as Bounded>::max_value();
        for row in 0..block.rows.len() {
            let (place, keys) = (block.place(row), block.keys.clone());
            let scores = &mut block.scores[row * block.width..][..keys.len()];
            if let Masks::Added(added) = masks {
                added.for_each(place, &keys, |i, more| scores[i] += more);
            } else {
                masks.for_hidden(place, &keys, scores, lowest);
            }
        }
    }
}
