//! The functions of `cotan.core` on arrays, a file a family.

mod arguments;
mod binary;
mod convolution;
mod creation;
mod einsum;
mod elementwise;
mod indexing;
mod joining;
mod matrix_products;
mod namespace;
mod products;
mod quantization;
mod reductions;
mod scans;
mod shapes;
mod sorting;
mod unary;

use pyo3::prelude::*;

use cotan::Array;

use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Fault, Result};

pub use arguments::{ArrayList, Count, Integers, Sizes, SizesOrSize};
pub use joining::SplitArg;

/// Adds functions to a module.
macro_rules! add_functions {
    ($module:expr; $($function:ident),* $(,)?) => {
        $($module.add_function(::pyo3::wrap_pyfunction!($function, $module)?)?;)*
    };
}
pub(crate) use add_functions;

/// Wraps the result of an operation. Which stream it was asked to run on was checked when the argument was parsed; with
/// one device the choice has no effect on the result.
pub fn on<E: Into<Fault>>(_stream: Option<StreamArg>, result: Result<Array, E>) -> Result<PyArray> {
    result.map(PyArray::new).map_err(Into::into)
}

/// [`on`] for what can't fail.
pub fn made_on(_stream: Option<StreamArg>, array: Array) -> PyArray {
    PyArray::new(array)
}

/// [`on`] for operations with several results.
pub fn all_on<E: Into<Fault>>(
    _stream: Option<StreamArg>,
    results: Result<impl IntoIterator<Item = Array>, E>,
) -> Result<Vec<PyArray>> {
    results.map(|arrays| arrays.into_iter().map(PyArray::new).collect()).map_err(Into::into)
}

/// Gives a function further names.
pub fn alias(module: &Bound<'_, PyModule>, names: &[(&str, &str)]) -> PyResult<()> {
    names.iter().try_for_each(|&(new, old)| module.add(new, module.getattr(old)?))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("pi", std::f64::consts::PI)?;
    module.add("e", std::f64::consts::E)?;
    // Not yet in std: the limit of the harmonic numbers less the logarithm.
    module.add("euler_gamma", 0.577_215_664_901_532_9)?;
    module.add("inf", f64::INFINITY)?;
    module.add("nan", f64::NAN)?;
    module.add("newaxis", module.py().None())?;
    unary::register(module)?;
    binary::register(module)?;
    elementwise::register(module)?;
    reductions::register(module)?;
    scans::register(module)?;
    creation::register(module)?;
    shapes::register(module)?;
    joining::register(module)?;
    indexing::register(module)?;
    sorting::register(module)?;
    products::register(module)?;
    convolution::register(module)?;
    einsum::register(module)?;
    matrix_products::register(module)?;
    quantization::register(module)?;
    namespace::register(module)
}
