"""Schedules: functions from the number of steps taken to a learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable

import cotan.core as mx

Schedule = Callable[[mx.array], mx.array]

__all__ = ["cosine_decay", "exponential_decay", "join_schedules", "linear_schedule", "step_decay"]


def exponential_decay(init: float, decay_rate: float) -> Schedule:
    r"""Decay from ``init`` by the same factor in every step: :math:`\text{init} \cdot \text{decay\_rate}^t`.

    >>> optim.exponential_decay(0.1, 0.5)(mx.array(2))
    array(0.025, dtype=float32)
    """
    return lambda step: init * decay_rate**step


def step_decay(init: float, decay_rate: float, step_size: int) -> Schedule:
    r"""Decay from ``init`` by a factor after every ``step_size`` steps, which must be at least 1
    (``ValueError``): :math:`\text{init} \cdot \text{decay\_rate}^{\lfloor t / \text{step\_size} \rfloor}`.

    >>> optim.step_decay(0.1, 0.5, 10)(mx.array(25))
    array(0.025, dtype=float32)
    """
    _check_count("step_decay", "step_size", step_size)
    return lambda step: init * decay_rate ** (step // step_size)


def cosine_decay(init: float, decay_steps: int, end: float = 0.0) -> Schedule:
    """Fall from ``init`` to ``end`` along half a cosine wave of ``decay_steps`` steps, and stay there.

    ``decay_steps`` must be at least 1 (``ValueError``). See Loshchilov and Hutter, arXiv:1608.03983.

    >>> optim.cosine_decay(0.1, 100, end=0.01)(mx.array(50))
    array(0.055, dtype=float32)
    """
    _check_count("cosine_decay", "decay_steps", decay_steps)

    def schedule(step: mx.array) -> mx.array:
        done = mx.minimum(step, decay_steps)
        share = 0.5 * (1.0 + mx.cos((math.pi / decay_steps) * done))
        return end + share * (init - end)

    return schedule


def linear_schedule(init: float, end: float, steps: int) -> Schedule:
    """Go from ``init`` to ``end`` in a straight line of ``steps`` steps, and stay there.

    ``steps`` must be at least 1 (``ValueError``).

    >>> optim.linear_schedule(0.0, 0.1, 100)(mx.array(50))
    array(0.05, dtype=float32)
    """
    _check_count("linear_schedule", "steps", steps)
    return lambda step: mx.minimum(step, steps) * ((end - init) / steps) + init


def join_schedules(schedules: list[Schedule], boundaries: list[int]) -> Schedule:
    """Follow one schedule after the other: the next one starts, at step zero, at each of the ``boundaries``.

    There is one boundary less than schedules, and at least one schedule (``ValueError``).

    >>> warmup = optim.linear_schedule(0.0, 0.1, 10)
    >>> schedule = optim.join_schedules([warmup, optim.cosine_decay(0.1, 100)], [10])
    >>> schedule(mx.array(5)), schedule(mx.array(60))
    (array(0.05, dtype=float32), array(0.05, dtype=float32))
    """
    if not schedules:
        raise ValueError("join_schedules: no schedule is given")
    if len(boundaries) != len(schedules) - 1:
        raise ValueError(f"join_schedules: {len(schedules)} schedules need one boundary less, not {len(boundaries)}")

    def schedule(step: mx.array) -> mx.array:
        value = schedules[0](step)
        for boundary, following in zip(boundaries, schedules[1:], strict=True):
            value = mx.where(step < boundary, value, following(step - boundary))
        return value

    return schedule


def _check_count(name: str, parameter: str, value: float) -> None:
    if value < 1:
        raise ValueError(f"{name}: {parameter} must be at least 1, not {value}")
