//! Powers. The logarithm is taken in `f64`, since its error grows with the exponent.

use super::exp::exp2_split;
use super::round::rint;
use crate::simd::isa::Isa;

/// `log2(x)` to 40 bits, for positive finite `x`.
#[inline(always)]
fn log2_wide<I: Isa>(x: f32) -> f64 {
    const SQRT_HALF: u64 = 0x3fe6_a09e_0000_0000;
    const C: [f64; 14] = [
        1.4426950408865737,
        -0.7213475203275065,
        0.4808983488032506,
        -0.36067379314754544,
        0.2885387956981272,
        -0.24044643290476483,
        0.20610712346937068,
        -0.1804367686596059,
        0.16021668059379163,
        -0.14249843242241336,
        0.13027526494225525,
        -0.1346300300630008,
        0.13251415233196426,
        -0.06974040248370555,
    ];
    // Subnormal numbers are normal in f64.
    let bits = f64::from(x).to_bits();
    // Biased by 1024, so that a logical shift serves (AVX2 has no arithmetic one for 64 bits).
    let e = bits.wrapping_sub(SQRT_HALF).wrapping_add(1024 << 52) >> 52;
    let f = f64::from_bits(bits.wrapping_sub(e.wrapping_sub(1024) << 52)) - 1.0;
    let e = f64::from_bits(e | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1024.0);
    let mut p = C[13];
    for i in (0..13).rev() {
        p = I::fma64(p, f, C[i]);
    }
    I::fma64(p, f, e)
}

#[inline(always)]
pub fn pow<I: Isa>(x: f32, y: f32) -> f32 {
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let a = x.abs();
    let log = log2_wide::<I>(a);
    let log = if a == 0.0 { f64::NEG_INFINITY } else { log };
    let log = if a < f32::INFINITY { log } else { f64::from(a) };
    let t = f64::from(y) * log;
    // Everything to the power of zero and one to any power are one, NaN included.
    let t = if y == 0.0 || a == 1.0 { 0.0 } else { t };
    let t = if t > 160.0 { 160.0 } else { t };
    let t = if t < -160.0 { -160.0 } else { t };
    let shifted = t + MAGIC;
    let n = shifted.to_bits().wrapping_sub(MAGIC.to_bits()) as i32;
    let value = exp2_split::<I>(n, (t - (shifted - MAGIC)) as f32);
    let integer = rint::<I>(y) == y;
    let odd = integer && rint::<I>(y * 0.5) != y * 0.5;
    let value = if odd { value.copysign(x) } else { value };
    let undefined = x < 0.0 && x > f32::NEG_INFINITY && !integer;
    if undefined { f32::NAN } else { value }
}
