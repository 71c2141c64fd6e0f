//! LU decomposition with partial pivoting, and what follows from it.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::{factor, inverse as invert};
use faer::linalg::triangular_solve as solve;
use faer::perm::PermRef;
use faer::{Conj, MatMut, MatRef, Par};

use super::batch::{self, Matrices};
use super::field::{Field, with_field};
use crate::error::KernelError;
use crate::lanes::Scratch;
use crate::{DType, Output, Tensor};

/// The factors of one matrix after another, which share scratch.
pub(super) struct Workspace<T> {
    /// The last matrix and then its factors, column-major.
    pub matrix: Scratch<T>,
    /// Row `i` of the product of the factors is row `order[i]` of the matrix.
    pub order: Vec<u32>,
    places: Vec<u32>,
    stack: MemBuffer,
    rows: usize,
    columns: usize,
}

impl<T: Field> Workspace<T> {
    pub fn new(rows: usize, columns: usize) -> Result<Self, KernelError> {
        let request = factor::lu_in_place_scratch::<u32, T>(rows, columns, Par::Seq, Default::default());
        Ok(Workspace {
            matrix: Scratch::new(rows * columns)?,
            order: vec![0; rows],
            places: vec![0; rows],
            stack: batch::stack(request)?,
            rows,
            columns,
        })
    }

    /// Factors a row-major matrix; true when that needed an odd number of swaps.
    pub fn factor(&mut self, matrix: &[T]) -> bool {
        batch::transpose(matrix, self.columns, &mut self.matrix, |x| x);
        let view = MatMut::from_column_major_slice_mut(&mut self.matrix, self.rows, self.columns);
        let stack = MemStack::new(&mut self.stack);
        let (order, places) = (&mut self.order, &mut self.places);
        let (info, _) = factor::lu_in_place(view, order, places, Par::Seq, stack, Default::default());
        if self.pivots().any(|pivot| pivot.is_zero()) {
            // Columns after a zero pivot have been divided by it.
            batch::transpose(matrix, self.columns, &mut self.matrix, |x| x);
            return self.eliminate();
        }
        info.transposition_count % 2 == 1
    }

    /// Factors column by column, and leaves columns as they are that have only zeros to choose a pivot from.
    fn eliminate(&mut self) -> bool {
        let (m, mut odd) = (self.rows, false);
        self.order.iter_mut().enumerate().for_each(|(i, row)| *row = i as u32);
        for k in 0..m.min(self.columns) {
            let size = |i: usize| self.matrix[k * m + i].modulus();
            let pivot = (k + 1..m).fold(k, |best, i| if size(i) > size(best) { i } else { best });
            if self.matrix[k * m + pivot].is_zero() {
                continue;
            }
            if pivot != k {
                odd = !odd;
                self.order.swap(k, pivot);
                self.matrix.chunks_exact_mut(m).for_each(|column| column.swap(k, pivot));
            }
            let (done, rest) = self.matrix.split_at_mut((k + 1) * m);
            let (head, below) = done[k * m + k..].split_first_mut().expect("the pivot is in the column");
            below.iter_mut().for_each(|x| *x /= *head);
            for column in rest.chunks_exact_mut(m) {
                let factor = column[k];
                column[k + 1..].iter_mut().zip(&*below).for_each(|(x, &l)| *x -= l * factor);
            }
        }
        self.order.iter().enumerate().for_each(|(i, &row)| self.places[row as usize] = i as u32);
        odd
    }

    /// The pivots: the diagonal of the upper factor.
    pub fn pivots(&self) -> impl Iterator<Item = T> {
        (0..self.rows.min(self.columns)).map(|i| self.matrix[i * self.rows + i])
    }

    /// The factors, column-major.
    pub fn factors(&self) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(&self.matrix, self.rows, self.columns)
    }

    /// Writes the inverse of the square matrix that was factored, column-major.
    pub fn invert(&self, out: &mut [T], stack: &mut MemBuffer) {
        let n = self.rows;
        let order = PermRef::new_checked(&self.order, &self.places, n);
        let out = MatMut::from_column_major_slice_mut(out, n, n);
        invert::inverse(out, self.factors(), self.factors(), order, Par::Seq, MemStack::new(stack));
    }
}

/// The decomposition of each matrix `(m, n)`: both factors in one matrix, without the ones on the diagonal of the lower
/// one; the row that each of the first `min(m, n)` was swapped with, in order, as `uint32`; and the order of the rows
/// `(m)` that results, as `uint32`.
///
/// # Errors
/// When there is no memory.
pub fn lu(a: &Tensor) -> Result<[Tensor; 3], KernelError> {
    with_field!(a.dtype(), T => lu_as::<T>(a))
}

fn lu_as<T: Field>(a: &Tensor) -> Result<[Tensor; 3], KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let (m, n) = (from.rows, from.columns);
    let mut packed = Output::new(a.dtype(), a.shape())?;
    let mut pivots = Output::new(DType::U32, &batch::shape(&a, &[m.min(n)]))?;
    let mut order = Output::new(DType::U32, &batch::shape(&a, &[m]))?;
    if m > 0 && from.count > 0 {
        let jobs = batch::parts(packed.slice_mut::<T>(), from.count)
            .zip(batch::parts(pivots.slice_mut::<u32>(), from.count))
            .zip(batch::parts(order.slice_mut::<u32>(), from.count));
        let init = || Workspace::<T>::new(m, n);
        batch::each(jobs, batch::cubic_cost(m, n, 1.0), init, |work, i, ((packed, pivots), order)| {
            work.factor(from.get(i));
            batch::transpose(&work.matrix, m, packed, |x| x);
            order.copy_from_slice(&work.order);
            swaps(order, pivots);
            Ok(())
        })?;
    }
    Ok([packed.finish(), pivots.finish(), order.finish()])
}

/// The swaps that lead to an order of rows.
fn swaps(order: &[u32], pivots: &mut [u32]) {
    let mut rows: Vec<u32> = (0..order.len() as u32).collect();
    let mut places = rows.clone();
    for (i, pivot) in pivots.iter_mut().enumerate() {
        let place = places[order[i] as usize] as usize;
        *pivot = place as u32;
        rows.swap(i, place);
        places[rows[i] as usize] = i as u32;
        places[rows[place] as usize] = place as u32;
    }
}

/// Solves `a x = b`, or `aᴴ x = b` when `adjoint`, given the factors and the order of rows of `a` from [`lu`]; `b` has the
/// batch of `a`.
///
/// # Errors
/// [`KernelError::Singular`] when a pivot is zero; when there is no memory.
pub fn lu_solve(packed: &Tensor, order: &Tensor, b: &Tensor, adjoint: bool) -> Result<Tensor, KernelError> {
    with_field!(packed.dtype(), T => lu_solve_as::<T>(packed, order, b, adjoint))
}

fn lu_solve_as<T: Field>(packed: &Tensor, order: &Tensor, b: &Tensor, adjoint: bool) -> Result<Tensor, KernelError> {
    let (packed, order, b) = (packed.to_row_major()?, order.to_row_major()?, b.to_row_major()?);
    let (factors, sides) = (Matrices::<T>::of(&packed), Matrices::<T>::of(&b));
    let order = order.as_slice::<u32>().expect("just made row-major");
    let (n, k) = (sides.rows, sides.columns);
    let mut out = Output::new(b.dtype(), b.shape())?;
    if out.shape().contains(&0) {
        return Ok(out.finish());
    }
    let init = || Ok([Scratch::<T>::new(n * n)?, Scratch::<T>::new(n * k)?]);
    let cost = batch::cubic_cost(n, n, k as f32 / n as f32);
    let jobs = batch::parts(out.slice_mut::<T>(), factors.count);
    batch::each(jobs, cost, init, |[packed, side], i, out| {
        if (0..n).any(|j| factors.get(i)[j * n + j].is_zero()) {
            return Err(KernelError::Singular { matrix: i });
        }
        batch::transpose(factors.get(i), n, packed, |x| x);
        let packed = MatRef::from_column_major_slice(packed, n, n);
        let (rows, order) = (sides.get(i), &order[i * n..][..n]);
        if adjoint {
            batch::transpose(rows, k, side, |x| x);
            let mut side = MatMut::from_column_major_slice_mut(side, n, k);
            solve::solve_lower_triangular_in_place_with_conj(packed.transpose(), Conj::Yes, side.as_mut(), Par::Seq);
            solve::solve_unit_upper_triangular_in_place_with_conj(
                packed.transpose(),
                Conj::Yes,
                side.as_mut(),
                Par::Seq,
            );
            for (row, &place) in order.iter().enumerate() {
                (0..k).for_each(|j| out[place as usize * k + j] = side[(row, j)]);
            }
        } else {
            for (row, &place) in order.iter().enumerate() {
                (0..k).for_each(|j| side[j * n + row] = rows[place as usize * k + j]);
            }
            let mut view = MatMut::from_column_major_slice_mut(side, n, k);
            solve::solve_unit_lower_triangular_in_place(packed, view.as_mut(), Par::Seq);
            solve::solve_upper_triangular_in_place(packed, view, Par::Seq);
            batch::transpose(side, n, out, |x| x);
        }
        Ok(())
    })?;
    Ok(out.finish())
}

/// The inverse of each square matrix.
///
/// # Errors
/// [`KernelError::Singular`] when a pivot is zero; when there is no memory.
pub fn inverse(a: &Tensor) -> Result<Tensor, KernelError> {
    with_field!(a.dtype(), T => inverse_as::<T>(a))
}

fn inverse_as<T: Field>(a: &Tensor) -> Result<Tensor, KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let n = from.rows;
    let mut out = Output::new(a.dtype(), a.shape())?;
    if a.is_empty() {
        return Ok(out.finish());
    }
    let request = invert::inverse_scratch::<u32, T>(n, Par::Seq);
    let init = || Ok((Workspace::<T>::new(n, n)?, Scratch::<T>::new(n * n)?, batch::stack(request)?));
    let jobs = batch::parts(out.slice_mut::<T>(), from.count);
    batch::each(jobs, batch::cubic_cost(n, n, 3.0), init, |(work, inverse, stack), i, out| {
        work.factor(from.get(i));
        if work.pivots().any(|pivot| pivot.is_zero()) {
            return Err(KernelError::Singular { matrix: i });
        }
        work.invert(inverse, stack);
        batch::transpose(inverse, n, out, |x| x);
        Ok(())
    })?;
    Ok(out.finish())
}
