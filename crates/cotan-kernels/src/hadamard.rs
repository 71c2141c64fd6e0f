//! Walsh-Hadamard transforms.

use std::ops::{Add, Sub};

use crate::error::KernelError;
use crate::simd::{Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{Complex32, DType, Element, layout, pool};

/// Rows, or blocks of long rows, of up to so many elements stay in the first-level cache.
const NEAR: usize = 2048;

/// The last axis of `x` times the Hadamard matrix of its size in Sylvester's order, by the fast transform with
/// `n log n` additions (Fino, Algazi, "Unified matrix treatment of the fast Walsh-Hadamard transform", 1976).
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the size of the last axis is not a power of two, or the type is not `f32`, `f64` or `Complex32`.
///
/// ```
/// use cotan_kernels::{Tensor, hadamard::hadamard};
/// let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[4])?;
/// assert_eq!(hadamard(&x)?.to_vec::<f32>(), [10.0, -2.0, -4.0, 0.0]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn hadamard(x: &Tensor) -> Result<Tensor, KernelError> {
    match x.dtype() {
        DType::F32 => transform::<f32>(x),
        DType::F64 => transform::<f64>(x),
        DType::C64 => transform::<Complex32>(x),
        other => panic!("hadamard: {other}"),
    }
}

/// Elements that add.
trait Ring: Element + Add<Output = Self> + Sub<Output = Self> {}
impl<T: Element + Add<Output = T> + Sub<Output = T>> Ring for T {}

fn transform<T: Ring>(x: &Tensor) -> Result<Tensor, KernelError> {
    let size = *x.shape().last().expect("an axis");
    assert!(size.is_power_of_two(), "hadamard: an axis of size {size}");
    let mut out = Output::new(x.dtype(), x.shape())?;
    crate::copy::copy_into(x, out.bytes_mut());
    let to = Shared(out.ptr().cast::<T>());
    let cost = 0.3 * size as f32 * (size.ilog2() as f32 + 1.0);
    pool::parallel_chunks(layout::len(x.shape()) / size, 1, cost, &|range| {
        // SAFETY: the output has as many rows of `size` elements as there are places; those of different tasks don't
        // overlap.
        let rows = unsafe { std::slice::from_raw_parts_mut(to.get().add(range.start * size), range.len() * size) };
        dispatch(Rows { rows, size });
    });
    Ok(out.finish())
}

struct Rows<'a, T> {
    rows: &'a mut [T],
    size: usize,
}

impl<T: Ring> Kernel for Rows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        for row in self.rows.chunks_exact_mut(self.size) {
            row.chunks_mut(NEAR).for_each(near);
            let mut width = NEAR;
            while width < self.size {
                pass(row, width);
                width *= 2;
            }
        }
    }
}

/// All passes of a block that stays in the cache.
#[inline(always)]
fn near<T: Ring>(block: &mut [T]) {
    let mut width = 1;
    if block.len() >= 8 {
        // Three passes in registers.
        for eight in block.as_chunks_mut::<8>().0 {
            pass(eight, 1);
            pass(eight, 2);
            pass(eight, 4);
        }
        width = 8;
    }
    while width < block.len() {
        pass(block, width);
        width *= 2;
    }
}

/// Sums and differences of elements that lie `width` apart.
#[inline(always)]
fn pass<T: Ring>(block: &mut [T], width: usize) {
    for pair in block.chunks_exact_mut(2 * width) {
        let (low, high) = pair.split_at_mut(width);
        for (low, high) in low.iter_mut().zip(high) {
            (*low, *high) = (*low + *high, *low - *high);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_product_with_signs_by_the_parity_of_common_bits() {
        for size in [1usize, 2, 4, 8, 64, 8192] {
            let x: Vec<f64> = (0..size).map(|i| (i * i % 31) as f64).collect();
            let got = hadamard(&Tensor::from_slice(&x, &[1, size]).unwrap()).unwrap().to_vec::<f64>();
            for row in (0..size).step_by(size.div_ceil(50)) {
                let sign = |column: usize| if (row & column).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
                let want: f64 = x.iter().enumerate().map(|(column, x)| sign(column) * x).sum();
                assert_eq!(got[row], want);
            }
        }
    }
}
