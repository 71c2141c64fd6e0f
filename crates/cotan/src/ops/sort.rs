//! Sorting and searching.

use cotan_kernels::{DType, Output, Tensor};
use smallvec::smallvec;

use super::follow::{expect_fixed, flat};
use super::{Batched, Primitive, ScatterMode, Site, Tangents, expect_countable, gather_along, normalize_axis};
use super::{same_dtype, scatter_along, slice_axis, take_along_axis, zeros_like};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// The elements in ascending order along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Sort {
    /// The axis.
    pub axis: usize,
}

/// The positions that sort or partition the elements along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ArgSort {
    /// The axis.
    pub axis: usize,
    /// The only position that must hold what sorting would put there; all when `None`.
    pub kth: Option<usize>,
}

/// Where values belong in sorted rows: the last axis of the first input is sorted, its others are the first axes of the
/// second input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct SearchSorted {
    /// After equal elements instead of before them.
    pub right: bool,
}

/// The elements in ascending order along `axis`, or of the flattened array; stable, NaN last.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[f32::INFINITY, 1.0, -0.5], &[3])?;
/// assert_eq!(ops::sort(&x, Some(-1))?.to_vec::<f32>()?, [-0.5, 1.0, f32::INFINITY]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn sort(a: &Array, axis: Option<i64>) -> Result<Array> {
    let (a, axis) = lanes("sort", a, axis)?;
    sort_axis(&a, axis)
}

/// [`sort`] along an axis known to be in range.
pub(crate) fn sort_axis(a: &Array, axis: usize) -> Result<Array> {
    Array::apply(Sort { axis }, smallvec![a.clone()])
}

/// The positions, as `uint32`, that sort the elements along `axis`, or of the flattened array; stable, NaN last.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn argsort(a: &Array, axis: Option<i64>) -> Result<Array> {
    let (a, axis) = lanes("argsort", a, axis)?;
    Array::apply(ArgSort { axis, kth: None }, smallvec![a])
}

/// The elements along `axis`, or of the flattened array, with the one that sorting would put at `kth` there, no larger
/// one before it and no smaller one after it.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis, [`Error::Value`] when `kth` is out of range (negative ones count from
/// the end).
pub fn partition(a: &Array, kth: i64, axis: Option<i64>) -> Result<Array> {
    let (a, axis) = lanes("partition", a, axis)?;
    let order = arg_partition("partition", &a, kth, axis)?;
    gather_along(&a, &order, axis)
}

/// The positions, as `uint32`, that [`partition`] the elements.
///
/// # Errors
/// As for [`partition`].
pub fn argpartition(a: &Array, kth: i64, axis: Option<i64>) -> Result<Array> {
    let (a, axis) = lanes("argpartition", a, axis)?;
    arg_partition("argpartition", &a, kth, axis)
}

/// The `k` largest elements along `axis`, or of the flattened array, in ascending order; NaN counts as largest.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis, [`Error::Value`] when there are not `k` elements.
pub fn topk(a: &Array, k: i64, axis: Option<i64>) -> Result<Array> {
    let (a, axis) = lanes("topk", a, axis)?;
    expect_fixed("topk", &a)?;
    let n = a.shape()[axis];
    let k = usize::try_from(k).ok().filter(|&k| k <= n).ok_or_else(|| {
        Error::value("topk", format!("k must be between 0 and {n}, the size of axis {axis}, got {k}"))
    })?;
    if k == n {
        return sort_axis(&a, axis);
    }
    if k == 0 {
        return slice_axis(&a, axis, 0, 1, 0);
    }
    let order = arg_partition("topk", &a, (n - k) as i64, axis)?;
    let largest = slice_axis(&order, axis, n - k, 1, k)?;
    sort_axis(&take_along_axis(&a, &largest, Some(axis as i64))?, axis)
}

/// For each value the position, as `uint32`, at which it would keep `sorted` (one axis, ascending) in order: before equal
/// elements, or after them when `right`. NaN sorts last.
///
/// # Errors
/// When `sorted` does not have one axis.
pub fn searchsorted(sorted: &Array, values: &Array, right: bool) -> Result<Array> {
    if sorted.ndim() != 1 {
        let message = format!("the sorted array must have one axis, got shape {}", tuple(sorted.shape()));
        return Err(Error::value("searchsorted", message));
    }
    let (sorted, values) = same_dtype(sorted, values)?;
    Array::apply(SearchSorted { right }, smallvec![sorted, values])
}

/// The array with the axis to sort, flattened when there is none.
fn lanes(op: &'static str, a: &Array, axis: Option<i64>) -> Result<(Array, usize)> {
    match axis {
        None => Ok((flat(a)?, 0)),
        Some(axis) => Ok((a.clone(), normalize_axis(op, axis, a.ndim())?)),
    }
}

fn arg_partition(op: &'static str, a: &Array, kth: i64, axis: usize) -> Result<Array> {
    if kth < 0 {
        expect_fixed(op, a)?;
    }
    let n = a.shape()[axis];
    let position = if kth < 0 { kth.saturating_add_unsigned(n as u64) } else { kth };
    let position = usize::try_from(position).ok().filter(|&position| position < n);
    let position =
        position.ok_or_else(|| Error::value(op, format!("kth {kth} is out of range for axis {axis} of size {n}")))?;
    Array::apply(ArgSort { axis, kth: Some(position) }, smallvec![a.clone()])
}

impl Primitive for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None]) };
        let order = Array::apply(ArgSort { axis: self.axis, kth: None }, smallvec![site.inputs[0].clone()])?;
        Ok(vec![Some(gather_along(tangent, &order, self.axis)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        let order = Array::apply(ArgSort { axis: self.axis, kth: None }, smallvec![site.inputs[0].clone()])?;
        Ok(vec![Some(scatter_along(ScatterMode::Add, &zeros_like(cotangent), &order, cotangent, self.axis)?)])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(sort_axis(&inputs[0].array, self.axis + 1)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::sort::sort(&inputs[0], self.axis);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}

/// Positions don't change with small changes of the values.
macro_rules! no_slope {
    () => {
        fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
            Ok(vec![None])
        }
        fn vjp(&self, site: &Site, _: &[Option<Array>]) -> Result<Tangents> {
            Ok(vec![None; site.inputs.len()])
        }
    };
}

impl Primitive for ArgSort {
    fn name(&self) -> &'static str {
        if self.kth.is_some() { "argpartition" } else { "argsort" }
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_countable(self.name(), inputs[0].shape()[self.axis])?;
        Ok(vec![Spec::new(inputs[0].shape(), DType::U32)])
    }

    no_slope!();

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let inner = ArgSort { axis: self.axis + 1, kth: self.kth };
        Ok(vec![Batched::mapped(Array::apply(inner, smallvec![inputs[0].array.clone()])?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = match self.kth {
            None => cotan_kernels::sort::argsort(&inputs[0], self.axis),
            Some(kth) => cotan_kernels::sort::argpartition(&inputs[0], kth, self.axis),
        };
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}

impl SearchSorted {
    fn row(self, sorted: &Tensor, values: &Tensor) -> Result<Tensor> {
        cotan_kernels::sort::searchsorted(sorted, values, self.right)
            .map_err(|error| Error::from_kernel(self.name(), error))
    }
}

/// One entry of the first `rank` axes.
fn entry(tensor: &Tensor, rank: usize, index: usize) -> Tensor {
    let (lead, rest) = tensor.shape().split_at(rank);
    let mut starts: Shape = smallvec![0; tensor.shape().len()];
    let mut left = index;
    for axis in (0..rank).rev() {
        starts[axis] = left % lead[axis];
        left /= lead[axis];
    }
    let mut sizes: Shape = smallvec![1; rank];
    sizes.extend_from_slice(rest);
    let cut = tensor.slice(&starts, &vec![1; sizes.len()], &sizes);
    let strides = cut.strides()[rank..].into();
    cut.with_layout(rest.into(), strides, cut.offset())
}

impl Primitive for SearchSorted {
    fn name(&self) -> &'static str {
        "searchsorted"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (sorted, values) = (&inputs[0], &inputs[1]);
        let fits = match sorted.shape().split_last() {
            Some((_, rows)) => values.shape().starts_with(rows) && sorted.dtype() == values.dtype(),
            None => false,
        };
        if !fits {
            let [rows, values] = [sorted, values].map(|a| format!("{} of {}", tuple(a.shape()), a.dtype()));
            return Err(Error::value(self.name(), format!("values {values} don't go with sorted rows {rows}")));
        }
        expect_countable(self.name(), sorted.shape()[sorted.ndim() - 1])?;
        Ok(vec![Spec::new(values.shape(), DType::U32)])
    }

    no_slope!();

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        // One row for all examples: their values are just more values.
        let shared = !inputs[0].mapped && inputs[0].array.ndim() == 1;
        let sorted = if shared { inputs[0].array.clone() } else { inputs[0].expand(examples)? };
        let inputs = smallvec![sorted, inputs[1].expand(examples)?];
        Ok(vec![Batched::mapped(Array::apply(*self, inputs)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let rank = inputs[0].shape().len() - 1;
        if rank == 0 {
            return Ok(vec![self.row(&inputs[0], &inputs[1])?]);
        }
        let rows: usize = inputs[0].shape()[..rank].iter().product();
        let mut out = Output::new(DType::U32, &specs[0].shape)?;
        let chunk = (specs[0].shape[rank..].iter().product::<usize>()).max(1);
        for (row, out) in (0..rows).zip(out.slice_mut::<u32>().chunks_exact_mut(chunk)) {
            let found = self.row(&entry(&inputs[0], rank, row), &entry(&inputs[1], rank, row))?;
            out.copy_from_slice(&found.to_vec::<u32>());
        }
        Ok(vec![out.finish()])
    }
}
