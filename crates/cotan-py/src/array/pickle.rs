//! Pickling: shape, element type and bytes.

use cotan::{Array, DType};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{PyArray, wrap};
use crate::error::{Result, value_error};

#[pymethods]
impl PyArray {
    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyTuple>> {
        let array = self.get();
        let rebuild = py.import("cotan.core")?.getattr("_unpickle")?;
        let state = (array.shape().to_vec(), array.dtype().name(), self.__bytes__(py)?);
        Ok((rebuild, state).into_pyobject(py)?)
    }

    fn __getstate__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyTuple>> {
        let array = self.get();
        Ok((array.shape().to_vec(), array.dtype().name(), self.__bytes__(py)?).into_pyobject(py)?)
    }

    fn __setstate__(&self, state: (Vec<usize>, String, Vec<u8>)) -> Result<()> {
        self.set(unpickle(&state.0, &state.1, &state.2)?);
        Ok(())
    }
}

fn unpickle(shape: &[usize], dtype: &str, bytes: &[u8]) -> Result<Array> {
    let Some(dtype) = DType::ALL.into_iter().find(|known| known.name() == dtype) else {
        return Err(value_error(format!("unpickle: unknown element type {dtype:?}")));
    };
    let mut output = cotan_kernels::Output::new(dtype, shape).map_err(cotan::Error::from)?;
    if output.bytes_mut().len() != bytes.len() {
        return Err(value_error(format!("unpickle: {} bytes don't fill shape {shape:?} of {dtype}", bytes.len())));
    }
    output.bytes_mut().copy_from_slice(bytes);
    Ok(Array::from_tensor(output.finish()))
}

/// What a pickle of an array calls.
#[pyfunction]
#[pyo3(name = "_unpickle")]
fn py_unpickle(shape: Vec<usize>, dtype: &str, bytes: &[u8]) -> Result<PyArray> {
    wrap(unpickle(&shape, dtype, bytes)?)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(py_unpickle, module)?)
}
