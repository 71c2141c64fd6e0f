"""What type checkers make of `cotan.core`. They read this file; nothing runs it."""

from collections.abc import Callable, Iterator
from typing import Any, assert_type

import cotan.core as mx
import numpy as np
from cotan.core import random

x = mx.array([[1.0, 2.0], [3.0, 4.0]])

# The array object.
assert_type(x, mx.array)
assert_type(x.shape, tuple[int, ...])
assert_type(x.ndim, int)
assert_type(x.dtype, mx.Dtype)
assert_type(x.T, mx.array)
assert_type(len(x), int)
assert_type(bool(x[0, 0] > 1), bool)
assert_type(float(x[0, 0]), float)
assert_type(x.tolist(), Any)
assert_type(list(x), list[mx.array])
assert_type(x.split(2), list[mx.array])
assert_type(x.sum(axis=(0, 1), keepdims=True), mx.array)
assert_type(x.reshape(4), mx.array)
assert_type(x.reshape((2, -1)), mx.array)
assert_type(x.astype(mx.float16), mx.array)
assert_type(x.at[0].add(1.0), mx.array)
assert_type(memoryview(bytes(x)), memoryview[int])

# Operators take arrays, numbers and arrays of other libraries, on either side.
assert_type(x + x, mx.array)
assert_type(2 * x, mx.array)
assert_type(x**2, mx.array)
assert_type(x / np.float32(2), mx.array)
assert_type(x @ x, mx.array)
assert_type(-x, mx.array)
assert_type(~(x > 1), mx.array)
assert_type(x == x, mx.array)
assert_type(x < 2, mx.array)
assert_type(divmod(x, 2), tuple[mx.array, mx.array])
x += 1
assert_type(x, mx.array)

# Indices.
assert_type(x[0], mx.array)
assert_type(x[..., None, ::2], mx.array)
assert_type(x[mx.array([0, 1])], mx.array)
assert_type(x[[0, 1], [1, 0]], mx.array)
x[0] = 1
x[x > 2] = x[0, 0]

# Functions.
assert_type(mx.sin(1.0), mx.array)
assert_type(mx.maximum(x, 0), mx.array)
assert_type(mx.add(x, np.ones(2)), mx.array)
assert_type(mx.array(np.ones((2, 2)), dtype=mx.int8), mx.array)
assert_type(mx.zeros((2, 3), mx.int32), mx.array)
assert_type(mx.zeros(4), mx.array)
assert_type(mx.mean(x, axis=[0, 1]), mx.array)
assert_type(mx.split(x, [1]), list[mx.array])
assert_type(mx.unstack(x), tuple[mx.array, ...])
assert_type(mx.meshgrid(x[0], x[1]), tuple[mx.array, ...])
assert_type(mx.divmod(x, 2), list[mx.array])
assert_type(mx.minmax(x), tuple[mx.array, mx.array])
assert_type(mx.where(x > 1, x, 0), mx.array)
assert_type(mx.where(x > 1), tuple[mx.array, ...])
assert_type(mx.unique(x, 2), mx.array)
assert_type(mx.atleast_1d(x), mx.array)
assert_type(mx.atleast_1d(x, x), list[mx.array])
assert_type(mx.depends(x, [x]), mx.array)
assert_type(mx.depends([x, x], x), list[mx.array])
assert_type(mx.broadcast_shapes((2, 1), (3,)), tuple[int, ...])
assert_type(mx.acos(x), mx.array)
assert_type(mx.concatenate([x, x], axis=None), mx.array)
assert_type(mx.pad(x, ((1, 0), (0, 1))), mx.array)
assert_type(mx.eval(x, {"more": [x]}), None)

# Types and devices.
assert_type(mx.float32, mx.Dtype)
assert_type(mx.float32.size, int)
assert_type(mx.float32 == mx.int8, bool)
assert_type(mx.floating, mx.DtypeCategory)
assert_type(mx.issubdtype(mx.float16, mx.floating), bool)
assert_type(mx.finfo(mx.float16).eps, float)
assert_type(mx.iinfo(mx.int8).max, int)
assert_type(mx.cpu, mx.DeviceType)
assert_type(mx.Device(mx.cpu).type, mx.DeviceType)
assert_type(mx.new_stream(mx.cpu), mx.Stream)
mx.ones(2, stream=mx.cpu)
with mx.stream(mx.cpu):
    pass
assert_type(mx.pi, float)
assert_type(mx.__version__, str)

# Files.
assert_type(mx.load("x.npy"), mx.array | dict[str, mx.array])
assert_type(mx.load("x.gguf", return_metadata=True), tuple[dict[str, mx.array], dict[str, Any]])
with open("x.npy", "wb") as file:
    mx.save(file, x)
mx.savez("x", x, named=x)


# Transforms keep the parameters of what they transform.
def loss(weights: mx.array, scale: float) -> mx.array:
    return (weights * scale).sum()


def pair(weights: mx.array) -> tuple[mx.array, int]:
    return weights.sum(), 1


def running(total: mx.array, row: mx.array) -> tuple[mx.array, int]:
    return total + row, 1


gradient = mx.grad(loss, argnums=0)
assert_type(gradient(x, 2.0), Any)
assert_type(mx.value_and_grad(loss)(x, scale=2.0), tuple[mx.array, Any])
assert_type(mx.value_and_grad(pair)(x), tuple[tuple[mx.array, int], Any])
assert_type(mx.vmap(pair, in_axes=0, out_axes=(0, None))(x), tuple[mx.array, int])
assert_type(mx.checkpoint(pair)(x), tuple[mx.array, int])
assert_type(mx.compile(loss)(x, 2.0), mx.array)
assert_type(mx.vjp(mx.sin, [x], [x]), tuple[list[mx.array], list[mx.array]])
assert_type(mx.jvp(lambda a, b: a * b, (x, x), (x, x)), tuple[list[mx.array], list[mx.array]])
assert_type(mx.scan(running, x[0], x), tuple[mx.array, int])
assert_type(mx.while_loop(lambda c: c[0] < 9, lambda c: (c[0] * 3, c[1]), (x, x)), tuple[mx.array, mx.array])
assert_type(mx.fori_loop(0, 5, lambda i, c: c * i, x), mx.array)
assert_type(mx.cond(x[0, 0] > 0, pair, pair, x), tuple[mx.array, int])
assert_type(mx.switch(0, [pair, pair], x), tuple[mx.array, int])


@mx.compile
def step(weights: mx.array) -> dict[str, mx.array]:
    return {"weights": weights}


assert_type(step(x), dict[str, mx.array])


@mx.custom_function
def double(a: mx.array) -> mx.array:
    return a * 2


@double.vjp
def double_vjp(primals: mx.array, cotangents: mx.array, outputs: mx.array) -> mx.array:
    return cotangents * 10


assert_type(double(x), mx.array)
assert_type(double_vjp(x), mx.array)
assert_type(mx.grad(double)(x), Any)

# Submodules, by either way.
assert_type(mx.random.normal((2, 3)), mx.array)
assert_type(random.split(random.key(0)), mx.array)
assert_type(random.permutation(4), mx.array)
assert_type(mx.random.state[0], mx.array)

# NumPy and DLPack.
assert_type(mx.asarray(np.ones(2)), mx.array)
assert_type(mx.from_dlpack(np.ones(2)), mx.array)
array: np.ndarray[Any, np.dtype[Any]] = np.asarray(x)
iterator: Iterator[mx.array] = iter(x)
call: Callable[[mx.array], mx.array] = mx.exp

# What is refused. The checkers report a comment here that hides nothing.
mx.sin("one")  # type: ignore[arg-type]
mx.sum([1, 2])  # type: ignore[arg-type]
x + "one"  # type: ignore[operator]
mx.zeros(2.5)  # type: ignore[arg-type]
mx.matmul(x)  # type: ignore[call-arg]
mx.exp(a=x)  # type: ignore[call-arg]
mx.vmap(loss)(x)  # type: ignore[call-arg]
mx.random.uniform(dtype="float32")  # type: ignore[arg-type]
x.shape = (4,)  # type: ignore[misc]
missing = mx.no_such_function  # type: ignore[attr-defined]
