"""The one table of ops: how to call each, on what operands and dtypes, and what NumPy says it should give."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist

import cotan.core as mx
import numpy as np
from helpers import ALL, BOOL, COMPLEX, FLOATS, INTS, SIGNED

# ---------------------------------------------------------------- operands


@dataclass(frozen=True)
class Operand:
    """Samples of one operand: distinct values, evenly spread over (low, high) and off integers, halves and zero."""

    shape: tuple[int, ...] = (2, 3)
    low: float = -1.9
    high: float = 1.8
    ints: tuple[int, int] = (-5, 6)

    def sample(self, rng, dtype, batch=()):
        """Values of `dtype` as NumPy holds them (float64 for halves), with the `batch` axes in front."""
        shape = (*batch, *self.shape)
        n = math.prod(shape)
        if dtype == "bool":
            return rng.random(shape) < 0.5
        if dtype in INTS:
            low = max(self.ints[0], 0) if dtype.startswith("u") else self.ints[0]
            return rng.integers(low, self.ints[1], shape, endpoint=True).astype(dtype)
        if dtype in COMPLEX:
            return (self._spread(rng, n) + 1j * self._spread(rng, n)).reshape(shape).astype(np.complex64)
        return self._spread(rng, n).reshape(shape)

    def _spread(self, rng, n):
        steps = (rng.permutation(n) + 0.2 + 0.6 * rng.random(n)) / max(n, 1)
        values = self.low + (self.high - self.low) * steps
        near = np.abs(values * 2 - np.round(values * 2)) < 0.02
        return values + np.where(near, 0.03, 0.0)


@dataclass(frozen=True)
class Fixed:
    """An operand that is never perturbed: indices, conditions, keys. `draw(rng, shape)` gives its values."""

    draw: Callable
    shape: tuple[int, ...]
    dtype: str

    def sample(self, rng, dtype, batch=()):
        """Values of the operand's own dtype, whatever dtype the row runs in."""
        return np.asarray(self.draw(rng, (*batch, *self.shape))).astype(self.dtype)


def indices(shape, high, low=0, dtype="int32"):
    """Indices in [low, high)."""
    return Fixed(lambda rng, s: rng.integers(low, high, s), shape, dtype)


def distinct_indices(shape, high):
    """Indices in [0, high), without repetition along the last axis."""

    def draw(rng, s):
        return rng.permuted(np.broadcast_to(np.arange(high), (*s[:-1], high)), axis=-1)[..., : s[-1]]

    return Fixed(draw, shape, "uint32")


def mask(shape=(2, 3)):
    """A condition."""
    return Fixed(lambda rng, s: rng.random(s) < 0.5, shape, "bool")


REAL = Operand()
POSITIVE = Operand(low=0.2, high=2.4, ints=(1, 7))
UNIT = Operand(low=-0.85, high=0.9, ints=(0, 0))
OVER_ONE = Operand(low=1.15, high=3.1, ints=(1, 5))
DIVISOR = Operand(low=0.73, high=2.61, ints=(1, 5))
EXPONENT = Operand(low=-1.3, high=2.2, ints=(0, 3))
SHIFT = Operand(ints=(0, 6))
OTHER = Operand(low=-1.7, high=2.05)
VECTOR = Operand(shape=(5,))
SQUARE = Operand(shape=(3, 3))
CUBE = Operand(shape=(2, 3, 2))


# ---------------------------------------------------------------- result dtypes


def same(d):
    """The operand's dtype."""
    return d


def boolean(_):
    """Always bool."""
    return "bool"


def index(_):
    """Always uint32."""
    return "uint32"


def floating(d):
    """Floats and complex stay, everything else becomes float32."""
    return d if d in FLOATS + COMPLEX else "float32"


def real_floating(d):
    """As `floating`, and complex becomes float32."""
    return "float32" if d in COMPLEX else floating(d)


def real_part(d):
    """Complex becomes float32."""
    return "float32" if d in COMPLEX else d


def widened(d):
    """Small integers and bool sum in 32 bits of their own signedness."""
    if d in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if d in ("uint8", "uint16") else d


def counting(d):
    """cumsum: bool counts in int32, integers keep their width."""
    return "int32" if d == "bool" else d


def fixed(name):
    """Always the dtype called `name`."""
    return lambda _: name


# ---------------------------------------------------------------- rows


@dataclass(frozen=True)
class Op:
    """A row: `call` over arrays, `ref` over NumPy arrays, one sampler an operand, and what holds for the op."""

    name: str
    call: Callable
    ref: Callable | None
    operands: tuple = (REAL,)
    dtypes: tuple[str, ...] = ALL
    result: Callable = same
    label: str = ""
    smooth: bool | None = True  # has derivatives; False: they are zero; None: nothing is promised
    complex_smooth: bool = False
    linear: bool = False  # central differences are exact with any step
    loose: float = 1.0  # multiplies the tolerance of comparison with NumPy
    batched: bool = True
    covers: tuple[str, ...] = field(default=())  # further public names that are the same function

    @property
    def id(self):
        """What pytest calls the row."""
        return f"{self.name}-{self.label}" if self.label else self.name

    def rng(self, salt=""):
        """A generator that depends on nothing but the row."""
        return np.random.default_rng(zlib.crc32(f"{self.id}{salt}".encode()))

    def sample(self, dtype, salt="", batch=None):
        """One NumPy array an operand; `batch[i]` puts that many examples in front of operand i."""
        rng = self.rng(salt)
        batch = batch or [()] * len(self.operands)
        return [o.sample(rng, dtype, b) for o, b in zip(self.operands, batch, strict=True)]

    def outputs(self, *arrays):
        """The results of the call, always a list."""
        out = self.call(*arrays)
        return list(out) if isinstance(out, list | tuple) else [out]

    @property
    def free(self):
        """Positions of the operands that derivatives are taken in."""
        return [i for i, o in enumerate(self.operands) if isinstance(o, Operand)]


NUMERIC = INTS + FLOATS + COMPLEX
REALS = BOOL + INTS + FLOATS
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


SMOOTH = {"complex_smooth": True}
STEP = {"smooth": False}
LINEAR = {"linear": True, "complex_smooth": True}

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
    unary("nan_to_num", np.nan_to_num, dtypes=tuple(d for d in REALS if d != "float64"), result=same, linear=True),
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
    Op("divmod", mx.divmod, np.divmod, (REAL, DIVISOR), INTS + FLOATS, **STEP),
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


CASTS = [cast(d) for d in ALL]
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


def reduction(name, ref, operand=CUBE, dtypes=ALL, result=same, axes=(None, 1, (0, 2), -1), covers=(), **facts):
    """A row an axis choice, and one that keeps the reduced axes."""
    call = getattr(mx, name, None)

    def one(axis, keep):
        return Op(
            name,
            lambda x: call(x, axis=axis, keepdims=keep),
            lambda x: ref(x, axis=axis, keepdims=keep),
            (operand,),
            dtypes,
            result,
            label=f"{axis}{'-keepdims' if keep else ''}".replace(" ", ""),
            covers=covers,
            **facts,
        )

    return [one(axis, False) for axis in axes] + [one(1, True), one(None, True)]


def logsumexp(x, axis, keepdims):
    """log(sum(exp(x))), as written."""
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def wide_sum(x, axis, keepdims):
    """NumPy's sum in the dtype the op promises."""
    d = widened(str(x.dtype))
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=d)


def wide_prod(x, axis, keepdims):
    """NumPy's product in the dtype the op promises."""
    d = widened(str(x.dtype))
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=d)


SOFT_AXES = (None, 1, (0, 2), -1)

REDUCTIONS = [
    *reduction("all", np.all, result=boolean, **STEP),
    *reduction("any", np.any, result=boolean, **STEP),
    *reduction("argmax", np.argmax, result=index, axes=(None, 1, -1), **STEP),
    *reduction("argmin", np.argmin, result=index, axes=(None, 1, -1), **STEP),
    *reduction("count_nonzero", np.count_nonzero, result=fixed("int32"), **STEP),
    *reduction("logsumexp", logsumexp, dtypes=REALS, result=floating),
    *reduction("max", np.max, dtypes=REALS),
    *reduction("mean", np.mean, result=floating, **LINEAR),
    *reduction("median", np.median, dtypes=REALS, result=floating),
    *reduction("min", np.min, dtypes=REALS),
    *reduction("prod", wide_prod, result=widened, loose=4, **SMOOTH),
    *reduction("std", np.std, result=real_floating, loose=4),
    *reduction("sum", wide_sum, result=widened, **LINEAR),
    *reduction("var", np.var, result=real_floating, loose=4),
    Op(
        "max",
        mx.max,
        lambda z: z.ravel()[np.lexsort((z.imag.ravel(), z.real.ravel()))[-1]],
        (REAL,),
        COMPLEX,
        label="complex",
        **STEP,
    ),
    Op(
        "var",
        lambda x: mx.var(x, axis=0, ddof=1),
        lambda x: np.var(x, axis=0, ddof=1),
        (REAL,),
        FLOATS,
        label="ddof",
        loose=4,
    ),
    Op(
        "std",
        lambda x: mx.std(x, axis=0, ddof=1),
        lambda x: np.std(x, axis=0, ddof=1),
        (REAL,),
        FLOATS,
        label="ddof",
        loose=4,
    ),
    Op(
        "minmax",
        lambda x: mx.minmax(x, axis=1),
        lambda x: (np.min(x, axis=1), np.max(x, axis=1)),
        (REAL,),
        REALS,
    ),
    Op(
        "trace",
        lambda x: mx.trace(x, 1),
        lambda x: np.trace(x, 1, dtype=widened(str(x.dtype))),
        (SQUARE,),
        result=widened,
        **LINEAR,
    ),
]


def softmax(x, axis):
    """exp(x) over its sum, as written."""
    e = np.exp(x)
    return e / np.sum(e, axis=axis, keepdims=True)


def soft(axis, precise=False):
    """A softmax row."""
    return Op(
        "softmax",
        lambda x: mx.softmax(x, axis=axis, precise=precise),
        lambda x: softmax(x, axis),
        (CUBE,),
        REALS,
        floating,
        label=f"{axis}{'-precise' if precise else ''}".replace(" ", ""),
    )


SOFT = [soft(axis) for axis in SOFT_AXES] + [soft(-1, precise=True)]


def scan(name, ref, identity, operand=REAL, dtypes=ALL, result=same, covers=(), **facts):
    """Rows of a scan: along each axis, flattened, reversed, and exclusive (shifted by the identity)."""
    call = getattr(mx, name, None)

    def model(x, axis, reverse, inclusive):
        if axis is None:
            x, axis = x.ravel(), 0
        if reverse:
            return np.flip(model(np.flip(x, axis), axis, False, inclusive), axis)
        out = ref(x, axis)
        if inclusive:
            return out
        first = np.full_like(np.take(out, [0], axis), identity(out.dtype))
        return np.concatenate([first, np.delete(out, -1, axis)], axis)

    def one(axis, reverse, inclusive):
        label = f"{axis}{'-reverse' if reverse else ''}{'' if inclusive else '-exclusive'}"
        return Op(
            name,
            lambda x: call(x, axis=axis, reverse=reverse, inclusive=inclusive),
            lambda x: model(x, axis, reverse, inclusive),
            (operand,),
            dtypes,
            result,
            label=label,
            covers=covers,
            **facts,
        )

    choices = [(None, False, True), (0, False, True), (-1, True, True), (1, False, False), (0, True, False)]
    return [one(*choice) for choice in choices]


def lowest(d):
    """The identity of max."""
    return -np.inf if d.kind == "f" else False if d.kind == "b" else np.iinfo(d).min


def highest(d):
    """The identity of min."""
    return np.inf if d.kind == "f" else True if d.kind == "b" else np.iinfo(d).max


def cumsum(x, axis):
    """NumPy's scan in the dtype the op promises."""
    return np.cumsum(x, axis, dtype=counting(str(x.dtype)))


def cumprod(x, axis):
    """NumPy's scan in the operand's dtype."""
    return np.cumprod(x, axis, dtype=x.dtype)


SCANS = [
    *scan("cumsum", cumsum, lambda d: 0, result=counting, covers=("cumulative_sum",), **LINEAR),
    *scan("cumprod", cumprod, lambda d: 1, covers=("cumulative_prod",), loose=4, **SMOOTH),
    *scan("cummax", np.maximum.accumulate, lowest, dtypes=REALS),
    *scan("cummin", np.minimum.accumulate, highest, dtypes=REALS),
    *scan("logcumsumexp", np.logaddexp.accumulate, lambda d: -np.inf, dtypes=REALS, result=floating, loose=4),
    Op("diff", mx.diff, np.diff, (REAL,), INTS + FLOATS + COMPLEX, **LINEAR),
    Op(
        "diff",
        lambda x: mx.diff(x, n=2, axis=0),
        lambda x: np.diff(x, n=2, axis=0),
        (SQUARE,),
        INTS + FLOATS,
        label="twice",
        **LINEAR,
    ),
]


def top(x, k, axis):
    """The k largest in ascending order."""
    return np.take(np.sort(x, axis), np.arange(x.shape[axis] - k, x.shape[axis]), axis)


SORTS = [
    Op("sort", lambda x: mx.sort(x), lambda x: np.sort(x), label="last", dtypes=ALL),
    Op("sort", lambda x: mx.sort(x, axis=0), lambda x: np.sort(x, axis=0), (CUBE,), label="first", dtypes=REALS),
    Op("sort", lambda x: mx.sort(x, axis=None), lambda x: np.sort(x, axis=None), label="flat", dtypes=REALS),
    Op("argsort", lambda x: mx.argsort(x), lambda x: np.argsort(x, kind="stable"), result=index, label="last", **STEP),
    Op(
        "argsort",
        lambda x: mx.argsort(x, axis=0),
        lambda x: np.argsort(x, 0, kind="stable"),
        (CUBE,),
        result=index,
        label="first",
        **STEP,
    ),
    Op(
        "partition",
        lambda x: mx.sort(mx.partition(x, 2, axis=-1)[..., :3]),
        lambda x: np.sort(x)[..., :3],
        (Operand((2, 5)),),
        REALS,
    ),
    Op(
        "argpartition",
        lambda x: mx.sort(mx.take_along_axis(x, mx.argpartition(x, -2, axis=-1), axis=-1)[..., -2:]),
        lambda x: np.sort(x)[..., -2:],
        (Operand((2, 5)),),
        REALS,
    ),
    Op("topk", lambda x: mx.sort(mx.topk(x, 2)), lambda x: top(x, 2, -1), (REAL,), REALS, label="last"),
    Op(
        "topk",
        lambda x: mx.sort(mx.topk(x, 2, axis=0), axis=0),
        lambda x: top(x, 2, 0),
        (SQUARE,),
        REALS,
        label="first",
    ),
    Op(
        "searchsorted",
        lambda s, v: mx.searchsorted(mx.sort(s), v),
        lambda s, v: np.searchsorted(np.sort(s), v),
        (VECTOR, OTHER),
        REALS,
        index,
        smooth=False,
        batched=False,
    ),
    Op(
        "searchsorted",
        lambda s, v: mx.searchsorted(mx.sort(s), v, side="right"),
        lambda s, v: np.searchsorted(np.sort(s), v, side="right"),
        (VECTOR, OTHER),
        REALS,
        index,
        label="right",
        smooth=False,
        batched=False,
    ),
    Op("unique", lambda x: mx.unique(x, 5), np.unique, (VECTOR,), FLOATS, smooth=None, batched=False),
]

PRODUCT_DTYPES = FLOATS + COMPLEX
PRODUCT = {"complex_smooth": True, "loose": 4}


def matmul(*shapes):
    """A matrix product of operands of these shapes."""
    label = "@".join("x".join(map(str, s)) for s in shapes)
    return Op("matmul", mx.matmul, np.matmul, tuple(map(Operand, shapes)), PRODUCT_DTYPES, label=label, **PRODUCT)


PRODUCTS = [
    matmul((2, 3), (3, 4)),
    matmul((3,), (3,)),
    matmul((3,), (3, 2)),
    matmul((2, 3), (3,)),
    matmul((2, 1, 2, 3), (3, 3, 2)),
    matmul((3,), (2, 3, 2)),
    matmul((1, 1), (1, 1)),
    Op(
        "addmm",
        lambda c, a, b: mx.addmm(c, a, b, alpha=0.5, beta=2.0),
        lambda c, a, b: 0.5 * (a @ b) + 2.0 * c,
        (Operand((4,)), Operand((2, 3)), Operand((3, 4))),
        PRODUCT_DTYPES,
        label="row",
        **PRODUCT,
    ),
    Op(
        "addmm",
        mx.addmm,
        lambda c, a, b: a @ b + c,
        (Operand((2, 2, 2)), Operand((2, 2, 3)), Operand((3, 2))),
        PRODUCT_DTYPES,
        label="batch",
        **PRODUCT,
    ),
    Op("inner", mx.inner, np.inner, (Operand((2, 3)), Operand((4, 3))), PRODUCT_DTYPES, **PRODUCT),
    Op("outer", mx.outer, np.outer, (Operand((2,)), Operand((3,))), NUMERIC, **SMOOTH),
    Op(
        "tensordot",
        lambda a, b: mx.tensordot(a, b, 1),
        lambda a, b: np.tensordot(a, b, 1),
        (Operand((2, 3)), Operand((3, 2))),
        PRODUCT_DTYPES,
        **PRODUCT,
    ),
]


def shaped(name, call, ref=None, operands=(REAL,), label="", **facts):
    """A row that only moves elements: every dtype, linear, exact."""
    return Op(name, call, ref, operands, label=label, **LINEAR | facts)


def twin(name, *args, operand=REAL, label="", np_name=None, covers=(), **kwargs):
    """A row of one operand whose NumPy counterpart takes the same arguments."""
    f, g = getattr(mx, name, None), getattr(np, np_name or name)
    return shaped(
        name, lambda x: f(x, *args, **kwargs), lambda x: g(x, *args, **kwargs), (operand,), label, covers=covers
    )


SHAPES = [
    shaped(
        "as_strided",
        lambda x: mx.as_strided(x, (2, 2), (1, 2), 1),
        lambda x: x.ravel()[[[1, 3], [2, 4]]],
        batched=False,
    ),
    *(twin(f"atleast_{n}d", operand=Operand(s), label=str(len(s))) for n in (1, 2, 3) for s in ((), (3,), (2, 3))),
    twin("broadcast_to", (2, 2, 3)),
    shaped("broadcast_arrays", mx.broadcast_arrays, np.broadcast_arrays, (REAL, Operand((2, 1)))),
    shaped("contiguous", lambda x: mx.contiguous(mx.transpose(x)), np.transpose),
    twin("diag", operand=VECTOR, label="to-matrix"),
    twin("diag", 1, operand=SQUARE, label="to-vector"),
    twin("diagonal", operand=SQUARE),
    twin("diagonal", -1, 0, 2, operand=Operand((3, 2, 3)), label="offset"),
    twin("expand_dims", 1),
    twin("expand_dims", (0, -1), label="two"),
    shaped("flatten", mx.flatten, np.ravel, (CUBE,)),
    shaped("flatten", lambda x: mx.flatten(x, 1, 2), lambda x: x.reshape(2, 6), (CUBE,), "some"),
    twin("flip", label="all"),
    twin("flip", (0, 2), operand=CUBE, label="two"),
    twin("matrix_transpose", operand=CUBE),
    twin("moveaxis", 0, 2, operand=CUBE),
    twin("permute_dims", (2, 0, 1), operand=CUBE),
    twin("repeat", 2, label="flat"),
    twin("repeat", 3, 1, label="axis"),
    twin("reshape", (3, 2)),
    twin("reshape", (2, -1, 1), operand=CUBE, label="infer"),
    twin("roll", 2, label="flat"),
    twin("roll", (1, -1), (0, 1), operand=SQUARE, label="axes"),
    twin("squeeze", operand=Operand((1, 2, 1)), label="all"),
    twin("squeeze", 2, operand=Operand((1, 2, 1)), label="one"),
    twin("swapaxes", 0, 2, operand=CUBE),
    twin("tile", (2, 1, 2)),
    twin("transpose", operand=CUBE),
    twin("transpose", (1, 0, 2), operand=CUBE, label="axes"),
    shaped("unflatten", lambda x: mx.unflatten(x, 1, (2, -1)), lambda x: x.reshape(2, 2, 2), (Operand((2, 4)),)),
    shaped("unstack", lambda x: mx.unstack(x, axis=1), lambda x: [x[:, i] for i in range(3)]),
    shaped("split", lambda x: mx.split(x, 2, axis=1), lambda x: np.split(x, 2, axis=1), (Operand((2, 4)),), "even"),
    shaped("split", lambda x: mx.split(x, [1, 3]), lambda x: np.split(x, [1, 3]), (VECTOR,), "at"),
    shaped("stack", lambda x, y: mx.stack([x, y]), lambda x, y: np.stack([x, y]), (REAL, OTHER), "first"),
    shaped(
        "stack", lambda x, y: mx.stack([x, y], axis=-1), lambda x, y: np.stack([x, y], axis=-1), (REAL, OTHER), "last"
    ),
    shaped(
        "concatenate",
        lambda x, y, z: mx.concatenate([x, y, z], axis=1),
        lambda x, y, z: np.concatenate([x, y, z], axis=1),
        (REAL, Operand((2, 1)), OTHER),
        "axis",
        covers=("concat",),
    ),
    shaped(
        "concatenate",
        lambda x, y: mx.concatenate([x, y], axis=None),
        lambda x, y: np.concatenate([x, y], axis=None),
        (REAL, VECTOR),
        "flat",
    ),
    shaped("meshgrid", lambda x, y: mx.meshgrid(x, y), np.meshgrid, (Operand((2,)), Operand((3,))), "xy"),
    shaped(
        "meshgrid",
        lambda x, y: mx.meshgrid(x, y, indexing="ij", sparse=True),
        lambda x, y: np.meshgrid(x, y, indexing="ij", sparse=True),
        (Operand((2,)), Operand((3,))),
        "sparse",
    ),
    *(
        shaped(
            "pad",
            lambda x, m=m: mx.pad(x, [(1, 2), (0, 2)], m),
            lambda x, m=m: np.pad(x, [(1, 2), (0, 2)], m),
            (SQUARE,),
            m,
        )
        for m in ("constant", "edge", "reflect", "symmetric")
    ),
    shaped(
        "pad", lambda x: mx.pad(x, 1, constant_values=1), lambda x: np.pad(x, 1, constant_values=1), (VECTOR,), "value"
    ),
    twin("tril", operand=SQUARE),
    twin("triu", 1, operand=CUBE),
    shaped("full_like", lambda x: mx.full_like(x, 1), lambda x: np.full_like(x, 1)),
    shaped("ones_like", mx.ones_like, np.ones_like),
    shaped("zeros_like", mx.zeros_like, np.zeros_like, covers=("empty_like",)),
    shaped("full", lambda x: mx.full((2, 3), x), lambda x: np.broadcast_to(x, (2, 3)), (Operand((3,)),), "array"),
    shaped("depends", lambda x, y: mx.depends(x, y), lambda x, y: x, (REAL, OTHER), dtypes=ALL),
]


def put(x, i, v):
    """put_along_axis over axis 1."""
    out = x.copy()
    np.put_along_axis(out, i, v, 1)
    return out


def window(x, start, size):
    """The part of a matrix that begins at `start`."""
    r, c = start
    return x[r : r + size[0], c : c + size[1]]


def updated(x, u, start):
    """x with u written at `start`."""
    out = x.copy()
    window(out, start, u.shape)[...] = u
    return out


def at(method):
    """A scatter row: duplicates count, every one."""
    ufunc = {
        "add": np.add,
        "subtract": np.subtract,
        "multiply": np.multiply,
        "divide": np.true_divide,
        "maximum": np.maximum,
        "minimum": np.minimum,
    }[method]

    def ref(x, i, v):
        out = x.copy()
        ufunc.at(out, i, v)
        return out

    dtypes = FLOATS if method == "divide" else INTS + FLOATS if method in ("maximum", "minimum") else NUMERIC
    values = Operand((4, 3), 0.63, 1.71, (1, 3))
    smooth = {} if method in ("maximum", "minimum") else SMOOTH
    facts = {"loose": 4} | smooth
    return Op(
        "array.at",
        lambda x, i, v: getattr(x.at[i], method)(v),
        ref,
        (REAL, indices((4,), 2), values),
        dtypes,
        label=method,
        **facts,
    )


def assign(key):
    """x[key] = v, as a function of x and v."""

    def call(x, v):
        x = x * 1 if x.dtype != mx.bool_ else mx.array(x)
        x[key] = v
        return x

    def ref(x, v):
        x = x.copy()
        x[key] = v
        return x

    return call, ref


def setitem(label, key, shape):
    """A row for assignment through a constant key."""
    call, ref = assign(key)
    return shaped("array.__setitem__", call, ref, (SQUARE, Operand(shape)), label)


def set_along(x, i, v):
    """x[i] = v with an index array."""
    x = x * 1
    x[i] = v
    return x


def set_along_ref(x, i, v):
    """x[i] = v with an index array."""
    x = x.copy()
    x[i] = v
    return x


INDEXING = [
    shaped(
        "take",
        lambda x, i: mx.take(x, i, axis=1),
        lambda x, i: np.take(x, i, axis=1),
        (REAL, indices((2, 2), 3, -3)),
        "axis",
    ),
    shaped("take", mx.take, np.take, (REAL, indices((4,), 6)), "flat"),
    shaped(
        "take_along_axis",
        lambda x, i: mx.take_along_axis(x, i, axis=1),
        lambda x, i: np.take_along_axis(x, i, axis=1),
        (REAL, indices((2, 4), 3, -3)),
    ),
    shaped(
        "put_along_axis",
        lambda x, i, v: mx.put_along_axis(x, i, v, axis=1),
        put,
        (REAL, distinct_indices((2, 2), 3), Operand((2, 2))),
    ),
    shaped(
        "slice",
        lambda x, s: mx.slice(x, s, (0, 1), (2, 2)),
        lambda x, s: window(x, s, (2, 2)),
        (SQUARE, indices((2,), 2)),
    ),
    shaped(
        "slice_update",
        lambda x, u, s: mx.slice_update(x, u, s, (0, 1)),
        updated,
        (SQUARE, Operand((2, 2)), indices((2,), 2)),
    ),
    shaped("array.__getitem__", lambda x: x[1, :, ::-1], lambda x: x[1, :, ::-1], (CUBE,), "slices"),
    shaped("array.__getitem__", lambda x: x[..., None, 1:], lambda x: x[..., None, 1:], (CUBE,), "newaxis"),
    shaped("array.__getitem__", lambda x, i: x[i], lambda x, i: x[i], (REAL, indices((4,), 2, -2)), "array"),
    shaped(
        "array.__getitem__",
        lambda x, i, j: x[i, :, j],
        lambda x, i, j: x[i, :, j],
        (CUBE, indices((2, 1), 2), indices((3,), 2)),
        "mixed",
    ),
    setitem("int", 1, (3,)),
    setitem("slices", (slice(None, None, -2), slice(1, None)), (2, 2)),
    setitem("broadcast", (Ellipsis, 0), ()),
    shaped(
        "array.__setitem__",
        set_along,
        set_along_ref,
        (SQUARE, distinct_indices((2,), 3), REAL),
        "array",
        dtypes=NUMERIC,
    ),
    *map(at, ("add", "subtract", "multiply", "divide", "maximum", "minimum")),
]


def create(name, call, values, dtype, label="", covers=()):
    """A row without operands: one value, one dtype."""
    return Op(
        name,
        call,
        lambda: np.asarray(values),
        (),
        ("none",),
        fixed(dtype),
        label,
        smooth=False,
        batched=False,
        covers=covers,
    )


CREATION = [
    create("arange", lambda: mx.arange(2, 11, 3), [2, 5, 8], "int32"),
    create("arange", lambda: mx.arange(5, 0, -2), [5, 3, 1], "int32", "down"),
    create("arange", lambda: mx.arange(0.0, 1.0, 0.25), [0, 0.25, 0.5, 0.75], "float32", "float"),
    create("arange", lambda: mx.arange(3, dtype=mx.bfloat16), [0, 1, 2], "bfloat16", "dtype"),
    create("bartlett", lambda: mx.bartlett(5), np.bartlett(5), "float32"),
    create("blackman", lambda: mx.blackman(5), np.blackman(5), "float32"),
    create("hamming", lambda: mx.hamming(6), np.hamming(6), "float32"),
    create("hanning", lambda: mx.hanning(7), np.hanning(7), "float32"),
    create("eye", lambda: mx.eye(2, 4, 1), np.eye(2, 4, 1), "float32"),
    create("eye", lambda: mx.eye(3, k=-1, dtype=mx.int8), np.eye(3, k=-1), "int8", "dtype"),
    create("identity", lambda: mx.identity(3), np.identity(3), "float32"),
    create("full", lambda: mx.full((2, 2), 7), np.full((2, 2), 7), "int32", "scalar"),
    create("full", lambda: mx.full(3, 2.5, mx.float16), np.full(3, 2.5), "float16", "dtype"),
    create("linspace", lambda: mx.linspace(-1, 1, 5), np.linspace(-1, 1, 5), "float32"),
    create("linspace", lambda: mx.linspace(0, 1, 4, endpoint=False), np.linspace(0, 1, 4, False), "float32", "open"),
    create("ones", lambda: mx.ones((2, 3)), np.ones((2, 3)), "float32"),
    create("ones", lambda: mx.ones(2, mx.complex64), np.ones(2), "complex64", "dtype"),
    create("tri", lambda: mx.tri(3, 4, 1), np.tri(3, 4, 1), "float32"),
    create("zeros", lambda: mx.zeros((2, 0, 3)), np.zeros((2, 0, 3)), "float32", "empty"),
    create("zeros", lambda: mx.zeros(4, mx.uint8), np.zeros(4), "uint8", covers=("empty",)),
    create("asarray", lambda: mx.asarray([1, 2]), [1, 2], "int32"),
]

TABLE = [
    *UNARY, *BINARY, *TERNARY, *CASTS, *VIEWS, *REDUCTIONS, *SOFT, *SCANS, *SORTS, *PRODUCTS, *SHAPES, *INDEXING, *CREATION,
]  # fmt: skip

# Public callables of the module that are not ops over arrays, by why they need no row.
EXEMPT = {
    "evaluation": "eval async_eval synchronize clear_streams",
    "transforms": "grad value_and_grad vjp jvp vmap compile checkpoint disable_compile enable_compile",
    "types": "result_type can_cast issubdtype isdtype broadcast_shapes",
    "files": "load save savez savez_compressed save_safetensors save_gguf export_to_dot",
    "exchange": "from_dlpack",
    "printing": "get_printoptions set_printoptions printoptions",
    "devices": "default_device set_default_device default_stream set_default_stream new_stream stream device_count "
    "device_info is_available new_thread_local_stream new_thread_unsafe_stream",
    "memory": "clear_cache get_active_memory get_array_buffer_size get_cache_memory get_memory_limit get_peak_memory "
    "reset_peak_memory set_cache_limit set_memory_limit set_wired_limit",
    "shape depends on values, tested with indexing": "nonzero",
}
