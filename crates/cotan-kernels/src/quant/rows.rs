//! Products of a few rows with the rows of a quantised matrix, which is read once.

use super::decode::{Coding, Unpack, Work, run};
use super::{Rounded, Weights, with_coding};
use crate::gemm::{Pieces, Size};
use crate::lanes::Scratch;
use crate::memory::AllocError;
use crate::pool;
use crate::simd::prefetch;
use crate::walk::Shared;

/// Rows of the matrix that are multiplied side by side: their sums don't wait for each other.
const BLOCK: usize = 4;

/// How many rows of the left factor are multiplied at a time, and how many of them there are: the rest of a tile repeats.
pub(super) fn tiles(m: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..m.div_ceil(8)).map(move |tile| {
        let (first, count) = (8 * tile, (m - 8 * tile).min(8));
        (first, count, count.next_power_of_two())
    })
}

/// Rows with those that complete the last tile.
pub(super) fn padded(m: usize) -> usize {
    tiles(m).map(|(.., height)| height).sum()
}

/// Writes `x @ w^T` to `out`.
pub(super) fn product<S: Rounded>(size: Size, x: &[S], w: &Weights<'_>, out: &mut [f32]) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    let mut left = Scratch::new(padded(m) * k)?;
    run(PackRows { x, w, size, left: &mut left });
    let blocks = n.div_ceil(BLOCK);
    let tasks = Pieces { n: blocks, count: blocks.min((8 * pool::threads()).max(blocks / 256)) };
    let len = BLOCK * w.groups();
    let mut constants = Scratch::<[f32; 2]>::new(tasks.count * len)?;
    let (constants, out) = (Shared(constants.as_mut_ptr()), Shared(out.as_mut_ptr()));
    pool::parallel_for(tasks.count, w.cost_ns(n * k, m), &|task| {
        // SAFETY: every task has its own part of the scratch.
        let constants = unsafe { std::slice::from_raw_parts_mut(constants.get().add(task * len), len) };
        let rows = tasks.start(task) * BLOCK..n.min((tasks.start(task) + tasks.len(task)) * BLOCK);
        run(Dots { w, left: &left, m, rows, constants, out });
    });
    Ok(())
}

/// Puts the rows of the left factor into the order in which codes are decoded.
struct PackRows<'a, S> {
    x: &'a [S],
    w: &'a Weights<'a>,
    size: Size,
    left: &'a mut [f32],
}

impl<S: Rounded> Work for PackRows<'_, S> {
    #[inline(always)]
    unsafe fn run<V: Unpack>(mut self) {
        with_coding!(self.w, C => self.pack::<V, C>());
    }
}

impl<S: Rounded> PackRows<'_, S> {
    #[inline(always)]
    fn pack<V: Unpack, C: Coding>(&mut self) {
        let k = self.size.k;
        let rows = |(first, count, height)| (0..height).map(move |row| (first, count, row));
        for (first, count, row) in tiles(self.size.m).flat_map(rows) {
            let from = &self.x[(first + row.min(count - 1)) * k..][..k];
            let to = &mut self.left[(first + row) * k..][..k];
            for (from, to) in from.chunks_exact(V::LANES).zip(to.chunks_exact_mut(V::LANES)) {
                for (lane, to) in to.iter_mut().enumerate() {
                    *to = from[V::place::<C>(lane)].wide();
                }
            }
        }
    }
}

/// The products with some rows of the matrix.
struct Dots<'a> {
    w: &'a Weights<'a>,
    left: &'a [f32],
    m: usize,
    rows: std::ops::Range<usize>,
    /// Scale and bias of each group of a block of rows.
    constants: &'a mut [[f32; 2]],
    out: Shared<f32>,
}

impl Work for Dots<'_> {
    #[inline(always)]
    unsafe fn run<V: Unpack>(mut self) {
        // SAFETY: the caller's promise.
        with_coding!(self.w, C => unsafe { self.all::<V, C>() });
    }
}

impl Dots<'_> {
    /// # Safety
    /// As for [`Work::run`].
    #[inline(always)]
    unsafe fn all<V: Unpack, C: Coding>(&mut self) {
        let (groups, k) = (self.w.groups(), self.w.columns);
        for first in self.rows.clone().step_by(BLOCK) {
            let rows: [usize; BLOCK] = std::array::from_fn(|r| (first + r).min(self.rows.end - 1));
            for (row, constants) in rows.iter().zip(self.constants.chunks_exact_mut(groups)) {
                self.w.scales.fill(row * groups, 0, constants);
                if let Some(biases) = &self.w.biases {
                    biases.fill(row * groups, 1, constants);
                }
            }
            let valid = BLOCK.min(self.rows.end - first);
            for (start, count, height) in tiles(self.m) {
                let tile = |half: usize| Tile {
                    words: rows.map(|row| self.w.codes(row, 0)),
                    first: half,
                    ahead: BLOCK * self.w.row_bytes(),
                    constants: self.constants.as_ptr(),
                    groups,
                    steps: self.w.group / V::LANES,
                    x: self.left[start * k..].as_ptr(),
                    k,
                };
                let mut sums = [[0.0; 8]; BLOCK];
                // SAFETY: the instruction set by the caller's promise; rows of the matrix and of the left factor have
                // `k` elements in `groups` groups.
                unsafe {
                    match (height, V::LANES) {
                        (1, _) => dots::<V, C, 4, 1>(&tile(0), &mut sums),
                        (2, _) => dots::<V, C, 4, 2>(&tile(0), &mut sums),
                        (4, 16) => dots::<V, C, 4, 4>(&tile(0), &mut sums),
                        (4, _) => (0..2).for_each(|i| dots::<V, C, 2, 4>(&tile(2 * i), &mut sums)),
                        (_, 16) => (0..2).for_each(|i| dots::<V, C, 2, 8>(&tile(2 * i), &mut sums)),
                        (_, _) => (0..4).for_each(|i| dots::<V, C, 1, 8>(&tile(i), &mut sums)),
                    }
                }
                let n = self.w.rows;
                for (r, sums) in sums.iter().enumerate().take(valid) {
                    for (i, &sum) in sums.iter().enumerate().take(count) {
                        // SAFETY: row `start + i < m` and column `first + r < n`; tasks have different columns.
                        unsafe { *self.out.get().add((start + i) * n + first + r) = sum };
                    }
                }
            }
        }
    }
}

/// Rows of the matrix by rows of the left factor.
struct Tile {
    words: [*const u8; BLOCK],
    /// The first row of the block to multiply.
    first: usize,
    /// Bytes to the row that comes after the block.
    ahead: usize,
    constants: *const [f32; 2],
    groups: usize,
    steps: usize,
    x: *const f32,
    k: usize,
}

/// # Safety
/// As for [`Unpack`]; the tile is readable over `R` rows of the matrix from the first on, and `M` of the left factor.
#[inline(always)]
unsafe fn dots<V: Unpack, C: Coding, const R: usize, const M: usize>(t: &Tile, sums: &mut [[f32; 8]; BLOCK]) {
    // SAFETY: everything below touches `groups` times `steps` runs of codes and of elements in each row.
    unsafe {
        let mut acc = [[V::splat(0.0); M]; R];
        let mut words: [*const u8; R] = std::array::from_fn(|r| t.words[t.first + r]);
        let mut x = t.x;
        for group in 0..t.groups {
            let mut groups = [[V::splat(0.0); 2]; R];
            for r in 0..R {
                prefetch(words[r].wrapping_add(t.ahead), 1);
                let [scale, bias] = *t.constants.add((t.first + r) * t.groups + group);
                groups[r] = V::group::<C>(scale, bias);
            }
            for _ in 0..t.steps {
                for r in 0..R {
                    let values = V::values::<C>(words[r], groups[r]);
                    for (m, acc) in acc[r].iter_mut().enumerate() {
                        *acc = V::load(x.add(m * t.k)).mul_add(values, *acc);
                    }
                    words[r] = words[r].add(V::LANES / 8 * C::BITS);
                }
                x = x.add(V::LANES);
            }
        }
        for (r, acc) in acc.iter().enumerate() {
            for (m, acc) in acc.iter().enumerate() {
                sums[t.first + r][m] = acc.sum();
            }
        }
    }
}
