//! Scans against plain loops.

use crate::common::{Rng, V, config, lanes, same, tolerance, values};
use cotan_kernels::scan::{ScanOp, scan};
use cotan_kernels::{DType, Scalar, Tensor, pool};
use num_complex::Complex64;
use proptest::prelude::*;

const OPS: [ScanOp; 5] = [ScanOp::Sum, ScanOp::Prod, ScanOp::Max, ScanOp::Min, ScanOp::LogSumExp];

fn identity(op: ScanOp, dtype: DType) -> V {
    let real = |v: Scalar| values(&v_tensor(v))[0];
    match op {
        ScanOp::Sum => real(Scalar::zero(dtype)),
        ScanOp::Prod => real(Scalar::one(dtype)),
        ScanOp::Max => real(Scalar::lowest(dtype)),
        ScanOp::Min => real(Scalar::highest(dtype)),
        ScanOp::LogSumExp if dtype == DType::C64 => V::C(Complex64::new(f64::NEG_INFINITY, 0.0)),
        ScanOp::LogSumExp => V::F(f64::NEG_INFINITY),
    }
}

fn v_tensor(value: Scalar) -> Tensor {
    cotan_kernels::with_dtype!(value.dtype(), T => Tensor::scalar(value.get::<T>().unwrap()).unwrap())
}

fn join(op: ScanOp, a: V, b: V) -> V {
    match (op, a, b) {
        (ScanOp::Sum, ..) => a.add(b),
        (ScanOp::Prod, ..) => a.mul(b),
        (ScanOp::Max, ..) => a.max(b),
        (ScanOp::Min, ..) => a.min(b),
        (ScanOp::LogSumExp, V::F(a), V::F(b)) if a == b && a.is_infinite() => V::F(a),
        (ScanOp::LogSumExp, V::F(a), V::F(b)) => V::F(a.max(b) + (-(a - b).abs()).exp().ln_1p()),
        (ScanOp::LogSumExp, V::C(a), V::C(b)) => V::C((a.exp() + b.exp()).ln()),
        (ScanOp::LogSumExp, ..) => unreachable!("of floats"),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn scanning_any_view_equals_a_loop(seed: u64) {
        let mut rng = Rng(seed);
        let (op, mut shape) = (rng.pick(&OPS), rng.shape(3));
        let floats = [DType::F16, DType::Bf16, DType::F32, DType::F64, DType::C64];
        let dtype = if op == ScanOp::LogSumExp { rng.pick(&floats) } else { rng.pick(&DType::ALL) };
        shape.push(1 + rng.below(12));
        let axis = rng.below(shape.len());
        let (reverse, inclusive) = (rng.chance(50), rng.chance(50));
        let special = rng.chance(20) && matches!(op, ScanOp::Max | ScanOp::Min);
        let tensor = rng.view(dtype, &shape, |rng| match op {
            ScanOp::Prod if dtype == DType::C64 => 0.5,
            ScanOp::Prod if dtype.is_inexact() => rng.pick(&[1.0, -1.0, 1.0, 1.0, 0.5, 2.0]),
            _ => rng.value(dtype, special),
        });
        let elements = values(&tensor);
        let got = scan(op, &tensor, axis, reverse, inclusive).unwrap();
        prop_assert_eq!((got.shape(), got.dtype(), got.is_row_major()), (&shape[..], dtype, true));
        let got = values(&got);
        for mut lane in lanes(&shape, axis) {
            if reverse {
                lane.reverse();
            }
            let (mut total, mut size) = (None, 0.0);
            for i in lane {
                let next = total.map_or(elements[i], |total| join(op, total, elements[i]));
                size += match elements[i] {
                    V::F(a) if op == ScanOp::Sum => a.abs(),
                    V::C(a) if op == ScanOp::Sum => a.norm(),
                    _ => match (op, next) {
                        (ScanOp::Prod | ScanOp::LogSumExp, V::F(a)) if a.is_finite() => a.abs(),
                        (ScanOp::Prod | ScanOp::LogSumExp, V::C(a)) if a.norm().is_finite() => a.norm(),
                        _ => 0.0,
                    },
                };
                let expected = if inclusive { next } else { total.unwrap_or_else(|| identity(op, dtype)) };
                // Running logarithms of complex numbers differ by turns of the angle.
                let (shown, expected) = match (op, got[i], expected) {
                    (ScanOp::LogSumExp, V::C(a), V::C(b)) => (V::C(a.exp()), V::C(b.exp())),
                    (_, a, b) => (a, b),
                };
                let room = 8.0 * tolerance(dtype) * size + if op == ScanOp::Prod { 1e-7 } else { 0.0 };
                let room = if let V::C(z) = expected && op == ScanOp::LogSumExp { room * (1.0 + z.norm()) } else { room };
                let ok = same(dtype, shown, expected, room);
                prop_assert!(ok, "{:?} {:?} {:?} along {}: {:?} for {:?}", op, dtype, shape, axis, shown, expected);
                total = Some(next);
            }
        }
    }
}

#[test]
fn long_rows_scan_in_pieces_that_fit_together() {
    let values: Vec<i64> = (0..200_000).map(|i| i % 1000 - 300).collect();
    let tensor = Tensor::from_slice(&values, &[2, 100_000]).unwrap();
    for (reverse, inclusive) in [(false, true), (true, true), (false, false), (true, false)] {
        let got = scan(ScanOp::Sum, &tensor, 1, reverse, inclusive).unwrap().to_vec::<i64>();
        for (got, row) in got.chunks(100_000).zip(values.chunks(100_000)) {
            let mut order: Vec<usize> = (0..row.len()).collect();
            if reverse {
                order.reverse();
            }
            let mut total = 0;
            for i in order {
                assert_eq!(got[i], if inclusive { total + row[i] } else { total }, "{i} {reverse} {inclusive}");
                total += row[i];
            }
        }
    }
}

#[test]
fn long_float_scans_do_not_depend_on_threads() {
    let values: Vec<f32> = (0..150_000).map(|i| (i % 17) as f32 * 0.3).collect();
    let tensor = Tensor::from_slice(&values, &[150_000]).unwrap();
    let runs = [1, 2, 4].map(|threads| {
        pool::set_threads(threads);
        scan(ScanOp::Sum, &tensor, 0, false, true).unwrap().to_vec::<f32>()
    });
    assert!(runs[0] == runs[1] && runs[1] == runs[2]);
    let exact: f64 = values.iter().map(|&x| f64::from(x)).sum();
    assert!((f64::from(runs[0][149_999]) - exact).abs() < 1e-4 * exact);
}

#[test]
fn a_product_scan_passes_through_extremes_as_a_loop_does() {
    let values = [1e-30f32, 1e30, 1e30, 1e-30, 1e-30, 1e20, 1e20, 1e-30, 1.0, 2.0];
    let got = scan(ScanOp::Prod, &Tensor::from_slice(&values, &[10]).unwrap(), 0, false, true).unwrap();
    let mut total = 1.0f32;
    for (got, value) in got.to_vec::<f32>().into_iter().zip(values) {
        total *= value;
        assert_eq!(got, total);
    }
}
