//! The same elements repeated, rotated or in reverse order.

use smallvec::{SmallVec, smallvec};

use super::follow::expect_fixed;
use super::join::join;
use super::slice::slice_axis;
use super::{broadcast_to, flatten, normalize_axes, normalize_axis, permute, reshape};
use crate::array::{Array, Shape};
use crate::error::{Error, Result};

/// Each element along `axis` `repeats` times in a row; without an axis, of the flattened array.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn repeat(a: &Array, repeats: usize, axis: Option<i64>) -> Result<Array> {
    let Some(axis) = axis else {
        return repeat(&flatten(a, 0, -1)?, repeats, Some(0));
    };
    let axis = normalize_axis("repeat", axis, a.ndim())?;
    let (before, after) = a.shape().split_at(axis + 1);
    let expanded = reshape(a, &[before, &[1], after].concat())?;
    let repeated = broadcast_to(&expanded, &[before, &[repeats], after].concat())?;
    let mut shape = Shape::from_slice(a.shape());
    shape[axis] = shape[axis].checked_mul(repeats).ok_or_else(|| Error::value("repeat", "too many elements"))?;
    reshape(&repeated, &shape)
}

/// The whole array `reps[i]` times along each axis `i`; the shorter of `reps` and the shape is filled up with ones in front.
///
/// # Errors
/// When the result has too many elements.
pub fn tile(a: &Array, reps: &[usize]) -> Result<Array> {
    let ndim = a.ndim().max(reps.len());
    let size = |axis: usize| (axis + a.ndim()).checked_sub(ndim).map_or(1, |i| a.shape()[i]);
    let times = |axis: usize| (axis + reps.len()).checked_sub(ndim).map_or(1, |i| reps[i]);
    let (mut apart, mut tiled, mut shape) = (Shape::new(), Shape::new(), Shape::new());
    for axis in 0..ndim {
        apart.extend([1, size(axis)]);
        tiled.extend([times(axis), size(axis)]);
        shape.push(size(axis).checked_mul(times(axis)).ok_or_else(|| Error::value("tile", "too many elements"))?);
    }
    reshape(&broadcast_to(&reshape(a, &apart)?, &tiled)?, &shape)
}

/// The elements moved by `shift` places, those that fall off the end coming in at the front.
///
/// Shifts and axes pair up, one shift serving all axes and several shifts for one axis adding up. Without axes the sum
/// of the shifts rotates the row-major order.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when several shifts and several axes differ in number.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1, 2, 3, 4], &[4])?;
/// assert_eq!(ops::roll(&x, &[1], None)?.to_vec::<i32>()?, [4, 1, 2, 3]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn roll(a: &Array, shifts: &[i64], axes: Option<&[i64]>) -> Result<Array> {
    let Some(axes) = axes else {
        let flat = flatten(a, 0, -1)?;
        return reshape(&rotate(&flat, shifts.iter().map(|&s| i128::from(s)).sum(), 0)?, a.shape());
    };
    let axes = axes.iter().map(|&axis| normalize_axis("roll", axis, a.ndim())).collect::<Result<Shape>>()?;
    let pairs: SmallVec<[(i64, usize); 4]> = match (shifts, axes.as_slice()) {
        (&[shift], axes) => axes.iter().map(|&axis| (shift, axis)).collect(),
        (shifts, &[axis]) => shifts.iter().map(|&shift| (shift, axis)).collect(),
        (shifts, axes) if shifts.len() == axes.len() => shifts.iter().copied().zip(axes.iter().copied()).collect(),
        (shifts, axes) => {
            return Err(Error::value(
                "roll",
                format!("{} shifts don't pair up with {} axes", shifts.len(), axes.len()),
            ));
        }
    };
    let mut totals: SmallVec<[i128; 4]> = smallvec![0; a.ndim()];
    pairs.iter().for_each(|&(shift, axis)| totals[axis] += i128::from(shift));
    totals.iter().enumerate().try_fold(a.clone(), |a, (axis, &shift)| rotate(&a, shift, axis))
}

/// Axis `axis` rotated by `shift`.
fn rotate(a: &Array, shift: i128, axis: usize) -> Result<Array> {
    expect_fixed("roll", a)?;
    let size = a.shape()[axis];
    if a.size() == 0 {
        return Ok(a.clone());
    }
    let shift = shift.rem_euclid(size as i128) as usize;
    if shift == 0 {
        return Ok(a.clone());
    }
    join(axis, &[slice_axis(a, axis, size - shift, 1, shift)?, slice_axis(a, axis, 0, 1, size - shift)?])
}

/// The array turned by `k` right angles in the plane of two axes, from the first towards the second.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when both are the same.
pub fn rot90(a: &Array, k: i64, axes: [i64; 2]) -> Result<Array> {
    let plane = normalize_axes("rot90", &axes, a.ndim())?;
    let mut order: Shape = (0..a.ndim()).collect();
    order.swap(plane[0], plane[1]);
    match k.rem_euclid(4) {
        0 => Ok(a.clone()),
        1 => permute(&flip(a, Some(&axes[1..]))?, &order),
        2 => flip(a, Some(&axes)),
        _ => flip(&permute(a, &order)?, Some(&axes[1..])),
    }
}

/// The elements in reverse order along the axes named, or along all. A view.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when one is named twice.
pub fn flip(a: &Array, axes: Option<&[i64]>) -> Result<Array> {
    let axes = match axes {
        Some(axes) => normalize_axes("flip", axes, a.ndim())?,
        None => (0..a.ndim()).collect(),
    };
    let reversed = |axis: usize| axes.contains(&axis);
    let starts: Shape =
        a.shape().iter().enumerate().map(|(axis, n)| if reversed(axis) { n.saturating_sub(1) } else { 0 }).collect();
    let steps: SmallVec<[isize; 4]> = (0..a.ndim()).map(|axis| if reversed(axis) { -1 } else { 1 }).collect();
    super::strided_slice(a, &starts, &steps, a.shape())
}
