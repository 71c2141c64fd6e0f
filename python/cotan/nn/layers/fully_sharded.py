"""A module of which every process stores a part, and gathers the whole only while it is called."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import cotan.core as mx
from cotan.nn.layers.base import Module
from cotan.nn.utils import put_back
from cotan.utils import tree_flatten, tree_map_with_path


class FullyShardedModule(Module):
    """Keep this process's part of every parameter of ``module``, and gather the whole for each call.

    Parameters are split along their first axis, whose length must be a multiple of the number of processes
    (``ValueError``, also for parameters without axes). The gradient of a part is the mean over the processes. With
    ``compute_dtype`` the call sees floating parameters in that dtype. What ``module`` has in a
    :class:`FullyShardedModule` of its own is left to that (Rajbhandari et al., arXiv:1910.02054).

    >>> model = nn.FullyShardedModule(nn.Linear(2, 3))
    >>> model
    FullyShardedModule(num_sharded_params=2
      (module): Linear(input_dims=2, output_dims=3, bias=True)
    )
    >>> model(mx.ones((1, 2))).shape
    (1, 3)
    """

    def __init__(
        self, module: Module, group: mx.distributed.Group | None = None, compute_dtype: mx.Dtype | None = None
    ) -> None:
        super().__init__()
        self._group = group or mx.distributed.init()
        self._compute_dtype = compute_dtype
        self._paths = frozenset(_paths_to_shard(module))
        module.update(self._map_own(module.parameters(), self._part))
        self.module = module

    def _map_own(self, parameters: dict[str, Any], function: Callable[..., mx.array]) -> dict[str, Any]:
        """Map the parameters that this module splits, and keep the others."""
        return tree_map_with_path(lambda path, x: function(path, x) if path in self._paths else x, parameters)

    def _part(self, path: str, x: mx.array) -> mx.array:
        count = self._group.size()
        if x.ndim == 0 or x.shape[0] % count != 0:
            raise ValueError(f"FullyShardedModule: {path!r} of shape {x.shape} has no first axis to split by {count}")
        rows = x.shape[0] // count
        return x[rows * self._group.rank() : rows * (self._group.rank() + 1)]

    def _whole(self, path: str, x: mx.array) -> mx.array:
        x = _gather_with_mean_gradient(self._group)(x)
        if self._compute_dtype is None or not mx.issubdtype(x.dtype, mx.floating):
            return x
        return x.astype(self._compute_dtype)

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``function`` while the module has whole parameters."""
        parts = self.module.parameters()
        whole = self._map_own(parts, self._whole)
        self.module.update(whole)
        try:
            return function(*args, **kwargs)
        finally:
            # What the call has assigned, such as running statistics, is whole too.
            lent = dict(tree_flatten(whole))
            kept = self._map_own(
                self.module.parameters(), lambda path, x: x if x is lent[path] else self._part(path, x)
            )
            self.module.update(kept)
            put_back(self.module, whole, parts)

    def _extra_repr(self) -> str:
        return f"num_sharded_params={len(self._paths)}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(self.module, *args, **kwargs)

    def as_linear(self, *args: Any, **kwargs: Any) -> Any:
        """:meth:`Embedding.as_linear` of the module.

        >>> nn.FullyShardedModule(nn.Embedding(10, 4)).as_linear(mx.ones((2, 4))).shape
        (2, 10)
        """
        return self._call(self.module.as_linear, *args, **kwargs)


def fully_shard(
    module: Module, *, group: mx.distributed.Group | None = None, compute_dtype: mx.Dtype | None = None
) -> Module:
    """Spread the parameters of ``module`` over the processes with :class:`FullyShardedModule`.

    In a group of one there is nothing to spread, and the module comes back as it is.

    >>> nn.fully_shard(nn.Linear(2, 2))
    Linear(input_dims=2, output_dims=2, bias=True)
    """
    group = group or mx.distributed.init()
    return module if group.size() == 1 else FullyShardedModule(module, group, compute_dtype)


def _paths_to_shard(module: Module) -> list[str]:
    """Dotted names of the parameters that no :class:`FullyShardedModule` inside ``module`` takes care of."""

    def is_free(parent: Module, key: str, value: Any) -> bool:
        return Module.valid_parameter_filter(parent, key, value) and not isinstance(value, FullyShardedModule)

    return [path for path, _ in tree_flatten(module.filter_and_map(is_free))]


@lru_cache(maxsize=32)
def _gather_with_mean_gradient(group: mx.distributed.Group) -> Callable[[mx.array], mx.array]:
    @mx.custom_function
    def gather(x: mx.array) -> mx.array:
        return mx.distributed.all_gather(x, group=group)

    @gather.vjp
    def scatter_mean(x: mx.array, cotangent: mx.array, _: mx.array) -> mx.array:
        return mx.distributed.sum_scatter(cotangent, group=group) / group.size()

    return gather
