//! Masks: the places where one is true, and writing there without knowing them.

use cotan_kernels::{DType, Scalar, sort};

use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};
use crate::ops::{EnoughRows, astype, broadcast_to, concatenate, cumsum, reshape, where_, zeros};

use super::gather::gather_axes;

/// The places where `a` is not zero, in row-major order: one array of indices per axis. Evaluates `a`.
///
/// # Errors
/// When `a` has no axes, or can't be evaluated: the number of places depends on its values, which an array that a
/// transform is tracing doesn't have.
pub fn nonzero(a: &Array) -> Result<Vec<Array>> {
    places(a)?.iter().map(|axis| astype(axis, DType::I64)).collect()
}

/// [`nonzero`] with indices of type `uint32`.
pub(super) fn places(a: &Array) -> Result<Vec<Array>> {
    if a.ndim() == 0 {
        return Err(Error::value("nonzero", "needs at least one axis"));
    }
    if let Some(size) = a.shape().iter().find(|&&size| u32::try_from(size).is_err()) {
        return Err(Error::value("nonzero", format!("an axis of {size} elements is too long")));
    }
    let places = sort::nonzero(&a.tensor()?).map_err(|error| Error::from_kernel("nonzero", error))?;
    Ok(places.into_iter().map(Array::from_tensor).collect())
}

/// Refuses what is not a mask.
pub(super) fn check(op: &'static str, mask: &Array) -> Result<()> {
    if mask.dtype() == DType::Bool {
        return Ok(());
    }
    Err(Error::DType { op, dtype: mask.dtype(), expected: "a mask of truth values" })
}

/// `a` where `mask`, over its leading axes, is false; elsewhere `value`, or its rows one after another.
///
/// The mask is not evaluated, so this works while a transform traces it.
pub(super) fn assign(op: &'static str, a: &Array, mask: &Array, value: &Array) -> Result<Array> {
    check(op, mask)?;
    let Some(rest) = a.shape().strip_prefix(mask.shape()) else {
        let (mask, shape) = (tuple(mask.shape()), tuple(a.shape()));
        return Err(Error::value(
            op,
            format!("a mask of shape {mask} doesn't match the leading axes of shape {shape}"),
        ));
    };
    let value = astype(&super::write::drop_ones(value, rest.len())?, a.dtype())?;
    let ones = Shape::from_elem(1, rest.len());
    let mask = reshape(mask, &[mask.shape(), &ones].concat())?;
    let value = if value.ndim() <= rest.len() {
        broadcast_to(&value, rest)?
    } else {
        rows(op, a, &reshape(&mask, &a.shape()[..a.ndim() - rest.len()])?, &value, rest)?
    };
    where_(&mask, &value, a)
}

/// For every true place of the mask the next row of `value`, zeros elsewhere.
fn rows(op: &'static str, a: &Array, mask: &Array, value: &Array, rest: &[usize]) -> Result<Array> {
    if value.ndim() != rest.len() + 1 {
        let message =
            format!("value of shape {} is neither one row {} nor a list of them", tuple(value.shape()), tuple(rest));
        return Err(Error::value(op, message));
    }
    let count = value.shape()[0];
    let value = broadcast_to(value, &[&[count], rest].concat())?;
    // Row 0 serves the places where the mask is false; the true ones count from 1.
    let blank = zeros(&[&[1], rest].concat(), a.dtype());
    let table = concatenate(&[blank, value], Some(0))?;
    let size = mask.size();
    let order = cumsum(&astype(&reshape(mask, &[size])?, DType::I64)?, Some(0), false, true)?;
    let order = Array::apply(EnoughRows { rows: count as i64 }, smallvec::smallvec![order])?;
    let none = Array::full(&[], Scalar::new(0i64));
    let order = where_(mask, &reshape(&order, mask.shape())?, &none)?;
    gather_axes(&table, &[order], &[0])
}
