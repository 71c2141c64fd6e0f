"""``python -m cotan.mlx script.py`` and ``python -m cotan.mlx -m module``: run a program written for MLX on cotan."""

import importlib.util
import os
import runpy
import sys

from . import install

USAGE = """\
usage: python -m cotan.mlx script.py [args...]
       python -m cotan.mlx -m module [args...]

Runs a script or module in which `import mlx` gives cotan."""


def main(argv: list[str]) -> None:
    """Run what the arguments name as `__main__`, as the interpreter itself would."""
    match argv:
        case ["-m", module, *rest]:
            install()
            if not _exists(module):
                sys.exit(f"cotan.mlx: no module named {module!r}")
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *rest] if not script.startswith("-"):
            if not os.path.exists(script):
                sys.exit(f"cotan.mlx: can't open {script!r}: no such file")
            install()
            sys.argv = [script, *rest]
            # The interpreter has put the working folder first, for `-m cotan.mlx`; a script expects its own there.
            if not sys.flags.safe_path:
                sys.path[0] = os.path.dirname(os.path.realpath(script))
            runpy.run_path(script, run_name="__main__")
        case ["-h" | "--help"]:
            print(USAGE)
        case _:
            print(USAGE, file=sys.stderr)
            sys.exit(2)


def _exists(module: str) -> bool:
    """Whether there is a module of that name. What its packages import may be missing, too: that is another error."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
