//! Products composed of matrix products and elementwise ones.

use cotan_kernels::{Scalar, layout};

use super::{add, astype, conj, matmul, multiply, normalize_axes, normalize_axis, permute, reshape, sum};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};

/// `alpha * (a @ b) + beta * c`, where `c` broadcasts to the product.
///
/// # Errors
/// As for [`matmul`], and when `c` doesn't broadcast to the product.
pub fn addmm(c: &Array, a: &Array, b: &Array, alpha: f64, beta: f64) -> Result<Array> {
    let dtype = c.dtype().promote(a.dtype()).promote(b.dtype());
    let scaled = |x: Array, factor: f64| {
        if factor == 1.0 { Ok(x) } else { multiply(&x, &Array::full(&[], Scalar::new(factor).cast(dtype))) }
    };
    let product = scaled(matmul(&astype(a, dtype)?, &astype(b, dtype)?)?, alpha)?;
    let term = scaled(astype(c, dtype)?, beta)?;
    if layout::broadcast(product.shape(), term.shape()).as_deref() != Some(product.shape()) {
        return Err(Error::Broadcast { op: "addmm", left: c.shape().into(), right: product.shape().into() });
    }
    add(&product, &term)
}

/// Sums of products over the last axes of both; a product when one has no axes.
///
/// # Errors
/// When the last axes differ in size.
pub fn inner(a: &Array, b: &Array) -> Result<Array> {
    if a.ndim() == 0 || b.ndim() == 0 {
        return multiply(a, b);
    }
    contract("inner", a, b, &[-1], &[-1])
}

/// Sums of products over axes of `a` and the axes of `b` at the same places of the lists; the result has the other axes
/// of `a`, then those of `b`.
///
/// # Errors
/// [`Error::Axis`] when an axis doesn't exist; when paired axes differ in number or size.
pub fn tensordot(a: &Array, b: &Array, axes_a: &[i64], axes_b: &[i64]) -> Result<Array> {
    contract("tensordot", a, b, axes_a, axes_b)
}

/// [`tensordot`] over the last `count` axes of `a` and the first `count` of `b`.
///
/// # Errors
/// When `count` is negative or more than there are axes, or sizes differ.
pub fn tensordot_count(a: &Array, b: &Array, count: i64) -> Result<Array> {
    let most = a.ndim().min(b.ndim()) as i64;
    if !(0..=most).contains(&count) {
        let message = format!("can sum over between 0 and {most} axes, got {count}");
        return Err(Error::value("tensordot", message));
    }
    let axes_a: Vec<i64> = (a.ndim() as i64 - count..a.ndim() as i64).collect();
    let axes_b: Vec<i64> = (0..count).collect();
    contract("tensordot", a, b, &axes_a, &axes_b)
}

fn contract(op: &'static str, a: &Array, b: &Array, axes_a: &[i64], axes_b: &[i64]) -> Result<Array> {
    let (in_a, in_b) = (normalize_axes(op, axes_a, a.ndim())?, normalize_axes(op, axes_b, b.ndim())?);
    let sizes = |x: &Array, axes: &[usize]| -> Shape { axes.iter().map(|&axis| x.shape()[axis]).collect() };
    let summed = sizes(a, &in_a);
    if summed != sizes(b, &in_b) {
        let (left, right) = (tuple(a.shape()), tuple(b.shape()));
        let message = format!("axes {axes_a:?} of shape {left} and {axes_b:?} of shape {right} must have equal sizes");
        return Err(Error::value(op, message));
    }
    let free = |x: &Array, axes: &[usize]| -> Shape { (0..x.ndim()).filter(|axis| !axes.contains(axis)).collect() };
    let (free_a, free_b) = (free(a, &in_a), free(b, &in_b));
    let shape: Shape = sizes(a, &free_a).into_iter().chain(sizes(b, &free_b)).collect();
    let k: usize = summed.iter().product();
    let m: usize = sizes(a, &free_a).iter().product();
    let n: usize = sizes(b, &free_b).iter().product();
    let rows = reshape(&permute(a, &[free_a, in_a].concat())?, &[m, k])?;
    let columns = reshape(&permute(b, &[in_b, free_b].concat())?, &[k, n])?;
    reshape(&matmul(&rows, &columns)?, &shape)
}

/// Sums of products along an axis that both have, the first conjugated; the other axes broadcast.
///
/// # Errors
/// [`Error::Axis`] when one has no such axis; when the axes don't meet or differ in size, or the others don't broadcast.
pub fn vecdot(a: &Array, b: &Array, axis: i64) -> Result<Array> {
    const OP: &str = "vecdot";
    let from_end = |x: &Array| Ok::<_, Error>(x.ndim() - normalize_axis(OP, axis, x.ndim())?);
    let (left, right) = (from_end(a)?, from_end(b)?);
    if left != right || a.shape()[a.ndim() - left] != b.shape()[b.ndim() - right] {
        let (left, right) = (tuple(a.shape()), tuple(b.shape()));
        return Err(Error::value(
            OP,
            format!("axis {axis} of shapes {left} and {right} must be the same and equally long"),
        ));
    }
    sum(&multiply(&conj(a)?, b)?, Some(&[-(left as i64)]), false)
}
