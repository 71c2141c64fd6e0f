//! Telling a Python function about a graph, part by part.

use cotan::DType;
use cotan::export::{ListedCall, ListedValue, Listing};
use cotan::transforms::Traced;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use serde_json::Value;

use crate::array::PyArray;
use crate::dtype::object;
use crate::error::{Result, value_error};

/// Calls `callback` with a dict for inputs, names of inputs, outputs, constants and each operation.
pub fn tell(callback: &Bound<'_, PyAny>, keywords: &[String], traced: &Traced) -> Result<()> {
    let py = callback.py();
    let listing = Listing::new(traced)?;
    let section = |kind: &str, name: &str, content: Bound<'_, PyList>| -> Result<()> {
        let dict = PyDict::new(py);
        dict.set_item("type", kind)?;
        dict.set_item(name, content)?;
        callback.call1((dict,))?;
        Ok(())
    };
    section("inputs", "inputs", values(py, &listing.inputs)?)?;
    let first = listing.inputs.len() - keywords.len();
    let named = keywords.iter().zip(&listing.inputs[first..]).map(|(keyword, value)| (keyword, &value.name));
    section("keyword_inputs", "keywords", PyList::new(py, named)?)?;
    section("outputs", "outputs", values(py, &listing.outputs)?)?;
    let constants = listing.constants.iter().map(|(value, array)| (&value.name, PyArray::new(array.clone())));
    let constants = constants.map(|pair| pair.into_pyobject(py)).collect::<PyResult<Vec<_>>>()?;
    section("constants", "constants", PyList::new(py, constants)?)?;
    for call in &listing.calls {
        let dict = PyDict::new(py);
        dict.set_item("type", "primitive")?;
        dict.set_item("name", call.name())?;
        dict.set_item("arguments", arguments(py, call)?)?;
        dict.set_item("inputs", values(py, &call.inputs)?)?;
        dict.set_item("outputs", values(py, &call.outputs)?)?;
        callback.call1((dict,))?;
    }
    Ok(())
}

fn values<'py>(py: Python<'py>, values: &[ListedValue]) -> Result<Bound<'py, PyList>> {
    let triple = |value: &ListedValue| {
        let shape = PyTuple::new(py, value.spec.shape.iter())?;
        (&value.name, shape, object(py, value.spec.dtype)?).into_pyobject(py)
    };
    Ok(PyList::new(py, values.iter().map(triple).collect::<PyResult<Vec<_>>>()?)?)
}

/// The parameters of an operation in the order of their names.
fn arguments<'py>(py: Python<'py>, call: &ListedCall) -> Result<Bound<'py, PyList>> {
    let parameters = serde_json::to_value(call.parameters()).map_err(|error| value_error(error.to_string()))?;
    // An operation is an object with one entry, or just a name.
    let own = match &parameters {
        Value::Object(entries) => entries.values().next().unwrap_or(&Value::Null),
        _ => &Value::Null,
    };
    let fields: Vec<&Value> = match own {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(_) => vec![own],
        _ => Vec::new(),
    };
    Ok(PyList::new(py, fields.into_iter().map(|value| plain(py, value)).collect::<PyResult<Vec<_>>>()?)?)
}

fn plain<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    let all = |items: &mut dyn Iterator<Item = &Value>| items.map(|item| plain(py, item)).collect::<PyResult<Vec<_>>>();
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => value.into_pyobject(py)?.into_any(),
            (_, Some(value)) => value.into_pyobject(py)?.into_any(),
            _ => number.as_f64().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => match DType::ALL.iter().find(|dtype| dtype.name() == text) {
            Some(&dtype) => object(py, dtype)?.into_bound(py).into_any(),
            None => text.into_pyobject(py)?.into_any(),
        },
        Value::Array(items) => PyTuple::new(py, all(&mut items.iter())?)?.into_any(),
        Value::Object(fields) => PyTuple::new(py, all(&mut fields.values())?)?.into_any(),
    })
}
