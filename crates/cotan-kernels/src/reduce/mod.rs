//! Reductions of an elementwise expression over any set of axes.

mod arg;
mod blocks;
mod few;
mod fold;
mod folder;

pub use arg::arg_reduce;
pub use few::reduce_few;

use smallvec::SmallVec;

use crate::error::{Failure, KernelError};
use crate::fused::{Bound, Operand, Program, Reg, Scratch};
use crate::layout::{self, Shape};
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, memory_order};
use crate::{DType, pool};
use folder::Folder;

/// What a reduction computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ReduceOp {
    /// The sum; zero of nothing. Integers wrap, floats are accurate to about the rounding of the result.
    Sum,
    /// The product; one of nothing. Integers wrap.
    Prod,
    /// The largest value, NaN if there is one; the lowest value of the type of nothing. Complex numbers compare by
    /// real part, then by imaginary part.
    Max,
    /// The smallest value, by the rules of `Max`.
    Min,
    /// Whether no value is zero.
    All,
    /// Whether some value is not zero.
    Any,
}

type Axes = SmallVec<[usize; 6]>;

/// Reduces a program's value over `axes` (ascending, without repetition) of the iteration space `shape`, computing it tile by tile.
///
/// The result has `shape` with sizes of one at `axes`, and the value's type, or `Bool` for `All` and `Any`. The
/// program's outputs are filled in the same pass. The result does not depend on the number of threads.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When operands or outputs don't match the program, or `result` is another type than the reduction gives.
///
/// ```
/// use cotan_kernels::fused::{Operand, Program};
/// use cotan_kernels::reduce::{ReduceOp, reduce};
/// use cotan_kernels::{DType, Tensor};
/// let tensor = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
/// let mut program = Program::new();
/// let value = program.input(DType::F32);
/// let operands = [Operand::Tensor(tensor)];
/// let sum = reduce(ReduceOp::Sum, &program, value, &[2, 3], &[1], &operands, &mut [], DType::F32)?;
/// assert_eq!((sum.shape(), sum.to_vec::<f32>()), ([2, 1].as_slice(), vec![6.0, 15.0]));
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
#[expect(clippy::too_many_arguments, reason = "a reduction is a program with all that running it needs")]
pub fn reduce(
    op: ReduceOp,
    program: &Program,
    value: Reg,
    shape: &[usize],
    axes: &[usize],
    operands: &[Operand],
    outputs: &mut [Output],
    result: DType,
) -> Result<Tensor, KernelError> {
    let fold = Folder::of(op, program.dtype(value));
    assert_eq!(fold.result, result, "reduce: {op:?} of {} gives another type", program.dtype(value));
    if outputs.is_empty() {
        return reduce_free(fold, program, value, shape, axes, operands);
    }
    if let Some(sizes) = middle(shape, axes) {
        let mut out = Output::new(result, &reduced_shape(shape, axes))?;
        let bound = Bound::new(program, shape, operands, outputs, Some(value));
        // SAFETY: bound over `shape`, whose axes were just gathered into `sizes`.
        unsafe { blocks::run(fold, &bound, sizes, out.ptr())? };
        return Ok(out.finish());
    }
    let values = evaluate(program, value, shape, operands, outputs)?;
    let mut plain = Program::new();
    let input = plain.input(values.dtype());
    reduce_free(fold, &plain, input, shape, axes, &[Operand::Tensor(values)])
}

/// The sizes before, of and behind the reduced axes, when no other wide axis lies between them.
fn middle(shape: &[usize], axes: &[usize]) -> Option<[usize; 3]> {
    let wide: Axes = axes.iter().copied().filter(|&axis| shape[axis] != 1).collect();
    let (first, end) = (wide.first().copied().unwrap_or(0), wide.last().map_or(0, |axis| axis + 1));
    let len = |axes: std::ops::Range<usize>| layout::len(&shape[axes]);
    let together = (first..end).all(|axis| shape[axis] == 1 || wide.contains(&axis));
    together.then(|| [len(0..first), len(first..end), len(end..shape.len())])
}

fn reduced_shape(shape: &[usize], axes: &[usize]) -> Shape {
    shape.iter().enumerate().map(|(axis, &size)| if axes.contains(&axis) { 1 } else { size }).collect()
}

/// Runs a program into its outputs and a tensor of one more value.
fn evaluate(
    program: &Program,
    value: Reg,
    shape: &[usize],
    operands: &[Operand],
    outputs: &mut [Output],
) -> Result<Tensor, KernelError> {
    let mut out = Output::new(program.dtype(value), shape)?;
    let (size, to) = (out.dtype().size(), Shared(out.ptr()));
    let bound = Bound::new(program, shape, operands, outputs, Some(value));
    let failure = Failure::default();
    pool::parallel_chunks(bound.total(), 8 * crate::fused::TILE, bound.cost_ns(), &|range| {
        match Scratch::new(&bound) {
            Ok(mut scratch) => bound.for_each_tile(range, |start, n| {
                // SAFETY: tiles lie in the space, each is visited by one thread, and `out` has the space's size.
                unsafe {
                    let values = bound.tile(&mut scratch, start, n);
                    std::ptr::copy_nonoverlapping(values, to.get().add(start * size), n * size);
                }
            }),
            Err(error) => failure.set(range.start, error),
        }
    });
    failure.into_result()?;
    Ok(out.finish())
}

/// A reduction without outputs may walk the space in the order that suits memory.
fn reduce_free(
    fold: Folder,
    program: &Program,
    value: Reg,
    shape: &[usize],
    axes: &[usize],
    operands: &[Operand],
) -> Result<Tensor, KernelError> {
    let mut views: Vec<Tensor> = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand {
            Operand::Tensor(tensor) => views.push(tensor.broadcast_to(shape)),
            Operand::InPlace(_) => panic!("reduce: an operand in place needs an output"),
        }
    }
    let plan = Plan::new(shape, axes, &views);
    let permute = |sizes: &[usize]| -> Shape { plan.order.iter().map(|&axis| sizes[axis]).collect() };
    let space = permute(shape);
    let operands: Vec<Operand> = views.iter().map(|view| Operand::Tensor(view.permute(&plan.order))).collect();
    let bound = Bound::new(program, &space, &operands, &mut [], Some(value));
    let target = reduced_shape(shape, axes);
    let mut out = Output::new(fold.result, &permute(&target))?;
    // SAFETY: bound over `space`, whose axes the plan has gathered into its sizes.
    unsafe { blocks::run(fold, &bound, plan.sizes, out.ptr())? };
    let mut inverse: Axes = SmallVec::from_elem(0, shape.len());
    for (place, &axis) in plan.order.iter().enumerate() {
        inverse[axis] = place;
    }
    Ok(out.finish().permute(&inverse).to_row_major()?)
}

/// An order of the axes: some kept ones, the reduced ones, the other kept ones.
struct Plan {
    order: Axes,
    sizes: [usize; 3],
}

impl Plan {
    fn new(shape: &[usize], axes: &[usize], views: &[Tensor]) -> Plan {
        // The operand with the most distinct elements costs the most memory traffic and goes first.
        let mut lists: SmallVec<[(usize, &[isize]); 4]> = views
            .iter()
            .map(|view| {
                let distinct: usize = shape
                    .iter()
                    .zip(view.strides())
                    .filter(|(_, stride)| **stride != 0)
                    .map(|(size, _)| size)
                    .product();
                (distinct * view.dtype().size(), view.strides())
            })
            .collect();
        lists.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        let strides: SmallVec<[&[isize]; 4]> = lists.iter().map(|(_, strides)| *strides).collect();
        let order = memory_order(shape.len(), &strides);
        let is_reduced = |axis: &usize| shape[*axis] != 1 && axes.contains(axis);
        let (unit, wide): (Axes, Axes) = order.iter().copied().partition(|axis| shape[*axis] == 1);
        let inner_len = wide.iter().rev().take_while(|axis| !is_reduced(axis)).count();
        let (left, inner) = wide.split_at(wide.len() - inner_len);
        let (reduced, outer): (Axes, Axes) = left.iter().copied().partition(|axis| is_reduced(axis));
        let len = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).product();
        // Nothing is reduced: every element is a group of its own.
        if reduced.is_empty() {
            let sizes = [len(inner), 1, 1];
            return Plan { order: unit.into_iter().chain(inner.iter().copied()).collect(), sizes };
        }
        let sizes = [len(&outer), len(&reduced), len(inner)];
        let order = unit.into_iter().chain(outer).chain(reduced).chain(inner.iter().copied()).collect();
        Plan { order, sizes }
    }
}
