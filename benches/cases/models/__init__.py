"""The networks that are trained, written in each library as its users would write them."""

from cases.models import functions, lazy_modules, torch_modules

STEPS = {"cotan": lazy_modules.step, "mlx": lazy_modules.step, "torch": torch_modules.step, "jax": functions.step}
