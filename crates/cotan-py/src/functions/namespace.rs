//! What the module says of itself to users of the [Python array API](https://data-apis.org/array-api/).

use cotan::DType;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::add_functions;
use crate::device::{CPU, Device, DeviceArg};
use crate::dtype::object;
use crate::error::Result;

/// The element types that the standard knows.
const STANDARD: [DType; 12] = [
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F32,
    DType::F64,
    DType::C64,
];

/// Answers the questions of the Python array API about this module.
#[pyclass(name = "ArrayNamespaceInfo", module = "cotan.core", frozen)]
struct Info;

fn check(device: Option<&DeviceArg>) -> Result<()> {
    device.map_or(Ok(()), DeviceArg::expect_present)
}

#[pymethods]
impl Info {
    /// What the module can do that is optional in the standard.
    fn capabilities<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        all.set_item("boolean indexing", true)?;
        all.set_item("data-dependent shapes", true)?;
        all.set_item("max dimensions", py.None())?;
        Ok(all)
    }

    /// The device on which arrays are made.
    fn default_device(&self) -> Device {
        CPU
    }

    /// The devices that there are.
    fn devices(&self) -> [Device; 1] {
        [CPU]
    }

    /// The types that functions choose when they are not told one.
    #[pyo3(signature = (device = None))]
    fn default_dtypes<'py>(&self, py: Python<'py>, device: Option<DeviceArg>) -> Result<Bound<'py, PyDict>> {
        check(device.as_ref())?;
        let all = PyDict::new(py);
        all.set_item("real floating", object(py, DType::F32)?)?;
        all.set_item("complex floating", object(py, DType::C64)?)?;
        all.set_item("integral", object(py, DType::I32)?)?;
        all.set_item("indexing", object(py, DType::I32)?)?;
        Ok(all)
    }

    /// The standard's element types by name, or those of a kind, as `isdtype` understands it.
    #[pyo3(signature = (device = None, kind: "str | Dtype | tuple[str | Dtype, ...] | None" = None))]
    fn dtypes<'py>(
        &self,
        py: Python<'py>,
        device: Option<DeviceArg>,
        kind: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyDict>> {
        check(device.as_ref())?;
        let is_kind = py.import("cotan.core")?.getattr("isdtype")?;
        let all = PyDict::new(py);
        for dtype in STANDARD {
            let object = object(py, dtype)?;
            if kind.map_or(Ok(true), |kind| is_kind.call1((&object, kind))?.is_truthy())? {
                all.set_item(dtype.name(), object)?;
            }
        }
        Ok(all)
    }
}

/// An object that tells of the module's devices, element types and capabilities, as the Python array API has it.
#[pyfunction]
fn __array_namespace_info__() -> Info {
    Info
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; __array_namespace_info__);
    Ok(())
}
