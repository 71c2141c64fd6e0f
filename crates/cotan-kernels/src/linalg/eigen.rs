//! Eigenvalues and eigenvectors.

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::traits::RealField;
use faer::{MatMut, MatRef, Par};
use num_complex::{Complex, Complex32};
use num_traits::{Float, NumCast, Zero};

use super::batch::{self, Matrices};
use super::field::{Field, scaled, with_field};
use crate::error::KernelError;
use crate::lanes::{Plain, Scratch};
use crate::{DType, Element, Output, Tensor};

fn wanted(vectors: bool) -> ComputeEigenvectors {
    if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No }
}

/// The eigenvalues, ascending and real, and if asked for the orthonormal eigenvectors, as columns, of each Hermitian
/// matrix, of which only the lower triangle is read.
///
/// # Errors
/// [`KernelError::NotFinite`] when an element is infinite or NaN, [`KernelError::NoConvergence`] when the iteration fails;
/// when there is no memory.
pub fn eigh(a: &Tensor, vectors: bool) -> Result<Vec<Tensor>, KernelError> {
    with_field!(a.dtype(), T => eigh_as::<T>(a, vectors))
}

fn eigh_as<T: Field>(a: &Tensor, vectors: bool) -> Result<Vec<Tensor>, KernelError> {
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let n = from.rows;
    let wide = if vectors { n } else { 0 };
    let mut values = Output::new(T::Part::DTYPE, &batch::shape(&a, &[n]))?;
    let mut basis = Output::new(a.dtype(), &batch::shape(&a, &[n, wide]))?;
    if !a.is_empty() {
        let request = evd::self_adjoint_evd_scratch::<T>(n, wanted(vectors), Par::Seq, Default::default());
        let init = || {
            let scratch = [Scratch::<T>::new(n * n)?, Scratch::new(n * wide)?, Scratch::new(n)?];
            Ok((scratch, batch::stack(request)?))
        };
        let jobs = batch::parts(values.slice_mut::<T::Part>(), from.count)
            .zip(batch::parts(basis.slice_mut::<T>(), from.count));
        let cost = batch::cubic_cost(n, n, if vectors { 10.0 } else { 4.0 });
        batch::each(jobs, cost, init, |([matrix, columns, diagonal], stack), i, (values, basis)| {
            let scale = scaled(from.get(i), matrix).ok_or(KernelError::NotFinite { matrix: i })?;
            let view = MatRef::from_row_major_slice(matrix, n, n);
            let out = vectors.then(|| MatMut::from_column_major_slice_mut(columns, n, n));
            let done = DiagMut::from_slice_mut(diagonal);
            evd::self_adjoint_evd(view, done, out, Par::Seq, MemStack::new(stack), Default::default())
                .map_err(|_| KernelError::NoConvergence { matrix: i })?;
            values.iter_mut().zip(&**diagonal).for_each(|(value, &x)| *value = x.part() * scale);
            batch::transpose(columns, n, basis, |x| x);
            Ok(())
        })?;
    }
    if vectors { Ok(vec![values.finish(), basis.finish()]) } else { Ok(vec![values.finish()]) }
}

/// The eigenvalues and if asked for the eigenvectors, as columns of length one, of each square matrix, as `complex64`.
///
/// The largest element of an eigenvector is real.
///
/// # Errors
/// As [`eigh`].
pub fn eig(a: &Tensor, vectors: bool) -> Result<Vec<Tensor>, KernelError> {
    match a.dtype() {
        DType::F32 => eig_as::<f32>(a, vectors, &Decompose { run: real::<f32>, request: request::<f32> }),
        DType::F64 => eig_as::<f64>(a, vectors, &Decompose { run: real::<f64>, request: request::<f64> }),
        DType::C64 => eig_as::<Complex32>(a, vectors, &Decompose { run: complex, request: request::<Complex32> }),
        other => panic!("linalg: {other} matrices have no eigenvalues here"),
    }
}

/// Decomposes one matrix, with scratch.
type Run<T> = fn(&[T], Spectrum<'_, <T as Field>::Part>, &mut [T], &mut MemBuffer) -> Result<(), evd::EvdError>;

/// How to decompose matrices of one type, and what memory that takes.
struct Decompose<T: Field> {
    run: Run<T>,
    request: fn(usize, bool) -> faer::dyn_stack::StackReq,
}

/// Results of one decomposition; the vectors, if wanted, are `n` columns.
struct Spectrum<'a, P> {
    values: &'a mut [Complex<P>],
    vectors: Option<&'a mut [Complex<P>]>,
}

fn request<T: Field>(n: usize, vectors: bool) -> faer::dyn_stack::StackReq {
    evd::evd_scratch::<T>(n, ComputeEigenvectors::No, wanted(vectors), Par::Seq, Default::default())
}

/// `scratch` has room for `n * n` numbers with and for `2 n` without vectors.
fn real<T: RealField + Float>(
    matrix: &[T],
    out: Spectrum<'_, T>,
    scratch: &mut [T],
    stack: &mut MemBuffer,
) -> Result<(), evd::EvdError> {
    let n = out.values.len();
    let (parts, scratch) = scratch.split_at_mut(2 * n);
    let (re, im) = parts.split_at_mut(n);
    let view = MatRef::from_row_major_slice(matrix, n, n);
    let columns = out.vectors.is_some().then(|| MatMut::from_column_major_slice_mut(&mut scratch[..n * n], n, n));
    let diagonals = (DiagMut::from_slice_mut(re), DiagMut::from_slice_mut(im));
    evd::evd_real(view, diagonals.0, diagonals.1, None, columns, Par::Seq, MemStack::new(stack), Default::default())?;
    for ((value, &re), &im) in out.values.iter_mut().zip(&*re).zip(&*im) {
        *value = Complex::new(re, im);
    }
    let Some(vectors) = out.vectors else { return Ok(()) };
    // A conjugate pair shares two columns: the real and the imaginary part of the vector of the first.
    let mut j = 0;
    while j < n {
        let paired = im[j] != T::zero() && j + 1 < n;
        for i in 0..n {
            let re = scratch[j * n + i];
            if paired {
                let im = scratch[(j + 1) * n + i];
                vectors[j * n + i] = Complex::new(re, im);
                vectors[(j + 1) * n + i] = Complex::new(re, -im);
            } else {
                vectors[j * n + i] = Complex::new(re, T::zero());
            }
        }
        j += if paired { 2 } else { 1 };
    }
    Ok(())
}

fn complex(
    matrix: &[Complex32],
    out: Spectrum<'_, f32>,
    _: &mut [Complex32],
    stack: &mut MemBuffer,
) -> Result<(), evd::EvdError> {
    let n = out.values.len();
    let view = MatRef::from_row_major_slice(matrix, n, n);
    let columns = out.vectors.map(|vectors| MatMut::from_column_major_slice_mut(vectors, n, n));
    let values = DiagMut::from_slice_mut(out.values);
    evd::evd_cplx(view, values, None, columns, Par::Seq, MemStack::new(stack), Default::default())
}

fn eig_as<T: Field>(a: &Tensor, vectors: bool, decompose: &Decompose<T>) -> Result<Vec<Tensor>, KernelError>
where
    Complex<T::Part>: Plain,
{
    let a = a.to_row_major()?;
    let from = Matrices::<T>::of(&a);
    let n = from.rows;
    let wide = if vectors { n } else { 0 };
    let mut values = Output::new(DType::C64, &batch::shape(&a, &[n]))?;
    let mut basis = Output::new(DType::C64, &batch::shape(&a, &[n, wide]))?;
    if !a.is_empty() {
        let jobs = batch::parts(values.slice_mut::<Complex32>(), from.count)
            .zip(batch::parts(basis.slice_mut::<Complex32>(), from.count));
        let init = || {
            let scratch = [Scratch::<T>::new(n * n)?, Scratch::new(n * (2 + wide))?];
            let results = [Scratch::<Complex<T::Part>>::new(n)?, Scratch::new(n * wide)?];
            Ok((results, scratch, batch::stack((decompose.request)(n, vectors))?))
        };
        let cost = batch::cubic_cost(n, n, if vectors { 60.0 } else { 25.0 });
        batch::each(jobs, cost, init, |([own, columns], [matrix, scratch], stack), i, (values, basis)| {
            let out = Spectrum { values: own, vectors: vectors.then_some(&mut columns[..]) };
            let scale = scaled(from.get(i), matrix).ok_or(KernelError::NotFinite { matrix: i })?;
            (decompose.run)(matrix, out, scratch, stack).map_err(|_| KernelError::NoConvergence { matrix: i })?;
            values.iter_mut().zip(&**own).for_each(|(value, &x)| *value = narrow(x * scale));
            columns.chunks_exact_mut(n).for_each(normalize);
            batch::transpose(columns, n, basis, narrow);
            Ok(())
        })?;
    }
    if vectors { Ok(vec![values.finish(), basis.finish()]) } else { Ok(vec![values.finish()]) }
}

fn narrow<P: Float>(x: Complex<P>) -> Complex32 {
    let part = |x: P| <f32 as NumCast>::from(x).unwrap_or(f32::NAN);
    Complex::new(part(x.re), part(x.im))
}

/// Scales a vector to length one and turns it so that its largest element is real.
fn normalize<P: Float>(vector: &mut [Complex<P>]) {
    let largest =
        vector.iter().fold(Complex::zero(), |most: Complex<P>, &x| if x.norm() > most.norm() { x } else { most });
    let size = largest.norm();
    if size == P::zero() || !size.is_finite() {
        return;
    }
    // Divided by the largest first, the squares neither overflow nor vanish.
    let length = vector.iter().fold(P::zero(), |sum, &x| sum + (x / size).norm_sqr()).sqrt();
    // A real vector keeps its sign.
    let turn = if largest.im == P::zero() { Complex::new(P::one(), P::zero()) } else { (largest / size).conj() };
    vector.iter_mut().for_each(|x| *x = *x / size * turn / length);
}
