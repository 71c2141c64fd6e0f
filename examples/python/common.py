"""What the examples share: options, a progress bar, pictures and handwritten digits. Only NumPy must be there."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cotan.core as mx
import numpy as np

# What stands in for real digits where scikit-learn is missing: three by five pixels each, row after row.
GLYPHS = [
    *("111101101101111", "010110010010111", "111001111100111", "111001111001111", "101101111001001"),
    *("111100111001111", "111100111101111", "111001001001001", "111101111101111", "111101111001111"),
]


def positive(text: str) -> int:
    """The type of an option that counts something."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def option_parser(description: str, steps: int) -> argparse.ArgumentParser:
    """A parser with the options that all examples have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--steps", type=positive, default=steps, help="steps of training")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder for what is written")
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The options, with the folder for results made and the seed sown."""
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    mx.random.seed(arguments.seed)
    return arguments


@contextmanager
def progress(total: int, label: str = "training") -> Iterator[Callable[[str], None]]:
    """Give a function that moves a bar on by one step and shows a few words beside it; without rich, a line must do."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        with _plain_progress(total, label) as advance:
            yield advance
        return
    columns = [BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[status]}"), TimeElapsedColumn()]
    with Progress(TextColumn(label), *columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, status="")
        yield lambda status: bar.update(task, advance=1, status=status)


@contextmanager
def _plain_progress(total: int, label: str) -> Iterator[Callable[[str], None]]:
    done = 0

    def advance(status: str) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty() or done == total:
            print(f"\r{label} {done}/{total} {status}  ", end="", file=sys.stderr, flush=True)

    yield advance
    print(file=sys.stderr)


def run(step: Callable[[], mx.array], state: Any, steps: int) -> list[float]:
    """Take steps of training, each of which changes the state and returns its loss, and return the losses."""
    losses: list[float] = []
    with progress(steps) as advance:
        for _ in range(steps):
            loss = step()
            # Nothing has been computed so far; this runs the whole step.
            mx.eval(loss, state)
            losses.append(loss.item())
            advance(f"loss {losses[-1]:.4g}")
    return losses


def save_picture(path: Path, size: tuple[float, float], draw: Callable[..., None], *args: Any) -> None:
    """Write a figure of so many inches that `draw(figure, *args)` fills; say so where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print(f"no picture in {path}: matplotlib is not installed")
        return
    figure = Figure(figsize=size, layout="constrained")
    draw(figure, *args)
    figure.savefig(path, dpi=120)
    print(f"picture in {path}")


def draw_losses(axes: Any, losses: list[float], label: str | None = None) -> None:
    """The loss of each step, faintly, under the mean of the steps around it."""
    width = max(1, len(losses) // 50)
    means = np.convolve(losses, np.ones(width) / width, "valid")
    (line,) = axes.plot(np.arange(len(means)) + (width - 1) / 2, means, label=label)
    axes.plot(losses, color=line.get_color(), alpha=0.25, linewidth=0.7)
    axes.set(xlabel="step")
    axes.grid(alpha=0.3)


def load_digits(seed: int) -> tuple[mx.array, mx.array, mx.array, mx.array]:
    """Images of 8 x 8 pixels in [0, 1] and their labels, four fifths to train with and then one fifth to test."""
    rng = np.random.default_rng(seed)
    try:
        from sklearn.datasets import load_digits as load
    except ImportError:
        print("scikit-learn is not installed: drawn digits stand in for handwritten ones")
        pixels, labels = _drawn_digits(1_797, rng)
    else:
        digits: Any = load()
        pixels, labels = digits.images / 16, digits.target
    order = rng.permutation(len(labels))
    images, targets = mx.array(pixels[order].astype(np.float32)), mx.array(labels[order].astype(np.int32))
    training = len(order) * 4 // 5
    return images[:training], targets[:training], images[training:], targets[training:]


def _drawn_digits(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Glyphs a little off the centre, of random brightness, in noise."""
    labels = rng.integers(0, 10, count)
    images = rng.uniform(0, 0.2, (count, 8, 8))
    for image, label in zip(images, labels, strict=True):
        row, column = rng.integers(1, 3), rng.integers(2, 4)
        glyph = np.array(list(GLYPHS[label]), float).reshape(5, 3)
        image[row : row + 5, column : column + 3] += rng.uniform(0.5, 0.8) * glyph
    return images, labels
