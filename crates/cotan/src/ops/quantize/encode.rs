//! Quantising and its inverse, as operations.

use cotan_kernels::quant::{Scheme, dequantize as write_values, quantize as encode};
use cotan_kernels::{DType, Element, Output, Tensor, bf16, f16};
use smallvec::smallvec;

use super::matmul::{has_kernels, pull_parts, refuse_codes, tangent_parts, weights};
use super::{QuantFormat, QuantMode, Quantized, check, compose, expect_rows};
use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Primitive, Site, Tangents, zeros};
use crate::transforms::{jvp, vjp};

/// Words, scales and maybe biases of a matrix, and of any number of them.
///
/// The input is the matrix; `nvfp4` may have a global scale as a second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Quantize {
    /// The format.
    pub format: QuantFormat,
}

/// The values of quantised matrices. The inputs are words, scales, and the biases of affine formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Dequantize {
    /// The format.
    pub format: QuantFormat,
    /// The type of the values.
    pub dtype: DType,
}

impl Quantize {
    /// Scales and biases, composed of operations that have derivatives.
    fn composed(self, inputs: &[Array]) -> Result<Vec<Array>> {
        let (_, scales, biases) = compose(&inputs[0], self.format, inputs.get(1))?;
        Ok([Some(scales), biases].into_iter().flatten().collect())
    }
}

impl Primitive for Quantize {
    fn name(&self) -> &'static str {
        "quantize"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        self.format.check()?;
        let Some(w) = inputs.first() else { return Err(Error::value(self.name(), "needs a matrix")) };
        expect_rows(w, self.format)?;
        if !has_kernels(w.dtype()) {
            return Err(Error::DType { op: self.name(), dtype: w.dtype(), expected: "float32, float16 or bfloat16" });
        }
        if let Some(global) = inputs.get(1) {
            super::single_scale(self.name(), global, self.format)?;
        }
        let (rows, columns) = (&w.shape()[..w.ndim() - 1], w.shape()[w.ndim() - 1]);
        let spec = |last: usize, dtype| Spec::new(&[rows, &[last]].concat(), dtype);
        let groups = columns / self.format.group_size;
        let scales = spec(groups, self.format.scale_dtype().unwrap_or(w.dtype()));
        let mut specs = vec![spec(columns / 8 * self.format.bits / 4, DType::U32), scales];
        specs.extend((self.format.mode == QuantMode::Affine).then(|| spec(groups, w.dtype())));
        Ok(specs)
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (_, pushed) = jvp(|inputs| self.composed(inputs), site.inputs, tangents)?;
        // Whoever goes on from codes asks for a derivative that doesn't exist, and is told so.
        let codes = zeros(site.outputs[0].shape(), DType::U32);
        Ok(std::iter::once(Some(codes)).chain(pushed).collect())
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        if cotangents[0].is_some() {
            return refuse_codes(self.name());
        }
        let of_composed = cotangents[1..].to_vec();
        Ok(vjp(|inputs| self.composed(inputs), site.inputs, |_| Ok::<_, Error>(of_composed))?.1)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let [w, rest @ ..] = inputs else { return Err(Error::value(self.name(), "needs a matrix")) };
        if let [global] = rest
            && global.mapped
        {
            // Scales of each example go with its groups.
            let scales =
                crate::ops::reshape(&global.array, &[&[examples][..], &vec![1; w.example_shape().len() + 1]].concat())?;
            let parts = super::quantize_with(&w.expand(examples)?, self.format, Some(&scales))?;
            return Ok([parts.packed, parts.scales].map(Batched::mapped).into());
        }
        let arrays: Inputs = inputs.iter().map(|input| input.array.clone()).collect();
        Ok(Array::apply_all(*self, arrays)?.into_iter().map(Batched::mapped).collect())
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let bits = self.format.bits;
        let scheme = match self.format.mode {
            QuantMode::Affine => Scheme::Affine { bits },
            QuantMode::Mxfp4 | QuantMode::Mxfp8 => Scheme::Powers { bits },
            QuantMode::Nvfp4 => Scheme::Floats { global: inputs.get(1).map(|global| global.to_vec::<f32>()[0]) },
        };
        let parts = encode(&inputs[0], scheme, self.format.group_size);
        let (words, scales, biases) = parts.map_err(|error| Error::from_kernel(self.name(), error))?;
        Ok([Some(words), Some(scales), biases].into_iter().flatten().collect())
    }
}

impl Dequantize {
    fn parts(&self, inputs: &[Array]) -> Result<Quantized> {
        self.format.check()?;
        if inputs.len() != self.format.parts() {
            return Err(Error::value(self.name(), "needs all parts of a matrix"));
        }
        Ok(Quantized { packed: inputs[0].clone(), scales: inputs[1].clone(), biases: inputs.get(2).cloned() })
    }

    pub(super) fn of(self, w: &Quantized) -> Result<Array> {
        let mut inputs: Inputs = smallvec![w.packed.clone(), w.scales.clone()];
        inputs.extend(w.biases.clone());
        Array::apply(self, inputs)
    }
}

impl Primitive for Dequantize {
    fn name(&self) -> &'static str {
        "dequantize"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let w = self.parts(inputs)?;
        check(self.name(), &w, self.format)?;
        let floats = w.biases.iter().chain(w.biases.as_ref().and(Some(&w.scales))).map(Array::dtype);
        if let Some(dtype) = floats.chain([self.dtype]).find(|&dtype| !has_kernels(dtype)) {
            return Err(Error::DType { op: self.name(), dtype, expected: "float32, float16 or bfloat16" });
        }
        let mut shape = w.packed.shape().to_vec();
        let Some(last) = shape.last_mut() else { return Err(Error::value(self.name(), "needs a matrix")) };
        *last = *last * 32 / self.format.bits;
        crate::ops::expect_elements_fit(self.name(), &shape)?;
        Ok(vec![Spec::new(&shape, self.dtype)])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        if tangents[0].is_some() {
            return refuse_codes(self.name());
        }
        let w = self.parts(site.inputs)?;
        let parts = tangent_parts(&w, tangents[1].as_ref(), tangents.get(2).and_then(Option::as_ref));
        Ok(vec![parts.map(|parts| self.of(&parts)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let mut result = vec![None; site.inputs.len()];
        let Some(cotangent) = &cotangents[0] else { return Ok(result) };
        if site.wanted[0] {
            return refuse_codes(self.name());
        }
        let w = self.parts(site.inputs)?;
        if w.biases.is_some() {
            let [scales, biases] = pull_parts(&w, cotangent, self.format)?;
            (result[1], result[2]) = (Some(scales), Some(biases));
        }
        Ok(result)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let parts = inputs.iter().map(|input| input.expand(examples)).collect::<Result<Inputs>>()?;
        Ok(vec![Batched::mapped(Array::apply(*self, parts)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut out = Output::new(specs[0].dtype, &specs[0].shape)?;
        let parts = inputs.iter().map(Tensor::to_row_major).collect::<Result<Vec<_>, _>>()?;
        fn write<T: Element>(parts: &[Tensor], format: QuantFormat, out: &mut Output) {
            write_values(&weights(parts, format), out.slice_mut::<T>());
        }
        match specs[0].dtype {
            DType::F16 => write::<f16>(&parts, self.format, &mut out),
            DType::Bf16 => write::<bf16>(&parts, self.format, &mut out),
            _ => write::<f32>(&parts, self.format, &mut out),
        }
        Ok(vec![out.finish()])
    }
}
