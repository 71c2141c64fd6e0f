"""The optimizers under one roof."""

from cotan.optimizers.adafactor import Adafactor
from cotan.optimizers.adam import Adam, Adamax, AdamW
from cotan.optimizers.adaptive import AdaDelta, Adagrad, RMSprop
from cotan.optimizers.base import Optimizer
from cotan.optimizers.clipping import clip_grad_norm
from cotan.optimizers.lion import Lion
from cotan.optimizers.multi import MultiOptimizer
from cotan.optimizers.muon import Muon
from cotan.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "AdaDelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "MultiOptimizer",
    "Muon",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm",
]
