//! Slices, strides, SIMD and threads: everything of cotan that touches memory. Knows no graph.

mod dtype;

pub use dtype::{Bool, DType, Element, Kind};
pub use half::{bf16, f16};
pub use num_complex::Complex32;
