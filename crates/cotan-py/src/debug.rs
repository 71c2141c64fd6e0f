//! Debugging: the first NaN and time per kernel; drawings of graphs are in a file of their own.

mod drawing;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use cotan::debug::{self, Finding, Host, NanGuard, Nans, Place, Profile, Profiler, Row};
use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};

use crate::error::{Fault, Result, external, runtime_error};
use crate::functions::add_functions;

/// The folder of the package, whose frames are not the user's.
fn package(py: Python<'_>) -> PyResult<&'static str> {
    static PACKAGE: PyOnceLock<String> = PyOnceLock::new();
    let find = || -> PyResult<String> {
        let init: String = py.import("cotan")?.getattr("__file__")?.extract()?;
        Ok(init.trim_end_matches("__init__.py").to_string())
    };
    Ok(PACKAGE.get_or_try_init(py, find)?)
}

/// The line of the nearest frame outside the package.
fn locate() -> Option<Place> {
    Python::attach(|py| {
        let mut frame = py.import("sys").ok()?.getattr("_getframe").ok()?.call0().ok()?;
        let package = package(py).ok()?;
        loop {
            let code = frame.getattr("f_code").ok()?;
            let file: String = code.getattr("co_filename").ok()?.extract().ok()?;
            if !file.starts_with(package) {
                let line = frame.getattr("f_lineno").ok()?.extract().ok()?;
                let function = code.getattr("co_qualname").ok()?.extract().ok()?;
                return Some(Place { file, line, function });
            }
            frame = frame.getattr("f_back").ok().filter(|back| !back.is_none())?;
        }
    })
}

/// Warns about an input; with warnings as errors, that is the error of the evaluation.
fn report(finding: &Finding) -> cotan::Result<()> {
    Python::attach(|py| {
        let category = py.get_type::<PyRuntimeWarning>();
        let warn = || py.import("warnings")?.call_method1("warn", (finding.to_string(), category));
        warn().map(|_| ()).map_err(|error| external(Fault::Python(error)))
    })
}

/// Checks what is evaluated for NaN; made by `debug_nans()`.
///
/// >>> import cotan.core as mx
/// >>> with mx.debug_nans() as check:
/// ...     mx.eval(mx.log(mx.array([1.0])))
#[pyclass(name = "NanCheck", module = "cotan.core", frozen)]
struct NanCheck {
    nans: Nans,
    /// One for each time that a thread is inside.
    guards: Mutex<Vec<(ThreadId, NanGuard)>>,
}

#[pymethods]
impl NanCheck {
    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        let this = slf.get();
        let guard = (thread::current().id(), debug::nans_with(this.nans));
        this.guards.lock().unwrap_or_else(PoisonError::into_inner).push(guard);
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) -> Result<()> {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        let here = thread::current().id();
        // A generator may be left on another thread than it was entered on.
        let last = guards.iter().rposition(|(thread, _)| *thread == here).or(guards.len().checked_sub(1));
        let guard = last.map(|last| guards.remove(last));
        guard.map(drop).ok_or_else(|| runtime_error("debug_nans: left more often than entered"))
    }
}

/// A context in which an operation that makes NaN raises FloatingPointError, naming the operation and its line.
///
/// With `inf=True` infinities count too. The context is that of the thread which enters it; `all_threads=True` checks the
/// evaluations of every thread. Operations remember the line outside cotan's own code that called them, also inside
/// `grad`, `vmap` and `compile`. Inputs that hold NaN from the start are not an error: RuntimeWarning tells of each once.
///
/// >>> import cotan.core as mx
/// >>> with mx.debug_nans():
/// ...     mx.eval(mx.log(mx.array([1.0, -1.0])))
/// Traceback (most recent call last):
///     ...
/// FloatingPointError: log: made the first NaN: element (1,) of its float32 (2,) result, from float32 (2,) with -1.0 there; at ...
#[pyfunction]
#[pyo3(signature = (*, inf = false, all_threads = false))]
fn debug_nans(inf: bool, all_threads: bool) -> NanCheck {
    NanCheck { nans: Nans { infinities: inf, all_threads }, guards: Mutex::default() }
}

/// What ran in a `profile()` context, while it is open and afterwards.
///
/// `print(p)` shows a table with a row per kernel.
///
/// >>> import cotan.core as mx
/// >>> with mx.profile() as p:
/// ...     mx.eval(mx.exp(mx.array([1.0])))
/// >>> p.rows[0]["kernel"]
/// 'exp'
#[pyclass(name = "Profile", module = "cotan.core", frozen)]
struct PyProfile {
    state: Mutex<Recording>,
}

enum Recording {
    New,
    Running(Profiler),
    Done(Profile),
}

impl PyProfile {
    fn state(&self) -> MutexGuard<'_, Recording> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn profile(&self) -> Result<Profile> {
        match &*self.state() {
            Recording::New => Err(runtime_error("profile: use it as a context: with profile() as p")),
            Recording::Running(profiler) => Ok(profiler.snapshot()),
            Recording::Done(profile) => Ok(profile.clone()),
        }
    }
}

#[pymethods]
impl PyProfile {
    fn __enter__(slf: Bound<'_, Self>) -> Result<Bound<'_, Self>> {
        {
            let mut state = slf.get().state();
            if matches!(&*state, Recording::Running(_)) {
                return Err(runtime_error("profile: the context is open already"));
            }
            *state = Recording::Running(Profiler::start());
        }
        Ok(slf)
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) {
        let mut state = self.state();
        if let Recording::Running(profiler) = std::mem::replace(&mut *state, Recording::New) {
            *state = Recording::Done(profiler.stop());
        }
    }

    fn __str__(&self) -> Result<String> {
        Ok(self.profile()?.to_string())
    }

    fn __repr__(&self) -> String {
        match self.profile() {
            Ok(profile) => profile.to_string(),
            Err(_) => "<cotan.core.Profile, not yet entered>".to_string(),
        }
    }

    /// A dict per kernel, the most expensive first: `kernel`, `calls`, `total_seconds`, `mean_seconds`, `share` (of the
    /// time of all kernels), `bytes_read`, `bytes_written`, `gb_per_second`, `flops` and `gflops_per_second` (None where
    /// they are not known).
    ///
    /// >>> with mx.profile() as p:
    /// ...     mx.eval(mx.exp(mx.array([1.0])))
    /// >>> p.rows[0]["calls"]
    /// 1
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyList>> {
        let profile = self.profile()?;
        let rows = profile.rows().iter().map(|row| row_dict(py, row)).collect::<PyResult<Vec<_>>>()?;
        Ok(PyList::new(py, rows)?)
    }

    /// The runs as JSON in the Trace Event Format, as `save` writes it.
    ///
    /// >>> with mx.profile() as p:
    /// ...     mx.eval(mx.exp(mx.array([1.0])))
    /// >>> "exp" in p.trace_json()
    /// True
    fn trace_json(&self) -> Result<String> {
        Ok(self.profile()?.trace_json())
    }

    /// Writes the runs to a file that Perfetto (ui.perfetto.dev) and chrome://tracing show on a time line.
    ///
    /// >>> with mx.profile() as p:
    /// ...     mx.eval(mx.exp(mx.array([1.0])))
    /// >>> p.save("trace.json")
    fn save(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        let profile = self.profile()?;
        Ok(py.detach(|| std::fs::write(path, profile.trace_json())).map_err(PyErr::from)?)
    }
}

fn row_dict<'py>(py: Python<'py>, row: &Row) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("kernel", &row.kernel)?;
    dict.set_item("calls", row.calls)?;
    dict.set_item("total_seconds", row.total.as_secs_f64())?;
    dict.set_item("mean_seconds", row.mean().as_secs_f64())?;
    dict.set_item("share", row.share)?;
    dict.set_item("bytes_read", row.bytes_read)?;
    dict.set_item("bytes_written", row.bytes_written)?;
    dict.set_item("gb_per_second", row.gb_per_second())?;
    dict.set_item("flops", row.flops)?;
    dict.set_item("gflops_per_second", row.gflops_per_second())?;
    Ok(dict)
}

/// A context that times every kernel which runs inside it, on any thread.
///
/// A kernel is a group of operations that run in one pass, such as `multiply+add+tanh`. Arrays are lazy: evaluate inside
/// the context what is to be measured. `print(p)` shows a table, `p.rows` gives its data, and `p.save("trace.json")`
/// writes a file for Perfetto.
///
/// >>> import cotan.core as mx
/// >>> x = mx.array([1.0, 2.0])
/// >>> with mx.profile() as p:
/// ...     mx.eval(mx.tanh(x * 2 + 1))
/// >>> [(row["kernel"], row["calls"], row["bytes_read"]) for row in p.rows]
/// [('multiply+add+tanh', 1, 8)]
#[pyfunction]
fn profile() -> PyProfile {
    PyProfile { state: Mutex::new(Recording::New) }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    debug::set_host(Host { locate, report });
    module.add_class::<NanCheck>()?;
    module.add_class::<PyProfile>()?;
    add_functions!(module; debug_nans, profile);
    drawing::register(module)
}
