//! The gated delta rule of linear attention.

use cotan_kernels::DType;

use super::{expect_float, wide};
use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::{
    add, astype, expand_dims, matmul, multiply, repeat, reshape, stack, subtract, unstack, where_, zeros,
};

const OP: &str = "gated_delta_update";

/// What every step of [`gated_delta_update`] reads; axis 1 runs over the steps.
#[derive(Clone, Copy, Debug)]
pub struct DeltaInputs<'a> {
    /// Queries `(B, T, Hk, Dk)`.
    pub q: &'a Array,
    /// Keys `(B, T, Hk, Dk)`.
    pub k: &'a Array,
    /// Values `(B, T, Hv, Dv)`, where `Hk` divides `Hv`.
    pub v: &'a Array,
    /// How much of the state stays: `(B, T, Hv)`.
    pub gamma: &'a Array,
    /// How far the state moves to the new value: `(B, T, Hv)`.
    pub beta: &'a Array,
}

/// Runs the gated delta rule (Yang, Kautz, Hatamizadeh, "Gated delta networks", 2024) over a sequence: a state `S` of shape
/// `(B, Hv, Dv, Dk)` decays to `gamma S`, moves by `beta (v - S k)` along `k`, and answers `S q`.
///
/// Returns the answers `(B, T, Hv, Dv)`, in the type that queries, keys and values promote to, and the last state, in
/// `float32` or wider. It starts from zeros unless a state is given. Where `mask`, bools of `(B, T)`, is false, the state
/// stays as it is and the answer is 0.
///
/// # Errors
/// When the operands are not floating or their shapes don't fit together.
pub fn gated_delta_update(inputs: DeltaInputs, state: Option<&Array>, mask: Option<&Array>) -> Result<[Array; 2]> {
    let DeltaInputs { q, k, v, gamma, beta } = inputs;
    let [batch, steps, heads, outputs] = check(inputs, state, mask)?;
    let (groups, features) = (q.shape()[2], q.shape()[3]);
    let dtype = q.dtype().promote(k.dtype()).promote(v.dtype());
    expect_float(OP, dtype)?;
    let all = [gamma, beta].into_iter().chain(state).fold(dtype, |all, x| all.promote(x.dtype()));
    expect_float(OP, all)?;
    let inner = wide(all);
    let of_heads = |x: &Array| repeat(&astype(x, inner)?, heads / groups.max(1), Some(2));
    let columns = |x: &Array| unstack(&expand_dims(x, &[-1])?, 1);
    let numbers = |x: &Array| unstack(&reshape(&astype(x, inner)?, &[batch, steps, heads, 1, 1])?, 1);
    let (queries, keys, values) = (columns(&of_heads(q)?)?, columns(&of_heads(k)?)?, columns(&astype(v, inner)?)?);
    let (gamma, beta) = (numbers(gamma)?, numbers(beta)?);
    let masks =
        mask.map(|mask| unstack(&reshape(&astype(mask, DType::Bool)?, &[batch, steps, 1, 1, 1])?, 1)).transpose()?;
    let mut state = match state {
        Some(state) => astype(state, inner)?,
        None => zeros(&[batch, heads, outputs, features], inner),
    };
    let mut answers = Vec::with_capacity(steps);
    for step in 0..steps {
        let decayed = multiply(&state, &gamma[step])?;
        let error = multiply(&subtract(&values[step], &matmul(&decayed, &keys[step])?)?, &beta[step])?;
        let row = crate::ops::swapaxes(&keys[step], -1, -2)?;
        let next = add(&decayed, &multiply(&error, &row)?)?;
        let answer = matmul(&next, &queries[step])?;
        let (next, answer) = match &masks {
            None => (next, answer),
            Some(masks) => (where_(&masks[step], &next, &state)?, where_(&masks[step], &answer, &zeros(&[], inner))?),
        };
        state = next;
        answers.push(answer);
    }
    let shape = [batch, steps, heads, outputs];
    let answers = if steps == 0 { zeros(&shape, inner) } else { reshape(&stack(&answers, 1)?, &shape)? };
    Ok([astype(&answers, dtype)?, state])
}

/// Sizes of the answers, once the operands have been checked.
fn check(inputs: DeltaInputs, state: Option<&Array>, mask: Option<&Array>) -> Result<[usize; 4]> {
    let (&[batch, steps, groups, features], &[_, _, heads, outputs]) = (inputs.q.shape(), inputs.v.shape()) else {
        let (q, v) = (tuple(inputs.q.shape()), tuple(inputs.v.shape()));
        return Err(Error::value(OP, format!("needs (batch, steps, heads, features), got queries {q} and values {v}")));
    };
    if (groups == 0 && heads != 0) || (groups != 0 && heads % groups != 0) {
        return Err(Error::value(OP, format!("{heads} heads of values are no multiple of {groups} heads of keys")));
    }
    let keys = [batch, steps, groups, features];
    let numbers = [batch, steps, heads];
    let expected: [(&str, Option<&Array>, &[usize]); 6] = [
        ("keys", Some(inputs.k), &keys),
        ("values", Some(inputs.v), &[batch, steps, heads, outputs]),
        ("gamma", Some(inputs.gamma), &numbers),
        ("beta", Some(inputs.beta), &numbers),
        ("the state", state, &[batch, heads, outputs, features]),
        ("the mask", mask, &[batch, steps]),
    ];
    for (name, array, shape) in expected {
        if let Some(array) = array.filter(|array| array.shape() != shape) {
            let (given, expected) = (tuple(array.shape()), tuple(shape));
            return Err(Error::value(OP, format!("{name} must have shape {expected}, got {given}")));
        }
    }
    Ok([batch, steps, heads, outputs])
}
