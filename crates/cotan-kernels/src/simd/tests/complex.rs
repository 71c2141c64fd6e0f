//! Complex functions against `f64` arithmetic, and their branch cuts.

use super::*;
use crate::Complex32;
use crate::simd::ComplexMath;
use num_complex::Complex64;

macro_rules! functions {
    ($($Name:ident $call:ident)*) => {
        $(
            #[derive(Clone, Copy)]
            pub struct $Name;
            impl Map1<Complex32, Complex32> for $Name {
                #[inline(always)]
                fn call<I: Isa>(z: Complex32) -> Complex32 {
                    ComplexMath::$call::<I>(z)
                }
            }
        )*

        fn apply(level: Level, name: &str, z: &[Complex32]) -> Vec<Complex32> {
            match name {
                $(stringify!($call) => map1::<_, _, $Name>(level, z),)*
                _ => panic!("{name} is unknown"),
            }
        }
    };
}
functions! {
    Exp exp Expm1 expm1 Log log Log2 log2 Log10 log10 Log1p log1p Sqrt sqrt Rsqrt rsqrt Sin sin Cos cos Tan tan
    Asin asin Acos acos Atan atan Sinh sinh Cosh cosh Tanh tanh Asinh asinh Acosh acosh Atanh atanh Sign sign
}

macro_rules! operators {
    ($($Name:ident $call:ident)*) => {
        $(
            #[derive(Clone, Copy)]
            pub struct $Name;
            impl Map2<Complex32, Complex32, Complex32> for $Name {
                #[inline(always)]
                fn call<I: Isa>(z: Complex32, w: Complex32) -> Complex32 {
                    ComplexMath::$call::<I>(z, w)
                }
            }
        )*
    };
}
operators! { Multiply mul Divide div Power pow }

#[derive(Clone, Copy)]
struct Magnitude;
impl Map1<Complex32, f32> for Magnitude {
    #[inline(always)]
    fn call<I: Isa>(z: Complex32) -> f32 {
        ComplexMath::abs::<I>(z)
    }
}

fn c(re: f32, im: f32) -> Complex32 {
    Complex32::new(re, im)
}

/// Points on a spiral, away from the axes.
fn spiral() -> Vec<Complex32> {
    (0..999).map(|i| Complex32::from_polar(0.05 * 1.0047f32.powi(i), 0.37 * i as f32 + 0.1)).collect()
}

fn wide(z: Complex32) -> Complex64 {
    Complex64::new(f64::from(z.re), f64::from(z.im))
}

#[track_caller]
fn check(name: &str, want: impl Fn(Complex64) -> Complex64) {
    let z = spiral();
    for &level in Level::available() {
        for (&z, got) in z.iter().zip(apply(level, name, &z)) {
            let want = want(wide(z));
            let error = (wide(got) - want).norm() / want.norm();
            assert!(error < 1.2e-7, "{level:?}: {name}({z}) is {got}, not {want}: {error:e}");
        }
    }
}

#[test]
fn functions_agree_with_double_precision() {
    check("exp", Complex64::exp);
    check("log", Complex64::ln);
    check("log2", |z| z.ln() / std::f64::consts::LN_2);
    check("log10", |z| z.ln() / std::f64::consts::LN_10);
    check("sqrt", Complex64::sqrt);
    check("rsqrt", |z| 1.0 / z.sqrt());
    check("sin", Complex64::sin);
    check("cos", Complex64::cos);
    check("tan", Complex64::tan);
    check("sinh", Complex64::sinh);
    check("cosh", Complex64::cosh);
    check("tanh", Complex64::tanh);
    check("sign", |z| z / z.norm());
}

#[test]
fn inverse_functions_agree_with_double_precision() {
    check("asin", Complex64::asin);
    check("acos", Complex64::acos);
    check("atan", Complex64::atan);
    check("asinh", Complex64::asinh);
    check("acosh", Complex64::acosh);
    check("atanh", Complex64::atanh);
}

#[test]
fn small_arguments_do_not_cancel() {
    let z: Vec<Complex32> = spiral().iter().map(|z| z * 1e-6).collect();
    for &level in Level::available() {
        for (name, sign) in [("expm1", 0.5), ("log1p", -0.5)] {
            for (&z, got) in z.iter().zip(apply(level, name, &z)) {
                // The third term is 1e-12 of the first.
                let z = wide(z);
                let want = z + sign * z * z;
                assert!((wide(got) - want).norm() < 1.2e-7 * want.norm(), "{level:?}: {name}({z}) is {got}");
            }
        }
    }
}

#[test]
fn cuts_follow_the_sign_of_zero() {
    let pi = std::f32::consts::PI;
    let cases = [
        ("sqrt", c(-4.0, 0.0), c(0.0, 2.0)),
        ("sqrt", c(-4.0, -0.0), c(0.0, -2.0)),
        ("log", c(-1.0, 0.0), c(0.0, pi)),
        ("log", c(-1.0, -0.0), c(0.0, -pi)),
        ("asin", c(2.0, 0.0), c(pi / 2.0, 1.316_958)),
        ("asin", c(2.0, -0.0), c(pi / 2.0, -1.316_958)),
        ("acos", c(2.0, 0.0), c(0.0, -1.316_958)),
        ("acos", c(-2.0, -0.0), c(pi, 1.316_958)),
        ("acosh", c(-2.0, 0.0), c(1.316_958, pi)),
        ("atan", c(0.0, 2.0), c(pi / 2.0, 0.549_306_15)),
        ("atan", c(-0.0, 2.0), c(-pi / 2.0, 0.549_306_15)),
        ("atanh", c(2.0, 0.0), c(0.549_306_15, pi / 2.0)),
        ("atanh", c(2.0, -0.0), c(0.549_306_15, -pi / 2.0)),
        ("asinh", c(0.0, 2.0), c(1.316_958, pi / 2.0)),
    ];
    for &level in Level::available() {
        for (name, z, want) in cases {
            let got = apply(level, name, &[z])[0];
            assert!((got - want).norm() < 2e-7 * want.norm(), "{level:?}: {name}({z}) is {got}, not {want}");
        }
    }
}

#[test]
fn zeros_and_infinities_have_limits() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let cases = [
        ("exp", c(0.0, -0.0), c(1.0, -0.0)),
        ("exp", c(-inf, inf), c(0.0, 0.0)),
        ("exp", c(inf, 0.0), c(inf, 0.0)),
        ("log", c(0.0, 0.0), c(-inf, 0.0)),
        ("log", c(inf, nan), c(inf, nan)),
        ("sqrt", c(0.0, -0.0), c(0.0, -0.0)),
        ("sqrt", c(nan, inf), c(inf, inf)),
        ("sqrt", c(-inf, 1.0), c(0.0, inf)),
        ("sin", c(0.0, 0.0), c(0.0, 0.0)),
        ("tanh", c(inf, 1.0), c(1.0, 0.0)),
        ("tan", c(0.5, 200.0), c(0.0, 1.0)),
        ("atanh", c(1.0, 0.0), c(inf, 0.0)),
        ("asin", c(inf, inf), c(std::f32::consts::FRAC_PI_4, inf)),
        ("sign", c(0.0, 0.0), c(0.0, 0.0)),
        ("sign", c(3.0, 4.0), c(0.6, 0.8)),
    ];
    let same = |a: f32, b: f32| a == b && a.is_sign_negative() == b.is_sign_negative() || a.is_nan() && b.is_nan();
    for &level in Level::available() {
        for (name, z, want) in cases {
            let got = apply(level, name, &[z])[0];
            assert!(same(got.re, want.re) && same(got.im, want.im), "{level:?}: {name}({z}) is {got}, not {want}");
        }
    }
}

#[test]
fn arithmetic_is_accurate_near_the_ends_of_the_range() {
    for &level in Level::available() {
        let big = c(3e38, -3e38);
        let far = 2f32.powi(125);
        assert_eq!(map1::<_, _, Magnitude>(level, &[c(3.0, 4.0) / far, c(1.5, -2.0) * far]), [5.0 / far, 2.5 * far]);
        let quotients =
            map2::<_, _, _, Divide>(level, &[big, c(1e-38, 1e-38), c(1.0, 2.0)], &[big, c(1e-38, 0.0), c(0.0, 0.0)]);
        assert_eq!(quotients, [c(1.0, 0.0), c(1.0, 1.0), c(f32::INFINITY, f32::INFINITY)]);
        assert_eq!(map2::<_, _, _, Multiply>(level, &[c(1.0, 2.0)], &[c(3.0, 4.0)]), [c(-5.0, 10.0)]);
        let powers = map2::<_, _, _, Power>(
            level,
            &[c(3.0, 4.0), c(0.0, 0.0), c(0.0, 0.0), c(-1.0, 0.0)],
            &[c(2.0, 0.0), c(0.0, 0.0), c(2.0, 0.0), c(0.5, 0.0)],
        );
        let want = [c(-7.0, 24.0), c(1.0, 0.0), c(0.0, 0.0), c(0.0, 1.0)];
        assert!(powers.iter().zip(want).all(|(a, b)| (a - b).norm() < 2e-6), "{level:?}: {powers:?}");
    }
}
