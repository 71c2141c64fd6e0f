"""Rows of the ops that only move elements or make them, and of the matrix products."""

import cotan.core as mx
import numpy as np
from helpers import ALL, COMPLEX, FLOATS

from op_table.spec import CUBE, LINEAR, NUMERIC, OTHER, REAL, SMOOTH, SQUARE, VECTOR, Op, Operand, fixed

PRODUCT_DTYPES = FLOATS + COMPLEX
PRODUCT = {"complex_smooth": True, "loose": 4}


def matmul(*shapes):
    """A matrix product of operands of these shapes."""
    label = "@".join("x".join(map(str, s)) for s in shapes)
    return Op("matmul", mx.matmul, np.matmul, tuple(map(Operand, shapes)), NUMERIC, label=label, **PRODUCT)


PRODUCTS = [
    matmul((2, 3), (3, 4)),
    matmul((3,), (3,)),
    matmul((3,), (3, 2)),
    matmul((2, 3), (3,)),
    matmul((2, 1, 2, 3), (3, 3, 2)),
    matmul((3,), (2, 3, 2)),
    matmul((1, 1), (1, 1)),
    Op(
        "addmm",
        lambda c, a, b: mx.addmm(c, a, b, alpha=0.5, beta=2.0),
        lambda c, a, b: 0.5 * (a @ b) + 2.0 * c,
        (Operand((4,)), Operand((2, 3)), Operand((3, 4))),
        PRODUCT_DTYPES,
        label="row",
        **PRODUCT,
    ),
    Op(
        "addmm",
        mx.addmm,
        lambda c, a, b: a @ b + c,
        (Operand((2, 2, 2)), Operand((2, 2, 3)), Operand((3, 2))),
        PRODUCT_DTYPES,
        label="batch",
        **PRODUCT,
    ),
    Op("inner", mx.inner, np.inner, (Operand((2, 3)), Operand((4, 3))), PRODUCT_DTYPES, **PRODUCT),
    Op("kron", mx.kron, np.kron, (Operand((2, 2)), Operand((1, 3))), NUMERIC, **SMOOTH),
    Op("vecdot", mx.vecdot, np.vecdot, (REAL, OTHER), FLOATS, loose=4),
    Op("outer", mx.outer, np.outer, (Operand((2,)), Operand((3,))), NUMERIC, **SMOOTH),
    Op(
        "tensordot",
        lambda a, b: mx.tensordot(a, b, 1),
        lambda a, b: np.tensordot(a, b, 1),
        (Operand((2, 3)), Operand((3, 2))),
        PRODUCT_DTYPES,
        **PRODUCT,
    ),
]


def shaped(name, call, ref=None, operands=(REAL,), label="", **facts):
    """A row that only moves elements: every dtype, linear, exact."""
    return Op(name, call, ref, operands, label=label, **LINEAR | facts)


def twin(name, *args, operand=REAL, label="", np_name=None, covers=(), **kwargs):
    """A row of one operand whose NumPy counterpart takes the same arguments."""
    f, g = getattr(mx, name, None), getattr(np, np_name or name)
    return shaped(
        name, lambda x: f(x, *args, **kwargs), lambda x: g(x, *args, **kwargs), (operand,), label, covers=covers
    )


SHAPES = [
    shaped(
        "as_strided",
        lambda x: mx.as_strided(x, (2, 2), (1, 2), 1),
        lambda x: x.ravel()[[[1, 3], [2, 4]]],
        batched=False,
    ),
    *(twin(f"atleast_{n}d", operand=Operand(s), label=str(len(s))) for n in (1, 2, 3) for s in ((), (3,), (2, 3))),
    twin("broadcast_to", (2, 2, 3)),
    shaped("broadcast_arrays", mx.broadcast_arrays, np.broadcast_arrays, (REAL, Operand((2, 1)))),
    shaped("contiguous", lambda x: mx.contiguous(mx.transpose(x)), np.transpose),
    twin("diag", operand=VECTOR, label="to-matrix"),
    twin("diag", 1, operand=SQUARE, label="to-vector"),
    twin("diagonal", operand=SQUARE),
    twin("diagonal", -1, 0, 2, operand=Operand((3, 2, 3)), label="offset"),
    twin("expand_dims", 1),
    twin("expand_dims", (0, -1), label="two"),
    shaped("flatten", mx.flatten, np.ravel, (CUBE,)),
    shaped("flatten", lambda x: mx.flatten(x, 1, 2), lambda x: x.reshape(2, 6), (CUBE,), "some"),
    twin("flip", label="all"),
    twin("flip", (0, 2), operand=CUBE, label="two"),
    twin("rot90", label="once"),
    twin("rot90", -1, (2, 0), operand=CUBE, label="back"),
    twin("matrix_transpose", operand=CUBE),
    twin("moveaxis", 0, 2, operand=CUBE),
    twin("permute_dims", (2, 0, 1), operand=CUBE),
    twin("repeat", 2, label="flat"),
    twin("repeat", 3, 1, label="axis"),
    twin("reshape", (3, 2)),
    twin("reshape", (2, -1, 1), operand=CUBE, label="infer"),
    twin("roll", 2, label="flat"),
    twin("roll", (1, -1), (0, 1), operand=SQUARE, label="axes"),
    twin("squeeze", operand=Operand((1, 2, 1)), label="all"),
    twin("squeeze", 2, operand=Operand((1, 2, 1)), label="one"),
    twin("swapaxes", 0, 2, operand=CUBE),
    twin("tile", (2, 1, 2)),
    twin("transpose", operand=CUBE),
    twin("transpose", (1, 0, 2), operand=CUBE, label="axes"),
    shaped("unflatten", lambda x: mx.unflatten(x, 1, (2, -1)), lambda x: x.reshape(2, 2, 2), (Operand((2, 4)),)),
    shaped("unstack", lambda x: mx.unstack(x, axis=1), lambda x: [x[:, i] for i in range(3)]),
    shaped("split", lambda x: mx.split(x, 2, axis=1), lambda x: np.split(x, 2, axis=1), (Operand((2, 4)),), "even"),
    shaped("split", lambda x: mx.split(x, [1, 3]), lambda x: np.split(x, [1, 3]), (VECTOR,), "at"),
    shaped("stack", lambda x, y: mx.stack([x, y]), lambda x, y: np.stack([x, y]), (REAL, OTHER), "first"),
    shaped(
        "stack", lambda x, y: mx.stack([x, y], axis=-1), lambda x, y: np.stack([x, y], axis=-1), (REAL, OTHER), "last"
    ),
    shaped(
        "concatenate",
        lambda x, y, z: mx.concatenate([x, y, z], axis=1),
        lambda x, y, z: np.concatenate([x, y, z], axis=1),
        (REAL, Operand((2, 1)), OTHER),
        "axis",
        covers=("concat",),
    ),
    shaped(
        "concatenate",
        lambda x, y: mx.concatenate([x, y], axis=None),
        lambda x, y: np.concatenate([x, y], axis=None),
        (REAL, VECTOR),
        "flat",
    ),
    shaped("meshgrid", lambda x, y: mx.meshgrid(x, y), np.meshgrid, (Operand((2,)), Operand((3,))), "xy"),
    shaped(
        "meshgrid",
        lambda x, y: mx.meshgrid(x, y, indexing="ij", sparse=True),
        lambda x, y: np.meshgrid(x, y, indexing="ij", sparse=True),
        (Operand((2,)), Operand((3,))),
        "sparse",
    ),
    *(
        shaped(
            "pad",
            lambda x, m=m: mx.pad(x, [(1, 2), (0, 2)], m),
            lambda x, m=m: np.pad(x, [(1, 2), (0, 2)], m),
            (SQUARE,),
            m,
        )
        for m in ("constant", "edge", "reflect", "symmetric")
    ),
    shaped(
        "pad", lambda x: mx.pad(x, 1, constant_values=1), lambda x: np.pad(x, 1, constant_values=1), (VECTOR,), "value"
    ),
    twin("tril", operand=SQUARE),
    twin("triu", 1, operand=CUBE),
    shaped("full_like", lambda x: mx.full_like(x, 1), lambda x: np.full_like(x, 1)),
    shaped("ones_like", mx.ones_like, np.ones_like),
    shaped("zeros_like", mx.zeros_like, np.zeros_like, covers=("empty_like",)),
    shaped("full", lambda x: mx.full((2, 3), x), lambda x: np.broadcast_to(x, (2, 3)), (Operand((3,)),), "array"),
    shaped("depends", lambda x, y: mx.depends(x, y), lambda x, y: x, (REAL, OTHER), dtypes=ALL),
]


def create(name, call, values, dtype, label="", covers=()):
    """A row without operands: one value, one dtype."""
    return Op(
        name,
        call,
        lambda: np.asarray(values),
        (),
        ("none",),
        fixed(dtype),
        label,
        smooth=False,
        batched=False,
        covers=covers,
    )


CREATION = [
    create("arange", lambda: mx.arange(2, 11, 3), [2, 5, 8], "int32"),
    create("arange", lambda: mx.arange(5, 0, -2), [5, 3, 1], "int32", "down"),
    create("arange", lambda: mx.arange(0.0, 1.0, 0.25), [0, 0.25, 0.5, 0.75], "float32", "float"),
    create("arange", lambda: mx.arange(3, dtype=mx.bfloat16), [0, 1, 2], "bfloat16", "dtype"),
    create("arange", lambda: mx.arange(7, 2, mx.int8), [0, 2, 4, 6], "int8", "stop-step-dtype"),
    create("bartlett", lambda: mx.bartlett(5), np.bartlett(5), "float32"),
    create("blackman", lambda: mx.blackman(5), np.blackman(5), "float32"),
    create("hamming", lambda: mx.hamming(6), np.hamming(6), "float32"),
    create("hanning", lambda: mx.hanning(7), np.hanning(7), "float32"),
    create("eye", lambda: mx.eye(2, 4, 1), np.eye(2, 4, 1), "float32"),
    create("eye", lambda: mx.eye(3, k=-1, dtype=mx.int8), np.eye(3, k=-1), "int8", "dtype"),
    create("identity", lambda: mx.identity(3), np.identity(3), "float32"),
    create("full", lambda: mx.full((2, 2), 7), np.full((2, 2), 7), "int32", "scalar"),
    create("full", lambda: mx.full(3, 2.5, mx.float16), np.full(3, 2.5), "float16", "dtype"),
    create("linspace", lambda: mx.linspace(-1, 1, 5), np.linspace(-1, 1, 5), "float32"),
    create("linspace", lambda: mx.linspace(0, 1, 4, endpoint=False), np.linspace(0, 1, 4, False), "float32", "open"),
    create("ones", lambda: mx.ones((2, 3)), np.ones((2, 3)), "float32"),
    create("ones", lambda: mx.ones(2, mx.complex64), np.ones(2), "complex64", "dtype"),
    create("tri", lambda: mx.tri(3, 4, 1), np.tri(3, 4, 1), "float32"),
    create("zeros", lambda: mx.zeros((2, 0, 3)), np.zeros((2, 0, 3)), "float32", "empty"),
    create("zeros", lambda: mx.zeros(4, mx.uint8), np.zeros(4), "uint8", covers=("empty",)),
    create("asarray", lambda: mx.asarray([1, 2]), [1, 2], "int32"),
]
