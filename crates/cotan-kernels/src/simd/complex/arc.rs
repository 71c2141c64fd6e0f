//! Inverse trigonometric and hyperbolic functions of a complex number.
//!
//! Hull, Fairgrieve and Tang, "Implementing the complex arcsine and arccosine functions using exception handling"
//! (1997). Parts in `f64` that come from `f32` leave no exceptions to handle but infinity.

use super::{Wide, math64};
use crate::simd::isa::Isa;
use std::f64::consts::FRAC_PI_2;

/// Below it the inverse sine of the ratio is accurate.
const RATIO_LIMIT: f64 = 0.6417;

/// What inverse sine and cosine share, for a number in the first quadrant.
struct Ellipse {
    /// The real part of the inverse sine.
    sine: f64,
    /// The real part of the inverse cosine.
    cosine: f64,
    /// The imaginary part, up to its sign.
    height: f64,
}

/// The ellipse with foci -1 and 1 through the point: the imaginary part depends on nothing else.
#[inline(always)]
fn ellipse<I: Isa>(x: f64, y: f64) -> Ellipse {
    let square = y * y;
    let r = ((x + 1.0) * (x + 1.0) + square).sqrt();
    let s = ((x - 1.0) * (x - 1.0) + square).sqrt();
    let axis = 0.5 * (r + s);
    let ratio = x / axis;
    let right = square / (r + (x + 1.0));
    // The other leg of a triangle whose hypotenuse is `axis` and whose first leg is `x`.
    let inner = (0.5 * (axis + x) * (right + (s + (1.0 - x)))).sqrt();
    let outer = y * (0.5 * ((axis + x) / (r + (x + 1.0)) + (axis + x) / (s + (x - 1.0)))).sqrt();
    let leg = if x <= 1.0 { inner } else { outer };
    let near = ratio <= RATIO_LIMIT;
    let sine = if near { math64::asin::<I>(ratio) } else { math64::atan2::<I>(x, leg) };
    let cosine = if near { math64::acos::<I>(ratio) } else { math64::atan2::<I>(leg, x) };
    let left = if x < 1.0 { square / (s + (1.0 - x)) } else { s + (x - 1.0) };
    let excess = 0.5 * (right + left);
    // Far out `excess` is `axis - 1`, too.
    let excess = if axis > 1.5 { axis - 1.0 } else { excess };
    let height = math64::log1p::<I>(excess + (excess * (axis + 1.0)).sqrt());
    Ellipse { sine, cosine, height }
}

/// The ellipse of the point's image in the first quadrant, at infinity a circle.
#[inline(always)]
fn ellipse_of<I: Isa>(z: Wide) -> Ellipse {
    let (x, y) = (z.re.abs(), z.im.abs());
    let near = ellipse::<I>(x, y);
    let far = z.is_infinite();
    let angle = math64::atan2::<I>(y, x);
    Ellipse {
        sine: if far { FRAC_PI_2 - angle } else { near.sine },
        cosine: if far { angle } else { near.cosine },
        height: if far { f64::INFINITY } else { near.height },
    }
}

#[inline(always)]
pub(super) fn asin<I: Isa>(z: Wide) -> Wide {
    let e = ellipse_of::<I>(z);
    Wide::new(e.sine.copysign(z.re), e.height.copysign(z.im))
}

#[inline(always)]
pub(super) fn acos<I: Isa>(z: Wide) -> Wide {
    let e = ellipse_of::<I>(z);
    let re = if z.re.is_sign_negative() { std::f64::consts::PI - e.cosine } else { e.cosine };
    Wide::new(re, -e.height.copysign(z.im))
}

#[inline(always)]
pub(super) fn acosh<I: Isa>(z: Wide) -> Wide {
    let w = acos::<I>(z);
    Wide::new(w.im.abs(), w.re.copysign(z.im))
}

#[inline(always)]
pub(super) fn atanh<I: Isa>(z: Wide) -> Wide {
    let (x, square) = (z.re.abs(), z.im * z.im);
    let re = 0.25 * math64::log1p::<I>(4.0 * x / ((1.0 - x) * (1.0 - x) + square));
    let im = 0.5 * math64::atan2::<I>(2.0 * z.im, (1.0 - x) * (1.0 + x) - square);
    let far = z.is_infinite();
    let re = if far { 0.0 } else { re };
    Wide::new(re.copysign(z.re), if far { FRAC_PI_2.copysign(z.im) } else { im })
}
