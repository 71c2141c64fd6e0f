//! Norms of vectors and matrices.

use cotan_kernels::{DType, Kind};

use super::svd::svdvals;
use crate::array::{Array, Shape};
use crate::error::{Error, Result};
use crate::ops::elementwise::number;
use crate::ops::{
    abs, astype, equal, expand_dims, max, min, normalize_axes, not_equal, power, sqrt, square, squeeze, sum, where_,
    zeros_like,
};

const OP: &str = "norm";

/// Which norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ord {
    /// Of a vector the `p`-norm `sum(|x|^p)^(1/p)`, with 0 the number of elements that are not zero and ±∞ the largest and
    /// the smallest absolute value. Of a matrix 1 and -1: the largest and the smallest sum of absolute values of a column;
    /// ±∞ the same of a row; 2 and -2: the largest and the smallest singular value.
    P(f64),
    /// The root of the sum of squares of a matrix.
    Frobenius,
    /// The sum of the singular values of a matrix.
    Nuclear,
}

/// The norm over one axis (of vectors) or two (of matrices); over all axes when there are none. Without `ord` it is the root
/// of the sum of squares, over any number of axes if they are not given. With `keepdims` the axes stay, with size one.
///
/// Integers give `float32`, complex numbers the type of their parts. The derivative at zero is zero.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when there are more axes than two, or the norm doesn't suit their number.
pub fn norm(a: &Array, ord: Option<Ord>, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    let axes = match axes {
        Some(axes) if axes.len() > 2 => return Err(unsuitable(axes.len())),
        Some(axes) => normalize_axes(OP, axes, a.ndim())?,
        None if ord.is_some() && !(1..=2).contains(&a.ndim()) => return Err(unsuitable(a.ndim())),
        None => (0..a.ndim()).collect(),
    };
    let a = if a.dtype().is_inexact() { a.clone() } else { astype(a, DType::F32)? };
    let signed: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
    let kept = match (ord, axes.as_slice()) {
        (None, _) | (Some(Ord::Frobenius), [_, _]) => root_of_squares(&a, &signed)?,
        (Some(Ord::P(p)), [_]) => vector(&a, p, signed[0])?,
        (Some(Ord::P(p)), &[row, column]) if p.abs() == 1.0 || p.is_infinite() => {
            let (summed, compared) = if p.is_infinite() { (column, row) } else { (row, column) };
            extreme(&sum(&abs(&a)?, Some(&[summed as i64]), true)?, p > 0.0, compared as i64)?
        }
        (Some(Ord::P(p)), &[row, column]) if p.abs() == 2.0 => {
            spectral(&a, row, column, |values| extreme(values, p > 0.0, -1))?
        }
        (Some(Ord::Nuclear), &[row, column]) => spectral(&a, row, column, |values| sum(values, Some(&[-1]), true))?,
        (Some(Ord::P(p)), [_, _]) => {
            return Err(Error::value(
                OP,
                format!("a matrix has no {p}-norm here; expected 1, -1, 2, -2, inf, -inf, 'fro' or 'nuc'"),
            ));
        }
        (Some(Ord::Frobenius | Ord::Nuclear | Ord::P(_)), axes) => return Err(unsuitable(axes.len())),
    };
    if keepdims { Ok(kept) } else { squeeze(&kept, Some(&signed)) }
}

fn unsuitable(axes: usize) -> Error {
    Error::value(OP, format!("a vector norm is over one axis and a matrix norm over two, got {axes}"))
}

fn extreme(a: &Array, largest: bool, axis: i64) -> Result<Array> {
    if largest { max(a, Some(&[axis]), true) } else { min(a, Some(&[axis]), true) }
}

/// `root(total)`, with a derivative of zero at zero.
fn safe_root(total: &Array, root: impl Fn(&Array) -> Result<Array>) -> Result<Array> {
    let zero = equal(total, &number(total, 0.0))?;
    where_(&zero, &zeros_like(total), &root(&where_(&zero, &number(total, 1.0), total)?)?)
}

fn root_of_squares(a: &Array, axes: &[i64]) -> Result<Array> {
    let squares = if a.dtype() == DType::C64 { squared_modulus(a)? } else { square(a)? };
    safe_root(&sum(&squares, Some(axes), true)?, sqrt)
}

fn squared_modulus(a: &Array) -> Result<Array> {
    crate::ops::add(&square(&crate::ops::real(a)?)?, &square(&crate::ops::imag(a)?)?)
}

fn vector(a: &Array, p: f64, axis: i64) -> Result<Array> {
    if p == 2.0 {
        return root_of_squares(a, &[axis]);
    }
    let size = abs(a)?;
    if p == 0.0 {
        let counted = astype(&not_equal(&size, &number(&size, 0.0))?, size.dtype())?;
        return sum(&counted, Some(&[axis]), true);
    }
    if p.is_infinite() {
        return extreme(&size, p > 0.0, axis);
    }
    if p == 1.0 {
        return sum(&size, Some(&[axis]), true);
    }
    let total = sum(&power(&size, &number(&size, p))?, Some(&[axis]), true)?;
    safe_root(&total, |total| power(total, &number(total, 1.0 / p)))
}

/// A function of the singular values of the matrices in two axes.
fn spectral(a: &Array, row: usize, column: usize, of: impl Fn(&Array) -> Result<Array>) -> Result<Array> {
    // Rows and columns may change places, but not with other axes.
    let others: Shape = (0..a.ndim()).filter(|&axis| axis != row && axis != column).chain([row, column]).collect();
    let matrices = crate::ops::permute(a, &others)?;
    let half = a.dtype().kind() == Kind::Float && a.dtype().size() == 2;
    let matrices = if half { astype(&matrices, DType::F32)? } else { matrices };
    let value = of(&svdvals(&matrices)?)?;
    let value = squeeze(&value, Some(&[-1]))?;
    let value = if half { astype(&value, a.dtype())? } else { value };
    let (first, second) = (row.min(column) as i64, row.max(column) as i64);
    expand_dims(&value, &[first, second])
}
