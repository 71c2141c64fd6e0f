//! Determinants.

use cotan_kernels::{DType, Tensor, linalg as kernel};
use smallvec::smallvec;

use super::lu::factor;
use super::matrices::{diagonal, expect_square, expect_square_field, matmul, named, spec, subtract, transpose, vmap};
use crate::array::{Array, Spec};
use crate::error::Result;
use crate::ops::{
    Batched, Primitive, Site, Tangents, abs, arange, astype, conj, divide, expand_dims, log, multiply, not_equal, prod,
    remainder, sign, sum,
};

/// The determinant of square matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Determinant;

/// The cofactors of square matrices: the derivatives of the determinant by each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Cofactor;

/// The determinant of square matrices `(..., n, n)`; integers and bools give `float32`, halves are widened and rounded.
///
/// The derivative exists for singular matrices too; the second one does not reach them.
///
/// # Errors
/// When the matrices are not square.
pub fn det(a: &Array) -> Result<Array> {
    expect_square("det", a)?;
    let dtype = floating(a.dtype());
    astype(&Array::apply(Determinant, smallvec![astype(a, computed(dtype))?])?, dtype)
}

/// `[sign, logabsdet]` of square matrices `(..., n, n)`, so that the determinant is `sign * exp(logabsdet)`. The sign of
/// complex matrices is a number of modulus 1; a singular matrix has 0 and negative infinity.
///
/// The derivative at a singular matrix is an error when it is evaluated.
///
/// # Errors
/// As [`det`].
pub fn slogdet(a: &Array) -> Result<[Array; 2]> {
    let n = expect_square("slogdet", a)?;
    let dtype = floating(a.dtype());
    let [packed, swaps, _] = factor(&astype(a, computed(dtype))?)?;
    let pivots = diagonal(&packed)?;
    let moved = not_equal(&swaps, &arange(0.0, n as f64, 1.0, DType::U32)?)?;
    let odd = remainder(&sum(&moved, Some(&[-1]), false)?, &Array::scalar(2i32))?;
    let parity = subtract(&Array::scalar(1i32), &multiply(&odd, &Array::scalar(2i32))?)?;
    let sign = multiply(&prod(&sign(&pivots)?, Some(&[-1]), false)?, &astype(&parity, packed.dtype())?)?;
    let size = sum(&log(&abs(&pivots)?)?, Some(&[-1]), false)?;
    let real = if dtype == DType::C64 { DType::F32 } else { dtype };
    Ok([astype(&sign, dtype)?, astype(&size, real)?])
}

/// The type of a determinant.
fn floating(dtype: DType) -> DType {
    if dtype.is_inexact() { dtype } else { DType::F32 }
}

/// The type to compute in.
fn computed(dtype: DType) -> DType {
    match dtype {
        DType::F64 | DType::C64 => dtype,
        _ => DType::F32,
    }
}

/// A number a matrix, for products with matrices.
fn as_matrix(values: &Array) -> Result<Array> {
    expand_dims(values, &[-1, -2])
}

impl Primitive for Determinant {
    fn name(&self) -> &'static str {
        "det"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_square_field(self.name(), &inputs[0])?;
        Ok(vec![spec(&inputs[0], &[], inputs[0].dtype())])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None]) };
        let cofactors = Array::apply(Cofactor, smallvec![site.inputs[0].clone()])?;
        Ok(vec![Some(sum(&multiply(&cofactors, tangent)?, Some(&[-1, -2]), false)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        let cofactors = Array::apply(Cofactor, smallvec![site.inputs[0].clone()])?;
        Ok(vec![Some(multiply(&conj(&cofactors)?, &as_matrix(cotangent)?)?)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![named(self, kernel::determinant(&inputs[0]))?])
    }
}

// With C = det(A) A⁻ᵀ, dC = (sum(C ∘ dA) C - C dAᵀ C) / det(A).
impl Primitive for Cofactor {
    fn name(&self) -> &'static str {
        "det"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_square_field(self.name(), &inputs[0])?;
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (c, Some(tangent)) = (&site.outputs[0], &tangents[0]) else { return Ok(vec![None]) };
        let determinant = Array::apply(Determinant, smallvec![site.inputs[0].clone()])?;
        let traces = sum(&multiply(c, tangent)?, Some(&[-1, -2]), true)?;
        let inner = subtract(&multiply(&traces, c)?, &matmul(&matmul(c, &transpose(tangent)?)?, c)?)?;
        Ok(vec![Some(divide(&inner, &as_matrix(&determinant)?)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let (c, Some(cotangent)) = (&site.outputs[0], &cotangents[0]) else { return Ok(vec![None]) };
        let determinant = conj(&Array::apply(Determinant, smallvec![site.inputs[0].clone()])?)?;
        let conjugate = conj(c)?;
        let traces = sum(&multiply(&conjugate, cotangent)?, Some(&[-1, -2]), true)?;
        let crossed = matmul(&matmul(&conjugate, &transpose(cotangent)?)?, &conjugate)?;
        Ok(vec![Some(divide(&subtract(&multiply(&traces, &conjugate)?, &crossed)?, &as_matrix(&determinant)?)?)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![named(self, kernel::cofactor(&inputs[0]))?])
    }
}
