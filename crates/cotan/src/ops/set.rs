//! Distinct elements.

use cotan_kernels::{DType, Scalar};

use super::{ScatterMode, add, argsort, astype, cumsum, less, minimum, not_equal, ones, put_along_axis, reshape};
use super::{slice_axis, strided_update, subtract, take, where_, zeros};
use crate::array::Array;
use crate::error::{Error, Result};

/// What [`unique`] finds.
#[derive(Clone, Debug)]
pub struct Unique {
    /// The distinct values, ascending, padded or cut to the requested size.
    pub values: Array,
    /// Where each value occurs first in the flattened input, as `uint32`.
    pub index: Array,
    /// For each element of the input the position of its value, as `uint32`; the last one for values that were cut.
    pub inverse: Array,
    /// How often each value occurs, as `int32`; 0 for padding.
    pub counts: Array,
}

/// The distinct elements, ascending, in an array of exactly `size` places; NaNs stay separate.
///
/// Places left over hold `fill`, or the smallest element when there is none. A size that is known beforehand keeps the
/// function usable in every transform.
///
/// # Errors
/// When `size` is negative, or the input is empty and there is nothing to fill with.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[2i32, 1, 2, 3], &[4])?;
/// let unique = ops::unique(&x, 4, None)?;
/// assert_eq!(unique.values.to_vec::<i32>()?, [1, 2, 3, 1]);
/// assert_eq!(unique.counts.to_vec::<i32>()?, [1, 2, 1, 0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn unique(a: &Array, size: i64, fill: Option<&Array>) -> Result<Unique> {
    const OP: &str = "unique";
    let size = usize::try_from(size).map_err(|_| Error::value(OP, format!("size must not be negative, got {size}")))?;
    let n = a.size();
    let fill = fill.map(|fill| reshape(&astype(fill, a.dtype())?, &[1])).transpose()?;
    if n == 0 || size == 0 {
        return nothing_found(a, size, fill.as_ref());
    }
    let flat = reshape(a, &[n])?;
    let order = argsort(&flat, Some(0))?;
    let sorted = take(&flat, &order, None)?;
    let starts = group_starts(&sorted)?;
    // The group that each sorted element belongs to, counted from 0.
    let group = subtract(&cumsum(&starts, None, false, true)?, &ones(&[], DType::I32))?;
    let room = n.max(size);
    let put = |base: Array, values: &Array, mode| put_along_axis(&base, &group, values, Some(0), mode);
    let cut = |a: Array| slice_axis(&a, 0, 0, 1, size);
    let counts = cut(put(zeros(&[room], DType::I32), &ones(&[n], DType::I32), ScatterMode::Add)?)?;
    let highest = Array::full(&[room], Scalar::new(u32::MAX));
    let first = cut(put(highest, &order, ScatterMode::Min)?)?;
    let found = less(&zeros(&[], DType::I32), &counts)?;
    let index = where_(&found, &first, &slice_axis(&first, 0, 0, 1, 1)?)?;
    let mut values = take(&flat, &index, None)?;
    if let Some(fill) = fill {
        values = where_(&found, &values, &fill)?;
    }
    let last = Array::full(&[], Scalar::new(size as i64 - 1).cast(DType::I32));
    let place = astype(&minimum(&group, &last)?, DType::U32)?;
    let inverse = put_along_axis(&zeros(&[n], DType::U32), &order, &place, Some(0), ScatterMode::Set)?;
    Ok(Unique { values, index, inverse: reshape(&inverse, a.shape())?, counts })
}

/// True where a sorted element differs from the one before it, and at the first.
fn group_starts(sorted: &Array) -> Result<Array> {
    let n = sorted.size();
    let differs = not_equal(&slice_axis(sorted, 0, 1, 1, n - 1)?, &slice_axis(sorted, 0, 0, 1, n - 1)?)?;
    strided_update(&ones(&[n], DType::Bool), &differs, &[1], &[1])
}

fn nothing_found(a: &Array, size: usize, fill: Option<&Array>) -> Result<Unique> {
    let base = zeros(&[size], a.dtype());
    let values = match fill {
        Some(fill) => add(&base, fill)?,
        None if size == 0 => base,
        None => return Err(Error::value("unique", "an empty array needs a value to fill the result with")),
    };
    Ok(Unique {
        values,
        index: zeros(&[size], DType::U32),
        inverse: zeros(a.shape(), DType::U32),
        counts: zeros(&[size], DType::I32),
    })
}
