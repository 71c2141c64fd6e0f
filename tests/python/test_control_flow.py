"""scan, while_loop, fori_loop, cond and switch: equal to the same Python loops and branches, under every transform."""

import collections
import itertools
import subprocess
import sys
import threading

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, assert_same, dtype_name, host

pytestmark = pytest.mark.cotan_only

STEPS = 5
WEIGHT = mx.array([[0.3, -0.2], [0.5, 0.1]])
START = mx.array([0.4, -0.7])
INPUTS = mx.array(np.linspace(-1, 1, STEPS * 2).reshape(STEPS, 2).astype(np.float32))


# ---------------------------------------------------------------- the same program with and without control flow


def cell(weight, h, x):
    """One step of a small recurrent network, and its result."""
    h = mx.tanh(weight @ h + x)
    return h, (h * h).sum()


def unrolled(weight, start, xs, reverse=False):
    h, ys = start, [None] * len(xs)
    for i in reversed(range(len(xs))) if reverse else range(len(xs)):
        h, ys[i] = cell(weight, h, xs[i])
    return [h, mx.stack(ys)]


def scanned(weight, start, xs, **options):
    return list(mx.scan(lambda h, x: cell(weight, h, x), start, xs, **options))


def counted(weight, start, xs):
    h = mx.fori_loop(0, 3, lambda i, h: cell(weight, h, xs[i])[0] * (i + 1), start)
    return [h]


def counted_unrolled(weight, start, xs):
    h = start
    for i in range(3):
        h = cell(weight, h, xs[i])[0] * (i + 1)
    return [h]


def branching(weight, start, xs):
    one = lambda h: mx.cond(h.sum() > 0, lambda h: weight @ h, lambda h: mx.sin(h) * xs[0], h)
    return [one(start), one(-start)]


def branching_by_where(weight, start, xs):
    one = lambda h: mx.where(h.sum() > 0, weight @ h, mx.sin(h) * xs[0])
    return [one(start), one(-start)]


def choices(weight, xs):
    return [lambda h: h * 2, lambda h: weight @ h, lambda h: h * xs[1]]


def switching(weight, start, xs):
    kind = (start[0] * 10).astype(mx.int32) % 3
    return [mx.switch(kind, choices(weight, xs), start), mx.switch(2 - kind, choices(weight, xs), start)]


def switching_by_where(weight, start, xs):
    kind = (start[0] * 10).astype(mx.int32) % 3
    a, b, c = (f(start) for f in choices(weight, xs))
    pick = lambda kind: mx.where(kind == 0, a, mx.where(kind == 1, b, c))
    return [pick(kind), pick(2 - kind)]


def nested(weight, start, xs):
    def outer(h, x):
        inner = lambda h, w: (mx.tanh(h * w + x), (h * x).sum())
        h, ys = mx.scan(inner, h, weight)
        h = mx.cond(h[0] > h[1], lambda h: h * x, lambda h: mx.cos(h), h)
        return h, ys

    return list(mx.scan(outer, start, xs[:3]))


def nested_unrolled(weight, start, xs):
    h, rows = start, []
    for x in xs[:3]:
        ys = []
        for w in weight:
            ys.append((h * x).sum())
            h = mx.tanh(h * w + x)
        h = mx.where(h[0] > h[1], h * x, mx.cos(h))
        rows.append(mx.stack(ys))
    return [h, mx.stack(rows)]


def looping(weight, start, xs):
    state = (mx.array(0), start)
    return [mx.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, cell(weight, s[1], xs[0])[0]), state)[1]]


def looping_unrolled(weight, start, xs):
    for _ in range(3):
        start = cell(weight, start, xs[0])[0]
    return [start]


def searching(weight, start, xs):
    """A number of steps that depends on the values."""
    grow = lambda h: mx.abs(h) * 1.5 + 0.01 * (weight @ h) ** 2
    return [mx.while_loop(lambda h: (h * h).sum() < 2.0, grow, start)]


def searching_unrolled(weight, start, xs):
    h = start
    for _ in range(8):
        more = mx.abs(h) * 1.5 + 0.01 * (weight @ h) ** 2
        h = mx.where((h * h).sum() < 2.0, more, h)
    return [h]


PROGRAMS = {
    "scan": (scanned, unrolled),
    "scan in reverse": (lambda *a: scanned(*a, reverse=True), lambda *a: unrolled(*a, reverse=True)),
    "scan in segments": (lambda *a: scanned(*a, checkpoint=2), unrolled),
    "scan in reverse segments": (
        lambda *a: scanned(*a, reverse=True, checkpoint=True),
        lambda *a: unrolled(*a, reverse=True),
    ),
    "fori_loop": (counted, counted_unrolled),
    "cond": (branching, branching_by_where),
    "switch": (switching, switching_by_where),
    "nested": (nested, nested_unrolled),
    "while_loop": (looping, looping_unrolled),
    "while_loop on values": (searching, searching_unrolled),
}


def total(outputs):
    """A scalar to which no two outputs contribute alike."""
    return sum((mx.sin(y) * (i + 1)).sum() for i, y in enumerate(outputs))


def directions(args):
    return [mx.cos(mx.arange(a.size, dtype=mx.float32) * 1.7 + i).reshape(a.shape) for i, a in enumerate(args)]


def vmap_of_examples(f):
    return lambda *a: mx.vmap(f)(*(mx.stack([x, 0.5 * x, 0.1 - x]) for x in a))


def vmap_of_one(f, which):
    axes = [None] * 3
    axes[which] = 0
    spread = lambda x: mx.stack([x, 0.5 * x, 0.1 - x])
    return lambda *a: mx.vmap(f, in_axes=tuple(axes))(*(spread(x) if i == which else x for i, x in enumerate(a)))


TRANSFORMS = {
    "grad": lambda f: lambda *a: list(mx.grad(lambda *a: total(f(*a)), argnums=(0, 1, 2))(*a)),
    "jvp": lambda f: lambda *a: mx.jvp(f, a, directions(a))[1],
    "vmap": vmap_of_examples,
    "compile": mx.compile,
    "checkpoint": mx.checkpoint,
}
REVERSE = {"grad", "checkpoint"}


def assert_alike(got, want):
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        assert_close(a, host(b), dtype_name(b), rtol=2e-4, atol=2e-5)


def has_reverse(program, *transforms):
    """Reverse mode of a while_loop is refused, and nothing else."""
    return "while" in program and "grad" in transforms


PAIRS = [p for p in itertools.product(PROGRAMS, TRANSFORMS, TRANSFORMS) if not has_reverse(*p)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_values_are_those_of_the_plain_program(program):
    control, plain = PROGRAMS[program]
    assert_alike(control(WEIGHT, START, INPUTS), plain(WEIGHT, START, INPUTS))


@pytest.mark.parametrize(("program", "outer", "inner"), PAIRS)
def test_every_pair_of_transforms_gives_what_it_gives_of_the_plain_program(program, outer, inner):
    control, plain = PROGRAMS[program]
    both = lambda f: TRANSFORMS[outer](TRANSFORMS[inner](f))
    assert_alike(both(control)(WEIGHT, START, INPUTS), both(plain)(WEIGHT, START, INPUTS))


@pytest.mark.parametrize("names", [("grad", "grad", "grad"), ("vmap", "grad", "jvp"), ("grad", "vmap", "grad")])
@pytest.mark.parametrize("program", ["scan", "scan in segments", "nested", "cond"])
def test_transforms_combine_to_any_depth(program, names):
    control, plain = PROGRAMS[program]
    for name in names:
        control, plain = TRANSFORMS[name](control), TRANSFORMS[name](plain)
    assert_alike(control(WEIGHT, START, INPUTS), plain(WEIGHT, START, INPUTS))


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("program", PROGRAMS)
def test_one_argument_alone_can_be_mapped(program, which):
    control, plain = PROGRAMS[program]
    both = lambda f: vmap_of_one(f, which)
    assert_alike(both(control)(WEIGHT, START, INPUTS), both(plain)(WEIGHT, START, INPUTS))
    if "while" not in program:
        both = lambda f: vmap_of_one(TRANSFORMS["grad"](f), which)
        assert_alike(both(control)(WEIGHT, START, INPUTS), both(plain)(WEIGHT, START, INPUTS))
        both = lambda f: TRANSFORMS["grad"](vmap_of_one(f, which))
        assert_alike(both(control)(WEIGHT, START, INPUTS), both(plain)(WEIGHT, START, INPUTS))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_types_stay_as_they_are(dtype):
    kind = getattr(mx, dtype)
    xs = mx.arange(3.0).astype(kind)
    f = lambda c, x: (c * x + x, c)
    carry, ys = mx.scan(f, mx.ones((), kind), xs)
    assert dtype_name(carry) == dtype_name(ys) == dtype
    pulled = mx.vjp(lambda x: mx.scan(f, mx.ones((), kind), x)[0], [xs], [mx.ones((), kind)])[1][0]
    assert_close(pulled.astype(mx.complex64), [4, 2, 2], rtol=1e-2)
    assert dtype_name(pulled) == dtype


def test_derivatives_of_complex_loops_are_conjugate_transposes():
    z = mx.array(1 + 1j)
    square = lambda z: mx.scan(lambda c, _: (c * z, None), mx.ones((), mx.complex64), length=2)[0]
    assert_close(mx.vjp(square, [z], [mx.array(1 + 0j)])[1][0], 2 - 2j)


# ---------------------------------------------------------------- what is run, and when


def test_the_body_runs_once_and_one_branch_is_evaluated():
    calls = []

    def body(c, x):
        calls.append("body")
        return c + x, c

    mx.eval(mx.scan(body, mx.array(0.0), mx.ones((100,))))
    assert calls == ["body"]
    fails = lambda x: mx.take(x, mx.array([99])).sum()
    assert_same(mx.cond(mx.array(True), lambda x: x.sum(), fails, mx.ones((2,))), 2)
    with pytest.raises((ValueError, IndexError)):
        mx.eval(mx.cond(mx.array(False), lambda x: x.sum(), fails, mx.ones((2,))))


def test_elements_have_no_values_in_a_body():
    for name, call in {
        "scan": lambda: mx.scan(lambda c, x: (c if x > 0 else -c, None), mx.array(0.0), mx.ones((2,))),
        "while_loop": lambda: mx.while_loop(lambda c: c.item() < 3, lambda c: c + 1, mx.array(0.0)),
        "fori_loop": lambda: mx.fori_loop(0, 3, lambda i, c: c + float(i), mx.array(0.0)),
        "cond": lambda: mx.cond(mx.array(True), lambda x: x.tolist(), lambda x: x, mx.array(0.0)),
        "switch": lambda: mx.switch(mx.array(0), [lambda x: np.array(x)], mx.array(0.0)),
    }.items():
        with pytest.raises(ValueError, match="scan" if name == "fori_loop" else name):
            call()


def test_captured_arrays_are_followed_and_computed_once():
    w = mx.array(3.0)
    slope = mx.grad(lambda w: mx.scan(lambda c, x: (c * w, None), mx.array(1.0), length=4)[0])(w)
    assert_same(slope, 4 * 27)
    pending = mx.exp(mx.zeros((2,)))
    assert_same(mx.scan(lambda c, x: (c + pending, None), mx.zeros((2,)), length=3)[0], [3, 3])


def test_an_array_made_in_the_body_is_none_of_its_arguments():
    assert_same(mx.scan(lambda c, x: (c + mx.arange(2.0), mx.ones((1,))), mx.zeros((2,)), length=3)[0], [0, 3])
    assert_same(mx.scan(lambda c, x: (mx.ones((2,)), None), mx.zeros((2,)), length=3)[0], [1, 1])


def test_assignments_in_the_body_change_nothing_outside():
    start = mx.zeros((2,))

    def body(c, x):
        c += x
        c[0] = 5
        return c, c

    assert_same(mx.scan(body, start, mx.ones((2, 2)))[0], [5, 2])
    assert_same(start, [0, 0])


def test_no_steps_give_the_first_carry():
    carry, ys = mx.scan(lambda c, x: (c + x, c * x), mx.array(2.0), mx.zeros((0,)))
    assert_same(carry, 2)
    assert_same(ys, np.zeros(0))
    assert_same(mx.fori_loop(5, 3, lambda i, c: c + i, 7), 7)
    assert_same(mx.while_loop(lambda c: mx.array(False), lambda c: c + 1, 7), 7)
    slope = mx.grad(lambda c, x: mx.scan(lambda c, x: (c + x, c * x), c, x)[0], argnums=(0, 1))(
        mx.array(2.0), mx.zeros((0,))
    )
    assert_same(slope[0], 1)
    assert_same(slope[1], np.zeros(0))


Point = collections.namedtuple("Point", "x y")


def test_carries_slices_and_results_may_be_nested():
    def body(carry, x):
        point, extra = carry["p"], carry["e"]
        return {"e": extra, "p": Point(point.x + x[0], point.y * x[1]["k"])}, {"r": [point.x, None]}

    init = {"p": Point(0.0, mx.ones((2,))), "e": (None, [1])}
    carry, ys = mx.scan(body, init, (mx.arange(3.0), {"k": mx.full((3,), 2.0)}))
    assert isinstance(carry["p"], Point)
    assert_same(carry["p"].x, 3)
    assert_same(carry["p"].y, [8, 8])
    assert carry["e"][0] is None
    assert_same(carry["e"][1][0], 1)
    assert_same(ys["r"][0], [0, 0, 1])
    assert ys["r"][1] is None


def test_a_dictionary_may_come_back_in_another_order():
    init = {"a": mx.array(1.0), "b": mx.zeros((2,))}
    carry, _ = mx.scan(lambda c, _: ({"b": c["b"] + 1, "a": c["a"] * 2}, None), init, length=3)
    assert_same(carry["a"], 8)
    assert_same(carry["b"], [3, 3])
    same = mx.cond(mx.array(False), lambda: {"x": 1, "y": [2.0, 3.0]}, lambda: {"y": [5.0, 6.0], "x": 4})
    assert_same(same["x"], 4)


def test_bounds_may_be_arrays():
    f = lambda n, x: mx.fori_loop(0, n, lambda i, c: c * x, mx.array(1.0))
    assert_same(f(mx.array(3), mx.array(2.0)), 8)
    assert_same(mx.vmap(f)(mx.array([0, 1, 4]), mx.array([2.0, 2.0, 2.0])), [1, 2, 16])
    assert_same(mx.jvp(lambda x: f(mx.array(3), x), [mx.array(2.0)], [mx.array(1.0)])[1][0], 12)
    wide = mx.fori_loop(2**40, 2**40 + 2, lambda i, c: i, mx.array(0, mx.int64))
    assert wide.item() == 2**40 + 1


def test_an_index_out_of_range_means_the_nearest_branch():
    branches = [lambda: mx.array(10), lambda: mx.array(20), lambda: mx.array(30)]
    given = [-5, 0, 1, 2, 9]
    for index, want in zip(given, [10, 10, 20, 30, 30], strict=True):
        assert_same(mx.switch(index, branches), want)
    assert_same(mx.vmap(lambda i: mx.switch(i, branches))(mx.array(given)), [10, 10, 20, 30, 30])
    assert_same(mx.switch(mx.array(2**40, mx.int64), branches), 30)
    assert_same(mx.switch(mx.array(np.array(2**64 - 1, np.uint64)), branches), 30)


def test_examples_stop_on_their_own_and_keep_their_values():
    halve = lambda x: mx.while_loop(lambda x: x > 1, lambda x: mx.log(x), x)
    xs = mx.array([0.5, 2.0, 30.0, 1e9])
    want = [float(halve(x)) for x in xs]
    assert_close(mx.vmap(halve)(xs), want)
    slopes = mx.vmap(lambda x: mx.jvp(halve, [x], [mx.array(1.0)])[1][0])(xs)
    assert_close(slopes, [float(mx.jvp(halve, [x], [mx.array(1.0)])[1][0]) for x in xs])
    assert np.isfinite(host(slopes)).all()


def test_a_condition_that_reads_nothing_mapped_steps_all_examples_together():
    f = lambda x: mx.while_loop(lambda s: s[0] < 4, lambda s: (s[0] + 1, s[1] * x), (mx.array(0), mx.array(1.0)))
    count, power = mx.vmap(f)(mx.array([1.0, 2.0, 3.0]))
    assert_same(count, [4, 4, 4])
    assert_same(power, [1, 16, 81])


# ---------------------------------------------------------------- errors

SCALAR = mx.array(0.0)
BAD = {
    "carry of another shape": (
        ValueError,
        r"carry.*\(2,\)",
        lambda: mx.scan(lambda c, x: (x, None), SCALAR, mx.ones((3, 2))),
    ),
    "carry of another type": (
        ValueError,
        r"carry\['a'\]\[1\] is float32.*int32",
        lambda: mx.scan(lambda c, _: ({"a": [c["a"][0], mx.array(1)]}, None), {"a": [SCALAR, SCALAR]}, length=2),
    ),
    "carry of another structure": (
        ValueError,
        "carry is a list where a tuple",
        lambda: mx.scan(lambda c, _: (list(c), None), (SCALAR, SCALAR), length=2),
    ),
    "carry with fewer items": (
        ValueError,
        "carry has 1 items, expected 2",
        lambda: mx.scan(lambda c, _: ((c[0],), None), (SCALAR, SCALAR), length=2),
    ),
    "carry without a key": (
        ValueError,
        "carry lacks the key 'b'",
        lambda: mx.while_loop(lambda c: True, lambda c: {"a": c["a"]}, {"a": SCALAR, "b": SCALAR}),
    ),
    "carry with another key": (
        ValueError,
        "unexpected key 'z'",
        lambda: mx.fori_loop(0, 2, lambda i, c: {**c, "z": SCALAR}, {"a": SCALAR}),
    ),
    "no pair": (TypeError, r"tuple \(carry, y\)", lambda: mx.scan(lambda c, x: c, SCALAR, length=2)),
    "no length": (ValueError, "length", lambda: mx.scan(lambda c, x: (c, x), SCALAR)),
    "negative length": (ValueError, "length", lambda: mx.scan(lambda c, x: (c, x), SCALAR, length=-1)),
    "lengths that differ": (
        ValueError,
        "leaf 1 of xs",
        lambda: mx.scan(lambda c, x: (c, None), SCALAR, (mx.ones((2,)), mx.ones((3,)))),
    ),
    "length against xs": (ValueError, "size 4", lambda: mx.scan(lambda c, x: (c, x), SCALAR, mx.ones((3,)), length=4)),
    "scalar to scan": (ValueError, "no axis", lambda: mx.scan(lambda c, x: (c, x), SCALAR, SCALAR)),
    "results without room": (
        ValueError,
        "too many elements",
        lambda: mx.scan(lambda c, x: (c, mx.ones((4,))), SCALAR, length=2**62),
    ),
    "no positive segment": (
        ValueError,
        "checkpoint",
        lambda: mx.scan(lambda c, x: (c, x), SCALAR, mx.ones((3,)), checkpoint=0),
    ),
    "an object as carry": (
        TypeError,
        r"carry\[0\] is a object",
        lambda: mx.scan(lambda c, x: (c, x), [object()], length=1),
    ),
    "vector as condition": (
        ValueError,
        r"scalar.*\(2,\)",
        lambda: mx.while_loop(lambda c: c > 0, lambda c: c, mx.ones((2,))),
    ),
    "vector as predicate": (
        ValueError,
        "scalar",
        lambda: mx.cond(mx.array([True]), lambda: SCALAR, lambda: SCALAR),
    ),
    "branches that differ": (
        ValueError,
        "leaf 0 .* true_fun but .* false_fun",
        lambda: mx.cond(mx.array(True), lambda: SCALAR, lambda: mx.ones((2,))),
    ),
    "branches nested differently": (
        ValueError,
        "false_fun is a float where a tuple",
        lambda: mx.cond(mx.array(True), lambda: (SCALAR, SCALAR), lambda: 1.0),
    ),
    "no branches": (ValueError, "at least one", lambda: mx.switch(0, [])),
    "float index": (ValueError, "integer scalar", lambda: mx.switch(1.0, [lambda: SCALAR])),
    "float bounds": (TypeError, "bounds", lambda: mx.fori_loop(0, 2.5, lambda i, c: c, SCALAR)),
    "float array bounds": (ValueError, "integer scalars", lambda: mx.fori_loop(0, SCALAR, lambda i, c: c, SCALAR)),
    "no function": (TypeError, "expected a function", lambda: mx.scan(3, SCALAR, length=1)),
}


@pytest.mark.parametrize(("kind", "words", "call"), BAD.values(), ids=BAD)
def test_errors_say_what_is_wrong(kind, words, call):
    with pytest.raises(kind, match=words):
        call()


def test_reverse_mode_of_a_while_loop_names_the_alternative():
    f = lambda x: mx.while_loop(lambda c: c < 5.0, lambda c: c * x, x)
    with pytest.raises(ValueError, match="fori_loop"):
        mx.grad(f)(mx.array(2.0))
    assert_same(mx.grad(lambda x: x * mx.stop_gradient(f(x)))(mx.array(2.0)), 8)


def test_an_exception_in_a_body_passes_through():
    def body(c, x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        mx.scan(body, SCALAR, length=2)
    assert_same(mx.scan(lambda c, x: (c + 1, None), SCALAR, length=2)[0], 2)


def test_an_index_that_is_out_of_range_in_one_step_raises_and_nothing_is_left_behind():
    xs = mx.array([0, 1, 7])
    carry, _ = mx.scan(lambda c, i: (c + mx.take(mx.ones((2,)), i), None), SCALAR, xs)
    for _ in range(2):
        with pytest.raises((ValueError, IndexError)):
            mx.eval(carry)


# ---------------------------------------------------------------- custom functions, threads, length


def test_custom_rules_are_used_in_a_body():
    @mx.custom_function
    def f(x):
        return x * 2

    @f.vjp
    def f_vjp(primals, cotangents, outputs):
        return cotangents * 10

    loop = lambda x: mx.scan(lambda c, _: (f(c), None), x, length=3)[0]
    assert_same(loop(mx.array(1.0)), 8)
    assert_same(mx.grad(loop)(mx.array(1.0)), 1000)
    assert_same(mx.vmap(mx.grad(loop))(mx.array([1.0, 2.0])), [1000, 1000])
    assert_same(mx.grad(lambda x: mx.cond(x > 0, f, mx.sin, x))(mx.array(1.0)), 10)


def test_a_loop_can_be_the_inside_of_a_custom_function():
    @mx.custom_function
    def power(x):
        return mx.scan(lambda c, _: (c * x, None), mx.array(1.0), length=3)[0]

    @power.vjp
    def power_vjp(x, cotangent, output):
        return mx.fori_loop(0, 2, lambda i, c: c * x, 3 * cotangent)

    assert_same(mx.grad(power)(mx.array(2.0)), 12)
    assert_same(mx.grad(mx.grad(power))(mx.array(2.0)), 12)


def test_threads_may_run_the_same_loop():
    xs = mx.ones((200,))
    slope = mx.grad(lambda x: mx.scan(lambda c, x: (mx.sin(c) + x, c), SCALAR, x)[1].sum())
    want, got = host(slope(xs)), []
    threads = [threading.Thread(target=lambda: got.append(host(slope(xs)))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(got) == 4
    for values in got:
        np.testing.assert_array_equal(values, want)


def test_the_forward_pass_is_not_run_twice():
    """Reverse mode takes over the loop that the value waits for: one pass stores the carries too."""
    xs = mx.ones((10,))
    value, slope = mx.value_and_grad(lambda x: mx.scan(lambda c, x: (mx.sin(c) + x, None), SCALAR, x)[0])(xs)
    mx.eval(value)  # ...and what it stored is there for the gradient
    want = mx.grad(lambda x: mx.scan(lambda c, x: (mx.sin(c) + x, None), SCALAR, x)[0])(xs)
    assert_close(slope, host(want))


@pytest.mark.slow
def test_a_million_steps_need_little_stack_and_memory():
    def work():
        mx.reset_peak_memory()
        before = mx.get_active_memory()
        carry = mx.fori_loop(0, 1_000_000, lambda i, c: c + i, mx.array(0, mx.int64))
        assert carry.item() == 999_999 * 500_000
        assert mx.get_peak_memory() - before < 1 << 20
        slope = mx.grad(lambda x: mx.fori_loop(0, 100_000, lambda i, c: c + x * x, SCALAR, checkpoint=True))
        mx.reset_peak_memory()
        assert_close(slope(mx.array(0.5)), 100_000)
        assert mx.get_peak_memory() - before < 1 << 20

    failures = []

    def run():
        try:
            work()
        except BaseException as e:
            failures.append(e)

    old = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(old)
    if failures:
        raise failures[0]


# ---------------------------------------------------------------- what an example doesn't take part in


def test_examples_do_not_fail_in_branches_that_they_do_not_take():
    x = mx.array([1.0, 2.0, 3.0])
    picked = mx.vmap(lambda i: mx.cond(i < 3, lambda i: x[i], lambda i: mx.array(0.0), i))(mx.array([0, 5, 2]))
    assert picked.tolist() == [1.0, 0.0, 3.0]
    matrices = mx.stack([mx.eye(2) * 2, mx.zeros((2, 2))])
    inverse = mx.vmap(lambda a: mx.cond(mx.linalg.det(a) != 0, mx.linalg.inv, lambda a: a, a))
    assert inverse(matrices).tolist() == [[[0.5, 0.0], [0.0, 0.5]], [[0.0, 0.0], [0.0, 0.0]]]
    assert inverse(matrices[1:]).tolist() == [[[0.0, 0.0], [0.0, 0.0]]]


def test_examples_do_not_fail_in_steps_that_they_do_not_take():
    def halved(a, n):
        return mx.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, mx.linalg.inv(c[1])), (mx.array(0), a))[1]

    got = mx.vmap(halved)(mx.stack([mx.eye(2) * 2, mx.zeros((2, 2))]), mx.array([1, 0]))
    assert got.tolist() == [[[0.5, 0.0], [0.0, 0.5]], [[0.0, 0.0], [0.0, 0.0]]]


def test_slopes_of_branches_that_an_example_does_not_take_do_not_matter():
    def root(x):
        return mx.cond(x > 0, mx.sqrt, lambda x: x * 0, x)

    x = mx.array([0.0, 1.0])
    assert mx.grad(lambda x: mx.vmap(root)(x).sum())(x).tolist() == mx.vmap(mx.grad(root))(x).tolist() == [0.0, 0.5]


def test_a_vmap_without_examples_has_branches_too():
    assert mx.vmap(lambda x: mx.cond(x > 0, mx.sin, mx.cos, x))(mx.zeros((0,))).shape == (0,)


def test_bodies_nested_too_deeply_are_refused():
    def nested(depth, x):
        return x if depth == 0 else mx.cond(x > 0, lambda x: nested(depth - 1, x), lambda x: x, x)

    with pytest.raises(ValueError, match="nested deeper"):
        nested(200, mx.array(1.0))


def test_a_running_loop_can_be_interrupted():
    code = """
import cotan.core as mx, os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background may begin with it ignored
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
x = mx.while_loop(lambda c: c < 2, lambda c: c * 1.0, mx.array(1.0))
try:
    mx.eval(x)
except KeyboardInterrupt:
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "stopped\n", done.stderr
