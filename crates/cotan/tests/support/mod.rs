//! Laws that hold for every differentiable function of arrays.

use cotan::transforms::{jvp, vjp, vmap};
use cotan::{Array, DType, Error, Result, ops};

/// A function of arrays that a law is checked for.
pub type Function<'a> = &'a dyn Fn(&[Array]) -> Result<Vec<Array>>;

/// Numbers without pattern in -1..1, other ones for each seed.
pub fn noise(shape: &[usize], seed: u64) -> Array {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let values: Vec<f64> = (0..shape.iter().product()).map(|_| next()).collect();
    Array::from_slice(&values, shape).unwrap()
}

fn is_float(array: &Array) -> bool {
    array.dtype() == DType::F64
}

fn values(array: &Array) -> Vec<f64> {
    ops::astype(array, DType::F64).unwrap().to_vec().unwrap()
}

fn assert_close(law: &str, name: &str, left: &Array, right: &Array) {
    assert_eq!(left.shape(), right.shape(), "{name}: {law}: shapes");
    assert_eq!(left.dtype(), right.dtype(), "{name}: {law}: types");
    for (l, r) in values(left).iter().zip(values(right)) {
        assert!((l - r).abs() <= 1e-6 * (1.0 + r.abs()), "{name}: {law}: {l} is not {r}");
    }
}

fn dot(left: &[Option<Array>], right: &[Array]) -> f64 {
    let pairs = left.iter().zip(right).filter_map(|(l, r)| Some((values(l.as_ref()?), values(r))));
    pairs.map(|(l, r)| l.iter().zip(r).map(|(l, r)| l * r).sum::<f64>()).sum()
}

/// Checks, for float64 arguments and with any other arguments as constants, that forward mode agrees with central
/// differences, that reverse mode is its transpose, and that mapping over any subset of arguments equals a loop.
pub fn laws(name: &str, f: Function, arguments: &[Array]) {
    derivatives(name, f, arguments);
    mapping(name, f, arguments);
}

fn derivatives(name: &str, f: Function, arguments: &[Array]) {
    let floats: Vec<usize> = (0..arguments.len()).filter(|&i| is_float(&arguments[i])).collect();
    let primals: Vec<Array> = floats.iter().map(|&i| arguments[i].clone()).collect();
    let g = |x: &[Array]| {
        let mut all = arguments.to_vec();
        floats.iter().zip(x).for_each(|(&i, x)| all[i] = x.clone());
        f(&all)
    };
    let directions: Vec<Array> = primals.iter().enumerate().map(|(i, p)| noise(p.shape(), 7 + i as u64)).collect();
    let step = 1e-4;
    let moved = |h: f64| -> Vec<Array> {
        let move_by = |(p, d): (&Array, &Array)| ops::add(p, &ops::multiply(d, &Array::scalar(h)).unwrap()).unwrap();
        g(&primals.iter().zip(&directions).map(move_by).collect::<Vec<_>>()).unwrap()
    };
    let given: Vec<_> = directions.iter().cloned().map(Some).collect();
    let (outputs, tangents) = jvp(g, &primals, &given).unwrap();
    for ((up, down), (output, tangent)) in moved(step).iter().zip(moved(-step)).zip(outputs.iter().zip(&tangents)) {
        let slope = ops::divide(&ops::subtract(up, &down).unwrap(), &Array::scalar(2.0 * step)).unwrap();
        let tangent = tangent.clone().unwrap_or_else(|| ops::zeros_like(output));
        assert_close("jvp equals central differences", name, &tangent, &slope);
    }
    let weights: Vec<Array> = outputs.iter().enumerate().map(|(i, o)| noise(o.shape(), 77 + i as u64)).collect();
    let pull = |_: &[Array]| Ok::<_, Error>(weights.iter().cloned().map(Some).collect());
    let (_, cotangents) = vjp(g, &primals, pull).unwrap();
    let (forward, reverse) = (dot(&tangents, &weights), dot(&cotangents, &directions));
    assert!(
        (forward - reverse).abs() <= 1e-9 * (1.0 + forward.abs()),
        "{name}: <w, Jd> = {forward}, <J'w, d> = {reverse}"
    );
}

fn mapping(name: &str, f: Function, arguments: &[Array]) {
    const EXAMPLES: usize = 3;
    for subset in 1..1usize << arguments.len() {
        let mapped = |i: usize| subset >> i & 1 == 1;
        let example = |e: usize| -> Vec<Array> {
            let vary = |(i, a): (usize, &Array)| match (mapped(i), is_float(a)) {
                (true, true) => noise(a.shape(), 1000 + (10 * i + e) as u64),
                // Integers and truth values stay valid when they are reversed.
                (true, false) if e % 2 == 1 && a.ndim() > 0 => ops::flip(a, None).unwrap(),
                _ => a.clone(),
            };
            arguments.iter().enumerate().map(vary).collect()
        };
        let examples: Vec<Vec<Array>> = (0..EXAMPLES).map(example).collect();
        let stacked = |i: usize| ops::stack(&examples.iter().map(|e| e[i].clone()).collect::<Vec<_>>(), 0).unwrap();
        let inputs: Vec<Array> =
            (0..arguments.len()).map(|i| if mapped(i) { stacked(i) } else { arguments[i].clone() }).collect();
        let axes: Vec<Option<usize>> = (0..arguments.len()).map(|i| mapped(i).then_some(0)).collect();
        let all = vmap(|x| f(x), &inputs, &axes, |outputs| Ok::<_, Error>(vec![0; outputs.len()])).unwrap();
        let loops: Vec<Vec<Array>> = examples.iter().map(|e| f(e).unwrap()).collect();
        for (i, output) in all.iter().enumerate() {
            let rows: Vec<Array> = loops.iter().map(|l| l[i].clone()).collect();
            assert_close(
                "vmap equals loop and stack",
                &format!("{name}, subset {subset:b}"),
                output,
                &ops::stack(&rows, 0).unwrap(),
            );
        }
        gradient_of_mapping(name, f, &inputs, &axes, arguments);
    }
}

/// Reverse mode through a mapped function is the transpose of its forward mode, too.
fn gradient_of_mapping(name: &str, f: Function, inputs: &[Array], axes: &[Option<usize>], arguments: &[Array]) {
    let floats: Vec<usize> = (0..arguments.len()).filter(|&i| is_float(&arguments[i])).collect();
    let primals: Vec<Array> = floats.iter().map(|&i| inputs[i].clone()).collect();
    let g = |x: &[Array]| {
        let mut all = inputs.to_vec();
        floats.iter().zip(x).for_each(|(&i, x)| all[i] = x.clone());
        vmap(f, &all, axes, |outputs| Ok::<_, Error>(vec![0; outputs.len()]))
    };
    let directions: Vec<Array> = primals.iter().enumerate().map(|(i, p)| noise(p.shape(), 31 + i as u64)).collect();
    let given: Vec<_> = directions.iter().cloned().map(Some).collect();
    let (outputs, tangents) = jvp(g, &primals, &given).unwrap();
    let weights: Vec<Array> = outputs.iter().enumerate().map(|(i, o)| noise(o.shape(), 97 + i as u64)).collect();
    let pull = |_: &[Array]| Ok::<_, Error>(weights.iter().cloned().map(Some).collect());
    let (_, cotangents) = vjp(g, &primals, pull).unwrap();
    let (forward, reverse) = (dot(&tangents, &weights), dot(&cotangents, &directions));
    assert!(
        (forward - reverse).abs() <= 1e-9 * (1.0 + forward.abs()),
        "{name} mapped: <w, Jd> = {forward}, <J'w, d> = {reverse}"
    );
}

/// Every index of a shape in row-major order.
pub fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let count: usize = shape.iter().product();
    let index = |mut place: usize| {
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = place % shape[axis];
            place /= shape[axis];
        }
        index
    };
    (0..count).map(index).collect()
}

/// `0, 1, 2, ...` in a shape, so that an element is its own place.
pub fn counter(shape: &[usize]) -> Array {
    let count: usize = shape.iter().product();
    Array::from_slice(&(0..count as i64).collect::<Vec<_>>(), shape).unwrap()
}

/// The place of an index in a shape.
pub fn place(index: &[usize], shape: &[usize]) -> i64 {
    index.iter().zip(shape).fold(0, |place, (i, n)| place * *n as i64 + *i as i64)
}
