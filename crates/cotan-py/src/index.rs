//! Python's index expressions, and `x.at[...]`.

use cotan::indexing::{self, Index, Update};
use cotan::{Array, DType};
use pyo3::exceptions::PyOverflowError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PyFloat, PyInt, PyList, PySlice, PyString, PyTuple};
use smallvec::{SmallVec, smallvec};

use crate::array::{PyArray, stored, wrap};
use crate::error::{Result, type_error, value_error};
use crate::operand::Other;
use crate::{build, foreign};

/// A parsed index, with the interpreter to release while a mask is evaluated.
pub struct Parsed<'py> {
    py: Python<'py>,
    entries: SmallVec<[Index; 4]>,
}

impl Parsed<'_> {
    pub fn py_get(&self, array: &Array) -> Result<Array> {
        let entries = &self.entries[..];
        if entries.iter().any(|entry| matches!(entry, Index::Mask(_))) {
            return Ok(self.py.detach(|| indexing::get(array, entries))?);
        }
        Ok(indexing::get(array, entries)?)
    }

    pub fn py_set(&self, array: &Array, value: &Array) -> Result<Array> {
        let entries = &self.entries[..];
        Ok(self.py.detach(|| indexing::set(array, entries, value))?)
    }

    fn update(&self, update: Update, array: &Array, value: &Array) -> Result<Array> {
        let entries = &self.entries[..];
        Ok(self.py.detach(|| indexing::update(update, array, entries, value))?)
    }
}

/// Reads the object between the brackets.
pub fn parse<'py>(index: &Bound<'py, PyAny>) -> Result<Parsed<'py>> {
    let entries = match index.cast::<PyTuple>() {
        Ok(tuple) => tuple.iter().map(|item| entry(&item)).collect::<Result<_>>()?,
        Err(_) => smallvec![entry(index)?],
    };
    Ok(Parsed { py: index.py(), entries })
}

fn entry(object: &Bound<'_, PyAny>) -> Result<Index> {
    if let Ok(int) = object.cast_exact::<PyInt>()
        && let Ok(value) = int.extract::<i64>()
    {
        return Ok(Index::Int(value));
    }
    if let Ok(array) = object.cast::<PyArray>() {
        return from_array(array.get().get());
    }
    if object.is_none() {
        return Ok(Index::NewAxis);
    }
    if object.cast::<PyEllipsis>().is_ok() {
        return Ok(Index::Ellipsis);
    }
    if let Ok(slice) = object.cast::<PySlice>() {
        let py = object.py();
        let [start, stop, step] = [intern!(py, "start"), intern!(py, "stop"), intern!(py, "step")];
        return Ok(Index::Slice { start: bound(slice, start)?, stop: bound(slice, stop)?, step: bound(slice, step)? });
    }
    if let Ok(truth) = object.cast::<PyBool>() {
        return Ok(Index::Mask(Array::scalar(cotan::Bool::from(truth.is_true()))));
    }
    if object.cast::<PyList>().is_ok() {
        let array = build::array(object, None)?;
        // An empty list is a list of no places, though an empty array is of floats.
        let array = if array.size() == 0 { cotan::ops::astype(&array, DType::I32)? } else { array };
        return from_array(array);
    }
    if object.cast::<PyFloat>().is_err() {
        if let Ok(value) = object.extract::<i64>() {
            return Ok(Index::Int(value));
        }
        if let Some(array) = foreign::import(object, None)? {
            return from_array(array);
        }
    }
    let name = object.get_type().name()?;
    Err(value_error(format!("an index is an int, slice, ..., None, or an array or list of ints or bools, not {name}")))
}

/// One of the numbers that a slice was made of.
fn bound(slice: &Bound<'_, PySlice>, name: &Bound<'_, PyString>) -> Result<Option<i64>> {
    let value = slice.getattr(name)?;
    if value.is_none() {
        return Ok(None);
    }
    if value.cast::<PyArray>().is_ok() {
        return Err(value_error("a slice is bounded by ints; read an array with item() first"));
    }
    // Python clamps bounds of any size.
    match value.extract::<i64>() {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => {
            Ok(Some(if value.lt(0)? { i64::MIN + 1 } else { i64::MAX }))
        }
        Err(_) => Err(value_error(format!("a slice is bounded by ints, not {}", value.get_type().name()?))),
    }
}

fn from_array(array: Array) -> Result<Index> {
    match array.dtype() {
        DType::Bool => Ok(Index::Mask(array)),
        dtype if dtype.is_integer() => Ok(Index::Array(array)),
        dtype => Err(value_error(format!("an index array has integers or bools, not {dtype}"))),
    }
}

/// An array, and the places of it that an update will change.
///
/// >>> import cotan.core as mx
/// >>> mx.zeros((3,)).at[mx.array([0, 0, 2])].add(1)
/// array([2, 0, 1], dtype=float32)
#[pyclass(name = "ArrayAt", module = "cotan.core", frozen)]
pub struct ArrayAt {
    array: Array,
    index: Option<Py<PyAny>>,
}

impl ArrayAt {
    pub fn new(array: Array) -> ArrayAt {
        ArrayAt { array, index: None }
    }

    fn update(&self, update: Update, value: &Bound<'_, PyAny>) -> Result<PyArray> {
        let py = value.py();
        let Some(index) = &self.index else {
            return Err(value_error("at: say which places to update, as in x.at[index].add(value)"));
        };
        let value = stored(value, self.array.dtype())?;
        wrap(parse(index.bind(py))?.update(update, &self.array, &value)?)
    }
}

#[pymethods]
impl ArrayAt {
    #[cfg_attr(false, python("def __getitem__(self, indices: _Index, /) -> ArrayAt"))]
    fn __getitem__(&self, indices: &Bound<'_, PyAny>) -> Result<ArrayAt> {
        if self.index.is_some() {
            return Err(type_error("at: the places are chosen already"));
        }
        Ok(ArrayAt { array: self.array.clone(), index: Some(indices.clone().unbind()) })
    }

    /// The array with `value` added at the places, once for each time that a place is named.
    ///
    /// >>> mx.array([1, 2, 3]).at[mx.array([0, 0])].add(10)
    /// array([21, 2, 3], dtype=int32)
    fn add(&self, value: &Other<'_>) -> Result<PyArray> {
        self.update(Update::Add, value)
    }

    /// The array with `value` subtracted at the places.
    ///
    /// >>> mx.array([1, 2, 3]).at[1:].subtract(1)
    /// array([1, 1, 2], dtype=int32)
    fn subtract(&self, value: &Other<'_>) -> Result<PyArray> {
        self.update(Update::Subtract, value)
    }

    /// The array with the places multiplied by `value`.
    ///
    /// >>> mx.array([1, 2, 3]).at[1:].multiply(2)
    /// array([1, 4, 6], dtype=int32)
    fn multiply(&self, value: &Other<'_>) -> Result<PyArray> {
        self.update(Update::Multiply, value)
    }

    /// The array with the places divided by `value`.
    ///
    /// >>> mx.array([1.0, 2.0, 3.0]).at[1].divide(2)
    /// array([1, 1, 3], dtype=float32)
    fn divide(&self, value: &Other<'_>) -> Result<PyArray> {
        self.update(Update::Divide, value)
    }

    /// The array with the places raised to at least `value`.
    ///
    /// >>> mx.array([1, 2, 3]).at[:].maximum(2)
    /// array([2, 2, 3], dtype=int32)
    fn maximum(&self, value: &Other<'_>) -> Result<PyArray> {
        self.update(Update::Maximum, value)
    }

    /// The array with the places lowered to at most `value`.
    ///
    /// >>> mx.array([1, 2, 3]).at[:].minimum(2)
    /// array([1, 2, 2], dtype=int32)
    fn minimum(&self, value: &Other<'_>) -> Result<PyArray> {
        self.update(Update::Minimum, value)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ArrayAt>()
}
