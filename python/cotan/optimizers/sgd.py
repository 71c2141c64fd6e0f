"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import cotan.core as mx
from cotan.optimizers.base import Optimizer, Schedule


class SGD(Optimizer):
    r"""Gradient descent with momentum (Sutskever et al., ICML 2013). With the gradient :math:`g`:

    .. math::
        g &\leftarrow g + \lambda w \\
        v &\leftarrow \mu v + (1 - \tau) g \\
        w &\leftarrow w - \eta v \quad \text{or, with } \texttt{nesterov,} \quad w - \eta (g + \mu v)

    for momentum :math:`\mu`, ``weight_decay`` :math:`\lambda` and ``dampening`` :math:`\tau`. ``nesterov``
    needs momentum and no dampening (``ValueError``).

    >>> optim.SGD(learning_rate=0.1).apply_gradients({"w": mx.array([1.0])}, {"w": mx.array([2.0])})
    {'w': array([1.9], dtype=float32)}
    """

    def __init__(
        self,
        learning_rate: float | Schedule,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(f"SGD: nesterov needs momentum > 0 and no dampening, not {momentum} and {dampening}")
        super().__init__()
        self._maybe_schedule("learning_rate", learning_rate)
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.dampening = dampening
        self.nesterov = nesterov

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Start the velocity ``v`` at zero."""
        state["v"] = mx.zeros_like(parameter)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Move against the velocity, or against the gradient if there is no momentum."""
        if self.weight_decay != 0:
            gradient = gradient + self.weight_decay * parameter
        if self.momentum <= 0:
            return parameter - self._rate(gradient) * gradient
        inflow = (1 - self.dampening) * gradient if self.dampening > 0 else gradient
        velocity = self.momentum * state["v"] + inflow
        state["v"] = velocity
        update = gradient + self.momentum * velocity if self.nesterov else velocity
        return parameter - self._rate(gradient) * update
