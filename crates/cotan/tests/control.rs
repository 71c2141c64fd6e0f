//! Loops and branches equal the same Rust loops and branches, in value and in every derivative.

use cotan::control::{Bounds, Order, Segment, cond, fori_loop, scan, switch, while_loop};
use cotan::ops::{add, astype, less, multiply, sin, sum};
use cotan::transforms::{jvp, vjp, vmap};
use cotan::{Array, DType, Error, Result, ops};

type Function<'a> = &'a dyn Fn(&[Array]) -> Result<Vec<Array>>;

fn ones(outputs: &[Array]) -> Result<Vec<Option<Array>>> {
    Ok(outputs.iter().map(|output| Some(ops::ones_like(output))).collect())
}

fn grad(f: Function) -> impl Fn(&[Array]) -> Result<Vec<Array>> {
    move |primals| {
        let (_, pulled) = vjp(f, primals, ones)?;
        Ok(pulled.into_iter().zip(primals).map(|(g, p)| g.unwrap_or_else(|| ops::zeros_like(p))).collect())
    }
}

fn push(f: Function) -> impl Fn(&[Array]) -> Result<Vec<Array>> {
    move |primals| {
        let tangents: Vec<Option<Array>> = primals.iter().map(|p| Some(ops::ones_like(p))).collect();
        let (outputs, pushed) = jvp(f, primals, &tangents)?;
        Ok(pushed.into_iter().zip(outputs).map(|(t, o)| t.unwrap_or_else(|| ops::zeros_like(&o))).collect())
    }
}

fn batch(f: Function) -> impl Fn(&[Array]) -> Result<Vec<Array>> {
    move |primals| {
        let several: Vec<Array> =
            primals.iter().map(|p| ops::stack(&[p.clone(), multiply(p, p)?], 0)).collect::<Result<_>>()?;
        let axes = vec![Some(0); several.len()];
        vmap(f, &several, &axes, |outputs| Ok::<_, Error>(vec![0; outputs.len()]))
    }
}

fn assert_close(a: &[Array], b: &[Array]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.shape(), b.shape());
        for (x, y) in a.to_vec::<f64>().unwrap().iter().zip(b.to_vec::<f64>().unwrap()) {
            assert!((x - y).abs() <= 1e-9 * (1.0 + y.abs()), "{x} {y}");
        }
    }
}

fn step(carry: &Array, x: &Array, w: &Array) -> Result<Array> {
    sin(&add(&multiply(carry, w)?, x)?)
}

fn arguments() -> [Array; 3] {
    let w = Array::from_slice(&[0.5f64, -1.5], &[2]).unwrap();
    let start = Array::from_slice(&[0.1f64, 0.7], &[2]).unwrap();
    let xs = Array::from_slice(&[1.0f64, 0.2, -0.3, 0.4, 0.9, -1.1, 0.3, 0.8, 0.2, 0.6], &[5, 2]).unwrap();
    [w, start, xs]
}

/// Every transform, and every pair of them, gives the same of both functions.
fn assert_same_under_transforms(loops: Function, plain: Function) {
    let arguments = arguments();
    assert_close(&loops(&arguments).unwrap(), &plain(&arguments).unwrap());
    macro_rules! pairs {
        ($($outer:ident $inner:ident),*) => {
            $(assert_close(&$outer(&$inner(loops))(&arguments).unwrap(), &$outer(&$inner(plain))(&arguments).unwrap());)*
        };
    }
    pairs!(grad grad, grad push, grad batch, push grad, push push, push batch, batch grad, batch push, batch batch);
}

#[test]
fn a_scan_is_its_unrolled_loop_under_every_pair_of_transforms() {
    for (reverse, segment) in [(false, Segment::One), (true, Segment::Steps(2)), (false, Segment::Sqrt)] {
        let loops = |a: &[Array]| -> Result<Vec<Array>> {
            let order = Order { reverse, segment, ..Order::default() };
            let f = |carry: &[Array], x: &[Array]| -> Result<_> {
                Ok((vec![step(&carry[0], &x[0], &a[0])?], vec![sum(&carry[0], None, false)?]))
            };
            let (carry, ys) = scan(f, &a[1..2], &a[2..], order)?;
            Ok([carry, ys].concat())
        };
        let plain = |a: &[Array]| -> Result<Vec<Array>> {
            let (mut carry, mut ys) = (a[1].clone(), Vec::new());
            let mut rows = ops::unstack(&a[2], 0)?;
            if reverse {
                rows.reverse();
            }
            for row in rows {
                ys.push(sum(&carry, None, false)?);
                carry = step(&carry, &row, &a[0])?;
            }
            if reverse {
                ys.reverse();
            }
            Ok(vec![carry, ops::stack(&ys, 0)?])
        };
        assert_same_under_transforms(&loops, &plain);
    }
}

#[test]
fn a_counted_loop_and_branches_are_the_plain_ones() {
    let loops = |a: &[Array]| -> Result<Vec<Array>> {
        let body = |i: &Array, carry: &[Array]| -> Result<Vec<Array>> {
            let next = step(&carry[0], &astype(i, DType::F64)?, &a[0])?;
            let positive = less(&Array::scalar(0.0f64), &sum(&next, None, false)?)?;
            cond(&positive, |c| Ok(vec![multiply(&c[0], &a[0])?]), |c| Ok(vec![sin(&c[0])?]), &[next])
        };
        fori_loop(&Bounds::Known(0, 4), body, &a[1..2], Segment::One)
    };
    let plain = |a: &[Array]| -> Result<Vec<Array>> {
        let mut carry = a[1].clone();
        for i in 0..4 {
            let next = step(&carry, &Array::scalar(f64::from(i)), &a[0])?;
            let positive = less(&Array::scalar(0.0f64), &sum(&next, None, false)?)?;
            carry = ops::where_(&positive, &multiply(&next, &a[0])?, &sin(&next)?)?;
        }
        Ok(vec![carry])
    };
    assert_same_under_transforms(&loops, &plain);
}

#[test]
fn a_while_loop_has_a_forward_mode_and_refuses_reverse() {
    let loops = |a: &[Array]| -> Result<Vec<Array>> {
        let small = |c: &[Array]| less(&sum(&c[0], None, false)?, &Array::scalar(20.0f64));
        while_loop(small, |c| Ok(vec![add(&multiply(&c[0], &c[0])?, &a[0].square()?)?]), &a[1..2])
    };
    let arguments = arguments();
    let value = loops(&arguments).unwrap();
    assert!(value[0].to_vec::<f64>().unwrap().iter().sum::<f64>() >= 20.0);
    assert_eq!(push(&loops)(&arguments).unwrap()[0].shape(), [2]);
    assert_eq!(batch(&push(&loops))(&arguments).unwrap()[0].shape(), [2, 2]);
    let error = grad(&loops)(&arguments).unwrap_err();
    assert!(matches!(error, Error::NotDifferentiable { op: "while_loop", .. }), "{error}");
}

#[test]
fn a_switch_takes_the_nearest_branch() {
    let branch = |number: usize, operands: &[Array]| -> Result<Vec<Array>> {
        Ok(vec![multiply(&operands[0], &Array::scalar(number as f64))?])
    };
    for (index, expected) in [(-7i64, 0.0), (0, 0.0), (1, 3.0), (2, 6.0), (1 << 40, 6.0)] {
        let results = switch(&Array::scalar(index), 3, &[Array::scalar(3.0f64)], branch).unwrap();
        assert_eq!(results[0].item::<f64>().unwrap(), expected);
    }
}

#[test]
fn a_hundred_thousand_steps_go_through_every_transform_on_a_small_stack() {
    let work = || {
        let long = |a: &[Array]| {
            let body = |_: &Array, c: &[Array]| Ok(vec![add(&c[0], &a[0])?]);
            fori_loop::<Error>(&Bounds::Known(0, 100_000), body, &[Array::scalar(0.0f64)], Segment::Sqrt)
        };
        let x = [Array::scalar(0.5f64)];
        assert_eq!(long(&x).unwrap()[0].item::<f64>().unwrap(), 50_000.0);
        assert_eq!(grad(&long)(&x).unwrap()[0].item::<f64>().unwrap(), 100_000.0);
        assert_eq!(push(&long)(&x).unwrap()[0].item::<f64>().unwrap(), 100_000.0);
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_changed_carry_is_named() {
    let init = [Array::scalar(1.0f32), Array::scalar(2.0f32)];
    let widen = |c: &[Array], _: &[Array]| Ok((vec![c[0].clone(), astype(&c[1], DType::F64)?], vec![]));
    let error = scan::<Error>(widen, &init, &[], Order { length: Some(2), ..Order::default() }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scan: leaf 1 of the carry is float32 of shape (), after a step float64 of shape (); shape and type must stay the same"
    );
}
