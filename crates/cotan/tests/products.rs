//! Matrix products, against plain loops and the laws of transforms.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use cotan::transforms::{jvp, vjp};
use cotan::{Array, Complex32, DType, ErrorKind, Result, ops};
use support::{indices, laws, noise};

fn values(a: &Array) -> Vec<f64> {
    ops::astype(a, DType::F64).unwrap().to_vec().unwrap()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// The product of arrays with at least two axes, element by element.
fn expected(a: &Array, b: &Array) -> (Vec<usize>, Vec<f64>) {
    let (ra, rb) = (a.ndim(), b.ndim());
    let batch = ops::broadcast_shapes(&[&a.shape()[..ra - 2], &b.shape()[..rb - 2]]).unwrap();
    let (m, k, n) = (a.shape()[ra - 2], a.shape()[ra - 1], b.shape()[rb - 1]);
    let shape: Vec<usize> = batch.iter().copied().chain([m, n]).collect();
    let at = |x: &Array, values: &[f64], lead: &[usize], i: usize, j: usize| {
        let skip = batch.len() - (x.ndim() - 2);
        let place =
            lead[skip..].iter().zip(x.shape()).fold(0, |p, (&l, &size)| p * size + if size == 1 { 0 } else { l });
        values[(place * x.shape()[x.ndim() - 2] + i) * x.shape()[x.ndim() - 1] + j]
    };
    let (va, vb) = (values(a), values(b));
    let element = |index: &Vec<usize>| {
        let (lead, ij) = index.split_at(batch.len());
        (0..k).map(|l| at(a, &va, lead, ij[0], l) * at(b, &vb, lead, l, ij[1])).sum()
    };
    let elements = indices(&shape).iter().map(element).collect();
    (shape, elements)
}

#[track_caller]
fn check(a: &Array, b: &Array) {
    let product = ops::matmul(a, b).unwrap();
    let (shape, elements) = expected(a, b);
    assert_eq!(product.shape(), shape);
    for (x, y) in values(&product).iter().zip(elements) {
        assert!((x - y).abs() < 1e-9 * (1.0 + y.abs()), "{x} is not {y}");
    }
}

#[test]
fn products_of_any_layout_equal_the_plain_loop() {
    let turned = |shape: &[usize], seed| ops::swapaxes(&noise(shape, seed), -1, -2).unwrap();
    check(&noise(&[3, 4], 1), &noise(&[4, 5], 2));
    check(&turned(&[4, 3], 1), &turned(&[5, 4], 2));
    check(&noise(&[2, 3, 4], 1), &noise(&[4, 5], 2));
    check(&noise(&[3, 4], 1), &noise(&[2, 4, 5], 2));
    check(&noise(&[6, 3, 4], 1), &noise(&[4, 1], 2));
    check(&noise(&[3, 4], 1), &noise(&[6, 4, 1], 2));
    check(&noise(&[5, 1, 2, 3], 1), &noise(&[4, 3, 2], 2));
    check(&turned(&[2, 4, 3], 1), &turned(&[2, 4], 2));
    check(&turned(&[2, 4, 40], 1), &noise(&[4, 2], 2));
    check(&ops::flip(&noise(&[2, 3, 4], 1), None).unwrap(), &ops::flip(&noise(&[2, 4, 3], 2), Some(&[0, 2])).unwrap());
    check(&ops::flip(&noise(&[3, 4], 1), None).unwrap(), &ops::broadcast_to(&noise(&[4, 1], 2), &[4, 3]).unwrap());
    check(&noise(&[2, 0], 1), &noise(&[0, 3], 2));
    check(&noise(&[0, 2], 1), &noise(&[2, 3], 2));
    check(&noise(&[0, 3, 2], 1), &noise(&[2, 3], 2));
    check(&noise(&[70, 90], 1), &noise(&[90, 80], 2));
}

#[test]
fn rows_columns_and_types() {
    let shape = |a: &[usize], b: &[usize]| ops::matmul(&noise(a, 1), &noise(b, 2)).unwrap().shape().to_vec();
    assert_eq!(shape(&[3], &[3, 2]), [2]);
    assert_eq!(shape(&[5, 2, 3], &[3]), [5, 2]);
    assert_eq!(shape(&[3], &[5, 3, 2]), [5, 2]);
    assert_eq!(shape(&[3], &[3]), Vec::<usize>::new());
    let half = ops::matmul(&ops::ones(&[2, 3], DType::F16), &ops::ones(&[3], DType::I32)).unwrap();
    assert_eq!((half.dtype(), values(&half)), (DType::F16, vec![3.0, 3.0]));
    let ints = ops::matmul(&ops::ones(&[2, 3], DType::I32), &ops::ones(&[3], DType::I32)).unwrap();
    assert_eq!((ints.dtype(), values(&ints)), (DType::I32, vec![3.0, 3.0]));
    assert_eq!(kind(ops::matmul(&Array::scalar(1f32), &noise(&[3], 1))), ErrorKind::Value);
    assert_eq!(kind(ops::matmul(&noise(&[2, 3], 1), &noise(&[4, 2], 1))), ErrorKind::Value);
    assert_eq!(kind(ops::matmul(&noise(&[2, 2, 3], 1), &noise(&[3, 3, 2], 1))), ErrorKind::Value);
    let text = ops::matmul(&noise(&[4, 3], 1), &noise(&[5, 2], 1)).unwrap_err().to_string();
    assert!(text.contains("(4, 3) @ (5, 2)"), "{text}");
}

#[test]
fn derivatives_and_mapping_of_products_obey_the_laws() {
    let product = |x: &[Array]| Ok(vec![ops::matmul(&x[0], &x[1])?]);
    for (a, b) in [
        (&[3, 4][..], &[4, 2][..]),
        (&[4], &[4, 2]),
        (&[3, 4], &[4]),
        (&[4], &[4]),
        (&[2, 3, 4], &[4, 2]),
        (&[3, 4], &[2, 4, 2]),
        (&[3, 4], &[2, 4, 1]),
        (&[1, 3, 4], &[2, 4, 2]),
        (&[2, 1, 3, 4], &[3, 4, 2]),
        (&[2, 3, 4], &[2, 4, 2]),
    ] {
        laws(&format!("matmul {a:?} {b:?}"), &product, &[noise(a, 1), noise(b, 2)]);
    }
    let pulled = |x: &[Array]| {
        let (_, pulled) = vjp(product, x, |y| Ok(vec![Some(noise(y[0].shape(), 3))]))?;
        Ok(pulled.into_iter().zip(x).map(|(p, x)| p.unwrap_or_else(|| ops::zeros_like(x))).collect())
    };
    laws("gradient of matmul", &pulled, &[noise(&[2, 3, 4], 1), noise(&[4, 2], 2)]);
    let sum = |x: &[Array]| Ok(vec![ops::addmm(&x[0], &x[1], &x[2], 2.0, 0.5)?]);
    laws("addmm", &sum, &[noise(&[2], 1), noise(&[3, 4], 2), noise(&[4, 2], 3)]);
    let pair = [noise(&[2, 3, 4], 1), noise(&[3, 4, 5], 2)];
    laws("tensordot", &|x| Ok(vec![ops::tensordot_count(&x[0], &x[1], 2)?]), &pair);
    laws("tensordot over axes", &|x| Ok(vec![ops::tensordot(&x[0], &x[1], &[-1, 1], &[1, 0])?]), &pair);
    laws("inner", &|x| Ok(vec![ops::inner(&x[0], &x[1])?]), &[noise(&[2, 3], 1), noise(&[4, 3], 2)]);
    laws("vecdot", &|x| Ok(vec![ops::vecdot(&x[0], &x[1], -2)?]), &[noise(&[3, 2], 1), noise(&[4, 3, 2], 2)]);
}

#[test]
fn composed_products_have_the_elements_they_name() {
    let (a, b) = (noise(&[2, 3, 4], 1), noise(&[3, 4, 5], 2));
    let dot = values(&ops::tensordot_count(&a, &b, 2).unwrap());
    let flat = ops::matmul(&ops::reshape(&a, &[2, 12]).unwrap(), &ops::reshape(&b, &[12, 5]).unwrap()).unwrap();
    assert_eq!(dot, values(&flat));
    assert_eq!(ops::tensordot_count(&a, &b, 0).unwrap().shape(), [2, 3, 4, 3, 4, 5]);
    assert_eq!(ops::tensordot(&noise(&[2, 3], 1), &noise(&[2, 3], 2), &[0], &[0]).unwrap().shape(), [3, 3]);
    assert_eq!(kind(ops::tensordot_count(&a, &b, 4)), ErrorKind::Value);
    assert_eq!(kind(ops::tensordot(&a, &b, &[0], &[0])), ErrorKind::Value);
    assert_eq!(kind(ops::tensordot(&a, &b, &[5], &[0])), ErrorKind::Index);
    let i = |v: &[i32], shape: &[usize]| Array::from_slice(v, shape).unwrap();
    let dots = ops::vecdot(&i(&[1, 2, 3, 4], &[2, 2]), &i(&[1, 1], &[1, 2]), -1).unwrap();
    assert_eq!(values(&dots), [3.0, 7.0]);
    let z = Array::from_slice(&[Complex32::new(1.0, 1.0)], &[1]).unwrap();
    assert_eq!(ops::vecdot(&z, &z, -1).unwrap().item::<Complex32>().unwrap(), Complex32::new(2.0, 0.0));
    assert_eq!(kind(ops::vecdot(&a, &noise(&[4], 1), 0)), ErrorKind::Value);
    assert_eq!(kind(ops::vecdot(&a, &noise(&[4], 1), 1)), ErrorKind::Index);
    assert_eq!(values(&ops::inner(&Array::scalar(2.0), &noise(&[3], 1)).unwrap()).len(), 3);
    let sum =
        ops::addmm(&Array::scalar(1f32), &ops::ones(&[2, 2], DType::F32), &ops::ones(&[2, 2], DType::F32), 2.0, 0.5);
    assert_eq!(values(&sum.unwrap()), [4.5; 4]);
    assert_eq!(
        kind(ops::addmm(&noise(&[3, 2, 2], 1), &noise(&[2, 2], 1), &noise(&[2, 2], 1), 1.0, 1.0)),
        ErrorKind::Value
    );
}

#[test]
fn complex_products_pull_back_by_the_conjugate_transpose() {
    let complex = |shape: &[usize], seed| {
        let (re, im) = (noise(shape, seed), noise(shape, seed + 1));
        let im = ops::multiply(&ops::astype(&im, DType::C64).unwrap(), &Array::scalar(Complex32::i())).unwrap();
        ops::add(&ops::astype(&re, DType::C64).unwrap(), &im).unwrap()
    };
    // The real inner product of a cotangent with a tangent.
    let dot = |a: &Array, b: &Array| {
        let product = ops::real(&ops::multiply(&ops::conj(a).unwrap(), b).unwrap()).unwrap();
        ops::sum(&product, None, false).unwrap().item::<f32>().unwrap()
    };
    type Pair = fn(&[Array]) -> Result<Vec<Array>>;
    let table: [(&str, Pair); 4] = [
        ("matmul", |x| Ok(vec![ops::matmul(&x[0], &x[1])?])),
        ("prod", |x| Ok(vec![ops::prod(&ops::multiply(&x[0], &x[0])?, Some(&[1]), false)?, x[1].clone()])),
        ("softmax", |x| Ok(vec![ops::softmax(&x[0], Some(&[1]), false)?, ops::logsumexp(&x[1], None, false)?])),
        ("cumprod", |x| {
            Ok(vec![ops::cumprod(&x[0], Some(1), false, true)?, ops::logcumsumexp(&x[1], Some(0), true, true)?])
        }),
    ];
    for (name, f) in table {
        let primals = [complex(&[2, 3], 1), complex(&[3, 2], 3)];
        let directions = [complex(&[2, 3], 5), complex(&[3, 2], 7)];
        let given = directions.clone().map(Some);
        let (outputs, tangents) = jvp(f, &primals, &given).unwrap();
        let weights: Vec<Array> = outputs.iter().map(|y| complex(y.shape(), 9)).collect();
        let (_, pulled) = vjp(f, &primals, |_| Ok(weights.iter().cloned().map(Some).collect())).unwrap();
        let forward: f32 = tangents.iter().zip(&weights).map(|(t, w)| dot(w, t.as_ref().unwrap())).sum();
        let reverse: f32 = pulled.iter().zip(&directions).map(|(p, d)| dot(p.as_ref().unwrap(), d)).sum();
        assert!((forward - reverse).abs() < 1e-4 * (1.0 + forward.abs()), "{name}: {forward} is not {reverse}");
        let step = Array::scalar(1e-2f32);
        let moved = |sign: f32| {
            let by = |(p, d)| ops::add(p, &ops::multiply(d, &ops::multiply(&step, &Array::scalar(sign))?)?);
            f(&primals.iter().zip(&directions).map(by).collect::<Result<Vec<_>>>().unwrap()).unwrap()
        };
        for ((up, down), tangent) in moved(1.0).iter().zip(moved(-1.0)).zip(&tangents) {
            let slope = ops::divide(&ops::subtract(up, &down).unwrap(), &Array::scalar(2e-2f32)).unwrap();
            let error =
                ops::max(&ops::abs(&ops::subtract(&slope, tangent.as_ref().unwrap()).unwrap()).unwrap(), None, false);
            assert!(error.unwrap().item::<f32>().unwrap() < 2e-2, "{name}: tangent is not the slope");
        }
    }
}
