"""Compiled functions: the same bits as uncompiled ones, recorded once per signature, and what they remember."""

import gc
import os
import subprocess
import sys
import threading
import weakref

import cotan.core as mx
import cotan.nn as nn
import numpy as np
import pytest
from helpers import ALL, FLOATS, device, host
from hypothesis import given, settings
from hypothesis import strategies as st
from op_table import TABLE
from op_table.spec import Operand


def bits(x):
    """The values with every NaN alike, as bytes, so that -0.0 differs from 0.0."""
    values = host(x)
    if values.dtype.kind in "fc":
        values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
    return values.shape, str(x.dtype), np.ascontiguousarray(values).tobytes()


def operands(op, dtype, salt="compile", repeat=1):
    values = op.sample(dtype, salt)
    arrays = []
    for operand, value in zip(op.operands, values, strict=True):
        value = np.concatenate([value] * repeat) if repeat > 1 and np.ndim(value) else value
        arrays.append(device(value, dtype if isinstance(operand, Operand) else operand.dtype))
    return arrays


def rows(op):
    """One integer and one inexact dtype of the row suffice: what is compiled doesn't depend on more."""
    floats = [d for d in op.dtypes if d in ("float32", "float64")][:1]
    rest = [d for d in op.dtypes if d in ("int32", "bool", "complex64")][:1]
    return floats + rest


EACH = [pytest.param(op, d, id=f"{op.id}-{d}") for op in TABLE for d in rows(op)]


def counted(f):
    """The function, and a list with one entry per time that its Python code ran."""
    runs = []

    def g(*args, **kwargs):
        runs.append(1)
        return f(*args, **kwargs)

    return g, runs


# ---------------------------------------------------------------- the same results


@pytest.mark.parametrize(("op", "dtype"), EACH)
def test_a_compiled_row_has_the_bits_of_the_row(op, dtype):
    args = operands(op, dtype)
    compiled = mx.compile(lambda *args: list(op.outputs(*args)))
    want = [bits(x) for x in op.outputs(*args)]
    for _ in range(2):
        assert [bits(x) for x in compiled(*args)] == want


@pytest.mark.parametrize(("op", "dtype"), EACH)
def test_a_shapeless_row_serves_other_shapes_or_refuses_them(op, dtype):
    first, other = operands(op, dtype), operands(op, dtype, "other", repeat=2)
    compiled = mx.compile(lambda *args: list(op.outputs(*args)), shapeless=True)
    try:
        compiled(*first)
        got = [bits(x) for x in compiled(*other)]
    except ValueError:
        return
    try:
        want = [bits(x) for x in op.outputs(*other)]
    except (ValueError, IndexError):
        return
    assert got == want


NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5)
UNARIES = (
    lambda x: -x,
    mx.abs,
    mx.floor,
    mx.square,
    mx.stop_gradient,
    lambda x: x.T,
    lambda x: x.reshape(-1).reshape(3, 3),
    lambda x: mx.broadcast_to(x, (3, 3)),
    lambda x: x.astype(mx.float64).astype(x.dtype),
    lambda x: x.astype(mx.float16).astype(x.dtype),
    lambda x: mx.softmax(x, axis=-1),
    lambda x: x - x.mean(axis=0),
)
BINARIES = (mx.add, mx.subtract, mx.multiply, mx.divide, mx.maximum)
SPECIAL = (0.0, -0.0, 1.0, -1.5, 3.25, np.inf, -np.inf, np.nan, 1e-40)


@st.composite
def programs(draw):
    """Steps over a growing list of values: (function, places of operands or a number)."""
    steps = []
    for size in range(2, draw(st.integers(3, 12))):
        place = st.integers(0, size - 1)
        kind = draw(st.sampled_from(("unary", "binary", "right", "left")))
        if kind == "unary":
            steps.append((kind, draw(st.sampled_from(UNARIES)), draw(place), None))
        elif kind == "binary":
            steps.append((kind, draw(st.sampled_from(BINARIES)), draw(place), draw(place)))
        else:
            steps.append((kind, draw(st.sampled_from(BINARIES)), draw(place), draw(st.sampled_from(NUMBERS))))
    return steps


def run(steps, x, y):
    values = [x, y]
    for kind, f, a, b in steps:
        if kind == "unary":
            values.append(f(values[a]))
        elif kind == "binary":
            values.append(f(values[a], values[b]))
        else:
            values.append(f(values[a], b) if kind == "right" else f(b, values[a]))
    return values[-3:]


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(programs(), st.lists(st.sampled_from(SPECIAL), min_size=18, max_size=18), st.sampled_from(FLOATS))
def test_simplifying_changes_no_bit(steps, values, dtype):
    x, y = device(values[:9], dtype).reshape(3, 3), device(values[9:], dtype).reshape(3, 3)
    want = [bits(z) for z in run(steps, x, y)]
    assert [bits(z) for z in mx.compile(lambda x, y: run(steps, x, y))(x, y)] == want


@pytest.mark.parametrize("dtype", ALL)
def test_neutral_elements_and_round_trips_keep_every_value(dtype):
    def f(x):
        one, zero = mx.array(1).astype(x.dtype), mx.array(0).astype(x.dtype)
        wide = x.astype(mx.float32).astype(x.dtype)
        return [x * one, one * x, x + zero, x - zero, wide, x.astype(mx.int64).astype(x.dtype)]

    values = [0, 1, 1, 0] if dtype == "bool" else [0.0, -0.0, 1.0, 3.5] if dtype in FLOATS else [0, 1, 2, 3]
    x = device(values, dtype)
    assert [bits(y) for y in mx.compile(f)(x)] == [bits(y) for y in f(x)]


# ---------------------------------------------------------------- transforms


def loss(w, x):
    return mx.mean(mx.square(mx.tanh(x @ w) * 1.0 + mx.sin(w).sum()))


@pytest.mark.parametrize("outer", [False, True])
def test_compile_and_derivatives_commute(outer):
    w, x = mx.random.normal((4, 3)), mx.random.normal((5, 4))
    f = mx.compile(mx.grad(loss)) if outer else mx.grad(mx.compile(loss))
    for _ in range(2):
        np.testing.assert_allclose(host(f(w, x)), host(mx.grad(loss)(w, x)), rtol=1e-5, atol=1e-6)
    twice = mx.compile(mx.grad(lambda w: mx.grad(mx.compile(loss))(w, x).sum()))
    want = mx.grad(lambda w: mx.grad(loss)(w, x).sum())(w)
    np.testing.assert_allclose(host(twice(w)), host(want), rtol=1e-4, atol=1e-5)


def test_compile_vmap_and_jvp_nest():
    x = mx.random.normal((6, 4))
    f = mx.compile(lambda row: mx.softmax(row) * row.sum())
    want = mx.stack([f(row) for row in x])
    for g in (mx.vmap(f), mx.compile(mx.vmap(f)), mx.compile(mx.vmap(mx.compile(f)))):
        np.testing.assert_allclose(host(g(x)), host(want), rtol=1e-6)
    _, (tangent,) = mx.jvp(f, [x[0]], [mx.ones((4,))])
    _, (plain,) = mx.jvp(lambda row: mx.softmax(row) * row.sum(), [x[0]], [mx.ones((4,))])
    np.testing.assert_allclose(host(tangent), host(plain), rtol=1e-5)


def test_a_shapeless_gradient_serves_every_batch():
    g, runs = counted(loss)
    f = mx.compile(mx.value_and_grad(g), shapeless=True)
    w = mx.random.normal((4, 3))
    for n in (5, 1, 7, 2):
        x = mx.random.normal((n, 4))
        value, grad = f(w, x)
        want_value, want = mx.value_and_grad(loss)(w, x)
        np.testing.assert_allclose(host(value), host(want_value), rtol=1e-6)
        np.testing.assert_allclose(host(grad), host(want), rtol=1e-5, atol=1e-6)
    assert len(runs) == 1


def test_a_shapeless_function_follows_what_was_broadcast():
    f = mx.compile(lambda x, y: mx.grad(lambda x, y: ((x + y) * y).sum(), argnums=(0, 1))(x, y), shapeless=True)
    for left, right in (((3, 4), (1, 4)), ((3, 1), (1, 5)), ((1, 1), (6, 5)), ((2, 5), (2, 5))):
        x, y = mx.random.normal(left), mx.random.normal(right)
        want = mx.grad(lambda x, y: ((x + y) * y).sum(), argnums=(0, 1))(x, y)
        for got, w in zip(f(x, y), want, strict=True):
            np.testing.assert_allclose(host(got), host(w), rtol=1e-5)


def test_repetition_products_of_all_pairs_and_convolutions_follow_shapes():
    def f(x, k):
        return mx.repeat(x, 2, axis=1), mx.repeat(x, 2), mx.tile(x, (2, 1, 3)), mx.kron(x, k), mx.conv1d(x[None], k)

    g, runs = counted(f)
    compiled = mx.compile(g, shapeless=True)
    k = mx.random.normal((3, 2, 4))
    for n in (5, 2, 7):
        x = mx.random.normal((n, 4))
        for got, want in zip(compiled(x, k), f(x, k), strict=True):
            np.testing.assert_allclose(host(got), host(want), rtol=1e-5)
    assert len(runs) == 1
    with pytest.raises(ValueError, match="shapeless"):
        mx.compile(mx.grad(lambda x: mx.conv1d(x[None], k).sum()), shapeless=True)(mx.ones((5, 4)))


def test_means_count_anew_in_a_function_compiled_inside_a_shapeless_one():
    inner = mx.compile(lambda x: x.mean())
    inner(mx.ones((3,)))
    f = mx.compile(lambda x: inner(x) + x.var(), shapeless=True)
    assert [f(mx.ones((n,))).item() for n in (3, 5, 2)] == [1, 1, 1]


@pytest.mark.parametrize(
    "f",
    [lambda x: x[:2], lambda x: x[0], lambda x: mx.split(x, 2), lambda x: mx.roll(x, 1), lambda x: mx.pad(x, 1)],
    ids=["slice", "item", "split", "roll", "pad"],
)
def test_what_fixes_a_place_is_refused_at_the_first_shapeless_call(f):
    with pytest.raises(ValueError, match="shapeless"):
        mx.compile(f, shapeless=True)(mx.ones((4, 4)))


# ---------------------------------------------------------------- signatures and what is remembered


def test_one_recording_per_shape_type_structure_and_constant():
    g, runs = counted(lambda tree, k=1, **more: tree["x"] * 2)
    f = mx.compile(g)
    x, y = mx.ones((2,)), mx.ones((3,))
    calls = [
        lambda: f({"x": x}),
        lambda: f({"x": y}),
        lambda: f({"x": x.astype(mx.int32)}),
        lambda: f({"x": x, "z": [x]}),
        lambda: f({"x": x, "z": (x,)}),
        lambda: f({"x": x}, 1),
        lambda: f({"x": x}, 1.0),
        lambda: f({"x": x}, True),
        lambda: f({"x": x}, k=1),
        lambda: f({"x": x}, 2**70),
        lambda: f({"x": x}, name="a"),
        lambda: f({"x": x}, name=None),
        lambda: f({"x": x}, 0.0),
        lambda: f({"x": x}, -0.0),
        lambda: f({"x": x}, float("nan")),
    ]
    for n, call in enumerate(calls, 1):
        call(), call()
        assert len(runs) == n
    assert f.cache_size() == len(calls)


@pytest.mark.parametrize("constant", [object(), mx.float32, np.float32(1), np.zeros(2), b"", 1j, {1}, print])
def test_other_constants_are_refused(constant):
    with pytest.raises(ValueError, match="arguments are arrays and constants"):
        mx.compile(lambda x, c: x)(mx.ones(()), constant)


def test_the_longest_unused_recording_goes_first():
    g, runs = counted(lambda x, k: x * k)
    f = mx.compile(g)
    f.cache_limit = 2
    x = mx.ones(())
    for k in (1, 2, 1, 3, 1, 2):
        f(x, k)
    assert len(runs) == 4
    assert f.cache_info()[:4] == (2, 4, 2, 2)
    f.cache_clear()
    assert f.cache_info()[:4] == (0, 0, 2, 0)
    f.cache_limit = 0
    f(x, 1), f(x, 1)
    assert f.cache_size() == 0


def test_compiling_a_function_again_shares_its_recordings_and_other_settings_do_not():
    g, runs = counted(lambda x: x + 1)
    f = mx.compile(g)
    f(mx.ones(()))
    mx.compile(g)(mx.ones(()))
    assert len(runs) == 1
    mx.compile(g, shapeless=True)(mx.ones(()))
    assert len(runs) == 2
    del f
    gc.collect()
    mx.compile(g)(mx.ones(()))
    assert len(runs) == 3, "recordings live as long as a compiled version of the function"


def test_compiled_functions_in_cycles_are_collected():
    class Model:
        def __init__(self):
            self.w = mx.ones((2,))
            self.step = mx.compile(self.forward, inputs=self.__dict__)

        def forward(self, x):
            return x * self.w

    model = Model()
    model.step(mx.ones((2,)))
    dead = weakref.ref(model)
    del model
    gc.collect()
    assert dead() is None


def test_equal_work_is_done_once_and_useless_work_never():
    x = mx.random.normal((3,))
    cb = []
    mx.export_function(cb.append, lambda x: (mx.exp(x) + mx.exp(x) * 1.0, mx.sin(x))[0], x)
    assert [c["name"] for c in cb if c["type"] == "primitive"] == ["Exp", "Add"]


def test_random_draws_with_keys_of_their_own_are_not_merged():
    def f(key):
        a, b = mx.random.split(key)
        return mx.random.uniform(key=a) - mx.random.uniform(key=b), mx.random.uniform(key=a) - mx.random.uniform(key=a)

    different, same = mx.compile(f)(mx.random.key(3))
    assert different.item() != 0
    assert same.item() == 0


def test_custom_rules_survive_compilation_and_are_not_merged():
    @mx.custom_function
    def f(x):
        return x * 2

    @f.vjp
    def f_vjp(primals, cotangent, output):
        return cotangent * 10

    g = mx.compile(lambda x: f(x) + f(x))
    assert mx.grad(g)(mx.array(1.0)).item() == 20
    assert mx.grad(g)(mx.array(1.0)).item() == 20


# ---------------------------------------------------------------- state, failures, threads, switches


def test_training_with_captured_state_equals_training_without():
    import cotan.optimizers as optim

    def train(compiled):
        mx.random.seed(1)
        model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 1))
        mx.eval(model.parameters())
        optimizer = optim.Adam(learning_rate=0.01)
        step = nn.value_and_grad(model, lambda x, y: ((model(x) - y) ** 2).mean())
        state = [model.state, optimizer.state, mx.random.state]

        def update(x, y):
            value, grads = step(x, y)
            optimizer.update(model, grads)
            return value

        run = mx.compile(update, inputs=state, outputs=state) if compiled else update
        x, y = mx.random.normal((16, 3)), mx.random.normal((16, 1))
        return [run(x, y).item() for _ in range(5)]

    np.testing.assert_allclose(train(True), train(False), rtol=1e-5)


def test_a_failure_while_recording_leaves_state_as_it_was():
    state = {"w": mx.array(1.0), "more": [mx.array(2.0)]}

    def f(x, fail):
        state["w"] = state["w"] + x
        state["more"].append(x)
        state["new"] = x
        if fail:
            raise KeyError("on purpose")
        return x

    g = mx.compile(f, inputs=state, outputs=state)
    with pytest.raises(KeyError, match="on purpose"):
        g(mx.array(3.0), True)
    assert sorted(state) == ["more", "w"]
    assert (state["w"].item(), [x.item() for x in state["more"]]) == (1.0, [2.0])
    assert g(mx.array(3.0), False).item() == 3.0
    assert state["w"].item() == 4.0


def test_reading_a_value_while_recording_is_refused_and_leaves_the_function_usable():
    f = mx.compile(lambda x, read: x.item() if read else x * 2)
    for _ in range(2):
        with pytest.raises(ValueError, match="compile"):
            f(mx.array(1.0), True)
        assert f(mx.array(4.0), False).item() == 8
    assert mx.grad(lambda x: f(x, False))(mx.array(1.0)).item() == 2


def test_threads_share_recordings():
    f = mx.compile(lambda x, k: mx.sin(x) * k)
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(100):
            k, n = int(rng.integers(1, 4)), int(rng.integers(1, 5))
            x = rng.standard_normal(n).astype(np.float32)
            if not np.allclose(host(f(mx.array(x), k)), np.sin(x) * k, rtol=1e-5, atol=1e-6):
                wrong.append((seed, k, n))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong
    assert f.cache_size() <= 12


def test_switching_compilation_off_runs_the_code_every_time():
    g, runs = counted(lambda x: x.item())
    f = mx.compile(g)
    mx.disable_compile()
    try:
        assert (f(mx.array(1.0)), f(mx.array(2.0))) == (1.0, 2.0)
    finally:
        mx.enable_compile()
    assert len(runs) == 2


@pytest.mark.parametrize("variable", ["COTAN_DISABLE_COMPILE", "MLX_DISABLE_COMPILE"])
def test_the_environment_switches_compilation_off(variable):
    code = (
        "import cotan.core as mx\n"
        "f = mx.compile(lambda x: x.item())\n"
        "print(f(mx.array(2.0)))\n"
        "mx.enable_compile()\n"
        "try: f(mx.array(2.0))\n"
        "except ValueError: print('compiled')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, variable: "1"}, capture_output=True, text=True
    )
    assert done.stdout.split() == ["2.0", "compiled"], done.stderr
