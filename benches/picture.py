"""Draws a run: a bar for every case from 1 to the best peer's time over cotan's, and a mark for every peer."""

from itertools import groupby

from report import best_ratio, compared, mean, ratios

AHEAD, BEHIND, INK, PALE = "#2a7f62", "#c8553d", "#222222", "#d9d9d9"
MARKS = {"torch": ("o", "#e07b39"), "jax": ("s", "#7a5ba6"), "numpy": ("D", "#4a78b5"), "mlx": ("^", "#8a8a8a")}
LEAST, MOST = 1 / 16, 64


def lines(run):
    """Headings and cases from top to bottom, each family sorted by its ratios."""
    for family, cases in groupby(compared(run), key=lambda c: c["family"]):
        cases = list(cases)
        yield family, mean([best_ratio(c) for c in cases])
        yield from sorted(cases, key=best_ratio, reverse=True)


def columns(rows, count):
    """The rows in columns of about the same height, broken between families."""
    columns, height = [[]], len(rows) / count
    for i, row in enumerate(rows):
        if isinstance(row, tuple):
            family = 1 + next((j for j, r in enumerate(rows[i + 1 :]) if isinstance(r, tuple)), len(rows) - i - 1)
            if len(columns) < count and len(columns[-1]) + family / 2 > height:
                columns.append([])
        columns[-1].append(row)
    return columns


def clipped(value):
    """A ratio within the picture."""
    return min(max(value, LEAST), MOST)


def draw_case(ax, y, case):
    """The bar and marks of a case."""
    ratio = best_ratio(case)
    low, high = sorted((1, clipped(ratio)))
    ax.barh(y, high - low, left=low, height=0.72, color=AHEAD if ratio >= 1 else BEHIND, zorder=2)
    for name, value in ratios(case).items():
        marker, colour = MARKS[name]
        ax.scatter(clipped(value), y, s=17, marker=marker, color=colour, edgecolor="white", linewidth=0.5, zorder=4)
    ax.text(LEAST / 1.12, y, case["name"], ha="right", va="center", fontsize=7.5, color=INK)
    ax.text(MOST * 1.12, y, f"{ratio:.2f}", ha="left", va="center", fontsize=7.5, color=AHEAD if ratio >= 1 else BEHIND)


def draw_column(ax, rows, height):
    """A column of headings and cases."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_xscale("log", base=2)
    ax.set_xlim(LEAST, MOST)
    ax.set_ylim(height - 0.4, -0.8)
    ticks = [1 / 16, 1 / 4, 1, 4, 16, 64]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}" if x >= 1 else f"1/{1 / x:.0f}"))
    ax.tick_params(axis="both", length=0, labelsize=7.5, labeltop=True, left=False, labelleft=False, colors=INK)
    ax.grid(axis="x", color=PALE, linewidth=0.6, zorder=0)
    ax.axvline(1, color=INK, linewidth=0.9, zorder=3)
    ax.set_frame_on(False)
    for y, row in enumerate(rows):
        if isinstance(row, tuple):
            style = {"va": "center", "fontsize": 8.5, "fontweight": "bold", "color": INK}
            ax.text(LEAST / 1.12, y + 0.1, row[0], ha="right", **style)
            ax.text(MOST * 1.12, y + 0.1, f"{row[1]:.2f}", ha="left", **style)
        else:
            draw_case(ax, y, row)


def legend(figure, names):
    """What bars and marks mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [Patch(color=AHEAD, label="cotan is ahead of the best peer"), Patch(color=BEHIND, label="behind it")]
    for name in names:
        marker, colour = MARKS[name]
        handles.append(Line2D([], [], marker=marker, color=colour, linestyle="", markersize=5, label=name))
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - 0.32 / figure.get_figheight()),
        ncols=len(handles),
        frameon=False,
        fontsize=8.5,
    )


def draw(run, path):
    """Write the picture to a file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = list(lines(run))
    if not rows:
        return
    parts = columns(rows, 2 if len(rows) > 25 else 1)
    height = max(map(len, parts))
    figure, axes = pyplot.subplots(1, len(parts), figsize=(7.4 * len(parts), 0.19 * height + 1.4), squeeze=False)
    for ax, part in zip(axes[0], parts, strict=True):
        draw_column(ax, part, height)
    overall = mean([best_ratio(c) for c in compared(run)])
    title = f"Time of the other libraries over cotan's (right: the best of them; geometric mean {overall:.2f})"
    figure.suptitle(title, fontsize=12, color=INK, y=1 - 0.12 / figure.get_figheight())
    legend(figure, [n for n in run["versions"] if n in MARKS])
    figure.subplots_adjust(
        left=0.19, right=0.955, top=1 - 1.0 / figure.get_figheight(), bottom=0.3 / figure.get_figheight(), wspace=0.72
    )
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
