//! Operations that return their input: a fresh identity, and the end of differentiation.

use cotan_kernels::Tensor;
use smallvec::smallvec;

use super::{Batched, Primitive, Site, Tangents};
use crate::array::{Array, Spec};
use crate::error::Result;

/// The input under a new identity, which keeps nested perturbations apart.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Alias;

/// The input, which derivatives see as a constant.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StopGradient;

/// The input as a constant: no derivative flows through it.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn stop_gradient(a: &Array) -> Result<Array> {
    Array::apply(StopGradient, smallvec![a.clone()])
}

macro_rules! identity {
    ($name:ident, $text:literal, $through:expr) => {
        impl Primitive for $name {
            fn name(&self) -> &'static str {
                $text
            }
            fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
                Ok(vec![inputs[0].spec()])
            }
            fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
                Ok(vec![tangents[0].clone().filter(|_| $through)])
            }
            fn vjp(&self, _: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
                Ok(vec![cotangents[0].clone().filter(|_| $through)])
            }
            fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
                let array = Array::apply(self.clone(), smallvec![inputs[0].array.clone()])?;
                Ok(vec![Batched { array, mapped: inputs[0].mapped }])
            }
            fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
                Ok(vec![inputs[0].clone()])
            }
        }
    };
}
identity!(Alias, "alias", true);
identity!(StopGradient, "stop_gradient", false);
