//! The gradients of attention as one operation.

use cotan_kernels::Tensor;
use cotan_kernels::attention::attention_grad;

use super::{Attention, check, composed, wide};
use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Primitive, Site, Tangents, broadcast_to, zeros};

/// Gradients of attention for queries, keys and values, and for sinks where there are any: one for each head.
///
/// The inputs are queries, keys and values, the two outputs of attention, the cotangent of the first, a mask and sinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct AttentionGrad {
    /// Attention to what.
    pub(super) attention: Attention,
}

/// Inputs before a mask and sinks.
const FIXED: usize = 6;

impl AttentionGrad {
    /// The gradients as functions of the operands and the cotangent: the results of attention are themselves such.
    fn compose(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        let (fixed, extras) = inputs.split_at(FIXED);
        let [mask, sinks] = self.attention.extras(extras);
        let mut primals: Vec<Array> = fixed[..3].iter().chain(mask).cloned().collect();
        let [_, heads] = check([&fixed[0], &fixed[1], &fixed[2]])?;
        if let Some(sinks) = sinks {
            primals.push(broadcast_to(sinks, &heads)?);
        }
        let cotangent = [Some(fixed[5].clone())];
        let pulled = composed::pull(|primals| self.attention.compose(primals), &primals, &cotangent)?;
        let wanted = primals.iter().zip(pulled).enumerate().filter(|(index, _)| *index != 3 || mask.is_none());
        Ok(wanted.map(|(_, (x, gradient))| gradient.unwrap_or_else(|| zeros(x.shape(), x.dtype()))).collect())
    }
}

impl Primitive for AttentionGrad {
    fn name(&self) -> &'static str {
        "scaled_dot_product_attention_vjp"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let [q, k, v, out, stats, cotangent, extras @ ..] = inputs else {
            return Err(Error::value(self.name(), "needs operands, results and a cotangent"));
        };
        self.attention.check(self.name(), [q, k, v], extras)?;
        let rows = &q.shape()[..q.ndim() - 1];
        let result = Spec::new(&[rows, &v.shape()[v.ndim() - 1..]].concat(), q.dtype());
        if out.spec() != result
            || cotangent.spec() != result
            || stats.spec() != Spec::new(&[rows, &[2]].concat(), wide(q.dtype()))
        {
            return Err(Error::value(self.name(), "the results or the cotangent don't fit the operands"));
        }
        let heads = Spec::new(&rows[..rows.len() - 1], wide(q.dtype()));
        Ok([q.spec(), k.spec(), v.spec()].into_iter().chain(self.attention.sinks.then_some(heads)).collect())
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        composed::push(|inputs| self.compose(inputs), site.inputs, tangents)
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        composed::pull(|inputs| self.compose(inputs), site.inputs, cotangents)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let rank = inputs[0].example_shape().len();
        let (fixed, extras) = inputs.split_at(FIXED);
        let mut all: Inputs = fixed.iter().map(|input| input.expand(examples)).collect::<Result<_>>()?;
        all.extend(self.attention.map_extras(extras, rank)?);
        Ok(Array::apply_all(*self, all)?.into_iter().map(Batched::mapped).collect())
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let operands = self.attention.kernel([&inputs[0], &inputs[1], &inputs[2]], &inputs[FIXED..]);
        let grads = attention_grad(operands, [&inputs[3], &inputs[4]], &inputs[5]);
        let grads = grads.map_err(|error| Error::from_kernel(self.name(), error))?;
        Ok([grads.q, grads.k, grads.v].into_iter().chain(grads.sinks).collect())
    }
}
