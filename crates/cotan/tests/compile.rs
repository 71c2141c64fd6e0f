//! `cotan::compile`: when it records, what it keeps, and that nothing shows.

use std::cell::Cell;
use std::collections::BTreeMap;

use cotan::transforms::Traced;
use cotan::{Array, Error, Result, Tree, compile, grad, ops, vmap};

fn vector(values: &[f32]) -> Array {
    Array::from_slice(values, &[values.len()]).unwrap()
}

#[test]
fn one_recording_serves_one_shape_and_a_shapeless_one_serves_all() {
    let runs = Cell::new(0);
    let f = |x: &Array| -> Result<Array> {
        runs.set(runs.get() + 1);
        ops::subtract(x, &x.mean(None, false)?)
    };
    let (exact, any) = (compile(f), compile(f).shapeless());
    for values in [&[1.0f32, 3.0][..], &[5.0, 7.0], &[1.0, 2.0, 6.0]] {
        let want = f(&vector(values)).unwrap().to_vec::<f32>().unwrap();
        runs.set(0);
        for compiled in [&exact, &any] {
            assert_eq!(compiled.call(&vector(values)).unwrap().to_vec::<f32>().unwrap(), want);
        }
    }
    assert_eq!((exact.cache_info().misses, any.cache_info().misses), (2, 1));
}

#[derive(Tree)]
struct Layer {
    weight: Array,
    bias: Option<Array>,
    #[tree(skip)]
    scale: f32,
}

#[test]
fn structures_and_skipped_fields_tell_recordings_apart() {
    let f = compile(|layers: &Vec<Layer>| -> Result<Array> {
        let mut sum = Array::scalar(0.0f32);
        for layer in layers {
            let scaled = &layer.weight * &Array::scalar(layer.scale);
            sum = ops::add(&sum, &scaled)?;
            sum = layer.bias.as_ref().map_or(Ok(sum.clone()), |bias| ops::subtract(&sum, bias))?;
        }
        Ok(sum)
    });
    let one = || Array::scalar(1.0f32);
    let layer = |bias: bool, scale| Layer { weight: one(), bias: bias.then(one), scale };
    let call = |layers: Vec<Layer>| f.call(&layers).unwrap().item::<f32>().unwrap();
    assert_eq!(call(vec![layer(true, 2.0), layer(false, 2.0)]), 3.0);
    assert_eq!(call(vec![layer(false, 3.0), layer(true, 2.0)]), 4.0);
    assert_eq!(call(vec![layer(false, 1.0), layer(false, 1.0), layer(false, 1.0)]), 3.0);
    assert_eq!(f.cache_info().size, 3);
}

#[test]
fn keys_of_maps_tell_recordings_apart() {
    let f = compile(|map: &BTreeMap<&'static str, Array>| -> Result<BTreeMap<&'static str, Array>> {
        map.map(ops::negative)
    });
    for key in ["a", "b"] {
        let result = f.call(&BTreeMap::from([(key, vector(&[1.0]))])).unwrap();
        assert_eq!(result.keys().copied().collect::<Vec<_>>(), [key]);
    }
}

#[test]
fn the_limit_holds_and_clearing_forgets() {
    let f = compile(|x: &Array| -> Result<Array> { ops::negative(x) }).with_limit(2);
    for n in [1, 2, 3, 3, 1] {
        f.call(&vector(&vec![0.0; n])).unwrap();
    }
    assert_eq!((f.cache_info().hits, f.cache_info().misses, f.cache_info().size), (1, 4, 2));
    f.cache_clear();
    assert_eq!(f.cache_info().size, 0);
}

#[test]
fn failures_while_recording_leave_the_function_usable() {
    let f = compile(|x: &Array| -> Result<Array> {
        if x.ndim() == 1 { x.item::<f32>().map(Array::scalar) } else { ops::negative(x) }
    });
    assert!(matches!(f.call(&vector(&[1.0])), Err(Error::NoValue { .. })));
    assert_eq!(f.call(&Array::scalar(1.0f32)).unwrap().item::<f32>().unwrap(), -1.0);
    assert_eq!(f.cache_info().size, 1);
}

#[test]
fn transforms_of_compiled_functions_and_compiled_transforms_agree() {
    let f = |x: &Array| -> Result<Array> { Ok(x * x * x) };
    let compiled = compile(f);
    let x = vector(&[1.0, 2.0]);
    let slope = vmap(grad(|x: &Array| compiled.call(x)))(&x).unwrap();
    let also = compile(vmap(grad(f))).call(&x).unwrap();
    assert_eq!(slope.to_vec::<f32>().unwrap(), [3.0, 12.0]);
    assert_eq!(also.to_vec::<f32>().unwrap(), [3.0, 12.0]);
}

#[test]
fn simplifying_takes_out_what_makes_no_difference() {
    let spec = vector(&[1.0, 2.0]).spec();
    let operations = |f: &dyn Fn(&Array) -> Result<Array>| {
        let traced = Traced::record("compile", std::slice::from_ref(&spec), |x| Ok::<_, Error>(vec![f(&x[0])?]));
        traced.unwrap().simplified().operations()
    };
    let number = |value: f32| Array::scalar(value);
    assert_eq!(operations(&|x| ops::negative(&ops::negative(x)?)), 0);
    assert_eq!(operations(&|x| ops::multiply(x, &number(1.0))), 0);
    assert_eq!(operations(&|x| ops::add(x, &number(-0.0))), 0);
    assert_eq!(operations(&|x| ops::subtract(x, &number(0.0))), 0);
    // -0.0 + 0.0 is 0.0.
    assert_eq!(operations(&|x| ops::add(x, &number(0.0))), 1);
    assert_eq!(operations(&|x| ops::add(&ops::exp(x)?, &ops::exp(x)?)), 2);
    assert_eq!(operations(&|x| ops::add(&ops::multiply(x, &number(2.0))?, &ops::multiply(x, &number(2.0))?)), 2);
    assert_eq!(operations(&|x| ops::reshape(&ops::reshape(x, &[1, 2])?, &[2, 1])), 1);
    assert_eq!(operations(&|x| grad(|x: &Array| -> Result<Array> { ops::exp(x)?.sum(None, false) })(x)), 2);
}
