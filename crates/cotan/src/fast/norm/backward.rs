//! The gradients of a norm of the last axis as one operation.

use cotan_kernels::Tensor;

use super::{Style, composed};
use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Primitive, Site, Tangents, astype, sum};

/// Gradients of a norm for the rows, and those wanted for a weight and a bias.
///
/// The inputs are the rows, the cotangent of their norms and a weight, all of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct NormGrad {
    /// Which norm.
    pub(super) style: Style,
    /// Whether there is a weight.
    pub(super) weight: bool,
    /// Whether the gradient for the weight is wanted.
    pub(super) of_weight: bool,
    /// Whether the gradient for a bias is wanted.
    pub(super) of_bias: bool,
}

impl NormGrad {
    fn compose(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        let primals: Vec<Array> = [&inputs[0]].into_iter().chain(inputs.get(2)).cloned().collect();
        let norm = |primals: &[Array]| Ok(vec![self.style.compose(&primals[0], [primals.get(1), None])?]);
        let cotangent = &inputs[1];
        let pulled = composed::pull(norm, &primals, &[Some(cotangent.clone())])?;
        let mut gradients: Vec<Array> = pulled.into_iter().take(1 + usize::from(self.of_weight)).flatten().collect();
        if self.of_bias {
            let axes: Vec<i64> = (self.style.lead..cotangent.ndim() - 1).map(|axis| axis as i64).collect();
            let total = sum(&astype(cotangent, super::wide(cotangent.dtype()))?, Some(&axes), false)?;
            gradients.push(astype(&total, cotangent.dtype())?);
        }
        Ok(gradients)
    }
}

impl Primitive for NormGrad {
    fn name(&self) -> &'static str {
        if self.style.centre { "layer_norm_vjp" } else { "rms_norm_vjp" }
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let count = 2 + usize::from(self.weight);
        if inputs.len() != count || (self.of_weight && !self.weight) {
            return Err(Error::value(self.name(), format!("takes {count} inputs, not {}", inputs.len())));
        }
        self.style.check(self.name(), &inputs[0], Some(&inputs[1]), &inputs[2..])?;
        let x = inputs[0].spec();
        let (lead, n) = (&x.shape[..self.style.lead], &x.shape[x.shape.len() - 1..]);
        let factor = Spec::new(&[lead, n].concat(), x.dtype);
        let factors = usize::from(self.of_weight) + usize::from(self.of_bias);
        Ok(std::iter::once(x).chain(std::iter::repeat_n(factor, factors)).collect())
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        composed::push(|inputs| self.compose(inputs), site.inputs, tangents)
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        composed::pull(|inputs| self.compose(inputs), site.inputs, cotangents)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        // Gradients of factors are sums over the rows of one example.
        let expanded = inputs.iter().map(|input| input.expand(examples)).collect::<Result<Inputs>>()?;
        let inner = NormGrad { style: Style { lead: self.style.lead + 1, ..self.style }, ..*self };
        Ok(Array::apply_all(inner, expanded)?.into_iter().map(Batched::mapped).collect())
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let wanted = [self.of_weight, self.of_bias];
        let grads = cotan_kernels::norm::norm_grad(&inputs[0], inputs.get(2), &inputs[1], self.style.kernel(), wanted);
        let grads = grads.map_err(|error| Error::from_kernel(self.name(), error))?;
        Ok([Some(grads.x), grads.weight, grads.bias].into_iter().flatten().collect())
    }
}
