"""Rows of the Fourier transforms: every function, norm and size, over one axis and several."""

import cotan.core as mx
import numpy as np

from op_table.spec import Op, Operand, fixed

F = mx.fft
DTYPES = ("float32", "complex64")
LOOSE = 8


def row(name, *args, operand=(2, 5), label="", result="complex64", dtypes=DTYPES, ref=None, **kwargs):
    """A row whose NumPy counterpart takes the same arguments; results are in single precision."""
    f, g = getattr(F, name), ref or getattr(np.fft, name)
    real = name in ("rfft", "rfft2", "rfftn", "ihfft")
    return Op(
        f"fft.{name}",
        lambda x: f(x, *args, **kwargs),
        lambda x: g(x.real if real else x, *args, **kwargs),
        (Operand(operand),),
        dtypes,
        fixed(result),
        label=label or ",".join([*map(str, args), *(f"{k}={v}" for k, v in kwargs.items())]).replace(" ", ""),
        complex_smooth="complex64" in dtypes,
        linear=True,
        loose=LOOSE,
    )


def norms(name, **kwargs):
    """A row for each norm."""
    return [row(name, norm=norm, label=norm, **kwargs) for norm in ("backward", "ortho", "forward")]


def shift(name, axes):
    """A row that moves zero to the middle or back."""
    f, g = getattr(F, name), getattr(np.fft, name)
    dtypes = ("int32", "float32", "float64", "complex64")
    call, ref = (lambda x: f(x, axes)), (lambda x: g(x, axes))
    return Op(f"fft.{name}", call, ref, (Operand((2, 5)),), dtypes, label=str(axes), linear=True, complex_smooth=True)


def frequencies(name, n, d):
    """A row of frequencies."""
    f, g = getattr(F, name), getattr(np.fft, name)
    call, ref = (lambda: f(n, d)), (lambda: g(n, d))
    facts = {"smooth": None, "batched": False, "label": f"{n},{d}"}
    return Op(f"fft.{name}", call, ref, (), ("none",), fixed("float32"), **facts)


REAL_RESULT = {"result": "float32"}
FLOAT = ("float32",)

FOURIER = [
    *(r for name in ("fft", "ifft") for r in norms(name)),
    *(r for name in ("rfft", "ihfft") for r in norms(name, dtypes=FLOAT)),
    *(r for name in ("irfft", "hfft") for r in norms(name, **REAL_RESULT)),
    *(r for name in ("fft2", "ifft2", "fftn", "ifftn") for r in norms(name, operand=(2, 3, 2))),
    *(r for name in ("rfft2", "rfftn") for r in norms(name, operand=(2, 3, 4), dtypes=FLOAT)),
    *(r for name in ("irfft2", "irfftn") for r in norms(name, operand=(2, 3, 3), **REAL_RESULT)),
    *(row(name, n, axis) for name in ("fft", "ifft") for n, axis in ((1, 0), (3, 1), (7, -1), (11, 0))),
    *(row("rfft", n, axis, dtypes=FLOAT) for n, axis in ((1, 0), (2, 1), (4, 1), (7, -1), (6, 0))),
    *(row(name, n, axis, **REAL_RESULT) for name in ("irfft", "hfft") for n, axis in ((1, 0), (2, 1), (3, 1), (12, 1))),
    row("rfft", dtypes=("float64", "int32", "bool"), label="converted"),
    row("fft", dtypes=("float64", "uint8", "bfloat16"), label="converted"),
    row("fftn", (3, 4), (0, 2), operand=(2, 2, 3)),
    row("ifftn", (3, 4), (2, 0), operand=(2, 2, 3)),
    row("rfftn", (3, 5), (2, 0), operand=(2, 2, 3), dtypes=FLOAT),
    row("irfftn", (3, 5), (1, 2), operand=(2, 2, 4), **REAL_RESULT),
    row("irfftn", axes=(0,), operand=(3, 2), **REAL_RESULT),
    *(shift(name, axes) for name in ("fftshift", "ifftshift") for axes in (None, 1, (0,))),
    *(frequencies(name, *nd) for name in ("fftfreq", "rfftfreq") for nd in ((1, 1.0), (4, 0.5), (5, -2.0))),
]


def cut(x, n, hop, window, margin, mode):
    """The windowed frames of the last axis."""
    x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(margin, margin)], mode)
    window = np.pad(window, ((n - len(window)) // 2, n - len(window) - (n - len(window)) // 2))
    starts = range(0, x.shape[-1] - n + 1, hop)
    return np.stack([x[..., s : s + n] * window for s in starts], -1)


def stft(n, hop, window, margin=0, mode="reflect", full=False):
    """The transforms of the frames."""
    return lambda x: (np.fft.fft if full else np.fft.rfft)(cut(x, n, hop, window, margin, mode), axis=-2)


def istft(n, hop, window, margin=0, length=None):
    """The frames added up, divided by the sum of the squared windows."""

    def signal(z):
        frames = np.fft.irfft(z, n, axis=-2) * window[:, None]
        total = n + hop * (z.shape[-1] - 1)
        out, weight = np.zeros((*z.shape[:-2], total)), np.zeros(total)
        for i in range(z.shape[-1]):
            out[..., i * hop : i * hop + n] += frames[..., i]
            weight[i * hop : i * hop + n] += window**2
        out = (out / np.maximum(weight, 1e-8))[..., margin : total - margin if length is None else margin + length]
        return out if length is None else np.pad(out, [(0, 0)] * (z.ndim - 2) + [(0, length - out.shape[-1])])

    return signal


def short(name, call, ref, operand, result, label, dtypes=FLOAT):
    """A row of a short-time transform."""
    facts = {"linear": True, "complex_smooth": "complex64" in dtypes, "loose": LOOSE}
    return Op(f"fft.{name}", call, ref, (Operand(operand),), dtypes, fixed(result), label=label, **facts)


HANN = np.hanning(6)[1:-1]


def window():
    return mx.array(HANN.astype(np.float32))


SHORT_TIME = [
    short("stft", lambda x: F.stft(x, 4), stft(4, 1, np.ones(4), 2), (2, 9), "complex64", "centred"),
    short(
        "stft",
        lambda x: F.stft(x, n_fft=7, hop_length=3, window=window(), center=False),
        stft(7, 3, HANN),
        (13,),
        "complex64",
        "window",
    ),
    short(
        "stft",
        lambda x: F.stft(x, n_fft=6, hop_length=2, win_length=3, pad_mode="edge", onesided=False),
        stft(6, 2, np.ones(3), 3, "edge", full=True),
        (8,),
        "complex64",
        "two-sided",
        ("float32", "complex64"),
    ),
    short("istft", lambda z: F.istft(z), istft(4, 1, np.ones(4), 2), (2, 3, 6), "float32", "centred", ("complex64",)),
    short(
        "istft",
        lambda z: F.istft(z, n_fft=4, hop_length=3, window=window(), center=False),
        istft(4, 3, HANN),
        (3, 3),
        "float32",
        "window",
        ("complex64",),
    ),
    short(
        "istft",
        lambda z: F.istft(z, n_fft=5, hop_length=2, length=12),
        istft(5, 2, np.ones(5), 2, 12),
        (3, 3),
        "float32",
        "length",
        ("complex64",),
    ),
]

TRANSFORMS = [*FOURIER, *SHORT_TIME]
