//! `custom_function` and `checkpoint`.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use cotan::ops::{Batched, moveaxis, zeros_like};
use cotan::transforms::{self, Hooks};
use cotan::{Array, Error};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::{callable, collected, wraps};
use crate::array::PyArray;
use crate::error::{Result, external, value_error};
use crate::pytree::{self, Structure};
use crate::transforms::Wrapped;

/// The rules that a user registered.
#[derive(Default)]
struct Rules {
    vjp: Option<Py<PyAny>>,
    jvp: Option<Py<PyAny>>,
    vmap: Option<Py<PyAny>>,
}

/// A function whose derivative and vmap rules can be replaced, for use as a decorator.
///
/// >>> import cotan.core as mx
/// >>> @mx.custom_function
/// ... def double(x):
/// ...     return x * 2
/// >>> @double.vjp
/// ... def double_vjp(primals, cotangents, outputs):
/// ...     return cotangents * 10
/// >>> mx.grad(double)(mx.array(1.0))
/// array(10, dtype=float32)
#[pyclass(name = "custom_function", module = "cotan.core", dict, weakref)]
#[cfg_attr(false, python("Generic[_P, _R]"))]
struct CustomFunction {
    fun: Wrapped,
    rules: Arc<Mutex<Rules>>,
}

/// The structures that a call had, with the rules to apply to it.
struct PyHooks {
    rules: Rules,
    arguments: Structure,
    outputs: Structure,
}

impl std::fmt::Debug for PyHooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("custom_function")
    }
}

impl CustomFunction {
    fn register(slf: &Bound<'_, Self>, rule: impl FnOnce(&mut Rules)) -> Result<Py<CustomFunction>> {
        let this = slf.borrow();
        rule(&mut this.rules.lock().unwrap_or_else(PoisonError::into_inner));
        let fun = this.fun.bind(slf.py());
        let same = CustomFunction { fun: Wrapped::new(&fun), rules: this.rules.clone() };
        Ok(wraps(Bound::new(slf.py(), same)?, &fun)?.unbind())
    }
}

#[pymethods]
impl CustomFunction {
    #[new]
    #[pyo3(signature = (f: "Callable[_P, _R]"))]
    fn new(f: &Bound<'_, PyAny>) -> Result<CustomFunction> {
        callable("custom_function", f)?;
        Ok(CustomFunction { fun: Wrapped::new(f), rules: Arc::default() })
    }

    /// Registers `f(primals, cotangents, outputs)`, which returns cotangents like the primals.
    ///
    /// >>> square = mx.custom_function(mx.square)
    /// >>> square = square.vjp(lambda primals, cotangents, outputs: cotangents * 100)
    /// >>> mx.grad(square)(mx.array(3.0))
    /// array(100, dtype=float32)
    #[pyo3(signature = (f: "Callable[..., Any]") -> "custom_function[_P, _R]")]
    fn vjp(slf: &Bound<'_, Self>, f: Py<PyAny>) -> Result<Py<CustomFunction>> {
        CustomFunction::register(slf, |rules| rules.vjp = Some(f))
    }

    /// Registers `f(primals, tangents)`, which returns tangents like the outputs.
    ///
    /// >>> square = mx.custom_function(mx.square)
    /// >>> square = square.jvp(lambda primals, tangents: tangents * 100)
    /// >>> mx.jvp(square, [mx.array(3.0)], [mx.array(1.0)])[1]
    /// [array(100, dtype=float32)]
    #[pyo3(signature = (f: "Callable[..., Any]") -> "custom_function[_P, _R]")]
    fn jvp(slf: &Bound<'_, Self>, f: Py<PyAny>) -> Result<Py<CustomFunction>> {
        CustomFunction::register(slf, |rules| rules.jvp = Some(f))
    }

    /// Registers `f(inputs, axes)`, which returns the outputs and their axes.
    ///
    /// >>> square = mx.custom_function(mx.square)
    /// >>> square = square.vmap(lambda inputs, axes: (inputs * 100, axes))
    /// >>> mx.vmap(square)(mx.array([1.0, 2.0]))
    /// array([100, 200], dtype=float32)
    #[pyo3(signature = (f: "Callable[..., Any]") -> "custom_function[_P, _R]")]
    fn vmap(slf: &Bound<'_, Self>, f: Py<PyAny>) -> Result<Py<CustomFunction>> {
        CustomFunction::register(slf, |rules| rules.vmap = Some(f))
    }

    #[pyo3(signature = (*args: "_P.args", **kwargs: "_P.kwargs") -> "_R")]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let py = args.py();
        let value = self.fun.bind(py).call(args, kwargs)?;
        let rules = {
            let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
            let copy = |rule: &Option<Py<PyAny>>| rule.as_ref().map(|rule| rule.clone_ref(py));
            Rules { vjp: copy(&rules.vjp), jvp: copy(&rules.jvp), vmap: copy(&rules.vmap) }
        };
        if rules.vjp.is_none() && rules.jvp.is_none() && rules.vmap.is_none() {
            return Ok(value);
        }
        let (primals, arguments) = pytree::flatten(args)?;
        let (outputs, structure) = pytree::flatten(&value)?;
        let hooks = Arc::new(PyHooks { rules, arguments, outputs: structure });
        let hooked = transforms::with_hooks(hooks.clone(), &primals, &outputs)?;
        hooks.outputs.rebuild_arrays(py, &hooked)
    }
}

impl PyHooks {
    /// The arguments as the rules see them: one by itself, several as a tuple.
    fn arguments<'py>(&self, py: Python<'py>, leaves: Vec<Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        let all = self.arguments.rebuild(py, &mut leaves.into_iter())?;
        let tuple = all.cast::<PyTuple>()?;
        Ok(if tuple.len() == 1 { tuple.get_item(0)? } else { all })
    }

    fn call(
        &self,
        rule: &str,
        f: impl for<'py> FnOnce(Python<'py>) -> Result<Vec<Array>>,
        expected: usize,
    ) -> cotan::Result<Vec<Array>> {
        let arrays = Python::attach(f).map_err(external)?;
        if arrays.len() == expected {
            return Ok(arrays);
        }
        let message = format!(
            "the {rule} rule must return {expected} arrays, nested as the function has them; it returned {}",
            arrays.len()
        );
        Err(Error::value("custom_function", message))
    }
}

fn objects<'py>(py: Python<'py>, arrays: &[Array]) -> Result<Vec<Bound<'py, PyAny>>> {
    Ok(arrays
        .iter()
        .map(|array| Ok(Bound::new(py, PyArray::new(array.clone()))?.into_any()))
        .collect::<PyResult<_>>()?)
}

fn same_shapes(arrays: &[Array], like: &[Array]) -> cotan::Result<Vec<Option<Array>>> {
    for (array, like) in arrays.iter().zip(like) {
        if array.shape() != like.shape() {
            let (array, like) = (cotan::tuple(array.shape()), cotan::tuple(like.shape()));
            return Err(Error::value(
                "custom_function",
                format!("a rule returned shape {array} where {like} was expected"),
            ));
        }
    }
    Ok(arrays.iter().cloned().map(Some).collect())
}

impl Hooks for PyHooks {
    fn vjp(
        &self,
        primals: &[Array],
        cotangents: &[Option<Array>],
        outputs: &[Array],
    ) -> Option<cotan::Result<Vec<Option<Array>>>> {
        let rule = self.rules.vjp.as_ref()?;
        let all: Vec<Array> =
            cotangents.iter().zip(outputs).map(|(c, o)| c.clone().unwrap_or_else(|| zeros_like(o))).collect();
        let call = |py: Python<'_>| {
            let arguments = self.arguments(py, objects(py, primals)?)?;
            let (cotangents, outputs) =
                (self.outputs.rebuild_arrays(py, &all)?, self.outputs.rebuild_arrays(py, outputs)?);
            Ok(pytree::flatten(&rule.bind(py).call1((arguments, cotangents, outputs))?)?.0)
        };
        Some(self.call("vjp", call, primals.len()).and_then(|arrays| same_shapes(&arrays, primals)))
    }

    fn jvp(&self, primals: &[Array], tangents: &[Option<Array>]) -> Option<cotan::Result<Vec<Option<Array>>>> {
        let rule = self.rules.jvp.as_ref()?;
        let call = |py: Python<'_>| {
            let arguments = self.arguments(py, objects(py, primals)?)?;
            let tangents = tangents.iter().map(|tangent| match tangent {
                Some(tangent) => Ok(Bound::new(py, PyArray::new(tangent.clone()))?.into_any()),
                None => Ok(py.None().into_bound(py)),
            });
            let tangents = self.arguments(py, tangents.collect::<PyResult<_>>()?)?;
            Ok(pytree::flatten(&rule.bind(py).call1((arguments, tangents))?)?.0)
        };
        Some(self.call("jvp", call, self.outputs.count()).map(|arrays| arrays.into_iter().map(Some).collect()))
    }

    fn vmap(&self, inputs: &[Batched], _examples: usize) -> Option<cotan::Result<Vec<Batched>>> {
        let rule = self.rules.vmap.as_ref()?;
        let axes_out: RefCell<Vec<Option<i64>>> = RefCell::new(Vec::new());
        let call = |py: Python<'_>| {
            let arrays: Vec<Array> = inputs.iter().map(|input| input.array.clone()).collect();
            let arguments = self.arguments(py, objects(py, &arrays)?)?;
            let axes = inputs.iter().map(|input| match input.mapped {
                true => Ok(0i64.into_pyobject(py)?.into_any()),
                false => Ok(py.None().into_bound(py)),
            });
            let axes = self.arguments(py, axes.collect::<PyResult<_>>()?)?;
            let result = rule.bind(py).call1((arguments, axes))?;
            let (outputs, axes): (Bound<'_, PyAny>, Bound<'_, PyAny>) = result
                .extract()
                .map_err(|_| value_error("custom_function: the vmap rule must return (outputs, axes)"))?;
            let (arrays, structure) = pytree::flatten(&outputs)?;
            super::vmap::prefix("the axes of a vmap rule", &axes, &structure, &mut axes_out.borrow_mut())?;
            Ok(arrays)
        };
        let arrays = self.call("vmap", call, self.outputs.count());
        Some(arrays.and_then(|arrays| {
            let place = |(array, axis): (Array, &Option<i64>)| match axis {
                Some(axis) => Ok(Batched::mapped(moveaxis(&array, *axis, 0)?)),
                None => Ok(Batched { array, mapped: false }),
            };
            arrays.into_iter().zip(axes_out.borrow().iter()).map(place).collect()
        }))
    }
}

/// A function that is computed again in the backward pass.
#[pyclass(name = "checkpointed_function", module = "cotan.core", dict, weakref)]
struct Checkpointed {
    fun: Wrapped,
}

#[pymethods]
impl Checkpointed {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let py = args.py();
        let kwargs = kwargs.cloned().unwrap_or_else(|| PyDict::new(py));
        let (primals, arguments) = pytree::flatten((args, kwargs).into_pyobject(py)?.as_any())?;
        let structure: Arc<Mutex<Option<Structure>>> = Arc::default();
        let (fun, first) = (self.fun.bind(py).unbind(), structure.clone());
        let again = move |arrays: &[Array]| {
            Python::attach(|py| {
                let all = arguments.rebuild_arrays(py, arrays)?;
                let all = all.cast::<PyTuple>()?;
                let value = super::call(fun.bind(py), &all.get_item(0)?, Some(&all.get_item(1)?))?;
                let (outputs, structure) = pytree::flatten(&value)?;
                *first.lock().unwrap_or_else(PoisonError::into_inner) = Some(structure);
                Ok(outputs)
            })
            .map_err(external)
        };
        let outputs = transforms::checkpoint(Arc::new(again), &primals)?;
        let structure = structure.lock().unwrap_or_else(PoisonError::into_inner).take();
        structure.ok_or_else(|| value_error("checkpoint: the function was not called"))?.rebuild_arrays(py, &outputs)
    }
}

/// A function like `fun` whose intermediate values are not kept for the backward pass but computed again there.
///
/// Arguments and results may be nested lists, tuples and dicts of arrays.
///
/// >>> import cotan.core as mx
/// >>> mx.grad(mx.checkpoint(lambda x: mx.exp(mx.sin(x))))(mx.array(0.0))
/// array(1, dtype=float32)
#[pyfunction]
#[pyo3(signature = (fun: "Callable[_P, _R]") -> "Callable[_P, _R]")]
fn checkpoint<'py>(fun: &Bound<'py, PyAny>) -> Result<Bound<'py, Checkpointed>> {
    callable("checkpoint", fun)?;
    Ok(wraps(Bound::new(fun.py(), Checkpointed { fun: Wrapped::new(fun) })?, fun)?)
}

collected!(CustomFunction, Checkpointed);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CustomFunction>()?;
    module.add_function(wrap_pyfunction!(checkpoint, module)?)
}
