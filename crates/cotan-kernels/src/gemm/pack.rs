//! Copies operands into the order in which the micro-kernels read them, widened to the type they compute in.

use super::kernel::{Kerneled, Kernels, Readable};
use crate::{Complex32, bf16, f16};

/// A strided matrix by its first element. Whoever makes one has checked that its elements lie in borrowed memory.
#[derive(Debug)]
pub struct View<S> {
    pub ptr: *const S,
    pub row: isize,
    pub col: isize,
}

impl<S> Clone for View<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for View<S> {}

// SAFETY: views read memory that is borrowed for the whole product.
unsafe impl<S: Sync> Send for View<S> {}
// SAFETY: as above.
unsafe impl<S: Sync> Sync for View<S> {}

impl<S> View<S> {
    /// The view that starts at element (i, j).
    #[inline(always)]
    pub fn from(self, i: usize, j: usize) -> View<S> {
        View { ptr: self.at(i, j), ..self }
    }

    /// The address of element (i, j).
    #[inline(always)]
    pub fn at(self, i: usize, j: usize) -> *const S {
        self.ptr.wrapping_offset(i as isize * self.row + j as isize * self.col)
    }

    /// Rows for columns.
    #[inline(always)]
    pub fn transposed(self) -> View<S> {
        View { row: self.col, col: self.row, ..self }
    }
}

/// Elements as arrays store them, with their way into the packed form of their real type.
///
/// A complex product is a real one of twice the columns and depth: the left factor shows each element as (re, im) along
/// its row, the right one as the rows (re, im) and (-im, re), and the result interleaves like complex memory
/// (Van Zee, "Implementing high-performance complex matrix multiplication via the 1m method", SISC 2020).
pub trait Stored: Copy + Send + Sync + Default + 'static {
    type Real: Kerneled;
    /// Reals in an element.
    const PARTS: usize;
    /// Elements along the inner axis that share a packed real.
    const TERMS: usize = 1;

    /// The kernels for packed operands.
    fn packed_kernels() -> &'static Kernels<Self::Real> {
        Self::Real::kernels()
    }

    /// Writes element (i, p) of `from` to `to[p * rows + i]`; complex parts take consecutive `p`.
    ///
    /// # Safety
    /// `from` has `rows` rows and `depth` columns; `to` has room for all their parts.
    unsafe fn pack_left(from: View<Self>, rows: usize, depth: usize, to: *mut Self::Real);

    /// Writes element (p, j) of `from` to `to[p * width + j]`, with zeros for `j` from `cols * PARTS` to `width`.
    ///
    /// # Safety
    /// `from` has `depth` rows and `cols` columns; `to` has room for `depth * PARTS * width`, and `width` for the columns.
    unsafe fn pack_right(from: View<Self>, depth: usize, cols: usize, width: usize, to: *mut Self::Real);
}

/// Elements that are one real number.
trait Widen: Readable {
    fn widen(self) -> Self::Real;
}

impl Widen for f32 {
    #[inline(always)]
    fn widen(self) -> f32 {
        self
    }
}

impl Widen for f64 {
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}

impl Widen for f16 {
    #[inline(always)]
    fn widen(self) -> f32 {
        self.to_f32()
    }
}

impl Widen for bf16 {
    #[inline(always)]
    fn widen(self) -> f32 {
        self.to_f32()
    }
}

/// Writes element (o, i) of `from` to `to[o * width + i]`, with zeros for `i` from `inner` to `width`.
///
/// # Safety
/// `from` has `outer` rows and `inner <= width` columns, `width` is `inner` or the next multiple of the lanes; `to` has
/// room for `outer * width`.
unsafe fn pack<S: Widen>(from: View<S>, outer: usize, inner: usize, width: usize, to: *mut S::Real) {
    let readers = S::readers();
    // SAFETY: all indices stay below `outer`, and below `inner` (read) or `width` (written); the kernels are this machine's.
    unsafe {
        if from.col == 1 {
            return (readers.rows)(from, outer, inner, width, to);
        }
        for o in 0..outer {
            std::slice::from_raw_parts_mut(to.add(o * width + inner), width - inner).fill(S::Real::default());
        }
        if from.row == 1 {
            return (readers.columns)(from, outer, inner, width, to);
        }
        for o in 0..outer {
            for i in 0..inner {
                *to.add(o * width + i) = (*from.at(o, i)).widen();
            }
        }
    }
}

macro_rules! stored {
    ($($S:ty => $R:ty),*) => {$(
        impl Stored for $S {
            type Real = $R;
            const PARTS: usize = 1;
            unsafe fn pack_left(from: View<$S>, rows: usize, depth: usize, to: *mut $R) {
                // SAFETY: the caller's promise, with the roles of rows and columns exchanged.
                unsafe { pack(from.transposed(), depth, rows, rows, to) }
            }
            unsafe fn pack_right(from: View<$S>, depth: usize, cols: usize, width: usize, to: *mut $R) {
                // SAFETY: the caller's promise.
                unsafe { pack(from, depth, cols, width, to) }
            }
        }
    )*};
}
stored!(f32 => f32, f64 => f64, f16 => f32, bf16 => f32);

impl Stored for Complex32 {
    type Real = f32;
    const PARTS: usize = 2;

    unsafe fn pack_left(from: View<Complex32>, rows: usize, depth: usize, to: *mut f32) {
        if from.col == 1 {
            // In memory its rows are those of a real matrix of twice the depth.
            let parts = View { ptr: from.ptr.cast::<f32>(), row: 2 * from.row, col: 1 };
            // SAFETY: the caller's promise in reals.
            return unsafe { f32::pack_left(parts, rows, 2 * depth, to) };
        }
        for p in 0..depth {
            for i in 0..rows {
                // SAFETY: within the caller's matrix and room.
                unsafe {
                    let x = *from.at(i, p);
                    *to.add(2 * p * rows + i) = x.re;
                    *to.add((2 * p + 1) * rows + i) = x.im;
                }
            }
        }
    }

    unsafe fn pack_right(from: View<Complex32>, depth: usize, cols: usize, width: usize, to: *mut f32) {
        for p in 0..depth {
            // SAFETY: within the caller's room, as `2 * cols <= width`; rows of the two parts don't overlap.
            let (upper, lower) = unsafe {
                let rows = to.add(2 * p * width).cast::<[f32; 2]>();
                (
                    std::slice::from_raw_parts_mut(rows, cols),
                    std::slice::from_raw_parts_mut(rows.byte_add(4 * width), cols),
                )
            };
            for (j, (upper, lower)) in upper.iter_mut().zip(lower).enumerate() {
                // SAFETY: within the caller's matrix.
                let x = unsafe { *from.at(p, j) };
                *upper = [x.re, x.im];
                *lower = [-x.im, x.re];
            }
            for row in [2 * p, 2 * p + 1] {
                // SAFETY: the rest of the row, within the caller's room.
                unsafe { std::slice::from_raw_parts_mut(to.add(row * width + 2 * cols), width - 2 * cols).fill(0.0) };
            }
        }
    }
}
