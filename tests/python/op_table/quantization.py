"""Rows of quantised matrices; test_quantization.py compares what quantising gives with a model, bit by bit."""

import cotan.core as mx
import numpy as np
from helpers import FLOATS

from op_table.spec import Fixed, Op, Operand, fixed, indices

WORDS = Fixed(lambda rng, s: rng.integers(0, 2**32, s, dtype=np.uint32), (3, 8), "uint32")
STACK = Fixed(lambda rng, s: rng.integers(0, 2**32, s, dtype=np.uint32), (2, 3, 8), "uint32")
E8M0 = Fixed(lambda rng, s: rng.integers(120, 130, s), (3, 2), "uint8")
GROUPS = Operand((3, 1))


def nibbles(words):
    """Codes of four bits, as numbers."""
    codes = (words[..., None] >> np.arange(0, 32, 4, dtype=np.uint32)) & 15
    return codes.reshape(*words.shape[:-1], -1).astype(np.float64)


def affine(words, scales, biases):
    """Values of the default format."""
    return nibbles(words) * scales.repeat(64, -1) + biases.repeat(64, -1)


def mxfp4(words, scales):
    """Values of 4-bit floats with powers of two."""
    codes = nibbles(words).astype(int)
    values = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])[codes & 7] * np.where(codes & 8, -1, 1)
    return values * 2.0 ** (scales.astype(int) - 127).repeat(32, -1)


def ramp_parts(x):
    """Rows that count from 0 to 31, quantised."""
    return mx.quantize(0 * x + mx.arange(32).astype(x.dtype), 32, 4)


def ramp_scales(x):
    """The end of larger magnitude is exact, and 15 steps of 31 / 15 lead to it."""
    return [np.full((*x.shape[:-1], 1), -31 / 15), np.full((*x.shape[:-1], 1), 31.0)]


def row(name, call, ref, operands, label="", **facts):
    """A row in all floating types."""
    return Op(name, call, ref, operands, FLOATS, label=label, **{"loose": 40} | facts)


QUANTIZATION = [
    row("quantize", lambda x: ramp_parts(x)[1:], ramp_scales, (Operand((2, 32)),), smooth=None),
    Op(
        "quantize",
        lambda x: ramp_parts(x)[0],
        lambda x: np.broadcast_to(
            np.array([0xCCDDEEFF, 0x8899AABB, 0x44556677, 0x112233], np.uint32), (*x.shape[:-1], 4)
        ),
        (Operand((2, 32)),),
        ("float64",),
        fixed("uint32"),
        "wide",
        smooth=None,
    ),
    row("dequantize", mx.dequantize, affine, (WORDS, GROUPS, GROUPS)),
    Op("dequantize", mx.dequantize, affine, (WORDS, GROUPS, GROUPS), ("float64",), label="wide", smooth=None),
    Op(
        "dequantize",
        lambda w, s: mx.dequantize(w, s, mode="mxfp4"),
        mxfp4,
        (WORDS, E8M0),
        ("float32",),
        fixed("bfloat16"),
        "mxfp4",
        smooth=None,
    ),
    row(
        "quantized_matmul",
        mx.quantized_matmul,
        lambda x, w, s, b: x @ affine(w, s, b).swapaxes(-1, -2),
        (Operand((2, 64)), WORDS, GROUPS, GROUPS),
    ),
    row(
        "quantized_matmul",
        lambda x, w, s, b: mx.quantized_matmul(x, w, s, b, transpose=False),
        lambda x, w, s, b: x @ affine(w, s, b),
        (Operand((2, 3)), WORDS, GROUPS, GROUPS),
        "plain",
    ),
    row(
        "quantized_matmul",
        lambda x, w, s: mx.quantized_matmul(x, w, s, mode="mxfp4"),
        lambda x, w, s: x @ mxfp4(w, s).swapaxes(-1, -2),
        (Operand((2, 64)), WORDS, E8M0),
        "mxfp4",
    ),
    row(
        "gather_qmm",
        lambda x, w, s, b, i, j: mx.gather_qmm(x, w, s, b, lhs_indices=i, rhs_indices=j, transpose=False),
        lambda x, w, s, b, i, j: x[i] @ affine(w, s, b)[j],
        (
            Operand((3, 2, 3)),
            STACK,
            Operand((2, 3, 1)),
            Operand((2, 3, 1)),
            indices((4,), 3),
            indices((4,), 2),
        ),
        "plain",
    ),
    row(
        "gather_qmm",
        lambda x, w, s, b, i: mx.gather_qmm(x, w, s, b, rhs_indices=i),
        lambda x, w, s, b, i: x @ affine(w, s, b)[i].swapaxes(-1, -2),
        (Operand((4, 2, 64)), STACK, Operand((2, 3, 1)), Operand((2, 3, 1)), indices((4,), 2)),
    ),
    row(
        "qqmm",
        lambda x, w, s: mx.qqmm(mx.round(x), w, s, mode="mxfp4"),
        lambda x, w, s: np.round(x) @ mxfp4(w, s).swapaxes(-1, -2),
        (Operand((2, 64)), WORDS, E8M0),
        smooth=None,
    ),
    row(
        "gather_qqmm",
        lambda x, w, s, i: mx.gather_qqmm(mx.round(x), w, s, rhs_indices=i, mode="mxfp4"),
        lambda x, w, s, i: np.round(x) @ mxfp4(w, s)[i].swapaxes(-1, -2),
        (
            Operand((4, 2, 64)),
            STACK,
            Fixed(lambda rng, s: rng.integers(120, 130, s), (2, 3, 2), "uint8"),
            indices((4,), 2),
        ),
        smooth=None,
    ),
]
