"""Several threads building and evaluating over the same arrays agree with one. COTAN_TEST_SECONDS lengthens the run."""

import os
import sys
import threading
import time

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_same, host

THREADS = 8
SECONDS = float(os.environ.get("COTAN_TEST_SECONDS", "1.5"))

pytestmark = pytest.mark.cotan_only


def together(work):
    """Run work(i) in every thread at once; the first exception, if any, is raised here."""
    gate, failures = threading.Barrier(THREADS), []

    def run(i):
        try:
            gate.wait()
            work(i)
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]


@pytest.fixture(autouse=True)
def eager_switching():
    """Hand the interpreter over as often as it can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def model(w, x):
    h = mx.tanh(x @ w["first"] + w["bias"])
    return mx.mean(mx.logsumexp(h @ w["second"], axis=-1)) + mx.softmax(h, axis=0).max()


def shared():
    """Parameters and data; half of them not evaluated yet."""
    mx.random.seed(7)
    w = {
        "first": mx.random.normal((16, 32)),
        "bias": mx.zeros((32,)) + 0.1,
        "second": mx.array(np.linspace(-1, 1, 32 * 4, dtype=np.float32).reshape(32, 4)),
    }
    return w, mx.random.uniform(shape=(64, 16)) * 2 - 1


def test_threads_differentiate_shared_arrays_as_one_thread_does():
    reference, slope = mx.value_and_grad(model)(*shared())
    want, wanted = reference.item(), {k: host(v) for k, v in slope.items()}
    deadline = time.monotonic() + SECONDS
    rounds = [0] * THREADS
    data = [shared()]

    def work(i):
        while time.monotonic() < deadline:
            w, x = data[0]
            loss, grads = mx.value_and_grad(model)(w, x)
            assert loss.item() == want
            for k, g in grads.items():
                np.testing.assert_array_equal(host(g), wanted[k])
            if i == 0:
                data[0] = shared()  # a fresh set, so that first evaluations collide again
            rounds[i] += 1

    together(work)
    assert min(rounds) > 0


def test_one_lazy_array_evaluated_by_all_threads_at_once_has_one_value():
    for size in (1, 1000, 300_000):
        x = mx.arange(size, dtype=mx.float32)
        y = mx.exp(-x * 1e-3) + mx.sin(x)
        z = (y * 2).sum()
        seen = [None] * THREADS

        def work(i, y=y, z=z, seen=seen):
            mx.eval(y if i % 2 else z)
            seen[i] = (z.item(), host(y).tobytes())

        together(work)
        assert len(set(seen)) == 1


def test_an_array_built_in_one_thread_is_evaluated_in_another():
    built = [None] * THREADS

    def build(i):
        built[i] = mx.ones((100,)) * i + 1

    together(build)
    for i, x in enumerate(built):
        assert_same(x, np.full(100, i + 1))


def test_threads_update_arrays_of_their_own_while_reading_a_shared_one():
    base = mx.arange(1000) * 1

    def work(i):
        mine = base
        for k in range(50):
            mine = mine + 1
            mine[k] = -i
        want = np.arange(1000) + 50
        want[:50] = -i + np.arange(49, -1, -1)
        assert_same(mine, want)

    together(work)
    assert_same(base, np.arange(1000))


def test_tracing_in_one_thread_does_not_touch_another():
    x = mx.array([1.0, 2.0, 3.0])

    def work(i):
        for _ in range(100):
            if i % 3 == 0:
                assert_same(mx.grad(lambda x: mx.sum(x * x))(x), [2, 4, 6])
            elif i % 3 == 1:
                assert_same(mx.vmap(lambda x: x * 2)(x), [2, 4, 6])
            else:
                assert (x * 2).tolist() == [2, 4, 6]

    together(work)


def test_errors_of_one_thread_leave_the_others_alone():
    x = mx.arange(10)

    def work(i):
        for _ in range(100):
            if i % 2:
                with pytest.raises(IndexError):
                    mx.eval(x[mx.array([99])])
            else:
                assert (x + i).sum().item() == 45 + 10 * i

    together(work)
    assert_same(x, np.arange(10))


def test_evaluation_lets_other_python_threads_run():
    x = mx.random.uniform(shape=(1200, 1200))
    mx.eval(x)
    ticks, stop = [0], threading.Event()

    def tick():
        while not stop.is_set():
            ticks[0] += 1
            time.sleep(0.0005)

    ticker = threading.Thread(target=tick)
    ticker.start()
    before, begun = ticks[0], time.monotonic()
    while time.monotonic() - begun < 0.3:
        mx.eval(x @ x @ x)
    counted = ticks[0] - before
    stop.set()
    ticker.join()
    assert counted > 20
