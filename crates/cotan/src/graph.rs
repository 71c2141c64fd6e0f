//! The only traversal of the graph: iterative, inputs before the calls that use them.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::array::{Array, Call, Inputs};
use crate::error::Result;

/// A call with those of its outputs that were reached.
pub(crate) struct Node {
    pub call: Arc<Call>,
    pub outputs: SmallVec<[(usize, Array); 1]>,
}

/// Calls in an order in which every call comes after those that make its inputs.
///
/// `enter` says whether to look behind a value: `Ok(None)` stops there, an error ends the walk.
pub(crate) fn topological(
    roots: &[Array],
    mut enter: impl FnMut(&Array) -> Result<Option<(Arc<Call>, usize)>>,
) -> Result<Vec<Node>> {
    enum Visit {
        Open(Array),
        Close(Node),
    }
    let mut order: Vec<Node> = Vec::new();
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    let mut calls: FxHashSet<usize> = FxHashSet::default();
    let mut stack: Vec<Visit> = roots.iter().rev().cloned().map(Visit::Open).collect();
    while let Some(visit) = stack.pop() {
        match visit {
            Visit::Close(node) => order.push(node),
            Visit::Open(array) => {
                if !seen.insert(array.id()) {
                    continue;
                }
                let Some((call, index)) = enter(&array)? else { continue };
                if call.outputs.get().is_some() && !calls.insert(Arc::as_ptr(&call).addr()) {
                    continue;
                }
                let outputs = call.living_outputs(&array, index);
                for (_, output) in &outputs {
                    seen.insert(output.id());
                }
                stack.push(Visit::Close(Node { call: call.clone(), outputs }));
                stack.extend(call.inputs.iter().rev().cloned().map(Visit::Open));
            }
        }
    }
    Ok(order)
}

/// The calls on the way from `leaves` to `outputs`, inputs first.
pub(crate) struct Between {
    /// Calls that depend on a leaf.
    pub nodes: Vec<Node>,
    depends: FxHashSet<usize>,
}

impl Between {
    /// True when the value is a leaf or depends on one.
    pub fn depends(&self, array: &Array) -> bool {
        self.depends.contains(&array.id())
    }
}

/// Reads the graph between leaves and outputs.
pub(crate) fn between(leaves: &[Array], outputs: &[Array]) -> Between {
    let mut depends: FxHashSet<usize> = leaves.iter().map(Array::id).collect();
    // Values outside every trace can't depend on a leaf, so the walk never enters them.
    let enter = |array: &Array| {
        let stop = depends.contains(&array.id()) || array.0.trace.is_none();
        Ok(if stop { None } else { array.call() })
    };
    let mut nodes = topological(outputs, enter).expect("reading the graph has no errors");
    nodes.retain(|node| {
        let reached = node.call.inputs.iter().any(|input| depends.contains(&input.id()));
        if reached {
            depends.extend(node.outputs.iter().map(|(_, output)| output.id()));
        }
        reached
    });
    Between { nodes, depends }
}

/// All outputs of a call in order; outputs that nobody held are made anew by calling the operation again.
pub(crate) fn all_outputs(node: &Node) -> Result<Vec<Array>> {
    let count = node.call.outputs.get().map_or(1, |outputs| outputs.len());
    if node.outputs.len() == count {
        return Ok(node.outputs.iter().map(|(_, output)| output.clone()).collect());
    }
    let inputs: Inputs = node.call.inputs.clone();
    let mut all = Array::apply_all(node.call.op.clone(), inputs)?;
    for (index, output) in &node.outputs {
        all[*index] = output.clone();
    }
    Ok(all)
}
