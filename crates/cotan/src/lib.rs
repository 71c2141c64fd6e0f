//! cotan: lazy arrays and composable function transforms for the CPU.
//!
//! Operations on an [`Array`] record what to compute; [`eval`] and everything that reads elements compute it, fused
//! into few passes over memory. [`grad`], [`vjp`], [`jvp`] and [`vmap`] transform functions over any nested structure of
//! arrays (see [`Tree`]) into such functions, so they combine in any order and depth.
//!
//! ```
//! use cotan::{Array, Result, Tree, grad};
//!
//! #[derive(Tree)]
//! struct Params { w: Array, b: Array }
//!
//! fn loss(p: &Params) -> Result<Array> {
//!     let x = Array::from_slice(&[0.5f32, -0.5], &[2])?;
//!     (&p.w * x + &p.b).square()?.mean(None, false)
//! }
//!
//! let params = Params { w: Array::scalar(1.0f32), b: Array::scalar(0.0f32) };
//! let gradient = grad(loss)(&params)?;
//! assert_eq!(gradient.w.item::<f32>()?, 0.5);
//! # Ok::<(), cotan::Error>(())
//! ```

// The derive macro names this crate by its outside name.
extern crate self as cotan;

mod array;
pub mod control;
pub mod debug;
mod derivatives;
mod error;
mod exec;
pub mod export;
pub mod fast;
pub mod fft;
mod graph;
pub mod indexing;
pub mod io;
pub mod linalg;
pub mod nn;
mod operators;
pub mod ops;
pub mod optim;
pub mod random;
mod trace;
pub mod transforms;
pub mod tree;

pub use array::{Array, Shape, Spec};
pub use control::tree::{cond, fori_loop, scan, while_loop};
pub use cotan_kernels::{Bool, Complex32, DType, Element, Kind, Output, Scalar, Tensor, bf16, f16};
pub use derivatives::{check_grads, hessian, hvp, jacfwd, jacrev, linearize};
pub use error::{Error, ErrorKind, Result, tuple};
pub use exec::{eval, eval_briefly, set_interrupt_check};
pub use transforms::compile;
pub use tree::{Tree, grad, jvp, value_and_grad, vjp, vmap};
