"""Times a case: every library's call is checked against the first one's, then all take turns."""

import gc
import math
import time

import numpy as np


def disagreement(a, b):
    """The largest difference between two nested results, relative to the size of the values."""
    if isinstance(a, list):
        return max((disagreement(x, y) for x, y in zip(a, b, strict=True)), default=0.0)
    kind = np.complex128 if np.iscomplexobj(a) or np.iscomplexobj(b) else np.float64
    a, b = np.asarray(a, kind), np.asarray(b, kind)
    if a.shape != b.shape:
        return math.inf
    return float(np.max(np.abs(a - b) / (1 + np.abs(b)), initial=0.0))


def first_results(case, peer, call):
    """The part of the first results that has to agree, as NumPy arrays."""
    results = [peer.take(peer.wait(call())) for _ in range(case.checks)]
    if not case.agree:
        return []
    return [case.compare(r if isinstance(r, list) else [r]) for r in results]


def prepare(case, libraries):
    """The calls to time, checked to agree; and, by name, why a library is left out."""
    data = case.data()
    calls, left_out, reference = {}, {}, None
    for peer in libraries:
        if peer.name not in case.calls:
            continue
        try:
            peer.precise(case.precise)
            call = case.calls[peer.name](peer, *map(peer.give_all, data))
            result = first_results(case, peer, call)
            reference = result if reference is None else reference
            wrong = disagreement(result, reference)
        except Exception as e:  # a peer that cannot is no reason to stop
            left_out[peer.name] = (str(e).splitlines() or [""])[0][:100] or type(e).__name__
            continue
        if not wrong <= case.tolerance:
            left_out[peer.name] = f"disagrees by {wrong:.2g}"
            continue
        calls[peer.name] = (call, peer.wait if case.evaluate else lambda r: r)
    return calls, left_out


def sample(call, wait, budget, least):
    """The shortest of the calls that fit the budget, one call or a batch of them at a time."""
    if least < 0.1:
        wait(call())  # wakes threads and warms caches after the library before
    begun, best = time.perf_counter(), least
    repeat = 1 if least == math.inf else max(1, min(1000, int(1e-4 / least)))
    while True:
        start = time.perf_counter()
        for _ in range(repeat):
            wait(call())
        end = time.perf_counter()
        best = min(best, (end - start) / repeat)
        if end - begun > budget:
            return best


def time_case(case, libraries, rounds, budget, most):
    """Seconds a call by library: the minimum over interleaved rounds, which end early after `most` seconds."""
    calls, left_out = prepare(case, libraries)
    times = dict.fromkeys(calls, math.inf)
    gc.collect()
    begun = time.perf_counter()
    for i in range(rounds if calls else 0):
        order = list(calls.items())
        for name, (call, wait) in order[i % len(order) :] + order[: i % len(order)]:
            times[name] = sample(call, wait, budget, times[name])
        if time.perf_counter() - begun > most and i > 0:
            break
    for peer in libraries:
        peer.precise(False)
    return times, left_out
