//! Drawings of graphs in the language of Graphviz.

use std::fmt::Write;

use rustc_hash::FxHashMap;

use super::listing::letters;
use super::names;
use crate::array::Array;
use crate::graph::topological;
use crate::ops::Op;

/// The graph of what is still to be computed for `outputs`, as a `digraph`.
///
/// Arrays are named by `named`, or `A`, `B` and so on; operations are boxes with MLX's names.
///
/// ```
/// use cotan::{Array, export::dot, ops};
/// let x = Array::from_slice(&[1.0f32], &[1])?;
/// let drawing = dot(&[ops::exp(&x)?], &[("x".into(), x.clone())]);
/// assert!(drawing.contains("\"x\"") && drawing.contains("Exp"));
/// # Ok::<(), cotan::Error>(())
/// ```
#[must_use]
pub fn dot(outputs: &[Array], named: &[(String, Array)]) -> String {
    let mut known: FxHashMap<usize, String> = named.iter().map(|(name, array)| (array.id(), name.clone())).collect();
    let mut count = 0;
    let mut label = |array: &Array| {
        let name = known.entry(array.id()).or_insert_with(|| {
            count += 1;
            letters(count - 1)
        });
        // Names come from the caller.
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    };
    // A single number that fills an array is drawn as a source, like one that is there.
    let computed = |array: &Array| {
        let constant = array.call().filter(|(call, _)| !matches!(call.op, Op::Full(_) | Op::Load(_)));
        if array.is_evaluated() { None } else { constant }
    };
    let nodes = topological(outputs, |array| Ok(computed(array))).expect("reading the graph has no errors");
    let results: Vec<usize> = outputs.iter().map(Array::id).collect();
    let mut drawn = rustc_hash::FxHashSet::default();
    let mut text = String::from("digraph {\n");
    let mut line = |line: std::fmt::Arguments| writeln!(text, "{line}").expect("a string grows");
    for (place, node) in nodes.iter().enumerate() {
        for input in &node.call.inputs {
            if drawn.insert(input.id()) {
                line(format_args!("{{ rank=source; {}; }}", label(input)));
            }
        }
        line(format_args!("{{ {place} [label=\"{}\", shape=rectangle]; }}", names::name(&node.call.op)));
        for input in &node.call.inputs {
            line(format_args!("{} -> {place}", label(input)));
        }
        for (_, output) in &node.outputs {
            drawn.insert(output.id());
            let rank = if results.contains(&output.id()) { "rank=sink; " } else { "" };
            line(format_args!("{{ {rank}{}; }}", label(output)));
            line(format_args!("{place} -> {}", label(output)));
        }
    }
    for output in outputs {
        if drawn.insert(output.id()) {
            line(format_args!("{{ rank=source; {}; }}", label(output)));
        }
    }
    text.push_str("}\n");
    text
}
