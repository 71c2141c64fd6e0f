//! cotan: lazy arrays and composable function transforms for the CPU.

mod array;
mod error;
mod exec;
mod graph;
pub mod indexing;
pub mod ops;
pub mod random;
mod trace;
pub mod transforms;

pub use array::{Array, Shape, Spec};
pub use cotan_kernels::{Bool, Complex32, DType, Element, Kind, Scalar, Tensor, bf16, f16};
pub use error::{Error, ErrorKind, Result, tuple};
pub use exec::eval;
