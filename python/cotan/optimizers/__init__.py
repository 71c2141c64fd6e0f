"""Optimizers: functions of gradients that improve parameters, with schedules for the learning rate."""

from cotan.optimizers import optimizers, schedulers
from cotan.optimizers.optimizers import *  # noqa: F403
from cotan.optimizers.schedulers import *  # noqa: F403

__all__: list[str] = []
__all__ += optimizers.__all__
__all__ += schedulers.__all__
