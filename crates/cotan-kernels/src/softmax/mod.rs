//! Softmax and the logarithm of a sum of exponentials over any set of axes.

mod column;
mod row;

use smallvec::SmallVec;

use crate::arith::Number;
use crate::error::KernelError;
use crate::lanes::{Scratch, map_lanes};
use crate::layout::Shape;
use crate::simd::{Float, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{Complex32, DType, bf16, f16, layout, pool};
use row::{Exponentials, LogTotal, Scale, Sum, SumAll, exponentials_complex, log_total_complex};

/// Elements of a long row that one task takes.
const PIECE: usize = 32 * 1024;

/// `exp(x) / sum(exp(x))` over `axes`, computed from the differences to the largest element; halves in single precision.
///
/// A row of negative infinities gives NaN. Of complex numbers the largest real part is taken.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the type is not floating point or an axis does not exist.
///
/// ```
/// use cotan_kernels::{Tensor, softmax::softmax};
/// let tensor = Tensor::from_slice(&[0.0f32, 0.0, 1000.0, 1000.0], &[2, 2])?;
/// assert_eq!(softmax(&tensor, &[1])?.to_vec::<f32>(), [0.5; 4]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn softmax(tensor: &Tensor, axes: &[usize]) -> Result<Tensor, KernelError> {
    let rows = Rows::new(tensor, axes)?;
    let mut out = Output::new(tensor.dtype(), rows.tensor.shape())?;
    match tensor.dtype() {
        DType::F16 => softmax_rows::<f16>(&rows, &mut out),
        DType::Bf16 => softmax_rows::<bf16>(&rows, &mut out),
        DType::F32 => softmax_rows::<f32>(&rows, &mut out),
        DType::F64 => softmax_rows::<f64>(&rows, &mut out),
        DType::C64 => {
            let lane = |(): &mut (), values: &[Complex32], out: &mut [Complex32]| exponentials_complex(values, out);
            map_lanes(&rows.tensor, rows.axis, &mut out, 30.0, || Ok(()), lane)
        }
        other @ (DType::Bool
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64
        | DType::I8
        | DType::I16
        | DType::I32
        | DType::I64) => panic!("softmax of {other}"),
    }?;
    rows.restore(&out.finish())
}

/// `log(sum(exp(x)))` over `axes`, which keep size one, computed from the differences to the largest element.
///
/// Rows of negative infinities give negative infinity, as do rows without elements; one positive infinity gives
/// positive infinity.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the type is not floating point or an axis does not exist.
pub fn logsumexp(tensor: &Tensor, axes: &[usize]) -> Result<Tensor, KernelError> {
    let rows = Rows::new(tensor, axes)?;
    let mut shape = Shape::from_slice(rows.tensor.shape());
    shape[rows.axis] = 1;
    let mut out = Output::new(tensor.dtype(), &shape)?;
    match tensor.dtype() {
        DType::F16 => log_rows::<f16>(&rows, &mut out),
        DType::Bf16 => log_rows::<bf16>(&rows, &mut out),
        DType::F32 => log_rows::<f32>(&rows, &mut out),
        DType::F64 => log_rows::<f64>(&rows, &mut out),
        DType::C64 => {
            let lane = |(): &mut (), values: &[Complex32], out: &mut [Complex32]| out[0] = log_total_complex(values);
            map_lanes(&rows.tensor, rows.axis, &mut out, 30.0, || Ok(()), lane)
        }
        other @ (DType::Bool
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64
        | DType::I8
        | DType::I16
        | DType::I32
        | DType::I64) => panic!("logsumexp of {other}"),
    }?;
    let kept: Shape =
        tensor.shape().iter().enumerate().map(|(axis, &size)| if axes.contains(&axis) { 1 } else { size }).collect();
    // Rows keep the other axes in order, so only the shape differs.
    Ok(out.finish().reshape(&kept)?)
}

/// A tensor whose rows lie along one axis.
struct Rows {
    tensor: Tensor,
    axis: usize,
    back: Back,
}

/// How a result of the rows' shape gets the shape of the original tensor.
enum Back {
    Reshape(Shape),
    /// The shape with the rows' axes last, and where each axis went.
    Permute(Shape, SmallVec<[usize; 6]>),
}

impl Rows {
    fn new(tensor: &Tensor, axes: &[usize]) -> Result<Rows, KernelError> {
        let shape = tensor.shape();
        let wide: SmallVec<[usize; 6]> = axes.iter().copied().filter(|&axis| shape[axis] != 1).collect();
        let (first, end) = (wide.first().copied().unwrap_or(0), wide.last().map_or(0, |axis| axis + 1));
        if (first..end).all(|axis| shape[axis] == 1 || wide.contains(&axis)) {
            let sizes = [layout::len(&shape[..first]), layout::len(&shape[first..end]), layout::len(&shape[end..])];
            return Ok(Rows { tensor: tensor.reshape(&sizes)?, axis: 1, back: Back::Reshape(shape.into()) });
        }
        let order: SmallVec<[usize; 6]> =
            (0..shape.len()).filter(|axis| !wide.contains(axis)).chain(wide.iter().copied()).collect();
        let permuted = tensor.permute(&order);
        let (outer, inner) = permuted.shape().split_at(order.len() - wide.len());
        let rows = permuted.reshape(&[layout::len(outer), layout::len(inner)])?;
        let mut inverse: SmallVec<[usize; 6]> = SmallVec::from_elem(0, order.len());
        for (place, &axis) in order.iter().enumerate() {
            inverse[axis] = place;
        }
        Ok(Rows { tensor: rows, axis: 1, back: Back::Permute(permuted.shape().into(), inverse) })
    }

    fn restore(&self, result: &Tensor) -> Result<Tensor, KernelError> {
        match &self.back {
            Back::Reshape(shape) => Ok(result.reshape(shape)?),
            Back::Permute(shape, inverse) => Ok(result.reshape(shape)?.permute(inverse).to_row_major()?),
        }
    }

    /// The tensor in order and its sizes before, along and after the rows' axis, when rows lie side by side.
    fn abreast(&self) -> Result<Option<(Tensor, [usize; 3])>, KernelError> {
        let shape = self.tensor.shape();
        let sizes = [layout::len(&shape[..self.axis]), shape[self.axis], layout::len(&shape[self.axis + 1..])];
        Ok(if sizes[2] > 1 { Some((self.tensor.to_row_major()?, sizes)) } else { None })
    }

    /// The tensor in order when its rows are so long that each is worth several threads.
    fn long(&self) -> Result<Option<Tensor>, KernelError> {
        let n = self.tensor.shape()[self.axis];
        Ok(if n >= 4 * PIECE { Some(self.tensor.to_row_major()?) } else { None })
    }
}

fn softmax_rows<T: Number<Wide: Float>>(rows: &Rows, out: &mut Output) -> Result<(), KernelError> {
    let n = rows.tensor.shape()[rows.axis];
    if rows.tensor.is_empty() {
        return Ok(());
    }
    if let Some((tensor, sizes)) = rows.abreast()? {
        return column::softmax(tensor.as_slice::<T>().expect("in order"), out.slice_mut(), sizes);
    }
    if let Some(tensor) = rows.long()? {
        let values = tensor.as_slice::<T>().expect("long rows lie in order");
        for (values, out) in values.chunks_exact(n).zip(out.slice_mut::<T>().chunks_exact_mut(n)) {
            let total = long_total(values);
            let out = Shared(out.as_mut_ptr());
            pool::parallel_chunks(n, 4096, 1.0, &|range| {
                // SAFETY: each task writes its own range of the row.
                let out = unsafe { std::slice::from_raw_parts_mut(out.get().add(range.start), range.len()) };
                dispatch(Scale { values: &values[range], out, total });
            });
        }
        return Ok(());
    }
    let init = || Scratch::<T::Wide>::new(n);
    map_lanes::<T, T, _>(&rows.tensor, rows.axis, out, 1.0, init, |scratch, values, out| {
        dispatch(Exponentials { values, scratch, out });
    })
}

fn log_rows<T: Number<Wide: Float>>(rows: &Rows, out: &mut Output) -> Result<(), KernelError> {
    if let Some((tensor, sizes)) = rows.abreast()? {
        return column::logsumexp(tensor.as_slice::<T>().expect("in order"), out.slice_mut(), sizes);
    }
    if let Some(tensor) = rows.long()? {
        let values = tensor.as_slice::<T>().expect("long rows lie in order");
        let n = tensor.shape()[rows.axis];
        for (values, out) in values.chunks_exact(n).zip(out.slice_mut::<T>()) {
            *out = T::narrow(dispatch(LogTotal(long_total(values))));
        }
        return Ok(());
    }
    map_lanes::<T, T, ()>(
        &rows.tensor,
        rows.axis,
        out,
        1.0,
        || Ok(()),
        |(), values, out| {
            out[0] = T::narrow(dispatch(LogTotal(dispatch(SumAll(values)))));
        },
    )
}

/// The sum of a long row, from pieces of a fixed size, so that it does not depend on the number of threads.
fn long_total<T: Number<Wide: Float>>(values: &[T]) -> Sum<T::Wide> {
    let pieces = values.len().div_ceil(PIECE);
    let mut sums = vec![Sum::EMPTY; pieces];
    let to = Shared(sums.as_mut_ptr());
    pool::parallel_for(pieces, values.len() as u64, &|i| {
        let sum = dispatch(SumAll(&values[i * PIECE..values.len().min((i + 1) * PIECE)]));
        // SAFETY: one sum per piece.
        unsafe { *to.get().add(i) = sum };
    });
    row::join(&sums)
}
