//! `compile`: a function recorded once per signature and replayed afterwards.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use cotan::transforms::{TRACE_LIMIT, Traced, Traces, compiles};
use cotan::{Array, Spec};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use super::{callable, wraps};
use crate::error::{Fault, Result, value_error};
use crate::functions::Count;
use crate::pytree::{self, Cell, Contents, Structure};
use crate::signature::{append_arrays, append_structure};
use crate::transforms::Wrapped;

/// One recording: what it computes, and how its results were nested.
struct Recording {
    key: Vec<u8>,
    traced: Traced,
    results: Structure,
    /// Arrays that the function left in its captured outputs come after the results.
    captured: usize,
    /// Keeps alive the types whose addresses are in the key.
    _arguments: [Structure; 2],
}

/// A function, what it captures, and whether its recordings serve all shapes; objects are named by their addresses.
type Identity = (usize, usize, usize, bool);

/// The recordings of all functions with compiled versions, which share them.
static SHARED: LazyLock<Mutex<HashMap<Identity, Weak<Traces<Recording>>>>> = LazyLock::new(Mutex::default);

fn shared() -> MutexGuard<'static, HashMap<Identity, Weak<Traces<Recording>>>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A function that is recorded once for each combination of argument shapes, types and constants.
#[pyclass(name = "compiled_function", module = "cotan.core", dict, weakref)]
struct Compiled {
    fun: Wrapped,
    inputs: Option<Py<PyAny>>,
    outputs: Option<Py<PyAny>>,
    identity: Identity,
    traces: Arc<Traces<Recording>>,
}

/// The arguments of a call, taken apart, with the captured arrays behind their own.
struct Call<'py> {
    structures: [Structure; 2],
    state: Vec<Cell<'py>>,
    arrays: Vec<Array>,
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
        if !compiles() {
            return Ok(self.fun.bind(py).call(args, kwargs)?);
        }
        let call = self.take_apart(args, kwargs)?;
        let key = self.key(py, &call)?;
        let recording = match self.traces.find(|recording| recording.key == key) {
            Some(recording) => recording,
            None => self.record(py, key, &call)?,
        };
        let results = recording.traced.call(&call.arrays)?;
        let (results, captured) = results.split_at(results.len() - recording.captured);
        if recording.captured > 0 {
            for (cell, array) in cells(py, &self.outputs)?.iter().zip(captured) {
                cell.set(array.clone())?;
            }
        }
        recording.results.rebuild_arrays(py, results)
    }

    /// Calls that found a recording and calls that made one, how many recordings are kept at most and how many there are.
    fn cache_info<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let class = CLASS.get_or_try_init(py, || {
            let fields = ("hits", "misses", "maxsize", "currsize");
            let class = py.import("collections")?.call_method1("namedtuple", ("CacheInfo", fields))?;
            class.setattr("__module__", "cotan.core")?;
            Ok::<_, PyErr>(class.unbind())
        })?;
        let info = self.traces.info();
        Ok(class.bind(py).call1((info.hits, info.misses, info.limit, info.size))?)
    }

    /// How many recordings there are.
    fn cache_size(&self) -> usize {
        self.traces.info().size
    }

    /// Forgets all recordings, and the counts of `cache_info`.
    fn cache_clear(&self) {
        self.traces.clear();
    }

    /// How many recordings are kept; the one that was not used for longest goes first.
    #[getter]
    fn get_cache_limit(&self) -> usize {
        self.traces.info().limit
    }

    #[setter]
    fn set_cache_limit(&self, limit: Count) {
        self.traces.set_limit(limit.0);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.fun.traverse(&visit)?;
        visit.call(&self.inputs)?;
        visit.call(&self.outputs)
    }

    fn __clear__(&mut self) {
        // What has the function's address from now on must not find its recordings.
        shared().remove(&self.identity);
        self.fun.clear();
        (self.inputs, self.outputs) = (None, None);
    }
}

impl Drop for Compiled {
    fn drop(&mut self) {
        let mut shared = shared();
        let own = shared.get(&self.identity).is_some_and(|weak| std::ptr::eq(weak.as_ptr(), Arc::as_ptr(&self.traces)));
        if own && Arc::strong_count(&self.traces) == 1 {
            shared.remove(&self.identity);
        }
    }
}

fn cells<'py>(py: Python<'py>, state: &Option<Py<PyAny>>) -> Result<Vec<Cell<'py>>> {
    state.as_ref().map_or(Ok(Vec::new()), |state| pytree::cells(state.bind(py)))
}

impl Compiled {
    fn take_apart<'py>(&self, args: &Bound<'py, PyTuple>, kwargs: Option<&Bound<'py, PyDict>>) -> Result<Call<'py>> {
        let py = args.py();
        let (mut arrays, positional) = pytree::flatten(args)?;
        let mut named = Structure::Dict(Vec::new());
        if let Some(kwargs) = kwargs {
            let (more, structure) = pytree::flatten(kwargs)?;
            arrays.extend(more);
            named = structure;
        }
        let state = cells(py, &self.inputs)?;
        for cell in &state {
            arrays.push(cell.get()?);
        }
        Ok(Call { structures: [positional, named], state, arrays })
    }

    fn follows_shapes(&self, call: &Call<'_>) -> bool {
        self.identity.3 && call.arrays.iter().all(|array| array.size() > 0)
    }

    fn key(&self, py: Python<'_>, call: &Call<'_>) -> Result<Vec<u8>> {
        let mut key = Vec::with_capacity(128);
        append_arrays(&mut key, &call.arrays, self.follows_shapes(call));
        for structure in &call.structures {
            append_structure(py, &mut key, structure)?;
        }
        Ok(key)
    }

    fn record<'py>(&self, py: Python<'py>, key: Vec<u8>, call: &Call<'py>) -> Result<Arc<Recording>> {
        let specs: Vec<Spec> =
            call.arrays.iter().map(|array| Spec { shape: array.shape().into(), dtype: array.dtype() }).collect();
        let before: Vec<Array> = call.state.iter().map(Cell::get).collect::<Result<_>>()?;
        let mut contents = Vec::new();
        for state in [&self.inputs, &self.outputs].into_iter().flatten() {
            pytree::contents(state.bind(py), &mut contents)?;
        }
        let found: RefCell<Option<(Structure, usize)>> = RefCell::new(None);
        let run = |leaves: &[Array]| self.run(py, call, leaves, &found);
        let traced = match self.follows_shapes(call) {
            true => Traced::record_shapeless::<Fault>("compile", &specs, run),
            false => Traced::record::<Fault>("compile", &specs, run),
        };
        // The captured arrays stand for their values again, whatever the function did with them.
        for (cell, array) in call.state.iter().zip(before) {
            cell.set(array)?;
        }
        if traced.is_err() {
            contents.iter().try_for_each(Contents::restore)?;
        }
        let traced = py.detach(|| Ok::<_, Fault>(traced?.simplified()))?;
        let (results, captured) =
            found.into_inner().ok_or_else(|| value_error("compile: the function was not called"))?;
        let arguments = self.take_structures(py, call);
        let made = key.clone();
        let recording = Recording { key, traced, results, captured, _arguments: arguments };
        Ok(self.traces.keep(recording, |other| other.key == made))
    }

    fn take_structures(&self, py: Python<'_>, call: &Call<'_>) -> [Structure; 2] {
        call.structures.each_ref().map(|structure| structure.clone_ref(py))
    }

    /// Calls the function on arrays without values; gives the arrays in its results and captured outputs.
    fn run<'py>(
        &self,
        py: Python<'py>,
        call: &Call<'py>,
        leaves: &[Array],
        found: &RefCell<Option<(Structure, usize)>>,
    ) -> Result<Vec<Array>> {
        let (own, captured) = leaves.split_at(leaves.len() - call.state.len());
        let (positional, named) = own.split_at(call.structures[0].count());
        let args = call.structures[0].rebuild_arrays(py, positional)?;
        let kwargs = call.structures[1].rebuild_arrays(py, named)?;
        for (cell, leaf) in call.state.iter().zip(captured) {
            cell.set(leaf.clone())?;
        }
        let value = super::call(&self.fun.bind(py), &args, Some(&kwargs))?;
        let written = cells(py, &self.outputs)?.iter().map(Cell::get).collect::<Result<Vec<_>>>()?;
        let (mut results, structure) = pytree::flatten(&value)?;
        *found.borrow_mut() = Some((structure, written.len()));
        results.extend(written);
        Ok(results)
    }
}

/// A function that is recorded once and replayed without running its Python code again.
///
/// It is recorded anew for arguments of other shapes, types or constants; with `shapeless`, only for other types and
/// numbers of axes. Arguments are arrays and constants (int, float, bool, str, None), nested in lists, tuples and dicts.
/// Anything else the function reads is frozen when it is recorded, unless `inputs` names the containers of arrays that
/// it reads, and `outputs` those that it changes; so are sizes that Python code reads, such as `x.size`. Inside, arrays have no values: `item()` or `if x > 0` raise ValueError.
///
/// The compiled functions of one function share their recordings. The 128 most recently used ones are kept:
/// `cache_info()`, `cache_size()` and `cache_clear()` show and clear them, and `cache_limit` can be set.
/// `disable_compile()`, or `COTAN_DISABLE_COMPILE` or `MLX_DISABLE_COMPILE` in the environment, run the Python code on
/// every call.
///
/// >>> import cotan.core as mx
/// >>> line = mx.compile(lambda x, slope: x * slope + 1)
/// >>> line(mx.array(3.0), 2), line(mx.array(4.0), 2)
/// (array(7, dtype=float32), array(9, dtype=float32))
/// >>> line.cache_info()
/// CacheInfo(hits=1, misses=1, maxsize=128, currsize=1)
#[pyfunction]
#[pyo3(signature = (fun: "Callable[_P, _R]", inputs = None, outputs = None, shapeless = false) -> "Callable[_P, _R]")]
fn compile<'py>(
    fun: &Bound<'py, PyAny>,
    inputs: Option<Py<PyAny>>,
    outputs: Option<Py<PyAny>>,
    shapeless: bool,
) -> Result<Bound<'py, Compiled>> {
    callable("compile", fun)?;
    let address = |object: &Option<Py<PyAny>>| object.as_ref().map_or(0, |object| object.as_ptr().addr());
    let identity = (fun.as_ptr().addr(), address(&inputs), address(&outputs), shapeless);
    let traces = {
        let mut shared = shared();
        let known = shared.get(&identity).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let traces = Arc::new(Traces::new(TRACE_LIMIT));
            shared.insert(identity, Arc::downgrade(&traces));
            traces
        })
    };
    let wrapper = Compiled { fun: Wrapped::new(fun), inputs, outputs, identity, traces };
    Ok(wraps(Bound::new(fun.py(), wrapper)?, fun)?)
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
    cotan::transforms::disable_compile();
}

/// Undoes `disable_compile`, and what the environment said.
///
/// >>> import cotan.core as mx
/// >>> mx.enable_compile()
#[pyfunction]
fn enable_compile() {
    cotan::transforms::enable_compile();
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(compile, module)?)?;
    module.add_function(wrap_pyfunction!(disable_compile, module)?)?;
    module.add_function(wrap_pyfunction!(enable_compile, module)?)
}
