//! Derivatives of compositions, for operations that compute in one pass what could be composed.
//!
//! Such an operation has its first derivative in reverse mode as another one of its kind. Every other derivative is that
//! of the composition, so that derivatives of any order exist.

use crate::array::Array;
use crate::error::Result;
use crate::ops::{Batched, Tangents};
use crate::transforms::{batch, jvp, vjp};

/// Tangents of what `compose` computes from `inputs`.
pub(super) fn push(
    compose: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
    inputs: &[Array],
    tangents: &[Option<Array>],
) -> Result<Tangents> {
    Ok(jvp(compose, inputs, tangents)?.1)
}

/// Cotangents of `inputs` from those of what `compose` computes from them.
pub(super) fn pull(
    compose: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
    inputs: &[Array],
    cotangents: &[Option<Array>],
) -> Result<Tangents> {
    Ok(vjp(compose, inputs, |_| Ok(cotangents.to_vec()))?.1)
}

/// What `compose` computes from each example.
pub(super) fn map(
    compose: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
    inputs: &[Batched],
    examples: usize,
) -> Result<Vec<Batched>> {
    batch(compose, inputs, examples)
}
