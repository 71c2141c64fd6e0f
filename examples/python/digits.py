"""Train a classifier on 1,797 handwritten digits, save it, load it back and draw what it says.

Run it with `make demo`, or: python examples/python/digits.py --epochs 40 --seed 0 --out demo-output
"""

import argparse
import sys
import time
from pathlib import Path

import cotan.core as mx
import matplotlib
import numpy as np
from cotan import nn, optimizers
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

matplotlib.use("Agg")
import matplotlib.pyplot as plt

BATCH_SIZE = 64
REQUIRED_ACCURACY = 0.97


class Classifier(nn.Module):
    """Image of 8 x 8 pixels in, one score for each of the ten digits out."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(64, 128), nn.Linear(128, 64), nn.Linear(64, 10)]
        self.dropout = nn.Dropout(0.3)

    def __call__(self, x: mx.array) -> mx.array:
        for layer in self.layers[:-1]:
            x = self.dropout(nn.relu(layer(x)))
        return self.layers[-1](x)


def load_data(seed: int) -> list[mx.array]:
    """Training and test images, as rows of pixels in [0, 1], with their labels."""
    digits = load_digits()
    pixels = (digits.data / 16).astype(np.float32)
    labels = digits.target.astype(np.int32)
    split = train_test_split(pixels, labels, test_size=0.2, random_state=seed, stratify=labels)
    return [mx.array(part) for part in split]


def train(model: Classifier, images: mx.array, labels: mx.array, epochs: int, console: Console) -> list[float]:
    """Fit the model with Adam, at a rate that falls to zero, and return the mean loss of every epoch."""

    def loss_fn(x: mx.array, y: mx.array) -> mx.array:
        return nn.losses.cross_entropy(model(x), y, label_smoothing=0.1, reduction="mean")

    loss_and_grad = nn.value_and_grad(model, loss_fn)
    steps = epochs * -(-len(images) // BATCH_SIZE)
    optimizer = optimizers.Adam(learning_rate=optimizers.cosine_decay(4e-3, steps))
    columns = [TextColumn("training"), BarColumn(), TextColumn("{task.fields[status]}"), TimeElapsedColumn()]
    history = []
    model.train()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=epochs, status="")
        for epoch in range(epochs):
            losses = []
            order = mx.random.permutation(len(images))
            for start in range(0, len(images), BATCH_SIZE):
                batch = order[start : start + BATCH_SIZE]
                loss, gradients = loss_and_grad(images[batch], labels[batch])
                optimizer.update(model, gradients)
                # Nothing has been computed so far; this runs the whole step.
                mx.eval(loss, model.parameters(), optimizer.state)
                losses.append(loss.item())
            history.append(sum(losses) / len(losses))
            progress.update(task, advance=1, status=f"epoch {epoch + 1:>3}, loss {history[-1]:.4f}")
    return history


def predict(model: Classifier, images: mx.array) -> mx.array:
    """The most likely digit for each image."""
    model.eval()
    return mx.argmax(model(images), axis=-1)


def draw(path: Path, history: list[float], images: mx.array, labels: mx.array, predictions: mx.array) -> None:
    """Write a picture of the loss curve and of sample predictions, mistakes first."""
    figure = plt.figure(figsize=(11, 4.5), layout="constrained")
    curve_part, grid_part = figure.subfigures(1, 2, width_ratios=[1, 1.2])
    curve = curve_part.subplots()
    curve.plot(range(1, len(history) + 1), history)
    curve.set(xlabel="epoch", ylabel="cross entropy with smoothed labels", title="Training loss")
    curve.grid(alpha=0.3)
    pixels, truth, guesses = (np.array(x) for x in (images, labels, predictions))
    order = np.argsort(truth == guesses, kind="stable")
    grid_part.suptitle("Predictions on test images (red: wrong)")
    for axes, i in zip(grid_part.subplots(4, 8).flat, order, strict=False):
        axes.imshow(pixels[i].reshape(8, 8), cmap="gray_r")
        axes.set_title(str(guesses[i]), color="black" if truth[i] == guesses[i] else "red", fontsize=10)
        axes.set_axis_off()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a classifier of handwritten digits.")
    parser.add_argument("--epochs", type=int, default=40, help="passes over the training images (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the split, the weights and the batches")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder for what is written")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    console = Console()
    arguments.out.mkdir(parents=True, exist_ok=True)
    weights_file = arguments.out / "digits.safetensors"
    picture_file = arguments.out / "digits.png"

    mx.random.seed(arguments.seed)
    train_images, test_images, train_labels, test_labels = load_data(arguments.seed)
    model = Classifier()
    start = time.perf_counter()
    history = train(model, train_images, train_labels, arguments.epochs, console)
    seconds = time.perf_counter() - start

    predictions = predict(model, test_images)
    correct = mx.sum(predictions == test_labels).item()
    accuracy = correct / len(test_labels)

    model.save_weights(str(weights_file))
    restored = Classifier()
    restored.load_weights(str(weights_file))
    same = mx.array_equal(predictions, predict(restored, test_images)).item()

    draw(picture_file, history, test_images, test_labels, predictions)
    console.print(f"trained on {len(train_images)} images for {len(history)} epochs in {seconds:.1f} s")
    console.print(f"test accuracy {accuracy:.2%} ({correct} of {len(test_labels)} images)")
    console.print(f"weights in {weights_file}, loaded back: predictions {'agree' if same else 'DIFFER'}")
    console.print(f"loss curve and sample predictions in {picture_file}")
    if accuracy < REQUIRED_ACCURACY:
        console.print(f"[red]the accuracy is below {REQUIRED_ACCURACY:.0%}[/red]")
    return 0 if same and accuracy >= REQUIRED_ACCURACY else 1


if __name__ == "__main__":
    sys.exit(main())
