//! Running totals along an axis, and differences.

use cotan_kernels::scan::ScanOp;
use cotan_kernels::{DType, Scalar, Tensor};
use smallvec::smallvec;

use super::follow::{expect_fixed, flat};
use super::{Batched, Primitive, Recurrence, ScatterMode, Site, Tangents, astype, chosen, conj, equal, exp, inexact};
use super::{gather_along, multiply, normalize_axis, not_equal, real, reshape, scatter_along};
use super::{slice_axis, strided_update, subtract, where_, zeros_like};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result};

/// Totals along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Scan {
    /// What accumulates.
    pub op: ScanOp,
    /// The axis.
    pub axis: usize,
    /// From the end instead of the start.
    pub reverse: bool,
    /// Whether an element's total includes the element.
    pub inclusive: bool,
}

/// Running sums along `axis`, or of the flattened array; bools are counted in `int32`.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1i32, 2, 3], &[3])?;
/// assert_eq!(ops::cumsum(&x, None, false, true)?.to_vec::<i32>()?, [1, 3, 6]);
/// assert_eq!(ops::cumsum(&x, None, true, false)?.to_vec::<i32>()?, [5, 3, 0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn cumsum(a: &Array, axis: Option<i64>, reverse: bool, inclusive: bool) -> Result<Array> {
    let counted = if a.dtype() == DType::Bool { astype(a, DType::I32)? } else { a.clone() };
    scan("cumsum", ScanOp::Sum, &counted, axis, reverse, inclusive)
}

/// Running products along `axis`, or of the flattened array.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn cumprod(a: &Array, axis: Option<i64>, reverse: bool, inclusive: bool) -> Result<Array> {
    scan("cumprod", ScanOp::Prod, a, axis, reverse, inclusive)
}

/// The largest value so far along `axis`, or in the flattened array; NaN stays.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn cummax(a: &Array, axis: Option<i64>, reverse: bool, inclusive: bool) -> Result<Array> {
    scan("cummax", ScanOp::Max, a, axis, reverse, inclusive)
}

/// The smallest value so far along `axis`, or in the flattened array; NaN stays.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn cummin(a: &Array, axis: Option<i64>, reverse: bool, inclusive: bool) -> Result<Array> {
    scan("cummin", ScanOp::Min, a, axis, reverse, inclusive)
}

/// The logarithm of running sums of exponentials along `axis`, or of the flattened array.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn logcumsumexp(a: &Array, axis: Option<i64>, reverse: bool, inclusive: bool) -> Result<Array> {
    scan("logcumsumexp", ScanOp::LogSumExp, &inexact(a)?, axis, reverse, inclusive)
}

/// Differences between neighbours along `axis`, taken `n` times; for bools, whether they differ.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis, [`Error::Value`] when `n` is negative.
pub fn diff(a: &Array, n: i64, axis: i64) -> Result<Array> {
    let axis = normalize_axis("diff", axis, a.ndim())?;
    let times = usize::try_from(n).map_err(|_| Error::value("diff", format!("n must not be negative, got {n}")))?;
    expect_fixed("diff", a)?;
    let mut differences = a.clone();
    for _ in 0..times.min(a.shape()[axis]) {
        let size = differences.shape()[axis] - 1;
        let [low, high] = [0, 1].map(|start| slice_axis(&differences, axis, start, 1, size));
        differences = if a.dtype() == DType::Bool { not_equal(&high?, &low?)? } else { subtract(&high?, &low?)? };
    }
    Ok(differences)
}

fn scan(name: &'static str, op: ScanOp, a: &Array, axis: Option<i64>, reverse: bool, inclusive: bool) -> Result<Array> {
    match axis {
        Some(axis) => scan_axis(op, a, normalize_axis(name, axis, a.ndim())?, reverse, inclusive),
        None => scan_axis(op, &flat(a)?, 0, reverse, inclusive),
    }
}

/// A scan along an axis known to be in range.
pub(crate) fn scan_axis(op: ScanOp, a: &Array, axis: usize, reverse: bool, inclusive: bool) -> Result<Array> {
    Array::apply(Scan { op, axis, reverse, inclusive }, smallvec![a.clone()])
}

/// Each element's predecessor along `axis`, its successor when `reverse`; zero where there is none.
pub(crate) fn shift(a: &Array, axis: usize, reverse: bool) -> Result<Array> {
    expect_fixed("shift", a)?;
    let n = a.shape()[axis];
    if n == 0 {
        return Ok(a.clone());
    }
    let (from, to) = if reverse { (1, 0) } else { (0, 1) };
    let mut starts: Shape = smallvec![0; a.ndim()];
    starts[axis] = to;
    strided_update(&zeros_like(a), &slice_axis(a, axis, from, 1, n - 1)?, &starts, &vec![1; a.ndim()])
}

/// `exp(part - total)`, and zero where the part is the logarithm of zero.
fn weight(part: &Array, total: &Array) -> Result<Array> {
    let lowest = Array::full(&[], Scalar::new(f64::NEG_INFINITY).cast(part.dtype()));
    let nothing = equal(&real(part)?, &real(&lowest)?)?;
    exp(&where_(&nothing, &lowest, &subtract(part, total)?)?)
}

/// The derivative of a scan as a linear map.
enum Slope {
    Sum,
    /// `h[i] = decay[i] * h[i - 1] + gain[i] * t[i]`
    Linear {
        decay: Array,
        gain: Array,
    },
    /// Each total is the element at this position.
    Choice(Array),
}

impl Scan {
    fn again(self, a: &Array) -> Result<Array> {
        Array::apply(self, smallvec![a.clone()])
    }

    fn totals(self, site: &Site, inclusive: bool) -> Result<Array> {
        if self.inclusive == inclusive {
            return Ok(site.outputs[0].clone());
        }
        Scan { inclusive, ..self }.again(&site.inputs[0])
    }

    /// The slope of the inclusive scan.
    fn slope(self, site: &Site) -> Result<Slope> {
        let x = &site.inputs[0];
        Ok(match self.op {
            ScanOp::Sum => Slope::Sum,
            ScanOp::Prod => Slope::Linear { decay: x.clone(), gain: self.totals(site, false)? },
            ScanOp::LogSumExp => {
                let total = self.totals(site, true)?;
                Slope::Linear { decay: weight(&self.totals(site, false)?, &total)?, gain: weight(x, &total)? }
            }
            ScanOp::Max | ScanOp::Min => Slope::Choice(self.positions(x, &self.totals(site, true)?)?),
        })
    }

    /// The position of each total among the elements; of equal ones the last that was met.
    fn positions(self, x: &Array, total: &Array) -> Result<Array> {
        expect_fixed(self.name(), x)?;
        let n = x.shape()[self.axis];
        let holds = chosen(x, total)?;
        let index = along(n, self.axis, x.ndim())?;
        let (op, none) = if self.reverse { (ScanOp::Min, n as i64 - 1) } else { (ScanOp::Max, 0) };
        let none = Array::full(&[], Scalar::new(none).cast(index.dtype()));
        scan_axis(op, &where_(&holds, &index, &none)?, self.axis, self.reverse, true)
    }

    fn recurrence(self) -> Recurrence {
        Recurrence { axis: self.axis, reverse: self.reverse }
    }
}

/// `0, 1, ..` along one of `ndim` axes.
pub(crate) fn along(n: usize, axis: usize, ndim: usize) -> Result<Array> {
    let dtype = if i32::try_from(n).is_ok() { DType::I32 } else { DType::I64 };
    let op = super::Arange { start: Scalar::zero(dtype), step: Scalar::one(dtype), len: n };
    let mut shape: Shape = smallvec![1; ndim];
    shape[axis] = n;
    reshape(&Array::apply(op, smallvec![])?, &shape)
}

impl Primitive for Scan {
    fn name(&self) -> &'static str {
        match self.op {
            ScanOp::Sum => "cumsum",
            ScanOp::Prod => "cumprod",
            ScanOp::Max => "cummax",
            ScanOp::Min => "cummin",
            ScanOp::LogSumExp => "logcumsumexp",
        }
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(tangent) = &tangents[0] else { return Ok(vec![None]) };
        let inclusive = match self.slope(site)? {
            Slope::Sum => return Ok(vec![Some(self.again(tangent)?)]),
            Slope::Linear { decay, gain } => self.recurrence().of(&decay, &multiply(&gain, tangent)?)?,
            Slope::Choice(positions) => gather_along(tangent, &positions, self.axis)?,
        };
        Ok(vec![Some(if self.inclusive { inclusive } else { shift(&inclusive, self.axis, self.reverse)? })])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        let inclusive =
            || if self.inclusive { Ok(cotangent.clone()) } else { shift(cotangent, self.axis, !self.reverse) };
        Ok(vec![Some(match self.slope(site)? {
            Slope::Sum => Scan { reverse: !self.reverse, ..*self }.again(cotangent)?,
            Slope::Linear { decay, gain } => {
                multiply(&conj(&gain)?, &self.recurrence().transposed(&decay, &inclusive()?)?)?
            }
            Slope::Choice(positions) => {
                scatter_along(ScatterMode::Add, &zeros_like(cotangent), &positions, &inclusive()?, self.axis)?
            }
        })])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(Scan { axis: self.axis + 1, ..*self }.again(&inputs[0].array)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::scan::scan(self.op, &inputs[0], self.axis, self.reverse, self.inclusive);
        Ok(vec![result.map_err(|error| Error::from_kernel(self.name(), error))?])
    }
}
