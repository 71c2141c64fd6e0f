//! `scan`, `while_loop`, `fori_loop`, `cond` and `switch` over nested containers.

use std::cell::RefCell;

use cotan::Array;
use cotan::control::{self, Bounds, Order, Segment};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyTuple};

use super::callable;
use super::values::{Values, take_apart, take_apart_like};
use crate::array::PyArray;
use crate::error::{Fault, Result, type_error, value_error};
use crate::functions::add_functions;
use crate::pytree::Structure;

/// The arrays of the next carry, which must be like those of the first.
fn next_carry(op: &'static str, what: &str, object: &Bound<'_, PyAny>, init: &Values) -> Result<Vec<Array>> {
    let carry = take_apart_like(op, what, object, &init.structure)?;
    control::expect_carry(op, &carry, &init.arrays, |index| init.names[index].clone())?;
    Ok(carry)
}

/// How often carries are stored: `None` for every step, `True` for the square root, a number of steps.
fn segment(op: &str, checkpoint: Option<&Bound<'_, PyAny>>) -> Result<Segment> {
    let Some(checkpoint) = checkpoint else { return Ok(Segment::One) };
    if let Ok(flag) = checkpoint.cast::<PyBool>() {
        return Ok(if flag.is_true() { Segment::Sqrt } else { Segment::One });
    }
    match checkpoint.extract::<usize>() {
        Ok(steps) if steps > 0 => Ok(Segment::Steps(steps)),
        _ => Err(value_error(format!("{op}: checkpoint is a bool or a positive number of steps, got {checkpoint}"))),
    }
}

/// Applies `f(carry, x)`, which returns `(carry, y)`, to one slice of `xs` after another.
///
/// Returns the last carry and all `y`, stacked along a new first axis. `xs` is scanned along the first axis of its
/// arrays; without it `length` says how many steps there are, and `x` is None. Carry, `xs` and `y` may be nested lists,
/// tuples and dicts of arrays; a carry keeps its structure, shapes and types (else ValueError names the leaf). With
/// `reverse` the steps go from the last slice to the first.
///
/// `f` runs once, on arrays without values (random numbers without a key are the same in every step: carry a key and
/// `split` it), and the graph has the same size for any number of steps. In reverse mode
/// every step stores its carry, and computes the rest of its values anew. `checkpoint=k` stores every k-th carry only
/// and computes those between anew; `True` chooses the square root of the number of steps.
///
/// >>> import cotan.core as mx
/// >>> mx.scan(lambda total, x: (total + x, total * x), mx.array(0.0), mx.array([1.0, 2.0, 3.0]))
/// (array(6, dtype=float32), array([0, 2, 9], dtype=float32))
#[pyfunction]
#[pyo3(signature = (
    f: "Callable[[_C, Any], tuple[_C, _R]]", init: "_C", xs = None, length = None, reverse = false,
    checkpoint: "bool | int | None" = None
) -> "tuple[_C, _R]")]
fn scan<'py>(
    f: &Bound<'py, PyAny>,
    init: &Bound<'py, PyAny>,
    xs: Option<&Bound<'py, PyAny>>,
    length: Option<i64>,
    reverse: bool,
    checkpoint: Option<&Bound<'py, PyAny>>,
) -> Result<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    const OP: &str = "scan";
    let py = f.py();
    callable(OP, f)?;
    let init = take_apart(OP, "carry", init)?;
    let none = py.None().into_bound(py);
    let xs = take_apart(OP, "xs", xs.unwrap_or(&none))?;
    let length = length
        .map(|length| usize::try_from(length).map_err(|_| value_error(format!("{OP}: length is negative: {length}"))))
        .transpose()?;
    let order = Order { length, reverse, segment: segment(OP, checkpoint)? };
    let results: RefCell<Option<Structure>> = RefCell::new(None);
    let (carry, ys) = control::scan::<Fault>(
        |carry, x| {
            let (carry, x) = (init.structure.rebuild_arrays(py, carry)?, xs.structure.rebuild_arrays(py, x)?);
            let result = f.call1((carry, x))?;
            let Some((carry, y)) = pair(&result) else {
                let given = result.get_type().name()?;
                return Err(type_error(format!("{OP}: the function must return a tuple (carry, y), got {given}")));
            };
            let carry = next_carry(OP, "carry", &carry, &init)?;
            let y = take_apart(OP, "y", &y)?;
            *results.borrow_mut() = Some(y.structure);
            Ok((carry, y.arrays))
        },
        &init.arrays,
        &xs.arrays,
        order,
    )?;
    let results = results.into_inner().ok_or_else(|| value_error("scan: the function was not called"))?;
    Ok((init.structure.rebuild_arrays(py, &carry)?, results.rebuild_arrays(py, &ys)?))
}

fn pair<'py>(result: &Bound<'py, PyAny>) -> Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let tuple = result.cast::<PyTuple>().ok().filter(|tuple| tuple.len() == 2)?;
    Some((tuple.get_item(0).ok()?, tuple.get_item(1).ok()?))
}

/// One array or number.
fn scalar(op: &str, what: &str, object: &Bound<'_, PyAny>) -> Result<Array> {
    let mut values = take_apart(op, what, object)?;
    match (&values.structure, values.arrays.len()) {
        (Structure::Leaf, 1) => Ok(values.arrays.swap_remove(0)),
        _ => Err(type_error(format!("{op}: {what} must be an array, got {}", object.get_type().name()?))),
    }
}

/// Applies `body_fun(carry)` as long as `cond_fun(carry)`, a scalar, is true, and returns the last carry.
///
/// Both functions run once, on arrays without values. The carry may be nested lists, tuples and dicts of arrays and
/// keeps its structure, shapes and types. Under `vmap` the loop goes on until every example is done. Forward mode works;
/// reverse mode raises ValueError, as the number of steps is not known: use `scan`, or `fori_loop` with int bounds.
///
/// >>> import cotan.core as mx
/// >>> mx.while_loop(lambda x: x < 100, lambda x: x * 3, mx.array(2))
/// array(162, dtype=int32)
#[pyfunction]
#[pyo3(signature = (
    cond_fun: "Callable[[_C], array | bool]", body_fun: "Callable[[_C], _C]", init: "_C"
) -> "_C")]
fn while_loop<'py>(
    cond_fun: &Bound<'py, PyAny>,
    body_fun: &Bound<'py, PyAny>,
    init: &Bound<'py, PyAny>,
) -> Result<Bound<'py, PyAny>> {
    const OP: &str = "while_loop";
    let py = init.py();
    callable(OP, cond_fun)?;
    callable(OP, body_fun)?;
    let init = take_apart(OP, "carry", init)?;
    let carry = control::while_loop::<Fault>(
        |carry| scalar(OP, "the condition", &cond_fun.call1((init.structure.rebuild_arrays(py, carry)?,))?),
        |carry| {
            let next = body_fun.call1((init.structure.rebuild_arrays(py, carry)?,))?;
            next_carry(OP, "carry", &next, &init)
        },
        &init.arrays,
    )?;
    init.structure.rebuild_arrays(py, &carry)
}

/// Applies `body_fun(i, carry)` for `i` from `lower` up to, and without, `upper`, and returns the last carry.
///
/// `i` is an integer scalar array. With ints as bounds the loop is a `scan`, which has a reverse mode (`checkpoint` as
/// there); with integer scalar arrays it is a `while_loop`, which has none.
///
/// >>> import cotan.core as mx
/// >>> mx.fori_loop(1, 5, lambda i, x: x * i, mx.array(1))
/// array(24, dtype=int32)
#[pyfunction]
#[pyo3(signature = (
    lower: "int | array", upper: "int | array", body_fun: "Callable[[array, _C], _C]", init: "_C", checkpoint: "bool | int | None" = None
) -> "_C")]
fn fori_loop<'py>(
    lower: &Bound<'py, PyAny>,
    upper: &Bound<'py, PyAny>,
    body_fun: &Bound<'py, PyAny>,
    init: &Bound<'py, PyAny>,
    checkpoint: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    const OP: &str = "fori_loop";
    let py = init.py();
    callable(OP, body_fun)?;
    let init = take_apart(OP, "carry", init)?;
    let is_array = |bound: &Bound<'py, PyAny>| bound.cast::<PyArray>().is_ok();
    let bounds = if is_array(lower) || is_array(upper) {
        if checkpoint.is_some() {
            return Err(value_error("fori_loop: checkpoint is for int bounds; with arrays there is no reverse mode"));
        }
        Bounds::Arrays(scalar(OP, "lower", lower)?, scalar(OP, "upper", upper)?)
    } else {
        let int = |bound: &Bound<'py, PyAny>| {
            let refuse = |_| type_error(format!("{OP}: the bounds are ints or integer arrays, got {bound}"));
            bound.extract::<i64>().map_err(refuse)
        };
        Bounds::Known(int(lower)?, int(upper)?)
    };
    let carry = control::fori_loop::<Fault>(
        &bounds,
        |number, carry| {
            let number = Bound::new(py, PyArray::new(number.clone()))?;
            let next = body_fun.call1((number, init.structure.rebuild_arrays(py, carry)?))?;
            next_carry(OP, "carry", &next, &init)
        },
        &init.arrays,
        segment(OP, checkpoint)?,
    )?;
    init.structure.rebuild_arrays(py, &carry)
}

/// Calls branches on the operands; all must return what is nested like the first's result.
struct Branches<'a, 'py> {
    op: &'static str,
    operands: &'a Values,
    result: RefCell<Option<Structure>>,
    py: Python<'py>,
}

impl<'py> Branches<'_, 'py> {
    fn call(&self, label: &str, branch: &Bound<'py, PyAny>, leaves: &[Array]) -> Result<Vec<Array>> {
        let operands = self.operands.structure.rebuild_arrays(self.py, leaves)?;
        let value = super::call(branch, &operands, None)?;
        let what = format!("the result of {label}");
        let mut result = self.result.borrow_mut();
        match &*result {
            Some(structure) => take_apart_like(self.op, &what, &value, structure),
            None => {
                let values = take_apart(self.op, &what, &value)?;
                *result = Some(values.structure);
                Ok(values.arrays)
            }
        }
    }

    fn rebuild(&self, outputs: &[Array]) -> Result<Bound<'py, PyAny>> {
        let result = self.result.borrow();
        let missing = || value_error(format!("{}: no branch was called", self.op));
        result.as_ref().ok_or_else(missing)?.rebuild_arrays(self.py, outputs)
    }
}

/// Evaluates `true_fun(*operands)` if `pred`, a scalar, is true, else `false_fun(*operands)`.
///
/// Both functions run once, on arrays without values, and must return the same structure, shapes and types; one of them
/// is evaluated. Where `vmap` maps the predicate, both are evaluated and each example gets its own.
///
/// >>> import cotan.core as mx
/// >>> x = mx.array(3.0)
/// >>> mx.cond(x > 0, lambda x: x * 2, lambda x: -x, x)
/// array(6, dtype=float32)
#[pyfunction]
#[pyo3(signature = (
    pred: "array | bool", true_fun: "Callable[..., _R]", false_fun: "Callable[..., _R]", *operands
) -> "_R")]
fn cond<'py>(
    pred: &Bound<'py, PyAny>,
    true_fun: &Bound<'py, PyAny>,
    false_fun: &Bound<'py, PyAny>,
    operands: &Bound<'py, PyTuple>,
) -> Result<Bound<'py, PyAny>> {
    const OP: &str = "cond";
    callable(OP, true_fun)?;
    callable(OP, false_fun)?;
    let pred = scalar(OP, "pred", pred)?;
    let operands = take_apart(OP, "operands", operands)?;
    let branches = Branches { op: OP, operands: &operands, result: RefCell::new(None), py: true_fun.py() };
    let outputs = control::cond::<Fault>(
        &pred,
        |leaves| branches.call("true_fun", true_fun, leaves),
        |leaves| branches.call("false_fun", false_fun, leaves),
        &operands.arrays,
    )?;
    branches.rebuild(&outputs)
}

/// Evaluates `branches[index](*operands)`; an index out of range means the first or the last branch.
///
/// As with `cond`, every branch runs once on arrays without values, and one of them is evaluated.
///
/// >>> import cotan.core as mx
/// >>> mx.switch(mx.array(1), [mx.sin, mx.square, mx.abs], mx.array(3.0))
/// array(9, dtype=float32)
#[pyfunction]
#[pyo3(signature = (index: "array | int", branches: "Sequence[Callable[..., _R]]", *operands) -> "_R")]
fn switch<'py>(
    index: &Bound<'py, PyAny>,
    branches: Vec<Bound<'py, PyAny>>,
    operands: &Bound<'py, PyTuple>,
) -> Result<Bound<'py, PyAny>> {
    const OP: &str = "switch";
    let py = operands.py();
    branches.iter().try_for_each(|branch| callable(OP, branch))?;
    let index = scalar(OP, "index", index)?;
    let operands = take_apart(OP, "operands", operands)?;
    let all = Branches { op: OP, operands: &operands, result: RefCell::new(None), py };
    let outputs = control::switch::<Fault>(&index, branches.len(), &operands.arrays, |number, leaves| {
        all.call(&format!("branch {number}"), &branches[number], leaves)
    })?;
    all.rebuild(&outputs)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; scan, while_loop, fori_loop, cond, switch);
    Ok(())
}
