//! Updates of single elements of a small tensor, as for a histogram.

use std::ops::Range;

use super::BATCH;
use super::index::Indices;
use crate::arith::{Arith, Number};
use crate::error::{Failure, KernelError};
use crate::lanes::Scratch;
use crate::pool;
use crate::region::{ScatterMode, combine};
use crate::walk::Shared;

/// Updates that a part takes, at least.
const LEAST: usize = 16 * 1024;
/// Parts at most: each has a table of its own.
const MOST: usize = 16;
/// Updates for each element of a table, at least, that make filling and joining it cheap.
const DENSE: usize = 8;

/// Combines each update with the element of `out` that the indices name.
///
/// Where the order doesn't matter, all parts but the first update tables of their own, which are combined in the end. How
/// the updates are cut depends on the sizes alone, so the outcome does not depend on the number of threads.
///
/// # Errors
/// An index out of range, or no memory.
pub(super) fn update<T: Number>(
    mode: ScatterMode,
    out: &mut [T],
    at: &Indices,
    updates: &[T],
) -> Result<(), KernelError> {
    let (count, len) = (updates.len(), out.len());
    let neutral = neutral::<T>(mode);
    let parts = if neutral.is_some() { (count / LEAST.max(DENSE * len)).clamp(1, MOST) } else { 1 };
    let mut tables = Scratch::<T>::new((parts - 1) * len)?;
    let (first, others) = (Shared(out.as_mut_ptr()), Shared(tables.as_mut_ptr()));
    let failure = Failure::default();
    pool::parallel_for(parts, 2 * count as u64, &|part| {
        // SAFETY: each part has a table of its own, of `len` elements.
        let table = unsafe {
            let start = if part == 0 { first.get() } else { others.get().add((part - 1) * len) };
            std::slice::from_raw_parts_mut(start, len)
        };
        if let (true, Some(neutral)) = (part > 0, neutral) {
            table.fill(neutral);
        }
        let range = part * count / parts..(part + 1) * count / parts;
        if let Err((place, error)) = apply(mode, table, at, updates, range) {
            failure.set(place, error);
        }
    });
    failure.into_result()?;
    for table in tables.chunks_exact(len.max(1)) {
        for (to, &value) in out.iter_mut().zip(table) {
            combine(mode, to, value);
        }
    }
    Ok(())
}

/// What changes nothing when it is combined; `None` where the order of the updates counts.
fn neutral<T: Number>(mode: ScatterMode) -> Option<T> {
    match mode {
        ScatterMode::Add => Some(T::narrow(T::Wide::NOTHING)),
        ScatterMode::Max => Some(T::narrow(T::Wide::LOWEST)),
        ScatterMode::Min => Some(T::narrow(T::Wide::HIGHEST)),
        // Products may overflow in one order and not in another.
        ScatterMode::Set | ScatterMode::Prod => None,
    }
}

fn apply<T: Number>(
    mode: ScatterMode,
    table: &mut [T],
    at: &Indices,
    updates: &[T],
    range: Range<usize>,
) -> Result<(), (usize, KernelError)> {
    // Once per mode, so that it is not looked up per element.
    match mode {
        ScatterMode::Set => in_order(|to, value| combine(ScatterMode::Set, to, value), table, at, updates, range),
        ScatterMode::Add => in_order(|to, value| combine(ScatterMode::Add, to, value), table, at, updates, range),
        ScatterMode::Prod => in_order(|to, value| combine(ScatterMode::Prod, to, value), table, at, updates, range),
        ScatterMode::Max => in_order(|to, value| combine(ScatterMode::Max, to, value), table, at, updates, range),
        ScatterMode::Min => in_order(|to, value| combine(ScatterMode::Min, to, value), table, at, updates, range),
    }
}

#[inline(always)]
fn in_order<T: Number>(
    combine: impl Fn(&mut T, T),
    table: &mut [T],
    at: &Indices,
    updates: &[T],
    range: Range<usize>,
) -> Result<(), (usize, KernelError)> {
    let mut offsets = [0isize; BATCH];
    for start in range.clone().step_by(BATCH) {
        let updates = &updates[start..range.end.min(start + BATCH)];
        let offsets = &mut offsets[..updates.len()];
        at.offsets(start, offsets)?;
        for (&offset, &update) in offsets.iter().zip(updates) {
            // SAFETY: the offset was checked against the axes of the table.
            combine(unsafe { table.get_unchecked_mut(offset as usize) }, update);
        }
    }
    Ok(())
}
