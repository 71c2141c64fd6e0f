//! The linear layer.

use super::uniform;
use crate::array::Array;
use crate::error::Result;
use crate::ops::{matmul, swapaxes};
use crate::tree::Tree;

/// `x @ weight^T + bias` over the last axis.
#[derive(Clone, Debug, Tree)]
pub struct Linear {
    /// Shape `(outputs, inputs)`.
    pub weight: Array,
    /// Shape `(outputs,)`.
    pub bias: Option<Array>,
}

impl Linear {
    /// A layer with random parameters.
    ///
    /// # Errors
    /// When the random state can't be advanced, as for lack of memory.
    pub fn new(inputs: usize, outputs: usize) -> Result<Linear> {
        let weight = uniform(&[outputs, inputs], inputs)?;
        Ok(Linear { weight, bias: Some(uniform(&[outputs], inputs)?) })
    }

    /// The layer without its bias.
    #[must_use]
    pub fn without_bias(self) -> Linear {
        Linear { bias: None, ..self }
    }

    /// Applies the layer.
    ///
    /// # Errors
    /// When the last axis of `x` doesn't have as many elements as the layer has inputs.
    pub fn forward(&self, x: &Array) -> Result<Array> {
        let product = matmul(x, &swapaxes(&self.weight, 0, 1)?)?;
        self.bias.as_ref().map_or(Ok(product.clone()), |bias| crate::ops::add(&product, bias))
    }
}
