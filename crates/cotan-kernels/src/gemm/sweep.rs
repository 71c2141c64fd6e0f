//! Products of very few rows with a matrix that no cache holds: it is read in long strides, some rows side by side.

use super::Coefs;
use super::Size;
use super::blocked::{Out, Pieces, cost_ns};
use super::kernel::{Kerneled, Readable};
use super::pack::{Stored, View};
use super::vector::Load;
use crate::memory::{AllocError, Block};
use crate::pool;

/// Rows of the right factor that are read side by side: memory answers a few long streams fastest.
const ABREAST: usize = 8;
/// Rows whose products are added up before they are added to the result: bounds the rounding error.
const DEPTH: usize = 8 * ABREAST;
/// Columns of a task where there are enough of them, and the least.
const WIDE: usize = 2048;
const NARROW: usize = 128;

/// Some rows of the right factor with what they are multiplied by: `c = alpha * a @ b + beta * c`.
pub struct Sweep<R, S> {
    pub k: usize,
    /// Its rows side by side.
    pub a: *const R,
    /// With contiguous rows.
    pub b: *const S,
    pub b_row: isize,
    pub cols: usize,
    /// Room for a sum for each element of `c`.
    pub sums: *mut R,
    pub c: *mut R,
    pub c_row: usize,
    pub alpha: R,
    /// With zero, `c` is written only.
    pub beta: R,
}

pub type SweepFn<R, S> = unsafe fn(&Sweep<R, S>);

/// # Safety
/// As for [`Load`]; `M` rows of `a` and `t.cols` columns of `b` are readable over `t.k`, and `M * t.cols` elements of
/// `sums` and `c` are writable.
#[inline(always)]
pub unsafe fn sweep<V: Load<S>, S, const M: usize>(t: &Sweep<V::Real, S>) {
    let mut p = 0;
    while p < t.k {
        // SAFETY: rows below `t.k`.
        unsafe {
            if p + ABREAST <= t.k {
                pass::<V, S, M, ABREAST>(t, p);
                p += ABREAST;
            } else {
                pass::<V, S, M, 1>(t, p);
                p += 1;
            }
        }
    }
}

/// Adds the products of `N` rows from `p` on to the sums, or finishes with the last ones.
///
/// # Safety
/// As for [`sweep`], and `p + N <= t.k`.
#[inline(always)]
unsafe fn pass<V: Load<S>, S, const M: usize, const N: usize>(t: &Sweep<V::Real, S>, p: usize) {
    let (first, last) = (p == 0, p + N == t.k);
    // SAFETY: everything below touches rows `< M` of the left factor and `p..p + N` of the right one, and columns
    // `< t.cols`.
    unsafe {
        let x: [[V; N]; M] = std::array::from_fn(|i| std::array::from_fn(|r| V::splat(*t.a.add((p + r) * M + i))));
        let (alpha, beta) = (V::splat(t.alpha), V::splat(t.beta));
        macro_rules! column {
            ($j:expr, $widen:expr, $load:expr, $store:expr) => {
                let from = t.b.offset(p as isize * t.b_row).add($j);
                let b: [V; N] = std::array::from_fn(|r| $widen(from.offset(r as isize * t.b_row)));
                for i in 0..M {
                    let (sums, c) = (t.sums.add(i * t.cols + $j), t.c.add(i * t.c_row + $j));
                    let mut sum = if first { V::splat(V::Real::default()) } else { $load(sums) };
                    for r in 0..N {
                        sum = x[i][r].mul_add(b[r], sum);
                    }
                    if !last {
                        $store(sum, sums);
                        continue;
                    }
                    sum = sum.mul(alpha);
                    if t.beta != V::Real::default() {
                        sum = beta.mul_add($load(c), sum);
                    }
                    $store(sum, c);
                }
            };
        }
        let rest = t.cols % V::LANES;
        for j in (0..t.cols - rest).step_by(V::LANES) {
            column!(j, |from| V::widen(from), |from| V::load(from), |v: V, to| v.store(to));
        }
        if rest > 0 {
            column!(t.cols - rest, |from| V::widen_part(from, rest), |from| V::load_part(from, rest), |v: V, to| v
                .store_part(to, rest));
        }
    }
}

/// `out = alpha * a @ b + beta * out` for as many rows as there are kernels, and a right factor with contiguous rows.
///
/// # Safety
/// `a` and `b` have the shapes that `size` says and `b.col` is one; `out` has `m` rows of `n` and overlaps neither.
pub unsafe fn product<S: Readable<Real = R> + Stored<Real = R>, R: Kerneled>(
    size: Size,
    a: View<S>,
    b: View<S>,
    out: Out<R>,
    coefs: Coefs<R>,
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    let kernel = S::readers().sweep[m - 1];
    let lanes = R::kernels().lanes;
    let scratch = Block::alloc(m * (k + n) * size_of::<R>())?;
    let left = Out { ptr: scratch.ptr().cast::<R>(), row: 1 };
    let sums = left.from(m * k, 0);
    // SAFETY: the scratch has room for all of `a`.
    unsafe { S::pack_left(a, m, k, left.ptr) };
    let vectors = n.div_ceil(lanes);
    let share = vectors.div_ceil(pool::threads()).clamp(NARROW / lanes, WIDE / lanes);
    let tasks = Pieces::new(vectors, share);
    pool::parallel_for(tasks.count, cost_ns::<R>(m * n * k).max((n * k / 16) as u64), &|task| {
        let j = tasks.start(task) * lanes;
        let cols = (tasks.len(task) * lanes).min(n - j);
        for p in (0..k).step_by(DEPTH) {
            let part = Sweep {
                k: DEPTH.min(k - p),
                a: left.from(p * m, 0).ptr.cast_const(),
                b: b.at(p, j),
                b_row: b.row,
                cols,
                sums: sums.from(j * m, 0).ptr,
                c: out.from(0, j).ptr,
                c_row: out.row,
                alpha: coefs.alpha,
                beta: if p == 0 { coefs.beta } else { num_traits::one() },
            };
            // SAFETY: tasks cover disjoint columns of the result and of the sums, the entry is for this many rows.
            unsafe { kernel(&part) };
        }
    });
    Ok(())
}
