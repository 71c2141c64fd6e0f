"""Convolutions beyond the table: laws between them, sizes that need tiles, what is refused."""

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, dtype_name, host

ones = mx.ones


def random(*shape):
    return mx.array(np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((1, 5, 1), (1, 3, 1), {"stride": 0}),
        ((1, 5, 1), (1, 3, 1), {"stride": -1}),
        ((1, 5, 1), (1, 3, 1), {"kernel_dilation": 0}),
        ((1, 5, 1), (1, 3, 1), {"input_dilation": 0}),
        ((1, 5, 5, 1), (1, 3, 3, 1), {"stride": (1, 2, 3)}),
        ((1, 5, 1), (1, 3, 1), {"groups": -1}),
        ((1, 5, 4), (3, 3, 2), {"groups": 2}),
        ((1, 5, 2), (3, 3, 1), {"groups": 3}),
        ((1, 5, 2), (3, 3, 1), {}),
        ((1, 2, 1), (1, 3, 1), {}),
        ((1, 0, 1), (1, 3, 1), {}),
        ((1, 5, 1), (1, 1), {}),
        ((2, 3), (4, 3), {}),
        pytest.param((1, 5, 1), (1, 3, 1), {"groups": 0}, marks=pytest.mark.cotan_only),
        pytest.param((1, 5, 1), (1, 0, 1), {}, marks=pytest.mark.cotan_only),
        pytest.param((1, 5, 1), (1, 3, 1), {"padding": 2**62}, marks=pytest.mark.cotan_only),
        pytest.param((1, 5, 1), (1, 3, 1), {"kernel_dilation": 2**62}, marks=pytest.mark.cotan_only),
        pytest.param((1, 5, 1), (1, 3, 1), {"input_dilation": 2**62}, marks=pytest.mark.cotan_only),
        pytest.param((1, 5, 1), (1, 3, 1), {"groups": 2**62}, marks=pytest.mark.cotan_only),
    ],
)
def test_what_does_not_fit_is_refused_where_it_is_written(x, w, options):
    with pytest.raises(ValueError):
        mx.conv_general(ones(x), ones(w), **options)


def test_integers_are_refused_as_input_and_converted_as_kernel():
    with pytest.raises(ValueError):
        mx.conv1d(ones((1, 5, 1), mx.int32), ones((1, 3, 1)))
    assert dtype_name(mx.conv1d(ones((1, 5, 1), mx.float16), ones((1, 3, 1), mx.int32))) == "float16"


@pytest.mark.parametrize("stride", [(1,), (1, 2, 3), 1.5, "1"])
def test_a_wrong_number_of_sizes_is_a_type_error(stride):
    with pytest.raises(TypeError):
        mx.conv2d(ones((1, 5, 5, 1)), ones((1, 3, 3, 1)), stride=stride)


@pytest.mark.cotan_only
@pytest.mark.parametrize("f", [mx.conv1d, mx.conv3d, mx.conv_transpose1d, mx.conv_transpose3d])
def test_the_name_says_how_many_axes_there_are(f):
    with pytest.raises(ValueError):
        f(ones((1, 5, 5, 1)), ones((1, 3, 3, 1)))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_convolve_refuses_what_has_no_convolution(mode):
    for a, v in [(ones((0,)), ones((2,))), (ones((1, 2)), ones((2,))), (ones(()), ones((2,)))]:
        with pytest.raises(ValueError):
            mx.convolve(a, v, mode)
    with pytest.raises(ValueError):
        mx.convolve(ones((3,)), ones((2,)), f"{mode}r")


@pytest.mark.parametrize(("x", "w", "out"), [((0, 5, 2), (3, 3, 2), (0, 3, 3)), ((2, 5, 2), (0, 3, 2), (2, 3, 0))])
def test_empty_batches_and_kernels_give_empty_results_and_zero_gradients(x, w, out):
    assert mx.conv1d(ones(x), ones(w)).shape == out
    dx, dw = mx.grad(lambda x, w: mx.sum(mx.conv1d(x, w)), argnums=(0, 1))(ones(x), ones(w))
    assert (dx.shape, dw.shape) == (x, w)
    assert not host(dx).any()
    assert not host(dw).any()


@pytest.mark.cotan_only
def test_channels_and_places_that_are_not_there_count_as_zero():
    assert_close(mx.conv1d(ones((1, 5, 0)), ones((2, 3, 0))), np.zeros((1, 3, 2)))
    assert_close(mx.conv1d(ones((1, 0, 2)), ones((1, 3, 2)), padding=2), np.zeros((1, 2, 1)))
    assert mx.grad(lambda x: mx.sum(mx.conv1d(x, ones((1, 3, 2)), padding=2)))(ones((1, 0, 2))).shape == (1, 0, 2)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_transposed_convolution_is_the_adjoint_of_the_convolution(stride):
    x, w = random(2, 13, 11, 4), random(6, 3, 2, 4)
    y, pulled = mx.vjp(
        lambda x: mx.conv2d(x, w, stride=stride, padding=1),
        [x],
        [random(*mx.conv2d(x, w, stride=stride, padding=1).shape)],
    )
    cotangent = random(*y[0].shape)
    more = tuple((n + 2 - k) % stride for n, k in zip((13, 11), (3, 2), strict=True))
    swapped = mx.transpose(w, (3, 1, 2, 0))
    assert_close(mx.conv_transpose2d(cotangent, swapped, stride, 1, 1, more), host(pulled[0]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("shape", "kernel"), [((2, 70, 60, 32), (48, 3, 3, 32)), ((1, 6000, 3), (5, 3001, 3))])
def test_large_convolutions_agree_with_fourier_transforms(shape, kernel):
    x, w = random(*shape), random(*kernel)
    axes = tuple(range(1, len(shape) - 1))
    sizes = [n + k - 1 for n, k in zip(shape[1:-1], kernel[1:-1], strict=True)]
    spectra = np.einsum(
        "n...c,o...c->n...o", np.fft.fftn(host(x), sizes, axes), np.conj(np.fft.fftn(host(w), sizes, axes))
    )
    want = np.fft.ifftn(spectra, sizes, axes).real
    kept = tuple(slice(n - k + 1) for n, k in zip(shape[1:-1], kernel[1:-1], strict=True))
    assert_close(mx.conv_general(x, w), want[(slice(None), *kept)], rtol=2e-4, atol=2e-3)


def test_halves_accumulate_in_single_precision():
    x = ones((1, 5000, 1), mx.float16)
    assert mx.conv1d(x, ones((1, 5000, 1), mx.float16)).item() == 5000
    assert mx.conv1d(x.astype(mx.bfloat16), ones((1, 5000, 1), mx.bfloat16)).item() == 4992
