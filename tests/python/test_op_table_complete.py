"""The op table leaves nothing out: functions, methods, operations of the engine, dtypes without a reason."""

import inspect
import re
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import cotan.core as mx
import numpy as np
import pytest
from helpers import ALL, BOOL, COMPLEX, FLOATS, INTS, dtype_name, host
from op_table import EXEMPT, TABLE
from op_table.left_out import LEFT_OUT, METHODS, UNRECORDED
from test_op_table import arrays, directions, over_free

ENGINE = Path(__file__).resolve().parents[2] / "crates" / "cotan" / "src" / "ops" / "mod.rs"


def public_functions(module=mx, prefix=""):
    """Names of the public functions of a module and its submodules."""
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        if isinstance(value, ModuleType):
            yield from public_functions(value, f"{prefix}{name}.")
        elif callable(value) and not inspect.isclass(value):
            yield prefix + name


def exempt():
    """Names that need no row; `random.*` stands for all of a submodule."""
    return {name for names in EXEMPT.values() for name in names.split()}


def names_with_rows():
    """Names that rows call."""
    return {name for op in TABLE for name in (op.name, *op.covers)}


# ---------------------------------------------------------------- names


@pytest.mark.cotan_only
def test_every_public_function_has_a_row_or_a_reason():
    known = names_with_rows() | exempt()
    missing = {name for name in public_functions() if name not in known and f"{name.partition('.')[0]}.*" not in known}
    assert sorted(missing) == []


@pytest.mark.cotan_only
def test_every_row_and_every_exemption_names_something_public():
    public = set(public_functions()) | {f"{name.partition('.')[0]}.*" for name in public_functions() if "." in name}
    named = {name for name in names_with_rows() if not name.startswith("array.")} | exempt()
    assert sorted(named - public) == []


@pytest.mark.cotan_only
def test_every_method_of_an_array_is_a_function_or_has_a_row_or_a_reason():
    methods = {name for name in dir(mx.array) if name not in dir(object)}
    rows = {name.removeprefix("array.") for name in names_with_rows() if name.startswith("array.")}
    reasons = {name for names in METHODS.values() for name in names.split()}
    assert sorted(name for name in methods - rows - reasons if not hasattr(mx, name)) == []
    assert sorted(reasons - methods) == []


def call_by_name(name, op):
    """The plain call of a function on the row's operands."""
    if not op.operands:
        return getattr(mx, name)((2, 3))
    dtype = op.dtypes[0]
    operands = arrays(op, op.sample(dtype), dtype)
    function = attrgetter(name)(mx)
    return function(operands, 1) if name.startswith("concat") else function(*operands)


@pytest.mark.parametrize(("alias", "op"), [pytest.param(a, op, id=a) for op in TABLE for a in op.covers])
def test_an_alias_gives_what_its_function_gives(alias, op):
    got, want = call_by_name(alias, op), call_by_name(op.name, op)
    np.testing.assert_array_equal(host(got), host(want))
    assert dtype_name(got) == dtype_name(want)


# ---------------------------------------------------------------- operations of the engine


def operations():
    """The variants of the engine's list of operations."""
    listed = re.search(r"^ops!\[(.*?)\];", ENGINE.read_text(), re.DOTALL | re.MULTILINE)[1]
    return set(re.findall(r"^ +(\w+),$", listed, re.MULTILINE))


def recorded(path, call, operands):
    """The operations that a call records, read from the file that it is stored in."""
    mx.export_function(str(path), call, *operands)
    return set(re.findall(rb'"op":\s*\{?\s*"(\w+)"', path.read_bytes()))


@pytest.mark.cotan_only
@pytest.mark.skipif(not ENGINE.exists(), reason="no source beside the tests")
def test_every_operation_of_the_engine_is_recorded_by_a_row(tmp_path):
    seen = set()
    for op in TABLE:
        dtype = "float32" if "float32" in op.dtypes else op.dtypes[0]
        operands = arrays(op, op.sample(dtype), dtype)
        seen |= recorded(tmp_path / "f", lambda *xs, op=op: op.outputs(*xs), operands)
        if op.smooth and dtype == "float32":
            call, free = over_free(op, operands)
            cotangents = directions(op, call(*free), dtype, "cotangent")
            seen |= recorded(tmp_path / "g", lambda *xs, f=call, c=cotangents: mx.vjp(f, list(xs), c)[1], free)
    unrecorded = {name for names in UNRECORDED.values() for name in names.split()}
    unseen = operations() - {name.decode() for name in seen}
    assert sorted(unseen - unrecorded) == []
    assert sorted(unrecorded - unseen) == []


# ---------------------------------------------------------------- dtypes

KINDS = {"bool": BOOL, "ints": INTS, "halves": ("float16", "bfloat16"), "float64": ("float64",), "complex": COMPLEX}


def gaps():
    """Per kind of dtype the functions of which no row runs in it, creation aside."""
    dtypes = {}
    for op in TABLE:
        if op.operands:
            dtypes.setdefault(op.name, set()).update(op.dtypes)
    return {kind: {name for name, seen in dtypes.items() if not seen & set(members)} for kind, members in KINDS.items()}


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_function_that_leaves_out_a_kind_of_dtype_has_a_reason(kind):
    reasons = LEFT_OUT[kind]
    listed = [name for names in reasons.values() for name in names.split()]
    assert sorted(gaps()[kind] - set(listed)) == []
    assert sorted(set(listed) - gaps()[kind]) == []


def test_the_table_names_every_dtype():
    assert {d for op in TABLE for d in op.dtypes} == {*ALL, *INTS, *FLOATS, *COMPLEX, "none"}
