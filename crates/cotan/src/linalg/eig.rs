//! Eigenvalues of matrices that need not be symmetric.

use cotan_kernels::{DType, Tensor, linalg as kernel};
use smallvec::smallvec;

use super::inverse::inv;
use super::matrices::{
    adjoint, diagonal, diagonal_matrix, expect_square_field, inverse_gaps, matmul, named, scale_columns, spec,
    subtract, sum_some, vmap,
};
use crate::array::{Array, Spec};
use crate::error::Result;
use crate::ops::{Batched, Primitive, Site, Tangents, astype, conj, multiply, real};

/// The eigenvalues of square matrices, and perhaps their eigenvectors, as `complex64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Eig {
    /// Whether the eigenvectors are a second result.
    pub vectors: bool,
}

/// `[w, v]` with `a v = v diag(w)` for square matrices `(..., n, n)`, both `complex64` whatever the type of `a`: the
/// eigenvalues in no particular order, and eigenvectors of length one, whose largest element is real, as the columns of
/// `v`.
///
/// Derivatives suit functions that don't depend on the phases of eigenvectors, and need distinct eigenvalues. Infinite or
/// NaN elements are an error when the result is evaluated.
///
/// # Errors
/// When the matrices are not square or not of `float32`, `float64` or `complex64`.
pub fn eig(a: &Array) -> Result<[Array; 2]> {
    expect_square_field("eig", a)?;
    decompose(a)
}

/// The eigenvalues of [`eig`] alone.
///
/// # Errors
/// As [`eig`].
pub fn eigvals(a: &Array) -> Result<Array> {
    expect_square_field("eigvals", a)?;
    Array::apply(Eig { vectors: false }, smallvec![a.clone()])
}

fn decompose(a: &Array) -> Result<[Array; 2]> {
    let results = Array::apply_all(Eig { vectors: true }, smallvec![a.clone()])?;
    Ok(results.try_into().unwrap_or_else(|_| unreachable!("two results")))
}

impl Eig {
    fn factors(self, site: &Site) -> Result<[Array; 2]> {
        if self.vectors { Ok([site.outputs[0].clone(), site.outputs[1].clone()]) } else { decompose(&site.inputs[0]) }
    }
}

/// `x` without what would change the lengths of the columns of `v`.
fn keep_lengths(v: &Array, x: &Array) -> Result<Array> {
    let along = real(&diagonal(&matmul(&adjoint(v)?, x)?)?)?;
    subtract(x, &scale_columns(v, &along)?)
}

// M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation", 2008,
// section 3.1: dw = diag(E), dV = V (F ∘ E), E = V⁻¹ dA V, F[i, j] = 1 / (w[j] - w[i]); then lengths are kept at one.
impl Primitive for Eig {
    fn name(&self) -> &'static str {
        "eig"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let a = &inputs[0];
        let n = expect_square_field(self.name(), a)?;
        let (values, vectors) = (spec(a, &[n], DType::C64), spec(a, &[n, n], DType::C64));
        Ok(if self.vectors { vec![values, vectors] } else { vec![values] })
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None; site.outputs.len()]) };
        let [w, v] = self.factors(site)?;
        let inner = matmul(&matmul(&inv(&v)?, &astype(tangent, DType::C64)?)?, &v)?;
        let mut results = vec![Some(diagonal(&inner)?)];
        if self.vectors {
            results.push(Some(keep_lengths(&v, &matmul(&v, &multiply(&inverse_gaps(&w)?, &inner)?)?)?));
        }
        Ok(results)
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let [w, v] = self.factors(site)?;
        let vh = adjoint(&v)?;
        let turned = match cotangents.get(1).and_then(Option::as_ref) {
            None => None,
            Some(cotangent) => {
                let turned = matmul(&vh, &keep_lengths(&v, cotangent)?)?;
                Some(multiply(&conj(&inverse_gaps(&w)?)?, &turned)?)
            }
        };
        let stretched = cotangents[0].as_ref().map(diagonal_matrix).transpose()?;
        let Some(inner) = sum_some([turned, stretched])? else { return Ok(vec![None]) };
        let cotangent = matmul(&matmul(&adjoint(&inv(&v)?)?, &inner)?, &vh)?;
        let dtype = site.inputs[0].dtype();
        Ok(vec![Some(if dtype == DType::C64 { cotangent } else { astype(&real(&cotangent)?, dtype)? })])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        named(self, kernel::eig(&inputs[0], self.vectors))
    }
}
