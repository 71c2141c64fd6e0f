//! Operations whose result's shape follows those of other arrays, for functions that are recorded for all shapes.
//!
//! They exist only while such a function is read: replaying it turns them into operations of the shapes at hand.

use cotan_kernels::reduce::ReduceOp;
use cotan_kernels::{DType, Scalar, Tensor, layout};
use smallvec::{SmallVec, smallvec};

use super::without;
use super::{Batched, Full, Op, Primitive, Reduce, Site, Tangents, broadcast_to, elementwise, reshape, view};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result};
use crate::trace::FollowShapes;

/// A reshape as a rule for any shape of its input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Regroup {
    /// Axes `first..=last` joined into one; an array without axes gets one.
    Flatten {
        /// The first axis.
        first: usize,
        /// The last axis.
        last: usize,
    },
    /// One axis taken apart; one size may be -1.
    Unflatten {
        /// The axis.
        axis: usize,
        /// Sizes of the axes that replace it.
        sizes: SmallVec<[i64; 4]>,
    },
    /// Without these axes, which have size one.
    Squeeze(Shape),
    /// With axes of size one, which are axes of the result.
    Expand(Shape),
    /// Into these sizes, of which one may be -1.
    Into(SmallVec<[i64; 4]>),
}

/// What the first of two arrays does to follow the shape of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Like {
    /// The same elements in the other shape.
    Reshape,
    /// Broadcast to the shape that both broadcast to.
    Broadcast,
    /// Summed over the axes along which the other one would be repeated.
    Unbroadcast,
}

/// The number of elements that an array has over some axes, less `minus` but not below zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Count {
    /// The axes.
    pub axes: Shape,
    /// What is taken off.
    pub minus: i64,
    /// The type of the result.
    pub dtype: DType,
}

/// True when the shape of `a` may be another one in the next call of the function that is being recorded.
pub(crate) fn varies(a: &Array) -> bool {
    // An array without axes has only one shape.
    FollowShapes::active() && a.0.trace.is_some() && a.ndim() > 0
}

/// Refuses an operation that would fix what follows from a shape, in a function that is recorded for all shapes.
pub(crate) fn expect_fixed(op: &'static str, a: &Array) -> Result<()> {
    if varies(a) { Err(unknown(op)) } else { Ok(()) }
}

pub(crate) fn unknown(op: &'static str) -> Error {
    Error::value(op, "its result for other shapes can't be inferred; record it without shapeless=True")
}

/// A reshape by rule.
pub(crate) fn regroup(a: &Array, rule: Regroup) -> Result<Array> {
    if varies(a) {
        return Array::apply(rule, smallvec![a.clone()]);
    }
    reshape(a, &rule.shape(a.shape())?)
}

/// All elements along one axis.
pub(crate) fn flat(a: &Array) -> Result<Array> {
    regroup(a, Regroup::Flatten { first: 0, last: a.ndim().saturating_sub(1) })
}

/// Without axes that have size one.
pub(crate) fn squeezed(a: &Array, axes: &[usize]) -> Result<Array> {
    regroup(a, Regroup::Squeeze(axes.into()))
}

pub(crate) fn like(how: Like, a: &Array, other: &Array) -> Result<Array> {
    if varies(a) || varies(other) {
        return Array::apply(how, smallvec![a.clone(), other.clone()]);
    }
    match how {
        Like::Reshape => reshape(a, other.shape()),
        Like::Broadcast => broadcast_to(a, &how.shape(a.shape(), other.shape())?),
        Like::Unbroadcast => elementwise::unbroadcast(a.clone(), other.shape()),
    }
}

/// The elements of `a` in the shape of `other`.
pub(crate) fn reshape_like(a: &Array, other: &Array) -> Result<Array> {
    like(Like::Reshape, a, other)
}

/// `a` broadcast against `other`.
pub(crate) fn broadcast_like(a: &Array, other: &Array) -> Result<Array> {
    like(Like::Broadcast, a, other)
}

/// `a` summed over the axes along which `other` would be repeated to get its shape.
pub(crate) fn unbroadcast_like(a: &Array, other: &Array) -> Result<Array> {
    like(Like::Unbroadcast, a, other)
}

/// The same value at every place of an array in the shape of `a`.
#[must_use]
pub fn constant_like(a: &Array, value: Scalar) -> Array {
    if !varies(a) {
        return Array::full(a.shape(), value);
    }
    broadcast_like(&Array::full(&[], value), a).expect("a scalar broadcasts to every shape")
}

/// How many elements `a` has over `axes`, less `minus` but not below zero, as a constant.
pub(crate) fn count(a: &Array, axes: &[usize], minus: i64, dtype: DType) -> Result<Array> {
    Count { axes: axes.into(), minus, dtype }.of(a)
}

impl Regroup {
    /// The shape that an input of shape `from` gets.
    pub(crate) fn shape(&self, from: &[usize]) -> Result<Shape> {
        const OP: &str = "reshape";
        let refuse = || Error::value(OP, format!("{self:?} does not apply to shape {}", crate::error::tuple(from)));
        match self {
            Regroup::Flatten { first: 0, last: 0 } if from.is_empty() => Ok(smallvec![1]),
            Regroup::Flatten { first, last } => {
                let inner = from.get(*first..last.saturating_add(1)).ok_or_else(refuse)?;
                if inner.is_empty() {
                    return Err(refuse());
                }
                let joined = layout::checked_len(inner).ok_or_else(refuse)?;
                Ok([&from[..*first], &[joined], &from[last + 1..]].concat().into())
            }
            Regroup::Unflatten { axis, sizes } => {
                let size = *from.get(*axis).ok_or_else(refuse)?;
                let inner = view::infer_size("unflatten", size, sizes)?;
                if layout::checked_len(&inner) != Some(size) {
                    return Err(refuse());
                }
                Ok([&from[..*axis], &inner, &from[axis + 1..]].concat().into())
            }
            Regroup::Squeeze(axes) => {
                if axes.iter().any(|&axis| from.get(axis) != Some(&1)) {
                    return Err(refuse());
                }
                Ok(without(from, axes))
            }
            Regroup::Expand(axes) => {
                let (ndim, mut old) = (from.len() + axes.len(), from.iter());
                let size = |axis: usize| if axes.contains(&axis) { Some(1) } else { old.next().copied() };
                let shape: Option<Shape> = (0..ndim).map(size).collect();
                shape.filter(|_| old.next().is_none()).ok_or_else(refuse)
            }
            Regroup::Into(sizes) => view::infer_size(OP, layout::len(from), sizes),
        }
    }

    /// The rule for an array with one more axis in front.
    fn behind_axis(&self) -> Regroup {
        let behind = |axes: &Shape| axes.iter().map(|axis| axis + 1).collect();
        match self {
            Regroup::Flatten { first, last } => Regroup::Flatten { first: first + 1, last: last + 1 },
            Regroup::Unflatten { axis, sizes } => Regroup::Unflatten { axis: axis + 1, sizes: sizes.clone() },
            Regroup::Squeeze(axes) => Regroup::Squeeze(behind(axes)),
            Regroup::Expand(axes) => Regroup::Expand(behind(axes)),
            Regroup::Into(sizes) => Regroup::Into(sizes.clone()),
        }
    }
}

impl Primitive for Regroup {
    fn name(&self) -> &'static str {
        match self {
            Regroup::Flatten { .. } => "flatten",
            Regroup::Unflatten { .. } => "unflatten",
            Regroup::Squeeze(_) => "squeeze",
            Regroup::Expand(_) => "expand_dims",
            Regroup::Into(_) => "reshape",
        }
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let from = inputs[0].shape();
        let shape = self.shape(from)?;
        if layout::checked_len(&shape) != Some(layout::len(from)) {
            let (from, to) = (crate::error::tuple(from), crate::error::tuple(&shape));
            return Err(Error::value(self.name(), format!("the elements of shape {from} don't fill shape {to}")));
        }
        Ok(vec![Spec { shape, dtype: inputs[0].dtype() }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| reshape_like(tangent, &site.outputs[0])).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![cotangents[0].as_ref().map(|cotangent| reshape_like(cotangent, &site.inputs[0])).transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let array = &inputs[0].array;
        // What joins or takes apart no axis of a scalar does so behind the mapped axis.
        let rule = match self {
            Regroup::Flatten { .. } if array.ndim() == 1 => Regroup::Expand(smallvec![1]),
            Regroup::Into(sizes) => {
                let flat = match array.ndim() {
                    1 => Regroup::Expand(smallvec![1]),
                    rank => Regroup::Flatten { first: 1, last: rank - 1 },
                };
                let rows = regroup(array, flat)?;
                let rule = match sizes.is_empty() {
                    true => Regroup::Squeeze(smallvec![1]),
                    false => Regroup::Unflatten { axis: 1, sizes: sizes.clone() },
                };
                return Ok(vec![Batched::mapped(regroup(&rows, rule)?)]);
            }
            rule => rule.behind_axis(),
        };
        Ok(vec![Batched::mapped(regroup(array, rule)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![inputs[0].reshape(&specs[0].shape)?])
    }
}

impl Like {
    fn shape(self, own: &[usize], other: &[usize]) -> Result<Shape> {
        let refuse = || Error::Broadcast { op: self.name(), left: own.into(), right: other.into() };
        match self {
            Like::Reshape => Ok(other.into()),
            Like::Broadcast => layout::broadcast(own, other).ok_or_else(refuse),
            Like::Unbroadcast if layout::broadcast(own, other).as_deref() == Some(own) => Ok(other.into()),
            Like::Unbroadcast => Err(refuse()),
        }
    }
}

impl Primitive for Like {
    fn name(&self) -> &'static str {
        match self {
            Like::Reshape => "reshape",
            Like::Broadcast => "broadcast_to",
            Like::Unbroadcast => "sum",
        }
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (own, other) = (&inputs[0], &inputs[1]);
        let shape = self.shape(own.shape(), other.shape())?;
        view::expect_elements_fit(self.name(), &shape)?;
        if *self == Like::Reshape && layout::len(&shape) != own.size() {
            let (from, to) = (crate::error::tuple(own.shape()), crate::error::tuple(&shape));
            return Err(Error::value(self.name(), format!("the elements of shape {from} don't fill shape {to}")));
        }
        Ok(vec![Spec { shape, dtype: own.dtype() }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| like(*self, tangent, &site.inputs[1])).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let transposed = match self {
            Like::Reshape => Like::Reshape,
            Like::Broadcast => Like::Unbroadcast,
            Like::Unbroadcast => Like::Broadcast,
        };
        let pulled = cotangents[0].as_ref().map(|cotangent| like(transposed, cotangent, &site.inputs[0]));
        Ok(vec![pulled.transpose()?, None])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let ranks = [0, 1].map(|i| inputs[i].example_shape().len());
        let [mut own, mut other] = [inputs[0].expand(examples)?, inputs[1].expand(examples)?];
        // Behind the mapped axis both get as many axes as the longer one has.
        let missing = |rank: usize| -> Shape { (1..=ranks[0].max(ranks[1]) - rank).collect() };
        if *self != Like::Reshape {
            own = regroup(&own, Regroup::Expand(missing(ranks[0])))?;
            other = regroup(&other, Regroup::Expand(missing(ranks[1])))?;
        }
        let result = like(*self, &own, &other)?;
        let result = if *self == Like::Unbroadcast { squeezed(&result, &missing(ranks[1]))? } else { result };
        Ok(vec![Batched::mapped(result)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let (own, shape) = (&inputs[0], specs[0].shape.as_slice());
        Ok(vec![match self {
            Like::Reshape => own.reshape(shape)?,
            Like::Broadcast => own.broadcast_to(shape),
            Like::Unbroadcast => {
                let lead = own.shape().len() - shape.len();
                let repeated = |axis: usize| axis < lead || (shape[axis - lead] == 1 && own.shape()[axis] != 1);
                let axes: SmallVec<[usize; 4]> = (0..own.shape().len()).filter(|&axis| repeated(axis)).collect();
                if axes.is_empty() {
                    return Ok(vec![own.reshape(shape)?]);
                }
                let mut kept = Shape::from_slice(own.shape());
                axes.iter().for_each(|&axis| kept[axis] = 1);
                let spec = Spec { shape: kept, dtype: specs[0].dtype };
                let sum = Op::from(Reduce { op: ReduceOp::Sum, axes });
                sum.eval(inputs, &[spec])?.swap_remove(0).reshape(shape)?
            }
        }])
    }
}

impl Count {
    pub(crate) fn of(&self, a: &Array) -> Result<Array> {
        if varies(a) {
            return Array::apply(self.clone(), smallvec![a.clone()]);
        }
        Ok(Array::full(&[], self.value(a.shape())))
    }

    fn value(&self, shape: &[usize]) -> Scalar {
        let n: usize = self.axes.iter().map(|&axis| shape[axis]).product();
        Scalar::new((n as f64 - self.minus as f64).max(0.0)).cast(self.dtype)
    }
}

impl Primitive for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        view::expect_axes(self.name(), &self.axes, inputs[0].ndim())?;
        Ok(vec![Spec::new(&[], self.dtype)])
    }

    fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![None])
    }

    fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![None])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let axes: Shape = self.axes.iter().map(|axis| axis + 1).collect();
        let number = count(&inputs[0].array, &axes, self.minus, self.dtype)?;
        Ok(vec![Batched { array: number, mapped: false }])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        Full { value: self.value(inputs[0].shape()), shape: Shape::new() }.eval(&[], specs)
    }
}
