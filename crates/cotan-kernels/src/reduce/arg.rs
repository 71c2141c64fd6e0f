//! Where along an axis the largest or smallest element lies.

use super::folder::join_halves;
use crate::arith::{Arith, Number};
use crate::copy::copy_run;
use crate::error::{Failure, KernelError};
use crate::memory::Block;
use crate::simd::{Isa, Kernel, dispatch, prefetch};
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{Element, layout, pool, with_dtype};

/// Elements searched at a time.
const BLOCK: usize = 2048;
/// Columns handled side by side.
const WIDE: usize = 1024;

/// The position of the first largest (or smallest) element along `axis`, as `u32`; the axis keeps size one.
///
/// The first NaN wins over everything. Complex numbers compare by real part, then by imaginary part.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the axis does not exist, is empty while the result is not, or has more elements than `u32` counts.
///
/// ```
/// use cotan_kernels::{Tensor, reduce::arg_reduce};
/// let tensor = Tensor::from_slice(&[1i32, 3, 3, 5, 0, 2], &[2, 3])?;
/// assert_eq!(arg_reduce(true, &tensor, 1)?.to_vec::<u32>(), [1, 0]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn arg_reduce(max: bool, tensor: &Tensor, axis: usize) -> Result<Tensor, KernelError> {
    let mut shape = layout::Shape::from_slice(tensor.shape());
    let n = std::mem::replace(&mut shape[axis], 1);
    let mut out = Output::new(crate::DType::U32, &shape)?;
    let total = layout::len(&shape);
    if total == 0 {
        return Ok(out.finish());
    }
    assert!(n > 0 && u32::try_from(n).is_ok(), "arg_reduce: axis {axis} has {n} elements");
    let stride = tensor.strides()[axis];
    let row_major = layout::row_major(&shape);
    let walk = Walk::new(&shape, [tensor.strides(), &row_major]);
    let job = Job { base: Shared(tensor.ptr()), out: Shared(out.ptr().cast()), n, stride, walk };
    with_dtype!(tensor.dtype(), T => if max { job.run::<T, Largest>(total) } else { job.run::<T, Smallest>(total) })?;
    Ok(out.finish())
}

trait Best: 'static {
    fn join<A: Arith>(a: A, b: A) -> A;
    fn replaces<A: Arith>(value: A, best: A) -> bool;
}

struct Largest;
impl Best for Largest {
    #[inline(always)]
    fn join<A: Arith>(a: A, b: A) -> A {
        a.max(b)
    }
    #[inline(always)]
    fn replaces<A: Arith>(value: A, best: A) -> bool {
        value.above(best)
    }
}

struct Smallest;
impl Best for Smallest {
    #[inline(always)]
    fn join<A: Arith>(a: A, b: A) -> A {
        a.min(b)
    }
    #[inline(always)]
    fn replaces<A: Arith>(value: A, best: A) -> bool {
        value.below(best)
    }
}

struct Job {
    base: Shared<u8>,
    out: Shared<u32>,
    n: usize,
    stride: isize,
    walk: Walk<2>,
}

impl Job {
    fn run<T: Number, B: Best>(&self, total: usize) -> Result<(), KernelError> {
        let failure = Failure::default();
        let [step, out_step] = self.walk.inner();
        let last = self.walk.shape[self.walk.shape.len() - 1];
        let abreast = step == 1 && out_step == 1 && last > 1 && self.stride != 1;
        pool::parallel_chunks(total, 1, self.n as f32 * 0.5, &|range| {
            let scratch = match Block::alloc(BLOCK * size_of::<T>()) {
                Ok(scratch) => scratch,
                Err(error) => return failure.set(range.start, error),
            };
            // SAFETY: the scratch block takes `BLOCK` elements and is this task's own.
            let scratch = unsafe { std::slice::from_raw_parts_mut(scratch.ptr().cast::<T>(), BLOCK) };
            self.walk.runs(range.start, range.len(), |[from, to], count| {
                // SAFETY: offsets of lanes within the tensor and of results within `out`, each visited once.
                unsafe {
                    let (from, to) = (self.base.get().cast::<T>().offset(from), self.out.get().offset(to));
                    if abreast {
                        for column in (0..count).step_by(WIDE) {
                            let width = WIDE.min(count - column);
                            let to = std::slice::from_raw_parts_mut(to.add(column), width);
                            dispatch(Columns::<T, B>(
                                from.add(column),
                                self.stride,
                                self.n,
                                to,
                                std::marker::PhantomData,
                            ));
                        }
                    } else {
                        for i in 0..count as isize {
                            *to.offset(i * out_step) = self.row::<T, B>(from.offset(i * step), scratch);
                        }
                    }
                }
            });
        });
        failure.into_result()
    }

    /// # Safety
    /// `n` elements, `stride` apart, can be read from `from`.
    unsafe fn row<T: Number, B: Best>(&self, from: *const T, scratch: &mut [T]) -> u32 {
        let mut best: Option<(T::Wide, usize)> = None;
        for start in (0..self.n).step_by(BLOCK) {
            // SAFETY: promised by the caller.
            let block = unsafe { self.block(from, start, scratch) };
            if self.stride == 1 {
                // Going back to the best block breaks the stream that the processor follows.
                prefetch(block.as_ptr_range().end.cast(), size_of_val(block));
            }
            let top = dispatch(Top::<T, B>(block, std::marker::PhantomData));
            if best.is_none_or(|(value, _)| B::replaces(top, value)) {
                best = Some((top, start));
            }
        }
        let (value, start) = best.expect("the axis is not empty");
        // SAFETY: as above.
        let block = unsafe { self.block(from, start, scratch) };
        (start + dispatch(First::<T, B>(block, value, std::marker::PhantomData))) as u32
    }

    /// # Safety
    /// As [`Job::row`].
    unsafe fn block<'a, T: Element>(&self, from: *const T, start: usize, scratch: &'a mut [T]) -> &'a [T] {
        let count = BLOCK.min(self.n - start);
        // SAFETY: promised by the caller; the scratch takes a block.
        unsafe {
            let from = from.offset(start as isize * self.stride);
            if self.stride == 1 {
                return std::slice::from_raw_parts(from, count);
            }
            copy_run(from.cast(), self.stride, scratch.as_mut_ptr().cast(), count, size_of::<T>());
        }
        &scratch[..count]
    }
}

/// The best value of a block.
struct Top<'a, T, B>(&'a [T], std::marker::PhantomData<B>);

impl<T: Number, B: Best> Kernel for Top<'_, T, B> {
    type Output = T::Wide;
    #[inline(always)]
    fn run<I: Isa>(self) -> T::Wide {
        // So many that the latency of a comparison doesn't matter.
        let mut lanes = [self.0[0].widen(); 128];
        let (chunks, rest) = self.0.as_chunks::<128>();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane = B::join(*lane, value.widen());
            }
        }
        // A loop of variable length over the lanes would keep them in memory.
        let top = rest.iter().fold(self.0[0].widen(), |top, value| B::join(top, value.widen()));
        B::join(join_halves(lanes, B::join), top)
    }
}

/// The position of the first element that a value doesn't beat.
struct First<'a, T: Number, B>(&'a [T], T::Wide, std::marker::PhantomData<B>);

impl<T: Number, B: Best> Kernel for First<'_, T, B> {
    type Output = usize;
    #[inline(always)]
    fn run<I: Isa>(self) -> usize {
        let First(block, value, _) = self;
        let found = |x: &T| !B::replaces(value, x.widen());
        // A look at all elements of a chunk needs no branches between them.
        let chunks = block.chunks_exact(64);
        let skipped = chunks.take_while(|chunk| !chunk.iter().fold(false, |any, x| any | found(x))).count() * 64;
        skipped + block[skipped..].iter().position(found).unwrap_or(0)
    }
}

/// The best positions of neighbouring columns, found side by side.
struct Columns<'a, T, B>(*const T, isize, usize, &'a mut [u32], std::marker::PhantomData<B>);

impl<T: Number, B: Best> Kernel for Columns<'_, T, B> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Columns(from, stride, n, out, _) = self;
        // SAFETY: whoever makes the kernel promises `n` rows of `out.len()` elements, `stride` apart.
        let row = |i: usize| unsafe { std::slice::from_raw_parts(from.offset(i as isize * stride), out.len()) };
        let mut best = [<T::Wide as Arith>::ZERO; WIDE];
        let mut at = [0u32; WIDE];
        for (best, &value) in best.iter_mut().zip(row(0)) {
            *best = value.widen();
        }
        for i in 1..n {
            for ((best, at), &value) in best.iter_mut().zip(&mut at).zip(row(i)) {
                let value = value.widen();
                let replaces = B::replaces(value, *best);
                *best = if replaces { value } else { *best };
                *at = if replaces { i as u32 } else { *at };
            }
        }
        out.copy_from_slice(&at[..out.len()]);
    }
}
