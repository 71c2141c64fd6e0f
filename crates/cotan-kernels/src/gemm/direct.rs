//! Small and skinny products: operands are read where they lie, because packing them would cost as much as multiplying.

use super::blocked::{Out, Pieces, cost_ns};
use super::kernel::{Dots, Kerneled, Readable, Tile};
use super::pack::{Stored, View};
use super::{Coefs, Size, sweep};
use crate::memory::{AllocError, Block};
use crate::pool;

/// Depth of a pass over a large right factor: its rows are read side by side, and the result stays in the cache.
const DEPTH: usize = 32;
/// Panels of columns between the one that is multiplied and the one that is asked for.
const PANELS_AHEAD: usize = 2;
/// Longest sum in one accumulator: bounds the rounding error, and what the first-level cache has to hold.
const LONGEST: usize = 512;
/// Bytes of a right factor that fits the second-level cache and is multiplied in one pass.
const RESIDENT: usize = 512 << 10;
/// Bytes of the left factor that a task reads again for every panel of columns.
const LEFT: usize = 256 << 10;

/// `out = alpha * a @ b + beta * out` for a right factor with contiguous rows.
///
/// # Safety
/// `a` and `b` have the shapes that `size` says and `b.col` is one; `out` has `m` rows of `n` and overlaps neither.
pub unsafe fn product<R: Kerneled>(size: Size, a: View<R>, b: View<R>, out: Out<R>, coefs: Coefs<R>) {
    let Size { m, n, k } = size;
    let kernels = R::kernels();
    let width = kernels.direct[0].len() * kernels.lanes;
    let (rows, depths) = (Pieces::new(m, kernels.direct.len()), Pieces::new(k, LONGEST));
    let panels = n.div_ceil(width);
    let (cols, row_tasks) =
        share(panels, rows.count, 16, (LEFT / (depths.len(0) * kernels.direct.len() * size_of::<R>())).max(1));
    pool::parallel_for(cols.count * row_tasks.count, cost_ns::<R>(m * n * k), &|task| {
        let (col_task, row_task) = (task / row_tasks.count, task % row_tasks.count);
        let panels = cols.start(col_task)..cols.start(col_task) + cols.len(col_task);
        for (pass, panel) in (0..depths.count).flat_map(|pass| panels.clone().map(move |panel| (pass, panel))) {
            let (p, j) = (depths.start(pass), panel * width);
            let cols = width.min(n - j);
            for panel in row_tasks.start(row_task)..row_tasks.start(row_task) + row_tasks.len(row_task) {
                let i = rows.start(panel);
                let tile = Tile {
                    k: depths.len(pass),
                    a: a.at(i, p),
                    a_row: a.row,
                    a_col: a.col,
                    b: b.at(p, j),
                    b_row: b.row,
                    ahead: [0; 2],
                    c: out.from(i, j).ptr,
                    c_row: out.row,
                    cols,
                    alpha: coefs.alpha,
                    beta: if pass == 0 { coefs.beta } else { num_traits::one() },
                };
                // SAFETY: tasks cover disjoint tiles, the entry is for this many rows and vectors.
                unsafe { (kernels.direct[rows.len(panel) - 1][cols.div_ceil(kernels.lanes) - 1])(&tile) };
            }
        }
    });
}

/// `out = alpha * a @ b + beta * out` for few rows and a right factor with contiguous rows, which is read once.
///
/// # Safety
/// `a` and `b` have the shapes that `size` says and `b.col` is one; `out` has `m` rows of `n` and overlaps neither.
pub unsafe fn skinny<S: Readable<Real = R> + Stored<Real = R>, R: Kerneled>(
    size: Size,
    a: View<S>,
    b: View<S>,
    out: Out<R>,
    coefs: Coefs<R>,
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    let is_large = n * k * size_of::<S>() > RESIDENT;
    if is_large && m <= S::readers().sweep.len() {
        // SAFETY: the caller's promise.
        return unsafe { sweep::product(size, a, b, out, coefs) };
    }
    let table = S::readers().in_place;
    let (lanes, most) = (R::kernels().lanes, table[0].len());
    let depth = if is_large { DEPTH } else { k.min(LONGEST) };
    let (rows, depths) = (Pieces::new(m, table.len()), Pieces::new(k, depth));
    let scratch = Block::alloc(m * k * size_of::<R>())?;
    let packed = Out { ptr: scratch.ptr().cast::<R>(), row: 1 };
    let left =
        |pass: usize, panel: usize| packed.from(depths.start(pass) * m + rows.start(panel) * depths.len(pass), 0).ptr;
    for pass in 0..depths.count {
        for panel in 0..rows.count {
            let from = a.from(rows.start(panel), depths.start(pass));
            // SAFETY: the parts of `a`, to places that fill the scratch without overlap.
            unsafe { S::pack_left(from, rows.len(panel), depths.len(pass), left(pass, panel)) };
        }
    }
    let width = most * lanes;
    let (cols, _) = share(n.div_ceil(width), 1, 32, 1);
    pool::parallel_for(cols.count, cost_ns::<R>(m * n * k).max((n * k / 16) as u64), &|task| {
        let panels = cols.start(task)..cols.start(task) + cols.len(task);
        for (pass, panel) in (0..depths.count).flat_map(|pass| panels.clone().map(move |panel| (pass, panel))) {
            let (j, beta) = (panel * width, if pass == 0 { coefs.beta } else { num_traits::one() });
            for panel in 0..rows.count {
                let height = rows.len(panel);
                let tile = Tile {
                    k: depths.len(pass),
                    a: left(pass, panel),
                    a_row: 1,
                    a_col: height as isize,
                    b: b.at(depths.start(pass), j),
                    b_row: b.row,
                    ahead: ahead(panel, rows.count, width, lanes),
                    c: out.from(rows.start(panel), j).ptr,
                    c_row: out.row,
                    cols: width.min(n - j),
                    alpha: coefs.alpha,
                    beta,
                };
                // SAFETY: tasks cover disjoint tiles, the entry is for this many rows and vectors.
                unsafe { table[height - 1][tile.cols.div_ceil(lanes) - 1](&tile) };
            }
        }
    });
    Ok(())
}

/// What to ask for while a panel of rows is multiplied: two vectors of a panel of columns to come, one for each of the
/// first two panels of rows where there are so many.
fn ahead(panel: usize, panels: usize, width: usize, lanes: usize) -> [usize; 2] {
    let first = PANELS_AHEAD * width;
    match (panels, panel) {
        (1, _) => [first, first + lanes],
        (_, 0) => [first; 2],
        (_, 1) => [first + lanes; 2],
        (_, _) => [0; 2],
    }
}

/// Shares panels of columns and of rows among tasks: columns first, and no more panels in a task than the limits.
fn share(col_panels: usize, row_panels: usize, most_cols: usize, most_rows: usize) -> (Pieces, Pieces) {
    let target = 4 * pool::threads();
    let cols = col_panels.min(target.max(col_panels.div_ceil(most_cols)));
    let rows = row_panels.min(target.div_ceil(cols).max(row_panels.div_ceil(most_rows)));
    (Pieces { n: col_panels, count: cols }, Pieces { n: row_panels, count: rows })
}

/// Where dot products go: any strides.
#[derive(Clone, Copy)]
pub struct Scatter<R> {
    pub out: Out<R>,
    pub col: usize,
}

impl<R> Scatter<R> {
    fn at(&self, i: usize, j: usize) -> *mut R {
        self.out.ptr.wrapping_add(i * self.out.row + j * self.col)
    }
}

/// `out = alpha * a @ b + beta * out` for few rows and a right factor with contiguous columns.
///
/// # Safety
/// `a` and `b` have the shapes that `size` says and `b.row` is one; `to` has room for `m x n` and overlaps neither.
pub unsafe fn dots<S: Readable<Real = R> + Stored<Real = R>, R: Kerneled>(
    size: Size,
    a: View<S>,
    b: View<S>,
    to: Scatter<R>,
    coefs: Coefs<R>,
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    let scratch = Block::alloc(m * k * size_of::<R>())?;
    let rows_of_a = scratch.ptr().cast::<R>();
    // SAFETY: packing the transpose puts the rows one after another, and there is room for all of them.
    unsafe { S::pack_right(a, m, k, k, rows_of_a) };
    let left = View { ptr: rows_of_a.cast_const(), row: k as isize, col: 1 };
    let table = S::readers().dots;
    let rows = Pieces::new(m, table.len());
    let width = table[0].len();
    let panels = n.div_ceil(width);
    let tasks = Pieces { n: panels, count: panels.min((4 * pool::threads()).max(panels / 64)) };
    pool::parallel_for(tasks.count, cost_ns::<R>(m * n * k).max((n * k / 16) as u64), &|task| {
        for j in (tasks.start(task)..tasks.start(task) + tasks.len(task)).map(|panel| panel * width) {
            for panel in 0..rows.count {
                let i = rows.start(panel);
                let dots = |j: usize| Dots {
                    k,
                    a: left.at(i, 0),
                    a_row: left.row,
                    b: b.at(0, j),
                    b_col: b.col,
                    c: to.at(i, j),
                    c_row: to.out.row,
                    c_col: to.col,
                    alpha: coefs.alpha,
                    beta: coefs.beta,
                };
                // SAFETY: tasks write disjoint columns, the entry is for this many rows and columns.
                unsafe { table[rows.len(panel) - 1][width.min(n - j) - 1](&dots(j)) };
            }
        }
    });
    Ok(())
}
