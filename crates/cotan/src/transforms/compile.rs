//! A function recorded once and replayed on other arguments.

use rustc_hash::FxHashMap;

use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result};
use crate::graph::{Node, between};
use crate::trace::Trace;

/// What a function does to arguments of certain shapes and types.
pub struct Traced {
    leaves: Vec<Array>,
    nodes: Vec<Node>,
    outputs: Vec<Array>,
}

impl Traced {
    /// Records `f` on arguments without values; `transform` is the name that errors use.
    ///
    /// # Errors
    /// Whatever `f` raises, and [`Error::NoValue`] when it reads elements of its arguments.
    pub fn record<E: From<Error>>(
        transform: &'static str,
        specs: &[Spec],
        f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    ) -> Result<Traced, E> {
        let scope = Trace::enter();
        let leaves: Vec<Array> =
            specs.iter().map(|spec| Array::placeholder(&spec.shape, spec.dtype, scope.trace(), transform)).collect();
        let outputs = f(&leaves)?;
        let nodes = between(&leaves, &outputs).nodes;
        Ok(Traced { leaves, nodes, outputs })
    }

    /// Records the same operations on other arguments.
    ///
    /// # Errors
    /// When the arguments have other shapes or types, or an operation refuses them.
    pub fn call(&self, arguments: &[Array]) -> Result<Vec<Array>> {
        let fits = arguments.len() == self.leaves.len()
            && self.leaves.iter().zip(arguments).all(|(leaf, argument)| leaf.spec() == argument.spec());
        if !fits {
            return Err(Error::value("compile", "the arguments differ in shape or type from those that were traced"));
        }
        let mut known: FxHashMap<usize, Array> =
            self.leaves.iter().zip(arguments).map(|(leaf, argument)| (leaf.id(), argument.clone())).collect();
        for node in &self.nodes {
            let inputs: Inputs =
                node.call.inputs.iter().map(|input| known.get(&input.id()).unwrap_or(input).clone()).collect();
            let results = Array::apply_all(node.call.op.clone(), inputs)?;
            for (index, output) in &node.outputs {
                known.insert(output.id(), results[*index].clone());
            }
        }
        Ok(self.outputs.iter().map(|output| known.get(&output.id()).unwrap_or(output).clone()).collect())
    }
}
