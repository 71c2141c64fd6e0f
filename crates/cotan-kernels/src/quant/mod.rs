//! Quantised matrices: codes of few bits in words, with a scale for every group of codes in a row.
//!
//! Element `i` of a row lies in the bits from `i * bits` on of its words, read as one little-endian string.

mod bits;
mod columns;
mod decode;
mod encode;
mod panels;
mod rows;
mod scales;
#[cfg(test)]
mod tests;
mod values;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use bits::{pack, unpack};
pub use encode::{Parts, Scheme, quantize};
pub use scales::{Scales, fp8, fp8_code};
pub use values::dequantize;

use crate::error::KernelError;
use crate::gemm::Size;
use crate::lanes::Scratch;
use crate::memory::AllocError;
use crate::simd::Half;
use crate::walk::Shared;
use crate::{DType, Element, Tensor, bf16, f16};

/// What codes stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Whole numbers, times a scale, plus a bias.
    Whole,
    /// Floats of one sign, exponent and fraction bits (1, 2, 1) or (1, 4, 3), times a scale.
    Float,
}

/// A quantised matrix in row-major order.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    words: &'a [u8],
    scales: Scales<'a>,
    biases: Option<Scales<'a>>,
    code: Code,
    bits: usize,
    group: usize,
    rows: usize,
    columns: usize,
}

impl<'a> Weights<'a> {
    /// A matrix by its words and what a group of `group` codes has in common, all in row-major order.
    ///
    /// # Panics
    /// When the parts don't fit together: codes have 1 to 6 or 8 bits, float codes 4 or 8; groups have 16, 32, 64
    /// or 128 codes and fill rows; whole numbers have biases, floats have none.
    #[must_use]
    pub fn new(
        words: &'a [u8],
        scales: Scales<'a>,
        biases: Option<Scales<'a>>,
        [rows, columns]: [usize; 2],
        bits: usize,
        group: usize,
    ) -> Weights<'a> {
        let code = if biases.is_some() { Code::Whole } else { Code::Float };
        assert!(
            matches!((code, bits), (Code::Whole, 1..=6 | 8) | (Code::Float, 4 | 8)),
            "{code:?} codes of {bits} bits"
        );
        assert!(matches!(group, 16 | 32 | 64 | 128) && columns.is_multiple_of(group), "{columns} in groups of {group}");
        assert_eq!(words.len(), rows * (columns / 8 * bits), "words of {rows} x {columns} codes of {bits} bits");
        let groups = rows * (columns / group);
        assert!(scales.len() == groups && biases.is_none_or(|biases| biases.len() == groups), "a scale for each group");
        Weights { words, scales, biases, code, bits, group, rows, columns }
    }

    fn row_bytes(&self) -> usize {
        self.columns / 8 * self.bits
    }

    fn groups(&self) -> usize {
        self.columns / self.group
    }

    /// Where the codes of a row from `column` on lie; `column` is a multiple of eight.
    fn codes(&self, row: usize, column: usize) -> *const u8 {
        self.words.as_ptr().wrapping_add(row * self.row_bytes() + column / 8 * self.bits)
    }

    /// Scale and bias of a group.
    #[inline(always)]
    fn constants(&self, row: usize, group: usize) -> [f32; 2] {
        let place = row * self.groups() + group;
        [self.scales.get(place), self.biases.map_or(0.0, |biases| biases.get(place))]
    }

    /// Nanoseconds that one thread needs to read some of the codes and use each of them for `m` rows.
    fn cost_ns(&self, codes: usize, m: usize) -> u64 {
        (codes as u64 * (4 + m as u64)) / 128
    }
}

/// Calls a generic function with the type of a matrix' codes.
macro_rules! with_coding {
    ($weights:expr, $C:ident => $call:expr) => {{
        use $crate::quant::decode::{Fp4, Fp8, Whole};
        macro_rules! with {
            ($T:ty) => {{
                type $C = $T;
                $call
            }};
        }
        match ($weights.code, $weights.bits) {
            ($crate::quant::Code::Whole, 1) => with!(Whole<1>),
            ($crate::quant::Code::Whole, 2) => with!(Whole<2>),
            ($crate::quant::Code::Whole, 3) => with!(Whole<3>),
            ($crate::quant::Code::Whole, 4) => with!(Whole<4>),
            ($crate::quant::Code::Whole, 5) => with!(Whole<5>),
            ($crate::quant::Code::Whole, 6) => with!(Whole<6>),
            ($crate::quant::Code::Whole, _) => with!(Whole<8>),
            ($crate::quant::Code::Float, 4) => with!(Fp4),
            ($crate::quant::Code::Float, _) => with!(Fp8),
        }
    }};
}
pub(self) use with_coding;

/// A type that single precision is rounded to.
trait Rounded: Element {
    fn rounded(x: f32) -> Self;
    fn wide(self) -> f32;
}

impl Rounded for f32 {
    #[inline(always)]
    fn rounded(x: f32) -> f32 {
        x
    }
    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }
}

impl Rounded for f16 {
    #[inline(always)]
    fn rounded(x: f32) -> f16 {
        Half::narrow(x)
    }
    #[inline(always)]
    fn wide(self) -> f32 {
        Half::widen(self)
    }
}

impl Rounded for bf16 {
    #[inline(always)]
    fn rounded(x: f32) -> bf16 {
        Half::narrow(x)
    }
    #[inline(always)]
    fn wide(self) -> f32 {
        Half::widen(self)
    }
}

/// Calls a generic function with an element type that is rounded to.
macro_rules! with_rounded {
    ($dtype:expr, $T:ident => $call:expr) => {
        match $dtype {
            DType::F32 => {
                type $T = f32;
                $call
            }
            DType::F16 => {
                type $T = f16;
                $call
            }
            DType::Bf16 => {
                type $T = bf16;
                $call
            }
            other => panic!("quantised matrices have no kernels for {other}"),
        }
    };
}
pub(self) use with_rounded;

/// Up to so many rows the codes are decoded in registers, for a few rows at a time; more are worth packed panels.
const FEW: usize = 48;

/// Writes `x @ w^T` (or `x @ w` unless `transpose`) to `out`, both in row-major order. The types are `f32`, `f16` or
/// `bf16`; sums are in single precision and rounded once.
///
/// # Errors
/// When there is no memory to work in.
///
/// # Panics
/// When the shapes don't fit together, `x` is not row-major, or for other types.
pub fn matmul<T: Element>(x: &Tensor, w: &Weights<'_>, transpose: bool, out: &mut [T]) -> Result<(), KernelError> {
    let (n, inner) = if transpose { (w.rows, w.columns) } else { (w.columns, w.rows) };
    let &[m, k] = x.shape() else { panic!("x has shape {:?}", x.shape()) };
    assert!(k == inner && out.len() == m * n, "{m} x {k} times {inner} x {n} gives {}", out.len());
    with_rounded!(T::DTYPE, D => {
        // SAFETY: `T` is this type, as its DTYPE says.
        let out = unsafe { &mut *(out as *mut [T] as *mut [D]) };
        if k == 0 {
            out.fill(D::default());
        }
        if k == 0 || out.is_empty() {
            return Ok(());
        }
        let size = Size { m, n, k };
        with_rounded!(x.dtype(), S => {
            let x = x.as_slice::<S>().expect("x is row-major");
            if m > FEW { panels::product(size, x, w, transpose, out) } else { few(size, x, w, transpose, out) }
        })
    })
    .map_err(KernelError::from)
}

/// The product of a few rows, rounded after it is known as a whole.
fn few<S: Rounded, D: Rounded>(
    size: Size,
    x: &[S],
    w: &Weights<'_>,
    transpose: bool,
    out: &mut [D],
) -> Result<(), AllocError> {
    let product = |sums: &mut [f32]| {
        if transpose { rows::product(size, x, w, sums) } else { columns::product(size, x, w, sums) }
    };
    if D::DTYPE == DType::F32 {
        // SAFETY: the same type.
        return product(unsafe { &mut *(out as *mut [D] as *mut [f32]) });
    }
    let mut sums = Scratch::new(out.len())?;
    product(&mut sums)?;
    let to = Shared(out.as_mut_ptr());
    panels::round_rows(&sums, size.n, &|i| to.get().wrapping_add(i * size.n));
    Ok(())
}
