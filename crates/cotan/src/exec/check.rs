//! Finds the call of a unit that made the first NaN.

use cotan_kernels::Tensor;
use rustc_hash::FxHashMap;

use super::fuse::Class;
use super::plan::{Plan, Source, Step};
use super::run::{Results, read};
use crate::array::{Array, Shape, Spec};
use crate::debug::{self, Checks, Finding, NotFinite, Origin};
use crate::error::{Error, Result};
use crate::ops::Primitive;

/// What a unit reads, held so that nothing overwrites it.
pub(super) struct Inputs {
    /// The results of other units, by step and output.
    made: FxHashMap<(u32, u32), Tensor>,
    _ready: Vec<Tensor>,
}

impl Inputs {
    pub fn new(plan: &Plan, unit: u32, members: &[u32], results: &[Results]) -> Result<Inputs> {
        let (mut made, mut ready) = (FxHashMap::default(), Vec::new());
        for &member in members {
            for source in &plan.step(member).inputs {
                match source {
                    Source::Made { step, output } => {
                        if plan.units[*step as usize] != unit && !plan.is_inlined(*step, member) {
                            made.insert((*step, *output), read(source, results)?);
                        }
                    }
                    Source::Ready(tensor) => ready.push(tensor.clone()),
                }
            }
        }
        Ok(Inputs { made, _ready: ready })
    }
}

/// An error when a call of the unit made NaN of inputs that don't explain it.
pub(super) fn check(plan: &Plan, members: &[u32], held: &Inputs, results: &[Results], checks: &Checks) -> Result<()> {
    let mut bad: Vec<&Array> = Vec::new();
    for &member in members {
        for (index, output) in &plan.step(member).outputs {
            let Some(Some(tensor)) = results[member as usize].get(*index) else { continue };
            if debug::first(tensor, checks.infinities)?.is_some() {
                bad.push(output);
            }
        }
    }
    if !bad.is_empty() {
        replay(plan, members, held, results, checks)?;
        bad.into_iter().for_each(|output| _ = checks.forgive(output));
    }
    Ok(())
}

/// Runs the calls of a unit one by one.
fn replay(plan: &Plan, members: &[u32], held: &Inputs, results: &[Results], checks: &Checks) -> Result<()> {
    let mut last_reader: FxHashMap<u32, u32> = FxHashMap::default();
    for &member in members {
        last_reader.extend(plan.step(member).producers().map(|producer| (producer as u32, member)));
    }
    let mut made: FxHashMap<(u32, u32), Tensor> = FxHashMap::default();
    for &member in members {
        let step = plan.step(member);
        let inputs: Vec<Tensor> =
            step.inputs.iter().map(|source| value(plan, source, held, &made)).collect::<Result<_>>()?;
        let outputs: Vec<(usize, Tensor)> = if plan.is_alone(members) {
            results[member as usize].iter().enumerate().filter_map(|(i, t)| Some((i, t.clone()?))).collect()
        } else {
            let specs = [step.spec().to_spec()];
            step.call.op.eval(&inputs, &specs)?.into_iter().enumerate().collect()
        };
        judge(plan, step, &inputs, &outputs, checks)?;
        made.retain(|(producer, _), _| last_reader.get(producer) != Some(&member));
        made.extend(outputs.into_iter().map(|(index, tensor)| ((member, index as u32), tensor)));
    }
    Ok(())
}

fn value(plan: &Plan, source: &Source, held: &Inputs, made: &FxHashMap<(u32, u32), Tensor>) -> Result<Tensor> {
    match source {
        Source::Ready(tensor) => Ok(tensor.clone()),
        Source::Made { step, output } => match held.made.get(&(*step, *output)).or_else(|| made.get(&(*step, *output)))
        {
            Some(tensor) => Ok(tensor.clone()),
            // What is neither held nor made here is a constant that its readers compute for themselves.
            None => {
                let constant = plan.step(*step);
                let mut tensors = constant.call.op.eval(&[], &[constant.spec().to_spec()])?;
                Ok(tensors.swap_remove(0))
            }
        },
    }
}

/// Blames a call for what it made, and reports what it was given.
fn judge(plan: &Plan, step: &Step, inputs: &[Tensor], outputs: &[(usize, Tensor)], checks: &Checks) -> Result<()> {
    let given = inputs.iter().map(|input| debug::first(input, checks.infinities)).collect::<Result<Vec<_>>>()?;
    for ((found, source), array) in given.iter().zip(&step.inputs).zip(&step.call.inputs) {
        let from_outside = match source {
            Source::Ready(_) => true,
            Source::Made { step, .. } => plan.classes[*step as usize] == Class::Constant,
        };
        if let (Some((index, nan)), true) = (found, from_outside) {
            report(step, array, index, *nan, checks)?;
        }
    }
    for (index, output) in outputs {
        let found = match step.class {
            Class::Elementwise => debug::made(inputs, output, checks.infinities)?,
            Class::Constant | Class::Reduction | Class::Alone if given.iter().any(Option::is_some) => None,
            Class::Constant | Class::Reduction | Class::Alone => debug::first(output, checks.infinities)?,
        };
        let Some((position, nan)) = found else { continue };
        // What has no inputs was given by the program: a constant, a file.
        if !inputs.is_empty() {
            return Err(Error::NotFinite(Box::new(blame(step, inputs, output, position, nan))));
        }
        if let Some((_, array)) = step.outputs.iter().find(|(i, _)| i == index) {
            report(step, array, &position, nan, checks)?;
        }
    }
    Ok(())
}

fn report(step: &Step, array: &Array, index: &Shape, nan: bool, checks: &Checks) -> Result<()> {
    checks.report(array, || {
        let (place, _) = Origin::facts(step.call.origin.as_ref());
        Finding { op: step.call.op.name(), nan, array: array.spec(), index: index.clone(), place }
    })
}

fn blame(step: &Step, inputs: &[Tensor], output: &Tensor, index: Shape, nan: bool) -> NotFinite {
    let spec = |tensor: &Tensor| Spec::new(tensor.shape(), tensor.dtype());
    let (place, rule) = Origin::facts(step.call.origin.as_ref());
    let operands = match step.class {
        Class::Elementwise => inputs.iter().map(|input| debug::at(input, output.shape(), &index)).collect(),
        Class::Constant | Class::Reduction | Class::Alone => Vec::new(),
    };
    let inputs = inputs.iter().map(spec).collect();
    NotFinite { op: step.call.op.name(), nan, inputs, operands, output: spec(output), index, place, rule }
}
