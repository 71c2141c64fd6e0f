//! Copies strided elements into row-major order.

use crate::layout::{self, Shape, Strides, for_each_run};
use crate::region::size_class;
use crate::simd::{self, Band, transpose};
use crate::tensor::Tensor;
use crate::{pool, with_dtype};

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

/// Rows and columns from which on blocks are worth their while.
const BLOCK: usize = simd::SIDE;

/// Whether its copy in row-major order goes by blocks: reading it row by row would touch a cache line for each element.
pub(crate) fn is_transposed(tensor: &Tensor) -> bool {
    let once = tensor.shape().iter().zip(tensor.strides()).all(|(&size, &stride)| size == 1 || stride != 0);
    let (shape, strides) = layout::collapse(tensor.shape(), &[tensor.strides()]);
    !tensor.is_row_major() && once && !tensor.is_empty() && column_axis(&shape, &strides[0]).is_some()
}

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
    // Two cache lines of the source.
    let height = BLOCK.max(128 / size);
    let bands = shape[axis].div_ceil(height);
    let cost = 0.3 * (height * shape[last]) as f32;
    pool::parallel_chunks(layout::len(&outer) * bands, 1, cost, &|range| {
        for index in range {
            let (outside, first) = (index / bands, index % bands * height);
            let source = layout::offset_of(outside, &outer, &from) + first as isize;
            let place = layout::offset_of(outside, &outer, &to) + first as isize * places[axis];
            with_dtype!(size_class(size), T => {
                let band = Band {
                    from: (base as *const T).wrapping_offset(source),
                    from_step: strides[last],
                    to: (target as *mut T).wrapping_offset(place),
                    to_step: places[axis],
                    rows: height.min(shape[axis] - first),
                    columns: shape[last],
                };
                // SAFETY: promised by the caller; bands don't overlap.
                unsafe { transpose(band) };
            });
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
    use crate::{Element, Output};

    #[test]
    fn a_large_transpose_has_every_element_in_its_place() {
        fn check<T: Element + From<u8>>(rows: usize, columns: usize) {
            // Neighbours differ, also across rows and matrices, though few values fit into the smallest type.
            let value = |matrix, row, column| T::from(((matrix * 31 + row * 7 + column * 3) % 251) as u8);
            let values: Vec<T> =
                (0..2 * rows * columns).map(|i| value(i / (rows * columns), i / columns % rows, i % columns)).collect();
            let tensor = Tensor::from_slice(&values, &[2, rows, columns]).unwrap();
            let copied = tensor.permute(&[0, 2, 1]).to_vec::<T>();
            for (place, got) in copied.into_iter().enumerate() {
                let (matrix, rest) = (place / (rows * columns), place % (rows * columns));
                assert_eq!(got, value(matrix, rest % rows, rest / rows), "{rows} x {columns} at {place}");
            }
        }
        for (rows, columns) in [(50, 37), (16, 16), (16, 64), (33, 17), (160, 48), (15, 200)] {
            check::<u8>(rows, columns);
            check::<u16>(rows, columns);
            check::<i32>(rows, columns);
            check::<f64>(rows, columns);
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
