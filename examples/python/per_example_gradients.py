"""One gradient for each example of a batch, clipped one by one, from `vmap` of `grad`."""

import cotan.core as mx

FEATURES, EXAMPLES, LIMIT = 4, 6, 1.0

mx.random.seed(0)
parameters = {"weight": mx.random.normal((FEATURES,)), "bias": mx.array(0.0)}
inputs = mx.random.normal((EXAMPLES, FEATURES))
targets = mx.random.normal((EXAMPLES,))


def loss(parameters: dict[str, mx.array], x: mx.array, y: mx.array) -> mx.array:
    """Squared error of one example: no batch axis in sight."""
    return mx.square(parameters["weight"] @ x + parameters["bias"] - y)


# The parameters are shared, hence None; inputs and targets have one example a row.
per_example = mx.vmap(mx.grad(loss), in_axes=(None, 0, 0))
gradients = per_example(parameters, inputs, targets)

norms = mx.sqrt(mx.sum(mx.square(gradients["weight"]), axis=1) + mx.square(gradients["bias"]))
scales = mx.minimum(LIMIT / norms, 1.0)
clipped = mx.mean(scales[:, None] * gradients["weight"], axis=0)
print("norm of each gradient:", [round(norm, 3) for norm in norms.tolist()])
print("mean of the clipped gradients:", clipped)

# The mean of the unclipped ones is the gradient of the mean loss.
batch_loss = mx.grad(lambda p: mx.mean(mx.vmap(loss, in_axes=(None, 0, 0))(p, inputs, targets)))
assert mx.allclose(gradients["weight"].mean(axis=0), batch_loss(parameters)["weight"], atol=1e-5)
