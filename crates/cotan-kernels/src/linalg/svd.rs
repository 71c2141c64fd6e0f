//! Singular value decomposition and the pseudoinverse.

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::matmul::matmul;
use faer::linalg::svd::{self as decompose, ComputeSvdVectors};
use faer::{Accum, MatMut, MatRef, Par};
use num_traits::{Float, Zero};

use super::batch::{self, Matrices};
use super::field::{Field, scaled, with_field};
use crate::error::KernelError;
use crate::lanes::Scratch;
use crate::{Element, Output, Tensor};

/// Which singular vectors to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Factors {
    /// None.
    Values,
    /// As many as there are singular values.
    Thin,
    /// Complete bases of both spaces.
    Full,
}

/// Decomposes one matrix after another.
pub(super) struct Workspace<T> {
    stack: MemBuffer,
    /// The scaled matrix and then its singular values.
    scratch: [Scratch<T>; 2],
    rows: usize,
    columns: usize,
}

impl<T: Field> Workspace<T> {
    pub fn new(rows: usize, columns: usize, factors: Factors) -> Result<Self, KernelError> {
        let vectors = match factors {
            Factors::Values => ComputeSvdVectors::No,
            Factors::Thin => ComputeSvdVectors::Thin,
            Factors::Full => ComputeSvdVectors::Full,
        };
        let request = decompose::svd_scratch::<T>(columns, rows, vectors, vectors, Par::Seq, Default::default());
        let scratch = [Scratch::new(rows * columns)?, Scratch::new(rows.min(columns))?];
        Ok(Workspace { stack: batch::stack(request)?, scratch, rows, columns })
    }

    /// Decomposes a row-major matrix: singular values, `uᴴ` and `vᴴ`, all row-major.
    pub fn decompose(
        &mut self,
        matrix: &[T],
        values: &mut [T::Part],
        vectors: Option<(&mut [T], &mut [T])>,
    ) -> Result<(), ()> {
        // In memory the transpose is column-major, and its decomposition has the factors conjugated and swapped.
        let (m, n) = (self.rows, self.columns);
        let [matrix_scaled, diagonal] = &mut self.scratch;
        let scale = scaled(matrix, matrix_scaled).ok_or(())?;
        let transposed = MatRef::from_column_major_slice(matrix_scaled, n, m);
        let (left, right) = match vectors {
            None => (None, None),
            Some((uh, vh)) => {
                // Not everything is written for the larger basis of a matrix with many more rows than columns.
                uh.fill(T::zero());
                vh.fill(T::zero());
                let (uh_rows, vh_rows) = (uh.len() / m.max(1), vh.len() / n.max(1));
                let left = MatMut::from_column_major_slice_mut(vh, n, vh_rows);
                (Some(left), Some(MatMut::from_column_major_slice_mut(uh, m, uh_rows)))
            }
        };
        let stack = MemStack::new(&mut self.stack);
        let done = DiagMut::from_slice_mut(diagonal);
        decompose::svd(transposed, done, left, right, Par::Seq, stack, Default::default()).map_err(|_| ())?;
        for (value, &x) in values.iter_mut().zip(&**diagonal) {
            *value = x.modulus() * scale;
        }
        Ok(())
    }
}

/// `a = u diag(s) vᴴ` for each matrix `(m, n)`: `[u, s, vᴴ]` or, without factors, `[s]`; singular values descend.
///
/// # Errors
/// [`KernelError::NotFinite`] when an element is infinite or NaN, [`KernelError::NoConvergence`] when the iteration fails;
/// when there is no memory.
pub fn svd(a: &Tensor, factors: Factors) -> Result<Vec<Tensor>, KernelError> {
    with_field!(a.dtype(), T => svd_as::<T>(a, factors))
}

fn svd_as<T: Field>(a: &Tensor, factors: Factors) -> Result<Vec<Tensor>, KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let (m, n) = (from.rows, from.columns);
    let k = m.min(n);
    let (wide, high) = match factors {
        Factors::Values => (0, 0),
        Factors::Thin => (k, k),
        Factors::Full => (m, n),
    };
    let mut s = Output::new(T::Part::DTYPE, &batch::shape(&a, &[k]))?;
    let mut u = Output::new(a.dtype(), &batch::shape(&a, &[m, wide]))?;
    let mut vh = Output::new(a.dtype(), &batch::shape(&a, &[high, n]))?;
    if !(s.shape().contains(&0) && u.shape().contains(&0) && vh.shape().contains(&0)) {
        let jobs = batch::parts(s.slice_mut::<T::Part>(), from.count)
            .zip(batch::parts(u.slice_mut::<T>(), from.count))
            .zip(batch::parts(vh.slice_mut::<T>(), from.count));
        let init = || Ok((Workspace::<T>::new(m, n, factors)?, Scratch::<T>::new(m * wide)?));
        let factor = if factors == Factors::Values { 8.0 } else { 25.0 };
        batch::each(jobs, batch::cubic_cost(m, n, factor), init, |(work, uh), i, ((s, u), vh)| {
            let vectors = (factors != Factors::Values).then_some((&mut uh[..], vh));
            work.decompose(from.get(i), s, vectors).map_err(|()| failure(from.get(i), i))?;
            batch::transpose(uh, m, u, T::conjugate);
            Ok(())
        })?;
    }
    if factors == Factors::Values { Ok(vec![s.finish()]) } else { Ok(vec![u.finish(), s.finish(), vh.finish()]) }
}

/// Why a decomposition failed.
pub(super) fn failure<T: Field>(matrix: &[T], i: usize) -> KernelError {
    match matrix.iter().all(|x| x.finite()) {
        true => KernelError::NoConvergence { matrix: i },
        false => KernelError::NotFinite { matrix: i },
    }
}

/// The pseudoinverse `(n, m)` of each matrix `(m, n)`; singular values of at most `rcond` times the largest count as zero.
///
/// # Errors
/// As [`svd`].
pub fn pinv(a: &Tensor, rcond: f64) -> Result<Tensor, KernelError> {
    with_field!(a.dtype(), T => pinv_as::<T>(a, rcond))
}

fn pinv_as<T: Field>(a: &Tensor, rcond: f64) -> Result<Tensor, KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let (m, n) = (from.rows, from.columns);
    let k = m.min(n);
    let mut out = Output::new(a.dtype(), &batch::shape(&a, &[n, m]))?;
    if a.is_empty() {
        return Ok(out.finish());
    }
    let rcond = <T::Part as num_traits::NumCast>::from(rcond).unwrap_or_else(T::Part::zero);
    let init = || {
        let matrices = [Scratch::<T>::new(k * m)?, Scratch::<T>::new(k * n)?];
        Ok((Workspace::<T>::new(m, n, Factors::Thin)?, matrices, Scratch::<T::Part>::new(k)?))
    };
    let jobs = batch::parts(out.slice_mut::<T>(), from.count);
    batch::each(jobs, batch::cubic_cost(m, n, 30.0), init, |(work, [uh, vh], s), i, out| {
        let done = work.decompose(from.get(i), s, Some((uh, vh)));
        done.map_err(|()| failure(from.get(i), i))?;
        let least = s.iter().fold(T::Part::zero(), |most, &x| Float::max(most, x)) * rcond;
        for (row, &value) in uh.chunks_exact_mut(m).zip(s.iter()) {
            let scale = if value > least { Float::recip(value) } else { T::Part::zero() };
            row.iter_mut().for_each(|x| *x *= T::of(scale));
        }
        // Seen by columns, `vᴴ` is the conjugate of `v` and `uᴴ` that of `u`.
        let v = MatRef::from_column_major_slice(vh, n, k).conjugate();
        let uh = MatRef::from_column_major_slice(uh, m, k).transpose();
        let product = MatMut::from_row_major_slice_mut(out, n, m);
        matmul(product, Accum::Replace, v, uh, <T as num_traits::One>::one(), Par::Seq);
        Ok(())
    })?;
    Ok(out.finish())
}
