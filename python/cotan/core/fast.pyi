# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""Norms, rotary positions, attention and other compositions that networks are made of."""

from collections.abc import Sequence
from typing import Any, final
from . import Dtype, _Array, _Stream, array

__all__ = [
    "cross_entropy",
    "cuda_kernel",
    "gated_delta_update",
    "layer_norm",
    "metal_kernel",
    "precompiled_cuda_kernel",
    "rms_norm",
    "rope",
    "scaled_dot_product_attention",
]

@final
class _MetalKernel:
    """A kernel for Metal devices, which calling it needs: a RuntimeError without.

    >>> import cotan.core as mx
    >>> mx.fast.metal_kernel("double", ["x"], ["y"], "y[i] = 2 * x[i];")(inputs=[mx.ones((2,))])
    Traceback (most recent call last):
    RuntimeError: metal_kernel: "double" needs a Metal device, there are only CPUs
    """
    def __call__(self, *_args: Any, **_options: Any) -> list[array]: ...
    def __repr__(self) -> str: ...

def rms_norm(x: _Array, weight: _Array | None, eps: float, *, stream: _Stream | None = None) -> array:
    """The last axis divided by its root mean square, times `weight`: x * rsqrt(mean(x**2) + eps) * weight.

    It is computed in float32 or wider; the result has the type that x and the weight promote to. ValueError when x is not
    floating or has no axes, or the weight is not as long as its last axis.

    >>> import cotan.core as mx
    >>> mx.fast.rms_norm(mx.array([3.0, 4.0]), mx.array([1.0, 2.0]), eps=0.0)
    array([0.848528, 2.26274], dtype=float32)
    """

def layer_norm(
    x: _Array,
    weight: _Array | None,
    bias: _Array | None,
    eps: float,
    *,
    stream: _Stream | None = None,
) -> array:
    """The last axis shifted and scaled to mean 0 and variance 1, times `weight`, plus `bias`; either may be None.

    It is computed in float32 or wider; the result has the type that all promote to. ValueError when x is not floating or
    has no axes, or the weight or the bias is not as long as its last axis.

    >>> import cotan.core as mx
    >>> mx.fast.layer_norm(mx.array([1.0, 3.0]), None, mx.array([10.0, 10.0]), eps=0.0)
    array([9, 11], dtype=float32)
    """

def cross_entropy(logits: _Array, targets: _Array, *, stream: _Stream | None = None) -> array:
    """The negative logarithm of the probability that `logits` give to each target, over the last axis.

    `targets` are integers in the shape of the logits without their last axis, else ValueError; one out of range is an
    IndexError when evaluated. The result is float32, or float64 for such logits.

    >>> import cotan.core as mx
    >>> mx.fast.cross_entropy(mx.array([[0.0, 0.0]]), mx.array([1]))
    array([0.693147], dtype=float32)
    """

def rope(
    a: _Array,
    dims: int,
    *,
    traditional: bool,
    base: float | None,
    scale: float,
    offset: int | _Array,
    freqs: _Array | None = None,
    stream: _Stream | None = None,
) -> array:
    """Pairs of features turned by angles that grow with the position: rotary position embeddings.

    `a` has shape (B, ..., T, D). Row t lies at p = (t + offset) * scale; its pair j turns by p * base**(-2 * j / dims), or by
    p / freqs[j], of which exactly one is given. Pairs are neighbours if `traditional`, else dims / 2 apart; features beyond
    `dims` stay. `offset` is an int or an array of ints, one or one for each example.

    ValueError for an array that is not floating or has fewer than three axes, for odd `dims` or more than there are
    features, and for a wrong shape of `offset` or `freqs`.

    >>> import cotan.core as mx
    >>> a = mx.array([[[1.0, 0.0]]])
    >>> mx.fast.rope(a, 2, traditional=True, base=10000.0, scale=1.0, offset=1)
    array([[[0.540302, 0.841471]]], dtype=float32)
    """

def scaled_dot_product_attention(
    q: _Array,
    k: _Array,
    v: _Array,
    *,
    scale: float,
    mask: str | _Array | None = None,
    sinks: _Array | None = None,
    force_fused: bool = False,
    stream: _Stream | None = None,
) -> array:
    """softmax(scale * q @ k.T + mask) @ v for every head, with the softmax in float32 or wider.

    q has shape (B, H, Lq, D), k (B, G, Lk, D) and v (B, G, Lk, E); each of the G heads of keys serves H / G heads of
    queries in a row. `mask` is "causal", which lets the last query see all keys and each one before it a key less; or
    an array that broadcasts to (B, H, Lq, Lk), of bools that are True where a query may see a key, or added to the scores. A
    query that may see nothing gets the mean of all values. `sinks` of shape (H,) are further scores without values.

    The scores are computed in blocks, so the memory grows with Lq + Lk, that of gradients too; only the gradient for a mask
    that is added takes memory for all scores.

    ValueError when the shapes don't fit, an operand is not floating, or the mask or the sinks don't promote into the
    result's type; and for `force_fused`, which asks for a kernel of GPUs.

    >>> import cotan.core as mx
    >>> q, k = mx.zeros((1, 1, 1, 2)), mx.zeros((1, 1, 2, 2))
    >>> mx.fast.scaled_dot_product_attention(q, k, mx.array([[[[1.0], [3.0]]]]), scale=1.0)
    array([[[[2]]]], dtype=float32)
    """

def gated_delta_update(
    q: _Array,
    k: _Array,
    v: _Array,
    gamma: _Array,
    beta: _Array,
    initial_state: _Array | None = None,
    mask: _Array | None = None,
    stream: _Stream | None = None,
) -> list[array]:
    """The gated delta rule over a sequence; returns the answers and the last state.

    q and k have shape (B, T, Hk, Dk), v (B, T, Hv, Dv), gamma and beta (B, T, Hv), where Hv is a multiple of Hk. At each step
    the state S of shape (B, Hv, Dv, Dk) decays to gamma * S, then beta * (v - S @ k) is added along k, and the answer is
    S @ q. The state starts from `initial_state`, zeros by default; where `mask` of shape (B, T) is False it stays as it
    is, and the answer is 0. Answers have the type that q, k and v promote to, the state is float32 or wider.

    ValueError when shapes don't fit or operands are not floating.

    >>> import cotan.core as mx
    >>> one = mx.ones((1, 1, 1, 1))
    >>> mx.fast.gated_delta_update(one, one, 3 * one, mx.ones((1, 1, 1)), mx.ones((1, 1, 1)))
    [array([[[[3]]]], dtype=float32), array([[[[3]]]], dtype=float32)]
    """

def metal_kernel(
    name: str,
    input_names: Sequence[str],
    output_names: Sequence[str],
    source: str,
    header: str = "",
    ensure_row_contiguous: bool = True,
    atomic_outputs: bool = False,
    compile_options: Any = None,
) -> _MetalKernel:
    """A kernel in the Metal language. It can be built anywhere; calling it is a RuntimeError, as cotan runs on CPUs.

    ValueError when a name stands for both an input and an output.

    >>> import cotan.core as mx
    >>> mx.fast.metal_kernel("double", ["x"], ["y"], "y[i] = 2 * x[i];")
    MetalKernel("double")
    """

def cuda_kernel(
    name: str,
    input_names: Sequence[str],
    output_names: Sequence[str],
    source: str,
    header: str = "",
    ensure_row_contiguous: bool = True,
    shared_memory: int = 0,
) -> Any:
    """A kernel in CUDA. RuntimeError, as cotan runs on CPUs.

    >>> import cotan.core as mx
    >>> mx.fast.cuda_kernel("double", ["x"], ["y"], "y[i] = 2 * x[i];")
    Traceback (most recent call last):
    RuntimeError: cuda_kernel: "double" needs a CUDA device, there are only CPUs
    """

def precompiled_cuda_kernel(
    *,
    name: str,
    compiled_source: bytes,
    inputs: Sequence[Any],
    output_shapes: Sequence[Sequence[int]],
    output_dtypes: Sequence[Dtype],
    scalars: Sequence[Any],
    grid: tuple[int, int, int],
    threadgroup: tuple[int, int, int],
    shared_memory: int = 0,
    init_value: float | None = None,
    ensure_row_contiguous: bool = False,
    stream: _Stream | None = None,
) -> list[array]:
    """A call of a compiled CUDA kernel. RuntimeError, as cotan runs on CPUs.

    >>> import cotan.core as mx
    >>> mx.fast.precompiled_cuda_kernel(
    ...     name="double", compiled_source=b"", inputs=[mx.ones((2,))], output_shapes=[(2,)], output_dtypes=[mx.float32],
    ...     scalars=[], grid=(2, 1, 1), threadgroup=(2, 1, 1))
    Traceback (most recent call last):
    RuntimeError: precompiled_cuda_kernel: "double" needs a CUDA device, there are only CPUs
    """
