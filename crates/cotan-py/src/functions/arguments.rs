//! Arguments that come in several forms: shapes and lists of arrays.

use cotan::{Array, ops};
use cotan_kernels::layout;
use pyo3::prelude::*;
use pyo3::types::{PyList, PySequence, PyString, PyTuple};

use crate::array::PyArray;
use crate::error::{Fault, Result, type_error, value_error};
use crate::operand::ArrayArg;

/// A tuple, a list or another sequence of integers.
#[cfg_attr(false, python("Sequence[int]"))]
pub struct Integers(pub Vec<i64>);

impl<'a, 'py> FromPyObject<'a, 'py> for Integers {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(tuple) = object.cast::<PyTuple>() {
            return Ok(Integers(tuple.iter().map(|item| item.extract()).collect::<PyResult<_>>()?));
        }
        if object.cast::<PyList>().is_err()
            && (object.cast::<PySequence>().is_err() || object.cast::<PyString>().is_ok())
        {
            let name = object.get_type().name()?;
            return Err(type_error(format!("expected a tuple or list of ints, got {name}")).into());
        }
        Ok(Integers(object.try_iter()?.map(|item| item?.extract()).collect::<PyResult<_>>()?))
    }
}

/// How many of something.
#[cfg_attr(false, python("int"))]
pub struct Count(pub usize);

impl<'a, 'py> FromPyObject<'a, 'py> for Count {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let given: i64 = object.extract()?;
        let count = usize::try_from(given);
        count.map(Count).map_err(|_| value_error(format!("expected an int that is not negative, got {given}")).into())
    }
}

/// A sequence of sizes: a shape whose elements can be counted.
#[cfg_attr(false, python("Sequence[int]"))]
pub struct Sizes(pub Vec<usize>);

impl<'a, 'py> FromPyObject<'a, 'py> for Sizes {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        sizes(&object.extract::<Integers>()?.0).map(Sizes).map_err(Fault::into)
    }
}

/// A shape, where a single size stands for one axis.
#[cfg_attr(false, python("int | Sequence[int]"))]
pub struct SizesOrSize(pub Vec<usize>);

impl<'a, 'py> FromPyObject<'a, 'py> for SizesOrSize {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        // A failed conversion makes an exception, which is slow: the common form comes first.
        if object.cast::<PyTuple>().is_ok() {
            return object.extract::<Sizes>().map(|sizes| SizesOrSize(sizes.0));
        }
        match object.extract::<i64>() {
            Ok(size) => sizes(&[size]).map(SizesOrSize).map_err(Fault::into),
            Err(_) => object.extract::<Sizes>().map(|sizes| SizesOrSize(sizes.0)),
        }
    }
}

fn sizes(integers: &[i64]) -> Result<Vec<usize>> {
    let sizes: Option<Vec<usize>> = integers.iter().map(|&size| usize::try_from(size).ok()).collect();
    match sizes {
        Some(sizes) if layout::checked_len(&sizes).is_some() => Ok(sizes),
        Some(sizes) => {
            Err(value_error(format!("shape {} has more elements than can be counted", cotan::tuple(&sizes))))
        }
        None => Err(value_error(format!("sizes must not be negative, got {integers:?}"))),
    }
}

/// A count that must not be negative, such as a number of rows.
pub fn count(function: &str, name: &str, value: i64) -> Result<usize> {
    usize::try_from(value).map_err(|_| value_error(format!("{function}: {name} must not be negative, got {value}")))
}

/// A sequence of arrays; an array stands for its rows.
#[cfg_attr(false, python("Sequence[_Array] | array"))]
pub struct ArrayList(pub Vec<Array>);

impl<'a, 'py> FromPyObject<'a, 'py> for ArrayList {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = object.cast::<PyArray>() {
            let array = array.get().get();
            if array.ndim() == 0 {
                return Err(type_error("expected a list or tuple of arrays, got one array without axes").into());
            }
            return Ok(ArrayList(ops::unstack(&array, 0).map_err(Fault::from)?));
        }
        if object.cast::<PyList>().is_err() && object.cast::<PyTuple>().is_err() {
            let name = object.get_type().name()?;
            return Err(type_error(format!("expected a list or tuple of arrays, got {name}")).into());
        }
        Ok(ArrayList(arrays(object.try_iter()?)?))
    }
}

/// All of several objects as arrays.
pub fn arrays<'py>(objects: impl IntoIterator<Item = PyResult<Bound<'py, PyAny>>>) -> PyResult<Vec<Array>> {
    objects.into_iter().map(|object| Ok(object?.extract::<ArrayArg>()?.0)).collect()
}
