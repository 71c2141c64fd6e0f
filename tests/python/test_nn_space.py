"""Layers over space against models in NumPy: pooling, convolutions, resampling."""

import cotan.core as mx
import numpy as np
import pytest
from cotan import nn, utils
from helpers import assert_close, assert_same, host

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def weights(module):
    return {name: host(x) for name, x in utils.tree_flatten(module.parameters())}


def windows(x, kernel, stride, padding, fill):
    """Windows of (N, H, W, C), as (N, H', W', C, cells)."""
    x = np.pad(x, [(0, 0), *((p, p) for p in padding), (0, 0)], constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2))
    view = view[:, :: stride[0], :: stride[1]]
    return view.reshape(*view.shape[:4], -1)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [((2, 2), None, 0), ((3, 2), (2, 1), (1, 0)), ((3, 3), 1, 1), ((2, 2), 3, 0), ((9, 1), None, 0)],
)
def test_pooling_reduces_windows(kernel, stride, padding):
    x = normal(2, 7, 8, 3)
    sizes = tuple((s,) * 2 if isinstance(s, int) else s for s in (stride or kernel, padding))
    largest, mean = nn.MaxPool2d(kernel, stride, padding), nn.AvgPool2d(kernel, stride, padding)
    if kernel == (9, 1):
        assert largest(mx.array(x)).shape == (2, 0, 8, 3)
        return
    assert_close(largest(mx.array(x)), windows(x, kernel, *sizes, -np.inf).max(-1))
    assert_close(mean(mx.array(x)), windows(x, kernel, *sizes, 0).mean(-1))


def test_pooling_pads_integers_with_the_lowest():
    assert_same(nn.MaxPool1d(2, 2, 1)(mx.array([[[-5], [-7]]])), [[[-5], [-7]]], "int32")


def test_pooling_shares_the_slope_of_a_tie():
    assert_same(mx.grad(lambda x: nn.MaxPool1d(2)(x).sum())(mx.ones((1, 4, 1))), np.full((1, 4, 1), 0.5))


def test_pooling_refuses_bad_sizes_and_ranks():
    for arguments in ((0,), (2, 0), (2, 2, -1), ((2,),), (2.5,), ("a",)):
        with pytest.raises(ValueError):
            nn.MaxPool2d(*arguments)
    for layer, rank in ((nn.MaxPool1d(2), 2), (nn.MaxPool2d(2), 3), (nn.AvgPool3d(2), 4)):
        with pytest.raises(ValueError):
            layer(mx.ones((4,) * rank))


def test_a_convolution_is_a_matrix_product_over_windows():
    layer, x = nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 0)), normal(2, 7, 8, 3)
    w = weights(layer)
    cells = windows(x, (3, 2), (2, 1), (1, 0), 0)
    kernel = w["weight"].transpose(3, 1, 2, 0).reshape(3, 6, 4)
    assert_close(layer(mx.array(x)), np.einsum("nhwck,cko->nhwo", cells, kernel) + w["bias"], rtol=1e-4, atol=1e-5)


def test_a_transposed_convolution_is_the_adjoint():
    mx.random.seed(0)
    layer = nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1, bias=False)
    x, y = mx.array(normal(1, 4, 5, 4)), mx.array(normal(1, 8, 10, 3))
    forward = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
    forward.weight = layer.weight.transpose(3, 1, 2, 0)
    left, right = mx.sum(layer(x) * y), mx.sum(x * forward(y))
    assert_close(left, host(right), rtol=1e-4)


def test_channels_must_divide_into_groups():
    for layer in (nn.Conv1d, nn.Conv2d):
        with pytest.raises(ValueError):
            layer(4, 6, 3, groups=3)


def resample(n, scale, mode, align_corners, antialias):
    """The matrix of one-dimensional interpolation, from the definition of the kernels."""
    size = int(scale * n)
    i = np.arange(size)
    positions = (i - (size - 1) / 2) / scale + (n - 1) / 2
    if align_corners:
        positions = i * (n - 1) / (size - 1)
    a = -0.5 if antialias else -0.75
    stretch = max(1 / scale, 1) if antialias else 1

    def kernel(d):
        d = abs(d)
        if mode == "linear":
            return max(1 - d, 0)
        if d <= 1:
            return (a + 2) * d**3 - (a + 3) * d**2 + 1
        return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0

    matrix = np.zeros((size, n))
    for row, position in enumerate(positions):
        for sample in range(-9, n + 9):
            inside = min(max(sample, 0), n - 1)
            if inside == sample or not antialias:
                matrix[row, inside] += kernel((sample - position) / stretch)
    return matrix / matrix.sum(1, keepdims=True)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("option", ["", "align_corners", "antialias"])
@pytest.mark.parametrize("scale", [2, 1.5, 0.5, 0.7])
def test_upsampling_interpolates_along_each_axis(mode, option, scale):
    options = {"align_corners": option == "align_corners", "antialias": option == "antialias"}
    x = normal(2, 5, 6, 3)
    rows, columns = (resample(n, scale, mode, **options) for n in (5, 6))
    want = np.einsum("ri,cj,nijk->nrck", rows, columns, x)
    assert_close(nn.Upsample(scale, mode, **options)(mx.array(x)), want, rtol=1e-4, atol=1e-4)


def test_nearest_upsampling_repeats_and_leaves_out():
    x = mx.arange(4.0).reshape(1, 4, 1)
    for scale, want in ((2, [0, 0, 1, 1, 2, 2, 3, 3]), (1.5, [0, 0, 1, 2, 2, 3]), (0.5, [0, 2]), (1, [0, 1, 2, 3])):
        assert_same(nn.Upsample(scale)(x).reshape(-1), want)
    assert nn.Upsample((2, 3))(mx.ones((1, 2, 2, 1))).shape == (1, 4, 6, 1)


def test_upsampling_refuses_what_it_cannot_do():
    for arguments in ((2, "nearby"), (2, "nearest", False, True), (2, "linear", True, True)):
        with pytest.raises(ValueError):
            nn.Upsample(*arguments)
    for scale, shape in ((2, (2, 3)), ((2, 3), (2, 3, 1))):
        with pytest.raises(ValueError):
            nn.Upsample(scale)(mx.ones(shape))


@pytest.mark.cotan_only
def test_upsampling_refuses_an_axis_that_would_vanish():
    with pytest.raises(ValueError, match="vanish"):
        nn.Upsample(0.1)(mx.ones((1, 3, 1)))
