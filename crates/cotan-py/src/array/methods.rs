//! The methods of `array` that are operations.

use cotan::ops;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{PyArray, wrap, wrap_all};
use crate::args::{Axes, axes, integers};
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::Result;

#[pymethods]
impl PyArray {
    /// The elements converted to another type.
    #[pyo3(signature = (dtype, stream = None))]
    fn astype(&self, dtype: PyDtype, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::astype(&self.get(), dtype.0)?)
    }

    /// The bytes of the elements read as another type.
    #[pyo3(signature = (dtype, *, stream = None))]
    fn view(&self, dtype: PyDtype, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::view(&self.get(), dtype.0)?)
    }

    /// The same elements under another shape; one size may be -1.
    #[pyo3(signature = (*shape: "_Axes", stream = None))]
    fn reshape(&self, shape: &Bound<'_, PyTuple>, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::reshape_signed(&self.get(), &integers(shape)?)?)
    }

    /// The array with its axes in the given order, by default reversed.
    #[pyo3(signature = (*axes: "_Axes | None", stream = None))]
    fn transpose(&self, axes: &Bound<'_, PyTuple>, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        let axes = if axes.len() == 1 && axes.get_item(0)?.is_none() { Vec::new() } else { integers(axes)? };
        let array = self.get();
        if axes.is_empty() && array.ndim() != 0 {
            return wrap(ops::transpose_all(&array)?);
        }
        wrap(ops::transpose(&array, &axes)?)
    }

    /// Axes `start_axis` to `end_axis` joined into one.
    #[pyo3(
        signature = (start_axis = 0, end_axis = -1, *, stream = None),
        text_signature = "(self, start_axis=0, end_axis=-1, *, stream=None)"
    )]
    fn flatten(&self, start_axis: i64, end_axis: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::flatten(&self.get(), start_axis, end_axis)?)
    }

    /// Without the axes of size one, or without those that are named.
    #[pyo3(signature = (axis = None, *, stream = None))]
    fn squeeze(&self, axis: Option<Axes>, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::squeeze(&self.get(), axes(&axis))?)
    }

    /// One axis moved to another place.
    #[pyo3(signature = (source, destination, *, stream = None))]
    fn moveaxis(&self, source: i64, destination: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::moveaxis(&self.get(), source, destination)?)
    }

    /// Two axes exchanged.
    #[pyo3(signature = (axis1, axis2, *, stream = None))]
    fn swapaxes(&self, axis1: i64, axis2: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::swapaxes(&self.get(), axis1, axis2)?)
    }

    /// Rounded to `decimals` places, ties to even.
    #[pyo3(signature = (decimals = 0, *, stream = None))]
    fn round(&self, decimals: i32, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::round(&self.get(), decimals)?)
    }

    /// The diagonal of two axes, as a last axis.
    #[pyo3(signature = (offset = 0, axis1 = 0, axis2 = 1, stream = None))]
    fn diagonal(&self, offset: i64, axis1: i64, axis2: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::diagonal(&self.get(), offset, axis1, axis2)?)
    }

    /// The diagonal of a matrix, or the matrix with this diagonal.
    #[pyo3(signature = (k = 0, *, stream = None))]
    fn diag(&self, k: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::diag(&self.get(), k)?)
    }
}

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        #[pymethods]
        impl PyArray {
            $(
                $(#[$doc])*
                #[pyo3(signature = (*, stream = None))]
                fn $name(&self, stream: Option<StreamArg>) -> Result<PyArray> {
                    let _ = stream;
                    wrap(ops::$name(&self.get())?)
                }
            )*
        }
    };
}
unary_methods! {
    /// The magnitude.
    abs;
    /// `x * x`.
    square;
    /// The square root.
    sqrt;
    /// One over the square root.
    rsqrt;
    /// `1 / x`.
    reciprocal;
    /// e to the power of x.
    exp;
    /// The natural logarithm.
    log;
    /// The logarithm to base 2.
    log2;
    /// The logarithm to base 10.
    log10;
    /// `log(1 + x)`, accurate near zero.
    log1p;
    /// The sine.
    sin;
    /// The cosine.
    cos;
    /// The complex conjugate.
    conj;
}

macro_rules! reduction_methods {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        #[pymethods]
        impl PyArray {
            $(
                $(#[$doc])*
                #[pyo3(signature = (axis = None, keepdims = false, *, stream = None))]
                fn $name(&self, axis: Option<Axes>, keepdims: bool, stream: Option<StreamArg>) -> Result<PyArray> {
                    let _ = stream;
                    wrap(ops::$name(&self.get(), axes(&axis), keepdims)?)
                }
            )*
        }
    };
}
reduction_methods! {
    /// The sum over some or all axes.
    sum;
    /// The product over some or all axes.
    prod;
    /// The smallest element over some or all axes.
    min;
    /// The largest element over some or all axes.
    max;
    /// Whether all elements are true.
    all;
    /// Whether any element is true.
    any;
    /// The mean over some or all axes.
    mean;
    /// `log(sum(exp(x)))` without overflow.
    logsumexp;
}

macro_rules! scan_methods {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        #[pymethods]
        impl PyArray {
            $(
                $(#[$doc])*
                #[pyo3(signature = (axis = None, *, reverse = false, inclusive = true, stream = None))]
                fn $name(
                    &self, axis: Option<i64>, reverse: bool, inclusive: bool, stream: Option<StreamArg>,
                ) -> Result<PyArray> {
                    let _ = stream;
                    wrap(ops::$name(&self.get(), axis, reverse, inclusive)?)
                }
            )*
        }
    };
}
scan_methods! {
    /// Sums of the elements so far.
    cumsum;
    /// Products of the elements so far.
    cumprod;
    /// The largest element so far.
    cummax;
    /// The smallest element so far.
    cummin;
    /// `logsumexp` of the elements so far.
    logcumsumexp;
}

#[pymethods]
impl PyArray {
    /// The position of the largest element.
    #[pyo3(signature = (axis = None, keepdims = false, *, stream = None))]
    fn argmax(&self, axis: Option<i64>, keepdims: bool, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::argmax(&self.get(), axis, keepdims)?)
    }

    /// The position of the smallest element.
    #[pyo3(signature = (axis = None, keepdims = false, *, stream = None))]
    fn argmin(&self, axis: Option<i64>, keepdims: bool, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::argmin(&self.get(), axis, keepdims)?)
    }

    /// The variance; the divisor is the number of elements less `ddof` (also called `correction`).
    #[pyo3(signature = (axis = None, keepdims = false, ddof = 0, *, correction = None, stream = None))]
    fn var(
        &self,
        axis: Option<Axes>,
        keepdims: bool,
        ddof: i64,
        correction: Option<i64>,
        stream: Option<StreamArg>,
    ) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::var(&self.get(), axes(&axis), keepdims, correction.unwrap_or(ddof))?)
    }

    /// The standard deviation; the divisor is the number of elements less `ddof` (also called `correction`).
    #[pyo3(signature = (axis = None, keepdims = false, ddof = 0, *, correction = None, stream = None))]
    fn std(
        &self,
        axis: Option<Axes>,
        keepdims: bool,
        ddof: i64,
        correction: Option<i64>,
        stream: Option<StreamArg>,
    ) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::std(&self.get(), axes(&axis), keepdims, correction.unwrap_or(ddof))?)
    }

    /// Parts along an axis: that many equal ones, or cut at the given places.
    #[pyo3(signature = (indices_or_sections, axis = 0, *, stream = None))]
    fn split(
        &self,
        indices_or_sections: crate::functions::SplitArg,
        axis: i64,
        stream: Option<StreamArg>,
    ) -> Result<Vec<PyArray>> {
        let _ = stream;
        Ok(wrap_all(indices_or_sections.split(&self.get(), axis)?))
    }
}
