//! Conversion of element types.

use cotan_kernels::{DType, Tensor};
use smallvec::smallvec;

use super::{Batched, Op, Primitive, Site, Tangents, elementwise};
use crate::array::{Array, Spec};
use crate::error::Result;

/// Conversion to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Cast {
    /// The type of the result.
    pub to: DType,
}

/// The elements converted to `dtype`: floats truncate toward zero, integers wrap, anything but zero is true.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn astype(a: &Array, dtype: DType) -> Result<Array> {
    if a.dtype() == dtype { Ok(a.clone()) } else { Array::apply(Cast { to: dtype }, smallvec![a.clone()]) }
}

/// Both arrays in the type that they promote to.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn same_dtype(a: &Array, b: &Array) -> Result<(Array, Array)> {
    let dtype = a.dtype().promote(b.dtype());
    Ok((astype(a, dtype)?, astype(b, dtype)?))
}

impl Primitive for Cast {
    fn name(&self) -> &'static str {
        "astype"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![Spec::new(inputs[0].shape(), self.to)])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| astype(tangent, self.to)).transpose()?])
    }

    // MLX lets cotangents through casts to integers too, which straight-through estimators rely on.
    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let dtype = site.inputs[0].dtype();
        Ok(vec![cotangents[0].as_ref().map(|cotangent| astype(cotangent, dtype)).transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        elementwise::vmap(*self, inputs)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        crate::exec::eval_elementwise(&Op::from(*self), inputs, specs)
    }
}
