//! Jacobians, Hessians, linearisation and checks of derivatives over nested structures of arrays.

use std::cell::RefCell;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::transforms::{self, Check, Linear};
use crate::tree::{Tree, grad, jvp};

/// Calls a function of a structure on leaves, and gives its leaves.
fn flat<P: Tree, R: Tree, E: From<Error>>(
    f: impl FnOnce(&P) -> Result<R, E>,
    primals: &P,
) -> impl FnOnce(&[Array]) -> Result<Vec<Array>, E> {
    move |leaves| Ok(f(&primals.rebuild(&mut leaves.iter().cloned())?)?.leaves())
}

fn rows<P: Tree>(primals: &P, blocks: Vec<Vec<Array>>) -> Result<Vec<P>> {
    blocks.into_iter().map(|row| primals.rebuild(&mut row.into_iter())).collect()
}

/// The Jacobian of `f` by forward mode: for each array of the result a structure like the argument, whose arrays have
/// the shape of that result followed by the shape of the argument's array.
///
/// ```
/// use cotan::{Array, Result, jacfwd};
/// let x = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// let square = |x: &Array| -> Result<Array> { x.square() };
/// assert_eq!(jacfwd(square)(&x)?[0].to_vec::<f32>()?, [2.0, 0.0, 0.0, 4.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// As for [`transforms::jacfwd`].
pub fn jacfwd<P: Tree, R: Tree, E: From<Error>>(f: impl Fn(&P) -> Result<R, E>) -> impl Fn(&P) -> Result<Vec<P>, E> {
    move |primals| Ok(rows(primals, transforms::jacfwd(flat(&f, primals), &primals.leaves())?.1)?)
}

/// [`jacfwd`] by reverse mode: better where the arguments are larger than the results.
///
/// # Errors
/// As for [`transforms::jacrev`].
pub fn jacrev<P: Tree, R: Tree, E: From<Error>>(f: impl Fn(&P) -> Result<R, E>) -> impl Fn(&P) -> Result<Vec<P>, E> {
    move |primals| Ok(rows(primals, transforms::jacrev(flat(&f, primals), &primals.leaves())?.1)?)
}

/// The second derivatives of a function that returns a scalar: for each array of the argument, the Jacobian of the
/// gradient for that array.
///
/// ```
/// use cotan::{Array, Result, hessian};
/// let x = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// let product = |x: &Array| -> Result<Array> { cotan::ops::prod(x, None, false) };
/// assert_eq!(hessian(product)(&x)?[0].to_vec::<f32>()?, [0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// As for [`grad`] and [`jacfwd`].
pub fn hessian<P: Tree, E: From<Error>>(f: impl Fn(&P) -> Result<Array, E>) -> impl Fn(&P) -> Result<Vec<P>, E> {
    jacfwd(grad(f))
}

/// The Hessian of a function that returns a scalar, times a vector, without the Hessian itself.
///
/// ```
/// use cotan::{Array, Result, hvp};
/// let cube = |x: &Array| -> Result<Array> { (x * x * x).sum(None, false) };
/// let (x, v) = (Array::scalar(2.0f32), Array::scalar(1.0f32));
/// assert_eq!(hvp(cube, &x, &v)?.item::<f32>()?, 12.0);
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// As for [`grad`] and [`jvp`].
pub fn hvp<P: Tree, E: From<Error>>(f: impl Fn(&P) -> Result<Array, E>, primals: &P, tangents: &P) -> Result<P, E> {
    Ok(jvp(grad(f), primals, tangents)?.1)
}

/// Calls `f` and gives its result with its derivative at that point, a linear function that can be called many times.
///
/// ```
/// use cotan::{Array, Result, linearize};
/// let x = Array::scalar(3.0f32);
/// let (y, slope) = linearize(|x: &Array| -> Result<Array> { x.square() }, &x)?;
/// assert_eq!(y.item::<f32>()?, 9.0);
/// assert_eq!(slope(&Array::scalar(2.0f32))?.item::<f32>()?, 12.0);
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// As for [`transforms::linearize`].
#[allow(clippy::type_complexity)]
pub fn linearize<P: Tree, R: Tree + Clone, E: From<Error>>(
    f: impl FnOnce(&P) -> Result<R, E>,
    primals: &P,
) -> Result<(R, impl Fn(&P) -> Result<R>), E> {
    let result: RefCell<Option<R>> = RefCell::new(None);
    let call = |leaves: &[Array]| -> Result<Vec<Array>, E> {
        let value = f(&primals.rebuild(&mut leaves.iter().cloned())?)?;
        Ok(result.borrow_mut().insert(value).leaves())
    };
    let (_, linear): (_, Linear) = transforms::linearize(call, &primals.leaves())?;
    let result = result.into_inner().ok_or_else(|| Error::value("linearize", "the function was not called"))?;
    let like = result.clone();
    Ok((result, move |tangents: &P| like.rebuild(&mut linear.call(&tangents.leaves())?.into_iter())))
}

/// Refuses a function whose derivatives are wrong: `jvp` must agree with central differences and `vjp` with `jvp`.
///
/// ```
/// use cotan::{Array, Result, check_grads, transforms::Check};
/// let x = Array::from_slice(&[0.5f64, 2.0], &[2])?;
/// check_grads(|x: &Array| -> Result<Array> { x.exp()?.sum(None, false) }, &x, &Check::default())?;
/// # Ok::<(), cotan::Error>(())
/// ```
///
/// # Errors
/// Whatever `f` raises; [`Error::Runtime`] that says which derivative is wrong, along which direction and by how much.
pub fn check_grads<P: Tree, R: Tree, E: From<Error>>(
    f: impl Fn(&P) -> Result<R, E>,
    primals: &P,
    check: &Check,
) -> Result<(), E> {
    let call = |leaves: &[Array]| flat(&f, primals)(leaves);
    match transforms::wrong_derivative(&call, &primals.leaves(), check)? {
        None => Ok(()),
        Some(wrong) => Err(Error::Runtime { op: "check_grads", message: wrong.to_string() }.into()),
    }
}
