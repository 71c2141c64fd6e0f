//! Singular value decomposition.

use cotan_kernels::{Tensor, linalg as kernel};
use smallvec::smallvec;

use super::Factors;
use super::matrices::{
    adjoint, diagonal, diagonal_matrix, expect_matrices, half, inverse_gaps, matmul, named, real_dtype,
    safe_reciprocal, scale_columns, spec, subtract, sum_some, vmap,
};
use crate::array::{Array, Spec};
use crate::error::Result;
use crate::ops::{
    Batched, Primitive, Site, Tangents, add, concatenate, expand_dims, multiply, negative, real, slice_axis,
};

/// The singular value decomposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Svd {
    /// Which factors are results beside the values.
    pub factors: Factors,
}

/// `[u, s, vᴴ]` with `a = u diag(s) vᴴ` for matrices `(..., m, n)`: `u` and `v` have orthonormal columns, and the singular
/// values `s (..., k)` are real and descend, `k = min(m, n)`.
///
/// `u` is `(..., m, m)` and `vᴴ` is `(..., n, n)` if `full`, else `(..., m, k)` and `(..., k, n)`. Derivatives suit
/// functions that don't depend on the phases of singular vectors, and of those that share a value only on the spaces they
/// span. Infinite or NaN elements are an error when the result is evaluated.
///
/// # Errors
/// When `a` has fewer than two axes or another type than `float32`, `float64` and `complex64`.
pub fn svd(a: &Array, full: bool) -> Result<[Array; 3]> {
    expect_matrices("svd", a)?;
    decompose(a, if full { Factors::Full } else { Factors::Thin })
}

/// The singular values of [`svd`] alone.
///
/// # Errors
/// As [`svd`].
pub fn svdvals(a: &Array) -> Result<Array> {
    expect_matrices("svd", a)?;
    Array::apply(Svd { factors: Factors::Values }, smallvec![a.clone()])
}

fn decompose(a: &Array, factors: Factors) -> Result<[Array; 3]> {
    let results = Array::apply_all(Svd { factors }, smallvec![a.clone()])?;
    Ok(results.try_into().unwrap_or_else(|_| unreachable!("three results")))
}

/// The factors that belong to singular values, with `v` as columns, and those that complete the bases.
struct Parts {
    u: Array,
    s: Array,
    v: Array,
    /// The further columns of `u` and of `v`.
    rest: Option<[Array; 2]>,
}

/// The first `k` of `n` columns and the others.
fn split_columns(a: &Array, k: usize) -> Result<[Array; 2]> {
    let axis = a.ndim() - 1;
    Ok([slice_axis(a, axis, 0, 1, k)?, slice_axis(a, axis, k, 1, a.shape()[axis] - k)?])
}

/// What a full basis whose first columns have the cotangent `of` gives them on behalf of the others.
///
/// The others move by -u duᴴ w only, as they must to stay orthogonal; a rotation among themselves is free.
fn pull_rest(u: &Array, rest: &Array, of: &Array) -> Result<Array> {
    let [first, others] = split_columns(of, u.shape()[u.ndim() - 1])?;
    subtract(&first, &matmul(rest, &matmul(&adjoint(&others)?, u)?)?)
}

fn push_rest(u: &Array, rest: &Array, du: &Array) -> Result<Array> {
    let moved = negative(&matmul(u, &matmul(&adjoint(du)?, rest)?)?)?;
    concatenate(&[du.clone(), moved], Some(-1))
}

impl Svd {
    fn parts(self, site: &Site) -> Result<Parts> {
        let [u, s, vh] = match self.factors {
            Factors::Values => decompose(&site.inputs[0], Factors::Thin)?,
            Factors::Thin | Factors::Full => std::array::from_fn(|i| site.outputs[i].clone()),
        };
        let v = adjoint(&vh)?;
        if self.factors != Factors::Full {
            return Ok(Parts { u, s, v, rest: None });
        }
        let k = s.shape()[s.ndim() - 1];
        let ([u, more_u], [v, more_v]) = (split_columns(&u, k)?, split_columns(&v, k)?);
        Ok(Parts { u, s, v, rest: Some([more_u, more_v]) })
    }
}

impl Parts {
    /// `1 / (s[j] + s[i])` at row `i` and column `j`.
    fn inverse_sums(&self) -> Result<Array> {
        safe_reciprocal(&add(&expand_dims(&self.s, &[-2])?, &expand_dims(&self.s, &[-1])?)?)
    }

    /// How the bases turn in themselves when they do so symmetrically (both alike) and oppositely.
    fn turns(&self, alike: &Array, opposite: &Array) -> Result<[Array; 2]> {
        let alike = half(&multiply(&inverse_gaps(&self.s)?, alike)?)?;
        Ok([alike, half(&multiply(&self.inverse_sums()?, opposite)?)?])
    }

    /// Whether vectors of this length can move out of the space they span.
    fn leaves(&self, vectors: &Array) -> bool {
        vectors.shape()[vectors.ndim() - 2] > self.s.shape()[self.s.ndim() - 1]
    }

    fn push(&self, tangent: &Array) -> Result<[Array; 3]> {
        let Parts { u, s, v, .. } = self;
        let (right, left) = (matmul(tangent, v)?, matmul(&adjoint(tangent)?, u)?);
        let inner = matmul(&adjoint(u)?, &right)?;
        let flipped = adjoint(&inner)?;
        let [alike, opposite] = self.turns(&add(&inner, &flipped)?, &subtract(&inner, &flipped)?)?;
        let scale = safe_reciprocal(s)?;
        let moved = |basis: &Array, turn: &Array, moved: &Array, inner: &Array| {
            let inside = matmul(basis, turn)?;
            if !self.leaves(basis) {
                return Ok(inside);
            }
            add(&inside, &scale_columns(&subtract(moved, &matmul(basis, inner)?)?, &scale)?)
        };
        let du = moved(u, &add(&alike, &opposite)?, &right, &inner)?;
        let dv = moved(v, &subtract(&alike, &opposite)?, &left, &flipped)?;
        Ok([du, real(&diagonal(&inner)?)?, dv])
    }

    fn pull(&self, of_u: Option<&Array>, of_s: Option<&Array>, of_v: Option<&Array>) -> Result<Option<Array>> {
        let Parts { u, s, v, .. } = self;
        let skew = |basis: &Array, of: Option<&Array>| -> Result<Option<[Array; 2]>> {
            let Some(of) = of else { return Ok(None) };
            let inner = matmul(&adjoint(basis)?, of)?;
            Ok(Some([subtract(&inner, &adjoint(&inner)?)?, inner]))
        };
        let (from_u, from_v) = (skew(u, of_u)?, skew(v, of_v)?);
        let turns = match (&from_u, &from_v) {
            (None, None) => None,
            (Some([x, _]), None) => Some(self.turns(x, x)?),
            (None, Some([y, _])) => Some(self.turns(y, &negative(y)?)?),
            (Some([x, _]), Some([y, _])) => Some(self.turns(&add(x, y)?, &subtract(x, y)?)?),
        };
        let turned = turns.map(|[alike, opposite]| add(&alike, &opposite)).transpose()?;
        let inner = sum_some([turned, of_s.map(diagonal_matrix).transpose()?])?;
        let scale = safe_reciprocal(s)?;
        let outside = |basis: &Array, of: Option<&Array>, inner: Option<[Array; 2]>| -> Result<Option<Array>> {
            match (of, inner) {
                (Some(of), Some([_, inner])) if self.leaves(basis) => {
                    Ok(Some(scale_columns(&subtract(of, &matmul(basis, &inner)?)?, &scale)?))
                }
                _ => Ok(None),
            }
        };
        let vh = adjoint(v)?;
        let left = sum_some([inner.map(|inner| matmul(u, &inner)).transpose()?, outside(u, of_u, from_u)?])?;
        let left = left.map(|left| matmul(&left, &vh)).transpose()?;
        let right = outside(v, of_v, from_v)?.map(|right| matmul(u, &adjoint(&right)?)).transpose()?;
        sum_some([left, right])
    }
}

// J. Townsend, "Differentiating the singular value decomposition", 2016, and for complex matrices Z.-Q. Wan and S.-X. Zhang,
// "Automatic differentiation for complex valued SVD", arXiv:1909.02659, 2019. The coefficients s[j] / (s[j]² - s[i]²) and
// s[i] / (s[j]² - s[i]²) are split into 1 / (s[j] - s[i]) and 1 / (s[j] + s[i]), since only the first has a pole at repeated
// values, and multiplies zero there.
impl Primitive for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let a = &inputs[0];
        let [m, n] = expect_matrices(self.name(), a)?;
        let (k, dtype) = (m.min(n), a.dtype());
        let values = spec(a, &[k], real_dtype(dtype));
        Ok(match self.factors {
            Factors::Values => vec![values],
            Factors::Thin => vec![spec(a, &[m, k], dtype), values, spec(a, &[k, n], dtype)],
            Factors::Full => vec![spec(a, &[m, m], dtype), values, spec(a, &[n, n], dtype)],
        })
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None; site.outputs.len()]) };
        let parts = self.parts(site)?;
        let [mut du, ds, mut dv] = parts.push(tangent)?;
        if self.factors == Factors::Values {
            return Ok(vec![Some(ds)]);
        }
        if let Some([more_u, more_v]) = &parts.rest {
            (du, dv) = (push_rest(&parts.u, more_u, &du)?, push_rest(&parts.v, more_v, &dv)?);
        }
        Ok(vec![Some(du), Some(ds), Some(adjoint(&dv)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let parts = self.parts(site)?;
        if self.factors == Factors::Values {
            return Ok(vec![parts.pull(None, cotangents[0].as_ref(), None)?]);
        }
        let (mut of_u, mut of_v) = (cotangents[0].clone(), cotangents[2].as_ref().map(adjoint).transpose()?);
        if let Some([more_u, more_v]) = &parts.rest {
            of_u = of_u.map(|of| pull_rest(&parts.u, more_u, &of)).transpose()?;
            of_v = of_v.map(|of| pull_rest(&parts.v, more_v, &of)).transpose()?;
        }
        Ok(vec![parts.pull(of_u.as_ref(), cotangents[1].as_ref(), of_v.as_ref())?])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        vmap(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        named(self, kernel::svd(&inputs[0], self.factors))
    }
}
