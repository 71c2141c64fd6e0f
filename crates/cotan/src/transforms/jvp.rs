//! Forward mode: tangents of the results from tangents of the arguments.

use rustc_hash::FxHashMap;

use crate::array::Array;
use crate::debug::{Rule, within};
use crate::error::{Error, Result};
use crate::graph::{all_outputs, between};
use crate::ops::{Primitive, Site};
use crate::trace::Trace;

/// Calls `f` on `primals` and pushes `tangents` through; `None` is an exact zero.
///
/// Gives the outputs and a tangent for each. Inside `f` every array may be evaluated.
///
/// # Errors
/// Whatever `f` raises, and [`Error::NotDifferentiable`] from an operation on the way.
#[allow(clippy::type_complexity)]
pub fn jvp<E: From<Error>>(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    primals: &[Array],
    tangents: &[Option<Array>],
) -> Result<(Vec<Array>, Vec<Option<Array>>), E> {
    let scope = Trace::enter();
    let leaves: Vec<Array> = primals.iter().map(|primal| primal.alias_for(scope.trace())).collect();
    let outputs = f(&leaves)?;
    let pushed = push(&leaves, tangents, &outputs)?;
    Ok((outputs, pushed))
}

/// Tangents of outputs from tangents of the leaves that they were computed from.
pub(crate) fn push(leaves: &[Array], tangents: &[Option<Array>], outputs: &[Array]) -> Result<Vec<Option<Array>>> {
    let mut known: FxHashMap<usize, Array> = FxHashMap::default();
    for (leaf, tangent) in leaves.iter().zip(tangents) {
        if let Some(tangent) = tangent {
            known.insert(leaf.id(), tangent.clone());
        }
    }
    for node in between(leaves, outputs).nodes {
        let inputs = &node.call.inputs;
        let tangents: Vec<Option<Array>> = inputs.iter().map(|input| known.get(&input.id()).cloned()).collect();
        if tangents.iter().all(Option::is_none) {
            continue;
        }
        let all = all_outputs(&node)?;
        let site = Site { inputs, outputs: &all, wanted: &[] };
        let _origin = within(&node.call.op, node.call.origin.as_ref(), Rule::Jvp);
        for (output, tangent) in all.iter().zip(node.call.op.jvp(&site, &tangents)?) {
            if let Some(tangent) = tangent {
                debug_assert_eq!(output.shape(), tangent.shape(), "jvp of {}", node.call.op.name());
                known.insert(output.id(), tangent);
            }
        }
    }
    Ok(outputs.iter().map(|output| known.get(&output.id()).cloned()).collect())
}
