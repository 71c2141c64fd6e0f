//! Conversion between element types.

use std::marker::PhantomData;

use half::{bf16, f16};
use num_complex::Complex32;

use crate::simd::{Half, Isa, Map1, Tile};
use crate::{Bool, DType, Element, with_dtype};

/// Conversion as arrays convert: integers wrap, floats truncate toward zero, anything but zero is true, and a complex
/// number drops its imaginary part.
pub trait CastTo<R>: Copy {
    /// Converts one element.
    fn cast_to(self) -> R;
}

macro_rules! cast_real {
    ($from:ty => $($to:ty),*) => {
        $(impl CastTo<$to> for $from {
            #[inline(always)]
            fn cast_to(self) -> $to {
                self as $to
            }
        })*
    };
}
macro_rules! cast_primitives {
    ($($from:ty),*) => {
        $(
            cast_real!($from => u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);
            impl CastTo<Bool> for $from {
                #[inline(always)]
                fn cast_to(self) -> Bool {
                    Bool::from(self != 0 as $from)
                }
            }
            impl CastTo<Complex32> for $from {
                #[inline(always)]
                fn cast_to(self) -> Complex32 {
                    Complex32::new(self as f32, 0.0)
                }
            }
            impl CastTo<$from> for Bool {
                #[inline(always)]
                fn cast_to(self) -> $from {
                    u8::from(self.get()) as $from
                }
            }
            impl CastTo<$from> for Complex32 {
                #[inline(always)]
                fn cast_to(self) -> $from {
                    self.re as $from
                }
            }
        )*
    };
}
cast_primitives!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

// A double is rounded to a half once, not through single precision.
macro_rules! cast_halves {
    ($($half:ty),*) => {
        $(
            cast_halves!(@from $half: u8, u16, u32, u64, i8, i16, i32, i64, f64);
            cast_halves!(@to $half: u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);
            impl CastTo<$half> for f32 {
                #[inline(always)]
                fn cast_to(self) -> $half {
                    Half::narrow(self)
                }
            }
            impl CastTo<$half> for Bool {
                #[inline(always)]
                fn cast_to(self) -> $half {
                    if self.get() { <$half>::ONE } else { <$half>::ZERO }
                }
            }
            impl CastTo<Bool> for $half {
                #[inline(always)]
                fn cast_to(self) -> Bool {
                    Bool::from(self.to_bits() << 1 != 0)
                }
            }
            impl CastTo<$half> for Complex32 {
                #[inline(always)]
                fn cast_to(self) -> $half {
                    self.re.cast_to()
                }
            }
            impl CastTo<Complex32> for $half {
                #[inline(always)]
                fn cast_to(self) -> Complex32 {
                    Complex32::new(self.widen(), 0.0)
                }
            }
        )*
    };
    (@from $half:ty: $($from:ty),*) => {
        $(impl CastTo<$half> for $from {
            #[inline(always)]
            fn cast_to(self) -> $half {
                <$half>::from_f64(self as f64)
            }
        })*
    };
    (@to $half:ty: $($to:ty),*) => {
        $(impl CastTo<$to> for $half {
            #[inline(always)]
            fn cast_to(self) -> $to {
                self.widen() as $to
            }
        })*
    };
}
cast_halves!(f16, bf16);

macro_rules! cast_same {
    ($($same:ty),*) => {
        $(impl CastTo<$same> for $same {
            #[inline(always)]
            fn cast_to(self) -> $same {
                self
            }
        })*
    };
}
cast_same!(Bool, f16, bf16, Complex32);

impl CastTo<bf16> for f16 {
    #[inline(always)]
    fn cast_to(self) -> bf16 {
        Half::narrow(self.widen())
    }
}
impl CastTo<f16> for bf16 {
    #[inline(always)]
    fn cast_to(self) -> f16 {
        Half::narrow(self.widen())
    }
}
impl CastTo<Bool> for Complex32 {
    #[inline(always)]
    fn cast_to(self) -> Bool {
        Bool::from(self.re != 0.0 || self.im != 0.0)
    }
}
impl CastTo<Complex32> for Bool {
    #[inline(always)]
    fn cast_to(self) -> Complex32 {
        Complex32::new(self.cast_to(), 0.0)
    }
}

/// The conversion as a tile kernel's scalar.
#[derive(Clone, Copy)]
struct Cast<A, R>(PhantomData<(A, R)>);

impl<A: Element + CastTo<R>, R: Element> Map1<A, R> for Cast<A, R> {
    #[inline(always)]
    fn call<I: Isa>(value: A) -> R {
        value.cast_to()
    }
}

/// The kernel that converts tiles of one type to another.
#[must_use]
pub fn cast_tile(from: DType, to: DType) -> Tile {
    with_dtype!(from, A => with_dtype!(to, R => Tile::map1::<A, R, Cast<A, R>>()))
}
