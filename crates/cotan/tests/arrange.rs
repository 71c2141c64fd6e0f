//! Operations that move, repeat, join and create elements, against plain index loops and the laws of transforms.

mod support;

use cotan::ops::{self, GridOrder, PadMode, PadWidth, Sections};
use cotan::{Array, DType, Error, ErrorKind, Result};
use support::{counter, indices, laws, noise, place};

/// Asserts that element `index` of `a` is what `expected` says.
fn each(name: &str, a: &Array, shape: &[usize], expected: impl Fn(&[usize]) -> i64) {
    assert_eq!(a.shape(), shape, "{name}");
    let values = ops::astype(a, DType::I64).unwrap().to_vec::<i64>().unwrap();
    for (index, value) in indices(shape).iter().zip(values) {
        assert_eq!(value, expected(index), "{name} at {index:?}");
    }
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().expect("an error").kind()
}

fn ints(values: &[i64]) -> Array {
    Array::from_slice(values, &[values.len()]).unwrap()
}

#[test]
fn views_permute_and_split_axes_as_index_arithmetic_says() {
    let a = counter(&[2, 3, 4]);
    let p = |index: &[usize]| place(index, &[2, 3, 4]);
    each("transpose", &ops::transpose(&a, &[1, -1, 0]).unwrap(), &[3, 4, 2], |i| p(&[i[2], i[0], i[1]]));
    each("transpose_all", &ops::transpose_all(&a).unwrap(), &[4, 3, 2], |i| p(&[i[2], i[1], i[0]]));
    each("moveaxis", &ops::moveaxis(&a, 0, -1).unwrap(), &[3, 4, 2], |i| p(&[i[2], i[0], i[1]]));
    each("swapaxes", &ops::swapaxes(&a, 0, 2).unwrap(), &[4, 3, 2], |i| p(&[i[2], i[1], i[0]]));
    each("flip", &ops::flip(&a, Some(&[-1, 0])).unwrap(), &[2, 3, 4], |i| p(&[1 - i[0], i[1], 3 - i[2]]));
    let turned = ops::swapaxes(&a, 1, 2).unwrap();
    each("reshape of a view", &ops::reshape(&turned, &[8, 3]).unwrap(), &[8, 3], |i| p(&[i[0] / 4, i[1], i[0] % 4]));
    each("broadcast", &ops::broadcast_to(&counter(&[3, 1]), &[2, 3, 4]).unwrap(), &[2, 3, 4], |i| i[1] as i64);
    let slice = ops::strided_slice(&a, &[1, 2, 3], &[1, -2, -1], &[1, 2, 3]).unwrap();
    each("slice", &slice, &[1, 2, 3], |i| p(&[1, 2 - 2 * i[1], 3 - i[2]]));
}

#[test]
fn shapes_follow_the_rules_for_sizes_left_open_and_axes_out_of_range() {
    let a = counter(&[2, 3, 4]);
    let shape = |a: Result<Array>| a.unwrap().shape().to_vec();
    assert_eq!(shape(ops::reshape_signed(&a, &[4, -1])), [4, 6]);
    assert_eq!(shape(ops::reshape_signed(&counter(&[0, 3]), &[3, -1])), [3, 0]);
    assert_eq!(shape(ops::reshape_signed(&counter(&[0, 3]), &[0, -1])), [0, 0]);
    assert_eq!(shape(ops::flatten(&a, 0, 1)), [6, 4]);
    assert_eq!(shape(ops::flatten(&a, -10, 10)), [24]);
    assert_eq!(shape(ops::flatten(&counter(&[]), 0, -1)), [1]);
    assert_eq!(shape(ops::unflatten(&counter(&[2, 12]), -1, &[3, -1])), [2, 3, 4]);
    assert_eq!(shape(ops::squeeze(&counter(&[1, 2, 1]), None)), [2]);
    assert_eq!(shape(ops::squeeze(&counter(&[1, 2, 1]), Some(&[-1]))), [1, 2]);
    assert_eq!(shape(ops::expand_dims(&counter(&[2]), &[0, -1])), [1, 2, 1]);
    assert_eq!(shape(ops::atleast_3d(&counter(&[2]))), [1, 2, 1]);
    assert_eq!(shape(ops::atleast_3d(&counter(&[2, 3]))), [2, 3, 1]);
    assert_eq!(shape(ops::atleast_2d(&counter(&[2]))), [1, 2]);
    assert_eq!(shape(ops::atleast_1d(&counter(&[]))), [1]);
    for refused in [&[-1, -1][..], &[5, -1], &[-2, 12], &[7], &[0, -1], &[i64::MAX, i64::MAX, 2]] {
        assert_eq!(kind(ops::reshape_signed(&a, refused)), ErrorKind::Value, "{refused:?}");
    }
    assert_eq!(kind(ops::flatten(&a, 2, 1)), ErrorKind::Value);
    assert_eq!(kind(ops::unflatten(&a, 0, &[])), ErrorKind::Value);
    assert_eq!(kind(ops::unflatten(&a, 0, &[3])), ErrorKind::Value);
    assert_eq!(kind(ops::squeeze(&a, Some(&[0]))), ErrorKind::Value);
    assert_eq!(kind(ops::squeeze(&a, Some(&[5]))), ErrorKind::Index);
    assert_eq!(kind(ops::expand_dims(&a, &[0, 0])), ErrorKind::Value);
    assert_eq!(kind(ops::transpose(&a, &[0])), ErrorKind::Value);
    assert_eq!(kind(ops::transpose(&a, &[0, 1, 3])), ErrorKind::Index);
    assert_eq!(kind(ops::transpose(&a, &[0, 1, 1])), ErrorKind::Value);
    assert_eq!(kind(ops::broadcast_to(&a, &[3, 4])), ErrorKind::Value);
    assert_eq!(kind(ops::broadcast_to(&counter(&[1]), &[usize::MAX, 2])), ErrorKind::Value);
    assert_eq!(kind(ops::broadcast_shapes(&[])), ErrorKind::Value);
    assert_eq!(ops::broadcast_shapes(&[&[2, 1], &[3]]).unwrap().as_slice(), [2, 3]);
    assert_eq!(kind(ops::strided_slice(&a, &[0, 0, 0], &[1, 1, 1], &[3, 1, 1])), ErrorKind::Value);
    assert_eq!(kind(ops::strided_slice(&a, &[0], &[1], &[1])), ErrorKind::Value);
}

#[test]
fn joining_and_splitting_undo_each_other() {
    let (a, b) = (counter(&[2, 3]), counter(&[2, 2]));
    let joined = ops::concatenate(&[a.clone(), b.clone()], Some(-1)).unwrap();
    each(
        "concatenate",
        &joined,
        &[2, 5],
        |i| if i[1] < 3 { place(i, &[2, 3]) } else { place(&[i[0], i[1] - 3], &[2, 2]) },
    );
    let parts = ops::split(&joined, Sections::At(&[3]), 1).unwrap();
    assert_eq!(parts[0].to_vec::<i64>().unwrap(), a.to_vec::<i64>().unwrap());
    assert_eq!(parts[1].to_vec::<i64>().unwrap(), b.to_vec::<i64>().unwrap());
    let flat = ops::concatenate(&[a.clone(), b.clone()], None).unwrap();
    assert_eq!(flat.to_vec::<i64>().unwrap(), [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]);
    let stacked = ops::stack(&[a.clone(), ops::astype(&a, DType::F64).unwrap()], 1).unwrap();
    assert_eq!(stacked.dtype(), DType::F64);
    each("stack", &stacked, &[2, 2, 3], |i| place(&[i[0], i[2]], &[2, 3]));
    let rows = ops::unstack(&stacked, 1).unwrap();
    assert_eq!((rows.len(), rows[1].shape()), (2, [2, 3].as_slice()));
    let sizes = |at: &[i64]| {
        ops::split(&counter(&[6]), Sections::At(at), 0).unwrap().iter().map(Array::size).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&[2, 10]), [2, 4, 0]);
    assert_eq!(sizes(&[-2]), [4, 2]);
    assert_eq!(sizes(&[4, 2]), [4, 0, 4]);
    assert_eq!(sizes(&[]), [6]);
    for n in [4, 0, -1] {
        assert_eq!(kind(ops::split(&counter(&[6]), Sections::Equal(n), 0)), ErrorKind::Value);
    }
    assert_eq!(ops::unstack(&counter(&[0, 2]), 0).unwrap().len(), 0);
    assert_eq!(kind(ops::concatenate(&[], Some(0))), ErrorKind::Value);
    assert_eq!(kind(ops::concatenate(&[counter(&[]), counter(&[])], Some(0))), ErrorKind::Index);
    assert_eq!(kind(ops::concatenate(&[a.clone(), counter(&[3])], Some(0))), ErrorKind::Value);
    assert_eq!(kind(ops::concatenate(&[a.clone(), counter(&[2, 2])], Some(0))), ErrorKind::Value);
    assert_eq!(kind(ops::stack(&[], 0)), ErrorKind::Value);
    assert_eq!(kind(ops::stack(&[a.clone(), b], 0)), ErrorKind::Value);
    assert_eq!(ops::concatenate(std::slice::from_ref(&a), Some(2)).unwrap().shape(), [2, 3]);
}

#[test]
fn repeats_tiles_and_rolls_wrap_around() {
    let a = counter(&[2, 3]);
    let p = |i: usize, j: usize| place(&[i, j], &[2, 3]);
    each("repeat", &ops::repeat(&a, 2, Some(1)).unwrap(), &[2, 6], |i| p(i[0], i[1] / 2));
    each("repeat flat", &ops::repeat(&a, 3, None).unwrap(), &[18], |i| i[0] as i64 / 3);
    each("repeat none", &ops::repeat(&a, 0, Some(0)).unwrap(), &[0, 3], |_| 0);
    each("tile", &ops::tile(&a, &[2, 1, 2]).unwrap(), &[2, 2, 6], |i| p(i[1], i[2] % 3));
    each("tile short", &ops::tile(&a, &[2]).unwrap(), &[2, 6], |i| p(i[0], i[1] % 3));
    each("tile empty", &ops::tile(&a, &[]).unwrap(), &[2, 3], |i| p(i[0], i[1]));
    each("roll flat", &ops::roll(&a, &[1, 2], None).unwrap(), &[2, 3], |i| (p(i[0], i[1]) + 3) % 6);
    each("roll axes", &ops::roll(&a, &[1], Some(&[0, 1])).unwrap(), &[2, 3], |i| p((i[0] + 1) % 2, (i[1] + 2) % 3));
    each("roll far", &ops::roll(&a, &[-7, i64::MAX], Some(&[1, 0])).unwrap(), &[2, 3], |i| {
        p((i[0] + 1) % 2, (i[1] + 7) % 3)
    });
    assert_eq!(kind(ops::roll(&a, &[1, 2], Some(&[0, 1, 1]))), ErrorKind::Value);
    assert_eq!(kind(ops::roll(&a, &[1], Some(&[2]))), ErrorKind::Index);
    assert_eq!(ops::roll(&counter(&[0, 2]), &[1], Some(&[1])).unwrap().shape(), [0, 2]);
}

#[test]
fn padding_reflects_as_often_as_it_must() {
    let a = ints(&[1, 2, 3]);
    let pad = |width, mode: PadMode| ops::pad(&a, width, &mode).unwrap().to_vec::<i64>().unwrap();
    assert_eq!(pad(PadWidth::Same(2), PadMode::Reflect), [3, 2, 1, 2, 3, 2, 1]);
    assert_eq!(pad(PadWidth::Same(2), PadMode::Symmetric), [2, 1, 1, 2, 3, 3, 2]);
    assert_eq!(pad(PadWidth::Same(5), PadMode::Reflect), [2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]);
    assert_eq!(pad(PadWidth::Same(4), PadMode::Symmetric), [3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1]);
    for (mode, period, turn) in [(PadMode::Reflect, 4, 0), (PadMode::Symmetric, 6, 1)] {
        for (before, after) in (0..9).flat_map(|i| (0..9).map(move |j| (i, j))) {
            // The place counted from the first element, folded back at the end of a period.
            let fold = |i: i64| i.rem_euclid(period).min(period - turn - i.rem_euclid(period));
            let expected: Vec<i64> = (-before..3 + after).map(|i| 1 + fold(i)).collect();
            assert_eq!(pad(PadWidth::Pair(before, after), mode.clone()), expected, "{mode:?} {before} {after}");
        }
    }
    assert_eq!(pad(PadWidth::Pair(1, 3), PadMode::Edge), [1, 1, 2, 3, 3, 3, 3]);
    assert_eq!(pad(PadWidth::Pair(1, 0), PadMode::Constant(Array::scalar(1.5f32))), [1, 1, 2, 3]);
    let matrix = ops::reshape(&ints(&[1, 2]), &[1, 2]).unwrap();
    let zero = PadMode::Constant(Array::scalar(0i64));
    let padded = ops::pad(&matrix, PadWidth::PerAxis(&[(0, 1)]), &zero).unwrap();
    assert_eq!((padded.shape(), padded.to_vec::<i64>().unwrap()), ([2, 3].as_slice(), vec![1, 2, 0, 0, 0, 0]));
    assert_eq!(kind(ops::pad(&a, PadWidth::Same(-1), &zero)), ErrorKind::Value);
    assert_eq!(kind(ops::pad(&a, PadWidth::PerAxis(&[(0, 1), (0, 1)]), &zero)), ErrorKind::Value);
    assert_eq!(kind(ops::pad(&counter(&[0]), PadWidth::Same(1), &PadMode::Edge)), ErrorKind::Value);
    for mode in [zero, PadMode::Edge, PadMode::Symmetric] {
        assert_eq!(kind(ops::pad(&a, PadWidth::Same(i64::MAX), &mode)), ErrorKind::Value);
        let vast = ops::pad(&a, PadWidth::Same(1 << 58), &mode);
        assert_eq!(kind(vast.and_then(|vast| vast.eval())), ErrorKind::Runtime);
    }
    assert!(matches!(ops::hanning(1 << 40), Err(Error::Value { .. })));
}

#[test]
fn matrices_have_their_diagonals_where_they_belong() {
    for (n, m, k) in
        [(3, 4, 0), (3, 4, 1), (3, 4, -2), (4, 2, 5), (4, 2, -9), (2, 2, i64::MAX), (2, 2, i64::MIN), (0, 3, 0)]
    {
        let on = |i: &[usize]| i128::from(k) + i[0] as i128 == i[1] as i128;
        let below = |i: &[usize]| i128::from(k) + i[0] as i128 >= i[1] as i128;
        each("eye", &ops::eye(n, m, k, DType::F32).unwrap(), &[n, m], |i| i64::from(on(i)));
        each("tri", &ops::tri(n, m, k, DType::I8).unwrap(), &[n, m], |i| i64::from(below(i)));
        let a = ops::add(&counter(&[2, n, m]), &Array::scalar(1i64)).unwrap();
        let p = |i: &[usize]| place(i, &[2, n, m]) + 1;
        each("tril", &ops::tril(&a, k).unwrap(), &[2, n, m], |i| if below(&i[1..]) { p(i) } else { 0 });
        if let Some(k1) = k.checked_add(1) {
            each("triu", &ops::triu(&a, k1).unwrap(), &[2, n, m], |i| if below(&i[1..]) { 0 } else { p(i) });
        }
        let places: Vec<Vec<usize>> = indices(&[n, m]).into_iter().filter(|i| on(i)).collect();
        let line = ops::diagonal(&a, k, 1, -1).unwrap();
        each("diagonal", &line, &[2, places.len()], |i| p(&[i[0], places[i[1]][0], places[i[1]][1]]));
        let total = |b: usize| places.iter().map(|i| p(&[b, i[0], i[1]])).sum::<i64>();
        each("trace", &ops::trace(&a, k, 1, 2, None).unwrap(), &[2], |i| total(i[0]));
    }
    let swapped = ops::diagonal(&counter(&[2, 3, 4]), 1, 2, 0).unwrap();
    each("diagonal of swapped axes", &swapped, &[3, 1], |i| place(&[1, i[0], 0], &[2, 3, 4]));
    let lower = ops::diag(&ints(&[5, 6]), -1).unwrap();
    each("diag", &lower, &[3, 3], |i| if i[0] == i[1] + 1 { 5 + i[1] as i64 } else { 0 });
    each("diag of a matrix", &ops::diag(&lower, -1).unwrap(), &[2], |i| 5 + i[0] as i64);
    assert_eq!(kind(ops::diag(&counter(&[]), 0)), ErrorKind::Value);
    assert_eq!(kind(ops::diag(&ints(&[1]), i64::MIN)), ErrorKind::Value);
    assert_eq!(kind(ops::tril(&ints(&[1]), 0)), ErrorKind::Value);
    assert_eq!(kind(ops::diagonal(&lower, 0, 0, 0)), ErrorKind::Value);
    assert_eq!(
        ops::trace(&ops::astype(&lower, DType::U8).unwrap(), -1, 0, 1, Some(DType::F32)).unwrap().dtype(),
        DType::F32
    );
}

#[test]
fn evenly_spaced_values_meet_both_ends() {
    let x = ops::linspace(0.0, 1.0, 5, false, DType::F32).unwrap();
    assert_eq!(x.to_vec::<f32>().unwrap(), [0.0, 0.2, 0.4, 0.6, 0.8]);
    assert_eq!(ops::linspace(0.0, 10.0, 3, true, DType::I32).unwrap().to_vec::<i32>().unwrap(), [0, 5, 10]);
    assert_eq!(ops::linspace(3.0, 9.0, 1, true, DType::F64).unwrap().to_vec::<f64>().unwrap(), [3.0]);
    assert_eq!(ops::linspace(3.0, 9.0, 0, true, DType::F64).unwrap().size(), 0);
    for n in 2..200 {
        let x = ops::linspace(-0.3, 0.7, n, true, DType::F64).unwrap().to_vec::<f64>().unwrap();
        assert_eq!((x[0], x[n - 1]), (-0.3, 0.7));
        let whole = ops::linspace(0.0, (n - 1) as f64, n, true, DType::I32).unwrap().to_vec::<i32>().unwrap();
        assert_eq!(whole, (0..n as i32).collect::<Vec<_>>());
    }
}

#[test]
fn windows_and_grids_have_their_closed_forms() {
    let close = |a: Array, expected: &[f32]| {
        let values = a.to_vec::<f32>().unwrap();
        assert!(
            values.len() == expected.len() && values.iter().zip(expected).all(|(v, e)| (v - e).abs() < 1e-6),
            "{values:?}"
        );
    };
    close(ops::bartlett(4).unwrap(), &[0.0, 2.0 / 3.0, 2.0 / 3.0, 0.0]);
    close(ops::hanning(5).unwrap(), &[0.0, 0.5, 1.0, 0.5, 0.0]);
    close(ops::hamming(3).unwrap(), &[0.08, 1.0, 0.08]);
    close(ops::blackman(3).unwrap(), &[0.0, 1.0, 0.0]);
    close(ops::hanning(1).unwrap(), &[1.0]);
    close(ops::hanning(0).unwrap(), &[]);
    let inputs = [ints(&[1, 2]), ints(&[3, 4, 5]), ints(&[6, 7, 8, 9])];
    let grids = ops::meshgrid(&inputs, false, GridOrder::Xy).unwrap();
    each("x", &grids[0], &[3, 2, 4], |i| 1 + i[1] as i64);
    each("y", &grids[1], &[3, 2, 4], |i| 3 + i[0] as i64);
    each("z", &grids[2], &[3, 2, 4], |i| 6 + i[2] as i64);
    let sparse = ops::meshgrid(&inputs, true, GridOrder::Ij).unwrap();
    assert_eq!(sparse.iter().map(|a| a.shape().to_vec()).collect::<Vec<_>>(), [[2, 1, 1], [1, 3, 1], [1, 1, 4]]);
    each("one", &ops::meshgrid(&inputs[..1], false, GridOrder::Xy).unwrap()[0], &[2], |i| 1 + i[0] as i64);
    each("outer", &ops::outer(&inputs[0], &inputs[1]).unwrap(), &[2, 3], |i| (1 + i[0] as i64) * (3 + i[1] as i64));
    let (a, b) = (counter(&[2, 2]), counter(&[3]));
    each("kron", &ops::kron(&a, &b).unwrap(), &[2, 6], |i| place(&[i[0], i[1] / 3], &[2, 2]) * (i[1] % 3) as i64);
    each("full", &ops::full(&[2, 2], &inputs[0], Some(DType::U8)).unwrap(), &[2, 2], |i| 1 + i[1] as i64);
}

#[test]
fn bytes_and_strides_are_read_in_row_major_order() {
    let a = Array::from_slice(&[1i8, 0, 2, 0], &[4]).unwrap();
    assert_eq!(ops::view(&a, DType::I16).unwrap().to_vec::<i16>().unwrap(), [1, 2]);
    let tail = ops::strided_slice(&a, &[1], &[1], &[2]).unwrap();
    assert_eq!(ops::view(&tail, DType::I16).unwrap().to_vec::<i16>().unwrap(), [2 << 8]);
    let wide = Array::from_slice(&[1i32, 2], &[1, 2]).unwrap();
    assert_eq!(
        ops::view(&ops::transpose_all(&wide).unwrap(), DType::U16).unwrap().to_vec::<u16>().unwrap(),
        [1, 0, 2, 0]
    );
    assert_eq!(kind(ops::view(&tail, DType::F64)), ErrorKind::Value);
    assert_eq!(kind(ops::view(&Array::scalar(1i32), DType::I16)), ErrorKind::Value);
    let turned = ops::transpose_all(&counter(&[2, 3])).unwrap();
    let line = ops::as_strided(&turned, Some(&[6]), Some(&[1]), 0).unwrap();
    assert_eq!(line.to_vec::<i64>().unwrap(), [0, 3, 1, 4, 2, 5]);
    let back = ops::as_strided(&counter(&[10]), Some(&[3]), Some(&[-1]), 5).unwrap();
    assert_eq!(back.to_vec::<i64>().unwrap(), [5, 4, 3]);
    let windows = ops::as_strided(&counter(&[5]), Some(&[3, 3]), Some(&[1, 1]), 0).unwrap();
    each("windows", &windows, &[3, 3], |i| (i[0] + i[1]) as i64);
    for (shape, strides, offset) in [(&[6][..], &[2][..], 0), (&[2], &[-1], 0), (&[1], &[1], 10), (&[2, 2], &[1], 0)] {
        let strided = ops::as_strided(&counter(&[10]), Some(shape), Some(strides), offset);
        assert_eq!(kind(strided), ErrorKind::Value, "{shape:?} {strides:?} {offset}");
    }
    for allow in [false, true] {
        each("contiguous", &ops::contiguous(&turned, allow).unwrap(), &[3, 2], |i| place(&[i[1], i[0]], &[2, 3]));
    }
}

#[test]
fn a_dependency_is_evaluated_with_what_depends_on_it() {
    let side = ops::add(&ints(&[1]), &ints(&[2])).unwrap();
    let kept = ops::depends(&[ints(&[7])], std::slice::from_ref(&side)).unwrap();
    kept[0].eval().unwrap();
    assert!(side.is_evaluated());
    assert_eq!(kept[0].to_vec::<i64>().unwrap(), [7]);
}

#[test]
fn run_time_slices_stay_inside_and_updates_are_clipped() {
    let a = counter(&[3, 4]);
    let read = |start: &[i64], sizes: &[usize]| ops::slice(&a, &ints(start), &[0, 1], sizes).unwrap();
    each("slice", &read(&[1, 2], &[2, 2]), &[2, 2], |i| place(&[1 + i[0], 2 + i[1]], &[3, 4]));
    each("slice moved inside", &read(&[9, -5], &[2, 2]), &[2, 2], |i| place(&[1 + i[0], i[1]], &[3, 4]));
    assert_eq!(kind(ops::slice(&a, &ints(&[1]), &[0], &[5, 4])), ErrorKind::Value);
    assert_eq!(kind(ops::slice(&a, &ints(&[1, 2]), &[0], &[1, 4])), ErrorKind::Value);
    assert_eq!(kind(ops::slice(&a, &Array::scalar(1.0f32), &[0], &[1, 4])), ErrorKind::Value);
    assert_eq!(kind(ops::slice(&a, &ints(&[1]), &[2], &[1, 4])), ErrorKind::Index);
    let ones = ops::ones(&[2, 2], DType::F32);
    for start in [[0, 0], [2, 2], [2, 3], [-1, 0], [3, 0], [0, -2], [i64::MIN, i64::MAX]] {
        let written = ops::slice_update(&ops::zeros(&[3, 4], DType::I64), &ones, &ints(&start), &[0, 1]).unwrap();
        let within = |i: usize, s: i64| (0..2).contains(&(i as i128 - i128::from(s)));
        each("slice_update", &written, &[3, 4], |i| i64::from(within(i[0], start[0]) && within(i[1], start[1])));
    }
}

#[test]
fn every_rearrangement_obeys_the_laws_of_transforms() {
    let one = |name: &str, shape: &[usize], f: &dyn Fn(&Array) -> Result<Array>| {
        laws(name, &|x| Ok(vec![f(&x[0])?]), &[noise(shape, 3)]);
    };
    one("reshape", &[2, 6], &|x| ops::reshape(x, &[3, 4]));
    one("transpose", &[2, 3, 2], &|x| ops::transpose(x, &[1, 2, 0]));
    one("broadcast_to", &[3, 1], &|x| ops::broadcast_to(x, &[2, 3, 4]));
    one("broadcast scalar", &[], &|x| ops::broadcast_to(x, &[2, 3]));
    one("slice", &[4, 5], &|x| ops::strided_slice(x, &[3, 1], &[-2, 3], &[2, 2]));
    one("slice nothing", &[4, 5], &|x| ops::strided_slice(x, &[3, 1], &[-2, 3], &[0, 2]));
    one("slice in place", &[4], &|x| ops::strided_slice(x, &[3], &[0], &[3]));
    one("roll", &[3, 4], &|x| ops::roll(x, &[1, -2], Some(&[0, 1])));
    one("flip", &[3, 4], &|x| ops::flip(x, None));
    one("repeat", &[3, 2], &|x| ops::repeat(x, 3, Some(0)));
    one("tile", &[3], &|x| ops::tile(x, &[2, 2]));
    one("diag", &[3], &|x| ops::diag(x, 1));
    one("diagonal", &[2, 3, 4], &|x| ops::diagonal(x, -1, 2, 0));
    one("trace", &[3, 4], &|x| ops::trace(x, 1, 0, 1, None));
    one("tril", &[2, 3, 3], &|x| ops::tril(x, 0));
    one("as_strided", &[6], &|x| ops::as_strided(x, Some(&[4, 3]), Some(&[1, -1]), 2));
    one("as_strided of a view", &[3, 4], &|x| ops::as_strided(&ops::transpose_all(x)?, Some(&[5]), Some(&[2]), 1));
    one("contiguous", &[3, 4], &|x| ops::contiguous(&ops::transpose_all(x)?, true));
    one("depends", &[3], &|x| Ok(ops::depends(std::slice::from_ref(x), &[ops::sin(x)?])?.swap_remove(0)));
    one("outer", &[3], &|x| ops::outer(x, x));
    for mode in [PadMode::Edge, PadMode::Reflect, PadMode::Symmetric] {
        one("pad", &[3, 2], &|x| ops::pad(x, PadWidth::Pair(4, 3), &mode));
    }
    laws(
        "pad constant",
        &|x| Ok(vec![ops::pad(&x[0], PadWidth::Same(1), &PadMode::Constant(x[1].clone()))?]),
        &[noise(&[2, 3], 1), noise(&[], 2)],
    );
    laws("kron", &|x| Ok(vec![ops::kron(&x[0], &x[1])?]), &[noise(&[2, 2], 1), noise(&[3], 2)]);
}

#[test]
fn joins_splits_and_updates_obey_the_laws_of_transforms() {
    let (a, b) = (noise(&[3, 4], 1), noise(&[3, 2], 2));
    laws("concatenate", &|x| Ok(vec![ops::concatenate(x, Some(1))?]), &[a.clone(), b.clone()]);
    laws("stack", &|x| Ok(vec![ops::stack(x, 1)?]), &[a.clone(), noise(&[3, 4], 5)]);
    laws("split", &|x| ops::split(&x[0], Sections::At(&[1, 3]), 1), std::slice::from_ref(&a));
    laws(
        "split with a part unused",
        &|x| Ok(ops::split(&x[0], Sections::Equal(4), 1)?[1..3].to_vec()),
        std::slice::from_ref(&a),
    );
    laws("split overlapping", &|x| ops::split(&x[0], Sections::At(&[3, 1]), 1), std::slice::from_ref(&a));
    laws("unstack", &|x| ops::unstack(&x[0], -1), std::slice::from_ref(&a));
    let update = |x: &[Array]| Ok(vec![ops::strided_update(&x[0], &x[1], &[2, 3], &[-1, -2])?]);
    laws("strided_update", &update, &[a.clone(), b.clone()]);
    let start = |values: &[i64]| ints(values);
    let slice = |x: &[Array]| Ok(vec![ops::slice(&x[0], &x[1], &[1, 0], &[2, 3])?]);
    for at in [[0, 1], [1, 0], [3, 7], [-4, 1]] {
        laws("slice", &slice, &[a.clone(), start(&at)]);
    }
    let slice_one = |x: &[Array]| Ok(vec![ops::slice(&x[0], &x[1], &[1], &[2, 2])?]);
    laws("slice of one axis", &slice_one, &[a.clone(), start(&[1])]);
    for at in [[0, 1], [1, 0], [2, 3], [-1, 2], [5, 0], [-9, 9]] {
        let update = |x: &[Array]| Ok(vec![ops::slice_update(&x[0], &x[1], &x[2], &[0, 1])?]);
        laws("slice_update", &update, &[a.clone(), b.clone(), start(&at)]);
    }
    let update_one = |x: &[Array]| Ok(vec![ops::slice_update(&x[0], &x[1], &x[2], &[1])?]);
    laws("slice_update of one axis", &update_one, &[a.clone(), noise(&[2, 3], 4), start(&[2])]);
    laws("slice_update of no axis", &|x| Ok(vec![ops::slice_update(&x[0], &x[1], &ints(&[]), &[])?]), &[a, b]);
}
