"""A run as a page of Markdown."""

from itertools import groupby

from report import behind, best_ratio, compared, limits_text, mean, ratios, shown, shown_share


def page(run, picture):
    """The whole page."""
    parts = [
        "# cotan beside other libraries",
        "Made by `make bench`; don't edit.",
        circumstances(run),
        f"![Best peer's time over cotan's, by case]({picture})",
        means(run),
        *families(run),
        memory(run),
        weak(run),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def circumstances(run):
    """Machine, versions and method."""
    machine, settings = run["machine"], run["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    return (
        f"{run['when'][:10]}, {machine['processor']}, {machine['cores']} cores, {machine['system']}; "
        f"load at the start {run['load']:.1f}. "
        f"Everyone has {settings['threads']} threads on the same cores. {versions}.\n\n"
        f"A time is the minimum over {settings['rounds']} rounds in which the libraries take turns, after all results "
        "have been found to agree. What is lazy is evaluated. jax is compiled with `jax.jit`; trainings of cotan and "
        "mlx with `compile`; torch is eager. In brackets: the time as a multiple of cotan's, over 1 where cotan is "
        f"faster. Shares are of what any library reached on this machine during this run: {limits_text(run['limits'])}."
    )


def means(run):
    """Geometric means by peer."""
    cases = compared(run)
    lines = [
        "| | cases | geometric mean of its time over cotan's | cotan is at least as fast in |",
        "|---|---|---|---|",
    ]
    own = {name: [ratios(c)[name] for c in cases if name in ratios(c)] for name in run["versions"] if name != "cotan"}
    for name, values in ({"best peer": [best_ratio(c) for c in cases]} | own).items():
        if values:
            lines.append(f"| {name} | {len(values)} | {mean(values):.2f} | {sum(v >= 1 for v in values)} |")
    return "\n".join(lines)


def families(run):
    """A table for each family."""
    names = list(run["versions"])
    for family, cases in groupby(run["cases"], key=lambda c: c["family"]):
        head = [f"## {family[0].upper()}{family[1:]}", "", f"| | {' | '.join(names)} | share |"]
        yield "\n".join([*head, "|---" * (len(names) + 2) + "|", *(line(c, names, run["limits"]) for c in cases)])


def line(case, names, limits):
    """The row of a case; the fastest is bold."""
    times, against = case["seconds"], ratios(case)
    cells = []
    for name in names:
        if name not in times:
            cells.append("failed" if name in case["left_out"] else "")
            continue
        text = f"**{shown(times[name])}**" if times[name] == min(times.values()) else shown(times[name])
        cells.append(text + (f" ({against[name]:.2f})" if name in against else ""))
    note = f" ({case['note']})" if case["note"] else ""
    return f"| {case['name']}{note} | {' | '.join(cells)} | {shown_share(case, limits)} |"


def memory(run):
    """The table of peak memory."""
    if not run["memory"]:
        return ""
    names = [n for n in run["versions"] if any(n in grown for grown in run["memory"].values())]
    lines = [
        "## Peak memory of a training step",
        "",
        "Growth of the resident memory of a fresh process over three steps, with data, weights and program in place.",
        "",
        f"| | {' | '.join(names)} |",
        "|---" * (len(names) + 1) + "|",
    ]
    for name, grown in run["memory"].items():
        cells = ["" if grown.get(n) is None else f"{grown[n] / 1e6:.0f} MB" for n in names]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def weak(run):
    """The cases where a peer is faster."""
    lines = ["## Where a peer is faster", "", "| | best peer's time over cotan's | which |", "|---|---|---|"]
    for case in behind(run):
        against = ratios(case)
        lines.append(f"| {case['name']} | {best_ratio(case):.2f} | {min(against, key=against.get)} |")
    return "\n".join(lines)
