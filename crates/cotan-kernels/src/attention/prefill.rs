//! Attention of many queries: keys and values are packed once for all queries that share them.

use std::ops::Range;

use super::operands::{Problem, Sizes};
use super::rows::{Block, Finish, LANES, Online, Running, Widen, queries};
use super::{Results, Scored};
use crate::error::{Failure, KernelError};
use crate::gemm::{Coefs, Out, Pieces, Size, View, cost_ns, product_in_place};
use crate::lanes::Scratch;
use crate::memory::AllocError;
use crate::pool;
use crate::simd::{Float, dispatch};
use crate::walk::Shared;

/// Rows of a block of scores, at most.
pub(super) const ROWS: usize = 96;
/// Keys of a block of scores.
pub(super) const KEYS: usize = 192;
/// Queries from which on blocks don't reach over several heads.
const MANY_QUERIES: usize = 32;
/// Tasks that are worth starting at a time; more keys are packed only after them, to bound the memory.
const TASKS: usize = 64;

/// How the rows of a pair are cut into blocks.
#[derive(Clone, Copy)]
pub(super) struct RowBlocks {
    pieces: Pieces,
    pub count: usize,
}

impl RowBlocks {
    pub fn new(sizes: &Sizes, most: usize) -> RowBlocks {
        let span = if sizes.queries >= MANY_QUERIES { sizes.queries } else { sizes.rows() };
        let pieces = Pieces::new(span, most);
        RowBlocks { pieces, count: pieces.count * (sizes.rows() / span) }
    }

    pub fn range(&self, block: usize) -> Range<usize> {
        let (span, piece) = (block / self.pieces.count, block % self.pieces.count);
        let start = span * self.pieces.n + self.pieces.start(piece);
        start..start + self.pieces.len(piece)
    }
}

/// Distance between the rows of a block of scores.
pub(super) fn width(keys: usize) -> usize {
    KEYS.min(keys.next_multiple_of(LANES))
}

/// The keys of a block.
pub(super) fn key_block(block: usize, keys: usize) -> Range<usize> {
    block * KEYS..keys.min((block + 1) * KEYS)
}

/// `out = alpha * a @ b + beta * out` on this thread's own.
///
/// # Safety
/// As for [`product_in_place`].
pub(super) unsafe fn product<W: crate::gemm::Kerneled>(
    size: Size,
    a: View<W>,
    b: View<W>,
    out: Out<W>,
    coefs: Coefs<W>,
) {
    if size.m == 0 || size.n == 0 {
        return;
    }
    if size.k > 0 {
        // SAFETY: the caller's promise.
        return unsafe { product_in_place(size, a, b, out, coefs) };
    }
    for i in 0..size.m {
        // SAFETY: a row of the caller's result.
        let row = unsafe { std::slice::from_raw_parts_mut(out.from(i, 0).ptr, size.n) };
        row.iter_mut().for_each(|c| *c = if coefs.beta == W::zero() { W::zero() } else { coefs.beta * *c });
    }
}

/// Attention of all rows.
pub(super) fn run<T: Scored>(problem: &Problem<T>, to: Results<T>) -> Result<(), KernelError> {
    let Sizes { pairs, keys, features, outputs, .. } = problem.sizes;
    let blocks = RowBlocks::new(&problem.sizes, ROWS);
    let key_blocks = keys.div_ceil(KEYS);
    let left = keys.next_multiple_of(LANES).saturating_mul(features);
    // Repeated keys may be more than memory could hold: such a scratch is refused.
    let len = left.saturating_add(keys.saturating_mul(outputs));
    let wave = TASKS.div_ceil(blocks.count).min(pairs);
    let mut packed = Scratch::<T::W>::new(wave.saturating_mul(len))?;
    let packed = Shared(packed.as_mut_ptr());
    let failure = Failure::default();
    for first in (0..pairs).step_by(wave) {
        let count = wave.min(pairs - first);
        let elements = count * keys * (features + outputs);
        pool::parallel_for(count * key_blocks, elements as u64 / 2, &|task| {
            let (pair, block) = (task / key_blocks, task % key_blocks);
            let keys = key_block(block, keys);
            let to = packed.get().wrapping_add(pair * len);
            let (k, v) = (to.wrapping_add(keys.start * features), to.wrapping_add(left + keys.start * outputs));
            // SAFETY: rows of keys and values that exist, to places that only this task writes.
            unsafe { pack(problem, first + pair, keys, k, v) };
        });
        let products = count * problem.sizes.rows() * keys * (features + outputs);
        pool::parallel_for(count * blocks.count, cost_ns::<T::W>(products), &|task| {
            // The last queries see most keys under a causal mask, and begin.
            let (pair, block) = (task / blocks.count, blocks.count - 1 - task % blocks.count);
            let k = packed.get().wrapping_add(pair * len).cast_const();
            let task = Task { problem, pair: first + pair, rows: blocks.range(block), k, v: k.wrapping_add(left) };
            if let Err(error) = task.run(to) {
                failure.set(first + pair, error);
            }
        });
    }
    failure.into_result()
}

/// Packs some keys as columns and their values as rows.
///
/// # Safety
/// There is room for the keys, filled up to whole vectors, and for the values.
unsafe fn pack<T: Scored>(problem: &Problem<T>, pair: usize, keys: Range<usize>, k: *mut T::W, v: *mut T::W) {
    let Sizes { features, outputs, .. } = problem.sizes;
    let (columns, rows) = (problem.k.view(pair, keys.start).transposed(), problem.v.view(pair, keys.start));
    let width = width(keys.len());
    // SAFETY: the caller's promise; rows of both exist.
    unsafe {
        for feature in 0..features {
            std::slice::from_raw_parts_mut(k.add(feature * width + keys.len()), width - keys.len())
                .fill(num_traits::zero());
        }
        pack_columns::<T>(columns, features, keys.len(), width, k);
        T::pack_right(rows, keys.len(), outputs, outputs, v);
    }
}

/// Writes element (p, j) of `from`, whose columns are contiguous, to `to[p * width + j]`.
///
/// # Safety
/// `from` has `depth` rows and `count` columns, `to` has room.
pub(super) unsafe fn pack_columns<T: Scored>(from: View<T>, depth: usize, count: usize, width: usize, to: *mut T::W) {
    // SAFETY: the caller's promise.
    unsafe { (T::readers().columns)(from, depth, count, width, to) }
}

/// Some rows of a pair.
struct Task<'a, 'b, T: Scored> {
    problem: &'a Problem<'b, T>,
    pair: usize,
    rows: Range<usize>,
    /// The packed keys and values of the pair.
    k: *const T::W,
    v: *const T::W,
}

impl<T: Scored> Task<'_, '_, T> {
    fn run(&self, to: Results<T>) -> Result<(), AllocError> {
        let Task { problem, pair, .. } = *self;
        let Sizes { heads, queries: of_head, keys, features, outputs, .. } = problem.sizes;
        let count = self.rows.len();
        let mut scratch = Scratch::<T::W>::new(count * (features + width(keys) + outputs + 1))?;
        let mut total = Scratch::<f64>::new(count)?;
        let (q, rest) = scratch.split_at_mut(count * features);
        let width = width(keys);
        let (scores, rest) = rest.split_at_mut(count * width);
        let (mixed, top) = rest.split_at_mut(count * outputs);
        for (row, to) in self.rows.clone().zip(q.chunks_exact_mut(features.max(1))) {
            let (head, query) = problem.place(pair, row);
            dispatch(Widen { from: problem.q.row(head, query), to, factor: problem.scale });
        }
        let mut running = Running { top, total: &mut total, mixed, outputs };
        running.start(|row| problem.sinks.as_ref().map(|sinks| sinks[problem.place(pair, self.rows.start + row).0]));
        let reach = problem.mask.reach(queries(&self.rows, of_head), keys);
        let q = View { ptr: q.as_ptr(), row: features as isize, col: 1 };
        for block in 0..reach.div_ceil(KEYS) {
            let keys = key_block(block, keys);
            let (rows, n) = (self.rows.clone(), keys.len());
            let mut block = Block {
                scores: &mut *scores,
                width,
                rows,
                keys: keys.clone(),
                first_head: pair * heads,
                queries: of_head,
            };
            // SAFETY: `pack` has filled these panels; scores and sums have room for the rows.
            unsafe {
                let k = View {
                    ptr: self.k.wrapping_add(keys.start * features),
                    row: n.next_multiple_of(LANES) as isize,
                    col: 1,
                };
                let out = Out { ptr: block.scores.as_mut_ptr(), row: width };
                product(
                    Size { m: count, n, k: features },
                    q,
                    k,
                    out,
                    Coefs { alpha: num_traits::one(), beta: num_traits::zero() },
                );
            }
            problem.mask.apply(&mut block);
            dispatch(Online { block: &mut block, running: &mut running });
            let weights = View { ptr: block.scores.as_ptr(), row: width as isize, col: 1 };
            let beta = <T::W as Float>::from_f64(if keys.start == 0 { 0.0 } else { 1.0 });
            // SAFETY: as above.
            unsafe {
                let v = View { ptr: self.v.wrapping_add(keys.start * outputs), row: outputs as isize, col: 1 };
                let out = Out { ptr: running.mixed.as_mut_ptr(), row: outputs };
                product(Size { m: count, n: outputs, k: n }, weights, v, out, Coefs { alpha: num_traits::one(), beta });
            }
        }
        dispatch(Finish { running: &running, first: pair * problem.sizes.rows() + self.rows.start, to });
        Ok(())
    }
}
