//! Running totals along an axis.

use std::marker::PhantomData;

use num_complex::Complex32;

use crate::arith::{Arith, Number};
use crate::error::KernelError;
use crate::lanes::map_lanes;
use crate::simd::{ComplexMath, Float, Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{Bool, DType, bf16, f16, layout, pool, with_dtype};

/// What a scan accumulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ScanOp {
    /// Running sums.
    Sum,
    /// Running products.
    Prod,
    /// The largest value so far; NaN stays.
    Max,
    /// The smallest value so far; NaN stays.
    Min,
    /// The logarithm of the running sum of exponentials.
    LogSumExp,
}

/// Most columns that are scanned side by side: rows of a page keep memory streaming.
const WIDE: usize = 1024;
/// Elements of a long row that are scanned as one piece.
const PIECE: usize = 32 * 1024;

/// Accumulates along `axis`, from the end when `reverse`; the result has the tensor's shape and type.
///
/// With `inclusive` false each element gets the total of those before it, and the first the identity: 0, 1, the lowest
/// value, the highest value, negative infinity. Integers wrap; halves accumulate in single precision.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the axis does not exist, or for `LogSumExp` of a type that is not floating point.
///
/// ```
/// use cotan_kernels::{Tensor, scan::{ScanOp, scan}};
/// let tensor = Tensor::from_slice(&[1i32, 2, 3], &[3])?;
/// assert_eq!(scan(ScanOp::Sum, &tensor, 0, false, true)?.to_vec::<i32>(), [1, 3, 6]);
/// assert_eq!(scan(ScanOp::Sum, &tensor, 0, true, false)?.to_vec::<i32>(), [5, 3, 0]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn scan(op: ScanOp, tensor: &Tensor, axis: usize, reverse: bool, inclusive: bool) -> Result<Tensor, KernelError> {
    let mode = Mode { reverse, inclusive };
    match op {
        ScanOp::Sum => modular::<Add>(tensor, axis, mode),
        ScanOp::Prod => modular::<Mul>(tensor, axis, mode),
        ScanOp::Max => with_dtype!(tensor.dtype(), T => scan_as::<T, Larger>(tensor, axis, mode)),
        ScanOp::Min => with_dtype!(tensor.dtype(), T => scan_as::<T, Smaller>(tensor, axis, mode)),
        ScanOp::LogSumExp => match tensor.dtype() {
            DType::F16 => scan_as::<f16, LogAddExp>(tensor, axis, mode),
            DType::Bf16 => scan_as::<bf16, LogAddExp>(tensor, axis, mode),
            DType::F32 => scan_as::<f32, LogAddExp>(tensor, axis, mode),
            DType::F64 => scan_as::<f64, LogAddExp>(tensor, axis, mode),
            DType::C64 => scan_as::<Complex32, LogAddExp>(tensor, axis, mode),
            other @ (DType::Bool
            | DType::U8
            | DType::U16
            | DType::U32
            | DType::U64
            | DType::I8
            | DType::I16
            | DType::I32
            | DType::I64) => panic!("scan: LogSumExp of {other}"),
        },
    }
}

/// Sums and products wrap, so signed integers share the code of unsigned ones.
fn modular<J>(tensor: &Tensor, axis: usize, mode: Mode) -> Result<Tensor, KernelError>
where
    J: Join<Bool> + Join<u8> + Join<u16> + Join<u32> + Join<u64> + Join<f32> + Join<f64> + Join<Complex32>,
{
    let dtype = tensor.dtype();
    let unsigned = |same| Ok(scan_integer::<J>(&tensor.reinterpret(same), axis, mode)?.reinterpret(dtype));
    match dtype {
        DType::I8 => unsigned(DType::U8),
        DType::I16 => unsigned(DType::U16),
        DType::I32 => unsigned(DType::U32),
        DType::I64 => unsigned(DType::U64),
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => scan_integer::<J>(tensor, axis, mode),
        DType::Bool => scan_as::<Bool, J>(tensor, axis, mode),
        DType::F16 => scan_as::<f16, J>(tensor, axis, mode),
        DType::Bf16 => scan_as::<bf16, J>(tensor, axis, mode),
        DType::F32 => scan_as::<f32, J>(tensor, axis, mode),
        DType::F64 => scan_as::<f64, J>(tensor, axis, mode),
        DType::C64 => scan_as::<Complex32, J>(tensor, axis, mode),
    }
}

fn scan_integer<J>(tensor: &Tensor, axis: usize, mode: Mode) -> Result<Tensor, KernelError>
where
    J: Join<u8> + Join<u16> + Join<u32> + Join<u64>,
{
    match tensor.dtype().size() {
        1 => scan_as::<u8, J>(tensor, axis, mode),
        2 => scan_as::<u16, J>(tensor, axis, mode),
        4 => scan_as::<u32, J>(tensor, axis, mode),
        _ => scan_as::<u64, J>(tensor, axis, mode),
    }
}

#[derive(Clone, Copy)]
struct Mode {
    reverse: bool,
    inclusive: bool,
}

trait Join<W>: 'static {
    /// Whether totals of parts can be joined without harm: a product of some floats may overflow though no running
    /// product does.
    const SPLITS: bool;
    /// Whether the operation is also cheap enough to do more of it for less latency.
    const GROUPS: bool;
    const COST_NS: f32;
    fn empty() -> W;
    fn join<I: Isa>(a: W, b: W) -> W;
}

macro_rules! join {
    ($name:ident, $empty:ident, $method:ident, $splits:expr) => {
        struct $name;
        impl<W: Arith> Join<W> for $name {
            const SPLITS: bool = $splits;
            const GROUPS: bool = $splits;
            const COST_NS: f32 = 0.7;
            #[inline(always)]
            fn empty() -> W {
                W::$empty
            }
            #[inline(always)]
            fn join<I: Isa>(a: W, b: W) -> W {
                a.$method(b)
            }
        }
    };
}
join!(Add, ZERO, add, true);
join!(Mul, ONE, mul, W::EXACT);
join!(Larger, LOWEST, max, true);
join!(Smaller, HIGHEST, min, true);

struct LogAddExp;
macro_rules! logaddexp {
    ($($T:ty),*) => {
        $(impl Join<$T> for LogAddExp {
            const SPLITS: bool = true;
            const GROUPS: bool = false;
            const COST_NS: f32 = 15.0;
            #[inline(always)]
            fn empty() -> $T {
                <$T>::NEG_INFINITY
            }
            #[inline(always)]
            fn join<I: Isa>(a: $T, b: $T) -> $T {
                Float::logaddexp::<I>(a, b)
            }
        })*
    };
}
logaddexp!(f32, f64);

impl Join<Complex32> for LogAddExp {
    const SPLITS: bool = true;
    const GROUPS: bool = false;
    const COST_NS: f32 = 60.0;
    #[inline(always)]
    fn empty() -> Complex32 {
        Complex32::new(f32::NEG_INFINITY, 0.0)
    }
    #[inline(always)]
    fn join<I: Isa>(a: Complex32, b: Complex32) -> Complex32 {
        let (high, low) = if b.re > a.re { (b, a) } else { (a, b) };
        // An exponential of zero adds nothing; the difference of two infinities would be NaN.
        if low.re == f32::NEG_INFINITY {
            return high;
        }
        high + ComplexMath::log1p::<I>(ComplexMath::exp::<I>(low - high))
    }
}

fn scan_as<T: Number, J: Join<T::Wide>>(tensor: &Tensor, axis: usize, mode: Mode) -> Result<Tensor, KernelError> {
    let mut out = Output::new(tensor.dtype(), tensor.shape())?;
    let n = tensor.shape()[axis];
    if tensor.is_empty() {
        return Ok(out.finish());
    }
    let outer = layout::len(&tensor.shape()[..axis]);
    let inner = layout::len(&tensor.shape()[axis + 1..]);
    if inner > 1 {
        let source = tensor.to_row_major()?;
        let source = source.as_slice::<T>().expect("just made row-major");
        columns::<T, J>(source, out.slice_mut(), [outer, n, inner], mode);
    } else if n >= 2 * PIECE && J::SPLITS {
        let source = tensor.to_row_major()?;
        let source = source.as_slice::<T>().expect("just made row-major");
        for (values, out) in source.chunks_exact(n).zip(out.slice_mut::<T>().chunks_exact_mut(n)) {
            long_row::<T, J>(values, out, mode);
        }
    } else {
        map_lanes::<T, T, ()>(
            tensor,
            axis,
            &mut out,
            J::COST_NS,
            || Ok(()),
            |(), values, out| {
                dispatch(Row::<T, J> { values, out, carry: J::empty(), mode, join: PhantomData });
            },
        )?;
    }
    Ok(out.finish())
}

/// Totals of the pieces first, then each piece from the total of those before it. Pieces have a fixed size, so the result
/// does not depend on the number of threads.
fn long_row<T: Number, J: Join<T::Wide>>(values: &[T], out: &mut [T], mode: Mode) {
    let pieces = values.len().div_ceil(PIECE);
    let span = |i: usize| i * PIECE..values.len().min((i + 1) * PIECE);
    let mut totals = vec![J::empty(); pieces];
    let cost = (values.len() as f32 * J::COST_NS) as u64;
    let totals_at = Shared(totals.as_mut_ptr());
    pool::parallel_for(pieces, cost, &|i| {
        let total = dispatch(Total::<T, J>(&values[span(i)], PhantomData));
        // SAFETY: one total per piece.
        unsafe { *totals_at.get().add(i) = total };
    });
    let mut carry = J::empty();
    let mut advance = |total: &mut T::Wide| {
        let next = dispatch(JoinTwo::<T::Wide, J>(carry, *total, PhantomData));
        *total = std::mem::replace(&mut carry, next);
    };
    if mode.reverse {
        totals.iter_mut().rev().for_each(&mut advance);
    } else {
        totals.iter_mut().for_each(&mut advance);
    }
    let out_at = Shared(out.as_mut_ptr());
    pool::parallel_for(pieces, cost, &|i| {
        let span = span(i);
        // SAFETY: pieces of the output don't overlap.
        let out = unsafe { std::slice::from_raw_parts_mut(out_at.get().add(span.start), span.len()) };
        dispatch(Row::<T, J> { values: &values[span], out, carry: totals[i], mode, join: PhantomData });
    });
}

struct JoinTwo<W, J>(W, W, PhantomData<J>);

impl<W, J: Join<W>> Kernel for JoinTwo<W, J> {
    type Output = W;
    #[inline(always)]
    fn run<I: Isa>(self) -> W {
        J::join::<I>(self.0, self.1)
    }
}

struct Total<'a, T, J>(&'a [T], PhantomData<J>);

impl<T: Number, J: Join<T::Wide>> Kernel for Total<'_, T, J> {
    type Output = T::Wide;
    #[inline(always)]
    fn run<I: Isa>(self) -> T::Wide {
        let mut lanes = [J::empty(); 32];
        let (chunks, rest) = self.0.as_chunks::<32>();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane = J::join::<I>(*lane, value.widen());
            }
        }
        let total = lanes.into_iter().reduce(J::join::<I>).unwrap_or_else(J::empty);
        rest.iter().fold(total, |total, value| J::join::<I>(total, value.widen()))
    }
}

struct Row<'a, T: Number, J> {
    values: &'a [T],
    out: &'a mut [T],
    carry: T::Wide,
    mode: Mode,
    join: PhantomData<J>,
}

impl<T: Number, J: Join<T::Wide>> Kernel for Row<'_, T, J> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        if self.mode.reverse { self.walk::<I, true>() } else { self.walk::<I, false>() }
    }
}

impl<T: Number, J: Join<T::Wide>> Row<'_, T, J> {
    #[inline(always)]
    fn walk<I: Isa, const REVERSE: bool>(self) {
        let Row { values, out, mut carry, mode, .. } = self;
        let n = values.len();
        let mut done = 0;
        // Totals within a block of eight need no carry, so the carry waits for one operation per block and not for eight.
        while J::GROUPS && done + 8 <= n {
            let start = if REVERSE { n - done - 8 } else { done };
            let (values, out) = (&values[start..start + 8], &mut out[start..start + 8]);
            let mut v: [T::Wide; 8] = std::array::from_fn(|k| values[if REVERSE { 7 - k } else { k }].widen());
            for d in [1, 2, 4] {
                for k in (d..8).rev() {
                    v[k] = J::join::<I>(v[k - d], v[k]);
                }
            }
            for k in 0..8 {
                let inclusive = J::join::<I>(carry, v[k]);
                let exclusive = if k == 0 { carry } else { J::join::<I>(carry, v[k.max(1) - 1]) };
                out[if REVERSE { 7 - k } else { k }] = T::narrow(if mode.inclusive { inclusive } else { exclusive });
            }
            carry = J::join::<I>(carry, v[7]);
            done += 8;
        }
        for i in done..n {
            let i = if REVERSE { n - 1 - i } else { i };
            let total = J::join::<I>(carry, values[i].widen());
            out[i] = T::narrow(if mode.inclusive { total } else { carry });
            carry = total;
        }
    }
}

fn columns<T: Number, J: Join<T::Wide>>(source: &[T], out: &mut [T], [outer, n, inner]: [usize; 3], mode: Mode) {
    // Columns are independent, so threads may take any number of them.
    let wanted = if outer >= 4 * pool::threads() { inner } else { (inner / (2 * pool::threads())).max(64) };
    let strip = wanted.min(WIDE);
    let strips = inner.div_ceil(strip);
    let out = Shared(out.as_mut_ptr());
    let cost = (source.len() as f32 * (0.3 + 0.1 * J::COST_NS)) as u64;
    pool::parallel_for(outer * strips, cost, &|index| {
        let (group, start) = (index / strips, index % strips * strip);
        let first = group * n * inner + start;
        let width = strip.min(inner - start);
        dispatch(Columns::<T, J> {
            source: &source[first..],
            out,
            first,
            rows: n,
            inner,
            width,
            mode,
            join: PhantomData,
        });
    });
}

/// Scans down neighbouring columns of which `source` begins with the first.
struct Columns<'a, T: Number, J> {
    source: &'a [T],
    out: Shared<T>,
    first: usize,
    rows: usize,
    inner: usize,
    width: usize,
    mode: Mode,
    join: PhantomData<J>,
}

impl<T: Number, J: Join<T::Wide>> Kernel for Columns<'_, T, J> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut totals = [J::empty(); WIDE];
        for row in 0..self.rows {
            let at = if self.mode.reverse { self.rows - 1 - row } else { row } * self.inner;
            let values = &self.source[at..at + self.width];
            // SAFETY: the output has the source's size, and no other task writes these columns.
            let out = unsafe { std::slice::from_raw_parts_mut(self.out.get().add(self.first + at), self.width) };
            for ((total, out), &value) in totals.iter_mut().zip(out).zip(values) {
                let next = J::join::<I>(*total, value.widen());
                *out = T::narrow(if self.mode.inclusive { next } else { *total });
                *total = next;
            }
        }
    }
}
