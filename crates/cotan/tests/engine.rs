//! The engine's own laws: laziness, fusion, identity of nested derivatives, and graphs of any depth.

use cotan::ops::{add, cos, equal, exp, multiply, sin, subtract};
use cotan::transforms::{jvp, vjp, vmap};
use cotan::{Array, DType, Error, Result, ops};

fn ones_like(outputs: &[Array]) -> Result<Vec<Option<Array>>> {
    Ok(outputs.iter().map(|output| Some(ops::ones_like(output))).collect())
}

/// The derivative of a function of one array, as another such function.
fn grad(f: impl Fn(&Array) -> Result<Array>) -> impl Fn(&Array) -> Result<Array> {
    move |x| {
        let (_, pulled) = vjp(|x| Ok(vec![f(&x[0])?]), std::slice::from_ref(x), ones_like)?;
        Ok(pulled[0].clone().unwrap_or_else(|| ops::zeros_like(x)))
    }
}

fn pushforward(f: impl Fn(&Array) -> Result<Array>) -> impl Fn(&Array) -> Result<Array> {
    move |x| {
        let (_, pushed) =
            jvp(|x| Ok::<_, Error>(vec![f(&x[0])?]), std::slice::from_ref(x), &[Some(ops::ones_like(x))])?;
        Ok(pushed[0].clone().unwrap_or_else(|| ops::zeros_like(x)))
    }
}

fn close(a: &Array, b: &Array) -> bool {
    let (a, b) = (a.to_vec::<f32>().unwrap(), b.to_vec::<f32>().unwrap());
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs()))
}

#[test]
fn nothing_is_computed_before_it_is_read() {
    let x = Array::from_slice(&[0.5f32, 1.0, 2.0], &[3]).unwrap();
    let y = exp(&add(&x, &x).unwrap()).unwrap();
    assert!(!y.is_evaluated());
    let expected: Vec<f32> = [1.0f32, 2.0, 4.0].iter().map(|x| x.exp()).collect();
    assert!(close(&y, &Array::from_slice(&expected, &[3]).unwrap()));
    assert!(y.is_evaluated());
}

#[test]
fn an_intermediate_that_someone_holds_is_stored_in_the_same_pass() {
    let x = Array::from_slice(&[1.0f32, 2.0], &[2]).unwrap();
    let held = add(&x, &x).unwrap();
    let y = multiply(&held, &held).unwrap();
    y.eval().unwrap();
    assert!(held.is_evaluated());
    assert_eq!(held.to_vec::<f32>().unwrap(), [2.0, 4.0]);
    assert_eq!(y.to_vec::<f32>().unwrap(), [4.0, 16.0]);
}

#[test]
fn a_brief_evaluation_computes_few_elements_and_leaves_the_rest_to_a_longer_one() {
    let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3]).unwrap();
    let sum = ops::sum(&multiply(&x, &x).unwrap(), None, false).unwrap();
    assert!(matches!(cotan::eval_briefly(&sum), Some(Ok(()))));
    assert_eq!(sum.item::<f32>().unwrap(), 14.0);

    let long = (0..1000).fold(x.clone(), |sum, _| add(&sum, &x).unwrap());
    assert!(cotan::eval_briefly(&long).is_none());
    assert_eq!(long.to_vec::<f32>().unwrap(), [1001.0, 2002.0, 3003.0]);

    let ones = ops::ones(&[1000], DType::F32);
    let many = add(&ones, &ones).unwrap();
    assert!(cotan::eval_briefly(&many).is_none() && !many.is_evaluated());
}

#[test]
fn few_elements_in_any_layout_give_the_bits_that_many_give() {
    let f = |x: &Array, row: &Array| -> Result<Array> {
        let turned = ops::transpose_all(x)?;
        let y = multiply(&exp(&sin(&turned)?)?, row)?;
        ops::where_(&ops::less(&y, &Array::scalar(1.0f32))?, &subtract(&y, row)?, &cos(&y)?)
    };
    let (n, few) = (64, 4);
    let values: Vec<f32> = (0..n * n).map(|i| (i as f32 * 0.37).sin() * 3.0).collect();
    let x = Array::from_slice(&values, &[n, n]).unwrap();
    let row = ops::strided_slice(&x, &[0, 0], &[1, 1], &[1, n]).unwrap();
    let corner = |a: &Array, rows: usize| ops::strided_slice(a, &[0, 0], &[1, 1], &[rows, few]).unwrap();
    let many = corner(&f(&x, &row).unwrap(), few);
    let small = f(&corner(&x, few), &corner(&row, 1)).unwrap();
    let bits = |a: &Array| a.to_vec::<f32>().unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&small), bits(&many));
}

#[test]
fn a_value_that_is_reduced_and_read_again_gives_the_same_as_step_by_step() {
    let x = Array::from_slice(&(0..600).map(|i| (i % 7) as f32 * 0.25).collect::<Vec<_>>(), &[3, 200]).unwrap();
    let e = exp(&x).unwrap();
    let total = ops::sum(&e, Some(&[1]), true).unwrap();
    let fused = ops::divide(&e, &total).unwrap();
    let e2 = exp(&x).unwrap();
    e2.eval().unwrap();
    let total2 = ops::sum(&e2, Some(&[1]), true).unwrap();
    total2.eval().unwrap();
    let stepwise = ops::divide(&e2, &total2).unwrap();
    assert!(close(&fused, &stepwise));
}

#[test]
fn derivatives_of_any_order_by_either_mode() {
    let x = Array::from_slice(&[0.3f32, -1.2, 2.0], &[3]).unwrap();
    assert!(close(&grad(sin)(&x).unwrap(), &cos(&x).unwrap()));
    assert!(close(&grad(grad(grad(sin)))(&x).unwrap(), &ops::negative(&cos(&x).unwrap()).unwrap()));
    assert!(close(&pushforward(grad(sin))(&x).unwrap(), &ops::negative(&sin(&x).unwrap()).unwrap()));
    assert!(close(&grad(pushforward(sin))(&x).unwrap(), &ops::negative(&sin(&x).unwrap()).unwrap()));
}

#[test]
fn an_inner_derivative_does_not_see_the_outer_perturbation() {
    // d/dx (x * d/dy (x + y)) at any point is 1; a confusion of the two perturbations gives 2.
    let f = |x: &Array| {
        let inner = grad(|y| add(x, y))(x)?;
        multiply(x, &inner)
    };
    assert_eq!(grad(f)(&Array::scalar(3.0f32)).unwrap().item::<f32>().unwrap(), 1.0);
    assert_eq!(pushforward(f)(&Array::scalar(3.0f32)).unwrap().item::<f32>().unwrap(), 1.0);
}

#[test]
fn control_flow_on_values_works_inside_derivatives() {
    let f = |x: &Array| if x.item::<f32>()? > 0.0 { multiply(x, x) } else { subtract(x, x) };
    assert_eq!(grad(f)(&Array::scalar(3.0f32)).unwrap().item::<f32>().unwrap(), 6.0);
    assert_eq!(grad(f)(&Array::scalar(-3.0f32)).unwrap().item::<f32>().unwrap(), 0.0);
}

#[test]
fn values_read_inside_vmap_are_an_error_that_names_it() {
    let x = Array::from_slice(&[1.0f32, 2.0], &[2]).unwrap();
    let read = |x: &[Array]| Ok::<_, Error>(vec![Array::scalar(x[0].item::<f32>()?)]);
    let error = vmap(read, &[x], &[Some(0)], |outputs| Ok(vec![0; outputs.len()])).unwrap_err();
    assert!(matches!(error, Error::NoValue { transform: "vmap" }));
}

#[test]
fn vmap_of_grad_is_the_gradient_of_each_example() {
    let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3]).unwrap();
    let per_example = |x: &[Array]| Ok::<_, Error>(vec![grad(|x| multiply(x, x))(&x[0])?]);
    let mapped = vmap(per_example, &[x], &[Some(0)], |outputs| Ok(vec![0; outputs.len()])).unwrap();
    assert_eq!(mapped[0].to_vec::<f32>().unwrap(), [2.0, 4.0, 6.0]);
}

#[test]
fn a_chain_of_a_million_calls_builds_differentiates_evaluates_and_drops() {
    let x = Array::scalar(0.0f32);
    let one = Array::scalar(1.0f32);
    let chain = |x: &Array| {
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y = add(&y, &one)?;
        }
        Ok(y)
    };
    assert_eq!(chain(&x).unwrap().item::<f32>().unwrap(), 1_000_000.0);
    assert_eq!(grad(chain)(&x).unwrap().item::<f32>().unwrap(), 1.0);
    drop(chain(&x).unwrap());
}

#[test]
fn shapes_that_do_not_broadcast_are_an_error_with_both_shapes() {
    let (a, b) = (ops::zeros(&[2, 3], DType::F32), ops::zeros(&[4], DType::F32));
    let message = equal(&a, &b).unwrap_err().to_string();
    assert!(message.contains("(2, 3)") && message.contains("(4,)"), "{message}");
}
