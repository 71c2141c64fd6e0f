//! Arrays made from nothing: constants and counters.

use cotan_kernels::fused::Program;
use cotan_kernels::{DType, Output, Scalar, Tensor};
use smallvec::SmallVec;

use super::follow::constant_like;
use super::{Batched, Primitive, Site, Tangents};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result};

/// The same value everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Full {
    /// The value, whose type is the array's.
    pub value: Scalar,
    /// Sizes of the axes.
    pub shape: Shape,
}

/// `start, start + step, ...` along one axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Arange {
    /// The first value, whose type is the array's.
    pub start: Scalar,
    /// The difference between neighbours.
    pub step: Scalar,
    /// How many values.
    pub len: usize,
}

/// Zeros.
#[must_use]
pub fn zeros(shape: &[usize], dtype: DType) -> Array {
    Array::full(shape, Scalar::zero(dtype))
}

/// Ones.
#[must_use]
pub fn ones(shape: &[usize], dtype: DType) -> Array {
    Array::full(shape, Scalar::one(dtype))
}

/// Zeros of the shape and type of `a`.
#[must_use]
pub fn zeros_like(a: &Array) -> Array {
    constant_like(a, Scalar::zero(a.dtype()))
}

/// Ones of the shape and type of `a`.
#[must_use]
pub fn ones_like(a: &Array) -> Array {
    constant_like(a, Scalar::one(a.dtype()))
}

/// `value`, converted to the type of `a`, in the shape of `a`.
#[must_use]
pub fn full_like(a: &Array, value: f64) -> Array {
    constant_like(a, Scalar::new(value).cast(a.dtype()))
}

/// `start, start + step, ...` up to but not including `stop`, as `dtype`.
///
/// # Errors
/// When `step` is zero, a bound is not finite, `dtype` is `bool`, or there would be 2³¹ or more values.
pub fn arange(start: f64, stop: f64, step: f64, dtype: DType) -> Result<Array> {
    if step == 0.0 || !start.is_finite() || !stop.is_finite() || step.is_nan() {
        return Err(Error::value(
            "arange",
            format!("needs finite bounds and a step other than 0, got {start}, {stop}, {step}"),
        ));
    }
    if dtype == DType::Bool {
        return Err(Error::DType { op: "arange", dtype, expected: "a number type" });
    }
    let len = ((stop - start) / step).ceil().max(0.0);
    if len > f64::from(i32::MAX) {
        return Err(Error::value("arange", format!("{len} values are more than the {} that fit", i32::MAX)));
    }
    // With an integer type the step that is added is the whole difference between the first two values.
    let (first, second) = (Scalar::new(start).cast(dtype), Scalar::new(start + step).cast(dtype));
    let step = if dtype.is_integer() {
        Scalar::new(second.to::<i64>().wrapping_sub(first.to::<i64>())).cast(dtype)
    } else {
        Scalar::new(step).cast(dtype)
    };
    Array::apply(Arange { start: first, step, len: len as usize }, SmallVec::new())
}

macro_rules! without_inputs {
    () => {
        fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
            Ok(vec![None])
        }
        fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
            Ok(Vec::new())
        }
        fn vmap(&self, _: &[Batched], _: usize) -> Result<Vec<Batched>> {
            let array = Array::apply(self.clone(), SmallVec::new())?;
            Ok(vec![Batched { array, mapped: false }])
        }
    };
}

impl Primitive for Full {
    fn name(&self) -> &'static str {
        "full"
    }

    fn infer(&self, _: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![Spec::new(&self.shape, self.value.dtype())])
    }

    without_inputs!();

    fn eval(&self, _: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut program = Program::new();
        let value = program.constant(self.value);
        program.output(value);
        let mut out = [Output::new(specs[0].dtype, &specs[0].shape)?];
        program.run(&specs[0].shape, &[], &mut out)?;
        Ok(out.into_iter().map(Output::finish).collect())
    }
}

impl Primitive for Arange {
    fn name(&self) -> &'static str {
        "arange"
    }

    fn infer(&self, _: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![Spec::new(&[self.len], self.start.dtype())])
    }

    without_inputs!();

    fn eval(&self, _: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut program = Program::new();
        let value = program.iota(self.start, self.step);
        program.output(value);
        let mut out = [Output::new(specs[0].dtype, &specs[0].shape)?];
        program.run(&specs[0].shape, &[], &mut out)?;
        Ok(out.into_iter().map(Output::finish).collect())
    }
}
