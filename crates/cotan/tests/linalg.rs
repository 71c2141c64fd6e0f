//! Linear algebra from Rust: the laws of transforms, and errors as facts.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use cotan::linalg::{self, Ord, Triangle};
use cotan::{Array, DType, ErrorKind, Result, ops};
use support::{laws, noise};

/// Noise with a heavy diagonal: far from singular, with distinct eigenvalues.
fn steady(shape: &[usize], seed: u64) -> Array {
    let n = shape[shape.len() - 1];
    let diagonal = ops::diag(&ops::arange(2.0, 2.0 + n as f64, 1.0, DType::F64).unwrap(), 0).unwrap();
    ops::add(&ops::multiply(&noise(shape, seed), &Array::scalar(0.3)).unwrap(), &diagonal).unwrap()
}

fn with_diagonal(x: &[Array]) -> Result<Array> {
    let n = x[0].shape()[x[0].ndim() - 1];
    ops::add(&x[0], &ops::multiply(&ops::identity(n, DType::F64)?, &Array::scalar(4.0))?)
}

#[test]
fn decompositions_obey_the_laws_of_transforms() {
    let tall = [noise(&[5, 3], 1)];
    let wide = [noise(&[3, 5], 2)];
    for x in [&tall, &wide] {
        laws("qr", &|x| linalg::qr(&x[0]).map(Vec::from), x);
        laws("lu", &|x| Ok(vec![linalg::lu_factor(&x[0])?[0].clone()]), x);
        laws("pinv", &|x| Ok(vec![linalg::pinv(&x[0])?]), x);
        let rebuilt = |x: &[Array]| {
            let [u, s, vh] = linalg::svd(&x[0], false)?;
            Ok(vec![ops::matmul(&ops::multiply(&u, &ops::sin(&s)?)?, &vh)?, s])
        };
        laws("svd", &rebuilt, x);
    }
}

#[test]
fn functions_of_square_matrices_obey_the_laws_of_transforms() {
    // Mapped examples are plain noise, so the diagonal is added inside.
    let x = [noise(&[3, 3], 3)];
    laws("inv", &|x| Ok(vec![linalg::inv(&with_diagonal(x)?)?]), &x);
    laws("det", &|x| Ok(vec![linalg::det(&with_diagonal(x)?)?]), &x);
    laws("slogdet", &|x| linalg::slogdet(&with_diagonal(x)?).map(Vec::from), &x);
    for triangle in [Triangle::Lower, Triangle::Upper] {
        laws("cholesky", &|x| Ok(vec![linalg::cholesky(&with_diagonal(x)?, triangle)?]), &x);
        laws("eigvalsh", &|x| Ok(vec![linalg::eigvalsh(&x[0], triangle)?]), &x);
        let projected = |x: &[Array]| {
            let [w, v] = linalg::eigh(&x[0], triangle)?;
            Ok(vec![ops::matmul(&ops::multiply(&v, &ops::sin(&w)?)?, &ops::swapaxes(&v, -1, -2)?)?])
        };
        laws("eigh", &projected, &x);
    }
}

#[test]
fn equations_obey_the_laws_of_transforms() {
    for side in [noise(&[3], 4), noise(&[3, 2], 5)] {
        let operands = [noise(&[3, 3], 3), side];
        laws("solve", &|x| Ok(vec![linalg::solve(&with_diagonal(x)?, &x[1])?]), &operands);
        let triangular = |x: &[Array]| Ok(vec![linalg::solve_triangular(&with_diagonal(x)?, &x[1], Triangle::Upper)?]);
        laws("solve_triangular", &triangular, &operands);
    }
}

#[test]
fn eigenvalues_solve_the_characteristic_equation() {
    let a = steady(&[4, 4], 9);
    let [w, v] = linalg::eig(&a).unwrap();
    let left = ops::matmul(&a, &v).unwrap();
    let apart =
        ops::max(&ops::abs(&ops::subtract(&left, &ops::multiply(&v, &w).unwrap()).unwrap()).unwrap(), None, false);
    assert!(apart.unwrap().item::<f32>().unwrap() < 1e-5);
}

#[test]
fn norms_are_named() {
    let a = Array::from_slice(&[3.0f64, 0.0, 0.0, -4.0], &[2, 2]).unwrap();
    let of = |ord| linalg::norm(&a, ord, None, false).unwrap().item::<f64>().unwrap();
    for (ord, expected) in [
        (None, 5.0),
        (Some(Ord::Frobenius), 5.0),
        (Some(Ord::Nuclear), 7.0),
        (Some(Ord::P(2.0)), 4.0),
        (Some(Ord::P(-2.0)), 3.0),
        (Some(Ord::P(1.0)), 4.0),
        (Some(Ord::P(f64::NEG_INFINITY)), 3.0),
    ] {
        assert!((of(ord) - expected).abs() < 1e-12, "{ord:?}");
    }
}

#[test]
fn errors_say_when_and_why() {
    let singular = ops::zeros(&[2, 2, 2], DType::F32);
    let late = linalg::inv(&singular).unwrap().eval().unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Runtime);
    assert_eq!(late.to_string(), "inv: matrix 0 of the batch is singular");
    let early = |result: Result<Array>| result.unwrap_err().kind();
    assert_eq!(early(linalg::inv(&ops::zeros(&[2, 3], DType::F32))), ErrorKind::Value);
    assert_eq!(early(linalg::inv(&ops::zeros(&[2, 2], DType::I32))), ErrorKind::Value);
    assert_eq!(early(linalg::norm(&singular, None, Some(&[3]), false)), ErrorKind::Index);
    assert_eq!(early(linalg::cross(&singular, &singular, 5)), ErrorKind::Index);
}
