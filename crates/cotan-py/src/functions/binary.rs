//! Elementwise functions of two arrays.

use cotan::{Array, Error, ops};
use pyo3::prelude::*;

use super::{add_functions, alias, on};
use crate::array::PyArray;
use crate::device::StreamArg;
use crate::error::{Fault, Result, runtime_error};
use crate::operand::{Elementwise, pair};

/// Declares functions of two operands: a name, which is also that of the operation, a line.
macro_rules! binary {
    ($register:ident, $signature:tt, $check:path; $($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            #[pyo3(signature = $signature)]
            fn $name(a: Elementwise, b: Elementwise, stream: Option<StreamArg>) -> Result<PyArray> {
                let (a, b) = pair(a.0, b.0)?;
                on(stream, $check(ops::$name(&a, &b)))
            }
        )*

        fn $register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add_functions!(module; $($name),*);
            Ok(())
        }
    };
}

fn as_it_is(result: cotan::Result<Array>) -> Result<Array> {
    result.map_err(Fault::from)
}

/// The functions on bits raise RuntimeError for types without bits, unlike the operators.
fn on_bits(result: cotan::Result<Array>) -> Result<Array> {
    result.map_err(|error| match matches!(error, Error::DType { .. }) {
        true => runtime_error(error.to_string()),
        false => error.into(),
    })
}

binary! {
    register_plain, (a, b, stream = None), as_it_is;

    /// The sum of two arrays, which broadcast and promote. Integers wrap; the sum of bools is "or".
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.add(mx.array([1, 2]), 0.5)
    /// array([1.5, 2.5], dtype=float32)
    add;
    /// The quotient of two arrays, which broadcast and promote. Integers give float32.
    divide;
    /// True where the elements of two arrays, which broadcast and promote, are equal.
    equal;
    /// The quotient rounded down, as `//` has it. An integer divided by 0 gives 0; complex numbers are not rounded.
    floor_divide;
    /// True where `a > b`; the operands broadcast and promote. Complex numbers are ordered by real, then imaginary part.
    greater;
    /// True where `a >= b`; the operands broadcast and promote.
    greater_equal;
    /// True where `a < b`; the operands broadcast and promote. Complex numbers are ordered by real, then imaginary part.
    less;
    /// True where `a <= b`; the operands broadcast and promote.
    less_equal;
    /// The product of two arrays, which broadcast and promote. Integers wrap; the product of bools is "and".
    multiply;
    /// True where the elements of two arrays, which broadcast and promote, differ. NaN differs from everything.
    not_equal;
    /// What `floor_divide` leaves, with the sign of the divisor. An integer by 0 gives the dividend.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.remainder(mx.array([7, -7]), 3)
    /// array([1, 2], dtype=int32)
    remainder;
    /// The difference of two arrays, which broadcast and promote. Integers wrap.
    subtract;
}

binary! {
    register_bits, (a, b, stream = None), on_bits;

    /// The bits that are set in both integers, or "and" of bools. RuntimeError for floating and complex types.
    bitwise_and;
    /// The bits that are set in either integer, or "or" of bools. RuntimeError for floating and complex types.
    bitwise_or;
    /// The bits that are set in one of both integers only. RuntimeError for floating and complex types.
    bitwise_xor;
    /// The bits of `a` moved up by `b` places; bools become uint8. RuntimeError for floating and complex types.
    left_shift;
    /// The bits of `a` moved down by `b` places, keeping the sign; bools become uint8. RuntimeError for floating and
    /// complex types.
    right_shift;
}

binary! {
    register_positional, (a, b, /, *, stream = None), as_it_is;

    /// The angle in radians of the point with ordinate `a` and abscissa `b`, between -pi and pi. ValueError for complex
    /// numbers.
    arctan2;
    /// `log(exp(a) + exp(b))` without overflow.
    logaddexp;
    /// True where both operands are true; they broadcast.
    logical_and;
    /// True where either operand is true; they broadcast.
    logical_or;
    /// True where one operand is true and the other is not; they broadcast.
    logical_xor;
    /// The larger of two elements, NaN if either is NaN; the operands broadcast and promote.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.maximum(mx.array([1.0, -2.0]), 0)
    /// array([1, 0], dtype=float32)
    maximum;
    /// The smaller of two elements, NaN if either is NaN; the operands broadcast and promote.
    minimum;
    /// `a` to the power of `b`; the operands broadcast and promote. Integers wrap.
    power;
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    register_plain(module)?;
    register_bits(module)?;
    register_positional(module)?;
    alias(
        module,
        &[
            ("atan2", "arctan2"),
            ("bitwise_left_shift", "left_shift"),
            ("bitwise_right_shift", "right_shift"),
            ("pow", "power"),
        ],
    )
}
