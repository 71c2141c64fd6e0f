//! Attention.

mod backward;
mod compose;
mod forward;

use cotan_kernels::{DType, Scalar, layout};

pub(crate) use backward::AttentionGrad;
pub(crate) use forward::Attention;

use super::{composed, expect_float, number, wide};
use crate::array::{Array, Inputs, Shape};
use crate::error::{Error, Result, tuple};
use crate::ops::{Batched, astype, expand_dims};

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

/// [`Mask`] without its array, which is an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum MaskKind {
    /// Every key.
    All,
    /// The last query sees every key, and each one before it a key less.
    Causal,
    /// The keys that an array says.
    Array,
}

/// `softmax(scale * q @ k^T + mask) @ v` for every head (Vaswani et al., "Attention is all you need", 2017), in the type
/// that all three promote to.
///
/// `q` has shape `(B, H, Lq, D)`, `k` `(B, G, Lk, D)` and `v` `(B, G, Lk, E)`, where `G` divides `H`: each head of keys
/// serves `H / G` heads of queries in a row. `sinks` are scores, one for each head of queries, that take part in the softmax
/// and have no values. A query that may see no key gets the mean of all values.
///
/// The memory that it takes grows with `Lq + Lk`, that of its gradients too. A mask that is added and differentiated is the
/// exception: its gradient has as many elements as there are scores, before it is summed.
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
    if [q, k, v].iter().any(|x| x.ndim() != 4) {
        return Err(misfit("needs shapes (batch, heads, length, features)", [q, k, v]));
    }
    let [scores, rows] = check([q, k, v])?;
    let dtype = q.dtype().promote(k.dtype()).promote(v.dtype());
    expect_float(OP, dtype)?;
    let mut inputs: Inputs = [q, k, v].into_iter().map(|x| astype(x, dtype)).collect::<Result<_>>()?;
    let kind = match mask {
        Mask::All => MaskKind::All,
        Mask::Causal => MaskKind::Causal,
        Mask::Array(mask) => {
            expect_broadcasts("mask", mask, &scores)?;
            if mask.dtype() == DType::Bool {
                inputs.push(mask.clone());
            } else {
                expect_promotes("the mask", mask, dtype)?;
                inputs.push(astype(mask, wide(dtype))?);
            }
            MaskKind::Array
        }
    };
    if let Some(sinks) = sinks {
        if sinks.shape() != &rows[rows.len() - 1..] {
            let (heads, given) = (rows[rows.len() - 1], tuple(sinks.shape()));
            return Err(Error::value(OP, format!("{heads} heads need sinks of shape ({heads},), got {given}")));
        }
        expect_promotes("sinks", sinks, dtype)?;
        inputs.push(astype(sinks, wide(dtype))?);
    }
    let attention = Attention { scale: Scalar::new(scale), mask: kind, sinks: sinks.is_some() };
    Ok(Array::apply_all(attention, inputs)?.swap_remove(0))
}

fn misfit(reason: &str, operands: [&Array; 3]) -> Error {
    let [q, k, v] = operands.map(|x| tuple(x.shape()));
    Error::value(OP, format!("{reason}; got queries {q}, keys {k} and values {v}"))
}

/// The shape of the scores, and that of the heads of queries, once the operands have been checked.
fn check(operands: [&Array; 3]) -> Result<[Shape; 2]> {
    let fail = |reason: &str| Err(misfit(reason, operands));
    let [q, k, v] = operands.map(Array::shape);
    let ([batch @ .., heads, queries, features], [of_k @ .., groups, keys, inner], [of_v @ .., others, values, _]) =
        (q, k, v)
    else {
        return fail("needs shapes (batch, heads, length, features)");
    };
    if [of_k, of_v] != [batch; 2] {
        return fail("batches differ in size");
    }
    if features != inner || keys != values || groups != others {
        return fail("queries and keys need the same features, keys and values the same heads and lengths");
    }
    if (*groups == 0 && *heads != 0) || (*groups != 0 && heads % groups != 0) {
        return fail("the heads of the queries must be a multiple of those of the keys");
    }
    let rows = Shape::from_slice(&q[..batch.len() + 1]);
    Ok([rows.iter().chain([queries, keys]).copied().collect(), rows])
}

fn expect_broadcasts(what: &str, array: &Array, to: &[usize]) -> Result<()> {
    if layout::broadcast(array.shape(), to).is_some_and(|shape| shape.as_slice() == to) {
        return Ok(());
    }
    let (given, to) = (tuple(array.shape()), tuple(to));
    Err(Error::value(OP, format!("a {what} of shape {given} doesn't broadcast to {to}")))
}

fn expect_promotes(what: &str, array: &Array, dtype: DType) -> Result<()> {
    if array.dtype().promote(dtype) == dtype {
        return Ok(());
    }
    let message = format!("{what} of {} doesn't promote into the result's {dtype}", array.dtype());
    Err(Error::value(OP, message))
}

/// An operand that broadcasts to axes of which `rank` see one example, for all examples.
fn aligned(operand: &Batched, rank: usize) -> Result<Array> {
    let missing = rank.saturating_sub(operand.example_shape().len());
    if !operand.mapped || missing == 0 {
        return Ok(operand.array.clone());
    }
    let axes: Vec<i64> = (1..=missing).map(|axis| axis as i64).collect();
    expand_dims(&operand.array, &axes)
}
