//! Attention in blocks: no more than a block of the scores exists at a time, so memory grows with the lengths alone.
//!
//! The softmax is computed as the blocks come (Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018);
//! gradients compute the blocks again from what a row was normalised by (Dao et al., "FlashAttention", 2022).

mod backward;
mod decode;
mod mask;
mod operands;
mod prefill;
mod rows;
#[cfg(test)]
mod tests;

use crate::arith::{Arith, Number};
use crate::error::KernelError;
use crate::gemm::{Kerneled, Readable, Stored};
use crate::layout::{self, Shape};
use crate::norm::with_float;
use crate::simd::Float;
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{DType, Element, bf16, f16};
use backward::Given;
use operands::Problem;

/// The operands of attention.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// Queries `(.., H, Lq, D)`.
    pub q: &'a Tensor,
    /// Keys `(.., G, Lk, D)`, where `G` divides `H`.
    pub k: &'a Tensor,
    /// Values `(.., G, Lk, E)`.
    pub v: &'a Tensor,
    /// Multiplies the scores.
    pub scale: f64,
    /// What queries may see.
    pub mask: Mask<'a>,
    /// A further score for each head of queries, without a value: broadcasts to `(.., H)`.
    pub sinks: Option<&'a Tensor>,
}

/// What queries may see.
#[derive(Clone, Copy, Debug)]
pub enum Mask<'a> {
    /// Every key.
    All,
    /// The last query every key, each one before it a key less.
    Causal,
    /// Those where bools are true, or numbers that are added to the scores; it broadcasts to the scores.
    Array(&'a Tensor),
}

/// Elements of queries, keys and values, and the type that scores are computed in.
trait Scored:
    Number<Wide = <Self as Scored>::W> + Stored<Real = <Self as Scored>::W> + Readable<Real = <Self as Scored>::W>
{
    type W: Float + Arith + Kerneled + Stored<Real = <Self as Scored>::W>;
}

impl Scored for f16 {
    type W = f32;
}
impl Scored for bf16 {
    type W = f32;
}
impl Scored for f32 {
    type W = f32;
}
impl Scored for f64 {
    type W = f64;
}

/// Whether so few rows share so many keys that these are better read where they lie than packed.
fn few(rows: usize, keys: usize) -> bool {
    rows <= 16 || rows <= 48 && keys >= 16 * rows
}

/// `softmax(scale * q @ k^T + mask) @ v` for every head, and for each row what it was normalised by: the largest score and
/// the inverse of the sum of exponentials of the differences to it.
///
/// Masks and sinks are in the type that is computed in: `f32`, or `f64` for such operands. A query that may see no key gets
/// the mean of all values.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the types are not floating, or types or shapes don't fit together.
pub fn attention(operands: Attention) -> Result<[Tensor; 2], KernelError> {
    with_float!(operands.q.dtype(), T => attention_as::<T>(operands))
}

fn attention_as<T: Scored>(operands: Attention) -> Result<[Tensor; 2], KernelError> {
    let lead = &operands.q.shape()[..operands.q.shape().len() - 1];
    let shape = |last: usize| -> Shape { lead.iter().copied().chain([last]).collect() };
    let mut out = Output::new(T::DTYPE, &shape(operands.v.shape()[operands.v.shape().len() - 1]))?;
    let mut stats = Output::new(<T::W as Element>::DTYPE, &shape(2))?;
    let rows = layout::len(lead);
    if rows == 0 {
        return Ok([out.finish(), stats.finish()]);
    }
    let held = operands::contiguous(operands)?;
    let problem = Problem::<T>::new(&held)?;
    if problem.sizes.keys == 0 {
        // Without keys a sum of values is zero.
        out.bytes_mut().fill(0);
        stats.bytes_mut().fill(0);
        return Ok([out.finish(), stats.finish()]);
    }
    let to = Results { out: Shared(out.slice_mut::<T>().as_mut_ptr()), stats: Shared(stats.slice_mut().as_mut_ptr()) };
    if few(problem.sizes.rows(), problem.sizes.keys) {
        decode::run(&problem, to)?;
    } else {
        prefill::run(&problem, to)?;
    }
    Ok([out.finish(), stats.finish()])
}

/// The gradients of attention for its operands.
#[derive(Debug)]
pub struct AttentionGrads {
    /// For the queries.
    pub q: Tensor,
    /// For the keys.
    pub k: Tensor,
    /// For the values.
    pub v: Tensor,
    /// For the sinks, `(.., H)` whatever shape those had, where there are any.
    pub sinks: Option<Tensor>,
}

/// The gradients of [`attention`] from its two results and the cotangent of the first.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// As for [`attention`].
pub fn attention_grad(
    operands: Attention,
    results: [&Tensor; 2],
    cotangent: &Tensor,
) -> Result<AttentionGrads, KernelError> {
    let given = Given { out: results[0], stats: results[1], cotangent };
    with_float!(operands.q.dtype(), T => backward::run::<T>(operands, &given))
}

/// Where results go: a row of values and two numbers for each query of each head, in order.
struct Results<T: Scored> {
    out: Shared<T>,
    stats: Shared<T::W>,
}

impl<T: Scored> Clone for Results<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Scored> Copy for Results<T> {}
