//! Axes as callers write them, negative ones counting from the end.

use crate::array::Shape;
use crate::error::{Error, Result};

/// The axis that `axis` names in an array with `ndim` axes.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn normalize_axis(op: &'static str, axis: i64, ndim: usize) -> Result<usize> {
    let shifted = if axis < 0 { axis.saturating_add_unsigned(ndim as u64) } else { axis };
    match usize::try_from(shifted) {
        Ok(found) if found < ndim => Ok(found),
        Ok(_) | Err(_) => Err(Error::Axis { op, axis, ndim }),
    }
}

/// The axes that `axes` names, in the order given.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis, [`Error::Value`] when one is named twice.
pub fn normalize_axes(op: &'static str, axes: &[i64], ndim: usize) -> Result<Shape> {
    let mut found = Shape::with_capacity(axes.len());
    let mut seen = vec![false; ndim];
    for &axis in axes {
        let normal = normalize_axis(op, axis, ndim)?;
        if std::mem::replace(&mut seen[normal], true) {
            return Err(Error::value(op, format!("axis {axis} is given twice in {axes:?}")));
        }
        found.push(normal);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn negative_axes_count_from_the_end_and_others_are_refused() {
        assert_eq!(normalize_axis("t", -1, 3).unwrap(), 2);
        assert_eq!(normalize_axis("t", 0, 3).unwrap(), 0);
        for (axis, ndim) in [(3, 3), (-4, 3), (0, 0), (-1, 0), (i64::MIN, 2), (i64::MAX, 2)] {
            assert_eq!(normalize_axis("t", axis, ndim).unwrap_err().kind(), ErrorKind::Index);
        }
        assert_eq!(normalize_axes("t", &[-1, 0], 3).unwrap().as_slice(), [2, 0]);
        assert_eq!(normalize_axes("t", &[2, -1], 3).unwrap_err().kind(), ErrorKind::Value);
    }
}
