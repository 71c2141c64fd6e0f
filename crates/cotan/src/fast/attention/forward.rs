//! Attention as one operation.

use cotan_kernels::attention::{Attention as Kernel, Mask as KernelMask, attention};
use cotan_kernels::{DType, Scalar, Tensor};

use super::{AttentionGrad, MaskKind, OP, aligned, check, compose, composed, expect_broadcasts, expect_float, wide};
use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Primitive, Site, Tangents, astype, unbroadcast_like};

/// Attention over any number of batch axes.
///
/// The inputs are queries, keys and values of one type, a mask of bools or of numbers, and sinks, both of the type that is
/// computed in. The outputs are the result and, of use to the gradients alone, what each row was normalised by: the largest
/// score and the inverse of the sum of exponentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Attention {
    /// Multiplies the scores.
    pub(super) scale: Scalar,
    /// What queries may see.
    pub(super) mask: MaskKind,
    /// Whether heads have sinks.
    pub(super) sinks: bool,
}

impl Attention {
    /// The mask and the sinks that there are, out of the inputs after those that there always are.
    pub(super) fn extras<'a, T>(&self, extras: &'a [T]) -> [Option<&'a T>; 2] {
        let mut rest = extras.iter();
        [self.mask == MaskKind::Array, self.sinks].map(|given| if given { rest.next() } else { None })
    }

    /// Refuses operands that don't fit together; `extras` are a mask and sinks.
    pub(super) fn check(&self, name: &'static str, operands: [&Array; 3], extras: &[Array]) -> Result<()> {
        let count = usize::from(self.mask == MaskKind::Array) + usize::from(self.sinks);
        if extras.len() != count {
            return Err(Error::value(name, format!("takes {count} inputs more, not {}", extras.len())));
        }
        let [scores, rows] = check(operands)?;
        let [mask, sinks] = self.extras(extras);
        let dtype = operands[0].dtype();
        expect_float(name, dtype)?;
        mask.map_or(Ok(()), |mask| expect_broadcasts("mask", mask, &scores))?;
        sinks.map_or(Ok(()), |sinks| expect_broadcasts("vector of sinks", sinks, &rows))?;
        let masks = |mask: &Array| mask.dtype() == DType::Bool || mask.dtype() == wide(dtype);
        let fits = operands.iter().all(|operand| operand.dtype() == dtype)
            && mask.is_none_or(masks)
            && sinks.is_none_or(|sinks| sinks.dtype() == wide(dtype));
        if fits { Ok(()) } else { Err(Error::value(name, "the types of the operands don't fit together")) }
    }

    /// The operands for the kernel.
    pub(super) fn kernel<'a>(&self, [q, k, v]: [&'a Tensor; 3], extras: &'a [Tensor]) -> Kernel<'a> {
        let [mask, sinks] = self.extras(extras);
        let mask = match (self.mask, mask) {
            (MaskKind::Causal, _) => KernelMask::Causal,
            (MaskKind::All | MaskKind::Array, None) => KernelMask::All,
            (MaskKind::All | MaskKind::Array, Some(mask)) => KernelMask::Array(mask),
        };
        Kernel { q, k, v, scale: self.scale.to::<f64>(), mask, sinks }
    }

    /// The extras as all examples see them; `rank` is that of the queries of one.
    pub(super) fn map_extras(&self, extras: &[Batched], rank: usize) -> Result<Vec<Array>> {
        let [mask, sinks] = self.extras(extras);
        let mask = mask.map(|mask| aligned(mask, rank));
        mask.into_iter().chain(sinks.map(|sinks| aligned(sinks, rank - 2))).collect()
    }

    pub(super) fn compose(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        Ok(vec![compose::compose(self, inputs)?])
    }
}

impl Primitive for Attention {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let [q, k, v, extras @ ..] = inputs else { return Err(Error::value(OP, "needs queries, keys and values")) };
        self.check(OP, [q, k, v], extras)?;
        let lead = &q.shape()[..q.ndim() - 1];
        let shape = |last: usize| [lead, &[last]].concat();
        let outputs = v.shape()[v.ndim() - 1];
        Ok(vec![Spec::new(&shape(outputs), q.dtype()), Spec::new(&shape(2), wide(q.dtype()))])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let mut pushed = composed::push(|inputs| self.compose(inputs), site.inputs, tangents)?;
        // Gradients know how they depend on the operands, and don't ask how they do on the second output.
        pushed.push(None);
        Ok(pushed)
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; site.inputs.len()]) };
        let (operands, extras) = site.inputs.split_at(3);
        let [mask, sinks] = self.extras(extras);
        if mask.is_some_and(|mask| mask.dtype() != DType::Bool) && site.wanted[3] {
            return composed::pull(|inputs| self.compose(inputs), site.inputs, &cotangents[..1]);
        }
        let given = [site.outputs[0].clone(), site.outputs[1].clone(), astype(cotangent, operands[0].dtype())?];
        let inputs: Inputs = operands.iter().chain(&given).chain(extras).cloned().collect();
        let mut pulled: Vec<Option<Array>> =
            Array::apply_all(AttentionGrad { attention: *self }, inputs)?.into_iter().map(Some).collect();
        if let (Some(sinks), Some(Some(grad))) = (sinks, pulled.get_mut(3)) {
            *grad = unbroadcast_like(grad, sinks)?;
        }
        if mask.is_some() {
            pulled.insert(3, None);
        }
        Ok(pulled)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let rank = inputs[0].example_shape().len();
        let (operands, extras) = inputs.split_at(3);
        let mut all: Inputs = operands.iter().map(|input| input.expand(examples)).collect::<Result<_>>()?;
        all.extend(self.map_extras(extras, rank)?);
        Ok(Array::apply_all(*self, all)?.into_iter().map(Batched::mapped).collect())
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let operands = self.kernel([&inputs[0], &inputs[1], &inputs[2]], &inputs[3..]);
        Ok(attention(operands).map_err(|error| Error::from_kernel(OP, error))?.into())
    }
}
