//! Micro-kernels: small blocks of the result held in registers, for each instruction set.

use super::vector::{Load, Plain, Real, Vector};
#[cfg(target_arch = "x86_64")]
use super::x86::{F32x8, F32x16, F64x4, F64x8};
use crate::simd::{Level, level};
use crate::{bf16, f16};

/// A block of the result with its operands: `c = alpha * a @ b + beta * c`.
#[derive(Clone, Copy)]
pub struct Tile<R> {
    pub k: usize,
    pub a: *const R,
    /// Distance between rows of `a`; unused by packed kernels.
    pub a_row: isize,
    /// Distance between columns of `a`; unused by packed kernels.
    pub a_col: isize,
    pub b: *const R,
    pub b_row: isize,
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

pub type TileFn<R> = unsafe fn(&Tile<R>);
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

/// The dot product kernels of one instruction set for elements stored as `S`.
pub struct DotKernels<R: 'static, S: 'static>(pub &'static [&'static [DotsFn<R, S>]]);

/// Real types with kernels.
pub trait Kerneled: Real {
    fn kernels() -> &'static Kernels<Self>;
}

/// Stored types with dot product kernels.
pub trait Dotted: Copy + Send + Sync + 'static {
    type Real: Kerneled;
    fn dots() -> &'static DotKernels<Self::Real, Self>;
}

/// # Safety
/// As for [`Vector`]; the operands are readable and `c` is writable over `M` rows and `t.cols` columns, and a packed `b`
/// over whole vectors. `t.cols` is in `(N - 1) * LANES + 1..=N * LANES`.
#[inline(always)]
unsafe fn tile<V: Vector, const M: usize, const N: usize, const PACKED: bool>(t: &Tile<V::Real>) {
    let last = t.cols - (N - 1) * V::LANES;
    let whole = last == V::LANES;
    let (mut a, mut b) = (t.a, t.b);
    // SAFETY: everything below touches rows `< M`, columns `< t.cols` (or whole packed vectors) and depth `< t.k` only.
    unsafe {
        let mut acc = [[V::splat(V::Real::default()); N]; M];
        let mut bs = [V::splat(V::Real::default()); N];
        macro_rules! sweep {
            ($load_last:expr) => {
                for _ in 0..t.k {
                    for j in 0..N - 1 {
                        bs[j] = V::load(b.add(j * V::LANES));
                    }
                    bs[N - 1] = $load_last;
                    for i in 0..M {
                        let x = V::splat(if PACKED { *a.add(i) } else { *a.offset(i as isize * t.a_row) });
                        for j in 0..N {
                            acc[i][j] = x.mul_add(bs[j], acc[i][j]);
                        }
                    }
                    a = if PACKED { a.add(M) } else { a.wrapping_offset(t.a_col) };
                    b = b.wrapping_offset(t.b_row);
                }
            };
        }
        if PACKED || whole {
            sweep!(V::load(b.add((N - 1) * V::LANES)));
        } else {
            sweep!(V::load_part(b.add((N - 1) * V::LANES), last));
        }
        let alpha = V::splat(t.alpha);
        let read = t.beta != V::Real::default();
        let beta = V::splat(t.beta);
        for i in 0..M {
            for j in 0..N {
                let at = t.c.add(i * t.c_row + j * V::LANES);
                let part = j == N - 1 && !whole;
                let mut sum = acc[i][j].mul(alpha);
                if read {
                    let old = if part { V::load_part(at, last) } else { V::load(at) };
                    sum = beta.mul_add(old, sum);
                }
                if part { sum.store_part(at, last) } else { sum.store(at) }
            }
        }
    }
}

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
                    let col: V = $widen(t.b.offset(j as isize * t.b_col).add(p));
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
        for i in 0..M {
            for j in 0..N {
                let at = t.c.add(i * t.c_row + j * t.c_col);
                let mut sum = t.alpha * acc[i][j].sum();
                if t.beta != V::Real::default() {
                    sum = sum + t.beta * *at;
                }
                *at = sum;
            }
        }
    }
}

macro_rules! compile {
    ($module:ident $(, $features:literal)?) => {
        mod $module {
            use super::{Dots, Load, Tile, Vector};

            $(#[target_feature(enable = $features)])?
            pub unsafe fn packed<V: Vector, const M: usize, const N: usize>(t: &Tile<V::Real>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::tile::<V, M, N, true>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn direct<V: Vector, const M: usize, const N: usize>(t: &Tile<V::Real>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::tile::<V, M, N, false>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn dots<V: Load<S>, S, const M: usize, const N: usize>(t: &Dots<V::Real, S>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::dots::<V, S, M, N>(t) }
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

/// Registers of two vectors on targets with 32 of them, one elsewhere.
const PLAIN32: usize = if cfg!(target_arch = "aarch64") { 8 } else { 4 };
const PLAIN64: usize = PLAIN32 / 2;

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
                match level() {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => &AVX512,
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => &AVX2,
                    #[cfg(not(target_arch = "x86_64"))]
                    Level::Avx512 | Level::Avx2 => &PLAIN,
                    Level::Neon | Level::Scalar => &PLAIN,
                }
            }
        }
    };
}
kerneled!(f32, Plain<f32, PLAIN32>, F32x8, F32x16);
kerneled!(f64, Plain<f64, PLAIN64>, F64x4, F64x8);

macro_rules! dotted {
    ($S:ty, $R:ty, $plain:ty, $half:ty, $full:ty) => {
        impl Dotted for $S {
            type Real = $R;
            fn dots() -> &'static DotKernels<$R, $S> {
                static PLAIN: DotKernels<$R, $S> = DotKernels(table!(plain::dots, [$plain, $S], [1 2], [1 2]));
                #[cfg(target_arch = "x86_64")]
                static AVX2: DotKernels<$R, $S> = DotKernels(table!(avx2::dots, [$half, $S], [1 2 3], [1 2 3 4]));
                #[cfg(target_arch = "x86_64")]
                static AVX512: DotKernels<$R, $S> =
                    DotKernels(table!(avx512::dots, [$full, $S], [1 2 3 4], [1 2 3 4 5 6]));
                match level() {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => &AVX512,
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => &AVX2,
                    #[cfg(not(target_arch = "x86_64"))]
                    Level::Avx512 | Level::Avx2 => &PLAIN,
                    Level::Neon | Level::Scalar => &PLAIN,
                }
            }
        }
    };
}
dotted!(f32, f32, Plain<f32, PLAIN32>, F32x8, F32x16);
dotted!(f64, f64, Plain<f64, PLAIN64>, F64x4, F64x8);
dotted!(f16, f32, Plain<f32, PLAIN32>, F32x8, F32x16);
dotted!(bf16, f32, Plain<f32, PLAIN32>, F32x8, F32x16);
