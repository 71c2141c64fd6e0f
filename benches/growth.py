"""Measures how cotan's time and memory grow with size, length of the graph and threads, and draws it for the docs.

It runs itself once for every number of threads, since a process can't change it, and keeps the numbers beside the
other results, so that `--draw` makes the pictures anew without measuring.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from functools import partial, reduce
from pathlib import Path

HERE = Path(__file__).parent
NUMBERS = HERE / "results" / "latest.growth.json"
IMAGES = HERE.parent / "docs" / "images"
SIZES = [10**k * m for k in range(2, 8) for m in (1, 3)] + [10**8]
SIDES = [8, 16, 32, 64, 128, 256, 512, 1024, 2048]
LENGTHS = [10**k * m for k in range(2, 6) for m in (1, 3)] + [10**6]


def best(call, seconds=0.3, most=1000):
    """The shortest time of a call; short ones are timed in batches."""
    call()
    start = time.perf_counter()
    call()
    repeat = max(1, int(1e-4 / (time.perf_counter() - start + 1e-9)))
    least, end = float("inf"), time.perf_counter() + seconds
    for _ in range(most):
        start = time.perf_counter()
        for _ in range(repeat):
            call()
        now = time.perf_counter()
        least = min(least, (now - start) / repeat)
        if now > end:
            break
    return least


def functions(mx):
    """What is timed over sizes: cheap and dear elementwise ones, a reduction, a scan and a sort."""
    return {
        "x + y": lambda x, y: x + y,
        "exp(x)": lambda x, y: mx.exp(x),
        "gelu(x)": lambda x, y: 0.5 * x * (1 + mx.tanh(0.797885 * (x + 0.044715 * x * x * x))),
        "sum(x)": lambda x, y: x.sum(),
        "cumsum(x)": lambda x, y: mx.cumsum(x),
        "sort(x)": lambda x, y: mx.sort(x),
    }


def evaluated(mx, f, *args):
    """The call, and its evaluation."""
    mx.eval(f(*args))


def sizes(mx):
    """Seconds by function and number of elements, and peak bytes beyond the arguments."""
    seconds, peak = {}, {}
    for name, f in functions(mx).items():
        seconds[name], peak[name] = [], []
        for n in SIZES if name != "sort(x)" else SIZES[:-1]:
            x, y = mx.random.normal((n,)), mx.random.normal((n,))
            mx.eval(x, y)
            seconds[name].append([n, best(partial(evaluated, mx, f, x, y))])
            mx.reset_peak_memory()
            before = mx.get_active_memory()
            mx.eval(f(x, y))
            peak[name].append([n, mx.get_peak_memory() - before])
        mx.clear_cache()
    return seconds, peak


def products(mx):
    """Seconds of square products by side."""
    result = []
    for n in SIDES:
        a, b = mx.random.normal((n, n)), mx.random.normal((n, n))
        mx.eval(a, b)
        result.append([n, best(partial(evaluated, mx, mx.matmul, a, b))])
    return result


def resident():
    """Bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def chain(mx, x, length):
    """As many operations, each on the result of the one before."""
    for _ in range(length):
        x = mx.sin(x)
    return x


def timed(call):
    """The seconds and the result of one call."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def graph(mx, length):
    """Seconds to build, evaluate and drop a chain and to take its gradient."""
    x = mx.random.normal((10,))
    mx.eval(x)
    build, y = timed(lambda: chain(mx, x, length))
    evaluate, _ = timed(lambda: mx.eval(y))
    unused = [chain(mx, x, length)]
    drop, _ = timed(unused.clear)
    gradient, _ = timed(lambda: mx.eval(mx.grad(lambda x: chain(mx, x, length).sum())(x)))
    return {"build": build, "evaluate": evaluate, "drop": drop, "gradient": gradient}


def lengths(mx):
    """The least seconds of each phase by length of the graph."""
    seconds = {}
    for n in LENGTHS:
        runs = [graph(mx, n) for _ in range(max(2, min(20, 10**5 // n)))]
        for phase in runs[0]:
            seconds.setdefault(phase, []).append([n, min(run[phase] for run in runs)])
    return seconds


def held(mx):
    """Bytes of graphs by their length, by the growth of the process, which has to be fresh; all stay alive."""
    x, alive, sizes = mx.array([1.0] * 10), [], []
    for n in LENGTHS:
        before = resident()
        alive.append(chain(mx, x, n))
        sizes.append([n, resident() - before])
    return sizes


def measure():
    """All numbers for this process's number of threads."""
    import cotan.core as mx

    result = {"held": held(mx), "graph": lengths(mx), "products": products(mx)}
    return result | dict(zip(("sizes", "peak"), sizes(mx), strict=True))


def measured(threads):
    """The numbers for a number of threads, from a process of its own."""
    command = [sys.executable, __file__, "--measure"]
    environment = os.environ | {"COTAN_NUM_THREADS": str(threads)}
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def least(a, b):
    """The smaller of two numbers, at every place of two nested results."""
    if isinstance(a, dict):
        return {key: least(a[key], b[key]) for key in a}
    if isinstance(a, list):
        return [least(x, y) for x, y in zip(a, b, strict=True)]
    return min(a, b)


def main():
    """Measure with one and with two threads in turns, keep the least numbers, draw."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--draw", action="store_true", help="draw the numbers of the last time")
    p.add_argument("--rounds", type=int, default=3, help="how often to measure (default: %(default)s)")
    p.add_argument("--measure", action="store_true", help="print numbers for COTAN_NUM_THREADS (used by itself)")
    args = p.parse_args()
    if args.measure:
        print(json.dumps(measure()))
        return
    if not args.draw:
        runs = [{str(n): measured(n) for n in (1, 2)} for _ in range(args.rounds)]
        NUMBERS.write_text(json.dumps(reduce(least, runs)) + "\n")
    import growth_plots

    growth_plots.draw(json.loads(NUMBERS.read_text()), IMAGES)


if __name__ == "__main__":
    main()
