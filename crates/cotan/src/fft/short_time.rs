//! Short-time Fourier transforms: the transforms of windowed frames of a signal, and signals from those.

use cotan_kernels::{DType, Scalar};

use super::{Norm, fft, ifft, irfft, rfft};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};
use crate::ops::{self, PadMode, PadWidth, astype, broadcast_to, multiply, reshape, slice_axis, swapaxes};

/// Below this the overlapping windows don't tell the signal.
const FAINT: f32 = 1e-8;

/// How a signal is cut into frames.
#[derive(Clone, Debug)]
pub struct Frames {
    /// Samples of a frame.
    pub n_fft: i64,
    /// Samples from one frame to the next; a quarter of a frame by default.
    pub hop: Option<i64>,
    /// The factors of the samples of a frame, in its middle when there are fewer; ones by default.
    pub window: Option<Array>,
    /// Frames are around their samples and not from them on: the signal is extended by half a frame at both ends.
    pub center: bool,
}

/// [`Frames`] that have been checked.
struct Cut {
    n_fft: usize,
    hop: usize,
    window: Array,
    /// What centring adds at each end.
    margin: usize,
}

impl Frames {
    fn check(&self, op: &'static str) -> Result<Cut> {
        let positive = |name: &str, value: i64| match usize::try_from(value) {
            Ok(value) if value > 0 => Ok(value),
            Ok(_) | Err(_) => Err(Error::value(op, format!("{name} must be positive, got {value}"))),
        };
        let n_fft = positive("n_fft", self.n_fft)?;
        let hop = positive("hop_length", self.hop.unwrap_or(self.n_fft / 4))?;
        let window = match &self.window {
            None => ops::ones(&[n_fft], DType::F32),
            Some(window) if window.ndim() != 1 || window.size() == 0 || window.size() > n_fft => {
                let message = format!("a window has one axis of 1 to {n_fft} elements, got {}", tuple(window.shape()));
                return Err(Error::value(op, message));
            }
            Some(window) => {
                let more = n_fft - window.size();
                let widths = PadWidth::Pair((more / 2) as i64, (more - more / 2) as i64);
                ops::pad(&astype(window, DType::F32)?, widths, &PadMode::Constant(Array::scalar(0.0f32)))?
            }
        };
        Ok(Cut { n_fft, hop, window, margin: if self.center { n_fft / 2 } else { 0 } })
    }
}

/// The transforms of the windowed frames of a signal along the last axis: `(..., frequencies, frames)`.
///
/// `mode` extends a signal whose frames are centred. One-sided are the transforms of the real part by [`rfft`]; by default
/// those of real signals.
///
/// # Errors
/// When there is no axis, the signal is shorter than a frame, sizes are not positive, or the window doesn't fit a frame.
///
/// ```
/// use cotan::{Array, fft::{Frames, Norm, stft}, ops::PadMode};
/// let x = Array::from_slice(&[1.0f32; 16], &[16])?;
/// let frames = Frames { n_fft: 4, hop: None, window: None, center: true };
/// assert_eq!(stft(&x, &frames, &PadMode::Reflect, Norm::Backward, None)?.shape(), [3, 17]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn stft(x: &Array, frames: &Frames, mode: &PadMode, norm: Norm, onesided: Option<bool>) -> Result<Array> {
    const OP: &str = "stft";
    let Cut { n_fft, hop, window, margin } = frames.check(OP)?;
    if x.ndim() == 0 {
        return Err(Error::value(OP, "needs a signal with at least one axis"));
    }
    let onesided = onesided.unwrap_or(x.dtype() != DType::C64);
    let signal = astype(x, if onesided { DType::F32 } else { DType::C64 })?;
    let mut widths = vec![(0, 0); x.ndim()];
    widths[x.ndim() - 1] = (margin as i64, margin as i64);
    let signal = ops::pad(&signal, PadWidth::PerAxis(&widths), mode)?;
    let (lead, length) = (&signal.shape()[..x.ndim() - 1], signal.shape()[x.ndim() - 1]);
    if length < n_fft {
        return Err(Error::value(OP, format!("{length} samples are fewer than the {n_fft} of a frame")));
    }
    let shape = [lead, &[(length - n_fft) / hop + 1, n_fft]].concat();
    let mut strides: Vec<i64> = cotan_kernels::layout::row_major(signal.shape()).iter().map(|&s| s as i64).collect();
    strides.insert(lead.len(), hop as i64);
    let cut = multiply(&ops::as_strided(&signal, Some(&shape), Some(&strides), 0)?, &window)?;
    let transform = if onesided { rfft(&cut, None, -1, norm)? } else { fft(&cut, None, -1, norm)? };
    swapaxes(&transform, -1, -2)
}

/// The signal whose [`stft`] fits `z`, an array `(..., frequencies, frames)`, best: the windowed frames added up and divided
/// by the sum of the squared windows (Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984).
///
/// With `length` it is cut or filled up with zeros to that size; without, centred frames give up half a frame at both ends.
///
/// # Errors
/// As for [`stft`], when there are fewer than two axes or no frames, or `length` is negative.
pub fn istft(z: &Array, frames: &Frames, norm: Norm, onesided: bool, length: Option<i64>) -> Result<Array> {
    const OP: &str = "istft";
    let Cut { n_fft, hop, window, margin } = frames.check(OP)?;
    if z.ndim() < 2 || z.shape()[z.ndim() - 1] == 0 {
        let message = format!("needs (..., frequencies, frames) with at least one frame, got {}", tuple(z.shape()));
        return Err(Error::value(OP, message));
    }
    let count = z.shape()[z.ndim() - 1];
    let spectra = swapaxes(z, -1, -2)?;
    let n = Some(n_fft as i64);
    let cut = if onesided { irfft(&spectra, n, -1, norm)? } else { ops::real(&ifft(&spectra, n, -1, norm)?)? };
    let sum = overlap(&multiply(&cut, &window)?, hop)?;
    let squares = broadcast_to(&multiply(&window, &window)?, &[count, n_fft])?;
    let weights = ops::maximum(&overlap(&squares, hop)?, &Array::full(&[], Scalar::new(FAINT)))?;
    let signal = ops::divide(&sum, &weights)?;
    let (axis, total) = (signal.ndim() - 1, signal.shape()[signal.ndim() - 1]);
    let Some(length) = length else {
        return slice_axis(&signal, axis, margin.min(total), 1, total.saturating_sub(2 * margin));
    };
    let length =
        usize::try_from(length).map_err(|_| Error::value(OP, format!("length must not be negative, got {length}")))?;
    let kept = length.min(total - margin);
    let signal = slice_axis(&signal, axis, margin, 1, kept)?;
    super::resize(OP, &signal, axis, length)
}

/// The size of frames whose transforms are the second to last axis of `z`; the even one when they are one-sided.
#[must_use]
pub fn frame_size(z: &Array, onesided: bool) -> i64 {
    let frequencies = z.ndim().checked_sub(2).map_or(0, |axis| z.shape()[axis] as i64);
    if onesided { 2 * (frequencies - 1) } else { frequencies }
}

/// Frames `(..., frames, samples)` added up, each `hop` further than the one before it.
fn overlap(frames: &Array, hop: usize) -> Result<Array> {
    let lead = Shape::from_slice(&frames.shape()[..frames.ndim() - 2]);
    let [count, size] = [frames.shape()[lead.len()], frames.shape()[lead.len() + 1]];
    let parts = size.div_ceil(hop);
    let shaped = |sizes: &[usize]| [&lead, sizes].concat();
    let zeros = |a: &Array, axis: usize, more: usize| super::resize("istft", a, axis, a.shape()[axis] + more);
    // Blocks of `hop` samples: block `j` of frame `i` belongs to block `i + j` of the sum.
    let blocks = reshape(&zeros(frames, lead.len() + 1, parts * hop - size)?, &shaped(&[count, parts, hop]))?;
    let rows = zeros(&swapaxes(&blocks, -2, -3)?, lead.len() + 1, parts)?;
    // Rows that are read one block shorter than they are start one block later each.
    let flat = reshape(&rows, &shaped(&[parts * (count + parts), hop]))?;
    let width = count + parts - 1;
    let skewed = reshape(&slice_axis(&flat, lead.len(), 0, 1, parts * width)?, &shaped(&[parts, width, hop]))?;
    let sum = ops::sum_axes(&skewed, &[lead.len()])?;
    let total = (count - 1) * hop + size;
    slice_axis(&reshape(&sum, &shaped(&[width * hop]))?, lead.len(), 0, 1, total)
}
