"""Saving and loading 400 MB; the files stay in the page cache, so memory is measured and not a disk."""

import importlib
import tempfile

from cases.base import Case, normal

PARTS = 8
LENGTH = 12_500_000  # float32 numbers in a part: 8 x 50 MB


def parts():
    """A dict of arrays."""
    return ({f"part{i}": normal(LENGTH, seed=i) for i in range(PARTS)},)


def safetensors(peer):
    """A library's functions to save and to load safetensors files."""
    if peer.name in ("cotan", "mlx"):
        return lambda arrays, path: peer.lib.save_safetensors(path, arrays), peer.lib.load
    module = importlib.import_module(f"safetensors.{'flax' if peer.name == 'jax' else peer.name}")
    return module.save_file, module.load_file


def npz(peer):
    """A library's functions to save and to load npz files."""
    return lambda arrays, path: peer.lib.savez(path, **arrays), peer.lib.load


def saving(functions, extension):
    """A call that writes the arrays to the same file again and again."""

    def prepare(peer, arrays):
        folder = tempfile.TemporaryDirectory(prefix="cotan-bench-", ignore_cleanup_errors=True)
        path = f"{folder.name}/{peer.name}.{extension}"
        save, _ = functions(peer)

        def run():
            save(arrays, path)
            return folder and 0  # the folder lives as long as the call

        return run

    return prepare


def loading(functions, extension):
    """A call that reads a file and adds up what is in it, since some libraries read a number when it is used."""

    def prepare(peer, arrays):
        folder = tempfile.TemporaryDirectory(prefix="cotan-bench-", ignore_cleanup_errors=True)
        path = f"{folder.name}/{peer.name}.{extension}"
        save, load = functions(peer)
        save(arrays, path)

        def run():
            loaded = load(path)
            assert folder  # lives as long as the call
            return [loaded[f"part{i}"].sum() for i in range(PARTS)]

        return run

    return prepare


def cases(kind, functions, names):
    """Saving and loading in one format."""
    size = 4 * PARTS * LENGTH
    note = "and sum, since some read lazily"
    return [
        Case(f"save 400 MB {kind}", parts, dict.fromkeys(names, saving(functions, kind)), bytes=size, evaluate=False),
        Case(f"load 400 MB {kind}", parts, dict.fromkeys(names, loading(functions, kind)), 1e-2, note, bytes=size),
    ]


CASES = [
    *cases("safetensors", safetensors, ("cotan", "mlx", "torch", "jax", "numpy")),
    *cases("npz", npz, ("cotan", "mlx", "numpy")),
]
