//! Products with quantised matrices, which are decoded on the way, as operations.

use cotan_kernels::quant::{Scales, Weights, matmul as product_into};
use cotan_kernels::{DType, Element, Output, Tensor, bf16, f16, layout};
use smallvec::smallvec;

use super::{QuantFormat, QuantMode, Quantized, UnpackBits, check};
use crate::array::{Array, Inputs, Shape, Spec};
use crate::error::{Error, Result, tuple};
use crate::ops::{
    Batched, Primitive, Regroup, Site, Tangents, add, adjoint, astype, elementwise, multiply, product, regroup, sum,
    unbroadcast_like, zeros_like,
};

/// `x @ w^T` (or `x @ w`) for a quantised `w`, over the last two axes; the axes before broadcast.
///
/// The inputs are `x`, the words, the scales, and the biases of affine formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct QuantizedMatmul {
    /// The format of the matrix.
    pub format: QuantFormat,
    /// Whether its rows are the columns of the factor.
    pub transpose: bool,
}

/// Refuses tangents and cotangents of words.
pub(super) fn refuse_codes<T>(op: &'static str) -> Result<T> {
    Err(Error::Runtime { op, message: "there is no derivative by quantised values".into() })
}

/// The type of a product, in which scales that are codes have no say.
pub(super) fn result_dtype(op: &'static str, x: &Array, own: DType, format: QuantFormat) -> Result<DType> {
    let dtype = if format.scale_dtype().is_none() { x.dtype().promote(own) } else { x.dtype() };
    if dtype.is_float() { Ok(dtype) } else { Err(Error::DType { op, dtype, expected: "a real floating type" }) }
}

/// The types that kernels read and write.
pub(super) fn has_kernels(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F16 | DType::Bf16)
}

/// The left factor and the parts of the right one, among the inputs of an operation.
pub(super) fn operands(op: &'static str, format: QuantFormat, inputs: &[Array]) -> Result<(Array, Quantized)> {
    format.check()?;
    let biased = format.mode == QuantMode::Affine;
    let [x, packed, scales, rest @ ..] = inputs else { return Err(Error::value(op, "needs a matrix in parts")) };
    if rest.len() < usize::from(biased) || packed.ndim() < 2 {
        return Err(Error::value(op, "needs all parts of a matrix"));
    }
    let w = Quantized { packed: packed.clone(), scales: scales.clone(), biases: biased.then(|| rest[0].clone()) };
    Ok((x.clone(), w))
}

/// Type, and sizes of the two factors' free axes, of a product whose parts fit together.
pub(super) fn infer_product(
    op: &'static str,
    x: &Array,
    w: &Quantized,
    format: QuantFormat,
    transpose: bool,
) -> Result<(DType, [usize; 2])> {
    let dtype = result_dtype(op, x, check(op, w, format)?, format)?;
    let floats = [Some(x), w.biases.as_ref(), w.biases.as_ref().and(Some(&w.scales))];
    if let Some(other) = floats.into_iter().flatten().find(|part| !has_kernels(part.dtype())) {
        return Err(Error::DType { op, dtype: other.dtype(), expected: "float32, float16 or bfloat16" });
    }
    let [.., rows, words] = w.packed.shape() else {
        return Err(Error::value(op, format!("needs a quantised matrix, got shape {}", tuple(w.packed.shape()))));
    };
    let columns = words * 32 / format.bits;
    let (n, k) = if transpose { (*rows, columns) } else { (columns, *rows) };
    match x.shape() {
        [.., m, inner] if *inner == k => Ok((dtype, [*m, n])),
        shape => {
            let turned = if transpose { "transposed " } else { "" };
            let given = format!("{} @ a {turned}matrix of {rows} x {columns}", tuple(shape));
            Err(Error::value(op, format!("inner dimensions differ: {given}")))
        }
    }
}

/// Inputs of an operation: the left factor and the parts of the right one.
pub(super) fn inputs(x: &Array, w: &Quantized) -> Inputs {
    let mut inputs: Inputs = smallvec![x.clone(), w.packed.clone(), w.scales.clone()];
    inputs.extend(w.biases.clone());
    inputs
}

/// What a product becomes when the scales and biases are exchanged for their tangents, in which it is linear.
pub(super) fn tangent_parts(w: &Quantized, scales: Option<&Array>, biases: Option<&Array>) -> Option<Quantized> {
    let own = w.biases.as_ref()?;
    if scales.is_none() && biases.is_none() {
        return None;
    }
    let or_zero = |tangent: Option<&Array>, part: &Array| tangent.cloned().unwrap_or_else(|| zeros_like(part));
    Some(Quantized { packed: w.packed.clone(), scales: or_zero(scales, &w.scales), biases: Some(or_zero(biases, own)) })
}

/// Cotangents of scales and biases from that of the values.
pub(super) fn pull_parts(w: &Quantized, values: &Array, format: QuantFormat) -> Result<[Array; 2]> {
    let codes = Array::apply(UnpackBits { bits: format.bits }, smallvec![w.packed.clone()])?;
    let last = codes.ndim() - 1;
    let groups =
        |a: &Array| regroup(a, Regroup::Unflatten { axis: last, sizes: smallvec![-1, format.group_size as i64] });
    let values = groups(&astype(values, DType::F32)?)?;
    let scales = sum(&multiply(&values, &groups(&astype(&codes, DType::F32)?)?)?, Some(&[-1]), false)?;
    let biases = sum(&values, Some(&[-1]), false)?;
    let dtype = |part: Option<&Array>| part.map_or(DType::F32, Array::dtype);
    Ok([astype(&scales, w.scales.dtype())?, astype(&biases, dtype(w.biases.as_ref()))?])
}

/// The sum of tangents, of which some are zero.
pub(super) fn total(parts: [Option<Array>; 2]) -> Result<Tangents> {
    Ok(vec![match parts {
        [Some(left), Some(right)] => Some(add(&left, &right)?),
        [left, right] => left.or(right),
    }])
}

impl QuantizedMatmul {
    /// The cotangent of the values: a sum of products over all axes that the matrix doesn't have.
    fn pull_values(&self, x: &Array, w: &Quantized, cotangent: &Array) -> Result<Array> {
        let (mut x, mut cotangent) = (x.clone(), cotangent.clone());
        if w.packed.ndim() == 2 {
            let rows = |a: &Array| regroup(a, Regroup::Flatten { first: 0, last: a.ndim() - 2 });
            (x, cotangent) = (rows(&x)?, rows(&cotangent)?);
        }
        let values =
            if self.transpose { product(&adjoint(&cotangent)?, &x)? } else { product(&adjoint(&x)?, &cotangent)? };
        let codes = Array::apply(UnpackBits { bits: self.format.bits }, smallvec![w.packed.clone()])?;
        unbroadcast_like(&values, &codes)
    }
}

impl Primitive for QuantizedMatmul {
    fn name(&self) -> &'static str {
        "quantized_matmul"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (x, w) = operands(self.name(), self.format, inputs)?;
        let (dtype, [m, n]) = infer_product(self.name(), &x, &w, self.format, self.transpose)?;
        let lead = |a: &Array| Shape::from_slice(&a.shape()[..a.ndim() - 2]);
        let mut shape = layout::broadcast(&lead(&x), &lead(&w.packed)).ok_or_else(|| Error::Broadcast {
            op: self.name(),
            left: x.shape().into(),
            right: w.packed.shape().into(),
        })?;
        shape.extend_from_slice(&[m, n]);
        Ok(vec![Spec { shape, dtype }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        if tangents[1].is_some() {
            return refuse_codes(self.name());
        }
        let (x, w) = operands(self.name(), self.format, site.inputs)?;
        let left = tangents[0].as_ref().map(|tangent| Array::apply(*self, inputs(tangent, &w))).transpose()?;
        let parts = tangent_parts(&w, tangents[2].as_ref(), tangents.get(3).and_then(Option::as_ref));
        total([left, parts.map(|parts| Array::apply(*self, inputs(&x, &parts))).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let mut result = vec![None; site.inputs.len()];
        let Some(cotangent) = &cotangents[0] else { return Ok(result) };
        if site.wanted[1] {
            return refuse_codes(self.name());
        }
        let (x, w) = operands(self.name(), self.format, site.inputs)?;
        if site.wanted[0] {
            let back = QuantizedMatmul { transpose: !self.transpose, ..*self };
            let pulled = unbroadcast_like(&Array::apply(back, inputs(cotangent, &w))?, &x)?;
            result[0] = Some(astype(&pulled, x.dtype())?);
        }
        if w.biases.is_some() && site.wanted[2..].contains(&true) {
            let values = self.pull_values(&x, &w, cotangent)?;
            let [scales, biases] = pull_parts(&w, &values, self.format)?;
            (result[2], result[3]) = (Some(scales), Some(biases));
        }
        Ok(result)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        if inputs[1..].iter().any(|part| part.mapped) {
            // The parts of a matrix have the same axes.
            let whole = |part: &Batched| part.expand(examples).map(Batched::mapped);
            let parts = inputs[1..].iter().map(whole);
            let all = std::iter::once(Ok(inputs[0].clone())).chain(parts).collect::<Result<Vec<_>>>()?;
            return elementwise::vmap(*self, &all);
        }
        elementwise::vmap(*self, inputs)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let shape = &specs[0].shape;
        let (lead, [m, n]) = shape.split_last_chunk::<2>().map_or((&[][..], [0, 0]), |(lead, last)| (lead, *last));
        let mut out = Output::new(specs[0].dtype, shape)?;
        let x = matrices(&inputs[0], lead);
        let parts: Vec<Tensor> = inputs[1..].iter().map(|part| matrices(part, lead)).collect();
        let single = parts.iter().all(|part| (0..lead.len()).all(|axis| part.strides()[axis] == 0 || lead[axis] == 1));
        let multiplier = Multiplier { format: self.format, transpose: self.transpose };
        if single && !out.shape().contains(&0) {
            let rows = layout::len(lead) * m;
            let x = x.reshape(&[rows, x.shape()[lead.len() + 1]])?;
            let parts: Vec<Tensor> = parts.iter().map(|part| at(part, lead, 0)).collect();
            multiplier.product(&x, &parts, &mut out, 0..rows * n)?;
            return Ok(vec![out.finish()]);
        }
        for index in 0..if m * n == 0 { 0 } else { layout::len(lead) } {
            let parts: Vec<Tensor> = parts.iter().map(|part| at(part, lead, index)).collect();
            multiplier.product(&at(&x, lead, index), &parts, &mut out, index * m * n..(index + 1) * m * n)?;
        }
        Ok(vec![out.finish()])
    }
}

/// The matrices of a tensor repeated to some batch axes. A view.
fn matrices(tensor: &Tensor, lead: &[usize]) -> Tensor {
    let rank = tensor.shape().len();
    tensor.broadcast_to(&[lead, &tensor.shape()[rank - 2..]].concat())
}

/// One of the matrices behind batch axes. A view.
fn at(tensor: &Tensor, lead: &[usize], index: usize) -> Tensor {
    let (strides, inner) = tensor.strides().split_at(lead.len());
    let start = tensor.offset() as isize + layout::offset_of(index, lead, strides);
    tensor.with_layout(tensor.shape()[lead.len()..].into(), inner.into(), start as usize)
}

/// Multiplies single matrices.
pub(super) struct Multiplier {
    pub format: QuantFormat,
    pub transpose: bool,
}

impl Multiplier {
    /// Writes a product into some elements of the result. The parts are words, scales, and maybe biases.
    pub fn product(&self, x: &Tensor, parts: &[Tensor], out: &mut Output, range: std::ops::Range<usize>) -> Result<()> {
        match out.dtype() {
            DType::F16 => self.write::<f16>(x, parts, &mut out.slice_mut()[range]),
            DType::Bf16 => self.write::<bf16>(x, parts, &mut out.slice_mut()[range]),
            _ => self.write::<f32>(x, parts, &mut out.slice_mut()[range]),
        }
    }

    fn write<T: Element>(&self, x: &Tensor, parts: &[Tensor], out: &mut [T]) -> Result<()> {
        let x = x.to_row_major()?;
        let parts = parts.iter().map(Tensor::to_row_major).collect::<Result<Vec<_>, _>>()?;
        let weights = weights(&parts, self.format);
        product_into(&x, &weights, self.transpose, out).map_err(|error| Error::from_kernel("quantized_matmul", error))
    }
}

/// A matrix from its parts, which are row-major and have been checked.
pub(super) fn weights(parts: &[Tensor], format: QuantFormat) -> Weights<'_> {
    let (words, scales) = (&parts[0], &parts[1]);
    let codes = || scales.as_slice::<u8>().expect("scales are row-major");
    let floats = |part| Scales::floats(part).expect("scales are row-major floats");
    let (scales, biases) = match format.mode {
        QuantMode::Affine => (floats(scales), Some(floats(&parts[2]))),
        QuantMode::Mxfp4 | QuantMode::Mxfp8 => (Scales::Power(codes()), None),
        QuantMode::Nvfp4 => (Scales::Fp8(codes()), None),
    };
    let (&last, lead) = words.shape().split_last().expect("words have axes");
    let (rows, columns) = (layout::len(lead), last * 32 / format.bits);
    let bytes = words.as_bytes().expect("words are row-major");
    Weights::new(bytes, scales, biases, [rows, columns], format.bits, format.group_size)
}
