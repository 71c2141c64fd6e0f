//! QR decomposition.

use cotan_kernels::{DType, Tensor, linalg as kernel};
use smallvec::smallvec;

use super::Triangle::{Lower, Upper};
use super::matrices::{adjoint, expect_matrices, lower, matmul, named, spec, subtract, sum_some, vmap};
use super::solve::right_solve;
use crate::array::{Array, Spec};
use crate::error::Result;
use crate::ops::{
    Batched, Primitive, Site, Tangents, add, astype, concatenate, identity, real, slice_axis, where_, zeros_like,
};

/// `q` and `r` of matrices with at least as many rows as columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Qr;

/// `[q, r]` with `a = q r` for matrices `(..., m, n)`: `q (..., m, k)` has orthonormal columns and `r (..., k, n)` is upper
/// triangular with real numbers on the diagonal, `k = min(m, n)`.
///
/// # Errors
/// When `a` has fewer than two axes or another type than `float32`, `float64` and `complex64`.
pub fn qr(a: &Array) -> Result<[Array; 2]> {
    let [m, n] = expect_matrices("qr", a)?;
    let columns = a.ndim() - 1;
    let head = if m < n { slice_axis(a, columns, 0, 1, m)? } else { a.clone() };
    let results = Array::apply_all(Qr, smallvec![head])?;
    let [q, r] = results.try_into().unwrap_or_else(|_| unreachable!("two results"));
    if m >= n {
        return Ok([q, r]);
    }
    let rest = matmul(&adjoint(&q)?, &slice_axis(a, columns, m, 1, n - m)?)?;
    Ok([q, concatenate(&[r, rest], Some(-1))?])
}

/// The strictly upper triangle of `a`, the real part of its diagonal, and what `below` has below it.
fn with_real_diagonal(above: &Array, below: &Array) -> Result<Array> {
    let n = above.shape()[above.ndim() - 1];
    let off = where_(&lower(n, -1)?, below, above)?;
    where_(&identity(n, DType::Bool)?, &astype(&real(above)?, above.dtype())?, &off)
}

// S. F. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
// experimental design", arXiv:1001.1654, 2010. With M = Qᴴ dA R⁻¹ the upper triangular N = dR R⁻¹ is M plus the adjoint of its
// strictly lower triangle, with the real part of the diagonal; the rest of M is the skew-Hermitian Qᴴ dQ.
impl Primitive for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let a = &inputs[0];
        let [_, n] = expect_matrices(self.name(), a)?;
        Ok(vec![a.spec(), spec(a, &[n, n], a.dtype())])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None; 2]) };
        let (q, r) = (&site.outputs[0], &site.outputs[1]);
        let scaled = right_solve(tangent, r, Upper)?;
        let inner = matmul(&adjoint(q)?, &scaled)?;
        let upper = with_real_diagonal(&add(&inner, &adjoint(&inner)?)?, &zeros_like(&inner))?;
        let n = r.shape()[r.ndim() - 1];
        // The diagonal was added to its own conjugate.
        let upper = where_(&identity(n, DType::Bool)?, &super::matrices::half(&upper)?, &upper)?;
        let dq = subtract(&scaled, &matmul(q, &upper)?)?;
        Ok(vec![Some(dq), Some(matmul(&upper, r)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let (q, r) = (&site.outputs[0], &site.outputs[1]);
        let from_r = cotangents[1].as_ref().map(|cotangent| matmul(cotangent, &adjoint(r)?)).transpose()?;
        let from_q = cotangents[0].as_ref().map(|cotangent| matmul(&adjoint(q)?, cotangent)).transpose()?;
        let from_q = from_q.map(|x| crate::ops::negative(&x)).transpose()?;
        let Some(inner) = sum_some([from_r, from_q])? else { return Ok(vec![None]) };
        let symmetric = with_real_diagonal(&inner, &adjoint(&inner)?)?;
        let sum = sum_some([cotangents[0].clone(), Some(matmul(q, &symmetric)?)])?;
        Ok(vec![sum.map(|sum| right_solve(&sum, &adjoint(r)?, Lower)).transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(named(self, kernel::qr(&inputs[0]))?.into())
    }
}
