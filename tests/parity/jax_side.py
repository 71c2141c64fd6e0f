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


SPECIAL = {
    "array": jnp.array,
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
    module.fft = renamed(jnp.fft, "jax_as_core.fft")
    module.__dict__.update(SPECIAL)
    return module


JAX = Side("jax", stand_in())
