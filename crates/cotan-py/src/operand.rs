//! What stands for an array in a call: arrays, Python numbers that adapt to the other operand, and foreign arrays.

use cotan::{Array, Complex32, DType, Kind, Scalar, ops};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyDict, PyFloat, PyInt, PyList, PyRange, PySet, PyString, PyTuple};

use crate::array::PyArray;
use crate::error::{Fault, Result, runtime_error, type_error, value_error};
use crate::foreign;

/// A Python number.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Bool(bool),
    Int(i64),
    Float(f64),
    Complex(f64, f64),
}

/// An argument where an array is wanted and more is accepted.
pub enum Operand {
    Array(Array),
    /// Takes the type of the operand that it meets.
    Number(Number),
    /// An array of another library: cast to the type of the operand that it meets.
    Foreign(Array),
}

/// The other side of an operator: what [`Operand::of`] takes.
#[cfg_attr(false, python("_Operand"))]
pub type Other<'py> = Bound<'py, PyAny>;

/// The number that an object is, if it is one. Subclasses count, so that `np.float64` and `IntEnum` do.
pub fn number(object: &Bound<'_, PyAny>) -> Result<Option<Number>> {
    if let Ok(float) = object.cast_exact::<PyFloat>() {
        return Ok(Some(Number::Float(float.value())));
    }
    if let Ok(boolean) = object.cast::<PyBool>() {
        return Ok(Some(Number::Bool(boolean.is_true())));
    }
    if object.cast::<PyInt>().is_ok() {
        return match object.extract::<i64>() {
            Ok(int) => Ok(Some(Number::Int(int))),
            Err(_) => Err(runtime_error(format!("the integer {object} does not fit int64"))),
        };
    }
    if let Ok(float) = object.cast::<PyFloat>() {
        return Ok(Some(Number::Float(float.value())));
    }
    if let Ok(complex) = object.cast::<PyComplex>() {
        return Ok(Some(Number::Complex(complex.real(), complex.imag())));
    }
    Ok(None)
}

impl Number {
    /// The type that it has by itself.
    pub fn dtype(self) -> DType {
        match self {
            Number::Bool(_) => DType::Bool,
            Number::Int(value) if i32::try_from(value).is_ok() => DType::I32,
            Number::Int(_) => DType::I64,
            Number::Float(_) => DType::F32,
            Number::Complex(..) => DType::C64,
        }
    }

    /// The type that it takes beside an array of `dtype`.
    pub fn dtype_beside(self, dtype: DType) -> DType {
        match (self, dtype.kind()) {
            (_, Kind::Complex) | (Number::Bool(_), _) => dtype,
            (Number::Complex(..), _) => DType::C64,
            (Number::Int(_), Kind::Bool) => DType::I32,
            (Number::Int(_), _) | (Number::Float(_), Kind::Float) => dtype,
            (Number::Float(_), _) => DType::F32,
        }
    }

    /// The value in another type, wrapped and truncated as it comes.
    pub fn scalar(self, dtype: DType) -> Scalar {
        match self {
            Number::Bool(value) => Scalar::new(i64::from(value)).cast(dtype),
            Number::Int(value) => Scalar::new(value).cast(dtype),
            Number::Float(value) => Scalar::new(value).cast(dtype),
            Number::Complex(re, im) => Scalar::new(Complex32::new(re as f32, im as f32)).cast(dtype),
        }
    }

    /// The value beside an array of `dtype`; an integer must fit an integer type of less than 64 bits.
    pub fn beside(self, dtype: DType) -> Result<Array> {
        let own = self.dtype_beside(dtype);
        if let (Number::Int(value), true) = (self, own == dtype && own.is_integer() && own.size() < 8) {
            let (low, high) = (Scalar::lowest(own).to::<i64>(), Scalar::highest(own).to::<i64>());
            if !(low..=high).contains(&value) {
                return Err(value_error(format!(
                    "the integer {value} does not fit {own}, which holds {low} to {high}"
                )));
            }
        }
        Ok(Array::full(&[], self.scalar(own)))
    }

    /// The value as an array of its own type.
    pub fn array(self) -> Array {
        Array::full(&[], self.scalar(self.dtype()))
    }
}

impl Operand {
    pub fn of(object: &Bound<'_, PyAny>) -> Result<Operand> {
        if let Ok(array) = object.cast::<PyArray>() {
            return Ok(Operand::Array(array.get().get()));
        }
        if let Some(number) = number(object)? {
            return Ok(Operand::Number(number));
        }
        if let Some(array) = foreign::from_protocol(object)? {
            return Ok(Operand::Array(array));
        }
        if let Some(array) = foreign::import(object, None)? {
            return Ok(Operand::Foreign(array));
        }
        Err(refusal(object))
    }

    /// As an array of its own type.
    pub fn array(self) -> Array {
        match self {
            Operand::Array(array) | Operand::Foreign(array) => array,
            Operand::Number(number) => number.array(),
        }
    }

    /// As an array beside one of `dtype`.
    pub fn beside(self, dtype: DType) -> Result<Array> {
        match self {
            Operand::Array(array) => Ok(array),
            Operand::Foreign(array) => Ok(ops::astype(&array, dtype)?),
            Operand::Number(number) => number.beside(dtype),
        }
    }

    /// As an array to be stored in one of `dtype`: cast, but an integer number must fit.
    pub fn stored_in(self, dtype: DType) -> Result<Array> {
        Ok(ops::astype(&self.beside(dtype)?, dtype)?)
    }
}

/// Two operands as arrays: whichever is an array decides what the other one becomes.
pub fn pair(a: Operand, b: Operand) -> Result<(Array, Array)> {
    match (a, b) {
        (Operand::Array(a), b) => {
            let b = b.beside(a.dtype())?;
            Ok((a, b))
        }
        (a, Operand::Array(b)) => Ok((a.beside(b.dtype())?, b)),
        (a, b) => Ok((a.array(), b.array())),
    }
}

/// The error for an object that no array can be made of.
pub fn refusal(object: &Bound<'_, PyAny>) -> Fault {
    let name = object.get_type().name().map_or_else(|_| "object".into(), |name| name.to_string());
    let message = format!("expected an array or a number, got {name}; make an array of it with array() first");
    let value = object.cast::<PyList>().is_ok()
        || object.cast::<PyTuple>().is_ok()
        || object.cast::<PyString>().is_ok()
        || object.cast::<PyDict>().is_ok()
        || object.cast::<PySet>().is_ok()
        || object.cast::<PyRange>().is_ok();
    if value { value_error(message) } else { type_error(message) }
}

/// An argument of an elementwise function.
#[cfg_attr(false, python("_Operand"))]
pub struct Elementwise(pub Operand);

impl<'a, 'py> FromPyObject<'a, 'py> for Elementwise {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Elementwise(Operand::of(&object)?))
    }
}

impl Elementwise {
    pub fn array(self) -> Array {
        self.0.array()
    }
}

/// An argument that must be an array.
#[cfg_attr(false, python("_Array"))]
pub struct ArrayArg(pub Array);

impl<'a, 'py> FromPyObject<'a, 'py> for ArrayArg {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = object.cast::<PyArray>() {
            return Ok(ArrayArg(array.get().get()));
        }
        if let Some(array) = foreign::from_protocol(&object)? {
            return Ok(ArrayArg(array));
        }
        let name = object.get_type().name()?;
        Err(type_error(format!("expected a cotan.core.array, got {name}; make one with array()")).into())
    }
}
