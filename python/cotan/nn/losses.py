"""Loss functions. ``reduction`` is ``"none"``, ``"mean"`` or ``"sum"``; anything else is a ``ValueError``."""

from __future__ import annotations

import math
from typing import Literal

import cotan.core as mx

Reduction = Literal["none", "mean", "sum"]

__all__ = [
    "binary_cross_entropy",
    "cosine_similarity_loss",
    "cross_entropy",
    "gaussian_nll_loss",
    "hinge_loss",
    "huber_loss",
    "kl_div_loss",
    "l1_loss",
    "log_cosh_loss",
    "margin_ranking_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
    "triplet_loss",
]


def cross_entropy(
    logits: mx.array,
    targets: mx.array,
    weights: mx.array | None = None,
    axis: int = -1,
    label_smoothing: float = 0.0,
    reduction: Reduction = "none",
) -> mx.array:
    r"""Cross entropy of a softmax over ``axis``: :math:`\log \sum_j e^{x_j} - \sum_j p_j x_j`.

    ``targets`` holds class indices, with the shape of ``logits`` without ``axis``, or class probabilities,
    with the shape of ``logits``. ``weights`` has the shape of the loss. ``label_smoothing`` in [0, 1) mixes
    that share of the uniform distribution into the targets.

    >>> logits = mx.array([[2.0, -1.0], [-1.0, 2.0]])
    >>> nn.losses.cross_entropy(logits, mx.array([0, 1]))
    array([0.0485873, 0.0485873], dtype=float32)
    """
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"cross_entropy: label_smoothing must be in [0, 1), not {label_smoothing}")
    if targets.ndim == logits.ndim:
        _check_same_shape("cross_entropy", logits, targets, "target probabilities")
        # A shift of all logits doesn't change the loss, and near zero little cancels.
        logits = logits - mx.stop_gradient(mx.max(logits, axis=axis, keepdims=True))
        score = mx.sum(logits * targets, axis=axis)
    else:
        score = _target_score(logits, targets, axis)
    if label_smoothing > 0:
        score = (1 - label_smoothing) * score + label_smoothing * logits.mean(axis=axis)
    loss = mx.logsumexp(logits, axis=axis) - score
    return _reduce(_weigh("cross_entropy", loss, weights), reduction)


def binary_cross_entropy(
    inputs: mx.array,
    targets: mx.array,
    weights: mx.array | None = None,
    with_logits: bool = True,
    reduction: Reduction = "mean",
) -> mx.array:
    r"""Cross entropy of a yes-or-no prediction: :math:`-t \log p - (1 - t) \log(1 - p)`.

    ``inputs`` are logits of :math:`p`, or :math:`p` itself when ``with_logits`` is False; then the logarithms
    are held at -100. All shapes are the same.

    >>> nn.losses.binary_cross_entropy(mx.array([0.0, 100.0]), mx.array([1, 1]), reduction="none")
    array([0.693147, 0], dtype=float32)
    """
    _check_same_shape("binary_cross_entropy", inputs, targets)
    if with_logits:
        loss = mx.logaddexp(0.0, inputs) - inputs * targets
    else:
        log_yes = mx.maximum(mx.log(inputs), -100)
        log_no = mx.maximum(mx.log(1 - inputs), -100)
        loss = -(log_yes * targets + log_no * (1 - targets))
    return _reduce(_weigh("binary_cross_entropy", loss, weights), reduction)


def l1_loss(predictions: mx.array, targets: mx.array, reduction: Reduction = "mean") -> mx.array:
    r"""Absolute difference :math:`|x - t|` of arrays of the same shape.

    >>> nn.losses.l1_loss(mx.array([1.0, 5.0]), mx.array([2.0, 2.0]))
    array(2, dtype=float32)
    """
    _check_same_shape("l1_loss", predictions, targets)
    return _reduce(mx.abs(predictions - targets), reduction)


def mse_loss(predictions: mx.array, targets: mx.array, reduction: Reduction = "mean") -> mx.array:
    r"""Squared difference :math:`(x - t)^2` of arrays of the same shape.

    >>> nn.losses.mse_loss(mx.array([1.0, 5.0]), mx.array([2.0, 2.0]))
    array(5, dtype=float32)
    """
    _check_same_shape("mse_loss", predictions, targets)
    return _reduce(mx.square(predictions - targets), reduction)


def nll_loss(inputs: mx.array, targets: mx.array, axis: int = -1, reduction: Reduction = "none") -> mx.array:
    r"""Negative log likelihood :math:`-x_t` of the class indices ``targets`` under log-probabilities along
    ``axis``.

    >>> nn.losses.nll_loss(mx.log(mx.array([[0.25, 0.75]])), mx.array([1]))
    array([0.287682], dtype=float32)
    """
    return _reduce(-mx.take_along_axis(inputs, mx.expand_dims(targets, axis), axis).squeeze(axis), reduction)


def gaussian_nll_loss(
    inputs: mx.array,
    targets: mx.array,
    vars: mx.array,
    full: bool = False,
    eps: float = 1e-6,
    reduction: Reduction = "mean",
) -> mx.array:
    r"""Negative log likelihood of ``targets`` under normal distributions with means ``inputs`` and variances
    ``vars``: :math:`\tfrac12 (\log v + (t - \mu)^2 / v)` with :math:`v` at least ``eps``.

    ``full`` adds the constant :math:`\tfrac12 \log 2\pi`. All shapes are the same.

    >>> nn.losses.gaussian_nll_loss(mx.array([0.0]), mx.array([2.0]), mx.array([1.0]))
    array(2, dtype=float32)
    """
    _check_same_shape("gaussian_nll_loss", inputs, targets)
    _check_same_shape("gaussian_nll_loss", inputs, vars, "vars")
    vars = mx.maximum(vars, eps)
    loss = 0.5 * (mx.log(vars) + mx.square(targets - inputs) / vars)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _reduce(loss, reduction)


def kl_div_loss(inputs: mx.array, targets: mx.array, axis: int = -1, reduction: Reduction = "none") -> mx.array:
    r"""Kullback-Leibler divergence :math:`\sum_j p_j (\log p_j - \log q_j)` along ``axis``, from the
    logarithms of both distributions: ``inputs`` is :math:`\log q`, ``targets`` is :math:`\log p`.

    >>> q, p = mx.log(mx.array([[0.5, 0.5]])), mx.log(mx.array([[0.25, 0.75]]))
    >>> nn.losses.kl_div_loss(q, p)
    array([0.130812], dtype=float32)
    """
    return _reduce(mx.sum(mx.exp(targets) * (targets - inputs), axis), reduction)


def smooth_l1_loss(
    predictions: mx.array, targets: mx.array, beta: float = 1.0, reduction: Reduction = "mean"
) -> mx.array:
    r"""Of the difference :math:`d`: :math:`d^2 / 2\beta` where :math:`|d| < \beta`, :math:`|d| - \beta/2`
    elsewhere (Girshick, arXiv:1504.08083). The shapes are the same.

    >>> nn.losses.smooth_l1_loss(mx.array([1.0, 5.0]), mx.array([1.5, 2.0]), reduction="none")
    array([0.125, 2.5], dtype=float32)
    """
    _check_same_shape("smooth_l1_loss", predictions, targets)
    distance = mx.abs(predictions - targets)
    loss = mx.where(distance < beta, 0.5 * mx.square(distance) / beta, distance - 0.5 * beta)
    return _reduce(loss, reduction)


def huber_loss(inputs: mx.array, targets: mx.array, delta: float = 1.0, reduction: Reduction = "none") -> mx.array:
    r"""Of the difference :math:`d`: :math:`d^2 / 2` where :math:`|d| \le \delta`,
    :math:`\delta (|d| - \delta/2)` elsewhere (Huber, 1964).

    >>> nn.losses.huber_loss(mx.array([1.0, 5.0]), mx.array([1.5, 2.0]))
    array([0.125, 2.5], dtype=float32)
    """
    distance = mx.abs(inputs - targets)
    loss = mx.where(distance <= delta, 0.5 * mx.square(distance), delta * (distance - 0.5 * delta))
    return _reduce(loss, reduction)


def log_cosh_loss(inputs: mx.array, targets: mx.array, reduction: Reduction = "none") -> mx.array:
    r"""Of the difference :math:`d`: :math:`\log \cosh d`, exact for large :math:`|d|`.

    >>> nn.losses.log_cosh_loss(mx.array([1.0, 100.0]), mx.array([1.0, 0.0]))
    array([0, 99.3069], dtype=float32)
    """
    difference = inputs - targets
    return _reduce(mx.logaddexp(difference, -difference) - math.log(2), reduction)


def hinge_loss(inputs: mx.array, targets: mx.array, reduction: Reduction = "none") -> mx.array:
    r""":math:`\max(1 - x t, 0)`, for targets -1 and 1.

    >>> nn.losses.hinge_loss(mx.array([0.5, 3.0]), mx.array([1, 1]))
    array([0.5, 0], dtype=float32)
    """
    return _reduce(mx.maximum(1 - inputs * targets, 0), reduction)


def margin_ranking_loss(
    inputs1: mx.array,
    inputs2: mx.array,
    targets: mx.array,
    margin: float = 0.0,
    reduction: Reduction = "none",
) -> mx.array:
    r""":math:`\max(-t (x_1 - x_2) + \text{margin}, 0)`: target 1 asks for :math:`x_1` above :math:`x_2`, -1
    for below.

    All shapes are the same.

    >>> nn.losses.margin_ranking_loss(mx.array([1.0]), mx.array([3.0]), mx.array([1]))
    array([2], dtype=float32)
    """
    _check_same_shape("margin_ranking_loss", inputs1, inputs2, "inputs2")
    _check_same_shape("margin_ranking_loss", inputs1, targets)
    return _reduce(mx.maximum(-targets * (inputs1 - inputs2) + margin, 0), reduction)


def triplet_loss(
    anchors: mx.array,
    positives: mx.array,
    negatives: mx.array,
    axis: int = -1,
    p: int = 2,
    margin: float = 1.0,
    eps: float = 1e-6,
    reduction: Reduction = "none",
) -> mx.array:
    r""":math:`\max(d(a, p) - d(a, n) + \text{margin}, 0)` with the distance
    :math:`d(x, y) = (\sum |x - y|^p + \epsilon)^{1/p}` along ``axis`` (Schroff et al., arXiv:1503.03832).

    >>> anchor, positive, negative = mx.array([[0.0, 0.0]]), mx.array([[0.0, 3.0]]), mx.array([[0.0, 1.0]])
    >>> nn.losses.triplet_loss(anchor, positive, negative)
    array([3], dtype=float32)
    """

    def distance(x: mx.array, y: mx.array) -> mx.array:
        return mx.power(mx.power(mx.abs(x - y), p).sum(axis) + eps, 1 / p)

    loss = mx.maximum(distance(anchors, positives) - distance(anchors, negatives) + margin, 0)
    return _reduce(loss, reduction)


def cosine_similarity_loss(
    x1: mx.array, x2: mx.array, axis: int = 1, eps: float = 1e-8, reduction: Reduction = "none"
) -> mx.array:
    r"""Cosine of the angle between vectors along ``axis``: :math:`x_1 \cdot x_2 / \max(\|x_1\| \|x_2\|,
    \epsilon)`.

    This is the similarity itself, 1 for parallel vectors.

    >>> nn.losses.cosine_similarity_loss(mx.array([[1.0, 0.0]]), mx.array([[1.0, 1.0]]))
    array([0.707107], dtype=float32)
    """
    norms = mx.sqrt(mx.sum(mx.square(x1), axis=axis)) * mx.sqrt(mx.sum(mx.square(x2), axis=axis))
    return _reduce(mx.sum(x1 * x2, axis=axis) / mx.maximum(norms, eps), reduction)


def _target_score(logits: mx.array, targets: mx.array, axis: int) -> mx.array:
    """The logit of the class with the given index."""
    expected = list(logits.shape)
    expected.pop(axis)
    if list(targets.shape) != expected:
        raise ValueError(
            f"cross_entropy: class indices have shape {targets.shape}, expected {tuple(expected)}, "
            f"the shape of the logits without axis {axis}"
        )
    return mx.take_along_axis(logits, mx.expand_dims(targets, axis), axis).squeeze(axis)


def _reduce(loss: mx.array, reduction: Reduction) -> mx.array:
    if reduction == "mean":
        return mx.mean(loss)
    if reduction == "sum":
        return mx.sum(loss)
    if reduction == "none":
        return loss
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', not {reduction!r}")


def _weigh(name: str, loss: mx.array, weights: mx.array | None) -> mx.array:
    if weights is None:
        return loss
    if weights.shape != loss.shape:
        raise ValueError(f"{name}: weights have shape {weights.shape}, the loss has shape {loss.shape}")
    return loss * weights


def _check_same_shape(name: str, inputs: mx.array, other: mx.array, role: str = "targets") -> None:
    if inputs.shape != other.shape:
        raise ValueError(f"{name}: {role} have shape {other.shape}, expected {inputs.shape}")
