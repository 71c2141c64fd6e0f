"""Calls public functions with arguments of wrong types, shapes and values; run by test_robustness.py as a program."""

import inspect
import json
import os
import resource
import sys
import types
import zlib

import numpy as np

# What a function may raise. Anything else (a panic, SystemError, an AttributeError from inside) is a fault.
DOCUMENTED = (
    TypeError,
    ValueError,
    IndexError,
    RuntimeError,
    OverflowError,
    MemoryError,
    KeyError,
    OSError,
    BufferError,
)
# Not called: they end threads, wait, write where they are told to, or change the process for those after them.
SKIPPED = ("set_memory_limit", "set_cache_limit", "set_wired_limit", "synchronize", "disable_compile")
CALLS = int(os.environ.get("COTAN_SWEEP_CALLS", "60"))
HUGE = 2**62


def functions(module, prefix=""):
    """Public functions of a module and its submodules by name."""
    found = {}
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith(module.__name__):
                found |= functions(value, f"{prefix}{name}.")
        elif callable(value) and not inspect.isclass(value) and name not in SKIPPED:
            found[prefix + name] = value
    if not prefix:
        members = {f"array.{k}": getattr(module.array, k) for k in dir(module.array) if k not in dir(object)}
        found |= {k: v for k, v in members.items() if callable(v)} | {"array": module.array}
        found |= {f"array.at.{k}": updater(k) for k in ("add", "multiply", "divide", "maximum")}
    return found


def updater(method):
    """x.at[index].method(value) as a function."""
    return lambda x, index, value: getattr(x.at[index], method)(value)


class Odd:
    """An object of no use."""

    def __repr__(self):
        return "Odd()"


def values(mx):
    """Arguments, the plausible and the hostile, each with a text that describes it."""
    z = mx.zeros
    arrays = {
        "zeros(2, 3)": z((2, 3)),
        "ones(3, 3)": mx.ones((3, 3)),
        "arange(4)": mx.arange(4),
        "scalar": mx.array(1.5),
        "empty": z((0, 3)),
        "deep empty": z((2, 0, 3)),
        "bool": mx.array([True, False]),
        "uint8": mx.array([0, 255], mx.uint8),
        "int64 extremes": mx.array([-(2**63), 2**63 - 1], mx.int64),
        "float16": z((3,), mx.float16),
        "bfloat16": z((2, 2), mx.bfloat16),
        "float64": z((2, 2), mx.float64),
        "complex64": z((2, 2), mx.complex64),
        "nan": mx.array([float("nan"), float("inf"), -float("inf")]),
        "reversed": mx.arange(6)[::-1],
        "transposed": z((2, 3)).T,
        "cube": z((2, 3, 2)),
        "indices": mx.array([0, -1, 9]),
        "seven axes": z((1,) * 7),
    }
    if os.environ.get("COTAN_SWEEP_VAST"):  # what prints or converts these takes forever, rightly or not
        arrays["vast"] = mx.broadcast_to(mx.array(1.0), (2,) * 62)
        arrays["vast empty"] = mx.broadcast_to(mx.zeros((0, 1)), (0, 2**62))
    scalars = [0, 1, -1, 2, 3, 7, -9, 2**31, -(2**31) - 1, HUGE, -HUGE, 2**63, 2**64, 10**30, True]
    scalars += [0.5, -1.5, float("nan"), float("inf"), 1e300, 1j]
    sequences = [
        (),
        (0,),
        (1, 2),
        (-1,),
        (2, 3),
        (0, 0),
        (3, -1),
        (HUGE, HUGE),
        (HUGE,),
        (2**32, 2**32),
        [1, 2],
        (1.5,),
    ]
    sequences += [[[0, 1], [1, 0]], [(1, 1), (0, 2)], ["a"], [None], ((1, 2), (3,)), (2,) * 40]
    others = [None, "", "constant", "reflect", "ij", "ab,bc->ac", "\ud800", b"bytes", {}, {"a": 1}, Odd(), object, len]
    others += [slice(None), ..., np.zeros((2, 2)), np.zeros(2, "U3"), np.array(None), mx.float16, mx.bool_, mx.cpu]
    lists = [[arrays["zeros(2, 3)"]] * 2, [arrays["scalar"], arrays["cube"]], [arrays["empty"]], []]
    named = [(f"<{k}>", v) for k, v in arrays.items()] + [(ascii(v), v) for v in scalars + sequences + others + lists]
    return named, named[: len(arrays)]


def parameters(function):
    """How many positional arguments to try, and the names of keywords."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 3, []
    positional = [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    many = any(p.kind == p.VAR_POSITIONAL for p in found)
    keywords = [p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name != "stream"]
    return len(positional) + (2 if many else 0), keywords


def calls(mx, name, function):
    """Argument lists for a function: mostly an array first, and anything after it."""
    pool, arrays = values(mx)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    count, keywords = parameters(function)

    def pick(position):
        choices = arrays if position < 2 and rng.random() < 0.6 else pool
        return choices[rng.integers(len(choices))]

    for _ in range(CALLS):
        given = min(count, int(rng.integers(0, count + 2))) if rng.random() < 0.8 else count + 1
        args = [pick(i) for i in range(given)]
        chosen = [k for k in keywords if rng.random() < 0.25]
        yield args, {k: pool[rng.integers(len(pool))] for k in chosen}


def read(mx, result):
    """Evaluate what came back, unless it can't be held."""
    if isinstance(result, mx.array):
        if result.nbytes < 2**24:
            mx.eval(result)
    elif isinstance(result, list | tuple):
        for x in result[:10]:
            read(mx, x)


def attempt(mx, function, args, kwargs):
    """What is wrong with the outcome of a call, or None."""
    feasible = all(not isinstance(x, mx.array) or x.size < HUGE for x in [*args, *kwargs.values()])
    try:
        result = function(*args, **kwargs)
        if feasible:
            read(mx, result)
    except DOCUMENTED:
        return None
    except AttributeError as error:  # of a first argument that is no array, and of elements, which can't be deleted
        return None if str(error).endswith(("'at'", "deleted")) else f"AttributeError: {error}"
    except BaseException as error:  # a panic derives from BaseException
        return f"{type(error).__name__}: {error}"
    return None


def main(log):
    """Sweep the functions named on standard input; say what went wrong and exit with 1."""
    import cotan.core as mx

    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
    faults = 0
    known = functions(mx)
    with open(log, "w") as out:
        for name in json.load(sys.stdin):
            for args, kwargs in calls(mx, name, known[name]):
                text = ", ".join([t for t, _ in args] + [f"{k}={t}" for k, (t, _) in kwargs.items()])
                print(f"{name}({text})", file=out, flush=True)
                fault = attempt(mx, known[name], [v for _, v in args], {k: v for k, (_, v) in kwargs.items()})
                if fault:
                    print(f"{name}({text}): {fault}", flush=True)
                    faults += 1
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(sys.argv[1])
