# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""Linear algebra on matrices in the last two axes; the axes before them are a batch."""

from typing import Literal, overload
from . import _Array, _Axes, _Stream, array

__all__ = [
    "cholesky",
    "cholesky_inv",
    "cross",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lu",
    "lu_factor",
    "matrix_power",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "tri_inv",
]

def norm(
    a: _Array,
    /,
    ord: float | str | None = None,
    axis: _Axes | None = None,
    keepdims: bool = False,
    *,
    stream: _Stream | None = None,
) -> array:
    """The norm of vectors (over one axis) or matrices (over two axes); over all axes by default.

    `ord` None is the root of the sum of squares, over any number of axes if `axis` is None. Over one axis `ord` is any
    number: the p-norm, with 0 the number of elements that are not zero, and inf and -inf the largest and the smallest
    absolute value. Over two axes it is 'fro' (as None), 'nuc' (the sum of the singular values), 1 and -1 (the largest and
    the smallest sum of a column's absolute values), inf and -inf (of a row's), 2 and -2 (the largest and the smallest
    singular value). Integers give float32, complex numbers float32. ValueError for other combinations, IndexError for an
    axis that doesn't exist.

    >>> import cotan.core as mx
    >>> mx.linalg.norm(mx.array([3.0, 4.0]))
    array(5, dtype=float32)
    >>> mx.linalg.norm(mx.array([[1.0, -2.0], [3.0, 4.0]]), ord=1, axis=(0, 1))
    array(6, dtype=float32)
    """

def inv(a: _Array, *, stream: _Stream | None = None) -> array:
    """The inverse of square matrices (..., n, n) of float32, float64 or complex64.

    ValueError for other shapes and types, RuntimeError at evaluation when a matrix is singular.

    >>> import cotan.core as mx
    >>> mx.linalg.inv(mx.array([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [[0.5, 0.0], [-0.5, 1.0]]
    """

def tri_inv(a: _Array, upper: bool = False, *, stream: _Stream | None = None) -> array:
    """The inverse of lower (or upper) triangular matrices (..., n, n) of float32, float64 or complex64; the other triangle is
    not read.

    ValueError for other shapes and types, RuntimeError at evaluation when a number on the diagonal is zero.

    >>> import cotan.core as mx
    >>> mx.linalg.tri_inv(mx.array([[2.0, 0.0], [4.0, 1.0]])).tolist()
    [[0.5, 0.0], [-2.0, 1.0]]
    """

def pinv(a: _Array, *, stream: _Stream | None = None) -> array:
    """The Moore-Penrose pseudoinverse (..., n, m) of matrices (..., m, n) of float32, float64 or complex64.

    Singular values of at most 10 max(m, n) times the type's epsilon times the largest one count as zero. The derivative is
    that among matrices of equal rank. ValueError for other types, RuntimeError at evaluation for infinite or NaN elements.

    >>> import cotan.core as mx
    >>> mx.linalg.pinv(mx.array([[2.0, 0.0], [0.0, 0.0], [0.0, 4.0]])).shape
    (2, 3)
    """

def cholesky(a: _Array, upper: bool = False, *, stream: _Stream | None = None) -> array:
    """The factor of Hermitian positive definite matrices (..., n, n) of float32, float64 or complex64: a lower triangular `l`
    with `a = l @ l.mT`, or with `upper` an upper triangular `u` with `a = u.mT @ u` (conjugated for complex matrices).

    Only that triangle of `a` is read, and derivatives lie in it. ValueError for other shapes and types, RuntimeError at
    evaluation when a matrix is not positive definite.

    >>> import cotan.core as mx
    >>> mx.linalg.cholesky(mx.array([[4.0, 2.0], [2.0, 5.0]]))
    array([[2, 0],
           [1, 2]], dtype=float32)
    """

def cholesky_inv(a: _Array, upper: bool = False, *, stream: _Stream | None = None) -> array:
    """The inverse of the matrices whose factor from `cholesky` is `a`: of `a @ a.mT`, or of `a.mT @ a` with `upper`.

    ValueError and RuntimeError as for `tri_inv`.

    >>> import cotan.core as mx
    >>> mx.linalg.cholesky_inv(mx.array([[2.0, 0.0], [0.0, 1.0]])).tolist()
    [[0.25, 0.0], [0.0, 1.0]]
    """

def qr(a: _Array, *, stream: _Stream | None = None) -> tuple[array, array]:
    """`(q, r)` with `a = q @ r` for matrices (..., m, n) of float32, float64 or complex64: `q` (..., m, k) has orthonormal
    columns and `r` (..., k, n) is upper triangular, k = min(m, n).

    The diagonal of `r` is real, and may be negative. ValueError for other types.

    >>> import cotan.core as mx
    >>> q, r = mx.linalg.qr(mx.array([[2.0, 3.0], [1.0, 2.0], [0.0, 1.0]]))
    >>> q.shape, r.shape
    ((3, 2), (2, 2))
    """

def lu(a: _Array, *, stream: _Stream | None = None) -> tuple[array, array, array]:
    """`(p, l, u)` with `a = l[p] @ u` for matrices (..., m, n) of float32, float64 or complex64: a lower triangular `l`
    (..., m, k) with ones on the diagonal, the order `p` (..., m) in which its rows are taken as uint32, and an upper
    triangular `u` (..., k, n), k = min(m, n).

    ValueError for other types.

    >>> import cotan.core as mx
    >>> p, l, u = mx.linalg.lu(mx.array([[1.0, 2.0], [4.0, 2.0]]))
    >>> p
    array([1, 0], dtype=uint32)
    >>> (l[p] @ u).tolist()
    [[1.0, 2.0], [4.0, 2.0]]
    """

def lu_factor(a: _Array, *, stream: _Stream | None = None) -> tuple[array, array]:
    """`(lu, pivots)`: both factors of matrices (..., m, n) in one array, without the ones on the diagonal of the lower one, and
    the row (..., min(m, n)) that each row was swapped with, first to last, as uint32.

    ValueError for other types than float32, float64 and complex64.

    >>> import cotan.core as mx
    >>> mx.linalg.lu_factor(mx.array([[1.0, 2.0], [4.0, 2.0]]))[1]
    array([1, 1], dtype=uint32)
    """

@overload
def svd(
    a: _Array,
    compute_uv: Literal[True] = True,
    *,
    full_matrices: bool = True,
    stream: _Stream | None = None,
) -> tuple[array, array, array]:
    """`(u, s, vt)` with `a = u @ diag(s) @ vt` for matrices (..., m, n) of float32, float64 or complex64, or `s` alone without
    `compute_uv`. The singular values `s` (..., k) are real and descend, k = min(m, n).

    `u` is (..., m, m) and `vt` is (..., n, n), both orthogonal; or (..., m, k) and (..., k, n) without `full_matrices`.
    Derivatives suit functions that don't depend on signs of singular vectors, and of those that share a value only on the
    spaces they span. ValueError for other types, RuntimeError at evaluation for infinite or NaN elements.

    >>> import cotan.core as mx
    >>> u, s, vt = mx.linalg.svd(mx.array([[3.0, 0.0], [0.0, -4.0], [0.0, 0.0]]))
    >>> u.shape, s.tolist(), vt.shape
    ((3, 3), [4.0, 3.0], (2, 2))
    """
@overload
def svd(
    a: _Array,
    compute_uv: Literal[False],
    *,
    full_matrices: bool = True,
    stream: _Stream | None = None,
) -> array: ...

def eig(a: _Array, *, stream: _Stream | None = None) -> tuple[array, array]:
    """`(w, v)` with `a @ v = v * w` for square matrices (..., n, n) of float32, float64 or complex64: eigenvalues and, as
    columns of length one, eigenvectors, both complex64.

    Derivatives suit functions that don't depend on the phases of eigenvectors, and need distinct eigenvalues. ValueError
    for other shapes and types, RuntimeError at evaluation for infinite or NaN elements.

    >>> import cotan.core as mx
    >>> w, v = mx.linalg.eig(mx.array([[2.0, 0.0], [0.0, 3.0]]))
    >>> w.tolist()
    [(2+0j), (3+0j)]
    """

def eigvals(a: _Array, *, stream: _Stream | None = None) -> array:
    """The eigenvalues of `eig` alone.

    >>> import cotan.core as mx
    >>> mx.linalg.eigvals(mx.array([[2.0, 1.0], [0.0, 3.0]])).tolist()
    [(2+0j), (3+0j)]
    """

def eigh(a: _Array, UPLO: Literal['L', 'U'] = "L", *, stream: _Stream | None = None) -> tuple[array, array]:
    """`(w, v)` with `a @ v = v * w` for Hermitian matrices (..., n, n) of float32, float64 or complex64: real eigenvalues in
    ascending order and, as columns, orthonormal eigenvectors.

    Only the lower triangle is read, or the upper one with `UPLO='U'`; derivatives lie in it, and suit functions that don't
    depend on signs of eigenvectors, and of those that share an eigenvalue only on the space they span. ValueError for other shapes, types and
    `UPLO`, RuntimeError at evaluation for infinite or NaN elements.

    >>> import cotan.core as mx
    >>> w, v = mx.linalg.eigh(mx.array([[2.0, 0.0], [0.0, -1.0]]))
    >>> w
    array([-1, 2], dtype=float32)
    """

def eigvalsh(a: _Array, UPLO: Literal['L', 'U'] = "L", *, stream: _Stream | None = None) -> array:
    """The eigenvalues of `eigh` alone.

    >>> import cotan.core as mx
    >>> mx.linalg.eigvalsh(mx.array([[2.0, 0.0], [0.0, -1.0]]))
    array([-1, 2], dtype=float32)
    """

def solve(a: _Array, b: _Array, *, stream: _Stream | None = None) -> array:
    """The solution `x` of `a @ x = b` for square matrices `a` (..., n, n); `b` is a vector (n,) or matrices (..., n, k).

    Batches broadcast, and types promote, to float32, float64 or complex64. ValueError when shapes or types don't fit,
    RuntimeError at evaluation when a matrix is singular.

    >>> import cotan.core as mx
    >>> mx.linalg.solve(mx.array([[2.0, 0.0], [0.0, 4.0]]), mx.array([1.0, 2.0]))
    array([0.5, 0.5], dtype=float32)
    """

def solve_triangular(a: _Array, b: _Array, *, upper: bool = False, stream: _Stream | None = None) -> array:
    """The solution `x` of `a @ x = b` for lower (or upper) triangular matrices `a` (..., n, n), of which the other triangle is
    not read; `b` is a vector (n,) or matrices (..., n, k).

    Batches broadcast, and types promote, to float32, float64 or complex64. ValueError when shapes or types don't fit,
    RuntimeError at evaluation when a number on a diagonal is zero.

    >>> import cotan.core as mx
    >>> mx.linalg.solve_triangular(mx.array([[2.0, 0.0], [1.0, 4.0]]), mx.array([2.0, 9.0]))
    array([1, 2], dtype=float32)
    """

def det(a: _Array, *, stream: _Stream | None = None) -> array:
    """The determinant of square matrices (..., n, n). Integers and bools give float32. ValueError for other shapes.

    >>> import cotan.core as mx
    >>> mx.linalg.det(mx.array([[3.0, 0.0], [1.0, 2.0]]))
    array(6, dtype=float32)
    """

def slogdet(a: _Array, *, stream: _Stream | None = None) -> tuple[array, array]:
    """`(sign, logabsdet)` of square matrices (..., n, n), so that the determinant is `sign * exp(logabsdet)`.

    A singular matrix has 0 and -inf. Integers and bools give float32; the sign of complex matrices is complex. ValueError
    for other shapes, RuntimeError when the derivative at a singular matrix is evaluated.

    >>> import cotan.core as mx
    >>> mx.linalg.slogdet(mx.array([[0.0, 1.0], [1.0, 0.0]]))
    (array(-1, dtype=float32), array(0, dtype=float32))
    """

def cross(a: _Array, b: _Array, axis: int = -1, *, stream: _Stream | None = None) -> array:
    """The cross products of vectors along `axis`, of size 2 or 3; a missing third element counts as zero.

    The other axes broadcast, and the result has size 3 along the axis. ValueError for other sizes, IndexError for an axis
    that doesn't exist.

    >>> import cotan.core as mx
    >>> mx.linalg.cross(mx.array([1, 0, 0]), mx.array([0, 1, 0]))
    array([0, 0, 1], dtype=int32)
    """

def matrix_rank(a: _Array, rtol: float | None = None, *, stream: _Stream | None = None) -> array:
    """How many singular values of each matrix (..., m, n) exceed `rtol` times the largest, as int32. By default `rtol` is
    max(m, n) times the type's epsilon.

    ValueError for other types than float32, float64 and complex64.

    >>> import cotan.core as mx
    >>> mx.linalg.matrix_rank(mx.ones((3, 4)))
    array(1, dtype=int32)
    """

def matrix_power(a: _Array, n: int, *, stream: _Stream | None = None) -> array:
    """The `n`-th power of square matrices (..., n, n) by repeated squaring: the identity for 0, of the inverse for negative `n`.

    ValueError for other shapes, and for negative `n` as `inv`.

    >>> import cotan.core as mx
    >>> mx.linalg.matrix_power(mx.array([[1, 1], [1, 0]]), 10)
    array([[89, 55],
           [55, 34]], dtype=int32)
    """
