//! The loops over one row.

use num_complex::Complex64;

use crate::Complex32;
use crate::arith::{Arith, Number};
use crate::simd::{Float, Isa, Kernel};

/// Independent partial sums, enough for two of the widest vectors of `f32`.
const LANES: usize = 32;
/// Elements whose sum is kept in the row's own precision; the sum of such sums is in double precision.
const BLOCK: usize = 1024;

/// `exp(top) * total`: the sum of exponentials relative to the largest element.
#[derive(Clone, Copy)]
pub(super) struct Sum<W> {
    pub top: W,
    pub total: f64,
}

impl<W: Arith> Sum<W> {
    pub const EMPTY: Sum<W> = Sum { top: W::LOWEST, total: 0.0 };
}

/// The sum of several parts.
pub(super) fn join<W: Arith + Float>(parts: &[Sum<W>]) -> Sum<W> {
    let top = parts.iter().fold(W::LOWEST, |top, part| Arith::max(top, part.top));
    let scaled = |part: &Sum<W>| {
        // The total of a part of negative infinities is NaN, but it counts nothing.
        if part.top == W::LOWEST { 0.0 } else { (part.top.to_f64() - top.to_f64()).exp() * part.total }
    };
    let total = if top == W::LOWEST { 0.0 } else { parts.iter().map(scaled).sum() };
    Sum { top, total }
}

#[inline(always)]
fn largest<T: Number>(values: &[T]) -> T::Wide {
    let mut lanes = [T::Wide::LOWEST; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = Arith::max(*lane, value.widen());
        }
    }
    let top = lanes.into_iter().fold(T::Wide::LOWEST, Arith::max);
    rest.iter().fold(top, |top, value| Arith::max(top, value.widen()))
}

/// Sums `exp(value - top)` and hands each to `store`.
#[inline(always)]
fn sum_exp<T: Number<Wide: Float>, I: Isa>(
    values: &[T],
    top: T::Wide,
    mut store: impl FnMut(usize, [T::Wide; LANES], usize),
) -> f64 {
    let mut total = 0.0;
    for (b, block) in values.chunks(BLOCK).enumerate() {
        let mut lanes = [<T::Wide as Arith>::ZERO; LANES];
        for (c, chunk) in block.chunks(LANES).enumerate() {
            let mut exps = [<T::Wide as Arith>::ZERO; LANES];
            if let Ok(chunk) = <&[T; LANES]>::try_from(chunk) {
                for (exp, value) in exps.iter_mut().zip(chunk) {
                    *exp = Float::exp::<I>(value.widen() - top);
                }
            } else {
                for (exp, value) in exps.iter_mut().zip(chunk) {
                    *exp = Float::exp::<I>(value.widen() - top);
                }
            }
            for (lane, &exp) in lanes.iter_mut().zip(&exps) {
                *lane = Arith::add(*lane, exp);
            }
            store(b * BLOCK + c * LANES, exps, chunk.len());
        }
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = Arith::add(lanes[i], lanes[i + width]);
            }
            width /= 2;
        }
        total += lanes[0].to_f64();
    }
    total
}

/// Softmax of a row; `scratch` takes the exponentials.
pub(super) struct Exponentials<'a, T: Number> {
    pub values: &'a [T],
    pub scratch: &'a mut [T::Wide],
    pub out: &'a mut [T],
}

impl<T: Number<Wide: Float>> Kernel for Exponentials<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Exponentials { values, scratch, out } = self;
        let top = largest(values);
        let total = sum_exp::<T, I>(values, top, |start, exps, n| {
            if n == LANES {
                scratch[start..start + LANES].copy_from_slice(&exps);
            } else {
                scratch[start..start + n].copy_from_slice(&exps[..n]);
            }
        });
        let scale = T::Wide::from_f64(1.0 / total);
        for (out, &exp) in out.iter_mut().zip(scratch.iter()) {
            *out = T::narrow(Arith::mul(exp, scale));
        }
    }
}

/// The sum of a row's exponentials.
pub(super) struct SumAll<'a, T>(pub &'a [T]);

impl<T: Number<Wide: Float>> Kernel for SumAll<'_, T> {
    type Output = Sum<T::Wide>;
    #[inline(always)]
    fn run<I: Isa>(self) -> Sum<T::Wide> {
        let top = largest(self.0);
        Sum { top, total: sum_exp::<T, I>(self.0, top, |_, _, _| {}) }
    }
}

/// Part of the softmax of a row whose sum is known.
pub(super) struct Scale<'a, T: Number> {
    pub values: &'a [T],
    pub out: &'a mut [T],
    pub total: Sum<T::Wide>,
}

impl<T: Number<Wide: Float>> Kernel for Scale<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let scale = T::Wide::from_f64(1.0 / self.total.total);
        for (out, value) in self.out.iter_mut().zip(self.values) {
            *out = T::narrow(Arith::mul(Float::exp::<I>(value.widen() - self.total.top), scale));
        }
    }
}

/// The logarithm of a sum.
pub(super) struct LogTotal<W>(pub Sum<W>);

impl<W: Arith + Float> Kernel for LogTotal<W> {
    type Output = W;
    #[inline(always)]
    fn run<I: Isa>(self) -> W {
        let Sum { top, total } = self.0;
        // Infinities and NaN at the top decide alone; their differences would be NaN.
        if top == W::LOWEST || top == W::HIGHEST || Arith::is_nan(top) {
            return top;
        }
        W::from_f64(top.to_f64() + Float::log::<I>(total))
    }
}

fn wide(z: Complex32, top: f64) -> Complex64 {
    Complex64::new(f64::from(z.re) - top, f64::from(z.im))
}

fn top_complex(values: &[Complex32]) -> f64 {
    f64::from(values.iter().fold(f32::NEG_INFINITY, |top, z| Arith::max(top, z.re)))
}

pub(super) fn exponentials_complex(values: &[Complex32], out: &mut [Complex32]) {
    let top = top_complex(values);
    let total: Complex64 = values.iter().map(|&z| wide(z, top).exp()).sum();
    for (out, &z) in out.iter_mut().zip(values) {
        let value = wide(z, top).exp() / total;
        *out = Complex32::new(value.re as f32, value.im as f32);
    }
}

pub(super) fn log_total_complex(values: &[Complex32]) -> Complex32 {
    let top = top_complex(values);
    if top.is_infinite() {
        return Complex32::new(top as f32, 0.0);
    }
    let total: Complex64 = values.iter().map(|&z| wide(z, top).exp()).sum();
    let log = total.ln() + top;
    Complex32::new(log.re as f32, log.im as f32)
}
