//! Attention.

use cotan_kernels::{DType, layout};

use super::{expect_float, number, wide};
use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::{add, arange, astype, broadcast_to, concatenate, greater_equal, largest_finite, matmul, multiply};
use crate::ops::{expand_dims, reshape, softmax, strided_slice, swapaxes, where_};

const OP: &str = "scaled_dot_product_attention";

/// What queries may see.
#[derive(Clone, Debug)]
pub enum Mask {
    /// Every key.
    All,
    /// The last query sees every key, and each one before it a key less.
    Causal,
    /// The keys where bools are true; other masks are added to the scores. It broadcasts to the scores.
    Array(Array),
}

/// `softmax(scale * q @ k^T + mask) @ v` for every head (Vaswani et al., "Attention is all you need", 2017), in the type
/// that all three promote to.
///
/// `q` has shape `(B, H, Lq, D)`, `k` `(B, G, Lk, D)` and `v` `(B, G, Lk, E)`, where `G` divides `H`: each head of keys
/// serves `H / G` heads of queries in a row. `sinks` are scores, one for each head of queries, that take part in the softmax
/// and have no values. A query that may see no key gets the mean of all values.
///
/// # Errors
/// When the operands are not floating, or their shapes, or that of the mask or the sinks, don't fit together; when
/// the mask or the sinks don't promote into the type of the result.
pub fn scaled_dot_product_attention(
    q: &Array,
    k: &Array,
    v: &Array,
    scale: f64,
    mask: &Mask,
    sinks: Option<&Array>,
) -> Result<Array> {
    let [batch, heads, queries, keys] = check(q, k, v)?;
    let dtype = q.dtype().promote(k.dtype()).promote(v.dtype());
    expect_float(OP, dtype)?;
    let as_wide = |x: &Array| astype(x, wide(dtype));
    let (groups, features, outputs) = (k.shape()[1], q.shape()[3], v.shape()[3]);
    // The queries that share keys are rows of one matrix.
    let rows = heads / groups.max(1) * queries;
    let scaled = multiply(&as_wide(q)?, &number(scale, wide(dtype)))?;
    let scores = matmul(&reshape(&scaled, &[batch, groups, rows, features])?, &swapaxes(&as_wide(k)?, -1, -2)?)?;
    let shape = [batch, heads, queries, keys];
    let masked = apply_mask(&reshape(&scores, &shape)?, mask, dtype)?;
    let weights = match sinks {
        None => softmax(&masked, Some(&[-1]), true)?,
        Some(sinks) => with_sinks(&masked, sinks, dtype)?,
    };
    let mixed = matmul(&reshape(&weights, &[batch, groups, rows, keys])?, &as_wide(v)?)?;
    astype(&reshape(&mixed, &[batch, heads, queries, outputs])?, dtype)
}

/// Sizes of the scores, once the operands have been checked.
fn check(q: &Array, k: &Array, v: &Array) -> Result<[usize; 4]> {
    let fail = |reason: &str| {
        let [q, k, v] = [q, k, v].map(|x| tuple(x.shape()));
        Err(Error::value(OP, format!("{reason}; got queries {q}, keys {k} and values {v}")))
    };
    let (&[batch, heads, queries, features], &[of_k, groups, keys, inner], &[of_v, others, values, _]) =
        (q.shape(), k.shape(), v.shape())
    else {
        return fail("needs shapes (batch, heads, length, features)");
    };
    if [of_k, of_v] != [batch; 2] {
        return fail("batches differ in size");
    }
    if features != inner || keys != values || groups != others {
        return fail("queries and keys need the same features, keys and values the same heads and lengths");
    }
    if (groups == 0 && heads != 0) || (groups != 0 && heads % groups != 0) {
        return fail("the heads of the queries must be a multiple of those of the keys");
    }
    Ok([batch, heads, queries, keys])
}

fn apply_mask(scores: &Array, mask: &Mask, dtype: DType) -> Result<Array> {
    let (queries, keys) = (scores.shape()[2], scores.shape()[3]);
    match mask {
        Mask::All => Ok(scores.clone()),
        Mask::Causal => {
            let last_seen = arange(keys as f64 - queries as f64, keys as f64, 1.0, DType::I64)?;
            let seen = greater_equal(&expand_dims(&last_seen, &[1])?, &arange(0.0, keys as f64, 1.0, DType::I64)?)?;
            select(scores, &seen)
        }
        Mask::Array(mask) => {
            let shape = layout::broadcast(mask.shape(), scores.shape());
            if shape.is_none_or(|shape| shape.as_slice() != scores.shape()) {
                let (mask, scores) = (tuple(mask.shape()), tuple(scores.shape()));
                return Err(Error::value(OP, format!("a mask of shape {mask} doesn't broadcast to scores {scores}")));
            }
            if mask.dtype() == DType::Bool {
                return select(scores, mask);
            }
            expect_promotes("the mask", mask, dtype)?;
            add(scores, &astype(mask, scores.dtype())?)
        }
    }
}

/// The scores where `seen`. Elsewhere a finite number, so that a row without any has a softmax.
fn select(scores: &Array, seen: &Array) -> Result<Array> {
    where_(seen, scores, &number(-largest_finite(scores.dtype()), scores.dtype()))
}

fn expect_promotes(what: &str, array: &Array, dtype: DType) -> Result<()> {
    if array.dtype().promote(dtype) == dtype {
        return Ok(());
    }
    let message = format!("{what} of {} doesn't promote into the result's {dtype}", array.dtype());
    Err(Error::value(OP, message))
}

/// The softmax over the keys and a further score for each head, which is left out of the result.
fn with_sinks(scores: &Array, sinks: &Array, dtype: DType) -> Result<Array> {
    let shape = scores.shape();
    if sinks.shape() != [shape[1]] {
        let given = tuple(sinks.shape());
        return Err(Error::value(OP, format!("{} heads need sinks of shape ({},), got {given}", shape[1], shape[1])));
    }
    expect_promotes("sinks", sinks, dtype)?;
    let sinks = reshape(&astype(sinks, scores.dtype())?, &[1, shape[1], 1, 1])?;
    let sinks = broadcast_to(&sinks, &[&shape[..3], &[1]].concat())?;
    let weights = softmax(&concatenate(&[sinks, scores.clone()], Some(-1))?, Some(&[-1]), true)?;
    strided_slice(&weights, &[0, 0, 0, 1], &[1; 4], shape)
}
