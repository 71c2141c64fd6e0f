"""Activation functions: maps of each element, and the normalisations of an axis."""

from __future__ import annotations

import math

import cotan.core as mx


def relu(x: mx.array) -> mx.array:
    r"""Rectified linear unit :math:`\max(x, 0)`.

    >>> nn.relu(mx.array([-1.0, 2.0]))
    array([0, 2], dtype=float32)
    """
    return mx.maximum(x, 0)


def relu2(x: mx.array) -> mx.array:
    r"""Square of the rectifier :math:`\max(x, 0)^2` (So et al., *Primer*, arXiv:2109.08668).

    >>> nn.relu2(mx.array([-1.0, 3.0]))
    array([0, 9], dtype=float32)
    """
    return mx.square(mx.maximum(x, 0))


def relu6(x: mx.array) -> mx.array:
    r"""Rectifier with a ceiling :math:`\min(\max(x, 0), 6)` (Krizhevsky, 2010).

    >>> nn.relu6(mx.array([-1.0, 2.0, 8.0]))
    array([0, 2, 6], dtype=float32)
    """
    return mx.minimum(mx.maximum(x, 0), 6.0)


def leaky_relu(x: mx.array, negative_slope: float = 0.01) -> mx.array:
    r"""Rectifier with a slope below zero: :math:`\max(\alpha x, x)` (Maas et al., 2013).

    >>> nn.leaky_relu(mx.array([-1.0, 2.0]), 0.5)
    array([-0.5, 2], dtype=float32)
    """
    return mx.maximum(negative_slope * x, x)


def prelu(x: mx.array, alpha: mx.array) -> mx.array:
    r"""Rectifier with a given slope below zero: :math:`\max(x, 0) + \alpha \min(x, 0)` (He et al.,
    arXiv:1502.01852).

    >>> nn.prelu(mx.array([-1.0, 2.0]), mx.array([0.25]))
    array([-0.25, 2], dtype=float32)
    """
    # In this order the slopes at zero are 0 and 1, so that of the sum is alpha.
    return mx.maximum(x, 0) + alpha * mx.minimum(0, x)


def elu(x: mx.array, alpha: float = 1.0) -> mx.array:
    r"""Exponential linear unit: :math:`x` above zero, :math:`\alpha (e^x - 1)` below (Clevert et al.,
    arXiv:1511.07289).

    >>> nn.elu(mx.array([-1.0, 2.0]))
    array([-0.632121, 2], dtype=float32)
    """
    return mx.where(x > 0, x, alpha * mx.expm1(_negative_part(x)))


def celu(x: mx.array, alpha: float = 1.0) -> mx.array:
    r"""Smooth exponential linear unit :math:`\max(x, 0) + \alpha (e^{\min(x, 0) / \alpha} - 1)` (Barron,
    arXiv:1704.07483).

    >>> nn.celu(mx.array([-1.0, 2.0]), 2.0)
    array([-0.786939, 2], dtype=float32)
    """
    return mx.where(x > 0, x, alpha * mx.expm1(_negative_part(x) / alpha))


def selu(x: mx.array) -> mx.array:
    """Scaled :func:`elu` whose outputs keep mean 0 and variance 1 (Klambauer et al., arXiv:1706.02515).

    >>> nn.selu(mx.array([-1.0, 2.0]))
    array([-1.11133, 2.1014], dtype=float32)
    """
    return elu(x, 1.67326) * 1.0507


def gelu(x: mx.array) -> mx.array:
    r"""Gaussian error linear unit :math:`x \Phi(x)`, with the normal distribution function :math:`\Phi`
    (Hendrycks and Gimpel, arXiv:1606.08415).

    >>> nn.gelu(mx.array([-1.0, 2.0]))
    array([-0.158655, 1.9545], dtype=float32)
    """
    return x * (1 + mx.erf(x / math.sqrt(2))) / 2


def gelu_approx(x: mx.array) -> mx.array:
    r"""The tanh approximation of :func:`gelu`:
    :math:`\tfrac{x}{2} (1 + \tanh(\sqrt{2/\pi} (x + 0.044715 x^3)))`.

    >>> nn.gelu_approx(mx.array([-1.0, 2.0]))
    array([-0.158808, 1.9546], dtype=float32)
    """
    return 0.5 * x * (1 + mx.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_fast_approx(x: mx.array) -> mx.array:
    r"""The sigmoid approximation of :func:`gelu`: :math:`x \sigma(1.702 x)`.

    >>> nn.gelu_fast_approx(mx.array([-1.0, 2.0]))
    array([-0.154204, 1.93566], dtype=float32)
    """
    return x * mx.sigmoid(1.702 * x)


def sigmoid(x: mx.array) -> mx.array:
    r"""Logistic function :math:`\sigma(x) = 1 / (1 + e^{-x})`.

    >>> nn.sigmoid(mx.array([0.0, 2.0]))
    array([0.5, 0.880797], dtype=float32)
    """
    return mx.sigmoid(x)


def log_sigmoid(x: mx.array) -> mx.array:
    r"""Logarithm of the logistic function, :math:`-\log(1 + e^{-x})`, exact for large :math:`|x|`.

    >>> nn.log_sigmoid(mx.array([0.0, -100.0]))
    array([-0.693147, -100], dtype=float32)
    """
    return -softplus(-x)


def softplus(x: mx.array) -> mx.array:
    r"""Smooth rectifier :math:`\log(1 + e^x)`, exact for large :math:`|x|`.

    >>> nn.softplus(mx.array([0.0, 100.0]))
    array([0.693147, 100], dtype=float32)
    """
    return mx.logaddexp(x, 0)


def silu(x: mx.array) -> mx.array:
    r"""Sigmoid linear unit :math:`x \sigma(x)`, also known as swish (Hendrycks and Gimpel, arXiv:1606.08415).

    >>> nn.silu(mx.array([-1.0, 2.0]))
    array([-0.268941, 1.76159], dtype=float32)
    """
    return x * mx.sigmoid(x)


def mish(x: mx.array) -> mx.array:
    r""":math:`x \tanh(\log(1 + e^x))` (Misra, arXiv:1908.08681).

    >>> nn.mish(mx.array([-1.0, 2.0]))
    array([-0.303401, 1.94396], dtype=float32)
    """
    return x * mx.tanh(softplus(x))


def hardswish(x: mx.array) -> mx.array:
    r"""Piecewise form of :func:`silu`: :math:`x \min(\max(x + 3, 0), 6) / 6` (Howard et al.,
    arXiv:1905.02244).

    >>> nn.hardswish(mx.array([-4.0, 0.0, 3.0]))
    array([-0, 0, 3], dtype=float32)
    """
    return x * mx.minimum(mx.maximum(x + 3, 0), 6) / 6


def tanh(x: mx.array) -> mx.array:
    """Hyperbolic tangent.

    >>> nn.tanh(mx.array([0.0, 2.0]))
    array([0, 0.964028], dtype=float32)
    """
    return mx.tanh(x)


def hard_tanh(x: mx.array, min_val: float = -1.0, max_val: float = 1.0) -> mx.array:
    r"""Clip to an interval: :math:`\min(\max(x, \text{min\_val}), \text{max\_val})`.

    >>> nn.hard_tanh(mx.array([-3.0, 0.5, 2.0]))
    array([-1, 0.5, 1], dtype=float32)
    """
    return mx.minimum(mx.maximum(x, min_val), max_val)


def hard_shrink(x: mx.array, lambd: float = 0.5) -> mx.array:
    r"""Zero where :math:`|x| \le \lambda`, the input elsewhere.

    >>> nn.hard_shrink(mx.array([-1.0, 0.25, 2.0]))
    array([-1, 0, 2], dtype=float32)
    """
    return mx.where(mx.abs(x) > lambd, x, 0)


def softshrink(x: mx.array, lambd: float = 0.5) -> mx.array:
    r"""Move towards zero by :math:`\lambda`, and stop there: the proximal map of :math:`\lambda |x|`.

    >>> nn.softshrink(mx.array([-1.0, 0.25, 2.0]))
    array([-0.5, 0, 1.5], dtype=float32)
    """
    return mx.where(mx.abs(x) > lambd, x - mx.sign(x) * lambd, 0)


def softsign(x: mx.array) -> mx.array:
    r""":math:`x / (1 + |x|)`.

    >>> nn.softsign(mx.array([-1.0, 3.0]))
    array([-0.5, 0.75], dtype=float32)
    """
    return mx.divide(x, 1 + mx.abs(x))


def step(x: mx.array, threshold: float = 0.0) -> mx.array:
    r"""One where :math:`x \ge \text{threshold}`, zero elsewhere, as int32.

    >>> nn.step(mx.array([-1.0, 0.0, 2.0]))
    array([0, 1, 1], dtype=int32)
    """
    return mx.where(x >= threshold, 1, 0)


def softmax(x: mx.array, axis: int = -1) -> mx.array:
    r"""Positive weights of sum one along ``axis``: :math:`e^{x_i} / \sum_j e^{x_j}`.

    >>> nn.softmax(mx.array([0.0, 0.0]))
    array([0.5, 0.5], dtype=float32)
    """
    return mx.softmax(x, axis=axis)


def softmin(x: mx.array, axis: int = -1) -> mx.array:
    r""":func:`softmax` of the negated input: :math:`e^{-x_i} / \sum_j e^{-x_j}`.

    >>> nn.softmin(mx.array([0.0, 2.0]))
    array([0.880797, 0.119203], dtype=float32)
    """
    return mx.softmax(-x, axis=axis)


def log_softmax(x: mx.array, axis: int = -1) -> mx.array:
    r"""Logarithm of :func:`softmax`, :math:`x_i - \log \sum_j e^{x_j}`, exact for large inputs.

    >>> nn.log_softmax(mx.array([0.0, 0.0]))
    array([-0.693147, -0.693147], dtype=float32)
    """
    return x - mx.logsumexp(x, axis=axis, keepdims=True)


def glu(x: mx.array, axis: int = -1) -> mx.array:
    r"""Gated linear unit :math:`a \, \sigma(b)`, where :math:`a` and :math:`b` are the halves of the input
    along ``axis`` (Dauphin et al., arXiv:1612.08083).

    >>> nn.glu(mx.array([[3.0, 5.0, 0.0, 0.0]]))
    array([[1.5, 2.5]], dtype=float32)
    """
    a, b = mx.split(x, 2, axis=axis)
    return a * mx.sigmoid(b)


def _negative_part(x: mx.array) -> mx.array:
    """The input where it is not positive, else zero: its exponential stays finite, and the slope of that."""
    return mx.where(x > 0, 0, x)
