//! How values combine in each reduction.

use num_complex::Complex;

use crate::arith::{Arith, Number};
use crate::{Bool, Complex32, Element, bf16, f16};

/// How values of type `T` combine.
pub(super) trait Fold<T>: 'static {
    /// Combines the values of one tile.
    type Lane: Copy;
    /// Combines tiles; may be wider than a lane.
    type Acc: Copy;
    type Out: Element;
    const EMPTY: Self::Lane;
    fn lift(value: T) -> Self::Lane;
    fn join(a: Self::Lane, b: Self::Lane) -> Self::Lane;
    fn promote(lane: Self::Lane) -> Self::Acc;
    fn merge(a: Self::Acc, b: Self::Acc) -> Self::Acc;
    fn finish(acc: Self::Acc) -> Self::Out;
}

/// Accumulators are wider than lanes for `f32` and halves: a tile's sum is in single precision, the sum of tiles in
/// double precision, so the error does not grow with the length.
pub(super) trait Summand: Number {
    type Lane: Arith;
    type Acc: Arith;
    fn lift(self) -> Self::Lane;
    fn promote(lane: Self::Lane) -> Self::Acc;
    fn finish(acc: Self::Acc) -> Self;
}

macro_rules! summand_self {
    ($($T:ty),*) => {
        $(impl Summand for $T {
            type Lane = $T;
            type Acc = $T;
            #[inline(always)]
            fn lift(self) -> $T {
                self
            }
            #[inline(always)]
            fn promote(lane: $T) -> $T {
                lane
            }
            #[inline(always)]
            fn finish(acc: $T) -> $T {
                acc
            }
        })*
    };
}
summand_self!(Bool, u8, u16, u32, u64, f64);

macro_rules! summand_f32 {
    ($($T:ty: $finish:expr),*) => {
        $(impl Summand for $T {
            type Lane = f32;
            type Acc = f64;
            #[inline(always)]
            fn lift(self) -> f32 {
                self.widen()
            }
            #[inline(always)]
            fn promote(lane: f32) -> f64 {
                f64::from(lane)
            }
            #[inline(always)]
            fn finish(acc: f64) -> $T {
                $finish(acc)
            }
        })*
    };
}
summand_f32!(f32: |acc| acc as f32, f16: f16::from_f64, bf16: bf16::from_f64);

impl Summand for Complex32 {
    type Lane = Complex32;
    type Acc = Complex<f64>;
    #[inline(always)]
    fn lift(self) -> Complex32 {
        self
    }
    #[inline(always)]
    fn promote(lane: Complex32) -> Complex<f64> {
        Complex::new(f64::from(lane.re), f64::from(lane.im))
    }
    #[inline(always)]
    fn finish(acc: Complex<f64>) -> Complex32 {
        Complex::new(acc.re as f32, acc.im as f32)
    }
}

pub(super) struct Sum;
impl<T: Summand> Fold<T> for Sum {
    type Lane = T::Lane;
    type Acc = T::Acc;
    type Out = T;
    const EMPTY: T::Lane = T::Lane::ZERO;
    #[inline(always)]
    fn lift(value: T) -> T::Lane {
        value.lift()
    }
    #[inline(always)]
    fn join(a: T::Lane, b: T::Lane) -> T::Lane {
        a.add(b)
    }
    #[inline(always)]
    fn promote(lane: T::Lane) -> T::Acc {
        T::promote(lane)
    }
    #[inline(always)]
    fn merge(a: T::Acc, b: T::Acc) -> T::Acc {
        a.add(b)
    }
    #[inline(always)]
    fn finish(acc: T::Acc) -> T {
        T::finish(acc)
    }
}

/// Products use the wide accumulator throughout, or a lane could overflow though the whole product does not.
pub(super) struct Prod;
impl<T: Summand> Fold<T> for Prod {
    type Lane = T::Acc;
    type Acc = T::Acc;
    type Out = T;
    const EMPTY: T::Acc = T::Acc::ONE;
    #[inline(always)]
    fn lift(value: T) -> T::Acc {
        T::promote(value.lift())
    }
    #[inline(always)]
    fn join(a: T::Acc, b: T::Acc) -> T::Acc {
        a.mul(b)
    }
    #[inline(always)]
    fn promote(lane: T::Acc) -> T::Acc {
        lane
    }
    #[inline(always)]
    fn merge(a: T::Acc, b: T::Acc) -> T::Acc {
        a.mul(b)
    }
    #[inline(always)]
    fn finish(acc: T::Acc) -> T {
        T::finish(acc)
    }
}

macro_rules! extremum {
    ($name:ident, $empty:ident, $join:ident) => {
        pub(super) struct $name;
        impl<T: Number> Fold<T> for $name {
            type Lane = T::Wide;
            type Acc = T::Wide;
            type Out = T;
            const EMPTY: T::Wide = T::Wide::$empty;
            #[inline(always)]
            fn lift(value: T) -> T::Wide {
                value.widen()
            }
            #[inline(always)]
            fn join(a: T::Wide, b: T::Wide) -> T::Wide {
                a.$join(b)
            }
            #[inline(always)]
            fn promote(lane: T::Wide) -> T::Wide {
                lane
            }
            #[inline(always)]
            fn merge(a: T::Wide, b: T::Wide) -> T::Wide {
                a.$join(b)
            }
            #[inline(always)]
            fn finish(acc: T::Wide) -> T {
                T::narrow(acc)
            }
        }
    };
}
extremum!(Max, LOWEST, max);
extremum!(Min, HIGHEST, min);

macro_rules! truth {
    ($name:ident, $empty:expr, $op:tt) => {
        pub(super) struct $name;
        impl<T: Number> Fold<T> for $name {
            type Lane = u8;
            type Acc = u8;
            type Out = Bool;
            const EMPTY: u8 = $empty;
            #[inline(always)]
            fn lift(value: T) -> u8 {
                u8::from(value.is_true())
            }
            #[inline(always)]
            fn join(a: u8, b: u8) -> u8 {
                a $op b
            }
            #[inline(always)]
            fn promote(lane: u8) -> u8 {
                lane
            }
            #[inline(always)]
            fn merge(a: u8, b: u8) -> u8 {
                a $op b
            }
            #[inline(always)]
            fn finish(acc: u8) -> Bool {
                Bool(acc)
            }
        }
    };
}
truth!(All, 1, &);
truth!(Any, 0, |);
