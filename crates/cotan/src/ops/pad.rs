//! Padding: by a constant, by the edge, or by reflection.

use cotan_kernels::layout::Strides;
use smallvec::smallvec;

use super::join::join;
use super::slice::slice_axis;
use super::{astype, broadcast_to, strided_update, tile};
use crate::array::{Array, Shape};
use crate::error::{Error, Result};

/// What [`pad`] fills the new places with.
#[derive(Clone, Debug)]
pub enum PadMode {
    /// This value, converted to the array's type; it broadcasts to the result.
    Constant(Array),
    /// The nearest element.
    Edge,
    /// The reflection without its edge: `3 2 [1 2 3] 2 1`.
    Reflect,
    /// The reflection with its edge: `2 1 [1 2 3] 3 2`.
    Symmetric,
}

/// How many places come before and after each axis, as callers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadWidth<'a> {
    /// The same everywhere.
    Same(i64),
    /// The same for each axis: before, after.
    Pair(i64, i64),
    /// One pair per axis, or one for all.
    PerAxis(&'a [(i64, i64)]),
}

/// `a` with places added before and after each axis.
///
/// # Errors
/// When a width is negative, the number of pairs is neither 1 nor that of axes, or there is nothing to repeat.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1, 2, 3], &[3])?;
/// let y = ops::pad(&x, ops::PadWidth::Pair(2, 1), &ops::PadMode::Reflect)?;
/// assert_eq!(y.to_vec::<i32>()?, [3, 2, 1, 2, 3, 2]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn pad(a: &Array, width: PadWidth, mode: &PadMode) -> Result<Array> {
    let widths = widths(width, a.ndim())?;
    let (name, mirror) = match mode {
        PadMode::Constant(value) => return constant(a, &widths, value),
        PadMode::Edge => ("edge", None),
        PadMode::Reflect => ("reflect", Some(1)),
        PadMode::Symmetric => ("symmetric", Some(0)),
    };
    widths.iter().enumerate().filter(|(_, width)| **width != [0, 0]).try_fold(a.clone(), |a, (axis, &width)| {
        match (a.shape()[axis], mirror) {
            (0, _) => Err(Error::value("pad", format!("axis {axis} has no element that mode {name} could repeat"))),
            (_, None) | (1, Some(_)) => edge(&a, axis, width),
            (n, Some(inset)) if width.iter().all(|&side| side <= n - inset) => mirror_once(&a, axis, width, inset),
            (_, Some(inset)) => mirror_often(&a, axis, width, inset),
        }
    })
}

/// Before and after per axis.
fn widths(width: PadWidth, ndim: usize) -> Result<Vec<[usize; 2]>> {
    let pairs = match width {
        PadWidth::Same(n) => vec![(n, n); ndim],
        PadWidth::Pair(before, after) => vec![(before, after); ndim],
        PadWidth::PerAxis(&[pair]) => vec![pair; ndim],
        PadWidth::PerAxis(pairs) if pairs.len() == ndim => pairs.to_vec(),
        PadWidth::PerAxis(pairs) => {
            return Err(Error::value("pad", format!("{} widths for {ndim} axes", pairs.len())));
        }
    };
    let convert = |(before, after): (i64, i64)| match (usize::try_from(before), usize::try_from(after)) {
        (Ok(before), Ok(after)) => Ok([before, after]),
        _ => Err(Error::value("pad", format!("width ({before}, {after}) is negative"))),
    };
    pairs.into_iter().map(convert).collect()
}

fn constant(a: &Array, widths: &[[usize; 2]], value: &Array) -> Result<Array> {
    if widths.iter().all(|width| *width == [0, 0]) {
        return Ok(a.clone());
    }
    let shape = a.shape().iter().zip(widths).map(|(&n, &width)| padded(n, width)).collect::<Result<Shape>>()?;
    let full = broadcast_to(&astype(value, a.dtype())?, &shape)?;
    let starts: Shape = widths.iter().map(|width| width[0]).collect();
    let steps: Strides = smallvec![1; a.ndim()];
    strided_update(&full, a, &starts, &steps)
}

/// Repeats the first and the last element of an axis.
fn edge(a: &Array, axis: usize, [before, after]: [usize; 2]) -> Result<Array> {
    let last = a.shape()[axis] - 1;
    join(axis, &[slice_axis(a, axis, 0, 0, before)?, a.clone(), slice_axis(a, axis, last, 0, after)?])
}

/// Mirrors an axis at both ends, `inset` elements inside it, no further than to the other end.
fn mirror_once(a: &Array, axis: usize, [before, after]: [usize; 2], inset: usize) -> Result<Array> {
    let n = a.shape()[axis];
    let front = slice_axis(a, axis, (before + inset).saturating_sub(1), -1, before)?;
    let back = slice_axis(a, axis, n - 1 - inset, -1, after)?;
    join(axis, &[front, a.clone(), back])
}

/// As [`mirror_once`], but as often as it takes: the axis and its mirror image, over and over.
fn mirror_often(a: &Array, axis: usize, [before, after]: [usize; 2], inset: usize) -> Result<Array> {
    let n = a.shape()[axis];
    let image = slice_axis(a, axis, n - 1 - inset, -1, n - 2 * inset)?;
    let period = join(axis, &[a.clone(), image])?;
    let length = period.shape()[axis];
    let total = padded(n, [before, after])?;
    let mut times: Shape = smallvec![1; a.ndim()];
    times[axis] = total / length + 2;
    slice_axis(&tile(&period, &times)?, axis, (length - before % length) % length, 1, total)
}

/// The size of an axis with its padding.
fn padded(size: usize, [before, after]: [usize; 2]) -> Result<usize> {
    before
        .checked_add(after)
        .and_then(|sides| sides.checked_add(size))
        .ok_or_else(|| Error::value("pad", "too many elements"))
}
