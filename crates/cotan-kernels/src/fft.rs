//! Discrete Fourier transforms of all lanes of a tensor along one axis, none of them scaled.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftDirection, FftPlanner};
use smallvec::SmallVec;

use crate::error::{Failure, KernelError};
use crate::lanes::Scratch;
use crate::memory::{AllocError, Block};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{Complex32, DType, pool};

/// How many plans are kept of each kind, and the sum of their lengths, which bounds their memory.
const PLANS: usize = 64;
const LENGTHS: usize = 1 << 21;
/// Lengths whose plans are large enough to be asked for before they are made.
const LARGE: usize = 1 << 22;

/// Plans by length, so that repeated transforms compute their roots of unity once.
struct Plans<K, P: ?Sized>(Mutex<Option<Kept<K, P>>>);

/// Plans with their lengths.
type Kept<K, P> = HashMap<K, (usize, Arc<P>)>;

impl<K: Eq + Hash, P: ?Sized> Plans<K, P> {
    const fn new() -> Self {
        Plans(Mutex::new(None))
    }

    fn get(&self, key: K, n: usize, make: impl FnOnce() -> Arc<P>) -> Result<Arc<P>, AllocError> {
        if n >= LARGE {
            // A plan has a few numbers for each of the transform's; that there is room for them is found out first.
            Block::alloc(n.saturating_mul(6 * size_of::<Complex32>()))?;
        }
        if n > LENGTHS {
            return Ok(make());
        }
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let plans = guard.get_or_insert_default();
        if let Some((_, plan)) = plans.get(&key) {
            return Ok(plan.clone());
        }
        if plans.len() >= PLANS || plans.values().map(|(n, _)| n).sum::<usize>() + n > LENGTHS {
            plans.clear();
        }
        Ok(plans.entry(key).or_insert((n, make())).1.clone())
    }
}

static COMPLEX: Plans<(usize, bool), dyn Fft<f32>> = Plans::new();
static FORWARD: Plans<usize, dyn RealToComplex<f32>> = Plans::new();
static BACKWARD: Plans<usize, dyn ComplexToReal<f32>> = Plans::new();

/// Nanoseconds that one thread needs for a transform.
fn cost_ns(n: usize) -> f32 {
    let n = n as f32;
    20.0 + 0.3 * n * n.log2().max(1.0)
}

/// A tensor of `dtype` as rows along its last axis, in order, and the order of axes that put `axis` last.
fn rows(tensor: &Tensor, axis: usize, dtype: DType) -> (Tensor, SmallVec<[usize; 6]>) {
    assert_eq!(tensor.dtype(), dtype, "fft: the type of the elements");
    let order: SmallVec<[usize; 6]> = (0..tensor.shape().len()).filter(|&other| other != axis).chain([axis]).collect();
    (tensor.permute(&order), order)
}

/// The result with its axes back in their places. A view.
fn restore(result: &Tensor, order: &[usize]) -> Tensor {
    let mut inverse: SmallVec<[usize; 6]> = SmallVec::from_elem(0, order.len());
    for (place, &axis) in order.iter().enumerate() {
        inverse[axis] = place;
    }
    result.permute(&inverse)
}

/// `y[k] = sum of x[j] * exp(-2 pi i j k / n)` for every lane of `n` complex numbers along `axis`, or with a positive sign
/// when `inverse`. The result may be a view with another order of axes in memory.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the tensor is not complex or the axis does not exist.
///
/// ```
/// use cotan_kernels::{Complex32, Tensor, fft::complex};
/// let x = [1.0, 2.0, 0.0, 0.0].map(|re| Complex32::new(re, 0.0));
/// let y = complex(&Tensor::from_slice(&x, &[4])?, 0, false)?.to_vec::<Complex32>();
/// assert_eq!(y[1], Complex32::new(1.0, -2.0));
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn complex(tensor: &Tensor, axis: usize, inverse: bool) -> Result<Tensor, KernelError> {
    let (source, order) = rows(tensor, axis, DType::C64);
    let n = tensor.shape()[axis];
    let mut out = Output::new(DType::C64, source.shape())?;
    if source.is_empty() {
        return Ok(restore(&out.finish(), &order));
    }
    let direction = if inverse { FftDirection::Inverse } else { FftDirection::Forward };
    let plan = COMPLEX.get((n, inverse), n, || FftPlanner::new().plan_fft(n, direction))?;
    crate::copy::copy_into(&source, out.bytes_mut());
    let values = out.slice_mut::<Complex32>();
    let (count, to) = (values.len() / n, Shared(values.as_mut_ptr()));
    for_rows(count, n, plan.get_inplace_scratch_len(), &|range, scratch| {
        // SAFETY: rows of the result, each of which belongs to one task.
        let rows = unsafe { std::slice::from_raw_parts_mut(to.get().add(range.start * n), range.len() * n) };
        plan.process_with_scratch(rows, scratch);
    })?;
    Ok(restore(&out.finish(), &order))
}

/// The first `n / 2 + 1` numbers of [`complex`] for every lane of `n` real numbers along `axis`; the others are their
/// conjugates in reverse order.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the tensor is not `f32`, the axis does not exist or has no elements.
pub fn real_to_complex(tensor: &Tensor, axis: usize) -> Result<Tensor, KernelError> {
    let (source, order) = rows(tensor, axis, DType::F32);
    let n = tensor.shape()[axis];
    let half = n / 2 + 1;
    let mut shape = crate::layout::Shape::from_slice(source.shape());
    *shape.last_mut().expect("an axis") = half;
    let mut out = Output::new(DType::C64, &shape)?;
    if source.is_empty() {
        return Ok(restore(&out.finish(), &order));
    }
    let plan = FORWARD.get(n, n, || RealFftPlanner::new().plan_fft_forward(n))?;
    let source = source.to_row_major()?;
    let from = source.as_slice::<f32>().expect("row-major");
    let values = out.slice_mut::<Complex32>();
    let (count, to) = (values.len() / half, Shared(values.as_mut_ptr()));
    // Real numbers share the scratch: the transform destroys its input.
    let work = plan.get_scratch_len();
    for_rows(count, n, work + n.div_ceil(2), &|range, scratch| {
        let (work, copy) = scratch.split_at_mut(work);
        let copy = &mut reals(copy)[..n];
        for row in range {
            copy.copy_from_slice(&from[row * n..(row + 1) * n]);
            // SAFETY: rows of the result, each of which belongs to one task.
            let out = unsafe { std::slice::from_raw_parts_mut(to.get().add(row * half), half) };
            plan.process_with_scratch(copy, out, work).expect("lengths are the plan's");
        }
    })?;
    Ok(restore(&out.finish(), &order))
}

/// Lanes of `n` real numbers from the first half of their transforms, which lie along `axis`: `n` times the inverse of
/// [`real_to_complex`]. Imaginary parts that such a transform can't have are ignored.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the tensor is not complex, or the axis does not exist or has not `n / 2 + 1` elements, with `n` positive.
pub fn complex_to_real(tensor: &Tensor, axis: usize, n: usize) -> Result<Tensor, KernelError> {
    let (source, order) = rows(tensor, axis, DType::C64);
    let half = n / 2 + 1;
    assert!(n > 0 && tensor.shape()[axis] == half, "fft: {} numbers give no {n} real ones", tensor.shape()[axis]);
    let mut shape = crate::layout::Shape::from_slice(source.shape());
    *shape.last_mut().expect("an axis") = n;
    let mut out = Output::new(DType::F32, &shape)?;
    if source.is_empty() {
        return Ok(restore(&out.finish(), &order));
    }
    let plan = BACKWARD.get(n, n, || RealFftPlanner::new().plan_fft_inverse(n))?;
    let source = source.to_row_major()?;
    let from = source.as_slice::<Complex32>().expect("row-major");
    let values = out.slice_mut::<f32>();
    let (count, to) = (values.len() / n, Shared(values.as_mut_ptr()));
    let work = plan.get_scratch_len();
    for_rows(count, n, work + half, &|range, scratch| {
        let (work, copy) = scratch.split_at_mut(work);
        for row in range {
            copy.copy_from_slice(&from[row * half..(row + 1) * half]);
            copy[0].im = 0.0;
            if n.is_multiple_of(2) {
                copy[half - 1].im = 0.0;
            }
            // SAFETY: rows of the result, each of which belongs to one task.
            let out = unsafe { std::slice::from_raw_parts_mut(to.get().add(row * n), n) };
            plan.process_with_scratch(copy, out, work).expect("lengths are the plan's, and the ends are real");
        }
    })?;
    Ok(restore(&out.finish(), &order))
}

/// Calls `f` with ranges of rows and scratch of this length, in parallel over rows.
fn for_rows(
    count: usize,
    n: usize,
    scratch: usize,
    f: &(dyn Fn(std::ops::Range<usize>, &mut [Complex32]) + Sync),
) -> Result<(), KernelError> {
    let failure = Failure::default();
    pool::parallel_chunks(count, 1, cost_ns(n), &|range| match Scratch::new(scratch) {
        Ok(mut scratch) => f(range, &mut scratch),
        Err(error) => failure.set(range.start, error),
    });
    failure.into_result()
}

/// The parts of complex numbers one after another.
fn reals(values: &mut [Complex32]) -> &mut [f32] {
    // SAFETY: a complex number is two reals in memory.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), 2 * values.len()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(x: &[Complex32], sign: f64) -> Vec<Complex32> {
        let n = x.len();
        (0..n)
            .map(|k| {
                let (mut re, mut im) = (0.0, 0.0);
                for (j, x) in x.iter().enumerate() {
                    let (sin, cos) = (sign * std::f64::consts::TAU * (j * k % n) as f64 / n as f64).sin_cos();
                    re += f64::from(x.re) * cos - f64::from(x.im) * sin;
                    im += f64::from(x.re) * sin + f64::from(x.im) * cos;
                }
                Complex32::new(re as f32, im as f32)
            })
            .collect()
    }

    fn close(got: &[Complex32], want: &[Complex32]) -> bool {
        let scale = want.iter().map(|z| z.norm()).fold(1.0, f32::max);
        got.len() == want.len() && got.iter().zip(want).all(|(a, b)| (a - b).norm() <= 4e-6 * scale)
    }

    fn numbers(n: usize) -> Vec<Complex32> {
        (0..n).map(|i| Complex32::new((i * 7 % 11) as f32 - 5.0, (i * 5 % 13) as f32 - 6.0)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn every_length_and_axis_agrees_with_the_sum(n in 1usize..200, lanes in 1usize..4, first in any::<bool>()) {
            let (shape, axis) = if first { ([n, lanes], 0) } else { ([lanes, n], 1) };
            let x = Tensor::from_slice(&numbers(n * lanes), &shape).unwrap();
            let lane = |t: &Tensor, i: usize| {
                let t = if first { t.permute(&[1, 0]) } else { t.clone() };
                t.slice(&[i, 0], &[1, 1], &[1, t.shape()[1]]).to_vec::<Complex32>()
            };
            for (inverse, sign) in [(false, -1.0), (true, 1.0)] {
                let y = complex(&x, axis, inverse).unwrap();
                prop_assert_eq!(y.shape(), shape);
                for i in 0..lanes {
                    prop_assert!(close(&lane(&y, i), &plain(&lane(&x, i), sign)));
                }
            }
            let re: Vec<f32> = numbers(n * lanes).iter().map(|z| z.re).collect();
            let whole: Vec<Complex32> = re.iter().map(|&re| Complex32::new(re, 0.0)).collect();
            let whole = Tensor::from_slice(&whole, &shape).unwrap();
            let y = real_to_complex(&Tensor::from_slice(&re, &shape).unwrap(), axis).unwrap();
            for i in 0..lanes {
                prop_assert!(close(&lane(&y, i), &plain(&lane(&whole, i), -1.0)[..n / 2 + 1]));
            }
            let back = complex_to_real(&y, axis, n).unwrap().to_vec::<f32>();
            let error = back.iter().zip(&re).map(|(a, b)| (a / n as f32 - b).abs()).fold(0.0, f32::max);
            prop_assert!(error < 1e-5, "{error}");
        }
    }

    #[test]
    fn parts_that_no_real_signal_has_are_ignored_and_nan_stays() {
        let z = |re, im| Complex32::new(re, im);
        let half = Tensor::from_slice(&[z(1.0, 9.0), z(2.0, 1.0), z(3.0, 9.0)], &[3]).unwrap();
        assert_eq!(complex_to_real(&half, 0, 4).unwrap().to_vec::<f32>(), [8.0, -4.0, 0.0, 0.0]);
        let x = Tensor::from_slice(&[1.0f32, f32::NAN, 2.0], &[3]).unwrap();
        assert!(real_to_complex(&x, 0).unwrap().to_vec::<Complex32>().iter().all(|z| z.re.is_nan()));
        let empty = Tensor::from_slice::<Complex32>(&[], &[0, 4]).unwrap();
        assert_eq!(complex_to_real(&empty, 1, 6).unwrap().shape(), [0, 6]);
        assert_eq!(complex(&empty, 0, false).unwrap().shape(), [0, 4]);
    }

    #[test]
    fn more_lengths_than_plans_are_kept_can_be_used() {
        for n in 1..3 * PLANS {
            let x = vec![Complex32::new(1.0, 0.0); n];
            let y = complex(&Tensor::from_slice(&x, &[n]).unwrap(), 0, false).unwrap().to_vec::<Complex32>();
            assert!((y[0].re - n as f32).abs() < 1e-3);
        }
    }
}
