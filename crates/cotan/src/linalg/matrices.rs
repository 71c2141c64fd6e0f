//! What the decompositions share: checks, masks and products of matrices.

use cotan_kernels::DType;
use smallvec::SmallVec;

use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};
use crate::ops::elementwise::number;
use crate::ops::{
    Batched, Op, Primitive, add, broadcast_to, conj, divide, expand_dims, identity, multiply, real, swapaxes, tri,
    where_, zeros_like,
};

pub(super) use crate::ops::{matmul, subtract};

/// The sizes of the last two axes of an array that a decomposition can take.
pub(super) fn expect_matrices(op: &'static str, a: &Array) -> Result<[usize; 2]> {
    let [m, n] = expect_axes(op, a)?;
    expect_field(op, a.dtype())?;
    Ok([m, n])
}

/// The sizes of the last two axes.
pub(super) fn expect_axes(op: &'static str, a: &Array) -> Result<[usize; 2]> {
    match *a.shape() {
        [.., m, n] => Ok([m, n]),
        _ => Err(Error::value(op, format!("needs at least two axes, got shape {}", tuple(a.shape())))),
    }
}

/// The size of square matrices.
pub(super) fn expect_square(op: &'static str, a: &Array) -> Result<usize> {
    match expect_axes(op, a)? {
        [m, n] if m == n => Ok(n),
        _ => {
            Err(Error::value(op, format!("needs square matrices in the last two axes, got shape {}", tuple(a.shape()))))
        }
    }
}

/// The size of square matrices that a decomposition can take.
pub(super) fn expect_square_field(op: &'static str, a: &Array) -> Result<usize> {
    expect_field(op, a.dtype())?;
    expect_square(op, a)
}

/// Refuses types without decompositions.
pub(super) fn expect_field(op: &'static str, dtype: DType) -> Result<()> {
    match dtype {
        DType::F32 | DType::F64 | DType::C64 => Ok(()),
        _ => Err(Error::DType { op, dtype, expected: "float32, float64 or complex64" }),
    }
}

/// The type of absolute values.
pub(super) fn real_dtype(dtype: DType) -> DType {
    if dtype == DType::C64 { DType::F32 } else { dtype }
}

/// The gap between 1 and the next number of a field.
pub(super) fn epsilon(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::EPSILON } else { f32::EPSILON.into() }
}

/// A result with other last axes than the input.
pub(super) fn spec(a: &Array, last: &[usize], dtype: DType) -> Spec {
    let batch = batch(a);
    Spec { shape: batch.iter().chain(last).copied().collect(), dtype }
}

/// The axes before the last two.
pub(super) fn batch(a: &Array) -> &[usize] {
    &a.shape()[..a.ndim() - 2]
}

/// With the batch axes `batch` before the last two.
pub(super) fn broadcast_batch(a: &Array, batch: &[usize]) -> Result<Array> {
    let shape: Shape = batch.iter().chain(&a.shape()[a.ndim() - 2..]).copied().collect();
    if a.shape() == shape.as_slice() { Ok(a.clone()) } else { broadcast_to(a, &shape) }
}

/// The vmap rule of everything that has a batch anyway: the examples are one more axis of it.
pub(super) fn vmap(op: impl Into<Op>, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
    let inputs = inputs.iter().map(|input| input.expand(examples)).collect::<Result<SmallVec<_>>>()?;
    Ok(Array::apply_all(op, inputs)?.into_iter().map(Batched::mapped).collect())
}

/// Rethrows a kernel's error in the name of the operation.
pub(super) fn named<T>(op: &impl Primitive, result: Result<T, cotan_kernels::KernelError>) -> Result<T> {
    result.map_err(|error| Error::from_kernel(op.name(), error))
}

/// Rows become columns.
pub(super) fn transpose(a: &Array) -> Result<Array> {
    swapaxes(a, -1, -2)
}

/// The conjugate transpose.
pub(super) fn adjoint(a: &Array) -> Result<Array> {
    transpose(&conj(a)?)
}

/// The elements on the diagonal.
pub(super) fn diagonal(a: &Array) -> Result<Array> {
    crate::ops::diagonal(a, 0, -2, -1)
}

/// A matrix with these elements on the diagonal.
pub(super) fn diagonal_matrix(values: &Array) -> Result<Array> {
    let n = values.shape()[values.ndim() - 1];
    scale_columns(&identity(n, values.dtype())?, values)
}

/// `a diag(values)`.
pub(super) fn scale_columns(a: &Array, values: &Array) -> Result<Array> {
    multiply(a, &expand_dims(values, &[-2])?)
}

/// Half of each element.
pub(super) fn half(a: &Array) -> Result<Array> {
    multiply(a, &number(a, 0.5))
}

/// True on and below a diagonal.
pub(super) fn lower(n: usize, diagonal: i64) -> Result<Array> {
    tri(n, n, diagonal, DType::Bool)
}

/// The Hermitian matrix whose lower (or upper) triangle is that of `a`; imaginary parts on the diagonal don't count.
pub(super) fn hermitian(a: &Array, triangle: super::Triangle) -> Result<Array> {
    let n = a.shape()[a.ndim() - 1];
    let strictly = lower(n, -1)?;
    let other = adjoint(a)?;
    let whole = match triangle {
        super::Triangle::Lower => where_(&strictly, a, &other)?,
        super::Triangle::Upper => where_(&strictly, &other, a)?,
    };
    if a.dtype() == DType::C64 { where_(&identity(n, DType::Bool)?, &real(a)?, &whole) } else { Ok(whole) }
}

/// `1 / (values[j] - values[i])` at row `i` and column `j`, and 0 where they are equal but for rounding.
///
/// Where it matters, it multiplies what is zero for functions of the space that the vectors span.
pub(super) fn inverse_gaps(values: &Array) -> Result<Array> {
    let gaps = subtract(&expand_dims(values, &[-2])?, &expand_dims(values, &[-1])?)?;
    if values.size() == 0 {
        return Ok(gaps);
    }
    let size = crate::ops::max(&crate::ops::abs(values)?, Some(&[-1]), true)?;
    let rounding = multiply(&expand_dims(&size, &[-1])?, &number(&size, 4.0 * epsilon(values.dtype())))?;
    let apart = crate::ops::greater(&crate::ops::abs(&gaps)?, &rounding)?;
    reciprocal_where(&apart, &gaps)
}

/// `1 / a` where `condition` holds, else 0; derivatives don't see what isn't chosen.
pub(super) fn reciprocal_where(condition: &Array, a: &Array) -> Result<Array> {
    let safe = where_(condition, a, &number(a, 1.0))?;
    where_(condition, &divide(&number(a, 1.0), &safe)?, &zeros_like(a))
}

/// `1 / a`, and 0 for 0.
pub(super) fn safe_reciprocal(a: &Array) -> Result<Array> {
    let nonzero = crate::ops::not_equal(a, &number(a, 0.0))?;
    reciprocal_where(&nonzero, a)
}

/// The sum of what is there.
pub(super) fn sum_some(terms: impl IntoIterator<Item = Option<Array>>) -> Result<Option<Array>> {
    terms.into_iter().flatten().try_fold(None, |sum: Option<Array>, term| {
        Ok(Some(match sum {
            Some(sum) => add(&sum, &term)?,
            None => term,
        }))
    })
}
