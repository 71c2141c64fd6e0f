//! Evaluation of one call whose inputs are there: it needs no plan, and few elements need no program.

use std::sync::Arc;

use cotan_kernels::Tensor;
use cotan_kernels::cast::cast_tile;
use cotan_kernels::simd::Tile;
use cotan_kernels::small::{self, Argument};
use smallvec::SmallVec;

use super::run::{checked, computed};
use crate::array::{Array, Call, State};
use crate::error::Result;
use crate::ops::{Op, Primitive};

/// Evaluates an array that is the only result of a call whose inputs are there; `None` when it isn't.
pub(super) fn eval(array: &Array) -> Option<Result<()>> {
    let call = match &*array.0.state() {
        State::Pending(call, 0) if call.outputs.get().is_none() => call.clone(),
        State::Pending(..) | State::Placeholder(_) | State::Ready(_) | State::Traced(..) => return None,
    };
    let result = match few(array, &call) {
        Some(result) => result,
        None => {
            let inputs = call.inputs.iter().map(there).collect::<Option<Vec<Tensor>>>()?;
            let specs = [array.spec()];
            call.op
                .eval(&inputs, &specs)
                .and_then(|results| checked(&call, results, &specs))
                .map(|mut all| all.swap_remove(0))
        }
    };
    Some(result.map(|tensor| computed(array, &tensor)))
}

/// The elements of an array that has been computed.
fn there(array: &Array) -> Option<Tensor> {
    match &*array.0.state() {
        State::Ready(tensor) | State::Traced(tensor, ..) => Some(tensor.clone()),
        State::Pending(..) | State::Placeholder(_) => None,
    }
}

/// The result of an elementwise call over few elements.
fn few(array: &Array, call: &Arc<Call>) -> Option<Result<Tensor>> {
    let tile = tile(&call.op, call.inputs.last()?)?;
    let argument = |input: &Array| match input.as_constant() {
        Some(value) => Some(Argument::Constant(value)),
        None => there(input).map(Argument::Tensor),
    };
    let arguments: SmallVec<[Argument; 3]> = call.inputs.iter().map(argument).collect::<Option<_>>()?;
    small::run(tile, array.shape(), &arguments).map(|result| Ok(result?))
}

/// The one kernel that computes an operation.
fn tile(op: &Op, last: &Array) -> Option<Tile> {
    let dtype = last.dtype();
    match op {
        Op::Unary(unary) if unary.compute_dtype(dtype) == dtype => unary.0.tile(dtype),
        Op::Binary(binary) if binary.compute_dtype(dtype) == dtype => binary.0.tile(dtype),
        Op::Select(select) => Some(select.tile(dtype)),
        Op::Cast(cast) => Some(cast_tile(dtype, cast.to)),
        _ => None,
    }
}
