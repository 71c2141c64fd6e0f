//! Evaluation call by call: of few elements, for which a plan takes longer than computing, and of one call by itself.

use cotan_kernels::cast::cast_tile;
use cotan_kernels::reduce::reduce_few;
use cotan_kernels::simd::Tile;
use cotan_kernels::small::{self, Argument, FEW};
use cotan_kernels::{DType, Tensor};
use smallvec::{SmallVec, smallvec};

use super::fuse::{Class, class};
use super::order::is_view;
use super::run::{checked, computed};
use crate::array::{Array, Call, Spec, State};
use crate::error::Result;
use crate::ops::{Op, Primitive};

/// Calls in a brief evaluation.
const BRIEF: usize = 64;
/// Calls between two looks at whether someone wants to interrupt.
const CALLS: usize = 64;

/// How long an evaluation may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Duration {
    /// Some microseconds, and nothing is waited for.
    Brief,
    /// As long as it needs.
    Any,
}

/// Evaluates an array when every call behind it has few elements, or when it needs just one call. `None` when a plan
/// is needed; what has been computed by then stays.
pub(super) fn eval(target: &Array, duration: Duration) -> Option<Result<()>> {
    let mut stack: SmallVec<[Array; 8]> = smallvec![target.clone()];
    for count in 1.. {
        let Some(array) = stack.last() else { break };
        let call = match &*array.0.state() {
            State::Ready(_) | State::Traced(..) => None,
            State::Pending(call, 0) if call.outputs.get().is_none() => Some(call.clone()),
            State::Pending(..) | State::Placeholder(_) => return None,
        };
        let Some(call) = call else {
            stack.pop();
            continue;
        };
        let few = array.size() <= FEW;
        let waiting = stack.len();
        for input in &call.inputs {
            if is_awaited(input, &call.op) {
                stack.push(input.clone());
            }
        }
        if stack.len() > waiting {
            if !few {
                return None;
            }
            continue;
        }
        // A plan may write an update where the array was that it changes.
        let alone = stack.len() == 1 && duration == Duration::Any && !matches!(call.op, Op::SliceUpdate(_));
        if !few && !alone {
            return None;
        }
        let array = stack.pop().expect("the stack has a last array");
        match run(&call, array.0.shape.as_slice(), array.dtype(), duration)? {
            Ok(tensor) => computed(&array, tensor),
            Err(error) => return Some(Err(error)),
        }
        if duration == Duration::Brief && count >= BRIEF {
            return None;
        }
        if count % CALLS == 0
            && let Err(error) = super::poll()
        {
            return Some(Err(error));
        }
    }
    Some(Ok(()))
}

/// True for an input of an operation that has to be computed first; elementwise kernels read constants as they are.
fn is_awaited(input: &Array, op: &Op) -> bool {
    match &*input.0.state() {
        State::Ready(_) | State::Traced(..) => false,
        State::Pending(call, _) => !(matches!(call.op, Op::Full(_)) && class(op) == Class::Elementwise),
        State::Placeholder(_) => true,
    }
}

/// The result of a call whose inputs are there; `None` when it takes too long.
fn run(call: &Call, shape: &[usize], dtype: DType, duration: Duration) -> Option<Result<Tensor>> {
    if let Some(result) = few(&call.op, &call.inputs, shape) {
        return Some(result);
    }
    if duration == Duration::Brief && !is_view(&call.op) {
        return None;
    }
    let inputs: SmallVec<[Tensor; 2]> = call.inputs.iter().map(there).collect::<Option<_>>()?;
    let specs = [Spec::new(shape, dtype)];
    let results = call.op.eval(&inputs, &specs).and_then(|results| checked(call, results, &specs));
    Some(results.map(|mut all| all.swap_remove(0)))
}

/// The result of an elementwise operation or a reduction over few elements that are there.
pub(super) fn few(op: &Op, inputs: &[Array], shape: &[usize]) -> Option<Result<Tensor>> {
    if let Op::Reduce(reduce) = op {
        return reduce_few(reduce.op, &there(&inputs[0])?, &reduce.axes).map(|result| Ok(result?));
    }
    let tile = tile(op, inputs.last()?)?;
    let mut arguments: SmallVec<[Argument; 3]> = SmallVec::new();
    for input in inputs {
        arguments.push(match &*input.0.state() {
            State::Ready(tensor) | State::Traced(tensor, ..) => Argument::Tensor(tensor.clone()),
            State::Pending(call, _) => match &call.op {
                Op::Full(full) => Argument::Constant(full.value),
                _ => return None,
            },
            State::Placeholder(_) => return None,
        });
    }
    small::run(tile, shape, &arguments).map(|result| Ok(result?))
}

/// The result of an elementwise operation or a reduction over few elements that nothing follows, if it can be had now.
pub(crate) fn at_once(op: &Op, inputs: &[Array], shape: &[usize]) -> Option<Tensor> {
    let is_settled = |input: &Array| match &*input.0.state() {
        State::Ready(tensor) => tensor.len() <= FEW,
        State::Pending(call, _) => matches!(call.op, Op::Full(_)) && input.0.trace.is_none(),
        State::Traced(..) | State::Placeholder(_) => false,
    };
    let is_kernel = matches!(class(op), Class::Elementwise | Class::Reduction);
    if !is_kernel || !inputs.iter().all(is_settled) || crate::debug::is_watching() {
        return None;
    }
    // Recording says why, if there is no memory.
    few(op, inputs, shape)?.ok()
}

/// The elements of an array that has been computed.
fn there(array: &Array) -> Option<Tensor> {
    match &*array.0.state() {
        State::Ready(tensor) | State::Traced(tensor, ..) => Some(tensor.clone()),
        State::Pending(..) | State::Placeholder(_) => None,
    }
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
