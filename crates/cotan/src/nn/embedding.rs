//! Vectors for the words of a vocabulary.

use cotan_kernels::DType;

use crate::array::Array;
use crate::error::Result;
use crate::ops::{matmul, swapaxes, take};
use crate::random;
use crate::tree::Tree;

/// A vector for each of the integers from 0 on.
#[derive(Clone, Debug, Tree)]
pub struct Embedding {
    /// Shape `(words, features)`.
    pub weight: Array,
}

impl Embedding {
    /// Normal vectors of about length one.
    ///
    /// # Errors
    /// When the random state can't be advanced, as for lack of memory.
    pub fn new(words: usize, features: usize) -> Result<Embedding> {
        let weight = random::normal(&[words, features], DType::F32, None, None, None)?;
        Ok(Embedding { weight: weight * (1.0 / (features.max(1) as f64).sqrt()) })
    }

    /// The vectors of integers of any shape, along a new last axis.
    ///
    /// # Errors
    /// When `words` are not integers. One out of range is an error when the result is evaluated.
    pub fn forward(&self, words: &Array) -> Result<Array> {
        take(&self.weight, words, Some(0))
    }

    /// Scores of all words, by the products of their vectors with those in the last axis of `x`.
    ///
    /// # Errors
    /// When the last axis of `x` has another size than the vectors.
    pub fn as_linear(&self, x: &Array) -> Result<Array> {
        matmul(x, &swapaxes(&self.weight, 0, 1)?)
    }
}
