"""Neural networks: layers, activations, losses and initialisers on top of :mod:`cotan.core`."""

from cotan.nn import layers
from cotan.nn.layers import *  # noqa: F403

# isort: split
# After the layers: the transformer needs nn.utils, which needs Module.
from cotan.nn import init, losses, utils
from cotan.nn.utils import average_gradients, value_and_grad

__all__ = ["average_gradients", "init", "losses", "utils", "value_and_grad"]
__all__ += layers.__all__
