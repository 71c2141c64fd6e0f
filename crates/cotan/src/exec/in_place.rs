//! Updates of a slice written into the array that they change, when nobody else will see that again.

use std::sync::Arc;

use cotan_kernels::{Output, Tensor, region};

use super::plan::{Source, Step, is_traced};
use super::run::{Results, read};
use crate::array::{Shape, State};
use crate::ops::{Op, SliceUpdate};

/// The result of a slice update in the memory of its first input; `None`, and nothing has changed, when that must be kept.
pub(super) fn update(step: &mut Step, readers: &[u32], results: &mut [Results]) -> Option<Tensor> {
    let call = step.call.clone();
    let Op::SliceUpdate(op) = &call.op else { return None };
    let part = read(&step.inputs[1], results).ok()?;
    match &mut step.inputs[0] {
        Source::Made { step: producer, output } => {
            let (producer, output) = (*producer as usize, *output as usize);
            if readers[producer] > 1 {
                return None;
            }
            let slot = results[producer].get_mut(output)?;
            match overwrite(op, slot.take()?, &part) {
                Ok(updated) => Some(updated),
                Err(shared) => {
                    *slot = Some(shared);
                    None
                }
            }
        }
        Source::Ready(own) => {
            // The result is stored before anything can fail, and the call forgotten: no one computes it again from
            // what it has overwritten. Another thread that reads this call waits for the lock below, and writing
            // the same part twice is writing it once.
            let [(_, output)] = &step.outputs[..] else { return None };
            let input = &call.inputs[0].0;
            if !step.kept || is_traced(output) || Arc::strong_count(input) > 1 || Arc::weak_count(input) > 0 {
                return None;
            }
            let mut state = input.state();
            let State::Ready(held) = &mut *state else { return None };
            let nothing = Tensor::scalar(0u8).ok()?;
            *own = nothing.clone();
            let found = overwrite(op, std::mem::replace(held, nothing), &part);
            let (Ok(tensor) | Err(tensor)) = &found;
            *own = tensor.clone();
            *held = tensor.clone();
            found.ok()
        }
    }
}

/// Writes `part` into `base`, or gives `base` back when others see its memory.
fn overwrite(op: &SliceUpdate, base: Tensor, part: &Tensor) -> Result<Tensor, Tensor> {
    if !base.is_row_major() || base.offset() != 0 {
        return Err(base);
    }
    let (dtype, shape) = (base.dtype(), Shape::from(base.shape()));
    match Output::reuse(base.into_buffer(), dtype, &shape) {
        Ok(mut out) => {
            region::write_region(part, &mut out, &op.starts, &op.steps);
            Ok(out.finish())
        }
        Err(buffer) => Err(Tensor::from_buffer(buffer, dtype, &shape)),
    }
}
