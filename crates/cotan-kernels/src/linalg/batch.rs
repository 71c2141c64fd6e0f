//! The matrices of a batch: their places in memory, and threads over them.

use std::sync::{Mutex, PoisonError};

use faer::dyn_stack::{MemBuffer, StackReq};

use crate::error::{Failure, KernelError};
use crate::layout::{self, Shape};
use crate::memory::AllocError;
use crate::{Element, Tensor, pool};

/// Matrices one after another, each row-major.
pub(super) struct Matrices<'a, T> {
    values: &'a [T],
    /// Rows of each.
    pub rows: usize,
    /// Columns of each.
    pub columns: usize,
    /// How many there are.
    pub count: usize,
}

impl<'a, T: Element> Matrices<'a, T> {
    /// The matrices in the last two axes of a row-major tensor.
    ///
    /// # Panics
    /// When the tensor has fewer than two axes, other elements, or is not row-major.
    pub fn of(tensor: &'a Tensor) -> Matrices<'a, T> {
        let values = tensor.as_slice().expect("a row-major tensor");
        let &[ref batch @ .., rows, columns] = tensor.shape() else { panic!("linalg: {:?}", tensor.shape()) };
        Matrices { values, rows, columns, count: layout::len(batch) }
    }

    /// The `i`-th matrix.
    pub fn get(&self, i: usize) -> &'a [T] {
        let size = self.rows * self.columns;
        &self.values[i * size..][..size]
    }
}

/// The shape of a batch whose matrices are replaced by results of another shape.
pub(super) fn shape(tensor: &Tensor, last: &[usize]) -> Shape {
    let batch = &tensor.shape()[..tensor.shape().len() - 2];
    batch.iter().chain(last).copied().collect()
}

/// `count` parts of equal size, which may be zero.
pub(super) fn parts<T>(mut slice: &mut [T], count: usize) -> impl Iterator<Item = &mut [T]> {
    let size = slice.len() / count.max(1);
    (0..count).map(move |_| {
        let (part, rest) = std::mem::take(&mut slice).split_at_mut(size);
        slice = rest;
        part
    })
}

/// Calls `work(state, i, job)` for the `i`-th of `jobs`, in parallel; `state` is what `init` makes for each thread's share.
///
/// Of several failures the one with the lowest `i` is returned.
pub(super) fn each<J: Send, S>(
    jobs: impl Iterator<Item = J>,
    cost_ns: f32,
    init: impl Fn() -> Result<S, KernelError> + Sync,
    work: impl Fn(&mut S, usize, J) -> Result<(), KernelError> + Sync,
) -> Result<(), KernelError> {
    let jobs: Vec<Mutex<Option<J>>> = jobs.map(|job| Mutex::new(Some(job))).collect();
    let failure = Failure::default();
    pool::parallel_chunks(jobs.len(), 1, cost_ns, &|range| {
        let start = range.start;
        let mut state = match init() {
            Ok(state) => state,
            Err(error) => return failure.set(start, error),
        };
        for i in range {
            let job = jobs[i].lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(Err(error)) = job.map(|job| work(&mut state, i, job)) {
                return failure.set(i, error);
            }
        }
    });
    failure.into_result()
}

/// What `n * n * n` multiplications and a few loops around them cost.
pub(super) fn cubic_cost(rows: usize, columns: usize, factor: f32) -> f32 {
    let (m, n) = (rows as f32, columns as f32);
    100.0 + factor * 0.1 * m * n * m.min(n) + 4.0 * m * n
}

/// Memory for faer's temporaries.
pub(super) fn stack(request: StackReq) -> Result<MemBuffer, KernelError> {
    let bytes = request.size_bytes();
    MemBuffer::try_new(request).map_err(|_| AllocError { bytes }.into())
}

/// Copies a row-major matrix to its transpose, mapping each element.
pub(super) fn transpose<T: Copy, U>(from: &[T], columns: usize, to: &mut [U], map: impl Fn(T) -> U) {
    const BLOCK: usize = 16;
    let rows = from.len().checked_div(columns).unwrap_or(0);
    for row in (0..rows).step_by(BLOCK) {
        for column in (0..columns).step_by(BLOCK) {
            for i in row..rows.min(row + BLOCK) {
                for j in column..columns.min(column + BLOCK) {
                    to[j * rows + i] = map(from[i * columns + j]);
                }
            }
        }
    }
}
