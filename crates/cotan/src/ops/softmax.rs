//! Softmax and the logarithm of sums of exponentials.

use cotan_kernels::{DType, Tensor};
use smallvec::smallvec;

use super::follow::squeezed;
use super::{Batched, Primitive, Site, Tangents, astype, conj, exp, expect_elements, inexact, keep, multiply};
use super::{reduced_axes, subtract, with_ones};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result};
use cotan_kernels::reduce::ReduceOp;

/// `exp(x) / sum(exp(x))` over axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Softmax {
    /// The axes over which the result sums to one, ascending.
    pub axes: Shape,
}

/// `log(sum(exp(x)))` over axes, which stay with size one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct LogSumExp {
    /// The axes, ascending.
    pub axes: Shape,
}

/// `exp(x) / sum(exp(x))` over `axes` (over the whole array when `None`), without overflow; integers give `float32`.
///
/// Halves are computed in `float32` and rounded once, whether `precise` or not.
///
/// # Errors
/// When an axis doesn't exist or is given twice.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1000.0f32, 1000.0], &[2])?;
/// assert_eq!(ops::softmax(&x, None, false)?.to_vec::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn softmax(a: &Array, axes: Option<&[i64]>, precise: bool) -> Result<Array> {
    let axes = reduced_axes("softmax", axes, a.ndim())?;
    let values = inexact(a)?;
    if !precise || !matches!(values.dtype(), DType::F16 | DType::Bf16) {
        return Array::apply(Softmax { axes }, smallvec![values]);
    }
    let wide = Array::apply(Softmax { axes }, smallvec![astype(&values, DType::F32)?])?;
    astype(&wide, values.dtype())
}

/// `log(sum(exp(x)))` over `axes` (all axes when `None`), without overflow; integers give `float32`.
///
/// # Errors
/// When an axis doesn't exist or is given twice, or there would be nothing to sum.
pub fn logsumexp(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    let axes = reduced_axes("logsumexp", axes, a.ndim())?;
    let values = inexact(a)?;
    if axes.is_empty() {
        return Ok(values);
    }
    let total = Array::apply(LogSumExp { axes: axes.clone() }, smallvec![values])?;
    if keepdims { Ok(total) } else { squeezed(&total, &axes) }
}

fn under_vmap(axes: &[usize]) -> Shape {
    axes.iter().map(|axis| axis + 1).collect()
}

impl Softmax {
    /// `slope * (v - sum(slope * v))`, which is the same map forwards and transposed.
    fn linear(&self, slope: &Array, v: &Array) -> Result<Array> {
        let total = keep(ReduceOp::Sum, &multiply(slope, v)?, &self.axes)?;
        multiply(slope, &subtract(v, &total)?)
    }
}

impl Primitive for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_inexact(self.name(), &inputs[0])?;
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| self.linear(&site.outputs[0], tangent)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let slope = conj(&site.outputs[0])?;
        Ok(vec![cotangents[0].as_ref().map(|cotangent| self.linear(&slope, cotangent)).transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let inner = Softmax { axes: under_vmap(&self.axes) };
        Ok(vec![Batched::mapped(Array::apply(inner, smallvec![inputs[0].array.clone()])?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::softmax::softmax(&inputs[0], &self.axes);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}

impl LogSumExp {
    fn slope(site: &Site) -> Result<Array> {
        exp(&subtract(&site.inputs[0], &site.outputs[0])?)
    }
}

impl Primitive for LogSumExp {
    fn name(&self) -> &'static str {
        "logsumexp"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_inexact(self.name(), &inputs[0])?;
        expect_elements(self.name(), inputs[0].shape(), &self.axes)?;
        Ok(vec![Spec { shape: with_ones(inputs[0].shape(), &self.axes), dtype: inputs[0].dtype() }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None]) };
        Ok(vec![Some(keep(ReduceOp::Sum, &multiply(&LogSumExp::slope(site)?, tangent)?, &self.axes)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        Ok(vec![Some(multiply(cotangent, &conj(&LogSumExp::slope(site)?)?)?)])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let inner = LogSumExp { axes: under_vmap(&self.axes) };
        Ok(vec![Batched::mapped(Array::apply(inner, smallvec![inputs[0].array.clone()])?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::softmax::logsumexp(&inputs[0], &self.axes);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}

fn expect_inexact(op: &'static str, a: &Array) -> Result<()> {
    if a.dtype().is_inexact() {
        return Ok(());
    }
    Err(Error::DType { op, dtype: a.dtype(), expected: "a floating type" })
}
