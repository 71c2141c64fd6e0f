//! Statistics and limits of array memory.

use std::collections::HashSet;

use cotan_kernels::memory;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::array::PyArray;
use crate::error::{Result, type_error, value_error};
use crate::random::RandomState;

/// A number of bytes.
#[cfg_attr(false, python("int"))]
struct Bytes(usize);

impl<'a, 'py> FromPyObject<'a, 'py> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract().map(Bytes).map_err(|_| {
            type_error(format!("expected a number of bytes, an int of at least 0; got {}", object.to_owned())).into()
        })
    }
}

/// Bytes of the arrays that are in use.
///
/// >>> import cotan.core as mx
/// >>> x = mx.zeros((1024,))
/// >>> mx.eval(x)
/// >>> mx.get_active_memory() >= x.nbytes
/// True
#[pyfunction]
fn get_active_memory() -> usize {
    memory::active_bytes()
}

/// The most bytes that were in use at once since the start or the last `reset_peak_memory()`.
///
/// >>> import cotan.core as mx
/// >>> mx.get_peak_memory() >= mx.get_active_memory()
/// True
#[pyfunction]
fn get_peak_memory() -> usize {
    memory::peak_bytes()
}

/// Starts `get_peak_memory()` anew from what is in use now.
///
/// >>> import cotan.core as mx
/// >>> former = mx.get_peak_memory()
/// >>> mx.reset_peak_memory()
/// >>> mx.get_peak_memory() <= former
/// True
#[pyfunction]
fn reset_peak_memory() {
    memory::reset_peak();
}

/// Bytes that are kept for new arrays.
///
/// >>> import cotan.core as mx
/// >>> mx.get_cache_memory() >= 0
/// True
#[pyfunction]
fn get_cache_memory() -> usize {
    memory::cache_bytes()
}

/// Gives the memory that is kept for new arrays back to the system.
///
/// >>> import cotan.core as mx
/// >>> mx.clear_cache()
/// >>> mx.get_cache_memory()
/// 0
#[pyfunction]
fn clear_cache() {
    memory::clear_cache();
}

/// The bytes in use and in the cache from which on the cache is given up before more is taken from the system.
///
/// >>> import cotan.core as mx
/// >>> mx.get_memory_limit() > 0
/// True
#[pyfunction]
fn get_memory_limit() -> usize {
    memory::memory_limit()
}

/// Changes the memory limit, in bytes, and returns the former one. Arrays that are in use may exceed it.
///
/// >>> import cotan.core as mx
/// >>> former = mx.set_memory_limit(1 << 30)
/// >>> mx.set_memory_limit(former)
/// 1073741824
#[pyfunction]
fn set_memory_limit(limit: Bytes) -> usize {
    memory::set_memory_limit(limit.0)
}

/// Changes how many bytes may be kept for new arrays, and returns the former limit. 0 keeps nothing.
///
/// >>> import cotan.core as mx
/// >>> former = mx.set_cache_limit(0)
/// >>> mx.set_cache_limit(former)
/// 0
#[pyfunction]
fn set_cache_limit(limit: Bytes) -> usize {
    memory::set_cache_limit(limit.0)
}

/// Returns 0: only memory of GPUs is wired, so on the CPU the limit stays 0 whatever is asked for.
///
/// >>> import cotan.core as mx
/// >>> mx.set_wired_limit(1 << 20)
/// 0
#[allow(unused_variables)]
#[pyfunction]
fn set_wired_limit(limit: Bytes) -> usize {
    0
}

/// Bytes of the memory behind the arrays in trees of lists, tuples and dicts; memory that arrays share counts once.
///
/// Other leaves are ignored. ValueError for an array that is not evaluated.
///
/// >>> import cotan.core as mx
/// >>> x = mx.array([1.0, 2.0])
/// >>> mx.get_array_buffer_size(x) == mx.get_array_buffer_size([x, {"again": x}])
/// True
#[pyfunction]
#[pyo3(signature = (*args))]
fn get_array_buffer_size(args: &Bound<'_, PyTuple>) -> Result<usize> {
    let mut pending: Vec<Bound<'_, PyAny>> = args.iter().collect();
    let (mut seen, mut buffers, mut total) = (HashSet::new(), HashSet::new(), 0);
    while let Some(object) = pending.pop() {
        let array = match object.cast::<PyArray>() {
            Ok(array) => array.get().get(),
            Err(_) if object.cast::<RandomState>().is_ok() => cotan::random::state()?,
            // A container that contains itself is walked once.
            Err(_) if !seen.insert(object.as_ptr().addr()) => continue,
            Err(_) => {
                if let Ok(list) = object.cast::<PyList>() {
                    pending.extend(list.iter());
                } else if let Ok(tuple) = object.cast::<PyTuple>() {
                    pending.extend(tuple.iter());
                } else if let Ok(dict) = object.cast::<PyDict>() {
                    pending.extend(dict.values().iter());
                }
                continue;
            }
        };
        if !array.is_evaluated() {
            return Err(value_error("get_array_buffer_size: an array is not evaluated; call eval() on it first"));
        }
        let tensor = array.tensor()?;
        if buffers.insert(tensor.buffer().ptr().addr()) {
            total += tensor.buffer().len();
        }
    }
    Ok(total)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    crate::functions::add_functions!(module;
        get_active_memory, get_peak_memory, reset_peak_memory, get_cache_memory, clear_cache, get_memory_limit,
        set_memory_limit, set_cache_limit, set_wired_limit, get_array_buffer_size,
    );
    Ok(())
}
