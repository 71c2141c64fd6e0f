//! Linear recurrences along an axis: what derivatives of running products and running logsumexps are made of.

use cotan_kernels::Tensor;
use smallvec::smallvec;

use super::{Batched, Primitive, Site, Tangents, add, conj, multiply, same_dtype, shift};
use crate::array::{Array, Spec};
use crate::error::{Error, Result, tuple};

/// `h[i] = decay[i] * h[i - 1] + input[i]` along an axis, with inputs in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Recurrence {
    /// The axis.
    pub axis: usize,
    /// From the end, with `h[i + 1]` in place of `h[i - 1]`.
    pub reverse: bool,
}

impl Recurrence {
    pub(crate) fn of(self, decay: &Array, input: &Array) -> Result<Array> {
        let (decay, input) = same_dtype(decay, input)?;
        Array::apply(self, smallvec![decay, input])
    }

    /// The transposed map: the cotangent of `input`, given that of the result.
    pub(crate) fn transposed(self, decay: &Array, cotangent: &Array) -> Result<Array> {
        let other = Recurrence { axis: self.axis, reverse: !self.reverse };
        other.of(&shift(&conj(decay)?, self.axis, other.reverse)?, cotangent)
    }
}

impl Primitive for Recurrence {
    fn name(&self) -> &'static str {
        "recurrence"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        if inputs[0].spec() != inputs[1].spec() {
            let [a, b] = [0, 1].map(|i| format!("{} of {}", tuple(inputs[i].shape()), inputs[i].dtype()));
            return Err(Error::value(self.name(), format!("operands must agree in shape and type, got {a} and {b}")));
        }
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let decay = &site.inputs[0];
        let before = || shift(&site.outputs[0], self.axis, self.reverse);
        let drive = match (&tangents[0], &tangents[1]) {
            (None, None) => return Ok(vec![None]),
            (None, Some(input)) => input.clone(),
            (Some(decay), None) => multiply(decay, &before()?)?,
            (Some(decay), Some(input)) => add(&multiply(decay, &before()?)?, input)?,
        };
        Ok(vec![Some(self.of(decay, &drive)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None, None]) };
        let input = self.transposed(&site.inputs[0], cotangent)?;
        if !site.wanted[0] {
            return Ok(vec![None, Some(input)]);
        }
        let before = shift(&site.outputs[0], self.axis, self.reverse)?;
        Ok(vec![Some(multiply(&input, &conj(&before)?)?), Some(input)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let inner = Recurrence { axis: self.axis + 1, reverse: self.reverse };
        Ok(vec![Batched::mapped(inner.of(&inputs[0].expand(examples)?, &inputs[1].expand(examples)?)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::recurrence::recurrence(&inputs[0], &inputs[1], self.axis, self.reverse);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}
