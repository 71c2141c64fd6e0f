//! DLPack in both directions, version 0 of the structures: <https://dmlc.github.io/dlpack/latest/c_api.html>.

use std::ffi::{CStr, c_void};

use cotan::{Array, DType, Tensor};
use cotan_kernels::{Output, layout};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::error::{Result, runtime_error, type_error, value_error};

/// The device type of main memory.
pub const CPU: i32 = 1;
const NAME: &CStr = c"dltensor";
const USED: &CStr = c"used_dltensor";

#[repr(C)]
struct Device {
    kind: i32,
    index: i32,
}

#[repr(C)]
struct DataType {
    code: u8,
    bits: u8,
    lanes: u16,
}

#[repr(C)]
struct Strided {
    data: *mut c_void,
    device: Device,
    ndim: i32,
    dtype: DataType,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

#[repr(C)]
struct Managed {
    tensor: Strided,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Managed)>,
}

const INT: u8 = 0;
const UINT: u8 = 1;
const FLOAT: u8 = 2;
const BFLOAT: u8 = 4;
const COMPLEX: u8 = 5;
const BOOL: u8 = 6;

fn code(dtype: DType) -> u8 {
    match dtype {
        DType::Bool => BOOL,
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => UINT,
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => INT,
        DType::F16 | DType::F32 | DType::F64 => FLOAT,
        DType::Bf16 => BFLOAT,
        DType::C64 => COMPLEX,
    }
}

/// A copy of the array that an object offers through `__dlpack__`.
pub fn import(object: &Bound<'_, PyAny>) -> Result<Array> {
    let capsule = object.call_method0("__dlpack__")?;
    // SAFETY: the name is compared by Python; a capsule of that name holds a `Managed`, as the protocol has it.
    let managed = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), NAME.as_ptr()) }.cast::<Managed>();
    if managed.is_null() {
        let _ = PyErr::take(object.py());
        return Err(type_error("__dlpack__() did not return a DLPack capsule"));
    }
    // SAFETY: not null, and the capsule owns it until it is renamed.
    let array = unsafe { copy(&(*managed).tensor) };
    // SAFETY: the consumer renames the capsule and then calls the deleter once.
    unsafe {
        ffi::PyCapsule_SetName(capsule.as_ptr(), USED.as_ptr());
        if let Some(deleter) = (*managed).deleter {
            deleter(managed);
        }
    }
    array
}

/// # Safety
/// The structure describes memory that can be read.
unsafe fn copy(tensor: &Strided) -> Result<Array> {
    if tensor.device.kind != CPU {
        return Err(value_error(format!(
            "DLPack: the array is on device type {}, not in main memory",
            tensor.device.kind
        )));
    }
    let kind = &tensor.dtype;
    let dtype =
        DType::ALL.into_iter().find(|dtype| code(*dtype) == kind.code && dtype.size() * 8 == usize::from(kind.bits));
    let Some(dtype) = dtype.filter(|_| kind.lanes == 1) else {
        return Err(runtime_error(format!(
            "DLPack: elements of type code {} with {} bits are not supported",
            kind.code, kind.bits
        )));
    };
    let ndim = usize::try_from(tensor.ndim).unwrap_or(0);
    // SAFETY: the producer promises `ndim` sizes and, unless null, as many strides.
    let (shape, strides) = unsafe {
        let shape: Vec<usize> = (0..ndim).map(|axis| usize::try_from(*tensor.shape.add(axis)).unwrap_or(0)).collect();
        let strides: Vec<isize> = match tensor.strides.is_null() {
            true => layout::row_major(&shape).to_vec(),
            false => (0..ndim).map(|axis| *tensor.strides.add(axis) as isize).collect(),
        };
        (shape, strides)
    };
    let mut output = Output::new(dtype, &shape).map_err(cotan::Error::from)?;
    let (size, inner) = (dtype.size(), strides.last().copied().unwrap_or(1));
    let base = tensor.data.cast::<u8>().wrapping_add(tensor.byte_offset as usize);
    let mut rest = output.bytes_mut();
    layout::for_each_run(&shape, &strides, 0, layout::len(&shape), |offset, n| {
        let (run, tail) = std::mem::take(&mut rest).split_at_mut(n * size);
        rest = tail;
        for (i, item) in run.chunks_exact_mut(size).enumerate() {
            // SAFETY: the producer promises memory behind every index within the shape.
            unsafe {
                let from = base.offset((offset + i as isize * inner) * size as isize);
                std::ptr::copy_nonoverlapping(from, item.as_mut_ptr(), size);
            }
        }
    });
    Ok(Array::from_tensor(output.finish()))
}

/// What an exported capsule keeps alive.
struct Exported {
    _tensor: Tensor,
    shape: Vec<i64>,
    strides: Vec<i64>,
}

unsafe extern "C" fn delete(managed: *mut Managed) {
    // SAFETY: both boxes were leaked by `export`; the protocol calls the deleter once.
    unsafe {
        let managed = Box::from_raw(managed);
        drop(Box::from_raw(managed.context.cast::<Exported>()));
    }
}

unsafe extern "C" fn drop_capsule(capsule: *mut ffi::PyObject) {
    // SAFETY: Python passes the capsule that dies; a capsule nobody consumed still has the first name.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, NAME.as_ptr()) == 1 {
            delete(ffi::PyCapsule_GetPointer(capsule, NAME.as_ptr()).cast());
        }
    }
}

/// A capsule that shares the tensor's memory.
pub fn export(py: Python<'_>, tensor: Tensor) -> PyResult<Bound<'_, PyAny>> {
    let (dtype, data) = (tensor.dtype(), tensor.ptr());
    let mut exported = Box::new(Exported {
        shape: tensor.shape().iter().map(|&size| size as i64).collect(),
        strides: tensor.strides().iter().map(|&stride| stride as i64).collect(),
        _tensor: tensor,
    });
    let strided = Strided {
        data: data.cast(),
        device: Device { kind: CPU, index: 0 },
        ndim: exported.shape.len() as i32,
        dtype: DataType { code: code(dtype), bits: 8 * dtype.size() as u8, lanes: 1 },
        shape: exported.shape.as_mut_ptr(),
        strides: exported.strides.as_mut_ptr(),
        byte_offset: 0,
    };
    let managed = Box::new(Managed { tensor: strided, context: Box::into_raw(exported).cast(), deleter: Some(delete) });
    // SAFETY: the capsule owns the structure; `drop_capsule` or the consumer frees it.
    unsafe {
        let capsule = ffi::PyCapsule_New(Box::into_raw(managed).cast(), NAME.as_ptr(), Some(drop_capsule));
        Bound::from_owned_ptr_or_err(py, capsule)
    }
}
