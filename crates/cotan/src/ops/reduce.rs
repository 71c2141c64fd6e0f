//! Reductions over axes: sum, product, extremes, truth of all or any.

use cotan_kernels::fused::{Operand, Program};
use cotan_kernels::reduce::ReduceOp;
use cotan_kernels::scan::ScanOp;
use cotan_kernels::{DType, Kind, Tensor};
use smallvec::{SmallVec, smallvec};

use super::follow::{Regroup, broadcast_like, regroup, reshape_like, squeezed};
use super::{Batched, Primitive, Site, Tangents, astype, conj, divide, equal, isnan, logical_or};
use super::{multiply, normalize_axes, permute, scan_axis};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// A reduction that keeps the reduced axes with size one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Reduce {
    /// What it computes.
    pub op: ReduceOp,
    /// The reduced axes, ascending.
    pub axes: SmallVec<[usize; 4]>,
}

/// The sum over `axes` (all axes when `None`); bools and small integers add up in 32 bits.
///
/// # Errors
/// When an axis doesn't exist or is given twice.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[2, 2])?;
/// assert_eq!(ops::sum(&x, Some(&[0]), false)?.to_vec::<f32>()?, [4.0, 6.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn sum(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    reduce("sum", ReduceOp::Sum, &wide(a)?, axes, keepdims)
}

/// The product over `axes` (all axes when `None`); bools and small integers multiply in 32 bits.
///
/// # Errors
/// When an axis doesn't exist or is given twice.
pub fn prod(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    reduce("prod", ReduceOp::Prod, &wide(a)?, axes, keepdims)
}

/// The largest element over `axes` (all axes when `None`), NaN if there is one.
///
/// # Errors
/// When an axis doesn't exist or is given twice, or there would be no element to choose from.
pub fn max(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    reduce("max", ReduceOp::Max, a, axes, keepdims)
}

/// The smallest element over `axes` (all axes when `None`), NaN if there is one.
///
/// # Errors
/// When an axis doesn't exist or is given twice, or there would be no element to choose from.
pub fn min(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    reduce("min", ReduceOp::Min, a, axes, keepdims)
}

/// Whether no element over `axes` (all axes when `None`) is zero.
///
/// # Errors
/// When an axis doesn't exist or is given twice.
pub fn all(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    reduce("all", ReduceOp::All, &astype(a, DType::Bool)?, axes, keepdims)
}

/// Whether some element over `axes` (all axes when `None`) is not zero.
///
/// # Errors
/// When an axis doesn't exist or is given twice.
pub fn any(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    reduce("any", ReduceOp::Any, &astype(a, DType::Bool)?, axes, keepdims)
}

/// The sum over axes known to be in range, in the type of `a` and without the summed axes.
pub(crate) fn sum_axes(a: &Array, axes: &[usize]) -> Result<Array> {
    squeezed(&keep(ReduceOp::Sum, a, axes)?, axes)
}

/// The reduction over axes known to be in range, which stay with size one.
pub(crate) fn keep(op: ReduceOp, a: &Array, axes: &[usize]) -> Result<Array> {
    if axes.is_empty() {
        return Ok(a.clone());
    }
    let mut axes: SmallVec<[usize; 4]> = axes.into();
    axes.sort_unstable();
    Array::apply(Reduce { op, axes }, smallvec![a.clone()])
}

/// The axes that a reduction names: all when `None`.
pub(crate) fn reduced_axes(op: &'static str, axes: Option<&[i64]>, ndim: usize) -> Result<Shape> {
    let mut axes = match axes {
        None => (0..ndim).collect(),
        Some(axes) => normalize_axes(op, axes, ndim)?,
    };
    axes.sort_unstable();
    Ok(axes)
}

/// `shape` with ones at `axes`.
pub(crate) fn with_ones(shape: &[usize], axes: &[usize]) -> Shape {
    shape.iter().enumerate().map(|(axis, &size)| if axes.contains(&axis) { 1 } else { size }).collect()
}

/// `shape` without `axes`.
pub(crate) fn without(shape: &[usize], axes: &[usize]) -> Shape {
    shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, &size)| size).collect()
}

/// Refuses to choose from no elements.
pub(crate) fn expect_elements(op: &'static str, shape: &[usize], axes: &[usize]) -> Result<()> {
    let reduced_none = axes.iter().any(|&axis| shape[axis] == 0);
    if reduced_none && !without(shape, axes).contains(&0) {
        let message = format!("no elements to choose from: axes {axes:?} of shape {} are empty", tuple(shape));
        return Err(Error::value(op, message));
    }
    Ok(())
}

/// Where an element is the extreme that was chosen, NaN included.
pub(crate) fn chosen(element: &Array, extreme: &Array) -> Result<Array> {
    let same = equal(element, extreme)?;
    if element.dtype().is_inexact() { logical_or(&same, &isnan(element)?) } else { Ok(same) }
}

/// The sum of many small numbers needs more bits than they have.
fn wide(a: &Array) -> Result<Array> {
    astype(a, wide_dtype(a.dtype()))
}

/// The type in which elements of a type are summed.
pub(crate) fn wide_dtype(dtype: DType) -> DType {
    match (dtype.kind(), dtype.size()) {
        (Kind::Bool, _) | (Kind::Signed, 1 | 2) => DType::I32,
        (Kind::Unsigned, 1 | 2) => DType::U32,
        (Kind::Unsigned | Kind::Signed | Kind::Float | Kind::Complex, _) => dtype,
    }
}

fn reduce(name: &'static str, op: ReduceOp, a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    let axes = reduced_axes(name, axes, a.ndim())?;
    let kept = keep(op, a, &axes)?;
    if keepdims { Ok(kept) } else { squeezed(&kept, &axes) }
}

impl Reduce {
    fn again(&self, a: &Array) -> Result<Array> {
        Array::apply(self.clone(), smallvec![a.clone()])
    }

    fn total(&self, a: &Array) -> Result<Array> {
        keep(ReduceOp::Sum, a, &self.axes)
    }

    /// The slope of the output for each element; equal extremes share it.
    fn slope(&self, site: &Site) -> Result<Option<Array>> {
        let (x, y) = (&site.inputs[0], &site.outputs[0]);
        match self.op {
            ReduceOp::Sum | ReduceOp::All | ReduceOp::Any => Ok(None),
            ReduceOp::Prod => product_of_others(x, &self.axes).map(Some),
            ReduceOp::Max | ReduceOp::Min => {
                let chosen = astype(&chosen(x, y)?, x.dtype())?;
                let share = divide(&chosen, &self.total(&chosen)?)?;
                astype(&share, x.dtype()).map(Some)
            }
        }
    }
}

/// For each element the product of the others along `axes`, exact where some are zero.
fn product_of_others(x: &Array, axes: &[usize]) -> Result<Array> {
    let mut order: Shape = (0..x.ndim()).filter(|axis| !axes.contains(axis)).collect();
    let rows = order.len();
    order.extend_from_slice(axes);
    let moved = permute(x, &order)?;
    let flat = regroup(&moved, Regroup::Flatten { first: rows, last: x.ndim() - 1 })?;
    let before = scan_axis(ScanOp::Prod, &flat, rows, false, false)?;
    let after = scan_axis(ScanOp::Prod, &flat, rows, true, false)?;
    let others = reshape_like(&multiply(&before, &after)?, &moved)?;
    let mut inverse: Shape = smallvec![0; order.len()];
    for (place, &axis) in order.iter().enumerate() {
        inverse[axis] = place;
    }
    permute(&others, &inverse)
}

impl Primitive for Reduce {
    fn name(&self) -> &'static str {
        match self.op {
            ReduceOp::Sum => "sum",
            ReduceOp::Prod => "prod",
            ReduceOp::Max => "max",
            ReduceOp::Min => "min",
            ReduceOp::All => "all",
            ReduceOp::Any => "any",
        }
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (shape, dtype) = (inputs[0].shape(), inputs[0].dtype());
        let dtype = match self.op {
            ReduceOp::Sum | ReduceOp::Prod => dtype,
            ReduceOp::All | ReduceOp::Any => DType::Bool,
            ReduceOp::Max | ReduceOp::Min => {
                expect_elements(self.name(), shape, &self.axes)?;
                dtype
            }
        };
        Ok(vec![Spec { shape: with_ones(shape, &self.axes), dtype }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None]) };
        Ok(vec![match self.op {
            ReduceOp::Sum => Some(self.again(tangent)?),
            ReduceOp::Prod | ReduceOp::Max | ReduceOp::Min => match self.slope(site)? {
                Some(slope) => Some(self.total(&multiply(tangent, &slope)?)?),
                None => None,
            },
            ReduceOp::All | ReduceOp::Any => None,
        }])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        Ok(vec![match self.op {
            ReduceOp::Sum => Some(broadcast_like(cotangent, &site.inputs[0])?),
            ReduceOp::Prod | ReduceOp::Max | ReduceOp::Min => match self.slope(site)? {
                Some(slope) => Some(multiply(cotangent, &conj(&slope)?)?),
                None => None,
            },
            ReduceOp::All | ReduceOp::Any => None,
        }])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let axes = self.axes.iter().map(|axis| axis + 1).collect();
        let array = Array::apply(Reduce { op: self.op, axes }, smallvec![inputs[0].array.clone()])?;
        Ok(vec![Batched::mapped(array)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let input = &inputs[0];
        let mut program = Program::new();
        let value = program.input(input.dtype());
        let operands = [Operand::Tensor(input.clone())];
        let reduced = cotan_kernels::reduce::reduce(
            self.op,
            &program,
            value,
            input.shape(),
            &self.axes,
            &operands,
            &mut [],
            specs[0].dtype,
        );
        Ok(vec![reduced.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}
