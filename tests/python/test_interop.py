"""Exchange with NumPy and others: the buffer protocol, DLPack, `__array__`, array-API names."""

import gc

import cotan.core as mx
import numpy as np
import pytest
from helpers import ALL, assert_same, device, dtype_name, host

HOSTED = [d for d in ALL if d != "bfloat16"]

VIEWS = {
    "whole": lambda x: x,
    "transposed": lambda x: x.T,
    "strided": lambda x: x[::2, 1::2],
    "reversed": lambda x: x[::-1, ::-2],
    "row": lambda x: x[1],
    "empty": lambda x: x[:0],
    "scalar": lambda x: x[0, 1],
}


# ---------------------------------------------------------------- out


@pytest.mark.parametrize("dtype", HOSTED)
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_numpy_sees_the_values_of_every_layout(dtype, view):
    n = np.arange(12).reshape(3, 4).astype(dtype)
    x = view(device(n, dtype))
    for got in (np.array(x), np.asarray(x), x.__array__(), np.from_dlpack(x)):
        assert got.dtype == n.dtype
        np.testing.assert_array_equal(got, view(n))


def test_broadcast_arrays_are_exported_with_strides_of_zero():
    x = mx.broadcast_to(mx.array([1, 2]), (3, 2))
    m = memoryview(x)
    assert m.strides == (0, 4)
    assert m.tolist() == [[1, 2]] * 3


def test_layouts_are_exported_without_a_copy():
    m = memoryview(mx.arange(6).reshape(2, 3).T)
    assert (m.shape, m.strides, m.format) == ((3, 2), (4, 12), "i")
    assert memoryview(mx.arange(4)[::-1]).strides == (-4,)


CODES = dict(zip(HOSTED, ["?", "B", "H", "I", "Q", "b", "h", "i", "q", "e", "f", "d", "Zf"], strict=True))


@pytest.mark.parametrize("dtype", HOSTED)
def test_the_buffer_names_its_element_type(dtype):
    m = memoryview(device([0, 1], dtype))
    same_codes = {"q": "ql", "Q": "QL"}  # C's names of the same eight bytes
    assert m.format in same_codes.get(CODES[dtype], [CODES[dtype]])
    assert not m.readonly


@pytest.mark.parametrize("view", [np.asarray, lambda x: np.array(x, copy=False), lambda x: x.__array__(), memoryview])
def test_views_write_through(view):
    x = mx.array([1, 2, 3])
    view(x)[0] = 100
    assert_same(x, [100, 2, 3])


def test_np_array_copies():
    x = mx.array([1, 2, 3])
    np.array(x)[0] = 100
    assert_same(x, [1, 2, 3])


def test_numpy_converts_on_the_way_out_but_not_in_a_view():
    x = mx.array([1, 2])
    assert np.array(x, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError):
        np.array(x, dtype=np.float32, copy=False)


def test_a_view_outlives_its_array_and_keeps_the_old_values_after_an_update():
    x = mx.array([1, 2, 3])
    mx.eval(x)
    view = np.array(x, copy=False)
    x += 1
    x[0] = 9
    assert view.tolist() == [1, 2, 3]
    assert_same(x, [9, 3, 4])
    del x
    gc.collect()
    mx.clear_cache()
    _ = [mx.eval(mx.ones((3,), mx.int32)) for _ in range(8)]
    assert view.tolist() == [1, 2, 3]


def test_a_view_of_a_lazy_result_is_not_recycled():
    views = [np.asarray(mx.arange(1000) + i) for i in range(50)]
    for i, v in enumerate(views):
        np.testing.assert_array_equal(v, np.arange(1000) + i)


def test_writes_through_a_view_are_seen_by_later_operations_only():
    x = mx.array([1.0, 2.0])
    before = x * 2
    mx.eval(before)
    np.asarray(x)[0] = 10
    assert_same(before, [2, 4])
    assert_same(x * 2, [20, 4])


def test_numpy_on_the_left_wins():
    x = mx.array([1.0])
    assert type(np.array([2.0]) + x) is np.ndarray
    assert type(np.float32(2) * x) is np.ndarray
    assert type(x + np.array([2.0])) is mx.array
    np.testing.assert_allclose(np.sin(mx.array([0.0, 1.0])), np.sin([0.0, 1.0]), rtol=1e-6)


# ---------------------------------------------------------------- in


@pytest.mark.parametrize("dtype", [d for d in HOSTED if d != "float64"])
@pytest.mark.parametrize("make", [mx.array, mx.asarray, mx.from_dlpack], ids=["array", "asarray", "from_dlpack"])
def test_values_are_copied_in(dtype, make):
    n = np.array([0, 1, 1]).astype(dtype)
    x = make(n)
    n[0] = 1
    assert_same(x, [0, 1, 1], dtype)


def test_asarray_takes_what_array_takes_and_refuses_to_share():
    assert_same(mx.asarray(2.5), 2.5, "float32")
    assert_same(mx.asarray(b"ab"), [97, 98], "uint8")
    assert_same(mx.asarray([1, 2], dtype=mx.float16), [1, 2], "float16")
    assert dtype_name(mx.asarray(np.arange(2.0))) == "float32"
    for bad in (np.ones(2, np.float32), [1, 2]):
        with pytest.raises(ValueError):
            mx.asarray(bad, copy=False)
    with pytest.raises(TypeError):
        mx.from_dlpack([1])


def test_asarray_of_an_array_is_a_new_object():
    a = mx.array([1, 2])
    for copy in (None, True):
        b = mx.asarray(a, copy=copy)
        assert b is not a
        b[0] = 9
        assert_same(a, [1, 2])


# ---------------------------------------------------------------- DLPack


class Wrapped:
    """An object that offers nothing but DLPack."""

    def __init__(self, source):
        self.source = source

    def __dlpack__(self, **kwargs):
        return self.source.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.source.__dlpack_device__()


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_dlpack_round_trips_layouts(view):
    x = view(mx.arange(12).reshape(3, 4))
    assert_same(mx.from_dlpack(Wrapped(x)), host(x), "int32")
    n = np.asarray(view(np.arange(12, dtype=np.int32).reshape(3, 4)))
    assert_same(mx.from_dlpack(Wrapped(n)), n, "int32")


def test_dlpack_carries_bfloat16():
    x = mx.array([1.5, -2.0], mx.bfloat16)
    assert_same(mx.from_dlpack(Wrapped(x)), [1.5, -2.0], "bfloat16")


def test_dlpack_shares_memory_going_out():
    x = mx.array([1, 2, 3])
    mx.eval(x)
    view = np.from_dlpack(x)
    np.asarray(x)[0] = 7
    assert view[0] == 7


def test_the_cpu_is_the_dlpack_device():
    x = mx.array([1])
    assert x.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError):
        x.__dlpack__(dl_device=(2, 0))


def test_an_unused_capsule_frees_its_array():
    x = mx.ones((1000,))
    mx.eval(x)
    capsules = [x.__dlpack__() for _ in range(10)]
    del capsules, x
    gc.collect()


@pytest.mark.cotan_only
def test_a_capsule_is_used_once():
    capsule = mx.array([1, 2]).__dlpack__()

    class Once:
        def __dlpack__(self, **kwargs):
            return capsule

        def __dlpack_device__(self):
            return (1, 0)

    assert_same(mx.from_dlpack(Once()), [1, 2])
    with pytest.raises((ValueError, BufferError, RuntimeError, TypeError)):
        mx.from_dlpack(Once())


# ---------------------------------------------------------------- array API


def test_an_array_names_its_namespace():
    x = mx.array(1)
    assert x.__array_namespace__() is mx
    with pytest.raises(ValueError):
        x.__array_namespace__(api_version="2024.12")


def test_the_namespace_describes_itself():
    info = mx.__array_namespace_info__()
    assert info.default_dtypes()["integral"] == mx.int32
    assert info.default_dtypes()["real floating"] == mx.float32
    assert sorted(info.dtypes(kind="real floating")) == ["float32", "float64"]
    assert info.dtypes()["bool"] == mx.bool_
    assert info.default_device() == mx.default_device()
