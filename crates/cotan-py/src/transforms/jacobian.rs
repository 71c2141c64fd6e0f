//! `jacfwd`, `jacrev`, `hessian`, `hvp`, `linearize` and `check_grads` over nested containers.

use std::cell::RefCell;

use cotan::transforms::{self, Blocks, Check, Linear};
use cotan::{Array, ops};
use pyo3::exceptions::PyAssertionError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::autodiff::{Wanted, chosen};
use super::values::{Values, take_apart, take_apart_like};
use super::{callable, collected, wraps};
use crate::error::{Fault, Result, type_error, value_error};
use crate::functions::Count;
use crate::functions::add_functions;
use crate::pytree::Structure;
use crate::transforms::Wrapped;

/// A function together with the arguments that its Jacobian is taken for.
#[pyclass(name = "jacobian_function", module = "cotan.core", dict, weakref)]
struct Jacobian {
    fun: Wrapped,
    argnums: Vec<usize>,
    reverse: bool,
}

#[pymethods]
impl Jacobian {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let py = args.py();
        let name = if self.reverse { "jacrev" } else { "jacfwd" };
        let wanted = Wanted::of(name, (&self.argnums, &[]), args, kwargs)?;
        let result: RefCell<Option<Structure>> = RefCell::new(None);
        let call = |leaves: &[Array]| -> Result<Vec<Array>> {
            let (args, kwargs) = wanted.arguments(args, kwargs, leaves)?;
            let value = take_apart(name, "the result", &self.fun.bind(py).call(args, kwargs.as_ref())?)?;
            *result.borrow_mut() = Some(value.structure);
            Ok(value.arrays)
        };
        let (_, blocks): Blocks = if self.reverse {
            transforms::jacrev::<Fault>(call, &wanted.primals)?
        } else {
            transforms::jacfwd::<Fault>(call, &wanted.primals)?
        };
        let single = self.argnums.len() == 1;
        let rows = blocks.iter().map(|row| wanted.arrange(py, single, row)).collect::<Result<Vec<_>>>()?;
        let result = result.into_inner().ok_or_else(|| value_error(format!("{name}: the function was not called")))?;
        result.rebuild(py, &mut rows.into_iter())
    }
}

fn jacobian<'py>(
    fun: &Bound<'py, PyAny>,
    argnums: Option<&Bound<'py, PyAny>>,
    reverse: bool,
) -> Result<Bound<'py, Jacobian>> {
    let name = if reverse { "jacrev" } else { "jacfwd" };
    callable(name, fun)?;
    let argnums = chosen(name, argnums, true)?;
    let wrapper = Jacobian { fun: Wrapped::new(fun), argnums, reverse };
    Ok(wraps(Bound::new(fun.py(), wrapper)?, fun)?)
}

/// A function that computes the Jacobian of `fun` by forward mode.
///
/// Each array of the result is replaced by what is nested like the chosen arguments (`argnums`, an int or several; by
/// default the first), whose arrays have the result's shape followed by the argument's. `fun` runs once. Best where
/// results are larger than arguments; see `jacrev`.
///
/// >>> import cotan.core as mx
/// >>> mx.jacfwd(lambda x: x * x)(mx.array([1.0, 2.0]))
/// array([[2, 0],
///        [0, 4]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (fun: "Callable[_P, Any]", argnums: "int | Sequence[int] | None" = None) -> "Callable[_P, Any]")]
fn jacfwd<'py>(fun: &Bound<'py, PyAny>, argnums: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, Jacobian>> {
    jacobian(fun, argnums, false)
}

/// Like `jacfwd`, by reverse mode: best where arguments are larger than results.
///
/// >>> import cotan.core as mx
/// >>> mx.jacrev(lambda x: mx.cumsum(x))(mx.array([1.0, 2.0]))
/// array([[1, 0],
///        [1, 1]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (fun: "Callable[_P, Any]", argnums: "int | Sequence[int] | None" = None) -> "Callable[_P, Any]")]
fn jacrev<'py>(fun: &Bound<'py, PyAny>, argnums: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, Jacobian>> {
    jacobian(fun, argnums, true)
}

/// A function that computes the second derivatives of `fun`: `jacfwd` of `jacrev`.
///
/// >>> import cotan.core as mx
/// >>> mx.hessian(lambda x: x[0] * x[1])(mx.array([1.0, 2.0]))
/// array([[0, 1],
///        [1, 0]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (fun: "Callable[_P, Any]", argnums: "int | Sequence[int] | None" = None) -> "Callable[_P, Any]")]
fn hessian<'py>(fun: &Bound<'py, PyAny>, argnums: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, Jacobian>> {
    callable("hessian", fun)?;
    jacobian(jacobian(fun, argnums, true)?.as_any(), argnums, false)
}

/// A list or tuple with an entry per argument, taken apart.
fn arguments(transform: &str, what: &str, object: &Bound<'_, PyAny>) -> Result<Values> {
    let values = take_apart(transform, what, object)?;
    match values.structure {
        Structure::List(_) | Structure::Tuple(_) => Ok(values),
        _ => Err(type_error(format!("{transform}: {what} must be a list or tuple with an entry per argument"))),
    }
}

/// Calls `fun` with one argument per entry of the list or tuple that `leaves` fill.
fn call_with<'py>(fun: &Bound<'py, PyAny>, structure: &Structure, leaves: &[Array]) -> Result<Bound<'py, PyAny>> {
    let args = structure.rebuild_arrays(fun.py(), leaves)?;
    Ok(fun.call1(PyTuple::new(fun.py(), args.try_iter()?.collect::<PyResult<Vec<_>>>()?)?)?)
}

/// Tangents nested like the arguments, in their types.
fn tangents_like(transform: &str, tangents: &Bound<'_, PyAny>, like: &Values) -> Result<Vec<Array>> {
    let tangents = take_apart_like(transform, "tangents", tangents, &like.structure)?;
    let cast = |((tangent, primal), name): ((&Array, &Array), &String)| {
        if tangent.shape() == primal.shape() {
            return Ok(ops::astype(tangent, primal.dtype())?);
        }
        let (given, expected) = (cotan::tuple(tangent.shape()), cotan::tuple(primal.shape()));
        Err(value_error(format!("{transform}: the tangent of {name} has shape {given}, expected {expected}")))
    };
    tangents.iter().zip(&like.arrays).zip(&like.names).map(cast).collect()
}

/// The Hessian of `fun`, which returns a scalar, at `primals`, times `tangents`; the Hessian itself is never built.
///
/// Both are lists or tuples with an entry per argument, and so is the result.
///
/// >>> import cotan.core as mx
/// >>> mx.hvp(lambda x: (x ** 3).sum(), [mx.array([1.0, 2.0])], [mx.array([1.0, 1.0])])
/// [array([6, 12], dtype=float32)]
#[pyfunction]
#[pyo3(signature = (fun: "Callable[..., array]", primals, tangents))]
fn hvp<'py>(
    fun: &Bound<'py, PyAny>,
    primals: &Bound<'py, PyAny>,
    tangents: &Bound<'py, PyAny>,
) -> Result<Bound<'py, PyAny>> {
    const OP: &str = "hvp";
    callable(OP, fun)?;
    let primals = arguments(OP, "primals", primals)?;
    let tangents: Vec<Option<Array>> = tangents_like(OP, tangents, &primals)?.into_iter().map(Some).collect();
    let loss = |leaves: &[Array]| -> Result<Vec<Array>> {
        let value = take_apart(OP, "the result", &call_with(fun, &primals.structure, leaves)?)?;
        match &value.arrays[..] {
            [loss] if loss.ndim() == 0 => Ok(value.arrays),
            _ => Err(value_error("hvp: the function must return a scalar array")),
        }
    };
    let gradient = |leaves: &[Array]| -> Result<Vec<Array>> {
        let ones = |outputs: &[Array]| Ok(vec![Some(ops::ones_like(&outputs[0]))]);
        let (_, pulled) = transforms::vjp::<Fault>(loss, leaves, ones)?;
        Ok(pulled.into_iter().zip(leaves).map(|(g, leaf)| g.unwrap_or_else(|| ops::zeros_like(leaf))).collect())
    };
    let (outputs, pushed) = transforms::jvp::<Fault>(gradient, &primals.arrays, &tangents)?;
    let pushed: Vec<Array> =
        pushed.into_iter().zip(&outputs).map(|(t, o)| t.unwrap_or_else(|| ops::zeros_like(o))).collect();
    primals.structure.rebuild_arrays(fun.py(), &pushed)
}

/// The derivative of a function at a point. Call it with a tangent per argument, as often as you like.
#[pyclass(name = "linear_function", module = "cotan.core", frozen, weakref)]
struct LinearFunction {
    linear: Linear,
    primals: Values,
    result: Structure,
}

#[pymethods]
impl LinearFunction {
    #[pyo3(signature = (*tangents))]
    fn __call__<'py>(&self, tangents: &Bound<'py, PyTuple>) -> Result<Bound<'py, PyAny>> {
        let given = tangents_like("linearize", tangents.as_any(), &self.primals)?;
        self.result.rebuild_arrays(tangents.py(), &self.linear.call(&given)?)
    }
}

/// Calls `fun` and returns `(result, f_jvp)`: `f_jvp` takes a tangent per argument and gives the tangent of the result,
/// without calling `fun` again.
///
/// >>> import cotan.core as mx
/// >>> y, f_jvp = mx.linearize(mx.sin, mx.array(0.0))
/// >>> f_jvp(mx.array(2.0))
/// array(2, dtype=float32)
#[pyfunction]
#[pyo3(signature = (fun: "Callable[..., _R]", *primals) -> "tuple[_R, Callable[..., _R]]")]
fn linearize<'py>(
    fun: &Bound<'py, PyAny>,
    primals: &Bound<'py, PyTuple>,
) -> Result<(Bound<'py, PyAny>, Bound<'py, LinearFunction>)> {
    const OP: &str = "linearize";
    let py = fun.py();
    callable(OP, fun)?;
    let primals = arguments(OP, "primals", primals.as_any())?;
    let result: RefCell<Option<Structure>> = RefCell::new(None);
    let (outputs, linear) = transforms::linearize::<Fault>(
        |leaves| {
            let value = take_apart(OP, "the result", &call_with(fun, &primals.structure, leaves)?)?;
            *result.borrow_mut() = Some(value.structure);
            Ok(value.arrays)
        },
        &primals.arrays,
    )?;
    let result = result.into_inner().ok_or_else(|| value_error("linearize: the function was not called"))?;
    let value = result.rebuild_arrays(py, &outputs)?;
    Ok((value, Bound::new(py, LinearFunction { linear, primals, result })?))
}

/// Raises AssertionError if derivatives of `f` at `args` (a list or tuple with an entry per argument) are wrong.
///
/// `jvp` ("fwd") is compared with central differences along random directions, `vjp` ("rev") with the transpose of `jvp`,
/// and so on for the derivatives up to `order`. The message names the argument, the direction, what was expected and what
/// was got. Tolerances and the step `eps` default to what the least precise type among the arguments allows.
///
/// >>> import cotan.core as mx
/// >>> mx.check_grads(lambda x: mx.sin(x).sum(), [mx.array([0.5, 1.0])])
#[pyfunction]
#[pyo3(signature = (f: "Callable[..., Any]", args: "Sequence[Any]", order = Count(2), modes = None, atol = None, rtol = None, eps = None),
    text_signature = "(f, args, order=2, modes=('fwd', 'rev'), atol=None, rtol=None, eps=None)")]
fn check_grads(
    f: &Bound<'_, PyAny>,
    args: &Bound<'_, PyAny>,
    order: Count,
    modes: Option<Vec<String>>,
    atol: Option<f64>,
    rtol: Option<f64>,
    eps: Option<f64>,
) -> Result<()> {
    const OP: &str = "check_grads";
    callable(OP, f)?;
    let args = arguments(OP, "args", args)?;
    let modes = modes.unwrap_or_else(|| vec!["fwd".into(), "rev".into()]);
    if modes.is_empty() || modes.iter().any(|mode| mode != "fwd" && mode != "rev") {
        return Err(value_error(format!("{OP}: modes are \"fwd\" and \"rev\", got {modes:?}")));
    }
    let has = |name: &str| modes.iter().any(|mode| mode == name);
    let check = Check { order: order.0, forward: has("fwd"), reverse: has("rev"), atol, rtol, eps };
    let call = |leaves: &[Array]| -> Result<Vec<Array>> {
        Ok(take_apart(OP, "the result", &call_with(f, &args.structure, leaves)?)?.arrays)
    };
    match transforms::wrong_derivative::<Fault>(&call, &args.arrays, &check)? {
        None => Ok(()),
        Some(wrong) => {
            let name = wrong.argument.map_or_else(String::new, |argument| format!(" ({})", args.names[argument]));
            Err(PyAssertionError::new_err(format!("{OP}{name}: {wrong}")).into())
        }
    }
}

collected!(Jacobian);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; jacfwd, jacrev, hessian, hvp, linearize, check_grads);
    Ok(())
}
