//! Products of many rows with a quantised matrix: the product of plain matrices, whose packed panels are decoded into.

use super::decode::{Coding, Unpack, Work, run};
use super::{Rounded, Weights, with_coding};
use crate::gemm::{Coefs, Out, Pieces, Right, Size, Stored, View, panels_product};
use crate::lanes::Scratch;
use crate::memory::AllocError;
use crate::pool;
use crate::walk::Shared;

/// Sides of the blocks in which results of half precision accumulate before they are rounded.
const SIDE: usize = 2048;

/// Writes `x @ w^T` (or `x @ w`) to `out`.
pub(super) fn product<S: Rounded + Stored<Real = f32>, D: Rounded>(
    size: Size,
    x: &[S],
    w: &Weights<'_>,
    transpose: bool,
    out: &mut [D],
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    let x = View { ptr: x.as_ptr(), row: k as isize, col: 1 };
    let w = Part { w, transpose, row: 0, column: 0 };
    let coefs = Coefs { alpha: 1.0, beta: 0.0 };
    if D::DTYPE == crate::DType::F32 {
        let out = Out { ptr: out.as_mut_ptr().cast::<f32>(), row: n };
        // SAFETY: the caller has compared the sizes of all three.
        return unsafe { panels_product(size, x, w, out, coefs) };
    }
    let unit = w.units()[1];
    let (rows, cols) = (Pieces::new(m, SIDE), Pieces::new(n.div_ceil(unit), SIDE / unit));
    let mut scratch = Scratch::<f32>::new(rows.len(0) * (cols.len(0) * unit).min(n))?;
    let to = Shared(out.as_mut_ptr());
    for (i, j) in (0..rows.count).flat_map(|i| (0..cols.count).map(move |j| (i, j))) {
        let (row, column) = (rows.start(i), cols.start(j) * unit);
        let size = Size { m: rows.len(i), n: (cols.len(j) * unit).min(n - column), k };
        let sums = Out { ptr: scratch.as_mut_ptr(), row: size.n };
        // SAFETY: a part of the product, for which the scratch has room.
        unsafe { panels_product(size, x.from(row, 0), Right::from(w, 0, column), sums, coefs)? };
        round_rows(&scratch[..size.m * size.n], size.n, &|i| to.get().wrapping_add((row + i) * n + column));
    }
    Ok(())
}

/// Rounds rows of sums to where they belong.
///
/// # Panics
/// When sums don't fill rows.
pub(super) fn round_rows<D: Rounded>(sums: &[f32], n: usize, to: &(dyn Fn(usize) -> *mut D + Sync)) {
    pool::parallel_chunks(sums.len() / n, 1, n as f32 / 2.0, &|range| {
        for i in range {
            // SAFETY: the caller has a row of the result for each row of sums.
            let out = unsafe { std::slice::from_raw_parts_mut(to(i), n) };
            run(Round { sums: &sums[i * n..][..n], out });
        }
    });
}

pub(super) struct Round<'a, D> {
    pub sums: &'a [f32],
    pub out: &'a mut [D],
}

impl<D: Rounded> Work for Round<'_, D> {
    #[inline(always)]
    unsafe fn run<V: Unpack>(self) {
        self.out.iter_mut().zip(self.sums).for_each(|(out, &sum)| *out = D::rounded(sum));
    }
}

/// A quantised right factor from some place on.
#[derive(Clone, Copy)]
struct Part<'a> {
    w: &'a Weights<'a>,
    /// Whether its rows are the columns of the factor.
    transpose: bool,
    row: usize,
    column: usize,
}

impl Right<f32> for Part<'_> {
    fn units(&self) -> [usize; 2] {
        if self.transpose { [self.w.group, 1] } else { [1, self.w.group] }
    }

    fn by_rows(&self) -> bool {
        !self.transpose
    }

    fn from(self, p: usize, j: usize) -> Self {
        let (row, column) = if self.transpose { (j, p) } else { (p, j) };
        Part { row: self.row + row, column: self.column + column, ..self }
    }

    unsafe fn pack(self, depth: usize, cols: usize, width: usize, to: *mut f32) {
        run(Panel { part: self, depth, cols, width, to });
    }
}

/// One panel of a packed factor.
struct Panel<'a> {
    part: Part<'a>,
    depth: usize,
    cols: usize,
    width: usize,
    to: *mut f32,
}

impl Work for Panel<'_> {
    #[inline(always)]
    unsafe fn run<V: Unpack>(self) {
        // SAFETY: the caller's promise.
        with_coding!(self.part.w, C => unsafe { self.decode::<V, C>() });
    }
}

/// Columns of a panel, at most, and how many of their elements are decoded before they are put into rows.
const WIDEST: usize = 32;
const RUN: usize = 64;

impl Panel<'_> {
    /// # Safety
    /// As for [`Work::run`].
    #[inline(always)]
    unsafe fn decode<V: Unpack, C: Coding>(&self) {
        let Part { w, transpose, row, column } = self.part;
        if !transpose {
            for p in 0..self.depth {
                let to = self.to.wrapping_add(p * self.width);
                // SAFETY: a row of the panel, which is as wide as a multiple of the lanes.
                unsafe {
                    decode_run::<V, C>(w, row + p, column, self.cols, to);
                    std::slice::from_raw_parts_mut(to.add(self.cols), self.width - self.cols).fill(0.0);
                }
            }
            return;
        }
        assert!(self.cols <= WIDEST);
        let mut runs = [0.0f32; WIDEST * RUN];
        for p in (0..self.depth).step_by(RUN) {
            let len = RUN.min(self.depth - p);
            // SAFETY: runs of the columns, which the scratch has room for; then rows from `p` on of the panel.
            unsafe {
                for j in 0..self.cols {
                    decode_run::<V, C>(w, row + j, column + p, len, runs.as_mut_ptr().add(j * RUN));
                }
                let runs = View { ptr: runs.as_ptr(), row: 1, col: RUN as isize };
                f32::pack_right(runs, len, self.cols, self.width, self.to.add(p * self.width));
            }
        }
    }
}

/// Decodes part of a row, in order. Its beginning and its end are multiples of the lanes.
///
/// # Safety
/// As for [`Unpack`]; the part lies within the row, and `to` has room for it.
#[inline(always)]
pub(super) unsafe fn decode_run<V: Unpack, C: Coding>(w: &Weights, row: usize, start: usize, len: usize, to: *mut f32) {
    let (mut at, end) = (start, start + len);
    while at < end {
        let group = at / w.group;
        let stop = end.min((group + 1) * w.group);
        let [scale, bias] = w.constants(row, group);
        // SAFETY: the caller's promise.
        unsafe {
            let group = V::group::<C>(scale, bias);
            while at < stop {
                V::in_order::<C>(w.codes(row, at), group).store(to.add(at - start));
                at += V::LANES;
            }
        }
    }
}
