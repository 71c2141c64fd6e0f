"""Activation functions as modules, for use in :class:`Sequential`."""

from __future__ import annotations

import cotan.core as mx
from cotan.nn.layers.activation_functions import (
    celu,
    elu,
    gelu,
    gelu_approx,
    gelu_fast_approx,
    glu,
    hard_shrink,
    hard_tanh,
    hardswish,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    prelu,
    relu,
    relu2,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softmin,
    softplus,
    softshrink,
    softsign,
    step,
    tanh,
)
from cotan.nn.layers.base import Module


class ReLU(Module):
    """The module form of :func:`relu`.

    >>> nn.ReLU()(mx.array([-1.0, 2.0]))
    array([0, 2], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return relu(x)


class ReLU2(Module):
    """The module form of :func:`relu2`.

    >>> nn.ReLU2()(mx.array([-1.0, 3.0]))
    array([0, 9], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return relu2(x)


class ReLU6(Module):
    """The module form of :func:`relu6`.

    >>> nn.ReLU6()(mx.array([-1.0, 8.0]))
    array([0, 6], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return relu6(x)


class SELU(Module):
    """The module form of :func:`selu`.

    >>> nn.SELU()(mx.array([-1.0, 2.0]))
    array([-1.11133, 2.1014], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return selu(x)


class Sigmoid(Module):
    """The module form of :func:`sigmoid`.

    >>> nn.Sigmoid()(mx.array([0.0, 2.0]))
    array([0.5, 0.880797], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return sigmoid(x)


class LogSigmoid(Module):
    """The module form of :func:`log_sigmoid`.

    >>> nn.LogSigmoid()(mx.array([0.0, -100.0]))
    array([-0.693147, -100], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return log_sigmoid(x)


class Softplus(Module):
    """The module form of :func:`softplus`.

    >>> nn.Softplus()(mx.array([0.0, 100.0]))
    array([0.693147, 100], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return softplus(x)


class SiLU(Module):
    """The module form of :func:`silu`.

    >>> nn.SiLU()(mx.array([-1.0, 2.0]))
    array([-0.268941, 1.76159], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return silu(x)


class Mish(Module):
    """The module form of :func:`mish`.

    >>> nn.Mish()(mx.array([-1.0, 2.0]))
    array([-0.303401, 1.94396], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return mish(x)


class Hardswish(Module):
    """The module form of :func:`hardswish`.

    >>> nn.Hardswish()(mx.array([-1.0, 3.0]))
    array([-0.333333, 3], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return hardswish(x)


class Tanh(Module):
    """The module form of :func:`tanh`.

    >>> nn.Tanh()(mx.array([0.0, 2.0]))
    array([0, 0.964028], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return tanh(x)


class HardTanh(Module):
    """Clip to [-1, 1], the module form of :func:`hard_tanh`.

    >>> nn.HardTanh()(mx.array([-3.0, 0.5]))
    array([-1, 0.5], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return hard_tanh(x)


class Softsign(Module):
    """The module form of :func:`softsign`.

    >>> nn.Softsign()(mx.array([-1.0, 3.0]))
    array([-0.5, 0.75], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return softsign(x)


class Softmax(Module):
    """:func:`softmax` of the last axis, as a module.

    >>> nn.Softmax()(mx.array([0.0, 0.0]))
    array([0.5, 0.5], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return softmax(x)


class Softmin(Module):
    """:func:`softmin` of the last axis, as a module.

    >>> nn.Softmin()(mx.array([0.0, 2.0]))
    array([0.880797, 0.119203], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return softmin(x)


class LogSoftmax(Module):
    """:func:`log_softmax` of the last axis, as a module.

    >>> nn.LogSoftmax()(mx.array([0.0, 0.0]))
    array([-0.693147, -0.693147], dtype=float32)
    """

    def __call__(self, x: mx.array) -> mx.array:
        return log_softmax(x)


class LeakyReLU(Module):
    """The module form of :func:`leaky_relu`.

    >>> nn.LeakyReLU(0.5)(mx.array([-1.0, 2.0]))
    array([-0.5, 2], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self._negative_slope = negative_slope

    def __call__(self, x: mx.array) -> mx.array:
        return leaky_relu(x, self._negative_slope)


class ELU(Module):
    """The module form of :func:`elu`.

    >>> nn.ELU()(mx.array([-1.0, 2.0]))
    array([-0.632121, 2], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self._alpha = alpha

    def __call__(self, x: mx.array) -> mx.array:
        return elu(x, self._alpha)


class CELU(Module):
    """The module form of :func:`celu`.

    >>> nn.CELU(2.0)(mx.array([-1.0, 2.0]))
    array([-0.786939, 2], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self._alpha = alpha

    def __call__(self, x: mx.array) -> mx.array:
        return celu(x, self._alpha)


class HardShrink(Module):
    """The module form of :func:`hard_shrink`.

    >>> nn.HardShrink()(mx.array([0.25, 2.0]))
    array([0, 2], dtype=float32)
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self._lambd = lambd

    def __call__(self, x: mx.array) -> mx.array:
        return hard_shrink(x, self._lambd)


class Softshrink(Module):
    """The module form of :func:`softshrink`.

    >>> nn.Softshrink()(mx.array([0.25, 2.0]))
    array([0, 1.5], dtype=float32)
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self._lambd = lambd

    def __call__(self, x: mx.array) -> mx.array:
        return softshrink(x, self._lambd)


class Step(Module):
    """The module form of :func:`step`.

    >>> nn.Step(1.0)(mx.array([0.25, 2.0]))
    array([0, 1], dtype=int32)
    """

    def __init__(self, threshold: float = 0.0) -> None:
        super().__init__()
        self._threshold = threshold

    def __call__(self, x: mx.array) -> mx.array:
        return step(x, self._threshold)


class GLU(Module):
    """The module form of :func:`glu`.

    >>> nn.GLU()(mx.array([[3.0, 5.0, 0.0, 0.0]]))
    array([[1.5, 2.5]], dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        super().__init__()
        self._axis = axis

    def __call__(self, x: mx.array) -> mx.array:
        return glu(x, self._axis)


class PReLU(Module):
    """:func:`prelu` with learned slopes: one, or one for each of ``num_parameters`` features of the last
    axis.

    >>> nn.PReLU()(mx.array([-1.0, 2.0]))
    array([-0.25, 2], dtype=float32)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__()
        self.weight = mx.full((num_parameters,), init)

    def __call__(self, x: mx.array) -> mx.array:
        return prelu(x, self.weight)


class GELU(Module):
    """The module form of :func:`gelu`, or of an approximation of it.

    ``approx`` is ``"none"`` for :func:`gelu`, ``"precise"`` or ``"tanh"`` for :func:`gelu_approx` and
    ``"fast"`` for :func:`gelu_fast_approx`; anything else is a ``ValueError``.

    >>> nn.GELU("tanh")(mx.array([-1.0, 2.0]))
    array([-0.158808, 1.9546], dtype=float32)
    """

    def __init__(self, approx: str = "none") -> None:
        super().__init__()
        forms = {"none": gelu, "precise": gelu_approx, "tanh": gelu_approx, "fast": gelu_fast_approx}
        if approx not in forms:
            raise ValueError(f"GELU: approx must be one of {', '.join(forms)}, not {approx!r}")
        self._gelu = forms[approx]

    def __call__(self, x: mx.array) -> mx.array:
        return self._gelu(x)
