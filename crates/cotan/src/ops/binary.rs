//! Elementwise operations of two arguments: each names its scalars and its two slopes.

use cotan_kernels::simd::{self, ComplexMath, Float, Isa, Map2, Tile};
use cotan_kernels::{Bool, Complex32, DType, Kind, Scalar, Tensor};

use super::elementwise::number;
use super::follow::{broadcast_like, unbroadcast_like};
use super::{Batched, Op, Primitive, Site, Tangents, astype, elementwise, inexact, same_dtype};
use super::{conj, exp, log, negative, square, where_};
use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result};

/// An elementwise operation of two arguments of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Binary(pub BinaryOp);

/// Expands to something for each type of a group of element types.
macro_rules! each {
    (bools $then:ident $($args:tt)*) => { $then!(Bool Bool $($args)*); };
    (signed $then:ident $($args:tt)*) => {
        $then!(i8 I8 $($args)*); $then!(i16 I16 $($args)*); $then!(i32 I32 $($args)*); $then!(i64 I64 $($args)*);
    };
    (unsigned $then:ident $($args:tt)*) => {
        $then!(u8 U8 $($args)*); $then!(u16 U16 $($args)*); $then!(u32 U32 $($args)*); $then!(u64 U64 $($args)*);
    };
    (integers $then:ident $($args:tt)*) => { each!(signed $then $($args)*); each!(unsigned $then $($args)*); };
    (floats $then:ident $($args:tt)*) => { $then!(f32 F32 $($args)*); $then!(f64 F64 $($args)*); };
    (complex $then:ident $($args:tt)*) => { $then!(Complex32 C64 $($args)*); };
    (reals $then:ident $($args:tt)*) => { each!(integers $then $($args)*); each!(floats $then $($args)*); };
}

macro_rules! scalar {
    ($T:ty, $dtype:ident, $name:ident -> same |$a:ident, $b:ident| $body:expr) => {
        scalar!(@ $T, $T, $name |$a, $b| $body);
    };
    ($T:ty, $dtype:ident, $name:ident -> truth |$a:ident, $b:ident| $body:expr) => {
        scalar!(@ $T, Bool, $name |$a, $b| Bool::from($body));
    };
    (@ $T:ty, $R:ty, $name:ident |$a:ident, $b:ident| $body:expr) => {
        // Widening to 64 bits is no conversion for the widest types.
        #[allow(clippy::useless_conversion)]
        impl Map2<$T, $T, $R> for kernel::$name {
            #[inline(always)]
            fn call<I: Isa>($a: $T, $b: $T) -> $R {
                $body
            }
        }
    };
}
macro_rules! scalar_of {
    ($T:ident $dtype:ident $($rest:tt)*) => { scalar!($T, $dtype, $($rest)*); };
}
macro_rules! tile_of {
    ($T:ident $dtype:ident $wanted:ident $name:ident -> same) => {
        if $wanted == DType::$dtype {
            return Some(Tile::map2::<$T, $T, $T, kernel::$name>());
        }
    };
    ($T:ident $dtype:ident $wanted:ident $name:ident -> truth) => {
        if $wanted == DType::$dtype {
            return Some(Tile::map2::<$T, $T, Bool, kernel::$name>());
        }
    };
}

/// Declares the operations: variant, name, whether the result has the operands' type or is a truth value, and the scalar
/// for each group of element types that it takes.
macro_rules! binary {
    ($($variant:ident $func:ident -> $result:ident { $($group:ident |$a:ident, $b:ident| $body:expr;)* })*) => {
        /// Which operation.
        #[allow(missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum BinaryOp {
            $($variant,)*
        }

        mod kernel {
            $(
                #[derive(Clone, Copy)]
                pub struct $variant;
            )*
        }

        $($(each!($group scalar_of $variant -> $result |$a, $b| $body);)*)*

        impl BinaryOp {
            /// The name of its function.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(BinaryOp::$variant => stringify!($func),)*
                }
            }

            /// The kernel for elements of `dtype`; halves are computed in `float32` and have none of their own.
            pub(crate) fn tile(self, dtype: DType) -> Option<Tile> {
                // This one has a cheaper formula for chunks without huge quotients.
                match (self, dtype) {
                    (BinaryOp::Remainder, DType::F32) => return Some(Tile::map2::<f32, f32, f32, simd::Remainder>()),
                    (BinaryOp::Remainder, DType::F64) => return Some(Tile::map2::<f64, f64, f64, simd::Remainder>()),
                    _ => {}
                }
                match self {
                    $(BinaryOp::$variant => {
                        $(each!($group tile_of dtype $variant -> $result);)*
                        None
                    })*
                }
            }
        }
    };
}

binary! {
    Add add -> same {
        bools |a, b| Bool(a.0 | b.0);
        integers |a, b| a.wrapping_add(b);
        floats |a, b| a + b;
        complex |a, b| a + b;
    }
    Subtract subtract -> same {
        bools |a, b| Bool::from(a.get() != b.get());
        integers |a, b| a.wrapping_sub(b);
        floats |a, b| a - b;
        complex |a, b| a - b;
    }
    Multiply multiply -> same {
        bools |a, b| Bool::from(a.get() & b.get());
        integers |a, b| a.wrapping_mul(b);
        floats |a, b| a * b;
        complex |a, b| ComplexMath::mul::<I>(a, b);
    }
    Divide divide -> same {
        floats |a, b| a / b;
        complex |a, b| ComplexMath::div::<I>(a, b);
    }
    FloorDivide floor_divide -> same {
        bools |a, b| Bool::from(a.get() & b.get());
        signed |a, b| signed::floor_divide(a.into(), b.into()) as _;
        unsigned |a, b| a.checked_div(b).unwrap_or(0);
        floats |a, b| Float::floor_div::<I>(a, b);
        complex |a, b| ComplexMath::div::<I>(a, b);
    }
    Remainder remainder -> same {
        bools |a, b| Bool::from(a.get() & !b.get());
        signed |a, b| signed::remainder(a.into(), b.into()) as _;
        unsigned |a, b| a.checked_rem(b).unwrap_or(a);
        floats |a, b| Float::remainder::<I>(a, b);
    }
    Power power -> same {
        bools |a, b| Bool::from(a.get() | !b.get());
        signed |a, b| signed::power(a.into(), b.into()) as _;
        unsigned |a, b| signed::wrapping_power(u64::from(a), u64::from(b)) as _;
        floats |a, b| Float::pow::<I>(a, b);
        complex |a, b| ComplexMath::pow::<I>(a, b);
    }
    // NaN wins: the first operand when it is NaN, else the second unless the first is strictly beyond it.
    Maximum maximum -> same {
        bools |a, b| Bool(a.0 | b.0);
        integers |a, b| a.max(b);
        floats |a, b| if a > b || a.is_nan() { a } else { b };
        complex |a, b| if lexicographic(b, a) || is_nan(a) { a } else { b };
    }
    Minimum minimum -> same {
        bools |a, b| Bool::from(a.get() & b.get());
        integers |a, b| a.min(b);
        floats |a, b| if a < b || a.is_nan() { a } else { b };
        complex |a, b| if lexicographic(a, b) || is_nan(a) { a } else { b };
    }
    Arctan2 arctan2 -> same { floats |a, b| Float::atan2::<I>(a, b); }
    Logaddexp logaddexp -> same {
        floats |a, b| Float::logaddexp::<I>(a, b);
        complex |a, b| {
            let (low, high) = if a.re < b.re { (a, b) } else { (b, a) };
            if high.re == f32::NEG_INFINITY { high } else { high + ComplexMath::log1p::<I>(ComplexMath::exp::<I>(low - high)) }
        };
    }
    Equal equal -> truth {
        bools |a, b| a.get() == b.get();
        reals |a, b| a == b;
        complex |a, b| a == b;
    }
    NotEqual not_equal -> truth {
        bools |a, b| a.get() != b.get();
        reals |a, b| a != b;
        complex |a, b| a != b;
    }
    Less less -> truth {
        bools |a, b| !a.get() & b.get();
        reals |a, b| a < b;
        complex |a, b| lexicographic(a, b);
    }
    LessEqual less_equal -> truth {
        bools |a, b| !a.get() | b.get();
        reals |a, b| a <= b;
        complex |a, b| lexicographic(a, b) || a == b;
    }
    Greater greater -> truth {
        bools |a, b| a.get() & !b.get();
        reals |a, b| a > b;
        complex |a, b| lexicographic(b, a);
    }
    GreaterEqual greater_equal -> truth {
        bools |a, b| a.get() | !b.get();
        reals |a, b| a >= b;
        complex |a, b| lexicographic(b, a) || a == b;
    }
    BitwiseAnd bitwise_and -> same { bools |a, b| Bool::from(a.get() & b.get()); integers |a, b| a & b; }
    BitwiseOr bitwise_or -> same { bools |a, b| Bool(a.0 | b.0); integers |a, b| a | b; }
    BitwiseXor bitwise_xor -> same { bools |a, b| Bool::from(a.get() != b.get()); integers |a, b| a ^ b; }
    // The count wraps at the width, as the instruction does.
    LeftShift left_shift -> same { integers |a, b| a.wrapping_shl(b as u32); }
    RightShift right_shift -> same { integers |a, b| a.wrapping_shr(b as u32); }
}

/// Integer arithmetic that is defined for every operand.
mod signed {
    /// Toward negative infinity, as in Python; 0 when the divisor is 0.
    #[inline(always)]
    pub fn floor_divide(a: i64, b: i64) -> i64 {
        if b == 0 {
            return 0;
        }
        let quotient = a.wrapping_div(b);
        if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
    }

    /// With the sign of the divisor, as in Python; the dividend when the divisor is 0.
    #[inline(always)]
    pub fn remainder(a: i64, b: i64) -> i64 {
        if b == 0 {
            return a;
        }
        let rest = a.wrapping_rem(b);
        if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
    }

    /// Wraps on overflow; a negative exponent gives the integer part of the exact power.
    #[inline(always)]
    pub fn power(base: i64, exponent: i64) -> i64 {
        if exponent < 0 {
            return match base {
                1 => 1,
                -1 if exponent % 2 == 0 => 1,
                -1 => -1,
                _ => 0,
            };
        }
        wrapping_power(base as u64, exponent as u64) as i64
    }

    /// By repeated squaring.
    #[inline(always)]
    pub fn wrapping_power(mut base: u64, mut exponent: u64) -> u64 {
        let mut result = 1u64;
        while exponent != 0 {
            if exponent & 1 == 1 {
                result = result.wrapping_mul(base);
            }
            base = base.wrapping_mul(base);
            exponent >>= 1;
        }
        result
    }
}

/// The order of complex numbers: by real part, then by imaginary part.
#[inline(always)]
fn lexicographic(a: Complex32, b: Complex32) -> bool {
    a.re < b.re || (a.re == b.re && a.im < b.im)
}

#[inline(always)]
fn is_nan(z: Complex32) -> bool {
    z.re.is_nan() || z.im.is_nan()
}

impl Binary {
    /// The type in which it computes: halves are widened to `float32` and the result is rounded once.
    pub(crate) fn compute_dtype(self, dtype: DType) -> DType {
        if matches!(dtype, DType::F16 | DType::Bf16) { DType::F32 } else { dtype }
    }

    fn spec(self, inputs: &[Array]) -> Result<Spec> {
        let dtype = inputs[0].dtype();
        debug_assert_eq!(dtype, inputs[1].dtype(), "{}: operands were not promoted", self.name());
        let compute = self.compute_dtype(dtype);
        let Some(tile) = self.0.tile(compute) else {
            let expected = if dtype.is_inexact() { "an integer, bool or real type" } else { "a floating type" };
            return Err(Error::DType { op: self.name(), dtype, expected });
        };
        let result = if tile.result() == compute { dtype } else { tile.result() };
        Ok(Spec { shape: elementwise::broadcast_shape(self.name(), inputs)?, dtype: result })
    }

    /// The slopes with respect to both operands, as far as they are wanted; `None` where the slope is zero.
    fn slopes(self, site: &Site, wanted: [bool; 2]) -> Result<[Option<Array>; 2]> {
        let ([a, b], y) = ([&site.inputs[0], &site.inputs[1]], &site.outputs[0]);
        let one = |x: &Array| number(x, 1.0);
        let zero = |x: &Array| number(x, 0.0);
        let of = |index: usize, slope: &dyn Fn() -> Result<Array>| wanted[index].then(slope).transpose();
        match self.0 {
            BinaryOp::Add => Ok([of(0, &|| Ok(one(a)))?, of(1, &|| Ok(one(b)))?]),
            BinaryOp::Subtract => Ok([of(0, &|| Ok(one(a)))?, of(1, &|| Ok(number(b, -1.0)))?]),
            BinaryOp::Multiply => Ok([of(0, &|| Ok(b.clone()))?, of(1, &|| Ok(a.clone()))?]),
            BinaryOp::Divide => Ok([of(0, &|| divide(&one(b), b))?, of(1, &|| negative(&divide(y, b)?))?]),
            BinaryOp::FloorDivide if a.dtype().kind() == Kind::Complex => Binary(BinaryOp::Divide).slopes(site, wanted),
            BinaryOp::Remainder => Ok([of(0, &|| Ok(one(a)))?, of(1, &|| negative(&floor_divide(a, b)?))?]),
            BinaryOp::Power => Ok([
                // At exponent 0 the slope is 0, also where 0 to the power of -1 would be infinite.
                of(0, &|| where_(&equal(b, &zero(b))?, &zero(a), &multiply(b, &power(a, &subtract(b, &one(b))?)?)?))?,
                of(1, &|| where_(&equal(a, &zero(a))?, &zero(b), &multiply(y, &log(a)?)?))?,
            ]),
            BinaryOp::Maximum => Self::pick(site, &greater(a, b)?, wanted),
            BinaryOp::Minimum => Self::pick(site, &less(a, b)?, wanted),
            BinaryOp::Arctan2 => {
                let radius = add(&square(a)?, &square(b)?)?;
                Ok([of(0, &|| divide(b, &radius))?, of(1, &|| negative(&divide(a, &radius)?))?])
            }
            BinaryOp::Logaddexp => Ok([of(0, &|| exp(&subtract(a, y)?))?, of(1, &|| exp(&subtract(b, y)?))?]),
            BinaryOp::FloorDivide
            | BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
            | BinaryOp::BitwiseAnd
            | BinaryOp::BitwiseOr
            | BinaryOp::BitwiseXor
            | BinaryOp::LeftShift
            | BinaryOp::RightShift => Ok([None, None]),
        }
    }

    /// Slopes of a choice: 1 for the operand that was taken. Ties go to the second.
    fn pick(site: &Site, first: &Array, wanted: [bool; 2]) -> Result<[Option<Array>; 2]> {
        let dtype = site.inputs[0].dtype();
        let second = if wanted[1] { Some(astype(&super::logical_not(first)?, dtype)?) } else { None };
        Ok([if wanted[0] { Some(astype(first, dtype)?) } else { None }, second])
    }
}

impl Primitive for Binary {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![self.spec(inputs)?])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let slopes = self.slopes(site, [tangents[0].is_some(), tangents[1].is_some()])?;
        let mut sum: Option<Array> = None;
        for (tangent, slope) in tangents.iter().zip(&slopes) {
            if let (Some(tangent), Some(slope)) = (tangent, slope) {
                let part = multiply_unless_one(tangent, slope)?;
                sum = Some(match sum {
                    Some(sum) => add(&sum, &part)?,
                    None => part,
                });
            }
        }
        Ok(vec![sum.map(|sum| broadcast_like(&sum, &site.outputs[0])).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; 2]) };
        let slopes = self.slopes(site, [site.wanted[0], site.wanted[1]])?;
        slopes
            .into_iter()
            .zip(site.inputs)
            .map(|(slope, input)| {
                let Some(slope) = slope else { return Ok(None) };
                let part = multiply_unless_one(cotangent, &conj(&slope)?)?;
                unbroadcast_like(&part, input).map(Some)
            })
            .collect()
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        elementwise::vmap(*self, inputs)
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        crate::exec::eval_elementwise(&Op::from(*self), inputs, specs)
    }
}

/// `a * b`; a constant one or minus one as `b` costs no multiplication.
fn multiply_unless_one(a: &Array, b: &Array) -> Result<Array> {
    match b.as_constant() {
        Some(value) if value == Scalar::one(a.dtype()) => Ok(a.clone()),
        Some(value) if a.dtype().is_inexact() && value == Scalar::new(-1.0f64).cast(a.dtype()) => negative(a),
        _ => multiply(a, b),
    }
}

fn apply(op: BinaryOp, a: &Array, b: &Array) -> Result<Array> {
    let (a, b) = same_dtype(a, b)?;
    let (op, inputs) = (Binary(op), Inputs::from([a, b]));
    let spec = op.spec(&inputs)?;
    Ok(Array::record(op.into(), inputs, spec))
}

/// Declares the public functions of operations whose operands promote.
macro_rules! functions {
    ($($(#[$doc:meta])* $func:ident $variant:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// The operands broadcast and promote.
            ///
            /// # Errors
            /// When the shapes don't broadcast, or the operation has no meaning for the element type.
            pub fn $func(a: &Array, b: &Array) -> Result<Array> {
                apply(BinaryOp::$variant, a, b)
            }
        )*
    };
}
functions! {
    /// The sum; integers wrap, and bools give "or".
    add Add;
    /// The difference; integers wrap, and bools give "exclusive or".
    subtract Subtract;
    /// The product; integers wrap, and bools give "and".
    multiply Multiply;
    /// The quotient rounded down, as in Python. An integer divided by 0 gives 0; complex numbers are not rounded.
    floor_divide FloorDivide;
    /// What `floor_divide` leaves, with the sign of the divisor. An integer by 0 gives the dividend.
    remainder Remainder;
    /// `a` to the power of `b`. Integers wrap.
    power Power;
    /// The larger one; NaN if either is NaN.
    maximum Maximum;
    /// The smaller one; NaN if either is NaN.
    minimum Minimum;
    /// True where equal.
    equal Equal;
    /// True where different; NaN differs from everything.
    not_equal NotEqual;
    /// True where `a < b`; complex numbers are ordered by real, then by imaginary part.
    less Less;
    /// True where `a <= b`.
    less_equal LessEqual;
    /// True where `a > b`.
    greater Greater;
    /// True where `a >= b`.
    greater_equal GreaterEqual;
    /// Bits set in both.
    bitwise_and BitwiseAnd;
    /// Bits set in either.
    bitwise_or BitwiseOr;
    /// Bits set in one of them.
    bitwise_xor BitwiseXor;
}

/// The quotient; integers give `float32`.
///
/// # Errors
/// When the shapes don't broadcast.
pub fn divide(a: &Array, b: &Array) -> Result<Array> {
    let (a, b) = same_dtype(a, b)?;
    apply(BinaryOp::Divide, &inexact(&a)?, &inexact(&b)?)
}

/// The angle in radians of the point `(x, y)`; integers give `float32`.
///
/// # Errors
/// When the shapes don't broadcast, or the operands are complex.
pub fn arctan2(y: &Array, x: &Array) -> Result<Array> {
    let (y, x) = same_dtype(y, x)?;
    apply(BinaryOp::Arctan2, &inexact(&y)?, &inexact(&x)?)
}

/// `log(exp(a) + exp(b))` without overflow; integers give `float32`.
///
/// # Errors
/// When the shapes don't broadcast.
pub fn logaddexp(a: &Array, b: &Array) -> Result<Array> {
    let (a, b) = same_dtype(a, b)?;
    apply(BinaryOp::Logaddexp, &inexact(&a)?, &inexact(&b)?)
}

fn shift(op: BinaryOp, a: &Array, b: &Array) -> Result<Array> {
    let (a, b) = same_dtype(a, b)?;
    if a.dtype() == DType::Bool {
        return apply(op, &astype(&a, DType::U8)?, &astype(&b, DType::U8)?);
    }
    apply(op, &a, &b)
}

/// Bits moved up by `b` places; bools become `uint8`.
///
/// # Errors
/// When the shapes don't broadcast, or the operands are not integers.
pub fn left_shift(a: &Array, b: &Array) -> Result<Array> {
    shift(BinaryOp::LeftShift, a, b)
}

/// Bits moved down by `b` places, keeping the sign; bools become `uint8`.
///
/// # Errors
/// When the shapes don't broadcast, or the operands are not integers.
pub fn right_shift(a: &Array, b: &Array) -> Result<Array> {
    shift(BinaryOp::RightShift, a, b)
}

macro_rules! logical {
    ($($(#[$doc:meta])* $func:ident $variant:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// When the shapes don't broadcast.
            pub fn $func(a: &Array, b: &Array) -> Result<Array> {
                apply(BinaryOp::$variant, &astype(a, DType::Bool)?, &astype(b, DType::Bool)?)
            }
        )*
    };
}
logical! {
    /// True where both are true.
    logical_and BitwiseAnd;
    /// True where either is true.
    logical_or BitwiseOr;
    /// True where one is true and the other is not.
    logical_xor BitwiseXor;
}

/// `[floor_divide(a, b), remainder(a, b)]`.
///
/// # Errors
/// As those.
pub fn divmod(a: &Array, b: &Array) -> Result<[Array; 2]> {
    Ok([floor_divide(a, b)?, remainder(a, b)?])
}
