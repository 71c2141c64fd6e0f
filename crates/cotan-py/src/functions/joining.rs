//! Arrays joined, taken apart and padded.

use cotan::{Array, ops};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{ArrayList, Integers, add_functions, alias, all_on, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Result, type_error, value_error};
use crate::operand::{ArrayArg, Elementwise};

/// The arrays one after another along `axis`, or flattened first when that is None. Types promote.
///
/// IndexError for an axis that doesn't exist, ValueError when there is no array or other axes differ in size.
///
/// >>> import cotan.core as mx
/// >>> mx.concatenate([mx.array([1, 2]), mx.array([0.5])])
/// array([1, 2, 0.5], dtype=float32)
#[pyfunction]
#[pyo3(
    signature = (arrays, axis = Some(0), *, stream = None),
    text_signature = "(arrays, axis=0, *, stream=None)"
)]
fn concatenate(arrays: ArrayList, axis: Option<i64>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::concatenate(&arrays.0, axis))
}

/// The arrays, all of one shape, along a new axis of the result (the first when that is None). Types promote.
///
/// IndexError for an axis that the result can't have, ValueError when there is no array or shapes differ.
///
/// >>> import cotan.core as mx
/// >>> mx.stack([mx.array([1, 2]), mx.array([3, 4])], axis=1)
/// array([[1, 3],
///        [2, 4]], dtype=int32)
#[pyfunction]
#[pyo3(
    signature = (arrays, axis = Some(0), *, stream = None),
    text_signature = "(arrays, axis=0, *, stream=None)"
)]
fn stack(arrays: ArrayList, axis: Option<i64>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::stack(&arrays.0, axis.unwrap_or(0)))
}

/// How to take an axis apart: into so many equal parts, or at places.
#[cfg_attr(false, python("int | Sequence[int]"))]
pub enum SplitArg {
    Parts(i64),
    Places(Vec<i64>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for SplitArg {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<i64>() {
            Ok(parts) => Ok(SplitArg::Parts(parts)),
            Err(_) => Ok(SplitArg::Places(object.extract::<Integers>()?.0)),
        }
    }
}

impl SplitArg {
    pub fn split(&self, a: &Array, axis: i64) -> cotan::Result<Vec<Array>> {
        let sections = match self {
            SplitArg::Parts(parts) => ops::Sections::Equal(*parts),
            SplitArg::Places(places) => ops::Sections::At(places),
        };
        ops::split(a, sections, axis)
    }
}

/// The list of parts along `axis`: so many equal ones, or cut at the places in a sequence. Views.
///
/// IndexError for an axis that doesn't exist, ValueError when the number of parts doesn't divide its size.
///
/// >>> import cotan.core as mx
/// >>> mx.split(mx.arange(4), [1])
/// [array([0], dtype=int32), array([1, 2, 3], dtype=int32)]
#[pyfunction]
#[pyo3(signature = (a, /, indices_or_sections, axis = 0, *, stream = None))]
fn split(a: ArrayArg, indices_or_sections: SplitArg, axis: i64, stream: Option<StreamArg>) -> Result<Vec<PyArray>> {
    all_on(stream, indices_or_sections.split(&a.0, axis))
}

/// The tuple of slices along `axis`, without that axis. IndexError for an axis that doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.unstack(mx.array([[1, 2], [3, 4]]))
/// (array([1, 2], dtype=int32), array([3, 4], dtype=int32))
#[pyfunction]
#[pyo3(signature = (x, /, *, axis = 0, stream = None) -> "tuple[array, ...]")]
fn unstack(py: Python<'_>, x: ArrayArg, axis: i64, stream: Option<StreamArg>) -> Result<Bound<'_, PyTuple>> {
    Ok(PyTuple::new(py, all_on(stream, ops::unstack(&x.0, axis))?)?)
}

/// How many places come before and after each axis.
#[cfg_attr(false, python("int | Sequence[int] | Sequence[Sequence[int]]"))]
enum Width {
    Same(i64),
    Pair(i64, i64),
    PerAxis(Vec<(i64, i64)>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Width {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(width) = object.extract::<i64>() {
            return Ok(Width::Same(width));
        }
        if let Ok(widths) = object.extract::<Integers>() {
            return match widths.0[..] {
                [width] => Ok(Width::Same(width)),
                [before, after] => Ok(Width::Pair(before, after)),
                _ => Err(value_error("pad: widths are an int, a pair (before, after), or a pair for each axis").into()),
            };
        }
        if object.cast::<PyList>().is_err() && object.cast::<PyTuple>().is_err() {
            let name = object.get_type().name()?;
            return Err(
                type_error(format!("pad: widths are an int, a pair, or a pair for each axis; got {name}")).into()
            );
        }
        let pair = |item: PyResult<Bound<'py, PyAny>>| match item?.extract::<Integers>()?.0[..] {
            [width] => Ok((width, width)),
            [before, after] => Ok((before, after)),
            _ => Err(value_error("pad: the widths of an axis are a pair (before, after)").into()),
        };
        Ok(Width::PerAxis(object.try_iter()?.map(pair).collect::<PyResult<_>>()?))
    }
}

/// The array with places added before and after each axis.
///
/// `pad_width` is an int, a pair `(before, after)` for all axes, or a list with a pair for each axis. The new places hold
/// `constant_values` in the mode "constant", the nearest element in the mode "edge", and the reflection without or with
/// its edge in the modes "reflect" and "symmetric". ValueError for another mode, negative widths, or a wrong number of
/// pairs.
///
/// >>> import cotan.core as mx
/// >>> mx.pad(mx.array([1, 2, 3]), (2, 1), mode="reflect")
/// array([3, 2, 1, 2, 3, 2], dtype=int32)
#[pyfunction]
#[pyo3(
    signature = (a, pad_width, mode = "constant", constant_values = None, *, stream = None),
    text_signature = "(a, pad_width, mode='constant', constant_values=0, *, stream=None)"
)]
fn pad(
    a: ArrayArg,
    pad_width: Width,
    mode: &str,
    constant_values: Option<Elementwise>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let mode = match mode {
        "constant" => ops::PadMode::Constant(match constant_values {
            Some(value) => value.0.stored_in(a.0.dtype())?,
            None => ops::zeros(&[], a.0.dtype()),
        }),
        "edge" => ops::PadMode::Edge,
        "reflect" => ops::PadMode::Reflect,
        "symmetric" => ops::PadMode::Symmetric,
        other => {
            let known = "constant, edge, reflect and symmetric";
            return Err(value_error(format!("pad: unknown mode {other:?}; the modes are {known}")));
        }
    };
    let width = match &pad_width {
        Width::Same(width) => ops::PadWidth::Same(*width),
        Width::Pair(before, after) => ops::PadWidth::Pair(*before, *after),
        Width::PerAxis(pairs) => ops::PadWidth::PerAxis(pairs),
    };
    on(stream, ops::pad(&a.0, width, &mode))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; concatenate, stack, split, unstack, pad);
    alias(module, &[("concat", "concatenate")])
}
