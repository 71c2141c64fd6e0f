"""Times cotan beside torch, jax, numpy and mlx: same data, same cores, rounds interleaved, minima reported."""

import argparse
import json
import math
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import peers

RESULTS = Path(__file__).parent / "results"


def arguments():
    """What to time, and how long."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--only", default="", help="only cases whose name contains this")
    p.add_argument("--peers", default=",".join(peers.KINDS), help="comma-separated (default: %(default)s)")
    p.add_argument("--threads", type=int, default=2, help="cores and threads for everyone (default: %(default)s)")
    p.add_argument("--rounds", type=int, default=10, help="rounds over all libraries (default: %(default)s)")
    p.add_argument(
        "--slice", type=float, default=0.03, help="seconds for one library in one round (default: %(default)s)"
    )
    return p.parse_args()


def disagreement(a, b):
    """The largest difference between two nested results, relative to the size of the values."""
    import numpy as np

    if isinstance(a, list):
        return max((disagreement(x, y) for x, y in zip(a, b, strict=True)), default=0.0)
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        return math.inf
    return float(np.max(np.abs(a - b) / (1 + np.abs(b)), initial=0.0))


def prepare(case, libraries):
    """The calls to time, checked to agree; and, by name, why a library is left out."""
    data = case.data()
    calls, left_out, reference = {}, {}, None
    for peer in libraries:
        if peer.name not in case.calls:
            continue
        try:
            call = case.calls[peer.name](peer, *map(peer.give, data))
            result = peer.take(peer.wait(call()))
        except Exception as e:  # a peer that cannot is no reason to stop
            left_out[peer.name] = f"{type(e).__name__}: {e}".splitlines()[0][:100]
            continue
        result = [result] if not isinstance(result, list) else result
        reference = result if reference is None else reference
        if (wrong := disagreement(result, reference)) > case.tolerance:
            left_out[peer.name] = f"disagrees by {wrong:.2g}"
            continue
        calls[peer.name] = (call, peer.wait if case.evaluate else lambda r: r)
    return calls, left_out


def sample(call, wait, budget, least):
    """The shortest of the calls that fit the budget, one call or a batch of them at a time."""
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


def time_case(case, libraries, rounds, budget):
    """Seconds a call by library: the minimum over interleaved rounds."""
    calls, left_out = prepare(case, libraries)
    times = dict.fromkeys(calls, math.inf)
    for i in range(rounds):
        order = list(calls.items())
        for name, (call, wait) in order[i % len(order) :] + order[: i % len(order)] if order else []:
            times[name] = sample(call, wait, budget, times[name])
    return times, left_out


def shown(seconds):
    """Seconds in the unit that suits them."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def table(libraries):
    """An empty table with a column a library."""
    from rich.table import Table

    t = Table(title="time of one call, minimum over interleaved rounds")
    t.add_column("case")
    for peer in libraries:
        t.add_column(f"{peer.name}\n{peer.version}", justify="right")
    t.add_column("best peer\n/ cotan", justify="right")
    return t


def row(case, times, left_out, libraries):
    """The cells of a case; the fastest is bold, and a ratio over 1 means that cotan is ahead."""
    best = min(times.values(), default=math.inf)
    cells = [case.name + (f"\n[dim]{case.note}[/dim]" if case.note else "")]
    for peer in libraries:
        if peer.name in times:
            text = shown(times[peer.name])
            cells.append(f"[bold]{text}[/bold]" if times[peer.name] == best else text)
        else:
            cells.append("[red]failed[/red]" if peer.name in left_out else "-")
    ratio = ratio_of(times)
    cells.append("-" if ratio is None else f"[{'green' if ratio >= 1 else 'red'}]{ratio:.2f}[/]")
    return cells


def ratio_of(times):
    """The best peer's time over cotan's; None where there is nothing to compare."""
    others = [t for name, t in times.items() if name != "cotan"]
    return min(others) / times["cotan"] if "cotan" in times and others else None


def main():
    """Time the cases, print the table, keep the numbers."""
    args = arguments()
    peers.pin(args.threads)
    libraries, missing = peers.load(args.peers.split(","), args.threads)
    from cases import CASES
    from rich.console import Console
    from rich.progress import track

    console = Console(width=max(100, Console().width))
    for name, reason in missing.items():
        console.print(f"[yellow]{name} is left out:[/yellow] {reason}")
    chosen = [c for c in CASES if args.only in c.name]
    t, report = table(libraries), {}
    for case in track(chosen, description="timing", console=console):
        times, left_out = time_case(case, libraries, args.rounds, args.slice)
        t.add_row(*row(case, times, left_out, libraries))
        report[case.name] = {"seconds": times, "left_out": left_out, "best_peer_over_cotan": ratio_of(times)}
        for name, reason in left_out.items():
            console.print(f"[yellow]{case.name}, {name}:[/yellow] {reason}")
    console.print(t)
    ratios = [r["best_peer_over_cotan"] for r in report.values() if r["best_peer_over_cotan"]]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        ahead = sum(r >= 1 for r in ratios)
        console.print(
            f"cotan is at or ahead of the best peer in {ahead} of {len(ratios)} cases; geometric mean {mean:.2f}"
        )
    keep(args, libraries, report, console)


def keep(args, libraries, report, console):
    """Write the numbers with what is needed to read them later."""
    now = datetime.now(UTC)
    machine = {"machine": platform.machine(), "system": platform.platform(), "cores": os.cpu_count()}
    versions = {p.name: p.version for p in libraries}
    out = RESULTS / f"{now:%Y%m%d-%H%M%S}.json"
    out.parent.mkdir(exist_ok=True)
    settings = {"threads": args.threads, "rounds": args.rounds, "slice": args.slice}
    out.write_text(
        json.dumps(
            {"when": now.isoformat(), **machine, "settings": settings, "versions": versions, "cases": report}, indent=1
        )
    )
    console.print(f"kept in {out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out}")


if __name__ == "__main__":
    main()
