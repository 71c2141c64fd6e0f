//! The cotangents of values, each the sum of what the readers of the value contribute.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::array::{Array, Call};
use crate::error::Result;
use crate::ops::{Op, add, join, permute, product};

/// A product is long enough when its sums have this many terms.
const LONG: usize = 512;

/// Sums of cotangents by the value that they belong to.
#[derive(Default)]
pub(super) struct Cotangents(FxHashMap<usize, Sum>);

/// What has been added up, and products that have not.
///
/// A matrix that every step of a loop multiplies by gets a product from each. `A @ B + C @ D` is the product of `A | C` and
/// `B` above `D`: one large product instead of small ones and sums of their results.
#[derive(Default)]
struct Sum {
    total: Option<Array>,
    products: Vec<Product>,
}

/// A product that is not computed yet.
struct Product {
    result: Array,
    left: Array,
    right: Array,
}

impl Cotangents {
    /// Adds to the cotangent of a value.
    pub fn add(&mut self, value: &Array, cotangent: Array) -> Result<()> {
        self.0.entry(value.id()).or_default().add(cotangent)
    }

    /// The cotangent of a value to which nothing more will be added; `None` is an exact zero.
    pub fn take(&mut self, value: &Array) -> Result<Option<Array>> {
        let Some(mut sum) = self.0.remove(&value.id()) else { return Ok(None) };
        sum.multiply()?;
        Ok(sum.total)
    }
}

impl Sum {
    fn add(&mut self, cotangent: Array) -> Result<()> {
        let Some(product) = Product::of(&cotangent)? else { return self.add_array(cotangent) };
        if self.products.first().is_some_and(|first| first.left.dtype() != product.left.dtype()) {
            self.multiply()?;
        }
        self.products.push(product);
        let terms: usize = self.products.iter().map(Product::terms).sum();
        if terms < LONG { Ok(()) } else { self.multiply() }
    }

    fn add_array(&mut self, cotangent: Array) -> Result<()> {
        self.total = Some(match self.total.take() {
            Some(total) => add(&total, &cotangent)?,
            None => cotangent,
        });
        Ok(())
    }

    /// Adds the products as a single one.
    fn multiply(&mut self) -> Result<()> {
        let products = std::mem::take(&mut self.products);
        match products.as_slice() {
            [] => Ok(()),
            [one] => self.add_array(one.result.clone()),
            _ => {
                let (lefts, rights): (Vec<_>, Vec<_>) = products.into_iter().map(|p| (p.left, p.right)).unzip();
                self.add_array(product(&beside(&lefts, 1)?, &beside(&rights, 0)?)?)
            }
        }
    }
}

impl Product {
    /// A pending product of matrices or the transpose of one, if copies of the factors take less than adding the result.
    fn of(result: &Array) -> Result<Option<Product>> {
        let &[m, n] = result.shape() else { return Ok(None) };
        let Some(call) = pending(result) else { return Ok(None) };
        let [left, right] = match &call.op {
            Op::Matmul(_) => [call.inputs[0].clone(), call.inputs[1].clone()],
            Op::Transpose(_) => match pending(&call.inputs[0]) {
                Some(inner) if matches!(inner.op, Op::Matmul(_)) => {
                    [transposed(&inner.inputs[1])?, transposed(&inner.inputs[0])?]
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let product = Product { result: result.clone(), left, right };
        Ok((product.terms().saturating_mul(m + n) <= m.saturating_mul(n)).then_some(product))
    }

    fn terms(&self) -> usize {
        self.left.shape()[1]
    }
}

/// The call that will compute an array.
fn pending(array: &Array) -> Option<Arc<Call>> {
    if array.is_evaluated() { None } else { array.call().map(|(call, _)| call) }
}

/// The matrix that an array is the transpose of.
fn under_transpose(array: &Array) -> Option<Array> {
    let (call, _) = array.call()?;
    matches!(call.op, Op::Transpose(_)).then(|| call.inputs[0].clone())
}

fn transposed(matrix: &Array) -> Result<Array> {
    under_transpose(matrix).map_or_else(|| permute(matrix, &[1, 0]), Ok)
}

/// Matrices one after another along an axis; transposed ones the way they lie in memory.
fn beside(matrices: &[Array], axis: usize) -> Result<Array> {
    match matrices.iter().map(under_transpose).collect::<Option<Vec<_>>>() {
        Some(inner) => permute(&join(1 - axis, &inner)?, &[1, 0]),
        None => join(axis, matrices),
    }
}
