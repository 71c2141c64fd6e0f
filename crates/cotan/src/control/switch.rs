//! `cond` and `switch` as one operation: branches of which one is evaluated.

use std::sync::Arc;

use cotan_kernels::{DType, Scalar, Tensor};

use super::body::{Body, NextIf, expect_specs, select};
use super::while_loop::{as_batched, expanded, leading, stand_ins};
use crate::array::{Array, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Primitive, Site, Tangents, any, astype, equal, less_equal, where_, zeros_like, zeros_view};

/// Evaluates one branch, which an index chooses.
///
/// Inputs are the index, a scalar int32, and what the branches read. An index out of range chooses the nearest branch.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Switch {
    /// Each with the positions of its inputs among those after the index.
    pub branches: Vec<(Arc<Body>, Vec<usize>)>,
}

pub(crate) const NAME: &str = "switch";

/// Branches that are being recorded, with all that they read.
struct Recorder {
    branches: Vec<(Arc<Body>, Vec<usize>)>,
    inputs: Vec<Array>,
}

impl Recorder {
    /// Starts with inputs that every branch takes.
    fn new(shared: Vec<Array>) -> Recorder {
        Recorder { branches: Vec::new(), inputs: shared }
    }

    /// Adds a branch that takes the shared inputs, as [`Body::record`] gives it.
    fn push(&mut self, shared: usize, (body, lifted): (Arc<Body>, Vec<Array>)) {
        let own = self.inputs.len()..self.inputs.len() + lifted.len();
        self.inputs.extend(lifted);
        self.branches.push((body, own.chain(0..shared).collect()));
    }

    fn finish(self, index: &Array) -> Result<Vec<Array>> {
        let inputs = std::iter::once(index.clone()).chain(self.inputs).collect();
        Array::apply_all(Switch { branches: self.branches }, inputs)
    }
}

/// Records branches over `operands` and chooses between them.
pub(super) fn switch<E: From<Error>>(
    (name, index): (&'static str, &Array),
    labels: &[String],
    operands: &[Array],
    mut branch: impl FnMut(usize, &[Array]) -> Result<Vec<Array>, E>,
) -> Result<Vec<Array>, E> {
    let specs: Vec<Spec> = operands.iter().map(Array::spec).collect();
    let mut recorder = Recorder::new(operands.to_vec());
    let mut first: Option<Vec<Spec>> = None;
    for number in 0..labels.len() {
        let recorded = Body::record::<E>(name, &specs, |leaves| branch(number, leaves))?;
        let outputs: Vec<Spec> = recorded.0.output_specs().collect();
        let first = first.get_or_insert_with(|| outputs.clone());
        expect_alike(name, first, &outputs, [&labels[0], &labels[number]])?;
        recorder.push(operands.len(), recorded);
    }
    Ok(recorder.finish(index)?)
}

/// Refuses branches whose results differ in shape or type.
fn expect_alike(name: &'static str, first: &[Spec], other: &[Spec], labels: [&str; 2]) -> Result<()> {
    let [one, two] = labels;
    if first.len() != other.len() {
        let message = format!("{one} returns {} arrays, {two} {}; they must be alike", first.len(), other.len());
        return Err(Error::value(name, message));
    }
    let Some(leaf) = (0..first.len()).find(|&leaf| first[leaf] != other[leaf]) else { return Ok(()) };
    let [first, other] = [&first[leaf], &other[leaf]].map(super::body::describe);
    let message = format!("leaf {leaf} of the result is {first} in {one} but {other} in {two}; they must be alike");
    Err(Error::value(name, message))
}

impl Switch {
    /// What a branch reads of the inputs, or of flags or tangents for them.
    fn reads<T: Clone>(positions: &[usize], inputs: &[T]) -> Vec<T> {
        positions.iter().map(|&position| inputs[1 + position].clone()).collect()
    }

    fn arity(&self) -> usize {
        self.branches[0].0.output_specs().count()
    }

    /// The outputs that some branch computes from the given inputs.
    fn affected(&self, inputs: &[bool]) -> Vec<bool> {
        let mut all = vec![false; self.arity()];
        for (body, positions) in &self.branches {
            let affected = body.affected(&Switch::reads(positions, inputs));
            all.iter_mut().zip(affected).for_each(|(all, one)| *all |= one);
        }
        all
    }

    /// The inputs that some branch needs for the given outputs.
    fn read_by(&self, count: usize, outputs: &[bool]) -> Vec<bool> {
        let mut all = vec![false; count];
        for (body, positions) in &self.branches {
            let read = body.read_by(outputs);
            positions.iter().zip(read).for_each(|(&position, read)| all[1 + position] |= read);
        }
        all
    }

    /// All branches of all examples, and for each example the one that its index chooses.
    fn vmap_select(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let index = &inputs[0].array;
        let mut chosen: Option<Vec<Array>> = None;
        // From the last to the first, so that an index chooses the first branch that is not below it.
        for (number, (body, positions)) in self.branches.iter().enumerate().rev() {
            let chooses = chosen_by(index, number, self.branches.len())?;
            let outputs = taken(body, &Switch::reads(positions, inputs), &chooses, examples)?;
            let Some(others) = chosen.take() else {
                chosen = Some(outputs);
                continue;
            };
            let here = less_equal(index, &Array::full(&[], Scalar::new(number as i32)))?;
            let pick = |(value, other): (&Array, &Array)| where_(&leading(&here, other.ndim())?, value, other);
            chosen = Some(outputs.iter().zip(&others).map(pick).collect::<Result<_>>()?);
        }
        let chosen = chosen.unwrap_or_default();
        Ok(chosen.into_iter().map(Batched::mapped).collect())
    }
}

/// Which examples choose a branch.
fn chosen_by(index: &Array, number: usize, branches: usize) -> Result<Array> {
    let bound = |number: usize| Array::full(&[], Scalar::new(number as i32));
    let from_below = less_equal(index, &bound(number))?;
    let from_above = less_equal(&bound(number), index)?;
    match (number == 0, number + 1 == branches) {
        (true, true) => equal(index, index),
        (true, false) => Ok(from_below),
        (false, true) => Ok(from_above),
        (false, false) => equal(index, &bound(number)),
    }
}

/// The results of a branch for the examples that choose it; nothing is computed when there are none.
fn taken(body: &Body, inputs: &[Batched], chooses: &Array, examples: usize) -> Result<Vec<Array>> {
    let arrays: Vec<Array> = inputs.iter().map(|input| input.array.clone()).chain([chooses.clone()]).collect();
    let specs: Vec<Spec> = arrays.iter().map(Array::spec).collect();
    let flags: Vec<bool> = inputs.iter().map(|input| input.mapped).collect();
    let mut recorder = Recorder::new(arrays);
    recorder.push(
        specs.len(),
        Body::record(NAME, &specs, |_| {
            body.output_specs().map(|spec| zeros_view(&[&[examples], &spec.shape[..]].concat(), spec.dtype)).collect()
        })?,
    );
    recorder.push(
        specs.len(),
        Body::record(NAME, &specs, |leaves| {
            let (chooses, inputs) = leaves.split_last().expect("the flags come last");
            let inputs = stand_ins(&as_batched(inputs, &flags), chooses)?;
            let outputs = body.batched(&inputs, examples)?;
            expanded(&outputs, &vec![true; outputs.len()], examples)
        })?,
    );
    recorder.finish(&astype(&any(chooses, None, false)?, DType::I32)?)
}

impl Primitive for Switch {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_specs(NAME, &inputs[..1], std::iter::once(Spec::new(&[], DType::I32)))?;
        for (body, positions) in &self.branches {
            expect_specs(NAME, &Switch::reads(positions, inputs), body.input_specs())?;
        }
        Ok(self.branches[0].0.output_specs().collect())
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let given: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let moving = self.affected(&given);
        if !moving.contains(&true) {
            return Ok(vec![None; moving.len()]);
        }
        // The inputs, then the tangents of those that have one.
        let shared: Vec<Array> = site.inputs[1..].iter().chain(tangents[1..].iter().flatten()).cloned().collect();
        let specs: Vec<Spec> = shared.iter().map(Array::spec).collect();
        let mut recorder = Recorder::new(shared);
        for (body, positions) in &self.branches {
            let recorded = Body::record(NAME, &specs, |leaves| {
                let (values, rest) = leaves.split_at(site.inputs.len() - 1);
                let mut rest = rest.iter().cloned();
                let all: Vec<Option<Array>> = given[1..].iter().map(|&given| rest.next_if(given)).collect();
                let values: Vec<Array> = positions.iter().map(|&position| values[position].clone()).collect();
                let pushed: Vec<Option<Array>> = positions.iter().map(|&position| all[position].clone()).collect();
                let (outputs, pushed) = body.pushed(&values, &pushed)?;
                let zero = |(tangent, output): (Option<Array>, &Array)| tangent.unwrap_or_else(|| zeros_like(output));
                let pushed: Vec<Array> = pushed.into_iter().zip(&outputs).map(zero).collect();
                Ok::<_, Error>(select(&pushed, &moving))
            })?;
            recorder.push(specs.len(), recorded);
        }
        let mut outputs = recorder.finish(&site.inputs[0])?.into_iter();
        Ok(moving.iter().map(|&moving| outputs.next_if(moving)).collect())
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let given: Vec<bool> = cotangents.iter().map(Option::is_some).collect();
        let read = self.read_by(site.inputs.len(), &given);
        let wanted: Vec<bool> = read.iter().zip(site.wanted).map(|(read, wanted)| *read && *wanted).collect();
        if !wanted.contains(&true) {
            return Ok(vec![None; wanted.len()]);
        }
        let shared: Vec<Array> = site.inputs[1..].iter().chain(cotangents.iter().flatten()).cloned().collect();
        let specs: Vec<Spec> = shared.iter().map(Array::spec).collect();
        let mut recorder = Recorder::new(shared);
        for (body, positions) in &self.branches {
            let recorded = Body::record(NAME, &specs, |leaves| {
                let (values, rest) = leaves.split_at(site.inputs.len() - 1);
                let mut rest = rest.iter().cloned();
                let cotangents: Vec<Option<Array>> = given.iter().map(|&given| rest.next_if(given)).collect();
                let own: Vec<Array> = positions.iter().map(|&position| values[position].clone()).collect();
                let needed = Switch::reads(positions, &wanted);
                let pulled = body.pulled(&own, &needed, cotangents)?;
                let mut all: Vec<Option<Array>> = vec![None; values.len()];
                for (&position, cotangent) in positions.iter().zip(pulled) {
                    all[position] = cotangent;
                }
                let zero = |(cotangent, value): (Option<Array>, &Array)| cotangent.unwrap_or_else(|| zeros_like(value));
                let all: Vec<Array> = all.into_iter().zip(values).map(zero).collect();
                Ok::<_, Error>(select(&all, &wanted[1..]))
            })?;
            recorder.push(specs.len(), recorded);
        }
        let mut outputs = recorder.finish(&site.inputs[0])?.into_iter();
        Ok(wanted.iter().map(|&wanted| outputs.next_if(wanted)).collect())
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        if inputs[0].mapped {
            return self.vmap_select(inputs, examples);
        }
        let flags: Vec<bool> = inputs.iter().map(|input| input.mapped).collect();
        let mapped = self.affected(&flags);
        let shared: Vec<Array> = inputs[1..].iter().map(|input| input.array.clone()).collect();
        let specs: Vec<Spec> = shared.iter().map(Array::spec).collect();
        let mut recorder = Recorder::new(shared);
        for (body, positions) in &self.branches {
            let recorded = Body::record(NAME, &specs, |leaves| {
                let own: Vec<Array> = positions.iter().map(|&position| leaves[position].clone()).collect();
                let own = as_batched(&own, &Switch::reads(positions, &flags));
                expanded(&body.batched(&own, examples)?, &mapped, examples)
            })?;
            recorder.push(specs.len(), recorded);
        }
        let outputs = recorder.finish(&inputs[0].array)?;
        Ok(as_batched(&outputs, &mapped))
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let index = inputs[0].to_vec::<i32>()[0].clamp(0, self.branches.len() as i32 - 1);
        let (body, positions) = &self.branches[index as usize];
        body.eval(Switch::reads(positions, inputs).into_iter())
    }
}
