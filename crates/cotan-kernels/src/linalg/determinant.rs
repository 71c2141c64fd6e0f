//! Determinants and cofactors.

use num_traits::{Float, NumCast, One, Zero};

use super::batch::{self, Matrices};
use super::field::{Field, with_field};
use super::lu::Workspace;
use super::svd::{self, Factors};
use crate::error::KernelError;
use crate::lanes::Scratch;
use crate::{Output, Tensor};

/// The determinant of each square matrix.
///
/// # Errors
/// When there is no memory.
pub fn determinant(a: &Tensor) -> Result<Tensor, KernelError> {
    with_field!(a.dtype(), T => determinant_as::<T>(a))
}

fn determinant_as<T: Field>(a: &Tensor) -> Result<Tensor, KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let n = from.rows;
    let mut out = Output::new(a.dtype(), &batch::shape(&a, &[]))?;
    let init = || Workspace::<T>::new(n, n);
    let jobs = out.slice_mut::<T>().iter_mut();
    batch::each(jobs, batch::cubic_cost(n, n, 1.0), init, |work, i, out| {
        *out = determinant_of(work, from.get(i));
        Ok(())
    })?;
    Ok(out.finish())
}

fn determinant_of<T: Field>(work: &mut Workspace<T>, matrix: &[T]) -> T {
    let odd = work.factor(matrix);
    let sign = if odd { T::of(-<T::Part as One>::one()) } else { <T as One>::one() };
    work.pivots().fold(sign, |product, pivot| product * pivot)
}

/// The cofactors of each square matrix: the derivatives of its determinant by its elements.
///
/// They exist for singular matrices too, where they come from the singular value decomposition; NaN where that fails.
///
/// # Errors
/// When there is no memory.
pub fn cofactor(a: &Tensor) -> Result<Tensor, KernelError> {
    with_field!(a.dtype(), T => cofactor_as::<T>(a))
}

fn cofactor_as<T: Field>(a: &Tensor) -> Result<Tensor, KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let n = from.rows;
    let mut out = Output::new(a.dtype(), a.shape())?;
    if n == 1 {
        out.slice_mut::<T>().fill(<T as One>::one());
    }
    if n <= 1 || a.is_empty() {
        return Ok(out.finish());
    }
    let request = faer::linalg::lu::partial_pivoting::inverse::inverse_scratch::<u32, T>(n, faer::Par::Seq);
    let init = || Ok((Workspace::<T>::new(n, n)?, batch::stack(request)?));
    let jobs = batch::parts(out.slice_mut::<T>(), from.count);
    batch::each(jobs, batch::cubic_cost(n, n, 3.0), init, |(work, stack), i, out| {
        let determinant = determinant_of(work, from.get(i));
        let sizes = || work.pivots().map(T::modulus);
        let (least, most) = (sizes().fold(Float::infinity(), Float::min), sizes().fold(Zero::zero(), Float::max));
        let trusted = <T::Part as NumCast>::from(1e-3).unwrap_or_else(One::one);
        if !(least > most * trusted && determinant.finite() && !determinant.is_zero()) {
            return cofactor_by_svd(work, from.get(i), n, out);
        }
        // By columns, the inverse is its transpose by rows.
        work.invert(out, stack);
        out.iter_mut().for_each(|x| *x *= determinant);
        Ok(())
    })?;
    Ok(out.finish())
}

/// With `a = u diag(s) vᴴ`, the cofactors are those of `diag(s)`, products of all singular values but one, between the
/// conjugates of `u` and `v`, times the determinants of both.
fn cofactor_by_svd<T: Field>(
    work: &mut Workspace<T>,
    matrix: &[T],
    n: usize,
    out: &mut [T],
) -> Result<(), KernelError> {
    let [mut uh, mut vh] = [Scratch::<T>::new(n * n)?, Scratch::new(n * n)?];
    let mut s = vec![<T::Part as Zero>::zero(); n];
    let done = svd::Workspace::<T>::new(n, n, Factors::Full)?.decompose(matrix, &mut s, Some((&mut uh, &mut vh)));
    if done.is_err() {
        out.fill(T::of(Float::nan()));
        return Ok(());
    }
    let phase = determinant_of(work, &uh).conjugate() * determinant_of(work, &vh);
    for (k, row) in uh.chunks_exact_mut(n).enumerate() {
        let others = s.iter().enumerate().filter(|&(i, _)| i != k);
        let scale = T::of(others.fold(One::one(), |product, (_, &x)| product * x)) * phase;
        row.iter_mut().for_each(|x| *x *= scale);
    }
    // Element (i, j) is the sum over k of conj(u[i, k]) · scale[k] · v[j, k].
    let left = faer::MatRef::from_column_major_slice(&uh, n, n);
    let right = faer::MatRef::from_row_major_slice(&vh, n, n).conjugate();
    let product = faer::MatMut::from_row_major_slice_mut(out, n, n);
    let one = <T as One>::one();
    faer::linalg::matmul::matmul(product, faer::Accum::Replace, left, right, one, faer::Par::Seq);
    Ok(())
}
