"""Rows of the products beyond plain matrix products: index sums, products of chosen matrices, Hadamard transforms."""

import cotan.core as mx
import numpy as np
from helpers import COMPLEX, FLOATS

from op_table.spec import NUMERIC, Op, Operand, indices

PRODUCT_DTYPES = FLOATS + COMPLEX
PRODUCT = {"complex_smooth": True, "loose": 8}


def einsum(subscripts, *shapes, dtypes=PRODUCT_DTYPES):
    """An index sum over operands of these shapes."""
    return Op(
        "einsum",
        lambda *a: mx.einsum(subscripts, *a),
        lambda *a: np.einsum(subscripts, *a),
        tuple(map(Operand, shapes)),
        dtypes,
        label=subscripts.replace(" ", ""),
        **PRODUCT,
    )


INDEX_SUMS = [
    einsum("ij,jk->ik", (2, 3), (3, 4)),
    einsum("ij->ji", (2, 3), dtypes=NUMERIC),
    einsum("ii->i", (3, 3), dtypes=NUMERIC),
    einsum("ii", (3, 3)),
    einsum("i,j->ji", (2,), (3,), dtypes=NUMERIC),
    einsum("bij,bkj->bik", (2, 3, 2), (2, 2, 2)),
    einsum("...i,i->...", (2, 2, 3), (3,)),
    einsum("ij,jk,kl", (2, 3), (3, 2), (2, 2)),
    einsum("ab,a,b->", (2, 3), (2,), (3,)),
]


def hadamard(n):
    """Sylvester's matrix, scaled to be orthogonal."""
    h = np.ones((1, 1))
    while len(h) < n:
        h = np.kron(h, [[1, 1], [1, -1]])
    return h / np.sqrt(n)


def gathered(label, call, ref, *operands):
    """A product of matrices that fixed indices choose."""
    return Op("gather_mm", call, ref, operands, PRODUCT_DTYPES, label=label, **PRODUCT)


BLOCKS = np.array([[True, False], [False, True]])
WEIGHTS = np.array([[2.0, 0.5], [0.0, 1.0]])


def spread(mask, shape):
    """A mask over blocks of two rows and columns as one over elements."""
    return np.kron(mask, np.ones((2, 2)))[: shape[0], : shape[1]]


MATRIX_PRODUCTS = [
    gathered(
        "both",
        lambda a, b, i, j: mx.gather_mm(a, b, i, j),
        lambda a, b, i, j: a[i] @ b[j],
        Operand((3, 2, 3)),
        Operand((2, 3, 2)),
        indices((2, 1), 3),
        indices((4,), 2, low=-2),
    ),
    gathered(
        "right",
        lambda a, b, j: mx.gather_mm(a, b, rhs_indices=j),
        lambda a, b, j: a @ b[j],
        Operand((6, 1, 3)),
        Operand((2, 3, 2)),
        indices((6,), 2),
    ),
    gathered(
        "sorted",
        lambda a, b: mx.gather_mm(a, b, rhs_indices=mx.array([0] * 9 + [1] * 6), sorted_indices=True),
        lambda a, b: np.concatenate([a[:9] @ b[0], a[9:] @ b[1]]),
        Operand((15, 1, 3)),
        Operand((2, 3, 2)),
    ),
    gathered(
        "vectors",
        lambda a, b, i: mx.gather_mm(a, b, lhs_indices=i),
        lambda a, b, i: a[i] @ b,
        Operand((3, 2, 40)),
        Operand((40,)),
        indices((4,), 3),
    ),
    Op(
        "segmented_mm",
        lambda a, b: mx.segmented_mm(a, b, mx.array([[0, 2], [1, 5], [3, 3]])),
        lambda a, b: np.stack([a[:, :2] @ b[:2], a[:, 1:] @ b[1:], np.zeros((2, 3))]),
        (Operand((2, 5)), Operand((5, 3))),
        PRODUCT_DTYPES,
        **PRODUCT,
    ),
    Op(
        "block_masked_mm",
        lambda a, b: mx.block_masked_mm(a, b, 2, *[mx.array(BLOCKS)] * 3),
        lambda a, b: spread(BLOCKS, (3, 4)) * ((spread(BLOCKS, (3, 3)) * a) @ (spread(BLOCKS, (3, 4)) * b)),
        (Operand((3, 3)), Operand((3, 4))),
        PRODUCT_DTYPES,
        label="bools",
        **PRODUCT,
    ),
    Op(
        "block_masked_mm",
        lambda a, b: mx.block_masked_mm(a, b, 2, mask_lhs=mx.array(WEIGHTS)),
        lambda a, b: (spread(WEIGHTS, (3, 3)) * a) @ b,
        (Operand((2, 3, 3)), Operand((3, 4))),
        PRODUCT_DTYPES,
        label="weights",
        **PRODUCT,
    ),
    Op(
        "hadamard_transform",
        mx.hadamard_transform,
        lambda x: x @ hadamard(16),
        (Operand((2, 16)),),
        PRODUCT_DTYPES,
        linear=True,
        **PRODUCT,
    ),
    Op(
        "hadamard_transform",
        lambda x: mx.hadamard_transform(mx.hadamard_transform(x, 2.0), 0.5),
        lambda x: 24 * x,  # a symmetric Hadamard matrix is its own inverse, but for its size
        (Operand((24,)),),
        PRODUCT_DTYPES,
        label="twice",
        linear=True,
        **PRODUCT,
    ),
]

MORE_PRODUCTS = [*INDEX_SUMS, *MATRIX_PRODUCTS]
