"""Quantised tensors of gguf files, written here byte by byte: the loaded parts multiply as the blocks do."""

import struct

import cotan.core as mx
import numpy as np
import pytest
from helpers import host

RNG = np.random.default_rng(3)
ROWS, COLUMNS = 6, 64


def text(name):
    """A string of the format."""
    return struct.pack("<Q", len(name)) + name.encode()


def write(path, code, blocks):
    """A file of version 3 with one tensor, `layer.weight`, of the given type code."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + text("layer.weight")
    head += struct.pack("<I", 2) + struct.pack("<QQ", COLUMNS, ROWS) + struct.pack("<IQ", code, 0)
    path.write_bytes(head + bytes(-len(head) % 32) + blocks)


def nibbles(codes):
    """A byte holds elements j and j + 16."""
    return (codes[:16] | codes[16:] << 4).astype(np.uint8).tobytes()


def q4_0():
    """Codes of four bits, less 8, times a scale."""
    scale, codes = np.float16(RNG.normal()), RNG.integers(0, 16, 32)
    return scale.tobytes() + nibbles(codes), scale * (codes - 8.0)


def q4_1():
    """Codes of four bits times a scale, plus a minimum."""
    scale, least, codes = np.float16(RNG.normal()), np.float16(RNG.normal()), RNG.integers(0, 16, 32)
    return scale.tobytes() + least.tobytes() + nibbles(codes), scale * codes.astype(float) + least


def q8_0():
    """Signed bytes times a scale."""
    scale, codes = np.float16(RNG.normal() / 16), RNG.integers(-128, 128, 32).astype(np.int8)
    return scale.tobytes() + codes.tobytes(), scale * codes.astype(float)


@pytest.mark.parametrize(
    ("code", "bits", "block"), [(2, 4, q4_0), (3, 4, q4_1), (8, 8, q8_0)], ids=["Q4_0", "Q4_1", "Q8_0"]
)
def test_products_of_a_loaded_triplet_are_those_of_the_blocks(tmp_path, code, bits, block):
    blocks = [block() for _ in range(ROWS * COLUMNS // 32)]
    write(tmp_path / "w.gguf", code, b"".join(data for data, _ in blocks))
    values = np.concatenate([values for _, values in blocks]).reshape(ROWS, COLUMNS)
    loaded = mx.load(str(tmp_path / "w.gguf"))
    assert sorted(loaded) == ["layer.biases", "layer.scales", "layer.weight"]
    parts = [loaded[f"layer.{part}"] for part in ("weight", "scales", "biases")]
    got = mx.dequantize(*(part if i == 0 else part.astype(mx.float32) for i, part in enumerate(parts)), 32, bits)
    np.testing.assert_allclose(host(got), values, rtol=1e-5, atol=2e-3)
    x = RNG.normal(size=(3, COLUMNS)).astype(np.float32)
    product = mx.quantized_matmul(mx.array(x), *parts, group_size=32, bits=bits)
    np.testing.assert_allclose(host(product), x @ values.T, rtol=1e-4, atol=2e-2)
