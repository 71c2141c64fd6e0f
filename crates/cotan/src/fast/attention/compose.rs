//! Attention of other operations, for the derivatives that have no operation of their own.

use cotan_kernels::DType;

use super::{Attention, MaskKind, OP, check, number, wide};
use crate::array::{Array, Shape};
use crate::error::Result;
use crate::ops::{add, arange, astype, broadcast_to, concatenate, expand_dims, expect_fixed, greater_equal};
use crate::ops::{largest_finite, matmul, multiply, reshape, softmax, strided_slice, swapaxes, where_};

/// What attention computes from its operands. It stores all scores.
pub(super) fn compose(attention: &Attention, inputs: &[Array]) -> Result<Array> {
    let (q, k, v) = (&inputs[0], &inputs[1], &inputs[2]);
    inputs.iter().try_for_each(|input| expect_fixed(OP, input))?;
    let [shape, heads] = check([q, k, v])?;
    let dtype = q.dtype();
    let as_wide = |x: &Array| astype(x, wide(dtype));
    let (lead, [queries, keys]) = (heads.len() - 1, [shape[heads.len()], shape[heads.len() + 1]]);
    let groups = k.shape()[lead];
    // The queries that share keys are rows of one matrix.
    let rows = heads[lead] / groups.max(1) * queries;
    let grouped = |last: usize| [&heads[..lead], &[groups, rows, last]].concat();
    let scaled = multiply(&as_wide(q)?, &number(attention.scale.to::<f64>(), wide(dtype)))?;
    let scaled = reshape(&scaled, &grouped(q.shape()[lead + 2]))?;
    let scores = reshape(&matmul(&scaled, &swapaxes(&as_wide(k)?, -1, -2)?)?, &shape)?;
    let [mask, sinks] = attention.extras(&inputs[3..]);
    let masked = match (attention.mask, mask) {
        (MaskKind::Causal, _) => {
            let last_seen = arange(keys as f64 - queries as f64, keys as f64, 1.0, DType::I64)?;
            let seen = greater_equal(&expand_dims(&last_seen, &[1])?, &arange(0.0, keys as f64, 1.0, DType::I64)?)?;
            select(&scores, &seen)?
        }
        (MaskKind::All | MaskKind::Array, None) => scores,
        (MaskKind::All | MaskKind::Array, Some(mask)) if mask.dtype() == DType::Bool => select(&scores, mask)?,
        (MaskKind::All | MaskKind::Array, Some(mask)) => add(&scores, mask)?,
    };
    let weights = match sinks {
        None => softmax(&masked, Some(&[-1]), true)?,
        Some(sinks) => with_sinks(&masked, sinks)?,
    };
    let mixed = matmul(&reshape(&weights, &grouped(keys))?, &as_wide(v)?)?;
    let result: Shape = shape[..lead + 2].iter().copied().chain([v.shape()[lead + 2]]).collect();
    astype(&reshape(&mixed, &result)?, dtype)
}

/// The scores where `seen`. Elsewhere a finite number, so that a row without any has a softmax.
fn select(scores: &Array, seen: &Array) -> Result<Array> {
    where_(seen, scores, &number(-largest_finite(scores.dtype()), scores.dtype()))
}

/// The softmax over the keys and a further score for each head, which is left out of the result.
fn with_sinks(scores: &Array, sinks: &Array) -> Result<Array> {
    let (shape, rank) = (scores.shape(), scores.ndim());
    let sinks = broadcast_to(&expand_dims(sinks, &[-1, -2])?, &[&shape[..rank - 1], &[1]].concat())?;
    let weights = softmax(&concatenate(&[sinks, scores.clone()], Some(-1))?, Some(&[-1]), true)?;
    let mut starts = vec![0; rank];
    starts[rank - 1] = 1;
    strided_slice(&weights, &starts, &vec![1; rank], shape)
}
