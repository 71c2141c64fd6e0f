//! Sorting, searching and sets, against plain loops and the laws of transforms.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use cotan::{Array, Complex32, DType, ErrorKind, Result, ops};
use support::{laws, noise};

fn ints(values: &[i32]) -> Array {
    Array::from_slice(values, &[values.len()]).unwrap()
}

fn row(values: &[f32]) -> Array {
    Array::from_slice(values, &[values.len()]).unwrap()
}

fn i64s(a: &Array) -> Vec<i64> {
    ops::astype(a, DType::I64).unwrap().to_vec().unwrap()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn sorting_is_ascending_and_stable_with_nan_last() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let sorted = ops::sort(&row(&[nan, 1.0, -inf, inf, nan, 0.0]), Some(-1)).unwrap().to_vec::<f32>().unwrap();
    assert_eq!(sorted[..4], [-inf, 0.0, 1.0, inf]);
    assert!(sorted[4..].iter().all(|x| x.is_nan()));
    assert_eq!(i64s(&ops::argsort(&ints(&[2, 1, 2, 1]), Some(0)).unwrap()), [1, 3, 0, 2]);
    let square = ops::reshape(&ints(&[2, 1, 4, 3]), &[2, 2]).unwrap();
    assert_eq!(i64s(&ops::sort(&square, None).unwrap()), [1, 2, 3, 4]);
    assert_eq!(i64s(&ops::sort(&square, Some(1)).unwrap()), [1, 2, 3, 4]);
    assert_eq!(i64s(&ops::argsort(&square, Some(0)).unwrap()), [0, 0, 1, 1]);
    let z = |re, im| Complex32::new(re, im);
    let complex = Array::from_slice(&[z(3.0, 1.0), z(1.0, 2.0), z(1.0, 1.0)], &[3]).unwrap();
    let sorted = ops::sort(&complex, Some(0)).unwrap().to_vec::<Complex32>().unwrap();
    assert_eq!(sorted, [z(1.0, 1.0), z(1.0, 2.0), z(3.0, 1.0)]);
    assert_eq!(kind(ops::sort(&Array::scalar(3), Some(0))), ErrorKind::Index);
    assert_eq!(ops::sort(&row(&[]), Some(0)).unwrap().shape(), [0]);
}

#[test]
fn partitions_split_at_the_kth() {
    let x = noise(&[5, 40], 3);
    let sorted = ops::sort(&x, Some(1)).unwrap().to_vec::<f64>().unwrap();
    for kth in [0i64, 7, -1, -40] {
        let place = kth.rem_euclid(40) as usize;
        let parts = ops::partition(&x, kth, Some(1)).unwrap().to_vec::<f64>().unwrap();
        let order = ops::argpartition(&x, kth, Some(1)).unwrap();
        let taken = ops::take_along_axis(&x, &order, Some(1)).unwrap().to_vec::<f64>().unwrap();
        for lane in 0..5 {
            for parts in [&parts, &taken] {
                let lane = &parts[lane * 40..][..40];
                assert!(
                    lane[..place].iter().all(|x| *x <= lane[place]) && lane[place..].iter().all(|x| *x >= lane[place])
                );
            }
            assert_eq!(parts[lane * 40 + place], sorted[lane * 40 + place]);
        }
    }
    let x = ints(&[5, 1, 4, 2]);
    assert_eq!(kind(ops::partition(&x, 4, Some(0))), ErrorKind::Value);
    assert_eq!(kind(ops::argpartition(&x, -5, None)), ErrorKind::Value);
    assert_eq!(i64s(&ops::topk(&x, 3, Some(-1)).unwrap()), [2, 4, 5]);
    assert_eq!(i64s(&ops::topk(&x, 4, None).unwrap()), [1, 2, 4, 5]);
    assert_eq!(ops::topk(&x, 0, Some(0)).unwrap().shape(), [0]);
    assert_eq!(kind(ops::topk(&x, 5, Some(0))), ErrorKind::Value);
    assert_eq!(kind(ops::topk(&x, -1, Some(0))), ErrorKind::Value);
    assert_eq!(kind(ops::topk(&x, 1, Some(1))), ErrorKind::Index);
}

#[test]
fn derivatives_and_mapping_of_sorting_obey_the_laws() {
    let x = noise(&[3, 5], 13);
    let one = std::slice::from_ref(&x);
    laws("sort", &|x| Ok(vec![ops::sort(&x[0], Some(0))?]), one);
    laws("sort of all", &|x| Ok(vec![ops::sort(&x[0], None)?]), one);
    laws("partition", &|x| Ok(vec![ops::partition(&x[0], 2, Some(1))?]), one);
    laws("topk", &|x| Ok(vec![ops::topk(&x[0], 2, Some(1))?]), one);
    let real = |y: &Array| ops::astype(y, DType::F64);
    laws("argsort", &|x| Ok(vec![real(&ops::argsort(&x[0], Some(1))?)?]), one);
    let sorted = ops::sort(&noise(&[6], 17), Some(0)).unwrap();
    // Sorted inside, so that each example has a row of its own.
    let search = |x: &[Array]| Ok(vec![real(&ops::searchsorted(&ops::sort(&x[0], Some(0))?, &x[1], true)?)?]);
    laws("searchsorted", &search, &[sorted, x.clone()]);
    let distinct = |x: &[Array]| {
        let found = ops::unique(&ops::floor(&ops::multiply(&x[0], &Array::scalar(3.0))?)?, 5, None)?;
        Ok(vec![found.values, real(&found.index)?, real(&found.inverse)?, real(&found.counts)?])
    };
    laws("unique", &distinct, one);
    laws("values of unique", &|x| Ok(vec![ops::unique(&x[0], 20, None)?.values]), one);
}

#[test]
fn searching_finds_the_place_on_either_side() {
    let sorted = row(&[3.0, 5.0, 5.0, 9.0]);
    let values = row(&[5.0, 10.0, f32::NAN, 1.0]);
    assert_eq!(i64s(&ops::searchsorted(&sorted, &values, false).unwrap()), [1, 4, 4, 0]);
    assert_eq!(i64s(&ops::searchsorted(&sorted, &ops::reshape(&row(&[5.0]), &[1, 1]).unwrap(), true).unwrap()), [3]);
    assert_eq!(i64s(&ops::searchsorted(&ints(&[1, 3]), &row(&[2.5]), false).unwrap()), [1]);
    assert_eq!(kind(ops::searchsorted(&Array::scalar(1f32), &values, false)), ErrorKind::Value);
}

#[test]
fn distinct_elements_fill_the_requested_size() {
    let x = ints(&[2, 1, 2, 3]);
    let all = ops::unique(&x, 4, None).unwrap();
    assert_eq!(i64s(&all.values), [1, 2, 3, 1]);
    assert_eq!(i64s(&all.counts), [1, 2, 1, 0]);
    let two = ops::unique(&x, 2, None).unwrap();
    assert_eq!(i64s(&two.values), [1, 2]);
    assert_eq!((two.index.dtype(), i64s(&two.index)), (DType::U32, vec![1, 0]));
    assert_eq!((two.inverse.dtype(), i64s(&two.inverse)), (DType::U32, vec![1, 0, 1, 1]));
    assert_eq!((two.counts.dtype(), i64s(&two.counts)), (DType::I32, vec![1, 2]));
    let filled = ops::unique(&ints(&[2, 1]), 3, Some(&Array::scalar(-1))).unwrap();
    assert_eq!(i64s(&filled.values), [1, 2, -1]);
    let nan = ops::unique(&row(&[f32::NAN, 1.0, f32::NAN]), 3, None).unwrap().values.to_vec::<f32>().unwrap();
    assert!(nan[0] == 1.0 && nan[1].is_nan() && nan[2].is_nan());
    let square = ops::unique(&ops::reshape(&x, &[2, 2]).unwrap(), 3, None).unwrap();
    assert_eq!((square.inverse.shape(), i64s(&square.inverse)), (&[2, 2][..], vec![1, 0, 1, 2]));
    assert_eq!(kind(ops::unique(&ints(&[]), 1, None)), ErrorKind::Value);
    assert_eq!(kind(ops::unique(&x, -1, None)), ErrorKind::Value);
    assert_eq!(i64s(&ops::unique(&ints(&[]), 2, Some(&Array::scalar(7))).unwrap().values), [7, 7]);
    assert_eq!(ops::unique(&x, 0, None).unwrap().values.shape(), [0]);
}
