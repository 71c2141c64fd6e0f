"""Rows of `cotan.core.fast`: norms, rotary positions, attention, losses, the delta rule."""

import cotan.core as mx
import numpy as np
from helpers import FLOATS

from op_table.spec import Op, Operand, indices, mask

F = mx.fast
X = Operand((2, 3, 4))
ROW = Operand((4,))


def row(name, call, ref, operands, label="", result=None, **facts):
    """A row in all floating types."""
    facts = {"loose": 10} | ({"result": result} if result else {}) | facts
    return Op(f"fast.{name}", call, ref, operands, FLOATS, label=label, **facts)


def normalized(x, eps, centre=True):
    """The last axis over its root mean square, of the distance from its mean if `centre`."""
    x = x - x.mean(-1, keepdims=True) if centre else x
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)


def turned(a, dims, traditional, base, scale, offset, freqs=None):
    """Rotary positions."""
    freqs = base ** (2.0 * np.arange(dims // 2) / dims) if freqs is None else freqs
    angles = (np.arange(a.shape[-2])[:, None] + offset) * scale / freqs
    cos, sin, out = np.cos(angles), np.sin(angles), np.array(a)
    at = (slice(0, dims, 2), slice(1, dims, 2)) if traditional else (slice(0, dims // 2), slice(dims // 2, dims))
    out[..., at[0]] = a[..., at[0]] * cos - a[..., at[1]] * sin
    out[..., at[1]] = a[..., at[0]] * sin + a[..., at[1]] * cos
    return out


def attended(q, k, v, scale, bias=0.0, sinks=None):
    """Attention with grouped heads."""
    n = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, n, 1), np.repeat(v, n, 1)
    s = q @ k.swapaxes(-1, -2) * scale + bias
    if sinks is not None:
        s = np.concatenate([s, np.broadcast_to(sinks[:, None, None], (*s.shape[:-1], 1))], -1)
    p = np.exp(s - s.max(-1, keepdims=True))
    p = p / p.sum(-1, keepdims=True)
    return p[..., : k.shape[-2]] @ v


def causal(queries, keys):
    """An additive mask."""
    return np.where(np.arange(keys) <= np.arange(queries)[:, None] + keys - queries, 0.0, -1e30)


def delta(q, k, v, gamma, beta):
    """The gated delta rule, a step at a time."""
    n = v.shape[2] // k.shape[2]
    q, k = np.repeat(q, n, 2), np.repeat(k, n, 2)
    state, out = np.zeros((v.shape[0], v.shape[2], v.shape[3], k.shape[3])), []
    for t in range(q.shape[1]):
        state = state * gamma[:, t, :, None, None]
        error = (v[:, t] - np.einsum("bhvk,bhk->bhv", state, k[:, t])) * beta[:, t, :, None]
        state = state + np.einsum("bhv,bhk->bhvk", error, k[:, t])
        out.append(np.einsum("bhvk,bhk->bhv", state, q[:, t]))
    return [np.stack(out, 1), state]


def single(d):
    """Float64 stays, all others become float32."""
    return d if d == "float64" else "float32"


HEADS = (Operand((1, 4, 2, 3)), Operand((1, 2, 3, 3)), Operand((1, 2, 3, 2)))
STEPS = (Operand((1, 3, 1, 2)), Operand((1, 3, 1, 2)), Operand((1, 3, 2, 2)), Operand((1, 3, 2)), Operand((1, 3, 2)))

FAST = [
    row("rms_norm", lambda x, w: F.rms_norm(x, w, 1e-3), lambda x, w: normalized(x, 1e-3, False) * w, (X, ROW)),
    row("rms_norm", lambda x: F.rms_norm(x, None, 1e-3), lambda x: normalized(x, 1e-3, False), (X,), "plain"),
    row(
        "layer_norm",
        lambda x, w, b: F.layer_norm(x, w, b, 1e-3),
        lambda x, w, b: normalized(x, 1e-3) * w + b,
        (X, ROW, ROW),
    ),
    row("layer_norm", lambda x: F.layer_norm(x, None, None, 1e-3), lambda x: normalized(x, 1e-3), (X,), "plain"),
    row(
        "layer_norm",
        lambda x, b: F.layer_norm(x, None, b, 1e-3),
        lambda x, b: normalized(x, 1e-3) + b,
        (X, ROW),
        "bias",
    ),
    row(
        "cross_entropy",
        F.cross_entropy,
        lambda x, i: np.log(np.exp(x).sum(-1)) - np.take_along_axis(x, i[..., None], -1)[..., 0],
        (X, indices((2, 3), 4)),
        result=single,
    ),
    *(
        row(
            "rope",
            lambda a, t=t: F.rope(a, 4, traditional=t, base=100.0, scale=0.5, offset=3),
            lambda a, t=t: turned(a, 4, t, 100.0, 0.5, 3),
            (Operand((2, 3, 6)),),
            "neighbours" if t else "halves",
        )
        for t in (True, False)
    ),
    row(
        "rope",
        lambda a, f, i: F.rope(a, 4, traditional=False, base=None, scale=0.5, offset=i, freqs=f),
        lambda a, f, i: turned(a, 4, False, None, 0.5, i[:, None, None], f),
        (Operand((2, 3, 6)), Operand((2,), low=1.2, high=2.9), indices((2,), 9)),
        "freqs",
    ),
    row(
        "scaled_dot_product_attention",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.7),
        lambda q, k, v: attended(q, k, v, 0.7),
        HEADS,
    ),
    row(
        "scaled_dot_product_attention",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.7, mask="causal"),
        lambda q, k, v: attended(q, k, v, 0.7, causal(2, 3)),
        HEADS,
        "causal",
    ),
    row(
        "scaled_dot_product_attention",
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, scale=0.7, mask=m | (mx.arange(3) == 0)),
        lambda q, k, v, m: attended(q, k, v, 0.7, np.where(m | (np.arange(3) == 0), 0.0, -1e30)),
        (*HEADS, mask((2, 3))),
        "mask",
    ),
    row(
        "scaled_dot_product_attention",
        lambda q, k, v, m, s: F.scaled_dot_product_attention(q, k, v, scale=0.7, mask=m, sinks=s),
        lambda q, k, v, m, s: attended(q, k, v, 0.7, m, s),
        (*HEADS, Operand((2, 3)), ROW),
        "sinks",
    ),
    row(
        "scaled_dot_product_attention",
        lambda q, k, v, s: F.scaled_dot_product_attention(q, k, v, scale=0.7, mask="causal", sinks=s),
        lambda q, k, v, s: attended(q, k, v, 0.7, causal(20, 17), s),
        (Operand((1, 2, 20, 2)), Operand((1, 1, 17, 2)), Operand((1, 1, 17, 3)), Operand((2,))),
        "packed",
    ),
]

DELTA = Op(
    "fast.gated_delta_update",
    F.gated_delta_update,
    delta,
    STEPS,
    ("float32", "float64"),
    loose=40,
)

FAST = [*FAST, DELTA]
