"""Layers spread over processes compute what the whole layer does; a mapped axis stands in for the processes."""

import cotan.core as mx
import numpy as np
import pytest
from cotan import nn, utils
from cotan.nn.layers import distributed
from helpers import assert_close, assert_same, host

AXIS = "processes"


class Process:
    """One process of a group, as the layers see it."""

    def __init__(self, rank, size):
        self._rank, self._size = rank, size

    def rank(self):
        return self._rank

    def size(self):
        return self._size


def all_sum(x, group=None, stream=None):
    """Sum over the mapped axis. Its gradient is the cotangent, as that of the real function."""
    if group is not None and group.size() == 1:
        return x
    summed = mx.custom_function(lambda x: mx.psum(x, AXIS))
    return summed.vjp(lambda x, cotangent, out: cotangent)(x)


def all_gather(x, group=None, stream=None):
    own = mx.arange(group.size()).reshape(-1, *[1] * x.ndim) == mx.axis_index(AXIS)
    return mx.psum(mx.where(own, x, mx.zeros_like(x)), AXIS).flatten(0, 1)


def sum_scatter(x, group=None, stream=None):
    return mx.unflatten(mx.psum(x, AXIS), 0, (group.size(), -1))[mx.axis_index(AXIS)]


@pytest.fixture
def world(monkeypatch):
    """Groups of any size, whose functions work on a mapped axis."""
    for function in (all_sum, all_gather, sum_scatter):
        monkeypatch.setattr(mx.distributed, function.__name__, function)
    return lambda size: [Process(rank, size) for rank in range(size)]


def run(modules, function, *inputs, in_axes=None):
    """Call `function(module, *inputs)` in all processes at once, each with the parameters of its module."""
    parameters = utils.tree_map(lambda *xs: mx.stack(xs), *[module.parameters() for module in modules])

    stand_in, own = modules[0], modules[0].parameters()

    def one(parameters, *inputs):
        return function(stand_in.update(parameters), *inputs)

    axes = in_axes or [None] * len(inputs)
    results = mx.vmap(one, in_axes=(0, *axes), axis_name=AXIS)(parameters, *inputs)
    stand_in.update(own)
    return results


def loss(y):
    return mx.sin(y).sum()


sizes = pytest.mark.parametrize("size", [1, 2, 4])
kinds = pytest.mark.parametrize("kind", ["plain", "quantised"])
segmented = pytest.mark.parametrize("segments", [1, 2, [8, 24], [0.25, 0.75]], ids=str)
INPUT = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)


def whole_layer(kind, columns=64):
    mx.random.seed(3)
    layer = nn.Linear(columns, 32)
    layer.bias = mx.random.normal((32,))
    return layer.to_quantized(group_size=32, bits=8) if kind == "quantised" else layer


def unsplit(parts, segments, length):
    """Where each output of all processes, one after another, belongs."""
    order = host(mx.arange(length))
    places = segments
    if isinstance(segments, list):
        places = [p if isinstance(p, int) else int(p * length) for p in segments]
    pieces = [np.split(piece, parts) for piece in np.split(order, places)]
    return np.concatenate([np.concatenate([piece[r] for piece in pieces]) for r in range(parts)])


@pytest.mark.cotan_only
@sizes
@kinds
@segmented
def test_outputs_over_all_processes_are_those_of_the_whole_layer(world, size, kind, segments):
    whole, x = whole_layer(kind), mx.array(INPUT)
    layers = [
        distributed.shard_linear(whole, "all-to-sharded", segments=segments, group=process) for process in world(size)
    ]
    got = run(layers, lambda layer, x: layer(x), x)
    got = np.concatenate(list(host(got)), axis=-1)
    assert_close(mx.array(got), host(whole(x))[:, unsplit(size, segments, 32)], rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
@sizes
@kinds
def test_every_process_has_the_whole_gradient_of_the_input(world, size, kind):
    whole, x = whole_layer(kind), mx.array(INPUT)
    layers = [distributed.shard_linear(whole, "all-to-sharded", group=process) for process in world(size)]
    got = run(layers, lambda layer, x: mx.grad(lambda x: loss(layer(x)))(x), x)
    want = host(mx.grad(lambda x: loss(whole(x)))(x))
    assert_close(got, np.stack([want] * size), rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
@sizes
@kinds
def test_every_process_has_the_whole_output_of_shared_inputs(world, size, kind):
    columns = 128
    whole, x = whole_layer(kind, columns), mx.array(np.concatenate([INPUT, INPUT[:, ::-1]], axis=1))
    layers = [distributed.shard_linear(whole, "sharded-to-all", group=process) for process in world(size)]
    parts = mx.stack(mx.split(x, size, axis=-1))
    got = run(layers, lambda layer, x: layer(x), parts, in_axes=[0])
    assert_close(got, np.stack([host(whole(x))] * size), rtol=1e-4, atol=1e-4)
    gradients = run(layers, lambda layer, x: mx.grad(lambda x: loss(layer(x)))(x), parts, in_axes=[0])
    want = mx.grad(lambda x: loss(whole(x)))(x)
    assert_close(gradients, host(mx.stack(mx.split(want, size, axis=-1))), rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
@sizes
def test_a_pair_of_layers_trains_as_the_whole_pair_does(world, size):
    mx.random.seed(1)
    first, second, x = nn.Linear(64, 32), nn.Linear(32, 8), mx.array(INPUT)
    model = nn.Sequential(first, nn.GELU(), second)
    pairs = [
        nn.Sequential(
            nn.AllToShardedLinear.from_linear(first, group=process),
            nn.GELU(),
            nn.ShardedToAllLinear.from_linear(second, group=process),
        )
        for process in world(size)
    ]
    got = run(pairs, lambda pair, x: nn.value_and_grad(pair, lambda x: loss(pair(x)))(x)[1], x)
    _, want = nn.value_and_grad(model, lambda x: loss(model(x)))(x)
    wants = {name: host(g) for name, g in utils.tree_flatten(want)}
    axes = {"layers.0.weight": 0, "layers.0.bias": 0, "layers.2.weight": 1, "layers.2.bias": None}
    for name, gradient in utils.tree_flatten(got):
        axis = axes[name]
        expected = [wants[name]] * size if axis is None else np.split(wants[name], size, axis)
        assert_close(gradient, np.stack(expected), rtol=1e-4, atol=1e-4)


@pytest.mark.cotan_only
@sizes
def test_sharding_in_place_splits_what_the_function_says(world, size):
    for rank, process in enumerate(world(size)):
        layer = nn.Linear(4, 8)
        weight, bias = host(layer.weight), host(layer.bias)
        distributed.shard_inplace(layer, lambda path, x: None if path == "bias" else (0, 2), group=process)
        halves = np.split(weight, 2)
        assert_same(layer.weight, np.concatenate([np.split(half, size)[rank] for half in halves]))
        assert_same(layer.bias, bias)


@pytest.mark.cotan_only
def test_layers_draw_their_share_and_show_the_whole_size(world):
    process = world(4)[1]
    layers = [
        nn.AllToShardedLinear(64, 32, group=process),
        nn.ShardedToAllLinear(64, 32, group=process),
        nn.QuantizedAllToShardedLinear(64, 32, group=process),
        nn.QuantizedShardedToAllLinear(256, 32, group=process),
    ]
    assert [layer.weight.shape for layer in layers] == [(8, 64), (32, 16), (8, 8), (32, 8)]
    assert [layer.bias.shape for layer in layers] == [(8,), (32,), (8,), (32,)]
    for layer, sizes in zip(layers, [(64, 32), (64, 32), (64, 32), (256, 32)], strict=True):
        assert f"input_dims={sizes[0]}, output_dims={sizes[1]}, bias=True" in repr(layer)


@pytest.mark.cotan_only
def test_what_cannot_be_split_evenly_is_refused(world):
    process = world(3)[0]
    for make in (
        lambda: nn.AllToShardedLinear(6, 4, group=process),
        lambda: nn.ShardedToAllLinear(4, 6, group=process),
        lambda: nn.QuantizedAllToShardedLinear(64, 4, group=process),
        lambda: nn.QuantizedShardedToAllLinear(64, 6, group=process),
        lambda: distributed.shard_linear(nn.Linear(6, 6), "all-to-sharded", segments=[1], group=process),
        lambda: distributed.shard_linear(nn.Linear(6, 6), "all-to-sharded", segments=[4, 2], group=process),
        lambda: distributed.shard_linear(nn.Linear(6, 6), "all-to-sharded", segments=[0.5, 0.0], group=process),
        lambda: nn.fully_shard(nn.Linear(3, 4), group=process),
        lambda: nn.fully_shard(nn.Linear(3, 3).update({"bias": mx.array(1.0)}), group=process),
    ):
        with pytest.raises(ValueError):
            make()


def test_shardings_have_two_names():
    for function in (distributed.shard_linear, distributed.shard_inplace):
        with pytest.raises(ValueError, match="sharded-to-all"):
            function(nn.Linear(4, 4), "nope")
    with pytest.raises(ValueError):
        distributed.shard_linear(nn.Conv1d(4, 4, 1), "all-to-sharded")
    with pytest.raises(ValueError):
        distributed.shard_inplace(nn.Linear(4, 4), lambda path, x: "nope")


def test_in_a_group_of_one_a_sharded_layer_is_the_layer():
    layer, x = nn.Linear(64, 8), mx.array(INPUT)
    for kind in ("all-to-sharded", "sharded-to-all"):
        assert_close(distributed.shard_linear(layer, kind)(x), host(layer(x)))
        quantised = nn.QuantizedLinear.from_linear(layer)
        assert_close(distributed.shard_linear(quantised, kind)(x), host(quantised(x)))
    assert nn.fully_shard(layer) is layer
    gradients = {"w": x}
    assert nn.average_gradients(gradients)["w"] is x


def test_quantised_shards_are_never_trainable():
    for kind in (nn.QuantizedAllToShardedLinear, nn.QuantizedShardedToAllLinear):
        layer = kind(64, 8)
        assert layer.trainable_parameters() == {}
        layer.unfreeze()
        assert layer.trainable_parameters() == {}


# ---------------------------------------------------------------- gradients of all processes


@pytest.mark.cotan_only
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("message", [0, 20, 2**20])
def test_averaged_gradients_are_the_means_whatever_travels_together(world, size, message):
    group = world(size)[0]
    rng = np.random.default_rng(0)
    values = {"a": rng.normal(size=(size, 3)), "b": [rng.normal(size=(size, 2, 2)), rng.normal(size=(size,))]}
    tree = utils.tree_map(lambda x: mx.array(x.astype(np.float32)), values)
    tree["c"] = mx.arange(size * 2).reshape(size, 2).astype(mx.float16)
    sent = []
    original = mx.distributed.all_sum

    def counted(x, **options):
        sent.append(x.shape)
        return original(x, **options)

    mx.distributed.all_sum = counted
    got = mx.vmap(lambda tree: nn.average_gradients(tree, group, message), axis_name=AXIS)(tree)
    for name, mean in utils.tree_flatten(got):
        want = host(dict(utils.tree_flatten(tree))[name]).mean(0)
        assert_close(mean, np.stack([want] * size), rtol=1e-3)
    assert len(sent) == {0: 4, 20: 3, 2**20: 2}[message]


@pytest.mark.cotan_only
def test_the_clipped_norm_is_that_of_all_parts(world):
    group = world(2)[0]
    parts = {"w": mx.array([[3.0], [4.0]])}
    clipped, norm = mx.vmap(lambda g: nn.utils.clip_grad_norm_sharded(g, 1.0, group), axis_name=AXIS)(parts)
    assert_close(norm, [5, 5])
    assert_close(clipped["w"], [[0.6], [0.8]])
    with pytest.raises(ValueError):
        nn.utils.clip_grad_norm_sharded({}, -1.0)


# ---------------------------------------------------------------- fully sharded modules


def make_model():
    mx.random.seed(0)
    return nn.Sequential(nn.Linear(64, 8), nn.BatchNorm(8), nn.ReLU(), nn.Linear(8, 4, bias=False))


@pytest.mark.cotan_only
@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_fully_sharded_module_computes_and_trains_as_the_whole(world, size):
    models = [nn.FullyShardedModule(make_model(), group=process) for process in world(size)]
    assert models[-1].module.layers[0].weight.shape == (8 // size, 64)
    xs = mx.stack([mx.array(np.roll(INPUT, r, axis=1)) for r in range(size)])

    def step(model, x):
        return nn.value_and_grad(model, lambda x: loss(model(x)))(x), model.parameters()

    (losses, gradients), after = run(models, step, xs, in_axes=[0])
    each, states = [], []
    for x in xs:
        one = make_model()
        each.append(nn.value_and_grad(one, lambda x, one=one: loss(one(x)))(x))
        states.append(host(one.layers[1].running_mean))
    assert_close(losses, [value.item() for value, _ in each], rtol=1e-4)
    for name, gradient in utils.tree_flatten(gradients["module"]):
        want = np.mean([host(dict(utils.tree_flatten(g))[name]) for _, g in each], axis=0)
        assert_close(gradient, np.stack(np.split(want, size)), rtol=1e-3, atol=1e-4)
    means = after["module"]["layers"][1]["running_mean"]
    assert_close(means, [np.split(s, size)[0] for s in states], rtol=1e-4, atol=1e-6)  # all have taken the first part


@pytest.mark.cotan_only
def test_a_fully_sharded_module_inside_another_keeps_its_own(world):
    process = world(2)[0]
    inner = nn.fully_shard(nn.Linear(4, 4), group=process)
    outer = nn.fully_shard(nn.Sequential(inner, nn.Linear(4, 4)), group=process)
    assert "num_sharded_params=2" in repr(outer)
    assert [x.shape for _, x in utils.tree_flatten(outer.parameters())] == [(2, 4), (2,), (2, 4), (2,)]


def test_a_fully_sharded_module_has_its_parts_back_after_a_call_and_after_an_error():
    model = nn.FullyShardedModule(nn.Embedding(4, 2))
    part = model.module.weight
    assert_close(model(mx.array([1])), host(part)[1:2])
    assert_close(model.as_linear(mx.ones((1, 2))), host(part.sum(-1))[None], rtol=1e-5)
    with pytest.raises(Exception):  # noqa: B017 - what goes wrong inside is the module's own affair
        model("nope")
    assert model.module.weight is part


@pytest.mark.cotan_only
def test_the_compute_dtype_is_seen_inside_only():
    model = nn.FullyShardedModule(nn.Linear(2, 2), compute_dtype=mx.bfloat16)
    assert model(mx.ones((1, 2), mx.bfloat16)).dtype == mx.bfloat16
    _, gradients = nn.value_and_grad(model, lambda x: loss(model(x)))(mx.ones((1, 2), mx.bfloat16))
    assert gradients["module"]["weight"].dtype == model.module.weight.dtype == mx.float32
