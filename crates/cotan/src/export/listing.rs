//! A recorded function as a list of named values and the operations between them.

use serde::{Serialize, Serializer};

use super::graph::Graph;
use super::names;
use crate::array::{Array, Shape, Spec};
use crate::error::Result;
use crate::ops::{Broadcast, Op};
use crate::transforms::Traced;

/// A value of a listing.
#[derive(Clone, Debug)]
pub struct ListedValue {
    /// `A`, `B`, ..., `Z`, `AA`, ...
    pub name: String,
    /// Shape and type.
    pub spec: Spec,
}

/// An operation of a listing.
pub struct ListedCall {
    op: Op,
    /// What it reads.
    pub inputs: Vec<ListedValue>,
    /// What it makes.
    pub outputs: Vec<ListedValue>,
}

/// The parameters of an operation, for serde.
pub struct Parameters<'a>(&'a Op);

/// Values and operations of a recorded function, with MLX's names.
pub struct Listing {
    /// The arguments.
    pub inputs: Vec<ListedValue>,
    /// The results.
    pub outputs: Vec<ListedValue>,
    /// The constants.
    pub constants: Vec<(ListedValue, Array)>,
    /// The operations, inputs first.
    pub calls: Vec<ListedCall>,
}

impl ListedCall {
    /// The name that MLX has for the operation.
    #[must_use]
    pub fn name(&self) -> String {
        names::name(&self.op)
    }

    /// The operation's parameters.
    #[must_use]
    pub fn parameters(&self) -> Parameters<'_> {
        Parameters(&self.op)
    }
}

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// `A` to `Z`, then `AA` and so on.
pub(super) fn letters(mut number: usize) -> String {
    let mut name = Vec::new();
    loop {
        name.push(b'A' + (number % 26) as u8);
        match (number / 26).checked_sub(1) {
            Some(rest) => number = rest,
            None => break,
        }
    }
    name.iter().rev().map(|&letter| char::from(letter)).collect()
}

/// Hands out names.
#[derive(Default)]
struct Names(usize);

impl Names {
    fn next(&mut self, spec: &Spec) -> ListedValue {
        self.0 += 1;
        ListedValue { name: letters(self.0 - 1), spec: spec.clone() }
    }
}

impl Listing {
    /// The listing of a recorded function.
    ///
    /// # Errors
    /// When an operation comes from outside this library.
    pub fn new(traced: &Traced) -> Result<Listing> {
        let (graph, constants) = Graph::of(traced)?;
        let specs: Vec<&Spec> = graph
            .arguments
            .iter()
            .chain(&graph.constants)
            .chain(graph.steps.iter().flat_map(|step| &step.outputs))
            .collect();
        // Names go to arguments, results and constants first, as MLX hands them out.
        let mut names = Names::default();
        let mut values: Vec<Option<ListedValue>> = vec![None; specs.len()];
        let given = graph.arguments.len();
        let order = (0..given).chain(graph.outputs.iter().map(|&output| output as usize));
        for number in order.chain(given..given + constants.len()) {
            if values[number].is_none() {
                values[number] = Some(names.next(specs[number]));
            }
        }
        let mut calls = Vec::new();
        let mut next = given + constants.len();
        for step in &graph.steps {
            let mut inputs: Vec<ListedValue> =
                step.inputs.iter().filter_map(|&input| values[input as usize].clone()).collect();
            let outputs: Vec<ListedValue> = (next..next + step.outputs.len())
                .map(|number| values[number].get_or_insert_with(|| names.next(specs[number])).clone())
                .collect();
            next += step.outputs.len();
            if matches!(step.op, Op::Binary(_) | Op::Select(_)) {
                broadcast(&mut inputs, &step.outputs[0].shape, &mut names, &mut calls);
            }
            calls.push(ListedCall { op: step.op.clone(), inputs, outputs });
        }
        let named = |number: usize| values[number].clone().expect("every value has a name by now");
        Ok(Listing {
            inputs: (0..given).map(named).collect(),
            outputs: graph.outputs.iter().map(|&output| named(output as usize)).collect(),
            constants: constants.into_iter().enumerate().map(|(i, array)| (named(given + i), array)).collect(),
            calls,
        })
    }
}

/// Where operands are repeated, MLX has operations that say so.
fn broadcast(inputs: &mut [ListedValue], shape: &Shape, names: &mut Names, calls: &mut Vec<ListedCall>) {
    for input in inputs {
        if input.spec.shape != *shape {
            let spec = Spec { shape: shape.clone(), dtype: input.spec.dtype };
            let repeated = names.next(&spec);
            let from = std::mem::replace(input, repeated.clone());
            let op = Op::from(Broadcast { shape: shape.clone() });
            calls.push(ListedCall { op, inputs: vec![from], outputs: vec![repeated] });
        }
    }
}
