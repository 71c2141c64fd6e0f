//! Picks the way to compute a product, and spreads batches of products over the threads.

use std::sync::{Mutex, PoisonError};

use super::blocked::{self, Out, Pieces, cost_ns};
use super::direct::{self, Scatter};
use super::integer::{self, Ring};
use super::kernel::{Kerneled, Readable};
use super::pack::{Stored, View};
use super::{Batch, Coefs, GemmError, MatRef, Size};
use crate::memory::{AllocError, Block};
use crate::simd::{Half, Isa, Kernel, dispatch};
use crate::{Bool, Complex32, bf16, f16, pool};

/// Up to so many rows a product is bound by reading the right factor, so that it is not worth a copy.
const SKINNY: usize = 48;
/// The same for a right factor with contiguous columns.
const SKINNY_DOTS: usize = 24;
/// Dot products shorter than this lose to packing: adding up the lanes costs more than they gain.
const LONG: usize = 128;
/// Up to so many columns the left factor is not worth a copy.
const NARROW: usize = 128;
/// Multiply-adds of a product whose operands are too small to be packed.
const SMALL: usize = 128 * 128 * 128;
/// Elements of a result whose sums may be cut into parts, the length of a part, and how many there are at most.
const FEW: usize = 64 * 64;
const PART: usize = 16 << 10;
const MOST_PARTS: usize = 64;
/// Sides of the blocks in which half precision results accumulate before they are rounded.
const SIDE: usize = 2048;

/// Elements with a product of two matrices.
pub trait Product: Copy + Send + Sync + 'static {
    /// `out = alpha * a @ b + beta * out` with `k > 0`.
    ///
    /// # Safety
    /// `a` and `b` have the shapes that `size` says; `out` has `m` rows of `n` and overlaps neither.
    unsafe fn product(
        size: Size,
        a: View<Self>,
        b: View<Self>,
        out: Out<Self>,
        coefs: Coefs<f64>,
    ) -> Result<(), AllocError>;

    /// `beta * self`, and zero where `beta` is zero.
    fn scaled(self, beta: f64) -> Self;

    /// Nanoseconds that one thread needs for this many multiply-adds.
    fn cost_ns(mul_adds: usize) -> u64;
}

/// Computes every product of a batch. The operands have been checked, and `c` is not empty.
pub fn run<T: Product>(
    size: Size,
    a: Batch<'_, T>,
    b: Batch<'_, T>,
    c: &mut [T],
    coefs: Coefs<f64>,
) -> Result<(), GemmError> {
    if size.k == 0 {
        c.iter_mut().for_each(|c| *c = c.scaled(coefs.beta));
        return Ok(());
    }
    let (size, a) = fold(size, a, &b);
    let count = a.offsets.len();
    let out = Out { ptr: c.as_mut_ptr(), row: size.n };
    let one = |i: usize| {
        // SAFETY: `batched_matmul` has checked the bounds of the factors and the length of the result, whose
        // matrices are disjoint, and the borrows last until all are done.
        unsafe { T::product(size, a.view(i), b.view(i), Out { ptr: out.from(i * size.m, 0).ptr, ..out }, coefs) }
    };
    let cost = T::cost_ns(size.m * size.n * size.k);
    // A few large products are better split one by one.
    if count < 2 * pool::threads() && cost > 200_000 {
        return (0..count).try_for_each(one).map_err(GemmError::from);
    }
    let group = Pieces::new(count, (2000 / cost.max(1)).clamp(1, 1000) as usize);
    try_parallel(group.count, cost.saturating_mul(count as u64), &|task| {
        (group.start(task)..group.start(task) + group.len(task)).try_for_each(one)
    })?;
    Ok(())
}

/// [`pool::parallel_for`] with tasks that can fail; one of the errors is returned.
fn try_parallel(
    tasks: usize,
    cost_ns: u64,
    f: &(dyn Fn(usize) -> Result<(), AllocError> + Sync),
) -> Result<(), AllocError> {
    let failure = Mutex::new(Ok(()));
    pool::parallel_for(tasks, cost_ns, &|task| {
        if let Err(error) = f(task) {
            *failure.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The same work as one product where the left factors lie below each other and the right factor is always the same.
fn fold<'a, T: Copy>(size: Size, a: Batch<'a, T>, b: &Batch<'_, T>) -> (Size, Batch<'a, T>) {
    let (&[first, second, ..], Size { m, .. }) = (a.offsets, size) else { return (size, a) };
    let step = second as isize - first as isize;
    let row_stride = if m == 1 { step } else { a.mat.row_stride };
    let below = |pair: &[usize]| pair[1] as isize - pair[0] as isize == step;
    let folds = row_stride.checked_mul(m as isize) == Some(step)
        && b.offsets.windows(2).all(|pair| pair[0] == pair[1])
        && a.offsets.windows(2).all(below);
    if !folds {
        return (size, a);
    }
    let mat = MatRef { row_stride, ..a.mat };
    (Size { m: m * a.offsets.len(), ..size }, Batch { mat, offsets: &a.offsets[..1] })
}

type FloatFn<S, R> = unsafe fn(Size, View<S>, View<S>, Out<R>, Coefs<R>) -> Result<(), AllocError>;

/// `product`, or for few long sums the sum of the products of parts of them, which the threads share.
///
/// # Safety
/// As for [`Product::product`].
unsafe fn split<S: Stored<Real = R>, R: Kerneled>(
    size: Size,
    a: View<S>,
    b: View<S>,
    out: Out<R>,
    coefs: Coefs<R>,
    product: FloatFn<S, R>,
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    // How the sums are cut follows from the sizes alone, and so does how they are rounded.
    let parts = Pieces::new(k, PART.max(k.div_ceil(MOST_PARTS)));
    if m * n > FEW || parts.count < 2 {
        // SAFETY: the caller's promise.
        return unsafe { product(size, a, b, out, coefs) };
    }
    let scratch = Block::alloc(parts.count * m * n * size_of::<R>())?;
    let sums = Out { ptr: scratch.ptr().cast::<R>(), row: n };
    let once = Coefs { alpha: num_traits::one(), beta: num_traits::zero() };
    try_parallel(parts.count, cost_ns::<R>(m * n * k).max(((m + n) * k / 4) as u64), &|part| {
        let (p, size) = (parts.start(part), Size { m, n, k: parts.len(part) });
        // SAFETY: part of what the caller promised; every part has its own rows of the scratch.
        unsafe { product(size, a.from(0, p), b.from(p, 0), sums.from(part * m, 0), once) }
    })?;
    for i in 0..m {
        for j in 0..n {
            // SAFETY: (i, j) lies in the result and in each part's matrix, which its product has written.
            unsafe {
                let sum = (0..parts.count).fold(R::zero(), |sum, part| sum + *sums.from(part * m + i, j).ptr);
                let at = out.from(i, j).ptr;
                *at = coefs.alpha * sum + if coefs.beta == R::zero() { R::zero() } else { coefs.beta * *at };
            }
        }
    }
    Ok(())
}

/// # Safety
/// As for [`Product::product`].
unsafe fn float<S: Large<Real = R> + Readable<Real = R>, R: Kerneled>(
    size: Size,
    a: View<S>,
    b: View<S>,
    out: Out<R>,
    coefs: Coefs<R>,
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    // The transposes in the other order give the transposed result, which a single column is already.
    let transposed = Size { m: n, n: m, k };
    // SAFETY: the caller's promise.
    unsafe {
        if b.row == 1 && dots_pay(m, k) {
            return direct::dots(size, a, b, Scatter { out, col: 1 }, coefs);
        }
        if a.col == 1 && dots_pay(n, k) {
            let to = Scatter { out: Out { row: 1, ..out }, col: out.row };
            return direct::dots(transposed, b.transposed(), a.transposed(), to, coefs);
        }
        if b.col == 1 && m <= SKINNY {
            return direct::skinny(size, a, b, out, coefs);
        }
        if n == 1 && a.row == 1 && out.row == 1 {
            return direct::skinny(transposed, b.transposed(), a.transposed(), out, coefs);
        }
        S::large(size, a, b, out, coefs)
    }
}

/// Elements with a way to multiply large matrices.
trait Large: Stored {
    /// A product whose operands are worth packing.
    ///
    /// # Safety
    /// As for [`blocked::product`].
    unsafe fn large(
        size: Size,
        a: View<Self>,
        b: View<Self>,
        out: Out<Self::Real>,
        coefs: Coefs<Self::Real>,
    ) -> Result<(), AllocError> {
        // SAFETY: the caller's promise.
        unsafe { blocked::product(size, a, b, out, coefs) }
    }
}

impl Large for f32 {}
impl Large for f64 {}
impl Large for f16 {}
impl Large for bf16 {
    #[cfg(target_arch = "x86_64")]
    unsafe fn large(
        size: Size,
        a: View<bf16>,
        b: View<bf16>,
        out: Out<f32>,
        coefs: Coefs<f32>,
    ) -> Result<(), AllocError> {
        // SAFETY: the caller's promise.
        unsafe { super::pairs::product(size, a, b, out, coefs) }
    }
}

/// Whether dot products are the way for so many rows and columns of contiguous elements.
fn dots_pay(count: usize, k: usize) -> bool {
    count <= SKINNY_DOTS && k >= LONG || count <= 4 && k >= LONG / 4
}

/// # Safety
/// As for [`Product::product`].
unsafe fn native<R: Kerneled + Large<Real = R> + Readable<Real = R>>(
    size: Size,
    a: View<R>,
    b: View<R>,
    out: Out<R>,
    coefs: Coefs<R>,
) -> Result<(), AllocError> {
    let Size { m, n, k } = size;
    // Fewer columns than lanes are better found as dot products.
    let narrow = n <= NARROW && (a.col == 1 && (n >= R::kernels().lanes || !dots_pay(n, k)) || m <= SKINNY);
    let dots = b.row == 1 && dots_pay(m, k);
    // SAFETY: the caller's promise.
    unsafe {
        if b.col == 1 && !dots && (narrow || m * n * k <= SMALL) {
            direct::product(size, a, b, out, coefs);
            return Ok(());
        }
        float(size, a, b, out, coefs)
    }
}

/// Half precision: accumulates a block of the result in single precision, then rounds it.
///
/// # Safety
/// As for [`Product::product`].
unsafe fn half<S: Half + Large<Real = f32> + Readable<Real = f32>>(
    size: Size,
    a: View<S>,
    b: View<S>,
    out: Out<S>,
    coefs: Coefs<f64>,
) -> Result<(), AllocError> {
    let coefs = Coefs { alpha: coefs.alpha as f32, beta: coefs.beta as f32 };
    let (rows, cols) = (Pieces::new(size.m, SIDE), Pieces::new(size.n, SIDE));
    let scratch = Block::alloc(rows.len(0) * cols.len(0) * size_of::<f32>())?;
    for block in 0..rows.count * cols.count {
        let (i, j) = (block % rows.count, block / rows.count);
        let (m, n) = (rows.len(i), cols.len(j));
        let (i, j) = (rows.start(i), cols.start(j));
        let sums = Out { ptr: scratch.ptr().cast::<f32>(), row: n };
        let out = out.from(i, j);
        // SAFETY: a part of what the caller promised, and room in the scratch for the largest part.
        unsafe {
            split(Size { m, n, k: size.k }, a.from(i, 0), b.from(0, j), sums, Coefs { alpha: 1.0, beta: 0.0 }, float)?;
        }
        pool::parallel_chunks(m, 1, n as f32 / 2.0, &|range| {
            for i in range {
                // SAFETY: row `i` of the scratch, and of this part of the result; tasks take different rows.
                unsafe {
                    let sums = std::slice::from_raw_parts(sums.from(i, 0).ptr, n);
                    dispatch(Round { sums, out: std::slice::from_raw_parts_mut(out.from(i, 0).ptr, n), coefs });
                }
            }
        });
    }
    Ok(())
}

/// Rounds `alpha * sums + beta * out` into `out`.
struct Round<'a, S> {
    sums: &'a [f32],
    out: &'a mut [S],
    coefs: Coefs<f32>,
}

impl<S: Half> Kernel for Round<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Round { sums, out, coefs: Coefs { alpha, beta } } = self;
        if beta == 0.0 {
            out.iter_mut().zip(sums).for_each(|(out, &sum)| *out = S::narrow(alpha * sum));
        } else {
            out.iter_mut().zip(sums).for_each(|(out, &sum)| *out = S::narrow(alpha * sum + beta * out.widen()));
        }
    }
}

macro_rules! impls {
    (native: $($R:ty),*; half: $($S:ty),*; ring: $($T:ty),*) => {
        $(impl Product for $R {
            unsafe fn product(size: Size, a: View<$R>, b: View<$R>, out: Out<$R>, coefs: Coefs<f64>) -> Result<(), AllocError> {
                let coefs = Coefs { alpha: coefs.alpha as $R, beta: coefs.beta as $R };
                // SAFETY: the caller's promise.
                unsafe { split(size, a, b, out, coefs, native) }
            }
            fn scaled(self, beta: f64) -> $R {
                if beta == 0.0 { 0.0 } else { beta as $R * self }
            }
            fn cost_ns(mul_adds: usize) -> u64 {
                cost_ns::<$R>(mul_adds)
            }
        })*
        $(impl Product for $S {
            unsafe fn product(size: Size, a: View<$S>, b: View<$S>, out: Out<$S>, coefs: Coefs<f64>) -> Result<(), AllocError> {
                // SAFETY: the caller's promise.
                unsafe { half(size, a, b, out, coefs) }
            }
            fn scaled(self, beta: f64) -> $S {
                if beta == 0.0 { <$S>::ZERO } else { <$S>::from_f32(beta as f32 * self.to_f32()) }
            }
            fn cost_ns(mul_adds: usize) -> u64 {
                cost_ns::<f32>(mul_adds)
            }
        })*
        $(impl Product for $T {
            unsafe fn product(size: Size, a: View<$T>, b: View<$T>, out: Out<$T>, coefs: Coefs<f64>) -> Result<(), AllocError> {
                let coefs = Coefs { alpha: <$T>::from_f64(coefs.alpha), beta: <$T>::from_f64(coefs.beta) };
                // SAFETY: the caller's promise.
                unsafe { integer::product(size, a, b, out, coefs) }
            }
            fn scaled(self, beta: f64) -> $T {
                <$T>::from_f64(beta).mul_add(self, <$T>::default())
            }
            fn cost_ns(mul_adds: usize) -> u64 {
                (mul_adds * size_of::<$T>() / 16) as u64
            }
        })*
    };
}
impls!(native: f32, f64; half: f16, bf16; ring: Bool, u8, u16, u32, u64, i8, i16, i32, i64);

impl Product for Complex32 {
    unsafe fn product(
        size: Size,
        a: View<Self>,
        b: View<Self>,
        out: Out<Self>,
        coefs: Coefs<f64>,
    ) -> Result<(), AllocError> {
        let out = Out { ptr: out.ptr.cast::<f32>(), row: 2 * out.row };
        let coefs = Coefs { alpha: coefs.alpha as f32, beta: coefs.beta as f32 };
        // SAFETY: the caller's promise; a complex number is two reals in memory.
        unsafe { blocked::product(size, a, b, out, coefs) }
    }
    fn scaled(self, beta: f64) -> Complex32 {
        if beta == 0.0 { Complex32::default() } else { self * beta as f32 }
    }
    fn cost_ns(mul_adds: usize) -> u64 {
        cost_ns::<f32>(4 * mul_adds)
    }
}
