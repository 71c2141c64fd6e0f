"""Rows of the products beyond plain matrix products: index sums, products of chosen matrices, Hadamard transforms."""

import cotan.core as mx
import numpy as np
from helpers import COMPLEX, FLOATS

from op_table.spec import NUMERIC, Op, Operand

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

MATRIX_PRODUCTS = []

MORE_PRODUCTS = [*INDEX_SUMS, *MATRIX_PRODUCTS]
