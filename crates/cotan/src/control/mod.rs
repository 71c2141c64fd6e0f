//! Control flow: loops and branches whose bodies are recorded once, as operations with all rules.
//!
//! The functions here take and return flat lists of arrays; the functions of the same names at the root of the crate take nested structures.

mod body;
mod residuals;
mod scan;
mod segments;
mod stored;
mod switch;
pub(crate) mod tree;
mod while_loop;

use cotan_kernels::{DType, Scalar};

use crate::array::{Array, Spec};
use crate::error::{Error, Result, tuple};
use crate::ops::{add, astype, less, logical_not, maximum, minimum};

pub(crate) use body::{Body, NextIf, bodies, expect_specs};
pub(crate) use scan::Loop;
pub use segments::Segment;
pub(crate) use stored::check as check_stored;
pub(crate) use switch::Switch;
pub(crate) use while_loop::While;

/// How [`scan`] goes over its arrays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The number of steps; needed when nothing is scanned.
    pub length: Option<usize>,
    /// From the last slice to the first.
    pub reverse: bool,
    /// Which carries are stored for the way back.
    pub segment: Segment,
}

/// Calls `f` with a carry and one slice of `xs` after another, and gives the last carry and the results, stacked.
///
/// `f` runs once, on arrays without values. It gives a carry like the one it got, and the results of the step.
///
/// # Errors
/// Whatever `f` raises; when arrays of `xs` differ in length, or the carry changes its shapes or types.
#[allow(clippy::type_complexity)]
pub fn scan<E: From<Error>>(
    f: impl FnOnce(&[Array], &[Array]) -> Result<(Vec<Array>, Vec<Array>), E>,
    init: &[Array],
    xs: &[Array],
    order: Order,
) -> Result<(Vec<Array>, Vec<Array>), E> {
    let length = scan_length(xs, order.length)?;
    let slices = xs.iter().map(|x| Spec::new(&x.shape()[1..], x.dtype()));
    let specs: Vec<Spec> = init.iter().map(Array::spec).chain(slices).collect();
    let (body, lifted) = body::Body::record::<E>(scan::NAME, &specs, |leaves| {
        let (carry, x) = leaves.split_at(init.len());
        let (mut carry, ys) = f(carry, x)?;
        expect_carry(scan::NAME, &carry, init, |index| format!("leaf {index} of the carry"))?;
        carry.extend(ys);
        Ok(carry)
    })?;
    let consts = lifted.len();
    let whole = Loop { body, consts, carries: init.len(), length, reverse: order.reverse };
    let inputs = [&lifted, init, xs].concat();
    let mut outputs = segments::run(whole, &inputs, order.segment)?;
    let ys = outputs.split_off(init.len());
    Ok((outputs, ys))
}

/// The number of steps.
fn scan_length(xs: &[Array], given: Option<usize>) -> Result<usize> {
    let mut length = given;
    for (index, x) in xs.iter().enumerate() {
        let Some(&size) = x.shape().first() else {
            return Err(Error::value(scan::NAME, format!("leaf {index} of xs has no axis to scan over")));
        };
        if *length.get_or_insert(size) != size {
            let message = format!(
                "leaf {index} of xs has shape {}; its first axis must have size {}",
                tuple(x.shape()),
                length.unwrap_or(0)
            );
            return Err(Error::value(scan::NAME, message));
        }
    }
    length.ok_or_else(|| Error::value(scan::NAME, "without arrays to scan over, the length must be given"))
}

/// Refuses a carry that changed; `name` says how a leaf is called.
///
/// # Errors
/// When the number of arrays, a shape or a type differs.
pub fn expect_carry(op: &'static str, given: &[Array], before: &[Array], name: impl Fn(usize) -> String) -> Result<()> {
    if given.len() != before.len() {
        let message =
            format!("the carry has {} arrays, after a step {}; both must be alike", before.len(), given.len());
        return Err(Error::value(op, message));
    }
    for (index, (given, before)) in given.iter().zip(before).enumerate() {
        let (given, before) = (given.spec(), before.spec());
        if given != before {
            let (given, before) = (body::describe(&given), body::describe(&before));
            let message =
                format!("{} is {before}, after a step {given}; shape and type must stay the same", name(index));
            return Err(Error::value(op, message));
        }
    }
    Ok(())
}

/// Applies `body` to a carry as long as `condition` of it, a scalar, is true, and gives the last carry.
///
/// Both functions run once, on arrays without values. Reverse mode is refused: see [`fori_loop`] and [`scan`].
///
/// # Errors
/// Whatever the functions raise; when the condition is not a scalar, or the carry changes its shapes or types.
pub fn while_loop<E: From<Error>>(
    condition: impl FnOnce(&[Array]) -> Result<Array, E>,
    body: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    init: &[Array],
) -> Result<Vec<Array>, E> {
    let specs: Vec<Spec> = init.iter().map(Array::spec).collect();
    let (condition, condition_consts) = body::Body::record::<E>(while_loop::NAME, &specs, |carry| {
        let holds = condition(carry)?;
        Ok(vec![scalar_condition(while_loop::NAME, "the condition", &holds)?])
    })?;
    let (body, body_consts) = body::Body::record::<E>(while_loop::NAME, &specs, |carry| {
        let next = body(carry)?;
        expect_carry(while_loop::NAME, &next, init, |index| format!("leaf {index} of the carry"))?;
        Ok(next)
    })?;
    let op = While { condition, body, condition_consts: condition_consts.len(), body_consts: body_consts.len() };
    Ok(Array::apply_all(op, [&condition_consts, &body_consts, init].concat().into_iter().collect())?)
}

fn scalar_condition(op: &'static str, what: &str, given: &Array) -> Result<Array> {
    if given.ndim() == 0 {
        return astype(given, DType::Bool);
    }
    let message = format!("{what} must be a scalar, got shape {}; reduce it with all() or any()", tuple(given.shape()));
    Err(Error::value(op, message))
}

/// The numbers that a [`fori_loop`] counts through: from the first up to, and without, the second.
#[derive(Clone, Debug)]
pub enum Bounds {
    /// Known now, so that the loop is a scan and has a reverse mode.
    Known(i64, i64),
    /// Integer scalars that are known when the loop runs.
    Arrays(Array, Array),
}

/// Applies `body` to a number and a carry, for one number after another, and gives the last carry.
///
/// # Errors
/// As for [`scan`] and [`while_loop`]; when the bounds are not integer scalars.
pub fn fori_loop<E: From<Error>>(
    bounds: &Bounds,
    body: impl FnOnce(&Array, &[Array]) -> Result<Vec<Array>, E>,
    init: &[Array],
    segment: Segment,
) -> Result<Vec<Array>, E> {
    let one = |dtype| Array::full(&[], Scalar::new(1i32).cast(dtype));
    let step = |carry: &[Array]| -> Result<Vec<Array>, E> {
        let (number, carry) = carry.split_first().expect("the carry begins with the number");
        let next = body(number, carry)?;
        expect_carry("fori_loop", &next, init, |index| format!("leaf {index} of the carry"))?;
        Ok([vec![add(number, &one(number.dtype()))?], next].concat())
    };
    let mut outputs = match bounds {
        Bounds::Known(lower, upper) => {
            let fits = |bound: &i64| i32::try_from(*bound).is_ok();
            let dtype = if fits(lower) && fits(upper) { DType::I32 } else { DType::I64 };
            let first = Array::full(&[], Scalar::new(*lower).cast(dtype));
            let length = usize::try_from((i128::from(*upper) - i128::from(*lower)).max(0)).unwrap_or(usize::MAX);
            let order = Order { length: Some(length), reverse: false, segment };
            scan::<E>(|carry, _| Ok((step(carry)?, Vec::new())), &[&[first], init].concat(), &[], order)?.0
        }
        Bounds::Arrays(lower, upper) => {
            let integer = |bound: &Array| bound.ndim() == 0 && bound.dtype().is_integer();
            if !integer(lower) || !integer(upper) {
                let given = [lower, upper].map(|bound| body::describe(&bound.spec()));
                let message = format!("the bounds must be integer scalars, got {} and {}", given[0], given[1]);
                return Err(Error::value("fori_loop", message).into());
            }
            let (lower, upper) = crate::ops::same_dtype(lower, upper)?;
            while_loop(|carry| Ok(less(&carry[0], &upper)?), step, &[&[lower], init].concat())?
        }
    };
    outputs.remove(0);
    Ok(outputs)
}

/// Evaluates one of two functions of the operands: `true_fun` if `predicate`, a scalar, is true, else `false_fun`.
///
/// Both run once, on arrays without values, and give results that are alike. Where `vmap` maps the predicate, both
/// are evaluated, and each example gets its own.
///
/// # Errors
/// Whatever the functions raise; when the predicate is not a scalar, or the results differ in shape or type.
pub fn cond<E: From<Error>>(
    predicate: &Array,
    true_fun: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    false_fun: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    operands: &[Array],
) -> Result<Vec<Array>, E> {
    let holds = scalar_condition("cond", "the predicate", predicate)?;
    let index = astype(&logical_not(&holds)?, DType::I32)?;
    let (mut true_fun, mut false_fun) = (Some(true_fun), Some(false_fun));
    let labels = ["true_fun", "false_fun"].map(String::from);
    switch::switch(("cond", &index), &labels, operands, |_, operands| match true_fun.take() {
        Some(true_fun) => true_fun(operands),
        None => false_fun.take().expect("two branches")(operands),
    })
}

/// Evaluates `branch(index, operands)` for one index out of `0..count`; one out of range means the nearest.
///
/// # Errors
/// As for [`cond`]; when there is no branch, or the index is not an integer scalar.
pub fn switch<E: From<Error>>(
    index: &Array,
    count: usize,
    operands: &[Array],
    branch: impl FnMut(usize, &[Array]) -> Result<Vec<Array>, E>,
) -> Result<Vec<Array>, E> {
    if count == 0 {
        return Err(Error::value(switch::NAME, "needs at least one branch").into());
    }
    if index.ndim() != 0 || !(index.dtype().is_integer() || index.dtype() == DType::Bool) {
        let message = format!("the index must be an integer scalar, got {}", body::describe(&index.spec()));
        return Err(Error::value(switch::NAME, message).into());
    }
    let labels: Vec<String> = (0..count).map(|number| format!("branch {number}")).collect();
    // Clip before narrowing: a large index must not wrap to a small one.
    let wide = if index.dtype() == DType::U64 { DType::U64 } else { DType::I64 };
    let highest = Array::full(&[], Scalar::new(count as i64 - 1).cast(wide));
    let index = minimum(&maximum(&astype(index, wide)?, &Array::full(&[], Scalar::new(0i64).cast(wide)))?, &highest)?;
    switch::switch((switch::NAME, &astype(&index, DType::I32)?), &labels, operands, branch)
}
