//! Powers of matrices.

use super::inverse::inv;
use super::matrices::{batch, broadcast_batch, expect_square, expect_square_field, matmul};
use crate::array::Array;
use crate::error::Result;
use crate::ops::{expect_fixed, identity};

/// The `n`-th power of square matrices, by repeated squaring; the inverse's for negative `n`, the identity for 0.
///
/// # Errors
/// When the matrices are not square; for negative `n` as [`inv`].
pub fn matrix_power(a: &Array, n: i64) -> Result<Array> {
    let size = expect_square("matrix_power", a)?;
    if n == 0 {
        expect_fixed("matrix_power", a)?;
    }
    let mut square = a.clone();
    if n < 0 {
        expect_square_field("matrix_power", a)?;
        square = inv(a)?;
    }
    let (mut left, mut result) = (n.unsigned_abs(), None);
    while left > 0 {
        if left & 1 == 1 {
            result = Some(match result {
                None => square.clone(),
                Some(result) => matmul(&result, &square)?,
            });
        }
        left >>= 1;
        if left > 0 {
            square = matmul(&square, &square)?;
        }
    }
    result.map_or_else(|| broadcast_batch(&identity(size, a.dtype())?, batch(a)), Ok)
}
