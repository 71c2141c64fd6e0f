"""Adam and its relatives: running first and second moments of the gradient."""

from __future__ import annotations

from typing import Any

import cotan.core as mx
from cotan.optimizers.base import Optimizer, Schedule


class Adam(Optimizer):
    r"""Adaptive moment estimation (Kingma and Ba, arXiv:1412.6980):

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        w &\leftarrow w - \eta \, m / (\sqrt{v} + \epsilon)

    With ``bias_correction``, off by default, :math:`m` and :math:`v` are divided by :math:`1 - \beta_1^t` and
    :math:`1 - \beta_2^t` in the last line, where :math:`t` counts the steps from one. The ``betas`` must be
    in [0, 1) and ``eps`` must not be negative (``ValueError``).

    >>> optimizer = optim.Adam(learning_rate=0.1, betas=[0.5, 0.75], bias_correction=True)
    >>> optimizer.apply_gradients({"w": mx.array([0.5])}, {"w": mx.array([1.0])})
    {'w': array([0.9], dtype=float32)}
    """

    def __init__(
        self,
        learning_rate: float | Schedule,
        betas: list[float] = [0.9, 0.999],  # noqa: B006 - never changed
        eps: float = 1e-8,
        bias_correction: bool = False,
    ) -> None:
        check_betas(type(self).__name__, betas)
        if eps < 0:
            raise ValueError(f"{type(self).__name__}: eps must not be negative, not {eps}")
        super().__init__()
        self._maybe_schedule("learning_rate", learning_rate)
        self.betas = betas
        self.eps = eps
        self.bias_correction = bias_correction

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Start the first moment ``m`` and the second moment ``v`` at zero."""
        state["m"] = mx.zeros_like(parameter)
        state["v"] = mx.zeros_like(parameter)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Update the moments and make the step."""
        rate = self._rate(gradient)
        beta1, beta2 = self.betas
        m = beta1 * state["m"] + (1 - beta1) * gradient
        v = beta2 * state["v"] + (1 - beta2) * mx.square(gradient)
        state["m"], state["v"] = m, v
        if not self.bias_correction:
            return parameter - rate * m / (mx.sqrt(v) + self.eps)
        scale = (rate / (1 - beta1**self.step)).astype(gradient.dtype)
        root_scale = mx.rsqrt(1 - beta2**self.step).astype(gradient.dtype)
        return parameter - scale * m / (mx.sqrt(v) * root_scale + self.eps)


class AdamW(Adam):
    r"""Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101).

    Each step first takes :math:`w \leftarrow w (1 - \eta \lambda)` with ``weight_decay`` :math:`\lambda`,
    then the step of :class:`Adam`.

    >>> optimizer = optim.AdamW(learning_rate=0.1, betas=[0.5, 0.75], bias_correction=True)
    >>> optimizer.apply_gradients({"w": mx.array([0.5])}, {"w": mx.array([1.0])})
    {'w': array([0.899], dtype=float32)}
    """

    def __init__(
        self,
        learning_rate: float | Schedule,
        betas: list[float] = [0.9, 0.999],  # noqa: B006 - never changed
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        bias_correction: bool = False,
    ) -> None:
        super().__init__(learning_rate, betas, eps, bias_correction)
        self.weight_decay = weight_decay

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Shrink the parameter, then make the step of Adam."""
        shrunk = parameter * (1 - self._rate(gradient) * self.weight_decay)
        return super().apply_single(gradient, shrunk, state)


class Adamax(Adam):
    r"""The variant of Adam for the maximum norm (Kingma and Ba, arXiv:1412.6980):

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \max(\beta_2 v, |g|) \\
        w &\leftarrow w - \eta \, m / (v + \epsilon)

    The ``betas`` must be in [0, 1) and ``eps`` must not be negative (``ValueError``).

    >>> optim.Adamax(learning_rate=0.1).apply_gradients({"w": mx.array([0.5])}, {"w": mx.array([1.0])})
    {'w': array([0.99], dtype=float32)}
    """

    def __init__(
        self,
        learning_rate: float | Schedule,
        betas: list[float] = [0.9, 0.999],  # noqa: B006 - never changed
        eps: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate, betas, eps)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Update the moment and the maximum, and make the step."""
        beta1, beta2 = self.betas
        m = beta1 * state["m"] + (1 - beta1) * gradient
        v = mx.maximum(beta2 * state["v"], mx.abs(gradient))
        state["m"], state["v"] = m, v
        return parameter - self._rate(gradient) * m / (v + self.eps)


def check_betas(name: str, betas: list[float]) -> None:
    """Raise ``ValueError`` unless each decay rate is in [0, 1)."""
    for beta in betas:
        if not 0 <= beta < 1:
            raise ValueError(f"{name}: each of the betas must be in [0, 1), not {beta}")
