//! Quantising: codes, scales and biases of every group in one pass.

use super::bits::pack_codes;
use super::scales::{fp8, fp8_code, power};
use super::{Rounded, with_rounded};
use crate::error::KernelError;
use crate::simd::{Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{DType, bf16, f16, pool};

/// How a matrix is quantised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scheme {
    /// Whole numbers with a scale and a bias in the type of the matrix.
    Affine {
        /// How many bits a code has.
        bits: usize,
    },
    /// Floats E2M1 or, of eight bits, E4M3, with powers of two as scales.
    Powers {
        /// How many bits a code has.
        bits: usize,
    },
    /// Floats E2M1 with floats E4M3 as scales, in units of a global scale.
    Floats {
        /// The magnitude that the largest code with the largest scale stands for; without one the unit is 1.
        global: Option<f32>,
    },
}

/// Words, scales, and biases where there are any.
pub type Parts = (Tensor, Tensor, Option<Tensor>);

/// Codes of a group are found in pieces of so many.
const MOST: usize = 128;
/// The largest E2M1 and E4M3 magnitudes.
const LARGEST: [f32; 2] = [6.0, 448.0];
/// Scales below this are as good as a group without extent.
const SMALLEST: f32 = 1e-7;

/// Quantises the rows of a matrix, in groups of `group` elements.
///
/// In the affine scheme the end of each group with the larger magnitude is exact; NaN is no end. The arithmetic is in
/// single precision, and bit by bit that of MLX.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When `w` is not of `f32`, `f16` or `bf16`, or a row is not a multiple of the group, which is one of 16 elements.
pub fn quantize(w: &Tensor, scheme: Scheme, group: usize) -> Result<Parts, KernelError> {
    let (columns, rows) = w.shape().split_last().expect("a matrix has axes");
    assert!(
        group.is_multiple_of(16) && group <= MOST && columns.is_multiple_of(group),
        "{columns} in groups of {group}"
    );
    let (bits, own) = match scheme {
        Scheme::Affine { bits } => (bits, w.dtype()),
        Scheme::Powers { bits } => (bits, DType::U8),
        Scheme::Floats { .. } => (4, DType::U8),
    };
    let shape = |last: usize| [rows, &[last]].concat();
    let mut words = Output::new(DType::U32, &shape(columns * bits / 32))?;
    let groups = shape(columns / group);
    let mut scales = Output::new(own, &groups)?;
    let mut biases = matches!(scheme, Scheme::Affine { .. }).then(|| Output::new(own, &groups)).transpose()?;
    let source = w.to_row_major()?;
    let to = [words.ptr(), scales.ptr(), biases.as_mut().map_or(std::ptr::null_mut(), Output::ptr)].map(Shared);
    with_rounded!(w.dtype(), S => {
        let source = source.as_slice::<S>().expect("row-major");
        pool::parallel_chunks(source.len() / group, 16, group as f32 / 2.0, &|range| {
            let source = &source[range.start * group..range.end * group];
            let size = match own { DType::U8 => 1, dtype => dtype.size() };
            let bytes = group / 8 * bits;
            let part = |i: usize, size: usize| {
                let to: *mut u8 = to[i].get();
                if to.is_null() { return &mut [][..]; }
                // SAFETY: there are so many bytes for each group; ranges of groups don't overlap.
                unsafe { std::slice::from_raw_parts_mut(to.add(range.start * size), range.len() * size) }
            };
            let [words, scales, biases] = [part(0, bytes), part(1, size), part(2, size)];
            dispatch(Encode { source, scheme, bits, group, words, scales, biases });
        });
    });
    Ok((words.finish(), scales.finish(), biases.map(Output::finish)))
}

/// Some groups, and where their parts go.
struct Encode<'a, S> {
    source: &'a [S],
    scheme: Scheme,
    bits: usize,
    group: usize,
    words: &'a mut [u8],
    scales: &'a mut [u8],
    biases: &'a mut [u8],
}

impl<S: Rounded> Kernel for Encode<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (bytes, size) = (self.group / 8 * self.bits, size_of::<S>());
        let (mut values, mut codes) = ([0.0f32; MOST], [0u8; MOST]);
        let put = |to: &mut [u8], place: usize, value: S| {
            // SAFETY: any element is plain bytes.
            let from = unsafe { std::slice::from_raw_parts((&raw const value).cast::<u8>(), size) };
            to[place * size..][..size].copy_from_slice(from);
        };
        for (place, group) in self.source.chunks_exact(self.group).enumerate() {
            let values = &mut values[..self.group];
            let codes = &mut codes[..self.group];
            values.iter_mut().zip(group).for_each(|(value, x)| *value = x.wide());
            match self.scheme {
                Scheme::Affine { bits } => {
                    let [scale, bias] = affine(values, codes, bits);
                    put(self.scales, place, S::rounded(scale));
                    put(self.biases, place, S::rounded(bias));
                }
                Scheme::Powers { bits } => {
                    let largest = LARGEST[usize::from(bits == 8)];
                    let code = exponent(S::rounded(magnitude(values) / largest).wide());
                    values.iter_mut().for_each(|x| *x /= power(code));
                    if bits == 8 {
                        each(values, codes, fp8_code)
                    } else {
                        each(values, codes, fp4_code)
                    }
                    self.scales[place] = code;
                }
                Scheme::Floats { global } => {
                    let most = S::rounded(magnitude(values) / LARGEST[0]).wide();
                    let unit = global.map(|global| global / (LARGEST[0] * LARGEST[1]));
                    let code = fp8_code(unit.map_or(most, |unit| most / unit));
                    float_group::<S>(values, fp8(code), unit);
                    each(values, codes, fp4_code);
                    self.scales[place] = code;
                }
            }
            pack_codes(codes, &mut self.words[place * bytes..][..bytes], self.bits);
        }
    }
}

#[inline(always)]
fn each(values: &[f32], codes: &mut [u8], code: impl Fn(f32) -> u8) {
    codes.iter_mut().zip(values).for_each(|(to, &value)| *to = code(value));
}

/// Values in units of their scale. A group of zeros, or of what is too small for a scale, has only zeros.
#[inline(always)]
fn float_group<S: Rounded>(values: &mut [f32], scale: f32, unit: Option<f32>) {
    match unit {
        _ if scale * unit.unwrap_or(1.0) == 0.0 => values.fill(0.0),
        None => values.iter_mut().for_each(|x| *x /= scale),
        Some(unit) => values.iter_mut().for_each(|x| *x = S::rounded(*x / scale).wide() / unit),
    }
}

/// The smallest and the largest element, in which NaN has no say.
#[inline(always)]
fn ends(values: &[f32]) -> [f32; 2] {
    const LANES: usize = 16;
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    for values in values.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            low[lane] = if values[lane] < low[lane] { values[lane] } else { low[lane] };
            high[lane] = if values[lane] > high[lane] { values[lane] } else { high[lane] };
        }
    }
    let least = low.into_iter().fold(f32::INFINITY, |a, b| if b < a { b } else { a });
    [least, high.into_iter().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a })]
}

/// The largest magnitude, in which NaN has no say.
#[inline(always)]
fn magnitude(values: &[f32]) -> f32 {
    let [low, high] = ends(values);
    let most = low.abs().max(high.abs());
    // With nothing but NaN the ends are the wrong way round.
    if low <= high { most } else { 0.0 }
}

/// Codes, scale and bias of a group.
#[inline(always)]
fn affine(values: &[f32], codes: &mut [u8], bits: usize) -> [f32; 2] {
    let most = ((1u32 << bits) - 1) as f32;
    let [low, high] = ends(values);
    let [scale, bias] = if bits == 1 {
        // The first of equal zeros, whatever its sign.
        let first = if low == 0.0 { values.iter().copied().find(|&x| x == 0.0).unwrap_or(low) } else { low };
        [larger(high - low, SMALLEST), first]
    } else {
        let step = larger((high - low) / most, SMALLEST);
        // The end of larger magnitude is exact, and zero lies close to a code.
        let [step, edge] = if low.abs() > high.abs() { [step, low] } else { [-step, high] };
        let steps = (edge / step).round_ties_even();
        if steps == 0.0 { [step, 0.0] } else { [edge / steps, edge] }
    };
    for (code, &x) in codes.iter_mut().zip(values) {
        let place = ((x - bias) / scale).max(0.0).min(most);
        // Adding 2^23 rounds to the nearest even integer, which the low bits of the sum are.
        *code = (place + 8_388_608.0).to_bits() as u8;
    }
    [scale, bias]
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a < b { b } else { a }
}

/// The E8M0 code of the smallest power of two that is not below a number, whose logarithm is rounded to single precision;
/// 1 for 0.
#[inline(always)]
fn exponent(x: f32) -> u8 {
    if x == 0.0 {
        return 127;
    }
    if x < f32::MIN_POSITIVE {
        return u8::from(x > power(0));
    }
    let (field, fraction) = (x.to_bits() >> 23, x.to_bits() & 0x7f_ffff);
    let whole = field as f32 - 127.0;
    // A fraction far below the precision of the logarithm is lost.
    let logarithm = whole + (f64::from(fraction) * std::f64::consts::LOG2_E / 8_388_608.0).min(0.5) as f32;
    (field + u32::from(logarithm > whole)).min(254) as u8
}

/// The E2M1 code of the nearest magnitude, the smaller of two; what rounds to zero has no sign.
#[inline(always)]
fn fp4_code(x: f32) -> u8 {
    let magnitude = x.abs();
    let mut code = 0;
    for half_way in [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0] {
        code += u8::from(magnitude > half_way);
    }
    if x < 0.0 && code > 0 { code | 8 } else { code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_rounded_logarithms() {
        for bits in (1u32 << 23..0x7f00_0000).step_by(9_999_991).flat_map(|bits| [bits, bits & 0x7f80_0000]) {
            for bits in bits.saturating_sub(3).max(1 << 23)..bits + 40 {
                let x = f32::from_bits(bits);
                let expected = ((f64::from(x).log2() as f32).ceil() + 127.0).clamp(0.0, 254.0) as u8;
                assert_eq!(exponent(x), expected, "{x:e}");
            }
        }
    }

    #[test]
    fn a_group_without_extent_has_one_code() {
        let w = Tensor::from_slice(&[2.5f32; 32], &[1, 32]).unwrap();
        let (words, scales, biases) = quantize(&w, Scheme::Affine { bits: 4 }, 32).unwrap();
        assert_eq!((words.to_vec::<u32>(), scales.to_vec::<f32>()), (vec![0; 4], vec![-1e-7]));
        assert_eq!(biases.unwrap().to_vec::<f32>(), [2.5]);
    }
}
