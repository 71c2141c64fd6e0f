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
    arccos;
    /// The inverse hyperbolic cosine. Integers give float32.
    arccosh;
    /// The angle in radians with this sine. Integers give float32.
    arcsin;
    /// The inverse hyperbolic sine. Integers give float32.
    arcsinh;
    /// The angle in radians with this tangent. Integers give float32.
    arctan;
    /// The inverse hyperbolic tangent. Integers give float32.
    arctanh;
    /// The smallest integer not below each element, in the element's type. ValueError for complex numbers.
    ceil;
    /// The cosine of an angle in radians. Integers give float32.
    cos;
    /// The hyperbolic cosine. Integers give float32.
    cosh;
    /// Radians as degrees. Integers give float32.
    degrees;
    /// The error function. Integers give float32; ValueError for complex numbers.
    erf;
    /// The inverse of the error function: infinite at -1 and 1, NaN outside. ValueError for complex numbers.
    erfinv;
    /// e to the power of each element. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.exp(mx.array([0.0, 1.0]))
    /// array([1, 2.71828], dtype=float32)
    exp;
    /// `exp(a) - 1`, accurate near zero. Integers give float32; ValueError for complex numbers.
    expm1;
    /// The largest integer not above each element, in the element's type. ValueError for complex numbers.
    floor;
    /// The imaginary part of each element; zeros for real arrays.
    imag;
    /// The natural logarithm. Integers give float32; 0 gives -inf and negative numbers NaN.
    log;
    /// The logarithm to base 10. Integers give float32.
    log10;
    /// `log(1 + a)`, accurate near zero. Integers give float32.
    log1p;
    /// The logarithm to base 2. Integers give float32.
    log2;
    /// True where an element is zero or false.
    logical_not;
    /// `-a`. Unsigned integers wrap; ValueError for bools.
    negative;
    /// Degrees as radians. Integers give float32.
    radians;
    /// The real part of each element.
    real;
    /// `1 / a`. Integers give float32.
    reciprocal;
    /// One over the square root. Integers give float32; 0 gives inf.
    rsqrt;
    /// The logistic function `1 / (1 + exp(-a))`. Integers give float32; ValueError for complex numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sigmoid(mx.array([0.0, 2.0]))
    /// array([0.5, 0.880797], dtype=float32)
    sigmoid;
    /// -1, 0 or 1 by the sign of each element; 0 for NaN, and `z / |z|` for complex numbers.
    sign;
    /// The sine of an angle in radians. Integers give float32.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.sin(mx.array([0.0, mx.pi / 2]))
    /// array([0, 1], dtype=float32)
    sin;
    /// The hyperbolic sine. Integers give float32.
    sinh;
    /// The square root. Integers give float32; negative real numbers give NaN.
    sqrt;
    /// `a * a`.
    square;
    /// The tangent of an angle in radians. Integers give float32.
    tan;
    /// The hyperbolic tangent. Integers give float32.
    tanh;
}

unary! {
    register_plain, a: Elementwise => a.array(), (a, stream = None);

    /// All bits of each integer flipped; for bools, the negation. ValueError for floating and complex types.
    bitwise_invert;
    /// True where an element is neither infinite nor NaN.
    isfinite;
    /// True where an element, or a part of a complex one, is infinite.
    isinf;
    /// True where an element, or a part of a complex one, is NaN.
    isnan;
    /// True where an element is negative infinity.
    isneginf;
    /// True where an element is positive infinity.
    isposinf;
}

unary! {
    register_conjugates, a: Elementwise => a.array(), (a, *, stream = None);

    /// The complex conjugate of each element.
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
