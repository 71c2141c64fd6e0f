//! Sorting, searching and counting.

use cotan::ops;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Count, add_functions, made_on, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Result, value_error};
use crate::operand::{ArrayArg, Elementwise};

/// Declares sorts along an axis: a name, which is also that of the operation, a line.
macro_rules! sorts {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// The order is ascending, stable, with NaN last; complex numbers are ordered by real, then imaginary part.
            /// When `axis` is None the array is flattened first. IndexError for an axis that doesn't exist.
            #[pyfunction]
            #[pyo3(
                signature = (a, /, axis = Some(-1), *, stream = None),
                text_signature = "(a, /, axis=-1, *, stream=None)"
            )]
            fn $name(a: ArrayArg, axis: Option<i64>, stream: Option<StreamArg>) -> Result<PyArray> {
                on(stream, ops::$name(&a.0, axis))
            }
        )*
    };
}
sorts! {
    /// The positions, as uint32, that sort the elements along `axis`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.argsort(mx.array([30, 10, 20]))
    /// array([1, 2, 0], dtype=uint32)
    argsort;
    /// The elements along `axis` in order.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sort(mx.array([3.0, mx.nan, 1.0]))
    /// array([1, 3, nan], dtype=float32)
    sort;
}

/// Declares partial sorts along an axis.
macro_rules! partitions {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// A negative `kth` counts from the end. When `axis` is None the array is flattened first. IndexError for an axis
            /// that doesn't exist, ValueError for a `kth` out of range.
            #[pyfunction]
            #[pyo3(
                signature = (a, /, kth, axis = Some(-1), *, stream = None),
                text_signature = "(a, /, kth, axis=-1, *, stream=None)"
            )]
            fn $name(a: ArrayArg, kth: i64, axis: Option<i64>, stream: Option<StreamArg>) -> Result<PyArray> {
                on(stream, ops::$name(&a.0, kth, axis))
            }
        )*
    };
}
partitions! {
    /// The positions, as uint32, that put the elements along `axis` in the order of `partition`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.argpartition(mx.array([30, 10, 20]), 0)[0]
    /// array(1, dtype=uint32)
    argpartition;
    /// The elements along `axis`, with the one that sorting puts at `kth` there, no larger one before it and no smaller
    /// one after it.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.partition(mx.array([30, 10, 20]), 0)[0]
    /// array(10, dtype=int32)
    partition;
}

/// The `k` largest elements along `axis`, in ascending order; NaN counts as largest.
///
/// When `axis` is None the array is flattened first. IndexError for an axis that doesn't exist, ValueError when there are
/// not `k` elements.
///
/// >>> import cotan.core as mx
/// >>> mx.topk(mx.array([3, 1, 4, 2]), 2)
/// array([3, 4], dtype=int32)
#[pyfunction]
#[pyo3(
    signature = (a, /, k, axis = Some(-1), *, stream = None),
    text_signature = "(a, /, k, axis=-1, *, stream=None)"
)]
fn topk(a: ArrayArg, k: i64, axis: Option<i64>, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, ops::topk(&a.0, k, axis))
}

/// For each of `values` the position, as uint32, at which it would keep a sorted sequence in order.
///
/// With `side="left"` that is before equal elements, with `"right"` after them. ValueError for another side, and when the
/// sequence doesn't have one axis.
///
/// >>> import cotan.core as mx
/// >>> mx.searchsorted(mx.array([1, 3, 3, 5]), mx.array([3, 6]))
/// array([1, 4], dtype=uint32)
#[pyfunction]
#[pyo3(signature = (sorted_sequence, values, /, side = "left", *, stream = None))]
fn searchsorted(sorted_sequence: ArrayArg, values: ArrayArg, side: &str, stream: Option<StreamArg>) -> Result<PyArray> {
    let right = match side {
        "left" => false,
        "right" => true,
        other => return Err(value_error(format!("searchsorted: side is \"left\" or \"right\", got {other:?}"))),
    };
    on(stream, ops::searchsorted(&sorted_sequence.0, &values.0, right))
}

/// The distinct elements, ascending, in an array of exactly `size` places; NaNs stay separate.
///
/// Places left over hold `fill_value`, by default the smallest element. Asked for more, it gives a tuple: the values,
/// then where each first occurs in the flattened array (uint32), for each element of `a` the position of its value
/// (uint32), and how often each value occurs (int32, 0 for places left over). ValueError when `size` is negative, or
/// nothing can fill the places of an empty array.
///
/// >>> import cotan.core as mx
/// >>> mx.unique(mx.array([2, 1, 2]), 2, return_counts=True)
/// (array([1, 2], dtype=int32), array([1, 2], dtype=int32))
#[pyfunction]
#[pyo3(signature = (
    a, /, size, return_index = false, return_inverse = false, return_counts = false, fill_value = None, *, stream = None
))]
#[cfg_attr(
    false,
    python(
        "def unique(a: _Array, /, size: int, return_index: Literal[False] = False, return_inverse: \
                Literal[False] = False, return_counts: Literal[False] = False, fill_value: _Operand | None = None, \
                *, stream: _Stream | None = None) -> array",
        "def unique(a: _Array, /, size: int, return_index: bool = False, return_inverse: bool = False, \
                return_counts: bool = False, fill_value: _Operand | None = None, *, stream: _Stream | None = None) \
                -> array | tuple[array, ...]",
    )
)]
#[allow(clippy::too_many_arguments)]
fn unique<'py>(
    py: Python<'py>,
    a: ArrayArg,
    size: i64,
    return_index: bool,
    return_inverse: bool,
    return_counts: bool,
    fill_value: Option<Elementwise>,
    stream: Option<StreamArg>,
) -> Result<Bound<'py, PyAny>> {
    let fill = fill_value.map(|value| value.0.stored_in(a.0.dtype())).transpose()?;
    let found = ops::unique(&a.0, size, fill.as_ref())?;
    let values = made_on(stream, found.values);
    if !(return_index || return_inverse || return_counts) {
        return Ok(Bound::new(py, values)?.into_any());
    }
    let extras = [(return_index, found.index), (return_inverse, found.inverse), (return_counts, found.counts)];
    let extras = extras.into_iter().filter(|(wanted, _)| *wanted).map(|(_, array)| PyArray::new(array));
    let all: Vec<PyArray> = std::iter::once(values).chain(extras).collect();
    Ok(PyTuple::new(py, all)?.into_any())
}

/// How often each integer from 0 on occurs, as int32; with `weights`, the sum of those of its places.
///
/// The result has `length` elements, and integers outside it are not counted. Without a `length` it has a place for the
/// largest element, and at least `minlength`: that evaluates `x`, as a shape can't depend on values that aren't known yet.
/// ValueError when `x` is not of integers, `weights` has another shape, and, without a length, for a negative element or
/// inside a transform.
///
/// >>> import cotan.core as mx
/// >>> mx.bincount(mx.array([0, 2, 2]), length=4)
/// array([1, 0, 2, 0], dtype=int32)
#[pyfunction]
#[pyo3(signature = (x, /, weights = None, minlength = Count(0), *, length = None, stream = None),
    text_signature = "(x, /, weights=None, minlength=0, *, length=None, stream=None)")]
fn bincount(
    py: Python<'_>,
    x: ArrayArg,
    weights: Option<ArrayArg>,
    minlength: Count,
    length: Option<Count>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let length = match length {
        Some(length) => length.0,
        None => py.detach(|| ops::bincount_length(&x.0))?,
    };
    let weights = weights.as_ref().map(|weights| &weights.0);
    on(stream, ops::bincount(&x.0, weights, length.max(minlength.0)))
}

/// How many elements each bin has, as int32, and the edges of the bins: a tuple of two arrays.
///
/// `bins` is a number of bins of equal width from the smallest to the largest element, or within `range=(low, high)`; or an
/// array of ascending edges. A bin has its lower edge and not its upper one, but for the last, which has both; elements in
/// no bin, and NaN, are left out; without a `range` no element may be NaN or infinite, or the edges are NaN. A `range` is for
/// a number of bins only. `weights` are summed in place of ones; with `density` the integral over all bins is 1.
/// ValueError for complex numbers, no bins, limits that don't ascend and weights of another shape.
///
/// >>> import cotan.core as mx
/// >>> mx.histogram(mx.array([0.0, 1.0, 1.5, 4.0]), bins=2)
/// (array([3, 1], dtype=int32), array([0, 2, 4], dtype=float32))
#[pyfunction]
#[pyo3(signature = (a, /, bins = None, range = None, weights = None, density = false, *, stream = None),
    text_signature = "(a, /, bins=10, range=None, weights=None, density=False, *, stream=None)")]
#[cfg_attr(
    false,
    python(
        "def histogram(a: _Array, /, bins: int | _Array = 10, range: tuple[float, float] | None = None, \
                weights: _Array | None = None, density: bool = False, *, stream: _Stream | None = None) \
                -> tuple[array, array]"
    )
)]
fn histogram(
    a: ArrayArg,
    bins: Option<Bound<'_, PyAny>>,
    range: Option<(f64, f64)>,
    weights: Option<ArrayArg>,
    density: bool,
    stream: Option<StreamArg>,
) -> Result<(PyArray, PyArray)> {
    let number = match &bins {
        None => Some(10),
        Some(bins) => bins.extract::<i64>().ok(),
    };
    let edges = match (&bins, number) {
        (Some(bins), None) => Some(bins.extract::<ArrayArg>()?.0),
        _ => None,
    };
    let bins = match &edges {
        Some(edges) => ops::Bins::Edges(edges),
        None => {
            let number = number.unwrap_or(0);
            let bins = usize::try_from(number)
                .map_err(|_| value_error(format!("histogram: bins is at least 1, got {number}")))?;
            ops::Bins::Equal(bins, range)
        }
    };
    let (counts, edges) = ops::histogram(&a.0, bins, weights.as_ref().map(|weights| &weights.0), density)?;
    Ok((made_on(stream, counts), PyArray::new(edges)))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_functions!(module; argsort, sort, argpartition, partition, topk, searchsorted, unique, bincount, histogram);
    Ok(())
}
