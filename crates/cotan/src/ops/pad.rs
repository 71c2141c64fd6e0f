//! Padding: by a constant, by the edge, or by reflection.

use cotan_kernels::layout::Strides;
use smallvec::smallvec;

use super::join::join;
use super::slice::slice_axis;
use super::{astype, broadcast_to, strided_update};
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
    match mode {
        PadMode::Constant(value) => constant(a, &widths, value),
        PadMode::Edge => extend(a, &widths, "edge", |i, n| i.clamp(0, n - 1)),
        PadMode::Reflect => extend(a, &widths, "reflect", |i, n| bounce(i, n - 1, 2 * (n - 1).max(1))),
        PadMode::Symmetric => extend(a, &widths, "symmetric", |i, n| {
            let inside = i.rem_euclid(2 * n);
            inside.min(2 * n - 1 - inside)
        }),
    }
}

/// Position `i` on a line that turns back at 0 and at `last`.
fn bounce(i: i64, last: i64, period: i64) -> i64 {
    let inside = i.rem_euclid(period);
    if last == 0 { 0 } else { inside.min(period - inside) }
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
        (Ok(before), Ok(after)) if before.checked_add(after).is_some() => Ok([before, after]),
        _ => Err(Error::value("pad", format!("width ({before}, {after}) is negative or too large"))),
    };
    pairs.into_iter().map(convert).collect()
}

fn constant(a: &Array, widths: &[[usize; 2]], value: &Array) -> Result<Array> {
    if widths.iter().all(|width| *width == [0, 0]) {
        return Ok(a.clone());
    }
    let too_large = || Error::value("pad", "too many elements");
    let size = |(n, [before, after]): (&usize, &[usize; 2])| n.checked_add(before + after).ok_or_else(too_large);
    let shape = a.shape().iter().zip(widths).map(size).collect::<Result<Shape>>()?;
    let full = broadcast_to(&astype(value, a.dtype())?, &shape)?;
    let starts: Shape = widths.iter().map(|width| width[0]).collect();
    let steps: Strides = smallvec![1; a.ndim()];
    strided_update(&full, a, &starts, &steps)
}

/// Pads with elements of `a`: place `i` of an axis of size `n`, which may lie outside it, takes element `from(i, n)`.
fn extend(a: &Array, widths: &[[usize; 2]], mode: &str, from: impl Fn(i64, i64) -> i64) -> Result<Array> {
    let mut a = a.clone();
    for (axis, &[before, after]) in widths.iter().enumerate() {
        let size = a.shape()[axis];
        if before == 0 && after == 0 {
            continue;
        }
        if size == 0 {
            return Err(Error::value("pad", format!("axis {axis} has no element that mode {mode} could repeat")));
        }
        let side = |range: std::ops::Range<i64>| pieces(&a, axis, range.map(|i| from(i, size as i64) as usize));
        let n = size as i64;
        let parts = [side(-(before as i64)..0)?, vec![a.clone()], side(n..n + after as i64)?].concat();
        a = join(axis, &parts)?;
    }
    Ok(a)
}

/// The elements of an axis at `indices`, as slices that together have them in order.
fn pieces(a: &Array, axis: usize, indices: impl Iterator<Item = usize>) -> Result<Vec<Array>> {
    // Runs of indices whose neighbours differ by the same step: start, step, size.
    let mut runs: Vec<(usize, isize, usize)> = Vec::new();
    for index in indices {
        match runs.last_mut() {
            Some((start, step, size)) if *size == 1 || index as isize == *start as isize + *step * *size as isize => {
                *step = if *size == 1 { index as isize - *start as isize } else { *step };
                *size += 1;
            }
            Some(_) | None => runs.push((index, 1, 1)),
        }
    }
    runs.into_iter().map(|(start, step, size)| slice_axis(a, axis, start, step, size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflections_of_any_width_turn_back_at_both_ends() {
        let reflect: Vec<i64> = (-5..5).map(|i| bounce(i, 2, 4)).collect();
        assert_eq!(reflect, [1, 0, 1, 2, 1, 0, 1, 2, 1, 0]);
        assert!((-5..5).all(|i| bounce(i, 0, 2) == 0));
    }
}
