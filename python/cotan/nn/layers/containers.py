"""Modules made of other modules."""

from __future__ import annotations

from collections.abc import Callable

import cotan.core as mx
from cotan.nn.layers.base import Module


class Sequential(Module):
    """Call modules, or any functions of one array, one after the other. They are kept in the list ``layers``.

    >>> nn.Sequential(nn.Linear(2, 3), nn.ReLU(), mx.exp)(mx.zeros((4, 2))).shape
    (4, 3)
    """

    def __init__(self, *modules: Callable[[mx.array], mx.array]) -> None:
        super().__init__()
        self.layers = list(modules)

    def __call__(self, x: mx.array) -> mx.array:
        for layer in self.layers:
            x = layer(x)
        return x
