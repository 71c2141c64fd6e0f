//! Vectorisation: a function of one example, applied to all examples at once.

use cotan_kernels::DType;
use rustc_hash::FxHashMap;

use super::collective::Named;
use crate::array::{Array, Inputs};
use crate::debug::{Rule, within};
use crate::error::{Error, Result};
use crate::graph::{Between, between};
use crate::ops::{Batched, Primitive, arange, moveaxis};
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
    vmap_named(f, inputs, in_axes, out_axes, Examples::default())
}

/// What is known of the examples besides the inputs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Examples<'a> {
    /// The name by which [`psum`](super::psum) and others in the function find the axis.
    pub name: Option<&'a str>,
    /// How many there are; needed when no input is mapped.
    pub count: Option<usize>,
}

/// [`vmap`] with a name for the mapped axis, or with a number of examples that no input tells.
///
/// # Errors
/// As for [`vmap`].
pub fn vmap_named<E: From<Error>>(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    inputs: &[Array],
    in_axes: &[Option<usize>],
    out_axes: impl FnOnce(&[Array]) -> Result<Vec<usize>, E>,
    known: Examples<'_>,
) -> Result<Vec<Array>, E> {
    // Every value that `f` makes is to be read.
    let _scope = Trace::enter();
    let Some(examples) = examples(inputs, in_axes, known.count)? else { return f(inputs) };
    let mut inputs = inputs
        .iter()
        .zip(in_axes)
        .map(|(input, axis)| match axis {
            Some(axis) => Ok(Batched::mapped(moveaxis(input, *axis as i64, 0)?)),
            None => Ok(Batched { array: input.clone(), mapped: false }),
        })
        .collect::<Result<Vec<_>>>()?;
    if known.name.is_some() {
        inputs.push(Batched::mapped(arange(0.0, examples as f64, 1.0, DType::I32)?));
    }
    let mut axes = Vec::new();
    let seen = |arguments: &[Array]| -> Result<Vec<Array>, E> {
        let outputs = match (known.name, arguments.split_last()) {
            (Some(name), Some((number, arguments))) => {
                let _named = Named::new(name, number, examples);
                f(arguments)?
            }
            _ => f(arguments)?,
        };
        axes = out_axes(&outputs)?;
        Ok(outputs)
    };
    let outputs = batch(seen, &inputs, examples)?;
    let place = |(output, axis): (Batched, usize)| moveaxis(&output.expand(examples)?, 0, axis as i64);
    Ok(outputs.into_iter().zip(axes).map(place).collect::<Result<_>>()?)
}

/// Applies `f`, which sees one example, to all of them.
pub(crate) fn batch<E: From<Error>>(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    inputs: &[Batched],
    examples: usize,
) -> Result<Vec<Batched>, E> {
    let scope = Trace::enter();
    let mut mapped: FxHashMap<usize, Batched> = FxHashMap::default();
    let mut leaves = Vec::new();
    let mut arguments = Vec::with_capacity(inputs.len());
    for input in inputs {
        if !input.mapped {
            arguments.push(input.array.clone());
            continue;
        }
        let leaf = Array::placeholder(input.example_shape(), input.array.dtype(), scope.trace(), "vmap");
        mapped.insert(leaf.id(), input.clone());
        leaves.push(leaf.clone());
        arguments.push(leaf);
    }
    let outputs = f(&arguments)?;
    map_nodes(&between(&leaves, &outputs), &mut mapped, examples)?;
    let shared = |output: &Array| Batched { array: output.clone(), mapped: false };
    Ok(outputs.iter().map(|output| mapped.get(&output.id()).cloned().unwrap_or_else(|| shared(output))).collect())
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
        let _origin = within(&node.call.op, node.call.origin.as_ref(), Rule::Vmap);
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
fn examples(inputs: &[Array], axes: &[Option<usize>], known: Option<usize>) -> Result<Option<usize>> {
    let mut examples = known;
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
