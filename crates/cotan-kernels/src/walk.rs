//! Walks several strided operands together.

use smallvec::SmallVec;

use crate::layout::{self, Shape, Strides};

/// The strides of `N` operands over one shape, neighbouring axes joined where all of them allow it.
pub(crate) struct Walk<const N: usize> {
    pub shape: Shape,
    pub strides: [Strides; N],
}

impl<const N: usize> Walk<N> {
    pub fn new(shape: &[usize], strides: [&[isize]; N]) -> Walk<N> {
        let (shape, joined) = layout::collapse(shape, &strides);
        let strides = joined.try_into().unwrap_or_else(|_| unreachable!("one list per operand"));
        Walk { shape, strides }
    }

    /// Strides of the operands along the last axis.
    pub fn inner(&self) -> [isize; N] {
        std::array::from_fn(|k| self.strides[k][self.shape.len() - 1])
    }

    /// Calls `run(offsets, count)` for row-major places `start..start + count`, split at the ends of the last axis.
    #[inline]
    pub fn runs(&self, start: usize, count: usize, mut run: impl FnMut([isize; N], usize)) {
        if count == 0 {
            return;
        }
        let last = self.shape.len() - 1;
        let (inner, steps) = (self.shape[last], self.inner());
        let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, last);
        let mut offsets = [0isize; N];
        let mut rest = start / inner;
        for axis in (0..last).rev() {
            index[axis] = rest % self.shape[axis];
            rest /= self.shape[axis];
            for (offset, strides) in offsets.iter_mut().zip(&self.strides) {
                *offset += index[axis] as isize * strides[axis];
            }
        }
        let (mut column, mut left) = (start % inner, count);
        loop {
            let n = left.min(inner - column);
            run(std::array::from_fn(|k| offsets[k] + column as isize * steps[k]), n);
            left -= n;
            if left == 0 {
                return;
            }
            column = 0;
            for axis in (0..last).rev() {
                index[axis] += 1;
                let wraps = index[axis] == self.shape[axis];
                for (offset, strides) in offsets.iter_mut().zip(&self.strides) {
                    *offset += strides[axis];
                    if wraps {
                        *offset -= strides[axis] * self.shape[axis] as isize;
                    }
                }
                if !wraps {
                    break;
                }
                index[axis] = 0;
            }
        }
    }
}

/// A pointer that tasks of a parallel loop share; each task writes only places of its own.
#[derive(Clone, Copy)]
pub(crate) struct Shared<T>(pub *mut T);

// SAFETY: whoever dereferences it must keep tasks apart; the pointer alone is a number.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The pointer. A method, so that closures capture the whole and not the raw field.
    #[inline(always)]
    pub fn get(self) -> *mut T {
        self.0
    }
}

/// The order of axes in which memory is walked best: large strides first. The first of `operands` that tells two axes
/// apart decides; axes that none tells apart keep their order.
pub(crate) fn memory_order(rank: usize, operands: &[&[isize]]) -> SmallVec<[usize; 6]> {
    let mut order: SmallVec<[usize; 6]> = (0..rank).collect();
    // An insertion sort, because the relation need not be transitive where strides are zero.
    for end in 1..rank {
        let mut at = end;
        while at > 0 {
            let (left, right) = (order[at - 1], order[at]);
            let swap = operands
                .iter()
                .map(|strides| (strides[left].unsigned_abs(), strides[right].unsigned_abs()))
                .find(|&(l, r)| l != 0 && r != 0 && l != r)
                .is_some_and(|(l, r)| l < r);
            if !swap {
                break;
            }
            order.swap(at - 1, at);
            at -= 1;
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_visit_all_places_of_all_operands_in_order() {
        let shape = [3, 1, 2, 4];
        let walk = Walk::new(&shape, [&[8, 8, 4, 1], &[1, 0, 12, 3]]);
        for start in 0..24 {
            let (mut seen, steps) = (Vec::new(), walk.inner());
            walk.runs(start, 24 - start, |offsets, n| {
                seen.extend((0..n as isize).map(|i| [offsets[0] + i * steps[0], offsets[1] + i * steps[1]]));
            });
            let at = |i| std::array::from_fn(|k| layout::offset_of(i, &walk.shape, &walk.strides[k]));
            assert_eq!(seen, (start..24).map(at).collect::<Vec<[isize; 2]>>());
        }
    }

    #[test]
    fn memory_order_follows_strides() {
        assert_eq!(memory_order(3, &[&[1, 12, 3]]).as_slice(), [1, 2, 0]);
        assert_eq!(memory_order(3, &[&[0, 1, 0], &[1, 4, 2]]).as_slice(), [1, 2, 0]);
        assert_eq!(memory_order(2, &[&[0, 0]]).as_slice(), [0, 1]);
    }
}
