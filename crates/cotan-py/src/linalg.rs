//! `cotan.core.linalg`: linear algebra.

use cotan::linalg::{self, Ord, Triangle};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};

use crate::args::{Axes, axes};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Result, type_error, value_error};
use crate::functions::{add_functions, all_on, on};
use crate::operand::ArrayArg;

fn triangle(upper: bool) -> Triangle {
    if upper { Triangle::Upper } else { Triangle::Lower }
}

/// `'L'` or `'U'`.
#[cfg_attr(false, python("Literal['L', 'U']"))]
struct Uplo(Triangle);

impl<'a, 'py> FromPyObject<'a, 'py> for Uplo {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let Ok(text) = object.cast::<PyString>() else {
            return Err(type_error(format!("UPLO is 'L' or 'U', got {}", object.get_type().name()?)).into());
        };
        match text.to_str()? {
            "L" | "l" => Ok(Uplo(Triangle::Lower)),
            "U" | "u" => Ok(Uplo(Triangle::Upper)),
            other => Err(value_error(format!("UPLO is 'L' or 'U', got {other:?}")).into()),
        }
    }
}

/// A number or the name of a norm.
#[cfg_attr(false, python("float | str"))]
struct OrdArg(Ord);

impl<'a, 'py> FromPyObject<'a, 'py> for OrdArg {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(text) = object.cast::<PyString>() {
            return match text.to_str()? {
                "fro" | "f" => Ok(OrdArg(Ord::Frobenius)),
                "nuc" => Ok(OrdArg(Ord::Nuclear)),
                other => Err(value_error(format!("norm: ord is a number, 'fro' or 'nuc', got {other:?}")).into()),
            };
        }
        if object.cast::<PyBool>().is_ok() {
            return Err(type_error("norm: ord is a number, 'fro' or 'nuc', got a bool").into());
        }
        match object.extract::<f64>() {
            Ok(p) => Ok(OrdArg(Ord::P(p))),
            Err(_) => {
                let name = object.get_type().name()?;
                Err(type_error(format!("norm: ord is a number, 'fro' or 'nuc', got {name}")).into())
            }
        }
    }
}

type Pair = (PyArray, PyArray);

fn pair(stream: Option<StreamArg>, results: cotan::Result<[cotan::Array; 2]>) -> Result<Pair> {
    let results: Vec<PyArray> = all_on(stream, results)?;
    let [first, second] = results.try_into().unwrap_or_else(|_| unreachable!("two results"));
    Ok((first, second))
}

type Triple = (PyArray, PyArray, PyArray);

fn triple(stream: Option<StreamArg>, results: cotan::Result<[cotan::Array; 3]>) -> Result<Triple> {
    let results: Vec<PyArray> = all_on(stream, results)?;
    let [first, second, third] = results.try_into().unwrap_or_else(|_| unreachable!("three results"));
    Ok((first, second, third))
}

/// The norm of vectors (over one axis) or matrices (over two axes); over all axes by default.
///
/// `ord` None is the root of the sum of squares, over any number of axes if `axis` is None. Over one axis `ord` is any
/// number: the p-norm, with 0 the number of elements that are not zero, and inf and -inf the largest and the smallest
/// absolute value. Over two axes it is 'fro' (as None), 'nuc' (the sum of the singular values), 1 and -1 (the largest and
/// the smallest sum of a column's absolute values), inf and -inf (of a row's), 2 and -2 (the largest and the smallest
/// singular value). Integers give float32, complex numbers float32. ValueError for other combinations, IndexError for an
/// axis that doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.norm(mx.array([3.0, 4.0]))
/// array(5, dtype=float32)
/// >>> mx.linalg.norm(mx.array([[1.0, -2.0], [3.0, 4.0]]), ord=1, axis=(0, 1))
/// array(6, dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, /, ord = None, axis = None, keepdims = false, *, stream = None))]
fn norm(
    a: ArrayArg,
    ord: Option<OrdArg>,
    axis: Option<Axes>,
    keepdims: bool,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, linalg::norm(&a.0, ord.map(|ord| ord.0), axes(&axis), keepdims))
}

/// The inverse of square matrices (..., n, n) of float32, float64 or complex64.
///
/// ValueError for other shapes and types, RuntimeError at evaluation when a matrix is singular.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.inv(mx.array([[2.0, 0.0], [1.0, 1.0]])).tolist()
/// [[0.5, 0.0], [-0.5, 1.0]]
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn inv(a: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::inv(&a.0))
}

/// The inverse of lower (or upper) triangular matrices (..., n, n) of float32, float64 or complex64; the other triangle is
/// not read.
///
/// ValueError for other shapes and types, RuntimeError at evaluation when a number on the diagonal is zero.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.tri_inv(mx.array([[2.0, 0.0], [4.0, 1.0]])).tolist()
/// [[0.5, 0.0], [-2.0, 1.0]]
#[pyfunction]
#[pyo3(signature = (a, upper = false, *, stream = None))]
fn tri_inv(a: ArrayArg, upper: bool, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::tri_inv(&a.0, triangle(upper)))
}

/// The Moore-Penrose pseudoinverse (..., n, m) of matrices (..., m, n) of float32, float64 or complex64.
///
/// Singular values of at most 10 max(m, n) times the type's epsilon times the largest one count as zero. The derivative is
/// that among matrices of equal rank. ValueError for other types, RuntimeError at evaluation for infinite or NaN elements.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.pinv(mx.array([[2.0, 0.0], [0.0, 0.0], [0.0, 4.0]])).shape
/// (2, 3)
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn pinv(a: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::pinv(&a.0))
}

/// The factor of Hermitian positive definite matrices (..., n, n) of float32, float64 or complex64: a lower triangular `l`
/// with `a = l @ l.mT`, or with `upper` an upper triangular `u` with `a = u.mT @ u` (conjugated for complex matrices).
///
/// Only that triangle of `a` is read, and derivatives lie in it. ValueError for other shapes and types, RuntimeError at
/// evaluation when a matrix is not positive definite.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.cholesky(mx.array([[4.0, 2.0], [2.0, 5.0]]))
/// array([[2, 0],
///        [1, 2]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, upper = false, *, stream = None))]
fn cholesky(a: ArrayArg, upper: bool, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::cholesky(&a.0, triangle(upper)))
}

/// The inverse of the matrices whose factor from `cholesky` is `a`: of `a @ a.mT`, or of `a.mT @ a` with `upper`.
///
/// ValueError and RuntimeError as for `tri_inv`.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.cholesky_inv(mx.array([[2.0, 0.0], [0.0, 1.0]])).tolist()
/// [[0.25, 0.0], [0.0, 1.0]]
#[pyfunction]
#[pyo3(signature = (a, upper = false, *, stream = None))]
fn cholesky_inv(a: ArrayArg, upper: bool, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::cholesky_inv(&a.0, triangle(upper)))
}

/// `(q, r)` with `a = q @ r` for matrices (..., m, n) of float32, float64 or complex64: `q` (..., m, k) has orthonormal
/// columns and `r` (..., k, n) is upper triangular, k = min(m, n).
///
/// The diagonal of `r` is real, and may be negative. ValueError for other types.
///
/// >>> import cotan.core as mx
/// >>> q, r = mx.linalg.qr(mx.array([[2.0, 3.0], [1.0, 2.0], [0.0, 1.0]]))
/// >>> q.shape, r.shape
/// ((3, 2), (2, 2))
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn qr(a: ArrayArg, stream: Option<StreamArg>) -> Result<Pair> {
    pair(stream, linalg::qr(&a.0))
}

/// `(p, l, u)` with `a = l[p] @ u` for matrices (..., m, n) of float32, float64 or complex64: a lower triangular `l`
/// (..., m, k) with ones on the diagonal, the order `p` (..., m) in which its rows are taken as uint32, and an upper
/// triangular `u` (..., k, n), k = min(m, n).
///
/// ValueError for other types.
///
/// >>> import cotan.core as mx
/// >>> p, l, u = mx.linalg.lu(mx.array([[1.0, 2.0], [4.0, 2.0]]))
/// >>> p
/// array([1, 0], dtype=uint32)
/// >>> (l[p] @ u).tolist()
/// [[1.0, 2.0], [4.0, 2.0]]
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn lu(a: ArrayArg, stream: Option<StreamArg>) -> Result<Triple> {
    triple(stream, linalg::lu(&a.0))
}

/// `(lu, pivots)`: both factors of matrices (..., m, n) in one array, without the ones on the diagonal of the lower one, and
/// the row (..., min(m, n)) that each row was swapped with, first to last, as uint32.
///
/// ValueError for other types than float32, float64 and complex64.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.lu_factor(mx.array([[1.0, 2.0], [4.0, 2.0]]))[1]
/// array([1, 1], dtype=uint32)
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn lu_factor(a: ArrayArg, stream: Option<StreamArg>) -> Result<Pair> {
    pair(stream, linalg::lu_factor(&a.0))
}

/// `(u, s, vt)` with `a = u @ diag(s) @ vt` for matrices (..., m, n) of float32, float64 or complex64, or `s` alone without
/// `compute_uv`. The singular values `s` (..., k) are real and descend, k = min(m, n).
///
/// `u` is (..., m, m) and `vt` is (..., n, n), both orthogonal; or (..., m, k) and (..., k, n) without `full_matrices`.
/// Derivatives suit functions that don't depend on signs of singular vectors, and of those that share a value only on the
/// spaces they span. ValueError for other types, RuntimeError at evaluation for infinite or NaN elements.
///
/// >>> import cotan.core as mx
/// >>> u, s, vt = mx.linalg.svd(mx.array([[3.0, 0.0], [0.0, -4.0], [0.0, 0.0]]))
/// >>> u.shape, s.tolist(), vt.shape
/// ((3, 3), [4.0, 3.0], (2, 2))
#[pyfunction]
#[cfg_attr(
    false,
    python(
        "def svd(a: _Array, compute_uv: Literal[True] = True, *, full_matrices: bool = True, stream: _Stream | None = None) \
                -> tuple[array, array, array]",
        "def svd(a: _Array, compute_uv: Literal[False], *, full_matrices: bool = True, stream: _Stream | None = None) \
                -> array",
    )
)]
#[pyo3(signature = (a, compute_uv = true, *, full_matrices = true, stream = None))]
fn svd<'py>(
    py: Python<'py>,
    a: ArrayArg,
    compute_uv: bool,
    full_matrices: bool,
    stream: Option<StreamArg>,
) -> Result<Bound<'py, PyAny>> {
    if compute_uv {
        return Ok(triple(stream, linalg::svd(&a.0, full_matrices))?.into_pyobject(py)?.into_any());
    }
    Ok(on(stream, linalg::svdvals(&a.0))?.into_pyobject(py)?.into_any())
}

/// `(w, v)` with `a @ v = v * w` for square matrices (..., n, n) of float32, float64 or complex64: eigenvalues and, as
/// columns of length one, eigenvectors, both complex64.
///
/// Derivatives suit functions that don't depend on the phases of eigenvectors, and need distinct eigenvalues. ValueError
/// for other shapes and types, RuntimeError at evaluation for infinite or NaN elements.
///
/// >>> import cotan.core as mx
/// >>> w, v = mx.linalg.eig(mx.array([[2.0, 0.0], [0.0, 3.0]]))
/// >>> w.tolist()
/// [(2+0j), (3+0j)]
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn eig(a: ArrayArg, stream: Option<StreamArg>) -> Result<Pair> {
    pair(stream, linalg::eig(&a.0))
}

/// The eigenvalues of `eig` alone.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.eigvals(mx.array([[2.0, 1.0], [0.0, 3.0]])).tolist()
/// [(2+0j), (3+0j)]
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn eigvals(a: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::eigvals(&a.0))
}

/// `(w, v)` with `a @ v = v * w` for Hermitian matrices (..., n, n) of float32, float64 or complex64: real eigenvalues in
/// ascending order and, as columns, orthonormal eigenvectors.
///
/// Only the lower triangle is read, or the upper one with `UPLO='U'`; derivatives lie in it, and suit functions that don't
/// depend on signs of eigenvectors, and of those that share an eigenvalue only on the space they span. ValueError for other shapes, types and
/// `UPLO`, RuntimeError at evaluation for infinite or NaN elements.
///
/// >>> import cotan.core as mx
/// >>> w, v = mx.linalg.eigh(mx.array([[2.0, 0.0], [0.0, -1.0]]))
/// >>> w
/// array([-1, 2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, UPLO = Uplo(Triangle::Lower), *, stream = None), text_signature = "(a, UPLO='L', *, stream=None)")]
#[allow(non_snake_case)]
fn eigh(a: ArrayArg, UPLO: Uplo, stream: Option<StreamArg>) -> Result<Pair> {
    pair(stream, linalg::eigh(&a.0, UPLO.0))
}

/// The eigenvalues of `eigh` alone.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.eigvalsh(mx.array([[2.0, 0.0], [0.0, -1.0]]))
/// array([-1, 2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, UPLO = Uplo(Triangle::Lower), *, stream = None), text_signature = "(a, UPLO='L', *, stream=None)")]
#[allow(non_snake_case)]
fn eigvalsh(a: ArrayArg, UPLO: Uplo, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::eigvalsh(&a.0, UPLO.0))
}

/// The solution `x` of `a @ x = b` for square matrices `a` (..., n, n); `b` is a vector (n,) or matrices (..., n, k).
///
/// Batches broadcast, and types promote, to float32, float64 or complex64. ValueError when shapes or types don't fit,
/// RuntimeError at evaluation when a matrix is singular.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.solve(mx.array([[2.0, 0.0], [0.0, 4.0]]), mx.array([1.0, 2.0]))
/// array([0.5, 0.5], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, b, *, stream = None))]
fn solve(a: ArrayArg, b: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::solve(&a.0, &b.0))
}

/// The solution `x` of `a @ x = b` for lower (or upper) triangular matrices `a` (..., n, n), of which the other triangle is
/// not read; `b` is a vector (n,) or matrices (..., n, k).
///
/// Batches broadcast, and types promote, to float32, float64 or complex64. ValueError when shapes or types don't fit,
/// RuntimeError at evaluation when a number on a diagonal is zero.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.solve_triangular(mx.array([[2.0, 0.0], [1.0, 4.0]]), mx.array([2.0, 9.0]))
/// array([1, 2], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, b, *, upper = false, stream = None))]
fn solve_triangular(a: ArrayArg, b: ArrayArg, upper: bool, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::solve_triangular(&a.0, &b.0, triangle(upper)))
}

/// The determinant of square matrices (..., n, n). Integers and bools give float32. ValueError for other shapes.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.det(mx.array([[3.0, 0.0], [1.0, 2.0]]))
/// array(6, dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn det(a: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::det(&a.0))
}

/// `(sign, logabsdet)` of square matrices (..., n, n), so that the determinant is `sign * exp(logabsdet)`.
///
/// A singular matrix has 0 and -inf. Integers and bools give float32; the sign of complex matrices is complex. ValueError
/// for other shapes, RuntimeError when the derivative at a singular matrix is evaluated.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.slogdet(mx.array([[0.0, 1.0], [1.0, 0.0]]))
/// (array(-1, dtype=float32), array(0, dtype=float32))
#[pyfunction]
#[pyo3(signature = (a, *, stream = None))]
fn slogdet(a: ArrayArg, stream: Option<StreamArg>) -> Result<Pair> {
    pair(stream, linalg::slogdet(&a.0))
}

/// The cross products of vectors along `axis`, of size 2 or 3; a missing third element counts as zero.
///
/// The other axes broadcast, and the result has size 3 along the axis. ValueError for other sizes, IndexError for an axis
/// that doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.cross(mx.array([1, 0, 0]), mx.array([0, 1, 0]))
/// array([0, 0, 1], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, b, axis = -1, *, stream = None), text_signature = "(a, b, axis=-1, *, stream=None)")]
fn cross(a: ArrayArg, b: ArrayArg, axis: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::cross(&a.0, &b.0, axis))
}

/// How many singular values of each matrix (..., m, n) exceed `rtol` times the largest, as int32. By default `rtol` is
/// max(m, n) times the type's epsilon.
///
/// ValueError for other types than float32, float64 and complex64.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.matrix_rank(mx.ones((3, 4)))
/// array(1, dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, rtol = None, *, stream = None))]
fn matrix_rank(a: ArrayArg, rtol: Option<f64>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::matrix_rank(&a.0, rtol))
}

/// The `n`-th power of square matrices (..., n, n) by repeated squaring: the identity for 0, of the inverse for negative `n`.
///
/// ValueError for other shapes, and for negative `n` as `inv`.
///
/// >>> import cotan.core as mx
/// >>> mx.linalg.matrix_power(mx.array([[1, 1], [1, 0]]), 10)
/// array([[89, 55],
///        [55, 34]], dtype=int32)
#[pyfunction]
#[pyo3(signature = (a, n, *, stream = None))]
fn matrix_power(a: ArrayArg, n: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, linalg::matrix_power(&a.0, n))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let linalg = PyModule::new(py, "cotan.core.linalg")?;
    let target = &linalg;
    add_functions!(target;
        norm, inv, tri_inv, pinv, cholesky, cholesky_inv, qr, lu, lu_factor, svd, eig, eigvals, eigh, eigvalsh, solve,
        solve_triangular, det, slogdet, cross, matrix_rank, matrix_power,
    );
    linalg.setattr("__doc__", "Linear algebra on matrices in the last two axes; the axes before them are a batch.")?;
    module.add("matrix_norm", linalg.getattr("norm")?)?;
    module.add("linalg", &linalg)?;
    // `import cotan.core.linalg` finds it here.
    py.import("sys")?.getattr("modules")?.set_item("cotan.core.linalg", linalg)
}
