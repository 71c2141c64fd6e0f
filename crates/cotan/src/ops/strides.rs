//! How elements lie in memory: reading the bytes as another type, strided windows, row-major order, and order of evaluation.

use cotan_kernels::layout::{self, Strides};
use cotan_kernels::region::ScatterMode;
use cotan_kernels::{DType, Scalar, Tensor};
use smallvec::smallvec;

use super::view::expect_elements_fit;
use super::{Batched, Primitive, Site, Tangents, add, arange, broadcast_to, multiply, reshape, scatter, zeros};
use crate::array::{Array, Inputs, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// The bytes read as another type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct View {
    /// The type of the result.
    pub dtype: DType,
}

/// Elements at regular distances in the row-major order of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct AsStrided {
    /// The shape of the result.
    pub shape: Shape,
    /// Distances between neighbours along each axis.
    pub strides: Strides,
    /// The place of the first element.
    pub offset: usize,
}

/// The input in row-major order in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Contiguous {
    /// Whether column-major order will do as well.
    pub allow_col_major: bool,
}

/// The first input, evaluated after all of the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Depends;

/// The bytes of `a` read as `dtype`; the last axis scales by the ratio of the sizes.
///
/// # Errors
/// When the bytes of the last axis don't divide into elements of `dtype`.
///
/// ```
/// use cotan::{Array, DType, ops};
/// let x = Array::from_slice(&[1.0f32], &[1])?;
/// assert_eq!(ops::view(&x, DType::U32)?.to_vec::<u32>()?, [0x3f80_0000]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn view(a: &Array, dtype: DType) -> Result<Array> {
    if a.dtype() == dtype { Ok(a.clone()) } else { Array::apply(View { dtype }, smallvec![a.clone()]) }
}

/// Elements `offset + i·strides[0] + j·strides[1] + ...` of the row-major order of `a`, for `(i, j, ...)` in `shape`.
///
/// Without `shape` it is that of `a`, without `strides` they are row-major.
///
/// # Errors
/// When `strides` and `shape` differ in length, or some element lies outside `a`.
pub fn as_strided(a: &Array, shape: Option<&[usize]>, strides: Option<&[i64]>, offset: usize) -> Result<Array> {
    let shape = Shape::from_slice(shape.unwrap_or_else(|| a.shape()));
    let strides = strides.map_or_else(|| layout::row_major(&shape), |list| list.iter().map(|&s| s as isize).collect());
    Array::apply(AsStrided { shape, strides, offset }, smallvec![a.clone()])
}

/// `a` with its elements in row-major order in memory, or in column-major order if that is allowed and they are.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn contiguous(a: &Array, allow_col_major: bool) -> Result<Array> {
    Array::apply(Contiguous { allow_col_major }, smallvec![a.clone()])
}

/// The inputs, each of which is evaluated after all of `dependencies`.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn depends(inputs: &[Array], dependencies: &[Array]) -> Result<Vec<Array>> {
    let after = |input: &Array| Array::apply(Depends, std::iter::once(input).chain(dependencies).cloned().collect());
    inputs.iter().map(after).collect()
}

impl View {
    /// `shape` as it is in the new type.
    fn shape(&self, shape: &[usize], from: DType) -> Option<Shape> {
        let (old, new) = (from.size(), self.dtype.size());
        let mut shape = Shape::from_slice(shape);
        if old != new {
            let last = shape.last_mut()?;
            let bytes = last.checked_mul(old)?;
            *last = bytes.is_multiple_of(new).then_some(bytes / new)?;
        }
        Some(shape)
    }
}

impl Primitive for View {
    fn name(&self) -> &'static str {
        "view"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (from, shape) = (inputs[0].dtype(), inputs[0].shape());
        let refuse = || {
            let message =
                format!("the last axis of a {from} array of shape {} is not whole in {}", tuple(shape), self.dtype);
            Error::value(self.name(), message)
        };
        let shape = self.shape(shape, from).ok_or_else(refuse)?;
        expect_elements_fit(self.name(), &shape)?;
        Ok(vec![Spec { shape, dtype: self.dtype }])
    }

    fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Err(Error::NotDifferentiable { op: self.name(), reason: "bits are not numbers" })
    }

    fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Err(Error::NotDifferentiable { op: self.name(), reason: "bits are not numbers" })
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(view(&inputs[0].array, self.dtype)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let (old, new) = (inputs[0].dtype().size(), self.dtype.size());
        if old == new {
            return Ok(vec![inputs[0].reinterpret(self.dtype)]);
        }
        let mut source = inputs[0].to_row_major()?;
        if !(source.offset() * old).is_multiple_of(new) || !source.buffer().ptr().addr().is_multiple_of(new) {
            source = source.copy()?;
        }
        let whole = Tensor::from_buffer(source.buffer().clone(), self.dtype, &[0]);
        let strides = layout::row_major(&specs[0].shape);
        Ok(vec![whole.with_layout(specs[0].shape.clone(), strides, source.offset() * old / new)])
    }
}

impl AsStrided {
    /// True when every element lies within `size` elements.
    fn fits(&self, size: usize) -> bool {
        if self.shape.contains(&0) {
            return true;
        }
        let (mut low, mut high) = (self.offset as i128, self.offset as i128);
        for (&length, &stride) in self.shape.iter().zip(&self.strides) {
            let reach = (length as i128 - 1) * stride as i128;
            *if reach < 0 { &mut low } else { &mut high } += reach;
        }
        low >= 0 && high < size as i128
    }

    /// The place of each element, as an array of the result's shape.
    fn places(&self) -> Result<Array> {
        let mut places = Array::full(&[], Scalar::new(self.offset as i64));
        for (axis, (&length, &stride)) in self.shape.iter().zip(&self.strides).enumerate() {
            let mut shape: Shape = smallvec![1; self.shape.len() - axis];
            shape[0] = length;
            let counter = arange(0.0, length as f64, 1.0, DType::I64)?;
            let stride = Array::full(&[], Scalar::new(stride as i64));
            places = add(&places, &reshape(&multiply(&counter, &stride)?, &shape)?)?;
        }
        broadcast_to(&places, &self.shape)
    }

    fn of(&self, a: &Array) -> Result<Array> {
        Array::apply(self.clone(), smallvec![a.clone()])
    }
}

impl Primitive for AsStrided {
    fn name(&self) -> &'static str {
        "as_strided"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let describe = || format!("shape {}, strides {:?}, offset {}", tuple(&self.shape), self.strides, self.offset);
        expect_elements_fit(self.name(), &self.shape)?;
        if self.shape.len() != self.strides.len() {
            return Err(Error::value(self.name(), format!("needs one stride per axis, got {}", describe())));
        }
        if !self.fits(inputs[0].size()) {
            let message = format!("{} leaves an array of {} elements", describe(), inputs[0].size());
            return Err(Error::value(self.name(), message));
        }
        Ok(vec![Spec::new(&self.shape, inputs[0].dtype())])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| self.of(tangent)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        let source = &site.inputs[0];
        let (flat, count) = (zeros(&[source.size()], source.dtype()), cotangent.size());
        let places = reshape(&self.places()?, &[count])?;
        let updates = reshape(cotangent, &[count, 1])?;
        let summed = scatter(ScatterMode::Add, &flat, &[places], &updates, &[0])?;
        Ok(vec![Some(reshape(&summed, source.shape())?)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let size = layout::len(inputs[0].example_shape());
        let op = AsStrided {
            shape: std::iter::once(examples).chain(self.shape.iter().copied()).collect(),
            strides: std::iter::once(size as isize).chain(self.strides.iter().copied()).collect(),
            offset: self.offset,
        };
        Ok(vec![Batched::mapped(op.of(&inputs[0].array)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let source = inputs[0].to_row_major()?;
        let offset = source.offset() + self.offset;
        Ok(vec![source.with_layout(specs[0].shape.clone(), self.strides.clone(), offset)])
    }
}

impl Primitive for Contiguous {
    fn name(&self) -> &'static str {
        "contiguous"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].clone()])
    }

    fn vjp(&self, _: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![cotangents[0].clone()])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        // Column-major order of one example is not that of all, so only row-major order is kept.
        Ok(vec![Batched::mapped(contiguous(&inputs[0].array, false)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let source = &inputs[0];
        let reversed: Shape = (0..source.shape().len()).rev().collect();
        if self.allow_col_major && source.permute(&reversed).is_row_major() {
            return Ok(vec![source.clone()]);
        }
        Ok(vec![source.to_row_major()?])
    }
}

impl Primitive for Depends {
    fn name(&self) -> &'static str {
        "depends"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].clone()])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let mut all = vec![None; site.inputs.len()];
        all[0] = cotangents[0].clone();
        Ok(all)
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let arrays: Inputs = inputs.iter().map(|input| input.array.clone()).collect();
        Ok(vec![Batched { array: Array::apply(Depends, arrays)?, mapped: inputs[0].mapped }])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![inputs[0].clone()])
    }
}
