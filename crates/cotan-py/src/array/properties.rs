//! What an array tells of itself: properties, and its elements as Python values.

use cotan::ops;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{PyArray, tensor, wrap};
use crate::dtype::{PyDtype, object};
use crate::error::{Result, value_error};
use crate::{build, index};

#[pymethods]
impl PyArray {
    /// Sizes of the axes.
    ///
    /// >>> mx.zeros((2, 3)).shape
    /// (2, 3)
    #[getter]
    #[cfg_attr(false, python("def shape(self) -> tuple[int, ...]"))]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.get().shape())
    }

    /// Number of axes.
    ///
    /// >>> mx.zeros((2, 3)).ndim
    /// 2
    #[getter]
    fn ndim(&self) -> usize {
        self.get().ndim()
    }

    /// Number of elements.
    ///
    /// >>> mx.zeros((2, 3)).size
    /// 6
    #[getter]
    fn size(&self) -> usize {
        self.get().size()
    }

    /// Bytes per element.
    ///
    /// >>> mx.zeros((2, 3)).itemsize
    /// 4
    #[getter]
    fn itemsize(&self) -> usize {
        self.get().dtype().size()
    }

    /// Bytes of all elements.
    ///
    /// >>> mx.zeros((2, 3), mx.float16).nbytes
    /// 12
    #[getter]
    fn nbytes(&self) -> u128 {
        let array = self.get();
        // A broadcast array may have more bytes than there are addresses.
        array.size() as u128 * array.dtype().size() as u128
    }

    /// Type of the elements.
    ///
    /// >>> mx.array([1, 2]).dtype
    /// cotan.core.int32
    #[getter]
    fn dtype(&self, py: Python<'_>) -> PyResult<Py<PyDtype>> {
        object(py, self.get().dtype())
    }

    /// The real part.
    ///
    /// >>> mx.array([1 + 2j]).real
    /// array([1], dtype=float32)
    #[getter]
    fn real(&self) -> Result<PyArray> {
        wrap(ops::real(&self.get())?)
    }

    /// The imaginary part; zeros for a real array.
    ///
    /// >>> mx.array([1 + 2j]).imag
    /// array([2], dtype=float32)
    #[getter]
    fn imag(&self) -> Result<PyArray> {
        wrap(ops::imag(&self.get())?)
    }

    /// The array with its axes in reverse order.
    ///
    /// >>> mx.zeros((2, 3, 4)).T.shape
    /// (4, 3, 2)
    #[getter(T)]
    fn transposed(&self) -> Result<PyArray> {
        wrap(ops::transpose_all(&self.get())?)
    }

    /// The array with its last two axes exchanged.
    ///
    /// >>> mx.zeros((2, 3, 4)).mT.shape
    /// (2, 4, 3)
    #[getter(mT)]
    fn matrix_transposed(&self) -> Result<PyArray> {
        let array = self.get();
        if array.ndim() < 2 {
            return Err(value_error(format!("mT: needs at least two axes, this array has {}", array.ndim())));
        }
        wrap(ops::swapaxes(&array, -1, -2)?)
    }

    /// Indexed updates that return a new array: `x.at[index].add(value)`.
    ///
    /// >>> mx.array([1, 2, 3]).at[0].add(10)
    /// array([11, 2, 3], dtype=int32)
    #[getter]
    fn at(&self) -> index::ArrayAt {
        index::ArrayAt::new(self.get())
    }

    /// The value of an array with one element.
    ///
    /// >>> mx.array([2.5]).item()
    /// 2.5
    fn item(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        Ok(build::item(py, &tensor(py, &self.one("item()")?)?)?)
    }

    /// The elements as nested lists; without axes, the element itself.
    ///
    /// >>> mx.array([[1, 2], [3, 4]]).tolist()
    /// [[1, 2], [3, 4]]
    fn tolist(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        Ok(build::nested(py, &tensor(py, &self.get())?)?)
    }
}
