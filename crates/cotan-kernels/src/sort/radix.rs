//! Stable sorting by integer keys, from the lowest byte to the highest.

use super::key::{Bits, Keyed};
use crate::pool;
use crate::walk::Shared;

/// Below this many items per byte of key a comparison sort is faster: each byte costs a pass and a table.
const SMALL: usize = 64;
/// From here on threads share each pass.
const LARGE: usize = 64 * 1024;

/// Where the items with each value of a byte go next.
type Table = [usize; 256];

/// Whether so many items are worth the passes.
pub(super) fn pays<B: Bits>(n: usize) -> bool {
    n >= SMALL * B::BYTES
}

/// Sorts stably by key; `scratch` has the same length.
pub(super) fn sort<T: Keyed>(items: &mut [T], scratch: &mut [T]) {
    let (mut from, mut to) = (&mut *items, scratch);
    let swapped = if from.len() >= LARGE && pool::threads() > 1 {
        shared_passes(&mut from, &mut to)
    } else {
        passes(&mut from, &mut to)
    };
    if swapped {
        // The sorted items are in the scratch half.
        to.copy_from_slice(from);
    }
}

/// Leaves the sorted items in `from`; true when that is the scratch half.
fn passes<'a, T: Keyed>(from: &mut &'a mut [T], to: &mut &'a mut [T]) -> bool {
    let mut counts = vec![[0; 256]; T::Bits::BYTES];
    for item in from.iter() {
        let key = item.bits();
        for (place, count) in counts.iter_mut().enumerate() {
            count[key.byte(place)] += 1;
        }
    }
    let mut swapped = false;
    for (place, count) in counts.iter_mut().enumerate() {
        // All items share this byte: they are in order already.
        if count.contains(&from.len()) {
            continue;
        }
        let mut start = 0;
        for count in count.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for &item in from.iter() {
            let slot = &mut count[item.bits().byte(place)];
            to[*slot] = item;
            *slot += 1;
        }
        std::mem::swap(from, to);
        swapped = !swapped;
    }
    swapped
}

/// As [`passes`], with the items of each pass split among threads; the order does not depend on how many there are.
fn shared_passes<'a, T: Keyed>(from: &mut &'a mut [T], to: &mut &'a mut [T]) -> bool {
    let (n, parts) = (from.len(), pool::threads().min(16));
    let span = |part: usize| part * n / parts..(part + 1) * n / parts;
    let mut tables: Vec<Table> = vec![[0; 256]; parts];
    let mut swapped = false;
    for place in 0..T::Bits::BYTES {
        let (items, at) = (&**from, Shared(tables.as_mut_ptr()));
        pool::parallel_for(parts, n as u64, &|part| {
            // SAFETY: one table per part.
            let table = unsafe { &mut *at.get().add(part) };
            table.fill(0);
            for item in &items[span(part)] {
                table[item.bits().byte(place)] += 1;
            }
        });
        if (0..256).any(|byte| tables.iter().map(|table| table[byte]).sum::<usize>() == n) {
            continue;
        }
        let mut start = 0;
        for byte in 0..256 {
            for table in &mut tables {
                start += std::mem::replace(&mut table[byte], start);
            }
        }
        let (at, out) = (Shared(tables.as_mut_ptr()), Shared(to.as_mut_ptr()));
        pool::parallel_for(parts, 2 * n as u64, &|part| {
            // SAFETY: one table per part; the counts of all parts give each item a place of its own below `n`.
            unsafe {
                let table = &mut *at.get().add(part);
                for &item in &items[span(part)] {
                    let slot = &mut table[item.bits().byte(place)];
                    *out.get().add(*slot) = item;
                    *slot += 1;
                }
            }
        });
        std::mem::swap(from, to);
        swapped = !swapped;
    }
    swapped
}
