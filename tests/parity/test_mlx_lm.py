"""mlx-lm, unchanged, gives the same tokens on cotan as on MLX: generation, quantisation, training, serving."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cotan
import pytest
from mlx_lm_models import ARCHITECTURES
from mlx_lm_serving import conversation

pytest.importorskip("mlx_lm", reason="mlx-lm needs transformers; `make parity` installs both")

HERE = Path(__file__).parent
SIDES = {"mlx": [sys.executable], "cotan": [sys.executable, "-m", "cotan.mlx"]}
GENERATION = [
    "logits",
    "greedy",
    "prefill in steps",
    "temperature",
    "top-p",
    "xtc",
    "penalties",
    "rotating cache",
    "cache of 8 bits",
    "cache of 4 bits",
    "stored cache",
    "speculative",
    "batch",
]
CONVERSION = ["4 bits", "3 bits", "8 bits of halves", "mixed bits", "mxfp4", "nvfp4", "mxfp8"]
TRAINING = ["lora", "dora", "full", "lora of 4 bits", "lora with checkpoints"]
CONVERTED = ["llama", "qwen3_moe", "gemma3_text"]
RECURRENT = ["mamba", "mamba2", "rwkv7", "qwen3_next"]
# What mlx-lm itself doesn't do: caches of these kinds, experts in DoRA, and going back in a recurrent state.
REFUSED = {
    *((name, f"cache of {bits} bits") for name in ("gemma3_text", "gpt_oss", "deepseek_v3") for bits in (4, 8)),
    *((name, "speculative") for name in RECURRENT),
    ("qwen3_moe", "dora"),
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Variables for both sides: no network, an empty cache of downloads, cotan on the path."""
    hub = tmp_path_factory.mktemp("hub")
    sources = str(Path(cotan.__file__).parents[1])
    path = os.pathsep.join([sources, *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the models are."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def ask(folder, environment):
    """Ask each side questions about models; MLX, asked first, makes those that don't exist yet."""

    def answers(names, questions):
        found = {}
        for side, python in SIDES.items():
            (folder / "questions.json").write_text(json.dumps(dict.fromkeys(names, questions)))
            files = [str(folder), str(folder / "questions.json"), str(folder / "answers.json")]
            command = [*python, str(HERE / "mlx_lm_side.py"), *files]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            report = json.loads((folder / "answers.json").read_text())
            assert report["mlx"] == f"{side}.core"
            found[side] = report["found"]
        return found

    return answers


@pytest.fixture(scope="module")
def generated(ask):
    """Answers on generation."""
    return ask(list(ARCHITECTURES), GENERATION)


@pytest.fixture(scope="module")
def converted(ask):
    """Answers on quantisation."""
    return ask(CONVERTED, CONVERSION)


@pytest.fixture(scope="module")
def trained(ask):
    """Answers on training."""
    return ask(CONVERTED, TRAINING)


def agree(found, expected):
    """Whether two answers are the same, floats to the rounding of a few layers."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(agree(found[k], v) for k, v in expected.items())
    if isinstance(expected, list):
        return len(found) == len(expected) and all(agree(x, y) for x, y in zip(found, expected, strict=True))
    if isinstance(expected, float):
        return found == pytest.approx(expected, rel=1e-3, abs=1e-3)
    return found == expected


def compare(answers, name, question):
    """State that both sides answer alike, with an error only where mlx-lm refuses."""
    found, expected = (answers[side][name][question] for side in ("cotan", "mlx"))
    assert isinstance(expected, str) == ((name, question) in REFUSED), expected
    assert agree(found, expected), f"{found} instead of {expected}"


@pytest.mark.parametrize("question", GENERATION)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_model_generates_what_it_generates_on_mlx(generated, name, question):
    compare(generated, name, question)


@pytest.mark.parametrize("question", CONVERSION)
@pytest.mark.parametrize("name", CONVERTED)
def test_a_quantised_model_has_the_bits_and_tokens_that_it_has_on_mlx(converted, name, question):
    compare(converted, name, question)


@pytest.mark.parametrize("question", TRAINING)
@pytest.mark.parametrize("name", CONVERTED)
def test_training_takes_the_steps_that_it_takes_on_mlx(trained, name, question):
    compare(trained, name, question)


def test_the_server_answers_as_on_mlx(generated, folder, environment):
    found, expected = (conversation(python, folder / "llama", environment) for python in SIDES.values())
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert agree(ours, theirs)
