//! The class `array`: operators, conversions to Python and properties.

mod import;
mod methods;
mod pickle;
mod properties;

use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};

use cotan::{Array, DType, ops};
use pyo3::basic::CompareOp;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict};

use crate::dtype::PyDtype;
use crate::error::{Result, type_error, value_error};
use crate::operand::{Operand, Other, pair, refusal};
use crate::{build, dlpack, foreign, index, print};

/// A lazy n-dimensional array.
///
/// Operations on it record what to compute; reading it, printing it or `eval` computes it. Assignments such as
/// `x[0] = 1` and `x += 1` change the value that this object stands for, and no other array.
///
/// >>> import cotan.core as mx
/// >>> x = mx.array([1.0, 2.0, 3.0])
/// >>> x * 2
/// array([2, 4, 6], dtype=float32)
#[pyclass(name = "array", module = "cotan.core", frozen, subclass, weakref)]
pub struct PyArray {
    value: Mutex<Array>,
}

impl PyArray {
    pub fn new(array: Array) -> PyArray {
        PyArray { value: Mutex::new(array) }
    }

    /// The value that the object stands for now.
    pub fn get(&self) -> Array {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the object stand for another value.
    pub fn set(&self, array: Array) {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = array;
    }
}

impl From<Array> for PyArray {
    fn from(array: Array) -> PyArray {
        PyArray::new(array)
    }
}

pub fn wrap(array: Array) -> Result<PyArray> {
    Ok(PyArray::new(array))
}

pub fn wrap_all(arrays: Vec<Array>) -> Vec<PyArray> {
    arrays.into_iter().map(PyArray::new).collect()
}

type Binary = fn(&Array, &Array) -> cotan::Result<Array>;

/// Computes the elements, without holding the interpreter if that takes long.
pub fn eval(py: Python<'_>, array: &Array) -> Result<()> {
    Ok(cotan::eval_briefly(array).unwrap_or_else(|| py.detach(|| array.eval()))?)
}

/// The elements, computed if need be.
fn tensor(py: Python<'_>, array: &Array) -> Result<cotan::Tensor> {
    eval(py, array)?;
    Ok(array.tensor()?)
}

impl PyArray {
    fn binary(&self, other: &Bound<'_, PyAny>, op: Binary) -> Result<PyArray> {
        let (a, b) = pair(Operand::Array(self.get()), Operand::of(other)?)?;
        wrap(op(&a, &b)?)
    }

    fn reflected(&self, other: &Bound<'_, PyAny>, op: Binary) -> Result<PyArray> {
        let (a, b) = pair(Operand::of(other)?, Operand::Array(self.get()))?;
        wrap(op(&a, &b)?)
    }

    fn in_place(&self, other: &Bound<'_, PyAny>, op: Binary) -> Result<()> {
        let (a, b) = pair(Operand::Array(self.get()), Operand::of(other)?)?;
        self.set(op(&a, &b)?);
        Ok(())
    }

    fn one(&self, op: &'static str) -> Result<Array> {
        let array = self.get();
        if array.size() != 1 {
            let shape = cotan::tuple(array.shape());
            return Err(value_error(format!(
                "{op}: only an array with one element has one value; this one has shape {shape}"
            )));
        }
        Ok(array)
    }
}

macro_rules! operators {
    ($($name:ident $reflected:ident $in_place:ident $op:path;)*) => {
        #[pymethods]
        impl PyArray {
            $(
                fn $name(&self, other: &Other<'_>) -> Result<PyArray> {
                    self.binary(other, $op)
                }
                fn $reflected(&self, other: &Other<'_>) -> Result<PyArray> {
                    self.reflected(other, $op)
                }
                fn $in_place(&self, other: &Other<'_>) -> Result<()> {
                    self.in_place(other, $op)
                }
            )*
        }
    };
}
operators! {
    __add__ __radd__ __iadd__ ops::add;
    __sub__ __rsub__ __isub__ ops::subtract;
    __mul__ __rmul__ __imul__ ops::multiply;
    __floordiv__ __rfloordiv__ __ifloordiv__ ops::floor_divide;
    __mod__ __rmod__ __imod__ ops::remainder;
    __and__ __rand__ __iand__ ops::bitwise_and;
    __or__ __ror__ __ior__ ops::bitwise_or;
    __xor__ __rxor__ __ixor__ ops::bitwise_xor;
    __lshift__ __rlshift__ __ilshift__ ops::left_shift;
    __rshift__ __rrshift__ __irshift__ ops::right_shift;
}

#[pymethods]
impl PyArray {
    /// Without a value an empty array, as what a pickle makes before it calls `__setstate__`; `__init__` asks for one.
    #[new]
    #[cfg_attr(false, python("def __new__(cls, val: _Nested, dtype: Dtype | None = None) -> Self"))]
    #[pyo3(signature = (val = None, dtype = None), text_signature = "(val, dtype=None)")]
    fn py_new(val: Option<&Bound<'_, PyAny>>, dtype: Option<PyDtype>) -> Result<PyArray> {
        wrap(match val {
            Some(val) => build::array(val, dtype.map(|dtype| dtype.0))?,
            None => Array::from_slice::<f32>(&[], &[0])?,
        })
    }

    #[pyo3(signature = (val: "_Nested", dtype = None))]
    fn __init__(&self, val: &Bound<'_, PyAny>, dtype: Option<PyDtype>) -> Result<()> {
        let _ = dtype;
        if val.is_none() { Err(refusal(val)) } else { Ok(()) }
    }

    fn __truediv__(&self, other: &Other<'_>) -> Result<PyArray> {
        self.binary(other, ops::divide)
    }

    fn __rtruediv__(&self, other: &Other<'_>) -> Result<PyArray> {
        self.reflected(other, ops::divide)
    }

    fn __div__(&self, other: &Other<'_>) -> Result<PyArray> {
        self.binary(other, ops::divide)
    }

    fn __rdiv__(&self, other: &Other<'_>) -> Result<PyArray> {
        self.reflected(other, ops::divide)
    }

    fn __itruediv__(&self, other: &Other<'_>) -> Result<()> {
        if !self.get().dtype().is_inexact() {
            return Err(value_error("/=: an integer array can't hold a quotient in place; use //= or x = x / y"));
        }
        self.in_place(other, ops::divide)
    }

    #[cfg_attr(false, python("def __pow__(self, other: _Operand, modulo: None = None, /) -> array"))]
    fn __pow__(&self, other: &Other<'_>, modulo: &Bound<'_, PyAny>) -> Result<PyArray> {
        no_modulo(modulo)?;
        self.binary(other, ops::power)
    }

    #[cfg_attr(false, python("def __rpow__(self, other: _Operand, modulo: None = None, /) -> array"))]
    fn __rpow__(&self, other: &Other<'_>, modulo: &Bound<'_, PyAny>) -> Result<PyArray> {
        no_modulo(modulo)?;
        self.reflected(other, ops::power)
    }

    #[cfg_attr(false, python("def __ipow__(self, other: _Operand, /) -> Self"))]
    fn __ipow__(&self, other: &Other<'_>, modulo: &Bound<'_, PyAny>) -> Result<()> {
        no_modulo(modulo)?;
        self.in_place(other, ops::power)
    }

    fn __matmul__(&self, other: &Other<'_>) -> Result<PyArray> {
        self.binary(other, ops::matmul)
    }

    fn __imatmul__(&self, other: &Other<'_>) -> Result<()> {
        self.in_place(other, ops::matmul)
    }

    fn __divmod__(&self, other: &Other<'_>) -> Result<(PyArray, PyArray)> {
        Ok((self.binary(other, ops::floor_divide)?, self.binary(other, ops::remainder)?))
    }

    fn __neg__(&self) -> Result<PyArray> {
        wrap(ops::negative(&self.get())?)
    }

    fn __pos__(&self) -> PyArray {
        PyArray::new(self.get())
    }

    fn __invert__(&self) -> Result<PyArray> {
        wrap(ops::bitwise_invert(&self.get())?)
    }

    fn __abs__(&self) -> Result<PyArray> {
        wrap(ops::abs(&self.get())?)
    }

    #[cfg_attr(
        false,
        python(
            "def __eq__(self, other: object, /) -> array",
            "def __ne__(self, other: object, /) -> array",
            "def __lt__(self, other: _Operand, /) -> array",
            "def __le__(self, other: _Operand, /) -> array",
            "def __gt__(self, other: _Operand, /) -> array",
            "def __ge__(self, other: _Operand, /) -> array",
        )
    )]
    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> Result<Py<PyAny>> {
        let py = other.py();
        let compare: Binary = match op {
            CompareOp::Lt => ops::less,
            CompareOp::Le => ops::less_equal,
            CompareOp::Gt => ops::greater,
            CompareOp::Ge => ops::greater_equal,
            CompareOp::Eq => ops::equal,
            CompareOp::Ne => ops::not_equal,
        };
        match Operand::of(other) {
            Ok(other) => {
                let (a, b) = pair(Operand::Array(self.get()), other)?;
                Ok(Py::new(py, PyArray::new(compare(&a, &b)?))?.into_any())
            }
            // What is no array at all equals none.
            Err(_) if matches!(op, CompareOp::Eq | CompareOp::Ne) && crate::operand::number(other).is_ok() => {
                Ok(PyBool::new(py, matches!(op, CompareOp::Ne)).to_owned().into_any().unbind())
            }
            Err(error) => Err(error),
        }
    }

    fn __hash__(slf: &Bound<'_, Self>) -> isize {
        // By identity, since `==` is elementwise.
        (slf.as_ptr().addr() >> 4) as isize
    }

    fn __repr__(&self, py: Python<'_>) -> Result<String> {
        Ok(print::repr(&tensor(py, &self.get())?))
    }

    fn __bool__(&self, py: Python<'_>) -> Result<bool> {
        let truth = ops::astype(&self.one("bool()")?, DType::Bool)?;
        Ok(tensor(py, &truth)?.to_vec::<cotan::Bool>()[0].get())
    }

    #[cfg_attr(false, python("def __int__(self) -> int"))]
    fn __int__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let item = build::item(py, &tensor(py, &self.one("int()")?)?)?;
        Ok(py.get_type::<pyo3::types::PyInt>().call1((item,))?)
    }

    #[cfg_attr(false, python("def __float__(self) -> float"))]
    fn __float__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let item = build::item(py, &tensor(py, &self.one("float()")?)?)?;
        Ok(py.get_type::<pyo3::types::PyFloat>().call1((item,))?)
    }

    #[cfg_attr(false, python("def __complex__(self) -> complex"))]
    fn __complex__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let item = build::item(py, &tensor(py, &self.one("complex()")?)?)?;
        Ok(py.get_type::<pyo3::types::PyComplex>().call1((item,))?)
    }

    #[cfg_attr(false, python("def __index__(self) -> int"))]
    fn __index__(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        let array = self.get();
        if array.ndim() != 0 || !array.dtype().is_integer() {
            return Err(type_error("only an integer array without axes can be used as an index"));
        }
        Ok(build::item(py, &tensor(py, &array)?)?)
    }

    fn __len__(&self) -> Result<usize> {
        self.get().shape().first().copied().ok_or_else(|| type_error("len() of an array without axes"))
    }

    fn __iter__(&self) -> Result<ArrayIterator> {
        let array = self.get();
        if array.ndim() == 0 {
            return Err(type_error("iteration over an array without axes"));
        }
        Ok(ArrayIterator { array, next: 0 })
    }

    fn __format__(&self, py: Python<'_>, spec: &str) -> Result<String> {
        let array = self.get();
        if array.ndim() == 0 {
            let item = build::item(py, &tensor(py, &array)?)?;
            return Ok(item.bind(py).call_method1("__format__", (spec,))?.extract()?);
        }
        if spec.is_empty() {
            return self.__repr__(py);
        }
        Err(type_error(format!("format {spec:?} needs an array without axes")))
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
        let rows = tensor(py, &self.get())?.to_row_major().map_err(cotan::Error::from)?;
        Ok(PyBytes::new(py, rows.as_bytes().unwrap_or_default()))
    }

    #[cfg_attr(false, python("def __getitem__(self, index: _Index, /) -> array"))]
    fn __getitem__(&self, index: &Bound<'_, PyAny>) -> Result<PyArray> {
        let array = self.get();
        let index = index::parse(index)?;
        wrap(index.py_get(&array)?)
    }

    #[cfg_attr(false, python("def __setitem__(self, index: _Index, value: _Operand, /) -> None"))]
    fn __setitem__(&self, index: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> Result<()> {
        let array = self.get();
        let value = stored(value, array.dtype())?;
        self.set(index::parse(index)?.py_set(&array, &value)?);
        Ok(())
    }

    fn __delitem__(&self, _index: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(pyo3::exceptions::PyAttributeError::new_err("elements of an array can't be deleted"))
    }

    fn __copy__(&self) -> PyArray {
        PyArray::new(self.get())
    }

    fn __deepcopy__(&self, memo: &Bound<'_, PyAny>) -> PyArray {
        let _ = memo;
        PyArray::new(self.get())
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        // SAFETY: Python passes the view that it wants filled.
        unsafe { foreign::export(&slf, view, flags) }
    }

    unsafe fn __releasebuffer__(&self, view: *mut ffi::Py_buffer) {
        // SAFETY: Python releases each view that was filled once.
        unsafe { foreign::release(view) };
    }

    /// A NumPy array that shares this array's memory, unless `dtype` or `copy` ask for another.
    #[pyo3(signature = (dtype = None, copy = None) -> "NDArray[Any]")]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> Result<Bound<'py, PyAny>> {
        let py = slf.py();
        let numpy = py.import("numpy")?;
        let array = slf.get().get();
        let view = if array.dtype() == DType::Bf16 {
            let Ok(extension) = py.import("ml_dtypes") else {
                let message = "NumPy has no bfloat16; convert with astype(float32) first, or install ml_dtypes";
                return Err(value_error(message));
            };
            let bits = PyArray::new(ops::view(&array, DType::U16)?);
            let view = numpy.call_method1("asarray", (py.get_type::<pyo3::types::PyMemoryView>().call1((bits,))?,))?;
            view.call_method1("view", (extension.getattr("bfloat16")?,))?
        } else {
            numpy.call_method1("asarray", (py.get_type::<pyo3::types::PyMemoryView>().call1((slf,))?,))?
        };
        let keywords = PyDict::new(py);
        keywords.set_item("dtype", dtype)?;
        match copy {
            Some(true) => Ok(numpy.call_method("array", (view,), Some(&keywords))?),
            _ => Ok(numpy.call_method("asarray", (view,), Some(&keywords))?),
        }
    }

    /// A DLPack capsule that shares this array's memory.
    #[pyo3(signature = (*, stream = None, max_version = None, dl_device = None, copy = None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<&Bound<'py, PyAny>>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> Result<Bound<'py, PyAny>> {
        // Main memory has no streams, and every consumer reads version 0.
        let _ = (stream, max_version);
        if dl_device.is_some_and(|(kind, _)| kind != dlpack::CPU) {
            return Err(PyBufferError::new_err("the array is in main memory: only dl_device=(1, 0) is possible").into());
        }
        let mut elements = tensor(py, &self.get())?;
        if copy == Some(true) {
            elements = elements.copy().map_err(cotan::Error::from)?;
        }
        Ok(dlpack::export(py, elements)?)
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        (dlpack::CPU, 0)
    }

    #[pyo3(signature = (api_version = None))]
    fn __array_namespace__<'py>(&self, py: Python<'py>, api_version: Option<&str>) -> Result<Bound<'py, PyModule>> {
        match api_version {
            None => Ok(py.import("cotan.core")?),
            Some(version) => {
                Err(value_error(format!("no version of the array API is implemented in full, {version} neither")))
            }
        }
    }
}

fn no_modulo(modulo: &Bound<'_, PyAny>) -> Result<()> {
    if modulo.is_none() { Ok(()) } else { Err(type_error("pow() of arrays takes no modulus")) }
}

/// A value to be written into an array of `dtype`.
pub fn stored(value: &Bound<'_, PyAny>, dtype: DType) -> Result<Array> {
    if value.is_none() {
        return Err(type_error("None can't be stored in an array"));
    }
    match Operand::of(value) {
        Ok(operand) => operand.stored_in(dtype),
        Err(_) if value.hasattr("__len__")? => Err(refusal(value)),
        Err(error) => Err(error),
    }
}

/// Walks over the first axis of the value that an array had when the walk began.
///
/// >>> import cotan.core as mx
/// >>> [row.item() for row in mx.array([1, 2])]
/// [1, 2]
#[pyclass(module = "cotan.core")]
pub struct ArrayIterator {
    array: Array,
    next: usize,
}

#[pymethods]
impl ArrayIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> Result<Option<PyArray>> {
        if self.next == self.array.shape()[0] {
            return Ok(None);
        }
        self.next += 1;
        let row = cotan::indexing::get(&self.array, &[cotan::indexing::Index::Int(self.next as i64 - 1)])?;
        Ok(Some(PyArray::new(row)))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyArray>()?;
    module.add_class::<ArrayIterator>()?;
    pickle::register(module)?;
    import::register(module)
}
