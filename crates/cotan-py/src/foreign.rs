//! Arrays of other libraries: the buffer protocol in both directions.

use std::ffi::{CString, c_int, c_void};

use cotan::{Array, Complex32, DType, Tensor, ops};
use cotan_kernels::{Output, layout};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::array::PyArray;
use crate::dlpack;
use crate::error::{Result, runtime_error, type_error};

/// The array that an object with `__mlx_array__()` stands for.
pub fn from_protocol(object: &Bound<'_, PyAny>) -> Result<Option<Array>> {
    let Ok(method) = object.getattr(pyo3::intern!(object.py(), "__mlx_array__")) else { return Ok(None) };
    match method.call0()?.cast::<PyArray>() {
        Ok(array) => Ok(Some(array.get().get())),
        Err(_) => Err(type_error("__mlx_array__() must return a cotan.core.array")),
    }
}

/// A copy of a NumPy array or scalar, of bytes, or of whatever has the buffer protocol or DLPack.
///
/// Without a `dtype`, doubles become `float32` and double complex numbers `complex64`.
pub fn import(object: &Bound<'_, PyAny>, dtype: Option<DType>) -> Result<Option<Array>> {
    if object.cast::<PyString>().is_ok() {
        return Ok(None);
    }
    let array = match PyUntypedBuffer::get(object) {
        Ok(buffer) => import_buffer(&buffer)?,
        Err(_) if is_bfloat16(object) => {
            let bits = object.call_method1("view", ("uint16",))?;
            let bits = import_buffer(&PyUntypedBuffer::get(&bits)?)?.tensor()?;
            Array::from_tensor(bits.reinterpret(DType::Bf16))
        }
        Err(_) if is_numpy_scalar(object) => {
            let row = import_buffer(&PyUntypedBuffer::get(&object.call_method1("reshape", (1,))?)?)?;
            ops::reshape(&row, &[])?
        }
        Err(_) if is_numpy(object) => {
            return Err(runtime_error(format!(
                "NumPy elements of type {} are not supported",
                object.getattr("dtype")?
            )));
        }
        Err(_) if object.hasattr(pyo3::intern!(object.py(), "__dlpack__"))? => dlpack::import(object)?,
        Err(_) => return Ok(None),
    };
    let wanted = dtype.unwrap_or(if array.dtype() == DType::F64 { DType::F32 } else { array.dtype() });
    let array = ops::astype(&array, wanted)?;
    object.py().detach(|| array.eval())?;
    Ok(Some(array))
}

fn is_numpy(object: &Bound<'_, PyAny>) -> bool {
    object.get_type().module().is_ok_and(|module| module == "numpy") && object.hasattr("dtype").unwrap_or(false)
}

/// NumPy's scalars, and its arrays without axes, whose buffers have no shape to read.
fn is_numpy_scalar(object: &Bound<'_, PyAny>) -> bool {
    is_numpy(object) && object.getattr("ndim").and_then(|ndim| ndim.extract::<usize>()).is_ok_and(|ndim| ndim == 0)
}

/// The bfloat16 of the `ml_dtypes` package, which has no buffer format.
fn is_bfloat16(object: &Bound<'_, PyAny>) -> bool {
    let name = object.getattr("dtype").and_then(|dtype| dtype.getattr("name"));
    name.is_ok_and(|name| name.eq("bfloat16").unwrap_or(false))
}

fn import_buffer(buffer: &PyUntypedBuffer) -> Result<Array> {
    let text = buffer.format().to_string_lossy().into_owned();
    let code = text.trim_start_matches(['@', '=', if cfg!(target_endian = "little") { '<' } else { '>' }]);
    let size = buffer.item_size();
    let dtype = match (code, size) {
        ("?", 1) => DType::Bool,
        ("B" | "c", 1) => DType::U8,
        ("b", 1) => DType::I8,
        ("H", 2) => DType::U16,
        ("h", 2) => DType::I16,
        ("I" | "L", 4) => DType::U32,
        ("i" | "l", 4) => DType::I32,
        ("L" | "Q" | "N", 8) => DType::U64,
        ("l" | "q" | "n", 8) => DType::I64,
        ("e", 2) => DType::F16,
        ("f", 4) => DType::F32,
        ("d", 8) => DType::F64,
        ("Zf", 8) => DType::C64,
        ("Zd", 16) => return import_double_complex(buffer),
        _ => return Err(runtime_error(format!("elements with the buffer format {text:?} are not supported"))),
    };
    let mut output = Output::new(dtype, buffer.shape()).map_err(cotan::Error::from)?;
    copy_elements(buffer, output.bytes_mut());
    Ok(Array::from_tensor(output.finish()))
}

fn import_double_complex(buffer: &PyUntypedBuffer) -> Result<Array> {
    let mut bytes = vec![0; buffer.item_count() * 16];
    copy_elements(buffer, &mut bytes);
    let part = |bytes: &[u8]| f64::from_ne_bytes(bytes.try_into().unwrap_or_default()) as f32;
    let values: Vec<Complex32> =
        bytes.chunks_exact(16).map(|item| Complex32::new(part(&item[..8]), part(&item[8..]))).collect();
    Ok(Array::from_slice(&values, buffer.shape())?)
}

/// Copies the elements of a buffer with any strides in row-major order; `out` has room for exactly all of them.
fn copy_elements(buffer: &PyUntypedBuffer, out: &mut [u8]) {
    let size = buffer.item_size();
    if out.is_empty() {
        return;
    }
    assert_eq!(out.len(), layout::len(buffer.shape()) * size, "a buffer's size is that of its shape");
    let base = buffer.buf_ptr().cast::<u8>().cast_const();
    let inner = buffer.strides().last().copied().unwrap_or(size as isize);
    let mut rest = out;
    layout::for_each_run(buffer.shape(), buffer.strides(), 0, layout::len(buffer.shape()), |offset, n| {
        let (run, tail) = std::mem::take(&mut rest).split_at_mut(n * size);
        rest = tail;
        // SAFETY: the exporter promises that every index within the shape, times the strides in bytes, lies within its
        // memory, which it keeps as long as the buffer is held.
        unsafe {
            let from = base.offset(offset);
            if inner == size as isize {
                std::ptr::copy_nonoverlapping(from, run.as_mut_ptr(), run.len());
            } else {
                for (i, item) in run.chunks_exact_mut(size).enumerate() {
                    std::ptr::copy_nonoverlapping(from.offset(i as isize * inner), item.as_mut_ptr(), size);
                }
            }
        }
    });
}

/// What an exported buffer keeps alive.
struct Exported {
    tensor: Tensor,
    shape: Vec<ffi::Py_ssize_t>,
    strides: Vec<ffi::Py_ssize_t>,
    format: CString,
}

/// The code of an element type in the buffer protocol.
fn format(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Bool => "?",
        DType::U8 => "B",
        DType::U16 => "H",
        DType::U32 => "I",
        DType::U64 => "Q",
        DType::I8 => "b",
        DType::I16 => "h",
        DType::I32 => "i",
        DType::I64 => "q",
        DType::F16 => "e",
        DType::Bf16 => return None,
        DType::F32 => "f",
        DType::F64 => "d",
        DType::C64 => "Zf",
    })
}

/// Fills `view` with a writable view of the array's memory.
///
/// # Safety
/// `view` is the structure that Python passed to `__getbuffer__`.
pub unsafe fn export(array: &Bound<'_, PyArray>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
    if view.is_null() {
        return Err(PyBufferError::new_err("there is no view to fill"));
    }
    let value = array.get().get();
    let Some(format) = format(value.dtype()) else {
        return Err(PyBufferError::new_err("bfloat16 has no buffer format; convert with astype(float32) first"));
    };
    let tensor = array.py().detach(|| value.tensor()).map_err(crate::error::Fault::from)?;
    let contiguous = tensor.is_row_major();
    let wants_strides = flags & ffi::PyBUF_STRIDES == ffi::PyBUF_STRIDES;
    if !contiguous && (!wants_strides || flags & ffi::PyBUF_C_CONTIGUOUS == ffi::PyBUF_C_CONTIGUOUS) {
        return Err(PyBufferError::new_err("the array is not contiguous; use contiguous() first"));
    }
    let size = tensor.dtype().size();
    let Some(bytes) = tensor.len().checked_mul(size).and_then(|bytes| ffi::Py_ssize_t::try_from(bytes).ok()) else {
        return Err(PyBufferError::new_err("the array has more bytes than there are addresses"));
    };
    let mut exported = Box::new(Exported {
        shape: tensor.shape().iter().map(|&size| size as ffi::Py_ssize_t).collect(),
        strides: tensor.strides().iter().map(|&stride| stride * size as isize).collect(),
        format: CString::new(format).unwrap_or_default(),
        tensor,
    });
    // SAFETY: `view` is valid for writes (caller); the pointers lead into `exported`, which `internal` keeps until
    // `release`, and the object reference is counted.
    unsafe {
        (*view).obj = array.clone().into_any().into_ptr();
        (*view).buf = exported.tensor.ptr().cast::<c_void>();
        (*view).len = bytes;
        (*view).readonly = 0;
        (*view).itemsize = size as ffi::Py_ssize_t;
        (*view).ndim = exported.shape.len() as c_int;
        let wanted = |flag: c_int| flags & flag == flag;
        (*view).format =
            if wanted(ffi::PyBUF_FORMAT) { exported.format.as_ptr().cast_mut() } else { std::ptr::null_mut() };
        (*view).shape = if wanted(ffi::PyBUF_ND) { exported.shape.as_mut_ptr() } else { std::ptr::null_mut() };
        (*view).strides = if wants_strides { exported.strides.as_mut_ptr() } else { std::ptr::null_mut() };
        (*view).suboffsets = std::ptr::null_mut();
        (*view).internal = Box::into_raw(exported).cast();
    }
    Ok(())
}

/// Lets go of what `export` kept.
///
/// # Safety
/// `view` was filled by `export` and is released once.
pub unsafe fn release(view: *mut ffi::Py_buffer) {
    // SAFETY: `internal` is the box that `export` leaked.
    unsafe { drop(Box::from_raw((*view).internal.cast::<Exported>())) };
}
