//! Convolutions and transposed convolutions.

use cotan::ops::{self, ConvOptions, ConvolveMode, TransposeOptions};
use cotan::{Array, Error, tuple};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{Integers, add_functions, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Result, type_error, value_error};
use crate::operand::ArrayArg;

/// One number for all of `N` spatial axes, or one for each.
#[cfg_attr(false, python("int | Sequence[int]"))]
struct PerAxis<const N: usize>(Vec<i64>);

impl<'a, 'py, const N: usize> FromPyObject<'a, 'py> for PerAxis<N> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(one) = object.extract::<i64>() {
            return Ok(PerAxis(vec![one]));
        }
        let many = object.extract::<Integers>()?.0;
        if many.len() != N {
            return Err(type_error(format!("expected one int or {N} of them, got {many:?}")).into());
        }
        Ok(PerAxis(many))
    }
}

/// One number for all spatial axes, or a sequence of as many as there are.
#[cfg_attr(false, python("int | Sequence[int]"))]
struct Numbers(Vec<i64>);

impl<'a, 'py> FromPyObject<'a, 'py> for Numbers {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<i64>() {
            Ok(one) => Ok(Numbers(vec![one])),
            Err(_) => Ok(Numbers(object.extract::<Integers>()?.0)),
        }
    }
}

/// Zeros before and after each spatial axis: the same at both ends, or two sequences.
#[cfg_attr(false, python("int | Sequence[int] | Sequence[Sequence[int]]"))]
struct Padding(Vec<i64>, Vec<i64>);

impl<'a, 'py> FromPyObject<'a, 'py> for Padding {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let is_list = |item: &Bound<'py, PyAny>| item.cast::<PyList>().is_ok() || item.cast::<PyTuple>().is_ok();
        if let Ok(ends) = object.extract::<[Bound<'py, PyAny>; 2]>()
            && ends.iter().all(is_list)
        {
            return Ok(Padding(ends[0].extract::<Integers>()?.0, ends[1].extract::<Integers>()?.0));
        }
        let both = object.extract::<Numbers>()?.0;
        Ok(Padding(both.clone(), both))
    }
}

/// Refuses operands of another rank than the function is named for.
fn expect_spatial(op: &'static str, axes: usize, input: &Array) -> Result<()> {
    if input.ndim() == axes + 2 {
        return Ok(());
    }
    let message =
        format!("needs an input with {} axes (N, *space, C_in), got shape {}", axes + 2, tuple(input.shape()));
    Err(Error::value(op, message).into())
}

macro_rules! convolutions {
    ($($(#[$doc:meta])* $name:ident, $axes:literal, $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            #[pyo3(
                signature = (
                    input, weight, /, stride = PerAxis(vec![1]), padding = PerAxis(vec![0]), dilation = PerAxis(vec![1]),
                    groups = 1, *, stream = None
                ),
                text_signature = $text
            )]
            fn $name(
                input: ArrayArg,
                weight: ArrayArg,
                stride: PerAxis<$axes>,
                padding: PerAxis<$axes>,
                dilation: PerAxis<$axes>,
                groups: i64,
                stream: Option<StreamArg>,
            ) -> Result<PyArray> {
                expect_spatial(stringify!($name), $axes, &input.0)?;
                let options = ConvOptions {
                    stride: &stride.0,
                    padding: (&padding.0, &padding.0),
                    kernel_dilation: &dilation.0,
                    groups,
                    ..Default::default()
                };
                on(stream, ops::conv_general(&input.0, &weight.0, &options))
            }
        )*
    };
}

convolutions! {
    /// The cross-correlation of sequences `(N, L, C_in)` with a kernel `(C_out, K, C_in / groups)`: `(N, L', C_out)`.
    ///
    /// `padding` zeros are put at both ends (negative: cut off), windows are `stride` apart, and neighbours of the kernel
    /// `dilation`. Both channel numbers are multiples of `groups`, which don't meet. ValueError for integers and for
    /// shapes that don't fit.
    ///
    /// >>> import cotan.core as mx
    /// >>> x = mx.array([1.0, 2.0, 4.0]).reshape(1, 3, 1)
    /// >>> mx.conv1d(x, mx.array([-1.0, 1.0]).reshape(1, 2, 1)).squeeze()
    /// array([1, 2], dtype=float32)
    conv1d, 1, "(input, weight, /, stride=1, padding=0, dilation=1, groups=1, *, stream=None)";
    /// The cross-correlation of images `(N, H, W, C_in)` with a kernel `(C_out, *K, C_in / groups)`: `(N, H', W', C_out)`.
    ///
    /// `padding` zeros are put at all sides (negative: cut off), windows are `stride` apart, and neighbours of the kernel
    /// `dilation`; each is an int or a pair. Both channel numbers are multiples of `groups`, which don't meet. TypeError for
    /// another number of ints, ValueError for integer arrays and for shapes that don't fit.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.conv2d(mx.ones((1, 5, 6, 3)), mx.ones((8, 2, 3, 3)), stride=(1, 2), padding=(0, 1)).shape
    /// (1, 4, 3, 8)
    conv2d, 2, "(input, weight, /, stride=1, padding=0, dilation=1, groups=1, *, stream=None)";
    /// The cross-correlation of volumes `(N, D, H, W, C_in)` with a kernel `(C_out, *K, C_in / groups)`:
    /// `(N, D', H', W', C_out)`.
    ///
    /// `padding` zeros are put at all sides (negative: cut off), windows are `stride` apart, and neighbours of the kernel
    /// `dilation`; each is an int or a triple. Both channel numbers are multiples of `groups`, which don't meet. TypeError
    /// for another number of ints, ValueError for integer arrays and for shapes that don't fit.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.conv3d(mx.ones((1, 3, 4, 5, 2)), mx.ones((6, 2, 2, 2, 2))).shape
    /// (1, 2, 3, 4, 6)
    conv3d, 3, "(input, weight, /, stride=1, padding=0, dilation=1, groups=1, *, stream=None)";
}

macro_rules! transposes {
    ($($(#[$doc:meta])* $name:ident, $axes:literal, $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            #[pyo3(
                signature = (
                    input, weight, /, stride = PerAxis(vec![1]), padding = PerAxis(vec![0]), dilation = PerAxis(vec![1]),
                    output_padding = PerAxis(vec![0]), groups = 1, *, stream = None
                ),
                text_signature = $text
            )]
            #[allow(clippy::too_many_arguments)]
            fn $name(
                input: ArrayArg,
                weight: ArrayArg,
                stride: PerAxis<$axes>,
                padding: PerAxis<$axes>,
                dilation: PerAxis<$axes>,
                output_padding: PerAxis<$axes>,
                groups: i64,
                stream: Option<StreamArg>,
            ) -> Result<PyArray> {
                expect_spatial(stringify!($name), $axes, &input.0)?;
                let options = TransposeOptions {
                    stride: &stride.0,
                    padding: &padding.0,
                    dilation: &dilation.0,
                    output_padding: &output_padding.0,
                    groups,
                };
                on(stream, ops::conv_transpose(&input.0, &weight.0, &options))
            }
        )*
    };
}

transposes! {
    /// The transposed convolution of sequences `(N, L, C_in)` with a kernel `(C_out, K, C_in / groups)`.
    ///
    /// Every element lays the kernel down, scaled by itself, `stride` further for each place; `padding` elements are cut
    /// off at both ends. The result has `(L - 1) * stride - 2 * padding + dilation * (K - 1) + output_padding + 1` places.
    /// ValueError for integer arrays and for shapes that don't fit.
    ///
    /// >>> import cotan.core as mx
    /// >>> x = mx.array([1.0, 2.0]).reshape(1, 2, 1)
    /// >>> mx.conv_transpose1d(x, mx.array([1.0, 10.0]).reshape(1, 2, 1), stride=2).squeeze()
    /// array([1, 10, 2, 20], dtype=float32)
    conv_transpose1d, 1, "(input, weight, /, stride=1, padding=0, dilation=1, output_padding=0, groups=1, *, stream=None)";
    /// The transposed convolution of images `(N, H, W, C_in)` with a kernel `(C_out, *K, C_in / groups)`.
    ///
    /// Every element lays the kernel down, scaled by itself, `stride` further for each place; `padding` elements are cut
    /// off at all sides, and an axis has `(L - 1) * stride - 2 * padding + dilation * (K - 1) + output_padding + 1` places
    /// in the result. Sizes are an int or a pair. TypeError for another number of ints, ValueError for integer arrays and
    /// for shapes that don't fit.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.conv_transpose2d(mx.ones((1, 4, 4, 2)), mx.ones((4, 3, 3, 1)), stride=2, groups=2).shape
    /// (1, 9, 9, 4)
    conv_transpose2d, 2, "(input, weight, /, stride=1, padding=0, dilation=1, output_padding=0, groups=1, *, stream=None)";
    /// The transposed convolution of volumes `(N, D, H, W, C_in)` with a kernel `(C_out, *K, C_in / groups)`.
    ///
    /// Every element lays the kernel down, scaled by itself, `stride` further for each place; `padding` elements are cut
    /// off at all sides, and an axis has `(L - 1) * stride - 2 * padding + dilation * (K - 1) + output_padding + 1` places
    /// in the result. Sizes are an int or a triple. TypeError for another number of ints, ValueError for integer arrays and
    /// for shapes that don't fit.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.conv_transpose3d(mx.ones((1, 2, 3, 4, 2)), mx.ones((5, 2, 2, 2, 2)), stride=2).shape
    /// (1, 4, 6, 8, 5)
    conv_transpose3d, 3, "(input, weight, /, stride=1, padding=0, dilation=1, output_padding=0, groups=1, *, stream=None)";
}

/// The cross-correlation of `(N, *space, C_in)` with a kernel `(C_out, *kernel, C_in / groups)` over any spatial axes.
///
/// Sizes are an int for all axes or a sequence. `padding` is the same at both ends, or a pair of sequences for the beginning
/// and the end; negative numbers cut off. `input_dilation` puts zeros between the elements of the input, `kernel_dilation`
/// between those of the kernel, which `flip` turns around. ValueError for integer arrays and for shapes that don't fit.
///
/// >>> import cotan.core as mx
/// >>> x, kernel = mx.array([1.0, 2.0]).reshape(1, 2, 1), mx.array([1.0, 10.0]).reshape(1, 2, 1)
/// >>> mx.conv_general(x, kernel, padding=([1], [0]), input_dilation=2, flip=True).squeeze()
/// array([1, 10, 2], dtype=float32)
#[pyfunction]
#[pyo3(
    signature = (
        input, weight, /, stride = Numbers(vec![1]), padding = Padding(vec![0], vec![0]),
        kernel_dilation = Numbers(vec![1]), input_dilation = Numbers(vec![1]), groups = 1, flip = false, *, stream = None
    ),
    text_signature = "(input, weight, /, stride=1, padding=0, kernel_dilation=1, input_dilation=1, groups=1, flip=False, *, stream=None)"
)]
#[allow(clippy::too_many_arguments)]
fn conv_general(
    input: ArrayArg,
    weight: ArrayArg,
    stride: Numbers,
    padding: Padding,
    kernel_dilation: Numbers,
    input_dilation: Numbers,
    groups: i64,
    flip: bool,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let options = ConvOptions {
        stride: &stride.0,
        padding: (&padding.0, &padding.1),
        kernel_dilation: &kernel_dilation.0,
        input_dilation: &input_dilation.0,
        groups,
        flip,
    };
    on(stream, ops::conv_general(&input.0, &weight.0, &options))
}

/// The convolution of two vectors: all of it (`"full"`), as long as the longer one and centred (`"same"`), or only sums in
/// which the shorter vector lies within the longer one (`"valid"`).
///
/// ValueError for other modes, arrays that are no vectors or have no elements, and when the longer one holds integers.
///
/// >>> import cotan.core as mx
/// >>> mx.convolve(mx.array([1.0, 2.0, 3.0]), mx.array([0.0, 1.0, 0.5]))
/// array([0, 1, 2.5, 4, 1.5], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, v, /, mode = "full", *, stream = None))]
fn convolve(a: ArrayArg, v: ArrayArg, mode: &str, stream: Option<StreamArg>) -> Result<PyArray> {
    let mode = match mode {
        "full" => ConvolveMode::Full,
        "same" => ConvolveMode::Same,
        "valid" => ConvolveMode::Valid,
        _ => return Err(value_error(format!("convolve: mode must be 'full', 'same' or 'valid', got '{mode}'"))),
    };
    on(stream, ops::convolve(&a.0, &v.0, mode))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module;
        conv1d, conv2d, conv3d, conv_general, conv_transpose1d, conv_transpose2d, conv_transpose3d, convolve,
    );
    Ok(())
}
