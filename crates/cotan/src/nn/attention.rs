//! Attention with several heads.

use super::Linear;
use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::fast::{self, Mask};
use crate::ops::reshape;
use crate::tree::Tree;

/// Attention of queries to keys in several subspaces at once (Vaswani et al., "Attention is all you need", 2017).
#[derive(Clone, Debug, Tree)]
pub struct MultiHeadAttention {
    /// Projects queries.
    pub query: Linear,
    /// Projects keys.
    pub key: Linear,
    /// Projects values.
    pub value: Linear,
    /// Projects the results of all heads together.
    pub output: Linear,
    /// How many subspaces there are.
    #[tree(skip)]
    pub heads: usize,
}

impl MultiHeadAttention {
    /// A layer with random projections, without biases.
    ///
    /// # Errors
    /// When `heads` doesn't divide `features`.
    pub fn new(features: usize, heads: usize) -> Result<MultiHeadAttention> {
        if heads == 0 || !features.is_multiple_of(heads) {
            let message = format!("{features} features don't make {heads} heads of equal size");
            return Err(Error::value("MultiHeadAttention", message));
        }
        let project = || Ok::<_, Error>(Linear::new(features, features)?.without_bias());
        let (query, key, value, output) = (project()?, project()?, project()?, project()?);
        Ok(MultiHeadAttention { query, key, value, output, heads })
    }

    /// What each of `queries` `(examples, places, features)` gathers from `values` by the likeness of `keys`.
    ///
    /// # Errors
    /// When an operand doesn't have three axes, or the shapes don't fit together.
    pub fn forward(&self, queries: &Array, keys: &Array, values: &Array, mask: &Mask) -> Result<Array> {
        let [q, k, v] = [(&self.query, queries), (&self.key, keys), (&self.value, values)];
        let [q, k, v] = [self.split(q.0, q.1)?, self.split(k.0, k.1)?, self.split(v.0, v.1)?];
        let scale = 1.0 / (q.shape()[3] as f64).sqrt();
        let found = fast::scaled_dot_product_attention(&q, &k, &v, scale, mask, None)?.transpose(&[0, 2, 1, 3])?;
        let [examples, places, ..] = *found.shape() else { unreachable!("attention keeps four axes") };
        self.output.forward(&reshape(&found, &[examples, places, found.size() / (examples * places).max(1)])?)
    }

    /// [`MultiHeadAttention::forward`] of an array to itself.
    ///
    /// # Errors
    /// As for that.
    pub fn of_itself(&self, x: &Array, mask: &Mask) -> Result<Array> {
        self.forward(x, x, x, mask)
    }

    /// Projected, with an axis of heads.
    fn split(&self, projection: &Linear, x: &Array) -> Result<Array> {
        let [examples, places, _] = *x.shape() else {
            let shape = tuple(x.shape());
            let message = format!("needs shape (examples, places, features), got {shape}");
            return Err(Error::value("MultiHeadAttention", message));
        };
        let projected = projection.forward(x)?;
        let features = projected.shape()[2] / self.heads.max(1);
        reshape(&projected, &[examples, places, self.heads, features])?.transpose(&[0, 2, 1, 3])
    }
}
