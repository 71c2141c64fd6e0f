//! Looking into programs from Rust: the first NaN and its line, drawings, time per kernel.

use cotan::debug::{self, Nans, Rule};
use cotan::transforms::Traced;
use cotan::{Array, DType, Error, ErrorKind, Result, Spec, grad, ops};

fn vector(data: &[f32]) -> Array {
    Array::from_slice(data, &[data.len()]).unwrap()
}

fn blamed(array: &Array) -> debug::NotFinite {
    match array.eval() {
        Err(Error::NotFinite(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_nan_has_an_op_a_place_and_a_line() {
    let on = debug::nans();
    let line = line!() + 1;
    let y = ops::log(&vector(&[1.0, 4.0, -1.0])).unwrap();
    let z = ops::exp(&(&y * 2.0)).unwrap();
    let facts = blamed(&z);
    assert_eq!((facts.op, facts.nan, &facts.index[..]), ("log", true, &[2][..]));
    assert_eq!(facts.output, Spec { shape: [3].as_slice().into(), dtype: DType::F32 });
    assert_eq!(facts.inputs.len(), 1);
    assert_eq!(facts.operands, ["-1.0"]);
    assert_eq!(facts.rule, None);
    let place = facts.place.unwrap();
    assert!(place.function.contains("the_first_nan_has_an_op_a_place_and_a_line"), "{place}");
    // A build without line tables knows the function only.
    if place.line != 0 {
        assert!(place.file.ends_with("debug.rs"), "{place}");
        assert_eq!(place.line, line);
    }
    assert_eq!(z.eval().unwrap_err().kind(), ErrorKind::FloatingPoint);
    drop(on);
    z.eval().unwrap();
}

#[test]
fn a_gradient_and_a_replay_belong_to_the_forward_call() {
    let _on = debug::nans_with(Nans { infinities: true, ..Nans::default() });
    let line = line!() + 1;
    let root = |x: &Array| -> Result<Array> { ops::sum(&ops::sqrt(x)?, None, false) };
    let facts = blamed(&grad(root)(&vector(&[4.0, 0.0])).unwrap());
    assert_eq!(facts.rule, Some(Rule::Vjp("sqrt")));
    let place = facts.place.unwrap();
    assert!([0, line].contains(&place.line), "{place}");

    let spec = Spec { shape: [2].as_slice().into(), dtype: DType::F32 };
    let traced = Traced::record::<Error>("compile", &[spec], |x| Ok(vec![ops::log(&x[0])?])).unwrap();
    let replayed = traced.call(&[vector(&[1.0, 0.0])]).unwrap();
    let facts = blamed(&replayed[0]);
    assert_eq!((facts.op, facts.nan, facts.rule), ("log", false, Some(Rule::Replay)));
}

#[test]
fn inputs_with_nan_are_findings_and_no_errors() {
    let on = debug::nans();
    let x = vector(&[f32::NAN, 1.0]);
    for _ in 0..3 {
        (&x + 1.0).eval().unwrap();
    }
    let y = ops::exp(&x).unwrap();
    y.eval().unwrap();
    ops::sum(&y, None, false).unwrap().eval().unwrap();
    let findings = on.findings();
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].op, &findings[0].index[..]), ("add", &[0][..]));
}

#[test]
fn nested_checks_and_other_threads_are_independent() {
    let bad = || ops::log(&vector(&[-1.0])).unwrap();
    let outer = debug::nans();
    let inner = debug::nans_with(Nans { infinities: true, ..Nans::default() });
    assert!(ops::log(&vector(&[0.0])).unwrap().eval().is_err());
    drop(inner);
    ops::log(&vector(&[0.0])).unwrap().eval().unwrap();
    assert!(bad().eval().is_err());
    std::thread::spawn(move || bad().eval().unwrap()).join().unwrap();
    // A guard may end elsewhere.
    std::thread::spawn(move || drop(outer)).join().unwrap();
    bad().eval().unwrap();
}

#[test]
fn only_values_that_someone_gets_are_checked() {
    let _on = debug::nans();
    let x = vector(&[-1.0, 4.0]);
    let zero = Array::scalar(0.0f32);
    let safe = ops::where_(&ops::greater(&x, &zero).unwrap(), &ops::sqrt(&x).unwrap(), &zero).unwrap();
    assert_eq!(safe.to_vec::<f32>().unwrap(), [0.0, 2.0]);
    let empty = ops::log(&ops::zeros(&[0, 3], DType::F64)).unwrap();
    empty.eval().unwrap();
}

#[test]
fn a_checked_evaluation_gives_the_same_values() {
    let x = vector(&(0..5000).map(|i| i as f32 * 0.01 - 20.0).collect::<Vec<_>>());
    let compute = || {
        let e = ops::exp(&ops::negative(&ops::square(&x)?)?)?;
        let total = ops::sum(&e, None, true)?;
        let held = ops::divide(&e, &total)?;
        ops::concatenate(&[held.clone(), ops::sort(&ops::sin(&held)?, None)?], Some(0))?.to_vec::<f32>()
    };
    let plain = compute().unwrap();
    let checked = {
        let _on = debug::nans();
        compute().unwrap()
    };
    assert_eq!(plain, checked);
    let (profiled, profile) = debug::profile(|| compute().unwrap());
    assert_eq!(plain, profiled);
    assert!(profile.rows().len() > 2);
}

#[test]
fn a_profile_of_many_threads_counts_every_kernel() {
    let (_, profile) = debug::profile(|| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| ops::cosh(&vector(&[1.0, 2.0])).unwrap().eval().unwrap()));
            }
        });
    });
    let row = profile.rows().iter().find(|row| row.kernel == "cosh").unwrap();
    assert_eq!((row.calls, row.bytes_read, row.flops), (200, 1600, Some(400)));
    assert!(row.gb_per_second() > 0.0 && row.gflops_per_second().unwrap() > 0.0 && row.mean() <= row.total);
    assert!((profile.rows().iter().map(|row| row.share).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(profile.to_string().starts_with("kernel "));
    let json = profile.trace_json();
    assert!(json.matches("\"name\":\"cosh\"").count() >= 200);
    assert!(json.matches("thread_name").count() >= 4);
}

#[test]
fn a_drawing_groups_calls_as_the_evaluation_does() {
    let w = Array::from_slice(&[1.0f32; 6], &[2, 3]).unwrap();
    let f = |x: &Array| ops::tanh(&(ops::matmul(&w, x)? * 2.0 + 1.0));
    let x = vector(&[1.0, 2.0, 3.0]);
    let drawing = debug::draw(f, &x).unwrap();
    let (_, profile) = debug::profile(|| f(&x).unwrap().eval().unwrap());
    // Other tests run meanwhile; their kernels are other ones.
    assert!(profile.rows().iter().any(|row| row.kernel == "multiply+add+tanh"));
    let text = drawing.to_string();
    assert!(text.contains("┌ %") && text.contains("= multiply %"), "{text}");
    assert_eq!(drawing.calls(), text.lines().filter(|line| line.contains(" = ")).count());
    assert!(drawing.svg().ends_with("</svg>\n"));
    assert!(drawing.save("no extension").is_err());
    assert_eq!(debug::draw_graph(&[]).to_string(), "return\n0 calls in 0 kernels");
    assert!(debug::draw_graph(&[]).svg().contains("0 calls"));
    assert!(debug::draw_graph(&[x]).svg().contains("return"));
}
