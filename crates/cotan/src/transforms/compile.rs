//! A function recorded once and replayed on other arguments.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::array::{Array, Inputs, Spec};
use crate::debug::{Rule, within};
use crate::error::{Error, Result};
use crate::graph::{Node, between};
use crate::trace::Trace;

/// What a function does to arguments of certain shapes and types.
pub struct Traced {
    leaves: Vec<Array>,
    /// Values from outside that the recorded calls read, or that the function returned as they are.
    captured: Vec<Array>,
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
        let captured = captured(&leaves, &nodes, &outputs);
        Ok(Traced { leaves, captured, nodes, outputs })
    }

    /// The arrays from outside that the function used besides its arguments, each once.
    #[must_use]
    pub fn captured(&self) -> &[Array] {
        &self.captured
    }

    /// Shapes and types of the results.
    #[must_use]
    pub fn output_specs(&self) -> Vec<Spec> {
        self.outputs.iter().map(Array::spec).collect()
    }

    /// Records the same operations on other arguments.
    ///
    /// # Errors
    /// When the arguments have other shapes or types, or an operation refuses them.
    pub fn call(&self, arguments: &[Array]) -> Result<Vec<Array>> {
        self.call_with(arguments, &self.captured)
    }

    /// [`Traced::call`] with other arrays in the places of those it captured.
    ///
    /// # Errors
    /// As for [`Traced::call`].
    pub fn call_with(&self, arguments: &[Array], captured: &[Array]) -> Result<Vec<Array>> {
        let fit = |ours: &[Array], given: &[Array]| {
            ours.len() == given.len() && ours.iter().zip(given).all(|(ours, given)| ours.spec() == given.spec())
        };
        if !fit(&self.leaves, arguments) || !fit(&self.captured, captured) {
            return Err(Error::value("compile", "the arguments differ in shape or type from those that were traced"));
        }
        let places = self.leaves.iter().chain(&self.captured);
        let values = arguments.iter().chain(captured);
        let mut known: FxHashMap<usize, Array> =
            places.zip(values).map(|(place, value)| (place.id(), value.clone())).collect();
        for node in &self.nodes {
            let inputs: Inputs =
                node.call.inputs.iter().map(|input| known.get(&input.id()).unwrap_or(input).clone()).collect();
            let _origin = within(&node.call, |_| Rule::Replay);
            let results = Array::apply_all(node.call.op.clone(), inputs)?;
            for (index, output) in &node.outputs {
                known.insert(output.id(), results[*index].clone());
            }
        }
        Ok(self.outputs.iter().map(|output| known.get(&output.id()).unwrap_or(output).clone()).collect())
    }
}

/// What the calls read and the function returned, but none of the calls made.
fn captured(leaves: &[Array], nodes: &[Node], outputs: &[Array]) -> Vec<Array> {
    let mut known: FxHashSet<usize> = leaves.iter().map(Array::id).collect();
    known.extend(nodes.iter().flat_map(|node| node.outputs.iter().map(|(_, output)| output.id())));
    let read = nodes.iter().flat_map(|node| node.call.inputs.iter());
    read.chain(outputs).filter(|array| known.insert(array.id())).cloned().collect()
}
