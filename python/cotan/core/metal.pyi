# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""What is left of Metal on a CPU: it is not available."""


__all__ = [
    "clear_cache",
    "device_info",
    "get_active_memory",
    "get_cache_memory",
    "get_peak_memory",
    "is_available",
    "reset_peak_memory",
    "set_cache_limit",
    "set_memory_limit",
    "set_wired_limit",
    "start_capture",
    "stop_capture",
]

def is_available() -> bool:
    """Whether there is such a device: False, as cotan runs on CPUs.

    >>> import cotan.core as mx
    >>> mx.metal.is_available(), mx.cuda.is_available()
    (False, False)
    """

def device_info() -> dict[str, str]:
    """What is known about the Metal device: nothing, as there is none.

    >>> import cotan.core as mx
    >>> mx.metal.device_info()
    {}
    """

def start_capture(path: str) -> None:
    """Records what a Metal device does in a file. RuntimeError, as there is none.

    >>> import cotan.core as mx
    >>> mx.metal.start_capture("trace.gputrace")
    Traceback (most recent call last):
    RuntimeError: start_capture: can't record to "trace.gputrace", there is no Metal device
    """

def stop_capture() -> None:
    """Ends a recording. RuntimeError, as none can have been started.

    >>> import cotan.core as mx
    >>> mx.metal.stop_capture()
    Traceback (most recent call last):
    RuntimeError: stop_capture: there is no Metal device that could have been recorded
    """

from cotan.core import clear_cache as clear_cache
from cotan.core import get_active_memory as get_active_memory
from cotan.core import get_cache_memory as get_cache_memory
from cotan.core import get_peak_memory as get_peak_memory
from cotan.core import reset_peak_memory as reset_peak_memory
from cotan.core import set_cache_limit as set_cache_limit
from cotan.core import set_memory_limit as set_memory_limit
from cotan.core import set_wired_limit as set_wired_limit
