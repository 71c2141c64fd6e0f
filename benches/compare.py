"""Times cotan beside torch, jax, numpy and mlx: same data, same cores, rounds interleaved, minima reported."""

import argparse
import os
import warnings
from datetime import UTC, datetime

import peers


def arguments():
    """What to time, and how long."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--only", default="", help="only cases whose name or family contains one of these, comma-separated")
    p.add_argument("--peers", default=",".join(peers.KINDS), help="comma-separated (default: %(default)s)")
    p.add_argument("--threads", type=int, default=2, help="cores and threads for everyone (default: %(default)s)")
    p.add_argument("--rounds", type=int, default=10, help="rounds over all libraries (default: %(default)s)")
    p.add_argument("--slice", type=float, default=0.03, help="seconds for a library in a round (default: %(default)s)")
    p.add_argument("--most", type=float, default=30, help="seconds for the rounds of a case (default: %(default)s)")
    p.add_argument("--no-memory", action="store_true", help="don't measure the peak memory of trainings")
    p.add_argument("--draw", action="store_true", help="make page and picture anew from the last whole run")
    p.add_argument("--list", action="store_true", help="list the cases and stop")
    return p.parse_args()


def chosen(cases, only):
    """The cases that were asked for."""
    words = only.split(",")
    return [c for c in cases if any(w in c.name or w in c.family for w in words)]


def timed(args, cases, libraries, console):
    """A dict of results for every case, in order."""
    import timing
    from limits import work
    from rich.progress import track

    results = []
    for case in track(cases, description="timing", console=console):
        times, left_out = timing.time_case(case, libraries, args.rounds, args.slice, args.most)
        for name, reason in left_out.items():
            console.print(f"[yellow]{case.name}, {name}:[/yellow] {reason}", highlight=False)
        facts = {"name": case.name, "family": case.family, "note": case.note, "work": work(case)}
        results.append(facts | {"seconds": times, "left_out": left_out})
    return results


def measured(args, cases, libraries, console):
    """Everything that is known about a run, as plain data."""
    import limits
    import memory
    import report

    run = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": report.machine(),
        "load": os.getloadavg()[0],
        "settings": vars(args),
        "versions": {p.name: p.version for p in libraries},
    }
    before = limits.measure(libraries)
    run["cases"] = timed(args, cases, libraries, console)
    run["limits"] = limits.highest(before, limits.measure(libraries), limits.reached(run["cases"]))
    trainings = [c for c in cases if c.family == "training"]
    run["memory"] = {} if args.no_memory else memory.measure(trainings, libraries, args.threads)
    return run


def main():
    """Time the cases, print the table, keep the numbers."""
    args = arguments()
    peers.pin(args.threads)
    warnings.simplefilter("ignore", FutureWarning)  # torch's about parts of itself
    import report
    from rich.console import Console

    console = Console(width=max(150, Console().width))
    if args.draw:
        report.keep(report.last(), console, whole=True)
        return
    from cases import CASES

    cases = chosen(CASES, args.only)
    if args.list:
        print(*(f"{c.family}: {c.name}" for c in cases), sep="\n")
        return
    libraries, missing = peers.load(args.peers.split(","), args.threads)
    for name, reason in missing.items():
        console.print(f"[yellow]{name} is left out:[/yellow] {reason}")
    run = measured(args, cases, libraries, console)
    console.print(report.table(run))
    console.print(report.summary(run), highlight=False)
    report.keep(run, console, whole=not args.only and len(libraries) == len(peers.KINDS))


if __name__ == "__main__":
    main()
