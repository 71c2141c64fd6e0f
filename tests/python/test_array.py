"""The array object: construction, printing, operators, copies, conversion to Python."""

import array as stdlib_array
import copy
import enum
import gc
import operator
import pickle
import reprlib
import weakref

import cotan.core as mx
import numpy as np
import pytest
from helpers import ALL, FLOATS, INTS, assert_close, assert_same, device, dtype_name, host, mx_dtype
from hypothesis import given
from hypothesis import strategies as st

# ---------------------------------------------------------------- construction


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(True, "bool"), (7, "int32"), (-(2**31), "int32"), (2**31, "int64"), (2.5, "float32"), (1j, "complex64")],
)
def test_a_scalar_has_its_default_dtype(value, dtype):
    assert_same(mx.array(value), value, dtype)
    assert_same(mx.array([[value]]), [[value]], dtype)


def test_the_highest_element_decides_the_dtype_of_a_list():
    assert_same(mx.array([True, 2, 3.5, 1j]), [1, 2, 3.5, 1j], "complex64")
    assert dtype_name(mx.array([2**31, 1])) == "int64"
    assert dtype_name(mx.array([True, mx.array(2, mx.uint8)])) == "uint8"
    assert dtype_name(mx.array([mx.array(1.0, mx.bfloat16), 2.0])) == "float32"


def test_arrays_inside_lists_are_stacked():
    assert_same(mx.array([mx.array([1, 2]), [3, 4]]), [[1, 2], [3, 4]], "int32")


def test_empty_lists_have_shapes():
    assert_same(mx.array([]), np.zeros(0), "float32")
    assert mx.array([[], []]).shape == (2, 0)
    assert mx.array(((), (), ())).shape == (3, 0)


@pytest.mark.parametrize(
    "bad",
    [[1, [2]], [[1, 2], [3]], [mx.array([1, 2]), 5], [np.int64(1), 2], [np.array([1, 2])], "abc", range(3), ["a"]],
    ids=repr,
)
def test_ragged_and_foreign_values_are_value_errors(bad):
    with pytest.raises(ValueError):
        mx.array(bad)


@pytest.mark.parametrize("bad", [None, mx.float32], ids=["None", "dtype"])
def test_what_is_no_value_at_all_is_a_type_error(bad):
    with pytest.raises((TypeError, ValueError)):
        mx.array(bad)


@pytest.mark.parametrize("bad", [{}, {1}, (i for i in [1]), object()], ids=["dict", "set", "generator", "object"])
def test_other_containers_are_refused(bad):
    with pytest.raises((TypeError, ValueError)):
        mx.array(bad)


def test_an_int_beyond_64_bits_is_refused():
    with pytest.raises((RuntimeError, OverflowError)):
        mx.array(2**63)


def test_subclasses_of_int_count_as_ints():
    class Colour(enum.IntEnum):
        RED = 3

    assert_same(mx.array([Colour.RED, 1]), [3, 1], "int32")


def test_an_array_of_an_array_is_a_new_object():
    a = mx.array([1, 2])
    b = mx.array(a)
    b[0] = 9
    assert_same(a, [1, 2])
    assert_same(mx.array(a, mx.float16), [1, 2], "float16")


@pytest.mark.parametrize("dtype", [d for d in ALL if d not in ("bfloat16", "float64")])
def test_numpy_arrays_keep_their_dtype(dtype):
    n = np.arange(6).reshape(2, 3).astype(dtype)
    assert_same(mx.array(n), n, dtype)
    assert_same(mx.array(n[1, 2]), n[1, 2], dtype)


def test_doubles_of_numpy_narrow_unless_asked_for():
    assert_same(mx.array(np.arange(2.0)), [0, 1], "float32")
    assert_same(mx.array(np.arange(2.0), mx.float64), [0, 1], "float64")
    assert_same(mx.array(np.array([1 + 2j])), [1 + 2j], "complex64")
    assert mx.array(np.array([0.1]), mx.float64).item() == 0.1


@pytest.mark.parametrize(
    "view",
    [
        lambda n: n.T,
        lambda n: n[::2, 1::2],
        np.asfortranarray,
        lambda n: np.broadcast_to(n[0], (3, 4)),
        lambda n: n[1:1],
    ],
    ids=["transposed", "strided", "fortran", "broadcast", "empty"],
)
def test_numpy_strides_are_honoured(view):
    n = view(np.arange(12, dtype=np.int16).reshape(3, 4))
    assert_same(mx.array(n), n, "int16")


@pytest.mark.cotan_only
def test_negative_strides_are_honoured():
    n = np.arange(12).reshape(3, 4)[::-1, ::-2]
    assert_same(mx.array(n), n, "int64")


def test_other_buffers_are_read():
    assert_same(mx.array(b"abc"), [97, 98, 99], "uint8")
    assert_same(mx.array(bytearray(b"\x01")), [1], "uint8")
    assert_same(mx.array(memoryview(np.arange(3.0))), [0, 1, 2], "float32")
    assert_same(mx.array(stdlib_array.array("h", [1, -2])), [1, -2], "int16")


@pytest.mark.parametrize(
    "n", [np.array(["a"]), np.array([None]), np.array([1], "M8[s]")], ids=["str", "object", "date"]
)
def test_numpy_dtypes_without_counterpart_are_refused(n):
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        mx.array(n)


def test_a_dtype_given_with_the_value_converts_it():
    assert_same(mx.array([1.7], mx.int32), [1])
    assert_same(mx.array(1j, mx.float32), 0)
    assert_same(mx.array(0.5, mx.complex64), 0.5 + 0j, "complex64")
    assert_same(mx.array(val=[1], dtype=mx.uint8), [1], "uint8")


# ---------------------------------------------------------------- attributes and protocol


def test_an_array_reports_its_layout():
    x = mx.zeros((2, 3), mx.int16)
    assert (x.shape, x.ndim, x.size, x.itemsize, x.nbytes, len(x)) == ((2, 3), 2, 6, 2, 12, 2)
    assert x.dtype == mx.int16
    assert x.T.shape == (3, 2)
    assert mx.zeros((2, 3, 4)).mT.shape == (2, 4, 3)
    assert mx.array(1).T.shape == ()
    with pytest.raises(ValueError):
        mx.zeros((3,)).mT


def test_complex_parts():
    z = mx.array([1 + 2j])
    assert_same(z.real, [1], "float32")
    assert_same(z.imag, [2], "float32")
    assert_same(mx.array([1.5]).imag, [0], "float32")


def test_instances_take_no_attributes_but_weak_references():
    x = mx.array(1)
    with pytest.raises(AttributeError):
        x.name = "x"
    with pytest.raises(AttributeError):
        x.shape = (1,)
    ref = weakref.ref(x)
    assert ref() is x
    del x
    gc.collect()
    assert ref() is None


def test_a_subclass_lasts_until_the_first_operation():
    class Tagged(mx.array):
        pass

    x = Tagged([1, 2])
    assert type(x) is Tagged
    assert type(x + 1) is mx.array
    assert_same(x, [1, 2])


def test_identity_decides_hash_and_truth_decides_equality():
    a, b = mx.array(1), mx.array(1)
    assert len({a, b, a}) == 2
    assert (a == b).item() is True


def test_iteration_yields_slices_of_a_snapshot():
    a = mx.array([[1, 2], [3, 4]])
    seen = []
    for row in a:
        a[1] = 9
        seen.append(row.tolist())
    assert seen == [[1, 2], [3, 4]]
    for use in (len, iter, list):
        with pytest.raises(TypeError):
            use(mx.array(1))


@pytest.mark.parametrize("dtype", ALL)
def test_item_and_tolist_give_python_values(dtype):
    x = device([[0, 1], [1, 0]], dtype)
    kind = bool if dtype == "bool" else int if dtype in INTS else complex if dtype == "complex64" else float
    flat = [v for row in x.tolist() for v in row]
    assert flat == [0, 1, 1, 0]
    assert {type(v) for v in flat} == {kind}
    assert type(x[0, 0].item()) is kind
    assert x[:1, 1:].item() == 1
    assert x[0, 1].tolist() == 1
    with pytest.raises(ValueError):
        x.item()


def test_wide_ints_are_exact():
    assert mx.array(2**63 - 1).item() == 2**63 - 1
    assert mx.array(np.array([2**64 - 1], np.uint64)).tolist() == [2**64 - 1]


def test_empty_arrays_keep_their_nesting():
    assert mx.zeros((2, 0)).tolist() == [[], []]
    assert mx.zeros((0, 3)).tolist() == []


def test_conversion_to_python_numbers_needs_one_element():
    x = mx.array([[2.5]])
    assert (int(x), float(x), complex(x), bool(x)) == (2, 2.5, 2.5, True)
    assert bool(mx.array(np.nan))
    for convert in (int, float, complex, bool):
        for bad in (mx.array([1, 2]), mx.array([])):
            with pytest.raises(ValueError):
                convert(bad)
    for convert in (int, float):
        with pytest.raises(TypeError):
            convert(mx.array(1 + 2j))
    with pytest.raises(ValueError):
        int(mx.array(np.nan))


def test_only_integers_without_axes_are_indices():
    assert [10, 20, 30][mx.array(1)] == 20
    assert list(range(mx.array(3, mx.uint8))) == [0, 1, 2]
    for bad in (mx.array([1]), mx.array(True), mx.array(1.0)):
        with pytest.raises(TypeError):
            operator.index(bad)


def test_bytes_are_row_major():
    n = np.arange(6, dtype=np.uint16).reshape(2, 3)
    assert bytes(mx.array(n).T) == n.T.tobytes()


def test_format_serves_scalars_as_python_does():
    assert f"{mx.array(1.23456):.2f}|{mx.array(3):05d}|{mx.array(2.0)}" == "1.23|00003|2.0"
    assert f"{mx.array([1])}" == str(mx.array([1]))
    assert "%d %.1f" % (mx.array([3]), mx.array(2.5)) == "3 2.5"  # noqa: UP031
    with pytest.raises(TypeError):
        f"{mx.array([1.5]):.2f}"


# ---------------------------------------------------------------- operators

OPERATORS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "left_shift": operator.lshift,
    "right_shift": operator.rshift,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_is_its_function(name):
    op, f = OPERATORS[name], getattr(mx, name)
    x, y = mx.array([[5, 2, 7]]), mx.array([[1], [3]])
    assert_same(op(x, y), host(f(x, y)), dtype_name(f(x, y)))
    assert_same(op(x, 2), host(f(x, 2)), dtype_name(f(x, 2)))


@pytest.mark.parametrize("name", list(OPERATORS)[:13])
def test_a_scalar_may_stand_on_the_left(name):
    op, f = OPERATORS[name], getattr(mx, name)
    x = mx.array([1, 2, 3])
    assert_same(op(7, x), host(f(7, x)), dtype_name(f(7, x)))


def test_unary_operators():
    x = mx.array([1, -2])
    assert_same(-x, [-1, 2])
    assert_same(+x, [1, -2])
    assert_same(abs(x), [1, 2])
    assert_same(~x, [-2, 1])
    assert_same(~mx.array([True, False]), [False, True], "bool")
    with pytest.raises(ValueError):
        -mx.array([True])


def test_matrix_product_operator():
    a, b = mx.array([[1.0, 2.0]]), mx.array([[3.0], [4.0]])
    assert_same(a @ b, [[11]])
    c = a
    c @= b
    assert c is a
    assert_same(c, [[11]])
    with pytest.raises(TypeError):
        a @ None


@pytest.mark.cotan_only
def test_numpy_matrices_multiply_like_other_numpy_operands():
    product = mx.array([[1.0, 2.0]]) @ np.array([[3.0], [4.0]])
    assert isinstance(product, mx.array)
    assert_same(product, [[11]])


@pytest.mark.cotan_only
def test_a_numpy_matrix_may_stand_on_the_right():
    product = mx.array([[1.0, 2.0]]) @ np.array([[3.0], [4.0]])
    assert type(product) is mx.array
    assert_same(product, [[11]], "float32")


@pytest.mark.parametrize(
    "op", ["iadd", "isub", "imul", "ifloordiv", "imod", "ipow", "iand", "ior", "ixor", "ilshift", "irshift"]
)
def test_augmented_assignment_keeps_the_object(op):
    a = mx.array([7, 6, 5])
    alias, before = a, a * 1
    a = getattr(operator, op)(a, 2)
    assert alias is a
    plain = getattr(operator, op[1:] + ("_" if op in ("iand", "ior") else ""))
    assert_same(alias, host(plain(before, 2)), "int32")


def test_augmented_assignment_may_change_dtype_and_shape():
    a = mx.array([1, 2, 3])
    b = a
    a += 1.5
    assert_same(b, [2.5, 3.5, 4.5], "float32")
    a += mx.array([[1.0], [2.0]])
    assert b.shape == (2, 3)


def test_integers_are_not_divided_in_place():
    a = mx.array([1, 2, 3])
    with pytest.raises(ValueError):
        a /= 2
    a //= 2
    assert_same(a, [0, 1, 1])


def test_results_made_before_an_update_keep_their_values():
    a = mx.array([1, 2, 3])
    doubled = a * 2
    a[0] = 50
    a += 1
    assert_same(doubled, [2, 4, 6])


def test_equality_with_strangers_is_plain_false():
    x = mx.array([1, 2])
    for stranger in ("a", [1, 2], {}, (1, 2)):
        assert (x == stranger) is False
        assert (x != stranger) is True


@pytest.mark.cotan_only
def test_equality_with_none_is_plain_false():
    x = mx.array([1, 2])
    assert (x == None) is False
    assert (x != None) is True


@pytest.mark.parametrize("stranger", ["a", [1, 2]])
def test_other_operators_refuse_strangers(stranger):
    x = mx.array([1, 2])
    for op in (operator.add, operator.lt, operator.mul):
        with pytest.raises((ValueError, TypeError)):
            op(x, stranger)
    with pytest.raises(TypeError):
        x + None


def test_arrays_are_not_rounded_by_the_builtin():
    with pytest.raises(TypeError):
        round(mx.array([1.5]))


@pytest.mark.cotan_only
def test_bit_operators_take_a_scalar_on_the_left_and_divmod_an_array():
    x = mx.array([1, 2])
    assert_same(1 << x, [2, 4])
    assert_same(16 >> x, [8, 4])
    assert_same(3 & x, [1, 2])
    assert_same(1 | x, [1, 3])
    assert_same(3 ^ x, [2, 1])
    quotient, rest = divmod(mx.array(7), 2)
    assert_same(quotient, 3)
    assert_same(rest, 1)


def test_operands_that_do_not_broadcast_are_refused_at_once():
    for op in (operator.add, operator.eq, operator.lt):
        with pytest.raises(ValueError):
            op(mx.array([1, 2]), mx.array([1, 2, 3]))


def test_integer_division_follows_python_and_survives_zero():
    x = mx.array([7, -7, 7, -7])
    y = mx.array([2, 2, -2, -2])
    assert_same(x // y, [3, -4, -4, 3])
    assert_same(x % y, [1, 1, -1, -1])
    assert_same(mx.array([5]) // 0, [0])
    assert_same(mx.array([5]) % 0, [5])
    assert_same(mx.array([5, 0]) / 0, [np.inf, np.nan], "float32")


@pytest.mark.cotan_only
def test_integer_division_never_ends_the_process():
    low = mx.array([-(2**31)])
    assert_same(low // -1, [-(2**31)])
    assert_same(low % -1, [0])
    quotient, rest = mx.divmod(mx.array([7]), 0)
    assert_same(quotient, [0])
    assert_same(rest, [7])


def test_integers_wrap():
    assert_same(mx.array([2**31 - 1]) + 1, [-(2**31)])
    assert_same(-mx.array([1], mx.uint8), [255])
    assert_same(abs(mx.array([-128], mx.int8)), [-128])
    assert_same(mx.array([2]) ** -1, [0])
    assert_same(mx.array([0]) ** 0, [1])


def test_complex_numbers_are_ordered_by_real_then_imaginary_part():
    z = mx.array([3 + 1j, 1 + 2j, 1 + 1j])
    assert_same(mx.sort(z), [1 + 1j, 1 + 2j, 3 + 1j])
    assert_same(z < mx.array(1 + 2j), [False, False, True])
    assert mx.argmax(z).item() == 0


METHODS = {
    "abs": (), "square": (), "sqrt": (), "rsqrt": (), "reciprocal": (), "exp": (), "log": (), "log2": (), "log10": (),
    "sin": (), "cos": (), "log1p": (), "all": (0,), "any": (1, True), "moveaxis": (0, 1), "swapaxes": (0, 1),
    "sum": (1,), "prod": (0,), "min": (), "max": (1,), "logsumexp": (1,), "logcumsumexp": (0,), "mean": ((0, 1),),
    "std": (1,), "var": (1, True), "split": (2,), "argmin": (1,), "argmax": (), "cumsum": (0,), "cumprod": (1,),
    "cummax": (0,), "cummin": (0,), "round": (1,), "diagonal": (), "diag": (1,), "conj": (), "flatten": (),
    "astype": (mx.int32,), "view": (mx.int32,), "squeeze": (),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_its_function(name):
    x, args = mx.array([[1.5, 2.25], [0.5, 3.0]]), METHODS[name]
    got, want = getattr(x, name)(*args), getattr(mx, name)(x, *args)
    got, want = (list(v) if isinstance(v, list | tuple) else [v] for v in (got, want))
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert_same(g, host(w), dtype_name(w))


def test_shape_methods_take_ints_or_one_sequence():
    x = mx.arange(6)
    for shaped in (x.reshape(2, 3), x.reshape((2, 3)), x.reshape([2, -1])):
        assert shaped.shape == (2, 3)
    y = mx.zeros((2, 3, 4))
    for turned in (y.transpose(2, 0, 1), y.transpose((2, 0, 1)), y.transpose([-1, 0, 1])):
        assert turned.shape == (4, 2, 3)
    assert y.transpose().shape == (4, 3, 2)


@pytest.mark.cotan_only
def test_one_element_reshapes_to_no_axes():
    assert mx.ones((1, 1)).reshape(()).shape == ()
    assert mx.ones((1,)).reshape().shape == ()
    with pytest.raises(ValueError):
        mx.ones((2,)).reshape(())


def test_every_op_takes_a_stream():
    assert_same(mx.add(1, 2, stream=mx.cpu), 3)
    assert_same(mx.arange(3, stream=None).sum(stream=mx.default_stream(mx.cpu)), 3)
    with pytest.raises(TypeError):
        mx.sin(mx.array(1.0), stream="cpu")


def test_elementwise_functions_take_scalars_and_buffers_but_others_do_not():
    assert_close(mx.sin(0.5), np.sin(0.5))
    assert_same(mx.maximum(np.array([1.0, 3.0]), 2), [2, 3])
    for f in (mx.sum, mx.sort, mx.transpose, mx.cumsum):
        for stranger in (1.0, [1.0, 2.0], np.ones(2)):
            with pytest.raises(TypeError):
                f(stranger)


@pytest.mark.parametrize(
    "call",
    [lambda: mx.sin(), lambda: mx.sin(mx.array(1.0), 2), lambda: mx.add(1), lambda: mx.sum(mx.ones(2), nope=1)],
    ids=["none", "many", "few", "keyword"],
)
def test_wrong_arguments_are_type_errors(call):
    with pytest.raises(TypeError):
        call()


# ---------------------------------------------------------------- printing


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1.0, 2.5, -0.0, 1e-10, 1e10, 1 / 3], "array([1, 2.5, -0, 1e-10, 1e+10, 0.333333], dtype=float32)"),
        ([1234567.0, 0.0001, 0.00001], "array([1.23457e+06, 0.0001, 1e-05], dtype=float32)"),
        ([np.inf, -np.inf], "array([inf, -inf], dtype=float32)"),
        (5.0, "array(5, dtype=float32)"),
        ([True, False], "array([True, False], dtype=bool)"),
        ([1 + 2j, -0.5 - 3.5j], "array([1+2j, -0.5-3.5j], dtype=complex64)"),
        ([[1, 2], [3, 4]], "array([[1, 2],\n       [3, 4]], dtype=int32)"),
        ([[[1], [2]], [[3], [4]]], "array([[[1],\n        [2]],\n       [[3],\n        [4]]], dtype=int32)"),
        ([[], []], "array([[], []], dtype=float32)"),
        (list(range(6)), "array([0, 1, 2, 3, 4, 5], dtype=int32)"),
        (list(range(7)), "array([0, 1, 2, ..., 4, 5, 6], dtype=int32)"),
    ],
)
def test_printed_form(value, text):
    x = mx.array(value)
    assert repr(x) == str(x)
    assert "".join(repr(x).split()) == "".join(text.split())
    if x.size:  # where the empty rows go is nobody's business
        assert repr(x) == text


def test_reprlib_prints_arrays_too():
    assert reprlib.repr(mx.array([1, 2])) == repr(mx.array([1, 2]))


def test_long_axes_are_shortened_one_by_one():
    text = repr(mx.zeros((7, 1), mx.int8))
    assert text.count("[0]") == 6
    assert "...,\n" in text
    assert "..." not in repr(mx.zeros((6, 6)))


def test_print_precision_switches_to_fixed_notation_until_restored():
    with mx.printoptions(precision=2):
        assert mx.get_printoptions().precision == 2
        assert repr(mx.array([1 / 3, 10.0])) == "array([0.33, 10.00], dtype=float32)"
        assert repr(mx.array([7])) == "array([7], dtype=int32)"
    assert mx.get_printoptions().precision == -1
    try:
        mx.set_printoptions(precision=1)
        assert repr(mx.array(1 / 3 + 1j)) == "array(0.3+1.0j, dtype=complex64)"
    finally:
        mx.set_printoptions()
    assert repr(mx.array(0.25)) == "array(0.25, dtype=float32)"


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=6))
def test_printed_floats_read_back_to_six_digits(values):
    text = repr(mx.array(values))
    numbers = text.removeprefix("array([").split("]")[0].split(",")
    np.testing.assert_allclose([float(v) for v in numbers], np.float64(values), rtol=5e-6)


# ---------------------------------------------------------------- copies


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, mx.array])
def test_copies_are_independent(duplicate):
    a = mx.array([1, 2])
    b = duplicate(a)
    b[0] = 9
    assert_same(a, [1, 2])
    assert_same(b, [9, 2])


def test_deepcopy_honours_its_memo():
    a = mx.array([1])
    first, second = copy.deepcopy([a, a])
    assert first is second
    assert first is not a


@pytest.mark.parametrize("dtype", [d for d in ALL if d != "float64"])
def test_pickling_keeps_values_and_dtype(dtype):
    x = device([[0, 1, 2]], dtype) if dtype != "bool" else mx.array([[False, True, True]])
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert_same(pickle.loads(pickle.dumps(x, protocol)), host(x), dtype)


@pytest.mark.cotan_only
def test_pickling_keeps_doubles():
    assert pickle.loads(pickle.dumps(device([0.1], "float64"))).item() == 0.1


@pytest.mark.parametrize("dtype", FLOATS)
def test_large_sums_keep_their_precision(dtype):
    n = 1 << 12
    assert float(mx.mean(mx.ones((n,), mx_dtype(dtype))).item()) == pytest.approx(1, rel=1e-2)
