//! Arguments that come in several forms: axes and shapes.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::error::type_error;

/// One axis or several.
#[cfg_attr(false, python("_Axes"))]
pub struct Axes(pub Vec<i64>);

impl<'a, 'py> FromPyObject<'a, 'py> for Axes {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.cast::<PyTuple>().is_ok() || object.cast::<PyList>().is_ok() {
            return Ok(Axes(object.extract::<Vec<i64>>()?));
        }
        match object.extract::<i64>() {
            Ok(axis) => Ok(Axes(vec![axis])),
            Err(_) => {
                let name = object.get_type().name()?;
                Err(type_error(format!("an axis is an int, or a tuple or list of ints; got {name}")).into())
            }
        }
    }
}

/// Optional axes as the engine takes them.
pub fn axes(axes: &Option<Axes>) -> Option<&[i64]> {
    axes.as_ref().map(|axes| &axes.0[..])
}

/// Integers given one by one, `f(2, 3)`, or as one tuple or list, `f((2, 3))`.
pub fn integers(args: &Bound<'_, PyTuple>) -> PyResult<Vec<i64>> {
    if args.len() == 1 {
        let first = args.get_item(0)?;
        if first.cast::<PyTuple>().is_ok() || first.cast::<PyList>().is_ok() {
            return first.extract();
        }
    }
    args.iter().map(|item| item.extract()).collect()
}
