"""Rows of the convolutions: every number of axes, stride, padding, dilation, grouping and direction."""

import itertools

import cotan.core as mx
import numpy as np
from helpers import COMPLEX, FLOATS

from op_table.spec import Op, Operand

DTYPES = FLOATS + COMPLEX
FACTS = {"complex_smooth": True, "loose": 8}


def per_axis(value, axes):
    return (value,) * axes if isinstance(value, int) else tuple(value)


def reference(x, w, stride=1, padding=0, kernel_dilation=1, input_dilation=1, groups=1, flip=False):
    """Cross-correlation by its definition: a sum over the places of the kernel."""
    axes = x.ndim - 2
    stride, kernel_dilation, input_dilation = (per_axis(v, axes) for v in (stride, kernel_dilation, input_dilation))
    low, high = padding if isinstance(padding, tuple) and not isinstance(padding[0], int) else (padding, padding)
    low, high = per_axis(low, axes), per_axis(high, axes)
    sizes = [(n - 1) * d + 1 for n, d in zip(x.shape[1:-1], input_dilation, strict=True)]
    wide = np.zeros((x.shape[0], *sizes, x.shape[-1]), x.dtype)
    wide[(slice(None), *(slice(None, None, d) for d in input_dilation))] = x
    wide = np.pad(wide, [(0, 0), *((max(a, 0), max(b, 0)) for a, b in zip(low, high, strict=True)), (0, 0)])
    wide = wide[
        (slice(None), *(slice(max(-a, 0), n - max(-b, 0)) for a, b, n in zip(low, high, wide.shape[1:-1], strict=True)))
    ]
    if flip:
        w = w[(slice(None), *(slice(None, None, -1),) * axes)]
    kernel = w.shape[1:-1]
    sizes = [
        (n - d * (k - 1) - 1) // s + 1
        for n, d, k, s in zip(wide.shape[1:-1], kernel_dilation, kernel, stride, strict=True)
    ]
    out = np.zeros((x.shape[0], *sizes, w.shape[0]), np.result_type(x, w))
    channels, outputs = w.shape[-1], w.shape[0] // groups
    for place in itertools.product(*map(range, kernel)):
        starts = [p * d for p, d in zip(place, kernel_dilation, strict=True)]
        window = (slice(None), *(slice(a, a + s * n, s) for a, s, n in zip(starts, stride, sizes, strict=True)))
        for g in range(groups):
            part = wide[window][..., g * channels : (g + 1) * channels]
            rows = slice(g * outputs, (g + 1) * outputs)
            out[..., rows] += part @ w[(rows, *place)].T
    return out


def transposed(x, w, stride=1, padding=0, dilation=1, output_padding=0, groups=1):
    """Every element lays the kernel down where it stands."""
    axes = x.ndim - 2
    stride, padding, dilation, more = (per_axis(v, axes) for v in (stride, padding, dilation, output_padding))
    kernel = w.shape[1:-1]
    full = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(x.shape[1:-1], stride, dilation, kernel, strict=True)]
    out = np.zeros((x.shape[0], *(n + m for n, m in zip(full, more, strict=True)), w.shape[0]), np.result_type(x, w))
    channels, outputs = w.shape[-1], w.shape[0] // groups
    for place in itertools.product(*map(range, kernel)):
        starts = [p * d for p, d in zip(place, dilation, strict=True)]
        window = (slice(None), *(slice(a, a + s * n, s) for a, s, n in zip(starts, stride, x.shape[1:-1], strict=True)))
        for g in range(groups):
            part = x[..., g * channels : (g + 1) * channels]
            rows = slice(g * outputs, (g + 1) * outputs)
            out[(*window, rows)] += part @ w[(rows, *place)].T
    return out[(slice(None), *(slice(p, n + m - p) for p, n, m in zip(padding, full, more, strict=True)))]


def row(name, ref, x, w, label, **options):
    """A row whose options go to both sides under the same names."""
    f = getattr(mx, name)
    renamed = dict(options)
    if ref is reference and "dilation" in options:
        renamed["kernel_dilation"] = renamed.pop("dilation")
    return Op(
        name,
        lambda x, w: f(x, w, **options),
        lambda x, w: ref(x, w, **renamed),
        (Operand(x), Operand(w)),
        DTYPES,
        label=label,
        **FACTS,
    )


CONVOLUTIONS = [
    row("conv1d", reference, (2, 7, 3), (4, 3, 3), "plain"),
    row("conv1d", reference, (2, 7, 4), (6, 2, 2), "all", stride=2, padding=1, dilation=3, groups=2),
    row("conv1d", reference, (1, 6, 3), (3, 4, 1), "depthwise", padding=2, groups=3),
    row("conv1d", reference, (2, 5, 3), (4, 1, 3), "pointwise"),
    row("conv2d", reference, (2, 5, 4, 2), (3, 2, 3, 2), "plain"),
    row(
        "conv2d", reference, (1, 6, 5, 4), (4, 3, 2, 2), "all", stride=(2, 3), padding=(1, 2), dilation=(2, 1), groups=2
    ),
    row("conv2d", reference, (2, 4, 5, 3), (6, 3, 2, 1), "depthwise", stride=2, padding=1, groups=3),
    row("conv2d", reference, (2, 3, 2, 4), (2, 1, 1, 4), "pointwise-strided", stride=2),
    row("conv3d", reference, (1, 3, 4, 3, 2), (3, 2, 2, 2, 2), "plain", stride=(1, 2, 1), padding=(1, 0, 1)),
    row("conv_general", reference, (2, 5, 3), (2, 3, 3), "crop", padding=([-1], [2])),
    row("conv_general", reference, (2, 4, 4), (4, 3, 2), "flip", padding=2, groups=2, flip=True),
    row(
        "conv_general",
        reference,
        (1, 4, 2),
        (3, 3, 2),
        "dilated",
        padding=2,
        input_dilation=3,
        kernel_dilation=2,
        stride=2,
    ),
    row(
        "conv_general",
        reference,
        (1, 3, 4, 2),
        (4, 3, 2, 1),
        "all",
        stride=(3, 2),
        padding=([2, -1], [1, 3]),
        kernel_dilation=(2, 4),
        input_dilation=(4, 2),
        groups=2,
        flip=True,
    ),
    row("conv_general", reference, (1, 2, 3, 2, 2, 1), (2, 2, 2, 1, 2, 1), "4d", padding=(1, 0, 0, 1)),
    row("conv_transpose1d", transposed, (2, 4, 3), (2, 3, 3), "plain"),
    row(
        "conv_transpose1d",
        transposed,
        (2, 4, 4),
        (6, 3, 2),
        "all",
        stride=3,
        padding=2,
        dilation=2,
        output_padding=1,
        groups=2,
    ),
    row("conv_transpose2d", transposed, (1, 3, 2, 2), (3, 2, 3, 2), "plain", stride=(2, 1), padding=(0, 1)),
    row("conv_transpose3d", transposed, (1, 2, 3, 2, 2), (2, 2, 1, 2, 2), "plain", stride=2, output_padding=(1, 0, 1)),
    *(
        Op(
            "convolve",
            lambda a, v, mode=mode: mx.convolve(a, v, mode),
            lambda a, v, mode=mode: np.convolve(a, v, mode),
            (Operand(sizes[:1]), Operand(sizes[1:])),
            DTYPES,
            label=f"{mode}-{sizes[0]}-{sizes[1]}",
            **FACTS,
        )
        for mode in ("full", "same", "valid")
        for sizes in ((5, 3), (4, 4), (2, 5))
    ),
]
