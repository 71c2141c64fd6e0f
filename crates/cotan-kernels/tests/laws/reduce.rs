//! Reductions against plain loops.

use crate::common::{self, Rng, V, config, same, tolerance, values};
use cotan_kernels::fused::{Operand, Program};
use cotan_kernels::reduce::{ReduceOp, arg_reduce, reduce};
use cotan_kernels::simd::{Isa, Map2, Tile};
use cotan_kernels::{DType, Output, Tensor};
use proptest::prelude::*;

const OPS: [ReduceOp; 6] = [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max, ReduceOp::Min, ReduceOp::All, ReduceOp::Any];

fn plain(op: ReduceOp, tensor: &Tensor, axes: &[usize]) -> Tensor {
    let mut program = Program::new();
    let value = program.input(tensor.dtype());
    let result = result_type(op, tensor.dtype());
    let operands = [Operand::Tensor(tensor.clone())];
    reduce(op, &program, value, tensor.shape(), axes, &operands, &mut [], result).unwrap()
}

fn result_type(op: ReduceOp, dtype: DType) -> DType {
    match op {
        ReduceOp::All | ReduceOp::Any => DType::Bool,
        ReduceOp::Sum | ReduceOp::Prod | ReduceOp::Max | ReduceOp::Min => dtype,
    }
}

/// The group that each element belongs to, and the number of groups.
fn groups(shape: &[usize], axes: &[usize]) -> (Vec<usize>, usize) {
    let kept: Vec<usize> = (0..shape.len()).map(|axis| if axes.contains(&axis) { 1 } else { shape[axis] }).collect();
    let total = shape.iter().product();
    let group = (0..total)
        .map(|mut i| {
            let (mut group, mut step) = (0, 1);
            for axis in (0..shape.len()).rev() {
                if !axes.contains(&axis) {
                    group += i % shape[axis] * step;
                }
                step *= kept[axis];
                i /= shape[axis];
            }
            group
        })
        .collect();
    (group, kept.iter().product())
}

/// What a reduction should give, and the rounding it may show.
fn expected(op: ReduceOp, dtype: DType, elements: &[V], shape: &[usize], axes: &[usize]) -> (Vec<V>, Vec<f64>) {
    let (group, count) = groups(shape, axes);
    let mut total: Vec<Option<V>> = vec![None; count];
    let mut size = vec![0.0f64; count];
    for (&v, &g) in elements.iter().zip(&group) {
        let v = if result_type(op, dtype) == DType::Bool { V::B(v.truth()) } else { v };
        size[g] += match v {
            V::F(a) if a.is_finite() => a.abs(),
            V::C(a) if a.norm().is_finite() => a.norm(),
            _ => 0.0,
        };
        total[g] = Some(match (total[g], op) {
            (None, _) => v,
            (Some(t), ReduceOp::Sum | ReduceOp::Any) => t.add(v),
            (Some(t), ReduceOp::Prod | ReduceOp::All) => t.mul(v),
            (Some(t), ReduceOp::Max) => t.max(v),
            (Some(t), ReduceOp::Min) => t.min(v),
        });
    }
    let rounding = total.iter().zip(&size).map(|(t, size)| match (op, t) {
        (ReduceOp::Sum, _) => tolerance(dtype) * size,
        // The smallest numbers of a half are coarse.
        (ReduceOp::Prod, Some(V::F(a))) => 4.0 * tolerance(dtype) * a.abs() + 1e-7,
        (ReduceOp::Prod, Some(V::C(a))) => 40.0 * tolerance(dtype) * a.norm() + 1e-40,
        _ => 0.0,
    });
    let rounding = rounding.collect();
    (total.into_iter().map(|t| t.unwrap_or(V::B(false))).collect(), rounding)
}

fn random_axes(rng: &mut Rng, rank: usize) -> Vec<usize> {
    (0..rank).filter(|_| rng.chance(50)).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reducing_any_view_equals_a_loop(seed: u64) {
        let mut rng = Rng(seed);
        let (op, dtype, shape) = (rng.pick(&OPS), rng.pick(&DType::ALL), rng.shape(4));
        let axes = random_axes(&mut rng, shape.len());
        let special = rng.chance(30);
        // Products of many values leave every range, so most of them are ones.
        let small = op == ReduceOp::Prod && dtype.is_inexact();
        let tensor = rng.view(dtype, &shape, |rng| match small {
            true => rng.pick(if dtype == DType::C64 { &[0.5] } else { &[1.0, -1.0, 1.0, 1.0, 1.0, 0.5, 2.0] }),
            false => rng.value(dtype, special),
        });
        let got = plain(op, &tensor, &axes);
        let kept: Vec<usize> = (0..shape.len()).map(|i| if axes.contains(&i) { 1 } else { shape[i] }).collect();
        prop_assert_eq!(got.shape(), &kept[..], "{:?} over {:?} {:?}", shape, axes, tensor.strides());
        prop_assert!(got.is_row_major());
        if !shape.contains(&0) {
            let (total, rounding) = expected(op, dtype, &values(&tensor), &shape, &axes);
            for (i, got) in values(&got).into_iter().enumerate() {
                let ok = same(result_type(op, dtype), got, total[i], rounding[i]);
                prop_assert!(ok, "{:?} {:?} {:?} over {:?}: {:?} for {:?}", op, dtype, shape, axes, got, total[i]);
            }
        }
    }

    #[test]
    fn reducing_a_program_fills_its_outputs_in_the_same_pass(seed: u64) {
        #[derive(Clone, Copy)]
        struct Times;
        impl Map2<f32, f32, f32> for Times {
            #[inline(always)]
            fn call<I: Isa>(a: f32, b: f32) -> f32 {
                a * b
            }
        }
        let mut rng = Rng(seed);
        let shape = rng.shape(4);
        let axes = random_axes(&mut rng, shape.len());
        let [a, b] = [0, 1].map(|_| rng.view(DType::F32, &shape, |rng| rng.value(DType::F32, false)));
        let mut program = Program::new();
        let (x, y) = (program.input(DType::F32), program.input(DType::F32));
        let product = program.apply(Tile::map2::<f32, f32, f32, Times>(), &[x, y]);
        program.output(product);
        let mut outputs = [Output::new(DType::F32, &shape).unwrap()];
        let operands = [Operand::Tensor(a.clone()), Operand::Tensor(b.clone())];
        let got =
            reduce(ReduceOp::Sum, &program, product, &shape, &axes, &operands, &mut outputs, DType::F32).unwrap();
        let [output] = outputs;
        let products: Vec<V> = values(&a).into_iter().zip(values(&b)).map(|(a, b)| a.mul(b)).collect();
        for (got, expected) in values(&output.finish()).into_iter().zip(&products) {
            prop_assert!(same(DType::F32, got, *expected, 0.0));
        }
        if !shape.contains(&0) {
            let (total, rounding) = expected(ReduceOp::Sum, DType::F32, &products, &shape, &axes);
            for (i, got) in values(&got).into_iter().enumerate() {
                prop_assert!(same(DType::F32, got, total[i], rounding[i]), "{:?} over {:?}", shape, axes);
            }
        }
    }

    #[test]
    fn the_place_of_the_extremum_equals_a_loop(seed: u64) {
        let mut rng = Rng(seed);
        let (max, dtype, mut shape) = (rng.chance(50), rng.pick(&DType::ALL), rng.shape(4));
        shape.insert(0, 1 + rng.below(5));
        let axis = rng.below(shape.len());
        if shape[axis] == 0 {
            return Ok(());
        }
        let special = rng.chance(20);
        let tensor = rng.view(dtype, &shape, |rng| rng.value(dtype, special));
        let elements = values(&tensor);
        let got = arg_reduce(max, &tensor, axis).unwrap();
        let places = got.to_vec::<u32>();
        for (lane, got) in common::lanes(&shape, axis).into_iter().zip(places) {
            let best = lane.iter().map(|&i| elements[i]).reduce(|a, b| if max { a.max(b) } else { a.min(b) }).unwrap();
            let first = lane.iter().position(|&i| match best.nan() {
                true => elements[i].nan(),
                false => !elements[i].nan() && !elements[i].less(best) && !best.less(elements[i]),
            });
            prop_assert_eq!(Some(got as usize), first, "{:?} {:?} along {}", dtype, shape, axis);
        }
    }
}

#[test]
fn nothing_reduces_to_the_identity() {
    let empty = Tensor::from_slice::<f32>(&[], &[3, 0]).unwrap();
    let expected = [0.0, 1.0, f32::NEG_INFINITY, f32::INFINITY];
    for (op, expected) in OPS.into_iter().zip(expected) {
        assert_eq!(plain(op, &empty, &[1]).to_vec::<f32>(), [expected; 3], "{op:?}");
    }
    assert!(plain(ReduceOp::All, &empty, &[0, 1]).to_vec::<cotan_kernels::Bool>()[0].get());
    assert!(!plain(ReduceOp::Any, &empty, &[0, 1]).to_vec::<cotan_kernels::Bool>()[0].get());
    assert_eq!(plain(ReduceOp::Sum, &empty, &[0]).len(), 0);
}

#[test]
fn sums_of_millions_are_accurate_and_independent_of_threads() {
    let n = 3_000_000;
    let ones: Vec<f32> = (0..n).map(|i| 0.1 + (i % 7) as f32).collect();
    let exact: f64 = ones.iter().map(|&x| f64::from(x)).sum();
    for shape in [vec![n], vec![n / 3, 3], vec![3, n / 3], vec![n / 3000, 3000]] {
        let tensor = Tensor::from_slice(&ones, &shape).unwrap();
        let all: Vec<usize> = (0..shape.len()).collect();
        let sums: Vec<f32> = [1, 2, 5]
            .map(|threads| {
                cotan_kernels::pool::set_threads(threads);
                let columns = plain(ReduceOp::Sum, &tensor, &[0]);
                plain(ReduceOp::Sum, &columns, &all).to_vec::<f32>()[0]
            })
            .to_vec();
        assert!(sums.iter().all(|s| s == &sums[0]), "{shape:?}");
        assert!((f64::from(sums[0]) - exact).abs() <= 1e-6 * exact, "{shape:?}: {} for {exact}", sums[0]);
    }
    let halves = Tensor::from_slice(&vec![cotan_kernels::bf16::from_f32(1.0); 1000], &[1000]).unwrap();
    assert_eq!(plain(ReduceOp::Sum, &halves, &[0]).to_vec::<cotan_kernels::bf16>()[0].to_f32(), 1000.0);
}

#[test]
fn integers_wrap() {
    let tensor = Tensor::from_slice(&[i32::MAX, 1, 5], &[3]).unwrap();
    assert_eq!(plain(ReduceOp::Sum, &tensor, &[0]).to_vec::<i32>(), [i32::MIN + 5]);
    let tensor = Tensor::from_slice(&[u64::MAX, 3], &[2]).unwrap();
    assert_eq!(plain(ReduceOp::Prod, &tensor, &[0]).to_vec::<u64>(), [u64::MAX.wrapping_mul(3)]);
    assert_eq!(plain(ReduceOp::Max, &tensor, &[0]).to_vec::<u64>(), [u64::MAX]);
}
