# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""Random numbers, from explicit keys or from the key that each thread keeps."""

from collections.abc import Iterator, Sequence
from typing import final
from . import Dtype, _Array, _Operand, _Stream, array

__all__ = [
    "bernoulli",
    "categorical",
    "gumbel",
    "key",
    "laplace",
    "multivariate_normal",
    "normal",
    "permutation",
    "randint",
    "seed",
    "split",
    "state",
    "truncated_normal",
    "uniform",
]

@final
class _RandomState:
    """This thread's random state: a sequence of one key, from which draws without a key take theirs.

    It counts as a tree of arrays, so `compile` can be told that a function reads and changes it.
    """
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> array: ...
    def __iter__(self) -> Iterator[array]: ...

def key(seed: int) -> array:
    """The key of a seed, an int from 0 to 2**64 - 1: uint32 of shape (2,).

    >>> import cotan.core as mx
    >>> mx.random.key(7)
    array([0, 7], dtype=uint32)
    """

def seed(seed: int) -> None:
    """Starts this thread's random numbers afresh from a seed, an int from 0 to 2**64 - 1.

    >>> import cotan.core as mx
    >>> mx.random.seed(3)
    >>> a = mx.random.uniform()
    >>> mx.random.seed(3)
    >>> a == mx.random.uniform()
    array(True, dtype=bool)
    """

def split(key: _Array, num: int = 2, stream: _Stream | None = None) -> array:
    """`num` new keys from one, in an array of shape (num, 2). ValueError when `key` is not a key.

    >>> import cotan.core as mx
    >>> mx.random.split(mx.random.key(0)).shape
    (2, 2)
    """

def uniform(
    low: _Operand | None = 0,
    high: _Operand | None = 1,
    shape: Sequence[int] | None = [],
    dtype: Dtype | None = None,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Uniformly distributed numbers from `low` up to but not including `high`, in a shape that the bounds broadcast to.

    The type is a real floating one, float32 by default. ValueError when the bounds don't fit the shape.

    >>> import cotan.core as mx
    >>> mx.random.uniform(shape=(2,), key=mx.random.key(0))
    array([0.216295, 0.804124], dtype=float32)
    """

def normal(
    shape: Sequence[int] | None = [],
    dtype: Dtype | None = None,
    loc: _Operand | None = None,
    scale: _Operand | None = None,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Normally distributed numbers with mean `loc` (0 by default) and standard deviation `scale` (1 by default).

    The type is a floating or complex one, float32 by default; the parts of complex numbers have half of the variance
    each. ValueError when the parameters don't broadcast to the shape.

    >>> import cotan.core as mx
    >>> mx.random.normal((2, 3)).shape
    (2, 3)
    """

def truncated_normal(
    lower: _Operand,
    upper: _Operand,
    shape: Sequence[int] | None = None,
    dtype: Dtype | None = None,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Normally distributed numbers between `lower` and `upper`; the default shape is that of the bounds.

    The type is a real floating one, float32 by default. ValueError when the bounds don't broadcast to the shape.

    >>> import cotan.core as mx
    >>> x = mx.random.truncated_normal(-1, 1, (100,))
    >>> mx.max(mx.abs(x)).item() <= 1
    True
    """

def gumbel(
    shape: Sequence[int] | None = [],
    dtype: Dtype | None = None,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Numbers with the standard Gumbel distribution, of a real floating type, float32 by default.

    >>> import cotan.core as mx
    >>> mx.random.gumbel((2, 3)).shape
    (2, 3)
    """

def laplace(
    shape: Sequence[int] | None = [],
    dtype: Dtype | None = None,
    loc: float = 0.0,
    scale: float = 1.0,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Numbers with the Laplace distribution around `loc`, spread by `scale`; float32 by default.

    ValueError unless the type is a real floating one.

    >>> import cotan.core as mx
    >>> mx.random.laplace((2, 3), scale=0.5).shape
    (2, 3)
    """

def multivariate_normal(
    mean: _Array,
    cov: _Array,
    shape: Sequence[int] | None = [],
    dtype: Dtype | None = None,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Normally distributed vectors with mean `mean (..., n)` and covariance `cov (..., n, n)`, as float32 or float64.

    The result has `shape`, broadcast with the leading axes of both, and a last axis of size n. ValueError when the shapes
    don't belong together.

    >>> import cotan.core as mx
    >>> mx.random.multivariate_normal(mx.zeros((2,)), mx.eye(2), (5,)).shape
    (5, 2)
    """

def randint(
    low: _Operand,
    high: _Operand,
    shape: Sequence[int] | None = [],
    dtype: Dtype | None = None,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Integers from `low` up to but not including `high`, in a shape that the bounds broadcast to; int32 by default.

    `low` where the interval is empty. Ranges over 2**24 have gaps. ValueError when the bounds don't fit the shape, and
    for floating and complex types.

    >>> import cotan.core as mx
    >>> mx.random.randint(0, 10, (5,), key=mx.random.key(0)).dtype
    cotan.core.int32
    """

def bernoulli(
    p: _Operand | None = 0.5,
    shape: Sequence[int] | None = None,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """True with probability `p`, in the shape of `p` unless another one is given.

    ValueError when `p` is not a float or an array of floats, or doesn't broadcast to the shape.

    >>> import cotan.core as mx
    >>> mx.random.bernoulli(mx.array([0.0, 1.0]))
    array([False, True], dtype=bool)
    """

def categorical(
    logits: _Array,
    axis: int = -1,
    shape: Sequence[int] | None = None,
    num_samples: int | None = None,
    key: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Positions along `axis`, as uint32, with probabilities proportional to the exponentials of `logits`.

    By default one for each distribution; with `num_samples` so many, along a new last axis; with `shape` as many as that
    has, where the shape of the distributions broadcasts to it. IndexError for an axis that doesn't exist, ValueError
    when both are given or shapes don't fit.

    >>> import cotan.core as mx
    >>> mx.random.categorical(mx.array([0.0, 100.0]), num_samples=3)
    array([1, 1, 1], dtype=uint32)
    """

def permutation(x: int | _Array, axis: int = 0, key: _Array | None = None, stream: _Stream | None = None) -> array:
    """The numbers from 0 to `x` - 1 in random order, as uint32; or the entries of an array along `axis`, each kept whole.

    ValueError when `x` is negative, IndexError for an axis that doesn't exist.

    >>> import cotan.core as mx
    >>> mx.sort(mx.random.permutation(4))
    array([0, 1, 2, 3], dtype=uint32)
    """

state: _RandomState
