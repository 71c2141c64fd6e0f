//! Systems of linear equations.

use cotan_kernels::{DType, Tensor, linalg as kernel};
use smallvec::smallvec;

use super::Triangle;
use super::lu::factor;
use super::matrices::{
    adjoint, batch, broadcast_batch, expect_axes, expect_field, expect_square, matmul, named, subtract, sum_some, vmap,
};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};
use crate::ops::{
    Batched, Primitive, Site, Tangents, broadcast_shapes, expand_dims, moveaxis, negative, reshape, same_dtype,
    squeeze, tril, triu,
};

/// Solves `a x = b`, or `aᴴ x = b`, given `a`, its factors and order of rows from [`Lu`](super::Lu), and `b`.
///
/// Since the factors follow from `a`, derivatives are taken by `a` and `b` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct LuSolve {
    /// With the conjugate transpose of `a`.
    pub adjoint: bool,
}

/// Solves `a x = b` for triangular `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct TriangularSolve {
    /// The part of `a` that counts.
    pub triangle: Triangle,
}

/// The solution `x` of `a x = b` for square `a (..., n, n)`; `b` is a vector `(n)` or matrices `(..., n, k)`.
///
/// Batches broadcast, and types promote. A singular `a` is an error when the solution is evaluated.
///
/// # Errors
/// When shapes don't fit, or the type is not `float32`, `float64` or `complex64`.
pub fn solve(a: &Array, b: &Array) -> Result<Array> {
    with_columns("solve", a, b, |a, b, batch| {
        // Factored before it is repeated.
        let [packed, _, order] = factor(a)?;
        let order_shape: Shape = batch.iter().copied().chain([a.shape()[a.ndim() - 1]]).collect();
        let inputs = smallvec![
            broadcast_batch(a, batch)?,
            broadcast_batch(&packed, batch)?,
            crate::ops::broadcast_to(&order, &order_shape)?,
            b.clone()
        ];
        Array::apply(LuSolve { adjoint: false }, inputs)
    })
}

/// The solution `x` of `a x = b` for triangular `a (..., n, n)`, of which the other triangle is not read; `b` is a vector
/// `(n)` or matrices `(..., n, k)`.
///
/// Batches broadcast, and types promote. A zero on the diagonal is an error when the solution is evaluated.
///
/// # Errors
/// When shapes don't fit, or the type is not `float32`, `float64` or `complex64`.
pub fn solve_triangular(a: &Array, b: &Array, triangle: Triangle) -> Result<Array> {
    with_columns("solve_triangular", a, b, |a, b, batch| left_solve(&broadcast_batch(a, batch)?, b, triangle))
}

/// Checks the operands and calls `solve(a, b, batch)`, with `b` a matrix that has the batch axes of the result.
fn with_columns(
    op: &'static str,
    a: &Array,
    b: &Array,
    solve: impl FnOnce(&Array, &Array, &[usize]) -> Result<Array>,
) -> Result<Array> {
    let (a, b) = same_dtype(a, b)?;
    expect_field(op, a.dtype())?;
    let n = expect_square(op, &a)?;
    let vector = b.ndim() == 1;
    let columns = if vector { expand_dims(&b, &[-1])? } else { b.clone() };
    if b.ndim() == 0 || expect_axes(op, &columns)?[0] != n {
        let (left, right) = (tuple(a.shape()), tuple(b.shape()));
        let message = format!("equations with a of shape {left} need b of shape ({n},) or (..., {n}, k), got {right}");
        return Err(Error::value(op, message));
    }
    let batch = broadcast_shapes(&[batch(&a), batch(&columns)]).map_err(|_| Error::Broadcast {
        op,
        left: a.shape().into(),
        right: b.shape().into(),
    })?;
    let solution = solve(&a, &broadcast_batch(&columns, &batch)?, &batch)?;
    if vector { squeeze(&solution, Some(&[-1])) } else { Ok(solution) }
}

/// `a⁻¹ b` for triangular `a` with the batch of `b`.
pub(super) fn left_solve(a: &Array, b: &Array, triangle: Triangle) -> Result<Array> {
    Array::apply(TriangularSolve { triangle }, smallvec![a.clone(), b.clone()])
}

/// `b a⁻¹` for triangular `a` with the batch of `b`.
pub(super) fn right_solve(b: &Array, a: &Array, triangle: Triangle) -> Result<Array> {
    adjoint(&left_solve(&adjoint(a)?, &adjoint(b)?, opposite(triangle))?)
}

fn opposite(triangle: Triangle) -> Triangle {
    match triangle {
        Triangle::Lower => Triangle::Upper,
        Triangle::Upper => Triangle::Lower,
    }
}

/// Many right-hand sides of shared equations are more columns of one.
fn vmap_shared(b: &Array, solve: impl FnOnce(Array) -> Result<Array>) -> Result<Vec<Batched>> {
    let side_by_side = moveaxis(b, 0, -2)?;
    let mut shape = Shape::from_slice(side_by_side.shape());
    let columns = shape.pop().unwrap_or(1);
    if let Some(last) = shape.last_mut() {
        *last *= columns;
    }
    let solution = reshape(&solve(reshape(&side_by_side, &shape)?)?, side_by_side.shape())?;
    Ok(vec![Batched::mapped(moveaxis(&solution, -2, 0)?)])
}

impl Primitive for LuSolve {
    fn name(&self) -> &'static str {
        "solve"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[3].spec()])
    }

    // a x = b gives a dx = db - da x.
    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let x = &site.outputs[0];
        let moved = tangents[0].as_ref().map(|tangent| {
            let tangent = if self.adjoint { adjoint(tangent)? } else { tangent.clone() };
            negative(&matmul(&tangent, x)?)
        });
        let Some(side) = sum_some([tangents[3].clone(), moved.transpose()?])? else { return Ok(vec![None]) };
        let mut inputs: crate::array::Inputs = site.inputs[..3].iter().cloned().collect();
        inputs.push(side);
        Ok(vec![Some(Array::apply(*self, inputs)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; 4]) };
        let mut inputs: crate::array::Inputs = site.inputs[..3].iter().cloned().collect();
        inputs.push(cotangent.clone());
        let side = Array::apply(LuSolve { adjoint: !self.adjoint }, inputs)?;
        let x = &site.outputs[0];
        let matrix = match (site.wanted[0], self.adjoint) {
            (false, _) => None,
            (true, false) => Some(negative(&matmul(&side, &adjoint(x)?)?)?),
            (true, true) => Some(negative(&matmul(x, &adjoint(&side)?)?)?),
        };
        Ok(vec![matrix, None, None, Some(side)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        if inputs[..3].iter().any(|input| input.mapped) {
            return vmap(*self, inputs, examples);
        }
        vmap_shared(&inputs[3].array, |b| {
            let mut shared: crate::array::Inputs = inputs[..3].iter().map(|input| input.array.clone()).collect();
            shared.push(b);
            Array::apply(*self, shared)
        })
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![named(self, kernel::lu_solve(&inputs[1], &inputs[2], &inputs[3], self.adjoint))?])
    }
}

impl TriangularSolve {
    fn masked(&self, a: &Array) -> Result<Array> {
        match self.triangle {
            Triangle::Lower => tril(a, 0),
            Triangle::Upper => triu(a, 0),
        }
    }
}

impl Primitive for TriangularSolve {
    fn name(&self) -> &'static str {
        "solve_triangular"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        debug_assert!(inputs[0].dtype() == inputs[1].dtype() && inputs[0].dtype() != DType::Bool);
        Ok(vec![inputs[1].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (a, x) = (&site.inputs[0], &site.outputs[0]);
        let moved = tangents[0].as_ref().map(|tangent| matmul(&self.masked(tangent)?, x)).transpose()?;
        let side = match (&tangents[1], moved) {
            (Some(side), Some(moved)) => subtract(side, &moved)?,
            (Some(side), None) => side.clone(),
            (None, Some(moved)) => negative(&moved)?,
            (None, None) => return Ok(vec![None]),
        };
        Ok(vec![Some(left_solve(a, &side, self.triangle)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; 2]) };
        let side = left_solve(&adjoint(&site.inputs[0])?, cotangent, opposite(self.triangle))?;
        let matrix = if site.wanted[0] {
            Some(negative(&self.masked(&matmul(&side, &adjoint(&site.outputs[0])?)?)?)?)
        } else {
            None
        };
        Ok(vec![matrix, Some(side)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        if inputs[0].mapped {
            return vmap(*self, inputs, examples);
        }
        vmap_shared(&inputs[1].array, |b| left_solve(&inputs[0].array, &b, self.triangle))
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![named(self, kernel::triangular_solve(&inputs[0], &inputs[1], self.triangle))?])
    }
}
