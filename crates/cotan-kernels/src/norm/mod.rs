//! Norms of rows and their derivatives, a row at a time.

mod row;

use std::ops::Range;

use crate::arith::Number;
use crate::error::KernelError;
use crate::lanes::Scratch;
use crate::layout::{self, Shape};
use crate::memory::AllocError;
use crate::simd::{Float, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{DType, bf16, f16, pool};
use row::{Backward, Forward};

/// Rows whose gradients of the weights are summed one after another, at least.
const FEW_ROWS: usize = 32;
/// Most such sums for each weight.
const MOST_SUMS: usize = 64;

/// `x * scale`, or `(x - mean(x)) * scale` where it centres, with `scale = 1 / sqrt(mean(square) + eps)` of that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Takes off the mean first.
    pub centre: bool,
    /// What is added to the mean square.
    pub eps: f64,
    /// How many axes in front have weights of their own.
    pub lead: usize,
}

/// The gradients of a norm.
#[derive(Debug)]
pub struct NormGrads {
    /// For the rows.
    pub x: Tensor,
    /// For the weights, when they were asked for.
    pub weight: Option<Tensor>,
    /// For the biases, when they were asked for.
    pub bias: Option<Tensor>,
}

macro_rules! with_float {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            DType::F16 => {
                type $T = f16;
                $body
            }
            DType::Bf16 => {
                type $T = bf16;
                $body
            }
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
            other => panic!("{other} is no real floating type"),
        }
    };
}
pub(crate) use with_float;

/// The norm of every row (the last axis), times `weight`, plus `bias`. Halves are computed in single precision.
///
/// Weights and biases have the type of `x` and its shape over the `lead` axes and the last one.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the type is not floating or the shapes don't fit.
///
/// ```
/// use cotan_kernels::{Tensor, norm::{Norm, norm}};
/// let x = Tensor::from_slice(&[3.0f32, 3.0, 1.0, -1.0], &[2, 2])?;
/// let rms = Norm { centre: false, eps: 0.0, lead: 0 };
/// assert_eq!(norm(&x, None, None, rms)?.to_vec::<f32>(), [1.0, 1.0, 1.0, -1.0]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn norm(x: &Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>, norm: Norm) -> Result<Tensor, KernelError> {
    with_float!(x.dtype(), T => forward::<T>(x, weight, bias, norm))
}

/// The gradients of [`norm`] for a cotangent of its result; which of those for `[weight, bias]` are wanted is said.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the types or shapes differ.
pub fn norm_grad(
    x: &Tensor,
    weight: Option<&Tensor>,
    cotangent: &Tensor,
    norm: Norm,
    wanted: [bool; 2],
) -> Result<NormGrads, KernelError> {
    with_float!(x.dtype(), T => backward::<T>(x, weight, cotangent, norm, wanted))
}

/// A tensor by its rows, whatever the strides of the other axes.
struct Rows {
    tensor: Tensor,
    walk: Walk<1>,
    n: usize,
}

impl Rows {
    fn new(tensor: &Tensor) -> Result<Rows, AllocError> {
        let last = tensor.shape().len() - 1;
        let n = tensor.shape()[last];
        let tensor = if n <= 1 || tensor.strides()[last] == 1 { tensor.clone() } else { tensor.to_row_major()? };
        let walk = Walk::new(&tensor.shape()[..last], [&tensor.strides()[..last]]);
        Ok(Rows { tensor, walk, n })
    }

    /// Gives each row with its number.
    fn row<T: Number>(&self, index: usize) -> &[T] {
        let (span, base) = self.tensor.span::<T>().expect("the type was dispatched on");
        let offset = layout::offset_of(index, &self.walk.shape, &self.walk.strides[0]);
        &span[base.wrapping_add_signed(offset)..][..self.n]
    }
}

/// A row of factors for each example, widened.
fn widened<T: Number>(rows: Option<&Tensor>) -> Result<Option<Scratch<T::Wide>>, AllocError>
where
    T::Wide: Float,
{
    let Some(rows) = rows else { return Ok(None) };
    let rows = rows.to_row_major()?;
    let values = rows.as_slice::<T>().expect("the weights have the type of the rows");
    let mut wide = Scratch::<T::Wide>::new(values.len())?;
    wide.iter_mut().zip(values).for_each(|(wide, value)| *wide = value.widen());
    Ok(Some(wide))
}

/// The examples that have weights of their own, the rows of each, and the size of a row.
fn sizes(shape: &[usize], lead: usize) -> [usize; 3] {
    let last = shape.len() - 1;
    [layout::len(&shape[..lead]), layout::len(&shape[lead..last]), shape[last]]
}

fn forward<T: Number<Wide: Float>>(
    x: &Tensor,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    norm: Norm,
) -> Result<Tensor, KernelError> {
    let mut out = Output::new(T::DTYPE, x.shape())?;
    if x.is_empty() {
        return Ok(out.finish());
    }
    let [examples, rows, n] = sizes(x.shape(), norm.lead);
    let (weight, bias) = (widened::<T>(weight)?, widened::<T>(bias)?);
    let x = Rows::new(x)?;
    let to = Shared(out.slice_mut::<T>().as_mut_ptr());
    pool::parallel_chunks(examples * rows, 1, 0.4 * n as f32 + 10.0, &|range| {
        // SAFETY: the output has `n` elements for each row, and tasks take different rows.
        let out = unsafe { std::slice::from_raw_parts_mut(to.get().add(range.start * n), range.len() * n) };
        dispatch(Forward::<T> { x: &x, weight: weight.as_deref(), bias: bias.as_deref(), norm, rows, range, out });
    });
    Ok(out.finish())
}

/// How the rows of an example are cut for the sums over them; it follows from their number alone.
fn cut(rows: usize) -> usize {
    rows.div_ceil(MOST_SUMS).max(FEW_ROWS)
}

fn backward<T: Number<Wide: Float>>(
    x: &Tensor,
    weight: Option<&Tensor>,
    cotangent: &Tensor,
    norm: Norm,
    wanted: [bool; 2],
) -> Result<NormGrads, KernelError> {
    let mut out = Output::new(T::DTYPE, x.shape())?;
    let [examples, rows, n] = sizes(x.shape(), norm.lead);
    let factors: Shape = x.shape()[..norm.lead].iter().copied().chain([n]).collect();
    let weight = widened::<T>(weight)?;
    let size = cut(rows);
    let (blocks, summed) = (rows.div_ceil(size), wanted.contains(&true));
    let mut sums = Scratch::<T::Wide>::new(if summed { examples * blocks * 2 * n } else { 0 })?;
    let failure = crate::error::Failure::default();
    if !x.is_empty() {
        let (x, cotangent) = (Rows::new(x)?, Rows::new(cotangent)?);
        let (to, sums) = (Shared(out.slice_mut::<T>().as_mut_ptr()), Shared(sums.as_mut_ptr()));
        let block = |block: usize| -> Result<(), AllocError> {
            let start = block / blocks * rows + block % blocks * size;
            let range: Range<usize> = start..(start + size).min((block / blocks + 1) * rows);
            // SAFETY: the output has `n` elements for each row, the sums `2 n` for each block; tasks take different blocks.
            let (out, sums) = unsafe {
                (
                    std::slice::from_raw_parts_mut(to.get().add(range.start * n), range.len() * n),
                    summed.then(|| std::slice::from_raw_parts_mut(sums.get().add(block * 2 * n), 2 * n)),
                )
            };
            let weight = weight.as_deref().map(|weight| &weight[block / blocks * n..][..n]);
            let scratch = Scratch::new(4 * n)?;
            dispatch(Backward::<T> { x: &x, cotangent: &cotangent, weight, norm, range, out, sums, scratch });
            Ok(())
        };
        pool::parallel_for(examples * blocks, (examples * rows * (n + 10)) as u64, &|index| {
            if let Err(error) = block(index) {
                failure.set(index, error);
            }
        });
    }
    failure.into_result()?;
    let total = |part: usize| -> Result<Option<Tensor>, KernelError> {
        if !wanted[part] {
            return Ok(None);
        }
        let mut out = Output::new(T::DTYPE, &factors)?;
        for (index, total) in out.slice_mut::<T>().iter_mut().enumerate() {
            let of_block = |block: usize| sums[((index / n * blocks + block) * 2 + part) * n + index % n].to_f64();
            // The sum of nothing is a zero without a sign, which that of an empty iterator is not.
            *total = T::narrow(T::Wide::from_f64((0..blocks).map(of_block).fold(0.0, |sum, block| sum + block)));
        }
        Ok(Some(out.finish()))
    };
    let (weight, bias) = (total(0)?, total(1)?);
    Ok(NormGrads { x: out.finish(), weight, bias })
}
