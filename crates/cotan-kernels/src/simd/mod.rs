//! Vectorised loops and math: scalar code that the compiler vectorises once per instruction set.
//!
//! A kernel is written once as a scalar function generic over [`Isa`]. It is compiled again inside a
//! `#[target_feature]` function for each [`Level`], and the machine's level is chosen at run time. The functions
//! avoid branches (an `if` picks between values that are both computed), so the loops around them vectorise.

mod complex;
mod float;
mod half;
mod isa;
mod maps;
#[expect(clippy::extra_unused_type_parameters, reason = "all functions have the shape of `Float`'s methods")]
mod math32;
#[expect(clippy::extra_unused_type_parameters, reason = "all functions have the shape of `Float`'s methods")]
mod math64;
mod prefetch;
#[cfg(test)]
mod tests;
mod tile;
mod transpose;
mod two_over_pi;

pub use complex::ComplexMath;
pub use float::Float;
pub use half::Half;
#[cfg(target_arch = "aarch64")]
pub use isa::Neon;
#[cfg(target_arch = "x86_64")]
pub use isa::{Avx2, Avx512};
pub use isa::{Isa, Kernel, Level, Scalar, dispatch, dispatch_at, level};
pub use maps::{Cos, Remainder, Sin, Tan};
pub use prefetch::prefetch;
pub use tile::{Map1, Map2, Map3, Tile, map1_slice, map2_slice, map3_slice};
pub use transpose::{Band, SIDE, transpose};
