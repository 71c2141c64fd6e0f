//! A drawing as text, and for Graphviz.

use std::fmt::{self, Write};

use super::Drawing;
use super::drawing::{Call, Operand};
use crate::array::Spec;
use crate::error::tuple;

/// Calls that `Display` shows; [`Drawing::text`] has all.
const MOST_CALLS: usize = 1000;
/// Operands, inputs or results that a line lists.
const MOST_NAMES: usize = 32;

impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines(MOST_CALLS))
    }
}

/// Element type and shape.
pub(super) fn spec(spec: &Spec) -> String {
    format!("{} {}", spec.dtype, tuple(&spec.shape))
}

/// A list that is cut when it is long.
fn listed(names: impl ExactSizeIterator<Item = String>, separator: &str) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let mut list = names.take(MOST_NAMES).collect::<Vec<_>>().join(separator);
    if more > 0 {
        let _ = write!(list, "{separator}… {more} more");
    }
    list
}

impl Call {
    /// The operation with its operands and parameters.
    pub(super) fn application(&self) -> String {
        let operands = self.operands.iter().map(|operand| match operand {
            Operand::Value(value) => format!("%{value}"),
            Operand::Constant(constant) => constant.clone(),
        });
        let parts = [self.op.to_string(), listed(operands, " "), self.parameters.clone()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Drawing {
    /// All calls as text, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines(usize::MAX)
    }

    fn lines(&self, most: usize) -> String {
        let mut text = String::new();
        for (number, about) in self.inputs.iter().enumerate().take(most) {
            let head = if number == 0 { "inputs  " } else { "        " };
            let spec = spec(&self.values[number]);
            let _ = writeln!(text, "{head}%{number}: {spec}{}{about}", if about.is_empty() { "" } else { "  " });
        }
        if self.inputs.len() > most {
            let _ = writeln!(text, "        … {} more inputs", self.inputs.len() - most);
        }
        for kernel in &self.kernels {
            for index in kernel.clone().take_while(|&index| index < most) {
                let bracket = match (kernel.len(), index) {
                    (1, _) => ' ',
                    (_, index) if index == kernel.start => '┌',
                    (_, index) if index + 1 == kernel.end => '└',
                    _ => '│',
                };
                let call = &self.calls[index];
                let _ = writeln!(text, "{bracket} {}", self.line(call));
                for (role, body) in &call.bodies {
                    let _ = writeln!(text, "    {role}");
                    body.lines(most).lines().for_each(|line| {
                        let _ = writeln!(text, "      {line}");
                    });
                }
            }
        }
        if self.calls.len() > most {
            let _ = writeln!(text, "… {} more calls: save(\"graph.txt\") writes all", self.calls.len() - most);
        }
        let outputs = listed(self.outputs.iter().map(|output| format!("%{output}")), " ");
        let _ = write!(text, "{}\n{}", format!("return {outputs}").trim_end(), self.summary());
        text
    }

    pub(super) fn line(&self, call: &Call) -> String {
        let results = call.results.iter().map(|&value| format!("%{value}: {}", spec(&self.values[value])));
        format!("{} = {}", listed(results, ", "), call.application())
    }

    /// The graph in the language of Graphviz, with a cluster a kernel and one for each function that a loop or a branch
    /// holds.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut dot = String::from(
            "digraph {\n  graph [fontname=\"monospace\", fontsize=10]\n  \
             node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"monospace\", fontsize=11]\n  \
             edge [color=\"#64748b\", arrowsize=0.7]\n",
        );
        self.add_to_dot(&mut dot, "");
        dot.push_str("}\n");
        dot
    }

    /// Adds boxes and edges whose names begin with `prefix`.
    fn add_to_dot(&self, dot: &mut String, prefix: &str) {
        let mut makers: Vec<String> = (0..self.inputs.len()).map(|input| format!("{prefix}i{input}")).collect();
        for (number, about) in self.inputs.iter().enumerate() {
            let name = if about.is_empty() { format!("%{number}") } else { about.clone() };
            let label = escaped(&format!("{name}\n{}", spec(&self.values[number])));
            let _ = writeln!(dot, "  {prefix}i{number} [label=\"{label}\", shape=ellipse, fillcolor=\"#f1f5f9\"]");
        }
        for (number, kernel) in self.kernels.iter().enumerate() {
            let fused = kernel.len() > 1;
            if fused {
                let head =
                    format!("  subgraph cluster_{prefix}{number} {{\n    bgcolor=\"#eef4fd\"; color=\"#8fb4ea\"");
                let _ = writeln!(dot, "{head}");
            }
            for index in kernel.clone() {
                let call = &self.calls[index];
                makers.extend(call.results.iter().map(|_| format!("{prefix}c{index}")));
                let indent = if fused { "  " } else { "" };
                let _ = writeln!(dot, "  {indent}{prefix}c{index} [label=\"{}\"]", self.label(call));
            }
            if fused {
                dot.push_str("  }\n");
            }
        }
        for (index, call) in self.calls.iter().enumerate() {
            for operand in &call.operands {
                if let Operand::Value(value) = operand {
                    let _ = writeln!(dot, "  {} -> {prefix}c{index}", makers[*value]);
                }
            }
            for (place, (role, body)) in call.bodies.iter().enumerate() {
                let inner = format!("{prefix}c{index}b{place}");
                let _ = writeln!(dot, "  subgraph cluster_{inner} {{\n    label=\"{role}\"; style=dashed");
                body.add_to_dot(dot, &inner);
                dot.push_str("  }\n");
                if !body.outputs.is_empty() {
                    let _ = writeln!(dot, "  {inner}o0 -> {prefix}c{index} [style=dashed]");
                }
            }
        }
        for (index, &output) in self.outputs.iter().enumerate() {
            let _ = writeln!(dot, "  {prefix}o{index} [label=\"output {index}\", fillcolor=\"#cbd5e1\"]");
            let _ = writeln!(dot, "  {} -> {prefix}o{index}", makers[output]);
        }
    }

    fn label(&self, call: &Call) -> String {
        let results = call.results.iter().map(|&value| spec(&self.values[value]));
        escaped(&format!("{}\n{}", call.title(), listed(results, "\n")))
    }
}

impl Call {
    /// The operation with its constants and parameters; other operands are left to edges.
    pub(super) fn title(&self) -> String {
        [self.op.to_string(), self.details()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Constants, in their places among the operands, and parameters.
    pub(super) fn details(&self) -> String {
        let has_constants = self.operands.iter().any(|operand| matches!(operand, Operand::Constant(_)));
        let operands = self.operands.iter().map(|operand| match operand {
            Operand::Value(_) => "·".to_string(),
            Operand::Constant(constant) => constant.clone(),
        });
        let constants = if has_constants { format!("({})", listed(operands, ", ")) } else { String::new() };
        [constants, self.parameters.clone()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The inside of a quoted string of Graphviz.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
