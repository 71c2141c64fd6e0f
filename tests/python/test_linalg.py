"""Linear algebra beyond the table of ops: errors, hostile matrices, derivatives where factors are not unique."""

import contextlib
import inspect
import math

import cotan.core as mx
import numpy as np
import pytest
from helpers import assert_close, assert_same, dtype_name, host
from op_table import TABLE

L = mx.linalg
RNG = np.random.default_rng(7)
FIELD = ("float32", "float64", "complex64")


def array(values, dtype=mx.float64):
    return mx.array(np.asarray(values), dtype)


def random(*shape):
    return RNG.standard_normal(shape)


def symmetric(n):
    x = random(n, n)
    return x + x.T


def gradient(f, x):
    return host(mx.grad(f)(array(x)))


def differences(f, x, step=1e-6):
    """The gradient of a scalar function by central differences."""
    x = np.asarray(x, dtype=float)
    out = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        move = np.zeros_like(x)
        move[i] = step
        out[i] = (f(array(x + move)).item() - f(array(x - move)).item()) / (2 * step)
    return out


@pytest.mark.cotan_only
def test_every_function_of_the_module_has_a_row():
    public = {name for name, value in vars(L).items() if callable(value) and not inspect.isclass(value)}
    public = {f"linalg.{name}" for name in public if not name.startswith("_")}
    assert sorted(public - {op.name for op in TABLE}) == []


# ---------------------------------------------------------------- errors

SQUARE = {
    "inv": L.inv,
    "tri_inv": L.tri_inv,
    "cholesky": L.cholesky,
    "cholesky_inv": L.cholesky_inv,
    "eigh": L.eigh,
    "eigvalsh": L.eigvalsh,
    "eig": L.eig,
    "eigvals": L.eigvals,
    "det": L.det,
    "slogdet": L.slogdet,
    "matrix_power": lambda a: L.matrix_power(a, 2),
    "solve": lambda a: L.solve(a, mx.ones((2,))),
    "solve_triangular": lambda a: L.solve_triangular(a, mx.ones((2,))),
}
ANY = {"qr": L.qr, "svd": L.svd, "lu": L.lu, "lu_factor": L.lu_factor, "pinv": L.pinv, "matrix_rank": L.matrix_rank}
TYPED = {**SQUARE, **ANY}
for name in ("det", "slogdet", "matrix_power", "solve", "solve_triangular"):
    TYPED.pop(name)


@pytest.mark.cotan_only
@pytest.mark.parametrize("f", SQUARE.values(), ids=SQUARE)
def test_matrices_that_are_not_square_are_refused_at_once(f):
    for shape in ((2, 3), (2,), ()):
        with pytest.raises(ValueError, match="axes"):
            f(mx.ones(shape))


@pytest.mark.cotan_only
@pytest.mark.parametrize("f", ANY.values(), ids=ANY)
def test_vectors_and_scalars_are_refused_at_once(f):
    for shape in ((2,), ()):
        with pytest.raises(ValueError, match="two axes"):
            f(mx.ones(shape))


@pytest.mark.parametrize("f", TYPED.values(), ids=TYPED)
def test_types_without_factorisations_are_refused_at_once(f):
    for dtype in (mx.float16, mx.bfloat16, mx.int32, mx.bool_):
        with pytest.raises(ValueError, match="float32"):
            f(mx.ones((2, 2), dtype))


def test_what_can_not_be_computed_is_an_error_at_evaluation():
    singular = mx.array([[1.0, 2.0], [2.0, 4.0]])
    for late in (
        L.inv(singular),
        L.solve(singular, mx.ones((2,))),
        L.tri_inv(mx.zeros((2, 2))),
        L.solve_triangular(mx.zeros((2, 2)), mx.ones((2,))),
    ):
        with pytest.raises(RuntimeError):
            mx.eval(late)


@pytest.mark.cotan_only
def test_matrices_that_are_not_positive_definite_have_no_cholesky_factor():
    for bad in ([[-1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]], [[math.nan, 0], [0, 1]]):
        with pytest.raises(RuntimeError, match="positive definite"):
            mx.eval(L.cholesky(array(bad)))
    with pytest.raises(RuntimeError, match="matrix 1 of the batch"):
        mx.eval(L.cholesky(array([np.eye(2), -np.eye(2)])))


@pytest.mark.cotan_only
@pytest.mark.parametrize("dtype", FIELD)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_infinite_and_nan_elements_end_in_errors_or_nan(dtype, bad):
    for n, place in ((2, (0, 0)), (40, (3, 39)), (40, (39, 3))):
        x = np.eye(n)
        x[place] = bad
        a = mx.array(x.astype(dtype), getattr(mx, dtype))
        for f in (L.svd, L.pinv, L.eig, L.eigvals):
            with pytest.raises(RuntimeError, match="infinite or NaN"):
                mx.eval(f(a))
        for f in (L.qr, L.lu, L.lu_factor, L.det, L.slogdet):
            mx.eval(f(a))
        for f in (L.eigh, L.inv, L.cholesky, L.tri_inv, lambda a: L.solve(a, mx.ones((a.shape[0],)))):
            with contextlib.suppress(RuntimeError):
                mx.eval(f(a))


@pytest.mark.cotan_only
def test_arguments_are_checked():
    with pytest.raises(ValueError, match="UPLO"):
        L.eigh(mx.eye(2), UPLO="X")
    with pytest.raises(ValueError, match="UPLO"):
        L.eigvalsh(mx.eye(2), "")
    with pytest.raises(TypeError):
        L.eigh(mx.eye(2), 1)
    with pytest.raises(TypeError):
        L.norm(mx.eye(2), [])
    with pytest.raises(TypeError):
        L.inv(np.eye(2))


def test_sides_must_fit():
    a = mx.eye(2)
    for b in (mx.ones((3,)), mx.ones((3, 2)), mx.ones(())):
        with pytest.raises(ValueError):
            L.solve(a, b)
        with pytest.raises(ValueError):
            L.solve_triangular(a, b)
    with pytest.raises(ValueError):
        L.solve(mx.ones((2, 2, 2)), mx.ones((3, 2, 1)))


@pytest.mark.parametrize("ord", [0, 3, -0.5])
def test_matrices_have_few_norms(ord):
    with pytest.raises(ValueError):
        L.norm(mx.ones((2, 2)), ord)


def test_norms_must_suit_the_axes():
    x = mx.ones((2, 3, 4))
    for ord, axis in ((2, None), ("fro", 0), ("nuc", 1), (2, (0, 1, 2)), (None, (0, 1, 2)), (2, ()), ("zzz", (0, 1))):
        with pytest.raises(ValueError):
            L.norm(x, ord, axis)
    for ord in (None, 2):
        with pytest.raises(IndexError):
            L.norm(x, ord, 3)


# ---------------------------------------------------------------- empty and extreme


@pytest.mark.cotan_only
@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (3, 0, 0), (2, 0, 3, 3)])
def test_empty_matrices_and_batches(shape):
    a = mx.zeros(shape)
    n = np.zeros(shape)
    for f in (L.inv, L.tri_inv, L.cholesky, L.cholesky_inv, L.pinv):
        assert f(a).tolist() == a.tolist()
    assert_same(L.det(a), np.linalg.det(n))
    assert_same(L.eigvalsh(a), np.linalg.eigvalsh(n))
    assert_same(L.eigvals(a), np.linalg.eigvals(n))
    for ours, theirs in ((L.svd, np.linalg.svd), (L.qr, np.linalg.qr), (L.eigh, np.linalg.eigh)):
        assert [x.shape for x in ours(a)] == [x.shape for x in theirs(n)]
        mx.eval(ours(a))
    assert L.solve(a, mx.zeros((*shape[:-1], 2))).shape == (*shape[:-1], 2)
    assert L.matrix_rank(a).tolist() == np.zeros(shape[:-2]).tolist()


@pytest.mark.cotan_only
@pytest.mark.parametrize("shape", [(2, 0), (0, 2), (3, 2, 0), (3, 0, 2)])
def test_matrices_without_rows_or_columns(shape):
    a, n = mx.zeros(shape), np.zeros(shape)
    for full in (True, False):
        for x, y in zip(L.svd(a, full_matrices=full), np.linalg.svd(n, full_matrices=full), strict=True):
            assert_same(x, y)
    for x, y in zip(L.qr(a), np.linalg.qr(n), strict=True):
        assert_same(x, y)
    assert L.pinv(a).shape == np.linalg.pinv(n).shape
    assert [x.shape for x in L.lu(a)] == [shape[:-1], (*shape[:-1], 0), (*shape[:-2], 0, shape[-1])]
    assert_same(L.norm(a), np.linalg.norm(n))
    loss = mx.grad(lambda a: sum(mx.sum(x) for x in L.svd(a)) + mx.sum(L.qr(a)[0]) + mx.sum(L.pinv(a)))
    assert loss(a).shape == shape


@pytest.mark.cotan_only
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_scale_does_not_matter(scale):
    x = random(5, 5)
    for f in (lambda a: L.svd(a)[1], lambda a: L.eigvalsh(a), lambda a: L.qr(a)[1]):
        assert_close(f(array(x * scale)) / scale, host(f(array(x))), rtol=1e-12)
    assert_close(L.inv(array(x * scale)) * scale, np.linalg.inv(x), rtol=1e-9)
    assert_close(L.norm(array(x * scale), 2) / scale, np.linalg.norm(x, 2), rtol=1e-12)


def test_large_matrices_of_low_rank():
    x = random(90, 3) @ random(3, 60)
    u, s, vt = L.svd(array(x))
    assert_close((u[:, :60] * s) @ vt, x, atol=1e-11)
    assert_close(u.T @ u, np.eye(90), atol=1e-11)
    q, r = L.qr(array(x))
    assert_close(q @ r, x, atol=1e-11)
    assert_close(q.T @ q, np.eye(60), atol=1e-11)
    p = L.pinv(array(x))
    assert_close(array(x) @ p @ array(x), x, atol=1e-10)
    assert np.isfinite(host(p)).all()


@pytest.mark.cotan_only
def test_ranks_are_counted():
    x = random(2, 7, 3) @ random(2, 3, 5)
    assert L.matrix_rank(array(x)).tolist() == [3, 3]
    assert L.matrix_rank(array(np.diag([1.0, 0.1, 0.01])), rtol=0.05).item() == 2


# ---------------------------------------------------------------- conventions


def test_only_one_triangle_is_read():
    x = symmetric(4) + 9 * np.eye(4)
    noise = np.triu(np.full((4, 4), 7.0), 1)
    for f in (L.cholesky, lambda a: L.eigh(a)[0], L.eigvalsh):
        assert_close(f(array(x + noise)), host(f(array(x))), rtol=1e-12)
    for f in (lambda a: L.cholesky(a, upper=True), lambda a: L.eigh(a, UPLO="U")[0], lambda a: L.eigvalsh(a, "U")):
        assert_close(f(array(x + noise.T)), host(f(array(x))), rtol=1e-12)


def test_order_and_swaps_of_rows_agree():
    x = random(6, 4)
    order, l, u = L.lu(array(x))
    packed, swaps = L.lu_factor(array(x))
    rows = list(range(6))
    for i, j in enumerate(swaps.tolist()):
        rows[i], rows[j] = rows[j], rows[i]
    assert np.argsort(rows).tolist() == order.tolist()
    assert_close(l[order] @ u, x, rtol=1e-12)
    assert dtype_name(order) == dtype_name(swaps) == "uint32"
    assert_close(l @ u, x[rows], rtol=1e-12)
    assert_close(mx.tril(packed, -1) + mx.eye(6, 4, dtype=mx.float64), host(l), rtol=1e-12)


def test_eigenvectors_have_length_one_and_a_real_largest_element():
    for x in (random(6, 6), random(6, 6) + 1j * random(6, 6)):
        a = mx.array(x.astype(np.complex64 if x.dtype == complex else np.float32))
        w, v = L.eig(a)
        assert dtype_name(w) == dtype_name(v) == "complex64"
        v = host(v)
        assert_close(mx.array(v), host(a.astype(mx.complex64)) @ v / host(w), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(np.linalg.norm(v, axis=0), 1, rtol=1e-5)
        largest = v[np.argmax(np.abs(v), axis=0), np.arange(6)]
        np.testing.assert_allclose(largest.imag, 0, atol=1e-6)


@pytest.mark.cotan_only
def test_singular_vectors_alone_do_not_need_full_bases():
    u, s, vt = L.svd(mx.ones((100_000, 2)), full_matrices=False)
    assert (u.shape, vt.shape) == ((100_000, 2), (2, 2))
    assert_close(s, [math.sqrt(200_000), 0], atol=1e-2)


def test_transposed_and_sliced_matrices():
    x = random(3, 8, 8)
    for view, n in (
        (array(x).swapaxes(-1, -2), np.swapaxes(x, -1, -2)),
        (array(x)[:, ::2, 1::2], x[:, ::2, 1::2]),
        (array(x)[::-1, ::-1], x[::-1, ::-1]),
        (mx.broadcast_to(array(x[0]), (2, 8, 8)), np.broadcast_to(x[0], (2, 8, 8))),
    ):
        assert_close(L.inv(view), np.linalg.inv(n), rtol=1e-9, atol=1e-9)
        assert_close(L.svd(view)[1], np.linalg.svd(n)[1], rtol=1e-9, atol=1e-9)


def test_many_matrices_are_shared_among_threads():
    x = random(500, 6, 6)
    assert_close(L.inv(array(x)) @ array(x), np.broadcast_to(np.eye(6), x.shape), atol=1e-8)
    assert_close(L.eigvalsh(array(x)), np.linalg.eigvalsh(x), atol=1e-10)


# ---------------------------------------------------------------- derivatives

REPEATED = {
    "identity": np.eye(3),
    "pair": np.diag([2.0, 2.0, 5.0]),
    "zero": np.zeros((3, 3)),
    "ones": np.ones((3, 3)),
}


@pytest.mark.cotan_only
@pytest.mark.parametrize("x", REPEATED.values(), ids=REPEATED)
def test_functions_of_all_eigenvalues_have_derivatives_where_some_are_equal(x):
    for f in (
        lambda a: mx.sum(mx.exp(L.eigvalsh(a))),
        lambda a: mx.sum(mx.exp(L.eigh(a)[0])),
        lambda a: mx.sum(mx.square(L.svd(a, compute_uv=False))),
        lambda a: mx.sum(mx.square(L.svd(a)[1])),
    ):
        np.testing.assert_allclose(gradient(f, x), differences(f, x), atol=1e-5)


@pytest.mark.cotan_only
def test_spaces_of_equal_eigenvalues_have_derivatives():
    x, weights = np.diag([2.0, 2.0, 5.0]), array(random(3, 3))

    def by_eigenvectors(a):
        v = L.eigh(a)[1][:, :2]
        return mx.sum((v @ v.T) * weights)

    def by_singular_vectors(a):
        u = L.svd(a)[0][:, 1:]
        return mx.sum((u @ u.T) * weights)

    for f in (by_eigenvectors, by_singular_vectors):
        np.testing.assert_allclose(gradient(f, x), differences(f, x), atol=1e-6)


@pytest.mark.cotan_only
def test_the_polar_factor_has_a_derivative_at_equal_singular_values():
    weights = array(random(3, 3))

    def polar(a):
        u, _, vt = L.svd(a)
        return mx.sum((u @ vt) * weights)

    for x in (np.eye(3), np.linalg.qr(random(3, 3))[0], np.diag([2.0, 2.0, 3.0])):
        np.testing.assert_allclose(gradient(polar, x), differences(polar, x), atol=1e-6)


@pytest.mark.cotan_only
def test_the_gradient_of_the_nuclear_norm_is_the_polar_factor():
    x = random(5, 3)
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    np.testing.assert_allclose(gradient(lambda a: L.norm(a, "nuc"), x), u @ vt, atol=1e-12)
    assert np.isfinite(gradient(lambda a: L.norm(a, "nuc"), np.zeros((3, 2)))).all()


@pytest.mark.cotan_only
def test_determinants_of_singular_matrices_have_gradients():
    for x in (np.ones((2, 2)), np.arange(9.0).reshape(3, 3), np.zeros((3, 3)), np.diag([1.0, 0, 0, 2]), [[0.0]]):
        np.testing.assert_allclose(gradient(L.det, x), differences(L.det, x, 1e-4), atol=1e-6)
    np.testing.assert_allclose(gradient(L.det, [[0.0, 1], [0, 0]]), [[0, 0], [-1, 0]], atol=1e-12)


@pytest.mark.cotan_only
def test_norms_of_zero_have_zero_gradients():
    for ord in (None, 1, 2, 3, np.inf):
        assert np.isfinite(gradient(lambda a, o=ord: L.norm(a, o), np.zeros(4))).all()
    assert not gradient(L.norm, np.zeros((2, 3))).any()


@pytest.mark.cotan_only
def test_the_pseudoinverse_of_a_matrix_of_low_rank_has_the_derivative_of_constant_rank():
    left, right, weights = random(5, 2), random(2, 4), array(random(4, 5))
    direction = random(5, 2)

    def f(y):
        return mx.sum(L.pinv(y @ array(right)) * weights)

    slope = (f(array(left + 1e-5 * direction)) - f(array(left - 1e-5 * direction))).item() / 2e-5
    assert np.sum(gradient(f, left) * direction) == pytest.approx(slope, rel=1e-5)


@pytest.mark.cotan_only
def test_real_eigenvalues_have_derivatives():
    x = random(5, 5)

    def f(a):
        w, v = L.eig(a)
        return mx.sum(mx.abs((v * mx.exp(0.3 * w)) @ L.inv(v))) + mx.sum(mx.real(mx.square(L.eigvals(a))))

    got = host(mx.grad(f)(array(x, mx.float32)))
    want = differences(lambda a: f(a.astype(mx.float32)), x, 1e-2)
    np.testing.assert_allclose(got, want, rtol=2e-2, atol=2e-2)
    assert dtype_name(mx.grad(f)(array(x))) == "float64"
    assert dtype_name(mx.grad(f)(array(x, mx.float32))) == "float32"


@pytest.mark.cotan_only
def test_gradients_of_one_triangle_lie_in_it():
    x = symmetric(4) + 9 * np.eye(4)
    lower = gradient(lambda a: mx.sum(L.cholesky(a)), x)
    upper = gradient(lambda a: mx.sum(L.cholesky(a, upper=True)), x)
    assert not np.triu(lower, 1).any()
    np.testing.assert_allclose(upper, lower.T, rtol=1e-12)


@pytest.mark.cotan_only
def test_a_log_likelihood_has_its_textbook_gradient():
    x, y = symmetric(4) + 9 * np.eye(4), random(4)

    def f(a):
        return L.slogdet(a)[1] + y_array @ L.solve(a, y_array)

    y_array = array(y)
    inverse = np.linalg.inv(x)
    np.testing.assert_allclose(gradient(f, x), inverse.T - np.outer(inverse.T @ y, inverse @ y), rtol=1e-9)

    hessian = mx.vmap(lambda u: mx.jvp(mx.grad(f), [array(x)], [u])[1][0])(
        mx.eye(16, dtype=mx.float64).reshape(16, 4, 4)
    )
    assert_close(hessian.reshape(16, 16), host(hessian.reshape(16, 16)).T, atol=1e-10)


@pytest.mark.cotan_only
def test_compiled_functions_give_the_same():
    a, b = array(random(4, 4) + 4 * np.eye(4)), array(random(4))

    def f(a, b):
        return L.solve(a, b), L.svd(a)[1], L.det(a), L.eigvalsh(a)

    for x, y in zip(mx.compile(f)(a, b), f(a, b), strict=True):
        assert_same(x, host(y))
