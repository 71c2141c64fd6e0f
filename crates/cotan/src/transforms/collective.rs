//! Reductions over the axis of a `vmap`, by the name that it was given.

use std::cell::RefCell;

use cotan_kernels::{DType, Scalar, Tensor};
use smallvec::smallvec;

use crate::array::{Array, Spec};
use crate::error::{Error, Result};
use crate::ops::{self, Batched, Primitive, Site, Tangents, astype, divide, equal, multiply};

/// What a [`Collective`] does with the values of all examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Combine {
    /// Their sum.
    Sum,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// The values of all examples combined, element by element; every example gets the result.
///
/// Inputs are the value and the number of the example, which only the named `vmap` maps: that is how its rule knows
/// when it is asked by that `vmap`, and not by another one inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Collective(Combine);

/// A `vmap` with a name whose function is being called.
struct Axis {
    name: String,
    /// The number of the example.
    number: Array,
    size: usize,
}

thread_local! {
    static AXES: RefCell<Vec<Axis>> = const { RefCell::new(Vec::new()) };
}

/// Makes an axis known by its name while it lives.
pub(crate) struct Named(());

impl Named {
    pub fn new(name: &str, number: &Array, size: usize) -> Named {
        AXES.with_borrow_mut(|axes| axes.push(Axis { name: name.to_owned(), number: number.clone(), size }));
        Named(())
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        drop(AXES.with_borrow_mut(Vec::pop));
    }
}

/// The number of the example and how many there are, for the innermost axis of that name.
fn axis(op: &'static str, name: &str) -> Result<(Array, usize)> {
    AXES.with_borrow(|axes| match axes.iter().rev().find(|axis| axis.name == name) {
        Some(axis) => Ok((axis.number.clone(), axis.size)),
        None => {
            let known: Vec<String> = axes.iter().map(|axis| format!("{:?}", axis.name)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!("there is no vmap with axis_name={name:?} around this call; names here: {known}");
            Err(Error::value(op, message))
        }
    })
}

/// The sum of `a` over all examples of the [`vmap`](super::vmap_named) called `name`.
///
/// # Errors
/// When no such vmap calls the function.
pub fn psum(a: &Array, name: &str) -> Result<Array> {
    let (number, _) = axis("psum", name)?;
    let a = if a.dtype() == DType::Bool { astype(a, DType::I32)? } else { a.clone() };
    Collective(Combine::Sum).of(&a, &number)
}

/// The mean of `a` over all examples of the vmap called `name`.
///
/// # Errors
/// As for [`psum`].
pub fn pmean(a: &Array, name: &str) -> Result<Array> {
    let (number, size) = axis("pmean", name)?;
    let a = if a.dtype().is_inexact() { a.clone() } else { astype(a, DType::F32)? };
    let count = Array::full(&[], Scalar::new(size as f64).cast(a.dtype()));
    divide(&Collective(Combine::Sum).of(&a, &number)?, &count)
}

/// The largest `a` of all examples of the vmap called `name`, element by element.
///
/// # Errors
/// As for [`psum`].
pub fn pmax(a: &Array, name: &str) -> Result<Array> {
    Collective(Combine::Max).of(a, &axis("pmax", name)?.0)
}

/// The smallest `a` of all examples of the vmap called `name`, element by element.
///
/// # Errors
/// As for [`psum`].
pub fn pmin(a: &Array, name: &str) -> Result<Array> {
    Collective(Combine::Min).of(a, &axis("pmin", name)?.0)
}

/// The number of the example along the vmap called `name`, an int32 scalar.
///
/// # Errors
/// As for [`psum`].
pub fn axis_index(name: &str) -> Result<Array> {
    Ok(axis("axis_index", name)?.0)
}

impl Collective {
    fn of(self, a: &Array, number: &Array) -> Result<Array> {
        Array::apply(self, smallvec![a.clone(), number.clone()])
    }

    /// The share of each example in an extreme: equal shares for those that attain it.
    fn share(self, site: &Site) -> Result<Array> {
        let here = astype(&equal(&site.inputs[0], &site.outputs[0])?, site.inputs[0].dtype())?;
        divide(&here, &Collective(Combine::Sum).of(&here, &site.inputs[1])?)
    }
}

impl Primitive for Collective {
    fn name(&self) -> &'static str {
        match self.0 {
            Combine::Sum => "psum",
            Combine::Max => "pmax",
            Combine::Min => "pmin",
        }
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None]) };
        let tangent = match self.0 {
            Combine::Sum => tangent.clone(),
            Combine::Max | Combine::Min => multiply(tangent, &self.share(site)?)?,
        };
        Ok(vec![Some(Collective(Combine::Sum).of(&tangent, &site.inputs[1])?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None, None]) };
        let sum = Collective(Combine::Sum).of(cotangent, &site.inputs[1])?;
        let pulled = match self.0 {
            Combine::Sum => sum,
            Combine::Max | Combine::Min => multiply(&sum, &self.share(site)?)?,
        };
        Ok(vec![Some(pulled), None])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let [value, number] = inputs else { return Err(Error::value(self.name(), "takes two inputs")) };
        if !number.mapped {
            return Ok(vec![Batched::mapped(self.of(&value.array, &number.array)?)]);
        }
        let all = value.expand(examples)?;
        let combined = match self.0 {
            Combine::Sum => ops::sum(&all, Some(&[0]), false)?,
            Combine::Max => ops::max(&all, Some(&[0]), false)?,
            Combine::Min => ops::min(&all, Some(&[0]), false)?,
        };
        Ok(vec![Batched { array: astype(&combined, value.array.dtype())?, mapped: false }])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        // The number of the example has no value before the named vmap has replaced this call.
        Ok(vec![inputs[0].clone()])
    }
}
