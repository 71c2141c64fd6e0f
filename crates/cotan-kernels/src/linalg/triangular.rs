//! Equations with triangular matrices.

use faer::linalg::triangular_solve as solve;
use faer::{MatMut, MatRef, Par};

use super::batch::{self, Matrices};
use super::field::{Field, with_field};
use crate::error::KernelError;
use crate::lanes::Scratch;
use crate::{Output, Tensor};

/// The part of a square matrix that counts; the rest is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Triangle {
    /// On and below the diagonal.
    Lower,
    /// On and above the diagonal.
    Upper,
}

/// Solves `a x = b` for triangular `a`; `b` has the batch of `a`.
///
/// # Errors
/// [`KernelError::Singular`] when a number on the diagonal is zero; when there is no memory.
pub fn triangular_solve(a: &Tensor, b: &Tensor, triangle: Triangle) -> Result<Tensor, KernelError> {
    with_field!(a.dtype(), T => triangular_solve_as::<T>(a, b, triangle))
}

fn triangular_solve_as<T: Field>(a: &Tensor, b: &Tensor, triangle: Triangle) -> Result<Tensor, KernelError> {
    let (a, b) = (a.to_row_major()?, b.to_row_major()?);
    let (matrices, sides) = (Matrices::<T>::of(&a), Matrices::<T>::of(&b));
    let (n, k) = (sides.rows, sides.columns);
    let mut out = Output::new(b.dtype(), b.shape())?;
    if b.is_empty() {
        return Ok(out.finish());
    }
    let init = || Ok([Scratch::<T>::new(n * n)?, Scratch::<T>::new(n * k)?]);
    let cost = batch::cubic_cost(n, n, 0.5 * k as f32 / n as f32);
    batch::each(batch::parts(out.slice_mut::<T>(), matrices.count), cost, init, |[matrix, side], i, out| {
        if (0..n).any(|j| matrices.get(i)[j * n + j].is_zero()) {
            return Err(KernelError::Singular { matrix: i });
        }
        batch::transpose(matrices.get(i), n, matrix, |x| x);
        batch::transpose(sides.get(i), k, side, |x| x);
        let matrix = MatRef::from_column_major_slice(matrix, n, n);
        let view = MatMut::from_column_major_slice_mut(side, n, k);
        match triangle {
            Triangle::Lower => solve::solve_lower_triangular_in_place(matrix, view, Par::Seq),
            Triangle::Upper => solve::solve_upper_triangular_in_place(matrix, view, Par::Seq),
        }
        batch::transpose(side, n, out, |x| x);
        Ok(())
    })?;
    Ok(out.finish())
}
