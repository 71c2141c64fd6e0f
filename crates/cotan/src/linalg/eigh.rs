//! Eigenvalues of Hermitian matrices.

use cotan_kernels::{Tensor, linalg as kernel};
use smallvec::smallvec;

use super::Triangle;
use super::matrices::{
    adjoint, diagonal, diagonal_matrix, expect_square_field, hermitian, inverse_gaps, matmul, named, real_dtype,
    scale_columns, spec, sum_some, vmap,
};
use crate::array::{Array, Spec};
use crate::error::Result;
use crate::ops::{Batched, Primitive, Site, Tangents, multiply, real};

/// The eigenvalues of Hermitian matrices, and perhaps their eigenvectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Eigh {
    /// Whether the eigenvectors are a second result.
    pub vectors: bool,
}

/// `[w, v]` with `a v = v diag(w)` for Hermitian matrices `(..., n, n)`: real eigenvalues in ascending order, and
/// orthonormal eigenvectors as the columns of `v`. Only one triangle of `a` is read, and the derivative lies in it.
///
/// Derivatives suit functions that don't depend on the phases of eigenvectors, and of those that share an eigenvalue only
/// on the space they span. Infinite or NaN elements are an error when the result is evaluated.
///
/// # Errors
/// When the matrices are not square or not of `float32`, `float64` or `complex64`.
pub fn eigh(a: &Array, triangle: Triangle) -> Result<[Array; 2]> {
    expect_square_field("eigh", a)?;
    decompose(&hermitian(a, triangle)?)
}

/// The eigenvalues of [`eigh`] alone.
///
/// # Errors
/// As [`eigh`].
pub fn eigvalsh(a: &Array, triangle: Triangle) -> Result<Array> {
    expect_square_field("eigvalsh", a)?;
    Array::apply(Eigh { vectors: false }, smallvec![hermitian(a, triangle)?])
}

fn decompose(a: &Array) -> Result<[Array; 2]> {
    let results = Array::apply_all(Eigh { vectors: true }, smallvec![a.clone()])?;
    Ok(results.try_into().unwrap_or_else(|_| unreachable!("two results")))
}

impl Eigh {
    fn factors(self, site: &Site) -> Result<[Array; 2]> {
        if self.vectors { Ok([site.outputs[0].clone(), site.outputs[1].clone()]) } else { decompose(&site.inputs[0]) }
    }
}

// M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation", 2008,
// section 3.1, with the adjoint for the inverse: dw = diag(E), dV = V (F ∘ E), E = Vᴴ dA V, F[i, j] = 1 / (w[j] - w[i]).
impl Primitive for Eigh {
    fn name(&self) -> &'static str {
        "eigh"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let a = &inputs[0];
        let n = expect_square_field(self.name(), a)?;
        let values = spec(a, &[n], real_dtype(a.dtype()));
        Ok(if self.vectors { vec![values, a.spec()] } else { vec![values] })
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None; site.outputs.len()]) };
        let [w, v] = self.factors(site)?;
        let inner = matmul(&matmul(&adjoint(&v)?, tangent)?, &v)?;
        let mut results = vec![Some(real(&diagonal(&inner)?)?)];
        if self.vectors {
            results.push(Some(matmul(&v, &multiply(&inverse_gaps(&w)?, &inner)?)?));
        }
        Ok(results)
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let [w, v] = self.factors(site)?;
        let vh = adjoint(&v)?;
        let Some(cotangent) = cotangents.get(1).and_then(Option::as_ref) else {
            let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
            return Ok(vec![Some(matmul(&scale_columns(&v, cotangent)?, &vh)?)]);
        };
        let turned = multiply(&inverse_gaps(&w)?, &matmul(&vh, cotangent)?)?;
        let stretched = cotangents[0].as_ref().map(diagonal_matrix).transpose()?;
        let inner = sum_some([Some(turned), stretched])?;
        Ok(vec![inner.map(|inner| matmul(&matmul(&v, &inner)?, &vh)).transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        named(self, kernel::eigh(&inputs[0], self.vectors))
    }
}
