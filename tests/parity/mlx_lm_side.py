"""Runs mlx-lm on whatever `mlx` is and writes what it gave: `mlx_lm_side.py MODELS QUESTIONS ANSWERS`."""

import hashlib
import json
import sys
import tempfile
import traceback
import types
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx_lm import batch_generate, load, lora
from mlx_lm.convert import convert
from mlx_lm.generate import generate_step, speculative_generate_step
from mlx_lm.models.cache import load_prompt_cache, make_prompt_cache, save_prompt_cache
from mlx_lm.sample_utils import make_logits_processors, make_sampler
from mlx_lm_models import make

PROMPT = [5, 17, 42, 99, 3, 88, 120, 7, 7, 31, 64, 2]


def tokens(model, prompt=PROMPT, n=24, **options):
    """The tokens that follow the prompt."""
    return [int(token) for token, _ in generate_step(mx.array(prompt), model, max_tokens=n, **options)]


def sampled(model, **options):
    """The same, drawn from a seed."""
    mx.random.seed(7)
    return tokens(model, sampler=make_sampler(**options))


def logits(model):
    """What the model says after the prompt."""
    return model(mx.array([PROMPT]))[0, -1].astype(mx.float32).tolist()


def stored_cache(model):
    """Tokens after a prompt whose first half is read from a file."""
    cache = make_prompt_cache(model)
    tokens(model, PROMPT[:6], n=1, prompt_cache=cache)
    with tempfile.TemporaryDirectory() as folder:
        save_prompt_cache(f"{folder}/cache.safetensors", cache, {"kept": "yes"})
        cache, metadata = load_prompt_cache(f"{folder}/cache.safetensors", return_metadata=True)
        return metadata, tokens(model, PROMPT[6:], prompt_cache=cache)


def batch(model, tokenizer):
    """Texts that follow prompts of several lengths, generated together."""
    return batch_generate(model, tokenizer, [PROMPT[:3], PROMPT, PROMPT[4:5]], max_tokens=[12, 20, 7]).texts


def speculative(model):
    """Tokens that the model drafts for itself."""
    found = speculative_generate_step(mx.array(PROMPT), model, model, num_draft_tokens=3, max_tokens=24)
    return [int(token) for token, *_ in found]


def quantised(path, n=24, **options):
    """Tokens after a conversion to a folder, with the packed weights that it wrote and its configuration."""
    with tempfile.TemporaryDirectory() as folder:
        convert(str(path), f"{folder}/quantised", quantize=True, **options)
        model, _, config = load(f"{folder}/quantised", return_config=True)
        weights = mx.load(f"{folder}/quantised/model.safetensors")
    packed = {k: np.array(x).tobytes() for k, x in weights.items() if x.dtype == mx.uint32}
    digests = {k: hashlib.sha256(x).hexdigest() for k, x in packed.items()}
    return {"tokens": tokens(model, n=n), "packed": digests, "config": config["quantization"]}


def trained(path, kind="lora", bits=None, **options):
    """Losses of a short training as `mlx_lm.lora` runs it, and the tokens that the trained model gives."""
    losses = []
    report = types.SimpleNamespace(
        on_train_loss_report=lambda info: losses.append(info["train_loss"]),
        on_val_loss_report=lambda info: losses.append(info["val_loss"]),
    )
    lora.get_reporting_callbacks = lambda *args, **kwargs: report
    with tempfile.TemporaryDirectory() as folder:
        _write_texts(Path(folder))
        if bits is not None:
            convert(str(path), f"{folder}/base", quantize=True, q_bits=bits, q_group_size=32)
            path = f"{folder}/base"
        arguments = lora.CONFIG_DEFAULTS | {
            "model": str(path),
            "data": folder,
            "adapter_path": f"{folder}/adapters",
            "train": True,
            "test": True,
            "fine_tune_type": kind,
            "num_layers": 2,
            "lora_parameters": {"rank": 4, "dropout": 0.1 if kind == "lora" else 0.0, "scale": 10.0},
            "iters": 6,
            "batch_size": 4,
            "val_batches": 1,
            "steps_per_report": 1,
            "steps_per_eval": 3,
            "learning_rate": 1e-3,
            "max_seq_length": 64,
        }
        lora.run(types.SimpleNamespace(**arguments | options))
        model, _ = load(str(path), adapter_path=f"{folder}/adapters") if kind != "full" else (None, None)
        return {"losses": losses, "tokens": tokens(model) if model else None}


def _write_texts(folder):
    rng = np.random.default_rng(3)
    for split, count in (("train", 12), ("valid", 4), ("test", 4)):
        texts = [" ".join(f"w{i}" for i in rng.integers(2, 40, rng.integers(5, 30))) for _ in range(count)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


ON_MODEL = {
    "logits": logits,
    "greedy": tokens,
    "prefill in steps": lambda m: tokens(m, prefill_step_size=4),
    "temperature": lambda m: sampled(m, temp=0.8),
    "top-p": lambda m: sampled(m, temp=0.9, top_p=0.8, min_p=0.02, top_k=40),
    "xtc": lambda m: sampled(m, temp=0.9, xtc_probability=0.5, xtc_threshold=0.05),
    "penalties": lambda m: tokens(m, logits_processors=make_logits_processors({3: 2.0}, 1.3, 20)),
    "rotating cache": lambda m: tokens(m, n=40, prompt_cache=make_prompt_cache(m, max_kv_size=16)),
    "cache of 8 bits": lambda m: tokens(m, kv_bits=8, kv_group_size=32, quantized_kv_start=0),
    "cache of 4 bits": lambda m: tokens(m, kv_bits=4, kv_group_size=32, quantized_kv_start=8),
    "stored cache": stored_cache,
    "speculative": speculative,
}
ON_FOLDER = {
    "4 bits": lambda p: quantised(p, q_bits=4, q_group_size=32),
    "3 bits": lambda p: quantised(p, q_bits=3, q_group_size=64),
    # Halves are rounded at other places, so the tokens part at some point.
    "8 bits of halves": lambda p: quantised(p, n=4, q_bits=8, q_group_size=32, dtype="float16"),
    "mixed bits": lambda p: quantised(p, quant_predicate="mixed_3_6", q_group_size=32),
    "mxfp4": lambda p: quantised(p, q_mode="mxfp4"),
    "nvfp4": lambda p: quantised(p, q_mode="nvfp4"),
    "mxfp8": lambda p: quantised(p, q_mode="mxfp8"),
    "lora": trained,
    "dora": lambda p: trained(p, "dora"),
    "full": lambda p: trained(p, "full", optimizer="sgd"),
    "lora of 4 bits": lambda p: trained(p, bits=4, optimizer="muon"),
    "lora with checkpoints": lambda p: trained(
        p, optimizer="adamw", grad_checkpoint=True, grad_accumulation_steps=2, iters=8
    ),
}


def answer(path, question, model, tokenizer):
    """The answer to one question, or the type of the error."""
    try:
        if question == "batch":
            return batch(model, tokenizer)
        return ON_MODEL[question](model) if question in ON_MODEL else ON_FOLDER[question](path)
    except Exception as error:  # both sides must fail alike
        traceback.print_exc()
        return type(error).__name__


def main(root, questions, answers):
    """Answer every question of the file; make the models first that don't exist yet."""
    found = {}
    for name, asked in json.loads(Path(questions).read_text()).items():
        if not (root / name).exists():
            make(root, name)
        model, tokenizer = load(str(root / name))
        found[name] = {question: answer(root / name, question, model, tokenizer) for question in asked}
    Path(answers).write_text(json.dumps({"mlx": mx.array.__module__, "found": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
