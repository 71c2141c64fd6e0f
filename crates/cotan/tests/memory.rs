//! What differentiation keeps in memory; alone in its process, as the figures are those of the whole process.

use std::sync::Arc;

use cotan::control::{Order, Segment, scan};
use cotan::ops::{add, cos, matmul, multiply, sin, sum};
use cotan::transforms::{checkpoint, vjp};
use cotan::{Array, Error, Result, ops};
use cotan_kernels::memory;

const LAYERS: usize = 16;
const SHAPE: [usize; 2] = [512, 16];

fn layer(x: &Array, w: &Array) -> Result<Array> {
    let mut x = x.clone();
    for _ in 0..3 {
        x = add(&multiply(&sin(&matmul(&x, w)?)?, &cos(&x)?)?, &x)?;
    }
    Ok(x)
}

fn weights() -> Result<Vec<Array>> {
    let values: Vec<f32> = (0..256).map(|i| ((i * 37 % 101) as f32 / 101.0 - 0.5) * 0.3).collect();
    (0..LAYERS).map(|_| Array::from_slice(&values, &[16, 16])).collect()
}

/// Bytes beyond those in use before, in units of one activation, and the gradient.
fn peak(f: impl Fn(&[Array]) -> Result<Array>) -> Result<(f64, Vec<f32>)> {
    let weights = weights()?;
    memory::reset_peak();
    let before = memory::active_bytes();
    let ones = |outputs: &[Array]| Ok(vec![Some(ops::ones_like(&outputs[0]))]);
    let (_, pulled) = vjp::<Error>(|w| Ok(vec![f(w)?]), &weights, ones)?;
    let gradients: Vec<Array> = pulled.into_iter().flatten().collect();
    cotan::eval(&gradients)?;
    let peak = (memory::peak_bytes() - before) as f64 / (4 * SHAPE[0] * SHAPE[1]) as f64;
    let values = gradients.iter().map(Array::to_vec::<f32>).collect::<Result<Vec<_>>>()?;
    Ok((peak, values.concat()))
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-2 * (1.0 + b.abs()))
}

#[test]
fn recomputation_frees_memory() -> Result<()> {
    let values: Vec<f32> = (0..SHAPE[0] * SHAPE[1]).map(|i| (i % 23) as f32 / 23.0).collect();
    let x = Array::from_slice(&values, &SHAPE)?;
    let loss = |x: Array| sum(&multiply(&x, &x)?, None, false);
    let (plain, gradient) = peak(|weights| loss(weights.iter().try_fold(x.clone(), |x, w| layer(&x, w))?))?;

    let again =
        |x: &Array, w: &Array| checkpoint(Arc::new(|a| Ok(vec![layer(&a[0], &a[1])?])), &[x.clone(), w.clone()]);
    let (checkpointed, same) =
        peak(|weights| loss(weights.iter().try_fold(x.clone(), |x, w| Ok::<_, Error>(again(&x, w)?.remove(0)))?))?;
    assert!(close(&same, &gradient));

    let looped = |segment: Segment| {
        peak(|weights| {
            let order = Order { segment, ..Order::default() };
            let step = |x: &[Array], w: &[Array]| Ok::<_, Error>((vec![layer(&x[0], &w[0])?], vec![]));
            loss(scan(step, std::slice::from_ref(&x), &[ops::stack(weights, 0)?], order)?.0.remove(0))
        })
    };
    let (scanned, same) = looped(Segment::One)?;
    assert!(close(&same, &gradient));
    let (segmented, same) = looped(Segment::Sqrt)?;
    assert!(close(&same, &gradient));

    println!("plain {plain:.0}, checkpoint {checkpointed:.0}, scan {scanned:.0}, in segments {segmented:.0}");
    // One activation per layer, and the inside of one layer.
    assert!(plain > 6.0 * LAYERS as f64, "{plain}");
    assert!(checkpointed < 3.0 * LAYERS as f64, "{checkpointed}");
    assert!(scanned < 3.0 * LAYERS as f64, "{scanned}");
    assert!(segmented < scanned, "{segmented} {scanned}");
    Ok(())
}
