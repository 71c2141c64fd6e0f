//! Convolutions and transposed convolutions as callers write them.

use cotan_kernels::DType;
use cotan_kernels::layout::Strides;

use super::{Convolve, astype, expect_fixed, reshape};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};

/// How a kernel moves over its input. A list has an entry for each spatial axis, one for all, or none for the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvOptions<'a> {
    /// Distance between windows, 1 by default.
    pub stride: &'a [i64],
    /// Zeros before and after the input, none by default; negative numbers cut off.
    pub padding: (&'a [i64], &'a [i64]),
    /// Distance between neighbours of the kernel, 1 by default.
    pub kernel_dilation: &'a [i64],
    /// Distance between neighbours of the input, 1 by default.
    pub input_dilation: &'a [i64],
    /// Groups of channels that don't meet.
    pub groups: i64,
    /// Turns the kernel around along every spatial axis, which makes a cross-correlation a convolution.
    pub flip: bool,
}

impl Default for ConvOptions<'_> {
    fn default() -> Self {
        ConvOptions {
            stride: &[],
            padding: (&[], &[]),
            kernel_dilation: &[],
            input_dilation: &[],
            groups: 1,
            flip: false,
        }
    }
}

/// The cross-correlation of an input `(N, *space, C_in)` with a kernel `(C_out, *kernel, C_in / groups)`, for any number
/// of spatial axes: `(N, *space, C_out)`. Halves accumulate in single precision.
///
/// # Errors
/// When the input is not of a floating type, ranks or channels don't fit, a list has a wrong length, a step is not
/// positive, or the kernel is larger than the padded input.
///
/// ```
/// use cotan::{Array, ops::{self, ConvOptions}};
/// let signal = Array::from_slice(&[1.0f32, 2.0, 3.0], &[1, 3, 1])?;
/// let kernel = Array::from_slice(&[1.0f32, -1.0], &[1, 2, 1])?;
/// let y = ops::conv_general(&signal, &kernel, &ConvOptions { padding: (&[1], &[0]), ..Default::default() })?;
/// assert_eq!(y.to_vec::<f32>()?, [-1.0, -1.0, -1.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn conv_general(input: &Array, kernel: &Array, options: &ConvOptions) -> Result<Array> {
    const OP: &str = "conv_general";
    let axes = spatial_axes(OP, input, kernel)?;
    let op = Convolve {
        stride: steps(OP, "stride", options.stride, axes)?,
        low: numbers(OP, "padding", options.padding.0, axes, 0)?,
        high: numbers(OP, "padding", options.padding.1, axes, 0)?,
        kernel_dilation: steps(OP, "kernel_dilation", options.kernel_dilation, axes)?,
        input_dilation: steps(OP, "input_dilation", options.input_dilation, axes)?,
        groups: group_count(OP, options.groups)?,
        flip: options.flip,
    };
    apply(OP, op, input, kernel)
}

/// What [`conv_transpose`] transposes: the stride, padding, dilation and groups of a convolution.
///
/// A list has an entry for each spatial axis, one for all, or none for the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransposeOptions<'a> {
    /// Distance between the places where the kernel is laid down, 1 by default.
    pub stride: &'a [i64],
    /// How much of the result is cut off at both ends, nothing by default.
    pub padding: &'a [i64],
    /// Distance between neighbours of the kernel, 1 by default.
    pub dilation: &'a [i64],
    /// Zeros added at the end of the result, where a stride leaves its size open; none by default.
    pub output_padding: &'a [i64],
    /// Groups of channels that don't meet.
    pub groups: i64,
}

impl Default for TransposeOptions<'_> {
    fn default() -> Self {
        TransposeOptions { stride: &[], padding: &[], dilation: &[], output_padding: &[], groups: 1 }
    }
}

/// The transposed convolution: every element of an input `(N, *space, C_in)` lays the kernel `(C_out, *kernel, C_in /
/// groups)` down, scaled by itself, `stride` further for each place.
///
/// An axis has `(size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1` elements in the result.
///
/// # Errors
/// As for [`conv_general`], and when nothing of the result is left.
///
/// ```
/// use cotan::{Array, ops::{self, TransposeOptions}};
/// let x = Array::from_slice(&[1.0f32, 2.0], &[1, 2, 1])?;
/// let kernel = Array::from_slice(&[1.0f32, 10.0], &[1, 2, 1])?;
/// let y = ops::conv_transpose(&x, &kernel, &TransposeOptions { stride: &[2], ..Default::default() })?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 10.0, 2.0, 20.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn conv_transpose(input: &Array, kernel: &Array, options: &TransposeOptions) -> Result<Array> {
    const OP: &str = "conv_transpose";
    let axes = spatial_axes(OP, input, kernel)?;
    expect_fixed(OP, kernel)?;
    let dilation = steps(OP, "dilation", options.dilation, axes)?;
    let padding = numbers(OP, "padding", options.padding, axes, 0)?;
    let more = numbers(OP, "output_padding", options.output_padding, axes, 0)?;
    let mut low = Strides::new();
    let mut high = Strides::new();
    for i in 0..axes {
        let reach = (kernel.shape()[i + 1] as i128 - 1) * dilation[i] as i128 - padding[i] as i128;
        for (list, end) in [(&mut low, reach), (&mut high, reach + more[i] as i128)] {
            let fits = isize::try_from(end);
            list.push(fits.map_err(|_| Error::value(OP, "sizes, paddings or dilations are too large"))?);
        }
    }
    let op = Convolve {
        stride: Shape::from_elem(1, axes),
        low,
        high,
        kernel_dilation: dilation,
        input_dilation: steps(OP, "stride", options.stride, axes)?,
        groups: group_count(OP, options.groups)?,
        flip: true,
    };
    apply(OP, op, input, kernel)
}

/// Which part of a convolution of two vectors [`convolve`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConvolveMode {
    /// Everything: as long as both together, less one.
    Full,
    /// As long as the longer vector, centred.
    Same,
    /// Only sums in which the shorter vector lies within the longer one.
    Valid,
}

/// The convolution of two vectors: the coefficients of the product of two polynomials.
///
/// # Errors
/// When an operand is not a vector or has no elements, or the longer one is not of a floating type.
///
/// ```
/// use cotan::{Array, ops::{self, ConvolveMode}};
/// let a = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// let square = ops::convolve(&a, &a, ConvolveMode::Full)?;
/// assert_eq!(square.to_vec::<f32>()?, [1.0, 4.0, 4.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn convolve(a: &Array, v: &Array, mode: ConvolveMode) -> Result<Array> {
    const OP: &str = "convolve";
    if a.ndim() != 1 || v.ndim() != 1 || a.size() == 0 || v.size() == 0 {
        let (left, right) = (tuple(a.shape()), tuple(v.shape()));
        return Err(Error::value(OP, format!("needs two vectors with elements, got shapes {left} and {right}")));
    }
    let (long, short) = if a.size() < v.size() { (v, a) } else { (a, v) };
    [a, v].into_iter().try_for_each(|x| expect_fixed(OP, x))?;
    let margin = short.size() as i64 - 1;
    let (low, high) = match mode {
        ConvolveMode::Full => (margin, margin),
        ConvolveMode::Same => (margin - margin / 2, margin / 2),
        ConvolveMode::Valid => (0, 0),
    };
    let options = ConvOptions { padding: (&[low], &[high]), flip: true, ..Default::default() };
    let signal = reshape(long, &[1, long.size(), 1])?;
    let result = conv_general(&signal, &reshape(short, &[1, short.size(), 1])?, &options)?;
    reshape(&result, &[result.size()])
}

/// Convolves in the type that both promote to; halves in single precision.
fn apply(name: &'static str, op: Convolve, input: &Array, kernel: &Array) -> Result<Array> {
    if !input.dtype().is_inexact() {
        return Err(Error::DType { op: name, dtype: input.dtype(), expected: "an input of a floating type" });
    }
    let dtype = input.dtype().promote(kernel.dtype());
    let wide = match dtype {
        DType::F16 | DType::Bf16 => DType::F32,
        other => other,
    };
    astype(&op.of(&astype(input, wide)?, &astype(kernel, wide)?)?, dtype)
}

/// How many axes lie between batch and channels.
fn spatial_axes(op: &'static str, input: &Array, kernel: &Array) -> Result<usize> {
    if input.ndim() < 3 || kernel.ndim() != input.ndim() {
        let message = format!(
            "needs an input (N, *space, C_in) and a kernel (C_out, *kernel, C_in / groups) of equal rank, got shapes {} \
             and {}",
            tuple(input.shape()),
            tuple(kernel.shape())
        );
        return Err(Error::value(op, message));
    }
    Ok(input.ndim() - 2)
}

fn group_count(op: &'static str, groups: i64) -> Result<usize> {
    match usize::try_from(groups) {
        Ok(groups) if groups > 0 => Ok(groups),
        Ok(_) | Err(_) => Err(Error::value(op, format!("groups must be positive, got {groups}"))),
    }
}

/// One number for each spatial axis.
fn numbers(op: &'static str, name: &str, given: &[i64], axes: usize, default: isize) -> Result<Strides> {
    let fit =
        |&number: &i64| isize::try_from(number).map_err(|_| Error::value(op, format!("{name} {number} is too large")));
    match given {
        [] => Ok(Strides::from_elem(default, axes)),
        [one] => Ok(Strides::from_elem(fit(one)?, axes)),
        _ if given.len() == axes => given.iter().map(fit).collect(),
        _ => Err(Error::value(op, format!("{name} has {} numbers for {axes} spatial axes: {given:?}", given.len()))),
    }
}

/// One positive number for each spatial axis.
fn steps(op: &'static str, name: &str, given: &[i64], axes: usize) -> Result<Shape> {
    let positive = |&step: &isize| match usize::try_from(step) {
        Ok(step) if step > 0 => Ok(step),
        Ok(_) | Err(_) => Err(Error::value(op, format!("{name} must be positive, got {given:?}"))),
    };
    numbers(op, name, given, axes, 1)?.iter().map(positive).collect()
}
