//! Runs a plan unit by unit and hands the results to the values that wait for them.

use cotan_kernels::fused::{Operand, Program, Reg};
use cotan_kernels::{Output, Tensor, reduce};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::fuse::{Class, emit};
use super::in_place;
use super::plan::{Plan, Source, Step, is_traced};
use super::watch::Watch;
use crate::array::{Array, Call, Spec, State};
use crate::error::{Error, Result};
use crate::ops::{Op, Primitive};

/// Results of a step by output index, as long as someone will read them.
pub(super) type Results = SmallVec<[Option<Tensor>; 1]>;

impl Plan {
    /// Runs every unit, under the eyes of whoever watches.
    pub fn run(mut self, watch: Option<&Watch>) -> Result<()> {
        let mut results: Vec<Results> = vec![Results::new(); self.steps.len()];
        for (place, unit) in std::mem::take(&mut self.order).into_iter().enumerate() {
            if place > 0 {
                super::poll()?;
            }
            let members = self.members.remove(&unit).expect("a unit runs once");
            match watch {
                None => self.run_unit(unit, &members, &mut results)?,
                Some(watch) => watch.run_unit(&mut self, unit, &members, &mut results)?,
            }
            self.finish_unit(unit, &members, &mut results);
        }
        Ok(())
    }

    pub fn run_unit(&mut self, unit: u32, members: &[u32], results: &mut [Results]) -> Result<()> {
        if self.is_alone(members) {
            self.run_alone(members[0], results)
        } else {
            Fused::new(self, unit, members).run(results)
        }
    }

    /// True for a unit that is one call outside fusion.
    pub fn is_alone(&self, members: &[u32]) -> bool {
        members.len() == 1 && matches!(self.classes[members[0] as usize], Class::Alone | Class::Constant)
    }

    fn run_alone(&mut self, index: u32, results: &mut [Results]) -> Result<()> {
        let step = self.steps[index as usize].as_mut().expect("a step lives until its unit has run");
        if let Some(updated) = in_place::update(step, &self.readers, results) {
            results[index as usize] = Results::from_elem(Some(updated), 1);
            return Ok(());
        }
        let inputs: Vec<Tensor> = step.inputs.iter().map(|input| read(input, results)).collect::<Result<_>>()?;
        let call = &step.call;
        let count = call.outputs.get().map_or(1, |outputs| outputs.len());
        let specs: Vec<Spec> = if count == step.outputs.len() {
            step.outputs.iter().map(|(_, output)| output.spec()).collect()
        } else {
            call.op.infer(&call.inputs)?
        };
        let tensors = checked(call, call.op.eval(&inputs, &specs)?, &specs)?;
        results[index as usize] = tensors.into_iter().map(Some).collect();
        Ok(())
    }

    /// Stores what is kept, and forgets the calls and every result that has been read for the last time.
    fn finish_unit(&mut self, unit: u32, members: &[u32], results: &mut [Results]) {
        let read = self.reads(unit, members);
        for &member in members {
            let index = member as usize;
            if let Some(step) = self.steps[index].as_ref().filter(|step| step.kept) {
                store(step, &results[index]);
            }
            // Readers of a constant look at its call until the end.
            if self.classes[index] != Class::Constant {
                self.steps[index] = None;
            }
            if self.readers[index] == 0 {
                results[index].clear();
            }
        }
        for producer in read {
            let index = producer as usize;
            self.readers[index] -= 1;
            if self.readers[index] == 0 {
                results[index].clear();
            }
        }
    }
}

/// The results of a call, refused when they are not as inferred: operations may come from outside.
pub(super) fn checked(call: &Call, results: Vec<Tensor>, specs: &[Spec]) -> Result<Vec<Tensor>> {
    let fits = |(tensor, spec): (&Tensor, &Spec)| tensor.shape() == &*spec.shape && tensor.dtype() == spec.dtype;
    if results.len() == specs.len() && results.iter().zip(specs).all(fits) {
        return Ok(results);
    }
    let message = "the results have other shapes or types than inferred".into();
    Err(Error::Runtime { op: call.op.name(), message })
}

/// Gives a step's results to its living outputs.
fn store(step: &Step, results: &Results) {
    for (index, output) in &step.outputs {
        if let Some(Some(tensor)) = results.get(*index) {
            computed(output, tensor.clone());
        }
    }
}

/// Gives an array its elements.
pub(super) fn computed(array: &Array, tensor: Tensor) {
    let mut state = array.0.state();
    let next = match &*state {
        State::Pending(call, index) if is_traced(array) => State::Traced(tensor, call.clone(), *index),
        State::Pending(..) => State::Ready(tensor),
        // Another thread was faster.
        State::Ready(_) | State::Traced(..) | State::Placeholder(_) => return,
    };
    let forgotten = std::mem::replace(&mut *state, next);
    drop(state);
    // Dropping the call may drop its inputs, which have locks of their own.
    drop(forgotten);
    if let (true, Some(trace)) = (is_traced(array), &array.0.trace) {
        trace.keep(&array.0);
    }
}

pub(super) fn read(source: &Source, results: &[Results]) -> Result<Tensor> {
    match source {
        Source::Ready(tensor) => Ok(tensor.clone()),
        Source::Made { step, output } => results[*step as usize]
            .get(*output as usize)
            .and_then(Clone::clone)
            .ok_or_else(|| Error::Runtime { op: "eval", message: "a result was dropped before it was read".into() }),
    }
}

/// A unit of elementwise steps that may end in a reduction, on its way to becoming a program.
struct Fused<'a> {
    plan: &'a Plan,
    unit: u32,
    members: &'a [u32],
    program: Program,
    regs: FxHashMap<u32, Reg>,
    /// Inputs by identity of the tensor or of the step that made it.
    inputs: FxHashMap<(usize, usize), Reg>,
    operands: Vec<Input>,
}

enum Input {
    Ready(Tensor),
    Made { step: u32, output: u32 },
}

impl<'a> Fused<'a> {
    fn new(plan: &'a Plan, unit: u32, members: &'a [u32]) -> Self {
        Fused {
            plan,
            unit,
            members,
            program: Program::new(),
            regs: FxHashMap::default(),
            inputs: FxHashMap::default(),
            operands: Vec::new(),
        }
    }

    fn run(mut self, results: &mut [Results]) -> Result<()> {
        let mut stored: Vec<u32> = Vec::new();
        let mut reduction = None;
        for &member in self.members {
            let step = self.plan.step(member);
            let mut args: SmallVec<[Reg; 3]> = SmallVec::new();
            for (source, array) in step.inputs.iter().zip(&step.call.inputs) {
                args.push(self.register(source, array));
            }
            if let Op::Reduce(reduce) = &step.call.op {
                reduction = Some((member, reduce, args[0]));
                continue;
            }
            let reg = emit(&mut self.program, &step.call.op, &args)?;
            self.regs.insert(member, reg);
            if step.kept || self.plan.readers[member as usize] > 0 {
                self.program.output(reg);
                stored.push(member);
            }
        }
        let shape = match &reduction {
            Some((member, ..)) => self.plan.step(*member).call.inputs[0].shape(),
            None => self.plan.step(self.members[0]).spec().shape,
        };
        let (mut operands, mut outputs) = (Vec::with_capacity(self.operands.len()), Vec::with_capacity(stored.len()));
        for input in &self.operands {
            operands.push(Operand::Tensor(match input {
                Input::Ready(tensor) => tensor.clone(),
                Input::Made { step, output } => read(&Source::Made { step: *step, output: *output }, results)?,
            }));
        }
        for &member in &stored {
            let spec = self.plan.step(member).spec();
            outputs.push(self.output(&spec.to_spec(), &mut operands, outputs.len(), results)?);
        }
        match reduction {
            Some((member, op, value)) => {
                let dtype = self.plan.step(member).spec().dtype;
                let axes: SmallVec<[usize; 4]> = op.axes.iter().copied().collect();
                let reduced = reduce::reduce(op.op, &self.program, value, shape, &axes, &operands, &mut outputs, dtype)
                    .map_err(|error| Error::from_kernel(op.name(), error))?;
                results[member as usize] = SmallVec::from_elem(Some(reduced), 1);
            }
            None => self.program.run(shape, &operands, &mut outputs)?,
        }
        for (member, output) in stored.into_iter().zip(outputs) {
            results[member as usize] = SmallVec::from_elem(Some(output.finish()), 1);
        }
        Ok(())
    }

    /// The register of an input: of a member, of a constant, or of memory.
    fn register(&mut self, source: &Source, array: &Array) -> Reg {
        match source {
            Source::Made { step, output } => {
                if self.plan.units[*step as usize] == self.unit {
                    return self.regs[step];
                }
                if self.plan.classes[*step as usize] == Class::Constant
                    && let Op::Full(full) = &self.plan.step(*step).call.op
                {
                    return self.program.constant(full.value);
                }
                let program = &mut self.program;
                let operands = &mut self.operands;
                *self.inputs.entry((usize::MAX - *step as usize, *output as usize)).or_insert_with(|| {
                    operands.push(Input::Made { step: *step, output: *output });
                    program.input(array.dtype())
                })
            }
            Source::Ready(tensor) => {
                let program = &mut self.program;
                let operands = &mut self.operands;
                *self.inputs.entry((array.id(), 0)).or_insert_with(|| {
                    operands.push(Input::Ready(tensor.clone()));
                    program.input(array.dtype())
                })
            }
        }
    }

    /// Memory for an output: that of an input which dies here, if one fits, else new.
    fn output(&self, spec: &Spec, operands: &mut [Operand], index: usize, results: &mut [Results]) -> Result<Output> {
        for (operand, input) in operands.iter_mut().zip(&self.operands) {
            let Input::Made { step, output } = input else { continue };
            let last_reader = self.plan.readers[*step as usize] == 1;
            let Operand::Tensor(tensor) = &*operand else { continue };
            let fits = tensor.shape() == &spec.shape[..] && tensor.is_row_major() && tensor.offset() == 0;
            if !last_reader || !fits || tensor.dtype().size() != spec.dtype.size() {
                continue;
            }
            let Some(slot) = results[*step as usize].get_mut(*output as usize) else { continue };
            drop(slot.take());
            let Operand::Tensor(tensor) = std::mem::replace(operand, Operand::InPlace(index)) else { continue };
            let dtype = tensor.dtype();
            match Output::reuse(tensor.into_buffer(), spec.dtype, &spec.shape) {
                Ok(reused) => return Ok(reused),
                Err(buffer) => *operand = Operand::Tensor(Tensor::from_buffer(buffer, dtype, &spec.shape)),
            }
        }
        Ok(Output::new(spec.dtype, &spec.shape)?)
    }
}
