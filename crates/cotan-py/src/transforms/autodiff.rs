//! `grad`, `value_and_grad`, `vjp` and `jvp`.

use std::cell::RefCell;

use cotan::transforms;
use cotan::{Array, ops};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::{array_list, callable, collected, detached, new_objects, returned_arrays, wraps};
use crate::array::PyArray;
use crate::error::{Fault, Result, type_error, value_error};
use crate::pytree::{self, Structure};
use crate::transforms::Wrapped;

/// A function together with the arguments that its gradient is taken for.
#[pyclass(name = "gradient_function", module = "cotan.core", dict, weakref)]
struct Gradient {
    fun: Wrapped,
    argnums: Vec<usize>,
    argnames: Vec<String>,
    /// Whether a call gives the value too.
    with_value: bool,
    /// Whether the gradient of one argument is given without a tuple around it.
    single: bool,
}

/// The differentiated arguments of a call: where each goes, and how it was nested.
pub(super) struct Wanted {
    positional: Vec<(usize, Structure)>,
    named: Vec<(String, Structure)>,
    pub(super) primals: Vec<Array>,
}

#[pymethods]
impl Gradient {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let py = args.py();
        let wanted = Wanted::of(self.name(), (&self.argnums, &self.argnames), args, kwargs)?;
        let result: RefCell<Option<Bound<'py, PyAny>>> = RefCell::new(None);
        let (_, pulled) = transforms::vjp::<Fault>(
            |leaves| {
                let (args, kwargs) = wanted.arguments(args, kwargs, leaves)?;
                let value = self.fun.bind(py).call(args, kwargs.as_ref())?;
                let loss = self.loss(&value)?;
                *result.borrow_mut() = Some(value);
                Ok(vec![loss])
            },
            &wanted.primals,
            |outputs| Ok(vec![Some(ops::ones_like(&outputs[0]))]),
        )?;
        let gradients: Vec<Array> =
            pulled.into_iter().zip(&wanted.primals).map(|(g, p)| g.unwrap_or_else(|| ops::zeros_like(p))).collect();
        let gradients = wanted.arrange(py, self.single, &gradients)?;
        match result.into_inner() {
            Some(value) if self.with_value => Ok((value, gradients).into_pyobject(py)?.into_any()),
            _ => Ok(gradients),
        }
    }
}

impl Gradient {
    fn name(&self) -> &'static str {
        if self.with_value { "value_and_grad" } else { "grad" }
    }

    /// The scalar that the function returned, alone or first in a tuple.
    fn loss(&self, value: &Bound<'_, PyAny>) -> Result<Array> {
        let expected = if self.with_value {
            "a scalar array, or a tuple that begins with one"
        } else {
            "a scalar array (value_and_grad also allows a tuple that begins with one)"
        };
        let first = match value.cast::<PyTuple>() {
            Ok(tuple) if self.with_value && !tuple.is_empty() => tuple.get_item(0)?,
            _ => value.clone(),
        };
        let Ok(loss) = first.cast::<PyArray>() else {
            let name = value.get_type().name()?;
            return Err(value_error(format!(
                "{}: the function must return {expected}; it returned {name}",
                self.name()
            )));
        };
        let loss = loss.get().get();
        if loss.ndim() != 0 {
            let shape = cotan::tuple(loss.shape());
            return Err(value_error(format!(
                "{}: the function must return {expected}; its array has shape {shape}. Reduce it with sum() or mean()",
                self.name()
            )));
        }
        Ok(loss)
    }
}

impl Wanted {
    /// Takes the chosen arguments of a call of the transform `name` apart.
    pub(super) fn of(
        name: &str,
        (argnums, argnames): (&[usize], &[String]),
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> Result<Wanted> {
        let mut wanted = Wanted { positional: Vec::new(), named: Vec::new(), primals: Vec::new() };
        for &argnum in argnums {
            if argnum >= args.len() {
                let message = format!("{}: there is no positional argument {argnum}; {} were given", name, args.len());
                return Err(value_error(message));
            }
            let structure = Wanted::take_apart(name, &args.get_item(argnum)?, &mut wanted.primals)?;
            wanted.positional.push((argnum, structure));
        }
        for argname in argnames {
            let value = kwargs.map(|kwargs| kwargs.get_item(argname)).transpose()?.flatten();
            let Some(value) = value else {
                return Err(value_error(format!("{name}: {argname:?} was not given as a keyword argument")));
            };
            let structure = Wanted::take_apart(name, &value, &mut wanted.primals)?;
            wanted.named.push((argname.clone(), structure));
        }
        if wanted.primals.is_empty() {
            return Err(value_error(format!("{name}: the chosen arguments hold no arrays")));
        }
        Ok(wanted)
    }

    fn take_apart(name: &str, argument: &Bound<'_, PyAny>, primals: &mut Vec<Array>) -> Result<Structure> {
        let (arrays, structure) = pytree::flatten(argument)?;
        if let Some(other) = structure.other() {
            let other = other.bind(argument.py());
            return Err(value_error(format!(
                "{}: a differentiated argument holds arrays only, nested in lists, tuples and dicts; it has a {}",
                name,
                other.get_type().name()?
            )));
        }
        primals.extend(arrays);
        Ok(structure)
    }

    /// One array per primal, nested as the chosen arguments are.
    pub(super) fn arrange<'py>(&self, py: Python<'py>, single: bool, arrays: &[Array]) -> Result<Bound<'py, PyAny>> {
        let mut rest = arrays;
        let mut next = |structure: &Structure| {
            let (own, tail) = rest.split_at(structure.count());
            rest = tail;
            structure.rebuild_arrays(py, own)
        };
        let mut positional = self.positional.iter().map(|(_, s)| next(s)).collect::<Result<Vec<_>>>()?;
        let positional = match positional.len() {
            0 => py.None().into_bound(py),
            1 if single => positional.swap_remove(0),
            _ => PyTuple::new(py, positional)?.into_any(),
        };
        if self.named.is_empty() {
            return Ok(positional);
        }
        let named = PyDict::new(py);
        for (name, structure) in &self.named {
            named.set_item(name, next(structure)?)?;
        }
        Ok((positional, named).into_pyobject(py)?.into_any())
    }

    /// The arguments of the call with the leaves in place of the primals.
    pub(super) fn arguments<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
        leaves: &[Array],
    ) -> Result<(Bound<'py, PyTuple>, Option<Bound<'py, PyDict>>)> {
        let py = args.py();
        let mut rest = leaves;
        let mut next = |structure: &Structure| {
            let (own, tail) = rest.split_at(structure.count());
            rest = tail;
            structure.rebuild_arrays(py, own)
        };
        let mut new_args = args.iter().map(|arg| detached(&arg)).collect::<Result<Vec<_>>>()?;
        for (argnum, structure) in &self.positional {
            new_args[*argnum] = next(structure)?;
        }
        let Some(kwargs) = kwargs else { return Ok((PyTuple::new(py, new_args)?, None)) };
        let new_kwargs = PyDict::new(py);
        for (key, value) in kwargs.iter() {
            new_kwargs.set_item(key, detached(&value)?)?;
        }
        for (name, structure) in &self.named {
            new_kwargs.set_item(name, next(structure)?)?;
        }
        Ok((PyTuple::new(py, new_args)?, Some(new_kwargs)))
    }
}

/// The positions that `argnums` names, in order; without it the first, unless arguments are chosen by name.
pub(super) fn chosen(name: &str, argnums: Option<&Bound<'_, PyAny>>, first_by_default: bool) -> Result<Vec<usize>> {
    let given: Vec<i64> = match argnums {
        Some(argnums) => match argnums.extract::<i64>() {
            Ok(one) => vec![one],
            Err(_) => {
                argnums.extract().map_err(|_| type_error(format!("{name}: argnums is an int or a sequence of ints")))?
            }
        },
        None if first_by_default => vec![0],
        None => Vec::new(),
    };
    if argnums.is_some() && given.is_empty() {
        return Err(value_error(format!("{name}: argnums is empty")));
    }
    let mut nums: Vec<usize> = Vec::with_capacity(given.len());
    for num in given {
        let Ok(position) = usize::try_from(num) else {
            return Err(value_error(format!("{name}: argnums can't be negative, got {num}")));
        };
        if nums.contains(&position) {
            return Err(value_error(format!("{name}: argument {num} is named twice in argnums")));
        }
        nums.push(position);
    }
    // In the order of the arguments, as MLX has it.
    nums.sort_unstable();
    Ok(nums)
}

fn gradient<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<&Bound<'py, PyAny>>,
    argnames: Option<&Bound<'py, PyAny>>,
    with_value: bool,
) -> Result<Bound<'py, Gradient>> {
    let name = if with_value { "value_and_grad" } else { "grad" };
    callable(name, fun)?;
    let argnames: Vec<String> = match argnames {
        None => Vec::new(),
        Some(one) if one.cast::<PyString>().is_ok() => vec![one.extract()?],
        Some(several) => several.extract()?,
    };
    let nums = chosen(name, argnums, argnames.is_empty())?;
    let single = nums.len() == 1;
    let wrapper = Gradient { fun: Wrapped::new(fun), argnums: nums, argnames, with_value, single };
    Ok(wraps(Bound::new(fun.py(), wrapper)?, fun)?)
}

/// A function that computes the gradient of `fun`, which returns a scalar array.
///
/// `argnums` (an int or several) and `argnames` say with respect to which arguments, by default the first. Arguments
/// may be nested lists, tuples and dicts of arrays, and so is the gradient.
///
/// >>> import cotan.core as mx
/// >>> mx.grad(mx.sin)(mx.array(0.0))
/// array(1, dtype=float32)
#[pyfunction]
#[pyo3(signature = (
    fun: "Callable[_P, array]",
    argnums: "int | Sequence[int] | None" = None,
    argnames: "str | Sequence[str] | None" = None,
) -> "Callable[_P, Any]")]
fn grad<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<&Bound<'py, PyAny>>,
    argnames: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, Gradient>> {
    gradient(fun, argnums, argnames, false)
}

/// A function that computes the value of `fun` and its gradient. `fun` returns a scalar array, or a tuple that begins
/// with one; the rest of the tuple is passed through.
///
/// >>> import cotan.core as mx
/// >>> mx.value_and_grad(lambda x: x * x)(mx.array(3.0))
/// (array(9, dtype=float32), array(6, dtype=float32))
#[pyfunction]
#[pyo3(signature = (
    fun: "Callable[_P, _R]",
    argnums: "int | Sequence[int] | None" = None,
    argnames: "str | Sequence[str] | None" = None,
) -> "Callable[_P, tuple[_R, Any]]")]
fn value_and_grad<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<&Bound<'py, PyAny>>,
    argnames: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, Gradient>> {
    gradient(fun, argnums, argnames, true)
}

fn check(op: &str, what: &str, given: &[Array], like: &[Array]) -> Result<()> {
    if given.len() < like.len() {
        return Err(value_error(format!("{op}: {} {what}s for {} arrays", given.len(), like.len())));
    }
    for (given, like) in given.iter().zip(like) {
        if given.shape() != like.shape() {
            let (given, like) = (cotan::tuple(given.shape()), cotan::tuple(like.shape()));
            return Err(value_error(format!("{op}: a {what} of shape {given} for an array of shape {like}")));
        }
    }
    Ok(())
}

/// Calls `fun` on a list of primals and pulls cotangents of its outputs back: `(outputs, cotangents of the primals)`.
///
/// >>> import cotan.core as mx
/// >>> mx.vjp(lambda x, y: x * y, [mx.array(2.0), mx.array(3.0)], [mx.array(1.0)])[1]
/// [array(3, dtype=float32), array(2, dtype=float32)]
#[pyfunction]
#[pyo3(signature = (
    fun: "Callable[..., array | Sequence[array]]",
    primals: "Sequence[array]",
    cotangents: "Sequence[array]",
))]
fn vjp<'py>(
    fun: &Bound<'py, PyAny>,
    primals: &Bound<'py, PyAny>,
    cotangents: &Bound<'py, PyAny>,
) -> Result<(Vec<PyArray>, Vec<PyArray>)> {
    callable("vjp", fun)?;
    let (primals, cotangents) = (array_list("vjp", primals)?, array_list("vjp", cotangents)?);
    let (outputs, pulled) = transforms::vjp::<Fault>(
        |leaves| returned_arrays("vjp", &fun.call1(PyTuple::new(fun.py(), new_objects(fun.py(), leaves)?)?)?),
        &primals,
        |outputs| {
            check("vjp", "cotangent", &cotangents, outputs)?;
            let cast = |(cotangent, output): (&Array, &Array)| ops::astype(cotangent, output.dtype()).map(Some);
            Ok(cotangents.iter().zip(outputs).map(cast).collect::<cotan::Result<_>>()?)
        },
    )?;
    let pulled = pulled.into_iter().zip(&primals).map(|(g, p)| PyArray::new(g.unwrap_or_else(|| ops::zeros_like(p))));
    Ok((crate::array::wrap_all(outputs), pulled.collect()))
}

/// Calls `fun` on a list of primals and pushes tangents through: `(outputs, tangents of the outputs)`.
///
/// >>> import cotan.core as mx
/// >>> mx.jvp(mx.sin, [mx.array(0.0)], [mx.array(2.0)])[1]
/// [array(2, dtype=float32)]
#[pyfunction]
#[pyo3(signature = (
    fun: "Callable[..., array | Sequence[array]]",
    primals: "Sequence[array]",
    tangents: "Sequence[array]",
))]
fn jvp<'py>(
    fun: &Bound<'py, PyAny>,
    primals: &Bound<'py, PyAny>,
    tangents: &Bound<'py, PyAny>,
) -> Result<(Vec<PyArray>, Vec<PyArray>)> {
    callable("jvp", fun)?;
    let (primals, tangents) = (array_list("jvp", primals)?, array_list("jvp", tangents)?);
    check("jvp", "tangent", &tangents, &primals)?;
    let tangents: Vec<Option<Array>> = tangents
        .iter()
        .zip(&primals)
        .map(|(t, p)| ops::astype(t, p.dtype()).map(Some))
        .collect::<cotan::Result<_>>()?;
    let (outputs, pushed) = transforms::jvp::<Fault>(
        |leaves| returned_arrays("jvp", &fun.call1(PyTuple::new(fun.py(), new_objects(fun.py(), leaves)?)?)?),
        &primals,
        &tangents,
    )?;
    let pushed = pushed.into_iter().zip(&outputs).map(|(t, o)| PyArray::new(t.unwrap_or_else(|| ops::zeros_like(o))));
    let pushed = pushed.collect();
    Ok((crate::array::wrap_all(outputs), pushed))
}

collected!(Gradient);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(grad, module)?)?;
    module.add_function(wrap_pyfunction!(value_and_grad, module)?)?;
    module.add_function(wrap_pyfunction!(vjp, module)?)?;
    module.add_function(wrap_pyfunction!(jvp, module)?)?;
    Ok(())
}
