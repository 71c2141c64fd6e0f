//! Positions of extremes.

use cotan_kernels::{DType, Tensor};
use smallvec::smallvec;

use super::follow::{Regroup, flat, regroup, squeezed};
use super::{Batched, Primitive, Site, Tangents, expect_elements, normalize_axis, with_ones};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result};

/// The position of an extreme along an axis, which stays with size one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ArgReduce {
    /// Of the largest element, not the smallest.
    pub max: bool,
    /// The axis.
    pub axis: usize,
}

/// The position, as `uint32`, of the first largest element along `axis` (in the flattened array when `None`), or of the
/// first NaN.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis, [`Error::Value`] when there would be no element to choose from.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1i32, 3, 3], &[3])?;
/// assert_eq!(ops::argmax(&x, None, false)?.item::<u32>()?, 1);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn argmax(a: &Array, axis: Option<i64>, keepdims: bool) -> Result<Array> {
    arg_reduce(true, a, axis, keepdims)
}

/// The position, as `uint32`, of the first smallest element along `axis` (in the flattened array when `None`), or of the
/// first NaN.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis, [`Error::Value`] when there would be no element to choose from.
pub fn argmin(a: &Array, axis: Option<i64>, keepdims: bool) -> Result<Array> {
    arg_reduce(false, a, axis, keepdims)
}

fn arg_reduce(max: bool, a: &Array, axis: Option<i64>, keepdims: bool) -> Result<Array> {
    let op = ArgReduce { max, axis: 0 };
    let Some(axis) = axis else {
        let found = squeezed(&Array::apply(op, smallvec![flat(a)?])?, &[0])?;
        let axes: Shape = (0..a.ndim()).collect();
        return if keepdims { regroup(&found, Regroup::Expand(axes)) } else { Ok(found) };
    };
    let axis = normalize_axis(op.name(), axis, a.ndim())?;
    let found = Array::apply(ArgReduce { max, axis }, smallvec![a.clone()])?;
    if keepdims { Ok(found) } else { squeezed(&found, &[axis]) }
}

/// Positions along an axis are `uint32`.
pub(crate) fn expect_countable(op: &'static str, size: usize) -> Result<()> {
    match u32::try_from(size) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::value(op, format!("an axis of size {size} has positions that uint32 can't hold"))),
    }
}

impl Primitive for ArgReduce {
    fn name(&self) -> &'static str {
        if self.max { "argmax" } else { "argmin" }
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let shape = inputs[0].shape();
        expect_elements(self.name(), shape, &[self.axis])?;
        expect_countable(self.name(), shape[self.axis])?;
        Ok(vec![Spec { shape: with_ones(shape, &[self.axis]), dtype: DType::U32 }])
    }

    fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![None])
    }

    fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![None])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let inner = ArgReduce { max: self.max, axis: self.axis + 1 };
        Ok(vec![Batched::mapped(Array::apply(inner, smallvec![inputs[0].array.clone()])?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::reduce::arg_reduce(self.max, &inputs[0], self.axis);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}
