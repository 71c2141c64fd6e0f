//! Laws of the kernels: over random types, shapes and strides they give what plain loops give.

#![expect(clippy::wildcard_enum_match_arm, reason = "values of one kind meet; a wrong pair is a failure")]

mod common;
mod gather;
mod random;
mod reduce;
mod region;
mod scan;
mod softmax;
mod sort;
