"""Train a small transformer, character by character, on the sources of Python's standard library, and let it write.

The network is in transformer.py. Run it with: python examples/python/language_model.py --steps 400 --prompt "def "
"""

import math
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cotan.core as mx
import numpy as np
from common import draw_losses, option_parser, parse, positive, run, save_picture
from cotan import nn, optimizers, utils
from transformer import CONTEXT, Cache, LanguageModel

VOCABULARY = 96  # a line break and the 95 printable characters of ASCII
BATCH_SIZE, RATE = 16, 3e-3


def read_sources(limit: int = 2_000_000) -> tuple[mx.array, mx.array]:
    """The start of the standard library as tokens: what to train with, and what to keep back."""
    folder = Path(os.__file__).parent
    return split("\n".join(path.read_text("utf-8", "replace") for path in sorted(folder.glob("[a-z]*.py")))[:limit])


def split(text: str) -> tuple[mx.array, mx.array]:
    """The first nine tenths of a text as tokens, and the rest."""
    tokens = encode(text)
    return tokens[: len(tokens) * 9 // 10], tokens[len(tokens) * 9 // 10 :]


def encode(text: str) -> mx.array:
    """A token for each character; what isn't printable ASCII becomes a question mark."""
    codes = np.frombuffer(text.encode("ascii", "replace"), np.uint8)
    return mx.array(np.where(codes == ord("\n"), 0, np.clip(codes, 32, 126) - 31).astype(np.uint8))


def decode(tokens: Sequence[int]) -> str:
    return "".join(chr(token + 31) if token else "\n" for token in tokens)


def loss_fn(model: LanguageModel, tokens: mx.array, caches: Sequence[Cache] | None = None) -> mx.array:
    """Mean cross entropy of each character, given those before it."""
    return nn.losses.cross_entropy(model(tokens[:, :-1], caches), tokens[:, 1:], reduction="mean")


def score(model: LanguageModel, text: mx.array, caches: Sequence[Cache] | None = None) -> float:
    """The mean loss on 100 stretches, spread evenly over a text."""
    starts = mx.arange(100) * ((len(text) - CONTEXT) // 100)
    return loss_fn(model, text[starts[:, None] + mx.arange(CONTEXT + 1)], caches).item()


def sample_batch(text: mx.array) -> mx.array:
    """Stretches of the text from random places."""
    starts = mx.random.randint(0, len(text) - CONTEXT, (BATCH_SIZE, 1))
    return text[starts + mx.arange(CONTEXT + 1)]


def make_schedule(rate: float, steps: int) -> Callable[[mx.array], mx.array]:
    """Rise to the rate in the first tenth of the steps, then fall along a cosine to a twentieth of it."""
    rise = max(1, steps // 10)
    fall = optimizers.cosine_decay(rate, max(1, steps - rise), end=rate / 20)
    return optimizers.join_schedules([optimizers.linear_schedule(0, rate, rise), fall], [rise])


def train(model: LanguageModel, text: mx.array, steps: int, rate: float = RATE) -> list[float]:
    """Fit whatever isn't frozen in the model, and return the loss of each step."""
    optimizer = optimizers.AdamW(make_schedule(rate, steps), betas=[0.9, 0.98], weight_decay=0.05)
    optimizer.init(model.trainable_parameters())
    # A compiled function is recorded once. This is all that changes from call to call.
    state = [model.state, optimizer.state, mx.random.state]
    loss_and_grad = nn.value_and_grad(model, loss_fn)

    @partial(mx.compile, inputs=state, outputs=state)
    def step() -> mx.array:
        loss, gradients = loss_and_grad(model, sample_batch(text))
        gradients, _ = optimizers.clip_grad_norm(gradients, 1.0)
        optimizer.update(model, gradients)
        return loss

    return run(step, state, steps)


def generate(
    model: LanguageModel, prompt: str, count: int, caches: Sequence[Cache] | None = None, temperature: float = 0.7
) -> str:
    """Write on from the prompt, a character at a time, and return the new text."""
    caches = caches or [Cache() for _ in model.blocks]
    tokens, written = encode(prompt or "\n")[None, -CONTEXT:], []
    for _ in range(count):
        scores = model(tokens, caches)[:, -1]
        tokens = mx.random.categorical(scores / temperature)[:, None]
        written.append(tokens.item())
    return decode(written)


def save(model: LanguageModel, path: Path) -> None:
    """Write the weights, and beside them the sizes that a model for them must have."""
    weights = dict(utils.tree_flatten(model.parameters()))
    mx.save_safetensors(str(path), weights, {name: str(size) for name, size in model.sizes.items()})


def load(path: Path) -> LanguageModel:
    weights, sizes = mx.load(str(path), return_metadata=True)
    model = LanguageModel(**{name: int(size) for name, size in sizes.items()})
    model.load_weights(list(weights.items()))
    return model


def load_or_train(path: Path, steps: int) -> LanguageModel:
    """The model in a file; where there is none, one that is trained for it first."""
    if not path.exists():
        model = LanguageModel(VOCABULARY)
        train(model, read_sources()[0], steps)
        save(model, path)
    return load(path)


def draw(figure: Any, losses: list[float]) -> None:
    """Loss and learning rate of each step."""
    curve, rates = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    draw_losses(curve, losses)
    curve.axhline(math.log(VOCABULARY), color="gray", linestyle="--", label="guessing")
    curve.set(xlabel="", ylabel="cross entropy of a character", title="A transformer learns Python's standard library")
    curve.legend()
    rates.plot(np.array(make_schedule(RATE, len(losses))(mx.arange(len(losses)))))
    rates.set(xlabel="step", ylabel="learning rate")
    rates.grid(alpha=0.3)


def main() -> None:
    parser = option_parser("Train a transformer on the standard library.", steps=400)
    parser.add_argument("--dims", type=positive, default=128, help="size of a position's vector")
    parser.add_argument("--layers", type=positive, default=3, help="number of blocks")
    parser.add_argument("--prompt", default="def ", help="what the sample starts with")
    parser.add_argument("--count", type=positive, default=400, help="characters to write")
    arguments = parse(parser)
    text, kept_back = read_sources()
    model = LanguageModel(VOCABULARY, arguments.dims, arguments.layers)
    losses = train(model, text, arguments.steps)
    save(model, arguments.out / "language_model.safetensors")
    model = load(arguments.out / "language_model.safetensors")
    print(f"{arguments.prompt}{generate(model, arguments.prompt, arguments.count)}")
    print(f"loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last, {score(model, kept_back):.3f} on text kept back")
    save_picture(arguments.out / "language_model.png", (7, 5), draw, losses)


if __name__ == "__main__":
    main()
