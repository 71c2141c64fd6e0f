//! Evaluation: order the pending calls, group them into kernels, run them.

mod check;
mod cost;
mod direct;
mod fuse;
mod in_place;
mod interrupt;
mod order;
mod outline;
mod plan;
mod run;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};

use cotan_kernels::fused::{Operand, Program};
use cotan_kernels::{Output, Tensor};

use crate::array::{Array, Spec};
use crate::error::{Error, Result};
use crate::ops::Op;

use direct::Duration;

pub use interrupt::set_interrupt_check;

pub(crate) use direct::at_once;
pub(crate) use interrupt::poll;
pub(crate) use outline::{Outline, outline};

/// Computes the elements of all arrays; those that are there already cost nothing.
///
/// A failure leaves every array usable: what was not computed can be tried again.
///
/// # Errors
/// [`Error::NoValue`] for an array that a transform is tracing, and whatever an operation raises on its values.
pub fn eval(arrays: &[Array]) -> Result<()> {
    if arrays.iter().all(Array::is_evaluated) {
        return Ok(());
    }
    let watch = watch::Watch::current();
    guarded(|| {
        if watch.is_none() {
            let mut direct = arrays.iter().map_while(|array| direct::eval(array, Duration::Any));
            let done = direct.try_fold(0, |done, result| result.map(|()| done + 1))?;
            if done == arrays.len() {
                return Ok(());
            }
        }
        plan::Plan::new(arrays)?.run(watch.as_ref())
    })
}

/// Computes the elements of an array if that takes a few microseconds at most, and waits for nothing; `None` if it would
/// take longer. For hosts that release a lock before they evaluate, which is not worth it for so little.
///
/// # Errors
/// As [`eval`].
pub fn eval_briefly(array: &Array) -> Option<Result<()>> {
    if array.is_evaluated() {
        return Some(Ok(()));
    }
    if crate::debug::is_watching() {
        return None;
    }
    guarded(|| direct::eval(array, Duration::Brief).transpose()).transpose()
}

/// Kernels don't panic on any input; should one do so, it must not take the process with it.
fn guarded<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(Error::Runtime { op: "eval", message: format!("internal fault: {}", message.unwrap_or_default()) })
    })
}

/// Runs one elementwise operation by itself.
pub(crate) fn eval_elementwise(op: &Op, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
    let mut program = Program::new();
    let args: Vec<_> = inputs.iter().map(|input| program.input(input.dtype())).collect();
    let result = fuse::emit(&mut program, op, &args)?;
    program.output(result);
    let operands: Vec<_> = inputs.iter().cloned().map(Operand::Tensor).collect();
    let mut outputs = [Output::new(specs[0].dtype, &specs[0].shape)?];
    program.run(&specs[0].shape, &operands, &mut outputs)?;
    Ok(outputs.into_iter().map(Output::finish).collect())
}
