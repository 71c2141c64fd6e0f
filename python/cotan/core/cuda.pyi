# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""What is left of CUDA on a CPU: it is not available."""


__all__ = [
    "is_available",
]

def is_available() -> bool:
    """Whether there is such a device: False, as cotan runs on CPUs.

    >>> import cotan.core as mx
    >>> mx.metal.is_available(), mx.cuda.is_available()
    (False, False)
    """
