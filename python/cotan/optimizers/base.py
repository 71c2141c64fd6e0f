"""The base class of the optimizers: where state lives and how an update walks the tree of parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.utils import tree_map

Schedule = Callable[[mx.array], mx.array]


class Optimizer:
    """Base class of the optimizers.

    A subclass overrides :meth:`init_single`, which fills the state of one parameter, and
    :meth:`apply_single`, which returns the new value of one parameter. ``schedulers`` maps names in the state
    to functions of the step that set them.

    >>> class Halving(optim.Optimizer):
    ...     def init_single(self, parameter, state):
    ...         state["count"] = mx.array(0)
    ...     def apply_single(self, gradient, parameter, state):
    ...         state["count"] = state["count"] + 1
    ...         return parameter / 2
    >>> Halving().apply_gradients({"w": mx.array([1.0])}, {"w": mx.array([8.0])})
    {'w': array([4], dtype=float32)}
    """

    def __init__(self, schedulers: dict[str, Schedule] | None = None) -> None:
        self._state: dict[str, Any] = {"step": mx.array(0, mx.uint64)}
        self._schedulers = dict(schedulers or {})

    def update(self, model: Module, gradients: dict[str, Any]) -> None:
        """Take one step: compute new parameters from ``gradients`` and put them into ``model``.

        >>> model = nn.Linear(2, 1)
        >>> _ = model.update({"weight": mx.ones((1, 2))})
        >>> optim.SGD(learning_rate=0.5).update(model, {"weight": mx.ones((1, 2))})
        >>> model.weight
        array([[0.5, 0.5]], dtype=float32)
        """
        model.update(self.apply_gradients(gradients, model))

    @property
    def state(self) -> dict[str, Any]:
        """The step, the scheduled values and, in a tree like that of the parameters, a dict for each
        parameter.

        It can be assigned, for example from a file; what is missing is made in the next step.

        >>> optimizer = optim.Adam(learning_rate=0.1)
        >>> optimizer.init({"w": mx.ones((2,))})
        >>> list(optimizer.state), list(optimizer.state["w"])
        (['step', 'learning_rate', 'w'], ['m', 'v'])
        """
        return self._state

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        self._state = state

    @property
    def step(self) -> mx.array:
        """The number of steps taken.

        >>> optim.SGD(learning_rate=0.1).step
        array(0, dtype=uint64)
        """
        return self.state["step"]

    @property
    def learning_rate(self) -> mx.array:
        """The learning rate, which can be assigned; a schedule sets it anew in every step.

        >>> optimizer = optim.SGD(learning_rate=0.1)
        >>> optimizer.learning_rate = 0.01
        >>> optimizer.learning_rate
        array(0.01, dtype=float32)
        """
        return self.state["learning_rate"]

    @learning_rate.setter
    def learning_rate(self, learning_rate: float | mx.array) -> None:
        self.state["learning_rate"] = mx.array(learning_rate)

    def init(self, parameters: dict[str, Any]) -> None:
        """Make the state of ``parameters`` now; otherwise the first step makes it.

        >>> optimizer = optim.SGD(learning_rate=0.1, momentum=0.9)
        >>> optimizer.init({"w": mx.ones((2,))})
        >>> optimizer.state["w"]
        {'v': array([0, 0], dtype=float32)}
        """
        _make_missing(self.state, parameters, self.init_single)

    def init_single(self, parameter: mx.array, state: dict[str, Any]) -> None:
        """Fill ``state``, an empty dict, for one parameter. A subclass must override this.

        >>> state = {}
        >>> optim.Adagrad(learning_rate=0.1).init_single(mx.ones((2,)), state)
        >>> state
        {'v': array([0, 0], dtype=float32)}
        """
        raise NotImplementedError(f"{type(self).__name__} must override init_single")

    def apply_gradients(self, gradients: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
        """Take one step and return the new parameters, in the structure of ``gradients``.

        ``parameters`` may hold more than ``gradients``. The schedules see the step before it is counted.

        >>> optim.SGD(learning_rate=0.5).apply_gradients({"w": mx.array([1.0])}, {"w": mx.array([3.0])})
        {'w': array([2.5], dtype=float32)}
        """
        self.init(gradients)
        for name, schedule in self._schedulers.items():
            self.state[name] = mx.array(schedule(self.step))
        self.state["step"] = self.step + 1
        return tree_map(self.apply_single, gradients, parameters, self.state)

    def apply_single(self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]) -> mx.array:
        """Return the new value of one parameter, and update its ``state``. A subclass must override this.

        >>> optim.SGD(learning_rate=0.5).apply_single(mx.array(1.0), mx.array(3.0), {})
        array(2.5, dtype=float32)
        """
        raise NotImplementedError(f"{type(self).__name__} must override apply_single")

    def _maybe_schedule(self, name: str, value: float | mx.array | Schedule) -> None:
        """Put a hyper-parameter into the state; a function of the step becomes a schedule for it."""
        if callable(value):
            self._schedulers[name] = value
            self.state[name] = mx.array(value(self.step))
        else:
            self.state[name] = mx.array(value)

    def _rate(self, gradient: mx.array) -> mx.array:
        """The learning rate in the dtype of ``gradient``."""
        return self.learning_rate.astype(gradient.dtype)


def _make_missing(state: Any, tree: Any, init_single: Callable[[Any, dict[str, Any]], None]) -> None:
    """Add to ``state``, in place, a dict for each leaf of ``tree`` that has none."""
    if isinstance(tree, dict):
        entries = list(tree.items())
        for key, child in entries:
            state.setdefault(key, _empty_state(child))
    else:
        entries = list(enumerate(tree))
        state.extend(_empty_state(child) for _, child in entries[len(state) :])
    for key, child in entries:
        if isinstance(child, (dict, list, tuple)):
            _make_missing(state[key], child, init_single)
        elif isinstance(state[key], mx.array):
            raise ValueError(f"the optimizer has a value of its own named {key!r}: rename the parameter")
        elif not state[key]:
            init_single(child, state[key])


def _empty_state(node: Any) -> dict[str, Any] | list[Any]:
    return [] if isinstance(node, (list, tuple)) else {}
