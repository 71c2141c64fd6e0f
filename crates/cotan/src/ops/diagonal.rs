//! Diagonals, and products of every element with every other.

use cotan_kernels::DType;
use cotan_kernels::layout::Strides;
use smallvec::smallvec;

use super::arrange::join_pairs;
use super::expand_dims;
use super::follow::{Regroup, flat, regroup};
use super::{astype, multiply, normalize_axes, permute, reshape, strided_slice, strided_update, sum, zeros_view};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};

/// The elements of the `offset`-th diagonal of the matrices in axes `axis1` and `axis2`, as a new last axis.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when both are the same.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1, 2, 3, 4], &[2, 2])?;
/// assert_eq!(ops::diagonal(&x, 0, 0, 1)?.to_vec::<i32>()?, [1, 4]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn diagonal(a: &Array, offset: i64, axis1: i64, axis2: i64) -> Result<Array> {
    const OP: &str = "diagonal";
    if a.ndim() < 2 {
        return Err(Error::value(OP, format!("needs at least two axes, got shape {}", tuple(a.shape()))));
    }
    let last = normalize_axes(OP, &[axis1, axis2], a.ndim())?;
    let batch: Shape = (0..a.ndim()).filter(|axis| !last.contains(axis)).collect();
    let matrices = permute(a, &[batch.as_slice(), &last].concat())?;
    let (shape, batch) = (matrices.shape(), batch.len());
    let (start, size) = line(shape[batch], shape[batch + 1], offset);
    let flat = reshape(&matrices, &[&shape[..batch], &[shape[batch] * shape[batch + 1]]].concat())?;
    let mut starts: Shape = smallvec![0; batch + 1];
    let mut steps: Strides = smallvec![1; batch + 1];
    (starts[batch], steps[batch]) = (start, shape[batch + 1] as isize + 1);
    strided_slice(&flat, &starts, &steps, &[&shape[..batch], &[size]].concat())
}

/// Where the `offset`-th diagonal of a row-major `n` by `m` matrix starts, and how many elements it has.
fn line(n: usize, m: usize, offset: i64) -> (usize, usize) {
    let distance = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
    let size = if offset >= 0 { n.min(m.saturating_sub(distance)) } else { m.min(n.saturating_sub(distance)) };
    let start = if offset >= 0 { distance } else { distance.saturating_mul(m) };
    if size == 0 { (0, 0) } else { (start, size) }
}

/// The matrix with the elements of a one-dimensional `a` on its `k`-th diagonal, or that diagonal of a matrix `a`.
///
/// # Errors
/// When `a` has neither one nor two axes, or the matrix has too many elements.
pub fn diag(a: &Array, k: i64) -> Result<Array> {
    match a.shape() {
        &[n] => {
            let too_large = || Error::value("diag", format!("{n} elements {k} off the diagonal are too many"));
            let distance = usize::try_from(k.unsigned_abs()).map_err(|_| too_large())?;
            let side =
                n.checked_add(distance).filter(|side| side.checked_mul(*side).is_some()).ok_or_else(too_large)?;
            let (start, _) = line(side, side, k);
            let zero = zeros_view(&[side * side], a.dtype())?;
            reshape(&strided_update(&zero, a, &[start], &[side as isize + 1])?, &[side, side])
        }
        [_, _] => diagonal(a, k, 0, 1),
        shape => Err(Error::value("diag", format!("takes arrays with one or two axes, got shape {}", tuple(shape)))),
    }
}

/// The sum over the `offset`-th diagonal of the matrices in axes `axis1` and `axis2`, in `dtype` if that is given.
///
/// # Errors
/// As [`diagonal`].
pub fn trace(a: &Array, offset: i64, axis1: i64, axis2: i64, dtype: Option<DType>) -> Result<Array> {
    let line = diagonal(a, offset, axis1, axis2)?;
    match dtype {
        None => sum(&line, Some(&[-1]), false),
        Some(dtype) => astype(&sum(&astype(&line, dtype)?, Some(&[-1]), false)?, dtype),
    }
}

/// The product of every element of `a` with every element of `b`, as a matrix.
///
/// # Errors
/// When there are too many products.
pub fn outer(a: &Array, b: &Array) -> Result<Array> {
    multiply(&expand_dims(&flat(a)?, &[1])?, &flat(b)?)
}

/// The Kronecker product: `a` with each element replaced by its product with `b`.
///
/// # Errors
/// When there are too many products.
pub fn kron(a: &Array, b: &Array) -> Result<Array> {
    let ndim = a.ndim().max(b.ndim());
    // Axis `i` of the result comes from the axes `2 * i`, of `a`, and `2 * i + 1`, of `b`.
    let spread = |x: &Array, own: usize| {
        let is_own = |place: usize| place % 2 == own && place / 2 >= ndim - x.ndim();
        regroup(x, Regroup::Expand((0..2 * ndim).filter(|&place| !is_own(place)).collect()))
    };
    let pairs: Shape = (0..ndim).collect();
    join_pairs("kron", &multiply(&spread(a, 0)?, &spread(b, 1)?)?, &pairs)
}
