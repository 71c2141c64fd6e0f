# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""The interface of programs in many processes, for a world of one process."""

from collections.abc import Sequence
from typing import Any, final
from . import Dtype, _Array, _Operand, _Stream, any, array, split

__all__ = [
    "Group",
    "all_gather",
    "all_max",
    "all_min",
    "all_sum",
    "init",
    "is_available",
    "recv",
    "recv_like",
    "send",
    "sum_scatter",
]

def init(strict: bool = False, backend: str = "any", *, all_gather_factory: Any = None) -> Group:
    """The group of all processes: this one alone, as there is no way to reach others.

    RuntimeError if `strict`, which asks for others; ValueError for a `backend` that no package has. What would make
    `all_gather_factory` necessary is not there either, so it isn't called.

    >>> import cotan.core as mx
    >>> mx.distributed.init()
    Group(rank=0, size=1)
    """

def is_available(backend: str = "any") -> bool:
    """Whether other processes can be reached by a backend: False for all of them.

    >>> import cotan.core as mx
    >>> mx.distributed.is_available()
    False
    """

def send(x: _Array, dst: int, *, group: Group | None = None, stream: _Stream | None = None) -> array:
    """Sends `x` to the process `dst`. ValueError, as there is no other process.

    >>> import cotan.core as mx
    >>> mx.distributed.send(mx.array([1]), 1)
    Traceback (most recent call last):
    ValueError: send: there is no process 1 to exchange arrays with in a group of one
    """

def recv(
    shape: Sequence[int],
    dtype: Dtype,
    src: int,
    *,
    group: Group | None = None,
    stream: _Stream | None = None,
) -> array:
    """An array of this shape and type from the process `src`. ValueError, as there is no other process.

    >>> import cotan.core as mx
    >>> mx.distributed.recv((2,), mx.float32, 1)
    Traceback (most recent call last):
    ValueError: recv: there is no process 1 to exchange arrays with in a group of one
    """

def recv_like(x: _Array, src: int, *, group: Group | None = None, stream: _Stream | None = None) -> array:
    """An array like `x` from the process `src`. ValueError, as there is no other process.

    >>> import cotan.core as mx
    >>> mx.distributed.recv_like(mx.array([1]), 1)
    Traceback (most recent call last):
    ValueError: recv_like: there is no process 1 to exchange arrays with in a group of one
    """

def all_sum(x: _Operand, *, group: Group | None = None, stream: _Stream | None = None) -> array:
    """The sum of `x` over all processes: `x` itself, as there is one.

    >>> import cotan.core as mx
    >>> mx.distributed.all_sum(mx.array([1, 2]))
    array([1, 2], dtype=int32)
    """

def all_max(x: _Operand, *, group: Group | None = None, stream: _Stream | None = None) -> array:
    """The largest elements over all processes: `x` itself, as there is one.

    >>> import cotan.core as mx
    >>> mx.distributed.all_max(mx.array([1, 2]))
    array([1, 2], dtype=int32)
    """

def all_min(x: _Operand, *, group: Group | None = None, stream: _Stream | None = None) -> array:
    """The smallest elements over all processes: `x` itself, as there is one.

    >>> import cotan.core as mx
    >>> mx.distributed.all_min(mx.array([1, 2]))
    array([1, 2], dtype=int32)
    """

def all_gather(x: _Operand, *, group: Group | None = None, stream: _Stream | None = None) -> array:
    """The arrays of all processes one after another: `x` itself, as there is one.

    >>> import cotan.core as mx
    >>> mx.distributed.all_gather(mx.array([1, 2]))
    array([1, 2], dtype=int32)
    """

def sum_scatter(x: _Operand, *, group: Group | None = None, stream: _Stream | None = None) -> array:
    """This process's part of the sum over all processes: `x` itself, as there is one.

    >>> import cotan.core as mx
    >>> mx.distributed.sum_scatter(mx.array([1, 2]))
    array([1, 2], dtype=int32)
    """

@final
class Group:
    """Processes that work together: always this one alone.

    >>> import cotan.core as mx
    >>> group = mx.distributed.init()
    >>> group.rank(), group.size()
    (0, 1)
    """
    def rank(self) -> int:
        """The place of this process in the group: 0.

        >>> import cotan.core as mx
        >>> mx.distributed.init().rank()
        0
        """
    def size(self) -> int:
        """How many processes there are: 1.

        >>> import cotan.core as mx
        >>> mx.distributed.init().size()
        1
        """
    def split(self, color: int, key: int = -1) -> Group:
        """A group of those processes that give the same color, in the order of their keys. RuntimeError for a group of one.

        >>> import cotan.core as mx
        >>> mx.distributed.init().split(0)
        Traceback (most recent call last):
        RuntimeError: split: a group of one process can't be split, by color 0 or any other
        """
    def __repr__(self) -> str: ...
