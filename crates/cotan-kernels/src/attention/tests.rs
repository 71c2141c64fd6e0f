//! Both ways of computing attention against the plain formula, and their gradients against differences.

use super::operands::{Problem, contiguous};
use super::*;

/// Heads of queries and of keys, queries, keys, features and outputs.
type Sizes = [usize; 6];

fn random(shape: &[usize], seed: u64) -> Tensor {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 23) - 1.0
    };
    let values: Vec<f64> = (0..layout::len(shape)).map(|_| next()).collect();
    Tensor::from_slice(&values, shape).unwrap()
}

fn operands([heads, groups, queries, keys, features, outputs]: Sizes) -> [Tensor; 3] {
    [
        random(&[2, heads, queries, features], 1),
        random(&[2, groups, keys, features], 2),
        random(&[2, groups, keys, outputs], 3),
    ]
}

/// Attention one score at a time.
fn plain(a: Attention) -> Vec<f64> {
    let (q, k, v) = (a.q.to_vec::<f64>(), a.k.to_vec::<f64>(), a.v.to_vec::<f64>());
    let (shape, of_keys) = (a.q.shape(), a.k.shape());
    let (heads, queries, features, groups, keys) = (shape[1], shape[2], shape[3], of_keys[1], of_keys[2]);
    let outputs = a.v.shape()[3];
    let mut out = Vec::new();
    for (row, q) in q.chunks(features).enumerate() {
        let (head, query) = (row / queries, row % queries);
        let group = head / heads * groups + head % heads / (heads / groups);
        let score = |key: usize| {
            let k = &k[(group * keys + key) * features..][..features];
            let score = a.scale * q.iter().zip(k).map(|(a, b)| a * b).sum::<f64>();
            if matches!(a.mask, Mask::Causal) && key + queries > query + keys { -f64::MAX } else { score }
        };
        let sink = a.sinks.map_or(f64::NEG_INFINITY, |sinks| sinks.to_vec::<f64>()[head % heads]);
        let top = (0..keys).map(score).fold(sink, f64::max);
        let total: f64 = (0..keys).map(|key| (score(key) - top).exp()).sum::<f64>() + (sink - top).exp();
        out.extend((0..outputs).map(|output| {
            let value = |key: usize| (score(key) - top).exp() / total * v[(group * keys + key) * outputs + output];
            (0..keys).map(value).sum::<f64>()
        }));
    }
    out
}

/// Attention as packed or as read where it lies, whatever the sizes.
fn forced(a: Attention, in_place: bool) -> Vec<f64> {
    let mut out = vec![0.0; layout::len(&a.q.shape()[..3]) * a.v.shape()[3]];
    let mut stats = vec![0.0; layout::len(&a.q.shape()[..3]) * 2];
    let held = contiguous(a).unwrap();
    let problem = Problem::<f64>::new(&held).unwrap();
    let to = Results { out: Shared(out.as_mut_ptr()), stats: Shared(stats.as_mut_ptr()) };
    if in_place {
        decode::run(&problem, to).unwrap();
    } else {
        prefill::run(&problem, to).unwrap();
    }
    out
}

const SIZES: [Sizes; 5] =
    [[4, 2, 5, 7, 3, 2], [2, 2, 1, 2100, 5, 9], [2, 1, 60, 260, 8, 33], [3, 3, 9, 4, 1, 1], [6, 2, 33, 33, 16, 16]];

fn assert_near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len());
    let far = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(far < tolerance, "{what}: {far:e}");
}

#[test]
fn packed_or_in_place_attention_is_the_plain_formula() {
    for sizes in SIZES {
        let [q, k, v] = &operands(sizes);
        let sinks = random(&[sizes[0]], 4);
        for (mask, sinks) in [(Mask::All, None), (Mask::Causal, None), (Mask::Causal, Some(&sinks))] {
            let a = Attention { q, k, v, scale: 0.7, mask, sinks };
            let want = plain(a);
            for in_place in [false, true] {
                assert_near(&forced(a, in_place), &want, 1e-12, &format!("{sizes:?} {mask:?} {in_place}"));
            }
        }
    }
}

#[test]
fn gradients_are_those_of_small_steps() {
    for sizes in SIZES {
        let [q, k, v] = &operands(sizes);
        let sinks = random(&[sizes[0]], 4);
        let a = Attention { q, k, v, scale: 0.7, mask: Mask::Causal, sinks: Some(&sinks) };
        let [out, stats] = attention(a).unwrap();
        let cotangent = random(out.shape(), 5);
        let grads = attention_grad(a, [&out, &stats], &cotangent).unwrap();
        let value = |a: Attention| -> f64 {
            let out = attention(a).unwrap()[0].to_vec::<f64>();
            out.iter().zip(cotangent.to_vec::<f64>()).map(|(a, b)| a * b).sum()
        };
        let along = |tensor: &Tensor, grad: &Tensor, with: &dyn Fn(&Tensor) -> f64| {
            let direction = random(tensor.shape(), 6).to_vec::<f64>();
            let step = |size: f64| {
                let moved: Vec<f64> =
                    tensor.to_vec::<f64>().iter().zip(&direction).map(|(x, d)| x + size * d).collect();
                with(&Tensor::from_slice(&moved, tensor.shape()).unwrap())
            };
            let want = (step(1e-5) - step(-1e-5)) / 2e-5;
            let got: f64 = grad
                .to_vec::<f64>()
                .chunks(direction.len())
                .flat_map(|g| g.iter().zip(&direction))
                .map(|(g, d)| g * d)
                .sum();
            assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "{sizes:?}: {got} for {want}");
        };
        along(q, &grads.q, &|q| value(Attention { q, ..a }));
        along(k, &grads.k, &|k| value(Attention { k, ..a }));
        along(v, &grads.v, &|v| value(Attention { v, ..a }));
        along(&sinks, grads.sinks.as_ref().unwrap(), &|sinks| value(Attention { sinks: Some(sinks), ..a }));
    }
}
