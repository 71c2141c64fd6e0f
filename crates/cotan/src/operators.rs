//! Operators and methods of [`Array`], for expressions that read like formulas.

use std::ops::{Add, Div, Mul, Neg, Sub};

use cotan_kernels::{DType, Scalar};

use crate::array::Array;
use crate::error::Result;
use crate::ops;

/// What the operators do with an error, as the standard library's do: panic with its message.
#[track_caller]
fn expect(result: Result<Array>) -> Array {
    match result {
        Ok(array) => array,
        Err(error) => panic!("{error}"),
    }
}

/// A number beside an array: in the array's type, unless that is an integer type and the number is not whole.
fn beside(array: &Array, value: f64) -> Array {
    let dtype = array.dtype();
    let dtype = if dtype.is_inexact() || (dtype.is_integer() && value.fract() == 0.0) { dtype } else { DType::F32 };
    Array::full(&[], Scalar::new(value).cast(dtype))
}

macro_rules! operators {
    ($($Trait:ident $method:ident $op:path;)*) => {
        $(
            impl $Trait<&Array> for &Array {
                type Output = Array;
                #[track_caller]
                fn $method(self, other: &Array) -> Array {
                    expect($op(self, other))
                }
            }
            impl $Trait<Array> for &Array {
                type Output = Array;
                #[track_caller]
                fn $method(self, other: Array) -> Array {
                    expect($op(self, &other))
                }
            }
            impl $Trait<&Array> for Array {
                type Output = Array;
                #[track_caller]
                fn $method(self, other: &Array) -> Array {
                    expect($op(&self, other))
                }
            }
            impl $Trait<Array> for Array {
                type Output = Array;
                #[track_caller]
                fn $method(self, other: Array) -> Array {
                    expect($op(&self, &other))
                }
            }
            impl $Trait<f64> for &Array {
                type Output = Array;
                #[track_caller]
                fn $method(self, other: f64) -> Array {
                    expect($op(self, &beside(self, other)))
                }
            }
            impl $Trait<f64> for Array {
                type Output = Array;
                #[track_caller]
                fn $method(self, other: f64) -> Array {
                    expect($op(&self, &beside(&self, other)))
                }
            }
            impl $Trait<&Array> for f64 {
                type Output = Array;
                #[track_caller]
                fn $method(self, other: &Array) -> Array {
                    expect($op(&beside(other, self), other))
                }
            }
            impl $Trait<Array> for f64 {
                type Output = Array;
                #[track_caller]
                fn $method(self, other: Array) -> Array {
                    expect($op(&beside(&other, self), &other))
                }
            }
        )*
    };
}
operators! {
    Add add ops::add;
    Sub sub ops::subtract;
    Mul mul ops::multiply;
    Div div ops::divide;
}

impl Neg for &Array {
    type Output = Array;
    #[track_caller]
    fn neg(self) -> Array {
        expect(ops::negative(self))
    }
}

impl Neg for Array {
    type Output = Array;
    #[track_caller]
    fn neg(self) -> Array {
        expect(ops::negative(&self))
    }
}

/// Declares methods that call the operation of the same name.
macro_rules! methods {
    ($($name:ident($($arg:ident: $T:ty),*);)*) => {
        impl Array {
            $(
                #[doc = concat!("[`ops::", stringify!($name), "`] of this array.")]
                ///
                /// # Errors
                /// As that function.
                pub fn $name(&self, $($arg: $T),*) -> Result<Array> {
                    ops::$name(self, $($arg),*)
                }
            )*
        }
    };
}
methods! {
    abs();
    exp();
    log();
    sin();
    cos();
    tanh();
    sqrt();
    square();
    sigmoid();
    astype(dtype: DType);
    reshape(shape: &[usize]);
    transpose(axes: &[i64]);
    matmul(other: &Array);
    maximum(other: &Array);
    minimum(other: &Array);
    sum(axes: Option<&[i64]>, keepdims: bool);
    mean(axes: Option<&[i64]>, keepdims: bool);
    max(axes: Option<&[i64]>, keepdims: bool);
    min(axes: Option<&[i64]>, keepdims: bool);
}
