//! Rotary positions as one operation, whose transpose is the rotation the other way round.

use cotan_kernels::rope::{Speeds, Turn};
use cotan_kernels::{Scalar, Tensor};

use super::compose::compose;
use super::{OP, composed, expect_float, wide};
use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result, tuple};
use crate::ops::{Batched, Primitive, Site, Tangents, astype, expand_dims};

/// Turns pairs of features by angles that grow with the position of the row.
///
/// The inputs are the rows, integer offsets of the position of the first row over some axes in front, and the periods of
/// pairs where there is no base, in the type that is computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Rotate {
    /// How many features, from the first on.
    pub(super) dims: usize,
    /// Pairs are neighbours, else half of `dims` apart.
    pub(super) traditional: bool,
    /// The other way round.
    pub(super) inverse: bool,
    /// Multiplies positions.
    pub(super) scale: Scalar,
    /// Pair `j` of `d / 2` turns by `base^(-2j / d)` a position.
    pub(super) base: Option<Scalar>,
}

impl Rotate {
    fn of(self, x: &Array, inputs: &[Array]) -> Result<Array> {
        let x = astype(x, inputs[0].dtype())?;
        Array::apply(self, std::iter::once(x).chain(inputs[1..].iter().cloned()).collect())
    }

    fn compose(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        Ok(vec![compose(self, inputs)?])
    }
}

impl Primitive for Rotate {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let count = 2 + usize::from(self.base.is_none());
        if inputs.len() != count {
            return Err(Error::value(OP, format!("takes {count} inputs, not {}", inputs.len())));
        }
        let (x, offset) = (&inputs[0], &inputs[1]);
        expect_float(OP, x.dtype())?;
        let [lead @ .., _, features] = x.shape() else {
            return Err(Error::value(OP, format!("needs rows of features, got shape {}", tuple(x.shape()))));
        };
        if self.dims == 0 || !self.dims.is_multiple_of(2) || self.dims > *features {
            return Err(Error::value(OP, format!("can't turn {} features of shape {}", self.dims, tuple(x.shape()))));
        }
        let fits = offset.ndim() <= lead.len() && offset.shape().iter().zip(lead).all(|(&o, &n)| o == 1 || o == n);
        if !fits || !offset.dtype().is_integer() {
            let (given, rows) = (format!("{} of {}", tuple(offset.shape()), offset.dtype()), tuple(x.shape()));
            return Err(Error::value(OP, format!("offsets {given} don't fit rows of shape {rows}")));
        }
        let periods = |periods: &Array| periods.shape() == [self.dims / 2] && periods.dtype() == wide(x.dtype());
        if !inputs.get(2).is_none_or(periods) {
            return Err(Error::value(OP, format!("{} features need as many periods as pairs", self.dims)));
        }
        Ok(vec![x.spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        if tangents.get(2).is_some_and(Option::is_some) {
            return composed::push(|inputs| self.compose(inputs), site.inputs, tangents);
        }
        Ok(vec![tangents[0].as_ref().map(|tangent| self.of(tangent, site.inputs)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; site.inputs.len()]) };
        let mut pulled = match site.wanted.get(2) {
            Some(true) => composed::pull(|inputs| self.compose(inputs), site.inputs, cotangents)?,
            Some(false) | None => vec![None; site.inputs.len()],
        };
        let back = Rotate { inverse: !self.inverse, ..*self };
        pulled[0] = Some(back.of(cotangent, site.inputs)?);
        Ok(pulled)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        if inputs.get(2).is_some_and(|periods| periods.mapped) {
            return composed::map(|inputs| self.compose(inputs), inputs, examples);
        }
        let offset = match &inputs[1] {
            Batched { array, mapped: false } if array.ndim() > 0 => expand_dims(array, &[0])?,
            offset => offset.array.clone(),
        };
        let periods = inputs.get(2).map(|periods| periods.array.clone());
        let all: Inputs = [inputs[0].expand(examples)?, offset].into_iter().chain(periods).collect();
        Ok(vec![Batched::mapped(Array::apply(*self, all)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let speeds = match (inputs.get(2), self.base) {
            (Some(periods), _) => Speeds::Periods(periods),
            (None, base) => Speeds::Base(base.map_or(1.0, Scalar::to::<f64>)),
        };
        let Rotate { dims, traditional, inverse, .. } = *self;
        let turn = Turn { dims, traditional, inverse, scale: self.scale.to::<f64>(), speeds };
        let result = cotan_kernels::rope::rope(&inputs[0], &inputs[1], turn);
        Ok(vec![result.map_err(|error| Error::from_kernel(OP, error))?])
    }
}
