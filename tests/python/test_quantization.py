"""Quantised matrices: codes and scales bit by bit against a model, and what is refused."""

import cotan.core as mx
import numpy as np
import pytest
from helpers import dtype_name, host

FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(3, 256)).astype(np.float32)
CASES = {
    "normal": NORMAL,
    "positive": np.abs(NORMAL),
    "negative": -100 * np.abs(NORMAL),
    "far from zero": NORMAL * np.float32(1e-3) + 5,
    "zero": NORMAL * 0,
    "constant": NORMAL * 0 + 2.5,
}


def packed(codes, bits):
    """Rows of codes as little-endian strings of bits in words."""
    string = ((codes[..., None].astype(np.uint64) >> np.arange(bits, dtype=np.uint64)) & 1).reshape(len(codes), -1, 32)
    return (string << np.arange(32, dtype=np.uint64)).sum(-1).astype(np.uint32)


def affine(w, group, bits):
    """Codes, scales and biases of the affine mode, in single precision."""
    n = np.float32(2**bits - 1)
    x = w.reshape(len(w), -1, group)
    high, low = x.max(-1, keepdims=True), x.min(-1, keepdims=True)
    if bits == 1:
        scale, bias = np.maximum(high - low, np.float32(1e-7)), low
    else:
        below = np.abs(low) > np.abs(high)
        step = np.maximum((high - low) / n, np.float32(1e-7)) * np.where(below, np.float32(1), np.float32(-1))
        edge = np.where(below, low, high)
        count = np.rint(edge / step)
        scale = np.where(count == 0, step, edge / np.where(count == 0, np.float32(1), count)).astype(np.float32)
        bias = np.where(count == 0, np.float32(0), edge)
    codes = np.clip(np.rint((x - bias) / scale), 0, n).reshape(len(w), -1)
    return packed(codes, bits), scale[..., 0], bias[..., 0]


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("case", CASES)
def test_affine_codes_scales_and_biases_are_those_of_the_model(case, bits):
    for group in (32, 64, 128):
        parts = mx.quantize(mx.array(CASES[case]), group, bits)
        for part, want in zip(parts, affine(CASES[case], group, bits), strict=True):
            np.testing.assert_array_equal(host(part), want)


@pytest.mark.parametrize("case", CASES)
def test_4_bit_floats_are_the_nearest_with_ties_toward_zero(case):
    groups = CASES[case].reshape(3, -1, 32)
    most = np.abs(groups).max(-1)
    scales = np.where(most == 0, 127, np.ceil(np.log2(np.where(most == 0, 6, most) / 6)) + 127).astype(np.uint8)
    x = groups / (2.0 ** (scales.astype(int) - 127))[..., None]
    codes = (np.abs(x)[..., None] > (FP4[1:] + FP4[:-1]) / 2).sum(-1)
    codes = np.where((x < 0) & (codes > 0), codes + 8, codes)
    words, exponents = mx.quantize(mx.array(CASES[case]), mode="mxfp4")
    np.testing.assert_array_equal(host(exponents), scales)
    np.testing.assert_array_equal(host(words), packed(codes.reshape(3, -1), 4))


@pytest.mark.parametrize("mode", ["affine", "mxfp4", "mxfp8", "nvfp4"])
def test_values_that_a_format_holds_survive_a_round_trip(mode):
    w = mx.array(np.tile(FP4, (2, 16)))
    kept = mx.dequantize(
        *mx.quantize(w, mode=mode, bits=8 if mode == "affine" else None),
        mode=mode,
        dtype=mx.float32,
        bits=8 if mode == "affine" else None,
    )
    np.testing.assert_allclose(host(kept), host(w), atol=0.013 if mode == "affine" else 0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_affine_scales_have_the_type_of_the_matrix(dtype):
    w = mx.ones((2, 64)).astype(getattr(mx, dtype))
    assert [dtype_name(part) for part in mx.quantize(w)] == ["uint32", dtype, dtype]
    assert dtype_name(mx.dequantize(*mx.quantize(w))) == dtype


def test_a_product_equals_that_with_the_values():
    x, w = mx.array(NORMAL[:2, :64]), mx.array(NORMAL[:, :128].reshape(6, 64))
    for mode in ("mxfp4", "mxfp8", "nvfp4"):
        parts = mx.quantize(w, mode=mode)
        values = mx.dequantize(*parts, mode=mode, dtype=mx.float32)
        np.testing.assert_allclose(
            host(mx.quantized_matmul(x, *parts, mode=mode)), host(x) @ host(values).T, rtol=1e-5, atol=1e-5
        )


@pytest.mark.cotan_only
def test_both_operands_are_quantised_when_neither_is():
    x, w = mx.array(NORMAL[:2, :64]), mx.array(NORMAL[:, :128].reshape(6, 64))

    def rounded(a, **options):
        return host(mx.dequantize(*mx.quantize(a, mode="nvfp4", **options), mode="nvfp4", dtype=mx.float32, **options))

    np.testing.assert_allclose(host(mx.qqmm(x, w)), rounded(x) @ rounded(w).T, rtol=1e-5, atol=1e-5)
    scales = [mx.array(2.0), mx.array(3.0)]
    got = mx.qqmm(x, w, global_scale_x=scales[0], global_scale_w=scales[1])
    want = rounded(x, global_scale=scales[0]) @ rounded(w, global_scale=scales[1]).T
    np.testing.assert_allclose(host(got), want, rtol=1e-5, atol=1e-5)


ALL = [("affine", bits, group) for bits in (1, 2, 3, 4, 5, 6, 8) for group in (32, 64, 128)]
ALL += [("mxfp4", 4, 32), ("mxfp8", 8, 32), ("nvfp4", 4, 16)]


@pytest.mark.cotan_only
@pytest.mark.parametrize("transpose", [True, False])
@pytest.mark.parametrize(("mode", "bits", "group"), ALL)
def test_products_of_few_and_of_many_rows_are_those_with_the_values(mode, bits, group, transpose):
    options = {"mode": mode, "bits": bits, "group_size": group}
    parts = mx.quantize(mx.array(NORMAL.reshape(6, 128)), **options)
    w = host(mx.dequantize(*parts, **options, dtype=mx.float32)).astype(np.float64)
    w = w.T if transpose else w
    for m in (0, 1, 7, 100):
        x = RNG.normal(size=(m, len(w))).astype(np.float32)
        product = mx.quantized_matmul(mx.array(x), *parts, transpose=transpose, **options)
        np.testing.assert_allclose(host(product), x @ w, rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_products_of_halves_are_rounded_once(dtype):
    half = getattr(mx, dtype)
    x, w = (mx.array(a).astype(half) for a in (NORMAL[:2, :64], NORMAL[:, :128].reshape(6, 64)))
    parts = mx.quantize(w)
    wide, got = mx.quantized_matmul(x.astype(mx.float32), *parts), mx.quantized_matmul(x, *parts)
    assert (dtype_name(got), dtype_name(wide)) == (dtype, "float32")
    np.testing.assert_array_equal(host(got), host(wide.astype(half)))


@pytest.mark.cotan_only
def test_batch_axes_of_both_operands_broadcast():
    w = mx.quantize(mx.array(NORMAL.reshape(3, 4, 64)))
    values = host(mx.dequantize(*w))
    for shape in [(5, 64), (3, 5, 64), (2, 1, 5, 64), (2, 3, 5, 64)]:
        x = RNG.normal(size=shape).astype(np.float32)
        product = mx.quantized_matmul(mx.array(x), *w)
        np.testing.assert_allclose(host(product), x @ values.swapaxes(-1, -2), rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
@pytest.mark.parametrize("transpose", [True, False])
def test_experts_in_any_order_multiply_what_chose_them(transpose):
    parts = mx.quantize(mx.array(RNG.normal(size=(4, 64, 64)).astype(np.float32)), mode="mxfp4")
    values = host(mx.dequantize(*parts, mode="mxfp4", dtype=mx.float32))
    values = values.swapaxes(-1, -2) if transpose else values
    x = RNG.normal(size=(5, 2, 64)).astype(np.float32)
    for rhs in ([3, 0, 3, -1, 2, 0], [0, 0, 1, 1, 2, 3], [1, 1, 1, 1, 1, 1]):
        lhs = RNG.integers(0, 5, 6)
        indices = {"lhs_indices": mx.array(lhs), "rhs_indices": mx.array(rhs)}
        got = mx.gather_qmm(mx.array(x), *parts, **indices, transpose=transpose, mode="mxfp4")
        np.testing.assert_allclose(host(got), x[lhs] @ values[rhs], rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
def test_one_recording_multiplies_any_number_of_rows():
    w = mx.quantize(mx.array(NORMAL))
    values = host(mx.dequantize(*w))
    fun = mx.compile(lambda x: mx.quantized_matmul(x, *w), shapeless=True)
    gradient = mx.compile(mx.grad(lambda x: mx.quantized_matmul(x, *w).square().sum()), shapeless=True)
    for m in (1, 3, 60):
        x = mx.array(RNG.normal(size=(m, 256)).astype(np.float32))
        np.testing.assert_allclose(host(fun(x)), host(x) @ values.T, rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(host(gradient(x)), 2 * host(fun(x)) @ values, rtol=1e-3, atol=1e-2)


@pytest.mark.cotan_only
def test_a_mapped_matrix_is_quantised_and_multiplied_for_each_example():
    x, w = mx.array(NORMAL[:, :64]), mx.array(NORMAL.reshape(3, 4, 64))
    for mode in ("affine", "nvfp4"):
        quantized = mx.vmap(lambda w, mode=mode: tuple(mx.quantize(w, mode=mode)))(w)
        product = mx.vmap(lambda x, *w, mode=mode: mx.quantized_matmul(x, *w, mode=mode))(x, *quantized)
        for i in range(3):
            one = mx.quantized_matmul(x[i], *mx.quantize(w[i], mode=mode), mode=mode)
            np.testing.assert_allclose(host(product[i]), host(one), rtol=1e-5, atol=1e-5)
    units = mx.array([2.0, 3.0, 5.0])
    words, scales = mx.vmap(lambda w, unit: tuple(mx.quantize(w, mode="nvfp4", global_scale=unit)))(w, units)
    for i in range(3):
        one = mx.quantize(w[i], mode="nvfp4", global_scale=units[i])
        np.testing.assert_array_equal(host(words[i]), host(one[0]))
        np.testing.assert_array_equal(host(scales[i]), host(one[1]))


@pytest.mark.cotan_only
def test_an_index_without_a_matrix_is_an_error_of_the_product():
    w = [mx.stack([part, part]) for part in mx.quantize(mx.ones((4, 64)))]
    with pytest.raises(IndexError, match="gather_qmm: index 2"):
        mx.eval(mx.gather_qmm(mx.ones((1, 1, 64)), *w, rhs_indices=mx.array([2])))


@pytest.mark.cotan_only
def test_an_error_names_the_mode_and_lists_what_it_has():
    with pytest.raises(ValueError, match=r"affine has bits \[1, 2, 3, 4, 5, 6, 8\], got 7"):
        mx.quantize(mx.ones((2, 64)), bits=7)


def test_codes_have_no_derivative():
    w, scales, biases = mx.quantize(mx.array(NORMAL))
    with pytest.raises(RuntimeError):
        mx.vjp(lambda w: mx.quantized_matmul(mx.ones((1, 256)), w, scales, biases), [w], [mx.ones((1, 3))])


W = mx.ones((2, 64))
REFUSED = {
    "a row": (ValueError, lambda: mx.quantize(mx.ones((64,)))),
    "part of a group": (ValueError, lambda: mx.quantize(mx.ones((2, 60)))),
    "bits": (ValueError, lambda: mx.quantize(W, 64, 7)),
    "group": (ValueError, lambda: mx.quantize(W, 16, 4, mode="mxfp4")),
    "mode": (ValueError, lambda: mx.quantize(W, mode="foo")),
    "integers": (ValueError, lambda: mx.quantize(W.astype(mx.int32))),
    "global scale": (ValueError, lambda: mx.quantize(W, mode="mxfp4", global_scale=mx.array(1.0))),
    "no biases": (ValueError, lambda: mx.dequantize(*mx.quantize(W)[:2])),
    "biases": (ValueError, lambda: mx.dequantize(*mx.quantize(W, mode="mxfp4"), mx.ones((2, 2)), mode="mxfp4")),
    "other format": (ValueError, lambda: mx.dequantize(*mx.quantize(W), group_size=32)),
    "inner size": (ValueError, lambda: mx.quantized_matmul(mx.ones((2, 32)), *mx.quantize(W))),
    "one global scale": (ValueError, lambda: mx.qqmm(W, W, global_scale_x=mx.array(1.0))),
}


@pytest.mark.parametrize(("error", "call"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(error, call):
    with pytest.raises(error):
        mx.eval(call())
