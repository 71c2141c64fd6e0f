"""Train a variational autoencoder that lays handwritten digits out on a plane, and draw the plane.

Kingma and Welling, arXiv:1312.6114. Run it with: python examples/python/vae.py --steps 3000
"""

from functools import partial
from itertools import pairwise
from typing import Any

import cotan.core as mx
import numpy as np
from common import load_digits, option_parser, parse, run, save_picture
from cotan import nn, optimizers

PIXELS, LATENT, HIDDEN, BATCH_SIZE = 64, 2, 256, 128


class Autoencoder(nn.Module):
    """An encoder that says where in the plane an image may lie, and a decoder that draws what lies there."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = perceptron(PIXELS, HIDDEN, HIDDEN, 2 * LATENT)
        self.decoder = perceptron(LATENT, HIDDEN, HIDDEN, PIXELS)

    def encode(self, images: mx.array) -> tuple[mx.array, mx.array]:
        """Mean and logarithm of the variance of a normal distribution over the plane, for each image."""
        mean, log_variance = mx.split(self.encoder(images.flatten(1)), 2, axis=-1)
        return mean, log_variance

    def decode(self, places: mx.array) -> mx.array:
        """Images, as the logits of their pixels."""
        return mx.unflatten(self.decoder(places), -1, (8, 8))


def perceptron(*sizes: int) -> nn.Sequential:
    """Linear layers between the sizes, with GELUs between the layers."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.GELU(), nn.Linear(before, after)]
    return nn.Sequential(*layers[1:])


def loss_fn(model: Autoencoder, images: mx.array) -> mx.array:
    """Nats to tell an image: its place, as seen from the standard normal distribution, and its pixels from there."""
    mean, log_variance = model.encode(images)
    # Noise that depends on nothing, scaled and moved: gradients pass through the draw.
    places = mean + mx.exp(0.5 * log_variance) * mx.random.normal(mean.shape)
    pixels = nn.losses.binary_cross_entropy(model.decode(places), images, with_logits=True, reduction="none")
    divergence = 0.5 * (mx.square(mean) + mx.exp(log_variance) - log_variance - 1)
    return (pixels.sum() + divergence.sum()) / len(images)


def train(model: Autoencoder, images: mx.array, steps: int) -> list[float]:
    """Fit the model with Adam and return the loss of each step."""
    optimizer = optimizers.Adam(optimizers.cosine_decay(2e-3, max(1, steps)))
    optimizer.init(model.trainable_parameters())
    state = [model.state, optimizer.state, mx.random.state]
    loss_and_grad = nn.value_and_grad(model, loss_fn)

    @partial(mx.compile, inputs=state, outputs=state)
    def step() -> mx.array:
        batch = images[mx.random.randint(0, len(images), (BATCH_SIZE,))]
        loss, gradients = loss_and_grad(model, batch)
        optimizer.update(model, gradients)
        return loss

    return run(step, state, steps)


def draw(figure: Any, model: Autoencoder, images: mx.array, labels: mx.array) -> None:
    """Where the images lie in the plane, what the decoder draws over it, and reconstructions."""
    parts = figure.subfigures(1, 3, width_ratios=[1.05, 1, 0.62])
    draw_places(parts[0].subplots(), model, images, labels)
    axes = parts[1].subplots()
    axes.imshow(manifold(model, 15), cmap="gray_r", extent=(-2.5, 2.5, -2.5, 2.5))
    axes.set(title="What the decoder draws there", xlabel="first latent variable", ylabel="second")
    parts[2].suptitle("Test images and reconstructions")
    again = mx.sigmoid(model.decode(model.encode(images)[0]))
    pairs = mx.stack([images, again], axis=1).flatten(0, 1)
    for pixels, small in zip(np.array(pairs), parts[2].subplots(6, 4).flat, strict=False):
        small.imshow(pixels, cmap="gray_r", vmin=0, vmax=1)
        small.set_axis_off()


def draw_places(axes: Any, model: Autoencoder, images: mx.array, labels: mx.array) -> None:
    """The mean of each image's distribution over the plane, coloured by the digit, which training never saw."""
    places, digits = np.array(model.encode(images)[0]), np.array(labels)
    for digit in range(10):
        chosen = places[digits == digit]
        axes.scatter(*chosen.T, s=9, color=f"C{digit}")
        axes.annotate(str(digit), np.median(chosen, axis=0), fontsize=15, weight="bold", ha="center", va="center")
    axes.set(title="Where the encoder puts the digits", xlabel="first latent variable", ylabel="second", aspect="equal")


def manifold(model: Autoencoder, count: int) -> np.ndarray:
    """One large image of what `count` by `count` places decode to; the second coordinate grows upwards."""
    line = mx.linspace(-2.5, 2.5, count)
    across, up = mx.meshgrid(line, line[::-1])
    drawn = mx.sigmoid(model.decode(mx.stack([across, up], axis=-1)))
    framed = mx.pad(drawn, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return np.array(framed.swapaxes(1, 2).reshape(10 * count, 10 * count))


def main() -> None:
    arguments = parse(option_parser("Train a variational autoencoder on digits.", steps=3000))
    images, labels, test_images, _ = load_digits(arguments.seed)
    model = Autoencoder()
    losses = train(model, images, arguments.steps)
    model.save_weights(arguments.out / "vae.safetensors")
    print(f"loss {losses[0]:.2f} at first, {losses[-1]:.2f} at last")
    print(f"loss {loss_fn(model, test_images).item():.2f} on {len(test_images)} test images")
    save_picture(arguments.out / "vae.png", (14, 5), draw, model, images, labels)


if __name__ == "__main__":
    main()
