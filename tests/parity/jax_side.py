"""JAX behind the names of `cotan.core` that rows call: an independent source of derivatives."""

import types

import jax
import jax.numpy as jnp
import jax.scipy as jsp
from jax import lax
from twin import Side

jax.config.update("jax_enable_x64", True)


def along(run):
    """A scan with MLX's parameters: flattened without an axis, from the end, and without the element itself."""

    def scan(x, *, axis=None, reverse=False, inclusive=True):
        if axis is None:
            x, axis = x.ravel(), 0
        if reverse:
            return jnp.flip(scan(jnp.flip(x, axis), axis=axis, inclusive=inclusive), axis)
        out, identity = run(x, axis)
        if inclusive:
            return out
        first = jnp.full_like(lax.slice_in_dim(out, 0, 1, axis=axis), identity)
        return jnp.concatenate([first, lax.slice_in_dim(out, 0, -1, axis=axis)], axis)

    return scan


def logcumsumexp(x, axis):
    """The running logsumexp."""
    return lax.cumlogsumexp(x, axis=axis % x.ndim), -jnp.inf


def softmax(x, axis=None, precise=False):
    """Over all axes without an axis."""
    return jax.nn.softmax(x, axis=tuple(range(x.ndim)) if axis is None else axis)


def flatten(x, start_axis=0, end_axis=-1):
    """Axes start to end made one."""
    start, end = start_axis % x.ndim, end_axis % x.ndim
    return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])


def unflatten(x, axis, shape):
    """One axis made several."""
    return x.reshape(*x.shape[:axis], *shape, *x.shape[axis + 1 :])


def dynamic_slice(x, start, axes, sizes):
    """A slice whose start is data; here it covers every axis."""
    return lax.dynamic_slice(x, list(start), sizes)


def topk(x, k, axis=-1):
    """The k largest."""
    return jnp.moveaxis(lax.top_k(jnp.moveaxis(x, axis, -1), k)[0], -1, axis)


class ArrayMeta(type):
    """JAX's arrays, and what makes them, under one name."""

    def __instancecheck__(cls, x):
        return isinstance(x, jax.Array)

    def __call__(cls, *args, **kwargs):
        """An array."""
        return jnp.array(*args, **kwargs)


class Array(metaclass=ArrayMeta):
    """What rows call `mx.array`."""


# ---------------------------------------------------------------- products and convolutions


def chosen(x, indices):
    """The matrices of a stack that the indices name, all of them without indices."""
    return x if indices is None else x.reshape(-1, *x.shape[-2:])[indices]


def gather_mm(a, b, lhs_indices=None, rhs_indices=None, sorted_indices=False):
    """Products of chosen matrices."""
    if b.ndim == 1:
        return chosen(a, lhs_indices) @ b
    return chosen(a, lhs_indices) @ chosen(b, rhs_indices)


def segmented_mm(a, b, segments):
    """Products over parts of the inner axis."""
    return jnp.stack([a[:, i:j] @ b[i:j] for i, j in segments.tolist()])


def per_axis(value, axes):
    """One number for every axis."""
    return [value] * axes if isinstance(value, int) else list(value)


def conv_general(x, w, stride=1, padding=0, kernel_dilation=1, input_dilation=1, groups=1, flip=False):
    """A correlation of channels-last arrays."""
    axes = x.ndim - 2
    low, high = padding if isinstance(padding, tuple) and not isinstance(padding[0], int) else (padding, padding)
    spatial = tuple(range(1, axes + 1))
    where = lax.ConvDimensionNumbers((0, axes + 1, *spatial), (0, axes + 1, *spatial), (0, axes + 1, *spatial))
    return lax.conv_general_dilated(
        x,
        jnp.flip(w, spatial) if flip else w,
        per_axis(stride, axes),
        list(zip(per_axis(low, axes), per_axis(high, axes), strict=True)),
        per_axis(input_dilation, axes),
        per_axis(kernel_dilation, axes),
        where,
        groups,
    )


def conv(x, w, stride=1, padding=0, dilation=1, groups=1):
    """A convolution by the parameters of layers."""
    return conv_general(x, w, stride, padding, dilation, groups=groups)


def conv_transpose(x, w, stride=1, padding=0, dilation=1, output_padding=0, groups=1):
    """The same of a stretched input, with the kernel turned."""
    axes = x.ndim - 2
    spans = [d * (k - 1) for d, k in zip(per_axis(dilation, axes), w.shape[1:-1], strict=True)]
    low = [s - p for s, p in zip(spans, per_axis(padding, axes), strict=True)]
    high = [n + m for n, m in zip(low, per_axis(output_padding, axes), strict=True)]
    return conv_general(x, w, 1, (low, high), dilation, stride, groups, flip=True)


# ---------------------------------------------------------------- linear algebra


def adjoint(x):
    """The conjugate transpose."""
    return jnp.conj(jnp.swapaxes(x, -1, -2))


def hermitian(x, upper=False):
    """The matrix that one triangle describes."""
    x = adjoint(x) if upper else x
    diagonal = jnp.eye(x.shape[-1], dtype=x.dtype) * jnp.real(x)
    return jnp.tril(x, -1) + adjoint(jnp.tril(x, -1)) + diagonal


def cholesky(x, upper=False):
    """The factor of the matrix that one triangle describes."""
    out = jnp.linalg.cholesky(hermitian(x, upper))
    return adjoint(out) if upper else out


def cholesky_inv(x, upper=False):
    """The inverse of what a factor belongs to."""
    factor = adjoint(jnp.triu(x)) if upper else jnp.tril(x)
    return jnp.linalg.inv(factor @ adjoint(factor))


def triangle(x, upper):
    """One triangle."""
    return jnp.triu(x) if upper else jnp.tril(x)


def solve(a, b):
    """For a vector, or matrices that broadcast."""
    return jnp.linalg.solve(a, b[..., None])[..., 0] if b.ndim == 1 else jnp.linalg.solve(a, b)


def lu(x):
    """The order of rows and both factors."""
    packed, _, order = lax.linalg.lu(x)
    k = min(x.shape[-2:])
    return order, jnp.tril(packed, -1)[..., :k] + jnp.eye(x.shape[-2], k, dtype=x.dtype), jnp.triu(packed)[..., :k, :]


def completed(u, basis):
    """Orthonormal columns made a square matrix; the projection on the new ones has the right first derivative."""
    rest = lax.stop_gradient(basis)[..., u.shape[-1] :]
    return jnp.concatenate([u, rest - u @ (adjoint(u) @ rest)], -1)


def svd(x, compute_uv=True, full_matrices=True):
    """Also with the vectors that no value belongs to, which JAX doesn't differentiate."""
    if not compute_uv:
        return jnp.linalg.svd(x, compute_uv=False)
    u, s, v = jnp.linalg.svd(x, full_matrices=False)
    if full_matrices:
        left, _, right = jnp.linalg.svd(lax.stop_gradient(x))
        u, v = completed(u, left), adjoint(completed(adjoint(v), adjoint(right)))
    return u, s, v


def cross(a, b, axis=-1):
    """With a third element of 0 where there are two."""
    a, b = (jnp.moveaxis(x, axis, -1) for x in (a, b))
    a, b = (jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, 3 - x.shape[-1])]) for x in (a, b))
    return jnp.moveaxis(jnp.cross(a, b), -1, axis)


def narrow(transform):
    """A Fourier transform in single precision, whatever the input."""

    def call(x, *args, **kwargs):
        return transform(x.astype(jnp.float32) if x.dtype == jnp.float64 else x, *args, **kwargs)

    return call


LINALG = {
    "cholesky": cholesky,
    "cholesky_inv": cholesky_inv,
    "cross": cross,
    "eig": lambda x: lax.linalg.eig(x, compute_left_eigenvectors=False, enable_eigvec_derivs=True),
    "eigh": lambda x, uplo="L": jnp.linalg.eigh(hermitian(x, uplo == "U"), symmetrize_input=False),
    "eigvalsh": lambda x, uplo="L": jnp.linalg.eigvalsh(hermitian(x, uplo == "U"), symmetrize_input=False),
    "lu": lu,
    "lu_factor": lambda x: lax.linalg.lu(x)[:2],
    "solve": solve,
    "solve_triangular": lambda a, b, upper=False: solve(triangle(a, upper), b),
    "svd": svd,
    "tri_inv": lambda x, upper=False: jnp.linalg.inv(triangle(x, upper)),
}

SPECIAL = {
    "array": Array,
    "gather_mm": gather_mm,
    "segmented_mm": segmented_mm,
    "conv_general": conv_general,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), conv),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), conv_transpose),
    "eval": lambda *x: None,
    "astype": lambda x, d: x.astype(d),
    "erf": jsp.special.erf,
    "erfinv": jsp.special.erfinv,
    "rsqrt": lax.rsqrt,
    "sigmoid": jax.nn.sigmoid,
    "logsumexp": jsp.special.logsumexp,
    "softmax": softmax,
    "cumsum": along(lambda x, axis: (jnp.cumsum(x, axis), 0)),
    "cumprod": along(lambda x, axis: (jnp.cumprod(x, axis), 1)),
    "cummax": along(lambda x, axis: (lax.cummax(x, axis=axis % x.ndim), -jnp.inf)),
    "cummin": along(lambda x, axis: (lax.cummin(x, axis=axis % x.ndim), jnp.inf)),
    "logcumsumexp": along(logcumsumexp),
    "minmax": lambda x, axis: (jnp.min(x, axis), jnp.max(x, axis)),
    "addmm": lambda c, a, b, alpha=1, beta=1: alpha * (a @ b) + beta * c,
    "flatten": flatten,
    "unflatten": unflatten,
    "partition": lambda x, kth, axis=-1: jnp.partition(x, kth, axis),
    "argpartition": lambda x, kth, axis=-1: jnp.argpartition(x, kth, axis),
    "topk": topk,
    "slice": dynamic_slice,
    "slice_update": lambda x, u, start, axes: lax.dynamic_update_slice(x, u.astype(x.dtype), list(start)),
    "put_along_axis": lambda x, i, v, axis: jnp.put_along_axis(x, i, v, axis, inplace=False),
    "contiguous": lambda x: x,
    "broadcast_arrays": lambda *x: jnp.broadcast_arrays(*x),
}

# Rows with derivatives that JAX has no counterpart for, by the beginning of their id.
NO_COUNTERPART = {
    "as_strided": "JAX has no strided views",
    "depends": "an order of evaluation, which JAX doesn't have",
    "array.__setitem__": "JAX arrays can't be assigned to",
    "array.at-multiply": "JAX differentiates products at repeated indices not at all",
    "array.at-divide": "the same",
    "array.at-maximum": "named `max` in JAX",
    "array.at-minimum": "named `min` in JAX",
    "block_masked_mm": "no such function",
    "hadamard_transform": "no such function",
    "quantized_matmul": "no such function",
    "gather_qmm": "no such function",
    "dequantize": "no such function",
    "fast.rms_norm": "no such function",
    "fast.layer_norm": "no such function",
    "fast.cross_entropy": "no such function",
    "fast.rope": "no such function",
    "fast.scaled_dot_product_attention": "no such function",
    "fast.gated_delta_update": "no such function",
    "fft.stft": "in other units in JAX",
    "fft.istft": "the same",
}


def renamed(source, name):
    """The public names of a module as a module called `name`."""
    module = types.ModuleType(name)
    module.__dict__.update({k: v for k, v in vars(source).items() if not k.startswith("_")})
    return module


def stand_in():
    """jax.numpy, with functions of other packages and adapters for other parameters."""
    module = renamed(jnp, "jax_as_core")
    module.linalg = renamed(jnp.linalg, "jax_as_core.linalg")
    module.linalg.__dict__.update(LINALG)
    module.fft = renamed(jnp.fft, "jax_as_core.fft")
    module.fft.__dict__.update(fft=narrow(jnp.fft.fft), rfft=narrow(jnp.fft.rfft))
    module.__dict__.update(SPECIAL)
    return module


JAX = Side("jax", stand_in())
