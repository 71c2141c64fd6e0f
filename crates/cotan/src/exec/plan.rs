//! The pending calls behind some arrays, in order, with what they read and who needs their results.

use std::sync::Arc;

use cotan_kernels::Tensor;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::fuse::{Class, Fusion, class};
use super::order::order;
use crate::array::{Array, Call, Spec, State};
use crate::error::{Error, Result};
use crate::graph;
use crate::ops::Primitive;
use crate::trace::Trace;

/// Where an input of a call comes from.
pub(super) enum Source {
    /// It was there before.
    Ready(Tensor),
    /// An earlier step makes it.
    Made { step: u32, output: u32 },
}

/// One pending call.
pub(super) struct Step {
    pub call: Arc<Call>,
    pub outputs: SmallVec<[(usize, Array); 1]>,
    pub inputs: SmallVec<[Source; 2]>,
    pub class: Class,
    /// Someone outside this evaluation holds or asked for the outputs.
    pub kept: bool,
}

impl Step {
    /// Shape and type of the first living output; elementwise calls and reductions have just one.
    pub fn spec(&self) -> SpecRef<'_> {
        let value = &self.outputs[0].1.0;
        SpecRef { shape: &value.shape, dtype: value.dtype }
    }

    /// The steps that make its inputs.
    pub fn producers(&self) -> impl Iterator<Item = usize> + '_ {
        self.inputs.iter().filter_map(Source::step)
    }
}

/// A borrowed [`Spec`].
pub(super) struct SpecRef<'a> {
    pub shape: &'a crate::array::Shape,
    pub dtype: cotan_kernels::DType,
}

impl SpecRef<'_> {
    pub fn to_spec(&self) -> Spec {
        Spec { shape: self.shape.clone(), dtype: self.dtype }
    }
}

/// What to run, and in which groups.
pub(super) struct Plan {
    /// The calls, inputs first; a call is dropped when its unit has run.
    pub steps: Vec<Option<Step>>,
    pub classes: Vec<Class>,
    /// The unit of each step, named by one of its steps.
    pub units: Vec<u32>,
    /// Steps of each unit in order, by the name of the unit.
    pub members: FxHashMap<u32, SmallVec<[u32; 4]>>,
    /// The order in which units run.
    pub order: Vec<u32>,
    /// How many units read each step's results.
    pub readers: Vec<u32>,
}

impl Plan {
    /// Reads the graph behind `targets`.
    pub fn new(targets: &[Array]) -> Result<Plan> {
        let nodes = graph::topological(targets, |array| match &*array.0.state() {
            State::Ready(_) | State::Traced(..) => Ok(None),
            State::Pending(call, index) => Ok(Some((call.clone(), *index))),
            State::Placeholder(transform) => Err(array.no_value(transform)),
        })?;
        let mut made: FxHashMap<usize, (u32, u32)> = FxHashMap::default();
        let mut steps: Vec<Step> = Vec::with_capacity(nodes.len());
        for node in nodes {
            for (index, output) in &node.outputs {
                made.insert(output.id(), (steps.len() as u32, *index as u32));
            }
            let inputs = node.call.inputs.iter().map(|input| source(input, &made)).collect::<Result<_>>()?;
            let class = class(&node.call.op);
            steps.push(Step { call: node.call, outputs: node.outputs, inputs, class, kept: false });
        }
        mark_kept(&mut steps, targets, &made);
        let mut fusion = Fusion::new(&steps);
        let units: Vec<u32> = (0..steps.len()).map(|step| fusion.unit(step) as u32).collect();
        let mut members: FxHashMap<u32, SmallVec<[u32; 4]>> = FxHashMap::default();
        for (step, unit) in units.iter().enumerate() {
            members.entry(*unit).or_default().push(step as u32);
        }
        let mut plan = Plan {
            classes: steps.iter().map(|step| step.class).collect(),
            readers: vec![0; steps.len()],
            steps: steps.into_iter().map(Some).collect(),
            units,
            members,
            order: Vec::new(),
        };
        plan.count_readers();
        let targets = targets.iter().filter_map(|target| made.get(&target.id()));
        plan.order = order(&plan, targets.map(|&(step, _)| step));
        Ok(plan)
    }

    pub fn step(&self, index: u32) -> &Step {
        self.steps[index as usize].as_ref().expect("a step lives until its unit has run")
    }

    /// True when readers compute the value for themselves instead of reading it from memory.
    pub fn is_inlined(&self, producer: u32, reader: u32) -> bool {
        self.classes[producer as usize] == Class::Constant && self.classes[reader as usize] != Class::Alone
    }

    /// The steps of other units whose results a unit reads from memory.
    pub fn reads(&self, unit: u32, members: &[u32]) -> SmallVec<[u32; 8]> {
        let mut read: SmallVec<[u32; 8]> = SmallVec::new();
        for &member in members {
            for producer in self.step(member).producers() {
                if self.units[producer] != unit && !self.is_inlined(producer as u32, member) {
                    read.push(producer as u32);
                }
            }
        }
        read.sort_unstable();
        read.dedup();
        read
    }

    fn count_readers(&mut self) {
        let mut readers = std::mem::take(&mut self.readers);
        for (&unit, members) in &self.members {
            self.reads(unit, members).iter().for_each(|&step| readers[step as usize] += 1);
        }
        self.readers = readers;
    }
}

fn source(input: &Array, made: &FxHashMap<usize, (u32, u32)>) -> Result<Source> {
    if let Some(&(step, output)) = made.get(&input.id()) {
        return Ok(Source::Made { step, output });
    }
    match &*input.0.state() {
        State::Ready(tensor) | State::Traced(tensor, ..) => Ok(Source::Ready(tensor.clone())),
        State::Placeholder(transform) => Err(input.no_value(transform)),
        State::Pending(call, _) => Err(Error::Runtime { op: call.op.name(), message: "input was not ordered".into() }),
    }
}

/// Marks the steps whose outputs are targets or held by someone besides the calls that are about to be forgotten.
fn mark_kept(steps: &mut [Step], targets: &[Array], made: &FxHashMap<usize, (u32, u32)>) {
    let mut uses: FxHashMap<usize, usize> = FxHashMap::default();
    for step in steps.iter() {
        // A traced call is not forgotten: what it reads must stay for the derivative rules.
        if !step.outputs.iter().any(|(_, output)| is_traced(output)) {
            for input in &step.call.inputs {
                *uses.entry(input.id()).or_default() += 1;
            }
        }
    }
    for step in steps.iter_mut() {
        step.kept = step.class != Class::Constant
            && step.outputs.iter().any(|(_, output)| {
                // One reference is the step's own.
                Arc::strong_count(&output.0) > 1 + uses.get(&output.id()).copied().unwrap_or(0)
            });
    }
    for target in targets {
        if let Some(&(step, _)) = made.get(&target.id()) {
            steps[step as usize].kept = true;
        }
    }
}

pub(super) fn is_traced(array: &Array) -> bool {
    array.0.trace.as_deref().is_some_and(Trace::is_open)
}
