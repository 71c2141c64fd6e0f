//! Gathers and scatters against plain loops.

use crate::common::{Rng, V, config, same, tolerance, values};
use cotan_kernels::gather::{ScatterMode, gather, gather_axis, scatter, scatter_axis};
use cotan_kernels::{DType, KernelError, Tensor};
use proptest::prelude::*;
use std::slice::from_ref;

const MODES: [ScatterMode; 5] =
    [ScatterMode::Set, ScatterMode::Add, ScatterMode::Prod, ScatterMode::Max, ScatterMode::Min];
const INDEX_TYPES: [DType; 8] =
    [DType::U8, DType::U16, DType::U32, DType::U64, DType::I8, DType::I16, DType::I32, DType::I64];

/// Indices within an axis of a type, negative ones too where the type has them.
fn indices(rng: &mut Rng, shape: &[usize], size: usize) -> Tensor {
    let dtype = rng.pick(&INDEX_TYPES);
    let signed = dtype >= DType::I8;
    let reach = match dtype {
        DType::U8 => 256,
        DType::I8 => 128,
        _ => usize::MAX,
    };
    rng.view(dtype, shape, |rng| {
        let index = rng.below(size.min(reach)) as f64;
        if signed && size <= 128 && rng.chance(30) { index - size as f64 } else { index }
    })
}

fn places(tensor: &Tensor, size: usize) -> Vec<usize> {
    let place = |v| match v {
        V::I(i) if i < 0 => (i + size as i64) as usize,
        V::I(i) => i as usize,
        _ => unreachable!("indices are integers"),
    };
    values(tensor).into_iter().map(place).collect()
}

fn unravel(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut out = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        out[axis] = index % shape[axis];
        index /= shape[axis];
    }
    out
}

fn ravel(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |at, (i, size)| at * size + i)
}

fn combine(mode: ScatterMode, old: V, new: V) -> V {
    match mode {
        ScatterMode::Set => new,
        ScatterMode::Add => old.add(new),
        ScatterMode::Prod => old.mul(new),
        ScatterMode::Max => old.max(new),
        ScatterMode::Min => old.min(new),
    }
}

/// Types whose values stay exact under sums and products of the small numbers used here.
fn value(rng: &mut Rng, dtype: DType, mode: ScatterMode) -> f64 {
    match mode {
        ScatterMode::Prod if dtype == DType::C64 => 0.5,
        ScatterMode::Prod if dtype.is_inexact() => rng.pick(&[1.0, -1.0, 0.5, 2.0]),
        ScatterMode::Max | ScatterMode::Min => rng.value(dtype, true),
        ScatterMode::Set | ScatterMode::Add | ScatterMode::Prod => rng.value(dtype, false),
    }
}

/// A source, index tensors for some of its axes, those axes, and the block's shape.
fn case(rng: &mut Rng, dtype: DType, mode: ScatterMode) -> (Tensor, Vec<Tensor>, Vec<usize>, Vec<usize>) {
    let mut shape = rng.shape(3);
    for size in &mut shape {
        *size = (*size).max(1);
    }
    let source = rng.view(dtype, &shape, |rng| value(rng, dtype, mode));
    // Many indices of large blocks would only take time.
    let lead = if source.len() > 500 { vec![rng.below(4)] } else { rng.shape(2) };
    let rank = shape.len();
    let order = rng.permutation(rank);
    let axes: Vec<usize> = order[..rng.below(rank + 1)].to_vec();
    let slices: Vec<usize> = (0..rank)
        .map(|axis| {
            if axes.contains(&axis) {
                1
            } else if rng.chance(70) {
                shape[axis]
            } else {
                rng.below(shape[axis] + 1)
            }
        })
        .collect();
    let tensors = axes.iter().map(|&axis| indices(rng, &lead, shape[axis])).collect();
    (source, tensors, axes, slices)
}

/// For each element of the gathered or updating tensor, the place in the source.
fn addresses(shape: &[usize], tensors: &[Tensor], axes: &[usize], slices: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let lead = tensors.first().map_or(vec![], |t| t.shape().to_vec());
    let found: Vec<Vec<usize>> = tensors.iter().zip(axes).map(|(t, &axis)| places(t, shape[axis])).collect();
    let (count, block): (usize, usize) = (lead.iter().product(), slices.iter().product());
    let mut out = vec![];
    for start in (0..count).map(|i| found.iter().map(|places| places[i]).collect::<Vec<_>>()) {
        for b in 0..block {
            let mut index = unravel(b, slices);
            for (&place, &axis) in start.iter().zip(axes) {
                index[axis] = place;
            }
            out.push(ravel(&index, shape));
        }
    }
    (lead.iter().chain(slices).copied().collect(), out)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn gathering_equals_indexing_one_by_one(seed: u64) {
        let mut rng = Rng(seed);
        let dtype = rng.pick(&DType::ALL);
        let (source, tensors, axes, slices) = case(&mut rng, dtype, ScatterMode::Max);
        let got = gather(&source, &tensors, &axes, &slices).unwrap();
        let (shape, from) = addresses(source.shape(), &tensors, &axes, &slices);
        prop_assert_eq!(got.shape(), &shape[..]);
        let elements = values(&source);
        for (got, from) in values(&got).into_iter().zip(from) {
            prop_assert!(same(dtype, got, elements[from], 0.0));
        }
    }

    #[test]
    fn scattering_equals_updating_one_by_one(seed: u64) {
        let mut rng = Rng(seed);
        let (dtype, mode) = (rng.pick(&DType::ALL), rng.pick(&MODES));
        let (source, tensors, axes, slices) = case(&mut rng, dtype, mode);
        let (shape, to) = addresses(source.shape(), &tensors, &axes, &slices);
        let updates = rng.view(dtype, &shape, |rng| value(rng, dtype, mode));
        let got = scatter(mode, &source, &tensors, &updates, &axes).unwrap();
        check_updates(mode, dtype, &source, &updates, &to, &got)?;
    }

    #[test]
    fn indexing_along_an_axis_equals_a_loop(seed: u64) {
        let mut rng = Rng(seed);
        let (dtype, mode) = (rng.pick(&DType::ALL), rng.pick(&MODES));
        let mut shape = rng.shape(3);
        shape.push(1 + rng.below(9));
        let axis = rng.below(shape.len());
        shape[axis] = shape[axis].max(1);
        let source = rng.view(dtype, &shape, |rng| value(rng, dtype, mode));
        let mut lead = shape.clone();
        lead[axis] = rng.below(9);
        let tensor = indices(&mut rng, &lead, shape[axis]);
        let found = places(&tensor, shape[axis]);
        let at: Vec<usize> = (0..found.len())
            .map(|i| {
                let mut index = unravel(i, &lead);
                index[axis] = found[i];
                ravel(&index, &shape)
            })
            .collect();
        let elements = values(&source);
        let got = gather_axis(&source, &tensor, axis).unwrap();
        prop_assert_eq!(got.shape(), &lead[..]);
        for (got, &at) in values(&got).into_iter().zip(&at) {
            prop_assert!(same(dtype, got, elements[at], 0.0));
        }
        let updates = rng.view(dtype, &lead, |rng| value(rng, dtype, mode));
        let got = scatter_axis(mode, &source, &tensor, &updates, axis).unwrap();
        check_updates(mode, dtype, &source, &updates, &at, &got)?;
    }
}

/// Many factors leave the range of single precision, in which halves are multiplied too, on the way to a product inside of it.
fn within_range(dtype: DType, value: V) -> V {
    match value {
        V::F(x) if dtype != DType::F64 => V::F(f64::from(x as f32)),
        value => value,
    }
}

fn check_updates(
    mode: ScatterMode,
    dtype: DType,
    source: &Tensor,
    updates: &Tensor,
    to: &[usize],
    got: &Tensor,
) -> Result<(), TestCaseError> {
    let mut expected = values(source);
    let mut size = vec![1.0; expected.len()];
    for (&to, update) in to.iter().zip(values(updates)) {
        expected[to] = within_range(dtype, combine(mode, expected[to], update));
        size[to] += match (mode, expected[to], update) {
            (ScatterMode::Add, _, V::F(a)) => a.abs(),
            (ScatterMode::Add, _, V::C(a)) => a.norm(),
            (ScatterMode::Prod, V::F(a), _) => a.abs(),
            (ScatterMode::Prod, V::C(a), _) => a.norm(),
            _ => 0.0,
        };
    }
    prop_assert_eq!(got.shape(), source.shape());
    for ((got, expected), size) in values(got).into_iter().zip(expected).zip(size) {
        let room =
            if matches!(mode, ScatterMode::Add | ScatterMode::Prod) { 4.0 * tolerance(dtype) * size } else { 0.0 };
        prop_assert!(same(dtype, got, expected, room), "{:?} {:?}: {:?} for {:?}", mode, dtype, got, expected);
    }
    Ok(())
}

#[test]
fn wrong_indices_are_errors_with_the_first_of_them() {
    let source = Tensor::from_slice(&[1.0f32; 12], &[3, 4]).unwrap();
    let wrong = |values: &[i64]| Tensor::from_slice(values, &[values.len()]).unwrap();
    let error = |index, size, axis| KernelError::Index { index, size, axis };
    let ok = wrong(&[0, 1, 2]);
    for (values, index) in
        [([0, 3, -4], 3), ([-4, 3, 0], -4), ([0, i64::MIN, 1], i64::MIN), ([i64::MAX, 0, 0], i64::MAX)]
    {
        let bad = wrong(&values);
        assert_eq!(gather(&source, from_ref(&bad), &[0], &[1, 4]).unwrap_err(), error(index, 3, 0));
        assert_eq!(gather(&source, from_ref(&bad), &[0], &[1, 0]).unwrap_err(), error(index, 3, 0));
        let updates = Tensor::from_slice(&[1.0f32; 3], &[3, 1, 1]).unwrap();
        let pair = [ok.clone(), bad.clone()];
        // The second axis is longer by one.
        let wide = (!(-4..4).contains(&index)).then(|| error(index, 4, 1));
        assert_eq!(scatter(ScatterMode::Add, &source, &pair, &updates, &[0, 1]).err(), wide, "{values:?}");
        let column = bad.reshape(&[3, 1]).unwrap();
        let row = bad.reshape(&[1, 3]).unwrap().broadcast_to(&[3, 3]);
        assert_eq!(gather_axis(&source, &column, 1).err(), wide);
        let updates = Tensor::from_slice(&[1.0f32; 9], &[3, 3]).unwrap();
        assert_eq!(scatter_axis(ScatterMode::Set, &source, &row, &updates, 1).err(), wide.clone());
    }
    let huge = Tensor::from_slice(&[u64::MAX], &[1]).unwrap();
    assert_eq!(gather(&source, &[huge], &[0], &[1, 4]).unwrap_err(), error(i64::MAX, 3, 0));
}

#[test]
fn large_scatters_give_what_one_thread_gives() {
    let mut rng = Rng(3);
    let n = 200_000;
    let index: Vec<u32> = (0..n).map(|_| rng.below(5000) as u32).collect();
    let update: Vec<f32> = (0..n).map(|i| (i % 1000) as f32 * 0.37).collect();
    let source = Tensor::from_slice(&vec![0.0f32; 5000], &[5000]).unwrap();
    let indices = [Tensor::from_slice(&index, &[n]).unwrap()];
    let updates = Tensor::from_slice(&update, &[n, 1]).unwrap();
    for mode in MODES {
        let runs = [1, 2, 3].map(|threads| {
            cotan_kernels::pool::set_threads(threads);
            scatter(mode, &source, &indices, &updates, &[0]).unwrap().to_vec::<f32>()
        });
        assert!(runs[0] == runs[1] && runs[1] == runs[2], "{mode:?}");
    }
    let ones = Tensor::from_slice(&vec![cotan_kernels::bf16::from_f32(1.0); 1000], &[1000, 1]).unwrap();
    let same_place = [Tensor::from_slice(&[0u8; 1000], &[1000]).unwrap()];
    let zero = Tensor::from_slice(&[cotan_kernels::bf16::ZERO], &[1]).unwrap();
    let sum = scatter(ScatterMode::Add, &zero, &same_place, &ones, &[0]).unwrap().to_vec::<cotan_kernels::bf16>();
    assert_eq!(sum[0].to_f32(), 1000.0);
}

#[test]
fn a_zero_without_updates_keeps_its_sign() {
    // So many updates that parts have tables of their own.
    let n = 100_000;
    let source = Tensor::from_slice(&[-0.0f32, -0.0], &[2]).unwrap();
    let indices = [Tensor::from_slice(&vec![-1i8; n], &[n]).unwrap()];
    let updates = Tensor::from_slice(&vec![1.0f32; n], &[n, 1]).unwrap();
    let sums = scatter(ScatterMode::Add, &source, &indices, &updates, &[0]).unwrap().to_vec::<f32>();
    assert_eq!((sums[0].to_bits(), sums[1]), ((-0.0f32).to_bits(), n as f32));
}
