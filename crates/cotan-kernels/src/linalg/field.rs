//! The element types that have factorisations.

use faer::traits::{ComplexField, RealField};
use num_complex::{Complex, Complex32};
use num_traits::{Float, One, Zero};

use crate::Element;

/// A number of a factorisation.
pub(super) trait Field: Element + ComplexField<Real = Self::Part> + Zero + One {
    /// The type of absolute values.
    type Part: Element + RealField + Float;

    /// A real number as one of this type.
    fn of(part: Self::Part) -> Self;
    /// The real part.
    fn part(self) -> Self::Part;
    /// The complex conjugate.
    fn conjugate(self) -> Self;
    /// The absolute value.
    fn modulus(self) -> Self::Part;
    /// Whether no part is infinite or NaN.
    fn finite(self) -> bool;
    /// This number with another absolute value, or that value itself where this one is zero.
    fn with_modulus(self, modulus: Self::Part) -> Self;
}

/// Copies a matrix, times a power of two that makes its largest element about one, so that iterations neither overflow
/// nor take small numbers for zeros. Returns by what to multiply eigenvalues and singular values; `None` when an element
/// is infinite or NaN.
pub(super) fn scaled<T: Field>(matrix: &[T], to: &mut [T]) -> Option<T::Part> {
    let most = matrix.iter().fold(<T::Part as Zero>::zero(), |most, x| Float::max(most, x.modulus()));
    let limit = Float::log2(<T::Part as Float>::max_value()) - <T::Part as One>::one() - <T::Part as One>::one();
    let exponent = Float::floor(Float::log2(Float::max(most, <T::Part as Float>::min_positive_value())));
    let exponent = Float::max(Float::min(exponent, limit), -limit);
    let (down, up) = (Float::exp2(-exponent), Float::exp2(exponent));
    to.iter_mut().zip(matrix).for_each(|(to, &x)| *to = x * T::of(down));
    matrix.iter().all(|x| x.finite()).then_some(up)
}

macro_rules! real {
    ($($T:ty),*) => {
        $(impl Field for $T {
            type Part = $T;
            fn of(part: $T) -> $T {
                part
            }
            fn part(self) -> $T {
                self
            }
            fn conjugate(self) -> $T {
                self
            }
            fn modulus(self) -> $T {
                <$T>::abs(self)
            }
            fn finite(self) -> bool {
                <$T>::is_finite(self)
            }
            fn with_modulus(self, modulus: $T) -> $T {
                modulus.copysign(self)
            }
        })*
    };
}
real!(f32, f64);

impl Field for Complex32 {
    type Part = f32;
    fn of(part: f32) -> Complex32 {
        Complex::new(part, 0.0)
    }
    fn part(self) -> f32 {
        self.re
    }
    fn conjugate(self) -> Complex32 {
        Complex::new(self.re, -self.im)
    }
    fn modulus(self) -> f32 {
        self.re.hypot(self.im)
    }
    fn finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
    fn with_modulus(self, modulus: f32) -> Complex32 {
        let own = self.modulus();
        if own == 0.0 { Complex::new(modulus, 0.0) } else { Complex::new(self.re / own, self.im / own) * modulus }
    }
}

/// Runs `$body` with `$T` standing for the field that `$dtype` names.
///
/// # Panics
/// For element types without factorisations.
macro_rules! with_field {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            $crate::DType::C64 => {
                type $T = ::num_complex::Complex32;
                $body
            }
            other => panic!("linalg: {other} matrices have no factorisation"),
        }
    };
}
pub(super) use with_field;
