//! Parameters of operations that came from a file: what the functions that record them have checked already.

use cotan_kernels::DType;

use crate::array::Array;
use crate::control::check_stored;
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
        Op::Loop(_) | Op::While(_) | Op::Switch(_) => check_stored(op, inputs),
        Op::Cholesky(_) => square(op, &inputs[0]).map(|_| ()),
        Op::TriangularSolve(_) => equations(op, &inputs[0], &inputs[1]),
        Op::LuSolve(_) => {
            let [a, packed, order, b] = inputs else { return Err(Error::value(op.name(), "takes 4 inputs")) };
            let n = a.shape().last().copied().unwrap_or(0);
            let rows = &a.shape()[..a.ndim().saturating_sub(1)];
            let fits = packed.spec() == a.spec() && order.dtype() == DType::U32 && order.shape() == rows && n > 0;
            if fits { equations(op, a, b) } else { Err(Error::value(op.name(), "the factors don't fit the matrices")) }
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

/// The size of square matrices over a field.
fn square(op: &Op, a: &Array) -> Result<usize> {
    let field = matches!(a.dtype(), DType::F32 | DType::F64 | DType::C64);
    match a.shape() {
        [.., m, n] if m == n && field => Ok(*n),
        _ => Err(Error::value(op.name(), "needs square matrices of float32, float64 or complex64")),
    }
}

/// Matrices with as many right-hand sides as the batch has.
fn equations(op: &Op, a: &Array, b: &Array) -> Result<()> {
    let n = square(op, a)?;
    let rows = a.ndim() - 1;
    if b.ndim() == a.ndim()
        && b.dtype() == a.dtype()
        && b.shape()[..rows] == a.shape()[..rows]
        && n == b.shape()[rows - 1]
    {
        return Ok(());
    }
    Err(Error::value(op.name(), "the right-hand sides don't fit the matrices"))
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
        | Op::Count(_)
        | Op::Hadamard(_)
        | Op::PackBits(_)
        | Op::UnpackBits(_)
        | Op::Fourier(_)
        | Op::RealFourier(_)
        | Op::HalfFourier(_)
        | Op::Lu(_)
        | Op::Inverse(_)
        | Op::PseudoInverse(_)
        | Op::Cholesky(_)
        | Op::Qr(_)
        | Op::Svd(_)
        | Op::Eigh(_)
        | Op::Eig(_)
        | Op::Determinant(_)
        | Op::Cofactor(_) => Some(1),
        Op::Binary(_)
        | Op::SliceUpdate(_)
        | Op::DynamicSlice(_)
        | Op::Recurrence(_)
        | Op::GatherAxis(_)
        | Op::Matmul(_)
        | Op::SearchSorted(_)
        | Op::TriangularSolve(_)
        | Op::Convolve(_)
        | Op::Like(_) => Some(2),
        Op::Select(_) | Op::DynamicSliceUpdate(_) | Op::ScatterAxis(_) | Op::SegmentedMatmul(_) => Some(3),
        Op::Dequantize(values) => Some(values.format.parts()),
        Op::QuantizedMatmul(product) => Some(product.format.parts() + 1),
        Op::QuantizedGather(product) => Some(product.format.parts() + 3),
        Op::LuSolve(_) => Some(4),
        _ => None,
    }
}
