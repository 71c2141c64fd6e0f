//! Arrays from Python numbers, nested lists and foreign arrays, and back to Python values.

use cotan::{Array, Complex32, DType, Element, Scalar, Tensor, ops};
use cotan_kernels::cast::CastTo;
use cotan_kernels::with_dtype;
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyList, PyTuple};

use crate::array::PyArray;
use crate::error::{Result, value_error};
use crate::foreign;
use crate::operand::{Number, number, refusal};

/// Lists within lists deeper than this are refused: a list may contain itself.
const MAX_DEPTH: usize = 64;

/// What `array(value, dtype)` makes.
pub fn array(value: &Bound<'_, PyAny>, dtype: Option<DType>) -> Result<Array> {
    if let Ok(array) = value.cast::<PyArray>() {
        let array = array.get().get();
        return Ok(ops::astype(&array, dtype.unwrap_or(array.dtype()))?);
    }
    if let Some(number) = number(value)? {
        let scalar = number.scalar(dtype.unwrap_or_else(|| number.dtype()));
        return ready(scalar);
    }
    if value.cast::<PyList>().is_ok() || value.cast::<PyTuple>().is_ok() {
        return from_list(value, dtype);
    }
    if let Some(array) = foreign::from_protocol(value)? {
        return Ok(ops::astype(&array, dtype.unwrap_or(array.dtype()))?);
    }
    foreign::import(value, dtype)?.ok_or_else(|| refusal(value))
}

fn ready(scalar: Scalar) -> Result<Array> {
    Ok(with_dtype!(scalar.dtype(), T => Array::from_slice(&[scalar.get::<T>().unwrap_or_default()], &[]))?)
}

/// The items of a nested list in order.
#[derive(Default)]
struct Items {
    shape: Vec<usize>,
    numbers: Vec<Number>,
}

/// The items of a list of nothing but floats, the most common one.
fn floats(list: &Bound<'_, PyAny>) -> Option<Vec<f64>> {
    let list = list.cast::<PyList>().ok().filter(|list| !list.is_empty())?;
    list.iter().map(|item| Some(item.cast_exact::<PyFloat>().ok()?.value())).collect()
}

fn from_list(list: &Bound<'_, PyAny>, dtype: Option<DType>) -> Result<Array> {
    if let Some(values) = floats(list) {
        return Ok(with_dtype!(dtype.unwrap_or(DType::F32), T => {
            let values: Vec<T> = values.iter().map(|value| value.cast_to()).collect();
            Array::from_slice(&values, &[values.len()])
        })?);
    }
    if holds_array(list, 0)? {
        let array = stack(list, 0)?;
        return Ok(ops::astype(&array, dtype.unwrap_or(array.dtype()))?);
    }
    let mut items = Items::default();
    collect(list, 0, &mut items)?;
    let found = items.numbers.iter().map(|number| number.dtype()).reduce(DType::promote);
    let dtype = dtype.or(found).unwrap_or(DType::F32);
    Ok(with_dtype!(dtype, T => {
        let values: Vec<T> = items.numbers.iter().map(|number| cast::<T>(*number)).collect();
        Array::from_slice(&values, &items.shape)
    })?)
}

fn cast<T: Element>(number: Number) -> T
where
    i64: CastTo<T>,
    f64: CastTo<T>,
    Complex32: CastTo<T>,
{
    match number {
        Number::Bool(value) => i64::from(value).cast_to(),
        Number::Int(value) => value.cast_to(),
        Number::Float(value) => value.cast_to(),
        Number::Complex(re, im) => Complex32::new(re as f32, im as f32).cast_to(),
    }
}

fn check_depth(depth: usize) -> Result<()> {
    if depth < MAX_DEPTH {
        Ok(())
    } else {
        Err(value_error(format!("array: lists are nested deeper than {MAX_DEPTH}")))
    }
}

/// Whether an array is among the items of a nested list; if none is, the whole list has been found of bounded depth.
fn holds_array(list: &Bound<'_, PyAny>, depth: usize) -> Result<bool> {
    check_depth(depth)?;
    for item in list.try_iter()? {
        let item = item?;
        let nested = item.cast::<PyList>().is_ok() || item.cast::<PyTuple>().is_ok();
        if item.cast::<PyArray>().is_ok() || (nested && holds_array(&item, depth + 1)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Walks a nested list, checks that it is regular, and gathers its numbers. `holds_array` has bounded the depth.
fn collect(list: &Bound<'_, PyAny>, depth: usize, items: &mut Items) -> Result<()> {
    let len = list.len()?;
    match items.shape.get(depth) {
        None if items.numbers.is_empty() => items.shape.push(len),
        Some(&size) if size == len => {}
        None | Some(_) => return Err(value_error("array: lists on one level must have the same length and depth")),
    }
    for item in list.try_iter()? {
        let item = item?;
        if item.cast::<PyList>().is_ok() || item.cast::<PyTuple>().is_ok() {
            collect(&item, depth + 1, items)?;
        } else if let Some(number) = number(&item)? {
            if items.shape.len() > depth + 1 {
                return Err(value_error("array: lists on one level must have the same length and depth"));
            }
            items.numbers.push(number);
        } else {
            let name = item.get_type().name()?;
            return Err(value_error(format!("array: a list holds numbers, arrays or lists of them, not {name}")));
        }
    }
    Ok(())
}

/// A nested list with arrays in it, stacked level by level.
fn stack(list: &Bound<'_, PyAny>, depth: usize) -> Result<Array> {
    check_depth(depth)?;
    let mut parts = Vec::with_capacity(list.len()?);
    for item in list.try_iter()? {
        let item = item?;
        parts.push(match item.cast::<PyArray>() {
            Ok(array) => array.get().get(),
            Err(_) => match number(&item)? {
                Some(number) => ready(number.scalar(number.dtype()))?,
                None if item.cast::<PyList>().is_ok() || item.cast::<PyTuple>().is_ok() => stack(&item, depth + 1)?,
                None => return Err(refusal(&item)),
            },
        });
    }
    if parts.is_empty() {
        return Ok(ops::zeros(&[0], DType::F32));
    }
    Ok(ops::stack(&parts, 0)?)
}

/// One element as a Python value.
pub trait ToPython {
    fn to_python(self, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

macro_rules! to_python {
    ($($T:ty => |$x:ident| $value:expr),* $(,)?) => {
        $(impl ToPython for $T {
            fn to_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                let $x = self;
                Ok($value.into_pyobject(py)?.into_any().unbind())
            }
        })*
    };
}
to_python! {
    u8 => |x| x, u16 => |x| x, u32 => |x| x, u64 => |x| x, i8 => |x| x, i16 => |x| x, i32 => |x| x, i64 => |x| x,
    f32 => |x| f64::from(x), f64 => |x| x,
    cotan::f16 => |x| x.to_f64(), cotan::bf16 => |x| x.to_f64(),
}

impl ToPython for cotan::Bool {
    fn to_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(PyBool::new(py, self.get()).to_owned().into_any().unbind())
    }
}

impl ToPython for Complex32 {
    fn to_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(PyComplex::from_doubles(py, f64::from(self.re), f64::from(self.im)).into_any().unbind())
    }
}

/// The first element.
pub fn item(py: Python<'_>, tensor: &Tensor) -> PyResult<Py<PyAny>> {
    with_dtype!(tensor.dtype(), T => tensor.to_vec::<T>()[0].to_python(py))
}

/// Nested lists of the elements; without axes, the element itself.
pub fn nested(py: Python<'_>, tensor: &Tensor) -> PyResult<Py<PyAny>> {
    let (shape, whole) = (tensor.shape(), || PyMemoryError::new_err("tolist: too many elements for a list"));
    // Of lists nested in an array without elements there may be more than of elements.
    let lists = shape.iter().rev().skip(1).rev().try_fold(1usize, |count, &size| count.checked_mul(size.max(1)));
    let fits = |count: usize| Vec::<Py<PyAny>>::new().try_reserve_exact(count).is_ok();
    if !fits(tensor.len()) || !lists.is_some_and(fits) {
        return Err(whole());
    }
    with_dtype!(tensor.dtype(), T => {
        let values = tensor.to_vec::<T>();
        if tensor.shape().is_empty() {
            return values[0].to_python(py);
        }
        let mut level: Vec<Py<PyAny>> = values.into_iter().map(|value| value.to_python(py)).collect::<PyResult<_>>()?;
        // From the last axis outwards: as many lists as the axes before it have places.
        for axis in (0..tensor.shape().len()).rev() {
            let count: usize = tensor.shape()[..axis].iter().product();
            let size = tensor.shape()[axis];
            let mut rest = level.into_iter();
            level = (0..count)
                .map(|_| Ok(PyList::new(py, rest.by_ref().take(size).collect::<Vec<_>>())?.into_any().unbind()))
                .collect::<PyResult<_>>()?;
        }
        Ok(level.swap_remove(0))
    })
}
