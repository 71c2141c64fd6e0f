"""Everything that is asked of both packages: rows on random and special values and other sizes, cases, wrong calls."""

import dataclasses
import os
from collections.abc import Callable

import numpy as np
from cases import CASES, namespace
from twin import OURS, THEIRS, MissingError

H = OURS.helpers
Operand = OURS.table.spec.Operand
SEED = os.environ.get("PARITY_SEED", "")


@dataclasses.dataclass(frozen=True)
class Item:
    """A question with a name; `ask(side)` gives arrays, other objects, or raises."""

    id: str
    ask: Callable
    loose: float = 1.0


@dataclasses.dataclass(frozen=True)
class Raised:
    """The answer of a call that raised, compared by the exception's type."""

    kind: str
    message: str = dataclasses.field(compare=False, default="")


class Absent:
    """The answer of a package that lacks the function."""


def described(side, x):
    """A result as data: dtype, shape and values of an array, whatever else there is as it is."""
    if isinstance(x, side.mx.array):
        return H.dtype_name(x), tuple(x.shape), side.helpers.host(x)
    if isinstance(x, list | tuple):
        return [described(side, y) for y in x]
    return H.dtype_name(x) if isinstance(x, side.mx.Dtype) else x


def answer(side, item):
    """What a package answers."""
    try:
        return described(side, item.ask(side))
    except MissingError:
        return Absent
    except Exception as error:  # the type is the answer
        return Raised(type(error).__name__, str(error))


def difference(a, b, loose=1.0):
    """What differs between two answers, in words, or None."""
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{len(a)} results, not {len(b)}"
        return next(filter(None, (difference(x, y, loose) for x, y in zip(a, b, strict=True))), None)
    if not isinstance(a, tuple) or not isinstance(b, tuple):
        same = type(a) is type(b) and (a == b or (a != a and b != b))
        return None if same else f"{a!r}, not {b!r}"
    if a[:2] != b[:2]:
        return f"{a[0]} {a[1]}, not {b[0]} {b[1]}"
    tolerance = H.TOLERANCE.get(a[0], 0) * loose
    try:
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(a[2], b[2], rtol=tolerance, atol=tolerance)
    except AssertionError as error:
        return str(error)
    return None


# ---------------------------------------------------------------- rows


def on_values(op, dtype):
    """A row on three draws of its operands."""

    def ask(side):
        row = side.rows[op.id]
        draws = [op.sample(dtype, f"{SEED}{n}") for n in range(3 if op.operands else 1)]
        return [row.outputs(*side.operands(row, values, dtype)) for values in draws]

    return Item(f"values:{op.id}:{dtype}", ask, op.loose)


SIZES = ({2: 0}, {3: 0}, {2: 1, 3: 2}, {2: 4, 3: 1}, {2: 5, 3: 7}, {2: 3, 3: 2})


def on_sizes(op, dtype, sizes):
    """A row on operands whose axes have other sizes, 0 among them; where the row can't take them, both refuse."""
    operands = [dataclasses.replace(o, shape=tuple(sizes.get(n, n) for n in o.shape)) for o in op.operands]

    def ask(side):
        rng = op.rng(f"{SEED}sizes")
        values = [o.sample(rng, dtype) for o in operands]
        return side.rows[op.id].outputs(*side.operands(op, values, dtype))

    name = ",".join("x".join(map(str, o.shape)) for o in operands)
    return Item(f"sizes:{op.id}:{dtype}:{name}", ask, op.loose)


FINITE = [-0.0, 0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 100.0, -100.0, 1e-6, 3e4]
POOL = [*FINITE, np.nan, np.inf, -np.inf]


def extremes(rng, dtype, n):
    """Values at which elementwise functions have their corners."""
    if dtype == "bool":
        return rng.random(n) < 0.5
    if dtype in H.INTS:
        i = np.iinfo(dtype)
        return rng.choice(np.array([i.min, i.max, 0, 1, 2, i.max // 2, i.min + 1], dtype), n)
    if dtype in H.COMPLEX:
        return (rng.choice(FINITE, n) + 1j * rng.choice(FINITE, n)).astype(np.complex64)
    return rng.choice(POOL, n)


def on_extremes(op, dtype):
    """An elementwise row on special values."""

    def ask(side):
        rng = op.rng(f"{SEED}{dtype}extremes")
        values = [extremes(rng, dtype, 64) for _ in op.operands]
        return side.rows[op.id].outputs(*side.operands(op, values, dtype))

    return Item(f"extremes:{op.id}:{dtype}", ask, op.loose)


def row_items():
    """The items of every row."""
    plain = (2, 3)
    for op in OURS.table.TABLE:
        yield from (on_values(op, d) for d in op.dtypes)
        free = op.operands and all(isinstance(o, Operand) for o in op.operands)
        if free:
            few = [d for d in ("float32", "int32", op.dtypes[0]) if d in op.dtypes][:2]
            yield from (on_sizes(op, d, s) for d in few for s in SIZES)
        if op in OURS.table.ELEMENTWISE and free and all(o.shape == plain for o in op.operands):
            yield from (on_extremes(op, d) for d in op.dtypes)


# ---------------------------------------------------------------- cases and wrong calls


def case(text):
    """An expression of the table of cases."""
    return Item(f"case:{text}", lambda side: eval(text, namespace(side)))


WRONG = ("{}()", "{}('text')", "{}(object())", "{}(None)", "{}(f, no_such_keyword=1)", "{}(v, v, v, v, v, v, v, v, v)")
WRONG_AXES = ("9", "-9", "'x'", "1.5", "(0, 9)", "None", "(0, 0)", "()", "[0]", "2**40", "True")


def wrong_calls():
    """Every function of the table, called as it must not be."""
    names = dict.fromkeys(op.name for op in OURS.table.TABLE if op.operands and not op.name.startswith("array."))
    for name in names:
        yield from (case(w.format(f"mx.{name}")) for w in WRONG)
        if "axis" in (getattr(eval(f"mx.{name}", namespace(OURS)), "__text_signature__", None) or ""):
            yield from (case(f"mx.{name}(f, axis={a})") for a in WRONG_AXES)


ITEMS = {item.id: item for item in [*row_items(), *map(case, CASES), *wrong_calls()]}


def both(item):
    """What the two packages answer."""
    return answer(OURS, item), answer(THEIRS, item)
