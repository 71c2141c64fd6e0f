//! Mathematical functions of `f64`.

use super::isa::Isa;

#[inline(always)]
pub fn exp<I: Isa>(x: f64) -> f64 {
    x.exp()
}

#[inline(always)]
pub fn exp2<I: Isa>(x: f64) -> f64 {
    x.exp2()
}

#[inline(always)]
pub fn expm1<I: Isa>(x: f64) -> f64 {
    x.exp_m1()
}

#[inline(always)]
pub fn log<I: Isa>(x: f64) -> f64 {
    x.ln()
}

#[inline(always)]
pub fn log2<I: Isa>(x: f64) -> f64 {
    x.log2()
}

#[inline(always)]
pub fn log10<I: Isa>(x: f64) -> f64 {
    x.log10()
}

#[inline(always)]
pub fn log1p<I: Isa>(x: f64) -> f64 {
    x.ln_1p()
}

#[inline(always)]
pub fn sin<I: Isa>(x: f64) -> f64 {
    x.sin()
}

#[inline(always)]
pub fn cos<I: Isa>(x: f64) -> f64 {
    x.cos()
}

#[inline(always)]
pub fn tan<I: Isa>(x: f64) -> f64 {
    x.tan()
}

#[inline(always)]
pub fn asin<I: Isa>(x: f64) -> f64 {
    x.asin()
}

#[inline(always)]
pub fn acos<I: Isa>(x: f64) -> f64 {
    x.acos()
}

#[inline(always)]
pub fn atan<I: Isa>(x: f64) -> f64 {
    x.atan()
}

#[inline(always)]
pub fn sinh<I: Isa>(x: f64) -> f64 {
    x.sinh()
}

#[inline(always)]
pub fn cosh<I: Isa>(x: f64) -> f64 {
    x.cosh()
}

#[inline(always)]
pub fn tanh<I: Isa>(x: f64) -> f64 {
    x.tanh()
}

#[inline(always)]
pub fn asinh<I: Isa>(x: f64) -> f64 {
    x.asinh()
}

#[inline(always)]
pub fn acosh<I: Isa>(x: f64) -> f64 {
    x.acosh()
}

#[inline(always)]
pub fn atanh<I: Isa>(x: f64) -> f64 {
    x.atanh()
}

#[inline(always)]
pub fn erf<I: Isa>(x: f64) -> f64 {
    erf_series(x)
}

#[inline(always)]
pub fn erfinv<I: Isa>(x: f64) -> f64 {
    erfinv_newton(x)
}

#[inline(always)]
pub fn sigmoid<I: Isa>(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[inline(always)]
pub fn rsqrt<I: Isa>(x: f64) -> f64 {
    1.0 / x.sqrt()
}

#[inline(always)]
pub fn sqrt<I: Isa>(x: f64) -> f64 {
    x.sqrt()
}

#[inline(always)]
pub fn floor<I: Isa>(x: f64) -> f64 {
    x.floor()
}

#[inline(always)]
pub fn ceil<I: Isa>(x: f64) -> f64 {
    x.ceil()
}

#[inline(always)]
pub fn trunc<I: Isa>(x: f64) -> f64 {
    x.trunc()
}

#[inline(always)]
pub fn rint<I: Isa>(x: f64) -> f64 {
    x.round_ties_even()
}

#[inline(always)]
pub fn abs<I: Isa>(x: f64) -> f64 {
    x.abs()
}

#[inline(always)]
pub fn atan2<I: Isa>(y: f64, x: f64) -> f64 {
    y.atan2(x)
}

#[inline(always)]
pub fn pow<I: Isa>(x: f64, y: f64) -> f64 {
    x.powf(y)
}

#[inline(always)]
pub fn copysign<I: Isa>(x: f64, sign: f64) -> f64 {
    x.copysign(sign)
}

#[inline(always)]
pub fn logaddexp<I: Isa>(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    // Equal infinities have no difference.
    if high == low { high + f64::ln(2.0) } else { high + (low - high).exp().ln_1p() + (a + b) * 0.0 }
}

#[inline(always)]
pub fn remainder<I: Isa>(a: f64, b: f64) -> f64 {
    let r = a % b;
    if r != 0.0 && (r < 0.0) != (b < 0.0) { r + b } else { r }
}

#[inline(always)]
pub fn floor_div<I: Isa>(a: f64, b: f64) -> f64 {
    (a / b).floor()
}

fn erf_series(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.abs() > 6.0 {
        return 1f64.copysign(x);
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > sum.abs() * 1e-18 {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    sum * (-x * x).exp() * std::f64::consts::FRAC_2_SQRT_PI
}

fn erfinv_newton(y: f64) -> f64 {
    if y.abs() >= 1.0 || y.is_nan() {
        return if y.abs() == 1.0 { f64::INFINITY.copysign(y) } else { f64::NAN };
    }
    let w = (1.0 - y * y).ln();
    let a = 0.147;
    let b = 2.0 / (std::f64::consts::PI * a) + w / 2.0;
    let mut x = ((b * b - w / a).sqrt() - b).sqrt().copysign(y);
    for _ in 0..4 {
        x -= (erf_series(x) - y) / (std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp());
    }
    x
}

#[inline(always)]
pub fn is_near_angle<I: Isa>(x: f64) -> bool {
    x.abs() < 1e6
}
#[inline(always)]
pub fn sin_near<I: Isa>(x: f64) -> f64 {
    x.sin()
}
#[inline(always)]
pub fn cos_near<I: Isa>(x: f64) -> f64 {
    x.cos()
}
#[inline(always)]
pub fn tan_near<I: Isa>(x: f64) -> f64 {
    x.tan()
}
#[inline(always)]
pub fn is_near_divisor<I: Isa>(_: f64, _: f64) -> bool {
    true
}
#[inline(always)]
pub fn remainder_near<I: Isa>(a: f64, b: f64) -> f64 {
    remainder::<I>(a, b)
}
