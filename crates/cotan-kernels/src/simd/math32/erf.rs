//! The error function and its inverse.

use super::exp::exp;
use super::log::log;
use super::poly;
use crate::simd::isa::Isa;

#[inline(always)]
pub fn erf<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let c = [0.128_379_15, -0.376_125, 0.112_818_65, -0.026_767_721, 0.004_994_041_8, -5.992_132_4e-4];
    let near = I::fma32(a, poly::<I, 6>(z, c), a);
    // 1 - erfc, whose logarithm is smooth. From 3.95 on the result rounds to one.
    let b = if a > 3.95 { 3.95 } else { a };
    let c = [
        1.692_038e-4,
        -0.129_488_4,
        -0.633_400_86,
        -0.108_220_37,
        0.025_080_604,
        -0.004_156_25,
        4.313_925e-4,
        -2.082_851_8e-5,
    ];
    let far = 1.0 - exp::<I>(poly::<I, 8>(b, c) - b);
    (if a < 0.921_875 { near } else { far }).copysign(x)
}

/// Giles, "Approximating the erfinv function" (GPU Computing Gems, 2011), with polynomials of our own.
#[inline(always)]
pub fn erfinv<I: Isa>(x: f32) -> f32 {
    let a = x.abs();
    let w = -log::<I>((1.0 - a) * (1.0 + a));
    let near = [
        1.501_409_4,
        0.246_640_3,
        -0.004_177_389_7,
        -0.001_252_748_4,
        2.183_469_2e-4,
        -4.959_743_4e-6,
        -3.463_356_3e-6,
        4.654_287_4e-7,
        2.328_584_4e-8,
        -8.739_831e-9,
    ];
    let far = [
        2.832_976_8,
        1.001_674_9,
        0.009_444_996,
        -0.007_637_012_7,
        0.005_689_164,
        -0.003_598_973_2,
        0.001_479_756_7,
        -5.297_714e-5,
        -3.054_456_6e-4,
        1.125_216_5e-4,
    ];
    let value = a * if w < 5.0 { poly::<I, 10>(w - 2.5, near) } else { poly::<I, 10>(w.sqrt() - 3.0, far) };
    let value = if a == 1.0 { f32::INFINITY } else { value };
    (if a <= 1.0 { value } else { f32::NAN }).copysign(x)
}
