"""Makes the files that other libraries wrote: run with `pip install numpy gguf 'mlx[cpu]'` in this folder."""

from pathlib import Path

import mlx.core as mx
import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFWriter, quants


def write_gguf(path, with_float64):
    """Writes every supported block type; returns what the reference says they decode to."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((2, 64)).astype(np.float32)
    writer = GGUFWriter(path, "test")
    expected = {}
    for name in ["Q4_0", "Q4_1", "Q8_0"]:
        kind = GGMLQuantizationType[name]
        packed = quants.quantize(weights, kind)
        writer.add_tensor(f"{name}.weight", packed, raw_dtype=kind)
        expected[f"{name}.values"] = quants.dequantize(packed, kind)
    for name in ["Q2_K", "Q4_K", "Q6_K"]:
        kind = GGMLQuantizationType[name]
        packed = rng.integers(0, 256, (2, 2 * GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
        size = GGML_QUANT_SIZES[kind][1]
        for at in {"Q2_K": [80, 82], "Q4_K": [0, 2], "Q6_K": [208]}[name]:
            for start in range(at, packed.shape[1], size):
                scale = (rng.random((2, 1)) * 0.1).astype(np.float16)
                packed[:, start : start + 2] = scale.view(np.uint8)
        writer.add_tensor(f"{name}.weight", packed, raw_dtype=kind)
        expected[f"{name}.weight"] = quants.dequantize(packed, kind).astype(np.float16)
    rounded = quants.quantize(weights, GGMLQuantizationType.BF16)
    writer.add_tensor("BF16.weight", rounded, raw_dtype=GGMLQuantizationType.BF16)
    expected["BF16.weight"] = quants.dequantize(rounded, GGMLQuantizationType.BF16).astype(np.float16)
    writer.add_tensor("plain", np.arange(6, dtype=np.int16).reshape(2, 3))
    expected["plain"] = np.arange(6, dtype=np.int16).reshape(2, 3)
    writer.add_array("words", ["a", "ß"])
    writer.add_array("counts", [1, 2])
    if with_float64:
        writer.add_float64("eps", 0.1)
    writer.add_bool("yes", True)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return expected


# MLX crashes on float64 metadata, so it decodes a twin without it.
expected = write_gguf("twin.gguf", with_float64=False)
write_gguf("peer.gguf", with_float64=True)
for name, array in mx.load("twin.gguf").items():
    if name.startswith(("Q4_0", "Q4_1", "Q8_0")):
        expected[name] = np.array(array)
Path("twin.gguf").unlink()
np.savez_compressed("peer_gguf.npz", **expected)

arrays = {
    "big": np.arange(6, dtype=">i4").reshape(2, 3),
    "columns": np.asfortranarray(np.arange(24, dtype=np.float64).reshape(2, 3, 4)),
    "scalar": np.array(7, np.uint16),
    "empty": np.zeros((0, 3), np.float32),
    "complex": np.array([1 + 2j, 3 - 4j], ">c8"),
    "truth": np.array([True, False]),
}
np.savez("peer_stored.npz", **arrays)
np.savez_compressed("peer_deflated.npz", **arrays)
mx.save_safetensors(
    "peer.safetensors",
    {"a": mx.array([[1.5, 2.5]]), "b": mx.array([True]), "c": mx.array([1 + 2j]), "h": mx.array([1, 2], mx.bfloat16)},
    {"k": "v"},
)
