//! Reverse mode: cotangents of the arguments from cotangents of the results.

use super::cotangents::Cotangents;
use crate::array::Array;
use crate::debug::{Rule, within};
use crate::error::{Error, Result};
use crate::graph::{all_outputs, between};
use crate::ops::{Primitive, Site, astype};
use crate::trace::Trace;

/// Outputs of a function and a cotangent per argument; `None` is an exact zero.
type Pulled = (Vec<Array>, Vec<Option<Array>>);

/// Calls `f` on `primals` and pulls the cotangents that `cotangents` gives for the outputs back to the primals.
///
/// Inside `f` every array may be evaluated. The pulled cotangents have the types of the primals.
///
/// # Errors
/// Whatever the two functions raise, and [`Error::NotDifferentiable`] from an operation on the way.
pub fn vjp<E: From<Error>>(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    primals: &[Array],
    cotangents: impl FnOnce(&[Array]) -> Result<Vec<Option<Array>>, E>,
) -> Result<Pulled, E> {
    let scope = Trace::enter();
    let leaves: Vec<Array> = primals.iter().map(|primal| primal.alias_for(scope.trace())).collect();
    let outputs = f(&leaves)?;
    let cotangents = cotangents(&outputs)?;
    let mut pulled = pull(&leaves, &outputs, cotangents)?;
    for (cotangent, primal) in pulled.iter_mut().zip(primals) {
        if let Some(array) = cotangent {
            *array = astype(array, primal.dtype())?;
        }
    }
    Ok((outputs, pulled))
}

/// Cotangents of leaves from cotangents of the outputs that were computed from them.
pub(crate) fn pull(leaves: &[Array], outputs: &[Array], cotangents: Vec<Option<Array>>) -> Result<Vec<Option<Array>>> {
    let between = between(leaves, outputs);
    let mut sums = Cotangents::default();
    for (output, cotangent) in outputs.iter().zip(cotangents) {
        if let (true, Some(cotangent)) = (between.depends(output), cotangent) {
            sums.add(output, cotangent)?;
        }
    }
    for node in between.nodes.iter().rev() {
        let outputs = all_outputs(node)?;
        let _origin = within(&node.call.op, node.call.origin.as_ref(), Rule::Vjp);
        let cotangents: Vec<Option<Array>> = outputs.iter().map(|output| sums.take(output)).collect::<Result<_>>()?;
        if cotangents.iter().all(Option::is_none) {
            continue;
        }
        let inputs = &node.call.inputs;
        let wanted: Vec<bool> = inputs.iter().map(|input| between.depends(input)).collect();
        let site = Site { inputs, outputs: &outputs, wanted: &wanted };
        let pulled = node.call.op.vjp(&site, &cotangents)?;
        for ((input, cotangent), wanted) in inputs.iter().zip(pulled).zip(wanted) {
            if let (true, Some(cotangent)) = (wanted, cotangent) {
                debug_assert_eq!(input.shape(), cotangent.shape(), "vjp of {}", node.call.op.name());
                sums.add(input, cotangent)?;
            }
        }
    }
    leaves.iter().map(|leaf| sums.take(leaf)).collect()
}
