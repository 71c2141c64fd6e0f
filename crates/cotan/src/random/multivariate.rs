//! The multivariate normal distribution.

use cotan_kernels::{DType, Scalar};

use super::{normal, number};
use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::{
    add, astype, broadcast_shapes, divide, equal, eye, matmul, multiply, reshape, sqrt, square, subtract, sum, where_,
};

/// Directions whose share of the variance is above 1e-15 converge: each step multiplies a small root by 1.5.
const STEPS: usize = 45;

/// Normally distributed vectors of `n` numbers with mean `mean (..., n)` and covariance `cov (..., n, n)`, as `dtype`.
///
/// The result has `shape` broadcast with the leading axes of both, and a last axis of size `n`. `cov` is symmetric and has
/// no negative eigenvalues, which is not checked.
///
/// # Errors
/// When the shapes of `mean` and `cov` don't belong together, `dtype` is neither `float32` nor `float64`, or `key` is not a key.
pub fn multivariate_normal(
    mean: &Array,
    cov: &Array,
    shape: &[usize],
    dtype: DType,
    key: Option<&Array>,
) -> Result<Array> {
    const OP: &str = "multivariate_normal";
    if !matches!(dtype, DType::F32 | DType::F64) {
        return Err(Error::DType { op: OP, dtype, expected: "float32 or float64" });
    }
    let (Some((&n, mean_batch)), Some((cov_batch, &[rows, columns]))) =
        (mean.shape().split_last(), cov.shape().split_last_chunk::<2>())
    else {
        return Err(Error::value(OP, "needs a mean with at least one axis and a covariance with at least two"));
    };
    if rows != n || columns != n {
        let (mean, cov) = (tuple(mean.shape()), tuple(cov.shape()));
        return Err(Error::value(
            OP,
            format!("a mean of shape {mean} needs an (n, n) covariance with n = {n}, not {cov}"),
        ));
    }
    let batch = broadcast_shapes(&[shape, mean_batch, cov_batch])?;
    let standard = normal(&[&batch[..], &[1, n]].concat(), dtype, None, None, key)?;
    let root = astype(&square_root(&astype(cov, DType::F64)?, n)?, dtype)?;
    let spread = reshape(&matmul(&standard, &root)?, &[&batch[..], &[n]].concat())?;
    add(&spread, &astype(mean, dtype)?)
}

/// The symmetric square root of symmetric positive semidefinite matrices, by the coupled Newton-Schulz iteration:
/// N. J. Higham, "Functions of Matrices", SIAM 2008, section 6.7.
fn square_root(matrix: &Array, n: usize) -> Result<Array> {
    let norm = sqrt(&sum(&square(matrix)?, Some(&[-2, -1]), true)?)?;
    // The iteration converges for eigenvalues in 0..1; a zero matrix is its own root.
    let norm = where_(&equal(&norm, &number(DType::F64, 0.0))?, &number(DType::F64, 1.0), &norm)?;
    let three = multiply(&eye(n, n, 0, DType::F64)?, &Array::full(&[], Scalar::new(3.0f64)))?;
    let mut root = divide(matrix, &norm)?;
    let mut inverse = eye(n, n, 0, DType::F64)?;
    for _ in 0..STEPS {
        let product = matmul(&inverse, &root)?;
        let factor = multiply(&subtract(&three, &product)?, &number(DType::F64, 0.5))?;
        root = matmul(&root, &factor)?;
        inverse = matmul(&factor, &inverse)?;
    }
    multiply(&root, &sqrt(&norm)?)
}
