//! Reading at places that index arrays name.

use cotan_kernels::Tensor;
use smallvec::smallvec;

use super::broadcast_arrays;
use super::follow::{flat, squeezed, varies};
use super::{Batched, Primitive, Site, Tangents, along, astype, broadcast_to, moveaxis, normalize_axis, permute};
use super::{ScatterMode, reshape, scatter, scatter_along, slice_axis, zeros_like};
use crate::array::{Array, Inputs, Shape, Spec};
use crate::error::{Error, Result, tuple};
use cotan_kernels::layout;

/// Blocks of the first input that begin where the other inputs say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Gather {
    /// The axis that each index array counts along.
    pub axes: Shape,
    /// The block's shape, with ones at `axes`.
    pub slice_sizes: Shape,
}

/// Elements of the first input at the second input's positions along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct GatherAxis {
    /// The axis.
    pub axis: usize,
}

/// For each place of the index arrays the block of `slice_sizes` that begins there along `axes`, and at 0 elsewhere.
///
/// The index arrays broadcast together and negative ones count from the end; the result has their shape followed by
/// `slice_sizes`, which is 1 along `axes`. An index out of range is an error when the result is evaluated.
///
/// # Errors
/// When indices are not integers or don't broadcast, or the block doesn't fit into `a`.
pub fn gather(a: &Array, indices: &[Array], axes: &[usize], slice_sizes: &[usize]) -> Result<Array> {
    let mut inputs: Inputs = smallvec![a.clone()];
    inputs.extend(same_shape("gather", indices)?);
    Array::apply(Gather { axes: axes.into(), slice_sizes: slice_sizes.into() }, inputs)
}

/// Elements of `a` along `axis` (of the flattened array when `None`); the shape of `indices` replaces that axis.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when the indices are not integers. An index out of range is an error when
/// the result is evaluated.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[10i32, 20, 30], &[3])?;
/// let i = Array::from_slice(&[2i32, -3], &[2])?;
/// assert_eq!(ops::take(&x, &i, None)?.to_vec::<i32>()?, [30, 10]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn take(a: &Array, indices: &Array, axis: Option<i64>) -> Result<Array> {
    let Some(axis) = axis else { return take(&flat(a)?, indices, Some(0)) };
    let axis = normalize_axis("take", axis, a.ndim())?;
    let mut slice_sizes = Shape::from_slice(a.shape());
    slice_sizes[axis] = 1;
    let blocks = gather(a, std::slice::from_ref(indices), &[axis], &slice_sizes)?;
    let rank = indices.ndim();
    let read = squeezed(&blocks, &[rank + axis])?;
    let before = rank..rank + axis;
    let order: Shape = before.clone().chain(0..rank).chain(before.end..read.ndim()).collect();
    permute(&read, &order)
}

/// The elements of `a` at one position of `axis` (of the flattened array when `None`), without that axis.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis, [`Error::Value`] when `index` is not one of its positions.
pub fn take_index(a: &Array, index: i64, axis: Option<i64>) -> Result<Array> {
    let Some(axis) = axis else { return take_index(&flat(a)?, index, Some(0)) };
    let axis = normalize_axis("take", axis, a.ndim())?;
    let size = a.shape()[axis];
    let position = usize::try_from(index).ok().filter(|&index| index < size);
    let position = position
        .ok_or_else(|| Error::value("take", format!("index {index} is out of range for axis {axis} of size {size}")))?;
    squeezed(&slice_axis(a, axis, position, 1, 1)?, &[axis])
}

/// The elements at `indices` along `axis` (of the flattened array when `None`): one index for every place of the result.
///
/// The other axes broadcast.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when ranks differ, shapes don't broadcast, or indices are not integers. An
/// index out of range is an error when the result is evaluated.
pub fn take_along_axis(a: &Array, indices: &Array, axis: Option<i64>) -> Result<Array> {
    const OP: &str = "take_along_axis";
    let Some(axis) = axis else { return take_along_axis(&flat(a)?, indices, Some(0)) };
    let axis = normalize_axis(OP, axis, a.ndim())?;
    expect_rank(OP, a, indices)?;
    let (mut left, mut right) = (Shape::from_slice(a.shape()), Shape::from_slice(indices.shape()));
    let (size, count) = (std::mem::replace(&mut left[axis], 1), std::mem::replace(&mut right[axis], 1));
    let mut shape = layout::broadcast(&left, &right).ok_or(Error::Broadcast { op: OP, left, right })?;
    shape[axis] = size;
    let source = fitted(a, &shape)?;
    shape[axis] = count;
    gather_along(&source, &fitted(indices, &shape)?, axis)
}

/// `a` in a shape that the operation it is for will check once more.
pub(crate) fn fitted(a: &Array, shape: &[usize]) -> Result<Array> {
    if a.shape() == shape { Ok(a.clone()) } else { broadcast_to(a, shape) }
}

/// Elements at `indices`, whose shape is that of `a` but for `axis`.
pub(crate) fn gather_along(a: &Array, indices: &Array, axis: usize) -> Result<Array> {
    Array::apply(GatherAxis { axis }, smallvec![a.clone(), indices.clone()])
}

/// Index arrays broadcast to one shape.
pub(crate) fn same_shape(op: &'static str, indices: &[Array]) -> Result<Inputs> {
    let Some((first, rest)) = indices.split_first() else { return Ok(Inputs::new()) };
    let mut shape = Shape::from_slice(first.shape());
    for index in rest {
        shape = layout::broadcast(&shape, index.shape()).ok_or_else(|| Error::Broadcast {
            op,
            left: shape.clone(),
            right: index.shape().into(),
        })?;
    }
    if indices.iter().any(varies) {
        return Ok(broadcast_arrays(indices)?.into());
    }
    indices.iter().map(|index| broadcast_to(index, &shape)).collect()
}

pub(crate) fn expect_rank(op: &'static str, a: &Array, indices: &Array) -> Result<()> {
    if a.ndim() == indices.ndim() {
        return Ok(());
    }
    let (shape, other) = (tuple(a.shape()), tuple(indices.shape()));
    Err(Error::value(op, format!("indices of shape {other} must have as many axes as the array of shape {shape}")))
}

pub(crate) fn expect_indices(op: &'static str, indices: &[Array]) -> Result<()> {
    match indices.iter().find(|index| !index.dtype().is_integer()) {
        Some(index) => Err(Error::DType { op, dtype: index.dtype(), expected: "integer indices" }),
        None => Ok(()),
    }
}

/// Checks what gathers and scatters of blocks have in common; gives the shape of the indices.
pub(crate) fn check_blocks(
    op: &'static str,
    a: &Array,
    indices: &[Array],
    axes: &[usize],
    block: &[usize],
) -> Result<Shape> {
    expect_indices(op, indices)?;
    let shape: Shape = indices.first().map_or(Shape::new(), |index| index.shape().into());
    if indices.len() != axes.len() || indices.iter().any(|index| index.shape() != shape.as_slice()) {
        return Err(Error::value(op, format!("{} axes need as many index arrays of one shape", axes.len())));
    }
    let fits = |axis: usize| if axes.contains(&axis) { block[axis] == 1 } else { block[axis] <= a.shape()[axis] };
    if block.len() != a.ndim() || axes.iter().any(|&axis| axis >= a.ndim()) || !(0..a.ndim()).all(fits) {
        let message = format!("blocks of shape {} along axes {axes:?} don't fit {}", tuple(block), tuple(a.shape()));
        return Err(Error::value(op, message));
    }
    Ok(shape)
}

/// Index arrays of all examples in one shape with the examples first.
pub(crate) fn batched_indices(indices: &[Batched], examples: usize) -> Result<Inputs> {
    indices.iter().map(|index| index.expand(examples)).collect()
}

/// The index that picks each example's own block: `0, 1, ..` along axis 0 of the shape of `indices`.
pub(crate) fn example_index(examples: usize, index_shape: &[usize]) -> Result<Array> {
    broadcast_to(&along(examples, 0, index_shape.len())?, index_shape)
}

impl Gather {
    fn of(&self, source: &Array, indices: &[Array]) -> Result<Array> {
        let mut inputs: Inputs = smallvec![source.clone()];
        inputs.extend(indices.iter().cloned());
        Array::apply(self.clone(), inputs)
    }

    /// The same blocks of every example, where the source has the examples on axis 0.
    fn under(&self, first: usize) -> Gather {
        let axes = self.axes.iter().map(|axis| axis + 1).collect();
        let slice_sizes = std::iter::once(first).chain(self.slice_sizes.iter().copied()).collect();
        Gather { axes, slice_sizes }
    }
}

impl Primitive for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let mut shape = check_blocks(self.name(), &inputs[0], &inputs[1..], &self.axes, &self.slice_sizes)?;
        shape.extend_from_slice(&self.slice_sizes);
        Ok(vec![Spec { shape, dtype: inputs[0].dtype() }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| self.of(tangent, &site.inputs[1..])).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let mut result = vec![None; site.inputs.len()];
        if let (Some(cotangent), true) = (&cotangents[0], site.wanted[0]) {
            let zeros = zeros_like(&site.inputs[0]);
            result[0] = Some(scatter(ScatterMode::Add, &zeros, &site.inputs[1..], cotangent, &self.axes)?);
        }
        Ok(result)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let source = &inputs[0];
        if inputs[1..].iter().all(|index| !index.mapped) {
            let indices: Inputs = inputs[1..].iter().map(|index| index.array.clone()).collect();
            let rank = indices.first().map_or(0, Array::ndim);
            let blocks = self.under(examples).of(&source.array, &indices)?;
            return Ok(vec![Batched::mapped(moveaxis(&blocks, rank as i64, 0)?)]);
        }
        let mut indices = batched_indices(&inputs[1..], examples)?;
        if !source.mapped {
            return Ok(vec![Batched::mapped(self.of(&source.array, &indices)?)]);
        }
        let index_shape = Shape::from_slice(indices[0].shape());
        indices.insert(0, example_index(examples, &index_shape)?);
        let mut inner = self.under(1);
        inner.axes.insert(0, 0);
        let shape = [index_shape.as_slice(), &self.slice_sizes].concat();
        Ok(vec![Batched::mapped(reshape(&inner.of(&source.array, &indices)?, &shape)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::gather::gather(&inputs[0], &inputs[1..], &self.axes, &self.slice_sizes);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}

impl Primitive for GatherAxis {
    fn name(&self) -> &'static str {
        "take_along_axis"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_indices(self.name(), &inputs[1..])?;
        expect_lanes(self.name(), &inputs[0], &inputs[1], self.axis)?;
        Ok(vec![Spec::new(inputs[1].shape(), inputs[0].dtype())])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| gather_along(tangent, &site.inputs[1], self.axis)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let (Some(cotangent), true) = (&cotangents[0], site.wanted[0]) else { return Ok(vec![None, None]) };
        let zeros = astype(&zeros_like(&site.inputs[0]), cotangent.dtype())?;
        Ok(vec![Some(scatter_along(ScatterMode::Add, &zeros, &site.inputs[1], cotangent, self.axis)?), None])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let [source, indices] = [inputs[0].expand(examples)?, inputs[1].expand(examples)?];
        Ok(vec![Batched::mapped(gather_along(&source, &indices, self.axis + 1)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::gather::gather_axis(&inputs[0], &inputs[1], self.axis);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}

/// The shapes must agree but for the axis.
pub(crate) fn expect_lanes(op: &'static str, a: &Array, indices: &Array, axis: usize) -> Result<()> {
    expect_rank(op, a, indices)?;
    let agree = axis < a.ndim() && (0..a.ndim()).all(|i| i == axis || a.shape()[i] == indices.shape()[i]);
    if agree {
        return Ok(());
    }
    let (shape, other) = (tuple(a.shape()), tuple(indices.shape()));
    Err(Error::value(op, format!("indices of shape {other} must agree with shape {shape} but for axis {axis}")))
}
