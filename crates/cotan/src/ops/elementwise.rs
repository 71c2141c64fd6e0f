//! What all elementwise families share: broadcasting, its transpose, and vmap.

use cotan_kernels::{Scalar, layout};

use super::{Batched, Op};
use crate::array::{Array, Inputs, Shape};
use crate::error::{Error, Result};

/// The shape that all inputs broadcast to.
pub(crate) fn broadcast_shape(op: &'static str, inputs: &[Array]) -> Result<Shape> {
    let mut shape = Shape::from_slice(inputs[0].shape());
    for input in &inputs[1..] {
        if input.shape() == &shape[..] {
            continue;
        }
        shape = layout::broadcast(&shape, input.shape()).ok_or_else(|| Error::Broadcast {
            op,
            left: shape.clone(),
            right: input.shape().into(),
        })?;
    }
    Ok(shape)
}

/// A constant of the type of `x` that broadcasts against it.
pub(crate) fn number(x: &Array, value: f64) -> Array {
    Array::full(&[], Scalar::new(value).cast(x.dtype()))
}

/// The cotangent of an operand that was broadcast: summed over the axes it was repeated along.
pub(crate) fn unbroadcast(cotangent: Array, shape: &[usize]) -> Result<Array> {
    if cotangent.shape() == shape {
        return Ok(cotangent);
    }
    let lead = cotangent.ndim() - shape.len();
    let axes: Vec<usize> = (0..cotangent.ndim())
        .filter(|&axis| axis < lead || (shape[axis - lead] == 1 && cotangent.shape()[axis] != 1))
        .collect();
    let summed = if axes.is_empty() { cotangent } else { super::sum_axes(&cotangent, &axes)? };
    super::reshape(&summed, shape)
}

/// The vmap rule of every elementwise operation: operands get equal rank, so that the mapped axes meet.
pub(crate) fn vmap(op: impl Into<Op>, inputs: &[Batched]) -> Result<Vec<Batched>> {
    let rank = inputs.iter().map(|input| input.example_shape().len()).max().unwrap_or(0);
    let mut aligned = Inputs::with_capacity(inputs.len());
    for input in inputs {
        let example = input.example_shape();
        if input.mapped && example.len() < rank {
            let new: Shape = (1..=rank - example.len()).collect();
            aligned.push(super::regroup(&input.array, super::Regroup::Expand(new))?);
        } else {
            aligned.push(input.array.clone());
        }
    }
    Ok(vec![Batched::mapped(Array::apply(op, aligned)?)])
}
