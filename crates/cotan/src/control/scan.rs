//! `scan` as one operation: a body that is applied once per step, whatever the number of steps.

use std::sync::Arc;

use cotan_kernels::layout::Strides;
use cotan_kernels::{Output, Tensor, layout};

use super::body::{Body, NextIf, describe, expect_specs, select};
use super::residuals;
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Primitive, Site, Tangents, moveaxis, zeros_like};

/// Applies a body to a carry and one slice of the scanned arrays after another.
///
/// Inputs are constants, which every step sees, the first carry, and scanned arrays, whose axis 0 runs over the steps.
/// The body takes them in this order, without that axis, and gives the next carry and the step's results. Outputs are
/// the last carry and all results, stacked along axis 0.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Loop {
    pub body: Arc<Body>,
    pub consts: usize,
    pub carries: usize,
    pub length: usize,
    /// From the last slice to the first.
    pub reverse: bool,
}

/// Inputs or outputs of a loop by their role; what a flag or a tangent of each is comes the same way.
pub(crate) struct Parts<'a, T> {
    pub consts: &'a [T],
    pub carry: &'a [T],
    pub xs: &'a [T],
}

pub(crate) const NAME: &str = "scan";

impl Loop {
    /// Records a loop over `inputs`, of which the body reads all.
    pub fn of(mut self, inputs: &[Array]) -> Result<Vec<Array>> {
        let carry = self.consts..self.consts + self.carries;
        let keep: Vec<bool> = (0..inputs.len()).map(|index| carry.contains(&index)).collect();
        let (body, read) = self.body.pruned(NAME, &keep)?;
        self.consts = read[..self.consts].iter().filter(|read| **read).count();
        self.body = body;
        Array::apply_all(self, select(inputs, &read).into_iter().collect())
    }

    pub fn parts<'a, T>(&self, all: &'a [T]) -> Parts<'a, T> {
        let (consts, rest) = all.split_at(self.consts);
        let (carry, xs) = rest.split_at(self.carries);
        Parts { consts, carry, xs }
    }

    /// The inputs that are affected by `given` ones when carries pass it on from step to step.
    pub fn spread(&self, given: &[bool]) -> Vec<bool> {
        let mut flags = given.to_vec();
        loop {
            let outputs = self.body.affected(&flags);
            let carry = &mut flags[self.consts..self.consts + self.carries];
            let mut grown = false;
            for (flag, output) in carry.iter_mut().zip(outputs) {
                grown |= output && !*flag;
                *flag |= output;
            }
            if !grown {
                return flags;
            }
        }
    }

    /// The specs of one step's slices of the given scanned arrays.
    fn slices(xs: &[Array]) -> impl Iterator<Item = Spec> + '_ {
        xs.iter().map(|x| Spec::new(&x.shape()[1..], x.dtype()))
    }

    /// The specs of the body's inputs for these constants, carries and scanned arrays.
    pub fn step_specs(parts: &Parts<'_, Array>) -> Vec<Spec> {
        let whole = parts.consts.iter().chain(parts.carry).map(Array::spec);
        whole.chain(Loop::slices(parts.xs)).collect()
    }

    fn stacked(&self, spec: &Spec) -> Spec {
        Spec { shape: std::iter::once(self.length).chain(spec.shape.iter().copied()).collect(), dtype: spec.dtype }
    }

    /// The order of the steps.
    fn steps(&self) -> impl Iterator<Item = usize> {
        let (length, reverse) = (self.length, self.reverse);
        (0..length).map(move |step| if reverse { length - 1 - step } else { step })
    }
}

impl Primitive for Loop {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let whole = self.consts + self.carries;
        let specs = self.body.input_specs().enumerate();
        let specs = specs.map(|(index, spec)| if index < whole { spec } else { self.stacked(&spec) });
        expect_specs(NAME, inputs, specs)?;
        let outputs = self.body.output_specs().enumerate();
        let outputs: Vec<Spec> =
            outputs.map(|(index, spec)| if index < self.carries { spec } else { self.stacked(&spec) }).collect();
        match outputs.iter().find(|spec| layout::checked_len(&spec.shape).is_none()) {
            None => Ok(outputs),
            Some(spec) => Err(Error::value(NAME, format!("the results have too many elements: {}", describe(spec)))),
        }
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let given: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let active = self.spread(&given);
        let results = self.body.affected(&active);
        let (of, moving) = (self.parts(site.inputs), self.parts(&active));
        let tangents: Vec<Array> = tangents
            .iter()
            .zip(site.inputs)
            .map(|(tangent, input)| tangent.clone().unwrap_or_else(|| zeros_like(input)))
            .collect();
        let pushed = self.parts(&tangents);
        let join = |all: &[Array], pushed: &[Array], active: &[bool]| [all, &select(pushed, active)].concat();
        let inputs = Parts {
            consts: &join(of.consts, pushed.consts, moving.consts),
            carry: &join(of.carry, pushed.carry, moving.carry),
            xs: &join(of.xs, pushed.xs, moving.xs),
        };
        let (body, lifted) = Body::record(NAME, &Loop::step_specs(&inputs), |leaves| {
            let (leaves, tangents) = unjoin(leaves, [moving.consts, moving.carry, moving.xs]);
            let (outputs, pushed) = self.body.pushed(&leaves, &tangents)?;
            let zero = |index: usize| zeros_like(&outputs[index]);
            let pushed: Vec<Array> =
                pushed.into_iter().enumerate().map(|(index, t)| t.unwrap_or_else(|| zero(index))).collect();
            let (carry, ys) = pushed.split_at(self.carries);
            let carry = [&outputs[..self.carries], &select(carry, moving.carry)].concat();
            Ok::<_, Error>([carry, select(ys, &results[self.carries..])].concat())
        })?;
        let double = Loop {
            body,
            consts: lifted.len() + inputs.consts.len(),
            carries: inputs.carry.len(),
            length: self.length,
            reverse: self.reverse,
        };
        let outputs = double.of(&[&lifted, inputs.consts, inputs.carry, inputs.xs].concat())?;
        let mut pushed = outputs.into_iter().skip(self.carries);
        let present = moving.carry.iter().chain(&results[self.carries..]);
        Ok(present.map(|&present| pushed.next_if(present)).collect())
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        residuals::vjp(self, site, cotangents)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let given: Vec<bool> = inputs.iter().map(|input| input.mapped).collect();
        let mapped = self.spread(&given);
        let arrays = inputs.iter().zip(&mapped).enumerate().map(|(index, (input, &mapped))| {
            let scanned = index >= self.consts + self.carries;
            match (scanned, mapped) {
                (true, true) => moveaxis(&input.array, 0, 1),
                (false, true) => input.expand(examples),
                (_, false) => Ok(input.array.clone()),
            }
        });
        let arrays: Vec<Array> = arrays.collect::<Result<_>>()?;
        let mut results = Vec::new();
        let (body, lifted) = Body::record(NAME, &Loop::step_specs(&self.parts(&arrays)), |leaves| {
            let leaf = |(leaf, &mapped): (&Array, &bool)| Batched { array: leaf.clone(), mapped };
            let leaves: Vec<Batched> = leaves.iter().zip(&mapped).map(leaf).collect();
            let outputs = self.body.batched(&leaves, examples)?;
            results = outputs.iter().map(|output| output.mapped).collect();
            for (result, &mapped) in results.iter_mut().zip(&mapped[self.consts..self.consts + self.carries]) {
                *result = mapped;
            }
            let whole = |(output, &mapped): (Batched, &bool)| {
                if mapped { output.expand(examples) } else { Ok(output.array) }
            };
            outputs.into_iter().zip(&results).map(whole).collect::<Result<_>>()
        })?;
        let all = Loop { body, consts: lifted.len() + self.consts, ..self.clone() };
        let outputs = all.of(&[lifted, arrays].concat())?;
        let place = |(index, (array, mapped)): (usize, (Array, bool))| {
            let stacked = index >= self.carries;
            Ok(Batched { array: if stacked && mapped { moveaxis(&array, 1, 0)? } else { array }, mapped })
        };
        outputs.into_iter().zip(results).enumerate().map(place).collect()
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let parts = self.parts(inputs);
        let mut carry = parts.carry.to_vec();
        let mut results: Vec<Output> =
            specs[self.carries..].iter().map(|spec| Output::new(spec.dtype, &spec.shape)).collect::<Result<_, _>>()?;
        for step in self.steps() {
            let slices = parts.xs.iter().map(|x| row(x, step));
            let inputs = parts.consts.iter().cloned().chain(std::mem::take(&mut carry)).chain(slices);
            let outputs = self.body.eval(inputs)?;
            let mut outputs = outputs.into_iter();
            carry.extend(outputs.by_ref().take(self.carries));
            for (result, output) in results.iter_mut().zip(outputs) {
                let output = output.to_row_major()?;
                let bytes = output.as_bytes().unwrap_or_default();
                result.bytes_mut()[step * bytes.len()..][..bytes.len()].copy_from_slice(bytes);
            }
        }
        Ok(carry.into_iter().chain(results.into_iter().map(Output::finish)).collect())
    }
}

/// Leaves in groups of values and of those tangents that are active, as values and an optional tangent for each.
fn unjoin(leaves: &[Array], active: [&[bool]; 3]) -> (Vec<Array>, Vec<Option<Array>>) {
    let mut leaves = leaves.iter().cloned();
    let (mut values, mut tangents) = (Vec::new(), Vec::new());
    for active in active {
        values.extend(leaves.by_ref().take(active.len()));
        tangents.extend(active.iter().map(|&active| leaves.next_if(active)));
    }
    (values, tangents)
}

/// The slice at one place of axis 0. A view.
fn row(x: &Tensor, index: usize) -> Tensor {
    let strides = Strides::from_slice(&x.strides()[1..]);
    let offset = x.offset() as isize + index as isize * x.strides()[0];
    x.with_layout(Shape::from_slice(&x.shape()[1..]), strides, offset as usize)
}
