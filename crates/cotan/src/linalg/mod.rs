//! Linear algebra on matrices in the last two axes; the axes before them are a batch.
//!
//! The decompositions are operations of the graph with derivatives of every order, forward and reverse. Where vectors are
//! unique only up to a phase, derivatives are those of functions that don't depend on it; vectors that share a value don't
//! turn among each other, which is right for functions of the space they span. Matrices are of `float32`, `float64` or `complex64`; what can't be computed, such as the inverse of a singular
//! matrix, is an error when it is evaluated.
//!
//! ```
//! use cotan::{Array, linalg};
//! let a = Array::from_slice(&[4.0f32, 2.0, 2.0, 3.0], &[2, 2])?;
//! let b = Array::from_slice(&[2.0f32, 5.0], &[2])?;
//! assert_eq!(linalg::solve(&a, &b)?.to_vec::<f32>()?, [-0.5, 2.0]);
//! # Ok::<(), cotan::Error>(())
//! ```

mod cholesky;
mod cross;
mod determinant;
mod eig;
mod eigh;
mod inverse;
mod lu;
mod matrices;
mod norm;
mod power;
mod qr;
mod solve;
mod svd;

pub use cholesky::{cholesky, cholesky_inv};
pub use cross::cross;
pub use determinant::{det, slogdet};
pub use eig::{eig, eigvals};
pub use eigh::{eigh, eigvalsh};
pub use inverse::{inv, matrix_rank, pinv, tri_inv};
pub use lu::{lu, lu_factor};
pub use norm::{Ord, norm};
pub use power::matrix_power;
pub use qr::qr;
pub use solve::{solve, solve_triangular};
pub use svd::{svd, svdvals};

pub use cotan_kernels::linalg::{Factors, Triangle};

pub(crate) use cholesky::Cholesky;
pub(crate) use determinant::{Cofactor, Determinant};
pub(crate) use eig::Eig;
pub(crate) use eigh::Eigh;
pub(crate) use inverse::{Inverse, PseudoInverse};
pub(crate) use lu::Lu;
pub(crate) use qr::Qr;
pub(crate) use solve::{LuSolve, TriangularSolve};
pub(crate) use svd::Svd;
