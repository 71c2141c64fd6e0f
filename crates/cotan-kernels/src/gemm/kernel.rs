//! Micro-kernels: small blocks of the result held in registers, for each instruction set.

use super::pack::View;
use super::sweep::{Sweep, SweepFn, sweep};
use super::vector::{Load, Plain, Real, Vector};
#[cfg(target_arch = "x86_64")]
use super::x86::{F32x8, F32x16, F64x4, F64x8};
use crate::simd::prefetch;
use crate::{bf16, f16};

/// A block of the result with its operands: `c = alpha * a @ b + beta * c`.
#[derive(Clone, Copy)]
pub struct Tile<R, S = R> {
    pub k: usize,
    pub a: *const R,
    /// Distance between rows of `a`; read by [`DIRECT`] kernels only.
    pub a_row: isize,
    /// Distance between columns of `a`; read by [`DIRECT`] kernels only.
    pub a_col: isize,
    pub b: *const S,
    pub b_row: isize,
    /// Elements of `b` to ask for in each row, as distances; read by [`IN_PLACE`] kernels only.
    pub ahead: [usize; 2],
    pub c: *mut R,
    pub c_row: usize,
    /// Columns to compute, at most what the kernel holds.
    pub cols: usize,
    pub alpha: R,
    /// With zero, `c` is written only.
    pub beta: R,
}

/// Rows of `a` times columns of `b`, both contiguous along `k`.
#[derive(Clone, Copy)]
pub struct Dots<R, S> {
    pub k: usize,
    pub a: *const R,
    pub a_row: isize,
    pub b: *const S,
    pub b_col: isize,
    pub c: *mut R,
    pub c_row: usize,
    pub c_col: usize,
    pub alpha: R,
    pub beta: R,
}

pub type TileFn<R, S = R> = unsafe fn(&Tile<R, S>);
pub type DotsFn<R, S> = unsafe fn(&Dots<R, S>);

/// The kernels of one instruction set for one real type. Tables are indexed by (rows - 1) and (vectors or columns - 1).
pub struct Kernels<R: 'static> {
    /// Lanes of a register.
    pub lanes: usize,
    /// `a` packed with its rows side by side, `b` with whole vectors in each row.
    pub packed: &'static [&'static [TileFn<R>]],
    /// Strided `a`, and `b` whose rows are contiguous.
    pub direct: &'static [&'static [TileFn<R>]],
}

/// Copies element (o, i) of a view with `outer` rows and `inner` columns to `to[o * width + i]`.
pub type PackFn<R, S> = unsafe fn(View<S>, outer: usize, inner: usize, width: usize, to: *mut R);

/// The kernels of one instruction set that read elements stored as `S`.
pub struct Readers<R: 'static, S: 'static> {
    pub dots: &'static [&'static [DotsFn<R, S>]],
    /// Packed `a`, and `b` whose rows are contiguous.
    pub in_place: &'static [&'static [TileFn<R, S>]],
    pub sweep: &'static [SweepFn<R, S>],
    /// For rows that are contiguous; zeroes up to the next multiple of the lanes, but not beyond `width`.
    pub rows: PackFn<R, S>,
    /// For columns that are contiguous; writes nothing beyond `inner`.
    pub columns: PackFn<R, S>,
}

/// Real types with kernels.
pub trait Kerneled: Real {
    fn kernels() -> &'static Kernels<Self>;
}

/// Stored types with kernels that read them.
pub trait Readable: Copy + Send + Sync + 'static {
    type Real: Kerneled;
    fn readers() -> &'static Readers<Self::Real, Self>;
}

/// How a product is added to a sum.
pub trait Step<V> {
    /// # Safety
    /// As for [`Vector`].
    unsafe fn step(a: V, b: V, sum: V) -> V;
}

/// A lane of each factor is one number.
pub struct Single;

impl<V: Vector> Step<V> for Single {
    #[inline(always)]
    unsafe fn step(a: V, b: V, sum: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { a.mul_add(b, sum) }
    }
}

/// `a` packed with its rows side by side, `b` with whole vectors in each row.
pub const PACKED: u8 = 0;
/// `a` packed, and rows of `b` in memory that has not been read before.
const IN_PLACE: u8 = 1;
/// `a` with any strides, and rows of `b` in memory.
const DIRECT: u8 = 2;

/// # Safety
/// As for [`Vector`]; the operands are readable and `c` is writable over `M` rows and `t.cols` columns, and a packed `b`
/// over whole vectors. `t.cols` is in `(N - 1) * LANES + 1..=N * LANES`.
#[inline(always)]
pub unsafe fn tile<V: Load<S>, S, const M: usize, const N: usize, const KIND: u8, P: Step<V>>(t: &Tile<V::Real, S>) {
    let last = t.cols - (N - 1) * V::LANES;
    let whole = last == V::LANES;
    let (mut a, mut b) = (t.a, t.b);
    // SAFETY: everything below touches rows `< M`, columns `< t.cols` (or whole packed vectors) and depth `< t.k` only.
    unsafe {
        let mut acc = [[V::splat(V::Real::default()); N]; M];
        let mut bs = [V::splat(V::Real::default()); N];
        macro_rules! sweep {
            ($depth:expr, $load_last:expr) => {
                for _ in 0..$depth {
                    if KIND == IN_PLACE {
                        prefetch(b.wrapping_add(t.ahead[0]).cast(), 1);
                        prefetch(b.wrapping_add(t.ahead[1]).cast(), 1);
                    }
                    for j in 0..N - 1 {
                        bs[j] = V::widen(b.add(j * V::LANES));
                    }
                    bs[N - 1] = $load_last;
                    for i in 0..M {
                        let x = V::splat(if KIND != DIRECT { *a.add(i) } else { *a.offset(i as isize * t.a_row) });
                        for j in 0..N {
                            acc[i][j] = P::step(x, bs[j], acc[i][j]);
                        }
                    }
                    a = if KIND != DIRECT { a.add(M) } else { a.wrapping_offset(t.a_col) };
                    b = b.wrapping_offset(t.b_row);
                }
            };
        }
        if KIND == PACKED {
            // The result may be far away: ask for a row of it now and then, not to crowd out the operands.
            let (mut left, mut c) = (t.k, t.c.cast::<u8>());
            let step = t.k.div_ceil(M);
            while left > 0 {
                let row = N * V::LANES * size_of::<V::Real>();
                prefetch(c, row);
                prefetch(c.wrapping_add(row - 1), 1);
                c = c.wrapping_add(t.c_row * size_of::<V::Real>());
                let depth = step.min(left);
                sweep!(depth, V::widen(b.add((N - 1) * V::LANES)));
                left -= depth;
            }
        } else if whole {
            sweep!(t.k, V::widen(b.add((N - 1) * V::LANES)));
        } else {
            sweep!(t.k, V::widen_part(b.add((N - 1) * V::LANES), last));
        }
        write(&acc, t.c, t.c_row, last, V::splat(t.alpha), t.beta);
    }
}

/// Writes `alpha * sums + beta * c` to `c`, the first `last` lanes of the last vectors.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn write<V: Vector, const M: usize, const N: usize>(
    sums: &[[V; N]; M],
    c: *mut V::Real,
    c_row: usize,
    last: usize,
    alpha: V,
    beta: V::Real,
) {
    let whole = last == V::LANES;
    // SAFETY: rows `< M`, columns below those of the tile.
    unsafe {
        for (i, sums) in sums.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                let at = c.add(i * c_row + j * V::LANES);
                let part = j == N - 1 && !whole;
                let mut sum = sum.mul(alpha);
                if beta != V::Real::default() {
                    let old = if part { V::load_part(at, last) } else { V::load(at) };
                    sum = V::splat(beta).mul_add(old, sum);
                }
                if part { sum.store_part(at, last) } else { sum.store(at) }
            }
        }
    }
}

/// Cache lines of each column to ask for ahead.
const LINES_AHEAD: usize = 12;

/// # Safety
/// As for [`Vector`]; `M` rows of `a` and `N` columns of `b` are readable over `t.k`, and `c` is writable at each pair.
#[inline(always)]
unsafe fn dots<V: Load<S>, S, const M: usize, const N: usize>(t: &Dots<V::Real, S>) {
    // SAFETY: everything below touches rows `< M`, columns `< N` and depth `< t.k` only.
    unsafe {
        let mut acc = [[V::splat(V::Real::default()); N]; M];
        let mut rows = [V::splat(V::Real::default()); M];
        let whole = t.k - t.k % V::LANES;
        let mut p = 0;
        macro_rules! step {
            ($load:expr, $widen:expr) => {
                for i in 0..M {
                    rows[i] = $load(t.a.offset(i as isize * t.a_row).add(p));
                }
                for j in 0..N {
                    let from = t.b.offset(j as isize * t.b_col).add(p);
                    prefetch(from.wrapping_byte_add(LINES_AHEAD * 64).cast(), 1);
                    let col: V = $widen(from);
                    for i in 0..M {
                        acc[i][j] = rows[i].mul_add(col, acc[i][j]);
                    }
                }
            };
        }
        while p < whole {
            step!(V::load, V::widen);
            p += V::LANES;
        }
        let rest = t.k - whole;
        if rest > 0 {
            step!(|from| V::load_part(from, rest), |from| V::widen_part(from, rest));
        }
        for (i, sums) in acc.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                let at = t.c.add(i * t.c_row + j * t.c_col);
                let mut sum = t.alpha * sum.sum();
                if t.beta != V::Real::default() {
                    sum = sum + t.beta * *at;
                }
                *at = sum;
            }
        }
    }
}

/// Rows ahead that a copy asks for: strided rows defeat the processor's own prefetching.
const AHEAD: isize = 8;

/// # Safety
/// As for [`Vector`]; `from` has `outer` rows of `inner` contiguous elements, and `to` room for `outer` times `width`.
#[inline(always)]
unsafe fn pack_rows<V: Load<S>, S>(from: View<S>, outer: usize, inner: usize, width: usize, to: *mut V::Real) {
    let (rest, row_stride) = (inner % V::LANES, from.row);
    let pad = width >= inner.next_multiple_of(V::LANES);
    for o in 0..outer {
        let (from, to) = (from.at(o, 0), to.wrapping_add(o * width));
        prefetch(from.wrapping_offset(AHEAD * row_stride).cast(), inner * size_of::<S>());
        // SAFETY: reads below `inner`, writes below `width`.
        unsafe {
            for i in (0..inner - rest).step_by(V::LANES) {
                V::widen(from.add(i)).store(to.add(i));
            }
            if rest > 0 {
                let last = V::widen_part(from.add(inner - rest), rest);
                let to = to.add(inner - rest);
                if pad { last.store(to) } else { last.store_part(to, rest) }
            }
        }
    }
}

/// # Safety
/// As for [`Vector`]; `from` has `inner` columns of `outer` contiguous elements, and `to` room for `outer` times `width`.
#[inline(always)]
unsafe fn pack_columns<V: Load<S>, S>(from: View<S>, outer: usize, inner: usize, width: usize, to: *mut V::Real) {
    const LEN: usize = 64;
    let mut wide = [[V::Real::default(); LEN]; 4];
    let mut i = 0;
    while i < inner {
        // The last four columns again, rather than fewer than four.
        i = i.min(inner.saturating_sub(4));
        let count = (inner - i).min(4);
        for start in (0..outer).step_by(LEN) {
            let len = LEN.min(outer - start);
            let rest = len % V::LANES;
            // SAFETY: reads below `start + len <= outer` in columns below `i + count <= inner`; writes the same places.
            unsafe {
                for (j, wide) in wide.iter_mut().enumerate().take(count) {
                    prefetch(from.at(start, i + j + 4).cast(), len * size_of::<S>());
                    let (from, wide) = (from.at(start, i + j), wide.as_mut_ptr());
                    for o in (0..len - rest).step_by(V::LANES) {
                        V::widen(from.add(o)).store(wide.add(o));
                    }
                    if rest > 0 {
                        V::widen_part(from.add(len - rest), rest).store_part(wide.add(len - rest), rest);
                    }
                }
                let to = to.add(start * width + i);
                let fours = if count == 4 { len / 4 * 4 } else { 0 };
                for o in (0..fours).step_by(4) {
                    V::Real::transpose4([0, 1, 2, 3].map(|j: usize| wide[j].as_ptr().add(o)), to.add(o * width), width);
                }
                for o in fours..len {
                    for (j, wide) in wide.iter().enumerate().take(count) {
                        *to.add(o * width + j) = wide[o];
                    }
                }
            }
        }
        i += 4;
    }
}

macro_rules! compile {
    ($module:ident $(, $features:literal)?) => {
        mod $module {
            use super::{Dots, Load, Sweep, Tile, Vector, View, sweep};

            $(#[target_feature(enable = $features)])?
            pub unsafe fn packed<V: Vector, const M: usize, const N: usize>(t: &Tile<V::Real>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::tile::<V, V::Real, M, N, { super::PACKED }, super::Single>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn direct<V: Vector, const M: usize, const N: usize>(t: &Tile<V::Real>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::tile::<V, V::Real, M, N, { super::DIRECT }, super::Single>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn in_place<V: Load<S>, S, const M: usize, const N: usize>(t: &Tile<V::Real, S>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::tile::<V, S, M, N, { super::IN_PLACE }, super::Single>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn dots<V: Load<S>, S, const M: usize, const N: usize>(t: &Dots<V::Real, S>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::dots::<V, S, M, N>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn sweeps<V: Load<S>, S, const M: usize>(t: &Sweep<V::Real, S>) {
                // SAFETY: the caller's promises are the same.
                unsafe { sweep::<V, S, M>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn rows<V: Load<S>, S>(from: View<S>, outer: usize, inner: usize, width: usize, to: *mut V::Real) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::pack_rows::<V, S>(from, outer, inner, width, to) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn columns<V: Load<S>, S>(from: View<S>, outer: usize, inner: usize, width: usize, to: *mut V::Real) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::pack_columns::<V, S>(from, outer, inner, width, to) }
            }
        }
    };
}
compile!(plain);
#[cfg(target_arch = "x86_64")]
compile!(avx2, "avx2,fma,f16c");
#[cfg(target_arch = "x86_64")]
compile!(avx512, "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c");

macro_rules! table {
    ($isa:ident::$kernel:ident, $types:tt, [$($m:literal)*], $ns:tt) => {
        &[$(table!(@row $isa $kernel $types $m $ns)),*]
    };
    (@row $isa:ident $kernel:ident $types:tt $m:literal [$($n:literal)*]) => {
        &[$(table!(@entry $isa $kernel $types $m $n)),*]
    };
    (@entry $isa:ident $kernel:ident [$($T:ty),*] $m:literal $n:literal) => {
        $isa::$kernel::<$($T,)* $m, $n>
    };
}

#[cfg(target_arch = "x86_64")]
pub(super) use table;

/// The table of this process' level; the last two exist on x86-64 only.
macro_rules! at_level {
    ($plain:ident, $avx2:ident, $avx512:ident) => {
        match $crate::simd::level() {
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Level::Avx512 => &$avx512,
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Level::Avx2 => &$avx2,
            #[cfg(not(target_arch = "x86_64"))]
            $crate::simd::Level::Avx512 | $crate::simd::Level::Avx2 => &$plain,
            $crate::simd::Level::Neon | $crate::simd::Level::Scalar => &$plain,
        }
    };
}
pub(crate) use at_level;

/// Registers of two vectors on targets with 32 of them, one elsewhere.
pub const PLAIN32: usize = if cfg!(target_arch = "aarch64") { 8 } else { 4 };
pub const PLAIN64: usize = PLAIN32 / 2;

macro_rules! kerneled {
    ($R:ty, $plain:ty, $half:ty, $full:ty) => {
        impl Kerneled for $R {
            fn kernels() -> &'static Kernels<$R> {
                static PLAIN: Kernels<$R> = Kernels {
                    lanes: <$plain as Vector>::LANES,
                    packed: table!(plain::packed, [$plain], [1 2 3 4], [1 2]),
                    direct: table!(plain::direct, [$plain], [1 2 3 4], [1 2]),
                };
                #[cfg(target_arch = "x86_64")]
                static AVX2: Kernels<$R> = Kernels {
                    lanes: <$half as Vector>::LANES,
                    packed: table!(avx2::packed, [$half], [1 2 3 4 5 6], [1 2]),
                    direct: table!(avx2::direct, [$half], [1 2 3 4], [1 2 3]),
                };
                #[cfg(target_arch = "x86_64")]
                static AVX512: Kernels<$R> = Kernels {
                    lanes: <$full as Vector>::LANES,
                    packed: table!(avx512::packed, [$full], [1 2 3 4 5 6 7 8 9 10 11 12], [1 2]),
                    direct: table!(avx512::direct, [$full], [1 2 3 4 5 6], [1 2 3 4]),
                };
                at_level!(PLAIN, AVX2, AVX512)
            }
        }
    };
}
kerneled!(f32, Plain<f32, PLAIN32>, F32x8, F32x16);
kerneled!(f64, Plain<f64, PLAIN64>, F64x4, F64x8);

macro_rules! readers {
    ($isa:ident, $V:ty, $S:ty, dots $ms:tt $ns:tt, in_place $rows:tt) => {
        Readers {
            dots: table!($isa::dots, [$V, $S], $ms, $ns),
            in_place: table!($isa::in_place, [$V, $S], $rows, [1 2]),
            sweep: &[$isa::sweeps::<$V, $S, 1>, $isa::sweeps::<$V, $S, 2>],
            rows: $isa::rows::<$V, $S>,
            columns: $isa::columns::<$V, $S>,
        }
    };
}

macro_rules! readable {
    ($S:ty, $R:ty, $plain:ty, $half:ty, $full:ty) => {
        impl Readable for $S {
            type Real = $R;
            fn readers() -> &'static Readers<$R, $S> {
                static PLAIN: Readers<$R, $S> = readers!(plain, $plain, $S, dots [1 2] [1 2], in_place [1 2 3 4]);
                #[cfg(target_arch = "x86_64")]
                static AVX2: Readers<$R, $S> =
                    readers!(avx2, $half, $S, dots [1 2 3] [1 2 3 4], in_place [1 2 3 4 5 6]);
                #[cfg(target_arch = "x86_64")]
                static AVX512: Readers<$R, $S> =
                    readers!(avx512, $full, $S, dots [1 2 3 4] [1 2 3 4 5 6], in_place [1 2 3 4 5 6 7 8 9 10 11 12]);
                at_level!(PLAIN, AVX2, AVX512)
            }
        }
    };
}
readable!(f32, f32, Plain<f32, PLAIN32>, F32x8, F32x16);
readable!(f64, f64, Plain<f64, PLAIN64>, F64x4, F64x8);
readable!(f16, f32, Plain<f32, PLAIN32>, F32x8, F32x16);
readable!(bf16, f32, Plain<f32, PLAIN32>, F32x8, F32x16);
