//! Copies operands into the order in which the micro-kernels read them, widened to the type they compute in.

use half::slice::HalfFloatSliceExt;

use super::kernel::Kerneled;
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
trait Widen: Copy {
    type Real: Copy + Default;
    fn widen(self) -> Self::Real;
    /// Widens a slice; `to` is as long as `from`.
    fn widen_slice(from: &[Self], to: &mut [Self::Real]);
}

impl Widen for f32 {
    type Real = f32;
    #[inline(always)]
    fn widen(self) -> f32 {
        self
    }
    #[inline(always)]
    fn widen_slice(from: &[f32], to: &mut [f32]) {
        to.copy_from_slice(from);
    }
}

impl Widen for f64 {
    type Real = f64;
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
    #[inline(always)]
    fn widen_slice(from: &[f64], to: &mut [f64]) {
        to.copy_from_slice(from);
    }
}

impl Widen for f16 {
    type Real = f32;
    #[inline(always)]
    fn widen(self) -> f32 {
        self.to_f32()
    }
    #[inline(always)]
    fn widen_slice(from: &[f16], to: &mut [f32]) {
        from.convert_to_f32_slice(to);
    }
}

impl Widen for bf16 {
    type Real = f32;
    #[inline(always)]
    fn widen(self) -> f32 {
        self.to_f32()
    }
    #[inline(always)]
    fn widen_slice(from: &[bf16], to: &mut [f32]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = f32::from_bits(u32::from(from.to_bits()) << 16);
        }
    }
}

/// Writes element (o, i) of `from` to `to[o * width + i]`, with zeros for `i` from `inner` to `width`.
///
/// # Safety
/// `from` has `outer` rows and `inner <= width` columns; `to` has room for `outer * width`.
unsafe fn pack<S: Widen>(from: View<S>, outer: usize, inner: usize, width: usize, to: *mut S::Real) {
    // SAFETY: all indices stay below `outer`, and below `inner` (read) or `width` (written).
    unsafe {
        if from.col == 1 {
            for o in 0..outer {
                let row = std::slice::from_raw_parts(from.at(o, 0), inner);
                let to = std::slice::from_raw_parts_mut(to.add(o * width), width);
                S::widen_slice(row, &mut to[..inner]);
                to[inner..].fill(S::Real::default());
            }
            return;
        }
        if inner < width {
            for o in 0..outer {
                std::slice::from_raw_parts_mut(to.add(o * width + inner), width - inner).fill(S::Real::default());
            }
        }
        let mut done = 0;
        if from.row == 1 {
            while done + 4 <= inner {
                transpose4::<S>(from.from(0, done), outer, width, to.add(done));
                done += 4;
            }
        }
        for i in done..inner {
            for o in 0..outer {
                *to.add(o * width + i) = (*from.at(o, i)).widen();
            }
        }
    }
}

/// [`pack`] of four columns that are contiguous in memory.
///
/// # Safety
/// As for [`pack`] with `inner` four, and `from.row` is one.
unsafe fn transpose4<S: Widen>(from: View<S>, outer: usize, width: usize, to: *mut S::Real) {
    const BLOCK: usize = 64;
    let mut wide = [[S::Real::default(); BLOCK]; 4];
    let mut start = 0;
    while start < outer {
        let len = BLOCK.min(outer - start);
        for (i, wide) in wide.iter_mut().enumerate() {
            // SAFETY: `len` elements of column `i` from `start` on, below `outer`.
            S::widen_slice(unsafe { std::slice::from_raw_parts(from.at(start, i), len) }, &mut wide[..len]);
        }
        for o in 0..len {
            let four = [wide[0][o], wide[1][o], wide[2][o], wide[3][o]];
            // SAFETY: row `start + o < outer`, with room for four.
            unsafe { to.add((start + o) * width).cast::<[S::Real; 4]>().write_unaligned(four) };
        }
        start += len;
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
        for i in 0..rows {
            for p in 0..depth {
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
            // SAFETY: within the caller's matrix and room, as `2 * cols <= width`.
            unsafe {
                let (upper, lower) = (to.add(2 * p * width), to.add((2 * p + 1) * width));
                for j in 0..cols {
                    let x = *from.at(p, j);
                    upper.add(2 * j).cast::<[f32; 2]>().write_unaligned([x.re, x.im]);
                    lower.add(2 * j).cast::<[f32; 2]>().write_unaligned([-x.im, x.re]);
                }
                for j in 2 * cols..width {
                    *upper.add(j) = 0.0;
                    *lower.add(j) = 0.0;
                }
            }
        }
    }
}
