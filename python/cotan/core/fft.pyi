# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""Discrete Fourier transforms, in single precision."""

from collections.abc import Sequence
from . import _Array, _Axes, _Stream, array

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "istft",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
    "stft",
]

def fft(
    a: _Array,
    n: int | None = None,
    axis: int = -1,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The discrete Fourier transform along `axis`, as complex64: `y[k] = sum of x[j] * exp(-2 pi i j k / n)`.

    `n` cuts the axis or fills it up with zeros first. `norm` says which way is divided by n: the inverse (`"backward"`),
    the forward transform (`"forward"`), or both by its square root (`"ortho"`). Any type is converted to complex64 first.
    IndexError for an axis that doesn't exist, ValueError for another norm or when `n` is not positive.

    >>> import cotan.core as mx
    >>> mx.fft.fft(mx.array([1.0, 2.0, 3.0, 4.0]))
    array([10+0j, -2+2j, -2+0j, -2-2j], dtype=complex64)
    """

def ifft(
    a: _Array,
    n: int | None = None,
    axis: int = -1,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The inverse of `fft`, with the same arguments: `x[j] = sum of y[k] * exp(2 pi i j k / n) / n`.

    >>> import cotan.core as mx
    >>> mx.fft.ifft(mx.array([4.0, 0.0, 0.0, 0.0]))
    array([1+0j, 1+0j, 1+0j, 1+0j], dtype=complex64)
    """

def rfft(
    a: _Array,
    n: int | None = None,
    axis: int = -1,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The first `n // 2 + 1` elements of `fft` of real numbers, with the same arguments; the others are their conjugates.

    Any type is converted to float32 first, imaginary parts are dropped.

    >>> import cotan.core as mx
    >>> mx.fft.rfft(mx.array([1.0, 2.0, 3.0, 4.0]))
    array([10+0j, -2+2j, -2+0j], dtype=complex64)
    """

def irfft(
    a: _Array,
    n: int | None = None,
    axis: int = -1,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The inverse of `rfft`, as float32. `n` is the size of the result along `axis`, by default the even one.

    Other arguments and errors as for `fft`.

    >>> import cotan.core as mx
    >>> mx.fft.irfft(mx.fft.rfft(mx.array([1.0, 2.0, 3.0])), 3)
    array([1, 2, 3], dtype=float32)
    """

def hfft(
    a: _Array,
    n: int | None = None,
    axis: int = -1,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The real transform of a signal that equals its conjugate in reverse order, of which `a` is the first half.

    `n` is the size of the result along `axis`, by default the even one. Other arguments and errors as for `fft`.

    >>> import cotan.core as mx
    >>> mx.fft.hfft(mx.array([1.0, 2.0, 3.0]))
    array([8, -2, 0, -2], dtype=float32)
    """

def ihfft(
    a: _Array,
    n: int | None = None,
    axis: int = -1,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The inverse of `hfft`, as complex64: the first half of a signal whose transform is real.

    Arguments and errors as for `fft`.

    >>> import cotan.core as mx
    >>> mx.real(mx.fft.ihfft(mx.array([8.0, -2.0, 0.0, -2.0])))
    array([1, 2, 3], dtype=float32)
    """

def fft2(
    a: _Array,
    s: Sequence[int] | None = None,
    axes: _Axes | None = [-2, -1],
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """`fft` over two axes, by default the last ones, with `s` as their sizes.

    >>> import cotan.core as mx
    >>> mx.fft.fft2(mx.ones((2, 2)))
    array([[4+0j, 0+0j],
           [0+0j, 0+0j]], dtype=complex64)
    """

def ifft2(
    a: _Array,
    s: Sequence[int] | None = None,
    axes: _Axes | None = [-2, -1],
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The inverse of `fft2`.

    >>> import cotan.core as mx
    >>> mx.fft.ifft2(mx.fft.fft2(mx.array([[1.0, 2.0], [3.0, 4.0]])))
    array([[1+0j, 2+0j],
           [3+0j, 4+0j]], dtype=complex64)
    """

def rfft2(
    a: _Array,
    s: Sequence[int] | None = None,
    axes: _Axes | None = [-2, -1],
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """`rfft` along the last of two axes and `fft` along the first, by default over the last axes, with `s` as their sizes.

    >>> import cotan.core as mx
    >>> mx.fft.rfft2(mx.ones((4, 6))).shape
    (4, 4)
    """

def irfft2(
    a: _Array,
    s: Sequence[int] | None = None,
    axes: _Axes | None = [-2, -1],
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The inverse of `rfft2`; `s` are the sizes of the result.

    >>> import cotan.core as mx
    >>> mx.fft.irfft2(mx.fft.rfft2(mx.array([[1.0, 2.0], [3.0, 4.0]])))
    array([[1, 2],
           [3, 4]], dtype=float32)
    """

def fftn(
    a: _Array,
    s: Sequence[int] | None = None,
    axes: _Axes | None = None,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """`fft` over `axes`, all by default, cut or filled up with zeros to the sizes `s`, which need axes.

    IndexError for an axis that doesn't exist; ValueError for one given twice, sizes without axes, of another number or
    not positive, another norm, and an array without axes.

    >>> import cotan.core as mx
    >>> mx.fft.fftn(mx.ones((2, 3)), s=(4, 5), axes=(0, 1)).shape
    (4, 5)
    """

def ifftn(
    a: _Array,
    s: Sequence[int] | None = None,
    axes: _Axes | None = None,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The inverse of `fftn`. Arguments and errors as there.

    >>> import cotan.core as mx
    >>> mx.fft.ifftn(mx.array([4.0, 0.0]))
    array([2+0j, 2+0j], dtype=complex64)
    """

def rfftn(
    a: _Array,
    s: Sequence[int] | None = None,
    axes: _Axes | None = None,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """`rfft` along the last of `axes` and `fft` along the others. Arguments and errors as for `fftn`.

    >>> import cotan.core as mx
    >>> mx.fft.rfftn(mx.ones((2, 4))).shape
    (2, 3)
    """

def irfftn(
    a: _Array,
    s: Sequence[int] | None = None,
    axes: _Axes | None = None,
    norm: str = "backward",
    stream: _Stream | None = None,
) -> array:
    """The inverse of `rfftn`; `s` are the sizes of the result. Arguments and errors as for `fftn`.

    >>> import cotan.core as mx
    >>> mx.fft.irfftn(mx.ones((4, 4))).shape
    (4, 6)
    """

def fftfreq(n: int, d: float = 1.0, stream: _Stream | None = None) -> array:
    """The frequencies of the elements of `fft` of `n` samples at distance `d`, as float32. ValueError when `n` is not positive
    or `d` is zero.

    >>> import cotan.core as mx
    >>> mx.fft.fftfreq(5)
    array([0, 0.2, 0.4, -0.4, -0.2], dtype=float32)
    """

def rfftfreq(n: int, d: float = 1.0, stream: _Stream | None = None) -> array:
    """The frequencies of the elements of `rfft` of `n` samples at distance `d`, as float32. ValueError when `n` is not positive
    or `d` is zero.

    >>> import cotan.core as mx
    >>> mx.fft.rfftfreq(5, 2.0)
    array([0, 0.1, 0.2], dtype=float32)
    """

def fftshift(a: _Array, axes: _Axes | None = None, stream: _Stream | None = None) -> array:
    """Moves the element of frequency zero to the middle of `axes`, one or several, all by default. IndexError for an axis that
    doesn't exist.

    >>> import cotan.core as mx
    >>> mx.fft.fftshift(mx.arange(5))
    array([3, 4, 0, 1, 2], dtype=int32)
    """

def ifftshift(a: _Array, axes: _Axes | None = None, stream: _Stream | None = None) -> array:
    """Moves the element in the middle of `axes`, one or several, all by default, to their start: the inverse of `fftshift`.
    IndexError for an axis that doesn't exist.

    >>> import cotan.core as mx
    >>> mx.fft.ifftshift(mx.arange(5))
    array([2, 3, 4, 0, 1], dtype=int32)
    """

def stft(
    x: _Array,
    n_fft: int = 2048,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: _Array | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    norm: str = "backward",
    onesided: bool | None = None,
    stream: _Stream | None = None,
) -> array:
    """The transforms of overlapping frames of the last axis: `(..., frequencies, frames)`, as complex64.

    Frames have `n_fft` samples, start `hop_length` apart (by default a quarter of a frame), and are multiplied by `window`, or
    by `win_length` ones, in their middle when there are fewer. With `center` the signal is first extended by half a frame at
    both ends, as `pad` does it in `pad_mode`. `onesided` transforms are those of `rfft`, the default for real signals. ValueError
    for sizes that are not positive, windows longer than a frame, signals shorter than one, and unknown modes.

    >>> import cotan.core as mx
    >>> mx.fft.stft(mx.ones((1000,)), n_fft=64).shape
    (33, 63)
    """

def istft(
    stft_matrix: _Array,
    n_fft: int | None = None,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: _Array | None = None,
    center: bool = True,
    norm: str = "backward",
    onesided: bool | None = None,
    length: int | None = None,
    stream: _Stream | None = None,
) -> array:
    """The signal whose `stft` is nearest to `stft_matrix`, as float32, from the same arguments as given there.

    `n_fft` is by default the even size that gives so many frequencies. The frames are added up and divided by the sum of the
    squared windows. `length` cuts the signal or fills it up with zeros; without it, centred frames give back whole ones only.
    `onesided` is the default. ValueError as for `stft`, for fewer than two axes and a negative length.

    >>> import cotan.core as mx
    >>> x = mx.arange(16.0)
    >>> mx.allclose(mx.fft.istft(mx.fft.stft(x, n_fft=4)), x)
    array(True, dtype=bool)
    """
