//! Large products: operands packed block by block, then multiplied tile by tile on all threads.
//!
//! The loop order follows Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (TOMS 2008).

use std::ops::Range;

use super::kernel::{Kerneled, Kernels, Tile};
use super::pack::{Stored, View};
use super::{Coefs, Size};
use crate::memory::{AllocError, Block};
use crate::pool;

/// Bytes of a panel of each factor, which stay in the first-level cache together.
const PANELS: usize = 44 << 10;
/// Rows and columns of a block: bounds the memory for packed operands.
const SIDE: usize = 2048;
/// Panels of the left factor in a task: they stay in the second-level cache while the right factor streams by.
const TASK_PANELS: usize = 16;

/// Panels of the right factor packed together, and rows of them at a time: long reads suit memory better.
const PACK_PANELS: usize = 8;
const PACK_ROWS: usize = 16;

/// Where the result goes: rows of contiguous reals.
#[derive(Debug)]
pub struct Out<R> {
    pub ptr: *mut R,
    pub row: usize,
}

impl<R> Clone for Out<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Out<R> {}

// SAFETY: the memory is borrowed mutably for the whole product, and tasks write disjoint parts of it.
unsafe impl<R: Send> Send for Out<R> {}
// SAFETY: as above.
unsafe impl<R: Send> Sync for Out<R> {}

impl<R> Out<R> {
    /// The part that starts at (i, j).
    #[inline(always)]
    pub fn from(self, i: usize, j: usize) -> Out<R> {
        Out { ptr: self.ptr.wrapping_add(i * self.row + j), ..self }
    }
}

/// Cuts `0..n` into pieces of at most `most` whose sizes differ by at most one.
#[derive(Clone, Copy)]
pub struct Pieces {
    pub n: usize,
    pub count: usize,
}

impl Pieces {
    pub fn new(n: usize, most: usize) -> Pieces {
        Pieces { n, count: n.div_ceil(most) }
    }

    pub fn start(self, i: usize) -> usize {
        i * (self.n / self.count) + i.min(self.n % self.count)
    }

    pub fn len(self, i: usize) -> usize {
        self.n / self.count + usize::from(i < self.n % self.count)
    }
}

/// Pieces that begin at multiples of a unit.
struct Cuts {
    pieces: Pieces,
    unit: usize,
    n: usize,
}

impl Cuts {
    fn new(n: usize, most: usize, unit: usize) -> Cuts {
        Cuts { pieces: Pieces::new(n.div_ceil(unit), (most / unit).max(1)), unit, n }
    }

    fn start(&self, i: usize) -> usize {
        self.pieces.start(i) * self.unit
    }

    fn len(&self, i: usize) -> usize {
        (self.pieces.len(i) * self.unit).min(self.n - self.start(i))
    }
}

/// Nanoseconds that one thread needs for this many multiply-adds.
pub fn cost_ns<R: Kerneled>(mul_adds: usize) -> u64 {
    (mul_adds / (3 * R::kernels().lanes)) as u64
}

/// A right factor in the form in which it is stored, from some place on.
pub trait Right<R>: Copy + Send + Sync {
    /// The numbers of rows and of columns at whose multiples it may be cut.
    fn units(&self) -> [usize; 2];

    /// Whether long reads go along rows.
    fn by_rows(&self) -> bool;

    /// The part that starts at (p, j).
    fn from(self, p: usize, j: usize) -> Self;

    /// As [`Stored::pack_right`].
    ///
    /// # Safety
    /// As for that.
    unsafe fn pack(self, depth: usize, cols: usize, width: usize, to: *mut R);
}

impl<S: Stored> Right<S::Real> for View<S> {
    fn units(&self) -> [usize; 2] {
        [1; 2]
    }

    fn by_rows(&self) -> bool {
        self.col == 1
    }

    fn from(self, p: usize, j: usize) -> View<S> {
        View::from(self, p, j)
    }

    unsafe fn pack(self, depth: usize, cols: usize, width: usize, to: *mut S::Real) {
        // SAFETY: the caller's promise.
        unsafe { S::pack_right(self, depth, cols, width, to) }
    }
}

/// `out = alpha * a @ b + beta * out`; sizes and strides count elements, `out` counts their real parts.
///
/// # Safety
/// `a` and `b` have the shapes that `size` says, `out` has `m` rows of `n * PARTS` reals, and overlaps neither.
pub unsafe fn product<S: Stored, B: Right<S::Real>>(
    size: Size,
    a: View<S>,
    b: B,
    out: Out<S::Real>,
    coefs: Coefs<S::Real>,
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    let kernels = S::packed_kernels();
    let depth = kernels.depth() * S::TERMS / S::PARTS;
    let [deep, wide] = b.units();
    let (rows, cols, depths) =
        (Pieces::new(m, SIDE), Cuts::new(n, SIDE, wide), Cuts::new(k, depth, deep.max(S::TERMS)));
    let packed_depth = |depth: usize| depth.div_ceil(S::TERMS) * S::PARTS;
    let (most_rows, most_cols, depth) = (rows.len(0), cols.len(0), packed_depth(depths.len(0)));
    let lanes = kernels.lanes;
    let left_len = (most_rows * depth).next_multiple_of(64);
    let right_len = (most_cols * S::PARTS).next_multiple_of(lanes) * depth;
    let scratch = Block::alloc((left_len + right_len) * size_of::<S::Real>())?;
    let left = Out { ptr: scratch.ptr().cast::<S::Real>(), row: 1 };
    let right = left.from(0, left_len);
    for jc in 0..cols.pieces.count {
        for ic in 0..rows.count {
            for pc in 0..depths.pieces.count {
                let (i, j, p) = (rows.start(ic), cols.start(jc), depths.start(pc));
                let block = Packed {
                    m: rows.len(ic),
                    n: cols.len(jc) * S::PARTS,
                    k: packed_depth(depths.len(pc)),
                    depth: depths.len(pc),
                    left,
                    right,
                    kernels,
                };
                let coefs = if pc == 0 { coefs } else { Coefs { beta: num_traits::one(), ..coefs } };
                // SAFETY: the parts lie within what the caller promised, and packed operands within the scratch.
                unsafe {
                    block.pack(a.from(i, p), b.from(p, j));
                    block.multiply(out.from(i, j * S::PARTS), coefs);
                }
            }
        }
    }
    Ok(())
}

impl<R> Kernels<R> {
    /// Depth of a block.
    fn depth(&self) -> usize {
        let step = (self.packed.len() + self.packed[0].len() * self.lanes) * size_of::<R>();
        (PANELS / step).clamp(128, 384)
    }
}

/// One block of the product with room for its packed operands; sizes in packed reals.
struct Packed<R: 'static> {
    m: usize,
    n: usize,
    k: usize,
    /// In elements.
    depth: usize,
    left: Out<R>,
    right: Out<R>,
    kernels: &'static Kernels<R>,
}

impl<R: Kerneled> Packed<R> {
    /// Panels of the left factor: a few rows each, packed one after another.
    fn row_panels(&self) -> Pieces {
        Pieces::new(self.m, self.kernels.packed.len())
    }

    /// Columns in all panels of the right factor but the last.
    fn panel_cols(&self) -> usize {
        self.kernels.packed[0].len() * self.kernels.lanes
    }

    /// # Safety
    /// `a` is `m x k` and `b` is `k x n` in reals; `left` and `right` have room for them.
    unsafe fn pack<S: Stored<Real = R>, B: Right<R>>(&self, a: View<S>, b: B) {
        let (rows, width) = (self.row_panels(), self.panel_cols());
        let groups = Pieces { n: self.n.div_ceil(width), count: self.n.div_ceil(PACK_PANELS * width) };
        // A quarter of a nanosecond for each real.
        let cost = (self.m + self.n) * self.k / 4;
        pool::parallel_for(rows.count + groups.count, cost as u64, &|task| {
            // SAFETY: each task reads and writes the part of its own panels.
            unsafe {
                if task < rows.count {
                    let start = rows.start(task);
                    S::pack_left(a.from(start, 0), rows.len(task), self.depth, self.left.ptr.add(start * self.k));
                } else {
                    let first = groups.start(task - rows.count);
                    self.pack_right::<S, B>(b, first..first + groups.len(task - rows.count));
                }
            }
        });
    }

    /// Packs some panels of the right factor, a few rows of all of them at a time if rows are contiguous.
    ///
    /// # Safety
    /// As for `pack`; `panels` lie within `n`.
    unsafe fn pack_right<S: Stored<Real = R>, B: Right<R>>(&self, b: B, panels: Range<usize>) {
        let width = self.panel_cols();
        let depths = Pieces::new(self.k / S::PARTS, if b.by_rows() { PACK_ROWS } else { self.k });
        for pass in 0..depths.count {
            let p = depths.start(pass);
            let (first, depth) = (p * S::TERMS, depths.len(pass) * S::TERMS);
            let depth = depth.min(self.depth - first);
            for start in panels.clone().map(|panel| panel * width) {
                let cols = width.min(self.n - start);
                let padded = cols.next_multiple_of(self.kernels.lanes);
                let to = self.right.from(start * self.k + p * S::PARTS * padded, 0);
                // SAFETY: rows from `p` on of one panel, which begins at its columns times the depth.
                unsafe {
                    b.from(first, start / S::PARTS).pack(depth, cols / S::PARTS, padded, to.ptr);
                }
            }
        }
    }

    /// # Safety
    /// `pack` has run, and `out` has `m` rows of `n` reals.
    unsafe fn multiply(&self, out: Out<R>, coefs: Coefs<R>) {
        let (rows, width) = (self.row_panels(), self.panel_cols());
        let col_panels = self.n.div_ceil(width);
        let target = 4 * pool::threads();
        let row_tasks = rows.count.div_ceil(TASK_PANELS);
        let col_tasks = target.div_ceil(row_tasks).min(col_panels);
        let row_tasks = row_tasks.max(target.div_ceil(col_tasks).min(rows.count));
        let (row_tasks, col_tasks) =
            (Pieces { n: rows.count, count: row_tasks }, Pieces { n: col_panels, count: col_tasks });
        let cost = cost_ns::<R>(self.m * self.n * self.k);
        pool::parallel_for(row_tasks.count * col_tasks.count, cost, &|task| {
            let (i, j) = (task % row_tasks.count, task / row_tasks.count);
            for col_panel in col_tasks.start(j)..col_tasks.start(j) + col_tasks.len(j) {
                for row_panel in row_tasks.start(i)..row_tasks.start(i) + row_tasks.len(i) {
                    // SAFETY: tasks cover disjoint tiles of `out`, from the panels packed for them.
                    unsafe { self.tile(rows, row_panel, col_panel * width, out, coefs) };
                }
            }
        });
    }

    /// # Safety
    /// As for `multiply`; `panel` is a panel of rows and `j` a multiple of the panel width below `n`.
    #[inline(always)]
    unsafe fn tile(&self, rows: Pieces, panel: usize, j: usize, out: Out<R>, coefs: Coefs<R>) {
        let (i, height) = (rows.start(panel), rows.len(panel));
        let cols = self.panel_cols().min(self.n - j);
        let vectors = cols.div_ceil(self.kernels.lanes);
        let tile = Tile {
            k: self.k,
            a: self.left.ptr.wrapping_add(i * self.k),
            a_row: 1,
            a_col: height as isize,
            b: self.right.ptr.wrapping_add(j * self.k),
            b_row: (vectors * self.kernels.lanes) as isize,
            ahead: [0; 2],
            c: out.from(i, j).ptr,
            c_row: out.row,
            cols,
            alpha: coefs.alpha,
            beta: coefs.beta,
        };
        // SAFETY: the table is for this machine, the entry for this many rows and vectors.
        unsafe { (self.kernels.packed[height - 1][vectors - 1])(&tile) };
    }
}
