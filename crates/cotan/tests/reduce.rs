//! Reductions, statistics and scans, against plain loops and the laws of transforms.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use cotan::transforms::vjp;
use cotan::{Array, Bool, Complex32, DType, ErrorKind, Result, f16, ops};
use support::{indices, laws, noise};

/// The laws for a function of one array and for its derivative.
fn laws_to_second_order(name: &str, f: impl Fn(&Array) -> Result<Array>, x: &Array) {
    let f = |x: &[Array]| Ok(vec![f(&x[0])?]);
    laws(name, &f, std::slice::from_ref(x));
    let pulled = |x: &[Array]| {
        let weigh = |outputs: &[Array]| Ok(vec![Some(noise(outputs[0].shape(), 5))]);
        let (_, pulled) = vjp(f, x, weigh)?;
        Ok(vec![pulled[0].clone().unwrap_or_else(|| ops::zeros_like(&x[0]))])
    };
    laws(&format!("gradient of {name}"), &pulled, std::slice::from_ref(x));
}

fn array(values: &[f64], shape: &[usize]) -> Array {
    Array::from_slice(values, shape).unwrap()
}

fn row(values: &[f32]) -> Array {
    Array::from_slice(values, &[values.len()]).unwrap()
}

fn ints(values: &[i32]) -> Array {
    Array::from_slice(values, &[values.len()]).unwrap()
}

fn f64s(a: &Array) -> Vec<f64> {
    ops::astype(a, DType::F64).unwrap().to_vec().unwrap()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// Folds the elements over `axes` in row-major order.
fn folded(x: &Array, axes: &[usize], fold: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let (shape, values) = (x.shape(), f64s(x));
    let kept: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
    let sizes: Vec<usize> = kept.iter().map(|&axis| shape[axis]).collect();
    let mut groups = vec![Vec::new(); sizes.iter().product()];
    for (index, value) in indices(shape).iter().zip(values) {
        let group = kept.iter().fold(0, |group, &axis| group * shape[axis] + index[axis]);
        groups[group].push(value);
    }
    groups.iter().map(|group| fold(group)).collect()
}

fn same(left: &[f64], right: &[f64]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(a, b)| a == b || (a - b).abs() <= 1e-9 * (1.0 + b.abs()) || (a.is_nan() && b.is_nan()))
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn median(x: &[f64]) -> f64 {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[(x.len() - 1) / 2] + sorted[x.len() / 2]) / 2.0
}

type Reduction = fn(&Array, Option<&[i64]>, bool) -> Result<Array>;

type Plain = fn(&[f64]) -> f64;

#[test]
fn every_reduction_over_every_set_of_axes_equals_the_plain_loop() {
    let x = noise(&[2, 3, 4], 3);
    let turned = ops::swapaxes(&noise(&[4, 3, 2], 4), 0, 2).unwrap();
    let table: [(&str, Reduction, Plain); 9] = [
        ("sum", ops::sum, |x| x.iter().sum()),
        ("prod", ops::prod, |x| x.iter().product()),
        ("max", ops::max, |x| x.iter().copied().fold(f64::MIN, f64::max)),
        ("min", ops::min, |x| x.iter().copied().fold(f64::MAX, f64::min)),
        ("mean", ops::mean, mean),
        ("median", ops::median, median),
        ("logsumexp", ops::logsumexp, |x| x.iter().map(|x| x.exp()).sum::<f64>().ln()),
        (
            "var",
            |a, axes, keep| ops::var(a, axes, keep, 1),
            |x| x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0).max(0.0),
        ),
        (
            "std",
            |a, axes, keep| ops::std(a, axes, keep, 0),
            |x| (x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>() / x.len() as f64).sqrt(),
        ),
    ];
    for (name, reduce, fold) in table {
        for subset in 0..8usize {
            let axes: Vec<usize> = (0..3).filter(|axis| subset >> axis & 1 == 1).collect();
            let given: Vec<i64> = axes.iter().rev().map(|&axis| axis as i64 - 3 * i64::from(axis == 1)).collect();
            for x in [&x, &turned] {
                let reduced = reduce(x, Some(&given), false).unwrap();
                assert!(same(&f64s(&reduced), &folded(x, &axes, fold)), "{name} over {axes:?}: {reduced:?}");
                let kept = reduce(x, Some(&given), true).unwrap();
                let shape: Vec<usize> =
                    (0..3).map(|axis| if axes.contains(&axis) { 1 } else { x.shape()[axis] }).collect();
                assert_eq!(kept.shape(), shape, "{name} over {axes:?}");
                assert!(same(&f64s(&kept), &f64s(&reduced)), "{name} over {axes:?}, kept");
            }
        }
        assert!(same(&f64s(&reduce(&x, None, false).unwrap()), &folded(&x, &[0, 1, 2], fold)), "{name} of all");
    }
}

#[test]
fn derivatives_and_mapping_of_reductions_obey_the_laws() {
    let x = noise(&[2, 3, 4], 11);
    let over = |axes: &'static [i64], f: Reduction| move |x: &Array| f(x, Some(axes), false);
    for (name, f) in [("sum", ops::sum as Reduction), ("prod", ops::prod), ("mean", ops::mean)] {
        laws_to_second_order(name, over(&[1], f), &x);
        laws_to_second_order(name, over(&[0, 2], f), &x);
    }
    for (name, f) in [("max", ops::max as Reduction), ("min", ops::min), ("median", ops::median)] {
        laws_to_second_order(name, over(&[0, 2], f), &x);
    }
    laws_to_second_order("logsumexp", over(&[0, 2], ops::logsumexp), &x);
    laws_to_second_order("var", |x| ops::var(x, Some(&[0]), true, 1), &x);
    laws_to_second_order("std", |x| ops::std(x, Some(&[1, 2]), false, 0), &x);
    laws_to_second_order("softmax", |x| ops::softmax(x, Some(&[0, 2]), false), &x);
    laws_to_second_order("softmax of all", |x| ops::softmax(x, None, true), &x);
}

#[test]
fn products_are_differentiated_exactly_at_zeros() {
    let x = array(&[0.0, 2.0, 3.0, 0.0, 5.0, 0.0, 1.0, 0.5, -2.0], &[3, 3]);
    laws_to_second_order("prod with zeros", |x| ops::prod(x, Some(&[1]), false), &x);
    laws_to_second_order("prod of all", |x| ops::prod(x, None, false), &array(&[0.0, 2.0, 3.0], &[3]));
    for (reverse, inclusive) in [(false, true), (true, true), (false, false), (true, false)] {
        for axis in [0, 1] {
            let f = |x: &Array| ops::cumprod(x, Some(axis), reverse, inclusive);
            laws_to_second_order("cumprod with zeros", f, &x);
        }
    }
}

#[test]
fn derivatives_and_mapping_of_scans_obey_the_laws() {
    let x = noise(&[3, 4], 21);
    type Scan = fn(&Array, Option<i64>, bool, bool) -> Result<Array>;
    let table: [(&str, Scan); 5] = [
        ("cumsum", ops::cumsum),
        ("cumprod", ops::cumprod),
        ("cummax", ops::cummax),
        ("cummin", ops::cummin),
        ("logcumsumexp", ops::logcumsumexp),
    ];
    for (name, scan) in table {
        for (reverse, inclusive) in [(false, true), (true, true), (false, false), (true, false)] {
            for axis in [Some(0), Some(-1), None] {
                // The first exclusive total of extremes and logarithms is infinite.
                let finite = |y: Array| ops::clip(&y, Some(&Array::scalar(-99.0)), Some(&Array::scalar(99.0)));
                let f = |x: &Array| finite(scan(x, axis, reverse, inclusive)?);
                laws_to_second_order(&format!("{name} {axis:?} reverse {reverse} inclusive {inclusive}"), f, &x);
            }
        }
    }
    laws_to_second_order("diff", |x| ops::diff(x, 2, 0), &x);
}

#[test]
fn a_scan_along_an_axis_is_the_running_fold() {
    let x = noise(&[3, 5, 2], 31);
    let values = f64s(&x);
    let scanned = f64s(&ops::cumsum(&x, Some(1), false, true).unwrap());
    let backwards = f64s(&ops::cummax(&x, Some(1), true, true).unwrap());
    for (i, index) in indices(x.shape()).iter().enumerate() {
        let at = |j: usize| values[(index[0] * 5 + j) * 2 + index[2]];
        let total: f64 = (0..=index[1]).map(at).sum();
        assert!((scanned[i] - total).abs() < 1e-12);
        assert_eq!(backwards[i], (index[1]..5).map(at).fold(f64::MIN, f64::max));
    }
    let i = ints(&[1, 2, 3]);
    let take = |a: Result<Array>| a.unwrap().to_vec::<i32>().unwrap();
    assert_eq!(take(ops::cumprod(&i, None, false, false)), [1, 1, 2]);
    assert_eq!(take(ops::cummax(&i, Some(0), false, false)), [i32::MIN, 1, 2]);
    assert_eq!(take(ops::cumsum(&Array::scalar(5i32), None, false, true)), [5]);
    let bools = Array::from_slice(&[Bool::from(true), Bool::from(true)], &[2]).unwrap();
    assert_eq!(take(ops::cumsum(&bools, None, false, true)), [1, 2]);
    assert_eq!(kind(ops::cumsum(&Array::scalar(5i32), Some(0), false, true)), ErrorKind::Index);
    assert_eq!(take(ops::diff(&ints(&[1, 4, 9]), 2, -1)), [2]);
    assert_eq!(ops::diff(&ints(&[1, 4, 9]), 5, -1).unwrap().shape(), [0]);
    assert_eq!(kind(ops::diff(&i, -1, -1)), ErrorKind::Value);
    assert_eq!(ops::diff(&bools, 1, 0).unwrap().dtype(), DType::Bool);
}

#[test]
fn running_logsumexp_starts_from_nothing_without_nan() {
    let x = array(&[f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0, 2.0], &[4]);
    let f = |x: &[Array]| Ok::<_, cotan::Error>(vec![ops::logcumsumexp(&x[0], Some(0), false, true)?]);
    let (y, pulled) = vjp(f, &[x], |y| Ok(vec![Some(ops::ones_like(&y[0]))])).unwrap();
    assert_eq!(f64s(&y[0])[..3], [f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0]);
    let (e1, e2) = (1f64.exp(), 2f64.exp());
    assert!(same(&f64s(pulled[0].as_ref().unwrap()), &[0.0, 0.0, 1.0 + e1 / (e1 + e2), e2 / (e1 + e2)]));
}

#[test]
fn result_types_follow_the_table() {
    let dtype = |result: Result<Array>| result.unwrap().dtype();
    let of = |dtype| ops::ones(&[2, 2], dtype);
    for (given, summed) in [
        (DType::Bool, DType::I32),
        (DType::U8, DType::U32),
        (DType::U16, DType::U32),
        (DType::I8, DType::I32),
        (DType::I16, DType::I32),
        (DType::U64, DType::U64),
        (DType::I64, DType::I64),
        (DType::F16, DType::F16),
        (DType::Bf16, DType::Bf16),
        (DType::C64, DType::C64),
    ] {
        assert_eq!(dtype(ops::sum(&of(given), None, false)), summed);
        assert_eq!(dtype(ops::prod(&of(given), Some(&[]), false)), summed);
        assert_eq!(dtype(ops::max(&of(given), None, false)), given);
        assert_eq!(dtype(ops::sort(&of(given), Some(0))), given);
        assert_eq!(dtype(ops::all(&of(given), None, false)), DType::Bool);
        assert_eq!(dtype(ops::argmax(&of(given), None, false)), DType::U32);
        assert_eq!(dtype(ops::count_nonzero(&of(given), None, false)), DType::I32);
        let inexact = if given.is_inexact() { given } else { DType::F32 };
        assert_eq!(dtype(ops::mean(&of(given), None, false)), inexact);
        assert_eq!(dtype(ops::median(&of(given), None, false)), inexact);
        assert_eq!(dtype(ops::softmax(&of(given), None, false)), inexact);
        assert_eq!(dtype(ops::logsumexp(&of(given), None, false)), inexact);
        let real = if given == DType::C64 { DType::F32 } else { inexact };
        assert_eq!(dtype(ops::var(&of(given), None, false, 0)), real);
        assert_eq!(dtype(ops::std(&of(given), Some(&[]), false, 0)), real);
    }
}

#[test]
fn empty_and_special_inputs_follow_the_rules() {
    let empty = row(&[]);
    let value = |result: Result<Array>| f64s(&result.unwrap())[0];
    assert_eq!(value(ops::sum(&empty, None, false)), 0.0);
    assert_eq!(value(ops::prod(&empty, None, false)), 1.0);
    assert_eq!(value(ops::all(&empty, None, false)), 1.0);
    assert_eq!(value(ops::any(&empty, None, false)), 0.0);
    assert!(value(ops::mean(&empty, None, false)).is_nan());
    assert!(value(ops::var(&empty, None, false, 0)).is_nan());
    assert_eq!(ops::softmax(&empty, None, false).unwrap().to_vec::<f32>().unwrap(), [] as [f32; 0]);
    for reduce in [ops::max as Reduction, ops::min, ops::median, ops::logsumexp] {
        assert_eq!(kind(reduce(&empty, None, false)), ErrorKind::Value);
        assert_eq!(
            reduce(&ops::zeros(&[0, 3], DType::F32), Some(&[1]), false).unwrap().to_vec::<f32>().unwrap(),
            Vec::<f32>::new()
        );
    }
    assert_eq!(kind(ops::minmax(&empty, None, false)), ErrorKind::Value);
    assert_eq!(kind(ops::argmax(&empty, None, false)), ErrorKind::Value);
    let x = row(&[1.0, f32::NAN, 2.0]);
    assert!(value(ops::max(&x, None, false)).is_nan());
    assert!(value(ops::median(&x, None, false)).is_nan());
    assert_eq!(value(ops::argmax(&x, None, false)), 1.0);
    assert_eq!(value(ops::argmin(&row(&[1.0, f32::NAN, 0.0]), None, false)), 1.0);
    assert_eq!(value(ops::argmax(&ints(&[1, 3, 3]), None, false)), 1.0);
    assert_eq!(value(ops::count_nonzero(&x, None, false)), 3.0);
    assert_eq!(value(ops::var(&row(&[1.0, 2.0, 3.0]), None, false, 5)), f64::INFINITY);
    assert_eq!(value(ops::median(&ints(&[1, 2, 3, 4]), None, false)), 2.5);
    assert_eq!(value(ops::median(&row(&[f32::INFINITY; 2]), None, false)), f64::INFINITY);
    assert_eq!(value(ops::logsumexp(&row(&[f32::NEG_INFINITY; 2]), None, false)), f64::NEG_INFINITY);
    let z = Array::from_slice(&[Complex32::new(1.0, 1.0), Complex32::new(2.0, 0.0)], &[2]).unwrap();
    assert_eq!(value(ops::var(&z, None, false, 0)), 0.5);
    let many = ops::ones(&[70_000], DType::F16);
    assert_eq!(ops::mean(&many, None, false).unwrap().item::<f16>().unwrap(), f16::ONE);
    let u8s = Array::from_slice(&[200u8, 100], &[2]).unwrap();
    assert_eq!(value(ops::sum(&u8s, None, false)), 300.0);
}

#[test]
fn axes_that_make_no_sense_are_refused() {
    let x = ops::ones(&[2, 3], DType::F32);
    for reduce in [ops::sum as Reduction, ops::mean, ops::logsumexp, ops::median, ops::count_nonzero] {
        assert_eq!(kind(reduce(&x, Some(&[2]), false)), ErrorKind::Index);
        assert_eq!(kind(reduce(&x, Some(&[0, -2]), false)), ErrorKind::Value);
        assert_eq!(kind(reduce(&Array::scalar(3f32), Some(&[0]), false)), ErrorKind::Index);
    }
    assert_eq!(kind(ops::argmax(&x, Some(2), false)), ErrorKind::Index);
    assert_eq!(kind(ops::softmax(&x, Some(&[0, 0]), false)), ErrorKind::Value);
    assert_eq!(ops::argmax(&x, None, true).unwrap().shape(), [1, 1]);
    assert_eq!(ops::argmin(&x, Some(-1), true).unwrap().shape(), [2, 1]);
    assert_eq!(ops::argmin(&x, Some(-1), false).unwrap().shape(), [2]);
}

#[test]
fn positions_of_extremes_map_over_examples() {
    let x = noise(&[3, 4], 41);
    let real = |y: Array| Ok(vec![ops::astype(&y, DType::F64)?]);
    laws("argmax", &|x| real(ops::argmax(&x[0], Some(0), false)?), std::slice::from_ref(&x));
    laws("argmin", &|x| real(ops::argmin(&x[0], None, true)?), std::slice::from_ref(&x));
    laws("all", &|x| real(ops::all(&ops::floor(&x[0])?, Some(&[1]), false)?), std::slice::from_ref(&x));
}

#[test]
fn equal_extremes_share_the_cotangent() {
    let grad = |f: fn(&Array) -> Result<Array>, x: &Array| {
        let pull = |y: &[Array]| Ok::<_, cotan::Error>(vec![Some(ops::ones_like(&y[0]))]);
        let (_, pulled) = vjp(|x| Ok(vec![f(&x[0])?]), std::slice::from_ref(x), pull).unwrap();
        f64s(pulled[0].as_ref().unwrap())
    };
    assert_eq!(grad(|x| ops::max(x, None, false), &row(&[1.0, 3.0, 3.0])), [0.0, 0.5, 0.5]);
    assert_eq!(grad(|x| ops::max(x, None, false), &row(&[1.0, f32::NAN, 3.0])), [0.0, 1.0, 0.0]);
    assert_eq!(grad(|x| ops::max(x, None, false), &ints(&[1, 4, 3])), [0.0, 1.0, 0.0]);
    assert_eq!(
        grad(|x| ops::sum(&ops::cummax(x, Some(0), false, true)?, None, false), &row(&[1.0, 3.0, 3.0])),
        [1.0, 1.0, 1.0]
    );
    assert_eq!(grad(|x| ops::prod(x, None, false), &row(&[0.0, 2.0, 3.0])), [6.0, 0.0, 0.0]);
    let deviation = grad(|x| ops::std(x, None, false, 0), &row(&[2.0, 2.0]));
    assert!(deviation.iter().all(|x| x.is_nan()));
}
