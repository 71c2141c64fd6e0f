//! Attention of few queries: keys and values are read once, where they lie, in parts that threads share.

use std::ops::Range;

use super::operands::{Problem, Sizes};
use super::rows::{Block, Finish, LANES, Online, Running, Widen};
use super::{Results, Scored};
use crate::arith::Arith;
use crate::error::{Failure, KernelError};
use crate::gemm::{Dots, Kerneled, Pieces, Readable, Stored, Tile, View, cost_ns};
use crate::lanes::Scratch;
use crate::memory::AllocError;
use crate::pool;
use crate::simd::{Float, dispatch};
use crate::walk::Shared;

/// Keys of a block.
const KEYS: usize = 512;
/// Keys of a part, at least, and parts in all, about.
const PART: usize = 1024;
const PARTS: usize = 32;

/// Attention of all rows.
pub(super) fn run<T: Scored>(problem: &Problem<T>, to: Results<T>) -> Result<(), KernelError> {
    let sizes @ Sizes { pairs, keys, outputs, features, .. } = problem.sizes;
    let rows = sizes.rows();
    // How the keys are cut follows from the sizes alone, and so does how sums are rounded.
    let parts = Pieces { n: keys, count: PARTS.div_ceil(pairs).min(keys / PART).max(1) };
    let mut sums = Scratch::<T::W>::new(pairs * parts.count * rows * (outputs + 1))?;
    let mut totals = Scratch::<f64>::new(pairs * parts.count * rows)?;
    let (mixed, tops) = sums.split_at_mut(pairs * parts.count * rows * outputs);
    let (mixed, tops, totals) = (Shared(mixed.as_mut_ptr()), Shared(tops.as_mut_ptr()), Shared(totals.as_mut_ptr()));
    // SAFETY: the scratch has room for `count` parts from `first` on, which no other task touches meanwhile.
    let running = |first: usize, count: usize| unsafe {
        Running {
            top: std::slice::from_raw_parts_mut(tops.get().add(first * rows), count * rows),
            total: std::slice::from_raw_parts_mut(totals.get().add(first * rows), count * rows),
            mixed: std::slice::from_raw_parts_mut(mixed.get().add(first * rows * outputs), count * rows * outputs),
            outputs,
        }
    };
    let failure = Failure::default();
    let cost = cost_ns::<T::W>(pairs * rows * keys * (features + outputs));
    let cost = Ord::max(cost, (pairs * keys * (features + outputs) * size_of::<T>() / 16) as u64);
    pool::parallel_for(pairs * parts.count, cost, &|task| {
        let (pair, part) = (task / parts.count, task % parts.count);
        let keys = parts.start(part)..parts.start(part) + parts.len(part);
        let mut running = running(task, 1);
        let sink = |row: usize| problem.sinks.as_ref().map(|sinks| sinks[problem.place(pair, row).0]);
        running.start(|row| if part == 0 { sink(row) } else { None });
        if let Err(error) = take(problem, pair, keys, &mut running) {
            failure.set(task, error);
        }
    });
    failure.into_result()?;
    for pair in 0..pairs {
        let mut all = running(pair * parts.count, parts.count);
        join(&mut all, rows);
        let all = running(pair * parts.count, 1);
        dispatch(Finish { running: &all, first: pair * rows, to });
    }
    Ok(())
}

/// Puts what is known from several parts, a group of rows each, into the first.
fn join<W: Float + Arith>(parts: &mut Running<W>, rows: usize) {
    let outputs = parts.outputs;
    for at in rows..parts.top.len() {
        let row = at % rows;
        let (a, b) = (parts.top[row], parts.top[at]);
        let top = Arith::max(a, b);
        let reference = if top == W::LOWEST { 0.0 } else { top.to_f64() };
        let [kept, taken] = [a, b].map(|top| (top.to_f64() - reference).exp());
        parts.top[row] = top;
        parts.total[row] = parts.total[row] * kept + parts.total[at] * taken;
        let [kept, taken] = [kept, taken].map(<W as Float>::from_f64);
        let (first, rest) = parts.mixed.split_at_mut(at * outputs);
        for (sum, &more) in first[row * outputs..][..outputs].iter_mut().zip(&rest[..outputs]) {
            *sum = *sum * kept + more * taken;
        }
    }
}

/// Takes some keys into the softmax of all rows of a pair.
fn take<T: Scored>(
    problem: &Problem<T>,
    pair: usize,
    part: Range<usize>,
    running: &mut Running<T::W>,
) -> Result<(), AllocError> {
    let Sizes { heads, queries, features, .. } = problem.sizes;
    let rows = problem.sizes.rows();
    let mut scratch = Scratch::<T::W>::new(rows * (features + 2 * KEYS))?;
    let (q, rest) = scratch.split_at_mut(rows * features);
    let (scores, weights) = rest.split_at_mut(rows * KEYS);
    for (row, to) in q.chunks_exact_mut(features.max(1)).enumerate() {
        let (head, query) = problem.place(pair, row);
        dispatch(Widen { from: problem.q.row(head, query), to, factor: problem.scale });
    }
    for start in part.clone().step_by(KEYS) {
        let keys = start..part.end.min(start + KEYS);
        let mut block = Block {
            scores: &mut *scores,
            width: KEYS,
            rows: 0..rows,
            keys: keys.clone(),
            first_head: pair * heads,
            queries,
        };
        score(problem, pair, q, &mut block);
        problem.mask.apply(&mut block);
        dispatch(Online { block: &mut block, running });
        mix(problem, pair, &block, weights, running, start == part.start);
    }
    Ok(())
}

/// The scores of a block.
fn score<T: Scored>(problem: &Problem<T>, pair: usize, q: &[T::W], block: &mut Block<T::W>) {
    let features = problem.sizes.features;
    let table = <T as Readable>::readers().dots;
    let (most_rows, most_keys) = (table.len(), table[0].len());
    for key in block.keys.clone().step_by(most_keys) {
        let keys = most_keys.min(block.keys.end - key);
        let from = problem.k.view(pair, key);
        for row in (0..block.rows.len()).step_by(most_rows) {
            let rows = most_rows.min(block.rows.len() - row);
            let dots = Dots {
                k: features,
                a: q[row * features..].as_ptr(),
                a_row: features as isize,
                b: from.ptr,
                b_col: from.row,
                c: block.scores[row * block.width + key - block.keys.start..].as_mut_ptr(),
                c_row: block.width,
                c_col: 1,
                alpha: num_traits::one(),
                beta: num_traits::zero(),
            };
            // SAFETY: so many rows of queries, of keys and of scores; the entry is for them and for this machine.
            unsafe { table[rows - 1][keys - 1](&dots) };
        }
    }
}

/// Adds the values of a block by their weights.
fn mix<T: Scored>(
    problem: &Problem<T>,
    pair: usize,
    block: &Block<T::W>,
    packed: &mut [T::W],
    running: &mut Running<T::W>,
    first: bool,
) {
    let (outputs, keys) = (problem.sizes.outputs, block.keys.len());
    let table = <T as Readable>::readers().in_place;
    let (lanes, most_rows) = (<T::W as Kerneled>::kernels().lanes, table.len());
    let width = table[0].len() * lanes;
    let v = problem.v.view(pair, block.keys.start);
    for row in (0..block.rows.len()).step_by(most_rows) {
        let rows = most_rows.min(block.rows.len() - row);
        let from = View { ptr: block.scores[row * block.width..].as_ptr(), row: block.width as isize, col: 1 };
        // SAFETY: so many rows and columns of the block, and room for as many elements.
        unsafe { <T::W as Stored>::pack_left(from, rows, keys, packed.as_mut_ptr()) };
        for column in (0..outputs).step_by(width) {
            let cols = width.min(outputs - column);
            let tile = Tile {
                k: keys,
                a: packed.as_ptr(),
                a_row: 1,
                a_col: rows as isize,
                b: v.at(0, column),
                b_row: v.row,
                // The rest of the row, and then the next one.
                ahead: [width, width + lanes],
                c: running.mixed[row * outputs + column..].as_mut_ptr(),
                c_row: outputs,
                cols,
                alpha: num_traits::one(),
                beta: <T::W as Float>::from_f64(if first { 0.0 } else { 1.0 }),
            };
            // SAFETY: so many rows of weights and sums, and rows of values; the entry is for them and for this machine.
            unsafe { table[rows - 1][cols.div_ceil(lanes) - 1](&tile) };
        }
    }
}

/// Blocks of scores have whole groups of lanes.
const _: () = assert!(KEYS.is_multiple_of(LANES));
