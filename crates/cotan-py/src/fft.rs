//! `cotan.core.fft`: discrete Fourier transforms.

use cotan::fft::{self as fourier, Frames, Norm};
use cotan::ops::PadMode;
use cotan::{Array, ops};
use pyo3::prelude::*;

use crate::args::{Axes, axes as given};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Result, value_error};
use crate::functions::{Integers, add_functions, on};
use crate::operand::ArrayArg;

fn norm(name: &str) -> Result<Norm> {
    match name {
        "backward" => Ok(Norm::Backward),
        "ortho" => Ok(Norm::Ortho),
        "forward" => Ok(Norm::Forward),
        _ => Err(value_error(format!("fft: norm must be 'backward', 'ortho' or 'forward', got '{name}'"))),
    }
}

macro_rules! along_one_axis {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            #[pyo3(
                signature = (a, n = None, axis = -1, norm = "backward", stream = None),
                text_signature = "(a, n=None, axis=-1, norm='backward', stream=None)"
            )]
            fn $name(a: ArrayArg, n: Option<i64>, axis: i64, norm: &str, stream: Option<StreamArg>) -> Result<PyArray> {
                on(stream, fourier::$name(&a.0, n, axis, self::norm(norm)?))
            }
        )*
    };
}

along_one_axis! {
    /// The discrete Fourier transform along `axis`, as complex64: `y[k] = sum of x[j] * exp(-2 pi i j k / n)`.
    ///
    /// `n` cuts the axis or fills it up with zeros first. `norm` says which way is divided by n: the inverse (`"backward"`),
    /// the forward transform (`"forward"`), or both by its square root (`"ortho"`). Any type is converted to complex64 first.
    /// IndexError for an axis that doesn't exist, ValueError for another norm or when `n` is not positive.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.fft(mx.array([1.0, 2.0, 3.0, 4.0]))
    /// array([10+0j, -2+2j, -2+0j, -2-2j], dtype=complex64)
    fft;
    /// The inverse of `fft`, with the same arguments: `x[j] = sum of y[k] * exp(2 pi i j k / n) / n`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.ifft(mx.array([4.0, 0.0, 0.0, 0.0]))
    /// array([1+0j, 1+0j, 1+0j, 1+0j], dtype=complex64)
    ifft;
    /// The first `n // 2 + 1` elements of `fft` of real numbers, with the same arguments; the others are their conjugates.
    ///
    /// Any type is converted to float32 first, imaginary parts are dropped.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.rfft(mx.array([1.0, 2.0, 3.0, 4.0]))
    /// array([10+0j, -2+2j, -2+0j], dtype=complex64)
    rfft;
    /// The inverse of `rfft`, as float32. `n` is the size of the result along `axis`, by default the even one.
    ///
    /// Other arguments and errors as for `fft`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.irfft(mx.fft.rfft(mx.array([1.0, 2.0, 3.0])), 3)
    /// array([1, 2, 3], dtype=float32)
    irfft;
    /// The real transform of a signal that equals its conjugate in reverse order, of which `a` is the first half.
    ///
    /// `n` is the size of the result along `axis`, by default the even one. Other arguments and errors as for `fft`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.hfft(mx.array([1.0, 2.0, 3.0]))
    /// array([8, -2, 0, -2], dtype=float32)
    hfft;
    /// The inverse of `hfft`, as complex64: the first half of a signal whose transform is real.
    ///
    /// Arguments and errors as for `fft`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.real(mx.fft.ihfft(mx.array([8.0, -2.0, 0.0, -2.0])))
    /// array([1, 2, 3], dtype=float32)
    ihfft;
}

macro_rules! over_axes {
    ($($(#[$doc:meta])* $name:ident, $call:ident, $axes:expr, $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            #[pyo3(signature = (a, s = None, axes = $axes, norm = "backward", stream = None), text_signature = $text)]
            fn $name(
                a: ArrayArg,
                s: Option<Integers>,
                axes: Option<Axes>,
                norm: &str,
                stream: Option<StreamArg>,
            ) -> Result<PyArray> {
                let sizes = s.as_ref().map(|s| &s.0[..]);
                on(stream, fourier::$call(&a.0, sizes, given(&axes), self::norm(norm)?))
            }
        )*
    };
}

over_axes! {
    /// `fft` over two axes, by default the last ones, with `s` as their sizes.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.fft2(mx.ones((2, 2)))
    /// array([[4+0j, 0+0j],
    ///        [0+0j, 0+0j]], dtype=complex64)
    fft2, fftn, Some(Axes(vec![-2, -1])), "(a, s=None, axes=[-2, -1], norm='backward', stream=None)";
    /// The inverse of `fft2`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.ifft2(mx.fft.fft2(mx.array([[1.0, 2.0], [3.0, 4.0]])))
    /// array([[1+0j, 2+0j],
    ///        [3+0j, 4+0j]], dtype=complex64)
    ifft2, ifftn, Some(Axes(vec![-2, -1])), "(a, s=None, axes=[-2, -1], norm='backward', stream=None)";
    /// `rfft` along the last of two axes and `fft` along the first, by default over the last axes, with `s` as their sizes.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.rfft2(mx.ones((4, 6))).shape
    /// (4, 4)
    rfft2, rfftn, Some(Axes(vec![-2, -1])), "(a, s=None, axes=[-2, -1], norm='backward', stream=None)";
    /// The inverse of `rfft2`; `s` are the sizes of the result.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.irfft2(mx.fft.rfft2(mx.array([[1.0, 2.0], [3.0, 4.0]])))
    /// array([[1, 2],
    ///        [3, 4]], dtype=float32)
    irfft2, irfftn, Some(Axes(vec![-2, -1])), "(a, s=None, axes=[-2, -1], norm='backward', stream=None)";
    /// `fft` over `axes`, all by default, cut or filled up with zeros to the sizes `s`, which need axes.
    ///
    /// IndexError for an axis that doesn't exist; ValueError for one given twice, sizes without axes, of another number or
    /// not positive, another norm, and an array without axes.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.fftn(mx.ones((2, 3)), s=(4, 5), axes=(0, 1)).shape
    /// (4, 5)
    fftn, fftn, None, "(a, s=None, axes=None, norm='backward', stream=None)";
    /// The inverse of `fftn`. Arguments and errors as there.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.ifftn(mx.array([4.0, 0.0]))
    /// array([2+0j, 2+0j], dtype=complex64)
    ifftn, ifftn, None, "(a, s=None, axes=None, norm='backward', stream=None)";
    /// `rfft` along the last of `axes` and `fft` along the others. Arguments and errors as for `fftn`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.rfftn(mx.ones((2, 4))).shape
    /// (2, 3)
    rfftn, rfftn, None, "(a, s=None, axes=None, norm='backward', stream=None)";
    /// The inverse of `rfftn`; `s` are the sizes of the result. Arguments and errors as for `fftn`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.fft.irfftn(mx.ones((4, 4))).shape
    /// (4, 6)
    irfftn, irfftn, None, "(a, s=None, axes=None, norm='backward', stream=None)";
}

/// The frequencies of the elements of `fft` of `n` samples at distance `d`, as float32. ValueError when `n` is not positive
/// or `d` is zero.
///
/// >>> import cotan.core as mx
/// >>> mx.fft.fftfreq(5)
/// array([0, 0.2, 0.4, -0.4, -0.2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (n, d = 1.0, stream = None))]
fn fftfreq(n: i64, d: f64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, fourier::fftfreq(n, d))
}

/// The frequencies of the elements of `rfft` of `n` samples at distance `d`, as float32. ValueError when `n` is not positive
/// or `d` is zero.
///
/// >>> import cotan.core as mx
/// >>> mx.fft.rfftfreq(5, 2.0)
/// array([0, 0.1, 0.2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (n, d = 1.0, stream = None))]
fn rfftfreq(n: i64, d: f64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, fourier::rfftfreq(n, d))
}

/// Moves the element of frequency zero to the middle of `axes`, one or several, all by default. IndexError for an axis that
/// doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.fft.fftshift(mx.arange(5))
/// array([3, 4, 0, 1, 2], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, axes = None, stream = None))]
fn fftshift(a: ArrayArg, axes: Option<Axes>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, fourier::fftshift(&a.0, given(&axes)))
}

/// Moves the element in the middle of `axes`, one or several, all by default, to their start: the inverse of `fftshift`.
/// IndexError for an axis that doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.fft.ifftshift(mx.arange(5))
/// array([2, 3, 4, 0, 1], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, axes = None, stream = None))]
fn ifftshift(a: ArrayArg, axes: Option<Axes>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, fourier::ifftshift(&a.0, given(&axes)))
}

/// How the ends of a signal are extended.
fn pad_mode(name: &str) -> Result<PadMode> {
    match name {
        "reflect" => Ok(PadMode::Reflect),
        "symmetric" => Ok(PadMode::Symmetric),
        "edge" => Ok(PadMode::Edge),
        "constant" => Ok(PadMode::Constant(Array::scalar(0.0f32))),
        _ => Err(value_error(format!(
            "stft: pad_mode must be 'reflect', 'symmetric', 'edge' or 'constant', got '{name}'"
        ))),
    }
}

/// The window of a frame: the one given, or ones.
fn window(op: &str, window: Option<ArrayArg>, length: Option<i64>) -> Result<Option<Array>> {
    match (window, length) {
        (None, None) => Ok(None),
        (None, Some(length)) if length > 0 => Ok(Some(ops::ones(&[length as usize], cotan::DType::F32))),
        (Some(window), length) if length.is_none_or(|length| [length as usize] == *window.0.shape()) => {
            Ok(Some(window.0))
        }
        (Some(window), Some(length)) => Err(value_error(format!(
            "{op}: a window of shape {} hasn't win_length = {length} elements",
            cotan::tuple(window.0.shape())
        ))),
        (_, length) => Err(value_error(format!("{op}: win_length must be positive, got {length:?}"))),
    }
}

/// The transforms of overlapping frames of the last axis: `(..., frequencies, frames)`, as complex64.
///
/// Frames have `n_fft` samples, start `hop_length` apart (by default a quarter of a frame), and are multiplied by `window`, or
/// by `win_length` ones, in their middle when there are fewer. With `center` the signal is first extended by half a frame at
/// both ends, as `pad` does it in `pad_mode`. `onesided` transforms are those of `rfft`, the default for real signals. ValueError
/// for sizes that are not positive, windows longer than a frame, signals shorter than one, and unknown modes.
///
/// >>> import cotan.core as mx
/// >>> mx.fft.stft(mx.ones((1000,)), n_fft=64).shape
/// (33, 63)
#[pyfunction]
#[pyo3(
    signature = (
        x, n_fft = 2048, hop_length = None, win_length = None, window = None, center = true, pad_mode = "reflect",
        norm = "backward", onesided = None, stream = None
    ),
    text_signature = "(x, n_fft=2048, hop_length=None, win_length=None, window=None, center=True, pad_mode='reflect', norm='backward', onesided=None, stream=None)"
)]
#[allow(clippy::too_many_arguments)]
fn stft(
    x: ArrayArg,
    n_fft: i64,
    hop_length: Option<i64>,
    win_length: Option<i64>,
    window: Option<ArrayArg>,
    center: bool,
    pad_mode: &str,
    norm: &str,
    onesided: Option<bool>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let window = self::window("stft", window, win_length)?;
    let frames = Frames { n_fft, hop: hop_length, window, center };
    on(stream, fourier::stft(&x.0, &frames, &self::pad_mode(pad_mode)?, self::norm(norm)?, onesided))
}

/// The signal whose `stft` is nearest to `stft_matrix`, as float32, from the same arguments as given there.
///
/// `n_fft` is by default the even size that gives so many frequencies. The frames are added up and divided by the sum of the
/// squared windows. `length` cuts the signal or fills it up with zeros; without it, centred frames give back whole ones only.
/// `onesided` is the default. ValueError as for `stft`, for fewer than two axes and a negative length.
///
/// >>> import cotan.core as mx
/// >>> x = mx.arange(16.0)
/// >>> mx.allclose(mx.fft.istft(mx.fft.stft(x, n_fft=4)), x)
/// array(True, dtype=bool)
#[pyfunction]
#[pyo3(
    signature = (
        stft_matrix, n_fft = None, hop_length = None, win_length = None, window = None, center = true,
        norm = "backward", onesided = None, length = None, stream = None
    ),
    text_signature = "(stft_matrix, n_fft=None, hop_length=None, win_length=None, window=None, center=True, norm='backward', onesided=None, length=None, stream=None)"
)]
#[allow(clippy::too_many_arguments)]
fn istft(
    stft_matrix: ArrayArg,
    n_fft: Option<i64>,
    hop_length: Option<i64>,
    win_length: Option<i64>,
    window: Option<ArrayArg>,
    center: bool,
    norm: &str,
    onesided: Option<bool>,
    length: Option<i64>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let onesided = onesided.unwrap_or(true);
    let window = self::window("istft", window, win_length)?;
    let frames = Frames {
        n_fft: n_fft.unwrap_or_else(|| fourier::frame_size(&stft_matrix.0, onesided)),
        hop: hop_length,
        window,
        center,
    };
    on(stream, fourier::istft(&stft_matrix.0, &frames, self::norm(norm)?, onesided, length))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let namespace = PyModule::new(py, "cotan.core.fft")?;
    let target = &namespace;
    add_functions!(target;
        fft, ifft, rfft, irfft, hfft, ihfft, fft2, ifft2, rfft2, irfft2, fftn, ifftn, rfftn, irfftn, fftfreq, rfftfreq,
        fftshift, ifftshift, stft, istft,
    );
    namespace.setattr("__doc__", "Discrete Fourier transforms, in single precision.")?;
    module.add("fft", &namespace)?;
    // `import cotan.core.fft` finds it here.
    py.import("sys")?.getattr("modules")?.set_item("cotan.core.fft", namespace)
}
