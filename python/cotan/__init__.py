"""Lazy arrays and composable function transforms for the CPU: see `cotan.core`, `cotan.nn` and `cotan.optimizers`."""
