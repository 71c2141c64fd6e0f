//! Cholesky decomposition.

use faer::dyn_stack::MemStack;
use faer::linalg::cholesky::llt::factor;
use faer::{MatMut, Par};

use super::batch::{self, Matrices};
use super::field::{Field, with_field};
use crate::error::KernelError;
use crate::lanes::Scratch;
use crate::{Output, Tensor};

/// The lower triangular factor of each Hermitian positive definite matrix, of which only the lower triangle is read.
///
/// # Errors
/// [`KernelError::NotPositive`] when a matrix is not positive definite; when there is no memory.
pub fn cholesky(a: &Tensor) -> Result<Tensor, KernelError> {
    with_field!(a.dtype(), T => cholesky_as::<T>(a))
}

fn cholesky_as<T: Field>(a: &Tensor) -> Result<Tensor, KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let n = from.rows;
    let mut out = Output::new(a.dtype(), a.shape())?;
    if a.is_empty() {
        return Ok(out.finish());
    }
    let request = factor::cholesky_in_place_scratch::<T>(n, Par::Seq, Default::default());
    let init = || Ok((Scratch::<T>::new(n * n)?, batch::stack(request)?));
    let jobs = batch::parts(out.slice_mut::<T>(), from.count);
    batch::each(jobs, batch::cubic_cost(n, n, 0.5), init, |(matrix, stack), i, out| {
        batch::transpose(from.get(i), n, matrix, |x| x);
        let view = MatMut::from_column_major_slice_mut(matrix, n, n);
        let stack = MemStack::new(stack);
        factor::cholesky_in_place(view, Default::default(), Par::Seq, stack, Default::default())
            .map_err(|_| KernelError::NotPositive { matrix: i })?;
        batch::transpose(matrix, n, out, |x| x);
        for row in 0..n {
            out[row * n + row + 1..(row + 1) * n].fill(T::zero());
        }
        // A NaN anywhere reaches a pivot after it, but compares as no failure.
        match (0..n).all(|j| out[j * n + j].modulus() > num_traits::Zero::zero()) {
            true => Ok(()),
            false => Err(KernelError::NotPositive { matrix: i }),
        }
    })?;
    Ok(out.finish())
}
