"""Quantised matrices bit by bit: words, scales, biases and values, in every format and type."""

import cotan.core as cotan
import mlx.core as mlx
import numpy as np
import pytest

NORMAL = np.random.default_rng(0).normal(size=(8, 256)).astype(np.float32)
CASES = {
    "normal": NORMAL,
    "tiny": NORMAL * np.float32(1e-6),
    "large": NORMAL * np.float32(1e3),
    "far from zero": NORMAL * np.float32(1e-2) + 5,
    "positive": np.abs(NORMAL),
    "negative": -np.abs(NORMAL),
    "zeros of both signs": NORMAL * 0,
    "constant": NORMAL * 0 - 2.5,
    "integers": np.rint(NORMAL * 4),
    "sparse": NORMAL * (np.abs(NORMAL) > 2),
    "powers of two": np.exp2(np.rint(NORMAL * 3)).astype(np.float32),
    "heavy tails": NORMAL**5,
}
FORMATS = [("affine", bits, group) for bits in (1, 2, 3, 4, 5, 6, 8) for group in (32, 64, 128)]
FORMATS += [("mxfp4", 4, 32), ("mxfp8", 8, 32), ("nvfp4", 4, 16)]
DTYPES = ["float32", "float16", "bfloat16"]


def bits_of(mx, array):
    """The bytes of an array as NumPy holds them."""
    if array.dtype in (mx.float16, mx.bfloat16):
        array = array.view(mx.uint16)
    return np.array(array.view(mx.uint32) if array.dtype == mx.float32 else array)


def parts(mx, w, dtype, options, unit):
    """A case quantised by one package."""
    unit = {} if unit is None else {"global_scale": mx.array(unit)}
    return mx.quantize(mx.array(w).astype(getattr(mx, dtype)), **options, **unit)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("mode", "bits", "group"), FORMATS)
def test_words_scales_and_biases_are_the_same_bits(mode, bits, group, dtype):
    options = {"mode": mode, "bits": bits, "group_size": group}
    for name, w in CASES.items():
        for unit in (None, 3.0) if mode == "nvfp4" else (None,):
            pairs = zip(parts(mlx, w, dtype, options, unit), parts(cotan, w, dtype, options, unit), strict=True)
            for theirs, ours in pairs:
                np.testing.assert_array_equal(bits_of(cotan, ours), bits_of(mlx, theirs), f"{name}, unit {unit}")


@pytest.mark.parametrize(("mode", "bits", "group"), FORMATS)
def test_values_are_the_same_bits(mode, bits, group):
    options = {"mode": mode, "bits": bits, "group_size": group}
    for name, w in CASES.items():
        theirs = parts(mlx, w, "float32", options, None)
        ours = [cotan.array(np.array(part)) for part in theirs]
        want, got = mlx.dequantize(*theirs, **options), cotan.dequantize(*ours, **options)
        np.testing.assert_array_equal(bits_of(cotan, got), bits_of(mlx, want), name)


@pytest.mark.parametrize("transpose", [True, False])
@pytest.mark.parametrize(("mode", "bits", "group"), [form for form in FORMATS if form[1] > 1])
def test_products_agree_to_rounding(mode, bits, group, transpose):
    options = {"mode": mode, "bits": bits, "group_size": group}
    theirs = mlx.quantize(mlx.array(NORMAL.reshape(-1, 256)), **options)
    for m in (1, 5, 60):
        x = np.random.default_rng(m).normal(size=(m, 256 if transpose else 8)).astype(np.float32)
        want = mlx.quantized_matmul(mlx.array(x), *theirs, transpose=transpose, **options)
        ours = [cotan.array(np.array(part)) for part in theirs]
        got = cotan.quantized_matmul(cotan.array(x), *ours, transpose=transpose, **options)
        np.testing.assert_allclose(np.array(got), np.array(want), rtol=1e-4, atol=1e-3)


def test_nan_has_no_say_in_the_ends_of_an_affine_group():
    w = np.where(np.arange(256) % 40 == 3, np.float32(np.nan), NORMAL)
    options = {"mode": "affine", "bits": 4, "group_size": 32}
    for theirs, ours in zip(
        parts(mlx, w, "float32", options, None), parts(cotan, w, "float32", options, None), strict=True
    ):
        np.testing.assert_array_equal(bits_of(cotan, ours), bits_of(mlx, theirs))
