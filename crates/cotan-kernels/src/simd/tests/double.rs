//! `f64` functions against values of high precision.

use super::*;

/// A line of the table: a function, its arguments, the nearest `f64` and how many units the value is beyond it.
struct Line<'a> {
    name: &'a str,
    args: Vec<f64>,
    nearest: f64,
    beyond: f64,
}

fn lines() -> impl Iterator<Item = Line<'static>> {
    include_str!("reference64.txt").lines().filter(|line| !line.starts_with('#')).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let bits = |word: &str| f64::from_bits(u64::from_str_radix(word, 16).expect("hexadecimal"));
        let [name, args @ .., nearest, beyond] = &words[..] else { panic!("short line: {line}") };
        let args = args.iter().map(|word| bits(word)).collect();
        Line { name, args, nearest: bits(nearest), beyond: beyond.parse().expect("a number") }
    })
}

fn ulp(x: f64) -> f64 {
    let exponent = (x.abs().to_bits() >> 52) as i32 - 1023;
    // Two steps, because the smallest unit is subnormal.
    2f64.powi(exponent.max(-1022)) * f64::EPSILON
}

fn limit(name: &str) -> f64 {
    match name {
        "exp" | "exp2" | "log" | "erf" | "pow" | "acos" | "sin" | "cos" => 1.5,
        "erfinv" => 4.0,
        "tan" => 2.5,
        _ => 2.0,
    }
}

#[test]
fn values_of_the_table_are_met() {
    for &level in Level::available() {
        for line in lines() {
            let got = match line.args[..] {
                [x] => unary(level, line.name, &[x]),
                [x, y] => binary(level, line.name, &[x], &[y]),
                _ => None,
            };
            let got = got.unwrap_or_else(|| panic!("{} is unknown", line.name))[0];
            let error = ((got - line.nearest) / ulp(line.nearest) - line.beyond).abs();
            let Line { name, args, nearest, .. } = &line;
            assert!(error <= limit(name), "{level:?}: {name}{args:?} is {got:e}, not {nearest:e}: {error:.3} ulp");
        }
    }
}

#[test]
fn the_short_way_for_moderate_angles_is_as_accurate() {
    for &level in Level::available() {
        for line in lines().filter(|line| line.args[0].abs() <= 1e6) {
            let name = format!("{}, chunkwise", line.name);
            let Some(got) = unary(level, &name, &line.args) else { continue };
            let error = ((got[0] - line.nearest) / ulp(line.nearest) - line.beyond).abs();
            assert!(error <= limit(line.name), "{level:?}: {name}({:e}): {error:.3} ulp", line.args[0]);
        }
    }
}

#[test]
fn remainders_are_exact() {
    let a: Vec<f64> = (0..5000).map(|i| f64::from(i) * 1234.567 - 3e6).chain([1e300, -1e300, 5e-324]).collect();
    let b: Vec<f64> = (0..5000).map(|i| f64::from(i % 97) * 0.31 - 14.9).chain([3.0, 1e-300, -1.0]).collect();
    for &level in Level::available() {
        for name in ["remainder", "remainder, chunkwise"] {
            let got = binary(level, name, &a, &b).expect("a known function");
            for ((&a, &b), got) in a.iter().zip(&b).zip(got) {
                let r = a % b;
                let want = if r != 0.0 && (r < 0.0) != (b < 0.0) { r + b } else { r };
                assert_eq!(got, want, "{level:?}: {a:e} % {b:e}");
            }
        }
    }
}
