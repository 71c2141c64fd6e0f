//! Saving and loading arrays.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Cursor, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;

use cotan::{Array, DType, Tensor, ops};
use cotan_io::{Error, ErrorKind, Format, Lazy, Loaded, MetaValue};
use cotan_kernels::{Buffer, Output};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Fault, Result, runtime_error, type_error, value_error};
use crate::functions::add_functions;
use crate::operand::ArrayArg;

/// Tensors of at least so many bytes use the mapped file as their memory; smaller ones are copied, which costs less than
/// keeping the file.
const WORTH_MAPPING: usize = 1 << 20;

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error.kind() {
            ErrorKind::Value => value_error(error.to_string()),
            ErrorKind::Runtime => runtime_error(error.to_string()),
        }
    }
}

/// An argument that names a file or is one.
enum File<'py> {
    Path(PathBuf),
    Object(Bound<'py, PyAny>),
}

impl<'py> File<'py> {
    /// `method` is what an open file must have to be of use.
    fn of(file: &Bound<'py, PyAny>, method: &str) -> Result<File<'py>> {
        if file.cast::<PyString>().is_ok() || file.hasattr("__fspath__")? {
            return Ok(File::Path(file.extract()?));
        }
        if file.hasattr(method)? {
            return Ok(File::Object(file.clone()));
        }
        let name = file.get_type().name()?;
        Err(value_error(format!("expected a path or an open file with the method {method}(), got {name}")))
    }
}

/// What goes into a file.
enum Contents {
    Npy(Tensor),
    Npz { arrays: Vec<(String, Tensor)>, compressed: bool },
    Safetensors { arrays: Vec<(String, Tensor)>, metadata: Option<BTreeMap<String, String>> },
    Gguf { arrays: Vec<(String, Tensor)>, metadata: Vec<(String, MetaValue)> },
}

impl Contents {
    fn format(&self) -> Format {
        match self {
            Contents::Npy(_) => Format::Npy,
            Contents::Npz { .. } => Format::Npz,
            Contents::Safetensors { .. } => Format::Safetensors,
            Contents::Gguf { .. } => Format::Gguf,
        }
    }

    fn write<W: Write + Seek>(&self, w: &mut W) -> cotan_io::Result<()> {
        match self {
            Contents::Npy(tensor) => {
                // Column-major elements are those of the transpose in row-major order.
                let reversed: Vec<usize> = (0..tensor.shape().len()).rev().collect();
                let transposed = tensor.permute(&reversed);
                let fortran = !tensor.is_row_major();
                let data = if fortran { transposed.as_bytes() } else { tensor.as_bytes() };
                cotan_io::save_npy(w, tensor.dtype(), tensor.shape(), data.unwrap_or_default(), fortran)
            }
            Contents::Npz { arrays, compressed } => cotan_io::save_npz(w, &borrowed(arrays), *compressed),
            Contents::Safetensors { arrays, metadata } => {
                cotan_io::save_safetensors(w, &borrowed(arrays), metadata.as_ref())
            }
            Contents::Gguf { arrays, metadata } => cotan_io::save_gguf(w, &borrowed(arrays), metadata),
        }
    }

    /// Writes to a file, whose name gets the extension of the format unless it has it.
    fn save(&self, py: Python<'_>, file: File<'_>) -> Result<()> {
        match file {
            File::Path(mut path) => {
                let extension = format!(".{}", self.format());
                if !path.as_os_str().to_string_lossy().ends_with(&extension) {
                    path.as_mut_os_string().push(OsStr::new(&extension));
                }
                Ok(py.detach(|| cotan_io::atomic_write(path, |w| self.write(w)))?)
            }
            File::Object(object) => {
                let mut bytes = Cursor::new(Vec::new());
                py.detach(|| self.write(&mut bytes))?;
                object.call_method1("write", (PyBytes::new(py, bytes.get_ref()),))?;
                Ok(())
            }
        }
    }
}

pub fn borrowed(arrays: &[(String, Tensor)]) -> Vec<cotan_io::Tensor<'_>> {
    let borrow = |(name, tensor)| {
        let (name, tensor): (&String, &Tensor) = (name, tensor);
        let data = tensor.as_bytes().unwrap_or_default();
        cotan_io::Tensor { name, dtype: tensor.dtype(), shape: tensor.shape(), data }
    };
    arrays.iter().map(|(name, tensor)| borrow((name, tensor))).collect()
}

/// The elements in row-major order, or in column-major order if that is allowed and they are.
fn elements(array: &Array, column_major: bool) -> cotan::Result<Tensor> {
    let tensor = array.tensor()?;
    let reversed: Vec<usize> = (0..tensor.shape().len()).rev().collect();
    if column_major && tensor.permute(&reversed).is_row_major() {
        return Ok(tensor);
    }
    Ok(tensor.to_row_major()?)
}

/// Evaluates arrays without holding the interpreter.
pub fn evaluate(py: Python<'_>, arrays: Vec<(String, Array)>) -> Result<Vec<(String, Tensor)>> {
    py.detach(|| arrays.into_iter().map(|(name, array)| Ok((name, elements(&array, false)?))).collect())
}

/// The arrays of a dict by name.
fn named(function: &str, arrays: &Bound<'_, PyDict>) -> Result<Vec<(String, Array)>> {
    let entry = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let Ok(key) = key.extract::<String>() else {
            return Err(type_error(format!("{function}: names are strings, got {}", key.repr()?)));
        };
        Ok((key, value.extract::<ArrayArg>()?.0))
    };
    arrays.iter().map(entry).collect()
}

/// Saves one array to an npy file.
///
/// `file` is a path, which gets the extension `.npy` unless it has it, or an open binary file. RuntimeError when it
/// can't be written.
///
/// >>> import cotan.core as mx
/// >>> mx.save("x", mx.array([1, 2, 3]))
/// >>> mx.load("x.npy")
/// array([1, 2, 3], dtype=int32)
#[pyfunction]
#[pyo3(signature = (file: "_File", arr))]
fn save(py: Python<'_>, file: &Bound<'_, PyAny>, arr: ArrayArg) -> Result<()> {
    let file = File::of(file, "write")?;
    let tensor = py.detach(|| elements(&arr.0, true))?;
    Contents::Npy(tensor).save(py, file)
}

fn save_archive(
    file: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
    compressed: bool,
) -> Result<()> {
    let py = file.py();
    let file = File::of(file, "write")?;
    let mut arrays = match kwargs {
        Some(kwargs) => named("savez", kwargs)?,
        None => Vec::new(),
    };
    for (i, array) in args.iter().enumerate() {
        let name = format!("arr_{i}");
        if arrays.iter().any(|(taken, _)| *taken == name) {
            return Err(value_error(format!("savez: the name {name} is both a keyword and that of argument {i}")));
        }
        arrays.push((name, array.extract::<ArrayArg>()?.0));
    }
    let arrays = evaluate(py, arrays)?;
    Contents::Npz { arrays, compressed }.save(py, file)
}

/// Saves arrays to an npz file, which is a zip archive: keyword arguments under their names, others as `arr_0` and so on.
///
/// `file` is a path, which gets the extension `.npz` unless it has it, or an open binary file. ValueError when two arrays
/// have the same name, RuntimeError when the file can't be written.
///
/// >>> import cotan.core as mx
/// >>> mx.savez("all", mx.array(1), named=mx.array(2))
/// >>> sorted(mx.load("all.npz"))
/// ['arr_0', 'named']
#[pyfunction]
#[pyo3(signature = (file: "_File", *args: "_Array", **kwargs: "_Array"))]
fn savez(file: &Bound<'_, PyAny>, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> Result<()> {
    save_archive(file, args, kwargs, false)
}

/// Saves arrays as `savez` does, compressed.
///
/// >>> import cotan.core as mx
/// >>> mx.savez_compressed("small", zeros=mx.zeros((100,)))
/// >>> mx.load("small.npz")["zeros"].shape
/// (100,)
#[pyfunction]
#[pyo3(signature = (file: "_File", *args: "_Array", **kwargs: "_Array"))]
fn savez_compressed(
    file: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> Result<()> {
    save_archive(file, args, kwargs, true)
}

/// Saves a dict of arrays, with an optional dict of strings as metadata, to a safetensors file.
///
/// `file` is a path, which gets the extension `.safetensors` unless it has it, or an open binary file. RuntimeError for
/// float64 arrays, which the format lacks, and when the file can't be written; ValueError for metadata of other types.
///
/// >>> import cotan.core as mx
/// >>> mx.save_safetensors("weights", {"w": mx.array([1.0, 2.0])}, {"epoch": "3"})
/// >>> mx.load("weights.safetensors", return_metadata=True)
/// ({'w': array([1, 2], dtype=float32)}, {'epoch': '3'})
#[pyfunction]
#[pyo3(signature = (file: "_File", arrays: "dict[str, array]", metadata: "dict[str, str] | None" = None))]
fn save_safetensors(
    file: &Bound<'_, PyAny>,
    arrays: &Bound<'_, PyDict>,
    metadata: Option<&Bound<'_, PyAny>>,
) -> Result<()> {
    let py = file.py();
    let file = File::of(file, "write")?;
    let metadata = match metadata.map(PyAnyMethods::extract::<BTreeMap<String, String>>) {
        None => None,
        Some(Ok(metadata)) => Some(metadata),
        Some(Err(_)) => return Err(value_error("save_safetensors: metadata is a dict of strings by strings")),
    };
    let arrays = evaluate(py, named("save_safetensors", arrays)?)?;
    Contents::Safetensors { arrays, metadata }.save(py, file)
}

/// Saves a dict of arrays and a dict of metadata (strings, lists of strings, arrays of at most one axis) to a gguf file.
///
/// `file` is a path, which gets the extension `.gguf` unless it has it. The arrays are float16, float32, int8, int16 or
/// int32: RuntimeError for others, for other metadata, and when the file can't be written.
///
/// >>> import cotan.core as mx
/// >>> mx.save_gguf("weights", {"w": mx.array([1.0, 2.0])}, {"epoch": "3"})
/// >>> mx.load("weights.gguf", return_metadata=True)
/// ({'w': array([1, 2], dtype=float32)}, {'epoch': '3'})
#[pyfunction]
#[pyo3(signature = (
    file: "str | PathLike[str]",
    arrays: "dict[str, array]",
    metadata: "Mapping[str, str | list[str] | array] | None" = None,
))]
fn save_gguf(file: &Bound<'_, PyAny>, arrays: &Bound<'_, PyDict>, metadata: Option<&Bound<'_, PyDict>>) -> Result<()> {
    let py = file.py();
    let file = match File::of(file, "write")? {
        path @ File::Path(_) => path,
        File::Object(_) => return Err(value_error("save_gguf: takes a path, not an open file")),
    };
    let mut entries = Vec::new();
    for (key, value) in metadata.into_iter().flatten() {
        let Ok(key) = key.extract::<String>() else {
            return Err(type_error(format!("save_gguf: names are strings, got {}", key.repr()?)));
        };
        let value = meta_value(&key, &value)?;
        entries.push((key, value));
    }
    let arrays = evaluate(py, named("save_gguf", arrays)?)?;
    Contents::Gguf { arrays, metadata: entries }.save(py, file)
}

fn meta_value(key: &str, value: &Bound<'_, PyAny>) -> Result<MetaValue> {
    if let Ok(text) = value.extract::<String>() {
        return Ok(MetaValue::Str(text));
    }
    if let Ok(texts) = value.extract::<Vec<String>>() {
        return Ok(MetaValue::Strs(texts));
    }
    let Ok(array) = value.extract::<ArrayArg>() else {
        let given = value.repr()?;
        let message = format!("save_gguf: metadata {key:?} is a string, a list of strings or an array, got {given}");
        return Err(runtime_error(message));
    };
    let tensor = value.py().detach(|| elements(&array.0, false))?;
    let data = tensor.as_bytes().unwrap_or_default().to_vec();
    Ok(MetaValue::Array { dtype: tensor.dtype(), shape: tensor.shape().to_vec(), data })
}

/// Loads arrays from a file: one from npy, a dict of them from npz, safetensors and gguf.
///
/// `file` is a path or an open binary file (not for gguf); `format` is the name of one of the formats, by default the
/// last extension of the file's name. With `return_metadata` the result is a tuple of the dict and the metadata, which
/// safetensors and gguf files have. The elements are read when they are needed.
///
/// ValueError for an unknown format, RuntimeError for a file that is missing or damaged.
///
/// >>> import cotan.core as mx
/// >>> mx.save("x.npy", mx.array([1, 2, 3]))
/// >>> mx.load("x.npy")
/// array([1, 2, 3], dtype=int32)
#[pyfunction]
#[cfg_attr(
    false,
    python(
        "def load(file: _File, /, format: str | None = None, return_metadata: Literal[False] = False, *, \
                stream: _Stream | None = None) -> array | dict[str, array]",
        "def load(file: _File, /, format: str | None = None, *, return_metadata: Literal[True], \
                stream: _Stream | None = None) -> tuple[dict[str, array], dict[str, Any]]",
        "def load(file: _File, /, format: str | None, return_metadata: Literal[True], *, \
                stream: _Stream | None = None) -> tuple[dict[str, array], dict[str, Any]]",
    )
)]
#[pyo3(signature = (file, /, format = None, return_metadata = false, *, stream = None))]
fn load<'py>(
    file: &Bound<'py, PyAny>,
    format: Option<&str>,
    return_metadata: bool,
    stream: Option<StreamArg>,
) -> Result<Bound<'py, PyAny>> {
    // One device: that the stream is one was checked when it was parsed.
    let _ = stream;
    let py = file.py();
    let format: Option<Format> = format.map(str::parse).transpose()?;
    let loaded = match File::of(file, "read")? {
        File::Path(path) => {
            let format = format.map_or_else(|| Format::from_extension(&path), Ok)?;
            expect_metadata(format, return_metadata)?;
            py.detach(|| cotan_io::load_file(&path, Some(format)))?
        }
        File::Object(object) => {
            let format = match format {
                Some(format) => format,
                None => Format::from_extension(&object.getattr("name")?.extract::<PathBuf>()?)?,
            };
            expect_metadata(format, return_metadata)?;
            if format == Format::Gguf {
                return Err(value_error("load: gguf files are loaded by path, not from an open file"));
            }
            let bytes: Vec<u8> = object.call_method0("read")?.extract()?;
            py.detach(|| cotan_io::load(bytes.into(), format))?
        }
    };
    match loaded {
        Loaded::Array(lazy) => Ok(Bound::new(py, PyArray::new(array(lazy)))?.into_any()),
        Loaded::Arrays { arrays, metadata } => {
            let dict = PyDict::new(py);
            for (name, lazy) in arrays {
                dict.set_item(name, PyArray::new(array(lazy)))?;
            }
            if !return_metadata {
                return Ok(dict.into_any());
            }
            Ok((dict, metadata_dict(py, metadata)?).into_pyobject(py)?.into_any())
        }
    }
}

fn expect_metadata(format: Format, wanted: bool) -> Result<()> {
    match format {
        Format::Npy | Format::Npz if wanted => Err(value_error(format!("load: {format} files have no metadata"))),
        Format::Npy | Format::Npz | Format::Safetensors | Format::Gguf => Ok(()),
    }
}

fn metadata_dict(py: Python<'_>, metadata: Vec<(String, MetaValue)>) -> Result<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in metadata {
        match value {
            MetaValue::Str(text) => dict.set_item(key, text)?,
            MetaValue::Strs(texts) => dict.set_item(key, PyList::new(py, texts)?)?,
            MetaValue::Array { dtype, shape, data } => {
                let array = Array::from_tensor(filled(dtype, &shape, |bytes| {
                    bytes.copy_from_slice(&data);
                    Ok(())
                })?);
                dict.set_item(key, PyArray::new(array))?;
            }
        }
    }
    Ok(dict)
}

/// A tensor whose bytes `fill` writes.
fn filled(
    dtype: DType,
    shape: &[usize],
    fill: impl FnOnce(&mut [u8]) -> cotan_io::Result<()>,
) -> cotan::Result<Tensor> {
    let mut output = Output::new(dtype, shape)?;
    fill(output.bytes_mut()).map_err(|error| cotan::Error::Runtime { op: "load", message: error.to_string() })?;
    Ok(output.finish())
}

/// An array that reads its elements from the file when they are needed.
pub fn array(lazy: Lazy) -> Array {
    Array::lazy(&lazy.shape.clone(), lazy.dtype, Arc::new(InFile(lazy)))
}

/// Elements in a file.
#[derive(Debug)]
struct InFile(Lazy);

impl ops::Source for InFile {
    fn load(&self) -> cotan::Result<Tensor> {
        let InFile(lazy) = self;
        if lazy.nbytes() >= WORTH_MAPPING
            && let Some(range) = lazy.mapped()
            && range.as_ptr().addr().get().is_multiple_of(lazy.dtype.size())
        {
            let (start, len) = (range.as_ptr().as_ptr(), range.len);
            // SAFETY: the range may be read and written as long as its owner lives, which the buffer holds; the condition
            // above checks its alignment.
            let buffer = unsafe { Buffer::foreign(start, len, Box::new(range)) };
            return Ok(Tensor::from_buffer(buffer, lazy.dtype, &lazy.shape));
        }
        filled(lazy.dtype, &lazy.shape, |bytes| lazy.read_into(bytes))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; save, savez, savez_compressed, save_safetensors, save_gguf, load);
    Ok(())
}
