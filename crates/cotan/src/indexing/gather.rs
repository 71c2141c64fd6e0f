//! Reading and writing at index arrays, with their axes in front.

use cotan_kernels::region::ScatterMode;

use crate::array::{Array, Shape};
use crate::error::Result;
use crate::ops::{broadcast_arrays, gather, permute, reshape, scatter, without};

/// The elements at `arrays` along `axes`: the shape of the arrays together, followed by the other axes of `a`.
pub(crate) fn gather_axes(a: &Array, arrays: &[Array], axes: &[usize]) -> Result<Array> {
    let arrays = broadcast_arrays(arrays)?;
    let mut block = Shape::from_slice(a.shape());
    axes.iter().for_each(|&axis| block[axis] = 1);
    let read = gather(a, &arrays, axes, &block)?;
    reshape(&read, &[arrays[0].shape(), &without(a.shape(), axes)].concat())
}

/// `a` with `updates`, of the shape that [`gather_axes`] gives, combined with the elements there.
pub(super) fn scatter_axes(
    mode: ScatterMode,
    a: &Array,
    arrays: &[Array],
    axes: &[usize],
    updates: &Array,
) -> Result<Array> {
    let arrays = broadcast_arrays(arrays)?;
    let mut block = Shape::from_slice(a.shape());
    axes.iter().for_each(|&axis| block[axis] = 1);
    let updates = reshape(updates, &[arrays[0].shape(), &block].concat())?;
    scatter(mode, a, &arrays, &updates, axes)
}

/// The first `count` axes moved behind the `front` axes that follow them.
pub(super) fn places_to(front: usize, count: usize, a: &Array) -> Result<Array> {
    let axes: Shape = (count..count + front).chain(0..count).chain(count + front..a.ndim()).collect();
    permute(a, &axes)
}

/// `count` axes after the first `front` moved to the front.
pub(super) fn places_from(front: usize, count: usize, a: &Array) -> Result<Array> {
    let axes: Shape = (front..front + count).chain(0..front).chain(front + count..a.ndim()).collect();
    permute(a, &axes)
}
