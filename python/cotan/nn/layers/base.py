"""``Module``: a dict of arrays and modules that is also the function it parameterises."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable
from typing import Any, Self

import cotan.core as mx
from cotan.utils import tree_flatten, tree_unflatten

Filter = Callable[["Module", str, Any], bool]


class Module(dict[str, Any]):
    """Base class of everything with parameters.

    Arrays, modules, and the lists, tuples and dicts that hold them become items of the module when they are
    set as attributes; whatever else is set is an ordinary attribute. A subclass calls ``super().__init__()``
    first, sets its parameters and children, and defines ``__call__``.

    >>> class Scale(nn.Module):
    ...     def __init__(self, dims):
    ...         super().__init__()
    ...         self.weight = mx.ones((dims,))
    ...     def __call__(self, x):
    ...         return self.weight * x
    >>> Scale(2)(mx.array([3.0, 4.0]))
    array([3, 4], dtype=float32)
    >>> Scale(2).parameters()
    {'weight': array([1, 1], dtype=float32)}
    """

    __call__: Callable[..., Any]

    def __init__(self) -> None:
        super().__init__()
        self._no_grad: set[str] = set()
        self._training = True

    @property
    def training(self) -> bool:
        """Whether the module is in training mode; set by :meth:`train` and :meth:`eval`.

        >>> nn.Dropout(0.5).training
        True
        """
        return self._training

    @property
    def state(self) -> Self:
        """The module itself, as the dict of its items: what :func:`cotan.core.compile` captures.

        >>> layer = nn.Linear(2, 3)
        >>> layer.state is layer
        True
        """
        return self

    def __getattr__(self, key: str, /) -> Any:
        if key in self:
            return self[key]
        hint = "" if "_no_grad" in self.__dict__ else "; call super().__init__() first"
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {key!r}{hint}")

    def __setattr__(self, key: str, val: Any, /) -> None:
        if not isinstance(val, (mx.array, dict, list, tuple)):
            super().__setattr__(key, val)
            self.pop(key, None)
            return
        self.__dict__.pop(key, None)
        if hasattr(type(self), key):
            # An attribute of the class would hide the item from every later read.
            raise AttributeError(f"{type(self).__name__}.{key} is an attribute of the class: pick another name")
        self[key] = val

    def __delattr__(self, name: str, /) -> None:
        if name in self:
            del self[name]
        else:
            super().__delattr__(name)

    def __repr__(self) -> str:
        children = tree_flatten(self.children(), is_leaf=self.is_module)
        lines = [textwrap.indent(f"({name}): {child!r}", "  ") for name, child in children]
        text = "\n".join([f"{type(self).__name__}({self._extra_repr()}", *lines])
        return f"{text}\n)" if lines else f"{text})"

    def _extra_repr(self) -> str:
        """Arguments to show in the ``repr``."""
        return ""

    # ---- reading the tree

    @staticmethod
    def is_module(value: Any) -> bool:
        """Whether ``value`` is a :class:`Module`.

        >>> nn.Module.is_module(nn.ReLU()), nn.Module.is_module({})
        (True, False)
        """
        return isinstance(value, Module)

    @staticmethod
    def valid_child_filter(module: Module, key: str, value: Any) -> bool:
        """Filter for :meth:`filter_and_map`: modules and the containers that may hold some.

        >>> layer = nn.Linear(2, 3)
        >>> nn.Module.valid_child_filter(layer, "weight", layer.weight)
        False
        """
        return isinstance(value, (dict, list))

    @staticmethod
    def valid_parameter_filter(module: Module, key: str, value: Any) -> bool:
        """Filter for :meth:`filter_and_map`: parameters, that is arrays whose name has no leading underscore.

        >>> nn.Module.valid_parameter_filter(nn.Module(), "_cache", mx.zeros((1,)))
        False
        """
        return isinstance(value, (dict, list, mx.array)) and not key.startswith("_")

    @staticmethod
    def trainable_parameter_filter(module: Module, key: str, value: Any) -> bool:
        """Filter for :meth:`filter_and_map`: parameters that are not frozen.

        >>> layer = nn.Linear(2, 3).freeze(keys="bias")
        >>> nn.Module.trainable_parameter_filter(layer, "bias", layer.bias)
        False
        """
        return Module.valid_parameter_filter(module, key, value) and key not in module._no_grad

    def filter_and_map(
        self,
        filter_fn: Filter,
        map_fn: Callable[[Any], Any] | None = None,
        is_leaf_fn: Filter | None = None,
    ) -> dict[str, Any]:
        """Collect the contents of the module in nested dicts and lists.

        ``filter_fn(module, key, value)`` chooses what is kept; a dropped entry of a list or dict becomes
        ``{}``. ``map_fn`` is applied to the leaves: what ``is_leaf_fn(module, key, value)`` says, by default
        everything but modules, dicts and lists. Inside a container the key is dotted, such as ``layers.0``.

        >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        >>> model.filter_and_map(nn.Module.valid_parameter_filter, lambda p: p.shape)
        {'layers': [{'weight': (3, 2), 'bias': (3,)}, {}]}
        """
        map_fn = map_fn or (lambda value: value)
        is_leaf_fn = is_leaf_fn or (lambda module, key, value: not isinstance(value, (dict, list)))
        return {
            key: _map_value(self, key, value, filter_fn, map_fn, is_leaf_fn)
            for key, value in self.items()
            if filter_fn(self, key, value)
        }

    def parameters(self) -> dict[str, Any]:
        """All arrays of the module and its children, as nested dicts and lists; names with a leading
        underscore and the contents of tuples are left out.

        >>> [name for name, _ in tree_flatten(nn.Linear(2, 3).parameters())]
        ['weight', 'bias']
        """
        return self.filter_and_map(self.valid_parameter_filter)

    def trainable_parameters(self) -> dict[str, Any]:
        """The :meth:`parameters` that are not frozen.

        >>> list(nn.Linear(2, 3).freeze(keys="bias").trainable_parameters())
        ['weight']
        """
        return self.filter_and_map(self.trainable_parameter_filter)

    def children(self) -> dict[str, Any]:
        """The direct child modules, in nested dicts and lists.

        >>> nn.Sequential(nn.ReLU(), nn.Tanh()).children()
        {'layers': [ReLU(), Tanh()]}
        """
        return self.filter_and_map(
            self.valid_child_filter, is_leaf_fn=lambda module, key, value: _is_array_or_module(value)
        )

    def leaf_modules(self) -> dict[str, Any]:
        """The descendants that contain no module themselves, in nested dicts and lists.

        >>> nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh()).leaf_modules()
        {'layers': [{'layers': [ReLU()]}, Tanh()]}
        """

        def is_childless(module: Module, key: str, value: Any) -> bool:
            return isinstance(value, Module) and not tree_flatten(value.children(), is_leaf=self.is_module)

        return self.filter_and_map(self.valid_child_filter, is_leaf_fn=is_childless)

    def modules(self) -> list[Module]:
        """This module and all its descendants, in the order of :meth:`named_modules`.

        >>> nn.Sequential(nn.ReLU(), nn.Tanh()).modules()[1:]
        [Tanh(), ReLU()]
        """
        return [module for _, module in self.named_modules()]

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module under the name ``""`` and all its descendants under their dotted names, depth first,
        with the last child before the first.

        >>> [name for name, _ in nn.Sequential(nn.ReLU(), nn.Tanh()).named_modules()]
        ['', 'layers.1', 'layers.0']
        """
        found = []
        pending: list[tuple[str, Module]] = [("", self)]
        while pending:
            name, module = pending.pop()
            found.append((name, module))
            prefix = f".{name}" if name else ""
            pending.extend(tree_flatten(module.children(), prefix=prefix, is_leaf=self.is_module))
        return found

    # ---- changing parameters and children

    def update(self, parameters: dict[str, Any], strict: bool = True) -> Self:  # type: ignore[override]
        """Put the arrays of the tree ``parameters`` in the place of those with the same names; return the
        module.

        The tree may be partial. A name or index that the module lacks, and anything but an array for an
        array, is a ``ValueError``, or ignored when ``strict`` is False. Shapes are not compared.

        >>> nn.Linear(2, 1).update({"bias": mx.array([3.0])}).bias
        array([3], dtype=float32)
        """
        _replace(self, parameters, lambda value: isinstance(value, mx.array), "parameter", strict)
        return self

    def apply(self, map_fn: Callable[[mx.array], mx.array], filter_fn: Filter | None = None) -> Self:
        """Replace every parameter, or those that ``filter_fn`` keeps, by ``map_fn(parameter)``; return the
        module.

        >>> nn.Linear(2, 1).apply(lambda p: p.astype(mx.float16)).bias.dtype == mx.float16
        True
        """
        self.update(self.filter_and_map(filter_fn or self.valid_parameter_filter, map_fn))
        return self

    def set_dtype(
        self,
        dtype: mx.Dtype,
        predicate: Callable[[mx.Dtype], bool] | None = lambda dtype: mx.issubdtype(dtype, mx.floating),
    ) -> None:
        """Cast the parameters whose dtype satisfies ``predicate``, by default the floating ones; ``None``
        casts all.

        >>> layer = nn.Linear(2, 1)
        >>> layer.set_dtype(mx.float16)
        >>> layer.weight.dtype == mx.float16
        True
        """
        self.apply(lambda x: x.astype(dtype) if predicate is None or predicate(x.dtype) else x)

    def load_weights(
        self, file_or_weights: str | os.PathLike[str] | Iterable[tuple[str, mx.array]], strict: bool = True
    ) -> Self:
        """Replace the parameters by those of a file or of ``(dotted name, array)`` pairs; return the module.

        A file is anything :func:`cotan.core.load` reads as a dict. With ``strict`` the names and shapes must
        be those of the module (``ValueError``); without, what has a place is loaded, whatever its shape.

        >>> layer = nn.Linear(2, 1).load_weights([("weight", mx.ones((1, 2))), ("bias", mx.zeros((1,)))])
        >>> layer(mx.array([3.0, 4.0]))
        array([7], dtype=float32)
        """
        weights = _named_arrays(file_or_weights)
        if strict:
            _check_same_names_and_shapes(dict(tree_flatten(self.parameters())), weights)
        if weights:
            self.update(tree_unflatten(weights), strict=False)
        return self

    def save_weights(self, file: str | os.PathLike[str]) -> None:
        """Write the parameters to a ``.npz`` or ``.safetensors`` file; another extension is a ``ValueError``.

        >>> nn.Linear(2, 1).save_weights("weights.bin")
        Traceback (most recent call last):
        ValueError: save_weights: 'weights.bin' must end with .npz or .safetensors
        """
        path = os.fspath(file)
        weights = tree_flatten(self.parameters(), destination={})
        if path.endswith(".npz"):
            mx.savez(path, **weights)
        elif path.endswith(".safetensors"):
            mx.save_safetensors(path, weights)
        else:
            raise ValueError(f"save_weights: {path!r} must end with .npz or .safetensors")

    def update_modules(self, modules: dict[str, Any], strict: bool = True) -> Self:
        """Put the modules of the tree ``modules`` in the place of the children with the same names; return
        self.

        The tree may be partial. A name or index that is missing, and anything but a module for a module, is a
        ``ValueError``, or ignored when ``strict`` is False.

        >>> nn.Sequential(nn.Linear(2, 3), nn.ReLU()).update_modules({"layers": [{}, nn.Tanh()]}).layers[1]
        Tanh()
        """
        _replace(self, modules, self.is_module, "module", strict)
        return self

    def apply_to_modules(self, apply_fn: Callable[[str, Module], Any]) -> Self:
        """Call ``apply_fn(name, module)`` for this module and its descendants; return the module.

        >>> seen = []
        >>> _ = nn.Sequential(nn.ReLU()).apply_to_modules(lambda name, module: seen.append(name))
        >>> seen
        ['', 'layers.0']
        """
        for name, module in self.named_modules():
            apply_fn(name, module)
        return self

    # ---- freezing and modes

    def freeze(self, *, recurse: bool = True, keys: str | list[str] | None = None, strict: bool = False) -> Self:
        """Keep parameters out of :meth:`trainable_parameters`; return the module.

        All of them, or those named ``keys``, here and, with ``recurse``, in all descendants. With ``strict``
        a key that names nothing is a ``KeyError``.

        >>> model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        >>> _ = model.layers[0].freeze()
        >>> [name for name, _ in tree_flatten(model.trainable_parameters())]
        ['layers.1.weight', 'layers.1.bias']
        """
        for module in self._modules_with_keys(recurse, keys, strict):
            module._no_grad.update(module._own_parameter_names() if keys is None else _as_list(keys))
        return self

    def unfreeze(
        self, *, recurse: bool = True, keys: str | list[str] | None = None, strict: bool = False
    ) -> Module | None:
        """Undo :meth:`freeze`, for all parameters or those named ``keys``; return the module.

        >>> list(nn.Linear(2, 3).freeze().unfreeze(keys="bias").trainable_parameters())
        ['bias']
        """
        for module in self._modules_with_keys(recurse, keys, strict):
            if module is not self:
                module.unfreeze(recurse=False, keys=keys)  # a subclass may keep some frozen
            elif keys is None:
                self._no_grad.clear()
            else:
                self._no_grad.difference_update(_as_list(keys))
        return self

    def train(self, mode: bool = True) -> Self:
        """Set training mode on this module and all descendants, for layers such as dropout; return the
        module.

        >>> nn.Sequential(nn.Dropout(0.5)).train(False).layers[0].training
        False
        """
        for module in self.modules():
            module._set_training_mode(mode)
        return self

    def eval(self) -> Self:
        """Leave training mode: ``train(False)``.

        >>> nn.Dropout(0.5).eval()(mx.ones((3,)))
        array([1, 1, 1], dtype=float32)
        """
        return self.train(False)

    def _set_training_mode(self, mode: bool) -> None:
        self._training = mode

    def _own_parameter_names(self) -> list[str]:
        """Dotted names of the parameters of this module that belong to no child module."""
        own = self.filter_and_map(
            lambda module, key, value: not isinstance(value, Module) and self.valid_parameter_filter(module, key, value)
        )
        return [name for name, _ in tree_flatten(own)]

    def _modules_with_keys(self, recurse: bool, keys: str | list[str] | None, strict: bool) -> list[Module]:
        modules: list[Module] = self.modules() if recurse else [self]
        if strict and keys is not None:
            for key in _as_list(keys):
                if not any(key in module for module in modules):
                    raise KeyError(f"no parameter or child is named {key!r}")
        return modules


def _is_array_or_module(value: Any) -> bool:
    return isinstance(value, Module) or not isinstance(value, (dict, list))


def _as_list(keys: str | list[str]) -> list[str]:
    return [keys] if isinstance(keys, str) else list(keys)


def _map_value(
    module: Module, key: str, value: Any, filter_fn: Filter, map_fn: Callable[[Any], Any], is_leaf_fn: Filter
) -> Any:
    """Map one value of ``filter_and_map``, which has passed the filter."""

    def map_entry(name: Any, entry: Any) -> Any:
        dotted = f"{key}.{name}"
        if not filter_fn(module, dotted, entry):
            return {}
        return _map_value(module, dotted, entry, filter_fn, map_fn, is_leaf_fn)

    if is_leaf_fn(module, key, value):
        return map_fn(value)
    if isinstance(value, Module):
        return value.filter_and_map(filter_fn, map_fn, is_leaf_fn)
    if isinstance(value, dict):
        return {name: map_entry(name, entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [map_entry(index, entry) for index, entry in enumerate(value)]
    raise RuntimeError(f"filter_and_map: {key!r} is a {type(value).__name__}, which can only be a leaf")


def _replace(target: Any, tree: Any, is_value: Callable[[Any], bool], kind: str, strict: bool, path: str = "") -> None:
    """Put the values of ``tree`` in the place of the values that ``target`` has there."""
    for key, new in tree.items() if isinstance(tree, dict) else enumerate(tree):
        name = f"{path}{key}"
        current = _entry(target, tree, key)
        if is_value(current) and is_value(new):
            target[key] = new
        elif isinstance(new, (dict, list)) and not is_value(new) and not new:
            continue  # the mark of a place without a value
        elif isinstance(current, (dict, list)) and isinstance(new, (dict, list)) and not is_value(new):
            _replace(current, new, is_value, kind, strict, f"{name}.")
        elif strict and current is None:
            raise ValueError(f"the module has no {kind} named {name!r}")
        elif strict:
            raise ValueError(
                f"{name!r}: the module has a value of type {type(current).__name__} there, "
                f"which one of type {type(new).__name__} cannot replace"
            )


def _entry(target: Any, tree: Any, key: Any) -> Any:
    """The entry of ``target`` at the place ``key`` of ``tree``, None if there is none."""
    if isinstance(target, dict) and isinstance(tree, dict):
        return target.get(key)
    if isinstance(target, list) and isinstance(tree, list):
        return target[key] if key < len(target) else None
    return None


def _named_arrays(file_or_weights: Any) -> dict[str, mx.array]:
    if not isinstance(file_or_weights, (str, os.PathLike)):
        return dict(file_or_weights)
    weights = mx.load(os.fspath(file_or_weights))
    if not isinstance(weights, dict):
        raise ValueError(f"load_weights: {os.fspath(file_or_weights)!r} holds a single array without a name")
    return weights


def _check_same_names_and_shapes(current: dict[str, mx.array], weights: dict[str, mx.array]) -> None:
    """Compare the weights to load with the parameters of the module."""
    if extra := sorted(weights.keys() - current.keys()):
        raise ValueError(f"load_weights: {len(extra)} names are not in the module: {', '.join(extra)}")
    if missing := sorted(current.keys() - weights.keys()):
        raise ValueError(f"load_weights: {len(missing)} parameters are missing: {', '.join(missing)}")
    for name, array in weights.items():
        if not isinstance(array, mx.array):
            raise ValueError(f"load_weights: {name} must be an array, not {type(array).__name__}")
        if array.shape != current[name].shape:
            raise ValueError(f"load_weights: {name} has shape {array.shape}, expected {current[name].shape}")
