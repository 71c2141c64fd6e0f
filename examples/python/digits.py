"""Train a classifier on 1,797 handwritten digits, save it, load it back and draw what it says.

Run it with `make demo`, or: python examples/python/digits.py --epochs 40 --seed 0 --out demo-output
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import cotan.core as mx
import numpy as np
from common import load_digits, parse, positive, progress, save_picture
from cotan import nn, optimizers

BATCH_SIZE = 64
REQUIRED_ACCURACY = 0.97


class Classifier(nn.Module):
    """Image of 8 x 8 pixels in, one score for each of the ten digits out."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(64, 128), nn.Linear(128, 64), nn.Linear(64, 10)]
        self.dropout = nn.Dropout(0.3)

    def __call__(self, images: mx.array) -> mx.array:
        x = images.flatten(1)
        for layer in self.layers[:-1]:
            x = self.dropout(nn.relu(layer(x)))
        return self.layers[-1](x)


def train(model: Classifier, images: mx.array, labels: mx.array, epochs: int) -> list[float]:
    """Fit the model with Adam, at a rate that falls to zero, and return the mean loss of every epoch."""

    def loss_fn(x: mx.array, y: mx.array) -> mx.array:
        return nn.losses.cross_entropy(model(x), y, label_smoothing=0.1, reduction="mean")

    loss_and_grad = nn.value_and_grad(model, loss_fn)
    steps = epochs * -(-len(images) // BATCH_SIZE)
    optimizer = optimizers.Adam(learning_rate=optimizers.cosine_decay(4e-3, steps))
    history = []
    model.train()
    with progress(epochs) as advance:
        for _ in range(epochs):
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
            advance(f"loss {history[-1]:.4f}")
    return history


def predict(model: Classifier, images: mx.array) -> mx.array:
    """The most likely digit for each image."""
    model.eval()
    return mx.argmax(model(images), axis=-1)


def draw(figure: Any, history: list[float], images: mx.array, labels: mx.array, predictions: mx.array) -> None:
    """The loss curve and sample predictions, mistakes first."""
    curve_part, grid_part = figure.subfigures(1, 2, width_ratios=[1, 1.2])
    curve = curve_part.subplots()
    curve.plot(range(1, len(history) + 1), history)
    curve.set(xlabel="epoch", ylabel="cross entropy with smoothed labels", title="Training loss")
    curve.grid(alpha=0.3)
    pixels, truth, guesses = (np.array(x) for x in (images, labels, predictions))
    order = np.argsort(truth == guesses, kind="stable")
    grid_part.suptitle("Predictions on test images (red: wrong)")
    for axes, i in zip(grid_part.subplots(4, 8).flat, order, strict=False):
        axes.imshow(pixels[i], cmap="gray_r")
        axes.set_title(str(guesses[i]), color="black" if truth[i] == guesses[i] else "red", fontsize=10)
        axes.set_axis_off()


def option_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train a classifier of handwritten digits.")
    parser.add_argument("--epochs", type=positive, default=40, help="passes over the training images (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the split, the weights and the batches")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder for what is written")
    return parser


def main() -> int:
    arguments = parse(option_parser())
    weights_file = arguments.out / "digits.safetensors"
    train_images, train_labels, test_images, test_labels = load_digits(arguments.seed)
    model = Classifier()
    start = time.perf_counter()
    history = train(model, train_images, train_labels, arguments.epochs)
    seconds = time.perf_counter() - start

    predictions = predict(model, test_images)
    correct = mx.sum(predictions == test_labels).item()
    accuracy = correct / len(test_labels)

    model.save_weights(str(weights_file))
    restored = Classifier()
    restored.load_weights(str(weights_file))
    same = mx.array_equal(predictions, predict(restored, test_images)).item()

    print(f"trained on {len(train_images)} images for {len(history)} epochs in {seconds:.1f} s")
    print(f"test accuracy {accuracy:.2%} ({correct} of {len(test_labels)} images)")
    print(f"weights in {weights_file}, loaded back: predictions {'agree' if same else 'DIFFER'}")
    save_picture(arguments.out / "digits.png", (11, 4.5), draw, history, test_images, test_labels, predictions)
    if accuracy < REQUIRED_ACCURACY:
        print(f"the accuracy is below {REQUIRED_ACCURACY:.0%}")
    return 0 if same and accuracy >= REQUIRED_ACCURACY else 1


if __name__ == "__main__":
    sys.exit(main())
