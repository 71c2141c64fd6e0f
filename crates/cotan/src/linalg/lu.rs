//! LU decomposition.

use cotan_kernels::{DType, Tensor, linalg as kernel};
use smallvec::smallvec;

use super::Triangle::{Lower, Upper};
use super::matrices::{adjoint, expect_matrices, matmul, named, spec, vmap};
use super::solve::{left_solve, right_solve};
use crate::array::{Array, Shape, Spec};
use crate::error::Result;
use crate::ops::{
    Batched, Primitive, Site, Tangents, add, argsort, astype, broadcast_to, concatenate, expand_dims, expect_countable,
    eye, slice_axis, take_along_axis, tril, triu, zeros,
};

/// The LU decomposition with partial pivoting: both factors in one matrix, the swaps, and the order of rows they lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Lu;

/// `[order, l, u]` with `a = l[order] u`: `a (..., m, n)` is the product of the rows of a lower triangular `l (..., m, k)`,
/// which has ones on the diagonal, in an order `(..., m)`, as `uint32`, with an upper triangular `u (..., k, n)`,
/// `k = min(m, n)`.
///
/// # Errors
/// When `a` has fewer than two axes or another type than `float32`, `float64` and `complex64`.
pub fn lu(a: &Array) -> Result<[Array; 3]> {
    let [m, n] = expect_matrices("lu", a)?;
    let [packed, _, taken] = factor(a)?;
    // The rows of `a` that were taken, turned into the places where they went.
    let order = argsort(&taken, Some(-1))?;
    let (k, rows, columns) = (m.min(n), a.ndim() - 2, a.ndim() - 1);
    let l = tril(&slice_axis(&packed, columns, 0, 1, k)?, -1)?;
    let u = triu(&slice_axis(&packed, rows, 0, 1, k)?, 0)?;
    Ok([order, add(&l, &eye(m, k, 0, a.dtype())?)?, u])
}

/// The factors of [`lu`] in one matrix `(..., m, n)`, without the ones on the diagonal; and the row `(..., min(m, n))`, as
/// `uint32`, that each row was swapped with, first to last.
///
/// # Errors
/// As [`lu`].
pub fn lu_factor(a: &Array) -> Result<[Array; 2]> {
    expect_matrices("lu_factor", a)?;
    let [packed, pivots, _] = factor(a)?;
    Ok([packed, pivots])
}

/// Both factors in one matrix, the swaps and the order of rows.
pub(super) fn factor(a: &Array) -> Result<[Array; 3]> {
    let results = Array::apply_all(Lu, smallvec![a.clone()])?;
    Ok(results.try_into().unwrap_or_else(|_| unreachable!("three results")))
}

/// Rows taken in an order.
fn reorder(a: &Array, order: &Array) -> Result<Array> {
    let order = broadcast_to(&expand_dims(order, &[-1])?, a.shape())?;
    take_along_axis(a, &order, Some(-2))
}

/// The factors as square matrices, completed by the identity where one of them is not.
fn square_factors(packed: &Array) -> Result<[Array; 2]> {
    let (rows, columns) = (packed.ndim() - 2, packed.ndim() - 1);
    let (m, n) = (packed.shape()[rows], packed.shape()[columns]);
    let padding = |height: usize, width: usize| {
        let shape: Shape = packed.shape()[..rows].iter().copied().chain([height, width]).collect();
        zeros(&shape, packed.dtype())
    };
    let (mut l, mut u) = (packed.clone(), packed.clone());
    if m > n {
        l = concatenate(&[l, padding(m, m - n)], Some(-1))?;
        u = slice_axis(&u, rows, 0, 1, n)?;
    } else if m < n {
        l = slice_axis(&l, columns, 0, 1, m)?;
        let ones = broadcast_to(&eye(n - m, n, m as i64, packed.dtype())?, padding(n - m, n).shape())?;
        u = concatenate(&[u, ones], Some(-2))?;
    }
    Ok([add(&tril(&l, -1)?, &eye(m, m, 0, packed.dtype())?)?, triu(&u, 0)?])
}

impl Primitive for Lu {
    fn name(&self) -> &'static str {
        "lu"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let a = &inputs[0];
        let [m, n] = expect_matrices(self.name(), a)?;
        expect_countable(self.name(), m)?;
        Ok(vec![a.spec(), spec(a, &[m.min(n)], DType::U32), spec(a, &[m], DType::U32)])
    }

    // With the rows in order, L⁻¹ dA U⁻¹ = L⁻¹ dL + dU U⁻¹, a strictly lower and an upper triangular matrix.
    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None; 3]) };
        let [l, u] = square_factors(&site.outputs[0])?;
        let inner = right_solve(&left_solve(&l, &reorder(tangent, &site.outputs[2])?, Lower)?, &u, Upper)?;
        let (below, above) = (matmul(&l, &tril(&inner, -1)?)?, matmul(&triu(&inner, 0)?, &u)?);
        Ok(vec![Some(add(&below, &above)?), None, None])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        let [l, u] = square_factors(&site.outputs[0])?;
        let (lh, uh) = (adjoint(&l)?, adjoint(&u)?);
        let inner = add(&tril(&matmul(&lh, cotangent)?, -1)?, &triu(&matmul(cotangent, &uh)?, 0)?)?;
        let ordered = right_solve(&left_solve(&lh, &inner, Upper)?, &uh, Lower)?;
        let back = argsort(&astype(&site.outputs[2], DType::I64)?, Some(-1))?;
        Ok(vec![Some(reorder(&ordered, &back)?)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(named(self, kernel::lu(&inputs[0]))?.into())
    }
}
