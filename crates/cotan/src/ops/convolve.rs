//! The convolution of a batch with a kernel, the one primitive behind all convolutions.

use cotan_kernels::Tensor;
use cotan_kernels::conv::Window;
use cotan_kernels::layout::{self, Strides};
use smallvec::smallvec;

use super::follow::expect_fixed;
use super::{Batched, Primitive, Site, Tangents, add, conj, permute, reshape, same_dtype, strided_slice, zeros};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

const NAME: &str = "convolution";
/// Positions up to here can be added and multiplied by small factors without overflow.
const FARTHEST: i128 = isize::MAX as i128 / 16;

/// Sums of products of a `(C_out, *kernel, C_in / groups)` kernel with windows of a `(N, *space, C_in)` input; the
/// lists have an entry for each spatial axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Convolve {
    /// Distance between windows.
    pub stride: Shape,
    /// Zeros before the input; negative numbers cut off.
    pub low: Strides,
    /// Zeros after the input; negative numbers cut off.
    pub high: Strides,
    /// Distance between neighbours of the kernel.
    pub kernel_dilation: Shape,
    /// Distance between neighbours of the input.
    pub input_dilation: Shape,
    /// Groups of channels that don't meet.
    pub groups: usize,
    /// Turns the kernel around along every spatial axis.
    pub flip: bool,
}

/// The size of an axis with `gap - 1` zeros between neighbours.
fn dilated(size: usize, gap: usize) -> i128 {
    if size == 0 { 0 } else { (size as i128 - 1) * gap as i128 + 1 }
}

fn too_large() -> Error {
    Error::value(NAME, "sizes, paddings or dilations are too large")
}

fn position(at: i128) -> Result<isize> {
    if at.abs() > FARTHEST { Err(too_large()) } else { Ok(at as isize) }
}

impl Convolve {
    pub(crate) fn of(self, input: &Array, kernel: &Array) -> Result<Array> {
        let (input, kernel) = same_dtype(input, kernel)?;
        Array::apply(self, smallvec![input, kernel])
    }

    /// The sizes of the result along the spatial axes.
    fn space(&self, input: &[usize], kernel: &[usize]) -> Result<Shape> {
        let axes = self.stride.len();
        (0..axes)
            .map(|i| {
                let reach = dilated(kernel[i + 1], self.kernel_dilation[i]);
                let size = dilated(input[i + 1], self.input_dilation[i]);
                let padded = size + self.low[i] as i128 + self.high[i] as i128;
                for at in [reach, size, padded, self.low[i] as i128, self.high[i] as i128] {
                    position(at)?;
                }
                if kernel[i + 1] == 0 || padded < reach {
                    let (low, high) = (self.low[i], self.high[i]);
                    let message = format!(
                        "a kernel of shape {} doesn't fit an input of shape {} along axis {}: it spans {reach} of {padded} \
                         elements after padding by ({low}, {high})",
                        tuple(kernel),
                        tuple(input),
                        i + 1
                    );
                    return Err(Error::value(NAME, message));
                }
                Ok(((padded - reach) / self.stride[i] as i128) as usize + 1)
            })
            .collect()
    }

    /// The cotangent of the input: the cotangent of the result, dilated by the stride, meets the kernel turned around
    /// with its input and output channels exchanged.
    fn pull_input(&self, input: &[usize], kernel: &Array, cotangent: &Array) -> Result<Array> {
        if layout::len(input) == 0 {
            return Ok(zeros(input, cotangent.dtype()));
        }
        let (axes, shape) = (self.stride.len(), kernel.shape());
        let (mut low, mut high) = (Strides::new(), Strides::new());
        for i in 0..axes {
            let reach = dilated(shape[i + 1], self.kernel_dilation[i]);
            let before = reach - 1 - self.low[i] as i128;
            let size = dilated(cotangent.shape()[i + 1], self.stride[i]);
            low.push(position(before)?);
            high.push(position(dilated(input[i + 1], self.input_dilation[i]) + reach - 1 - before - size)?);
        }
        let adjoint = Convolve {
            stride: self.input_dilation.clone(),
            low,
            high,
            kernel_dilation: self.kernel_dilation.clone(),
            input_dilation: self.stride.clone(),
            groups: self.groups,
            flip: !self.flip,
        };
        let (groups, outputs, channels) = (self.groups, shape[0], shape[axes + 1]);
        let spatial = &shape[1..=axes];
        let split = reshape(&conj(kernel)?, &[&[groups, outputs / groups], spatial, &[channels]].concat())?;
        let order: Shape = [0, axes + 2].into_iter().chain(2..axes + 2).chain([1]).collect();
        let swapped = [&[groups * channels], spatial, &[outputs / groups]].concat();
        adjoint.of(cotangent, &reshape(&permute(&split, &order)?, &swapped)?)
    }

    /// The cotangent of the kernel: the input meets the cotangent of the result, in which both have their channels as
    /// examples and their examples as channels.
    fn pull_kernel(&self, input: &Array, kernel: &[usize], cotangent: &Array) -> Result<Array> {
        let (axes, shape) = (self.stride.len(), input.shape());
        let mut high = Strides::new();
        for i in 0..axes {
            let windows = dilated(cotangent.shape()[i + 1], self.stride[i]);
            let size = dilated(shape[i + 1], self.input_dilation[i]) + self.low[i] as i128;
            high.push(position(dilated(kernel[i + 1], self.kernel_dilation[i]) - 1 + windows - size)?);
        }
        let adjoint = Convolve {
            stride: self.kernel_dilation.clone(),
            low: self.low.clone(),
            high,
            kernel_dilation: self.stride.clone(),
            input_dilation: self.input_dilation.clone(),
            groups: self.groups,
            flip: false,
        };
        let (groups, channels, examples) = (self.groups, kernel[axes + 1], shape[0]);
        let spatial = &shape[1..=axes];
        let split = reshape(&conj(input)?, &[&[examples], spatial, &[groups, channels]].concat())?;
        let order: Shape = std::iter::once(axes + 2).chain(1..=axes).chain([axes + 1, 0]).collect();
        let swapped = reshape(&permute(&split, &order)?, &[&[channels], spatial, &[groups * examples]].concat())?;
        let exchange: Shape = std::iter::once(axes + 1).chain(1..=axes).chain([0]).collect();
        let pulled = adjoint.of(&swapped, &permute(cotangent, &exchange)?)?;
        self.turned(&permute(&pulled, &exchange)?)
    }

    /// A kernel turned around when this convolution does so.
    fn turned(&self, kernel: &Array) -> Result<Array> {
        if !self.flip {
            return Ok(kernel.clone());
        }
        let last = kernel.ndim() - 1;
        let spatial = |axis: usize| axis > 0 && axis < last;
        let starts: Shape = (0..=last).map(|axis| if spatial(axis) { kernel.shape()[axis] - 1 } else { 0 }).collect();
        let steps: Strides = (0..=last).map(|axis| if spatial(axis) { -1 } else { 1 }).collect();
        strided_slice(kernel, &starts, &steps, kernel.shape())
    }

    /// The examples of an input, folded into the batch.
    fn map_input(&self, input: &Array, kernel: &Array) -> Result<Array> {
        let (examples, batch) = (input.shape()[0], input.shape()[1]);
        let folded = reshape(input, &[&[examples * batch], &input.shape()[2..]].concat())?;
        let result = self.clone().of(&folded, kernel)?;
        reshape(&result, &[&[examples, batch], &result.shape()[1..]].concat())
    }

    /// The examples of a kernel, folded into the output channels of each group.
    fn map_kernel(&self, input: &Array, kernel: &Array) -> Result<Array> {
        let (examples, outputs, groups) = (kernel.shape()[0], kernel.shape()[1], self.groups);
        let inner = &kernel.shape()[2..];
        let split = reshape(kernel, &[&[examples, groups, outputs / groups], inner].concat())?;
        let order: Shape = [1, 0, 2].into_iter().chain(3..split.ndim()).collect();
        let folded = reshape(&permute(&split, &order)?, &[&[examples * outputs], inner].concat())?;
        let result = self.clone().of(input, &folded)?;
        let places = &result.shape()[..result.ndim() - 1];
        let apart = reshape(&result, &[places, &[groups, examples, outputs / groups]].concat())?;
        let lead = places.len();
        let order: Shape = std::iter::once(lead + 1).chain(0..=lead).chain([lead + 2]).collect();
        reshape(&permute(&apart, &order)?, &[&[examples], places, &[outputs]].concat())
    }

    /// The examples of both, as groups of their own.
    fn map_both(&self, input: &Array, kernel: &Array) -> Result<Array> {
        let (examples, outputs) = (input.shape()[0], kernel.shape()[1]);
        let last = input.ndim() - 1;
        let order: Shape = (1..last).chain([0, last]).collect();
        let channels = examples * input.shape()[last];
        let wide = reshape(&permute(input, &order)?, &[&input.shape()[1..last], &[channels]].concat())?;
        let folded = reshape(kernel, &[&[examples * outputs], &kernel.shape()[2..]].concat())?;
        let result = Convolve { groups: examples * self.groups, ..self.clone() }.of(&wide, &folded)?;
        let places = &result.shape()[..last - 1];
        let apart = reshape(&result, &[places, &[examples, outputs]].concat())?;
        let order: Shape = std::iter::once(last - 1).chain(0..last - 1).chain([last]).collect();
        permute(&apart, &order)
    }
}

impl Primitive for Convolve {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (input, kernel) = (inputs[0].shape(), inputs[1].shape());
        let axes = self.stride.len();
        let lists = [self.low.len(), self.high.len(), self.kernel_dilation.len(), self.input_dilation.len()];
        let steps = [&self.stride, &self.kernel_dilation, &self.input_dilation];
        let sound = lists.iter().all(|&len| len == axes) && steps.iter().all(|list| !list.contains(&0));
        if axes == 0 || !sound || input.len() != axes + 2 || kernel.len() != axes + 2 {
            let message = format!("{self:?} doesn't fit shapes {} and {}", tuple(input), tuple(kernel));
            return Err(Error::value(NAME, message));
        }
        if inputs[0].dtype() != inputs[1].dtype() || !inputs[0].dtype().is_inexact() || inputs[0].dtype().size() < 4 {
            let (dtype, expected) = (inputs[0].dtype(), "float32, float64 or complex64 for both operands");
            return Err(Error::DType { op: NAME, dtype, expected });
        }
        let (channels, meets, groups) = (input[axes + 1], kernel[axes + 1], self.groups);
        if groups == 0 || !kernel[0].is_multiple_of(groups) || meets.checked_mul(groups) != Some(channels) {
            let message = format!(
                "a kernel of shape {} doesn't fit an input of shape {} in {groups} groups: it must have (C_out, *kernel, \
                 C_in / groups), and both channel numbers must be multiples of groups",
                tuple(kernel),
                tuple(input)
            );
            return Err(Error::value(NAME, message));
        }
        let space = self.space(input, kernel)?;
        let shape: Shape = std::iter::once(input[0]).chain(space).chain([kernel[0]]).collect();
        if layout::checked_len(&shape).is_none_or(|len| len > isize::MAX as usize / 16) {
            return Err(too_large());
        }
        Ok(vec![Spec { shape, dtype: inputs[0].dtype() }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (input, kernel) = (&site.inputs[0], &site.inputs[1]);
        let left = tangents[0].as_ref().map(|tangent| self.clone().of(tangent, kernel)).transpose()?;
        let right = tangents[1].as_ref().map(|tangent| self.clone().of(input, tangent)).transpose()?;
        Ok(vec![match (left, right) {
            (Some(left), Some(right)) => Some(add(&left, &right)?),
            (left, right) => left.or(right),
        }])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None, None]) };
        let (input, kernel) = (&site.inputs[0], &site.inputs[1]);
        // Paddings that depend on the sizes become part of the adjoint operations.
        [input, kernel].into_iter().try_for_each(|x| expect_fixed(NAME, x))?;
        let pulled = [
            site.wanted[0].then(|| self.pull_input(input.shape(), kernel, cotangent)).transpose()?,
            site.wanted[1].then(|| self.pull_kernel(input, kernel.shape(), cotangent)).transpose()?,
        ];
        Ok(pulled.into())
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let (input, kernel) = (&inputs[0], &inputs[1]);
        [input, kernel].into_iter().try_for_each(|x| expect_fixed(NAME, &x.array))?;
        let result = match (input.mapped, kernel.mapped) {
            (true, true) => self.map_both(&input.array, &kernel.array),
            (false, true) => self.map_kernel(&input.array, &kernel.array),
            (true, false) | (false, false) => self.map_input(&input.array, &kernel.array),
        };
        Ok(vec![Batched::mapped(result?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let window = Window {
            stride: self.stride.clone(),
            low: self.low.clone(),
            kernel_dilation: self.kernel_dilation.clone(),
            input_dilation: self.input_dilation.clone(),
            groups: self.groups,
            flip: self.flip,
        };
        let space = &specs[0].shape[1..=self.stride.len()];
        let result = cotan_kernels::conv::convolve(&inputs[0], &inputs[1], &window, space);
        Ok(vec![result.map_err(|error| Error::from_kernel(NAME, error))?])
    }
}
