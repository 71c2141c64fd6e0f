//! Inverses and pseudoinverses.

use cotan_kernels::{Tensor, linalg as kernel};
use smallvec::smallvec;

use super::Triangle;
use super::matrices::{
    adjoint, batch, broadcast_batch, epsilon, expect_matrices, expect_square_field, matmul, named, spec, subtract, vmap,
};
use super::solve::left_solve;
use super::svd::svdvals;
use crate::array::{Array, Spec};
use crate::error::Result;
use crate::ops::elementwise::number;
use crate::ops::{Batched, Primitive, Site, Tangents, add, greater, identity, max, multiply, negative, sum, zeros};

/// The inverse of square matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Inverse;

/// The pseudoinverse; its derivative is that among matrices of equal rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct PseudoInverse;

/// The inverse of square matrices `(..., n, n)`. A singular matrix is an error when the inverse is evaluated.
///
/// # Errors
/// When the matrices are not square or not of `float32`, `float64` or `complex64`.
pub fn inv(a: &Array) -> Result<Array> {
    expect_square_field("inv", a)?;
    Array::apply(Inverse, smallvec![a.clone()])
}

/// The inverse of triangular matrices `(..., n, n)`, of which the other triangle is not read. A zero on the diagonal is an
/// error when the inverse is evaluated.
///
/// # Errors
/// As [`inv`].
pub fn tri_inv(a: &Array, triangle: Triangle) -> Result<Array> {
    let n = expect_square_field("tri_inv", a)?;
    left_solve(a, &broadcast_batch(&identity(n, a.dtype())?, batch(a))?, triangle)
}

/// The Moore-Penrose pseudoinverse `(..., n, m)` of matrices `(..., m, n)`.
///
/// Singular values of at most `10 max(m, n) ε` times the largest count as zero, with `ε` the gap between 1 and the next
/// number. Infinite or NaN elements are an error when it is evaluated.
///
/// # Errors
/// When `a` has fewer than two axes or another type than `float32`, `float64` and `complex64`.
pub fn pinv(a: &Array) -> Result<Array> {
    expect_matrices("pinv", a)?;
    Array::apply(PseudoInverse, smallvec![a.clone()])
}

/// How many singular values of each matrix `(..., m, n)` exceed `tolerance` times the largest one, as `int32`; the
/// tolerance is `max(m, n) ε` by default.
///
/// # Errors
/// As [`pinv`].
pub fn matrix_rank(a: &Array, tolerance: Option<f64>) -> Result<Array> {
    let [m, n] = expect_matrices("matrix_rank", a)?;
    if m.min(n) == 0 {
        return Ok(zeros(batch(a), cotan_kernels::DType::I32));
    }
    let values = svdvals(a)?;
    let tolerance = tolerance.unwrap_or(m.max(n) as f64 * epsilon(a.dtype()));
    let least = multiply(&max(&values, Some(&[-1]), true)?, &number(&values, tolerance))?;
    sum(&greater(&values, &least)?, Some(&[-1]), false)
}

impl Primitive for Inverse {
    fn name(&self) -> &'static str {
        "inv"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[0].spec()])
    }

    // A X = 1 gives dX = -X dA X.
    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (x, Some(tangent)) = (&site.outputs[0], &tangents[0]) else { return Ok(vec![None]) };
        Ok(vec![Some(negative(&matmul(&matmul(x, tangent)?, x)?)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        let x = adjoint(&site.outputs[0])?;
        Ok(vec![Some(negative(&matmul(&matmul(&x, cotangent)?, &x)?)?)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![named(self, kernel::inverse(&inputs[0]))?])
    }
}

/// `1 - p`, the projection on the complement.
fn complement(projection: &Array) -> Result<Array> {
    let n = projection.shape()[projection.ndim() - 1];
    subtract(&identity(n, projection.dtype())?, projection)
}

// G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
// separate", SIAM J. Numer. Anal. 10, 1973:
// dP = -P dA P + P Pᴴ dAᴴ (1 - A P) + (1 - P A) dAᴴ Pᴴ P.
impl Primitive for PseudoInverse {
    fn name(&self) -> &'static str {
        "pinv"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let a = &inputs[0];
        let [m, n] = expect_matrices(self.name(), a)?;
        Ok(vec![spec(a, &[n, m], a.dtype())])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (a, p, Some(tangent)) = (&site.inputs[0], &site.outputs[0], &tangents[0]) else { return Ok(vec![None]) };
        let (ph, dah) = (adjoint(p)?, adjoint(tangent)?);
        let inner = negative(&matmul(&matmul(p, tangent)?, p)?)?;
        let left = matmul(&matmul(p, &matmul(&ph, &dah)?)?, &complement(&matmul(a, p)?)?)?;
        let right = matmul(&complement(&matmul(p, a)?)?, &matmul(&matmul(&dah, &ph)?, p)?)?;
        Ok(vec![Some(add(&inner, &add(&left, &right)?)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let (a, p, Some(cotangent)) = (&site.inputs[0], &site.outputs[0], &cotangents[0]) else {
            return Ok(vec![None]);
        };
        let (ph, gh) = (adjoint(p)?, adjoint(cotangent)?);
        let inner = negative(&matmul(&matmul(&ph, cotangent)?, &ph)?)?;
        let left = matmul(&complement(&matmul(a, p)?)?, &matmul(&gh, &matmul(p, &ph)?)?)?;
        let right = matmul(&matmul(&matmul(&ph, p)?, &gh)?, &complement(&matmul(p, a)?)?)?;
        Ok(vec![Some(add(&inner, &add(&left, &right)?)?)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let longer = inputs[0].shape().iter().rev().take(2).max().map_or(1, |&n| n);
        let rcond = 10.0 * longer as f64 * epsilon(specs[0].dtype);
        Ok(vec![named(self, kernel::pinv(&inputs[0], rcond))?])
    }
}
