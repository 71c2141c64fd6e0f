//! Indexing against a plain reading of NumPy's rules, and under the laws of transforms.

mod support;

use cotan::indexing::{Index, Update, get, nonzero, set, update};
use cotan::transforms::vmap;
use cotan::{Array, Bool, DType, Error, ErrorKind, Result, ops};
use proptest::prelude::*;
use support::{counter, indices, laws, noise, place};

fn ints(values: &[i64], shape: &[usize]) -> Array {
    Array::from_slice(values, shape).unwrap()
}

fn list(values: &[i64]) -> Index {
    Index::Array(ints(values, &[values.len()]))
}

fn mask(values: &[bool], shape: &[usize]) -> Array {
    Array::from_slice(&values.iter().map(|&v| Bool::from(v)).collect::<Vec<_>>(), shape).unwrap()
}

fn span(start: impl Into<Option<i64>>, stop: impl Into<Option<i64>>, step: impl Into<Option<i64>>) -> Index {
    Index::Slice { start: start.into(), stop: stop.into(), step: step.into() }
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().expect("an error").kind()
}

/// What one entry means for the axis it takes: places in order, or places that broadcast with those of other entries.
enum Part {
    Basic(Option<usize>, Vec<usize>),
    Together(Option<usize>, Vec<usize>, Vec<usize>),
}

/// Python's slice, step by step.
fn walk(start: Option<i64>, stop: Option<i64>, step: i64, n: i64) -> Vec<usize> {
    let fix = |bound: i64| if bound < 0 { bound + n } else { bound };
    let mut at = start.map_or(if step > 0 { 0 } else { n - 1 }, fix);
    at = if step > 0 { at.max(0) } else { at.min(n - 1) };
    let stop = stop.map_or(if step > 0 { n } else { -1 }, |s| fix(s).max(-1));
    let mut places = Vec::new();
    while (step > 0 && at < stop.min(n)) || (step < 0 && at > stop) {
        if at >= 0 && at < n {
            places.push(at as usize);
        }
        at += step;
    }
    places
}

fn parts(shape: &[usize], index: &[Index]) -> Vec<Part> {
    let takes = |entry: &Index| match entry {
        Index::Int(_) | Index::Slice { .. } | Index::Array(_) => 1,
        Index::Ellipsis | Index::NewAxis => 0,
        Index::Mask(mask) => mask.ndim(),
    };
    let rest = shape.len() - index.iter().map(takes).sum::<usize>();
    let mut index = index.to_vec();
    if !index.iter().any(|entry| matches!(entry, Index::Ellipsis)) {
        index.push(Index::Ellipsis);
    }
    let (mut parts, mut axis) = (Vec::new(), 0);
    for entry in &index {
        let n = shape.get(axis).map_or(0, |&n| n as i64);
        let fix = |i: i64| (if i < 0 { i + n } else { i }) as usize;
        match entry {
            Index::Int(i) => parts.push(Part::Together(Some(axis), vec![fix(*i)], vec![])),
            Index::Slice { start, stop, step } => {
                parts.push(Part::Basic(Some(axis), walk(*start, *stop, step.unwrap_or(1), n)));
            }
            Index::Ellipsis => {
                parts.extend((axis..axis + rest).map(|axis| Part::Basic(Some(axis), (0..shape[axis]).collect())));
            }
            Index::NewAxis => parts.push(Part::Basic(None, vec![0])),
            Index::Array(a) => {
                let places = a.to_vec::<i64>().unwrap().into_iter().map(fix).collect();
                parts.push(Part::Together(Some(axis), places, a.shape().to_vec()));
            }
            Index::Mask(m) => {
                let on: Vec<bool> = m.to_vec::<Bool>().unwrap().iter().map(|b| b.get()).collect();
                let hits: Vec<Vec<usize>> =
                    indices(m.shape()).into_iter().zip(on).filter(|(_, b)| *b).map(|(i, _)| i).collect();
                if m.ndim() == 0 {
                    parts.push(Part::Together(None, vec![0; hits.len()], vec![hits.len()]));
                }
                for d in 0..m.ndim() {
                    parts.push(Part::Together(Some(axis + d), hits.iter().map(|i| i[d]).collect(), vec![hits.len()]));
                }
            }
        }
        axis += if matches!(entry, Index::Ellipsis) { rest } else { takes(entry) };
    }
    parts
}

/// The shape that an index selects, and for each place of it the place in the array.
fn select(shape: &[usize], index: &[Index]) -> (Vec<usize>, Vec<usize>) {
    // An ellipsis over no axes separates too, so it must be seen in the index itself.
    let parts = parts(shape, index);
    let advanced = |entry: &Index| matches!(entry, Index::Int(_) | Index::Array(_) | Index::Mask(_));
    let arrays = index.iter().any(|entry| matches!(entry, Index::Array(_) | Index::Mask(_)));
    let first = index.iter().position(advanced);
    let last = index.iter().rposition(advanced);
    let block = first.is_some_and(|first| index[first..=last.unwrap()].iter().all(advanced));
    let mut together: Vec<usize> = vec![];
    for part in &parts {
        if let Part::Together(_, _, s) = part {
            together = cotan::ops::broadcast_shapes(&[&together, s]).unwrap().to_vec();
        }
    }
    let mut result = vec![];
    let mut front = 0;
    let mut seen = false;
    for part in &parts {
        match part {
            Part::Basic(_, places) => result.push(places.len()),
            Part::Together(..) if !seen => {
                (front, seen) = (result.len(), true);
            }
            Part::Together(..) => {}
        }
    }
    let front = if block || !arrays { front } else { 0 };
    result.splice(front..front, together.iter().copied());
    let source = |out: &Vec<usize>| {
        let mut at = vec![0; shape.len()];
        let shared = &out[front..front + together.len()];
        let mut own = out[..front].iter().chain(&out[front + together.len()..]);
        for part in &parts {
            match part {
                Part::Basic(axis, places) => {
                    let place = places[*own.next().unwrap()];
                    axis.iter().for_each(|&axis| at[axis] = place);
                }
                Part::Together(axis, places, s) => {
                    let lead = together.len() - s.len();
                    let i: Vec<usize> =
                        s.iter().enumerate().map(|(d, &n)| if n == 1 { 0 } else { shared[lead + d] }).collect();
                    axis.iter().for_each(|&axis| at[axis] = places[place(&i, s) as usize]);
                }
            }
        }
        place(&at, shape) as usize
    };
    let places = indices(&result).iter().map(source).collect();
    (result, places)
}

fn bound() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![Just(None), (-5i64..6).prop_map(Some), Just(Some(i64::MAX)), Just(Some(i64::MIN))]
}

/// One entry for an axis of size `n`; index arrays have shapes that broadcast to `(2, 3)`.
fn entry(n: usize) -> BoxedStrategy<Index> {
    let step = prop_oneof![Just(None), prop::sample::select(vec![-3i64, -2, -1, 1, 2, 3, 1000]).prop_map(Some)];
    let slice = (bound(), bound(), step).prop_map(|(start, stop, step)| {
        let small = |b: Option<i64>| b.map(|b| b.clamp(-100, 100));
        Index::Slice { start: small(start), stop: small(stop), step }
    });
    if n == 0 {
        return slice.boxed();
    }
    let n = n as i64;
    let shapes = prop::sample::select(vec![vec![], vec![1], vec![3], vec![2, 1], vec![2, 3], vec![1, 1]]);
    let array = shapes.prop_flat_map(move |shape| {
        let count: usize = shape.iter().product();
        prop::collection::vec(-n..n, count).prop_map(move |values| Index::Array(ints(&values, &shape)))
    });
    prop_oneof![4 => slice, 2 => (-n..n).prop_map(Index::Int), 2 => array].boxed()
}

fn shaped_index() -> impl Strategy<Value = (Vec<usize>, Vec<Index>)> {
    prop::collection::vec(0usize..4, 0..5).prop_flat_map(|shape| {
        let axes: Vec<_> = shape.iter().map(|&n| entry(n)).collect();
        let extra = prop::collection::vec((0..=shape.len(), any::<bool>()), 0..3);
        let ndim = shape.len();
        (Just(shape), axes, extra, 0..=ndim, 0..=ndim, any::<bool>()).prop_map(|(shape, axes, extra, i, j, dots)| {
            // Some axes in the middle go to an ellipsis, or some at the end to none.
            let (i, j) = (i.min(j), i.max(j));
            let mut index: Vec<Index> = if dots {
                axes[..i].iter().cloned().chain([Index::Ellipsis]).chain(axes[j..].iter().cloned()).collect()
            } else {
                axes[..j].to_vec()
            };
            for (at, _) in extra {
                index.insert(at.min(index.len()), Index::NewAxis);
            }
            (shape, index)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn reading_selects_what_numpy_selects((shape, index) in shaped_index()) {
        let (expected, places) = select(&shape, &index);
        let read = get(&counter(&shape), &index).unwrap();
        prop_assert_eq!(read.shape(), expected.as_slice());
        let values: Vec<usize> = read.to_vec::<i64>().unwrap().into_iter().map(|v| v as usize).collect();
        prop_assert_eq!(values, places);
    }

    #[test]
    fn writing_replaces_the_places_that_reading_selects((shape, index) in shaped_index()) {
        let (selected, places) = select(&shape, &index);
        let value = ops::add(&counter(&selected), &Array::scalar(1000i64)).unwrap();
        let mut expected = counter(&shape).to_vec::<i64>().unwrap();
        for (&place, value) in places.iter().zip(value.to_vec::<i64>().unwrap()) {
            expected[place] = value;
        }
        let written = set(&counter(&shape), &index, &value).unwrap();
        prop_assert_eq!(written.shape(), shape.as_slice());
        prop_assert_eq!(written.to_vec::<i64>().unwrap(), expected);
    }

    #[test]
    fn updates_count_every_duplicate((shape, index) in shaped_index()) {
        let (selected, places) = select(&shape, &index);
        let value = ops::add(&counter(&selected), &Array::scalar(2i64)).unwrap();
        let one = |mode: Update, a: i64, v: i64| match mode {
            Update::Add => a.wrapping_add(v),
            Update::Subtract => a.wrapping_sub(v),
            Update::Multiply => a.wrapping_mul(v),
            Update::Divide => a / v,
            Update::Maximum => a.max(v),
            Update::Minimum => a.min(v),
        };
        let start = ops::subtract(&counter(&shape), &Array::scalar(20i64)).unwrap();
        for mode in [Update::Add, Update::Subtract, Update::Multiply, Update::Maximum, Update::Minimum, Update::Divide] {
            if mode == Update::Divide && selected.iter().product::<usize>() > 12 {
                continue; // The product of divisors would overflow.
            }
            let mut expected = start.to_vec::<i64>().unwrap();
            for (&place, value) in places.iter().zip(value.to_vec::<i64>().unwrap()) {
                expected[place] = one(mode, expected[place], value);
            }
            prop_assert_eq!(update(mode, &start, &index, &value).unwrap().to_vec::<i64>().unwrap(), expected, "{:?}", mode);
        }
    }

    #[test]
    fn masks_select_the_places_where_they_are_true(bits in prop::collection::vec(any::<bool>(), 6), front in any::<bool>()) {
        let m = Index::Mask(mask(&bits, &[2, 3]));
        let (shape, index) = if front { (vec![2, 3, 2], vec![m]) } else { (vec![2, 2, 3], vec![span(None, None, -1), m]) };
        let (expected, places) = select(&shape, &index);
        let read = get(&counter(&shape), &index).unwrap();
        prop_assert_eq!(read.shape(), expected.as_slice());
        prop_assert_eq!(read.to_vec::<i64>().unwrap().into_iter().map(|v| v as usize).collect::<Vec<_>>(), places.clone());
        let value = ops::add(&counter(&expected), &Array::scalar(100i64)).unwrap();
        let mut written = counter(&shape).to_vec::<i64>().unwrap();
        places.iter().enumerate().for_each(|(i, &p)| written[p] = 100 + i as i64);
        // A single selected row broadcasts, which gives the same.
        prop_assert_eq!(set(&counter(&shape), &index, &value).unwrap().to_vec::<i64>().unwrap(), written);
    }
}

#[test]
fn index_arrays_and_masks_put_their_axes_where_numpy_puts_them() {
    let shape = |shape: &[usize], index: &[Index]| get(&counter(shape), index).unwrap().shape().to_vec();
    let (dots, all, new) = (Index::Ellipsis, Index::ALL, Index::NewAxis);
    let (b, c) = ([2, 3, 4], [7, 2, 3, 5]);
    let zero = Index::Int(0);
    let pair = || list(&[0, 1]);
    let yes = || Index::Mask(mask(&[true], &[]));
    assert_eq!(shape(&b, &[pair(), all.clone(), pair()]), [2, 3]);
    assert_eq!(shape(&b, &[all.clone(), pair(), list(&[1, 2])]), [2, 2]);
    assert_eq!(shape(&b, &[zero.clone(), all.clone(), pair()]), [2, 3]);
    assert_eq!(shape(&b, &[list(&[0]), new.clone(), list(&[1])]), [1, 1, 4]);
    assert_eq!(shape(&b, &[dots.clone(), pair(), zero.clone()]), [2, 2]);
    assert_eq!(shape(&b, &[new.clone(), zero.clone(), new.clone(), dots.clone(), new.clone()]), [1, 1, 3, 4, 1]);
    assert_eq!(shape(&[7, 2, 3], &[all.clone(), pair(), dots.clone(), pair()]), [2, 7]);
    assert_eq!(shape(&c, &[all.clone(), zero.clone(), all.clone(), pair()]), [2, 7, 3]);
    assert_eq!(shape(&c, &[all.clone(), zero.clone(), pair()]), [7, 2, 5]);
    assert_eq!(shape(&c, &[all.clone(), zero.clone(), new.clone(), list(&[1, 2])]), [2, 7, 1, 5]);
    assert_eq!(shape(&b, &[yes()]), [1, 2, 3, 4]);
    assert_eq!(shape(&b, &[Index::Mask(mask(&[false], &[]))]), [0, 2, 3, 4]);
    assert_eq!(shape(&b, &[yes(), pair()]), [2, 3, 4]);
    assert_eq!(shape(&b, &[all.clone(), yes()]), [2, 1, 3, 4]);
    assert_eq!(shape(&b, &[all.clone(), yes(), pair()]), [2, 2, 4]);
    assert_eq!(shape(&b, &[all.clone(), yes(), all.clone(), pair()]), [2, 2, 3]);
    assert_eq!(shape(&b, &[pair(), all.clone(), yes()]), [2, 3, 4]);
    assert_eq!(shape(&b, &[Index::Mask(mask(&[true; 6], &[2, 3])), list(&[0])]), [6]);
    assert_eq!(shape(&b, &[all.clone(), Index::Mask(mask(&[true; 12], &[3, 4]))]), [2, 12]);
    assert_eq!(shape(&b, &[all.clone(), Index::Array(Array::scalar(0u8)), all]), [2, 4]);
    assert_eq!(shape(&[10], &[Index::Array(ints(&[], &[0]))]), [0]);
}

#[test]
fn bad_indices_are_refused_at_once_or_at_evaluation() {
    let b = counter(&[2, 3, 4]);
    let read = |index: &[Index]| get(&b, index);
    assert_eq!(kind(read(&[Index::Int(2)])), ErrorKind::Index);
    assert_eq!(kind(read(&[Index::Ellipsis, Index::Int(-5)])), ErrorKind::Index);
    assert_eq!(kind(read(&[Index::Int(i64::MIN)])), ErrorKind::Index);
    assert_eq!(kind(read(&[Index::Int(0), Index::Int(0), Index::Int(0), Index::Int(0)])), ErrorKind::Value);
    assert_eq!(kind(read(&[Index::Int(0), Index::Ellipsis, Index::Ellipsis])), ErrorKind::Value);
    assert_eq!(kind(read(&[span(None, None, 0)])), ErrorKind::Value);
    assert_eq!(kind(read(&[list(&[0, 1]), list(&[0, 1, 2])])), ErrorKind::Value);
    assert_eq!(kind(read(&[Index::Array(Array::scalar(1.0f32))])), ErrorKind::Value);
    assert_eq!(kind(read(&[Index::Mask(Array::scalar(1i64))])), ErrorKind::Value);
    assert_eq!(kind(read(&[Index::Mask(mask(&[true, true, true], &[3]))])), ErrorKind::Value);
    assert_eq!(kind(get(&Array::scalar(1), &[Index::Int(0)])), ErrorKind::Value);
    let late = read(&[list(&[0, 2])]).unwrap();
    assert_eq!(kind(late.eval()), ErrorKind::Index);
    let late = set(&b, &[list(&[0, -3])], &Array::scalar(1)).unwrap();
    assert_eq!(kind(late.eval()), ErrorKind::Index);
    assert_eq!(kind(set(&b, &[Index::ALL], &counter(&[2, 2, 3, 4]))), ErrorKind::Value);
    assert_eq!(kind(set(&b, &[Index::Int(0)], &counter(&[3, 3]))), ErrorKind::Value);
    let far = get(&counter(&[5]), &[span(4, i64::MAX, i64::MAX)]).unwrap();
    assert_eq!(far.to_vec::<i64>().unwrap(), [4]);
    let far = get(&counter(&[5]), &[span(i64::MAX, i64::MIN, i64::MIN)]).unwrap();
    assert_eq!(far.to_vec::<i64>().unwrap(), [4]);
}

#[test]
fn values_are_cast_and_lose_leading_ones() {
    let zero = ops::zeros(&[2, 3], DType::I32);
    let floats = Array::from_slice(&[1.7f32, 2.2, -3.9], &[3]).unwrap();
    let written = set(&zero, &[Index::Int(0)], &floats).unwrap();
    assert_eq!((written.dtype(), written.to_vec::<i32>().unwrap()), (DType::I32, vec![1, 2, -3, 0, 0, 0]));
    let ones = set(&zero, &[Index::ALL], &ops::ones(&[1, 1, 2, 3], DType::F32)).unwrap();
    assert_eq!(ones.to_vec::<i32>().unwrap(), [1; 6]);
    let whole = set(&Array::scalar(1i32), &[], &Array::scalar(5i32)).unwrap();
    assert_eq!(whole.to_vec::<i32>().unwrap(), [5]);
    let half =
        update(Update::Divide, &Array::from_slice(&[4i32, 8, -7], &[3]).unwrap(), &[Index::ALL], &Array::scalar(2))
            .unwrap();
    assert_eq!(half.to_vec::<i32>().unwrap(), [2, 4, -3]);
    let quarter =
        update(Update::Divide, &ops::ones(&[3], DType::F32), &[list(&[0, 0, 1])], &Array::scalar(2.0f32)).unwrap();
    assert_eq!(quarter.to_vec::<f32>().unwrap(), [0.25, 0.5, 1.0]);
}

#[test]
fn masked_writes_take_one_value_or_rows_in_order() {
    let zero = ops::zeros(&[2, 3], DType::I32);
    let m = || [Index::Mask(mask(&[true, false, true, false, true, false], &[2, 3]))];
    let write = |index: &[Index], value: &Array| set(&zero, index, value).and_then(|a| a.to_vec::<i32>());
    let row = |values: &[i32]| Array::from_slice(values, &[values.len()]).unwrap();
    assert_eq!(write(&m(), &row(&[5])).unwrap(), [5, 0, 5, 0, 5, 0]);
    assert_eq!(write(&m(), &row(&[1, 2, 3])).unwrap(), [1, 0, 2, 0, 3, 0]);
    assert_eq!(write(&m(), &row(&[1, 2, 3, 4])).unwrap(), [1, 0, 2, 0, 3, 0]);
    assert_eq!(kind(write(&m(), &row(&[1, 2]))), ErrorKind::Runtime);
    assert_eq!(kind(write(&m(), &row(&[]))), ErrorKind::Runtime);
    assert_eq!(kind(set(&zero, &m(), &ops::ones(&[2, 3], DType::I32))), ErrorKind::Value);
    let r = |a: bool, b: bool| [Index::Mask(mask(&[a, b], &[2]))];
    let two = Array::from_slice(&[1, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
    assert_eq!(write(&r(true, true), &row(&[1, 2, 3])).unwrap(), [1, 2, 3, 1, 2, 3]);
    assert_eq!(write(&r(true, true), &two).unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(write(&r(false, true), &two).unwrap(), [0, 0, 0, 1, 2, 3]);
    assert_eq!(write(&r(false, false), &ops::zeros(&[0, 3], DType::I32)).unwrap(), [0; 6]);
    assert_eq!(write(&[Index::Mask(mask(&[true], &[]))], &row(&[5])).unwrap(), [5; 6]);
    assert_eq!(write(&[Index::Mask(mask(&[false], &[]))], &row(&[5])).unwrap(), [0; 6]);
    for shape in [&[3][..], &[1, 3], &[2, 1]] {
        let wrong = Index::Mask(ops::astype(&ops::ones(shape, DType::I32), DType::Bool).unwrap());
        assert_eq!(kind(set(&zero, &[wrong], &row(&[1]))), ErrorKind::Value);
    }
}

#[test]
fn places_of_nonzero_elements_come_in_row_major_order() {
    let a = ints(&[0, 3, 0, -1, 0, 2], &[2, 3]);
    let found = nonzero(&a).unwrap();
    assert_eq!(found[0].to_vec::<i64>().unwrap(), [0, 1, 1]);
    assert_eq!(found[1].to_vec::<i64>().unwrap(), [1, 0, 2]);
    assert_eq!(nonzero(&counter(&[0, 2])).unwrap()[1].size(), 0);
    assert_eq!(kind(nonzero(&Array::scalar(1))), ErrorKind::Value);
}

#[test]
fn a_mask_can_be_read_only_where_it_has_a_value() {
    let read = |x: &[Array]| Ok(vec![get(&x[0], &[Index::Mask(ops::greater(&x[0], &Array::scalar(0.0))?)])?]);
    let mapped = vmap(read, &[noise(&[2, 3], 1)], &[Some(0)], |_| Ok::<_, Error>(vec![0]));
    assert!(matches!(mapped, Err(Error::NoValue { .. })));
}

#[test]
fn indexing_obeys_the_laws_of_transforms() {
    let a = noise(&[3, 4], 1);
    let read = |x: &[Array]| Ok(vec![get(&x[0], &[span(None, None, -2), Index::NewAxis, Index::Int(1)])?]);
    laws("get of a slice", &read, std::slice::from_ref(&a));
    let (rows, columns) = (ints(&[0, -1, 2, 2], &[2, 2]), ints(&[3, 1], &[2]));
    let take = |x: &[Array]| Ok(vec![get(&x[0], &[Index::Array(x[1].clone())])?]);
    laws("get of rows", &take, &[a.clone(), rows.clone()]);
    let pairs = |x: &[Array]| Ok(vec![get(&x[0], &[Index::Array(x[1].clone()), Index::Array(x[2].clone())])?]);
    laws("get of pairs", &pairs, &[a.clone(), rows.clone(), columns.clone()]);
    let mixed = |x: &[Array]| {
        Ok(vec![get(&x[0], &[Index::NewAxis, span(1, None, None), Index::NewAxis, Index::Array(x[1].clone())])?])
    };
    laws("get of columns", &mixed, &[a.clone(), columns.clone()]);
    let write = |x: &[Array]| Ok(vec![set(&x[0], &[span(None, None, 2), Index::Int(-1)], &x[1])?]);
    laws("set of a slice", &write, &[a.clone(), noise(&[2], 3)]);
    let rows_set = |x: &[Array]| Ok(vec![set(&x[0], &[Index::Array(x[2].clone())], &x[1])?]);
    laws("set of rows", &rows_set, &[a.clone(), noise(&[2, 4], 3), ints(&[2, 0], &[2])]);
    let inner = |x: &[Array]| Ok(vec![set(&x[0], &[span(0, 2, None), Index::Array(x[2].clone())], &x[1])?]);
    let last = |x: &[Array]| Ok(vec![set(&x[0], &[Index::ALL, Index::Array(x[2].clone())], &x[1])?]);
    laws("set of columns", &last, &[a.clone(), noise(&[3, 2], 3), columns.clone()]);
    let sum = |x: &[Array]| Ok(vec![update(Update::Add, &x[0], &[Index::ALL, Index::Array(x[2].clone())], &x[1])?]);
    laws("update of columns", &sum, &[a.clone(), noise(&[3, 2], 3), ints(&[1, 1], &[2])]);
    let wide = |x: &[Array]| Ok(vec![get(&x[0], &[Index::ALL, Index::Array(x[1].clone())])?]);
    laws("get of blocks", &wide, &[noise(&[2, 3, 20], 8), rows.clone()]);
    let wide = |x: &[Array]| Ok(vec![set(&x[0], &[Index::ALL, Index::Array(x[2].clone())], &x[1])?]);
    laws("set of blocks", &wide, &[noise(&[2, 4, 20], 8), noise(&[2, 2, 20], 9), columns.clone()]);
    laws("set of columns in a slice", &inner, &[a.clone(), noise(&[2, 2], 3), columns.clone()]);
    for mode in [Update::Add, Update::Subtract, Update::Multiply, Update::Divide, Update::Maximum, Update::Minimum] {
        let f = |x: &[Array]| {
            // Divisors stay away from zero.
            let value = if mode == Update::Divide { ops::add(&x[1], &Array::scalar(3.0f64))? } else { x[1].clone() };
            Ok(vec![update(mode, &x[0], &[Index::Array(x[2].clone())], &value)?])
        };
        laws("update of rows", &f, &[a.clone(), noise(&[3, 4], 3), ints(&[0, 2, 0], &[3])]);
        let f = |x: &[Array]| {
            let value = if mode == Update::Divide { ops::add(&x[1], &Array::scalar(3.0f64))? } else { x[1].clone() };
            Ok(vec![update(mode, &x[0], &[Index::Ellipsis, span(None, None, -3)], &value)?])
        };
        laws("update of a slice", &f, &[a.clone(), noise(&[2], 3)]);
    }
}

#[test]
fn masked_writes_obey_the_laws_of_transforms() {
    let a = noise(&[3, 4], 1);
    let m = mask(&[true, false, true], &[3]);
    let write = |x: &[Array]| Ok(vec![set(&x[0], &[Index::Mask(x[2].clone())], &x[1])?]);
    laws("mask with one row", &write, &[a.clone(), noise(&[4], 3), m.clone()]);
    laws("mask with rows", &write, &[a.clone(), noise(&[3, 4], 3), m.clone()]);
    laws("mask with scalars", &write, &[noise(&[3], 5), noise(&[2], 3), m]);
    let fewer =
        |x: &[Array]| Ok(vec![set(&x[0], &[Index::Mask(x[1].clone())], &Array::from_slice(&[1.0, 2.0], &[2])?)?]);
    let masks = mask(&[true, false, true, true, true, true], &[2, 3]);
    let mapped = vmap(fewer, &[noise(&[2, 3], 1), masks], &[Some(0); 2], |_| Ok::<_, Error>(vec![0])).unwrap();
    assert_eq!(kind(mapped[0].eval()), ErrorKind::Runtime);
}
