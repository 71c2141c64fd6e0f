//! Pictures of graphs: which calls there are, and which of them run together.

use std::ops::Range;
use std::path::Path;

use rustc_hash::FxHashMap;

use super::events::write_file;
use super::parameters::{self, constant};
use super::{HOST, Origin, origin::Recording};
use crate::array::{Array, Spec, State};
use crate::control::{Body, bodies};
use crate::error::{Error, Result};
use crate::exec::{Outline, outline};
use crate::graph::{Node, topological};
use crate::ops::{Op, Primitive};
use crate::trace::Trace;
use crate::tree::Tree;

/// A graph as text, as a drawing and for Graphviz.
///
/// Its text has a line a call; a bracket in front holds together the calls that run in one pass over memory:
///
/// ```
/// use cotan::{Array, debug, ops};
/// let x = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// let drawing = debug::draw(|x: &Array| ops::sort(&ops::tanh(&(x * 2.0 + 1.0))?, None), &x)?;
/// assert_eq!(drawing.to_string(), "\
/// inputs  %0: float32 (2,)
/// ┌ %1: float32 (2,) = multiply %0 2.0
/// │ %2: float32 (2,) = add %1 1.0
/// └ %3: float32 (2,) = tanh %2
///   %4: float32 (2,) = sort %3 axis=0
/// return %4
/// 4 calls in 2 kernels");
/// # Ok::<(), cotan::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Values by number: those from outside, then the results of the calls.
    pub(super) values: Vec<Spec>,
    /// What is known about the values from outside.
    pub(super) inputs: Vec<String>,
    /// The calls in an order in which they could run.
    pub(super) calls: Vec<Call>,
    /// The calls of each kernel.
    pub(super) kernels: Vec<Range<usize>>,
    pub(super) outputs: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub op: &'static str,
    pub parameters: String,
    pub operands: Vec<Operand>,
    /// Numbers of the results that someone needs.
    pub results: Vec<usize>,
    /// The line of the program, as far as it is known.
    pub place: Option<String>,
    /// The functions that a loop or a branch holds, with what each is to it.
    pub bodies: Vec<(String, Drawing)>,
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Value(usize),
    Constant(String),
}

/// Calls `f` and draws what it records.
///
/// The arguments keep their values, so `f` may read them.
///
/// # Errors
/// Whatever `f` raises.
pub fn draw<P: Tree, R: Tree, E: From<Error>>(f: impl FnOnce(&P) -> Result<R, E>, arguments: &P) -> Result<Drawing, E> {
    let call = |leaves: &[Array]| Ok(f(&arguments.rebuild(&mut leaves.iter().cloned())?)?.leaves());
    draw_named(&[], &arguments.leaves(), call)
}

/// [`draw`] for a function of a list of arrays with a name for each.
///
/// # Errors
/// Whatever `f` raises.
pub fn draw_named<E: From<Error>>(
    names: &[String],
    arguments: &[Array],
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
) -> Result<Drawing, E> {
    // Looking up a line of a compiled program takes too long to do it for every call.
    let _recording = HOST.get().map(|_| Recording::new());
    let scope = Trace::enter();
    let leaves: Vec<Array> = arguments.iter().map(|argument| argument.alias_for(scope.trace())).collect();
    let outputs = f(&leaves)?;
    Ok(Drawing::new(&leaves, names, &outputs))
}

/// Draws what an evaluation of the arrays would compute.
#[must_use]
pub fn draw_graph(arrays: &[Array]) -> Drawing {
    Drawing::new(&[], &[], arrays)
}

impl Drawing {
    fn new(leaves: &[Array], names: &[String], outputs: &[Array]) -> Drawing {
        let leaf_of: FxHashMap<usize, usize> = leaves.iter().enumerate().map(|(i, leaf)| (leaf.id(), i)).collect();
        let nodes =
            topological(outputs, |array| Ok(if leaf_of.contains_key(&array.id()) { None } else { array.call() }));
        let nodes = nodes.expect("reading the graph has no errors");
        let mut outline = outline(&nodes);
        let results: FxHashMap<usize, usize> = nodes
            .iter()
            .enumerate()
            .flat_map(|(index, node)| node.outputs.iter().map(move |(_, output)| (output.id(), index)))
            .collect();
        for output in outputs {
            results.get(&output.id()).into_iter().for_each(|&node| outline.inlined[node] = false);
        }
        let mut drawing = Drawing {
            values: Vec::new(),
            inputs: Vec::new(),
            calls: Vec::new(),
            kernels: Vec::new(),
            outputs: Vec::new(),
        };
        let mut numbers: FxHashMap<usize, usize> = FxHashMap::default();
        for (index, leaf) in leaves.iter().enumerate() {
            drawing.add_input(&mut numbers, leaf, names.get(index).cloned().unwrap_or_default());
        }
        for input in nodes.iter().flat_map(|node| &node.call.inputs).chain(outputs) {
            if !results.contains_key(&input.id()) && !numbers.contains_key(&input.id()) {
                drawing.add_input(&mut numbers, input, about(input, leaves.is_empty()));
            }
        }
        drawing.add_kernels(&nodes, &outline, &mut numbers);
        drawing.outputs = outputs.iter().map(|output| numbers[&output.id()]).collect();
        drawing
    }

    fn add_input(&mut self, numbers: &mut FxHashMap<usize, usize>, array: &Array, about: String) {
        numbers.insert(array.id(), self.values.len());
        self.values.push(array.spec());
        self.inputs.push(about);
    }

    fn add_kernels(&mut self, nodes: &[Node], outline: &Outline, numbers: &mut FxHashMap<usize, usize>) {
        let mut members: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for call in (0..nodes.len()).filter(|&call| !outline.inlined[call]) {
            members.entry(outline.units[call]).or_default().push(call);
        }
        for unit in order(outline, &members) {
            let start = self.calls.len();
            for &index in &members[&unit] {
                let node = &nodes[index];
                if let (Op::Alias(_), [input]) = (&node.call.op, &node.call.inputs[..]) {
                    // A second identity of a value, which transforms need and nobody computes.
                    numbers.insert(node.outputs[0].1.id(), numbers[&input.id()]);
                    continue;
                }
                let call = self.call(nodes, outline, index, numbers);
                self.calls.push(call);
            }
            if start < self.calls.len() {
                self.kernels.push(start..self.calls.len());
            }
        }
    }

    fn call(&mut self, nodes: &[Node], outline: &Outline, index: usize, numbers: &mut FxHashMap<usize, usize>) -> Call {
        let node = &nodes[index];
        let operand = |(input, producer): (&Array, &Option<usize>)| match producer {
            Some(producer) if outline.inlined[*producer] => Operand::Constant(constant(&nodes[*producer].call.op)),
            _ => Operand::Value(numbers[&input.id()]),
        };
        let operands = node.call.inputs.iter().zip(&outline.producers[index]).map(operand).collect();
        let first = self.values.len();
        for (position, (_, output)) in node.outputs.iter().enumerate() {
            numbers.insert(output.id(), first + position);
            self.values.push(output.spec());
        }
        let (place, rule) = Origin::facts(node.call.origin.as_ref());
        let place = place.map(|place| rule.map_or_else(|| place.to_string(), |rule| format!("{rule}{place}")));
        let op = &node.call.op;
        let parameters = parameters::of(op, self.values[first].shape.as_slice());
        let inner = |(role, body): (String, &Body)| (role, Drawing::new(body.inputs(), &[], body.outputs()));
        let bodies = bodies(op).into_iter().map(inner).collect();
        Call { op: op.name(), parameters, operands, results: (first..self.values.len()).collect(), place, bodies }
    }

    /// The functions that loops and branches hold, each with a title, outer ones before those inside them.
    pub(super) fn parts(&self) -> Vec<(String, &Drawing)> {
        let mut parts: Vec<(String, &Drawing)> = Vec::new();
        for call in &self.calls {
            let values = call.results.iter().map(|value| format!("%{value}")).collect::<Vec<_>>().join(", ");
            for (role, body) in &call.bodies {
                let title = format!("{role} of {values} = {}", call.op);
                let inner =
                    body.parts().into_iter().map(|(inner, part)| (format!("{inner}, in {title}"), part)).collect();
                parts.push((title, body));
                parts.extend::<Vec<_>>(inner);
            }
        }
        parts
    }

    /// How many calls there are, without constants that others compute for themselves, and without those that loops and
    /// branches hold.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// How many kernels they run in.
    #[must_use]
    pub fn kernels(&self) -> usize {
        self.kernels.len()
    }

    /// Writes the drawing in the form that the path's extension asks for: `.svg`, `.html`, `.dot`, `.gv` or `.txt`.
    ///
    /// # Errors
    /// For other extensions, and when the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write_file("save", path.as_ref(), &self.rendered(path.as_ref())?)
    }

    /// The text that [`Drawing::save`] would write.
    ///
    /// # Errors
    /// For an extension that it doesn't know.
    pub fn rendered(&self, path: &Path) -> Result<String> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("svg") => Ok(self.svg()),
            Some("html") => Ok(self.html()),
            Some("dot" | "gv") => Ok(self.dot()),
            Some("txt") => Ok(self.text() + "\n"),
            _ => {
                let message = format!("{} ends with none of .svg, .html, .dot, .gv and .txt", path.display());
                Err(Error::value("save", message))
            }
        }
    }

    /// A page fragment with the drawing in a box that scrolls.
    #[must_use]
    pub fn html(&self) -> String {
        format!("<div style=\"overflow:auto;max-height:90vh\">\n{}</div>\n", self.svg())
    }

    pub(super) fn summary(&self) -> String {
        let plural = |count: usize, noun: &str| super::table::plural(count as u64, noun);
        format!("{} in {}", plural(self.calls.len(), "call"), plural(self.kernels.len(), "kernel"))
    }
}

/// What to say about a value from outside that is no argument.
fn about(array: &Array, everything_is: bool) -> String {
    match &*array.0.state() {
        State::Placeholder(transform) => format!("argument of {transform}"),
        State::Ready(_) | State::Traced(..) | State::Pending(..) if everything_is => String::new(),
        State::Ready(_) | State::Traced(..) | State::Pending(..) => "captured".to_string(),
    }
}

/// Units in an order in which they could run, each soon after the last one that it reads from.
fn order(outline: &Outline, members: &FxHashMap<usize, Vec<usize>>) -> Vec<usize> {
    let mut roots: Vec<usize> = members.keys().copied().collect();
    roots.sort_unstable_by_key(|unit| members[unit][0]);
    let mut done: FxHashMap<usize, ()> = FxHashMap::default();
    let mut order = Vec::with_capacity(members.len());
    let mut stack: Vec<(usize, bool)> = roots.into_iter().rev().map(|unit| (unit, false)).collect();
    while let Some((unit, ready)) = stack.pop() {
        if ready {
            order.push(unit);
        } else if done.insert(unit, ()).is_none() {
            stack.push((unit, true));
            let producers = members[&unit].iter().flat_map(|&call| outline.producers[call].iter().flatten());
            let before = producers.filter(|&&producer| !outline.inlined[producer]);
            stack.extend(before.map(|&producer| (outline.units[producer], false)));
        }
    }
    order
}
