//! Region writes against plain loops.

use crate::common::{Rng, config, make, same, values};
use cotan_kernels::gather::ScatterMode;
use cotan_kernels::region::{update_region, write_region};
use cotan_kernels::{DType, Output, Tensor};
use proptest::prelude::*;

fn filled(tensor: &Tensor) -> Output {
    let mut out = Output::new(tensor.dtype(), tensor.shape()).unwrap();
    out.bytes_mut().copy_from_slice(tensor.as_bytes().unwrap());
    out
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn writing_a_region_changes_its_places_alone(seed: u64) {
        let mut rng = Rng(seed);
        let (dtype, shape) = (rng.pick(&DType::ALL), rng.shape(3));
        let (mut starts, mut steps, mut target) = (vec![], vec![], vec![]);
        for &size in &shape {
            let step = rng.pick(&[1isize, 1, 2, 3, -1, -2]);
            let (before, after) = (rng.below(3), rng.below(3));
            let reach = size.saturating_sub(1) * step.unsigned_abs();
            starts.push(before + if step < 0 { reach } else { 0 });
            steps.push(step);
            target.push(before + reach + 1 + after);
        }
        let source = rng.view(dtype, &shape, |rng| rng.value(dtype, true));
        let old: Vec<f64> = (0..target.iter().product()).map(|_| rng.value(dtype, true)).collect();
        let old = make(dtype, &old, &target);
        let modes = [ScatterMode::Set, ScatterMode::Add, ScatterMode::Prod, ScatterMode::Max, ScatterMode::Min];
        let mode = rng.pick(&modes);
        let mut expected = values(&old);
        for (mut i, new) in values(&source).into_iter().enumerate() {
            let (mut at, mut stride) = (0, 1);
            for axis in (0..shape.len()).rev() {
                at += (starts[axis] as isize + (i % shape[axis]) as isize * steps[axis]) as usize * stride;
                stride *= target[axis];
                i /= shape[axis];
            }
            expected[at] = match mode {
                ScatterMode::Set => new,
                ScatterMode::Add => expected[at].add(new),
                ScatterMode::Prod => expected[at].mul(new),
                ScatterMode::Max => expected[at].max(new),
                ScatterMode::Min => expected[at].min(new),
            };
        }
        let mut out = filled(&old);
        update_region(mode, &source, &mut out, &starts, &steps);
        for (got, expected) in values(&out.finish()).into_iter().zip(&expected) {
            prop_assert!(same(dtype, got, *expected, 0.1 * f64::from(u8::from(dtype == DType::Bf16))));
        }
        if mode == ScatterMode::Set {
            let mut out = filled(&old);
            write_region(&source, &mut out, &starts, &steps);
            for (got, expected) in values(&out.finish()).into_iter().zip(&expected) {
                prop_assert!(same(dtype, got, *expected, 0.0));
            }
        }
    }
}

#[test]
#[should_panic(expected = "leaves axis 1 of size 3")]
fn a_region_must_lie_within() {
    let mut out = Output::new(DType::F32, &[2, 3]).unwrap();
    write_region(&Tensor::from_slice(&[1.0f32, 2.0], &[1, 2]).unwrap(), &mut out, &[0, 2], &[1, 1]);
}
