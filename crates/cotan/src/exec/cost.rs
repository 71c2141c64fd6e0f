//! What a unit reads, writes and computes.

use cotan_kernels::{DType, Tensor, layout};
use rustc_hash::FxHashSet;

use super::fuse::Class;
use super::plan::{Plan, Source, Step};
use super::run::Results;
use crate::array::Array;
use crate::debug::Work;
use crate::ops::{Op, Primitive};

/// The inputs of a unit, looked at before it runs, since it may write over them.
pub(super) struct Reads {
    bytes: u64,
    buffers: FxHashSet<usize>,
}

impl Reads {
    pub fn new(plan: &Plan, unit: u32, members: &[u32], results: &[Results]) -> Reads {
        let mut reads = Reads { bytes: 0, buffers: FxHashSet::default() };
        let mut seen: FxHashSet<(usize, usize)> = FxHashSet::default();
        for &member in members {
            let step = plan.step(member);
            for (source, array) in step.inputs.iter().zip(&step.call.inputs) {
                match source {
                    Source::Ready(tensor) if seen.insert((array.id(), 0)) => reads.add(tensor),
                    Source::Made { step, output } if plan.units[*step as usize] != unit => {
                        let tensor = results[*step as usize].get(*output as usize).and_then(Option::as_ref);
                        let new = seen.insert((usize::MAX - *step as usize, *output as usize));
                        tensor.filter(|_| new).into_iter().for_each(|tensor| reads.add(tensor));
                    }
                    Source::Ready(_) | Source::Made { .. } => {}
                }
            }
        }
        reads
    }

    fn add(&mut self, tensor: &Tensor) {
        self.bytes += bytes(tensor);
        self.buffers.insert(tensor.buffer().ptr().addr());
    }

    /// What the unit did, once it has run.
    pub fn work(&self, plan: &Plan, members: &[u32], results: &[Results]) -> Work {
        let made = || members.iter().flat_map(|&member| results[member as usize].iter().flatten());
        // A call outside fusion that gives out the memory of an input made a view of it.
        let is_view =
            plan.is_alone(members) && made().all(|tensor| self.buffers.contains(&tensor.buffer().ptr().addr()));
        let steps = || members.iter().map(|&member| plan.step(member));
        let last = plan.step(members[members.len() - 1]);
        let names: Vec<&str> = steps().map(|step| step.call.op.name()).collect();
        Work {
            kernel: names.join("+"),
            shape: last.spec().shape.clone(),
            dtype: last.spec().dtype,
            bytes_read: if is_view { 0 } else { self.bytes },
            bytes_written: if is_view { 0 } else { made().map(bytes).sum() },
            flops: steps().map(flops).sum::<Option<u64>>().filter(|&flops| flops > 0),
        }
    }
}

/// Bytes of the distinct elements.
fn bytes(tensor: &Tensor) -> u64 {
    let distinct = |(&size, &stride): (&usize, &isize)| if stride == 0 { size.min(1) } else { size };
    let elements: usize = tensor.shape().iter().zip(tensor.strides()).map(distinct).product();
    (elements * tensor.dtype().size()) as u64
}

/// Floating point operations of a call, where they are known.
fn flops(step: &Step) -> Option<u64> {
    let spec = step.spec();
    let elements = layout::len(spec.shape) as u64;
    // A sum of products adds and multiplies; a complex product is four real ones.
    let product = if spec.dtype == DType::C64 { 8 } else { 2 };
    let input = step.call.inputs.first();
    match &step.call.op {
        Op::Unary(_) | Op::Binary(_) => Some(if input?.dtype().is_inexact() { elements } else { 0 }),
        Op::Reduce(_) => Some(if input?.dtype().is_inexact() { input?.size() as u64 } else { 0 }),
        Op::Matmul(_) if spec.dtype.is_inexact() => Some(product * elements * *input?.shape().last()? as u64),
        Op::QuantizedMatmul(_) | Op::QuantizedGather(_) => Some(2 * elements * *input?.shape().last()? as u64),
        Op::Convolve(_) if spec.dtype.is_inexact() => {
            let window: usize = step.call.inputs.get(1)?.shape()[1..].iter().product();
            Some(product * elements * window as u64)
        }
        Op::Convolve(_) => {
            let one = if spec.dtype == DType::C64 { 8 } else { 2 };
            let taps: usize = step.call.inputs.get(1)?.shape().iter().skip(1).product();
            Some(one * elements * taps as u64)
        }
        Op::Attention(_) | Op::AttentionGrad(_) => {
            let [q, k, v] = step.call.inputs.first_chunk::<3>()?.each_ref().map(Array::shape);
            let (rows, last) = (layout::len(&q[..q.len() - 1]) as u64, q.len() - 1);
            let (keys, features, outputs) = (k[last - 1] as u64, q[last] as u64, v[last] as u64);
            let forward = matches!(step.call.op, Op::Attention(_));
            let each = if forward { features + outputs } else { 3 * features + 2 * outputs };
            Some(2 * rows * keys * each)
        }
        _ => matches!(step.class, Class::Elementwise | Class::Constant).then_some(0),
    }
}
