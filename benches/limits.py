"""What this machine can do: bytes moved and operations computed a second, the best that any library reaches."""

import time

from cases.base import every, in_dtype, normal

LENGTH = 20_000_000
SIDE = 2048


def best_of(calls, seconds=1.0):
    """The shortest time of any of the calls, each tried for a while."""
    best = float("inf")
    for call in calls:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            call()
            best = min(best, time.perf_counter() - start)
    return best


def evaluated(libraries, f, *arrays, dtype=None):
    """The expression in each library, evaluated; libraries without the element type are left out."""
    for peer in libraries:
        given = [peer.give(a) for a in arrays]
        if dtype:
            if peer.name in ("numpy", "mlx"):
                continue
            given = in_dtype(peer, dtype, *given)
        call = every(f)[peer.name](peer, *given)
        peer.wait(call())
        yield lambda peer=peer, call=call: peer.wait(call())


def measure(libraries):
    """Bytes a second of sums of long vectors, and operations a second of large products."""
    x, y = normal(LENGTH), normal(LENGTH, seed=1)
    add = best_of(evaluated(libraries, lambda lib, x, y: x + y, x, y))
    total = best_of(evaluated(libraries, lambda lib, x: x.sum(), x))
    a, b = normal(SIDE, SIDE), normal(SIDE, SIDE, seed=1)
    product = lambda lib, a, b: a @ b
    dense = best_of(evaluated(libraries, product, a, b))
    halves = best_of(evaluated(libraries, product, a, b, dtype="bfloat16"))
    return {
        "bytes": max(12 * LENGTH / add, 4 * LENGTH / total),
        "flops": 2 * SIDE**3 / dense,
        "flops16": 2 * SIDE**3 / halves,
    }


def highest(*measured):
    """The best of several measurements."""
    return {kind: max(m[kind] for m in measured) for kind in measured[0]}


def reached(cases):
    """Operations a second that some library reached in the timed matrix products; no bytes, which may be in a cache."""
    best = {"bytes": 0.0, "flops": 0.0, "flops16": 0.0}
    for case in cases:
        if case["family"] == "matrix products" and case["work"] and case["work"][0] != "bytes":
            kind, amount = case["work"]
            best[kind] = max(best[kind], amount / min(case["seconds"].values()))
    return best


def work(case):
    """What limits a case, bytes or operations, and how many there are; None where that isn't known."""
    return next(((kind, getattr(case, kind)) for kind in ("bytes", "flops", "flops16") if getattr(case, kind)), None)
