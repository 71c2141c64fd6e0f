//! Products with quantised matrices that indices choose, as an operation.

use cotan_kernels::gather::ScatterMode;
use cotan_kernels::{DType, Output, Tensor, layout};

use super::matmul::{Multiplier, infer_product, inputs, operands, pull_parts, refuse_codes, tangent_parts, total};
use super::{QuantFormat, Quantized};
use crate::array::{Array, Spec};
use crate::error::{Error, Result};
use crate::ops::indexed_matmul::{map_problems, part, places};
use crate::ops::{
    Batched, IndexedMatmul, Primitive, Site, Tangents, add, adjoint, along, astype, expect_indices, less, reshape,
    scatter, where_, zeros,
};

/// `out[t] = x[i[t]] @ w[j[t]]^T` (or `@ w[j[t]]`) over stacks of matrices and of quantised ones.
///
/// The inputs are `x`, the words, the scales, maybe the biases, `i` and `j`, each with one more axis in front, over
/// independent problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct QuantizedGather {
    /// The format of the matrices.
    pub format: QuantFormat,
    /// Whether their rows are the columns of the factors.
    pub transpose: bool,
}

impl QuantizedGather {
    pub(super) fn of(self, x: &Array, w: &Quantized, i: &Array, j: &Array) -> Result<Array> {
        let mut all = inputs(x, w);
        all.extend([i.clone(), j.clone()]);
        Array::apply(self, all)
    }

    fn parts(&self, inputs: &[Array]) -> Result<(Array, Quantized, Array, Array)> {
        let [parts @ .., i, j] = inputs else { return Err(Error::value(self.name(), "needs indices")) };
        let (x, w) = operands(self.name(), self.format, parts)?;
        if parts.len() != 3 + usize::from(w.biases.is_some()) {
            return Err(Error::value(self.name(), "has an operand too many"));
        }
        Ok((x, w, i.clone(), j.clone()))
    }

    /// Sums of `products[t]` over all `t` with the same `i[t]`, of which there are `count`.
    fn summed(products: &Array, i: &Array, count: usize) -> Result<Array> {
        let &[problems, chosen, m, k] = products.shape() else {
            unreachable!("a product has four axes");
        };
        let number = |value: usize| Array::scalar(value as i64);
        let start = multiply_by(&reshape(&astype(&along(problems, 0, 1)?, DType::I64)?, &[problems, 1])?, count)?;
        let counted = where_(&less(i, &number(0))?, &add(i, &number(count))?, i)?;
        let places = reshape(&add(&counted, &start)?, &[problems * chosen])?;
        let updates = reshape(products, &[problems * chosen, 1, m, k])?;
        let sums =
            scatter(ScatterMode::Add, &zeros(&[problems * count, m, k], products.dtype()), &[places], &updates, &[0])?;
        reshape(&sums, &[problems, count, m, k])
    }
}

fn multiply_by(a: &Array, factor: usize) -> Result<Array> {
    crate::ops::multiply(a, &Array::scalar(factor as i64))
}

impl Primitive for QuantizedGather {
    fn name(&self) -> &'static str {
        "gather_qmm"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (x, w, i, j) = self.parts(inputs)?;
        expect_indices(self.name(), &inputs[inputs.len() - 2..])?;
        let (dtype, [m, n]) = infer_product(self.name(), &x, &w, self.format, self.transpose)?;
        let (&[problems, ..], &[others, ..]) = (x.shape(), w.packed.shape()) else {
            return Err(Error::value(self.name(), "needs stacks of matrices"));
        };
        let aligned = i.ndim() == 2 && i.shape() == j.shape() && i.shape()[0] == problems && others == problems;
        if !aligned || x.ndim() != 4 || w.packed.ndim() != 4 {
            return Err(Error::value(self.name(), "operands differ in how many problems they state"));
        }
        Ok(vec![Spec::new(&[problems, i.shape()[1], m, n], dtype)])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        if tangents[1].is_some() {
            return refuse_codes(self.name());
        }
        let (x, w, i, j) = self.parts(site.inputs)?;
        let left = tangents[0].as_ref().map(|tangent| self.of(tangent, &w, &i, &j)).transpose()?;
        let biases = w.biases.as_ref().and(tangents[3].as_ref());
        let parts = tangent_parts(&w, tangents[2].as_ref(), biases);
        total([left, parts.map(|parts| self.of(&x, &parts, &i, &j)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let mut result = vec![None; site.inputs.len()];
        let Some(cotangent) = &cotangents[0] else { return Ok(result) };
        if site.wanted[1] {
            return refuse_codes(self.name());
        }
        let (x, w, i, j) = self.parts(site.inputs)?;
        let shape = i.shape();
        let row = reshape(&astype(&along(shape[1], 0, 1)?, DType::I64)?, &[1, shape[1]])?;
        let all = crate::ops::broadcast_to(&row, shape)?;
        if site.wanted[0] {
            let back = QuantizedGather { transpose: !self.transpose, ..*self };
            let products = back.of(cotangent, &w, &all, &j)?;
            result[0] = Some(astype(&Self::summed(&products, &i, x.shape()[1])?, x.dtype())?);
        }
        if w.biases.is_some() && site.wanted[2..4].contains(&true) {
            let sums = IndexedMatmul { count: w.packed.shape()[1] };
            let values = match self.transpose {
                true => sums.of(&adjoint(cotangent)?, &x, [&all, &i, &j])?,
                false => sums.of(&adjoint(&x)?, cotangent, [&i, &all, &j])?,
            };
            let [scales, biases] = pull_parts(&w, &values, self.format)?;
            (result[2], result[3]) = (Some(scales), Some(biases));
        }
        Ok(result)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        map_problems(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut out = Output::new(specs[0].dtype, &specs[0].shape)?;
        let problems = specs[0].shape[0];
        for problem in 0..problems {
            let operands: Vec<Tensor> = inputs.iter().map(|input| part(input, problem)).collect();
            self.solve(&operands, &mut out, problem * layout::len(&specs[0].shape[1..]))?;
        }
        Ok(vec![out.finish()])
    }
}

impl QuantizedGather {
    /// Writes the products of one problem to the elements from `start` on.
    fn solve(&self, operands: &[Tensor], out: &mut Output, start: usize) -> Result<()> {
        let [x, w @ .., i, j] = operands else { unreachable!("inputs were inferred") };
        let [i, j] = [places(self.name(), i, x.shape()[0])?, places(self.name(), j, w[0].shape()[0])?];
        let (m, n) = (x.shape()[1], out.shape()[3]);
        if m * n == 0 {
            return Ok(());
        }
        // Each matrix is decoded once, for all that it is multiplied by.
        let mut order: Vec<usize> = (0..j.len()).collect();
        order.sort_by_key(|&t| j[t]);
        let multiplier = Multiplier { format: self.format, transpose: self.transpose };
        for chosen in order.chunk_by(|&a, &b| j[a] == j[b]) {
            let rows = rows_of(x, chosen.iter().map(|&t| i[t]))?;
            let parts: Vec<Tensor> = w.iter().map(|stack| part(stack, j[chosen[0]])).collect();
            if chosen.windows(2).all(|pair| pair[1] == pair[0] + 1) {
                let first = start + chosen[0] * m * n;
                multiplier.product(&rows, &parts, out, first..first + chosen.len() * m * n)?;
                continue;
            }
            let mut together = Output::new(out.dtype(), &[chosen.len() * m, n])?;
            multiplier.product(&rows, &parts, &mut together, 0..chosen.len() * m * n)?;
            let (bytes, len) = (out.bytes_mut(), m * n * together.dtype().size());
            let start = start / (m * n) * len;
            for (&t, product) in chosen.iter().zip(together.bytes_mut().chunks_exact(len)) {
                bytes[start + t * len..][..len].copy_from_slice(product);
            }
        }
        Ok(())
    }
}

/// Matrices of a stack below each other.
fn rows_of(stack: &Tensor, places: impl ExactSizeIterator<Item = usize>) -> Result<Tensor> {
    let (m, k) = (stack.shape()[1], stack.shape()[2]);
    let (stack, count) = (stack.to_row_major()?, places.len());
    let mut rows = Output::new(stack.dtype(), &[count * m, k])?;
    let (from, len) = (stack.as_bytes().expect("just made so"), m * k * stack.dtype().size());
    if len > 0 {
        let to = rows.bytes_mut().chunks_exact_mut(len);
        places.zip(to).for_each(|(place, to)| to.copy_from_slice(&from[place * len..][..len]));
    }
    Ok(rows.finish())
}
