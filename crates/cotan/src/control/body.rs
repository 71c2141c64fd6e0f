//! A recorded function that a control flow operation holds: closed, so that everything it reads is an input.

use std::sync::Arc;

use cotan_kernels::Tensor;
use rustc_hash::FxHashSet;

use crate::array::{Array, Spec};
use crate::error::{Error, Result};
use crate::graph::{between, topological};
use crate::ops::{Batched, Op, Tangents, astype, zeros_view};
use crate::transforms::{Traced, batch, pull, push};

/// A function from arrays to arrays that was recorded once.
///
/// Inputs are first the arrays that the function captured, then its arguments.
pub(crate) struct Body {
    traced: Traced,
    /// Constants stay with the recording; what else was captured is an input (`None`).
    captured: Vec<Option<Array>>,
    /// The places of the inputs, and the results, as they were recorded.
    inputs: Vec<Array>,
    outputs: Vec<Array>,
    /// How many bodies lie within each other, this one included.
    depth: usize,
}

/// Rules and evaluation call themselves for a body within a body, and the stack is finite.
const MAX_DEPTH: usize = 128;

/// A recorded body, and the arrays it captured, which are its first inputs.
pub(crate) type Recorded = (Arc<Body>, Vec<Array>);

impl Body {
    /// Records `f`; `transform` is the name that errors use.
    pub fn record<E: From<Error>>(
        transform: &'static str,
        specs: &[Spec],
        f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    ) -> Result<Recorded, E> {
        let (body, lifted) = Body::open(transform, specs, f)?;
        Ok((Arc::new(body), lifted))
    }

    /// Records `f`, which must read nothing but its arguments and numbers.
    pub fn closed(
        transform: &'static str,
        specs: &[Spec],
        f: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
    ) -> Result<Body> {
        match Body::open(transform, specs, f)? {
            (body, lifted) if lifted.is_empty() => Ok(body),
            _ => Err(Error::value(transform, "reads arrays that are none of its arguments")),
        }
    }

    fn open<E: From<Error>>(
        transform: &'static str,
        specs: &[Spec],
        f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    ) -> Result<(Body, Vec<Array>), E> {
        let (mut arguments, mut outputs) = (Vec::new(), Vec::new());
        let traced = Traced::record::<E>(transform, specs, |leaves| {
            arguments = leaves.to_vec();
            outputs = f(leaves)?;
            Ok(outputs.clone())
        })?;
        let inner = traced.steps.iter().flat_map(|step| bodies(&step.op)).map(|(_, body)| body.depth);
        let depth = 1 + inner.max().unwrap_or(0);
        if depth > MAX_DEPTH {
            let message = format!("loops and branches are nested deeper than {MAX_DEPTH}");
            return Err(Error::value(transform, message).into());
        }
        // A scalar that was written in the function is none of its inputs: it is the same in every step.
        let constant = |array: &Array| array.0.trace.is_none() && array.as_constant().is_some();
        let captured: Vec<Option<Array>> =
            traced.captured().iter().map(|array| Some(array.clone()).filter(constant)).collect();
        let lifted: Vec<Array> = traced
            .captured()
            .iter()
            .zip(&captured)
            .filter(|(_, kept)| kept.is_none())
            .map(|(a, _)| a.clone())
            .collect();
        let inputs = lifted.iter().cloned().chain(arguments).collect();
        Ok((Body { traced, captured, inputs, outputs, depth }, lifted))
    }

    /// The places of the inputs, as they were recorded.
    pub fn inputs(&self) -> &[Array] {
        &self.inputs
    }

    /// The results, as they were recorded.
    pub fn outputs(&self) -> &[Array] {
        &self.outputs
    }

    pub fn input_specs(&self) -> impl Iterator<Item = Spec> + '_ {
        self.inputs.iter().map(Array::spec)
    }

    pub fn output_specs(&self) -> impl Iterator<Item = Spec> + '_ {
        self.outputs.iter().map(Array::spec)
    }

    /// Records the same operations on other arrays.
    pub fn call(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        let lifted = self.captured.iter().filter(|kept| kept.is_none()).count();
        let (lifted, arguments) = inputs.split_at(lifted);
        let mut lifted = lifted.iter();
        let captured: Vec<Array> = self
            .captured
            .iter()
            .map(|kept| kept.as_ref().or_else(|| lifted.next()).cloned().expect("an input per captured array"))
            .collect();
        self.traced.call_with(arguments, &captured)
    }

    /// Computes the results for inputs that are there.
    pub fn eval(&self, inputs: impl Iterator<Item = Tensor>) -> Result<Vec<Tensor>> {
        crate::exec::poll()?;
        let inputs: Vec<Array> = inputs.map(Array::from_tensor).collect();
        let outputs = self.call(&inputs)?;
        drop(inputs);
        crate::exec::eval(&outputs)?;
        outputs.iter().map(Array::tensor).collect()
    }

    /// Which results depend on any of the given inputs.
    pub fn affected(&self, inputs: &[bool]) -> Vec<bool> {
        let given = self.inputs.iter().zip(inputs).filter(|(_, given)| **given);
        let given: Vec<Array> = given.map(|(array, _)| array.clone()).collect();
        let between = between(&given, &self.outputs);
        self.outputs.iter().map(|output| between.depends(output)).collect()
    }

    /// Which inputs any of the given results depends on.
    pub fn read_by(&self, outputs: &[bool]) -> Vec<bool> {
        let places: FxHashSet<usize> = self.inputs.iter().map(Array::id).collect();
        let given = self.outputs.iter().zip(outputs).filter(|(_, given)| **given);
        let given: Vec<Array> = given.map(|(array, _)| array.clone()).collect();
        let enter = |array: &Array| {
            let stop = places.contains(&array.id()) || array.0.trace.is_none();
            Ok(if stop { None } else { array.call() })
        };
        let nodes = topological(&given, enter).expect("reading the graph has no errors");
        let mut read: FxHashSet<usize> = given.iter().map(Array::id).collect();
        read.extend(nodes.iter().flat_map(|node| node.call.inputs.iter().map(Array::id)));
        self.inputs.iter().map(|input| read.contains(&input.id())).collect()
    }

    /// The same function of those inputs that any result depends on: it, and which these are.
    pub fn pruned(self: &Arc<Self>, transform: &'static str, keep: &[bool]) -> Result<(Arc<Body>, Vec<bool>)> {
        let read = self.read_by(&vec![true; self.outputs.len()]);
        let read: Vec<bool> = read.iter().zip(keep).map(|(read, keep)| *read || *keep).collect();
        if read.iter().all(|read| *read) {
            return Ok((self.clone(), read));
        }
        let specs: Vec<Spec> = self.input_specs().collect();
        let (body, lifted) = Body::record(transform, &select(&specs, &read), |leaves| {
            let mut leaves = leaves.iter().cloned();
            // Nothing depends on the others, so any value will do.
            let all: Vec<Array> = read
                .iter()
                .zip(&specs)
                .map(|(read, spec)| match leaves.next_if(*read) {
                    Some(leaf) => Ok(leaf),
                    None => zeros_view(&spec.shape, spec.dtype),
                })
                .collect::<Result<_>>()?;
            self.call(&all)
        })?;
        debug_assert!(lifted.is_empty(), "a closed function captures nothing");
        Ok((body, read))
    }

    /// Outputs at `leaves` and their tangents, where `tangents` are those of the leaves.
    pub fn pushed(&self, leaves: &[Array], tangents: &[Option<Array>]) -> Result<(Vec<Array>, Tangents)> {
        let outputs = self.call(leaves)?;
        let mut pushed = push(leaves, tangents, &outputs)?;
        for (tangent, output) in pushed.iter_mut().zip(&outputs) {
            if let Some(tangent) = tangent {
                *tangent = astype(tangent, output.dtype())?;
            }
        }
        Ok((outputs, pushed))
    }

    /// Cotangents of the leaves that are `wanted`, from those of the outputs.
    pub fn pulled(&self, leaves: &[Array], wanted: &[bool], cotangents: Vec<Option<Array>>) -> Result<Tangents> {
        let outputs = self.call(leaves)?;
        let mut pulled = pull(&select(leaves, wanted), &outputs, cotangents)?.into_iter();
        wanted
            .iter()
            .zip(leaves)
            .map(|(wanted, leaf)| {
                let cotangent = pulled.next_if(*wanted).flatten();
                cotangent.map(|cotangent| astype(&cotangent, leaf.dtype())).transpose()
            })
            .collect()
    }

    /// The results for all examples.
    pub fn batched(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        batch(|leaves| self.call(leaves), inputs, examples)
    }
}

/// The functions that an operation holds, with what each is to it.
pub(crate) fn bodies(op: &Op) -> Vec<(String, &Body)> {
    match op {
        Op::Loop(each) => vec![("step".into(), &each.body)],
        Op::While(each) => vec![("condition".into(), &each.condition), ("step".into(), &each.body)],
        Op::Switch(each) => {
            each.branches.iter().enumerate().map(|(i, (body, _))| (format!("branch {i}"), &**body)).collect()
        }
        _ => Vec::new(),
    }
}

/// The items where the flag is set.
pub(crate) fn select<T: Clone>(items: &[T], flags: &[bool]) -> Vec<T> {
    items.iter().zip(flags).filter(|(_, flag)| **flag).map(|(item, _)| item.clone()).collect()
}

/// Walks along a second list that has items at some places only.
pub(crate) trait NextIf: Iterator {
    /// The next item if there is one at this place.
    fn next_if(&mut self, present: bool) -> Option<Self::Item> {
        if present { self.next() } else { None }
    }
}

impl<I: Iterator> NextIf for I {}

/// Refuses inputs that differ from what was recorded.
pub(crate) fn expect_specs(op: &'static str, inputs: &[Array], specs: impl Iterator<Item = Spec>) -> Result<()> {
    let mut given = inputs.iter();
    for (index, spec) in specs.enumerate() {
        if given.next().is_none_or(|input| input.spec() != spec) {
            return Err(Error::value(op, format!("array {index} must be {}", describe(&spec))));
        }
    }
    match given.count() {
        0 => Ok(()),
        more => Err(Error::value(op, format!("there are {more} arrays too many"))),
    }
}

/// A shape and type in words.
pub(crate) fn describe(spec: &Spec) -> String {
    format!("{} of shape {}", spec.dtype, crate::error::tuple(&spec.shape))
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Body({} -> {})", self.inputs.len(), self.outputs.len())
    }
}
