"""What is made of a run: a table on the screen, JSON, a page of Markdown and a picture."""

import json
import math
import os
import platform
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
LIMITS = {"bytes": "of bandwidth", "flops": "of peak", "flops16": "of bf16 peak"}


def machine():
    """The processor, cores and system of this machine."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = lines[0] if lines else model
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform()}


def ratios(case):
    """Every peer's time over cotan's; over 1 means that cotan is ahead."""
    times = case["seconds"]
    return {name: t / times["cotan"] for name, t in times.items() if name != "cotan" and "cotan" in times}


def best_ratio(case):
    """The best peer's time over cotan's; None where there is nothing to compare."""
    return min(ratios(case).values(), default=None)


def mean(values):
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def compared(run):
    """The cases that cotan and a peer ran."""
    return [c for c in run["cases"] if best_ratio(c)]


def behind(run):
    """The cases where a peer is faster, worst first."""
    return sorted((c for c in compared(run) if best_ratio(c) < 1), key=best_ratio)


def shown(seconds):
    """Seconds in the unit that suits them."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def shown_share(case, limits):
    """The share of the machine's limit that cotan reaches."""
    if not case["work"] or "cotan" not in case["seconds"]:
        return ""
    kind, amount = case["work"]
    return f"{amount / case['seconds']['cotan'] / limits[kind]:.0%} {LIMITS[kind]}"


def table(run):
    """The table for the screen; the fastest is bold."""
    from rich.table import Table

    t = Table(title="time of one call, minimum over interleaved rounds; in brackets as a multiple of cotan's")
    names = list(run["versions"])
    t.add_column("case")
    for name, version in run["versions"].items():
        t.add_column(f"{name}\n{version}", justify="right")
    t.add_column("best peer\n/ cotan", justify="right")
    t.add_column("cotan's share", justify="right")
    family = None
    for case in run["cases"]:
        if case["family"] != family:
            family = case["family"]
            t.add_section()
            t.add_row(f"[bold]{family}[/bold]")
        t.add_row(*row(case, names), shown_share(case, run["limits"]))
    return t


def row(case, names):
    """The cells of a case."""
    times, compared_with = case["seconds"], ratios(case)
    best = min(times.values(), default=math.inf)
    cells = [case["name"]]
    for name in names:
        if name in times:
            text = f"[bold]{shown(times[name])}[/bold]" if times[name] == best else shown(times[name])
            cells.append(text + (f" [dim]({compared_with[name]:.2f})[/dim]" if name in compared_with else ""))
        else:
            cells.append("[red]failed[/red]" if name in case["left_out"] else "-")
    ratio = best_ratio(case)
    cells.append("-" if ratio is None else f"[{'green' if ratio >= 1 else 'red'}]{ratio:.2f}[/]")
    return cells


def summary(run):
    """The means, the limits, and where cotan is behind, as text."""
    cases = compared(run)
    ahead = sum(best_ratio(c) >= 1 for c in cases)
    lines = [f"cotan is at or ahead of the best peer in {ahead} of {len(cases)} cases"]
    lines.append(f"geometric mean of best peer / cotan: {mean([best_ratio(c) for c in cases]):.2f}")
    for name in run["versions"]:
        own = [ratios(c)[name] for c in cases if name in ratios(c)]
        if own:
            lines.append(f"geometric mean of {name} / cotan over {len(own)} cases: {mean(own):.2f}")
    lines.append(limits_text(run["limits"]))
    for c in behind(run):
        best = min(ratios(c), key=ratios(c).get)
        lines.append(f"  {best_ratio(c):.2f}  {c['name']} (behind {best})")
    for name, grown in run["memory"].items():
        sizes = ", ".join(f"{lib} {b / 1e6:.0f} MB" for lib, b in grown.items() if b is not None)
        lines.append(f"peak memory, {name}: {sizes}")
    return "\n".join(lines)


def limits_text(limits):
    """The limits of the machine, in words."""
    return (
        f"measured limits: {limits['bytes'] / 1e9:.1f} GB/s, "
        f"{limits['flops'] / 1e9:.0f} GFLOP/s in float32, {limits['flops16'] / 1e9:.0f} in bfloat16"
    )


def keep(run, console, whole):
    """Write the numbers; those of a whole run also as the latest page and picture."""
    import page
    import picture

    RESULTS.mkdir(exist_ok=True)
    stem = RESULTS / ("latest" if whole else "part")
    stem.with_suffix(".json").write_text(json.dumps(run, indent=1) + "\n")
    stem.with_suffix(".md").write_text(page.page(run, f"{stem.name}.png"))
    picture.draw(run, stem.with_suffix(".png"))
    console.print(f"kept in {stem}.json, .md and .png")


def last():
    """The last whole run."""
    return json.loads((RESULTS / "latest.json").read_text())
