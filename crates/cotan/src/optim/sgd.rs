//! Stochastic gradient descent.

use super::Rule;
use crate::array::Array;
use crate::error::Result;
use crate::ops::zeros_like;

/// Gradient descent, with momentum (Sutskever et al., ICML 2013): `v = momentum * v + g`, and `w = w - rate * v`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sgd {
    /// How much of the last step is kept, 0 for none.
    pub momentum: f64,
    /// What share of the parameter is added to its gradient.
    pub weight_decay: f64,
    /// Looks ahead along the momentum.
    pub nesterov: bool,
}

impl Rule for Sgd {
    fn init(&self, parameter: &Array) -> Vec<Array> {
        if self.momentum == 0.0 { Vec::new() } else { vec![zeros_like(parameter)] }
    }

    fn apply(
        &self,
        rate: &Array,
        _: &Array,
        parameter: &Array,
        gradient: &Array,
        state: &mut [Array],
    ) -> Result<Array> {
        let decayed =
            if self.weight_decay == 0.0 { gradient.clone() } else { gradient + parameter * self.weight_decay };
        let [velocity] = state else { return Ok(parameter - rate * decayed) };
        *velocity = &*velocity * self.momentum + &decayed;
        let update = if self.nesterov { decayed + &*velocity * self.momentum } else { velocity.clone() };
        Ok(parameter - rate * update)
    }
}
