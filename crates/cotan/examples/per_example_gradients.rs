//! The gradient of every example at once, by mapping a gradient: `cargo run --release --example per_example_gradients`.

use cotan::{Array, DType, Result, Tree, grad, ops, random, vmap};

#[derive(Tree)]
struct Example {
    input: Array,
    target: Array,
}

fn main() -> Result<()> {
    let (examples, features) = (6, 4);
    let key = |seed| random::key(seed);
    let weight = random::normal(&[features], DType::F32, None, None, Some(&key(0)?))?;
    let batch = Example {
        input: random::normal(&[examples, features], DType::F32, None, None, Some(&key(1)?))?,
        target: random::normal(&[examples], DType::F32, None, None, Some(&key(2)?))?,
    };

    // The loss of one example, as one would write it; its gradient; and that for the whole batch.
    let gradient = |example: &Example| {
        let loss = |weight: &Array| (example.input.matmul(weight)? - &example.target).square();
        grad(loss)(&weight)
    };
    let gradients = vmap(gradient)(&batch)?;

    let norms = gradients.square()?.sum(Some(&[1]), false)?.sqrt()?;
    println!("gradients have shape {:?}", gradients.shape());
    for (example, norm) in norms.to_vec::<f32>()?.iter().enumerate() {
        println!("example {example}: gradient norm {norm:.4}");
    }

    // Clipping each one before averaging is what private training needs and a batch gradient can't give.
    let scale = ops::minimum(&Array::scalar(1.0f32), &(1.0 / norms))?.reshape(&[examples, 1])?;
    println!("clipped mean: {:.4?}", (gradients * scale).mean(Some(&[0]), false)?.to_vec::<f32>()?);
    Ok(())
}
