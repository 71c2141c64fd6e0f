//! The same elements repeated, rotated or in reverse order.

use cotan_kernels::Scalar;
use smallvec::{SmallVec, smallvec};

use super::follow::{Regroup, broadcast_like, expect_fixed, flat, regroup, varies};
use super::join::join;
use super::slice::slice_axis;
use super::{broadcast_to, flatten, normalize_axes, normalize_axis, permute, reshape};
use crate::array::{Array, Shape};
use crate::error::{Error, Result};

/// Each element along `axis` `repeats` times in a row; without an axis, of the flattened array.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when the result has too many elements.
pub fn repeat(a: &Array, repeats: usize, axis: Option<i64>) -> Result<Array> {
    let Some(axis) = axis else {
        return repeat(&flat(a)?, repeats, Some(0));
    };
    let axis = normalize_axis("repeat", axis, a.ndim())?;
    let mut times: Shape = smallvec![1; a.ndim() + 1];
    times[axis + 1] = repeats;
    join_pairs("repeat", &spread(a, &[axis + 1], &times)?, &[axis])
}

/// The whole array `reps[i]` times along each axis `i`; the shorter of `reps` and the shape is filled up with ones in front.
///
/// # Errors
/// When the result has too many elements.
pub fn tile(a: &Array, reps: &[usize]) -> Result<Array> {
    let ndim = a.ndim().max(reps.len());
    // Axis `i` of the result comes from the axes `2 * i`, of copies, and `2 * i + 1`, of the array where it has one.
    let new: Shape = (0..2 * ndim).filter(|place| place % 2 == 0 || place / 2 < ndim - a.ndim()).collect();
    let mut times: Shape = smallvec![1; 2 * ndim];
    reps.iter().enumerate().for_each(|(i, &count)| times[2 * (ndim - reps.len() + i)] = count);
    let pairs: Shape = (0..ndim).collect();
    join_pairs("tile", &spread(a, &new, &times)?, &pairs)
}

/// With new axes, which are axes of the result, and each axis `i` repeated `times[i]` times.
fn spread(a: &Array, new: &[usize], times: &[usize]) -> Result<Array> {
    let apart = regroup(a, Regroup::Expand(new.into()))?;
    if varies(a) {
        return broadcast_like(&apart, &Array::full(times, Scalar::zero(a.dtype())));
    }
    let shape: Shape = apart.shape().iter().zip(times).map(|(size, times)| size * times).collect();
    broadcast_to(&apart, &shape)
}

/// Joins pairs of neighbouring axes, given by the places of the joined axes in the result.
pub(super) fn join_pairs(op: &'static str, a: &Array, joined: &[usize]) -> Result<Array> {
    if varies(a) {
        let pair = |axis: usize| Regroup::Flatten { first: axis, last: axis + 1 };
        return joined.iter().try_fold(a.clone(), |a, &axis| regroup(&a, pair(axis)));
    }
    let mut sizes = a.shape().iter();
    let size = |axis: usize| match joined.contains(&axis) {
        true => sizes.next()?.checked_mul(*sizes.next()?),
        false => sizes.next().copied(),
    };
    let shape: Option<Shape> = (0..a.ndim() - joined.len()).map(size).collect();
    reshape(a, &shape.ok_or_else(|| Error::value(op, "too many elements"))?)
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
    expect_fixed("rot90", a)?;
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
