"""Chains of a million calls build, differentiate, evaluate and drop on the default stack."""

import gc
import threading

import cotan.core as mx
import pytest
from helpers import assert_same

LONG = 1_000_000

pytestmark = [pytest.mark.cotan_only, pytest.mark.slow]


def chain(x, n):
    """x and n further calls."""
    for _ in range(n):
        x = -x
    return x


def small_stack(work):
    """Run on a thread whose stack is small; a recursion over the graph would end the process."""
    failures = []

    def run():
        try:
            work()
        except BaseException as e:
            failures.append(e)

    old = threading.stack_size(512 * 1024)
    try:
        t = threading.Thread(target=run)
        t.start()
        t.join()
    finally:
        threading.stack_size(old)
    if failures:
        raise failures[0]


def test_a_million_calls_evaluate():
    def work():
        assert_same(chain(mx.array([1.0, -2.0]), LONG), [1, -2])

    small_stack(work)


def test_a_million_calls_are_dropped_unevaluated():
    def work():
        x = chain(mx.array([1.0]), LONG)
        del x
        gc.collect()

    small_stack(work)
    assert_same(mx.array([1.0]) + 1, [2])


def test_a_million_calls_differentiate():
    def work():
        slope = mx.grad(lambda x: (chain(x, LONG) * x).sum())(mx.array([3.0]))
        assert_same(slope, [6])

    small_stack(work)


@pytest.mark.parametrize("transform", ["jvp", "vmap", "second"])
def test_hundred_thousand_calls_go_through_every_transform(transform):
    n = LONG // 10

    def work():
        x = mx.array([3.0])
        if transform == "jvp":
            assert_same(mx.jvp(lambda x: chain(x, n) * x, [x], [mx.array([1.0])])[1][0], [6])
        elif transform == "vmap":
            assert_same(mx.vmap(lambda x: chain(x, n) * 2)(x), [6])
        else:
            f = lambda x: (chain(x, n) * x * x).sum()
            assert_same(mx.grad(lambda x: mx.grad(f)(x).sum())(x), [18])

    small_stack(work)


def test_a_wide_graph_that_shares_is_walked_once():
    def work():
        x = mx.array([1.0])
        for _ in range(200):  # 2**200 paths, 200 nodes
            x = (x + x) * 0.5
        assert_same(x, [1])
        assert_same(mx.grad(lambda y: y.sum())(x), [1])

        def doubling(x):
            for _ in range(100):
                x = (x + x) * 0.5
            return x.sum()

        assert_same(mx.grad(doubling)(mx.array([1.0])), [1])

    small_stack(work)


def test_a_long_loop_of_in_place_updates():
    def work():
        x = mx.zeros((4,))
        for i in range(100_000):
            x[i % 4] = i
        assert_same(x, [99996, 99997, 99998, 99999])

    small_stack(work)
