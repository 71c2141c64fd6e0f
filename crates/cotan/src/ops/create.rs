//! Arrays made from numbers: filled, evenly spaced, triangular, grids and windows.

use cotan_kernels::{DType, Scalar};

use super::follow::expect_fixed;
use super::{
    abs, add, arange, astype, broadcast_to, cos, divide, equal, greater_equal, multiply, ones, reshape, subtract,
    where_, zeros_like,
};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};

/// `value` broadcast to `shape`, as `dtype` if that is given.
///
/// # Errors
/// When `value` doesn't broadcast to `shape`.
pub fn full(shape: &[usize], value: &Array, dtype: Option<DType>) -> Result<Array> {
    broadcast_to(&astype(value, dtype.unwrap_or(value.dtype()))?, shape)
}

/// `num` values from `start` to `stop`, evenly spaced; `stop` is the last of them if `endpoint`, else what would follow.
///
/// # Errors
/// When there are too many values.
///
/// ```
/// use cotan::{DType, ops};
/// let x = ops::linspace(0.0, 1.0, 3, true, DType::F32)?;
/// assert_eq!(x.to_vec::<f32>()?, [0.0, 0.5, 1.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn linspace(start: f64, stop: f64, num: usize, endpoint: bool, dtype: DType) -> Result<Array> {
    let gaps = if endpoint { num.saturating_sub(1) } else { num };
    let place = arange(0.0, num as f64, 1.0, DType::F64)?;
    // Multiplied first, so that whole steps give whole values, which integer types then don't truncate.
    let way = divide(&multiply(&place, &constant(stop - start))?, &constant(gaps.max(1) as f64))?;
    let values = add(&way, &constant(start))?;
    let last = equal(&place, &constant(if endpoint && num > 1 { gaps as f64 } else { -1.0 }))?;
    astype(&where_(&last, &constant(stop), &values)?, dtype)
}

/// Ones on the `k`-th diagonal of an `n` by `m` matrix of zeros.
///
/// # Errors
/// When there are too many rows or columns.
pub fn eye(n: usize, m: usize, k: i64, dtype: DType) -> Result<Array> {
    let (rows, columns) = grid(n, m, k)?;
    astype(&equal(&rows, &columns)?, dtype)
}

/// The `n` by `n` identity matrix.
///
/// # Errors
/// When there are too many rows.
pub fn identity(n: usize, dtype: DType) -> Result<Array> {
    eye(n, n, 0, dtype)
}

/// Ones on and below the `k`-th diagonal of an `n` by `m` matrix of zeros.
///
/// # Errors
/// When there are too many rows or columns.
pub fn tri(n: usize, m: usize, k: i64, dtype: DType) -> Result<Array> {
    astype(&lower(n, m, k)?, dtype)
}

/// `a` with zeros above the `k`-th diagonal of its last two axes.
///
/// # Errors
/// When `a` has fewer than two axes.
pub fn tril(a: &Array, k: i64) -> Result<Array> {
    expect_fixed("tril", a)?;
    let [n, m] = matrix("tril", a)?;
    where_(&lower(n, m, k)?, a, &zeros_like(a))
}

/// `a` with zeros below the `k`-th diagonal of its last two axes.
///
/// # Errors
/// When `a` has fewer than two axes.
pub fn triu(a: &Array, k: i64) -> Result<Array> {
    expect_fixed("triu", a)?;
    let [n, m] = matrix("triu", a)?;
    where_(&lower(n, m, k.saturating_sub(1))?, &zeros_like(a), a)
}

fn matrix(op: &'static str, a: &Array) -> Result<[usize; 2]> {
    match a.shape() {
        &[.., n, m] => Ok([n, m]),
        shape => Err(Error::value(op, format!("needs at least two axes, got shape {}", tuple(shape)))),
    }
}

/// A column of row numbers plus `k` and a row of column numbers, which are equal on the `k`-th diagonal.
fn grid(n: usize, m: usize, k: i64) -> Result<(Array, Array)> {
    let counter = |len: usize| arange(0.0, len as f64, 1.0, DType::I64);
    // Diagonals further out are as empty as the one just outside, and can't overflow.
    let k = k.clamp(-(n as i64), m as i64);
    let rows = add(&counter(n)?, &Array::full(&[], Scalar::new(k)))?;
    Ok((reshape(&rows, &[n, 1])?, counter(m)?))
}

/// True on and below the `k`-th diagonal.
fn lower(n: usize, m: usize, k: i64) -> Result<Array> {
    let (rows, columns) = grid(n, m, k)?;
    greater_equal(&rows, &columns)
}

/// Which axis of a grid the first array runs along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridOrder {
    /// The second, as for points `(x, y)` of a picture.
    Xy,
    /// The first, as for entries `(i, j)` of a matrix.
    Ij,
}

/// Coordinates over the grid that flattened arrays span: one array per input, or only its own axis if `sparse`.
///
/// # Errors
/// When the grid has too many elements.
pub fn meshgrid(arrays: &[Array], sparse: bool, order: GridOrder) -> Result<Vec<Array>> {
    let axis_of = |i: usize| match order {
        GridOrder::Xy if i < 2 && arrays.len() > 1 => 1 - i,
        GridOrder::Xy | GridOrder::Ij => i,
    };
    let mut shape = Shape::from_elem(1, arrays.len());
    arrays.iter().enumerate().for_each(|(i, array)| shape[axis_of(i)] = array.size());
    let coordinate = |(i, array): (usize, &Array)| {
        let mut own = Shape::from_elem(1, arrays.len());
        own[axis_of(i)] = array.size();
        let own = reshape(array, &own)?;
        if sparse { Ok(own) } else { broadcast_to(&own, &shape) }
    };
    arrays.iter().enumerate().map(coordinate).collect()
}

/// The triangular window of `m` values that starts and ends with zero.
///
/// # Errors
/// When there are too many values.
pub fn bartlett(m: usize) -> Result<Array> {
    let way = linspace(-1.0, 1.0, m, true, DType::F64)?;
    finish(m, &subtract(&constant(1.0), &abs(&way)?)?)
}

/// The Blackman window of `m` values (R. B. Blackman and J. W. Tukey, 1958): two cosine terms.
///
/// # Errors
/// When there are too many values.
pub fn blackman(m: usize) -> Result<Array> {
    cosines(m, &[0.42, -0.5, 0.08])
}

/// The Hamming window of `m` values (R. B. Blackman and J. W. Tukey, 1958): a raised cosine on a pedestal.
///
/// # Errors
/// When there are too many values.
pub fn hamming(m: usize) -> Result<Array> {
    cosines(m, &[0.54, -0.46])
}

/// The Hann window of `m` values (R. B. Blackman and J. W. Tukey, 1958): a raised cosine.
///
/// # Errors
/// When there are too many values.
pub fn hanning(m: usize) -> Result<Array> {
    cosines(m, &[0.5, -0.5])
}

/// The sum of `weights[i]` times the cosine that has `i` periods from the first to the last of `m` places.
fn cosines(m: usize, weights: &[f64]) -> Result<Array> {
    let turn = linspace(0.0, std::f64::consts::TAU, m, true, DType::F64)?;
    let mut sum = zeros_like(&turn);
    for (i, &weight) in weights.iter().enumerate() {
        let wave = cos(&multiply(&turn, &constant(i as f64))?)?;
        sum = add(&sum, &multiply(&wave, &constant(weight))?)?;
    }
    finish(m, &sum)
}

/// A window in its type; a single value is 1.
fn finish(m: usize, window: &Array) -> Result<Array> {
    if m == 1 { Ok(ones(&[1], DType::F32)) } else { astype(window, DType::F32) }
}

fn constant(value: f64) -> Array {
    Array::full(&[], Scalar::new(value))
}
