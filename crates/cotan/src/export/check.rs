//! Parameters of operations that came from a file: what the functions that record them have checked already.

use cotan_kernels::DType;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::ops::{Op, Primitive, expect_axes, expect_elements_fit};

/// Refuses what `infer` takes for granted.
pub(super) fn parameters(op: &Op, inputs: &[Array]) -> Result<()> {
    if let Some(arity) = arity(op)
        && inputs.len() != arity
    {
        return Err(Error::value(op.name(), format!("takes {arity} inputs, not {}", inputs.len())));
    }
    if inputs.is_empty() && !matches!(op, Op::Full(_) | Op::Arange(_)) {
        return Err(Error::value(op.name(), "needs inputs"));
    }
    let axes = |axes: &[usize]| {
        expect_axes(op.name(), axes, inputs[0].ndim())?;
        if axes.is_sorted() { Ok(()) } else { Err(Error::value(op.name(), "axes must ascend")) }
    };
    match op {
        Op::Binary(_) => one_type(op, inputs),
        Op::Select(_) if inputs[0].dtype() != DType::Bool => {
            Err(Error::DType { op: op.name(), dtype: inputs[0].dtype(), expected: "a condition" })
        }
        Op::Select(_) => one_type(op, &inputs[1..]),
        Op::Full(full) => expect_elements_fit(op.name(), &full.shape),
        Op::Arange(arange) if arange.start.dtype() != arange.step.dtype() => {
            Err(Error::value(op.name(), "start and step differ in type"))
        }
        Op::Reduce(reduce) => axes(&reduce.axes),
        Op::Softmax(softmax) => axes(&softmax.axes),
        Op::LogSumExp(total) => axes(&total.axes),
        Op::Count(count) => axes(&count.axes),
        Op::Scan(scan) => axes(&[scan.axis]),
        Op::Recurrence(recurrence) => axes(&[recurrence.axis]),
        Op::Sort(sort) => axes(&[sort.axis]),
        Op::ArgReduce(reduce) => axes(&[reduce.axis]),
        Op::ArgSort(sort) => {
            axes(&[sort.axis])?;
            match sort.kth {
                Some(kth) if kth >= inputs[0].shape()[sort.axis] => Err(Error::value(op.name(), "kth is out of range")),
                Some(_) | None => Ok(()),
            }
        }
        Op::Concatenate(join) => {
            axes(&[join.axis])?;
            one_type(op, inputs)
        }
        Op::Split(split) => {
            let total = split.sizes.iter().try_fold(0usize, |total, &size| total.checked_add(size));
            if total.is_none() { Err(Error::value(op.name(), "too many elements")) } else { axes(&[split.axis]) }
        }
        Op::Scatter(_) if inputs.len() < 2 => Err(Error::value(op.name(), "needs updates")),
        Op::DynamicSlice(slice) => {
            let whole = inputs[0].shape();
            let fits = slice.sizes.len() == whole.len() && slice.sizes.iter().zip(whole).all(|(size, n)| size <= n);
            start(op, inputs, &inputs[1], &slice.axes, fits)
        }
        Op::DynamicSliceUpdate(update) => {
            one_type(op, &inputs[..2])?;
            let (whole, part) = (inputs[0].shape(), inputs[1].shape());
            let fits = part.len() == whole.len() && part.iter().zip(whole).all(|(size, n)| size <= n);
            start(op, inputs, &inputs[2], &update.axes, fits)
        }
        _ => Ok(()),
    }
}

/// The start of a slice whose place is known late.
fn start(op: &Op, inputs: &[Array], start: &Array, axes: &[usize], fits: bool) -> Result<()> {
    expect_axes(op.name(), axes, inputs[0].ndim())?;
    let one_each = start.ndim() == 1 && start.size() == axes.len() && start.dtype().is_integer();
    if fits && one_each { Ok(()) } else { Err(Error::value(op.name(), "the slice doesn't fit the array")) }
}

fn one_type(op: &Op, inputs: &[Array]) -> Result<()> {
    match inputs.iter().find(|input| input.dtype() != inputs[0].dtype()) {
        Some(other) => Err(Error::DType { op: op.name(), dtype: other.dtype(), expected: "operands of one type" }),
        None => Ok(()),
    }
}

/// How many inputs an operation has, where that is fixed and `infer` doesn't look.
fn arity(op: &Op) -> Option<usize> {
    match op {
        Op::Full(_) | Op::Arange(_) => Some(0),
        Op::Unary(_)
        | Op::Cast(_)
        | Op::Alias(_)
        | Op::StopGradient(_)
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Broadcast(_)
        | Op::Slice(_)
        | Op::Split(_)
        | Op::View(_)
        | Op::AsStrided(_)
        | Op::Contiguous(_)
        | Op::EnoughRows(_)
        | Op::Reduce(_)
        | Op::Scan(_)
        | Op::ArgReduce(_)
        | Op::Softmax(_)
        | Op::LogSumExp(_)
        | Op::Sort(_)
        | Op::ArgSort(_)
        | Op::RandomBits(_)
        | Op::Regroup(_)
        | Op::Count(_) => Some(1),
        Op::Binary(_)
        | Op::SliceUpdate(_)
        | Op::DynamicSlice(_)
        | Op::Recurrence(_)
        | Op::GatherAxis(_)
        | Op::Matmul(_)
        | Op::SearchSorted(_)
        | Op::Like(_) => Some(2),
        Op::Select(_) | Op::DynamicSliceUpdate(_) | Op::ScatterAxis(_) => Some(3),
        _ => None,
    }
}
