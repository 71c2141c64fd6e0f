//! A check of values that waits for their evaluation.

use cotan_kernels::Tensor;
use smallvec::smallvec;

use super::{Batched, Primitive, Site, Tangents};
use crate::array::{Array, Spec};
use crate::error::{Error, Result};

/// The input, which counts places to fill, unless some count exceeds the rows that there are to fill them with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct EnoughRows {
    /// How many rows there are.
    pub rows: i64,
}

impl Primitive for EnoughRows {
    fn name(&self) -> &'static str {
        "mask assignment"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].clone()])
    }

    fn vjp(&self, _: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![cotangents[0].clone()])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let array = Array::apply(self.clone(), smallvec![inputs[0].array.clone()])?;
        Ok(vec![Batched { array, mapped: inputs[0].mapped }])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let most = inputs[0].to_vec::<i64>().into_iter().max().unwrap_or(0);
        if most > self.rows {
            let message = format!("the mask selects {most} places, the value has {} rows", self.rows);
            return Err(Error::Runtime { op: self.name(), message });
        }
        Ok(vec![inputs[0].clone()])
    }
}
