//! Accuracy and special values of the mathematical functions, at every level that the machine has.

mod complex;
mod double;
mod limits;
mod single;

use super::isa::{Isa, Level};
use super::tile::{Map1, Map2, Tile};
use super::{Float, maps};
use crate::Element;

macro_rules! unary {
    ($($Name:ident $call:ident)*) => {
        $(
            #[derive(Clone, Copy)]
            pub struct $Name;
            impl<T: Float> Map1<T, T> for $Name {
                #[inline(always)]
                fn call<I: Isa>(x: T) -> T {
                    x.$call::<I>()
                }
            }
        )*

        /// Applies the function of this name to each element.
        fn unary<T: Float>(level: Level, name: &str, x: &[T]) -> Option<Vec<T>> {
            Some(match name {
                $(stringify!($call) => map1::<T, T, $Name>(level, x),)*
                "sin, chunkwise" => map1::<T, T, maps::Sin>(level, x),
                "cos, chunkwise" => map1::<T, T, maps::Cos>(level, x),
                "tan, chunkwise" => map1::<T, T, maps::Tan>(level, x),
                _ => return None,
            })
        }
    };
}
unary! {
    Exp exp Exp2 exp2 Expm1 expm1 Log log Log2 log2 Log10 log10 Log1p log1p Sin sin Cos cos Tan tan Asin asin Acos acos
    Atan atan Sinh sinh Cosh cosh Tanh tanh Asinh asinh Acosh acosh Atanh atanh Erf erf Erfinv erfinv Sigmoid sigmoid
    Rsqrt rsqrt Sqrt sqrt Floor floor Ceil ceil Trunc trunc Rint rint
}

macro_rules! binary {
    ($($Name:ident $call:ident)*) => {
        $(
            #[derive(Clone, Copy)]
            pub struct $Name;
            impl<T: Float> Map2<T, T, T> for $Name {
                #[inline(always)]
                fn call<I: Isa>(x: T, y: T) -> T {
                    x.$call::<I>(y)
                }
            }
        )*

        /// Applies the function of this name to pairs of elements.
        fn binary<T: Float>(level: Level, name: &str, x: &[T], y: &[T]) -> Option<Vec<T>> {
            Some(match name {
                $(stringify!($call) => map2::<T, T, T, $Name>(level, x, y),)*
                "remainder, chunkwise" => map2::<T, T, T, maps::Remainder>(level, x, y),
                _ => return None,
            })
        }
    };
}
binary! { Pow pow Atan2 atan2 Logaddexp logaddexp Remainder remainder FloorDiv floor_div }

fn map1<A: Element, R: Element, M: Map1<A, R>>(level: Level, x: &[A]) -> Vec<R> {
    let mut out = vec![R::default(); x.len()];
    // SAFETY: both slices have the same length.
    unsafe { Tile::map1_at::<A, R, M>(level).run(&[x.as_ptr().cast()], out.as_mut_ptr().cast(), x.len()) };
    out
}

fn map2<A: Element, B: Element, R: Element, M: Map2<A, B, R>>(level: Level, x: &[A], y: &[B]) -> Vec<R> {
    assert_eq!(x.len(), y.len());
    let mut out = vec![R::default(); x.len()];
    let src = [x.as_ptr().cast(), y.as_ptr().cast()];
    // SAFETY: all slices have the same length.
    unsafe { Tile::map2_at::<A, B, R, M>(level).run(&src, out.as_mut_ptr().cast(), x.len()) };
    out
}
