//! The cross product.

use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::{
    broadcast_arrays, broadcast_shapes, multiply, normalize_axis, same_dtype, stack, subtract, take_index, zeros_like,
};

/// The cross products of vectors along an axis of each array, of size 2 or 3; a missing third element counts as zero. The
/// other axes broadcast, and the result always has size 3 along the axis.
///
/// # Errors
/// [`Error::Axis`] when an array has no such axis; when the size is another one, or the other axes don't broadcast.
pub fn cross(a: &Array, b: &Array, axis: i64) -> Result<Array> {
    const OP: &str = "cross";
    let (a, b) = same_dtype(a, b)?;
    let [x, y] = [elements(OP, &a, axis)?, elements(OP, &b, axis)?];
    let shape = broadcast_shapes(&[x[0].shape(), y[0].shape()]).map_err(|_| Error::Broadcast {
        op: OP,
        left: a.shape().into(),
        right: b.shape().into(),
    })?;
    let axis = normalize_axis(OP, axis, shape.len() + 1)?;
    let minor = |i: usize, j: usize| subtract(&multiply(&x[i], &y[j])?, &multiply(&x[j], &y[i])?);
    let parts = broadcast_arrays(&[minor(1, 2)?, minor(2, 0)?, minor(0, 1)?])?;
    stack(&parts, axis as i64)
}

/// The three elements along an axis.
fn elements(op: &'static str, a: &Array, axis: i64) -> Result<[Array; 3]> {
    let found = normalize_axis(op, axis, a.ndim())?;
    let size = a.shape()[found];
    if !(2..=3).contains(&size) {
        let message = format!("needs size 2 or 3 along axis {axis}, got shape {}", tuple(a.shape()));
        return Err(Error::value(op, message));
    }
    let at = |i: i64| take_index(a, i, Some(axis));
    let (first, second) = (at(0)?, at(1)?);
    let third = if size == 3 { at(2)? } else { zeros_like(&first) };
    Ok([first, second, third])
}
