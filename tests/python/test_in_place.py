"""Updates of slices use the memory of the array that they change exactly when nobody else can see it."""

import threading

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_same, host

pytestmark = pytest.mark.cotan_only

BYTES = 1 << 22


@pytest.fixture
def cache():
    """A large evaluated array of zeros that nothing else shares."""
    x = mx.zeros((8, BYTES // 32))
    mx.eval(x)
    return x


def growth(action):
    """Bytes that the action needs on top of what there is."""
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    action()
    return mx.get_peak_memory() - before


def test_updating_a_part_needs_no_second_array(cache):
    def update():
        for i in range(8):
            cache[i, 3:7] = mx.full((4,), i)
            mx.eval(cache[i].sum(), cache)

    assert growth(update) < BYTES // 4
    assert_same(cache[:, 2:8].sum(axis=1), [4 * i for i in range(8)])


def test_updates_in_a_row_need_one_array_at_most(cache):
    def update():
        for i in range(8):
            cache[i] = float(i)
        mx.eval(cache)

    assert growth(update) < BYTES * 5 // 4
    assert_same(cache[:, -1], list(range(8)))


def keep_slice(x):
    kept = x[:, 1:5]
    mx.eval(kept)
    return kept


@pytest.mark.parametrize(
    "keep",
    [
        keep_slice,
        lambda x: x[:, 1:5],
        lambda x: mx.array(x),
        lambda x: x.T,
        lambda x: x.reshape(-1),
        lambda x: mx.split(x, 2)[1],
        lambda x: np.array(x, copy=False),
        lambda x: memoryview(x),
        lambda x: [x[1], x * 1],
    ],
    ids=["slice", "pending slice", "copy", "transpose", "reshape", "split", "numpy", "memoryview", "several"],
)
def test_what_else_shows_the_array_keeps_the_old_values(keep):
    x = mx.arange(48.0).reshape(8, 6) + 0
    mx.eval(x)
    shown = keep(x)
    x[1:3] = -1.0
    mx.eval(x)
    flat = shown if isinstance(shown, list) else [shown]
    assert all((np.array(part) >= 0).all() for part in flat)
    assert_same(x[:, 0], [0, -1, -1, 18, 24, 30, 36, 42])


def test_a_part_of_itself_can_be_written_into_an_array():
    x = mx.arange(6) + 0
    mx.eval(x)
    x[1:6] = x[0:5]
    assert_same(x, [0, 0, 1, 2, 3, 4])
    x[::-1] = x
    assert_same(x, [4, 3, 2, 1, 0, 0])


def test_a_failure_beside_an_update_changes_nothing_about_it():
    x = mx.zeros((4,)) + 0
    mx.eval(x)
    x[1] = 5.0
    total = x.sum()
    x[2] = 7.0
    wrong = (x + total)[mx.array([9])]
    for _ in range(2):
        with pytest.raises(IndexError):
            mx.eval(wrong, x, total)
    assert_same(x, [0, 5, 7, 0])
    assert_same(total, 5)


def test_gradients_see_the_values_from_before_an_update():
    x = mx.arange(4.0) + 0
    mx.eval(x)

    def loss(y):
        z = y * y
        mx.eval(z)
        z[1] = y[0]
        mx.eval(z)
        return (z * y).sum()

    slope = mx.grad(loss)(x)
    assert_same(slope, [1, 0, 12, 27])
    assert_same(x, [0, 1, 2, 3])


def test_a_compiled_update_leaves_its_argument_alone():
    def write(x, v):
        x = x + 0
        x[1:3] = v
        return x

    step = mx.compile(write)
    x = mx.zeros((4,)) + 0
    for value in (1.0, 2.0, 3.0):
        y = step(x, mx.array(value))
        mx.eval(y)
        assert_same(y, [0, value, value, 0])
    assert_same(x, [0, 0, 0, 0])


def test_threads_that_evaluate_one_update_see_the_same_values():
    for _ in range(50):
        x = mx.zeros((64, 256)) + 0
        mx.eval(x)
        for i in range(4):
            x[i::7] = float(i + 1)
        seen, barrier = [], threading.Barrier(4)

        def look(x=x, seen=seen, barrier=barrier):
            barrier.wait()
            seen.append(host(x.sum()))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        want = sum((i + 1) * len(range(i, 64, 7)) for i in range(4)) * 256
        assert [float(total) for total in seen] == [want] * 4
