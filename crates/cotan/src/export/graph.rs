//! A recorded function as plain data, and back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cotan_kernels::layout;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::check;
use crate::array::{Array, Spec};
use crate::error::{Error, Result, tuple};
use crate::graph::topological;
use crate::ops::{Op, Primitive};
use crate::trace::Trace;
use crate::transforms::{Step, Traced};

pub(super) const OP: &str = "import_function";
/// Arrays with more axes than this are refused.
const MAX_RANK: usize = 64;

/// A recorded function. Values are numbered: arguments, constants, then the results of the steps in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Graph {
    pub arguments: Vec<Spec>,
    pub constants: Vec<Spec>,
    pub steps: Vec<Step>,
    pub outputs: Vec<u32>,
    /// Whether arguments may have other shapes with as many axes.
    pub shapeless: bool,
}

pub(super) fn refuse(message: impl Into<String>) -> Error {
    Error::Runtime { op: OP, message: message.into() }
}

impl Graph {
    /// The function with the constants that it reads.
    ///
    /// What it captured is a constant when it has been computed or is a single number; otherwise the computation is kept.
    pub fn of(traced: &Traced) -> Result<(Graph, Vec<Array>)> {
        let own = traced.arguments.len();
        let nodes = topological(&traced.captured, |array| Ok(computation(array)))?;
        let made: FxHashMap<usize, ()> =
            nodes.iter().flat_map(|node| node.outputs.iter().map(|(_, output)| (output.id(), ()))).collect();
        let mut numbers: FxHashMap<usize, u32> = FxHashMap::default();
        let mut constants: Vec<Array> = Vec::new();
        for array in nodes.iter().flat_map(|node| node.call.inputs.iter()).chain(&traced.captured) {
            if !made.contains_key(&array.id()) && !numbers.contains_key(&array.id()) {
                numbers.insert(array.id(), (own + constants.len()) as u32);
                constants.push(array.clone());
            }
        }
        let mut next = (own + constants.len()) as u32;
        let mut steps = Vec::with_capacity(nodes.len() + traced.steps.len());
        for node in &nodes {
            let outputs: SmallVec<[Spec; 1]> = node.call.op.infer(&node.call.inputs)?.into();
            node.outputs.iter().for_each(|(index, output)| {
                numbers.insert(output.id(), next + *index as u32);
            });
            next += outputs.len() as u32;
            let inputs = node.call.inputs.iter().map(|input| numbers[&input.id()]).collect();
            steps.push(Step { op: node.call.op.clone(), inputs, outputs, origin: None });
        }
        // The function's own steps keep their order under new numbers.
        let mut renumbered: Vec<u32> = (0..own as u32).collect();
        renumbered.extend(traced.captured.iter().map(|array| numbers[&array.id()]));
        for step in &traced.steps {
            let inputs = step.inputs.iter().map(|&input| renumbered[input as usize]).collect();
            renumbered.extend(next..next + step.outputs.len() as u32);
            next += step.outputs.len() as u32;
            steps.push(Step { inputs, ..step.clone() });
        }
        if let Some(step) = steps.iter().find(|step| matches!(step.op, Op::Custom(_))) {
            let message =
                format!("{} is not an operation of this library and has no form that a file can hold", step.op.name());
            return Err(Error::value("export_function", message));
        }
        let graph = Graph {
            arguments: traced.arguments.clone(),
            constants: constants.iter().map(Array::spec).collect(),
            steps,
            outputs: traced.outputs.iter().map(|&output| renumbered[output as usize]).collect(),
            shapeless: traced.shapeless,
        };
        Ok((graph, constants))
    }

    /// The function, if everything in it is as it says.
    pub fn check(self, constants: Vec<Array>) -> Result<Traced> {
        if self.constants.len() != constants.len() || self.constants.iter().zip(&constants).any(|(s, a)| *s != a.spec())
        {
            return Err(refuse("constants differ in number, shape or type from those that the function names"));
        }
        let scope = Trace::enter();
        let stand_in = |spec: &Spec| Array::placeholder(&spec.shape, spec.dtype, scope.trace(), OP);
        let mut values: Vec<Array> = Vec::new();
        for spec in &self.arguments {
            check_spec(spec)?;
            values.push(stand_in(spec));
        }
        values.extend(constants.iter().cloned());
        for (place, step) in self.steps.iter().enumerate() {
            let input = |&number: &u32| {
                let value = values.get(number as usize).cloned();
                value.ok_or_else(|| refuse(format!("step {place} reads value {number} before it is made")))
            };
            let inputs = step.inputs.iter().map(input).collect::<Result<SmallVec<[Array; 2]>>>()?;
            let found = infer(step, &inputs).map_err(|error| refuse(format!("step {place}: {error}")))?;
            if found.as_slice() != step.outputs.as_slice() {
                let message = format!("step {place}: {} gives {found:?}, not {:?}", step.op.name(), step.outputs);
                return Err(refuse(message));
            }
            for spec in &found {
                check_spec(spec)?;
            }
            values.extend(found.iter().map(stand_in));
        }
        if let Some(output) = self.outputs.iter().find(|&&output| output as usize >= values.len()) {
            return Err(refuse(format!("value {output} is a result but is not made")));
        }
        let Graph { arguments, steps, outputs, shapeless, .. } = self;
        Ok(Traced { arguments, captured: constants, steps, outputs, shapeless })
    }
}

/// What computes an array outside of every trace, unless it is better kept as a constant.
fn computation(array: &Array) -> Option<(std::sync::Arc<crate::array::Call>, usize)> {
    let scalar = array.size() == 1 && array.as_constant().is_some();
    if array.is_evaluated() || array.0.trace.is_some() || scalar {
        return None;
    }
    array.call().filter(|(call, _)| !matches!(call.op, Op::Load(_) | Op::Custom(_)))
}

/// Shapes whose bytes can't be counted belong to no array.
fn check_spec(spec: &Spec) -> Result<()> {
    let bytes = layout::checked_len(&spec.shape).and_then(|len| len.checked_mul(spec.dtype.size()));
    if spec.shape.len() > MAX_RANK || bytes.is_none_or(|bytes| bytes > isize::MAX as usize) {
        return Err(refuse(format!("shape {} is too large", tuple(&spec.shape))));
    }
    Ok(())
}

/// What the operation would give. Its parameters may be anything.
fn infer(step: &Step, inputs: &[Array]) -> Result<Vec<Spec>> {
    check::parameters(&step.op, inputs)?;
    // Operations refuse what their functions can be given; a file can give them more.
    let inferred = catch_unwind(AssertUnwindSafe(|| step.op.infer(inputs)));
    inferred.unwrap_or_else(|_| Err(Error::value(step.op.name(), "its parameters don't fit its inputs")))
}

/// A recorded function is stored as its graph; arrays that it captured are given anew when it is read.
impl Serialize for Traced {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let graph = Graph {
            arguments: self.arguments.clone(),
            constants: self.captured.iter().map(Array::spec).collect(),
            steps: self.steps.clone(),
            outputs: self.outputs.clone(),
            shapeless: self.shapeless,
        };
        graph.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Traced {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Traced, D::Error> {
        let graph = Graph::deserialize(deserializer)?;
        let scope = Trace::enter();
        let stand_in = |spec: &Spec| {
            check_spec(spec)?;
            Ok(Array::placeholder(&spec.shape, spec.dtype, scope.trace(), OP))
        };
        let constants = graph.constants.iter().map(stand_in).collect::<Result<_>>();
        constants.and_then(|constants| graph.check(constants)).map_err(serde::de::Error::custom)
    }
}

/// Recorded functions are equal when they do the same; what they captured is compared by shape and type.
impl PartialEq for Traced {
    fn eq(&self, other: &Traced) -> bool {
        let specs = |traced: &Traced| traced.captured.iter().map(Array::spec).collect::<Vec<_>>();
        (&self.arguments, &self.steps, &self.outputs, self.shapeless)
            == (&other.arguments, &other.steps, &other.outputs, other.shapeless)
            && specs(self) == specs(other)
    }
}
