"""Muon: momentum whose matrices are made orthogonal before the step."""

from __future__ import annotations

import math
from typing import Any

import cotan.core as mx
from cotan.optimizers.base import Optimizer, Schedule


class Muon(Optimizer):
    r"""Momentum orthogonalised by Newton-Schulz iteration (Jordan et al., *Muon*, 2024):

    .. math::
        g &\leftarrow g + \lambda w \\
        v &\leftarrow \mu v + (1 - \mu) g \\
        u &= v \quad \text{or, with } \texttt{nesterov,} \quad (1 - \mu) g + \mu v \\
        w &\leftarrow w - \eta \sqrt{\max(1, \text{rows} / \text{columns})} \; \text{orthogonal}(u)

    for ``momentum`` :math:`\mu` and ``weight_decay`` :math:`\lambda`. A parameter with more than two axes
    counts as a matrix of its first axis by the others; one with fewer takes the plain step :math:`w - \eta
    u`. It is meant for the matrices inside a network; use :class:`MultiOptimizer` to give embeddings, biases
    and the last layer to another.

    >>> optimizer = optim.Muon(learning_rate=0.1, weight_decay=0.0)
    >>> optimizer.apply_gradients({"b": mx.array([1.0])}, {"b": mx.array([1.0])})
    {'b': array([0.99025], dtype=float32)}
    """

    def __init__(
        self,
        learning_rate: float | Schedule,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
        nesterov: bool = True,
        ns_steps: int = 5,
    ) -> None:
        super().__init__()
        self._maybe_schedule("learning_rate", learning_rate)
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        self.ns_steps = ns_steps

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Start the velocity ``v`` at zero."""
        state["v"] = mx.zeros_like(parameter)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Update the velocity and make the orthogonal step."""
        if self.weight_decay != 0:
            gradient = gradient + self.weight_decay * parameter
        velocity = self.momentum * state["v"] + (1 - self.momentum) * gradient
        state["v"] = velocity
        update = (1 - self.momentum) * gradient + self.momentum * velocity if self.nesterov else velocity
        rate = self._rate(gradient)
        if update.ndim >= 2:
            update = orthogonalize(update.reshape(update.shape[0], -1), self.ns_steps).reshape(update.shape)
            rate = rate * math.sqrt(max(1, update.shape[-2] / update.shape[-1]))
        return parameter - rate * update


def orthogonalize(matrix: mx.array, steps: int) -> mx.array:
    """Move the singular values of a matrix towards one, keeping its singular vectors.

    Each step applies an odd quintic polynomial to the singular values (Jordan et al., *Muon*, 2024); its
    coefficients grow small values fast and leave them near one instead of exactly there.

    >>> from cotan.optimizers.muon import orthogonalize
    >>> x = orthogonalize(mx.array([[3.0, 0.0], [0.0, 0.5]]), steps=5)
    >>> mx.abs(x - mx.eye(2)).max().item() < 0.35
    True
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = wide / (mx.sqrt(mx.sum(mx.square(wide))) + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x
