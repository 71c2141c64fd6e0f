//! `f32` functions against `f64`, over a stride of all bit patterns.

use super::*;

/// The error of `got` in units in the last place of `want`; what rounds to infinity counts as `2^128`.
fn ulps(got: f32, want: f64) -> f64 {
    if want.is_nan() || got.is_nan() {
        return if want.is_nan() && got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let limit = 2f64.powi(128);
    let bounded = want.clamp(-limit, limit);
    let got = if got.is_infinite() { limit.copysign(f64::from(got)) } else { f64::from(got) };
    if got == bounded {
        // Zeros must agree in sign.
        return if got == 0.0 && got.is_sign_negative() != want.is_sign_negative() { f64::INFINITY } else { 0.0 };
    }
    let exponent = (bounded.abs().to_bits() >> 52) as i32 - 1023;
    (got - bounded).abs() / 2f64.powi(exponent.clamp(-126, 127) - 23)
}

fn patterns(step: usize) -> Vec<f32> {
    (0..=u32::MAX).step_by(step).map(f32::from_bits).collect()
}

#[track_caller]
fn check(name: &str, limit: f64, want: impl Fn(f64) -> f64) {
    let x = patterns(50_021);
    let want: Vec<f64> = x.iter().map(|&x| want(f64::from(x))).collect();
    for &level in Level::available() {
        let got = unary(level, name, &x).expect("a known function");
        for ((&x, &got), &want) in x.iter().zip(&got).zip(&want) {
            let error = ulps(got, want);
            assert!(error <= limit, "{level:?}: {name}({x:e}) is {got:e}, not {want:e}: {error:.3} ulp");
        }
    }
}

#[test]
fn exponentials_are_within_two_units() {
    check("exp", 1.25, f64::exp);
    check("exp2", 1.25, f64::exp2);
    check("expm1", 1.75, f64::exp_m1);
    check("sigmoid", 2.0, |x| 1.0 / (1.0 + (-x).exp()));
}

#[test]
fn logarithms_are_within_two_units() {
    check("log", 1.0, f64::ln);
    check("log2", 2.0, f64::log2);
    check("log10", 2.0, f64::log10);
    check("log1p", 1.75, f64::ln_1p);
}

#[test]
fn sines_are_within_two_units_at_any_angle() {
    for [sin, cos, tan] in [["sin", "cos", "tan"], ["sin, chunkwise", "cos, chunkwise", "tan, chunkwise"]] {
        check(sin, 1.6, f64::sin);
        check(cos, 1.6, f64::cos);
        check(tan, 3.9, f64::tan);
    }
}

#[test]
fn moderate_angles_take_the_short_way_as_accurately() {
    // All near: no chunk falls back.
    let x: Vec<f32> = (0..262_144u32).map(|i| (f64::from(i) * 0.999_9 - 131_070.0) as f32).collect();
    for &level in Level::available() {
        for (name, limit, want) in [
            ("sin, chunkwise", 1.6, f64::sin as fn(f64) -> f64),
            ("cos, chunkwise", 1.6, f64::cos),
            ("tan, chunkwise", 3.9, f64::tan),
        ] {
            for (&x, got) in x.iter().zip(unary(level, name, &x).expect("a known function")) {
                let want = want(f64::from(x));
                assert!(ulps(got, want) <= limit, "{level:?}: {name}({x:e}) is {got:e}, not {want:e}");
                assert!(got.abs() <= 1.0 || name.starts_with("tan"));
            }
        }
    }
}

#[test]
fn arcs_are_within_three_units() {
    check("asin", 2.5, f64::asin);
    check("acos", 1.25, f64::acos);
    check("atan", 1.6, f64::atan);
}

#[test]
fn hyperbolic_functions_are_within_three_units() {
    check("sinh", 1.75, f64::sinh);
    check("cosh", 1.75, f64::cosh);
    check("tanh", 1.5, f64::tanh);
    check("asinh", 2.25, f64::asinh);
    check("acosh", 2.25, f64::acosh);
    check("atanh", 2.25, f64::atanh);
}

#[test]
fn roots_and_rounding_are_exact() {
    check("sqrt", 0.5, f64::sqrt);
    check("rsqrt", 1.5, |x| 1.0 / x.sqrt());
    check("floor", 0.0, f64::floor);
    check("ceil", 0.0, f64::ceil);
    check("trunc", 0.0, f64::trunc);
    check("rint", 0.0, f64::round_ties_even);
}

#[test]
fn error_functions_are_within_three_units() {
    // The f64 functions are held to a table elsewhere.
    check("erf", 1.25, |x| unary(Level::Scalar, "erf", &[x]).expect("a known function")[0]);
    check("erfinv", 2.75, |x| unary(Level::Scalar, "erfinv", &[x]).expect("a known function")[0]);
}

#[test]
fn powers_are_within_two_units() {
    let base = patterns(1_000_003);
    for y in [0.0f32, -0.0, 1.0, -1.0, 2.0, 3.0, 0.5, -0.5, 1.0 / 3.0, 7.0, -12.0, 0.001, 1e-30, 1e10, f32::INFINITY] {
        let exponents = vec![y; base.len()];
        for &level in Level::available() {
            let got = binary(level, "pow", &base, &exponents).expect("a known function");
            for (&x, got) in base.iter().zip(got) {
                let want = f64::from(x).powf(f64::from(y));
                assert!(ulps(got, want) <= 1.25, "{level:?}: pow({x:e}, {y:e}) is {got:e}, not {want:e}");
            }
        }
    }
}

#[test]
fn angles_of_points_are_within_two_units() {
    let x = patterns(100_003);
    let y: Vec<f32> = x.iter().rev().copied().collect();
    let close: Vec<f32> = x.iter().map(|x| x * 1.618).collect();
    for y in [y, close] {
        for &level in Level::available() {
            let got = binary(level, "atan2", &y, &x).expect("a known function");
            for ((&y, &x), got) in y.iter().zip(&x).zip(got) {
                let want = f64::from(y).atan2(f64::from(x));
                assert!(ulps(got, want) <= 1.75, "{level:?}: atan2({y:e}, {x:e}) is {got:e}, not {want:e}");
            }
        }
    }
}

#[test]
fn remainders_are_pythons_and_exact() {
    fn python(a: f64, b: f64) -> f64 {
        let r = a % b;
        if r == 0.0 {
            r.copysign(b)
        } else if (r < 0.0) == (b < 0.0) {
            r
        } else {
            r + b
        }
    }
    let mut a = patterns(100_003);
    let mut b: Vec<f32> = a.iter().rev().copied().collect();
    // Quotients of moderate size, where the cheap formula serves.
    a.extend((0..4096u16).map(|i| f32::from(i) * 1.7 - 3000.0));
    b.extend((0..4096u16).map(|i| f32::from(i % 61) * 0.3 - 9.1));
    for &level in Level::available() {
        for name in ["remainder", "remainder, chunkwise"] {
            let got = binary(level, name, &a, &b).expect("a known function");
            for ((&a, &b), got) in a.iter().zip(&b).zip(got) {
                let want = python(f64::from(a), f64::from(b));
                assert!(ulps(got, want) <= 0.5, "{level:?}: {a:e} % {b:e} is {got:e}, not {want:e}");
            }
        }
    }
}

#[test]
fn normal_numbers_follow_from_uniform_ones() {
    // Twelve draws of the generator, uniform in 0..1 and normal.
    let uniform = [
        0.88300896f64,
        0.13573387,
        0.6713625,
        0.7252368,
        0.34756777,
        0.7557259,
        0.6773077,
        0.019292919,
        0.4151247,
        0.16112842,
        0.24859098,
        0.6078139,
    ];
    let normal = [
        1.1901637f32,
        -1.0996886,
        0.44367874,
        0.59847,
        -0.3918953,
        0.6926199,
        0.46018356,
        -2.0685759,
        -0.2143816,
        -0.9898305,
        -0.6789303,
        0.27362588,
    ];
    let x = uniform.map(|u| (2.0 * u - 1.0) as f32);
    for &level in Level::available() {
        let got = unary(level, "erfinv", &x).expect("a known function");
        for (got, want) in got.into_iter().zip(normal) {
            assert!((got * std::f32::consts::SQRT_2 - want).abs() < 2e-5, "{level:?}: {got} {want}");
        }
    }
}
