//! QR decomposition.

use faer::dyn_stack::MemStack;
use faer::linalg::householder;
use faer::linalg::qr::no_pivoting::factor;
use faer::{Conj, MatMut, MatRef, Par};
use num_traits::{One, Zero};

use super::batch::{self, Matrices};
use super::field::{Field, with_field};
use crate::error::KernelError;
use crate::lanes::Scratch;
use crate::{Output, Tensor};

/// `a = q r` for each matrix `(m, n)` that has at least as many rows as columns: `q (m, n)` has orthonormal columns, and
/// `r (n, n)` is upper triangular with real numbers on the diagonal.
///
/// # Errors
/// When there is no memory.
pub fn qr(a: &Tensor) -> Result<[Tensor; 2], KernelError> {
    with_field!(a.dtype(), T => qr_as::<T>(a))
}

fn qr_as<T: Field>(a: &Tensor) -> Result<[Tensor; 2], KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let (m, n) = (from.rows, from.columns);
    let mut q = Output::new(a.dtype(), a.shape())?;
    let mut r = Output::new(a.dtype(), &batch::shape(&a, &[n, n]))?;
    if n == 0 || from.count == 0 {
        return Ok([q.finish(), r.finish()]);
    }
    let block = factor::recommended_block_size::<T>(m, n).min(n);
    let request = factor::qr_in_place_scratch::<T>(m, n, block, Par::Seq, Default::default())
        .or(householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<T>(m, block, n));
    let init = || {
        let matrices = [Scratch::<T>::new(m * n)?, Scratch::<T>::new(m * n)?, Scratch::<T>::new(block * n)?];
        Ok((matrices, batch::stack(request)?))
    };
    let jobs = batch::parts(q.slice_mut::<T>(), from.count).zip(batch::parts(r.slice_mut::<T>(), from.count));
    batch::each(jobs, batch::cubic_cost(m, n, 4.0), init, |([matrix, basis, block_factors], stack), i, (q, r)| {
        batch::transpose(from.get(i), n, matrix, |x| x);
        let view = MatMut::from_column_major_slice_mut(matrix, m, n);
        let mut factors = MatMut::from_column_major_slice_mut(block_factors, block, n);
        let stack = MemStack::new(stack);
        factor::qr_in_place(view, factors.as_mut(), Par::Seq, stack, Default::default());
        basis.fill(T::zero());
        (0..n).for_each(|j| basis[j * m + j] = T::one());
        householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
            MatRef::from_column_major_slice(matrix, m, n),
            factors.as_ref(),
            Conj::No,
            MatMut::from_column_major_slice_mut(basis, m, n),
            Par::Seq,
            stack,
        );
        r.fill(T::zero());
        for column in 0..n {
            (0..=column).for_each(|row| r[row * n + column] = matrix[column * m + row]);
        }
        batch::transpose(basis, m, q, |x| x);
        make_diagonal_real(q, r, n);
        Ok(())
    })?;
    Ok([q.finish(), r.finish()])
}

/// Moves the phases of the diagonal of `r` into `q`; real numbers stay as they are.
fn make_diagonal_real<T: Field>(q: &mut [T], r: &mut [T], n: usize) {
    if T::DTYPE != crate::DType::C64 {
        return;
    }
    for j in 0..n {
        // The sign is that of the real part, as in LAPACK.
        let head = r[j * n + j];
        let sign = if head.part() < Zero::zero() { -<T::Part as One>::one() } else { One::one() };
        let phase = head.with_modulus(sign);
        r[j * n..(j + 1) * n].iter_mut().for_each(|x| *x *= phase.conjugate());
        q.iter_mut().skip(j).step_by(n).for_each(|x| *x *= phase);
        r[j * n + j] = T::of(head.modulus() * sign);
    }
}
