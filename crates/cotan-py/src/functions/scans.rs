//! Totals and differences along an axis.

use cotan::ops;
use pyo3::prelude::*;

use super::{add_functions, alias, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::Result;
use crate::operand::ArrayArg;

/// Declares scans: a name, which is also that of the operation, a line.
macro_rules! scans {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// It runs along `axis`, or over the flattened array when that is None; with `reverse` from the end, and
            /// without `inclusive` over the elements before each one only. IndexError for an axis that doesn't exist.
            #[pyfunction]
            #[pyo3(signature = (a, /, axis = None, *, reverse = false, inclusive = true, stream = None))]
            fn $name(
                a: ArrayArg,
                axis: Option<i64>,
                reverse: bool,
                inclusive: bool,
                stream: Option<StreamArg>,
            ) -> Result<PyArray> {
                on(stream, ops::$name(&a.0, axis, reverse, inclusive))
            }
        )*
    };
}
scans! {
    /// The largest of the elements so far, NaN after a NaN.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.cummax(mx.array([1, 3, 2]))
    /// array([1, 3, 3], dtype=int32)
    cummax;
    /// The smallest of the elements so far, NaN after a NaN.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.cummin(mx.array([3, 1, 2]))
    /// array([3, 1, 1], dtype=int32)
    cummin;
    /// `logsumexp` of the elements so far. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.logcumsumexp(mx.array([0.0, 0.0, 0.0]))
    /// array([0, 0.693147, 1.09861], dtype=float32)
    logcumsumexp;
}

/// Declares scans that can convert their input first.
macro_rules! arithmetic_scans {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// It runs along `axis`, or over the flattened array when that is None; with `reverse` from the end, and
            /// without `inclusive` over the elements before each one only. With `dtype` the elements are converted first.
            /// IndexError for an axis that doesn't exist.
            #[pyfunction]
            #[pyo3(signature = (a, /, axis = None, *, reverse = false, inclusive = true, dtype = None, stream = None))]
            fn $name(
                a: ArrayArg,
                axis: Option<i64>,
                reverse: bool,
                inclusive: bool,
                dtype: Option<PyDtype>,
                stream: Option<StreamArg>,
            ) -> Result<PyArray> {
                let a = ops::astype(&a.0, dtype.map_or(a.0.dtype(), |dtype| dtype.0))?;
                on(stream, ops::$name(&a, axis, reverse, inclusive))
            }
        )*
    };
}
arithmetic_scans! {
    /// The products of the elements so far. Integers wrap.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.cumprod(mx.array([1, 2, 3]), reverse=True)
    /// array([6, 6, 3], dtype=int32)
    cumprod;
    /// The sums of the elements so far. Integers wrap; bools add up in int32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.cumsum(mx.array([1, 2, 3]))
    /// array([1, 3, 6], dtype=int32)
    cumsum;
}

/// Differences between neighbours along `axis`, taken `n` times; for bools, whether neighbours differ.
///
/// ValueError when `n` is negative, IndexError for an axis that doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.diff(mx.array([1, 4, 9]))
/// array([3, 5], dtype=int32)
#[pyfunction]
#[pyo3(
    signature = (a, /, n = 1, axis = -1, *, stream = None),
    text_signature = "(a, /, n=1, axis=-1, *, stream=None)"
)]
fn diff(a: ArrayArg, n: i64, axis: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::diff(&a.0, n, axis))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; cummax, cummin, logcumsumexp, cumprod, cumsum, diff);
    alias(module, &[("cumulative_prod", "cumprod"), ("cumulative_sum", "cumsum")])
}
