"""Several optimizers for the parts of one model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cotan.core as mx
from cotan.optimizers.base import Optimizer
from cotan.utils import tree_map_with_path, tree_merge


class MultiOptimizer(Optimizer):
    """Give each parameter to the first optimizer whose filter accepts it, and what is left to the last.

    ``filters`` has one function of the dotted path and the gradient for every optimizer but the last
    (``ValueError``). The state is ``{"states": [...]}`` with the states of the optimizers.

    >>> fast, slow = optim.SGD(learning_rate=0.5), optim.SGD(learning_rate=0.1)
    >>> optimizer = optim.MultiOptimizer([fast, slow], [lambda path, x: path.endswith("bias")])
    >>> ones = {"bias": mx.ones((1,)), "weight": mx.ones((1,))}
    >>> optimizer.apply_gradients(ones, ones)
    {'bias': array([0.5], dtype=float32), 'weight': array([0.9], dtype=float32)}
    """

    def __init__(
        self,
        optimizers: list[Optimizer],
        filters: list[Callable[[str, mx.array], bool]] = [],  # noqa: B006 - never changed
    ) -> None:
        if len(filters) != len(optimizers) - 1:
            raise ValueError(f"MultiOptimizer: {len(optimizers)} optimizers need one filter less, not {len(filters)}")
        super().__init__()
        self.optimizers = list(optimizers)
        self.filters = list(filters)

    def init(self, parameters: dict[str, Any]) -> None:
        """Make the states of all optimizers now, each for its parameters."""
        for optimizer, part in zip(self.optimizers, self._split(parameters), strict=True):
            optimizer.init(part)

    def apply_gradients(self, gradients: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
        """Take one step with every optimizer; return the new parameters in the structure of ``gradients``."""
        updated: dict[str, Any] = {}
        for optimizer, part in zip(self.optimizers, self._split(gradients), strict=True):
            updated = tree_merge(updated, optimizer.apply_gradients(part, parameters))
        return updated

    @property
    def state(self) -> dict[str, Any]:
        """The states of the optimizers, as ``{"states": [...]}``.

        >>> optimizer = optim.MultiOptimizer([optim.SGD(learning_rate=0.1)])
        >>> optimizer.state["states"][0]["step"]
        array(0, dtype=uint64)
        """
        return {"states": [optimizer.state for optimizer in self.optimizers]}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        if "states" not in state or len(state["states"]) != len(self.optimizers):
            raise ValueError(f"MultiOptimizer: the state must be a dict with {len(self.optimizers)} 'states'")
        for optimizer, its_state in zip(self.optimizers, state["states"], strict=True):
            optimizer.state = its_state

    @property
    def learning_rate(self) -> mx.array:
        """The learning rate of the first optimizer; assigning sets that of all.

        >>> optim.MultiOptimizer([optim.SGD(learning_rate=0.1)]).learning_rate
        array(0.1, dtype=float32)
        """
        return self.optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: float | mx.array) -> None:
        for optimizer in self.optimizers:
            optimizer.learning_rate = learning_rate

    def _split(self, tree: dict[str, Any]) -> list[dict[str, Any]]:
        """One tree for each optimizer, with the leaves it takes care of."""
        owners = tree_map_with_path(self._owner, tree)
        return [_select(tree, owners, number) for number in range(len(self.optimizers))]

    def _owner(self, path: str, leaf: mx.array) -> int:
        matches = (number for number, accepts in enumerate(self.filters) if accepts(path, leaf))
        return next(matches, len(self.filters))


def _select(tree: Any, owners: Any, number: int) -> Any:
    """The part of ``tree`` whose leaves have this owner; ``{}`` keeps the place of the others in a list."""
    if isinstance(tree, dict):
        selected = {key: _select(child, owners[key], number) for key, child in tree.items()}
        return {key: part for key, part in selected.items() if part is not None}
    if isinstance(tree, (list, tuple)):
        parts = [_select(child, owner, number) for child, owner in zip(tree, owners, strict=True)]
        return [{} if part is None else part for part in parts]
    return tree if owners == number else None
