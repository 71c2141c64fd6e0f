//! Choice between two arrays by a third.

use cotan_kernels::simd::{Isa, Map3, Tile};
use cotan_kernels::{Bool, DType, Element, Tensor, with_dtype};
use smallvec::smallvec;

use super::follow::unbroadcast_like;
use super::{Batched, Op, Primitive, Site, Tangents, astype, elementwise, same_dtype, zeros_like};
use crate::array::{Array, Spec};
use crate::error::Result;

/// `condition ? x : y`, inputs in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Select;

/// `x` where `condition` is true, else `y`; all three broadcast, `x` and `y` promote, and the condition is cast to bool.
///
/// # Errors
/// When the shapes don't broadcast.
pub fn where_(condition: &Array, x: &Array, y: &Array) -> Result<Array> {
    let (x, y) = same_dtype(x, y)?;
    Array::apply(Select, smallvec![astype(condition, DType::Bool)?, x, y])
}

#[derive(Clone, Copy)]
struct Pick;

impl<T: Element> Map3<Bool, T, T, T> for Pick {
    #[inline(always)]
    fn call<I: Isa>(condition: Bool, x: T, y: T) -> T {
        if condition.get() { x } else { y }
    }
}

impl Select {
    /// The kernel for elements of `dtype`.
    pub(crate) fn tile(self, dtype: DType) -> Tile {
        with_dtype!(dtype, T => Tile::map3::<Bool, T, T, T, Pick>())
    }
}

impl Primitive for Select {
    fn name(&self) -> &'static str {
        "where"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![Spec { shape: elementwise::broadcast_shape(self.name(), inputs)?, dtype: inputs[1].dtype() }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        if tangents[1].is_none() && tangents[2].is_none() {
            return Ok(vec![None]);
        }
        let [x, y] = [1, 2].map(|i| tangents[i].clone().unwrap_or_else(|| zeros_like(&site.inputs[i])));
        Ok(vec![Some(Array::apply(*self, smallvec![site.inputs[0].clone(), x, y])?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; 3]) };
        let zero = super::zeros(&[], cotangent.dtype());
        let side = |index: usize, x: &Array, y: &Array| -> Result<Option<Array>> {
            if !site.wanted[index] {
                return Ok(None);
            }
            let picked = Array::apply(*self, smallvec![site.inputs[0].clone(), x.clone(), y.clone()])?;
            unbroadcast_like(&picked, &site.inputs[index]).map(Some)
        };
        Ok(vec![None, side(1, cotangent, &zero)?, side(2, &zero, cotangent)?])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        elementwise::vmap(*self, inputs)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        crate::exec::eval_elementwise(&Op::from(*self), inputs, specs)
    }
}
