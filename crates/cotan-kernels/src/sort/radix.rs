//! Stable sorting by integer keys, from the lowest byte to the highest.

use super::key::{Bits, Keyed};

/// Below this many items per byte of key a comparison sort is faster: each byte costs a pass and a table.
const SMALL: usize = 64;

/// Whether so many items are worth the passes.
pub(super) fn pays<B: Bits>(n: usize) -> bool {
    n >= SMALL * B::BYTES
}

/// Sorts stably by key; `scratch` has the same length.
pub(super) fn sort<T: Keyed>(items: &mut [T], scratch: &mut [T]) {
    let mut counts = vec![[0usize; 256]; T::Bits::BYTES];
    for item in items.iter() {
        let key = item.bits();
        for (place, count) in counts.iter_mut().enumerate() {
            count[key.byte(place)] += 1;
        }
    }
    let n = items.len();
    let (mut from, mut to) = (&mut *items, &mut *scratch);
    let mut swapped = false;
    for (place, count) in counts.iter_mut().enumerate() {
        // All items share this byte: they are in order already.
        if count.contains(&n) {
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
        std::mem::swap(&mut from, &mut to);
        swapped = !swapped;
    }
    if swapped {
        // The sorted items are in the scratch half.
        to.copy_from_slice(from);
    }
}
