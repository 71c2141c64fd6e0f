"""Files: round trips in every format, agreement with other readers, and hostile bytes that raise and never crash."""

import contextlib
import io
import json
import os
import pathlib
import struct
import zipfile

import cotan.core as mx
import numpy as np
import pytest
from helpers import ALL, assert_same, device, dtype_name, host
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOSTED = [d for d in ALL if d != "bfloat16"]
A = mx.array([[1.0, 2.0], [3.0, 4.0]])
LAYOUTS = {
    "plain": lambda x: x,
    "transposed": lambda x: x.T,
    "strided": lambda x: x[::2, ::-1],
    "scalar": lambda x: x[0, 1],
    "empty": lambda x: x[:0],
    "broadcast": lambda x: mx.broadcast_to(x[0], (5, 4)),
}


def matrix(dtype):
    return device(np.arange(12).reshape(3, 4) % (2 if dtype == "bool" else 12), dtype)


# ---------------------------------------------------------------- round trips


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("dtype", ALL)
def test_every_dtype_and_layout_comes_back(in_tmp, dtype, layout):
    x = layout(matrix(dtype))
    mx.save("x", x)
    assert_same(mx.load("x.npy"), host(x), dtype)
    mx.savez("z", x=x)
    mx.savez_compressed("c", x=x)
    for name in ("z.npz", "c.npz"):
        assert_same(mx.load(name)["x"], host(x), dtype)
    if dtype != "float64":
        mx.save_safetensors("s", {"x": x})
        assert_same(mx.load("s.safetensors")["x"], host(x), dtype)
    if dtype in ("float16", "float32", "int8", "int16", "int32"):
        mx.save_gguf("g", {"x": x if x.ndim else x.reshape(1)})
        assert_same(mx.load("g.gguf")["x"], host(x).reshape(x.shape or (1,)), dtype)


@pytest.mark.parametrize("dtype", HOSTED)
@pytest.mark.parametrize("layout", ["plain", "transposed", "scalar", "empty"])
def test_numpy_reads_what_is_written_and_the_other_way_round(in_tmp, dtype, layout):
    x = LAYOUTS[layout](matrix(dtype))
    mx.save("ours", x)
    np.testing.assert_array_equal(np.load("ours.npy"), host(x))
    assert np.load("ours.npy").dtype == host(x).dtype
    np.save("theirs.npy", host(x))
    assert_same(mx.load("theirs.npy"), host(x), dtype)
    np.savez("theirs.npz", host(x), named=host(x))
    found = mx.load("theirs.npz")
    assert sorted(found) == ["arr_0", "named"]
    assert_same(found["named"], host(x), dtype)
    np.savez_compressed("small.npz", host(x))
    assert_same(mx.load("small.npz")["arr_0"], host(x), dtype)
    mx.savez_compressed("ours", x, k=x)
    with np.load("ours.npz") as theirs:
        np.testing.assert_array_equal(theirs["arr_0"], host(x))
        np.testing.assert_array_equal(theirs["k"], host(x))


@pytest.mark.parametrize("dtype", [">i4", ">f8", ">c8", ">u2"])
def test_big_endian_files_are_read(in_tmp, dtype):
    n = np.arange(5).astype(dtype)
    np.save("n.npy", n)
    assert_same(mx.load("n.npy"), n)


@pytest.mark.parametrize("dtype", ["c16", "U3", "M8[s]", "i4,f4"])
def test_element_types_without_counterpart_are_refused(in_tmp, dtype):
    np.save("n.npy", np.zeros(3, dtype))
    with pytest.raises(ValueError):
        mx.load("n.npy")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_npy_version_is_read(in_tmp, version):
    with open("n.npy", "wb") as f:
        np.lib.format.write_array(f, np.arange(6.0).reshape(2, 3), version=version)
    assert_same(mx.load("n.npy"), np.arange(6.0).reshape(2, 3), "float64")


# ---------------------------------------------------------------- names and file objects


def test_the_extension_is_added_once_and_decides_the_format(in_tmp):
    mx.save("a", A)
    mx.save("b.npy", A)
    mx.save("c.foo", A)
    mx.save(pathlib.Path("d"), A)
    assert sorted(os.listdir()) == ["a.npy", "b.npy", "c.foo.npy", "d.npy"]
    os.rename("a.npy", "a.bin")
    assert_same(mx.load("a.bin", format="npy"), host(A))
    assert_same(mx.load(pathlib.Path("b.npy")), host(A))


SAVERS = {
    "npy": lambda f: mx.save(f, A),
    "npz": lambda f: mx.savez(f, x=A),
    "safetensors": lambda f: mx.save_safetensors(f, {"x": A}),
}


@pytest.mark.parametrize("form", SAVERS)
def test_file_objects_are_written_and_read(in_tmp, form):
    memory = io.BytesIO()
    SAVERS[form](memory)
    memory.seek(0)
    found = mx.load(memory, format=form)
    assert_same(found if form == "npy" else found["x"], host(A))
    memory.seek(0)
    with pytest.raises(AttributeError):
        mx.load(memory)
    with open(f"x.{form}", "wb") as f:
        SAVERS[form](f)
    with open(f"x.{form}", "rb") as f:
        found = mx.load(f)
        assert_same(found if form == "npy" else found["x"], host(A))


def test_loading_is_lazy_and_survives_the_file(in_tmp):
    mx.save("a", A)
    mx.save_safetensors("s", {"x": A})
    late = [mx.load("a.npy"), mx.load("s.safetensors")["x"]]
    os.remove("a.npy")
    os.remove("s.safetensors")
    for x in late:
        assert_same(x, host(A))


def test_a_loaded_array_may_be_saved_over_its_own_file(in_tmp):
    for save, load in (
        (lambda x: mx.save("a.npy", x), lambda: mx.load("a.npy")),
        (lambda x: mx.save_safetensors("a.safetensors", {"x": x}), lambda: mx.load("a.safetensors")["x"]),
    ):
        save(A)
        x = load()
        mx.eval(x)
        save(x + 1)
        assert_same(load(), host(A) + 1)
        assert_same(x, host(A))


def test_a_loaded_array_may_be_changed(in_tmp):
    mx.save_safetensors("s", {"x": A})
    x = mx.load("s.safetensors")["x"]
    x[0] = 9.0
    x += 1
    np.asarray(x)[1, 1] = 7
    assert_same(x, [[10, 10], [4, 7]])
    assert_same(mx.load("s.safetensors")["x"], host(A))


ERRORS = {
    "no extension": (ValueError, lambda: mx.load("a")),
    "unknown extension": (ValueError, lambda: mx.load("a.foo")),
    "unknown format": (ValueError, lambda: mx.load("a.npy", format="zzz")),
    "metadata of npy": (ValueError, lambda: mx.load("a.npy", return_metadata=True)),
    "missing file": ((RuntimeError, OSError), lambda: mx.load("nope.npy")),
    "missing folder": ((RuntimeError, OSError), lambda: mx.save("no/such/folder", A)),
    "numpy to save": (TypeError, lambda: mx.save("t", np.array([1]))),
    "number as file": (ValueError, lambda: mx.save(3, A)),
    "name used twice": (ValueError, lambda: mx.savez("z", A, arr_0=A)),
    "list of arrays": (TypeError, lambda: mx.save_safetensors("s", [A])),
    "metadata not text": (ValueError, lambda: mx.save_safetensors("s", {"x": A}, metadata={"k": 3})),
    "gguf to memory": (ValueError, lambda: mx.save_gguf(io.BytesIO(), {"x": A})),
    "gguf of int64": (RuntimeError, lambda: mx.save_gguf("g", {"x": mx.array([1], mx.int64)})),
    "gguf number": (RuntimeError, lambda: mx.save_gguf("g", {"x": A}, {"k": 3})),
}


@pytest.mark.parametrize(("error", "call"), ERRORS.values(), ids=ERRORS)
def test_wrong_requests_are_refused(in_tmp, error, call):
    mx.save("a", A)
    with pytest.raises(error):
        call()


# ---------------------------------------------------------------- safetensors and gguf


def test_safetensors_keep_names_and_metadata(in_tmp):
    mx.save_safetensors("s", {"x": A, "deep.name": mx.array(3.0), "y": mx.array([1], mx.bfloat16)}, {"k": "v"})
    found, metadata = mx.load("s.safetensors", return_metadata=True)
    assert sorted(found) == ["deep.name", "x", "y"]
    assert metadata == {"k": "v"}
    assert found["deep.name"].shape == ()
    assert dtype_name(found["y"]) == "bfloat16"
    mx.save_safetensors("t", {"x": A})
    assert mx.load("t.safetensors", return_metadata=True)[1] == {}


def test_a_safetensors_file_is_a_length_a_header_and_the_bytes(in_tmp):
    mx.save_safetensors("s", {"x": A.T, "y": mx.array([1, 2], mx.uint8)})
    raw = pathlib.Path("s.safetensors").read_bytes()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    assert header["x"]["dtype"] == "F32"
    assert header["x"]["shape"] == [2, 2]
    begin, end = header["x"]["data_offsets"]
    assert raw[8 + n :][begin:end] == host(A.T).astype("<f4").tobytes()


def safetensors(header, data=b""):
    text = json.dumps(header).encode() if isinstance(header, dict) else header
    return struct.pack("<Q", len(text)) + text + data


def test_a_safetensors_file_of_another_writer_is_read(in_tmp):
    entry = {"dtype": "I16", "shape": [2, 2], "data_offsets": [0, 8]}
    data = np.arange(4, dtype="<i2").tobytes()
    pathlib.Path("s.safetensors").write_bytes(safetensors({"__metadata__": {"format": "pt"}, "x": entry}, data))
    found, metadata = mx.load("s.safetensors", return_metadata=True)
    assert_same(found["x"], [[0, 1], [2, 3]], "int16")
    assert metadata == {"format": "pt"}


def test_gguf_metadata_round_trips(in_tmp):
    given = {"s": "text", "i": mx.array(3), "l": ["a", "b"], "f": mx.array([1.5, 2.5]), "b": mx.array(True)}
    mx.save_gguf("g", {"x": A, "y": mx.array([1, 2], mx.int8)}, given)
    found, metadata = mx.load("g.gguf", return_metadata=True)
    assert_same(found["x"], host(A), "float32")
    assert_same(found["y"], [1, 2], "int8")
    assert metadata["s"] == "text"
    assert metadata["l"] == ["a", "b"]
    assert_same(metadata["i"], 3, "int32")
    assert_same(metadata["f"], [1.5, 2.5], "float32")
    assert_same(metadata["b"], True, "bool")


@pytest.mark.cotan_only
def test_gguf_metadata_may_hold_doubles(in_tmp):
    key = b"\x01\0\0\0\0\0\0\0k"
    raw = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key + struct.pack("<Id", 12, 0.1)
    pathlib.Path("g.gguf").write_bytes(raw + b"\0" * 64)
    metadata = mx.load("g.gguf", return_metadata=True)[1]
    assert metadata["k"].item() == pytest.approx(0.1, rel=1e-7)


# ---------------------------------------------------------------- hostile files

REFUSED = (ValueError, RuntimeError, OSError, MemoryError, OverflowError)


def load_all(raw, form):
    """Load the bytes as a format and evaluate whatever comes out."""
    pathlib.Path(f"bad.{form}").write_bytes(raw)
    found = mx.load(f"bad.{form}")
    mx.eval(found)
    return found


def entry(**changes):
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


BAD_SAFETENSORS = {
    "nothing": b"",
    "short length": b"\x01\0\0",
    "length past the end": struct.pack("<Q", 2**63) + b"{}",
    "length of everything": struct.pack("<Q", 2**64 - 1) + b"{}",
    "no JSON": safetensors(b"not json"),
    "not an object": safetensors(b"[1, 2]"),
    "deep nesting": safetensors(b"[" * 200_000),
    "not UTF-8": safetensors(b'{"\xff": 1}'),
    "entry of another kind": safetensors({"x": 3}),
    "unknown dtype": safetensors(entry(dtype="Q7"), b"\0" * 8),
    "negative axis": safetensors(entry(shape=[-2]), b"\0" * 8),
    "fractional axis": safetensors(entry(shape=[0.5]), b"\0" * 8),
    "huge axes": safetensors(entry(shape=[2**62, 2**62]), b"\0" * 8),
    "offsets past the end": safetensors(entry(shape=[4], data_offsets=[0, 16]), b"\0" * 8),
    "offsets backwards": safetensors(entry(data_offsets=[8, 0]), b"\0" * 8),
    "offsets that do not match": safetensors(entry(shape=[1]), b"\0" * 8),
    "offsets that overflow": safetensors(entry(data_offsets=[2**64 - 8, 2**64]), b"\0" * 8),
    "one offset": safetensors(entry(data_offsets=[0]), b"\0" * 8),
    "no shape": safetensors({"x": {"dtype": "F32", "data_offsets": [0, 8]}}, b"\0" * 8),
    "cut data": safetensors(entry(), b"\0" * 7),
}


@pytest.mark.parametrize("raw", BAD_SAFETENSORS.values(), ids=BAD_SAFETENSORS)
def test_hostile_safetensors_raise(in_tmp, raw):
    with pytest.raises(REFUSED):
        load_all(raw, "safetensors")


def npy(header, data=b"\0" * 64, magic=b"\x93NUMPY\x01\x00"):
    text = header.encode()
    return magic + struct.pack("<H", len(text)) + text + data


def described(descr="'<f4'", order="False", shape="(2,)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


BAD_NPY = {
    "nothing": b"",
    "magic only": b"\x93NUMPY",
    "other magic": npy(described(), magic=b"\x93NUMPX\x01\x00"),
    "future version": npy(described(), magic=b"\x93NUMPY\x09\x00"),
    "cut header": npy(described(), b"")[:20],
    "length past the end": b"\x93NUMPY\x01\x00\xff\xff{",
    "length of four GiB": b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
    "empty header": npy(""),
    "no dictionary": npy("hello\n"),
    "code": npy("__import__('os').system('touch owned')\n"),
    "no shape": npy("{'descr': '<f4', 'fortran_order': False}\n"),
    "negative axis": npy(described(shape="(-1,)")),
    "huge axes": npy(described(shape="(4611686018427387904, 8)")),
    "axis beyond 64 bits": npy(described(shape="(99999999999999999999999,)")),
    "too little data": npy(described(shape="(100,)")),
    "unknown dtype": npy(described(descr="'<q9'")),
    "object dtype": npy(described(descr="'|O'")),
    "deep nesting": npy("{'shape': " + "(" * 60_000),
}


@pytest.mark.parametrize("raw", BAD_NPY.values(), ids=BAD_NPY)
def test_hostile_npy_raise(in_tmp, raw):
    with pytest.raises(REFUSED):
        load_all(raw, "npy")
    assert not os.path.exists("owned")


def gguf(tensors=0, entries=0, body=b"", version=3):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, entries) + body


def text(s):
    return struct.pack("<Q", len(s)) + s


BAD_GGUF = {
    "nothing": b"",
    "magic only": b"GGUF",
    "other magic": b"GGUG" + b"\0" * 64,
    "future version": gguf(version=99),
    "many tensors": gguf(tensors=2**63),
    "many entries": gguf(entries=2**63),
    "string past the end": gguf(entries=1, body=struct.pack("<Q", 2**62)),
    "unknown value type": gguf(entries=1, body=text(b"k") + struct.pack("<I", 77) + b"\0" * 64),
    "array past the end": gguf(entries=1, body=text(b"k") + struct.pack("<IIQ", 9, 4, 2**60)),
    "deep arrays": gguf(entries=1, body=text(b"k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 50_000),
    "many axes": gguf(tensors=1, body=text(b"x") + struct.pack("<I", 2**31)),
    "huge axes": gguf(tensors=1, body=text(b"x") + struct.pack("<IQQIQ", 2, 2**62, 2**62, 0, 0) + b"\0" * 64),
    "data past the end": gguf(tensors=1, body=text(b"x") + struct.pack("<IQIQ", 1, 1000, 0, 0) + b"\0" * 64),
    "offset past the end": gguf(tensors=1, body=text(b"x") + struct.pack("<IQIQ", 1, 1, 0, 2**63) + b"\0" * 64),
    "unknown tensor type": gguf(tensors=1, body=text(b"x") + struct.pack("<IQIQ", 1, 1, 99, 0) + b"\0" * 64),
}


@pytest.mark.cotan_only
@pytest.mark.parametrize("raw", BAD_GGUF.values(), ids=BAD_GGUF)
def test_hostile_gguf_raise(in_tmp, raw):
    with pytest.raises(REFUSED):
        load_all(raw, "gguf")


def test_hostile_archives_raise(in_tmp):
    with pytest.raises(REFUSED):
        load_all(b"PK\x03\x04 nothing", "npz")
    with zipfile.ZipFile("bad.npz", "w") as z:
        z.writestr("x.npy", BAD_NPY["huge axes"])
    with pytest.raises(REFUSED):
        mx.eval(mx.load("bad.npz"))


@pytest.mark.cotan_only
def test_an_archive_that_swells_or_lies_about_its_size_raises(in_tmp):
    with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("x.npy", npy(described(shape="(2,)"), b"\0" * 50_000_000))
    with pytest.raises(REFUSED):
        mx.eval(mx.load("bomb.npz"))
    mx.savez_compressed("z", x=mx.arange(1000))
    raw = bytearray(pathlib.Path("z.npz").read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    pathlib.Path("z.npz").write_bytes(raw)
    with pytest.raises(REFUSED):
        mx.eval(mx.load("z.npz"))


def valid(form):
    """A small valid file of a format, as bytes."""
    if form == "gguf":
        mx.save_gguf("v", {"x": A, "y": mx.array([1, 2], mx.int8)}, {"s": "text", "n": mx.array([1, 2])})
    elif form == "npy":
        mx.save("v", A)
    elif form == "npz":
        mx.savez_compressed("v", x=A, y=mx.arange(100))
    else:
        mx.save_safetensors("v", {"x": A, "y": mx.array([True])}, {"k": "v"})
    return pathlib.Path(f"v.{form}").read_bytes()


FORMATS = ["npy", "npz", "safetensors", pytest.param("gguf", marks=pytest.mark.cotan_only)]


@pytest.mark.parametrize("form", FORMATS)
def test_every_truncation_raises(in_tmp, form):
    raw = valid(form)
    padding = 32 if form == "gguf" else 1  # what follows the last tensor may be missing
    for n in range(0, len(raw) - padding, max(1, len(raw) // 150)):
        with pytest.raises(REFUSED):
            load_all(raw[:n], form)


@pytest.mark.cotan_only
@pytest.mark.parametrize("form", FORMATS)
@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_raise_or_load(in_tmp, form, data):
    raw = bytearray(valid(form))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
    with contextlib.suppress(REFUSED):
        load_all(bytes(raw), form)
