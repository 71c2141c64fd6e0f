//! Cholesky decomposition.

use cotan_kernels::{Tensor, linalg as kernel};
use smallvec::smallvec;

use super::Triangle::{self, Lower, Upper};
use super::inverse::tri_inv;
use super::matrices::{adjoint, expect_square_field, half, hermitian, lower, matmul, named, vmap};
use super::solve::{left_solve, right_solve};
use crate::array::{Array, Spec};
use crate::error::Result;
use crate::ops::{Batched, Primitive, Site, Tangents, identity, where_, zeros_like};

/// The lower triangular factor of Hermitian positive definite matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Cholesky;

/// The factor of Hermitian positive definite matrices `(..., n, n)`: a lower triangular `l` with `a = l lᴴ`, or an upper
/// triangular `u` with `a = uᴴ u`. Only that triangle of `a` is read, and the derivative lies in it.
///
/// A matrix that is not positive definite is an error when the factor is evaluated.
///
/// # Errors
/// When the matrices are not square or not of `float32`, `float64` or `complex64`.
pub fn cholesky(a: &Array, triangle: Triangle) -> Result<Array> {
    expect_square_field("cholesky", a)?;
    let factor = Array::apply(Cholesky, smallvec![hermitian(a, triangle)?])?;
    match triangle {
        Lower => Ok(factor),
        Upper => adjoint(&factor),
    }
}

/// The inverse of the matrices whose factor from [`cholesky`] is `factor`.
///
/// # Errors
/// As [`cholesky`].
pub fn cholesky_inv(factor: &Array, triangle: Triangle) -> Result<Array> {
    expect_square_field("cholesky_inv", factor)?;
    let inverse = tri_inv(factor, triangle)?;
    match triangle {
        Lower => matmul(&adjoint(&inverse)?, &inverse),
        Upper => matmul(&inverse, &adjoint(&inverse)?),
    }
}

/// The lower triangle with half of the diagonal.
fn lower_half(a: &Array) -> Result<Array> {
    let n = a.shape()[a.ndim() - 1];
    let halved = where_(&identity(n, cotan_kernels::DType::Bool)?, &half(a)?, a)?;
    where_(&lower(n, 0)?, &halved, &zeros_like(a))
}

// I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527, 2016: dL = L Φ(L⁻¹ dA L⁻ᴴ), where Φ takes the
// lower triangle with half of the diagonal.
impl Primitive for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (l, Some(tangent)) = (&site.outputs[0], &tangents[0]) else { return Ok(vec![None]) };
        let inner = right_solve(&left_solve(l, tangent, Lower)?, &adjoint(l)?, Upper)?;
        Ok(vec![Some(matmul(l, &lower_half(&inner)?)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let (l, Some(cotangent)) = (&site.outputs[0], &cotangents[0]) else { return Ok(vec![None]) };
        let lh = adjoint(l)?;
        let inner = lower_half(&matmul(&lh, cotangent)?)?;
        Ok(vec![Some(right_solve(&left_solve(&lh, &inner, Upper)?, l, Lower)?)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![named(self, kernel::cholesky(&inputs[0]))?])
    }
}
