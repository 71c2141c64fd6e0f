//! Element types, their names and sizes, and how two of them promote.

use half::{bf16, f16};
use num_complex::Complex32;

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum DType {
    /// One byte, zero is false and everything else is true.
    #[serde(rename = "bool")]
    Bool,
    /// Unsigned 8-bit integer.
    #[serde(rename = "uint8")]
    U8,
    /// Unsigned 16-bit integer.
    #[serde(rename = "uint16")]
    U16,
    /// Unsigned 32-bit integer.
    #[serde(rename = "uint32")]
    U32,
    /// Unsigned 64-bit integer.
    #[serde(rename = "uint64")]
    U64,
    /// Signed 8-bit integer.
    #[serde(rename = "int8")]
    I8,
    /// Signed 16-bit integer.
    #[serde(rename = "int16")]
    I16,
    /// Signed 32-bit integer.
    #[serde(rename = "int32")]
    I32,
    /// Signed 64-bit integer.
    #[serde(rename = "int64")]
    I64,
    /// IEEE 754 half precision.
    #[serde(rename = "float16")]
    F16,
    /// The upper half of an `F32`.
    #[serde(rename = "bfloat16")]
    Bf16,
    /// IEEE 754 single precision.
    #[serde(rename = "float32")]
    F32,
    /// IEEE 754 double precision.
    #[serde(rename = "float64")]
    F64,
    /// Two `F32`: real and imaginary part.
    #[serde(rename = "complex64")]
    C64,
}

/// What kind of number an element type holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Truth values.
    Bool,
    /// Unsigned integers.
    Unsigned,
    /// Signed integers.
    Signed,
    /// Real floating point.
    Float,
    /// Complex floating point.
    Complex,
}

impl DType {
    /// Every element type, in declaration order.
    pub const ALL: [DType; 14] = [
        DType::Bool,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::F16,
        DType::Bf16,
        DType::F32,
        DType::F64,
        DType::C64,
    ];

    /// Bytes per element.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            DType::Bool | DType::U8 | DType::I8 => 1,
            DType::U16 | DType::I16 | DType::F16 | DType::Bf16 => 2,
            DType::U32 | DType::I32 | DType::F32 => 4,
            DType::U64 | DType::I64 | DType::F64 | DType::C64 => 8,
        }
    }

    /// The kind of number it holds.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            DType::Bool => Kind::Bool,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => Kind::Unsigned,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => Kind::Signed,
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => Kind::Float,
            DType::C64 => Kind::Complex,
        }
    }

    /// True for signed and unsigned integers (not for `Bool`).
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::Unsigned | Kind::Signed)
    }

    /// True for real floating point types.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// True for real and complex floating point types.
    #[must_use]
    pub const fn is_inexact(self) -> bool {
        matches!(self.kind(), Kind::Float | Kind::Complex)
    }

    /// The name in both languages, as `float32`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "uint8",
            DType::U16 => "uint16",
            DType::U32 => "uint32",
            DType::U64 => "uint64",
            DType::I8 => "int8",
            DType::I16 => "int16",
            DType::I32 => "int32",
            DType::I64 => "int64",
            DType::F16 => "float16",
            DType::Bf16 => "bfloat16",
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::C64 => "complex64",
        }
    }

    /// The type in which `self` and `other` can be combined.
    ///
    /// Follows MLX: an integer with a float keeps the float's width, `uint64` with a signed integer
    /// and the two halves with each other meet in `float32`.
    ///
    /// ```
    /// use cotan_kernels::DType;
    /// assert_eq!(DType::U8.promote(DType::I8), DType::I16);
    /// assert_eq!(DType::I64.promote(DType::F16), DType::F16);
    /// assert_eq!(DType::U64.promote(DType::I8), DType::F32);
    /// ```
    #[must_use]
    pub fn promote(self, other: DType) -> DType {
        let (low, high) = if self <= other { (self, other) } else { (other, self) };
        if low == high {
            return low;
        }
        match (low.kind(), high.kind()) {
            (Kind::Unsigned, Kind::Signed) => match (low.size().max(high.size()), low.size()) {
                (_, 8) => DType::F32,
                // A signed type wider than the unsigned one holds all its values.
                (_, unsigned) if high.size() > unsigned => high,
                (1, _) => DType::I16,
                (2, _) => DType::I32,
                _ => DType::I64,
            },
            (Kind::Float, Kind::Float) if low == DType::F16 && high == DType::Bf16 => DType::F32,
            // Within a kind the order of declaration is the order of width; across kinds the higher kind wins.
            _ => high,
        }
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A truth value in an array: any byte but zero is true, so foreign memory can't make it invalid.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub struct Bool(pub u8);

impl Bool {
    /// The truth value as Rust's own type.
    #[must_use]
    #[inline(always)]
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    #[inline(always)]
    fn from(value: bool) -> Self {
        Bool(value as u8)
    }
}

impl PartialEq for Bool {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

/// A Rust type that arrays store. Every bit pattern of the right size is a valid value.
///
/// # Safety
/// Implementors are `DTYPE.size()` bytes of plain data without padding or invalid patterns.
pub unsafe trait Element: Copy + Send + Sync + std::fmt::Debug + PartialEq + Default + 'static {
    /// The element type it stores.
    const DTYPE: DType;
}

macro_rules! element {
    ($($rust:ty => $dtype:ident),* $(,)?) => {
        $(
            // SAFETY: plain data of the size that `DType::size` states.
            unsafe impl Element for $rust {
                const DTYPE: DType = DType::$dtype;
            }
            const _: () = assert!(size_of::<$rust>() == DType::$dtype.size());
        )*
    };
}
element! {
    Bool => Bool, u8 => U8, u16 => U16, u32 => U32, u64 => U64, i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    f16 => F16, bf16 => Bf16, f32 => F32, f64 => F64, Complex32 => C64,
}

/// Calls a generic function or block with the Rust type of a run-time [`DType`].
///
/// ```
/// use cotan_kernels::{DType, Element, with_dtype};
/// fn bytes<T: Element>() -> usize { size_of::<T>() }
/// assert_eq!(with_dtype!(DType::F64, T => bytes::<T>()), 8);
/// ```
#[macro_export]
macro_rules! with_dtype {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::Bool => {
                type $T = $crate::Bool;
                $body
            }
            $crate::DType::U8 => {
                type $T = u8;
                $body
            }
            $crate::DType::U16 => {
                type $T = u16;
                $body
            }
            $crate::DType::U32 => {
                type $T = u32;
                $body
            }
            $crate::DType::U64 => {
                type $T = u64;
                $body
            }
            $crate::DType::I8 => {
                type $T = i8;
                $body
            }
            $crate::DType::I16 => {
                type $T = i16;
                $body
            }
            $crate::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::DType::I64 => {
                type $T = i64;
                $body
            }
            $crate::DType::F16 => {
                type $T = $crate::f16;
                $body
            }
            $crate::DType::Bf16 => {
                type $T = $crate::bf16;
                $body
            }
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            $crate::DType::C64 => {
                type $T = $crate::Complex32;
                $body
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_matches_the_table() {
        let names = ["b", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64", "c64"];
        let table = "
            b   u8  u16  u32  u64   i8  i16  i32  i64  f16 bf16  f32  f64  c64
           u8   u8  u16  u32  u64  i16  i16  i32  i64  f16 bf16  f32  f64  c64
          u16  u16  u16  u32  u64  i32  i32  i32  i64  f16 bf16  f32  f64  c64
          u32  u32  u32  u32  u64  i64  i64  i64  i64  f16 bf16  f32  f64  c64
          u64  u64  u64  u64  u64  f32  f32  f32  f32  f16 bf16  f32  f64  c64
           i8  i16  i32  i64  f32   i8  i16  i32  i64  f16 bf16  f32  f64  c64
          i16  i16  i32  i64  f32  i16  i16  i32  i64  f16 bf16  f32  f64  c64
          i32  i32  i32  i64  f32  i32  i32  i32  i64  f16 bf16  f32  f64  c64
          i64  i64  i64  i64  f32  i64  i64  i64  i64  f16 bf16  f32  f64  c64
          f16  f16  f16  f16  f16  f16  f16  f16  f16  f16  f32  f32  f64  c64
         bf16 bf16 bf16 bf16 bf16 bf16 bf16 bf16 bf16  f32 bf16  f32  f64  c64
          f32  f32  f32  f32  f32  f32  f32  f32  f32  f32  f32  f32  f64  c64
          f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  c64
          c64  c64  c64  c64  c64  c64  c64  c64  c64  c64  c64  c64  c64  c64";
        let rows: Vec<Vec<&str>> = table.trim().lines().map(|row| row.split_whitespace().collect()).collect();
        for (i, a) in DType::ALL.into_iter().enumerate() {
            for (j, b) in DType::ALL.into_iter().enumerate() {
                let got = names[a.promote(b) as usize];
                assert_eq!(got, rows[i][j], "{a} with {b}");
            }
        }
    }
}
