"""What type checkers make of `cotan.nn`, `cotan.optimizers` and `cotan.utils`. They read this file; nothing runs it."""

from typing import Any, assert_type

import cotan.core as mx
from cotan import nn, optimizers
from cotan.utils import tree_flatten, tree_map

x = mx.ones((4, 2))


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(2, 8), nn.Linear(8, 1)]

    def __call__(self, x: mx.array) -> mx.array:
        for layer in self.layers:
            x = nn.relu(layer(x))
        return x


model = Network()
assert_type(model(x), mx.array)
assert_type(nn.Linear(2, 1)(x), mx.array)
assert_type(nn.Sequential(nn.Linear(2, 1), nn.ReLU())(x), mx.array)
assert_type(nn.relu(x), mx.array)
assert_type(nn.losses.mse_loss(x, x, reduction="mean"), mx.array)
assert_type(model.update({}), Network)
assert_type(model.trainable_parameters(), dict[str, Any])
assert_type(model.train().freeze(), Network)
assert_type(nn.init.normal()(x), mx.array)
assert_type(nn.QuantizedLinear(64, 8)(x), mx.array)
assert_type(nn.QuantizedLinear.from_linear(nn.Linear(64, 8)), nn.QuantizedLinear)
assert_type(nn.Linear(64, 8).to_quantized(mode="mxfp8"), nn.QuantizedLinear | nn.QQLinear)
assert_type(nn.quantize(model, class_predicate=lambda path, module: {"bits": 8}), None)
assert_type(nn.ShardedToAllLinear.from_linear(nn.Linear(2, 1)), nn.ShardedToAllLinear)
assert_type(nn.utils.clip_grad_norm_sharded({}, 1.0), tuple[Any, mx.array])


def loss(x: mx.array, y: mx.array) -> mx.array:
    return nn.losses.cross_entropy(model(x), y, reduction="mean")


loss_and_grad = nn.value_and_grad(model, loss)
assert_type(loss_and_grad(x, y=x), tuple[mx.array, dict[str, Any]])
loss_and_grad(x)  # type: ignore[call-arg]

optimizer = optimizers.Adam(learning_rate=optimizers.cosine_decay(0.1, 100))
assert_type(optimizer.update(model, model.trainable_parameters()), None)
assert_type(optimizer.learning_rate, mx.array)
assert_type(optimizer.state, dict[str, Any])
assert_type(optimizers.linear_schedule(0.0, 0.1, 10)(optimizer.step), mx.array)

assert_type(tree_flatten(model.parameters()), list[tuple[str, Any]])
assert_type(tree_flatten(model.parameters(), destination={}), dict[str, Any])
assert_type(tree_map(lambda p: p, model.parameters()), Any)
