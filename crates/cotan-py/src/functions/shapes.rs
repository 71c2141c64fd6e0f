//! Other views of the same elements: axes rearranged, added, removed, repeated.

use cotan::ops;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::arguments::{arrays, count};
use super::{Integers, Sizes, SizesOrSize, add_functions, alias, all_on, on};
use crate::args::{Axes, axes};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Result, value_error};
use crate::operand::{ArrayArg, Elementwise};

/// The elements in row-major order under another shape, in which one size may be -1 for whatever fits.
///
/// ValueError when the sizes don't fit the number of elements.
///
/// >>> import cotan.core as mx
/// >>> mx.reshape(mx.arange(6), (2, -1))
/// array([[0, 1, 2],
///        [3, 4, 5]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, shape, *, stream = None))]
fn reshape(a: ArrayArg, shape: Integers, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::reshape_signed(&a.0, &shape.0))
}

/// Axes `start_axis` to `end_axis` joined into one. A start before the first axis and an end after the last mean those,
/// and an array without axes gets one.
///
/// ValueError when the first axis comes after the last.
///
/// >>> import cotan.core as mx
/// >>> mx.flatten(mx.zeros((2, 3, 4)), 1).shape
/// (2, 12)
#[pyfunction]
#[pyo3(
    signature = (a, /, start_axis = 0, end_axis = -1, *, stream = None),
    text_signature = "(a, /, start_axis=0, end_axis=-1, *, stream=None)"
)]
fn flatten(a: ArrayArg, start_axis: i64, end_axis: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::flatten(&a.0, start_axis, end_axis))
}

/// One axis taken apart into axes of the sizes in `shape`, of which one may be -1.
///
/// IndexError for an axis that doesn't exist, ValueError when the sizes don't multiply to that of the axis.
///
/// >>> import cotan.core as mx
/// >>> mx.unflatten(mx.zeros((2, 6)), 1, (2, -1)).shape
/// (2, 2, 3)
#[pyfunction]
#[pyo3(signature = (a, /, axis, shape, *, stream = None))]
fn unflatten(a: ArrayArg, axis: i64, shape: Integers, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::unflatten(&a.0, axis, &shape.0))
}

/// The array without the axes named, or without all axes of size 1.
///
/// IndexError for an axis that doesn't exist, ValueError for one that is longer or given twice.
///
/// >>> import cotan.core as mx
/// >>> mx.squeeze(mx.zeros((1, 2, 1))).shape
/// (2,)
#[pyfunction]
#[pyo3(signature = (a, /, axis = None, *, stream = None))]
fn squeeze(a: ArrayArg, axis: Option<Axes>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::squeeze(&a.0, axes(&axis)))
}

/// The array with new axes of size 1 at `axis`, an int or several, which count as axes of the result.
///
/// IndexError for an axis that the result can't have, ValueError for one that is given twice.
///
/// >>> import cotan.core as mx
/// >>> mx.expand_dims(mx.zeros((2, 3)), (0, -1)).shape
/// (1, 2, 3, 1)
#[pyfunction]
#[pyo3(signature = (a, /, axis, *, stream = None))]
fn expand_dims(a: ArrayArg, axis: Axes, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::expand_dims(&a.0, &axis.0))
}

/// The axes in the order of `axes`, by default reversed: axis `i` of the result is axis `axes[i]` of `a`.
///
/// IndexError for an axis that doesn't exist, ValueError unless each is named once.
///
/// >>> import cotan.core as mx
/// >>> mx.transpose(mx.zeros((2, 3, 4)), (2, 0, 1)).shape
/// (4, 2, 3)
#[pyfunction]
#[pyo3(signature = (a, /, axes = None, *, stream = None))]
fn transpose(a: ArrayArg, axes: Option<Integers>, stream: Option<StreamArg>) -> Result<PyArray> {
    match axes {
        Some(axes) => on(stream, ops::transpose(&a.0, &axes.0)),
        None => on(stream, ops::transpose_all(&a.0)),
    }
}

/// The last two axes exchanged. ValueError for fewer than two axes.
///
/// >>> import cotan.core as mx
/// >>> mx.matrix_transpose(mx.array([[1, 2], [3, 4]]))
/// array([[1, 3],
///        [2, 4]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, *, stream = None))]
fn matrix_transpose(a: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    if a.0.ndim() < 2 {
        let shape = cotan::tuple(a.0.shape());
        return Err(value_error(format!("matrix_transpose: needs at least two axes, got shape {shape}")));
    }
    on(stream, ops::swapaxes(&a.0, -1, -2))
}

/// Axis `source` moved to `destination`, the others in their order. IndexError for an axis that doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.moveaxis(mx.zeros((2, 3, 4)), 0, 2).shape
/// (3, 4, 2)
#[pyfunction]
#[pyo3(signature = (a, /, source, destination, *, stream = None))]
fn moveaxis(a: ArrayArg, source: i64, destination: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::moveaxis(&a.0, source, destination))
}

/// Two axes exchanged. IndexError for an axis that doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.swapaxes(mx.zeros((2, 3, 4)), 0, 2).shape
/// (4, 3, 2)
#[pyfunction]
#[pyo3(signature = (a, /, axis1, axis2, *, stream = None))]
fn swapaxes(a: ArrayArg, axis1: i64, axis2: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::swapaxes(&a.0, axis1, axis2))
}

/// The array repeated along axes of size 1 and along new leading axes, so that it has this shape. A view.
///
/// ValueError when the shape doesn't allow it.
///
/// >>> import cotan.core as mx
/// >>> mx.broadcast_to(mx.array([1, 2]), (2, 2))
/// array([[1, 2],
///        [1, 2]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, shape, *, stream = None))]
fn broadcast_to(a: Elementwise, shape: Sizes, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::broadcast_to(&a.array(), &shape.0))
}

/// The list of all arrays, each broadcast to the shape of all of them. ValueError when the shapes don't broadcast.
///
/// >>> import cotan.core as mx
/// >>> [x.shape for x in mx.broadcast_arrays(mx.zeros((2, 1)), mx.zeros((3,)))]
/// [(2, 3), (2, 3)]
#[pyfunction]
#[pyo3(signature = (*arrays: "_Array", stream = None))]
fn broadcast_arrays(arrays: &Bound<'_, PyTuple>, stream: Option<StreamArg>) -> Result<Vec<PyArray>> {
    all_on(stream, ops::broadcast_arrays(&self::arrays(arrays.iter().map(Ok))?))
}

/// The shape that all shapes broadcast to. ValueError when there is none, or no shape is given.
///
/// >>> import cotan.core as mx
/// >>> mx.broadcast_shapes((2, 1), (3,))
/// (2, 3)
#[pyfunction]
#[pyo3(signature = (*shapes: "Sequence[int]") -> "tuple[int, ...]")]
fn broadcast_shapes<'py>(shapes: &Bound<'py, PyTuple>) -> Result<Bound<'py, PyTuple>> {
    let shapes_given: Vec<Sizes> = shapes.iter().map(|shape| shape.extract()).collect::<PyResult<_>>()?;
    let slices: Vec<&[usize]> = shapes_given.iter().map(|shape| &shape.0[..]).collect();
    Ok(PyTuple::new(shapes.py(), ops::broadcast_shapes(&slices)?)?)
}

/// Each element `repeats` times in a row along `axis`; without an axis, of the flattened array.
///
/// IndexError for an axis that doesn't exist, ValueError when `repeats` is negative.
///
/// >>> import cotan.core as mx
/// >>> mx.repeat(mx.array([1, 2]), 2)
/// array([1, 1, 2, 2], dtype=int32)
#[pyfunction]
#[pyo3(signature = (array, repeats, axis = None, *, stream = None))]
fn repeat(array: ArrayArg, repeats: i64, axis: Option<i64>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::repeat(&array.0, count("repeat", "repeats", repeats)?, axis))
}

/// The whole array so many times along each axis: an int for the last axis, or a sequence for the last axes.
///
/// ValueError when a number is negative.
///
/// >>> import cotan.core as mx
/// >>> mx.tile(mx.array([1, 2]), (2, 2))
/// array([[1, 2, 1, 2],
///        [1, 2, 1, 2]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, reps, /, *, stream = None))]
fn tile(a: ArrayArg, reps: SizesOrSize, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::tile(&a.0, &reps.0))
}

/// The elements moved by `shift` places along `axis`, those that fall off the end coming in at the front.
///
/// Several shifts and axes pair up. Without an axis the flattened array is rotated, and several shifts add up.
/// IndexError for an axis that doesn't exist, ValueError when shifts and axes don't pair up.
///
/// >>> import cotan.core as mx
/// >>> mx.roll(mx.arange(5), 2)
/// array([3, 4, 0, 1, 2], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, shift, axis = None, *, stream = None))]
fn roll(a: ArrayArg, shift: Axes, axis: Option<Axes>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::roll(&a.0, &shift.0, axes(&axis)))
}

/// The elements in reverse order along some axes, by default all. A view.
///
/// IndexError for an axis that doesn't exist, ValueError for one that is given twice.
///
/// >>> import cotan.core as mx
/// >>> mx.flip(mx.array([1, 2, 3]))
/// array([3, 2, 1], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, axis = None, *, stream = None))]
fn flip(a: ArrayArg, axis: Option<Axes>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::flip(&a.0, axes(&axis)))
}

/// The array turned by `k` right angles in the plane of two axes, from the first towards the second.
///
/// A negative `k` turns the other way. IndexError for an axis that doesn't exist, ValueError for twice the same.
///
/// >>> import cotan.core as mx
/// >>> mx.rot90(mx.array([[1, 2], [3, 4]]))
/// array([[2, 4],
///        [1, 3]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, k = 1, axes = (0, 1), *, stream = None))]
fn rot90(a: ArrayArg, k: i64, axes: (i64, i64), stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::rot90(&a.0, k, [axes.0, axes.1]))
}

/// The elements of the `offset`-th diagonal of the matrices in axes `axis1` and `axis2`, as a new last axis. A view.
///
/// IndexError for an axis that doesn't exist, ValueError for fewer than two axes or twice the same.
///
/// >>> import cotan.core as mx
/// >>> mx.diagonal(mx.array([[1, 2], [3, 4]]), offset=1)
/// array([2], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, offset = 0, axis1 = 0, axis2 = 1, stream = None))]
fn diagonal(a: ArrayArg, offset: i64, axis1: i64, axis2: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::diagonal(&a.0, offset, axis1, axis2))
}

/// Elements `offset + i * strides[0] + j * strides[1] + ...` of the row-major order of `a`, for `(i, j, ...)` in `shape`.
///
/// Without `shape` it is that of `a`, without `strides` they are row-major. ValueError when an element lies outside.
///
/// >>> import cotan.core as mx
/// >>> mx.as_strided(mx.arange(4), (3, 2), (1, 1))
/// array([[0, 1],
///        [1, 2],
///        [2, 3]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, shape = None, strides = None, offset = 0, *, stream = None))]
fn as_strided(
    a: ArrayArg,
    shape: Option<Sizes>,
    strides: Option<Integers>,
    offset: i64,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let offset = count("as_strided", "offset", offset)?;
    let shape = shape.as_ref().map(|shape| &shape.0[..]);
    let strides = strides.as_ref().map(|strides| &strides.0[..]);
    on(stream, ops::as_strided(&a.0, shape, strides, offset))
}

/// The same array with its elements in row-major order in memory, or in column-major order if that is allowed and they are.
///
/// >>> import cotan.core as mx
/// >>> mx.contiguous(mx.array([[1, 2], [3, 4]]).T)
/// array([[1, 3],
///        [2, 4]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, allow_col_major = false, *, stream = None))]
fn contiguous(a: ArrayArg, allow_col_major: bool, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::contiguous(&a.0, allow_col_major))
}

/// Declares functions that give arrays at least some number of axes.
macro_rules! at_least {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// One array gives an array, several give a list of arrays.
            #[pyfunction]
            #[pyo3(signature = (*arys, stream = None))]
            #[cfg_attr(
                false,
                python(
                    "def _(ary: _Array, /, *, stream: _Stream | None = None) -> array",
                    "def _(ary0: _Array, ary1: _Array, /, *arys: _Array, stream: _Stream | None = None) -> list[array]",
                )
            )]
            fn $name<'py>(arys: &Bound<'py, PyTuple>, stream: Option<StreamArg>) -> Result<Bound<'py, PyAny>> {
                let results = arrays(arys.iter().map(Ok))?.iter().map(ops::$name).collect::<cotan::Result<Vec<_>>>();
                let mut results = all_on(stream, results)?;
                match results.pop() {
                    Some(only) if results.is_empty() => Ok(Bound::new(arys.py(), only)?.into_any()),
                    last => {
                        results.extend(last);
                        Ok(results.into_pyobject(arys.py())?)
                    }
                }
            }
        )*
    };
}
at_least! {
    /// The arrays with at least one axis.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.atleast_1d(mx.array(1))
    /// array([1], dtype=int32)
    atleast_1d;
    /// The arrays with at least two axes: `()` becomes `(1, 1)` and `(n,)` becomes `(1, n)`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.atleast_2d(mx.array([1, 2]))
    /// array([[1, 2]], dtype=int32)
    atleast_2d;
    /// The arrays with at least three axes: `(n,)` becomes `(1, n, 1)` and `(m, n)` becomes `(m, n, 1)`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.atleast_3d(mx.array([1, 2])).shape
    /// (1, 2, 1)
    atleast_3d;
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module;
        reshape, flatten, unflatten, squeeze, expand_dims, transpose, matrix_transpose, moveaxis, swapaxes, broadcast_to,
        broadcast_arrays, broadcast_shapes, repeat, tile, roll, flip, rot90, diagonal, as_strided, contiguous, atleast_1d,
        atleast_2d, atleast_3d,
    );
    alias(module, &[("permute_dims", "transpose")])
}
