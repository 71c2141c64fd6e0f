//! Slices, strides, SIMD and threads: everything of cotan that touches memory. Knows no graph.

mod arith;
pub mod cast;
pub mod conv;
pub mod copy;
mod dtype;
mod error;
pub mod fft;
pub mod fused;
pub mod gather;
pub mod gemm;
pub mod hadamard;
mod lanes;
pub mod layout;
pub mod linalg;
pub mod memory;
pub mod norm;
pub mod pool;
pub mod quant;
pub mod random;
pub mod recurrence;
pub mod reduce;
pub mod region;
pub mod rope;
mod scalar;
pub mod scan;
pub mod simd;
pub mod softmax;
pub mod sort;
mod tensor;
mod walk;

pub use dtype::{Bool, DType, Element, Kind};
pub use error::KernelError;
pub use half::{bf16, f16};
pub use num_complex::Complex32;
pub use scalar::Scalar;
pub use tensor::{Buffer, Output, Tensor};
