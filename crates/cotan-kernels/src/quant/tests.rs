//! Every kernel against products with the decoded values, and those against plain arithmetic on single codes.

use super::decode::{FP4, Unpack, Work, run_at};
use super::panels::decode_run;
use super::*;
use crate::Element;
use crate::simd::Level;

/// All formats: bits, group size, and whether codes are whole numbers.
fn formats() -> Vec<(usize, usize, Code)> {
    let whole =
        [1, 2, 3, 4, 5, 6, 8].into_iter().flat_map(|bits| [32, 64, 128].map(|group| (bits, group, Code::Whole)));
    whole.chain([(4, 32, Code::Float), (8, 32, Code::Float), (4, 16, Code::Float)]).collect()
}

/// Numbers that look random.
fn noise(seed: usize) -> impl FnMut() -> u32 {
    let mut state = seed as u32 | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// The memory of a quantised matrix.
struct Stored {
    words: Vec<u8>,
    scales: Vec<f32>,
    biases: Vec<f32>,
    codes: Vec<u8>,
    shape: [usize; 2],
    format: (usize, usize, Code),
}

impl Stored {
    fn new(shape: [usize; 2], format: (usize, usize, Code)) -> Stored {
        let (bits, group, code) = format;
        let mut next = noise(shape[0] * 1000 + shape[1] + bits);
        let words: Vec<u8> = (0..shape[0] * shape[1] * bits / 8).map(|_| (next() >> 7) as u8).collect();
        let floats = |next: &mut dyn FnMut() -> u32| -> Vec<f32> {
            (0..shape[0] * shape[1] / group).map(|_| (next() % 64) as f32 / 32.0 - 1.0).collect()
        };
        let scales = match code {
            Code::Whole => floats(&mut next),
            Code::Float => (0..shape[0] * shape[1] / group).map(|_| scales::power((next() % 9 + 123) as u8)).collect(),
        };
        let biases = floats(&mut next);
        let strings: Vec<u32> = words.as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word)).collect();
        let codes = unpack(&Tensor::from_slice(&strings, &[strings.len()]).unwrap(), bits).unwrap().to_vec::<u8>();
        Stored { words, scales, biases, codes, shape, format }
    }

    fn weights(&self) -> Weights<'_> {
        let (bits, group, code) = self.format;
        let biases = (code == Code::Whole).then_some(Scales::F32(&self.biases));
        Weights::new(&self.words, Scales::F32(&self.scales), biases, self.shape, bits, group)
    }

    /// Each value by itself.
    fn value(&self, row: usize, column: usize) -> f32 {
        let (bits, group, code) = self.format;
        let place = row * self.shape[1] + column;
        let (scale, number) = (self.scales[place / group], self.codes[place]);
        match (code, bits) {
            (Code::Whole, _) => f32::from(number) * scale + self.biases[place / group],
            (Code::Float, 4) => FP4[usize::from(number)] * scale,
            (Code::Float, _) => scales::fp8(number) * scale,
        }
    }
}

struct DecodeRows<'a>(&'a Weights<'a>, &'a mut [f32]);

impl Work for DecodeRows<'_> {
    #[inline(always)]
    unsafe fn run<V: Unpack>(self) {
        let columns = self.0.columns;
        for (row, out) in self.1.chunks_exact_mut(columns).enumerate() {
            // SAFETY: whole rows; the machine has the registers.
            with_coding!(self.0, C => unsafe { decode_run::<V, C>(self.0, row, 0, columns, out.as_mut_ptr()) });
        }
    }
}

fn same(a: f32, b: f32) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

#[test]
fn all_registers_decode_every_code_to_the_same_value() {
    for format in formats() {
        let stored = Stored::new([5, 384], format);
        for &level in Level::available() {
            let mut out = vec![0.0; 5 * 384];
            run_at(level, DecodeRows(&stored.weights(), &mut out));
            for (i, &value) in out.iter().enumerate() {
                let expected = stored.value(i / 384, i % 384);
                assert!(same(value, expected), "{format:?} at {level:?}, {i}: {value} is not {expected}");
            }
        }
    }
}

#[test]
fn dequantising_rounds_the_values_once() {
    for format in formats() {
        let stored = Stored::new([3, 256], format);
        let (mut single, mut half) = (vec![0.0f32; 768], vec![bf16::ZERO; 768]);
        dequantize(&stored.weights(), &mut single);
        dequantize(&stored.weights(), &mut half);
        for (i, (&single, half)) in single.iter().zip(half).enumerate() {
            assert!(same(single, stored.value(i / 256, i % 256)), "{format:?}");
            assert!(same(half.to_f32(), bf16::from_f32(single).to_f32()), "{format:?}");
        }
    }
}

/// Products of `m` rows with a matrix, as far as the type of the result can tell.
fn check<T: Element>(
    m: usize,
    shape: [usize; 2],
    format: (usize, usize, Code),
    transpose: bool,
    number: fn(f32) -> T,
    wide: fn(T) -> f32,
    tolerance: f32,
) {
    let mut stored = Stored::new(shape, format);
    // NaN says nothing about places.
    if format.2 == Code::Float && format.0 == 8 {
        stored.words.iter_mut().for_each(|code| *code &= 0xf7);
        stored.codes.iter_mut().for_each(|code| *code &= 0xf7);
    }
    let [n, k] = if transpose { shape } else { [shape[1], shape[0]] };
    let mut next = noise(m + n);
    let x: Vec<f32> = (0..m * k).map(|_| (next() % 33) as f32 / 16.0 - 1.0).collect();
    let rounded: Vec<T> = x.iter().map(|&x| number(x)).collect();
    let mut out = vec![number(f32::NAN); m * n];
    matmul(&Tensor::from_slice(&rounded, &[m, k]).unwrap(), &stored.weights(), transpose, &mut out).unwrap();
    for (place, &sum) in out.iter().enumerate() {
        let (i, j) = (place / n, place % n);
        let value = |p: usize| f64::from(if transpose { stored.value(j, p) } else { stored.value(p, j) });
        let terms = (0..k).map(|p| f64::from(x[i * k + p]) * value(p));
        let (expected, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
        let error = (f64::from(wide(sum)) - expected).abs();
        assert!(
            error <= f64::from(tolerance) * (size + 1.0),
            "{format:?} {m} {shape:?} {transpose} at {i}, {j}: {sum:?} not {expected}"
        );
    }
}

#[test]
fn products_are_those_with_the_values() {
    for format in formats() {
        for m in [1, 2, 3, 4, 7, 8, 11, FEW, FEW + 1, 40] {
            for (shape, transpose) in [([7, 384], true), ([37, 128], true), ([7, 384], false), ([70, 128], false)] {
                check::<f32>(m, shape, format, transpose, |x| x, |x| x, 1e-6);
            }
        }
    }
}

#[test]
fn products_of_halves_are_summed_in_single_precision() {
    for format in [(4, 64, Code::Whole), (8, 32, Code::Float)] {
        for (m, transpose) in [(1, true), (1, false), (40, true), (40, false)] {
            check::<f16>(m, [37, 384], format, transpose, f16::from_f32, f16::to_f32, 1e-3);
            check::<bf16>(m, [37, 384], format, transpose, bf16::from_f32, bf16::to_f32, 8e-3);
        }
    }
}

#[test]
fn a_group_of_sixteen_may_end_a_row() {
    for m in [1, 3, 40] {
        check::<f32>(m, [9, 48], (4, 16, Code::Float), true, |x| x, |x| x, 1e-6);
        check::<f32>(m, [9, 48], (4, 16, Code::Float), false, |x| x, |x| x, 1e-6);
    }
}
