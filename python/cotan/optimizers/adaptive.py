"""Optimizers that divide each gradient by a running measure of its size."""

from __future__ import annotations

from typing import Any

import cotan.core as mx
from cotan.optimizers.base import Optimizer, Schedule


class RMSprop(Optimizer):
    r"""Divide by a running root mean square of the gradient (Tieleman and Hinton, Coursera lecture 6.5,
    2012):

    .. math::
        v &\leftarrow \alpha v + (1 - \alpha) g^2 \\
        w &\leftarrow w - \eta \, g / (\sqrt{v} + \epsilon)

    ``alpha`` must not be negative and ``eps`` must be positive (``ValueError``).

    >>> optim.RMSprop(learning_rate=0.1).apply_gradients({"w": mx.array([1.0])}, {"w": mx.array([2.0])})
    {'w': array([1], dtype=float32)}
    """

    def __init__(self, learning_rate: float | Schedule, alpha: float = 0.99, eps: float = 1e-8) -> None:
        if alpha < 0:
            raise ValueError(f"RMSprop: alpha must not be negative, not {alpha}")
        _check_eps("RMSprop", eps)
        super().__init__()
        self._maybe_schedule("learning_rate", learning_rate)
        self.alpha = alpha
        self.eps = eps

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Start the mean square ``v`` at zero."""
        state["v"] = mx.zeros_like(parameter)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Update the mean square and step against the scaled gradient."""
        v = self.alpha * state["v"] + (1 - self.alpha) * mx.square(gradient)
        state["v"] = v
        return parameter - self._rate(gradient) * gradient / (mx.sqrt(v) + self.eps)


class Adagrad(Optimizer):
    r"""Divide by the root of the sum of all squared gradients (Duchi et al., JMLR 12, 2011):

    .. math::
        v &\leftarrow v + g^2 \\
        w &\leftarrow w - \eta \, g / (\sqrt{v} + \epsilon)

    ``eps`` must be positive (``ValueError``).

    >>> optim.Adagrad(learning_rate=0.1).apply_gradients({"w": mx.array([4.0])}, {"w": mx.array([2.0])})
    {'w': array([1.9], dtype=float32)}
    """

    def __init__(self, learning_rate: float | Schedule, eps: float = 1e-8) -> None:
        _check_eps("Adagrad", eps)
        super().__init__()
        self._maybe_schedule("learning_rate", learning_rate)
        self.eps = eps

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Start the sum of squares ``v`` at zero."""
        state["v"] = mx.zeros_like(parameter)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Update the sum of squares and step against the scaled gradient."""
        v = state["v"] + mx.square(gradient)
        state["v"] = v
        return parameter - self._rate(gradient) * gradient / (mx.sqrt(v) + self.eps)


class AdaDelta(Optimizer):
    r"""Scale by the ratio of the running sizes of steps and gradients (Zeiler, arXiv:1212.5701):

    .. math::
        v &\leftarrow \rho v + (1 - \rho) g^2 \\
        d &= g \sqrt{u + \epsilon} / \sqrt{v + \epsilon} \\
        u &\leftarrow \rho u + (1 - \rho) d^2 \\
        w &\leftarrow w - \eta d

    ``rho`` must not be negative and ``eps`` must be positive (``ValueError``).

    >>> optimizer = optim.AdaDelta(learning_rate=1.0, eps=0.9)
    >>> optimizer.apply_gradients({"w": mx.array([3.0])}, {"w": mx.array([4.0])})
    {'w': array([1.87868], dtype=float32)}
    """

    def __init__(self, learning_rate: float | Schedule, rho: float = 0.9, eps: float = 1e-6) -> None:
        if rho < 0:
            raise ValueError(f"AdaDelta: rho must not be negative, not {rho}")
        _check_eps("AdaDelta", eps)
        super().__init__()
        self._maybe_schedule("learning_rate", learning_rate)
        self.rho = rho
        self.eps = eps

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Start the mean squares of gradients, ``v``, and of steps, ``u``, at zero."""
        state["v"] = mx.zeros_like(parameter)
        state["u"] = mx.zeros_like(parameter)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Update both mean squares and make the step."""
        v = self.rho * state["v"] + (1 - self.rho) * mx.square(gradient)
        step = gradient * mx.sqrt(state["u"] + self.eps) / mx.sqrt(v + self.eps)
        state["v"] = v
        state["u"] = self.rho * state["u"] + (1 - self.rho) * mx.square(step)
        return parameter - self._rate(gradient) * step


def _check_eps(name: str, eps: float) -> None:
    if eps <= 0:
        raise ValueError(f"{name}: eps must be positive, not {eps}")
