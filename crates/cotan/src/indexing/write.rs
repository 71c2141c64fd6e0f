//! Functional writing: a new array with some elements replaced or combined.

use cotan_kernels::Kind;
use cotan_kernels::region::ScatterMode;

use super::gather::Places;
use super::plan::Plan;
use super::{Index, mask};
use crate::array::Array;
use crate::error::Result;
use crate::ops::{
    abs, add, astype, broadcast_to, divide, floor_divide, maximum, minimum, multiply, ones_like, reshape, sign,
    subtract, zeros_like,
};

/// How [`update`] combines values with the elements that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Update {
    /// Their sum.
    Add,
    /// The element less the values.
    Subtract,
    /// Their product.
    Multiply,
    /// The element divided by the values; integers truncate toward zero.
    Divide,
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
}

/// `a` with the elements that `index` selects replaced by `value`.
///
/// The value is cast to the type of `a`, loses leading axes of size one that it has too many, and broadcasts. A place that
/// index arrays name several times gets one of its values. A mask that is the whole index covers leading axes of `a`, is not
/// evaluated, and takes a value for every selected place or, one axis more, the rows of `value` in order, of
/// which there may be too many.
///
/// # Errors
/// As [`get`](super::get); when the value doesn't broadcast. Too few rows for a mask are a
/// [`Error::Runtime`](crate::Error::Runtime) at evaluation.
///
/// ```
/// use cotan::{Array, indexing::{self, Index}};
/// let x = Array::from_slice(&[1, 2, 3], &[3])?;
/// let y = indexing::set(&x, &[Index::Int(-1)], &Array::scalar(9.5f32))?;
/// assert_eq!(y.to_vec::<i32>()?, [1, 2, 9]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn set(a: &Array, index: &[Index], value: &Array) -> Result<Array> {
    const OP: &str = "index assignment";
    if let [Index::Mask(mask)] = index {
        return mask::assign(OP, a, mask, value);
    }
    let plan = Plan::new(OP, a, index)?;
    let value = fit(&plan, a, value)?;
    if plan.arrays.is_empty() {
        return plan.replace(a, &value);
    }
    plan.replace(a, &plan.indexed().write(ScatterMode::Set, &plan.slice(a)?, &value)?)
}

/// `a` with `value` combined with the elements that `index` selects; a place that is named several times counts each time.
///
/// The value is cast and broadcast as in [`set`].
///
/// # Errors
/// As [`get`](super::get); when the value doesn't broadcast.
///
/// ```
/// use cotan::{Array, indexing::{self, Index, Update}};
/// let x = Array::from_slice(&[0, 0, 0], &[3])?;
/// let twice = Array::from_slice(&[1, 1], &[2])?;
/// let y = indexing::update(Update::Add, &x, &[Index::Array(twice)], &Array::scalar(5))?;
/// assert_eq!(y.to_vec::<i32>()?, [0, 10, 0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn update(mode: Update, a: &Array, index: &[Index], value: &Array) -> Result<Array> {
    let plan = Plan::new("index update", a, index)?;
    let value = fit(&plan, a, value)?;
    let view = plan.slice(a)?;
    let updated = if plan.arrays.is_empty() {
        combine(mode, &view, &value)?
    } else {
        collect(mode, &plan.indexed(), &view, &value)?
    };
    plan.replace(a, &astype(&updated, a.dtype())?)
}

/// The value as what the plan selects.
fn fit(plan: &Plan, a: &Array, value: &Array) -> Result<Array> {
    let shape = plan.shape();
    broadcast_to(&astype(&drop_ones(value, shape.len())?, a.dtype())?, &shape)
}

/// Without leading axes of size one beyond `ndim` axes.
pub(super) fn drop_ones(value: &Array, ndim: usize) -> Result<Array> {
    let extra = value.ndim().saturating_sub(ndim);
    let ones = value.shape()[..extra].iter().take_while(|&&size| size == 1).count();
    reshape(value, &value.shape()[ones..])
}

/// The view combined with values that each belong to another element.
fn combine(mode: Update, view: &Array, value: &Array) -> Result<Array> {
    match mode {
        Update::Add => add(view, value),
        Update::Subtract => subtract(view, value),
        Update::Multiply => multiply(view, value),
        Update::Divide => quotient(view, value),
        Update::Maximum => maximum(view, value),
        Update::Minimum => minimum(view, value),
    }
}

/// The view combined with values at index arrays.
fn collect(mode: Update, places: &Places, view: &Array, value: &Array) -> Result<Array> {
    match mode {
        Update::Add => places.write(ScatterMode::Add, view, value),
        Update::Multiply => places.write(ScatterMode::Prod, view, value),
        Update::Maximum => places.write(ScatterMode::Max, view, value),
        Update::Minimum => places.write(ScatterMode::Min, view, value),
        // What a place loses, or is divided by, is collected first.
        Update::Subtract => subtract(view, &places.write(ScatterMode::Add, &zeros_like(view), value)?),
        Update::Divide => quotient(view, &places.write(ScatterMode::Prod, &ones_like(view), value)?),
    }
}

/// The quotient, of integers truncated toward zero.
fn quotient(a: &Array, b: &Array) -> Result<Array> {
    match a.dtype().kind() {
        Kind::Float | Kind::Complex => divide(a, b),
        Kind::Bool | Kind::Unsigned => floor_divide(a, b),
        Kind::Signed => multiply(&floor_divide(&abs(a)?, &abs(b)?)?, &multiply(&sign(a)?, &sign(b)?)?),
    }
}
