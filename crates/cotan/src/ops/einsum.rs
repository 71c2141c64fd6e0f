//! Index sums in Einstein's notation, as matrix products of pairs.

mod notation;
mod path;

use std::fmt;

use cotan_kernels::{DType, layout};

use super::{astype, diagonal, matmul, multiply, permute, reshape, sum_axes, wide_dtype};
use crate::array::{Array, Shape};
use crate::error::{Error, Result};
use notation::{Set, Subscripts, set};
use path::{Path, Sizes};

/// The order in which [`einsum`] multiplies its operands, and what that saves.
#[derive(Clone, Debug, PartialEq)]
pub struct EinsumPath {
    /// At each step, the places of the operands that are multiplied; they leave the list, their product joins its end.
    pub steps: Vec<Vec<usize>>,
    /// Multiplications and additions in this order.
    pub cost: f64,
    /// The same when everything is multiplied at once.
    pub direct_cost: f64,
    /// The most indices that a step runs over.
    pub scaling: u32,
    /// How many indices there are.
    pub direct_scaling: u32,
}

impl fmt::Display for EinsumPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "                   all at once  in this order")?;
        writeln!(f, "operations        {:>12.4e}   {:>12.4e}", self.direct_cost, self.cost)?;
        write!(f, "nested loops      {:>12}   {:>12}", self.direct_scaling, self.scaling)
    }
}

/// The order in which [`einsum`] multiplies these operands: each step takes the pair that frees most elements, unless
/// the cheapest order of up to eight operands costs less than half.
///
/// # Errors
/// As [`einsum`].
pub fn einsum_path(subscripts: &str, operands: &[Array]) -> Result<EinsumPath> {
    let subscripts = Subscripts::new(subscripts, operands)?;
    let Path { steps, cost, scaling } = path::find(&subscripts);
    let all = subscripts.inputs.iter().fold(0, |all, indices| all | set(indices));
    let direct_cost = Sizes(&subscripts.sizes).cost(operands.len(), all, set(&subscripts.output));
    Ok(EinsumPath { steps, cost, direct_cost, scaling, direct_scaling: all.count_ones() })
}

/// The sum over all values of the indices that are not in the result, of products of elements of the operands.
///
/// `"ij,jk->ik"` is the matrix product: a letter for every axis of every operand, then those of the result. Without
/// an arrow the result has the letters that stand once, in order (capitals first). A letter that repeats at one operand
/// runs over its diagonal. `...` stands for any number of further axes, which broadcast, and come first in a result
/// that is not spelled out. An axis of size 1 goes with any size. Blanks don't matter.
///
/// The operands promote; where something is summed, bools and small integers add up in 32 bits. Operands are multiplied
/// in pairs, in the order of [`einsum_path`], by matrix products where indices are summed.
///
/// # Errors
/// When the subscripts are malformed or don't fit the operands, or sizes of one index differ.
///
/// ```
/// use cotan::{Array, ops};
/// let a = Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[2, 2])?;
/// assert_eq!(ops::einsum("ii", &[a.clone()])?.item::<f32>()?, 5.0);
/// assert_eq!(ops::einsum("ij,ij->i", &[a.clone(), a])?.to_vec::<f32>()?, [5.0, 25.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn einsum(subscripts: &str, operands: &[Array]) -> Result<Array> {
    let subscripts = Subscripts::new(subscripts, operands)?;
    let all = subscripts.inputs.iter().fold(0, |all, indices| all | set(indices));
    let output = set(&subscripts.output);
    let promoted = operands.iter().map(Array::dtype).reduce(DType::promote).unwrap_or(DType::F32);
    let dtype = if all & !output == 0 { promoted } else { wide_dtype(promoted) };
    let terms = operands.iter().zip(&subscripts.inputs);
    let mut terms = terms
        .map(|(array, indices)| Term::new(&astype(array, dtype)?, indices, &subscripts.sizes))
        .collect::<Result<Vec<_>>>()?;
    for step in path::find(&subscripts).steps {
        let mut taken: Vec<Term> = step.iter().rev().map(|&at| terms.remove(at)).collect();
        let kept = terms.iter().fold(output, |all, term| all | set(&term.indices));
        terms.push(match (taken.pop(), taken.pop()) {
            (Some(a), Some(b)) => multiply_terms(a, b, kept, &subscripts.output)?,
            (Some(a), None) | (None, Some(a)) => a,
            (None, None) => break,
        });
    }
    // A step takes away as many terms as it has operands and adds one, so one is left.
    let Some(last) = terms.pop() else { return Err(Error::value("einsum", "needs operands")) };
    last.sum_to(output)?.ordered(&subscripts.output)
}

/// An operand whose axes run over different indices.
struct Term {
    array: Array,
    indices: Vec<u8>,
}

impl Term {
    /// The operand with diagonals taken, and without axes that only broadcast.
    fn new(array: &Array, indices: &[u8], sizes: &[usize]) -> Result<Term> {
        let mut term = Term { array: array.clone(), indices: indices.to_vec() };
        while let Some((first, second)) = twice(&term.indices) {
            term.array = diagonal(&term.array, 0, first as i64, second as i64)?;
            term.indices.remove(second);
            let index = term.indices.remove(first);
            term.indices.push(index);
        }
        let own = term.array.shape();
        let real: Vec<usize> =
            (0..own.len()).filter(|&axis| own[axis] == sizes[usize::from(term.indices[axis])]).collect();
        let shape: Shape = real.iter().map(|&axis| own[axis]).collect();
        let indices = real.iter().map(|&axis| term.indices[axis]).collect();
        Ok(Term { array: reshape(&term.array, &shape)?, indices })
    }

    fn size(&self, index: u8) -> usize {
        self.indices.iter().position(|&own| own == index).map_or(1, |axis| self.array.shape()[axis])
    }

    /// Summed over all indices but those kept.
    fn sum_to(self, kept: Set) -> Result<Term> {
        let gone: Vec<usize> = (0..self.indices.len()).filter(|&axis| kept & 1 << self.indices[axis] == 0).collect();
        if gone.is_empty() {
            return Ok(self);
        }
        let indices = self.indices.into_iter().filter(|&index| kept & 1 << index != 0).collect();
        Ok(Term { array: sum_axes(&self.array, &gone)?, indices })
    }

    /// The elements with axes in this order, of which each is one of its own.
    fn ordered(&self, indices: &[u8]) -> Result<Array> {
        let axes: Option<Shape> =
            indices.iter().map(|index| self.indices.iter().position(|own| own == index)).collect();
        permute(&self.array, &axes.unwrap_or_default())
    }
}

/// The first two axes that run over the same index.
fn twice(indices: &[u8]) -> Option<(usize, usize)> {
    let first = |at: usize| indices[..at].iter().position(|&index| index == indices[at]);
    (0..indices.len()).find_map(|second| first(second).map(|first| (first, second)))
}

/// The product of two terms, summed over all indices but those kept. The order of its axes suits that of `output`.
fn multiply_terms(a: Term, b: Term, kept: Set, output: &[u8]) -> Result<Term> {
    let (of_a, of_b) = (set(&a.indices), set(&b.indices));
    let (a, b) = (a.sum_to(kept | of_b)?, b.sum_to(kept | of_a)?);
    let last = output.iter().rev().find(|&&index| (of_a ^ of_b) & 1 << index != 0);
    // The right factor's own axes come last in the product.
    let (a, b) = if last.is_some_and(|&index| of_a & 1 << index != 0) { (b, a) } else { (a, b) };
    let (of_a, of_b) = (set(&a.indices), set(&b.indices));
    let pick = |term: &Term, want: Set| -> Vec<u8> {
        let place = |index: &u8| output.iter().position(|own| own == index).unwrap_or(output.len());
        let mut indices: Vec<u8> = term.indices.iter().copied().filter(|&index| want & 1 << index != 0).collect();
        indices.sort_by_key(place);
        indices
    };
    let batch = pick(&a, of_a & of_b & kept);
    let (rows, columns) = (pick(&a, of_a & !of_b), pick(&b, of_b & !of_a));
    let summed = pick(&a, of_a & of_b & !kept);
    let sizes = |term: &Term, indices: &[u8]| -> Shape { indices.iter().map(|&index| term.size(index)).collect() };
    let shape: Shape = [sizes(&a, &batch), sizes(&a, &rows), sizes(&b, &columns)].concat().into();
    let [m, n, k] = [(&a, &rows), (&b, &columns), (&a, &summed)].map(|(term, own)| layout::len(&sizes(term, own)));
    let side = |term: &Term, order: [&[u8]; 3], matrix: &[usize]| {
        reshape(&term.ordered(&order.concat())?, &[&sizes(&a, &batch), matrix].concat())
    };
    let product = if summed.is_empty() {
        let left = side(&a, [&batch, &rows, &[]], &[&sizes(&a, &rows)[..], &vec![1; columns.len()]].concat())?;
        let right = side(&b, [&batch, &[], &columns], &[&vec![1; rows.len()], &sizes(&b, &columns)[..]].concat())?;
        multiply(&left, &right)?
    } else {
        let left = side(&a, [&batch, &rows, &summed], &[m, k])?;
        let right = side(&b, [&batch, &summed, &columns], &[k, n])?;
        reshape(&matmul(&left, &right)?, &shape)?
    };
    Ok(Term { array: product, indices: [batch, rows, columns].concat() })
}
