//! Matrix products over parts of the inner axis.

use cotan_kernels::gemm::{MatRef, Size, matmul as product_into};
use cotan_kernels::{DType, Element, KernelError, Output, Tensor, with_dtype};
use smallvec::smallvec;

use super::indexed_matmul::map_problems;
use super::matmul::{adjoint, from_gemm, matrix, offsets, product};
use super::{Batched, Primitive, Site, Tangents, add, along, astype, expect_indices, greater_equal, less};
use super::{expand_dims, logical_and, reshape, same_dtype, slice_axis, sum_axes, where_, zeros};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

const OP: &str = "segmented_mm";

/// `out[s] = a[:, from[s]..to[s]] @ b[from[s]..to[s], :]`; inputs `a`, `b` and the pairs, each with one axis in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct SegmentedMatmul;

/// Products over segments of the inner axis: for every pair `(from, to)` of `segments`, the columns of `a` times the rows
/// of `b` from `from` up to but not including `to`. The result has the axes of `segments` but the last, then those of a
/// product.
///
/// # Errors
/// When `a` or `b` is no matrix, their inner sizes differ, or `segments` are not pairs of integers. A segment that
/// leaves the inner axis, or ends before it starts, is an error when the result is evaluated.
///
/// ```
/// use cotan::{Array, DType, ops};
/// let (a, b) = (ops::ones(&[1, 5], DType::F32), ops::ones(&[5, 1], DType::F32));
/// let segments = Array::from_slice(&[0i32, 2, 2, 5], &[2, 2])?;
/// assert_eq!(ops::segmented_mm(&a, &b, &segments)?.to_vec::<f32>()?, [2.0, 3.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn segmented_mm(a: &Array, b: &Array, segments: &Array) -> Result<Array> {
    expect_indices(OP, std::slice::from_ref(segments))?;
    let Some((2, lead)) = segments.shape().split_last() else {
        return Err(Error::value(OP, format!("segments are pairs, got shape {}", tuple(segments.shape()))));
    };
    if a.ndim() != 2 || b.ndim() != 2 {
        let (left, right) = (tuple(a.shape()), tuple(b.shape()));
        return Err(Error::value(OP, format!("needs two matrices, got shapes {left} and {right}")));
    }
    let (a, b) = same_dtype(a, b)?;
    let pairs = reshape(&astype(segments, DType::I64)?, &[1, segments.size() / 2, 2])?;
    let product = Array::apply(SegmentedMatmul, smallvec![expand_dims(&a, &[0])?, expand_dims(&b, &[0])?, pairs])?;
    reshape(&product, &[lead, &product.shape()[2..]].concat())
}

/// Whether each place of the inner axis lies in each segment: shape (problems, segments, inner).
fn inside(pairs: &Array, inner: usize) -> Result<Array> {
    let places = astype(&along(inner, 2, 3)?, DType::I64)?;
    let [from, to] = [slice_axis(pairs, 2, 0, 1, 1)?, slice_axis(pairs, 2, 1, 1, 1)?];
    logical_and(&greater_equal(&places, &from)?, &less(&places, &to)?)
}

/// The cotangent of the left factor: products with the whole right factor, each kept in its segment.
fn pull_left(b: &Array, pairs: &Array, cotangent: &Array) -> Result<Array> {
    let wide = product(cotangent, &expand_dims(&adjoint(b)?, &[1])?)?;
    let mask = expand_dims(&inside(pairs, b.shape()[1])?, &[2])?;
    sum_axes(&where_(&mask, &wide, &zeros(&[], wide.dtype()))?, &[1])
}

impl Primitive for SegmentedMatmul {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (&[problems, m, k], &[others, inner, n]) = (inputs[0].shape(), inputs[1].shape()) else {
            return Err(Error::value(OP, "needs two matrices"));
        };
        let fits = others == problems && inputs[2].ndim() == 3 && inputs[2].shape()[0] == problems;
        if k != inner || !fits {
            let message = format!("inner dimensions differ: {m} x {k} @ {inner} x {n}");
            return Err(Error::value(OP, message));
        }
        Ok(vec![Spec::new(&[problems, inputs[2].shape()[1], m, n], inputs[0].dtype())])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let [a, b, pairs] = [0, 1, 2].map(|at| &site.inputs[at]);
        let of = |a: &Array, b: &Array| {
            let (a, b) = same_dtype(a, b)?;
            Array::apply(*self, smallvec![a, b, pairs.clone()])
        };
        let left = tangents[0].as_ref().map(|tangent| of(tangent, b)).transpose()?;
        let right = tangents[1].as_ref().map(|tangent| of(a, tangent)).transpose()?;
        Ok(vec![match (left, right) {
            (Some(left), Some(right)) => Some(add(&left, &right)?),
            (left, right) => left.or(right),
        }])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None, None, None]) };
        let [a, b, pairs] = [0, 1, 2].map(|at| &site.inputs[at]);
        let left = if site.wanted[0] { Some(pull_left(b, pairs, cotangent)?) } else { None };
        // The transposed product has the transposed factors in the other order.
        let right =
            if site.wanted[1] { Some(adjoint(&pull_left(&adjoint(a)?, pairs, &adjoint(cotangent)?)?)?) } else { None };
        Ok(vec![left, right, None])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        map_problems(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut out = Output::new(specs[0].dtype, &specs[0].shape)?;
        with_dtype!(specs[0].dtype, T => compute::<T>(inputs, &specs[0].shape, &mut out))?;
        Ok(vec![out.finish()])
    }
}

fn compute<T: Element>(inputs: &[Tensor], shape: &Shape, out: &mut Output) -> Result<()> {
    let (a, b, inner) = (matrix::<T>(&inputs[0]), matrix::<T>(&inputs[1]), inputs[0].shape()[2]);
    let (left, right) = (offsets(&inputs[0]), offsets(&inputs[1]));
    let (segments, m, n) = (shape[1], shape[2], shape[3]);
    let out = out.slice_mut::<T>();
    for (place, pair) in inputs[2].to_vec::<i64>().chunks_exact(2).enumerate() {
        let problem = place / segments;
        let (from, to) = segment(pair, inner)?;
        let size = Size { m, n, k: to - from };
        let shift = |offset: usize, stride: isize| offset.wrapping_add_signed(from as isize * stride);
        let a = MatRef { offset: if size.k == 0 { 0 } else { shift(left[problem], a.col_stride) }, ..a };
        let b = MatRef { offset: if size.k == 0 { 0 } else { shift(right[problem], b.row_stride) }, ..b };
        product_into::<T>(size, a, b, &mut out[place * m * n..][..m * n], 1.0, 0.0)
            .map_err(|error| from_gemm(&error))?;
    }
    Ok(())
}

fn segment(pair: &[i64], inner: usize) -> Result<(usize, usize)> {
    let bound = |index: i64| {
        let found = usize::try_from(index).ok().filter(|&bound| bound <= inner);
        found.ok_or(Error::from_kernel(OP, KernelError::Index { index, size: inner, axis: 0 }))
    };
    match (bound(pair[0])?, bound(pair[1])?) {
        (from, to) if from <= to => Ok((from, to)),
        (from, to) => {
            Err(Error::Runtime { op: OP, message: format!("the segment from {from} to {to} ends before it starts") })
        }
    }
}
