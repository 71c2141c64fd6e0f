//! Laws of the kernels: over random types, shapes and strides they give what plain loops give.

mod common;
mod gather;
mod random;
mod reduce;
mod region;
mod scan;
mod softmax;
mod sort;
