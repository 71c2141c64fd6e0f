"""Separate two classes with a linear boundary, by gradient descent on the log-likelihood."""

import cotan.core as mx

FEATURES, EXAMPLES, STEPS, RATE = 20, 1_000, 500, 1.0

mx.random.seed(0)
true_weights = mx.random.normal((FEATURES,))
inputs = mx.random.normal((EXAMPLES, FEATURES))
labels = inputs @ true_weights > 0


def loss(weights: mx.array) -> mx.array:
    # log(1 + exp(score)) - label * score, without overflow.
    scores = inputs @ weights
    return mx.mean(mx.logaddexp(0.0, scores) - labels * scores)


loss_and_gradient = mx.value_and_grad(loss)
weights = mx.zeros((FEATURES,))
for step in range(STEPS):
    value, gradient = loss_and_gradient(weights)
    weights = weights - RATE * gradient
    mx.eval(value, weights)
    if step % 100 == 0:
        print(f"step {step:>3}: loss {value.item():.4f}")

accuracy = mx.mean((inputs @ weights > 0) == labels).item()
print(f"accuracy {accuracy:.1%}")
assert accuracy > 0.97
