//! Reverse mode of `scan`: store the carries on the way forward, apply the transposed body on the way back.

use std::sync::Arc;

use super::body::{Body, NextIf, select};
use super::scan::{Loop, NAME, Parts};
use crate::array::{Array, Call, Inputs, State};
use crate::error::{Error, Result};
use crate::ops::{Op, Primitive, Site, Tangents, add, zeros_like};
use crate::trace::Trace;

/// What the way back passes from step to step, and what it reads and gives at each.
struct Backward<'a> {
    forward: &'a Loop,
    /// Inputs that depend on one that needs a cotangent.
    wanted: Vec<bool>,
    /// Carries whose cotangents reach back to such an input.
    active: Vec<bool>,
    /// Stacked results that have a cotangent.
    given: Vec<bool>,
}

/// Cotangents of a loop's inputs.
///
/// The body is computed again at every step, from its carry; what it computed on the way forward is not kept.
pub(super) fn vjp(forward: &Loop, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
    let wanted = forward.spread(site.wanted);
    let given: Vec<bool> = cotangents.iter().map(Option::is_some).collect();
    let active = active(forward, &wanted, &given);
    let backward = Backward { forward, wanted, active, given: given[forward.carries..].to_vec() };
    let of = forward.parts(site.inputs);
    let wanted = forward.parts(&backward.wanted);

    let (last, ys) = cotangents.split_at(forward.carries);
    let last = last.iter().zip(of.carry).map(|(ct, carry)| ct.clone().unwrap_or_else(|| zeros_like(carry)));
    let sums: Vec<Array> = select(of.consts, wanted.consts).iter().map(zeros_like).collect();
    let first = [select(&last.collect::<Vec<_>>(), &backward.active), sums].concat();
    let ys: Vec<Array> = ys.iter().flatten().cloned().collect();

    let specs = {
        // Stacked carries have the shape of a carry at each step.
        let stacked = of.carry.iter().map(Array::spec);
        let consts = of.consts.iter().map(Array::spec).chain(first.iter().map(Array::spec));
        let step = |parts| Loop::step_specs(&parts);
        let xs = step(Parts { consts: &[], carry: &[], xs: &[of.xs, &ys].concat() });
        consts.chain(stacked).chain(xs).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    let (body, lifted) = Body::record(NAME, &specs, |leaves| backward.step(leaves, &mut found))?;

    let read = body.read_by(&vec![true; body.output_specs().count()]);
    let before = lifted.len() + of.consts.len() + first.len();
    let carries = stored_carries(forward, site, &read[before..before + forward.carries])?;
    let inputs = [&lifted, of.consts, &first, &carries, of.xs, &ys].concat();
    let transposed = Loop {
        body,
        consts: lifted.len() + of.consts.len(),
        carries: first.len(),
        length: forward.length,
        reverse: !forward.reverse,
    };
    let outputs = transposed.of(&inputs)?;
    Ok(backward.arrange(site, outputs, &found))
}

/// The wanted carries that some cotangent reaches.
fn active(forward: &Loop, wanted: &[bool], given: &[bool]) -> Vec<bool> {
    let wanted = forward.parts(wanted).carry;
    let mut given = given.to_vec();
    loop {
        let read = forward.body.read_by(&given);
        let mut grown = false;
        for (index, &read) in forward.parts(&read).carry.iter().enumerate() {
            grown |= read && wanted[index] && !given[index];
            given[index] |= read && wanted[index];
        }
        if !grown {
            return given.iter().zip(wanted).map(|(given, wanted)| *given && *wanted).collect();
        }
    }
}

impl Backward<'_> {
    /// One step: from the constants, the cotangents of the carry, sums so far, the step's carry, slices and cotangents.
    /// It gives the cotangents of the carry before it, the sums, and those of the slices. `found` is told which of the
    /// wanted inputs have a cotangent at all.
    fn step(&self, leaves: &[Array], found: &mut Vec<bool>) -> Result<Vec<Array>> {
        let mut leaves = leaves.iter().cloned();
        let mut take = |count: usize| leaves.by_ref().take(count).collect::<Vec<_>>();
        let forward = self.forward;
        let xs = self.wanted.len() - forward.consts - forward.carries;
        let count = |flags: &[bool]| flags.iter().filter(|flag| **flag).count();
        let wanted = forward.parts(&self.wanted);
        let consts = take(forward.consts);
        let (carried, sums) = (take(count(&self.active)), take(count(wanted.consts)));
        let inputs = [consts, take(forward.carries), take(xs)].concat();
        let (mut carried, mut ys) = (carried.into_iter(), leaves);
        let cotangents = self.active.iter().map(|&active| carried.next_if(active));
        let cotangents: Vec<Option<Array>> =
            cotangents.chain(self.given.iter().map(|&given| ys.next_if(given))).collect();
        let pulled = forward.body.pulled(&inputs, &self.wanted, cotangents)?;
        *found = pulled.iter().map(Option::is_some).collect();
        let zero = |index: usize| zeros_like(&inputs[index]);
        let pulled_or_zero = |index: usize| pulled[index].clone().unwrap_or_else(|| zero(index));
        let before = (0..forward.carries).filter(|&index| self.active[index]);
        let mut outputs: Vec<Array> = before.map(|index| pulled_or_zero(forward.consts + index)).collect();
        let mut sums = sums.into_iter();
        for (index, &wanted) in wanted.consts.iter().enumerate() {
            let Some(sum) = sums.next_if(wanted) else { continue };
            outputs.push(pulled[index].as_ref().map_or(Ok(sum.clone()), |more| add(&sum, more))?);
        }
        let slices = forward.consts + forward.carries..inputs.len();
        outputs.extend(slices.filter_map(|index| pulled[index].clone()));
        Ok(outputs)
    }

    /// The outputs of the way back as cotangents of the inputs.
    fn arrange(&self, site: &Site, outputs: Vec<Array>, found: &[bool]) -> Tangents {
        let (wanted, found) = (self.forward.parts(&self.wanted), self.forward.parts(found));
        let mut outputs = outputs.into_iter();
        let carry: Vec<Option<Array>> = self.active.iter().map(|&active| outputs.next_if(active)).collect();
        let consts = wanted.consts.iter().zip(found.consts);
        let consts: Vec<Option<Array>> =
            consts.map(|(&wanted, &found)| outputs.next_if(wanted).filter(|_| found)).collect();
        let xs = found.xs.iter().map(|&found| outputs.next_if(found));
        let all: Tangents = consts.into_iter().chain(carry).chain(xs).collect();
        all.into_iter().zip(site.wanted).map(|(cotangent, &wanted)| cotangent.filter(|_| wanted)).collect()
    }
}

/// The carries before every step, stacked, where they are needed; anything of the right shape elsewhere.
fn stored_carries(forward: &Loop, site: &Site, needed: &[bool]) -> Result<Vec<Array>> {
    let of = forward.parts(site.inputs);
    let unread = |carry: &Array| {
        let shape = [&[forward.length], carry.shape()].concat();
        crate::ops::zeros_view(&shape, carry.dtype())
    };
    if !needed.contains(&true) {
        return of.carry.iter().map(unread).collect();
    }
    let (body, lifted) = Body::record(NAME, &Loop::step_specs(&of), |leaves| {
        let outputs = forward.body.call(leaves)?;
        Ok::<_, Error>([outputs, select(forward.parts(leaves).carry, needed)].concat())
    })?;
    let storing = Loop { body, consts: lifted.len() + forward.consts, ..forward.clone() };
    let inputs: Inputs = lifted.iter().chain(site.inputs).cloned().collect();
    let mut stored = adopt(storing.into(), inputs, site.outputs)?.into_iter();
    needed
        .iter()
        .zip(of.carry)
        .map(|(&needed, carry)| stored.next_if(needed).map_or_else(|| unread(carry), Ok))
        .collect()
}

/// Lets a call that gives more compute outputs that are pending, so that nothing is computed twice; returns the rest.
///
/// The first results of `op` must be equal to `outputs`.
fn adopt(op: Op, inputs: Inputs, outputs: &[Array]) -> Result<Vec<Array>> {
    let specs = op.infer(&inputs)?;
    let trace = Trace::of(&inputs);
    let call = Call::new(op, inputs);
    let more = specs.into_iter().enumerate().skip(outputs.len());
    let more: Vec<Array> = more
        .map(|(index, spec)| {
            Array::from_state(spec.shape, spec.dtype, trace.clone(), State::Pending(call.clone(), index))
        })
        .collect();
    let weak = outputs.iter().chain(&more).map(|array| Arc::downgrade(&array.0)).collect();
    call.outputs.set(weak).expect("a new call has no outputs");
    for (index, output) in outputs.iter().enumerate() {
        let mut state = output.0.state();
        let former = match &*state {
            State::Pending(..) => std::mem::replace(&mut *state, State::Pending(call.clone(), index)),
            State::Placeholder(_) | State::Traced(..) | State::Ready(_) => continue,
        };
        drop(state);
        drop(former);
    }
    Ok(more)
}
