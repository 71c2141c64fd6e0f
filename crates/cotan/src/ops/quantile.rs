//! Order statistics: the median and other quantiles, read from sorted elements.

use super::elementwise::number;
use super::follow::expect_fixed;
use super::{
    add, equal, expect_elements, inexact, isnan, multiply, permute, reduced_axes, reshape, slice_axis, sort_axis,
};
use super::{stack, where_, with_ones, without};
use crate::array::{Array, Shape};
use crate::error::{Error, Result};

/// What a quantile between two elements is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// As far between them as the quantile is between their ranks.
    Linear,
    /// The smaller one.
    Lower,
    /// The larger one.
    Higher,
    /// Half-way between them.
    Midpoint,
    /// The closer one, or that of even rank.
    Nearest,
}

/// The elements over some axes in ascending order along one last axis.
struct Sorted {
    values: Array,
    /// The axis they are in.
    axis: usize,
    count: usize,
    /// The shape of a result.
    shape: Shape,
}

/// The middle element over `axes` (all axes when `None`), the mean of the two middle ones when their number is even,
/// NaN if any is; integers give `float32`.
///
/// # Errors
/// When an axis doesn't exist or is given twice, or there would be no element to choose from.
pub fn median(a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    Sorted::new("median", a, axes, keepdims)?.quantile(0.5, Interpolation::Midpoint)
}

/// The elements that a share `q[i]`, from 0 to 1, of the elements over `axes` (all axes when `None`) does not exceed,
/// NaN if any is; integers give `float32`. The result has an axis for `q` in front.
///
/// # Errors
/// When an axis doesn't exist or is given twice, there would be no element to choose from, no share is asked for or one is
/// not between 0 and 1.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[3.0f32, 1.0, 2.0], &[3])?;
/// let quartiles = ops::quantile(&x, &[0.25, 0.75], None, false, ops::Interpolation::Linear)?;
/// assert_eq!(quartiles.to_vec::<f32>()?, [1.5, 2.5]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn quantile(
    a: &Array,
    q: &[f64],
    axes: Option<&[i64]>,
    keepdims: bool,
    interpolation: Interpolation,
) -> Result<Array> {
    const OP: &str = "quantile";
    if let Some(wrong) = q.iter().find(|share| !(0.0..=1.0).contains(*share)) {
        return Err(Error::value(OP, format!("q is between 0 and 1, got {wrong}")));
    }
    if q.is_empty() {
        return Err(Error::value(OP, "q must not be empty"));
    }
    let sorted = Sorted::new(OP, a, axes, keepdims)?;
    let found: Result<Vec<Array>> = q.iter().map(|&share| sorted.quantile(share, interpolation)).collect();
    stack(&found?, 0)
}

impl Sorted {
    fn new(op: &'static str, a: &Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Sorted> {
        let axes = reduced_axes(op, axes, a.ndim())?;
        expect_fixed(op, a)?;
        expect_elements(op, a.shape(), &axes)?;
        let values = inexact(a)?;
        let shape = if keepdims { with_ones(a.shape(), &axes) } else { without(a.shape(), &axes) };
        let mut order: Shape = (0..a.ndim()).filter(|axis| !axes.contains(axis)).collect();
        let axis = order.len();
        order.extend_from_slice(&axes);
        let moved = permute(&values, &order)?;
        let count = moved.shape()[axis..].iter().product();
        let mut flat = Shape::from_slice(&moved.shape()[..axis]);
        flat.push(count);
        let rows = reshape(&moved, &flat)?;
        // One element, or none, is in order.
        let values = if count > 1 && rows.size() > 0 { sort_axis(&rows, axis)? } else { rows };
        Ok(Sorted { values, axis, count, shape })
    }

    fn at(&self, position: usize) -> Result<Array> {
        slice_axis(&self.values, self.axis, position, 1, 1)
    }

    fn quantile(&self, share: f64, interpolation: Interpolation) -> Result<Array> {
        // Without elements in the result there may be none to choose from.
        if self.values.size() == 0 {
            return reshape(&self.values, &self.shape);
        }
        let rank = share * (self.count - 1) as f64;
        let (below, above) = (rank.floor(), rank.ceil());
        let part = match interpolation {
            Interpolation::Linear => rank - below,
            Interpolation::Lower => 0.0,
            Interpolation::Higher => above - below,
            Interpolation::Midpoint => 0.5 * (above - below),
            Interpolation::Nearest => rank.round_ties_even() - below,
        };
        let (low, high) = (self.at(below as usize)?, self.at(above as usize)?);
        let found = match part {
            0.0 => low,
            1.0 => high,
            // Shares are added, not the difference: that of two large numbers could overflow.
            _ => {
                let weight = |part: f64| number(&self.values, part);
                let between = add(&multiply(&low, &weight(1.0 - part))?, &multiply(&high, &weight(part))?)?;
                // Rounded shares of equal elements need not make up that element; halves do.
                if part == 0.5 { between } else { where_(&equal(&low, &high)?, &low, &between)? }
            }
        };
        let last = self.at(self.count - 1)?;
        reshape(&where_(&isnan(&last)?, &last, &found)?, &self.shape)
    }
}
