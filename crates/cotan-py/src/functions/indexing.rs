//! Elements by position.

use cotan::{Array, indexing, ops};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{ArrayList, Integers, Sizes, add_functions, all_on, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::Result;
use crate::operand::ArrayArg;

/// The positions where `a` is not zero, as a tuple with an array of int64 for each axis, in row-major order.
///
/// It evaluates `a`, whose values decide how many positions there are. ValueError for an array without axes, and
/// within `vmap` and `compile`.
///
/// >>> import cotan.core as mx
/// >>> mx.nonzero(mx.array([0, 5, 0, 7]))
/// (array([1, 3], dtype=int64),)
#[pyfunction]
#[pyo3(signature = (a, /, *, stream = None) -> "tuple[array, ...]")]
fn nonzero(py: Python<'_>, a: ArrayArg, stream: Option<StreamArg>) -> Result<Bound<'_, PyTuple>> {
    places(py, &a.0, stream)
}

/// What `nonzero` and `where` of a condition alone give.
pub fn places<'py>(py: Python<'py>, a: &Array, stream: Option<StreamArg>) -> Result<Bound<'py, PyTuple>> {
    let found = py.detach(|| indexing::nonzero(a));
    Ok(PyTuple::new(py, all_on(stream, found)?)?)
}

/// An index along an axis, or an array of them.
#[cfg_attr(false, python("int | _Array"))]
enum Positions {
    One(i64),
    Array(Array),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Positions {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<ArrayArg>() {
            Ok(array) => Ok(Positions::Array(array.0)),
            Err(error) => object.extract::<i64>().map(Positions::One).map_err(|_| error),
        }
    }
}

/// The elements at `indices` (an int or an array of integers) along `axis`, or of the flattened array.
///
/// The shape of the indices takes the place of the axis; negative indices count from the end. IndexError for an axis
/// that doesn't exist, and for an index out of range.
///
/// >>> import cotan.core as mx
/// >>> mx.take(mx.array([10, 20, 30]), mx.array([2, 0]))
/// array([30, 10], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, /, indices, axis = None, *, stream = None))]
fn take(a: ArrayArg, indices: Positions, axis: Option<i64>, stream: Option<StreamArg>) -> Result<PyArray> {
    match indices {
        Positions::One(index) => on(stream, ops::take_index(&a.0, index, axis)),
        Positions::Array(indices) => on(stream, ops::take(&a.0, &indices, axis)),
    }
}

/// The elements at `indices` along `axis`, one for every place of the result; the other axes broadcast.
///
/// When `axis` is None the array is flattened first. IndexError for an axis that doesn't exist; ValueError when the
/// numbers of axes differ or shapes don't broadcast.
///
/// >>> import cotan.core as mx
/// >>> mx.take_along_axis(mx.array([[1, 2], [3, 4]]), mx.array([[1], [0]]))
/// array([[2],
///        [3]], dtype=int32)
#[pyfunction]
#[pyo3(
    signature = (a, /, indices, axis = Some(-1), *, stream = None),
    text_signature = "(a, /, indices, axis=-1, *, stream=None)"
)]
fn take_along_axis(a: ArrayArg, indices: ArrayArg, axis: Option<i64>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::take_along_axis(&a.0, &indices.0, axis))
}

/// `a` with `values` put at `indices` along `axis`; indices and values broadcast to the other axes.
///
/// When `axis` is None, positions count in the flattened array. IndexError for an axis that doesn't exist; ValueError
/// when the numbers of axes differ or shapes don't broadcast.
///
/// >>> import cotan.core as mx
/// >>> mx.put_along_axis(mx.zeros((2, 2)), mx.array([[1], [0]]), mx.array(5.0), axis=1)
/// array([[0, 5],
///        [5, 0]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, /, indices, values, axis = None, *, stream = None))]
fn put_along_axis(
    a: ArrayArg,
    indices: ArrayArg,
    values: ArrayArg,
    axis: Option<i64>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, ops::put_along_axis(&a.0, &indices.0, &values.0, axis, ops::ScatterMode::Set))
}

/// `slice_size[i]` elements of every axis `i`, from the positions in `start_indices` along `axes` and from 0 along others.
///
/// The start is an array, so it may be computed; from a start too far out, the slice is moved inside. ValueError when
/// the sizes don't fit the array or the start doesn't have an integer for each of `axes`.
///
/// >>> import cotan.core as mx
/// >>> mx.slice(mx.arange(6), mx.array([2]), (0,), (3,))
/// array([2, 3, 4], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, start_indices, axes, slice_size, *, stream = None))]
fn slice(
    a: ArrayArg,
    start_indices: ArrayArg,
    axes: Integers,
    slice_size: Sizes,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, ops::slice(&a.0, &start_indices.0, &axes.0, &slice_size.0))
}

/// `a` with `update` written over it, from the positions in `start_indices` along `axes` and from 0 along others.
///
/// The start is an array, so it may be computed; what would leave the array is dropped. ValueError when `update` has
/// another number of axes or the start doesn't have an integer for each of `axes`.
///
/// >>> import cotan.core as mx
/// >>> mx.slice_update(mx.zeros((4,)), mx.ones((2,)), mx.array([1]), (0,))
/// array([0, 1, 1, 0], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, update, start_indices, axes, *, stream = None))]
fn slice_update(
    a: ArrayArg,
    update: ArrayArg,
    start_indices: ArrayArg,
    axes: Integers,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, ops::slice_update(&a.0, &update.0, &start_indices.0, &axes.0))
}

/// One array or several.
#[cfg_attr(false, python("_Array | Sequence[_Array]"))]
enum OneOrMore {
    One(Array),
    More(Vec<Array>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for OneOrMore {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<ArrayArg>() {
            Ok(array) => Ok(OneOrMore::One(array.0)),
            Err(_) => Ok(OneOrMore::More(object.extract::<ArrayList>()?.0)),
        }
    }
}

impl OneOrMore {
    fn arrays(&self) -> &[Array] {
        match self {
            OneOrMore::One(array) => std::slice::from_ref(array),
            OneOrMore::More(arrays) => arrays,
        }
    }
}

/// The inputs, an array or a list of arrays, each of which is evaluated after all of `dependencies`.
///
/// >>> import cotan.core as mx
/// >>> mx.depends(mx.array([1, 2]), mx.array(3))
/// array([1, 2], dtype=int32)
#[pyfunction]
#[cfg_attr(
    false,
    python(
        "def depends(inputs: _Array, dependencies: _Array | Sequence[_Array]) -> array",
        "def depends(inputs: Sequence[_Array], dependencies: _Array | Sequence[_Array]) -> list[array]",
    )
)]
fn depends(py: Python<'_>, inputs: OneOrMore, dependencies: OneOrMore) -> Result<Bound<'_, PyAny>> {
    let mut after = all_on(None, ops::depends(inputs.arrays(), dependencies.arrays()))?;
    match (&inputs, after.pop()) {
        (OneOrMore::One(_), Some(only)) => Ok(Bound::new(py, only)?.into_any()),
        (OneOrMore::One(_) | OneOrMore::More(_), last) => {
            after.extend(last);
            Ok(after.into_pyobject(py)?)
        }
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; nonzero, take, take_along_axis, put_along_axis, slice, slice_update, depends);
    Ok(())
}
