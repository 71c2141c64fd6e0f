//! Other views of the same elements: reshaping, permuting axes, broadcasting.

use cotan_kernels::{DType, Tensor, layout};
use smallvec::smallvec;

use super::follow::{Regroup, regroup, reshape_like, unbroadcast_like, varies};
use super::{Batched, Primitive, Site, Tangents, normalize_axes, zeros};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// The same elements in row-major order under another shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Reshape {
    /// The shape of the result.
    pub shape: Shape,
}

/// The axes in another order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Transpose {
    /// For each axis of the result, the axis of the input that it is.
    pub axes: Shape,
}

/// Repetition along axes of size one and along new leading axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Broadcast {
    /// The shape of the result.
    pub shape: Shape,
}

/// The elements in row-major order under another shape; a view where the layout allows it.
///
/// # Errors
/// When `shape` doesn't have as many elements as `a`.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1, 2, 3, 4, 5, 6], &[2, 3])?;
/// assert_eq!(ops::reshape(&x, &[3, 2])?.shape(), [3, 2]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn reshape(a: &Array, shape: &[usize]) -> Result<Array> {
    // Other shapes may need it in the next call.
    if a.shape() == shape && !varies(a) {
        return Ok(a.clone());
    }
    Array::apply(Reshape { shape: shape.into() }, smallvec![a.clone()])
}

/// [`reshape`] with at most one size given as -1, which becomes whatever makes the sizes agree.
///
/// # Errors
/// When a size is negative (other than one -1), or no size in its place fits the number of elements.
pub fn reshape_signed(a: &Array, shape: &[i64]) -> Result<Array> {
    let size = infer_size("reshape", a.size(), shape)?;
    if varies(a) { regroup(a, Regroup::Into(shape.into())) } else { reshape(a, &size) }
}

/// `shape` with a -1 replaced so that it has `size` elements; 0 when any size would do.
pub(crate) fn infer_size(op: &'static str, size: usize, shape: &[i64]) -> Result<Shape> {
    let refuse = |why: &str| Error::value(op, format!("{why}, got {shape:?} for {size} elements"));
    let mut known = Shape::with_capacity(shape.len());
    let mut open = None;
    for (axis, &length) in shape.iter().enumerate() {
        match usize::try_from(length) {
            Ok(length) => known.push(length),
            Err(_) if length == -1 && open.is_none() => {
                open = Some(axis);
                known.push(1);
            }
            Err(_) => return Err(refuse("sizes are not negative, except for one -1")),
        }
    }
    let rest = layout::checked_len(&known).ok_or_else(|| refuse("too many elements"))?;
    if let Some(axis) = open {
        match size.checked_rem(rest) {
            Some(0) => known[axis] = size / rest,
            None if size == 0 => known[axis] = 0,
            Some(_) | None => return Err(refuse("no size in place of -1 fits")),
        }
    }
    Ok(known)
}

/// The axes in the order of `axes`: axis `i` of the result is axis `axes[i]` of `a`. A view.
///
/// # Errors
/// [`Error::Axis`] when an axis doesn't exist, [`Error::Value`] when `axes` doesn't name each axis once.
pub fn transpose(a: &Array, axes: &[i64]) -> Result<Array> {
    let axes = normalize_axes("transpose", axes, a.ndim())?;
    permute(a, &axes)
}

/// The axes in reverse order. A view.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn transpose_all(a: &Array) -> Result<Array> {
    let axes: Shape = (0..a.ndim()).rev().collect();
    permute(a, &axes)
}

/// [`transpose`] over axes that are known to be in range.
pub(crate) fn permute(a: &Array, axes: &[usize]) -> Result<Array> {
    if axes.len() == a.ndim() && axes.iter().enumerate().all(|(i, &axis)| i == axis) {
        return Ok(a.clone());
    }
    Array::apply(Transpose { axes: axes.into() }, smallvec![a.clone()])
}

/// `a` repeated along axes of size one and along new leading axes until it has `shape`. A view.
///
/// # Errors
/// When `a` doesn't broadcast to `shape`.
pub fn broadcast_to(a: &Array, shape: &[usize]) -> Result<Array> {
    if a.shape() == shape && !varies(a) {
        return Ok(a.clone());
    }
    Array::apply(Broadcast { shape: shape.into() }, smallvec![a.clone()])
}

/// Refuses axes that an array with `ndim` axes doesn't have, or that are named twice.
pub(crate) fn expect_axes(op: &'static str, axes: &[usize], ndim: usize) -> Result<()> {
    match axes.iter().enumerate().find(|&(i, &axis)| axis >= ndim || axes[..i].contains(&axis)) {
        Some((_, &axis)) => Err(Error::Axis { op, axis: axis as i64, ndim }),
        None => Ok(()),
    }
}

/// Refuses a shape whose elements can't be counted.
pub(crate) fn expect_elements_fit(op: &'static str, shape: &[usize]) -> Result<()> {
    if layout::checked_len(shape).is_some() {
        return Ok(());
    }
    Err(Error::value(op, format!("shape {} has too many elements", tuple(shape))))
}

/// Zeros as a view of a single one, for what is about to be written over or summed away.
pub(crate) fn zeros_view(shape: &[usize], dtype: DType) -> Result<Array> {
    broadcast_to(&zeros(&[], dtype), shape)
}

impl Primitive for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        if layout::checked_len(&self.shape) != Some(inputs[0].size()) {
            let (from, to) = (tuple(inputs[0].shape()), tuple(&self.shape));
            let message = format!("shape {from} has {} elements, which don't fill shape {to}", inputs[0].size());
            return Err(Error::value(self.name(), message));
        }
        Ok(vec![Spec::new(&self.shape, inputs[0].dtype())])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| reshape(tangent, &self.shape)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let pulled = cotangents[0].as_ref().map(|cotangent| reshape_like(cotangent, &site.inputs[0]));
        Ok(vec![pulled.transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let shape = [&[examples], self.shape.as_slice()].concat();
        Ok(vec![Batched::mapped(reshape(&inputs[0].array, &shape)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![inputs[0].reshape(&specs[0].shape)?])
    }
}

impl Primitive for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let shape = inputs[0].shape();
        let mut seen = vec![false; shape.len()];
        let fresh = |&axis: &usize| seen.get_mut(axis).is_some_and(|seen| !std::mem::replace(seen, true));
        if self.axes.len() != shape.len() || !self.axes.iter().all(fresh) {
            let message = format!("axes {:?} must name each of the {} axes once", self.axes, shape.len());
            return Err(Error::value(self.name(), message));
        }
        let permuted: Shape = self.axes.iter().map(|&axis| shape[axis]).collect();
        Ok(vec![Spec { shape: permuted, dtype: inputs[0].dtype() }])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| permute(tangent, &self.axes)).transpose()?])
    }

    fn vjp(&self, _: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let mut inverse: Shape = smallvec![0; self.axes.len()];
        for (to, &from) in self.axes.iter().enumerate() {
            inverse[from] = to;
        }
        Ok(vec![cotangents[0].as_ref().map(|cotangent| permute(cotangent, &inverse)).transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let axes: Shape = std::iter::once(0).chain(self.axes.iter().map(|axis| axis + 1)).collect();
        Ok(vec![Batched::mapped(permute(&inputs[0].array, &axes)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![inputs[0].permute(&self.axes)])
    }
}

impl Primitive for Broadcast {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let from = inputs[0].shape();
        if layout::broadcast(from, &self.shape).as_ref() != Some(&self.shape) {
            return Err(Error::Broadcast { op: self.name(), left: from.into(), right: self.shape.clone() });
        }
        expect_elements_fit(self.name(), &self.shape)?;
        Ok(vec![Spec::new(&self.shape, inputs[0].dtype())])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| broadcast_to(tangent, &self.shape)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let pulled = cotangents[0].as_ref().map(|cotangent| unbroadcast_like(cotangent, &site.inputs[0]));
        Ok(vec![pulled.transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let example = inputs[0].example_shape();
        let mut aligned: Shape = smallvec![1; 1 + self.shape.len()];
        aligned[0] = examples;
        aligned[1 + self.shape.len() - example.len()..].copy_from_slice(example);
        let shape = [&[examples], self.shape.as_slice()].concat();
        Ok(vec![Batched::mapped(broadcast_to(&reshape(&inputs[0].array, &aligned)?, &shape)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![inputs[0].broadcast_to(&specs[0].shape)])
    }
}
