//! Gradients of attention: blocks of the scores are computed again, keys outside, queries inside.

use std::ops::Range;

use super::operands::{Matrices, Problem, Sizes, contiguous, contiguous_rows};
use super::prefill::{KEYS, RowBlocks, key_block, pack_columns, product, width};
use super::rows::{Block, Slopes, Widen, dot, queries};
use super::{Attention, AttentionGrads, Scored};
use crate::error::{Failure, KernelError};
use crate::gemm::{Coefs, Kerneled, Out, Pieces, Size, Stored, Tile, View, cost_ns};
use crate::lanes::Scratch;
use crate::memory::AllocError;
use crate::pool;
use crate::simd::{Float, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{Element, layout};

/// Rows of a block of scores, at most.
const ROWS: usize = 96;
/// Tasks that are worth starting at a time: the memory is that of so many.
const TASKS: usize = 16;

/// What the forward pass left and what its result's cotangent is.
pub(super) struct Given<'a> {
    pub out: &'a Tensor,
    pub stats: &'a Tensor,
    pub cotangent: &'a Tensor,
}

pub(super) fn run<T: Scored>(operands: Attention, given: &Given) -> Result<AttentionGrads, KernelError> {
    let new = |tensor: &Tensor| Output::new(T::DTYPE, tensor.shape());
    let (mut q, mut k, mut v) = (new(operands.q)?, new(operands.k)?, new(operands.v)?);
    let heads = &operands.q.shape()[..operands.q.shape().len() - 2];
    let mut sinks = operands.sinks.map(|_| Output::new(<T::W as Element>::DTYPE, heads)).transpose()?;
    let scores = layout::len(heads) * operands.q.shape()[heads.len()] * operands.k.shape()[heads.len()];
    if scores == 0 {
        [Some(&mut q), Some(&mut k), Some(&mut v), sinks.as_mut()]
            .into_iter()
            .flatten()
            .for_each(|out| out.bytes_mut().fill(0));
    } else {
        let held = contiguous(operands)?;
        let (out, cotangent) = (contiguous_rows(given.out)?, contiguous_rows(given.cotangent)?);
        let stats = given.stats.to_row_major()?;
        let problem = Problem::<T>::new(&held)?;
        let backward = Backward {
            out: Matrices::new(&out)?,
            cotangent: Matrices::new(&cotangent)?,
            stats: stats.as_slice().expect("made in order"),
            to: [&mut q, &mut k, &mut v].map(|out| Shared(out.slice_mut::<T>().as_mut_ptr())),
            problem: &problem,
        };
        backward.run(sinks.as_mut().map(Output::slice_mut))?;
    }
    let [q, k, v] = [q, k, v].map(Output::finish);
    Ok(AttentionGrads { q, k, v, sinks: sinks.map(Output::finish) })
}

struct Backward<'a, T: Scored> {
    problem: &'a Problem<'a, T>,
    out: Matrices<'a, T>,
    cotangent: Matrices<'a, T>,
    stats: &'a [T::W],
    /// The gradients for queries, keys and values.
    to: [Shared<T>; 3],
}

/// What tasks read and add to for one pair, in the type that is computed in.
#[derive(Clone, Copy)]
struct Shelf<W> {
    /// Queries, times the scale.
    q: Shared<W>,
    cotangent: Shared<W>,
    /// The product of each row of the result with its cotangent.
    slope: Shared<W>,
    /// Gradients for the queries, all of them for each part of the keys.
    grads: Shared<W>,
}

impl<T: Scored> Backward<'_, T> {
    fn run(&self, mut sinks: Option<&mut [T::W]>) -> Result<(), KernelError> {
        let sizes @ Sizes { pairs, keys, features, outputs, .. } = self.problem.sizes;
        let (rows, key_blocks) = (sizes.rows(), keys.div_ceil(KEYS));
        // How the keys are cut follows from the sizes alone, and so does how sums are rounded.
        let parts = Pieces { n: key_blocks, count: TASKS.div_ceil(pairs).min(key_blocks) };
        let blocks = RowBlocks::new(&sizes, ROWS);
        // Vectors that reach over the end of a row of cotangents find room behind the slopes.
        let slopes = rows.next_multiple_of(64);
        let len = slopes + rows * (features + outputs + parts.count * features);
        let wave = TASKS.div_ceil(parts.count).min(pairs);
        let mut scratch = Scratch::<T::W>::new(wave.saturating_mul(len))?;
        let base = Shared(scratch.as_mut_ptr());
        let shelf = |pair: usize| {
            let q = base.get().wrapping_add(pair * len);
            let cotangent = q.wrapping_add(rows * features);
            let slope = cotangent.wrapping_add(rows * outputs);
            Shelf {
                q: Shared(q),
                cotangent: Shared(cotangent),
                slope: Shared(slope),
                grads: Shared(slope.wrapping_add(slopes)),
            }
        };
        let failure = Failure::default();
        for first in (0..pairs).step_by(wave) {
            let count = wave.min(pairs - first);
            let elements = count * rows * (features + 2 * outputs);
            pool::parallel_for(count * blocks.count, elements as u64 / 2, &|task| {
                let (pair, block) = (task / blocks.count, task % blocks.count);
                self.prepare(first + pair, blocks.range(block), shelf(pair));
            });
            let products = count * rows * keys * (3 * features + 2 * outputs);
            pool::parallel_for(count * parts.count, cost_ns::<T::W>(products), &|task| {
                let (pair, part) = (task / parts.count, task % parts.count);
                let keys = parts.start(part)..parts.start(part) + parts.len(part);
                let task = Task { backward: self, pair: first + pair, shelf: shelf(pair), part, blocks };
                if let Err(error) = task.run(keys) {
                    failure.set(first + pair, error);
                }
            });
            pool::parallel_for(count * blocks.count, (count * rows * features) as u64, &|task| {
                let (pair, block) = (task / blocks.count, task % blocks.count);
                self.finish(first + pair, blocks.range(block), shelf(pair), parts.count);
            });
            if let Some(sinks) = &mut sinks {
                (0..count).for_each(|pair| self.sinks(first + pair, shelf(pair), sinks));
            }
        }
        failure.into_result()
    }

    /// Widens some rows of queries and of cotangents.
    fn prepare(&self, pair: usize, rows: Range<usize>, shelf: Shelf<T::W>) {
        let Sizes { features, outputs, .. } = self.problem.sizes;
        for row in rows {
            let (head, query) = self.problem.place(pair, row);
            // SAFETY: the shelf has a row of each kind for every row of the pair, and tasks take different rows.
            let (q, cotangent, slope) = unsafe {
                (
                    std::slice::from_raw_parts_mut(shelf.q.get().add(row * features), features),
                    std::slice::from_raw_parts_mut(shelf.cotangent.get().add(row * outputs), outputs),
                    &mut *shelf.slope.get().add(row),
                )
            };
            dispatch(Widen { from: self.problem.q.row(head, query), to: q, factor: self.problem.scale });
            let given = self.cotangent.row(head, query);
            dispatch(Widen { from: given, to: &mut *cotangent, factor: num_traits::one() });
            *slope = <T::W as Float>::from_f64(dot(cotangent, self.out.row(head, query)));
        }
    }

    /// Sums the gradients for some queries over the parts of the keys.
    fn finish(&self, pair: usize, rows: Range<usize>, shelf: Shelf<T::W>, parts: usize) {
        let (all, features) = (self.problem.sizes.rows(), self.problem.sizes.features);
        let (start, len) = (rows.start * features, rows.len() * features);
        // SAFETY: so many rows of every part, of which the first part's are summed into; and those of the result.
        let (total, out) = unsafe {
            (
                std::slice::from_raw_parts_mut(shelf.grads.get().add(start), len),
                std::slice::from_raw_parts_mut(self.to[0].get().add(pair * all * features + start), len),
            )
        };
        for part in 1..parts {
            // SAFETY: as above.
            let more = unsafe { std::slice::from_raw_parts(shelf.grads.get().add(part * all * features + start), len) };
            total.iter_mut().zip(more).for_each(|(total, &more)| *total += more);
        }
        out.iter_mut().zip(total).for_each(|(out, &mut total)| *out = T::narrow(total));
    }

    /// The gradients for the sinks of the heads of a pair.
    fn sinks(&self, pair: usize, shelf: Shelf<T::W>, to: &mut [T::W]) {
        let Sizes { heads, queries, .. } = self.problem.sizes;
        let Some(sinks) = &self.problem.sinks else { return };
        for head in 0..heads {
            let at = pair * heads + head;
            let part = |query: usize| {
                let row = head * queries + query;
                let stats = &self.stats[2 * (at * queries + query)..];
                // SAFETY: the shelf has one for every row.
                let slope = unsafe { *shelf.slope.get().add(row) };
                (sinks[at].to_f64() - stats[0].to_f64()).exp() * stats[1].to_f64() * slope.to_f64()
            };
            to[at] = <T::W as Float>::from_f64(-(0..queries).map(part).sum::<f64>());
        }
    }
}

/// Most rows of a panel.
const PANEL: usize = 16;

/// `out += a @ b` for `a` with contiguous columns, of which some at a time are put side by side in `panel`.
///
/// # Safety
/// The operands have the shapes that `size` says, whole vectors can be read in the rows of `b`, and `panel` has room for
/// `PANEL` columns.
unsafe fn add_product<W: Kerneled + Stored<Real = W>>(size: Size, a: View<W>, b: View<W>, out: Out<W>, panel: *mut W) {
    let Size { m, n, k } = size;
    let kernels = W::kernels();
    let panels = Pieces::new(m, kernels.packed.len());
    let width = kernels.packed[0].len() * kernels.lanes;
    for index in 0..panels.count {
        let (start, rows) = (panels.start(index), panels.len(index));
        // SAFETY: rows of `a`, and so many fit the panel.
        unsafe { W::pack_left(a.from(start, 0), rows, k, panel) };
        for column in (0..n).step_by(width) {
            let cols = width.min(n - column);
            let tile = Tile {
                k,
                a: panel,
                a_row: 1,
                a_col: rows as isize,
                b: b.at(0, column),
                b_row: b.row,
                ahead: [0; 2],
                c: out.from(start, column).ptr,
                c_row: out.row,
                cols,
                alpha: W::one(),
                beta: W::one(),
            };
            // SAFETY: the caller's promise; the entry is for this many rows and vectors.
            unsafe { (kernels.packed[rows - 1][cols.div_ceil(kernels.lanes) - 1])(&tile) };
        }
    }
}

/// Some keys of a pair.
struct Task<'a, T: Scored> {
    backward: &'a Backward<'a, T>,
    pair: usize,
    shelf: Shelf<T::W>,
    part: usize,
    blocks: RowBlocks,
}

/// Room for a block of keys: as columns and as rows, values as columns, their gradients, and two blocks of scores.
struct Room<'a, W> {
    key_columns: &'a mut [W],
    keys: &'a mut [W],
    key_grads: &'a mut [W],
    value_columns: &'a mut [W],
    value_grads: &'a mut [W],
    scores: &'a mut [W],
    slopes: &'a mut [W],
    /// For some columns of a block of scores.
    panel: &'a mut [W],
    /// Keys that there is room for, which is how far rows of scores are apart.
    width: usize,
}

impl<T: Scored> Task<'_, T> {
    fn run(&self, key_blocks: Range<usize>) -> Result<(), AllocError> {
        let Sizes { keys, features, outputs, .. } = self.backward.problem.sizes;
        let rows = self.backward.problem.sizes.rows();
        let (width, most) = (width(keys), rows.min(ROWS));
        let mut scratch = Scratch::<T::W>::new(width * (3 * features + 2 * outputs + 2 * most) + PANEL * most)?;
        let mut rest = &mut scratch[..];
        let mut take = |len: usize| {
            let (taken, left) = std::mem::take(&mut rest).split_at_mut(width * len);
            rest = left;
            taken
        };
        let mut room = Room {
            key_columns: take(features),
            keys: take(features),
            key_grads: take(features),
            value_columns: take(outputs),
            value_grads: take(outputs),
            scores: take(most),
            slopes: take(most),
            panel: rest,
            width,
        };
        // SAFETY: the gradients for all queries of this part, which only this task writes.
        unsafe {
            let grads = self.shelf.grads.get().add(self.part * rows * features);
            std::slice::from_raw_parts_mut(grads, rows * features).fill(num_traits::zero());
        }
        for block in key_blocks {
            let keys = key_block(block, keys);
            self.load(&keys, &mut room);
            for block in 0..self.blocks.count {
                self.block(self.blocks.range(block), &keys, &mut room);
            }
            self.store(&keys, &room);
        }
        Ok(())
    }

    /// Packs the keys and values of a block, and zeroes their gradients.
    fn load(&self, keys: &Range<usize>, room: &mut Room<T::W>) {
        let Problem { k, v, sizes: Sizes { features, outputs, .. }, .. } = self.backward.problem;
        let (k, v) = (k.view(self.pair, keys.start), v.view(self.pair, keys.start));
        // SAFETY: so many rows of both exist, and the room is for `width` of them.
        unsafe {
            T::pack_right(k, keys.len(), *features, *features, room.keys.as_mut_ptr());
            pack_columns::<T>(k.transposed(), *features, keys.len(), room.width, room.key_columns.as_mut_ptr());
            pack_columns::<T>(v.transposed(), *outputs, keys.len(), room.width, room.value_columns.as_mut_ptr());
        }
        room.key_grads.fill(num_traits::zero());
        room.value_grads.fill(num_traits::zero());
    }

    /// Adds what a block of scores contributes to all gradients.
    fn block(&self, rows: Range<usize>, keys: &Range<usize>, room: &mut Room<T::W>) {
        let problem = self.backward.problem;
        let Sizes { heads, queries: of_head, features, outputs, .. } = problem.sizes;
        if problem.mask.hides(&queries(&rows, of_head), keys) {
            return;
        }
        let (m, n, one, zero) = (rows.len(), keys.len(), num_traits::one(), num_traits::zero());
        let all = problem.sizes.rows();
        let at = |ptr: *const T::W, row: usize| View { ptr, row: row as isize, col: 1 };
        let to = |slice: &mut [T::W], row: usize| Out { ptr: slice.as_mut_ptr(), row };
        let q = at(self.shelf.q.get().wrapping_add(rows.start * features), features);
        let cotangent = at(self.shelf.cotangent.get().wrapping_add(rows.start * outputs), outputs);
        let new = Coefs { alpha: one, beta: zero };
        // SAFETY: `load` and `prepare` have filled the operands, and the room is for blocks of this size.
        unsafe {
            let k = at(room.key_columns.as_ptr(), room.width);
            product(Size { m, n, k: features }, q, k, to(room.scores, room.width), new);
            let v = at(room.value_columns.as_ptr(), room.width);
            product(Size { m, n, k: outputs }, cotangent, v, to(room.slopes, room.width), new);
        }
        let first = self.pair * all + rows.start;
        let stats = &self.backward.stats[2 * first..][..2 * m];
        // SAFETY: the shelf has one for every row.
        let slope = unsafe { std::slice::from_raw_parts(self.shelf.slope.get().add(rows.start), m) };
        let grads = self.shelf.grads.get().wrapping_add((self.part * all + rows.start) * features);
        let mut block = Block {
            scores: &mut *room.scores,
            width: room.width,
            rows,
            keys: keys.clone(),
            first_head: self.pair * heads,
            queries: of_head,
        };
        problem.mask.apply(&mut block);
        dispatch(Slopes { block: &mut block, slopes: room.slopes, stats, slope, masks: &problem.mask });
        let weights = at(block.scores.as_ptr(), room.width).transposed();
        let slopes = at(room.slopes.as_ptr(), room.width);
        // SAFETY: as above; the gradients for these queries and this part are this task's own.
        unsafe {
            let panel = room.panel.as_mut_ptr();
            add_product(Size { m: n, n: outputs, k: m }, weights, cotangent, to(room.value_grads, outputs), panel);
            add_product(Size { m: n, n: features, k: m }, slopes.transposed(), q, to(room.key_grads, features), panel);
            let keys = at(room.keys.as_ptr(), features);
            let more = Coefs { alpha: problem.scale, beta: one };
            product(Size { m, n: features, k: n }, slopes, keys, Out { ptr: grads, row: features }, more);
        }
    }

    /// Writes the gradients for the keys and values of a block.
    fn store(&self, keys: &Range<usize>, room: &Room<T::W>) {
        let Sizes { keys: all, features, outputs, .. } = self.backward.problem.sizes;
        let parts = [(features, &room.key_grads), (outputs, &room.value_grads)];
        for ((len, from), to) in parts.into_iter().zip(&self.backward.to[1..]) {
            // SAFETY: the rows of these keys, which only this task writes.
            let out = unsafe {
                std::slice::from_raw_parts_mut(to.get().add((self.pair * all + keys.start) * len), keys.len() * len)
            };
            out.iter_mut().zip(from.iter()).for_each(|(out, &grad)| *out = T::narrow(grad));
        }
    }
}
