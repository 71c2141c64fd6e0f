//! Products of a few rows with the columns of a quantised matrix, which is read once.

use std::ops::Range;

use super::decode::{Coding, Unpack, Work, run};
use super::rows::{padded, tiles};
use super::{Rounded, Weights, with_coding};
use crate::gemm::{Pieces, Size};
use crate::lanes::Scratch;
use crate::memory::AllocError;
use crate::pool;
use crate::simd::prefetch;
use crate::walk::Shared;

/// Rows of the matrix that are read side by side in one pass.
const DEPTH: usize = 32;
/// Bytes ahead to ask for in each of them.
const AHEAD: usize = 256;

/// Writes `x @ w` to `out`.
pub(super) fn product<S: Rounded>(size: Size, x: &[S], w: &Weights<'_>, out: &mut [f32]) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    // Each tile of the left factor column by column.
    let mut left = Scratch::<f32>::new(padded(m) * k)?;
    for (first, count, height) in tiles(m) {
        let to = &mut left[first * k..][..height * k];
        for (p, to) in to.chunks_exact_mut(height).enumerate() {
            for (i, to) in to.iter_mut().enumerate() {
                *to = x[(first + i.min(count - 1)) * k + p].wide();
            }
        }
    }
    let groups = w.groups();
    let tasks = Pieces { n: groups, count: groups.min(8 * pool::threads()) };
    let len = DEPTH * tasks.len(0);
    let mut constants = Scratch::<[f32; 2]>::new(tasks.count * len)?;
    let mut sums = Scratch::<f32>::new(padded(m) * n)?;
    let (constants, sums, out) = (Shared(constants.as_mut_ptr()), Shared(sums.as_mut_ptr()), Shared(out.as_mut_ptr()));
    pool::parallel_for(tasks.count, w.cost_ns(n * k, m), &|task| {
        // SAFETY: every task has its own part of the scratch.
        let constants = unsafe { std::slice::from_raw_parts_mut(constants.get().add(task * len), len) };
        let groups = tasks.start(task)..tasks.start(task) + tasks.len(task);
        run(Columns { w, left: &left, m, groups, constants, sums, out });
    });
    Ok(())
}

/// The products with some groups of columns of the matrix.
struct Columns<'a> {
    w: &'a Weights<'a>,
    left: &'a [f32],
    m: usize,
    groups: Range<usize>,
    /// Scale and bias of each of the groups in the rows of a pass.
    constants: &'a mut [[f32; 2]],
    /// A row for every row of the left factor.
    sums: Shared<f32>,
    out: Shared<f32>,
}

impl Work for Columns<'_> {
    #[inline(always)]
    unsafe fn run<V: Unpack>(mut self) {
        // SAFETY: the caller's promise.
        with_coding!(self.w, C => unsafe { self.all::<V, C>() });
    }
}

impl Columns<'_> {
    /// # Safety
    /// As for [`Work::run`].
    #[inline(always)]
    unsafe fn all<V: Unpack, C: Coding>(&mut self) {
        let (k, n, width) = (self.w.rows, self.w.columns, self.groups.len());
        let columns = self.groups.start * self.w.group..self.groups.end * self.w.group;
        for p in (0..k).step_by(DEPTH) {
            let depth = DEPTH.min(k - p);
            for (row, constants) in self.constants.chunks_exact_mut(width).take(depth).enumerate() {
                let start = (p + row) * self.w.groups() + self.groups.start;
                self.w.scales.fill(start, 0, constants);
                if let Some(biases) = &self.w.biases {
                    biases.fill(start, 1, constants);
                }
            }
            for (first, _, height) in tiles(self.m) {
                let mut column = columns.start;
                while column < columns.end {
                    let tile = Tile {
                        words: self.w.codes(p, column),
                        row_bytes: self.w.row_bytes(),
                        constants: self.constants.as_ptr(),
                        width,
                        depth,
                        column: column - columns.start,
                        group: self.w.group,
                        x: self.left[first * k + p * height..].as_ptr(),
                        sums: self.sums.get().wrapping_add(first * n + column),
                        row: n,
                        fresh: p == 0,
                    };
                    let strip = if columns.end - column >= 2 * V::LANES { 2 } else { 1 };
                    // SAFETY: the instruction set by the caller's promise; the strip lies within the columns.
                    unsafe { tile.run::<V, C>(height, strip) };
                    column += strip * V::LANES;
                }
            }
        }
        for (first, count, _) in tiles(self.m) {
            for (i, column) in (0..count).flat_map(|i| columns.clone().step_by(V::LANES).map(move |column| (i, column)))
            {
                for lane in 0..V::LANES {
                    let at = (first + i) * n + column;
                    // SAFETY: within the rows of both, of which tasks have different columns.
                    unsafe {
                        *self.out.get().add(at + V::place::<C>(lane)) = *self.sums.get().add(at + lane);
                    }
                }
            }
        }
    }
}

/// A strip of columns in the rows of a pass.
struct Tile {
    words: *const u8,
    row_bytes: usize,
    constants: *const [f32; 2],
    /// Groups in a row of `constants`.
    width: usize,
    depth: usize,
    /// The first column, counted from the first group of the task.
    column: usize,
    group: usize,
    x: *const f32,
    sums: *mut f32,
    row: usize,
    /// Whether the sums begin.
    fresh: bool,
}

impl Tile {
    /// # Safety
    /// As for [`Unpack`]; the tile has `strip` registers of columns, and `height` rows of the left factor.
    #[inline(always)]
    unsafe fn run<V: Unpack, C: Coding>(&self, height: usize, strip: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match (height, strip) {
                (1, 2) => self.strip::<V, C, 1, 2>(),
                (1, _) => self.strip::<V, C, 1, 1>(),
                (2, 2) => self.strip::<V, C, 2, 2>(),
                (2, _) => self.strip::<V, C, 2, 1>(),
                (4, 2) => self.strip::<V, C, 4, 2>(),
                (4, _) => self.strip::<V, C, 4, 1>(),
                (_, 2) => self.strip::<V, C, 8, 2>(),
                (_, _) => self.strip::<V, C, 8, 1>(),
            }
        }
    }

    /// # Safety
    /// As for `run`.
    #[inline(always)]
    unsafe fn strip<V: Unpack, C: Coding, const M: usize, const N: usize>(&self) {
        let groups: [usize; N] = std::array::from_fn(|j| (self.column + j * V::LANES) / self.group);
        // SAFETY: everything below touches `depth` rows of `N` runs of codes, and `M` rows of the left factor and sums.
        unsafe {
            let mut acc = [[V::splat(0.0); N]; M];
            if !self.fresh {
                for (i, acc) in acc.iter_mut().enumerate() {
                    for (j, acc) in acc.iter_mut().enumerate() {
                        *acc = V::load(self.sums.add(i * self.row + j * V::LANES));
                    }
                }
            }
            for p in 0..self.depth {
                let words = self.words.add(p * self.row_bytes);
                prefetch(words.wrapping_add(AHEAD), 1);
                for j in 0..N {
                    let [scale, bias] = *self.constants.add(p * self.width + groups[j]);
                    let group = V::group::<C>(scale, bias);
                    let values = V::values::<C>(words.add(j * V::LANES / 8 * C::BITS), group);
                    for (i, acc) in acc.iter_mut().enumerate() {
                        acc[j] = V::splat(*self.x.add(p * M + i)).mul_add(values, acc[j]);
                    }
                }
            }
            for (i, acc) in acc.iter().enumerate() {
                for (j, acc) in acc.iter().enumerate() {
                    acc.store(self.sums.add(i * self.row + j * V::LANES));
                }
            }
        }
    }
}
