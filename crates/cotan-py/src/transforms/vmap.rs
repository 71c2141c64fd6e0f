//! `vmap`, with axes as prefixes of nested containers.

use std::cell::RefCell;

use cotan::transforms::{self, Examples};
use cotan::{Array, Error};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::{callable, collected, wraps};
use crate::array::PyArray;
use crate::error::{Fault, Result, type_error, value_error};
use crate::functions::add_functions;
use crate::pytree::{self, Structure};
use crate::transforms::Wrapped;

/// A function of one example that is called with all of them.
#[pyclass(name = "vmapped_function", module = "cotan.core", dict, weakref)]
struct Vmapped {
    fun: Wrapped,
    in_axes: Py<PyAny>,
    out_axes: Py<PyAny>,
    axis_name: Option<String>,
    axis_size: Option<usize>,
}

#[pymethods]
impl Vmapped {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let py = args.py();
        let (mut arrays, structure) = pytree::flatten(args)?;
        only_arrays("an argument", py, &structure)?;
        let mut axes = Vec::with_capacity(arrays.len());
        self.input_axes(args, &structure, &mut axes)?;
        let kwargs = kwargs.cloned().unwrap_or_else(|| PyDict::new(py));
        let (named, keywords) = pytree::flatten(&kwargs)?;
        axes.extend(named.iter().map(|_| Some(0)));
        let positional = arrays.len();
        arrays.extend(named);
        if axes.iter().all(Option::is_none) && self.axis_size.is_none() {
            return Err(value_error("vmap: in_axes maps no axis of any argument, and axis_size is not given"));
        }
        let in_axes = axes
            .iter()
            .zip(&arrays)
            .map(|(axis, array)| axis.map(|axis| normalize(axis, array.ndim())).transpose())
            .collect::<Result<Vec<_>>>()?;
        let result: RefCell<Option<Structure>> = RefCell::new(None);
        let outputs = transforms::vmap_named::<Fault>(
            |leaves| {
                let (leaves, named) = leaves.split_at(positional);
                let args = structure.rebuild_arrays(py, leaves)?;
                let kwargs = keywords.rebuild_arrays(py, named)?;
                let value = super::call(&self.fun.bind(py), &args, Some(&kwargs))?;
                let (outputs, structure) = pytree::flatten(&value)?;
                only_arrays("the result", py, &structure)?;
                *result.borrow_mut() = Some(structure);
                Ok(outputs)
            },
            &arrays,
            &in_axes,
            |outputs| {
                let result = result.borrow();
                let structure = result.as_ref().ok_or_else(|| value_error("vmap: the function returned nothing"))?;
                let mut axes = Vec::new();
                prefix("out_axes", &unwrapped(self.out_axes.bind(py), structure)?, structure, &mut axes)?;
                axes.iter().zip(outputs).map(|(axis, output)| normalize(axis.unwrap_or(0), output.ndim() + 1)).collect()
            },
            Examples { name: self.axis_name.as_deref(), count: self.axis_size },
        )?;
        let structure = result.into_inner().ok_or_else(|| value_error("vmap: the function returned nothing"))?;
        structure.rebuild_arrays(py, &outputs)
    }
}

impl Vmapped {
    fn input_axes(&self, args: &Bound<'_, PyTuple>, structure: &Structure, axes: &mut Vec<Option<i64>>) -> Result<()> {
        let in_axes = self.in_axes.bind(args.py());
        let Structure::Tuple(arguments) = structure else {
            return Err(value_error("vmap: takes positional arguments"));
        };
        if let [argument] = &arguments[..] {
            return prefix("in_axes", &unwrapped(in_axes, argument)?, argument, axes);
        }
        if in_axes.cast::<PyTuple>().is_err() && in_axes.extract::<i64>().is_err() {
            return Err(value_error("vmap: in_axes is an int, or a tuple with one entry per argument"));
        }
        prefix("in_axes", in_axes, structure, axes)
    }
}

/// The axes of a bare array may be given as a tuple of one.
fn unwrapped<'py>(axes: &Bound<'py, PyAny>, structure: &Structure) -> Result<Bound<'py, PyAny>> {
    match (structure, axes.cast::<PyTuple>()) {
        (Structure::Leaf, Ok(tuple)) if tuple.len() == 1 => Ok(tuple.get_item(0)?),
        _ => Ok(axes.clone()),
    }
}

/// Spreads axes that are given for a container over the arrays in it.
pub fn prefix(what: &str, axes: &Bound<'_, PyAny>, structure: &Structure, out: &mut Vec<Option<i64>>) -> Result<()> {
    if axes.is_none() {
        out.extend(std::iter::repeat_n(None, structure.count()));
        return Ok(());
    }
    if let Ok(axis) = axes.extract::<i64>() {
        out.extend(std::iter::repeat_n(Some(axis), structure.count()));
        return Ok(());
    }
    let mismatch =
        || value_error(format!("vmap: {what} must be an int, None or containers like those of the arrays; got {axes}"));
    let (items, entries): (&[Structure], Vec<Bound<'_, PyAny>>) = match structure {
        Structure::List(items) => (items, axes.cast::<PyList>().map_err(|_| mismatch())?.iter().collect()),
        Structure::Tuple(items) | Structure::Named(_, items) => {
            (items, axes.cast::<PyTuple>().map_err(|_| mismatch())?.iter().collect())
        }
        Structure::Dict(items) => {
            let entries = axes.cast::<PyDict>().map_err(|_| mismatch())?;
            if entries.len() != items.len() {
                return Err(mismatch());
            }
            for (key, item) in items {
                let entry = entries.get_item(key.bind(axes.py()))?.ok_or_else(mismatch)?;
                prefix(what, &entry, item, out)?;
            }
            return Ok(());
        }
        Structure::Leaf | Structure::Other(_) => return Err(mismatch()),
    };
    if items.len() != entries.len() {
        return Err(mismatch());
    }
    items.iter().zip(entries).try_for_each(|(item, entry)| prefix(what, &entry, item, out))
}

fn only_arrays(what: &str, py: Python<'_>, structure: &Structure) -> Result<()> {
    let Some(other) = structure.other() else { return Ok(()) };
    let name = other.bind(py).get_type().name()?;
    Err(value_error(format!(
        "vmap: {what} holds a {name}; only arrays, nested in lists, tuples and dicts, can be mapped"
    )))
}

fn normalize(axis: i64, ndim: usize) -> Result<usize> {
    let count = ndim as i64;
    let from_front = if axis < 0 { axis + count } else { axis };
    if (0..count).contains(&from_front) {
        return Ok(from_front as usize);
    }
    Err(Error::Axis { op: "vmap", axis, ndim }.into())
}

/// A function that applies `fun`, which sees one example, to all examples along an axis of each argument.
///
/// `in_axes` is an int for all arguments or a tuple with an entry for each: an int, `None` for an argument that all
/// examples share, or containers like the argument's. `out_axes` says where the mapped axis goes in the results.
///
/// >>> import cotan.core as mx
/// >>> mx.vmap(lambda x, y: x @ y, in_axes=(0, None))(mx.ones((3, 2)), mx.ones((2,)))
/// array([2, 2, 2], dtype=float32)
///
/// Arrays in keyword arguments are mapped along their first axis; other objects there are passed on. `axis_size` says how
/// many examples there are when no argument does. Inside, `psum` and others combine all examples by the `axis_name`.
///
/// >>> centre = lambda x: x - mx.pmean(x, "batch")
/// >>> mx.vmap(centre, axis_name="batch")(mx.array([1.0, 2.0, 6.0]))
/// array([-2, -1, 3], dtype=float32)
#[pyfunction]
#[pyo3(signature = (
    fun: "Callable[_P, _R]",
    in_axes = Axes::Zero,
    out_axes = Axes::Zero,
    axis_name = None,
    axis_size = None,
) -> "Callable[_P, _R]", text_signature = "(fun, in_axes=0, out_axes=0, axis_name=None, axis_size=None)")]
fn vmap<'py>(
    fun: &Bound<'py, PyAny>,
    in_axes: Axes<'py>,
    out_axes: Axes<'py>,
    axis_name: Option<String>,
    axis_size: Option<i64>,
) -> Result<Bound<'py, Vmapped>> {
    callable("vmap", fun)?;
    let (in_axes, out_axes) = (in_axes.object(fun.py())?, out_axes.object(fun.py())?);
    let refuse = |size| value_error(format!("vmap: axis_size is negative: {size}"));
    let axis_size = axis_size.map(|size| usize::try_from(size).map_err(|_| refuse(size))).transpose()?;
    let wrapper = Vmapped { fun: Wrapped::new(fun), in_axes, out_axes, axis_name, axis_size };
    Ok(wraps(Bound::new(fun.py(), wrapper)?, fun)?)
}

/// Axes as given; by default the first one everywhere.
#[cfg_attr(false, python("_MapAxes"))]
enum Axes<'py> {
    Zero,
    Given(Bound<'py, PyAny>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Axes<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Err(type_error("vmap: axes can't be None alone; use an int or a tuple").into());
        }
        Ok(Axes::Given(object.to_owned()))
    }
}

impl Axes<'_> {
    fn object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Axes::Zero => Ok(0i64.into_pyobject(py)?.into_any().unbind()),
            Axes::Given(object) => Ok(object.unbind()),
        }
    }
}

/// Applies a collective to every array of nested containers.
fn over_all<'py>(
    op: &str,
    value: &Bound<'py, PyAny>,
    collective: impl Fn(&Array) -> cotan::Result<Array>,
) -> Result<Bound<'py, PyAny>> {
    let values = super::values::take_apart(op, "the value", value)?;
    let combined = values.arrays.iter().map(collective).collect::<cotan::Result<Vec<_>>>()?;
    values.structure.rebuild_arrays(value.py(), &combined)
}

/// The sum of `x`, an array or nested containers of arrays, over all examples of the `vmap` with that name.
///
/// Every example gets the sum. In reverse mode inside the `vmap` the cotangents of all examples are summed likewise.
///
/// >>> import cotan.core as mx
/// >>> mx.vmap(lambda x: x / mx.psum(x, "i"), axis_name="i")(mx.array([1.0, 3.0]))
/// array([0.25, 0.75], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x: "_R", axis_name) -> "_R")]
fn psum<'py>(x: &Bound<'py, PyAny>, axis_name: &str) -> Result<Bound<'py, PyAny>> {
    over_all("psum", x, |array| transforms::psum(array, axis_name))
}

/// The mean of `x`, an array or nested containers of arrays, over all examples of the `vmap` with that name.
///
/// >>> import cotan.core as mx
/// >>> mx.vmap(lambda x: x - mx.pmean(x, "i"), axis_name="i")(mx.array([1.0, 3.0]))
/// array([-1, 1], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x: "_R", axis_name) -> "_R")]
fn pmean<'py>(x: &Bound<'py, PyAny>, axis_name: &str) -> Result<Bound<'py, PyAny>> {
    over_all("pmean", x, |array| transforms::pmean(array, axis_name))
}

/// The largest `x` of all examples of the `vmap` with that name, element by element.
///
/// >>> import cotan.core as mx
/// >>> mx.vmap(lambda x: x - mx.pmax(x, "i"), axis_name="i")(mx.array([1.0, 3.0]))
/// array([-2, 0], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x: "_R", axis_name) -> "_R")]
fn pmax<'py>(x: &Bound<'py, PyAny>, axis_name: &str) -> Result<Bound<'py, PyAny>> {
    over_all("pmax", x, |array| transforms::pmax(array, axis_name))
}

/// The smallest `x` of all examples of the `vmap` with that name, element by element.
///
/// >>> import cotan.core as mx
/// >>> mx.vmap(lambda x: x - mx.pmin(x, "i"), axis_name="i")(mx.array([1.0, 3.0]))
/// array([0, 2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x: "_R", axis_name) -> "_R")]
fn pmin<'py>(x: &Bound<'py, PyAny>, axis_name: &str) -> Result<Bound<'py, PyAny>> {
    over_all("pmin", x, |array| transforms::pmin(array, axis_name))
}

/// The number of the example along the `vmap` with that name, an int32 scalar.
///
/// >>> import cotan.core as mx
/// >>> mx.vmap(lambda x: x * mx.axis_index("i"), axis_name="i")(mx.array([5, 5, 5]))
/// array([0, 5, 10], dtype=int32)
#[pyfunction]
fn axis_index(axis_name: &str) -> Result<PyArray> {
    crate::array::wrap(transforms::axis_index(axis_name)?)
}

collected!(Vmapped);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; vmap, psum, pmean, pmax, pmin, axis_index);
    Ok(())
}
