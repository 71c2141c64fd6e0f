//! Functions in files: `export_function`, `exporter`, `import_function`, and drawings of graphs.

mod callback;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cotan::export::{Exporter, Function};
use cotan::transforms::Traced;
use cotan::{Array, Spec};
use cotan_io::Source;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::array::PyArray;
use crate::error::{Fault, Result, runtime_error, type_error, value_error};
use crate::functions::add_functions;
use crate::io;
use crate::transforms::Wrapped;

/// The arrays of a call: those without a name, and those with one in the order of their names.
struct Arguments {
    positional: Vec<Array>,
    named: Vec<(String, Array)>,
}

impl Arguments {
    /// Arrays as they are, or one list or tuple of arrays and one dict of them.
    fn of(function: &str, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> Result<Arguments> {
        let refuse = || {
            value_error(format!(
                "{function}: inputs are arrays, positional or by keyword, or else one tuple or list of arrays and one \
                dict of arrays by name"
            ))
        };
        let items: Vec<Bound<'_, PyAny>> = args.iter().collect();
        let given = kwargs.filter(|kwargs| !kwargs.is_empty());
        let (positional, named) = match items.as_slice() {
            [only] if given.is_none() && only.cast::<PyDict>().is_ok() => (Vec::new(), Some(only.cast::<PyDict>()?)),
            [first] if given.is_none() && sequence(first).is_some() => (sequence(first).unwrap_or_default(), None),
            [first, second] if given.is_none() && second.cast::<PyDict>().is_ok() => {
                (sequence(first).ok_or_else(refuse)?, Some(second.cast::<PyDict>()?))
            }
            _ => (items.clone(), given),
        };
        let array = |object: &Bound<'_, PyAny>| match object.cast::<PyArray>() {
            Ok(array) => Ok(array.get().get()),
            Err(_) => Err(refuse()),
        };
        let positional = positional.iter().map(array).collect::<Result<_>>()?;
        let mut arguments = Arguments { positional, named: Vec::new() };
        for (name, value) in named.into_iter().flat_map(PyDictMethods::iter) {
            let name = name.cast::<PyString>().map_err(|_| refuse())?.to_string();
            arguments.named.push((name, array(&value)?));
        }
        arguments.named.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(arguments)
    }

    fn names(&self) -> Vec<String> {
        self.named.iter().map(|(name, _)| name.clone()).collect()
    }

    /// What a function does to such arguments.
    fn trace(&self, fun: &Bound<'_, PyAny>, shapeless: bool) -> Result<Traced> {
        let py = fun.py();
        let arrays = self.positional.iter().chain(self.named.iter().map(|(_, array)| array));
        let specs: Vec<Spec> = arrays.map(Array::spec).collect();
        let object = |array: &Array| Bound::new(py, PyArray::new(array.clone()));
        let call = |leaves: &[Array]| -> Result<Vec<Array>> {
            let (positional, named) = leaves.split_at(self.positional.len());
            let args = PyTuple::new(py, positional.iter().map(object).collect::<PyResult<Vec<_>>>()?)?;
            let kwargs = PyDict::new(py);
            for ((name, _), leaf) in self.named.iter().zip(named) {
                kwargs.set_item(name, object(leaf)?)?;
            }
            results(&fun.call(args, Some(&kwargs))?)
        };
        let traced = match shapeless {
            true => Traced::record_shapeless::<Fault>("export_function", &specs, call)?,
            false => Traced::record::<Fault>("export_function", &specs, call)?,
        };
        Ok(traced.simplified())
    }
}

/// The items of a list or tuple.
fn sequence<'py>(object: &Bound<'py, PyAny>) -> Option<Vec<Bound<'py, PyAny>>> {
    if let Ok(list) = object.cast::<PyList>() {
        return Some(list.iter().collect());
    }
    object.cast::<PyTuple>().ok().map(|tuple| tuple.iter().collect())
}

/// The arrays that an exported function returned.
fn results(value: &Bound<'_, PyAny>) -> Result<Vec<Array>> {
    if let Ok(array) = value.cast::<PyArray>() {
        return Ok(vec![array.get().get()]);
    }
    super::transforms::array_list("export_function", value)
        .map_err(|_| value_error("export_function: the function must return an array, or a list or tuple of arrays"))
}

fn save(py: Python<'_>, path: &PathBuf, exporter: Exporter) -> Result<()> {
    let (definition, constants) = exporter.finish();
    let named = constants.into_iter().enumerate().map(|(place, array)| (place.to_string(), array)).collect();
    let constants = io::evaluate(py, named)?;
    let write = || cotan_io::atomic_write(path, |w| cotan_io::save_function(w, &definition, &io::borrowed(&constants)));
    Ok(py.detach(write)?)
}

/// Stores a function in a file, as what it does to arrays like the examples `args` and `kwargs`.
///
/// The examples are arrays, positional or by keyword, or one tuple or list of arrays and one dict of them. The function
/// returns an array, or a list or tuple of arrays. Arrays that it encloses are stored with it: their elements if they were
/// computed, else how to compute them. With `shapeless` the stored function takes arrays of any shapes with as many axes.
/// `metadata` is a string to store beside it. ValueError for other arguments or results, and for operations that a file
/// can't hold (those of `custom_function`); RuntimeError when the file can't be written.
///
/// With a function in place of the path nothing is written: it is called with one dict for each part of the graph.
///
/// >>> import cotan.core as mx
/// >>> mx.export_function("halve.cotan", lambda x: x / 2, mx.array([1.0, 2.0]))
/// >>> halve = mx.import_function("halve.cotan")
/// >>> halve(mx.array([4.0, 6.0]))
/// (array([2, 3], dtype=float32),)
#[pyfunction]
#[pyo3(signature = (file_or_callback, fun, *args, shapeless = false, metadata = None, **kwargs))]
fn export_function(
    file_or_callback: &Bound<'_, PyAny>,
    fun: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    shapeless: bool,
    metadata: Option<&str>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> Result<()> {
    let py = fun.py();
    expect_callable(fun)?;
    if file_or_callback.is_callable() {
        if metadata.is_some() {
            return Err(value_error("export_function: metadata is for files, not for callbacks"));
        }
        let arguments = Arguments::of("export_function", args, kwargs)?;
        let names = arguments.names();
        return callback::tell(file_or_callback, &names, &arguments.trace(fun, shapeless)?);
    }
    let path: PathBuf = file_or_callback.extract()?;
    let arguments = Arguments::of("export_function", args, kwargs)?;
    let mut exporter = Exporter::new(metadata.unwrap_or_default());
    let traced = arguments.trace(fun, shapeless)?;
    exporter.add(arguments.positional.len(), &arguments.names(), &traced)?;
    save(py, &path, exporter)
}

fn expect_callable(fun: &Bound<'_, PyAny>) -> Result<()> {
    if fun.is_callable() {
        return Ok(());
    }
    Err(type_error(format!("export_function: expected a function, got {}", fun.get_type().name()?)))
}

/// Stores one function for several kinds of arguments: each call adds a kind, and `close()` writes the file.
///
/// As a context manager it is closed at the end of the block, unless the block failed.
///
/// >>> import cotan.core as mx
/// >>> export = mx.exporter("double.cotan", lambda x: x * 2)
/// >>> export(mx.array(1.0)), export(mx.array([1.0, 2.0])), export.close()
/// (None, None, None)
/// >>> mx.import_function("double.cotan")(mx.array([3.0, 4.0]))
/// (array([6, 8], dtype=float32),)
#[pyclass(name = "FunctionExporter", module = "cotan.core")]
struct FunctionExporter {
    path: PathBuf,
    fun: Wrapped,
    shapeless: bool,
    exporter: Mutex<Option<Exporter>>,
}

#[pymethods]
impl FunctionExporter {
    /// Adds what the function does to such arguments. RuntimeError once the exporter is closed.
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__(&self, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> Result<()> {
        let closed = || runtime_error("FunctionExporter: it is closed");
        if self.state().is_none() {
            return Err(closed());
        }
        let arguments = Arguments::of("exporter", args, kwargs)?;
        // The function runs without the lock: it may call the exporter.
        let traced = arguments.trace(&self.fun.bind(args.py()), self.shapeless)?;
        let mut state = self.state();
        let exporter = state.as_mut().ok_or_else(closed)?;
        Ok(exporter.add(arguments.positional.len(), &arguments.names(), &traced)?)
    }

    /// Writes the file. Closing once more does nothing.
    ///
    /// >>> export = mx.exporter("double.cotan", lambda x: x * 2)
    /// >>> export(mx.array(1.0))
    /// >>> export.close()
    fn close(&self, py: Python<'_>) -> Result<()> {
        let exporter = self.state().take();
        exporter.map_or(Ok(()), |exporter| save(py, &self.path, exporter))
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (exc_type = None, exc_value = None, traceback = None, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: Option<&Bound<'_, PyAny>>,
        exc_value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> Result<()> {
        let _ = (exc_value, traceback);
        if exc_type.is_some() {
            drop(self.state().take());
        }
        self.close(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.fun.traverse(&visit)
    }

    fn __clear__(&mut self) {
        self.fun.clear();
    }
}

impl FunctionExporter {
    fn state(&self) -> std::sync::MutexGuard<'_, Option<Exporter>> {
        self.exporter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A context manager that stores a function for several kinds of arguments in one file.
///
/// >>> import cotan.core as mx
/// >>> def scale(x, y=None):
/// ...     return x * 2 if y is None else x * y
/// >>> with mx.exporter("scale.cotan", scale) as export:
/// ...     export(mx.array(1.0))
/// ...     export(mx.array(1.0), y=mx.array(1.0))
/// >>> stored = mx.import_function("scale.cotan")
/// >>> stored(mx.array(3.0)), stored(mx.array(3.0), y=mx.array(5.0))
/// ((array(6, dtype=float32),), (array(15, dtype=float32),))
#[pyfunction]
#[pyo3(signature = (file, fun, *, shapeless = false, metadata = None))]
fn exporter(
    file: PathBuf,
    fun: &Bound<'_, PyAny>,
    shapeless: bool,
    metadata: Option<&str>,
) -> Result<FunctionExporter> {
    expect_callable(fun)?;
    let exporter = Mutex::new(Some(Exporter::new(metadata.unwrap_or_default())));
    Ok(FunctionExporter { path: file, fun: Wrapped::new(fun), shapeless, exporter })
}

/// A function that was read from a file.
#[pyclass(name = "imported_function", module = "cotan.core", frozen, weakref)]
struct Imported(Function);

#[pymethods]
impl Imported {
    /// A tuple of arrays, from arrays as one of the examples had them.
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyTuple>> {
        let py = args.py();
        let arguments = Arguments::of("import_function", args, kwargs)?;
        let results = self.0.call(&arguments.positional, &arguments.named)?;
        let objects = results.into_iter().map(|array| Bound::new(py, PyArray::new(array)));
        Ok(PyTuple::new(py, objects.collect::<PyResult<Vec<_>>>()?)?)
    }
}

/// The function that a file holds, and with `return_metadata` also the string that was stored beside it.
///
/// It takes arrays as positional or keyword arguments, or as one tuple or list and one dict, and always returns a tuple
/// of arrays. ValueError unless they have the types and shapes (the numbers of axes, if it was exported `shapeless`) of
/// one of the examples it was exported with; RuntimeError when the file is not there or not whole. It can be transformed
/// and compiled like any other function.
///
/// >>> import cotan.core as mx
/// >>> mx.export_function("cube.cotan", lambda x: x**3, mx.array(2.0), metadata="x to the third")
/// >>> cube, about = mx.import_function("cube.cotan", return_metadata=True)
/// >>> mx.grad(lambda x: cube(x)[0])(mx.array(2.0)), about
/// (array(12, dtype=float32), 'x to the third')
#[pyfunction]
#[pyo3(signature = (file, return_metadata = false))]
fn import_function(py: Python<'_>, file: PathBuf, return_metadata: bool) -> Result<Bound<'_, PyAny>> {
    let read = || -> Result<Function> {
        let source = Source::open(&file)
            .map_err(|error| runtime_error(format!("import_function: cannot open {}: {error}", file.display())))?;
        let (definition, constants) = cotan_io::load_function(&source)?;
        let constants: Vec<Array> = constants.into_iter().map(io::array).collect();
        Ok(Function::new(definition, &constants)?)
    };
    let function = py.detach(read)?;
    let metadata = function.metadata().to_owned();
    let function = Bound::new(py, Imported(function))?.into_any();
    if return_metadata { Ok((function, metadata).into_pyobject(py)?.into_any()) } else { Ok(function) }
}

/// Draws what is still to be computed for some arrays, in the language of Graphviz.
///
/// `file` is a path or an open text file. Arrays may be nested in lists, tuples and dicts; those given by keyword are
/// drawn under these names, and the others as A, B and so on.
///
/// >>> import io
/// >>> import cotan.core as mx
/// >>> x = mx.array([1.0, 2.0])
/// >>> drawing = io.StringIO()
/// >>> mx.export_to_dot(drawing, mx.exp(x), x=x)
/// >>> "Exp" in drawing.getvalue()
/// True
#[pyfunction]
#[pyo3(signature = (file, *args, **kwargs))]
fn export_to_dot(file: &Bound<'_, PyAny>, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> Result<()> {
    let outputs = super::transforms::all_arrays(args)?;
    let mut named = Vec::new();
    for (name, value) in kwargs.into_iter().flat_map(PyDictMethods::iter) {
        let Ok(array) = value.cast::<PyArray>() else {
            return Err(type_error(format!(
                "export_to_dot: {name} must be an array, got {}",
                value.get_type().name()?
            )));
        };
        named.push((name.to_string(), array.get().get()));
    }
    let drawing = cotan::export::dot(&outputs, &named);
    if file.cast::<PyString>().is_ok() || file.hasattr("__fspath__")? {
        let path: PathBuf = file.extract()?;
        return std::fs::write(&path, drawing)
            .map_err(|error| runtime_error(format!("export_to_dot: cannot write {}: {error}", path.display())));
    }
    if !file.hasattr("write")? {
        let name = file.get_type().name()?;
        return Err(type_error(format!("export_to_dot: expected a path or an open text file, got {name}")));
    }
    file.call_method1("write", (drawing,))?;
    Ok(())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FunctionExporter>()?;
    add_functions!(module; export_function, exporter, import_function, export_to_dot);
    Ok(())
}
