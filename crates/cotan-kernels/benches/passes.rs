//! Kernels whose limit is the memory: elementwise programs, reductions, softmax, scans, sorts, gathers.
//!
//! `cargo bench -p cotan-kernels --bench passes`; divan prints the least, the median and the throughput.

use cotan_kernels::fused::{Operand, Program};
use cotan_kernels::norm::{Norm, norm};
use cotan_kernels::reduce::{ReduceOp, reduce};
use cotan_kernels::scan::{ScanOp, scan};
use cotan_kernels::simd::{Float, Isa, Map1, Map2, Tile};
use cotan_kernels::{DType, Output, Tensor, gather, softmax, sort};
use divan::Bencher;
use divan::counter::BytesCount;

/// Elements from within the second-level cache to far outside of the third.
const SIZES: [usize; 3] = [100_000, 1_000_000, 10_000_000];
const SIDE: usize = 2048;

fn main() {
    divan::main();
}

/// Numbers in (-4, 4) in no order.
fn numbers(shape: &[usize]) -> Tensor {
    let number = |i: usize| (i.wrapping_mul(2_654_435_761) % 65_536) as f32 / 8_192.0 - 4.0;
    let data: Vec<f32> = (0..shape.iter().product()).map(number).collect();
    Tensor::from_slice(&data, shape).expect("memory for the numbers")
}

#[derive(Clone, Copy)]
struct Add;
impl Map2<f32, f32, f32> for Add {
    #[inline(always)]
    fn call<I: Isa>(a: f32, b: f32) -> f32 {
        a + b
    }
}

#[derive(Clone, Copy)]
struct Exp;
impl Map1<f32, f32> for Exp {
    #[inline(always)]
    fn call<I: Isa>(a: f32) -> f32 {
        Float::exp::<I>(a)
    }
}

/// Times one step over `n` elements of as many inputs as it has arguments.
fn step(bencher: Bencher, tile: Tile, n: usize) {
    let mut program = Program::new();
    let inputs: Vec<_> = (0..tile.arity()).map(|_| program.input(DType::F32)).collect();
    let result = program.apply(tile, &inputs);
    program.output(result);
    let operands: Vec<_> = inputs.iter().map(|_| Operand::Tensor(numbers(&[n]))).collect();
    bencher.counter(BytesCount::of_many::<f32>(n * (operands.len() + 1))).bench(|| {
        let mut out = [Output::new(DType::F32, &[n]).expect("memory for the result")];
        program.run(&[n], &operands, &mut out).map(|()| out)
    });
}

#[divan::bench(args = SIZES)]
fn add(bencher: Bencher, n: usize) {
    step(bencher, Tile::map2::<f32, f32, f32, Add>(), n);
}

#[divan::bench(args = SIZES)]
fn exp(bencher: Bencher, n: usize) {
    step(bencher, Tile::map1::<f32, f32, Exp>(), n);
}

#[divan::bench(args = [[0, 0], [1, 1], [0, 1]])]
fn sum(bencher: Bencher, axes: [usize; 2]) {
    let mut program = Program::new();
    let value = program.input(DType::F32);
    let operands = [Operand::Tensor(numbers(&[SIDE, SIDE]))];
    let axes = if axes[0] == axes[1] { &axes[..1] } else { &axes[..] };
    bencher
        .counter(BytesCount::of_many::<f32>(SIDE * SIDE))
        .bench(|| reduce(ReduceOp::Sum, &program, value, &[SIDE, SIDE], axes, &operands, &mut [], DType::F32));
}

/// Times a function of a square matrix that is read and written once.
fn matrix<R>(bencher: Bencher, f: impl Fn(&Tensor) -> R + Sync) {
    let x = numbers(&[SIDE, SIDE]);
    bencher.counter(BytesCount::of_many::<f32>(2 * SIDE * SIDE)).bench(|| f(&x));
}

#[divan::bench(args = [0, 1])]
fn softmax_along(bencher: Bencher, axis: usize) {
    matrix(bencher, |x| softmax::softmax(x, &[axis]));
}

#[divan::bench]
fn layer_norm(bencher: Bencher) {
    matrix(bencher, |x| norm(x, None, None, Norm { centre: true, eps: 1e-5, lead: 0 }));
}

#[divan::bench(args = [0, 1])]
fn running_sum(bencher: Bencher, axis: usize) {
    matrix(bencher, |x| scan(ScanOp::Sum, x, axis, false, true));
}

#[divan::bench]
fn transposed_copy(bencher: Bencher) {
    matrix(bencher, |x| x.permute(&[1, 0]).to_row_major());
}

#[divan::bench(args = [0, 1])]
fn sort_along(bencher: Bencher, axis: usize) {
    matrix(bencher, |x| sort::sort(x, axis));
}

#[divan::bench]
fn argsort_rows(bencher: Bencher) {
    matrix(bencher, |x| sort::argsort(x, 1));
}

#[divan::bench]
fn gather_along_rows(bencher: Bencher) {
    let columns: Vec<i32> = (0..SIDE * SIDE).map(|i| (i.wrapping_mul(2_654_435_761) % SIDE) as i32).collect();
    let columns = Tensor::from_slice(&columns, &[SIDE, SIDE]).expect("memory for the indices");
    matrix(bencher, |x| gather::gather_axis(x, &columns, 1));
}
