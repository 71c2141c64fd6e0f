//! Kernels whose limit is arithmetic: matrix products, convolutions, attention, Fourier transforms.
//!
//! `cargo bench -p cotan-kernels --bench products`; an item is a multiplication with its addition.

use cotan_kernels::attention::{Attention, Mask, attention};
use cotan_kernels::conv::{Window, convolve};
use cotan_kernels::gemm::{MatRef, Size, matmul};
use cotan_kernels::quant::{self, Scales, Weights};
use cotan_kernels::{Element, Tensor, bf16, f16, fft};
use divan::Bencher;
use divan::counter::ItemsCount;
use smallvec::smallvec;

fn main() {
    divan::main();
}

/// Numbers in (-1, 1) in no order.
fn numbers(count: usize) -> impl Iterator<Item = f32> {
    (0..count).map(|i| (i.wrapping_mul(2_654_435_761) % 65_536) as f32 / 32_768.0 - 1.0)
}

fn tensor(shape: &[usize]) -> Tensor {
    let data: Vec<f32> = numbers(shape.iter().product()).collect();
    Tensor::from_slice(&data, shape).expect("memory for the numbers")
}

/// Rows, inner length and columns of a product, from tiny to large, and of the shapes of a decoder.
const SIZES: [[usize; 3]; 6] =
    [[16, 16, 16], [64, 64, 64], [256, 256, 256], [1024, 1024, 1024], [1, 2048, 2048], [16, 2048, 2048]];

/// Times a product of matrices whose elements are made from `f32`.
fn product<T: Element>(bencher: Bencher, [m, k, n]: [usize; 3], make: fn(f32) -> T) {
    let a: Vec<T> = numbers(m * k).map(make).collect();
    let b: Vec<T> = numbers(k * n).map(make).collect();
    let a = MatRef { data: &a, offset: 0, row_stride: k as isize, col_stride: 1 };
    let b = MatRef { data: &b, offset: 0, row_stride: n as isize, col_stride: 1 };
    let mut c = vec![make(0.0); m * n];
    bencher
        .counter(ItemsCount::new(m * n * k))
        .bench_local(|| matmul(Size { m, n, k }, a, b, divan::black_box(&mut c), 1.0, 0.0));
}

#[divan::bench(args = SIZES)]
fn matmul_f32(bencher: Bencher, sizes: [usize; 3]) {
    product(bencher, sizes, |x| x);
}

#[divan::bench(args = SIZES)]
fn matmul_f64(bencher: Bencher, sizes: [usize; 3]) {
    product(bencher, sizes, f64::from);
}

#[divan::bench(args = SIZES)]
fn matmul_bf16(bencher: Bencher, sizes: [usize; 3]) {
    product(bencher, sizes, bf16::from_f32);
}

#[divan::bench(args = SIZES)]
fn matmul_f16(bencher: Bencher, sizes: [usize; 3]) {
    product(bencher, sizes, f16::from_f32);
}

/// Times a convolution of 56 x 56 places with a kernel of three by three.
fn convolution(bencher: Bencher, channels: usize, groups: usize, stride: usize) {
    let (side, out) = (56, 56 / stride);
    let input = tensor(&[4, side, side, channels]);
    let kernel = tensor(&[channels, 3, 3, channels / groups]);
    let one = smallvec![1, 1];
    let window = Window {
        stride: smallvec![stride, stride],
        low: smallvec![1, 1],
        kernel_dilation: one.clone(),
        input_dilation: one,
        groups,
        flip: false,
    };
    bencher
        .counter(ItemsCount::new(4 * out * out * channels * 9 * channels / groups))
        .bench(|| convolve(&input, &kernel, &window, &[out, out]));
}

#[divan::bench(args = [1, 2])]
fn conv_of_stride(bencher: Bencher, stride: usize) {
    convolution(bencher, 64, 1, stride);
}

#[divan::bench]
fn conv_depthwise(bencher: Bencher) {
    convolution(bencher, 128, 128, 1);
}

#[divan::bench(args = [1000, 1024, 1009])]
fn rfft_of_length(bencher: Bencher, length: usize) {
    let x = tensor(&[1000, length]);
    bencher.counter(ItemsCount::new(x.len())).bench(|| fft::real_to_complex(&x, 1));
}

/// Rows of queries that look at 2048 keys of 8 heads of 64 features.
#[divan::bench(args = [1, 16, 1024])]
fn attention_of(bencher: Bencher, queries: usize) {
    let q = tensor(&[1, 8, queries, 64]);
    let (k, v) = (tensor(&[1, 8, 2048, 64]), tensor(&[1, 8, 2048, 64]));
    let operands = Attention { q: &q, k: &k, v: &v, scale: 0.125, mask: Mask::All, sinks: None };
    bencher.counter(ItemsCount::new(8 * queries * 2048 * 128)).bench(|| attention(operands));
}

/// Rows times a matrix of 2048 x 2048 codes of so many bits.
#[divan::bench(args = [[1, 4], [1, 8], [16, 4], [256, 4]])]
fn quantised(bencher: Bencher, [rows, bits]: [usize; 2]) {
    const SIDE: usize = 2048;
    let x = tensor(&[rows, SIDE]);
    let words = vec![0x5a; SIDE * SIDE / 8 * bits];
    let scales: Vec<f32> = numbers(SIDE * SIDE / 64).collect();
    let weights = Weights::new(&words, Scales::F32(&scales), Some(Scales::F32(&scales)), [SIDE, SIDE], bits, 64);
    let mut out = vec![0.0f32; rows * SIDE];
    bencher
        .counter(ItemsCount::new(rows * SIDE * SIDE))
        .bench_local(|| quant::matmul(&x, &weights, true, divan::black_box(&mut out)));
}
