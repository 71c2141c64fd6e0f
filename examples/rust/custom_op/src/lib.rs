//! An operation for cotan from another crate: the logarithm of the Gamma function, with every rule.
//!
//! An operation is a type with the rules of [`Primitive`]. All of its mathematics is in three places: what it computes
//! ([`Primitive::eval`]) and how its result changes with its input ([`Primitive::jvp`] and its transpose [`Primitive::vjp`]).
//! Derivatives are written with operations, so they have derivatives in turn: here that of [`ln_gamma`] is [`digamma`], whose
//! own is [`trigamma`], and so on.
//!
//! ```
//! use cotan::{Array, grad, vmap};
//! use custom_op::ln_gamma;
//!
//! // Gamma(5) = 4! = 24, and the slope at 1 is minus the constant of Euler and Mascheroni.
//! assert!((ln_gamma(&Array::scalar(5.0f64))?.item::<f64>()? - 24f64.ln()).abs() < 1e-12);
//! let slope = grad(ln_gamma);
//! assert!((slope(&Array::scalar(1.0f64))?.item::<f64>()? + 0.577_215_664_901_533).abs() < 1e-9);
//! // Second derivatives, of many examples.
//! let x = Array::from_slice(&[1.0f64, 2.0], &[2])?;
//! let bends = vmap(grad(grad(ln_gamma)))(&x)?.to_vec::<f64>()?;
//! assert!((bends[0] - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-9);
//! # Ok::<(), cotan::Error>(())
//! ```

use std::sync::Arc;

use cotan::ops::{self, Batched, Primitive, Site, Tangents};
use cotan::{Array, DType, Error, Output, Result, Spec, Tensor};

/// The derivative of this order of `ln(Gamma(x))`, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PolyGamma {
    /// 0 for the logarithm itself.
    order: u32,
}

/// The logarithm of the Gamma function of positive numbers; NaN of others. `float32` and `float64`.
///
/// # Errors
/// For other element types.
pub fn ln_gamma(x: &Array) -> Result<Array> {
    PolyGamma { order: 0 }.of(x)
}

/// The derivative of [`ln_gamma`].
///
/// # Errors
/// As for that.
pub fn digamma(x: &Array) -> Result<Array> {
    PolyGamma { order: 1 }.of(x)
}

/// The second derivative of [`ln_gamma`].
///
/// # Errors
/// As for that.
pub fn trigamma(x: &Array) -> Result<Array> {
    PolyGamma { order: 2 }.of(x)
}

impl PolyGamma {
    fn of(self, x: &Array) -> Result<Array> {
        Ok(ops::custom(Arc::new(self), std::slice::from_ref(x))?.swap_remove(0))
    }

    /// The slope of the result times `change`.
    fn slope_times(self, x: &Array, change: &Array) -> Result<Array> {
        ops::multiply(change, &PolyGamma { order: self.order + 1 }.of(x)?)
    }
}

impl Primitive for PolyGamma {
    fn name(&self) -> &'static str {
        "polygamma"
    }

    /// The result is like the input. Whatever can't be computed must be refused here.
    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        match inputs[0].dtype() {
            DType::F32 | DType::F64 => Ok(vec![inputs[0].spec()]),
            dtype => Err(Error::DType { op: self.name(), dtype, expected: "float32 or float64" }),
        }
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| self.slope_times(&site.inputs[0], tangent)).transpose()?])
    }

    /// The transpose of a diagonal matrix is the matrix.
    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        self.jvp(site, cotangents)
    }

    /// Examples lie along axis 0, which is an axis like any other here.
    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(self.of(&inputs[0].array)?)])
    }

    /// Inputs may be views; `to_row_major` copies those whose elements don't lie one after another.
    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let x = inputs[0].to_row_major()?;
        let mut result = Output::new(specs[0].dtype, &specs[0].shape)?;
        if let Some(x) = x.as_slice::<f32>() {
            let each = x.iter().map(|&x| self.value(f64::from(x)) as f32);
            result.slice_mut::<f32>().iter_mut().zip(each).for_each(|(to, value)| *to = value);
        } else if let Some(x) = x.as_slice::<f64>() {
            let each = x.iter().map(|&x| self.value(x));
            result.slice_mut::<f64>().iter_mut().zip(each).for_each(|(to, value)| *to = value);
        }
        Ok(vec![result.finish()])
    }
}

/// From here on the asymptotic series is exact to double precision.
const FAR: f64 = 16.0;

/// `B[2k] / (2k (2k - 1))` for `k` from 1, where `B` are the Bernoulli numbers.
const SERIES: [f64; 7] =
    [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];

impl PolyGamma {
    /// By the recurrence `Gamma(x + 1) = x Gamma(x)` up to where Stirling's series holds, and the derivatives of both
    /// (Abramowitz, Stegun, "Handbook of mathematical functions", 6.1.15, 6.1.41).
    fn value(self, x: f64) -> f64 {
        if x.is_nan() || x <= 0.0 {
            return f64::NAN;
        }
        let (mut far, mut sum) = (x, 0.0);
        while far < FAR {
            sum -= self.of_logarithm(far);
            far += 1.0;
        }
        sum + self.stirling(far)
    }

    /// The derivative of `ln(x)`.
    fn of_logarithm(self, x: f64) -> f64 {
        if self.order == 0 { x.ln() } else { -factorial(self.order - 1) * (-1.0 / x).powi(self.order as i32) }
    }

    /// The derivative of `(x - 1/2) ln(x) - x + ln(2 pi) / 2 + sum of c[k] x^(1 - 2k)`.
    fn stirling(self, x: f64) -> f64 {
        let n = self.order;
        let product = match n {
            0 => (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln(),
            1 => x.ln() - 0.5 / x,
            _ => (x - 0.5) * self.of_logarithm(x) + f64::from(n) * PolyGamma { order: n - 1 }.of_logarithm(x),
        };
        let term = |(k, &c): (usize, &f64)| {
            let power = 2 * k as u32 + 1;
            let falling: f64 = (0..n).map(|i| -f64::from(power + i)).product();
            c * falling * x.powi(-((power + n) as i32))
        };
        product + SERIES.iter().enumerate().map(term).sum::<f64>()
    }
}

fn factorial(n: u32) -> f64 {
    (1..=n).map(f64::from).product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cotan::{check_grads, compile, vmap};

    #[test]
    fn values_are_those_of_tables() -> Result<()> {
        let x = Array::from_slice(&[0.5f64, 1.0, 3.0, 30.0], &[4])?;
        let close = |array: Array, wanted: [f64; 4]| -> Result<()> {
            for (found, wanted) in array.to_vec::<f64>()?.into_iter().zip(wanted) {
                assert!((found - wanted).abs() < 1e-11 * wanted.abs().max(1.0), "{found} {wanted}");
            }
            Ok(())
        };
        close(ln_gamma(&x)?, [0.572_364_942_924_700_1, 0.0, 2f64.ln(), 71.257_038_967_168_01])?;
        close(
            digamma(&x)?,
            [-1.963_510_026_021_423_4, -0.577_215_664_901_532_9, 0.922_784_335_098_467_1, 3.384_438_132_685_525],
        )?;
        close(
            trigamma(&x)?,
            [4.934_802_200_544_679, 1.644_934_066_848_226_4, 0.394_934_066_848_226_4, 0.033_895_060_357_739_946],
        )?;
        assert!(ln_gamma(&Array::scalar(-1.0f32))?.item::<f32>()?.is_nan());
        Ok(())
    }

    #[test]
    fn derivatives_agree_with_differences_in_every_mode() -> Result<()> {
        let x = Array::from_slice(&[0.7f64, 1.9, 12.5], &[3])?;
        check_grads(|x: &Array| ln_gamma(x)?.sum(None, false), &x, &cotan::transforms::Check::default())
    }

    #[test]
    fn transforms_and_views_work() -> Result<()> {
        let x = Array::from_slice(&[0.7f32, 1.9, 12.5, 3.0, 4.0, 5.0], &[2, 3])?;
        let mapped = vmap(ln_gamma)(&x)?.to_vec::<f32>()?;
        assert_eq!(mapped, ln_gamma(&x)?.to_vec::<f32>()?);
        assert_eq!(mapped, compile(ln_gamma).call(&x)?.to_vec::<f32>()?);
        let turned = ln_gamma(&x.transpose(&[1, 0])?)?.transpose(&[1, 0])?;
        assert_eq!(mapped, turned.to_vec::<f32>()?);
        assert!(ln_gamma(&Array::scalar(1i32)).is_err());
        Ok(())
    }
}
