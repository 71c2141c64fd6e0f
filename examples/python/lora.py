"""Teach a language model that knows Python code to write Python's manual, by training adapters of low rank only.

Hu et al., arXiv:2106.09685: next to each frozen matrix W stands a product B A of two thin ones, which is added to W in
the end. Run it with: python examples/python/lora.py --rank 4
"""

import pydoc_data.topics
from typing import Any

import cotan.core as mx
import numpy as np
from common import draw_losses, option_parser, parse, positive, save_picture
from cotan import nn, utils
from language_model import generate, load, load_or_train, read_sources, save, score, split, train
from transformer import LanguageModel


class LoRALinear(nn.Module):
    """A linear layer, frozen by who uses this, and a trainable detour through a few dimensions around it."""

    def __init__(self, linear: nn.Linear, rank: int, scale: float = 2.0) -> None:
        super().__init__()
        outputs, inputs = linear.weight.shape
        self.linear = linear
        self.scale = scale
        self.lora_a = mx.random.normal((rank, inputs), scale=inputs**-0.5)
        self.lora_b = mx.zeros((outputs, rank))  # so that at first nothing changes

    def __call__(self, x: mx.array) -> mx.array:
        return self.linear(x) + self.scale * (x @ self.lora_a.T) @ self.lora_b.T

    def merged(self) -> nn.Linear:
        """One linear layer that does the same."""
        self.linear.weight = self.linear.weight + self.scale * self.lora_b @ self.lora_a
        return self.linear


def add_adapters(model: LanguageModel, rank: int) -> None:
    """Freeze the model, and put adapters, which aren't frozen, around the linear layers of its blocks."""
    model.freeze()
    linear = [(path, layer) for path, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    model.update_modules(utils.tree_unflatten([(path, LoRALinear(layer, rank)) for path, layer in linear]))


def merge_adapters(model: LanguageModel) -> None:
    """Add what the adapters learned to the matrices, and take the adapters away."""
    merged = [(path, layer.merged()) for path, layer in model.named_modules() if isinstance(layer, LoRALinear)]
    model.update_modules(utils.tree_unflatten(merged))


def read_manual() -> tuple[mx.array, mx.array]:
    """What `help` knows of keywords and topics, a plain text of Python's manual that comes with it."""
    return split("\n".join(pydoc_data.topics.topics.values()))


def count(parameters: dict[str, Any]) -> int:
    return sum(array.size for _, array in utils.tree_flatten(parameters))


def report(title: str, model: LanguageModel, texts: dict[str, mx.array], length: int) -> dict[str, float]:
    """Print what the model writes and how well it predicts; returns the latter."""
    scores = {name: score(model, text) for name, text in texts.items()}
    print(f"--- {title}: " + ", ".join(f"loss {loss:.3f} on {name}" for name, loss in scores.items()))
    print(f"The {generate(model, 'The ', length)}")
    return scores


def draw(figure: Any, losses: list[float], before: dict[str, float], after: dict[str, float]) -> None:
    """The loss while adapters learn, and the losses on both texts before and after."""
    curve, bars = figure.subplots(1, 2, width_ratios=[1.5, 1])
    draw_losses(curve, losses)
    curve.set(ylabel="cross entropy of a character", title="Adapters learn to write the manual")
    for shift, (label, scores) in zip((-0.2, 0.2), {"before": before, "after": after}.items(), strict=True):
        drawn = bars.bar(np.arange(len(scores)) + shift, list(scores.values()), width=0.4, label=label)
        bars.bar_label(drawn, fmt="%.2f")
    bars.set_xticks(range(len(before)), list(before))
    bars.set(ylabel="cross entropy on text kept back", title="What they gain, and forget")
    bars.legend(ncols=2, loc="upper center")
    bars.margins(y=0.2)


def main() -> None:
    parser = option_parser("Fine-tune a language model by adapters of low rank.", steps=200)
    parser.add_argument(
        "--base-steps", type=positive, default=300, help="steps of training for the base, if there is none"
    )
    parser.add_argument("--rank", type=positive, default=4, help="rank of the adapters")
    parser.add_argument("--count", type=positive, default=300, help="characters to write")
    arguments = parse(parser)
    manual, manual_kept_back = read_manual()
    texts = {"code": read_sources()[1], "manual": manual_kept_back}
    model = load_or_train(arguments.out / "language_model.safetensors", arguments.base_steps)

    before = report("before", model, texts, arguments.count)
    everything = count(model.parameters())
    add_adapters(model, arguments.rank)
    share = count(model.trainable_parameters()) / everything
    print(f"--- training {count(model.trainable_parameters()):,} numbers, {share:.1%} of the model's {everything:,}")
    losses = train(model, manual, arguments.steps)
    adapters = dict(utils.tree_flatten(model.trainable_parameters()))
    mx.save_safetensors(str(arguments.out / "lora_adapters.safetensors"), adapters)
    after = report("after", model, texts, arguments.count)

    merge_adapters(model)
    save(model, arguments.out / "lora_merged.safetensors")
    merged = score(load(arguments.out / "lora_merged.safetensors"), manual_kept_back)
    print(f"--- merged: loss {merged:.3f} on manual; loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last")
    save_picture(arguments.out / "lora.png", (11, 4), draw, losses, before, after)


if __name__ == "__main__":
    main()
