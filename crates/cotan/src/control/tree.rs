//! Control flow over nested structures of arrays.

use std::cell::RefCell;
use std::ops::Range;

use super::{Bounds, Order, Segment};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::tree::Tree;

impl From<Range<i64>> for Bounds {
    fn from(range: Range<i64>) -> Bounds {
        Bounds::Known(range.start, range.end)
    }
}

impl From<(Array, Array)> for Bounds {
    fn from((lower, upper): (Array, Array)) -> Bounds {
        Bounds::Arrays(lower, upper)
    }
}

fn filled<T: Tree>(like: &T, leaves: &[Array]) -> Result<T> {
    like.rebuild(&mut leaves.iter().cloned())
}

/// What a function returned, kept for its structure.
struct Kept<T>(RefCell<Option<T>>);

impl<T: Tree> Kept<T> {
    fn new() -> Kept<T> {
        Kept(RefCell::new(None))
    }

    fn leaves(&self, value: T) -> Vec<Array> {
        let leaves = value.leaves();
        *self.0.borrow_mut() = Some(value);
        leaves
    }

    fn rebuild(&self, op: &'static str, leaves: &[Array]) -> Result<T> {
        match &*self.0.borrow() {
            Some(value) => filled(value, leaves),
            None => Err(Error::value(op, "the function was not called")),
        }
    }
}

/// Calls `f` with a carry and one slice of `xs` after another: the last carry, and the results stacked along axis 0.
///
/// `f` runs once, on arrays without values. Slices are taken along axis 0. See [`control::scan`](super::scan).
///
/// ```
/// use cotan::{Array, Result, control::Order, scan};
/// let xs = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// let (total, sums) = scan(
///     |total: &Array, x: &Array| -> Result<_> { Ok((total + x, total + x)) },
///     &Array::scalar(0.0f32),
///     &xs,
///     Order::default(),
/// )?;
/// assert_eq!(total.item::<f32>()?, 6.0);
/// assert_eq!(sums.to_vec::<f32>()?, [1.0, 3.0, 6.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// As for [`control::scan`](super::scan).
pub fn scan<C: Tree, X: Tree, Y: Tree, E: From<Error>>(
    f: impl FnOnce(&C, &X) -> Result<(C, Y), E>,
    init: &C,
    xs: &X,
    order: Order,
) -> Result<(C, Y), E> {
    let results = Kept::new();
    let flat = |carry: &[Array], x: &[Array]| -> Result<_, E> {
        let (carry, y) = f(&filled(init, carry)?, &filled(xs, x)?)?;
        Ok((carry.leaves(), results.leaves(y)))
    };
    let (carry, ys) = super::scan(flat, &init.leaves(), &xs.leaves(), order)?;
    Ok((filled(init, &carry)?, results.rebuild("scan", &ys)?))
}

/// Applies `body` to a carry as long as `condition` of it, a scalar, is true.
///
/// Both functions run once, on arrays without values. There is no reverse mode.
///
/// ```
/// use cotan::{Array, Result, ops::less, while_loop};
/// let small = |x: &Array| -> Result<Array> { less(x, &Array::scalar(100i32)) };
/// let last = while_loop(small, |x| Ok(x * Array::scalar(3i32)), &Array::scalar(2i32))?;
/// assert_eq!(last.item::<i32>()?, 162);
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// As for [`control::while_loop`](super::while_loop).
pub fn while_loop<C: Tree, E: From<Error>>(
    condition: impl FnOnce(&C) -> Result<Array, E>,
    body: impl FnOnce(&C) -> Result<C, E>,
    init: &C,
) -> Result<C, E> {
    let condition = |carry: &[Array]| condition(&filled(init, carry)?);
    let body = |carry: &[Array]| Ok(body(&filled(init, carry)?)?.leaves());
    Ok(filled(init, &super::while_loop::<E>(condition, body, &init.leaves())?)?)
}

/// Applies `body` to a number and a carry, for one number of a range after another.
///
/// With known bounds (`0..n`) it has a reverse mode, with bounds that are arrays none.
///
/// ```
/// use cotan::{Array, Result, fori_loop, grad};
/// let cube = |x: &Array| -> Result<Array> { fori_loop(0..2, |_, c: &Array| Ok(c * x), x) };
/// assert_eq!(grad(cube)(&Array::scalar(2.0f32))?.item::<f32>()?, 12.0);
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// As for [`control::fori_loop`](super::fori_loop).
pub fn fori_loop<C: Tree, E: From<Error>>(
    bounds: impl Into<Bounds>,
    body: impl FnOnce(&Array, &C) -> Result<C, E>,
    init: &C,
) -> Result<C, E> {
    let body = |number: &Array, carry: &[Array]| Ok(body(number, &filled(init, carry)?)?.leaves());
    let carry = super::fori_loop::<E>(&bounds.into(), body, &init.leaves(), Segment::One)?;
    Ok(filled(init, &carry)?)
}

/// Evaluates `true_fun` of the operands if `predicate`, a scalar, is true, else `false_fun`.
///
/// ```
/// use cotan::{Array, Result, cond, ops};
/// let x = Array::scalar(-3.0f32);
/// let positive = ops::less(&Array::scalar(0.0f32), &x)?;
/// let y = cond(&positive, |x: &Array| -> Result<Array> { x.square() }, |x| ops::negative(x), &x)?;
/// assert_eq!(y.item::<f32>()?, 3.0);
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// As for [`control::cond`](super::cond).
pub fn cond<P: Tree, R: Tree, E: From<Error>>(
    predicate: &Array,
    true_fun: impl FnOnce(&P) -> Result<R, E>,
    false_fun: impl FnOnce(&P) -> Result<R, E>,
    operands: &P,
) -> Result<R, E> {
    let results = Kept::new();
    let true_fun = |leaves: &[Array]| Ok(results.leaves(true_fun(&filled(operands, leaves)?)?));
    let false_fun = |leaves: &[Array]| Ok(results.leaves(false_fun(&filled(operands, leaves)?)?));
    let outputs = super::cond::<E>(predicate, true_fun, false_fun, &operands.leaves())?;
    Ok(results.rebuild("cond", &outputs)?)
}
