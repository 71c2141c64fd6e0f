//! Sums of products of matrices that indices choose out of stacks.

use cotan_kernels::gemm::{Batch, MatRef, Size, batched_matmul, matmul as product_into};
use cotan_kernels::{DType, Element, KernelError, Output, Tensor, layout, with_dtype};
use smallvec::smallvec;

use super::along;
use super::matmul::{adjoint, from_gemm, matrix, offsets};
use super::{Batched, Op, Primitive, Site, Tangents, add, astype, expect_indices, matmul, reshape};
use super::{same_dtype, same_shape};
use crate::array::{Array, Inputs, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// `out[o[t]] += x[i[t]] @ y[j[t]]` for all `t`, over stacks of matrices, from zero.
///
/// The inputs are `x`, `y`, `i`, `j` and `o`, each with one more axis in front, over independent problems. Both
/// derivatives are of the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct IndexedMatmul {
    /// How many matrices a result has.
    pub count: usize,
}

/// Sums over at least so many elements are worth a product each; shorter ones are put together first.
const LONG: usize = 32;
/// How many products in a row must share their right factor to be worth a call of their own.
const SHARED: usize = 4;

/// Products of matrices chosen from the batch axes of `a` and `b`, numbered in row-major order.
///
/// The indices broadcast together; the result has their shape followed by that of a product. Without indices the
/// matrices of an operand are taken in order, with the shape of its batch axes. An operand with one axis is a row on the
/// left, a column on the right. Products in a row that share their right factor are computed together.
///
/// # Errors
/// When an operand has no axes, the inner sizes differ, indices are not integers or don't broadcast. An index out of
/// range is an error when the result is evaluated.
///
/// ```
/// use cotan::{Array, ops};
/// let tokens = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3, 1, 1])?;
/// let experts = Array::from_slice(&[10.0f32, 20.0], &[2, 1, 1])?;
/// let choice = Array::from_slice(&[1u32, 0, 1], &[3])?;
/// let y = ops::gather_mm(&tokens, &experts, None, Some(&choice))?;
/// assert_eq!(y.to_vec::<f32>()?, [20.0, 20.0, 60.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn gather_mm(a: &Array, b: &Array, lhs: Option<&Array>, rhs: Option<&Array>) -> Result<Array> {
    const OP: &str = "gather_mm";
    if a.ndim() == 0 || b.ndim() == 0 {
        let (left, right) = (tuple(a.shape()), tuple(b.shape()));
        return Err(Error::value(OP, format!("needs arrays with axes, got shapes {left} and {right}")));
    }
    if lhs.is_none() && rhs.is_none() {
        return matmul(a, b);
    }
    let (a, b) = same_dtype(a, b)?;
    let (row, column) = (a.ndim() == 1, b.ndim() == 1);
    let left = if row { reshape(&a, &[1, a.size()])? } else { a };
    let right = if column { reshape(&b, &[b.size(), 1])? } else { b };
    let (i, j) = (index_or_all(lhs, &left)?, index_or_all(rhs, &right)?);
    expect_indices(OP, &[i.clone(), j.clone()])?;
    let indices = same_shape(OP, &[i, j])?;
    let count = indices[0].size();
    let flat = |index: &Array| reshape(&astype(index, DType::I64)?, &[1, count]);
    let stacks = [stack(&left)?, stack(&right)?];
    let product =
        IndexedMatmul { count }.of(&stacks[0], &stacks[1], [&flat(&indices[0])?, &flat(&indices[1])?, &all(count)?])?;
    let mut shape = Shape::from_slice(indices[0].shape());
    shape.extend((!row).then(|| product.shape()[2]));
    shape.extend((!column).then(|| product.shape()[3]));
    reshape(&product, &shape)
}

/// The numbers of all matrices, or of those chosen.
pub(super) fn index_or_all(index: Option<&Array>, matrices: &Array) -> Result<Array> {
    let batch = &matrices.shape()[..matrices.ndim() - 2];
    match index {
        Some(index) => Ok(index.clone()),
        None => reshape(&along(layout::len(batch), 0, 1)?, batch),
    }
}

/// One stack of all matrices.
pub(super) fn stack(matrices: &Array) -> Result<Array> {
    let (batch, matrix) = matrices.shape().split_at(matrices.ndim() - 2);
    reshape(matrices, &[&[1, layout::len(batch)], matrix].concat())
}

/// All places in order.
fn all(count: usize) -> Result<Array> {
    reshape(&astype(&along(count, 0, 1)?, DType::I64)?, &[1, count])
}

impl IndexedMatmul {
    pub(super) fn of(self, x: &Array, y: &Array, [i, j, o]: [&Array; 3]) -> Result<Array> {
        let (x, y) = same_dtype(x, y)?;
        Array::apply(self, smallvec![x, y, i.clone(), j.clone(), o.clone()])
    }
}

impl Primitive for IndexedMatmul {
    fn name(&self) -> &'static str {
        "gather_mm"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let [x, y, indices @ ..] = inputs else { return Err(Error::value(self.name(), "needs five operands")) };
        expect_indices(self.name(), indices)?;
        let (&[problems, _, m, k], &[others, _, inner, n]) = (x.shape(), y.shape()) else {
            let (x, y) = (tuple(x.shape()), tuple(y.shape()));
            return Err(Error::value(self.name(), format!("needs stacks of matrices, got {x} and {y}")));
        };
        if k != inner {
            let message = format!("inner dimensions differ: {m} x {k} @ {inner} x {n}");
            return Err(Error::value(self.name(), message));
        }
        let aligned =
            |index: &Array| index.ndim() == 2 && index.shape()[0] == problems && index.shape() == indices[0].shape();
        if others != problems || x.dtype() != y.dtype() || !indices.iter().all(aligned) {
            return Err(Error::value(self.name(), "operands differ in type or in how many problems they state"));
        }
        Ok(vec![Spec::new(&[problems, self.count, m, n], x.dtype())])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let [x, y, i, j, o] = [0, 1, 2, 3, 4].map(|at| &site.inputs[at]);
        let left = tangents[0].as_ref().map(|tangent| self.of(tangent, y, [i, j, o])).transpose()?;
        let right = tangents[1].as_ref().map(|tangent| self.of(x, tangent, [i, j, o])).transpose()?;
        Ok(vec![match (left, right) {
            (Some(left), Some(right)) => Some(add(&left, &right)?),
            (left, right) => left.or(right),
        }])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let mut result = vec![None; 5];
        let Some(cotangent) = &cotangents[0] else { return Ok(result) };
        let [x, y, i, j, o] = [0, 1, 2, 3, 4].map(|at| &site.inputs[at]);
        if site.wanted[0] {
            let back = IndexedMatmul { count: x.shape()[1] };
            result[0] = Some(back.of(cotangent, &adjoint(y)?, [o, j, i])?);
        }
        if site.wanted[1] {
            let back = IndexedMatmul { count: y.shape()[1] };
            result[1] = Some(back.of(&adjoint(x)?, cotangent, [i, o, j])?);
        }
        Ok(result)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        map_problems(*self, inputs, examples)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut out = Output::new(specs[0].dtype, &specs[0].shape)?;
        with_dtype!(specs[0].dtype, T => self.compute::<T>(inputs, &mut out))?;
        Ok(vec![out.finish()])
    }
}

/// The vmap rule of operations on problems along axis 0 that have nothing to do with each other: examples are more of them.
pub(super) fn map_problems(op: impl Into<Op>, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
    let problems = inputs[0].example_shape()[0];
    let join = |input: &Batched| {
        let shape = [&[examples * problems], &input.example_shape()[1..]].concat();
        reshape(&input.expand(examples)?, &shape)
    };
    let joined = Array::apply(op, inputs.iter().map(join).collect::<Result<Inputs>>()?)?;
    let shape = [&[examples, problems], &joined.shape()[1..]].concat();
    Ok(vec![Batched::mapped(reshape(&joined, &shape)?)])
}

/// The `index`-th part along axis 0. A view.
pub(super) fn part(tensor: &Tensor, index: usize) -> Tensor {
    let start = tensor.offset() as isize + index as isize * tensor.strides()[0];
    tensor.with_layout(tensor.shape()[1..].into(), tensor.strides()[1..].into(), start as usize)
}

/// Indices into a stack of `size` matrices, counted from its beginning.
pub(super) fn places(op: &'static str, index: &Tensor, size: usize) -> Result<Vec<usize>> {
    let place = |index: i64| {
        let place = if index < 0 { index.saturating_add_unsigned(size as u64) } else { index };
        let found = usize::try_from(place).ok().filter(|&place| place < size);
        found.ok_or(Error::from_kernel(op, KernelError::Index { index, size, axis: 0 }))
    };
    index.to_vec::<i64>().into_iter().map(place).collect()
}

/// A stack of matrices and where each begins.
struct Stack<'a, T> {
    matrix: MatRef<'a, T>,
    offsets: Vec<usize>,
}

impl<'a, T: Element> Stack<'a, T> {
    fn new(tensor: &'a Tensor) -> Stack<'a, T> {
        Stack { matrix: matrix(tensor), offsets: offsets(tensor) }
    }

    fn at(&self, place: usize) -> MatRef<'a, T> {
        MatRef { offset: self.offsets[place], ..self.matrix }
    }
}

impl IndexedMatmul {
    fn compute<T: Element>(self, inputs: &[Tensor], out: &mut Output) -> Result<()> {
        let problems = inputs[0].shape()[0];
        let whole = out.slice_mut::<T>();
        for problem in 0..problems {
            let parts: Vec<Tensor> = inputs.iter().map(|input| part(input, problem)).collect();
            let (x, y) = (&parts[0], &parts[1]);
            let size = Size { m: x.shape()[1], n: y.shape()[2], k: x.shape()[2] };
            let [i, j] = [places(self.name(), &parts[2], x.shape()[0])?, places(self.name(), &parts[3], y.shape()[0])?];
            let o = places(self.name(), &parts[4], self.count)?;
            let len = self.count * size.m * size.n;
            let out = &mut whole[problem * len..][..len];
            let (x, y) = (Stack::<T>::new(x), Stack::<T>::new(y));
            if o.iter().copied().eq(0..self.count) {
                in_order(size, &x, &y, [&i, &j], out)?;
            } else {
                summed(size, &x, &y, [&i, &j, &o], out)?;
            }
        }
        Ok(())
    }
}

/// Every product at its own place.
fn in_order<T: Element>(size: Size, x: &Stack<T>, y: &Stack<T>, [i, j]: [&[usize]; 2], out: &mut [T]) -> Result<()> {
    let run = |range: std::ops::Range<usize>, out: &mut [T]| {
        let left: Vec<usize> = i[range.clone()].iter().map(|&place| x.offsets[place]).collect();
        let right: Vec<usize> = j[range].iter().map(|&place| y.offsets[place]).collect();
        let [left, right] = [(x.matrix, &left), (y.matrix, &right)].map(|(mat, offsets)| Batch { mat, offsets });
        batched_matmul::<T>(size, left, right, out, 1.0, 0.0).map_err(|error| from_gemm(&error))
    };
    // The kernel turns products in a row that share their right factor into one.
    let runs: Vec<usize> = j.chunk_by(|a, b| a == b).map(<[usize]>::len).collect();
    if runs.len() * SHARED > j.len() {
        return run(0..j.len(), out);
    }
    let (mut start, area) = (0, size.m * size.n);
    for len in runs {
        run(start..start + len, &mut out[start * area..(start + len) * area])?;
        start += len;
    }
    Ok(())
}

/// Sums of products at given places.
fn summed<T: Element>(size: Size, x: &Stack<T>, y: &Stack<T>, [i, j, o]: [&[usize]; 3], out: &mut [T]) -> Result<()> {
    let area = size.m * size.n;
    if area == 0 {
        return Ok(());
    }
    let mut order: Vec<usize> = (0..o.len()).collect();
    order.sort_by_key(|&t| o[t]);
    let mut untouched = vec![true; out.len() / area];
    for group in order.chunk_by(|&a, &b| o[a] == o[b]) {
        let place = o[group[0]];
        untouched[place] = false;
        let out = &mut out[place * area..][..area];
        if size.k < LONG && group.len() > 1 {
            put_together(size, x, y, group, [i, j], out)?;
            continue;
        }
        for (step, &t) in group.iter().enumerate() {
            let beta = if step == 0 { 0.0 } else { 1.0 };
            product_into(size, x.at(i[t]), y.at(j[t]), out, 1.0, beta).map_err(|error| from_gemm(&error))?;
        }
    }
    let zero = T::default();
    for (place, _) in untouched.iter().enumerate().filter(|(_, untouched)| **untouched) {
        out[place * area..][..area].fill(zero);
    }
    Ok(())
}

/// The sum of a group of products with short sums as one product with a long one.
fn put_together<T: Element>(
    size: Size,
    x: &Stack<T>,
    y: &Stack<T>,
    group: &[usize],
    [i, j]: [&[usize]; 2],
    out: &mut [T],
) -> Result<()> {
    let Size { m, n, k } = size;
    let at = |mat: &MatRef<T>, row: usize, column: usize| {
        let offset = row as isize * mat.row_stride + column as isize * mat.col_stride;
        mat.data[mat.offset.wrapping_add_signed(offset)]
    };
    let long = group.len() * k;
    let (mut left, mut right) = (Vec::with_capacity(long * m), Vec::with_capacity(long * n));
    for &t in group {
        let (a, b) = (x.at(i[t]), y.at(j[t]));
        // Column after column of the left factor, row after row of the right one.
        left.extend(
            (0..k).flat_map(|column| (0..m).map(move |row| (row, column))).map(|(row, column)| at(&a, row, column)),
        );
        right.extend(
            (0..k).flat_map(|row| (0..n).map(move |column| (row, column))).map(|(row, column)| at(&b, row, column)),
        );
    }
    let left = MatRef { data: &left, offset: 0, row_stride: 1, col_stride: m as isize };
    let right = MatRef { data: &right, offset: 0, row_stride: n as isize, col_stride: 1 };
    product_into(Size { m, n, k: long }, left, right, out, 1.0, 0.0).map_err(|error| from_gemm(&error))
}
