//! Discrete Fourier transforms along one axis, without scaling.

use cotan_kernels::fft::{complex, complex_to_real, real_to_complex};
use cotan_kernels::{DType, KernelError, Tensor};
use smallvec::smallvec;

use super::{Batched, Primitive, Site, Tangents, astype, multiply};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// The transform of complex numbers along an axis; `inverse` turns the sign of the exponent and does not scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Fourier {
    /// The axis.
    pub axis: usize,
    /// The sign of the exponent is positive.
    pub inverse: bool,
}

/// The first half of the transform of `n` real numbers along an axis: `n / 2 + 1` complex ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct RealFourier {
    /// The axis.
    pub axis: usize,
}

/// `n` real numbers from the first half of their transform along an axis, times `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct HalfFourier {
    /// The axis.
    pub axis: usize,
    /// How many real numbers come out.
    pub n: usize,
}

/// The type and shape that an operation along an axis takes.
fn expect(op: &'static str, a: &Array, axis: usize, size: Option<usize>, dtype: DType) -> Result<()> {
    if a.dtype() != dtype {
        let expected = if dtype == DType::C64 { "complex64" } else { "float32" };
        return Err(Error::DType { op, dtype: a.dtype(), expected });
    }
    let Some(&found) = a.shape().get(axis) else {
        return Err(Error::Axis { op, axis: axis as i64, ndim: a.ndim() });
    };
    if found == 0 || size.is_some_and(|size| size != found) {
        let message = format!("axis {axis} of shape {} has a size that can't be transformed", tuple(a.shape()));
        return Err(Error::value(op, message));
    }
    Ok(())
}

fn resized(a: &Array, axis: usize, size: usize, dtype: DType) -> Vec<Spec> {
    let mut shape = Shape::from_slice(a.shape());
    shape[axis] = size;
    vec![Spec { shape, dtype }]
}

fn finish(op: &'static str, result: Result<Tensor, KernelError>) -> Result<Vec<Tensor>> {
    Ok(vec![result.map_err(|error| Error::from_kernel(op, error))?])
}

/// The half of a transform with the numbers that stand for two multiplied by `factor`: all but the first, and the last
/// when `n` is even.
fn weigh_pairs(half: &Array, axis: usize, n: usize, factor: f32) -> Result<Array> {
    let size = n / 2 + 1;
    let single = |k: usize| k == 0 || 2 * k == n;
    let weights: Vec<f32> = (0..size).map(|k| if single(k) { 1.0 } else { factor }).collect();
    let mut shape: Shape = smallvec![1; half.ndim()];
    shape[axis] = size;
    multiply(half, &Array::from_slice(&weights, &shape)?)
}

impl Fourier {
    pub(crate) fn of(self, a: &Array) -> Result<Array> {
        Array::apply(self, smallvec![astype(a, DType::C64)?])
    }
}

impl RealFourier {
    pub(crate) fn of(self, a: &Array) -> Result<Array> {
        Array::apply(self, smallvec![astype(a, DType::F32)?])
    }
}

impl HalfFourier {
    pub(crate) fn of(self, a: &Array) -> Result<Array> {
        Array::apply(self, smallvec![astype(a, DType::C64)?])
    }
}

impl Primitive for Fourier {
    fn name(&self) -> &'static str {
        "fft"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect(self.name(), &inputs[0], self.axis, None, DType::C64)?;
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| self.of(tangent)).transpose()?])
    }

    // The matrix is symmetric, so its conjugate transpose is that of the other sign.
    fn vjp(&self, _: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let adjoint = Fourier { axis: self.axis, inverse: !self.inverse };
        Ok(vec![cotangents[0].as_ref().map(|cotangent| adjoint.of(cotangent)).transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let inner = Fourier { axis: self.axis + 1, inverse: self.inverse };
        Ok(vec![Batched::mapped(inner.of(&inputs[0].array)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        finish(self.name(), complex(&inputs[0], self.axis, self.inverse))
    }
}

impl Primitive for RealFourier {
    fn name(&self) -> &'static str {
        "rfft"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect(self.name(), &inputs[0], self.axis, None, DType::F32)?;
        Ok(resized(&inputs[0], self.axis, inputs[0].shape()[self.axis] / 2 + 1, DType::C64))
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| self.of(tangent)).transpose()?])
    }

    // The way back counts pairs twice, which the transposed matrix does not.
    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        let n = site.inputs[0].shape()[self.axis];
        let adjoint = HalfFourier { axis: self.axis, n };
        Ok(vec![Some(adjoint.of(&weigh_pairs(cotangent, self.axis, n, 0.5)?)?)])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(RealFourier { axis: self.axis + 1 }.of(&inputs[0].array)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        finish(self.name(), real_to_complex(&inputs[0], self.axis))
    }
}

impl Primitive for HalfFourier {
    fn name(&self) -> &'static str {
        "irfft"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect(self.name(), &inputs[0], self.axis, Some(self.n / 2 + 1), DType::C64)?;
        if self.n == 0 {
            return Err(Error::value(self.name(), "the result must have elements along the axis"));
        }
        Ok(resized(&inputs[0], self.axis, self.n, DType::F32))
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| self.of(tangent)).transpose()?])
    }

    fn vjp(&self, _: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        let half = RealFourier { axis: self.axis }.of(cotangent)?;
        Ok(vec![Some(weigh_pairs(&half, self.axis, self.n, 2.0)?)])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let inner = HalfFourier { axis: self.axis + 1, n: self.n };
        Ok(vec![Batched::mapped(inner.of(&inputs[0].array)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        finish(self.name(), complex_to_real(&inputs[0], self.axis, self.n))
    }
}
