//! Bodies as files hold them, and what a file has to prove about them.

use cotan_kernels::{DType, Scalar};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::{Loop, Switch, While};
use crate::array::{Array, Spec};
use crate::error::{Error, Result};
use crate::ops::{Op, Primitive};
use crate::transforms::{Traced, scalar};

/// A function of all inputs of a body, and the numbers that are written in it.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    function: Traced,
    constants: Vec<Scalar>,
}

const NAME: &str = "body";

impl Stored {
    fn of(body: &Body) -> Result<Stored> {
        let specs: Vec<Spec> = body.input_specs().collect();
        let function = Traced::record(NAME, &specs, |leaves| body.call(leaves))?;
        let number = |array: &Array| {
            let number = array.as_constant().or_else(|| scalar(array));
            number.ok_or_else(|| Error::value(NAME, "a constant is no single number"))
        };
        let constants = function.captured().iter().map(number).collect::<Result<_>>()?;
        Ok(Stored { function, constants })
    }

    fn body(self) -> Result<Body> {
        let Stored { function, constants } = self;
        let places = function.captured();
        let fit = |(place, number): (&Array, &Scalar)| place.dtype() == number.dtype();
        if places.len() != constants.len() || !places.iter().zip(&constants).all(fit) {
            return Err(Error::value(NAME, "its constants differ from those that it reads"));
        }
        let constants: Vec<Array> =
            places.iter().zip(constants).map(|(place, number)| Array::full(place.shape(), number)).collect();
        Body::closed(NAME, function.argument_specs(), |leaves| function.call_with(leaves, &constants))
    }
}

impl PartialEq for Body {
    /// Bodies are equal when they do the same, wherever they were recorded.
    fn eq(&self, other: &Body) -> bool {
        let same = || Some(Stored::of(self).ok()? == Stored::of(other).ok()?);
        std::ptr::eq(self, other) || same().unwrap_or(false)
    }
}

impl Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Stored::of(self).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Body, D::Error> {
        Stored::deserialize(deserializer)?.body().map_err(serde::de::Error::custom)
    }
}

/// Refuses control flow whose bodies don't belong together, which only a file can hold.
pub(crate) fn check(op: &Op, inputs: &[Array]) -> Result<()> {
    let belongs = match op {
        Op::Loop(each) => loops(each),
        Op::While(each) => repeats(each),
        Op::Switch(each) => branches(each, inputs),
        _ => true,
    };
    if belongs { Ok(()) } else { Err(Error::value(op.name(), "its bodies don't fit its inputs")) }
}

fn specs(body: &Body) -> (Vec<Spec>, Vec<Spec>) {
    (body.input_specs().collect(), body.output_specs().collect())
}

/// Carries go out as they came in.
fn loops(op: &Loop) -> bool {
    let (inputs, outputs) = specs(&op.body);
    let carried = op.consts.checked_add(op.carries).and_then(|end| inputs.get(op.consts..end));
    carried.is_some_and(|carried| outputs.get(..op.carries) == Some(carried))
}

/// The condition is one truth value of the carries, which go out of the body as they came in.
fn repeats(op: &While) -> bool {
    let ((inputs, outputs), (read, decided)) = (specs(&op.body), specs(&op.condition));
    inputs.get(op.body_consts..) == Some(&outputs[..])
        && read.get(op.condition_consts..) == Some(&outputs[..])
        && decided == [Spec::new(&[], DType::Bool)]
}

/// All branches give the same and read what is there.
fn branches(op: &Switch, inputs: &[Array]) -> bool {
    let Some((first, _)) = op.branches.first() else { return false };
    let results = specs(first).1;
    !inputs.is_empty()
        && op.branches.iter().all(|(body, positions)| {
            specs(body).1 == results && positions.iter().all(|&position| position < inputs.len() - 1)
        })
}
