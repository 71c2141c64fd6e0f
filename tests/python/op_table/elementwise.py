"""Rows of the elementwise ops, casts and views."""

import math
from statistics import NormalDist

import cotan.core as mx
import numpy as np
from helpers import ALL, BOOL, COMPLEX, FLOATS, INTS, SIGNED

from op_table.spec import (
    DIVISOR,
    EXPONENT,
    LINEAR,
    NUMERIC,
    OTHER,
    OVER_ONE,
    POSITIVE,
    REAL,
    REALS,
    SHIFT,
    SMOOTH,
    STEP,
    UNIT,
    Op,
    Operand,
    boolean,
    fixed,
    floating,
    mask,
    real_part,
    same,
)

erf = np.vectorize(math.erf, otypes=[float])
erfinv = np.vectorize(lambda x: NormalDist().inv_cdf((x + 1) / 2) / math.sqrt(2), otypes=[float])


def unary(name, ref, operand=REAL, dtypes=ALL, result=floating, covers=(), **facts):
    """A row of one operand that is called by its name alone."""
    return Op(name, getattr(mx, name, None), ref, (operand,), dtypes, result, covers=covers, **facts)


def binary(name, ref, left=REAL, right=OTHER, dtypes=ALL, result=same, covers=(), **facts):
    """Rows of two operands called by name: equal shapes, and each side broadcast against the other."""
    call = getattr(mx, name, None)
    row = Operand(left.shape[1:], left.low, left.high, left.ints)
    column = Operand((*right.shape[:-1], 1), right.low, right.high, right.ints)
    return [
        Op(name, call, ref, (left, right), dtypes, result, covers=covers, **facts),
        Op(name, call, ref, (row, right), dtypes, result, label="broadcast-left", **facts),
        Op(name, call, ref, (left, column), dtypes, result, label="broadcast-right", **facts),
    ]


UNARY = [
    unary("abs", np.abs, result=real_part),
    unary("arccos", np.arccos, UNIT, covers=("acos",), **SMOOTH),
    unary("arccosh", np.arccosh, OVER_ONE, covers=("acosh",), **SMOOTH),
    unary("arcsin", np.arcsin, UNIT, covers=("asin",), **SMOOTH),
    unary("arcsinh", np.arcsinh, covers=("asinh",), **SMOOTH),
    unary("arctan", np.arctan, covers=("atan",), **SMOOTH),
    unary("arctanh", np.arctanh, UNIT, covers=("atanh",), **SMOOTH),
    unary("bitwise_invert", np.invert, dtypes=BOOL + INTS, result=same, **STEP),
    unary("ceil", np.ceil, dtypes=REALS, result=same, **STEP),
    unary("conj", np.conj, result=same, covers=("conjugate",), linear=True),
    unary("cos", np.cos, **SMOOTH),
    unary("cosh", np.cosh, **SMOOTH),
    unary("degrees", lambda x: x * (180 / np.pi), **LINEAR),
    unary("erf", erf, dtypes=REALS),
    unary("erfinv", erfinv, UNIT, dtypes=INTS + FLOATS, loose=2),
    unary("exp", np.exp, **SMOOTH),
    unary("expm1", np.expm1, dtypes=REALS),
    unary("floor", np.floor, dtypes=REALS, result=same, **STEP),
    unary("imag", np.imag, result=real_part, linear=True),
    unary("isfinite", np.isfinite, result=boolean, **STEP),
    unary("isinf", np.isinf, result=boolean, **STEP),
    unary("isnan", np.isnan, result=boolean, **STEP),
    unary("isneginf", lambda x: np.zeros(x.shape, bool), dtypes=REALS, result=boolean, **STEP),
    unary("isposinf", lambda x: np.zeros(x.shape, bool), dtypes=REALS, result=boolean, **STEP),
    unary("log", np.log, POSITIVE, **SMOOTH),
    unary("log10", np.log10, POSITIVE, **SMOOTH),
    unary("log1p", np.log1p, POSITIVE, **SMOOTH),
    unary("log2", np.log2, POSITIVE, **SMOOTH),
    unary("logical_not", np.logical_not, result=boolean, **STEP),
    unary("nan_to_num", np.nan_to_num, dtypes=REALS, result=same, linear=True),
    unary("negative", np.negative, dtypes=NUMERIC, result=same, **LINEAR),
    unary("positive", np.positive, dtypes=NUMERIC, result=same, **LINEAR),
    unary("radians", lambda x: x * (np.pi / 180), **LINEAR),
    unary("real", np.real, result=real_part, linear=True),
    unary("reciprocal", np.reciprocal, DIVISOR, dtypes=NUMERIC, **SMOOTH),
    unary("round", np.round, result=same, **STEP),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), POSITIVE, dtypes=NUMERIC, **SMOOTH),
    unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), dtypes=REALS),
    unary("sign", np.sign, dtypes=INTS + FLOATS, result=same, **STEP),
    unary("sin", np.sin, **SMOOTH),
    unary("sinh", np.sinh, **SMOOTH),
    unary("sqrt", np.sqrt, POSITIVE, **SMOOTH),
    unary("square", np.square, result=same, **SMOOTH),
    unary("stop_gradient", lambda x: x, result=same, **STEP),
    unary("tan", np.tan, UNIT, **SMOOTH),
    unary("tanh", np.tanh, **SMOOTH),
    unary("trunc", np.trunc, dtypes=REALS, result=same, **STEP),
    Op("sign", mx.sign, lambda z: z / np.abs(z), dtypes=COMPLEX, label="complex", **STEP),
    Op("round", lambda x: mx.round(x, 1), lambda x: np.round(x, 1), dtypes=FLOATS, label="decimals", loose=4, **STEP),
]

BINARY = [
    *binary("add", np.add, **LINEAR),
    *binary("arctan2", np.arctan2, dtypes=REALS, result=floating, covers=("atan2",)),
    *binary("bitwise_and", np.bitwise_and, dtypes=BOOL + INTS, **STEP),
    *binary("bitwise_or", np.bitwise_or, dtypes=BOOL + INTS, **STEP),
    *binary("bitwise_xor", np.bitwise_xor, dtypes=BOOL + INTS, **STEP),
    *binary("divide", np.true_divide, right=DIVISOR, dtypes=NUMERIC, result=floating, **SMOOTH),
    *binary("equal", np.equal, result=boolean, **STEP),
    *binary("floor_divide", np.floor_divide, right=DIVISOR, dtypes=INTS + FLOATS, **STEP),
    *binary("greater", np.greater, result=boolean, **STEP),
    *binary("greater_equal", np.greater_equal, result=boolean, **STEP),
    *binary("isclose", np.isclose, result=boolean, dtypes=REALS, **STEP),
    *binary("left_shift", np.left_shift, right=SHIFT, dtypes=INTS, covers=("bitwise_left_shift",), **STEP),
    *binary("less", np.less, result=boolean, **STEP),
    *binary("less_equal", np.less_equal, result=boolean, **STEP),
    *binary("logaddexp", np.logaddexp, dtypes=REALS, result=floating),
    *binary("logical_and", np.logical_and, result=boolean, **STEP),
    *binary("logical_or", np.logical_or, result=boolean, **STEP),
    *binary("logical_xor", np.logical_xor, result=boolean, **STEP),
    *binary("maximum", np.maximum, dtypes=REALS),
    *binary("minimum", np.minimum, dtypes=REALS),
    *binary("multiply", np.multiply, **SMOOTH),
    *binary("not_equal", np.not_equal, result=boolean, **STEP),
    *binary("power", np.power, POSITIVE, EXPONENT, dtypes=INTS + FLOATS, covers=("pow",), loose=4),
    *binary("remainder", np.remainder, right=DIVISOR, dtypes=INTS + FLOATS),
    *binary("right_shift", np.right_shift, right=SHIFT, dtypes=INTS, covers=("bitwise_right_shift",), **STEP),
    *binary("subtract", np.subtract, dtypes=NUMERIC, **LINEAR),
    Op("power", mx.power, np.power, (POSITIVE, EXPONENT), COMPLEX, label="complex", loose=4, **SMOOTH),
    Op("divmod", mx.divmod, np.divmod, (REAL, DIVISOR), INTS + FLOATS),
    Op("allclose", mx.allclose, np.allclose, (REAL, OTHER), ALL, boolean, **STEP),
    Op("array_equal", mx.array_equal, np.array_equal, (REAL, OTHER), ALL, boolean, **STEP),
    Op(
        "array_equal", lambda x: mx.array_equal(x, x), lambda x: np.True_, (REAL,), ALL, boolean, label="itself", **STEP
    ),
]

TERNARY = [
    Op("where", mx.where, np.where, (mask(), REAL, OTHER), label="full", **LINEAR),
    Op("where", mx.where, np.where, (mask((3,)), REAL, Operand((2, 1))), label="broadcast", **LINEAR),
    Op(
        "clip",
        mx.clip,
        np.clip,
        (REAL, Operand((3,), -1.1, -0.4, (-3, 0)), Operand((2, 1), 0.3, 0.9, (1, 4))),
        REALS,
        label="arrays",
    ),
    Op("clip", lambda x: mx.clip(x, -1, None), lambda x: np.clip(x, -1, None), (REAL,), SIGNED + FLOATS, label="low"),
    Op("clip", lambda x: mx.clip(x, None, 1), lambda x: np.clip(x, None, 1), (REAL,), INTS + FLOATS, label="high"),
]


def cast(d):
    """Conversion to dtype `d` from every dtype whose values it can hold (complex to real is a silent drop)."""
    to = mx.bool_ if d == "bool" else getattr(mx, d)
    facts = LINEAR if d in COMPLEX else {"linear": True} if d in FLOATS else {"smooth": None}
    sources = tuple(s for s in ALL if s not in COMPLEX or d in COMPLEX)
    nonnegative = Operand(low=0.2, high=2.4, ints=(0, 6))
    ref = (lambda x: x.astype(np.float32)) if d == "bfloat16" else (lambda x: x.astype(d))
    return Op("astype", lambda x: mx.astype(x, to), ref, (nonnegative,), sources, fixed(d), label=d, **facts)


def decode_fp8(codes):
    """Values of 8-bit floats of 4 exponent and 3 mantissa bits (OCP 8-bit Floating Point Specification, E4M3)."""
    codes = np.asarray(codes).astype(int)
    exponent, mantissa = codes >> 3 & 15, codes & 7
    size = np.where(exponent == 0, mantissa * 2.0**-9, (8 + mantissa) * 2.0 ** (exponent - 10))
    return np.where(codes >> 7, -size, size)


def encode_fp8(x):
    """The code of the nearest value."""
    codes = np.array([c for c in range(255) if c != 127])
    return codes[np.argmin(np.abs(x[..., None] - decode_fp8(codes)), axis=-1)].astype(np.uint8)


FP8 = [
    Op("to_fp8", mx.to_fp8, encode_fp8, (REAL,), FLOATS, fixed("uint8"), smooth=None),
    Op("from_fp8", mx.from_fp8, decode_fp8, (Operand(ints=(0, 126)),), ("uint8",), fixed("bfloat16"), smooth=None),
    Op(
        "from_fp8",
        lambda x: mx.from_fp8(x + 128, mx.float32),
        lambda x: -decode_fp8(x),
        (Operand(ints=(0, 126)),),
        ("uint8",),
        fixed("float32"),
        label="negative",
        smooth=None,
    ),
]
CASTS = [*FP8, *(cast(d) for d in ALL)]
VIEWS = [
    Op(
        "view",
        lambda x: mx.view(x, mx.uint8),
        lambda x: x.view(np.uint8),
        (REAL,),
        INTS,
        fixed("uint8"),
        "bytes",
        **STEP,
    ),
    Op(
        "view",
        lambda x: mx.view(x, mx.int32),
        lambda x: x.view("i4"),
        (Operand((2, 4)),),
        ("int16",),
        fixed("int32"),
        "wider",
        **STEP,
    ),
]
