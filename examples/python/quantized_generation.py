"""Let a language model write with weights, keys and values of a few bits each, and compare it with the full precision.

`nn.quantize` replaces the layers. The cache keeps codes and multiplies by them, without turning them back into floats.
Run it with: python examples/python/quantized_generation.py --bits 8 4 3 2
"""

import copy
import math
import time
from typing import Any, NamedTuple

import cotan.core as mx
from common import option_parser, parse, positive, save_picture
from cotan import nn, utils
from language_model import generate, load_or_train, read_sources, score
from transformer import Cache, LanguageModel, append

GROUP = 32  # numbers that share a scale


class QuantizedCache(Cache):
    """Keys and values as codes, each with scales and biases."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.coding: dict[str, Any] = {"group_size": GROUP, "bits": bits}

    def attend(self, queries: mx.array, keys: mx.array, values: mx.array, scale: float) -> mx.array:
        new = mx.quantize(keys, **self.coding) + mx.quantize(values, **self.coding)
        self.length += keys.shape[2]
        self.arrays = append(self.arrays, new)
        codes, scales, biases = self.arrays[:3]
        scores = scale * mx.quantized_matmul(queries, codes, scales, biases, transpose=True, **self.coding)
        weights = mx.softmax(mx.where(causal_mask(*scores.shape[-2:]), scores, -mx.inf), axis=-1)
        codes, scales, biases = self.arrays[3:]
        return mx.quantized_matmul(weights, codes, scales, biases, transpose=False, **self.coding)


def causal_mask(queries: int, keys: int) -> mx.array:
    """True where a query may look: the last one at all keys, each before it at one key less."""
    return mx.arange(keys) <= mx.arange(keys - queries, keys)[:, None]


class Result(NamedTuple):
    """What became of a model in some precision."""

    name: str
    weights: int  # bytes
    cache: int  # bytes
    loss: float
    speed: float  # characters a second
    text: str


def quantized(model: LanguageModel, bits: int | None) -> LanguageModel:
    """A copy of the model with codes of so many bits; None leaves it as it is."""
    model = copy.deepcopy(model)
    if bits:
        nn.quantize(model, group_size=GROUP, bits=bits)
    return model


def size(tree: Any) -> int:
    return sum(array.nbytes for _, array in utils.tree_flatten(tree))


def measure(base: LanguageModel, bits: int | None, text: mx.array, prompt: str, count: int, seed: int) -> Result:
    """Quantise the model and the caches, predict a text and write one."""
    model = quantized(base, bits)

    def make_caches() -> list[Cache]:
        return [QuantizedCache(bits) if bits else Cache() for _ in model.blocks]

    caches = make_caches()
    mx.random.seed(seed)  # the same luck for every precision
    start = time.perf_counter()
    written = generate(model, prompt, count, caches)
    speed = count / (time.perf_counter() - start)
    stored = size([cache.arrays for cache in caches])
    name = f"{bits} bits" if bits else "float32"
    return Result(name, size(model.parameters()), stored, score(model, text, make_caches()), speed, written)


def print_table(results: list[Result]) -> None:
    print(f"{'':>8} {'weights':>10} {'cache':>9} {'loss':>6} {'perplexity':>10} {'speed':>8}")
    for result in results:
        sizes = f"{result.weights / 1024:>6.0f} KiB {result.cache / 1024:>5.1f} KiB"
        quality = f"{result.loss:>6.3f} {math.exp(result.loss):>10.3f}"
        print(f"{result.name:>8} {sizes} {quality} {result.speed:>6.0f}/s")


def draw(figure: Any, results: list[Result]) -> None:
    """How much smaller the model and its cache become, and what that costs."""
    sizes, losses = figure.subplots(1, 2)
    names = [result.name for result in results]
    for shift, part in ((-0.2, "weights"), (0.2, "cache")):
        shares = [getattr(result, part) / getattr(results[0], part) for result in results]
        places = [i + shift for i in range(len(results))]
        sizes.bar_label(sizes.bar(places, shares, width=0.4, label=part), fmt="{:.0%}", fontsize=8)
    sizes.set_xticks(range(len(names)), names)
    sizes.set(ylabel="share of the memory in float32", title="Memory")
    sizes.legend()
    losses.bar_label(losses.bar(names, [result.loss for result in results], color="C2"), fmt="%.3f", fontsize=8)
    losses.set(ylabel="cross entropy of a character", title="Loss on text kept back")
    for axes in (sizes, losses):
        axes.margins(y=0.12)


def main() -> None:
    parser = option_parser("Compare a language model with quantised ones.", steps=300)
    parser.add_argument("--bits", type=positive, nargs="*", default=[8, 4, 3, 2], help="bits of a weight, key or value")
    parser.add_argument("--prompt", default="def ", help="what every text starts with")
    parser.add_argument("--count", type=positive, default=200, help="characters to write")
    arguments = parse(parser)
    base = load_or_train(arguments.out / "language_model.safetensors", arguments.steps)
    _, text = read_sources()
    choices: list[int | None] = [None, *arguments.bits]
    results = [measure(base, bits, text, arguments.prompt, arguments.count, arguments.seed) for bits in choices]
    for result in results:
        print(f"--- {result.name}\n{arguments.prompt}{result.text}")
    print_table(results)
    save_picture(arguments.out / "quantized_generation.png", (11, 4), draw, results)


if __name__ == "__main__":
    main()
