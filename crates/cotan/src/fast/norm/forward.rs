//! A norm of the last axis as one operation.

use cotan_kernels::Tensor;
use smallvec::SmallVec;

use super::{NormGrad, Style, composed};
use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Primitive, Site, Tangents, astype};

/// A norm of the last axis; the inputs are the rows, a weight and a bias, all of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Norm {
    /// Which norm.
    pub(super) style: Style,
    /// Whether there is a weight.
    pub(super) weight: bool,
    /// Whether there is a bias.
    pub(super) bias: bool,
}

impl Norm {
    /// Those of the weight and the bias that there are, out of the inputs after the first.
    fn factors<'a, T>(&self, inputs: &'a [T]) -> [Option<&'a T>; 2] {
        let mut rest = inputs[1..].iter();
        [self.weight, self.bias].map(|given| if given { rest.next() } else { None })
    }

    fn compose(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        Ok(vec![self.style.compose(&inputs[0], self.factors(inputs))?])
    }
}

impl Primitive for Norm {
    fn name(&self) -> &'static str {
        self.style.name()
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let count = 1 + usize::from(self.weight) + usize::from(self.bias);
        if inputs.len() != count {
            return Err(Error::value(self.name(), format!("takes {count} inputs, not {}", inputs.len())));
        }
        self.style.check(self.name(), &inputs[0], None, &inputs[1..])?;
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        composed::push(|inputs| self.compose(inputs), site.inputs, tangents)
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; site.inputs.len()]) };
        let wanted = |factor: bool, index: usize| factor && site.wanted[index];
        let grad = NormGrad {
            style: self.style,
            weight: self.weight,
            of_weight: wanted(self.weight, 1),
            of_bias: wanted(self.bias, 1 + usize::from(self.weight)),
        };
        let [weight, _] = self.factors(site.inputs);
        let cotangent = astype(cotangent, site.inputs[0].dtype())?;
        let inputs: Inputs = [Some(&site.inputs[0]), Some(&cotangent), weight].into_iter().flatten().cloned().collect();
        let mut pulled = Array::apply_all(grad, inputs)?.into_iter();
        let mut next = |wanted: bool| if wanted { pulled.next() } else { None };
        let mut cotangents: SmallVec<[Option<Array>; 3]> = SmallVec::new();
        cotangents.push(next(true));
        cotangents.extend(self.weight.then(|| next(grad.of_weight)));
        cotangents.extend(self.bias.then(|| next(grad.of_bias)));
        Ok(cotangents.into_vec())
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let shared = self.style.lead == 0 && inputs[1..].iter().all(|factor| !factor.mapped);
        let (lead, inputs) = match shared {
            true => (0, inputs.iter().map(|input| input.array.clone()).collect::<Inputs>()),
            false => {
                (self.style.lead + 1, inputs.iter().map(|input| input.expand(examples)).collect::<Result<Inputs>>()?)
            }
        };
        let inner = Norm { style: Style { lead, ..self.style }, ..*self };
        Ok(vec![Batched::mapped(Array::apply(inner, inputs)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let [weight, bias] = self.factors(inputs);
        let result = cotan_kernels::norm::norm(&inputs[0], weight, bias, self.style.kernel());
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}
