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
    ///
    /// >>> mx.array([1.7, -1.7]).astype(mx.int32)
    /// array([1, -1], dtype=int32)
    #[pyo3(signature = (dtype, stream = None))]
    fn astype(&self, dtype: PyDtype, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::astype(&self.get(), dtype.0)?)
    }

    /// The bytes of the elements read as another type.
    ///
    /// >>> mx.array([1.0]).view(mx.uint32)
    /// array([1065353216], dtype=uint32)
    #[pyo3(signature = (dtype, *, stream = None))]
    fn view(&self, dtype: PyDtype, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::view(&self.get(), dtype.0)?)
    }

    /// The same elements under another shape; one size may be -1.
    ///
    /// >>> mx.arange(6).reshape(2, -1)
    /// array([[0, 1, 2],
    ///        [3, 4, 5]], dtype=int32)
    #[pyo3(signature = (*shape: "_Axes", stream = None))]
    fn reshape(&self, shape: &Bound<'_, PyTuple>, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::reshape_signed(&self.get(), &integers(shape)?)?)
    }

    /// The array with its axes in the given order, by default reversed.
    ///
    /// >>> mx.zeros((2, 3, 4)).transpose(2, 0, 1).shape
    /// (4, 2, 3)
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
    ///
    /// >>> mx.zeros((2, 3, 4)).flatten(1).shape
    /// (2, 12)
    #[pyo3(
        signature = (start_axis = 0, end_axis = -1, *, stream = None),
        text_signature = "(self, start_axis=0, end_axis=-1, *, stream=None)"
    )]
    fn flatten(&self, start_axis: i64, end_axis: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::flatten(&self.get(), start_axis, end_axis)?)
    }

    /// Without the axes of size one, or without those that are named.
    ///
    /// >>> mx.zeros((1, 2, 1)).squeeze(0).shape
    /// (2, 1)
    #[pyo3(signature = (axis = None, *, stream = None))]
    fn squeeze(&self, axis: Option<Axes>, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::squeeze(&self.get(), axes(&axis))?)
    }

    /// One axis moved to another place.
    ///
    /// >>> mx.zeros((2, 3, 4)).moveaxis(0, 2).shape
    /// (3, 4, 2)
    #[pyo3(signature = (source, destination, *, stream = None))]
    fn moveaxis(&self, source: i64, destination: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::moveaxis(&self.get(), source, destination)?)
    }

    /// Two axes exchanged.
    ///
    /// >>> mx.zeros((2, 3, 4)).swapaxes(0, 2).shape
    /// (4, 3, 2)
    #[pyo3(signature = (axis1, axis2, *, stream = None))]
    fn swapaxes(&self, axis1: i64, axis2: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::swapaxes(&self.get(), axis1, axis2)?)
    }

    /// Rounded to `decimals` places, ties to even.
    ///
    /// >>> mx.array([0.125, 2.5]).round(1)
    /// array([0.1, 2.5], dtype=float32)
    #[pyo3(signature = (decimals = 0, *, stream = None))]
    fn round(&self, decimals: i32, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::round(&self.get(), decimals)?)
    }

    /// The diagonal of two axes, as a last axis.
    ///
    /// >>> mx.array([[1, 2], [3, 4]]).diagonal()
    /// array([1, 4], dtype=int32)
    #[pyo3(signature = (offset = 0, axis1 = 0, axis2 = 1, stream = None))]
    fn diagonal(&self, offset: i64, axis1: i64, axis2: i64, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::diagonal(&self.get(), offset, axis1, axis2)?)
    }

    /// The diagonal of a matrix, or the matrix with this diagonal.
    ///
    /// >>> mx.array([1, 2]).diag()
    /// array([[1, 0],
    ///        [0, 2]], dtype=int32)
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
    ///
    /// >>> mx.array([-1, 2]).abs()
    /// array([1, 2], dtype=int32)
    abs;
    /// `x * x`.
    ///
    /// >>> mx.array([-1, 2]).square()
    /// array([1, 4], dtype=int32)
    square;
    /// The square root.
    ///
    /// >>> mx.array([4.0, 9.0]).sqrt()
    /// array([2, 3], dtype=float32)
    sqrt;
    /// One over the square root.
    ///
    /// >>> mx.array([4.0, 16.0]).rsqrt()
    /// array([0.5, 0.25], dtype=float32)
    rsqrt;
    /// `1 / x`.
    ///
    /// >>> mx.array([2.0, 4.0]).reciprocal()
    /// array([0.5, 0.25], dtype=float32)
    reciprocal;
    /// e to the power of x.
    ///
    /// >>> mx.array([0.0, 1.0]).exp()
    /// array([1, 2.71828], dtype=float32)
    exp;
    /// The natural logarithm.
    ///
    /// >>> mx.array([1.0, mx.e]).log()
    /// array([0, 1], dtype=float32)
    log;
    /// The logarithm to base 2.
    ///
    /// >>> mx.array([1.0, 8.0]).log2()
    /// array([0, 3], dtype=float32)
    log2;
    /// The logarithm to base 10.
    ///
    /// >>> mx.array([1.0, 100.0]).log10()
    /// array([0, 2], dtype=float32)
    log10;
    /// `log(1 + x)`, accurate near zero.
    ///
    /// >>> mx.array([0.0, 1e-7]).log1p()
    /// array([0, 1e-07], dtype=float32)
    log1p;
    /// The sine.
    ///
    /// >>> mx.array([0.0, mx.pi / 2]).sin()
    /// array([0, 1], dtype=float32)
    sin;
    /// The cosine.
    ///
    /// >>> mx.array([0.0, mx.pi]).cos()
    /// array([1, -1], dtype=float32)
    cos;
    /// The complex conjugate.
    ///
    /// >>> mx.array([1 + 2j]).conj()
    /// array([1-2j], dtype=complex64)
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
    ///
    /// >>> mx.array([[1, 2], [3, 4]]).sum(axis=0)
    /// array([4, 6], dtype=int32)
    sum;
    /// The product over some or all axes.
    ///
    /// >>> mx.array([[1, 2], [3, 4]]).prod(axis=1)
    /// array([2, 12], dtype=int32)
    prod;
    /// The smallest element over some or all axes.
    ///
    /// >>> mx.array([[1, 2], [3, 4]]).min(axis=1)
    /// array([1, 3], dtype=int32)
    min;
    /// The largest element over some or all axes.
    ///
    /// >>> mx.array([[1, 2], [3, 4]]).max()
    /// array(4, dtype=int32)
    max;
    /// Whether all elements are true.
    ///
    /// >>> mx.array([[1, 0], [2, 3]]).all(axis=1)
    /// array([False, True], dtype=bool)
    all;
    /// Whether any element is true.
    ///
    /// >>> mx.array([0, 0, 1]).any()
    /// array(True, dtype=bool)
    any;
    /// The mean over some or all axes.
    ///
    /// >>> mx.array([[1, 2], [3, 4]]).mean(axis=1)
    /// array([1.5, 3.5], dtype=float32)
    mean;
    /// `log(sum(exp(x)))` without overflow.
    ///
    /// >>> mx.array([1000.0, 1000.0]).logsumexp()
    /// array(1000.69, dtype=float32)
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
    ///
    /// >>> mx.array([1, 2, 3]).cumsum()
    /// array([1, 3, 6], dtype=int32)
    cumsum;
    /// Products of the elements so far.
    ///
    /// >>> mx.array([1, 2, 3]).cumprod(reverse=True)
    /// array([6, 6, 3], dtype=int32)
    cumprod;
    /// The largest element so far.
    ///
    /// >>> mx.array([1, 3, 2]).cummax()
    /// array([1, 3, 3], dtype=int32)
    cummax;
    /// The smallest element so far.
    ///
    /// >>> mx.array([2, 3, 1]).cummin()
    /// array([2, 2, 1], dtype=int32)
    cummin;
    /// `logsumexp` of the elements so far.
    ///
    /// >>> mx.array([0.0, 0.0]).logcumsumexp()
    /// array([0, 0.693147], dtype=float32)
    logcumsumexp;
}

#[pymethods]
impl PyArray {
    /// The position of the largest element.
    ///
    /// >>> mx.array([1, 3, 2]).argmax()
    /// array(1, dtype=uint32)
    #[pyo3(signature = (axis = None, keepdims = false, *, stream = None))]
    fn argmax(&self, axis: Option<i64>, keepdims: bool, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::argmax(&self.get(), axis, keepdims)?)
    }

    /// The position of the smallest element.
    ///
    /// >>> mx.array([2, 3, 1]).argmin()
    /// array(2, dtype=uint32)
    #[pyo3(signature = (axis = None, keepdims = false, *, stream = None))]
    fn argmin(&self, axis: Option<i64>, keepdims: bool, stream: Option<StreamArg>) -> Result<PyArray> {
        let _ = stream;
        wrap(ops::argmin(&self.get(), axis, keepdims)?)
    }

    /// The variance; the divisor is the number of elements less `ddof` (also called `correction`).
    ///
    /// >>> mx.array([1.0, 3.0]).var(), mx.array([1.0, 3.0]).var(ddof=1)
    /// (array(1, dtype=float32), array(2, dtype=float32))
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
    ///
    /// >>> mx.array([1.0, 3.0]).std()
    /// array(1, dtype=float32)
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
    ///
    /// >>> mx.arange(4).split([1])
    /// [array([0], dtype=int32), array([1, 2, 3], dtype=int32)]
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
