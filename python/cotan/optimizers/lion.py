"""Lion: steps of equal size in the direction of the sign of the momentum."""

from __future__ import annotations

from typing import Any

import cotan.core as mx
from cotan.optimizers.adam import check_betas
from cotan.optimizers.base import Optimizer, Schedule


class Lion(Optimizer):
    r"""Evolved sign momentum (Chen et al., arXiv:2302.06675):

    .. math::
        c &= \beta_1 m + (1 - \beta_1) g \\
        m &\leftarrow \beta_2 m + (1 - \beta_2) g \\
        w &\leftarrow (1 - \eta \lambda) w - \eta \, \text{sign}(c)

    for ``weight_decay`` :math:`\lambda`. All elements move by the same amount, so the learning rate is
    usually three to ten times smaller than that of Adam. The ``betas`` must be in [0, 1) (``ValueError``).

    >>> optim.Lion(learning_rate=0.1).apply_gradients({"w": mx.array([0.5])}, {"w": mx.array([1.0])})
    {'w': array([0.9], dtype=float32)}
    """

    def __init__(
        self,
        learning_rate: float | Schedule,
        betas: list[float] = [0.9, 0.99],  # noqa: B006 - never changed
        weight_decay: float = 0.0,
    ) -> None:
        check_betas("Lion", betas)
        super().__init__()
        self._maybe_schedule("learning_rate", learning_rate)
        self.betas = betas
        self.weight_decay = weight_decay

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Start the momentum ``m`` at zero."""
        state["m"] = mx.zeros_like(parameter)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Step in the direction of the sign, and update the momentum."""
        rate = self._rate(gradient)
        beta1, beta2 = self.betas
        m = state["m"]
        direction = mx.sign(beta1 * m + (1 - beta1) * gradient)
        state["m"] = beta2 * m + (1 - beta2) * gradient
        if self.weight_decay > 0:
            parameter = (1 - rate * self.weight_decay) * parameter
        return parameter - rate * direction
