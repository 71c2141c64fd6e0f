//! Linear recurrences along an axis.

use crate::arith::{Arith, Number};
use crate::error::KernelError;
use crate::simd::{Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{layout, pool, with_dtype};

/// Columns computed side by side.
const WIDE: usize = 64;

/// `h[i] = decay[i] * h[i - 1] + input[i]` along `axis`, from zero before the first, or from the end when `reverse`.
///
/// Both operands have the same shape and type, and so has the result. Halves accumulate in single precision.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the operands differ in shape or type, or the axis does not exist.
///
/// ```
/// use cotan_kernels::{Tensor, recurrence::recurrence};
/// let decay = Tensor::from_slice(&[7.0f32, 0.5, 0.0], &[3])?;
/// let input = Tensor::from_slice(&[2.0f32, 1.0, 5.0], &[3])?;
/// assert_eq!(recurrence(&decay, &input, 0, false)?.to_vec::<f32>(), [2.0, 2.0, 5.0]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn recurrence(decay: &Tensor, input: &Tensor, axis: usize, reverse: bool) -> Result<Tensor, KernelError> {
    assert_eq!((decay.shape(), decay.dtype()), (input.shape(), input.dtype()), "recurrence: the operands differ");
    with_dtype!(input.dtype(), T => recurrence_as::<T>(decay, input, axis, reverse))
}

fn recurrence_as<T: Number>(decay: &Tensor, input: &Tensor, axis: usize, reverse: bool) -> Result<Tensor, KernelError> {
    let shape = input.shape();
    let mut out = Output::new(T::DTYPE, shape)?;
    if input.is_empty() {
        return Ok(out.finish());
    }
    let (n, inner) = (shape[axis], layout::len(&shape[axis + 1..]));
    let outer = layout::len(&shape[..axis]);
    let (decay, input) = (decay.to_row_major()?, input.to_row_major()?);
    let (decay, input) = (decay.as_slice::<T>().expect("row-major"), input.as_slice::<T>().expect("row-major"));
    let blocks = inner.div_ceil(WIDE);
    let to = Shared(out.ptr().cast::<T>());
    let cost = 2.0 * n as f32 * inner.min(WIDE) as f32;
    pool::parallel_chunks(outer * blocks, 1, cost, &|range| {
        for index in range {
            let (start, column) = (index / blocks * n * inner, index % blocks * WIDE);
            let width = WIDE.min(inner - column);
            dispatch(Columns { decay, input, to, start: start + column, width, inner, n, reverse });
        }
    });
    Ok(out.finish())
}

/// `width` neighbouring columns; element `(i, c)` lies at `start + i * inner + c`.
struct Columns<'a, T> {
    decay: &'a [T],
    input: &'a [T],
    to: Shared<T>,
    start: usize,
    width: usize,
    inner: usize,
    n: usize,
    reverse: bool,
}

impl<T: Number> Kernel for Columns<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut carry = [<T::Wide as Arith>::ZERO; WIDE];
        for step in 0..self.n {
            let row = self.start + if self.reverse { self.n - 1 - step } else { step } * self.inner;
            let (decay, input) = (&self.decay[row..row + self.width], &self.input[row..row + self.width]);
            // SAFETY: the output has the length of the inputs, whose slices were just checked; columns of different
            // tasks don't overlap.
            let out = unsafe { std::slice::from_raw_parts_mut(self.to.get().add(row), self.width) };
            for (((carry, &decay), &input), out) in carry.iter_mut().zip(decay).zip(input).zip(out) {
                *carry = decay.widen().mul(*carry).add(input.widen());
                *out = T::narrow(*carry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Element;

    fn lcg(seed: &mut u64) -> f64 {
        *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*seed >> 40) as f64 / (1u64 << 24) as f64 - 0.5
    }

    #[test]
    fn every_axis_and_direction_agrees_with_the_plain_loop() {
        let shape = [3, 5, 70];
        let mut seed = 1;
        let a: Vec<f64> = (0..1050).map(|_| lcg(&mut seed)).collect();
        let b: Vec<f64> = (0..1050).map(|_| lcg(&mut seed)).collect();
        let (ta, tb) = (Tensor::from_slice(&a, &shape).unwrap(), Tensor::from_slice(&b, &shape).unwrap());
        for axis in 0..3 {
            for reverse in [false, true] {
                let (n, inner): (usize, usize) = (shape[axis], shape[axis + 1..].iter().product());
                let mut want = vec![0.0; a.len()];
                for lane in 0..a.len() / n {
                    let (outer, column) = (lane / inner, lane % inner);
                    let mut h = 0.0;
                    for step in 0..n {
                        let i = outer * n * inner + column + inner * if reverse { n - 1 - step } else { step };
                        h = a[i] * h + b[i];
                        want[i] = h;
                    }
                }
                let got = recurrence(&ta, &tb, axis, reverse).unwrap().to_vec::<f64>();
                assert!(got.iter().zip(&want).all(|(x, y)| (x - y).abs() < 1e-14), "axis {axis}, reverse {reverse}");
            }
        }
    }

    #[test]
    fn empty_axes_and_strided_operands_are_fine() {
        let empty = Tensor::from_slice::<f32>(&[], &[2, 0]).unwrap();
        assert!(recurrence(&empty, &empty, 1, false).unwrap().is_empty());
        let one = Tensor::from_slice(&[1i32], &[1]).unwrap().broadcast_to(&[4]);
        assert_eq!(one.dtype(), i32::DTYPE);
        assert_eq!(recurrence(&one, &one, 0, false).unwrap().to_vec::<i32>(), [1, 2, 3, 4]);
    }
}
