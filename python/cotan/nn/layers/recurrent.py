"""Recurrent layers: from an input ``(..., L, D)`` to the hidden state after every step, ``(..., L, H)``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cotan.core as mx
from cotan.nn.layers.activation_functions import tanh
from cotan.nn.layers.base import Module


class RNN(Module):
    r"""Elman network: :math:`h_t = \tanh(W_{xh} x_t + W_{hh} h_{t-1} + b)` (Elman, Cognitive Science 14,
    1990).

    ``nonlinearity`` is a function to use in the place of tanh; anything else is a ``ValueError``. The
    parameters ``Wxh``, ``Whh`` and ``bias`` start uniform within :math:`\pm 1 / \sqrt{\text{hidden\_size}}`.
    Without an initial ``hidden`` state the first step has no recurrent term.

    >>> nn.RNN(3, 5)(mx.ones((2, 4, 3))).shape
    (2, 4, 5)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: Callable[..., Any] | None = None
    ) -> None:
        nonlinearity = nonlinearity or tanh
        if not callable(nonlinearity):
            raise ValueError(f"RNN: nonlinearity must be a function, not {nonlinearity!r}")
        super().__init__()
        limit = 1 / math.sqrt(hidden_size)
        self.nonlinearity = nonlinearity
        self.hidden_size = hidden_size
        self.Wxh = mx.random.uniform(-limit, limit, (hidden_size, input_size))
        self.Whh = mx.random.uniform(-limit, limit, (hidden_size, hidden_size))
        if bias:
            self.bias = mx.random.uniform(-limit, limit, (hidden_size,))

    def _extra_repr(self) -> str:
        return (
            f"input_dims={self.Wxh.shape[1]}, hidden_size={self.hidden_size}, "
            f"nonlinearity={self.nonlinearity}, bias={'bias' in self}"
        )

    def __call__(self, x: mx.array, hidden: mx.array | None = None) -> mx.array:
        states = []
        weight = _recurrent(self.Whh, x)
        for step in _projected_steps(x, self.Wxh, self.get("bias")):
            hidden = self.nonlinearity(step if hidden is None else step + hidden @ weight)
            states.append(hidden)
        return mx.stack(states, axis=-2)


class GRU(Module):
    r"""Gated recurrent unit (Cho et al., arXiv:1406.1078):

    .. math::
        r_t &= \sigma(W_{xr} x_t + W_{hr} h_{t-1} + b_r) \\
        z_t &= \sigma(W_{xz} x_t + W_{hz} h_{t-1} + b_z) \\
        n_t &= \tanh(W_{xn} x_t + b_n + r_t (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) n_t + z_t h_{t-1}

    The parameters ``Wx``, ``Wh`` and ``b`` hold the parts r, z, n one after the other; they and ``bhn`` start
    uniform within :math:`\pm 1 / \sqrt{\text{hidden\_size}}`. Without an initial ``hidden`` state it counts
    as zero.

    >>> nn.GRU(3, 5)(mx.ones((2, 4, 3))).shape
    (2, 4, 5)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__()
        limit = 1 / math.sqrt(hidden_size)
        self.hidden_size = hidden_size
        self.Wx = mx.random.uniform(-limit, limit, (3 * hidden_size, input_size))
        self.Wh = mx.random.uniform(-limit, limit, (3 * hidden_size, hidden_size))
        if bias:
            self.b = mx.random.uniform(-limit, limit, (3 * hidden_size,))
            self.bhn = mx.random.uniform(-limit, limit, (hidden_size,))

    def _extra_repr(self) -> str:
        return f"input_dims={self.Wx.shape[1]}, hidden_size={self.hidden_size}, bias={'b' in self}"

    def __call__(self, x: mx.array, hidden: mx.array | None = None) -> mx.array:
        bias_n = self.get("bhn")
        states = []
        weight = _recurrent(self.Wh, x)
        for step in _projected_steps(x, self.Wx, self.get("b")):
            r, z, n = mx.split(step, 3, axis=-1)
            recurrent_n = bias_n
            if hidden is not None:
                hidden_r, hidden_z, recurrent_n = mx.split(hidden @ weight, 3, axis=-1)
                r, z = r + hidden_r, z + hidden_z
                if bias_n is not None:
                    recurrent_n = recurrent_n + bias_n
            r, z = mx.sigmoid(r), mx.sigmoid(z)
            n = mx.tanh(n if recurrent_n is None else n + r * recurrent_n)
            hidden = (1 - z) * n if hidden is None else (1 - z) * n + z * hidden
            states.append(hidden)
        return mx.stack(states, axis=-2)


class LSTM(Module):
    r"""Long short-term memory (Hochreiter and Schmidhuber, Neural Computation 9, 1997):

    .. math::
        i_t, f_t, o_t &= \sigma(W_x x_t + W_h h_{t-1} + b), \quad
        g_t = \tanh(W_x x_t + W_h h_{t-1} + b) \\
        c_t &= f_t c_{t-1} + i_t g_t \\
        h_t &= o_t \tanh(c_t)

    The parameters ``Wx``, ``Wh`` and ``bias`` hold the parts i, f, g, o one after the other and start uniform
    within :math:`\pm 1 / \sqrt{\text{hidden\_size}}`. The result is the pair of hidden states and cell
    states, each ``(..., L, H)``. Without an initial ``hidden`` or ``cell`` state it counts as zero.

    >>> hidden, cell = nn.LSTM(3, 5)(mx.ones((2, 4, 3)))
    >>> hidden.shape, cell.shape
    ((2, 4, 5), (2, 4, 5))
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__()
        limit = 1 / math.sqrt(hidden_size)
        self.hidden_size = hidden_size
        self.Wx = mx.random.uniform(-limit, limit, (4 * hidden_size, input_size))
        self.Wh = mx.random.uniform(-limit, limit, (4 * hidden_size, hidden_size))
        if bias:
            self.bias = mx.random.uniform(-limit, limit, (4 * hidden_size,))

    def _extra_repr(self) -> str:
        return f"input_dims={self.Wx.shape[1]}, hidden_size={self.hidden_size}, bias={'bias' in self}"

    def __call__(
        self, x: mx.array, hidden: mx.array | None = None, cell: mx.array | None = None
    ) -> tuple[mx.array, mx.array]:
        hidden_states, cell_states = [], []
        weight = _recurrent(self.Wh, x)
        for step in _projected_steps(x, self.Wx, self.get("bias")):
            gates = step if hidden is None else step + hidden @ weight
            i, f, g, o = mx.split(gates, 4, axis=-1)
            new = mx.sigmoid(i) * mx.tanh(g)
            cell = new if cell is None else mx.sigmoid(f) * cell + new
            hidden = mx.sigmoid(o) * mx.tanh(cell)
            hidden_states.append(hidden)
            cell_states.append(cell)
        return mx.stack(hidden_states, axis=-2), mx.stack(cell_states, axis=-2)


def _projected_steps(x: mx.array, weight: mx.array, bias: mx.array | None) -> list[mx.array]:
    """The elements of a sequence ``(..., L, D)``, each mapped from ``(..., D)`` by one affine map."""
    if x.ndim < 2 or x.shape[-2] == 0:
        raise ValueError(f"a recurrent layer needs an input (..., L, D) with at least one step, not {x.shape}")
    x = x @ weight.T if bias is None else mx.addmm(bias, x, weight.T)
    # One split: its gradient is one concatenation, where that of a slice is as large as the sequence.
    return [step.squeeze(-2) for step in mx.split(x, x.shape[-2], axis=-2)]


def _recurrent(weight: mx.array, x: mx.array) -> mx.array:
    """The transposed matrix that the states of a sequence are multiplied by, step by step."""
    # Many steps are worth a copy in the order in which products read it.
    return mx.contiguous(weight.T) if x.ndim > 1 and x.shape[-2] > 1 else weight.T
