"""Programs that import mlx run on cotan: what is found under which name, how scripts start and end, old pickles."""

import importlib
import importlib.metadata
import importlib.util
import os
import pickle
import pkgutil
import subprocess
import sys
import textwrap
import typing
from pathlib import Path

import cotan
import cotan.core as mx
import numpy as np
import pytest
from cotan import nn

pytest.importorskip("cotan.mlx", reason="another package stands in for cotan")
pytestmark = pytest.mark.cotan_only

SOURCES = str(Path(cotan.__file__).parents[1])


@pytest.fixture
def installed():
    """Names of MLX resolve to cotan during the test."""
    cotan.mlx.install()
    yield
    cotan.mlx.uninstall()


@pytest.fixture
def real_mlx(tmp_path, monkeypatch):
    """A package `mlx` of another origin that can be imported."""
    package = tmp_path / "site" / "mlx"
    package.mkdir(parents=True)
    (package / "core.py").write_text("origin = 'elsewhere'\n")
    (package / "extension.py").write_text("")
    described = tmp_path / "site" / "mlx-0.1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: mlx\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlx"]:
        del sys.modules[name]


def run(*args, cwd, **env):
    """Run `python -m cotan.mlx` and return the finished process."""
    env = {**os.environ, "PYTHONPATH": SOURCES, **env}
    return subprocess.run(
        [sys.executable, "-m", "cotan.mlx", *map(str, args)], cwd=cwd, env=env, capture_output=True, text=True
    )


def script(folder, body, name="program.py"):
    """Write a script and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(body))
    return path


# ---------------------------------------------------------------- names


def modules():
    """Names of all modules of cotan that have a counterpart in MLX, without the leading `cotan`."""
    found = [m.name for m in pkgutil.walk_packages(cotan.__path__, "cotan.")]
    own = [name for name in sys.modules if name.startswith("cotan.core.")]
    return sorted({name.removeprefix("cotan") for name in [*found, *own] if name.split(".")[1] != "mlx"})


@pytest.mark.parametrize("name", modules())
def test_a_module_of_mlx_is_the_module_of_cotan_itself(installed, name):
    ours = importlib.import_module("cotan" + name)
    spec = ours.__spec__
    assert importlib.import_module("mlx" + name) is ours
    assert ours.__spec__ is spec
    assert ours.__name__ == "cotan" + name


def test_every_form_of_import_gives_the_same_module(installed):
    import mlx.core
    import mlx.core.random
    import mlx.nn as layers
    from mlx import core, optimizers, utils  # noqa: F401
    from mlx.nn.layers.linear import Linear

    assert mlx.core is core is mx
    assert mlx.core.random is mx.random
    assert layers.Linear is Linear is nn.Linear


def test_probing_finds_mlx_without_importing_it(installed):
    for name in ("mlx", "mlx.core", "mlx.nn"):
        assert importlib.util.find_spec(name) is not None
    assert "mlx.core" not in sys.modules


@pytest.mark.parametrize("name", ["extension", "nn.no_such_layer", "core.no_such_part", "mlx"])
def test_a_module_that_cotan_lacks_is_an_import_error_that_names_it(installed, name):
    with pytest.raises(ModuleNotFoundError, match=f"No module named 'mlx.{name}'") as caught:
        importlib.import_module(f"mlx.{name}")
    assert caught.value.name == f"mlx.{name}"


def test_a_module_can_be_loaded_again_under_either_name(installed):
    for name in ("cotan.utils", "mlx.utils"):
        assert importlib.reload(importlib.import_module(name)) is sys.modules["cotan.utils"]


# ---------------------------------------------------------------- installing


def test_what_was_importable_before_is_again_afterwards(real_mlx):
    before = importlib.import_module("mlx.core")
    assert before.origin == "elsewhere"
    cotan.mlx.install()
    try:
        assert importlib.import_module("mlx.core") is mx
        with pytest.raises(ModuleNotFoundError, match="cotan"):
            importlib.import_module("mlx.extension")
    finally:
        cotan.mlx.uninstall()
    assert importlib.import_module("mlx.core") is before
    assert importlib.import_module("mlx.extension").__file__.endswith("extension.py")


@pytest.mark.skipif(importlib.util.find_spec("mlx") is not None, reason="MLX is installed here")
def test_without_installing_there_is_no_mlx():
    cotan.mlx.install()
    importlib.import_module("mlx.nn")
    cotan.mlx.uninstall()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("mlx.nn")


def test_installing_twice_is_installing_once():
    finders = list(sys.meta_path)
    cotan.mlx.uninstall()
    cotan.mlx.install()
    cotan.mlx.install()
    assert cotan.mlx.installed()
    assert len(sys.meta_path) == len(finders) + 1
    cotan.mlx.uninstall()
    cotan.mlx.uninstall()
    assert not cotan.mlx.installed()
    assert sys.meta_path == finders


def test_versions_are_those_of_the_mlx_that_cotan_follows(real_mlx):
    own = mx.__version__
    assert importlib.metadata.version("mlx") == "0.1"
    cotan.mlx.install()
    try:
        assert mx.__version__ == importlib.metadata.version("mlx") == cotan.mlx.MLX_VERSION
        assert importlib.metadata.version("numpy") == np.__version__
        assert importlib.metadata.metadata("mlx")["Name"] == "mlx"
        assert importlib.metadata.files("mlx") is None
    finally:
        cotan.mlx.uninstall()
    assert mx.__version__ == own
    assert importlib.metadata.version("mlx") == "0.1"


def test_element_types_print_under_the_name_that_the_program_knows():
    for _ in range(2):
        assert [repr(mx.float32), str(mx.bool_)] == ["cotan.core.float32", "cotan.core.bool"]
        cotan.mlx.install()
        assert [repr(mx.float32), str(mx.bool_)] == ["mlx.core.float32", "mlx.core.bool"]
        cotan.mlx.uninstall()


# ---------------------------------------------------------------- what programs do with the type


def written_by_mlx(values, code):
    """A pickle as MLX writes it: the type by name, made without arguments, and its state."""
    state = pickle.dumps((values, code), 2)
    return b"\x80\x02cmlx.core\narray\n)\x81" + state[2:-1] + b"b."


@pytest.mark.parametrize(
    ("values", "code", "dtype"),
    [
        (np.array([True, False]), 0, "bool"),
        (np.array([[1, 2], [3, 4]], np.int8), 5, "int8"),
        (np.array([1, 2**40], np.int64), 8, "int64"),
        (np.array(1.5, np.float32), 10, "float32"),
        (np.array([0.1]), 11, "float64"),
        (np.array([1 + 2j], np.complex64), 13, "complex64"),
    ],
)
def test_a_pickle_written_by_mlx_loads(installed, values, code, dtype):
    x = pickle.loads(written_by_mlx(values, code))
    assert isinstance(x, mx.array)
    assert x.dtype == getattr(mx, dtype.replace("bool", "bool_"))
    np.testing.assert_array_equal(np.array(x), values)


def test_a_pickled_bfloat16_of_mlx_is_its_bits(installed):
    x = pickle.loads(written_by_mlx(np.array([0x3FC0, 0xC000], np.uint16), 12))
    assert x.dtype == mx.bfloat16
    assert x.tolist() == [1.5, -2.0]


def test_a_pickle_with_an_unknown_type_or_other_state_is_refused(installed):
    with pytest.raises(ValueError, match="14"):
        pickle.loads(written_by_mlx(np.zeros(2), 14))
    with pytest.raises(ValueError, match="str"):
        pickle.loads(written_by_mlx("no array", 10))
    with pytest.raises(TypeError):
        pickle.loads(written_by_mlx(np.zeros(2), "float32"))


@pytest.mark.parametrize("make", [lambda: mx.array(), lambda: mx.array(None), lambda: mx.array(dtype=mx.float32)])
def test_an_array_without_a_value_is_a_type_error(make):
    with pytest.raises(TypeError):
        make()


def test_annotations_and_isinstance_name_one_type(installed):
    import mlx.core as other

    def double(x: other.array, y: other.array | None = None) -> typing.Optional[other.array]:  # noqa: UP045
        return x * 2 if y is None else y

    hints = typing.get_type_hints(double)
    assert hints["x"] is mx.array
    assert hints["return"] == mx.array | None
    assert isinstance(double(mx.array(1)), other.array)


# ---------------------------------------------------------------- programs


def test_a_script_sees_its_arguments_its_name_and_its_folder(tmp_path):
    script(tmp_path, "value = 3", "lib/neighbour.py")
    path = script(
        tmp_path,
        """
        import sys
        import mlx.core as mx
        import cotan.core
        import neighbour

        if __name__ == "__main__":
            print(sys.argv, mx is cotan.core, neighbour.value, mx.arange(neighbour.value).tolist())
        """,
        "lib/program.py",
    )
    done = run(path, "-m", "--flag", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout == f"{[str(path), '-m', '--flag']} True 3 [0, 1, 2]\n"


def test_a_module_runs_as_main_with_the_working_folder_to_import_from(tmp_path):
    script(tmp_path, "", "package/__init__.py")
    script(
        tmp_path,
        """
        import sys
        import mlx.nn as nn
        from package import __name__ as parent

        print(__name__, parent, sys.argv[1:], sys.argv[0].endswith("__main__.py"), nn.Linear.__module__)
        """,
        "package/__main__.py",
    )
    done = run("-m", "package", "a", "-b", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout == "__main__ package ['a', '-b'] True cotan.nn.layers.linear\n"


@pytest.mark.parametrize(
    ("body", "code"), [("", 0), ("raise SystemExit(7)", 7), ("1 / 0", 1), ("import sys; sys.exit('so')", 1)]
)
def test_a_script_ends_with_its_own_exit_code(tmp_path, body, code):
    done = run(script(tmp_path, body), cwd=tmp_path)
    assert done.returncode == code
    if "/" in body:
        assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        ([], 2, "usage"),
        (["-x", "y"], 2, "usage"),
        (["-m"], 2, "usage"),
        (["none.py"], 1, "none.py"),
        (["-m", "no_such"], 1, "cotan.mlx: no module named 'no_such'"),
        (["-m", "no_such.module"], 1, "cotan.mlx: no module named 'no_such.module'"),
        (["-m", "json.tool.module"], 1, "cotan.mlx: no module named 'json.tool.module'"),
    ],
)
def test_what_cannot_run_says_so(tmp_path, args, code, says):
    done = run(*args, cwd=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stdout == ""


def test_help_is_no_error(tmp_path):
    done = run("--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "script.py" in done.stdout


def test_the_program_in_the_documentation_runs(tmp_path):
    page = Path(__file__).resolve().parents[2] / "docs" / "mlx.md"
    (program,) = [block.split("```")[0] for block in page.read_text().split("```python\n")[1:]]
    path = tmp_path / "program.py"
    path.write_text(program)
    command = [sys.executable, str(path)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": SOURCES}, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(1, 2)\n", "")


def test_a_program_written_for_mlx_trains_saves_and_loads(tmp_path):
    path = script(
        tmp_path,
        """
        from functools import partial

        import mlx.core as mx
        import mlx.nn as nn
        import mlx.optimizers as optim
        from mlx.utils import tree_flatten, tree_map

        mx.random.seed(0)
        mx.set_default_device(mx.cpu)
        inputs = mx.random.normal((256, 8))
        labels = (inputs[:, 0] * inputs[:, 1] > 0).astype(mx.int32)


        class Classifier(nn.Module):
            def __init__(self, width: int):
                super().__init__()
                self.layers = [nn.Linear(8, width), nn.Linear(width, 2)]
                self.drop = nn.Dropout(0.1)

            def __call__(self, x: mx.array) -> mx.array:
                return self.layers[1](self.drop(nn.relu(self.layers[0](x))))


        model = Classifier(32)
        optimizer = optim.AdamW(optim.cosine_decay(2e-2, 200))
        mx.eval(model.parameters())
        state = [model.state, optimizer.state, mx.random.state]
        loss = lambda m, x, y: nn.losses.cross_entropy(m(x), y, reduction="mean")


        @partial(mx.compile, inputs=state, outputs=state)
        def step(x, y):
            value, grads = nn.value_and_grad(model, loss)(model, x, y)
            grads, _ = optim.clip_grad_norm(grads, 1.0)
            optimizer.update(model, grads)
            return value


        with mx.stream(mx.new_stream(mx.cpu)):
            for _ in range(200):
                value = step(inputs, labels)
                mx.async_eval(state, value)
        model.eval()
        accuracy = mx.mean(mx.argmax(model(inputs), axis=-1) == labels)
        model.save_weights("weights.safetensors")
        again = Classifier(32)
        again.load_weights("weights.safetensors")
        again.eval()
        same = mx.array_equal(again(inputs), model(inputs))
        halves = tree_map(lambda p: p.astype(mx.bfloat16), model.parameters())
        assert all(v.dtype == mx.bfloat16 for _, v in tree_flatten(halves))
        mx.export_function("model.fn", lambda x: model(x), inputs[:4])
        (stored,) = mx.import_function("model.fn")(inputs[:4])
        assert mx.allclose(stored, model(inputs[:4]))
        mx.clear_cache()
        print(mx.metal.is_available(), mx.distributed.init().size(), same.item(), accuracy.item() > 0.95)
        """,
    )
    done = run(path, cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout == "False 1 True True\n"
