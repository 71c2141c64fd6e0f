//! Fits a line to noisy points by gradient descent: `cargo run --release --example linear_regression`.

use cotan::{Array, DType, Result, Tree, eval, ops, random, value_and_grad};

#[derive(Tree)]
struct Line {
    slope: Array,
    intercept: Array,
}

impl Line {
    fn predict(&self, x: &Array) -> Array {
        &self.slope * x + &self.intercept
    }
}

fn main() -> Result<()> {
    let x = ops::linspace(-1.0, 1.0, 200, true, DType::F32)?;
    let noise = random::normal(&[200], DType::F32, None, None, Some(&random::key(0)?))?;
    let y = &x * 3.0 + 0.5 + noise * 0.1;

    let mut line = Line { slope: Array::scalar(0.0f32), intercept: Array::scalar(0.0f32) };
    let loss = |line: &Line| (line.predict(&x) - &y).square()?.mean(None, false);
    let loss_and_gradient = value_and_grad(loss);
    for step in 0..=200 {
        let (loss, gradient) = loss_and_gradient(&line)?;
        line = line.zip(&gradient, |parameter, slope| Ok(parameter - slope * 0.1))?;
        // Nothing has been computed so far: this runs the loss, its gradient and the update at once.
        eval(&line.leaves())?;
        if step % 50 == 0 {
            println!("step {step:3}: loss {:.5}", loss.item::<f32>()?);
        }
    }
    println!("y = {:.3} x + {:.3}", line.slope.item::<f32>()?, line.intercept.item::<f32>()?);
    Ok(())
}
