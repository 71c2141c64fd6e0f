"""The Python examples run, learn, write what they say they write, and compute what their parts promise."""

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import cotan.core as mx
import numpy as np
import pytest
from cotan import utils
from helpers import assert_close, host

pytestmark = pytest.mark.cotan_only

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
SHARED = {"common", "transformer"}
# Enough to learn something, and the files that appear.
RUNS = {
    "convnet": ("--steps 40", ["convnet.safetensors"]),
    "digits": ("--epochs 20", ["digits.safetensors"]),
    "ensemble": ("--steps 60 --members 4", ["ensemble.safetensors"]),
    "language_model": ("--steps 20 --dims 32 --layers 1 --count 40", ["language_model.safetensors"]),
    "linear_regression": ("", []),
    "logistic_regression": ("", []),
    "lora": ("--base-steps 10 --steps 10 --count 20", ["lora_adapters.safetensors", "lora_merged.safetensors"]),
    "per_example_gradients": ("", []),
    "physics": ("--steps 60", ["physics.safetensors"]),
    "quantized_generation": ("--steps 10 --bits 8 2 --count 20", ["language_model.safetensors"]),
    "vae": ("--steps 60", ["vae.safetensors"]),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that runs an example in a folder of its own, and returns what it printed and where its files are."""
    done = {}

    def run(name):
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            command = [sys.executable, EXAMPLES / f"{name}.py", *RUNS[name][0].split()]
            process = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
            assert process.returncode == 0, process.stderr
            done[name] = process.stdout, folder / "demo-output"
        return done[name]

    return run


@pytest.fixture
def example(monkeypatch):
    """A function that imports an example, or what examples share."""
    monkeypatch.syspath_prepend(EXAMPLES)
    mx.random.seed(0)
    return importlib.import_module


def test_every_example_is_run():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(RUNS) | SHARED


@pytest.mark.parametrize("name", RUNS)
def test_an_example_runs(run, name):
    # Some check themselves what they found.
    printed, _ = run(name)
    assert printed


@pytest.mark.parametrize("name", ["convnet", "ensemble", "language_model", "lora", "physics", "vae"])
def test_what_an_example_trains_learns(run, name):
    printed, _ = run(name)
    first, last = re.search(r"loss (\S+) at first, ([^\s,]+) at last", printed).groups()
    assert float(last) < float(first)


@pytest.mark.parametrize("name", [name for name, (_, files) in RUNS.items() if files])
def test_an_example_writes_finite_arrays_and_a_picture(run, name):
    _, folder = run(name)
    for file in RUNS[name][1]:
        weights = mx.load(str(folder / file))
        assert weights
        assert all(mx.isfinite(x).all().item() for x in weights.values())
    has_matplotlib = importlib.util.find_spec("matplotlib") is not None
    assert (folder / f"{name}.png").exists() == has_matplotlib


# ---------------------------------------------------------------- the language model and its relatives


def test_the_language_model_writes_as_much_as_asked_for(run):
    printed, _ = run("language_model")
    text, _, _ = printed.partition("\nloss ")
    assert text.startswith("def ")
    assert len(text) == len("def ") + 40


def test_a_checkpoint_brings_its_sizes(run, example):
    _, folder = run("language_model")
    model = example("language_model").load(folder / "language_model.safetensors")
    assert model.sizes == {"vocabulary": 96, "dims": 32, "layers": 1, "heads": 4}


def test_text_survives_tokens(example):
    language_model = example("language_model")
    text = "def f(x):\n    return ~x"
    assert language_model.decode(language_model.encode(text).tolist()) == text
    assert language_model.decode(language_model.encode("1 \N{EURO SIGN}").tolist()) == "1 ?"


def small_model(example):
    return example("transformer").LanguageModel(96, dims=64, layers=2, heads=2)


def test_one_token_at_a_time_gives_the_scores_of_all_at_once(example):
    model, tokens = small_model(example), mx.random.randint(0, 96, (2, 12))
    caches = [example("transformer").Cache() for _ in model.blocks]
    parts = [model(tokens[:, i : i + 1], caches) for i in range(12)]
    assert_close(mx.concatenate(parts, axis=1), host(model(tokens)), rtol=1e-3, atol=1e-4)


def test_a_cache_of_eight_bits_gives_nearly_the_same_scores(example):
    model, tokens = small_model(example), mx.random.randint(0, 96, (2, 12))
    caches = [example("quantized_generation").QuantizedCache(8) for _ in model.blocks]
    scores, exact = host(model(tokens, caches)), host(model(tokens))
    assert np.abs(scores - exact).max() < 0.05 * np.abs(exact).max()
    stored = sum(x.nbytes for x in caches[0].arrays)
    plain = example("transformer").Cache()
    model(tokens, [plain, example("transformer").Cache()])
    assert stored < 0.35 * sum(x.nbytes for x in plain.arrays)


def test_quantised_models_are_smaller_and_predict_worse_the_fewer_bits(run):
    printed, _ = run("quantized_generation")
    rows = re.findall(r"^ *(float32|\d bits) +(\d+) KiB +([\d.]+) KiB +([\d.]+)", printed, re.MULTILINE)
    assert [row[0] for row in rows] == ["float32", "8 bits", "2 bits"]
    for weights, cache in [(float(row[1]), float(row[2])) for row in rows[1:]]:
        assert weights < 0.35 * float(rows[0][1])
        assert cache < 0.35 * float(rows[0][2])
    losses = [float(row[3]) for row in rows]
    assert abs(losses[1] - losses[0]) < 0.02 < abs(losses[2] - losses[0])


def test_only_adapters_learn_and_merged_they_give_the_same_scores(example):
    lora, language_model = example("lora"), example("language_model")
    model, tokens = small_model(example), mx.random.randint(0, 96, (2, 12))
    before = {name: host(x) for name, x in utils.tree_flatten(model.parameters())}
    scores = host(model(tokens))
    lora.add_adapters(model, rank=2)
    assert_close(model(tokens), scores)
    trained = dict(utils.tree_flatten(model.trainable_parameters()))
    assert len(trained) == 2 * 2 * 7
    assert {name.rpartition(".")[2] for name in trained} == {"lora_a", "lora_b"}

    language_model.train(model, mx.random.randint(0, 96, (500,)).astype(mx.uint8), steps=3)
    after = {name.replace(".linear.", "."): x for name, x in utils.tree_flatten(model.parameters())}
    for name, x in before.items():
        np.testing.assert_array_equal(host(after[name]), x)
    adapted = host(model(tokens))
    assert np.abs(adapted - scores).max() > 1e-3

    lora.merge_adapters(model)
    assert [name for name, _ in utils.tree_flatten(model.parameters())] == list(before)
    assert_close(model(tokens), adapted, rtol=1e-3, atol=1e-4)


def test_stored_adapters_are_a_small_share_of_the_model(run):
    _, folder = run("lora")
    sizes = [
        sum(x.size for x in mx.load(str(folder / file)).values())
        for file in ("lora_adapters.safetensors", "lora_merged.safetensors")
    ]
    assert sizes[0] < 0.1 * sizes[1]


# ---------------------------------------------------------------- images


def test_a_warp_by_nothing_changes_nothing(example):
    image = mx.random.uniform(shape=(8, 8))
    assert_close(example("convnet").warp(image, mx.zeros((4,))), host(image), atol=1e-5)


def test_a_shift_by_a_pixel_moves_every_pixel(example):
    image = mx.random.uniform(shape=(8, 8))
    moved = example("convnet").warp(image, mx.array([0, 0, 1 / 0.7, 0]))
    assert_close(moved[:-1], host(image[1:]), atol=1e-5)
    assert_close(moved[-1], np.zeros(8), atol=1e-5)


def test_every_image_of_a_batch_is_warped_in_its_own_way(example):
    image = mx.random.uniform(shape=(8, 8))
    warped = host(example("convnet").augment(mx.stack([image] * 4)))
    assert all(np.abs(warped[0] - other).max() > 0.01 for other in warped[1:])


def test_the_plane_of_the_autoencoder_is_drawn_without_gaps(example):
    vae = example("vae")
    picture = vae.manifold(vae.Autoencoder(), 5)
    assert picture.shape == (50, 50)
    assert picture.min() >= 0
    assert picture.max() <= 1


# ---------------------------------------------------------------- physics and ensembles


def test_solutions_of_the_equation_have_no_residual(example):
    physics = example("physics")
    x, t = mx.array(0.3), mx.array(0.2)
    assert_close(physics.residual(lambda x, t: x / (1 + t), x, t), 0, atol=1e-6)
    assert_close(physics.residual(lambda x, t: x * x, x, t), 2 * 0.3**3 - 2 * physics.VISCOSITY, rtol=1e-5)


def test_the_exact_solution_starts_as_a_sine_and_solves_the_equation(example):
    physics = example("physics")
    x = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(physics.exact(x, np.array([0.0])), -np.sin(np.pi * x), atol=1e-12)
    h, t = 1e-3, np.array([0.3])
    u, left, right = (physics.exact(x + shift, t) for shift in (0, -h, h))
    u_t = (physics.exact(x, t + h) - physics.exact(x, t - h)) / (2 * h)
    rest = u_t + u * (right - left) / (2 * h) - physics.VISCOSITY * (right - 2 * u + left) / h**2
    assert np.abs(rest).max() < 1e-2


def test_the_network_keeps_start_and_borders_whatever_its_weights(example):
    u = example("physics").Solution()
    line = mx.linspace(-1, 1, 9)
    assert_close(mx.vmap(u, in_axes=(0, None))(line, mx.array(0.0)), -np.sin(np.pi * host(line)), atol=1e-6)
    for end in (-1.0, 1.0):
        assert_close(mx.vmap(u, in_axes=(None, 0))(mx.array(end), mx.abs(line)), np.zeros(9), atol=1e-6)


def test_particles_follow_the_flow(example):
    paths = example("physics").carry_along(lambda x, t: x / (1 + t), mx.array([0.1, -0.4]))
    assert paths.shape == (101, 2)
    assert_close(paths[-1], [0.2, -0.8], rtol=1e-5)


def test_networks_trained_together_become_what_they_become_alone(example):
    ensemble = example("ensemble")
    x, y = ensemble.make_data(20)
    members = ensemble.stack(3)
    rows = mx.random.randint(0, 20, (3, 20))
    together, _ = ensemble.train(members, x[rows], y[rows], 5)
    for i in range(3):
        only = utils.tree_map(lambda a, i=i: a[i : i + 1], members)
        alone, _ = ensemble.train(only, x[rows[i : i + 1]], y[rows[i : i + 1]], 5)
        for (_, a), (_, b) in zip(utils.tree_flatten(together), utils.tree_flatten(alone), strict=True):
            assert_close(a[i], host(b[0]), rtol=1e-3, atol=1e-5)


def test_the_nearest_of_drawn_digits_shows_the_same_digit(example):
    images, labels = example("common")._drawn_digits(500, np.random.default_rng(0))
    assert images.shape == (500, 8, 8)
    assert images.min() >= 0
    assert images.max() <= 1
    distances = np.square(images[:, None] - images).sum(axis=(2, 3))
    np.fill_diagonal(distances, np.inf)
    assert np.mean(labels[np.argmin(distances, axis=1)] == labels) > 0.95
