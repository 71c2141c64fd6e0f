"""Element types: what they are, how they promote, what Python and NumPy operands become."""

import itertools
import pickle

import cotan.core as mx
import numpy as np
import pytest
from helpers import ALL, BOOL, COMPLEX, FLOATS, INTS, SIGNED, UNSIGNED, assert_same, device, dtype_name, host, mx_dtype

SIZES = {"bool": 1, "bfloat16": 2, "complex64": 8} | {d: np.dtype(d).itemsize for d in INTS + FLOATS if d != "bfloat16"}


def promoted(a, b):
    """The promotion rule, by kind and width."""
    if a == b:
        return a
    a, b = sorted((a, b), key=ALL.index)
    if b in COMPLEX:
        return b
    if b in FLOATS:
        if a not in FLOATS:
            return b
        return "float32" if (a, b) == ("float16", "bfloat16") else b
    if a in BOOL:
        return b
    if (a in UNSIGNED) == (b in UNSIGNED):
        return max(a, b, key=SIZES.get)
    if a == "uint64":
        return "float32"
    return f"int{max(16 * SIZES[a], 8 * SIZES[b])}"


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations_with_replacement(ALL, 2)))
def test_two_arrays_promote_by_kind_then_width(a, b):
    x, y = mx.ones((1,), mx_dtype(a)), mx.ones((1,), mx_dtype(b))
    want = promoted(a, b)
    for result in (x + y, y + x, mx.where(mx.array(True), x, y), mx.concatenate([y, x])):
        assert dtype_name(result) == want
    assert dtype_name(mx.result_type(x, mx_dtype(b))) == want
    assert mx.can_cast(mx_dtype(a), mx_dtype(b)) == (want == b)


@pytest.mark.parametrize("dtype", ALL)
def test_a_python_scalar_raises_the_kind_but_never_the_width(dtype):
    x = mx.ones((1,), mx_dtype(dtype))
    assert dtype_name(x + True) == dtype
    assert dtype_name(x + 2) == ("int32" if dtype == "bool" else dtype)
    assert dtype_name(x + 2.5) == (dtype if dtype in FLOATS + COMPLEX else "float32")
    assert dtype_name(x + 2j) == "complex64"
    assert dtype_name(2 - x if dtype != "bool" else 2 + x) == ("int32" if dtype == "bool" else dtype)


def test_an_array_without_axes_is_no_scalar():
    assert dtype_name(mx.array([1], mx.float16) + mx.array(2.0)) == "float32"


def test_two_scalars_make_arrays_of_default_dtypes():
    assert_same(mx.add(1, 2.5), 3.5, "float32")
    assert_same(mx.add(True, True), True, "bool")


@pytest.mark.parametrize("dtype", UNSIGNED[:3] + SIGNED[:3])
def test_an_int_that_does_not_fit_is_refused(dtype):
    x, info = mx.ones((1,), mx_dtype(dtype)), mx.iinfo(mx_dtype(dtype))
    assert (info.min, info.max) == (np.iinfo(dtype).min, np.iinfo(dtype).max)
    for bad in (info.max + 1, info.min - 1):
        for use in (
            lambda bad=bad: x + bad,
            lambda bad=bad: x == bad,
            lambda bad=bad: mx.maximum(x, bad),
            lambda bad=bad: mx.full((1,), bad, x.dtype),
        ):
            with pytest.raises(ValueError):
                use()
    for good in (info.max, info.min):
        assert dtype_name(x == good) == "bool"


def test_the_widest_ints_wrap_and_floats_take_any_int():
    assert_same(mx.array([1], mx.uint64) + (-1), [0], "uint64")
    assert_same(mx.array([1.0], mx.float16) + 70000, [np.inf], "float16")
    assert_same(mx.array(300, mx.uint8), 44, "uint8")


@pytest.mark.parametrize(("mine", "theirs"), list(itertools.product(ALL, ("bool", "int64", "complex64"))))
def test_a_numpy_operand_takes_the_dtype_of_the_array(mine, theirs):
    x = mx.ones((2,), mx_dtype(mine))
    for n in (np.ones(2, theirs), np.ones((), theirs)[()]):
        assert dtype_name(x * n) == mine


def test_a_double_of_numpy_is_a_python_float():
    assert_same(mx.array([1]) + np.float64(1.5), [2.5], "float32")
    assert_same(mx.array([1]) + np.float32(1.5), [2], "int32")


@pytest.mark.parametrize(("source", "target"), list(itertools.product(ALL, ALL)))
def test_casts_agree_with_numpy_on_values_both_can_hold(source, target):
    values = [0, 1, 2, 100] if source != "bool" else [False, True, True, False]
    x = device(values, source)
    values = host(x) if target in (*BOOL, *COMPLEX) else host(x).real
    want = values.astype(np.float32 if target == "bfloat16" else target)
    for result in (x.astype(mx_dtype(target)), mx.astype(x, mx_dtype(target)), mx.array(x, mx_dtype(target))):
        assert_same(result, want, target)


def test_casts_truncate_wrap_round_and_overflow():
    assert_same(mx.array([1.9, -1.9]).astype(mx.int32), [1, -1])
    assert_same(mx.array([300, -1]).astype(mx.int8), [44, -1])
    assert_same(mx.array([0.5, np.nan, -0.0]).astype(mx.bool_), [True, True, False])
    halves = mx.array([1.00390625, 1.01171875, 1e39]).astype(mx.bfloat16)  # two ties, to even
    assert_same(halves, [1, 1.015625, np.inf])
    assert_same(mx.array([65519.0, 65520.0, 2.0**-25]).astype(mx.float16), [65504, np.inf, 0])
    assert_same(mx.array([1 + 2j]).astype(mx.float32), [1], "float32")


def test_a_dtype_knows_its_size_and_name_and_equals_only_itself():
    for name in ALL:
        d = mx_dtype(name)
        assert d.size == SIZES[name]
        assert str(d) == repr(d) == f"{mx.__name__}.{name}"
        assert {d: 1}[d] == 1
        for other in ALL:
            assert (d == mx_dtype(other)) == (name == other)
        assert d not in (name, float)


@pytest.mark.parametrize("stranger", [float, "float32", np.float32, np.dtype("float32")])
def test_nothing_else_stands_for_a_dtype(stranger):
    assert mx.float32 != stranger
    with pytest.raises(TypeError):
        mx.array([1], dtype=stranger)
    with pytest.raises(TypeError):
        mx.zeros((1,), stranger)


def test_dtypes_are_neither_called_nor_pickled():
    with pytest.raises(TypeError):
        mx.float32(1)
    with pytest.raises(TypeError):
        pickle.dumps(mx.float32)


def test_float_limits():
    for name in ("float16", "float32", "float64"):
        ours, theirs = mx.finfo(mx_dtype(name)), np.finfo(name)
        for field in ("min", "max", "eps", "smallest_normal"):
            assert getattr(ours, field) == float(getattr(theirs, field))
        assert ours.bits == theirs.bits
        assert ours.dtype == mx_dtype(name)
    half = mx.finfo(mx.bfloat16)
    assert (half.eps, half.max) == (2.0**-7, (2 - 2.0**-7) * 2.0**127)
    assert mx.finfo(mx.complex64).dtype == mx.float32
    for wrong in (mx.int32, mx.bool_):
        with pytest.raises(ValueError):
            mx.finfo(wrong)
    for wrong in (mx.bool_, mx.float32):
        with pytest.raises(ValueError):
            mx.iinfo(wrong)


def test_categories_form_a_lattice():
    parents = {
        "bool": mx.generic,
        **dict.fromkeys(UNSIGNED, mx.unsignedinteger),
        **dict.fromkeys(SIGNED, mx.signedinteger),
        **dict.fromkeys(FLOATS, mx.floating),
        **dict.fromkeys(COMPLEX, mx.complexfloating),
    }
    above = {
        mx.unsignedinteger: [mx.integer, mx.number, mx.generic],
        mx.signedinteger: [mx.integer, mx.number, mx.generic],
        mx.floating: [mx.inexact, mx.number, mx.generic],
        mx.complexfloating: [mx.inexact, mx.number, mx.generic],
        mx.generic: [],
    }
    everything = {mx.generic, mx.number, mx.integer, mx.inexact, *parents.values()}
    for name, parent in parents.items():
        for category in everything:
            assert mx.issubdtype(mx_dtype(name), category) == (category in (parent, *above[parent]))
    assert mx.issubdtype(mx.floating, mx.inexact)
    assert not mx.issubdtype(mx.floating, mx.float32)
    with pytest.raises(ValueError):
        mx.issubdtype(float, mx.floating)


def test_kinds_by_the_names_of_the_array_standard():
    assert mx.isdtype(mx.int8, ("bool", "integral"))
    assert not mx.isdtype(mx.bool_, "numeric")
    assert mx.isdtype(mx.float16, "real floating")
    assert mx.isdtype(mx.uint8, "unsigned integer")
    assert mx.isdtype(mx.complex64, ("complex floating", mx.int8))
    with pytest.raises(ValueError):
        mx.isdtype(mx.float32, "foo")
