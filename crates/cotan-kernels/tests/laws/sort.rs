//! Sorting and searching against definitions.

use crate::common::{Rng, V, config, lanes, make, values};
use cotan_kernels::sort::{argpartition, argsort, count_true, nonzero, partition, searchsorted, sort};
use cotan_kernels::{DType, Tensor};
use proptest::prelude::*;

/// The positions that sort a lane, by the definition.
fn order(elements: &[V], lane: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lane.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (elements[lane[a]], elements[lane[b]]);
        if a.less(b) {
            std::cmp::Ordering::Less
        } else if b.less(a) {
            std::cmp::Ordering::Greater
        } else {
            std::cmp::Ordering::Equal
        }
    });
    order
}

/// The same value with the same sign of zero.
fn identical(a: V, b: V) -> bool {
    let bits = |x: f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
    match (a, b) {
        (V::F(a), V::F(b)) => bits(a) == bits(b),
        (V::C(a), V::C(b)) => bits(a.re) == bits(b.re) && bits(a.im) == bits(b.im),
        _ => !a.less(b) && !b.less(a),
    }
}

fn random(rng: &mut Rng) -> (DType, Vec<usize>, usize, Tensor) {
    let (dtype, mut shape) = (rng.pick(&DType::ALL), rng.shape(3));
    shape.push(1 + rng.below(6));
    let axis = rng.below(shape.len());
    let special = rng.chance(50);
    let wide = rng.chance(50) && dtype.is_inexact() && dtype != DType::F16;
    let tensor = rng.view(dtype, &shape, |rng| match wide && rng.chance(90) {
        true => (rng.word() as i64) as f64 * 1e-9,
        false => rng.value(dtype, special),
    });
    (dtype, shape, axis, tensor)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn sorting_is_stable_and_puts_nan_last(seed: u64) {
        let mut rng = Rng(seed);
        let (dtype, shape, axis, tensor) = random(&mut rng);
        let elements = values(&tensor);
        let (sorted, places) = (sort(&tensor, axis).unwrap(), argsort(&tensor, axis).unwrap());
        let (sorted, places) = (values(&sorted), values(&places));
        for lane in lanes(&shape, axis) {
            for (&to, from) in lane.iter().zip(order(&elements, &lane)) {
                let V::I(place) = places[to] else { unreachable!("u32") };
                prop_assert_eq!(place as usize, from, "{:?} {:?} along {}", dtype, shape, axis);
                prop_assert!(identical(sorted[to], elements[lane[from]]), "{:?} {:?} along {}", dtype, shape, axis);
            }
        }
    }

    #[test]
    fn partitioning_puts_one_element_in_place(seed: u64) {
        let mut rng = Rng(seed);
        let (dtype, shape, axis, tensor) = random(&mut rng);
        if shape[axis] == 0 {
            return Ok(());
        }
        let kth = rng.below(shape[axis]);
        let elements = values(&tensor);
        let parted = values(&partition(&tensor, kth, axis).unwrap());
        let places = values(&argpartition(&tensor, kth, axis).unwrap());
        for lane in lanes(&shape, axis) {
            let expected = elements[lane[order(&elements, &lane)[kth]]];
            let mut seen: Vec<i64> = vec![];
            for (j, &i) in lane.iter().enumerate() {
                let V::I(place) = places[i] else { unreachable!("u32") };
                seen.push(place);
                for value in [parted[i], elements[lane[place as usize]]] {
                    let (before, after) = (value.less(expected), expected.less(value));
                    let ok = if j < kth { !after } else if j > kth { !before } else { !before && !after };
                    prop_assert!(ok, "{:?} {:?} along {} at {}", dtype, shape, axis, kth);
                }
            }
            seen.sort_unstable();
            prop_assert!(seen.iter().enumerate().all(|(i, &place)| i as i64 == place));
        }
    }

    #[test]
    fn searching_keeps_data_sorted(seed: u64) {
        let mut rng = Rng(seed);
        let (dtype, n, shape) = (rng.pick(&DType::ALL), rng.below(60), rng.shape(3));
        let data = rng.view(dtype, &[n], |rng| rng.value(dtype, true));
        let data = sort(&data, 0).unwrap();
        let wanted = rng.view(dtype, &shape, |rng| rng.value(dtype, true));
        let (sorted, wanted_values) = (values(&data), values(&wanted));
        for right in [false, true] {
            let got = searchsorted(&data, &wanted, right).unwrap();
            prop_assert_eq!(got.shape(), &shape[..]);
            for (got, &value) in got.to_vec::<u32>().into_iter().zip(&wanted_values) {
                let before = |x: &&V| if right { !value.less(**x) } else { x.less(value) };
                prop_assert_eq!(got as usize, sorted.iter().filter(before).count());
            }
        }
    }

    #[test]
    fn nonzero_lists_what_is_true_in_order(seed: u64) {
        let mut rng = Rng(seed);
        let (dtype, shape) = (rng.pick(&DType::ALL), rng.shape(4));
        let rare = rng.chance(50);
        let mask = rng.view(dtype, &shape, |rng| if rare && rng.chance(95) { 0.0 } else { rng.value(dtype, true) });
        let truth: Vec<bool> = values(&mask).into_iter().map(V::truth).collect();
        let places: Vec<usize> = (0..truth.len()).filter(|&i| truth[i]).collect();
        prop_assert_eq!(count_true(&mask).unwrap(), places.len());
        let got: Vec<Vec<u32>> = nonzero(&mask).unwrap().iter().map(Tensor::to_vec).collect();
        prop_assert_eq!(got.len(), shape.len());
        for (k, mut place) in places.iter().copied().enumerate() {
            for axis in (0..shape.len()).rev() {
                prop_assert_eq!(got[axis][k] as usize, place % shape[axis]);
                place /= shape[axis];
            }
        }
    }
}

#[test]
fn long_rows_sort_as_short_ones_do() {
    let mut rng = Rng(7);
    // Rows of the second length are shared among threads.
    for (dtype, n) in DType::ALL.into_iter().flat_map(|dtype| [(dtype, 5000), (dtype, 70_000)]) {
        let data: Vec<f64> = (0..n).map(|_| rng.below(70_000) as f64 - 20_000.0).collect();
        let tensor = make(dtype, &data, &[n]);
        let elements = values(&tensor);
        let lane: Vec<usize> = (0..n).collect();
        let (sorted, places) = (values(&sort(&tensor, 0).unwrap()), argsort(&tensor, 0).unwrap().to_vec::<u32>());
        for (i, from) in order(&elements, &lane).into_iter().enumerate() {
            assert_eq!(places[i] as usize, from, "{dtype}");
            assert!(identical(sorted[i], elements[from]), "{dtype}");
        }
    }
}
