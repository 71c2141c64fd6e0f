//! `compile`: a function recorded once per signature and replayed afterwards.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cotan::transforms::Traced;
use cotan::{Array, Spec};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::{callable, wraps};
use crate::error::{Fault, Result, value_error};
use crate::pytree::{self, Cell, Structure};

static ENABLED: AtomicBool = AtomicBool::new(true);

/// One recording: what it computes, and how its results were nested.
struct Recording {
    traced: Traced,
    results: Structure,
    /// Arrays that the function left in its captured outputs come after the results.
    captured: usize,
}

/// A function that is recorded once for each combination of argument shapes, types and constants.
#[pyclass(name = "compiled_function", module = "cotan.core", dict, weakref)]
struct Compiled {
    fun: Py<PyAny>,
    inputs: Option<Py<PyAny>>,
    outputs: Option<Py<PyAny>>,
    /// From the signature to the position in `recordings`.
    positions: Py<PyDict>,
    recordings: Mutex<Vec<Arc<Recording>>>,
}

#[pymethods]
impl Compiled {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let py = args.py();
        if !ENABLED.load(Ordering::Relaxed) || std::env::var_os("COTAN_DISABLE_COMPILE").is_some() {
            return Ok(self.fun.bind(py).call(args, kwargs)?);
        }
        let kwargs = kwargs.cloned().unwrap_or_else(|| PyDict::new(py));
        let arguments = (args, kwargs).into_pyobject(py)?.into_any();
        let (mut arrays, structure) = pytree::flatten(&arguments)?;
        let state = self.captured(py, &self.inputs)?;
        for cell in &state {
            arrays.push(cell.get()?);
        }
        let recording = self.recording(py, &structure, &arrays, &state)?;
        let results = recording.traced.call(&arrays)?;
        let (results, captured) = results.split_at(results.len() - recording.captured);
        for (cell, array) in self.captured(py, &self.outputs)?.iter().zip(captured) {
            cell.set(array.clone())?;
        }
        recording.results.rebuild_arrays(py, results)
    }
}

impl Compiled {
    fn captured<'py>(&self, py: Python<'py>, state: &Option<Py<PyAny>>) -> Result<Vec<Cell<'py>>> {
        state.as_ref().map_or(Ok(Vec::new()), |state| pytree::cells(state.bind(py)))
    }

    fn recording<'py>(
        &self,
        py: Python<'py>,
        structure: &Structure,
        arrays: &[Array],
        state: &[Cell<'py>],
    ) -> Result<Arc<Recording>> {
        let signature: Vec<(Vec<usize>, &str)> =
            arrays.iter().map(|array| (array.shape().to_vec(), array.dtype().name())).collect();
        let signature =
            PyTuple::new(py, signature.into_iter().map(|(shape, dtype)| (PyTuple::new(py, shape).ok(), dtype)))?;
        let key = (structure.key(py)?, signature).into_pyobject(py)?;
        let positions = self.positions.bind(py);
        if let Some(position) = positions.get_item(&key)? {
            let position: usize = position.extract()?;
            return Ok(self.recordings.lock().unwrap_or_else(PoisonError::into_inner)[position].clone());
        }
        let recording = Arc::new(self.record(py, structure, arrays, state)?);
        let mut recordings = self.recordings.lock().unwrap_or_else(PoisonError::into_inner);
        positions.set_item(key, recordings.len())?;
        recordings.push(recording.clone());
        Ok(recording)
    }

    fn record<'py>(
        &self,
        py: Python<'py>,
        structure: &Structure,
        arrays: &[Array],
        state: &[Cell<'py>],
    ) -> Result<Recording> {
        let specs: Vec<Spec> =
            arrays.iter().map(|array| Spec { shape: array.shape().into(), dtype: array.dtype() }).collect();
        let before: Vec<Array> = state.iter().map(Cell::get).collect::<Result<_>>()?;
        let found: RefCell<Option<(Structure, usize)>> = RefCell::new(None);
        let traced = Traced::record::<Fault>("compile", &specs, |leaves| {
            let (own, captured) = leaves.split_at(leaves.len() - state.len());
            let arguments = structure.rebuild_arrays(py, own)?;
            let arguments = arguments.cast::<PyTuple>()?;
            for (cell, leaf) in state.iter().zip(captured) {
                cell.set(leaf.clone())?;
            }
            let value = super::call(self.fun.bind(py), &arguments.get_item(0)?, Some(&arguments.get_item(1)?));
            let written = self.captured(py, &self.outputs)?.iter().map(Cell::get).collect::<Result<Vec<_>>>()?;
            let (mut results, structure) = pytree::flatten(&value?)?;
            *found.borrow_mut() = Some((structure, written.len()));
            results.extend(written);
            Ok(results)
        });
        // The captured arrays stand for their values again, whatever the function did with them.
        for (cell, array) in state.iter().zip(before) {
            cell.set(array)?;
        }
        let traced = traced?;
        let (results, captured) =
            found.into_inner().ok_or_else(|| value_error("compile: the function was not called"))?;
        Ok(Recording { traced, results, captured })
    }
}

/// A function that is recorded once and replayed without running its Python code again.
///
/// It is recorded anew for arguments of other shapes, types or constants. `inputs` and `outputs` name containers of
/// arrays that the function reads and changes besides its arguments. Inside, arrays have no values: `item()` or
/// `if x > 0` raise ValueError.
///
/// >>> import cotan.core as mx
/// >>> mx.compile(lambda x: x * 2 + 1)(mx.array(3.0))
/// array(7, dtype=float32)
#[pyfunction]
#[pyo3(signature = (fun: "Callable[_P, _R]", inputs = None, outputs = None, shapeless = false) -> "Callable[_P, _R]")]
fn compile<'py>(
    fun: &Bound<'py, PyAny>,
    inputs: Option<Py<PyAny>>,
    outputs: Option<Py<PyAny>>,
    shapeless: bool,
) -> Result<Bound<'py, Compiled>> {
    callable("compile", fun)?;
    // A recording per shape gives what one recording for all shapes would.
    let _ = shapeless;
    let py = fun.py();
    let wrapper = Compiled {
        fun: fun.clone().unbind(),
        inputs,
        outputs,
        positions: PyDict::new(py).unbind(),
        recordings: Mutex::default(),
    };
    Ok(wraps(Bound::new(py, wrapper)?, fun)?)
}

/// Makes compiled functions run their Python code on every call, until `enable_compile`.
///
/// >>> import cotan.core as mx
/// >>> calls = []
/// >>> counted = mx.compile(lambda x: calls.append(1) or x + 1)
/// >>> mx.disable_compile()
/// >>> _ = counted(mx.array(1)), counted(mx.array(1))
/// >>> mx.enable_compile()
/// >>> len(calls)
/// 2
#[pyfunction]
fn disable_compile() {
    ENABLED.store(false, Ordering::Relaxed);
}

/// Undoes `disable_compile`.
///
/// >>> import cotan.core as mx
/// >>> mx.enable_compile()
#[pyfunction]
fn enable_compile() {
    ENABLED.store(true, Ordering::Relaxed);
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(compile, module)?)?;
    module.add_function(wrap_pyfunction!(disable_compile, module)?)?;
    module.add_function(wrap_pyfunction!(enable_compile, module)?)
}
