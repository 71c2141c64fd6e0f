//! Matrix products of strided matrices, one or a batch of them.

mod batch;
mod blocked;
mod direct;
mod integer;
mod kernel;
mod pack;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod sweep;
#[cfg(test)]
mod tests;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use blocked::{Out, Pieces, Right, cost_ns, product as panels_product};
pub(crate) use direct::product as product_in_place;
pub(crate) use kernel::{Dots, Kerneled, PLAIN32, PLAIN64, Readable, Tile, at_level};
pub(crate) use pack::{Stored, View};
pub(crate) use vector::{Plain, Vector};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{F32x8, F32x16, F64x4, F64x8};

use crate::{Bool, Complex32, DType, Element, bf16, f16};

/// The sizes of a product: (m, k) by (k, n) gives (m, n).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows of the left factor and of the result.
    pub m: usize,
    /// Columns of the right factor and of the result.
    pub n: usize,
    /// Columns of the left factor, rows of the right one.
    pub k: usize,
}

/// A matrix within a slice: element (i, j) is `data[offset + i * row_stride + j * col_stride]`.
///
/// Strides count elements and may be anything: zero repeats a row or column, negative ones walk backwards.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    /// The memory.
    pub data: &'a [T],
    /// Where element (0, 0) lies.
    pub offset: usize,
    /// Distance between rows.
    pub row_stride: isize,
    /// Distance between columns.
    pub col_stride: isize,
}

/// Matrices within one slice that differ only in where they start.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, T> {
    /// The first element of each matrix lies at `mat.offset` plus the matrix's entry in `offsets`.
    pub mat: MatRef<'a, T>,
    /// One entry for each matrix; equal entries repeat a matrix.
    pub offsets: &'a [usize],
}

/// A product that cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GemmError {
    /// A factor reaches outside of its slice.
    #[error(
        "matmul: {operand} of {rows} x {cols} at offset {offset} with strides ({row_stride}, {col_stride}) \
         reaches outside of {len} elements"
    )]
    Bounds {
        /// `"left factor"` or `"right factor"`.
        operand: &'static str,
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
        /// Where element (0, 0) lies.
        offset: usize,
        /// Distance between rows.
        row_stride: isize,
        /// Distance between columns.
        col_stride: isize,
        /// Length of the slice.
        len: usize,
    },
    /// The result's slice has the wrong length.
    #[error("matmul: the result has {len} elements, expected {expected}")]
    Output {
        /// Length of the slice.
        len: usize,
        /// Batch size times m times n.
        expected: usize,
    },
    /// The two factors disagree about how many products there are.
    #[error("matmul: {left} left factors, but {right} right factors")]
    Batch {
        /// Entries of the left offsets.
        left: usize,
        /// Entries of the right offsets.
        right: usize,
    },
    /// No memory for packed operands.
    #[error(transparent)]
    Alloc(#[from] crate::memory::AllocError),
}

/// Writes `alpha * a @ b + beta * c` into the row-major matrix `c`.
///
/// With `beta` zero the former content of `c` is not read. Half precision accumulates in `f32` and rounds once, and
/// subnormal numbers of `bf16` (below 1.2e-38) may count as zeros; integers wrap, and take `alpha` and `beta` truncated;
/// booleans combine by "or" of "and". With `k` zero the product is zero. The result does not depend on the number of
/// threads.
///
/// # Errors
/// When a factor reaches outside of its slice, `c` has not `m * n` elements, or there is no memory to work in.
///
/// ```
/// use cotan_kernels::gemm::{MatRef, Size, matmul};
/// let a = [1.0f32, 2.0, 3.0, 4.0];
/// let a = MatRef { data: &a, offset: 0, row_stride: 2, col_stride: 1 };
/// let transposed = MatRef { row_stride: 1, col_stride: 2, ..a };
/// let mut c = [0.0; 4];
/// matmul(Size { m: 2, n: 2, k: 2 }, a, transposed, &mut c, 1.0, 0.0)?;
/// assert_eq!(c, [5.0, 11.0, 11.0, 25.0]);
/// # Ok::<(), cotan_kernels::gemm::GemmError>(())
/// ```
pub fn matmul<T: Element>(
    size: Size,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    c: &mut [T],
    alpha: f64,
    beta: f64,
) -> Result<(), GemmError> {
    let offsets = &[0];
    batched_matmul(size, Batch { mat: a, offsets }, Batch { mat: b, offsets }, c, alpha, beta)
}

/// [`matmul`] for each pair of matrices; the results lie in `c` one after another.
///
/// # Errors
/// As for [`matmul`], and when the two batches have different sizes.
pub fn batched_matmul<T: Element>(
    size: Size,
    a: Batch<'_, T>,
    b: Batch<'_, T>,
    c: &mut [T],
    alpha: f64,
    beta: f64,
) -> Result<(), GemmError> {
    let Size { m, n, k } = size;
    check(&a, m, k, "left factor")?;
    check(&b, k, n, "right factor")?;
    let (left, right) = (a.offsets.len(), b.offsets.len());
    if left != right {
        return Err(GemmError::Batch { left, right });
    }
    let expected = left.checked_mul(m).and_then(|x| x.checked_mul(n)).unwrap_or(usize::MAX);
    if c.len() != expected {
        return Err(GemmError::Output { len: c.len(), expected });
    }
    if c.is_empty() {
        return Ok(());
    }
    macro_rules! run {
        ($($variant:ident => $S:ty),*) => {
            match T::DTYPE {
                $(DType::$variant => {
                    // SAFETY: `T` is this type, as its DTYPE says.
                    let (a, b, c) = unsafe { (a.cast::<$S>(), b.cast::<$S>(), &mut *(c as *mut [T] as *mut [$S])) };
                    batch::run::<$S>(size, a, b, c, Coefs { alpha, beta })
                })*
            }
        };
    }
    run!(
        Bool => Bool, U8 => u8, U16 => u16, U32 => u32, U64 => u64, I8 => i8, I16 => i16, I32 => i32, I64 => i64,
        F16 => f16, Bf16 => bf16, F32 => f32, F64 => f64, C64 => Complex32
    )
}

/// The two factors of `alpha * a @ b + beta * c`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coefs<R> {
    pub alpha: R,
    pub beta: R,
}

impl<'a, T> Batch<'a, T> {
    /// # Safety
    /// `T` and `S` are the same type.
    unsafe fn cast<S>(self) -> Batch<'a, S> {
        let MatRef { data, offset, row_stride, col_stride } = self.mat;
        // SAFETY: the same type, by the caller's promise.
        let data = unsafe { &*(data as *const [T] as *const [S]) };
        Batch { mat: MatRef { data, offset, row_stride, col_stride }, offsets: self.offsets }
    }

    /// One of the matrices. [`check`] has found that its elements lie in the slice.
    fn view(&self, i: usize) -> View<T> {
        let ptr = self.mat.data.as_ptr().wrapping_add(self.mat.offset + self.offsets[i]);
        View { ptr, row: self.mat.row_stride, col: self.mat.col_stride }
    }
}

/// Checks that every element of every matrix lies in the slice.
fn check<T>(batch: &Batch<'_, T>, rows: usize, cols: usize, operand: &'static str) -> Result<(), GemmError> {
    if rows == 0 || cols == 0 {
        return Ok(());
    }
    let MatRef { data, offset, row_stride, col_stride } = batch.mat;
    let reach = |count: usize, stride: isize| (count as i128 - 1) * stride as i128;
    let (rows_reach, cols_reach) = (reach(rows, row_stride), reach(cols, col_stride));
    let before = -(rows_reach.min(0) + cols_reach.min(0));
    let after = rows_reach.max(0) + cols_reach.max(0);
    for &more in batch.offsets {
        let start = offset as i128 + more as i128;
        if start < before || start + after >= data.len() as i128 {
            let offset = offset.saturating_add(more);
            return Err(GemmError::Bounds { operand, rows, cols, offset, row_stride, col_stride, len: data.len() });
        }
    }
    Ok(())
}
