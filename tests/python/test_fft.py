"""Fourier transforms beyond the table: laws between them, lengths of every kind, what is refused."""

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, assert_same, dtype_name, host
from hypothesis import given, settings
from hypothesis import strategies as st

F = mx.fft


def random(*shape):
    rng = np.random.default_rng(sum(shape))
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


@settings(deadline=None)
@given(st.integers(1, 400) | st.sampled_from([1009, 2310, 4096, 10007, 3 * 1009]), st.sampled_from([1, 3]))
def test_every_length_agrees_with_numpy(n, rows):
    x = random(rows, n)
    scale = np.sqrt(n)
    assert_close(F.fft(mx.array(x)), np.fft.fft(x.astype(complex)), rtol=1e-5, atol=1e-5 * scale)
    assert_close(F.rfft(mx.array(x.real)), np.fft.rfft(x.real.astype(float)), rtol=1e-5, atol=1e-5 * scale)
    assert_close(F.irfft(mx.array(x), n), np.fft.irfft(x.astype(complex), n), rtol=1e-5, atol=1e-5)
    assert_close(F.ifft(F.fft(mx.array(x))), x, rtol=1e-5, atol=1e-5)


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 60))
def test_transforms_turn_convolutions_into_products(n, m):
    a, b = random(n), random(m)
    size = n + m - 1
    product = F.ifft(F.fft(mx.array(a), size) * F.fft(mx.array(b), size))
    assert_close(product, np.convolve(a, b), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(64, 48), (3, 5, 7, 4)])
def test_ortho_keeps_lengths(shape):
    x = random(*shape)
    y = host(F.fftn(mx.array(x), norm="ortho"))
    assert np.linalg.norm(y) == pytest.approx(np.linalg.norm(x), rel=1e-5)


def test_results_are_single_precision_whatever_goes_in():
    for dtype in (mx.bool_, mx.int8, mx.uint64, mx.float16, mx.bfloat16, mx.float64, mx.complex64):
        x = mx.ones((4,)).astype(dtype)
        assert dtype_name(F.fft(x)) == dtype_name(F.rfft(x)) == "complex64"
        assert dtype_name(F.irfft(x)) == "float32"
    assert_close(F.rfft(mx.array([1 + 2j, 2, 3])), np.fft.rfft([1.0, 2, 3]))


def test_transforms_of_strided_arrays_are_those_of_their_elements():
    x = random(6, 8, 5)
    for view, same in [(mx.array(x).transpose(2, 0, 1), x.transpose(2, 0, 1)), (mx.array(x)[::-1, ::2], x[::-1, ::2])]:
        for axis in range(3):
            assert_close(F.fft(view, axis=axis), np.fft.fft(same, axis=axis), atol=1e-5)
            assert_close(F.rfft(mx.real(view), axis=axis), np.fft.rfft(same.real, axis=axis), atol=1e-5)


def test_empty_batches_stay_empty_and_empty_axes_can_be_filled():
    assert F.fft(mx.ones((0, 4))).shape == (0, 4)
    assert F.rfftn(mx.ones((0, 4, 6)), axes=(1, 2)).shape == (0, 4, 4)
    assert_same(F.fft(mx.ones((0,)), n=4), np.zeros(4), "complex64")


def test_nan_stays_within_its_lane():
    x = np.ones((2, 4), np.float32)
    x[0, 1] = np.nan
    y = host(F.fft(mx.array(x)))
    assert np.isnan(y[0]).all()
    assert not np.isnan(y[1]).any()


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.fft(mx.ones((4,)), n=0),
        lambda: F.fft(mx.ones((4,)), n=-1),
        lambda: F.fft(mx.ones((0,))),
        lambda: F.irfft(mx.ones((1,))),
        lambda: F.irfft(mx.ones((2, 0))),
        lambda: F.fft(mx.ones((4,)), norm="none"),
        lambda: F.fftn(mx.ones((2, 3)), s=(4,)),
        lambda: F.fftn(mx.ones((2, 3)), s=(4,), axes=(0, 1)),
        lambda: F.rfftn(mx.ones((2, 2)), s=(0, 2), axes=(0, 1)),
        lambda: F.fftn(mx.ones((2, 2)), axes=(0, -2)),
        lambda: F.fftn(mx.array(1.0)),
        lambda: F.fftfreq(0),
        lambda: F.rfftfreq(-1),
        lambda: F.fftfreq(4, d=0),
        lambda: F.stft(mx.ones((16,)), n_fft=0),
        lambda: F.stft(mx.ones((16,)), n_fft=2),
        lambda: F.stft(mx.ones((16,)), n_fft=4, hop_length=0),
        lambda: F.stft(mx.ones((16,)), n_fft=4, win_length=5),
        lambda: F.stft(mx.ones((16,)), n_fft=4, window=mx.ones((4, 1))),
        lambda: F.stft(mx.ones((2,)), n_fft=8, center=False),
        lambda: F.stft(mx.ones((16,)), n_fft=4, pad_mode="wrap"),
        lambda: F.stft(mx.array(1.0), n_fft=4),
        lambda: F.istft(mx.ones((3,))),
        lambda: F.istft(mx.ones((3, 0))),
        lambda: F.istft(mx.ones((1, 4))),
        pytest.param(lambda: F.istft(mx.ones((3, 4)), length=-1), marks=pytest.mark.cotan_only),
        pytest.param(
            lambda: F.stft(mx.ones((16,)), n_fft=4, win_length=3, window=mx.ones((2,))), marks=pytest.mark.cotan_only
        ),
    ],
)
def test_what_has_no_transform_is_a_value_error(call):
    with pytest.raises(ValueError):
        call()


def test_axes_that_do_not_exist_are_an_index_error():
    for call in (
        lambda: F.fft(mx.ones((4,)), axis=1),
        lambda: F.fft2(mx.ones((4,))),
        lambda: F.rfft(mx.array(1.0)),
        lambda: F.fftshift(mx.ones((2, 3)), axes=[2]),
    ):
        with pytest.raises(IndexError):
            call()


@pytest.mark.cotan_only
def test_sizes_beyond_memory_are_an_error():
    for call in (lambda: F.fft(mx.ones((4,)), n=2**62), lambda: F.irfft(mx.ones((4,)), n=2**63 - 1)):
        with pytest.raises((RuntimeError, ValueError)):
            mx.eval(call())


@pytest.mark.parametrize(("n", "hop"), [(64, None), (50, 20), (33, 8)])
@pytest.mark.parametrize("center", [True, False])
def test_signals_come_back_from_their_frames(n, hop, center):
    x = random(2, 1000).real
    options = {"hop_length": hop, "window": mx.array(np.hanning(n + 2)[1:-1].astype(np.float32)), "center": center}
    z = F.stft(mx.array(x), n, **options)
    y = host(F.istft(z, n, length=1000, **options))
    whole = 1000 if center else n + (z.shape[-1] - 1) * (hop or n // 4)
    np.testing.assert_allclose(y[:, :whole], x[:, :whole], atol=1e-4)


@pytest.mark.parametrize("hop", [1, 3, 4, 9])
def test_frames_add_up_wherever_they_start(hop):
    z = F.stft(mx.ones((40,)), 4, hop, center=False)
    y = host(F.istft(z, hop_length=hop, center=False))
    assert y.shape == (4 + hop * (z.shape[-1] - 1),)
    covered = np.zeros(y.shape, bool)
    for start in range(0, len(y) - 3, hop):
        covered[start : start + 4] = True
    np.testing.assert_allclose(y, covered, atol=1e-6)
