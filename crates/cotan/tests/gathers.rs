//! Gathers and scatters, against plain loops and the laws of transforms.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use cotan::ops::{self, ScatterMode};
use cotan::transforms::vjp;
use cotan::{Array, DType, Error, ErrorKind, Result};
use support::{counter, laws, noise};

const MODES: [ScatterMode; 5] =
    [ScatterMode::Set, ScatterMode::Add, ScatterMode::Prod, ScatterMode::Max, ScatterMode::Min];

fn ints(values: &[i32], shape: &[usize]) -> Array {
    Array::from_slice(values, shape).unwrap()
}

fn i64s(a: &Array) -> Vec<i64> {
    ops::astype(a, DType::I64).unwrap().to_vec().unwrap()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn taking_replaces_the_axis_by_the_shape_of_the_indices() {
    let x = counter(&[2, 3, 4]);
    let index = ints(&[2, -3, 1, 1], &[2, 2]);
    let middle = ops::take(&x, &index, Some(1)).unwrap();
    assert_eq!(middle.shape(), [2, 2, 2, 4]);
    let expected: Vec<i64> = (0..2)
        .flat_map(|i| [2, 0, 1, 1].into_iter().flat_map(move |j| (0..4).map(move |k| (i * 3 + j) * 4 + k)))
        .collect();
    assert_eq!(i64s(&middle), expected);
    assert_eq!(i64s(&ops::take(&x, &index, None).unwrap()), [2, 21, 1, 1]);
    assert_eq!(ops::take(&x, &Array::scalar(1u8), Some(-1)).unwrap().shape(), [2, 3]);
    assert_eq!(i64s(&ops::take_index(&x, 1, Some(2)).unwrap()), [1, 5, 9, 13, 17, 21]);
    assert_eq!(i64s(&ops::take_index(&x, 23, None).unwrap()), [23]);
    assert_eq!(kind(ops::take_index(&x, -1, None)), ErrorKind::Value);
    assert_eq!(kind(ops::take_index(&x, 2, Some(0))), ErrorKind::Value);
    assert_eq!(kind(ops::take(&x, &Array::scalar(1f32), None)), ErrorKind::Value);
    assert_eq!(kind(ops::take(&x, &index, Some(3))), ErrorKind::Index);
    let outside = ops::take(&x, &ints(&[3], &[1]), Some(1)).unwrap();
    assert_eq!(outside.eval().unwrap_err().kind(), ErrorKind::Index);
}

#[test]
fn taking_and_putting_along_an_axis() {
    let x = ints(&[1, 2, 3, 4], &[2, 2]);
    assert_eq!(i64s(&ops::take_along_axis(&x, &ints(&[1, 0, 1], &[1, 3]), Some(1)).unwrap()), [2, 1, 2, 4, 3, 4]);
    assert_eq!(i64s(&ops::take_along_axis(&x, &ints(&[-1, 0], &[2]), None).unwrap()), [4, 1]);
    assert_eq!(kind(ops::take_along_axis(&x, &ints(&[1, 0], &[2]), Some(1))), ErrorKind::Value);
    assert_eq!(kind(ops::take_along_axis(&x, &ints(&[1, 0, 1, 0, 1, 0], &[3, 2]), Some(1))), ErrorKind::Value);
    let put = |index: &Array, values: &Array, axis, mode| ops::put_along_axis(&x, index, values, axis, mode);
    let flat = put(&ints(&[0, 3], &[2]), &ints(&[8, 9], &[2]), None, ScatterMode::Set).unwrap();
    assert_eq!((flat.shape(), i64s(&flat)), (&[2, 2][..], vec![8, 2, 3, 9]));
    let twice = ints(&[1, 1], &[1, 2]);
    let by = ints(&[10, 20], &[1, 2]);
    let expected = [[1, 20, 3, 20], [1, 32, 3, 34], [1, 400, 3, 800], [1, 20, 3, 20], [1, 2, 3, 4]];
    for (mode, expected) in MODES.into_iter().zip(expected) {
        assert_eq!(i64s(&put(&twice, &by, Some(1), mode).unwrap()), expected, "{mode:?}");
    }
    assert_eq!(i64s(&put(&twice, &Array::scalar(7.9f32), Some(1), ScatterMode::Set).unwrap()), [1, 7, 3, 7]);
    assert_eq!(kind(put(&twice, &ints(&[1, 2, 3], &[3]), Some(1), ScatterMode::Set)), ErrorKind::Value);
    let outside = put(&ints(&[2], &[1, 1]), &by, Some(1), ScatterMode::Set);
    assert_eq!(kind(outside), ErrorKind::Value);
}

#[test]
fn blocks_are_read_and_written_where_the_indices_say() {
    let x = counter(&[3, 4, 2]);
    let (i, j) = (ints(&[0, 2], &[2, 1]), ints(&[1, -1, 0], &[3]));
    let read = ops::gather(&x, &[i.clone(), j.clone()], &[0, 1], &[1, 1, 2]).unwrap();
    assert_eq!(read.shape(), [2, 3, 1, 1, 2]);
    let expected: Vec<i64> = [0, 2]
        .into_iter()
        .flat_map(|i| [1, 3, 0].into_iter().flat_map(move |j| [(i * 4 + j) * 2, (i * 4 + j) * 2 + 1]))
        .collect();
    assert_eq!(i64s(&read), expected);
    let written = ops::scatter(ScatterMode::Set, &ops::zeros_like(&x), &[i, j], &read, &[0, 1]).unwrap();
    let again = i64s(&written);
    assert!(
        again
            .iter()
            .enumerate()
            .all(|(place, &value)| value == if expected.contains(&(place as i64)) { place as i64 } else { 0 })
    );
    let part = ops::gather(&x, &[ints(&[1], &[1])], &[0], &[1, 2, 1]).unwrap();
    assert_eq!(i64s(&part), [8, 10]);
    assert_eq!(i64s(&ops::gather(&x, &[], &[], &[1, 1, 2]).unwrap()), [0, 1]);
    assert_eq!(kind(ops::gather(&x, &[ints(&[1], &[1])], &[0], &[2, 2, 1])), ErrorKind::Value);
    assert_eq!(kind(ops::gather(&x, &[ints(&[1], &[1])], &[3], &[1, 2, 1])), ErrorKind::Value);
    assert_eq!(
        kind(ops::scatter(ScatterMode::Add, &x, &[], &ops::ones(&[5, 1, 1], DType::I64), &[])),
        ErrorKind::Value
    );
    assert_eq!(kind(ops::scatter(ScatterMode::Add, &x, &[], &Array::scalar(1i64), &[])), ErrorKind::Value);
}

#[test]
fn derivatives_and_mapping_of_gathers_obey_the_laws() {
    let x = noise(&[3, 4, 2], 1);
    // Valid under reversal, too, which is how examples vary.
    let (i, j) = (ints(&[0, 2, 0], &[3]), ints(&[1, -1, 3], &[3]));
    let read = |x: &[Array]| Ok(vec![ops::gather(&x[0], &x[1..], &[0, 1], &[1, 1, 2])?]);
    laws("gather", &read, &[x.clone(), i.clone(), j.clone()]);
    let one = |x: &[Array]| Ok(vec![ops::gather(&x[0], &x[1..], &[1], &[2, 1, 2])?]);
    laws("gather of blocks", &one, &[x.clone(), j.clone()]);
    laws("gather of a corner", &|x| Ok(vec![ops::gather(&x[0], &[], &[], &[2, 1, 2])?]), std::slice::from_ref(&x));
    laws("take", &|x| Ok(vec![ops::take(&x[0], &x[1], Some(1))?]), &[x.clone(), j.clone()]);
    laws("take of all", &|x| Ok(vec![ops::take(&x[0], &x[1], None)?]), &[x.clone(), j.clone()]);
    let along = ints(&[0, 3, -1, 3], &[1, 4, 1]);
    laws("take_along_axis", &|x| Ok(vec![ops::take_along_axis(&x[0], &x[1], Some(1))?]), &[x.clone(), along.clone()]);
    for mode in MODES {
        let places = [x.clone(), i.clone(), j.clone(), noise(&[3, 1, 1, 2], 5)];
        let write = |x: &[Array]| Ok(vec![ops::scatter(mode, &x[0], &x[1..3], &x[3], &[0, 1])?]);
        laws(&format!("scatter {mode:?}"), &write, &places);
        let rows = |x: &[Array]| Ok(vec![ops::scatter(mode, &x[0], &x[1..2], &x[2], &[0])?]);
        laws(&format!("scatter of rows {mode:?}"), &rows, &[x.clone(), i.clone(), noise(&[3, 1, 3, 2], 7)]);
        let put = |x: &[Array]| Ok(vec![ops::put_along_axis(&x[0], &x[1], &x[2], Some(1), mode)?]);
        laws(&format!("put_along_axis {mode:?}"), &put, &[x.clone(), along.clone(), noise(&[3, 4, 2], 9)]);
        // A single block and no index at all: one update per place.
        let corner = |x: &[Array]| Ok(vec![ops::scatter(mode, &x[0], &[], &x[1], &[])?]);
        laws(&format!("scatter of a corner {mode:?}"), &corner, &[x.clone(), noise(&[2, 3, 1], 11)]);
    }
}

#[test]
fn second_derivatives_of_gathers_obey_the_laws() {
    let x = noise(&[3, 4], 1);
    let index = ints(&[1, 0, 1], &[3]);
    for mode in MODES {
        let f =
            |x: &[Array]| Ok::<_, Error>(vec![ops::scatter(mode, &x[0], std::slice::from_ref(&index), &x[1], &[0])?]);
        let pulled = |x: &[Array]| {
            let (_, pulled) = vjp(f, x, |y| Ok(vec![Some(noise(y[0].shape(), 3))]))?;
            Ok(pulled.into_iter().zip(x).map(|(p, x)| p.unwrap_or_else(|| ops::zeros_like(x))).collect())
        };
        laws(&format!("gradient of scatter {mode:?}"), &pulled, &[x.clone(), noise(&[3, 1, 4], 5)]);
    }
}

#[test]
fn a_product_of_updates_is_differentiated_exactly_at_zeros() {
    let source = Array::from_slice(&[2.0, 0.0, 3.0, 5.0], &[4]).unwrap();
    let index = ints(&[0, 0, 2, 2, 2, 1], &[6]);
    let updates = Array::from_slice(&[0.0, 7.0, 0.0, 0.0, 2.0, 3.0], &[6]).unwrap();
    let put = |x: &[Array]| Ok(vec![ops::put_along_axis(&x[0], &index, &x[1], Some(0), ScatterMode::Prod)?]);
    laws("products with zeros", &put, &[source, updates]);
}

#[test]
fn equal_extremes_share_and_the_last_assignment_counts() {
    let grads = |mode, source: &[f64], updates: &[f64]| {
        let (source, updates) = (Array::from_slice(source, &[1]).unwrap(), Array::from_slice(updates, &[2]).unwrap());
        let index = ints(&[0, 0], &[2]);
        let f = |x: &[Array]| Ok::<_, Error>(vec![ops::put_along_axis(&x[0], &index, &x[1], Some(0), mode)?]);
        let (_, pulled) = vjp(f, &[source, updates], |y| Ok(vec![Some(ops::ones_like(&y[0]))])).unwrap();
        pulled.into_iter().flat_map(|p| p.unwrap().to_vec::<f64>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(grads(ScatterMode::Set, &[1.0], &[1.0, 1.0]), [0.0, 0.0, 1.0]);
    assert_eq!(grads(ScatterMode::Max, &[1.0], &[2.0, 2.0]), [0.0, 0.5, 0.5]);
    assert_eq!(grads(ScatterMode::Min, &[1.0], &[2.0, 1.0]), [0.5, 0.0, 0.5]);
    assert_eq!(grads(ScatterMode::Add, &[1.0], &[2.0, 1.0]), [1.0, 1.0, 1.0]);
}
