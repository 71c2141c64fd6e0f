"""Recover the weights of a noisy linear function by gradient descent."""

import cotan.core as mx

FEATURES, EXAMPLES, STEPS, RATE = 100, 1_000, 500, 0.05

mx.random.seed(0)
true_weights = mx.random.normal((FEATURES,))
inputs = mx.random.normal((EXAMPLES, FEATURES))
targets = inputs @ true_weights + 0.01 * mx.random.normal((EXAMPLES,))


def loss(weights: mx.array) -> mx.array:
    return 0.5 * mx.mean(mx.square(inputs @ weights - targets))


gradient = mx.grad(loss)
weights = 0.01 * mx.random.normal((FEATURES,))
for _ in range(STEPS):
    weights = weights - RATE * gradient(weights)
    mx.eval(weights)

error = mx.sqrt(mx.sum(mx.square(weights - true_weights))).item()
print(f"loss {loss(weights).item():.6f}, distance from the true weights {error:.4f}")
assert error < 0.05
