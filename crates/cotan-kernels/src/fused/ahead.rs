//! Asks for the memory of the next tile while the steps of this one run.

use smallvec::SmallVec;

use super::TILE;
use crate::simd::prefetch;

/// What a tile, the one after it and the scratch may fill of the first-level cache.
const CACHE: usize = 48 * 1024;

/// The memory that tiles walk through in order: where each operand begins, and the size of its elements.
pub(super) struct Streams {
    operands: SmallVec<[(usize, usize); 8]>,
    /// Bytes of all of them for each element.
    width: usize,
    actions: usize,
    /// Elements of a tile.
    pub tile: usize,
}

impl Streams {
    /// The streams of a program of so many actions with so many bytes of scratch for each element.
    pub fn new(inputs: &[(usize, usize)], outputs: &[(usize, usize)], scratch: usize, actions: usize) -> Streams {
        let bytes: usize = inputs.iter().chain(outputs).map(|operand| operand.1).sum();
        let crowded = (2 * bytes + scratch) * TILE > CACHE;
        let mut operands: SmallVec<[(usize, usize); 8]> = inputs.into();
        // The processor follows a few streams by itself, but not many.
        if crowded {
            operands.extend(outputs.iter().filter(|output| !inputs.contains(output)).copied());
        }
        let width = operands.iter().map(|operand| operand.1).sum();
        Streams { operands, width, actions, tile: if crowded { TILE / 2 } else { TILE } }
    }

    /// Asks for the next `n` elements from place `start` on, a part before each action: all at once they would only wait for
    /// each other. A single action finds its memory without help.
    pub fn ahead(&self, start: usize, n: usize) -> Ahead<'_> {
        let n = if self.actions > 1 { n } else { 0 };
        let share = (n * self.width).div_ceil(self.actions.max(1)).next_multiple_of(64);
        Ahead { streams: self, start, n, share, operand: 0, done: 0 }
    }
}

pub(super) struct Ahead<'a> {
    streams: &'a Streams,
    start: usize,
    n: usize,
    /// Bytes to ask for at a time.
    share: usize,
    operand: usize,
    /// Bytes of that operand asked for so far.
    done: usize,
}

impl Ahead<'_> {
    /// Asks for the next part.
    #[inline]
    pub fn step(&mut self) {
        let mut left = self.share;
        while left > 0
            && let Some(&(base, size)) = self.streams.operands.get(self.operand)
        {
            let bytes = self.n * size;
            let part = left.min(bytes - self.done);
            prefetch((base + self.start * size + self.done) as *const u8, part);
            left -= part;
            self.done += part;
            if self.done == bytes {
                (self.operand, self.done) = (self.operand + 1, 0);
            }
        }
    }
}
