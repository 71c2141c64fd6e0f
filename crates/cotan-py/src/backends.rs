//! `cotan.core.metal` and `cotan.core.cuda`: the names of devices that are not there.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{Result, runtime_error};
use crate::functions::add_functions;

/// Whether there is such a device: False, as cotan runs on CPUs.
///
/// >>> import cotan.core as mx
/// >>> mx.metal.is_available(), mx.cuda.is_available()
/// (False, False)
#[pyfunction]
fn is_available() -> bool {
    false
}

/// What is known about the Metal device: nothing, as there is none.
///
/// >>> import cotan.core as mx
/// >>> mx.metal.device_info()
/// {}
#[pyfunction]
#[pyo3(signature = () -> "dict[str, str]")]
fn device_info(py: Python<'_>) -> Bound<'_, PyDict> {
    PyDict::new(py)
}

/// Records what a Metal device does in a file. RuntimeError, as there is none.
///
/// >>> import cotan.core as mx
/// >>> mx.metal.start_capture("trace.gputrace")
/// Traceback (most recent call last):
/// RuntimeError: start_capture: can't record to "trace.gputrace", there is no Metal device
#[pyfunction]
fn start_capture(path: &str) -> Result<()> {
    Err(runtime_error(format!("start_capture: can't record to {path:?}, there is no Metal device")))
}

/// Ends a recording. RuntimeError, as none can have been started.
///
/// >>> import cotan.core as mx
/// >>> mx.metal.stop_capture()
/// Traceback (most recent call last):
/// RuntimeError: stop_capture: there is no Metal device that could have been recorded
#[pyfunction]
fn stop_capture() -> Result<()> {
    Err(runtime_error("stop_capture: there is no Metal device that could have been recorded"))
}

/// Adds a module of this name.
fn add<'py>(module: &Bound<'py, PyModule>, name: &str, doc: &str) -> PyResult<Bound<'py, PyModule>> {
    let py = module.py();
    let path = format!("cotan.core.{name}");
    let added = PyModule::new(py, &path)?;
    added.setattr("__doc__", doc)?;
    module.add(name, &added)?;
    py.import("sys")?.getattr("modules")?.set_item(path, &added)?;
    Ok(added)
}

/// Runs after the functions on memory have been added to `module`.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let metal = &add(module, "metal", "What is left of Metal on a CPU: it is not available.")?;
    add_functions!(metal; is_available, device_info, start_capture, stop_capture);
    metal.add("clear_cache", module.getattr("clear_cache")?)?;
    metal.add("get_active_memory", module.getattr("get_active_memory")?)?;
    metal.add("get_cache_memory", module.getattr("get_cache_memory")?)?;
    metal.add("get_peak_memory", module.getattr("get_peak_memory")?)?;
    metal.add("reset_peak_memory", module.getattr("reset_peak_memory")?)?;
    metal.add("set_cache_limit", module.getattr("set_cache_limit")?)?;
    metal.add("set_memory_limit", module.getattr("set_memory_limit")?)?;
    metal.add("set_wired_limit", module.getattr("set_wired_limit")?)?;
    let cuda = &add(module, "cuda", "What is left of CUDA on a CPU: it is not available.")?;
    add_functions!(cuda; is_available);
    Ok(())
}
