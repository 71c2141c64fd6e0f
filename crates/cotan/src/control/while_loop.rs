//! `while_loop` as one operation: a body that is applied as long as a condition holds.

use std::sync::Arc;

use cotan_kernels::Tensor;

use super::body::{Body, NextIf, expect_specs, select};
use crate::array::{Array, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Primitive, Site, Tangents, any, argmax, take, where_, zeros_like};

/// Applies a body to a carry as long as a condition on the carry is true.
///
/// Inputs are constants of the condition, constants of the body, and the first carry, which the outputs are like.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct While {
    pub condition: Arc<Body>,
    pub body: Arc<Body>,
    pub condition_consts: usize,
    pub body_consts: usize,
}

pub(crate) const NAME: &str = "while_loop";

/// Inputs by their role.
struct Parts<'a, T> {
    condition: &'a [T],
    body: &'a [T],
    carry: &'a [T],
}

impl While {
    fn parts<'a, T>(&self, all: &'a [T]) -> Parts<'a, T> {
        let (condition, rest) = all.split_at(self.condition_consts);
        let (body, carry) = rest.split_at(self.body_consts);
        Parts { condition, body, carry }
    }

    /// The carries that are affected by given constants of the body and given carries.
    fn spread(&self, consts: &[bool], carry: &[bool]) -> Vec<bool> {
        let mut flags = [consts, carry].concat();
        loop {
            let outputs = self.body.affected(&flags);
            let carry = &mut flags[consts.len()..];
            let grown = carry.iter().zip(&outputs).any(|(flag, output)| *output && !*flag);
            carry.iter_mut().zip(outputs).for_each(|(flag, output)| *flag |= output);
            if !grown {
                return flags.split_off(consts.len());
            }
        }
    }

    /// All examples step together, as the condition is the same for all.
    fn vmap_together(&self, inputs: &[Batched], mapped: &[bool], examples: usize) -> Result<Vec<Batched>> {
        let of = self.parts(inputs);
        let consts: Vec<Array> = of.body.iter().map(|input| input.array.clone()).collect();
        let carry = expanded(of.carry, mapped, examples)?;
        let specs: Vec<Spec> = consts.iter().chain(&carry).map(Array::spec).collect();
        let flags: Vec<bool> = of.body.iter().map(|input| input.mapped).chain(mapped.iter().copied()).collect();
        let (body, lifted) = Body::record(NAME, &specs, |leaves| {
            let outputs = self.body.batched(&as_batched(leaves, &flags), examples)?;
            expanded(&outputs, mapped, examples)
        })?;
        let unread = |input: &Batched| input.array.clone();
        let condition: Vec<Array> = of.condition.iter().map(unread).collect();
        let (condition, kept) = self.condition_of(&condition, &carry, mapped)?;
        let all = While { condition, body, condition_consts: kept.len(), body_consts: lifted.len() + consts.len() };
        let outputs = Array::apply_all(all, [kept, lifted, consts, carry].concat().into_iter().collect())?;
        Ok(as_batched(&outputs, mapped))
    }

    /// The condition of one example, which reads nothing that is mapped, on the carry of all.
    fn condition_of(&self, consts: &[Array], carry: &[Array], mapped: &[bool]) -> Result<(Arc<Body>, Vec<Array>)> {
        let specs: Vec<Spec> = self.condition.input_specs().collect();
        let read = self.condition.read_by(&[true]);
        let consts = select(consts, &read[..self.condition_consts]);
        let places: Vec<Spec> = consts.iter().chain(carry).map(Array::spec).collect();
        let (condition, lifted) = Body::record(NAME, &places, |leaves| {
            let (given, carry) = leaves.split_at(consts.len());
            let mut given = given.iter().cloned();
            let all = specs.iter().enumerate().map(|(index, spec)| {
                let carried = index.checked_sub(self.condition_consts);
                match carried {
                    Some(index) if !mapped[index] => Ok(carry[index].clone()),
                    None if read[index] => Ok(given.next().expect("a constant for each that is read")),
                    _ => crate::ops::zeros_view(&spec.shape, spec.dtype),
                }
            });
            self.condition.call(&all.collect::<Result<Vec<_>>>()?)
        })?;
        Ok((condition, [lifted, consts].concat()))
    }

    /// Examples whose condition has become false keep their carry until the others are done.
    fn vmap_apart(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let of = self.parts(inputs);
        let consts: Vec<Batched> = of.condition.iter().chain(of.body).cloned().collect();
        let arrays: Vec<Array> = consts.iter().map(|input| input.array.clone()).collect();
        let mut carry = expanded(of.carry, &vec![true; of.carry.len()], examples)?;
        let holds = |condition: &[Batched], carry: &[Array]| {
            let carry = carry.iter().cloned().map(Batched::mapped);
            let inputs: Vec<Batched> = condition.iter().cloned().chain(carry).collect();
            self.condition.batched(&inputs, examples)?[0].expand(examples)
        };
        carry.push(holds(of.condition, &carry)?);
        let specs: Vec<Spec> = arrays.iter().chain(&carry).map(Array::spec).collect();
        let (body, lifted) = Body::record(NAME, &specs, |leaves| {
            let (given, carry) = leaves.split_at(consts.len());
            let flags: Vec<bool> = consts.iter().map(|input| input.mapped).collect();
            let given = as_batched(given, &flags);
            let (condition, body) = given.split_at(self.condition_consts);
            let (running, carry) = carry.split_last().expect("the carry has the condition at its end");
            let next: Vec<Batched> = body.iter().cloned().chain(carry.iter().cloned().map(Batched::mapped)).collect();
            let next = self.body.batched(&stand_ins(&next, running)?, examples)?;
            let mut next: Vec<Array> = next
                .iter()
                .zip(carry)
                .map(|(next, old)| where_(&leading(running, old.ndim())?, &next.expand(examples)?, old))
                .collect::<Result<_>>()?;
            next.push(holds(condition, &next)?);
            Ok::<_, Error>(next)
        })?;
        let carried: Vec<Spec> = carry.iter().map(Array::spec).collect();
        let (condition, _) = Body::record(NAME, &carried, |carry| {
            Ok::<_, Error>(vec![any(carry.last().expect("the carry has the condition at its end"), None, false)?])
        })?;
        let all = While { condition, body, condition_consts: 0, body_consts: lifted.len() + arrays.len() };
        let mut outputs = Array::apply_all(all, [lifted, arrays, carry].concat().into_iter().collect())?;
        outputs.pop();
        Ok(outputs.into_iter().map(Batched::mapped).collect())
    }
}

/// The inputs of the examples that are `active`, and in the places of the others those of the first active one.
///
/// What an example doesn't take part in is not computed on its own values: it might fail on them, or have no slope there.
pub(super) fn stand_ins(inputs: &[Batched], active: &Array) -> Result<Vec<Batched>> {
    if active.size() == 0 {
        return Ok(inputs.to_vec());
    }
    let first = argmax(active, Some(0), true)?;
    let stand_in = |input: &Batched| {
        if !input.mapped {
            return Ok(input.clone());
        }
        let other = take(&input.array, &first, Some(0))?;
        Ok(Batched::mapped(where_(&leading(active, input.array.ndim())?, &input.array, &other)?))
    };
    inputs.iter().map(stand_in).collect()
}

/// One flag per example, in the shape of arrays of `ndim` axes that it chooses from.
pub(super) fn leading(flags: &Array, ndim: usize) -> Result<Array> {
    let mut shape = vec![1; ndim];
    shape[0] = flags.size();
    crate::ops::reshape(flags, &shape)
}

/// The arrays of all examples where they are mapped, else the one that they share.
pub(super) fn expanded(inputs: &[Batched], mapped: &[bool], examples: usize) -> Result<Vec<Array>> {
    let whole = |(input, &mapped): (&Batched, &bool)| {
        if mapped { input.expand(examples) } else { Ok(input.array.clone()) }
    };
    inputs.iter().zip(mapped).map(whole).collect()
}

pub(super) fn as_batched(arrays: &[Array], mapped: &[bool]) -> Vec<Batched> {
    let batched = |(array, &mapped): (&Array, &bool)| Batched { array: array.clone(), mapped };
    arrays.iter().zip(mapped).map(batched).collect()
}

impl Primitive for While {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let condition = self.condition.input_specs().take(self.condition_consts);
        expect_specs(NAME, inputs, condition.chain(self.body.input_specs()))?;
        Ok(self.body.output_specs().collect())
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let given: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let (of, given) = (self.parts(site.inputs), self.parts(&given));
        let active = self.spread(given.body, given.carry);
        let pushed = self.parts(tangents);
        let const_tangents: Vec<Array> = pushed.body.iter().flatten().cloned().collect();
        let zero = |(tangent, carry): (&Option<Array>, &Array)| tangent.clone().unwrap_or_else(|| zeros_like(carry));
        let carried: Vec<Array> = pushed.carry.iter().zip(of.carry).map(zero).collect();
        let consts = [of.body, &const_tangents].concat();
        let carry = [of.carry, &select(&carried, &active)].concat();
        let specs: Vec<Spec> = consts.iter().chain(&carry).map(Array::spec).collect();
        let (body, lifted) = Body::record(NAME, &specs, |leaves| {
            let mut leaves = leaves.iter().cloned();
            let mut primals: Vec<Array> = leaves.by_ref().take(of.body.len()).collect();
            let mut tangents: Vec<Option<Array>> = given.body.iter().map(|&given| leaves.next_if(given)).collect();
            primals.extend(leaves.by_ref().take(of.carry.len()));
            tangents.extend(active.iter().map(|&active| leaves.next_if(active)));
            let (mut outputs, pushed) = self.body.pushed(&primals, &tangents)?;
            let zero = |(tangent, output): (Option<Array>, &Array)| tangent.unwrap_or_else(|| zeros_like(output));
            let pushed: Vec<Array> = pushed.into_iter().zip(&outputs).map(zero).collect();
            outputs.extend(select(&pushed, &active));
            Ok::<_, Error>(outputs)
        })?;
        let places: Vec<Spec> = of.condition.iter().chain(&carry).map(Array::spec).collect();
        let reads = of.condition.len() + of.carry.len();
        let (condition, more) = Body::record(NAME, &places, |leaves| self.condition.call(&leaves[..reads]))?;
        debug_assert!(more.is_empty(), "a closed function captures nothing");
        let double = While {
            condition,
            body,
            condition_consts: self.condition_consts,
            body_consts: lifted.len() + consts.len(),
        };
        let inputs = [of.condition, &lifted, &consts, &carry].concat();
        let outputs = Array::apply_all(double, inputs.into_iter().collect())?;
        let mut pushed = outputs.into_iter().skip(of.carry.len());
        Ok(active.iter().map(|&active| pushed.next_if(active)).collect())
    }

    fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        let reason = "going backwards needs the number of steps beforehand; use scan, or fori_loop with int bounds, \
                      or forward mode (jvp, jacfwd)";
        Err(Error::NotDifferentiable { op: NAME, reason })
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let given: Vec<bool> = inputs.iter().map(|input| input.mapped).collect();
        let given = self.parts(&given);
        let mapped = self.spread(given.body, given.carry);
        let read = [given.condition, &mapped].concat();
        match self.condition.affected(&read)[0] {
            true => self.vmap_apart(inputs, examples),
            false => self.vmap_together(inputs, &mapped, examples),
        }
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let of = self.parts(inputs);
        let mut carry = of.carry.to_vec();
        loop {
            let condition = self.condition.eval(of.condition.iter().chain(&carry).cloned())?;
            if !condition[0].to_vec::<cotan_kernels::Bool>()[0].get() {
                return Ok(carry);
            }
            let inputs = of.body.iter().cloned().chain(std::mem::take(&mut carry));
            carry = self.body.eval(inputs)?;
        }
    }
}
