"""Derivatives of every smooth row equal JAX's."""

import jax
import numpy as np
import pytest
from jax_side import JAX, NO_COUNTERPART
from twin import OURS, MissingError

H = OURS.helpers
Operand = OURS.table.spec.Operand
DTYPES = ("float64", "float32", "complex64")
TOLERANCE = {"float64": 1e-11, "float32": 2e-5, "complex64": 5e-5}


def listed(op):
    """The entry that says why a row has no counterpart."""
    return next((name for name in NO_COUNTERPART if f"{op.id}-".startswith(f"{name}-")), None)


def questions():
    """Every row and dtype with derivatives; float32 only where there is no float64."""
    for op in OURS.table.TABLE:
        if not listed(op):
            for dtype in DTYPES:
                wanted = op.complex_smooth if dtype == "complex64" else op.smooth
                if wanted and dtype in op.dtypes and not (dtype == "float32" and "float64" in op.dtypes):
                    yield pytest.param(op, dtype, id=f"{op.id}-{dtype}")


def with_free(side, op, operands):
    """The row as a function of its free operands, and those."""
    row = side.rows[op.id]

    def call(*free):
        full = list(operands)
        for i, x in zip(op.free, free, strict=True):
            full[i] = x
        return row.outputs(*full)

    return call, [operands[i] for i in op.free]


def random_like(op, shapes, dtype, salt):
    """NumPy values with these shapes."""
    rng = op.rng(salt)
    values = [rng.standard_normal(s) for s in shapes]
    return [v + 1j * rng.standard_normal(v.shape) for v in values] if dtype == "complex64" else values


def cast(values, dtypes):
    """Values in the dtypes of the outputs; a real output takes the real part."""
    return [(v if d.startswith("complex") else np.real(v)).astype(d) for v, d in zip(values, dtypes, strict=True)]


def assert_equal(ours, theirs, tolerance):
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(H.host(x), y, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("op", "dtype"), list(questions()))
def test_products_with_the_jacobian_and_its_transpose_are_those_of_jax(op, dtype):
    values = op.sample(dtype, "parity")
    call, free = with_free(OURS, op, OURS.operands(op, values, dtype))
    other, other_free = with_free(JAX, op, JAX.operands(op, values, dtype))
    outputs = call(*free)
    dtypes = [H.dtype_name(x) for x in outputs]
    tolerance = max(TOLERANCE[d] for d in (dtype, *dtypes) if d in TOLERANCE) * max(1, op.loose)

    tangents = random_like(op, [x.shape for x in free], dtype, "tangents")
    _, ours = OURS.mx.jvp(call, free, [H.device(t, dtype) for t in tangents])
    _, theirs = jax.jvp(other, other_free, [t.astype(dtype) for t in tangents])
    assert_equal(ours, theirs, tolerance)

    cotangents = cast(random_like(op, [x.shape for x in outputs], dtype, "cotangents"), dtypes)
    _, ours = OURS.mx.vjp(call, free, [H.device(c, d) for c, d in zip(cotangents, dtypes, strict=True)])
    # JAX pulls back along the transpose, cotan along the conjugate transpose.
    pulled = jax.vjp(other, *other_free)[1]([np.conj(c) for c in cotangents])
    assert_equal(ours, [np.conj(g) for g in pulled], tolerance)


@pytest.mark.parametrize("name", list(NO_COUNTERPART))
def test_a_row_that_is_left_out_has_no_counterpart(name):
    ops = [op for op in OURS.table.TABLE if op.smooth and listed(op) == name]
    assert ops
    for op in ops:
        call, free = with_free(JAX, op, JAX.operands(op, op.sample("float64"), "float64"))
        with pytest.raises((MissingError, TypeError, AttributeError, NotImplementedError)):
            jax.vjp(call, *free)[1](call(*free))
