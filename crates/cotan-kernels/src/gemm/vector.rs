//! The vector registers that the micro-kernels compute in.

use num_traits::Float;

use crate::{bf16, f16};

/// A number that kernels accumulate in.
pub trait Real: Float + Default + Send + Sync + std::fmt::Debug + 'static {
    /// Writes number `o` of slice `i` to `to[o * width + i]`, for four of each.
    ///
    /// # Safety
    /// Four elements are readable from each pointer, and writable at each row of `to`.
    #[inline(always)]
    unsafe fn transpose4(from: [*const Self; 4], to: *mut Self, width: usize) {
        for (i, from) in from.into_iter().enumerate() {
            for o in 0..4 {
                // SAFETY: the caller's memory.
                unsafe { *to.add(o * width + i) = *from.add(o) };
            }
        }
    }
}

impl Real for f32 {
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn transpose4(from: [*const f32; 4], to: *mut f32, width: usize) {
        use std::arch::x86_64::{_MM_TRANSPOSE4_PS, _mm_loadu_ps, _mm_storeu_ps};
        // SAFETY: the caller's memory; every x86-64 CPU has the instructions.
        unsafe {
            let [mut a, mut b, mut c, mut d] = from.map(|from| _mm_loadu_ps(from));
            _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
            _mm_storeu_ps(to, a);
            _mm_storeu_ps(to.add(width), b);
            _mm_storeu_ps(to.add(2 * width), c);
            _mm_storeu_ps(to.add(3 * width), d);
        }
    }
}

impl Real for f64 {}

/// A register of [`Vector::LANES`] reals.
///
/// # Safety
/// Callers of any method run on a machine with the register's instruction set, in a function compiled for it.
pub unsafe trait Vector: Copy + 'static {
    type Real: Real;
    const LANES: usize;
    unsafe fn splat(x: Self::Real) -> Self;
    unsafe fn load(from: *const Self::Real) -> Self;
    /// Loads the first `n < LANES` lanes, touches no memory beyond, and zeroes the other lanes.
    unsafe fn load_part(from: *const Self::Real, n: usize) -> Self;
    unsafe fn store(self, to: *mut Self::Real);
    /// Stores the first `n < LANES` lanes.
    unsafe fn store_part(self, to: *mut Self::Real, n: usize);
    /// `self * b + c`.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    unsafe fn mul(self, b: Self) -> Self;
    unsafe fn sum(self) -> Self::Real;
}

/// A register that can be filled from elements stored in another format.
///
/// # Safety
/// As for [`Vector`].
pub unsafe trait Load<S>: Vector {
    unsafe fn widen(from: *const S) -> Self;
    /// Widens the first `n < LANES` elements and zeroes the other lanes.
    unsafe fn widen_part(from: *const S, n: usize) -> Self;
}

/// A register in portable code; the compiler maps it to what the target's baseline has.
#[derive(Clone, Copy)]
pub struct Plain<R, const N: usize>([R; N]);

macro_rules! plain {
    ($R:ty) => {
        // SAFETY: needs no instruction set.
        unsafe impl<const N: usize> Vector for Plain<$R, N> {
            type Real = $R;
            const LANES: usize = N;
            #[inline(always)]
            unsafe fn splat(x: $R) -> Self {
                Plain([x; N])
            }
            #[inline(always)]
            unsafe fn load(from: *const $R) -> Self {
                // SAFETY: the caller's memory, of any alignment.
                Plain(unsafe { from.cast::<[$R; N]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn load_part(from: *const $R, n: usize) -> Self {
                let mut lanes = [0.0; N];
                for (i, lane) in lanes.iter_mut().enumerate().take(n) {
                    // SAFETY: below `n`, the caller's memory.
                    *lane = unsafe { *from.add(i) };
                }
                Plain(lanes)
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $R) {
                // SAFETY: the caller's memory, of any alignment.
                unsafe { to.cast::<[$R; N]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn store_part(self, to: *mut $R, n: usize) {
                for (i, &lane) in self.0.iter().enumerate().take(n) {
                    // SAFETY: below `n`, the caller's memory.
                    unsafe { *to.add(i) = lane };
                }
            }
            #[inline(always)]
            unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                let mut out = c.0;
                for i in 0..N {
                    // Elsewhere `mul_add` may be a library call.
                    out[i] = if cfg!(target_arch = "aarch64") {
                        self.0[i].mul_add(b.0[i], out[i])
                    } else {
                        self.0[i] * b.0[i] + out[i]
                    };
                }
                Plain(out)
            }
            #[inline(always)]
            unsafe fn mul(self, b: Self) -> Self {
                let mut out = self.0;
                for i in 0..N {
                    out[i] *= b.0[i];
                }
                Plain(out)
            }
            #[inline(always)]
            unsafe fn sum(self) -> $R {
                self.0.iter().sum()
            }
        }
    };
}
plain!(f32);
plain!(f64);

macro_rules! plain_half {
    ($S:ty) => {
        // SAFETY: needs no instruction set.
        unsafe impl<const N: usize> Load<$S> for Plain<f32, N> {
            #[inline(always)]
            unsafe fn widen(from: *const $S) -> Self {
                let mut lanes = [0.0; N];
                for (i, lane) in lanes.iter_mut().enumerate() {
                    // SAFETY: the caller's memory.
                    *lane = unsafe { (*from.add(i)).to_f32() };
                }
                Plain(lanes)
            }
            #[inline(always)]
            unsafe fn widen_part(from: *const $S, n: usize) -> Self {
                let mut lanes = [0.0; N];
                for (i, lane) in lanes.iter_mut().enumerate().take(n) {
                    // SAFETY: below `n`, the caller's memory.
                    *lane = unsafe { (*from.add(i)).to_f32() };
                }
                Plain(lanes)
            }
        }
    };
}
plain_half!(f16);
plain_half!(bf16);

// SAFETY: the two methods are those of `Vector`.
unsafe impl<R: Real, V: Vector<Real = R>> Load<R> for V {
    #[inline(always)]
    unsafe fn widen(from: *const R) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::load(from) }
    }
    #[inline(always)]
    unsafe fn widen_part(from: *const R, n: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::load_part(from, n) }
    }
}
