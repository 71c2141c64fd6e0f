"""Adafactor: second moments of a matrix kept as one vector for its rows and one for its columns."""

from __future__ import annotations

from typing import Any

import cotan.core as mx
from cotan.optimizers.base import Optimizer, Schedule


class Adafactor(Optimizer):
    r"""Adaptive steps with little memory (Shazeer and Stern, arXiv:1804.04235).

    At step :math:`t`, with :math:`s = g^2 + \epsilon_1` and the decay :math:`\beta = 1 -
    t^{\texttt{decay\_rate}}`:

    - a parameter with two axes or more keeps the running means :math:`R` and :math:`C` of :math:`s` over its last and
      last but one axis, and :math:`u = g / (\sqrt{R / \text{mean}(R)} \sqrt{C})`; others keep the running mean
      :math:`V` of :math:`s`, and :math:`u = g / \sqrt{V}`;
    - :math:`u` is divided by :math:`\max(1, \text{rms}(u) / \texttt{clip\_threshold})` and multiplied with the rate
      :math:`\alpha`, and with ``beta_1`` it goes into a running mean whose value is used instead;
    - :math:`w \leftarrow w - \alpha \lambda w - u` with ``weight_decay`` :math:`\lambda`.

    The rate is :math:`\min(10^{-2}, 1 / \sqrt t)` with ``relative_step``, where ``warmup_init`` replaces
    :math:`10^{-2}` with :math:`10^{-6} t`, and otherwise ``learning_rate``. ``scale_parameter`` multiplies it
    with :math:`\max(\epsilon_2, \text{rms}(w))`. ``eps`` is the pair :math:`(\epsilon_1, \epsilon_2)`.

    >>> optimizer = optim.Adafactor()
    >>> optimizer.apply_gradients({"w": mx.ones((3, 2))}, {"w": mx.ones((3, 2))})["w"][0]
    array([0.99, 0.99], dtype=float32)
    >>> {name: x.shape for name, x in optimizer.state["w"].items()}
    {'exp_avg_sq_row': (3,), 'exp_avg_sq_col': (2,)}
    """

    def __init__(
        self,
        learning_rate: float | Schedule | None = None,
        eps: tuple[float, float] = (1e-30, 1e-3),
        clip_threshold: float = 1.0,
        decay_rate: float = -0.8,
        beta_1: float | None = None,
        weight_decay: float = 0.0,
        scale_parameter: bool = True,
        relative_step: bool = True,
        warmup_init: bool = False,
    ) -> None:
        super().__init__()
        if learning_rate is not None:
            self._maybe_schedule("learning_rate", learning_rate)
        self.eps = eps
        self.clip_threshold = clip_threshold
        self.decay_rate = decay_rate
        self.beta_1 = beta_1
        self.weight_decay = weight_decay
        self.scale_parameter = scale_parameter
        self.relative_step = relative_step
        self.warmup_init = warmup_init

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Start the running means at zero."""
        shape, dtype = parameter.shape, parameter.dtype
        if parameter.ndim >= 2:
            state["exp_avg_sq_row"] = mx.zeros(shape[:-1], dtype)
            state["exp_avg_sq_col"] = mx.zeros((*shape[:-2], shape[-1]), dtype)
        else:
            state["exp_avg_sq"] = mx.zeros(shape, dtype)
        if self.beta_1 is not None:
            state["exp_avg"] = mx.zeros(shape, dtype)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Update the running means and make the step."""
        rate = self._scaled_rate(parameter)
        beta = (1 - self.step**self.decay_rate).astype(gradient.dtype)
        update = gradient * self._inverse_root(mx.square(gradient) + self.eps[0], beta, state)
        update = update / mx.maximum(1, _rms(update) / self.clip_threshold)
        update = rate * update
        if self.beta_1 is not None:
            update = self.beta_1 * state["exp_avg"] + (1 - self.beta_1) * update
            state["exp_avg"] = update
        if self.weight_decay != 0:
            parameter = parameter - parameter * (self.weight_decay * rate)
        return parameter - update

    def _scaled_rate(self, parameter: mx.array) -> mx.array:
        if self.relative_step:
            limit = 1e-6 * self.step if self.warmup_init else 1e-2
            rate = mx.minimum(limit, mx.rsqrt(self.step))
        else:
            rate = self.learning_rate
        rate = rate.astype(parameter.dtype)
        return rate * mx.maximum(self.eps[1], _rms(parameter)) if self.scale_parameter else rate

    def _inverse_root(self, square: mx.array, beta: mx.array, state: dict[str, Any]) -> mx.array:
        """One over the root of the running mean of the squares, from its factors for a matrix."""
        if "exp_avg_sq" in state:
            state["exp_avg_sq"] = beta * state["exp_avg_sq"] + (1 - beta) * square
            return mx.rsqrt(state["exp_avg_sq"])
        row = beta * state["exp_avg_sq_row"] + (1 - beta) * mx.mean(square, axis=-1)
        column = beta * state["exp_avg_sq_col"] + (1 - beta) * mx.mean(square, axis=-2)
        state["exp_avg_sq_row"], state["exp_avg_sq_col"] = row, column
        row_factor = mx.rsqrt(row / mx.mean(row, axis=-1, keepdims=True))
        return row_factor[..., None] * mx.rsqrt(column)[..., None, :]


def _rms(x: mx.array) -> mx.array:
    return mx.sqrt(mx.mean(mx.square(x)))
