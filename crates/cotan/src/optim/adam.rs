//! Adam: running first and second moments of the gradient.

use super::Rule;
use crate::array::Array;
use crate::error::Result;
use crate::ops::{astype, power, rsqrt, sqrt, square, zeros_like};

/// Adaptive moment estimation (Kingma, Ba, 2014): `m` and `v` are running means of the gradient and its square, and the step is
/// `rate * m / (sqrt(v) + eps)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The shares of the running means that are kept in a step.
    pub betas: [f64; 2],
    /// Keeps the divisor from zero.
    pub eps: f64,
    /// Divides the means by the share of gradients that they consist of, which is small at first.
    pub bias_correction: bool,
}

impl Default for Adam {
    fn default() -> Adam {
        Adam { betas: [0.9, 0.999], eps: 1e-8, bias_correction: false }
    }
}

impl Rule for Adam {
    fn init(&self, parameter: &Array) -> Vec<Array> {
        vec![zeros_like(parameter), zeros_like(parameter)]
    }

    fn apply(
        &self,
        rate: &Array,
        step: &Array,
        parameter: &Array,
        gradient: &Array,
        state: &mut [Array],
    ) -> Result<Array> {
        let [first, second] = self.betas;
        state[0] = &state[0] * first + gradient * (1.0 - first);
        state[1] = &state[1] * second + square(gradient)? * (1.0 - second);
        if !self.bias_correction {
            return Ok(parameter - rate * &state[0] / (sqrt(&state[1])? + self.eps));
        }
        let step = astype(step, crate::DType::F32)?;
        let missing = |beta: f64| Ok::<_, crate::Error>(1.0 - power(&Array::scalar(beta as f32), &step)?);
        let scale = astype(&(astype(rate, crate::DType::F32)? / missing(first)?), gradient.dtype())?;
        let root = astype(&rsqrt(&missing(second)?)?, gradient.dtype())?;
        Ok(parameter - scale * &state[0] / (sqrt(&state[1])? * root + self.eps))
    }
}

/// [`Adam`] whose parameters first shrink by `rate * weight_decay` of themselves (Loshchilov, Hutter, 2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// The step after that.
    pub adam: Adam,
    /// How fast parameters shrink.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> AdamW {
        AdamW { adam: Adam::default(), weight_decay: 0.01 }
    }
}

impl Rule for AdamW {
    fn init(&self, parameter: &Array) -> Vec<Array> {
        self.adam.init(parameter)
    }

    fn apply(
        &self,
        rate: &Array,
        step: &Array,
        parameter: &Array,
        gradient: &Array,
        state: &mut [Array],
    ) -> Result<Array> {
        let shrunk = parameter * (1.0 - rate * self.weight_decay);
        self.adam.apply(rate, step, &shrunk, gradient, state)
    }
}
