//! Norms of the last axis.

mod backward;
mod forward;

use cotan_kernels::Scalar;

pub(crate) use backward::NormGrad;
pub(crate) use forward::Norm;

use super::{composed, expect_float, wide};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};
use crate::ops::{add, astype, expand_dims, mean, multiply, rsqrt, square, subtract};

/// `x / sqrt(mean(x^2) + eps) * weight` over the last axis (Zhang, Sennrich, "Root mean square layer normalization",
/// 2019), in the type that `x` and `weight` promote to.
///
/// # Errors
/// When `x` is not floating or has no axes, or the weight is not as long as its last axis.
///
/// ```
/// use cotan::{Array, fast};
/// let x = Array::from_slice(&[3.0f32, 3.0], &[2])?;
/// assert_eq!(fast::rms_norm(&x, None, 0.0)?.to_vec::<f32>()?, [1.0, 1.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn rms_norm(x: &Array, weight: Option<&Array>, eps: f64) -> Result<Array> {
    record(Style { centre: false, eps: Scalar::new(eps), lead: 0 }, x, [weight, None])
}

/// `(x - mean(x)) / sqrt(var(x) + eps) * weight + bias` over the last axis (Ba, Kiros, Hinton, "Layer normalization",
/// 2016), in the type that all promote to.
///
/// # Errors
/// When `x` is not floating or has no axes, or the weight or the bias is not as long as its last axis.
pub fn layer_norm(x: &Array, weight: Option<&Array>, bias: Option<&Array>, eps: f64) -> Result<Array> {
    record(Style { centre: true, eps: Scalar::new(eps), lead: 0 }, x, [weight, bias])
}

/// Which norm of the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Style {
    /// Takes off the mean first.
    centre: bool,
    /// What is added to the mean square.
    eps: Scalar,
    /// How many axes in front have weights and biases of their own.
    lead: usize,
}

fn record(style: Style, x: &Array, [weight, bias]: [Option<&Array>; 2]) -> Result<Array> {
    let op = style.name();
    let Some(&size) = x.shape().last() else { return Err(Error::value(op, "needs an array with axes")) };
    let mut dtype = x.dtype();
    for (name, array) in ["weight", "bias"].into_iter().zip([weight, bias]) {
        let Some(array) = array else { continue };
        if array.shape() != [size] {
            let message = format!("the {name} must have shape ({size},), got {}", tuple(array.shape()));
            return Err(Error::value(op, message));
        }
        dtype = dtype.promote(array.dtype());
    }
    expect_float(op, x.dtype())?;
    expect_float(op, dtype)?;
    let inputs = [Some(x), weight, bias].into_iter().flatten().map(|array| astype(array, dtype));
    Array::apply(Norm { style, weight: weight.is_some(), bias: bias.is_some() }, inputs.collect::<Result<_>>()?)
}

impl Style {
    fn name(self) -> &'static str {
        if self.centre { "layer_norm" } else { "rms_norm" }
    }

    fn kernel(self) -> cotan_kernels::norm::Norm {
        cotan_kernels::norm::Norm { centre: self.centre, eps: self.eps.to::<f64>(), lead: self.lead }
    }

    /// Refuses operands of different types, and factors whose shape isn't that of rows of `x`.
    fn check(self, op: &'static str, x: &Array, like: Option<&Array>, factors: &[Array]) -> Result<()> {
        expect_float(op, x.dtype())?;
        let shape: Option<Shape> = match x.shape() {
            [lead @ .., n] if self.lead <= lead.len() => Some(lead[..self.lead].iter().chain([n]).copied().collect()),
            _ => None,
        };
        let fits = |factor: &Array| shape.as_deref() == Some(factor.shape()) && factor.dtype() == x.dtype();
        if shape.is_some() && factors.iter().all(fits) && like.is_none_or(|like| like.spec() == x.spec()) {
            return Ok(());
        }
        let shapes: Vec<String> =
            factors.iter().chain(like).map(|a| format!("{} of {}", tuple(a.shape()), a.dtype())).collect();
        let (given, others) = (format!("{} of {}", tuple(x.shape()), x.dtype()), shapes.join(", "));
        Err(Error::value(op, format!("rows of {given} don't fit {others}")))
    }

    /// What the operation computes, of other operations: `factors` are a weight and a bias, where there are any.
    fn compose(self, x: &Array, [weight, bias]: [Option<&Array>; 2]) -> Result<Array> {
        let dtype = x.dtype();
        let mut x = astype(x, wide(dtype))?;
        if self.centre {
            x = subtract(&x, &mean(&x, Some(&[-1]), true)?)?;
        }
        let power = mean(&square(&x)?, Some(&[-1]), true)?;
        let eps = Array::full(&[], self.eps.cast(x.dtype()));
        let mut y = multiply(&x, &rsqrt(&add(&power, &eps)?)?)?;
        // Factors of their own for the axes in front stand beside the axes after those.
        let axes: Vec<i64> = (self.lead..x.ndim() - 1).map(|axis| axis as i64).collect();
        let beside = |factor: &Array| match self.lead {
            0 => astype(factor, wide(dtype)),
            _ => expand_dims(&astype(factor, wide(dtype))?, &axes),
        };
        if let Some(weight) = weight {
            y = multiply(&y, &beside(weight)?)?;
        }
        if let Some(bias) = bias {
            y = add(&y, &beside(bias)?)?;
        }
        astype(&y, dtype)
    }
}
