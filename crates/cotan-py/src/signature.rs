//! What tells two calls of a compiled function apart, as bytes.

use cotan::Array;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::error::{Result, value_error};
use crate::pytree::Structure;

/// Appends the types of arrays and their shapes, or only their ranks.
pub fn append_arrays(key: &mut Vec<u8>, arrays: &[Array], ranks_only: bool) {
    append_size(key, arrays.len());
    for array in arrays {
        key.push(array.dtype() as u8);
        append_size(key, array.ndim());
        if !ranks_only {
            array.shape().iter().for_each(|&size| append_size(key, size));
        }
    }
}

/// Appends how containers are nested and which constants they hold.
///
/// Fails where there is anything but arrays, lists, tuples, dicts, numbers, strings and `None`.
pub fn append_structure(py: Python<'_>, key: &mut Vec<u8>, structure: &Structure) -> Result<()> {
    let mut all = |kind: u8, items: &[Structure]| {
        key.push(kind);
        append_size(key, items.len());
        items.iter().try_for_each(|item| append_structure(py, key, item))
    };
    match structure {
        Structure::Leaf => key.push(b'a'),
        Structure::List(items) => all(b'l', items)?,
        Structure::Tuple(items) => all(b't', items)?,
        Structure::Named(class, items) => {
            all(b'n', items)?;
            append_size(key, class.as_ptr().addr());
        }
        Structure::Dict(items) => {
            key.push(b'd');
            append_size(key, items.len());
            for (name, item) in items {
                append_constant(key, name.bind(py))?;
                append_structure(py, key, item)?;
            }
        }
        Structure::Other(object) => append_constant(key, object.bind(py))?,
    }
    Ok(())
}

fn append_size(key: &mut Vec<u8>, size: usize) {
    key.extend_from_slice(&size.to_ne_bytes());
}

fn append_text(key: &mut Vec<u8>, kind: u8, text: &str) {
    key.push(kind);
    append_size(key, text.len());
    key.extend_from_slice(text.as_bytes());
}

/// 1, 1.0 and True are equal but not the same constant.
fn append_constant(key: &mut Vec<u8>, object: &Bound<'_, PyAny>) -> Result<()> {
    if object.is_none() {
        key.push(b'0');
        return Ok(());
    }
    if let Ok(value) = object.cast::<PyBool>() {
        key.push(if value.is_true() { b'T' } else { b'F' });
        return Ok(());
    }
    let exact = if let Ok(value) = object.cast::<PyInt>() {
        match value.extract::<i64>() {
            Ok(small) => {
                key.push(b'i');
                key.extend_from_slice(&small.to_ne_bytes());
            }
            Err(_) => append_text(key, b'I', &value.repr()?.to_string()),
        }
        object.is_exact_instance_of::<PyInt>()
    } else if let Ok(value) = object.cast::<PyFloat>() {
        key.push(b'f');
        key.extend_from_slice(&value.value().to_bits().to_ne_bytes());
        object.is_exact_instance_of::<PyFloat>()
    } else if let Ok(value) = object.cast::<PyString>() {
        // What UTF-8 can't hold is still told apart by how it is written.
        match value.to_cow() {
            Ok(text) => append_text(key, b's', &text),
            Err(_) => append_text(
                key,
                b'S',
                &value
                    .call_method0("__repr__")?
                    .call_method1("encode", ("ascii", "backslashreplace"))?
                    .repr()?
                    .to_string(),
            ),
        }
        object.is_exact_instance_of::<PyString>()
    } else {
        let name = object.get_type().name()?;
        return Err(value_error(format!(
            "compile: arguments are arrays and constants (int, float, bool, str, None) in lists, tuples and dicts; got {name}"
        )));
    };
    if !exact {
        key.push(b'c');
        append_size(key, object.get_type().as_ptr().addr());
    }
    Ok(())
}
