"""Fourier transforms: many short, one long, a length without small factors, two axes, and real data."""

import math

from cases.base import Case, every, normal


def transform(name, shape, function, passes=1.0):
    """`function` of the module fft over real data; `passes` is its work as a share of a complex transform's."""
    size = math.prod(shape)
    length = size if "2" in function else shape[-1]
    flops = passes * 5 * size * math.log2(length)
    return Case(name, lambda: (normal(*shape),), every(lambda lib, x: getattr(lib.fft, function)(x)), 1e-2, flops=flops)


def back(lib, x):
    """To frequencies and back."""
    return lib.fft.irfft(lib.fft.rfft(x))


CASES = [
    transform("fft 1000 x 1024", (1000, 1024), "fft"),
    transform("fft 2^20", (2**20,), "fft"),
    transform("fft 1000 x 1009 (prime)", (1000, 1009), "fft"),
    transform("rfft 16 x 65536", (16, 65536), "rfft", 0.5),
    transform("fft2 1024 x 1024", (1024, 1024), "fft2"),
    Case("rfft and back 1000 x 1024", lambda: (normal(1000, 1024),), every(back), 1e-3),
]
