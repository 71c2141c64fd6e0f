//! Arithmetic that reductions, scans and scatters share: wrapping integers, NaN that propagates, ordered complex numbers.

use num_complex::Complex;

use crate::simd::Half;
use crate::{Bool, Complex32, Element, bf16, f16};

/// What an accumulator can do. Integers wrap; truth values add as "or" and multiply as "and".
pub(crate) trait Arith: Copy + Send + Sync + 'static {
    /// Whether sums and products are the same in any order.
    const EXACT: bool;
    const ZERO: Self;
    const ONE: Self;
    /// What added to anything leaves every bit of it: for floats a negative zero.
    const NOTHING: Self;
    /// The identity of `max`.
    const LOWEST: Self;
    /// The identity of `min`.
    const HIGHEST: Self;
    fn add(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// True when `self` replaces `best` as the maximum: it is larger, or the first NaN.
    fn above(self, best: Self) -> bool;
    /// True when `self` replaces `best` as the minimum.
    fn below(self, best: Self) -> bool;
    fn is_nan(self) -> bool;

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // NaN on the left stays, as no comparison with it holds; NaN on the right is taken.
        if other.above(self) || other.is_nan() { other } else { self }
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if other.below(self) || other.is_nan() { other } else { self }
    }
}

macro_rules! arith_int {
    ($($T:ty),*) => {
        $(impl Arith for $T {
            const EXACT: bool = true;
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const NOTHING: Self = 0;
            const LOWEST: Self = <$T>::MIN;
            const HIGHEST: Self = <$T>::MAX;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn above(self, best: Self) -> bool {
                self > best
            }
            #[inline(always)]
            fn below(self, best: Self) -> bool {
                self < best
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }
        })*
    };
}
arith_int!(u8, u16, u32, u64, i8, i16, i32, i64);

macro_rules! arith_float {
    ($($T:ty),*) => {
        $(impl Arith for $T {
            const EXACT: bool = false;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NOTHING: Self = -0.0;
            const LOWEST: Self = <$T>::NEG_INFINITY;
            const HIGHEST: Self = <$T>::INFINITY;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self * other
            }
            #[inline(always)]
            fn above(self, best: Self) -> bool {
                self > best || (self.is_nan() && !best.is_nan())
            }
            #[inline(always)]
            fn below(self, best: Self) -> bool {
                self < best || (self.is_nan() && !best.is_nan())
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self != self
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // As x86 has it, the second where the two don't compare: one masked instruction, if the test for NaN is
                // spelled as equality.
                let larger = if self > other { self } else { other };
                if self == self { larger } else { self }
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                let smaller = if self < other { self } else { other };
                if self == self { smaller } else { self }
            }
        })*
    };
}
arith_float!(f32, f64);

macro_rules! arith_complex {
    ($($T:ident),*) => {
        $(impl Arith for Complex<$T> {
            const EXACT: bool = false;
            const ZERO: Self = Complex { re: 0.0, im: 0.0 };
            const ONE: Self = Complex { re: 1.0, im: 0.0 };
            const NOTHING: Self = Complex { re: -0.0, im: -0.0 };
            const LOWEST: Self = Complex { re: $T::NEG_INFINITY, im: $T::NEG_INFINITY };
            const HIGHEST: Self = Complex { re: $T::INFINITY, im: $T::INFINITY };
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Complex { re: self.re + other.re, im: self.im + other.im }
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Complex {
                    re: self.re * other.re - self.im * other.im,
                    im: self.re * other.im + self.im * other.re,
                }
            }
            #[inline(always)]
            fn above(self, best: Self) -> bool {
                let larger = self.re > best.re || (self.re == best.re && self.im > best.im);
                !best.is_nan() && (larger || self.is_nan())
            }
            #[inline(always)]
            fn below(self, best: Self) -> bool {
                let smaller = self.re < best.re || (self.re == best.re && self.im < best.im);
                !best.is_nan() && (smaller || self.is_nan())
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.re != self.re || self.im != self.im
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if other.above(self) { other } else { self }
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if other.below(self) { other } else { self }
            }
        })*
    };
}
arith_complex!(f32, f64);

impl Arith for Bool {
    const EXACT: bool = true;
    const ZERO: Self = Bool(0);
    const ONE: Self = Bool(1);
    const NOTHING: Self = Bool(0);
    const LOWEST: Self = Bool(0);
    const HIGHEST: Self = Bool(1);
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Bool::from(self.get() | other.get())
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Bool::from(self.get() & other.get())
    }
    #[inline(always)]
    fn above(self, best: Self) -> bool {
        self.get() & !best.get()
    }
    #[inline(always)]
    fn below(self, best: Self) -> bool {
        !self.get() & best.get()
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        false
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.add(other)
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.mul(other)
    }
}

/// An element and the type it is computed in: halves widen to `f32`, everything else stays.
pub(crate) trait Number: Element {
    type Wide: Arith;
    fn widen(self) -> Self::Wide;
    fn narrow(wide: Self::Wide) -> Self;
    fn is_true(self) -> bool;
}

macro_rules! number {
    ($($T:ty: $zero:expr),*) => {
        $(impl Number for $T {
            type Wide = $T;
            #[inline(always)]
            fn widen(self) -> $T {
                self
            }
            #[inline(always)]
            fn narrow(wide: $T) -> $T {
                wide
            }
            #[inline(always)]
            fn is_true(self) -> bool {
                self != $zero
            }
        })*
    };
}
number!(u8: 0, u16: 0, u32: 0, u64: 0, i8: 0, i16: 0, i32: 0, i64: 0, f32: 0.0, f64: 0.0);

impl Number for Bool {
    type Wide = Bool;
    #[inline(always)]
    fn widen(self) -> Bool {
        self
    }
    #[inline(always)]
    fn narrow(wide: Bool) -> Bool {
        wide
    }
    #[inline(always)]
    fn is_true(self) -> bool {
        self.get()
    }
}

impl Number for Complex32 {
    type Wide = Complex32;
    #[inline(always)]
    fn widen(self) -> Complex32 {
        self
    }
    #[inline(always)]
    fn narrow(wide: Complex32) -> Complex32 {
        wide
    }
    #[inline(always)]
    fn is_true(self) -> bool {
        self.re != 0.0 || self.im != 0.0
    }
}

macro_rules! half_number {
    ($($T:ty),*) => {
        $(impl Number for $T {
            type Wide = f32;
            #[inline(always)]
            fn widen(self) -> f32 {
                Half::widen(self)
            }
            #[inline(always)]
            fn narrow(wide: f32) -> $T {
                Half::narrow(wide)
            }
            #[inline(always)]
            fn is_true(self) -> bool {
                self.to_bits() << 1 != 0
            }
        })*
    };
}
half_number!(f16, bf16);
