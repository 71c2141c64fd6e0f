"""Transformations of functions that use a module, and what is done to whole trees of gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import cotan.core as mx
from cotan.nn.gradients import scale_to_norm, sum_of_squares
from cotan.nn.layers.base import Module
from cotan.utils import tree_flatten, tree_map

__all__ = ["average_gradients", "checkpoint", "clip_grad_norm_sharded", "value_and_grad"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_MEBIBYTE = 2**20


def value_and_grad(model: Module, fn: Callable[_P, _R]) -> Callable[_P, tuple[_R, dict[str, Any]]]:
    """Make a function that returns what ``fn`` returns and the gradient with respect to ``model``.

    ``fn`` calls ``model`` and returns a scalar, or a tuple whose first item is one. The new function takes
    the same arguments and returns ``(value, gradients)``; the gradients have the structure of
    ``model.trainable_parameters()``.

    >>> model = nn.Linear(2, 1)
    >>> loss_and_grad = nn.value_and_grad(model, lambda x: model(x).sum())
    >>> loss, gradients = loss_and_grad(mx.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> gradients
    {'weight': array([[4, 6]], dtype=float32), 'bias': array([2], dtype=float32)}
    """
    if not isinstance(model, Module):
        raise ValueError(f"value_and_grad: the first argument must be a Module, not {type(model).__name__}")
    value_and_grad_fn = mx.value_and_grad(_with_parameters(model, fn))

    @wraps(fn)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        return value_and_grad_fn(model.trainable_parameters(), *args, **kwargs)

    return wrapped


def checkpoint(module: Module, fn: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Make a version of ``fn``, by default ``module`` itself, that saves memory in the backward pass.

    Instead of keeping the intermediate values for the gradient, it computes them a second time. The gradient
    reaches the trainable parameters of ``module`` as usual.

    >>> layer = nn.Linear(2, 3)
    >>> x = mx.ones((4, 2))
    >>> mx.allclose(nn.utils.checkpoint(layer)(x), layer(x)).item()
    True
    """
    call = type(module).__call__.__get__(module) if fn is None else fn
    checkpointed = mx.checkpoint(_with_parameters(module, call))

    @wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return checkpointed(module.trainable_parameters(), *args, **kwargs)

    return wrapped


def clip_grad_norm_sharded(
    gradients: Any, max_norm: float, group: mx.distributed.Group | None = None
) -> tuple[Any, mx.array]:
    """:func:`cotan.optimizers.clip_grad_norm` for gradients of which every process of ``group`` has a part, such as
    those of :func:`fully_shard`.

    The norm is that of all parts together. A negative ``max_norm`` is a ``ValueError``.

    >>> nn.utils.clip_grad_norm_sharded({"w": mx.array([3.0, 4.0])}, max_norm=1.0)
    ({'w': array([0.6, 0.8], dtype=float32)}, array(5, dtype=float32))
    """
    if max_norm < 0:
        raise ValueError(f"clip_grad_norm_sharded: max_norm must not be negative, not {max_norm}")
    norm = mx.sqrt(mx.distributed.all_sum(sum_of_squares(gradients), group=group))
    return scale_to_norm(gradients, norm, max_norm), norm


def average_gradients(
    gradients: Any,
    group: mx.distributed.Group | None = None,
    all_reduce_size: int = 32 * _MEBIBYTE,
    communication_stream: mx.Stream | None = None,
) -> Any:
    """Replace every gradient by its mean over the processes of ``group``.

    All processes give trees of the same structure. Neighbours of one dtype travel together, in messages of
    ``all_reduce_size`` bytes or little more; 0 sends each by itself.

    >>> nn.average_gradients({"w": mx.array([1.0, 2.0])})
    {'w': array([1, 2], dtype=float32)}
    """
    group = group or mx.distributed.init()
    count = group.size()
    if count == 1:
        return gradients

    def averages() -> Iterator[mx.array]:
        for batch in _batches((leaf for _, leaf in tree_flatten(gradients)), all_reduce_size):
            message = mx.concatenate([gradient.reshape(-1) for gradient in batch])
            mean = mx.distributed.all_sum(message, group=group, stream=communication_stream) / count
            start = 0
            for gradient in batch:
                yield mean[start : start + gradient.size].reshape(gradient.shape)
                start += gradient.size

    averaged = averages()
    return tree_map(lambda _: next(averaged), gradients)


def _batches(leaves: Iterable[mx.array], size: int) -> Iterator[list[mx.array]]:
    """Consecutive arrays of one dtype, until they have ``size`` bytes together."""
    batch: list[mx.array] = []
    for leaf in leaves:
        if batch and (batch[0].dtype != leaf.dtype or sum(x.nbytes for x in batch) >= size):
            yield batch
            batch = []
        batch.append(leaf)
    if batch:
        yield batch


def _with_parameters(module: Module, fn: Callable[..., Any]) -> Callable[..., Any]:
    """Make parameters of ``module`` the first argument of ``fn``; the module has its own back afterwards."""

    def call_with(parameters: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        own = module.parameters()
        module.update(parameters)
        try:
            return fn(*args, **kwargs)
        finally:
            put_back(module, parameters, own)

    return call_with


def put_back(target: Any, lent: Any, own: Any) -> None:
    """Undo ``target.update(lent)``, except where something else has been assigned since.

    >>> layer = nn.Linear(2, 1)
    >>> own, lent = layer.parameters(), {"bias": mx.zeros((1,))}
    >>> put_back(layer.update(lent), lent, own)
    >>> layer.bias is own["bias"]
    True
    """
    for key, value in lent.items() if isinstance(lent, dict) else enumerate(lent):
        if isinstance(value, (dict, list)):
            put_back(target[key], value, own[key])
        elif target[key] is value:
            target[key] = own[key]
