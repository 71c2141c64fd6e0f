//! Elementwise operations of one argument: each names its scalar and its slope.

use cotan_kernels::simd::{self, ComplexMath, Float, Isa, Map1, Tile};
use cotan_kernels::{Bool, Complex32, DType, Kind, Tensor};
use smallvec::smallvec;

use super::elementwise::number;
use super::{Batched, Op, Primitive, Site, Tangents, astype, elementwise};
use super::{add, divide, multiply, subtract, where_};
use crate::array::{Array, Spec};
use crate::error::{Error, Result};

/// An elementwise operation of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Unary(pub UnaryOp);

/// Makes a scalar function a kernel for the listed types.
macro_rules! scalar {
    ($name:ident: $($from:ty => $to:ty),+; |$x:ident| $body:expr) => {
        $(impl Map1<$from, $to> for $name {
            #[inline(always)]
            fn call<I: Isa>($x: $from) -> $to {
                $body
            }
        })+
    };
}

macro_rules! complex_scalar {
    ($name:ident none) => {};
    ($name:ident $func:ident) => {
        scalar!($name: Complex32 => Complex32; |z| ComplexMath::$func::<I>(z));
    };
}

macro_rules! complex_tile {
    ($name:ident none) => {
        None
    };
    ($name:ident $func:ident) => {
        Some(Tile::map1::<Complex32, Complex32, kernel::$name>())
    };
}

/// Declares the mathematical functions: integers become `float32`, every other type keeps its own.
///
/// A row is: variant, public function, its scalars on floats and on complex numbers, and the slope dy/dx.
macro_rules! math {
    ($($(#[$doc:meta])* $variant:ident $func:ident: real $real:ident, complex $complex:ident, slope |$x:pat_param, $y:pat_param| $slope:expr;)*) => {
        /// Which operation.
        #[allow(missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum UnaryOp {
            $($variant,)*
            Negative, Abs, Sign, Floor, Ceil, Trunc, Round, Square, BitwiseInvert, LogicalNot, Conj, Real, Imag, ToFp8, FromFp8,
        }

        mod kernel {
            use super::*;
            $(
                #[derive(Clone, Copy)]
                pub struct $variant;
                scalar!($variant: f32 => f32, f64 => f64; |x| Float::$real::<I>(x));
                complex_scalar!($variant $complex);
            )*
        }

        impl UnaryOp {
            /// The name of its function.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(UnaryOp::$variant => stringify!($func),)*
                    UnaryOp::Negative => "negative",
                    UnaryOp::Abs => "abs",
                    UnaryOp::Sign => "sign",
                    UnaryOp::Floor => "floor",
                    UnaryOp::Ceil => "ceil",
                    UnaryOp::Trunc => "trunc",
                    UnaryOp::Round => "round",
                    UnaryOp::Square => "square",
                    UnaryOp::BitwiseInvert => "bitwise_invert",
                    UnaryOp::LogicalNot => "logical_not",
                    UnaryOp::Conj => "conj",
                    UnaryOp::Real => "real",
                    UnaryOp::Imag => "imag",
                    UnaryOp::ToFp8 => "to_fp8",
                    UnaryOp::FromFp8 => "from_fp8",
                }
            }

            /// The kernel for elements of `dtype`; halves are computed in `float32` and have none of their own.
            pub(crate) fn tile(self, dtype: DType) -> Option<Tile> {
                if let Some(tile) = angle_tile(self, dtype) {
                    return Some(tile);
                }
                match self {
                    $(UnaryOp::$variant => match dtype {
                        DType::F32 => Some(Tile::map1::<f32, f32, kernel::$variant>()),
                        DType::F64 => Some(Tile::map1::<f64, f64, kernel::$variant>()),
                        DType::C64 => complex_tile!($variant $complex),
                        _ => None,
                    },)*
                    UnaryOp::Negative => arithmetic::negative(dtype),
                    UnaryOp::Abs => arithmetic::abs(dtype),
                    UnaryOp::Sign => arithmetic::sign(dtype),
                    UnaryOp::Square => arithmetic::square(dtype),
                    UnaryOp::BitwiseInvert => arithmetic::invert(dtype),
                    UnaryOp::Floor => arithmetic::floor(dtype),
                    UnaryOp::Ceil => arithmetic::ceil(dtype),
                    UnaryOp::Trunc => arithmetic::trunc(dtype),
                    UnaryOp::Round => arithmetic::round(dtype),
                    UnaryOp::LogicalNot => arithmetic::logical_not(dtype),
                    UnaryOp::Conj => arithmetic::conj(dtype),
                    UnaryOp::Real => arithmetic::real(dtype),
                    UnaryOp::Imag => arithmetic::imag(dtype),
                    UnaryOp::ToFp8 => super::fp8::encode_tile(dtype),
                    UnaryOp::FromFp8 => super::fp8::decode_tile(dtype),
                }
            }

            /// dy/dx from the argument and the result; `None` where it is zero or needs both parts of a complex number.
            fn slope(self, x: &Array, y: &Array) -> Result<Option<Array>> {
                Ok(Some(match self {
                    $(UnaryOp::$variant => {
                        let slope: fn(&Array, &Array) -> Result<Array> = |$x, $y| $slope;
                        slope(x, y)?
                    })*
                    UnaryOp::Square => multiply(x, &number(x, 2.0))?,
                    UnaryOp::Negative => number(x, -1.0),
                    UnaryOp::Abs => sign(x)?,
                    UnaryOp::Conj | UnaryOp::Real => number(x, 1.0),
                    UnaryOp::Sign | UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc | UnaryOp::Round
                    | UnaryOp::BitwiseInvert | UnaryOp::LogicalNot | UnaryOp::Imag | UnaryOp::ToFp8
                    | UnaryOp::FromFp8 => return Ok(None),
                }))
            }
        }

        $(
            $(#[$doc])*
            ///
            /// Integers give `float32`, every other type keeps its own.
            ///
            /// # Errors
            /// When the function has no meaning for the element type.
            pub fn $func(a: &Array) -> Result<Array> {
                apply(UnaryOp::$variant, &inexact(a)?)
            }
        )*
    };
}

math! {
    /// The square root; NaN below zero.
    Sqrt sqrt: real sqrt, complex sqrt, slope |x, y| divide(&number(x, 0.5), y);
    /// One over the square root.
    Rsqrt rsqrt: real rsqrt, complex rsqrt, slope |x, y| multiply(&divide(y, x)?, &number(x, -0.5));
    /// e to the power of x.
    Exp exp: real exp, complex exp, slope |_, y| Ok(y.clone());
    /// `exp(x) - 1`, accurate near zero.
    Expm1 expm1: real expm1, complex expm1, slope |x, y| add(y, &number(x, 1.0));
    /// The natural logarithm.
    Log log: real log, complex log, slope |x, _| reciprocal(x);
    /// The logarithm to base 2.
    Log2 log2: real log2, complex log2, slope |x, _| divide(&number(x, std::f64::consts::LOG2_E), x);
    /// The logarithm to base 10.
    Log10 log10: real log10, complex log10, slope |x, _| divide(&number(x, std::f64::consts::LOG10_E), x);
    /// `log(1 + x)`, accurate near zero.
    Log1p log1p: real log1p, complex log1p, slope |x, _| reciprocal(&add(x, &number(x, 1.0))?);
    /// The sine of an angle in radians.
    Sin sin: real sin, complex sin, slope |x, _| cos(x);
    /// The cosine of an angle in radians.
    Cos cos: real cos, complex cos, slope |x, _| negative(&sin(x)?);
    /// The tangent of an angle in radians.
    Tan tan: real tan, complex tan, slope |x, y| add(&square(y)?, &number(x, 1.0));
    /// The angle in radians with this sine.
    Arcsin arcsin: real asin, complex asin, slope |x, _| rsqrt(&subtract(&number(x, 1.0), &square(x)?)?);
    /// The angle in radians with this cosine.
    Arccos arccos: real acos, complex acos, slope |x, _| negative(&rsqrt(&subtract(&number(x, 1.0), &square(x)?)?)?);
    /// The angle in radians with this tangent.
    Arctan arctan: real atan, complex atan, slope |x, _| reciprocal(&add(&square(x)?, &number(x, 1.0))?);
    /// The hyperbolic sine.
    Sinh sinh: real sinh, complex sinh, slope |x, _| cosh(x);
    /// The hyperbolic cosine.
    Cosh cosh: real cosh, complex cosh, slope |x, _| sinh(x);
    /// The hyperbolic tangent.
    Tanh tanh: real tanh, complex tanh, slope |x, y| subtract(&number(x, 1.0), &square(y)?);
    /// The inverse hyperbolic sine.
    Arcsinh arcsinh: real asinh, complex asinh, slope |x, _| rsqrt(&add(&square(x)?, &number(x, 1.0))?);
    /// The inverse hyperbolic cosine.
    // Two roots, not one of the product: their branch cuts are those of the function.
    Arccosh arccosh: real acosh, complex acosh,
        slope |x, _| multiply(&rsqrt(&subtract(x, &number(x, 1.0))?)?, &rsqrt(&add(x, &number(x, 1.0))?)?);
    /// The inverse hyperbolic tangent.
    Arctanh arctanh: real atanh, complex atanh, slope |x, _| reciprocal(&subtract(&number(x, 1.0), &square(x)?)?);
    /// The error function.
    Erf erf: real erf, complex none, slope |x, _| gauss(x, std::f64::consts::FRAC_2_SQRT_PI, -1.0);
    /// The inverse of the error function; infinite at -1 and 1, NaN outside.
    Erfinv erfinv: real erfinv, complex none, slope |_, y| gauss(y, 1.0 / std::f64::consts::FRAC_2_SQRT_PI, 1.0);
    /// The logistic function `1 / (1 + exp(-x))`.
    Sigmoid sigmoid: real sigmoid, complex none, slope |x, y| multiply(y, &subtract(&number(x, 1.0), y)?);
}

/// Kernels with a cheaper formula for chunks without huge angles.
fn angle_tile(op: UnaryOp, dtype: DType) -> Option<Tile> {
    match (op, dtype) {
        (UnaryOp::Sin, DType::F32) => Some(Tile::map1::<f32, f32, simd::Sin>()),
        (UnaryOp::Sin, DType::F64) => Some(Tile::map1::<f64, f64, simd::Sin>()),
        (UnaryOp::Cos, DType::F32) => Some(Tile::map1::<f32, f32, simd::Cos>()),
        (UnaryOp::Cos, DType::F64) => Some(Tile::map1::<f64, f64, simd::Cos>()),
        (UnaryOp::Tan, DType::F32) => Some(Tile::map1::<f32, f32, simd::Tan>()),
        (UnaryOp::Tan, DType::F64) => Some(Tile::map1::<f64, f64, simd::Tan>()),
        _ => None,
    }
}

/// `scale * exp(sign * x^2)`.
fn gauss(x: &Array, scale: f64, sign: f64) -> Result<Array> {
    multiply(&exp(&multiply(&square(x)?, &number(x, sign))?)?, &number(x, scale))
}

/// Kernels that integers have too.
mod arithmetic {
    use super::*;

    /// Declares a kernel and the function that finds it: floats, complex numbers, signed and unsigned integers, bool.
    macro_rules! kernel {
        ($find:ident $name:ident { $($from:ty: $dtype:ident => $to:ty, |$x:ident| $body:expr;)* }) => {
            #[derive(Clone, Copy)]
            struct $name;
            $(scalar!($name: $from => $to; |$x| $body);)*
            pub fn $find(dtype: DType) -> Option<Tile> {
                match dtype {
                    $(DType::$dtype => Some(Tile::map1::<$from, $to, $name>()),)*
                    #[allow(unreachable_patterns)]
                    _ => None,
                }
            }
        };
    }

    kernel!(negative Negative {
        f32: F32 => f32, |x| -x; f64: F64 => f64, |x| -x; Complex32: C64 => Complex32, |x| -x;
        i8: I8 => i8, |x| x.wrapping_neg(); i16: I16 => i16, |x| x.wrapping_neg();
        i32: I32 => i32, |x| x.wrapping_neg(); i64: I64 => i64, |x| x.wrapping_neg();
        u8: U8 => u8, |x| x.wrapping_neg(); u16: U16 => u16, |x| x.wrapping_neg();
        u32: U32 => u32, |x| x.wrapping_neg(); u64: U64 => u64, |x| x.wrapping_neg();
    });
    kernel!(abs Abs {
        f32: F32 => f32, |x| Float::abs::<I>(x); f64: F64 => f64, |x| Float::abs::<I>(x);
        Complex32: C64 => f32, |z| ComplexMath::abs::<I>(z);
        i8: I8 => i8, |x| x.wrapping_abs(); i16: I16 => i16, |x| x.wrapping_abs();
        i32: I32 => i32, |x| x.wrapping_abs(); i64: I64 => i64, |x| x.wrapping_abs();
        u8: U8 => u8, |x| x; u16: U16 => u16, |x| x; u32: U32 => u32, |x| x; u64: U64 => u64, |x| x;
        Bool: Bool => Bool, |x| x;
    });
    // The sign of NaN is 0, as MLX has it; and so is that of -0.
    kernel!(sign Sign {
        f32: F32 => f32, |x| f32::from(u8::from(x > 0.0)) - f32::from(u8::from(x < 0.0));
        f64: F64 => f64, |x| f64::from(u8::from(x > 0.0)) - f64::from(u8::from(x < 0.0));
        Complex32: C64 => Complex32, |z| ComplexMath::sign::<I>(z);
        i8: I8 => i8, |x| x.signum(); i16: I16 => i16, |x| x.signum();
        i32: I32 => i32, |x| x.signum(); i64: I64 => i64, |x| x.signum();
        u8: U8 => u8, |x| x.min(1); u16: U16 => u16, |x| x.min(1); u32: U32 => u32, |x| x.min(1); u64: U64 => u64, |x| x.min(1);
        Bool: Bool => Bool, |x| x;
    });
    kernel!(square Square {
        f32: F32 => f32, |x| x * x; f64: F64 => f64, |x| x * x; Complex32: C64 => Complex32, |z| ComplexMath::mul::<I>(z, z);
        i8: I8 => i8, |x| x.wrapping_mul(x); i16: I16 => i16, |x| x.wrapping_mul(x);
        i32: I32 => i32, |x| x.wrapping_mul(x); i64: I64 => i64, |x| x.wrapping_mul(x);
        u8: U8 => u8, |x| x.wrapping_mul(x); u16: U16 => u16, |x| x.wrapping_mul(x);
        u32: U32 => u32, |x| x.wrapping_mul(x); u64: U64 => u64, |x| x.wrapping_mul(x);
        Bool: Bool => Bool, |x| x;
    });
    kernel!(invert Invert {
        i8: I8 => i8, |x| !x; i16: I16 => i16, |x| !x; i32: I32 => i32, |x| !x; i64: I64 => i64, |x| !x;
        u8: U8 => u8, |x| !x; u16: U16 => u16, |x| !x; u32: U32 => u32, |x| !x; u64: U64 => u64, |x| !x;
        Bool: Bool => Bool, |x| Bool::from(!x.get());
    });
    kernel!(floor Floor { f32: F32 => f32, |x| Float::floor::<I>(x); f64: F64 => f64, |x| Float::floor::<I>(x); });
    kernel!(ceil Ceil { f32: F32 => f32, |x| Float::ceil::<I>(x); f64: F64 => f64, |x| Float::ceil::<I>(x); });
    kernel!(trunc Trunc { f32: F32 => f32, |x| Float::trunc::<I>(x); f64: F64 => f64, |x| Float::trunc::<I>(x); });
    kernel!(round Round {
        f32: F32 => f32, |x| Float::rint::<I>(x); f64: F64 => f64, |x| Float::rint::<I>(x);
        Complex32: C64 => Complex32, |z| Complex32::new(Float::rint::<I>(z.re), Float::rint::<I>(z.im));
    });
    kernel!(logical_not LogicalNot { Bool: Bool => Bool, |x| Bool::from(!x.get()); });
    kernel!(conj Conj { Complex32: C64 => Complex32, |z| z.conj(); });
    kernel!(real Real { Complex32: C64 => f32, |z| z.re; });
    kernel!(imag Imag { Complex32: C64 => f32, |z| z.im; });
}

/// Integers and bools as `float32`.
pub(crate) fn inexact(a: &Array) -> Result<Array> {
    if a.dtype().is_inexact() { Ok(a.clone()) } else { astype(a, DType::F32) }
}

pub(crate) fn apply(op: UnaryOp, a: &Array) -> Result<Array> {
    let op = Unary(op);
    let spec = Spec::new(a.shape(), op.result_dtype(a.dtype())?);
    Ok(Array::record(op.into(), smallvec![a.clone()], spec))
}

impl Unary {
    /// The type in which it computes: halves are widened to `float32` and the result is rounded once.
    pub(crate) fn compute_dtype(self, dtype: DType) -> DType {
        if matches!(dtype, DType::F16 | DType::Bf16) { DType::F32 } else { dtype }
    }

    fn result_dtype(self, dtype: DType) -> Result<DType> {
        let tile = self.0.tile(self.compute_dtype(dtype));
        let Some(tile) = tile else {
            let expected = match dtype.kind() {
                Kind::Complex => "a real type",
                Kind::Float => "an integer or bool type",
                Kind::Bool | Kind::Unsigned | Kind::Signed => "another type",
            };
            return Err(Error::DType { op: self.0.name(), dtype, expected });
        };
        let widened = self.compute_dtype(dtype) != dtype && tile.result() == DType::F32;
        Ok(if widened { dtype } else { tile.result() })
    }
}

impl Primitive for Unary {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![Spec::new(inputs[0].shape(), self.result_dtype(inputs[0].dtype())?)])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (Some(t), x, y) = (&tangents[0], &site.inputs[0], &site.outputs[0]) else { return Ok(vec![None]) };
        let complex = x.dtype() == DType::C64;
        Ok(vec![match self.0 {
            UnaryOp::Negative => Some(negative(t)?),
            UnaryOp::Conj => Some(conj(t)?),
            UnaryOp::Real => Some(real(t)?),
            UnaryOp::Imag => Some(imag(t)?),
            UnaryOp::Abs if complex => Some(real(&multiply(&conj(&sign(x)?)?, t)?)?),
            UnaryOp::Sign if complex => Some(sign_slope(x, y, t)?),
            op => op.slope(x, y)?.map(|slope| multiply(t, &slope)).transpose()?,
        }])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let (Some(g), x, y) = (&cotangents[0], &site.inputs[0], &site.outputs[0]) else { return Ok(vec![None]) };
        let complex = x.dtype() == DType::C64;
        Ok(vec![match self.0 {
            UnaryOp::Negative => Some(negative(g)?),
            UnaryOp::Conj => Some(conj(g)?),
            UnaryOp::Real => Some(astype(g, DType::C64)?),
            UnaryOp::Imag => Some(multiply(g, &Array::scalar(Complex32::I))?),
            UnaryOp::Abs if complex => Some(multiply(g, &sign(x)?)?),
            // The derivative of z/|z| is its own conjugate transpose.
            UnaryOp::Sign if complex => Some(sign_slope(x, y, g)?),
            op => match op.slope(x, y)? {
                Some(slope) if complex => Some(multiply(g, &conj(&slope)?)?),
                Some(slope) => Some(multiply(g, &slope)?),
                None => None,
            },
        }])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        elementwise::vmap(*self, inputs)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        crate::exec::eval_elementwise(&Op::from(*self), inputs, specs)
    }
}

/// The derivative of `s = z/|z|` in direction t: what is left of t without its part along s, over |z|.
fn sign_slope(z: &Array, s: &Array, t: &Array) -> Result<Array> {
    let along = multiply(s, &real(&multiply(&conj(s)?, t)?)?)?;
    let slope = divide(&subtract(t, &along)?, &abs(z)?)?;
    where_(&super::equal(&abs(z)?, &number(&abs(z)?, 0.0))?, &number(z, 0.0), &slope)
}

/// Declares public functions that keep the type of their argument.
macro_rules! functions {
    ($($(#[$doc:meta])* $func:ident $variant:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// When the function has no meaning for the element type.
            pub fn $func(a: &Array) -> Result<Array> {
                apply(UnaryOp::$variant, a)
            }
        )*
    };
}
functions! {
    /// `-x`; unsigned integers wrap, bool has none.
    negative Negative;
    /// The magnitude; `float32` for complex numbers.
    abs Abs;
    /// -1, 0 or 1; 0 for NaN, and `z / |z|` for complex numbers.
    sign Sign;
    /// `x * x`.
    square Square;
    /// All bits flipped; for bool, the negation.
    bitwise_invert BitwiseInvert;
}

/// Declares the rounding functions, which leave integers and bools as they are.
macro_rules! rounding {
    ($($(#[$doc:meta])* $func:ident $variant:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// When the element type is complex and the function has no meaning for it.
            pub fn $func(a: &Array) -> Result<Array> {
                if a.dtype().is_inexact() { apply(UnaryOp::$variant, a) } else { Ok(a.clone()) }
            }
        )*
    };
}
rounding! {
    /// The largest integer not above x.
    floor Floor;
    /// The smallest integer not below x.
    ceil Ceil;
    /// The integer part.
    trunc Trunc;
    /// The nearest integer, ties to even.
    rint Round;
}

/// Rounded to `decimals` places (negative: to tens, hundreds, ...), ties to even, in the type of `a`.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn round(a: &Array, decimals: i32) -> Result<Array> {
    if decimals == 0 {
        return rint(a);
    }
    let scale = number(&inexact(a)?, 10f64.powi(decimals.abs()));
    let x = inexact(a)?;
    let rounded = if decimals > 0 {
        divide(&rint(&multiply(&x, &scale)?)?, &scale)?
    } else {
        multiply(&rint(&divide(&x, &scale)?)?, &scale)?
    };
    if a.dtype().is_inexact() || decimals < 0 { astype(&rounded, a.dtype()) } else { Ok(a.clone()) }
}

/// True where `a` is zero or false.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn logical_not(a: &Array) -> Result<Array> {
    apply(UnaryOp::LogicalNot, &astype(a, DType::Bool)?)
}

/// The complex conjugate; real arrays come back as they are.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn conj(a: &Array) -> Result<Array> {
    if a.dtype() == DType::C64 { apply(UnaryOp::Conj, a) } else { Ok(a.clone()) }
}

/// The real part; real arrays come back as they are.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn real(a: &Array) -> Result<Array> {
    if a.dtype() == DType::C64 { apply(UnaryOp::Real, a) } else { Ok(a.clone()) }
}

/// The imaginary part; zeros for real arrays.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn imag(a: &Array) -> Result<Array> {
    if a.dtype() == DType::C64 { apply(UnaryOp::Imag, a) } else { Ok(super::zeros_like(a)) }
}

/// `1 / x`; integers give `float32`.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn reciprocal(a: &Array) -> Result<Array> {
    let a = inexact(a)?;
    divide(&number(&a, 1.0), &a)
}

/// Radians as degrees.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn degrees(a: &Array) -> Result<Array> {
    let a = inexact(a)?;
    multiply(&a, &number(&a, 180.0 / std::f64::consts::PI))
}

/// Degrees as radians.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn radians(a: &Array) -> Result<Array> {
    let a = inexact(a)?;
    multiply(&a, &number(&a, std::f64::consts::PI / 180.0))
}

/// The values as 8-bit floats (OCP e4m3): rounded to nearest even, saturating at ±448, NaN as the largest.
///
/// # Errors
/// When the array is not of a real floating type.
pub fn to_fp8(a: &Array) -> Result<Array> {
    if !a.dtype().is_float() {
        return Err(Error::DType { op: "to_fp8", dtype: a.dtype(), expected: "a real floating type" });
    }
    apply(UnaryOp::ToFp8, &astype(a, DType::F32)?)
}

/// Decodes 8-bit floats (OCP e4m3) into `dtype`.
///
/// # Errors
/// When the array is not `uint8`.
pub fn from_fp8(a: &Array, dtype: DType) -> Result<Array> {
    if a.dtype() != DType::U8 {
        return Err(Error::DType { op: "from_fp8", dtype: a.dtype(), expected: "uint8" });
    }
    astype(&apply(UnaryOp::FromFp8, a)?, dtype)
}
