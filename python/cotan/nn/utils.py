"""Transformations of functions that use a module: gradients and checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import cotan.core as mx
from cotan.nn.layers.base import Module

__all__ = ["checkpoint", "value_and_grad"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


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


def _with_parameters(module: Module, fn: Callable[..., Any]) -> Callable[..., Any]:
    """Make parameters of ``module`` the first argument of ``fn``; the module has its own back afterwards."""

    def call_with(parameters: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        own = module.parameters()
        module.update(parameters)
        try:
            return fn(*args, **kwargs)
        finally:
            _put_back(module, parameters, own)

    return call_with


def _put_back(target: Any, lent: Any, own: Any) -> None:
    """Undo ``target.update(lent)``, except where ``fn`` has assigned something else."""
    for key, value in lent.items() if isinstance(lent, dict) else enumerate(lent):
        if isinstance(value, (dict, list)):
            _put_back(target[key], value, own[key])
        elif target[key] is value:
            target[key] = own[key]
