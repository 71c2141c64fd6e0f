//! One value of any element type, for constants and fill values.

use num_complex::Complex32;

use crate::cast::CastTo;
use crate::{DType, Element, with_dtype};

/// One element with its type. Equal scalars have the same type and the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Scalar {
    dtype: DType,
    bits: u64,
}

impl Scalar {
    /// Wraps a value.
    #[must_use]
    pub fn new<T: Element>(value: T) -> Scalar {
        let mut bytes = [0u8; 8];
        // SAFETY: an element is at most eight bytes of plain data.
        unsafe { std::ptr::copy_nonoverlapping((&raw const value).cast(), bytes.as_mut_ptr(), size_of::<T>()) };
        Scalar { dtype: T::DTYPE, bits: u64::from_ne_bytes(bytes) }
    }

    /// Its type.
    #[must_use]
    pub fn dtype(self) -> DType {
        self.dtype
    }

    /// Its bytes; the first `dtype().size()` count.
    #[must_use]
    pub fn bytes(self) -> [u8; 8] {
        self.bits.to_ne_bytes()
    }

    /// The value, when `T` is its type.
    #[must_use]
    pub fn get<T: Element>(self) -> Option<T> {
        if T::DTYPE != self.dtype {
            return None;
        }
        // SAFETY: every bit pattern is a valid element, and the type was compared.
        Some(unsafe { std::ptr::read_unaligned(self.bytes().as_ptr().cast()) })
    }

    /// The value converted as arrays convert: truncation toward zero, anything but zero is true.
    #[must_use]
    pub fn to<T: Element>(self) -> T
    where
        f64: CastTo<T>,
        i64: CastTo<T>,
        u64: CastTo<T>,
        Complex32: CastTo<T>,
    {
        with_dtype!(self.dtype, S => match self.dtype {
            DType::C64 => self.get::<Complex32>().unwrap_or_default().cast_to(),
            DType::U64 => self.get::<u64>().unwrap_or_default().cast_to(),
            d if d.is_integer() || d == DType::Bool => CastTo::<i64>::cast_to(self.get::<S>().unwrap_or_default()).cast_to(),
            _ => CastTo::<f64>::cast_to(self.get::<S>().unwrap_or_default()).cast_to(),
        })
    }

    /// The same value in another type.
    #[must_use]
    pub fn cast(self, dtype: DType) -> Scalar {
        with_dtype!(dtype, T => Scalar::new(self.to::<T>()))
    }

    /// Zero of a type.
    #[must_use]
    pub fn zero(dtype: DType) -> Scalar {
        Scalar { dtype, bits: 0 }
    }

    /// One of a type.
    #[must_use]
    pub fn one(dtype: DType) -> Scalar {
        Scalar::new(1i64).cast(dtype)
    }

    /// The smallest value of a type, negative infinity where it has one.
    #[must_use]
    pub fn lowest(dtype: DType) -> Scalar {
        Scalar::limit(dtype, f64::NEG_INFINITY, [0, i8::MIN as i64, i16::MIN as i64, i32::MIN as i64, i64::MIN])
    }

    /// The largest value of a type, infinity where it has one.
    #[must_use]
    pub fn highest(dtype: DType) -> Scalar {
        match dtype {
            DType::U64 => Scalar::new(u64::MAX),
            DType::U8 | DType::U16 | DType::U32 => Scalar::new((1i64 << (8 * dtype.size())) - 1).cast(dtype),
            _ => Scalar::limit(dtype, f64::INFINITY, [1, i8::MAX as i64, i16::MAX as i64, i32::MAX as i64, i64::MAX]),
        }
    }

    fn limit(dtype: DType, float: f64, [low, b1, b2, b4, b8]: [i64; 5]) -> Scalar {
        match dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => Scalar::new(float).cast(dtype),
            DType::C64 => Scalar::new(Complex32::new(float as f32, float as f32)),
            DType::I8 => Scalar::new(b1).cast(dtype),
            DType::I16 => Scalar::new(b2).cast(dtype),
            DType::I32 => Scalar::new(b4).cast(dtype),
            DType::I64 => Scalar::new(b8),
            DType::Bool | DType::U8 | DType::U16 | DType::U32 | DType::U64 => Scalar::new(low).cast(dtype),
        }
    }
}

impl std::fmt::Debug for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        with_dtype!(self.dtype, T => write!(f, "{:?}:{}", self.get::<T>().unwrap_or_default(), self.dtype))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_keep_what_the_target_can_hold() {
        assert_eq!(Scalar::new(u64::MAX).to::<u64>(), u64::MAX);
        assert_eq!(Scalar::new(-1i64).cast(DType::U8).get::<u8>(), Some(255));
        assert_eq!(Scalar::new(2.75f64).to::<i32>(), 2);
        assert_eq!(Scalar::new(Complex32::new(3.0, 4.0)).to::<f32>(), 3.0);
        assert!(Scalar::new(f64::NAN).to::<crate::Bool>().get());
    }
}
