# Made by `cargo run -p cotan-dev -- stubs` from crates/cotan-py: change it there.
"""What is left of Metal on a CPU: it is not available."""


__all__ = [
    "device_info",
    "is_available",
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
