//! Codes of few bits in words, as operations.

use cotan_kernels::{DType, Tensor};
use smallvec::smallvec;

use crate::array::{Array, Spec};
use crate::error::{Error, Result, tuple};
use crate::ops::{Batched, Primitive, Site, Tangents};

/// Codes of every row in words of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct PackBits {
    /// How many bits a code has.
    pub bits: usize,
}

/// The codes in the words of every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct UnpackBits {
    /// How many bits a code has.
    pub bits: usize,
}

/// What derivatives by codes are.
fn refuse<T>(op: &'static str) -> Result<T> {
    Err(Error::Runtime { op, message: "there is no derivative by quantised values".into() })
}

fn last_axis(op: &'static str, x: &Array, dtype: DType, bits: usize, per: usize) -> Result<usize> {
    match x.shape().last() {
        Some(&size) if x.dtype() == dtype && (1..=8).contains(&bits) && size % per == 0 => Ok(size),
        _ => {
            let shape = tuple(x.shape());
            Err(Error::value(op, format!("{} of shape {shape} doesn't hold codes of {bits} bits", x.dtype())))
        }
    }
}

fn lengthened(x: &Array, size: usize, dtype: DType) -> Spec {
    Spec::new(&[&x.shape()[..x.ndim() - 1], &[size]].concat(), dtype)
}

impl Primitive for PackBits {
    fn name(&self) -> &'static str {
        "quantize"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let size = last_axis(self.name(), &inputs[0], DType::U8, self.bits, 8)?;
        if !(size * self.bits).is_multiple_of(32) {
            return Err(Error::value(self.name(), format!("{size} codes of {} bits don't fill words", self.bits)));
        }
        Ok(vec![lengthened(&inputs[0], size * self.bits / 32, DType::U32)])
    }

    fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        refuse(self.name())
    }

    fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        refuse(self.name())
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(Array::apply(*self, smallvec![inputs[0].array.clone()])?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::quant::pack(&inputs[0], self.bits);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}

impl Primitive for UnpackBits {
    fn name(&self) -> &'static str {
        "dequantize"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let size = last_axis(self.name(), &inputs[0], DType::U32, self.bits, 1)?;
        if size * 4 % self.bits != 0 {
            return Err(Error::value(
                self.name(),
                format!("{size} words don't hold whole codes of {} bits", self.bits),
            ));
        }
        Ok(vec![lengthened(&inputs[0], size * 32 / self.bits, DType::U8)])
    }

    fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        refuse(self.name())
    }

    fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        refuse(self.name())
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(Array::apply(*self, smallvec![inputs[0].array.clone()])?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::quant::unpack(&inputs[0], self.bits);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}
