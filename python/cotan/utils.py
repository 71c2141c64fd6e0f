"""Functions over trees: lists, tuples and dicts nested in each other, with anything else as a leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, overload

__all__ = ["tree_flatten", "tree_map", "tree_map_with_path", "tree_merge", "tree_reduce", "tree_unflatten"]

IsLeaf = Callable[[Any], bool]


def tree_map(fn: Callable[..., Any], tree: Any, *rest: Any, is_leaf: IsLeaf | None = None) -> Any:
    """Apply ``fn`` to every leaf of ``tree`` and return the results in a tree of the same structure.

    Further trees give further arguments: ``fn(leaf, leaf_of_rest_0, ...)``. They may hold more than ``tree``,
    never less (``KeyError`` or ``IndexError``). ``is_leaf(node)`` returning True stops the descent at that
    node. ``None`` is a leaf.

    >>> tree_map(lambda x, y: x + y, {"a": [1, (2,)]}, {"a": [10, (20,)], "unused": 0})
    {'a': [11, (22,)]}
    """
    if _is_leaf(tree, is_leaf):
        return fn(tree, *rest)
    children = (tree_map(fn, child, *others, is_leaf=is_leaf) for _, child, others in _zip_children(tree, rest))
    return _rebuild(tree, children)


def tree_map_with_path(
    fn: Callable[..., Any], tree: Any, *rest: Any, is_leaf: IsLeaf | None = None, path: Any | None = None
) -> Any:
    """Like :func:`tree_map`, with the dotted path of the leaf as the first argument of ``fn``.

    The path starts from ``path``; a tree that is a bare leaf has the path ``path`` itself, by default
    ``None``.

    >>> tree_map_with_path(lambda path, x: path, {"a": [1, {"b": 2}]})
    {'a': ['a.0', {'b': 'a.1.b'}]}
    """
    if _is_leaf(tree, is_leaf):
        return fn(path, tree, *rest)
    prefix = "" if path is None else f"{path}."
    children = (
        tree_map_with_path(fn, child, *others, is_leaf=is_leaf, path=f"{prefix}{key}")
        for key, child, others in _zip_children(tree, rest)
    )
    return _rebuild(tree, children)


@overload
def tree_flatten(
    tree: Any, prefix: str = "", is_leaf: IsLeaf | None = None, destination: list[tuple[str, Any]] | None = None
) -> list[tuple[str, Any]]: ...


@overload
def tree_flatten(
    tree: Any, prefix: str = "", is_leaf: IsLeaf | None = None, *, destination: dict[str, Any]
) -> dict[str, Any]: ...


def tree_flatten(
    tree: Any,
    prefix: str = "",
    is_leaf: IsLeaf | None = None,
    destination: list[tuple[str, Any]] | dict[str, Any] | None = None,
) -> list[tuple[str, Any]] | dict[str, Any]:
    """List the leaves of ``tree`` as ``(dotted name, leaf)`` pairs, in the order of the containers.

    The pairs go into ``destination``, a list or a dict (else ``ValueError``), which is returned; without one,
    into a new list. Names start with ``prefix``, whose first character, by convention a dot, is dropped.
    Empty containers leave no trace.

    >>> tree_flatten({"a": {"b": 1}, "c": (2, 3)})
    [('a.b', 1), ('c.0', 2), ('c.1', 3)]
    >>> tree_flatten({"a": 1}, destination={})
    {'a': 1}
    """
    if destination is None:
        destination = []
    pairs = ((path[1:], leaf) for path, leaf in _leaves(tree, is_leaf, prefix))
    if isinstance(destination, list):
        destination.extend(pairs)
    elif isinstance(destination, dict):
        destination.update(pairs)
    else:
        raise ValueError(f"tree_flatten: destination must be a list or a dict, not {type(destination).__name__}")
    return destination


def tree_unflatten(tree: list[tuple[str, Any]] | dict[str, Any]) -> Any:
    """Build a tree from dotted names: the inverse of :func:`tree_flatten`.

    Names that are all integers at one level become a list, with ``{}`` where an index is missing, unless two
    of them spell the same integer. A name given twice is a ``ValueError``.

    >>> tree_unflatten([("a.0", 1), ("a.1", 2), ("b", 3)])
    {'a': [1, 2], 'b': 3}
    >>> tree_unflatten([("0.w", 1), ("2.w", 2)])
    [{'w': 1}, {}, {'w': 2}]
    """
    items = list(tree.items()) if isinstance(tree, dict) else list(tree)
    if len(items) == 1 and items[0][0] == "":
        return items[0][1]
    if not items:
        return []
    levels: dict[str, dict[str, Any]] = {}
    for name, value in items:
        head, _, tail = name.partition(".")
        level = levels.setdefault(head, {})
        if tail in level:
            raise ValueError(f"tree_unflatten: the name {name!r} is given twice")
        level[tail] = value
    children = {head: tree_unflatten(level) for head, level in levels.items()}
    indices = _list_indices(children)
    if indices is None:
        return children
    return [children[indices[i]] if i in indices else {} for i in range(max(indices) + 1)]


def tree_reduce(
    fn: Callable[[Any, Any], Any], tree: Any, initializer: Any = None, is_leaf: IsLeaf | None = None
) -> Any:
    """Fold the leaves of ``tree``: ``fn(accumulator, leaf)`` for one leaf after the other.

    Without an ``initializer`` the first leaf starts the fold, and a tree without leaves gives ``None``.

    >>> tree_reduce(lambda total, x: total + x, {"a": [1, 2], "b": 3})
    6
    """
    accumulator = initializer
    for _, leaf in _leaves(tree, is_leaf):
        accumulator = leaf if accumulator is None else fn(accumulator, leaf)
    return accumulator


def tree_merge(tree_a: Any, tree_b: Any, merge_fn: Callable[[Any, Any], Any] | None = None) -> Any:
    """Unite two trees; ``merge_fn(a, b)`` settles the places where both have a value.

    ``None`` and empty containers count as absent. Without a ``merge_fn`` two values at one place are a
    ``ValueError``, and so are an empty dict and an empty list.

    >>> tree_merge({"a": {"x": 1}}, {"a": {"y": 2}})
    {'a': {'x': 1, 'y': 2}}
    >>> tree_merge([1, 2], [None, 3], lambda a, b: a * b)
    [1, 6]
    """
    if isinstance(tree_a, (list, tuple)) and isinstance(tree_b, (list, tuple)):
        longest = max(len(tree_a), len(tree_b))
        pairs = ((_item(tree_a, i), _item(tree_b, i)) for i in range(longest))
        return _rebuild(tree_a, (tree_merge(a, b, merge_fn) for a, b in pairs))
    if isinstance(tree_a, dict) and isinstance(tree_b, dict):
        keys = dict.fromkeys([*tree_a, *tree_b])
        return {key: tree_merge(tree_a.get(key), tree_b.get(key), merge_fn) for key in keys}
    if _is_empty(tree_a) and _is_empty(tree_b):
        raise ValueError(f"tree_merge: cannot merge {type(tree_a).__name__} with {type(tree_b).__name__}")
    if tree_a is None or _is_empty(tree_a):
        return tree_b
    if tree_b is None or _is_empty(tree_b):
        return tree_a
    if merge_fn is None:
        raise ValueError("tree_merge: both trees have a value at the same place; give a merge_fn to join them")
    return merge_fn(tree_a, tree_b)


def _is_leaf(node: Any, is_leaf: IsLeaf | None) -> bool:
    if is_leaf is not None and is_leaf(node):
        return True
    return not isinstance(node, (list, tuple, dict))


def _zip_children(tree: Any, rest: tuple[Any, ...]) -> Iterator[tuple[Any, Any, list[Any]]]:
    """Yield ``(key, child, children of rest at that key)``."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, child in entries:
        yield key, child, [other[key] for other in rest]


def _rebuild(tree: Any, children: Iterator[Any]) -> Any:
    if isinstance(tree, dict):
        return dict(zip(tree, children, strict=True))
    if hasattr(tree, "_fields"):  # a namedtuple takes its items one by one
        return type(tree)(*children)
    return type(tree)(children)


def _leaves(tree: Any, is_leaf: IsLeaf | None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(path, leaf)`` where every step of the path begins with a dot."""
    if _is_leaf(tree, is_leaf):
        yield path, tree
        return
    for key, child, _ in _zip_children(tree, ()):
        yield from _leaves(child, is_leaf, f"{path}.{key}")


def _list_indices(children: dict[str, Any]) -> dict[int, str] | None:
    """Map index to name if the names are distinct integers >= 0."""
    try:
        indices = {int(name): name for name in children}
    except ValueError:
        return None
    if len(indices) < len(children) or min(indices) < 0:
        return None
    return indices


def _item(sequence: Any, index: int) -> Any:
    return sequence[index] if index < len(sequence) else None


def _is_empty(node: Any) -> bool:
    return isinstance(node, (list, tuple, dict)) and len(node) == 0
