//! Shapes and strides: how a tensor's elements lie in its buffer.

use smallvec::SmallVec;

/// Sizes of the axes.
pub type Shape = SmallVec<[usize; 4]>;
/// Distances in elements between neighbours along each axis.
pub type Strides = SmallVec<[isize; 4]>;

/// Number of elements of a shape; `None` when it overflows.
#[must_use]
pub fn checked_len(shape: &[usize]) -> Option<usize> {
    // A zero anywhere makes the product zero, whatever the other sizes are.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size))
}

/// Number of elements of a shape that is known to fit.
#[must_use]
pub fn len(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Row-major strides of a shape.
///
/// ```
/// assert_eq!(cotan_kernels::layout::row_major(&[2, 3, 4]).as_slice(), [12, 4, 1]);
/// ```
#[must_use]
pub fn row_major(shape: &[usize]) -> Strides {
    let mut strides: Strides = SmallVec::from_elem(1, shape.len());
    let mut step = 1isize;
    for axis in (0..shape.len()).rev() {
        strides[axis] = step;
        step = step.wrapping_mul(shape[axis].max(1) as isize);
    }
    strides
}

/// True when the elements follow each other in row-major order without gaps.
#[must_use]
pub fn is_row_major(shape: &[usize], strides: &[isize]) -> bool {
    let mut step = 1isize;
    for (&size, &stride) in shape.iter().zip(strides).rev() {
        if size != 1 && stride != step {
            return size == 0 || shape.contains(&0);
        }
        step = step.wrapping_mul(size as isize);
    }
    true
}

/// The shape two shapes broadcast to, by NumPy's rule; `None` when they don't.
#[must_use]
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Shape> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut shape = Shape::from_slice(long);
    let lead = long.len() - short.len();
    for (size, &other) in shape[lead..].iter_mut().zip(short) {
        if *size == 1 {
            *size = other;
        } else if other != 1 && other != *size {
            return None;
        }
    }
    Some(shape)
}

/// Strides that read `shape` as if it had been broadcast to `target` (which it must broadcast to).
#[must_use]
pub fn broadcast_strides(shape: &[usize], strides: &[isize], target: &[usize]) -> Strides {
    let lead = target.len() - shape.len();
    let mut out: Strides = SmallVec::from_elem(0, target.len());
    for axis in 0..shape.len() {
        out[lead + axis] = if shape[axis] == 1 { 0 } else { strides[axis] };
    }
    out
}

/// Strides of the same elements under another shape, without moving them; `None` when they must be copied.
#[must_use]
pub fn reshape_strides(shape: &[usize], strides: &[isize], target: &[usize]) -> Option<Strides> {
    if is_row_major(shape, strides) {
        return Some(row_major(target));
    }
    // Axes of size one carry no order; merge the rest into runs that are contiguous in memory.
    let source: SmallVec<[(usize, isize); 4]> =
        shape.iter().copied().zip(strides.iter().copied()).filter(|&(size, _)| size != 1).collect();
    let mut out: Strides = SmallVec::from_elem(1, target.len());
    let (mut from, mut to) = (0, 0);
    while from < source.len() && to < target.len() {
        let (start_from, start_to) = (from, to);
        let (mut have, mut want) = (source[from].0, target[to]);
        from += 1;
        to += 1;
        while have != want {
            if have < want {
                have *= source.get(from)?.0;
                from += 1;
            } else {
                want *= *target.get(to)?;
                to += 1;
            }
        }
        for pair in source[start_from..from].windows(2) {
            if pair[0].1 != pair[1].1 * pair[1].0 as isize {
                return None;
            }
        }
        let mut step = source[from - 1].1;
        for axis in (start_to..to).rev() {
            out[axis] = step;
            step *= target[axis] as isize;
        }
    }
    Some(out)
}

/// Joins neighbouring axes that every operand walks as one, and drops axes of size one.
///
/// All stride lists describe the same `shape`. The result has at least one axis.
#[must_use]
pub fn collapse(shape: &[usize], operands: &[&[isize]]) -> (Shape, Vec<Strides>) {
    let mut out_shape = Shape::new();
    let mut out: Vec<Strides> = vec![Strides::new(); operands.len()];
    for axis in 0..shape.len() {
        if shape[axis] == 1 {
            continue;
        }
        let joins = !out_shape.is_empty()
            && operands
                .iter()
                .zip(&out)
                .all(|(strides, done)| done[done.len() - 1] == strides[axis].wrapping_mul(shape[axis] as isize));
        if joins {
            let last = out_shape.len() - 1;
            out_shape[last] *= shape[axis];
            for (strides, done) in operands.iter().zip(&mut out) {
                done[last] = strides[axis];
            }
        } else {
            out_shape.push(shape[axis]);
            for (strides, done) in operands.iter().zip(&mut out) {
                done.push(strides[axis]);
            }
        }
    }
    if out_shape.is_empty() {
        out_shape.push(1);
        out.iter_mut().for_each(|strides| strides.push(0));
    }
    (out_shape, out)
}

/// Element offset of the `index`-th element in row-major order.
#[must_use]
pub fn offset_of(mut index: usize, shape: &[usize], strides: &[isize]) -> isize {
    let mut offset = 0;
    for (&size, &stride) in shape.iter().zip(strides).rev() {
        offset += (index % size) as isize * stride;
        index /= size;
    }
    offset
}

/// Calls `run(offset, count)` for row-major elements `start..start + count` split at the ends of the last axis.
///
/// `offset` is the element offset of a run's first element; its `count` elements are the last axis' stride apart.
pub fn for_each_run(shape: &[usize], strides: &[isize], start: usize, count: usize, mut run: impl FnMut(isize, usize)) {
    let Some((&inner, outer_shape)) = shape.split_last() else {
        if count > 0 {
            run(0, 1);
        }
        return;
    };
    if count == 0 {
        return;
    }
    let (&inner_stride, outer_strides) = strides.split_last().expect("as many strides as axes");
    let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, outer_shape.len());
    let mut rest = start / inner;
    let mut offset = 0isize;
    for axis in (0..outer_shape.len()).rev() {
        index[axis] = rest % outer_shape[axis];
        rest /= outer_shape[axis];
        offset += index[axis] as isize * outer_strides[axis];
    }
    let mut column = start % inner;
    let mut left = count;
    loop {
        let n = left.min(inner - column);
        run(offset + column as isize * inner_stride, n);
        left -= n;
        if left == 0 {
            return;
        }
        column = 0;
        for axis in (0..outer_shape.len()).rev() {
            index[axis] += 1;
            offset += outer_strides[axis];
            if index[axis] < outer_shape[axis] {
                break;
            }
            offset -= outer_strides[axis] * outer_shape[axis] as isize;
            index[axis] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_matrix_reshapes_only_with_a_copy() {
        assert_eq!(reshape_strides(&[3, 2], &[1, 3], &[6]), None);
        assert_eq!(reshape_strides(&[3, 2], &[1, 3], &[3, 1, 2]).unwrap().as_slice(), [1, 6, 3]);
        assert_eq!(reshape_strides(&[2, 3, 4], &[12, 4, 1], &[6, 4]).unwrap().as_slice(), [4, 1]);
        assert_eq!(reshape_strides(&[4, 6], &[12, 1], &[2, 2, 6]).unwrap().as_slice(), [24, 12, 1]);
        assert_eq!(reshape_strides(&[4], &[0], &[2, 2]).unwrap().as_slice(), [0, 0]);
    }

    #[test]
    fn collapse_joins_what_all_operands_walk_alike() {
        let (shape, strides) = collapse(&[2, 3, 4], &[&[12, 4, 1], &[12, 4, 1]]);
        assert_eq!((shape.as_slice(), strides[0].as_slice()), ([24].as_slice(), [1].as_slice()));
        let (shape, strides) = collapse(&[2, 3, 4], &[&[12, 4, 1], &[0, 0, 1]]);
        assert_eq!(shape.as_slice(), [6, 4]);
        assert_eq!((strides[0].as_slice(), strides[1].as_slice()), ([4, 1].as_slice(), [0, 1].as_slice()));
    }

    #[test]
    fn runs_visit_every_element_once_in_order() {
        let (shape, strides) = ([2, 3, 4], [1isize, 2, 6]);
        for start in 0..24 {
            let mut seen = Vec::new();
            for_each_run(&shape, &strides, start, 24 - start, |offset, n| {
                seen.extend((0..n).map(|i| offset + i as isize * strides[2]));
            });
            let all: Vec<isize> = (start..24).map(|i| offset_of(i, &shape, &strides)).collect();
            assert_eq!(seen, all);
        }
    }
}
