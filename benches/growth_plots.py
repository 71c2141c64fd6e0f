"""The pictures of `growth.py`: time and memory over size, graph length and threads."""

COLOURS = ("#2a7f62", "#c8553d", "#4a78b5", "#7a5ba6", "#b8860b", "#444444")
L1, L2, L3 = 48 << 10, 1 << 20, 32 << 20


def axes(pyplot, x, y, title):
    """An empty plot with logarithmic axes."""
    figure, ax = pyplot.subplots(figsize=(7.2, 4.2), layout="constrained")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.set_title(title, loc="left", fontsize=11)
    ax.grid(color="#e2e2e2", linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    return figure, ax


def curve(ax, points, colour, label=None, style="-", scale=lambda n, value: value):
    """A line through points, its name at its end."""
    xs, ys = [n for n, _ in points], [scale(n, value) for n, value in points]
    ax.plot(xs, ys, style, color=colour, marker="o", markersize=2.5, linewidth=1.4, label=label)


def save(pyplot, figure, folder, name):
    """Write a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"growth-{name}.png", dpi=100)
    pyplot.close(figure)


def over_size(pyplot, numbers, folder):
    """Nanoseconds an element by number of elements, with one thread."""
    figure, ax = axes(pyplot, "elements (float32)", "ns an element", "Time of an element, one thread")
    for colour, (name, points) in zip(COLOURS, numbers["1"]["sizes"].items(), strict=True):
        curve(ax, points, colour, name, scale=lambda n, s: s / n * 1e9)
    for size, name in ((L1, "L1"), (L2, "L2"), (L3, "L3")):
        ax.axvline(size / 8, color="#bbbbbb", linewidth=0.8, linestyle=":")
        ax.text(size / 8 * 1.08, 0.97, name, transform=ax.get_xaxis_transform(), fontsize=8, color="#777777", va="top")
    ax.legend(frameon=False, fontsize=8, ncols=2)
    save(pyplot, figure, folder, "size")


def over_size_memory(pyplot, numbers, folder):
    """Bytes an element beyond the arguments by number of elements."""
    figure, ax = axes(pyplot, "elements (float32)", "bytes an element", "Peak memory beyond the arguments")
    ax.set_yscale("linear")
    for colour, (name, points) in zip(COLOURS, numbers["2"]["peak"].items(), strict=True):
        curve(ax, points, colour, name, scale=lambda n, b: b / n)
    ax.set_ylim(0, 24)
    ax.legend(frameon=False, fontsize=8, ncols=2)
    save(pyplot, figure, folder, "memory")


def over_length(pyplot, numbers, folder):
    """Nanoseconds an operation by length of the graph."""
    figure, ax = axes(pyplot, "operations in a chain", "ns an operation", "Time of an operation on ten elements")
    for colour, (name, points) in zip(COLOURS, numbers["2"]["graph"].items(), strict=False):
        curve(ax, points, colour, name, scale=lambda n, s: s / n * 1e9)
    ax.legend(frameon=False, fontsize=8, ncols=2)
    save(pyplot, figure, folder, "graph")


def over_length_memory(pyplot, numbers, folder):
    """Bytes an operation of a graph that is not evaluated; short ones fit in pages that the process has already."""
    figure, ax = axes(pyplot, "operations in a chain", "bytes an operation", "Memory of a graph that is not evaluated")
    ax.set_yscale("linear")
    curve(ax, [[n, b] for n, b in numbers["2"]["held"] if n >= 3000], COLOURS[0], scale=lambda n, b: b / n)
    ax.set_ylim(0, 800)
    save(pyplot, figure, folder, "graph-memory")


def over_threads(pyplot, numbers, folder):
    """How many times faster two threads are, by size."""
    title = "Time with one thread over time with two"
    figure, ax = axes(pyplot, "elements (of the result, for a product)", "speedup", title)
    ax.set_yscale("linear")
    one, two = ({**n["sizes"], "x @ y": [[k * k, s] for k, s in n["products"]]} for n in (numbers["1"], numbers["2"]))
    for colour, name in zip((*COLOURS, "#d46ab0"), one, strict=True):
        both = zip(one[name], two[name], strict=True)
        curve(ax, [[n, a / b] for (n, a), (_, b) in both], colour, name)
    ax.axhline(1, color="#999999", linewidth=0.8)
    ax.set_ylim(0, 2.5)
    ax.legend(frameon=False, fontsize=8, ncols=2)
    save(pyplot, figure, folder, "threads")


def products(pyplot, numbers, folder):
    """Operations a second of square products by side."""
    figure, ax = axes(pyplot, "side of the matrices", "GFLOP/s", "Square products in float32")
    for colour, threads in zip(COLOURS, ("1", "2"), strict=False):
        points = numbers[threads]["products"]
        curve(ax, points, colour, f"{threads} thread{'s'[: threads != '1']}", scale=lambda n, s: 2 * n**3 / s / 1e9)
    ax.legend(frameon=False, fontsize=8)
    save(pyplot, figure, folder, "products")


def draw(numbers, folder):
    """Write all pictures."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    for plot in (over_size, over_size_memory, over_length, over_length_memory, over_threads, products):
        plot(pyplot, numbers, folder)
