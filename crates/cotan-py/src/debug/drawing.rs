//! Drawings of the graphs that functions record and of what pending arrays wait for.

use std::path::PathBuf;

use cotan::debug::{Drawing, draw_graph as drawing_of, draw_named};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error::{Fault, Result};
use crate::functions::add_functions;
use crate::pytree::{self, Structure};
use crate::transforms::{all_arrays, callable, wraps};

/// A graph of calls that can be printed, drawn and saved.
///
/// `print(d)` has a line per call, and a bracket in front of the calls that run in one kernel. Notebooks show the picture.
///
/// >>> import cotan.core as mx
/// >>> mx.draw_graph(mx.array([1.0]) + 1)
/// inputs  %0: float32 (1,)
///   %1: float32 (1,) = add %0 1.0
/// return %1
/// 1 call in 1 kernel
#[pyclass(name = "Drawing", module = "cotan.core", frozen)]
struct PyDrawing(Drawing);

#[pymethods]
impl PyDrawing {
    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        self.0.to_string()
    }

    /// How many calls there are, without constants that others compute for themselves.
    ///
    /// >>> mx.draw_graph(mx.exp(-mx.array([1.0]))).calls
    /// 2
    #[getter]
    fn calls(&self) -> usize {
        self.0.calls()
    }

    /// How many kernels they run in.
    ///
    /// >>> mx.draw_graph(mx.exp(-mx.array([1.0]))).kernels
    /// 1
    #[getter]
    fn kernels(&self) -> usize {
        self.0.kernels()
    }

    /// All lines of the text; `print` shows the first 1000 calls.
    ///
    /// >>> "negative" in mx.draw_graph(-mx.array([1.0])).text()
    /// True
    fn text(&self) -> String {
        self.0.text()
    }

    /// The graph in the language of Graphviz, with a cluster per kernel.
    ///
    /// >>> mx.draw_graph(-mx.array([1.0])).dot().startswith("digraph")
    /// True
    fn dot(&self) -> String {
        self.0.dot()
    }

    /// The graph as an SVG picture; of more than 400 calls it shows the first, with a note.
    ///
    /// >>> mx.draw_graph(-mx.array([1.0])).svg().startswith("<svg")
    /// True
    fn svg(&self) -> String {
        self.0.svg()
    }

    fn _repr_svg_(&self) -> String {
        self.0.svg()
    }

    fn _repr_html_(&self) -> String {
        self.0.html()
    }

    /// Writes a file in the form that its name asks for: .svg, .html, .dot, .gv or .txt.
    ///
    /// ValueError for other names, OSError when the file can't be written.
    ///
    /// >>> mx.draw_graph(-mx.array([1.0])).save("graph.svg")
    fn save(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        let text = py.detach(|| self.0.rendered(&path))?;
        Ok(std::fs::write(path, text).map_err(PyErr::from)?)
    }
}

/// A function that draws what another one does with its arguments.
///
/// >>> import cotan.core as mx
/// >>> mx.draw(mx.exp)(mx.array([1.0])).calls
/// 1
#[pyclass(name = "drawing_function", module = "cotan.core", dict, weakref)]
struct Draw {
    fun: Py<PyAny>,
}

#[pymethods]
impl Draw {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(&self, args: &Bound<'py, PyTuple>, kwargs: Option<&Bound<'py, PyDict>>) -> Result<PyDrawing> {
        let py = args.py();
        let fun = self.fun.bind(py);
        let kwargs = kwargs.cloned().unwrap_or_else(|| PyDict::new(py));
        let (arrays, structure) = pytree::flatten(&(args, &kwargs).into_pyobject(py)?.into_any())?;
        let names = argument_names(fun, &structure);
        let drawing = draw_named::<Fault>(&names, &arrays, |leaves| {
            let arguments = structure.rebuild_arrays(py, leaves)?;
            let arguments = arguments.cast::<PyTuple>()?;
            let value = crate::transforms::call(fun, &arguments.get_item(0)?, Some(&arguments.get_item(1)?))?;
            Ok(pytree::flatten(&value)?.0)
        })?;
        Ok(PyDrawing(drawing))
    }
}

/// A name for each array in the arguments: `x`, `params['w']`, `layers[0]`.
fn argument_names(fun: &Bound<'_, PyAny>, structure: &Structure) -> Vec<String> {
    let mut names = Vec::new();
    if let Structure::Tuple(parts) = structure
        && let [Structure::Tuple(positional), Structure::Dict(named)] = &parts[..]
    {
        let parameters = parameter_names(fun).unwrap_or_default();
        for (index, argument) in positional.iter().enumerate() {
            let name = parameters.get(index).cloned().unwrap_or_else(|| format!("argument {index}"));
            add_names(fun.py(), argument, name, &mut names);
        }
        for (key, argument) in named {
            add_names(fun.py(), argument, key.to_string(), &mut names);
        }
    }
    names
}

/// The names of a function's positional parameters, as far as it has a signature.
fn parameter_names(fun: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let inspect = fun.py().import("inspect")?;
    let variable = inspect.getattr("Parameter")?.getattr("VAR_POSITIONAL")?;
    let mut names = Vec::new();
    for parameter in
        inspect.call_method1("signature", (fun,))?.getattr("parameters")?.call_method0("values")?.try_iter()?
    {
        let parameter = parameter?;
        if parameter.getattr("kind")?.eq(&variable)? {
            break;
        }
        names.push(parameter.getattr("name")?.extract()?);
    }
    Ok(names)
}

fn add_names(py: Python<'_>, structure: &Structure, name: String, names: &mut Vec<String>) {
    match structure {
        Structure::Leaf => names.push(name),
        Structure::Other(_) => {}
        Structure::List(items) | Structure::Tuple(items) | Structure::Named(_, items) => {
            items.iter().enumerate().for_each(|(index, item)| add_names(py, item, format!("{name}[{index}]"), names));
        }
        Structure::Dict(items) => {
            for (key, item) in items {
                let key = key.bind(py).repr().map_or_else(|_| "?".to_string(), |key| key.to_string());
                add_names(py, item, format!("{name}[{key}]"), names);
            }
        }
    }
}

/// A function that returns a `Drawing` of what `fun` does with its arguments: every operation with shapes and types, and
/// which of them run together in one kernel.
///
/// Arguments may hold arrays in nested lists, tuples and dicts, and keep their values, so `fun` may read them. It may be
/// any function of arrays, also one that `grad`, `vmap` or `compile` made.
///
/// >>> import cotan.core as mx
/// >>> print(mx.draw(lambda x: mx.tanh(x * 2 + 1).sum())(mx.ones((2, 3))))
/// inputs  %0: float32 (2, 3)  x
/// ┌ %1: float32 (2, 3) = multiply %0 2.0
/// │ %2: float32 (2, 3) = add %1 1.0
/// │ %3: float32 (2, 3) = tanh %2
/// └ %4: float32 (1, 1) = sum %3 axes=[0, 1]
///   %5: float32 () = reshape %4
/// return %5
/// 5 calls in 2 kernels
#[pyfunction]
#[pyo3(signature = (fun: "Callable[..., Any]"))]
fn draw<'py>(fun: &Bound<'py, PyAny>) -> Result<Bound<'py, Draw>> {
    callable("draw", fun)?;
    Ok(wraps(Bound::new(fun.py(), Draw { fun: fun.clone().unbind() })?, fun)?)
}

/// A `Drawing` of what evaluating all arrays in the arguments would compute.
///
/// Arrays may be nested in lists, tuples and dicts. What is evaluated already is an input.
///
/// >>> import cotan.core as mx
/// >>> x = mx.array([1.0, 2.0])
/// >>> print(mx.draw_graph(mx.exp(-x)))
/// inputs  %0: float32 (2,)
/// ┌ %1: float32 (2,) = negative %0
/// └ %2: float32 (2,) = exp %1
/// return %2
/// 2 calls in 1 kernel
#[pyfunction]
#[pyo3(signature = (*args))]
fn draw_graph(args: &Bound<'_, PyTuple>) -> Result<PyDrawing> {
    let arrays = all_arrays(args)?;
    Ok(PyDrawing(args.py().detach(|| drawing_of(&arrays))))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDrawing>()?;
    module.add_class::<Draw>()?;
    add_functions!(module; draw, draw_graph);
    Ok(())
}
