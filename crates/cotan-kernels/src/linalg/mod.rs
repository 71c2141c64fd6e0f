//! Factorisations of dense matrices, a batch at a time: faer's algorithms over tensors, with our threads over the batch.
//!
//! Every function takes matrices in the last two axes of a tensor of `float32`, `float64` or `complex64` and returns
//! row-major tensors. Shapes are the caller's to check; values are checked here and reported as [`KernelError`]s.

mod batch;
mod cholesky;
mod determinant;
mod eigen;
mod field;
mod lu;
mod qr;
mod svd;
mod triangular;

pub use cholesky::cholesky;
pub use determinant::{cofactor, determinant};
pub use eigen::{eig, eigh};
pub use lu::{inverse, lu, lu_solve};
pub use qr::qr;
pub use svd::{Factors, pinv, svd};
pub use triangular::{Triangle, triangular_solve};

#[cfg(test)]
mod tests;
