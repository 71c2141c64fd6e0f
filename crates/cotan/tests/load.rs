//! Arrays whose elements come from a source when they are needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cotan::{Array, DType, Error, Result, Tensor, ops, transforms};

/// Gives three numbers and counts how often it was asked.
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

impl ops::Source for Counted {
    fn load(&self) -> Result<Tensor> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Tensor::from_slice(&[1.0f32, 2.0, 3.0], &[3])?)
    }
}

#[test]
fn a_source_is_asked_once_and_only_when_needed() -> Result<()> {
    let source = Arc::new(Counted::default());
    let x = Array::lazy(&[3], DType::F32, source.clone());
    let y = ops::add(&x, &x)?;
    assert_eq!((y.shape(), source.0.load(Ordering::Relaxed)), (&[3][..], 0));
    assert_eq!(y.to_vec::<f32>()?, [2.0, 4.0, 6.0]);
    assert_eq!(x.to_vec::<f32>()?, [1.0, 2.0, 3.0]);
    assert_eq!(source.0.load(Ordering::Relaxed), 1);
    Ok(())
}

#[test]
fn a_source_that_gives_another_shape_or_type_is_refused() {
    for (shape, dtype) in [(&[4][..], DType::F32), (&[3], DType::I32)] {
        let x = Array::lazy(shape, dtype, Arc::new(Counted::default()));
        assert!(matches!(x.eval(), Err(Error::Runtime { op: "load", .. })), "{shape:?} {dtype}");
    }
}

#[test]
fn all_examples_share_what_is_loaded() -> Result<()> {
    let source = Arc::new(Counted::default());
    let x = Array::lazy(&[3], DType::F32, source.clone());
    let rows = Array::from_slice(&[0.0f32, 10.0], &[2])?;
    let add = |args: &[Array]| Ok(vec![ops::add(&args[0], &x)?]);
    let sums = transforms::vmap::<Error>(add, &[rows], &[Some(0)], |_| Ok(vec![0]))?;
    assert_eq!(sums[0].to_vec::<f32>()?, [1.0, 2.0, 3.0, 11.0, 12.0, 13.0]);
    assert_eq!(source.0.load(Ordering::Relaxed), 1);
    Ok(())
}
