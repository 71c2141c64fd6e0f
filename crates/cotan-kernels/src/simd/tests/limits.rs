//! Infinities, zeros, NaN and other special values, which both types share.

use super::*;

/// Holds where both are NaN, or equal with the same sign.
fn same<T: Float>(a: T, b: T) -> bool {
    let (a, b) = (a.to_f64(), b.to_f64());
    a.is_nan() && b.is_nan() || a == b && a.is_sign_negative() == b.is_sign_negative()
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Function, argument, value.
const UNARY: &[(&str, f64, f64)] = &[
    ("exp", INF, INF),
    ("exp", -INF, 0.0),
    ("exp", 0.0, 1.0),
    ("exp2", 10.0, 1024.0),
    ("exp2", -INF, 0.0),
    ("expm1", -0.0, -0.0),
    ("expm1", -INF, -1.0),
    ("expm1", INF, INF),
    ("expm1", 1e-30, 1e-30),
    ("log", 0.0, -INF),
    ("log", -0.0, -INF),
    ("log", -1.0, NAN),
    ("log", INF, INF),
    ("log", 1.0, 0.0),
    ("log2", 1024.0, 10.0),
    ("log2", 0.125, -3.0),
    ("log10", 0.0, -INF),
    ("log1p", -1.0, -INF),
    ("log1p", -2.0, NAN),
    ("log1p", -0.0, -0.0),
    ("log1p", 1e-30, 1e-30),
    ("log1p", INF, INF),
    ("sin", -0.0, -0.0),
    ("sin", INF, NAN),
    ("sin, chunkwise", -0.0, -0.0),
    ("sin, chunkwise", -INF, NAN),
    ("cos", INF, NAN),
    ("cos", 0.0, 1.0),
    ("tan", -0.0, -0.0),
    ("tan", -INF, NAN),
    ("asin", -0.0, -0.0),
    ("asin", 1.5, NAN),
    ("acos", 1.0, 0.0),
    ("acos", -1.5, NAN),
    ("atan", -0.0, -0.0),
    ("sinh", -0.0, -0.0),
    ("sinh", -INF, -INF),
    ("cosh", -INF, INF),
    ("tanh", -0.0, -0.0),
    ("tanh", -INF, -1.0),
    ("tanh", INF, 1.0),
    ("asinh", -INF, -INF),
    ("asinh", -0.0, -0.0),
    ("acosh", 1.0, 0.0),
    ("acosh", 0.5, NAN),
    ("acosh", INF, INF),
    ("atanh", 1.0, INF),
    ("atanh", -1.0, -INF),
    ("atanh", 2.0, NAN),
    ("atanh", -0.0, -0.0),
    ("erf", INF, 1.0),
    ("erf", -INF, -1.0),
    ("erf", -0.0, -0.0),
    ("erfinv", 1.0, INF),
    ("erfinv", -1.0, -INF),
    ("erfinv", 2.0, NAN),
    ("erfinv", -0.0, -0.0),
    ("sigmoid", -INF, 0.0),
    ("sigmoid", INF, 1.0),
    ("sigmoid", 0.0, 0.5),
    ("rsqrt", 0.0, INF),
    ("rsqrt", INF, 0.0),
    ("rsqrt", -1.0, NAN),
    ("sqrt", -1.0, NAN),
    ("sqrt", -0.0, -0.0),
    ("rint", 0.5, 0.0),
    ("rint", 1.5, 2.0),
    ("rint", 2.5, 2.0),
    ("rint", -0.5, -0.0),
    ("floor", -0.5, -1.0),
    ("ceil", -0.5, -0.0),
    ("trunc", -0.5, -0.0),
    ("floor", INF, INF),
];

/// Function, two arguments, value.
const BINARY: &[(&str, f64, f64, f64)] = &[
    ("pow", 0.0, 0.0, 1.0),
    ("pow", NAN, 0.0, 1.0),
    ("pow", 1.0, NAN, 1.0),
    ("pow", -1.0, INF, 1.0),
    ("pow", -1.0, NAN, NAN),
    ("pow", NAN, 1.0, NAN),
    ("pow", 0.0, NAN, NAN),
    ("pow", -8.0, 1.0 / 3.0, NAN),
    ("pow", -2.0, 3.0, -8.0),
    ("pow", -2.0, 2.0, 4.0),
    ("pow", -0.0, -1.0, -INF),
    ("pow", -0.0, -2.0, INF),
    ("pow", -0.0, 3.0, -0.0),
    ("pow", -0.0, 0.5, 0.0),
    ("pow", 0.0, INF, 0.0),
    ("pow", 0.0, -INF, INF),
    ("pow", 0.5, INF, 0.0),
    ("pow", 0.5, -INF, INF),
    ("pow", 2.0, INF, INF),
    ("pow", -2.0, -INF, 0.0),
    ("pow", -INF, 3.0, -INF),
    ("pow", -INF, 2.0, INF),
    ("pow", -INF, -3.0, -0.0),
    ("pow", -INF, 0.5, INF),
    ("pow", INF, -1.0, 0.0),
    ("pow", 10.0, 3.0, 1000.0),
    ("atan2", 0.0, 1.0, 0.0),
    ("atan2", -0.0, 1.0, -0.0),
    ("atan2", 0.0, 0.0, 0.0),
    ("atan2", 1.0, INF, 0.0),
    ("atan2", NAN, 1.0, NAN),
    ("atan2", 1.0, NAN, NAN),
    ("logaddexp", -INF, -INF, -INF),
    ("logaddexp", INF, INF, INF),
    ("logaddexp", INF, -INF, INF),
    ("logaddexp", NAN, 1.0, NAN),
    ("logaddexp", 1.0, NAN, NAN),
    ("logaddexp", -INF, 3.0, 3.0),
    ("remainder", -7.0, 2.0, 1.0),
    ("remainder", 7.0, -2.0, -1.0),
    ("remainder", 6.0, -3.0, -0.0),
    ("remainder", -1.0, INF, INF),
    ("remainder", 1.0, INF, 1.0),
    ("remainder", 5.0, 0.0, NAN),
    ("remainder", INF, 2.0, NAN),
    ("remainder, chunkwise", -7.5, 2.0, 0.5),
    ("remainder, chunkwise", 5.0, 0.0, NAN),
    ("remainder, chunkwise", NAN, 1.0, NAN),
    ("remainder, chunkwise", 1.0, NAN, NAN),
    ("floor_div", -7.0, 2.0, -4.0),
    ("floor_div", 5.0, 0.0, INF),
    ("floor_div", 0.0, 0.0, NAN),
];

fn check<T: Float>() {
    for &level in Level::available() {
        for &(name, x, want) in UNARY {
            let got = unary(level, name, &[T::from_f64(x)]).expect("a known function")[0];
            assert!(same(got, T::from_f64(want)), "{level:?}: {name}({x}) is {got:?}, not {want}");
        }
        for &(name, x, y, want) in BINARY {
            let got = binary(level, name, &[T::from_f64(x)], &[T::from_f64(y)]).expect("a known function")[0];
            assert!(same(got, T::from_f64(want)), "{level:?}: {name}({x}, {y}) is {got:?}, not {want}");
        }
    }
}

#[test]
fn special_values_are_those_of_ieee_754_in_f32() {
    check::<f32>();
}

#[test]
fn special_values_are_those_of_ieee_754_in_f64() {
    check::<f64>();
}

#[test]
fn every_function_of_nan_is_nan() {
    let names: std::collections::BTreeSet<_> = UNARY.iter().map(|row| row.0).collect();
    for &level in Level::available() {
        for name in &names {
            assert!(unary(level, name, &[f32::NAN]).expect("a known function")[0].is_nan(), "{level:?} {name} f32");
            assert!(unary(level, name, &[f64::NAN]).expect("a known function")[0].is_nan(), "{level:?} {name} f64");
        }
    }
}

#[test]
fn angles_know_their_quadrant() {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
    let cases = [
        (1.0, 1.0, FRAC_PI_4),
        (1.0, -1.0, 3.0 * FRAC_PI_4),
        (-1.0, -1.0, -3.0 * FRAC_PI_4),
        (-1.0, 1.0, -FRAC_PI_4),
        (0.0, -1.0, PI),
        (-0.0, -1.0, -PI),
        (0.0, -0.0, PI),
        (-0.0, -0.0, -PI),
        (1.0, 0.0, FRAC_PI_2),
        (-1.0, -0.0, -FRAC_PI_2),
        (INF, INF, FRAC_PI_4),
        (-INF, -INF, -3.0 * FRAC_PI_4),
        (1.0, -INF, PI),
        (-INF, 3.0, -FRAC_PI_2),
    ];
    for &level in Level::available() {
        for (y, x, want) in cases {
            assert_eq!(binary(level, "atan2", &[y], &[x]), Some(vec![want]), "{level:?} {y} {x}");
            let got = binary(level, "atan2", &[y as f32], &[x as f32]).expect("a known function")[0];
            assert!((f64::from(got) - want).abs() < 3e-7, "{level:?} {y} {x}: {got}");
        }
    }
}
