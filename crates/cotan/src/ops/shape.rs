//! Rearrangements of axes, composed of the views.

use cotan_kernels::layout;

use super::follow::{Regroup, broadcast_like, flat, regroup, squeezed, varies};
use super::{broadcast_to, normalize_axes, normalize_axis, permute, view};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};

/// Axes `start..=end` joined into one. A start before the first axis and an end after the last mean those, and an array
/// without axes gets one.
///
/// # Errors
/// When `start` comes after `end`.
pub fn flatten(a: &Array, start: i64, end: i64) -> Result<Array> {
    if a.ndim() == 0 {
        return flat(a);
    }
    let ndim = a.ndim() as i64;
    let wrap = |axis: i64| if axis < 0 { axis.saturating_add(ndim) } else { axis };
    let (first, last) = (wrap(start).max(0), wrap(end).min(ndim - 1));
    if first > last {
        let message = format!("start axis {start} comes after end axis {end} of an array with {ndim} axes");
        return Err(Error::value("flatten", message));
    }
    let (first, last) = (first as usize, last as usize);
    regroup(a, Regroup::Flatten { first, last })
}

/// Axis `axis` taken apart into axes of sizes `shape`, of which one may be -1.
///
/// # Errors
/// When the axis doesn't exist, `shape` is empty, or its product isn't the size of the axis.
pub fn unflatten(a: &Array, axis: i64, shape: &[i64]) -> Result<Array> {
    const OP: &str = "unflatten";
    let axis = normalize_axis(OP, axis, a.ndim())?;
    if shape.is_empty() {
        return Err(Error::value(OP, "the shape to take the axis apart into is empty"));
    }
    let size = a.shape()[axis];
    let inner = view::infer_size(OP, size, shape)?;
    if layout::checked_len(&inner) != Some(size) {
        return Err(Error::value(OP, format!("axis {axis} of size {size} can't be taken apart into {shape:?}")));
    }
    regroup(a, Regroup::Unflatten { axis, sizes: shape.into() })
}

/// Without the axes named, or without all axes of size one.
///
/// # Errors
/// [`Error::Axis`] when an axis doesn't exist; when it isn't of size one or is named twice.
pub fn squeeze(a: &Array, axes: Option<&[i64]>) -> Result<Array> {
    let Some(axes) = axes else {
        let axes: Shape = (0..a.ndim()).filter(|&axis| a.shape()[axis] == 1).collect();
        return squeezed(a, &axes);
    };
    let axes = normalize_axes("squeeze", axes, a.ndim())?;
    if let Some(&axis) = axes.iter().find(|&&axis| a.shape()[axis] != 1) {
        let message = format!("axis {axis} of an array of shape {} is not of size 1", tuple(a.shape()));
        return Err(Error::value("squeeze", message));
    }
    squeezed(a, &axes)
}

/// With new axes of size one at `axes`, which are axes of the result.
///
/// # Errors
/// [`Error::Axis`] when the result has no such axis; when one is named twice.
pub fn expand_dims(a: &Array, axes: &[i64]) -> Result<Array> {
    let ndim = a.ndim() + axes.len();
    let new = normalize_axes("expand_dims", axes, ndim)?;
    regroup(a, Regroup::Expand(new))
}

/// Axis `source` moved to `destination`, the others in their order.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn moveaxis(a: &Array, source: i64, destination: i64) -> Result<Array> {
    let source = normalize_axis("moveaxis", source, a.ndim())?;
    let destination = normalize_axis("moveaxis", destination, a.ndim())?;
    let mut axes: Shape = (0..a.ndim()).filter(|&axis| axis != source).collect();
    axes.insert(destination, source);
    permute(a, &axes)
}

/// Axes `first` and `second` exchanged.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn swapaxes(a: &Array, first: i64, second: i64) -> Result<Array> {
    let first = normalize_axis("swapaxes", first, a.ndim())?;
    let second = normalize_axis("swapaxes", second, a.ndim())?;
    let mut axes: Shape = (0..a.ndim()).collect();
    axes.swap(first, second);
    permute(a, &axes)
}

/// The shape that all shapes broadcast to.
///
/// # Errors
/// When there is none, or `shapes` is empty.
pub fn broadcast_shapes(shapes: &[&[usize]]) -> Result<Shape> {
    const OP: &str = "broadcast_shapes";
    let Some((first, rest)) = shapes.split_first() else {
        return Err(Error::value(OP, "needs at least one shape"));
    };
    rest.iter().try_fold(Shape::from_slice(first), |shape, next| {
        layout::broadcast(&shape, next).ok_or_else(|| Error::Broadcast {
            op: OP,
            left: shape.clone(),
            right: Shape::from_slice(next),
        })
    })
}

/// Every array broadcast to the shape of all of them.
///
/// # Errors
/// When the shapes don't broadcast.
pub fn broadcast_arrays(arrays: &[Array]) -> Result<Vec<Array>> {
    if arrays.is_empty() {
        return Ok(Vec::new());
    }
    let shapes: Vec<&[usize]> = arrays.iter().map(Array::shape).collect();
    let shape = broadcast_shapes(&shapes)?;
    if !arrays.iter().any(varies) {
        return arrays.iter().map(|array| broadcast_to(array, &shape)).collect();
    }
    let against_all = |array: &Array| {
        let mut others = arrays.iter().filter(|other| !other.same(array));
        others.try_fold(array.clone(), |array, other| broadcast_like(&array, other))
    };
    arrays.iter().map(against_all).collect()
}

/// With at least one axis.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn atleast_1d(a: &Array) -> Result<Array> {
    if a.ndim() == 0 { expand_dims(a, &[0]) } else { Ok(a.clone()) }
}

/// With at least two axes: `()` becomes `(1, 1)` and `(n,)` becomes `(1, n)`.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn atleast_2d(a: &Array) -> Result<Array> {
    match a.shape() {
        [] => expand_dims(a, &[0, 1]),
        [_] => expand_dims(a, &[0]),
        [_, _, ..] => Ok(a.clone()),
    }
}

/// With at least three axes: `(n,)` becomes `(1, n, 1)` and `(m, n)` becomes `(m, n, 1)`.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn atleast_3d(a: &Array) -> Result<Array> {
    match a.shape() {
        [] => expand_dims(a, &[0, 1, 2]),
        [_] => expand_dims(a, &[0, 2]),
        [_, _] => expand_dims(a, &[2]),
        [_, _, _, ..] => Ok(a.clone()),
    }
}
