//! The Hessian of a small function, by forward over reverse mode: `cargo run --release --example hessian`.

use cotan::{Array, DType, Result, grad, indexing, jvp, ops, vmap};

/// Rosenbrock's function, whose minimum is 0 at (1, 1).
fn rosenbrock(x: &Array) -> Result<Array> {
    let at = |i| indexing::get(x, &[indexing::Index::Int(i)]);
    let (x, y) = (at(0)?, at(1)?);
    Ok((1.0 - &x).square()? + (y - &x * &x).square()? * 100.0)
}

/// Pushes each unit vector through the gradient: column by column, all at once.
fn hessian(f: impl Fn(&Array) -> Result<Array>, x: &Array) -> Result<Array> {
    let gradient = grad(f);
    let column = |direction: &Array| Ok(jvp(&gradient, x, direction)?.1);
    vmap(column)(&ops::eye(x.size(), x.size(), 0, x.dtype())?)
}

fn main() -> Result<()> {
    let x = Array::from_slice(&[1.0f64, 1.0], &[2])?;
    let matrix = hessian(rosenbrock, &x)?;
    let [a, b, c, d] = matrix.to_vec::<f64>()?[..] else { unreachable!("a function of two numbers") };
    println!("gradient {:?}", grad(rosenbrock)(&x)?.to_vec::<f64>()?);
    println!("hessian  [{a:8.1} {b:8.1}]\n         [{c:8.1} {d:8.1}]");
    assert_eq!([a, b, c, d], [802.0, -400.0, -400.0, 200.0]);
    assert_eq!(matrix.dtype(), DType::F64);
    Ok(())
}
