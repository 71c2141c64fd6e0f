//! `eval` and the function transforms over nested Python containers.

mod autodiff;
mod compile;
mod control;
mod custom;
mod jacobian;
mod values;
mod vmap;

use cotan::Array;
use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::array::PyArray;
use crate::error::{Fault, Result, runtime_error, type_error};
use crate::pytree;

/// The function that a wrapper calls, or none: not any more when the collector has cleared the wrapper, and not yet when it looks
/// at one whose memory is all zero still, as it may when the `__dict__` of a new object is made.
pub struct Wrapped(Option<Py<PyAny>>);

impl Wrapped {
    pub fn new(fun: &Bound<'_, PyAny>) -> Wrapped {
        Wrapped(Some(fun.clone().unbind()))
    }

    pub fn bind<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.0.as_ref().map_or_else(|| py.None().into_bound(py), |fun| fun.bind(py).clone())
    }

    /// Shows the function to the collector.
    pub fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> std::result::Result<(), pyo3::PyTraverseError> {
        visit.call(&self.0)
    }

    pub fn clear(&mut self) {
        self.0 = None;
    }
}

/// Lets the collector see the function that a wrapper calls: an object often holds a transform of a method of its own.
macro_rules! collected {
    ($($class:ident),*) => {
        $(#[pyo3::pymethods]
        impl $class {
            fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> std::result::Result<(), pyo3::PyTraverseError> {
                self.fun.traverse(&visit)
            }

            fn __clear__(&mut self) {
                self.fun.clear();
            }
        })*
    };
}
pub(crate) use collected;

/// Copies name, documentation and signature of a function to what wraps it.
pub fn wraps<'py, T: PyClass>(wrapper: Bound<'py, T>, fun: &Bound<'py, PyAny>) -> PyResult<Bound<'py, T>> {
    fun.py().import("functools")?.call_method1("update_wrapper", (&wrapper, fun))?;
    Ok(wrapper)
}

pub fn callable(transform: &str, fun: &Bound<'_, PyAny>) -> Result<()> {
    if fun.is_callable() {
        return Ok(());
    }
    Err(type_error(format!("{transform}: expected a function, got {}", fun.get_type().name()?)))
}

/// A list or tuple of arrays.
pub fn array_list(transform: &str, object: &Bound<'_, PyAny>) -> Result<Vec<Array>> {
    let items: Vec<Bound<'_, PyAny>> = match (object.cast::<PyList>(), object.cast::<PyTuple>()) {
        (Ok(list), _) => list.iter().collect(),
        (_, Ok(tuple)) => tuple.iter().collect(),
        _ => {
            let name = object.get_type().name()?;
            return Err(type_error(format!("{transform}: expected a list or tuple of arrays, got {name}")));
        }
    };
    items
        .iter()
        .map(|item| match item.cast::<PyArray>() {
            Ok(array) => Ok(array.get().get()),
            Err(_) => Err(type_error(format!("{transform}: expected arrays, got {}", item.get_type().name()?))),
        })
        .collect()
}

/// The arrays that a function returned: one, or a list or tuple of them.
fn returned_arrays(transform: &str, object: &Bound<'_, PyAny>) -> Result<Vec<Array>> {
    if let Ok(array) = object.cast::<PyArray>() {
        return Ok(vec![array.get().get()]);
    }
    array_list(transform, object).map_err(|_| {
        runtime_error(format!("{transform}: the function must return an array, or a list or tuple of arrays"))
    })
}

fn new_objects<'py>(py: Python<'py>, arrays: &[Array]) -> Result<Vec<Bound<'py, PyArray>>> {
    Ok(arrays.iter().map(|array| Bound::new(py, PyArray::new(array.clone()))).collect::<PyResult<_>>()?)
}

/// A direct array argument as an object of its own, so that assignments in a traced function don't reach the caller.
fn detached<'py>(object: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
    match object.cast::<PyArray>() {
        Ok(array) => Ok(Bound::new(object.py(), PyArray::new(array.get().get()))?.into_any()),
        Err(_) => Ok(object.clone()),
    }
}

/// The arrays in all arguments, as deep as containers go; everything else is passed over.
pub fn all_arrays(args: &Bound<'_, PyTuple>) -> Result<Vec<Array>> {
    pytree::cells(args)?.iter().map(pytree::Cell::get).collect()
}

/// Computes all arrays in the arguments, which may be nested in lists, tuples and dicts; anything else is ignored.
///
/// >>> import cotan.core as mx
/// >>> x = mx.ones((2,)) + 1
/// >>> mx.eval(x, {"more": [x * 2]})
/// >>> x
/// array([2, 2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (*args))]
fn eval(args: &Bound<'_, PyTuple>) -> Result<()> {
    if args.len() == 1
        && let Ok(array) = args.get_borrowed_item(0)?.cast::<PyArray>()
    {
        return crate::array::eval(args.py(), &array.get().get());
    }
    let arrays = all_arrays(args)?;
    Ok(args.py().detach(|| cotan::eval(&arrays))?)
}

/// Like `eval`, but a failure surfaces where the array is used next.
///
/// >>> import cotan.core as mx
/// >>> x = mx.ones((2,)) + 1
/// >>> mx.async_eval(x)
/// >>> x
/// array([2, 2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (*args))]
fn async_eval(args: &Bound<'_, PyTuple>) -> Result<()> {
    let arrays = all_arrays(args)?;
    match args.py().detach(|| cotan::eval(&arrays)) {
        // Whoever looks for the first NaN hears of it while looking.
        Err(error @ cotan::Error::NotFinite(_)) => Err(error.into()),
        // What failed is still pending: its next use tries again and raises.
        Ok(()) | Err(_) => Ok(()),
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(eval, module)?)?;
    module.add_function(wrap_pyfunction!(async_eval, module)?)?;
    autodiff::register(module)?;
    vmap::register(module)?;
    custom::register(module)?;
    compile::register(module)?;
    control::register(module)?;
    jacobian::register(module)
}

/// Calls a function with arguments that were taken apart.
pub fn call<'py>(
    fun: &Bound<'py, PyAny>,
    args: &Bound<'py, PyAny>,
    kwargs: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    let args = args.cast::<PyTuple>().map_err(Fault::from)?;
    let kwargs = kwargs.map(|kwargs| kwargs.cast::<PyDict>()).transpose()?;
    Ok(fun.call(args, kwargs)?)
}
