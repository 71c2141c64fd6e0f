//! Micro-kernels: small blocks of a result held in registers, for each instruction set.

use crate::Element;
#[cfg(target_arch = "x86_64")]
use crate::gemm::{F32x8, F32x16, F64x4, F64x8};
use crate::gemm::{Kerneled, PLAIN32, PLAIN64, Plain, Vector, at_level};

/// Rows of the largest block.
pub const ROWS: usize = 6;

/// A block of sums over windows: row `i` is that of `left[l][i][p] * right[l * run + p]` over all lines `l` and `p < run`.
pub struct Windows<R> {
    /// Where each row begins in each line; lines are `apart` pointers from each other.
    pub left: *const *const R,
    pub apart: usize,
    pub lines: usize,
    pub run: usize,
    /// Rows of whole vectors, one after another.
    pub right: *const R,
    /// Where each row of the result goes, from the column `col` on.
    pub out: *const *mut R,
    pub col: usize,
    /// Lanes of the last vector to write.
    pub last: usize,
    /// Whether sums are added to what is there.
    pub add: bool,
}

/// Places of a depthwise convolution: channel `c < width` of row `i` is the sum of
/// `data[at + i * step + c] * weights[tap + c]` over all pairs `[tap, at]`.
pub struct Taps<'a, R> {
    pub meets: &'a [[usize; 2]],
    pub data: *const R,
    pub weights: *const R,
    pub width: usize,
    pub step: isize,
    pub out: *mut R,
    pub out_step: isize,
}

/// Places of one channel: row `i` is the sum of `data[at + i * step + p] * weights[tap + p]` over all pairs `[tap, at]`
/// and `p < run`.
pub struct Dots<'a, R> {
    pub meets: &'a [[usize; 2]],
    pub data: *const R,
    pub weights: *const R,
    pub run: usize,
    pub step: isize,
    pub out: *mut R,
    pub out_step: isize,
}

type WindowsFn<R> = unsafe fn(&Windows<R>);

/// The kernels of one instruction set. Tables are indexed by (vectors - 1), where there is a choice, and (rows - 1).
pub struct Kernels<R: 'static> {
    pub lanes: usize,
    pub windows: &'static [[WindowsFn<R>; ROWS]],
    pub taps: [unsafe fn(&Taps<R>); ROWS],
    pub dots: [unsafe fn(&Dots<R>); ROWS],
}

/// Real types with kernels.
pub trait Convolved: Element + Kerneled {
    fn convolving() -> &'static Kernels<Self>;
}

/// # Safety
/// As for [`Vector`]; the pointers of `M` rows lead to as many elements as the sizes say, those of the result to `N`
/// vectors of which the last has `t.last` lanes.
#[inline(always)]
unsafe fn windows<V: Vector, const M: usize, const N: usize>(t: &Windows<V::Real>) {
    // SAFETY: everything below touches lines `< t.lines`, rows `< M` and elements `< t.run` only.
    unsafe {
        let mut sums = [[V::splat(V::Real::default()); N]; M];
        let (mut lefts, mut right) = (t.left, t.right);
        for _ in 0..t.lines {
            let left: [*const V::Real; M] = std::array::from_fn(|i| *lefts.add(i));
            for p in 0..t.run {
                let row: [V; N] = std::array::from_fn(|j| V::load(right.add(j * V::LANES)));
                for i in 0..M {
                    let x = V::splat(*left[i].add(p));
                    for j in 0..N {
                        sums[i][j] = x.mul_add(row[j], sums[i][j]);
                    }
                }
                right = right.add(N * V::LANES);
            }
            lefts = lefts.wrapping_add(t.apart);
        }
        for (i, sums) in sums.iter().enumerate() {
            write(sums, (*t.out.add(i)).add(t.col), t.last, t.add);
        }
    }
}

/// Writes sums, or adds them to what is there.
///
/// # Safety
/// As for [`Vector`]; `to` has `N` vectors of which the last has `last` lanes.
#[inline(always)]
unsafe fn write<V: Vector, const N: usize>(sums: &[V; N], to: *mut V::Real, last: usize, add: bool) {
    // SAFETY: the caller's memory.
    unsafe {
        let one = V::splat(num_traits::one());
        for (j, &sum) in sums.iter().enumerate() {
            let to = to.add(j * V::LANES);
            if j < N - 1 || last == V::LANES {
                if add { one.mul_add(V::load(to), sum) } else { sum }.store(to);
            } else {
                if add { one.mul_add(V::load_part(to, last), sum) } else { sum }.store_part(to, last);
            }
        }
    }
}

/// # Safety
/// As for [`Vector`]; what the pointers lead to is readable, or for the result writable, over `M` rows.
#[inline(always)]
unsafe fn taps<V: Vector, const M: usize>(t: &Taps<V::Real>) {
    let rest = t.width % V::LANES;
    // SAFETY: everything below touches rows `< M` and channels `< t.width` only.
    unsafe {
        macro_rules! register {
            ($c:expr, $load:expr, $store:expr) => {
                let mut sums = [V::splat(V::Real::default()); M];
                for &[tap, at] in t.meets {
                    let weight: V = $load(t.weights.add(tap + $c));
                    let data = t.data.wrapping_add(at + $c);
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum = weight.mul_add($load(data.wrapping_offset(i as isize * t.step)), *sum);
                    }
                }
                for (i, sum) in sums.into_iter().enumerate() {
                    $store(sum, t.out.wrapping_offset(i as isize * t.out_step).add($c));
                }
            };
        }
        for c in (0..t.width - rest).step_by(V::LANES) {
            register!(c, V::load, V::store);
        }
        if rest > 0 {
            register!(t.width - rest, |from| V::load_part(from, rest), |sum: V, to| sum.store_part(to, rest));
        }
    }
}

/// # Safety
/// As for [`taps`].
#[inline(always)]
unsafe fn dots<V: Vector, const M: usize>(t: &Dots<V::Real>) {
    let rest = t.run % V::LANES;
    // SAFETY: everything below touches rows `< M` and elements `< t.run` only.
    unsafe {
        let mut sums = [V::splat(V::Real::default()); M];
        for &[tap, at] in t.meets {
            let (weights, data) = (t.weights.add(tap), t.data.wrapping_add(at));
            macro_rules! register {
                ($p:expr, $load:expr) => {
                    let weight: V = $load(weights.add($p));
                    for (i, sum) in sums.iter_mut().enumerate() {
                        let data = data.wrapping_offset(i as isize * t.step).add($p);
                        *sum = weight.mul_add($load(data), *sum);
                    }
                };
            }
            for p in (0..t.run - rest).step_by(V::LANES) {
                register!(p, V::load);
            }
            if rest > 0 {
                register!(t.run - rest, |from| V::load_part(from, rest));
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            *t.out.wrapping_offset(i as isize * t.out_step) = sum.sum();
        }
    }
}

macro_rules! compile {
    ($module:ident $(, $features:literal)?) => {
        mod $module {
            use super::{Dots, Taps, Vector, Windows};

            $(#[target_feature(enable = $features)])?
            pub unsafe fn windows<V: Vector, const M: usize, const N: usize>(t: &Windows<V::Real>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::windows::<V, M, N>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn taps<V: Vector, const M: usize>(t: &Taps<V::Real>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::taps::<V, M>(t) }
            }

            $(#[target_feature(enable = $features)])?
            pub unsafe fn dots<V: Vector, const M: usize>(t: &Dots<V::Real>) {
                // SAFETY: the caller's promises are the same.
                unsafe { super::dots::<V, M>(t) }
            }
        }
    };
}
compile!(plain);
#[cfg(target_arch = "x86_64")]
compile!(avx2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
compile!(avx512, "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma");

/// A kernel for each number of rows, with the number of vectors if it is given.
macro_rules! rows {
    ($isa:ident::$kernel:ident, $V:ty $(, $n:literal)?) => {
        [
            $isa::$kernel::<$V, 1 $(, $n)?>,
            $isa::$kernel::<$V, 2 $(, $n)?>,
            $isa::$kernel::<$V, 3 $(, $n)?>,
            $isa::$kernel::<$V, 4 $(, $n)?>,
            $isa::$kernel::<$V, 5 $(, $n)?>,
            $isa::$kernel::<$V, 6 $(, $n)?>,
        ]
    };
}

macro_rules! kernels {
    ($isa:ident, $V:ty, [$($n:literal)*]) => {
        Kernels {
            lanes: <$V as Vector>::LANES,
            windows: &[$(rows!($isa::windows, $V, $n)),*],
            taps: rows!($isa::taps, $V),
            dots: rows!($isa::dots, $V),
        }
    };
}

macro_rules! convolved {
    ($R:ty, $plain:ty, $half:ty, $full:ty) => {
        impl Convolved for $R {
            fn convolving() -> &'static Kernels<$R> {
                static PLAIN: Kernels<$R> = kernels!(plain, $plain, [1 2]);
                #[cfg(target_arch = "x86_64")]
                static AVX2: Kernels<$R> = kernels!(avx2, $half, [1 2]);
                #[cfg(target_arch = "x86_64")]
                static AVX512: Kernels<$R> = kernels!(avx512, $full, [1 2 3 4]);
                at_level!(PLAIN, AVX2, AVX512)
            }
        }
    };
}
convolved!(f32, Plain<f32, PLAIN32>, F32x8, F32x16);
convolved!(f64, Plain<f64, PLAIN64>, F64x4, F64x8);
