//! Copies strided elements into row-major order.

use crate::layout::{self, Shape, Strides, for_each_run};
use crate::pool;
use crate::tensor::Tensor;

/// Writes the elements of `source` to `out` in row-major order.
///
/// # Panics
/// When `out` has another size.
pub fn copy_into(source: &Tensor, out: &mut [u8]) {
    let size = source.dtype().size();
    assert_eq!(out.len(), source.len() * size, "copy_into: the sizes differ");
    if out.is_empty() {
        return;
    }
    let (shape, strides) = layout::collapse(source.shape(), &[source.strides()]);
    let (strides, total) = (&strides[0], source.len());
    let base = source.ptr() as usize;
    let target = out.as_mut_ptr() as usize;
    if let Some(axis) = column_axis(&shape, strides) {
        // SAFETY: as below.
        unsafe { copy_columns(&shape, strides, axis, base, target, size) };
        return;
    }
    pool::parallel_chunks(total, 16 * 1024, 0.3, &|range| {
        let mut done = range.start;
        // SAFETY: runs of indices within the shape lie within the buffer (invariant of `Tensor`), and each chunk
        // writes its own part of `out`, whose size was compared above.
        unsafe {
            let strided = |offset: isize, n: usize| {
                let from = (base as *const u8).offset(offset * size as isize);
                copy_run(
                    from,
                    *strides.last().expect("collapse gives an axis"),
                    (target as *mut u8).add(done * size),
                    n,
                    size,
                );
                done += n;
            };
            for_each_run(&shape, strides, range.start, range.len(), strided);
        }
    });
}

/// The axis along which neighbours lie side by side, when that is not the last one and both are long.
fn column_axis(shape: &[usize], strides: &[isize]) -> Option<usize> {
    let last = shape.len() - 1;
    let axis = (0..last).find(|&axis| strides[axis] == 1 && shape[axis] >= BLOCK)?;
    (strides[last] != 1 && shape[last] >= BLOCK).then_some(axis)
}

/// Rows and columns of a block: its cache lines on both sides fit the first-level cache.
const BLOCK: usize = 16;

/// Copies by square blocks of `axis` and the last axis, so that neither side touches a cache line twice.
///
/// # Safety
/// Every index within the shape, times the strides, can be read from `base`; `target` takes all elements.
unsafe fn copy_columns(shape: &[usize], strides: &[isize], axis: usize, base: usize, target: usize, size: usize) {
    let last = shape.len() - 1;
    let outer: Shape = (0..last).filter(|&a| a != axis).map(|a| shape[a]).collect();
    let places = layout::row_major(shape);
    let pick = |of: &[isize]| -> Strides { (0..last).filter(|&a| a != axis).map(|a| of[a]).collect() };
    let (from, to) = (pick(strides), pick(&places));
    let bands = shape[axis].div_ceil(BLOCK);
    let cost = 0.6 * (BLOCK * shape[last]) as f32;
    pool::parallel_chunks(layout::len(&outer) * bands, 1, cost, &|range| {
        for index in range {
            let (outside, first) = (index / bands, index % bands * BLOCK);
            let source = layout::offset_of(outside, &outer, &from) + first as isize;
            let place = layout::offset_of(outside, &outer, &to) + first as isize * places[axis];
            let rows = BLOCK.min(shape[axis] - first);
            for column in (0..shape[last]).step_by(BLOCK) {
                let columns = BLOCK.min(shape[last] - column);
                let source = source + column as isize * strides[last];
                let place = place + column as isize;
                for row in 0..rows as isize {
                    // SAFETY: promised by the caller; blocks of different bands don't overlap.
                    unsafe {
                        let from = (base as *const u8).offset((source + row) * size as isize);
                        let to = (target as *mut u8).offset((place + row * places[axis]) * size as isize);
                        copy_run(from, strides[last], to, columns, size);
                    }
                }
            }
        }
    });
}

/// Copies `n` elements of `size` bytes that are `stride` elements apart to consecutive places.
///
/// # Safety
/// All of them can be read, `n * size` bytes can be written, the two don't overlap, and both are aligned for `size`.
#[inline]
pub unsafe fn copy_run(from: *const u8, stride: isize, to: *mut u8, n: usize, size: usize) {
    // SAFETY: forwarded from the caller; `size` picks a type of the same size and alignment.
    unsafe {
        match size {
            1 => copy_typed::<u8>(from, stride, to, n),
            2 => copy_typed::<u16>(from, stride, to, n),
            4 => copy_typed::<u32>(from, stride, to, n),
            _ if from.addr().is_multiple_of(8) && to.addr().is_multiple_of(8) => copy_typed::<u64>(from, stride, to, n),
            // Complex numbers have eight bytes but the alignment of four.
            _ => copy_typed::<[u32; 2]>(from, stride, to, n),
        }
    }
}

/// # Safety
/// As `copy_run`.
#[inline(always)]
unsafe fn copy_typed<T: Copy>(from: *const u8, stride: isize, to: *mut u8, n: usize) {
    let (from, to) = (from.cast::<T>(), to.cast::<T>());
    // SAFETY: promised by the caller.
    unsafe {
        match stride {
            1 => std::ptr::copy_nonoverlapping(from, to, n),
            0 => std::slice::from_raw_parts_mut(to, n).fill(*from),
            _ => {
                for i in 0..n {
                    *to.add(i) = *from.offset(i as isize * stride);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Output;

    #[test]
    fn a_large_transpose_has_every_element_in_its_place() {
        let (rows, columns) = (50, 37);
        let values: Vec<i32> = (0..2 * rows * columns).collect();
        let tensor = Tensor::from_slice(&values, &[2, rows as usize, columns as usize]).unwrap();
        let copied = tensor.permute(&[0, 2, 1]).to_vec::<i32>();
        for (place, value) in copied.into_iter().enumerate() {
            let place = place as i32;
            let (matrix, rest) = (place / (rows * columns), place % (rows * columns));
            assert_eq!(value, matrix * rows * columns + rest % rows * columns + rest / rows);
        }
    }

    #[test]
    fn a_copy_of_any_view_has_its_elements_in_row_major_order() {
        let mut out = Output::new(crate::DType::I32, &[2, 3]).unwrap();
        out.slice_mut::<i32>().copy_from_slice(&[0, 1, 2, 3, 4, 5]);
        let tensor = out.finish();
        assert_eq!(tensor.permute(&[1, 0]).to_vec::<i32>(), [0, 3, 1, 4, 2, 5]);
        assert_eq!(tensor.slice(&[1, 2], &[-1, -1], &[2, 3]).to_vec::<i32>(), [5, 4, 3, 2, 1, 0]);
        assert_eq!(tensor.slice(&[0, 1], &[1, 1], &[1, 2]).broadcast_to(&[2, 1, 2]).to_vec::<i32>(), [1, 2, 1, 2]);
    }
}
