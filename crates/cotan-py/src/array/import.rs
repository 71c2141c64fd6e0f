//! Arrays from whatever stands for one: `asarray`, `from_dlpack` and `ArrayLike`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use super::{PyArray, wrap};
use crate::dtype::PyDtype;
use crate::error::Result;
use crate::operand::refusal;
use crate::{build, foreign};

/// The name for whatever `array` accepts, in type annotations.
///
/// >>> import cotan.core as mx
/// >>> mx.array(mx.ArrayLike([1, 2]))
/// array([1, 2], dtype=int32)
#[pyclass(module = "cotan.core", frozen)]
struct ArrayLike {
    value: Py<PyAny>,
}

#[pymethods]
impl ArrayLike {
    #[new]
    #[pyo3(signature = (arg: "_Nested"))]
    fn new(arg: Py<PyAny>) -> ArrayLike {
        ArrayLike { value: arg }
    }

    fn __mlx_array__(&self, py: Python<'_>) -> Result<PyArray> {
        wrap(build::array(self.value.bind(py), None)?)
    }
}

/// An array of `a`, which may be anything `array` accepts. Memory of other libraries is never shared: `copy=False`
/// raises ValueError where a copy would be needed.
///
/// >>> import cotan.core as mx
/// >>> x = mx.array([1, 2])
/// >>> mx.asarray(x, copy=False)
/// array([1, 2], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a: "_Nested", dtype = None, *, copy = None))]
fn asarray(a: &Bound<'_, PyAny>, dtype: Option<PyDtype>, copy: Option<bool>) -> Result<PyArray> {
    let shared = match a.cast::<PyArray>() {
        Ok(array) => dtype.is_none_or(|dtype| dtype.0 == array.get().get().dtype()),
        Err(_) => false,
    };
    if copy == Some(false) && !shared {
        return Err(PyValueError::new_err("asarray: this input can only be copied; drop copy=False").into());
    }
    wrap(build::array(a, dtype.map(|dtype| dtype.0))?)
}

/// A copy of an array that another library offers through DLPack.
///
/// >>> import cotan.core as mx
/// >>> import numpy as np
/// >>> mx.from_dlpack(np.array([1, 2], dtype=np.int32))
/// array([1, 2], dtype=int32)
#[pyfunction]
#[pyo3(signature = (x: "_SupportsDLPack", /, *, copy = None))]
fn from_dlpack(x: &Bound<'_, PyAny>, copy: Option<bool>) -> Result<PyArray> {
    if let Ok(array) = x.cast::<PyArray>() {
        return wrap(array.get().get());
    }
    if !x.hasattr("__dlpack__")? {
        return Err(PyTypeError::new_err(format!("from_dlpack: {} has no __dlpack__()", x.get_type().name()?)).into());
    }
    if copy == Some(false) {
        return Err(PyValueError::new_err("from_dlpack: this input can only be copied; drop copy=False").into());
    }
    wrap(foreign::import(x, None)?.ok_or_else(|| refusal(x))?)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ArrayLike>()?;
    module.add_function(wrap_pyfunction!(asarray, module)?)?;
    module.add_function(wrap_pyfunction!(from_dlpack, module)?)
}
