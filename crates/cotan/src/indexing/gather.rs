//! Reading and writing at index arrays, whose axes take the place of those that they index.

use cotan_kernels::region::ScatterMode;

use crate::array::{Array, Shape};
use crate::error::Result;
use crate::ops::{broadcast_arrays, broadcast_to, gather, gather_along, permute, reshape, scatter, scatter_along};
use crate::ops::{squeezed, varies};

/// Blocks shorter than this are read element by element, in the order of the result.
const SHORT: usize = 16;

/// Index arrays, the axes that they index, and how many other axes come before theirs in the result.
pub(super) struct Places<'a> {
    pub arrays: &'a [Array],
    pub axes: &'a [usize],
    /// The shape of the arrays together.
    pub shape: &'a [usize],
    pub front: usize,
}

/// The elements at `arrays` along `axes`: the shape of the arrays together, followed by the other axes of `a`.
pub(crate) fn gather_axes(a: &Array, arrays: &[Array], axes: &[usize]) -> Result<Array> {
    let arrays = broadcast_arrays(arrays)?;
    let mut block = Shape::from_slice(a.shape());
    axes.iter().for_each(|&axis| block[axis] = 1);
    let read = gather(a, &arrays, axes, &block)?;
    let blocks: Shape = axes.iter().map(|axis| arrays[0].ndim() + axis).collect();
    squeezed(&read, &blocks)
}

impl Places<'_> {
    /// The elements at the places.
    pub fn read(&self, a: &Array) -> Result<Array> {
        if let Some(index) = self.along(a)? {
            let axis = self.front;
            let (before, after) = (&a.shape()[..axis], &a.shape()[axis + 1..]);
            return reshape(&gather_along(a, &index, axis)?, &[before, self.shape, after].concat());
        }
        let read = gather_axes(a, self.arrays, self.axes)?;
        let (count, front) = (self.shape.len(), self.front);
        let order: Shape = (count..count + front).chain(0..count).chain(count + front..read.ndim()).collect();
        permute(&read, &order)
    }

    /// `a` with `values`, of the shape that [`Places::read`] gives, combined with the elements at the places.
    pub fn write(&self, mode: ScatterMode, a: &Array, values: &Array) -> Result<Array> {
        if let Some(index) = self.along(a)? {
            return scatter_along(mode, a, &index, &reshape(values, index.shape())?, self.front);
        }
        let (count, front) = (self.shape.len(), self.front);
        let order: Shape = (front..front + count).chain(0..front).chain(front + count..values.ndim()).collect();
        let mut block = Shape::from_slice(a.shape());
        self.axes.iter().for_each(|&axis| block[axis] = 1);
        let updates = reshape(&permute(values, &order)?, &[self.shape, &block].concat())?;
        scatter(mode, a, &broadcast_arrays(self.arrays)?, &updates, self.axes)
    }

    /// An index for every element, if that visits `a` in a better order than taking a block for every index does.
    fn along(&self, a: &Array) -> Result<Option<Array>> {
        let (&[axis], [array]) = (self.axes, self.arrays) else { return Ok(None) };
        let block: usize = a.shape()[axis + 1..].iter().product();
        if axis == 0 || axis != self.front || block >= SHORT || varies(a) || varies(array) {
            return Ok(None);
        }
        let mut shape = Shape::from_elem(1, a.ndim() - axis);
        shape[0] = array.size();
        let index = reshape(array, &shape)?;
        let mut shape = Shape::from_slice(a.shape());
        shape[axis] = array.size();
        broadcast_to(&index, &shape).map(Some)
    }
}
