"""Small language models with random weights, one for each kind of architecture, in folders that mlx-lm loads."""

import json

import numpy as np

VOCABULARY = 160
BASE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "eos_token_id": 1,
}
EXPERTS = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "moe_intermediate_size": 64,
    "norm_topk_prob": True,
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
# What each architecture has beyond BASE; the key is mlx-lm's `model_type`.
ARCHITECTURES = {
    "llama": {"rope_scaling": LLAMA3_ROPE},
    "qwen3": {"tie_word_embeddings": True},
    "mixtral": {"num_attention_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen3_moe": EXPERTS,
    "gemma": {},
    "gemma3_text": {"sliding_window": 8, "sliding_window_pattern": 2, "query_pre_attn_scalar": 32},
    "gpt_oss": {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 8},
    "deepseek_v3": {
        "moe_intermediate_size": 32,
        "n_shared_experts": 1,
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "first_k_dense_replace": 1,
        "n_group": 2,
        "kv_lora_rank": 32,
        "q_lora_rank": 32,
        "qk_rope_head_dim": 32,
        "qk_nope_head_dim": 32,
        "v_head_dim": 32,
    },
    "mamba": {"state_size": 8, "conv_kernel": 4, "use_bias": False, "use_conv_bias": True, "time_step_rank": 4},
    "mamba2": {
        "num_heads": 8,
        "head_dim": 16,
        "state_size": 16,
        "layer_norm_epsilon": 1e-5,
        "conv_kernel": 4,
        "n_groups": 1,
        "use_bias": False,
        "use_conv_bias": True,
        "time_step_limit": [0.0, 1e9],
        "time_step_rank": 4,
    },
    "rwkv7": {
        "norm_eps": 1e-5,
        "head_dim": 16,
        "a_low_rank_dim": 8,
        "v_low_rank_dim": 8,
        "gate_low_rank_dim": 8,
        "decay_low_rank_dim": 8,
    },
    "qwen3_next": {
        **EXPERTS,
        "num_hidden_layers": 4,
        "linear_num_value_heads": 4,
        "linear_num_key_heads": 2,
        "linear_key_head_dim": 32,
        "linear_value_head_dim": 16,
        "linear_conv_kernel_dim": 4,
        "shared_expert_intermediate_size": 32,
        "partial_rotary_factor": 0.5,
    },
}


def make(root, name):
    """Write the configuration, the weights and a tokenizer of one word a token to `root / name`."""
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.utils import _get_classes

    folder = root / name
    folder.mkdir(parents=True)
    config = {**BASE, "model_type": name, **ARCHITECTURES[name]}
    (folder / "config.json").write_text(json.dumps(config))
    _write_tokenizer(folder)
    model_class, args_class = _get_classes(config)
    rng = np.random.default_rng(1)
    shapes = tree_flatten(model_class(args_class.from_dict(config)).parameters())
    weights = {path: mx.array(_weight(rng, path, x.shape).astype(np.float32)) for path, x in shapes}
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})


def _weight(rng, path, shape):
    """Large enough that tokens depend on all that came before, small enough that nothing overflows."""
    x = rng.normal(size=shape)
    if path.endswith("A_log"):
        return np.log(np.abs(x) + 0.5)
    if len(shape) > 1:
        return x * 2 / np.sqrt(shape[-1])
    return 0.3 * x + path.endswith("norm.weight")


def _write_tokenizer(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["<unk>", "</s>"] + [f"w{i}" for i in range(2, VOCABULARY)]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "chat_template": "{% for message in messages %}{{ message['content'] }} {% endfor %}",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
