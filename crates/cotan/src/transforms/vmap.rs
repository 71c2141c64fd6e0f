//! Vectorisation: a function of one example, applied to all examples at once.

use rustc_hash::FxHashMap;

use crate::array::{Array, Inputs};
use crate::debug::{Rule, within};
use crate::error::{Error, Result};
use crate::graph::{Between, between};
use crate::ops::{Batched, Primitive, moveaxis};
use crate::trace::Trace;

/// Applies `f`, which sees one example, along an axis of every mapped input.
///
/// `in_axes` has an axis per input, counted from the front, or `None` for an input that all examples share. `out_axes`
/// is asked, once the outputs are known, where the mapped axis goes in each; an output that depends on no mapped input
/// is repeated. Without mapped inputs `f` is called as it is.
///
/// # Errors
/// Whatever the functions raise, when the mapped axes differ in size, and [`Error::NoValue`] when `f` reads elements.
pub fn vmap<E: From<Error>>(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    inputs: &[Array],
    in_axes: &[Option<usize>],
    out_axes: impl FnOnce(&[Array]) -> Result<Vec<usize>, E>,
) -> Result<Vec<Array>, E> {
    let scope = Trace::enter();
    let Some(examples) = examples(inputs, in_axes)? else { return f(inputs) };
    let mut mapped: FxHashMap<usize, Batched> = FxHashMap::default();
    let mut leaves = Vec::new();
    let mut arguments = Vec::with_capacity(inputs.len());
    for (input, axis) in inputs.iter().zip(in_axes) {
        let Some(axis) = *axis else {
            arguments.push(input.clone());
            continue;
        };
        let front = moveaxis(input, axis as i64, 0)?;
        let leaf = Array::placeholder(&front.shape()[1..], input.dtype(), scope.trace(), "vmap");
        mapped.insert(leaf.id(), Batched::mapped(front));
        leaves.push(leaf.clone());
        arguments.push(leaf);
    }
    let outputs = f(&arguments)?;
    map_nodes(&between(&leaves, &outputs), &mut mapped, examples)?;
    let axes = out_axes(&outputs)?;
    let place = |output: &Array, axis: usize| {
        let batched =
            mapped.get(&output.id()).cloned().unwrap_or_else(|| Batched { array: output.clone(), mapped: false });
        moveaxis(&batched.expand(examples)?, 0, axis as i64)
    };
    Ok(outputs.iter().zip(axes).map(|(output, axis)| place(output, axis)).collect::<Result<_>>()?)
}

fn map_nodes(between: &Between, mapped: &mut FxHashMap<usize, Batched>, examples: usize) -> Result<()> {
    for node in &between.nodes {
        let inputs: Vec<Batched> = node
            .call
            .inputs
            .iter()
            .map(|input| {
                mapped.get(&input.id()).cloned().unwrap_or_else(|| Batched { array: input.clone(), mapped: false })
            })
            .collect();
        let _origin = within(&node.call, Rule::Vmap);
        let results = if inputs.iter().any(|input| input.mapped) {
            node.call.op.vmap(&inputs, examples)?
        } else {
            // Every input turned out to be shared: so are the results.
            let inputs: Inputs = inputs.into_iter().map(|input| input.array).collect();
            let arrays = Array::apply_all(node.call.op.clone(), inputs)?;
            arrays.into_iter().map(|array| Batched { array, mapped: false }).collect()
        };
        for (index, output) in &node.outputs {
            debug_assert_eq!(results[*index].example_shape(), output.shape(), "vmap of {}", node.call.op.name());
            mapped.insert(output.id(), results[*index].clone());
        }
    }
    Ok(())
}

/// The common size of the mapped axes.
fn examples(inputs: &[Array], axes: &[Option<usize>]) -> Result<Option<usize>> {
    let mut examples = None;
    for (input, axis) in inputs.iter().zip(axes) {
        let Some(axis) = *axis else { continue };
        let Some(&size) = input.shape().get(axis) else {
            return Err(Error::Axis { op: "vmap", axis: axis as i64, ndim: input.ndim() });
        };
        if *examples.get_or_insert(size) != size {
            let message = format!("mapped axes have sizes {} and {size}; all must be equal", examples.unwrap_or(0));
            return Err(Error::value("vmap", message));
        }
    }
    Ok(examples)
}
