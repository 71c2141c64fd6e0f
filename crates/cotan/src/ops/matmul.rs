//! Matrix products.

use cotan_kernels::gemm::{Batch, GemmError, MatRef, Size, batched_matmul};
use cotan_kernels::{Element, Output, Tensor, layout, with_dtype};
use smallvec::smallvec;

use super::expand_dims;
use super::follow::{squeezed, unbroadcast_like, varies};
use super::{Batched, Op, Primitive, Site, Tangents, add, conj, elementwise, permute, reshape, same_dtype};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// Products of the matrices in the last two axes; the axes before broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Matmul;

/// Rows of a matrix at which many small products are worth a copy that makes them one large product.
const FEW_ROWS: usize = 32;

/// The matrix product over the last axis of `a` and the second to last of `b`; the axes before those broadcast.
///
/// An array with one axis is a row on the left and a column on the right, and that axis is not in the result. The operands
/// promote; integers wrap.
///
/// # Errors
/// When an operand has no axes, the inner sizes differ, or the other axes don't broadcast.
///
/// ```
/// use cotan::{Array, ops};
/// let a = Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[2, 2])?;
/// let x = Array::from_slice(&[1.0f32, -1.0], &[2])?;
/// assert_eq!(ops::matmul(&a, &x)?.to_vec::<f32>()?, [-1.0, -1.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn matmul(a: &Array, b: &Array) -> Result<Array> {
    if a.ndim() == 0 || b.ndim() == 0 {
        let (left, right) = (tuple(a.shape()), tuple(b.shape()));
        return Err(Error::value("matmul", format!("needs arrays with axes, got shapes {left} and {right}")));
    }
    let (row, column) = (a.ndim() == 1, b.ndim() == 1);
    let left = if row { expand_dims(a, &[0])? } else { a.clone() };
    let right = if column { expand_dims(b, &[1])? } else { b.clone() };
    let product = product(&left, &right)?;
    let rank = product.ndim();
    let (row, column) = (row.then_some(rank - 2), column.then_some(rank - 1));
    let ones: Shape = row.into_iter().chain(column).collect();
    if ones.is_empty() { Ok(product) } else { squeezed(&product, &ones) }
}

/// The product of matrices; cotangents and tangents may have another type than what they meet.
pub(crate) fn product(a: &Array, b: &Array) -> Result<Array> {
    let (a, b) = same_dtype(a, b)?;
    Array::apply(Matmul, smallvec![a, b])
}

/// The conjugate transpose of each matrix.
pub(super) fn adjoint(a: &Array) -> Result<Array> {
    let rank = a.ndim();
    if let Some(transposed) = under_transpose(a) {
        return conj(&transposed);
    }
    let mut axes: Shape = (0..rank).collect();
    axes.swap(rank - 2, rank - 1);
    permute(&conj(a)?, &axes)
}

/// What `a` is the transpose of, or a copy of the transpose.
fn under_transpose(a: &Array) -> Option<Array> {
    let (call, _) = a.call()?;
    match &call.op {
        Op::Contiguous(_) => under_transpose(&call.inputs[0]),
        Op::Transpose(transpose) => {
            let rank = a.ndim();
            let swaps = |(i, &axis): (usize, &usize)| axis == if i + 2 < rank { i } else { 2 * rank - 3 - i };
            transpose.axes.iter().enumerate().all(swaps).then(|| call.inputs[0].clone())
        }
        _ => None,
    }
}

/// True when one matrix serves a whole batch of others.
fn is_single(a: &Array, result: &Array) -> bool {
    let lead = |a: &Array| layout::len(&a.shape()[..a.ndim() - 2]);
    lead(a) == 1 && lead(result) > 1 && !varies(result)
}

/// The cotangent of `a` in `a @ b`, where `b` has the batch axes of the result when `a` is a single matrix.
fn pull_left(a: &Array, b: &Array, cotangent: &Array) -> Result<Array> {
    if !is_single(a, cotangent) {
        return unbroadcast_like(&product(cotangent, &adjoint(b)?)?, a);
    }
    // A sum over a batch of products is one product over the batch.
    let (rank, b) = (cotangent.ndim(), &adjoint(b)?);
    let order: Shape = std::iter::once(rank - 2).chain(0..rank - 2).chain(std::iter::once(rank - 1)).collect();
    let m = cotangent.shape()[rank - 2];
    let wide = reshape(&permute(cotangent, &order)?, &[m, cotangent.size() / m.max(1)])?;
    let k = b.shape()[b.ndim() - 1];
    reshape(&product(&wide, &reshape(b, &[b.size() / k.max(1), k])?)?, a.shape())
}

/// The cotangent of `b` in `a @ b`, where `a` has the batch axes of the result when `b` is a single matrix.
fn pull_right(a: &Array, b: &Array, cotangent: &Array) -> Result<Array> {
    if !is_single(b, cotangent) {
        return unbroadcast_like(&product(&adjoint(a)?, cotangent)?, b);
    }
    let (k, n) = (a.shape()[a.ndim() - 1], cotangent.shape()[cotangent.ndim() - 1]);
    let tall = reshape(a, &[a.size() / k.max(1), k])?;
    let rows = reshape(cotangent, &[cotangent.size() / n.max(1), n])?;
    reshape(&product(&adjoint(&tall)?, &rows)?, b.shape())
}

impl Primitive for Matmul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (a, b) = (&inputs[0], &inputs[1]);
        let (left, right) = (a.shape(), b.shape());
        let (Some((batch_a, &[m, k])), Some((batch_b, &[inner, n]))) =
            (left.split_last_chunk::<2>(), right.split_last_chunk::<2>())
        else {
            return Err(Error::value(self.name(), format!("needs matrices, got {} and {}", tuple(left), tuple(right))));
        };
        if k != inner {
            let message = format!(
                "inner dimensions differ: {} @ {}; the last axis of the first must equal the second-to-last of the second",
                tuple(left),
                tuple(right)
            );
            return Err(Error::value(self.name(), message));
        }
        if a.dtype() != b.dtype() {
            return Err(Error::DType { op: self.name(), dtype: b.dtype(), expected: "operands of one type" });
        }
        let mut shape = layout::broadcast(batch_a, batch_b).ok_or_else(|| Error::Broadcast {
            op: self.name(),
            left: left.into(),
            right: right.into(),
        })?;
        shape.extend_from_slice(&[m, n]);
        Ok(vec![Spec { shape, dtype: a.dtype() }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (a, b) = (&site.inputs[0], &site.inputs[1]);
        let left = tangents[0].as_ref().map(|tangent| product(tangent, b)).transpose()?;
        let right = tangents[1].as_ref().map(|tangent| product(a, tangent)).transpose()?;
        Ok(vec![match (left, right) {
            (Some(left), Some(right)) => Some(add(&left, &right)?),
            (left, right) => left.or(right),
        }])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None, None]) };
        let (a, b) = (&site.inputs[0], &site.inputs[1]);
        let left = if site.wanted[0] { Some(pull_left(a, b, cotangent)?) } else { None };
        let right = if site.wanted[1] { Some(pull_right(a, b, cotangent)?) } else { None };
        Ok(vec![left, right])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        elementwise::vmap(*self, inputs)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let shape = &specs[0].shape;
        let mut out = Output::new(specs[0].dtype, shape)?;
        let (a, b) = (widen(&inputs[0], shape), widen(&inputs[1], shape));
        let Some(plan) = fold(&a, &b, shape)? else {
            with_dtype!(specs[0].dtype, T => multiply::<T>(&a, &b, &mut out))?;
            return Ok(vec![out.finish()]);
        };
        with_dtype!(specs[0].dtype, T => multiply::<T>(&plan[0], &plan[1], &mut out))?;
        Ok(vec![out.finish()])
    }
}

/// The matrices repeated to the batch axes of the result. A view.
fn widen(tensor: &Tensor, result: &[usize]) -> Tensor {
    let rank = tensor.shape().len();
    let target: Shape = result[..result.len() - 2].iter().chain(&tensor.shape()[rank - 2..]).copied().collect();
    tensor.broadcast_to(&target)
}

/// A batch of products with one factor in common as one large product with the same elements in the result.
fn fold(a: &Tensor, b: &Tensor, result: &[usize]) -> Result<Option<[Tensor; 2]>> {
    let lead = result.len() - 2;
    let batch = layout::len(&result[..lead]);
    if batch <= 1 || layout::len(result) == 0 {
        return Ok(None);
    }
    let shared = |tensor: &Tensor| (0..lead).all(|axis| tensor.strides()[axis] == 0 || result[axis] == 1);
    let (k, m, n) = (a.shape()[lead + 1], result[lead], result[lead + 1]);
    let single = |tensor: &Tensor| {
        tensor.with_layout(tensor.shape()[lead..].into(), tensor.strides()[lead..].into(), tensor.offset())
    };
    if shared(b) {
        let rows = [batch * m, k];
        let in_place = layout::reshape_strides(a.shape(), a.strides(), &rows).is_some();
        return Ok(if in_place || m <= FEW_ROWS { Some([a.reshape(&rows)?, single(b)]) } else { None });
    }
    if shared(a) && n == 1 {
        // Columns that lie one after another are the rows of the transposed product.
        return Ok(Some([b.reshape(&[batch, k])?, single(a).permute(&[1, 0])]));
    }
    Ok(None)
}

/// Products of all pairs of matrices, in order.
fn multiply<T: Element>(a: &Tensor, b: &Tensor, out: &mut Output) -> Result<()> {
    let rank = a.shape().len();
    let size = Size { m: a.shape()[rank - 2], n: b.shape()[rank - 1], k: a.shape()[rank - 1] };
    let (left, right) = (offsets(a), offsets(b));
    let result = batched_matmul::<T>(
        size,
        Batch { mat: matrix(a), offsets: &left },
        Batch { mat: matrix(b), offsets: &right },
        out.slice_mut::<T>(),
        1.0,
        0.0,
    );
    result.map_err(|error| from_gemm(&error))
}

/// The error of a kernel.
pub(super) fn from_gemm(error: &GemmError) -> Error {
    match error {
        GemmError::Alloc(error) => (*error).into(),
        GemmError::Bounds { .. } | GemmError::Output { .. } | GemmError::Batch { .. } => {
            Error::Runtime { op: "matmul", message: error.to_string() }
        }
    }
}

/// The memory of a batch of matrices, with the strides within each.
pub(super) fn matrix<T: Element>(tensor: &Tensor) -> MatRef<'_, T> {
    let (data, _) = tensor.span::<T>().expect("the element type was dispatched on");
    let rank = tensor.shape().len();
    MatRef { data, offset: 0, row_stride: tensor.strides()[rank - 2], col_stride: tensor.strides()[rank - 1] }
}

/// Where each matrix of a batch begins in that memory.
pub(super) fn offsets(tensor: &Tensor) -> Vec<usize> {
    let lead = tensor.shape().len() - 2;
    let (shape, strides) = (&tensor.shape()[..lead], &tensor.strides()[..lead]);
    if tensor.is_empty() {
        return vec![0; layout::len(shape)];
    }
    // How far elements reach below the first.
    let reach = tensor.shape().iter().zip(tensor.strides()).map(|(&size, &stride)| (size as isize - 1) * stride);
    let first: isize = -reach.filter(|&reach| reach < 0).sum::<isize>();
    (0..layout::len(shape)).map(|index| (first + layout::offset_of(index, shape, strides)) as usize).collect()
}
