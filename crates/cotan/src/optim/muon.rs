//! Muon: momentum whose matrices are made orthogonal before the step.

use super::Rule;
use crate::array::Array;
use crate::error::Result;
use crate::ops::{matmul, reshape, sqrt, square, swapaxes, zeros_like};

/// Momentum orthogonalised by Newton-Schulz iteration (Jordan et al., "Muon", 2024).
///
/// A parameter with more than two axes counts as a matrix of its first axis by the others, and one with fewer takes the
/// plain step. It is meant for the matrices inside a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Muon {
    /// How much of the momentum is kept in a step.
    pub momentum: f64,
    /// What share of the parameter is added to its gradient.
    pub weight_decay: f64,
    /// Looks ahead along the momentum.
    pub nesterov: bool,
    /// How many iterations make a matrix orthogonal.
    pub iterations: usize,
}

impl Default for Muon {
    fn default() -> Muon {
        Muon { momentum: 0.95, weight_decay: 0.01, nesterov: true, iterations: 5 }
    }
}

impl Rule for Muon {
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
        let decayed = gradient + parameter * self.weight_decay;
        let inflow = decayed * (1.0 - self.momentum);
        state[0] = &state[0] * self.momentum + &inflow;
        let update = if self.nesterov { inflow + &state[0] * self.momentum } else { state[0].clone() };
        let &[rows, _, ..] = update.shape() else { return Ok(parameter - rate * update) };
        let columns = update.size() / rows.max(1);
        let matrix = orthogonal(&reshape(&update, &[rows, columns])?, self.iterations)?;
        let scale = (rows as f64 / columns.max(1) as f64).max(1.0).sqrt();
        Ok(parameter - rate * scale * reshape(&matrix, update.shape())?)
    }
}

/// A matrix with its singular values moved towards one, by an odd polynomial of them in every iteration.
fn orthogonal(matrix: &Array, iterations: usize) -> Result<Array> {
    const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];
    let [a, b, c] = COEFFICIENTS;
    let tall = matrix.shape()[0] > matrix.shape()[1];
    let wide = if tall { swapaxes(matrix, 0, 1)? } else { matrix.clone() };
    let mut x = &wide / (sqrt(&square(&wide)?.sum(None, false)?)? + 1e-7);
    for _ in 0..iterations {
        let gram = matmul(&x, &swapaxes(&x, 0, 1)?)?;
        let polynomial = &gram * b + matmul(&gram, &gram)? * c;
        x = &x * a + matmul(&polynomial, &x)?;
    }
    if tall { swapaxes(&x, 0, 1) } else { Ok(x) }
}
