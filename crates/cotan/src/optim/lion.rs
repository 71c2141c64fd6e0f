//! Lion: steps of equal size in the direction of the sign of the momentum.

use super::Rule;
use crate::array::Array;
use crate::error::Result;
use crate::ops::{sign, zeros_like};

/// Evolved sign momentum (Chen et al., 2023). All elements move by the same amount, so the learning rate is usually three to ten
/// times smaller than that of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lion {
    /// The share of the momentum in the direction of a step, and that which is kept in the momentum.
    pub betas: [f64; 2],
    /// How fast parameters shrink.
    pub weight_decay: f64,
}

impl Default for Lion {
    fn default() -> Lion {
        Lion { betas: [0.9, 0.99], weight_decay: 0.0 }
    }
}

impl Rule for Lion {
    fn init(&self, parameter: &Array) -> Vec<Array> {
        vec![zeros_like(parameter)]
    }

    fn apply(
        &self,
        rate: &Array,
        _: &Array,
        parameter: &Array,
        gradient: &Array,
        state: &mut [Array],
    ) -> Result<Array> {
        let [inner, kept] = self.betas;
        let direction = sign(&(&state[0] * inner + gradient * (1.0 - inner)))?;
        state[0] = &state[0] * kept + gradient * (1.0 - kept);
        Ok(parameter * (1.0 - rate * self.weight_decay) - rate * direction)
    }
}
