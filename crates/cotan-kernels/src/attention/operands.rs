//! The operands of attention as matrices: one of queries for each head, one of keys and of values for heads that share them.

use super::mask::Masks;
use super::{Attention, Mask, Scored};
use crate::arith::Number;
use crate::gemm::View;
use crate::layout::{self, Shape};
use crate::memory::AllocError;
use crate::tensor::Tensor;

/// Operands whose rows are contiguous.
pub(super) struct Held<'a> {
    pub q: Tensor,
    pub k: Tensor,
    pub v: Tensor,
    pub scale: f64,
    pub mask: Mask<'a>,
    pub sinks: Option<&'a Tensor>,
}

/// Copies operands whose rows are not contiguous.
pub(super) fn contiguous(operands: Attention<'_>) -> Result<Held<'_>, AllocError> {
    let Attention { q, k, v, scale, mask, sinks } = operands;
    Ok(Held { q: contiguous_rows(q)?, k: contiguous_rows(k)?, v: contiguous_rows(v)?, scale, mask, sinks })
}

pub(super) fn contiguous_rows(tensor: &Tensor) -> Result<Tensor, AllocError> {
    let last = tensor.shape().len() - 1;
    if tensor.shape()[last] <= 1 || tensor.strides()[last] == 1 { Ok(tensor.clone()) } else { tensor.to_row_major() }
}

/// How many of everything there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Matrices of keys.
    pub pairs: usize,
    /// Heads of queries that share keys.
    pub heads: usize,
    pub queries: usize,
    pub keys: usize,
    /// Elements of a query or a key.
    pub features: usize,
    /// Elements of a value.
    pub outputs: usize,
}

impl Sizes {
    /// Rows of queries that share keys.
    pub fn rows(&self) -> usize {
        self.heads * self.queries
    }
}

/// Where the matrices begin that some axes in front of them number. There may be many though they have no elements.
pub(super) fn starts(base: usize, shape: &[usize], strides: &[isize]) -> Result<Vec<isize>, AllocError> {
    let start = |index| base as isize + layout::offset_of(index, shape, strides);
    listed(layout::len(shape), (0..layout::len(shape)).map(start))
}

/// A list, if there is memory for it.
fn listed<V>(len: usize, values: impl Iterator<Item = V>) -> Result<Vec<V>, AllocError> {
    let mut list = Vec::new();
    list.try_reserve_exact(len).map_err(|_| AllocError { bytes: len.saturating_mul(size_of::<V>()) })?;
    list.extend(values);
    Ok(list)
}

/// Matrices with contiguous rows that differ in where they start.
pub(super) struct Matrices<'a, T> {
    span: &'a [T],
    starts: Vec<isize>,
    stride: isize,
    len: usize,
}

impl<'a, T: Number> Matrices<'a, T> {
    pub fn new(tensor: &'a Tensor) -> Result<Matrices<'a, T>, AllocError> {
        let lead = tensor.shape().len() - 2;
        let (span, base) = tensor.span::<T>().expect("the type was dispatched on");
        let starts = starts(base, &tensor.shape()[..lead], &tensor.strides()[..lead])?;
        Ok(Matrices { span, starts, stride: tensor.strides()[lead], len: tensor.shape()[lead + 1] })
    }

    pub fn row(&self, matrix: usize, row: usize) -> &'a [T] {
        if self.len == 0 {
            return &[];
        }
        let start = self.starts[matrix] + row as isize * self.stride;
        &self.span[start as usize..][..self.len]
    }

    /// The rows of a matrix from one on.
    pub fn view(&self, matrix: usize, row: usize) -> View<T> {
        let start = self.starts[matrix] + row as isize * self.stride;
        View { ptr: self.span.as_ptr().wrapping_offset(start), row: self.stride, col: 1 }
    }
}

/// Attention over elements of one type.
///
/// Rows of all heads of queries that share keys are numbered in order, and so are all rows: row `r` of pair `p` is row
/// `p * rows + r` of the result.
pub(super) struct Problem<'a, T: Scored> {
    pub sizes: Sizes,
    pub q: Matrices<'a, T>,
    pub k: Matrices<'a, T>,
    pub v: Matrices<'a, T>,
    pub scale: T::W,
    pub mask: Masks<'a, T::W>,
    /// One for each head.
    pub sinks: Option<Vec<T::W>>,
}

impl<'a, T: Scored> Problem<'a, T> {
    pub fn new(held: &'a Held<'a>) -> Result<Problem<'a, T>, AllocError> {
        let rank = held.q.shape().len();
        let (lead, heads, groups) =
            (layout::len(&held.q.shape()[..rank - 3]), held.q.shape()[rank - 3], held.k.shape()[rank - 3]);
        let sizes = Sizes {
            pairs: lead * groups,
            heads: heads / groups.max(1),
            queries: held.q.shape()[rank - 2],
            keys: held.k.shape()[rank - 2],
            features: held.q.shape()[rank - 1],
            outputs: held.v.shape()[rank - 1],
        };
        let rows: Shape = held.q.shape()[..rank - 2].into();
        let scores: Shape = rows.iter().copied().chain([sizes.queries, sizes.keys]).collect();
        let each = |sinks: &Tensor| {
            let each = sinks.broadcast_to(&rows).to_row_major()?;
            let values = each.as_slice::<T::W>().expect("sinks have the type of the scores");
            listed(values.len(), values.iter().copied())
        };
        Ok(Problem {
            sizes,
            q: Matrices::new(&held.q)?,
            k: Matrices::new(&held.k)?,
            v: Matrices::new(&held.v)?,
            scale: crate::simd::Float::from_f64(held.scale),
            mask: Masks::new(held.mask, &scores)?,
            sinks: held.sinks.map(each).transpose()?,
        })
    }

    /// The head of queries and the query of a row of a pair.
    pub fn place(&self, pair: usize, row: usize) -> (usize, usize) {
        (pair * self.sizes.heads + row / self.sizes.queries, row % self.sizes.queries)
    }
}
