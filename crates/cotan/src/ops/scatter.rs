//! Updates at places that index arrays name.

use cotan_kernels::{DType, Scalar, Tensor};
use smallvec::smallvec;

pub use cotan_kernels::gather::ScatterMode;

use super::follow::expect_fixed;
use super::follow::{flat, reshape_like};
use super::gather::fitted;
use super::{Arange, Batched, Gather, Primitive, Site, Tangents, astype, batched_indices, check_blocks};
use super::{chosen, conj, divide, equal, example_index, expect_indices, expect_lanes, expect_rank, gather_along};
use super::{multiply, normalize_axis, not_equal, ones_like, reshape, same_shape, where_, zeros, zeros_like};
use crate::array::{Array, Inputs, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// The first input with the last one combined in where the inputs between say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Scatter {
    /// How an update combines with the element at its place.
    pub mode: ScatterMode,
    /// The axis that each index array counts along.
    pub axes: Shape,
}

/// The first input with the third combined in at the second input's positions along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ScatterAxis {
    /// How an update combines with the element at its place.
    pub mode: ScatterMode,
    /// The axis.
    pub axis: usize,
}

/// `a` with `updates` combined into the blocks that begin at the indices along `axes`, and at 0 elsewhere.
///
/// The index arrays broadcast together and negative ones count from the end. `updates` is cast to the type of `a`; its
/// last `a.ndim()` axes are a block, of size 1 along `axes`, and those before broadcast to the shape of the indices. With
/// `Set` the last update to a place stays; all other modes combine all updates. An index out of range is an error when
/// the result is evaluated.
///
/// Derivatives follow the updates that count: equal extremes share a cotangent, and of several updates with `Set` the last
/// one gets it. Second derivatives of `Prod` miss terms where an element or update is zero.
///
/// # Errors
/// When indices are not integers or don't broadcast, or the blocks don't fit into `a`.
pub fn scatter(mode: ScatterMode, a: &Array, indices: &[Array], updates: &Array, axes: &[usize]) -> Result<Array> {
    const OP: &str = "scatter";
    let indices = same_shape(OP, indices)?;
    let lead = indices.first().map_or(&[][..], Array::shape);
    let Some(rank) = updates.ndim().checked_sub(a.ndim()) else {
        let message = format!("updates of shape {} for an array of shape {}", tuple(updates.shape()), tuple(a.shape()));
        return Err(Error::value(OP, message));
    };
    let shape = [lead, &updates.shape()[rank..]].concat();
    let updates = fitted(&astype(updates, a.dtype())?, &shape)?;
    let mut inputs: Inputs = smallvec![a.clone()];
    inputs.extend(indices);
    inputs.push(updates);
    Array::apply(Scatter { mode, axes: axes.into() }, inputs)
}

/// `a` with `values` combined in at `indices` along `axis` (of the flattened array when `None`).
///
/// `indices` and `values` broadcast to the other axes of `a`, and `values` is cast to its type.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when ranks differ, shapes don't broadcast, or indices are not integers. An
/// index out of range is an error when the result is evaluated.
pub fn put_along_axis(
    a: &Array,
    indices: &Array,
    values: &Array,
    axis: Option<i64>,
    mode: ScatterMode,
) -> Result<Array> {
    const OP: &str = "put_along_axis";
    let Some(axis) = axis else {
        let flat = put_along_axis(&flat(a)?, indices, values, Some(0), mode)?;
        return reshape_like(&flat, a);
    };
    let axis = normalize_axis(OP, axis, a.ndim())?;
    expect_rank(OP, a, indices)?;
    let mut shape = Shape::from_slice(a.shape());
    shape[axis] = indices.shape()[axis];
    let values = fitted(&astype(values, a.dtype())?, &shape)?;
    scatter_along(mode, a, &fitted(indices, &shape)?, &values, axis)
}

/// Updates at `indices`, whose shape is that of `a` but for `axis`.
pub(crate) fn scatter_along(
    mode: ScatterMode,
    a: &Array,
    indices: &Array,
    updates: &Array,
    axis: usize,
) -> Result<Array> {
    Array::apply(ScatterAxis { mode, axis }, smallvec![a.clone(), indices.clone(), updates.clone()])
}

/// The places of a scatter: how to read them and how to update them.
struct Places<'a> {
    read: &'a dyn Fn(&Array) -> Result<Array>,
    write: &'a dyn Fn(ScatterMode, &Array, &Array) -> Result<Array>,
    /// Whether a place may be updated more than once.
    repeat: bool,
}

/// The slope of the result for the source and for the updates; `None` is one.
struct Slopes {
    source: Option<Array>,
    updates: Option<Array>,
}

impl Places<'_> {
    fn slopes(&self, mode: ScatterMode, source: &Array, updates: &Array, result: &Array) -> Result<Slopes> {
        Ok(match mode {
            ScatterMode::Add => Slopes { source: None, updates: None },
            ScatterMode::Set => Slopes {
                source: Some((self.write)(ScatterMode::Set, &ones_like(source), &zeros_like(updates))?),
                updates: if self.repeat { Some(self.last(source, updates)?) } else { None },
            },
            ScatterMode::Prod => Slopes {
                source: Some((self.write)(ScatterMode::Prod, &ones_like(source), updates)?),
                updates: Some(self.product_of_others(source, updates)?),
            },
            ScatterMode::Max | ScatterMode::Min => {
                let dtype = source.dtype();
                let kept = astype(&chosen(source, result)?, dtype)?;
                let won = astype(&chosen(updates, &(self.read)(result)?)?, dtype)?;
                let count = (self.write)(ScatterMode::Add, &kept, &won)?;
                Slopes {
                    source: Some(astype(&divide(&kept, &count)?, dtype)?),
                    updates: Some(astype(&divide(&won, &(self.read)(&count)?)?, dtype)?),
                }
            }
        })
    }

    /// One for the updates that stay when all are set in order, else zero.
    fn last(&self, source: &Array, updates: &Array) -> Result<Array> {
        expect_fixed("scatter", source)?;
        let dtype = if i32::try_from(updates.size()).is_ok() { DType::I32 } else { DType::I64 };
        let count = Arange { start: Scalar::zero(dtype), step: Scalar::one(dtype), len: updates.size() };
        let number = reshape(&Array::apply(count, smallvec![])?, updates.shape())?;
        let stayed = (self.write)(ScatterMode::Set, &zeros(source.shape(), dtype), &number)?;
        astype(&equal(&(self.read)(&stayed)?, &number)?, updates.dtype())
    }

    /// For each update the product of the source and of the other updates at its place.
    fn product_of_others(&self, source: &Array, updates: &Array) -> Result<Array> {
        expect_fixed("scatter", source)?;
        let zero = zeros(&[], updates.dtype());
        let is_zero = equal(updates, &zero)?;
        let rest = where_(&is_zero, &ones_like(updates), updates)?;
        let product = (self.read)(&(self.write)(ScatterMode::Prod, source, &rest)?)?;
        let is_zero = astype(&is_zero, DType::I32)?;
        let zeros_there = (self.read)(&(self.write)(ScatterMode::Add, &zeros(source.shape(), DType::I32), &is_zero)?)?;
        let vanishes = not_equal(&zeros_there, &is_zero)?;
        where_(&vanishes, &zero, &astype(&divide(&product, &rest)?, updates.dtype())?)
    }

    fn jvp(&self, mode: ScatterMode, values: [&Array; 3], tangents: [Option<&Array>; 2]) -> Result<Option<Array>> {
        let [source, updates, result] = values;
        if tangents.iter().all(Option::is_none) {
            return Ok(None);
        }
        if mode == ScatterMode::Set {
            let [t_source, t_updates] = [(tangents[0], source), (tangents[1], updates)]
                .map(|(t, x)| t.cloned().unwrap_or_else(|| zeros_like(x)));
            return (self.write)(mode, &t_source, &t_updates).map(Some);
        }
        let slopes = self.slopes(mode, source, updates, result)?;
        let scaled = |tangent: Option<&Array>, slope: Option<Array>| -> Result<Option<Array>> {
            match (tangent, slope) {
                (Some(tangent), Some(slope)) => multiply(tangent, &slope).map(Some),
                (tangent, _) => Ok(tangent.cloned()),
            }
        };
        let kept = scaled(tangents[0], slopes.source)?;
        match scaled(tangents[1], slopes.updates)? {
            Some(moved) => {
                (self.write)(ScatterMode::Add, &kept.unwrap_or_else(|| zeros_like(source)), &moved).map(Some)
            }
            None => Ok(kept),
        }
    }

    fn vjp(
        &self,
        mode: ScatterMode,
        values: [&Array; 3],
        cotangent: &Array,
        wanted: [bool; 2],
    ) -> Result<[Option<Array>; 2]> {
        let [source, updates, result] = values;
        let slopes = self.slopes(mode, source, updates, result)?;
        let scaled = |cotangent: Array, slope: Option<Array>| match slope {
            Some(slope) => multiply(&cotangent, &conj(&slope)?),
            None => Ok(cotangent),
        };
        Ok([
            if wanted[0] { Some(scaled(cotangent.clone(), slopes.source)?) } else { None },
            if wanted[1] { Some(scaled((self.read)(cotangent)?, slopes.updates)?) } else { None },
        ])
    }
}

impl Scatter {
    fn of(&self, mode: ScatterMode, source: &Array, indices: &[Array], updates: &Array) -> Result<Array> {
        let mut inputs: Inputs = smallvec![source.clone()];
        inputs.extend(indices.iter().cloned());
        inputs.push(updates.clone());
        Array::apply(Scatter { mode, axes: self.axes.clone() }, inputs)
    }

    fn with_places<R>(&self, site: &Site, f: impl FnOnce(&Places) -> R) -> R {
        let indices = &site.inputs[1..site.inputs.len() - 1];
        let rank = indices.first().map_or(0, Array::ndim);
        let slice_sizes: Shape = site.inputs[site.inputs.len() - 1].shape()[rank..].into();
        let blocks = Gather { axes: self.axes.clone(), slice_sizes };
        f(&Places {
            read: &|a| {
                let mut inputs: Inputs = smallvec![a.clone()];
                inputs.extend(indices.iter().cloned());
                Array::apply(blocks.clone(), inputs)
            },
            write: &|mode, source, updates| self.of(mode, source, indices, &astype(updates, source.dtype())?),
            repeat: indices.first().is_some_and(|index| index.size() > 1),
        })
    }
}

impl Primitive for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (source, updates) = (&inputs[0], &inputs[inputs.len() - 1]);
        let indices = &inputs[1..inputs.len() - 1];
        let lead = indices.first().map_or(&[][..], Array::shape);
        if !updates.shape().starts_with(lead) || updates.dtype() != source.dtype() {
            let (shape, lead) = (tuple(updates.shape()), tuple(lead));
            let message = format!("updates {shape} of {} for indices {lead} of {}", updates.dtype(), source.dtype());
            return Err(Error::value(self.name(), message));
        }
        check_blocks(self.name(), source, indices, &self.axes, &updates.shape()[lead.len()..])?;
        Ok(vec![source.spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let last = site.inputs.len() - 1;
        let values = [&site.inputs[0], &site.inputs[last], &site.outputs[0]];
        let tangents = [tangents[0].as_ref(), tangents[last].as_ref()];
        Ok(vec![self.with_places(site, |places| places.jvp(self.mode, values, tangents))?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let last = site.inputs.len() - 1;
        let mut result = vec![None; last + 1];
        let Some(cotangent) = &cotangents[0] else { return Ok(result) };
        let values = [&site.inputs[0], &site.inputs[last], &site.outputs[0]];
        let wanted = [site.wanted[0], site.wanted[last]];
        let [source, updates] = self.with_places(site, |places| places.vjp(self.mode, values, cotangent, wanted))?;
        (result[0], result[last]) = (source, updates);
        Ok(result)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let (source, updates) = (&inputs[0], &inputs[inputs.len() - 1]);
        let axes = std::iter::once(0).chain(self.axes.iter().map(|axis| axis + 1)).collect();
        let inner = Scatter { mode: self.mode, axes };
        let mut indices = batched_indices(&inputs[1..inputs.len() - 1], examples)?;
        let index_shape = indices.first().map_or(smallvec![examples], |index| Shape::from_slice(index.shape()));
        indices.insert(0, example_index(examples, &index_shape)?);
        let mut shape = index_shape.clone();
        shape.push(1);
        shape.extend_from_slice(&updates.example_shape()[index_shape.len() - 1..]);
        let updates = reshape(&updates.expand(examples)?, &shape)?;
        Ok(vec![Batched::mapped(inner.of(self.mode, &source.expand(examples)?, &indices, &updates)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let (indices, updates) = (&inputs[1..inputs.len() - 1], &inputs[inputs.len() - 1]);
        let result = cotan_kernels::gather::scatter(self.mode, &inputs[0], indices, updates, &self.axes);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}

impl ScatterAxis {
    fn with_places<R>(self, site: &Site, f: impl FnOnce(&Places) -> R) -> R {
        let indices = &site.inputs[1];
        f(&Places {
            read: &|a| gather_along(a, indices, self.axis),
            write: &|mode, source, updates| {
                scatter_along(mode, source, indices, &astype(updates, source.dtype())?, self.axis)
            },
            repeat: indices.shape()[self.axis] > 1,
        })
    }
}

impl Primitive for ScatterAxis {
    fn name(&self) -> &'static str {
        "put_along_axis"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (source, indices, updates) = (&inputs[0], &inputs[1], &inputs[2]);
        expect_indices(self.name(), &inputs[1..2])?;
        expect_lanes(self.name(), source, indices, self.axis)?;
        if indices.shape() != updates.shape() || updates.dtype() != source.dtype() {
            let (values, places) = (tuple(updates.shape()), tuple(indices.shape()));
            let message = format!("values {values} of {} for indices {places} of {}", updates.dtype(), source.dtype());
            return Err(Error::value(self.name(), message));
        }
        Ok(vec![source.spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let values = [&site.inputs[0], &site.inputs[2], &site.outputs[0]];
        let tangents = [tangents[0].as_ref(), tangents[2].as_ref()];
        Ok(vec![self.with_places(site, |places| places.jvp(self.mode, values, tangents))?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; 3]) };
        let values = [&site.inputs[0], &site.inputs[2], &site.outputs[0]];
        let wanted = [site.wanted[0], site.wanted[2]];
        let [source, updates] = self.with_places(site, |places| places.vjp(self.mode, values, cotangent, wanted))?;
        Ok(vec![source, None, updates])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let [source, indices, updates] = [0, 1, 2].map(|i| inputs[i].expand(examples));
        Ok(vec![Batched::mapped(scatter_along(self.mode, &source?, &indices?, &updates?, self.axis + 1)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let [source, indices, updates] = [0, 1, 2].map(|i| &inputs[i]);
        let result = cotan_kernels::gather::scatter_axis(self.mode, source, indices, updates, self.axis);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}
