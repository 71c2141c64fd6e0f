//! Products with Hadamard matrices.

use cotan_kernels::{DType, Kind, Scalar, Tensor};
use smallvec::smallvec;

use super::{Batched, Primitive, Site, Tangents, astype, matmul, multiply, reshape};
use crate::array::{Array, Spec};
use crate::error::{Error, Result, tuple};

/// The last axis, whose size is a power of two, times the symmetric Hadamard matrix in Sylvester's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Hadamard;

const OP: &str = "hadamard_transform";

/// The last axis times a Hadamard matrix of its size `n`, a power of two times 1, 12, 20 or 28, and `scale` (`1/sqrt(n)`
/// when `None`, which makes the transform orthogonal). Integers give `float32`; halves are computed in `float32`.
///
/// The matrix of a power of two is Sylvester's; 12 is of Paley's second type ("On orthogonal matrices", 1933), 20 and
/// 28 are Williamson's ("Hadamard's determinant theorem and the sum of four squares", 1944); others are Kronecker
/// products of these.
///
/// # Errors
/// When the array is empty or its last axis has another size.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[4])?;
/// assert_eq!(ops::hadamard_transform(&x, None)?.to_vec::<f32>()?, [5.0, -1.0, -2.0, 0.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn hadamard_transform(a: &Array, scale: Option<f64>) -> Result<Array> {
    let n = a.shape().last().copied().unwrap_or(1);
    let odd = [1, 12, 20, 28].into_iter().find(|&m| n % m == 0 && (n / m).is_power_of_two());
    let (Some(m), true) = (odd, a.size() > 0) else {
        let message = "needs elements, and a last axis of a power of two times 1, 12, 20 or 28";
        return Err(Error::value(OP, format!("{message}, got shape {}", tuple(a.shape()))));
    };
    let dtype = if matches!(a.dtype().kind(), Kind::Float | Kind::Complex) { a.dtype() } else { DType::F32 };
    let wide = if dtype.size() < 4 { DType::F32 } else { dtype };
    let rows = a.size() / n;
    let mut x = reshape(&astype(a, wide)?, &[rows, m, n / m])?;
    x = Array::apply(Hadamard, smallvec![x])?;
    if m > 1 {
        let matrix = Array::from_tensor(Tensor::from_slice(&matrix(m), &[m, m])?);
        x = matmul(&astype(&matrix, wide)?, &x)?;
    }
    let scale = scale.unwrap_or(1.0 / (n as f64).sqrt());
    let scaled = multiply(&x, &Array::full(&[], Scalar::new(scale).cast(wide)))?;
    reshape(&astype(&scaled, dtype)?, a.shape())
}

/// The Hadamard matrix of size 12, 20 or 28, row after row.
fn matrix(size: usize) -> Vec<i32> {
    let entry = |row: usize, column: usize| match size {
        12 => paley(row, column),
        20 => williamson([0b00001, 0b11110, 0b01100, 0b10010], 5, row, column),
        _ => williamson([0b000_0001, 0b011_1100, 0b101_1010, 0b110_0110], 7, row, column),
    };
    (0..size * size).map(|at| entry(at / size, at % size)).collect()
}

/// Paley's second construction over the residues modulo 5: the symmetric conference matrix with each entry a block.
fn paley(row: usize, column: usize) -> i32 {
    let (i, j) = (row / 2, column / 2);
    let corner = if row % 2 == 1 && column % 2 == 1 { -1 } else { 1 };
    if i == j {
        return if row.is_multiple_of(2) && column.is_multiple_of(2) { 1 } else { -1 };
    }
    // 1 and 4 are the squares modulo 5.
    let square = i == 0 || j == 0 || matches!((5 + i - j) % 5, 1 | 4);
    if square { corner } else { -corner }
}

/// Williamson's array of four symmetric circulants, given by the bits of their first rows, transposed.
fn williamson(circulants: [u32; 4], size: usize, row: usize, column: usize) -> i32 {
    // Which circulant stands in each block, and with which sign.
    const BLOCKS: [[(usize, i32); 4]; 4] = [
        [(0, 1), (1, -1), (2, -1), (3, -1)],
        [(1, 1), (0, 1), (3, 1), (2, -1)],
        [(2, 1), (3, -1), (0, 1), (1, 1)],
        [(3, 1), (2, 1), (1, -1), (0, 1)],
    ];
    let (which, sign) = BLOCKS[row / size][column / size];
    let bit = circulants[which] >> ((size + row % size - column % size) % size) & 1;
    if bit == 1 { sign } else { -sign }
}

impl Hadamard {
    fn of(x: &Array) -> Result<Array> {
        Array::apply(Hadamard, smallvec![x.clone()])
    }
}

impl Primitive for Hadamard {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let x = &inputs[0];
        if !x.shape().last().is_some_and(|size| size.is_power_of_two()) {
            return Err(Error::value(OP, format!("the last axis of {} is no power of two", tuple(x.shape()))));
        }
        if !matches!(x.dtype(), DType::F32 | DType::F64 | DType::C64) {
            return Err(Error::DType { op: OP, dtype: x.dtype(), expected: "float32, float64 or complex64" });
        }
        Ok(vec![x.spec()])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(Hadamard::of).transpose()?])
    }

    // The matrix is real and symmetric.
    fn vjp(&self, _: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![cotangents[0].as_ref().map(Hadamard::of).transpose()?])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(Hadamard::of(&inputs[0].array)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let result = cotan_kernels::hadamard::hadamard(&inputs[0]);
        Ok(vec![result.map_err(|error| Error::from_kernel(OP, error))?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_every_matrix_are_orthogonal() {
        for size in [12, 20, 28] {
            let h = matrix(size);
            for i in 0..size {
                for j in 0..size {
                    let dot: i32 = (0..size).map(|k| h[i * size + k] * h[j * size + k]).sum();
                    assert_eq!(dot, if i == j { size as i32 } else { 0 }, "rows {i} and {j} of {size}");
                }
            }
        }
    }
}
