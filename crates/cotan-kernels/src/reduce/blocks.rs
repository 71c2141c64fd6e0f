//! Drives a reduction of an `(outer, r, inner)` space over its middle axis, tile by tile and in parallel.

use std::ops::Range;

use super::folder::{ACC_BYTES, Folder, LANES};
use crate::error::{Failure, KernelError};
use crate::fused::{Bound, Scratch, TILE};
use crate::memory::{AllocError, Block};
use crate::pool;
use crate::walk::Shared;

/// Columns whose accumulators are kept at a time: they stay in the second-level cache. At least a tile.
const BLOCK: usize = 4096;
const _: () = assert!(BLOCK >= TILE);
/// Rows whose columns are summed in the values' own precision; such sums are summed in a wider one.
const ROWS: usize = 32;
/// Rows longer than this are cut, so that one long row keeps all threads busy.
const LONG: usize = 64 * TILE;
/// Columns whose partial results a task joins.
const STRIP: usize = 512;
/// With this many independent pieces of work there is no need to cut the reduced axis.
const ENOUGH: usize = 64;

/// Reduces the wanted value of `bound` over `r`; `out` takes `outer * inner` results.
///
/// Every place is computed exactly once. How the work is cut depends on the sizes alone, so the result does not
/// depend on the number of threads.
///
/// # Safety
/// `bound` was made over `outer * r * inner` places with a wanted value of `fold`'s type, and `out` is writable for
/// `outer * inner` elements of the result's type.
pub(super) unsafe fn run(
    fold: Folder,
    bound: &Bound,
    [outer, r, inner]: [usize; 3],
    out: *mut u8,
) -> Result<(), KernelError> {
    let job = Job { fold, bound, r, inner, out: Shared(out) };
    // SAFETY: promised by the caller.
    unsafe {
        if outer == 0 || inner == 0 {
            Ok(())
        } else if r == 0 {
            job.identity(outer * inner)
        } else if r * inner <= TILE {
            job.groups(outer)
        } else {
            job.pieces(outer)
        }
    }
}

struct Job<'a> {
    fold: Folder,
    bound: &'a Bound,
    r: usize,
    inner: usize,
    out: Shared<u8>,
}

/// How a group of `r * inner` places is cut into pieces that different threads may take.
struct Cut {
    blocks: usize,
    block: usize,
    chunks: usize,
    chunk: usize,
}

impl Cut {
    fn new(outer: usize, r: usize, inner: usize) -> Cut {
        let blocks = inner.div_ceil(BLOCK);
        let block = inner.div_ceil(blocks);
        // Partial results of wide rows take time to join, so there are fewer of them.
        let most = if inner == 1 { ENOUGH } else { ENOUGH / 2 };
        let shortest = (LONG / 2).div_ceil(block).max(r.div_ceil(most));
        let chunks = if outer * blocks >= ENOUGH { 1 } else { r.div_ceil(shortest) };
        let chunk = r.div_ceil(chunks);
        Cut { blocks, block, chunks: r.div_ceil(chunk), chunk }
    }
}

impl Job<'_> {
    /// # Safety
    /// The contract of [`run`].
    unsafe fn identity(&self, n: usize) -> Result<(), KernelError> {
        let acc = Block::alloc(ACC_BYTES * TILE)?;
        for start in (0..n).step_by(TILE) {
            let count = TILE.min(n - start);
            // SAFETY: the block takes `TILE` accumulators and `out` has `n` elements.
            unsafe {
                self.fold.fill(acc.ptr(), count);
                self.fold.finish(acc.ptr(), count, self.result(start));
            }
        }
        Ok(())
    }

    fn result(&self, index: usize) -> *mut u8 {
        self.out.get().wrapping_add(index * self.fold.result.size())
    }

    /// Many small groups: a tile holds several of them.
    ///
    /// # Safety
    /// The contract of [`run`], and a group fits into a tile.
    unsafe fn groups(&self, outer: usize) -> Result<(), KernelError> {
        let size = self.r * self.inner;
        let per_tile = TILE / size;
        let failure = Failure::default();
        let work = |range: Range<usize>| -> Result<(), AllocError> {
            let mut scratch = Scratch::new(self.bound)?;
            let acc = Block::alloc(ACC_BYTES * TILE)?;
            for first in range.clone().step_by(per_tile) {
                let n = per_tile.min(range.end - first);
                // SAFETY: the places lie in the space and at most `TILE` of them; results are this task's own.
                unsafe {
                    let values = self.bound.tile(&mut scratch, first * size, n * size);
                    self.fold.fill(acc.ptr(), n * self.inner);
                    self.fold.groups(values, [n, self.r, self.inner], acc.ptr());
                    self.fold.finish(acc.ptr(), n * self.inner, self.result(first * self.inner));
                }
            }
            Ok(())
        };
        let cost = (self.bound.cost_ns() + 0.3) * size as f32;
        pool::parallel_chunks(outer, per_tile, cost, &|range| {
            let start = range.start;
            if let Err(error) = work(range) {
                failure.set(start, error);
            }
        });
        failure.into_result()
    }

    /// Large groups, cut into pieces; pieces of one group meet in `partial`.
    ///
    /// # Safety
    /// The contract of [`run`].
    unsafe fn pieces(&self, outer: usize) -> Result<(), KernelError> {
        let cut = Cut::new(outer, self.r, self.inner);
        let acc = self.fold.acc;
        let partial = Block::alloc(if cut.chunks > 1 { outer * cut.chunks * self.inner * acc } else { 0 })?;
        let partial_at = Shared(partial.ptr());
        let failure = Failure::default();
        let work = |range: Range<usize>| -> Result<(), AllocError> {
            let mut scratch = Scratch::new(self.bound)?;
            let sums = Block::alloc(BLOCK * (acc + self.fold.lane))?;
            for index in range {
                let (group, rest) = (index / (cut.chunks * cut.blocks), index % (cut.chunks * cut.blocks));
                let (chunk, block) = (rest / cut.blocks, rest % cut.blocks);
                let rows = chunk * cut.chunk..self.r.min((chunk + 1) * cut.chunk);
                let columns = block * cut.block..self.inner.min((block + 1) * cut.block);
                // SAFETY: the piece lies in the space; its results or partial results are its own.
                unsafe {
                    self.piece(&mut scratch, sums.ptr(), group, rows, columns.clone());
                    if cut.chunks == 1 {
                        let to = self.result(group * self.inner + columns.start);
                        self.fold.finish(sums.ptr(), columns.len(), to);
                    } else {
                        let at = ((group * cut.chunks + chunk) * self.inner + columns.start) * acc;
                        std::ptr::copy_nonoverlapping(sums.ptr(), partial_at.get().add(at), columns.len() * acc);
                    }
                }
            }
            Ok(())
        };
        let pieces = outer * cut.chunks * cut.blocks;
        let cost = self.bound.total() as f32 * self.bound.cost_ns() / pieces as f32;
        pool::parallel_chunks(pieces, 1, cost, &|range| {
            let start = range.start;
            if let Err(error) = work(range) {
                failure.set(start, error);
            }
        });
        failure.into_result()?;
        if cut.chunks > 1 {
            let (cost, strips) = ((outer * cut.chunks * self.inner) as u64, self.inner.div_ceil(STRIP));
            pool::parallel_for(outer * strips, cost, &|index| {
                let (group, start) = (index / strips, index % strips * STRIP);
                let columns = start..self.inner.min(start + STRIP);
                // SAFETY: all partial results have been written; each task joins columns of its own.
                unsafe {
                    let at =
                        |chunk| partial_at.get().add(((group * cut.chunks + chunk) * self.inner + columns.start) * acc);
                    for chunk in 1..cut.chunks {
                        self.fold.merge(at(chunk), columns.len(), at(0));
                    }
                    self.fold.finish(at(0), columns.len(), self.result(group * self.inner + columns.start));
                }
            });
        }
        Ok(())
    }

    /// Reduces some rows and columns of one group into the first `columns.len()` accumulators of `sums`.
    ///
    /// # Safety
    /// The contract of [`run`]; the piece lies within the space, and `sums` takes `BLOCK` accumulators.
    unsafe fn piece(
        &self,
        scratch: &mut Scratch,
        sums: *mut u8,
        group: usize,
        rows: Range<usize>,
        columns: Range<usize>,
    ) {
        let (fold, first) = (&self.fold, group * self.r * self.inner);
        // Narrow rows are taken several at a time, side by side, and joined at the end.
        let abreast = if columns.len() == self.inner { (TILE / self.inner).max(1) } else { 1 };
        // SAFETY: tiles lie within the piece; at most `BLOCK` accumulators are used, and lanes lie behind them.
        unsafe {
            if self.inner == 1 {
                fold.fill(sums, LANES);
                if let Some(values) = self.bound.in_memory(first + rows.start) {
                    fold.lanes(values, rows.len(), sums);
                } else {
                    for start in rows.clone().step_by(TILE) {
                        let n = TILE.min(rows.end - start);
                        fold.lanes(self.bound.tile(scratch, first + start, n), n, sums);
                    }
                }
                fold.total(sums);
                return;
            }
            let (width, lanes) = (abreast * columns.len(), sums.add(BLOCK * fold.acc));
            fold.fill(sums, width);
            for block in rows.clone().step_by(abreast * ROWS) {
                fold.clear(lanes, width);
                let end = rows.end.min(block + abreast * ROWS);
                for row in (block..end).step_by(abreast) {
                    // Rows abreast are one tile; a row alone may need several.
                    let n = abreast.min(end - row) * columns.len();
                    let place = first + row * self.inner + columns.start;
                    for at in (0..n).step_by(TILE) {
                        let n = TILE.min(n - at);
                        fold.columns(self.bound.tile(scratch, place + at, n), n, lanes.add(at * fold.lane));
                    }
                }
                fold.flush(lanes, width, sums);
            }
            for k in 1..abreast {
                fold.merge(sums.add(k * self.inner * fold.acc), self.inner, sums);
            }
        }
    }
}
