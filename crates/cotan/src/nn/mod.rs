//! Layers, activations and losses: plain structs whose arrays are the parameters, and functions.
//!
//! A layer derives [`Tree`](crate::Tree), and so does a model made of layers: [`value_and_grad`](crate::value_and_grad)
//! gives gradients in its form, [`optim`](crate::optim) updates it and [`io`](crate::io) saves it. Parameters start random,
//! drawn from the thread's key ([`random::seed`](crate::random::seed)); nothing is computed when a layer is made.
//!
//! ```
//! use cotan::{Array, Result, Tree, nn, nn::Linear, optim::{Adam, Optimizer}, random, value_and_grad};
//!
//! #[derive(Tree)]
//! struct Net { inner: Linear, outer: Linear }
//!
//! impl Net {
//!     fn forward(&self, x: &Array) -> Result<Array> {
//!         self.outer.forward(&nn::gelu(&self.inner.forward(x)?)?)
//!     }
//! }
//!
//! random::seed(0);
//! let mut net = Net { inner: Linear::new(2, 16)?, outer: Linear::new(16, 1)? };
//! let x = Array::from_slice(&[0.0f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], &[4, 2])?;
//! let xor = Array::from_slice(&[0.0f32, 1.0, 1.0, 0.0], &[4, 1])?;
//! let loss = |net: &Net| nn::mse(&net.forward(&x)?, &xor)?.mean(None, false);
//! let mut adam = Optimizer::new(Adam::default(), 0.05);
//! for _ in 0..100 {
//!     let (_, gradients) = value_and_grad(loss)(&net)?;
//!     adam.update(&mut net, &gradients)?;
//! }
//! assert!(loss(&net)?.item::<f32>()? < 0.01);
//! # Ok::<(), cotan::Error>(())
//! ```

mod activations;
mod attention;
mod conv;
mod embedding;
mod linear;
mod losses;
mod norms;

use cotan_kernels::DType;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::random;

pub use crate::ops::{sigmoid, tanh};
pub use activations::*;
pub use attention::MultiHeadAttention;
pub use conv::Conv;
pub use embedding::Embedding;
pub use linear::Linear;
pub use losses::*;
pub use norms::{GroupNorm, LayerNorm, RmsNorm};

/// Uniform numbers around zero, with the bound that keeps the variance of sums over `fan_in` inputs.
fn uniform(shape: &[usize], fan_in: usize) -> Result<Array> {
    let bound = 1.0 / (fan_in.max(1) as f32).sqrt();
    random::uniform(&Array::scalar(-bound), &Array::scalar(bound), shape, DType::F32, None)
}

/// Zeroes each element with probability `rate` and scales the others up, so that the mean stays (Srivastava et al.,
/// "Dropout", 2014). The draw takes `key`, or else the thread's.
///
/// # Errors
/// When `rate` is not in `[0, 1)`, or `key` is not a key.
///
/// ```
/// use cotan::{Array, nn, random};
/// let x = Array::from_slice(&[1.0f32; 1000], &[1000])?;
/// let kept = nn::dropout(&x, 0.5, Some(&random::key(1)?))?.sum(None, false)?.item::<f32>()?;
/// assert!((900.0..1100.0).contains(&kept));
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn dropout(x: &Array, rate: f64, key: Option<&Array>) -> Result<Array> {
    if !(0.0..1.0).contains(&rate) {
        return Err(Error::value("dropout", format!("a rate is in [0, 1), got {rate}")));
    }
    if rate == 0.0 {
        return Ok(x.clone());
    }
    let kept = random::bernoulli(&Array::scalar(1.0 - rate as f32), Some(x.shape()), key)?;
    let scaled = x * (1.0 / (1.0 - rate));
    crate::ops::where_(&kept, &scaled, &crate::ops::zeros(&[], scaled.dtype()))
}
