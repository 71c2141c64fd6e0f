//! The inner loops of reductions, type-erased like tiles.

use std::marker::PhantomData;

use num_complex::Complex;

use super::ReduceOp;
use super::fold::{All, Any, Fold, Max, Min, Prod, Sum};
use crate::fused::TILE;
use crate::simd::{Isa, Kernel, dispatch};
use crate::{Bool, Complex32, DType, Element, bf16, f16, with_dtype};

/// Independent partial results of a long row: enough to hide the latency of an addition in every vector width.
pub(super) const LANES: usize = 64;

/// Size of the largest accumulator in bytes.
pub(super) const ACC_BYTES: usize = size_of::<Complex<f64>>();

/// The loops of one reduction of one element type. Accumulators are opaque memory of `acc` bytes each.
#[derive(Clone, Copy)]
pub(super) struct Folder {
    pub acc: usize,
    pub result: DType,
    /// Bytes of a lane; the size of an accumulator where the two are one type.
    pub lane: usize,
    fill: unsafe fn(*mut u8, usize),
    clear: unsafe fn(*mut u8, usize),
    groups: unsafe fn(*const u8, [usize; 3], *mut u8),
    columns: unsafe fn(*const u8, usize, *mut u8),
    flush: unsafe fn(*const u8, usize, *mut u8),
    lanes: unsafe fn(*const u8, usize, *mut u8),
    total: unsafe fn(*mut u8),
    merge: unsafe fn(*const u8, usize, *mut u8),
    finish: unsafe fn(*const u8, usize, *mut u8),
}

impl Folder {
    pub fn of(op: ReduceOp, dtype: DType) -> Folder {
        match op {
            ReduceOp::Sum => modular::<Sum>(dtype),
            ReduceOp::Prod => modular::<Prod>(dtype),
            ReduceOp::Max => with_dtype!(dtype, T => Folder::new::<T, Max>()),
            ReduceOp::Min => with_dtype!(dtype, T => Folder::new::<T, Min>()),
            ReduceOp::All => with_dtype!(dtype, T => Folder::new::<T, All>()),
            ReduceOp::Any => with_dtype!(dtype, T => Folder::new::<T, Any>()),
        }
    }

    fn new<T: Element, F: Fold<T>>() -> Folder {
        Folder {
            acc: size_of::<F::Acc>(),
            result: F::Out::DTYPE,
            lane: size_of::<F::Lane>(),
            fill: fill::<T, F>,
            clear: clear::<T, F>,
            groups: groups::<T, F>,
            columns: columns::<T, F>,
            flush: flush::<T, F>,
            lanes: lanes::<T, F>,
            total: total::<T, F>,
            merge: merge::<T, F>,
            finish: finish::<T, F>,
        }
    }

    /// Sets `n` accumulators to the identity.
    ///
    /// # Safety
    /// `acc` takes `n` accumulators.
    pub unsafe fn fill(&self, acc: *mut u8, n: usize) {
        // SAFETY: forwarded.
        unsafe { (self.fill)(acc, n) }
    }

    /// Sets `n` lanes to the identity.
    ///
    /// # Safety
    /// `lanes` takes `n` lanes.
    pub unsafe fn clear(&self, lanes: *mut u8, n: usize) {
        // SAFETY: forwarded.
        unsafe { (self.clear)(lanes, n) }
    }

    /// Reads `groups * r * inner` values in row-major order and joins them over `r` into `groups * inner` accumulators.
    ///
    /// # Safety
    /// Values and accumulators are there, of this folder's types.
    pub unsafe fn groups(&self, values: *const u8, [groups, r, inner]: [usize; 3], acc: *mut u8) {
        // SAFETY: forwarded.
        unsafe { (self.groups)(values, [groups, r, inner], acc) }
    }

    /// Joins `n` values into as many lanes.
    ///
    /// # Safety
    /// Values and lanes are there, of this folder's types.
    pub unsafe fn columns(&self, values: *const u8, n: usize, lanes: *mut u8) {
        // SAFETY: forwarded.
        unsafe { (self.columns)(values, n, lanes) }
    }

    /// Joins `n` lanes into as many accumulators.
    ///
    /// # Safety
    /// Lanes and accumulators are there, and they don't overlap.
    pub unsafe fn flush(&self, lanes: *const u8, n: usize, acc: *mut u8) {
        // SAFETY: forwarded.
        unsafe { (self.flush)(lanes, n, acc) }
    }

    /// Joins `n` values into [`LANES`] accumulators, every `LANES`-th of each tile into the same.
    ///
    /// # Safety
    /// Values and accumulators are there, of this folder's types.
    pub unsafe fn lanes(&self, values: *const u8, n: usize, acc: *mut u8) {
        // SAFETY: forwarded.
        unsafe { (self.lanes)(values, n, acc) }
    }

    /// Joins [`LANES`] accumulators into the first.
    ///
    /// # Safety
    /// They are there.
    pub unsafe fn total(&self, acc: *mut u8) {
        // SAFETY: forwarded.
        unsafe { (self.total)(acc) }
    }

    /// Joins `n` accumulators into as many others.
    ///
    /// # Safety
    /// Both are there, and they don't overlap.
    pub unsafe fn merge(&self, from: *const u8, n: usize, acc: *mut u8) {
        // SAFETY: forwarded.
        unsafe { (self.merge)(from, n, acc) }
    }

    /// Writes `n` results.
    ///
    /// # Safety
    /// The accumulators are there, and `out` takes `n` elements of the result's type.
    pub unsafe fn finish(&self, acc: *const u8, n: usize, out: *mut u8) {
        // SAFETY: forwarded.
        unsafe { (self.finish)(acc, n, out) }
    }
}

/// Sums and products wrap, so signed integers share the code of unsigned ones.
fn modular<F>(dtype: DType) -> Folder
where
    F: Fold<Bool> + Fold<u8> + Fold<u16> + Fold<u32> + Fold<u64>,
    F: Fold<f16> + Fold<bf16> + Fold<f32> + Fold<f64> + Fold<Complex32>,
{
    let folder = match dtype {
        DType::Bool => Folder::new::<Bool, F>(),
        DType::U8 | DType::I8 => Folder::new::<u8, F>(),
        DType::U16 | DType::I16 => Folder::new::<u16, F>(),
        DType::U32 | DType::I32 => Folder::new::<u32, F>(),
        DType::U64 | DType::I64 => Folder::new::<u64, F>(),
        DType::F16 => Folder::new::<f16, F>(),
        DType::Bf16 => Folder::new::<bf16, F>(),
        DType::F32 => Folder::new::<f32, F>(),
        DType::F64 => Folder::new::<f64, F>(),
        DType::C64 => Folder::new::<Complex32, F>(),
    };
    Folder { result: dtype, ..folder }
}

/// # Safety
/// `acc` takes `n` accumulators.
unsafe fn fill<T, F: Fold<T>>(acc: *mut u8, n: usize) {
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts_mut(acc.cast::<std::mem::MaybeUninit<F::Acc>>(), n) }
        .fill(std::mem::MaybeUninit::new(F::promote(F::EMPTY)));
}

/// # Safety
/// `lanes` takes `n` lanes.
unsafe fn clear<T, F: Fold<T>>(lanes: *mut u8, n: usize) {
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts_mut(lanes.cast::<std::mem::MaybeUninit<F::Lane>>(), n) }
        .fill(std::mem::MaybeUninit::new(F::EMPTY));
}

struct Groups<'a, T, F: Fold<T>>(&'a [T], usize, usize, &'a mut [F::Acc]);

impl<T: Element, F: Fold<T>> Kernel for Groups<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Groups(values, r, inner, acc) = self;
        if inner == 1 {
            for (row, acc) in values.chunks_exact(r).zip(acc) {
                *acc = F::merge(*acc, row_total::<T, F>(row));
            }
        } else {
            for (group, acc) in values.chunks_exact(r * inner).zip(acc.chunks_exact_mut(inner)) {
                for row in group.chunks_exact(inner) {
                    join_columns::<T, F>(row, acc);
                }
            }
        }
    }
}

#[inline(always)]
fn row_total<T: Element, F: Fold<T>>(row: &[T]) -> F::Acc {
    match row.len() {
        0..16 => row.iter().fold(F::promote(F::EMPTY), |acc, &value| F::merge(acc, F::promote(F::lift(value)))),
        16..128 => F::promote(join_halves(lane_totals::<T, F, 16>(row), F::join)),
        _ => F::promote(join_halves(lane_totals::<T, F, LANES>(row), F::join)),
    }
}

/// Every `N`-th element joined.
#[inline(always)]
fn lane_totals<T: Element, F: Fold<T>, const N: usize>(row: &[T]) -> [F::Lane; N] {
    let mut lanes = [F::EMPTY; N];
    let (chunks, rest) = row.as_chunks::<N>();
    for chunk in chunks {
        // Made anew, not changed in place: a lane that keeps its value would be a store that is left out, from registers to
        // memory and back.
        lanes = std::array::from_fn(|i| F::join(lanes[i], F::lift(chunk[i])));
    }
    if !rest.is_empty() {
        // Only loops of constant length touch the lanes, or they would live in memory and not in registers.
        let mut tail = [F::EMPTY; N];
        for (lane, &value) in tail.iter_mut().zip(rest) {
            *lane = F::lift(value);
        }
        for (lane, &value) in lanes.iter_mut().zip(&tail) {
            *lane = F::join(*lane, value);
        }
    }
    lanes
}

/// All lanes joined, the first half with the second until one is left: steps of constant length become shuffles.
#[inline(always)]
pub(super) fn join_halves<A: Copy, const N: usize>(mut lanes: [A; N], join: impl Fn(A, A) -> A) -> A {
    let mut width = N / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = join(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn join_columns<T: Element, F: Fold<T>>(values: &[T], acc: &mut [F::Acc]) {
    for (acc, &value) in acc.iter_mut().zip(values) {
        *acc = F::merge(*acc, F::promote(F::lift(value)));
    }
}

/// # Safety
/// As [`Folder::groups`].
unsafe fn groups<T: Element, F: Fold<T>>(values: *const u8, [groups, r, inner]: [usize; 3], acc: *mut u8) {
    // SAFETY: promised by the caller.
    let (values, acc) = unsafe {
        (
            std::slice::from_raw_parts(values.cast::<T>(), groups * r * inner),
            std::slice::from_raw_parts_mut(acc.cast::<F::Acc>(), groups * inner),
        )
    };
    dispatch(Groups::<T, F>(values, r, inner, acc));
}

struct Columns<'a, T, F: Fold<T>>(&'a [T], &'a mut [F::Lane]);

impl<T: Element, F: Fold<T>> Kernel for Columns<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (lane, &value) in self.1.iter_mut().zip(self.0) {
            *lane = F::join(*lane, F::lift(value));
        }
    }
}

/// # Safety
/// As [`Folder::columns`].
unsafe fn columns<T: Element, F: Fold<T>>(values: *const u8, n: usize, lanes: *mut u8) {
    // SAFETY: promised by the caller.
    let (values, lanes) = unsafe {
        (std::slice::from_raw_parts(values.cast::<T>(), n), std::slice::from_raw_parts_mut(lanes.cast::<F::Lane>(), n))
    };
    dispatch(Columns::<T, F>(values, lanes));
}

struct Flush<'a, T, F: Fold<T>>(&'a [F::Lane], &'a mut [F::Acc]);

impl<T: Element, F: Fold<T>> Kernel for Flush<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (acc, &lane) in self.1.iter_mut().zip(self.0) {
            *acc = F::merge(*acc, F::promote(lane));
        }
    }
}

/// # Safety
/// As [`Folder::flush`].
unsafe fn flush<T: Element, F: Fold<T>>(lanes: *const u8, n: usize, acc: *mut u8) {
    // SAFETY: promised by the caller.
    let (lanes, acc) = unsafe {
        (
            std::slice::from_raw_parts(lanes.cast::<F::Lane>(), n),
            std::slice::from_raw_parts_mut(acc.cast::<F::Acc>(), n),
        )
    };
    dispatch(Flush::<T, F>(lanes, acc));
}

struct Lanes<'a, T, F: Fold<T>>(&'a [T], &'a mut [F::Acc; LANES]);

impl<T: Element, F: Fold<T>> Kernel for Lanes<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        // A copy, which stays in registers.
        let mut acc = *self.1;
        for block in self.0.chunks(TILE) {
            let totals = lane_totals::<T, F, LANES>(block);
            for (acc, total) in acc.iter_mut().zip(totals) {
                *acc = F::merge(*acc, F::promote(total));
            }
        }
        *self.1 = acc;
    }
}

/// # Safety
/// As [`Folder::lanes`].
unsafe fn lanes<T: Element, F: Fold<T>>(values: *const u8, n: usize, acc: *mut u8) {
    // SAFETY: promised by the caller.
    let (values, acc) =
        unsafe { (std::slice::from_raw_parts(values.cast::<T>(), n), &mut *acc.cast::<[F::Acc; LANES]>()) };
    dispatch(Lanes::<T, F>(values, acc));
}

struct Total<'a, T, F: Fold<T>>(&'a mut [F::Acc; LANES], PhantomData<T>);

impl<T: Element, F: Fold<T>> Kernel for Total<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        self.0[0] = join_halves(*self.0, F::merge);
    }
}

/// # Safety
/// As [`Folder::total`].
unsafe fn total<T: Element, F: Fold<T>>(acc: *mut u8) {
    // SAFETY: promised by the caller.
    dispatch(Total::<T, F>(unsafe { &mut *acc.cast::<[F::Acc; LANES]>() }, PhantomData));
}

struct Merge<'a, T, F: Fold<T>>(&'a [F::Acc], &'a mut [F::Acc], PhantomData<T>);

impl<T: Element, F: Fold<T>> Kernel for Merge<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (acc, &other) in self.1.iter_mut().zip(self.0) {
            *acc = F::merge(*acc, other);
        }
    }
}

/// # Safety
/// As [`Folder::merge`].
unsafe fn merge<T: Element, F: Fold<T>>(from: *const u8, n: usize, acc: *mut u8) {
    // SAFETY: promised by the caller.
    let (from, acc) = unsafe {
        (std::slice::from_raw_parts(from.cast::<F::Acc>(), n), std::slice::from_raw_parts_mut(acc.cast::<F::Acc>(), n))
    };
    dispatch(Merge::<T, F>(from, acc, PhantomData));
}

/// # Safety
/// As [`Folder::finish`].
unsafe fn finish<T, F: Fold<T>>(acc: *const u8, n: usize, out: *mut u8) {
    // SAFETY: promised by the caller.
    let (acc, out) = unsafe {
        (std::slice::from_raw_parts(acc.cast::<F::Acc>(), n), std::slice::from_raw_parts_mut(out.cast::<F::Out>(), n))
    };
    for (out, &acc) in out.iter_mut().zip(acc) {
        *out = F::finish(acc);
    }
}
