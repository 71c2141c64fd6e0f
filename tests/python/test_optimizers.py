"""Optimizers against their rules in NumPy, their state, schedules and clipping."""

import math
from functools import partial

import cotan.core as mx
import numpy as np
import pytest
from cotan import nn, optimizers, utils
from helpers import assert_close, assert_same, dtype_name, host

RNG = np.random.default_rng(0)
SHAPES = {"matrix": (4, 3), "vector": (5,), "kernel": (4, 2, 3)}


def normal(shapes=SHAPES):
    return {name: RNG.normal(size=shape) for name, shape in shapes.items()}


# Each rule takes (w, g, t, state) with the step t counted from one and returns the new w.


def sgd(w, g, t, s, rate=0.1, momentum=0.0, decay=0.0, dampening=0.0, nesterov=False):
    g = g + decay * w
    if momentum:
        s["v"] = momentum * s.get("v", 0) + (1 - dampening) * g
        g = g + momentum * s["v"] if nesterov else s["v"]
    return w - rate * g


def rmsprop(w, g, t, s):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g**2
    return w - 0.1 * g / (np.sqrt(s["v"]) + 1e-3)


def adagrad(w, g, t, s):
    s["v"] = s.get("v", 0) + g**2
    return w - 0.1 * g / (np.sqrt(s["v"]) + 1e-8)


def adadelta(w, g, t, s):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g**2
    d = g * np.sqrt(s.get("u", 0) + 1e-3) / np.sqrt(s["v"] + 1e-3)
    s["u"] = 0.9 * s.get("u", 0) + 0.1 * d**2
    return w - 0.5 * d


def adam(w, g, t, s, decay=0.0, correct=False):
    w = w * (1 - 0.1 * decay)
    s["m"] = 0.8 * s.get("m", 0) + 0.2 * g
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g**2
    m, v = (s["m"] / (1 - 0.8**t), s["v"] / (1 - 0.9**t)) if correct else (s["m"], s["v"])
    return w - 0.1 * m / (np.sqrt(v) + 1e-8)


def adamax(w, g, t, s):
    s["m"] = 0.8 * s.get("m", 0) + 0.2 * g
    s["v"] = np.maximum(0.9 * s.get("v", 0), abs(g))
    return w - 0.1 * s["m"] / (s["v"] + 1e-8)


def lion(w, g, t, s):
    c = 0.8 * s.get("m", 0) + 0.2 * g
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    return (1 - 0.1 * 0.2) * w - 0.1 * np.sign(c)


def rms(x):
    return np.sqrt(np.mean(x**2))


def adafactor(w, g, t, s, rate=None, beta=None, decay=0.0, scaled=True, warmup=False):
    rho = rate or min(1e-6 * t if warmup else 1e-2, 1 / math.sqrt(t))
    rho = rho * max(1e-3, rms(w)) if scaled else rho
    keep, square = 1 - t**-0.8, g**2 + 1e-30
    if w.ndim >= 2:
        s["r"] = keep * s.get("r", 0) + (1 - keep) * square.mean(-1)
        s["c"] = keep * s.get("c", 0) + (1 - keep) * square.mean(-2)
        u = g / np.sqrt(s["r"] / s["r"].mean(-1, keepdims=True))[..., None] / np.sqrt(s["c"])[..., None, :]
    else:
        s["v"] = keep * s.get("v", 0) + (1 - keep) * square
        u = g / np.sqrt(s["v"])
    u = rho * u / max(1, rms(u))
    if beta:
        u = s["m"] = beta * s.get("m", 0) + (1 - beta) * u
    return w - decay * rho * w - u


def muon(w, g, t, s, nesterov=True):
    g = g + 0.01 * w
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g
    u = 0.1 * g + 0.9 * s["v"] if nesterov else s["v"]
    if w.ndim < 2:
        return w - 0.1 * u
    x = u.reshape(len(u), -1)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    x = (x.T if tall else x).reshape(w.shape)
    return w - 0.1 * math.sqrt(max(1, w.shape[-2] / w.shape[-1])) * x


BETAS = {"betas": [0.8, 0.9]}
RULES = {
    "SGD": (partial(optimizers.SGD, 0.1), sgd),
    "SGD with momentum": (
        partial(optimizers.SGD, 0.1, 0.9, 0.2, 0.3),
        partial(sgd, momentum=0.9, decay=0.2, dampening=0.3),
    ),
    "SGD with Nesterov momentum": (
        partial(optimizers.SGD, 0.1, momentum=0.9, nesterov=True),
        partial(sgd, momentum=0.9, nesterov=True),
    ),
    "RMSprop": (partial(optimizers.RMSprop, 0.1, alpha=0.9, eps=1e-3), rmsprop),
    "Adagrad": (partial(optimizers.Adagrad, 0.1), adagrad),
    "AdaDelta": (partial(optimizers.AdaDelta, 0.5, eps=1e-3), adadelta),
    "Adam": (partial(optimizers.Adam, 0.1, **BETAS), adam),
    "Adam with correction": (partial(optimizers.Adam, 0.1, **BETAS, bias_correction=True), partial(adam, correct=True)),
    "AdamW": (partial(optimizers.AdamW, 0.1, **BETAS, weight_decay=0.3), partial(adam, decay=0.3)),
    "Adamax": (partial(optimizers.Adamax, 0.1, **BETAS), adamax),
    "Lion": (partial(optimizers.Lion, 0.1, **BETAS, weight_decay=0.2), lion),
    "Adafactor": (optimizers.Adafactor, adafactor),
    "Adafactor with a rate": (
        partial(optimizers.Adafactor, 0.1, relative_step=False, scale_parameter=False),
        partial(adafactor, rate=0.1, scaled=False),
    ),
    "Adafactor with everything": (
        partial(optimizers.Adafactor, beta_1=0.8, weight_decay=0.1, warmup_init=True),
        partial(adafactor, beta=0.8, decay=0.1, warmup=True),
    ),
    "Muon": (partial(optimizers.Muon, 0.1, momentum=0.9), muon),
    "Muon without look-ahead": (
        partial(optimizers.Muon, 0.1, momentum=0.9, nesterov=False),
        partial(muon, nesterov=False),
    ),
}
STATES = {
    "SGD": {"v"},
    "RMSprop": {"v"},
    "Adagrad": {"v"},
    "AdaDelta": {"v", "u"},
    "Adam": {"m", "v"},
    "Adamax": {"m", "v"},
    "Lion": {"m"},
    "Muon": {"v"},
}


def device(tree, dtype=mx.float32):
    return utils.tree_map(lambda x: mx.array(np.asarray(x, np.float32)).astype(dtype), tree)


@pytest.mark.parametrize("name", RULES)
def test_an_optimizer_follows_its_rule(name):
    make, rule = RULES[name]
    optimizer, want = make(), normal()
    parameters, states = device(want), {name: {} for name in want}
    for t in range(1, 5):
        gradients = normal()
        parameters = optimizer.apply_gradients(device(gradients), parameters)
        for key in want:
            want[key] = rule(want[key], gradients[key], t, states[key])
            assert_close(parameters[key], want[key], "float32", rtol=2e-4, atol=2e-5)
    assert_same(optimizer.step, 4, "uint64")


@pytest.mark.parametrize("name", RULES)
def test_parameters_and_state_keep_half_precision(name):
    for dtype in ("float16", "bfloat16"):
        optimizer = RULES[name][0]()
        tree = device(normal(), getattr(mx, dtype))
        assert {dtype_name(x) for x in optimizer.apply_gradients(tree, tree).values()} == {dtype}
        state = {key: optimizer.state[key] for key in SHAPES}
        assert {dtype_name(x) for _, x in utils.tree_flatten(state)} == {dtype}


@pytest.mark.parametrize("name", STATES)
def test_state_has_its_names_for_every_parameter(name):
    optimizer = RULES[name][0]()
    optimizer.init(device(normal()))
    assert list(optimizer.state) == ["step", "learning_rate", *SHAPES]
    for key, shape in SHAPES.items():
        assert set(optimizer.state[key]) == STATES[name]
        assert all(x.shape == shape and not host(x).any() for x in optimizer.state[key].values())


def test_adafactor_keeps_a_row_and_a_column():
    optimizer = optimizers.Adafactor(beta_1=0.9)
    optimizer.init(device(normal()))
    shapes = utils.tree_map(lambda x: x.shape, {key: optimizer.state[key] for key in SHAPES})
    assert shapes == {
        "matrix": {"exp_avg_sq_row": (4,), "exp_avg_sq_col": (3,), "exp_avg": (4, 3)},
        "vector": {"exp_avg_sq": (5,), "exp_avg": (5,)},
        "kernel": {"exp_avg_sq_row": (4, 2), "exp_avg_sq_col": (4, 3), "exp_avg": (4, 2, 3)},
    }
    assert "learning_rate" not in optimizer.state


# ---------------------------------------------------------------- the base class


def make_model():
    mx.random.seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))


def take_steps(optimizer, model, count):
    x = mx.array(np.linspace(-1, 1, 8).reshape(4, 2).astype(np.float32))
    loss_and_grad = nn.value_and_grad(model, lambda: mx.square(model(x) - 1).mean())
    losses = []
    for _ in range(count):
        loss, gradients = loss_and_grad()
        optimizer.update(model, gradients)
        mx.eval(loss, model.parameters(), optimizer.state)
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", RULES)
def test_every_optimizer_lowers_the_loss_of_a_network(name):
    losses = take_steps(RULES[name][0](), make_model(), 20)
    assert losses[-1] < losses[0]


def test_a_compiled_step_trains_like_a_plain_one():
    x = mx.array(np.linspace(-1, 1, 8).reshape(4, 2).astype(np.float32))

    def run(wrap):
        model, optimizer = make_model(), optimizers.Adam(optimizers.linear_schedule(0.1, 0.01, 10))
        optimizer.init(model.trainable_parameters())
        loss_and_grad = nn.value_and_grad(model, lambda x: mx.square(model(x) - 1).mean())

        def step(x):
            loss, gradients = loss_and_grad(x)
            optimizer.update(model, gradients)
            return loss

        state = [model.state, optimizer.state]
        step = wrap(step, state)
        return [step(x).item() for _ in range(6)]

    plain = run(lambda step, state: step)
    compiled = run(lambda step, state: mx.compile(step, inputs=state, outputs=state))
    np.testing.assert_allclose(compiled, plain, rtol=1e-4)
    assert plain[-1] < plain[0]


def test_state_restored_from_names_continues_the_run():
    straight, model = optimizers.Adam(0.1), make_model()
    want = take_steps(straight, model, 6)
    first, model = optimizers.Adam(0.1), make_model()
    got = take_steps(first, model, 3)
    saved = utils.tree_flatten(first.state, destination={})
    assert {"step", "learning_rate", "layers.0.weight.m", "layers.2.bias.v"} <= set(saved)
    second = optimizers.Adam(0.5)
    second.state = utils.tree_unflatten(saved)
    assert got + take_steps(second, model, 3) == want


def test_missing_state_is_made_in_the_next_step():
    optimizer = optimizers.SGD(0.1, momentum=0.9)
    optimizer.state = {"step": mx.array(5, mx.uint64), "learning_rate": mx.array(0.1)}
    optimizer.apply_gradients({"w": mx.ones((2,))}, {"w": mx.ones((2,))})
    assert_same(optimizer.step, 6)
    assert_same(optimizer.state["w"]["v"], [1, 1])


@pytest.mark.cotan_only
def test_a_parameter_that_joins_later_gets_its_state():
    optimizer, model = optimizers.Adam(0.1), make_model()
    model.layers[0].freeze()
    state = optimizer.state
    take_steps(optimizer, model, 2)
    model.unfreeze()
    take_steps(optimizer, model, 1)
    assert state is optimizer.state
    assert set(state["layers"][0]["weight"]) == {"m", "v"}


@pytest.mark.cotan_only
def test_a_parameter_named_like_the_optimizers_own_values_is_refused():
    with pytest.raises(ValueError, match="step"):
        optimizers.SGD(0.1).init({"step": mx.ones((1,))})


def test_parameters_may_be_more_than_gradients():
    model = make_model()
    optimizer = optimizers.SGD(0.5)
    updated = optimizer.apply_gradients({"layers": [{}, {}, {"bias": mx.ones((1,))}]}, model)
    assert list(updated["layers"][2]) == ["bias"]
    assert_close(updated["layers"][2]["bias"], host(model.layers[2].bias) - 0.5)
    assert optimizer.update(model, {}) is None
    assert_same(optimizer.step, 2)


def test_a_rate_is_a_number_an_array_or_a_schedule():
    assert_close(optimizers.SGD(0.1).learning_rate, 0.1, "float32")
    assert_close(optimizers.SGD(mx.array(0.1)).learning_rate, 0.1)
    optimizer = optimizers.SGD(lambda step: 0.5 * (step + 1))
    rates = [optimizer.learning_rate.item()]
    for _ in range(3):
        optimizer.apply_gradients({"w": mx.ones((1,))}, {"w": mx.ones((1,))})
        rates.append(optimizer.learning_rate.item())
    assert rates == [0.5, 0.5, 1.0, 1.5]
    fixed = optimizers.SGD(0.1)
    fixed.learning_rate = 0.25
    assert_same(fixed.state["learning_rate"], 0.25)


def test_the_base_class_wants_its_two_hooks():
    base = optimizers.Optimizer()
    assert list(base.state) == ["step"]
    for call in (base.init_single, partial(base.apply_single, mx.ones((1,)))):
        with pytest.raises(NotImplementedError):
            call(mx.ones((1,)), {})


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.1, nesterov=True),
        lambda: optimizers.SGD(0.1, momentum=0.9, dampening=0.1, nesterov=True),
        lambda: optimizers.RMSprop(0.1, alpha=-1),
        lambda: optimizers.RMSprop(0.1, eps=0),
        lambda: optimizers.Adagrad(0.1, eps=0),
        lambda: optimizers.AdaDelta(0.1, rho=-1),
        lambda: optimizers.AdaDelta(0.1, eps=0),
        lambda: optimizers.Adam(0.1, betas=[1.0, 0.9]),
        lambda: optimizers.AdamW(0.1, betas=[0.9, -0.1]),
        lambda: optimizers.Adamax(0.1, eps=-1),
        lambda: optimizers.Lion(0.1, betas=[1.0, 0.9]),
        lambda: optimizers.MultiOptimizer([optimizers.SGD(0.1)], [lambda path, x: True]),
    ],
)
def test_an_optimizer_checks_its_settings(make):
    with pytest.raises(ValueError):
        make()


# ---------------------------------------------------------------- several optimizers


@pytest.mark.cotan_only
def test_each_parameter_goes_to_the_first_optimizer_that_accepts_it():
    parts = [optimizers.SGD(0.5), optimizers.Adam(0.1), optimizers.SGD(0.25)]
    filters = [lambda path, x: path == "layers.0.bias", lambda path, x: x.ndim == 2]
    multi, model = optimizers.MultiOptimizer(parts, filters), make_model()
    before = utils.tree_flatten(model.parameters(), destination={})
    multi.update(model, utils.tree_map(mx.ones_like, model.parameters()))
    after = utils.tree_flatten(model.parameters(), destination={})
    moved = {name: (before[name] - x).max().item() for name, x in after.items()}
    want = {"layers.0.bias": 0.5, "layers.2.bias": 0.25, "layers.0.weight": 0.316, "layers.2.weight": 0.316}
    assert moved == pytest.approx(want, abs=1e-3)
    states = multi.state["states"]
    names = [{name for name, _ in utils.tree_flatten(state) if "." in name} for state in states]
    assert names[0] == {"layers.0.bias.v"}
    assert names[1] == {f"layers.{i}.weight.{x}" for i in (0, 2) for x in "mv"}
    assert names[2] == {"layers.2.bias.v"}


def test_a_multi_optimizer_reads_one_rate_and_sets_all():
    multi = optimizers.MultiOptimizer([optimizers.SGD(0.5), optimizers.SGD(0.1)], [lambda path, x: True])
    assert_close(multi.learning_rate, 0.5)
    multi.learning_rate = 0.2
    for optimizer in multi.optimizers:
        assert_close(optimizer.learning_rate, 0.2)
    multi.state = multi.state
    with pytest.raises(ValueError):
        multi.state = {"states": []}
    with pytest.raises(KeyError):
        multi.step


# ---------------------------------------------------------------- schedules

T = np.array([0, 1, 5, 10, 11, 40])
SCHEDULES = {
    "exponential_decay": (optimizers.exponential_decay(0.1, 0.9), 0.1 * 0.9**T),
    "step_decay": (optimizers.step_decay(0.1, 0.9, 4), 0.1 * 0.9 ** (T // 4)),
    "cosine_decay": (
        optimizers.cosine_decay(0.1, 10, 0.02),
        0.02 + 0.04 * (1 + np.cos(np.pi * np.minimum(T, 10) / 10)),
    ),
    "linear_schedule": (optimizers.linear_schedule(0.1, 0.6, 10), 0.1 + 0.05 * np.minimum(T, 10)),
    "join_schedules": (
        optimizers.join_schedules(
            [
                optimizers.linear_schedule(0.0, 1.0, 5),
                optimizers.exponential_decay(1.0, 0.5),
                optimizers.linear_schedule(9.0, 8.0, 1),
            ],
            [5, 11],
        ),
        np.where(T < 5, T / 5, np.where(T < 11, 0.5 ** (T - 5.0), np.where(T == 11, 9, 8))),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_follows_its_curve(name):
    schedule, want = SCHEDULES[name]
    got = [host(schedule(mx.array(int(t), mx.uint64))) for t in T]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)


def test_a_schedule_of_a_python_number_needs_no_array():
    assert optimizers.exponential_decay(0.1, 0.5)(2) == 0.025
    assert optimizers.step_decay(0.1, 0.5, 2)(5) == 0.025


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.step_decay(0.1, 0.9, 0),
        lambda: optimizers.cosine_decay(0.1, 0),
        lambda: optimizers.linear_schedule(0, 1, 0),
        lambda: optimizers.join_schedules([], []),
        lambda: optimizers.join_schedules([optimizers.linear_schedule(0, 1, 4)], [4]),
    ],
)
def test_a_schedule_checks_its_settings(make):
    with pytest.raises(ValueError):
        make()


# ---------------------------------------------------------------- clipping


def test_clipping_scales_all_gradients_by_one_factor():
    tree = {"a": mx.array([3.0]), "b": [mx.array([[4.0]]), (mx.array(12.0),)]}
    clipped, norm = optimizers.clip_grad_norm(tree, 6.5)
    assert_same(norm, 13)
    assert_close(clipped["a"], [1.5])
    assert_close(clipped["b"][1][0], 6)
    kept, _ = optimizers.clip_grad_norm(tree, 14.0)
    assert_same(kept["b"][0], [[4]])


def test_clipping_keeps_half_precision_without_overflow():
    clipped, norm = optimizers.clip_grad_norm([mx.array([300.0, 400.0], mx.float16)], 1.0)
    assert_same(norm, 500, "float32")
    assert_close(clipped[0], [0.6, 0.8], "float16", rtol=1e-3)


def test_clipping_takes_empty_trees_and_refuses_negative_norms():
    assert optimizers.clip_grad_norm({}, 1.0)[0] == {}
    with pytest.raises(ValueError):
        optimizers.clip_grad_norm({"a": mx.ones((1,))}, -1.0)
