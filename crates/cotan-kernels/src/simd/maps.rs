//! Functions of [`Float`] that have a cheaper formula for most arguments, ready for [`Tile`](super::Tile).

use super::float::Float;
use super::isa::Isa;
use super::tile::{Map1, Map2};

macro_rules! angle {
    ($($(#[$doc:meta])* $Name:ident, $call:ident, $near:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $Name;

            impl<T: Float> Map1<T, T> for $Name {
                #[inline(always)]
                fn call<I: Isa>(a: T) -> T {
                    a.$call::<I>()
                }
                #[inline(always)]
                fn is_near<I: Isa>(a: T) -> bool {
                    a.is_near_angle::<I>()
                }
                #[inline(always)]
                fn call_near<I: Isa>(a: T) -> T {
                    a.$near::<I>()
                }
            }
        )*
    };
}
angle! {
    /// [`Float::sin`]; huge angles slow down only the chunk that has one.
    Sin, sin, sin_near;
    /// [`Float::cos`]; huge angles slow down only the chunk that has one.
    Cos, cos, cos_near;
    /// [`Float::tan`]; huge angles slow down only the chunk that has one.
    Tan, tan, tan_near;
}

/// [`Float::remainder`]; huge quotients slow down only the chunk that has one.
#[derive(Clone, Copy, Debug)]
pub struct Remainder;

impl<T: Float> Map2<T, T, T> for Remainder {
    #[inline(always)]
    fn call<I: Isa>(a: T, b: T) -> T {
        a.remainder::<I>(b)
    }
    #[inline(always)]
    fn is_near<I: Isa>(a: T, b: T) -> bool {
        a.is_near_divisor::<I>(b)
    }
    #[inline(always)]
    fn call_near<I: Isa>(a: T, b: T) -> T {
        a.remainder_near::<I>(b)
    }
}
