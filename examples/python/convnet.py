"""Train a small convolutional network on digits that are turned, scaled and moved anew in every step.

The warp is written for one image; `vmap` makes it one for a batch in which every image moves differently.
Run it with: python examples/python/convnet.py --steps 1500
"""

from functools import partial
from typing import Any

import cotan.core as mx
import numpy as np
from common import draw_losses, load_digits, option_parser, parse, run, save_picture
from cotan import nn, optimizers

SIZE, BATCH_SIZE = 8, 64


class ConvNet(nn.Module):
    """Images of 8 x 8 pixels in, one score for each of the ten digits out."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 16, kernel_size=5, padding=2)
        self.second = nn.Conv2d(16, 32, kernel_size=3, padding=1)
        self.norms = [nn.BatchNorm(16), nn.BatchNorm(32)]
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Linear(4 * 32, 10)

    def __call__(self, images: mx.array) -> mx.array:
        x = images[..., None]  # convolutions take the channels as the last axis
        for convolution, norm in zip((self.first, self.second), self.norms, strict=True):
            x = self.pool(nn.relu(norm(convolution(x))))
        return self.out(self.dropout(x.flatten(1)))


def warp(image: mx.array, move: mx.array) -> mx.array:
    """One image, turned, scaled and shifted as four numbers in [-1, 1] say."""
    angle, stretch = 0.2 * move[0], 0.1 * move[1]
    cos, sin = mx.cos(angle), mx.sin(angle)
    turn = (1 + stretch) * mx.stack([mx.stack([cos, -sin]), mx.stack([sin, cos])])
    centre = (SIZE - 1) / 2
    grid = mx.stack(mx.meshgrid(mx.arange(SIZE), mx.arange(SIZE), indexing="ij")) - centre
    places = mx.tensordot(turn, grid, 1) + centre + 0.7 * move[2:, None, None]
    return bilinear(image, places[0], places[1])


def bilinear(image: mx.array, rows: mx.array, columns: mx.array) -> mx.array:
    """The image between its pixels: a mean of the four around each place, weighted by how near they are."""
    padded = mx.pad(image, 2)  # so that what lies outside is empty
    rows, columns = (mx.clip(place + 2, 0, SIZE + 2) for place in (rows, columns))
    top, left = mx.floor(rows), mx.floor(columns)
    result = mx.zeros_like(image)
    for i in (top, top + 1):
        for j in (left, left + 1):
            weight = (1 - mx.abs(rows - i)) * (1 - mx.abs(columns - j))
            result = result + weight * padded[i.astype(mx.int32), j.astype(mx.int32)]
    return result


def augment(images: mx.array) -> mx.array:
    """Every image of a batch, warped in its own way."""
    return mx.vmap(warp)(images, mx.random.uniform(-1, 1, (len(images), 4)))


def train(model: ConvNet, images: mx.array, labels: mx.array, steps: int) -> list[float]:
    """Fit the model with Adam at a rate that falls to zero, and return the loss of each step."""

    def loss_fn(x: mx.array, y: mx.array) -> mx.array:
        return nn.losses.cross_entropy(model(x), y, reduction="mean")

    optimizer = optimizers.Adam(optimizers.cosine_decay(3e-3, max(1, steps)))
    optimizer.init(model.trainable_parameters())
    # Also the statistics of BatchNorm, in model.state, and the random state change in each call.
    state = [model.state, optimizer.state, mx.random.state]
    loss_and_grad = nn.value_and_grad(model, loss_fn)

    @partial(mx.compile, inputs=state, outputs=state)
    def step() -> mx.array:
        batch = mx.random.randint(0, len(images), (BATCH_SIZE,))
        loss, gradients = loss_and_grad(augment(images[batch]), labels[batch])
        optimizer.update(model, gradients)
        return loss

    model.train()
    return run(step, state, steps)


def draw(figure: Any, model: ConvNet, losses: list[float], images: mx.array, labels: mx.array) -> None:
    """Loss curve, warped images, kernels of the first layer and predictions, mistakes first."""
    guesses = np.array(mx.argmax(model(images), axis=-1))
    truth = np.array(labels)
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.1])
    curve, *grids = left.subfigures(3, 1, height_ratios=[1.6, 1, 1])
    axes = curve.subplots()
    draw_losses(axes, losses)
    axes.set(ylabel="cross entropy", yscale="log", title="Training loss")
    warped = np.array(augment(mx.repeat(images[:1], 15, axis=0)))
    draw_grid(grids[0], "One image, and 15 ways to warp it", [np.array(images[0]), *warped], (2, 8), "gray_r")
    kernels = np.array(model.first.weight)[..., 0]
    draw_grid(grids[1], "Kernels of the first layer (red: negative)", kernels, (2, 8), "RdBu", np.abs(kernels).max())
    order = np.argsort(truth == guesses, kind="stable")[:48]
    titles = [f"{guesses[i]}" if truth[i] == guesses[i] else f"{guesses[i]}, not {truth[i]}" for i in order]
    draw_grid(
        right, "Predictions on test images, mistakes first", np.array(images)[order], (6, 8), "gray_r", titles=titles
    )


def draw_grid(
    figure: Any,
    title: str,
    images: Any,
    shape: tuple[int, int],
    colours: str,
    limit: float | None = None,
    titles: Any = (),
) -> None:
    figure.suptitle(title)
    for i, (axes, image) in enumerate(zip(figure.subplots(*shape).flat, images, strict=False)):
        axes.imshow(image, cmap=colours, vmin=-limit if limit else 0, vmax=limit or 1)
        axes.set_axis_off()
        if titles:
            axes.set_title(titles[i], color="red" if "not" in titles[i] else "black", fontsize=9)


def main() -> None:
    parser = option_parser("Train a convolutional network on warped digits.", steps=1500)
    arguments = parse(parser)
    images, labels, test_images, test_labels = load_digits(arguments.seed)
    model = ConvNet()
    losses = train(model, images, labels, arguments.steps)
    model.eval()
    model.save_weights(arguments.out / "convnet.safetensors")
    accuracy = mx.mean(mx.argmax(model(test_images), axis=-1) == test_labels).item()
    print(f"loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last")
    print(f"test accuracy {accuracy:.2%} of {len(test_labels)} images")
    save_picture(arguments.out / "convnet.png", (13, 7), draw, model, losses, test_images, test_labels)


if __name__ == "__main__":
    main()
