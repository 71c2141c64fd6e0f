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
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.divide(mx.array([1, 2]), 4)
    /// array([0.25, 0.5], dtype=float32)
    divide;
    /// True where the elements of two arrays, which broadcast and promote, are equal.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.equal(mx.array([1, 2]), 2)
    /// array([False, True], dtype=bool)
    equal;
    /// The quotient rounded down, as `//` has it. An integer divided by 0 gives 0; complex numbers are not rounded.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.floor_divide(mx.array([7, -7]), 2)
    /// array([3, -4], dtype=int32)
    floor_divide;
    /// True where `a > b`; the operands broadcast and promote. Complex numbers are ordered by real, then imaginary part.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.greater(mx.array([1, 2, 3]), 2)
    /// array([False, False, True], dtype=bool)
    greater;
    /// True where `a >= b`; the operands broadcast and promote.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.greater_equal(mx.array([1, 2, 3]), 2)
    /// array([False, True, True], dtype=bool)
    greater_equal;
    /// True where `a < b`; the operands broadcast and promote. Complex numbers are ordered by real, then imaginary part.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.less(mx.array([1, 2, 3]), 2)
    /// array([True, False, False], dtype=bool)
    less;
    /// True where `a <= b`; the operands broadcast and promote.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.less_equal(mx.array([1, 2, 3]), 2)
    /// array([True, True, False], dtype=bool)
    less_equal;
    /// The product of two arrays, which broadcast and promote. Integers wrap; the product of bools is "and".
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.multiply(mx.array([[1], [2]]), mx.array([3, 4]))
    /// array([[3, 4],
    ///        [6, 8]], dtype=int32)
    multiply;
    /// True where the elements of two arrays, which broadcast and promote, differ. NaN differs from everything.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.not_equal(mx.array([1.0, mx.nan]), mx.array([1.0, mx.nan]))
    /// array([False, True], dtype=bool)
    not_equal;
    /// What `floor_divide` leaves, with the sign of the divisor. An integer by 0 gives the dividend.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.remainder(mx.array([7, -7]), 3)
    /// array([1, 2], dtype=int32)
    remainder;
    /// The difference of two arrays, which broadcast and promote. Integers wrap.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.subtract(mx.array([1, 2]), mx.array([0.5, 0.5]))
    /// array([0.5, 1.5], dtype=float32)
    subtract;
}

binary! {
    register_bits, (a, b, stream = None), on_bits;

    /// The bits that are set in both integers, or "and" of bools. RuntimeError for floating and complex types.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.bitwise_and(mx.array([12, 10]), 6)
    /// array([4, 2], dtype=int32)
    bitwise_and;
    /// The bits that are set in either integer, or "or" of bools. RuntimeError for floating and complex types.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.bitwise_or(mx.array([12, 10]), 6)
    /// array([14, 14], dtype=int32)
    bitwise_or;
    /// The bits that are set in one of both integers only. RuntimeError for floating and complex types.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.bitwise_xor(mx.array([12, 10]), 6)
    /// array([10, 12], dtype=int32)
    bitwise_xor;
    /// The bits of `a` moved up by `b` places; bools become uint8. RuntimeError for floating and complex types.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.left_shift(mx.array([1, 3]), 2)
    /// array([4, 12], dtype=int32)
    left_shift;
    /// The bits of `a` moved down by `b` places, keeping the sign; bools become uint8. RuntimeError for floating and
    /// complex types.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.right_shift(mx.array([8, -8]), 2)
    /// array([2, -2], dtype=int32)
    right_shift;
}

binary! {
    register_positional, (a, b, /, *, stream = None), as_it_is;

    /// The angle in radians of the point with ordinate `a` and abscissa `b`, between -pi and pi. ValueError for complex
    /// numbers.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.arctan2(mx.array([1.0, -1.0]), mx.array([1.0, -1.0]))
    /// array([0.785398, -2.35619], dtype=float32)
    arctan2;
    /// `log(exp(a) + exp(b))` without overflow.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.logaddexp(mx.array([0.0, 1000.0]), mx.array([0.0, 1000.0]))
    /// array([0.693147, 1000.69], dtype=float32)
    logaddexp;
    /// True where both operands are true; they broadcast.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.logical_and(mx.array([True, False]), mx.array([1, 1]))
    /// array([True, False], dtype=bool)
    logical_and;
    /// True where either operand is true; they broadcast.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.logical_or(mx.array([True, False]), mx.array([0, 0]))
    /// array([True, False], dtype=bool)
    logical_or;
    /// True where one operand is true and the other is not; they broadcast.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.logical_xor(mx.array([True, False]), mx.array([True, True]))
    /// array([False, True], dtype=bool)
    logical_xor;
    /// The larger of two elements, NaN if either is NaN; the operands broadcast and promote.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.maximum(mx.array([1.0, -2.0]), 0)
    /// array([1, 0], dtype=float32)
    maximum;
    /// The smaller of two elements, NaN if either is NaN; the operands broadcast and promote.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.minimum(mx.array([1.0, -2.0]), 0)
    /// array([0, -2], dtype=float32)
    minimum;
    /// `a` to the power of `b`; the operands broadcast and promote. Integers wrap.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.power(mx.array([2, 3]), 2)
    /// array([4, 9], dtype=int32)
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
