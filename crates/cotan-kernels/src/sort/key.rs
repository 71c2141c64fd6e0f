//! Unsigned integers that order as the elements do.

use crate::lanes::Plain;
use crate::{Bool, Complex32, Element, bf16, f16};

/// An unsigned integer that radix sort can take apart.
pub(super) trait Bits: Plain + Ord + Default + 'static {
    const BYTES: usize;
    /// A number that orders as the key and, where keys are equal, as the index does.
    type Unique: Ord;
    fn with(self, index: u32) -> Self::Unique;
    /// The byte of significance `place`, 0 for the lowest.
    fn byte(self, place: usize) -> usize;
}

macro_rules! bits {
    ($($T:ty => $Unique:ty),*) => {
        $(impl Bits for $T {
            const BYTES: usize = size_of::<$T>();
            type Unique = $Unique;
            #[inline(always)]
            fn with(self, index: u32) -> $Unique {
                (<$Unique>::from(self) << 32) | <$Unique>::from(index)
            }
            #[inline(always)]
            fn byte(self, place: usize) -> usize {
                (self >> (8 * place)) as usize & 0xff
            }
        })*
    };
}
bits!(u8 => u64, u16 => u64, u32 => u64, u64 => u128);

/// An element that sorts: NaN after everything else, zeros of both signs alike, complex numbers by their real part and
/// then by their imaginary part.
pub(super) trait Key: Element {
    type Bits: Bits;
    fn key(self) -> Self::Bits;
}

macro_rules! key_int {
    ($($T:ty => $U:ty, $flip:expr);*) => {
        $(impl Key for $T {
            type Bits = $U;
            #[inline(always)]
            fn key(self) -> $U {
                self as $U ^ $flip
            }
        })*
    };
}
key_int!(u8 => u8, 0; u16 => u16, 0; u32 => u32, 0; u64 => u64, 0;
    i8 => u8, 1 << 7; i16 => u16, 1 << 15; i32 => u32, 1 << 31; i64 => u64, 1 << 63);

impl Key for Bool {
    type Bits = u8;
    #[inline(always)]
    fn key(self) -> u8 {
        u8::from(self.get())
    }
}

macro_rules! key_float {
    ($($T:ty => $U:ty, $infinity:expr);*) => {
        $(impl Key for $T {
            type Bits = $U;
            #[inline(always)]
            fn key(self) -> $U {
                const SIGN: $U = 1 << (<$U>::BITS - 1);
                let bits = self.to_bits();
                let magnitude = bits & !SIGN;
                // Negative numbers count down; both zeros become `SIGN`.
                let ordered = if bits & SIGN != 0 { SIGN - magnitude } else { SIGN + magnitude };
                if magnitude > $infinity { <$U>::MAX } else { ordered }
            }
        })*
    };
}
key_float!(f16 => u16, 0x7c00; bf16 => u16, 0x7f80; f32 => u32, 0x7f80_0000; f64 => u64, 0x7ff0_0000_0000_0000);

impl Key for Complex32 {
    type Bits = u64;
    #[inline(always)]
    fn key(self) -> u64 {
        (u64::from(self.re.key()) << 32) | u64::from(self.im.key())
    }
}

/// Something that sorts by a key.
pub(super) trait Keyed: Plain + Default {
    type Bits: Bits;
    fn bits(self) -> Self::Bits;
}

/// A key with the position it came from.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Place<K> {
    pub key: K,
    pub index: u32,
}

// SAFETY: integers only.
unsafe impl<K: Bits> Plain for Place<K> {}

impl<K: Bits> Keyed for Place<K> {
    type Bits = K;
    #[inline(always)]
    fn bits(self) -> K {
        self.key
    }
}

/// An element that sorts by its own key.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub(super) struct Own<T>(pub T);

// SAFETY: the element alone.
unsafe impl<T: Element> Plain for Own<T> {}

impl<T: Key> Keyed for Own<T> {
    type Bits = T::Bits;
    #[inline(always)]
    fn bits(self) -> T::Bits {
        self.0.key()
    }
}
