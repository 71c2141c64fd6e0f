//! Softmax and logsumexp against the definition in double precision.

use crate::common::{Rng, V, config, same, tolerance, values};
use cotan_kernels::softmax::{logsumexp, softmax};
use cotan_kernels::{DType, Tensor};
use num_complex::Complex64;
use proptest::prelude::*;

const FLOATS: [DType; 5] = [DType::F16, DType::Bf16, DType::F32, DType::F64, DType::C64];

fn complex(v: V) -> Complex64 {
    match v {
        V::F(a) => Complex64::new(a, 0.0),
        V::C(a) => a,
        V::B(_) | V::I(_) => unreachable!("floats"),
    }
}

fn as_type(dtype: DType, z: Complex64) -> V {
    if dtype == DType::C64 { V::C(z) } else { V::F(z.re) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn softmax_and_logsumexp_follow_the_definition(seed: u64) {
        let mut rng = Rng(seed);
        let (dtype, shape) = (rng.pick(&FLOATS), rng.shape(4));
        let axes: Vec<usize> = (0..shape.len()).filter(|_| rng.chance(50)).collect();
        let tensor = rng.view(dtype, &shape, |rng| rng.value(dtype, false));
        let elements: Vec<Complex64> = values(&tensor).into_iter().map(|v| complex(v).exp()).collect();
        let kept: Vec<usize> = (0..shape.len()).map(|i| if axes.contains(&i) { 1 } else { shape[i] }).collect();
        let group = |mut i: usize| {
            let (mut at, mut step) = (0, 1);
            for axis in (0..shape.len()).rev() {
                if !axes.contains(&axis) {
                    at += i % shape[axis] * step;
                }
                step *= kept[axis];
                i /= shape[axis];
            }
            at
        };
        let mut totals = vec![Complex64::ZERO; kept.iter().product()];
        let mut sizes = vec![0.0; totals.len()];
        for (i, exp) in elements.iter().enumerate() {
            totals[group(i)] += exp;
            sizes[group(i)] += exp.norm();
        }
        let (soft, log) = (softmax(&tensor, &axes).unwrap(), logsumexp(&tensor, &axes).unwrap());
        prop_assert_eq!((soft.shape(), log.shape()), (&shape[..], &kept[..]));
        for (i, got) in values(&soft).into_iter().enumerate() {
            let (total, size) = (totals[group(i)], sizes[group(i)]);
            // Cancellation between complex exponentials magnifies rounding.
            let room = 16.0 * tolerance(dtype) * (elements[i] / total).norm() * (size / total.norm());
            let expected = as_type(dtype, elements[i] / total);
            // The smallest numbers of a half are coarse.
            prop_assert!(same(dtype, got, expected, room + 1e-7), "{:?} {:?} {:?}", dtype, shape, axes);
        }
        for (i, got) in values(&log).into_iter().enumerate() {
            let expected = totals[i].ln();
            let room = 4.0 * tolerance(dtype) * (expected.norm() + 4.0 * sizes[i] / totals[i].norm());
            prop_assert!(same(dtype, got, as_type(dtype, expected), room), "{:?} {:?} {:?}", dtype, shape, axes);
        }
    }
}

#[test]
fn infinities_and_nan_come_out_as_they_should() {
    let inf = f32::INFINITY;
    let rows = [[-inf, -inf, -inf], [inf, 0.0, 1.0], [f32::NAN, 0.0, 1.0], [-inf, 0.0, 0.0]].concat();
    let tensor = Tensor::from_slice(&rows, &[4, 3]).unwrap();
    let log = logsumexp(&tensor, &[1]).unwrap().to_vec::<f32>();
    assert_eq!((log[0], log[1], log[3]), (-inf, inf, 2f32.ln()));
    assert!(log[2].is_nan());
    let soft = softmax(&tensor, &[1]).unwrap().to_vec::<f32>();
    assert!(soft[..3].iter().all(|x| x.is_nan()) && soft[6..9].iter().all(|x| x.is_nan()));
    assert_eq!(soft[9..], [0.0, 0.5, 0.5]);
    let empty = Tensor::from_slice::<f32>(&[], &[2, 0]).unwrap();
    assert_eq!(softmax(&empty, &[1]).unwrap().shape(), [2, 0]);
    assert_eq!(logsumexp(&empty, &[1]).unwrap().to_vec::<f32>(), [-inf; 2]);
}

#[test]
fn long_rows_are_shared_among_threads_without_a_difference() {
    let n = 300_000;
    let data: Vec<f32> = (0..n).map(|i| if i < 40_000 { f32::NEG_INFINITY } else { (i % 77) as f32 * 0.2 }).collect();
    let tensor = Tensor::from_slice(&data, &[n]).unwrap();
    let exact: f64 = data.iter().map(|&x| f64::from(x).exp()).sum();
    let runs = [1, 3].map(|threads| {
        cotan_kernels::pool::set_threads(threads);
        (softmax(&tensor, &[0]).unwrap().to_vec::<f32>(), logsumexp(&tensor, &[0]).unwrap().to_vec::<f32>())
    });
    assert!(runs[0] == runs[1]);
    for (got, &x) in runs[0].0.iter().zip(&data) {
        let expected = f64::from(x).exp() / exact;
        assert!((f64::from(*got) - expected).abs() <= 1e-5 * expected);
    }
    assert!((f64::from(runs[0].1[0]) - exact.ln()).abs() < 1e-5);
}
