//! Products of integers, which wrap, and of truth values.

use super::blocked::{Out, Pieces};
use super::pack::View;
use super::{Coefs, Size};
use crate::memory::{AllocError, Block};
use crate::simd::{Isa, Kernel, dispatch};
use crate::{Bool, pool};

/// Rows and columns of the block of the result that a step computes.
const ROWS: usize = 4;
const COLS: usize = 64;

/// Numbers with the two operations that a product needs.
pub trait Ring: Copy + Default + PartialEq + Send + Sync + 'static {
    /// `self * b + c`.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// A coefficient, truncated.
    fn from_f64(x: f64) -> Self;
}

macro_rules! ring {
    ($($T:ty),*) => {$(
        impl Ring for $T {
            #[inline(always)]
            fn mul_add(self, b: $T, c: $T) -> $T {
                self.wrapping_mul(b).wrapping_add(c)
            }
            fn from_f64(x: f64) -> $T {
                x as i64 as $T
            }
        }
    )*};
}
ring!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Ring for Bool {
    #[inline(always)]
    fn mul_add(self, b: Bool, c: Bool) -> Bool {
        Bool(((self.0 != 0) & (b.0 != 0) | (c.0 != 0)) as u8)
    }
    fn from_f64(x: f64) -> Bool {
        Bool::from(x != 0.0)
    }
}

/// `out = alpha * a @ b + beta * out`.
///
/// # Safety
/// `a` and `b` have the shapes that `size` says; `out` has `m` rows of `n` and overlaps neither.
pub unsafe fn product<T: Ring>(
    size: Size,
    a: View<T>,
    b: View<T>,
    out: Out<T>,
    coefs: Coefs<T>,
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    let contiguous = b.col == 1;
    let scratch = Block::alloc(if contiguous { 0 } else { k * n * size_of::<T>() })?;
    let b = if contiguous {
        b
    } else {
        let copy = scratch.ptr().cast::<T>();
        for p in 0..k {
            for j in 0..n {
                // SAFETY: (p, j) lies in `b`, and there is room for `k` rows of `n`.
                unsafe { *copy.add(p * n + j) = *b.at(p, j) };
            }
        }
        View { ptr: copy.cast_const(), row: n as isize, col: 1 }
    };
    let (rows, cols) = (Pieces::new(m, ROWS), Pieces::new(n, COLS));
    // About sixteen bytes of products in a nanosecond.
    let cost = (m * n * k * size_of::<T>() / 16) as u64;
    pool::parallel_for(rows.count * cols.count, cost, &|task| {
        let (i, j) = (task % rows.count, task / rows.count);
        let (row, col) = (rows.start(i), cols.start(j));
        let size = Size { m: rows.len(i), n: cols.len(j), k };
        dispatch(Step { size, a: a.from(row, 0), b: b.from(0, col), out: out.from(row, col), coefs });
    });
    Ok(())
}

/// A block of the result that fits the registers or nearly so, with shapes as promised to [`product`].
struct Step<T> {
    size: Size,
    a: View<T>,
    b: View<T>,
    out: Out<T>,
    coefs: Coefs<T>,
}

impl<T: Ring> Kernel for Step<T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Step { size: Size { m, n, k }, a, b, out, coefs } = self;
        let mut sums = [[T::default(); COLS]; ROWS];
        for p in 0..k {
            // SAFETY: row `p` of the right factor has `n` contiguous elements, `n <= COLS`.
            let row = unsafe { std::slice::from_raw_parts(b.at(p, 0), n) };
            for (i, sums) in sums.iter_mut().enumerate().take(m) {
                // SAFETY: (i, p) lies in the left factor.
                let x = unsafe { *a.at(i, p) };
                for (sum, &y) in sums.iter_mut().zip(row) {
                    *sum = x.mul_add(y, *sum);
                }
            }
        }
        for (i, sums) in sums.iter().enumerate().take(m) {
            // SAFETY: row `i` of the result has `n` elements here, which no other task touches.
            let to = unsafe { std::slice::from_raw_parts_mut(out.from(i, 0).ptr, n) };
            for (to, &sum) in to.iter_mut().zip(sums) {
                let rest =
                    if coefs.beta == T::default() { T::default() } else { coefs.beta.mul_add(*to, T::default()) };
                *to = coefs.alpha.mul_add(sum, rest);
            }
        }
    }
}
