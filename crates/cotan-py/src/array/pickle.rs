//! Pickling: shape, element type and bytes.

use cotan::{Array, DType, ops};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{PyArray, wrap};
use crate::build;
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

    fn __setstate__(&self, state: State<'_>) -> Result<()> {
        self.set(match state {
            State::Own(shape, dtype, bytes) => unpickle(&shape, &dtype, &bytes)?,
            State::Mlx(values, code) => from_mlx(&values, code)?,
        });
        Ok(())
    }
}

/// The state that a pickle holds.
#[cfg_attr(false, python("tuple[Sequence[int], str, bytes] | tuple[NDArray[Any], int]"))]
#[derive(FromPyObject)]
enum State<'py> {
    /// Shape, name of the element type and bytes.
    Own(Vec<usize>, String, Vec<u8>),
    /// What MLX writes: a NumPy array and MLX's number of the element type.
    Mlx(Bound<'py, PyAny>, usize),
}

/// MLX's element types in the order of its numbers.
const MLX_DTYPES: [DType; 14] = [
    DType::Bool,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::F16,
    DType::F32,
    DType::F64,
    DType::Bf16,
    DType::C64,
];

/// The array of a pickle by MLX, which stores the bits of a bfloat16 as uint16.
fn from_mlx(values: &Bound<'_, PyAny>, code: usize) -> Result<Array> {
    let Some(&dtype) = MLX_DTYPES.get(code) else {
        return Err(value_error(format!("unpickle: MLX has no element type number {code}")));
    };
    match dtype {
        DType::Bf16 => Ok(ops::view(&build::array(values, Some(DType::U16))?, dtype)?),
        dtype => build::array(values, Some(dtype)),
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
