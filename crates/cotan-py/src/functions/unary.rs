//! Elementwise functions of one array.

use cotan::ops;
use pyo3::prelude::*;

use super::{add_functions, alias, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::Result;
use crate::operand::{ArrayArg, Elementwise};

/// Declares functions of one array: a name, which is also that of the operation, a line.
macro_rules! unary {
    ($register:ident, $a:ident: $Argument:ident => $array:expr, $signature:tt; $($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            #[pyo3(signature = $signature)]
            fn $name($a: $Argument, stream: Option<StreamArg>) -> Result<PyArray> {
                on(stream, ops::$name(&$array))
            }
        )*

        fn $register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add_functions!(module; $($name),*);
            Ok(())
        }
    };
}

unary! {
    register_positional, a: Elementwise => a.array(), (a, /, *, stream = None);

    /// The magnitude of each element; real for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.abs(mx.array([-1, 2]))
    /// array([1, 2], dtype=int32)
    abs;
    /// The angle in radians with this cosine. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.arccos(mx.array([1.0, 0.0]))
    /// array([0, 1.5708], dtype=float32)
    arccos;
    /// The inverse hyperbolic cosine. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.arccosh(mx.array([1.0, 2.0]))
    /// array([0, 1.31696], dtype=float32)
    arccosh;
    /// The angle in radians with this sine. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.arcsin(mx.array([0.0, 1.0]))
    /// array([0, 1.5708], dtype=float32)
    arcsin;
    /// The inverse hyperbolic sine. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.arcsinh(mx.array([0.0, 1.0]))
    /// array([0, 0.881374], dtype=float32)
    arcsinh;
    /// The angle in radians with this tangent. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.arctan(mx.array([0.0, 1.0]))
    /// array([0, 0.785398], dtype=float32)
    arctan;
    /// The inverse hyperbolic tangent. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.arctanh(mx.array([0.0, 0.5]))
    /// array([0, 0.549306], dtype=float32)
    arctanh;
    /// The smallest integer not below each element, in the element's type. ValueError for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.ceil(mx.array([1.2, -1.2]))
    /// array([2, -1], dtype=float32)
    ceil;
    /// The cosine of an angle in radians. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.cos(mx.array([0.0, mx.pi]))
    /// array([1, -1], dtype=float32)
    cos;
    /// The hyperbolic cosine. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.cosh(mx.array([0.0, 1.0]))
    /// array([1, 1.54308], dtype=float32)
    cosh;
    /// Radians as degrees. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.degrees(mx.array([0.0, mx.pi]))
    /// array([0, 180], dtype=float32)
    degrees;
    /// The error function. Integers give float32; ValueError for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.erf(mx.array([0.0, 1.0]))
    /// array([0, 0.842701], dtype=float32)
    erf;
    /// The inverse of the error function: infinite at -1 and 1, NaN outside. ValueError for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.erfinv(mx.array([0.0, 0.5, 1.0]))
    /// array([0, 0.476936, inf], dtype=float32)
    erfinv;
    /// e to the power of each element. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.exp(mx.array([0.0, 1.0]))
    /// array([1, 2.71828], dtype=float32)
    exp;
    /// `exp(a) - 1`, accurate near zero. Integers give float32; ValueError for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.expm1(mx.array([0.0, 1e-7]))
    /// array([0, 1e-07], dtype=float32)
    expm1;
    /// The largest integer not above each element, in the element's type. ValueError for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.floor(mx.array([1.2, -1.2]))
    /// array([1, -2], dtype=float32)
    floor;
    /// The imaginary part of each element; zeros for real arrays.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.imag(mx.array([1 + 2j]))
    /// array([2], dtype=float32)
    imag;
    /// The natural logarithm. Integers give float32; 0 gives -inf and negative numbers NaN.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.log(mx.array([1.0, mx.e, 0.0]))
    /// array([0, 1, -inf], dtype=float32)
    log;
    /// The logarithm to base 10. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.log10(mx.array([1.0, 100.0]))
    /// array([0, 2], dtype=float32)
    log10;
    /// `log(1 + a)`, accurate near zero. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.log1p(mx.array([0.0, 1e-7]))
    /// array([0, 1e-07], dtype=float32)
    log1p;
    /// The logarithm to base 2. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.log2(mx.array([1.0, 8.0]))
    /// array([0, 3], dtype=float32)
    log2;
    /// True where an element is zero or false.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.logical_not(mx.array([0, 2]))
    /// array([True, False], dtype=bool)
    logical_not;
    /// `-a`. Unsigned integers wrap; ValueError for bools.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.negative(mx.array([1, -2]))
    /// array([-1, 2], dtype=int32)
    negative;
    /// Degrees as radians. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.radians(mx.array([0.0, 180.0]))
    /// array([0, 3.14159], dtype=float32)
    radians;
    /// The real part of each element.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.real(mx.array([1 + 2j]))
    /// array([1], dtype=float32)
    real;
    /// `1 / a`. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.reciprocal(mx.array([2, 4]))
    /// array([0.5, 0.25], dtype=float32)
    reciprocal;
    /// One over the square root. Integers give float32; 0 gives inf.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.rsqrt(mx.array([4.0, 0.0]))
    /// array([0.5, inf], dtype=float32)
    rsqrt;
    /// The logistic function `1 / (1 + exp(-a))`. Integers give float32; ValueError for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sigmoid(mx.array([0.0, 2.0]))
    /// array([0.5, 0.880797], dtype=float32)
    sigmoid;
    /// -1, 0 or 1 by the sign of each element; 0 for NaN, and `z / |z|` for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sign(mx.array([-2.0, 0.0, 3.0]))
    /// array([-1, 0, 1], dtype=float32)
    sign;
    /// The sine of an angle in radians. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sin(mx.array([0.0, mx.pi / 2]))
    /// array([0, 1], dtype=float32)
    sin;
    /// The hyperbolic sine. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sinh(mx.array([0.0, 1.0]))
    /// array([0, 1.1752], dtype=float32)
    sinh;
    /// The square root. Integers give float32; negative real numbers give NaN.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sqrt(mx.array([4.0, -1.0]))
    /// array([2, nan], dtype=float32)
    sqrt;
    /// `a * a`.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.square(mx.array([2, -3]))
    /// array([4, 9], dtype=int32)
    square;
    /// The tangent of an angle in radians. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.tan(mx.array([0.0, mx.pi / 4]))
    /// array([0, 1], dtype=float32)
    tan;
    /// The hyperbolic tangent. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.tanh(mx.array([0.0, 1.0]))
    /// array([0, 0.761594], dtype=float32)
    tanh;
}

unary! {
    register_plain, a: Elementwise => a.array(), (a, stream = None);

    /// All bits of each integer flipped; for bools, the negation. ValueError for floating and complex types.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.bitwise_invert(mx.array([0, 1, -1]))
    /// array([-1, -2, 0], dtype=int32)
    bitwise_invert;
    /// True where an element is neither infinite nor NaN.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.isfinite(mx.array([1.0, mx.inf, mx.nan]))
    /// array([True, False, False], dtype=bool)
    isfinite;
    /// True where an element, or a part of a complex one, is infinite.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.isinf(mx.array([1.0, mx.inf, mx.nan]))
    /// array([False, True, False], dtype=bool)
    isinf;
    /// True where an element, or a part of a complex one, is NaN.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.isnan(mx.array([1.0, mx.inf, mx.nan]))
    /// array([False, False, True], dtype=bool)
    isnan;
    /// True where an element is negative infinity.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.isneginf(mx.array([mx.inf, -mx.inf]))
    /// array([False, True], dtype=bool)
    isneginf;
    /// True where an element is positive infinity.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.isposinf(mx.array([mx.inf, -mx.inf]))
    /// array([True, False], dtype=bool)
    isposinf;
}

unary! {
    register_conjugates, a: Elementwise => a.array(), (a, *, stream = None);

    /// The complex conjugate of each element.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.conj(mx.array([1 + 2j]))
    /// array([1-2j], dtype=complex64)
    conj;
}

unary! {
    register_arrays, a: ArrayArg => a.0, (a, /, *, stream = None);

    /// The array as it is, but constant for derivatives: none flows through it.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.grad(lambda x: x * mx.stop_gradient(x))(mx.array(3.0))
    /// array(3, dtype=float32)
    stop_gradient;
    /// The integer part of each element, in the element's type. ValueError for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.trunc(mx.array([1.7, -1.7]))
    /// array([1, -1], dtype=float32)
    trunc;
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    register_positional(module)?;
    register_plain(module)?;
    register_conjugates(module)?;
    register_arrays(module)?;
    alias(
        module,
        &[
            ("acos", "arccos"),
            ("acosh", "arccosh"),
            ("asin", "arcsin"),
            ("asinh", "arcsinh"),
            ("atan", "arctan"),
            ("atanh", "arctanh"),
            ("conjugate", "conj"),
        ],
    )
}
